"""What a context switch costs the host with 10,000 runnable processes, against 100."""

from __future__ import annotations

import time

from minios.abi.sys import Sys
from minios.kernel import birth
from minios.kernel.machine import Machine
from minios.sim.world import SECOND, World

SWITCHES = 20_000


async def burn(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    while True:
        await sys.compute(1_000_000_000)


async def init(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    while True:
        await sys.nanosleep(3600 * SECOND)


def switch_ns(processes: int) -> float:
    """Host nanoseconds a switch, on one core under CFS."""
    world = World()
    programs = {"burn": burn, "init": init}
    machine = Machine(
        world, "bench", programs=programs.__getitem__, ram=4 << 30, pid_max=1 << 16, nproc=1 << 16
    )
    machine.install(b"/sbin/init", "init")
    machine.install(b"/bin/burn", "burn")
    machine.power_on()
    kernel = machine.kernel
    assert kernel is not None
    for _ in range(processes):
        birth.start(kernel, [b"/bin/burn"])
    world.run_until(40 * SECOND)
    (core,) = kernel.cores
    before = core.switches
    start = time.perf_counter()
    while core.switches - before < SWITCHES:
        world.run_until(world.now + SECOND)
    return (time.perf_counter() - start) / (core.switches - before) * 1e9


def main() -> bool:
    """Print the ratio (median of paired runs); whether it is within the budget of 2."""
    pairs = [(switch_ns(100), switch_ns(10_000)) for _ in range(3)]
    few, many = min(a for a, _ in pairs), min(b for _, b in pairs)
    ratio = sorted(b / a for a, b in pairs)[1]
    print(
        f"a switch takes {few:.0f} ns among 100 and {many:.0f} ns among 10,000: "
        f"{ratio:.2f}× (budget 2×)"
    )
    return ratio <= 2


if __name__ == "__main__":
    raise SystemExit(not main())

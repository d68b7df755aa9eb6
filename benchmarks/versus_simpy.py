"""Identical CPU bursts, 100 processes, CFS, 4 cores: the full kernel against SimPy.

Both sides finish the same work: each process needs one burst of BURST µs, on four cores, and
gives its core up after a slice of SLICE µs while others wait. The kernel does it with weights,
accounting and the price of a switch; SimPy with a ``PreemptiveResource`` (who has had least comes
first and may take a core away) and, without preemption, with a ``Resource``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import simpy

from minios.abi.signals import SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.kernel import birth
from minios.kernel.machine import Machine
from minios.sim.world import SECOND, World

PROCESSES, CORES = 100, 4
BURST_US, SLICE_US = 400_000, 5_000


async def worker(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    await sys.compute(BURST_US)
    return 0


async def init(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    await sys.sigaction(Sig.SIGCHLD, SIG_IGN)
    while True:
        await sys.nanosleep(3600 * SECOND)


def minios() -> float:
    """Wall seconds for the work in the kernel; checks that all of it was done."""
    world = World()
    programs = {"worker": worker, "init": init}
    # A quantum of 20 ms makes CFS's granularity, and so the slice among 25, the 5 ms of the others.
    machine = Machine(
        world, "bench", programs=programs.__getitem__, cores=CORES, quantum=4 * SLICE_US * 1000
    )
    machine.install(b"/sbin/init", "init")
    machine.install(b"/bin/worker", "worker")
    machine.power_on()
    kernel = machine.kernel
    assert kernel is not None
    world.run_until(SECOND)
    workers = [birth.start(kernel, [b"/bin/worker"]) for _ in range(PROCESSES)]
    start = time.perf_counter()
    world.run_until(600 * SECOND)
    took = time.perf_counter() - start
    for pcb in workers:
        assert pcb.zombie and pcb.utime >= BURST_US * 1000, pcb.pid
    return took


def _simulate(
    make: Callable[[simpy.Environment], Callable[[int], Generator[Any, Any, None]]],
) -> float:
    env = simpy.Environment()
    process = make(env)
    done = [env.process(process(i)) for i in range(PROCESSES)]
    start = time.perf_counter()
    env.run(until=600_000_000)
    took = time.perf_counter() - start
    assert all(p.processed for p in done)
    return took


def preemptive() -> float:
    """SimPy with preemption: who has been served less takes the core."""

    def make(env: simpy.Environment) -> Callable[[int], Generator[Any, Any, None]]:
        cores = simpy.PreemptiveResource(env, capacity=CORES)

        def process(_: int) -> Generator[Any, Any, None]:
            served = 0
            while served < BURST_US:
                with cores.request(priority=served) as request:
                    try:
                        yield request
                        began = env.now
                        step = min(BURST_US - served, SLICE_US)
                        yield env.timeout(step)
                        served += step
                    except simpy.Interrupt:
                        served += int(env.now - began)

        return process

    return _simulate(make)


def plain() -> float:
    """SimPy without preemption: slices by asking again after each."""

    def make(env: simpy.Environment) -> Callable[[int], Generator[Any, Any, None]]:
        cores = simpy.Resource(env, capacity=CORES)

        def process(_: int) -> Generator[Any, Any, None]:
            left = BURST_US
            while left:
                with cores.request() as request:
                    yield request
                    step = min(left, SLICE_US)
                    yield env.timeout(step)
                    left -= step

        return process

    return _simulate(make)


def main() -> bool:
    """Print both ratios (medians of paired runs); whether the budget of 5 and 2.5 holds."""
    pairs = [(minios(), preemptive(), plain()) for _ in range(7)]
    over_preemptive = sorted(p / m for m, p, _ in pairs)[len(pairs) // 2]
    over_plain = sorted(r / m for m, _, r in pairs)[len(pairs) // 2]
    best = min(m for m, _, _ in pairs)
    print(
        f"kernel {best * 1e3:.0f} ms for {PROCESSES} bursts of {BURST_US // 1000} ms "
        f"on {CORES} cores"
    )
    print(f"SimPy PreemptiveResource takes {over_preemptive:.1f}× as long (budget 5×)")
    print(f"SimPy Resource           takes {over_plain:.1f}× as long (budget 2.5×)")
    return over_preemptive >= 5 and over_plain >= 2.5


if __name__ == "__main__":
    raise SystemExit(not main())

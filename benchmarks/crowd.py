"""Ten thousand processes on one machine: born, scheduled, shown by ps and pstree, killed."""

from __future__ import annotations

import time

from minios.game.base import User, install
from minios.game.sandbox import Result, run_command
from minios.kernel import birth
from minios.kernel.dev.devices import null
from minios.kernel.machine import Machine
from minios.sim.world import SECOND, World
from minios.userland.table import load

MANY = 10_000
RUNNERS = 40


def main() -> bool:
    """Print the wall time of each step; whether every step did what it should."""
    world = World(0, now=-10 * SECOND)
    machine = Machine(
        world, "crowd", programs=load, cores=4, ram=2 << 30, pid_max=1 << 15, nproc=1 << 15
    )
    started = time.perf_counter()
    done: list[bool] = []

    def lap(name: str, good: bool) -> None:
        nonlocal started
        now = time.perf_counter()
        print(f"{name:34} {now - started:6.2f} s{'' if good else '   WRONG'}", flush=True)
        started = now
        done.append(good)

    def run(command: str) -> Result:
        until = world.now + 3600 * SECOND
        argv = ["sh", "-c", command]
        return run_command(world, {"crowd": machine}, argv, machine="crowd", until=until)

    install(machine, hostname="crowd", users=[User("player", 1000)], ttys={})
    machine.power_on()
    world.run_until(0)
    kernel = machine.kernel
    assert kernel is not None
    lap("boot", len(kernel.processes) >= 1)
    standard = null(kernel)
    for number in range(MANY):
        argv = [b"/bin/sleep", b"100000"] if number % (MANY // RUNNERS) else [b"/bin/spin"]
        fds = {0: standard, 1: standard, 2: standard}
        birth.start(kernel, argv, uid=1000, gid=1000, fds=fds)
    lap(f"start {MANY} processes", len(kernel.processes) > MANY)
    world.run_until(10 * SECOND)
    spinners = [pcb for pcb in kernel.processes.values() if pcb.comm == b"spin"]
    shares = sorted(sum(kernel.cpu_time(pcb)) for pcb in spinners)
    lap("10 virtual seconds", shares[-1] < 3 * shares[0])
    lap("ps", run("ps -C sleep,spin -o pid= | wc -l").stdout == b"%d\n" % MANY)
    lap("pstree", b"-%d*[sleep]" % (MANY - RUNNERS) in run("pstree").stdout)
    run("kill -9 -1")
    world.run_until(world.now + 60 * SECOND)
    lap("kill -9 -1", not any(pcb.uid == 1000 for pcb in kernel.processes.values()))
    return all(done)


if __name__ == "__main__":
    raise SystemExit(not main())

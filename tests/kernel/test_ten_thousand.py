"""Ten thousand processes: they are born, share the cores, are shown, and go.

``ps`` and ``pstree`` read some 30,000 files of /proc for them, so a normal run shows fewer;
``MINIOS_PROCESSES=10000`` shows all.
"""

import os

from minios.abi.sys import Sys
from minios.game.base import User, install
from minios.game.sandbox import run_command
from minios.kernel import birth
from minios.kernel.dev.devices import null
from minios.kernel.machine import Machine
from minios.kernel.mm.check import check
from minios.kernel.process import PCB
from minios.sim.world import SECOND, World
from minios.userland.table import load
from tests.kernel.rig import Rig

MANY = 10_000
SHOWN = int(os.environ.get("MINIOS_PROCESSES", "1500"))
ROOMY = {"ram": 2 << 30, "pid_max": 1 << 15, "nproc": 1 << 15}


async def burn(sys: Sys) -> int:
    await sys.compute(10_000)
    return 0


def test_ten_thousand_share_four_cores_and_end() -> None:
    rig = Rig(cores=4, **ROOMY)
    kernel = rig.kernel
    path = rig.install("burn", burn)
    before = kernel.mm.frames.used
    standard = null(kernel)
    crowd = [
        birth.start(kernel, [path], fds={0: standard, 1: standard, 2: standard})
        for _ in range(MANY)
    ]
    assert len(kernel.processes) == MANY + 1
    assert kernel.runnable_count() >= MANY
    rig.run(15)
    assert sum(core.switches for core in kernel.cores) >= MANY
    started = [pcb for pcb in crowd if pcb.utime or pcb.zombie]
    assert len(started) == MANY
    rig.run(20)
    assert list(kernel.processes) == [1]
    assert all(pcb.utime >= 10_000_000 for pcb in crowd)
    assert kernel.mm.frames.used <= before + 8
    check(kernel.mm)


def test_cores_are_shared_by_more_than_are_cores() -> None:
    rig = Rig(cores=4, **ROOMY)
    path = rig.install("spin", spin)
    spinners = [birth.start(rig.kernel, [path]) for _ in range(10)]
    rig.run(20)
    shares = sorted(rig.kernel.cpu_time(pcb)[0] for pcb in spinners)
    assert shares[0] > shares[-1] // 2


async def spin(sys: Sys) -> int:
    while True:
        await sys.compute(1_000_000)


def test_tools_show_them_all_and_one_kill_ends_them() -> None:
    world = World(0, now=-10 * SECOND)
    machine = Machine(world, "big", programs=load, cores=4, **ROOMY)
    install(machine, hostname="big", users=[User("player", 1000)], ttys={})
    machine.power_on()
    world.run_until(0)
    kernel = machine.kernel
    assert kernel is not None
    standard = null(kernel)
    top: PCB = birth.start(kernel, [b"/bin/sleep", b"100000"], uid=1000, gid=1000)
    for _ in range(SHOWN - 1):
        birth.start(
            kernel, [b"/bin/sleep", b"100000"], uid=1000, gid=1000,
            fds={0: standard, 1: standard, 2: standard},
        )  # fmt: skip

    def run(command: str) -> bytes:
        until = world.now + 3600 * SECOND
        argv = ["sh", "-c", command]
        return run_command(world, {"big": machine}, argv, machine="big", until=until).stdout

    assert run("ps -C sleep -o pid= | wc -l") == b"%d\n" % SHOWN
    assert b"-%d*[sleep]\n" % SHOWN in run("pstree")
    assert run(f"pgrep sleep | head -n1; kill -0 {top.pid} && echo alive") == (
        b"%d\nalive\n" % top.pid
    )
    run("kill -9 -1")
    world.run_until(world.now + 60 * SECOND)
    assert not [pcb for pcb in kernel.processes.values() if pcb.uid == 1000]
    check(kernel.mm)


def test_no_core_keeps_one_process_while_others_queue() -> None:
    rig = Rig(cores=4, **ROOMY)
    paths = [rig.install("spin", spin), rig.install("nap", nap)]
    # Every second one goes to sleep at once: two cores are left with one each.
    crowd = [birth.start(rig.kernel, [paths[n % 2]]) for n in range(20)]
    rig.run(20)
    shares = sorted(rig.kernel.cpu_time(pcb)[0] for pcb in crowd[::2])
    assert shares[0] > shares[-1] // 2


async def nap(sys: Sys) -> int:
    await sys.nanosleep(3600 * SECOND)
    return 0

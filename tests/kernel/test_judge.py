"""Probes: seen by nobody, fooled by nobody, changing nothing."""

from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.rig import Rig, program
from tests.kernel.test_processes import caught, forever
from tests.kernel.test_scheduling import burn

Log = list[Any]


def verdict(rig: Rig, name: str, *, limit: int = SECOND) -> tuple[int, bytes]:
    """Run the program ``name`` as a probe and wait for it."""
    log: list[tuple[int, bytes]] = []
    rig.machine.judge(
        [b"/bin/" + name.encode()], lambda status, out: log.append((status, out)), limit=limit
    )
    rig.run(3)
    (result,) = log
    return result


def test_a_probe_reads_what_only_root_may_and_reports_status_and_output() -> None:
    async def probe(sys: Sys) -> int:
        fd = await sys.open(b"/secret")
        await sys.write(1, await sys.read(fd, 100))
        return 3

    rig = Rig()
    rig.machine.write_file(b"/secret", b"hidden", mode=0o000)
    rig.programs["probe"] = program(probe)
    assert verdict(rig, "probe") == (flags.exit_status(3), b"hidden")


def test_a_probe_can_change_nothing() -> None:
    log: Log = []
    rig = Rig()
    target = rig.start(forever)

    async def probe(sys: Sys) -> int:
        for call in (
            sys.open(b"/new", flags.O_WRONLY | flags.O_CREAT),
            sys.open(b"/file", flags.O_WRONLY),
            sys.open(b"/file", flags.O_RDONLY | flags.O_TRUNC),
            sys.unlink(b"/file"),
            sys.mkdir(b"/d"),
            sys.rename(b"/file", b"/g"),
            sys.chmod(b"/file", 0o777),
            sys.truncate(b"/file", 0),
        ):
            log.append(await caught(call))
        log.append(await caught(sys.kill(target.pid, Sig.SIGKILL)))
        log.append(await caught(sys.kill(target.pid, 0)))
        null = await sys.open(b"/dev/null", flags.O_WRONLY)
        log.append(await sys.write(null, b"x"))
        return 0

    rig.machine.write_file(b"/file", b"data")
    rig.programs["probe"] = program(probe)
    verdict(rig, "probe")
    assert log == [Errno.EROFS] * 8 + [Errno.ESRCH, 0, 1]
    assert not target.zombie


def test_a_probe_is_in_nobodys_process_table_load_or_cpu_time() -> None:
    seen: Log = []

    async def probe(sys: Sys) -> int:
        await sys.compute(500_000)
        return 0

    async def watcher(sys: Sys) -> int:
        fd = await sys.open(b"/proc", flags.O_DIRECTORY)
        while entries := await sys.getdents(fd):
            seen.extend(e.name for e in entries if e.name.isdigit())
        return 0

    rig = Rig()
    rig.programs["probe"] = program(probe)
    rig.machine.judge([b"probe"], lambda status, out: None, limit=SECOND)
    rig.run(0.1)
    pcb = rig.start(watcher)
    rig.run(0.1)
    assert seen == [b"1", str(pcb.pid).encode()]
    busy = rig.kernel.cores[0].busy(rig.world.now)
    rig.run(0.3)
    assert rig.kernel.cores[0].busy(rig.world.now) == busy


def test_a_probe_takes_no_time_from_the_machine() -> None:
    def work(with_probe: bool) -> int:
        rig = Rig()
        pcb = rig.start(burn)
        rig.programs["burn"] = program(burn)
        if with_probe:
            rig.machine.judge([b"burn"], lambda status, out: None, limit=2 * SECOND)
        rig.run(2)
        return sum(rig.kernel.cpu_time(pcb))

    assert work(True) == work(False)


def test_a_probes_commands_come_from_the_games_table_not_from_the_disk() -> None:
    log: Log = []

    async def honest(sys: Sys) -> int:
        await sys.write(1, b"honest")
        return 0

    async def probe(sys: Sys) -> int:
        log.append((await sys.stat(b"/bin/honest")).mode)
        await sys.waitpid(await sys.spawn(b"/bin/honest", [b"honest"], {}))
        log.append(await caught(sys.execve(b"/bin/forged", [b"forged"], {})))
        return 0

    rig = Rig()
    rig.programs.update(honest=program(honest), probe=program(probe))
    rig.machine.write_file(b"/bin/honest", b"#!/bin/forged\n", mode=0o755)
    rig.machine.write_file(b"/bin/forged", b"#!/bin/sh\n", mode=0o755)
    assert verdict(rig, "probe") == (0, b"honest")
    assert log == [flags.S_IFREG | 0o755, Errno.ENOENT]


def test_a_probe_that_does_not_end_is_killed_at_its_limit_with_its_children() -> None:
    async def probe(sys: Sys) -> int:
        await sys.fork(forever)
        await forever(sys)
        return 0

    rig = Rig()
    rig.programs["probe"] = program(probe)
    status, _ = verdict(rig, "probe", limit=SECOND)
    assert flags.wtermsig(status) == Sig.SIGKILL
    assert rig.machine.judges() == 0


def test_a_probe_sees_the_machines_processes_in_proc_and_not_itself() -> None:
    rig = Rig()
    target = rig.start(forever)

    async def probe(sys: Sys) -> int:
        fd = await sys.open(b"/proc/%d/comm" % target.pid)
        await sys.write(1, await sys.read(fd, 100))
        return await caught(sys.stat(b"/proc/self"))

    rig.programs["probe"] = program(probe)
    status, out = verdict(rig, "probe")
    assert out == target.comm + b"\n"
    assert flags.wexitstatus(status) == Errno.ENOENT


def test_a_machine_without_power_fails_every_probe_at_once() -> None:
    rig = Rig()
    rig.machine.power_off()
    log: Log = []
    rig.machine.judge([b"x"], lambda status, out: log.append((status, out)), limit=SECOND)
    assert log == [(1 << 8, b"")]

"""Birth, exec, waiting and death (fork(2), execve(2), wait(2), exit(3))."""

from typing import Any

import pytest

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import SA_NOCLDWAIT, SIG_DFL, SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.kernel import birth
from minios.sim.world import MILLISECOND, SECOND
from tests.kernel.rig import Rig

Log = list[Any]


async def nothing(sys: Sys) -> int:
    return 0


async def forever(sys: Sys) -> int:
    while True:
        await sys.nanosleep(3600 * SECOND)


def failed(errno: Errno, log: Log) -> Any:
    return pytest.raises(OSError, match=f"{int(errno)}")


async def caught(call: Any) -> int:
    """The errno of a call that must fail."""
    try:
        await call
    except OSError as err:
        return int(err.errno or 0)
    return 0


def test_a_child_gets_the_parents_copy_and_its_own_pid() -> None:
    log: Log = []

    async def child(sys: Sys, mine: list[int]) -> int:
        mine.append(1)
        log.append((await sys.getppid(), await sys.umask(0o077), await sys.getcwd()))
        return 7

    async def parent(sys: Sys) -> int:
        await sys.umask(0o027)
        await sys.chdir(b"/tmp")
        pid = await sys.fork(child, [0])
        waited = await sys.waitpid(pid)
        log.append((waited.pid == pid, flags.wexitstatus(waited.status)))
        log.append(await sys.umask(0))
        return 0

    rig = Rig()
    pcb = rig.start(parent)
    rig.run()
    assert log == [(pcb.pid, 0o027, b"/tmp"), (True, 7), 0o027]


def test_the_environment_is_copied_at_exec_and_then_the_processs_own() -> None:
    rig = Rig()
    seen: Log = []

    async def show(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        seen.append((argv, dict(env)))
        env[b"A"] = b"changed here only"
        return 0

    rig.programs["show"] = show
    rig.machine.install(b"/bin/show", "show")

    async def main(sys: Sys) -> int:
        env = {b"A": b"1"}
        pid = await sys.spawn(b"/bin/show", [b"show", b"x"], env)
        env[b"A"] = b"2"
        await sys.waitpid(pid)
        return 0

    rig.start(main)
    rig.run()
    assert seen == [([b"show", b"x"], {b"A": b"1"})]


def test_a_zombie_keeps_its_pid_until_it_is_waited_for() -> None:
    async def parent(sys: Sys) -> int:
        await sys.fork(_exit_3)
        await sys.nanosleep(SECOND // 2)
        waited = await sys.waitpid()
        return flags.wexitstatus(waited.status)

    rig = Rig()
    pcb = rig.start(parent)
    rig.run(0.2)
    (child,) = pcb.children.values()
    assert (child.state, child.rss) == ("Z", 0)
    rig.run(0.5)
    assert child.pid not in rig.kernel.processes
    assert pcb.exit_status == flags.exit_status(3)


async def _exit_3(sys: Sys) -> int:
    return 3


def test_orphans_become_children_of_pid_1_which_reaps_them() -> None:
    async def parent(sys: Sys) -> int:
        await sys.fork(_sleep_then_exit)
        return 0

    rig = Rig()
    rig.start(parent)
    rig.run(0.1)
    (orphan,) = [p for p in rig.kernel.processes.values() if p.pid != 1]
    assert orphan.ppid == 1
    rig.run(1)
    assert list(rig.kernel.processes) == [1]


async def _sleep_then_exit(sys: Sys) -> int:
    await sys.nanosleep(SECOND // 2)
    return 0


@pytest.mark.parametrize("how", ["ignore", "nocldwait"])
def test_children_of_a_parent_that_ignores_sigchld_leave_no_zombie(how: str) -> None:
    log: Log = []

    async def parent(sys: Sys) -> int:
        if how == "ignore":
            await sys.sigaction(Sig.SIGCHLD, SIG_IGN)
        else:
            await sys.sigaction(Sig.SIGCHLD, SIG_DFL, SA_NOCLDWAIT)
        pid = await sys.fork(_exit_3)
        log.append(await caught(sys.waitpid(pid)))
        return 0

    rig = Rig()
    rig.start(parent)
    rig.run()
    assert log == [Errno.ECHILD]


def test_waitpid_reports_stops_and_continues_when_asked() -> None:
    log: Log = []

    async def parent(sys: Sys) -> int:
        pid = await sys.fork(forever)
        await sys.nanosleep(10 * MILLISECOND)
        await sys.kill(pid, Sig.SIGSTOP)
        stopped = await sys.waitpid(pid, flags.WUNTRACED)
        log.append((flags.wifstopped(stopped.status), flags.wstopsig(stopped.status)))
        await sys.kill(pid, Sig.SIGCONT)
        log.append(flags.wifcontinued((await sys.waitpid(pid, flags.WCONTINUED)).status))
        log.append((await sys.waitpid(pid, flags.WNOHANG)).pid)
        await sys.kill(pid, Sig.SIGKILL)
        killed = await sys.waitpid(pid)
        log.append((flags.wifsignaled(killed.status), flags.wtermsig(killed.status)))
        log.append(await caught(sys.waitpid()))
        return 0

    rig = Rig()
    rig.start(parent)
    rig.run()
    assert log == [(True, Sig.SIGSTOP), True, 0, (True, Sig.SIGKILL), Errno.ECHILD]


def test_a_full_pid_table_makes_fork_fail_with_eagain() -> None:
    log: Log = []

    async def parent(sys: Sys) -> int:
        try:
            while True:
                await sys.fork(forever)
        except OSError as err:
            log.append(err.errno)
        await forever(sys)
        return 0

    rig = Rig(pid_max=32)
    rig.start(parent)
    rig.run()
    assert log == [Errno.EAGAIN]
    assert len(rig.kernel.processes) == 31


def test_a_users_process_limit_counts_that_user_and_not_root() -> None:
    log: Log = []

    async def bomb(sys: Sys) -> int:
        try:
            while True:
                await sys.fork(forever)
        except OSError as err:
            log.append((err.errno, await sys.getuid()))
        await forever(sys)
        return 0

    rig = Rig(nproc=10)
    rig.start(bomb, uid=1000, gid=1000)
    rig.run()
    assert log == [(Errno.EAGAIN, 1000)]
    assert sum(p.uid == 1000 for p in rig.kernel.processes.values()) == 10
    assert rig.start(nothing) is not None


def test_fork_fails_with_enomem_when_the_ram_is_full_and_gives_it_back_on_exit() -> None:
    log: Log = []

    async def eater(sys: Sys) -> int:
        try:
            while True:
                await sys.brk(1 << 16)
        except OSError as err:
            log.append(err.errno)
        log.append(await caught(sys.fork(forever)))
        return 0

    rig = Rig(ram=1 << 20)
    before = rig.kernel.ram_used
    rig.start(eater)
    rig.run()
    assert log == [Errno.ENOMEM, Errno.ENOMEM]
    assert rig.kernel.ram_used == before


def test_exec_fails_with_the_errno_of_its_reason_and_the_caller_goes_on() -> None:
    log: Log = []

    async def main(sys: Sys) -> int:
        for path in (b"/none", b"/data", b"/text", b"/tmp", b"/text/x", b""):
            log.append(await caught(sys.execve(path, [b"x"], {})))
        log.append(await caught(sys.execve(b"/bin/ok", [b"x" * 200_000], {})))
        return 0

    rig = Rig()
    rig.machine.write_file(b"/data", b"plain", mode=0o755)
    rig.machine.write_file(b"/text", b"#!/bin/sh\n", mode=0o644)
    rig.install("ok", nothing)
    rig.start(main, uid=1000)
    rig.run()
    assert log == [
        Errno.ENOENT, Errno.ENOEXEC, Errno.EACCES, Errno.EACCES, Errno.ENOTDIR, Errno.ENOENT,
        Errno.E2BIG,
    ]  # fmt: skip


def test_a_script_runs_its_interpreter_with_one_argument_and_its_path() -> None:
    rig = Rig()
    seen: Log = []

    async def interpreter(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        seen.append(argv)
        return 0

    rig.programs["interp"] = interpreter
    rig.machine.install(b"/bin/interp", "interp")
    rig.machine.write_file(b"/s", b"#! /bin/interp  -a b \nrest", mode=0o755)
    pcb = birth.start(rig.kernel, [b"/s", b"1", b"2"])
    assert (pcb.comm, pcb.exe) == (b"s", b"/bin/interp")
    rig.run()
    assert seen == [[b"/bin/interp", b"-a b", b"/s", b"1", b"2"]]


def test_a_setuid_file_gives_its_owners_effective_id_and_setuid_takes_it_back() -> None:
    log: Log = []

    async def main(sys: Sys) -> int:
        log.append((await sys.getuid(), await sys.geteuid()))
        await sys.setreuid(-1, 1000)
        log.append(await sys.geteuid())
        await sys.setreuid(-1, 50)
        log.append(await sys.geteuid())
        log.append(await caught(sys.setuid(7)))
        return 0

    rig = Rig()
    path = rig.install("suid", main)
    inode = rig.machine.vfs.walk(_root(), rig.machine.vfs.root, path).inode
    inode.uid, inode.mode = 50, inode.mode | flags.S_ISUID
    birth.start(rig.kernel, [path], uid=1000, gid=1000)
    rig.run()
    assert log == [(1000, 50), 1000, 50, Errno.EPERM]


def _root() -> Any:
    from minios.fs.access import ROOT

    return ROOT


def test_losing_pid_1_halts_the_machine_with_a_reason() -> None:
    rig = Rig()
    rig.kernel.exit(rig.kernel.processes[1], 0)
    assert rig.kernel.halted == "Kernel panic - not syncing: Attempted to kill init!"


def test_pid_1_is_immune_to_signals_it_does_not_handle_even_kill() -> None:
    async def killer(sys: Sys) -> int:
        await sys.kill(1, Sig.SIGKILL)
        await sys.kill(1, Sig.SIGTERM)
        await sys.kill(-1, Sig.SIGKILL)
        return 0

    rig = Rig()
    rig.start(forever)
    rig.start(killer)
    rig.run()
    assert list(rig.kernel.processes) == [1]


def test_a_program_that_fails_inside_dies_of_sigabrt_and_is_noted() -> None:
    async def broken(sys: Sys) -> int:
        raise ValueError("bug")

    rig = Rig()
    pcb = rig.start(broken)
    rig.world.run_until(SECOND)
    assert flags.wtermsig(pcb.exit_status) == Sig.SIGABRT
    assert rig.kernel.faults == [f"{pcb.comm.decode()}: ValueError: bug"]


def test_power_off_ends_everything_and_the_disk_survives() -> None:
    async def main(sys: Sys) -> int:
        fd = await sys.open(b"/kept", flags.O_WRONLY | flags.O_CREAT)
        await sys.write(fd, b"data")
        await sys.fsync(fd)
        fd = await sys.open(b"/tmp/lost", flags.O_WRONLY | flags.O_CREAT)
        await forever(sys)
        return 0

    log: Log = []

    async def look(sys: Sys) -> int:
        log.append((await sys.stat(b"/kept")).size)
        log.append(await caught(sys.stat(b"/tmp/lost")))
        return 0

    rig = Rig()
    rig.start(main)
    rig.run()
    rig.machine.power_off()
    assert rig.machine.kernel is None
    rig.world.run_until(rig.world.now + SECOND)
    rig.machine.power_on()
    rig.start(look)
    rig.run()
    assert log == [4, Errno.ENOENT]

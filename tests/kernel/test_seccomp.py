"""seccomp(2): a filter for ever, for children and other programs too."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import flags, ptrace
from minios.abi.errno import Errno
from minios.abi.ptrace import Filter
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.abi.syscalls import NR
from tests.kernel.rig import Rig
from tests.kernel.test_ptrace import refused

SOCKETS = frozenset((NR.getppid, NR.dup))


def refuse(number: int) -> Filter:
    return Filter(SOCKETS, ptrace.SECCOMP_RET_ERRNO | number)


async def install(sys: Sys, what: Filter) -> None:
    await sys.prctl(flags.PR_SET_NO_NEW_PRIVS, 1)
    await sys.seccomp(ptrace.SECCOMP_SET_MODE_FILTER, what)


def run(main: Any, **settings: Any) -> int:
    """The wait status of a program."""
    rig = Rig()
    pcb = rig.start(main, **settings)
    rig.run()
    return pcb.exit_status


def test_a_call_is_refused_with_the_errno_of_the_filter() -> None:
    async def main(sys: Sys) -> int:
        await install(sys, refuse(Errno.EPERM))
        return await refused(sys.getppid()) * 10 + int(await sys.getpid() > 1)

    assert run(main) == 11 << 8


def test_sigsys_kills_who_makes_a_forbidden_call() -> None:
    async def main(sys: Sys) -> None:
        await install(sys, Filter(SOCKETS, ptrace.SECCOMP_RET_KILL_PROCESS))
        await sys.dup(0)

    assert flags.wtermsig(run(main)) == Sig.SIGSYS


def test_strict_mode_leaves_reading_writing_and_exiting() -> None:
    async def main(sys: Sys) -> None:
        await sys.seccomp(ptrace.SECCOMP_SET_MODE_STRICT)
        await sys.read(0, 1)
        await sys.getpid()

    assert flags.wtermsig(run(main)) == Sig.SIGSYS


def test_of_several_filters_the_strictest_counts() -> None:
    async def main(sys: Sys) -> int:
        await install(sys, refuse(Errno.EPERM))
        await install(sys, Filter(SOCKETS, ptrace.SECCOMP_RET_ALLOW))
        return await refused(sys.getppid())

    assert run(main) == int(Errno.EPERM) << 8


def test_it_is_inherited_over_fork_and_exec() -> None:
    rig = Rig()

    async def other(sys: Sys) -> int:
        return await refused(sys.getppid())

    async def child(sys: Sys) -> int:
        await sys.execve(b"/bin/other", [b"other"], {})
        return 1

    async def main(sys: Sys) -> int:
        await install(sys, refuse(Errno.EACCES))
        return (await sys.waitpid(await sys.fork(child))).status >> 8

    rig.install("other", other)
    pcb = rig.start(main)
    rig.run()
    assert pcb.exit_status == int(Errno.EACCES) << 8


def test_without_no_new_privs_it_takes_a_capability() -> None:
    async def main(sys: Sys) -> int:
        return await refused(sys.seccomp(ptrace.SECCOMP_SET_MODE_FILTER, refuse(Errno.EPERM)))

    assert run(main, uid=100, gid=100) == int(Errno.EACCES) << 8


@pytest.mark.parametrize("argument", [None, 3])
def test_what_is_no_filter_is_a_bad_address(argument: Any) -> None:
    async def main(sys: Sys) -> int:
        return await refused(sys.seccomp(ptrace.SECCOMP_SET_MODE_FILTER, argument))

    assert run(main) == int(Errno.EFAULT) << 8


def test_a_call_for_the_tracer_is_enosys_without_one() -> None:
    async def main(sys: Sys) -> int:
        await install(sys, Filter(SOCKETS, ptrace.SECCOMP_RET_TRACE))
        return await refused(sys.getppid())

    assert run(main) == int(Errno.ENOSYS) << 8


def test_a_tracer_sees_the_calls_that_the_filter_names_and_no_others() -> None:
    log: list[Any] = []

    async def child(sys: Sys) -> int:
        await install(sys, Filter(SOCKETS, ptrace.SECCOMP_RET_TRACE | 7))
        await sys.compute(5000)
        await sys.getpid()
        await sys.getppid()
        return 0

    async def main(sys: Sys) -> None:
        pid = await sys.fork(child)
        await sys.ptrace(ptrace.PTRACE_SEIZE, pid, 0, ptrace.PTRACE_O_TRACESECCOMP)
        log.append((await sys.waitpid(pid)).status >> 16)
        info = await sys.ptrace(ptrace.PTRACE_GET_SYSCALL_INFO, pid)
        log.append((info.op, info.nr))
        log.append(await sys.ptrace(ptrace.PTRACE_GETEVENTMSG, pid))
        await sys.ptrace(ptrace.PTRACE_SYSCALL, pid)
        await sys.waitpid(pid)
        info = await sys.ptrace(ptrace.PTRACE_GET_SYSCALL_INFO, pid)
        log.append((info.op, info.nr, info.rval == await sys.getpid()))
        await sys.ptrace(ptrace.PTRACE_CONT, pid)
        log.append((await sys.waitpid(pid)).status)

    run(main)
    seccomp, leave = ptrace.SYSCALL_INFO_SECCOMP, ptrace.SYSCALL_INFO_EXIT
    assert log == [
        ptrace.PTRACE_EVENT_SECCOMP,
        (seccomp, NR.getppid),
        7,
        (leave, NR.getppid, True),
        0,
    ]

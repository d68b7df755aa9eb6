"""ptrace(2): stops that waitpid sees, what is told in them, and how they end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from minios.abi import flags, ptrace
from minios.abi.errno import Errno
from minios.abi.ptrace import Probe, SyscallInfo
from minios.abi.records import Waited
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.abi.syscalls import NR
from minios.fs.access import ROOT
from minios.sim.world import MILLISECOND
from tests.kernel.rig import Rig

GOOD = ptrace.PTRACE_O_TRACESYSGOOD
EVENT_STOP = ptrace.PTRACE_EVENT_STOP << 8


def stop(code: int) -> int:
    """The wait status of a ptrace-stop."""
    return code << 8 | 0x7F


async def refused(call: Awaitable[Any]) -> int:
    """The errno of a call that must fail."""
    with pytest.raises(OSError) as caught:
        await call
    assert caught.value.errno is not None
    return caught.value.errno


class Pair:
    """A process that traces and, its child, one that is traced."""

    def __init__(self, tracee: Callable[[Sys], Any], tracer: Callable[[Pair], Any]) -> None:
        self.rig = Rig()
        self.pid = 0
        self.log: list[Any] = []
        self._tracee = tracee
        self._tracer = tracer
        self.main = self.rig.start(self._main, "tracer")

    async def _main(self, sys: Sys) -> int:
        self.sys = sys
        self.pid = await sys.fork(self._child)
        await self._tracer(self)
        return 0

    async def _child(self, sys: Sys) -> int:
        code = await self._tracee(sys)
        return code if isinstance(code, int) else 0

    def trace(self, request: int, data: Any = 0) -> Awaitable[Any]:
        return self.sys.ptrace(request, self.pid, 0, data)

    async def wait(self) -> int:
        waited: Waited = await self.sys.waitpid(self.pid)
        return waited.status

    async def go(self, request: int, data: Any = 0) -> int:
        """Let the tracee go on; the status of its next stop."""
        await self.trace(request, data)
        return await self.wait()

    async def seize(self, options: int = GOOD) -> None:
        """Trace the child and stop it where it is."""
        await self.trace(ptrace.PTRACE_SEIZE, options)
        await self.trace(ptrace.PTRACE_INTERRUPT)
        assert await self.wait() == stop(Sig.SIGTRAP | EVENT_STOP)

    def run(self, seconds: float = 1) -> list[Any]:
        self.rig.run(seconds)
        assert self.main.zombie or self.main.pid not in self.rig.kernel.processes
        return self.log


async def naps(sys: Sys) -> int:
    await sys.nanosleep(100 * MILLISECOND)
    await sys.getppid()
    return 7


def test_attach_stops_the_target_with_sigstop() -> None:
    async def tracer(pair: Pair) -> None:
        await pair.trace(ptrace.PTRACE_ATTACH)
        pair.log.append(await pair.wait())
        pcb = pair.rig.kernel.processes[pair.pid]
        pair.log += [pcb.state, pcb.tracer.by.pid == pair.main.pid]
        await pair.trace(ptrace.PTRACE_DETACH)
        pair.log.append(await pair.wait())

    assert Pair(naps, tracer).run() == [stop(Sig.SIGSTOP), "t", True, 7 << 8]


def test_seize_does_not_stop_it_and_interrupt_does() -> None:
    async def tracer(pair: Pair) -> None:
        await pair.trace(ptrace.PTRACE_SEIZE)
        quiet = await pair.sys.waitpid(pair.pid, flags.WNOHANG)
        pair.log.append(quiet.pid)
        pair.log.append(await pair.go(ptrace.PTRACE_INTERRUPT))
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    assert Pair(naps, tracer).run() == [0, stop(Sig.SIGTRAP | EVENT_STOP), 7 << 8]


def test_a_call_stops_twice_and_tells_its_arguments_and_its_result() -> None:
    async def tracee(sys: Sys) -> None:
        await sys.compute(5000)
        await sys.getpgid(0)
        with pytest.raises(OSError, match="Bad file"):
            await sys.close(99)

    async def tracer(pair: Pair) -> None:
        await pair.seize()
        for _ in range(4):
            status = await pair.go(ptrace.PTRACE_SYSCALL)
            assert status == stop(Sig.SIGTRAP | 0x80)
            pair.log.append(await pair.trace(ptrace.PTRACE_GET_SYSCALL_INFO))
        await pair.trace(ptrace.PTRACE_KILL)

    main = Pair(tracee, tracer)
    assert main.run() == [
        SyscallInfo(ptrace.SYSCALL_INFO_ENTRY, "linux", NR.getpgid, (0,)),
        SyscallInfo(ptrace.SYSCALL_INFO_EXIT, "linux", NR.getpgid, (0,), main.main.pgid),
        SyscallInfo(ptrace.SYSCALL_INFO_ENTRY, "linux", NR.close, (99,)),
        SyscallInfo(ptrace.SYSCALL_INFO_EXIT, "linux", NR.close, (99,), int(Errno.EBADF), True),
    ]


def test_without_sysgood_a_call_stops_with_a_plain_sigtrap() -> None:
    async def tracer(pair: Pair) -> None:
        await pair.seize(0)
        pair.log.append(await pair.go(ptrace.PTRACE_SYSCALL))
        await pair.trace(ptrace.PTRACE_KILL)

    assert Pair(naps, tracer).run() == [stop(Sig.SIGTRAP)]


def test_an_interrupted_sleep_goes_on_for_what_was_left_of_it() -> None:
    async def tracer(pair: Pair) -> None:
        begun = pair.rig.world.now
        await pair.sys.nanosleep(30 * MILLISECOND)
        await pair.seize()
        await pair.go(ptrace.PTRACE_SYSCALL)
        info = await pair.trace(ptrace.PTRACE_GET_SYSCALL_INFO)
        pair.log.append(info.nr == NR.restart_syscall)
        await pair.go(ptrace.PTRACE_SYSCALL)
        pair.log.append((pair.rig.world.now - begun) // MILLISECOND)
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    assert Pair(naps, tracer).run() == [True, 100, 7 << 8]


def test_a_signal_is_shown_first_and_may_be_kept_back_or_changed() -> None:
    seen: list[int] = []

    async def tracee(sys: Sys) -> int:
        async def handler(sys: Sys, sig: int) -> None:
            seen.append(sig)

        await sys.sigaction(Sig.SIGUSR1, handler)
        await sys.sigaction(Sig.SIGUSR2, handler)
        for _ in range(3):
            await sys.compute(20_000)
        return 0

    async def tracer(pair: Pair) -> None:
        await pair.sys.nanosleep(5 * MILLISECOND)
        await pair.trace(ptrace.PTRACE_SEIZE)
        for sig, instead in ((Sig.SIGUSR1, 0), (Sig.SIGUSR1, Sig.SIGUSR2), (Sig.SIGTERM, 0)):
            await pair.sys.kill(pair.pid, sig)
            pair.log.append(await pair.wait())
            info = await pair.trace(ptrace.PTRACE_GETSIGINFO)
            assert (info.signo, info.code, info.pid) == (sig, flags.SI_USER, pair.main.pid)
            await pair.trace(ptrace.PTRACE_CONT, int(instead))
        pair.log.append(await pair.wait())

    log = Pair(tracee, tracer).run()
    assert log == [stop(Sig.SIGUSR1), stop(Sig.SIGUSR1), stop(Sig.SIGTERM), 0]
    assert seen == [Sig.SIGUSR2]


def test_a_signal_that_is_ignored_is_shown_too() -> None:
    async def tracer(pair: Pair) -> None:
        await pair.trace(ptrace.PTRACE_SEIZE)
        await pair.sys.kill(pair.pid, Sig.SIGCHLD)
        pair.log.append(await pair.wait())
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    assert Pair(naps, tracer).run() == [stop(Sig.SIGCHLD), 7 << 8]


def test_a_sleeping_read_ends_with_erestartsys_and_is_made_again() -> None:
    async def tracee(sys: Sys) -> int:
        async def handler(sys: Sys, sig: int) -> None:
            await sys.write(1, b"x")

        await sys.sigaction(Sig.SIGUSR1, handler, 0x10000000)
        reader, writer = await sys.pipe()
        await sys.dup2(writer, 1)
        return len(await sys.read(reader, 10))

    async def tracer(pair: Pair) -> None:
        await pair.sys.nanosleep(5 * MILLISECOND)
        await pair.seize()
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.sys.ptrace(ptrace.PTRACE_SYSCALL, pair.pid)
        await pair.sys.kill(pair.pid, Sig.SIGUSR1)
        for _ in range(9):
            status = await pair.wait()
            sig = flags.wstopsig(status)
            if sig == Sig.SIGUSR1:
                pair.log.append("SIGUSR1")
                await pair.trace(ptrace.PTRACE_SYSCALL, sig)
                continue
            info = await pair.trace(ptrace.PTRACE_GET_SYSCALL_INFO)
            pair.log.append((info.op, info.nr, info.rval))
            await pair.trace(ptrace.PTRACE_SYSCALL)
        await pair.wait()

    enter, leave = ptrace.SYSCALL_INFO_ENTRY, ptrace.SYSCALL_INFO_EXIT
    assert Pair(tracee, tracer).run() == [
        (leave, NR.read, ptrace.ERESTARTSYS),
        "SIGUSR1",
        (enter, NR.write, None),
        (leave, NR.write, 1),
        (enter, NR.rt_sigreturn, None),
        (leave, NR.rt_sigreturn, 0),
        (enter, NR.read, None),
        (leave, NR.read, b"x"),
        (enter, NR.exit_group, None),
    ]


def test_a_handler_without_restart_leaves_eintr_to_sigreturn() -> None:
    async def tracee(sys: Sys) -> int:
        async def handler(sys: Sys, sig: int) -> None:
            pass

        await sys.sigaction(Sig.SIGUSR1, handler)
        try:
            await sys.nanosleep(500 * MILLISECOND)
        except OSError as err:
            return err.errno or 0
        return 0

    async def tracer(pair: Pair) -> None:
        await pair.sys.nanosleep(5 * MILLISECOND)
        await pair.seize()
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.trace(ptrace.PTRACE_SYSCALL)
        await pair.sys.kill(pair.pid, Sig.SIGUSR1)
        for sig in (0, Sig.SIGUSR1, 0, 0):
            await pair.wait()
            info = await pair.trace(ptrace.PTRACE_GET_SYSCALL_INFO)
            pair.log.append((info.nr, info.rval))
            await pair.trace(ptrace.PTRACE_SYSCALL, int(sig))
        await pair.trace(ptrace.PTRACE_DETACH) if await pair.wait() & 0xFF == 0x7F else None
        pair.log.append(await pair.wait())

    assert Pair(tracee, tracer).run() == [
        (NR.restart_syscall, ptrace.ERESTART_RESTARTBLOCK),
        (0, None),
        (NR.rt_sigreturn, None),
        (NR.rt_sigreturn, int(Errno.EINTR)),
        int(Errno.EINTR) << 8,
    ]


def test_children_are_traced_from_their_first_step() -> None:
    async def tracee(sys: Sys) -> int:
        async def child(sys: Sys) -> int:
            return 5

        await sys.compute(5000)
        pid = await sys.fork(child)
        return (await sys.waitpid(pid)).status >> 8

    async def tracer(pair: Pair) -> None:
        await pair.seize(ptrace.PTRACE_O_TRACEFORK)
        event = await pair.go(ptrace.PTRACE_CONT)
        pair.log.append(event)
        child = await pair.trace(ptrace.PTRACE_GETEVENTMSG)
        await pair.trace(ptrace.PTRACE_CONT)
        first = await pair.sys.waitpid(child)
        pair.log.append(first.status)
        await pair.sys.ptrace(ptrace.PTRACE_CONT, child)
        told = await pair.sys.waitpid(child)
        pair.log.append((told.pid == child, told.status))
        chld = await pair.wait()
        pair.log.append(chld)
        pair.log.append(await pair.go(ptrace.PTRACE_CONT, int(Sig.SIGCHLD)))

    assert Pair(tracee, tracer).run() == [
        stop(Sig.SIGTRAP | ptrace.PTRACE_EVENT_FORK << 8),
        stop(Sig.SIGTRAP | EVENT_STOP),
        (True, 5 << 8),
        stop(Sig.SIGCHLD),
        5 << 8,
    ]


def test_exec_and_exit_are_events() -> None:
    async def other(sys: Sys) -> int:
        return 3

    async def tracee(sys: Sys) -> None:
        await sys.compute(5000)
        await sys.execve(b"/bin/other", [b"other"], {})

    async def tracer(pair: Pair) -> None:
        await pair.seize(ptrace.PTRACE_O_TRACEEXEC | ptrace.PTRACE_O_TRACEEXIT)
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))
        pair.log.append(await pair.trace(ptrace.PTRACE_GETEVENTMSG))
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    pair = Pair(tracee, tracer)
    pair.rig.install("other", other)
    assert pair.run() == [
        stop(Sig.SIGTRAP | ptrace.PTRACE_EVENT_EXEC << 8),
        stop(Sig.SIGTRAP | ptrace.PTRACE_EVENT_EXIT << 8),
        3 << 8,
        3 << 8,
    ]


def test_traceme_stops_at_exec() -> None:
    async def other(sys: Sys) -> int:
        return 3

    async def tracee(sys: Sys) -> None:
        await sys.ptrace(ptrace.PTRACE_TRACEME)
        await sys.execve(b"/bin/other", [b"other"], {})

    async def tracer(pair: Pair) -> None:
        pair.log.append(await pair.wait())
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    pair = Pair(tracee, tracer)
    pair.rig.install("other", other)
    assert pair.run() == [stop(Sig.SIGTRAP), 3 << 8]


def test_a_group_stop_is_listened_to_until_sigcont() -> None:
    async def tracer(pair: Pair) -> None:
        await pair.trace(ptrace.PTRACE_SEIZE)
        await pair.sys.kill(pair.pid, Sig.SIGSTOP)
        pair.log.append(await pair.wait())
        pair.log.append(await pair.go(ptrace.PTRACE_CONT, int(Sig.SIGSTOP)))
        await pair.trace(ptrace.PTRACE_LISTEN)
        pair.log.append(pair.rig.kernel.processes[pair.pid].state)
        await pair.sys.kill(pair.pid, Sig.SIGCONT)
        for sig in (0, Sig.SIGCONT, 0):
            pair.log.append(await pair.wait())
            if not flags.wifexited(pair.log[-1]):
                await pair.trace(ptrace.PTRACE_CONT, int(sig))

    assert Pair(naps, tracer).run() == [
        stop(Sig.SIGSTOP),
        stop(Sig.SIGSTOP | EVENT_STOP),
        "T",
        stop(Sig.SIGTRAP | EVENT_STOP),
        stop(Sig.SIGCONT),
        7 << 8,
    ]


def test_sigkill_ends_a_stopped_tracee() -> None:
    async def tracer(pair: Pair) -> None:
        await pair.seize()
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.sys.kill(pair.pid, Sig.SIGKILL)
        pair.log.append(await pair.wait())

    assert Pair(naps, tracer).run() == [Sig.SIGKILL]


def test_detaching_in_the_middle_of_a_call_does_not_make_it_twice() -> None:
    async def tracee(sys: Sys) -> int:
        await sys.compute(5000)
        first = await sys.dup(0)
        return first * 10 + await sys.dup(0)

    async def tracer(pair: Pair) -> None:
        await pair.seize()
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.trace(ptrace.PTRACE_DETACH)
        pair.log.append(await pair.wait())

    assert Pair(tracee, tracer).run() == [34 << 8]


@pytest.mark.parametrize(("options", "end"), [(0, 7 << 8), (ptrace.PTRACE_O_EXITKILL, 9)])
def test_when_the_tracer_dies_its_tracees_go_on_or_die(options: int, end: int) -> None:
    rig = Rig()
    target = rig.start(naps)
    statuses: list[int] = []
    rig.kernel.world.instruments.add(_Exits(target.pid, statuses))

    async def tracer(sys: Sys) -> int:
        await sys.ptrace(ptrace.PTRACE_SEIZE, target.pid, 0, options)
        await sys.ptrace(ptrace.PTRACE_INTERRUPT, target.pid)
        await sys.waitpid(target.pid)
        return 0

    rig.start(tracer)
    rig.run()
    assert statuses == [end]


class _Exits:
    """The wait statuses with which a process ends."""

    def __init__(self, pid: int, statuses: list[int]) -> None:
        self.pid = pid
        self.statuses = statuses

    def on_exit(self, pcb: Any) -> None:
        if pcb.pid == self.pid:
            self.statuses.append(pcb.exit_status)


def test_the_tracer_hears_of_a_death_before_the_parent() -> None:
    rig = Rig()
    log: list[str] = []
    pids: list[int] = []

    async def parent(sys: Sys) -> None:
        async def child(sys: Sys) -> int:
            await sys.nanosleep(20 * MILLISECOND)
            return 1

        pids.append(await sys.fork(child))
        await sys.waitpid(pids[0])
        log.append("parent")

    async def tracer(sys: Sys) -> None:
        await sys.nanosleep(5 * MILLISECOND)
        await sys.ptrace(ptrace.PTRACE_SEIZE, pids[0])
        await sys.nanosleep(50 * MILLISECOND)
        assert (await sys.waitpid(pids[0])).status == 1 << 8
        log.append("tracer")

    rig.start(parent)
    rig.start(tracer)
    rig.run()
    assert log == ["tracer", "parent"]


def test_who_may_trace_whom() -> None:
    rig = Rig()
    errors: list[int] = []
    mine = rig.start(naps, uid=1000, gid=1000)
    other = rig.start(naps, uid=1001, gid=1001)

    async def tracer(sys: Sys) -> None:
        errors.append(await refused(sys.ptrace(ptrace.PTRACE_SEIZE, other.pid)))
        errors.append(await refused(sys.ptrace(ptrace.PTRACE_SEIZE, await sys.getpid())))
        errors.append(await refused(sys.ptrace(ptrace.PTRACE_SEIZE, 999)))
        errors.append(await refused(sys.ptrace(ptrace.PTRACE_CONT, mine.pid)))
        await sys.ptrace(ptrace.PTRACE_SEIZE, mine.pid)
        errors.append(await refused(sys.ptrace(ptrace.PTRACE_SEIZE, mine.pid)))
        errors.append(await refused(sys.ptrace(ptrace.PTRACE_CONT, mine.pid)))

    rig.start(tracer, uid=1000, gid=1000)
    rig.run()
    eperm, esrch = int(Errno.EPERM), int(Errno.ESRCH)
    assert errors == [eperm, eperm, esrch, esrch, eperm, esrch]


def test_a_traced_program_gains_nothing_from_a_setuid_file() -> None:
    async def other(sys: Sys) -> int:
        return await sys.geteuid() & 0xFF

    async def tracee(sys: Sys) -> int:
        await sys.execve(b"/bin/other", [b"other"], {})
        return 1

    seen: dict[bool, int] = {}
    for traced in (False, True):

        async def tracer(sys: Sys, traced: bool = traced) -> None:
            pid = await sys.fork(tracee)
            if traced:
                await sys.ptrace(ptrace.PTRACE_SEIZE, pid)
            seen[traced] = (await sys.waitpid(pid)).status

        rig = Rig()
        path = rig.install("other", other)
        inode = rig.machine.vfs.walk(ROOT, rig.machine.vfs.root, path).inode
        inode.mode |= flags.S_ISUID
        rig.start(tracer, uid=100, gid=100)
        rig.run()
    assert seen == {False: 0, True: 100 << 8}


@pytest.mark.parametrize(("scope", "allowed"), [(0, True), (1, False), (2, False), (3, False)])
def test_ptrace_scope_keeps_strangers_out(scope: int, allowed: bool) -> None:
    rig = Rig()
    rig.kernel.sysctl["kernel.yama.ptrace_scope"] = scope
    target = rig.start(naps, uid=1000, gid=1000)
    seen: list[bool] = []

    async def tracer(sys: Sys) -> None:
        try:
            await sys.ptrace(ptrace.PTRACE_SEIZE, target.pid)
        except OSError:
            seen.append(False)
        else:
            seen.append(True)

    rig.start(tracer, uid=1000, gid=1000)
    rig.run()
    assert seen == [allowed]


def test_probes_report_library_calls_and_cost_nothing_when_nobody_asks() -> None:
    async def tracee(sys: Sys) -> int:
        for turn in range(2):
            if sys.probes:
                await sys.probe(b"malloc", 16)
                await sys.probe_return(b"malloc", 0x20000 + turn)
            await sys.nanosleep(10 * MILLISECOND)
        return 0

    async def tracer(pair: Pair) -> None:
        await pair.sys.nanosleep(5 * MILLISECOND)
        await pair.seize()
        await pair.trace(ptrace.PTRACE_PROBES, 1)
        for _ in range(2):
            pair.log.append(await pair.go(ptrace.PTRACE_CONT))
            pair.log.append(await pair.trace(ptrace.PTRACE_GETEVENTMSG))
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    assert Pair(tracee, tracer).run() == [
        stop(Sig.SIGTRAP),
        Probe(b"malloc", (16,)),
        stop(Sig.SIGTRAP),
        Probe(b"malloc", None, 0x20001),
        0,
    ]


def test_words_of_its_memory_are_read_and_written() -> None:
    seen: list[bytes] = []

    async def tracee(sys: Sys) -> int:
        address = await sys.mmap(8192)
        await sys.store(address + 4094, b"abcd")
        await sys.fcntl(0, 1, address)
        seen.append(await sys.load(address + 4094, 4))
        return 0

    async def tracer(pair: Pair) -> None:
        await pair.seize()
        while True:
            await pair.go(ptrace.PTRACE_SYSCALL)
            info = await pair.trace(ptrace.PTRACE_GET_SYSCALL_INFO)
            if info.nr == NR.fcntl64:
                break
        at = info.args[2] + 4094
        pair.log.append(await pair.sys.ptrace(ptrace.PTRACE_PEEKDATA, pair.pid, at))
        await pair.sys.ptrace(ptrace.PTRACE_POKEDATA, pair.pid, at, 0x31323334)
        pair.log.append(await refused(pair.sys.ptrace(ptrace.PTRACE_PEEKDATA, pair.pid, 4)))
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    log = Pair(tracee, tracer).run()
    assert log == [int.from_bytes(b"abcd", "little"), int(Errno.EIO), 0]
    assert seen == [b"4321"]


def test_a_call_can_be_skipped_or_given_another_result() -> None:
    async def tracee(sys: Sys) -> int:
        await sys.compute(5000)
        first = await refused(sys.dup(0))
        return first * 10 + await sys.dup(0)

    async def tracer(pair: Pair) -> None:
        await pair.seize()
        await pair.go(ptrace.PTRACE_SYSCALL)
        info = await pair.trace(ptrace.PTRACE_GET_SYSCALL_INFO)
        failed = info._replace(rval=5, is_error=True)
        await pair.trace(ptrace.PTRACE_SET_SYSCALL_INFO, failed)
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.go(ptrace.PTRACE_SYSCALL)
        await pair.trace(ptrace.PTRACE_SET_SYSCALL_INFO, info._replace(rval=9))
        pair.log.append(await pair.go(ptrace.PTRACE_CONT))

    assert Pair(tracee, tracer).run() == [59 << 8]


def test_tracing_is_in_the_digest() -> None:
    async def tracer(pair: Pair) -> None:
        await pair.seize()
        pair.log.append(pair.rig.kernel.digest())
        await pair.go(ptrace.PTRACE_SYSCALL)
        pair.log.append(pair.rig.kernel.parts["ptrace"]())

    log = Pair(naps, tracer).run()
    assert log[1][0][:2] == (2, 3)

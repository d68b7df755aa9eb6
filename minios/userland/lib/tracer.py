"""Following processes with ptrace(2): what strace and ltrace have in common."""

from collections.abc import Mapping, Sequence
from enum import Enum

from minios.abi import flags, ptrace
from minios.abi.errno import Errno
from minios.abi.ptrace import SECCOMP_RET_ALLOW, SECCOMP_RET_TRACE, SECCOMP_SET_MODE_FILTER, Filter
from minios.abi.records import Waited
from minios.abi.signals import SIG_DFL, SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.userland.lib.execvp import DEFAULT_PATH
from minios.userland.lib.program import Failure
from minios.userland.lib.stdio import complain, why

INTERRUPTS = (Sig.SIGHUP, Sig.SIGINT, Sig.SIGQUIT, Sig.SIGPIPE, Sig.SIGTERM)
STOPS = (Sig.SIGSTOP, Sig.SIGTSTP, Sig.SIGTTIN, Sig.SIGTTOU)

SYSGOOD = ptrace.PTRACE_O_TRACESYSGOOD
FORKS = ptrace.PTRACE_O_TRACEFORK | ptrace.PTRACE_O_TRACEVFORK | ptrace.PTRACE_O_TRACECLONE


class Kind(Enum):
    """What a tracer is told."""

    SYSCALL = "syscall"
    SECCOMP = "seccomp"
    SIGNAL = "signal"
    STOPPED = "stopped"
    NEW = "new"
    EVENT = "event"
    EXITED = "exited"
    KILLED = "killed"


class Tracer:
    """The processes that a program traces."""

    __slots__ = ("interrupted", "name", "options", "pids", "sys")

    def __init__(self, sys: Sys, name: bytes, options: int) -> None:
        self.sys = sys
        self.name = name
        self.options = options
        self.pids: dict[int, None] = {}
        self.interrupted = 0
        """The signal that asked us to stop."""

    async def listen(self, *, ignore: bool) -> None:
        """Signals that would end us are noted, or ignored (``-o FILE PROG``)."""
        for sig in INTERRUPTS:
            await self.sys.sigaction(sig, SIG_IGN if ignore else self._interrupt)

    async def _interrupt(self, sys: Sys, sig: int) -> None:
        self.interrupted = sig

    async def spawn(
        self,
        path: bytes,
        argv: Sequence[bytes],
        env: Mapping[bytes, bytes],
        calls: frozenset[int] | None = None,
    ) -> int:
        """Start a program that waits for the tracer to let it go; with a seccomp filter that asks
        about ``calls`` only. Its pid."""
        sys = self.sys
        pid = await sys.fork(_child, self.name, path, list(argv), dict(env), calls)
        await sys.waitpid(pid, flags.WUNTRACED)
        try:
            await sys.ptrace(ptrace.PTRACE_SEIZE, pid, 0, self.options)
        except OSError as err:  # whoever traces us has it already
            await sys.kill(pid, Sig.SIGKILL)
            text = b"attach: ptrace(PTRACE_SEIZE, %d): " % pid
            raise Failure(text + why(err)) from None
        await sys.waitpid(pid)
        self.pids[pid] = None
        await sys.kill(pid, Sig.SIGCONT)
        return pid

    async def attach(self, pid: int) -> None:
        """Trace a process that runs already. EPERM ESRCH."""
        await self.sys.ptrace(ptrace.PTRACE_SEIZE, pid, 0, self.options)
        await self.sys.ptrace(ptrace.PTRACE_INTERRUPT, pid)
        self.pids[pid] = None

    async def wait(self) -> Waited | None:
        """The next thing that happens; None when asked to stop or when nobody is left."""
        while self.pids and not self.interrupted:
            try:
                return await self.sys.waitpid(-1)
            except OSError as err:
                if err.errno == Errno.ECHILD:
                    return None
                if err.errno != Errno.EINTR:
                    raise
        return None

    def kind(self, waited: Waited) -> Kind:
        """What ``waited`` tells."""
        pid, status = waited.pid, waited.status
        if flags.wifexited(status):
            return Kind.EXITED
        if flags.wifsignaled(status):
            return Kind.KILLED
        sig, event = flags.wstopsig(status), status >> 16
        if pid not in self.pids:
            self.pids[pid] = None
            return Kind.NEW
        if sig == Sig.SIGTRAP | 0x80:
            return Kind.SYSCALL
        if event == ptrace.PTRACE_EVENT_SECCOMP:
            return Kind.SECCOMP
        if event == ptrace.PTRACE_EVENT_STOP:
            return Kind.STOPPED if sig in STOPS else Kind.EVENT
        return Kind.EVENT if event else Kind.SIGNAL

    async def go(self, pid: int, mode: int, sig: int = 0) -> None:
        """Let a stopped process go on, up to its next stop of ``mode``."""
        try:
            await self.sys.ptrace(mode, pid, 0, sig)
        except OSError as err:
            if err.errno != Errno.ESRCH:
                raise

    async def detach(self, pid: int) -> bool:
        """Let a process go for good; whether it was there."""
        self.pids.pop(pid, None)
        sys = self.sys
        try:
            await sys.ptrace(ptrace.PTRACE_INTERRUPT, pid)
            while True:
                waited = await sys.waitpid(pid)
                if not flags.wifstopped(waited.status):
                    return False
                sig, event = flags.wstopsig(waited.status), waited.status >> 16
                keep = sig if not event and sig & 0x7F != Sig.SIGTRAP else 0
                await sys.ptrace(ptrace.PTRACE_DETACH, pid, 0, keep)
                return True
        except OSError:
            return False

    async def end(self, status: int) -> int:
        """Exit as the traced program did: with its code, or by the signal that killed it."""
        if flags.wifexited(status):
            return flags.wexitstatus(status)
        sig = flags.wtermsig(status)
        await self.sys.sigaction(sig, SIG_DFL) if sig != Sig.SIGKILL else None
        await self.sys.kill(await self.sys.getpid(), sig)
        return 128 + sig


async def _child(
    sys: Sys,
    name: bytes,
    path: bytes,
    argv: list[bytes],
    env: dict[bytes, bytes],
    calls: frozenset[int] | None,
) -> int:
    for sig in INTERRUPTS:
        await sys.sigaction(sig, SIG_DFL)
    if calls is not None:
        await sys.prctl(flags.PR_SET_NO_NEW_PRIVS, 1)
        ask = Filter(calls, SECCOMP_RET_TRACE, SECCOMP_RET_ALLOW)
        await sys.seccomp(SECCOMP_SET_MODE_FILTER, ask)
    await sys.kill(await sys.getpid(), Sig.SIGSTOP)
    try:
        await sys.execve(path, argv, env)
    except OSError as err:
        await complain(sys, name + b": exec: " + why(err))
    return 1


async def find_program(sys: Sys, name: bytes, env: Mapping[bytes, bytes]) -> bytes:
    """The file that execvp(3) would run. ENOENT."""
    if b"/" in name:
        await sys.stat(name)
        return name
    failure: OSError | None = None
    for folder in env.get(b"PATH", DEFAULT_PATH).split(b":"):
        path = folder + b"/" + name if folder else name
        try:
            await sys.access(path, flags.X_OK)
            if (await sys.stat(path)).mode & flags.S_IFMT == flags.S_IFREG:
                return path
        except OSError as err:
            failure = err
    raise failure or OSError(int(Errno.ENOENT), "")

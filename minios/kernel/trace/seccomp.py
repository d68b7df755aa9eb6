"""seccomp(2): a process's own filter of its system calls, for ever and for its children.

A filter here is a set of numbers and an action (:class:`minios.abi.ptrace.Filter`), which is what
the programs of real filters mostly come to. What it allows costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.caps import CAP_SYS_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.ptrace import (
    SECCOMP_RET_ALLOW,
    SECCOMP_RET_DATA,
    SECCOMP_RET_ERRNO,
    SECCOMP_RET_KILL_PROCESS,
    SECCOMP_RET_LOG,
    SECCOMP_RET_TRACE,
    SECCOMP_RET_TRAP,
    SECCOMP_SET_MODE_FILTER,
    SECCOMP_SET_MODE_STRICT,
    Filter,
)
from minios.abi.signals import Sig
from minios.abi.syscalls import NR
from minios.fs.access import capable
from minios.kernel.credentials import NO_NEW_PRIVS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

Handler = Callable[..., Any]

_ACTION = 0xFFFF_0000
_SEVERITY = (
    SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE,
    SECCOMP_RET_LOG, SECCOMP_RET_ALLOW,
)  # fmt: skip
_STRICT = Filter(
    frozenset((NR.read, NR.write, NR.exit_group, NR.rt_sigreturn)),
    SECCOMP_RET_ALLOW,
    SECCOMP_RET_KILL_PROCESS,
)


class Filtered:
    """The table of a filtered process: ``below`` it, what its filters let through."""

    __slots__ = ("base", "filters")

    def __init__(self, base: Any, filters: tuple[Filter, ...]) -> None:
        self.base = base
        self.filters = filters

    def get(self, nr: int) -> Handler | None:
        if nr >= 0:
            verdict = self.verdict(nr)
            if verdict & _ACTION not in (SECCOMP_RET_ALLOW, SECCOMP_RET_LOG):
                return _Refusal(verdict)
        handler: Handler | None = self.base.get(nr)
        return handler

    def verdict(self, nr: int) -> int:
        """The strictest action of all filters (seccomp(2))."""
        verdicts = [f.action if nr in f.numbers else f.otherwise for f in self.filters]
        return min(verdicts, key=_severity)

    def traces(self, nr: int) -> bool:
        return self.verdict(nr) & _ACTION == SECCOMP_RET_TRACE

    def data(self, nr: int) -> int:
        """The 16 bits of SECCOMP_RET_TRACE that the tracer gets (PTRACE_GETEVENTMSG)."""
        return self.verdict(nr) & SECCOMP_RET_DATA


def _severity(verdict: int) -> int:
    action = verdict & _ACTION
    return _SEVERITY.index(action) if action in _SEVERITY else 0


class _Refusal:
    """What answers a call that a filter does not let through."""

    __slots__ = ("verdict",)

    def __init__(self, verdict: int) -> None:
        self.verdict = verdict

    def __call__(self, kernel: Kernel, pcb: PCB, *args: Any) -> Any:
        action = self.verdict & _ACTION
        if action == SECCOMP_RET_ERRNO:
            number = self.verdict & SECCOMP_RET_DATA
            raise OSError(number, "")
        if action == SECCOMP_RET_TRACE:
            raise error(Errno.ENOSYS)  # nobody is there to ask
        if action == SECCOMP_RET_TRAP:
            kernel.signal(pcb, Sig.SIGSYS)
            raise error(Errno.ENOSYS)
        kernel.terminate(pcb, Sig.SIGSYS, (0, b"kernel", 0))
        return None


def seccomp(kernel: Kernel, pcb: PCB, operation: int, flags: int, argument: Any) -> int:
    """seccomp(2). EACCES without CAP_SYS_ADMIN or no_new_privs, EINVAL, EFAULT."""
    if operation == SECCOMP_SET_MODE_STRICT:
        added = _STRICT
    elif operation == SECCOMP_SET_MODE_FILTER:
        if not isinstance(argument, Filter):
            raise error(Errno.EFAULT)
        if not pcb.attributes & NO_NEW_PRIVS and not capable(pcb, CAP_SYS_ADMIN):
            raise error(Errno.EACCES)
        added = argument
    else:
        raise error(Errno.EINVAL)
    old: Filtered | None = pcb.seccomp
    base = old.base if old is not None else pcb.calls
    if pcb.tracer is not None and old is None:
        base = pcb.tracer.below()
    kernel.parts.setdefault("seccomp", lambda: _state(kernel))
    filtered = Filtered(base, (*(old.filters if old is not None else ()), added))
    install(pcb, filtered)
    return 0


def _state(kernel: Kernel) -> Any:
    """Plain data for the digest."""
    return [
        (p.pid, [(sorted(f.numbers), f.action, f.otherwise) for f in p.seccomp.filters])
        for p in kernel.processes.values()
        if p.seccomp is not None
    ]


def install(pcb: PCB, filtered: Filtered) -> None:
    """Serve the process through ``filtered`` from now on."""
    pcb.seccomp = filtered
    if pcb.tracer is not None:
        pcb.tracer.rebase(filtered)
    else:
        pcb.calls = filtered

"""ptrace(2): its requests and who may make them; what a stop is, is in ``stops.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import ptrace
from minios.abi.caps import CAP_SYS_PTRACE
from minios.abi.errno import Errno, error
from minios.abi.ptrace import Probe, SyscallInfo
from minios.abi.signals import NSIG, Sig
from minios.fs.access import capable
from minios.kernel import signals
from minios.kernel.arguments import find, integer
from minios.kernel.credentials import may_access
from minios.kernel.trace import peek
from minios.kernel.trace.plain import plain
from minios.kernel.trace.stops import Trace, hook

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


def ptrace_call(kernel: Kernel, pcb: PCB, request: int, pid: int, addr: int, data: Any) -> Any:
    """ptrace(2). EPERM ESRCH EINVAL EIO."""
    integer(request)
    if request == ptrace.PTRACE_TRACEME:
        parent = kernel.processes.get(pcb.ppid)
        if pcb.tracer is not None or parent is None:
            raise error(Errno.EPERM)
        _attach(kernel, parent, pcb, 0, seized=False)
        return 0
    target = find(kernel, pcb, integer(pid)) if pid else None
    if target is None:
        raise error(Errno.ESRCH)
    if request in (ptrace.PTRACE_ATTACH, ptrace.PTRACE_SEIZE):
        return _begin(kernel, pcb, target, request, data)
    trace: Trace | None = target.tracer
    if trace is None or trace.by is not pcb:
        raise error(Errno.ESRCH)
    if request == ptrace.PTRACE_INTERRUPT:
        if not trace.seized:
            raise error(Errno.EIO)
        trace.trap(kernel, Sig.SIGTRAP | ptrace.PTRACE_EVENT_STOP << 8)
        return 0
    if request == ptrace.PTRACE_KILL:
        if not target.zombie:
            kernel.terminate(target, Sig.SIGKILL, (pcb.pid, pcb.comm, pcb.uid))
        return 0
    if trace.stop is None or target.zombie:
        raise error(Errno.ESRCH)
    action = _REQUESTS.get(request)
    if action is None:
        raise error(Errno.EIO)
    return action(kernel, trace, addr, data)


def _begin(kernel: Kernel, pcb: PCB, target: PCB, request: int, data: Any) -> int:
    if (
        target.zombie
        or target is pcb
        or target.tracer is not None
        or not may_trace(kernel, pcb, target)
    ):
        raise error(Errno.EPERM)
    seize = request == ptrace.PTRACE_SEIZE
    options = integer(data or 0) if seize else 0
    if options & ~ptrace.PTRACE_O_MASK:
        raise error(Errno.EINVAL)
    trace = _attach(kernel, pcb, target, options, seized=seize)
    if target.stopped:
        stopped = target.report or Sig.SIGSTOP << 8 | 0x7F
        target.report = None
        trace.stopped(kernel, stopped >> 8 & 0xFF)
    elif not seize:
        signals.post(kernel, target, Sig.SIGSTOP, pcb)
    return 0


def _attach(kernel: Kernel, tracer: PCB, target: PCB, options: int, *, seized: bool) -> Trace:
    trace = Trace(tracer, target, options, seized=seized)
    hook(trace)
    kernel.parts.setdefault("ptrace", lambda: _state(kernel))
    return trace


def _state(kernel: Kernel) -> Any:
    return [p.tracer.state() for p in kernel.processes.values() if p.tracer is not None]


def may_trace(kernel: Kernel, pcb: PCB, target: PCB) -> bool:
    """ptrace(2), access mode checking: PTRACE_MODE_ATTACH_REALCREDS, and Yama's ptrace_scope."""
    scope = kernel.sysctl.get("kernel.yama.ptrace_scope", 0)
    if scope == 3:
        return False
    if capable(pcb, CAP_SYS_PTRACE):
        return True
    if scope == 2 or not may_access(pcb, target):
        return False
    return scope == 0 or _descends(kernel, target, pcb)


def _descends(kernel: Kernel, pcb: PCB, ancestor: PCB) -> bool:
    seen = pcb
    while seen.ppid:
        if seen.ppid == ancestor.pid:
            return True
        above = kernel.processes.get(seen.ppid)
        if above is None:
            return False
        seen = above
    return False


def _go(mode: int) -> Callable[[Kernel, Trace, Any, Any], int]:
    def go(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> int:
        sig = integer(data or 0)
        if not 0 <= sig <= NSIG:
            raise error(Errno.EIO)
        trace.mode = mode
        trace.resume(kernel, sig if trace._info is not None else 0)
        return 0

    return go


def _detach(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> int:
    sig = integer(data or 0)
    if not 0 <= sig <= NSIG:
        raise error(Errno.EIO)
    trace.release(kernel, sig)
    return 0


def _set_options(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> int:
    if integer(data) & ~ptrace.PTRACE_O_MASK:
        raise error(Errno.EINVAL)
    trace.options = data
    return 0


def _listen(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> int:
    if not trace.seized or not trace._group:
        raise error(Errno.EIO)
    trace.listen()
    return 0


def _probes(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> int:
    trace.pcb.sys.probes = 1 if data else 0
    return 0


def _peek(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> Any:
    return peek.peek(kernel, trace.pcb, integer(addr))


def _poke(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> Any:
    return peek.poke(kernel, trace.pcb, integer(addr), integer(data))


def _set_info(kernel: Kernel, trace: Trace, addr: Any, data: Any) -> int:
    """PTRACE_SET_SYSCALL_INFO: at its entry a call is skipped, at its exit its result replaced."""
    if not isinstance(data, SyscallInfo):
        raise error(Errno.EFAULT)
    trace.replace(data)
    return 0


_REQUESTS: dict[int, Callable[[Kernel, Trace, Any, Any], Any]] = {
    ptrace.PTRACE_PEEKTEXT: _peek,
    ptrace.PTRACE_PEEKDATA: _peek,
    ptrace.PTRACE_POKETEXT: _poke,
    ptrace.PTRACE_POKEDATA: _poke,
    ptrace.PTRACE_SET_SYSCALL_INFO: _set_info,
    ptrace.PTRACE_CONT: _go(ptrace.PTRACE_CONT),
    ptrace.PTRACE_SYSCALL: _go(ptrace.PTRACE_SYSCALL),
    ptrace.PTRACE_DETACH: _detach,
    ptrace.PTRACE_LISTEN: _listen,
    ptrace.PTRACE_SETOPTIONS: _set_options,
    ptrace.PTRACE_PROBES: _probes,
    ptrace.PTRACE_GETEVENTMSG: lambda kernel, trace, addr, data: plain(trace.message),
    ptrace.PTRACE_GETSIGINFO: lambda kernel, trace, addr, data: trace.siginfo(),
    ptrace.PTRACE_GET_SYSCALL_INFO: lambda kernel, trace, addr, data: trace.info(),
}


# -- what the rest of the kernel asks ----------------------------------------------------------


def probe(
    kernel: Kernel,
    pcb: PCB,
    name: bytes,
    args: tuple[Any, ...] | None,
    value: Any = None,
    out: tuple[Any, ...] = (),
) -> None:
    """The trap of a library function's probe."""
    if pcb.tracer is not None and pcb.sys.probes:
        pcb.tracer.probe(kernel, Probe(name, plain(args), plain(value), plain(out)))

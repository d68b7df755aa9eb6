"""ptrace(2), seccomp(2) and the probes of libraries, loaded when a process first uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.syscalls import NR, PROBE
from minios.kernel import signals

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


def ptrace(kernel: Kernel, pcb: PCB, request: int, pid: int, addr: int, data: Any) -> Any:
    """ptrace(2)."""
    from minios.kernel.trace.ptrace import ptrace_call

    return ptrace_call(kernel, pcb, request, pid, addr, data)


def seccomp(kernel: Kernel, pcb: PCB, operation: int, flags: int, argument: Any) -> int:
    """seccomp(2)."""
    from minios.kernel.trace.seccomp import seccomp as filtering

    return filtering(kernel, pcb, operation, flags, argument)


def probe(kernel: Kernel, pcb: PCB, *told: Any) -> None:
    """The trap of a library function's probe; nothing if nobody traces."""
    if pcb.tracer is not None:
        from minios.kernel.trace.ptrace import probe as report

        report(kernel, pcb, *told)


def restart_syscall(kernel: Kernel, pcb: PCB) -> None:
    """restart_syscall(2): only the kernel makes it; for others nothing was interrupted. EINTR."""
    raise error(Errno.EINTR)


CALLS: dict[int, Callable[..., Any]] = {
    NR.ptrace: ptrace,
    NR.seccomp: seccomp,
    NR.restart_syscall: restart_syscall,
    NR.rt_sigreturn: signals.rt_sigreturn,
    PROBE: probe,
}

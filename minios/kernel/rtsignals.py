"""Signals with something to tell: sigqueue(3) and sigtimedwait(2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Siginfo
from minios.abi.signals import NSIG
from minios.abi.syscalls import NR
from minios.kernel import signals
from minios.kernel.arguments import integer
from minios.kernel.process import PCB, limit
from minios.kernel.wait import Sleep

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


def rt_sigqueueinfo(kernel: Kernel, pcb: PCB, pid: int, sig: int, value: int) -> None:
    """sigqueue(3): a signal with a value. EAGAIN past RLIMIT_SIGPENDING, EINVAL EPERM ESRCH."""
    if not 0 <= integer(sig) <= NSIG:
        raise error(Errno.EINVAL)
    target = kernel.processes.get(integer(pid))
    if target is None:
        raise error(Errno.ESRCH)
    if not signals.may_signal(pcb, target, sig):
        raise error(Errno.EPERM)
    if sig >= signals.FIRST_REAL_TIME:
        waiting = len(target.queued) if target.queued is not None else 0
        if waiting >= limit(target, flags.RLIMIT_SIGPENDING):
            raise error(Errno.EAGAIN)
    if sig:
        info = Siginfo(sig, flags.SI_QUEUE, pcb.pid, pcb.uid, value=integer(value))
        signals.post(kernel, target, sig, pcb, info)


def rt_sigtimedwait(kernel: Kernel, pcb: PCB, mask: int, timeout: int | None) -> Siginfo | Sleep:
    """sigtimedwait(2): take the lowest pending signal of ``mask``, which the caller has blocked.

    EAGAIN when ``timeout`` ns are over, EINTR when another signal's handler ran.
    """
    ready = pcb.pending & integer(mask)
    if ready:
        sig = (ready & -ready).bit_length()
        pcb.pending &= ~(1 << (sig - 1))
        pcb.awaited = 0
        return signals.take_info(pcb, sig)
    if timeout is not None and integer(timeout) < 0:
        raise error(Errno.EINVAL)
    if timeout == 0 or pcb.expired(kernel.world.now):
        pcb.awaited = 0
        raise error(Errno.EAGAIN)
    pcb.awaited = mask
    return Sleep((), timeout, name="do_sigtimedwait")


CALLS: dict[int, Callable[..., Any]] = {
    NR.rt_sigqueueinfo: rt_sigqueueinfo,
    NR.rt_sigtimedwait_time64: rt_sigtimedwait,
}

"""The scheduling calls: sched(7), sched_setscheduler(2), sched_setaffinity(2), sched_setattr(2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_NICE
from minios.abi.errno import Errno, error
from minios.abi.records import SchedAttr
from minios.abi.syscalls import NR
from minios.fs.access import capable
from minios.kernel import scheduling
from minios.kernel.arguments import find, integer
from minios.kernel.process import PCB, limit
from minios.kernel.sched.policy import RR_SLICE

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

_FAIR = (flags.SCHED_OTHER, flags.SCHED_BATCH, flags.SCHED_IDLE)
_REAL_TIME = (flags.SCHED_FIFO, flags.SCHED_RR)
_MAX_RUNTIME = 1 << 62


def _mine(pcb: PCB, target: PCB) -> bool:
    return pcb.euid in (target.uid, target.euid)


def sched_yield(kernel: Kernel, pcb: PCB) -> None:
    """The others of its queue go first."""
    core = pcb.core
    if core is not None:
        core.queue.yields(pcb)
        core.resched = True


def getcpu(kernel: Kernel, pcb: PCB) -> int:
    """The core the caller runs on."""
    return pcb.processor


# -- which cores -------------------------------------------------------------------------------


def sched_setaffinity(kernel: Kernel, pcb: PCB, pid: int, mask: int) -> None:
    """EINVAL for no core of this machine, EPERM for another user's process, ESRCH."""
    target = find(kernel, pcb, pid)
    if not _mine(pcb, target) and not capable(pcb, CAP_SYS_NICE):
        raise error(Errno.EPERM)
    if integer(mask) < 0:
        raise error(Errno.EINVAL)
    scheduling.set_affinity(kernel, target, mask)


def sched_getaffinity(kernel: Kernel, pcb: PCB, pid: int) -> int:
    """The bit mask of the cores a process may run on. ESRCH."""
    return find(kernel, pcb, pid).affinity & ((1 << len(kernel.cores)) - 1)


# -- which class -------------------------------------------------------------------------------


def sched_setscheduler(kernel: Kernel, pcb: PCB, pid: int, policy: int, priority: int) -> None:
    """EINVAL for a policy or a priority that there is not, EPERM (see :func:`_check`), ESRCH."""
    reset = bool(integer(policy) & flags.SCHED_RESET_ON_FORK)
    target = find(kernel, pcb, pid)
    policy &= ~flags.SCHED_RESET_ON_FORK
    _set(kernel, pcb, target, policy, integer(priority), target.nice, reset)


def sched_setparam(kernel: Kernel, pcb: PCB, pid: int, priority: int) -> None:
    """The priority within the policy in force. EINVAL EPERM ESRCH."""
    target = find(kernel, pcb, pid)
    _set(
        kernel, pcb, target, target.policy, integer(priority), target.nice, target.reset_on_fork
    )  # fmt: skip


def sched_getscheduler(kernel: Kernel, pcb: PCB, pid: int) -> int:
    target = find(kernel, pcb, pid)
    return target.policy | (flags.SCHED_RESET_ON_FORK if target.reset_on_fork else 0)


def sched_getparam(kernel: Kernel, pcb: PCB, pid: int) -> int:
    return find(kernel, pcb, pid).rt_priority


def sched_setattr(kernel: Kernel, pcb: PCB, pid: int, attr: SchedAttr) -> None:
    """All at once. ``runtime`` of the fair policies is what the next burst is said to take.

    Linux since 6.12 takes it as the slice that the process asks for, and so does the policy eevdf;
    sjf and stcf go by it. 0 is no such promise. EINVAL EPERM ESRCH.
    """
    if not isinstance(attr, SchedAttr):
        raise error(Errno.EFAULT)
    target = find(kernel, pcb, pid)
    if not 0 <= integer(attr.runtime) < _MAX_RUNTIME or not -20 <= integer(attr.nice) <= 19:
        raise error(Errno.EINVAL)
    reset = bool(attr.flags & flags.SCHED_FLAG_RESET_ON_FORK)
    nice = attr.nice if attr.policy in _FAIR else target.nice
    _set(kernel, pcb, target, attr.policy, attr.priority, nice, reset)
    if attr.policy in _FAIR:
        target.runtime = attr.runtime
        if nice != target.nice:
            kernel.dispatcher.reweigh(target, nice)


def sched_getattr(kernel: Kernel, pcb: PCB, pid: int) -> SchedAttr:
    target = find(kernel, pcb, pid)
    reset = flags.SCHED_FLAG_RESET_ON_FORK if target.reset_on_fork else 0
    return SchedAttr(target.policy, reset, target.nice, target.rt_priority, target.runtime)


def _set(
    kernel: Kernel, pcb: PCB, target: PCB, policy: int, priority: int, nice: int, reset: bool
) -> None:
    if policy in _REAL_TIME:
        good = 1 <= priority <= 99
    else:
        good = policy in _FAIR and priority == 0
    if not good:
        raise error(Errno.EINVAL)
    if not _check(pcb, target, policy, priority, nice, reset) and not capable(pcb, CAP_SYS_NICE):
        raise error(Errno.EPERM)
    target.reset_on_fork = reset
    if (policy, priority) != (target.policy, target.rt_priority):
        scheduling.set_class(kernel, target, policy, priority)


def _check(pcb: PCB, target: PCB, policy: int, priority: int, nice: int, reset: bool) -> bool:
    """Whether it needs no privilege: sched_setscheduler(2), "Privileges and resource limits"."""

    def may_be(value: int) -> bool:
        return value >= target.nice or 20 - value <= limit(target, flags.RLIMIT_NICE)

    if policy in _REAL_TIME:
        ceiling = limit(target, flags.RLIMIT_RTPRIO)
        if policy != target.policy and not ceiling:
            return False
        if priority > target.rt_priority and priority > ceiling:
            return False
    elif nice < target.nice and not may_be(nice):
        return False
    # SCHED_IDLE is like a nice value of 20.
    leaves_idle = target.policy == flags.SCHED_IDLE != policy
    if leaves_idle and 20 - target.nice > limit(target, flags.RLIMIT_NICE):
        return False
    return _mine(pcb, target) and (reset or not target.reset_on_fork)


def sched_get_priority_max(kernel: Kernel, pcb: PCB, policy: int) -> int:
    """99 for the real-time policies, 0 for the others. EINVAL."""
    return _bound(policy, 99)


def sched_get_priority_min(kernel: Kernel, pcb: PCB, policy: int) -> int:
    return _bound(policy, 1)


def _bound(policy: int, bound: int) -> int:
    if integer(policy) in _REAL_TIME:
        return bound
    if policy in _FAIR:
        return 0
    raise error(Errno.EINVAL)


def sched_rr_get_interval(kernel: Kernel, pcb: PCB, pid: int) -> int:
    """The slice of a process in ns; 0 under SCHED_FIFO, which has none. ESRCH."""
    target = find(kernel, pcb, pid)
    if target.policy == flags.SCHED_FIFO:
        return 0
    if target.policy == flags.SCHED_RR:
        rt = kernel.dispatcher.rt
        return rt.rr_slice if rt is not None else RR_SLICE
    return kernel.dispatcher.params.quantum


CALLS: dict[int, Callable[..., Any]] = {
    NR.sched_yield: sched_yield,
    NR.getcpu: getcpu,
    NR.sched_setaffinity: sched_setaffinity,
    NR.sched_getaffinity: sched_getaffinity,
    NR.sched_setscheduler: sched_setscheduler,
    NR.sched_getscheduler: sched_getscheduler,
    NR.sched_setparam: sched_setparam,
    NR.sched_getparam: sched_getparam,
    NR.sched_setattr: sched_setattr,
    NR.sched_getattr: sched_getattr,
    NR.sched_get_priority_max: sched_get_priority_max,
    NR.sched_get_priority_min: sched_get_priority_min,
    NR.sched_rr_get_interval_time64: sched_rr_get_interval,
}

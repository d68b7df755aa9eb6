"""Resource limits and priorities: prlimit(2), setpriority(2), and what RLIMIT_CPU does.

The other limits are asked for where the resource is taken (:func:`minios.kernel.process.limit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_ADMIN, CAP_SYS_NICE, CAP_SYS_RESOURCE
from minios.abi.errno import Errno, error
from minios.abi.signals import Sig
from minios.abi.syscalls import NR
from minios.fs.access import capable
from minios.kernel.arguments import find, integer
from minios.kernel.process import PCB, limit
from minios.sim.world import MILLISECOND, SECOND

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

_UNLIMITED = (flags.RLIM_INFINITY, flags.RLIM_INFINITY)


def may_fork(kernel: Kernel, pcb: PCB) -> bool:
    """Whether RLIMIT_NPROC lets the user have one more process; it does not bind root."""
    if kernel.count_of(pcb.uid) < limit(pcb, flags.RLIMIT_NPROC) or pcb.uid == 0:
        return True
    return capable(pcb, CAP_SYS_RESOURCE) or capable(pcb, CAP_SYS_ADMIN)


def prlimit64(
    kernel: Kernel, pcb: PCB, pid: int, resource: int, new: tuple[int, int] | None
) -> tuple[int, int]:
    """getrlimit(2), setrlimit(2): the old pair. EINVAL, ESRCH, EPERM for raising a hard limit and
    for the limits of another user's process.
    """
    target = find(kernel, pcb, pid)
    if not 0 <= integer(resource) < flags.RLIM_NLIMITS:
        raise error(Errno.EINVAL)
    if target is not pcb and not _own(pcb, target):
        raise error(Errno.EPERM)
    old = target.rlimits.get(resource, _UNLIMITED)
    if new is not None:
        soft, hard = integer(new[0]), integer(new[1])
        if not 0 <= soft <= hard <= flags.RLIM_INFINITY:
            raise error(Errno.EINVAL)
        if hard > old[1] and not capable(pcb, CAP_SYS_RESOURCE):
            raise error(Errno.EPERM)
        target.rlimits[resource] = (soft, hard)
        if resource == flags.RLIMIT_CPU:
            watch_cpu(kernel, target)
    return old


def _own(pcb: PCB, target: PCB) -> bool:
    ids = (target.uid, target.euid, target.suid, target.gid, target.egid, target.sgid)
    return ids == (pcb.uid,) * 3 + (pcb.gid,) * 3 or capable(pcb, CAP_SYS_RESOURCE)


# -- RLIMIT_CPU --------------------------------------------------------------------------------


def watch_cpu(kernel: Kernel, pcb: PCB) -> None:
    """Look at the CPU time of ``pcb`` when it may have reached its limit at the earliest."""
    if pcb.cpu_timer is not None:
        pcb.cpu_timer.cancel()
        pcb.cpu_timer = None
    soft, hard = pcb.rlimits.get(flags.RLIMIT_CPU, _UNLIMITED)
    if soft >= flags.RLIM_INFINITY or pcb.zombie:
        return
    used = sum(kernel.cpu_time(pcb))
    # At the soft limit, and then once a second (getrlimit(2)).
    due = max(soft * SECOND, (used // SECOND + 1) * SECOND if used >= soft * SECOND else 0)
    due = min(due, hard * SECOND) if hard < flags.RLIM_INFINITY else due
    _arm(kernel, pcb, due, max(due - used, MILLISECOND))


def _arm(kernel: Kernel, pcb: PCB, due: int, wait: int) -> None:
    pcb.cpu_timer = kernel.world.timer(kernel.world.now + wait, _look, kernel, pcb, due)


def _look(kernel: Kernel, pcb: PCB, due: int) -> None:
    pcb.cpu_timer = None
    left = due - sum(kernel.cpu_time(pcb))
    if left > 0:
        # What sleeps is looked at once a second at most.
        _arm(kernel, pcb, due, max(left, MILLISECOND if pcb.runnable else SECOND))
        return
    hard = pcb.rlimits.get(flags.RLIMIT_CPU, _UNLIMITED)[1]
    fatal = hard < flags.RLIM_INFINITY and due >= hard * SECOND
    kernel.signal(pcb, Sig.SIGKILL if fatal else Sig.SIGXCPU)
    if not pcb.zombie:
        watch_cpu(kernel, pcb)


# -- nice --------------------------------------------------------------------------------------


def _those(kernel: Kernel, pcb: PCB, which: int, who: int) -> list[PCB]:
    everybody: Iterable[PCB] = kernel.processes.values()
    if which == flags.PRIO_PROCESS:
        return [find(kernel, pcb, who)]
    if which == flags.PRIO_PGRP:
        found = [p for p in everybody if p.pgid == (who or pcb.pgid)]
    elif which == flags.PRIO_USER:
        found = [p for p in everybody if p.uid == (who or pcb.uid)]
    else:
        raise error(Errno.EINVAL)
    if not found:
        raise error(Errno.ESRCH)
    return found


def getpriority(kernel: Kernel, pcb: PCB, which: int, who: int) -> int:
    return min(p.nice for p in _those(kernel, pcb, which, who))


def setpriority(kernel: Kernel, pcb: PCB, which: int, who: int, nice: int) -> None:
    """setpriority(2). EPERM for somebody else's process, EACCES for a value lower than it is and
    than 20 minus RLIMIT_NICE; neither with CAP_SYS_NICE.
    """
    nice = max(-20, min(19, integer(nice)))
    free = capable(pcb, CAP_SYS_NICE)
    for target in _those(kernel, pcb, which, who):
        if not free:
            if pcb.euid not in (target.uid, target.euid):
                raise error(Errno.EPERM)
            if nice < target.nice and 20 - nice > limit(target, flags.RLIMIT_NICE):
                raise error(Errno.EACCES)
        kernel.dispatcher.reweigh(target, nice)


CALLS: dict[int, Callable[..., Any]] = {
    NR.prlimit64: prlimit64,
    NR.getpriority: getpriority,
    NR.setpriority: setpriority,
}

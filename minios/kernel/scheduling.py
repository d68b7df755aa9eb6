"""What can be set of scheduling: the machine's policy, and the classes and cores of processes.

All of it takes effect as soon as no trap is in the middle of taking effect on a core, which is in
the same instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.kernel.sched import POLICIES
from minios.kernel.sched.policy import weigh

if TYPE_CHECKING:
    from minios.kernel.cores import Core, Dispatcher
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.sched import Params
    from minios.kernel.sched.rt import RtParams


def inherit(parent: PCB, child: PCB) -> None:
    """What a child has of its parent's scheduling (sched(7))."""
    child.last_core = ~parent.processor
    child.affinity = child.allowed = parent.affinity
    child.nice = parent.nice
    child.weight = parent.weight
    if not parent.policy:
        return
    if parent.reset_on_fork:
        child.nice = max(parent.nice, 0)
        weigh(child)
    else:
        child.policy = parent.policy
        child.rt_priority = parent.rt_priority


# -- the machine's policy ----------------------------------------------------------------------


def set_policy(kernel: Kernel, name: str, **changes: Any) -> None:
    """Put another policy in force, or the same with other parameters; it starts afresh.

    Everybody keeps their core or their queue; what the old policy had learnt of them is forgotten.
    """
    dispatcher = kernel.dispatcher
    dispatcher.soon(_switch, dispatcher, name, changes)


def _switch(dispatcher: Dispatcher, name: str, changes: dict[str, Any]) -> None:
    if dispatcher.kernel.halted:
        return
    params: Params = dispatcher.params._replace(**changes)
    dispatcher.policy, dispatcher.params = name, params
    processes = dispatcher.kernel.processes
    orders = []
    for core in dispatcher.cores:
        current = core.current
        orders.append([processes[pid] for pid in core.queue.order()])
        if current is not None:
            dispatcher.account_core(core)
            current.ran = 0
            orders[-1].insert(0, current)
    for pcb in processes.values():
        pcb.runqueue = pcb.sched = None
        pcb.entry = pcb.vruntime = 0
        pcb.assigned = -1
        pcb.allowed = pcb.affinity
    for core, order in zip(dispatcher.cores, orders, strict=True):
        queue: Any = POLICIES[name](params, dispatcher.world)
        core.queue = _wrapped(dispatcher, queue) if dispatcher.rt is not None else queue
        for pcb in order:
            core.queue.put(pcb, woken=False)
        _choose(dispatcher, core)


def _choose(dispatcher: Dispatcher, core: Core) -> None:
    """Let the queue, in which all are, say who runs on."""
    current = core.current
    following = core.queue.pick()
    if following is current:
        if current is not None:
            core.slice_end = None
            if core.queue.count:
                core.slice_end = max(dispatcher.world.now, core.since) + core.queue.slice(current)
            dispatcher.arm(core)
        return
    if current is not None:
        current.core = core.current = None
        current.nivcsw += 1
    if following is None:
        dispatcher.fill(core)
    else:
        dispatcher.begin(core, following)
        dispatcher.arm(core)


# -- the real-time class -----------------------------------------------------------------------


def rt_params(kernel: Kernel) -> RtParams:
    """The settings of the real-time class, which this wakes up."""
    dispatcher = kernel.dispatcher
    if dispatcher.rt is None:
        from minios.kernel.sched.rt import RtParams

        dispatcher.rt = RtParams()
        dispatcher.soon(_wrap_all, dispatcher)
    return dispatcher.rt


def _wrap_all(dispatcher: Dispatcher) -> None:
    for core in dispatcher.cores:
        core.queue = _wrapped(dispatcher, core.queue)


def _wrapped(dispatcher: Dispatcher, queue: Any) -> Any:
    from minios.kernel.sched.rt import RtQueue

    assert dispatcher.rt is not None
    return RtQueue(dispatcher.world, queue, dispatcher.rt)


def set_class(kernel: Kernel, pcb: PCB, policy: int, priority: int) -> None:
    """Give a process another scheduling class; the caller has checked that it may."""
    if priority:
        rt_params(kernel)
    kernel.dispatcher.soon(_reclass, kernel.dispatcher, pcb, policy, priority)


def _reclass(dispatcher: Dispatcher, pcb: PCB, policy: int, priority: int) -> None:
    if pcb.zombie:
        return

    def change() -> None:
        pcb.policy, pcb.rt_priority = policy, priority
        pcb.sched = pcb.runqueue = None
        weigh(pcb)

    _requeued(dispatcher, pcb, change, woken=True)


def _requeued(dispatcher: Dispatcher, pcb: PCB, change: Any, *, woken: bool) -> None:
    """Change something by which queues are chosen or ordered."""
    core = pcb.core
    if core is not None:
        dispatcher.take_off(core, pcb)
    elif pcb.entry:
        pcb.runqueue.remove(pcb)
    else:
        change()
        return
    change()
    if core is not None and pcb.allowed >> core.index & 1:
        core.queue.put(pcb, woken=False)
        dispatcher.fill(core)
        return
    if core is not None:
        dispatcher.fill(core)
    pcb.off_since = dispatcher.world.now
    dispatcher.enqueue(pcb, woken=woken)


# -- who may run where -------------------------------------------------------------------------


def set_affinity(kernel: Kernel, pcb: PCB, mask: int) -> None:
    """Confine a process to the cores of a bit mask. EINVAL if the machine has none of them."""
    everywhere = (1 << len(kernel.cores)) - 1
    mask &= everywhere
    if not mask:
        raise error(Errno.EINVAL)
    kernel.dispatcher.soon(_confine, kernel.dispatcher, pcb, -1 if mask == everywhere else mask)


def _confine(dispatcher: Dispatcher, pcb: PCB, mask: int) -> None:
    if pcb.zombie:
        return

    def change() -> None:
        pcb.affinity = pcb.allowed = mask
        if pcb.assigned >= 0:
            if mask >> pcb.assigned & 1:
                pcb.allowed = 1 << pcb.assigned
            else:
                pcb.assigned = -1

    if pcb.core is not None and mask >> pcb.core.index & 1:
        change()
    else:
        _requeued(dispatcher, pcb, change, woken=False)


def assign(kernel: Kernel, pcb: PCB, core: int) -> None:
    """Give a core to a process under the manual policy, or with -1 take it away.

    EINVAL if another policy is in force, there is no such core, or it may not run there; ESRCH for
    one that has ended.
    """
    if pcb.zombie:
        raise error(Errno.ESRCH)
    if kernel.dispatcher.policy != "manual" or not -1 <= core < len(kernel.cores):
        raise error(Errno.EINVAL)
    if core >= 0 and not pcb.affinity >> core & 1:
        raise error(Errno.EINVAL)
    kernel.dispatcher.soon(_assign, kernel.dispatcher, pcb, core)


def assign_from_outside(kernel: Kernel, pid: int, core: int, uid: int | None) -> None:
    """The same by somebody who is no process here: a pane. EPERM for another user's process."""
    pcb = kernel.processes.get(pid)
    if pcb is None:
        raise error(Errno.ESRCH)
    if uid not in (None, 0, pcb.uid):
        raise error(Errno.EPERM)
    assign(kernel, pcb, core)


def _assign(dispatcher: Dispatcher, pcb: PCB, core: int) -> None:
    if pcb.zombie or pcb.assigned == core:
        return
    before = owner(dispatcher, core) if core >= 0 else None
    if before is not None:
        _own(dispatcher, before, -1)
    _own(dispatcher, pcb, core)


def _own(dispatcher: Dispatcher, pcb: PCB, core: int) -> None:
    def change() -> None:
        pcb.assigned = core
        pcb.allowed = 1 << core if core >= 0 else pcb.affinity

    _requeued(dispatcher, pcb, change, woken=False)


def owner(dispatcher: Dispatcher, core: int) -> PCB | None:
    """Whose a core is under the manual policy."""
    for pcb in dispatcher.kernel.processes.values():
        if pcb.assigned == core and not pcb.zombie:
            return pcb
    return None


# -- figures -----------------------------------------------------------------------------------


def times(kernel: Kernel, pcb: PCB) -> tuple[int, int, int]:
    """(run, wait, off): ns on a core, wanting one, and asleep or stopped; they add up to its age.

    The price of switching to it counts as waiting.
    """
    now = kernel.world.now
    if pcb.zombie:
        now = pcb.off_since
    run = sum(kernel.cpu_time(pcb))
    off = pcb.off
    if pcb.core is None and not pcb.entry and not pcb.zombie:
        off += now - pcb.off_since
    return run, now - pcb.start_time - off - run, off


def state(kernel: Kernel) -> Any:
    """Canonical data for the digest."""
    dispatcher = kernel.dispatcher
    return (
        dispatcher.policy, repr(dispatcher.params), dispatcher.migration_ns,
        None if dispatcher.rt is None
        else (dispatcher.rt.period, dispatcher.rt.runtime, dispatcher.rt.rr_slice),
        [
            (
                pcb.pid, pcb.policy, pcb.rt_priority, pcb.affinity, pcb.assigned, pcb.runtime,
                pcb.off, pcb.off_since, pcb.first_run, pcb.migrations, pcb.reset_on_fork,
                dispatcher.cores[0].queue.facts(pcb),
            )
            for pcb in kernel.processes.values()
        ],
    )  # fmt: skip

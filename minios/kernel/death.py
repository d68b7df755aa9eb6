"""Death: a process ends, its children are adopted, its parent is told (exit(3), wait(2))."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Rusage, Waited
from minios.abi.signals import SA_NOCLDWAIT, SIG_IGN, Sig
from minios.kernel import signals
from minios.kernel.arguments import integer
from minios.kernel.credentials import SUBREAPER
from minios.sim.world import MARK_PROCESS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB, Frame
    from minios.kernel.wait import WaitQueue


def exit(kernel: Kernel, pcb: PCB, status: int) -> None:
    """End a process with a wait status: close, reparent, tell the parent (exit(3), wait(2))."""
    if pcb.zombie or (pcb.tracer is not None and pcb.tracer.exiting(kernel, status)):
        return
    now = kernel.world.now
    active = pcb.runnable or pcb.uninterruptible
    if pcb.uninterruptible:
        kernel.iowait.end()
    kernel.dispatcher.dequeue(pcb)
    for queue in pcb.wait_queues:
        queue.sleepers.pop(pcb, None)
    pcb.wait_queues = ()
    pcb.wchan = ""
    disarm(pcb)
    if pcb.mm is not None:
        pcb.maxrss = pcb.peak
        kernel.mm.pressure.end(pcb)
        pcb.mm.free()
    pcb.zombie = True
    pcb.runnable = pcb.uninterruptible = False
    pcb.stopped = False
    pcb.exit_status = status
    if active:
        kernel.load.changed(now, -1)
    kernel.causes.died(kernel, pcb, status)
    frames, pcb.frames = pcb.frames, []
    close_frames(frames)
    signals.abandon(pcb)
    pcb.fds.close_all()
    kernel.count_user(pcb.uid, -1)
    hooks = kernel.world.instruments.on_exit
    if hooks:
        for hook in hooks:
            hook(pcb)
    kernel.world.mark(MARK_PROCESS)
    if pcb.pid == 1:
        kernel.halt("Kernel panic - not syncing: Attempted to kill init!")
        return
    if pcb.tracees:
        for tracee in list(pcb.tracees.values()):
            tracee.tracer.orphaned(kernel)
    _orphan_children(kernel, pcb)
    if pcb.tty is not None and pcb.sid == pcb.pid:
        pcb.tty.leader_died(pcb)
    parent = kernel.processes.get(pcb.ppid)
    if parent is not None and parent.pgid != pcb.pgid and parent.sid == pcb.sid:
        _check_orphaned_group(kernel, pcb.pgid)  # it was what held the group in the session
    notify_exit(kernel, pcb)


def reaper(kernel: Kernel, pcb: PCB) -> PCB | None:
    """Who adopts the children of ``pcb``: the nearest subreaper above it, or init (prctl(2))."""
    above = kernel.processes.get(pcb.ppid)
    while above is not None and above.pid != 1:
        if above.attributes & SUBREAPER and not above.zombie:
            return above
        above = kernel.processes.get(above.ppid)
    return above if above is not None else kernel.processes.get(1)


def _orphan_children(kernel: Kernel, pcb: PCB) -> None:
    if not pcb.children:
        return
    adopter = reaper(kernel, pcb)
    for child in pcb.children.values():
        child.ppid = adopter.pid if adopter is not None else 1
        if adopter is not None:
            adopter.children[child.pid] = child
        if child.death_signal:
            signals.post(kernel, child, child.death_signal, pcb)
        if child.zombie:
            notify_exit(kernel, child)
        elif child.pgid != pcb.pgid and child.sid == pcb.sid:
            _check_orphaned_group(kernel, child.pgid)
    pcb.children = {}


def _check_orphaned_group(kernel: Kernel, pgid: int) -> None:
    """Stopped members of a group that has just been orphaned get SIGHUP and SIGCONT (XBD)."""
    members = kernel.group(pgid)
    if any(member.stopped for member in members) and kernel.orphaned(pgid):
        for member in members:
            signals.post(kernel, member, Sig.SIGHUP)
            signals.post(kernel, member, Sig.SIGCONT)


def notify_exit(kernel: Kernel, pcb: PCB) -> None:
    """Tell the parent of a zombie; a tracer that is not the parent is told before it."""
    if pcb.tracer is not None and pcb.tracer.by.pid != pcb.ppid:
        pcb.tracer.tell(kernel)
        return
    parent = kernel.processes.get(pcb.ppid)
    if parent is None or parent.zombie:
        reap(kernel, pcb)
        return
    if (
        parent.handlers[Sig.SIGCHLD] == SIG_IGN
        or parent.handler_flags.get(Sig.SIGCHLD, 0) & SA_NOCLDWAIT
    ):
        reap(kernel, pcb)
    else:
        signals.post(kernel, parent, Sig.SIGCHLD, pcb, signals.of_child(parent, pcb))
    assert parent.child_wait is not None
    parent.child_wait.wake()


def waitid(kernel: Kernel, pcb: PCB, idtype: int, id: int, options: int) -> Waited | WaitQueue:
    """waitid(2): a child that ended, stopped or went on, whichever was asked for.

    With WNOHANG and nothing to report the result's pid is 0. ECHILD EINVAL.
    """
    asked = options & (flags.WEXITED | flags.WSTOPPED | flags.WCONTINUED)
    if not asked or integer(options) & ~(asked | flags.WNOHANG | flags.WNOWAIT):
        raise error(Errno.EINVAL)
    known = False
    for child in candidates(pcb, idtype, integer(id)):
        known = True
        if child.tracer is not None:
            told = child.tracer.waited(kernel, pcb, options)
            if told is not None:
                return told  # type: ignore[no-any-return]
            if child.tracer is not None and (child.zombie or child.tracer.by is pcb):
                continue
        if child.zombie:
            if not options & flags.WEXITED:
                continue
            usage = Rusage(
                child.utime + child.cutime, child.stime + child.cstime, child.maxrss,
                child.nvcsw, child.nivcsw,
            )  # fmt: skip
            if not options & flags.WNOWAIT:
                reap(kernel, child)
            return Waited(child.pid, child.exit_status, usage, child.uid)
        report = child.report
        if report is not None and options & (
            flags.WCONTINUED if flags.wifcontinued(report) else flags.WSTOPPED
        ):
            if not options & flags.WNOWAIT:
                child.report = None
            return Waited(child.pid, report, child.rusage(), child.uid)
    if not known:
        raise error(Errno.ECHILD)
    if options & flags.WNOHANG:
        return Waited(0, 0, Rusage(0, 0, 0, 0, 0))
    assert pcb.child_wait is not None
    return pcb.child_wait


def candidates(pcb: PCB, idtype: int, id: int) -> Iterable[PCB]:
    """The children that waitid(2) is asked about. EINVAL."""
    children = pcb.children if pcb.tracees is None else pcb.children | pcb.tracees
    if idtype == flags.P_ALL:
        return children.values()
    if idtype == flags.P_PID and id > 0:
        child = children.get(id)
        return (child,) if child is not None else ()
    if idtype == flags.P_PGID and id >= 0:
        pgid = id or pcb.pgid
        return [child for child in children.values() if child.pgid == pgid]
    raise error(Errno.EINVAL)


def reap(kernel: Kernel, pcb: PCB) -> None:
    """Free the pid of a zombie; its times go to the parent's children's."""
    if pcb.tracer is not None:
        pcb.tracer.release(kernel)
    kernel.processes.pop(pcb.pid, None)
    parent = kernel.processes.get(pcb.ppid)
    if parent is not None:
        parent.children.pop(pcb.pid, None)
        parent.cutime += pcb.utime + pcb.cutime
        parent.cstime += pcb.stime + pcb.cstime
        parent.cminflt += pcb.minflt + pcb.cminflt
        parent.cmajflt += pcb.majflt + pcb.cmajflt
    kernel.world.mark(MARK_PROCESS)


def close_frames(frames: list[Frame]) -> None:
    """Close coroutines from the top. A program that traps while it is closed gets no answer."""
    for frame in reversed(frames):
        with contextlib.suppress(RuntimeError, OSError):
            if frame.coro is not None:
                frame.coro.close()


def disarm(pcb: PCB) -> None:
    """No clock will wake or alarm this process any more."""
    for timer in (pcb.wakeup, pcb.alarm, pcb.cpu_timer):
        if timer is not None:
            timer.cancel()
    pcb.wakeup = pcb.alarm = pcb.cpu_timer = None

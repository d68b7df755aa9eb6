"""Death: a process ends, its children are adopted, its parent is told (exit(3), wait(2))."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minios.abi.signals import SA_NOCLDWAIT, SIG_IGN, Sig
from minios.kernel import signals
from minios.sim.world import MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB, Frame


def exit(kernel: Kernel, pcb: PCB, status: int) -> None:
    """End a process with a wait status: close, reparent, tell the parent (exit(3), wait(2))."""
    if pcb.zombie:
        return
    now = kernel.world.now
    active = pcb.runnable or pcb.uninterruptible
    kernel.dispatcher.dequeue(pcb)
    for queue in pcb.wait_queues:
        queue.sleepers.pop(pcb, None)
    pcb.wait_queues = ()
    pcb.wchan = ""
    disarm(pcb)
    kernel.claim(-pcb.rss)
    pcb.zombie = True
    pcb.runnable = pcb.uninterruptible = False
    pcb.stopped = False
    pcb.exit_status = status
    if active:
        kernel.load.changed(now, -1)
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
    _orphan_children(kernel, pcb)
    if pcb.tty is not None and pcb.sid == pcb.pid:
        pcb.tty.leader_died(pcb)
    parent = kernel.processes.get(pcb.ppid)
    if parent is not None and parent.pgid != pcb.pgid and parent.sid == pcb.sid:
        _check_orphaned_group(kernel, pcb.pgid)  # it was what held the group in the session
    _notify_exit(kernel, pcb)


def _orphan_children(kernel: Kernel, pcb: PCB) -> None:
    init = kernel.processes.get(1)
    for child in pcb.children.values():
        child.ppid = 1
        if init is not None:
            init.children[child.pid] = child
        if child.zombie:
            _notify_exit(kernel, child)
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


def _notify_exit(kernel: Kernel, pcb: PCB) -> None:
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
        signals.post(kernel, parent, Sig.SIGCHLD, pcb)
    assert parent.child_wait is not None
    parent.child_wait.wake()


def reap(kernel: Kernel, pcb: PCB) -> None:
    """Free the pid of a zombie; its times go to the parent's children's."""
    kernel.processes.pop(pcb.pid, None)
    parent = kernel.processes.get(pcb.ppid)
    if parent is not None:
        parent.children.pop(pcb.pid, None)
        parent.cutime += pcb.utime + pcb.cutime
        parent.cstime += pcb.stime + pcb.cstime
    kernel.world.mark(MARK_PROCESS)


def close_frames(frames: list[Frame]) -> None:
    """Close coroutines from the top. A program that traps while it is closed gets no answer."""
    for frame in reversed(frames):
        with contextlib.suppress(RuntimeError, OSError):
            if frame.coro is not None:
                frame.coro.close()


def disarm(pcb: PCB) -> None:
    """No clock will wake or alarm this process any more."""
    for timer in (pcb.wakeup, pcb.alarm):
        if timer is not None:
            timer.cancel()
    pcb.wakeup = pcb.alarm = None

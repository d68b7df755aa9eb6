"""Signals: posting them, and what becomes of them at the edge of user mode (signal(7), kill(2)).

A signal is *posted* at once and *delivered* when its receiver is about to go on in its own code: at
the end of a system call, in the middle of a computation, or by interrupting a sleep. KILL, STOP and
CONT act when they are posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_KILL
from minios.abi.errno import Errno, error
from minios.abi.records import Siginfo
from minios.abi.signals import (
    DEFAULT_ACTION,
    NSIG,
    SA_NOCLDSTOP,
    SA_NODEFER,
    SA_RESETHAND,
    SA_RESTART,
    SA_SIGINFO,
    SIG_DFL,
    SIG_IGN,
    UNBLOCKABLE,
    Action,
    Sig,
    mask_of,
)
from minios.abi.syscalls import COMPUTE
from minios.fs.access import capable
from minios.kernel.process import PCB, WORK_SIGNAL, WORK_STOP, Frame, limit
from minios.kernel.wait import Held
from minios.sim.world import MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

STOP_SIGNALS = mask_of(Sig.SIGSTOP, Sig.SIGTSTP, Sig.SIGTTIN, Sig.SIGTTOU)
FIRST_REAL_TIME = 32
HANDLER_CYCLES = 30
"""Building a signal frame, and taking it down again."""


def post(
    kernel: Kernel,
    pcb: PCB,
    sig: int,
    sender: PCB | None = None,
    info: Siginfo | None = None,
) -> None:
    """Make ``sig`` pending for ``pcb`` and let it act as soon as it may.

    A standard signal that is already pending stays pending once; real-time signals queue up, each
    with its ``info``. ``sender`` None is the kernel.
    """
    if pcb.zombie:
        return
    hooks = kernel.world.instruments.on_signal
    if hooks:
        for hook in hooks:
            hook(pcb, sig, sender)
    origin = (sender.pid, sender.comm, sender.uid) if sender is not None else (0, b"kernel", 0)
    if pcb.pid == 1 and not callable(pcb.handlers[sig]):
        return
    if sig == Sig.SIGKILL:
        kernel.terminate(pcb, sig, origin)
        return
    bit = 1 << (sig - 1)
    if sig == Sig.SIGCONT:
        pcb.pending &= ~STOP_SIGNALS
        _continue(kernel, pcb)
    elif bit & STOP_SIGNALS:
        pcb.pending &= ~mask_of(Sig.SIGCONT)
    if not pcb.blocked & bit and pcb.tracer is None and ignored(pcb, sig):
        return
    if sig >= FIRST_REAL_TIME or (info is not None and not pcb.pending & bit):
        _enqueue(pcb, info or Siginfo(sig, flags.SI_USER, origin[0], origin[2]))
    pcb.pending |= bit
    pcb.work |= WORK_SIGNAL
    pcb.senders[sig] = origin
    if pcb.uninterruptible:
        return  # it acts when the disk has answered
    if sig == Sig.SIGSTOP and pcb.tracer is None:
        pcb.pending &= ~bit
        _stop(kernel, pcb, sig)
    elif not pcb.blocked & bit and not pcb.stopped:
        notice(kernel, pcb)
    elif pcb.awaited & bit:
        kernel.wake(pcb)


def post_group(kernel: Kernel, pgid: int, sig: int, sender: PCB | None = None) -> bool:
    """Post to every process of a group; False if it has none."""
    members = kernel.group(pgid)
    for pcb in members:
        post(kernel, pcb, sig, sender)
    return bool(members)


def deliverable(pcb: PCB) -> int:
    """The pending signals that are not blocked, as a set."""
    return pcb.pending & ~pcb.blocked


def deliver(kernel: Kernel, pcb: PCB) -> bool:
    """Act on the deliverable signals of a process about to return to user mode.

    ``pcb.frames[-1].resume`` says how it would have gone on. True if it may go on now; False if it
    is stopped or dead.
    """
    tracer = pcb.tracer
    if tracer is not None and tracer.leaving(kernel):
        return False
    while True:
        ready = deliverable(pcb)
        if not ready or pcb.stopped:
            if not pcb.pending:
                pcb.work &= ~WORK_SIGNAL
            return not pcb.stopped
        sig = (ready & -ready).bit_length()
        pcb.pending &= ~(1 << (sig - 1))
        info = take_info(pcb, sig) if pcb.queued is not None or tracer is not None else None
        if tracer is not None and not tracer.deliver(kernel, sig, info):
            return False
        disposition = pcb.handlers[sig]
        if callable(disposition):
            _push_handler(pcb, sig, info)
            continue
        if disposition == SIG_IGN:
            continue
        action = DEFAULT_ACTION[sig]
        if action in (Action.TERM, Action.CORE):
            kernel.terminate(pcb, sig, pcb.senders.get(sig, (0, b"kernel", 0)))
            return False
        if action is Action.STOP and (sig == Sig.SIGSTOP or not kernel.orphaned(pcb.pgid)):
            _stop(kernel, pcb, sig)
            return False


def _enqueue(pcb: PCB, info: Siginfo) -> None:
    """Keep the information of a signal, as long as RLIMIT_SIGPENDING lets there be more."""
    if pcb.queued is None:
        pcb.queued = []
    if len(pcb.queued) < limit(pcb, flags.RLIMIT_SIGPENDING):
        pcb.queued.append(info)


def take_info(pcb: PCB, sig: int) -> Siginfo:
    """What is known of the pending ``sig`` that acts now; it is pending still if another waits."""
    queued = pcb.queued or []
    same = [info for info in queued if info.signo == sig]
    if not same:
        pid, _, uid = pcb.senders.get(sig, (0, b"kernel", 0))
        return Siginfo(sig, flags.SI_USER if pid else flags.SI_KERNEL, pid, uid)
    queued.remove(same[0])
    if len(same) > 1:
        pcb.pending |= 1 << (sig - 1)
    pcb.queued = queued or None
    return same[0]


def discard(pcb: PCB, sig: int) -> None:
    """Forget ``sig`` if it is pending."""
    pcb.pending &= ~(1 << (sig - 1))
    if pcb.queued is not None:
        pcb.queued = [info for info in pcb.queued if info.signo != sig] or None


def _push_handler(pcb: PCB, sig: int, info: Siginfo | None) -> None:
    handler: Any = pcb.handlers[sig]
    assert callable(handler)
    sa_flags = pcb.handler_flags.get(sig, 0)
    if sa_flags & SA_SIGINFO:
        known = info or take_info(pcb, sig)
        frame = Frame(lambda: pcb.bound(handler(pcb.sys, sig, known), main=False), sig, pcb.blocked)
    else:
        frame = Frame(lambda: pcb.bound(handler(pcb.sys, sig), main=False), sig, pcb.blocked)
    if pcb.saved_mask is not None:
        # sigsuspend(2): the mask to come back to is the one from before the call.
        frame.mask, pcb.saved_mask = pcb.saved_mask, None
    pcb.blocked |= pcb.handler_masks.get(sig, 0)
    if not sa_flags & SA_NODEFER:
        pcb.blocked |= 1 << (sig - 1)
    pcb.blocked &= ~UNBLOCKABLE
    if sa_flags & SA_RESETHAND:
        pcb.handlers[sig] = SIG_DFL
    below = pcb.frames[-1].resume
    if below[0] == "blocked":
        # An interrupted sleep: what is half done is the result; otherwise the call is made again
        # after the handler, or fails with EINTR (signal(7)).
        done = abandon(pcb)
        if done:
            pcb.frames[-1].resume = ("send", done)
        elif sa_flags & SA_RESTART and pcb.restartable:
            pcb.frames[-1].resume = ("request", below[1], below[2])
        else:
            pcb.frames[-1].resume = ("throw", error(Errno.EINTR))
    pcb.frames.append(frame)


def abandon(pcb: PCB) -> int:
    """Give up the call a process sleeps in; how much of it was done, as a partial result."""
    done, pcb.progress = pcb.progress, None
    pcb.deadline = None
    if isinstance(done, int):
        return done
    if done is not None:
        done.cancel()
    return 0


def ignored(pcb: PCB, sig: int) -> bool:
    """Whether ``sig`` would do nothing to this process."""
    disposition = pcb.handlers[sig]
    if disposition == SIG_IGN:
        return True
    return disposition == SIG_DFL and DEFAULT_ACTION[sig] in (Action.IGNORE, Action.CONT)


def inject(pcb: PCB, sig: int) -> None:
    """Make ``sig`` pending for a process that looks at it itself, before it goes on."""
    pcb.pending |= 1 << (sig - 1)
    pcb.work |= WORK_SIGNAL


def rt_sigreturn(kernel: Kernel, pcb: PCB) -> None:
    """sigreturn(2): what a handler was called before goes on. SIGSEGV where there is nothing."""
    if len(pcb.frames) < 2:
        kernel.terminate(pcb, Sig.SIGSEGV, (0, b"kernel", 0))
        return
    pcb.blocked = pcb.frames.pop().mask
    kernel.go_on(pcb, 1)
    raise Held


def notice(kernel: Kernel, pcb: PCB) -> None:
    """Get a process that just got a signal to the edge of user mode, wherever it is."""
    if not pcb.runnable:
        kernel.wake(pcb)  # the call looks again for what it waited for, and gives up if in vain
    elif pcb.request[0] == COMPUTE and kernel.acting is not pcb:
        # In its own code, on a core or waiting for one: it never gets to finish this first.
        kernel.dispatcher.account(pcb)
        pcb.frames[-1].resume = ("request", pcb.request, max(pcb.burst, 1))
        if deliver(kernel, pcb) or not pcb.zombie:
            kernel.go_on(pcb, HANDLER_CYCLES)


def _stop(kernel: Kernel, pcb: PCB, sig: int) -> None:
    if pcb.stopped:
        return
    pcb.stopped = True
    pcb.stopped_by = (sig, *pcb.senders.get(sig, (0, b"kernel", 0)))
    pcb.work |= WORK_STOP
    if pcb.runnable:
        kernel.dispatcher.dequeue(pcb)
    pcb.report = sig << 8 | 0x7F
    _tell_parent(kernel, pcb, stopped=True)
    if pcb.tracer is not None:
        pcb.tracer.stopped(kernel, sig)


def _continue(kernel: Kernel, pcb: PCB) -> None:
    if not pcb.stopped or (pcb.tracer is not None and not pcb.tracer.continued(kernel)):
        return
    pcb.stopped = False
    pcb.work &= ~WORK_STOP
    pcb.report = 0xFFFF
    _tell_parent(kernel, pcb, stopped=True)
    if pcb.runnable:
        kernel.dispatcher.enqueue(pcb, woken=True)
    else:
        kernel.wake(pcb)  # a background read has to find out whether it may go on (tty_ioctl(4))
    if deliverable(pcb):
        notice(kernel, pcb)


def of_child(parent: PCB, child: PCB) -> Siginfo | None:
    """What SIGCHLD says of ``child``, where somebody will look at it: a handler, or a tracer."""
    if parent.tracer is None and not parent.handler_flags.get(Sig.SIGCHLD, 0) & SA_SIGINFO:
        return None
    status = child.exit_status if child.zombie or child.report is None else child.report
    code, shown = flags.child_code(status)
    return Siginfo(Sig.SIGCHLD, code, child.pid, child.uid, shown)


def _tell_parent(kernel: Kernel, pcb: PCB, *, stopped: bool) -> None:
    kernel.world.mark(MARK_PROCESS)
    parent = kernel.processes.get(pcb.ppid)
    if parent is None:
        return
    if not parent.handler_flags.get(Sig.SIGCHLD, 0) & SA_NOCLDSTOP:
        post(kernel, parent, Sig.SIGCHLD, pcb, of_child(parent, pcb))
    if parent.child_wait is not None:
        parent.child_wait.wake()


# -- kill(2) -----------------------------------------------------------------------------------


def may_signal(sender: PCB, target: PCB, sig: int) -> bool:
    """kill(2): CAP_KILL, the same real or saved uid, or SIGCONT within a session."""
    if sender.euid in (target.uid, target.suid) or sender.uid in (target.uid, target.suid):
        return True
    if capable(sender, CAP_KILL):
        return True
    return sig == Sig.SIGCONT and sender.sid == target.sid


def kill(kernel: Kernel, sender: PCB, pid: int, sig: int) -> None:
    """kill(2). EINVAL for no signal, ESRCH for no process, EPERM if none may be signalled."""
    if not 0 <= sig <= NSIG:
        raise error(Errno.EINVAL)
    targets: Iterable[PCB]
    if pid > 0:
        target = kernel.processes.get(pid)
        targets = [target] if target is not None else []
    elif pid == -1:
        targets = [p for p in kernel.processes.values() if p.pid > 1 and p is not sender]
    else:
        pgid = -pid if pid else sender.pgid  # zombies are members still, and deaf
        targets = [p for p in kernel.processes.values() if p.pgid == pgid]
    targets = list(targets)
    if not targets:
        raise error(Errno.ESRCH)
    allowed = [target for target in targets if may_signal(sender, target, sig)]
    if not allowed:
        raise error(Errno.EPERM)
    if sig:
        for target in allowed:
            post(kernel, target, sig, sender)

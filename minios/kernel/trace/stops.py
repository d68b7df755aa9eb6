"""ptrace(2): a process that stops at its system calls and signals for another to look.

A traced process has a :class:`Trace`, and its table of system calls is replaced by one whose every
entry is :meth:`Trace.call`: an untraced process pays nothing, not even a test. A stop is a process
that is held (``pcb.stopped``) with its trap unfinished; when the tracer lets go, the same call is
made again, and the trace knows how far it had come.

A stop costs what it costs on a real machine: the switch to the tracer, the tracer's own calls, and
the switch back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from zlib import crc32

from minios.abi import flags, ptrace
from minios.abi.errno import Errno, error
from minios.abi.ptrace import Probe, SyscallInfo
from minios.abi.records import Siginfo, Waited
from minios.abi.signals import Sig
from minios.abi.syscalls import COMPUTE, NR, TRAP_CYCLES
from minios.kernel import death, signals
from minios.kernel.process import WORK_STOP, WORK_TRACE
from minios.kernel.trace.plain import plain
from minios.kernel.wait import Held, Sleep, WaitQueue
from minios.sim.canonical import encode
from minios.sim.world import MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

Handler = Callable[..., Any]

RESUME_CYCLES = 10
"""Going on after a stop."""

_OUTSIDE, _ENTERED, _CALLING, _RETURNED, _LEFT = range(5)
"""How far a traced call has come: not begun, entry reported, made, result held, exit reported."""

_SYSCALL_STOP = Sig.SIGTRAP
_GOOD = 0x80
"""What PTRACE_O_TRACESYSGOOD adds to the SIGTRAP of a system call."""


class Trace:
    """That one process traces another, and how far it has come."""

    __slots__ = (
        "_base", "_event", "_exit", "_group", "_info", "_inject", "_listening", "_op", "_phase",
        "_probe", "_restarts", "_result", "_skip", "_trap", "by", "calls", "fresh", "message",
        "mode", "options", "pcb", "seized", "stop",
    )  # fmt: skip

    def __init__(self, by: PCB, pcb: PCB, options: int, *, seized: bool) -> None:
        self.by = by
        self.pcb = pcb
        self.options = options
        self.seized = seized
        self.mode = ptrace.PTRACE_CONT
        """PTRACE_SYSCALL if it stops at its calls."""
        self.stop: int | None = None
        """The wait status of the stop it is in."""
        self.fresh = False
        """Whether the tracer has yet to be told of it (waitpid(2))."""
        self.message: Any = 0
        """What PTRACE_GETEVENTMSG tells of the last event."""
        self._base = pcb.calls
        self._phase = _OUTSIDE
        self._op = ptrace.SYSCALL_INFO_NONE
        self._result: Any = None
        self._restarts = False
        self._event: tuple[int, Any] | None = None
        self._info: Siginfo | None = None
        self._inject = 0
        self._trap = 0
        """A stop that was asked for: the low byte of its status, when it gets to the edge."""
        self._group = 0
        """The signal of the group stop it is in."""
        self._listening = False
        self._exit: int | None = None
        self._probe = False
        self._skip = False
        """Whether the tracer has said what the call it is about to make returns."""
        self.calls = Stopping(self)

    # -- a call --------------------------------------------------------------------------------

    def call(self, kernel: Kernel, pcb: PCB, *args: Any) -> Any:
        """Every system call of a traced process. Raises Held while the tracer looks."""
        nr = pcb.request[0]
        if self._phase == _OUTSIDE:
            self._phase = _ENTERED
            self._restarts = pcb.deadline is not None and nr in _RESTARTABLE
            if self.mode == ptrace.PTRACE_SYSCALL:
                self._op = ptrace.SYSCALL_INFO_ENTRY
                self._hold(kernel, self._trap_signal())
                # The trap itself was paid for; what the call does is done between the stops.
                pcb.burst = pcb.costs.get(nr, TRAP_CYCLES) * kernel.cycle_ns
                raise Held
        if self._phase == _ENTERED:
            self._phase = _CALLING
            if (
                pcb.seccomp is not None
                and self.options & ptrace.PTRACE_O_TRACESECCOMP
                and pcb.seccomp.traces(nr)
            ):
                self.message = pcb.seccomp.data(nr)
                self._op = ptrace.SYSCALL_INFO_SECCOMP
                self._hold_event(kernel, ptrace.PTRACE_EVENT_SECCOMP)
                raise Held
        if self._phase == _CALLING:
            result = self._make(kernel, pcb, nr, args)
            if type(result) in (WaitQueue, Sleep) or pcb.zombie:
                return result
            if pcb.stopped and self._exit is not None:
                raise Held
            self._result = result
            self._phase = _RETURNED
            if self._event is not None:
                event, self.message = self._event
                self._event = None
                self._hold_event(kernel, event)
                raise Held
        if self._phase == _RETURNED:
            self._phase = _LEFT
            if self.mode == ptrace.PTRACE_SYSCALL:
                self._op = ptrace.SYSCALL_INFO_EXIT
                self._hold(kernel, self._trap_signal())
                raise Held
        return self._finish(kernel, pcb, nr)

    def _make(self, kernel: Kernel, pcb: PCB, nr: int, args: tuple[Any, ...]) -> Any:
        """The call itself; an error is a result here."""
        if self._skip:
            self._skip = False
            return self._result
        if nr == NR.rt_sigreturn:
            return self._returning()
        calls: Any = self._base
        if (
            pcb.seccomp is not None
            and self.options & ptrace.PTRACE_O_TRACESECCOMP
            and pcb.seccomp.traces(nr)
        ):
            calls = pcb.seccomp.base  # the filter's question was answered by letting it go on
        handler = calls.get(nr)
        try:
            if handler is None:
                raise error(Errno.ENOSYS)
            return handler(kernel, pcb, *args)
        except OSError as err:
            return err

    def _returning(self) -> Any:
        """What the registers hold after sigreturn(2): the result of the call before the handler."""
        frames = self.pcb.frames
        resume = frames[-2].resume if len(frames) > 1 else ("send", 0)
        return resume[1] if resume[0] in ("send", "throw") else 0

    def _finish(self, kernel: Kernel, pcb: PCB, nr: int) -> Any:
        result, self._result = self._result, None
        self._phase = _OUTSIDE
        self._op = ptrace.SYSCALL_INFO_NONE
        if nr == NR.rt_sigreturn:
            return signals.rt_sigreturn(kernel, pcb)
        if isinstance(result, OSError):
            raise result
        return result

    def _trap_signal(self) -> int:
        good = self.options & ptrace.PTRACE_O_TRACESYSGOOD
        return _SYSCALL_STOP | _GOOD if good else int(_SYSCALL_STOP)

    # -- stops ---------------------------------------------------------------------------------

    def _hold(self, kernel: Kernel, code: int) -> None:
        """Stop, and tell the tracer ``code`` (a signal, with an event above it)."""
        pcb = self.pcb
        self.stop = code << 8 | 0x7F
        self.fresh = True
        if pcb.request[0] != COMPUTE:
            pcb.burst = RESUME_CYCLES * kernel.cycle_ns
        if not pcb.stopped:
            pcb.stopped = True
            pcb.work |= WORK_STOP
            if pcb.runnable:
                kernel.dispatcher.dequeue(pcb)
        kernel.world.mark(MARK_PROCESS)
        self.tell(kernel)

    def _hold_event(self, kernel: Kernel, event: int, sig: int = Sig.SIGTRAP) -> None:
        self._info = None
        self._hold(kernel, sig | event << 8)

    def leaving(self, kernel: Kernel) -> bool:
        """On the way back to user mode: whether it is held there for a stop that is due."""
        pcb = self.pcb
        if self.stop is not None:
            return True
        if self._phase == _CALLING and pcb.frames[-1].resume[0] == "blocked":
            # A signal, or the tracer, took it out of a sleep: that ends the call, for now.
            self._phase = _OUTSIDE
            if self.mode == ptrace.PTRACE_SYSCALL:
                self._op = ptrace.SYSCALL_INFO_EXIT
                self._result = self._interrupted(pcb)
                self._hold(kernel, self._trap_signal())
                return True
        if self._trap:
            code, self._trap = self._trap, 0
            pcb.work &= ~WORK_TRACE
            self._op = ptrace.SYSCALL_INFO_NONE
            self._hold(kernel, code)
            return True
        return False

    def _interrupted(self, pcb: PCB) -> Any:
        done = pcb.progress
        if isinstance(done, int) and done:
            signals.abandon(pcb)
            pcb.frames[-1].resume = ("send", done)
            return done
        nr = pcb.frames[-1].resume[1][0]
        if nr in _RESTARTABLE:
            code = ptrace.ERESTART_RESTARTBLOCK
        else:
            code = ptrace.ERESTARTSYS if pcb.restartable else ptrace.ERESTARTNOHAND
        return OSError(code, "")

    def deliver(self, kernel: Kernel, sig: int, info: Siginfo) -> bool:
        """Whether ``sig`` goes on to the process; otherwise it is stopped, to be asked about."""
        if self._inject == sig:
            self._inject = 0
            return True
        self._op = ptrace.SYSCALL_INFO_NONE
        self._info = info
        self._hold(kernel, sig)
        return False

    def stopped(self, kernel: Kernel, sig: int) -> None:
        """Its group is stopped by ``sig`` (group-stop)."""
        self._group = sig
        self._info = None
        event = ptrace.PTRACE_EVENT_STOP if self.seized else 0
        self._hold(kernel, sig | event << 8)

    def continued(self, kernel: Kernel) -> bool:
        """SIGCONT ends a group stop: whether that lets the process go on now."""
        self._group = 0
        if self.stop is not None:
            return False
        if self._listening:
            self._listening = False
            self.trap(kernel, Sig.SIGTRAP | ptrace.PTRACE_EVENT_STOP << 8)
        return True

    def trap(self, kernel: Kernel, code: int) -> None:
        """Have it stop as soon as it gets to the edge of user mode, and get it there."""
        pcb = self.pcb
        if self.stop is not None or pcb.zombie:
            return
        self._trap = code
        pcb.work |= WORK_TRACE
        if not pcb.stopped and not pcb.uninterruptible:
            signals.notice(kernel, pcb)

    def resume(self, kernel: Kernel, sig: int = 0) -> None:
        """Let it go on, with the signal ``sig`` if not 0."""
        pcb = self.pcb
        self.stop = None
        self.fresh = False
        self._listening = False
        if not pcb.stopped:
            return
        pcb.stopped = False
        pcb.work &= ~WORK_STOP
        if self._exit is not None:
            kernel.exit(pcb, self._exit)
            return
        if sig:
            signals.inject(pcb, sig)
            self._inject = sig
        if pcb.runnable:
            kernel.dispatcher.enqueue(pcb, woken=True)
        else:
            kernel.wake(pcb)
        kernel.world.mark(MARK_PROCESS)

    def listen(self) -> None:
        """PTRACE_LISTEN: it stays stopped, but SIGCONT will be told of."""
        self.stop = None
        self.fresh = False
        self._listening = True

    def replace(self, info: SyscallInfo) -> None:
        """Give the call it is stopped in the result of ``info``. EINVAL if it is in none."""
        if self._op not in (ptrace.SYSCALL_INFO_ENTRY, ptrace.SYSCALL_INFO_EXIT):
            raise error(Errno.EINVAL)
        self._result = OSError(info.rval, "") if info.is_error else info.rval
        self._skip = self._op == ptrace.SYSCALL_INFO_ENTRY

    # -- what happens to it --------------------------------------------------------------------

    def forked(self, kernel: Kernel, child: PCB) -> None:
        """It has forked ``child``, which is not running yet."""
        child.calls = self._base
        if not self.options & ptrace.PTRACE_O_TRACEFORK:
            return
        self._event = (ptrace.PTRACE_EVENT_FORK, child.pid)
        trace = Trace(self.by, child, self.options, seized=self.seized)
        hook(trace)
        child.sys.probes = self.pcb.sys.probes
        event = ptrace.PTRACE_EVENT_STOP if self.seized else 0
        sig = Sig.SIGTRAP if self.seized else Sig.SIGSTOP
        trace._trap = sig | event << 8
        child.work |= WORK_TRACE

    def execed(self, kernel: Kernel) -> None:
        """It runs another program now; the call is not finished."""
        if self.options & ptrace.PTRACE_O_TRACEEXEC:
            self._event = (ptrace.PTRACE_EVENT_EXEC, self.pcb.pid)
        elif not self.seized:
            signals.inject(self.pcb, Sig.SIGTRAP)

    def rebase(self, calls: Any) -> None:
        """Another table serves it from now on: it was filtered, or executed a foreign program."""
        self._base = calls

    def below(self) -> Any:
        """The table that serves it when nobody traces."""
        return self._base

    def exiting(self, kernel: Kernel, status: int) -> bool:
        """It is about to end: whether the tracer wants to look first."""
        if self._exit is not None or not self.options & ptrace.PTRACE_O_TRACEEXIT:
            return False
        if flags.wifsignaled(status) and flags.wtermsig(status) == Sig.SIGKILL:
            return False
        self._exit = status
        self.message = status
        self._hold_event(kernel, ptrace.PTRACE_EVENT_EXIT)
        return True

    def probe(self, kernel: Kernel, probe: Probe) -> None:
        """A library function reports. Raises Held until the tracer has seen it."""
        if self._probe or self.stop is not None:
            self._probe = False
            return
        self._probe = True
        self.message = probe
        self._info = Siginfo(Sig.SIGTRAP, ptrace.TRAP_BRKPT, 0, 0)
        self._op = ptrace.SYSCALL_INFO_NONE
        self._hold(kernel, Sig.SIGTRAP)
        raise Held

    def release(self, kernel: Kernel, sig: int = 0) -> None:
        """No longer traced: it goes on as if nobody had looked, unless its group is stopped."""
        pcb = self.pcb
        pcb.sys.probes = 0
        pcb.work &= ~WORK_TRACE
        pcb.tracer = None
        pcb.calls = self._base
        if self.by.tracees is not None:
            self.by.tracees.pop(pcb.pid, None)
        if self._phase in (_RETURNED, _LEFT):
            pcb.calls = _Once(self, self._base)
        if pcb.zombie:
            return
        if self._group and not sig:
            self.stop = None
            pcb.report = self._group << 8 | 0x7F
        elif self.stop is not None or self._listening:
            self.resume(kernel)
            if sig:
                signals.post(kernel, pcb, sig, self.by)

    # -- for the tracer ------------------------------------------------------------------------

    def tell(self, kernel: Kernel) -> None:
        """Wake the tracer: there is something to wait for."""
        tracer = self.by
        if callable(tracer.handlers[Sig.SIGCHLD]):
            signals.post(kernel, tracer, Sig.SIGCHLD, self.pcb)
        assert tracer.child_wait is not None
        tracer.child_wait.wake()

    def waited(self, kernel: Kernel, who: PCB, options: int) -> Waited | None:
        """What waitid(2) tells the tracer: a stop, or an end before the parent hears of it."""
        pcb = self.pcb
        if who is not self.by:
            return None
        if pcb.zombie:
            if pcb.ppid == who.pid:
                self.release(kernel)  # it is the parent: the ordinary way
                return None
            if options & flags.WEXITED:
                self.release(kernel)
                death.notify_exit(kernel, pcb)
                return Waited(pcb.pid, pcb.exit_status, pcb.rusage(), pcb.uid)
            return None
        if not self.fresh:
            return None
        self.fresh = bool(options & flags.WNOWAIT)
        assert self.stop is not None
        return Waited(pcb.pid, self.stop, pcb.rusage(), pcb.uid)

    def orphaned(self, kernel: Kernel) -> None:
        """The tracer has died: its tracees go on, or with PTRACE_O_EXITKILL die."""
        pcb = self.pcb
        parent = self.by.pid == pcb.ppid
        self.release(kernel)
        if pcb.zombie:
            if not parent:
                death.notify_exit(kernel, pcb)
        elif self.options & ptrace.PTRACE_O_EXITKILL:
            kernel.terminate(pcb, Sig.SIGKILL, (self.by.pid, self.by.comm, self.by.uid))

    def info(self) -> SyscallInfo:
        """PTRACE_GET_SYSCALL_INFO."""
        pcb = self.pcb
        if self._op == ptrace.SYSCALL_INFO_NONE:
            return SyscallInfo(self._op, pcb.personality, 0, ())
        request = pcb.request
        if request[0] == COMPUTE and pcb.frames:
            resume = pcb.frames[-1].resume
            request = resume[1] if resume[0] in ("blocked", "request") else request
        nr = NR.restart_syscall if self._restarts else request[0]
        args = tuple(map(plain, request[1]))
        if request[0] == NR.rt_sigreturn and pcb.frames:
            args = (pcb.frames[-1].mask,)  # what it takes from the stack
        if self._op != ptrace.SYSCALL_INFO_EXIT:
            return SyscallInfo(self._op, pcb.personality, nr, args)
        result = self._result
        if isinstance(result, OSError):
            return SyscallInfo(self._op, pcb.personality, nr, args, result.errno, True)
        return SyscallInfo(self._op, pcb.personality, nr, args, plain(result))

    def siginfo(self) -> Siginfo:
        """PTRACE_GETSIGINFO. EINVAL in a group stop."""
        if self._info is None:
            if self._group:
                raise error(Errno.EINVAL)
            assert self.stop is not None
            return Siginfo(self.stop >> 8 & 0x7F, self.stop >> 8, self.pcb.pid, self.pcb.uid)
        return self._info

    def state(self) -> Any:
        """Plain data for the digest."""
        result = self._result
        held = result.errno if isinstance(result, OSError) else plain(result)
        return (
            self.by.pid, self.pcb.pid, self.options, self.seized, self.mode, self.stop, self.fresh,
            self._phase, self._op, self._trap, self._group, self._inject, self._listening,
            crc32(encode(held)), self._exit, self.pcb.sys.probes,
        )  # fmt: skip


class Stopping:
    """The table of a traced process: every call of it goes through its trace."""

    __slots__ = ("trace",)

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def get(self, nr: int) -> Handler | None:
        if nr < 0:
            below: Handler | None = self.trace._base.get(nr)
            return below
        return self.trace.call


class _Once:
    """The table of a process that was released in the middle of a call: its result comes first."""

    __slots__ = ("below", "trace")

    def __init__(self, trace: Trace, below: Any) -> None:
        self.trace = trace
        self.below = below

    def get(self, nr: int) -> Handler | None:
        return self._finish

    def _finish(self, kernel: Kernel, pcb: PCB, *args: Any) -> Any:
        pcb.calls = self.below
        return self.trace._finish(kernel, pcb, pcb.request[0])


def hook(trace: Trace) -> None:
    """The trace takes hold of its process, and its tracer knows of it."""
    pcb, tracer = trace.pcb, trace.by
    pcb.tracer = trace
    pcb.calls = trace.calls
    if tracer.tracees is None:
        tracer.tracees = {}
    tracer.tracees[pcb.pid] = pcb


_RESTARTABLE = frozenset((NR.clock_nanosleep_time64,))
"""Calls that go on with what is left of their time: restart_syscall(2)."""

"""The kernel: processes are born, trap, sleep, wake and die here.

Almost nothing interesting happens in this file by itself. A program's trap arrives in
:meth:`Kernel.effect` once its cost has been paid on a core; a plain function from the system-call
table does the work and returns a value, raises an ``OSError`` or says where to wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from zlib import crc32

from minios.abi.errno import Errno, error
from minios.abi.signals import Sig
from minios.abi.syscalls import COMPUTE, NR, PAGEIN, TRAP_CYCLES
from minios.kernel import calls, death, scheduling, signals, state
from minios.kernel.cores import Dispatcher
from minios.kernel.dev.interrupts import Interrupts
from minios.kernel.files import fscalls, inotify, latewaits, storagecalls
from minios.kernel.files.locks import LockTable
from minios.kernel.iowait import IoWait
from minios.kernel.load import LoadAverage
from minios.kernel.log import LOG_EMERG, KernelLog
from minios.kernel.mm import access
from minios.kernel.mm import calls as mm_calls
from minios.kernel.mm.memory import Memory
from minios.kernel.process import PCB, WORK_PAGES, WORK_TRACE, Table
from minios.kernel.socket import calls as socket
from minios.kernel.socket.table import SocketTable
from minios.kernel.trace import late as tracing
from minios.kernel.wait import Blocked, Held, Sleep, WaitQueue
from minios.kernel.why.log import Causes
from minios.sim.canonical import encode
from minios.sim.world import MARK_FILE

if TYPE_CHECKING:
    from minios.kernel.dev.tty import Tty
    from minios.kernel.machine import Machine
    from minios.net.host.stack import Stack

Handler = Callable[..., Any]

WAKE_CYCLES = 10
"""Returning from a sleep into the call that slept."""
START_CYCLES = 200
"""The first steps of a new process image."""

_MASK = (1 << 64) - 1

CALLS: dict[int, Handler] = {
    **fscalls.CALLS, **calls.CALLS, **tracing.CALLS, **inotify.CALLS, **mm_calls.CALLS,
    **storagecalls.CALLS, **socket.CALLS, **latewaits.CALLS,
}  # fmt: skip


class Kernel:
    """A running kernel on a machine; a power cycle makes a new one."""

    hidden = False
    """True for a judge's kernel, which shares the machine's files and nothing else."""

    def __init__(self, machine: Machine, *, cores: int | None = None) -> None:
        self.machine = machine
        self.world = machine.world
        self.vfs = machine.vfs
        self.cycle_ns = 1_000_000_000 // machine.hz
        self.boot_time = self.world.now
        self.processes: dict[int, PCB] = {}
        self.ttys: dict[bytes, Tty] = {}
        self.devices: Any = None
        self.pipefs: Any = None
        """The file systems of device nodes and of nameless things; files/mounts.py makes both."""
        self.history: Any = None
        """What the counters were (minios.kernel.history); a judge keeps none."""
        self.cache: Any = None
        """The page cache; None for a judge, who has no use for one."""
        self.open_files = 0
        self.pipe_bytes = 0
        """Bytes that lie in all pipes."""
        self.hostname = machine.hostname
        self.dispatcher = Dispatcher(
            self,
            machine.cores if cores is None else cores,
            "cfs" if self.hidden else machine.scheduler,
            machine.sched,
        )
        self.acting: PCB | None = None
        """The process whose trap is being handled."""
        self.log = KernelLog(self)
        self.causes = Causes()
        """Why processes died and calls were refused."""
        self.load = LoadAverage(self.world.now)
        self.iowait = IoWait(self)
        self.forks = 0
        self.ram = machine.ram
        self.mm = Memory(self, self.ram)
        self.halted = ""
        """Why the machine stands still, if it does."""
        self.faults: list[str] = []
        """Programs that died of a bug of their own, for tests to find."""
        self._next_pid = 0
        self._user_processes: dict[int, int] = {}
        self.personality = "linux" if self.hidden else machine.personality
        """The table of system calls that it serves without being asked."""
        self.tables: dict[str, Table] = {}
        """Other tables than Linux's, made when they are first needed."""
        self.calls: Table = CALLS
        """The table that serves the traps of every process that is neither traced, nor filtered,
        nor of another personality."""
        self.parts: dict[str, Callable[[], Any]] = {}
        """What else belongs to the digest: a name, and what gives canonical data."""
        self.parts["causes"] = self.causes.state
        self.parts["memory"] = self.mm.state
        self.parts["iowait"] = self.iowait.state
        self.locks = LockTable(self)
        self.parts["scheduling"] = lambda: scheduling.state(self)
        self.parts["locks"] = self.locks.state
        self.parts["inotify"] = lambda: self.vfs.cookie
        self.inotify: list[Any] = []
        """The inotify instances, oldest first."""
        self.epolls: dict[Any, dict[Any, None]] = {}
        """The entries of epoll sets that watch an open file."""
        self.sockets = SocketTable()
        self._net: Stack | None = None
        self.interrupts = Interrupts(self)
        self.parts["interrupts"] = self.interrupts.state
        self.sysctl: dict[str, int] = {"abi.linux": 1} if self.personality == "xv6" else {}
        """The kernel parameters that are not what they are at boot (minios.kernel.sysctl)."""

    @property
    def cores(self) -> list[Any]:
        return self.dispatcher.cores

    @property
    def net(self) -> Stack:
        """The network stack: made at boot where there are interfaces, else when first asked for."""
        if self._net is None:
            from minios.kernel.net.stack import make_stack

            self._net = make_stack(self)
        return self._net

    @property
    def networked(self) -> bool:
        """Whether there is a stack by now."""
        return self._net is not None

    # -- looking things up ---------------------------------------------------------------------

    def clock(self) -> int:
        """CLOCK_REALTIME in ns."""
        return self.machine.epoch + self.world.now

    def group(self, pgid: int) -> list[PCB]:
        """The living members of a process group, by pid."""
        return [p for p in self.processes.values() if p.pgid == pgid and not p.zombie]

    def orphaned(self, pgid: int) -> bool:
        """Whether nobody in the session but outside the group cares for it (XBD 3.264)."""
        for pcb in self.processes.values():
            if pcb.pgid != pgid or pcb.zombie:
                continue
            parent = self.processes.get(pcb.ppid)
            if parent is not None and parent.pgid != pgid and parent.sid == pcb.sid:
                return False
        return True

    def load_averages(self) -> tuple[int, int, int]:
        """1, 5 and 15 minutes, in 1/65536."""
        self.load.roll(self.world.now)
        one, five, fifteen = self.load.averages
        return one, five, fifteen

    def cpu_time(self, pcb: PCB) -> tuple[int, int]:
        """(user, system) ns, computed without disturbing anything."""
        return self.dispatcher.cpu_time(pcb)

    def files_changed(self) -> None:
        """Some file of the machine is not what it was."""
        self.world.mark(MARK_FILE)

    def signal(self, pcb: PCB, sig: int) -> None:
        """Post a signal on the kernel's own account."""
        signals.post(self, pcb, sig)

    def signal_group(self, pgid: int, sig: int) -> None:
        """Post a signal to a process group on the kernel's own account."""
        signals.post_group(self, pgid, sig)

    @property
    def last_pid(self) -> int:
        """The pid given out last."""
        return self._next_pid

    def runnable_count(self) -> int:
        """How many processes run or want to."""
        return sum(p.runnable and not p.stopped for p in self.processes.values())

    # -- counting --------------------------------------------------------------------------------

    def new_pid(self) -> int:
        """The next free pid, as Linux counts: upwards, then round again from 2. EAGAIN if none."""
        limit_pid = self.machine.pid_max
        taken = self.processes
        if len(taken) >= limit_pid - 1:
            raise error(Errno.EAGAIN)
        pid = self._next_pid
        for _ in range(limit_pid):
            pid = pid + 1 if pid + 1 < limit_pid else 2
            if pid not in taken:
                self._next_pid = pid
                return pid
        raise error(Errno.EAGAIN)

    def count_user(self, uid: int, by: int) -> None:
        """``by`` more processes of a real uid."""
        self._user_processes[uid] = self._user_processes.get(uid, 0) + by

    def count_of(self, uid: int) -> int:
        """How many processes a real uid has, zombies not counted."""
        return self._user_processes.get(uid, 0)

    def change_uid(self, pcb: PCB, uid: int) -> None:
        """Move a process to another real uid's count."""
        self.count_user(pcb.uid, -1)
        self.count_user(uid, 1)
        pcb.uid = uid

    @property
    def ram_used(self) -> int:
        """Bytes of RAM in use, the page cache not counted: it makes room."""
        return self.mm.used

    # -- a trap --------------------------------------------------------------------------------

    def effect(self, pcb: PCB) -> None:
        """The trap of ``pcb`` has been paid for: do it, and find out what it wants next."""
        nr, args = pcb.request
        self.acting = pcb
        if nr == COMPUTE:
            if pcb.work:
                self._leave_kernel(pcb)
            else:
                self._step(pcb, pcb.frames[-1].resume)
            self.acting = None
            return
        hooks = self.world.instruments.on_trap
        if hooks:
            for hook in hooks:
                hook(pcb, nr, args)
        handler = pcb.calls.get(nr)
        try:
            if handler is None:
                raise error(Errno.ENOSYS)
            result = handler(self, pcb, *args)
        except Held:
            self.acting = None
            return
        except Blocked as blocked:
            result = blocked.queue
        except OSError as err:
            if pcb.frames and not pcb.zombie:
                self._done(pcb, nr, err)
            self.acting = None
            return
        kind = type(result)
        if kind is WaitQueue:
            self._sleep(pcb, (result,), None, result.name, restart=True, disk=result.disk)
        elif kind is Sleep:
            self._sleep(pcb, result.queues, result.timeout, result.name, restart=result.restart)
        elif not pcb.zombie:
            self._done(pcb, nr, result)
        self.acting = None

    def _done(self, pcb: PCB, nr: int, result: Any) -> None:
        """A call has its result; the rolling hash takes it in."""
        pcb.deadline = None
        pcb.progress = None
        hooks = self.world.instruments.on_return
        if hooks:
            for hook in hooks:
                hook(pcb, nr, result)
        kind = type(result)
        if kind is bytes:
            fold = crc32(result) + (len(result) << 32)
        elif kind is int:
            fold = result
        elif result is None:
            fold = 1
        elif isinstance(result, OSError):
            pcb.trace = (pcb.trace * 6364136223846793005 + 2 + (result.errno or 0)) & _MASK
            self.causes.refused(self, pcb, result)
            self._return(pcb, ("throw", result))
            return
        else:
            fold = crc32(encode(result))
        pcb.trace = (pcb.trace * 6364136223846793005 + fold + nr) & _MASK
        self._return(pcb, ("send", result))

    def _return(self, pcb: PCB, resume: tuple[Any, ...]) -> None:
        if pcb.work:
            pcb.frames[-1].resume = resume
            self._leave_kernel(pcb)
        else:
            self._step(pcb, resume)

    def _leave_kernel(self, pcb: PCB) -> None:
        """Back to user mode, as the topmost frame says, once all work on its edge is done."""
        if pcb.work & WORK_PAGES and not pcb.stopped and access.page_in(self, pcb):
            return
        if signals.deliver(self, pcb):
            self._step(pcb, pcb.frames[-1].resume)
        elif not pcb.zombie:
            self.go_on(pcb, WAKE_CYCLES)

    def go_on(self, pcb: PCB, cycles: int) -> None:
        """Let the topmost frame go on, as its ``resume`` says, after ``cycles`` on a core."""
        pcb.request = (COMPUTE, (cycles,))
        self.dispatcher.shorten(pcb, cycles * self.cycle_ns)

    def _step(self, pcb: PCB, resume: tuple[Any, ...]) -> None:
        """Run the program's own code up to its next trap. This is the only place that does."""
        frames = pcb.frames
        while True:
            kind = resume[0]
            if kind in ("request", "blocked"):
                frames[-1].resume = ("send", None)
                pcb.request = resume[1]
                pcb.burst = resume[2]
                return
            coro = frames[-1].coro
            if coro is None:
                coro = frames[-1].coro = frames[-1].make()
            frames[-1].resume = ("send", None)
            try:
                if kind == "send":
                    request = coro.send(resume[1])
                else:
                    request = coro.throw(resume[1])
            except StopIteration as stop:
                if len(frames) == 1:
                    # What the C library's start code does with the value of main().
                    code = stop.value if type(stop.value) is int else 0
                    pcb.request = (NR.exit_group, (code,))
                    pcb.burst = pcb.costs.get(NR.exit_group, TRAP_CYCLES) * self.cycle_ns
                    return
                if pcb.tracer is not None:
                    # Where a handler returns to is a stub that calls sigreturn(2).
                    pcb.request = (NR.rt_sigreturn, ())
                    pcb.burst = TRAP_CYCLES * self.cycle_ns
                    return
                done = frames.pop()
                pcb.blocked = done.mask
                resume = frames[-1].resume
                if pcb.pending & ~pcb.blocked:
                    if not signals.deliver(self, pcb):
                        return
                    resume = frames[-1].resume
                continue
            except OSError:
                # The program did not look at an error; C programs that don't, go on or abort.
                pcb.request = (NR.exit_group, (1,))
                pcb.burst = pcb.costs.get(NR.exit_group, TRAP_CYCLES) * self.cycle_ns
                return
            except RecursionError:
                self.terminate(pcb, Sig.SIGSEGV, (0, b"kernel", 0))
                return
            except Exception as bug:
                if pcb.brand != pcb.personality:
                    # A program that reads nonsense from a kernel it was not made for.
                    self.terminate(pcb, Sig.SIGSEGV, (0, b"kernel", 0))
                    return
                self.faults.append(f"{pcb.comm.decode('latin-1')}: {type(bug).__name__}: {bug}")
                self.terminate(pcb, Sig.SIGABRT, (0, b"kernel", 0))
                return
            pcb.request = request
            nr, args = request
            if nr == COMPUTE:
                cycles = args[0]
                if cycles < 1:
                    cycles = 1
            else:
                cycles = pcb.costs.get(nr, TRAP_CYCLES)
                if nr == NR.write and type(args[1]) is bytes:
                    cycles += len(args[1]) >> 4
                elif kind == "send" and type(resume[1]) is bytes:
                    cycles += len(resume[1]) >> 4
            pcb.burst = cycles * self.cycle_ns
            return

    # -- for minios.kernel.mm --------------------------------------------------------------------

    def finish(self, pcb: PCB, nr: int, result: Any) -> None:
        """Give a process the result of what it asked for, from inside the handler of that."""
        self._done(pcb, nr, result)

    def leave(self, pcb: PCB) -> None:
        """Let a process go on as its topmost frame says, signals first."""
        self._leave_kernel(pcb)

    def wait_for_pages(self, pcb: PCB, queue: WaitQueue) -> None:
        """Put a process to sleep at the edge of user mode, until pages are there."""
        pcb.request = (PAGEIN, ())
        self._sleep(pcb, (queue,), None, queue.name, restart=True, disk=queue.disk)

    # -- sleep and wake ------------------------------------------------------------------------

    def _sleep(
        self,
        pcb: PCB,
        queues: tuple[WaitQueue, ...],
        timeout: int | None,
        name: str,
        *,
        restart: bool,
        disk: bool = False,
    ) -> None:
        pcb.restartable = restart
        if (pcb.pending & ~pcb.blocked or pcb.work & WORK_TRACE) and not disk:
            pcb.frames[-1].resume = ("blocked", pcb.request, WAKE_CYCLES * self.cycle_ns)
            self._leave_kernel(pcb)
            return
        world = self.world
        if timeout is not None and pcb.deadline is None:
            pcb.deadline = world.now + max(timeout, 0)
        if pcb.deadline is not None:
            pcb.wakeup = world.timer(pcb.deadline, self._time_is_up, pcb)
        for queue in queues:
            queue.sleepers[pcb] = None
        pcb.wait_queues = queues
        pcb.wchan = name
        pcb.nvcsw += 1
        pcb.runnable = False
        pcb.uninterruptible = disk
        if disk:  # who waits for a disk counts as load (proc(5))
            self.iowait.begin()
        else:
            self.load.changed(world.now, -1)
        self.dispatcher.dequeue(pcb)

    def _time_is_up(self, pcb: PCB) -> None:
        """The timeout of a sleep has run out: the timer of its core interrupts."""
        self.cores[pcb.last_core].ticks += 1
        self.wake(pcb)

    def wake(self, pcb: PCB) -> None:
        """Make a sleeper runnable; its call is made again when it gets a core."""
        if pcb.runnable or pcb.zombie:
            return
        for queue in pcb.wait_queues:
            queue.sleepers.pop(pcb, None)
        pcb.wait_queues = ()
        pcb.wchan = ""
        if pcb.wakeup is not None:
            pcb.wakeup.cancel()
            pcb.wakeup = None
        pcb.runnable = True
        if pcb.uninterruptible:
            pcb.uninterruptible = False
            self.iowait.end()
            self.mm.pressure.end(pcb)
        else:
            self.load.changed(self.world.now, 1)
        pcb.burst = WAKE_CYCLES * self.cycle_ns
        if not pcb.stopped:
            self.dispatcher.enqueue(pcb, woken=True)

    # -- death ---------------------------------------------------------------------------------

    def terminate(self, pcb: PCB, sig: int, origin: tuple[int, bytes, int]) -> None:
        """End a process by a signal; ``origin`` is (pid, comm, uid) of who sent it."""
        pcb.killed_by = (sig, *origin)
        self.exit(pcb, sig)

    def exit(self, pcb: PCB, status: int) -> None:
        """End a process with a wait status."""
        death.exit(self, pcb, status)

    def halt(self, reason: str) -> None:
        """Nothing runs any more. The reason is on the console, as a panic's is."""
        if self.halted:
            return
        self.halted = reason
        self.log.put(reason, LOG_EMERG)
        self.dispatcher.halt()
        for tty in self.ttys.values():
            tty.message(reason.encode() + b"\r\n")

    def shut_down(self) -> None:
        """The power is gone: every process with it, without a chance to notice."""
        self.dispatcher.halt()
        self.halted = self.halted or "powered off"
        if self._net is not None:
            self._net.close()
        everybody = list(self.processes.values())
        for pcb in everybody:
            frames, pcb.frames = pcb.frames, []
            pcb.zombie = True
            pcb.runnable = False
            death.disarm(pcb)
            death.close_frames(frames)
        for pcb in everybody:  # by now nobody is woken by what another one closes
            if pcb.fds is not None:
                pcb.fds.close_all()
        self.processes.clear()
        self.mm.power_off()
        self.locks.clear()
        for instance in list(self.inotify):
            instance.close()
        self.sockets.close_all()

    # -- from outside --------------------------------------------------------------------------

    def send_signal(self, pid: int, sig: int, uid: int | None) -> None:
        """kill(2) by somebody who is no process here: a pane, an event. None may do everything."""
        pcb = self.processes.get(pid)
        if pcb is None:
            raise error(Errno.ESRCH)
        if uid not in (None, 0, pcb.uid, pcb.suid):
            raise error(Errno.EPERM)
        if sig:
            signals.post(self, pcb, sig)

    def set_nice(self, pid: int, nice: int, uid: int | None) -> None:
        """setpriority(2) from outside; only root lowers a nice value. EACCES EPERM ESRCH."""
        pcb = self.processes.get(pid)
        if pcb is None:
            raise error(Errno.ESRCH)
        if uid not in (None, 0, pcb.uid):
            raise error(Errno.EPERM)
        nice = max(-20, min(19, nice))
        if nice < pcb.nice and uid not in (None, 0):
            raise error(Errno.EACCES)
        self.dispatcher.reweigh(pcb, nice)

    # -- digest --------------------------------------------------------------------------------

    def digest(self) -> bytes:
        """The canonical state; see :mod:`minios.kernel.state`."""
        return state.digest(self)

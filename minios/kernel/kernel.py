"""The kernel: processes are born, trap, sleep, wake and die here.

Almost nothing interesting happens in this file by itself. A program's trap arrives in
:meth:`Kernel.effect` once its cost has been paid on a core; a plain function from the system-call
table does the work and returns a value, raises an ``OSError`` or says where to wait.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

from minios.abi.errno import Errno, error
from minios.abi.flags import RLIMIT_NPROC, exit_status
from minios.abi.signals import SA_NOCLDWAIT, SIG_DFL, SIG_IGN, Sig
from minios.abi.sys import Entry, Sys
from minios.abi.syscalls import COMPUTE, NR
from minios.kernel import calls, fscalls, signals
from minios.kernel.cores import Dispatcher
from minios.kernel.exec import load
from minios.kernel.load import LoadAverage
from minios.kernel.process import DEFAULT_LIMITS, IMAGE_BYTES, PCB, Frame, limit
from minios.kernel.sched import POLICIES
from minios.kernel.wait import Sleep, WaitQueue
from minios.sim.canonical import encode
from minios.sim.world import MARK_FILE, MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.machine import Machine
    from minios.kernel.tty import Tty

Handler = Callable[..., Any]

TRAP_CYCLES = 20
WAKE_CYCLES = 10
"""Returning from a sleep into the call that slept."""
START_CYCLES = 200
"""The first steps of a new process image."""

_MASK = (1 << 64) - 1
_SYS = Sys()

CALLS: dict[int, Handler] = {**fscalls.CALLS, **calls.CALLS}
COSTS: dict[int, int] = {
    NR.clone: 400,
    NR.execve: 800,
    NR.exit_group: 100,
    NR.openat: 40,
    NR.statx: 30,
    NR.getdents64: 60,
}
"""Cycles of the calls that cost more than a trap; what they copy comes on top."""


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
        self.open_files = 0
        self.pipe_bytes = 0
        """Bytes that lie in all pipes."""
        """The file system of nameless things, and of device nodes; mounts.py makes both."""
        self.hostname = machine.hostname
        self.dispatcher = Dispatcher(
            self, machine.cores if cores is None else cores, POLICIES[machine.scheduler],
            machine.quantum,
        )  # fmt: skip
        self.acting: PCB | None = None
        """The process whose trap is being handled."""
        self.load = LoadAverage(self.world.now)
        self.forks = 0
        self.ram_used = 0
        self.ram = machine.ram
        self.halted = ""
        """Why the machine stands still, if it does."""
        self.faults: list[str] = []
        """Programs that died of a bug of their own, for tests to find."""
        self._next_pid = 0
        self._user_processes: dict[int, int] = {}
        self._calls = CALLS

    @property
    def cores(self) -> list[Any]:
        return self.dispatcher.cores

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

    # -- birth ---------------------------------------------------------------------------------

    def _new_pid(self) -> int:
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

    def _count_user(self, uid: int, by: int) -> None:
        self._user_processes[uid] = self._user_processes.get(uid, 0) + by

    def change_uid(self, pcb: PCB, uid: int) -> None:
        """Move a process to another real uid's count."""
        self._count_user(pcb.uid, -1)
        self._count_user(uid, 1)
        pcb.uid = uid

    def claim(self, count: int) -> None:
        """Take (or with a negative count give back) bytes of RAM. ENOMEM."""
        if count > 0 and self.ram_used + count > self.ram:
            raise error(Errno.ENOMEM)
        self.ram_used += count

    def fork(self, parent: PCB, entry: Entry, state: Sequence[Any]) -> PCB:
        """A child that goes on in ``entry(sys, *state)``. EAGAIN (limits), ENOMEM."""
        if parent.euid != 0 and self._user_processes.get(parent.uid, 0) >= limit(
            parent, RLIMIT_NPROC
        ):
            raise error(Errno.EAGAIN)
        self.claim(parent.rss)
        try:
            pid = self._new_pid()
        except OSError:
            self.claim(-parent.rss)
            raise
        child = PCB(pid, parent.pid, self.world.now)
        child.pgid, child.sid, child.tty = parent.pgid, parent.sid, parent.tty
        child.comm, child.exe, child.program = parent.comm, parent.exe, parent.program
        child.argv, child.environ = parent.argv, parent.environ
        child.lineage = parent.lineage
        child.uid, child.euid, child.suid = parent.uid, parent.euid, parent.suid
        child.gid, child.egid, child.sgid = parent.gid, parent.egid, parent.sgid
        child.groups, child.judge = parent.groups, parent.judge
        child.cwd, child.umask = parent.cwd, parent.umask
        child.fds = parent.fds.copy()
        child.rlimits = dict(parent.rlimits)
        child.brk, child.image_bytes = parent.brk, parent.image_bytes
        child.maxrss = child.rss
        child.blocked = parent.blocked
        child.handlers = list(parent.handlers)
        child.handler_flags = dict(parent.handler_flags)
        child.handler_masks = dict(parent.handler_masks)
        child.nice = parent.nice
        child.last_core = parent.last_core
        child.trace = parent.trace
        self._enter(child, lambda: entry(_SYS, *state), START_CYCLES // 4)
        parent.children[pid] = child
        hooks = self.world.instruments.on_fork
        if hooks:
            for hook in hooks:
                hook(parent, child)
        return child

    def _enter(self, pcb: PCB, make: Callable[[], Coroutine[Any, Any, Any]], cycles: int) -> None:
        pcb.child_wait = WaitQueue(self, "do_wait")
        pcb.frames = [Frame(make, 0, 0)]
        pcb.request = (COMPUTE, (cycles,))
        pcb.burst = cycles * self.cycle_ns
        self.processes[pcb.pid] = pcb
        self.forks += 1
        self._count_user(pcb.uid, 1)
        pcb.runnable = True
        self.load.changed(self.world.now, 1)
        self.dispatcher.enqueue(pcb, woken=False)
        self.world.mark(MARK_PROCESS)

    def start(
        self,
        argv: Sequence[bytes],
        *,
        uid: int = 0,
        gid: int = 0,
        groups: Sequence[int] = (),
        env: Mapping[bytes, bytes] | None = None,
        cwd: bytes = b"/",
        identity: str | None = None,
        fds: Mapping[int, Any] | None = None,
        nice: int = 0,
        path: bytes | None = None,
    ) -> PCB:
        """Start a program from outside, as a child of pid 1 in a session of its own.

        ``fds`` gives open files (each is taken over); without it 0 to 2 are /dev/null. OSError as
        execve(2) and fork(2) raise it, with nothing left behind.
        """
        self.claim(IMAGE_BYTES)
        try:
            pid = self._new_pid()
        except OSError:
            self.claim(-IMAGE_BYTES)
            raise
        pcb = PCB(pid, 1 if pid != 1 else 0, self.world.now)
        pcb.uid = pcb.euid = pcb.suid = uid
        pcb.gid = pcb.egid = pcb.sgid = gid
        pcb.groups = tuple(groups)
        pcb.judge = self.hidden
        pcb.identity = pcb.lineage = identity
        pcb.nice = nice
        pcb.rlimits = dict(DEFAULT_LIMITS)
        pcb.rlimits[RLIMIT_NPROC] = (self.machine.nproc, self.machine.nproc)
        environ = tuple(k + b"=" + v for k, v in (env or {}).items())
        try:
            fscalls.prepare(self, pcb, cwd, fds)
            image = load(self, pcb, path if path is not None else argv[0], list(argv), environ)
        except OSError:
            self.claim(-IMAGE_BYTES)
            if pcb.fds is not None:
                pcb.fds.close_all()
            raise
        image.apply(pcb)
        pcb.maxrss = pcb.rss
        self._enter(pcb, image.start, START_CYCLES)
        parent = self.processes.get(pcb.ppid)
        if parent is not None:
            parent.children[pid] = pcb
        return pcb

    def exec(self, pcb: PCB, path: bytes, argv: list[bytes], environ: tuple[bytes, ...]) -> None:
        """Replace the program of ``pcb`` (execve(2)); everything that may fail comes first."""
        image = load(self, pcb, path, argv, environ)
        size = IMAGE_BYTES + image.arguments
        self.claim(size - pcb.rss)
        frames, pcb.frames = pcb.frames, []
        _close(frames)
        pcb.brk = 0
        pcb.image_bytes = size
        image.apply(pcb)
        pcb.fds.close_on_exec()
        for sig, disposition in enumerate(pcb.handlers):
            if disposition != SIG_IGN:
                pcb.handlers[sig] = SIG_DFL
        pcb.handler_flags.clear()
        pcb.handler_masks.clear()
        pcb.saved_mask = None
        pcb.maxrss = max(pcb.maxrss, pcb.rss)
        pcb.frames = [Frame(image.start, 0, 0)]
        hooks = self.world.instruments.on_exec
        if hooks:
            for hook in hooks:
                hook(pcb)
        self.world.mark(MARK_PROCESS)

    # -- a trap --------------------------------------------------------------------------------

    def effect(self, pcb: PCB) -> None:
        """The trap of ``pcb`` has been paid for: do it, and find out what it wants next."""
        nr, args = pcb.request
        self.acting = pcb
        if nr == COMPUTE:
            resume = pcb.frames[-1].resume
            if pcb.pending & ~pcb.blocked or pcb.stopped:
                self._leave_kernel(pcb)
            else:
                self._step(pcb, resume)
            self.acting = None
            return
        if pcb.interrupted:
            pcb.interrupted = False
            if pcb.pending & ~pcb.blocked:
                pcb.frames[-1].resume = ("blocked", pcb.request, WAKE_CYCLES * self.cycle_ns)
                self._leave_kernel(pcb)
                self.acting = None
                return
        hooks = self.world.instruments.on_trap
        if hooks:
            for hook in hooks:
                hook(pcb, nr, args)
        handler = self._calls.get(nr)
        try:
            if handler is None:
                raise error(Errno.ENOSYS)
            result = handler(self, pcb, *args)
        except OSError as err:
            if pcb.frames and not pcb.zombie:
                self._done(pcb, nr, err)
            self.acting = None
            return
        kind = type(result)
        if kind is WaitQueue:
            self._sleep(pcb, (result,), None, result.name, restart=True)
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
            self._return(pcb, ("throw", result))
            return
        else:
            fold = crc32(encode(result))
        pcb.trace = (pcb.trace * 6364136223846793005 + fold + nr) & _MASK
        self._return(pcb, ("send", result))

    def _return(self, pcb: PCB, resume: tuple[Any, ...]) -> None:
        if pcb.pending & ~pcb.blocked or pcb.stopped:
            pcb.frames[-1].resume = resume
            self._leave_kernel(pcb)
        else:
            self._step(pcb, resume)

    def _leave_kernel(self, pcb: PCB) -> None:
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
                    code = stop.value if type(stop.value) is int else 0
                    self.exit(pcb, exit_status(code))
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
                self.exit(pcb, exit_status(1))
                return
            except RecursionError:
                self.terminate(pcb, Sig.SIGSEGV, (0, b"kernel", 0))
                return
            except Exception as bug:
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
                cycles = COSTS.get(nr, TRAP_CYCLES)
                if nr == NR.write and type(args[1]) is bytes:
                    cycles += len(args[1]) >> 4
                elif kind == "send" and type(resume[1]) is bytes:
                    cycles += len(resume[1]) >> 4
            pcb.burst = cycles * self.cycle_ns
            return

    # -- sleep and wake ------------------------------------------------------------------------

    def _sleep(
        self,
        pcb: PCB,
        queues: tuple[WaitQueue, ...],
        timeout: int | None,
        name: str,
        *,
        restart: bool,
    ) -> None:
        pcb.restartable = restart
        if pcb.pending & ~pcb.blocked:
            pcb.frames[-1].resume = ("blocked", pcb.request, WAKE_CYCLES * self.cycle_ns)
            self._leave_kernel(pcb)
            return
        world = self.world
        if timeout is not None and pcb.deadline is None:
            pcb.deadline = world.now + max(timeout, 0)
        if pcb.deadline is not None:
            pcb.wakeup = world.timer(pcb.deadline, self.wake, pcb)
        for queue in queues:
            queue.sleepers[pcb] = None
        pcb.wait_queues = queues
        pcb.wchan = name
        pcb.nvcsw += 1
        pcb.runnable = False
        self.load.changed(world.now, -1)
        self.dispatcher.dequeue(pcb)

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
        """End a process with a wait status: close, reparent, tell the parent (exit(3), wait(2))."""
        if pcb.zombie:
            return
        now = self.world.now
        was_runnable = pcb.runnable
        self.dispatcher.dequeue(pcb)
        for queue in pcb.wait_queues:
            queue.sleepers.pop(pcb, None)
        pcb.wait_queues = ()
        pcb.wchan = ""
        _disarm(pcb)
        self.claim(-pcb.rss)
        pcb.zombie = True
        pcb.runnable = False
        pcb.stopped = False
        pcb.exit_status = status
        if was_runnable:
            self.load.changed(now, -1)
        frames, pcb.frames = pcb.frames, []
        _close(frames)
        signals.abandon(pcb)
        pcb.fds.close_all()
        self._count_user(pcb.uid, -1)
        hooks = self.world.instruments.on_exit
        if hooks:
            for hook in hooks:
                hook(pcb)
        self.world.mark(MARK_PROCESS)
        if pcb.pid == 1:
            self.halt("Kernel panic - not syncing: Attempted to kill init!")
            return
        self._orphan_children(pcb)
        if pcb.tty is not None and pcb.sid == pcb.pid:
            pcb.tty.leader_died(pcb)
        parent = self.processes.get(pcb.ppid)
        if parent is not None and parent.pgid != pcb.pgid and parent.sid == pcb.sid:
            self._check_orphaned_group(pcb.pgid)  # it was what held the group in the session
        self._notify_exit(pcb)

    def _orphan_children(self, pcb: PCB) -> None:
        init = self.processes.get(1)
        for child in pcb.children.values():
            child.ppid = 1
            if init is not None:
                init.children[child.pid] = child
            if child.zombie:
                self._notify_exit(child)
            elif child.pgid != pcb.pgid and child.sid == pcb.sid:
                self._check_orphaned_group(child.pgid)
        pcb.children = {}

    def _check_orphaned_group(self, pgid: int) -> None:
        """Stopped members of a group that has just been orphaned get SIGHUP and SIGCONT (XBD)."""
        members = self.group(pgid)
        if any(member.stopped for member in members) and self.orphaned(pgid):
            for member in members:
                signals.post(self, member, Sig.SIGHUP)
                signals.post(self, member, Sig.SIGCONT)

    def _notify_exit(self, pcb: PCB) -> None:
        parent = self.processes.get(pcb.ppid)
        if parent is None or parent.zombie:
            self.reap(pcb)
            return
        if (
            parent.handlers[Sig.SIGCHLD] == SIG_IGN
            or parent.handler_flags.get(Sig.SIGCHLD, 0) & SA_NOCLDWAIT
        ):
            self.reap(pcb)
        else:
            signals.post(self, parent, Sig.SIGCHLD, pcb)
        assert parent.child_wait is not None
        parent.child_wait.wake()

    def reap(self, pcb: PCB) -> None:
        """Free the pid of a zombie; its times go to the parent's children's."""
        self.processes.pop(pcb.pid, None)
        parent = self.processes.get(pcb.ppid)
        if parent is not None:
            parent.children.pop(pcb.pid, None)
            parent.cutime += pcb.utime + pcb.cutime
            parent.cstime += pcb.stime + pcb.cstime
        self.world.mark(MARK_PROCESS)

    def halt(self, reason: str) -> None:
        """Nothing runs any more. The reason is on the console, as a panic's is."""
        if self.halted:
            return
        self.halted = reason
        self.dispatcher.halt()
        for tty in self.ttys.values():
            tty.message(reason.encode() + b"\r\n")

    def shut_down(self) -> None:
        """The power is gone: every process with it, without a chance to notice."""
        self.dispatcher.halt()
        self.halted = self.halted or "powered off"
        for pcb in list(self.processes.values()):
            frames, pcb.frames = pcb.frames, []
            pcb.zombie = True
            pcb.runnable = False
            _disarm(pcb)
            _close(frames)
            if pcb.fds is not None:
                pcb.fds.close_all()
        self.processes.clear()

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
        """The canonical state: processes, cores, queues, terminals. Never Python frames."""
        rows = [
            (
                pcb.pid, pcb.ppid, pcb.pgid, pcb.sid, pcb.uid, pcb.euid, pcb.gid, pcb.egid,
                pcb.groups, pcb.nice, pcb.comm, pcb.program, pcb.argv, pcb.environ, pcb.state,
                pcb.cwd.path() if pcb.cwd is not None else b"", pcb.umask, pcb.brk, pcb.pending,
                pcb.blocked, [h if isinstance(h, str) else "handler" for h in pcb.handlers],
                pcb.deadline, pcb.wchan, pcb.progress, pcb.request, pcb.burst, pcb.trace,
                pcb.utime, pcb.stime, pcb.cutime, pcb.cstime, pcb.vruntime, pcb.last_core,
                pcb.exit_status, pcb.report, pcb.timer, pcb.timer_interval, pcb.runnable,
                [frame.sig for frame in pcb.frames], pcb.fds.state() if not pcb.zombie else (),
            )
            for pcb in self.processes.values()
        ]  # fmt: skip
        cores = [
            (
                core.current.pid if core.current is not None else 0, core.since, core.slice_end,
                core.switches, core.queue.order(),
            )
            for core in self.cores
        ]  # fmt: skip
        ttys = [(name, tty.state()) for name, tty in sorted(self.ttys.items())]
        figures = (self.forks, self.ram_used, self._next_pid, self.hostname, self.halted)
        return encode((rows, cores, ttys, figures, self.load_averages()))


def _close(frames: list[Frame]) -> None:
    """Close coroutines from the top. A program that traps while it is closed gets no answer."""
    for frame in reversed(frames):
        with contextlib.suppress(RuntimeError, OSError):
            if frame.coro is not None:
                frame.coro.close()


def _disarm(pcb: PCB) -> None:
    """No clock will wake or alarm this process any more."""
    for timer in (pcb.wakeup, pcb.alarm):
        if timer is not None:
            timer.cancel()
    pcb.wakeup = pcb.alarm = None

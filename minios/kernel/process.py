"""The process control block: everything the kernel knows of a process, and its whole saved context.

A native program's context is its coroutine (``frames``: a signal handler lies on top of what it
interrupted), the trap it made last and how much CPU is left before that trap takes effect. A switch
moves exactly this from a core to the PCB and back.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from minios.abi.caps import ROOT
from minios.abi.flags import (
    RLIM_INFINITY,
    RLIMIT_CORE,
    RLIMIT_MEMLOCK,
    RLIMIT_MSGQUEUE,
    RLIMIT_NICE,
    RLIMIT_NOFILE,
    RLIMIT_NPROC,
    RLIMIT_RTPRIO,
    RLIMIT_SIGPENDING,
    RLIMIT_STACK,
)
from minios.abi.records import Rusage, Siginfo
from minios.abi.signals import NSIG, SIG_DFL
from minios.abi.sys import Disposition, Request, Sys
from minios.abi.syscalls import COSTS
from minios.kernel.sched.policy import Entity

if TYPE_CHECKING:
    from minios.kernel.cores import Core
    from minios.kernel.wait import WaitQueue
    from minios.sim.world import Timer

RUNNING, SLEEPING, DISK, STOPPED, TRACED, ZOMBIE = "R", "S", "D", "T", "t", "Z"
"""The letters of ps(1)."""

WORK_SIGNAL = 1
"""A signal is pending; perhaps it is blocked."""
WORK_STOP = 2
"""The process is stopped."""
WORK_TRACE = 8
"""Somebody traces it, or a filter looks at its calls (ptrace(2), seccomp(2))."""
WORK_PAGES = 16
"""Pages it cannot go on without are not in memory."""


class Table(Protocol):
    """System calls by number: a dictionary, or what looks at each call first."""

    def get(self, nr: int, /) -> Callable[..., Any] | None: ...


class Frame:
    """A coroutine on the process's stack, and how to go on in it when it is on top again.

    ``resume`` is ``("send", value)``, ``("throw", error)`` or ``("request", request, burst)``: the
    last one makes the interrupted call again, or finishes an interrupted computation.
    """

    __slots__ = ("coro", "make", "mask", "resume", "sig")

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Any]], sig: int, mask: int) -> None:
        self.make = make
        self.coro: Coroutine[Any, Any, Any] | None = None
        """Made by ``make`` at its first step, so that what never runs leaves nothing behind."""
        self.sig = sig
        self.mask = mask
        self.resume: tuple[Any, ...] = ("send", None)


class OnCore(Entity):
    """What a switch reads and writes. Slots of a class of their own lie together in memory, which
    the host's caches notice when there are thousands of processes."""

    __slots__ = ("burst", "core", "last_core", "nivcsw", "ran", "request", "stime", "utime")


class PCB(OnCore):
    """A process. Who may change what is said beside the groups of fields."""

    __slots__ = (  # noqa: RUF023 -- grouped by who may change them
        # identity: fork and exec
        "ppid", "pgid", "sid", "comm", "exe", "argv", "environ", "program", "identity",
        "lineage", "start_time", "children", "tty", "judge",
        # memory: minios.kernel.mm
        "mm", "minflt", "majflt", "cminflt", "cmajflt", "oom_score_adj", "oom_killed", "fault",
        # credentials: the set*id calls, capset, prctl, and exec of a setuid file
        "uid", "euid", "suid", "gid", "egid", "sgid", "groups", "caps", "attributes",
        "death_signal", "cgroup",
        # files and limits: the file calls, minios.kernel.limits
        "cwd", "umask", "fds", "rlimits", "cpu_timer", "maxrss",
        "rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes",
        # signals: minios.kernel.signals
        "pending", "queued", "blocked", "work", "handlers", "handler_flags", "handler_masks",
        "saved_mask", "senders", "awaited", "timer", "timer_interval", "alarm",
        # tracing and personality: minios.kernel.trace.stops, minios.kernel.personality
        "sys", "brand", "personality", "calls", "costs", "seccomp", "tracer", "tracees",
        # life and sleep: minios.kernel.kernel
        "zombie", "stopped", "exit_status", "report", "killed_by", "child_wait", "wait_queues",
        "stopped_by", "deadline", "wakeup", "wchan", "uninterruptible", "restartable", "progress",
        # execution: minios.kernel.cores and the policies
        "frames", "runnable", "cutime", "cstime", "nvcsw", "trace", "first_run", "off", "off_since",
        "migrations", "reset_on_fork",
    )  # fmt: skip

    def __init__(self, pid: int, ppid: int, start_time: int) -> None:
        super().__init__(pid)
        self.ppid = ppid
        self.pgid = pid
        self.sid = pid
        self.comm = b""
        self.exe = b""
        self.argv: list[bytes] = []
        self.environ: tuple[bytes, ...] = ()
        self.program = ""
        """The native program's name in the machine's table."""
        self.identity: str | None = None
        """The level's name for this very process; kept over exec, not over fork."""
        self.lineage: str | None = None
        """The level's name for it and all its descendants."""
        self.start_time = start_time
        self.children: dict[int, PCB] = {}
        self.tty: Any = None
        self.mm: Any = None
        """Its address space (minios.kernel.mm.space)."""
        self.minflt = self.majflt = self.cminflt = self.cmajflt = 0
        """Page faults without and with a wait for a disk; the same of waited-for children."""
        self.oom_score_adj = 0
        self.oom_killed = False
        """Whether the out-of-memory killer ended it."""
        self.fault: tuple[int, int, int, str] | None = None
        """(signal, si_code, address, cause) of its last access to where it may not."""

        self.uid = self.euid = self.suid = 0
        self.gid = self.egid = self.sgid = 0
        self.groups: tuple[int, ...] = ()
        self.caps = ROOT
        """Its capability sets (capabilities(7))."""
        self.attributes = 0
        """Bits of :mod:`minios.kernel.credentials`: what prctl(2) has set."""
        self.death_signal = 0
        """PR_SET_PDEATHSIG: what it gets when its parent ends; 0 is nothing."""
        self.cgroup = b"/"
        """The control group it is in, by path (cgroups(7)); init makes one for each service."""
        self.judge = False

        self.cwd: Any = None
        self.umask = 0o022
        self.fds: Any = None
        self.rlimits: dict[int, tuple[int, int]] = {}
        self.maxrss = 0
        self.rchar = self.wchar = 0
        """Bytes that read(2) gave and write(2) took (proc_pid_io(5))."""
        self.syscr = self.syscw = 0
        self.read_bytes = self.write_bytes = 0
        """Bytes fetched from a disk for it, and bytes of pages that it made dirty."""
        self.cpu_timer: Timer | None = None
        """What looks at RLIMIT_CPU next."""

        self.pending = 0
        self.blocked = 0
        self.work = 0
        """What there may be to do on the edge of user mode: WORK_ bits. 0 on the fast path."""
        self.handlers: list[Disposition] = [SIG_DFL] * (NSIG + 1)
        self.handler_flags: dict[int, int] = {}
        self.handler_masks: dict[int, int] = {}
        self.saved_mask: int | None = None
        self.senders: dict[int, tuple[int, bytes, int]] = {}
        self.queued: list[Siginfo] | None = None
        """Real-time signals that wait, in the order they were sent (signal(7)); None if none do."""
        self.awaited = 0
        """The blocked signals that sigtimedwait(2) sleeps for."""
        self.timer: int | None = None
        self.timer_interval = 0
        self.alarm: Timer | None = None
        """What goes off at ``timer``."""

        self.sys = Sys()
        """Its C library's face over the trap."""
        self.brand = "linux"
        """The table of system calls it was built for."""
        self.personality = "linux"
        """The table that serves it."""
        self.calls: Table = {}
        """What serves its traps, by number: the kernel's own table unless it is traced, filtered
        or of another personality."""
        self.costs: Mapping[int, int] = COSTS
        self.seccomp: Any = None
        """Its filter of system calls (seccomp(2))."""
        self.tracer: Any = None
        """The :class:`minios.kernel.trace.stops.Trace` that holds it."""
        self.tracees: dict[int, PCB] | None = None
        """Those it traces, by pid."""

        self.zombie = False
        self.stopped = False
        self.exit_status = 0
        self.report: int | None = None
        """A stop or continue the parent has not been told of yet, as a wait status."""
        self.killed_by: tuple[int, int, bytes, int] | None = None
        """(signal, sender's pid, comm and uid) of the signal that ended it; pid 0 is the kernel."""
        self.stopped_by: tuple[int, int, bytes, int] | None = None
        """The same of the signal that stopped it last."""
        self.child_wait: WaitQueue | None = None
        self.wait_queues: tuple[WaitQueue, ...] = ()
        self.deadline: int | None = None
        self.wakeup: Timer | None = None
        """What goes off at ``deadline``, while it sleeps."""
        self.wchan = ""
        self.uninterruptible = False
        """Asleep until a disk answers (state D)."""
        self.restartable = True
        self.progress: Any = None
        """What a call that blocked half-way has done already; the kernel clears it at its end."""

        self.frames: list[Frame] = []
        self.request: Request = (0, ())
        self.burst = 0
        self.runnable = False
        self.core: Core | None = None
        self.last_core = ~0
        """The core it ran on last; before it ever did, the complement of its parent's."""
        self.utime = 0
        self.stime = 0
        self.cutime = 0
        self.cstime = 0
        self.nvcsw = 0
        self.nivcsw = 0
        self.trace = 0
        """Rolling hash of what its traps returned; with program and argv it stands for the state
        of a coroutine that cannot be looked into."""
        self.ran = 0
        """ns on a core that the policy has not been told of yet."""
        self.first_run: int | None = None
        """When it got a core for the first time."""
        self.off = 0
        """ns it slept or was stopped, up to when it became runnable last."""
        self.off_since = start_time
        """When it stopped being runnable last."""
        self.migrations = 0
        """How often it went on on another core than before."""
        self.reset_on_fork = False
        """Children start under SCHED_OTHER (SCHED_RESET_ON_FORK of sched(7))."""

    def __hash__(self) -> int:
        return self.pid

    def bound(self, coro: Coroutine[Any, Any, Any], *, main: bool = True) -> Any:
        """A coroutine of its program, with the C library that it was built with between them."""
        if self.brand == self.personality == "linux":
            return coro
        from minios.abi.personality import bind  # for few programs, and large

        return bind(coro, self.brand, self.personality, main=main)

    @property
    def state(self) -> str:
        """The state letter of ps(1)."""
        if self.zombie:
            return ZOMBIE
        if self.stopped:
            return STOPPED if self.tracer is None or self.tracer.stop is None else TRACED
        if self.uninterruptible:
            return DISK
        return RUNNING if self.runnable else SLEEPING

    @property
    def processor(self) -> int:
        """The core it runs on, or ran on last."""
        return self.last_core if self.last_core >= 0 else ~self.last_core

    @property
    def rss(self) -> int:
        """Resident bytes; a zombie has none."""
        return 0 if self.zombie or self.mm is None else self.mm.rss << 12

    @property
    def vsize(self) -> int:
        """Mapped bytes."""
        return 0 if self.zombie or self.mm is None else self.mm.total << 12

    @property
    def peak(self) -> int:
        """The most resident bytes it ever had."""
        if self.zombie or self.mm is None:
            return self.maxrss
        return int(max(self.maxrss, self.mm.hiwater << 12))

    def expired(self, now: int) -> bool:
        """Whether the timeout of the call it sleeps in has run out."""
        return self.deadline is not None and now >= self.deadline

    def rusage(self) -> Rusage:
        return Rusage(
            self.utime, self.stime, self.peak, self.nvcsw, self.nivcsw, self.minflt, self.majflt
        )


DEFAULT_LIMITS: dict[int, tuple[int, int]] = {
    RLIMIT_STACK: (8 << 20, RLIM_INFINITY),
    RLIMIT_CORE: (0, RLIM_INFINITY),
    RLIMIT_NOFILE: (256, 4096),
    RLIMIT_NPROC: (256, 256),
    RLIMIT_MEMLOCK: (8 << 20, 8 << 20),
    RLIMIT_SIGPENDING: (256, 256),
    RLIMIT_MSGQUEUE: (819200, 819200),
    RLIMIT_NICE: (0, 0),
    RLIMIT_RTPRIO: (0, 0),
}
"""Soft and hard limits of pid 1; a limit that is not here is RLIM_INFINITY (getrlimit(2))."""


def limit(pcb: PCB, resource: int) -> int:
    """The soft limit in force."""
    pair = pcb.rlimits.get(resource)
    return pair[0] if pair is not None else RLIM_INFINITY

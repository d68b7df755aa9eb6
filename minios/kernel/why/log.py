"""The memory of causes: the latest deaths and refusals of one boot, bounded.

It is part of the kernel's state (the digest has it), because a program can read it by ``why`` and
act on it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any
from zlib import crc32

from minios.abi.errno import Errno, error
from minios.abi.flags import RLIM_INFINITY, RLIMIT_CPU
from minios.abi.signals import Sig
from minios.abi.syscalls import NR, ROWS
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from minios.fs.inode import Dentry, Inode
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.wait import WaitQueue
    from minios.kernel.why.probe import Probe

    Cause = tuple[str, Inode | None, int, Dentry | None]

OBITUARIES = 256
REFUSALS = 64

REFUSED = frozenset(
    {
        Errno.EPERM, Errno.EACCES, Errno.EROFS, Errno.EBUSY, Errno.ETXTBSY, Errno.ENOSPC,
        Errno.EDQUOT, Errno.EMFILE, Errno.ENFILE, Errno.EFBIG, Errno.ENOMEM, Errno.ENOEXEC,
        Errno.ELOOP, Errno.EXDEV, Errno.EMLINK,
    }
)  # fmt: skip
"""The errors that are refusals. What is simply not there (ENOENT) or not yet there (EAGAIN) is not
one; EAGAIN of fork(2) is."""


class Obituary:
    """How a process ended. ``sender`` 0 is the kernel; ``rule`` says what made it send ``sig``, and
    ``detail`` more of that."""

    __slots__ = (
        "comm", "detail", "pid", "ppid", "rule", "sender", "sender_comm", "sender_uid", "sig",
        "status", "time", "uid",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, pcb: PCB, status: int) -> None:
        self.time: int = kernel.world.now
        self.pid: int = pcb.pid
        self.ppid: int = pcb.ppid
        self.comm: bytes = pcb.comm
        self.uid: int = pcb.uid
        self.status = status
        self.sig, self.sender, self.sender_comm, self.sender_uid = pcb.killed_by or (0, 0, b"", 0)
        self.rule = doom(kernel, pcb, self.sig) if self.sig and not self.sender else ""
        self.detail = _detail(pcb, self.rule)


class Refusal:
    """A system call that was refused: which rule said no, about which file.

    ``path`` is what was given, ``place`` where the file is that the rule was about (empty if it was
    about none); ``mode``, ``owner`` and ``group`` are that file's, ``want`` the rights asked of it.
    """

    __slots__ = (
        "call", "comm", "errno", "group", "mode", "owner", "path", "pid", "place", "rule", "time",
        "uid", "want",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, pcb: PCB, errno: int, cause: Cause | None) -> None:
        nr, args = pcb.request
        rule, inode, want, at = cause or ("", None, 0, None)
        self.time: int = kernel.world.now
        self.pid: int = pcb.pid
        self.comm: bytes = pcb.comm
        self.uid: int = pcb.euid
        self.call: int = nr
        self.path: bytes = next(iter(paths_of(nr, args)), b"")[:256]
        self.errno = errno
        self.rule = rule
        self.want = want
        self.place = b""
        self.mode = self.owner = self.group = 0
        if inode is not None:
            self.place = _place(kernel, pcb, inode, at)[:256]
            self.mode, self.owner, self.group = inode.mode, inode.uid, inode.gid


class Causes:
    """See the module."""

    __slots__ = ("_hash", "obituaries", "probes", "refusals")

    def __init__(self) -> None:
        self.obituaries: deque[Obituary] = deque(maxlen=OBITUARIES)
        self.refusals: deque[Refusal] = deque(maxlen=REFUSALS)
        self.probes: list[Probe] = []
        """Traced packets that are under way (minios.kernel.why.probe)."""
        self._hash = 0

    def died(self, kernel: Kernel, pcb: PCB, status: int) -> None:
        """A process has ended with a wait status; its parent has not been told yet."""
        self.obituaries.append(Obituary(kernel, pcb, status))
        self._hash = crc32(b"%d %d %d" % (kernel.world.now, pcb.pid, status), self._hash)

    def refused(self, kernel: Kernel, pcb: PCB, err: OSError) -> None:
        """A call ends in an error that may be a refusal: remember it, and its ``cause``.

        The cause was put on the exception where it was raised (:func:`minios.fs.access.refused`);
        it is taken off again, as programs are not to see it.
        """
        errno = err.errno or 0
        cause = err.__dict__.pop("cause", None)
        if errno in REFUSED or (errno == Errno.EAGAIN and pcb.request[0] == NR.clone):
            self.refusals.append(Refusal(kernel, pcb, errno, cause))
            what = (kernel.world.now, pcb.pid, pcb.request[0], errno)
            self._hash = crc32(b"%d %d %d %d" % what, self._hash)

    def obituary(self, pid: int) -> Obituary | None:
        """The latest death of that pid; None if there was none, or it is long ago."""
        return next((each for each in reversed(self.obituaries) if each.pid == pid), None)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self._hash, len(self.obituaries), len(self.refusals))


def paths_of(nr: int, args: tuple[Any, ...]) -> list[bytes]:
    """The paths among a call's arguments."""
    row = ROWS.get(nr)
    if row is None:
        return []
    kinds = [word for word in row[0].split() if word[0] not in "=>"]
    return [
        arg
        for kind, arg in zip(kinds, args, strict=False)
        if kind == "path" and isinstance(arg, bytes)
    ]


def _place(kernel: Kernel, pcb: PCB, inode: Inode, at: Dentry | None) -> bytes:
    """The path of an inode that one of a call's paths leads over."""
    if at is not None:
        return at.path()
    from minios.kernel.why.steps import steps

    for path in paths_of(*pcb.request):
        for step in steps(kernel.vfs, pcb.cwd, path, pcb):
            if step.inode.fs is inode.fs and step.inode.ino == inode.ino:
                return step.path()
    return b""


def doom(kernel: Kernel, pcb: PCB, sig: int) -> str:
    """What makes the kernel itself send a signal that ends a process."""
    if pcb.oom_killed:
        return "oom"
    if sig == Sig.SIGKILL:
        hard = pcb.rlimits.get(RLIMIT_CPU, (0, RLIM_INFINITY))[1]
        return "cpu" if (pcb.utime + pcb.stime) // SECOND >= hard else ""
    if sig == Sig.SIGHUP:
        leader = kernel.processes.get(pcb.sid)
        if leader is None or leader.zombie:
            return "leader"
        return "orphaned" if kernel.orphaned(pcb.pgid) else "hangup"
    return _DOOMS.get(sig, "")


def _detail(pcb: PCB, rule: str) -> str:
    if rule != "memory" or pcb.fault is None:
        return ""
    _, _, address, how = pcb.fault
    return f"{how}: address {address:#010x}"


_DOOMS: dict[int, str] = {
    Sig.SIGINT: "key.intr",
    Sig.SIGQUIT: "key.quit",
    Sig.SIGPIPE: "pipe",
    Sig.SIGALRM: "alarm",
    Sig.SIGXFSZ: "fsize",
    Sig.SIGXCPU: "cpu",
    Sig.SIGSEGV: "memory",
    Sig.SIGBUS: "memory",
    Sig.SIGILL: "instruction",
    Sig.SIGFPE: "arithmetic",
    Sig.SIGSYS: "call",
    Sig.SIGABRT: "abort",
    Sig.SIGTTIN: "background",
    Sig.SIGTTOU: "background",
    Sig.SIGTSTP: "key.susp",
}


# -- the call ------------------------------------------------------------------------------------


def why(
    kernel: Kernel, pcb: PCB, kind: bytes, subject: bytes | int
) -> list[tuple[int, bytes]] | WaitQueue:
    """why(kind, subject), MiniOS's own: an answer's sentences with their depths. The answer to
    ``ping``, ``tcp`` and ``udp`` takes as long as a packet does. EAGAIN EFAULT EINVAL."""
    from minios.kernel.why.call import explain
    from minios.kernel.why.reason import lines

    if not isinstance(kind, bytes) or not isinstance(subject, (bytes, int)):
        raise error(Errno.EFAULT)
    machine = kernel.machine.kernel if kernel.hidden else kernel
    if machine is None:
        raise error(Errno.EINVAL)
    if kind in (b"ping", b"tcp", b"udp") and isinstance(subject, bytes):
        from minios.kernel.why.path import told
        from minios.kernel.why.probe import Probe, ask

        probe = ask(machine, pcb, kind, subject, kernel)
        if not isinstance(probe, Probe):
            return probe
        everything = machine.machine.sees_network
        reason = told(probe, all_nodes=everything, rules=everything or pcb.euid == 0)
    else:
        reason = explain(machine, pcb, pcb.cwd, kind, subject)
    return [(depth, text.encode()) for depth, text in lines(reason)]


CALLS: dict[int, Callable[..., Any]] = {NR.why: why}

"""The trap, and the thin C-library face over it that native programs are handed.

A native program is ``async def main(sys, argv, env) -> int``. Each ``await sys.call(…)`` yields
one :data:`Request` to whoever drives the coroutine (the kernel, by ``coro.send``) and is resumed
with the result, or with an ``OSError`` whose ``errno`` says why not. Paths, arguments and data are
bytes.

``Sys`` keeps no state but whether somebody traces: what a process has lives in its PCB, on the
kernel's side.
"""

import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from types import coroutine
from typing import Any

from minios.abi import flags
from minios.abi.epoll import EPOLL_CTL_DEL, EpollEvent
from minios.abi.errno import Errno
from minios.abi.records import (
    Dirent,
    Flock,
    Rusage,
    SchedAttr,
    Siginfo,
    Stat,
    StatFs,
    Sysinfo,
    Termios,
    Times,
    Utsname,
    Waited,
    Winsize,
)
from minios.abi.signals import Sig
from minios.abi.sockets import SOMAXCONN, Address, Control, Message
from minios.abi.syscalls import COMPUTE, LOAD, NR, PROBE, STORE

Request = tuple[int, tuple[Any, ...]]
"""What a trap yields: the system call's number and its arguments."""

Program = Callable[["Sys", list[bytes], dict[bytes, bytes]], Coroutine[Any, Any, int]]
"""A native program. Its return value is the exit code."""

Entry = Callable[..., Coroutine[Any, Any, int]]
"""Where a forked child goes on: ``async def entry(sys, *state) -> int``."""

Handler = Callable[["Sys", int], Coroutine[Any, Any, None]]
"""A signal handler, driven before the coroutine it interrupts."""

Disposition = Handler | str
"""A handler, or ``SIG_DFL`` or ``SIG_IGN`` of :mod:`minios.abi.signals`."""


@coroutine
def trap(nr: int, *args: Any) -> Generator[Request, Any, Any]:
    """Yield one request to the kernel; the value sent back is the result."""
    return (yield nr, args)


class Sys:
    """System calls under the names a C programmer knows. Every call may raise ``OSError``.

    Each process has its own. ``probes`` counts who traces its library calls: the kernel raises it
    when ltrace attaches, and a library function looks at it before it says anything (see
    :meth:`probe`), as a USDT probe looks at its semaphore.
    """

    __slots__ = ("probes",)

    def __init__(self) -> None:
        self.probes = 0

    def compute(self, cycles: int) -> Awaitable[None]:
        """Spend ``cycles`` of CPU in user mode, where a process can be preempted."""
        return trap(COMPUTE, cycles)

    def probe(self, name: bytes, *args: Any) -> Awaitable[None]:
        """Tell the tracer of a library call, where ``probes`` says there is one.

        ``args`` are plain: bytes, integers, None. Costs nothing that is not traced, if it is called
        as ``if sys.probes: await sys.probe(b"malloc", size)``.
        """
        return trap(PROBE, name, args)

    def probe_return(self, name: bytes, value: Any = None, *out: Any) -> Awaitable[None]:
        """Tell the tracer that the library call ``name`` returned ``value``; None is void.

        ``out`` is what it has stored for the caller, shown among the arguments.
        """
        return trap(PROBE, name, None, value, out)

    # -- files ---------------------------------------------------------------------------------

    def open(self, path: bytes, oflag: int = flags.O_RDONLY, mode: int = 0o666) -> Awaitable[int]:
        """open(2). The lowest free descriptor. EACCES EEXIST EISDIR ELOOP EMFILE ENOENT …"""
        return trap(NR.openat, path, oflag, mode)

    def close(self, fd: int) -> Awaitable[None]:
        return trap(NR.close, fd)

    def read(self, fd: int, count: int) -> Awaitable[bytes]:
        """Up to ``count`` bytes; empty at end of file. EAGAIN EBADF EINTR EIO EISDIR."""
        return trap(NR.read, fd, count)

    def write(self, fd: int, data: bytes) -> Awaitable[int]:
        """How many bytes were taken (fewer when interrupted). EBADF EFBIG EINTR ENOSPC EPIPE."""
        return trap(NR.write, fd, data)

    def lseek(self, fd: int, offset: int, whence: int = flags.SEEK_SET) -> Awaitable[int]:
        return trap(NR.llseek, fd, offset, whence)

    def stat(self, path: bytes) -> Awaitable[Stat]:
        return trap(NR.statx, path, True)

    def lstat(self, path: bytes) -> Awaitable[Stat]:
        return trap(NR.statx, path, False)

    def fstat(self, fd: int) -> Awaitable[Stat]:
        return trap(NR.fstat64, fd)

    def fsync(self, fd: int) -> Awaitable[None]:
        """Wait until a file is on its disk. EBADF EINVAL EIO."""
        return trap(NR.fsync, fd)

    def fdatasync(self, fd: int) -> Awaitable[None]:
        """The same without what nobody needs to read the data again, as times."""
        return trap(NR.fdatasync, fd)

    def syncfs(self, fd: int) -> Awaitable[None]:
        """Wait until the file system of an open file is on its disk."""
        return trap(NR.syncfs, fd)

    def mount(
        self, source: bytes, target: bytes, kind: bytes, mflags: int = 0, data: bytes = b""
    ) -> Awaitable[None]:
        """mount(2). EBUSY EINVAL ENODEV ENOENT ENOTBLK ENOTDIR EPERM."""
        return trap(NR.mount, source, target, kind, mflags, data)

    def umount(self, target: bytes, mflags: int = 0) -> Awaitable[None]:
        """umount2(2). EBUSY EINVAL EPERM."""
        return trap(NR.umount2, target, mflags)

    def quotactl(
        self, command: int, device: bytes, uid: int = 0, data: Any = None
    ) -> Awaitable[Any]:
        """quotactl(2) for users' quotas. EINVAL ENOTBLK EPERM ESRCH (none are kept)."""
        return trap(NR.quotactl, command, device, uid, data)

    def statfs(self, path: bytes) -> Awaitable[StatFs]:
        return trap(NR.statfs64, path)

    def access(self, path: bytes, mode: int) -> Awaitable[None]:
        """access(2), by the *real* uid and gid; raises EACCES, ENOENT, …"""
        return trap(NR.faccessat, path, mode, False)

    def eaccess(self, path: bytes, mode: int) -> Awaitable[None]:
        """The same by the effective ids (AT_EACCESS), which is what ``test -r`` asks."""
        return trap(NR.faccessat, path, mode, True)

    def mkdir(self, path: bytes, mode: int = 0o777) -> Awaitable[None]:
        return trap(NR.mkdirat, path, mode)

    def rmdir(self, path: bytes) -> Awaitable[None]:
        return trap(NR.unlinkat, path, True)

    def unlink(self, path: bytes) -> Awaitable[None]:
        return trap(NR.unlinkat, path, False)

    def link(self, old: bytes, new: bytes) -> Awaitable[None]:
        return trap(NR.linkat, old, new)

    def symlink(self, target: bytes, path: bytes) -> Awaitable[None]:
        return trap(NR.symlinkat, target, path)

    def readlink(self, path: bytes) -> Awaitable[bytes]:
        return trap(NR.readlinkat, path)

    def rename(self, old: bytes, new: bytes) -> Awaitable[None]:
        return trap(NR.renameat2, old, new)

    def mkfifo(self, path: bytes, mode: int = 0o666) -> Awaitable[None]:
        return trap(NR.mknodat, path, flags.S_IFIFO | mode, 0)

    def mknod(self, path: bytes, mode: int, device: int = 0) -> Awaitable[None]:
        """mknod(2); ``device`` is for S_IFCHR and S_IFBLK (makedev(3)). EPERM but for root."""
        return trap(NR.mknodat, path, mode, device)

    def chmod(self, path: bytes, mode: int) -> Awaitable[None]:
        return trap(NR.fchmodat, path, mode)

    def chown(self, path: bytes, uid: int, gid: int) -> Awaitable[None]:
        """``-1`` leaves an id as it is."""
        return trap(NR.fchownat, path, uid, gid, True)

    def lchown(self, path: bytes, uid: int, gid: int) -> Awaitable[None]:
        return trap(NR.fchownat, path, uid, gid, False)

    def utimens(
        self, path: bytes, atime: int | None, mtime: int | None, *, follow: bool = True
    ) -> Awaitable[None]:
        """Set times in ns of CLOCK_REALTIME; None leaves one alone, -1 means now (utimensat(2))."""
        return trap(NR.utimensat_time64, path, atime, mtime, follow)

    def setxattr(
        self, path: bytes, name: bytes, value: bytes, mode: int = 0, *, follow: bool = True
    ) -> Awaitable[None]:
        """setxattr(2); ``mode`` 0, XATTR_CREATE or XATTR_REPLACE. EEXIST ENODATA ENOTSUP EPERM …"""
        return trap(NR.setxattr if follow else NR.lsetxattr, path, name, value, mode)

    def getxattr(self, path: bytes, name: bytes, *, follow: bool = True) -> Awaitable[bytes]:
        return trap(NR.getxattr if follow else NR.lgetxattr, path, name)

    def listxattr(self, path: bytes, *, follow: bool = True) -> Awaitable[list[bytes]]:
        return trap(NR.listxattr if follow else NR.llistxattr, path)

    def removexattr(self, path: bytes, name: bytes, *, follow: bool = True) -> Awaitable[None]:
        return trap(NR.removexattr if follow else NR.lremovexattr, path, name)

    def truncate(self, path: bytes, size: int) -> Awaitable[None]:
        return trap(NR.truncate64, path, size)

    def ftruncate(self, fd: int, size: int) -> Awaitable[None]:
        return trap(NR.ftruncate64, fd, size)

    async def getdents(self, fd: int) -> list[Dirent]:
        """The next entries of an open directory, ``.`` and ``..`` among them; empty at its end.

        Nor has a removed directory any, as readdir(3) says it.
        """
        try:
            entries: list[Dirent] = await trap(NR.getdents64, fd)
        except OSError as err:
            if err.errno != Errno.ENOENT:
                raise
            return []
        return entries

    def dup(self, fd: int) -> Awaitable[int]:
        return trap(NR.dup, fd)

    def dup2(self, old: int, new: int) -> Awaitable[int]:
        return trap(NR.dup3, old, new, 0)

    def fcntl(self, fd: int, command: int, argument: int = 0) -> Awaitable[int]:
        return trap(NR.fcntl64, fd, command, argument)

    def pipe(self, oflag: int = 0) -> Awaitable[tuple[int, int]]:
        """(read end, write end); ``oflag`` of O_CLOEXEC and O_NONBLOCK (pipe2(2))."""
        return trap(NR.pipe2, oflag)

    def poll(
        self,
        fds: Sequence[tuple[int, int]],
        timeout: int | None = None,
        mask: int | None = None,
    ) -> Awaitable[list[tuple[int, int]]]:
        """ppoll(2): the (fd, revents) that are ready; empty on timeout (ns, None: no end).

        ``mask`` replaces the set of blocked signals while it sleeps.
        """
        if mask is None:
            return trap(NR.ppoll_time64, tuple(fds), timeout)
        return trap(NR.ppoll_time64, tuple(fds), timeout, mask)

    def select(
        self,
        count: int,
        reading: int = 0,
        writing: int = 0,
        excepted: int = 0,
        timeout: int | None = None,
    ) -> Awaitable[tuple[int, int, int]]:
        """select(2): sets are bit masks of descriptors below ``count``, ``timeout`` is in ns.

        The three sets of what is ready. EBADF EINTR EINVAL.
        """
        return trap(NR.pselect6_time64, count, reading, writing, excepted, timeout)

    def epoll_create(self, cflags: int = 0) -> Awaitable[int]:
        """epoll_create1(2). EINVAL EMFILE ENFILE."""
        return trap(NR.epoll_create1, cflags)

    def epoll_ctl(
        self, epfd: int, op: int, fd: int, events: int = 0, data: int | None = None
    ) -> Awaitable[None]:
        """epoll_ctl(2); ``data`` comes back with the events, unless given it is the descriptor.

        EBADF EEXIST EINVAL ELOOP ENOENT EPERM.
        """
        event = (events, fd if data is None else data)
        return trap(NR.epoll_ctl, epfd, op, fd, None if op == EPOLL_CTL_DEL else event)

    def epoll_wait(
        self, epfd: int, most: int = 64, timeout: int = -1, mask: int | None = None
    ) -> Awaitable[list[EpollEvent]]:
        """epoll_pwait(2): ``timeout`` in milliseconds, -1 for none. EBADF EINTR EINVAL."""
        if mask is None:
            return trap(NR.epoll_pwait, epfd, most, timeout)
        return trap(NR.epoll_pwait, epfd, most, timeout, mask)

    def chdir(self, path: bytes) -> Awaitable[None]:
        return trap(NR.chdir, path)

    def getcwd(self) -> Awaitable[bytes]:
        return trap(NR.getcwd)

    def umask(self, mask: int) -> Awaitable[int]:
        return trap(NR.umask, mask)

    def sync(self) -> Awaitable[None]:
        return trap(NR.sync)

    # -- terminals -----------------------------------------------------------------------------

    def ioctl(self, fd: int, request: int, argument: Any = None) -> Awaitable[Any]:
        return trap(NR.ioctl, fd, request, argument)

    def tcgetattr(self, fd: int) -> Awaitable[Termios]:
        return trap(NR.ioctl, fd, flags.TCGETS, None)

    def tcsetattr(self, fd: int, value: Termios, when: int = flags.TCSETSW) -> Awaitable[None]:
        return trap(NR.ioctl, fd, when, value)

    def tcgetpgrp(self, fd: int) -> Awaitable[int]:
        return trap(NR.ioctl, fd, flags.TIOCGPGRP, None)

    def tcsetpgrp(self, fd: int, pgid: int) -> Awaitable[None]:
        return trap(NR.ioctl, fd, flags.TIOCSPGRP, pgid)

    def winsize(self, fd: int) -> Awaitable[Winsize]:
        return trap(NR.ioctl, fd, flags.TIOCGWINSZ, None)

    async def isatty(self, fd: int) -> bool:
        if self.probes:
            await self.probe(b"isatty", fd)
        try:
            await trap(NR.ioctl, fd, flags.TCGETS, None)
            found = True
        except OSError:
            found = False
        if self.probes:
            await self.probe_return(b"isatty", int(found))
        return found

    # -- processes -----------------------------------------------------------------------------

    def fork(self, entry: Entry, *state: Any) -> Awaitable[int]:
        """The child's pid. The child goes on in ``entry(sys, *state)``. EAGAIN ENOMEM.

        ``state`` must be the child's own: copy what both would change. Handlers are inherited, so
        a child whose handlers hold the parent's objects installs its own first.
        """
        return trap(NR.clone, entry, state)

    def execve(
        self, path: bytes, argv: Sequence[bytes], env: Mapping[bytes, bytes]
    ) -> Awaitable[None]:
        """Replace the program. Returns only by raising: E2BIG EACCES ENOENT ENOEXEC ENOTDIR …"""
        return trap(NR.execve, path, list(argv), tuple(k + b"=" + v for k, v in env.items()))

    async def spawn(
        self,
        path: bytes,
        argv: Sequence[bytes],
        env: Mapping[bytes, bytes],
        fds: Mapping[int, int] | None = None,
    ) -> int:
        """posix_spawn(3): fork and exec; ``fds`` maps child descriptors to the caller's.

        The child exits with 127 if exec fails.
        """
        return await self.fork(_exec_child, path, list(argv), dict(env), dict(fds or {}))

    def exit(self, code: int) -> Awaitable[None]:
        """End the process (exit_group(2)). Never returns; the coroutine is closed."""
        return trap(NR.exit_group, code)

    def waitpid(self, pid: int = -1, options: int = 0) -> Awaitable[Waited]:
        """waitpid(2). With WNOHANG and nothing to report the result's pid is 0. ECHILD EINTR."""
        if pid > 0:
            which = flags.P_PID, pid
        elif pid == -1:
            which = flags.P_ALL, 0
        else:
            which = flags.P_PGID, -pid
        return trap(NR.waitid, *which, options | flags.WEXITED)

    async def waitid(self, idtype: int, id: int, options: int) -> Siginfo | None:
        """waitid(2): as SIGCHLD would tell it; None with WNOHANG and nothing to report.

        ``options`` of WEXITED, WSTOPPED, WCONTINUED, WNOHANG and WNOWAIT. ECHILD EINTR EINVAL.
        """
        waited: Waited = await trap(NR.waitid, idtype, id, options)
        if not waited.pid:
            return None
        code, status = flags.child_code(waited.status)
        return Siginfo(int(Sig.SIGCHLD), code, waited.pid, waited.uid, status)

    def getpid(self) -> Awaitable[int]:
        return trap(NR.getpid)

    def getppid(self) -> Awaitable[int]:
        return trap(NR.getppid)

    def getpgid(self, pid: int = 0) -> Awaitable[int]:
        return trap(NR.getpgid, pid)

    def setpgid(self, pid: int, pgid: int) -> Awaitable[None]:
        return trap(NR.setpgid, pid, pgid)

    def getsid(self, pid: int = 0) -> Awaitable[int]:
        return trap(NR.getsid, pid)

    def setsid(self) -> Awaitable[int]:
        return trap(NR.setsid)

    def getuid(self) -> Awaitable[int]:
        return trap(NR.getuid)

    def geteuid(self) -> Awaitable[int]:
        return trap(NR.geteuid)

    def getgid(self) -> Awaitable[int]:
        return trap(NR.getgid)

    def getegid(self) -> Awaitable[int]:
        return trap(NR.getegid)

    def setuid(self, uid: int) -> Awaitable[None]:
        return trap(NR.setuid, uid)

    def setgid(self, gid: int) -> Awaitable[None]:
        return trap(NR.setgid, gid)

    def setreuid(self, ruid: int, euid: int) -> Awaitable[None]:
        return trap(NR.setreuid, ruid, euid)

    def setregid(self, rgid: int, egid: int) -> Awaitable[None]:
        return trap(NR.setregid, rgid, egid)

    def getgroups(self) -> Awaitable[tuple[int, ...]]:
        return trap(NR.getgroups)

    def setgroups(self, groups: Sequence[int]) -> Awaitable[None]:
        return trap(NR.setgroups, tuple(groups))

    def setresuid(self, ruid: int, euid: int, suid: int) -> Awaitable[None]:
        return trap(NR.setresuid, ruid, euid, suid)

    def setresgid(self, rgid: int, egid: int, sgid: int) -> Awaitable[None]:
        return trap(NR.setresgid, rgid, egid, sgid)

    def getresuid(self) -> Awaitable[tuple[int, int, int]]:
        """(real, effective, saved)."""
        return trap(NR.getresuid)

    def getresgid(self) -> Awaitable[tuple[int, int, int]]:
        return trap(NR.getresgid)

    def capget(self, pid: int = 0) -> Awaitable[tuple[int, int, int]]:
        """capget(2): the (effective, permitted, inheritable) sets (:mod:`minios.abi.caps`)."""
        return trap(NR.capget, pid)

    def capset(self, effective: int, permitted: int, inheritable: int) -> Awaitable[None]:
        return trap(NR.capset, effective, permitted, inheritable)

    def getpriority(self, which: int = flags.PRIO_PROCESS, who: int = 0) -> Awaitable[int]:
        """The nice value, -20 to 19."""
        return trap(NR.getpriority, which, who)

    def setpriority(self, which: int, who: int, nice: int) -> Awaitable[None]:
        return trap(NR.setpriority, which, who, nice)

    def getrlimit(self, resource: int) -> Awaitable[tuple[int, int]]:
        return trap(NR.prlimit64, 0, resource, None)

    def prlimit(
        self, pid: int, resource: int, new: tuple[int, int] | None = None
    ) -> Awaitable[tuple[int, int]]:
        """prlimit(2): the old (soft, hard); ``new`` replaces it. EINVAL EPERM ESRCH."""
        return trap(NR.prlimit64, pid, resource, new)

    def setrlimit(self, resource: int, soft: int, hard: int) -> Awaitable[tuple[int, int]]:
        return trap(NR.prlimit64, 0, resource, (soft, hard))

    def getrusage(self, who: int = 0) -> Awaitable[Rusage]:
        """``who`` 0 is the process itself, -1 its waited-for children."""
        return trap(NR.getrusage, who)

    def times(self) -> Awaitable[Times]:
        return trap(NR.times)

    def prctl(self, option: int, argument: Any = None) -> Awaitable[Any]:
        return trap(NR.prctl, option, argument)

    def cgroup_enter(self, path: bytes) -> Awaitable[None]:
        """Move the caller to the control group ``path`` (cgroups(7)). EINVAL EPERM."""
        return trap(NR.cgroup_enter, path)

    # -- scheduling (sched(7)) -----------------------------------------------------------------

    def ptrace(self, request: int, pid: int = 0, addr: int = 0, data: Any = None) -> Awaitable[Any]:
        """ptrace(2); requests and records are in :mod:`minios.abi.ptrace`. EIO EPERM ESRCH."""
        return trap(NR.ptrace, request, pid, addr, data)

    def seccomp(self, operation: int, argument: Any = None) -> Awaitable[int]:
        """seccomp(2): filter the system calls from now on. EACCES EFAULT EINVAL."""
        return trap(NR.seccomp, operation, 0, argument)

    def sched_yield(self) -> Awaitable[None]:
        return trap(NR.sched_yield)

    def getcpu(self) -> Awaitable[int]:
        """The core the caller runs on."""
        return trap(NR.getcpu)

    def sched_setaffinity(self, pid: int, mask: int) -> Awaitable[None]:
        """Confine a process (0: the caller) to the cores of a bit mask. EINVAL EPERM ESRCH."""
        return trap(NR.sched_setaffinity, pid, mask)

    def sched_getaffinity(self, pid: int = 0) -> Awaitable[int]:
        """The bit mask of the cores a process may run on. ESRCH."""
        return trap(NR.sched_getaffinity, pid)

    def sched_setscheduler(self, pid: int, policy: int, priority: int) -> Awaitable[None]:
        """A policy (SCHED_OTHER, …) and its priority: 1 to 99 for real time, else 0. EINVAL EPERM
        ESRCH."""
        return trap(NR.sched_setscheduler, pid, policy, priority)

    def sched_getscheduler(self, pid: int = 0) -> Awaitable[int]:
        return trap(NR.sched_getscheduler, pid)

    def sched_setparam(self, pid: int, priority: int) -> Awaitable[None]:
        return trap(NR.sched_setparam, pid, priority)

    def sched_getparam(self, pid: int = 0) -> Awaitable[int]:
        """The real-time priority."""
        return trap(NR.sched_getparam, pid)

    def sched_setattr(self, pid: int, attr: SchedAttr) -> Awaitable[None]:
        """Policy, nice value, priority and slice at once. EINVAL EPERM ESRCH."""
        return trap(NR.sched_setattr, pid, attr)

    def sched_getattr(self, pid: int = 0) -> Awaitable[SchedAttr]:
        return trap(NR.sched_getattr, pid)

    def sched_get_priority_max(self, policy: int) -> Awaitable[int]:
        return trap(NR.sched_get_priority_max, policy)

    def sched_get_priority_min(self, policy: int) -> Awaitable[int]:
        return trap(NR.sched_get_priority_min, policy)

    def sched_rr_get_interval(self, pid: int = 0) -> Awaitable[int]:
        """The slice in ns; 0 under SCHED_FIFO."""
        return trap(NR.sched_rr_get_interval_time64, pid)

    # -- memory --------------------------------------------------------------------------------

    def brk(self, increment: int, *, populate: bool = True) -> Awaitable[int]:
        """Grow or shrink the data segment by bytes; the new program break, an address. ENOMEM.

        What a native program keeps in Python objects it must have asked for here first: so the
        pages are taken at once. Without ``populate`` they come as they are touched (brk(2)).
        """
        return trap(NR.brk, increment, populate)

    def mmap(
        self,
        length: int,
        prot: int = flags.PROT_READ | flags.PROT_WRITE,
        mflags: int = flags.MAP_PRIVATE | flags.MAP_ANONYMOUS,
        fd: int = -1,
        offset: int = 0,
        addr: int = 0,
    ) -> Awaitable[int]:
        """The address of new memory (mmap(2)); ``offset`` is in bytes, whole pages.

        EACCES EBADF EEXIST EINVAL ENODEV ENOMEM EOVERFLOW.
        """
        return trap(NR.mmap2, addr, length, prot, mflags, fd, offset)

    def munmap(self, addr: int, length: int) -> Awaitable[None]:
        """EINVAL for an address that is not a page's."""
        return trap(NR.munmap, addr, length)

    def mprotect(self, addr: int, length: int, prot: int) -> Awaitable[None]:
        """EACCES EINVAL, ENOMEM for what is not mapped."""
        return trap(NR.mprotect, addr, length, prot)

    def madvise(self, addr: int, length: int, advice: int) -> Awaitable[None]:
        """MADV_DONTNEED, MADV_PAGEOUT, MADV_WILLNEED … (madvise(2)). EINVAL ENOMEM."""
        return trap(NR.madvise, addr, length, advice)

    def msync(self, addr: int, length: int, mflags: int = flags.MS_SYNC) -> Awaitable[None]:
        return trap(NR.msync, addr, length, mflags)

    def mincore(self, addr: int, length: int) -> Awaitable[bytes]:
        """A byte for each page: 1 if it is in RAM. ENOMEM for what is not mapped."""
        return trap(NR.mincore, addr, length)

    def mlock(self, addr: int, length: int) -> Awaitable[None]:
        """Keep pages in RAM. ENOMEM past RLIMIT_MEMLOCK, EPERM if that is 0."""
        return trap(NR.mlock, addr, length)

    def munlock(self, addr: int, length: int) -> Awaitable[None]:
        return trap(NR.munlock, addr, length)

    def mlockall(self, mflags: int) -> Awaitable[None]:
        return trap(NR.mlockall, mflags)

    def munlockall(self) -> Awaitable[None]:
        return trap(NR.munlockall)

    def load(self, addr: int, count: int) -> Awaitable[bytes]:
        """Read bytes of the process's own memory, as machine code would: no system call.

        A cycle a word, and what page walks and faults take. Where nothing may be read, SIGSEGV.
        """
        return trap(LOAD, addr, count)

    def store(self, addr: int, data: bytes) -> Awaitable[None]:
        """Write bytes into the process's own memory. Where nothing may be written, SIGSEGV."""
        return trap(STORE, addr, data)

    def shmget(self, key: int, size: int, shmflag: int) -> Awaitable[int]:
        """The id of a System V segment. EACCES EEXIST EINVAL ENOENT ENOMEM ENOSPC."""
        return trap(NR.shmget, key, size, shmflag)

    def shmat(self, shmid: int, addr: int = 0, shmflag: int = 0) -> Awaitable[int]:
        """Attach a segment; where it is. EACCES EIDRM EINVAL ENOMEM."""
        return trap(NR.shmat, shmid, addr, shmflag)

    def shmdt(self, addr: int) -> Awaitable[None]:
        return trap(NR.shmdt, addr)

    def shmctl(self, shmid: int, command: int, argument: Any = None) -> Awaitable[Any]:
        """IPC_STAT (a :class:`~minios.abi.records.Shmid`), IPC_SET (uid, gid, mode), IPC_RMID."""
        return trap(NR.shmctl, shmid, command, argument)

    def swapon(self, path: bytes, swapflags: int = 0) -> Awaitable[None]:
        """EBUSY EINVAL EPERM ENOENT …; the priority is in ``swapflags`` (swapon(2))."""
        return trap(NR.swapon, path, swapflags)

    def swapoff(self, path: bytes) -> Awaitable[None]:
        """Bring everything back and stop swapping there. EINVAL ENOMEM EPERM."""
        return trap(NR.swapoff, path)

    # -- signals -------------------------------------------------------------------------------

    def kill(self, pid: int, sig: int) -> Awaitable[None]:
        """kill(2): pid > 0 one process, 0 the caller's group, -1 all, < -1 the group ``-pid``."""
        return trap(NR.kill, pid, sig)

    def sigqueue(self, pid: int, sig: int, value: int = 0) -> Awaitable[None]:
        """sigqueue(3): a signal with a value, which a SA_SIGINFO handler sees. EAGAIN EPERM …"""
        return trap(NR.rt_sigqueueinfo, pid, sig, value)

    def sigtimedwait(self, mask: int, timeout: int | None = None) -> Awaitable[Siginfo]:
        """sigtimedwait(2): take a pending signal of ``mask`` (blocked ones). EAGAIN EINTR."""
        return trap(NR.rt_sigtimedwait_time64, mask, timeout)

    def sigaction(
        self, sig: int, handler: Disposition | None = None, sa_flags: int = 0, mask: int = 0
    ) -> Awaitable[Disposition]:
        """Set a disposition (None leaves it) and return the old one. EINVAL for KILL and STOP."""
        return trap(NR.rt_sigaction, sig, handler, sa_flags, mask)

    def sigprocmask(self, how: int, mask: int) -> Awaitable[int]:
        """The old mask; sets are bit masks (:func:`minios.abi.signals.mask_of`)."""
        return trap(NR.rt_sigprocmask, how, mask)

    def sigpending(self) -> Awaitable[int]:
        return trap(NR.rt_sigpending)

    def sigsuspend(self, mask: int) -> Awaitable[None]:
        """Wait under ``mask`` until a handler has run; always raises EINTR."""
        return trap(NR.rt_sigsuspend, mask)

    def setitimer(self, value: int, interval: int = 0) -> Awaitable[tuple[int, int]]:
        """ITIMER_REAL in ns: SIGALRM after ``value``, then every ``interval``; the old pair."""
        return trap(NR.setitimer, value, interval)

    # -- time and the machine ------------------------------------------------------------------

    def nanosleep(self, ns: int) -> Awaitable[None]:
        """Sleep ``ns``; EINTR when a handler ran (ask the clock for what remains)."""
        return trap(NR.clock_nanosleep_time64, ns)

    def clock_gettime(self, clock: int = flags.CLOCK_REALTIME) -> Awaitable[int]:
        return trap(NR.clock_gettime64, clock)

    def syslog(self, action: int, size: int = 0) -> Awaitable[Any]:
        """syslog(2), klogctl(3): 3 reads the kernel's log, 5 clears it, 10 is its size."""
        return trap(NR.syslog, action, size)

    def uname(self) -> Awaitable[Utsname]:
        return trap(NR.uname)

    def sethostname(self, name: bytes) -> Awaitable[None]:
        return trap(NR.sethostname, name)

    def sysinfo(self) -> Awaitable[Sysinfo]:
        return trap(NR.sysinfo)

    def getrandom(self, count: int) -> Awaitable[bytes]:
        """Bytes of the world's own seeded stream: random, yet the same in every replay."""
        return trap(NR.getrandom, count)

    # -- locks and watches ---------------------------------------------------------------------

    def flock(self, fd: int, operation: int) -> Awaitable[None]:
        """flock(2): LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB perhaps. EAGAIN EBADF EINTR."""
        return trap(NR.flock, fd, operation)

    def lock(self, fd: int, command: int, request: Flock) -> Awaitable[Any]:
        """fcntl_locking(2): F_SETLK, F_SETLKW or F_GETLK, whose result is what is in the way, or
        F_UNLCK; F_OFD_… likewise. EAGAIN EBADF EDEADLK EINTR EINVAL."""
        return trap(NR.fcntl64, fd, command, request)

    def inotify_init(self, oflag: int = 0) -> Awaitable[int]:
        """inotify_init1(2). Read events from the descriptor (:mod:`minios.abi.inotify`)."""
        return trap(NR.inotify_init1, oflag)

    def inotify_add_watch(self, fd: int, path: bytes, mask: int) -> Awaitable[int]:
        """The watch's number. EACCES EINVAL ENOENT ENOSPC ENOTDIR."""
        return trap(NR.inotify_add_watch, fd, path, mask)

    def inotify_rm_watch(self, fd: int, wd: int) -> Awaitable[None]:
        return trap(NR.inotify_rm_watch, fd, wd)

    # -- sockets (minios.abi.sockets) ----------------------------------------------------------

    def socket(self, family: int, type: int, protocol: int = 0) -> Awaitable[int]:
        """socket(2). EAFNOSUPPORT EMFILE EPROTONOSUPPORT ESOCKTNOSUPPORT."""
        return trap(NR.socket, family, type, protocol)

    def socketpair(self, family: int, type: int, protocol: int = 0) -> Awaitable[tuple[int, int]]:
        return trap(NR.socketpair, family, type, protocol)

    def bind(self, fd: int, address: Address) -> Awaitable[None]:
        """bind(2). A path makes a node of type s. EACCES EADDRINUSE EINVAL ENOENT …"""
        return trap(NR.bind, fd, address)

    def listen(self, fd: int, backlog: int = SOMAXCONN) -> Awaitable[None]:
        return trap(NR.listen, fd, backlog)

    def accept(self, fd: int, oflag: int = 0) -> Awaitable[tuple[int, Address]]:
        """accept4(2): a connection's descriptor and who is at its other end. EAGAIN EINTR."""
        return trap(NR.accept4, fd, oflag)

    def connect(self, fd: int, address: Address) -> Awaitable[None]:
        """connect(2). EACCES ECONNREFUSED EISCONN ENOENT EPROTOTYPE …"""
        return trap(NR.connect, fd, address)

    def getsockname(self, fd: int) -> Awaitable[Address]:
        return trap(NR.getsockname, fd)

    def getpeername(self, fd: int) -> Awaitable[Address]:
        return trap(NR.getpeername, fd)

    def send(self, fd: int, data: bytes, mflags: int = 0) -> Awaitable[int]:
        return trap(NR.sendto, fd, data, mflags, None)

    def sendto(self, fd: int, data: bytes, address: Address, mflags: int = 0) -> Awaitable[int]:
        return trap(NR.sendto, fd, data, mflags, address)

    def recv(self, fd: int, count: int, mflags: int = 0) -> Awaitable[bytes]:
        return trap(NR.recvfrom, fd, count, mflags, False)

    def recvfrom(self, fd: int, count: int, mflags: int = 0) -> Awaitable[tuple[bytes, Address]]:
        return trap(NR.recvfrom, fd, count, mflags, True)

    def sendmsg(
        self, fd: int, data: bytes, fds: Sequence[int] = (), address: Address = None,
        mflags: int = 0, control: Control = (),
    ) -> Awaitable[int]:  # fmt: skip
        """sendmsg(2); the receiver gets descriptors for the same open files (SCM_RIGHTS).

        ``control`` are the other ancillary messages, as IP_PKTINFO.
        """
        if control:
            return trap(NR.sendmsg, fd, data, tuple(fds), address, mflags, control)
        return trap(NR.sendmsg, fd, data, tuple(fds), address, mflags)

    def recvmsg(self, fd: int, count: int, mflags: int = 0) -> Awaitable[Message]:
        return trap(NR.recvmsg, fd, count, mflags)

    def getsockopt(self, fd: int, level: int, option: int) -> Awaitable[Any]:
        """An integer, or a Ucred for SO_PEERCRED. ENOPROTOOPT."""
        return trap(NR.getsockopt, fd, level, option)

    def setsockopt(self, fd: int, level: int, option: int, value: Any) -> Awaitable[None]:
        return trap(NR.setsockopt, fd, level, option, value)

    def shutdown(self, fd: int, how: int) -> Awaitable[None]:
        """shutdown(2): SHUT_RD, SHUT_WR or SHUT_RDWR. ENOTCONN."""
        return trap(NR.shutdown, fd, how)

    # -- the machine ---------------------------------------------------------------------------

    def reboot(self, command: int) -> Awaitable[None]:
        return trap(NR.reboot, command)

    def audit_line(self, line: bytes, commands: int) -> Awaitable[None]:
        """An interactive shell reports an entered line and the simple commands parsed from it."""
        return trap(NR.audit_line, line, commands)

    def why(self, kind: bytes, subject: bytes | int = b"") -> Awaitable[list[tuple[int, bytes]]]:
        """Why a ``process`` (by pid) is as it is, what may be done with a ``file`` (by path), or
        what of the caller's was killed and refused of late (``recent``): sentences and how deep
        each is below the one it explains. EINVAL."""
        return trap(NR.why, kind, subject)


async def _exec_child(
    sys: Sys, path: bytes, argv: list[bytes], env: dict[bytes, bytes], fds: dict[int, int]
) -> int:
    lifted = {child: await sys.fcntl(own, flags.F_DUPFD_CLOEXEC, 64) for child, own in fds.items()}
    for child, own in lifted.items():
        await sys.dup2(own, child)
    with contextlib.suppress(OSError):
        await sys.execve(path, argv, env)
    return 127

"""The trap, and the thin C-library face over it that native programs are handed.

A native program is ``async def main(sys, argv, env) -> int``. Each ``await sys.call(…)`` yields
one :data:`Request` to whoever drives the coroutine (the kernel, by ``coro.send``) and is resumed
with the result, or with an ``OSError`` whose ``errno`` says why not. Paths, arguments and data are
bytes.

``Sys`` keeps no state: what a process has lives in its PCB, on the kernel's side.
"""

import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from types import coroutine
from typing import Any

from minios.abi import flags
from minios.abi.records import (
    Dirent,
    Rusage,
    Stat,
    StatFs,
    Sysinfo,
    Termios,
    Times,
    Utsname,
    Waited,
    Winsize,
)
from minios.abi.syscalls import COMPUTE, NR

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
    """System calls under the names a C programmer knows. Every call may raise ``OSError``."""

    __slots__ = ()

    def compute(self, cycles: int) -> Awaitable[None]:
        """Spend ``cycles`` of CPU in user mode, where a process can be preempted."""
        return trap(COMPUTE, cycles)

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

    def truncate(self, path: bytes, size: int) -> Awaitable[None]:
        return trap(NR.truncate64, path, size)

    def ftruncate(self, fd: int, size: int) -> Awaitable[None]:
        return trap(NR.ftruncate64, fd, size)

    def getdents(self, fd: int) -> Awaitable[list[Dirent]]:
        """The next entries of an open directory, ``.`` and ``..`` among them; empty at its end."""
        return trap(NR.getdents64, fd)

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
        self, fds: Sequence[tuple[int, int]], timeout: int | None = None
    ) -> Awaitable[list[tuple[int, int]]]:
        """ppoll(2): the (fd, revents) that are ready; empty on timeout (ns, None: no end)."""
        return trap(NR.ppoll_time64, tuple(fds), timeout)

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
        try:
            await trap(NR.ioctl, fd, flags.TCGETS, None)
        except OSError:
            return False
        return True

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
        return trap(NR.waitid, pid, options)

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

    def getpriority(self, which: int = flags.PRIO_PROCESS, who: int = 0) -> Awaitable[int]:
        """The nice value, -20 to 19."""
        return trap(NR.getpriority, which, who)

    def setpriority(self, which: int, who: int, nice: int) -> Awaitable[None]:
        return trap(NR.setpriority, which, who, nice)

    def getrlimit(self, resource: int) -> Awaitable[tuple[int, int]]:
        return trap(NR.prlimit64, 0, resource, None)

    def setrlimit(self, resource: int, soft: int, hard: int) -> Awaitable[tuple[int, int]]:
        return trap(NR.prlimit64, 0, resource, (soft, hard))

    def getrusage(self, who: int = 0) -> Awaitable[Rusage]:
        """``who`` 0 is the process itself, -1 its waited-for children."""
        return trap(NR.getrusage, who)

    def times(self) -> Awaitable[Times]:
        return trap(NR.times)

    def prctl(self, option: int, argument: Any = None) -> Awaitable[Any]:
        return trap(NR.prctl, option, argument)

    def sched_yield(self) -> Awaitable[None]:
        return trap(NR.sched_yield)

    def brk(self, increment: int) -> Awaitable[int]:
        """sbrk(3): grow or shrink the data segment; its new size in bytes. ENOMEM.

        What a native program keeps in Python objects it must have asked for here first.
        """
        return trap(NR.brk, increment)

    # -- signals -------------------------------------------------------------------------------

    def kill(self, pid: int, sig: int) -> Awaitable[None]:
        """kill(2): pid > 0 one process, 0 the caller's group, -1 all, < -1 the group ``-pid``."""
        return trap(NR.kill, pid, sig)

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

    def uname(self) -> Awaitable[Utsname]:
        return trap(NR.uname)

    def sethostname(self, name: bytes) -> Awaitable[None]:
        return trap(NR.sethostname, name)

    def sysinfo(self) -> Awaitable[Sysinfo]:
        return trap(NR.sysinfo)

    def getrandom(self, count: int) -> Awaitable[bytes]:
        """Bytes of the world's own seeded stream: random, yet the same in every replay."""
        return trap(NR.getrandom, count)

    def reboot(self, command: int) -> Awaitable[None]:
        return trap(NR.reboot, command)

    def audit_line(self, line: bytes, commands: int) -> Awaitable[None]:
        """An interactive shell reports an entered line and the simple commands parsed from it."""
        return trap(NR.audit_line, line, commands)


async def _exec_child(
    sys: Sys, path: bytes, argv: list[bytes], env: dict[bytes, bytes], fds: dict[int, int]
) -> int:
    lifted = {child: await sys.fcntl(own, flags.F_DUPFD_CLOEXEC, 64) for child, own in fds.items()}
    for child, own in lifted.items():
        await sys.dup2(own, child)
    with contextlib.suppress(OSError):
        await sys.execve(path, argv, env)
    return 127

"""Drive a native program over the machine the tests run on, to compare it with Debian's own tool.

``python -m tests.userland.on_host ps aux`` runs MiniOS's ``ps`` with the host's system calls. Only
tests use this: a program sees the same traps as in the game, answered by the host.
"""

import errno
import os
import select
import signal
import struct
import sys as python
import termios
import time
from collections.abc import Coroutine
from fcntl import F_DUPFD_CLOEXEC, fcntl, ioctl
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
from minios.abi.sys import Sys
from minios.abi.syscalls import COMPUTE, NAMES


class Host:
    """Answers traps; keeps the handlers that the program installed."""

    def __init__(self) -> None:
        self.sys = Sys()
        self.handlers: dict[int, Any] = {}
        self.pending: list[int] = []

    def run(self, coro: Coroutine[Any, Any, Any]) -> Any:
        value: Any = None
        failed: OSError | None = None
        while True:
            try:
                request = coro.throw(failed) if failed else coro.send(value)
            except StopIteration as stop:
                return stop.value
            value = failed = None
            try:
                value = self.trap(*request)
            except OSError as err:
                failed = OSError(err.errno, "")
            while self.pending:
                number = self.pending.pop(0)
                self.run(self.handlers[number](self.sys, number))

    def trap(self, nr: int, args: tuple[Any, ...]) -> Any:
        if nr == COMPUTE:
            return None
        return getattr(self, f"do_{NAMES[nr]}")(*args)

    def on_signal(self, number: int, _frame: object) -> None:
        self.pending.append(number)
        raise InterruptedError(errno.EINTR, "")

    # files
    def do_openat(self, path: bytes, oflag: int, mode: int) -> int:
        return os.open(path, oflag, mode)

    def do_close(self, fd: int) -> None:
        os.close(fd)

    def do_read(self, fd: int, n: int) -> bytes:
        return os.read(fd, n)

    def do_write(self, fd: int, data: bytes) -> int:
        return os.write(fd, data)

    def do_llseek(self, fd: int, offset: int, whence: int) -> int:
        return os.lseek(fd, offset, whence)

    def stat_of(self, st: os.stat_result) -> Stat:
        return Stat(
            st.st_dev, st.st_ino, st.st_mode, st.st_nlink, st.st_uid, st.st_gid, st.st_rdev,
            st.st_size, st.st_blksize, st.st_blocks, st.st_atime_ns, st.st_mtime_ns, st.st_ctime_ns,
        )  # fmt: skip

    def do_statx(self, path: bytes, follow: bool) -> Stat:
        return self.stat_of(os.stat(path, follow_symlinks=follow))

    def do_fstat64(self, fd: int) -> Stat:
        return self.stat_of(os.fstat(fd))

    def do_statfs64(self, path: bytes) -> StatFs:
        st = os.statvfs(path)
        return StatFs(b"", st.f_bsize, st.f_blocks, st.f_bfree, st.f_files, st.f_ffree)

    def do_faccessat(self, path: bytes, mode: int, effective: bool) -> None:
        if not os.access(path, mode, effective_ids=effective):
            os.stat(path)
            raise PermissionError(errno.EACCES, "")

    def do_getdents64(self, fd: int) -> list[Dirent]:
        if os.lseek(fd, 0, 1):
            return []
        os.lseek(fd, 1, 0)
        names = [".", "..", *os.listdir(fd)]
        os.lseek(fd, 1, 0)
        return [self.dirent(fd, name) for name in names]

    def dirent(self, fd: int, name: str) -> Dirent:
        try:
            st = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return Dirent(os.fsencode(name), 0, 0)
        return Dirent(os.fsencode(name), st.st_ino, st.st_mode & flags.S_IFMT)

    def do_readlinkat(self, path: bytes) -> bytes:
        return os.readlink(path)

    def do_symlinkat(self, target: bytes, path: bytes) -> None:
        os.symlink(target, path)

    def do_linkat(self, old: bytes, new: bytes) -> None:
        os.link(old, new, follow_symlinks=False)

    def do_mknodat(self, path: bytes, mode: int, _device: int) -> None:
        os.mkfifo(path, mode & 0o7777)

    def do_utimensat_time64(
        self, path: bytes, atime: int | None, mtime: int | None, follow: bool
    ) -> None:
        now = time.time_ns()
        if atime is None or mtime is None:
            st = os.stat(path, follow_symlinks=follow)
            atime = st.st_atime_ns if atime is None else atime
            mtime = st.st_mtime_ns if mtime is None else mtime
        if atime == mtime == -1:
            os.utime(path, follow_symlinks=follow)
            return
        pair = (now if atime == -1 else atime, now if mtime == -1 else mtime)
        os.utime(path, ns=pair, follow_symlinks=follow)

    def do_truncate64(self, path: bytes, size: int) -> None:
        os.truncate(path, size)

    def do_sync(self) -> None:
        return None

    def do_unlinkat(self, path: bytes, directory: bool) -> None:
        os.rmdir(path) if directory else os.unlink(path)

    def do_mkdirat(self, path: bytes, mode: int) -> None:
        os.mkdir(path, mode)

    def do_renameat2(self, old: bytes, new: bytes) -> None:
        os.rename(old, new)

    def do_fchmodat(self, path: bytes, mode: int) -> None:
        os.chmod(path, mode)

    def do_fchownat(self, path: bytes, uid: int, gid: int, follow: bool) -> None:
        os.chown(path, uid, gid, follow_symlinks=follow)

    def do_ftruncate64(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def do_dup(self, fd: int) -> int:
        return os.dup(fd)

    def do_dup3(self, old: int, new: int, _flags: int) -> int:
        return os.dup2(old, new)

    def do_fcntl64(self, fd: int, command: int, argument: int) -> int:
        command = {flags.F_DUPFD_CLOEXEC: F_DUPFD_CLOEXEC}.get(command, command)
        return fcntl(fd, command, argument)

    def do_pipe2(self, oflag: int) -> tuple[int, int]:
        return os.pipe2(oflag)

    def do_ppoll_time64(
        self, fds: tuple[tuple[int, int], ...], timeout: int | None
    ) -> list[tuple[int, int]]:
        poller = select.poll()
        for fd, events in fds:
            poller.register(fd, events)
        return poller.poll(None if timeout is None else timeout // 1_000_000)

    def do_chdir(self, path: bytes) -> None:
        os.chdir(path)

    def do_getcwd(self) -> bytes:
        return os.getcwdb()

    def do_umask(self, mask: int) -> int:
        return os.umask(mask)

    # terminals
    def do_ioctl(self, fd: int, request: int, argument: Any) -> Any:
        if request == flags.TCGETS:
            try:
                a = termios.tcgetattr(fd)
            except termios.error as err:
                raise OSError(err.args[0], "") from None
            cc = b"".join(c if isinstance(c, bytes) else bytes([c]) for c in a[6])
            return Termios(a[0], a[1], a[2], a[3], cc[: flags.NCCS])
        if request in (flags.TCSETS, flags.TCSETSW, flags.TCSETSF):
            a = termios.tcgetattr(fd)
            a[:4] = argument[:4]
            a[6] = [bytes([c]) for c in argument.cc] + a[6][flags.NCCS :]
            try:
                termios.tcsetattr(fd, request - flags.TCSETS, a)
            except termios.error as err:
                raise OSError(err.args[0], "") from None
            return None
        if request == flags.TIOCGWINSZ:
            rows, cols, _, _ = struct.unpack("HHHH", ioctl(fd, request, bytes(8)))
            return Winsize(rows, cols)
        if request == flags.TIOCSWINSZ:
            ioctl(fd, request, struct.pack("HHHH", argument[0], argument[1], 0, 0))
            return None
        if request == flags.TIOCGPGRP:
            return os.tcgetpgrp(fd)
        if request == flags.TIOCSPGRP:
            return os.tcsetpgrp(fd, argument)
        return ioctl(fd, request, argument or 0)

    # processes
    def do_clone(self, entry: Any, state: tuple[Any, ...]) -> int:
        pid = os.fork()
        if not pid:
            os._exit(self.run(entry(self.sys, *state)) & 255)
        return pid

    def do_execve(self, path: bytes, argv: list[bytes], env: tuple[bytes, ...]) -> None:
        os.execve(path, argv, dict(e.split(b"=", 1) for e in env))

    def do_exit_group(self, code: int) -> None:
        os._exit(code & 255)

    def do_waitid(self, idtype: int, id: int, options: int) -> Waited:
        which = {flags.P_PID: id, flags.P_ALL: -1, flags.P_PGID: -id}[idtype]
        pid, status, _ = os.wait4(which, options & ~flags.WEXITED)
        return Waited(pid, status, Rusage(0, 0, 0, 0, 0))

    def do_getpid(self) -> int:
        return os.getpid()

    def do_getppid(self) -> int:
        return os.getppid()

    def do_getpgid(self, pid: int) -> int:
        return os.getpgid(pid)

    def do_setpgid(self, pid: int, pgid: int) -> None:
        os.setpgid(pid, pgid)

    def do_getsid(self, pid: int) -> int:
        return os.getsid(pid)

    def do_setsid(self) -> int:
        os.setsid()
        return os.getpid()

    def do_getuid(self) -> int:
        return os.getuid()

    def do_geteuid(self) -> int:
        return os.geteuid()

    def do_getgid(self) -> int:
        return os.getgid()

    def do_getegid(self) -> int:
        return os.getegid()

    def do_setuid(self, uid: int) -> None:
        os.setuid(uid)

    def do_setgid(self, gid: int) -> None:
        os.setgid(gid)

    def do_setgroups(self, groups: tuple[int, ...]) -> None:
        os.setgroups(list(groups))

    def do_getgroups(self) -> tuple[int, ...]:
        return tuple(os.getgroups())

    def do_getpriority(self, which: int, who: int) -> int:
        return os.getpriority(which, who)

    def do_setpriority(self, which: int, who: int, nice: int) -> None:
        os.setpriority(which, who, nice)

    def do_times(self) -> Times:
        t = os.times()
        return Times(*(int(v * 1e9) for v in t))

    def do_prctl(self, option: int, argument: Any) -> None:
        return None

    def do_brk(self, increment: int, populate: bool = True) -> int:
        return 0

    # signals
    def do_kill(self, pid: int, sig: int) -> None:
        os.kill(pid, sig)

    def do_rt_sigaction(self, sig: int, handler: Any, _flags: int, _mask: int) -> Any:
        if sig in (9, 19):
            raise OSError(errno.EINVAL, "")
        old = signal.getsignal(sig)
        was: Any = self.handlers.get(sig, "SIG_IGN" if old == signal.SIG_IGN else "SIG_DFL")
        if handler == "SIG_DFL":
            signal.signal(sig, signal.SIG_DFL)
            self.handlers.pop(sig, None)
        elif handler == "SIG_IGN":
            signal.signal(sig, signal.SIG_IGN)
            self.handlers.pop(sig, None)
        elif handler is not None:
            self.handlers[sig] = handler
            signal.signal(sig, self.on_signal)
        return was

    def do_rt_sigprocmask(self, how: int, mask: int) -> int:
        which = {n for n in range(1, 65) if mask >> (n - 1) & 1}
        old = signal.pthread_sigmask(how, which)
        return sum(1 << (n - 1) for n in old)

    def do_rt_sigsuspend(self, mask: int) -> None:
        old = signal.pthread_sigmask(signal.SIG_SETMASK, set())
        try:
            signal.pause()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)

    def do_setitimer(self, value: int, interval: int) -> tuple[int, int]:
        old = signal.setitimer(signal.ITIMER_REAL, value / 1e9, interval / 1e9)
        return int(old[0] * 1e9), int(old[1] * 1e9)

    # time and the machine
    def do_clock_nanosleep_time64(self, ns: int) -> None:
        time.sleep(ns / 1e9)

    def do_clock_gettime64(self, clock: int) -> int:
        return time.clock_gettime_ns(clock)

    def do_uname(self) -> Utsname:
        return Utsname(*(os.fsencode(v) for v in os.uname()))

    def do_sethostname(self, name: bytes) -> None:
        raise PermissionError(errno.EPERM, "")

    def do_sysinfo(self) -> Sysinfo:
        one, five, fifteen = (int(v * 65536) for v in os.getloadavg())
        return Sysinfo(time.clock_gettime_ns(time.CLOCK_BOOTTIME), (one, five, fifteen), 0, 0, 0)

    def do_getrandom(self, count: int) -> bytes:
        return os.urandom(count)

    def do_sched_yield(self) -> None:
        os.sched_yield()

    def do_audit_line(self, _line: bytes, _commands: int) -> None:
        return None


def main(argv: list[str]) -> int:
    """Run one program by its name in the table."""
    from minios.userland.table import load

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    host = Host()
    args = [os.fsencode(a) for a in argv]
    env = dict(os.environb)
    code: int = host.run(load(argv[0])(host.sys, args, env))
    return code & 255


if __name__ == "__main__":
    python.exit(main(python.argv[1:]))

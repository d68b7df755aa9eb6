"""An xv6-like table: 21 calls, and a small C library that makes do with them.

There are no users, no signals to handle, no terminals to set, no directories to list but by reading
them, and -1 is all that is known of an error. Source: xv6-riscv, kernel/syscall.h, kernel/fcntl.h,
kernel/fs.h, kernel/stat.h, user/ulib.c.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.personality import Function, Row, Service, Table
from minios.abi.ptrace import SyscallInfo
from minios.abi.records import Dirent, Rusage, Stat, Waited
from minios.abi.syscalls import NR

TICK = 100_000_000
"""ns between two ticks of its clock."""
NAME = 14
"""Bytes of a file's name in a directory."""
ENTRY = 2 + NAME

FORK, EXIT, WAIT, PIPE, READ, KILL, EXEC, FSTAT, CHDIR, DUP, GETPID, SBRK, SLEEP, UPTIME = range(1, 15)  # fmt: skip # noqa: E501
OPEN, WRITE, MKNOD, UNLINK, LINK, MKDIR, CLOSE = range(15, 22)

O_CREATE = 0x200
O_TRUNC = 0x400
T_DIR, T_FILE, T_DEVICE = 1, 2, 3


class Xv6Stat(NamedTuple):
    """struct stat."""

    dev: int
    ino: int
    type: int
    nlink: int
    size: int


_TABLE: dict[int, tuple[str, str, str]] = {
    FORK: ("fork", "", "int"),
    EXIT: ("exit", "int", "none"),
    WAIT: ("wait", ">code", "first"),
    PIPE: ("pipe", ">fds", "0"),
    READ: ("read", "fd >data int", "len"),
    KILL: ("kill", "pid", "0"),
    EXEC: ("exec", "path argv", "0"),
    FSTAT: ("fstat", "fd >any", "0"),
    CHDIR: ("chdir", "path", "0"),
    DUP: ("dup", "fd", "fd"),
    GETPID: ("getpid", "", "int"),
    SBRK: ("sbrk", "int", "addr"),
    SLEEP: ("sleep", "int", "0"),
    UPTIME: ("uptime", "", "int"),
    OPEN: ("open", "path xv6flags", "fd"),
    WRITE: ("write", "fd data len", "int"),
    MKNOD: ("mknod", "path int int", "0"),
    UNLINK: ("unlink", "path", "0"),
    LINK: ("link", "path path", "0"),
    MKDIR: ("mkdir", "path", "0"),
    CLOSE: ("close", "fd", "0"),
}


# -- the kernel's side -------------------------------------------------------------------------


def _open(args: tuple[Any, ...]) -> tuple[Any, ...]:
    path, mode = (*args, 0, 0)[:2]
    oflag = mode & flags.O_ACCMODE if isinstance(mode, int) else 0
    if isinstance(mode, int):
        oflag |= flags.O_CREAT if mode & O_CREATE else 0
        oflag |= flags.O_TRUNC if mode & O_TRUNC else 0
    return path, oflag, 0o666


def _as_xv6(stat: Any, args: tuple[Any, ...]) -> Any:
    if not isinstance(stat, Stat):
        return stat
    kind = {flags.S_IFDIR: T_DIR, flags.S_IFREG: T_FILE}.get(stat.mode & flags.S_IFMT, T_DEVICE)
    return Xv6Stat(stat.dev, stat.ino, kind, stat.nlink, stat.size)


def entries(listing: list[Dirent]) -> bytes:
    """A directory as reading it shows it: inode number and name, cut at 14 bytes."""
    return b"".join(
        (entry.ino & 0xFFFF or 1).to_bytes(2, "little") + entry.name[:NAME].ljust(NAME, b"\0")
        for entry in listing
    )


def _same(value: Any, args: tuple[Any, ...]) -> Any:
    return value


def _reduced(value: Any, args: tuple[Any, ...]) -> Any:
    """wait(): the pid and the exit code."""
    if not isinstance(value, Waited):
        return value
    code = flags.wexitstatus(value.status) if flags.wifexited(value.status) else -1
    return value.pid, code


def _sleep(args: tuple[Any, ...]) -> tuple[Any, ...]:
    ticks = args[0] if args and isinstance(args[0], int) else 0
    return (max(ticks, 0) * TICK,)


def _grown(value: Any, args: tuple[Any, ...]) -> Any:
    """sbrk(): where the break was."""
    return value - args[0] if isinstance(value, int) and args else value


_SERVICES: dict[int, Service] = {
    FORK: Service(NR.clone, lambda args: args, _same),
    EXIT: Service(NR.exit_group, lambda args: args[:1], _same),
    WAIT: Service(NR.waitid, lambda args: (flags.P_ALL, 0, flags.WEXITED), _reduced),
    PIPE: Service(NR.pipe2, lambda args: (0,), _same),
    READ: Service(NR.read, lambda args: args[:2], _same),
    KILL: Service(NR.kill, lambda args: (*args[:1], 9), _same),
    EXEC: Service(NR.execve, lambda args: (*args[:2], ()), _same),
    FSTAT: Service(NR.fstat64, lambda args: args[:1], _as_xv6),
    CHDIR: Service(NR.chdir, lambda args: args[:1], _same),
    DUP: Service(NR.dup, lambda args: args[:1], _same),
    GETPID: Service(NR.getpid, lambda args: (), _same),
    SBRK: Service(NR.brk, lambda args: args[:1], _grown),
    SLEEP: Service(NR.clock_nanosleep_time64, _sleep, _same),
    UPTIME: Service(NR.clock_gettime64, lambda args: (1,), lambda value, args: value // TICK),
    OPEN: Service(NR.openat, _open, _same),
    WRITE: Service(NR.write, lambda args: args[:2], _same),
    MKNOD: Service(
        NR.mknodat, lambda args: (args[0] if args else 0, flags.S_IFCHR | 0o666, 0), _same
    ),
    UNLINK: Service(NR.unlinkat, lambda args: (*args[:1], False), _same),
    LINK: Service(NR.linkat, lambda args: args[:2], _same),
    MKDIR: Service(NR.mkdirat, lambda args: (*args[:1], 0o777), _same),
    CLOSE: Service(NR.close, lambda args: args[:1], _same),
}


# -- the library -------------------------------------------------------------------------------


def _missing(*args: Any) -> Function:
    """A function that this library does not have."""
    yield from ()
    raise error(Errno.ENOSYS)


def _constant(value: Any) -> Callable[..., Function]:
    def function(*args: Any) -> Function:
        yield from ()
        return value

    return function


def _one(
    number: int, count: int, value: Callable[[Any], Any] = lambda result: result
) -> Callable[..., Function]:
    """A function that is one call of its first ``count`` arguments."""

    def function(*args: Any) -> Function:
        return value((yield number, args[:count]))

    return function


def _lib_open(path: Any, oflag: int, mode: int) -> Function:
    if oflag & flags.O_APPEND:
        raise error(Errno.ENOSYS)
    given = oflag & flags.O_ACCMODE
    given |= O_CREATE if oflag & flags.O_CREAT else 0
    given |= O_TRUNC if oflag & flags.O_TRUNC else 0
    return (yield OPEN, (path, given))


def _lib_fstat(fd: Any) -> Function:
    return _as_stat((yield FSTAT, (fd,)))


def _lib_stat(path: Any, follow: bool) -> Function:
    fd = yield OPEN, (path, 0)
    stat = yield FSTAT, (fd,)
    yield CLOSE, (fd,)
    return _as_stat(stat)


def _as_stat(stat: Any) -> Stat:
    """What a struct stat says, and for what it does not say the likeliest."""
    if not isinstance(stat, Xv6Stat):
        return Stat(0, 0, 0, 0, 0, 0, 0, 0, 1024, 0, 0, 0, 0)
    kind = {T_DIR: flags.S_IFDIR | 0o755, T_FILE: flags.S_IFREG | 0o755}
    mode = kind.get(stat.type, flags.S_IFCHR | 0o666)
    blocks = -(-stat.size // 512)
    return Stat(
        stat.dev, stat.ino, mode, stat.nlink, 0, 0, 0, stat.size, 1024, blocks, 0, 0, 0
    )  # fmt: skip


def _lib_access(path: Any, mode: int, effective: bool) -> Function:
    fd = yield OPEN, (path, 0)
    yield CLOSE, (fd,)


def _lib_getdents(fd: Any) -> Function:
    data = yield READ, (fd, ENTRY * 64)
    if not isinstance(data, bytes):
        return []
    found = []
    for at in range(0, len(data) - ENTRY + 1, ENTRY):
        name = data[at + 2 : at + ENTRY].rstrip(b"\0")
        found.append(Dirent(name, int.from_bytes(data[at : at + 2], "little"), flags.S_IFREG))
    return found


def _lib_wait(idtype: int, id: int, options: int) -> Function:
    if options & flags.WNOHANG:
        raise error(Errno.ENOSYS)
    result = yield WAIT, ()
    pid, code = result if isinstance(result, tuple) else (result, 0)
    return Waited(pid, (code & 0xFF) << 8, Rusage(0, 0, 0, 0, 0))


def _lib_brk(increment: int, populate: bool = True) -> Function:
    old = yield SBRK, (increment,)
    return old + increment if isinstance(old, int) else old


def _lib_sleep(ns: int) -> Function:
    return (yield SLEEP, (-(-ns // TICK),))


def _lib_clock(clock: int) -> Function:
    ticks = yield UPTIME, ()
    return ticks * TICK if isinstance(ticks, int) else 0


def _lib_unlink(path: Any, directory: bool) -> Function:
    return (yield UNLINK, (path,))


def _lib_kill(pid: Any, sig: int) -> Function:
    return (yield KILL, (pid,))


def _lib_isatty(fd: Any, request: int, argument: Any) -> Function:
    yield from ()
    raise error(Errno.ENOTTY)


def _lib_rename(old: Any, new: Any) -> Function:
    yield LINK, (old, new)
    yield UNLINK, (old,)


def _bytes(value: Any) -> bytes:
    """What read() has left in the buffer: nothing but zeros if it was another call."""
    if isinstance(value, bytes):
        return value
    return bytes(min(value, 4096)) if isinstance(value, int) and value > 0 else b""


_FUNCTIONS: dict[int, Callable[..., Function]] = {
    NR.openat: _lib_open,
    NR.close: _one(CLOSE, 1),
    NR.read: _one(READ, 2, _bytes),
    NR.write: _one(WRITE, 2),
    NR.fstat64: _lib_fstat,
    NR.statx: _lib_stat,
    NR.faccessat: _lib_access,
    NR.getdents64: _lib_getdents,
    NR.mkdirat: _one(MKDIR, 1),
    NR.unlinkat: _lib_unlink,
    NR.linkat: _one(LINK, 2),
    NR.renameat2: _lib_rename,
    NR.dup: _one(DUP, 1),
    NR.pipe2: _one(PIPE, 0),
    NR.chdir: _one(CHDIR, 1),
    NR.clone: _one(FORK, 2),
    NR.execve: _one(EXEC, 2),
    NR.exit_group: _one(EXIT, 1),
    NR.waitid: _lib_wait,
    NR.getpid: _one(GETPID, 0),
    NR.brk: _lib_brk,
    NR.clock_nanosleep_time64: _lib_sleep,
    NR.clock_gettime64: _lib_clock,
    NR.kill: _lib_kill,
    NR.ioctl: _lib_isatty,
    **dict.fromkeys((NR.getuid, NR.geteuid, NR.getgid, NR.getegid), _constant(0)),
    NR.getgroups: _constant(()),
    NR.umask: _constant(0o22),
    NR.sync: _constant(None),
}


class Xv6:
    """See the module."""

    os_abi = "xv6"
    services = _SERVICES

    def __init__(self) -> None:
        classes = {"fd": "D", "path": "F"}
        rows = {}
        for number, (_, arguments, returns) in _TABLE.items():
            of = "".join(letter for word, letter in classes.items() if word in arguments.split())
            of += "P" if number in (FORK, EXIT, WAIT, EXEC, KILL) else ""
            rows[number] = Row(arguments, returns, of, 0)
        self.table = Table("xv6", {number: row[0] for number, row in _TABLE.items()}, rows)

    def function(self, nr: int, args: tuple[Any, ...]) -> Function:
        chosen: Callable[..., Function] = _FUNCTIONS.get(nr, _missing)
        return chosen(*args)

    def exit(self, code: int) -> Function:
        yield EXIT, (code,)
        raise RuntimeError("exit returned")

    def error(self, err: OSError) -> OSError:
        """The library's own errors have a reason; the kernel's are -1."""
        return err if err.errno in (Errno.ENOSYS, Errno.ENOTTY) else OSError(-1, "")

    def refuse(self, err: OSError) -> OSError:
        return OSError(1, "")

    def native(self, info: SyscallInfo) -> SyscallInfo:
        return info


DIALECT = Xv6()

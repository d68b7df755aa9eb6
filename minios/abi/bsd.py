"""A BSD-like table: FreeBSD's numbers, flags, signals and errors, and the C library for it.

The calls do what Linux's do. Sources: FreeBSD's sys/kern/syscalls.master, sys/errno.h,
sys/signal.h, sys/fcntl.h, sys/wait.h, sys/ttycom.h, sys/mman.h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.personality import LINUX, Function, Row, Service, Table
from minios.abi.ptrace import SyscallInfo
from minios.abi.records import Stat, Waited
from minios.abi.syscalls import NAMES, NR

EXTENSION = 1000
"""Linux's calls that FreeBSD has none for have their numbers from here on."""

_CALLS = """
exit_group:1:exit clone:2:fork read:3 write:4 openat:5:open close:6 waitid:532:wait6 linkat:9:link
chdir:12 fchmodat:15:chmod getpid:20 setuid:23 getuid:24 geteuid:25 ptrace:26 sync:36 kill:37
getppid:39 dup:41 getegid:43 getgid:47 ioctl:54 reboot:55 symlinkat:57:symlink
readlinkat:58:readlink execve:59 umask:60 msync:65 munmap:73 mprotect:74 madvise:75 mincore:78
getgroups:79 setgroups:80 setpgid:82 setitimer:83 swapon:85 getitimer:86 dup3:90:dup2
fcntl64:92:fcntl fsync:95 setpriority:96 socket:97 connect:98 getpriority:100 bind:104 listen:106
getrusage:117 setreuid:126 setregid:127 renameat2:128:rename flock:131 sendto:133 socketpair:135
mkdirat:136:mkdir rt_sigreturn:139:sigreturn setsid:147 uname:164 setgid:181 mlock:203 munlock:204
getpgid:207 shmat:228 shmdt:230 shmget:231 clock_gettime64:232:clock_gettime
clock_settime64:233:clock_settime clock_nanosleep_time64:240:nanosleep getsid:310 setresuid:311
setresgid:312 mlockall:324 munlockall:325 getcwd:326:__getcwd sched_yield:331
rt_sigprocmask:340:sigprocmask rt_sigsuspend:341:sigsuspend rt_sigpending:343:sigpending
rt_sigtimedwait_time64:345:sigtimedwait getresuid:360 getresgid:361 rt_sigaction:416:sigaction
swapoff:424 rt_sigqueueinfo:456:sigqueue mmap2:477:mmap llseek:478:lseek truncate64:479:truncate
ftruncate64:480:ftruncate shmctl:512 pipe2:542 ppoll_time64:545:ppoll
utimensat_time64:547:utimensat fstat64:551:fstat statx:552:fstatat getdents64:554:getdirentries
statfs64:555:statfs mknodat:559 getrandom:563
"""
"""LINUX:NUMBER[:NAME] of what is one call on both sides."""

_SPLIT = {
    "faccessat": ((33, "access", 2, False), (376, "eaccess", 2, True)),
    "unlinkat": ((10, "unlink", 1, False), (137, "rmdir", 1, True)),
    "fchownat": ((16, "chown", 3, True), (254, "lchown", 3, False)),
    "prlimit64": ((194, "getrlimit", 2, None), (195, "setrlimit", 2, ...)),
}
"""Calls of Linux that are two here: number, name, which argument tells, and its value."""


_SHOWN = {"statx": Row("path >stat nofollow", "0", "DF", 30)}
"""Rows of calls whose prototypes differ."""


class BsdStat(NamedTuple):
    """struct stat: what it tells is the same, where it stands is not."""

    st_dev: int
    st_ino: int
    st_nlink: int
    st_mode: int
    st_uid: int
    st_gid: int
    st_rdev: int
    st_atim: int
    st_mtim: int
    st_ctim: int
    st_size: int
    st_blocks: int
    st_blksize: int


def _bits(*pairs: tuple[int, int]) -> tuple[dict[int, int], dict[int, int]]:
    return dict(pairs), {there: here for here, there in pairs}


def _mask(value: Any, table: dict[int, int]) -> Any:
    """Flags by another table; what it does not know is dropped."""
    if not isinstance(value, int):
        return value
    result = 0
    for bit, other in table.items():
        if bit and value & bit == bit:
            result |= other
    return result


def _pick(value: Any, table: dict[int, int]) -> Any:
    return table.get(value, value) if isinstance(value, int) else value


_OPEN = _bits(
    (flags.O_CREAT, 0x200), (flags.O_EXCL, 0x800), (flags.O_NOCTTY, 0x8000),
    (flags.O_TRUNC, 0x400), (flags.O_APPEND, 0x8), (flags.O_NONBLOCK, 0x4),
    (flags.O_DIRECTORY, 0x20000), (flags.O_NOFOLLOW, 0x100), (flags.O_CLOEXEC, 0x100000),
    (flags.O_SYNC, 0x80),
)  # fmt: skip
_SIGNALS = _bits(
    (7, 10), (10, 30), (12, 31), (17, 20), (18, 19), (19, 17), (20, 18), (23, 16), (29, 23),
    (31, 12), (16, 7), (30, 29),
)  # fmt: skip
"""BUS, USR1, USR2, CHLD, CONT, STOP, TSTP, URG, IO, SYS; the rest is the same."""
_WAIT = _bits((flags.WNOHANG, 1), (flags.WSTOPPED, 2), (flags.WCONTINUED, 4), (flags.WNOWAIT, 8),
              (flags.WEXITED, 16))  # fmt: skip
_IDTYPES = _bits((flags.P_ALL, 7), (flags.P_PID, 0), (flags.P_PGID, 2))
_HOW = _bits((0, 1), (1, 2), (2, 3))
_CLOCKS = _bits((0, 0), (1, 4), (2, 15))
_LIMITS = _bits((flags.RLIMIT_RSS, 5), (flags.RLIMIT_NPROC, 7), (flags.RLIMIT_NOFILE, 8),
                (flags.RLIMIT_MEMLOCK, 6), (flags.RLIMIT_AS, 10))  # fmt: skip
_ACTION = _bits((0x1, 0x8), (0x2, 0x20), (0x4, 0x40), (0x10000000, 0x2), (0x40000000, 0x10),
                (0x80000000, 0x4))  # fmt: skip
_IOCTLS = _bits(
    (flags.TCGETS, 0x402C7413), (flags.TCSETS, 0x802C7414), (flags.TCSETSW, 0x802C7415),
    (flags.TCSETSF, 0x802C7416), (flags.TIOCGPGRP, 0x40047477), (flags.TIOCSPGRP, 0x80047476),
    (flags.TIOCGWINSZ, 0x40087468), (flags.TIOCSWINSZ, 0x80087467), (flags.FIONREAD, 0x4004667F),
    (flags.TIOCSCTTY, 0x20007461), (flags.TIOCNOTTY, 0x20007471), (flags.TIOCGSID, 0x40047463),
)  # fmt: skip
_FCNTL = _bits((flags.F_DUPFD_CLOEXEC, 17), (flags.F_GETLK, 11), (flags.F_SETLK, 12),
               (flags.F_SETLKW, 13))  # fmt: skip
_MAP = _bits((flags.MAP_SHARED, 1), (flags.MAP_PRIVATE, 2), (flags.MAP_FIXED, 0x10),
             (flags.MAP_ANONYMOUS, 0x1000), (flags.MAP_STACK, 0x400),
             (flags.MAP_NORESERVE, 0x40))  # fmt: skip
_ERRORS = _bits(
    (Errno.EDEADLK, 11), (Errno.EAGAIN, 35), (Errno.ENAMETOOLONG, 63), (Errno.ENOSYS, 78),
    (Errno.ENOTEMPTY, 66), (Errno.ELOOP, 62), (Errno.ENOTSUP, 45), (Errno.ETIMEDOUT, 60),
)  # fmt: skip

Way = int
OUT, IN = 0, 1
"""From the program to the kernel, and back."""


def _oflag(way: Way, value: Any) -> Any:
    if not isinstance(value, int):
        return value
    return value & flags.O_ACCMODE | _mask(value & ~flags.O_ACCMODE, _OPEN[way])


def _sigset(way: Way, mask: Any) -> Any:
    if not isinstance(mask, int):
        return mask
    result = 0
    for number in range(1, mask.bit_length() + 1):
        if mask >> (number - 1) & 1:
            result |= 1 << (_SIGNALS[way].get(number, number) - 1)
    return result


def _sigaction(way: Way, handler: Any, sa_flags: Any, mask: Any) -> tuple[Any, ...]:
    return handler, _mask(sa_flags, _ACTION[way]), _sigset(way, mask)


def _fcntl(way: Way, command: Any, argument: Any) -> tuple[Any, ...]:
    if command == flags.F_SETFL:
        return command, _oflag(way, argument)
    return _pick(command, _FCNTL[way]), argument


def _status(way: Way, waited: Any) -> Any:
    """A wait status has a signal in its low seven bits, or above them for a stop."""
    if not isinstance(waited, Waited):
        return waited
    status = waited.status
    if flags.wifstopped(status):
        sig = status >> 8 & 0xFF
        status = status & ~0xFF00 | _SIGNALS[way].get(sig, sig) << 8
    elif flags.wifsignaled(status):
        low = status & 0x7F
        status = status & ~0x7F | _SIGNALS[way].get(low, low)
    return waited._replace(status=status)


def _stat(way: Way, stat: Any) -> Any:
    if way == OUT and isinstance(stat, Stat):
        return BsdStat(
            stat.dev, stat.ino, stat.nlink, stat.mode, stat.uid, stat.gid, stat.rdev, stat.atime,
            stat.mtime, stat.ctime, stat.size, stat.blocks, stat.blksize,
        )  # fmt: skip
    if way == IN and isinstance(stat, BsdStat):
        return Stat(
            stat.st_dev, stat.st_ino, stat.st_mode, stat.st_nlink, stat.st_uid, stat.st_gid,
            stat.st_rdev, stat.st_size, stat.st_blksize, stat.st_blocks, stat.st_atim,
            stat.st_mtim, stat.st_ctim,
        )  # fmt: skip
    return stat


_ONE: dict[str, Callable[[Way, Any], Any]] = {
    "oflag": _oflag, "cloexec": _oflag, "sigset": _sigset,
    "sig": lambda way, value: _pick(value, _SIGNALS[way]),
    "sighow": lambda way, value: _pick(value, _HOW[way]),
    "clock": lambda way, value: _pick(value, _CLOCKS[way]),
    "rlimit": lambda way, value: _pick(value, _LIMITS[way]),
    "waitopt": lambda way, value: _mask(value, _WAIT[way]),
    "idtype": lambda way, value: _pick(value, _IDTYPES[way]),
    "mapflags": lambda way, value: _mask(value, _MAP[way]),
}  # fmt: skip
"""Kinds of one argument whose values differ."""
_SEVERAL: dict[str, tuple[int, Callable[..., tuple[Any, ...]]]] = {
    "sigaction": (3, _sigaction),
    "fcntl": (2, _fcntl),
    "ioctl": (2, lambda way, request, argument: (_pick(request, _IOCTLS[way]), argument)),
}
_WIDTHS = {"len": 0, "itimer": 2, "utimes": 2, "brk": 2, "clone": 2, "prctl": 2, "ptrace": 4,
           "seccomp": 3}  # fmt: skip
_RESULTS: dict[str, Callable[[Way, Any], Any]] = {
    ">waited": _status, ">sigset": _sigset, ">stat": _stat, ">statx": _stat,
}  # fmt: skip


def _arguments(nr: int, way: Way, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of Linux's call ``nr`` with the values of the other side."""
    result: list[Any] = []
    rest = list(args)
    for word in _words(nr):
        if not rest:
            break
        if word in _SEVERAL:
            count, convert = _SEVERAL[word]
            taken = (rest + [0] * count)[:count]
            result += convert(way, *taken)
        elif word in _ONE:
            count = 1
            result.append(_ONE[word](way, rest[0]))
        else:
            count = _WIDTHS.get(word, 1)
            result += rest[:count]
        del rest[:count]
    return (*result, *rest)


def _words(nr: int) -> Iterable[str]:
    row = LINUX.rows.get(nr)
    return (word for word in row.arguments.split() if word[0] not in "=>") if row else ()


def _result(nr: int, way: Way, value: Any, args: tuple[Any, ...]) -> Any:
    row = LINUX.rows.get(nr)
    if row is None:
        return value
    if row.returns == "fcntl" and len(args) > 1 and args[1] == flags.F_GETFL:
        return _oflag(way, value)
    for word in row.arguments.split():
        convert = _RESULTS.get(word)
        if convert is not None:
            return convert(way, value)
    return value


class Bsd:
    """See the module."""

    os_abi = "UNIX - FreeBSD"

    def __init__(self) -> None:
        names: dict[int, str] = {}
        rows: dict[int, Row] = {}
        self.services: dict[int, Service] = {}
        self._numbers: dict[int, int] = {}
        numbers = {name: number for number, name in NAMES.items()}
        for item in _CALLS.split():
            linux, number, *other = item.split(":")
            if linux in numbers:
                nr = numbers.pop(linux)
                self._numbers[nr] = int(number)
                names[int(number)] = other[0] if other else linux
                rows[int(number)] = _SHOWN.get(linux) or _without_folder(LINUX.rows[nr])
                self.services[int(number)] = _whole(nr)
        for linux, halves in _SPLIT.items():
            nr = numbers.pop(linux)
            for half, name, at, value in halves:
                names[half] = name
                rows[half] = _half(LINUX.rows[nr], name)
                self.services[half] = _part(nr, at, value)
        for linux, nr in numbers.items():
            self._numbers[nr] = EXTENSION + nr
            names[EXTENSION + nr] = linux
            rows[EXTENSION + nr] = (
                LINUX.rows[nr] if nr in LINUX.rows else Row("any any any", "int", "", 20)
            )
            self.services[EXTENSION + nr] = _whole(nr)
        self.table = Table("bsd", names, rows)
        self._halves = {numbers_of(linux): halves for linux, halves in _SPLIT.items()}

    def function(self, nr: int, args: tuple[Any, ...]) -> Function:
        """Every function of this library is one call."""
        halves = self._halves.get(nr)
        if halves is None:
            number = self._numbers.get(nr, EXTENSION + nr)
            result = yield number, _arguments(nr, OUT, args)
            return _result(nr, IN, result, args)
        for number, _, at, value in halves:
            if value is ... or args[at] == value:
                given = _arguments(nr, OUT, args)
                if nr == NR.prlimit64:
                    return (yield number, given[1:] if value is ... else given[1:2])
                return (yield number, given[:at] + given[at + 1 :])
        return None

    def exit(self, code: int) -> Function:
        yield 1, (code,)
        raise RuntimeError("exit returned")

    def error(self, err: OSError) -> OSError:
        number = err.errno or 0
        return OSError(_ERRORS[IN].get(number, number), "")

    def refuse(self, err: OSError) -> OSError:
        number = err.errno or 0
        return OSError(_ERRORS[OUT].get(number, number), "")

    def native(self, info: SyscallInfo) -> SyscallInfo:
        service = self.services.get(info.nr)
        rval = info.rval
        if service is None:
            return info._replace(rval=_ERRORS[IN].get(rval, rval) if info.is_error else rval)
        if info.is_error:
            rval = _ERRORS[IN].get(rval, rval)
        else:
            rval = _result(service.nr, IN, rval, info.args)
        args = service.take(info.args)
        if service.nr == NR.prlimit64:
            args = args[1:]
        return info._replace(args=args, rval=rval)


def numbers_of(name: str) -> int:
    """Linux's number of a call."""
    return next(number for number, known in NAMES.items() if known == name)


def _without_folder(row: Row) -> Row:
    words = [word for word in row.arguments.split() if word != "=AT_FDCWD"]
    return row._replace(arguments=" ".join(words))


def _half(row: Row, name: str) -> Row:
    words = _without_folder(row).arguments.split()
    if name in ("getrlimit", "setrlimit"):
        shown = "rlimit >rlim" if name == "getrlimit" else "rlimit newlimit"
        return row._replace(arguments=shown)
    return row._replace(arguments=" ".join(words[:-1]))


def _whole(nr: int) -> Service:
    return Service(
        nr,
        lambda args: _arguments(nr, IN, args),
        lambda value, args: _result(nr, OUT, value, args),
    )


def _part(nr: int, at: int, value: Any) -> Service:
    def take(args: tuple[Any, ...]) -> tuple[Any, ...]:
        if nr == NR.prlimit64:
            new = args[1] if value is ... and len(args) > 1 else None
            return 0, _pick(args[0] if args else 0, _LIMITS[IN]), new
        return (*args[:at], value, *args[at:])

    return Service(nr, take, lambda result, args: result)


DIALECT = Bsd()

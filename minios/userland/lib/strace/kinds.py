"""What each kind of argument of the system-call table looks like in strace's output.

A kind is a function of the :class:`Cursor` over a call's arguments that takes what it needs from it
and returns the text, or None to print no argument at all.
"""

from collections.abc import Callable, Mapping
from typing import Any

from minios.abi import flags, ptrace
from minios.abi.records import (
    Rusage,
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
from minios.userland.lib.strace import sched, sockets, tables
from minios.userland.lib.strace.siginfo import siginfo
from minios.userland.lib.strace.text import (
    Style,
    date,
    names,
    pointer,
    quoted,
    signal_name,
    signal_set,
    timespec,
    timeval,
)

STACK = 0x7FFFEE40
"""Where the structures are that calls fill in; native programs have them on no real stack."""
BUFFER = 0x7FFFA000


class Cursor:
    """The arguments of a call, taken one after the other, and its result once it has one."""

    __slots__ = ("_args", "_at", "failed", "last", "result", "style")

    def __init__(
        self, args: tuple[Any, ...], style: Style, result: Any = None, *, failed: bool = False
    ) -> None:
        self._args = args
        self._at = 0
        self.style = style
        self.result = result
        self.failed = failed
        self.last: Any = None

    def take(self) -> Any:
        """The next argument; 0 when there are no more."""
        at = self._at
        self._at += 1
        self.last = self._args[at] if at < len(self._args) else 0
        return self.last

    @property
    def done(self) -> bool:
        return self._at >= len(self._args)


Kind = Callable[[Cursor], str | None]


def _whole(c: Cursor) -> str:
    value = c.take()
    return str(int(value)) if isinstance(value, int) else anything(value, c.style)


def anything(value: Any, style: Style) -> str:
    """A value of which only its type is known."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return f"{value:#x}" if value >= 0x10000 else str(value)
    if isinstance(value, bytes):
        return quoted(value, style, style.limit)
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = zip(value._fields, value, strict=True)
        return "{" + ", ".join(f"{name}={anything(item, style)}" for name, item in fields) + "}"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(anything(item, style) for item in value) + "]"
    return pointer(STACK)


def _any(c: Cursor) -> str:
    return anything(c.take(), c.style)


def _text(value: Any, style: Style, limit: int | None = None) -> str:
    """A string of the program's; what is none was a bad or a null pointer."""
    if isinstance(value, bytes):
        return quoted(value, style, limit)
    return pointer(value) if isinstance(value, int) else "NULL"


def _path(c: Cursor) -> str:
    return _text(c.take(), c.style)


def _data(c: Cursor) -> str:
    return _text(c.take(), c.style, c.style.limit)


def _length(c: Cursor) -> str:
    return str(len(c.last)) if isinstance(c.last, bytes) else "0"


def descriptor(number: Any, style: Style) -> str:
    path = style.paths.get(number) if isinstance(number, int) else None
    name = str(int(number)) if isinstance(number, int) else anything(number, style)
    return name if path is None else f"{name}<{path.decode('latin-1')}>"


def _fd(c: Cursor) -> str:
    return descriptor(c.take(), c.style)


def _octal(value: Any) -> str:
    return f"{value:#05o}".replace("0o", "0") if isinstance(value, int) else "0"


def mode_bits(value: int) -> str:
    """Permission bits, at least three digits: 0644, 04755, 000."""
    return f"0{value:o}" if value > 0o77 else f"{value:03o}"


def _mode(c: Cursor) -> str:
    value = c.take()
    return mode_bits(value) if isinstance(value, int) else anything(value, c.style)


def file_mode(mode: int) -> str:
    kind = tables.TYPES.get(mode & flags.S_IFMT)
    special = names(
        mode & 0o7000, ((0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX")), ""
    )
    parts = [part for part in (kind, special, mode_bits(mode & 0o777)) if part]
    return "|".join(parts)


def _filemode(c: Cursor) -> str:
    return file_mode(c.take())


def makedev(dev: int) -> str:
    major, minor = dev >> 8 & 0xFFF, dev & 0xFF | dev >> 12 & 0xFFF00
    return f"makedev({major:#x}, {minor:#x})" if minor else f"makedev({major:#x}, 0)"


def _dev(c: Cursor) -> str | None:
    value = c.take()
    return makedev(value) if value else None


def open_flags(value: Any) -> str:
    if not isinstance(value, int):
        return anything(value, Style())
    mode = tables.ACCESS_MODES[value & 3]
    rest = names(value & ~3, tables.OPEN, "")
    return f"{mode}|{rest}" if rest else mode


def _oflag(c: Cursor) -> str:
    return open_flags(c.take())


def _xv6flags(c: Cursor) -> str:
    value = c.take()
    if not isinstance(value, int):
        return anything(value, c.style)
    rest = names(value & ~3, ((0x200, "O_CREATE"), (0x400, "O_TRUNC")), "")
    mode = tables.ACCESS_MODES[value & 3]
    return f"{mode}|{rest}" if rest else mode


def _creat(c: Cursor) -> str | None:
    created = isinstance(c.last, int) and c.last & flags.O_CREAT
    mode = c.take()
    return mode_bits(mode) if created else None


def _flags(table: tables.Table, empty: str = "0") -> Kind:
    def kind(c: Cursor) -> str:
        value = c.take()
        return names(value, table, empty) if isinstance(value, int) else anything(value, c.style)

    return kind


def _choice(table: Mapping[int, str]) -> Kind:
    def kind(c: Cursor) -> str:
        value = c.take()
        return table.get(value, anything(value, c.style))

    return kind


def _flag(name: str) -> Kind:
    """A Boolean that stands for one flag."""
    return lambda c: name if c.take() else "0"


def _unless(name: str) -> Kind:
    return lambda c: "0" if c.take() else name


def _eaccess(c: Cursor) -> str | None:
    return "AT_EACCESS" if c.take() else None


def _statflags(c: Cursor) -> str:
    follow = "" if c.take() else "|AT_SYMLINK_NOFOLLOW"
    return f"AT_STATX_SYNC_AS_STAT{follow}|AT_NO_AUTOMOUNT"


def _id(c: Cursor) -> str:
    value = c.take()
    return str(value) if isinstance(value, int) else anything(value, c.style)


def _fcntl(c: Cursor) -> str:
    command, argument = c.take(), c.take()
    name = tables.FCNTL.get(command, anything(command, c.style))
    if command in (flags.F_GETFD, flags.F_GETFL):
        return name
    if command == flags.F_SETFD:
        return f"{name}, {'FD_CLOEXEC' if argument & 1 else '0'}"
    if command == flags.F_SETFL:
        return f"{name}, {open_flags(argument)}"
    if isinstance(argument, tuple):
        return f"{name}, {sockets.record(argument, c.style)}"
    return f"{name}, {anything(argument, c.style)}"


def _sock(show: Callable[[Any, Style], str]) -> Kind:
    """An argument of :mod:`.sockets`, which are functions of a value."""
    return lambda c: show(c.take(), c.style)


def _sock_out(show: Callable[[Any, Style], str]) -> Kind:
    return lambda c: show(c.result, c.style)


def _sendmsg(c: Cursor) -> str:
    data, fds, where = c.take(), c.take(), c.take()
    return sockets.header(data, where, fds, c.style)


def _recvmsg(c: Cursor) -> str:
    got, room = c.result, c.take()
    return sockets.header(got.data, got.address, got.fds, c.style, room=room, told=got.flags)


def _received(c: Cursor) -> str:
    data = c.result[0] if isinstance(c.result, tuple) else c.result
    return quoted(data, c.style, c.style.limit)


def _sender(c: Cursor) -> str:
    c.take()
    if isinstance(c.result, tuple):
        return sockets.address_got(c.result[1], c.style)
    return "NULL, NULL"


def _ioctl(c: Cursor) -> str:
    request, argument = c.take(), c.take()
    name = tables.IOCTL.get(request, f"{request:#x}" if isinstance(request, int) else "0")
    if request in (flags.TIOCNOTTY,):
        return name
    given = c.result if argument is None else argument
    if c.failed and argument is None:
        return f"{name}, {pointer(STACK)}"
    if isinstance(given, Termios):
        return f"{name}, {_termios(given)}"
    if isinstance(given, Winsize):
        return f"{name}, {{ws_row={given.rows}, ws_col={given.cols}, ws_xpixel=0, ws_ypixel=0}}"
    if isinstance(given, int):
        direct = request == flags.TIOCSCTTY
        return f"{name}, {given}" if direct else f"{name}, [{given}]"
    return f"{name}, {anything(given, c.style)}"


def _termios(value: Termios) -> str:
    iflag = names(value.iflag, tables.IFLAG)
    oflag = names(value.oflag, tables.OFLAG, "")
    lflag = names(value.lflag, tables.LFLAG)
    output = "NL0|CR0|TAB0|BS0|VT0|FF0" + (f"|{oflag}" if oflag else "")
    return f"{{c_iflag={iflag}, c_oflag={output}, c_cflag=B38400|CS8|CREAD, c_lflag={lflag}, ...}}"


def _pid(c: Cursor) -> str:
    value = c.take()
    return str(value) if isinstance(value, int) else anything(value, c.style)


def _sig(c: Cursor) -> str:
    value = c.take()
    return signal_name(value) if isinstance(value, int) else anything(value, c.style)


def _sigset(c: Cursor) -> str:
    value = c.take()
    return signal_set(value) if isinstance(value, int) else "NULL"


def _frame(c: Cursor) -> str:
    """What sigreturn(2) restores."""
    return f"{{mask={_sigset(c)}}}"


def _disposition(value: Any) -> str:
    return value if isinstance(value, str) else pointer(value) if isinstance(value, int) else "NULL"


def _sigaction(c: Cursor) -> str:
    handler, sa_flags, mask = c.take(), c.take(), c.take()
    if handler is None:
        return "NULL"
    text = names(sa_flags, tables.SA)
    return f"{{sa_handler={_disposition(handler)}, sa_mask={signal_set(mask)}, sa_flags={text}}}"


def _oldaction(c: Cursor) -> str:
    return f"{{sa_handler={_disposition(c.result)}, sa_mask=[], sa_flags=0}}"


def _idtype(c: Cursor) -> str:
    value = c.take()
    return tables.IDTYPES.get(value, anything(value, c.style))


def _waited(c: Cursor) -> str:
    value = c.result
    if not isinstance(value, Waited) or not value.pid:
        return "{}"
    code, state = flags.child_code(value.status)
    return siginfo(Siginfo(17, code, value.pid, value.uid, state))


def _timespec(c: Cursor) -> str:
    value = c.take()
    return timespec(value) if isinstance(value, int) else "NULL"


def _timespec_out(c: Cursor) -> str:
    return timespec(c.result) if isinstance(c.result, int) else "NULL"


def _itimer(c: Cursor) -> str:
    return _interval(c.take(), c.take())


def _itimer_out(c: Cursor) -> str:
    value, interval = c.result
    return _interval(value, interval)


def _interval(value: int, interval: int) -> str:
    return f"{{it_interval={timeval(interval)}, it_value={timeval(value)}}}"


def _rusage(c: Cursor) -> str:
    usage = c.result
    if not isinstance(usage, Rusage):
        return anything(usage, c.style)
    head = f"ru_utime={timeval(usage.utime)}, ru_stime={timeval(usage.stime)}"
    if not c.style.verbose:
        return f"{{{head}, ...}}"
    return (
        f"{{{head}, ru_maxrss={usage.maxrss >> 10}, ru_ixrss=0, ru_idrss=0, ru_isrss=0, "
        f"ru_minflt=0, ru_majflt=0, ru_nswap=0, ru_inblock=0, ru_oublock=0, ru_msgsnd=0, "
        f"ru_msgrcv=0, ru_nsignals=0, ru_nvcsw={usage.nvcsw}, ru_nivcsw={usage.nivcsw}}}"
    )


def _tms(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Times)
    parts = []
    for name, ns in zip(("utime", "stime", "cutime", "cstime"), value, strict=False):
        ticks = ns // 10_000_000
        parts.append(f"tms_{name}={ticks} /* {ticks // 100}.{ticks % 100:02d} s */")
    return "{" + ", ".join(parts) + "}"


def _uts(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Utsname)
    shown = value._fields if c.style.verbose else value._fields[:2]
    parts = [f"{name}={quoted(getattr(value, name), c.style)}" for name in shown]
    return "{" + ", ".join(parts) + ("}" if c.style.verbose else ", ...}")


def _sysinfo(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Sysinfo)
    loads = ", ".join(str(load) for load in value.loads)
    return (
        f"{{uptime={value.uptime // 1_000_000_000}, loads=[{loads}], totalram={value.totalram}, "
        f"freeram={value.freeram}, sharedram=0, bufferram=0, totalswap=0, freeswap=0, "
        f"procs={value.procs}, totalhigh=0, freehigh=0, mem_unit=1}}"
    )


def _stat(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Stat)
    special = value.mode & flags.S_IFMT in (flags.S_IFCHR, flags.S_IFBLK)
    size = f"st_rdev={makedev(value.rdev)}" if special else f"st_size={value.size}"
    if not c.style.verbose:
        return f"{{st_mode={file_mode(value.mode)}, {size}, ...}}"
    times = ", ".join(
        f"st_{name}={ns // 1_000_000_000}{date(ns)}, st_{name}_nsec={ns % 1_000_000_000}"
        for name, ns in (("atime", value.atime), ("mtime", value.mtime), ("ctime", value.ctime))
    )
    return (
        f"{{st_dev={makedev(value.dev)}, st_ino={value.ino}, st_mode={file_mode(value.mode)}, "
        f"st_nlink={value.nlink}, st_uid={value.uid}, st_gid={value.gid}, "
        f"st_blksize={value.blksize}, st_blocks={value.blocks}, {size}, {times}}}"
    )


def _statx(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Stat)
    head = "stx_mask=STATX_BASIC_STATS, "
    mode = f"stx_mode={file_mode(value.mode)}"
    if not c.style.verbose:
        return f"{{{head}stx_attributes=0, {mode}, stx_size={value.size}, ...}}"
    times = ", ".join(
        f"stx_{name}={timespec(ns)}{date(ns)}"
        for name, ns in (("atime", value.atime), ("ctime", value.ctime), ("mtime", value.mtime))
    )
    return (
        f"{{{head}stx_blksize={value.blksize}, stx_attributes=0, stx_nlink={value.nlink}, "
        f"stx_uid={value.uid}, stx_gid={value.gid}, {mode}, stx_ino={value.ino}, "
        f"stx_size={value.size}, stx_blocks={value.blocks}, stx_attributes_mask=0, {times}, "
        f"stx_rdev_major={value.rdev >> 8}, stx_rdev_minor={value.rdev & 0xFF}, "
        f"stx_dev_major={value.dev >> 8}, stx_dev_minor={value.dev & 0xFF}}}"
    )


def _statfs(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, StatFs)
    kind = tables.FILE_SYSTEMS.get(value.type, "0")
    return (
        f"{{f_type={kind}, f_bsize={value.bsize}, f_blocks={value.blocks}, f_bfree={value.bfree}, "
        f"f_bavail={value.bfree}, f_files={value.files}, f_ffree={value.ffree}, "
        f"f_fsid={{val=[0, 0]}}, f_namelen=255, f_frsize={value.bsize}, "
        f"f_flags=ST_VALID|ST_RELATIME}}"
    )


def dirents_size(entries: Any) -> int:
    """Bytes of struct linux_dirent64: 19 and the name with its NUL, in eights."""
    return sum(-(-(20 + len(entry.name)) // 8) * 8 for entry in entries)


def _dirents(c: Cursor) -> str:
    return f"{pointer(BUFFER)} /* {len(c.result)} entries */"


def _offset(c: Cursor) -> str:
    return f"[{c.result}]"


def _fds(c: Cursor) -> str:
    return "[" + ", ".join(descriptor(fd, c.style) for fd in c.result) + "]"


def _bytes_out(c: Cursor) -> str:
    return _text(c.result, c.style, c.style.limit)


def _path_out(c: Cursor) -> str:
    return _text(c.result, c.style)


def _set_out(c: Cursor) -> str:
    return signal_set(c.result) if isinstance(c.result, int) else "NULL"


def _list_out(c: Cursor) -> str:
    return "[" + ", ".join(str(item) for item in c.result) + "]"


def _ids_out(c: Cursor) -> str:
    return ", ".join(f"[{item}]" for item in c.result)


def _names_out(c: Cursor) -> str:
    joined = b"".join(name + b"\0" for name in c.result)
    return quoted(joined, c.style, c.style.limit)


def _any_out(c: Cursor) -> str:
    return anything(c.result, c.style)


def _groups(c: Cursor) -> str:
    groups = c.take()
    return f"{len(groups)}, [" + ", ".join(map(str, groups)) + "]"


def _brk(c: Cursor) -> str:
    increment = c.take()
    c.take()
    if isinstance(c.result, int) and not c.failed:
        return pointer(c.result)
    return "NULL" if not increment else f"{increment:+#x}"


def _clone(c: Cursor) -> str:
    c.take()
    c.take()
    return "child_stack=NULL, flags=SIGCHLD"


def _argv(c: Cursor) -> str:
    items = c.take()
    if not isinstance(items, (list, tuple)):
        return anything(items, c.style)
    shown = [_text(item, c.style, c.style.limit) for item in items[: c.style.limit]]
    if len(items) > len(shown):
        shown.append("...")
    return "[" + ", ".join(shown) + "]"


def _envp(c: Cursor) -> str:
    items = c.take()
    count = len(items) if isinstance(items, (list, tuple)) else 0
    if c.style.verbose and isinstance(items, (list, tuple)):
        return "[" + ", ".join(_text(item, c.style, c.style.limit) for item in items) + "]"
    return f"{pointer(STACK)} /* {count} var{'s' if count != 1 else ''} */"


def _limit_value(value: int) -> str:
    if value >= flags.RLIM_INFINITY:
        return "RLIM64_INFINITY"
    if value > 1024 and value % 1024 == 0:
        return f"{value // 1024}*1024"
    return str(value)


def _rlim(pair: Any) -> str:
    if not isinstance(pair, tuple):
        return "NULL"
    return f"{{rlim_cur={_limit_value(pair[0])}, rlim_max={_limit_value(pair[1])}}}"


def _utimes(c: Cursor) -> str:
    times = (c.take(), c.take())
    if times == (-1, -1):
        return "NULL"
    parts = []
    for ns in times:
        if ns is None:
            parts.append("UTIME_OMIT")
        elif ns == -1:
            parts.append("UTIME_NOW")
        else:
            parts.append(timespec(ns) + date(ns))
    return "[" + ", ".join(parts) + "]"


def _pollfds(c: Cursor) -> str:
    fds = c.take()
    items = [
        f"{{fd={descriptor(fd, c.style)}, events={names(events, tables.POLL)}}}"
        for fd, events in fds
    ]
    return "[" + ", ".join(items) + f"], {len(items)}"


def _prctl(c: Cursor) -> str:
    option, argument = c.take(), c.take()
    name = tables.PRCTL.get(option, anything(option, c.style))
    if option == flags.PR_GET_NAME:
        return f"{name}, {pointer(STACK) if c.failed else _text(c.result, c.style)}"
    if argument is None:
        return name
    if option == flags.PR_SET_PDEATHSIG and isinstance(argument, int):
        return f"{name}, {signal_name(argument)}"
    return f"{name}, {anything(argument, c.style)}"


def _ptrace(c: Cursor) -> str:
    request, pid, addr, data = c.take(), c.take(), c.take(), c.take()
    name = tables.REQUESTS.get(request, anything(request, c.style))
    if request == ptrace.PTRACE_TRACEME:
        return name
    if request in (ptrace.PTRACE_SEIZE, ptrace.PTRACE_SETOPTIONS):
        last = names(data or 0, tables.OPTIONS)
    elif isinstance(data, int) and data:
        last = signal_name(data)
    else:
        last = "0" if request in (ptrace.PTRACE_CONT, ptrace.PTRACE_SYSCALL) else "NULL"
    return f"{name}, {pid}, {pointer(addr or 0)}, {last}"


def _reboot(c: Cursor) -> str:
    commands = {flags.REBOOT_RESTART: "RESTART", flags.REBOOT_POWER_OFF: "POWER_OFF"}
    value = c.take()
    name = "LINUX_REBOOT_CMD_" + commands[value] if value in commands else anything(value, c.style)
    return f"LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, {name}"


def _restart(c: Cursor) -> str:
    c.take()
    return "<... resuming interrupted system call ...>"


def _seccomp(c: Cursor) -> str:
    operation, flag, filters = c.take(), c.take(), c.take()
    name = "SECCOMP_SET_MODE_FILTER" if operation == 1 else "SECCOMP_SET_MODE_STRICT"
    if isinstance(filters, ptrace.Filter):
        return f"{name}, {flag}, {{len={len(filters.numbers) + 4}, filter={pointer(BUFFER)}}}"
    return f"{name}, {flag}, NULL"


def _clock(c: Cursor) -> str:
    value = c.take()
    return tables.CLOCKS.get(value, anything(value, c.style))


def _who(c: Cursor) -> str:
    value = c.take()
    return {0: "RUSAGE_SELF", -1: "RUSAGE_CHILDREN"}.get(value, anything(value, c.style))


def _address(c: Cursor) -> str:
    value = c.take()
    return pointer(value) if isinstance(value, int) else anything(value, c.style)


KINDS: dict[str, Kind] = {
    "access": _flags(tables.ACCESS, "F_OK"), "addr": _address, "any": _any, "argv": _argv,
    "brk": _brk, "cpus": lambda c: sched.cores(c.take()),
    "clock": _clock, "clone": _clone, "cloexec": _flags(tables.OPEN),
    "count": _groups, "creat": _creat, "data": _data, "dev": _dev, "eaccess": _eaccess,
    "envp": _envp, "fcntl": _fcntl, "fd": _fd, "filemode": _filemode, "frame": _frame, "id": _id,
    "idtype": _idtype, "int": _whole, "ioctl": _ioctl, "itimer": _itimer, "len": _length,
    "locks": _flags(tables.LOCKS), "madvice": _choice(tables.MADV), "mapflags": _flags(tables.MAP),
    "mlockflags": _flags(tables.MCL), "mode": _mode, "mprot": _flags(tables.PROT, "PROT_NONE"),
    "msyncflags": _flags(tables.MS), "newlimit": lambda c: _rlim(c.take()),
    "nofollow": _unless("AT_SYMLINK_NOFOLLOW"), "oflag": _oflag, "path": _path, "pid": _pid,
    "pollfds": _pollfds, "prctl": _prctl, "ptrace": _ptrace, "reboot": _reboot,
    "removedir": _flag("AT_REMOVEDIR"), "restart": _restart, "rlimit": _choice(tables.RLIMITS),
    "schedattr": lambda c: sched.attributes(c.take()), "schedparam": lambda c: f"[{c.take()}]",
    "schedpolicy": lambda c: sched.policy(c.take()),
    "seccomp": _seccomp, "sig": _sig, "sigaction": _sigaction, "sighow": _choice(tables.HOW),
    "sigset": _sigset, "statflags": _statflags, "str": _path, "timespec": _timespec,
    "timespec?": _timespec, "usagewho": _who, "utimes": _utimes,
    "waitopt": _flags(tables.WAIT), "whence": _choice(tables.WHENCE),
    "xv6flags": _xv6flags,
    "family": _sock(sockets.family), "flockop": _sock(sockets.lock_operation),
    "inflags": _sock(sockets.watch_flags), "inmask": _sock(sockets.watch_mask),
    "msgflags": _sock(sockets.message_flags), "sendmsg": _sendmsg,
    "shuthow": _sock(sockets.how), "sockaddr": _sock(sockets.address_given),
    "sockflags": _sock(sockets.accept_flags), "socktype": _sock(sockets.socket_type),
    "sockopt": lambda c: sockets.option(c.take(), c.take(), c.style),
    "sockval": lambda c: sockets.option_value(c.take(), c.style, stored=False),
    "which": _choice(tables.WHICH), "xattrflags": _flags(tables.XATTR),
}  # fmt: skip
"""What a call is given."""

OUT: dict[str, Kind] = {
    "any": _any_out, "cpus": lambda c: sched.cores(c.result),
    "schedattr": lambda c: sched.attributes(c.result), "schedparam": lambda c: f"[{c.result}]",
    "code": lambda c: f"[{c.result[1]}]", "data": _bytes_out,
    "dirents": _dirents, "fds": _fds, "groups": _list_out,
    "ids": _ids_out, "itimer": _itimer_out, "names": _names_out, "offset": _offset,
    "oldaction": _oldaction, "path": _path_out, "rlim": lambda c: _rlim(c.result),
    "rusage": _rusage, "sigset": _set_out, "stat": _stat, "statfs": _statfs, "statx": _statx,
    "sysinfo": _sysinfo, "timespec": _timespec_out, "tms": _tms, "utsname": _uts,
    "waited": _waited,
    "accepted": lambda c: sockets.address_got(c.result[1], c.style), "received": _received,
    "recvmsg": _recvmsg, "sender": _sender, "sockaddr": _sock_out(sockets.address_got),
    "sockval": lambda c: sockets.option_value(c.result, c.style, stored=True),
}  # fmt: skip
"""What a call leaves behind."""

LATE = frozenset(("ioctl", "brk", "prctl"))
"""Kinds that look at the result too: they are printed when there is one."""

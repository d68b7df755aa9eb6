"""What each kind of argument of the system-call table looks like in strace's output.

A kind is a function of the :class:`Cursor` over a call's arguments that takes what it needs from it
and returns the text, or None to print no argument at all.
"""

from collections.abc import Callable, Mapping
from typing import Any

from minios.abi import flags, ptrace
from minios.abi.netlink import NetlinkAddress
from minios.abi.records import (
    Termios,
    Winsize,
)
from minios.userland.lib.strace import devices, inet, nlmsg, sched, sockets, tables, waits
from minios.userland.lib.strace.pieces import (
    BUFFER,
    STACK,
    Cursor,
    Kind,
    anything,
    descriptor,
    disposition,
    file_mode,
    interval_text,
    limits_text,
    makedev,
    mode_bits,
    open_flags,
    text_of,
)
from minios.userland.lib.strace.text import (
    Style,
    date,
    names,
    pointer,
    signal_name,
    signal_set,
    timespec,
)


def _whole(c: Cursor) -> str:
    value = c.take()
    return str(int(value)) if isinstance(value, int) else anything(value, c.style)


def _any(c: Cursor) -> str:
    return anything(c.take(), c.style)


def _path(c: Cursor) -> str:
    return text_of(c.take(), c.style)


def _data(c: Cursor) -> str:
    data = c.take()
    if isinstance(data, bytes) and isinstance(c.past(1), NetlinkAddress):
        return nlmsg.text(data, c.style)
    return text_of(data, c.style, c.style.limit)


def _length(c: Cursor) -> str:
    return str(len(c.last)) if isinstance(c.last, bytes) else "0"


def _fd(c: Cursor) -> str:
    return descriptor(c.take(), c.style)


def _octal(value: Any) -> str:
    return f"{value:#05o}".replace("0o", "0") if isinstance(value, int) else "0"


def _mode(c: Cursor) -> str:
    value = c.take()
    return mode_bits(value) if isinstance(value, int) else anything(value, c.style)


def _filemode(c: Cursor) -> str:
    return file_mode(c.take())


def _dev(c: Cursor) -> str | None:
    value = c.take()
    return makedev(value) if value else None


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


def _sendmsg(c: Cursor) -> str:
    data, fds, where = c.take(), c.take(), c.take()
    return sockets.header(data, where, fds, c.style, others=c.past(1))


def _ioctl(c: Cursor) -> str:
    request, argument = c.take(), c.take()
    name = tables.IOCTL.get(request, f"{request:#x}" if isinstance(request, int) else "0")
    if request in (flags.TIOCNOTTY,):
        return name
    device = devices.request(request, argument, c.result, c.failed, c.style)
    if device is not None:
        return f"{name}, {device}"
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


def _sigaction(c: Cursor) -> str:
    handler, sa_flags, mask = c.take(), c.take(), c.take()
    if handler is None:
        return "NULL"
    text = names(sa_flags, tables.SA)
    return f"{{sa_handler={disposition(handler)}, sa_mask={signal_set(mask)}, sa_flags={text}}}"


def _idtype(c: Cursor) -> str:
    value = c.take()
    return tables.IDTYPES.get(value, anything(value, c.style))


def _timespec(c: Cursor) -> str:
    value = c.take()
    return timespec(value) if isinstance(value, int) else "NULL"


def _itimer(c: Cursor) -> str:
    return interval_text(c.take(), c.take())


def _groups(c: Cursor) -> str:
    groups = c.take()
    return f"{len(groups)}, [" + ", ".join(map(str, groups)) + "]"


def _brk(c: Cursor) -> str:
    increment = c.take()
    c.take()
    if not increment:
        return "NULL"  # sbrk(0): only asking
    if isinstance(c.result, int) and not c.failed:
        return pointer(c.result)
    return f"{increment:+#x}"


def _clone(c: Cursor) -> str:
    c.take()
    c.take()
    return "child_stack=NULL, flags=SIGCHLD"


def _argv(c: Cursor) -> str:
    items = c.take()
    if not isinstance(items, (list, tuple)):
        return anything(items, c.style)
    shown = [text_of(item, c.style, c.style.limit) for item in items[: c.style.limit]]
    if len(items) > len(shown):
        shown.append("...")
    return "[" + ", ".join(shown) + "]"


def _envp(c: Cursor) -> str:
    items = c.take()
    count = len(items) if isinstance(items, (list, tuple)) else 0
    if c.style.verbose and isinstance(items, (list, tuple)):
        return "[" + ", ".join(text_of(item, c.style, c.style.limit) for item in items) + "]"
    return f"{pointer(STACK)} /* {count} var{'s' if count != 1 else ''} */"


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
        return f"{name}, {pointer(STACK) if c.failed else text_of(c.result, c.style)}"
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
    "msyncflags": _flags(tables.MS), "newlimit": lambda c: limits_text(c.take()),
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
    "epollevent": _sock(waits.event), "epollflags": _sock(waits.creation),
    "epollop": _sock(waits.operation), "fdset": _sock(waits.fd_set),
    "family": _sock(sockets.family), "flockop": _sock(sockets.lock_operation),
    "inflags": _sock(sockets.watch_flags), "inmask": _sock(sockets.watch_mask),
    "msgflags": _sock(sockets.message_flags), "sendmsg": _sendmsg,
    "shuthow": _sock(sockets.how), "sockaddr": _sock(sockets.address_given),
    "sockproto": lambda c: inet.protocol(c.past(-2), c.take()),
    "sockflags": _sock(sockets.accept_flags), "socktype": _sock(sockets.socket_type),
    "sockopt": lambda c: sockets.option(c.take(), c.take(), c.style),
    "sockval": lambda c: sockets.option_value(c.take(), c.style, stored=False),
    "which": _choice(tables.WHICH), "xattrflags": _flags(tables.XATTR),
}  # fmt: skip
"""What a call is given."""

LATE = frozenset(("ioctl", "brk", "prctl"))
"""Kinds that look at the result too: they are printed when there is one."""

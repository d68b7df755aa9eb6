"""How the arguments of the calls about sockets, locks and watches look in a trace."""

from typing import Any

from minios.abi import flags, inotify, sockets
from minios.abi.records import Flock
from minios.userland.lib.strace import inet
from minios.userland.lib.strace.text import Style, names, quoted

_FAMILIES = {
    0: "AF_UNSPEC", 1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6", 16: "AF_NETLINK", 17: "AF_PACKET",
}  # fmt: skip
_TYPES = {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 5: "SOCK_SEQPACKET"}
_TYPE_FLAGS = ((sockets.SOCK_CLOEXEC, "SOCK_CLOEXEC"), (sockets.SOCK_NONBLOCK, "SOCK_NONBLOCK"))
_HOW = {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}
_MESSAGE = tuple(
    (getattr(sockets, word), word)
    for word in (
        "MSG_OOB", "MSG_PEEK", "MSG_DONTROUTE", "MSG_CTRUNC", "MSG_TRUNC", "MSG_DONTWAIT",
        "MSG_EOR", "MSG_WAITALL", "MSG_CONFIRM", "MSG_ERRQUEUE", "MSG_NOSIGNAL", "MSG_MORE",
        "MSG_CMSG_CLOEXEC",
    )
)  # fmt: skip
_OPTIONS = {
    getattr(sockets, word): word
    for word in (
        "SO_REUSEADDR", "SO_TYPE", "SO_ERROR", "SO_BROADCAST", "SO_SNDBUF", "SO_RCVBUF",
        "SO_KEEPALIVE", "SO_PASSCRED", "SO_PEERCRED", "SO_RCVTIMEO", "SO_SNDTIMEO",
        "SO_ACCEPTCONN", "SO_PROTOCOL", "SO_DOMAIN", "SO_DEBUG", "SO_DONTROUTE", "SO_OOBINLINE",
        "SO_PRIORITY", "SO_LINGER", "SO_REUSEPORT", "SO_RCVLOWAT", "SO_BINDTODEVICE",
        "SO_TIMESTAMP", "SO_SNDBUFFORCE", "SO_RCVBUFFORCE", "SO_TIMESTAMPNS", "SO_MARK",
    )
}  # fmt: skip
_LOCKS = ((1, "LOCK_SH"), (2, "LOCK_EX"), (8, "LOCK_UN"), (4, "LOCK_NB"))
_RECORDS = {flags.F_RDLCK: "F_RDLCK", flags.F_WRLCK: "F_WRLCK", flags.F_UNLCK: "F_UNLCK"}
_WHENCE = {0: "SEEK_SET", 1: "SEEK_CUR", 2: "SEEK_END"}
_EVENTS = tuple(
    (getattr(inotify, word), word)
    for word in (
        "IN_ACCESS", "IN_MODIFY", "IN_ATTRIB", "IN_CLOSE_WRITE", "IN_CLOSE_NOWRITE", "IN_OPEN",
        "IN_MOVED_FROM", "IN_MOVED_TO", "IN_CREATE", "IN_DELETE", "IN_DELETE_SELF",
        "IN_MOVE_SELF", "IN_ONLYDIR", "IN_DONT_FOLLOW", "IN_EXCL_UNLINK", "IN_MASK_CREATE",
        "IN_MASK_ADD", "IN_ISDIR", "IN_ONESHOT",
    )
)  # fmt: skip
_ROOM = 110
"""sizeof(struct sockaddr_un)."""


def _number(value: Any, style: Style) -> str:
    return str(int(value)) if isinstance(value, int) else "NULL"


def _choice(table: dict[int, str], value: Any, style: Style) -> str:
    return table.get(value, _number(value, style)) if isinstance(value, int) else "NULL"


def family(value: Any, style: Style) -> str:
    return _choice(_FAMILIES, value, style)


def socket_type(value: Any, style: Style) -> str:
    if not isinstance(value, int):
        return "NULL"
    rest = names(value & ~0xF, _TYPE_FLAGS, "")
    name = _TYPES.get(value & 0xF, f"{value & 0xF:#x}")
    return f"{name}|{rest}" if rest else name


def accept_flags(value: Any, style: Style) -> str:
    return names(value, _TYPE_FLAGS, "0") if isinstance(value, int) else "NULL"


def length(value: Any) -> int:
    """sizeof of an address as it is given: a path with its NUL."""
    size = inet.length(value)
    if size is not None:
        return size
    if not isinstance(value, bytes) or not value:
        return 2
    return 2 + len(value) + (value[0] != 0)


def address(value: Any, style: Style) -> str:
    """struct sockaddr_un, or that of another family."""
    if value is None:
        return "NULL"
    if isinstance(value, tuple):
        return inet.address(value, style)
    if not isinstance(value, bytes):
        return str(value)
    if not value:
        return "{sa_family=AF_UNIX}"
    at = "@" if value[0] == 0 else ""
    return f"{{sa_family=AF_UNIX, sun_path={at}{quoted(value[len(at) :], style, None)}}}"


def address_given(value: Any, style: Style) -> str:
    """An address and its size."""
    return f"{address(value, style)}, {0 if value is None else length(value)}"


def address_got(value: Any, style: Style) -> str:
    """An address that the call stored, with the room it had and the size it has."""
    size = length(value)
    if value == ():
        return "NULL, NULL"
    room = str(size) if isinstance(value, tuple) else f"{_ROOM} => {size}"
    return f"{address(value, style)}, [{room}]"


def message_flags(value: Any, style: Style) -> str:
    return names(value, _MESSAGE, "0") if isinstance(value, int) else "NULL"


def how(value: Any, style: Style) -> str:
    return _choice(_HOW, value, style)


def option(level: Any, name: Any, style: Style) -> str:
    if level != sockets.SOL_SOCKET:
        if not isinstance(level, int) or not isinstance(name, int):
            return f"{_number(level, style)}, {_number(name, style)}"
        return f"{inet.level(level)}, {inet.option(level, name)}"
    return f"SOL_SOCKET, {_choice(_OPTIONS, name, style)}"


def option_value(value: Any, style: Style, *, stored: bool) -> str:
    """What an option was given, or what was stored for it, and its size."""
    if isinstance(value, sockets.Ucred):
        return f"{{pid={value.pid}, uid={value.uid}, gid={value.gid}}}, [12]"
    shown = inet.value_of(value, style, stored)
    if shown is not None:
        return shown
    return f"[{_number(value, style)}], " + ("[4]" if stored else "4")


def header(
    data: Any, where: Any, fds: Any, style: Style, *, room: int | None = None, told: int = 0,
    others: Any = (),
) -> str:  # fmt: skip
    """struct msghdr."""
    size = len(data) if isinstance(data, bytes) else 0
    text = quoted(data, style, style.limit) if isinstance(data, bytes) else "NULL"
    name = address(where, style) if where else "NULL"
    control = ""
    if fds:
        inside = ", ".join(str(fd) for fd in fds)
        span = 12 + 4 * len(fds)
        control = (
            f"msg_control=[{{cmsg_len={span}, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS,"
            f" cmsg_data=[{inside}]}}], msg_controllen={span}, "
        )
    elif (shown := inet.control(others, style)) is not None:
        control = shown[0] + ", "
    else:
        control = "msg_controllen=0, "
    return (
        f"{{msg_name={name}, msg_namelen={length(where) if where else 0},"
        f" msg_iov=[{{iov_base={text}, iov_len={size if room is None else room}}}],"
        f" msg_iovlen=1, {control}msg_flags={names(told, _MESSAGE, '0')}}}"
    )


def lock_operation(value: Any, style: Style) -> str:
    return names(value, _LOCKS, "0") if isinstance(value, int) else "NULL"


def record(value: Any, style: Style, *, pid: bool = False) -> str:
    """struct flock."""
    if not isinstance(value, tuple) or len(value) != len(Flock._fields):
        return "NULL"
    lock = Flock(*value)
    holder = f", l_pid={lock.pid}" if pid else ""
    return (
        f"{{l_type={_choice(_RECORDS, lock.type, style)},"
        f" l_whence={_choice(_WHENCE, lock.whence, style)}, l_start={lock.start},"
        f" l_len={lock.len}{holder}}}"
    )


def watch_flags(value: Any, style: Style) -> str:
    known = ((inotify.IN_NONBLOCK, "IN_NONBLOCK"), (inotify.IN_CLOEXEC, "IN_CLOEXEC"))
    return names(value, known, "0") if isinstance(value, int) else "NULL"


def watch_mask(value: Any, style: Style) -> str:
    return names(value, _EVENTS, "0") if isinstance(value, int) else "NULL"

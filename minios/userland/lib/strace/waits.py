"""How the arguments of epoll's and select's calls look in a trace."""

from typing import Any

from minios.abi import epoll
from minios.userland.lib.strace.text import Style, names

_OPERATIONS = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
_EVENTS = tuple(
    (getattr(epoll, word), word)
    for word in (
        "EPOLLIN", "EPOLLPRI", "EPOLLOUT", "EPOLLERR", "EPOLLHUP", "EPOLLRDNORM", "EPOLLRDBAND",
        "EPOLLWRNORM", "EPOLLWRBAND", "EPOLLMSG", "EPOLLRDHUP", "EPOLLEXCLUSIVE", "EPOLLWAKEUP",
        "EPOLLONESHOT", "EPOLLET",
    )
)  # fmt: skip


def creation(value: Any, style: Style) -> str:
    """The flags of epoll_create1(2)."""
    known = ((epoll.EPOLL_CLOEXEC, "EPOLL_CLOEXEC"),)
    return names(value, known, "0") if isinstance(value, int) else "NULL"


def operation(value: Any, style: Style) -> str:
    """What epoll_ctl(2) is to do."""
    if not isinstance(value, int):
        return "NULL"
    return _OPERATIONS.get(value, f"{value:#x} /* EPOLL_CTL_??? */")


def event(value: Any, style: Style) -> str:
    """struct epoll_event."""
    if not isinstance(value, tuple) or len(value) != 2:
        return "NULL"
    events, data = value
    if not isinstance(events, int) or not isinstance(data, int):
        return "NULL"
    low = data & 0xFFFFFFFF
    return f"{{events={names(events, _EVENTS, '0')}, data={{u32={low}, u64={data}}}}}"


def events(found: Any, style: Style) -> str:
    """What epoll_wait(2) stored."""
    return "[" + ", ".join(event(tuple(one), style) for one in found) + "]"


def members(value: int) -> str:
    """The descriptors in a set."""
    return " ".join(str(fd) for fd in range(value.bit_length()) if value >> fd & 1)


def fd_set(value: Any, style: Style) -> str:
    """A set that select(2) is given."""
    if not isinstance(value, int) or value < 0:
        return "NULL"
    return f"[{members(value)}]" if value else "NULL"


def selected(value: Any) -> str | None:
    """What select(2) returned: how many, and which."""
    if not isinstance(value, tuple):
        return None
    count = sum(one.bit_count() for one in value)
    if not count:
        return "0 (Timeout)"
    named = zip(("in", "out", "except"), value, strict=True)
    return f"{count} ({', '.join(f'{word} [{members(one)}]' for word, one in named if one)})"

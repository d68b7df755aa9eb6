"""A system call as text: name, arguments, result, as strace(1) writes them.

What the arguments of a call are comes from the one table of calls (:mod:`minios.abi.syscalls`).
"""

from typing import Any

from minios.abi.errno import Errno, strerror
from minios.abi.personality import Row, dialect, table_of
from minios.abi.ptrace import (
    ERESTART_RESTARTBLOCK,
    ERESTARTNOHAND,
    ERESTARTNOINTR,
    ERESTARTSYS,
    SyscallInfo,
)
from minios.userland.lib.strace import sched, tables, waits
from minios.userland.lib.strace.kinds import KINDS, LATE
from minios.userland.lib.strace.pieces import (
    BUFFER,
    STACK,
    Cursor,
    anything,
    descriptor,
    dirents_size,
    open_flags,
)
from minios.userland.lib.strace.results import OUT
from minios.userland.lib.strace.text import Style, names, pointer

_RESTARTS = {
    ERESTARTSYS: "ERESTARTSYS (To be restarted if SA_RESTART is set)",
    ERESTARTNOINTR: "ERESTARTNOINTR (To be restarted)",
    ERESTARTNOHAND: "ERESTARTNOHAND (To be restarted if no handler)",
    ERESTART_RESTARTBLOCK: "ERESTART_RESTARTBLOCK (Interrupted by signal)",
}
_NONSENSE = (TypeError, ValueError, AttributeError, IndexError, AssertionError)
"""What comes of decoding the arguments of a call that was meant to be another one."""
UNKNOWN = Row("any any any any any any", "int", "", 0)


def name(info: SyscallInfo) -> str:
    """The call's name in the table that serves it; ``syscall_0x1f4`` for what is not in it."""
    return table_of(info.arch).names.get(info.nr, f"syscall_{info.nr:#x}")


def _native(info: SyscallInfo) -> SyscallInfo:
    """A call of another table with Linux's values for its flags, signals and errors."""
    return info if info.arch == "linux" else dialect(info.arch).native(info)


def row(info: SyscallInfo) -> Row:
    return table_of(info.arch).rows.get(info.nr, UNKNOWN)


def entry(info: SyscallInfo, style: Style) -> str:
    """What is known when the call begins: the arguments up to the first that it will fill in."""
    info = _native(info)
    words = row(info).arguments.split()
    cursor = Cursor(info.args, style)
    parts: list[str] = []
    for index, word in enumerate(words):
        if _late(word):
            return "".join(part + ", " for part in parts)
        _given(word, cursor, parts)
        if cursor.done and row(info) is UNKNOWN and index >= len(info.args) - 1:
            break
    return ", ".join(parts)


def rest(info: SyscallInfo, style: Style) -> str:
    """The arguments that :func:`entry` left out, once the call is over (``info`` of its exit)."""
    info = _native(info)
    words = row(info).arguments.split()
    cursor = Cursor(info.args, style, info.rval, failed=info.is_error)
    parts: list[str] = []
    begun = False
    for index, word in enumerate(words):
        if _late(word) and not begun:
            begun = True
            parts.clear()
        if word.startswith(">"):
            if info.is_error:
                if word in _TAKING:
                    cursor.take()
                parts.append(_address(word, index))
            else:
                parts.append(_filled(word[1:], cursor))
        else:
            _given(word, cursor, parts)
    return ", ".join(parts) if begun else ""


def _late(word: str) -> bool:
    return word.startswith(">") or word in LATE


def _given(word: str, cursor: Cursor, parts: list[str]) -> None:
    if word.startswith("="):
        parts.append(word[1:])
        return
    kind = KINDS.get(word)
    try:
        text = kind(cursor) if kind is not None else anything(cursor.take(), cursor.style)
    except _NONSENSE:
        text = anything(cursor.last, cursor.style)
    if text is not None:
        parts.append(text)


def _filled(word: str, cursor: Cursor) -> str:
    kind = OUT.get(word)
    if kind is not None:
        try:
            return kind(cursor) or ""
        except _NONSENSE:
            pass
    return anything(cursor.result, cursor.style)


_TAKING = (">recvmsg", ">sender")
"""What stands for an argument of the request too: how much room there is, whether it is wanted."""


def _address(word: str, index: int) -> str:
    if word in (">data", ">dirents", ">names"):
        return pointer(BUFFER)
    return pointer(STACK - 0x90 * index)


def failure(number: int) -> str:
    """``-1 ENOENT (No such file or directory)``."""
    if number in _RESTARTS:
        return "? " + _RESTARTS[number]
    try:
        return f"-1 {Errno(number).name} ({strerror(number)})"
    except ValueError:
        return f"-1 (errno {number})"


def returned(info: SyscallInfo, style: Style) -> str:
    """What stands after the ``=``."""
    info = _native(info)
    if info.is_error:
        return "-1" if info.arch == "xv6" else failure(info.rval)
    value, kind = info.rval, row(info).returns
    if kind == "none":
        return "?"
    shown = _RETURNS.get(kind)
    if shown is not None:
        try:
            text: str | None = shown(info, value, style)
        except _NONSENSE:
            text = None
        if text is not None:
            return text
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, int) else "0"


def _fcntl(info: SyscallInfo, value: Any, style: Style) -> str | None:
    command = tables.FCNTL.get(info.args[1]) if len(info.args) > 1 else None
    if command == "F_GETFD":
        return "0x1 (flags FD_CLOEXEC)" if value else "0"
    if command == "F_GETFL":
        return f"{value:#x} (flags {open_flags(value)})" if value else "0 (flags O_RDONLY)"
    return None


def _poll(info: SyscallInfo, value: Any, style: Style) -> str | None:
    if not isinstance(value, list):
        return None
    if not value:
        return "0 (Timeout)"
    ready = [
        f"{{fd={descriptor(fd, style)}, revents={names(events, tables.POLL)}}}"
        for fd, events in value
    ]
    return f"{len(value)} ([{', '.join(ready)}])"


def _length(info: SyscallInfo, value: Any, style: Style) -> str | None:
    return str(len(value)) if isinstance(value, (bytes, tuple, list)) else None


_RETURNS: dict[str, Any] = {
    "0": lambda info, value, style: "0",
    "addr": lambda info, value, style: pointer(value) if isinstance(value, int) else None,
    "count": _length,
    "cpus": lambda info, value, style: "8",
    "received": lambda info, value, style: str(
        len(value if isinstance(value, bytes) else value[0])
    ),
    "schedpolicy": lambda info, value, style: f"{value} ({sched.policy(value)})",
    "cstr": lambda info, value, style: str(len(value) + 1) if isinstance(value, bytes) else None,
    "dirents": lambda info, value, style: (
        str(dirents_size(value)) if isinstance(value, list) else None
    ),
    "fcntl": _fcntl,
    "first": lambda info, value, style: str(value[0]) if isinstance(value, tuple) else None,
    "fd": lambda info, value, style: descriptor(value, style),
    "len": _length,
    "names": lambda info, value, style: (
        str(sum(len(item) + 1 for item in value)) if isinstance(value, (list, tuple)) else None
    ),
    "nice": lambda info, value, style: str(20 - value) if isinstance(value, int) else None,
    "oct": lambda info, value, style: f"{value:#o}".replace("0o", "0"),
    "poll": _poll,
    "selected": lambda info, value, style: waits.selected(value),
    "ticks": lambda info, value, style: (
        str(value.elapsed // 10_000_000) if hasattr(value, "elapsed") else None
    ),
}


def line(info: SyscallInfo, style: Style | None = None, column: int = 40) -> str:
    """A finished call as one line, its result in ``column``."""
    style = style or Style()
    begun, ended = entry(info, style), rest(info, style)
    text = f"{name(info)}({begun}{ended})"
    return f"{text:<{column - 1}} = {returned(info, style)}"

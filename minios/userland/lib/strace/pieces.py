"""What the kinds of strace are made of: a cursor over arguments, and values as text."""

from collections.abc import Callable
from typing import Any

from minios.abi import flags
from minios.userland.lib.strace import tables
from minios.userland.lib.strace.text import (
    Style,
    names,
    pointer,
    quoted,
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

    def past(self, by: int) -> Any:
        """The argument so many places from the next one, which stays the next; None if none is
        there."""
        at = self._at + by
        return self._args[at] if 0 <= at < len(self._args) else None

    @property
    def done(self) -> bool:
        return self._at >= len(self._args)


Kind = Callable[[Cursor], str | None]


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


def text_of(value: Any, style: Style, limit: int | None = None) -> str:
    """A string of the program's; what is none was a bad or a null pointer."""
    if isinstance(value, bytes):
        return quoted(value, style, limit)
    return pointer(value) if isinstance(value, int) else "NULL"


def descriptor(number: Any, style: Style) -> str:
    path = style.paths.get(number) if isinstance(number, int) else None
    name = str(int(number)) if isinstance(number, int) else anything(number, style)
    return name if path is None else f"{name}<{path.decode('latin-1')}>"


def mode_bits(value: int) -> str:
    """Permission bits, at least three digits: 0644, 04755, 000."""
    return f"0{value:o}" if value > 0o77 else f"{value:03o}"


def file_mode(mode: int) -> str:
    kind = tables.TYPES.get(mode & flags.S_IFMT)
    special = names(
        mode & 0o7000, ((0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX")), ""
    )
    parts = [part for part in (kind, special, mode_bits(mode & 0o777)) if part]
    return "|".join(parts)


def makedev(dev: int) -> str:
    major, minor = dev >> 8 & 0xFFF, dev & 0xFF | dev >> 12 & 0xFFF00
    return f"makedev({major:#x}, {minor:#x})" if minor else f"makedev({major:#x}, 0)"


def open_flags(value: Any) -> str:
    if not isinstance(value, int):
        return anything(value, Style())
    mode = tables.ACCESS_MODES[value & 3]
    rest = names(value & ~3, tables.OPEN, "")
    return f"{mode}|{rest}" if rest else mode


def disposition(value: Any) -> str:
    return value if isinstance(value, str) else pointer(value) if isinstance(value, int) else "NULL"


def interval_text(value: int, interval: int) -> str:
    return f"{{it_interval={timeval(interval)}, it_value={timeval(value)}}}"


def dirents_size(entries: Any) -> int:
    """Bytes of struct linux_dirent64: 19 and the name with its NUL, in eights."""
    return sum(-(-(20 + len(entry.name)) // 8) * 8 for entry in entries)


def _limit_value(value: int) -> str:
    if value >= flags.RLIM_INFINITY:
        return "RLIM64_INFINITY"
    if value > 1024 and value % 1024 == 0:
        return f"{value // 1024}*1024"
    return str(value)


def limits_text(pair: Any) -> str:
    if not isinstance(pair, tuple):
        return "NULL"
    return f"{{rlim_cur={_limit_value(pair[0])}, rlim_max={_limit_value(pair[1])}}}"

"""How strace writes the pieces of a call: strings, sets of flags, signals, times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minios.abi.signals import NSIG, Sig
from minios.userland.lib.calendar import civil

SECOND = 1_000_000_000


@dataclass(slots=True)
class Style:
    """What the options of strace say about texts."""

    limit: int = 32
    """Bytes of a string that are shown (-s)."""
    hexadecimal: int = 0
    """1: strings that are not plain text as hexadecimal (-x); 2: all (-xx)."""
    verbose: bool = False
    """Whole structures (-v)."""
    paths: Mapping[int, bytes] = field(default_factory=dict)
    """What the descriptors of the calling process are, if that is to be shown (-y)."""


_ESCAPES = {
    9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\",
}  # fmt: skip
_PLAIN = frozenset((*range(32, 127), 9, 10, 11, 12, 13))


def quoted(data: bytes, style: Style, limit: int | None = None) -> str:
    """A C string literal; octal escapes are as short as the next byte allows."""
    shown = data if limit is None else data[:limit]
    more = "..." if len(shown) < len(data) else ""
    if style.hexadecimal == 2 or (style.hexadecimal and not _PLAIN.issuperset(shown)):
        return '"' + "".join(f"\\x{byte:02x}" for byte in shown) + '"' + more
    parts: list[str] = []
    for index, byte in enumerate(shown):
        if byte in _ESCAPES:
            parts.append(_ESCAPES[byte])
        elif 32 <= byte < 127:
            parts.append(chr(byte))
        else:
            digit = index + 1 < len(shown) and 48 <= shown[index + 1] <= 55
            parts.append(f"\\{byte:03o}" if digit else f"\\{byte:o}")
    return '"' + "".join(parts) + '"' + more


def names(value: int, table: Sequence[tuple[int, str]], empty: str = "0") -> str:
    """A set of flags by name, what has none in hexadecimal at the end."""
    found = []
    for bits, name in table:
        if bits and value & bits == bits:
            found.append(name)
            value &= ~bits
    if value:
        found.append(f"{value:#x}")
    return "|".join(found) if found else empty


def signal_name(number: int) -> str:
    """``SIGTERM``, ``SIGRTMIN``, ``SIGRT_1``; a number for what is no signal."""
    if 1 <= number <= 31:
        return Sig(number).name
    if number == 32:
        return "SIGRTMIN"
    if 33 <= number <= NSIG:
        return f"SIGRT_{number - 32}"
    return str(number)


def signal_set(mask: int) -> str:
    """``[INT CHLD]``; what a set of nearly all signals leaves out after a ``~``."""
    members = [n for n in range(1, NSIG + 1) if mask >> (n - 1) & 1]
    if len(members) >= NSIG * 2 // 3:
        members = [n for n in range(1, NSIG + 1) if not mask >> (n - 1) & 1]
        return "~[" + " ".join(signal_name(n)[3:] for n in members) + "]"
    return "[" + " ".join(signal_name(n)[3:] for n in members) + "]"


def timespec(ns: int) -> str:
    return f"{{tv_sec={ns // SECOND}, tv_nsec={ns % SECOND}}}"


def timeval(ns: int) -> str:
    return f"{{tv_sec={ns // SECOND}, tv_usec={ns % SECOND // 1000}}}"


def date(ns: int) -> str:
    """The comment after a time stamp: ``/* 1970-01-01T00:01:40.500000000+0000 */``."""
    t = civil(ns)
    fraction = f".{t.nanosecond:09d}" if t.nanosecond else ""
    day = f"{t.year:04d}-{t.month:02d}-{t.day:02d}"
    return f" /* {day}T{t.hour:02d}:{t.minute:02d}:{t.second:02d}{fraction}+0000 */"


def pointer(value: int) -> str:
    return f"{value:#x}" if value else "NULL"

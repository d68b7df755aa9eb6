"""awk's values: a number is a float, a string is bytes, what was never set is None.

A :class:`Field` is text from outside (a field, a line read, an element that split made): it counts
as a number where it looks like one.
"""

from collections.abc import Callable
from typing import Any

Array = dict[bytes, "float | bytes | None"]
Value = float | bytes | None


class Field(bytes):
    """A string that may be a number (POSIX: a numeric string)."""

    __slots__ = ()


INT_MAX = 2147483647
"""The greatest integer of mawk, beyond which numbers are printed by OFMT and CONVFMT."""

NAN = float("nan")
INF = float("inf")
_SPACE = b" \t\n\v\f\r"
_DECIMAL = b"0123456789+-.eE"
_DIGITS = frozenset(b"0123456789")
_HEX = frozenset(b"0123456789abcdefABCDEF")


def scan(text: bytes) -> tuple[float, int]:
    """strtod(3): the number that ``text`` begins with, and where it ends (0 if there is none)."""
    at = len(text) - len(text.lstrip(_SPACE))
    size = len(text)
    start = at
    if text[at : at + 1] in (b"-", b"+"):
        at += 1
    negative = text[start:at] == b"-"
    digits = at
    while at < size and text[at] in _DIGITS:
        at += 1
    whole = at - digits
    if whole == 1 and text[digits] == 0x30 and text[at : at + 1] in (b"x", b"X"):
        last = at + 1
        while last < size and text[last] in _HEX:
            last += 1
        if last > at + 1:
            value = float(int(text[at + 1 : min(last, at + 200)], 16))
            return (-value if negative else value), last
    if text[at : at + 1] == b".":
        point = at
        at += 1
        while at < size and text[at] in _DIGITS:
            at += 1
        whole += at - point - 1
    if not whole:
        word = text[digits : digits + 8].lower()
        for name in (b"infinity", b"inf", b"nan"):
            if word.startswith(name):
                value = float(name.decode())
                return (-value if negative else value), digits + len(name)
        return 0.0, 0
    if text[at : at + 1] in (b"e", b"E"):
        last = at + 1
        if text[last : last + 1] in (b"-", b"+"):
            last += 1
        first = last
        while last < size and text[last] in _DIGITS:
            last += 1
        if last > first:
            at = last
    return float(text[start:at]), at


def number(value: Value) -> float:
    """A value as a number."""
    if type(value) is float:
        return value
    if not value:
        return 0.0
    assert not isinstance(value, float)
    if value.isdigit() and len(value) < 300:
        return float(value)
    return scan(value)[0]


def numeric(text: bytes) -> float | None:
    """The number that a field looks like; None if it is just text."""
    if text.isdigit() and len(text) < 300:
        return float(text)
    body = text.strip(_SPACE)
    if not body or body.translate(None, _DECIMAL):
        return None
    try:
        return float(body)
    except ValueError:
        return None


def truth(value: Value) -> bool:
    if type(value) is float:
        return value != 0.0
    if type(value) is Field:
        found = numeric(value)
        return len(value) > 0 if found is None else found != 0.0
    return bool(value)


def integer_text(value: float) -> bytes | None:
    """The text of an integer; None for other numbers, which need a format."""
    if -INT_MAX <= value <= INT_MAX:
        whole = int(value)
        if whole == value:
            return b"%d" % whole
    return None


def comparison(
    test: Callable[[Any, Any], bool], text_of: Callable[[float], bytes]
) -> Callable[[Value, Value], bool]:
    """``test`` on two values: as numbers if both are or look like numbers, else as strings."""

    def compare(a: Value, b: Value) -> bool:
        if type(a) is float and type(b) is float:
            # What is not a number is neither less nor greater, which mawk takes for equal.
            return test(a, b) if a == a and b == b else test(0, 0)
        if type(a) is Field:
            found = numeric(a)
            a = bytes(a) if found is None else found
        if type(b) is Field:
            found = numeric(b)
            b = bytes(b) if found is None else found
        if isinstance(a, bytes) or isinstance(b, bytes):
            if not isinstance(a, bytes):
                a = b"" if a is None else text_of(a)
            if not isinstance(b, bytes):
                b = b"" if b is None else text_of(b)
            return test(a, b)
        return compare(a or 0.0, b or 0.0)

    return compare


def clamp(value: float, low: int, high: int) -> int:
    """A number as an integer within bounds; not a number counts as the lowest."""
    if value != value or value <= low:
        return low
    return high if value >= high else int(value)

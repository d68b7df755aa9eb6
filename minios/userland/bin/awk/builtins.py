"""awk's built-in functions that neither trap nor need the program's text."""

import math
from collections.abc import Callable

from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.machine import (
    ELEMENT,
    RLENGTH,
    RSTART,
    SMALL,
    Machine,
    array_size,
)
from minios.userland.bin.awk.patterns import Splitter, replacement
from minios.userland.bin.awk.values import INF, NAN, Array, Field, Value, clamp, number
from minios.userland.lib import regex

MINUS_NAN = -NAN
"""What the FPU gives for an invalid operation."""

# -- arithmetic: as C and the FPU, without exceptions --------------------------------------------


def divide(a: float, b: float) -> float:
    if b == 0.0:
        if a == 0.0 or a != a:
            return MINUS_NAN
        return math.copysign(INF, a) * math.copysign(1.0, b)
    return a / b


def modulo(a: float, b: float) -> float:
    """fmod(3)."""
    if b == 0.0 or a in (INF, -INF):
        return MINUS_NAN
    return math.fmod(a, b)


def power(a: float, b: float) -> float:
    """pow(3)."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return -INF if a < 0.0 and b % 2.0 == 1.0 else INF
    except ValueError:
        if a == 0.0:
            return -INF if math.copysign(1.0, a) < 0.0 and b % 2.0 == 1.0 else INF
        return MINUS_NAN


def _guarded(function: Callable[[float], float]) -> Callable[[Value], float]:
    def call(value: Value) -> float:
        try:
            return function(number(value))
        except ValueError:
            return MINUS_NAN
        except OverflowError:
            return INF

    return call


def _log(value: float) -> float:
    return -INF if value == 0.0 else math.log(value)


def _int(value: float) -> float:
    return float(math.trunc(value)) if value - value == 0.0 else value


MATHS: dict[str, Callable[[Value], float]] = {
    "sin": _guarded(math.sin),
    "cos": _guarded(math.cos),
    "exp": _guarded(math.exp),
    "log": _guarded(_log),
    "sqrt": _guarded(math.sqrt),
    "int": _guarded(_int),
}


def atan2(y: Value, x: Value) -> float:
    return math.atan2(number(y), number(x))


# -- strings --------------------------------------------------------------------------------------


def substr(text: bytes, begin: float, length: float | None) -> bytes:
    """mawk's substr: both numbers are cut to integers; a begin before 1 makes the length greater
    by as much as it is below zero (mawk 1.3.4-20200120; POSIX would make it smaller)."""
    limit = 1 << 40
    first = clamp(begin, -limit, limit)
    count = limit if length is None else clamp(length, -limit, limit)
    if first <= 0:
        count -= first
        first = 1
    return bytes(text[first - 1 : first - 1 + count]) if count > 0 else b""


def match(machine: Machine, text: bytes, pattern: regex.Regex) -> float:
    found = machine.patterns.search(pattern, text)
    start, length = (0, -1) if found is None else (found.start + 1, found.end - found.start)
    machine.globals[RSTART] = float(start)
    machine.globals[RLENGTH] = float(length)
    return float(start)


def split(machine: Machine, text: bytes, array: Array, splitter: Splitter) -> float:
    """Fill ``array`` with the parts of ``text``; how many."""
    if len(text) > SMALL:
        machine.need(len(text) * 2)
    parts = splitter(text)
    machine.grow(sum(map(len, parts)) + len(parts) * (ELEMENT + 4) - array_size(array))
    machine.cost += len(parts)
    array.clear()
    for at, part in enumerate(parts, 1):
        array[b"%d" % at] = Field(part)
    return float(len(parts))


def substitute(
    machine: Machine, pattern: regex.Regex, put: bytes, text: bytes, every: bool
) -> tuple[bytes, int]:
    """sub and gsub: the new text and how many matches were replaced."""
    search = pattern.search
    found = search(text)
    if found is None:
        machine.patterns.spent += pattern.spent()
        return text, 0
    pieces = replacement(put)
    fixed = pieces[0] if len(pieces) == 1 and pieces[0] is not None else None
    out: list[bytes] = []
    at = count = size = 0
    last = -1
    while found is not None:
        start, end = found.start, found.end
        if start == end == last:
            # Nothing, right after a match: not replaced.
            out.append(text[at : at + 1])
            at += 1
        else:
            out.append(text[at:start])
            matched = text[start:end]
            new = (
                fixed
                if fixed is not None
                else b"".join([matched if piece is None else piece for piece in pieces])
                if pieces
                else b""
            )
            out.append(new)
            size += len(new)
            count += 1
            if count & (count - 1) == 0 and (size > SMALL or count > 64):
                machine.need(size + 32 * count)
            at = last = end
            if start == end:
                out.append(text[at : at + 1])
                at += 1
        if not every or at > len(text):
            break
        found = search(text, at)
    out.append(text[at:])
    machine.patterns.spent += pattern.spent() + count // 2
    if size + len(text) > SMALL:
        machine.need(size + len(text))
    return b"".join(out), count


def mktime(text: bytes) -> float:
    """Seconds since 1970 of ``YYYY MM DD HH MM SS``; -1 if it is no time."""
    from minios.userland.lib.calendar import timestamp

    parts = [clamp(number(part), -1, 9999) for part in text.split()[:6]]
    if len(parts) < 6 or not (parts[0] >= 1 and 1 <= parts[1] <= 12):
        return -1.0
    return float(timestamp(*parts))


def strftime(form: bytes, seconds: float) -> bytes:
    from minios.userland.lib import calendar

    if len(form) > SMALL:
        raise AwkError("strftime: format is too long")
    return calendar.strftime(form, clamp(seconds, 0, 1 << 36) * 1_000_000_000)

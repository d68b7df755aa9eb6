"""awk's built-in functions that neither trap nor need the program's text."""

import math
from collections.abc import Callable, Generator

from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.machine import (
    ELEMENT,
    RLENGTH,
    RSTART,
    SMALL,
    Aside,
    Machine,
    array_size,
)
from minios.userland.bin.awk.patterns import Splitter, replacement
from minios.userland.bin.awk.values import INF, NAN, Array, Field, Value, clamp, number
from minios.userland.lib import regex

STEP = 4096
LONG = 32768
"""A text longer than this is worked on in several steps."""

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
    parts = splitter(text)
    machine.grow(sum(map(len, parts)) + len(parts) * (ELEMENT + 4) - array_size(array))
    machine.cost += len(parts)
    array.clear()
    for at, part in enumerate(parts, 1):
        array[b"%d" % at] = Field(part)
    return float(len(parts))


def substitution(
    pattern: regex.Regex, put: bytes, text: bytes, every: bool
) -> Generator[int, None, tuple[bytes, int]]:
    """sub and gsub in steps: the new text and how many matches were replaced.

    Each yield asks for the memory of what comes next, in bytes.
    """
    pieces = replacement(put)
    out = bytearray()
    at = count = promised = 0
    last = -1
    while at <= len(text):
        found = pattern.search(text, at)
        if found is None:
            break
        start, end = found.start, found.end
        if start == end == last:
            # Nothing, right after a match: not replaced.
            out += text[at : at + 1]
            at += 1
            continue
        new = b"".join([text[start:end] if piece is None else piece for piece in pieces])
        size = len(out) + start - at + len(new)
        if size > promised:
            yield size + STEP - promised
            promised = size + STEP
        out += text[at:start]
        out += new
        count += 1
        at = last = end
        if start == end:
            out += text[at : at + 1]
            at += 1
        if not every:
            break
    yield len(out) + len(text) - at
    out += text[at:]
    return bytes(out), count


def substitute(
    machine: Machine, pattern: regex.Regex, put: bytes, text: bytes, every: bool
) -> tuple[bytes, int]:
    """The same at once for a text that is not long; a long one is first done aside."""
    if machine.finished is not None:
        return machine.finished
    work = substitution(pattern, put, text, every)
    if len(text) > LONG:
        raise Aside(work, pattern)
    while True:
        try:
            size = next(work)
        except StopIteration as stop:
            result: tuple[bytes, int] = stop.value
            machine.patterns.spent += pattern.spent() + result[1] // 2
            return result
        if size > SMALL + STEP:
            machine.need(size)


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

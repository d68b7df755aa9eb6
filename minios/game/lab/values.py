"""Reading what a student types: lists of numbers, ranges and names, with one clear line for each
mistake."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

UNIT = 1_000_000
"""A lab's unit of time in ns: a millisecond. Times may have up to six decimals."""

MOST = 100_000
"""A list, and an experiment, has at most so many entries."""


class LabError(ValueError):
    """The experiment makes no sense. ``str`` says why in one line."""


def number(text: str, what: str, *, least: int | None = None, most: int | None = None) -> int:
    """A whole number within bounds."""
    try:
        value = int(text.strip())
    except ValueError:
        raise LabError(f"{what}: '{text.strip()}' is not a whole number") from None
    return bounded(value, what, least=least, most=most)


def bounded(value: int, what: str, *, least: int | None = None, most: int | None = None) -> int:
    """``value``, if it is within bounds."""
    if least is not None and value < least:
        raise LabError(f"{what}: {value} is less than {least}")
    if most is not None and value > most:
        raise LabError(f"{what}: {value} is more than {most}")
    return value


def numbers(
    text: str, what: str, *, least: int | None = None, most: int | None = None
) -> tuple[int, ...]:
    """Whole numbers separated by commas."""
    return tuple(number(part, what, least=least, most=most) for part in _parts(text, what))


def span(text: str, what: str, *, least: int, most: int) -> tuple[int, ...]:
    """Numbers and ranges: ``3``, ``1,2,4``, ``1-8``."""
    values: list[int] = []
    for part in _parts(text, what):
        low, dash, high = part.partition("-")
        first = number(low, what, least=least, most=most)
        last = number(high, what, least=first, most=most) if dash else first
        values += range(first, last + 1)
    return tuple(values)


def time(text: str, what: str) -> int:
    """A time in units, decimals allowed, as ns; not negative."""
    whole, dot, decimals = text.strip().partition(".")
    if (
        not (whole or decimals)
        or not (whole + decimals).isascii()
        or not (whole + decimals).isdigit()
        or (dot and not decimals)
    ):
        raise LabError(f"{what}: '{text.strip()}' is not a time such as 20 or 3.5")
    if len(decimals) > 6:
        raise LabError(f"{what}: '{text.strip()}' has more than six decimals")
    if len(whole) > 9:
        raise LabError(f"{what}: '{text.strip()}' is too long a time")
    return int(whole or "0") * UNIT + int(decimals.ljust(6, "0"))


def times(text: str, what: str) -> tuple[int, ...]:
    """Times separated by commas, as ns."""
    return tuple(time(part, what) for part in _parts(text, what))


def _parts(text: str, what: str) -> list[str]:
    if not text.strip():
        raise LabError(f"{what}: the list is empty")
    parts = text.split(",")
    if len(parts) > MOST:
        raise LabError(f"{what}: more than {MOST} entries")
    return parts


def names(text: str, what: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas, each one of ``known``; ``all`` is every one. In any case."""
    chosen: list[str] = []
    for part in text.split(","):
        name = part.strip().lower()
        if name == "all":
            chosen += known
            continue
        if name not in known:
            raise LabError(f"no {what} '{part.strip()}'{_near(name, known)}")
        chosen.append(name)
    return tuple(dict.fromkeys(chosen))


def _near(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f" (there are: {', '.join(known)})"


def plain(ns: int) -> int | float:
    """A time in units again: a whole number where it is one."""
    return ns // UNIT if ns % UNIT == 0 else ns / UNIT


def decimal(ns: int) -> str:
    """A time in units for people: ``20``, ``3.5``."""
    whole, rest = divmod(ns, UNIT)
    return f"{whole}.{rest:06d}".rstrip("0") if rest else str(whole)

"""The times of ``ls -l`` and the stamps of ``touch -t``; the calendar is in :mod:`calendar`."""

from minios.userland.lib.calendar import NS, civil, month_days, strftime, timestamp

HALF_YEAR = 31_556_952 // 2
"""Seconds; ls shows the year of what is older (or later than now)."""


def is_recent(ns: int, now: int) -> bool:
    """Whether ``ls -l`` shows the time of day of ``ns`` rather than its year."""
    return now - HALF_YEAR * NS < ns <= now


def ls_time(ns: int, now: int) -> bytes:
    """``Jan  2 15:04`` or ``Jan  2  2024``: the C locale's form in ``ls -l``."""
    return strftime(b"%b %e %H:%M" if is_recent(ns, now) else b"%b %e  %Y", ns)


def touch_stamp(text: bytes, now: int) -> int | None:
    """``[[CC]YY]MMDDhhmm[.ss]`` (XCU touch -t) in ns; None if it is no time."""
    digits, dot, tail = text.partition(b".")
    if not digits.isdigit() or len(digits) not in (8, 10, 12):
        return None
    if dot and (len(tail) != 2 or not tail.isdigit()):
        return None
    pairs = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    *century, month, day, hour, minute = pairs
    if len(century) == 2:
        year = century[0] * 100 + century[1]
    elif century:
        year = century[0] + (1900 if century[0] >= 69 else 2000)
    else:
        year = civil(now).year
    second = int(tail) if dot else 0
    if not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    return timestamp(year, month, day, hour, minute, second) * NS

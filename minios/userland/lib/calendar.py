"""Civil time: the proleptic Gregorian calendar in UTC, and strftime(3).

Times are integer nanoseconds since 1970-01-01T00:00:00Z. The locale is C and the zone UTC.
"""

from typing import NamedTuple

NS = 1_000_000_000
DAY = 86_400
DAYS = (b"Sunday", b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday")
MONTHS = (
    b"January", b"February", b"March", b"April", b"May", b"June",
    b"July", b"August", b"September", b"October", b"November", b"December",
)  # fmt: skip


class Civil(NamedTuple):
    """A moment taken apart. ``weekday`` counts from Sunday = 0, ``yearday`` from 1."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    weekday: int
    yearday: int


def days_before(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date; ``day`` may lie outside the month."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def timestamp(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> int:
    """Seconds since the epoch (timegm(3)); a month outside 1–12 carries into the year."""
    carry, month = divmod(month - 1, 12)
    return days_before(year + carry, month + 1, day) * DAY + hour * 3600 + minute * 60 + second


def civil(ns: int) -> Civil:
    """gmtime(3)."""
    seconds, nanosecond = divmod(ns, NS)
    days, rest = divmod(seconds, DAY)
    era, of_era = divmod(days + 719_468, 146_097)
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    march = (5 * of_year + 2) // 153
    day = of_year - (153 * march + 2) // 5 + 1
    month = march + 3 if march < 10 else march - 9
    year = era * 400 + years + (month <= 2)
    yearday = days - days_before(year, 1, 1) + 1
    hour, rest = divmod(rest, 3600)
    return Civil(
        year, month, day, hour, rest // 60, rest % 60, nanosecond, (days + 4) % 7, yearday
    )  # fmt: skip


def leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    if month == 2:
        return 29 if leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _iso_week(t: Civil) -> tuple[int, int]:
    """ISO 8601 year and week number."""
    weekday = (t.weekday + 6) % 7
    week = (t.yearday - 1 - weekday + 10) // 7
    if week < 1:
        year = t.year - 1
        first = (days_before(year, 1, 1) + 3) % 7
        return year, 53 if first == 3 or (first == 2 and leap(year)) else 52
    if week == 53:
        first = (days_before(t.year + 1, 1, 1) + 3) % 7
        if first <= 3:
            return t.year + 1, 1
    return t.year, week


_COMPOSED = {
    "c": b"%a %b %e %H:%M:%S %Y",
    "D": b"%m/%d/%y",
    "F": b"%+4Y-%m-%d",
    "r": b"%I:%M:%S %p",
    "R": b"%H:%M",
    "T": b"%H:%M:%S",
    "x": b"%m/%d/%y",
    "X": b"%H:%M:%S",
    "h": b"%b",
}


def _numeric(char: str, t: Civil, seconds: int) -> tuple[int, int, str] | None:
    """(value, digits, padding) of a numeric conversion."""
    hour12 = t.hour % 12 or 12
    match char:
        case "C":
            return t.year // 100, 2, "0"
        case "d":
            return t.day, 2, "0"
        case "e":
            return t.day, 2, " "
        case "g":
            return _iso_week(t)[0] % 100, 2, "0"
        case "G":
            return _iso_week(t)[0], 4, "0"
        case "H":
            return t.hour, 2, "0"
        case "I":
            return hour12, 2, "0"
        case "j":
            return t.yearday, 3, "0"
        case "k":
            return t.hour, 2, " "
        case "l":
            return hour12, 2, " "
        case "m":
            return t.month, 2, "0"
        case "M":
            return t.minute, 2, "0"
        case "q":
            return (t.month + 2) // 3, 1, "0"
        case "s":
            return seconds, 1, "0"
        case "S":
            return t.second, 2, "0"
        case "u":
            return t.weekday or 7, 1, "0"
        case "U":
            return (t.yearday + 6 - t.weekday) // 7, 2, "0"
        case "V":
            return _iso_week(t)[1], 2, "0"
        case "w":
            return t.weekday, 1, "0"
        case "W":
            return (t.yearday + 6 - (t.weekday + 6) % 7) // 7, 2, "0"
        case "y":
            return t.year % 100, 2, "0"
        case "Y":
            return t.year, 4, "0"
    return None


def _named(char: str, t: Civil) -> bytes | None:
    match char:
        case "a":
            return DAYS[t.weekday][:3]
        case "A":
            return DAYS[t.weekday]
        case "b":
            return MONTHS[t.month - 1][:3]
        case "B":
            return MONTHS[t.month - 1]
        case "p":
            return b"PM" if t.hour >= 12 else b"AM"
        case "P":
            return b"pm" if t.hour >= 12 else b"am"
        case "Z":
            return b"UTC"
        case "n":
            return b"\n"
        case "t":
            return b"\t"
        case "%":
            return b"%"
    return None


def strftime(format: bytes, ns: int) -> bytes:
    """Format a time as GNU date does: flags ``-_0+^#``, a width, every C-locale conversion."""
    t = civil(ns)
    out: list[bytes] = []
    text = format.decode("latin-1")
    at = 0
    while at < len(text):
        percent = text.find("%", at)
        if percent < 0:
            out.append(text[at:].encode("latin-1"))
            break
        out.append(text[at:percent].encode("latin-1"))
        end = percent + 1
        while end < len(text) and text[end] in "-_0+^#":
            end += 1
        flags = text[percent + 1 : end]
        start = end
        while end < len(text) and text[end] in "0123456789":
            end += 1
        width = int(text[start:end][:4] or 0)
        colons = len(text[end : end + 3]) - len(text[end : end + 3].lstrip(":"))
        end += colons
        if end < len(text) and text[end] in "EO" and not colons:
            end += 1
        char = text[end : end + 1]
        at = end + 1
        field = _field(char, flags, width, colons, t, ns) if char else None
        out.append(text[percent:at].encode("latin-1") if field is None else field)
    return b"".join(out)


def _field(char: str, flags: str, width: int, colons: int, t: Civil, ns: int) -> bytes | None:
    pad = next((f for f in reversed(flags) if f in "-_0+"), "")
    if char == "z":
        return _zone(colons, pad, width)
    if colons:
        return None
    if char == "N":
        digits = b"%09d" % t.nanosecond
        kept = digits[: width or 9]
        if pad == "_":
            return kept.rstrip(b"0").ljust(len(kept))
        return kept.ljust(width, b"0") if width > 9 else kept
    number = _numeric(char, t, ns // NS)
    if number is not None:
        value, digits_wanted, fill = number
        if pad in ("0", "_", "+"):
            fill = " " if pad == "_" else "0"
        size = max(width, 0) or digits_wanted
        plus = pad == "+" and char in "CGY" and (value > 9999 or size > digits_wanted)
        body = b"%d" % abs(value)
        if pad != "-":
            room = size - (value < 0 or plus)
            body = body.rjust(room, fill.encode())
        return (b"-" if value < 0 else b"+" if plus else b"") + body
    if char in _COMPOSED:
        inner = b"%Y-%m-%d" if char == "F" and pad != "+" else _COMPOSED[char]
        named: bytes | None = strftime(inner, ns)
    else:
        named = _named(char, t)
    if named is None:
        return None
    if "^" in flags and char != "P":
        named = named.upper()
    elif "#" in flags:
        named = named.lower() if char in "pZ" else named.upper()
    return named.rjust(width, b"0" if pad in ("0", "+") else b" ") if pad != "-" else named


def _zone(colons: int, pad: str, width: int) -> bytes | None:
    if colons > 3:
        return None
    text = (b"+0000", b"+00:00", b"+00:00:00", b"+00")[colons]
    short = (b"+0", b"+0:00", b"+0:00:00", b"+0")[colons]
    if pad == "-":
        return short
    if pad == "_":
        return short.rjust(max(width, len(text)))
    return b"+" + text[1:].rjust(width - 1, b"0")

"""Time spans (systemd.time(7)); nanoseconds inside."""

US = 1_000
MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
INFINITY = 1 << 62

_UNITS = {
    "usec": US, "us": US, "msec": MS, "ms": MS,
    "seconds": SECOND, "second": SECOND, "sec": SECOND, "s": SECOND, "": SECOND,
    "minutes": MINUTE, "minute": MINUTE, "min": MINUTE, "m": MINUTE,
    "hours": HOUR, "hour": HOUR, "hr": HOUR, "h": HOUR,
    "days": 24 * HOUR, "day": 24 * HOUR, "d": 24 * HOUR,
    "weeks": 168 * HOUR, "week": 168 * HOUR, "w": 168 * HOUR,
    "months": 2_629_800 * SECOND, "month": 2_629_800 * SECOND, "M": 2_629_800 * SECOND,
    "years": 31_557_600 * SECOND, "year": 31_557_600 * SECOND, "y": 31_557_600 * SECOND,
}  # fmt: skip


def parse(text: str) -> int | None:
    """``5min 20s``, ``1.5h``, ``90``, ``infinity`` in ns; None for what makes no sense."""
    text = text.strip()
    if text == "infinity":
        return INFINITY
    total = 0
    at = 0
    if not text:
        return None
    while at < len(text):
        start = at
        while at < len(text) and (text[at].isdigit() or text[at] == "."):
            at += 1
        number = text[start:at]
        while at < len(text) and text[at].isspace():
            at += 1
        start = at
        while at < len(text) and text[at].isalpha():
            at += 1
        unit = _UNITS.get(text[start:at])
        whole, _, part = number.partition(".")
        if unit is None or not (whole + part).isdecimal() or len(number) > 18 or number[-1] == ".":
            return None
        total += int(whole or 0) * unit
        if part:
            total += int(part) * unit // 10 ** len(part)
        while at < len(text) and text[at].isspace():
            at += 1
    return total


_NAMES = (
    ("y", 31_557_600 * SECOND), ("month", 2_629_800 * SECOND), ("w", 168 * HOUR),
    ("d", 24 * HOUR), ("h", HOUR), ("min", MINUTE), ("s", SECOND), ("ms", MS), ("us", US),
)  # fmt: skip


def show(span: int, accuracy: int = US) -> str:
    """``1min 30s``, ``1.250s``: as format_timespan() of systemd writes it."""
    if span >= INFINITY:
        return "infinity"
    if span < max(accuracy, US):
        return "0"
    pieces: list[str] = []
    for name, unit in _NAMES:
        if span < accuracy or span < US:
            break
        if span < unit:
            continue
        count, rest = divmod(span, unit)
        digits = len(str(unit // US)) - len(str(accuracy // US))
        if rest and span < MINUTE and digits > 0:
            # Less than a minute has its rest behind a point.
            pieces.append(f"{count}.{rest // accuracy:0{digits}}{name}")
            break
        if unit < accuracy and pieces:
            break
        pieces.append(f"{count}{name}")
        span = rest
    return " ".join(pieces)


def ago(span: int) -> str:
    """``5min ago``, ``2 days ago``, ``1h 3min ago``: format_timestamp_relative()."""
    suffix = "ago" if span >= 0 else "left"
    span = abs(span)
    day = 24 * HOUR
    if span >= 365 * day:
        years, months = span // (365 * day), span % (365 * day) // (30 * day)
        text = f"{years} year{'s' * (years != 1)} {months} month{'s' * (months != 1)}"
    elif span >= 30 * day:
        months, days = span // (30 * day), span % (30 * day) // day
        text = f"{months} month{'s' * (months != 1)} {days} day{'s' * (days != 1)}"
    elif span >= 7 * day:
        weeks, days = span // (7 * day), span % (7 * day) // day
        text = f"{weeks} week{'s' * (weeks != 1)} {days} day{'s' * (days != 1)}"
    elif span >= 2 * day:
        text = f"{span // day} days"
    elif span >= 25 * HOUR:
        text = f"1 day {(span - day) // HOUR}h"
    elif span >= 6 * HOUR:
        text = f"{span // HOUR}h"
    elif span >= HOUR:
        text = f"{span // HOUR}h {span % HOUR // MINUTE}min"
    elif span >= 5 * MINUTE:
        text = f"{span // MINUTE}min"
    elif span >= MINUTE:
        text = f"{span // MINUTE}min {span % MINUTE // SECOND}s"
    elif span >= SECOND:
        text = f"{span // SECOND}s"
    elif span >= MS:
        text = f"{span // MS}ms"
    elif span > 0:
        text = f"{span // US}us"
    else:
        return "now"
    return f"{text} {suffix}"

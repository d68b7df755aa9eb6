"""Quantities as people write them in a level file, read exactly: no float is ever made.

Each reader takes text and returns an integer, or raises ``ValueError`` with a message that ends the
sentence "‹field› …".
"""

MAX_DURATION = 24 * 3600 * 1_000_000_000
MAX_SIZE = 1 << 30

_DURATIONS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_SIZES = {
    "": 1, "B": 1,
    "k": 1 << 10, "K": 1 << 10, "KiB": 1 << 10, "kB": 10**3, "KB": 10**3,
    "M": 1 << 20, "MiB": 1 << 20, "MB": 10**6,
    "G": 1 << 30, "GiB": 1 << 30, "GB": 10**9,
}  # fmt: skip
_FREQUENCIES = {"": 1, "Hz": 1, "kHz": 10**3, "MHz": 10**6}

_MAX_DIGITS = 18


def integer(text: str) -> int:
    """``-3``, ``0x1f``, ``0o755`` (YAML 1.2 core schema)."""
    body = text[1:] if text[:1] in ("-", "+") else text
    base = {"0x": 16, "0o": 8}.get(body[:2], 10)
    digits = body[2:] if base != 10 else body
    allowed = "0123456789abcdef"[:base]
    if not digits or any(char not in allowed for char in digits.lower()):
        raise ValueError(f"must be a whole number, not {text[:40]!r}")
    if len(digits) > _MAX_DIGITS:
        raise ValueError("is too large a number")
    return int(digits, base) * (-1 if text[:1] == "-" else 1)


def _split(text: str) -> tuple[str, str, str]:
    """(whole digits, fraction digits, the rest)."""
    at = 0
    while at < len(text) and text[at] in "0123456789":
        at += 1
    whole, rest = text[:at], text[at:]
    if not rest.startswith("."):
        return whole, "", rest
    at = 1
    while at < len(rest) and rest[at] in "0123456789":
        at += 1
    return whole, rest[1:at], rest[at:]


def _scaled(whole: str, fraction: str, unit: int, what: str) -> int:
    if not whole or len(whole) + len(fraction) > _MAX_DIGITS:
        raise ValueError(what)
    value, rest = divmod(int(whole + fraction) * unit, int("1" + "0" * len(fraction)))
    if rest:
        raise ValueError(f"{what}: it is finer than the unit can be divided")
    return value


def duration(text: str) -> int:
    """``30s``, ``500ms``, ``1m30s``, ``-2s`` in nanoseconds."""
    wrong = f"must be a duration such as 30s, 500ms or 2m, not {text[:40]!r}"
    rest = text.removeprefix("-")
    if not rest or len(rest) > 64:
        raise ValueError(wrong)
    total = 0
    while rest:
        whole, fraction, rest = _split(rest)
        at = 0
        while at < len(rest) and rest[at].isalpha():
            at += 1
        unit, rest = _DURATIONS.get(rest[:at]), rest[at:]
        if unit is None:
            raise ValueError(wrong)
        total += _scaled(whole, fraction, unit, wrong)
    if total > MAX_DURATION:
        raise ValueError("is longer than a day")
    return -total if text.startswith("-") else total


def size(text: str) -> int:
    """``4MiB``, ``64k`` (1024 each), ``10kB`` (1000), ``512`` in bytes."""
    wrong = f"must be a size such as 64k, 4MiB or 512, not {text[:40]!r}"
    whole, fraction, suffix = _split(text)
    unit = _SIZES.get(suffix.strip())
    if unit is None:
        raise ValueError(wrong)
    value = _scaled(whole, fraction, unit, wrong)
    if value > MAX_SIZE:
        raise ValueError("is larger than 1GiB")
    return value


def share(text: str) -> int:
    """``20%`` or ``2.5%`` in thousandths of the whole."""
    wrong = f"must be a percentage such as 20%, not {text[:40]!r}"
    whole, fraction, suffix = _split(text)
    if suffix.strip() != "%":
        raise ValueError(wrong)
    value = _scaled(whole, fraction, 10, wrong)
    if value > 1000:
        raise ValueError("is more than 100%")
    return value


_RATES = {"bit": 1, "kbit": 10**3, "Mbit": 10**6, "Gbit": 10**9}


def rate(text: str) -> int:
    """``10Mbit``, ``56kbit``, ``1Gbit`` in bit/s; ``unlimited`` is 0."""
    if text == "unlimited":
        return 0
    wrong = f"must be a rate such as 10Mbit, or unlimited, not {text[:40]!r}"
    whole, fraction, suffix = _split(text)
    unit = _RATES.get(suffix.strip().removesuffix("/s"))
    if unit is None:
        raise ValueError(wrong)
    value = _scaled(whole, fraction, unit, wrong)
    if not 1000 <= value <= 400 * 10**9:
        raise ValueError("must be from 1kbit to 400Gbit")
    return value


def chance(text: str) -> int:
    """``2%`` or ``0.01%`` in parts per million."""
    wrong = f"must be a percentage such as 2% or 0.01%, not {text[:40]!r}"
    whole, fraction, suffix = _split(text)
    if suffix.strip() != "%":
        raise ValueError(wrong)
    value = _scaled(whole, fraction, 10_000, wrong)
    if value > 1_000_000:
        raise ValueError("is more than 100%")
    return value


def frequency(text: str) -> int:
    """``1MHz``, ``250kHz`` in Hz; a cycle must be a whole number of nanoseconds."""
    wrong = f"must be a frequency such as 1MHz, not {text[:40]!r}"
    whole, fraction, suffix = _split(text)
    unit = _FREQUENCIES.get(suffix.strip())
    if unit is None:
        raise ValueError(wrong)
    value = _scaled(whole, fraction, unit, wrong)
    if not 1000 <= value <= 10_000_000 or 1_000_000_000 % value:
        raise ValueError("must be from 1kHz to 10MHz, with a cycle of whole nanoseconds")
    return value


def mode(text: str) -> int:
    """``0755``, ``4755``, ``0o644``: permission bits, always octal."""
    digits = text.removeprefix("0o")
    if not 1 <= len(digits) <= 5 or any(char not in "01234567" for char in digits):
        raise ValueError(f'must be an octal mode such as "0755", not {text[:40]!r}')
    value = int(digits, 8)
    if value > 0o7777:
        raise ValueError("has more than the twelve permission bits")
    return value


def date(text: str) -> int:
    """``2026-01-05 09:00:00`` (UTC; the time may be left out) in ns since 1970."""
    from datetime import UTC, datetime

    wrong = f"must be a date such as 2026-01-05 09:00:00, not {text[:40]!r}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(wrong) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not 1970 <= moment.year <= 2100:
        raise ValueError("must lie between 1970 and 2100")
    return int(moment.timestamp()) * 1_000_000_000


_STRIPPED = dict.fromkeys(
    (
        *range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0),
        *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF,
    )
)  # fmt: skip


def clean(text: str) -> str:
    """``text`` without control characters, invisible ones and changes of direction.

    What a stranger's level says must not drive a terminal or show other words than it holds.
    """
    return text.translate(_STRIPPED)

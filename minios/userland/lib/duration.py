"""Lengths of time as sleep(1) and timeout(1) read them."""

NS = 1_000_000_000
FOREVER = (1 << 62) - 1
"""Longer than any world lives; what ``infinity`` means."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DIGITS = 30


def parse(text: bytes) -> int | None:
    """Nanoseconds of ``0.5``, ``2m``, ``1e3`` or ``inf``, rounded up; None if it is no length."""
    word = text.decode("latin-1").lstrip(" \t\n").lower()
    sign, word = (word[0], word[1:]) if word[:1] in ("+", "-") else ("", word)
    scale = 1
    if word[-1:] in _UNITS and word not in ("inf", "infinity"):
        if text[-1:].isupper():
            return None
        scale = _UNITS[word[-1]]
        word = word[:-1]
    if word in ("inf", "infinity"):
        return None if sign == "-" else FOREVER
    parts = _decimal(word) if not word.startswith("0x") else _hexadecimal(word[2:])
    if parts is None or (sign == "-" and parts[0]):
        return None
    numerator, denominator = parts
    return min(-(-numerator * scale * NS // denominator), FOREVER)


def _decimal(word: str) -> tuple[int, int] | None:
    mantissa, e, exponent = word.partition("e")
    whole, _, part = mantissa.partition(".")
    digits = whole + part
    power = exponent.removeprefix("+").removeprefix("-") if e else "0"
    if not (digits.isascii() and digits.isdigit() and power.isascii() and power.isdigit()):
        return None
    shift = -int(power[:5]) if exponent.startswith("-") else int(power[:5])
    shift = max(min(shift, 40), -40)
    numerator, denominator = int(whole or "0"), 1
    if part:
        part = part[:_DIGITS]
        numerator, denominator = int(whole + part), 10 ** len(part)
    if shift >= 0:
        return numerator * 10**shift, denominator
    return numerator, denominator * 10**-shift


def _hexadecimal(word: str) -> tuple[int, int] | None:
    whole, _, part = word.partition(".")
    digits = whole + part[:_DIGITS]
    if not digits or any(char not in "0123456789abcdef" for char in digits):
        return None
    return int(digits, 16), 16 ** len(part[:_DIGITS])

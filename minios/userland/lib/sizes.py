"""Sizes for people: ``1.1K``, ``--block-size=M``, and numbers with a suffix such as ``10K``."""

from typing import NamedTuple

_LETTERS = "KMGTPEZY"


def human(amount: int, base: int = 1024) -> bytes:
    """``ls -h``: three significant characters, rounded up; base 1000 writes ``k`` for kilo."""
    if amount < base:
        return b"%d" % amount
    power = 0
    while power < len(_LETTERS) and amount >= base ** (power + 1):
        power += 1
    unit: int = base**power
    tenths = -(-amount * 10 // unit)
    if tenths < 100:
        return b"%d.%d" % divmod(tenths, 10) + _letter(power, base)
    whole = -(-amount // unit)
    if whole >= base and power < len(_LETTERS):
        return b"1.0" + _letter(power + 1, base)
    return b"%d" % whole + _letter(power, base)


def _letter(power: int, base: int) -> bytes:
    letter = _LETTERS[power - 1]
    return (letter.lower() if base == 1000 and power == 1 else letter).encode()


class BlockSize(NamedTuple):
    """How sizes are printed: in units, rounded up, or ``human`` with base 1000 or 1024."""

    unit: int = 1
    suffix: bytes = b""
    human: int = 0

    def show(self, amount: int) -> bytes:
        """``amount`` bytes."""
        if self.human:
            return human(amount, self.human)
        return b"%d" % -(-amount // self.unit) + self.suffix


def block_size(text: bytes) -> BlockSize:
    """The argument of ``--block-size``: ``human-readable``, ``si``, ``K``, ``1K``, ``MB`` …

    A unit without a number prints its suffix. Raises :class:`SizeError`.
    """
    text = text.removeprefix(b"'")
    if text in (b"human-readable", b"si"):
        return BlockSize(human=1024 if text.startswith(b"h") else 1000)
    unit = parse_size(text, b"EgGkKmMPtTYZ0")
    if unit == 0:
        raise SizeError("invalid")
    if text[:1].isdigit():
        return BlockSize(unit)
    letter = text[:1].upper()
    if text[1:] == b"B" and letter == b"K":
        letter = b"k"
    return BlockSize(unit, letter + text[1:])


class SizeError(ValueError):
    """``kind`` is ``invalid``, ``suffix`` or ``overflow`` (xstrtol of gnulib)."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def parse_size(text: bytes, suffixes: bytes = b"EGkKMPTYZ0", *, limit: int = (1 << 64) - 1) -> int:
    """A number with an optional multiplier, as xstrtoumax reads it.

    ``K`` is 1024, and with ``0`` among ``suffixes`` ``KB`` is 1000 and ``KiB`` 1024; ``b`` is 512,
    ``c`` 1, ``w`` 2, ``B`` 1024. Raises :class:`SizeError`.
    """
    body = text.lstrip(b" \t\n\v\f\r")
    sign = body[:1] if body[:1] in (b"+", b"-") else b""
    body = body[len(sign) :]
    end = len(body) - len(body.lstrip(b"0123456789"))
    rest = body[end:]
    if sign == b"-":
        raise SizeError("invalid")
    if end == 0:
        if not rest or sign or rest[0] not in suffixes:
            raise SizeError("invalid")
        number = 1
    else:
        number = int(body[:end][:40]) if end <= 40 else limit + 1
    if rest:
        number *= _multiplier(rest, suffixes)
    if number > limit:
        raise SizeError("overflow")
    return number


def _multiplier(suffix: bytes, allowed: bytes) -> int:
    letter = suffix[:1]
    base, length = 1024, 1
    if suffix[0] not in allowed:
        raise SizeError("suffix")
    if b"0" in allowed and letter in b"EGkKMPTYZgmt":
        if suffix[1:3] == b"iB":
            length = 3
        elif suffix[1:2] in (b"B", b"D"):
            base, length = 1000, 2
    if len(suffix) > length:
        raise SizeError("suffix")
    if letter == b"b":
        return 512
    if letter == b"B":
        return 1024
    if letter == b"c":
        return 1
    if letter == b"w":
        return 2
    multiplier: int = base ** (_LETTERS.index(letter.decode().upper()) + 1)
    return multiplier

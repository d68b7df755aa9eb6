"""What sort compares: fields of lines, and the orders they are put in."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from minios.userland.lib.program import Failure
from minios.userland.lib.quoting import quote
from minios.userland.lib.versions import version_key

BLANKS = b" \t"
END = -1
_MAX = 1 << 62
_INVERTED = bytes.maketrans(b"0123456789", b"9876543210")
_DICTIONARY = bytes(
    c for c in range(256) if not (c in BLANKS or 48 <= c < 58 or 65 <= c < 91 or 97 <= c < 123)
)
_UNPRINTABLE = bytes(c for c in range(256) if not 32 <= c < 127)
_MONTHS = (b"JAN", b"FEB", b"MAR", b"APR", b"MAY", b"JUN", b"JUL", b"AUG", b"SEP", b"OCT",
           b"NOV", b"DEC")  # fmt: skip
_UNITS = b"KMGTPEZY"


class Key:
    """A ``-k`` key: from where to where, and how it is ordered."""

    __slots__ = ("echar", "eword", "letters", "schar", "skip_end", "skip_start", "sword")

    def __init__(self) -> None:
        self.sword = self.schar = 0
        self.eword, self.echar = END, 0
        self.skip_start = self.skip_end = False
        self.letters = ""  # of bdfghiMnRrV, without b

    @property
    def whole(self) -> bool:
        return not self.sword and not self.schar and self.eword == END and not self.skip_start

    def text(self, line: bytes, tab: bytes) -> bytes:
        """The part of ``line`` that this key is about."""
        if self.whole:
            return line
        size = len(line)
        start = _skip_fields(line, 0, self.sword, tab) if self.sword else 0
        if self.skip_start:
            start = _skip_blanks(line, start)
        start = min(size, start + self.schar)
        if self.eword == END:
            return line[start:]
        stop = _end_of_fields(line, self.eword + (not self.echar), tab, self.echar > 0)
        if self.echar:
            if self.skip_end:
                stop = _skip_blanks(line, stop)
            stop = min(size, stop + self.echar)
        return line[start:stop] if stop > start else b""


def _skip_blanks(line: bytes, at: int) -> int:
    while at < len(line) and line[at] in BLANKS:
        at += 1
    return at


def _skip_fields(line: bytes, at: int, count: int, tab: bytes) -> int:
    """The position behind ``count`` fields and, with a separator character, behind that."""
    size = len(line)
    if tab:
        while count and at < size:
            found = line.find(tab, at)
            at = size if found < 0 else found + 1
            count -= 1
        return at
    while count and at < size:
        at = _skip_blanks(line, at)
        while at < size and line[at] not in BLANKS:
            at += 1
        count -= 1
    return at


def _end_of_fields(line: bytes, count: int, tab: bytes, beyond: bool) -> int:
    """The end of field ``count``; ``beyond`` its separator character if there is one."""
    if not tab:
        return _skip_fields(line, 0, count, tab)
    at, size = 0, len(line)
    while count and at < size:
        count -= 1
        found = line.find(tab, at)
        if found < 0:
            return size
        at = found + 1 if count or beyond else found
    return at


# -- reading -k ----------------------------------------------------------------------------------


def parse_key(spec: bytes) -> Key:
    """``F[.C][OPTS][,F[.C][OPTS]]``. Raises Failure."""
    key = Key()
    text = spec
    key.sword, text = _count(spec, text, b"invalid number at field start", b"field number is zero")
    if text[:1] == b".":
        key.schar, text = _count(
            spec, text[1:], b"invalid number after '.'", b"character offset is zero"
        )
    text, key.skip_start = _letters(key, text)
    if text[:1] == b",":
        key.eword, text = _count(
            spec, text[1:], b"invalid number after ','", b"field number is zero"
        )
        if text[:1] == b".":
            digits = text[1:]
            number, text = _digits(spec, digits, b"invalid number after '.'")
            key.echar = number
        text, key.skip_end = _letters(key, text)
    if text:
        raise _bad(spec, b"stray character in field spec")
    return key


def _bad(spec: bytes, why: bytes) -> Failure:
    return Failure(why + b": invalid field specification " + quote(spec))


def _digits(spec: bytes, text: bytes, why: bytes) -> tuple[int, bytes]:
    rest = text.lstrip(b"0123456789")
    digits = text[: len(text) - len(rest)]
    if not digits:
        shown = quote(text)
        raise Failure(why + b": invalid count at start of " + shown)
    return (int(digits) if len(digits) < 19 else _MAX), rest


def _count(spec: bytes, text: bytes, why: bytes, zero: bytes) -> tuple[int, bytes]:
    number, rest = _digits(spec, text, why)
    if number == 0:
        raise _bad(spec, zero)
    return number - 1, rest


def _letters(key: Key, text: bytes) -> tuple[bytes, bool]:
    blanks = False
    while text and text[:1] in b"bdfghiMnRrV":
        letter = text[:1].decode()
        if letter == "b":
            blanks = True
        elif letter not in key.letters:
            key.letters += letter
        text = text[1:]
    return text, blanks


# -- orders --------------------------------------------------------------------------------------


def _number(text: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """(sign, integer digits without zeros in front, fraction without zeros behind, the rest)."""
    text = text.lstrip(BLANKS)
    negative = text[:1] == b"-"
    if negative:
        text = text[1:]
    rest = text.lstrip(b"0123456789")
    whole = text[: len(text) - len(rest)].lstrip(b"0")
    fraction = b""
    if rest[:1] == b".":
        after = rest[1:].lstrip(b"0123456789")
        fraction = rest[1 : len(rest) - len(after)].rstrip(b"0")
        rest = after
    if not whole and not fraction:
        return b"", b"", b"", rest
    return b"-" if negative else b"+", whole, fraction, rest


def numeric(text: bytes) -> tuple[int, int, bytes, bytes]:
    """``-n``: a number of any length, compared by value; what is none counts as 0."""
    sign, whole, fraction, _ = _number(text)
    if sign == b"-":
        # ':' sorts after the digits, so that a longer fraction is further below
        return -1, -len(whole), whole.translate(_INVERTED), fraction.translate(_INVERTED) + b":"
    return (1 if sign else 0), len(whole), whole, fraction


def human(text: bytes) -> tuple[int, tuple[int, int, bytes, bytes]]:
    """``-h``: by sign, then by unit, then by number."""
    sign, _, _, rest = _number(text)
    unit = 0
    if sign and rest:
        unit = _UNITS.find(rest[:1]) + 1 if rest[:1] != b"k" else 1
    return (-unit if sign == b"-" else unit), numeric(text)


def general(text: bytes) -> tuple[int, float]:
    """``-g``: floating point; what is no number comes first, then NaN."""
    text = text.lstrip(b" \t\n\v\f\r")
    best = _float_prefix(text)
    if best is None:
        return 0, 0.0
    if best != best:
        return 1, 0.0
    return 2, best


def _float_prefix(text: bytes) -> float | None:
    low = text[:64].lower()
    at = 1 if low[:1] in (b"+", b"-") else 0
    for word in (b"infinity", b"inf", b"nan"):
        if low.startswith(word, at):
            return float(low[: at + len(word)])
    if low.startswith(b"0x", at):
        digits = low[at + 2 :]
        end = len(digits) - len(digits.lstrip(b"0123456789abcdef."))
        body = digits[:end]
        if body.strip(b".") and body.count(b".") <= 1:
            return float.fromhex(low[: at + 2 + end].decode())
        return 0.0
    end = at
    seen = dot = False
    while end < len(text):
        c = text[end]
        if 48 <= c < 58:
            seen = True
        elif c == 46 and not dot:
            dot = True
        else:
            break
        end += 1
    if not seen:
        return None
    if text[end : end + 1] in (b"e", b"E"):
        exponent = end + 1 + (text[end + 1 : end + 2] in (b"+", b"-"))
        stop = exponent
        while stop < len(text) and 48 <= text[stop] < 58:
            stop += 1
        if stop > exponent:
            end = stop
    return float(text[:end])


def month(text: bytes) -> int:
    """``-M``: by the first three letters; what is no month comes first."""
    name = text.lstrip(BLANKS)[:3].upper()
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def ordering(letters: str, seed: bytes) -> Callable[[bytes], Any] | None:
    """The function from a key's text to what is compared; None for the text itself."""
    if "n" in letters:
        return numeric
    if "g" in letters:
        return general
    if "h" in letters:
        return human
    if "M" in letters:
        return month
    drop = _DICTIONARY if "d" in letters else _UNPRINTABLE if "i" in letters else b""
    fold = "f" in letters

    def plain(text: bytes) -> bytes:
        if drop:
            text = text.translate(None, drop)
        return text.upper() if fold else text

    if "R" in letters:
        return lambda text: (blake2b(plain(text), key=seed, digest_size=16).digest(), plain(text))
    if "V" in letters:
        return lambda text: version_key(plain(text))
    return plain if drop or fold else None

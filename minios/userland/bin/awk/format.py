"""printf and the text of numbers."""

from collections.abc import Callable, Iterator, Sequence
from math import copysign

from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.values import (
    INT_MAX,
    Field,
    Value,
    clamp,
    integer_text,
    number,
    numeric,
)

_FLAGS = frozenset(b"-+ #0")
_DIGITS = frozenset(b"0123456789")
_EXACT = 1100
"""No double has more digits than this; what a precision asks beyond is zeros."""

STRING, CHAR, INTEGER, REAL = "s", "c", "diouxX", "eEfFgGaA"


def real_text(value: float, letter: str, flags: bytes, width: int, precision: int | None) -> bytes:
    """C's ``%e``, ``%f``, ``%g``."""
    negative = str(value)[0] == "-" or (value != value and _sign_bit(value))
    sign = b"-" if negative else b"+" if b"+" in flags else b" " if b" " in flags else b""
    value = abs(value)
    finite = value - value == 0.0
    if not finite:
        body = b"nan" if value != value else b"inf"
        if letter.isupper():
            body = body.upper()
    else:
        asked = 6 if precision is None else precision
        exact = min(asked, _EXACT)
        alternate = "#" if b"#" in flags else ""
        text = f"%{alternate}.{exact}{letter}" % value
        zeros = asked - exact
        if zeros and letter in "fF":
            text += "0" * zeros
        elif zeros and letter in "eE":
            mantissa, exponent = text[:-4], text[-4:]
            if text[-5] in "eE":
                mantissa, exponent = text[:-5], text[-5:]
            text = mantissa + "0" * zeros + exponent
        body = text.encode()
    return _pad(sign, body, flags if finite else flags.replace(b"0", b""), width)


def _sign_bit(value: float) -> bool:
    return copysign(1.0, value) < 0.0


def _pad(sign: bytes, body: bytes, flags: bytes, width: int) -> bytes:
    missing = width - len(sign) - len(body)
    if missing <= 0:
        return sign + body
    if b"-" in flags:
        return sign + body + b" " * missing
    if b"0" in flags:
        return sign + b"0" * missing + body
    return b" " * missing + sign + body


def _integer(value: float, letter: str, flags: bytes, width: int, precision: int | None) -> bytes:
    sign = b""
    if letter in "di":
        whole = clamp(value, -INT_MAX, INT_MAX)
        sign = b"-" if whole < 0 else b"+" if b"+" in flags else b" " if b" " in flags else b""
        body = b"%d" % abs(whole)
    else:
        whole = clamp(value, 0, 2 * INT_MAX + 1)
        body = (b"%" + (b"d" if letter == "u" else letter.encode())) % whole
        if b"#" in flags and letter == "o" and whole:
            body = b"0" + body
        elif b"#" in flags and letter in "xX" and whole:
            sign = b"0" + letter.encode()
    if precision is not None:
        flags = flags.replace(b"0", b"")
        body = b"" if not precision and not whole else body.rjust(precision, b"0")
    return _pad(sign, body, flags, width)


def _size(text: bytes, at: int) -> tuple[int, int]:
    first = at
    while at < len(text) and text[at] in _DIGITS:
        at += 1
    return min(int(text[first : min(at, first + 12)] or b"0"), INT_MAX), at


class FormatError(AwkError):
    """A format and its arguments do not fit; ``partial`` is what was made up to there."""

    partial = b""


class _Directive:
    """One conversion; ``stars``: its (w)idth and (p)recision if the arguments give them."""

    __slots__ = ("flags", "letter", "precision", "stars", "width")

    def __init__(self) -> None:
        self.flags = b""
        self.width = 0
        self.precision: int | None = None
        self.stars = ""
        self.letter = ""


class Format:
    """A parsed printf format; ``pieces`` are text and conversions."""

    __slots__ = ("bad", "pieces", "source", "where")

    def __init__(self, source: bytes, where: str) -> None:
        self.source = source
        self.where = where
        self.bad = 0  # the number of the conversion that is none
        self.pieces: list[bytes | _Directive] = []
        count = 0
        at = 0
        while at < len(source):
            percent = source.find(b"%", at)
            if percent < 0:
                percent = len(source)
            if percent > at:
                self.pieces.append(source[at:percent])
            if percent >= len(source):
                return
            if source[percent + 1 : percent + 2] == b"%":
                self.pieces.append(b"%")
                at = percent + 2
                continue
            count += 1
            at = self._directive(percent + 1, count)

    def _directive(self, at: int, count: int) -> int:
        source = self.source
        found = _Directive()
        first = at
        while at < len(source) and source[at] in _FLAGS:
            at += 1
        found.flags = source[first:at]
        if source[at : at + 1] == b"*":
            found.stars += "w"
            at += 1
        else:
            found.width, at = _size(source, at)
        if source[at : at + 1] == b".":
            at += 1
            if source[at : at + 1] == b"*":
                found.stars += "p"
                at += 1
            else:
                found.precision, at = _size(source, at)
        while source[at : at + 1] in (b"l", b"h"):
            at += 1
        found.letter = source[at : at + 1].decode("latin-1")
        if not found.letter or found.letter not in STRING + CHAR + INTEGER + REAL:
            self.bad = count
            return len(source)
        self.pieces.append(found)
        return at + 1

    def render(
        self,
        values: Sequence[Value],
        text_of: Callable[[Value], bytes],
        need: Callable[[int], None],
    ) -> bytes:
        """The text. ``need(n)`` is asked before ``n`` bytes are made in one go; it may raise."""
        out: list[bytes] = []
        following = iter(values)
        for piece in self.pieces:
            if isinstance(piece, bytes):
                out.append(piece)
                continue
            try:
                out.append(_convert(piece, following, text_of, need))
            except StopIteration:
                raise self._error("not enough arguments passed to ", out) from None
        if self.bad:
            raise self._error(f"improper conversion(number {self.bad}) in ", out)
        return b"".join(out)

    def _error(self, why: str, made: list[bytes]) -> FormatError:
        error = FormatError(f'{why}{self.where}("{self.source.decode("latin-1")}")')
        error.partial = b"".join(made)
        return error


def _convert(
    directive: _Directive,
    values: Iterator[Value],
    text_of: Callable[[Value], bytes],
    need: Callable[[int], None],
) -> bytes:
    flags, width, precision = directive.flags, directive.width, directive.precision
    letter = directive.letter
    for star in directive.stars:
        size = clamp(number(next(values)), -INT_MAX, INT_MAX)
        if star == "w":
            width = size
            if width < 0:
                flags += b"-"
                width = -width
        else:
            precision = size if size >= 0 else None
    value: Value = next(values)
    if width + (precision or 0) > 4096:
        need(width + (0 if letter in "sc" else precision or 0))
    if letter == "s":
        text = text_of(value)
        return _pad(b"", text if precision is None else text[:precision], _left(flags), width)
    if letter == "c":
        if type(value) is Field and (code := numeric(value)) is not None:
            value = code
        if type(value) is float:
            text = bytes((clamp(value, -INT_MAX, INT_MAX) & 0xFF,))
        else:
            text = text_of(value)[:1] or b"\0"
        return _pad(b"", text, _left(flags), width)
    if letter in INTEGER:
        return _integer(number(value), letter, flags, width, precision)
    if letter in "aA":
        return _pad(b"", number(value).hex().encode(), flags, width)
    return real_text(number(value), letter, flags, width, precision)


def _left(flags: bytes) -> bytes:
    """Strings are padded with blanks, whatever the flags."""
    return b"-" if b"-" in flags else b""


class Numbers:
    """The text of numbers by CONVFMT or OFMT."""

    __slots__ = ("_format", "_need", "convert", "digits")

    def __init__(self, convert: bytes, need: Callable[[int], None]) -> None:
        self.convert = convert
        self._need = need
        self._format: Format | None = None
        # Nearly always it is %.Ng, which Python's own operator does alike.
        body = convert[2:-1]
        plain = convert[:2] == b"%." and convert[-1:] == b"g" and body.isdigit() and len(body) < 3
        self.digits = b"%." + body + b"g" if plain else b""
        if not plain:
            self._format = Format(convert, "CONVFMT")

    def text(self, value: float) -> bytes:
        whole = integer_text(value)
        if whole is not None:
            return whole
        if self.digits and value == value:
            return self.digits % value
        if self._format is None:
            return real_text(value, "g", b"", 0, None)
        return self._format.render([value], lambda _: self._nested(value), self._need)

    def _nested(self, value: float) -> bytes:
        """``%s`` in CONVFMT would ask for itself."""
        return real_text(value, "g", b"", 0, None)

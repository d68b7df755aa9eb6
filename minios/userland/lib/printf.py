"""The logic of printf(1) and echo(1), shared by the shell's built-ins and the programs in /bin.

dash and GNU differ in what they accept: ``gnu`` chooses. Output comes in pieces of bounded size, so
that ``%1000000000d`` costs its writer time and nobody memory.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from minios.userland.lib.quoting import style

PIECE = 16384
"""Padding is produced in pieces of at most this many bytes."""

_SIMPLE = {
    0x61: 0x07, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x76: 0x0B, 0x65: 0x1B,
    0x5C: 0x5C,
}  # fmt: skip
_OCTAL = frozenset(b"01234567")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_DIGITS = frozenset(b"0123456789")

INT_MAX = (1 << 63) - 1
INT_MIN = -(1 << 63)
UINT_MAX = (1 << 64) - 1

EXPECTED, INCOMPLETE, RANGE, CHARACTERS = "expected", "incomplete", "range", "characters"
MISSING, INVALID, EXCESS = "missing", "invalid", "excess"


class Complaint(NamedTuple):
    """Something to tell on stderr; the exit status is then 1. After a fatal one nothing follows.

    ``kind``: EXPECTED a number, INCOMPLETE conversion, out of RANGE, CHARACTERS after a character
    constant (GNU), MISSING format character, INVALID directive, EXCESS arguments (GNU; harmless).
    """

    kind: str
    word: bytes
    fatal: bool = False


class Unescaped(NamedTuple):
    """``text`` with its escapes carried out; ``stop`` when ``\\c`` said to print no more."""

    text: bytes
    stop: bool


def unescape(data: bytes, *, gnu: bool = False, operand: bool = False) -> Unescaped:
    """Carry out backslash escapes: of a format, or (``operand``) of a ``%b`` or echo argument."""
    if b"\\" not in data:
        return Unescaped(data, False)
    out = bytearray()
    at, end = 0, len(data)
    while at < end:
        char = data[at]
        at += 1
        if char != 0x5C or at >= end:
            out.append(char)
            continue
        char = data[at]
        at += 1
        if char in _SIMPLE:
            out.append(_SIMPLE[char])
        elif char == 0x63 and (operand or gnu):
            return Unescaped(bytes(out), True)
        elif char in _OCTAL:
            # An operand has \0ooo; a format \ooo. GNU and dash take \ooo in operands as well.
            most = 4 if operand and char == 0x30 else 3
            first = at - 1
            while at < end and at - first < most and data[at] in _OCTAL:
                at += 1
            out.append(int(data[first:at], 8) & 0xFF)
        elif gnu and char == 0x78 and at < end and data[at] in _HEX:
            first = at
            while at < end and at - first < 2 and data[at] in _HEX:
                at += 1
            out.append(int(data[first:at], 16))
        elif gnu and char in b"uU":
            first = at
            while at < end and at - first < (4 if char == 0x75 else 8) and data[at] in _HEX:
                at += 1
            code = int(data[first:at] or b"0", 16)
            out += chr(code).encode("utf-8", "replace") if code < 0x110000 else b"?"
        elif gnu and char == 0x22:
            out.append(char)
        else:
            out.append(0x5C)
            out.append(char)
    return Unescaped(bytes(out), False)


def echo_text(args: Sequence[bytes]) -> tuple[bytes, bool]:
    """What dash's echo prints of its operands, and whether ``\\c`` ends the output there."""
    pieces: list[bytes] = []
    for index, arg in enumerate(args):
        if index:
            pieces.append(b" ")
        text, stop = unescape(arg, operand=True)
        pieces.append(text)
        if stop:
            return b"".join(pieces), True
    return b"".join(pieces), False


class _Spec(NamedTuple):
    """A conversion specification; width and precision None where not given, -1 for ``*``."""

    flags: bytes
    width: int | None
    precision: int | None
    letter: int


class _Printer:
    def __init__(self, args: Sequence[bytes], gnu: bool) -> None:
        self.args = args
        self.next = 0
        self.gnu = gnu
        self.complaints: list[Complaint] = []
        self.used = False

    def argument(self) -> bytes | None:
        self.used = True
        if self.next < len(self.args):
            self.next += 1
            return self.args[self.next - 1]
        return None

    def number(self, low: int, high: int) -> int:
        """The next argument as an integer, a C constant or a character after a quote."""
        arg = self.argument()
        if arg is None:
            return 0
        if arg[:1] in (b"'", b'"'):
            if self.gnu and len(arg) > 2:
                self.complaints.append(Complaint(CHARACTERS, arg[2:]))
            if len(arg) < 2:
                if self.gnu:
                    self.complaints.append(Complaint(EXPECTED, arg))
                return 0
            return arg[1]
        value, end = scan_integer(arg)
        if end == 0:
            if arg:
                self.complaints.append(Complaint(EXPECTED, arg))
            return 0
        if end < len(arg):
            self.complaints.append(Complaint(INCOMPLETE, arg))
        # An unsigned conversion takes a negative number and wraps it, as strtoull(3) does.
        if not (low if low else -high) <= value <= high:
            self.complaints.append(Complaint(RANGE, arg))
            value = high if value > 0 or not low else low
        return value

    def real(self) -> float:
        arg = self.argument()
        if arg is None:
            return 0.0
        if arg[:1] in (b"'", b'"'):
            return float(arg[1]) if len(arg) > 1 else 0.0
        value, end = scan_real(arg)
        if end == 0:
            if arg:
                self.complaints.append(Complaint(EXPECTED, arg))
        elif end < len(arg):
            self.complaints.append(Complaint(INCOMPLETE, arg))
        return value


def scan_integer(text: bytes) -> tuple[int, int]:
    """strtoimax(3) base 0 without its limits: the value, and how much of ``text`` was used."""
    at, end = 0, len(text)
    while at < end and text[at] in b" \t\n\v\f\r":
        at += 1
    negative = text[at : at + 1] == b"-"
    if text[at : at + 1] in (b"-", b"+"):
        at += 1
    base, first = 10, at
    if text[at : at + 1] == b"0":
        base = 8
        if text[at + 1 : at + 2] in (b"x", b"X") and at + 2 < end and text[at + 2] in _HEX:
            base, first = 16, at + 2
    at = first
    allowed = _HEX if base == 16 else _OCTAL if base == 8 else _DIGITS
    while at < end and text[at] in allowed:
        at += 1
    if at == first:
        return 0, 0
    digits = text[first:at].lstrip(b"0")
    value = 1 << 80 if len(digits) > 24 else int(digits or b"0", base)
    return -value if negative else value, at


def scan_real(text: bytes) -> tuple[float, int]:
    """strtod(3): the value, and how much of ``text`` was used."""
    lead = len(text) - len(text.lstrip(b" \t\n\v\f\r"))
    body = text[lead:].decode("latin-1").lower()
    at = 1 if body[:1] in ("+", "-") else 0
    sign = -1.0 if body[:1] == "-" else 1.0
    for word in ("infinity", "inf", "nan"):
        if body.startswith(word, at):
            return sign * float(word), lead + at + len(word)
    if body.startswith("0x", at):
        value, used = scan_integer(text)
        return float(value), used
    start = at
    while at < len(body) and "0" <= body[at] <= "9":
        at += 1
    digits = at - start
    if body[at : at + 1] == ".":
        point = at
        at += 1
        while at < len(body) and "0" <= body[at] <= "9":
            at += 1
        digits += at - point - 1
        if not digits:
            at = point
    if not digits or at > 400:
        return 0.0, 0
    if body[at : at + 1] == "e":
        expo = at + 1
        if body[expo : expo + 1] in ("+", "-"):
            expo += 1
        last = expo
        while last < len(body) and "0" <= body[last] <= "9":
            last += 1
        if last > expo:
            at = last
    return float(body[:at]), lead + at


def render(
    template: bytes, args: Sequence[bytes], *, gnu: bool = False
) -> Iterator[bytes | Complaint]:
    """printf(1): the format is used again while arguments remain."""
    printer = _Printer(args, gnu)
    while True:
        printer.used = False
        stopped = False
        for piece in _once(template, printer):
            yield from printer.complaints
            printer.complaints.clear()
            if piece is None:
                stopped = True
                break
            yield piece
            if isinstance(piece, Complaint) and piece.fatal:
                return
        if stopped or printer.next >= len(args):
            return
        if not printer.used:
            if gnu:
                yield Complaint(EXCESS, args[printer.next])
            return


def _once(template: bytes, printer: _Printer) -> Iterator[bytes | Complaint | None]:
    """One pass over the format; None where output ends for good."""
    at, end = 0, len(template)
    while at < end:
        percent = template.find(b"%", at)
        if percent < 0:
            percent = end
        if percent > at:
            text, stop = unescape(template[at:percent], gnu=printer.gnu)
            yield text
            if stop:
                yield None
        at = percent
        if at >= end:
            return
        if template[at + 1 : at + 2] == b"%":
            yield b"%"
            at += 2
            continue
        spec, at, bad = _parse(template, at, printer)
        if bad is not None:
            yield bad
            return
        assert spec is not None
        yield from _convert(spec, printer)


def _parse(
    template: bytes, start: int, printer: _Printer
) -> tuple[_Spec | None, int, Complaint | None]:
    """The specification at ``start``, where it ends, and what is wrong with it."""
    at, end = start + 1, len(template)
    first = at
    while at < end and template[at] in (b"-+ #0'I" if printer.gnu else b"#-+ 0"):
        at += 1
    flags = template[first:at]
    width, at = _size(template, at, printer)
    precision: int | None = None
    if template[at : at + 1] == b".":
        precision, at = _size(template, at + 1, printer)
        if precision is None:
            precision = 0
        elif precision < 0:
            precision = None
    if width is not None and width < 0:
        flags += b"-"
        width = -width
    if printer.gnu:
        while at < end and template[at] in b"hlLqjzt" and template[at : at + 1] != b"q":
            at += 1
    if at >= end:
        if printer.gnu:
            return None, at, Complaint(INVALID, template[start:at], True)
        return None, at, Complaint(MISSING, b"", True)
    letter = template[at]
    if printer.gnu:
        known = _gnu_letters(flags, precision is not None, plain=at == start + 1)
    else:
        known = b"diouxXeEfFgGaAcsb"
    if letter not in known:
        return None, at, Complaint(INVALID, template[start : at + 1], True)
    return _Spec(flags, width, precision, letter), at + 1, None


def _gnu_letters(flags: bytes, precise: bool, *, plain: bool) -> bytes:
    """The conversions that GNU allows after these flags; %b and %q want nothing before them."""
    known = b"diouxXeEfFgGaAcs" + (b"bq" if plain else b"")
    for flag, barred in ((b"'", b"aAceEosxX"), (b"#", b"cdisu"), (b"0", b"cs")):
        if flag in flags:
            known = known.translate(None, barred)
    return known.translate(None, b"c") if precise else known


def _size(template: bytes, at: int, printer: _Printer) -> tuple[int | None, int]:
    """A width or precision: digits, or an argument for ``*``."""
    if template[at : at + 1] == b"*":
        value = printer.number(INT_MIN, INT_MAX)
        return max(min(value, 1 << 31), -(1 << 31)), at + 1
    first = at
    while at < len(template) and template[at] in _DIGITS:
        at += 1
    if at == first:
        return None, at
    return min(int(template[first : min(at, first + 10)]), 1 << 31), at


def _convert(spec: _Spec, printer: _Printer) -> Iterator[bytes | None]:
    letter = chr(spec.letter)
    if letter in "sbcq":
        arg = printer.argument() or b""
        stop = False
        if letter == "c":
            text = arg[:1] or b"\0"
        else:
            if letter == "b":
                arg, stop = unescape(arg, gnu=printer.gnu, operand=True)
            elif letter == "q":
                arg = style(arg, b"shell-escape")
            text = arg if spec.precision is None else arg[: spec.precision]
        yield from _padded(text, spec)
        if stop:
            yield None
    elif letter in "diouxX":
        if letter in "di":
            value = printer.number(INT_MIN, INT_MAX)
        else:
            value = printer.number(0, UINT_MAX) & UINT_MAX
        yield from _integer(value, letter, spec)
    else:
        yield from _real(printer.real(), letter, spec)


def _padded(text: bytes, spec: _Spec) -> Iterator[bytes]:
    missing = (spec.width or 0) - len(text)
    if b"-" in spec.flags:
        yield text
        yield from _repeat(b" ", missing)
    else:
        yield from _repeat(b" ", missing)
        yield text


def _repeat(char: bytes, count: int) -> Iterator[bytes]:
    while count > 0:
        yield char * min(count, PIECE)
        count -= PIECE


def _integer(value: int, letter: str, spec: _Spec) -> Iterator[bytes]:
    sign = b"-" if value < 0 else b""
    if letter in "di":
        digits = b"%d" % abs(value)
        if not sign:
            sign = b"+" if b"+" in spec.flags else b" " if b" " in spec.flags else b""
    elif letter == "o":
        digits = b"%o" % value
        if b"#" in spec.flags and digits[:1] != b"0":
            digits = b"0" + digits
    elif letter == "u":
        digits = b"%d" % value
    else:
        digits = b"%x" % value if letter == "x" else b"%X" % value
        if b"#" in spec.flags and value:
            sign = b"0" + letter.encode()
    if spec.precision == 0 and not value:
        digits = b""
    zeros = max((spec.precision or 0) - len(digits), 0)
    if spec.precision is None and b"0" in spec.flags and b"-" not in spec.flags:
        zeros = max((spec.width or 0) - len(digits) - len(sign), 0)
    missing = (spec.width or 0) - len(sign) - zeros - len(digits)
    if b"-" not in spec.flags:
        yield from _repeat(b" ", missing)
    yield sign
    yield from _repeat(b"0", zeros)
    yield digits
    if b"-" in spec.flags:
        yield from _repeat(b" ", missing)


def _real(value: float, letter: str, spec: _Spec) -> Iterator[bytes]:
    sign = b"-" if str(value)[0] == "-" else b""
    if not sign:
        sign = b"+" if b"+" in spec.flags else b" " if b" " in spec.flags else b""
    value = abs(value)
    finite = value - value == 0.0
    if not finite:
        digits = b"nan" if value != value else b"inf"
    elif letter in "aA":
        digits = _hexadecimal(value, spec.precision)
    else:
        precision = 6 if spec.precision is None else min(spec.precision, 4096)
        alternate = "#" if b"#" in spec.flags else ""
        digits = (f"%{alternate}.{precision}{letter.lower()}" % value).encode()
    if letter.isupper():
        digits = digits.upper()
    missing = (spec.width or 0) - len(sign) - len(digits)
    if b"-" in spec.flags:
        yield sign + digits
        yield from _repeat(b" ", missing)
    elif b"0" in spec.flags and finite:
        yield sign
        yield from _repeat(b"0", missing)
        yield digits
    else:
        yield from _repeat(b" ", missing)
        yield sign + digits


def _hexadecimal(value: float, precision: int | None) -> bytes:
    """C's %a of a finite value that is not negative."""
    mantissa, _, exponent = value.hex()[2:].partition("p")
    whole, _, fraction = mantissa.partition(".")
    if precision is not None and precision < 13:
        scaled = int(whole + fraction.ljust(13, "0"), 16)
        unit = 1 << 4 * (13 - precision)
        quotient, rest = divmod(scaled, unit)
        if rest * 2 > unit or (rest * 2 == unit and quotient & 1):
            quotient += 1
        text = f"{quotient:0{precision + 1}x}"
        whole, fraction = text[: len(text) - precision], text[len(text) - precision :]
    elif precision is None:
        fraction = fraction.rstrip("0")
    else:
        fraction = fraction.ljust(min(precision, 4096), "0")
    point = "." if fraction else ""
    return f"0x{whole}{point}{fraction}p{int(exponent):+d}".encode()

"""seq and yes: numbers in sequence, and the same line for ever."""

from typing import NamedTuple

from minios.userland.lib.options import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import write_all

SEQ_USAGE = """
Usage: seq [OPTION]... LAST
       seq [OPTION]... FIRST LAST
       seq [OPTION]... FIRST INCREMENT LAST
Print numbers from FIRST (1) to LAST in steps of INCREMENT (1).

  -f, --format=FORMAT      use printf's %e, %f, %g (or E, F, G, a) FORMAT
  -s, --separator=STRING   separate the numbers with STRING instead of a newline
  -w, --equal-width        pad with zeros to the same width
"""
YES_USAGE = """
Usage: yes [STRING]...
Print a line of all STRINGs, or y, until stopped.
"""
DIGITS_MAX = 400
"""Longest number that is read."""


class Decimal(NamedTuple):
    """``units`` times ten to the power of ``-places``; None for infinity. ``width`` as written."""

    units: int | None
    places: int
    width: int
    negative: bool

    def scaled(self, places: int) -> int:
        assert self.units is not None
        units: int = self.units * 10 ** (places - self.places)
        return units


def _decimal(text: bytes) -> Decimal:
    """Read an operand. Raises Failure."""
    body = text.strip(b" \t\n")
    sign = body[:1] if body[:1] in (b"+", b"-") else b""
    body = body[len(sign) :]
    negative = sign == b"-"
    if body.lower() in (b"inf", b"infinity"):
        return Decimal(None, 0, 3 + negative, negative)
    mantissa, e, exponent = body.lower().partition(b"e")
    whole, _, fraction = mantissa.partition(b".")
    power = exponent[1:] if exponent[:1] in (b"+", b"-") else exponent
    good = (whole + fraction).isdigit() and (not e or (power.isdigit() and len(power) < 4))
    if not good or len(body) > DIGITS_MAX:
        kind = b"'not-a-number' " if body.lower() == b"nan" else b"floating point "
        raise Failure(b"invalid " + kind + b"argument: " + quote(text), hint=True)
    shift = int(exponent) if e else 0
    units = int(whole + fraction) * (-1 if negative else 1)
    places = len(fraction) - shift
    if places < 0:
        units *= 10**-places
        places = 0
    width = len(whole or b"0") + negative
    if shift > 0:
        width = len(b"%d" % (abs(units) // 10**places)) + negative
    return Decimal(units, places, width, negative)


def _shown(units: int, places: int, width: int) -> bytes:
    """A number with so many places, padded with zeros to ``width``."""
    sign = b"-" if units < 0 else b""
    if places:
        whole, fraction = divmod(abs(units), 10**places)
        text = b"%d.%0*d" % (whole, places, fraction)
    else:
        text = b"%d" % abs(units)
    return sign + text.rjust(width - len(sign), b"0")


class _Format(NamedTuple):
    """``-f`` taken apart."""

    before: bytes
    directive: bytes
    after: bytes


def _format(text: bytes) -> _Format:
    at = 0
    before = b""
    while True:
        percent = text.find(b"%", at)
        if percent < 0:
            raise Failure(b"format " + quote(text) + b" has no % directive")
        before += text[at:percent]
        at = percent + 1
        if text[at : at + 1] != b"%":
            break
        before += b"%"
        at += 1
    start = at
    while text[at : at + 1] in (b"-", b"+", b"#", b"0", b" ", b"'") and at < len(text):
        at += 1
    while text[at : at + 1].isdigit():
        at += 1
    if text[at : at + 1] == b".":
        at += 1
        while text[at : at + 1].isdigit():
            at += 1
    spec = text[start:at].replace(b"'", b"")
    at += text[at : at + 1] == b"L"
    letter = text[at : at + 1]
    if not letter:
        raise Failure(b"format " + quote(text) + b" ends in %")
    if letter not in b"efgaEFGA":
        raise Failure(b"format " + quote(text) + b" has unknown %" + letter + b" directive")
    rest = text[at + 1 :]
    if b"%" in rest.replace(b"%%", b""):
        raise Failure(b"format " + quote(text) + b" has too many % directives")
    letter = letter.replace(b"a", b"g").replace(b"A", b"G")
    return _Format(before, b"%" + spec + letter, rest.replace(b"%%", b"%"))


def _options(args: list[bytes]) -> list[bytes]:
    """A negative number ends the options."""
    at = 0
    while at < len(args):
        arg = args[at]
        if arg == b"--" or arg[:1] != b"-" or arg == b"-":
            return args
        if arg[1:2].isdigit() or arg[1:2] == b".":
            return [*args[:at], b"--", *args[at:]]
        takes = arg in (b"-f", b"-s", b"--format", b"--separator")
        at += 2 if takes else 1
    return args


@program(SEQ_USAGE)
async def seq(tool: Tool) -> int:
    """seq(1). Numbers are exact decimals; a format shows them as floating point."""
    names = ("format:=f", "separator:=s", "equal-width=w", "help", "version")
    tool.options = parse(_options(tool.argv[1:]), "f:s:w", names, permute=False)
    if await tool.describe(SEQ_USAGE):
        return 0
    operands, options = tool.operands, tool.options
    if not operands:
        raise Failure(b"missing operand", hint=True)
    if len(operands) > 3:
        raise Failure(b"extra operand " + quote(operands[3]), hint=True)
    given = options.last("f")
    form = _format(given) if given is not None else None
    if form and "w" in options:
        text = b"format string may not be specified when printing equal width strings"
        raise Failure(text, hint=True)
    numbers = [_decimal(text) for text in operands]
    one = Decimal(1, 0, 1, False)
    first = numbers[0] if len(numbers) > 1 else one
    step = numbers[1] if len(numbers) > 2 else one
    last = numbers[-1]
    if step.units == 0:
        raise Failure(b"invalid Zero increment value: " + quote(operands[1]), hint=True)
    if first.units is None or step.units is None:
        raise Failure(b"invalid floating point argument: " + quote(operands[0]), hint=True)
    places = max(first.places, step.places)
    fine = max(places, last.places)
    at, by = first.scaled(fine), step.scaled(fine)
    limit = last.scaled(fine) if last.units is not None else None
    width = _width(first, last, places, limit, fine) if "w" in options else 0
    separator = options.last("s")
    if separator is None:
        separator = b"\n"
    up = by > 0
    rest = 10 ** (fine - places)
    count = 0
    while True:
        if limit is None:
            if last.negative == up:
                break
        elif at > limit if up else at < limit:
            break
        if count:
            tool.out.put(separator)
        if form:
            tool.out.put(form.before, form.directive % (at / 10**fine), form.after)
        else:
            tool.out.put(_shown(at // rest, places, width))
        at += by
        count += 1
        if count & 63 == 0:
            await tool.sys.compute(64)
            await tool.out.drain()
    if count:
        tool.out.put(b"\n")
    return 0


def _width(first: Decimal, last: Decimal, places: int, limit: int | None, fine: int) -> int:
    """The columns of ``-w``: those of the wider end."""
    ends = [first.width]
    if limit is not None:
        ends.append(len(b"%d" % (abs(limit) // 10**fine)) + (limit < 0))
        ends.append(last.width)
    return max(ends) + (places + 1 if places else 0)


@program(YES_USAGE, "", ())
async def yes(tool: Tool) -> int:
    """yes(1)."""
    line = b" ".join(tool.operands or [b"y"]) + b"\n"
    block = line * max(1, 4096 // len(line))
    while True:
        try:
            await write_all(tool.sys, 1, block)
        except OSError as err:
            await tool.warn(b"standard output", err)
            return 1
        await tool.sys.compute(16)

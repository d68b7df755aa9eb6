"""fold, expand and unexpand: widths, tabs and spaces."""

from bisect import bisect_right
from collections.abc import Callable, Iterator

from minios.userland.lib.lines import batches
from minios.userland.lib.options import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.steps import STRIDE, Steps

FOLD_USAGE = """
Usage: fold [OPTION]... [FILE]...
Break lines that are wider than 80 columns.

  -b, --bytes         count bytes, not columns
  -s, --spaces        break after a blank
  -w, --width=WIDTH   use WIDTH columns
"""
EXPAND_USAGE = """
Usage: expand [OPTION]... [FILE]...
Turn tabs into spaces.

  -i, --initial     only tabs before the first other character
  -t, --tabs=N      tab stops N columns apart
  -t, --tabs=LIST   tab stops at these columns; the last may be /N or +N
"""
UNEXPAND_USAGE = """
Usage: unexpand [OPTION]... [FILE]...
Turn spaces at the beginning of lines into tabs.

  -a, --all          all sequences of blanks, not only the first
      --first-only   only the first (overrides -a)
  -t, --tabs=N       tab stops N columns apart (implies -a)
  -t, --tabs=LIST    tab stops at these columns
"""


def _column(column: int, char: int, in_bytes: bool) -> int:
    """The column behind a character (fold's adjust_column)."""
    if in_bytes:
        return column + 1
    if char == 8:
        return max(0, column - 1)
    if char == 13:
        return 0
    if char == 9:
        return column + 8 - column % 8
    return column + 1


def fold_line(line: bytes, width: int, spaces: bool, in_bytes: bool) -> Steps[list[bytes]]:
    """The pieces of a line."""
    if len(line) <= width and not any(c in b"\b\r\t" for c in line):
        return [line]
    pieces: list[bytes] = []
    start = at = column = steps = 0
    while at < len(line):
        steps += 1
        if steps >= STRIDE:
            steps = 0
            yield
        after = _column(column, line[at], in_bytes)
        if after <= width:
            column = after
            at += 1
            continue
        if spaces:
            cut = max(line.rfind(b" ", start, at), line.rfind(b"\t", start, at))
            if cut >= 0:
                pieces.append(line[start : cut + 1])
                start = cut + 1
                column = 0
                for char in line[start:at]:
                    column = _column(column, char, in_bytes)
                steps += at - start
                continue
        if at == start:
            column = after  # one character that is too wide stands alone
            at += 1
            continue
        pieces.append(line[start:at])
        start = at
        column = 0
    pieces.append(line[start:])
    return pieces


def _fold_args(args: list[bytes]) -> list[bytes]:
    """``-80`` is ``-w 80`` (obsolete)."""
    result: list[bytes] = []
    for at, arg in enumerate(args):
        if arg == b"--":
            return result + args[at:]
        result.append(b"-w" + arg[1:] if arg[:1] == b"-" and arg[1:].isdigit() else arg)
    return result


@program(FOLD_USAGE)
async def fold(tool: Tool) -> int:
    """fold(1)."""
    names = ("bytes=b", "spaces=s", "width:=w", "help", "version")
    tool.options = parse(_fold_args(tool.argv[1:]), "bsw:", names)
    if await tool.describe(FOLD_USAGE):
        return 0
    given = tool.options.last("w")
    if given is not None and (not given.isdigit() or int(given[:18]) == 0):
        raise Failure(
            b"invalid number of columns: "
            + quote(given)
            + (b": Numerical result out of range" if given.isdigit() else b"")
        )
    width = int(given) if given else 80
    spaces, in_bytes = "s" in tool.options, "b" in tool.options
    async for source, lines in batches(tool, tool.operands):
        for at, line in enumerate(lines):
            await tool.sys.compute(len(line) // 16)
            tool.out.put(b"\n".join(await tool.slowly(fold_line(line, width, spaces, in_bytes))))
            tool.out.put(b"" if source.cut and at == len(lines) - 1 else b"\n")
            await tool.out.drain()
    return tool.status


class Stops:
    """Tab stops: a list of columns, then every ``step`` columns (from ``base``), or none."""

    __slots__ = ("base", "columns", "step")

    def __init__(self, text: list[bytes]) -> None:
        self.columns: list[int] = []
        self.step = 0
        self.base = 0
        for item in b",".join(text).replace(b" ", b",").split(b","):
            if not item:
                continue
            sign = item[:1] if item[:1] in (b"/", b"+") else b""
            digits = item[len(sign) :]
            if not digits.isdigit():
                bad = digits.lstrip(b"0123456789")
                raise Failure(b"tab size contains invalid character(s): " + quote(bad))
            if len(digits) > 15:
                raise Failure(b"tab stop is too large " + quote(digits))
            number = int(digits)
            if sign:
                if self.step:
                    raise Failure(b"'" + sign + b"' specifier only allowed with the last value")
                self.step = number
                self.base = self.columns[-1] if sign == b"+" and self.columns else 0
                continue
            if number == 0:
                raise Failure(b"tab size cannot be 0")
            if self.columns and number <= self.columns[-1]:
                raise Failure(b"tab sizes must be ascending")
            self.columns.append(number)
        if len(self.columns) == 1 and not self.step:
            self.step = self.columns.pop()
        if not self.columns and not self.step:
            self.step = 8

    def after(self, column: int) -> int | None:
        """The next stop behind ``column``; None behind the last of a list."""
        at = bisect_right(self.columns, column)
        if at < len(self.columns):
            return self.columns[at]
        if self.step:
            return column + self.step - (column - self.base) % self.step
        return None


def _tab_args(args: list[bytes]) -> list[bytes]:
    """``-4`` and ``-4,8`` are ``-t`` (obsolete)."""
    result: list[bytes] = []
    for at, arg in enumerate(args):
        if arg == b"--":
            return result + args[at:]
        old = arg[:1] == b"-" and arg[1:2].isdigit() and arg[1:].replace(b",", b"").isdigit()
        result.append(b"-t" + arg[1:] if old else arg)
    return result


async def _put_pieces(tool: Tool, pieces: Iterator[bytes]) -> None:
    """Put the pieces of a line on standard output; a long line is written as it is made."""
    count = 0
    for piece in pieces:
        tool.out.put(piece)
        count += 1 + len(piece) // 16
        if count >= STRIDE:
            await tool.sys.compute(count)
            await tool.out.drain()
            count = 0
    await tool.sys.compute(count // 16)


async def _turn(tool: Tool, turn: Callable[[bytes], Iterator[bytes]]) -> None:
    """Put every line of the input on standard output as ``turn`` spells it."""
    async for source, lines in batches(tool, tool.operands):
        for at, line in enumerate(lines):
            await _put_pieces(tool, turn(line))
            tool.out.put(b"" if source.cut and at == len(lines) - 1 else b"\n")
            await tool.out.drain()


def expand_line(line: bytes, stops: Stops, initial: bool) -> Iterator[bytes]:
    """The line with spaces for its tabs, in pieces."""
    if b"\t" not in line:
        yield line
        return
    column = 0
    for at, char in enumerate(line):
        if char == 9:
            stop = stops.after(column)
            step = 1 if stop is None else stop - column
            column += step
            while step > STRIDE:
                yield b" " * STRIDE
                step -= STRIDE
            yield b" " * step
        else:
            yield bytes((char,))
            column = max(0, column - 1) if char == 8 else column + 1
            if initial and char != 0x20:
                yield line[at + 1 :]
                return


@program(EXPAND_USAGE)
async def expand(tool: Tool) -> int:
    """expand(1)."""
    names = ("initial=i", "tabs:=t", "help", "version")
    tool.options = parse(_tab_args(tool.argv[1:]), "it:", names)
    if await tool.describe(EXPAND_USAGE):
        return 0
    stops = Stops(tool.options.every("t"))
    initial = "i" in tool.options
    await _turn(tool, lambda line: expand_line(line, stops, initial))
    return tool.status


def unexpand_line(line: bytes, stops: Stops, everywhere: bool) -> Iterator[bytes]:
    """The line with tabs for its blanks, where a tab reaches as far, in pieces."""
    column = 0
    pending = 0  # spaces not written yet
    one_before_stop = False
    at, size = 0, len(line)
    while at < size:
        char = line[at]
        if char in b" \t":
            stop = stops.after(column)
            if stop is None:
                yield b" " * pending
                yield line[at:]
                return
            if char == 9:
                column = stop
                if pending and one_before_stop:
                    yield b"\t"
                pending = 0
                yield b"\t"
                one_before_stop = False
            else:
                column += 1
                if column != stop:
                    pending += 1
                elif not pending and line[at + 1 : at + 2] not in (b" ", b"\t"):
                    pending = 1
                    one_before_stop = True
                else:
                    yield b"\t"
                    pending = 0
            at += 1
            continue
        yield b" " * pending
        pending = 0
        one_before_stop = False
        yield bytes((char,))
        column = max(0, column - 1) if char == 8 else column + 1
        at += 1
        if not everywhere:
            yield line[at:]
            return
    yield b" " * pending


@program(UNEXPAND_USAGE)
async def unexpand(tool: Tool) -> int:
    """unexpand(1)."""
    names = ("all=a", "first-only", "tabs:=t", "help", "version")
    tool.options = parse(_tab_args(tool.argv[1:]), "at:", names)
    if await tool.describe(UNEXPAND_USAGE):
        return 0
    stops = Stops(tool.options.every("t"))
    everywhere = ("a" in tool.options or "t" in tool.options) and "first-only" not in tool.options
    await _turn(tool, lambda line: unexpand_line(line, stops, everywhere))
    return tool.status

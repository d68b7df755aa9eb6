"""What a pager shows: the lines of a file or pipe, read as needed, and their rows on the screen."""

from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from minios.abi.errno import Errno, error
from minios.abi.flags import SEEK_END, SEEK_SET
from minios.abi.sys import Sys
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.screen import BOLD, NORMAL, REVERSE, UNDERLINE
from minios.userland.lib.utf8 import decode, encode, stray, width

BLOCK = 16384
CACHED_BLOCKS = 8
LINE_MAX = 32768
"""A longer line is shown as several."""
BYTES_PER_CYCLE = 32


class Interrupted(Exception):
    """A signal came while the input was awaited."""


class Source:
    """Lines of one input. Of a file only the offsets are kept, of a pipe all that was read."""

    def __init__(self, tool: Tool, fd: int, name: bytes, *, seekable: bool) -> None:
        self._tool = tool
        self._sys: Sys = tool.sys
        self.fd = fd
        self.name = name
        self.seekable = seekable
        self.eof = False
        self.broken: OSError | None = None
        self.interrupted: Callable[[], bool] = lambda: False
        """Asked between two reads; what is endless must be stoppable."""
        self.scanned = 0
        """Bytes looked at so far."""
        self._starts = array("Q", [0])
        self._open_line = 0
        """Bytes of the last line, which has no end yet."""
        self._blocks: dict[int, bytes] = {}
        self._pipe = bytearray()

    @property
    def known(self) -> int:
        """How many lines have been found; the last may still grow until ``eof``."""
        return len(self._starts) - (0 if self._open_line else 1)

    async def size(self) -> int | None:
        """Bytes in all; None if that is not known yet."""
        if not self.seekable:
            return self.scanned if self.eof else None
        return await self._sys.lseek(self.fd, 0, SEEK_END)

    def start(self, line: int) -> int:
        """The offset of a known line."""
        return self._starts[min(line, len(self._starts) - 1)]

    def line_at(self, offset: int) -> int:
        """The known line that holds an offset."""
        low, high = 0, len(self._starts) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._starts[middle] <= offset:
                low = middle
            else:
                high = middle - 1
        return low

    async def more(self) -> bool:
        """Read on; False at the end of the input, which may grow. Raises Interrupted, OSError."""
        if self.interrupted():
            raise Interrupted
        try:
            if self.seekable:
                await self._sys.lseek(self.fd, self.scanned, SEEK_SET)
            data = await self._sys.read(self.fd, BLOCK)
        except OSError as err:
            if err.errno == Errno.EINTR:
                raise Interrupted from None
            self.broken = err
            data = b""
        self.eof = not data
        if data:
            try:
                await self._index(data)
            except Failure:
                self.broken = error(Errno.ENOMEM)
                self.eof = True
        return not self.eof

    async def _index(self, data: bytes) -> None:
        room = 8 * (data.count(b"\n") + len(data) // LINE_MAX + 1)
        await self._tool.retain(room if self.seekable else room + len(data))
        if not self.seekable:
            self._pipe += data
        else:
            self._blocks.pop(self.scanned // BLOCK, None)
        await self._sys.compute(1 + len(data) // BYTES_PER_CYCLE)
        at = 0
        while at < len(data):
            newline = data.find(b"\n", at)
            room = LINE_MAX - self._open_line
            end = len(data) if newline < 0 else newline + 1
            if end - at > room:
                end = at + room
                self._starts.append(self.scanned + end)
                self._open_line = 0
            elif newline < 0:
                self._open_line += end - at
            else:
                self._starts.append(self.scanned + end)
                self._open_line = 0
            at = end
        self.scanned += len(data)

    async def has(self, line: int) -> bool:
        """Whether there is such a line; reads as far as needed."""
        while line >= self.known and not self.eof:
            await self.more()
        # A last line without its end is complete only when nothing follows.
        while line == self.known - 1 and self._open_line and not self.eof:
            await self.more()
        return 0 <= line < self.known

    async def load(self) -> None:
        """Read to the end."""
        while not self.eof:
            await self.more()

    async def line(self, number: int) -> bytes | None:
        """A line (from 0) without its newline; None if there is none."""
        if not await self.has(number):
            return None
        begin = self._starts[number]
        if number + 1 < len(self._starts):
            end = self._starts[number + 1]
        else:
            end = begin + self._open_line
        return (await self._bytes(begin, end)).removesuffix(b"\n")

    async def _bytes(self, begin: int, end: int) -> bytes:
        if not self.seekable:
            return bytes(self._pipe[begin:end])
        pieces = []
        for number in range(begin // BLOCK, -(-end // BLOCK)):
            block = await self._block(number)
            low = max(begin - number * BLOCK, 0)
            pieces.append(block[low : end - number * BLOCK])
        return b"".join(pieces)

    async def _block(self, number: int) -> bytes:
        if number in self._blocks:
            return self._blocks[number]
        if len(self._blocks) >= CACHED_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        await self._sys.lseek(self.fd, number * BLOCK, SEEK_SET)
        data = b""
        while len(data) < BLOCK:
            more = await self._sys.read(self.fd, BLOCK - len(data))
            if not more:
                break
            data += more
        self._blocks[number] = data
        return data


class Cell(NamedTuple):
    """A character on the screen. ``colour`` is the SGR sequence in force, ``at`` the byte of the
    plain text that it stands for."""

    text: str
    width: int
    attribute: int
    colour: bytes
    at: int


BOLD_BIT, UNDERLINE_BIT, REVERSE_BIT = 1, 2, 4


class Layout:
    """How lines become rows."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.tab = 8
        self.raw = False
        """Let SGR sequences through (-R); with ``raw_all`` every control character (-r)."""
        self.raw_all = False
        self.chop = False
        self.shift = 0
        self.numbers = False

    @property
    def room(self) -> int:
        """Cells for text in a row."""
        return max(self.columns - (8 if self.numbers else 0), 1)

    def cells(self, line: bytes) -> tuple[list[Cell], bytes]:
        """The cells of a line, and its text without overstriking and sequences."""
        cells: list[Cell] = []
        plain: list[bytes] = []
        size = 0
        colour = b""
        column = 0
        for text, attribute, sequence in _characters(decode(line), raw=self.raw):
            if sequence:
                colour = b"" if sequence in (b"\033[m", b"\033[0m") else (colour + sequence)[-64:]
                continue
            source = encode(text)
            if text == "\t" and not self.raw_all:
                step = self.tab - column % self.tab
                shown = [Cell(" ", 1, attribute, colour, size) for _ in range(step)]
            else:
                shown = self._show(text, attribute, colour, size)
            cells += shown
            column += sum(cell.width for cell in shown)
            plain.append(source)
            size += len(source)
        return cells, b"".join(plain)

    def _show(self, text: str, attribute: int, colour: bytes, at: int) -> list[Cell]:
        wide = width(text) if not stray(text) else -1
        if wide >= 0:
            return [Cell(text, wide, attribute, colour, at)]
        if self.raw_all and not stray(text):
            return [Cell(text, 0, attribute, colour, at)]
        code = ord(text)
        if stray(text):
            name = f"<{code & 0xFF:02X}>"
        elif code == 27:
            name = "ESC"
        elif code < 32 or code == 127:
            name = "^" + chr(code ^ 64)
        else:
            name = f"<{code:02X}>"
        return [Cell(char, 1, attribute | REVERSE_BIT, colour, at) for char in name]

    def rows(self, line: bytes, marks: list[tuple[int, int]], number: int) -> list[bytes]:
        """The rows of line ``number`` (from 0); ``marks`` are byte ranges of the plain text that a
        search found."""
        cells, _ = self.cells(line)
        rows = []
        prefix = BOLD + b"%7d" % (number + 1) + NORMAL + b" " if self.numbers else b""
        for part in self._split(cells):
            rows.append(prefix + _paint(part, marks))
        return rows

    def count(self, line: bytes) -> int:
        """How many rows a line takes."""
        if self.chop:
            return 1
        if line.isascii() and line.isalnum():
            return max(-(-len(line) // self.room), 1)
        return sum(1 for _ in self._split(self.cells(line)[0]))

    def _split(self, cells: list[Cell]) -> Iterator[list[Cell]]:
        if self.chop:
            yield self._chopped(cells)
            return
        part: list[Cell] = []
        used = 0
        for cell in cells:
            if used + cell.width > self.room:
                yield part
                part, used = [], 0
            part.append(cell)
            used += cell.width
        yield part

    def _chopped(self, cells: list[Cell]) -> list[Cell]:
        part: list[Cell] = []
        column = 0
        for cell in cells:
            if column >= self.shift and column + cell.width > self.shift + self.room:
                if part:
                    part[-1] = Cell(">", 1, REVERSE_BIT, b"", -1)
                break
            if column >= self.shift:
                part.append(cell)
            column += cell.width
        return part


def _characters(text: str, *, raw: bool) -> Iterator[tuple[str, int, bytes]]:
    """Characters with the attribute that overstriking gives them, and SGR sequences if ``raw``."""
    if "\b" not in text and "\033" not in text:
        for char in text:
            yield char, 0, b""
        return
    at = 0
    while at < len(text):
        char = text[at]
        if raw and char == "\033" and text[at + 1 : at + 2] == "[":
            end = at + 2
            while end < len(text) and text[end] in "0123456789;:":
                end += 1
            if text[end : end + 1] == "m":
                yield "", 0, encode(text[at : end + 1])
            else:
                end -= end >= len(text)
            at = end + 1
            continue
        if text[at + 1 : at + 2] == "\b" and at + 2 < len(text) and char != "\b":
            over = text[at + 2]
            attribute = 0
            while True:
                if char == "_" and over != "_":
                    attribute |= UNDERLINE_BIT
                elif over == "_" and char != "_":
                    attribute |= UNDERLINE_BIT
                    over = char
                else:
                    attribute |= BOLD_BIT
                at += 2
                if text[at + 1 : at + 2] != "\b" or at + 2 >= len(text):
                    break
                char, over = over, text[at + 2]
            yield over, attribute, b""
            at += 1
            continue
        yield char, 0, b""
        at += 1


def _paint(cells: list[Cell], marks: list[tuple[int, int]]) -> bytes:
    out: list[bytes] = []
    state: tuple[int, bytes] = (0, b"")
    for cell in cells:
        attribute = cell.attribute
        if marks and any(low <= cell.at < high for low, high in marks):
            attribute |= REVERSE_BIT
        if (attribute, cell.colour) != state:
            if state != (0, b""):
                out.append(NORMAL)
            state = (attribute, cell.colour)
            out.append(cell.colour)
            for bit, sequence in ((1, BOLD), (2, UNDERLINE), (4, REVERSE)):
                if attribute & bit:
                    out.append(sequence)
        out.append(encode(cell.text))
    if state != (0, b""):
        out.append(NORMAL)
    return b"".join(out)

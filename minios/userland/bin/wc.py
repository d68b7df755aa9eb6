"""wc: lines, words, characters and bytes."""

from collections.abc import Sequence

from minios.abi.flags import S_IFMT, S_IFREG
from minios.userland.lib.lines import BLOCK, close_input, open_input, read_operand
from minios.userland.lib.locale import is_utf8
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf, quotef
from minios.userland.lib.stdio import why
from minios.userland.lib.utf8 import width

USAGE = """
Usage: wc [OPTION]... [FILE]...
Print the number of lines, words and bytes of each FILE, and their sums.

  -c, --bytes             bytes
  -m, --chars             characters
  -l, --lines             newlines
      --files0-from=F     read the names, ended by NUL, from file F
  -L, --max-line-length   the width of the widest line
  -w, --words             words
"""
_LONG = ("bytes=c", "chars=m", "lines=l", "files0-from:=f0", "max-line-length=L", "words=w")
_ORDER = "lwmcL"
_SPACE = b" \t\n\v\f\r"
_SILENT = bytes(c for c in (*range(32), 127) if c not in _SPACE)
_HIGH = bytes(range(128, 256))
"""Bytes that neither make a word nor end one: what cannot be printed."""


class Count:
    """What wc counts of one file."""

    __slots__ = ("_column", "_in_word", "_partial", "_utf8", "bytes", "chars", "lines", "widest",
                 "words")  # fmt: skip

    def __init__(self, utf8: bool = False) -> None:
        self.lines = self.words = self.chars = self.bytes = self.widest = 0
        self._utf8 = utf8
        self._column = 0
        self._in_word = False
        self._partial = b""

    def block(self, data: bytes, wanted: str) -> None:
        self.bytes += len(data)
        self.lines += data.count(b"\n")
        if "w" in wanted:
            text = data.translate(None, _SILENT if self._utf8 else _SILENT + _HIGH)
            if text:
                self.words += len(text.split()) - (self._in_word and text[0] not in _SPACE)
                self._in_word = text[-1] not in _SPACE
        if "m" in wanted or "L" in wanted:
            self._characters(data, "L" in wanted)

    def _characters(self, data: bytes, measure: bool) -> None:
        if not self._utf8:
            self.chars += len(data)
            text = data.decode("latin-1")
        else:
            data = self._partial + data
            keep = 0
            for back in range(1, min(4, len(data) + 1)):
                byte = data[-back]
                if byte >= 0xC0:
                    keep = back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
                    break
                if byte < 0x80:
                    break
            self._partial = data[len(data) - keep :] if keep else b""
            text = data[: len(data) - keep].decode("utf-8", "ignore")
            self.chars += len(text)
        if measure:
            for char in text:
                if char in "\n\r\f":
                    self.widest = max(self.widest, self._column)
                    self._column = 0
                elif char == "\t":
                    self._column += 8 - self._column % 8
                elif self._utf8 or " " <= char <= "~":
                    self._column += max(0, width(char))
            self.widest = max(self.widest, self._column)

    def add(self, other: "Count") -> None:
        """Sum up; of the widths the largest."""
        self.lines += other.lines
        self.words += other.words
        self.chars += other.chars
        self.bytes += other.bytes
        self.widest = max(self.widest, other.widest)

    def row(self, wanted: str, digits: int, name: bytes) -> bytes:
        values = {"l": self.lines, "w": self.words, "m": self.chars, "c": self.bytes,
                  "L": self.widest}  # fmt: skip
        shown = [b"%*d" % (digits, values[which]) for which in _ORDER if which in wanted]
        return b" ".join([*shown, name] if name else shown)


async def _digits(tool: Tool, names: Sequence[bytes], wanted: str) -> int:
    """The columns' width: that of the sum of the sizes, 7 where a size is not known beforehand."""
    if len(names) == 1 and len(wanted) == 1:
        return 1
    least, total = 1, 0
    for name in names:
        try:
            stat = await (tool.sys.fstat(0) if name == b"-" else tool.sys.stat(name))
        except OSError:
            continue
        if stat.mode & S_IFMT == S_IFREG:
            total += stat.size
        else:
            least = 7
    return max(least, len(b"%d" % total))


async def _names(tool: Tool, path: bytes) -> list[bytes]:
    """The operands listed in a file (``--files0-from``)."""
    if tool.operands:
        text = b"extra operand " + quote(tool.operands[0])
        text += b"\nfile operands cannot be combined with --files0-from"
        raise Failure(text, hint=True)
    try:
        data = await read_operand(tool.sys, path)
    except OSError as err:
        raise Failure(b"cannot open " + quoteaf(path) + b" for reading: " + why(err)) from None
    return data.removesuffix(b"\0").split(b"\0") if data else []


@program(USAGE, "clLmw", _LONG)
async def wc(tool: Tool) -> int:
    """wc(1)."""
    sys = tool.sys
    wanted = "".join(which for which in _ORDER if which in tool.options) or "lwc"
    listed = tool.options.last("f0")
    names = (await _names(tool, listed)) if listed is not None else tool.operands
    given = bool(names) or listed is not None
    names = names if given else [b"-"]
    digits = await _digits(tool, names, wanted) if listed is None else 1
    utf8 = is_utf8(tool.env)
    total = Count()
    for name in names:
        counted = Count(utf8)
        try:
            fd = await open_input(sys, name)
        except OSError as err:
            await tool.warn(quotef(name), err)
            continue
        try:
            while data := await sys.read(fd, BLOCK):
                await sys.compute(1 + len(data) // (64 if wanted in ("l", "c", "lc") else 16))
                counted.block(data, wanted)
        except OSError as err:
            await tool.warn(quotef(name), err)
        await close_input(sys, fd)
        await tool.line(counted.row(wanted, digits, name if given else b""))
        total.add(counted)
    if len(names) > 1:
        await tool.line(total.row(wanted, digits, b"total"))
    return tool.status

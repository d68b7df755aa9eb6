"""How grep shows lines: prefixes, separators and colours (GREP_COLORS)."""

from collections.abc import Iterator, Mapping

from minios.userland.bin.grep.matcher import Matcher
from minios.userland.bin.grep.settings import Settings
from minios.userland.lib.program import Tool

_COLORS = {
    b"ms": b"01;31", b"mc": b"01;31", b"sl": b"", b"cx": b"", b"fn": b"35", b"ln": b"32",
    b"bn": b"32", b"se": b"36",
}  # fmt: skip

_PIECES = 256
"""Pieces of a line between two payments for finding them."""


class Printer:
    """Puts lines of one file after the other on standard output."""

    def __init__(self, tool: Tool, settings: Settings, matcher: Matcher, color: bool) -> None:
        self.tool = tool
        self.settings = settings
        self.matcher = matcher
        self.colors = _colors(tool.env) if color else {}
        self.color = color
        self.reverse = color and b"rv" in tool.env.get(b"GREP_COLORS", b"").split(b":")
        self.filenames = False
        self.name = b""
        self.digits = 0
        self.any = False  # a group was printed, so the next one is set apart

    def paint(self, which: bytes, text: bytes) -> bytes:
        code = self.colors.get(which)
        return b"\x1b[" + code + b"m\x1b[K" + text + b"\x1b[m\x1b[K" if code else text

    def filename(self) -> bytes:
        return self.paint(b"fn", self.name)

    def separator(self, char: bytes) -> bytes:
        return self.paint(b"se", char)

    def group(self) -> None:
        """The line between two groups."""
        if self.settings.separator is not None:
            self.tool.out.put(self.separator(self.settings.separator), b"\n")

    def head(self, char: bytes, number: int, offset: int) -> bytes:
        settings = self.settings
        head = b""
        mark = self.separator(char)
        if self.filenames:
            head = self.filename() + (b"\0" if settings.null else mark)
        if settings.numbers:
            head += self.paint(b"ln", b"%*d" % (self.digits, number)) + mark
        if settings.offsets:
            head += self.paint(b"bn", b"%*d" % (self.digits, offset)) + mark
        if settings.tab and head:
            head += b"\t"
        return head

    async def line(self, line: bytes, char: bytes, number: int, offset: int) -> None:
        """A selected line (``:``) or one of its context (``-``)."""
        out = self.tool.out
        if not self.color and not self.settings.only_matching:
            out.put(self.head(char, number, offset), line, self.settings.end)
            return
        pieces = 0
        for piece in self._marked(line, char, number, offset):
            out.put(piece)
            pieces += 1
            if pieces == _PIECES:
                pieces = 0
                await self.tool.sys.compute(self.matcher.spent() + _PIECES)
                await out.drain()

    def _marked(self, line: bytes, char: bytes, number: int, offset: int) -> Iterator[bytes]:
        """The same with the matches coloured, or these alone."""
        settings = self.settings
        end = settings.end
        selected = char == b":"
        if settings.only_matching:
            if selected and not settings.invert:
                for start, stop in self.matcher.spans(line):
                    head = self.head(char, number, offset + start)
                    yield head + self.paint(b"ms", line[start:stop]) + end
            return
        outside = b"sl" if selected != (settings.invert and self.reverse) else b"cx"
        yield self.head(char, number, offset)
        at = 0
        if selected != settings.invert:
            which = b"ms" if selected else b"mc"
            for start, stop in self.matcher.spans(line):
                if self.colors[outside]:  # grep begins it even before no text, and does not end it
                    yield b"\x1b[" + self.colors[outside] + b"m\x1b[K"
                yield line[at:start]
                yield self.paint(which, line[start:stop])
                at = stop
        if at < len(line):
            yield self.paint(outside, line[at:])
        yield end


def _colors(env: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    colors = dict(_COLORS)
    for item in env.get(b"GREP_COLORS", b"").split(b":"):
        name, given, code = item.partition(b"=")
        if given and not code.strip(b"0123456789;"):
            if name == b"mt":
                colors[b"ms"] = colors[b"mc"] = code
            elif name in colors:
                colors[name] = code
    return colors

"""od: bytes as numbers and characters (coreutils 9.1)."""

from collections.abc import AsyncIterator
from math import lcm

from minios.userland.lib.lines import close_input, open_input
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.sizes import SizeError, parse_size

USAGE = """
Usage: od [OPTION]... [FILE]...
Write FILEs (or standard input) as numbers, octal words by default.

  -A, --address-radix=R    offsets in R: d, o, x, or n for none
  -j, --skip-bytes=N       skip the first N bytes
  -N, --read-bytes=N       stop after N bytes
  -t, --format=TYPE        a c d[SIZE] o[SIZE] u[SIZE] x[SIZE], followed by z to show characters
  -v, --output-duplicates  do not write * for lines that repeat
  -w, --width[=N]          N bytes a line (32 without N)
  -a -b -c -d -o -s -x     -t a, o1, c, u2, o2, d2, x2
  -i -l                    -t dI, dL
"""

_OLD = {
    "a": b"a", "b": b"o1", "c": b"c", "d": b"u2", "o": b"o2", "s": b"d2", "x": b"x2", "h": b"x2",
    "i": b"dI", "l": b"dL", "B": b"o2", "I": b"dL", "L": b"dL",
}  # fmt: skip
_SIZES = {"C": 1, "S": 2, "I": 4, "L": 8}
_WIDTHS = {
    "o": {1: 3, 2: 6, 4: 11, 8: 22},
    "x": {1: 2, 2: 4, 4: 8, 8: 16},
    "u": {1: 3, 2: 5, 4: 10, 8: 20},
    "d": {1: 4, 2: 6, 4: 11, 8: 20},
}
_NAMES = (
    "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "nl", "vt", "ff", "cr",
    "so", "si", "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc",
    "fs", "gs", "rs", "us", "sp",
)  # fmt: skip
_ESCAPES = {0: r"\0", 7: r"\a", 8: r"\b", 9: r"\t", 10: r"\n", 11: r"\v", 12: r"\f", 13: r"\r"}
MAX_WIDTH = 4096


class Field:
    """One -t: how to show the elements of a line, and how wide each is."""

    __slots__ = ("kind", "size", "trailer", "width")

    def __init__(self, kind: str, size: int, trailer: bool) -> None:
        self.kind = kind
        self.size = size
        self.trailer = trailer
        self.width = 1 + (3 if kind in "ac" else _WIDTHS[kind][size])

    def show(self, data: bytes) -> str:
        """One element, unpadded."""
        if self.kind == "c":
            byte = data[0]
            return _ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"{byte:03o}")
        if self.kind == "a":
            byte = data[0] & 0x7F
            return "del" if byte == 127 else _NAMES[byte] if byte <= 32 else chr(byte)
        number = int.from_bytes(data, "little", signed=self.kind == "d")
        if self.kind in "ox":
            return format(number, f"0{self.width - 1}{self.kind}")
        return str(number)


def _types(text: bytes) -> list[Field]:
    fields: list[Field] = []
    word = text.decode("latin-1")
    at = 0
    while at < len(word):
        kind = word[at]
        at += 1
        size = 1 if kind in "ac" else 4
        if kind in "doux":
            digits = at
            while at < len(word) and word[at].isdigit():
                at += 1
            if at > digits:
                size = int(word[digits:at][:9])
                if size not in _WIDTHS["o"]:
                    raise Failure(
                        b"invalid type string "
                        + quote(text)
                        + b";\nthis system doesn't provide a %d-byte integral type" % size
                    )
            elif at < len(word) and word[at] in _SIZES:
                size = _SIZES[word[at]]
                at += 1
        elif kind not in "ac":
            raise Failure(
                b"invalid character '%s' in type string %s" % (kind.encode("latin-1"), quote(text))
            )
        trailer = word[at : at + 1] == "z"
        at += trailer
        fields.append(Field(kind, size, trailer))
    return fields


def _count(options_value: bytes | None, option: bytes) -> int | None:
    if options_value is None:
        return None
    try:
        if options_value.startswith(b"0x"):
            return int(options_value[:18], 16)
        return parse_size(options_value)
    except (SizeError, ValueError):
        raise Failure(b"invalid -%s argument %s" % (option, quote(options_value))) from None


def _address(at: int, radix: str) -> str:
    return {"d": f"{at:07d}", "o": f"{at:07o}", "x": f"{at:06x}", "n": ""}[radix]


class Dump:
    """The lines of a dump, one block after the other."""

    def __init__(self, tool: Tool, fields: list[Field], width: int, radix: str, all: bool) -> None:
        self.tool = tool
        self.fields = fields
        self.width = width
        self.radix = radix
        self.all = all
        self.wide = max(field.width * (width // field.size) for field in fields)
        self._last: bytes | None = None
        self._starred = False

    async def line(self, at: int, data: bytes) -> None:
        if not self.all and data == self._last and len(data) == self.width:
            if not self._starred:
                self._starred = True
                await self.tool.line(b"*")
            return
        self._last, self._starred = data, False
        for number, field in enumerate(self.fields):
            head = _address(at, self.radix)
            row = (" " * len(head) if number else head) + self._row(field, data)
            await self.tool.line(row.encode("latin-1"))

    def _row(self, field: Field, data: bytes) -> str:
        count = self.width // field.size
        shown = -(-len(data) // field.size)
        pad = left = self.wide - field.width * count
        parts: list[str] = []
        for index in range(count):
            rest = pad * (count - index - 1) // count
            width = field.width + left - rest
            left = rest
            if index < shown:
                piece = data[index * field.size : (index + 1) * field.size]
                parts.append(field.show(piece.ljust(field.size, b"\0")).rjust(width))
            elif field.trailer:
                parts.append(" " * width)
        if field.trailer:
            text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
            parts.append(f"  >{text}<")
        return "".join(parts)


@program(USAGE, "A:abBcdDeFfHhIij:LlN:OosS:t:vw::xX", (
    "skip-bytes:=j", "address-radix:=A", "read-bytes:=N", "format:=t", "output-duplicates=v",
    "width::=w",
))  # fmt: skip
async def od(tool: Tool) -> int:
    """od(1)."""
    options = tool.options
    radix = (options.last("A") or b"o").decode("latin-1")[:1]
    if radix not in "doxn":
        raise Failure(
            b"invalid output address radix '%s'; it must be one character from [doxn]"
            % radix.encode("latin-1")
        )
    fields: list[Field] = []
    for flag, value in options.flags:
        if flag == "t" and value is not None:
            fields += _types(value)
        elif flag in _OLD:
            fields += _types(_OLD[flag])
    fields = fields or _types(b"o2")
    unit = lcm(*(field.size for field in fields))
    width = 16
    if "w" in options:
        asked = _count(options.last("w"), b"w")
        width = 32 if asked is None else asked
        if not 0 < width <= MAX_WIDTH or width % unit:
            await tool.warn(b"warning: invalid width %d; using %d instead" % (width, unit))
            tool.status = 0
            width = unit
    skip = _count(options.last("j"), b"j") or 0
    limit = _count(options.last("N"), b"N")
    dump = Dump(tool, fields, width, radix, "v" in options)
    at, buffer = skip, b""
    room = skip + limit if limit is not None else None
    async for data in _input(tool):
        if skip:
            skip, data = max(0, skip - len(data)), data[skip:]
        if room is not None:
            data = data[: max(0, room - at - len(buffer))]
        buffer += data
        while len(buffer) >= width:
            await dump.line(at, buffer[:width])
            at, buffer = at + width, buffer[width:]
        if room is not None and at + len(buffer) >= room:
            break
    if skip:
        raise Failure(b"cannot skip past end of combined input")
    if buffer:
        await dump.line(at, buffer)
        at += len(buffer)
    if radix != "n":
        await tool.line(_address(at, radix).encode())
    return tool.status


async def _input(tool: Tool) -> AsyncIterator[bytes]:
    """All files one after the other, in blocks."""
    for name in tool.operands or [b"-"]:
        try:
            fd = await open_input(tool.sys, name)
            while data := await tool.sys.read(fd, 4096):
                await tool.sys.compute(1 + len(data) // 8)
                yield data
            await close_input(tool.sys, fd)
        except OSError as err:
            await tool.warn(quotef(name), err)

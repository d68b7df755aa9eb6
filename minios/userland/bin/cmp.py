"""cmp: where two files differ (diffutils 3.8)."""

from minios.abi.flags import S_IFMT, S_IFREG
from minios.abi.records import Stat
from minios.userland.lib.lines import open_input
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quotef
from minios.userland.lib.sizes import SizeError, parse_size
from minios.userland.lib.stdio import complain

USAGE = """
Usage: cmp [OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]
Compare two files byte by byte; FILE2 is standard input when missing.

  -b, --print-bytes             show the bytes that differ
  -i, --ignore-initial=SKIP[:SKIP2]  skip the first bytes
  -l, --verbose                 every difference: position and values, in octal
  -n, --bytes=LIMIT             compare at most LIMIT bytes
  -s, --quiet, --silent         only the exit status: 0 same, 1 different, 2 trouble
"""


class Side:
    """One of the files, in blocks of the same size for both."""

    __slots__ = ("buffer", "ended", "fd", "name", "sys")

    def __init__(self, tool: Tool, name: bytes, fd: int) -> None:
        self.sys = tool.sys
        self.name = name
        self.fd = fd
        self.buffer = b""
        self.ended = False

    async def stat(self) -> Stat | None:
        """What a regular file is; None for what has no size."""
        stat = await self.sys.fstat(self.fd)
        return stat if stat.mode & S_IFMT == S_IFREG else None

    async def take(self, size: int) -> bytes:
        """Up to ``size`` bytes, fewer only at the end."""
        while len(self.buffer) < size and not self.ended:
            data = await self.sys.read(self.fd, 4096)
            self.ended = not data
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data


def _number(text: bytes) -> int:
    try:
        return parse_size(text)
    except SizeError:
        raise Failure(b"invalid --ignore-initial value '%s'" % text, hint=True) from None


def _visible(byte: int) -> bytes:
    text = b"M-" if byte >= 128 else b""
    byte &= 127
    if byte < 32:
        return text + b"^" + bytes((byte + 64,))
    return text + (b"^?" if byte == 127 else bytes((byte,)))


@program(USAGE, "bci:ln:s", (
    "print-bytes=b", "ignore-initial:=i", "verbose=l", "bytes:=n", "quiet=s", "silent=s",
), trouble=2)  # fmt: skip
async def cmp(tool: Tool) -> int:
    """cmp(1)."""
    options, operands = tool.options, tool.operands
    if not operands:
        raise Failure(b"missing operand after '%s'" % tool.name, hint=True)
    if len(operands) > 4:
        raise Failure(b"extra operand '%s'" % operands[4], hint=True)
    names = [operands[0], operands[1] if len(operands) > 1 else b"-"]
    skips = [_number(word) for word in operands[2:4]]
    initial = options.last("i")
    if initial is not None:
        skips = [_number(word) for word in initial.split(b":", 1)]
        skips = skips * 2 if len(skips) == 1 else skips
    limit = options.last("n")
    left = _number(limit) if limit is not None else 1 << 62
    sides: list[Side] = []
    for name in names:
        try:
            sides.append(Side(tool, name, await open_input(tool.sys, name)))
        except OSError as err:
            return await _trouble(tool, name, err)
    side = sides[0]
    try:
        for side, skip in zip(sides, skips, strict=False):
            while skip > 0 and (data := await side.take(min(skip, 4096))):
                skip -= len(data)
        sizes = [stat.size for side in sides if (stat := await side.stat()) is not None]
        width = len(str(min([left, *sizes]))) if sizes else 1
        return await _compare(tool, sides[0], sides[1], left, width)
    except OSError as err:
        return await _trouble(tool, side.name, err)


async def _trouble(tool: Tool, name: bytes, err: OSError) -> int:
    if "s" not in tool.options:
        await tool.warn(quotef(name), err)
    return 2


async def _compare(tool: Tool, one: Side, two: Side, left: int, width: int) -> int:
    silent, verbose = "s" in tool.options, "l" in tool.options
    at, line, status = 0, 1, 0
    while left > 0:
        size = min(4096, left)
        a, b = await one.take(size), await two.take(size)
        await tool.sys.compute(1 + len(a) // 16)
        left -= size
        common = min(len(a), len(b))
        if a[:common] != b[:common]:
            status = 1
            if silent:
                return 1
            for offset in range(common):
                if a[offset] == b[offset]:
                    line += a[offset] == 10
                    continue
                if not verbose:
                    await _first(tool, one, two, at + offset + 1, line, a[offset], b[offset])
                    return 1
                await _each(tool, b"%*d" % (width, at + offset + 1), a[offset], b[offset])
                line += a[offset] == 10
        else:
            line += a.count(b"\n", 0, common)
        at += common
        if len(a) != len(b):
            if not silent:
                await _ended(tool, one if len(a) < len(b) else two, at, line, a[:common], verbose)
            return 1
        if len(a) < size:
            break
    return status


async def _first(tool: Tool, one: Side, two: Side, at: int, line: int, x: int, y: int) -> None:
    text = b"%s %s differ: char %d, line %d" % (one.name, two.name, at, line)
    if "b" in tool.options:
        text = text.replace(b": char ", b": byte ") + b" is %3o %s %3o %s" % (
            x,
            _visible(x),
            y,
            _visible(y),
        )
    await tool.line(text)


async def _each(tool: Tool, at: bytes, x: int, y: int) -> None:
    if "b" in tool.options:
        await tool.line(b"%s %3o %-4s %3o %s" % (at, x, _visible(x), y, _visible(y)))
    else:
        await tool.line(b"%s %3o %3o" % (at, x, y))


async def _ended(tool: Tool, short: Side, at: int, line: int, before: bytes, verbose: bool) -> None:
    await tool.out.flush()
    text = b"%s: EOF on %s" % (tool.name, short.name)
    if not at:
        text += b" which is empty"
    elif verbose:
        text += b" after byte %d" % at
    elif before.endswith(b"\n"):
        text += b" after byte %d, line %d" % (at, line - 1)
    else:
        text += b" after byte %d, in line %d" % (at, line)
    await complain(tool.sys, text)

"""tac and rev: lines from the last to the first, and lines spelled backwards."""

from minios.userland.lib.lines import BLOCK, batches, close_input, open_input
from minios.userland.lib.locale import is_utf8
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quoteaf
from minios.userland.lib.regex import Regex, RegexError, compile

TAC_USAGE = """
Usage: tac [OPTION]... [FILE]...
Print each FILE with its last line first.

  -b, --before             the separator comes before what it separates
  -r, --regex              the separator is a regular expression
  -s, --separator=STRING   separate at STRING instead of at newlines
"""
REV_USAGE = """
Usage: rev [FILE]...
Print each line with its last character first.
"""

RECORD_BYTES = 120
"""What a remembered position takes."""


async def _records(tool: Tool, data: bytes, separator: bytes | Regex) -> list[tuple[int, int]]:
    """Where each separator begins and ends."""
    found: list[tuple[int, int]] = []
    at = 0
    while True:
        if isinstance(separator, bytes):
            start = data.find(separator, at)
            end = start + len(separator)
        else:
            match = separator.search(data, at)
            start, end = match.span() if match else (-1, -1)
            await tool.sys.compute(separator.spent())
        if start < 0 or end == start:
            return found
        await tool.retain(RECORD_BYTES)
        found.append((start, end))
        at = end


@program(TAC_USAGE, "brs:", ("before=b", "regex=r", "separator:=s"))
async def tac(tool: Tool) -> int:
    """tac(1). The whole of a file is kept, and charged for."""
    sys = tool.sys
    separator: bytes | Regex = tool.options.last("s") or b"\n"
    if tool.options.last("s") == b"" and "r" in tool.options:
        raise Failure(b"separator cannot be empty")
    if tool.options.last("s") == b"":
        separator = b"\0"
    before = "b" in tool.options
    if "r" in tool.options and isinstance(separator, bytes):
        try:
            separator = compile(separator, newline=True)
        except RegexError as err:
            raise Failure(str(err).encode()) from None
    for name in tool.operands or [b"-"]:
        try:
            fd = await open_input(sys, name)
        except OSError as err:
            await tool.warn(b"failed to open " + quoteaf(name) + b" for reading", err)
            continue
        blocks: list[bytes] = []
        try:
            while data := await sys.read(fd, BLOCK):
                await tool.retain(len(data))
                await sys.compute(1 + len(data) // 32)
                blocks.append(data)
        except OSError as err:
            shown = b"standard input" if name == b"-" else name
            await tool.warn(quoteaf(shown) + b": read error", err)
        await close_input(sys, fd)
        data = b"".join(blocks)
        blocks.clear()
        cuts = await _records(tool, data, separator)
        stop = len(data)
        for start, end in reversed(cuts):
            at = start if before else end
            if at < stop:
                tool.out.put(data[at:stop])
                await tool.out.drain()
            stop = at
        tool.out.put(data[:stop])
        await tool.out.drain()
        tool.release(len(data) + RECORD_BYTES * len(cuts))
    return tool.status


@program(REV_USAGE, "V", ())
async def rev(tool: Tool) -> int:
    """rev(1) of util-linux."""
    utf8 = is_utf8(tool.env)
    async for source, lines in batches(tool, tool.operands, prefix=b"cannot open "):
        for at, line in enumerate(lines):
            if utf8 and not line.isascii():
                turned = line.decode("utf-8", "surrogateescape")[::-1]
                line = turned.encode("utf-8", "surrogateescape")
            else:
                line = line[::-1]
            tool.out.put(line, b"" if source.cut and at == len(lines) - 1 else b"\n")
        await tool.out.drain()
    return tool.status

"""paste: lines of several files side by side."""

from minios.userland.lib.lines import Lines, close_input, open_input
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.stdio import why

USAGE = """
Usage: paste [OPTION]... [FILE]...
Print lines made of one line of each FILE, separated by tabs.

  -d, --delimiters=LIST   separate with the characters of LIST in turn
  -s, --serial            one file after the other, each on one line
  -z, --zero-terminated   lines end in NUL
"""
_ESCAPES = {b"0": b"", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t",
            b"v": b"\v", b"\\": b"\\"}  # fmt: skip


def _delimiters(text: bytes) -> list[bytes]:
    result: list[bytes] = []
    at = 0
    while at < len(text):
        char = text[at : at + 1]
        if char == b"\\":
            at += 1
            if at == len(text):
                shown = quote(text)[1:-1].replace(b"\\\\", b"\\")
                raise Failure(b"delimiter list ends with an unescaped backslash: " + shown)
            char = _ESCAPES.get(text[at : at + 1], text[at : at + 1])
        result.append(char)
        at += 1
    return result or [b""]


class _Column:
    """One operand: its lines, one at a time. Operands ``-`` share theirs."""

    __slots__ = ("lines", "open", "pending")

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.pending: list[bytes] = []
        self.open = True

    async def next(self) -> bytes | None:
        if not self.pending and self.open:
            self.pending = await self.lines.batch()
            self.pending.reverse()
            self.open = bool(self.pending)
        return self.pending.pop() if self.pending else None


@program(USAGE, "d:sz", ("delimiters:=d", "serial=s", "zero-terminated=z"))
async def paste(tool: Tool) -> int:
    """paste(1)."""
    end = b"\0" if "z" in tool.options else b"\n"
    given = tool.options.last("d")
    delimiters = [b"\t"] if given is None else _delimiters(given)
    names = tool.operands or [b"-"]
    standard = _Column(Lines(tool.sys, 0, end))
    if "s" in tool.options:
        for name in names:
            await _serial(tool, name, standard, delimiters, end)
        return tool.status
    columns: list[_Column] = []
    for name in names:
        if name == b"-":
            columns.append(standard)
            continue
        try:
            columns.append(_Column(Lines(tool.sys, await open_input(tool.sys, name), end)))
        except OSError as err:
            raise Failure(quotef(name) + b": " + why(err)) from None
    last = len(columns) - 1
    while True:
        row: list[bytes] = []
        found = False
        for at, column in enumerate(columns):
            try:
                line = await column.next()
            except OSError as err:
                await tool.warn(quotef(names[at]), err)
                column.open = False
                line = None
            found |= line is not None
            row.append(line or b"")
            row.append(delimiters[at % len(delimiters)] if at < last else end)
        if not found:
            return tool.status
        tool.out.put(b"".join(row))
        await tool.out.drain()


async def _serial(
    tool: Tool, name: bytes, standard: _Column, delimiters: list[bytes], end: bytes
) -> None:
    try:
        fd = await open_input(tool.sys, name)
        column = standard if name == b"-" else _Column(Lines(tool.sys, fd, end))
        count = 0
        while (line := await column.next()) is not None:
            tool.out.put(delimiters[(count - 1) % len(delimiters)] if count else b"", line)
            count += 1
            await tool.out.drain()
    except OSError as err:
        await tool.warn(quotef(name), err)
        return
    tool.out.put(end)
    await close_input(tool.sys, fd)

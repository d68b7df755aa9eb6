"""comm: what two sorted files have in common, and what not."""

from minios.userland.lib.lines import Lines, open_input
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.stdio import why

USAGE = """
Usage: comm [OPTION]... FILE1 FILE2
Compare two sorted files: lines only in FILE1, lines only in FILE2, and lines in both.

  -1, -2, -3                  leave that column out
      --check-order           stop when a file is not sorted
      --nocheck-order         do not care
      --output-delimiter=STR  separate the columns with STR
      --total                 print the three counts at the end
  -z, --zero-terminated       lines end in NUL
"""


class Sorted:
    """A file's lines one by one, watching their order."""

    __slots__ = ("_pending", "ahead", "line", "lines", "number", "unpairable", "unsorted")

    def __init__(self, lines: Lines, number: int) -> None:
        self.lines = lines
        self.number = number
        self.line: bytes | None = None
        self.unsorted = False
        self._pending: list[bytes] = []

    async def advance(self) -> bool:
        """Go to the next line; False if it sorts before the one that was here."""
        if not self._pending:
            self._pending = await self.lines.batch()
            self._pending.reverse()
        before, self.line = self.line, self._pending.pop() if self._pending else None
        return before is None or self.line is None or before <= self.line


@program(USAGE, "123z", ("check-order", "nocheck-order", "output-delimiter:", "total",
                         "zero-terminated=z"))  # fmt: skip
async def comm(tool: Tool) -> int:
    """comm(1)."""
    options, operands = tool.options, tool.operands
    if not operands:
        raise Failure(b"missing operand", hint=True)
    if len(operands) == 1:
        raise Failure(b"missing operand after " + quote(operands[0]), hint=True)
    if len(operands) > 2:
        raise Failure(b"extra operand " + quote(operands[2]), hint=True)
    end = b"\0" if "z" in options else b"\n"
    separator = options.last("output-delimiter")
    if separator is None:
        separator = b"\t"
    shown = [flag not in options for flag in ("1", "2", "3")]
    prefix = [b"", separator * shown[0], separator * (shown[0] + shown[1])]
    sides: list[Sorted] = []
    for number, name in enumerate(operands, 1):
        try:
            sides.append(Sorted(Lines(tool.sys, await open_input(tool.sys, name), end), number))
        except OSError as err:
            raise Failure(quotef(name) + b": " + why(err)) from None
    counts = [0, 0, 0]
    check = "check-order" in options
    unpaired = False

    async def advance(side: Sorted) -> None:
        try:
            sorted_so_far = await side.advance()
        except OSError as err:
            raise Failure(quotef(operands[side.number - 1]) + b": " + why(err)) from None
        if sorted_so_far or "nocheck-order" in options or side.unsorted:
            return
        if check or unpaired:
            side.unsorted = True
            await tool.warn(b"file %d is not in sorted order" % side.number)
            if check:
                raise Failure

    left, right = sides
    await advance(left)
    await advance(right)
    while left.line is not None or right.line is not None:
        if right.line is None or (left.line is not None and left.line < right.line):
            column, line = 0, left.line
        elif left.line is None or right.line < left.line:
            column, line = 1, right.line
        else:
            column, line = 2, left.line
        unpaired |= column != 2
        counts[column] += 1
        if shown[column]:
            tool.out.put(prefix[column], line or b"", end)
            await tool.out.drain()
        if column != 1:
            await advance(left)
        if column != 0:
            await advance(right)
    if "total" in options:
        tool.out.put(separator.join([*(b"%d" % n for n in counts), b"total"]), end)
    if left.unsorted or right.unsorted:
        await tool.warn(b"input is not in sorted order")
    return tool.status

"""cat: files one after the other, numbered or made visible if asked."""

from minios.userland.lib.lines import BLOCK, close_input, open_input, same_as_output
from minios.userland.lib.program import Tool, program
from minios.userland.lib.quoting import quotef

USAGE = """
Usage: cat [OPTION]... [FILE]...
Copy each FILE to standard output; standard input when there is none or it is -.

  -A, --show-all           same as -vET
  -b, --number-nonblank    number the lines that are not empty
  -e                       same as -vE
  -E, --show-ends          show $ at the end of each line
  -n, --number             number all lines
  -s, --squeeze-blank      at most one empty line in a row
  -t                       same as -vT
  -T, --show-tabs          show a tab as ^I
  -u                       (ignored)
  -v, --show-nonprinting   show control characters as ^X and high bytes as M-X
"""
_LONG = (
    "show-all=A",
    "number-nonblank=b",
    "show-ends=E",
    "number=n",
    "squeeze-blank=s",
    "show-tabs=T",
    "show-nonprinting=v",
)


def visible(char: int) -> bytes:
    """A byte in ``^X`` and ``M-X`` notation."""
    if char >= 128:
        return b"M-" + visible(char - 128)
    if char < 32:
        return b"^" + bytes((char + 64,))
    return b"^?" if char == 127 else bytes((char,))


class _Formatter:
    """What the options do to the stream; a line may go on in the next block or file."""

    def __init__(self, given: set[str]) -> None:
        self.number_all = "n" in given and "b" not in given
        self.number = self.number_all or "b" in given
        self.squeeze = "s" in given
        self.ends = bool(given & {"A", "e", "E"})
        shown = range(128, 256) if given & {"A", "e", "t", "v"} else range(0)
        self.table = {c: visible(c) for c in shown}
        if shown:
            self.table.update({c: visible(c) for c in (*range(32), 127) if c not in (9, 10)})
        if given & {"A", "t", "T"}:
            self.table[9] = b"^I"
        self.count = 0
        self.newlines = 1  # in a row before here
        self.held_return = False

    def block(self, data: bytes) -> bytes:
        out: list[bytes] = []
        if self.held_return:
            data = b"\r" + data
            self.held_return = False
        if self.ends and 13 not in self.table and data.endswith(b"\r"):
            data = data[:-1]
            self.held_return = True
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            stop = end if end >= 0 else len(data)
            text = data[start:stop]
            start = stop + 1
            if text:
                if self.newlines:
                    self._number(out)
                    self.newlines = 0
                if self.ends and end >= 0 and text.endswith(b"\r") and 13 not in self.table:
                    text = text[:-1] + b"^M"
                if self.table:
                    text = b"".join(self.table.get(c) or bytes((c,)) for c in text)
                out.append(text)
            if end < 0:
                break
            self.newlines += 1
            if self.newlines > 1:
                if self.squeeze and self.newlines > 2:
                    self.newlines = 3
                    continue
                if self.number_all:
                    self._number(out)
            out.append(b"$\n" if self.ends else b"\n")
        return b"".join(out)

    def finish(self) -> bytes:
        return b"\r" if self.held_return else b""

    def _number(self, out: list[bytes]) -> None:
        if self.number:
            self.count += 1
            out.append(b"%6d\t" % self.count)


@program(USAGE, "AbeEnstTuv", _LONG)
async def cat(tool: Tool) -> int:
    """cat(1)."""
    sys = tool.sys
    given = {name for name, _ in tool.options.flags}
    formatter = _Formatter(given) if given - {"u"} else None
    for name in tool.operands or [b"-"]:
        try:
            fd = await open_input(sys, name)
            if await same_as_output(sys, fd) and (formatter or name != b"-"):
                await tool.warn(quotef(name) + b": input file is output file")
                await close_input(sys, fd)
                continue
        except OSError as err:
            await tool.warn(quotef(name), err)
            continue
        while True:
            try:
                data = await sys.read(fd, BLOCK)
            except OSError as err:
                await tool.warn(quotef(name), err)
                break
            if not data:
                break
            if formatter:
                await sys.compute(1 + len(data) // 16)
                data = formatter.block(data)
            tool.out.put(data)
            await tool.out.flush()
        await close_input(sys, fd)
    if formatter:
        tool.out.put(formatter.finish())
    return tool.status

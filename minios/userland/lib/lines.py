"""Lines of input, many at a time: what most text tools read."""

from collections.abc import AsyncIterator, Sequence

from minios.abi.flags import O_RDONLY, S_IFMT, S_IFREG, SEEK_CUR
from minios.abi.sys import Sys
from minios.userland.lib.probes import probed
from minios.userland.lib.program import Tool
from minios.userland.lib.quoting import quotef
from minios.userland.lib.stdio import LINE_MAX

BLOCK = 32768
"""Bytes asked of one read(2)."""


class Lines:
    """A stream of lines without their ends.

    ``cut`` tells that the last line of the last batch had no end: the file's last line, or a piece
    of one longer than LINE_MAX.
    """

    __slots__ = ("_rest", "_sys", "at_end", "cut", "end", "fd")

    def __init__(self, sys: Sys, fd: int, end: bytes = b"\n") -> None:
        self._sys = sys
        self._rest = b""
        self.fd = fd
        self.end = end
        self.cut = False
        self.at_end = False

    @probed(
        b"fread_unlocked",
        lambda self: self._sys,
        value=lambda lines: sum(map(len, lines)) + len(lines),
        out=lambda lines: (b"".join(line + b"\n" for line in lines), 1, BLOCK),
    )
    async def batch(self) -> list[bytes]:
        """The next lines, at least one, computing for them; empty at end of file. May raise."""
        while not self.at_end:
            data = await self._sys.read(self.fd, BLOCK)
            await self._sys.compute(1 + len(data) // 32 + data.count(self.end))
            if not data:
                self.at_end = True
                if not self._rest:
                    break
                last, self._rest = self._rest, b""
                self.cut = True
                return [last]
            lines = data.split(self.end)
            lines[0] = self._rest + lines[0]
            self._rest = lines.pop()
            if len(self._rest) >= LINE_MAX:
                lines.append(self._rest)
                self._rest = b""
                self.cut = True
                return lines
            if lines:
                return lines
        return []

    async def unread(self, lines: Sequence[bytes]) -> None:
        """Give back what was read but not used: move a seekable file's offset behind the rest.

        ``lines`` are the unused ones of the last batch.
        """
        size = len(self._rest) + sum(map(len, lines)) + len(lines) * len(self.end)
        if lines and self.cut:
            size -= len(self.end)
        if size:
            try:
                await self._sys.lseek(self.fd, -size, SEEK_CUR)
            except OSError:
                return  # a pipe or a terminal: read is read


async def open_input(sys: Sys, name: bytes) -> int:
    """A descriptor for an operand; ``-`` is standard input. Raises OSError."""
    return 0 if name == b"-" else await sys.open(name, O_RDONLY)


async def close_input(sys: Sys, fd: int) -> None:
    if fd != 0:
        await sys.close(fd)


async def read_operand(sys: Sys, name: bytes, limit: int = 1 << 20) -> bytes:
    """All of a small file, or of standard input for ``-``; at most ``limit`` bytes."""
    fd = await open_input(sys, name)
    parts: list[bytes] = []
    size = 0
    while size < limit and (data := await sys.read(fd, min(BLOCK, limit - size))):
        parts.append(data)
        size += len(data)
    await close_input(sys, fd)
    return b"".join(parts)


async def same_as_output(sys: Sys, fd: int) -> bool:
    """Whether ``fd`` is the regular file that standard output appends to (it would never end)."""
    ours, theirs = await sys.fstat(1), await sys.fstat(fd)
    return ours.mode & S_IFMT == S_IFREG and (ours.dev, ours.ino) == (theirs.dev, theirs.ino)


async def batches(
    tool: Tool, names: Sequence[bytes], end: bytes = b"\n", prefix: bytes = b""
) -> AsyncIterator[tuple[Lines, list[bytes]]]:
    """The batches of all files, one after the other (standard input if there are none).

    What cannot be opened is reported as ``NAME: PREFIX FILE: why`` and sets the exit status.
    """
    for name in names or [b"-"]:
        try:
            fd = await open_input(tool.sys, name)
        except OSError as err:
            await tool.warn(prefix + quotef(name), err)
            continue
        source = Lines(tool.sys, fd, end)
        while True:
            try:
                lines = await source.batch()
            except OSError as err:
                await tool.warn(quotef(name), err)
                break
            if not lines:
                break
            yield source, lines
        await close_input(tool.sys, fd)

"""filefrag(8) (e2fsprogs 1.47): where the blocks of a file lie."""

from minios.abi.errno import Errno
from minios.abi.flags import (
    FIEMAP_EXTENT_DELALLOC,
    FIEMAP_EXTENT_LAST,
    FIEMAP_EXTENT_UNKNOWN,
    FIEMAP_FLAG_SYNC,
    FS_IOC_FIEMAP,
    O_RDONLY,
)
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, why

USAGE = """
Usage: filefrag [-sv] file ...
  -s    bring the file to the disk first
  -v    show every extent: a run of blocks that lie side by side
"""

BLOCK = 4096
_WORDS = (
    (FIEMAP_EXTENT_LAST, b"last"), (FIEMAP_EXTENT_UNKNOWN, b"unknown_loc"),
    (FIEMAP_EXTENT_DELALLOC, b"delalloc"),
)  # fmt: skip


@program(USAGE, "b:BeEksvxX", ())
async def filefrag(tool: Tool) -> int:
    """Report on the fragmentation of files."""
    sys = tool.sys
    if not tool.operands:
        await complain(sys, b"Usage: filefrag [-b{blocksize}[KMG]] [-BeEksvxX] file ...")
        return 1
    verbose = "v" in tool.options
    for number, name in enumerate(tool.operands):
        try:
            fd = await sys.open(name, O_RDONLY)
        except OSError as err:
            await complain(sys, b"open: " + why(err))
            return err.errno or 1
        size = (await sys.fstat(fd)).size
        sync = FIEMAP_FLAG_SYNC if "s" in tool.options else 0
        try:
            extents = await sys.ioctl(fd, FS_IOC_FIEMAP, (0, size, sync))
        except OSError as err:
            if err.errno not in (Errno.ENOTTY, Errno.ENOTSUP):
                raise
            await complain(sys, name + b": FIBMAP/FIEMAP unsupported")
            return 1
        await sys.close(fd)
        if verbose:
            await _extents(tool, name, size, extents, first=number == 0)
        count = _count(extents)
        plural = b"" if count == 1 else b"s"
        await tool.line(b"%b: %d extent%b found" % (name, count, plural))
    return 0


def _count(extents: list[tuple[int, int, int, int]]) -> int:
    """How many times the arm has to move: an extent that follows the one before it is none."""
    count = 0
    end = gap = -1
    for logical, physical, length, _ in extents:
        if physical != end and physical - logical != gap:
            count += 1
        end = physical + length
        gap = physical - logical
    return count


async def _extents(
    tool: Tool, name: bytes, size: int, extents: list[tuple[int, int, int, int]], *, first: bool
) -> None:
    if first:
        await tool.line(b"Filesystem type is: ef53")
    blocks = -(-size // BLOCK)
    plural = b"" if blocks == 1 else b"s"
    text = (name, size, blocks, plural, BLOCK)
    await tool.line(b"File size of %b is %d (%d block%b of %d bytes)" % text)
    if not extents:
        return
    await tool.line(
        b" ext: %19b %23b %7b %11b %b"
        % (b"logical_offset:", b"physical_offset:", b"length:", b"expected:", b"flags:")
    )
    end = 0
    for number, (logical, physical, length, flags) in enumerate(extents):
        at, place, count = logical // BLOCK, physical // BLOCK, length // BLOCK
        expected = b""
        if number and physical != end:
            expected = b"%d:" % (end // BLOCK)
        elif not number and logical:
            expected = b"%d:" % at
        end = physical + length
        words = [word for bit, word in _WORDS if flags & bit]
        if flags & FIEMAP_EXTENT_LAST and logical + length >= size:
            words.append(b"eof")
        row = (number, at, at + count - 1, place, place + count - 1, count, expected)
        line = b"%4d: %8d..%8d: %10d..%10d: %6d: %11b" % row
        await tool.line(line + b" " + b",".join(words) if words else line)

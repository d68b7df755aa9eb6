"""tally: a program for levels that says nothing, whatever goes wrong. Only its calls do."""

from zlib import crc32

from minios.abi.flags import O_APPEND, O_CREAT, O_RDONLY, O_WRONLY
from minios.userland.lib.program import Tool, program

USAGE = """
Usage: tally SALES BOOK
Add up the numbers of SALES, eight bytes each, and write the sum into BOOK under
the seal of this machine. The exit status says whether that was done.
"""

RECORD = 8
"""Bytes of a number, with its newline; each is a read of its own."""
CYCLES = 130
"""What it takes to add one."""
SEALS = b"/srv/seal/"


@program(USAGE, "")
async def tally(tool: Tool) -> int:
    """Add, seal, write; on any trouble end without a word."""
    if len(tool.operands) != 2:
        return 1
    sales, book = tool.operands
    sys = tool.sys
    try:
        fd = await sys.open(sales, O_RDONLY)
        if (await sys.fstat(fd)).size % RECORD:
            return 1
        total = 0
        while record := await sys.read(fd, RECORD):
            total += int(record) if record.strip().isdigit() else 0
            await sys.compute(CYCLES)
        await sys.close(fd)
        name = (await sys.uname()).nodename
        seal = await sys.open(SEALS + b"%08x" % crc32(name), O_RDONLY)
        mark = (await sys.read(seal, 64)).strip()
        await sys.close(seal)
        out = await sys.open(book, O_WRONLY | O_CREAT | O_APPEND)
        await sys.write(out, b"TOTAL %d %b\n" % (total, mark))
        await sys.close(out)
    except OSError:
        return 1
    return 0

"""lp, lpr, lpq, lprm and cancel: the print queue from its users' side (as CUPS words it)."""

from minios.userland.lib import spool
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import why, write_all

LP = """
Usage: lp [-c] [-d PRINTER] [-n COPIES] [-s] [-t TITLE] [FILE]...
Print files, or standard input.

  -d PRINTER    the printer; there is one, lp
  -n COPIES     how many copies
  -s            do not print the request id
  -t TITLE      the job's name
"""

LPR = """
Usage: lpr [-P PRINTER] [-# COPIES] [-J TITLE] [-r] [FILE]...
Print files, or standard input.

  -P PRINTER    the printer; there is one, lp
  -# COPIES     how many copies
  -J TITLE      the job's name
  -r            remove the files afterwards
"""

LPQ = """
Usage: lpq [-P PRINTER]
Show the print queue.
"""

LPRM = """
Usage: lprm [-P PRINTER] [JOB]...
Take jobs out of the print queue: the one that is being printed, those with the
numbers given, or with - all of one's own.
"""

CANCEL = """
Usage: cancel [-a] [ID | JOB]...
Take jobs out of the print queue; with -a all of one's own.
"""


def _check_printer(name: bytes | None) -> None:
    if name not in (None, spool.PRINTER):
        raise Failure(b"Error - The printer or class does not exist.", 1)


async def _read(tool: Tool, path: bytes | None) -> bytes:
    """A whole file, or standard input for None; kept until it is sent."""
    sys = tool.sys
    fd = 0
    try:
        if path is not None:
            fd = await sys.open(path)
        data = b""
        while part := await sys.read(fd, 16384):
            await tool.retain(len(part))
            data += part
            if len(data) > spool.JOB_MAX:
                raise Failure(b"Error - job too large.", 1)
        if fd:
            await sys.close(fd)
    except OSError as err:
        name = path if path is not None else b"stdin"
        text = b'Error - unable to access "' + name + b'" - ' + why(err)
        raise Failure(text, 1) from None
    return data


async def _submit(tool: Tool, copies: bytes | None, title: bytes | None) -> bytes:
    """Send every file as one job each; the number of the last one."""
    if copies is not None and (not copies.isdigit() or not 1 <= int(copies) <= 100):
        raise Failure(b"Error - copies must be 1 or more.", 1)
    sources: list[bytes | None] = [*tool.operands] or [None]
    number = b""
    for source in sources:
        data = await _read(tool, source)
        if source is None and not data:
            raise Failure(b"Error - stdin is empty, so no job has been sent.", 1)
        name = title or (source.rpartition(b"/")[2] if source is not None else b"(stdin)")
        name = name.replace(b"\t", b" ").replace(b"\n", b" ")[:64]
        request = spool.RECEIVE + b"\t".join((spool.PRINTER, copies or b"1", name))
        try:
            answer = await spool.ask(tool.sys, request, data)
        except OSError:
            raise Failure(b"Error - scheduler not responding.", 1) from None
        tool.release(len(data))
        number = answer.strip()
        if not number.isdigit():
            raise Failure(b"Error - " + number, 1)
    return number


@program(LP, "cd:n:st:")
async def lp(tool: Tool) -> int:
    """lp(1)."""
    options = tool.options
    _check_printer(options.last("d"))
    number = await _submit(tool, options.last("n"), options.last("t"))
    if "s" not in options:
        count = max(len(tool.operands), 1)
        await tool.line(b"request id is lp-%b (%d file(s))" % (number, count))
    return 0


@program(LPR, "P:#:J:T:rh")
async def lpr(tool: Tool) -> int:
    """lpr(1)."""
    options = tool.options
    _check_printer(options.last("P"))
    await _submit(tool, options.last("#"), options.last("J") or options.last("T"))
    if "r" in options:
        for path in tool.operands:
            try:
                await tool.sys.unlink(path)
            except OSError as err:
                await tool.warn(path, err)
    return tool.status


@program(LPQ, "P:al")
async def lpq(tool: Tool) -> int:
    """lpq(1)."""
    _check_printer(tool.options.last("P"))
    try:
        answer = await spool.ask(tool.sys, spool.LIST + spool.PRINTER)
    except OSError:
        raise Failure(b"Unable to connect to server.", 1) from None
    await write_all(tool.sys, 1, answer)
    return 0


async def _remove(tool: Tool, numbers: list[bytes], complaint: bytes) -> int:
    request = spool.REMOVE + b"\t".join((spool.PRINTER, *numbers))
    try:
        answer = await spool.ask(tool.sys, request)
    except OSError:
        raise Failure(b"Unable to connect to server.", 1) from None
    if answer:
        raise Failure(complaint + answer.strip(), 1)
    return 0


@program(LPRM, "P:")
async def lprm(tool: Tool) -> int:
    """lprm(1)."""
    _check_printer(tool.options.last("P"))
    return await _remove(tool, tool.operands, b"")


@program(CANCEL, "a")
async def cancel(tool: Tool) -> int:
    """cancel(1)."""
    numbers = [word.removeprefix(spool.PRINTER + b"-") for word in tool.operands]
    if "a" in tool.options:
        numbers = [b"-"]
    if not numbers:
        return 0
    return await _remove(tool, numbers, b"cancel-job failed: ")

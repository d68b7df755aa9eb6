"""head: the first lines or bytes of files."""

from collections import deque
from contextlib import suppress

from minios.abi.flags import SEEK_CUR
from minios.userland.lib.lines import BLOCK, Lines, close_input, open_input
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf
from minios.userland.lib.sizes import SizeError, parse_size

USAGE = """
Usage: head [OPTION]... [FILE]...
Print the first 10 lines of each FILE, with a header if there is more than one.

  -c, --bytes=[-]NUM    print the first NUM bytes; with - all but the last NUM
  -n, --lines=[-]NUM    print the first NUM lines; with - all but the last NUM
  -q, --quiet           no headers
  -v, --verbose         headers always
  -z, --zero-terminated lines end in NUL
NUM may have a multiplier: b 512, K 1024, kB 1000, M, G and so on.
"""
_LONG = ("bytes:=c", "lines:=n", "quiet=q", "silent=q", "verbose=v", "zero-terminated=z")


def count(text: bytes, what: bytes) -> int:
    """NUM of ``-n`` or ``-c`` without its sign."""
    try:
        return parse_size(text, b"bEGKkMPTYZ0")
    except SizeError as err:
        number = b"invalid number of " + what + b": " + quote(text)
        if err.kind == "overflow":
            number += b": Value too large for defined data type"
        raise Failure(number) from None


def obsolete(args: list[bytes]) -> list[bytes]:
    """Rewrite a leading ``-5``, ``-5c`` or ``-5qv`` into today's options."""
    if not args or len(args[0]) < 2 or not args[0].startswith(b"-") or not args[0][1:2].isdigit():
        return args
    letters = args[0][1:].lstrip(b"0123456789")
    number = args[0][1 : len(args[0]) - len(letters)]
    option, multiplier = b"-n", b""
    rest: list[bytes] = []
    for at in range(len(letters)):
        letter = letters[at : at + 1]
        if letter in b"cbkm":
            option = b"-c"
            multiplier = b"" if letter == b"c" else letter.upper() if letter != b"b" else letter
        elif letter == b"l":
            option = b"-n"
        elif letter in b"qvz":
            rest.append(b"-" + letter)
        else:
            raise UsageError(f"invalid trailing option -- {letter.decode('latin-1')}")
    return [option + number + multiplier, *rest, *args[1:]]


async def header(tool: Tool, name: bytes, first: bool) -> None:
    """``==> NAME <==``, with a blank line before all but the first."""
    shown = b"standard input" if name == b"-" else name
    tool.out.put(b"" if first else b"\n", b"==> ", shown, b" <==\n")
    await tool.out.drain()


@program(USAGE)
async def head(tool: Tool) -> int:
    """head(1)."""
    tool.options = parse(obsolete(tool.argv[1:]), "c:n:qvz", [*_LONG, "help", "version"])
    options = tool.options
    if await tool.describe(USAGE):
        return 0
    in_bytes, keep_end, number = False, False, 10
    headers: bool | None = None
    for flag, value in options.flags:
        if flag in ("c", "n"):
            text = value or b""
            in_bytes = flag == "c"
            keep_end = text.startswith(b"-")
            number = count(text.removeprefix(b"-"), b"bytes" if in_bytes else b"lines")
        elif flag in ("q", "v"):
            headers = flag == "v"
    names = tool.operands or [b"-"]
    if headers is None:
        headers = len(names) > 1
    end = b"\0" if "z" in options else b"\n"
    first = True
    for name in names:
        try:
            fd = await open_input(tool.sys, name)
        except OSError as err:
            await tool.warn(b"cannot open " + quoteaf(name) + b" for reading", err)
            continue
        if headers:
            await header(tool, name, first)
        first = False
        try:
            if in_bytes:
                await (_all_but_bytes if keep_end else _first_bytes)(tool, fd, number)
            else:
                await (_all_but_lines if keep_end else _first_lines)(tool, fd, number, end)
        except OSError as err:
            await tool.out.flush()
            shown = b"standard input" if name == b"-" else name
            await tool.warn(b"error reading " + quoteaf(shown), err)
        await close_input(tool.sys, fd)
    return tool.status


async def _first_bytes(tool: Tool, fd: int, number: int) -> None:
    while number > 0:
        data = await tool.sys.read(fd, min(BLOCK, number))
        if not data:
            return
        number -= len(data)
        tool.out.put(data)
        await tool.out.drain()


async def _first_lines(tool: Tool, fd: int, number: int, end: bytes) -> None:
    while number > 0:
        data = await tool.sys.read(fd, BLOCK)
        if not data:
            return
        await tool.sys.compute(1 + len(data) // 64)
        lines = data.count(end)
        if lines < number:
            number -= lines
            tool.out.put(data)
        else:
            at = 0
            for _ in range(number):
                at = data.index(end, at) + 1
            tool.out.put(data[:at])
            number = 0
            if at < len(data):
                with suppress(OSError):
                    await tool.sys.lseek(fd, at - len(data), SEEK_CUR)
        await tool.out.drain()


async def _all_but_bytes(tool: Tool, fd: int, number: int) -> None:
    held = b""
    while data := await tool.sys.read(fd, BLOCK):
        await tool.sys.compute(1 + len(data) // 64)
        await tool.retain(min(len(data), max(0, number - len(held))))
        held += data
        if len(held) > number:
            tool.out.put(held[: len(held) - number])
            held = held[len(held) - number :]
            await tool.out.drain()
    tool.release(len(held))


async def _all_but_lines(tool: Tool, fd: int, number: int, end: bytes) -> None:
    source = Lines(tool.sys, fd, end)
    held: deque[bytes] = deque()
    while lines := await source.batch():
        for at, line in enumerate(lines):
            whole = at < len(lines) - 1 or not source.cut
            held.append(line + end if whole else line)
            await tool.retain(len(line) + 48)
            if len(held) > number:
                oldest = held.popleft()
                tool.release(len(oldest) - 1 + 48)
                tool.out.put(oldest)
                await tool.out.drain()
    unread = sum(map(len, held))
    tool.release(unread + 47 * len(held))
    if unread:
        with suppress(OSError):  # a pipe does not seek
            await tool.sys.lseek(fd, -unread, SEEK_CUR)

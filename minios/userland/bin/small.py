"""true(1), false(1), echo(1), printf(1), pwd(1), nproc(1), arch(1) and which(1)."""

from minios.abi.flags import S_IFMT, S_IFREG, X_OK
from minios.userland.bin.identity import no_operands
from minios.userland.lib import printf as formatting
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import complain, read_file

TRUE_USAGE = "Usage: true [ignored arguments]\nDo nothing, successfully."
FALSE_USAGE = "Usage: false [ignored arguments]\nDo nothing, unsuccessfully."


async def _lone_option(tool: Tool, usage: str) -> bool:
    """``--help`` or ``--version`` and nothing else: answered."""
    if len(tool.argv) != 2 or tool.argv[1] not in (b"--help", b"--version"):
        return False
    tool.options.flags.append((tool.argv[1][2:].decode(), None))
    return await tool.describe(usage)


@program(TRUE_USAGE)
async def true(tool: Tool) -> int:
    """Succeed."""
    await _lone_option(tool, TRUE_USAGE)
    return 0


@program(FALSE_USAGE)
async def false(tool: Tool) -> int:
    """Fail."""
    await _lone_option(tool, FALSE_USAGE)
    return 1


ECHO_USAGE = """
Usage: echo [-neE] [STRING]...
Print the strings with spaces between them.
  -n    no newline at the end
  -e    backslash escapes: \\\\ \\a \\b \\c \\e \\f \\n \\r \\t \\v \\0NNN \\xHH
  -E    none (the default)
"""

_ECHO_ESCAPES = {
    0x61: 7, 0x62: 8, 0x65: 27, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x76: 11, 0x5C: 0x5C,
}  # fmt: skip
_OCTAL = b"01234567"
_HEX = b"0123456789abcdefABCDEF"


@program(ECHO_USAGE)
async def echo(tool: Tool) -> int:
    """Print a line of text."""
    if await _lone_option(tool, ECHO_USAGE):
        return 0
    args = tool.argv[1:]
    newline, escapes = True, False
    while args and len(args[0]) > 1 and args[0][:1] == b"-" and not args[0][1:].strip(b"neE"):
        for letter in args.pop(0)[1:]:
            if letter == 0x6E:
                newline = False
            else:
                escapes = letter == 0x65
    for number, arg in enumerate(args):
        stop = False
        if escapes:
            arg, stop = echo_escapes(arg)
        tool.out.put(b" " if number else b"", arg)
        await tool.out.drain()
        if stop:
            return 0
    if newline:
        tool.out.put(b"\n")
    return 0


def echo_escapes(text: bytes) -> tuple[bytes, bool]:
    """What GNU ``echo -e`` makes of an argument, and whether ``\\c`` ends the output there."""
    out = bytearray()
    at, end = 0, len(text)
    while at < end:
        c = text[at]
        at += 1
        if c != 0x5C or at >= end:
            out.append(c)
            continue
        c = text[at]
        at += 1
        if c in _ECHO_ESCAPES:
            out.append(_ECHO_ESCAPES[c])
        elif c == 0x63:
            return bytes(out), True
        elif c == 0x78 and at < end and text[at] in _HEX:
            first = at
            while at < end and at < first + 2 and text[at] in _HEX:
                at += 1
            out.append(int(text[first:at], 16))
        elif c in _OCTAL:
            first = at if c == 0x30 else at - 1
            while at < end and at < first + 3 and text[at] in _OCTAL:
                at += 1
            out.append(int(text[first:at] or b"0", 8) & 0xFF)
        else:
            out += bytes((0x5C, c))
    return bytes(out), False


PRINTF_USAGE = """
Usage: printf FORMAT [ARGUMENT]...
Print the arguments as FORMAT says: C's conversions, %b for text with escapes, %q for text quoted
for a shell. FORMAT is used again while arguments are left.
"""

_COMPLAINTS = {
    formatting.EXPECTED: b"%s: expected a numeric value",
    formatting.INCOMPLETE: b"%s: value not completely converted",
    formatting.RANGE: b"%s: Numerical result out of range",
}


@program(PRINTF_USAGE)
async def printf(tool: Tool) -> int:
    """Format and print."""
    if await _lone_option(tool, PRINTF_USAGE):
        return 0
    args = tool.argv[1:]
    if args[:1] == [b"--"]:
        args = args[1:]
    if not args:
        raise Failure(b"missing operand", hint=True)
    status = 0
    for piece in formatting.render(args[0], args[1:], gnu=True):
        if isinstance(piece, bytes):
            tool.out.put(piece)
            await tool.out.drain()
            continue
        kind, word, _ = piece
        if kind == formatting.EXCESS:
            text = b"warning: ignoring excess arguments, starting with " + quote(word)
            await tool.warn(text, status=0)
        elif kind == formatting.CHARACTERS:
            text = b"warning: " + word + b": character(s) following character constant "
            await tool.warn(text + b"have been ignored", status=0)
        else:
            status = 1
            if kind in _COMPLAINTS:
                await tool.warn(_COMPLAINTS[kind] % quote(word))
            else:
                await tool.warn(word + b": invalid conversion specification")
        await tool.sys.compute(2)
    return status


PWD_USAGE = """
Usage: pwd [OPTION]...
Print the name of the current directory.
  -L    as $PWD has it, if that is right
  -P    without symbolic links (the default)
"""


@program(PWD_USAGE, "LP", ("logical=L", "physical=P"))
async def pwd(tool: Tool) -> int:
    """Print the current directory."""
    logical = False
    for flag, _ in tool.options.flags:
        logical = flag == "L"
    if tool.operands:
        await tool.warn(b"ignoring non-option arguments", status=0)
    name = tool.env.get(b"PWD", b"")
    parts = name.split(b"/")
    if logical and name.startswith(b"/") and b"." not in parts and b".." not in parts:
        try:
            there, here = await tool.sys.stat(name), await tool.sys.stat(b".")
        except OSError:
            pass
        else:
            if (there.dev, there.ino) == (here.dev, here.ino):
                await tool.line(name)
                return 0
    try:
        await tool.line(await tool.sys.getcwd())
    except OSError as err:
        await tool.warn(b"cannot get current directory", err)
        return 1
    return 0


NPROC_USAGE = """
Usage: nproc [OPTION]...
Print how many processors there are to run on, by the affinity (taskset).
  --all         all that are installed
  --ignore=N    N fewer, but at least one
"""


@program(NPROC_USAGE, "", ("all", "ignore:"))
async def nproc(tool: Tool) -> int:
    """Count processors."""
    ignored = 0
    for flag, value in tool.options.flags:
        if flag == "ignore":
            text = (value or b"").strip()
            if not text.isdigit() or len(text) > 18:
                raise Failure(b"invalid number: " + quote(value or b""))
            ignored = int(text)
    no_operands(tool)
    if "all" in tool.options:
        lines = (await read_file(tool.sys, b"/proc/stat")).split(b"\n")
        count = sum(line.startswith(b"cpu") and line[3:4].isdigit() for line in lines)
    else:
        count = (await tool.sys.sched_getaffinity()).bit_count()
        wanted = tool.env.get(b"OMP_NUM_THREADS", b"").partition(b",")[0].strip()
        limit = tool.env.get(b"OMP_THREAD_LIMIT", b"").strip()
        if wanted.isdigit() and int(wanted[:9]):
            count = int(wanted[:9])
        if limit.isdigit() and int(limit[:9]):
            count = min(count, int(limit[:9]))
    await tool.line(b"%d" % max(1, count - ignored))
    return 0


@program("Usage: arch\nPrint the machine's architecture (like uname -m).", "")
async def arch(tool: Tool) -> int:
    """Print the architecture."""
    no_operands(tool)
    await tool.line((await tool.sys.uname()).machine)
    return 0


@program("")
async def which(tool: Tool) -> int:
    """Print where in PATH commands are, with -a everywhere (Debian's which)."""
    every = False
    args = tool.argv[1:]
    while args and args[0][:1] == b"-" and len(args[0]) > 1:
        option = args.pop(0)
        if option == b"--":
            break
        for letter in option[1:]:
            every |= letter == 0x61
            if letter != 0x61:
                await complain(tool.sys, b"Illegal option -" + bytes((letter,)))
                await tool.line(b"Usage: /usr/bin/which [-a] args")
                return 2
    status = 0 if args else 1
    for name in args:
        found = await _where(tool, name, every=every)
        for path in found:
            await tool.line(path)
        if not found:
            status = 1
    return status


async def _where(tool: Tool, name: bytes, *, every: bool) -> list[bytes]:
    if b"/" in name:
        return [name] if await _is_program(tool, name) else []
    found = []
    for folder in tool.env.get(b"PATH", b"").split(b":") if name else ():
        path = (folder or b".") + b"/" + name
        if await _is_program(tool, path):
            found.append(path)
            if not every:
                break
    return found


async def _is_program(tool: Tool, path: bytes) -> bool:
    try:
        if (await tool.sys.stat(path)).mode & S_IFMT != S_IFREG:
            return False
        await tool.sys.eaccess(path, X_OK)
    except OSError:
        return False
    return True

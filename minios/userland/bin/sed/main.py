"""sed: edit a stream."""

from minios.userland.bin.sed.execute import Machine
from minios.userland.bin.sed.files import Files
from minios.userland.bin.sed.parser import Parser
from minios.userland.lib.lines import read_operand
from minios.userland.lib.locale import is_utf8
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why

USAGE = """
Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...

  -n, --quiet, --silent        print only what the script prints
  -e, --expression=SCRIPT      add SCRIPT to what is executed
  -f, --file=FILE              add the script in FILE
  -E, -r, --regexp-extended    use extended regular expressions
  -i[SUFFIX], --in-place[=SUFFIX]
                               change the files themselves (keep a backup with SUFFIX)
  -l, --line-length=N          where the l command folds lines
  -s, --separate               each file has its own line numbers and its own last line
  -u, --unbuffered             write each line at once
  -z, --null-data              lines end in NUL
      --posix                  without GNU's extensions
      --sandbox                refuse the commands e, r and w
"""
_LONG = (
    "quiet=n",
    "silent=n",
    "expression:=e",
    "file:=f",
    "regexp-extended=E",
    "in-place::=i",
    "line-length:=l",
    "separate=s",
    "unbuffered=u",
    "null-data=z",
    "zero-terminated=z",
    "binary=b",
    "debug",
    "follow-symlinks",
    "posix",
    "sandbox",
    "help",
    "version",
)


@program(USAGE)
async def sed(tool: Tool) -> int:
    """sed(1). 1 for a bad script, 2 if a file could not be read, 4 for trouble while running."""
    try:
        tool.options = parse(tool.argv[1:], "bsnrzuEe:f:l:i::V:", _LONG)
    except UsageError as err:
        await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(tool.sys, USAGE.strip().encode())
        return 1
    options = tool.options
    if await tool.describe(USAGE):
        return 0
    given = {name for name, _ in options.flags}
    utf8 = is_utf8(tool.env)
    parser = Parser(
        extended=bool({"E", "r"} & given),
        posix="posix" in given,
        sandbox="sandbox" in given,
        utf8=utf8,
    )
    if not {"e", "f"} & given:
        if not tool.operands:
            await complain(tool.sys, USAGE.strip().encode())
            return 1
        options.flags.append(("e", tool.operands.pop(0)))
    expressions = 0
    first = True
    for flag, value in options.flags:
        text = value or b""
        if flag == "e":
            expressions += 1
            parser.piece(text, b"-e expression #%d" % expressions, first=first)
            first = False
        elif flag == "f":
            script = await _script(tool, text)
            parser.piece(script, b"file " + text, lines=True, first=first)
            first = False
    script_ = parser.finish()
    await tool.retain(script_.size)
    width = options.last("l")
    if width is not None and not width.isdigit():
        raise Failure(b"invalid line length: " + width, 1)
    in_place = (options.last("i") or b"") if "i" in given else None
    files = Files(
        tool,
        tool.operands or [b"-"],
        end=b"\0" if "z" in given else b"\n",
        separate="s" in given or in_place is not None,
        in_place=in_place,
        unbuffered="u" in given,
        utf8=utf8,
    )
    if in_place is not None and not tool.operands:
        raise Failure(b"no input files", 4)
    await files.open_sinks(script_)
    machine = Machine(
        tool,
        script_,
        files,
        quiet="n" in given,
        width=70 if width is None else int(width[:9]),
        posix="posix" in given,
    )
    for command in script_.commands:
        command.active = command.zero
    status = await machine.run()
    return status or tool.status


async def _script(tool: Tool, path: bytes) -> bytes:
    """A script file; ``-`` is standard input."""
    try:
        text = await read_operand(tool.sys, path)
    except OSError as err:
        raise Failure(b"couldn't open file " + path + b": " + why(err), 4) from None
    if text.startswith(b"#!") and b"\n" not in text:
        return b""
    return text.removesuffix(b"\n")

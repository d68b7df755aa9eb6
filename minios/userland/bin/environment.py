"""env(1) and printenv(1)."""

from minios.abi.errno import Errno
from minios.userland.lib.execvp import execvp
from minios.userland.lib.options import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf
from minios.userland.lib.stdio import complain, why

ENV_USAGE = """
Usage: env [OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]
Run COMMAND in a changed environment, or print the environment.
  -i, -         start with an empty environment
  -u NAME       without NAME
  -C DIR        in directory DIR
  -S STRING     split STRING into arguments
  -0            end lines with NUL
  -v            say what is done
"""

_SHORT = "+C:iS:u:v0"
_LONG = (
    "ignore-environment=i", "null=0", "unset:=u", "chdir:=C", "default-signal::",
    "ignore-signal::", "block-signal::", "list-signal-handling", "debug=v", "split-string:=S",
    "help", "version",
)  # fmt: skip
_ESCAPES = {
    0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x76: 0x0B, 0x23: 0x23, 0x24: 0x24,
    0x5F: 0x20, 0x22: 0x22, 0x27: 0x27, 0x5C: 0x5C,
}  # fmt: skip
_MANY = 64
"""Options -S are expanded this often, so that none makes another for ever."""


@program(ENV_USAGE, trouble=125)
async def env(tool: Tool) -> int:
    """Run a command in a changed environment."""
    args = tool.argv[1:]
    for _ in range(_MANY):
        tool.options = parse(args, _SHORT.lstrip("+"), _LONG, permute=False)
        if "S" not in tool.options:
            break
        args = _expanded(tool, args)
    if await tool.describe(ENV_USAGE):
        return 0
    opts, rest = tool.options, list(tool.operands)
    environ = dict(tool.env)
    if "i" in opts or rest[:1] == [b"-"]:
        environ = {}
    if rest[:1] == [b"-"]:
        rest.pop(0)
    verbose = "v" in opts
    for flag, value in opts.flags:
        if flag == "u":
            if not value or b"=" in value:
                raise Failure(b"cannot unset " + quote(value or b"") + b": Invalid argument")
            if verbose:
                await complain(tool.sys, b"unset:    " + value)
            environ.pop(value, None)
    while rest and b"=" in rest[0]:
        name, _, value = rest.pop(0).partition(b"=")
        if verbose:
            await complain(tool.sys, b"setenv:   " + name + b"=" + value)
        environ[name] = value
    null = "0" in opts
    if rest and null:
        raise Failure(b"cannot specify --null (-0) with command", hint=True)
    folder = opts.last("C")
    if not rest:
        if folder is not None:
            raise Failure(b"must specify command with --chdir (-C)", hint=True)
        for name, value in environ.items():
            tool.out.put(name, b"=", value, b"\0" if null else b"\n")
            await tool.out.drain()
        return 0
    if folder is not None:
        try:
            await tool.sys.chdir(folder)
        except OSError as err:
            raise Failure(
                b"cannot change directory to " + quoteaf(folder) + b": " + why(err)
            ) from None
    if verbose:
        await complain(tool.sys, b"executing: " + rest[0])
        for number, arg in enumerate(rest):
            await complain(tool.sys, b"   arg[%d]= " % number + quote(arg))
    try:
        await execvp(tool.sys, rest, environ)
    except OSError as err:
        missing = err.errno == Errno.ENOENT
        await tool.warn(quote(rest[0]), err)
        if missing and any(c in b" \t\n\v\f\r" for c in rest[0]):
            text = b"use -[v]S to pass options in shebang lines"
            await tool.warn(text)
        return 127 if missing else 126
    return 0


def _expanded(tool: Tool, args: list[bytes]) -> list[bytes]:
    """``args`` with the first -S replaced by the words of its string."""
    at = 0
    while at < len(args):
        arg = args[at]
        if arg.startswith(b"--split-string="):
            return args[:at] + _split(tool, arg.partition(b"=")[2]) + args[at + 1 :]
        if arg == b"--split-string":
            return args[:at] + _split(tool, args[at + 1]) + args[at + 2 :]
        if arg.startswith(b"-") and not arg.startswith(b"--"):
            found = arg.find(b"S")
            takes = min((arg.find(c) for c in (b"u", b"C") if c in arg), default=len(arg))
            if 0 <= found < takes:
                before = [arg[:found]] if found > 1 else []
                if found + 1 < len(arg):
                    return args[:at] + before + _split(tool, arg[found + 1 :]) + args[at + 1 :]
                return args[:at] + before + _split(tool, args[at + 1]) + args[at + 2 :]
            if takes == len(arg) - 1:
                at += 1
        at += 1
    return args


def _split(tool: Tool, text: bytes) -> list[bytes]:
    """The words of an -S string: quotes, escapes, ``${NAME}`` and comments."""
    words: list[bytes] = []
    word: bytearray | None = None
    quoted = 0
    at = 0
    while at < len(text):
        c = text[at]
        at += 1
        if c in b"'\"" and quoted in (0, c):
            quoted = 0 if quoted else c
            word = bytearray() if word is None else word
        elif c in b" \t\n\v\f\r" and not quoted:
            if word is not None:
                words.append(bytes(word))
                word = None
        elif c == 0x23 and word is None and not quoted:
            break
        elif c == 0x5C and at < len(text) and not (quoted == 0x27 and text[at] not in b"\\'"):
            c = text[at]
            at += 1
            if c == 0x63:
                if quoted == 0x22:
                    raise Failure(b"'\\c' must not appear in double-quoted -S string")
                break
            if c == 0x5F and not quoted:
                if word is not None:
                    words.append(bytes(word))
                    word = None
                continue
            if c not in _ESCAPES:
                raise Failure(b"invalid sequence '\\" + bytes((c,)) + b"' in -S")
            word = (bytearray() if word is None else word) + bytes((_ESCAPES[c],))
        elif c == 0x5C and at >= len(text) and quoted != 0x27:
            raise Failure(b"invalid backslash at end of string in -S")
        elif c == 0x24 and quoted != 0x27:
            end = text.find(b"}", at)
            name = text[at + 1 : end]
            if text[at : at + 1] != b"{" or end < 0 or not name.replace(b"_", b"a").isalnum():
                rest = text[at - 1 :]
                raise Failure(b"only ${VARNAME} expansion is supported, error at: " + rest)
            if name in tool.env:
                word = (bytearray() if word is None else word) + tool.env[name]
            at = end + 1
        else:
            word = (bytearray() if word is None else word) + bytes((c,))
    if quoted:
        raise Failure(b"no terminating quote in -S string")
    if word is not None:
        words.append(bytes(word))
    return words


PRINTENV_USAGE = """
Usage: printenv [OPTION]... [VARIABLE]...
Print the environment, or the values of variables.
  -0    end lines with NUL
"""


@program(PRINTENV_USAGE, "0", ("null=0",), trouble=2, permute=False)
async def printenv(tool: Tool) -> int:
    """Print the environment."""
    end = b"\0" if "0" in tool.options else b"\n"
    if not tool.operands:
        for name, value in tool.env.items():
            tool.out.put(name, b"=", value, end)
            await tool.out.drain()
        return 0
    found = 0
    for name in tool.operands:
        if b"=" not in name and name in tool.env:
            tool.out.put(tool.env[name], end)
            await tool.out.drain()
            found += 1
    return 0 if found == len(tool.operands) else 1

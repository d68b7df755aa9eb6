"""Built-ins about commands and their names: command, type, hash, alias, unalias."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from minios.abi import flags as abi
from minios.userland.shell.builtins.base import OptionReader, single_quoted, slow
from minios.userland.shell.search import find_program, hash_miss, search_miss
from minios.userland.shell.state import DEFAULT_PATH
from minios.userland.shell.words import KEYWORDS

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


def _in_table_order(names: Iterable[bytes], size: int) -> list[bytes]:
    """The order in which dash's hash table of ``size`` buckets lists them."""
    return sorted(names, key=lambda name: ((name[0] << 4) + sum(name)) % size)


async def describe(sh: "Shell", name: bytes, path: bytes | None, verbose: bool) -> int:
    """Print what ``name`` would run: a sentence, or what ``command -v`` prints."""
    if name in KEYWORDS:
        sh.put(name + b" is a shell keyword" if verbose else name, b"\n")
        return 0
    if name in sh.aliases:
        value = sh.aliases[name]
        if verbose:
            sh.put(name + b" is an alias for " + value + b"\n")
        else:
            sh.put(b"alias " + name + b"=" + single_quoted(value) + b"\n")
        return 0
    if name in sh.functions:
        sh.put(name + b" is a shell function" if verbose else name, b"\n")
        return 0
    builtin = sh.builtins.get(name)
    if builtin is not None:
        kind = b" is a special shell builtin" if builtin.special else b" is a shell builtin"
        sh.put(name + kind if verbose else name, b"\n")
        return 0
    found: bytes | None
    tracked = False
    if b"/" in name:
        found = name
        try:
            await sh.sys.access(name, abi.F_OK)
        except OSError:
            found = None
    else:
        tracked = path is None and name in sh.hashed
        found = await find_program(sh, name, path)
    if found is None:
        if verbose:
            sh.put(hash_miss(name), b"\n")
        return 127
    if verbose:
        sh.put(name + (b" is a tracked alias for " if tracked else b" is ") + found + b"\n")
    else:
        sh.put(found, b"\n")
    return 0


@slow("command")
async def command(sh: "Shell", argv: list[bytes], flags: int) -> int:
    """``command -v`` and ``-V``; running a command is the evaluator's business."""
    options = OptionReader(argv, "pvV")
    verbose: bool | None = None
    path: bytes | None = None
    for letter in options:
        if letter == "p":
            path = DEFAULT_PATH
        else:
            verbose = letter == "V"
    if verbose is None or not options.rest:
        return 0
    return await describe(sh, options.rest[0], path, verbose)


@slow("type")
async def type_(sh: "Shell", argv: list[bytes], flags: int) -> int:
    status = 0
    for name in argv[1:]:
        status |= await describe(sh, name, None, True)
    return status


@slow("hash")
async def hash_(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "rv")
    for letter in options:
        if letter == "r":
            sh.hashed.clear()
            return 0
    if not options.rest:
        for name in _in_table_order(sh.hashed, 31):
            sh.put(sh.hashed[name], b"\n")
        return 0
    status = 0
    for name in options.rest:
        if name in sh.builtins or name in sh.functions:
            continue
        sh.hashed.pop(name, None)
        if await find_program(sh, name) is None:
            await sh.warn(await search_miss(sh, name, None))
            status = 1
    return status


@slow("alias")
async def alias(sh: "Shell", argv: list[bytes], flags: int) -> int:
    if len(argv) == 1:
        for name in _in_table_order(sh.aliases, 39):
            sh.put(_alias_line(name, sh.aliases[name]))
        return 0
    status = 0
    for arg in argv[1:]:
        at = arg.find(b"=", 1)
        if at < 0:
            value = sh.aliases.get(arg)
            if value is None:
                await sh.say_error(b"alias: " + arg + b" not found\n")
                status = 1
            else:
                sh.put(_alias_line(arg, value))
            continue
        name, value = arg[:at], arg[at + 1 :]
        await sh.reserve(len(arg) + 64)
        old = sh.aliases.get(name)
        sh.retained += len(value) - (len(old) if old is not None else -64 - len(name))
        sh.aliases[name] = value
    return status


def _alias_line(name: bytes, value: bytes) -> bytes:
    return name + b"=" + single_quoted(value) + b"\n"


@slow("unalias")
async def unalias(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "a")
    for _ in options:
        for name, value in sh.aliases.items():
            sh.retained -= len(value) + 64 + len(name)
        sh.aliases.clear()
        return 0
    status = 0
    for name in options.rest:
        if name in sh.aliases:
            sh.retained -= len(sh.aliases.pop(name)) + 64 + len(name)
        else:
            await sh.say_error(b"unalias: " + name + b" not found\n")
            status = 1
    return status

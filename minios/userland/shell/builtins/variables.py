"""Built-ins about variables and parameters: export, readonly, local, set, unset, read, getopts."""

from typing import TYPE_CHECKING

from minios.abi import flags as abi
from minios.abi.errno import Errno
from minios.userland.shell.builtins.base import OptionReader, quick, single_quoted, slow
from minios.userland.shell.errors import ShellError
from minios.userland.shell.state import OPTION_NAMES
from minios.userland.shell.words import is_name

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

_LETTERS = {letter: name for name, letter in OPTION_NAMES if letter}

_IFS_WHITESPACE = frozenset(b" \t\n")


def listing(sh: "Shell", names: list[bytes], prefix: bytes) -> bytes:
    """Lines that would set these variables again."""
    lines: list[bytes] = []
    for name in sorted(names):
        value = sh.get(name)
        assigned = name + (b"=" + single_quoted(value) if value is not None else b"")
        lines.append(prefix + assigned + b"\n")
    return b"".join(lines)


@slow("export", "readonly", special=True, declares=True)
async def declare(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "p")
    printing = False
    for _ in options:
        printing = True
    marked = sh.exported if argv[0] == b"export" else sh.readonly
    if printing or not options.rest:
        sh.put(listing(sh, sorted(marked), argv[0] + b" "))
        return 0
    for arg in options.rest:
        name, equals, value = arg.partition(b"=")
        if not is_name(name):
            raise ShellError(name + b": bad variable name")
        if equals:
            await sh.assign(name, value)
        marked.add(name)
    return 0


@slow("local", special=True, declares=True)
async def local(sh: "Shell", argv: list[bytes], flags: int) -> int:
    if not sh.function_depth:
        raise ShellError(b"not in a function")
    for arg in argv[1:]:
        if arg == b"-":
            sh.make_options_local()
            continue
        name, equals, value = arg.partition(b"=")
        if not is_name(name):
            raise ShellError(name + b": bad variable name")
        sh.make_local(name)
        if equals:
            await sh.assign(name, value)
    return 0


@quick("unset", special=True)
def unset(sh: "Shell", argv: list[bytes]) -> int:
    options = OptionReader(argv, "vf")
    what = ""
    for letter in options:
        what = letter
    for name in options.rest:
        if what != "f":
            if not is_name(name):
                raise ShellError(name + b": bad variable name")
            if name in sh.values or name in sh.readonly or what == "v" or name in sh.exported:
                sh.unset(name)
                continue
            sh.unset(name)
        if what != "v":
            sh.forget_function(name)
    return 0


# -- set -------------------------------------------------------------------------------------------


@slow("set", special=True)
async def set_(sh: "Shell", argv: list[bytes], flags: int) -> int:
    if len(argv) == 1:
        sh.put(listing(sh, list(sh.values), b""))
        return 0
    rest, operands = await parse_options(sh, argv[1:])
    if operands or rest:
        size = sum(map(len, rest)) + 64 * len(rest)
        await sh.reserve(size)
        sh.retained += size - sh.parameter_bytes
        sh.parameter_bytes = size
        sh.set_parameters(rest)
    return 0


async def parse_options(
    sh: "Shell", args: list[bytes], *, invocation: bool = False
) -> tuple[list[bytes], bool]:
    """Carry out the options in ``args``: what is left, and whether ``--`` asked for parameters."""
    at = 0
    changed = False
    while at < len(args):
        arg = args[at]
        if arg[:1] not in (b"-", b"+") or (len(arg) == 1 and arg == b"+"):
            break
        at += 1
        on = arg[:1] == b"-"
        if arg == b"-":
            sh.options.xtrace = sh.options.verbose = False
            if changed:
                await sh.options_changed()
            return args[at:], at < len(args)
        if arg == b"--":
            if changed:
                await sh.options_changed()
            return args[at:], True
        for char in arg[1:]:
            letter = chr(char)
            if letter == "o":
                if at >= len(args):
                    list_options(sh, on)
                    continue
                name = args[at].decode("latin-1")
                at += 1
                if name not in [option for option, _ in OPTION_NAMES]:
                    raise ShellError(b"Illegal option -o " + name.encode("latin-1"))
                setattr(sh.options, name, on)
            elif letter in _LETTERS:
                setattr(sh.options, _LETTERS[letter], on)
            else:
                raise ShellError(b"Illegal option -" + bytes((char,)))
            changed = True
    if changed:
        await sh.options_changed()
    return args[at:], False


def list_options(sh: "Shell", table: bool) -> None:
    """``set -o`` (for people) and ``set +o`` (for the shell)."""
    if table:
        sh.put(b"Current option settings\n")
    for name, _ in OPTION_NAMES:
        on = getattr(sh.options, name)
        if table:
            sh.put(b"%-16s%s\n" % (name.encode(), b"on" if on else b"off"))
        else:
            sh.put(b"set %s %s\n" % (b"-o" if on else b"+o", name.encode()))


# -- read and getopts --------------------------------------------------------------------------


@slow("read")
async def read(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "p:r")
    raw = False
    prompt = b""
    for letter in options:
        if letter == "r":
            raw = True
        else:
            prompt = options.value
    names = options.rest
    if not names:
        raise ShellError(b"arg count")
    if prompt and await sh.sys.isatty(0):
        await sh.say_error(prompt)
    line, escaped, complete = await _read_line(sh, raw)
    if complete is None:
        return 1
    for name, value in zip(names, split_read(line, escaped, sh.ifs, len(names)), strict=True):
        if not is_name(name):
            raise ShellError(name + b": bad variable name")
        await sh.assign(name, value)
    return 0 if complete else 1


READ_BLOCK = 512
"""What ``read`` takes at once of a file in which it can go back."""


async def _read_line(sh: "Shell", raw: bool) -> tuple[bytes, frozenset[int], bool | None]:
    """A line from stdin; nothing behind it is consumed.

    Returns it without its newline, the positions of escaped bytes, and whether a newline ended it
    (None when a trapped signal came instead).
    """
    line = bytearray()
    escaped: set[int] = set()
    backslash = False
    block = READ_BLOCK
    try:
        await sh.sys.lseek(0, 0, abi.SEEK_CUR)
    except OSError:
        block = 1
    while True:
        try:
            data = await sh.sys.read(0, block)
        except OSError as err:
            if err.errno == Errno.EINTR:
                sh.traps.check_interrupt()
                if sh.traps.pending:
                    return b"", frozenset(), None
                continue
            return bytes(line), frozenset(escaped), False
        if not data:
            return bytes(line), frozenset(escaped), False
        await sh.scratch(len(data))
        for used, char in enumerate(data, 1):
            if backslash:
                backslash = False
                if char == 0x0A:
                    continue
                escaped.add(len(line))
            elif char == 0x5C and not raw:
                backslash = True
                continue
            elif char == 0x0A:
                if used < len(data):
                    await sh.sys.lseek(0, used - len(data), abi.SEEK_CUR)
                return bytes(line), frozenset(escaped), True
            elif not char:
                continue
            line.append(char)


def split_read(line: bytes, escaped: frozenset[int], ifs: bytes, count: int) -> list[bytes]:
    """Split a line for ``count`` variables; the last one gets the rest (XCU ``read``)."""
    separators = frozenset(ifs)
    blanks = separators & _IFS_WHITESPACE
    end = len(line)

    def separates(at: int) -> bool:
        return line[at] in separators and at not in escaped

    def blank(at: int) -> bool:
        return line[at] in blanks and at not in escaped

    fields: list[bytes] = []
    at = 0
    while at < end and blank(at):
        at += 1
    while len(fields) < count - 1 and at < end:
        start = at
        while at < end and not separates(at):
            at += 1
        fields.append(line[start:at])
        if at < end:
            at = _after_separator(at, end, separates, blank)
    if len(fields) == count - 1 and at < end:
        # Of the rest, trailing blanks go; and one lone delimiter at its end that closes a field.
        start = at
        while at < end and not separates(at):
            at += 1
        stop = at
        if at < end and _after_separator(at, end, separates, blank) < end:
            stop = end
            while stop > start and blank(stop - 1):
                stop -= 1
        fields.append(line[start:stop])
    return fields + [b""] * (count - len(fields))


def _after_separator(at: int, end: int, separates: "_Test", blank: "_Test") -> int:
    """Behind one delimiter: blanks, at most one other separator, blanks."""
    seen = False
    while at < end and separates(at):
        if not blank(at):
            if seen:
                break
            seen = True
        at += 1
    return at


if TYPE_CHECKING:
    from collections.abc import Callable

    _Test = Callable[[int], bool]


@slow("getopts")
async def getopts(sh: "Shell", argv: list[bytes], flags: int) -> int:
    if len(argv) < 3:
        raise ShellError(b"Usage: getopts optstring var [arg...]")
    letters, name = argv[1], argv[2]
    words = argv[3:] if len(argv) > 3 else sh.parameters
    index, offset = sh.getopts_index, sh.getopts_offset
    if len(argv) > 3 and index > len(words) + 1:
        index, offset = 1, -1
    silent = letters[:1] == b":"
    cluster = b""
    if 1 < index <= len(words) + 1 and 0 <= offset < len(words[index - 2]):
        cluster = words[index - 2][offset:]
    found = b"?"
    done = False
    value: bytes | None = None
    if not cluster:
        word = words[index - 1] if index <= len(words) else None
        if word is None or word[:1] != b"-" or len(word) == 1:
            done = True
        else:
            index += 1
            cluster = word[1:]
            if cluster == b"-":
                cluster = b""
                done = True
    if not done:
        letter, cluster = cluster[:1], cluster[1:]
        at = letters.find(letter) if letter != b":" else -1
        if at < 0:
            if silent:
                value = letter
            else:
                await sh.say_error(b"Illegal option -" + letter + b"\n")
        else:
            found = letter
            if letters[at + 1 : at + 2] == b":":
                if not cluster:
                    if index > len(words):
                        if silent:
                            value, found = letter, b":"
                        else:
                            await sh.say_error(b"No arg for -" + letter + b" option\n")
                            found = b"?"
                    else:
                        cluster = words[index - 1]
                        index += 1
                        value = cluster
                else:
                    value = cluster
                cluster = b""
            else:
                value = b""
    if value is not None:
        await sh.assign(b"OPTARG", value)
    elif not done:
        sh.unset(b"OPTARG")
    await sh.assign(b"OPTIND", b"%d" % index)
    if not is_name(name):
        raise ShellError(name + b": bad variable name")
    await sh.assign(name, found)
    sh.getopts_index = index
    sh.getopts_offset = len(words[index - 2]) - len(cluster) if cluster and index > 1 else -1
    return 1 if done else 0

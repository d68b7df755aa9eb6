"""Completing the word before the cursor: commands, paths, variables, users."""

from typing import TYPE_CHECKING, NamedTuple

from minios.abi import flags
from minios.userland.lib import users
from minios.userland.shell.words import KEYWORDS, NAME_CHARS

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

_SEPARATORS = frozenset(b" \t\n;|&()<>")
_COMMAND_AFTER = frozenset(b"\n;|&(")
_PREFIX_WORDS = frozenset(
    b"! { if then elif else while until do time sudo exec command nohup env watch".split()
)
_SPECIAL = frozenset(b" \t\n\\'\"`$&|;()<>*?[]#~=%{}!")

MAX_CANDIDATES = 4096


class Target(NamedTuple):
    """The word to complete: where it starts, its text without quoting, its open quote (or b"")."""

    start: int
    text: bytes
    quote: bytes
    command: bool
    variable: int
    """Where in the line a variable's name begins, or -1."""


class Completion(NamedTuple):
    """Replace line[start:point] by ``text``; ``candidates`` as they are listed."""

    start: int
    text: bytes
    candidates: list[bytes]
    final: bool


def find_target(line: bytes) -> Target:
    """What the end of ``line`` is a part of."""
    start = at = 0
    text = bytearray()
    quote = b""
    command = True
    variable = -1
    while at < len(line):
        char = line[at]
        if variable >= 0 and char not in NAME_CHARS and not (char == 0x7B and at == variable):
            variable = -1
        if quote == b"'":
            if char == 0x27:
                quote = b""
            else:
                text.append(char)
        elif char == 0x5C and at + 1 < len(line):
            at += 1
            text.append(line[at])
        elif char == 0x22:
            quote = b"" if quote else b'"'
        elif char == 0x24:
            variable = at + 1
            text.append(char)
        elif quote:
            text.append(char)
        elif char == 0x27:
            quote = b"'"
        elif char in _SEPARATORS:
            word = bytes(text)
            if char in _COMMAND_AFTER:
                command = True
            elif char in b"<>":
                command = False
            elif word:
                command = command and (word in _PREFIX_WORDS or b"=" in word)
            text.clear()
            start = at + 1
        elif char == 0x60:
            command = True
            text.clear()
            start = at + 1
        else:
            text.append(char)
        at += 1
    if variable >= 0 and line[variable : variable + 1] == b"{":
        variable += 1
    return Target(start, bytes(text), quote, command, variable)


def quoted(text: bytes, quote: bytes) -> bytes:
    """``text`` as it has to stand in the line inside ``quote``."""
    if quote == b"'":
        return text.replace(b"'", b"'\\''")
    special = frozenset(b'"\\$`') if quote else _SPECIAL
    out = bytearray()
    for char in text:
        if char in special:
            out.append(0x5C)
        out.append(char)
    return bytes(out)


def common_prefix(names: list[bytes]) -> bytes:
    first, last = min(names), max(names)
    length = 0
    while length < len(first) and length < len(last) and first[length] == last[length]:
        length += 1
    return first[:length]


async def complete(sh: "Shell", line: bytes) -> Completion | None:
    """Complete the last word of ``line``; None if nothing fits."""
    target = find_target(line)
    if target.variable >= 0:
        return _variables(sh, line, target)
    text = target.text
    if text.startswith(b"~") and b"/" not in text and not target.quote:
        names = [b"~" + entry.name for entry in await users.passwd(sh.sys)]
        names = [name for name in names if name.startswith(text)]
        if text != b"~" and names:
            return _result(target, b"", names, b"/", raw=True)
    if target.command and b"/" not in text:
        return await _commands(sh, target)
    return await _paths(sh, target, only_programs=target.command)


def _variables(sh: "Shell", line: bytes, target: Target) -> Completion | None:
    prefix = line[target.variable :]
    names = sorted(name for name in sh.values if name.startswith(prefix))
    if not names:
        return None
    braced = line[target.variable - 1 : target.variable] == b"{"
    word = common_prefix(names)
    final = len(names) == 1
    if final:
        word += b"}" if braced else b"" if target.quote else b" "
    return Completion(target.variable, word, names, final)


async def _commands(sh: "Shell", target: Target) -> Completion | None:
    prefix = target.text
    names = {n for n in sh.builtins if n.startswith(prefix)}
    names.update(n for n in sh.functions if n.startswith(prefix))
    names.update(n for n in sh.aliases if n.startswith(prefix))
    names.update(n for n in KEYWORDS if n.startswith(prefix) and n.isalpha())
    for directory in (sh.get(b"PATH") or b"").split(b":"):
        for name in await _names(sh, directory or b".", prefix):
            path = (directory or b".") + b"/" + name
            if name not in names and await _is_program(sh, path):
                names.add(name)
    if not names:
        # Perhaps a directory, to be run something from.
        return await _paths(sh, target, only_programs=True)
    return _result(target, b"", sorted(names), b" ")


async def _paths(sh: "Shell", target: Target, *, only_programs: bool) -> Completion | None:
    text = target.text
    folder, slash, prefix = text.rpartition(b"/")
    folder += slash
    where = folder
    if folder.startswith(b"~"):
        user, _, rest = folder.partition(b"/")
        entry = await users.by_name(sh.sys, user[1:]) if len(user) > 1 else None
        home = entry.home if entry is not None else sh.get(b"HOME") if len(user) == 1 else None
        if home is not None:
            where = home + b"/" + rest
    names = await _names(sh, where or b".", prefix)
    found: list[bytes] = []
    for name in names:
        path = where + name
        if await _is_directory(sh, path):
            found.append(name + b"/")
        elif not only_programs or await _is_program(sh, path):
            found.append(name)
    if not found:
        return None
    return _result(target, folder, found, b" ")


def _result(
    target: Target, folder: bytes, names: list[bytes], end: bytes, *, raw: bool = False
) -> Completion:
    final = len(names) == 1
    word = names[0] if final else common_prefix(names)
    quote = target.quote
    if folder.startswith(b"~") and not quote:
        tilde, slash, rest = folder.partition(b"/")
        text = tilde + slash + quoted(rest + word, quote)
    elif raw:
        text = word
    else:
        text = quote + quoted(folder + word, quote)
    if final:
        if word.endswith(b"/"):
            final = False
        else:
            text += (b"" if end == b"/" else quote) + end
            final = end != b"/"
    return Completion(target.start, text, names, final)


async def _names(sh: "Shell", directory: bytes, prefix: bytes) -> list[bytes]:
    """The names in a directory that begin with ``prefix``; hidden ones only for a dot."""
    names: list[bytes] = []
    try:
        fd = await sh.sys.open(directory, flags.O_RDONLY | flags.O_DIRECTORY)
    except OSError:
        return names
    try:
        while entries := await sh.sys.getdents(fd):
            for entry in entries:
                name = entry.name
                hidden = name.startswith(b".")
                if name.startswith(prefix) and (not hidden or prefix) and name not in (b".", b".."):
                    names.append(name)
            if len(names) > MAX_CANDIDATES:
                break
    except OSError:
        pass
    await sh.sys.close(fd)
    return sorted(names)


async def _is_directory(sh: "Shell", path: bytes) -> bool:
    try:
        return (await sh.sys.stat(path)).mode & flags.S_IFMT == flags.S_IFDIR
    except OSError:
        return False


async def _is_program(sh: "Shell", path: bytes) -> bool:
    try:
        if (await sh.sys.stat(path)).mode & flags.S_IFMT != flags.S_IFREG:
            return False
        await sh.sys.eaccess(path, flags.X_OK)
    except OSError:
        return False
    return True

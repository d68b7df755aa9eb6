"""sort: lines in order."""

from collections.abc import Callable
from typing import Any

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.userland.bin.sortkeys import Key, ordering, parse_key
from minios.userland.lib.lines import Lines, close_input, open_input, read_operand
from minios.userland.lib.options import parse
from minios.userland.lib.probes import report
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.stdio import Writer, complain, why

USAGE = """
Usage: sort [OPTION]... [FILE]...
Print the lines of all FILEs in order.

  -b, --ignore-leading-blanks   blanks in front do not count
  -d, --dictionary-order        only blanks, letters and digits count
  -f, --ignore-case             lower case counts as upper case
  -g, --general-numeric-sort    by floating-point value
  -h, --human-numeric-sort      by numbers such as 2K and 1G
  -i, --ignore-nonprinting      only printable bytes count
  -M, --month-sort              JAN before FEB and so on
  -n, --numeric-sort            by decimal value
  -R, --random-sort             shuffle, but keep equal keys together
  -r, --reverse                 backwards
  -V, --version-sort            numbers within text by value
  -c, --check                   is it in order? say where it is not
  -C, --check=quiet             the same, silently
  -k, --key=KEYDEF              compare F[.C][OPTS][,F[.C][OPTS]]: fields and characters from 1
  -m, --merge                   the files are in order already
  -o, --output=FILE             write to FILE
  -s, --stable                  equal keys stay as they are
  -t, --field-separator=SEP     what is between fields, instead of the change to a blank
  -u, --unique                  of equal lines the first
  -z, --zero-terminated         lines end in NUL
"""
_LONG = (
    "ignore-leading-blanks=b",
    "dictionary-order=d",
    "ignore-case=f",
    "general-numeric-sort=g",
    "human-numeric-sort=h",
    "ignore-nonprinting=i",
    "month-sort=M",
    "numeric-sort=n",
    "random-sort=R",
    "reverse=r",
    "version-sort=V",
    "sort:",
    "check::",
    "key:=k",
    "merge=m",
    "output:=o",
    "stable=s",
    "buffer-size:=S",
    "field-separator:=t",
    "temporary-directory:=T",
    "unique=u",
    "zero-terminated=z",
    "parallel:",
    "files0-from:",
    "batch-size:",
    "compress-program:",
    "random-source:",
    "debug",
)
_WORDS = {
    b"general-numeric": "g",
    b"human-numeric": "h",
    b"month": "M",
    b"numeric": "n",
    b"random": "R",
    b"version": "V",
}
_OVERHEAD = 64
"""Bytes that a kept line takes besides its text."""

Pass = tuple[Callable[[bytes], Any] | None, bool]
"""A comparison: the function to what is compared (None for the line), and whether backwards."""


class _Order:
    """How lines compare: by each key, then by all their bytes."""

    def __init__(self, keys: list[Key], letters: str, tab: bytes, last_resort: bool) -> None:
        self.passes: list[Pass] = [self._pass(key, tab) for key in keys]
        self.unique_passes = self.passes or [(None, False)]
        if last_resort or not keys:
            self.passes.append((None, "r" in letters))

    def _pass(self, key: Key, tab: bytes) -> Pass:
        function = ordering(key.letters, _Order.seed)
        backwards = "r" in key.letters
        if key.whole:
            return function, backwards
        if function is None:
            return (lambda line: key.text(line, tab)), backwards
        order = function
        return (lambda line: order(key.text(line, tab))), backwards

    seed = b""

    def sort(self, lines: list[bytes]) -> None:
        """In place: stable passes, the least significant first."""
        for function, backwards in reversed(self.passes):
            lines.sort(key=function, reverse=backwards)

    def compare(self, a: bytes, b: bytes) -> int:
        return _compare(self.passes, a, b)

    def equal(self, a: bytes, b: bytes) -> bool:
        """Whether ``-u`` drops the second."""
        return _compare(self.unique_passes, a, b) == 0


def _compare(passes: list[Pass], a: bytes, b: bytes) -> int:
    for function, backwards in passes:
        left, right = (function(a), function(b)) if function else (a, b)
        if left != right:
            return -1 if (left < right) != backwards else 1
    return 0


def _tab(tool: Tool) -> bytes:
    """The argument of ``-t``."""
    given = tool.options.every("t")
    tab = b""
    for value in given:
        if not value:
            raise Failure(b"empty tab")
        if value == b"\\0":
            value = b"\0"
        if len(value) > 1:
            raise Failure(b"multi-character tab " + quote(value))
        if tab and tab != value:
            raise Failure(b"incompatible tabs")
        tab = value
    return tab


def _keys(tool: Tool) -> tuple[list[Key], str]:
    """The keys, with the global ordering where they have none of their own; and that ordering."""
    letters = ""
    blanks = False
    keys: list[Key] = []
    for flag, value in tool.options.flags:
        if flag == "b":
            blanks = True
        elif flag in ("d", "f", "g", "h", "i", "M", "n", "R", "r", "V"):
            letters += flag
        elif flag == "k":
            keys.append(parse_key(value or b""))
        elif flag == "sort":
            matches = {_WORDS[word] for word in _WORDS if word.startswith(value or b"")}
            if len(matches) != 1:
                raise Failure(b"invalid argument " + quote(value or b"") + b" for '--sort'")
            letters += matches.pop()
    for key in keys:
        if not key.letters and not key.skip_start and not key.skip_end:
            key.letters = letters
            key.skip_start = key.skip_end = blanks
    if not keys and (set(letters) - {"r"} or blanks):
        key = Key()
        key.letters = letters
        key.skip_start = key.skip_end = blanks
        keys.append(key)
    for key in keys:
        _compatible(key.letters)
    return keys, letters


def _compatible(letters: str) -> None:
    given = set(letters)
    exclusive = [c for c in "ghMn" if c in given]
    if len(exclusive) + bool(given & set("VRdi")) > 1:
        shown = "".join(c for c in "dfghiMnRV" if c in given - {"f"})
        raise Failure(b"options '-" + shown.encode() + b"' are incompatible")


@program(USAGE, trouble=2)
async def sort(tool: Tool) -> int:
    """sort(1). All lines are kept in memory, and charged for."""
    short = "bcCdfghik:mMno:rRsS:t:T:uVyz"
    tool.options = parse(tool.argv[1:], short, [*_LONG, "help", "version"])
    options = tool.options
    if await tool.describe(USAGE):
        return 0
    tab = _tab(tool)
    keys, letters = _keys(tool)
    if any("R" in key.letters for key in keys):
        _Order.seed = await tool.sys.getrandom(16)
    unique = "u" in options
    order = _Order(keys, letters, tab, not unique and "s" not in options)
    end = b"\0" if "z" in options else b"\n"
    names = tool.operands or [b"-"]
    listed = options.last("files0-from")
    if listed is not None:
        names = await _listed(tool, listed)
    outputs = set(options.every("o"))
    if len(outputs) > 1:
        raise Failure(b"multiple output files specified")
    if "c" in options or "C" in options or "check" in options:
        quiet = "C" in options or (options.last("check") or b"d")[:1] in (b"q", b"s")
        return await _check(tool, names, order, end, unique, quiet)
    for name in names:
        if name != b"-":
            try:
                await tool.sys.eaccess(name, 4)
            except OSError as err:
                raise Failure(b"cannot read: " + quotef(name) + b": " + why(err)) from None
    if "m" in options:
        lines = await _merge(tool, names, order, end)
    else:
        lines = []
        for name in names:
            await _read(tool, name, end, lines)
        await tool.sys.compute(
            len(lines) * max(1, len(lines).bit_length()) // 4 * len(order.passes)
        )
        order.sort(lines)
        if tool.sys.probes:
            await report(tool.sys, b"qsort", (len(lines),))
    out: Writer = tool.out
    for path in outputs:
        try:
            out = Writer(tool.sys, await tool.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC))
        except OSError as err:
            raise Failure(b"open failed: " + quotef(path) + b": " + why(err)) from None
    try:
        await _write(out, lines, order if unique else None, end)
    except OSError as err:
        path = outputs.pop()
        raise Failure(b"write failed: " + quotef(path) + b": " + why(err)) from None
    return tool.status


async def _listed(tool: Tool, path: bytes) -> list[bytes]:
    if tool.operands:
        text = b"extra operand " + quote(tool.operands[0])
        text += b"\nfile operands cannot be combined with --files0-from"
        raise Failure(text, hint=True)
    try:
        data = await read_operand(tool.sys, path)
    except OSError as err:
        raise Failure(b"open failed: " + quotef(path) + b": " + why(err)) from None
    if not data:
        raise Failure(b"no input from " + quote(path))
    return data.removesuffix(b"\0").split(b"\0")


async def _open(tool: Tool, name: bytes, end: bytes) -> Lines:
    try:
        return Lines(tool.sys, await open_input(tool.sys, name), end)
    except OSError as err:
        raise Failure(b"open failed: " + quotef(name) + b": " + why(err)) from None


async def _batch(source: Lines, name: bytes) -> list[bytes]:
    try:
        return await source.batch()
    except OSError as err:
        raise Failure(b"read failed: " + quotef(name) + b": " + why(err)) from None


async def _read(tool: Tool, name: bytes, end: bytes, lines: list[bytes]) -> None:
    """Keep the lines of one file."""
    source = await _open(tool, name, end)
    while batch := await _batch(source, name):
        await tool.retain(sum(map(len, batch)) + _OVERHEAD * len(batch))
        lines += batch
    await close_input(tool.sys, source.fd)


async def _write(out: Writer, lines: list[bytes], unique: _Order | None, end: bytes) -> None:
    last: bytes | None = None
    for line in lines:
        if unique is not None:
            if last is not None and unique.equal(last, line):
                continue
            last = line
        out.put(line, end)
        await out.drain()
    await out.flush()


async def _check(
    tool: Tool, names: list[bytes], order: _Order, end: bytes, unique: bool, quiet: bool
) -> int:
    """``-c``: 0 if the file is in order, else 1 and where it is not."""
    if len(names) > 1:
        option = b"C" if quiet else b"c"
        raise Failure(b"extra operand " + quote(names[1]) + b" not allowed with -" + option)
    source = await _open(tool, names[0], end)
    last: bytes | None = None
    number = 0
    while batch := await _batch(source, names[0]):
        for line in batch:
            number += 1
            if last is not None:
                difference = order.compare(last, line)
                if difference > 0 or (unique and difference == 0):
                    if not quiet:
                        where = quotef(names[0]) + b":%d: disorder: " % number + line
                        await complain(tool.sys, tool.name + b": " + where)
                    return 1
            last = line
    return 0


async def _merge(tool: Tool, names: list[bytes], order: _Order, end: bytes) -> list[bytes]:
    """Merge files that are each in order; of equal lines those of the earlier file come first."""
    columns: list[list[bytes]] = []
    for name in names:
        lines: list[bytes] = []
        await _read(tool, name, end, lines)
        lines.reverse()
        columns.append(lines)
    merged: list[bytes] = []
    while columns := [column for column in columns if column]:
        least = columns[0]
        for column in columns[1:]:
            if order.compare(column[-1], least[-1]) < 0:
                least = column
        merged.append(least.pop())
        if len(merged) % 256 == 0:
            await tool.sys.compute(256 * len(columns) // 4)
    return merged

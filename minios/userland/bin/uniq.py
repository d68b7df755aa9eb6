"""uniq: of equal lines in a row, one."""

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.userland.lib.arguments import choose
from minios.userland.lib.lines import Lines, open_input
from minios.userland.lib.options import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.stdio import Writer, why

USAGE = """
Usage: uniq [OPTION]... [INPUT [OUTPUT]]
Print one of each run of equal lines.

  -c, --count             with how many there were
  -d, --repeated          only lines that are repeated, one of each run
  -D                      only lines that are repeated, all of them
      --all-repeated[=METHOD]   the same, runs set apart: none, prepend, separate
      --group[=METHOD]    all lines, runs set apart: separate, prepend, append, both
  -f, --skip-fields=N     do not compare the first N fields
  -i, --ignore-case       upper and lower case are equal
  -s, --skip-chars=N      do not compare the first N bytes (after the fields)
  -u, --unique            only lines that are not repeated
  -w, --check-chars=N     compare no more than N bytes
  -z, --zero-terminated   lines end in NUL
"""
_LONG = (
    "count=c",
    "repeated=d",
    "all-repeated::",
    "group::",
    "skip-fields:=f",
    "ignore-case=i",
    "skip-chars:=s",
    "unique=u",
    "check-chars:=w",
    "zero-terminated=z",
)
_WHAT = {"f": b"fields to skip", "s": b"bytes to skip", "w": b"bytes to compare"}
_METHODS = ((b"none",), (b"prepend",), (b"separate",))
_GROUPS = ((b"prepend",), (b"append",), (b"separate",), (b"both",))


def _obsolete(args: list[bytes]) -> list[bytes]:
    """``-N`` skips fields (POSIX.2-1992)."""
    result: list[bytes] = []
    for at, arg in enumerate(args):
        if arg == b"--":
            return result + args[at:]
        if len(arg) > 1 and arg[:1] == b"-" and arg[1:].isdigit():
            arg = b"-f" + arg[1:]
        result.append(arg)
    return result


class _Key:
    """What of a line is compared."""

    __slots__ = ("chars", "check", "fields", "fold")

    def __init__(self, fields: int, chars: int, check: int | None, fold: bool) -> None:
        self.fields, self.chars, self.check, self.fold = fields, chars, check, fold

    def of(self, line: bytes) -> bytes:
        at, size = 0, len(line)
        for _ in range(self.fields):
            while at < size and line[at] in b" \t":
                at += 1
            while at < size and line[at] not in b" \t":
                at += 1
            if at == size:
                break
        at += self.chars
        key = line[at:] if self.check is None else line[at : at + self.check]
        return key.upper() if self.fold else key


@program(USAGE)
async def uniq(tool: Tool) -> int:
    """uniq(1)."""
    tool.options = parse(_obsolete(tool.argv[1:]), "cdDf:is:uw:z", [*_LONG, "help", "version"])
    options = tool.options
    if await tool.describe(USAGE):
        return 0
    if len(tool.operands) > 2:
        raise Failure(b"extra operand " + quote(tool.operands[2]), hint=True)
    limits: dict[str, int] = {}
    for flag, value in options.flags:
        if flag in _WHAT:
            text = value or b""
            if not text.isdigit():
                raise Failure(quotef(text) + b": invalid number of " + _WHAT[flag])
            limits[flag] = int(text[:18])
    key = _Key(limits.get("f", 0), limits.get("s", 0), limits.get("w"), "i" in options)
    grouping = delimiting = ""
    if "group" in options:
        given = options.last("group")
        grouping = await choose(tool, "--group", given, _GROUPS) if given else "separate"
        if {"c", "d", "D", "u", "all-repeated"} & {flag for flag, _ in options.flags}:
            raise Failure(b"--group is mutually exclusive with -c/-d/-D/-u", hint=True)
    if "all-repeated" in options:
        given = options.last("all-repeated")
        delimiting = await choose(tool, "--all-repeated", given, _METHODS) if given else "none"
    every = "D" in options or "all-repeated" in options
    if every and "c" in options:
        raise Failure(b"printing all duplicated lines and repeat counts is meaningless", hint=True)
    out = await _redirect(tool)
    source = Lines(tool.sys, 0, b"\0" if "z" in options else b"\n")
    name = tool.operands[0] if tool.operands else b"-"
    try:
        source.fd = await open_input(tool.sys, name)
        if grouping or every:
            await _groups(source, out, key, grouping, delimiting, "u" in options)
        else:
            given_flags = {flag for flag, _ in options.flags}
            await _runs(source, out, key, given_flags)
    except OSError as err:
        raise Failure(quotef(name) + b": " + why(err)) from None
    await out.flush()
    return tool.status


async def _redirect(tool: Tool) -> Writer:
    """The output: the second operand if there is one."""
    if len(tool.operands) < 2 or tool.operands[1] == b"-":
        return tool.out
    path = tool.operands[1]
    if tool.operands[0] != b"-":
        try:
            await tool.sys.close(await tool.sys.open(tool.operands[0]))
        except OSError as err:
            raise Failure(quotef(tool.operands[0]) + b": " + why(err)) from None
    try:
        fd = await tool.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC)
    except OSError as err:
        raise Failure(quotef(path) + b": " + why(err)) from None
    return Writer(tool.sys, fd)


async def _runs(source: Lines, out: Writer, key: _Key, given: set[str]) -> None:
    """The first line of each run that is asked for, counted if asked for."""
    unique, repeated = "d" not in given, "u" not in given
    counted, end = "c" in given, source.end
    held: bytes | None = None
    held_key = b""
    count = 0

    def put() -> None:
        if held is not None and (unique if count == 1 else repeated):
            out.put(b"%7d " % count if counted else b"", held, end)

    while lines := await source.batch():
        for line in lines:
            this = key.of(line)
            if held is not None and this == held_key:
                count += 1
                continue
            put()
            held, held_key, count = line, this, 1
        await out.drain()
    put()


async def _groups(
    source: Lines, out: Writer, key: _Key, grouping: str, delimiting: str, unique: bool
) -> None:
    """All lines of runs, set apart by empty lines (``--group``, ``-D``)."""
    held: bytes | None = None  # with -D the first line of a run waits for a second
    held_key: bytes | None = None
    end = source.end
    runs = 0
    while lines := await source.batch():
        for line in lines:
            this = key.of(line)
            same = this == held_key
            if grouping:
                if not same and (
                    grouping in ("prepend", "both") or (runs and held_key is not None)
                ):
                    out.put(end)
                runs += not same
                out.put(line, end)
            elif not same:
                held = line
            else:
                if held is not None:
                    if delimiting == "prepend" or (delimiting == "separate" and runs):
                        out.put(end)
                    runs += 1
                    if not unique:
                        out.put(held, end)
                    held = None
                out.put(line, end)
            held_key = this
        await out.drain()
    if grouping in ("append", "both") and runs:
        out.put(end)

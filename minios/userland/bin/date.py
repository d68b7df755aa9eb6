"""date: print the date and time (coreutils 9.1). The zone is UTC."""

from minios.abi.flags import CLOCK_REALTIME
from minios.userland.lib.calendar import NS, strftime, timestamp
from minios.userland.lib.dateparse import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import Reader, why

USAGE = """
Usage: date [OPTION]... [+FORMAT]
  or:  date [-u|--utc|--universal] [MMDDhhmm[[CC]YY][.ss]]
Print the date and time in the given FORMAT, or set it.

  -d, --date=STRING          print the time that STRING describes, not now
  -f, --file=DATEFILE        the same for each line of DATEFILE
  -I[FMT], --iso-8601[=FMT]  ISO 8601; FMT is date, hours, minutes, seconds or ns
  -R, --rfc-email            as mail has it: Mon, 14 Aug 2006 02:34:56 -0600
      --rfc-3339=FMT         RFC 3339; FMT is date, seconds or ns
  -r, --reference=FILE       print when FILE was last changed
  -s, --set=STRING           set the time to what STRING describes
  -u, --utc, --universal     UTC

FORMAT has %Y %m %d %H %M %S, %F for %Y-%m-%d, %T for %H:%M:%S, %s for seconds
since 1970 and the others of strftime(3).
"""

_LONG = (
    "date:=d", "file:=f", "iso-8601::=I", "rfc-email=R", "rfc-822=R", "rfc-2822=R", "rfc-3339:",
    "reference:=r", "set:=s", "utc=u", "universal=u", "uct=u", "debug",
)  # fmt: skip

_ISO = {
    b"hours": b"%Y-%m-%dT%H%:z",
    b"minutes": b"%Y-%m-%dT%H:%M%:z",
    b"date": b"%Y-%m-%d",
    b"seconds": b"%Y-%m-%dT%H:%M:%S%:z",
    b"ns": b"%Y-%m-%dT%H:%M:%S,%N%:z",
}
_RFC_3339 = {
    b"date": b"%Y-%m-%d",
    b"seconds": b"%Y-%m-%d %H:%M:%S%:z",
    b"ns": b"%Y-%m-%d %H:%M:%S.%N%:z",
}
_DEFAULT = b"%a %b %e %H:%M:%S %Z %Y"
_MAIL = b"%a, %d %b %Y %H:%M:%S %z"


def _choice(table: dict[bytes, bytes], word: bytes, option: bytes) -> bytes:
    """The entry that ``word`` names or begins."""
    found = [key for key in table if key == word] or [key for key in table if key.startswith(word)]
    if len(found) == 1:
        return table[found[0]]
    kind = b"ambiguous" if found else b"invalid"
    valid = b"".join(b"\n  - '" + key + b"'" for key in table)
    text = kind + b" argument " + quote(word) + b" for '" + option + b"'\nValid arguments are:"
    raise Failure(text + valid, hint=True)


def _format(tool: Tool) -> bytes | None:
    """The output format that options ask for."""
    chosen: bytes | None = None
    for flag, value in tool.options.flags:
        found: bytes | None = None
        if flag == "I":
            found = _choice(_ISO, value, b"--iso-8601") if value else _ISO[b"date"]
        elif flag == "R":
            found = _MAIL
        elif flag == "rfc-3339":
            found = _choice(_RFC_3339, value or b"", b"--rfc-3339")
        if found is not None:
            if chosen is not None:
                raise Failure(b"multiple output formats specified")
            chosen = found
    return chosen


def posix_time(text: bytes, now: int) -> int | None:
    """``MMDDhhmm[[CC]YY][.ss]`` in ns; None if it is not that."""
    digits, dot, seconds = text.partition(b".")
    if not digits.isdigit() or len(digits) not in (8, 10, 12):
        return None
    if dot and not (len(seconds) == 2 and seconds.isdigit()):
        return None
    month, day, hour, minute = (int(digits[at : at + 2]) for at in (0, 2, 4, 6))
    year = int(strftime(b"%Y", now))
    if len(digits) == 12:
        year = int(digits[8:])
    elif len(digits) == 10:
        year = int(digits[8:]) + (2000 if int(digits[8:]) < 69 else 1900)
    result = timestamp(year, month, day, hour, minute, int(seconds or b"0")) * NS
    if strftime(b"%Y%m%d%H%M", result) != b"%04d" % year + digits[:8]:
        return None
    return result


@program(USAGE, "d:f:I::Rr:s:u", _LONG)
async def date(tool: Tool) -> int:
    """date(1)."""
    sys, options = tool.sys, tool.options
    form = _format(tool)
    sources = [flag for flag in ("d", "f", "r") if flag in options]
    if len(sources) + (options.last("s") is not None) > 1:
        if "s" in options:
            text = b"the options to print and set the time may not be used together"
        else:
            text = b"the options to specify dates for printing are mutually exclusive"
        raise Failure(text, hint=True)
    operands = tool.operands
    if len(operands) > 1:
        raise Failure(b"extra operand " + quote(operands[1]), hint=True)
    now = await sys.clock_gettime(CLOCK_REALTIME)
    to_set: bytes | None = options.last("s")
    if operands and operands[0].startswith(b"+"):
        if form is not None:
            raise Failure(b"multiple output formats specified")
        form = operands[0][1:]
    elif operands:
        if sources or to_set is not None:
            lead = b"the argument " + quote(operands[0]) + b" lacks a leading '+';\n"
            rest = (
                b"when using an option to specify date(s), any non-option\n"
                b"argument must be a format string beginning with '+'"
            )
            raise Failure(lead + rest, hint=True)
        moment = posix_time(operands[0], now)
        if moment is None:
            raise Failure(b"invalid date " + quote(operands[0]))
        return await _set(tool, moment, form or _DEFAULT)
    if form is None:
        form = _DEFAULT
    await sys.compute(20)
    if "f" in options:
        return await _from_file(tool, options.last("f") or b"", form, now)
    if "r" in options:
        name = options.last("r") or b""
        try:
            moment = (await sys.stat(name)).mtime
        except OSError as err:
            raise Failure(name + b": " + why(err)) from None
    elif "d" in options or to_set is not None:
        text = to_set if to_set is not None else options.last("d") or b""
        moment = parse(text, now)
        if moment is None:
            raise Failure(b"invalid date " + quote(text))
        if to_set is not None:
            return await _set(tool, moment, form)
    else:
        moment = now
    await tool.line(strftime(form, moment))
    return 0


async def _set(tool: Tool, moment: int, form: bytes) -> int:
    """The clock of the world cannot be set, not even by root."""
    await tool.warn(b"cannot set date: Operation not permitted")
    await tool.line(strftime(form, moment))
    return 1


async def _from_file(tool: Tool, name: bytes, form: bytes, now: int) -> int:
    fd = 0
    if name != b"-":
        try:
            fd = await tool.sys.open(name)
        except OSError as err:
            raise Failure(name + b": " + why(err)) from None
    reader = Reader(tool.sys, fd)
    while line := await reader.line():
        text = line.removesuffix(b"\n")
        moment = parse(text, now)
        await tool.sys.compute(10 + len(line) // 8)
        if moment is None:
            await tool.warn(b"invalid date " + quote(text))
        else:
            await tool.line(strftime(form, moment))
    return tool.status

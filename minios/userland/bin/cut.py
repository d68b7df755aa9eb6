"""cut: chosen bytes or fields of each line."""

from minios.userland.lib.lines import batches
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote

USAGE = """
Usage: cut OPTION... [FILE]...
Print parts of each line.

  -b, --bytes=LIST            these bytes
  -c, --characters=LIST       these characters
  -d, --delimiter=DELIM       what separates fields, instead of a tab
  -f, --fields=LIST           these fields, and lines without a delimiter
      --complement            all but these
  -n                          (ignored)
  -s, --only-delimited        no lines without a delimiter
      --output-delimiter=STR  what to print between fields
  -z, --zero-terminated       lines end in NUL
A LIST is one or more of N, N-, N-M and -M, separated by commas.
"""
_LONG = (
    "bytes:=b",
    "characters:=c",
    "delimiter:=d",
    "fields:=f",
    "complement",
    "only-delimited=s",
    "output-delimiter:",
    "zero-terminated=z",
)
_MAX = 1 << 62

Ranges = list[tuple[int, int]]


def _position(text: bytes, in_fields: bool) -> int:
    if not text.isdigit():
        what = b"field value" if in_fields else b"byte/character position"
        raise Failure(b"invalid " + what + b" " + quote(text), hint=True)
    if len(text) > 18:
        what = b"field number" if in_fields else b"byte/character offset"
        raise Failure(what + b" " + quote(text) + b" is too large", hint=True)
    number = int(text)
    if number == 0:
        what = b"fields" if in_fields else b"byte/character positions"
        raise Failure(what + b" are numbered from 1", hint=True)
    return number


def parse_list(text: bytes, in_fields: bool) -> Ranges:
    """A LIST as sorted ranges of positions from 1; overlapping ones are joined."""
    ranges: Ranges = []
    for item in text.replace(b" ", b",").replace(b"\t", b",").split(b","):
        first, dash, last = item.partition(b"-")
        if dash:
            if not first and not last:
                raise Failure(b"invalid range with no endpoint: -", hint=True)
            if b"-" in last:
                what = b"field range" if in_fields else b"byte or character range"
                raise Failure(b"invalid " + what, hint=True)
            low = _position(first, in_fields) if first else 1
            high = _position(last, in_fields) if last else _MAX
            if high < low:
                raise Failure(b"invalid decreasing range", hint=True)
        elif not item:
            what = b"fields" if in_fields else b"byte/character positions"
            raise Failure(what + b" are numbered from 1", hint=True)
        else:
            low = high = _position(first, in_fields)
        ranges.append((low, high))
    ranges.sort()
    joined: Ranges = []
    for low, high in ranges:
        if joined and low <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(high, joined[-1][1])
        else:
            joined.append((low, high))
    return joined


def _complement(ranges: Ranges) -> Ranges:
    result: Ranges = []
    at = 1
    for low, high in ranges:
        if low > at:
            result.append((at, low - 1))
        at = high + 1
    if at <= _MAX:
        result.append((at, _MAX))
    return result


@program(USAGE, "b:c:d:f:nsz", _LONG)
async def cut(tool: Tool) -> int:
    """cut(1). Characters are bytes, as in GNU's."""
    options = tool.options
    lists = [(flag, value or b"") for flag, value in options.flags if flag in ("b", "c", "f")]
    if len(lists) > 1:
        raise Failure(b"only one list may be specified", hint=True)
    delimiter = options.last("d")
    if delimiter is not None and len(delimiter) > 1:
        raise Failure(b"the delimiter must be a single character", hint=True)
    if not lists:
        raise Failure(b"you must specify a list of bytes, characters, or fields", hint=True)
    in_fields = lists[0][0] == "f"
    if not in_fields and delimiter is not None:
        text = b"an input delimiter may be specified only when operating on fields"
        raise Failure(text, hint=True)
    if not in_fields and "s" in options:
        text = b"suppressing non-delimited lines makes sense\n\tonly when operating on fields"
        raise Failure(text, hint=True)
    ranges = parse_list(lists[0][1], in_fields)
    if "complement" in options:
        ranges = _complement(ranges)
    end = b"\0" if "z" in options else b"\n"
    separator = b"\t" if delimiter is None else delimiter or b"\0"
    joiner = options.last("output-delimiter")
    if joiner is None:
        joiner = separator if in_fields else b""
    only = "s" in options
    if in_fields and separator == end:
        await _line_fields(tool, ranges, joiner, end, only)
        return tool.status
    slices = [(low - 1, None if high == _MAX else high) for low, high in ranges]
    async for _, lines in batches(tool, tool.operands, end):
        for line in lines:
            if not in_fields:
                pieces = [line[low:high] for low, high in slices if low < len(line)]
                tool.out.put(joiner.join(pieces), end)
            elif separator not in line:
                if not only:
                    tool.out.put(line, end)
            else:
                fields = line.split(separator)
                chosen: list[bytes] = []
                for low, high in slices:
                    chosen += fields[low:high]
                tool.out.put(joiner.join(chosen), end)
        await tool.out.drain()
    return tool.status


async def _line_fields(tool: Tool, ranges: Ranges, joiner: bytes, end: bytes, only: bool) -> None:
    """Fields that are lines: each file is one record."""
    for name in tool.operands or [b"-"]:
        number = printed = 0
        async for _, lines in batches(tool, [name], end):
            for line in lines:
                number += 1
                if any(low <= number <= high for low, high in ranges):
                    tool.out.put(joiner if printed else b"", line)
                    printed += 1
            await tool.out.drain()
        if number and not (only and number == 1):
            tool.out.put(end)

"""tr: translate, squeeze or delete bytes."""

from minios.userland.lib.lines import BLOCK
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.regex.charset import CLASSES
from minios.userland.lib.stdio import why

USAGE = """
Usage: tr [OPTION]... SET1 [SET2]
Copy standard input to standard output, translating bytes of SET1 to those of SET2.

  -c, -C, --complement    use all bytes that are not in SET1
  -d, --delete            delete bytes of SET1, do not translate
  -s, --squeeze-repeats   of repeated bytes of the last SET print one
  -t, --truncate-set1     first cut SET1 to the length of SET2
A SET has bytes, ranges a-z, classes [:lower:], [=x=], repeats [x*5] and [x*], and escapes
\\\\ \\a \\b \\f \\n \\r \\t \\v and \\NNN in octal.
"""
_ESCAPES = {0x61: 7, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x76: 11, 0x5C: 0x5C}
_LOWER, _UPPER = range(97, 123), range(65, 91)


def members(name: bytes) -> list[int]:
    """The bytes of a character class, in order."""
    mask = CLASSES[name]
    return [c for c in range(256) if mask >> c & 1]


class _Set:
    """A SET spelled out. ``fill`` is where ``[x*]`` stands and what it repeats."""

    __slots__ = ("bytes", "cases", "classes", "fill", "fills")

    def __init__(self) -> None:
        self.bytes: list[int] = []
        self.cases: list[tuple[int, bytes]] = []  # [:lower:] and [:upper:]: where they begin
        self.classes = False  # another class, or an equivalence class, is there
        self.fill: tuple[int, int] | None = None
        self.fills = 0


def _unescape(text: bytes) -> list[tuple[int, bool]]:
    """The bytes, and whether each was written with a backslash."""
    result: list[tuple[int, bool]] = []
    at = 0
    while at < len(text):
        c = text[at]
        at += 1
        if c != 0x5C or at == len(text):
            result.append((c, False))
            continue
        c = text[at]
        if 0x30 <= c <= 0x37:
            end = at + 1
            while end < min(at + 3, len(text)) and 0x30 <= text[end] <= 0x37:
                end += 1
            if int(text[at:end], 8) > 255:
                end -= 1
            result.append((int(text[at:end], 8), True))
            at = end
        else:
            result.append((_ESCAPES.get(c, c), True))
            at += 1
    return result


def _shown(c: int) -> bytes:
    """A byte in a message."""
    if 32 <= c < 127:
        return bytes((c,))
    return b"\\%03o" % c


def parse_set(text: bytes) -> _Set:
    """Read a SET. Raises Failure."""
    chars = _unescape(text)
    result = _Set()
    plain = bytes(c for c, _ in chars)
    at = 0

    def bare(index: int, char: bytes) -> bool:
        return index < len(chars) and chars[index] == (char[0], False)

    while at < len(chars):
        if bare(at, b"[") and (bare(at + 1, b":") or bare(at + 1, b"=")):
            kind = plain[at + 1 : at + 2]
            close = next(
                (i for i in range(at + 2, len(chars) - 1) if bare(i, kind) and bare(i + 1, b"]")),
                -1,
            )
            # [:*5] and [=*5] are repeats
            if close > at + 1 and not (close == at + 2 and plain[at + 2 : at + 3] == b"*"):
                _named(result, kind, plain[at + 2 : close])
                at = close + 2
                continue
        if bare(at, b"[") and at + 1 < len(chars) and bare(at + 2, b"*"):
            close = next((i for i in range(at + 3, len(chars)) if bare(i, b"]")), -1)
            count = plain[at + 3 : close]
            if close >= 0 and all(not escaped for _, escaped in chars[at + 3 : close]):
                if count and not (count.isdigit() and (count[:1] != b"0" or _octal(count))):
                    raise Failure(b"invalid repeat count " + quote(count) + b" in [c*n] construct")
                number = int(count or b"0", 8 if count[:1] == b"0" else 10)
                if number == 0:
                    result.fill = len(result.bytes), plain[at + 1]
                    result.fills += 1
                else:
                    result.bytes += [plain[at + 1]] * min(number, 1 << 16)
                at = close + 1
                continue
        if bare(at + 1, b"-") and at + 2 < len(chars):
            low, high = plain[at], plain[at + 2]
            if low > high:
                span = _shown(low) + b"-" + _shown(high)
                raise Failure(
                    b"range-endpoints of '" + span + b"' are in reverse collating sequence order"
                )
            result.bytes += range(low, high + 1)
            at += 3
            continue
        result.bytes.append(plain[at])
        at += 1
    return result


def _octal(text: bytes) -> bool:
    return not text.strip(b"01234567")


def _named(result: _Set, kind: bytes, name: bytes) -> None:
    if kind == b"=":
        if len(name) != 1:
            if not name:
                raise Failure(b"missing equivalence class character '[==]'")
            raise Failure(name + b": equivalence class operand must be a single character")
        result.bytes.append(name[0])
        result.classes = True
        return
    if not name:
        raise Failure(b"missing character class name '[::]'")
    if name not in CLASSES:
        raise Failure(b"invalid character class " + quote(name))
    if name in (b"lower", b"upper"):
        result.cases.append((len(result.bytes), name))
    else:
        result.classes = True
    result.bytes += members(name)


def _table(options: set[str], first: _Set, second: _Set) -> bytes:
    """The translation. Raises Failure where GNU's tr objects."""
    source, target = first.bytes, second.bytes
    complement = bool(options & {"c", "C"})
    if complement:
        left = set(source)
        source = [c for c in range(256) if c not in left]
    if second.fills > 1:
        raise Failure(b"only one [c*] repeat construct may appear in string2")
    if second.fill is not None:
        at, c = second.fill
        missing = max(0, len(source) - len(target))
        target = [*target[:at], *[c] * missing, *target[at:]]
    if second.classes:
        raise Failure(
            b"when translating, the only character classes that may appear in\n"
            b"string2 are 'upper' and 'lower'"
        )
    if complement and first.cases + first.cases and second.cases:
        raise Failure(
            b"when translating with complemented character classes,\n"
            b"string2 must map all characters in the domain to one"
        )
    for at, _ in second.cases:
        if not any(position == at for position, _ in first.cases):
            raise Failure(b"misaligned [:upper:] and/or [:lower:] construct")
    if "t" in options:
        source = source[: len(target)]
    elif len(source) > len(target):
        if not target:
            raise Failure(b"when not truncating set1, string2 must be non-empty")
        if second.cases and second.cases[-1][0] == len(target) - 26:
            raise Failure(
                b"when translating with string1 longer than string2,\n"
                b"the latter string must not end with a character class"
            )
        target = target + [target[-1]] * (len(source) - len(target))
    table = bytearray(range(256))
    for c, into in zip(source, target, strict=False):
        table[c] = into
    return bytes(table)


def _operands(tool: Tool, options: set[str]) -> None:
    operands = tool.operands
    delete, squeeze = "d" in options, "s" in options
    least = 2 if delete == squeeze else 1
    most = 1 if delete and not squeeze else 2
    if not operands:
        raise Failure(b"missing operand", hint=True)
    if len(operands) < least:
        note = b"Two strings must be given when "
        note += b"both deleting and squeezing repeats." if squeeze else b"translating."
        raise Failure(b"missing operand after " + quote(operands[-1]) + b"\n" + note, hint=True)
    if len(operands) > most:
        text = b"extra operand " + quote(operands[most])
        if most == 1 and len(operands) == 2:
            text += b"\nOnly one string may be given when deleting without squeezing repeats."
        raise Failure(text, hint=True)


def squeeze_runs(data: bytes, which: list[bytes]) -> bytes:
    """Each run of one of these bytes as a single one."""
    for char in which:
        pair = char * 2
        while pair in data:
            data = data.replace(pair, char)
    return data


@program(USAGE, "cCdst", ("complement=c", "delete=d", "squeeze-repeats=s", "truncate-set1=t"),
         permute=False)  # fmt: skip
async def tr(tool: Tool) -> int:
    """tr(1). Characters are bytes, as in GNU's."""
    options = {name for name, _ in tool.options.flags}
    _operands(tool, options)
    first = parse_set(tool.operands[0])
    second = parse_set(tool.operands[1]) if len(tool.operands) > 1 else None
    if first.fill:
        raise Failure(b"the [c*] repeat construct may not appear in string1")
    delete = b""
    table: bytes | None = None
    squeezed: list[int] = []
    complement = bool(options & {"c", "C"})
    chosen = [c for c in range(256) if (c in first.bytes) != complement]
    if "d" in options:
        delete = bytes(chosen)
        if second is not None and second.fill is not None:
            raise Failure(b"the [c*] construct may appear in string2 only when translating")
        squeezed = second.bytes if second is not None else []
    elif second is not None:
        table = _table(options, first, second)
        squeezed = second.bytes if "s" in options else []
        if "s" in options and second.fill is not None:
            squeezed = [*squeezed, second.fill[1]]
    else:
        squeezed = chosen
    runs = [bytes((c,)) for c in sorted(set(squeezed))]
    last = b""
    while True:
        try:
            data = await tool.sys.read(0, BLOCK)
        except OSError as err:
            raise Failure(b"read error: " + why(err)) from None
        if not data:
            return 0
        await tool.sys.compute(1 + len(data) // 32)
        data = data.translate(table, delete)
        if runs and data:
            data = squeeze_runs(data, runs)
            if data[:1] == last:
                data = data[1:]
            last = data[-1:] or last
            last = last if last in runs else b""
        tool.out.put(data)
        await tool.out.drain()

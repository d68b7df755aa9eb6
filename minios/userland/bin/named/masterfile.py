"""Master files (RFC 1035 §5, RFC 2308 §4): ``$ORIGIN``, ``$TTL``, ``$INCLUDE``, ``$GENERATE``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from minios.abi.inet import parse_ip
from minios.net.wire.dns import (
    AAAA,
    CAA,
    CNAME,
    HINFO,
    IN,
    MX,
    NS,
    PTR,
    SOA,
    SRV,
    TXT,
    A,
    Name,
    Record,
)
from minios.net.wire.dnstext import parse_class, parse_ip6, parse_name, parse_type

RECORDS_MAX = 20_000
"""Records of a zone; more are refused, so that a file cannot fill the machine."""
DEPTH = 8
"""Files that may include one another."""
UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}

Read = Callable[[bytes], Awaitable[bytes]]
Token = tuple[bytes, bool]
"""A word of an entry and whether it was quoted."""


class BadFile(Exception):
    """``str`` is ``file:line: what``, as named logs it."""


def parse_ttl(text: str) -> int | None:
    """Seconds of ``3600`` or ``1h30m``; None for what is no time."""
    if text.isdigit():
        return int(text) if len(text) < 11 and int(text) < 1 << 31 else None
    total, digits, seen = 0, "", False
    for char in text.lower():
        if char.isdigit():
            digits += char
        elif char in UNITS and digits and len(digits) < 10:
            total += int(digits) * UNITS[char]
            digits, seen = "", True
        else:
            return None
    return total if seen and not digits and total < 1 << 31 else None


def entries(text: bytes) -> list[tuple[int, bool, list[Token]]]:
    """(line, whether it begins with a blank, words) of each entry, parentheses joined.

    ValueError(line, what) for an unbalanced quote or parenthesis.
    """
    found: list[tuple[int, bool, list[Token]]] = []
    words: list[Token] = []
    depth, begun, blank = 0, 0, False
    for number, line in enumerate(text.split(b"\n"), 1):
        at, size = 0, len(line)
        if not depth:
            words, begun, blank = [], number, line[:1] in (b" ", b"\t")
        while at < size:
            char = line[at : at + 1]
            if char in b" \t\r":
                at += 1
            elif char == b";":
                break
            elif char in b"()":
                depth += 1 if char == b"(" else -1
                if depth < 0:
                    raise ValueError(number, "unbalanced parentheses")
                at += 1
            elif char == b'"':
                end = at + 1
                while end < size and line[end : end + 1] != b'"':
                    end += 2 if line[end : end + 1] == b"\\" else 1
                if end >= size:
                    raise ValueError(number, "unbalanced quotes")
                words.append((line[at + 1 : end], True))
                at = end + 1
            else:
                end = at
                while end < size and line[end : end + 1] not in b' \t\r;()"':
                    end += 2 if line[end : end + 1] == b"\\" else 1
                words.append((line[at:end], False))
                at = end
        if not depth and words:
            found.append((begun, blank, words))
            words = []
    if depth:
        raise ValueError(begun, "unbalanced parentheses")
    return found


def unescape(text: bytes) -> bytes:
    """A character string without its backslashes."""
    out = bytearray()
    at = 0
    while at < len(text):
        if text[at] == 0x5C and at + 1 < len(text):
            digits = text[at + 1 : at + 4]
            if len(digits) == 3 and digits.isdigit() and int(digits) < 256:
                out.append(int(digits))
                at += 4
                continue
            at += 1
        out.append(text[at])
        at += 1
    return bytes(out)


def rdata(type: int, words: list[Token], origin: Name) -> Any:
    """What a record of ``type`` says. ValueError, worded as BIND does."""
    texts = [word.decode("latin-1") for word, _ in words]
    if texts[:1] == ["\\#"]:
        data = bytes.fromhex("".join(texts[2:]))
        if not texts[1:] or texts[1] != str(len(data)):
            raise ValueError("unexpected end of input")
        return data
    if type in (TXT, HINFO):
        strings = tuple(unescape(word) for word, _ in words)
        if not strings or (type == HINFO and len(strings) != 2):
            raise ValueError("unexpected end of input")
        if any(len(string) > 255 for string in strings):
            raise ValueError("text too long")
        return strings
    wanted = {A: 1, AAAA: 1, NS: 1, CNAME: 1, PTR: 1, SOA: 7, MX: 2, SRV: 4, CAA: 3}.get(type)
    if wanted is None:
        raise ValueError("not implemented")
    if len(words) < wanted:
        raise ValueError("unexpected end of input")
    if len(words) > wanted:
        raise ValueError("extra input text")
    if type == A:
        try:
            return parse_ip(texts[0])
        except ValueError:
            raise ValueError("bad dotted quad") from None
    if type == AAAA:
        try:
            return parse_ip6(texts[0])
        except ValueError:
            raise ValueError("bad IPv6 address") from None
    if type in (NS, CNAME, PTR):
        return parse_name(words[0][0], origin)
    if type == SOA:
        times = [_number(texts[2], 32), *(_time(text) for text in texts[3:])]
        return (parse_name(words[0][0], origin), parse_name(words[1][0], origin), *times)
    if type == MX:
        return _number(texts[0], 16), parse_name(words[1][0], origin)
    if type == SRV:
        return (*(_number(text, 16) for text in texts[:3]), parse_name(words[3][0], origin))
    return _number(texts[0], 8), words[1][0], unescape(words[2][0])


def _number(text: str, bits: int) -> int:
    if not text.isdigit():
        raise ValueError("not a valid number")
    if int(text) >> bits:
        raise ValueError("out of range")
    return int(text)


def _time(text: str) -> int:
    value = parse_ttl(text)
    if value is None:
        raise ValueError("bad ttl")
    return value


class Loader:
    """Reads one zone: its ``records``, in the order of the file, and what was ``warned`` of."""

    __slots__ = ("_last", "_minimum", "_name", "_read", "_ttl", "records", "warned", "zone")

    def __init__(self, zone: Name, read: Read) -> None:
        self.zone = zone
        self.records: list[Record] = []
        self.warned: list[str] = []
        self._read = read
        self._ttl: int | None = None
        self._minimum: int | None = None
        self._last: int | None = None
        self._name: Name | None = None

    async def load(self, path: bytes, origin: Name, depth: int = 0) -> None:
        """Read a file. BadFile; OSError if it cannot be read."""
        shown = path.decode("latin-1")
        if depth > DEPTH:
            raise BadFile(f"{shown}: too many nested includes")
        try:
            found = entries(await self._read(path))
        except ValueError as err:
            raise BadFile(f"{shown}:{err.args[0]}: {err.args[1]}") from None
        for line, blank, words in found:
            try:
                first = words[0][0].upper()
                if not blank and first == b"$ORIGIN":
                    origin = parse_name(words[1][0], origin)
                elif not blank and first == b"$TTL":
                    self._ttl = _time(words[1][0].decode("latin-1"))
                elif not blank and first == b"$INCLUDE":
                    inner = parse_name(words[2][0], origin) if len(words) > 2 else origin
                    await self.load(words[1][0], inner, depth + 1)
                elif not blank and first == b"$GENERATE":
                    self._generate(words[1:], origin)
                elif not blank and first.startswith(b"$"):
                    raise ValueError(f"unknown $ directive '{words[0][0].decode('latin-1')}'")
                else:
                    self._entry(blank, words, origin)
            except ValueError as err:
                near = words[-1][0].decode("latin-1")
                what = str(err)
                if what in ("bad dotted quad", "not a valid number", "extra input text"):
                    what = f"near '{near}': {what}"
                raise BadFile(f"{shown}:{line}: {what}") from None
            except IndexError:
                raise BadFile(f"{shown}:{line}: unexpected end of line") from None
            if len(self.records) > RECORDS_MAX:
                raise BadFile(f"{shown}:{line}: too many records")

    def _entry(self, blank: bool, words: list[Token], origin: Name) -> None:
        rest = list(words)
        if blank:
            if self._name is None:
                raise ValueError("no current owner name")
        else:
            self._name = parse_name(rest.pop(0)[0], origin)
        name = self._name
        ttl: int | None = None
        while rest:
            text = rest[0][0].decode("latin-1")
            type = parse_type(text)
            if type is not None:
                break
            if ttl is None and (value := parse_ttl(text)) is not None:
                ttl = value
            elif parse_class(text) is not None:
                if parse_class(text) != IN:
                    raise ValueError("class not same as zone")
            else:
                raise ValueError(f"unknown RR type '{text}'")
            rest.pop(0)
        else:
            raise ValueError("unexpected end of line")
        assert name is not None
        data = rdata(type, rest[1:], origin)
        if type == SOA and not isinstance(data, bytes):
            self._minimum = data[6]
        if ttl is None:
            ttl = self._ttl if self._ttl is not None else self._last
            if ttl is None:
                ttl = self._minimum
                if ttl is None:
                    raise ValueError("no TTL specified")
        if self._ttl is None:
            self._last = ttl
        if name[len(name) - len(self.zone) :] != self.zone and not _below(name, self.zone):
            self.warned.append(f"ignoring out-of-zone data ({_shown(name)})")
            return
        self.records.append(Record(name, type, ttl, data))

    def _generate(self, words: list[Token], origin: Name) -> None:
        """``$GENERATE 1-9[/2] lhs [ttl] [class] type rhs``."""
        span, _, step = words[0][0].decode("latin-1").partition("/")
        first, dash, last = span.partition("-")
        if not (dash and first.isdigit() and last.isdigit() and (not step or step.isdigit())):
            raise ValueError(f"$GENERATE: invalid range '{span}'")
        stride = max(int(step or 1), 1)
        if (int(last) - int(first)) // stride > RECORDS_MAX:
            raise ValueError("$GENERATE: out of range")
        for number in range(int(first), int(last) + 1, stride):
            self._entry(
                False, [(_filled(word, number), quoted) for word, quoted in words[1:]], origin
            )


def _filled(word: bytes, number: int) -> bytes:
    """``$`` and ``${offset[,width[,base]]}`` replaced."""
    out = b""
    while (at := word.find(b"$")) >= 0:
        if word[at - 1 : at] == b"\\" and at:
            out, word = out + word[: at - 1] + b"$", word[at + 1 :]
            continue
        out, word = out + word[:at], word[at + 1 :]
        value, width, base = number, 0, "d"
        if word[:1] == b"{":
            inside, _, word = word[1:].partition(b"}")
            parts = inside.decode("latin-1").split(",")
            value += int(parts[0] or 0)
            width = min(int(parts[1]), 63) if len(parts) > 1 else 0
            base = parts[2] if len(parts) > 2 and parts[2] in ("d", "o", "x", "X") else "d"
        out += f"{value:0{width}{base}}".encode()
    return out + word


def _below(name: Name, zone: Name) -> bool:
    lower = [label.lower() for label in name]
    return not zone or lower[len(name) - len(zone) :] == [label.lower() for label in zone]


def _shown(name: Name) -> str:
    return ".".join(label.decode("latin-1") for label in name)

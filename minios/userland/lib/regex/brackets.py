"""Bracket expressions, ``[...]`` (XBD 9.3.5)."""

from typing import NamedTuple

from minios.userland.lib.regex.charset import ALL, ASCII, CLASSES, WIDE_CLASSES, Range, complement
from minios.userland.lib.regex.syntax import (
    EBRACK,
    ECLASS,
    ECOLLATE,
    ECTYPE,
    ERANGE,
    RegexError,
    Syntax,
)


class CharSet(NamedTuple):
    """Single bytes, and in UTF-8 the characters beyond ASCII."""

    mask: int
    ranges: list[Range]

    def negated(self, utf8: bool) -> "CharSet":
        if utf8:
            return CharSet(ASCII & ~self.mask, complement(self.ranges))
        return CharSet(ALL & ~self.mask, [])


class _Element(NamedTuple):
    """A bracket element: a character (``code``), or a class, which cannot end a range."""

    code: int
    klass: bytes | None = None


_ESCAPES = {
    0x22: 0x22, 0x2F: 0x2F, 0x61: 7, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x76: 11,
}  # fmt: skip


def awk_escape(pattern: bytes, at: int) -> tuple[int, int]:
    """The byte that the C escape at ``pattern[at]`` (behind the backslash) means, and its end."""
    char = pattern[at]
    if 0x30 <= char <= 0x37:
        end = at + 1
        while end < min(at + 3, len(pattern)) and 0x30 <= pattern[end] <= 0x37:
            end += 1
        return int(pattern[at:end], 8) & 0xFF, end
    return _ESCAPES.get(char, char), at + 1


def character(pattern: bytes, at: int, utf8: bool) -> tuple[int, int]:
    """The character at ``at``, and its end. A byte that is no UTF-8 stands for itself."""
    first = pattern[at]
    if utf8 and first >= 0xC2:
        size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        try:
            return ord(pattern[at : at + size].decode()), at + size
        except (UnicodeDecodeError, TypeError):
            pass
    return first, at + 1


class _Brackets:
    __slots__ = ("at", "pattern", "syntax", "utf8")

    def __init__(self, pattern: bytes, at: int, syntax: Syntax, utf8: bool) -> None:
        self.pattern = pattern
        self.at = at
        self.syntax = syntax
        self.utf8 = utf8

    def peek(self) -> int:
        if self.at >= len(self.pattern):
            raise RegexError(EBRACK)
        return self.pattern[self.at]

    def element(self, accept_hyphen: bool) -> _Element:
        char = self.peek()
        if char == 0x5B and self.pattern[self.at + 1 : self.at + 2] in (b".", b":", b"="):
            symbol = self.symbol()
            if symbol is not None:
                return symbol
        if self.syntax.awk and char == 0x5C and self.at + 1 < len(self.pattern):
            code, self.at = awk_escape(self.pattern, self.at + 1)
            return _Element(code)
        code, self.at = character(self.pattern, self.at, self.utf8)
        if char == 0x2D and not accept_hyphen and self.peek() != 0x5D:
            raise RegexError(ERANGE)  # '-' stands for itself only at either end
        return _Element(code)

    def symbol(self) -> _Element | None:
        kind = self.pattern[self.at + 1 : self.at + 2]
        close = self.pattern.find(kind + b"]", self.at + 2)
        if close < 0 or (kind == b":" and close - self.at > 34):
            raise RegexError(EBRACK)
        name = self.pattern[self.at + 2 : close]
        self.at = close + 2
        if kind == b":":
            if name not in CLASSES:
                raise RegexError(ECTYPE)
            return _Element(0, name)
        if not name or character(name, 0, self.utf8)[1] != len(name):
            raise RegexError(ECOLLATE)
        code = character(name, 0, self.utf8)[0]
        return _Element(code, b"" if kind == b"=" else None)


def parse_brackets(
    pattern: bytes, at: int, syntax: Syntax, *, utf8: bool, icase: bool
) -> tuple[CharSet, bool, int]:
    """Read the expression whose ``[`` is just before ``at``: (set, whether negated, its end)."""
    source = _Brackets(pattern, at, syntax, utf8)
    negate = source.peek() == 0x5E
    source.at += negate
    mask = 0
    ranges: list[Range] = []
    first = True
    while first or source.peek() != 0x5D:
        start = source.element(accept_hyphen=first or syntax.awk)
        first = False
        end = start
        if source.peek() == 0x2D and (start.klass is None or not syntax.awk):
            if source.at + 1 >= len(pattern):
                raise RegexError(EBRACK)
            if pattern[source.at + 1] != 0x5D:
                if start.klass:
                    raise RegexError(ERANGE)
                source.at += 1
                end = source.element(accept_hyphen=True)
                if end.klass is not None or start.klass is not None or end.code < start.code:
                    raise RegexError(ERANGE)
        if start.klass:
            name = start.klass
            if icase and name in (b"upper", b"lower"):
                name = b"alpha"
            mask |= CLASSES[name]
            if utf8:
                ranges += WIDE_CLASSES[name]
            continue
        low, high = start.code, end.code
        limit = 0x7F if utf8 else 0xFF
        if low <= limit:
            top = min(high, limit)
            mask |= ((1 << (top - low + 1)) - 1) << low
        if high > limit:
            ranges.append((max(low, limit + 1), high))
    inside = pattern[at : source.at]
    if syntax.strict_classes and len(inside) > 2 and inside[:1] == inside[-1:] == b":":
        raise RegexError(ECLASS)
    return CharSet(mask, ranges), negate, source.at + 1

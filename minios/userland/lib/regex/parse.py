"""Patterns into postfix operations, without recursion: nesting costs memory and no host stack.

An operation is ``(op, a, b)``; :mod:`program` evaluates the list with a stack of fragments.
"""

from minios.userland.lib.regex import charset
from minios.userland.lib.regex.brackets import CharSet, awk_escape, character, parse_brackets
from minios.userland.lib.regex.syntax import (
    BADBR,
    BADRPT,
    EBRACE,
    EESCAPE,
    EPAREN,
    ERPAREN,
    ESIZE,
    ESUBREG,
    RegexError,
    Syntax,
)

SET, EMPTY, CAT, ALT, REPEAT, GROUP, ASSERT, BACKREF = range(8)
"""``SET mask``, ``REPEAT low high`` (high -1: no limit), ``GROUP number``, ``ASSERT kind``, …"""

BOL, EOL, BUFFER_START, BUFFER_END, WORD_EDGE, NOT_WORD_EDGE, WORD_START, WORD_END = range(8)
NOT_AFTER_WORD, NOT_BEFORE_WORD = 8, 9
"""Assertions: ``^ $ \\` \\' \\b \\B \\< \\>``, and the two sides of ``grep -w``."""

DUP_MAX = 0x7FFF
"""The largest count of an interval, glibc's RE_DUP_MAX."""

OPS_MAX = 131_072
"""Bytes of a pattern, or operations of several; more is not even looked at."""

Op = tuple[int, int, int]

_GNU = {
    0x60: BUFFER_START,
    0x27: BUFFER_END,
    0x62: WORD_EDGE,
    0x42: NOT_WORD_EDGE,
    0x3C: WORD_START,
    0x3E: WORD_END,
}

# Tokens that are not a plain character.
_CHAR, _STAR, _PLUS, _QUERY, _OPEN_DUP, _CLOSE_DUP, _OPEN, _CLOSE, _BAR = range(9)
_ANY, _BRACKET, _ANCHOR, _CLASS, _REF, _BACKSLASH, _END = range(9, 16)


class Parser:
    """Reads one pattern. ``groups`` and ``references`` are known after :meth:`parse`."""

    __slots__ = (
        "_anchor_here",
        "_at",
        "_icase",
        "_newline",
        "_pattern",
        "_start",
        "_syntax",
        "_utf8",
        "groups",
        "ops",
        "references",
    )

    def __init__(
        self, pattern: bytes, syntax: Syntax, *, icase: bool, newline: bool, utf8: bool
    ) -> None:
        self._pattern = pattern
        self._syntax = syntax
        self._icase = icase
        self._newline = newline
        self._utf8 = utf8
        self._at = 0
        self._start = 0
        self._anchor_here = True
        self.ops: list[Op] = []
        self.groups = 0
        self.references: set[int] = set()

    # -- tokens --------------------------------------------------------------------------------

    def _token(self) -> tuple[int, int]:
        """The next token and its value, consumed; ``_start`` is where it began."""
        pattern, at, syntax = self._pattern, self._at, self._syntax
        self._start = at
        if at >= len(pattern):
            return _END, 0
        char = pattern[at]
        self._at = at + 1
        anchor_here, self._anchor_here = self._anchor_here, False
        if char == 0x5C:
            return self._escape()
        extended = syntax.extended
        if char == 0x2A:
            return _STAR, char
        if char in b"+?" and (extended or syntax.bare_repeats):
            return (_PLUS if char == 0x2B else _QUERY), char
        if char == 0x2E:
            return _ANY, char
        if char == 0x5B:
            return _BRACKET, char
        if char == 0x5E and (extended or anchor_here):
            return _ANCHOR, BOL
        if char == 0x24 and (extended or self._before_end()):
            return _ANCHOR, EOL
        if char == 0x0A and syntax.newline_alternates:
            self._anchor_here = True
            return _BAR, char
        if extended:
            if char == 0x28:
                return _OPEN, char
            if char == 0x29:
                return _CLOSE, char
            if char == 0x7C:
                return _BAR, char
            if char in b"{}" and syntax.intervals:
                return (_OPEN_DUP if char == 0x7B else _CLOSE_DUP), char
        code, self._at = character(pattern, at, self._utf8)
        return _CHAR, code

    def _escape(self) -> tuple[int, int]:
        pattern, at, syntax = self._pattern, self._at, self._syntax
        if at >= len(pattern):
            return _BACKSLASH, 0x5C
        char = pattern[at]
        if syntax.awk:
            code, self._at = awk_escape(pattern, at)
            return _CHAR, code
        self._at = at + 1
        if char in b"wWsS":
            return _CLASS, char
        if char in _GNU:
            return _ANCHOR, _GNU[char]
        if 0x31 <= char <= 0x39:
            return _REF, char - 0x30
        if not syntax.extended:
            if char == 0x28:
                return _OPEN, char
            if char == 0x29:
                return _CLOSE, char
            if char == 0x7C:
                return _BAR, char
            if char in b"{}" and syntax.intervals:
                return (_OPEN_DUP if char == 0x7B else _CLOSE_DUP), char
            if char in b"+?" and not syntax.bare_repeats:
                return (_PLUS if char == 0x2B else _QUERY), char
        code, self._at = character(pattern, at, self._utf8)
        return _CHAR, code

    def _before_end(self) -> bool:
        """Whether what follows lets a BRE's ``$`` be an anchor."""
        rest = self._pattern[self._at : self._at + 2]
        return (
            not rest
            or rest in (b"\\)", b"\\|")
            or (self._syntax.newline_alternates and rest[:1] == b"\n")
        )

    # -- the grammar ---------------------------------------------------------------------------

    def parse(self) -> list[Op]:
        """The whole pattern in postfix. Raises RegexError."""
        if len(self._pattern) > OPS_MAX:
            raise RegexError(ESIZE)
        ops = self.ops
        operands = 0  # of the branch being read: 0, 1, or 2 that are not joined yet
        branches = 0  # of the group being read
        outer: list[tuple[int, int, int]] = []
        repeatable = False
        while True:
            kind, value = self._token()
            if kind in (_STAR, _PLUS, _QUERY, _OPEN_DUP):
                if repeatable:
                    if self._repeat(kind):
                        continue
                    kind = _CHAR
                elif self._syntax.leading == "error" or (
                    kind == _OPEN_DUP and self._syntax.repeat_once
                ):
                    raise RegexError(BADRPT)
                elif self._syntax.leading == "skip":
                    if kind != _OPEN_DUP or self._interval() is not None:
                        continue
                    kind = _CHAR
                else:
                    kind = _CHAR
            if kind == _CLOSE and not outer:
                if not (self._syntax.extended and self._syntax.ordinary_close):
                    raise RegexError(ERPAREN)
                kind = _CHAR
            if kind == _END and outer:
                raise RegexError(EPAREN)
            if kind in (_BAR, _CLOSE, _END):
                self._end_branch(operands)
                if branches:
                    ops.append((ALT, 0, 0))
                operands = 0
                branches = 1
                repeatable = False
                if kind == _BAR:
                    self._anchor_here = True
                    continue
                if kind == _END:
                    return ops
                operands, branches, number = outer.pop()
                ops.append((GROUP, number, 0))
                operands += 1
                repeatable = True
                continue
            if operands == 2:
                ops.append((CAT, 0, 0))
                operands = 1
            if kind == _OPEN:
                self.groups += 1
                outer.append((operands, branches, self.groups))
                operands = branches = 0
                self._anchor_here = True
                repeatable = False
                continue
            self._atom(kind, value, [entry[2] for entry in outer] if kind == _REF else [])
            operands += 1
            repeatable = kind != _ANCHOR

    def _end_branch(self, operands: int) -> None:
        if operands == 0:
            if self._syntax.awk and self._pattern:
                raise RegexError("missing operand")
            self.ops.append((EMPTY, 0, 0))
        elif operands == 2:
            self.ops.append((CAT, 0, 0))

    def _atom(self, kind: int, value: int, unfinished: list[int]) -> None:
        if kind == _BACKSLASH:
            raise RegexError(EESCAPE)
        if kind == _ANCHOR:
            self.ops.append((ASSERT, value, 0))
        elif kind == _REF:
            if value > self.groups or value in unfinished:
                raise RegexError(ESUBREG)
            self.references.add(value)
            self.ops.append((BACKREF, value, 0))
        elif kind == _ANY:
            self._set(CharSet(0, []).negated(self._utf8), self._newline)
        elif kind == _CLASS:
            mask = charset.WORD if value in b"wW" else charset.SPACE
            ranges = charset.LETTERS if value in b"wW" else charset.SPACES
            chosen = CharSet(mask, ranges if self._utf8 else [])
            self._set(chosen.negated(self._utf8) if value in b"WS" else chosen, False)
        elif kind == _BRACKET:
            chosen, negate, self._at = parse_brackets(
                self._pattern, self._at, self._syntax, utf8=self._utf8, icase=self._icase
            )
            if self._icase:
                chosen = CharSet(charset.fold(chosen.mask), chosen.ranges)
            if negate:
                chosen = chosen.negated(self._utf8)
            self._set(chosen, negate and self._newline)
        elif value < 0x80 or not self._utf8:
            mask = 1 << value
            self._set(CharSet(charset.fold(mask) if self._icase else mask, []), False)
        elif value <= 0xFF and self._at - self._start == 1:
            self._set(CharSet(1 << value, []), False)  # a byte that is no UTF-8
        else:
            self._set(CharSet(0, [(value, value)]), False)

    def _set(self, chosen: CharSet, no_newline: bool) -> None:
        """Match one of ``chosen``: a byte, or in UTF-8 one of several byte sequences."""
        mask = chosen.mask & ~charset.NEWLINE if no_newline else chosen.mask
        ops = self.ops
        alternatives = charset.sequences(chosen.ranges)
        if mask or not alternatives:
            ops.append((SET, mask, 0))
        for count, sequence in enumerate(alternatives, 1 if mask else 0):
            for position, (low, high) in enumerate(sequence):
                ops.append((SET, charset.span(low, high), 0))
                if position:
                    ops.append((CAT, 0, 0))
            if count:
                ops.append((ALT, 0, 0))

    # -- repetition ----------------------------------------------------------------------------

    def _repeat(self, kind: int) -> bool:
        """Apply a repetition to the last atom; False if it is ordinary text after all."""
        if kind == _OPEN_DUP:
            bounds = self._interval()
            if bounds is None:
                return False
            low, high = bounds
        else:
            low, high = {_STAR: (0, -1), _PLUS: (1, -1), _QUERY: (0, 1)}[kind]
        if (low, high) != (1, 1):
            self.ops.append((REPEAT, low, high))
        if self._syntax.repeat_once:
            follows = self._pattern[self._at : self._at + 2]
            if follows[:1] == b"*" or follows == b"\\{":
                raise RegexError(BADRPT)
        return True

    def _interval(self) -> tuple[int, int] | None:
        """The bounds behind ``{`` (high -1 without limit); None for ordinary text, rewound."""
        back = self._at
        low, kind, value = self._number()
        if low == -1:
            if value != 0x2C or kind != _CHAR:
                raise RegexError(BADBR)
            low = 0
        high = -2
        if low != -2:
            if kind == _CLOSE_DUP:
                high = low
            elif kind == _CHAR and value == 0x2C:
                high, kind, value = self._number()
        if low == -2 or high == -2:
            if not self._syntax.ordinary_interval:
                raise RegexError(EBRACE if kind == _END else BADBR)
            self._at = back
            return None
        if (high != -1 and low > high) or kind != _CLOSE_DUP:
            raise RegexError(BADBR)
        if max(low, high) > DUP_MAX:
            raise RegexError(ESIZE)
        return low, high

    def _number(self) -> tuple[int, int, int]:
        """A count (-1: none, -2: malformed) and the token behind it."""
        number = -1
        while True:
            kind, value = self._token()
            if kind == _END:
                return -2, kind, value
            if kind == _CLOSE_DUP or (kind == _CHAR and value == 0x2C):
                return number, kind, value
            if kind != _CHAR or not 0x30 <= value <= 0x39 or number == -2:
                number = -2
            else:
                number = min(DUP_MAX + 1, max(number, 0) * 10 + value - 0x30)

"""Compiled regular expressions: which way of matching is used when.

- A pattern that is plain text is found by ``bytes.find``; one that must contain some text is not
  tried where that text is missing.
- Whether a text matches is asked of a forward automaton, which stops at the first match.
- Where: one backward pass marks every position at which some match begins, and a forward pass from
  the leftmost gives the longest match there. The marks serve all searches in the same text.
- What the groups matched: a backward pass over the match keeps the nodes that can still reach its
  end; a walk from its start takes the most preferred of these (which is what glibc does).

All of these are linear in the text. ``spent`` says what they cost.
"""

from minios.userland.lib.regex.backtrack import Backtracker
from minios.userland.lib.regex.dfa import F_DEAD, F_MATCH, Automaton, Backwards
from minios.userland.lib.regex.parse import (
    ALT,
    ASSERT,
    BACKREF,
    CAT,
    EMPTY,
    GROUP,
    REPEAT,
    SET,
    Op,
    Parser,
)
from minios.userland.lib.regex.program import (
    C_EDGE,
    C_EDGE_INSIDE,
    N_CLOSE,
    N_OPEN,
    N_SET,
    NODES_MAX,
    Program,
)
from minios.userland.lib.regex.syntax import (
    ESPACE,
    POSIX_BASIC,
    POSIX_EXTENDED,
    RegexError,
    Syntax,
)

BYTES_PER_CYCLE = 8
LITERAL_SHIFT = 3
"""Looking for plain text is so much cheaper."""
NODES_PER_CYCLE = 16
SUBJECT_MAX = 2 << 20
"""Bytes of a text in which anything but plain text is looked for."""
_TEXT_MAX = 64


class Match:
    """A match of ``regex`` in ``data``. Positions are byte offsets."""

    __slots__ = ("_spans", "data", "end", "notbol", "noteol", "regex", "start")

    def __init__(
        self, regex: "Regex", data: bytes, start: int, end: int, notbol: bool, noteol: bool
    ) -> None:
        self.regex = regex
        self.data = data
        self.start = start
        self.end = end
        self.notbol = notbol
        self.noteol = noteol
        self._spans: list[tuple[int, int]] | None = None

    def span(self, group: int = 0) -> tuple[int, int]:
        """(start, end) of a group; (-1, -1) if it took no part in the match."""
        if group == 0:
            return self.start, self.end
        if self._spans is None:
            self._spans = self.regex.groups_of(self)
        return self._spans[group - 1]

    def group(self, group: int = 0) -> bytes:
        """What a group matched; empty if it took no part."""
        start, end = self.span(group)
        return self.data[start:end] if start >= 0 else b""


class Regex:
    """A compiled pattern. ``groups`` is the number of its subexpressions."""

    __slots__ = (
        "_anchored",
        "_backtracker",
        "_behind",
        "_data",
        "_finder",
        "_marked",
        "_marks",
        "_must",
        "_program",
        "_scanned",
        "_starts",
        "_text",
        "groups",
        "literal",
        "size",
    )

    def __init__(
        self,
        ops: list[Op],
        *,
        groups: int = 0,
        references: bool = False,
        icase: bool = False,
        newline: bool = False,
        utf8: bool = False,
        limit: int = NODES_MAX,
    ) -> None:
        self.groups = groups
        self.literal, self._must = _texts(ops)
        self._backtracker: Backtracker | None = None
        self._scanned = len(ops) * BYTES_PER_CYCLE
        self._data: bytes | None = None
        self._text = b""
        self._marked: tuple[bool, bool] | None = None
        self._marks = bytearray()
        self.size = len(ops)
        if self.literal is not None:
            return
        program = Program(ops, newline=newline, utf8=utf8, limit=limit)
        if references:
            self._backtracker = Backtracker(program, groups, icase)
            program = Program(ops, newline=newline, utf8=utf8, loose=True)
        self._program = program
        self._finder = Automaton(program, inject=True)
        self._anchored = Automaton(program, inject=False)
        self._starts = Backwards(program, inject=True)
        self._behind = Backwards(program, inject=False)
        self.size = len(program.kind) * 64
        self._scanned += len(program.kind) * 4

    def owing(self) -> bool:
        """Whether so much was done since :meth:`spent` that it should be paid before going on."""
        return self._scanned > 65536 or (self.literal is None and self._program.work > 32768)

    def spent(self) -> int:
        """CPU cycles of the work since this was last asked; what a program computes for it."""
        cycles = self._scanned // BYTES_PER_CYCLE
        self._scanned %= BYTES_PER_CYCLE
        if self.literal is None:
            work = self._program.work
            self._program.work = 0
            if self._backtracker is not None:
                work += self._backtracker.steps * 4
                self._backtracker.steps = 0
            cycles += work // NODES_PER_CYCLE
        return cycles

    # -- questions -----------------------------------------------------------------------------

    def test(self, data: bytes, *, notbol: bool = False, noteol: bool = False) -> bool:
        """Whether the pattern matches anywhere in ``data``. RegexError after too much work."""
        if self.literal is not None:
            self._scanned += len(data) >> LITERAL_SHIFT
            return self.literal in data
        if self._must not in data:
            self._scanned += len(data) >> LITERAL_SHIFT
            return False
        self._check(data)
        self._scanned += len(data)
        if self._backtracker is not None:
            return self.search(data, notbol=notbol, noteol=noteol) is not None
        automaton = self._finder
        flag = automaton.flag
        row = automaton.begin(C_EDGE_INSIDE if notbol else C_EDGE)
        for symbol in data.translate(self._program.classes):
            target = row[symbol]
            if target is None:
                target = automaton.extend(row, symbol)
            row = target
            if row[flag]:
                return True
        edge = automaton.edge + noteol
        target = row[edge] or automaton.extend(row, edge)
        return bool(target[flag] & F_MATCH)

    def search(
        self, data: bytes, start: int = 0, *, notbol: bool = False, noteol: bool = False
    ) -> Match | None:
        """The leftmost-longest match that begins at ``start`` or later.

        Assertions look at all of ``data``, also before ``start``. ``notbol`` and ``noteol`` say
        that its ends are no line's. May raise RegexError (too much work).
        """
        literal = self.literal
        if literal is not None:
            at = data.find(literal, start)
            self._scanned += ((at if at >= 0 else len(data)) - start) >> LITERAL_SHIFT
            return Match(self, data, at, at + len(literal), notbol, noteol) if at >= 0 else None
        marks = self._mark(data, notbol, noteol)
        at = marks.find(1, start)
        if self._backtracker is not None:
            self._backtracker.begin()
        while at >= 0:
            end = self.match(data, at, notbol=notbol, noteol=noteol)
            if end >= 0:
                return Match(self, data, at, end, notbol, noteol)
            at = marks.find(1, at + 1)
        return None

    def match(
        self, data: bytes, start: int = 0, *, notbol: bool = False, noteol: bool = False
    ) -> int:
        """The end of the longest match that begins exactly at ``start``; -1 if there is none."""
        if self.literal is not None:
            return start + len(self.literal) if data.startswith(self.literal, start) else -1
        if self._backtracker is not None:
            found = self._backtracker.match(data, start, notbol, noteol)
            return -1 if found is None else found[0]
        automaton = self._anchored
        flag = automaton.flag
        program = self._program
        if start:
            context = program.contexts[program.classes[data[start - 1]]]
        else:
            context = C_EDGE_INSIDE if notbol else C_EDGE
        row = automaton.begin(context)
        last = -1
        at = start
        text = self._symbols(data)
        step = 64  # slices, growing: most matches are short, and a copy of the rest is not
        while chunk := text[at : at + step]:
            for symbol in chunk:
                target = row[symbol]
                if target is None:
                    target = automaton.extend(row, symbol)
                row = target
                if row[flag]:
                    if row[flag] & F_MATCH:
                        last = at
                    if row[flag] & F_DEAD:
                        self._scanned += at - start
                        return last
                at += 1
            step = min(step * 4, 65536)
        self._scanned += at - start
        edge = automaton.edge + noteol
        target = row[edge] or automaton.extend(row, edge)
        return at if target[flag] & F_MATCH else last

    def _check(self, data: bytes) -> None:
        """A pass over a text is one piece of work for the host, so there is a limit to it."""
        if len(data) > SUBJECT_MAX:
            raise RegexError(ESPACE)

    # -- passes --------------------------------------------------------------------------------

    def _symbols(self, data: bytes) -> bytes:
        """The text as classes of bytes; kept, because a text is often searched more than once."""
        if self._data is not data:
            self._check(data)
            self._data = data
            self._text = data.translate(self._program.classes)
            self._marked = None
        return self._text

    def _mark(self, data: bytes, notbol: bool, noteol: bool) -> bytearray:
        """A byte for each position of ``data`` and its end: 1 where some match begins."""
        if self._data is data and self._marked == (notbol, noteol):
            return self._marks
        size = len(data)
        marks = bytearray(size + 1)
        text = self._symbols(data)
        self._marked = notbol, noteol
        self._marks = marks
        self._scanned += size
        if self._must not in data:
            return marks
        automaton = self._starts
        flag = automaton.flag
        row = automaton.begin(C_EDGE_INSIDE if noteol else C_EDGE)
        at = size
        for symbol in text[::-1]:
            target = row[symbol]
            if target is None:
                target = automaton.extend(row, symbol)
            row = target
            if row[flag]:
                marks[at] = 1
            at -= 1
        edge = automaton.edge + notbol
        target = row[edge] or automaton.extend(row, edge)
        if target[flag] & F_MATCH:
            marks[0] = 1
        return marks

    def groups_of(self, match: Match) -> list[tuple[int, int]]:
        """The spans of groups 1, 2, … of a match of this pattern, as glibc reports them."""
        data, start, end = match.data, match.start, match.end
        if self._backtracker is not None:
            self._backtracker.begin()
            found = self._backtracker.match(data, start, match.notbol, match.noteol, end)
            flat = found[1] if found else (-1, -1) * self.groups
            spans = zip(flat[::2], flat[1::2], strict=True)
            return [(first, last) if last >= 0 else (-1, -1) for first, last in spans]
        alive = self._alive(match)
        return self._walk(start, end, alive)

    def _alive(self, match: Match) -> list[frozenset[int]]:
        """For each position from the match's start to its end, the nodes that lead to that end."""
        program, automaton = self._program, self._behind
        data, start, end = match.data, match.start, match.end
        contexts, classes = program.contexts, program.classes
        if end < len(data):
            context = contexts[classes[data[end]]]
        else:
            context = C_EDGE_INSIDE if match.noteol else C_EDGE
        row = automaton.begin(context)
        alive: list[frozenset[int]] = []
        for symbol in data[start:end].translate(classes)[::-1]:
            alive.append(automaton.alive(row, contexts[symbol]))
            row = row[symbol] or automaton.extend(row, symbol)
        if start:
            context = contexts[classes[data[start - 1]]]
        else:
            context = (C_EDGE_INSIDE if match.notbol else C_EDGE) if program.asserting else 0
        alive.append(automaton.alive(row, context))
        alive.reverse()
        self._scanned += 8 * (end - start)
        return alive

    def _walk(self, start: int, end: int, alive: list[frozenset[int]]) -> list[tuple[int, int]]:
        """Follow the preferred path through the nodes that are alive, noting the groups.

        An optional group that matches the empty text after it has matched before undoes that
        round, as glibc's ``update_regs`` does.
        """
        program = self._program
        kind, arg, outs = program.kind, program.arg, program.outs
        spans = [(-1, -1)] * self.groups
        before = list(spans)
        node, at = program.start, start
        here = alive[0]
        via: set[int] = set()
        while node != program.match:
            what = kind[node]
            if what == N_SET:
                at += 1
                here = alive[at - start]
                node = outs[node][0]
                if via:
                    via = set()
                continue
            if what == N_OPEN:
                spans[arg[node] - 1] = (at, -1)
            elif what == N_CLOSE:
                number = arg[node] - 1
                began = spans[number][0]
                if began < at:
                    spans[number] = (began, at)
                    before = list(spans)
                elif node in program.optional and before[number][0] != -1:
                    spans = list(before)
                else:
                    spans[number] = (began, at)
            via.add(node)
            choices = [out for out in outs[node] if out in here]
            node = choices[1] if len(choices) > 1 and choices[0] in via else choices[0]
        return [span if span[1] >= 0 else (-1, -1) for span in spans]


def _texts(ops: list[Op]) -> tuple[bytes | None, bytes]:
    """(the text a pattern is equivalent to or None, a text that every match contains)."""
    if all(op == CAT or (op == SET and a & (a - 1) == 0 and a) for op, a, _ in ops):
        return bytes(a.bit_length() - 1 for op, a, _ in ops if op == SET), b""
    # For each subpattern: the whole text if it is one, how it begins and ends, what it contains.
    stack: list[tuple[bytes | None, bytes, bytes, bytes]] = []
    for op, a, _ in ops:
        if op == CAT:
            whole2, head2, tail2, must2 = stack.pop()
            whole, head, tail, must = stack.pop()
            joint = (tail + head2)[:_TEXT_MAX]
            must = max(must, must2, joint, key=len)
            if whole is not None:
                head = (whole + head2)[:_TEXT_MAX]
            if whole2 is not None:
                tail = (tail + whole2)[-_TEXT_MAX:]
            else:
                tail = tail2
            both = whole is not None and whole2 is not None
            if both and len(whole or b"") + len(whole2 or b"") <= _TEXT_MAX:
                stack.append(((whole or b"") + (whole2 or b""), head, tail, must))
            else:
                stack.append((None, head, tail, must))
        elif op == SET and a and a & (a - 1) == 0:
            text = bytes((a.bit_length() - 1,))
            stack.append((text, text, text, text))
        elif op in (EMPTY, ASSERT):
            stack.append((b"", b"", b"", b""))
        elif op == GROUP:
            pass
        elif op == REPEAT and a > 0:
            whole, head, tail, must = stack.pop()
            stack.append((None, head, tail, must))
        else:
            assert op in (SET, ALT, REPEAT, BACKREF)
            if op == ALT:
                stack.pop()
            if op in (ALT, REPEAT):
                stack.pop()
            stack.append((None, b"", b"", b""))
    return None, stack[-1][3]


def compile(
    pattern: bytes,
    *,
    extended: bool = False,
    icase: bool = False,
    newline: bool = False,
    utf8: bool = False,
    syntax: Syntax | None = None,
) -> Regex:
    """Compile a pattern as regcomp(3) reads it, or in another dialect.

    ``newline`` is REG_NEWLINE: ``^`` and ``$`` match at lines, ``.`` and ``[^…]`` no newline.
    ``utf8`` makes a character of a UTF-8 sequence. Raises RegexError with glibc's text.
    """
    if syntax is None:
        syntax = POSIX_EXTENDED if extended else POSIX_BASIC
    parser = Parser(pattern, syntax, icase=icase, newline=newline, utf8=utf8)
    return Regex(
        parser.parse(),
        groups=parser.groups,
        references=bool(parser.references),
        icase=icase,
        newline=newline,
        utf8=utf8,
    )

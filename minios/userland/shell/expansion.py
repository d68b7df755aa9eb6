"""Word expansion (XCU 2.6): parameters, commands, arithmetic, field splitting, pathnames.

A word is first expanded to *pieces*, each with how it may be treated further; the pieces then
become fields, one string, or a pattern.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from minios.userland.lib.pattern import Pattern, compiling, escape, has_meta
from minios.userland.shell.arithmetic import evaluate, evaluating
from minios.userland.shell.errors import ShellError
from minios.userland.shell.glob import expand_path
from minios.userland.shell.state import DEFAULT_IFS
from minios.userland.shell.syntax import Arithmetic, Assign, CommandSub, Param, Part, Text, Word
from minios.userland.shell.trampoline import call
from minios.userland.shell.words import NAME_START, has_glob

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

QUOTED = 0  # as it is
PLAIN = 1  # literal text of the word: may be a pattern
SPLIT = 2  # the result of an unquoted expansion: split into fields, may be a pattern
BREAK = 3  # between two positional parameters
JOINED = 4  # unquoted positional parameters with NULs between them, each a blank of IFS

WORD_CYCLES = 30
"""What expanding a word costs at least."""

Pieces = list[tuple[int, bytes]]
Field = list[tuple[bool, bytes]]
"""(is it quoted?, text) of one field."""

MANY = 256
"""Fields, and pieces of a word, of which more than so many are paid for as they come."""
PIECE_BYTES = 80
"""What a piece takes besides its text."""
FIELD_CYCLES = 20
FIELD_BYTES = 56
"""What a field costs, and what it takes besides its text."""
SLICE = 16384
"""Longer results of expansions are split into fields slice by slice."""

LONG_EXPRESSION = 4096
"""Bytes beyond which an arithmetic expression is evaluated step by step."""

_IFS_WHITESPACE = frozenset(b" \t\n")
_IFS_BLANKS = _IFS_WHITESPACE | {0}
"""What is skipped around a separator; the NUL stands between parameters that were joined."""


class Expander:
    """Expands the words of one shell."""

    __slots__ = ("sh",)

    def __init__(self, shell: "Shell") -> None:
        self.sh = shell

    # -- what a word may become ----------------------------------------------------------------

    async def fields(self, word: Word, out: list[bytes]) -> None:
        """Append the fields that a word of a command expands to."""
        sh = self.sh
        sh.cycles += WORD_CYCLES
        parts = word.parts
        if len(parts) == 1:
            part = parts[0]
            if type(part) is Param and not part.op and part.name not in (b"@", b"*"):
                value = self.parameter(part.name)
                if value is None:
                    if sh.options.nounset:
                        raise ShellError(part.name + b": parameter not set")
                    value = b""
                if part.quoted:
                    out.append(value)
                    return
                if not value:
                    return
                if sh.ifs is DEFAULT_IFS and not (
                    has_glob(value) or b" " in value or b"\n" in value or b"\t" in value
                ):
                    out.append(value)
                    return
        await self._split(await self._pieces(word, True), out)

    async def _deliver(self, fields: list[Field], out: list[bytes]) -> None:
        """Append what fields are as text, or the paths they match."""
        sh = self.sh
        if len(fields) >= MANY:
            size = sum(len(piece) for field in fields for _, piece in field)
            await sh.scratch(size + FIELD_BYTES * len(fields))
            sh.cycles += FIELD_CYCLES * len(fields)
            await sh.pay()
        for field in fields:
            text = b"".join(piece for _, piece in field)
            if not sh.options.noglob:
                for quoted, piece in field:
                    if not quoted and (b"*" in piece or b"?" in piece or b"[" in piece):
                        break
                else:
                    out.append(text)
                    continue
                pattern = b"".join(escape(p) if quoted else p for quoted, p in field)
                if has_meta(pattern):
                    found = await expand_path(sh, pattern)
                    if found:
                        out.extend(found)
                        continue
            out.append(text)

    async def string(self, word: Word) -> bytes:
        """A word as one string: no splitting, no pathnames."""
        if word.literal is not None:
            return word.literal
        if len(word.parts) == 1:
            part = word.parts[0]
            if type(part) is Text:
                if not word.tilde:
                    return part.value
            elif type(part) is Param and not part.op and part.name not in (b"@", b"*"):
                value = self.parameter(part.name)
                if value is not None:
                    return value
            elif (
                type(part) is Arithmetic
                and part.word.literal is not None
                and len(part.word.literal) <= LONG_EXPRESSION
            ):
                text = part.word.literal
                self.sh.cycles += WORD_CYCLES + len(text) * 4
                return b"%d" % evaluate(text, self.sh)
        self.sh.cycles += WORD_CYCLES
        pieces = await self._pieces(word, False)
        return b"".join(piece for _, piece in pieces)

    async def value(self, assign: Assign) -> bytes:
        """The value of an assignment: a tilde-prefix may follow each colon, too."""
        word = assign.value
        if not word.tilde:
            return await self.string(word)
        parts = await self._assignment_tildes(word.parts)
        pieces: Pieces = []
        await self._expand(parts, pieces, False, False)
        return b"".join(piece for _, piece in pieces)

    async def pattern(self, word: Word) -> bytes:
        """A word as a pattern: what is quoted in it means itself."""
        if len(word.parts) == 1:
            part = word.parts[0]
            if type(part) is Text and not word.tilde:
                return escape(part.value) if part.quoted else part.value
        pieces = await self._pieces(word, False)
        return b"".join(piece if kind else escape(piece) for kind, piece in pieces)

    # -- expansion into pieces -----------------------------------------------------------------

    async def _pieces(self, word: Word, full: bool) -> Pieces:
        pieces: Pieces = []
        parts: Sequence[Part] = word.parts
        if word.tilde:
            parts = await self._leading_tilde(parts)
        await self._expand(parts, pieces, full, False)
        return pieces

    async def _operand(self, word: Word, pieces: Pieces, full: bool) -> None:
        parts: Sequence[Part] = word.parts
        if word.tilde:
            parts = await self._leading_tilde(parts)
        await call(self._expand(parts, pieces, full, True))

    async def _expand(
        self, parts: Sequence[Part], pieces: Pieces, full: bool, operand: bool
    ) -> None:
        """Append the pieces of ``parts``. ``full``: fields are wanted; ``operand``: this is the
        word of an unquoted ``${x-word}``, whose text is split as well."""
        sh = self.sh
        for index, part in enumerate(parts, 1):
            kind = type(part)
            if kind is Text:
                pieces.append(
                    (QUOTED if part.quoted else SPLIT if operand else PLAIN, part.value)  # type: ignore[union-attr]
                )
                continue
            if kind is Param:
                await self._param(part, pieces, full)  # type: ignore[arg-type]
            elif kind is CommandSub:
                data = await call(sh.substitute(part.body))  # type: ignore[union-attr]
                pieces.append((QUOTED if part.quoted else SPLIT, data))
            else:
                assert isinstance(part, Arithmetic)
                text = await call(self.string(part.word))
                sh.cycles += len(text) * 4
                if len(text) <= LONG_EXPRESSION:
                    number = evaluate(text, sh)
                else:
                    await sh.scratch(64 * len(text))  # tokens
                    number = await sh.slowly(evaluating(text, sh))
                pieces.append((QUOTED if part.quoted else SPLIT, b"%d" % number))
            last = pieces[-1][1] if pieces else b""
            if len(last) >= 256:
                await sh.scratch(len(last))
            if not index % MANY:
                await sh.pay()

    async def _param(self, part: Param, pieces: Pieces, full: bool) -> None:
        name, op = part.name, part.op
        kind = QUOTED if part.quoted else SPLIT
        if op == "bad":
            raise ShellError(b"Bad substitution")
        several = name == b"@" or name == b"*"
        value = self._joined() if several else self.parameter(name)
        if op and op in "-+?=":
            present = value is not None and not (part.colon and not value)
            assert part.word is not None
            if op == "+" or (op == "-" and not present):
                if present == (op == "+"):
                    if part.quoted:
                        pieces.append((QUOTED, b""))
                    await self._operand(part.word, pieces, full)
                elif part.quoted:
                    pieces.append((QUOTED, b""))
                return
            if not present:
                value = await call(self.string(part.word))
                if op == "?":
                    if not part.word.parts:
                        value = b"parameter not set"
                        if part.colon:
                            value += b" or null"
                    raise ShellError(name + b": " + value)
                if name[0] not in NAME_START:
                    raise ShellError(name + b": bad variable name")
                await self.sh.assign(name, value)
                pieces.append((kind, value))
                return
        elif value is None:
            if self.sh.options.nounset:
                raise ShellError(name + b": parameter not set")
            if op == "len":
                pieces.append((kind, b"0"))
                return
            if part.quoted:
                pieces.append((QUOTED, b""))
            return
        if several and (not op or op in "-+?="):
            await self._all(self.sh.parameters, name, part.quoted, full, pieces)
            return
        assert value is not None
        if op == "len":
            value = b"%d" % len(value)
        elif op and op[0] in "%#":
            assert part.word is not None
            pattern = await self.sh.slowly(compiling(await self._operand_pattern(part.word)))
            if several and full and not (part.quoted and name == b"*"):
                await self._all(
                    _trim_each(op, self.sh.parameters, pattern), name, part.quoted, full, pieces
                )
                return
            value = await self._trim(op, value, pattern)
        pieces.append((kind, value))

    async def _operand_pattern(self, word: Word) -> bytes:
        if len(word.parts) == 1 and type(word.parts[0]) is Text:
            return await self.pattern(word)
        return await call(self.pattern(word))

    async def _trim(self, op: str, value: bytes, pattern: Pattern) -> bytes:
        sh = self.sh
        sh.cycles += len(value) >> 2
        longest = len(op) == 2
        if op[0] == "#":
            length = await sh.slowly(pattern.measuring_prefix(value, longest))
            return value[length:] if length else value
        length = await sh.slowly(pattern.measuring_suffix(value, longest))
        return value[: len(value) - length] if length else value

    # -- parameters ----------------------------------------------------------------------------

    def parameter(self, name: bytes) -> bytes | None:
        """The value of a variable or special parameter other than ``@`` and ``*``."""
        sh = self.sh
        first = name[0]
        if first in NAME_START:
            value = sh.values.get(name)
            return value if value is not None else sh.get(name)
        if 0x30 <= first <= 0x39:
            index = int(name) if len(name) < 10 else 1 << 30
            if not index:
                return sh.name
            return sh.parameters[index - 1] if index <= len(sh.parameters) else None
        if first == 0x23:
            return b"%d" % len(sh.parameters)
        if first == 0x3F:
            return b"%d" % sh.status
        if first == 0x24:
            return b"%d" % sh.pid
        if first == 0x21:
            return b"%d" % sh.last_background if sh.last_background else None
        if first == 0x2D:
            return sh.options.letters()
        return self._joined()

    def _joined(self) -> bytes:
        """``$*`` or ``$@`` as one string; like dash, that is never unset."""
        sh = self.sh
        return sh.ifs[:1].join(sh.parameters)

    async def _all(
        self, values: Sequence[bytes], name: bytes, quoted: bool, full: bool, pieces: Pieces
    ) -> None:
        """The positional parameters, each on its own where fields are wanted."""
        kind = QUOTED if quoted else SPLIT
        if not full or (name == b"*" and quoted):
            pieces.append((kind, self._joined()))
            return
        if not quoted and not _IFS_WHITESPACE.issuperset(self.sh.ifs):
            # To dash they are one text, and an end of a parameter is a blank that separators
            # around it swallow.
            text = b"\0".join(values)
            await self.sh.scratch(len(text))
            pieces.append((JOINED, text))
            return
        if len(values) > MANY:
            await self.sh.scratch(PIECE_BYTES * len(values))
        for index, value in enumerate(values):
            if index:
                pieces.append((BREAK, b""))
            pieces.append((kind, value))

    # -- tildes --------------------------------------------------------------------------------

    async def _leading_tilde(self, parts: Sequence[Part]) -> Sequence[Part]:
        first = parts[0]
        assert isinstance(first, Text)
        name, slash, rest = first.value.partition(b"/")
        if not slash and len(parts) > 1:
            return parts
        home = await self._home(name[1:])
        if home is None:
            return parts
        new: list[Part] = [Text(home, True)]
        if slash:
            new.append(Text(slash + rest, False))
        new.extend(parts[1:])
        return new

    async def _assignment_tildes(self, parts: Sequence[Part]) -> list[Part]:
        new: list[Part] = []
        start = True
        for index, part in enumerate(parts):
            if type(part) is not Text or part.quoted:
                new.append(part)
                start = False
                continue
            pieces = part.value.split(b":")
            for at, piece in enumerate(pieces):
                if at:
                    new.append(Text(b":", False))
                whole = at < len(pieces) - 1 or index == len(parts) - 1
                name, slash, rest = piece.partition(b"/")
                home = None
                if (at or start) and name[:1] == b"~" and (slash or whole):
                    home = await self._home(name[1:])
                if home is None:
                    new.append(Text(piece, False))
                else:
                    new.append(Text(home + slash + rest, True))
            start = part.value.endswith(b":")
        return new

    async def _home(self, user: bytes) -> bytes | None:
        if not user:
            return self.sh.get(b"HOME")
        from minios.userland.lib import users

        entry = await users.by_name(self.sh.sys, user)
        return entry.home if entry is not None else None

    # -- fields --------------------------------------------------------------------------------

    async def _split(self, pieces: Pieces, out: list[bytes]) -> None:
        """Field splitting (XCU 2.6.5). A field of nothing but unquoted emptiness vanishes."""
        ready: list[Field] = []
        field: Field | None = None
        ifs = self.sh.ifs
        total = 0
        for kind, data in pieces:
            if kind == BREAK:
                if field is not None:
                    ready.append(field)
                    if len(ready) >= 4 * MANY:
                        await self._deliver(ready, out)
                        ready.clear()
                field = None
            elif kind == QUOTED:
                if field is None:
                    field = []
                field.append((True, data))
            elif not data:
                continue
            elif kind == JOINED:
                total += 8 * len(data)
                field = _split_piece(data, ifs + b"\0", field, ready)
            elif kind == PLAIN or not ifs:
                if field is None:
                    field = []
                field.append((False, data))
            elif len(data) <= SLICE:
                total += len(data)
                field = _split_piece(data, ifs, field, ready)
            else:
                for piece in _slices(data, ifs):
                    if piece:
                        field = _split_piece(piece, ifs, field, ready)
                    self.sh.cycles += len(piece) >> 2
                    await self._deliver(ready, out)
                    ready.clear()
        if field is not None:
            ready.append(field)
        self.sh.cycles += total >> 2
        await self._deliver(ready, out)


def _slices(data: bytes, ifs: bytes) -> Iterator[bytes]:
    """Consecutive parts of ``data``. No cut is behind a blank, which may belong to a separator."""
    blanks = bytes(_IFS_WHITESPACE.intersection(ifs))
    start = 0
    while start < len(data):
        piece = data[start : start + SLICE]
        start += len(piece)
        if piece[-1] in blanks and start < len(data):
            # Of the blanks at the cut one is kept, in front of what follows.
            piece = piece.rstrip(blanks)
            start -= 1
        yield piece


def _trim_each(op: str, values: Sequence[bytes], pattern: Pattern) -> list[bytes]:
    """Trim ``$@`` the way dash does, to whom it is one string with a NUL between parameters.

    A prefix is taken off the first one. A suffix is cut where one is found at the end of a
    parameter, with all that follows: ``%`` looks from the last one back, ``%%`` at the first only.
    """
    kept = list(values)
    if not kept:
        return kept
    longest = len(op) == 2
    if op[0] == "#":
        if longest and pattern.matches(kept[0]):
            return []
        length = pattern.prefix_length(kept[0], longest)
        kept[0] = kept[0][length or 0 :]
        return kept
    for index in (0,) if longest else range(len(kept) - 1, -1, -1):
        length = pattern.suffix_length(kept[index], longest)
        if length is not None:
            return [*kept[:index], kept[index][: len(kept[index]) - length]]
    return kept


def _split_piece(data: bytes, ifs: bytes, field: Field | None, out: list[Field]) -> Field | None:
    """Split one expansion's result; returns the field that is left open."""
    if ifs is DEFAULT_IFS and not (b"\r" in data or b"\v" in data or b"\f" in data):
        words = data.split()
        if field is not None and data[0] in _IFS_WHITESPACE:
            out.append(field)
            field = None
        if not words:
            return field
        if field is not None:
            field.append((False, words[0]))
        else:
            field = [(False, words[0])]
        for word in words[1:]:
            out.append(field)
            field = [(False, word)]
        if data[-1] in _IFS_WHITESPACE:
            out.append(field)
            return None
        return field
    separators = frozenset(ifs)
    blanks = separators & _IFS_BLANKS
    at = start = 0
    end = len(data)
    while at < end:
        char = data[at]
        if char not in separators:
            at += 1
            continue
        blank = char in blanks
        if blank and at == start and field is None:
            at += 1
            start = at
            continue
        if field is None:
            field = []
        field.append((False, data[start:at]))
        out.append(field)
        field = None
        at += 1
        while at < end and data[at] in separators:
            if data[at] not in blanks:
                if not blank:
                    break
                blank = False
            at += 1
        start = at
    if start < end:
        if field is None:
            field = []
        field.append((False, data[start:end]))
    return field

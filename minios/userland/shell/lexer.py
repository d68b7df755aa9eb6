"""Tokens and words of the shell language (XCU 2.2, 2.3, 2.6), read lazily.

Everything here that may need another line of input is a generator. It yields ``None`` to be sent
the next line (empty at end of input), or another of these generators to have it run and be sent its
result: whoever drives them keeps the stack, so that nesting costs no Python recursion and a
half-entered command waits for its next line without being read twice. After every so many tokens
and parts of words it yields ``units``, so that time and memory of a long command can be paid for.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeVar

from minios.userland.shell.syntax import (
    Arithmetic,
    Assign,
    CommandSub,
    HereDocument,
    Node,
    Param,
    Part,
    Text,
    Word,
)
from minios.userland.shell.words import (
    DIGITS,
    KEYWORDS,
    NAME_CHARS,
    NAME_START,
    SPECIAL_NAMES,
    is_name,
    make_word,
)

if TYPE_CHECKING:
    from minios.userland.shell.parser import Parser

T = TypeVar("T")
Step = Generator[Any, Any, T]

WORD = "word"
NEWLINE = "newline"
END = "end of file"
REDIRECTION = "redirection"

PAUSE_EVERY = 256
"""Units read between two pauses."""
UNIT_BYTES = 160
"""What a token or part takes in the syntax tree, about."""
CHUNK = 8192
"""Plain text read between two looks at whether a pause is due."""

MAX_NESTING = 400
"""How deep compound commands, substitutions and braces may stand in each other."""

_BACKQUOTE_ESCAPES = frozenset(b"\\`$")
_OPERATORS = frozenset(b"&|;")

# What a word is read within.
PLAIN = 0  # unquoted
BRACE = 1  # the operand of an unquoted ${x-…}, or of a pattern operator anywhere
DQUOTE = 2  # between double quotes
BRACE_DQ = 3  # the operand of "${x-…}"
HERE = 4  # the body of a here-document
ARITH = 5  # between $(( and ))


def _stops(characters: bytes) -> bytes:
    return bytes(int(c in characters) for c in range(256))


_STOPS = (
    _stops(b"\n\\'\"`$<>();&| \t"),
    _stops(b"\n\\'\"`$}"),
    _stops(b'\n\\"`$'),
    _stops(b'\n\\"`$}'),
    _stops(b"\n\\`$"),
    _stops(b"\n\\`$()"),
)
"""For each context, the bytes that end a run of ordinary ones."""

_PLAIN_INNER = frozenset(b"\\'\"`$")
"""Those of PLAIN that do not end the word."""


class ShellSyntaxError(Exception):
    """``str`` is what follows ``Syntax error: ``."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Lexer:
    """The token half of :class:`~minios.userland.shell.parser.Parser`."""

    def __init__(self, line: int = 1, depth: int = 0) -> None:
        self.buffer = b""
        self.pos = 0
        self.line = line
        """The number of the line that is being read."""
        self.ended = False
        self.depth = depth
        self.units = 0
        """Tokens and parts of words read so far; long text counts as several."""
        self.pause_at = PAUSE_EVERY
        self.aliases: dict[bytes, bytes] = {}
        self._alias_marks: list[tuple[int, bytes, bool]] = []
        # The token read last, and whether it is to be read again.
        self.token = END
        self.pushed_back = False
        self.word: Word | None = None
        self.raw: bytes | None = None
        self.quoted = False
        self.op = ""
        self.fd = 0
        # What the grammar wants of the next token: dash calls these CHKKWD, CHKALIAS and CHKNL.
        self.want_keyword = False
        self.want_alias = False
        self.skip_newlines = False
        self.raw_mode = False
        self.here_documents: list[HereDocument] = []

    # -- characters ----------------------------------------------------------------------------

    def fill(self) -> Step[bool]:
        """Read on when the buffer is used up; False at end of input."""
        if self.ended:
            return False
        line = yield None
        if not line:
            self.ended = True
            return False
        self.buffer = line
        self.pos = 0
        self._alias_marks.clear()
        return True

    def peek(self) -> Step[int]:
        """The next character, line continuations removed; -1 at the end of input."""
        while True:
            if self.pos < len(self.buffer):
                char = self.buffer[self.pos]
                if char != 0x5C or self.buffer[self.pos + 1 : self.pos + 2] != b"\n":
                    return char
                self.pos += 2
                self.line += 1
            elif not (yield from self.fill()):
                return -1

    def fail(self, text: str) -> ShellSyntaxError:
        return ShellSyntaxError(self.line, text)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fail("nested too deeply")

    def pause(self) -> int:
        """What to yield when ``units`` has reached ``pause_at``."""
        self.pause_at = self.units + PAUSE_EVERY
        return self.units

    # -- aliases -------------------------------------------------------------------------------

    def _push_alias(self, name: bytes, value: bytes) -> None:
        rest = self.buffer[self.pos :]
        self._alias_marks.append((len(rest), name, value[-1:] in (b" ", b"\t")))
        self.buffer = value + rest
        self.units += len(rest) // CHUNK
        self.pos = 0

    def _pop_aliases(self) -> None:
        """Forget aliases that are used up; one ending in a blank makes the next word eligible."""
        remaining = len(self.buffer) - self.pos
        while self._alias_marks and remaining <= self._alias_marks[-1][0]:
            if self._alias_marks.pop()[2]:
                self.want_alias = True

    def _alias_of(self, name: bytes) -> bytes | None:
        value = self.aliases.get(name)
        if value is None or any(mark[1] == name for mark in self._alias_marks):
            return None
        return value

    # -- tokens --------------------------------------------------------------------------------

    def next_token(self) -> Step[str]:
        """Read a token into ``token`` (and ``word``, ``op``, ``fd``), as the wants ask."""
        while True:
            self.units += 1
            if self.units >= self.pause_at:
                yield self.pause()
            keyword, newlines = self.want_keyword, self.skip_newlines
            alias = self.want_alias
            token = yield from self._token()
            if newlines:
                while token == NEWLINE:
                    if self.here_documents:
                        yield from self.read_here_documents()
                    token = yield from self._token()
            keyword |= self.want_keyword
            alias |= self.want_alias
            self.want_keyword = self.want_alias = self.skip_newlines = False
            if token is not WORD or self.quoted or self.raw is None:
                return token
            if keyword:
                reserved = KEYWORDS.get(self.raw)
                if reserved is not None:
                    self.token = reserved
                    return reserved
            if alias and self.aliases:
                value = self._alias_of(self.raw)
                if value is not None:
                    self._push_alias(self.raw, value)
                    self.want_keyword, self.want_alias = keyword, alias
                    self.skip_newlines = newlines
                    continue
            return token

    def _token(self) -> Step[str]:
        if self.pushed_back:
            self.pushed_back = False
            return self.token
        self.quoted = False
        self.word = None
        self.raw = None
        while True:
            buffer = self.buffer
            if self.pos < len(buffer):
                char = buffer[self.pos]
                if char == 0x5C:
                    char = yield from self.peek()
            else:
                char = yield from self.peek()
            if char == 0x20 or char == 0x09:
                self.pos += 1
            elif char == 0x23:  # a comment
                end = self.buffer.find(b"\n", self.pos)
                self.pos = end if end >= 0 else len(self.buffer)
            else:
                break
        if self._alias_marks:
            self._pop_aliases()
        if char == -1:
            self.token = END
        elif char == 0x0A:
            self.pos += 1
            self.line += 1
            self.token = NEWLINE
        elif char in _OPERATORS:
            self.pos += 1
            again = yield from self.peek()
            if again == char:
                self.pos += 1
                self.token = chr(char) * 2
            else:
                self.token = chr(char)
        elif char == 0x28 or char == 0x29:
            self.pos += 1
            self.token = chr(char)
        elif char == 0x3C or char == 0x3E:
            yield from self._redirection(-1)
        else:
            yield from self._word()
        return self.token

    def _redirection(self, fd: int) -> Step[None]:
        """Read an operator that begins at ``<`` or ``>`` here."""
        op = chr(self.buffer[self.pos])
        self.pos += 1
        follow = yield from self.peek()
        if follow >= 0 and chr(follow) in (">&|" if op == ">" else "<&>"):
            op += chr(follow)
            self.pos += 1
            if op == "<<" and (yield from self.peek()) == 0x2D:
                self.pos += 1
                op = "<<-"
        self.token = REDIRECTION
        self.op = op
        self.fd = fd if fd >= 0 else 0 if op[0] == "<" else 1

    def _word(self) -> Step[None]:
        parts: list[Part] = yield self.parts(PLAIN)
        self.token = WORD
        self.raw = None
        if len(parts) == 1 and type(parts[0]) is Text and not self.quoted:
            self.raw = parts[0].value
            if (
                len(self.raw) == 1
                and self.raw[0] in DIGITS
                and self.pos < len(self.buffer)
                and self.buffer[self.pos] in b"<>"
            ):
                yield from self._redirection(int(self.raw))
                return
        self.word = make_word(parts)

    def assignment(self, word: Word) -> Assign | None:
        """The word as an assignment, if it begins with ``name=``."""
        if not word.parts:
            return None
        first = word.parts[0]
        if type(first) is not Text or first.quoted:
            return None
        name, equals, rest = first.value.partition(b"=")
        if not equals or not is_name(name):
            return None
        parts: list[Part] = list(word.parts[1:])
        if rest:
            parts.insert(0, Text(rest, False))
        tilde = any(type(p) is Text and not p.quoted and b"~" in p.value for p in parts)
        value = make_word(parts)
        literal = value.literal
        if literal is None and all(type(p) is Text for p in parts):
            literal = b"".join(p.value for p in parts)  # type: ignore[union-attr]
        return Assign(name, Word(value.parts, None if tilde else literal, tilde))

    # -- words ---------------------------------------------------------------------------------

    def parts(self, mode: int, in_brace: bool = False) -> Step[list[Part]]:
        """The parts of a word up to what ends it in this ``mode``; that end is consumed but for
        PLAIN. Sets ``quoted`` when any quoting was met.
        """
        stops = _STOPS[mode]
        double = mode >= DQUOTE
        parts: list[Part] = []
        text: list[bytes] = []  # pieces of the literal text that is being gathered …
        kind = double  # … and whether it is quoted
        inner_quotes = False
        parens = 0

        def put(piece: bytes, quoted: bool) -> None:
            nonlocal kind
            if text and kind != quoted:
                parts.append(Text(b"".join(text), kind))
                text.clear()
            kind = quoted
            text.append(piece)

        def add(part: Part) -> None:
            if text:
                parts.append(Text(b"".join(text), kind))
                text.clear()
            parts.append(part)

        while True:
            if self.units >= self.pause_at:
                yield self.pause()
            buffer, start, end = self.buffer, self.pos, len(self.buffer)
            pos = start
            chunk = min(end, start + CHUNK)
            while pos < chunk and not stops[buffer[pos]]:
                pos += 1
            self.units += 1 + (pos - start) // UNIT_BYTES
            if pos > start:
                put(buffer[start:pos], double)
                self.pos = pos
                if pos == chunk < end:
                    continue
            if pos >= end:
                if (yield from self.fill()):
                    continue
                if mode == ARITH:
                    raise self.fail("Missing '))'")
                if mode == DQUOTE or (mode == BRACE_DQ and not in_brace):
                    raise self.fail("Unterminated quoted string")
                if mode in (BRACE, BRACE_DQ):
                    raise self.fail("Missing '}'")
                break
            char = buffer[pos]
            if mode == PLAIN and char not in _PLAIN_INNER:
                break
            self.pos += 1
            if char == 0x5C:
                if pos + 1 >= end:
                    put(b"\\", True)
                    continue
                follow = buffer[pos + 1]
                self.pos += 1
                if follow == 0x0A:
                    self.line += 1
                    continue
                if (
                    not double
                    or follow in b"\\`$"
                    or (follow == 0x22 and mode != HERE)
                    or (follow == 0x7D and (mode == BRACE_DQ or in_brace))
                ):
                    put(bytes((follow,)), True)
                else:
                    put(b"\\" + bytes((follow,)), True)
                self.quoted = True
            elif char == 0x24:
                part = yield from self._dollar(mode)
                if part is None:
                    put(b"$", double)
                else:
                    add(part)
            elif char == 0x60:
                if self.raw_mode:
                    put(b"`", double)
                else:
                    body = yield from self._backquoted(double and mode != HERE)
                    add(CommandSub(body, double))
            elif char == 0x0A:
                put(b"\n", double)
                self.line += 1
            elif not double:
                if char == 0x27:
                    put((yield from self._single_quoted()), True)
                elif char == 0x22:
                    inner: list[Part] = yield from self.parts(DQUOTE, mode == BRACE)
                    for part in inner:
                        if type(part) is Text:
                            put(part.value, True)
                        else:
                            add(part)
                    if not inner:
                        put(b"", True)
                else:  # the closing brace
                    break
                self.quoted = True
            elif char == 0x22:
                self.quoted = True
                if mode == DQUOTE:
                    break
                inner_quotes = not inner_quotes
            elif char == 0x7D:
                if not inner_quotes:
                    break
                put(b"}", True)
            elif char == 0x28:
                parens += 1
                put(b"(", True)
            else:  # a closing parenthesis in arithmetic
                if parens:
                    parens -= 1
                elif (yield from self.peek()) == 0x29:
                    self.pos += 1
                    break
                put(b")", True)
        if text:
            parts.append(Text(b"".join(text), kind))
        return parts

    def _single_quoted(self) -> Step[bytes]:
        pieces: list[bytes] = []
        while True:
            end = self.buffer.find(b"'", self.pos)
            piece = self.buffer[self.pos : end if end >= 0 else len(self.buffer)]
            pieces.append(piece)
            self.line += piece.count(b"\n")
            self.pos += len(piece)
            if end >= 0:
                self.pos += 1
                return b"".join(pieces)
            if not (yield from self.fill()):
                raise self.fail("Unterminated quoted string")

    def _dollar(self, mode: int) -> Step[Part | None]:
        """What follows a ``$``; None if it is only a dollar sign."""
        quoted = mode >= DQUOTE
        char = yield from self.peek()
        if self.raw_mode:
            return None
        if char == 0x28:
            self.pos += 1
            if (yield from self.peek()) == 0x28:
                self.pos += 1
                self.deeper()
                parts = yield self.parts(ARITH)
                self.depth -= 1
                return Arithmetic(make_word(parts), quoted)
            return CommandSub((yield from self._command_sub()), quoted)
        if char == 0x7B:
            self.pos += 1
            self.deeper()
            part = yield self._braced(mode)
            self.depth -= 1
            return part  # type: ignore[no-any-return]
        if char in NAME_START:
            return Param((yield from self._name()), "", False, None, quoted)
        if char in SPECIAL_NAMES:
            self.pos += 1
            return Param(bytes((char,)), "", False, None, quoted)
        return None

    def _name(self) -> Step[bytes]:
        pieces: list[bytes] = []
        while True:
            start = self.pos
            buffer, end = self.buffer, len(self.buffer)
            pos = start
            while pos < end and buffer[pos] in NAME_CHARS:
                pos += 1
            self.pos = pos
            pieces.append(buffer[start:pos])
            if (yield from self.peek()) not in NAME_CHARS:
                return b"".join(pieces)

    def _braced(self, mode: int) -> Step[Part]:
        """After ``${``: the name, the operator and its operand."""
        quoted = mode >= DQUOTE
        char = yield from self.peek()
        name = b""
        length = False
        op: str | None = None
        if char == 0x23:
            self.pos += 1
            follow = yield from self.peek()
            if follow in NAME_CHARS:
                length = True
                char = follow
            elif follow in SPECIAL_NAMES:
                # ${#?} is a length, ${#?x} is $# with an operator.
                self.pos += 1
                if (yield from self.peek()) == 0x7D:
                    self.pos += 1
                    return Param(bytes((follow,)), "len", False, None, quoted)
                name = b"#"
                self.pos -= 1
            else:
                name = b"#"
                start = self.pos
                if follow >= 0 and follow != 0x7D:
                    self.pos += 1
                    if (yield from self.peek()) == 0x7D:
                        op = "bad"  # the length of no parameter
                self.pos = start
        if not name:
            if char in NAME_START:
                name = yield from self._name()
            elif char in DIGITS:
                name = yield from self._digits()
            elif char in SPECIAL_NAMES:
                self.pos += 1
                name = bytes((char,))
        colon = False
        char = yield from self.peek()
        if op or not name:
            op = "bad"
        elif length:
            if char == 0x7D:
                self.pos += 1
                return Param(name, "len", False, None, quoted)
            op = "bad"
        elif char == 0x7D:
            self.pos += 1
            return Param(name, "", False, None, quoted)
        elif char in (0x25, 0x23):
            op = chr(char)
            self.pos += 1
            if (yield from self.peek()) == char:
                self.pos += 1
                op += op
        else:
            if char == 0x3A:
                colon = True
                self.pos += 1
                char = yield from self.peek()
                if char == 0x7D:
                    # To dash that brace is the operator: ${x:}text} is $x.
                    self.pos += 1
                    yield self.parts(BRACE_DQ if quoted else BRACE, mode == HERE)
                    return Param(name, "", False, None, quoted)
            if char >= 0 and char in b"-+?=":
                op = chr(char)
                self.pos += 1
            else:
                op = "bad"
        if op[0] in "%#" or not quoted:
            parts = yield self.parts(BRACE)
        else:
            parts = yield self.parts(BRACE_DQ, mode == HERE)
        return Param(name, op, colon, make_word(parts), quoted)

    def _digits(self) -> Step[bytes]:
        digits = bytearray()
        while (char := (yield from self.peek())) in DIGITS:
            digits.append(char)
            self.pos += 1
        return bytes(digits)

    def _command_sub(self) -> Step[Node | None]:
        """After ``$(``: the commands up to the closing parenthesis."""
        saved = (self.here_documents, self.raw_mode, self.quoted)
        self.here_documents = []
        self.pushed_back = False
        body = yield self._substituted()
        self.here_documents, self.raw_mode, self.quoted = saved
        self.want_keyword = self.want_alias = self.skip_newlines = False
        return body  # type: ignore[no-any-return]

    def _substituted(self) -> Step[Node | None]:
        raise NotImplementedError

    def _backquoted(self, quoted: bool) -> Step[Node | None]:
        """After a backquote: unescape up to the closing one, then parse that text by itself."""
        line = self.line
        text = bytearray()
        while True:
            char = yield from self.peek()
            if char == -1:
                raise self.fail("EOF in backquote substitution")
            self.pos += 1
            if char == 0x60:
                break
            if not len(text) % 1024:
                yield self.units
            if char == 0x0A:
                self.line += 1
            elif char == 0x5C:
                follow = yield from self.peek()
                if follow in _BACKQUOTE_ESCAPES or (quoted and follow == 0x22):
                    char = follow
                    self.pos += 1
                elif follow >= 0:
                    text.append(char)
                    char = follow
                    self.pos += 1
                    if char == 0x0A:
                        self.line += 1
            text.append(char)
        self.deeper()
        parser = self.nested(bytes(text), line)
        body = yield parser.whole()
        self.units = parser.units
        self.depth -= 1
        return body  # type: ignore[no-any-return]

    def nested(self, text: bytes, line: int) -> "Parser":
        """A parser of ``text`` with this one's aliases."""
        raise NotImplementedError

    # -- here-documents ------------------------------------------------------------------------

    def read_here_documents(self) -> Step[None]:
        """Read the bodies that the line just ended asked for (XCU 2.7.4)."""
        waiting, self.here_documents = self.here_documents, []
        for here in waiting:
            first = self.line
            lines: list[bytes] = []
            joined = False
            while True:
                if self.pos >= len(self.buffer) and not (yield from self.fill()):
                    break
                end = self.buffer.find(b"\n", self.pos) + 1 or len(self.buffer)
                line = self.buffer[self.pos : end]
                self.pos = end
                self.line += line.endswith(b"\n")
                if not joined:
                    if here.strip:
                        line = line.lstrip(b"\t")
                    if line.rstrip(b"\n") == here.delimiter:
                        break
                lines.append(line)
                self.units += 1 + len(line) // UNIT_BYTES
                if self.units >= self.pause_at:
                    yield self.pause()
                body = line.rstrip(b"\n")
                joined = (
                    not here.raw
                    and line.endswith(b"\n")
                    and (len(body) - len(body.rstrip(b"\\"))) % 2 == 1
                )
            text = b"".join(lines)
            if here.raw:
                here.body = make_word([Text(text, True)])
            else:
                parser = self.nested(text, first)
                parts = yield parser.parts(HERE)
                self.units = parser.units
                here.body = make_word(parts or [Text(b"", True)])

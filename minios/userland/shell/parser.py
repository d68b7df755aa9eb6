"""The grammar of the shell (XCU 2.10), one complete command at a time.

See :mod:`minios.userland.shell.lexer` for how its generators are driven.
"""

from typing import Any, TypeVar

from minios.userland.shell.lexer import (
    END,
    HERE,
    NEWLINE,
    REDIRECTION,
    UNIT_BYTES,
    WORD,
    Lexer,
    ShellSyntaxError,
    Step,
)
from minios.userland.shell.syntax import (
    AndOr,
    Assign,
    Background,
    Case,
    Commands,
    For,
    Function,
    HereDocument,
    If,
    Node,
    Not,
    Param,
    Pipeline,
    Redir,
    Redirected,
    Simple,
    Subshell,
    Text,
    While,
    Word,
)
from minios.userland.shell.words import is_name, make_word

SPECIAL_BUILTINS = frozenset(
    b". : break continue eval exec exit export readonly return set shift times trap unset".split()
)
"""XCU 2.14. No function may have such a name."""

_ENDS_LIST = frozenset([")", ";;", "`", "do", "done", "elif", "else", "esac", "fi", "then", "}"])
_BARE_TOKENS = frozenset([WORD, NEWLINE, END, REDIRECTION])

_ALL_PARAMETERS = Word((Param(b"@", "", False, None, True),), None, False)

# How a list may end (dash's nlflag).
_LINE = 1  # at a newline: a complete command
_BODY = 0  # at a reserved word, and something must come before it
_MAYBE = 2  # the same, but it may be empty


T = TypeVar("T")


class EndOfInput:
    """What :meth:`Parser.command` returns when there is nothing more to read."""

    __slots__ = ()


END_OF_INPUT = EndOfInput()


class Parser(Lexer):
    """Reads commands from lines it is sent. Raises :class:`ShellSyntaxError`."""

    def __init__(self, line: int = 1, depth: int = 0) -> None:
        super().__init__(line, depth)
        self.commands = 0
        """How many simple commands were parsed."""

    def command(self) -> Step[Node | EndOfInput | None]:
        """The next complete command; None for an empty line."""
        self.pushed_back = False
        self.want_keyword = self.want_alias = self.skip_newlines = False
        self.here_documents = []
        return (yield from self._list(_LINE))

    def whole(self) -> Step[Node | None]:
        """The text of backquotes as one list; like dash, blind to a stray token behind it."""
        body = yield from self._list(_MAYBE)
        return body if not isinstance(body, EndOfInput) else None

    def nested(self, text: bytes, line: int) -> "Parser":
        parser = Parser(line, self.depth)
        parser.aliases = self.aliases
        parser.units, parser.pause_at = self.units, self.pause_at
        parser.buffer = text
        parser.ended = True
        return parser

    def _substituted(self) -> Step[Node | None]:
        body = yield from self._compound(_MAYBE)
        if self.token != ")":
            raise self._unexpected(")")
        return body

    # -- errors --------------------------------------------------------------------------------

    def _unexpected(self, expected: str | None = None) -> ShellSyntaxError:
        text = f"{_shown(self.token)} unexpected"
        if expected is not None:
            text += f" (expecting {_shown(expected)})"
        return self.fail(text)

    def _expect(self, token: str) -> Step[None]:
        if (yield from self.next_token()) != token:
            raise self._unexpected(token)

    # -- lists ---------------------------------------------------------------------------------

    def _compound(self, ending: int = _BODY) -> Step[Node | None]:
        """A compound list and the token that ends it."""
        self.deeper()
        body = yield self._list(ending)
        yield from self.next_token()
        self.depth -= 1
        return body  # type: ignore[no-any-return]

    def _body(self, terminator: str) -> Step[Node]:
        """A compound list that must not be empty and ends at ``terminator``."""
        body = yield from self._compound()
        if self.token != terminator:
            raise self._unexpected(terminator)
        assert body is not None
        return body

    def _list(self, ending: int) -> Step[Node | EndOfInput | None]:
        items: list[Node] = []
        line = ending == _LINE
        may_end = ending == _MAYBE
        while True:
            self.skip_newlines = not line
            self.want_keyword = self.want_alias = True
            token = yield from self.next_token()
            if token is NEWLINE:
                if self.here_documents:
                    yield from self.read_here_documents()
                return _sequence(items)
            if token is END:
                if not items and line:
                    return END_OF_INPUT
                return (yield from self._at_end(items))
            self.pushed_back = True
            if may_end and not line and token in _ENDS_LIST:
                return _sequence(items)
            may_end = True
            at = self.line
            node = yield from self._and_or()
            token = yield from self.next_token()
            if token == "&":
                node = Background(getattr(node, "line", at), node)
            items.append(node)
            if token is END:
                return (yield from self._at_end(items))
            if token is NEWLINE:
                self.pushed_back = True
            elif token != "&" and token != ";":
                if line:
                    raise self._unexpected()
                self.pushed_back = True
                return _sequence(items)

    def _at_end(self, items: list[Node]) -> Step[Node | None]:
        if self.here_documents:
            yield from self.read_here_documents()
        self.token = END
        self.pushed_back = True
        return _sequence(items)

    def _and_or(self) -> Step[Node]:
        first = yield from self._pipeline()
        rest: list[tuple[bool, Node]] = []
        while True:
            token = yield from self.next_token()
            if token != "&&" and token != "||":
                self.pushed_back = True
                return AndOr(first, tuple(rest)) if rest else first
            self.skip_newlines = self.want_keyword = self.want_alias = True
            rest.append((token == "||", (yield from self._pipeline())))

    def _pipeline(self) -> Step[Node]:
        negated = (yield from self.next_token()) == "!"
        if negated:
            self.want_keyword = self.want_alias = True
        else:
            self.pushed_back = True
        node = yield from self._command()
        if (yield from self.next_token()) == "|":
            commands = [node]
            while self.token == "|":
                self.skip_newlines = self.want_keyword = self.want_alias = True
                commands.append((yield from self._command()))
                yield from self.next_token()
            node = Pipeline(tuple(commands))
        self.pushed_back = True
        return Not(node) if negated else node

    # -- commands ------------------------------------------------------------------------------

    def _command(self) -> Step[Node]:
        line = self.line
        token = yield from self.next_token()
        node: Node
        if token is WORD or token is REDIRECTION:
            self.pushed_back = True
            return (yield from self._simple())
        if token == "if":
            node = yield from self._if()
        elif token == "while" or token == "until":
            condition = yield from self._body("do")
            body = yield from self._body("done")
            node = While(condition, body, token == "until")
        elif token == "for":
            node = yield from self._for(line)
        elif token == "case":
            node = yield from self._case(line)
        elif token == "(":
            inside = yield from self._body(")")
            redirs = yield from self._redirections()
            return Subshell(line, inside, redirs)
        elif token == "{":
            node = yield from self._body("}")
        else:
            raise self._unexpected()
        redirs = yield from self._redirections()
        return Redirected(line, node, redirs) if redirs else node

    def _redirections(self) -> Step[tuple[Redir, ...]]:
        """The redirections after a compound command."""
        redirs: list[Redir] = []
        while True:
            self.want_keyword = self.want_alias = True
            if (yield from self.next_token()) is not REDIRECTION:
                self.pushed_back = True
                return tuple(redirs)
            redirs.append((yield from self._redirection_target()))

    def _if(self) -> Step[Node]:
        clauses: list[tuple[Node, Node]] = []
        otherwise: Node | None = None
        while True:
            condition = yield from self._body("then")
            body = yield from self._compound()
            if body is None:
                raise self._unexpected("fi")
            clauses.append((condition, body))
            if self.token != "elif":
                break
        if self.token == "else":
            otherwise = yield from self._compound()
        if self.token != "fi":
            raise self._unexpected("fi")
        return If(tuple(clauses), otherwise)

    def _for(self, line: int) -> Step[Node]:
        token = yield from self.next_token()
        if token is not WORD or self.raw is None or not is_name(self.raw):
            raise self.fail("Bad for loop variable")
        name = self.raw
        words: list[Word] = []
        self.skip_newlines = self.want_keyword = self.want_alias = True
        if (yield from self.next_token()) == "in":
            while (yield from self.next_token()) is WORD:
                assert self.word is not None
                words.append(self.word)
            if self.token is not NEWLINE and self.token != ";":
                raise self._unexpected()
        else:
            words.append(_ALL_PARAMETERS)
            if self.token != ";":
                self.pushed_back = True
        self.skip_newlines = self.want_keyword = self.want_alias = True
        yield from self._expect("do")
        body = yield from self._body("done")
        return For(line, name, tuple(words), body)

    def _case(self, line: int) -> Step[Node]:
        if (yield from self.next_token()) is not WORD:
            raise self._unexpected(WORD)
        assert self.word is not None
        subject = self.word
        self.skip_newlines = self.want_keyword = self.want_alias = True
        yield from self._expect("in")
        items: list[tuple[tuple[Word, ...], Node | None]] = []
        while True:
            self.skip_newlines = self.want_keyword = True
            if (yield from self.next_token()) == "esac":
                break
            if self.token == "(":
                yield from self.next_token()
            patterns: list[Word] = []
            while True:
                patterns.append(self.word if self.word is not None else Word((), b"", False))
                if (yield from self.next_token()) != "|":
                    break
                yield from self.next_token()
            if self.token != ")":
                raise self._unexpected(")")
            self.deeper()
            body = yield self._list(_MAYBE)
            self.depth -= 1
            items.append((tuple(patterns), body))
            self.skip_newlines = self.want_keyword = True
            if (yield from self.next_token()) == "esac":
                break
            if self.token != ";;":
                raise self._unexpected(";;")
        return Case(line, subject, tuple(items))

    def _simple(self) -> Step[Node]:
        line = self.line
        assigns: list[Assign] = []
        words: list[Word] = []
        redirs: list[Redir] = []
        name: bytes | None = None
        while True:
            self.want_alias = not words
            token = yield from self.next_token()
            if token is WORD:
                word = self.word
                assert word is not None
                assign = self.assignment(word)
                if assign is not None:
                    if not words:
                        assigns.append(assign)
                        continue
                    word = word._replace(assign=assign)
                elif not words:
                    name = self.raw
                words.append(word)
            elif token is REDIRECTION:
                redirs.append((yield from self._redirection_target()))
            elif token == "(" and len(words) == 1 and not assigns and not redirs:
                return (yield from self._function(name))
            else:
                self.pushed_back = True
                break
        if not words and not assigns and not redirs:
            raise self._unexpected()
        self.commands += 1
        return Simple(line, tuple(assigns), tuple(words), tuple(redirs))

    def _function(self, name: bytes | None) -> Step[Node]:
        yield from self._expect(")")
        if name is None or not is_name(name) or name in SPECIAL_BUILTINS:
            raise self.fail("Bad function name")
        self.skip_newlines = self.want_keyword = self.want_alias = True
        line = self.line
        units = self.units
        self.deeper()
        body = yield self._command()
        self.depth -= 1
        return Function(name, line, body, (self.units - units) * UNIT_BYTES)

    def _redirection_target(self) -> Step[Redir]:
        op, fd = self.op, self.fd
        here = op in ("<<", "<<-")
        if here:
            self.raw_mode = True
        token = yield from self.next_token()
        self.raw_mode = False
        if token is not WORD:
            raise self._unexpected()
        word = self.word
        assert word is not None
        if here:
            delimiter = b"".join(p.value for p in word.parts if type(p) is Text)
            document = HereDocument(delimiter, self.quoted, op == "<<-")
            self.here_documents.append(document)
            return Redir("<<", fd, None, None, document)
        if op in ("<&", ">&"):
            text = self.raw or b""
            if len(text) == 1 and text.isdigit():
                return Redir(op, fd, None, int(text), None)
            if text == b"-":
                return Redir(op, fd, None, -1, None)
        return Redir(op, fd, word, None, None)


def _shown(token: str) -> str:
    return token if token in _BARE_TOKENS else f'"{token}"'


def _sequence(items: list[Node]) -> Node | None:
    if not items:
        return None
    return items[0] if len(items) == 1 else Commands(tuple(items))


def parse_text(text: bytes, line: int = 1) -> list[Node]:
    """Parse a whole script at once; for tests and for whoever needs no laziness."""
    parser = Parser(line)
    parser.buffer = text
    parser.ended = True
    nodes: list[Node] = []
    while True:
        node = run_to_end(parser.command())
        if isinstance(node, EndOfInput):
            return nodes
        if node is not None:
            nodes.append(node)


def parse_quoted(text: bytes) -> Word:
    """``text`` as a word between double quotes (a prompt). ShellSyntaxError."""
    parser = Parser()
    parser.buffer = text
    parser.ended = True
    return make_word(run_to_end(parser.parts(HERE)))


def run_to_end(step: Step[T]) -> T:
    """Drive a parser whose input is all there."""
    stack: list[Step[Any]] = [step]
    value: Any = None
    while True:
        try:
            wanted = stack[-1].send(value)
        except StopIteration as stop:
            stack.pop()
            value = stop.value
            if not stack:
                return value  # type: ignore[no-any-return]
        else:
            if wanted is None or type(wanted) is int:
                value = b""
            else:
                stack.append(wanted)
                value = None

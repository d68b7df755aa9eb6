"""The syntax tree of the shell: immutable, and shared by parent and child across a fork.

Chains are flat (a list, an and-or list and a pipeline are tuples), so that a tree is only as deep
as its text is nested, and the parser bounds that.
"""

from typing import NamedTuple


class Text(NamedTuple):
    """Literal bytes of a word. Quoted text is neither split nor a pattern."""

    value: bytes
    quoted: bool


class Param(NamedTuple):
    """A parameter expansion (XCU 2.6.2).

    ``op`` is empty for ``$x``; else one of ``- + ? =`` (with ``colon`` for the null-testing form),
    ``% %% # ##``, ``len`` or ``bad`` for what is no valid substitution. ``word`` is the operand.
    """

    name: bytes
    op: str
    colon: bool
    word: "Word | None"
    quoted: bool


class CommandSub(NamedTuple):
    """``$(…)`` or backquotes (XCU 2.6.3)."""

    body: "Node | None"
    quoted: bool


class Arithmetic(NamedTuple):
    """``$((…))`` (XCU 2.6.4)."""

    word: "Word"
    quoted: bool


Part = Text | Param | CommandSub | Arithmetic


class Word(NamedTuple):
    """A word. ``literal`` is what it always expands to, where no expansion can change it.

    ``tilde`` says that a tilde-prefix may stand at its start, ``assign`` that it has the form of an
    assignment (which ``export`` and its like expand as one).
    """

    parts: tuple[Part, ...]
    literal: bytes | None
    tilde: bool
    assign: "Assign | None" = None


class Assign(NamedTuple):
    """``name=word`` before a command. ``value.tilde``: some tilde-prefix may be in it."""

    name: bytes
    value: Word


class HereDocument:
    """The body of a here-document, which is read when the line ends that asked for it.

    ``strip`` is set for ``<<-``, ``raw`` when the delimiter was quoted.
    """

    __slots__ = ("body", "delimiter", "raw", "strip")

    def __init__(self, delimiter: bytes, raw: bool, strip: bool) -> None:
        self.delimiter = delimiter
        self.raw = raw
        self.strip = strip
        self.body: Word | None = None


class Redir(NamedTuple):
    """A redirection: ``op`` is ``< > >> >| <> <& >&`` or ``<<``.

    ``dup`` is the descriptor of ``<&`` and ``>&`` when it is plain in the text, -1 for ``-``.
    """

    op: str
    fd: int
    target: Word | None
    dup: int | None
    here: HereDocument | None


class Simple(NamedTuple):
    """A simple command: assignments, words and redirections."""

    line: int
    assigns: tuple[Assign, ...]
    words: tuple[Word, ...]
    redirs: tuple[Redir, ...]


class Pipeline(NamedTuple):
    """Two or more commands joined by ``|``."""

    commands: "tuple[Node, ...]"


class Not(NamedTuple):
    """``! pipeline``."""

    body: "Node"


class AndOr(NamedTuple):
    """``first``, then each (is it ``||``?, command) of ``rest``."""

    first: "Node"
    rest: "tuple[tuple[bool, Node], ...]"


class Commands(NamedTuple):
    """Commands separated by ``;``, newline or ``&``."""

    items: "tuple[Node, ...]"


class Background(NamedTuple):
    """``body &``."""

    line: int
    body: "Node"


class Subshell(NamedTuple):
    """``( body )``."""

    line: int
    body: "Node"
    redirs: tuple[Redir, ...]


class Redirected(NamedTuple):
    """A compound command with redirections."""

    line: int
    body: "Node"
    redirs: tuple[Redir, ...]


class If(NamedTuple):
    """``clauses`` are (condition, body) of ``if`` and each ``elif``."""

    clauses: "tuple[tuple[Node, Node], ...]"
    otherwise: "Node | None"


class While(NamedTuple):
    """``while`` or, with ``until`` set, ``until``."""

    condition: "Node"
    body: "Node"
    until: bool


class For(NamedTuple):
    line: int
    name: bytes
    words: tuple[Word, ...]
    body: "Node"


class Case(NamedTuple):
    line: int
    subject: Word
    items: "tuple[tuple[tuple[Word, ...], Node | None], ...]"


class Function(NamedTuple):
    """A function definition; ``line`` is where the body begins, ``size`` what it takes in bytes."""

    name: bytes
    line: int
    body: "Node"
    size: int


Node = (
    Simple
    | Pipeline
    | Not
    | AndOr
    | Commands
    | Background
    | Subshell
    | Redirected
    | If
    | While
    | For
    | Case
    | Function
)

"""What a sed script compiles to."""

from enum import Enum

from minios.userland.lib.regex import Regex


class Kind(Enum):
    """What an address is."""

    LINE = "N"
    STEP = "first~step"
    LAST = "$"
    REGEX = "/re/"
    PLUS = "+N"  # second only: that many lines more
    MULTIPLE = "~N"  # second only: to a line number that N divides


class Address:
    """One address. A REGEX without ``regex`` is the last one used."""

    __slots__ = ("first", "kind", "regex", "step")

    def __init__(
        self, kind: Kind, first: int = 0, step: int = 0, regex: Regex | None = None
    ) -> None:
        self.kind = kind
        self.first = first
        self.step = step
        self.regex = regex


class Case(Enum):
    """A change of case in a replacement."""

    UPPER = "U"
    LOWER = "L"
    NONE = "E"
    NEXT_UPPER = "u"
    NEXT_LOWER = "l"


Piece = bytes | int | Case
"""A part of a replacement: text, the number of a group, or a change of case."""


class Sink:
    """A file that ``w`` writes to, by name; it is opened when the script has been read."""

    __slots__ = ("name",)

    def __init__(self, name: bytes) -> None:
        self.name = name


class Substitution:
    """The ``s`` command."""

    __slots__ = ("evaluate", "everywhere", "number", "pieces", "plain", "print", "regex", "sink")

    def __init__(self, regex: Regex | None, pieces: list[Piece]) -> None:
        self.regex = regex
        self.pieces = pieces
        self.plain = not any(isinstance(piece, Case) for piece in pieces)
        self.everywhere = False
        self.print = 0
        self.number = 1
        self.evaluate = False
        self.sink: Sink | None = None

    @property
    def groups(self) -> int:
        """The highest group that the replacement refers to."""
        return max((piece for piece in self.pieces if isinstance(piece, int)), default=0)


class Command:
    """A command. ``target`` is where ``{``, ``b``, ``t`` and ``T`` go on in the program."""

    __slots__ = (
        "active",
        "end",
        "first",
        "label",
        "name",
        "negate",
        "number",
        "second",
        "sink",
        "substitution",
        "table",
        "target",
        "text",
        "zero",
    )

    def __init__(self) -> None:
        self.first: Address | None = None
        self.second: Address | None = None
        self.negate = False
        self.zero = False
        self.name = ""
        self.text = b""
        self.label = b""
        self.number = -1
        self.target = 0
        self.sink: Sink | None = None
        self.substitution: Substitution | None = None
        self.table: dict[int, int] | bytes | None = None
        self.active = False  # inside its range
        self.end = -1  # the line that ends the range, if that is known


class Script:
    """A whole program, flat: blocks are jumps."""

    __slots__ = ("commands", "silent", "sinks", "size")

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.sinks: dict[bytes, Sink] = {}
        self.silent = False  # the first line is #n
        self.size = 0

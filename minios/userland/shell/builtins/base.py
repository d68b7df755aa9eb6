"""What a built-in utility is."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

Quick = Callable[["Shell", list[bytes]], int | None]
"""A built-in that needs no trap; None when it does, after all (then it has a slow form, too)."""

Slow = Callable[["Shell", list[bytes], int], Coroutine[Any, Any, int]]
"""A built-in that traps; its last argument are the flags it was run with."""


class Builtin:
    """``special``: XCU 2.14; ``declares``: its arguments may be assignments."""

    __slots__ = ("declares", "quick", "slow", "special")

    def __init__(
        self,
        quick: Quick | None = None,
        slow: Slow | None = None,
        *,
        special: bool = False,
        declares: bool = False,
    ) -> None:
        self.quick = quick
        self.slow = slow
        self.special = special
        self.declares = declares


TABLE: dict[bytes, Builtin] = {}


def quick(*names: str, special: bool = False, declares: bool = False) -> Callable[[Quick], Quick]:
    """Register a built-in without traps."""

    def register(function: Quick) -> Quick:
        for name in names:
            entry = TABLE.setdefault(name.encode(), Builtin())
            entry.quick, entry.special, entry.declares = function, special, declares
        return function

    return register


def slow(*names: str, special: bool = False, declares: bool = False) -> Callable[[Slow], Slow]:
    """Register a built-in with traps."""

    def register(function: Slow) -> Slow:
        for name in names:
            entry = TABLE.setdefault(name.encode(), Builtin())
            entry.slow, entry.special, entry.declares = function, special, declares
        return function

    return register


class OptionReader:
    """Options as dash's nextopt() reads them: ``for letter in OptionReader(argv, "ab:")``.

    ``rest`` are the operands; ``value`` the argument of the option just read. Raises ShellError.
    """

    def __init__(self, argv: list[bytes], letters: str) -> None:
        self.rest = argv[1:]
        self.letters = letters
        self.value = b""
        self._cluster = b""

    def __iter__(self) -> "OptionReader":
        return self

    def __next__(self) -> str:
        from minios.userland.shell.errors import ShellError

        if not self._cluster:
            if not self.rest or self.rest[0][:1] != b"-" or len(self.rest[0]) == 1:
                raise StopIteration
            self._cluster = self.rest.pop(0)[1:]
            if self._cluster == b"-":
                self._cluster = b""
                raise StopIteration
        letter = chr(self._cluster[0])
        self._cluster = self._cluster[1:]
        at = self.letters.find(letter)
        if at < 0 or letter == ":":
            raise ShellError(b"Illegal option -" + letter.encode("latin-1"))
        if self.letters[at + 1 : at + 2] == ":":
            if not self._cluster:
                if not self.rest:
                    raise ShellError(b"No arg for -%c option" % letter.encode())
                self._cluster = self.rest.pop(0)
            self.value, self._cluster = self._cluster, b""
        return letter


def single_quoted(text: bytes) -> bytes:
    """``text`` so that the shell reads it back, as dash quotes it: it''s is 'it'"'"'s'."""
    out = bytearray()
    at = 0
    while True:
        quote = text.find(b"'", at)
        plain = text[at:] if quote < 0 else text[at:quote]
        if plain or quote < 0:
            out += b"'" + plain + b"'"
        if quote < 0:
            break
        end = quote
        while end < len(text) and text[end] == 0x27:
            end += 1
        out += b'"' + text[quote:end] + b'"'
        at = end
        if at >= len(text):
            break
    return bytes(out)


def illegal_number(text: bytes) -> Exception:
    from minios.userland.shell.errors import ShellError

    return ShellError(b"Illegal number: " + text)


def whole_number(text: bytes) -> int:
    """A non-negative decimal number, as dash's number(). Raises ShellError."""
    if not text.isdigit() or len(text) > 10 or int(text) > 0x7FFFFFFF:
        raise illegal_number(text)
    return int(text)

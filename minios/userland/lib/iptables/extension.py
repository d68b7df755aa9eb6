"""What every match and target has: options to read, checks, and how it is saved and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from minios.abi.netfilter import Option, Part

if TYPE_CHECKING:
    from minios.userland.lib.iptables.names import Names


class Problem(Exception):
    """Something is wrong with what was asked. ``status`` is the exit status (2: bad parameters, 1:
    other, 3: version, 4: the kernel), ``hint`` whether the line about --help follows."""

    def __init__(self, text: str, status: int = 2, *, bare: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.bare = bare
        """``iptables: TEXT`` without the version."""


class Extension:
    """A match or target being read. ``takes`` has its options by long name with how many arguments
    each takes; the order is that in which they are saved."""

    name = ""
    takes: ClassVar[dict[str, int]] = {}
    aliases: ClassVar[dict[str, str]] = {}
    invertible: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()

    def __init__(self, names: Names) -> None:
        self.names = names
        self.protocol = 0
        """The rule's, 0 for any or if inverted."""
        self.given: dict[str, Option] = {}

    def take(self, name: str, values: list[str], inverted: bool) -> None:
        """One of its options was given."""
        if inverted and name not in self.invertible:
            raise Problem(f'{self.name}: option "--{name}" cannot be inverted.\n')
        if name in self.given:
            raise Problem(f'{self.name}: option "--{name}" can only be used once.\n')
        self.given[name] = Option(name, self.value(name, values, inverted), inverted)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        """An option's arguments as what the kernel gets."""
        return values[0] if values else True

    def check(self) -> None:
        """All options were given."""
        for name in self.required:
            if name not in self.given:
                raise Problem(f'{self.name}: option "--{name}" must be specified\n')

    def part(self) -> Part:
        """For the kernel."""
        order = [name for name in self.takes if name in self.given]
        return Part(self.name, tuple(self.given[name] for name in order))

    def integer(self, name: str, text: str, low: int, high: int) -> int:
        """A number within bounds (xtables_option_parse's XTTYPE_UINT)."""
        number = strtoul(text)
        if number is None or not low <= number <= high:
            raise Problem(
                f'{self.name}: bad value for option "--{name}", or out of range ({low}-{high}).\n'
            )
        return number

    @classmethod
    def save(cls, part: Part) -> str:
        """As iptables-save writes it, each option after a space."""
        raise NotImplementedError

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        """As iptables -L writes it; with ``names`` None in numbers."""
        raise NotImplementedError


def strtoul(text: str) -> int | None:
    """A whole number as strtoul(3) with base 0 reads it; None if that is not all of the text."""
    body = text.strip() if text[:1] != "-" else ""
    try:
        if body.lower().startswith("0x"):
            return int(body[2:], 16)
        if len(body) > 1 and body.startswith("0"):
            return int(body, 8)
        return int(body) if body.isascii() and body.isdigit() else None
    except ValueError:
        return None


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def quoted(text: str) -> str:
    """A string for iptables-save: in quotes where it is not a plain word
    (xtables_save_string)."""
    if text and all(letter in _PLAIN for letter in text):
        return text
    escaped = "".join("\\" + letter if letter in "\"\\'" else letter for letter in text)
    return f'"{escaped}"'


def bang(inverted: bool) -> str:
    """The ``!`` before an option."""
    return "! " if inverted else ""


def span(value: tuple[int, int], between: str = ":") -> str:
    """A range, or a single number."""
    low, high = value
    return f"{low}" if low == high else f"{low}{between}{high}"

"""The little language of ``solutions`` and ``wrong``: what somebody at the keyboard would do.

A line is typed, with Enter, when the terminal is at a prompt. Lines that begin with ``@`` are
directions: ``@wait 3s``, ``@until GOAL``, ``@key ctrl+z``, ``@type TEXT`` (at once, no Enter),
``@act signal PROCESS SIGNAL``, ``@act renice PROCESS NICE``, ``@act assign PROCESS CORE``,
``@act unplug LINK``, ``@act plug LINK``; ``@@``
begins a line with one ``@``.
In a line, ``@{PROCESS}`` is the pid of the process with that identity, as read off a listing.
"""

from dataclasses import dataclass

from minios.abi.signals import number_of
from minios.game.values import duration, integer

KEYS = {
    "enter": b"\r", "tab": b"\t", "esc": b"\x1b", "space": b" ", "backspace": b"\x7f",
    "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D",
    "home": b"\x1b[H", "end": b"\x1b[F", "pgup": b"\x1b[5~", "pgdn": b"\x1b[6~",
    "insert": b"\x1b[2~", "delete": b"\x1b[3~",
}  # fmt: skip

DIRECTIONS = ("wait", "until", "key", "type", "act")


class ScriptError(ValueError):
    """A line that means nothing. ``line`` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. ``line`` is where the script says so."""

    line: int


@dataclass(frozen=True, slots=True)
class Enter(Step):
    """Wait for a prompt, type ``text`` and press Enter."""

    text: str


@dataclass(frozen=True, slots=True)
class Press(Step):
    """Press keys at once, whoever has the terminal."""

    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Wait(Step):
    duration: int


@dataclass(frozen=True, slots=True)
class Until(Step):
    """Wait for a goal to be done, or an event to have happened."""

    name: str


@dataclass(frozen=True, slots=True)
class Act(Step):
    """A pane action on the process with an identity, or a pid: signal, renice or assign."""

    op: str
    process: str
    value: int


@dataclass(frozen=True, slots=True)
class Pull(Step):
    """A cable pulled out, or plugged in again, on the map of the network."""

    link: str
    plugged: bool


def keys_of(text: str) -> list[bytes]:
    """The keys that type ``text``: one a character."""
    return [char.encode("utf-8", "surrogateescape") for char in text]


def key(name: str) -> bytes:
    """A key by name: ``ctrl+c``, ``enter``, ``up``, or a single character. ValueError."""
    if len(name) == 1:
        return name.encode()
    if name in KEYS:
        return KEYS[name]
    control = name.removeprefix("ctrl+")
    if control != name and len(control) == 1 and "@" <= control.upper() <= "_":
        return bytes([ord(control.upper()) & 0x1F])
    raise ValueError(f"no key is called {name[:20]!r}")


def parse(text: str) -> list[Step]:
    """The steps of a script; empty lines mean nothing. Raises :class:`ScriptError`."""
    steps: list[Step] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if line.startswith("@@") or not line.startswith("@"):
            steps.append(Enter(number, line[1:] if line.startswith("@@") else line))
            continue
        try:
            steps.append(_direction(number, line[1:]))
        except ValueError as err:
            raise ScriptError(number, str(err)) from None
    return steps


def _direction(number: int, text: str) -> Step:
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    if word not in DIRECTIONS:
        listed = ", ".join(f"@{each}" for each in DIRECTIONS)
        raise ValueError(f"@{word[:20]} is no direction: there are {listed}")
    if not rest:
        raise ValueError(f"@{word} needs something after it")
    if word == "wait":
        return Wait(number, duration(rest))
    if word == "until":
        return Until(number, rest)
    if word == "key":
        return Press(number, tuple(key(name) for name in rest.split()))
    if word == "type":
        return Press(number, tuple(keys_of(text.partition(" ")[2])))
    return _act(number, rest.split())


def _act(number: int, words: list[str]) -> Step:
    if len(words) == 2 and words[0] in ("plug", "unplug"):
        return Pull(number, words[1], words[0] == "plug")
    if len(words) != 3 or words[0] not in ("signal", "renice", "assign"):
        raise ValueError(
            "@act is signal PROCESS SIGNAL, renice PROCESS NICE, assign PROCESS CORE, plug LINK "
            "or unplug LINK"
        )
    op, process, value = words
    if op in ("renice", "assign"):
        return Act(number, op, process, integer(value))
    sig = number_of(value)
    if not sig:
        raise ValueError(f"no signal is called {value[:20]!r}")
    return Act(number, op, process, sig)

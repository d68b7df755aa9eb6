"""An answer: a sentence, what it is about, and the answers below it."""

from __future__ import annotations

from typing import NamedTuple

MAX_LINES = 64
"""Lines of one answer; a longer one ends in ``…``."""


class Reason(NamedTuple):
    """``kind`` is a dotted word that panes and tests can go by (``sleep.pipe``, ``killed``).

    ``pid`` and ``path`` are what the sentence is about, where that is one thing; ``because`` says
    why, one level deeper, in the order of importance.
    """

    kind: str
    text: str
    pid: int = 0
    path: str = ""
    because: tuple[Reason, ...] = ()

    def find(self, kind: str) -> Reason | None:
        """The first part of the answer of that kind, depth first; None if there is none."""
        todo = [self]
        while todo:
            reason = todo.pop()
            if reason.kind == kind:
                return reason
            todo.extend(reversed(reason.because))
        return None


def lines(reason: Reason) -> list[tuple[int, str]]:
    """The answer as (depth, sentence), top first, at most :data:`MAX_LINES`."""
    shown: list[tuple[int, str]] = []
    todo = [(0, reason)]
    while todo:
        depth, each = todo.pop()
        if len(shown) == MAX_LINES - 1 and todo:
            shown.append((depth, "…"))
            break
        shown.append((depth, each.text))
        todo.extend((depth + 1, part) for part in reversed(each.because))
    return shown


def clean(text: bytes) -> str:
    """Bytes from anybody as harmless text: what is not printable becomes ``?``."""
    shown = text.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in shown)


def seconds(ns: int) -> str:
    """Nanoseconds as seconds with three decimals."""
    sign, ms = ("-", -ns // 1_000_000) if ns < 0 else ("", ns // 1_000_000)
    return f"{sign}{ms // 1000}.{ms % 1000:03d}"


def moment(ns: int) -> str:
    """A virtual time as the game shows it: ``T+00:12.480``."""
    sign, ms = ("-", -ns // 1_000_000) if ns < 0 else ("+", ns // 1_000_000)
    return f"T{sign}{ms // 60_000:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"

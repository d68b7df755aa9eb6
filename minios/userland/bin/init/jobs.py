"""What init has been asked to do: requests, and the jobs they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.userland.bin.init.unit import Unit


class Refused(Exception):
    """A request that cannot be done. ``code`` is the exit status of systemctl."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Request:
    """What somebody waits for: the jobs of a systemctl call, and how each of them ended."""

    __slots__ = ("pending", "reply", "results")

    def __init__(self, reply: int = -1) -> None:
        self.reply = reply
        """The descriptor for the answer; -1 if nobody waits."""
        self.pending: set[str] = set()
        self.results: list[tuple[str, str]] = []


class Job:
    """``kind`` is start, stop, restart or reload; ``running`` once it has begun."""

    __slots__ = ("announced", "kind", "requests", "running", "unit")

    def __init__(self, unit: Unit, kind: str) -> None:
        self.unit = unit
        self.kind = kind
        self.running = False
        self.announced = False
        self.requests: list[Request] = []

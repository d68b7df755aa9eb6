"""First in, first out (OSTEP ch. 22): the page that came first goes first, however useful it is."""

from __future__ import annotations

from typing import ClassVar

from minios.memory.replacement.policy import Hears


class Fifo:
    """A queue. More frames can mean more misses (Belady's anomaly)."""

    name: ClassVar[str] = "fifo"
    hears: ClassVar[Hears] = Hears.NOTHING

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: dict[int, None] = {}

    def insert(self, page: int) -> None:
        self._queue[page] = None

    def touch(self, page: int, write: bool = False) -> None:
        pass

    def victim(self) -> int:
        for page in self._queue:
            del self._queue[page]
            return page
        raise IndexError("no page is resident")

    def remove(self, page: int) -> None:
        self._queue.pop(page, None)

    def tick(self) -> None:
        pass

    def order(self) -> list[int]:
        """First in … last in."""
        return list(self._queue)

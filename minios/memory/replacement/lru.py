"""Least recently used, exactly (OSTEP ch. 22): the past is the best guess about the future."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar

from minios.memory.replacement.policy import Hears


class Lru:
    """The resident pages by their last use. A stack algorithm (Mattson 1970): with one frame more
    it holds everything it held before, so it never misses more."""

    name: ClassVar[str] = "lru"
    hears: ClassVar[Hears] = Hears.ACCESSES

    __slots__ = ("_used",)

    def __init__(self) -> None:
        self._used: OrderedDict[int, None] = OrderedDict()

    def insert(self, page: int) -> None:
        self._used[page] = None

    def touch(self, page: int, write: bool = False) -> None:
        self._used.move_to_end(page)

    def victim(self) -> int:
        if not self._used:
            raise IndexError("no page is resident")
        return self._used.popitem(last=False)[0]

    def remove(self, page: int) -> None:
        self._used.pop(page, None)

    def tick(self) -> None:
        pass

    def order(self) -> list[int]:
        """Least … most recently used."""
        return list(self._used)

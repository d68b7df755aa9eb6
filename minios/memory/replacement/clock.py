"""Clock, or second chance (Corbató 1968; OSTEP ch. 22): LRU's guess from one bit a page."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar

from minios.memory.replacement.policy import Bits, BitTable, Hears


class Clock:
    """The pages stand in a ring. The hand takes a reference from each page it passes that has one,
    and takes the first page that has none. A new page stands where the hand has just passed.

    With counted references (``BitTable(limit)``) a page is passed as often as it has references.
    """

    name: ClassVar[str] = "clock"
    hears: ClassVar[Hears] = Hears.BITS

    __slots__ = ("_own", "_ring", "bits")

    def __init__(self, bits: Bits | None = None, limit: int = 1) -> None:
        own = BitTable(limit)
        self._own = own if bits is None else None
        self.bits: Bits = own if bits is None else bits
        self._ring: OrderedDict[int, None] = OrderedDict()

    def insert(self, page: int) -> None:
        self._ring[page] = None

    def touch(self, page: int, write: bool = False) -> None:
        if self._own is not None:
            self._own.set(page, write)

    def victim(self) -> int:
        ring, bits = self._ring, self.bits
        if not ring:
            raise IndexError("no page is resident")
        page = next(iter(ring))
        while bits.referenced(page):
            bits.clear(page)
            ring.move_to_end(page)
            page = next(iter(ring))
        self.remove(page)
        return page

    def remove(self, page: int) -> None:
        self._ring.pop(page, None)
        if self._own is not None:
            self._own.forget(page)

    def tick(self) -> None:
        pass

    def order(self) -> list[int]:
        """From where the hand points, in the way it moves."""
        return list(self._ring)

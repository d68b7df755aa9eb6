"""Not recently used (Tanenbaum, Modern Operating Systems, 3.4.2): four classes from two bits."""

from __future__ import annotations

from typing import ClassVar

from minios.memory.replacement.policy import Bits, BitTable, Draw, Hears


class Nru:
    """A page of the lowest class that has any goes, drawn at random when the class has several.

    The classes: 0 not referenced and clean; 1 not referenced, dirty (an old page); 2 referenced and
    clean; 3 referenced and dirty. ``tick`` clears the reference bits of all.
    """

    name: ClassVar[str] = "nru"
    hears: ClassVar[Hears] = Hears.BITS

    __slots__ = ("_draw", "_own", "_pages", "bits")

    def __init__(self, draw: Draw, bits: Bits | None = None) -> None:
        own = BitTable()
        self._own = own if bits is None else None
        self.bits: Bits = own if bits is None else bits
        self._pages: dict[int, None] = {}
        self._draw = draw

    def insert(self, page: int) -> None:
        self._pages[page] = None

    def touch(self, page: int, write: bool = False) -> None:
        if self._own is not None:
            self._own.set(page, write)

    def class_of(self, page: int) -> int:
        """0 (goes first) … 3."""
        return 2 * self.bits.referenced(page) + self.bits.dirty(page)

    def victim(self) -> int:
        lowest, members = 4, list[int]()
        for page in self._pages:
            number = self.class_of(page)
            if number < lowest:
                lowest, members = number, [page]
            elif number == lowest:
                members.append(page)
        page = members[self._draw(len(members)) if len(members) > 1 else 0]
        self.remove(page)
        return page

    def remove(self, page: int) -> None:
        self._pages.pop(page, None)
        if self._own is not None:
            self._own.forget(page)

    def tick(self) -> None:
        for page in self._pages:
            self.bits.clear(page)

    def order(self) -> list[int]:
        """By class, the first to go first; in a class by age."""
        return sorted(self._pages, key=self.class_of)

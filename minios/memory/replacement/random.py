"""Random (OSTEP ch. 22): no state to keep, no pattern that defeats it."""

from __future__ import annotations

from typing import ClassVar

from minios.memory.replacement.policy import Draw, Hears


class Random:
    """Each resident page is as likely to go as any other."""

    name: ClassVar[str] = "random"
    hears: ClassVar[Hears] = Hears.NOTHING

    __slots__ = ("_draw", "_pages")

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._pages: list[int] = []

    def insert(self, page: int) -> None:
        self._pages.append(page)

    def touch(self, page: int, write: bool = False) -> None:
        pass

    def victim(self) -> int:
        if not self._pages:
            raise IndexError("no page is resident")
        return self._pages.pop(self._draw(len(self._pages)))

    def remove(self, page: int) -> None:
        if page in self._pages:
            self._pages.remove(page)

    def tick(self) -> None:
        pass

    def order(self) -> list[int]:
        """First in … last in."""
        return list(self._pages)

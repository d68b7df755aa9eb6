"""OPT, Belady's optimal policy (1966; OSTEP ch. 22): the page that is needed last goes.

It must be given the future, so it serves to compare: no policy misses less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from minios.memory.replacement.policy import Hears


class Opt:
    """Of pages that are never needed again, the one that came last goes."""

    name: ClassVar[str] = "opt"
    hears: ClassVar[Hears] = Hears.ACCESSES

    __slots__ = ("_next", "_now", "_pages", "_uses")

    def __init__(self, future: Sequence[int]) -> None:
        self._now = 0
        self._pages: dict[int, None] = {}
        self._uses: dict[int, list[int]] = {}
        for when in range(len(future) - 1, -1, -1):
            self._uses.setdefault(future[when], []).append(when)
        self._next = len(future)

    def insert(self, page: int) -> None:
        self._pages[page] = None

    def touch(self, page: int, write: bool = False) -> None:
        """Every ``touch`` is the next reference of the future it was given."""
        uses = self._uses.get(page)
        if not uses or uses[-1] != self._now:
            raise ValueError("this is not the future that OPT was given")
        uses.pop()
        self._now += 1

    def needed(self, page: int) -> int:
        """When the page is needed next, as an index of the future; its length if never."""
        uses = self._uses.get(page)
        return uses[-1] if uses else self._next

    def victim(self) -> int:
        page = self._choose()
        del self._pages[page]
        return page

    def _choose(self) -> int:
        best, when = -1, -1
        for page in self._pages:
            needed = self.needed(page)
            if needed >= when:
                best, when = page, needed
        if when < 0:
            raise IndexError("no page is resident")
        return best

    def remove(self, page: int) -> None:
        self._pages.pop(page, None)

    def tick(self) -> None:
        pass

    def order(self) -> list[int]:
        """First in … last in."""
        return list(self._pages)

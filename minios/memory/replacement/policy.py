"""What swap and the lab ask of a page-replacement policy.

A policy knows which pages are resident and says which of them goes when a frame is needed (OSTEP
ch. 22). Pages are integers that mean nothing to it; whoever drives it chooses them (a frame number,
an address space and a page number packed into one, a number of a reference string).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import ClassVar, Protocol

Draw = Callable[[int], int]
"""``draw(n)``: an integer of 0 … n-1 from a seeded stream (``Rng.below``)."""


class Hears(Enum):
    """What a policy must be told about accesses, so that a memory unit pays for no more."""

    NOTHING = "nothing"
    """``touch`` is ignored."""
    BITS = "bits"
    """It reads the reference and dirty bits (:class:`Bits`): ``touch``, or a page table's own."""
    ACCESSES = "accesses"
    """Every single access must be reported by ``touch``, in order."""


class Bits(Protocol):
    """The reference and dirty bits of pages, as page-table entries keep them (A and D)."""

    def referenced(self, page: int) -> bool:
        """Whether the page was accessed since :meth:`clear`."""

    def dirty(self, page: int) -> bool:
        """Whether it was written since it was brought in."""

    def clear(self, page: int) -> None:
        """Take back a reference (the dirty bit stays)."""


class Replacement(Protocol):
    """A policy's whole state: the resident pages, in the order that the policy gives them."""

    name: ClassVar[str]
    hears: ClassVar[Hears]

    def insert(self, page: int) -> None:
        """``page`` has been brought in and is not resident yet; ``touch`` follows for its use."""

    def touch(self, page: int, write: bool = False) -> None:
        """The resident ``page`` was accessed."""

    def victim(self) -> int:
        """Choose the page that goes and forget it. There must be one: else ``IndexError``."""

    def remove(self, page: int) -> None:
        """``page`` is gone for another reason (freed, its process ended); no matter if unknown."""

    def tick(self) -> None:
        """The clock interrupt of those that age their bits (NRU). Others ignore it."""

    def order(self) -> list[int]:
        """The resident pages: for a digest, and for a pane. The policy says which end goes."""


class BitTable:
    """Bits for who has no page table: set by ``touch``. References are counted up to ``limit``.

    With a limit above 1, :meth:`clear` takes one of several references back, which makes Clock the
    generalized clock (OSTEP ch. 22 homework: ``clockbits``).
    """

    __slots__ = ("_count", "_dirty", "limit")

    def __init__(self, limit: int = 1) -> None:
        self.limit = limit
        self._count: dict[int, int] = {}
        self._dirty: dict[int, bool] = {}

    def set(self, page: int, write: bool) -> None:
        """The page was accessed."""
        self._count[page] = min(self.limit, self._count.get(page, 0) + 1)
        if write:
            self._dirty[page] = True

    def forget(self, page: int) -> None:
        """The page is gone, and its bits with it."""
        self._count.pop(page, None)
        self._dirty.pop(page, None)

    def referenced(self, page: int) -> bool:
        return self._count.get(page, 0) > 0

    def dirty(self, page: int) -> bool:
        return page in self._dirty

    def clear(self, page: int) -> None:
        count = self._count.get(page, 0)
        if count:
            self._count[page] = count - 1

    def count(self, page: int) -> int:
        """How many references the page has left: what a pane writes beside it."""
        return self._count.get(page, 0)

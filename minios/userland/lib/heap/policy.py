"""What an allocator decides (OSTEP ch. 17): which free block it takes, where a freed one goes."""

from enum import StrEnum


class Fit(StrEnum):
    """Which of the free blocks that are large enough is taken."""

    FIRST = "first"
    """The first in the list: quick, and splinters gather at the list's beginning."""
    BEST = "best"
    """The smallest (of equals the first): wastes least, looks at all, leaves splinters."""
    WORST = "worst"
    """The largest (of equals the first): leaves large rests, looks at all."""
    NEXT = "next"
    """The first from where the last search ended: spreads the splinters."""


class Order(StrEnum):
    """Where in the free list a freed block goes."""

    ADDRESS = "address"
    """By address, so that neighbours in memory are neighbours in the list."""
    SIZE_UP = "size+"
    """The smallest first."""
    SIZE_DOWN = "size-"
    """The largest first."""
    FRONT = "front"
    """To the list's beginning: at once, and the cache still knows it."""
    BACK = "back"
    """To the list's end."""


class Coalesce(StrEnum):
    """Which free neighbours are merged into one block when a block is freed."""

    NONE = "none"
    LIST = "list"
    """Those that follow one another in the free list too; all of them only if it is by address."""
    ALL = "all"
    """All, wherever they are listed, as boundary tags allow (Knuth, TAOCP 2.5)."""


class Search:
    """One search for ``size`` bytes: told of the free blocks in turn, it keeps the one to take."""

    __slots__ = ("_fit", "_size", "best", "length", "looked")

    def __init__(self, fit: Fit, size: int) -> None:
        self._fit = fit
        self._size = size
        self.best = -1
        """What :meth:`look` was given for the block to take, -1 if none fits."""
        self.length = -1
        """That block's size."""
        self.looked = 0
        """How many blocks were looked at: what the search cost."""

    def look(self, block: int, length: int) -> bool:
        """Consider a block; whether the search is over."""
        self.looked += 1
        if length < self._size:
            return False
        fit = self._fit
        if fit is Fit.BEST:
            better = self.best < 0 or length < self.length
        elif fit is Fit.WORST:
            better = length > self.length
        else:
            self.best, self.length = block, length
            return True
        if better:
            self.best, self.length = block, length
        return False


def precedes(order: Order, new: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether a freed block (address, size) goes before ``other``, which is in the list."""
    if order is Order.ADDRESS:
        return new[0] < other[0]
    if order is Order.SIZE_UP:
        return new[1] < other[1]
    if order is Order.SIZE_DOWN:
        return new[1] > other[1]
    return order is Order.FRONT


def size_class(bounds: tuple[int, ...], size: int) -> int:
    """Which of the segregated lists a block of ``size`` is in: the first whose bound holds it.

    ``bounds`` rise; a list more takes what is larger than the last of them.
    """
    for index, bound in enumerate(bounds):
        if size <= bound:
            return index
    return len(bounds)

"""A heap as pure bookkeeping: no memory behind it, every decision visible (OSTEP ch. 17).

The lab runs it, and :class:`~minios.userland.lib.heap.libc.Libc` decides by the same rules.
"""

from dataclasses import dataclass

from minios.userland.lib.heap.policy import Coalesce, Fit, Order, Search, precedes, size_class

Block = tuple[int, int]
"""Address and size in bytes of a block, its header included."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What ``malloc`` came to. ``block`` is -1 if nothing fits."""

    block: int
    """The block's address; the caller's bytes begin after the header."""
    size: int
    """What was taken: header, request and padding."""
    searched: int
    """How many free blocks were looked at."""


class Arena:
    """A heap of fixed size, one free list or several segregated ones.

    ``header`` is added to each request, after ``align`` has rounded it up (0: it does not). A free
    list is kept in ``order``; a rest after a split stays where the block was, even in a list by
    size, until the next free sorts it in. With ``classes`` the lists are segregated by size up to
    these bounds, a search goes from the request's own list to the larger ones, and a rest goes to
    the list of its size.
    """

    __slots__ = (
        "_rovers",
        "align",
        "base",
        "classes",
        "coalesce",
        "fit",
        "header",
        "lists",
        "order",
        "size",
        "used",
        "wanted",
    )

    def __init__(
        self,
        size: int,
        base: int = 0,
        *,
        header: int = 0,
        align: int = 0,
        fit: Fit = Fit.BEST,
        order: Order = Order.ADDRESS,
        coalesce: Coalesce = Coalesce.NONE,
        classes: tuple[int, ...] = (),
    ) -> None:
        self.size = size
        self.base = base
        self.header = header
        self.align = align
        self.fit = fit
        self.order = order
        self.coalesce = coalesce
        self.classes = classes
        self.lists: list[list[Block]] = [[] for _ in range(len(classes) + 1)]
        self.lists[size_class(classes, size)].append((base, size))
        self._rovers = [base] * len(self.lists)
        self.used: dict[int, int] = {}
        """Size of each block in use, by its address."""
        self.wanted: dict[int, int] = {}
        """What was asked for of it."""

    def malloc(self, size: int) -> Placed:
        """Take a block for ``size`` > 0 bytes."""
        need = size + self.header
        if self.align:
            need += -size % self.align
        looked = 0
        for number in range(size_class(self.classes, need), len(self.lists)):
            blocks = self.lists[number]
            search = Search(self.fit, need)
            for index in self._path(number):
                if search.look(index, blocks[index][1]):
                    break
            looked += search.looked
            if search.best >= 0:
                return Placed(self._take(number, search.best, need, size), need, looked)
        return Placed(-1, need, looked)

    def _path(self, number: int) -> list[int]:
        """The list's indices in the order of the search."""
        blocks = self.lists[number]
        start = 0
        if self.fit is Fit.NEXT:
            rover = self._rovers[number]
            for index, (address, length) in enumerate(blocks):
                if address <= rover < address + length:
                    start = index
        return [*range(start, len(blocks)), *range(start)]

    def _take(self, number: int, index: int, need: int, size: int) -> int:
        blocks = self.lists[number]
        address, length = blocks[index]
        if length == need:
            del blocks[index]
            if blocks:
                self._rovers[number] = blocks[index % len(blocks)][0]
        else:
            rest = (address + need, length - need)
            self._rovers[number] = rest[0]
            if size_class(self.classes, rest[1]) == number:
                blocks[index] = rest
            else:
                del blocks[index]
                self._insert(rest)
        self.used[address] = need
        self.wanted[address] = size
        return address

    def free(self, block: int) -> bool:
        """Give back a block; False if there is none in use at this address."""
        size = self.used.pop(block, -1)
        if size < 0:
            return False
        del self.wanted[block]
        freed = (block, size)
        if self.coalesce is Coalesce.ALL:
            freed = self._absorb(freed)
        blocks = self._insert(freed)
        if self.coalesce is Coalesce.LIST:
            blocks[:] = _merged(blocks)
        return True

    def _absorb(self, freed: Block) -> Block:
        """The freed block together with the free blocks on both sides, which leave their lists."""
        address, size = freed
        for blocks in self.lists:
            for other in blocks[:]:
                if other[0] + other[1] == address or address + size == other[0]:
                    blocks.remove(other)
                    address, size = min(address, other[0]), size + other[1]
        return address, size

    def _insert(self, freed: Block) -> list[Block]:
        """Put a block into its list, and sort in what splits have left out of order."""
        blocks = self.lists[size_class(self.classes, freed[1])]
        order = self.order
        if order is Order.SIZE_UP:
            blocks.sort(key=lambda block: block[1])
        elif order is Order.SIZE_DOWN:
            blocks.sort(key=lambda block: -block[1])
        place = len(blocks)
        for index, other in enumerate(blocks):
            if precedes(order, freed, other):
                place = index
                break
        blocks.insert(place, freed)
        return blocks

    def free_list(self) -> list[Block]:
        """All free blocks, list after list."""
        return [block for blocks in self.lists for block in blocks]

    @property
    def free_bytes(self) -> int:
        return sum(size for _, size in self.free_list())

    @property
    def largest(self) -> int:
        """The largest free block: no larger request can be met, whatever the sum."""
        return max((size for _, size in self.free_list()), default=0)

    @property
    def padding(self) -> int:
        """Bytes in use that nobody asked for: headers and alignment (internal fragmentation)."""
        return sum(size - self.wanted[block] for block, size in self.used.items())


def _merged(blocks: list[Block]) -> list[Block]:
    """The list, each block joined to the one before it in the list if that ends where it begins."""
    merged: list[Block] = []
    for address, size in blocks:
        if merged and merged[-1][0] + merged[-1][1] == address:
            merged[-1] = (merged[-1][0], merged[-1][1] + size)
        else:
            merged.append((address, size))
    return merged

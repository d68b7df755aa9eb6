"""Sv32 page tables: two levels of 1024 entries (RISC-V Privileged Architecture, Sv32).

A virtual address is 10 bits of index into the root table, 10 bits of index into the second one and
12 bits of offset. An entry is a frame number above ten bits of flags; two of those are software's.
An entry without :data:`V` is the kernel's to use: swap numbers live there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from minios.memory.frames import Frames, Kind, Table

V, R, W, X, U, G, A, D = (1 << bit for bit in range(8))
"""Valid, readable, writable, executable, for user mode, global, accessed, dirty."""
COW = 1 << 8
"""Software: write access was taken away only until somebody writes (copy on write)."""
SHARED = 1 << 9
"""Software: the page belongs to a shared mapping; fork leaves it as it is."""

PPN_SHIFT = 10
FLAGS = (1 << PPN_SHIFT) - 1
ENTRIES = 1024
VPN_BITS = 20

POINTER = V
"""The flags of an entry that leads to a table of the next level."""


class PageTable:
    """The tree of tables under one root. Every table lives in a frame of ``frames``.

    ``room()`` is called when a second-level table is needed and no frame is free; it makes one free
    or raises. Second-level tables are kept until :meth:`free`, or :meth:`trim` finds them empty.
    """

    __slots__ = ("frames", "leaves", "owner", "root")

    def __init__(self, frames: Frames, owner: object) -> None:
        """Raises OutOfFrames without a frame for the root."""
        self.frames = frames
        self.owner = owner
        self.root = frames.alloc(Kind.TABLE, owner)
        frames.set_table(self.root, Table())
        self.leaves: dict[int, Table] = {}
        """The second-level tables by their index in the root: where the root's entries lead."""

    def get(self, vpn: int) -> int:
        """The entry of a page; 0 if there is none."""
        leaf = self.leaves.get(vpn >> 10)
        return leaf.get(vpn & 1023, 0) if leaf is not None else 0

    def leaf(self, top: int) -> Table:
        """The second-level table under index ``top``, made if it is missing. OutOfFrames."""
        leaf = self.leaves.get(top)
        if leaf is None:
            frame = self.frames.alloc(Kind.TABLE, self.owner, top)
            leaf = self.adopt(top, frame, Table())
        return leaf

    def adopt(self, top: int, frame: int, leaf: Table) -> Table:
        """Hang the second-level table ``leaf``, which is to live in ``frame``, under ``top``."""
        self.frames.set_table(frame, leaf)
        self.frames.table(self.root)[top] = frame << PPN_SHIFT | POINTER
        self.leaves[top] = leaf
        return leaf

    def set(self, vpn: int, entry: int) -> None:
        """Set the entry of a page; 0 takes it away. OutOfFrames for a missing table."""
        leaf = self.leaves.get(vpn >> 10)
        if entry:
            if leaf is None:
                leaf = self.leaf(vpn >> 10)
            leaf[vpn & 1023] = entry
        elif leaf is not None:
            leaf.pop(vpn & 1023, None)

    def entries(self, start: int = 0, end: int = 1 << VPN_BITS) -> Iterator[tuple[int, int]]:
        """(page, entry) of what is not 0 in ``start`` … ``end - 1``, in order of pages."""
        first, last = start >> 10, (end - 1) >> 10
        for top in sorted(self.leaves):
            if not first <= top <= last:
                continue
            leaf = self.leaves[top]
            low = start - (top << 10)
            high = end - (top << 10)
            if low <= 0 and high >= ENTRIES:
                indexes = sorted(leaf)
            elif high - low < len(leaf):
                indexes = [i for i in range(max(low, 0), min(high, ENTRIES)) if i in leaf]
            else:
                indexes = sorted(i for i in leaf if low <= i < high)
            for index in indexes:
                entry = leaf.get(index, 0)
                if entry:
                    yield top << 10 | index, entry

    def tables(self) -> int:
        """Frames that the tables take."""
        return 1 + len(self.leaves)

    def trim(self, keep: Callable[[int], bool] | None = None) -> None:
        """Free second-level tables without entries."""
        root = self.frames.table(self.root)
        for top in [top for top, leaf in self.leaves.items() if not leaf]:
            if keep is None or not keep(top):
                self.frames.drop(root.pop(top) >> PPN_SHIFT)
                del self.leaves[top]

    def free(self) -> None:
        """Free every table. What the entries led to is the caller's business."""
        drop = self.frames.drop
        for entry in self.frames.table(self.root).values():
            drop(entry >> PPN_SHIFT)
        drop(self.root)
        self.leaves = {}


def walk(frames: Frames, root: int, va: int) -> tuple[int, int]:
    """What the hardware does: (first-level entry, second-level entry) of an address, 0 for none.

    This is the page walk that a pane draws; the memory unit goes the same way.
    """
    pointer = frames.table(root).get(va >> 22, 0)
    if not pointer & V:
        return pointer, 0
    return pointer, frames.table(pointer >> PPN_SHIFT).get(va >> 12 & 1023, 0)


def describe(entry: int) -> str:
    """An entry's hardware flags in the manual's order, ``DAGUXWRV``, with ``-`` for a 0."""
    return "".join(
        letter if entry & bit else "-"
        for letter, bit in zip("DAGUXWRV", (D, A, G, U, X, W, R, V), strict=True)
    )

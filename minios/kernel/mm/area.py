"""Areas: what a range of addresses is meant to be (Linux's vm_area_struct; proc_pid_maps(5)).

An area never changes; whoever changes an address space puts other areas into it. So fork shares
them, and every native program starts with the very same two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minios.abi.flags import (
    MAP_GROWSDOWN,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
)
from minios.memory.pagetable import SHARED, A, R, U, V, W, X

PAGE = 4096
PAGE_BITS = 12

USER_START = 0x10000
"""The lowest address that may be mapped (vm.mmap_min_addr)."""
TEXT_START = 0x10000
DATA_START = 0x11000
DATA_PAGES = 4
HEAP_START = DATA_START + DATA_PAGES * PAGE
MMAP_TOP = 0x78000000
"""Where mmap(2) begins to look for room, downwards."""
STACK_TOP = 0x7FFFF000
STACK_START = STACK_TOP - 33 * PAGE
"""A new stack's area; exec maps 132 KiB of it as Linux does."""
STACK_PAGES = 3
"""Pages that starting a program touches, its arguments not counted."""
STACK_GUARD = 256 * PAGE
"""Kept free below a growing stack (stack_guard_gap)."""

LOCKED = 1 << 30
"""Beside the MAP_ flags of an area: mlock(2) keeps it in RAM."""


class Area(NamedTuple):
    """``start`` … ``end - 1``, whole pages. ``offset`` is the page of ``backing`` at ``start``."""

    start: int
    end: int
    prot: int
    flags: int = MAP_PRIVATE
    backing: Any = None
    """What the pages come from: a :class:`~minios.kernel.mm.backing.Backing`, or None: zeros."""
    offset: int = 0
    name: bytes = b""

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def pages(self) -> int:
        return (self.end - self.start) >> PAGE_BITS

    @property
    def shared(self) -> bool:
        return self.flags & MAP_SHARED != 0

    @property
    def accountable(self) -> bool:
        """Whether it counts as committed: memory that may have to be found for it alone."""
        return self.prot & PROT_WRITE != 0 and self.flags & MAP_PRIVATE != 0

    @property
    def is_stack(self) -> bool:
        return self.flags & MAP_GROWSDOWN != 0

    def part(self, start: int, end: int) -> Area:
        """The same between other bounds."""
        return self._replace(
            start=start, end=end, offset=self.offset + (start - self.start >> PAGE_BITS)
        )

    def perms(self) -> bytes:
        """The letters of proc_pid_maps(5)."""
        return b"%c%c%c%c" % (
            b"r"[0] if self.prot & PROT_READ else 45,
            b"w"[0] if self.prot & PROT_WRITE else 45,
            b"x"[0] if self.prot & PROT_EXEC else 45,
            b"s"[0] if self.shared else b"p"[0],
        )


def entry_flags(prot: int, *, shared: bool) -> int:
    """What a page-table entry of an area with this protection allows; just V for PROT_NONE, which
    leaves the page to the kernel.
    """
    flags = 0
    if prot & (PROT_READ | PROT_WRITE):
        flags |= R
    if prot & PROT_WRITE:
        flags |= W
    if prot & PROT_EXEC:
        flags |= X
    if not flags:
        return V
    return flags | V | U | A | (SHARED if shared else 0)


DATA = Area(DATA_START, HEAP_START, PROT_READ | PROT_WRITE)
STACK = Area(
    STACK_START, STACK_TOP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_GROWSDOWN, name=b"[stack]"
)
"""What every native program has beside its text."""

"""The memory-management unit of a core: addresses are translated, or a fault is raised.

**Two ways in.** Whoever makes single accesses calls :meth:`Mmu.translate`. Machine code is faster:
it keeps to the page windows ``space.loads``, ``space.stores`` and ``space.fetches``, dicts from
page number to the bytes of the frame, and calls :meth:`Mmu.window` only when a page is missing::

    page = loads.get(va >> 12)
    if page is None:
        page = mmu.window(space, va, LOAD)      # walks, sets A and D, may raise PageFault
    word = page[va & 0xFFF : …]

A window is open exactly as long as the translation is in the TLB, and only for what the entry
allows; a window for stores has set D. Accesses through a window are TLB hits which the core counts
itself and adds to ``mmu.tlb.hits`` when it leaves user mode.

**Invalidation.** Who takes something away in a page table (an entry, a permission, A or D) calls
``sfence`` of *every* core's unit with the space and the page, or with the space alone. That empties
the TLB and closes the windows; nothing else does, except that a full TLB evicts. Giving more
(a new entry, more permissions) needs no fence: a fault on a stale entry looks at the table again.
"""

from __future__ import annotations

from minios.memory.frames import Frames
from minios.memory.pagetable import PPN_SHIFT, A, D, R, U, V, W, X
from minios.memory.tlb import ASID_SHIFT, Tlb

LOAD, STORE, FETCH = R, W, X
"""Kinds of access: the permission that each of them needs."""

CAUSES = {FETCH: 12, LOAD: 13, STORE: 15}
"""scause of the page faults (RISC-V Privileged Architecture, table of exception codes)."""

NAMES = {FETCH: "fetch", LOAD: "load", STORE: "store"}


class PageFault(Exception):
    """The table does not allow this access. ``address`` is what stval would hold."""

    def __init__(self, address: int, access: int, entry: int) -> None:
        super().__init__(f"{NAMES[access]} page fault at {address:#010x}")
        self.address = address
        self.access = access
        self.entry = entry
        """The entry that was found, 0 if there is none."""


class Space:
    """What a core knows of an address space: satp's content and the open page windows."""

    __slots__ = ("asid", "fetches", "loads", "root", "stores")

    def __init__(self, root: int, asid: int = 0) -> None:
        self.root = root
        self.asid = asid
        self.loads: dict[int, bytearray] = {}
        self.stores: dict[int, bytearray] = {}
        self.fetches: dict[int, bytearray] = {}

    @property
    def satp(self) -> int:
        """The register that selects this space: mode Sv32, ASID, root frame."""
        return 1 << 31 | self.asid << 22 | self.root

    def close(self, vpn: int | None = None) -> None:
        """Close the windows of a page, or all."""
        if vpn is None:
            self.loads.clear()
            self.stores.clear()
            self.fetches.clear()
        else:
            self.loads.pop(vpn, None)
            self.stores.pop(vpn, None)
            self.fetches.pop(vpn, None)


class Mmu:
    """The unit of one core. ``walks`` counts page walks, each of which reads up to two entries."""

    __slots__ = ("_spaces", "frames", "tlb", "walks")

    def __init__(self, frames: Frames, tlb: Tlb) -> None:
        self.frames = frames
        self.tlb = tlb
        self.walks = 0
        self._spaces: dict[int, Space] = {}
        """Spaces with open windows by ASID, for when the TLB evicts one of their pages."""

    def translate(self, space: Space, va: int, access: int) -> int:
        """The physical address. Raises PageFault."""
        vpn = va >> 12
        tlb = self.tlb
        entry = tlb.entries.get(space.asid << ASID_SHIFT | vpn)
        if entry is not None and entry & access and (access != W or entry & D):
            tlb.hits += 1
            return entry >> PPN_SHIFT << 12 | va & 0xFFF
        return self._refill(space, va, access) >> PPN_SHIFT << 12 | va & 0xFFF

    def _refill(self, space: Space, va: int, access: int) -> int:
        """The entry of a page after a walk, in the TLB and with A (and D) set. PageFault."""
        tlb = self.tlb
        tlb.misses += 1
        self.walks += 1
        frames = self.frames
        pointer = frames.table(space.root).get(va >> 22, 0)
        if not pointer & V:
            raise PageFault(va, access, 0)
        table = frames.table(pointer >> PPN_SHIFT)
        index = va >> 12 & 1023
        entry = table.get(index, 0)
        if entry & (V | U | access) != V | U | access:
            raise PageFault(va, access, entry)
        used = entry | A | D if access == W else entry | A
        if used != entry:
            table[index] = used
        gone = tlb.insert(space.asid << ASID_SHIFT | va >> 12, used)
        if gone is not None and self._spaces:
            other = self._spaces.get(gone >> ASID_SHIFT)
            if other is not None:
                other.close(gone & (1 << ASID_SHIFT) - 1)
        return used

    def window(self, space: Space, va: int, access: int) -> bytearray:
        """The page of ``va`` for any number of accesses of this kind, until it is fenced off or
        evicted. Raises PageFault.
        """
        vpn = va >> 12
        key = space.asid << ASID_SHIFT | vpn
        entry = self.tlb.entries.get(key)
        if entry is None or not entry & access or (access == W and not entry & D):
            entry = self._refill(space, va, access)
        page = self.frames.page(entry >> PPN_SHIFT)
        self._spaces[space.asid] = space
        if access == R:
            space.loads[vpn] = page
        elif access == W:
            space.stores[vpn] = page
        else:
            space.fetches[vpn] = page
        return page

    def sfence(self, space: Space | None = None, vpn: int | None = None) -> None:
        """SFENCE.VMA for all spaces, one space, or one page of one."""
        if space is None:
            for known in self._spaces.values():
                known.close()
            self._spaces.clear()
            self.tlb.flush()
            return
        space.close(vpn)
        self.tlb.flush(space.asid, vpn)
        if vpn is None:
            self._spaces.pop(space.asid, None)

"""The translation look-aside buffer of a core (OSTEP ch. 19; RISC-V SFENCE.VMA)."""

from __future__ import annotations

ASID_SHIFT = 20
ASIDS = 512
"""Address-space identifiers are 9 bits in Sv32; 0 is nobody's."""


class Tlb:
    """A fully associative buffer of ``size`` translations; the oldest one makes room.

    ``entries`` maps ``asid << 20 | page`` to a page-table entry. An entry is a *copy*: who changes
    a page table and does not :meth:`flush` leaves the core with the old truth, as on real hardware.
    """

    __slots__ = ("entries", "flushes", "hits", "misses", "size")

    def __init__(self, size: int = 32) -> None:
        self.size = size
        self.entries: dict[int, int] = {}
        self.hits = 0
        self.misses = 0
        self.flushes = 0
        """How often translations were thrown away by request."""

    def insert(self, key: int, entry: int) -> int | None:
        """Remember a translation; the key of the one that had to go for it, if any."""
        entries = self.entries
        gone = None
        if key not in entries and len(entries) >= self.size:
            gone = next(iter(entries))
            del entries[gone]
        entries[key] = entry
        return gone

    def flush(self, asid: int | None = None, vpn: int | None = None) -> None:
        """SFENCE.VMA: forget all, an address space, or one page of it."""
        self.flushes += 1
        if asid is None:
            self.entries.clear()
        elif vpn is not None:
            self.entries.pop(asid << ASID_SHIFT | vpn, None)
        else:
            for key in [key for key in self.entries if key >> ASID_SHIFT == asid]:
                del self.entries[key]

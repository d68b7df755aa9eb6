"""Swap: pages that lie on a disk (swapon(2), mkswap(8)).

A *slot* is a page of a swap area; a page-table entry that is not valid holds one. A slot counts the
entries that refer to it. A page that was read and not written since keeps its slot: it can go again
for nothing (the swap cache). While a page is on its way out its frame is still there, and whoever
needs it takes it back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from minios.kernel.mm.area import PAGE
from minios.kernel.wait import About, WaitQueue
from minios.memory.frames import Kind

if TYPE_CHECKING:
    from minios.kernel.mm.memory import Memory

AREA_SHIFT = 20
MAX_AREAS = 4
SIGNATURE = b"SWAPSPACE2"
"""The last ten bytes of the first page of what mkswap(8) prepared."""
HEADER_AT = 1024
"""Where version, last page, bad pages, UUID and label follow (mkswap's struct swap_header)."""


class Store(Protocol):
    """Where the pages of a swap area lie; ``page`` counts from its beginning.

    The bytes move at once (:meth:`put`, :meth:`get`; None is zeros), the time passes in between
    :meth:`read` or :meth:`write` and the call of ``done``.
    """

    def put(self, page: int, data: bytes | None) -> None: ...

    def get(self, page: int) -> bytes | None: ...

    def read(self, page: int, done: Callable[[], None]) -> None:
        """Call ``done`` when the page has been read."""

    def write(self, page: int, done: Callable[[], None]) -> None:
        """Call ``done`` when the page is on the disk."""

    def close(self) -> None:
        """Nobody swaps there any more."""


class SwapArea:
    """A swap partition or file. ``size`` is usable pages; page 0 is the header and not one."""

    __slots__ = ("base", "closed", "high", "holes", "kind", "name", "priority", "refs", "size",
                 "store")  # fmt: skip

    def __init__(
        self, base: int, name: bytes, kind: bytes, size: int, priority: int, store: Store
    ) -> None:
        self.base = base
        """The slot number of page 0."""
        self.name = name
        self.kind = kind
        self.size = size
        self.priority = priority
        self.store = store
        self.refs: dict[int, int] = {}
        """Entries that refer to a slot, for slots in use."""
        self.closed = False
        """While swapoff(2) empties it, nothing more is put there."""
        self.holes: list[int] = []
        self.high = 0

    @property
    def used(self) -> int:
        return len(self.refs)

    def take(self) -> int:
        """A free slot; -1 if there is none."""
        if self.closed:
            return -1
        if self.holes:
            slot = self.holes.pop()
        elif self.high < self.size:
            self.high += 1
            slot = self.base + self.high
        else:
            return -1
        self.refs[slot] = 0
        return slot

    def give(self, slot: int) -> None:
        """A slot is free again."""
        del self.refs[slot]
        self.holes.append(slot)


class Swap:
    """All swap areas, and the frames that still, or again, hold what lies there."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.areas: list[SwapArea] = []
        """By priority, highest first."""
        self.frames: dict[int, int] = {}
        """The swap cache: frames by slot. It holds a reference to each."""
        self.slots: dict[int, int] = {}
        """The same the other way round."""
        self.reading: dict[int, WaitQueue] = {}
        """Slots that are being read into their frame of the cache."""
        self.writing: dict[int, int] = {}
        """Frames that are being written out, by slot."""
        self._bases = [index << AREA_SHIFT for index in range(MAX_AREAS)]

    # -- figures -------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Pages of all areas."""
        return sum(area.size for area in self.areas)

    @property
    def free(self) -> int:
        """Pages that are not in use."""
        return sum(area.size - area.used for area in self.areas)

    @property
    def in_flight(self) -> int:
        """Frames that will be free when they have been written."""
        return len(self.writing)

    @property
    def tight(self) -> bool:
        """Whether more than half is used, so that no slot is kept for what is in RAM."""
        return self.free * 2 < self.size

    def area(self, slot: int) -> SwapArea:
        """The area of a slot."""
        base = slot >> AREA_SHIFT << AREA_SHIFT
        return next(area for area in self.areas if area.base == base)

    # -- areas ---------------------------------------------------------------------------------

    def base(self) -> int:
        """The first slot number of a new area; -1 if there are too many."""
        taken = [area.base for area in self.areas]
        return next((base for base in self._bases if base not in taken), -1)

    def add(self, area: SwapArea) -> None:
        """Begin to use an area."""
        self.areas.append(area)
        self.areas.sort(key=lambda known: -known.priority)
        if len(self.areas) == 1:
            self.memory.start_policy()

    def remove(self, area: SwapArea) -> None:
        """Forget an area in which no slot is used."""
        self.areas.remove(area)
        area.store.close()
        if not self.areas:
            self.memory.stop_policy()

    # -- slots ---------------------------------------------------------------------------------

    def take(self) -> int:
        """A free slot, of the area with the highest priority that has one; -1 if none has."""
        for area in self.areas:
            slot = area.take()
            if slot >= 0:
                return slot
        return -1

    def share(self, slot: int) -> None:
        """One more entry refers to a slot."""
        self.area(slot).refs[slot] += 1

    def drop(self, slot: int) -> None:
        """One entry less; what nobody refers to is forgotten."""
        refs = self.area(slot).refs
        refs[slot] -= 1
        if not refs[slot] and slot not in self.reading:
            if slot in self.frames:
                frame = self.frames[slot]
                if self.memory.frames.refs[frame] == 1 or self.tight:
                    self.uncache(slot)
            else:
                self.area(slot).give(slot)

    def settle(self, frame: int) -> None:
        """A frame of the cache lost a user: let it go if that was the last one."""
        slot = self.slots[frame]
        if self.memory.frames.refs[frame] > 1:
            return
        if self.memory.policy is not None:
            self.memory.policy.remove(frame)
        if slot not in self.reading and slot not in self.writing:
            self.uncache(slot)

    def uncache(self, slot: int) -> None:
        """Part a frame from its slot; the slot is free if no entry refers to it."""
        frame = self.frames.pop(slot)
        del self.slots[frame]
        self.writing.pop(slot, None)
        area = self.area(slot)
        if not area.refs[slot]:
            area.give(slot)
        self.memory.release(frame)

    # -- out and in ----------------------------------------------------------------------------

    def put(self, frame: int, slot: int) -> None:
        """Write a frame to its slot. The cache takes over one reference of the caller's; the frame
        is free when the disk has it, unless somebody took it back meanwhile.
        """
        area = self.area(slot)
        area.store.put(slot - area.base, self.memory.frames.content(frame))
        self.frames[slot] = frame
        self.slots[frame] = slot
        self.writing[slot] = frame
        self.memory.count("pswpout")
        area.store.write(slot - area.base, lambda: self._written(slot, frame))

    def _written(self, slot: int, frame: int) -> None:
        if self.writing.get(slot) != frame:
            return
        del self.writing[slot]
        if self.memory.frames.refs[frame] == 1:
            self.uncache(slot)

    def bring(self, slot: int) -> int | WaitQueue | None:
        """The frame of what lies in a slot; where to wait until it has been read; None if no frame
        is free to read it into.
        """
        queue = self.reading.get(slot)
        if queue is not None:
            return queue
        frame = self.frames.get(slot)
        if frame is not None:
            return frame
        memory = self.memory
        frame = memory.page(Kind.ANON, None, 0)
        if frame < 0:
            return None
        area = self.area(slot)
        data = area.store.get(slot - area.base)
        if data is not None:
            memory.frames.put(frame, data)
        self.frames[slot] = frame
        self.slots[frame] = slot
        queue = self.reading[slot] = WaitQueue(memory.kernel, "folio_wait_bit", disk=True)
        queue.about = _about_page
        memory.count("pswpin")
        memory.count("workingset_refault_anon")
        area.store.read(slot - area.base, lambda: self._arrived(slot, frame))
        return queue

    def _arrived(self, slot: int, frame: int) -> None:
        queue = self.reading.pop(slot, None)
        if queue is None:
            return
        if not self.area(slot).refs[slot]:
            self.uncache(slot)  # everybody who wanted it is gone
        queue.wake()

    def claim(self, slot: int, owner: Any, index: int) -> int:
        """Use the cached frame of a slot for an entry that referred to the slot; the frame, with
        one more reference. The slot is kept beside it unless swap is tight.
        """
        frame = self.frames[slot]
        frames = self.memory.frames
        frames.share(frame)
        kind = Kind.SHMEM if hasattr(owner, "slots") else Kind.ANON
        if frames.kind[frame] != kind:
            frames.by_kind[frames.kind[frame]] -= 1
            frames.by_kind[kind] += 1
            frames.kind[frame] = kind
        frames.owner[frame], frames.index[frame] = owner, index
        refs = self.area(slot).refs
        refs[slot] -= 1
        if not refs[slot] and (self.tight or kind == Kind.SHMEM):
            self.uncache(slot)  # shared memory is written to without asking
        return frame

    def dirty(self, frame: int) -> None:
        """A frame of the cache is about to be written: its slot is out of date."""
        slot = self.slots[frame]
        if not self.area(slot).refs[slot]:
            self.uncache(slot)

    # -- swapoff -------------------------------------------------------------------------------

    def references(self, area: SwapArea) -> list[int]:
        """The slots of an area that are in use, in order."""
        return sorted(area.refs)

    def power_off(self) -> None:
        """Everything is forgotten; no disk calls back."""
        self.reading.clear()
        self.writing.clear()

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            [
                (a.base, a.name, a.size, a.priority, sorted(a.refs.items()), a.holes, a.high)
                for a in self.areas
            ],
            sorted(self.frames.items()), sorted(self.reading), sorted(self.writing),
        )  # fmt: skip


def _about_page() -> About:
    return About("swap", "until a page of its memory has come back from swap", outside="the disk")


def header(pages: int, uuid: bytes = b"", label: bytes = b"") -> bytes:
    """The first page of a swap area of so many pages, as mkswap(8) writes it."""
    page = bytearray(PAGE)
    info = (
        (1).to_bytes(4, "little")
        + (pages - 1).to_bytes(4, "little")
        + bytes(4)
        + uuid.ljust(16, b"\0")[:16]
        + label.ljust(16, b"\0")[:16]
    )
    page[HEADER_AT : HEADER_AT + len(info)] = info
    page[PAGE - len(SIGNATURE) :] = SIGNATURE
    return bytes(page)


def last_page(first: bytes) -> int:
    """The number of the last page that a swap header names; 0 if this is none."""
    if len(first) < PAGE or not first.endswith(SIGNATURE):
        return 0
    return int.from_bytes(first[HEADER_AT + 4 : HEADER_AT + 8], "little")

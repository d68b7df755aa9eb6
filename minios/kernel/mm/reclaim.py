"""Reclaim: which pages go when frames are short, and what it takes to let one go.

Caches are asked for clean pages first. Then, if there is swap, the policy names frames. It sees
the A and D bits of the page tables; a native program runs without touching its image by address,
so its image counts as referenced when the process used the CPU since it was last asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.mm.area import DATA_START, HEAP_START, PAGE_BITS, STACK_PAGES, STACK_TOP
from minios.kernel.mm.backing import Backing, Segment
from minios.kernel.mm.space import SWAPPED, AddressSpace, Family
from minios.kernel.process import WORK_PAGES
from minios.kernel.wait import WaitQueue
from minios.memory.frames import Kind
from minios.memory.pagetable import COW, PPN_SHIFT, A, D, V

if TYPE_CHECKING:
    from minios.kernel.mm.memory import Memory

TICK = 100_000_000
"""ns between two times that policies forget old references (NRU's clock interrupt), if anything is
reclaimed at all."""

_DATA = range(DATA_START >> PAGE_BITS, HEAP_START >> PAGE_BITS)
_STACK = range((STACK_TOP >> PAGE_BITS) - STACK_PAGES, STACK_TOP >> PAGE_BITS)


def is_image(vpn: int) -> bool:
    """Whether a page is one that a native program cannot go on without."""
    return vpn in _DATA or vpn in _STACK


def mappers(memory: Memory, frame: int) -> list[tuple[AddressSpace, int, int]]:
    """(space, page, entry) of every page-table entry that points to a frame (rmap)."""
    owner = memory.frames.owner[frame]
    if isinstance(owner, Family):
        vpn = memory.frames.index[frame]
        found = []
        for space in owner.members:
            entry = space.table.get(vpn)
            if entry & V and entry >> PPN_SHIFT == frame:
                found.append((space, vpn, entry))
        return found
    backing = owner if isinstance(owner, Backing) else getattr(owner, "mapping", None)
    return backing.entries(frame) if backing is not None else []


def _ran(memory: Memory, space: AddressSpace) -> int:
    pcb = memory.kernel.processes.get(space.pid)
    return pcb.utime + pcb.stime if pcb is not None else -1


class TableBits:
    """The reference and dirty bits of frames, read from every entry that points to them."""

    __slots__ = ("memory",)

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def referenced(self, page: int) -> bool:
        memory = self.memory
        for space, vpn, entry in mappers(memory, page):
            if is_image(vpn):
                if space.ran != _ran(memory, space):
                    return True
            elif entry & A:
                return True
        return False

    def dirty(self, page: int) -> bool:
        return page not in self.memory.swap.slots

    def clear(self, page: int) -> None:
        memory = self.memory
        for space, vpn, entry in mappers(memory, page):
            if is_image(vpn):
                space.ran = _ran(memory, space)
            if entry & A:
                space.table.set(vpn, entry & ~A)
                memory.fence(space, vpn)


def shrink(memory: Memory, wanted: int, *, background: bool = False) -> int:
    """Let go of ``wanted`` pages: clean cache at once, others begin to be written out. How many."""
    if wanted <= 0:
        return 0
    done = 0
    for shrinker in memory.shrinkers:
        done += shrinker(wanted - done)
        if done >= wanted:
            return done
    return done + steal(memory, wanted - done)


def steal(memory: Memory, wanted: int) -> int:
    """Swap out up to ``wanted`` pages of the policy's choice; how many went or are going."""
    policy = memory.policy
    if policy is None:
        return 0
    now = memory.kernel.world.now
    if now - memory.ticked >= TICK:
        memory.ticked = now
        policy.tick()
    done = 0
    spared: list[int] = []
    bits = TableBits(memory)
    looked = 0
    most = 2 * memory.frames.used + 1
    while done < wanted and looked < most:
        looked += 1
        try:
            frame = policy.victim()
        except IndexError:
            break
        memory.counts["pgscan"] += 1
        entries = mappers(memory, frame)
        if any(
            (space.pinned and is_image(vpn)) or _locked(space, vpn) for space, vpn, _ in entries
        ):
            spared.append(frame)
            continue
        if any(is_image(vpn) for _, vpn, _ in entries) and bits.referenced(frame):
            # A page the policy cannot see the use of: its process ran, so it was used.
            bits.clear(frame)
            policy.insert(frame)
            continue
        if evict(memory, frame, entries):
            done += 1
        else:
            spared.append(frame)
            break
    for frame in spared:
        policy.insert(frame)
    memory.counts["pgsteal"] += done
    return done


def _locked(space: AddressSpace, vpn: int) -> bool:
    if not space.locked:
        return False
    area = space.find(vpn << PAGE_BITS)
    return area is not None and area.flags & 1 << 30 != 0


def evict(memory: Memory, frame: int, entries: list[tuple[AddressSpace, int, int]]) -> bool:
    """Take a page from everybody who maps it, and write it out unless swap has it already.

    False if there is no room in swap.
    """
    swap, frames = memory.swap, memory.frames
    slot = swap.slots.get(frame, -1)
    clean = slot >= 0
    if not clean:
        slot = swap.take()
        if slot < 0:
            return False
        frames.share(frame)  # the swap cache's
    owner = frames.owner[frame]
    segment = owner if isinstance(owner, Segment) else None
    refs = swap.area(slot).refs
    processes = memory.kernel.processes
    for space, vpn, _ in entries:
        space.table.set(vpn, 0)
        if segment is None:
            space.table.set(vpn, slot << PPN_SHIFT | SWAPPED)
            refs[slot] += 1
            space.anon -= 1
            space.swapped += 1
            if is_image(vpn):
                pcb = processes.get(space.pid)
                if pcb is not None:
                    pcb.work |= WORK_PAGES
        else:
            space.shmem -= 1
        memory.fence(space, vpn)
        frames.drop(frame)
    if segment is not None:
        index = frames.index[frame]
        del segment.pages[index]
        segment.slots[index] = slot
        refs[slot] += 1
        frames.drop(frame)
    if not clean:
        swap.put(frame, slot)
    elif slot not in swap.writing and slot not in swap.reading:
        swap.uncache(slot)
    return True


def put_away(memory: Memory, space: AddressSpace, *, anon: bool = True, file: bool = True) -> int:
    """Push a whole process out of RAM (/proc/PID/reclaim, MADV_PAGEOUT): pages that went.

    Its own pages go to swap as far as there is room; pages it shares with others after a fork go
    too, and pages of files are let go of.
    """
    return put_away_range(memory, space, 0, 1 << 20, anon=anon, file=file)


def fetch(memory: Memory, space: AddressSpace) -> int:
    """Begin to bring a process's pages back from swap, as many as there are frames for; they are
    mapped when the process next touches them. How many are on their way.
    """
    begun = 0
    for _, entry in space.table.entries():
        if entry and not entry & V:
            if memory.frames.free <= memory.low:
                break
            if isinstance(memory.swap.bring(entry >> PPN_SHIFT), WaitQueue):
                begun += 1
    return begun


def put_away_range(
    memory: Memory,
    space: AddressSpace,
    start: int,
    end: int,
    *,
    anon: bool = True,
    file: bool = True,
) -> int:
    """The same for the pages ``start`` … ``end - 1``."""
    gone = 0
    for vpn, entry in list(space.table.entries(start, end)):
        if not entry & V or space.table.get(vpn) != entry or _locked(space, vpn):
            continue  # it may have gone meanwhile: a segment can be mapped twice
        frame = entry >> PPN_SHIFT
        kind = memory.frames.kind[frame]
        if kind == Kind.CACHE:
            if file:
                if entry & D and not entry & COW:
                    space._written(vpn, entry)
                space.take(vpn, entry)
                memory.fence(space, vpn)
                gone += 1
        elif anon and memory.policy is not None and isinstance(
            memory.frames.owner[frame], Segment | Family
        ):  # fmt: skip
            memory.policy.remove(frame)
            if evict(memory, frame, mappers(memory, frame)):
                gone += 1
            else:
                memory.policy.insert(frame)
    return gone

"""What must be true of all memory at any moment; for tests, and for who doubts a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.mm.space import AddressSpace
from minios.memory.frames import Kind
from minios.memory.pagetable import PPN_SHIFT, A, D, R, U, V, W, X
from minios.memory.tlb import ASID_SHIFT

if TYPE_CHECKING:
    from minios.kernel.mm.memory import Memory

_RIGHTS = V | R | W | X | U | A | D


def check(memory: Memory) -> None:
    """AssertionError says what is wrong: a frame that two own, a wrong count, an entry that leads
    to a free frame, a translation a core should have forgotten.
    """
    frames, swap = memory.frames, memory.swap
    spaces: list[AddressSpace] = [
        pcb.mm for pcb in memory.kernel.processes.values() if pcb.mm is not None and not pcb.zombie
    ]
    refs: dict[int, int] = {}
    slots: dict[int, int] = {}

    def hold(frame: int, kind: int, what: str) -> None:
        assert frames.refs[frame] > 0, f"{what}: frame {frame} is free"
        assert frames.kind[frame] == kind, f"{what}: frame {frame} is {frames.kind[frame]}"
        refs[frame] = refs.get(frame, 0) + 1

    for space in spaces:
        _check_space(memory, space, hold, slots)
    for segment in memory.segments.values():
        for index, frame in segment.pages.items():
            hold(frame, Kind.SHMEM, f"segment {segment.number}")
            assert frames.owner[frame] is segment and frames.index[frame] == index
        for slot in segment.slots.values():
            slots[slot] = slots.get(slot, 0) + 1
        assert not segment.pages.keys() & segment.slots.keys()
        assert segment.users or segment.kept, f"segment {segment.number} is nobody's"
    for mapping in memory.mappings():
        for frame in mapping.own.values():
            hold(frame, frames.kind[frame], f"file {mapping.path!r}")
        for frame in mapping.dirty.values():
            hold(frame, frames.kind[frame], f"dirty page of {mapping.path!r}")
    cache = memory.kernel.cache
    if cache is not None:
        for file in {id(file): file for file in cache.clusters.values()}.values():
            for frame in file.frames.values():
                hold(frame, Kind.CACHE, f"cache of inode {file.ino}")
    for fs in memory.tmpfs:
        for frame in fs.frames:
            hold(frame, Kind.SHMEM, "tmpfs")
    for slot, frame in swap.frames.items():
        assert swap.slots[frame] == slot
        hold(frame, frames.kind[frame], f"swap cache of slot {slot}")
    used = frames.in_use()
    assert len(used) == frames.used, f"{len(used)} frames are used, {frames.used} counted"
    for frame in used:
        wanted = refs.get(frame, 0)
        assert frames.refs[frame] == wanted, (
            f"frame {frame} ({Kind(frames.kind[frame]).name}) has {frames.refs[frame]} references, "
            f"{wanted} were found"
        )
    for kind in Kind:
        if kind is not Kind.FREE:
            count = sum(frames.kind[frame] == kind for frame in used)
            assert frames.by_kind[kind] == count, f"{kind.name}: {frames.by_kind[kind]} != {count}"
    for area in swap.areas:
        assert area.used <= area.size
        for slot, count in area.refs.items():
            assert slots.get(slot, 0) == count, f"slot {slot}: {count} != {slots.get(slot, 0)}"
            assert count or slot in swap.frames, f"slot {slot} is lost"
            assert slot not in area.holes
    assert all(slot in swap.area(slot).refs for slot in slots)
    committed = sum(space.committed for space in spaces)
    committed += sum(segment.size for segment in memory.segments.values())
    assert memory.committed == committed, f"{memory.committed} pages promised, not {committed}"
    _check_units(memory)
    if memory.policy is not None:
        _check_policy(memory, spaces)


def _check_space(memory: Memory, space: AddressSpace, hold: object, slots: dict[int, int]) -> None:
    frames = memory.frames
    name = f"pid {space.pid}"
    assert callable(hold)
    for frame in space.kernel_frames:
        hold(frame, Kind.KERNEL, name)
    hold(space.table.root, Kind.TABLE, name)
    root = frames.table(space.table.root)
    assert root.keys() == space.table.leaves.keys(), f"{name}: root and tables differ"
    for top, pointer in root.items():
        hold(pointer >> PPN_SHIFT, Kind.TABLE, name)
        assert frames.table(pointer >> PPN_SHIFT) is space.table.leaves[top]
    last = 0
    for area in space.areas:
        assert last <= area.start < area.end, f"{name}: areas overlap at {area.start:#x}"
        last = area.end
    assert space.total == sum(area.pages for area in space.areas), f"{name}: total"
    assert space.committed == sum(area.pages for area in space.areas if area.accountable), name
    counts = [0] * len(Kind)
    swapped = 0
    for vpn, entry in space.table.entries():
        found_in = space.find(vpn << 12)
        assert found_in is not None, f"{name}: page {vpn:#x} lies in no area"
        if not entry & V:
            slots[entry >> PPN_SHIFT] = slots.get(entry >> PPN_SHIFT, 0) + 1
            swapped += 1
            continue
        frame = entry >> PPN_SHIFT
        hold(frame, frames.kind[frame], f"{name}, page {vpn:#x}")
        counts[frames.kind[frame]] += 1
        assert not entry & W or found_in.prot & 2, f"{name}: page {vpn:#x} is writable"
        if entry & W and not found_in.shared:
            shared = frames.refs[frame] - (frame in memory.swap.slots)
            assert frames.kind[frame] == Kind.ANON and shared == 1, (
                f"{name}: page {vpn:#x} is writable and shared"
            )
    assert not counts[Kind.TABLE] and not counts[Kind.KERNEL], f"{name}: maps kernel memory"
    resident = (space.anon, space.file, space.shmem, space.swapped)
    found = (counts[Kind.ANON], counts[Kind.CACHE], counts[Kind.SHMEM], swapped)
    assert resident == found, f"{name}: counts {resident}, has {found}"
    assert space in space.family.members


def _check_units(memory: Memory) -> None:
    by_asid = {space.space.asid: space for space in memory.spaces}
    assert len(by_asid) == len(memory.spaces) and 0 not in by_asid
    for mmu in memory.mmus:
        for key, entry in mmu.tlb.entries.items():
            space = by_asid[key >> ASID_SHIFT]
            vpn = key & (1 << ASID_SHIFT) - 1
            true = space.table.get(vpn)
            assert entry >> PPN_SHIFT == true >> PPN_SHIFT, f"stale translation of {vpn:#x}"
            assert not entry & ~true & _RIGHTS, f"stale rights of {vpn:#x}"
    for space in memory.spaces:
        windows = space.space
        for pages in (windows.loads, windows.stores, windows.fetches):
            for vpn, page in pages.items():
                entry = space.table.get(vpn)
                assert entry & V and memory.frames.page(entry >> PPN_SHIFT) is page


def _check_policy(memory: Memory, spaces: list[AddressSpace]) -> None:
    assert memory.policy is not None
    known = memory.policy.order()
    assert len(set(known)) == len(known), "the policy knows a page twice"
    evictable = {
        entry >> PPN_SHIFT
        for space in spaces
        for _, entry in space.table.entries()
        if entry & V and memory.frames.kind[entry >> PPN_SHIFT] == Kind.ANON
    }
    for segment in memory.segments.values():
        evictable.update(segment.pages.values())
    assert set(known) == evictable, (
        f"the policy misses {sorted(evictable - set(known))[:5]}, "
        f"has {sorted(set(known) - evictable)[:5]} too much"
    )

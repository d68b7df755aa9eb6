"""Frames, Sv32 tables, the TLB and the memory unit, as hardware would show them."""

import pytest

from minios.memory.frames import PAGE, Frames, Kind, OutOfFrames
from minios.memory.mmu import CAUSES, FETCH, LOAD, STORE, Mmu, PageFault, Space
from minios.memory.pagetable import A, D, PageTable, R, U, V, W, X, describe, walk
from minios.memory.tlb import Tlb

DATA = V | R | W | U


class Rig:
    """An address space with one data page at 0x400000 and its core."""

    def __init__(self, tlb: int = 4) -> None:
        self.frames = Frames(16)
        self.table = PageTable(self.frames, "a")
        self.page = self.frames.alloc(Kind.ANON, "a", 0x400)
        self.table.set(0x400, self.page << 10 | DATA)
        self.mmu = Mmu(self.frames, Tlb(tlb))
        self.space = Space(self.table.root, 1)


def test_a_frame_is_free_again_when_nobody_refers_to_it() -> None:
    frames = Frames(2)
    first, second = frames.take(Kind.ANON, "a", [7, 8])
    with pytest.raises(OutOfFrames):
        frames.alloc(Kind.ANON, "b")
    frames.share(first)
    assert (frames.drop(first), frames.free) == (False, 0)
    assert (frames.drop(first), frames.free) == (True, 1)
    assert (frames.owner[second], frames.index[second]) == ("a", 8)
    assert frames.alloc(Kind.CACHE, "c") == first


def test_a_frame_that_is_given_out_again_holds_zeros() -> None:
    frames = Frames(1)
    frame = frames.alloc(Kind.ANON, "a")
    frames.page(frame)[:3] = b"old"
    frames.drop(frame)
    assert frames.page(frames.alloc(Kind.ANON, "b")) == bytes(PAGE)


def test_tables_live_in_frames_and_hold_real_entries() -> None:
    rig = Rig()
    pointer, entry = walk(rig.frames, rig.table.root, 0x400123)
    assert (pointer & 0x3FF, entry >> 10) == (V, rig.page)
    root = rig.frames.content(rig.table.root)
    assert root is not None
    assert int.from_bytes(root[4:8], "little") == pointer
    leaf = rig.frames.content(pointer >> 10)
    assert leaf is not None
    assert int.from_bytes(leaf[0:4], "little") == entry
    assert rig.frames.by_kind[Kind.TABLE] == rig.table.tables() == 2


def test_a_walk_sets_accessed_and_a_store_sets_dirty() -> None:
    rig = Rig()
    assert rig.mmu.translate(rig.space, 0x400123, LOAD) == rig.page << 12 | 0x123
    assert describe(rig.table.get(0x400)) == "-A-U-WRV"
    rig.mmu.translate(rig.space, 0x400000, STORE)
    assert rig.table.get(0x400) & (A | D) == A | D


def test_the_second_access_hits_the_tlb() -> None:
    rig = Rig()
    for va in (0x400000, 0x400FFC, 0x400004):
        rig.mmu.translate(rig.space, va, LOAD)
    assert (rig.mmu.tlb.hits, rig.mmu.tlb.misses) == (2, 1)


@pytest.mark.parametrize(
    ("va", "access", "cause"),
    [(0x800000, LOAD, 13), (0x401000, STORE, 15), (0x400000, FETCH, 12)],
)
def test_what_the_table_does_not_allow_is_a_fault(va: int, access: int, cause: int) -> None:
    rig = Rig()
    with pytest.raises(PageFault) as caught:
        rig.mmu.translate(rig.space, va, access)
    assert (caught.value.address, CAUSES[caught.value.access]) == (va, cause)


def test_a_page_of_the_kernel_is_not_for_user_mode() -> None:
    rig = Rig()
    rig.table.set(0x400, rig.page << 10 | V | R | X)
    with pytest.raises(PageFault):
        rig.mmu.translate(rig.space, 0x400000, LOAD)


def test_a_changed_entry_is_seen_after_a_fence_only() -> None:
    """SFENCE.VMA: without it a core may use the translation it has."""
    rig = Rig()
    rig.mmu.translate(rig.space, 0x400000, STORE)
    rig.table.set(0x400, 0)
    rig.mmu.translate(rig.space, 0x400000, STORE)
    rig.mmu.sfence(rig.space, 0x400)
    with pytest.raises(PageFault):
        rig.mmu.translate(rig.space, 0x400000, STORE)


def test_the_same_page_of_another_space_is_another_entry() -> None:
    rig = Rig()
    other = Space(PageTable(rig.frames, "b").root, 2)
    rig.mmu.translate(rig.space, 0x400000, LOAD)
    with pytest.raises(PageFault):
        rig.mmu.translate(other, 0x400000, LOAD)
    rig.mmu.sfence(other)
    rig.mmu.translate(rig.space, 0x400000, LOAD)
    assert rig.mmu.tlb.hits == 1


def test_the_oldest_translation_makes_room() -> None:
    rig = Rig(tlb=2)
    for vpn in (0x401, 0x402):
        rig.table.set(vpn, rig.frames.alloc(Kind.ANON, "a", vpn) << 10 | DATA)
    for va in (0x400000, 0x401000, 0x400000, 0x402000, 0x400000):
        rig.mmu.translate(rig.space, va, LOAD)
    assert (rig.mmu.tlb.hits, rig.mmu.tlb.misses) == (1, 4)


def test_a_window_is_the_frame_itself_until_it_is_fenced_off() -> None:
    rig = Rig()
    rig.mmu.window(rig.space, 0x400010, STORE)[0x10] = 42
    assert rig.frames.page(rig.page)[0x10] == 42
    assert rig.space.stores[0x400] is rig.frames.page(rig.page)
    assert rig.table.get(0x400) & D
    rig.mmu.sfence(rig.space, 0x400)
    assert rig.space.stores == {}


def test_a_window_closes_when_the_tlb_evicts_its_page() -> None:
    rig = Rig(tlb=1)
    rig.table.set(0x401, rig.frames.alloc(Kind.ANON, "a", 0x401) << 10 | DATA)
    rig.mmu.window(rig.space, 0x400000, LOAD)
    rig.mmu.window(rig.space, 0x401000, LOAD)
    assert list(rig.space.loads) == [0x401]


def test_entries_come_in_order_of_pages() -> None:
    rig = Rig()
    for vpn in (0x7FFFF, 0x10, 0x401):
        rig.table.set(vpn, 5 << 10 | DATA)
    assert [vpn for vpn, _ in rig.table.entries()] == [0x10, 0x400, 0x401, 0x7FFFF]
    assert [vpn for vpn, _ in rig.table.entries(0x400, 0x402)] == [0x400, 0x401]
    assert [vpn for vpn, _ in rig.table.entries(0x401, 0x7FFFF)] == [0x401]


def test_a_freed_tree_gives_back_its_frames() -> None:
    rig = Rig()
    rig.table.set(0x7FFFF, 0)
    rig.table.free()
    assert rig.frames.in_use() == [rig.page]

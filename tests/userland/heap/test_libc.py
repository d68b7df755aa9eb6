"""malloc, free, realloc and calloc on the memory of a process."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.userland.lib.heap.layout import PAGE, find, walk
from minios.userland.lib.heap.policy import Fit, Order
from tests.userland.heap.ram import BASE, Aborted, Heap, Ram, do


def test_the_first_allocation_makes_a_heap_with_one_brk() -> None:
    heap = Heap()
    pointer = heap.malloc(10)
    assert heap.ram.calls == ["brk"]
    assert len(heap.ram.data) == 33 * PAGE, "132 KiB, as the first [heap] of a Linux program has"
    assert pointer % 8 == 0
    assert heap.sizes() == ["16"]
    heap.malloc(100)
    assert heap.ram.calls == ["brk"]


def test_a_chunk_is_the_request_and_a_word_rounded_up_to_eight() -> None:
    heap = Heap()
    for size in (0, 12, 13, 20, 21, 100):
        heap.malloc(size)
    assert heap.sizes() == ["16", "16", "24", "24", "32", "104"]
    assert heap.usable(heap.malloc(13)) == 20


def test_a_freed_chunk_is_used_again() -> None:
    heap = Heap()
    first = heap.malloc(40)
    heap.malloc(8)
    heap.free(first)
    assert heap.sizes() == ["48f", "16"]
    assert heap.malloc(40) == first


def test_a_chunk_that_is_too_large_is_split() -> None:
    heap = Heap(lists=())
    first = heap.malloc(100)
    heap.malloc(8)
    heap.free(first)
    assert heap.malloc(40) == first
    assert heap.sizes() == ["48", "56f", "16"]
    heap.malloc(44)
    assert heap.sizes() == ["48", "56", "16"], "a rest of 8 bytes would be no chunk"


def test_neighbours_are_merged_and_what_touches_top_becomes_top() -> None:
    heap = Heap()
    a, b, c, d = (heap.malloc(20) for _ in range(4))
    heap.malloc(8)
    heap.free(a)
    heap.free(c)
    assert heap.sizes() == ["24f", "24", "24f", "24", "16"]
    heap.free(b)
    assert heap.sizes() == ["72f", "24", "16"]
    heap.free(d)
    assert heap.sizes() == ["96f", "16"]


def test_without_coalescing_the_free_pieces_stay_apart() -> None:
    heap = Heap(coalesce=False, lists=())
    blocks = [heap.malloc(20) for _ in range(4)]
    for block in blocks:
        heap.free(block)
    assert heap.sizes() == ["24f", "24f", "24f", "24f"]
    assert heap.malloc(60) not in blocks, "96 bytes are free and 60 do not fit"
    assert heap.malloc(20) in blocks


@pytest.mark.parametrize(("fit", "taken"), [("first", 0), ("best", 2), ("worst", 1), ("next", 0)])
def test_the_fit_says_which_free_chunk_is_taken(fit: str, taken: int) -> None:
    heap = Heap(fit=Fit(fit), order=Order.ADDRESS, lists=())
    blocks = []
    for size in (60, 100, 44):
        blocks.append(heap.malloc(size))
        heap.malloc(8)
    for block in blocks:
        heap.free(block)
    assert heap.malloc(40) == blocks[taken]


def test_next_fit_goes_on_where_it_stopped() -> None:
    heap = Heap(fit=Fit.NEXT, order=Order.ADDRESS, lists=())
    blocks = []
    for _ in range(3):
        blocks.append(heap.malloc(60))
        heap.malloc(8)
    for block in blocks:
        heap.free(block)
    assert [heap.malloc(60) for _ in range(3)] == blocks
    for block in (blocks[0], blocks[2]):
        heap.free(block)
    assert heap.malloc(60) == blocks[0]
    heap.free(blocks[0])
    assert heap.malloc(60) == blocks[2], "the rover stood behind the first"
    assert heap.malloc(60) == blocks[0], "and goes round"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("address", [0, 1, 2]),
        ("size+", [2, 0, 1]),
        ("size-", [1, 0, 2]),
        ("front", [0, 2, 1]),
        ("back", [1, 2, 0]),
    ],
)
def test_the_order_says_where_a_freed_chunk_goes(order: str, expected: list[int]) -> None:
    """First fit over three chunks that all fit shows the list."""
    heap = Heap(fit=Fit.FIRST, order=Order(order), lists=())
    blocks = []
    for size in (60, 68, 44):
        blocks.append(heap.malloc(size))
        heap.malloc(8)
    for index in (1, 2, 0):
        heap.free(blocks[index])
    assert [blocks.index(heap.malloc(36)) for _ in range(3)] == expected


def test_segregated_lists_look_only_at_what_can_fit() -> None:
    sizes = [20] * 30 + [200]
    loads = []
    for lists in ((), (32, 64, 128, 256)):
        heap = Heap(lists=lists, fit=Fit.FIRST, order=Order.BACK)
        blocks = []
        for size in sizes:
            blocks.append(heap.malloc(size))
            heap.malloc(8)
        for block in blocks:
            heap.free(block)
        before = heap.ram.loads
        assert heap.malloc(200) == blocks[-1]
        loads.append(heap.ram.loads - before)
    assert loads[0] > loads[1] + 25


def test_a_large_request_gets_pages_of_its_own_and_gives_them_back() -> None:
    heap = Heap()
    pointer = heap.malloc(200_000)
    assert heap.ram.calls == ["mmap"]
    assert heap.usable(pointer) == 49 * PAGE - 8
    heap.write(pointer + 199_999, b"x")
    heap.free(pointer)
    assert heap.ram.calls == ["mmap", "munmap"]


def test_top_is_given_back_when_there_is_too_much_of_it() -> None:
    heap = Heap()
    blocks = [heap.malloc(100_000) for _ in range(6)]
    held = len(heap.ram.data)
    for block in blocks:
        heap.free(block)
    assert len(heap.ram.data) < held // 3
    assert heap.malloc(1000) == blocks[0]


def test_no_memory_is_null_and_the_heap_goes_on() -> None:
    heap = Heap(Ram(limit=40 * PAGE))
    first = heap.malloc(100_000)
    assert first
    assert heap.malloc(100_000) == 0
    assert heap.malloc(1000)
    heap.free(first)
    assert heap.malloc(90_000)
    assert heap.malloc(1 << 31) == 0
    assert heap.malloc(-1) == 0


def test_calloc_clears_what_was_used_before() -> None:
    heap = Heap()
    pointer = heap.malloc(100)
    heap.malloc(8)
    heap.write(pointer, b"x" * 100)
    heap.free(pointer)
    assert heap.calloc(10, 10) == pointer
    assert heap.read(pointer, 100) == bytes(100)


def test_realloc_grows_in_place_into_what_is_free_behind_or_else_moves() -> None:
    heap = Heap()
    a, b = heap.malloc(20), heap.malloc(60)
    heap.malloc(8)
    heap.write(a, b"twenty bytes of text")
    heap.free(b)
    assert heap.realloc(a, 50) == a
    assert heap.sizes() == ["56", "32f", "16"]
    assert heap.realloc(a, 10) == a
    assert heap.sizes() == ["16", "72f", "16"]
    moved = heap.realloc(a, 500)
    assert moved != a
    assert heap.read(moved, 10) == b"twenty byt"
    assert heap.realloc(0, 5)
    assert heap.realloc(moved, 0) == 0


def test_realloc_of_the_last_chunk_takes_from_top() -> None:
    heap = Heap()
    pointer = heap.malloc(20)
    assert heap.realloc(pointer, 4000) == pointer
    assert heap.sizes() == ["4008"]


def test_realloc_moves_between_heap_and_pages() -> None:
    heap = Heap()
    pointer = heap.malloc(1000)
    heap.write(pointer, b"kept")
    pages = heap.realloc(pointer, 300_000)
    assert heap.read(pages, 4) == b"kept"
    assert heap.realloc(pages, 300_001) == pages
    back = heap.realloc(pages, 10)
    assert heap.read(back, 4) == b"kept"
    assert heap.ram.calls == ["brk", "mmap", "munmap"]


def test_a_break_moved_by_somebody_else_is_bridged() -> None:
    heap = Heap(Ram(used=1000))
    first = heap.malloc(100)
    assert heap.walk().start == BASE + PAGE
    heap.ram.data += b"theirs, not the heap's" * 300
    theirs = bytes(heap.ram.data[-6600:])
    where = BASE + len(heap.ram.data) - 6600
    blocks = [heap.malloc(100_000) for _ in range(4)]
    assert all(blocks)
    assert heap.read(where, 6600) == theirs
    for block in (first, *blocks):
        heap.free(block)
    assert heap.malloc(100) == first


def test_a_forked_child_goes_on_with_its_copy() -> None:
    heap = Heap()
    pointer = heap.malloc(24)
    ram = Ram()
    ram.data = bytearray(heap.ram.data)
    child = Heap(ram)
    child.libc = heap.libc.forked(ram)  # type: ignore[arg-type]
    child.free(pointer)
    assert child.malloc(24) == pointer
    assert heap.malloc(24) != pointer


def test_ltrace_sees_the_calls_and_what_they_return() -> None:
    heap = Heap()
    heap.ram.probes = 1
    pointer = heap.malloc(10)
    heap.free(pointer)
    assert heap.ram.probed == [
        (b"malloc", 10),
        (b"malloc", "->", pointer),
        (b"free", pointer),
        (b"free", "->", None),
    ]


# -- what goes wrong ---------------------------------------------------------------------------


@contextmanager
def aborts(text: str) -> Iterator[None]:
    """The process says this and dies."""
    with pytest.raises(Aborted) as death:
        yield
    assert str(death.value).splitlines()[-1] == text


def test_freeing_twice_aborts_with_the_words_of_glibc() -> None:
    heap = Heap()
    pointer = heap.malloc(10)
    heap.malloc(10)
    heap.free(pointer)
    with aborts("double free or corruption (!prev)"):
        heap.free(pointer)


def test_freeing_the_last_block_twice_finds_top_there() -> None:
    heap = Heap()
    pointer = heap.malloc(10)
    heap.free(pointer)
    with aborts("double free or corruption (top)"):
        heap.free(pointer)


def test_freeing_what_malloc_never_returned_aborts() -> None:
    heap = Heap()
    pointer = heap.malloc(100)
    with aborts("free(): invalid pointer"):
        heap.free(pointer + 4)
    with aborts("free(): invalid size"):
        heap.free(pointer + 8)


def test_a_write_beyond_a_block_is_found_when_it_is_freed() -> None:
    """Off by one: 20 bytes fit into the chunk for 13, the 21st hits the next one's size."""
    heap = Heap()
    first, second = heap.malloc(13), heap.malloc(13)
    heap.malloc(13)
    heap.write(first, b"x" * 20)
    assert heap.walk().broken == ""
    heap.write(first, b"\0" * 24)
    assert heap.walk().broken == f"chunk at {second - 8:#x} has size 0"
    with aborts("double free or corruption (!prev)"):
        heap.free(first)
    with aborts("free(): invalid size"):
        heap.free(second)


def test_a_size_that_was_overwritten_with_text_is_found_too() -> None:
    heap = Heap()
    first, second = heap.malloc(20), heap.malloc(20)
    heap.malloc(20)
    heap.write(first + 20, b"AAAA")
    with aborts("free(): invalid next size (normal)"):
        heap.free(first)
    with aborts("double free or corruption (out)"):
        heap.free(second)


def test_overwritten_links_of_a_free_chunk_are_found_when_it_is_used() -> None:
    """A write through a pointer that was freed already."""
    heap = Heap(fit=Fit.FIRST, lists=())
    first = heap.malloc(40)
    other = heap.malloc(8)
    heap.free(first)
    heap.write(first, other.to_bytes(4, "little"))
    with aborts("corrupted double-linked list"):
        heap.malloc(40)


def test_an_overwritten_top_is_found_when_it_is_needed() -> None:
    """The house of force (Phantasmal Phantasmagoria, 2005) does not work any more."""
    heap = Heap()
    pointer = heap.malloc(20)
    heap.write(pointer + 20, b"\xff\xff\xff\xff")
    with aborts("malloc(): corrupted top size"):
        do(heap.libc.malloc(100))


def test_a_bad_pointer_into_pages_aborts() -> None:
    heap = Heap()
    pointer = heap.malloc(200_000)
    heap.write(pointer - 4, (0x3002).to_bytes(4, "little"))
    heap.write(pointer - 8, (4).to_bytes(4, "little"))
    with aborts("munmap_chunk(): invalid pointer"):
        heap.free(pointer)


def test_realloc_looks_at_what_it_is_given() -> None:
    heap = Heap()
    pointer = heap.malloc(20)
    heap.malloc(20)
    with aborts("realloc(): invalid pointer"):
        heap.realloc(pointer + 4, 30)
    heap.write(pointer + 20, b"AAAA")
    with aborts("realloc(): invalid next size"):
        heap.realloc(pointer, 300)


def test_a_data_segment_without_a_heap_has_none_to_find() -> None:
    ram = Ram(used=5 * PAGE)
    assert find(ram.peek, BASE, BASE + 5 * PAGE) == -1


# -- random programs ---------------------------------------------------------------------------

CALLS = st.lists(
    st.tuples(st.sampled_from("mmmcrrff"), st.integers(0, 400), st.integers(0, 50)), max_size=60
)


@given(
    CALLS,
    st.sampled_from([fit for fit in Fit if fit is not Fit.NEXT]),
    st.sampled_from(list(Order)),
    st.booleans(),
    st.sampled_from([(), (32, 64, 128)]),
)
@settings(max_examples=120, deadline=None)
def test_no_byte_is_anybody_elses_whatever_the_policy(
    calls: list[tuple[str, int, int]],
    fit: Fit,
    order: Order,
    coalesce: bool,
    lists: tuple[int, ...],
) -> None:
    """Every block keeps what was written into it, and the chain of chunks holds after each call."""
    _play(Heap(fit=fit, order=order, coalesce=coalesce, lists=lists, top_pad=0), calls, coalesce)


@given(CALLS, st.sampled_from(list(Order)), st.booleans())
@settings(max_examples=60, deadline=None)
def test_next_fit_keeps_its_rover_on_a_free_chunk(
    calls: list[tuple[str, int, int]], order: Order, coalesce: bool
) -> None:
    heap = Heap(fit=Fit.NEXT, order=order, coalesce=coalesce, lists=(), top_pad=0)
    _play(heap, calls, coalesce)


def _play(heap: Heap, calls: list[tuple[str, int, int]], coalesce: bool) -> None:
    blocks: list[tuple[int, bytes]] = []
    for number, (call, size, which) in enumerate(calls):
        text = bytes([number % 256]) * size
        if call in "mc":
            pointer = heap.malloc(size) if call == "m" else heap.calloc(1, size)
            if call == "c":
                assert heap.read(pointer, size) == bytes(size)
            heap.write(pointer, text)
            blocks.append((pointer, text))
        elif blocks:
            pointer, old = blocks.pop(which % len(blocks))
            assert heap.read(pointer, len(old)) == old
            if call == "r" and size:
                pointer = heap.realloc(pointer, size)
                assert heap.read(pointer, min(size, len(old))) == old[:size]
                heap.write(pointer, text)
                blocks.append((pointer, text))
            else:
                heap.free(pointer)
    for pointer, text in blocks:
        assert heap.read(pointer, len(text)) == text
        heap.free(pointer)
    chunks = heap.walk().chunks if heap.libc.bounds[0] else ()
    assert not any(chunk.used for chunk in chunks)
    if coalesce:
        assert len(chunks) <= 1, "all is free again, so all is one"


def test_the_walk_says_where_it_had_to_stop() -> None:
    heap = Heap()
    pointer = heap.malloc(20)
    heap.write(pointer - 4, b"\x07\0\0\0")
    start = find(heap.ram.peek, BASE, BASE + len(heap.ram.data))
    broken = walk(heap.ram.peek, start, BASE + len(heap.ram.data)).broken
    assert broken == f"chunk at {pointer - 8:#x} has size 0"

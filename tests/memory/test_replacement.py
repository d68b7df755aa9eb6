"""Replacement policies: each one's rule, its source, and what must hold between them."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.memory.replacement import NAMES, ONLINE, Hears, make
from minios.memory.replacement.workingset import WorkingSet, sizes
from minios.sim.random import Rng

BELADY = (1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5)
"""The reference string of Belady, Nelson and Shedler (1969)."""

STRINGS = st.lists(st.integers(0, 8), min_size=1, max_size=60)
FRAMES = st.integers(1, 8)


def misses(name: str, references: Sequence[int], frames: int) -> int:
    return len(resident(name, references, frames)[1])


def resident(
    name: str, references: Sequence[int], frames: int
) -> tuple[list[frozenset[int]], list[int | None]]:
    """(what is in memory after each reference, the victims and None for misses without one)."""
    policy = make(name, draw=Rng(1, name).below, future=references)
    pages: set[int] = set()
    history, faults = [], []
    for page in references:
        if page not in pages:
            victim = None
            if len(pages) == frames:
                victim = policy.victim()
                pages.remove(victim)
            faults.append(victim)
            policy.insert(page)
            pages.add(page)
        policy.touch(page)
        assert sorted(policy.order()) == sorted(pages)
        history.append(frozenset(pages))
    return history, faults


@given(STRINGS, FRAMES)
@settings(max_examples=150, deadline=None)
def test_no_policy_misses_less_than_opt_and_none_more_than_a_miss_a_reference(
    references: list[int], frames: int
) -> None:
    """Belady 1966: OPT is optimal among the policies that bring in on demand."""
    best = misses("opt", references, frames)
    for name in NAMES:
        assert best <= misses(name, references, frames) <= len(references)


@given(STRINGS, FRAMES)
@settings(max_examples=150, deadline=None)
def test_whatever_lru_and_opt_hold_they_also_hold_with_one_frame_more(
    references: list[int], frames: int
) -> None:
    """Mattson et al. 1970: LRU is a stack algorithm, so it has no Belady anomaly; OPT never
    misses more with more frames either."""
    small, _ = resident("lru", references, frames)
    large, _ = resident("lru", references, frames + 1)
    assert all(a <= b for a, b in zip(small, large, strict=True))
    assert misses("opt", references, frames + 1) <= misses("opt", references, frames)


@given(STRINGS)
@settings(max_examples=60, deadline=None)
def test_with_room_for_all_every_policy_misses_each_page_once(references: list[int]) -> None:
    for name in NAMES:
        assert misses(name, references, 9) == len(set(references))


def test_fifo_can_miss_more_with_more_frames() -> None:
    """Belady's anomaly, on the string it was published with."""
    assert misses("fifo", BELADY, 3) == 9
    assert misses("fifo", BELADY, 4) == 10


def test_lru_lets_the_page_go_that_was_not_used_for_longest() -> None:
    assert resident("lru", (0, 1, 2, 0, 3), 3)[1] == [None, None, None, 1]


def test_mru_keeps_most_of_a_loop_that_is_one_page_too_large() -> None:
    loop = (0, 1, 2, 3) * 5
    assert misses("lru", loop, 3) == 20
    assert misses("mru", loop, 3) == 9


def test_opt_lets_the_page_go_that_is_needed_last_and_of_never_needed_the_newest() -> None:
    assert resident("opt", (0, 1, 2, 3, 0, 1, 3, 2), 3)[1] == [None, None, None, 2, 3]
    assert resident("opt", (0, 1, 2), 2)[1] == [None, None, 1]


def test_unopt_lets_the_page_go_that_is_needed_soonest() -> None:
    assert resident("unopt", (0, 1, 2, 3, 0, 1), 3)[1][:4] == [None, None, None, 0]


def test_opt_refuses_another_future_than_it_was_given() -> None:
    policy = make("opt", future=(1, 2))
    policy.insert(2)
    with pytest.raises(ValueError, match="not the future"):
        policy.touch(2)


def test_clock_gives_each_referenced_page_a_second_chance() -> None:
    """OSTEP ch. 22: the hand clears reference bits until it finds a page without."""
    clock = make("clock")
    for page in (1, 2, 3):
        clock.insert(page)
        clock.touch(page)
    assert clock.victim() == 1, "all were referenced: the hand comes round to where it began"
    clock.insert(4)
    clock.touch(4)
    clock.touch(2)
    assert clock.order() == [2, 3, 4]
    assert clock.victim() == 3, "2 was used again, 3 lost its bit when the hand went round"
    assert clock.order() == [4, 2]


@given(STRINGS, FRAMES)
@settings(max_examples=100, deadline=None)
def test_clock_takes_the_first_page_without_its_bit_if_there_is_one(
    refs: list[int], frames: int
) -> None:
    """Corbató 1968, stated on the bits, with none of them set while the hand looks."""
    clock = make("clock")
    for page in refs:
        if page not in clock.order():
            if len(clock.order()) == frames:
                idle = [p for p in clock.order() if not clock.bits.referenced(p)]
                victim = clock.victim()
                assert not idle or victim == idle[0]
            clock.insert(page)
        clock.touch(page)


def test_clock_counts_references_when_it_has_more_than_one_bit() -> None:
    clock = make("clock", clockbits=2)
    for page in (1, 2):
        clock.insert(page)
        clock.touch(page)
    clock.touch(1)
    clock.touch(1)
    assert clock.victim() == 2


class _Table:
    """A page table's A and D bits."""

    def __init__(self, accessed: set[int], dirty: set[int]) -> None:
        self.accessed = accessed
        self.written = dirty

    def referenced(self, page: int) -> bool:
        return page in self.accessed

    def dirty(self, page: int) -> bool:
        return page in self.written

    def clear(self, page: int) -> None:
        self.accessed.discard(page)


def test_clock_reads_and_clears_the_bits_of_the_page_table_it_is_given() -> None:
    table = _Table({7, 8}, set())
    clock = make("clock", bits=table)
    assert clock.hears is Hears.BITS
    for page in (7, 8, 9):
        clock.insert(page)
    assert clock.victim() == 9
    assert table.accessed == set()


def test_nru_takes_from_the_lowest_class_and_tick_clears_the_reference_bits() -> None:
    """Tanenbaum 3.4.2: class = 2 * referenced + dirty."""
    table = _Table({1, 2}, {2, 3})
    nru = make("nru", draw=Rng(1, "nru").below, bits=table)
    for page in (1, 2, 3):
        nru.insert(page)
    assert nru.order() == [3, 1, 2]
    assert nru.victim() == 3, "class 1, not referenced but dirty, before class 2"
    nru.tick()
    assert nru.order() == [1, 2]
    assert nru.victim() == 1, "clean before dirty"


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=60), FRAMES)
@settings(max_examples=100, deadline=None)
def test_nru_never_takes_a_page_while_one_of_a_lower_class_is_resident(
    references: list[tuple[int, bool]], frames: int
) -> None:
    nru = make("nru", draw=Rng(2, "nru").below)
    for number, (page, write) in enumerate(references):
        if page not in nru.order():
            if len(nru.order()) == frames:
                classes = {p: nru.class_of(p) for p in nru.order()}
                assert classes[nru.victim()] == min(classes.values())
            nru.insert(page)
        nru.touch(page, write)
        if number % 7 == 0:
            nru.tick()


def test_random_takes_every_page_about_equally_often() -> None:
    rng = Rng(3, "random")
    counts = dict.fromkeys(range(4), 0)
    for _ in range(4000):
        policy = make("random", draw=rng.below)
        for page in range(4):
            policy.insert(page)
        counts[policy.victim()] += 1
    assert all(900 < count < 1100 for count in counts.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_page_that_was_removed_is_no_victim_and_an_unknown_one_does_not_matter(name: str) -> None:
    policy = make(name, draw=Rng(1, name).below, future=(1, 2, 3))
    for page in (1, 2, 3):
        policy.insert(page)
        policy.touch(page)
    policy.remove(2)
    policy.remove(99)
    assert {policy.victim(), policy.victim()} == {1, 3}
    assert policy.order() == []


@pytest.mark.parametrize("name", ["fifo", "lru", "mru", "clock", "random"])
def test_an_empty_memory_has_no_victim(name: str) -> None:
    with pytest.raises((IndexError, ValueError)):
        make(name, draw=Rng(1, name).below).victim()


def test_a_policy_is_made_only_with_what_it_needs() -> None:
    with pytest.raises(ValueError, match="there is no replacement policy 'lfu'"):
        make("lfu")
    with pytest.raises(ValueError, match="needs to know the future"):
        make("opt")
    with pytest.raises(ValueError, match="needs a random stream"):
        make("random")
    assert all(make(name, draw=Rng(0, name).below).name == name for name in ONLINE)


def test_the_working_set_is_the_pages_of_the_window() -> None:
    """Denning 1968: W(t, window)."""
    assert sizes((1, 1, 2, 3, 3, 3, 3), 3) == [1, 1, 2, 3, 2, 1, 1]
    working = WorkingSet(2)
    assert [working.touch(page) for page in (5, 6, 7)] == [1, 2, 2]
    assert len(working) == 2

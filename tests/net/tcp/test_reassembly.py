"""Pieces out of order become whole (RFC 9293 3.10.7.4, RFC 2018)."""

from hypothesis import given
from hypothesis import strategies as st

from minios.net.tcp.reassembly import OVERHEAD, Reassembly
from minios.net.tcp.sequence import unwrap

DATA = bytes(range(256))


def test_neighbours_join() -> None:
    queue = Reassembly()
    queue.add(10, DATA[10:20])
    queue.add(30, DATA[30:40])
    assert queue.blocks == [(30, 40), (10, 20)]
    queue.add(20, DATA[20:30])
    assert queue.blocks == [(10, 40)]
    assert (len(queue), queue.size) == (1, 30)
    assert queue.take(10) == DATA[10:40]


def test_an_overlap_is_told() -> None:
    queue = Reassembly()
    queue.add(10, DATA[10:20])
    assert queue.add(15, DATA[15:25]) == (15, 20)
    assert queue.add(40, DATA[40:41]) is None


def test_the_highest_go_first_when_there_is_no_room() -> None:
    queue = Reassembly()
    for start in range(0, 100, 10):
        queue.add(start, DATA[start : start + 1])
    assert queue.prune(3 * (OVERHEAD + 1)) == 7
    assert sorted(queue.blocks) == [] or max(queue.blocks)[1] <= 21
    assert queue.cost <= 3 * (OVERHEAD + 1)


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 40)), max_size=30))
def test_whatever_comes_in_whatever_order_what_is_taken_is_right(
    pieces: list[tuple[int, int]],
) -> None:
    queue = Reassembly()
    have: set[int] = set()
    for start, size in pieces:
        end = min(start + size, 256)
        queue.add(start, DATA[start:end])
        have |= set(range(start, end))
    assert queue.size == len(have)
    assert all(set(range(*block)) <= have for block in queue.blocks)
    at = 0
    while at < 256:
        piece = queue.take(at)
        if piece is None:
            assert at not in have
            at += 1
        else:
            assert piece == DATA[at : at + len(piece)]
            assert set(range(at, at + len(piece))) <= have
            at += len(piece)


@given(st.integers(0, 1 << 40), st.integers(-(1 << 31), (1 << 31) - 1))
def test_numbers_within_2_gib_are_told_apart(near: int, off: int) -> None:
    assert unwrap((near + off) & 0xFFFFFFFF, near) == near + off

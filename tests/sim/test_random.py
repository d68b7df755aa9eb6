"""The integer generator: pinned values, bounds, and shuffles."""

from minios.sim.random import Rng


def test_the_stream_of_a_seed_and_a_name_never_changes() -> None:
    rng = Rng(7, "pinned")
    assert [rng.next64() for _ in range(3)] == PINNED


def test_below_stays_below_and_reaches_everything() -> None:
    rng = Rng(1, "below")
    assert {rng.below(6) for _ in range(200)} == set(range(6))
    assert all(rng.below(10**30) < 10**30 for _ in range(20))
    assert {rng.between(-2, 2) for _ in range(100)} == {-2, -1, 0, 1, 2}


def test_shuffle_is_a_permutation() -> None:
    items = list(range(50))
    Rng(1, "shuffle").shuffle(items)
    assert sorted(items) == list(range(50))
    assert items != list(range(50))


PINNED = [
    14979273434352151382,
    6482119789905499119,
    7900822924645203201,
]

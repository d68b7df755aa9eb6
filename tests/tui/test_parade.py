"""Packets are shown slowly enough to be seen, in the order of cause and effect."""

from minios.game.net.view import FlightView
from minios.tui.parade import MOMENT, PATIENCE, Parade

MS = 1_000_000
ENDS = {"a": ("pc", "sw"), "b": ("sw", "gw"), "c": ("tv", "sw")}


def flight(number: int, link: str, sent: int, took: int = MS // 10, side: int = 0, lost: str = ""):
    return FlightView(number, link, side, sent, sent + took, "U", "UDP", "x", lost)


def where(parade: Parade, wall: float, now: int = 0) -> dict[int, int]:
    return {shown.flight.id: shown.progress for shown in parade.at(wall, now)}


def test_a_short_flight_takes_a_moment():
    parade = Parade()
    parade.feed([flight(1, "a", 0)], ENDS, 10.0, 1.0)
    assert where(parade, 10.0) == {1: 0}
    assert where(parade, 10.0 + MOMENT / 2) == {1: 500}
    assert parade.moving
    assert where(parade, 10.0 + MOMENT) == {}
    assert not parade.moving


def test_what_follows_is_shown_after_what_it_follows():
    parade = Parade()
    parade.feed([flight(1, "a", 0), flight(2, "b", MS // 10)], ENDS, 0.0, 1.0)
    assert where(parade, 0.1) == {1: 333}
    assert where(parade, MOMENT + 0.2) == {2: 666}


def test_what_has_nothing_to_do_with_each_other_is_shown_together():
    parade = Parade()
    parade.feed([flight(1, "a", 0), flight(2, "c", MS // 10)], ENDS, 0.0, 1.0)
    assert set(where(parade, 0.1)) == {1, 2}


def test_a_long_flight_moves_with_the_clock_of_the_world():
    parade = Parade()
    parade.feed([flight(1, "a", 0, 1000 * MS)], ENDS, 0.0, 1.0)
    assert where(parade, 5.0, 250 * MS) == {1: 250}
    assert where(parade, 50.0, 250 * MS) == {1: 250}, "time is held: it stays where it is"
    assert where(parade, 50.0, 1000 * MS) == {}


def test_a_lost_frame_gets_half_of_the_way():
    parade = Parade()
    parade.feed([flight(1, "a", 0, lost="LINK_LOSS")], ENDS, 0.0, 1.0)
    assert where(parade, MOMENT - 0.1) == {1: 333}


def test_what_would_come_too_late_is_not_shown_and_each_only_once():
    parade = Parade()
    many = [flight(n, "ab"[n % 2], n * MS // 5, side=n // 2 % 2) for n in range(1, 200)]
    parade.feed(many, ENDS, 0.0, 1.0)
    shown = {n for tick in range(100) for n in where(parade, tick * 0.05)}
    assert parade.skipped > 0
    assert shown
    assert not parade.moving
    parade.feed(many, ENDS, 20.0, 1.0)
    assert not parade.moving
    assert PATIENCE + MOMENT < 5

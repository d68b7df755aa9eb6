"""Virtual time: order, ties, stopping, watching, and the door."""

import pytest

from minios.sim.world import MARK_FILE, MARK_TTY, World


def test_events_at_the_same_time_run_in_the_order_they_were_made() -> None:
    world = World()
    seen: list[str] = []
    for name in "abc":
        world.at(5, seen.append, name)
    world.at(4, seen.append, "first")
    assert world.run_until(10)
    assert seen == ["first", "a", "b", "c"]
    assert world.now == 10


def test_an_event_for_the_past_runs_now() -> None:
    world = World(now=100)
    seen: list[int] = []
    world.at(3, lambda: seen.append(world.now))
    world.run_until(100)
    assert seen == [100]


def test_a_budget_stops_between_events_and_the_rest_runs_later() -> None:
    world = World()
    seen: list[int] = []
    for t in range(5):
        world.at(t, seen.append, t)
    assert not world.run_until(10, budget=2)
    assert (seen, world.now) == ([0, 1], 1)
    assert world.run_until(10)
    assert seen == [0, 1, 2, 3, 4]


class Ticker:
    """Goes on inline when it can, as a core does."""

    def __init__(self, world: World, step: int) -> None:
        self.world, self.step = world, step
        self.ticks: list[int] = []
        world.at(step, self.tick)

    def tick(self) -> None:
        while True:
            self.ticks.append(self.world.now)
            if not self.world.follow(self.world.now + self.step, self.tick, ()):
                return


def test_inline_or_by_events_one_run_or_many_gives_one_history_and_one_digest() -> None:
    def history(chunks: int) -> tuple[list[int], list[int], str]:
        world = World(seed=3)
        a, b = Ticker(world, 3), Ticker(world, 7)
        for i in range(1, chunks + 1):
            while not world.run_until(2100 * i // chunks, budget=5):
                pass
        return a.ticks, b.ticks, world.digest()

    assert history(1) == history(7) == history(2100)


def test_watchers_are_told_once_at_the_end_of_the_instant() -> None:
    world = World()
    told: list[tuple[int, int]] = []
    world.watch(MARK_FILE, lambda bits: told.append((world.now, bits)))
    world.at(5, world.mark, MARK_FILE)
    world.at(5, world.mark, MARK_FILE)
    world.at(6, world.mark, MARK_TTY)
    world.run_until(10)
    assert told == [(5, MARK_FILE)]


def test_a_watcher_that_stops_the_world_stops_it_in_its_own_instant() -> None:
    world = World()
    world.watch(MARK_FILE, lambda bits: world.stop())
    world.at(5, world.mark, MARK_FILE)
    world.at(7, lambda: None)
    assert not world.run_until(10)
    assert world.now == 5
    assert world.run_until(10)


def test_streams_are_independent_of_each_other() -> None:
    one, two = World(seed=9), World(seed=9)
    two.stream("other").next64()
    assert one.stream("loss").bytes(16) == two.stream("loss").bytes(16)
    assert World(seed=8).stream("loss").bytes(16) != one.stream("loss").bytes(16)


def test_the_door_runs_what_is_due_first_and_numbers_inputs() -> None:
    world = World()
    log: list[str] = []
    world.door("key", lambda data: log.append(data["data"]))
    world.at(0, log.append, "due")
    assert world.apply("key", {"data": "x"}) == (0, 1)
    assert world.apply("key", {"data": "y"}) == (0, 2)
    assert log == ["due", "x", "y"]
    with pytest.raises(KeyError):
        world.apply("nonsense", {})


def test_the_digest_tells_histories_of_inputs_apart() -> None:
    def digest(*keys: str) -> str:
        world = World()
        world.door("key", lambda data: None)
        for key in keys:
            world.apply("key", {"data": key})
        return world.digest()

    assert digest("a", "b") == digest("a", "b")
    assert digest("a", "b") != digest("b", "a")


def test_a_cancelled_timer_does_nothing_and_many_of_them_take_no_room() -> None:
    world = World()
    seen: list[int] = []
    kept = [world.timer(t, seen.append, t) for t in range(10, 20)]
    for t in range(10_000):
        world.timer(1_000_000 + t, seen.append, t).cancel()
    kept[3].cancel()
    kept[3].cancel()
    assert len(world.heap) < 200
    world.run_until(2_000_000)
    assert seen == [10, 11, 12, 14, 15, 16, 17, 18, 19]
    assert world.next_event() is None

"""The drive's times, the queue and its elevators (OSTEP ch. 37; Linux's block layer)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.fs.disk import ELEVATORS, Disk, Hdd, Request, Ssd, hdd
from minios.fs.disk.elevator.deadline import (
    FIFO_BATCH,
    READ_EXPIRE,
    WRITE_EXPIRE,
    WRITES_STARVED,
)
from minios.sim.world import MILLISECOND, SECOND, World

SIZE = 1 << 16


class Bench:
    """A disk and the order in which it served what it was given."""

    def __init__(self, elevator: str, drive: Hdd | Ssd | None = None, at: int = 0) -> None:
        self.world = World()
        self.disk = Disk(self.world, "sda", SIZE, drive, elevator)
        self.disk.head = at
        self.served: list[Request] = []

    def submit(self, lba: int, count: int = 8, *, write: bool = False) -> Request:
        request = Request(lba, count, write, self.served.append)
        self.disk.submit(request)
        self.disk.check()
        return request

    def order(self) -> list[int]:
        self.world.run_until(self.world.now + 3600 * SECOND)
        self.disk.check()
        return [request.lba for request in self.served]


# -- the drive ---------------------------------------------------------------------------------


def test_a_seek_of_no_cylinder_takes_no_time_and_the_longest_takes_max_seek() -> None:
    drive = Hdd(cylinders=100, min_seek=1000, max_seek=9000)
    assert drive.seek(0) == 0
    assert drive.seek(1) == drive.seek(-1) == 1000
    assert drive.seek(99) == 9000


def test_longer_seeks_take_longer() -> None:
    times = [Hdd().seek(distance) for distance in range(256)]
    assert times == sorted(times)
    assert times[64] - times[1] > times[255] - times[191], "the arm is fast once it moves"


def test_the_sector_under_the_head_needs_no_rotation_and_the_one_before_it_a_whole_turn() -> None:
    drive = hdd(SIZE, rpm=6000, sectors=100)
    turn = 10 * MILLISECOND
    assert drive.revolution == turn
    assert drive.service(0, 0, 0, 1, False) == (0, 0, turn // 100)
    assert drive.service(0, 0, 25, 1, False) == (0, turn // 4, turn // 100)
    assert drive.service(turn // 2, 0, 25, 50, False) == (0, 3 * turn // 4, turn // 2)


def test_rotation_goes_on_during_the_seek() -> None:
    drive = hdd(SIZE, rpm=6000, sectors=100, heads=1, min_seek=2 * MILLISECOND)
    seek, rotation, _ = drive.service(0, 0, 100, 1, False)
    assert (seek, rotation) == (2 * MILLISECOND, 8 * MILLISECOND)


def test_a_solid_state_disk_takes_the_same_time_everywhere() -> None:
    drive = Ssd(latency=100, sector=2)
    assert drive.service(5, 0, 9, 8, False) == drive.service(7, 60000, 9, 8, True) == (0, 0, 116)


# -- elevators ---------------------------------------------------------------------------------


def test_noop_serves_in_order_of_submission() -> None:
    bench = Bench("noop")
    for lba in (900, 100, 500, 300):
        bench.submit(lba)
    assert bench.order() == [900, 100, 500, 300]


def test_sstf_goes_to_the_nearest_cylinder() -> None:
    bench = Bench("sstf", hdd(SIZE, heads=1, sectors=100), at=5000)
    for lba in (5000, 9000, 4700, 5200, 100):
        bench.submit(lba)
    assert bench.order() == [5000, 5200, 4700, 9000, 100]


def test_scan_sweeps_up_and_then_down() -> None:
    bench = Bench("scan", at=500)
    for lba in (500, 400, 900, 100, 600):
        bench.submit(lba)
    assert bench.order() == [500, 600, 900, 400, 100]


def test_deadline_prefers_reads_but_not_more_than_twice_in_a_row() -> None:
    bench = Bench("deadline")
    bench.submit(0)
    for lba in range(100, 100 + 3 * FIFO_BATCH * 100, 100):
        bench.submit(lba)
        bench.submit(lba + 30000, write=True)
    bench.order()
    kinds = [request.write for request in bench.served]
    first_write = kinds.index(True)
    assert first_write <= (WRITES_STARVED + 1) * FIFO_BATCH
    assert kinds.count(True) == kinds.count(False) - 1


def test_an_expired_request_begins_the_next_batch() -> None:
    bench = Bench("deadline", hdd(SIZE))
    bench.submit(0)
    far = bench.submit(60000)
    lba = 64
    while far not in bench.served and lba < 50000:
        bench.submit(lba)
        lba += 64
        bench.world.run_until(bench.world.now + 5 * MILLISECOND)
    assert far in bench.served
    assert bench.world.now <= READ_EXPIRE + 2 * FIFO_BATCH * 30 * MILLISECOND


def test_the_elevator_can_be_switched_while_requests_wait() -> None:
    bench = Bench("noop")
    for lba in (0, 900, 100, 500):
        bench.submit(lba)
    bench.disk.switch("sstf")
    bench.disk.check()
    assert bench.order() == [0, 100, 500, 900]


def test_an_elevator_saves_most_of_the_seeking() -> None:
    spent = {}
    for elevator in ELEVATORS:
        bench = Bench(elevator, hdd(SIZE))
        for number in range(100):
            bench.submit(number * 7919 % (SIZE // 8) * 8)
        bench.order()
        spent[elevator] = bench.disk.seek_time
    assert spent["sstf"] * 3 < spent["noop"]
    assert spent["scan"] * 3 < spent["noop"]
    assert spent["deadline"] < spent["noop"]


# -- merging and counting ----------------------------------------------------------------------


@pytest.mark.parametrize("elevator", list(ELEVATORS))
def test_neighbours_become_one_request_and_each_is_told(elevator: str) -> None:
    bench = Bench(elevator)
    bench.submit(0)
    bench.submit(100)
    bench.submit(108)
    bench.submit(92)
    bench.submit(116, write=True)
    assert bench.disk.outstanding == 3
    bench.order()
    stats = bench.disk.stats()
    assert len(bench.served) == 5
    assert (stats.reads, stats.reads_merged, stats.sectors_read) == (2, 2, 32)
    assert (stats.writes, stats.writes_merged, stats.sectors_written) == (1, 0, 8)


def test_io_time_is_the_time_with_work_and_the_weighted_one_counts_requests() -> None:
    bench = Bench("noop", Ssd(latency=1000, sector=0))
    bench.submit(0)
    bench.submit(100)
    bench.world.run_until(500)
    assert bench.disk.stats()[8:] == (2, 500, 1000)
    bench.world.run_until(10_000)
    assert bench.disk.stats()[8:] == (0, 2000, 3000)


def test_a_power_cut_forgets_every_request_and_tells_nobody() -> None:
    bench = Bench("scan")
    bench.submit(0)
    bench.submit(100)
    bench.disk.power_off()
    bench.disk.check()
    assert bench.order() == []
    bench.submit(8)
    assert bench.order() == [8]


def test_what_is_not_on_the_disk_is_refused() -> None:
    with pytest.raises(ValueError, match="no sectors"):
        Bench("noop").submit(SIZE - 4)


# -- properties --------------------------------------------------------------------------------

REQUESTS = st.lists(
    st.tuples(
        st.integers(0, 20 * MILLISECOND),
        st.integers(0, (SIZE - 64) // 8).map(lambda block: block * 8),
        st.integers(1, 8).map(lambda blocks: blocks * 8),
        st.booleans(),
    ),
    max_size=60,
)


def play(bench: Bench, requests: list[tuple[int, int, int, bool]]) -> list[Request]:
    given_in = []
    for wait, lba, count, write in requests:
        bench.world.run_until(bench.world.now + wait)
        given_in.append(bench.submit(lba, count, write=write))
    bench.order()
    return given_in


@settings(max_examples=60, deadline=None)
@given(REQUESTS, st.sampled_from(list(ELEVATORS)), st.booleans())
def test_no_request_is_lost_or_served_twice(
    requests: list[tuple[int, int, int, bool]], elevator: str, spinning: bool
) -> None:
    bench = Bench(elevator, hdd(SIZE) if spinning else Ssd())
    submitted = play(bench, requests)
    assert sorted(bench.served, key=lambda r: r.seq) == submitted
    stats = bench.disk.stats()
    assert stats.in_flight == 0
    assert stats.sectors_read == sum(count for _, _, count, write in requests if not write)
    assert stats.sectors_written == sum(count for _, _, count, write in requests if write)
    assert stats.reads + stats.reads_merged + stats.writes + stats.writes_merged == len(requests)


class Watched:
    """Checks every choice of an elevator against its rule."""

    def __init__(self, bench: Bench, rule: object) -> None:
        self.bench = bench
        choose = bench.disk.elevator.choose

        def checked(at: int, now: int) -> Request:
            waiting = list(bench.disk.elevator.waiting.values())
            chosen = choose(at, now)
            rule(at, chosen, waiting)  # type: ignore[operator]
            return chosen

        bench.disk.elevator.choose = checked  # type: ignore[method-assign]


@settings(max_examples=60, deadline=None)
@given(REQUESTS)
def test_sstf_always_picks_the_nearest(requests: list[tuple[int, int, int, bool]]) -> None:
    bench = Bench("sstf", hdd(SIZE))
    track = bench.disk.drive.track

    def nearest(at: int, chosen: Request, waiting: list[Request]) -> None:
        best = min(abs(track(request.lba) - track(at)) for request in waiting)
        assert abs(track(chosen.lba) - track(at)) == best

    Watched(bench, nearest)
    play(bench, requests)


@settings(max_examples=60, deadline=None)
@given(REQUESTS)
def test_scan_passes_nobody_on_its_way(requests: list[tuple[int, int, int, bool]]) -> None:
    bench = Bench("scan", hdd(SIZE))

    def on_the_way(at: int, chosen: Request, waiting: list[Request]) -> None:
        low, high = sorted((at, chosen.lba))
        assert not [r for r in waiting if r is not chosen and low < r.lba < high]

    Watched(bench, on_the_way)
    play(bench, requests)


@settings(max_examples=60, deadline=None)
@given(REQUESTS)
def test_scan_turns_only_where_nothing_is_left(requests: list[tuple[int, int, int, bool]]) -> None:
    bench = Bench("scan", hdd(SIZE))
    before = [True]

    def turns(at: int, chosen: Request, waiting: list[Request]) -> None:
        elevator = bench.disk.elevator
        if elevator.upwards != before[0]:  # type: ignore[attr-defined]
            assert not [r for r in waiting if (r.lba >= at if before[0] else r.lba <= at)]
            before[0] = elevator.upwards  # type: ignore[attr-defined]

    Watched(bench, turns)
    play(bench, requests)


@settings(max_examples=40, deadline=None)
@given(REQUESTS)
def test_deadline_starves_nobody(requests: list[tuple[int, int, int, bool]]) -> None:
    """Past its deadline a request waits for at most the batches before it (and the elder)."""
    bench = Bench("deadline", hdd(SIZE))
    world = bench.world
    waited: list[int] = []
    for wait, lba, count, write in requests:
        world.run_until(world.now + wait)
        born = world.now

        def done(request: Request, born: int = born) -> None:
            waited.append(world.now - born - (WRITE_EXPIRE if request.write else READ_EXPIRE))

        bench.disk.submit(Request(lba, count, write, done))
    world.run_until(world.now + 3600 * SECOND)
    assert len(waited) == len(requests)
    longest = 33 * MILLISECOND + 9 * MILLISECOND * 4
    assert max(waited, default=0) <= (WRITES_STARVED + 1) * FIFO_BATCH * longest

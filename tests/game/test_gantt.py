"""The recent past of cores and processes, as the panes draw it."""

import pytest

from minios.abi.sys import Sys
from minios.game.gantt import SWITCH, Gantt
from minios.kernel import birth
from minios.kernel.machine import Machine
from minios.sim.world import MILLISECOND, SECOND, World


async def init(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    while True:
        await sys.nanosleep(3600 * SECOND)


async def burn(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    while True:
        await sys.compute(1_000_000)


async def half(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    while True:
        await sys.compute(50_000)
        await sys.nanosleep(50 * MILLISECOND)


class Lab:
    """A machine with a Gantt on it, and programs that use the CPU in a known way."""

    def __init__(self, cores: int = 1) -> None:
        self.world = World(1, now=-SECOND)
        programs = {"init": init, "burn": burn, "half": half}
        self.machine = Machine(self.world, "pc", programs=programs.__getitem__, cores=cores)
        for name in programs:
            self.machine.install(
                b"/sbin/init" if name == "init" else b"/bin/" + name.encode(), name
            )
        self.machine.power_on()
        self.world.run_until(0)
        self.gantt = Gantt(self.machine)
        self.world.instruments.add(self.gantt)

    def start(self, name: str) -> int:
        kernel = self.machine.kernel
        assert kernel is not None
        return birth.start(kernel, [b"/bin/" + name.encode()]).pid


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_a_core_that_idles_says_so(lab: Lab) -> None:
    lab.world.run_until(2 * SECOND)
    (core,) = lab.gantt.cores()
    assert (core.pid, core.comm, core.busy) == (0, "", 0)
    (idle,) = core.segments
    assert (idle.start, idle.end, idle.pid) == (0, 2 * SECOND, 0)


def test_segments_follow_each_other_without_a_gap(lab: Lab) -> None:
    pids = {lab.start("burn"), lab.start("burn")}
    lab.world.run_until(300 * MILLISECOND)
    (core,) = lab.gantt.cores()
    for one, other in zip(core.segments, core.segments[1:], strict=False):
        assert one.end == other.start
    assert core.segments[-1].end == 300 * MILLISECOND
    assert {segment.pid for segment in core.segments} == {*pids, SWITCH}
    assert core.pid in pids


def test_shares_are_thousandths_of_the_last_second(lab: Lab) -> None:
    one, other = lab.start("burn"), lab.start("burn")
    lab.world.run_until(5 * SECOND)
    shares = {view.pid: view.cpu for view in lab.gantt.processes()}
    assert 480 <= shares[one] <= 500
    assert 480 <= shares[other] <= 500
    assert shares[1] == 0
    (core,) = lab.gantt.cores()
    assert core.busy == 1000


def test_a_process_that_runs_on_without_a_switch_is_counted_up_to_now(lab: Lab) -> None:
    pid = lab.start("burn")
    lab.world.run_until(3_050 * MILLISECOND)
    view = next(view for view in lab.gantt.processes() if view.pid == pid)
    assert view.cpu == 1000
    assert view.spark == (0, 0, 999, 1000, 1000, 1000, 1000, 1000)


def test_the_spark_shows_whole_half_seconds_oldest_first(lab: Lab) -> None:
    pid = lab.start("half")
    lab.world.run_until(6 * SECOND)
    view = next(view for view in lab.gantt.processes() if view.pid == pid)
    assert all(450 <= share <= 550 for share in view.spark)


def test_on_two_cores_each_has_a_past_of_its_own() -> None:
    lab = Lab(cores=2)
    one, other = lab.start("burn"), lab.start("burn")
    lab.world.run_until(2 * SECOND)
    assert {core.pid for core in lab.gantt.cores()} == {one, other}
    assert [core.busy for core in lab.gantt.cores()] == [1000, 1000]


def test_a_process_nothing_happened_to_is_the_same_object(lab: Lab) -> None:
    lab.start("burn")
    lab.world.run_until(2 * SECOND)
    before = {view.pid: view for view in lab.gantt.processes()}
    lab.world.run_until(3 * SECOND)
    after = {view.pid: view for view in lab.gantt.processes()}
    assert after[1] is before[1]
    assert after[2] is not before[2]


def test_a_power_cycle_starts_with_an_empty_past(lab: Lab) -> None:
    lab.start("burn")
    lab.world.run_until(2 * SECOND)
    lab.machine.power_off()
    assert (lab.gantt.cores(), lab.gantt.processes()) == ((), ())
    lab.machine.power_on()
    lab.world.run_until(3 * SECOND)
    assert [view.comm for view in lab.gantt.processes()] == ["init"]
    (core,) = lab.gantt.cores()
    assert core.segments[0].start == 2 * SECOND


def test_what_is_kept_is_bounded(lab: Lab) -> None:
    for _ in range(3):
        lab.start("burn")
    lab.world.run_until(60 * SECOND)
    (core,) = lab.gantt.cores()
    assert len(core.segments) <= 1025

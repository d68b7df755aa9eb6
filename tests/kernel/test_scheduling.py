"""Sharing cores: quanta, weights, wake-ups, the price of a switch, accounting and load."""

import itertools
from typing import Any

import pytest

from minios.abi.sys import Sys
from minios.kernel.cores import SWITCH_CYCLES
from minios.kernel.process import PCB
from minios.kernel.sched import POLICIES
from minios.kernel.sched.policy import WEIGHTS
from minios.sim.world import MILLISECOND, SECOND
from tests.kernel.rig import Rig

Log = list[Any]


async def burn(sys: Sys) -> int:
    while True:
        await sys.compute(1_000_000_000)


def cpu(rig: Rig, pcb: PCB) -> int:
    return sum(rig.kernel.cpu_time(pcb))


class Switches:
    """Who got which core when."""

    def __init__(self) -> None:
        self.log: list[tuple[int, int, int]] = []

    def on_switch(self, now: int, core: Any, previous: Any, following: Any) -> None:
        self.log.append((now, core.index, following.pid if following is not None else 0))


def test_a_process_alone_on_its_core_is_never_switched_or_sliced() -> None:
    rig = Rig(scheduler="rr")
    pcb = rig.start(burn)
    rig.run(0.01)
    switches = Switches()
    rig.world.instruments.add(switches)
    assert rig.world.next_event() is not None
    rig.run(100)
    assert switches.log == []
    assert cpu(rig, pcb) >= 100 * SECOND


def test_round_robin_gives_one_quantum_each_in_turn_and_charges_the_switch() -> None:
    rig = Rig(scheduler="rr", quantum=10 * MILLISECOND)
    pcbs = [rig.start(burn) for _ in range(3)]
    rig.run(0.1)
    switches = Switches()
    rig.world.instruments.add(switches)
    rig.run(1)
    turn = 10 * MILLISECOND + SWITCH_CYCLES * 1000
    times = [now for now, _, _ in switches.log]
    assert {b - a for a, b in itertools.pairwise(times)} == {turn}
    order = [pid for _, _, pid in switches.log]
    assert order[:3] == order[3:6]
    assert sorted(order[:3]) == [pcb.pid for pcb in pcbs]


def test_cfs_shares_by_weight_within_one_percent() -> None:
    rig = Rig(scheduler="cfs")
    nices = (-5, 0, 0, 5, 10)
    pcbs = [rig.start(burn, nice=nice) for nice in nices]
    rig.run(200)
    total = sum(cpu(rig, pcb) for pcb in pcbs)
    weights = [WEIGHTS[nice + 20] for nice in nices]
    for pcb, weight in zip(pcbs, weights, strict=True):
        assert cpu(rig, pcb) / total == pytest.approx(weight / sum(weights), rel=0.01)


def test_a_renice_moves_the_shares_at_once() -> None:
    rig = Rig(scheduler="cfs")
    one, two = rig.start(burn), rig.start(burn)
    rig.run(10)
    rig.kernel.set_nice(two.pid, 5, None)
    before = cpu(rig, one), cpu(rig, two)
    rig.run(100)
    got = cpu(rig, one) - before[0], cpu(rig, two) - before[1]
    assert got[0] / got[1] == pytest.approx(WEIGHTS[20] / WEIGHTS[25], rel=0.02)


def test_cfs_lets_a_sleeper_that_wakes_preempt_and_rr_makes_it_wait() -> None:
    def delay(scheduler: str) -> int:
        late: list[int] = []

        async def sleeper(sys: Sys) -> int:
            for _ in range(20):
                due = await sys.clock_gettime() + 50 * MILLISECOND
                await sys.nanosleep(50 * MILLISECOND)
                late.append(await sys.clock_gettime() - due)
            return 0

        rig = Rig(scheduler=scheduler)
        for _ in range(4):
            rig.start(burn)
        rig.start(sleeper)
        rig.run(5)
        return sorted(late)[len(late) // 2]

    assert delay("cfs") < MILLISECOND
    assert delay("rr") > 10 * MILLISECOND


def test_processes_spread_over_cores_and_idle_cores_take_from_busy_ones() -> None:
    rig = Rig(cores=4)
    pcbs = [rig.start(burn) for _ in range(8)]
    rig.run(20)
    for pcb in pcbs:
        assert cpu(rig, pcb) == pytest.approx(10 * SECOND, rel=0.02)
    for pcb in pcbs[::2]:
        rig.kernel.terminate(pcb, 9, (0, b"", 0))
    rig.run(0.1)
    assert all(core.current is not None and core.queue.count == 0 for core in rig.kernel.cores)


@pytest.mark.parametrize("policy", ["rr", "stride", "cfs", "eevdf"])
def test_a_lone_extra_process_is_moved_round_so_that_nobody_keeps_a_core(policy: str) -> None:
    rig = Rig(cores=2, scheduler=policy)
    pcbs = [rig.start(burn) for _ in range(3)]
    rig.run(60)
    shares = [cpu(rig, pcb) / (60 * SECOND) for pcb in pcbs]
    assert sum(shares) == pytest.approx(2, rel=0.02)
    assert shares == pytest.approx([2 / 3] * 3, rel=0.05)


def test_cpu_time_is_user_for_computing_and_system_for_traps() -> None:
    async def both(sys: Sys) -> int:
        await sys.compute(30_000)
        for _ in range(100):
            await sys.getpid()
        await sys.compute(10_000)
        return 0

    rig = Rig()
    pcb = rig.start(both)
    rig.run()
    assert pcb.stime == (100 * 20 + 100) * 1000  # 100 calls and exit_group
    assert pcb.utime == pytest.approx(40 * MILLISECOND, abs=MILLISECOND)


def test_looking_at_cpu_time_changes_nothing() -> None:
    def digest(look: bool) -> str:
        rig = Rig(cores=2)
        pcbs = [rig.start(burn) for _ in range(5)]
        for _ in range(10):
            rig.run(0.0137)
            if look:
                assert [cpu(rig, pcb) for pcb in pcbs]
        for pcb in pcbs:
            rig.kernel.signal(pcb, 9)
        rig.run(17)
        if look:
            assert rig.kernel.load_averages()
        return rig.world.digest()

    assert digest(True) == digest(False)


def test_load_averages_follow_linuxs_formula() -> None:
    rig = Rig()
    for _ in range(2):
        rig.start(burn)
    rig.run(60)
    one, five, fifteen = (load / 65536 for load in rig.kernel.load_averages())
    assert one == pytest.approx(2 * (1 - 0.3679), abs=0.1)
    assert five == pytest.approx(2 * (1 - 0.8187), abs=0.05)
    assert fifteen == pytest.approx(2 * (1 - 0.9355), abs=0.03)
    rig.run(8_000)
    assert [round(load / 65536, 2) for load in rig.kernel.load_averages()] == [2, 2, 2]


@pytest.mark.parametrize("scheduler", sorted(POLICIES))
def test_slicing_the_run_changes_nothing(scheduler: str) -> None:
    async def chatter(sys: Sys) -> int:
        r, w = await sys.pipe()
        while True:
            await sys.write(w, b"x" * 100)
            await sys.compute(137)
            await sys.read(r, 100)
            await sys.nanosleep(1_234_567)

    def digest(chunks: int) -> str:
        rig = Rig(cores=2, scheduler=scheduler)
        for _ in range(3):
            rig.start(burn)
            rig.start(chatter)
        for i in range(1, chunks + 1):
            while not rig.world.run_until(2 * SECOND * i // chunks, budget=50):
                pass
        assert rig.kernel.faults == []
        return rig.world.digest()

    assert digest(1) == digest(10_000)

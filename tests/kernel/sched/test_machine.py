"""Policies, classes and affinity on a whole machine: nobody is lost or where it may not be."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.abi import flags
from minios.abi.records import SchedAttr
from minios.abi.sys import Sys
from minios.kernel import scheduling
from minios.kernel.cores import MIGRATION_CYCLES, SWITCH_CYCLES
from minios.kernel.process import PCB
from minios.kernel.sched import POLICIES
from minios.sim.world import MILLISECOND, SECOND
from tests.kernel.rig import Rig


async def burn(sys: Sys) -> int:
    while True:
        await sys.compute(1_000_000_000)


async def chat(sys: Sys) -> int:
    while True:
        await sys.compute(700)
        await sys.nanosleep(3_100_000)


async def family(sys: Sys) -> int:
    async def child(sys: Sys) -> int:
        await sys.compute(2_000)
        return 0

    while True:
        await sys.fork(child)
        await sys.waitpid()
        await sys.nanosleep(5_000_000)


def cpu(rig: Rig, pcb: PCB) -> int:
    return sum(rig.kernel.cpu_time(pcb))


def check(rig: Rig) -> None:
    """Every runnable process is at exactly one place, and may be there."""
    places: list[int] = []
    for core in rig.kernel.cores:
        here = core.queue.order()
        assert core.queue.depth() == len(here)
        if core.current is not None:
            assert core.current.core is core and not core.current.entry
            here = [core.current.pid, *here]
        for pid in here:
            assert rig.kernel.processes[pid].allowed >> core.index & 1
        places += here
    wanted = [p.pid for p in rig.kernel.processes.values() if p.runnable and not p.stopped]
    assert sorted(places) == sorted(wanted)
    for pcb in rig.kernel.processes.values():
        run, wait, off = scheduling.times(rig.kernel, pcb)
        assert run >= 0 and wait >= 0 and off >= 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.sampled_from([burn, chat, family]), st.integers(-5, 19)),
        st.tuples(st.just("policy"), st.sampled_from(sorted(POLICIES)), st.none()),
        st.tuples(st.just("affinity"), st.integers(0, 9), st.integers(1, 7)),
        st.tuples(
            st.just("class"),
            st.integers(0, 9),
            st.sampled_from([(0, 0), (1, 10), (1, 20), (2, 10), (3, 0), (5, 0)]),
        ),
        st.tuples(st.just("nice"), st.integers(0, 9), st.integers(-20, 19)),
        st.tuples(st.just("signal"), st.integers(0, 9), st.sampled_from([9, 18, 19, 20])),
        st.tuples(st.just("assign"), st.integers(0, 9), st.integers(-1, 2)),
        st.tuples(st.just("run"), st.integers(1, 400_000), st.none()),
    ),
    max_size=25,
)


def play(script: list[tuple[str, Any, Any]], *, checked: bool = True) -> Rig:
    rig = Rig(cores=3, scheduler="cfs")
    pcbs = [rig.start(burn, name="burn"), rig.start(chat, name="chat")]
    for what, which, how in script:
        if what == "start":
            pcbs.append(rig.start(which, name=which.__name__, nice=how))
        elif what == "policy":
            scheduling.set_policy(rig.kernel, which)
        elif what == "run":
            rig.run(which / 1_000_000)
        else:
            pcb = pcbs[which % len(pcbs)]
            if pcb.zombie:
                continue
            if what == "affinity":
                scheduling.set_affinity(rig.kernel, pcb, how)
            elif what == "class":
                scheduling.set_class(rig.kernel, pcb, *how)
            elif what == "nice":
                rig.kernel.set_nice(pcb.pid, how, None)
            elif what == "signal":
                rig.kernel.send_signal(pcb.pid, how, None)
            elif rig.kernel.dispatcher.policy == "manual" and (how < 0 or pcb.affinity >> how & 1):
                scheduling.assign(rig.kernel, pcb, how)
        if checked:
            check(rig)
    rig.run(0.05)
    if checked:
        check(rig)
    return rig


@given(steps)
@settings(max_examples=40, deadline=None)
def test_everybody_is_on_exactly_one_queue_whatever_is_set(
    script: list[tuple[str, Any, Any]],
) -> None:
    play(script)


@given(steps)
@settings(max_examples=5, deadline=None)
def test_what_is_set_is_deterministic(script: list[tuple[str, Any, Any]]) -> None:
    assert play(script).world.digest() == play(script, checked=False).world.digest()


@pytest.mark.parametrize("first", sorted(POLICIES))
def test_a_policy_that_is_changed_on_the_way_loses_nobody(first: str) -> None:
    rig = Rig(cores=2, scheduler=first)
    pcbs = [rig.start(burn, name="burn") for _ in range(5)]
    for policy in [*POLICIES, "rr"]:
        scheduling.set_policy(rig.kernel, policy)
        check(rig)
        rig.run(0.037)
    before = [cpu(rig, pcb) for pcb in pcbs]
    rig.run(2)
    check(rig)
    assert sum(cpu(rig, pcb) for pcb in pcbs) - sum(before) == pytest.approx(4 * SECOND, rel=0.03)
    assert all(cpu(rig, pcb) > was for pcb, was in zip(pcbs, before, strict=True))


# -- affinity and migration --------------------------------------------------------------------


def test_a_process_stays_where_it_may_run_and_idle_cores_do_not_take_it() -> None:
    """sched_setaffinity(2)."""

    async def confined(sys: Sys) -> int:
        await sys.sched_setaffinity(0, 0b01)
        assert await sys.sched_getaffinity() == 0b01
        assert await sys.getcpu() == 0
        while True:
            await sys.compute(1_000_000)

    rig = Rig(cores=2)
    pcbs = [rig.start(confined, name="confined") for _ in range(2)]
    rig.run(10)
    assert [pcb.last_core for pcb in pcbs] == [0, 0]
    assert rig.kernel.cores[1].current is None
    for pcb in pcbs:
        assert cpu(rig, pcb) == pytest.approx(5 * SECOND, rel=0.01)


def test_who_is_moved_goes_at_once_and_pays_for_cold_caches() -> None:
    rig = Rig(cores=2)
    pcb = rig.start(burn)
    rig.run(1)
    here = pcb.last_core
    before = cpu(rig, pcb)
    scheduling.set_affinity(rig.kernel, pcb, 2 - here)
    assert pcb.core is rig.kernel.cores[1 - here]
    rig.run(1)
    lost = SECOND - (cpu(rig, pcb) - before)
    assert lost == (SWITCH_CYCLES + MIGRATION_CYCLES) * 1000
    assert pcb.migrations == 1


def test_children_inherit_affinity_policy_and_nice_unless_asked_not_to() -> None:
    """sched(7), sched_setaffinity(2)."""

    async def child(sys: Sys) -> int:
        await sys.nanosleep(SECOND)
        return 0

    async def parent(sys: Sys) -> int:
        await sys.sched_setaffinity(0, 0b10)
        await sys.sched_setscheduler(0, flags.SCHED_RR, 7)
        await sys.fork(child)
        await sys.sched_setscheduler(0, flags.SCHED_RR | flags.SCHED_RESET_ON_FORK, 7)
        await sys.fork(child)
        await sys.nanosleep(SECOND)
        return 0

    rig = Rig(cores=2)
    pcb = rig.start(parent)
    rig.run(0.1)
    one, two = pcb.children.values()
    assert (one.policy, one.rt_priority, one.affinity) == (flags.SCHED_RR, 7, 0b10)
    assert (two.policy, two.rt_priority, two.affinity) == (flags.SCHED_OTHER, 0, 0b10)


def test_affinity_is_checked() -> None:
    """sched_setaffinity(2): EINVAL, EPERM, ESRCH."""
    errors: list[int | None] = []

    async def asks(sys: Sys) -> int:
        await sys.setuid(1000)
        for pid, mask in ((0, 0), (0, 0b100), (1, 0b01), (999, 0b01)):
            try:
                await sys.sched_setaffinity(pid, mask)
            except OSError as err:
                errors.append(err.errno)
        return 0

    rig = Rig(cores=2)
    rig.start(asks)
    rig.run(0.1)
    assert errors == [22, 22, 1, 3]


# -- the real-time class -----------------------------------------------------------------------


def real_time(rig: Rig, pcb: PCB, policy: int, priority: int) -> PCB:
    scheduling.set_class(rig.kernel, pcb, policy, priority)
    return pcb


def test_real_time_goes_before_all_others_but_leaves_them_a_twentieth() -> None:
    """sched(7): sched_rt_runtime_us is 950,000 of 1,000,000."""
    rig = Rig()
    normal, fifo = rig.start(burn), rig.start(burn)
    real_time(rig, fifo, flags.SCHED_FIFO, 50)
    before = cpu(rig, fifo), cpu(rig, normal)
    rig.run(20)
    assert cpu(rig, fifo) - before[0] == pytest.approx(19 * SECOND, rel=0.005)
    assert cpu(rig, normal) - before[1] == pytest.approx(SECOND, rel=0.02)


def test_a_higher_priority_preempts_and_the_preempted_goes_on_first() -> None:
    """sched(7), SCHED_FIFO: a preempted thread stays at the head of the list for its priority."""
    rig = Rig()
    scheduling.rt_params(rig.kernel).runtime = -1
    low, other = rig.start(burn), rig.start(burn)
    real_time(rig, low, flags.SCHED_FIFO, 10)
    real_time(rig, other, flags.SCHED_FIFO, 10)
    rig.run(1)
    core = rig.kernel.cores[0]
    assert core.current is low and core.queue.order() == [other.pid]
    high = rig.start(chat)
    real_time(rig, high, flags.SCHED_FIFO, 11)
    rig.run(1)
    assert cpu(rig, high) > 150 * MILLISECOND
    assert cpu(rig, other) == 0
    assert core.switches > 300


def test_round_robin_takes_turns_within_a_priority_and_fifo_does_not() -> None:
    """sched(7): SCHED_RR is SCHED_FIFO with a quantum, of 100 ms."""
    rig = Rig()
    scheduling.rt_params(rig.kernel).runtime = -1
    pcbs = [real_time(rig, rig.start(burn), flags.SCHED_RR, 10) for _ in range(3)]
    rig.run(30)
    for pcb in pcbs:
        assert cpu(rig, pcb) == pytest.approx(10 * SECOND, rel=0.02)
    switches = rig.kernel.cores[0].switches
    assert switches == pytest.approx(300, abs=10)


def test_idle_runs_when_nobody_else_would_and_batch_preempts_nobody() -> None:
    """sched(7): SCHED_IDLE weighs 3 against 1024; SCHED_BATCH is not favoured when it wakes up."""
    rig = Rig()
    normal, idle = rig.start(burn), rig.start(burn)
    real_time(rig, idle, flags.SCHED_IDLE, 0)
    rig.run(100)
    assert cpu(rig, idle) / cpu(rig, normal) == pytest.approx(3 / 1024, rel=0.1)


@pytest.mark.parametrize(
    ("policy", "priority", "errno"),
    [(1, 0, 22), (1, 100, 22), (0, 1, 22), (6, 0, 22), (9, 0, 22), (1, 1, 1), (3, 0, 0)],
)
def test_what_may_be_set_without_privilege(policy: int, priority: int, errno: int) -> None:
    """sched_setscheduler(2): EINVAL before EPERM; SCHED_BATCH is free for all."""
    got: list[int] = []

    async def asks(sys: Sys) -> int:
        await sys.setuid(1000)
        try:
            await sys.sched_setscheduler(0, policy, priority)
        except OSError as err:
            got.append(err.errno or 0)
        else:
            got.append(0)
        return 0

    rig = Rig()
    rig.start(asks)
    rig.run(0.1)
    assert got == [errno]


def test_a_limit_on_the_priority_is_a_licence_up_to_it() -> None:
    """getrlimit(2), RLIMIT_RTPRIO."""
    got: list[int | None] = []

    async def asks(sys: Sys) -> int:
        await sys.setrlimit(flags.RLIMIT_RTPRIO, 5, 5)
        await sys.setuid(1000)
        await sys.sched_setscheduler(0, flags.SCHED_FIFO, 5)
        attr = await sys.sched_getattr()
        assert attr == SchedAttr(flags.SCHED_FIFO, 0, 0, 5, 0)
        try:
            await sys.sched_setparam(0, 6)
        except OSError as err:
            got.append(err.errno)
        return 0

    rig = Rig()
    rig.start(asks)
    rig.run(0.1)
    assert got == [1]


# -- figures -----------------------------------------------------------------------------------


def test_run_wait_and_sleep_add_up_to_the_turnaround_time() -> None:
    """OSTEP ch. 7: turnaround and response time."""

    async def job(sys: Sys) -> int:
        await sys.compute(20_000)
        await sys.nanosleep(50 * MILLISECOND)
        await sys.compute(10_000)
        return 0

    rig = Rig(scheduler="fifo")
    rig.start(job)
    second = rig.start(job)
    rig.run(1)
    assert second.first_run is not None
    assert second.first_run - second.start_time == pytest.approx(20 * MILLISECOND, abs=MILLISECOND)
    run, wait, off = scheduling.times(rig.kernel, second)
    assert run == pytest.approx(30 * MILLISECOND, abs=MILLISECOND)
    assert off == pytest.approx(50 * MILLISECOND, abs=MILLISECOND)
    assert second.zombie
    assert run + wait + off == second.off_since - second.start_time


# -- manual ------------------------------------------------------------------------------------


def test_under_the_manual_policy_a_core_computes_for_whom_it_belongs_to() -> None:
    rig = Rig(cores=2, scheduler="manual")
    pcbs = [rig.start(burn) for _ in range(3)]
    rig.run(1)
    assert [cpu(rig, pcb) for pcb in pcbs] == [100 * MILLISECOND] * 3
    scheduling.assign(rig.kernel, pcbs[1], 0)
    rig.run(1)
    assert cpu(rig, pcbs[1]) == pytest.approx(1100 * MILLISECOND, rel=0.001)
    scheduling.assign(rig.kernel, pcbs[2], 0)
    assert (pcbs[1].assigned, pcbs[2].assigned) == (-1, 0)
    rig.run(1)
    assert [cpu(rig, pcb) // MILLISECOND for pcb in pcbs] == [100, 1099, 1099]
    check(rig)


def test_an_errand_goes_before_the_owner_of_a_core() -> None:
    rig = Rig(scheduler="manual")
    owner, errand = rig.start(burn), rig.start(chat)
    rig.run(0.3)
    scheduling.assign(rig.kernel, owner, 0)
    before = cpu(rig, errand)
    rig.run(1)
    assert cpu(rig, errand) - before > 150 * MILLISECOND
    assert cpu(rig, owner) > 800 * MILLISECOND


def test_a_core_is_given_by_the_owner_of_the_process_or_root_and_only_under_manual() -> None:
    rig = Rig(scheduler="manual")
    pcb = rig.start(burn, uid=1000)
    with pytest.raises(OSError, match="not permitted"):
        scheduling.assign_from_outside(rig.kernel, pcb.pid, 0, 1001)
    with pytest.raises(OSError, match="No such process"):
        scheduling.assign_from_outside(rig.kernel, 99, 0, 0)
    with pytest.raises(OSError, match="Invalid argument"):
        scheduling.assign_from_outside(rig.kernel, pcb.pid, 1, 1000)
    scheduling.assign_from_outside(rig.kernel, pcb.pid, 0, 1000)
    assert pcb.assigned == 0
    scheduling.set_policy(rig.kernel, "rr")
    assert pcb.assigned == -1
    with pytest.raises(OSError, match="Invalid argument"):
        scheduling.assign_from_outside(rig.kernel, pcb.pid, 0, 1000)


# -- sched_yield -------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["fifo", "rr", "priority", "mlfq", "stride", "cfs", "eevdf"])
def test_who_yields_lets_its_equals_go_first(policy: str) -> None:
    """sched_yield(2): to the end of the queue. Two that yield after each step take turns."""
    log: list[int] = []

    async def polite(sys: Sys) -> int:
        me = await sys.getpid()
        for _ in range(20):
            log.append(me)
            await sys.compute(500)
            await sys.sched_yield()
        return 0

    rig = Rig(scheduler=policy)
    rig.start(polite, name="polite")
    rig.start(polite, name="polite")
    rig.run(1)
    turns = sum(a != b for a, b in itertools.pairwise(log))
    assert turns >= 35

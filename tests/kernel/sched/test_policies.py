"""What each policy promises, as properties; the source of each rule is named."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.kernel.sched import POLICIES, Params
from minios.kernel.sched.policy import MILLISECOND, NICE_0, WEIGHTS
from tests.kernel.sched.drive import Job, Line, turnaround

SECOND = 1000 * MILLISECOND

nices = st.lists(st.integers(-10, 10), min_size=2, max_size=6)
bursts = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=1, max_size=5)


def jobs_of(rows: list[tuple[int, int]]) -> list[Job]:
    return [Job(i + 1, need=need, arrival=at) for i, (at, need) in enumerate(rows)]


# -- proportional shares -----------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["stride", "cfs", "eevdf"])
@given(nices)
@settings(max_examples=15, deadline=None)
def test_cpu_time_goes_by_weight_within_one_percent(policy: str, values: list[int]) -> None:
    """Waldspurger and Weihl 1995; sched-design-CFS; Stoica and Abdel-Wahab 1995: proportional
    share. Weights are those of Linux's sched_prio_to_weight."""
    jobs = [Job(pid + 1, nice=nice) for pid, nice in enumerate(values)]
    weights = [WEIGHTS[nice + 20] for nice in values]
    # Long enough that the lightest has had two hundred quanta, one of which may be under way.
    span = 200 * 10 * MILLISECOND * sum(weights) // min(weights)
    Line(policy).run(jobs, span)
    for job, weight in zip(jobs, weights, strict=True):
        assert job.got / span == pytest.approx(weight / sum(weights), rel=0.01)


@given(nices)
@settings(max_examples=10, deadline=None)
def test_eevdf_keeps_everybodys_lag_below_one_request(values: list[int]) -> None:
    """Stoica and Abdel-Wahab 1995, theorem 1: -r < lag < max(r, q); and lags add up to nothing."""
    line = Line("eevdf", Params(quantum=10 * MILLISECOND))
    jobs = [Job(pid + 1, nice=nice) for pid, nice in enumerate(values)]
    request = 10 * MILLISECOND
    coming = jobs
    for until in range(40, 4000, 40):
        line.run(coming, until * MILLISECOND)
        coming = []
        running = line.queue._current
        lags = [line.queue.lag(job) for job in jobs]
        assert abs(sum(lags)) <= len(jobs) * WEIGHTS[0] // NICE_0
        for job, lag in zip(jobs, lags, strict=True):
            slack = 2 * job.weight // NICE_0 + 2
            assert -request - slack <= lag <= request + slack, (job.nice, lag)
        if running is not None:
            line.queue.put(running, woken=False)


def test_eevdf_runs_who_asks_for_short_slices_sooner_and_not_more() -> None:
    """The request decides latency, the weight the share (kernel documentation, sched-eevdf)."""
    line = Line("eevdf", Params(quantum=20 * MILLISECOND))
    jobs = [Job(1), Job(2), Job(3)]
    jobs[0].runtime = 2 * MILLISECOND
    line.run(jobs, 30 * SECOND)
    for job in jobs:
        assert job.got == pytest.approx(10 * SECOND, rel=0.01)
    assert line.gaps[1] < line.gaps[2]
    assert line.gaps[1] <= 21 * MILLISECOND


@given(nices, st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_a_lottery_is_fair_in_the_long_run(values: list[int], seed: int) -> None:
    """Waldspurger and Weihl 1994: n draws deviate from np by about sqrt(np(1-p))."""
    jobs = [Job(pid + 1, nice=nice // 3) for pid, nice in enumerate(values)]
    draws = 3000
    Line("lottery", seed=seed).run(jobs, draws * 10 * MILLISECOND)
    total = sum(job.weight for job in jobs)
    for job in jobs:
        p = job.weight / total
        spread = (draws * p * (1 - p)) ** 0.5
        assert abs(job.got / (10 * MILLISECOND) - draws * p) < 5.5 * spread + 1


def test_who_gives_its_quantum_back_early_has_compensation_tickets() -> None:
    """Waldspurger and Weihl 1994, section 4.5: a fifth of the quantum used, five times the tickets
    until it wins."""
    line = Line("lottery")
    short, long = Job(1), Job(2)
    queue = line.queue
    queue.put(short, woken=False)
    assert queue.pick() is short
    queue.leave(short, 2 * MILLISECOND)
    queue.put(short, woken=True)
    queue.put(long, woken=False)
    assert (queue.tickets(short), queue.tickets(long)) == (5 * NICE_0, NICE_0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(-20, 19)), max_size=80))
def test_each_ticket_is_held_by_whom_the_list_says(ops: list[tuple[bool, int, int]]) -> None:
    """The tree finds whoever a walk along the list of holders finds (OSTEP ch. 9.2)."""
    queue = Line("lottery").queue
    held: list[Job] = []
    for put, which, nice in ops:
        if put or not held:
            job = Job(len(held) + 100 + which, nice=nice)
            queue.put(job, woken=False)
            held.append(job)
        else:
            queue.remove(held.pop(which % len(held)))
    assert queue.waiting() == held
    first = 0
    for job in held:
        assert queue._drum.find(first) is queue._drum.find(first + job.weight - 1) is job
        first += job.weight
    assert queue._drum.sums[1] == first


# -- shortest first ----------------------------------------------------------------------------


@cache
def best_total(left: tuple[tuple[int, int], ...], now: int) -> int:
    """The least sum of completion times of (arrival, need) jobs on one core, preemption allowed."""
    live = [row for row in left if row[1]]
    if not live:
        return 0
    ready = [i for i, (at, need) in enumerate(left) if need and at <= now]
    if not ready:
        return best_total(left, now + 1)
    totals = []
    for i in ready:
        at, need = left[i]
        rest = (*left[:i], (at, need - 1), *left[i + 1 :])
        totals.append((now + 1 if need == 1 else 0) + best_total(rest, now + 1))
    return min(totals)


@given(bursts.filter(lambda rows: sum(need for _, need in rows) <= 14))
@settings(max_examples=60, deadline=None)
def test_stcf_has_the_least_average_turnaround_there_is(rows: list[tuple[int, int]]) -> None:
    """Schrage 1968: shortest remaining time first is optimal (OSTEP ch. 7.5)."""
    jobs = jobs_of(rows)
    Line("stcf").run(jobs)
    assert sum(job.end for job in jobs) == best_total(tuple(rows), 0)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_sjf_is_best_for_those_who_come_together(needs: list[int]) -> None:
    """OSTEP ch. 7.4: if all arrive at once and none is preempted."""
    jobs = jobs_of([(0, need) for need in needs])
    Line("sjf").run(jobs)
    best = min(sum(sum(order[: i + 1]) for i in range(len(order))) for order in permutations(needs))
    assert turnaround(jobs) == best


def test_a_burst_is_guessed_from_the_past_ones() -> None:
    """Silberschatz ch. 5.3.2: tau' = alpha t + (1 - alpha) tau, here with alpha one half."""
    queue = Line("sjf", Params(first_burst=10, alpha=50)).queue
    job = Job(1)
    guesses = []
    for burst in (6, 4, 6, 4, 13, 13, 13):
        queue.put(job, woken=True)
        guesses.append(queue.remaining(job))
        assert queue.pick() is job
        queue.leave(job, burst)
    assert guesses == [10, 8, 6, 6, 5, 9, 11]


# -- nobody starves ----------------------------------------------------------------------------


@given(nices)
@settings(max_examples=20, deadline=None)
def test_aging_lets_everybody_run_in_time(values: list[int]) -> None:
    """Silberschatz ch. 5.3.4: with aging, waiting is bounded: by (n + 20) agings, and the quanta
    of those who were queued before."""
    params = Params(aging=50 * MILLISECOND)
    line = Line("priority", params)
    jobs = [Job(pid + 1, nice=nice) for pid, nice in enumerate(values)]
    line.run(jobs, 20 * SECOND)
    for job in jobs:
        bound = (job.nice - min(values)) * params.aging + len(jobs) * params.quantum
        assert line.gaps[job.pid] <= bound


def test_without_aging_the_lowest_nice_value_has_the_core_alone() -> None:
    jobs = [Job(1, nice=0), Job(2, nice=-1)]
    Line("priority", Params(aging=0)).run(jobs, SECOND)
    assert [job.got for job in jobs] == [0, SECOND]


@given(st.integers(1, 6), st.integers(50, 400))
@settings(max_examples=20, deadline=None)
def test_a_boost_lets_everybody_run_in_time(count: int, period: int) -> None:
    """OSTEP ch. 8.3, rule 5: after a boost all are in the top queue and take turns."""
    params = Params(boost=period * MILLISECOND)
    line = Line("mlfq", params)
    # Newcomers keep the top queue busy for half of the time.
    guests = [Job(100 + i, need=20 * MILLISECOND, arrival=i * 40 * MILLISECOND) for i in range(100)]
    jobs = [Job(pid + 1) for pid in range(count)]
    line.run([*jobs, *guests], 4 * SECOND)
    for job in jobs:
        assert line.gaps[job.pid] <= (period + 40 * (count + 4)) * MILLISECOND


@pytest.mark.parametrize("policy", [name for name in POLICIES if name not in ("manual", "fifo")])
@given(bursts)
@settings(max_examples=15, deadline=None)
def test_whoever_has_an_end_gets_there(policy: str, rows: list[tuple[int, int]]) -> None:
    jobs = jobs_of([(at * MILLISECOND, need * 7 * MILLISECOND) for at, need in rows])
    Line(policy).run(jobs)
    assert all(job.end for job in jobs)
    idle_free = max(job.arrival for job in jobs) + sum(job.need for job in jobs)
    assert max(job.end for job in jobs) <= idle_free


# -- MLFQ's rules (OSTEP ch. 8) ----------------------------------------------------------------


def io_bound(*, stay: bool) -> int:
    """The level of one that sleeps each time just before its quantum ends, after 20 quanta."""
    line = Line("mlfq", Params(quanta=(10, 10, 10), boost=0, stay=stay))
    gamer = Job(1)
    for _ in range(20):
        line.queue.put(gamer, woken=True)
        assert line.queue.pick() is gamer
        line.clock.now += 9
        line.queue.leave(gamer, 9)
    return int(gamer.sched.level)


def test_who_sleeps_just_before_the_quantum_ends_goes_down_all_the_same() -> None:
    """Rule 4, revised: the allotment counts in however many pieces; with ``stay`` it is gamed."""
    assert io_bound(stay=False) == 2
    assert io_bound(stay=True) == 0


def test_a_preempted_one_keeps_its_place_and_what_is_left_of_its_quantum() -> None:
    queue = Line("mlfq", Params(quanta=(10, 20), boost=0)).queue
    first, second = Job(1), Job(2)
    for job in (first, second):
        queue.put(job, woken=False)
    assert queue.pick() is first
    queue.charge(first, 4)
    queue.put(first, woken=False)
    assert queue.pick() is first
    assert (first.sched.level, queue.slice(first)) == (0, 6)
    queue.charge(first, 6)
    queue.put(first, woken=False)
    assert first.sched.level == 1
    assert queue.pick() is second


def test_a_boost_moves_the_lowest_queue_up_first() -> None:
    """The order of OSTEP's mlfq.py: the top queue as it is, then the others from the bottom."""
    line = Line("mlfq", Params(quanta=(10, 10, 10), boost=100))
    queue = line.queue
    jobs = [Job(pid) for pid in (1, 2, 3)]
    for job, level in zip(jobs, (0, 1, 2), strict=True):
        queue._admit(job)
        queue._enter(job.sched, level)
        queue._insert(job, front=False)
    line.clock.now = 100
    assert queue.pick() is jobs[0]
    assert queue.order() == [3, 2]
    assert {job.sched.level for job in jobs} == {0}

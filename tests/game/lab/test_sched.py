"""The scheduling experiment: what holds under every policy, and the order within an instant."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.game.lab.sched import NAMES, Job, Params, Result, Setup, run
from minios.game.lab.values import UNIT

JOBS = st.lists(
    st.builds(
        Job,
        run=st.integers(0, 60).map(lambda halves: halves * UNIT // 2),
        arrive=st.integers(0, 20).map(lambda units: units * UNIT),
        io_every=st.sampled_from([0, 0, UNIT, 3 * UNIT, 7 * UNIT]),
        io_time=st.sampled_from([0, UNIT, 5 * UNIT]),
        tickets=st.sampled_from([0, 0, 1, 100, 5000]),
        nice=st.integers(-20, 19),
    ),
    min_size=1,
    max_size=6,
)


def params(**changes: object) -> Params:
    given = {"quantum": 2 * UNIT, "boost": 0, "aging": 0, "first_burst": 0}
    return Params(**(given | changes))  # type: ignore[arg-type]


def spans(result: Result) -> list[tuple[float, float, int]]:
    return [(s.start / UNIT, s.end / UNIT, s.job) for s in result.segments]


@pytest.mark.parametrize("policy", NAMES)
@given(jobs=JOBS, cores=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_every_job_gets_what_it_needs_and_no_core_runs_two(
    policy: str, jobs: list[Job], cores: int
) -> None:
    result = run(Setup(policy, params(boost=20 * UNIT), cores), tuple(jobs))
    got = [0] * len(jobs)
    last_of_core, last_of_job = [0] * cores, [job.arrive for job in jobs]
    for segment in result.segments:
        assert segment.start >= last_of_core[segment.core], "a core runs one job at a time"
        assert segment.start >= last_of_job[segment.job], "a job runs on one core at a time"
        last_of_core[segment.core] = last_of_job[segment.job] = segment.end
        got[segment.job] += segment.end - segment.start
    assert got == [job.run for job in jobs]
    for job, outcome in zip(jobs, result.outcomes, strict=True):
        assert job.arrive <= outcome.first <= outcome.end
        assert outcome.wait >= 0
        assert outcome.turnaround == job.run + outcome.wait + outcome.io


@pytest.mark.parametrize("policy", NAMES)
@given(jobs=JOBS)
@settings(max_examples=30, deadline=None)
def test_a_core_is_idle_only_when_nobody_is_ready(policy: str, jobs: list[Job]) -> None:
    result = run(Setup(policy, params()), tuple(jobs))
    busy = [(segment.start, segment.end) for segment in result.segments]
    gaps = [(end, start) for (_, end), (start, _) in zip([(0, 0), *busy], busy, strict=False)]
    asleep: dict[int, list[tuple[int, int]]] = {}
    began: dict[int, int] = {}
    for event in result.events:
        if event.what == "io":
            began[event.job] = event.time
        elif event.what == "io done":
            asleep.setdefault(event.job, []).append((began[event.job], event.time))
    for begin, end in gaps:
        if begin == end:
            continue
        for number, (job, outcome) in enumerate(zip(jobs, result.outcomes, strict=True)):
            absent = end <= job.arrive or outcome.end <= begin
            naps = any(a <= begin and end <= b for a, b in asleep.get(number, []))
            assert absent or naps


def test_a_quantum_that_ends_comes_before_an_arrival_at_the_same_time() -> None:
    jobs = (Job(4 * UNIT), Job(2 * UNIT, arrive=2 * UNIT))
    result = run(Setup("rr", params()), jobs)
    assert spans(result) == [(0, 2, 0), (2, 4, 0), (4, 6, 1)]


def test_sjf_breaks_ties_by_the_list_and_stcf_keeps_who_runs() -> None:
    jobs = (Job(3 * UNIT), Job(2 * UNIT), Job(2 * UNIT))
    assert [job for _, _, job in spans(run(Setup("sjf", params()), jobs))] == [1, 2, 0]
    even = (Job(4 * UNIT), Job(2 * UNIT, arrive=2 * UNIT))
    assert spans(run(Setup("stcf", params()), even)) == [(0, 4, 0), (4, 6, 1)]


def test_a_job_that_ends_does_no_io() -> None:
    result = run(Setup("fifo", params()), (Job(4 * UNIT, io_every=2 * UNIT, io_time=3 * UNIT),))
    assert spans(result) == [(0, 2, 0), (5, 7, 0)]
    assert result.outcomes[0].end == 7 * UNIT


def test_priority_preempts_and_aging_keeps_nobody_waiting_for_ever() -> None:
    jobs = (Job(100 * UNIT, nice=-5), Job(2 * UNIT, nice=0))
    strict = run(Setup("priority", params()), jobs)
    assert strict.outcomes[1].first == 100 * UNIT
    aged = run(Setup("priority", params(aging=2 * UNIT)), jobs)
    assert aged.outcomes[1].first <= 12 * UNIT


@pytest.mark.parametrize("policy", ["stride", "cfs", "eevdf"])
def test_tickets_are_shares(policy: str) -> None:
    """Three to one while both run, within a per cent (Waldspurger and Weihl 1995; OSTEP ch. 9)."""
    jobs = (Job(3000 * UNIT, tickets=3072), Job(3000 * UNIT, tickets=1024))
    result = run(Setup(policy, params()), jobs)
    first = result.outcomes[0].end
    other = sum(
        min(s.end, first) - s.start for s in result.segments if s.job == 1 and s.start < first
    )
    assert abs(other - 1000 * UNIT) <= 10 * UNIT


def test_a_lottery_is_fair_in_the_long_run() -> None:
    jobs = (Job(3000 * UNIT, tickets=3), Job(3000 * UNIT, tickets=1))
    result = run(Setup("lottery", params(quantum=UNIT)), jobs)
    first = result.outcomes[0].end
    other = sum(
        min(s.end, first) - s.start for s in result.segments if s.job == 1 and s.start < first
    )
    assert 900 * UNIT < other < 1100 * UNIT


def test_two_cores_share_the_work() -> None:
    jobs = tuple(Job(10 * UNIT) for _ in range(4))
    result = run(Setup("rr", params(), cores=2), jobs)
    assert result.end == 20 * UNIT
    assert {segment.core for segment in result.segments} == {0, 1}


def test_an_idle_core_takes_from_the_longest_queue() -> None:
    jobs = (Job(10 * UNIT), Job(UNIT), Job(10 * UNIT))
    result = run(Setup("fifo", params(), cores=2), jobs)
    assert result.outcomes[2].first == UNIT
    assert result.segments[-1].core == 1

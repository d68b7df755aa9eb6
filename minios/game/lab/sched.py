"""The scheduling experiment: jobs with bursts and I/O under a policy (OSTEP ch. 7 to 10).

The policies are the kernel's own classes (:mod:`minios.kernel.sched`); only the clock and the jobs
are the lab's. Each core has a queue; who comes goes to the least loaded core, and an idle core
takes from the longest queue (OSTEP ch. 10.5). Switching costs nothing. At one instant things happen
in this order: what ran ends (the job, its burst before I/O, its quantum), a boost, arrivals and
returns from I/O, then empty cores pick.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from minios.game.lab.values import UNIT, LabError, bounded, plain
from minios.kernel.sched import POLICIES
from minios.kernel.sched.policy import Entity, Params, RunQueue, weigh
from minios.sim.random import Rng

NAMES = tuple(name for name in POLICIES if name != "manual")
"""Every policy but the one that waits for a player."""

LONGEST = 200_000
"""Segments a run may have; a finer one is an oversight."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job; times in ns."""

    run: int
    """CPU time it needs in all."""
    arrive: int = 0
    io_every: int = 0
    """CPU time between two I/Os; 0 is none."""
    io_time: int = 0
    """How long each I/O takes."""
    tickets: int = 0
    """Its weight; 0: what its nice value gives."""
    nice: int = 0


@dataclass(frozen=True, slots=True)
class Setup:
    """A machine and how it schedules."""

    policy: str = "fifo"
    params: Params = field(default_factory=Params)
    cores: int = 1
    seed: int = 0

    def check(self) -> None:
        """Raise LabError for a machine that cannot be."""
        if self.policy not in NAMES:
            raise LabError(f"no scheduling policy '{self.policy}'")
        bounded(self.cores, "cores", least=1, most=64)
        bounded(self.params.quantum, "quantum", least=1)
        quanta, allotments = self.params.quanta, self.params.allotments
        if allotments and len(allotments) != len(quanta):
            raise LabError(f"{len(allotments)} allotments for {len(quanta)} queues")
        if any(quantum < 1 for quantum in quanta):
            raise LabError("quantum: it must be more than 0")
        if any(allotment < 1 for allotment in allotments):
            raise LabError("allotment: it must be at least 1")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one job on one core; times in ns."""

    start: int
    end: int
    core: int
    job: int
    left: int
    """CPU time the job still needed at its beginning."""
    why: str
    """Why it ended: done, io, quantum, preempted."""
    level: int | None = None
    """mlfq: the queue, 0 is the top."""
    quantum: int | None = None
    """mlfq: what was left of the quantum at its beginning."""
    allotment: int | None = None
    """mlfq: quanta left in this queue, this one included."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened beside running: arrive, io, io done, done, boost. ``job`` -1 is everybody."""

    time: int
    what: str
    job: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job; times in ns."""

    first: int
    """When it first got a core."""
    end: int
    response: int
    """From arrival to the first run."""
    turnaround: int
    """From arrival to the end."""
    wait: int
    """Ready, and not running."""
    io: int


@dataclass(frozen=True, slots=True)
class Result:
    """One run."""

    setup: Setup
    jobs: tuple[Job, ...]
    segments: tuple[Segment, ...]
    events: tuple[Event, ...]
    outcomes: tuple[Outcome, ...]
    switches: int
    """How often a core went from one job to another."""

    @property
    def end(self) -> int:
        return max(outcome.end for outcome in self.outcomes)

    def totals(self) -> dict[str, int]:
        """Sums over the jobs, in ns."""
        return {
            "response": sum(outcome.response for outcome in self.outcomes),
            "turnaround": sum(outcome.turnaround for outcome in self.outcomes),
            "wait": sum(outcome.wait for outcome in self.outcomes),
        }


def run(setup: Setup, jobs: tuple[Job, ...]) -> Result:
    """Run all jobs to their end."""
    setup.check()
    if not jobs:
        raise LabError("there are no jobs")
    for job in jobs:
        bounded(job.nice, "nice", least=-20, most=19)
        bounded(job.tickets, "tickets", least=0, most=1 << 20)
    return _Engine(setup, jobs).run()


def draw(count: int, longest: int, io: int, io_time: int, rng: Rng) -> tuple[Job, ...]:
    """``count`` random jobs of 1 … ``longest`` units; with ``io`` they do I/O every 1 … ``io``."""
    bounded(count, "number of jobs", least=1, most=1000)
    bounded(longest, "longest job", least=1, most=1_000_000)
    bounded(io, "I/O interval", least=0, most=1_000_000)
    jobs: list[Job] = []
    for _ in range(count):
        length = rng.between(1, longest)
        every = rng.between(1, io) if io else 0
        jobs.append(Job(length * UNIT, io_every=every * UNIT, io_time=io_time))
    return tuple(jobs)


class _Clock:
    """What a policy may know of the world."""

    __slots__ = ("_seed", "_streams", "now")

    def __init__(self, seed: int) -> None:
        self.now = 0
        self._seed = seed
        self._streams: dict[str, Rng] = {}

    def stream(self, name: str) -> Rng:
        if name not in self._streams:
            self._streams[name] = Rng(self._seed, name)
        return self._streams[name]


class _Task(Entity):
    """A job as the policy sees it."""

    __slots__ = ("end", "first", "home", "io", "job", "left")

    def __init__(self, number: int, job: Job) -> None:
        super().__init__(number)
        self.job = job
        self.left = job.run
        self.first = -1
        self.end = -1
        self.io = 0
        self.home = 0
        """The core it ran on last."""
        self.nice = job.nice
        weigh(self)
        if job.tickets:
            self.weight = job.tickets

    def burst(self) -> int:
        """CPU time until it ends or does I/O."""
        every = self.job.io_every
        if not every:
            return self.left
        return min(self.left, every - (self.job.run - self.left) % every)

    def does_io(self, left: int) -> bool:
        """Whether it does I/O when it still needs ``left``; a job that ends does none."""
        every = self.job.io_every
        return every > 0 and (self.job.run - left) % every == 0

    def outcome(self) -> Outcome:
        turnaround = self.end - self.job.arrive
        return Outcome(
            self.first,
            self.end,
            self.first - self.job.arrive,
            turnaround,
            turnaround - self.job.run - self.io,
            self.io,
        )


class _Core:
    """``began`` is the segment's start, ``charged`` up to when the policy knows of it."""

    __slots__ = (
        "allotment", "began", "charged", "index", "last", "left", "level", "quantum", "queue",
        "slice_end", "task", "until",
    )  # fmt: skip

    def __init__(self, index: int, queue: RunQueue) -> None:
        self.index = index
        self.queue = queue
        self.task: _Task | None = None
        self.last = -1
        self.began = self.charged = 0
        self.slice_end = self.until = 0
        self.left = 0
        """What the task needed when the segment began."""
        self.level: int | None = None
        self.quantum: int | None = None
        self.allotment: int | None = None

    @property
    def load(self) -> int:
        return self.queue.count + (self.task is not None)


class _Engine:
    def __init__(self, setup: Setup, jobs: tuple[Job, ...]) -> None:
        self.setup = setup
        self.jobs = jobs
        self.clock = _Clock(setup.seed)
        make = POLICIES[setup.policy]
        self.cores = [_Core(index, make(setup.params, self.clock)) for index in range(setup.cores)]
        self.tasks = [_Task(number, job) for number, job in enumerate(jobs)]
        self.segments: list[Segment] = []
        self.events: list[Event] = []
        self.ready: list[tuple[int, int, int]] = []
        """(when, order, job) of arrivals and returns from I/O to come."""
        for number, job in enumerate(jobs):
            heappush(self.ready, (job.arrive, number, number))
        self.sequence = len(jobs)
        self.alive = len(jobs)
        self.switches = 0
        self.feedback = setup.policy == "mlfq"
        """Whether who runs goes back to its place in the queue whenever anything happens: where
        queues have levels, the front of a queue means something (``iobump``)."""
        self.declares = setup.policy in ("sjf", "stcf")
        self.boost = setup.params.boost if self.feedback else 0
        self.boosted = 0

    def run(self) -> Result:
        while True:
            self._ends()
            if not self.alive:
                return self._result()
            self._write_boosts()
            self._arrivals()
            self._fill()
            self.clock.now = self._next()
            if len(self.segments) > LONGEST:
                raise LabError(f"more than {LONGEST} turns; take a longer quantum or shorter jobs")

    def _next(self) -> int:
        """The next instant at which anything happens."""
        times = [core.until for core in self.cores if core.task is not None]
        if self.ready:
            times.append(self.ready[0][0])
        return min(times)

    # -- one instant ---------------------------------------------------------------------------

    def _ends(self) -> None:
        """Who is done, does I/O, or has used up its quantum leaves its core."""
        now = self.clock.now
        for core in self.cores:
            task = core.task
            if task is None:
                continue
            ran = now - core.charged
            left = task.left - ran
            if left == 0:
                self._leave(core, ran, "done")
                task.end = now
                self.alive -= 1
                self.events.append(Event(now, "done", task.pid))
            elif core.left > left and task.does_io(left):
                self._leave(core, ran, "io")
                task.io += task.job.io_time
                self._expect(now + task.job.io_time, task)
                self.events.append(Event(now, "io", task.pid))
            elif self.feedback:
                self._charge(core)
                self._record(core, "quantum" if task.sched.expired else "preempted")
                core.queue.put(task, woken=False)
            elif now >= core.slice_end:
                self._charge(core)
                self._record(core, "quantum")
                self._begin(core, core.queue.rotate(task))

    def _leave(self, core: _Core, ran: int, why: str) -> None:
        task = core.task
        assert task is not None
        task.left -= ran
        core.queue.leave(task, ran)
        self._record(core, why)

    def _expect(self, when: int, task: _Task) -> None:
        heappush(self.ready, (when, self.sequence, task.pid))
        self.sequence += 1

    def _write_boosts(self) -> None:
        """The policy makes them by itself; here they are only written down."""
        while self.boost and self.boosted + self.boost <= self.clock.now:
            self.boosted += self.boost
            self.events.append(Event(self.boosted, "boost", -1))

    def _arrivals(self) -> None:
        now = self.clock.now
        while self.ready and self.ready[0][0] == now:
            task = self.tasks[heappop(self.ready)[2]]
            woken = task.runqueue is not None
            self.events.append(Event(now, "io done" if woken else "arrive", task.pid))
            if self.declares:
                task.runtime = task.burst()
            core = min(self.cores, key=lambda core: (core.load, core.index != task.home))
            core.queue.put(task, woken=woken)
            if core.task is not None:
                self._contest(core, core.task, task)

    def _contest(self, core: _Core, current: _Task, woken: _Task) -> None:
        """One more is ready on a core that is taken: does it take it over?"""
        self._charge(core)
        if core.queue.preempts(woken, current):
            self._record(core, "preempted")
            core.queue.put(current, woken=False)
            self._begin(core, core.queue.pick())

    def _fill(self) -> None:
        """Empty cores pick, from their own queue or else from the longest."""
        for core in self.cores:
            if core.task is None and core.queue.count:
                self._begin(core, core.queue.pick())
        for core in self.cores:
            longest = max(self.cores, key=lambda other: (other.queue.count, -other.index))
            if core.task is None and longest.queue.count:
                task = longest.queue.steal(core.index)
                if task is not None:
                    core.queue.put(task, woken=False)
                    self._begin(core, core.queue.pick())

    def _charge(self, core: _Core) -> None:
        """Tell the policy what the running one ran up to now."""
        task, ran = core.task, self.clock.now - core.charged
        assert task is not None
        if ran:
            core.charged = self.clock.now
            task.left -= ran
            core.queue.charge(task, ran)

    def _begin(self, core: _Core, task: _Task) -> None:
        now = self.clock.now
        core.task = task
        task.home = core.index
        core.began = core.charged = now
        core.left = task.left
        if self.feedback:
            core.level = task.sched.level
            core.quantum = task.sched.left
            core.allotment = task.sched.allotment
        core.slice_end = now + core.queue.slice(task)
        core.until = min(now + task.burst(), core.slice_end)

    def _record(self, core: _Core, why: str) -> None:
        """The segment on ``core`` is over; one that only went on is joined to the one before."""
        task = core.task
        assert task is not None
        now = self.clock.now
        core.task = None
        if now == core.began and why == "preempted":
            return
        if task.first < 0:
            task.first = core.began
        if core.last not in (-1, task.pid):
            self.switches += 1
        core.last = task.pid
        start, left, quantum = core.began, core.left, core.quantum
        before = self._before(core)
        if before >= 0:
            past = self.segments.pop(before)
            start, left, quantum = past.start, past.left, past.quantum
        self.segments.append(
            Segment(
                start, now, core.index, task.pid, left, why, core.level, quantum, core.allotment
            )
        )

    def _before(self, core: _Core) -> int:
        """Where the segment is that this one only continues, or -1."""
        for index in range(len(self.segments) - 1, -1, -1):
            past = self.segments[index]
            if past.core == core.index:
                goes_on = (
                    past.quantum is not None
                    and (past.why, past.job, past.end) == ("preempted", core.last, core.began)
                    and (past.level, past.allotment) == (core.level, core.allotment)
                    and past.quantum - (past.end - past.start) == core.quantum
                )
                return index if goes_on else -1
        return -1

    # -- the end -------------------------------------------------------------------------------

    def _result(self) -> Result:
        self.segments.sort(key=lambda segment: (segment.start, segment.core))
        self.events.sort(key=lambda event: event.time)
        return Result(
            self.setup,
            self.jobs,
            tuple(self.segments),
            tuple(self.events),
            tuple(task.outcome() for task in self.tasks),
            self.switches,
        )


def facts(result: Result, *, trace: bool = True) -> dict[str, Any]:
    """The result as JSON has it; times in units."""
    setup = result.setup
    params = setup.params
    shown: dict[str, Any] = {
        "policy": setup.policy,
        "cores": setup.cores,
        "quantum": plain(params.quantum),
        "seed": setup.seed,
    }
    if setup.policy == "mlfq":
        shown["queues"] = [
            {"quantum": plain(quantum), "allotment": allotment}
            for quantum, allotment in zip(*queues(params), strict=True)
        ]
        shown |= {"boost": plain(params.boost), "stay": params.stay, "iobump": params.iobump}
    shown["jobs"] = [
        {
            "job": number,
            "run": plain(job.run),
            "arrive": plain(job.arrive),
            "io_every": plain(job.io_every),
            "io_time": plain(job.io_time),
            "nice": job.nice,
            "tickets": job.tickets or None,
            "first_run": plain(outcome.first),
            "end": plain(outcome.end),
            "response": plain(outcome.response),
            "turnaround": plain(outcome.turnaround),
            "wait": plain(outcome.wait),
            "io": plain(outcome.io),
        }
        for number, (job, outcome) in enumerate(zip(result.jobs, result.outcomes, strict=True))
    ]
    shown["average"] = {
        name: round(total / len(result.jobs) / UNIT, 6) for name, total in result.totals().items()
    }
    shown["end"] = plain(result.end)
    shown["switches"] = result.switches
    if trace:
        shown["trace"] = [_segment(segment) for segment in result.segments]
        shown["events"] = [
            {
                "t": plain(event.time),
                "event": event.what,
                "job": event.job if event.job >= 0 else None,
            }
            for event in result.events
        ]
    return shown


def _segment(segment: Segment) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "t": plain(segment.start),
        "core": segment.core,
        "job": segment.job,
        "ran": plain(segment.end - segment.start),
        "left": plain(segment.left - (segment.end - segment.start)),
        "why": segment.why,
    }
    if segment.level is not None and segment.quantum is not None:
        shown["level"] = segment.level
        shown["quantum"] = plain(segment.quantum)
        shown["allotment"] = segment.allotment
    return shown


def queues(params: Params) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """mlfq's quanta in ns and its allotments, the top queue first."""
    quantum = params.quantum
    quanta = params.quanta or (quantum, 2 * quantum, 4 * quantum)
    return quanta, params.allotments or (1,) * len(quanta)

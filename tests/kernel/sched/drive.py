"""One core's queue without a kernel: jobs that compute, arrive, do I/O and end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minios.kernel.sched import POLICIES, Params
from minios.kernel.sched.policy import Entity, weigh
from minios.sim.random import Rng


class Clock:
    """Time and random draws, as a policy is given them."""

    def __init__(self, seed: int = 0) -> None:
        self.now = 0
        self._rng = Rng(seed, "scheduler")

    def stream(self, name: str) -> Rng:
        return self._rng


class Job(Entity):
    """Something that wants ``need`` ns of CPU from ``arrival`` on; ``need`` 0 is for ever."""

    def __init__(self, pid: int, *, nice: int = 0, need: int = 0, arrival: int = 0) -> None:
        super().__init__(pid)
        self.nice = nice
        weigh(self)
        self.runtime = need
        self.need = need
        self.arrival = arrival
        self.got = 0
        self.end = 0
        self.last_ran = arrival

    def __hash__(self) -> int:
        return self.pid


@dataclass
class Line:
    """What a policy does with jobs. ``run`` returns when all have ended, or at a time."""

    policy: str
    params: Params = field(default_factory=Params)
    seed: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock(self.seed)
        self.queue: Any = POLICIES[self.policy](self.params, self.clock)
        self.gaps: dict[int, int] = {}
        """The longest time each job waited at a stretch."""

    def run(self, jobs: list[Job], until: int = 1 << 60) -> None:
        clock, queue = self.clock, self.queue
        coming = sorted(jobs, key=lambda job: job.arrival)
        current: Job | None = None
        slice_end: int | None = None
        while clock.now < until:
            while coming and coming[0].arrival <= clock.now:
                job = coming.pop(0)
                queue.put(job, woken=False)
                if current is not None and queue.eager and queue.preempts(job, current):
                    queue.put(current, woken=False)
                    current = None
            if current is None:
                current = queue.pick()
                if current is None:
                    if not coming:
                        return
                    clock.now = coming[0].arrival
                    continue
                self._waited(current)
                slice_end = None
            if slice_end is None and queue.count:
                slice_end = clock.now + queue.slice(current)
            before = clock.now
            clock.now = min(
                until,
                slice_end if slice_end is not None else until,
                before + current.need - current.got if current.need else until,
                coming[0].arrival if coming else until,
            )
            queue.charge(current, clock.now - before)
            current.got += clock.now - before
            current.last_ran = clock.now
            if current.need and current.got == current.need:
                queue.leave(current, 0)
                current.end = clock.now
                current = None
            elif slice_end is not None and clock.now >= slice_end:
                current = queue.rotate(current)
                self._waited(current)
                slice_end = None

    def _waited(self, job: Job) -> None:
        gap = self.clock.now - job.last_ran
        self.gaps[job.pid] = max(self.gaps.get(job.pid, 0), gap)


def turnaround(jobs: list[Job]) -> int:
    """The sum of all turnaround times."""
    return sum(job.end - job.arrival for job in jobs)

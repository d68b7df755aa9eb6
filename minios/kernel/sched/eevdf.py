"""Earliest eligible virtual deadline first, Linux's scheduler since 6.6.

I. Stoica, H. Abdel-Wahab: *Earliest Eligible Virtual Deadline First*, 1995; Linux's
``kernel/sched/fair.c``. Who has had no more than its share (``lag`` not negative) is *eligible*;
of those the one runs whose request is due first. Fairness is in the lag, latency in the request:
a process that asks for short slices runs more often, not more.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from minios.abi.flags import SCHED_IDLE
from minios.kernel.sched.policy import MILLISECOND, NICE_0, BaseQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params

SLICE_MIN, SLICE_MAX = MILLISECOND // 10, 100 * MILLISECOND
"""The bounds of a slice that a process asks for itself (sched_setattr(2))."""

_FEW = 64


class _Request:
    """``deadline`` is virtual; ``lag`` is ns of service owed to one who is not in the race now."""

    __slots__ = ("deadline", "lag")

    def __init__(self) -> None:
        self.deadline = 0
        self.lag: int | None = 0


class EevdfQueue(BaseQueue):
    """Two heaps: those not eligible when last looked at, by vruntime, and the others, by deadline.

    Virtual time is the average of all vruntimes here, the running one's among them, by weight. A
    process that leaves keeps its lag, at most two slices of it, and comes back with that.
    """

    __slots__ = ("_arrivals", "_current", "_due", "_early", "_served", "_virtual", "_weight")

    weighs = True

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self._early: list[tuple[int, int, Any]] = []
        self._due: list[tuple[int, int, Any]] = []
        self._arrivals = 0
        self._current: Entity | None = None
        self._weight = 0
        """Of those queued; ``_served`` is the sum of weight times vruntime."""
        self._served = 0
        self._virtual = 0
        """The virtual time when there was somebody last."""

    # -- virtual time --------------------------------------------------------------------------

    def _totals(self) -> tuple[int, int]:
        """Weight, and weight times vruntime, of all in the race."""
        current = self._current
        if current is None:
            return self._weight, self._served
        return self._weight + current.weight, self._served + current.weight * current.vruntime

    def virtual_time(self) -> int:
        """The average vruntime, by weight."""
        weight, served = self._totals()
        if weight:
            self._virtual = served // weight
        return self._virtual

    def lag(self, pcb: Entity) -> int:
        """ns of service that one in the race is owed; negative if it had more than its share."""
        return (self.virtual_time() - pcb.vruntime) * pcb.weight // NICE_0

    def eligible(self, pcb: Entity) -> bool:
        """Whether it has had no more than its share."""
        weight, served = self._totals()
        return served >= pcb.vruntime * weight

    def request(self, pcb: Entity) -> int:
        """The slice it asks for, in ns."""
        if pcb.runtime:
            return min(max(pcb.runtime, SLICE_MIN), SLICE_MAX)
        return self.params.base_slice or self.params.quantum

    def _join(self, pcb: Entity) -> None:
        """Place one so that it has its old lag once it is in (Linux's place_entity)."""
        request: _Request | None = pcb.sched
        slice_ = self.request(pcb) * NICE_0 // pcb.weight
        if request is None:
            request = pcb.sched = _Request()
            slice_ //= 2  # a new one soon gets going
        lag = (request.lag or 0) * NICE_0 // pcb.weight
        weight, _ = self._totals()
        virtual = self.virtual_time()
        if weight:
            # Its coming moves the average towards it: place it further off by that much.
            lag = lag * (weight + pcb.weight) // weight
        else:
            lag = 0
        pcb.vruntime = virtual - lag
        request.deadline = pcb.vruntime + slice_
        request.lag = None

    def _part(self, pcb: Entity) -> None:
        limit = 2 * self.request(pcb)
        pcb.sched.lag = min(max(self.lag(pcb), -limit), limit)

    # -- the queue -----------------------------------------------------------------------------

    def put(self, pcb: Entity, *, woken: bool) -> None:
        if pcb is self._current:
            self._current = None
        elif pcb.sched is None or pcb.sched.lag is not None:
            self._join(pcb)
        pcb.runqueue = self
        self._arrivals += 1
        pcb.entry = self._arrivals
        self.count += 1
        self._weight += pcb.weight
        self._served += pcb.weight * pcb.vruntime
        if len(self._early) + len(self._due) > _FEW + 4 * self.count:
            self._early = [item for item in self._early if self._live(item)]
            self._due = [item for item in self._due if self._live(item)]
            heapify(self._early)
            heapify(self._due)
        heappush(self._early, (pcb.vruntime, self._arrivals, pcb))

    def pick(self) -> Any:
        if not self.count:
            return None
        early, due = self._early, self._due
        weight, served = self._totals()
        self._virtual = served // weight
        while True:
            while early and early[0][0] * weight <= served:
                item = heappop(early)
                if self._live(item):
                    heappush(due, (item[2].sched.deadline, item[1], item[2]))
            _, _, pcb = item = heappop(due)
            if not self._live(item):
                continue
            if pcb.vruntime * weight <= served:
                break
            heappush(early, (pcb.vruntime, item[1], pcb))  # somebody's coming moved the average
        self._take_out(pcb)
        self._current = pcb
        return pcb

    def _live(self, item: tuple[int, int, Any]) -> bool:
        return bool(item[2].entry == item[1] and item[2].runqueue is self)

    def _take_out(self, pcb: Entity) -> None:
        pcb.entry = 0
        self.count -= 1
        self._weight -= pcb.weight
        self._served -= pcb.weight * pcb.vruntime

    def adopt(self, pcb: Entity) -> None:
        self._join(pcb)
        pcb.runqueue = self
        self._current = pcb

    def remove(self, pcb: Entity) -> None:
        self._part(pcb)
        self._take_out(pcb)

    def leave(self, pcb: Entity, ran: int) -> None:
        self.charge(pcb, ran)
        self._part(pcb)
        self._current = None

    def charge(self, pcb: Entity, ran: int) -> None:
        pcb.vruntime += ran * NICE_0 // pcb.weight
        request: _Request = pcb.sched
        if pcb.vruntime >= request.deadline:
            request.deadline = pcb.vruntime + self.request(pcb) * NICE_0 // pcb.weight

    def slice(self, pcb: Entity) -> int:
        """Until the request is served."""
        request: _Request = pcb.sched
        return max(-((pcb.vruntime - request.deadline) * pcb.weight // NICE_0), 1)

    def yields(self, pcb: Entity) -> None:
        """The rest of its request can wait as long as the next one (yield_task_fair)."""
        request: _Request = pcb.sched
        request.deadline += self.request(pcb) * NICE_0 // pcb.weight

    def preempts(self, woken: Entity, current: Entity) -> bool:
        if woken.policy or current.policy:
            if current.policy == SCHED_IDLE != woken.policy:
                return True
            if woken.policy:
                return False
        return bool(woken.sched.deadline < current.sched.deadline) and self.eligible(woken)

    # -- looking -------------------------------------------------------------------------------

    def waiting(self) -> list[Any]:
        """By deadline, whether eligible or not."""
        live = [item for item in (*self._early, *self._due) if self._live(item)]
        return [
            item[2] for item in sorted(live, key=lambda item: (item[2].sched.deadline, item[1]))
        ]

    def steal(self, core: int) -> Any:
        for heap in (self._due, self._early):
            for item in heap:
                if self._live(item) and item[2].allowed >> core & 1:
                    self.remove(item[2])
                    return item[2]
        return None

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        request: _Request | None = pcb.sched
        return (request.deadline, request.lag) if request is not None else ()

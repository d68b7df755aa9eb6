"""The real-time class above whatever policy is in force (sched(7): SCHED_FIFO and SCHED_RR).

A core's queue is wrapped into this one when somebody asks for a real-time policy, and not before.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from minios.abi.flags import SCHED_RR
from minios.kernel.sched.policy import NEVER, RR_SLICE, RT_PERIOD, RT_RUNTIME

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, RunQueue


class RtParams:
    """The settings of all cores' real-time classes, which may change while they run; ns."""

    __slots__ = ("period", "rr_slice", "runtime")

    def __init__(self) -> None:
        self.rr_slice = RR_SLICE
        self.period = RT_PERIOD
        self.runtime = RT_RUNTIME
        """Below 0: no limit."""


class RtQueue:
    """A list for each priority, the highest first, before the queue of the normal class.

    Who is preempted stays at the head of its list; who yields, wakes up, or has used up its slice
    under SCHED_RR goes to the end. ``sched`` is what is left of the slice.
    """

    __slots__ = (
        "_lists",
        "_period",
        "_queued",
        "_spent",
        "clock",
        "extra",
        "normal",
        "rt",
        "weighs",
    )

    eager = True

    def __init__(self, clock: Clock, normal: RunQueue, rt: RtParams) -> None:
        self.clock = clock
        self.normal = normal
        self.rt = rt
        self.extra = normal.extra
        self.weighs = normal.weighs
        self._lists: dict[int, deque[Any]] = {}
        self._queued = 0
        self._period = 0
        self._spent = 0
        """What real-time processes ran in the period."""

    @property
    def count(self) -> int:
        return self._queued + self.normal.count

    # -- the queue -----------------------------------------------------------------------------

    def put(self, pcb: Entity, *, woken: bool) -> None:
        if pcb.rt_priority:
            self._insert(pcb, front=not woken and pcb.runqueue is self)
        else:
            self.normal.put(pcb, woken=woken)

    def _insert(self, pcb: Entity, *, front: bool) -> None:
        mine = self._lists.setdefault(pcb.rt_priority, deque())
        if front and pcb.sched > 0:
            mine.appendleft(pcb)
        else:
            pcb.sched = None
            mine.append(pcb)
        self.adopt(pcb)
        pcb.entry = 1
        self._queued += 1

    def pick(self) -> Any:
        pcb = None
        if not self._queued or self._throttled():
            pcb = self.normal.pick()
        if pcb is None and self._queued:
            pcb = self._lists[max(p for p, mine in self._lists.items() if mine)].popleft()
            pcb.entry = 0
            self._queued -= 1
        return pcb

    def rotate(self, pcb: Entity, ran: int = 0) -> Any:
        self.charge(pcb, ran)
        if pcb.rt_priority:
            above = any(p > pcb.rt_priority for p, mine in self._lists.items() if mine)
            self._insert(pcb, front=above or self._throttled())
        elif self._queued:
            self.normal.put(pcb, woken=False)
        else:
            return self.normal.rotate(pcb)
        return self.pick()

    def adopt(self, pcb: Entity) -> None:
        if not pcb.rt_priority:
            self.normal.adopt(pcb)
            return
        pcb.runqueue = self
        if pcb.sched is None:
            pcb.sched = self.rt.rr_slice

    def remove(self, pcb: Entity) -> None:
        if pcb.rt_priority:
            self._lists[pcb.rt_priority].remove(pcb)
            pcb.entry = 0
            self._queued -= 1
        else:
            self.normal.remove(pcb)

    def steal(self, core: int) -> Any:
        for priority in sorted(self._lists, reverse=True):
            pcb = next((p for p in self._lists[priority] if p.allowed >> core & 1), None)
            if pcb is not None:
                self.remove(pcb)
                return pcb
        return self.normal.steal(core)

    def depth(self) -> int:
        return self._queued + self.normal.depth()

    def order(self) -> list[int]:
        lists = [self._lists[priority] for priority in sorted(self._lists, reverse=True)]
        return [pcb.pid for mine in lists for pcb in mine] + self.normal.order()

    def yields(self, pcb: Entity) -> None:
        if not pcb.rt_priority:
            self.normal.yields(pcb)

    def preempts(self, woken: Entity, current: Entity) -> bool:
        if woken.rt_priority:
            return woken.rt_priority > current.rt_priority and (
                current.rt_priority > 0 or not self._throttled()
            )
        return not current.rt_priority and self.normal.preempts(woken, current)

    # -- time ----------------------------------------------------------------------------------

    def charge(self, pcb: Entity, ran: int) -> None:
        if not pcb.rt_priority:
            self.normal.charge(pcb, ran)
            return
        if pcb.policy == SCHED_RR:
            pcb.sched -= ran
        now, period = self.clock.now, self.rt.period
        if now // period != self._period:
            self._period = now // period
            self._spent = 0
            ran = min(ran, now % period)
        self._spent += ran

    def leave(self, pcb: Entity, ran: int) -> None:
        if pcb.rt_priority:
            self.charge(pcb, ran)
        else:
            self.normal.leave(pcb, ran)

    def slice(self, pcb: Entity) -> int:
        if pcb.rt_priority:
            left: int = pcb.sched if pcb.policy == SCHED_RR else NEVER
            if self.rt.runtime >= 0 and self.normal.count > self.extra:
                left = min(left, self._left())
            return max(left, 1)
        share = self.normal.slice(pcb)
        if self._queued:
            period = self.rt.period
            share = min(share, period - self.clock.now % period)
        return share

    def _left(self) -> int:
        """How much of the period real-time processes may have still."""
        spent = self._spent if self.clock.now // self.rt.period == self._period else 0
        return self.rt.runtime - spent

    def _throttled(self) -> bool:
        return self.rt.runtime >= 0 and self._left() <= 0

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        return (pcb.sched, self._spent) if pcb.rt_priority else self.normal.facts(pcb)

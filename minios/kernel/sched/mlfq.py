"""The multi-level feedback queue: priorities learnt from behaviour (OSTEP ch. 8).

The rules, by their numbers there: the highest queue that has anybody runs (1), its members in turn
(2); who is new starts at the top (3); who has used up its allotment in a queue, in however many
pieces, goes down one (4); after some time everybody goes back to the top (5).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from minios.kernel.sched.policy import BaseQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params


class Place:
    """Where a process is in the feedback: ``level`` 0 is the top queue.

    ``left`` is what is left of the quantum in ns, ``allotment`` how many quanta it may begin here,
    this one among them. ``expired`` says that a quantum ended just now, ``boosts`` which boost it
    took part in last, ``bumped`` how many had been picked when it was put to the front, ``yielded``
    that it goes to the end of its queue with what is left of its quantum.
    """

    __slots__ = ("allotment", "boosts", "bumped", "expired", "left", "level", "yielded")

    def __init__(self) -> None:
        self.level = 0
        self.left = 0
        self.allotment = 0
        self.expired = False
        self.boosts = 0
        self.bumped = -1
        self.yielded = False


class MlfqQueue(BaseQueue):
    """The order of things within an instant is that of OSTEP's mlfq.py.

    A quantum that ends, a boost, arrivals and returns from I/O, and then the choice. A boost moves
    the queues below behind the top one, the lowest first. Boosts are at multiples of the period of
    the world's clock, and are made good when the queue is used next.
    """

    __slots__ = ("_boosts", "_current", "_levels", "_picks", "allotments", "quanta")

    eager = True

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        quantum = params.quantum
        self.quanta = params.quanta or (quantum, 2 * quantum, 4 * quantum)
        self.allotments = params.allotments or (1,)
        # The last one given is also that of the queues below.
        self.allotments += self.allotments[-1:] * (len(self.quanta) - len(self.allotments))
        self._levels: list[OrderedDict[int, Any]] = [OrderedDict() for _ in self.quanta]
        self._boosts = self._due_boosts()
        self._current: Entity | None = None
        self._picks = 0

    # -- the queue -----------------------------------------------------------------------------

    def put(self, pcb: Entity, *, woken: bool) -> None:
        if pcb is self._current:
            self._current = None
            if pcb.sched.boosts > self._boosts:
                self._boost()  # it has run for a while since
            self._insert(pcb, front=not (pcb.sched.expired or pcb.sched.yielded))
            self._boost()
            return
        self._boost()
        self._admit(pcb)
        self._insert(pcb, front=False)
        if woken and self.params.iobump:
            self._levels[pcb.sched.level].move_to_end(pcb.pid, last=False)
            pcb.sched.bumped = self._picks

    def _insert(self, pcb: Entity, *, front: bool) -> None:
        place: Place = pcb.sched
        if place.boosts < self._boosts:  # it ran while the others were boosted
            front = front and place.level == 0
            self._reset(place)
        place.expired = place.yielded = False
        place.bumped = -1
        queue = self._levels[place.level]
        queue[pcb.pid] = pcb
        if front:
            ahead = []
            for other in queue.values():
                if other.sched.bumped < self._picks:
                    break
                ahead.append(other.pid)
            queue.move_to_end(pcb.pid, last=False)
            for pid in reversed(ahead):
                queue.move_to_end(pid, last=False)
        pcb.entry = 1
        self.count += 1

    def pick(self) -> Any:
        self._boost()
        for queue in self._levels:
            if queue:
                pcb = queue.popitem(last=False)[1]
                pcb.entry = 0
                self.count -= 1
                self._current = pcb
                self._picks += 1
                return pcb
        return None

    def remove(self, pcb: Entity) -> None:
        del self._levels[pcb.sched.level][pcb.pid]
        pcb.entry = 0
        self.count -= 1

    def adopt(self, pcb: Entity) -> None:
        self._admit(pcb)
        self._current = pcb

    def _admit(self, pcb: Entity) -> None:
        """It comes from elsewhere: from sleep, from another core, from birth."""
        place: Place | None = pcb.sched
        if place is None:
            place = pcb.sched = Place()
            self._reset(place)
        elif place.boosts < self._boosts:
            self._reset(place)
        pcb.runqueue = self

    def waiting(self) -> list[Any]:
        return [pcb for queue in self._levels for pcb in queue.values()]

    def yields(self, pcb: Entity) -> None:
        pcb.sched.yielded = True

    def preempts(self, woken: Entity, current: Entity) -> bool:
        above: int = current.sched.level - woken.sched.level
        return above > 0 or (above == 0 and self.params.iobump)

    # -- feedback ------------------------------------------------------------------------------

    def slice(self, pcb: Entity) -> int:
        left: int = pcb.sched.left
        boost = self.params.boost
        if boost:
            left = min(left, boost - self.clock.now % boost)
        return max(left, 1)

    def charge(self, pcb: Entity, ran: int) -> None:
        place: Place = pcb.sched
        boosts = self._due_boosts()
        if place.boosts != boosts:
            since = self.clock.now - boosts * self.params.boost
            if since > 0:  # it went on over a boost: only what it ran since then counts
                ran = min(ran, since)
                self._reset(place)
                place.boosts = boosts
        while ran >= place.left:
            ran -= place.left
            place.allotment -= 1
            place.expired = True
            if place.allotment == 0:
                self._enter(place, min(place.level + 1, len(self._levels) - 1))
            else:
                place.left = self.quanta[place.level]
        if ran:
            place.left -= ran
            place.expired = False

    def leave(self, pcb: Entity, ran: int) -> None:
        place: Place = pcb.sched
        if self.params.stay:
            over = ran >= place.left
            self._enter(place, place.level)
            ran = place.left if over else 0
        self.charge(pcb, ran)
        place.expired = False
        self._current = None

    def _enter(self, place: Place, level: int) -> None:
        """A fresh quantum and the whole allotment of a queue."""
        place.level = level
        place.left = self.quanta[level]
        place.allotment = self.allotments[level]

    def _reset(self, place: Place) -> None:
        self._enter(place, 0)
        place.boosts = self._boosts
        place.expired = False

    def _due_boosts(self) -> int:
        """How many boosts there have been by now."""
        return self.clock.now // self.params.boost if self.params.boost else 0

    def _boost(self) -> None:
        """Rule 5, if it is time."""
        boosts = self._due_boosts()
        if boosts == self._boosts:
            return
        self._boosts = boosts
        top = self._levels[0]
        for queue in reversed(self._levels[1:]):
            top.update(queue)
            queue.clear()
        for pcb in top.values():
            self._reset(pcb.sched)

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        place: Place | None = pcb.sched
        if place is None:
            return ()
        return (place.level, place.left, place.allotment, place.expired, place.boosts)

"""Lottery scheduling: a ticket is drawn, its holder runs (Waldspurger, Weihl 1994; OSTEP ch. 9).

Tickets are the weights of nice values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.kernel.sched.policy import BaseQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params

_LEAST = 16


class _Drum:
    """Tickets by place, in the order in which they were put in.

    ``sums`` is a complete binary tree: ``sums[1]`` is the sum of all, the leaves from ``size`` on
    are the places, and each node is the sum of the two below it. So putting in, taking out and
    finding the holder of a ticket look at one node a level.
    """

    __slots__ = ("holders", "next", "size", "sums")

    def __init__(self) -> None:
        self.size = _LEAST
        self.sums = [0] * (2 * _LEAST)
        self.holders: list[Any] = [None] * _LEAST
        self.next = 0

    def put(self, holder: Any, tickets: int) -> None:
        if self.next == self.size:
            self._make_room()
        holder.entry = self.next + 1
        self.holders[self.next] = holder
        self._add(self.next, tickets)
        self.next += 1

    def take(self, holder: Any) -> None:
        place = holder.entry - 1
        holder.entry = 0
        self.holders[place] = None
        self._add(place, -self.sums[self.size + place])

    def tickets(self, holder: Any) -> int:
        place: int = holder.entry - 1
        return self.sums[self.size + place]

    def find(self, ticket: int) -> Any:
        """The holder of a ticket, counted from 0 through all places."""
        node = 1
        while node < self.size:
            node *= 2
            if ticket >= self.sums[node]:
                ticket -= self.sums[node]
                node += 1
        return self.holders[node - self.size]

    def all(self) -> list[Any]:
        return [holder for holder in self.holders if holder is not None]

    def _add(self, place: int, tickets: int) -> None:
        node = self.size + place
        while node:
            self.sums[node] += tickets
            node //= 2

    def _make_room(self) -> None:
        """Close the gaps, in a tree that is half empty then."""
        live = [(holder, self.tickets(holder)) for holder in self.all()]
        while self.size < 2 * len(live):
            self.size *= 2
        self.sums = [0] * (2 * self.size)
        self.holders = [None] * self.size
        self.next = 0
        for holder, tickets in live:
            self.put(holder, tickets)


class LotteryQueue(BaseQueue):
    """Draws come from the world's stream ``scheduler``. One who waits alone runs without a draw.

    Who gave the core back early holds, until it wins again, so many times more tickets as the
    quantum is longer than what it used, or else it would get less than its share (compensation
    tickets, section 4.5 of the paper).
    """

    __slots__ = ("_drum",)

    weighs = True

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self._drum = _Drum()

    def put(self, pcb: Entity, *, woken: bool) -> None:
        tickets = pcb.weight
        if woken:
            quantum = self.params.quantum
            used = max(pcb.sched or quantum, quantum // 100, 1)
            tickets = max(tickets * quantum // used, tickets)
        self._drum.put(pcb, tickets)
        self.count += 1
        pcb.runqueue = self

    def tickets(self, pcb: Entity) -> int:
        """What one who is queued holds in the next draw."""
        return self._drum.tickets(pcb)

    def pick(self) -> Any:
        if not self.count:
            return None
        drum = self._drum
        # Alone, it need not be drawn.
        draw = self.clock.stream("scheduler").below(drum.sums[1]) if self.count > 1 else 0
        winner = drum.find(draw)
        self.remove(winner)
        winner.sched = 0
        return winner

    def adopt(self, pcb: Entity) -> None:
        pcb.runqueue = self
        pcb.sched = 0

    def remove(self, pcb: Entity) -> None:
        self._drum.take(pcb)
        self.count -= 1

    def waiting(self) -> list[Any]:
        return self._drum.all()

    def slice(self, pcb: Entity) -> int:
        return self.params.quantum

    def charge(self, pcb: Entity, ran: int) -> None:
        """``sched`` is how much of its quantum it has used."""
        pcb.sched = (pcb.sched or 0) + ran

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        return (pcb.sched,)

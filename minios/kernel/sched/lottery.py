"""Lottery scheduling: a ticket is drawn, its holder runs (Waldspurger, Weihl 1994; OSTEP ch. 9).

Tickets are the weights of nice values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.kernel.sched.policy import BaseQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params


class LotteryQueue(BaseQueue):
    """Draws come from the world's stream ``scheduler``. One who waits alone runs without a draw.

    Who gave the core back early holds, until it wins again, so many times more tickets as the
    quantum is longer than what it used, or else it would get less than its share (compensation
    tickets, section 4.5 of the paper).
    """

    __slots__ = ("_holders", "_tickets")

    weighs = True

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self._holders: dict[int, tuple[Any, int]] = {}
        self._tickets = 0

    def put(self, pcb: Entity, *, woken: bool) -> None:
        quantum = self.params.quantum
        used = pcb.sched or quantum
        tickets = pcb.weight * quantum // max(used, quantum // 100, 1) if woken else pcb.weight
        tickets = max(tickets, pcb.weight)
        self._holders[pcb.pid] = (pcb, tickets)
        self._tickets += tickets
        self.count += 1
        pcb.entry = 1
        pcb.runqueue = self

    def pick(self) -> Any:
        if not self.count:
            return None
        if self.count == 1:
            winner = next(iter(self._holders.values()))[0]
        else:
            draw = self.clock.stream("scheduler").below(self._tickets)
            for winner, tickets in self._holders.values():  # noqa: B007
                draw -= tickets
                if draw < 0:
                    break
        self.remove(winner)
        winner.sched = 0
        return winner

    def adopt(self, pcb: Entity) -> None:
        pcb.runqueue = self
        pcb.sched = 0

    def remove(self, pcb: Entity) -> None:
        self._tickets -= self._holders.pop(pcb.pid)[1]
        self.count -= 1
        pcb.entry = 0

    def waiting(self) -> list[Any]:
        return [pcb for pcb, _ in self._holders.values()]

    def slice(self, pcb: Entity) -> int:
        return self.params.quantum

    def charge(self, pcb: Entity, ran: int) -> None:
        """``sched`` is how much of its quantum it has used."""
        pcb.sched = (pcb.sched or 0) + ran

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        return (pcb.sched,)

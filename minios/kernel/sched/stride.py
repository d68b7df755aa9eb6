"""Stride scheduling: a lottery without luck (Waldspurger and Weihl 1995; OSTEP ch. 9.6).

Everybody has a ``pass`` that grows with the CPU time it gets, the slower the more tickets it has,
and the least pass runs next. Tickets are the weights of nice values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.kernel.sched.heap import HeapQueue
from minios.kernel.sched.policy import NICE_0

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params


class StrideQueue(HeapQueue):
    """``vruntime`` is the pass: a stride a nanosecond, NICE_0 over tickets.

    The global pass moves as that of one client who held all tickets. Who leaves remembers what it
    is ahead or behind of it, in ns of service, and comes back with that (section 3.2 of the paper).
    """

    __slots__ = ("_passed", "_rest", "_tickets")

    weighs = True

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self._passed = 0
        self._rest = 0
        """What the division for the global pass left over."""
        self._tickets = 0
        """Of those queued."""

    def put(self, pcb: Entity, *, woken: bool) -> None:
        if pcb.sched is not None or pcb.runqueue is not self:
            self._join(pcb)
        self._tickets += pcb.weight
        self.push(pcb, pcb.vruntime)

    def pick(self) -> Any:
        pcb = super().pick()
        if pcb is not None:
            self._tickets -= pcb.weight
        return pcb

    def adopt(self, pcb: Entity) -> None:
        self._join(pcb)
        pcb.runqueue = self

    def remove(self, pcb: Entity) -> None:
        super().remove(pcb)
        self._tickets -= pcb.weight
        self._part(pcb)

    def _join(self, pcb: Entity) -> None:
        remain = pcb.sched or 0
        pcb.vruntime = self._passed + remain * NICE_0 // pcb.weight
        pcb.sched = None

    def _part(self, pcb: Entity) -> None:
        pcb.sched = (pcb.vruntime - self._passed) * pcb.weight // NICE_0

    def slice(self, pcb: Entity) -> int:
        return self.params.quantum

    def charge(self, pcb: Entity, ran: int) -> None:
        pcb.vruntime += ran * NICE_0 // pcb.weight
        tickets = self._tickets + pcb.weight
        grown, self._rest = divmod(ran * NICE_0 + self._rest, tickets)
        self._passed += grown

    def leave(self, pcb: Entity, ran: int) -> None:
        self.charge(pcb, ran)
        self._part(pcb)

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        return (pcb.sched,)

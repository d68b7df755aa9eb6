"""Manual scheduling: the player says who computes on which core.

A core belongs to one process at a time, which the player assigned to it (on the CPU pane, with
``assign``, or by writing to /proc/PID/sched_core). Who has no core waits.

Errands need nobody's leave, or the machine could not be used: a process that has run less than
``errand`` ns since it last slept goes before the one the core belongs to, in the order they come.
That is how shells, editors and short commands live while the long computations are the player's.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from minios.kernel.sched.policy import NEVER, BaseQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params


class ManualQueue(BaseQueue):
    """``sched`` is what a process has run since it last slept, in ns.

    ``count`` is never 0: an errand's slice ends even when nobody waits.
    """

    __slots__ = ("_errands", "_owner", "_parked")

    extra = 1
    eager = True

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self._errands: OrderedDict[int, Any] = OrderedDict()
        self._owner: Any = None
        """Whose the core is, while it could run and does not."""
        self._parked: OrderedDict[int, Any] = OrderedDict()
        """Who waits to be assigned a core."""
        self.count = self.extra

    def put(self, pcb: Entity, *, woken: bool) -> None:
        self.adopt(pcb)
        pcb.entry = 1
        if woken:
            pcb.sched = 0
        if pcb.assigned >= 0:
            self._owner = pcb
        elif pcb.sched < self.params.errand:
            self._errands[pcb.pid] = pcb
        else:
            self._parked[pcb.pid] = pcb
        self._recount()

    def pick(self) -> Any:
        if self._errands:
            pcb = self._errands.popitem(last=False)[1]
        else:
            pcb, self._owner = self._owner, None
        if pcb is not None:
            pcb.entry = 0
        self._recount()
        return pcb

    def adopt(self, pcb: Entity) -> None:
        pcb.runqueue = self
        if pcb.sched is None:
            pcb.sched = 0

    def remove(self, pcb: Entity) -> None:
        if self._owner is pcb:
            self._owner = None
        elif self._errands.pop(pcb.pid, None) is None:
            del self._parked[pcb.pid]
        pcb.entry = 0
        self._recount()

    def _recount(self) -> None:
        self.count = self.extra + len(self._errands) + (self._owner is not None)

    def steal(self, core: int) -> Any:
        for pcb in self._errands.values():
            if pcb.allowed >> core & 1:
                self.remove(pcb)
                return pcb
        return None

    def depth(self) -> int:
        return self.count - self.extra + len(self._parked)

    def waiting(self) -> list[Any]:
        owner = [self._owner] if self._owner is not None else []
        return [*self._errands.values(), *owner, *self._parked.values()]

    def slice(self, pcb: Entity) -> int:
        if pcb.assigned >= 0:
            return NEVER
        return max(self.params.errand - (pcb.sched or 0), 1)

    def charge(self, pcb: Entity, ran: int) -> None:
        pcb.sched = (pcb.sched or 0) + ran

    def preempts(self, woken: Entity, current: Entity) -> bool:
        return current.assigned >= 0 > woken.assigned

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        return (pcb.sched, pcb.assigned)

"""Fixed priorities with aging: the lowest nice value first, and waiting makes it lower.

Aging is the classic remedy for starvation (Silberschatz, Galvin, Gagne: *Operating System
Concepts*, ch. 5.3.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.kernel.sched.heap import HeapQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Entity


class PriorityQueue(HeapQueue):
    """Preemptive; equals take turns by the quantum.

    A process that has waited since ``t`` with nice value ``n`` is at ``n - (now - t) / aging`` now.
    All waiting ones gain at the same rate, so ``n * aging + t`` orders them for good and nothing
    has to be updated. Who got the core that way keeps what it gained until its quantum is over;
    thus one that has waited ``(n + 20) * aging`` comes before everybody who is queued after that.
    """

    __slots__ = ()

    weighs = True
    eager = True

    def put(self, pcb: Entity, *, woken: bool) -> None:
        if woken or pcb.sched is None:
            self._wait_from_now(pcb)
        self.push(pcb, self._key(pcb))

    def rotate(self, pcb: Entity, ran: int = 0) -> Any:
        self._wait_from_now(pcb)
        self.push(pcb, self._key(pcb))
        return self.pick()

    def adopt(self, pcb: Entity) -> None:
        pcb.runqueue = self
        self._wait_from_now(pcb)

    def _wait_from_now(self, pcb: Entity) -> None:
        pcb.sched = (self.clock.now, self._arrivals)

    def _key(self, pcb: Entity) -> tuple[int, int]:
        since, order = pcb.sched
        aging = self.params.aging
        return (pcb.nice * aging + since if aging else pcb.nice), order

    def slice(self, pcb: Entity) -> int:
        return self.params.quantum

    def preempts(self, woken: Entity, current: Entity) -> bool:
        return self._key(woken)[0] < self._key(current)[0]

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        return pcb.sched or ()

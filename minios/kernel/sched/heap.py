"""A queue in order of a key, for the policies whose next one is the least of something."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from minios.kernel.sched.policy import BaseQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params

_FEW = 64


class HeapQueue(BaseQueue):
    """Least key first, then order of arrival. What was removed stays until it surfaces."""

    __slots__ = ("_arrivals", "_heap")

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self._heap: list[tuple[Any, int, Any]] = []
        self._arrivals = 0

    def push(self, pcb: Entity, key: Any) -> None:
        """Queue one under a key."""
        self._arrivals += 1
        pcb.entry = self._arrivals
        pcb.runqueue = self
        self.count += 1
        if len(self._heap) > _FEW and len(self._heap) > 4 * self.count:
            self._heap = self._live()
            heapify(self._heap)
        heappush(self._heap, (key, self._arrivals, pcb))

    def pick(self) -> Any:
        heap = self._heap
        while heap:
            _, entry, pcb = heappop(heap)
            if pcb.entry == entry and pcb.runqueue is self:
                pcb.entry = 0
                self.count -= 1
                return pcb
        return None

    def remove(self, pcb: Entity) -> None:
        pcb.entry = 0
        self.count -= 1

    def _live(self) -> list[tuple[Any, int, Any]]:
        return [
            item for item in self._heap if item[2].entry == item[1] and item[2].runqueue is self
        ]

    def waiting(self) -> list[Any]:
        return [pcb for _, _, pcb in sorted(self._live(), key=lambda item: item[:2])]

    def steal(self, core: int) -> Any:
        for _, entry, pcb in self._heap:
            if pcb.entry == entry and pcb.runqueue is self and pcb.allowed >> core & 1:
                self.remove(pcb)
                return pcb
        return None

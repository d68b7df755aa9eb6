"""First in, first out: who has the core keeps it until it blocks (OSTEP ch. 7.3)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from minios.kernel.sched.policy import BaseQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params


class FifoQueue(BaseQueue):
    """One list. Nice values mean nothing, and nobody is preempted but by the real-time class."""

    __slots__ = ("_queue",)

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self._queue: OrderedDict[int, Any] = OrderedDict()

    def put(self, pcb: Entity, *, woken: bool) -> None:
        self._queue[pcb.pid] = pcb
        if pcb.runqueue is not self:
            pcb.runqueue = self
        elif not woken:
            self._queue.move_to_end(pcb.pid, last=False)  # its turn was not over
        pcb.entry = 1
        self.count += 1

    def pick(self) -> Any:
        if not self._queue:
            return None
        pcb = self._queue.popitem(last=False)[1]
        pcb.entry = 0
        self.count -= 1
        return pcb

    def rotate(self, pcb: Entity, ran: int = 0) -> Any:
        self._queue[pcb.pid] = pcb
        pcb.entry = 1
        following = self._queue.popitem(last=False)[1]
        following.entry = 0
        return following

    def remove(self, pcb: Entity) -> None:
        del self._queue[pcb.pid]
        pcb.entry = 0
        self.count -= 1

    def waiting(self) -> list[Any]:
        return list(self._queue.values())

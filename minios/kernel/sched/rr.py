"""Round robin: everybody gets one quantum in turn (OSTEP ch. 7)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.kernel.process import PCB


class RoundRobinQueue:
    """First in, first out. A process that wakes up goes to the end, like one whose quantum is over.

    Nice values mean nothing to it, and nobody is preempted before the quantum ends.
    """

    __slots__ = ("_queue", "count", "quantum")

    def __init__(self, quantum: int) -> None:
        self.quantum = quantum
        self.count = 0
        self._queue: OrderedDict[int, PCB] = OrderedDict()

    def put(self, pcb: PCB, *, woken: bool) -> None:
        self._queue[pcb.pid] = pcb
        pcb.runqueue = self
        pcb.entry = 1
        self.count += 1

    def pick(self) -> PCB | None:
        if not self._queue:
            return None
        pcb = self._queue.popitem(last=False)[1]
        pcb.entry = 0
        self.count -= 1
        return pcb

    def rotate(self, pcb: PCB) -> PCB:
        self._queue[pcb.pid] = pcb
        pcb.entry = 1
        following = self._queue.popitem(last=False)[1]
        following.entry = 0
        return following

    def remove(self, pcb: PCB) -> None:
        del self._queue[pcb.pid]
        pcb.entry = 0
        self.count -= 1

    def slice(self, pcb: PCB) -> int:
        return self.quantum

    def charge(self, pcb: PCB, ran: int) -> None:
        pass

    def preempts(self, woken: PCB, current: PCB) -> bool:
        return False

    def order(self) -> list[int]:
        return list(self._queue)

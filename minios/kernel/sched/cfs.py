"""The completely fair scheduler: least weighted CPU time runs next (sched-design-CFS, OSTEP ch. 9).

Each process carries a ``vruntime``: the CPU time it had, in ns, scaled by 1024 over its weight. A
latency is divided among those who want to run, by weight, but nobody gets less than a granularity.
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from minios.abi.flags import SCHED_IDLE
from minios.kernel.sched.heap import HeapQueue
from minios.kernel.sched.policy import NICE_0

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params


class CfsQueue(HeapQueue):
    """A queue by (vruntime, order of arrival): a heap, and a line of those who came in order.

    Equal weights come in order, as whoever ran has had most; so a switch among thousands of them
    costs what one among two does.

    Unless set, the quantum gives the scale: the latency is twice, the granularity a quarter of it,
    and a process that wakes up preempts if it is an eighth of it behind. SCHED_BATCH and SCHED_IDLE
    preempt nobody, and SCHED_IDLE is preempted by all others (sched(7)).
    """

    __slots__ = ("_line", "_weight", "granularity", "latency", "lead", "least")

    weighs = True

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self.latency = params.latency or 2 * params.quantum
        self.granularity = params.granularity or params.quantum // 4
        self.lead = params.wakeup or params.quantum // 8
        self.least = 0
        """A floor under every vruntime here; it only grows (``min_vruntime``)."""
        self._line: deque[tuple[int, int, Any]] = deque()
        self._weight = 0
        """Of those queued."""

    def put(self, pcb: Entity, *, woken: bool) -> None:
        if pcb.runqueue is not self:
            self.adopt(pcb)
        if woken:
            # Sleep earns a little credit, not all the time slept.
            pcb.vruntime = max(pcb.vruntime, self.least - self.latency // 2)
        self._arrivals += 1
        pcb.entry = self._arrivals
        self.count += 1
        self._weight += pcb.weight
        line, heap = self._line, self._heap
        if len(heap) + len(line) > 64 + 4 * self.count:
            live = self._live()
            line.clear()
            heap[:] = live
            heapify(heap)
        if not line or pcb.vruntime >= line[-1][0]:
            line.append((pcb.vruntime, self._arrivals, pcb))
        else:
            heappush(heap, (pcb.vruntime, self._arrivals, pcb))

    def adopt(self, pcb: Entity) -> None:
        # Another core's clock of fairness runs at another value: keep the lag, not the number.
        behind = pcb.vruntime - pcb.runqueue.least if isinstance(pcb.runqueue, CfsQueue) else 0
        pcb.vruntime = self.least + behind
        pcb.runqueue = self

    def pick(self) -> Any:
        line, heap = self._line, self._heap
        while line or heap:
            if not heap or (line and line[0] < heap[0]):
                vruntime, entry, pcb = line.popleft()
            else:
                vruntime, entry, pcb = heappop(heap)
            if pcb.entry == entry and pcb.runqueue is self:
                pcb.entry = 0
                self.count -= 1
                self._weight -= pcb.weight
                if vruntime > self.least:
                    self.least = vruntime
                return pcb
        return None

    def rotate(self, pcb: Entity, ran: int = 0) -> Any:
        # What charge, put and pick do, for the commonest switch.
        self._arrivals = pcb.entry = arrival = self._arrivals + 1
        line, heap = self._line, self._heap
        weight = pcb.weight
        vruntime = pcb.vruntime + (ran if weight == NICE_0 else ran * NICE_0 // weight)
        pcb.vruntime = vruntime
        if not line or vruntime >= line[-1][0]:
            line.append((vruntime, arrival, pcb))
        else:
            heappush(heap, (vruntime, arrival, pcb))
        while True:
            if not heap or (line and line[0] < heap[0]):
                vruntime, entry, following = line.popleft()
            else:
                vruntime, entry, following = heappop(heap)
            if following.entry == entry and following.runqueue is self:
                break
        following.entry = 0
        if following.weight != weight:
            self._weight += weight - following.weight
        if vruntime > self.least:
            self.least = vruntime
        return following

    def _live(self) -> list[tuple[Any, int, Any]]:
        items = (*self._heap, *self._line)
        return [item for item in items if item[2].entry == item[1] and item[2].runqueue is self]

    def steal(self, core: int) -> Any:
        pcb = super().steal(core)
        if pcb is not None:
            return pcb
        for _, entry, pcb in self._line:
            if pcb.entry == entry and pcb.runqueue is self and pcb.allowed >> core & 1:
                self.remove(pcb)
                return pcb
        return None

    def remove(self, pcb: Entity) -> None:
        pcb.entry = 0
        self.count -= 1
        self._weight -= pcb.weight

    def slice(self, pcb: Entity) -> int:
        weight = pcb.weight
        share = self.latency * weight // (self._weight + weight)
        return share if share > self.granularity else self.granularity

    def charge(self, pcb: Entity, ran: int) -> None:
        if pcb.weight == NICE_0:
            pcb.vruntime += ran
        else:
            pcb.vruntime += ran * NICE_0 // pcb.weight
        if not self.count and pcb.vruntime > self.least:
            self.least = pcb.vruntime  # alone, it is the clock of fairness

    leave = charge

    def yields(self, pcb: Entity) -> None:
        waiting = [heap[0][0] for heap in (self._heap, self._line) if heap]
        if waiting:
            pcb.vruntime = max(pcb.vruntime, min(waiting))

    def preempts(self, woken: Entity, current: Entity) -> bool:
        if woken.policy or current.policy:
            if current.policy == SCHED_IDLE != woken.policy:
                return True
            if woken.policy:
                return False
        return current.vruntime - woken.vruntime > self.lead

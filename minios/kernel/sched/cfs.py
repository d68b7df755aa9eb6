"""The completely fair scheduler: least weighted CPU time runs next (sched-design-CFS, OSTEP ch. 9).

Each process carries a ``vruntime``: the CPU time it had, in ns, scaled by 1024 over its weight. A
latency is divided among those who want to run, by weight, but nobody gets less than a granularity.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heappushpop
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.kernel.process import PCB

NICE_0 = 1024

WEIGHTS = (
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
    9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
    1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
    110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
)  # fmt: skip
"""Linux's ``sched_prio_to_weight``: nice -20 to 19, each step some 10 % of CPU."""


class CfsQueue:
    """A heap by (vruntime, order of arrival); what was removed stays in it until it surfaces.

    ``quantum`` sets the scale: the latency is twice, the granularity a quarter of it, and a process
    that wakes up preempts if it is an eighth of it behind.
    """

    __slots__ = (
        "_arrivals",
        "_heap",
        "_weight",
        "count",
        "granularity",
        "latency",
        "lead",
        "least",
    )

    def __init__(self, quantum: int) -> None:
        self.latency = 2 * quantum
        self.granularity = quantum // 4
        self.lead = quantum // 8
        self.least = 0
        """A floor under every vruntime here; it only grows (``min_vruntime``)."""
        self._heap: list[tuple[int, int, PCB]] = []
        self._arrivals = 0
        self.count = 0
        self._weight = 0

    def put(self, pcb: PCB, *, woken: bool) -> None:
        if pcb.runqueue is not self:
            # Another core's clock of fairness runs at another value: keep the lag, not the number.
            behind = pcb.vruntime - pcb.runqueue.least if pcb.runqueue is not None else 0
            pcb.vruntime = self.least + behind
            pcb.runqueue = self
        if woken:
            # Sleep earns a little credit, not all the time slept.
            pcb.vruntime = max(pcb.vruntime, self.least - self.latency // 2)
        self._arrivals += 1
        pcb.entry = self._arrivals
        self.count += 1
        self._weight += WEIGHTS[pcb.nice + 20]
        if len(self._heap) > 64 and len(self._heap) > 4 * self.count:
            self._heap = [item for item in self._heap if self._live(item)]
            heapify(self._heap)
        heappush(self._heap, (pcb.vruntime, self._arrivals, pcb))

    def pick(self) -> PCB | None:
        heap = self._heap
        while heap:
            vruntime, entry, pcb = heappop(heap)
            if pcb.entry == entry and pcb.runqueue is self:
                pcb.entry = 0
                self.count -= 1
                self._weight -= WEIGHTS[pcb.nice + 20]
                if vruntime > self.least:
                    self.least = vruntime
                return pcb
        return None

    def rotate(self, pcb: PCB) -> PCB:
        self._arrivals += 1
        pcb.entry = self._arrivals
        vruntime, entry, following = heappushpop(self._heap, (pcb.vruntime, self._arrivals, pcb))
        while following.entry != entry or following.runqueue is not self:
            vruntime, entry, following = heappop(self._heap)
        following.entry = 0
        if following.nice != pcb.nice:
            self._weight += WEIGHTS[pcb.nice + 20] - WEIGHTS[following.nice + 20]
        if vruntime > self.least:
            self.least = vruntime
        return following

    def _live(self, item: tuple[int, int, PCB]) -> bool:
        return item[2].entry == item[1] and item[2].runqueue is self

    def remove(self, pcb: PCB) -> None:
        pcb.entry = 0
        self.count -= 1
        self._weight -= WEIGHTS[pcb.nice + 20]

    def slice(self, pcb: PCB) -> int:
        weight = WEIGHTS[pcb.nice + 20]
        share = self.latency * weight // (self._weight + weight)
        return share if share > self.granularity else self.granularity

    def charge(self, pcb: PCB, ran: int) -> None:
        if pcb.nice == 0:
            pcb.vruntime += ran
        else:
            pcb.vruntime += ran * NICE_0 // WEIGHTS[pcb.nice + 20]

    def preempts(self, woken: PCB, current: PCB) -> bool:
        return current.vruntime - woken.vruntime > self.lead

    def order(self) -> list[int]:
        live = [item for item in self._heap if self._live(item)]
        return [pcb.pid for _, _, pcb in sorted(live, key=lambda item: item[:2])]

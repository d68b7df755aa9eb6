"""Round robin: everybody gets one quantum in turn (OSTEP ch. 7.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.sched.fifo import FifoQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Entity


class RoundRobinQueue(FifoQueue):
    """First in, first out, a quantum each.

    A process that wakes up goes to the end, like one whose quantum is over, and preempts nobody.
    """

    __slots__ = ()

    def slice(self, pcb: Entity) -> int:
        return self.params.quantum

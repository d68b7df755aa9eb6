"""Shortest time to completion first: SJF that preempts (OSTEP ch. 7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.sched.sjf import SjfQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Entity


class StcfQueue(SjfQueue):
    """Whoever arrives with less to do than what the running one has left takes the core.

    When the running one has used up what it was guessed to need, its guess grows, and the others
    are compared with it again.
    """

    __slots__ = ()

    eager = True

    def slice(self, pcb: Entity) -> int:
        return self.remaining(pcb)

    def preempts(self, woken: Entity, current: Entity) -> bool:
        return self.remaining(woken) < self.remaining(current)

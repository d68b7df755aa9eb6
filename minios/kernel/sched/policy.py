"""What the dispatcher asks of a scheduling policy: one run queue a core."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from minios.kernel.process import PCB


class RunQueue(Protocol):
    """The processes that could run on a core but do not. The running one is not in it."""

    count: int
    """How many there are."""

    def put(self, pcb: PCB, *, woken: bool) -> None:
        """Queue a process that was preempted, was moved here, or (``woken``) slept before."""

    def pick(self) -> PCB | None:
        """Take out the process that should run next."""

    def rotate(self, pcb: PCB) -> PCB:
        """``pcb`` ran here and its slice is over: queue it and take out who runs next."""

    def remove(self, pcb: PCB) -> None:
        """Take out this one, which is queued here."""

    def slice(self, pcb: PCB) -> int:
        """How long ``pcb`` may run while others wait, in ns."""

    def charge(self, pcb: PCB, ran: int) -> None:
        """``pcb`` has run for ``ran`` ns on this core since it was last charged."""

    def preempts(self, woken: PCB, current: PCB) -> bool:
        """Whether a process that woke up should take the core at once."""

    def order(self) -> list[int]:
        """The pids queued, in a canonical order, for the digest and the panes."""


MakeQueue = Callable[[int], RunQueue]
"""Makes a core's run queue from the quantum in ns."""

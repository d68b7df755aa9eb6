"""Shortest job first: who will be done soonest runs to its end (OSTEP ch. 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.kernel.sched.heap import HeapQueue

if TYPE_CHECKING:
    from minios.kernel.sched.policy import Clock, Entity, Params


class _Past:
    """``guess`` is what the next burst is thought to take; ``ran`` how much of it has been run."""

    __slots__ = ("guess", "ran")

    def __init__(self, guess: int) -> None:
        self.guess = guess
        self.ran = 0


class SjfQueue(HeapQueue):
    """Not preemptive. Equal ones run in the order they came.

    How long a burst (from a wake-up to the next sleep) takes is what the process declared, or else
    the exponential average of its past ones (Silberschatz, Galvin, Gagne: *Operating System
    Concepts*, ch. 5.3.2). Who has run longer than guessed is thought to need as long again.
    """

    __slots__ = ()

    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)

    def put(self, pcb: Entity, *, woken: bool) -> None:
        self.adopt(pcb)
        self.push(pcb, self.remaining(pcb))

    def adopt(self, pcb: Entity) -> None:
        pcb.runqueue = self
        if pcb.sched is None:
            pcb.sched = _Past(self.params.first_burst)

    def remaining(self, pcb: Entity) -> int:
        """What its burst is thought to take still, in ns."""
        past: _Past = pcb.sched
        guess = pcb.runtime or past.guess
        return guess - past.ran if past.ran < guess else past.ran

    def charge(self, pcb: Entity, ran: int) -> None:
        pcb.sched.ran += ran

    def leave(self, pcb: Entity, ran: int) -> None:
        past: _Past = pcb.sched
        burst = past.ran + ran
        alpha = self.params.alpha
        past.guess = (alpha * burst + (100 - alpha) * past.guess) // 100
        past.ran = 0

    def facts(self, pcb: Entity) -> tuple[Any, ...]:
        past: _Past | None = pcb.sched
        return (past.guess, past.ran) if past is not None else ()

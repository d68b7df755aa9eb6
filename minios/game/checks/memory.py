"""Resident memory, of processes or of a whole machine."""

from minios.game.checks.bound import Bound, Scene, kernel_of, selector
from minios.game.spec import MemoryCheck
from minios.sim.world import MARK_POWER, MARK_PROCESS

_POLL = 100_000_000
"""ns between looks: memory grows and shrinks without leaving a mark."""


class BoundMemory(Bound):
    """Looked at every 100 ms. On a machine without power nothing is used."""

    __slots__ = ("_scene", "_size", "_test", "_where")

    def __init__(self, check: MemoryCheck, scene: Scene) -> None:
        self.marks = MARK_PROCESS | MARK_POWER
        self.due = None
        self._scene = scene
        self._where = check.on
        self._size = check.size
        host = scene.hosts[check.on]
        self._test = selector(check.who, host) if check.who is not None else None

    def holds(self, now: int) -> bool:
        kernel = kernel_of(self._scene, self._where)
        if kernel is None:
            self.due = None
            return self._size.holds(0)
        self.due = now - now % _POLL + _POLL
        if self._test is None:
            return self._size.holds(kernel.ram_used)
        return self._size.holds(
            sum(pcb.rss for pcb in kernel.processes.values() if self._test(pcb))
        )

"""How many processes are there that match, in a state."""

from collections.abc import Callable

from minios.game.checks.bound import Bound, Scene, kernel_of, selector
from minios.game.checks.roster import Roster
from minios.game.spec import ProcessCheck
from minios.kernel.process import PCB
from minios.sim.world import MARK_POWER, MARK_PROCESS


def _alive(pcb: PCB) -> bool:
    return not pcb.zombie


STATES: dict[str, Callable[[PCB], bool]] = {
    "alive": _alive,
    "running": lambda pcb: pcb.state == "R",
    "sleeping": lambda pcb: pcb.state in ("S", "D"),
    "stopped": lambda pcb: pcb.state == "T",
    "zombie": lambda pcb: pcb.zombie,
}

_POLL = 10_000_000
"""ns between looks at whether something runs or sleeps, which changes too often to be marked."""


class BoundProcess(Bound):
    """On a machine without power there are no processes."""

    __slots__ = ("_count", "_matches", "_polled", "_roster", "_scene", "_state", "_where")

    def __init__(self, check: ProcessCheck, scene: Scene) -> None:
        self.marks = MARK_PROCESS | MARK_POWER
        self.due = None
        self._scene = scene
        self._where = check.on
        self._matches = selector(check.who, scene.hosts[check.on])
        self._state = STATES[check.state]
        self._polled = check.state in ("running", "sleeping")
        self._count = check.count
        # A user is changed by calls that nobody is told of, and so is a zombie's end.
        followed = check.state != "zombie" and not check.who.user
        self._roster = Roster(scene, check.on, self._matches) if followed else None

    def holds(self, now: int) -> bool:
        kernel = kernel_of(self._scene, self._where)
        self.due = now - now % _POLL + _POLL if self._polled and kernel is not None else None
        if kernel is None:
            return self._count.holds(0)
        state = self._state
        if self._roster is not None:
            living = self._roster.now()
            if state is _alive:
                return self._count.holds(len(living))
            return self._count.holds(sum(map(state, living)))
        return self._count.holds(
            sum(state(pcb) and self._matches(pcb) for pcb in kernel.processes.values())
        )

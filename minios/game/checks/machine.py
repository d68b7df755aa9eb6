"""A machine's power and its process table."""

from minios.game.checks.bound import Bound, Scene, kernel_of
from minios.game.spec import PidsFreeCheck, PowerCheck
from minios.sim.world import MARK_POWER, MARK_PROCESS


class BoundPower(Bound):
    """A machine that has halted is off."""

    __slots__ = ("_scene", "_up", "_where")

    def __init__(self, check: PowerCheck, scene: Scene) -> None:
        self.marks = MARK_POWER | MARK_PROCESS
        self.due = None
        self._scene = scene
        self._where = check.on
        self._up = check.up

    def holds(self, now: int) -> bool:
        return (kernel_of(self._scene, self._where) is not None) is self._up


class BoundPidsFree(Bound):
    """Pids that fork could still hand out; zombies hold theirs."""

    __slots__ = ("_count", "_scene", "_where")

    def __init__(self, check: PidsFreeCheck, scene: Scene) -> None:
        self.marks = MARK_PROCESS | MARK_POWER
        self.due = None
        self._scene = scene
        self._where = check.on
        self._count = check.count

    def holds(self, now: int) -> bool:
        kernel = kernel_of(self._scene, self._where)
        if kernel is None:
            return False
        return self._count.holds(kernel.machine.pid_max - 1 - len(kernel.processes))

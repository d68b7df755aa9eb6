"""The figures of the play itself: time, keys, commands, signals, collateral."""

from minios.game.checks.bound import MARK_GAME, Bound, Scene
from minios.game.spec import MetricCheck
from minios.sim.world import MARK_LINE


class BoundMetric(Bound):
    """Time passes by itself, so a bound on it says when it will be crossed."""

    __slots__ = ("_check", "_scene")

    def __init__(self, check: MetricCheck, scene: Scene) -> None:
        self.marks = MARK_GAME | MARK_LINE
        self.due = None
        self._check = check
        self._scene = scene

    def holds(self, now: int) -> bool:
        check = self._check
        figure = self._scene.metrics.figure(check.name)
        if check.name == "time":
            bounds = (check.value.at_least, check.value.at_most)
            ahead = [
                now + bound + late - figure
                for bound, late in zip(bounds, (0, 1), strict=True)
                if bound is not None and bound + late > figure
            ]
            self.due = min(ahead, default=None)
        return check.value.holds(figure)

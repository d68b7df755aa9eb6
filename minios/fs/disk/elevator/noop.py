"""noop: first come, first served."""

from minios.fs.disk.elevator.base import Elevator
from minios.fs.disk.request import Request


class Noop(Elevator):
    """Serves in the order of submission (Linux's ``noop``, later ``none``). Fair, and far to go."""

    name = "noop"

    def choose(self, at: int, now: int) -> Request:
        return next(iter(self.waiting.values()))

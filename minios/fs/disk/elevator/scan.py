"""SCAN: the elevator that gave the others their name."""

from typing import Any

from minios.fs.disk.drive import Drive
from minios.fs.disk.elevator.base import Elevator
from minios.fs.disk.request import Request


class Scan(Elevator):
    """Sweeps the arm up and down and serves what lies on the way (OSTEP ch. 37.5).

    It turns at the last request of a direction and does not travel on to the rim (LOOK).
    """

    name = "scan"

    def __init__(self, drive: Drive) -> None:
        super().__init__(drive)
        self.upwards = True

    def choose(self, at: int, now: int) -> Request:
        requests = self.waiting.values()
        ahead = [r for r in requests if (r.lba >= at if self.upwards else r.lba <= at)]
        if not ahead:
            self.upwards = not self.upwards
            ahead = list(requests)
        return min(ahead, key=lambda request: (abs(request.lba - at), request.seq))

    def state(self) -> Any:
        return (super().state(), self.upwards)

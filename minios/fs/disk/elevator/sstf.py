"""SSTF: shortest seek time first."""

from minios.fs.disk.elevator.base import Elevator
from minios.fs.disk.request import Request


class Sstf(Elevator):
    """Serves the request on the nearest track (OSTEP ch. 37.5).

    Ties go to the earlier sector distance, then to the earlier request. A steady stream of near
    requests starves the far ones: that is its lesson.
    """

    name = "sstf"

    def choose(self, at: int, now: int) -> Request:
        track = self.drive.track
        here = track(at)
        return min(
            self.waiting.values(),
            key=lambda request: (
                abs(track(request.lba) - here),
                abs(request.lba - at),
                request.seq,
            ),
        )

"""deadline: sectors in order, but nobody waits for ever."""

from typing import Any

from minios.fs.disk.drive import Drive
from minios.fs.disk.elevator.base import Elevator
from minios.fs.disk.request import Request

MILLISECOND = 1_000_000

READ_EXPIRE = 500 * MILLISECOND
WRITE_EXPIRE = 5_000 * MILLISECOND
FIFO_BATCH = 16
"""Requests served in order of sectors before the deadlines are looked at again."""
WRITES_STARVED = 2
"""How often reads go first while writes wait."""


class Deadline(Elevator):
    """Linux's deadline elevator (Documentation/block/deadline-iosched): batches of up to 16 in
    order of sectors, reads before writes; a request that is past its deadline begins the batch.
    """

    name = "deadline"

    def __init__(self, drive: Drive) -> None:
        super().__init__(drive)
        self.write = False
        """The direction of the current batch."""
        self.batch = 0
        """How much of the batch has been served."""
        self.starved = 0
        """How often reads were preferred to waiting writes."""
        self.position = 0
        """The sector after the one served last."""

    def added(self, request: Request, now: int) -> None:
        request.expires = now + (WRITE_EXPIRE if request.write else READ_EXPIRE)

    def choose(self, at: int, now: int) -> Request:
        reads: list[Request] = []
        writes: list[Request] = []
        for request in self.waiting.values():
            (writes if request.write else reads).append(request)
        following = self._next(writes if self.write else reads)
        if following is not None and self.batch < FIFO_BATCH:
            self.batch += 1
            return following
        if reads and not (writes and self.starved >= WRITES_STARVED):
            self.starved = self.starved + 1 if writes else 0
            self.write = False
            queue = reads
        else:
            self.starved = 0
            self.write = True
            queue = writes
        self.batch = 1
        oldest = min(queue, key=lambda request: (request.expires, request.seq))
        following = self._next(queue)
        if following is None or oldest.expires <= now:
            return oldest
        return following

    def _next(self, queue: list[Request]) -> Request | None:
        """The first at or after where the last one ended."""
        ahead = [request for request in queue if request.lba >= self.position]
        return min(ahead, key=lambda request: (request.lba, request.seq)) if ahead else None

    def removed(self, request: Request) -> None:
        self.position = request.end

    def state(self) -> Any:
        return (super().state(), self.write, self.batch, self.starved, self.position)

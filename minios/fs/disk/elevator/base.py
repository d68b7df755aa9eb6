"""What every elevator does: keep the waiting requests, and join neighbours."""

from __future__ import annotations

from typing import Any

from minios.fs.disk.drive import Drive
from minios.fs.disk.request import MAX_SECTORS, Request


class Elevator:
    """The requests that wait for one drive. A subclass says which is served next.

    ``waiting`` is in the order of submission. Two requests of one direction that touch become one
    of at most :data:`MAX_SECTORS`.
    """

    name = ""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.waiting: dict[int, Request] = {}
        self._starts: dict[tuple[bool, int], Request] = {}
        self._ends: dict[tuple[bool, int], Request] = {}

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, request: Request, now: int) -> bool:
        """Queue a request; whether it was merged into one that waited already."""
        found = self._ends.get((request.write, request.lba))
        if found is None:
            found = self._starts.get((request.write, request.end))
        if found is not None and found.count + request.count <= MAX_SECTORS:
            self._unindex(found)
            found.absorb(request)
            self._index(found)
            self.moved(found)
            return True
        self.waiting[request.seq] = request
        self._index(request)
        self.added(request, now)
        return False

    def take(self, at: int, now: int) -> Request | None:
        """Remove and return what is served next, with the arm at sector ``at``; None if idle."""
        if not self.waiting:
            return None
        request = self.choose(at, now)
        del self.waiting[request.seq]
        self._unindex(request)
        self.removed(request)
        return request

    def _index(self, request: Request) -> None:
        self._starts.setdefault((request.write, request.lba), request)
        self._ends.setdefault((request.write, request.end), request)

    def _unindex(self, request: Request) -> None:
        for table, at in ((self._starts, request.lba), (self._ends, request.end)):
            if table.get((request.write, at)) is request:
                del table[(request.write, at)]

    # -- what a subclass says ------------------------------------------------------------------

    def choose(self, at: int, now: int) -> Request:
        """One of ``waiting``, which is not empty."""
        raise NotImplementedError

    def added(self, request: Request, now: int) -> None:
        """A request was queued."""

    def moved(self, request: Request) -> None:
        """A waiting request grew by a merge, and may begin earlier now."""

    def removed(self, request: Request) -> None:
        """A request goes to the drive."""

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.name, [request.state() for request in self.waiting.values()])

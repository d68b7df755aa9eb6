"""A disk: a drive, the queue in front of it, and what it counts."""

from __future__ import annotations

from typing import Any, NamedTuple

from minios.fs.disk.drive import Drive, Ssd
from minios.fs.disk.elevator import Elevator
from minios.fs.disk.elevator import elevator as find
from minios.fs.disk.request import SECTOR, Request
from minios.sim.world import Timer, World


class DiskStats(NamedTuple):
    """The counters of /proc/diskstats; times are ns."""

    reads: int
    reads_merged: int
    sectors_read: int
    read_time: int
    writes: int
    writes_merged: int
    sectors_written: int
    write_time: int
    in_flight: int
    io_time: int
    """How long there was anything to do."""
    weighted_time: int
    """The same, times the number of requests there were."""


class Disk:
    """``name`` is the device's (``sda``), ``sectors`` its size. Only world events move it.

    :meth:`submit` queues a request; ``request.done`` is called when it is over. ``busy`` is what
    the drive does now.
    """

    def __init__(
        self,
        world: World,
        name: str,
        sectors: int,
        drive: Drive | None = None,
        elevator: str = "deadline",
    ) -> None:
        self.world = world
        self.name = name
        self.sectors = sectors
        self.drive: Drive = Ssd() if drive is None else drive
        self.elevator: Elevator = find(elevator)(self.drive)
        self.busy: Request | None = None
        self.head = 0
        """The sector under the head when it moved last."""
        self.seek_time = 0
        self.rotation_time = 0
        self.transfer_time = 0
        self._timer: Timer | None = None
        self._seq = 0
        self._counts = [0] * 8
        self._outstanding = 0
        self._io_time = 0
        self._weighted = 0
        self._since = world.now

    @property
    def size(self) -> int:
        """Bytes."""
        return self.sectors * SECTOR

    @property
    def finished(self) -> int:
        """Requests served since the power came on; each ends with an interrupt."""
        return self._counts[0] + self._counts[4]

    @property
    def outstanding(self) -> int:
        """Requests that wait or are being served; merged ones count once."""
        return self._outstanding

    # -- requests ------------------------------------------------------------------------------

    def submit(self, request: Request) -> None:
        """Queue a request. ValueError if it does not lie on the disk."""
        if request.lba < 0 or request.count <= 0 or request.end > self.sectors:
            raise ValueError(f"{self.name}: no sectors {request.lba}+{request.count}")
        now = self.world.now
        self._seq += 1
        request.seq = self._seq
        request.submitted = now
        device = request.device
        if self.elevator.add(request, now):
            self._counts[5 if request.write else 1] += 1
            if device is not None:
                device.merged(request)
            return
        self._account()
        self._outstanding += 1
        if self.busy is None:
            self._start()

    def _start(self) -> None:
        """Give the drive something to do."""
        now = self.world.now
        request = self.elevator.take(self.head, now)
        self.busy = request
        if request is None:
            return
        seek, rotation, transfer = self.drive.service(
            now, self.head, request.lba, request.count, request.write
        )
        self.seek_time += seek
        self.rotation_time += rotation
        self.transfer_time += transfer
        self._timer = self.world.timer(now + seek + rotation + transfer, self._finish)

    def _finish(self) -> None:
        request = self.busy
        assert request is not None
        self._account()
        self._outstanding -= 1
        self.head = request.end - 1
        now = self.world.now
        base = 4 if request.write else 0
        self._counts[base] += 1
        self._counts[base + 2] += request.count
        self._counts[base + 3] += sum(now - each.submitted for each in request.parts())
        self._start()
        for part in request.parts():
            if part.device is not None:
                part.device.finished(part, now)
            if part.done is not None:
                part.done(part)

    def switch(self, elevator: str) -> None:
        """Let another elevator go on with what waits. KeyError for an unknown name."""
        fresh = find(elevator)(self.drive)
        now = self.world.now
        for request in self.elevator.waiting.values():
            fresh.waiting[request.seq] = request
            fresh._index(request)
            fresh.added(request, now)
        self.elevator = fresh

    def power_off(self) -> None:
        """Everything queued is lost, what the drive was at too; nobody is told."""
        self._account()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.busy = None
        self._outstanding = 0
        self.elevator = type(self.elevator)(self.drive)
        self.head = 0

    # -- figures -------------------------------------------------------------------------------

    def _account(self) -> None:
        now = self.world.now
        if self._outstanding:
            passed = now - self._since
            self._io_time += passed
            self._weighted += passed * self._outstanding
        self._since = now

    def stats(self) -> DiskStats:
        """The counters up to now, computed without changing anything."""
        passed = self.world.now - self._since if self._outstanding else 0
        return DiskStats._make(
            (
                *self._counts,
                self._outstanding,
                self._io_time + passed,
                self._weighted + passed * self._outstanding,
            )
        )

    def reset_stats(self) -> None:
        """Count from zero, as after a boot."""
        self._counts = [0] * 8
        self._io_time = self._weighted = 0
        self._since = self.world.now
        self.seek_time = self.rotation_time = self.transfer_time = 0

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.name, self.sectors, self.head, self._seq, tuple(self.stats()),
            self.busy.state() if self.busy is not None else None, self.elevator.state(),
        )  # fmt: skip

    def check(self) -> None:
        """The invariants of the queue; AssertionError says which is broken (for tests)."""
        waiting = self.elevator.waiting
        assert self._outstanding == len(waiting) + (self.busy is not None)
        assert self.busy is not None or not waiting, "work waits and the drive is idle"
        assert self.busy is None or self.busy.seq not in waiting, "served twice"
        assert all(seq == request.seq for seq, request in waiting.items())

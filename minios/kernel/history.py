"""What the counters were: an activity record every five seconds, as sysstat's sadc keeps it.

No timer wakes up for it. A record is taken when, for the first time after a boundary, the number of
runnable processes changes; until then that number was constant, so what the cores did up to the
boundary follows from what they have done now. An idle machine takes no records, and says so when
asked: between two records everything was even.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from minios.kernel.load import SAMPLE

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

KEPT = 720
"""Records kept: of an hour without rest, of more with."""


class Record:
    """Counters ``at`` some ns since boot. CPU times are ns of all cores, memory is in pages."""

    __slots__ = ("at", "disks", "nice", "rest", "system", "user")

    def __init__(
        self,
        at: int,
        user: int,
        nice: int,
        system: int,
        rest: tuple[int, ...],
        disks: tuple[tuple[str, tuple[int, ...]], ...],
    ) -> None:
        self.at = at
        self.user = user
        self.nice = nice
        self.system = system
        self.rest = rest
        """iowait; pages in all, free, available, cached, dirty, promised; processes, switches,
        forks."""
        self.disks = disks
        """The name of each disk and its counters (DiskStats)."""


class History:
    """The records of one boot."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.records: deque[Record] = deque(maxlen=KEPT)
        kernel.load.observer = self.observe
        kernel.parts["history"] = self.state

    def observe(self, now: int, active: int) -> None:
        """The number of runnable processes changes at ``now`` from ``active``, for the first time
        since a boundary was passed.
        """
        kernel = self.kernel
        current = self.current(now)
        since = now - kernel.boot_time
        last = self.records[-1].at if self.records else 0
        first = (last // SAMPLE + 1) * SAMPLE
        final = since // SAMPLE * SAMPLE
        for boundary in dict.fromkeys((first, final)):
            if last < boundary <= since:
                self.records.append(self._back(current, boundary, active))

    def _back(self, current: Record, at: int, active: int) -> Record:
        """What ``current`` was ``at`` an earlier time, with ``active`` processes running since."""
        busy = min(active - self.kernel.iowait.blocked, len(self.kernel.cores)) * (current.at - at)
        floor = self.records[-1] if self.records else None
        values = []
        least = (floor.user, floor.nice, floor.system) if floor is not None else (0, 0, 0)
        for value, low in zip((current.user, current.nice, current.system), least, strict=True):
            part = min(busy, max(0, value - low))
            values.append(value - part)
            busy -= part
        user, nice, system = values
        return Record(at, user, nice, system, current.rest, current.disks)

    def current(self, now: int) -> Record:
        """The counters now, computed without changing anything."""
        kernel = self.kernel
        user = nice = 0
        for pcb in kernel.processes.values():
            own, _ = kernel.cpu_time(pcb)
            user += pcb.cutime
            if pcb.nice > 0:
                nice += own
            else:
                user += own
        busy = sum(core.busy(now) for core in kernel.cores)
        user = min(user, busy)
        nice = min(nice, busy - user)
        mm, cache = kernel.mm, kernel.cache
        free = mm.frames.free
        cached = cache.pages if cache is not None else 0
        dirty = cache.dirty + cache.writing if cache is not None else 0
        disks = tuple((disk.name, tuple(disk.stats())) for disk in kernel.machine.disks)
        rest = (
            sum(kernel.iowait.times()), mm.frames.count, free, free + cached - dirty, cached,
            dirty, mm.committed, len(kernel.processes),
            sum(core.switches for core in kernel.cores), kernel.forks,
        )  # fmt: skip
        at = now - kernel.boot_time
        return Record(at, user, nice, busy - user - nice, rest, disks)

    def text(self) -> bytes:
        """/proc/sysstat: a line a record, the last one of now. Times are ms, sizes KiB."""
        lines = [_line(record) for record in (*self.records, self.current(self.kernel.world.now))]
        return b"".join(lines)

    def state(self) -> Any:
        """Plain data for the digest."""
        return [(r.at, r.user, r.nice, r.system, r.rest, r.disks) for r in self.records]


def _line(record: Record) -> bytes:
    ms = 1_000_000
    iowait, *pages = record.rest[:7]
    numbers = [time // ms for time in (record.at, record.user, record.nice, record.system, iowait)]
    numbers += [count * 4 for count in pages]
    numbers += record.rest[7:]
    line = b" ".join(b"%d" % number for number in numbers)
    for name, figures in record.disks:
        reads, _, sectors_read, _, writes, _, sectors_written, _, _, io, weighted = figures
        row = (
            name.encode(),
            reads,
            writes,
            sectors_read,
            sectors_written,
            io // ms,
            weighted // ms,
        )
        line += b" %b %d %d %d %d %d %d" % row
    return line + b"\n"

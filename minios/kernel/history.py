"""What the counters were: an activity record every five seconds, as sysstat's sadc keeps it.

No timer wakes up for it. A record is taken when, for the first time after a boundary, the number of
runnable processes changes; until then that number was constant, so what the cores did up to the
boundary follows from what they have done now. An idle machine takes no records, and says so when
asked: between two records everything was even.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.kernel.load import SAMPLE

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

KEPT = 720
"""Records kept: of an hour without rest, of more with."""


class Record(NamedTuple):
    """Counters ``at`` some ns since boot. CPU times are ns of all cores, memory is in pages."""

    at: int
    user: int
    nice: int
    system: int
    iowait: int
    total: int
    free: int
    available: int
    cached: int
    dirty: int
    committed: int
    processes: int
    switches: int
    forks: int
    disks: tuple[tuple[str, tuple[int, ...]], ...]


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
        return current._replace(at=at, user=user, nice=nice, system=system)

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
        return Record(
            now - kernel.boot_time, user, nice, busy - user - nice,
            sum(kernel.iowait.times()), mm.frames.count, free,
            free + cached - dirty, cached, dirty, mm.committed, len(kernel.processes),
            sum(core.switches for core in kernel.cores), kernel.forks, disks,
        )  # fmt: skip

    def text(self) -> bytes:
        """/proc/sysstat: a line a record, the last one of now. Times are ms, sizes KiB."""
        lines = [_line(record) for record in (*self.records, self.current(self.kernel.world.now))]
        return b"".join(lines)

    def state(self) -> Any:
        """Plain data for the digest."""
        return [tuple(record) for record in self.records]


def _line(record: Record) -> bytes:
    ms = 1_000_000
    numbers = [
        record.at // ms, record.user // ms, record.nice // ms, record.system // ms,
        record.iowait // ms,
        record.total * 4, record.free * 4, record.available * 4, record.cached * 4,
        record.dirty * 4, record.committed * 4, record.processes, record.switches, record.forks,
    ]  # fmt: skip
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

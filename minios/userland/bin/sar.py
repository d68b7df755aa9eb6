"""sar(1) (sysstat 12.6): activity since boot from the kernel's records, or from now on."""

from typing import NamedTuple

from minios.userland.lib.calendar import strftime
from minios.userland.lib.fixed import fixed
from minios.userland.lib.procfiles import boot_time
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file
from minios.userland.lib.sysstat import SECOND, banner, cpus

USAGE = """
Usage: sar [ options ] [ <interval> [ <count> ] ]
Main options and reports (report name between square brackets):
\t-b\tI/O and transfer rate statistics [A_IO]
\t-d\tBlock devices statistics [A_DISK]
\t-r\tMemory utilization statistics [A_MEMORY]
\t-u\tCPU utilization statistics [A_CPU]
\t-w\tTask creation and system switching statistics [A_PCSW]
\t-i N\tWithout an interval: a line for each N seconds (10)
\t-s HH:MM:SS, -e HH:MM:SS\tFrom and to when
"""

HISTORY = b"/proc/sysstat"
_STEP = 10
_DISK = 7
"""Fields of a disk in a record."""


class Record(NamedTuple):
    """A line of /proc/sysstat: times in ms, sizes in KiB."""

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
    disks: dict[bytes, tuple[int, ...]]


def parse(line: bytes) -> Record:
    """A record from its line."""
    fields = line.split()
    numbers = [int(field) for field in fields[:14]]
    disks = {}
    for at in range(14, len(fields), _DISK):
        disks[fields[at]] = tuple(int(field) for field in fields[at + 1 : at + _DISK])
    return Record(*numbers, disks)  # type: ignore[call-arg,arg-type]


def between(one: Record, two: Record, at: int) -> Record:
    """What the counters were ``at`` a time between two records, things having gone evenly."""
    span = two.at - one.at
    if span <= 0 or at >= two.at:
        return two

    def mix(a: int, b: int) -> int:
        return a + (b - a) * (at - one.at) // span

    numbers = [mix(a, b) for a, b in zip(one[1:14], two[1:14], strict=True)]
    disks = {
        name: tuple(map(mix, one.disks.get(name, (0,) * 6), figures))
        for name, figures in two.disks.items()
    }
    return Record(at, *numbers, disks)  # type: ignore[call-arg,arg-type]


@program(USAGE, "bdi:e:rs:uw", ("interval:=i", "help", "version"))
async def sar(tool: Tool) -> int:
    """Report system activity."""
    sys = tool.sys
    numbers = []
    for operand in tool.operands:
        if not operand.isdigit():
            raise Failure(USAGE.strip().encode())
        numbers.append(int(operand))
    if len(numbers) > 2 or 0 in numbers:
        raise Failure(USAGE.strip().encode())
    report = _Report(tool, len(await cpus(sys)) - 1)
    tool.out.put(await banner(sys))
    report.boot = await boot_time(sys) * SECOND
    if numbers:
        return await _live(tool, report, numbers[0], numbers[1] if len(numbers) > 1 else None)
    records = [parse(line) for line in (await read_file(sys, HISTORY, 1 << 18)).splitlines()]
    start = Record(*([0] * 14), {})  # type: ignore[call-arg,arg-type]
    step = int(tool.options.last("i") or _STEP) * 1000
    tool.out.put(b"\n%b     LINUX RESTART\t(%d CPU)\n" % (report.clock(0), report.cores))
    report.head(0)
    known = [start._replace(total=records[0].total, free=records[0].free), *records]
    low, high = _when(tool, "s"), _when(tool, "e")
    previous = known[0]
    index = 1
    at = step
    first: Record | None = None
    while at <= records[-1].at:
        while known[index].at < at:
            index += 1
        current = between(known[index - 1], known[index], at)
        stamp = report.clock(at)
        if (low is None or stamp > low) and (high is None or stamp <= high):
            first = previous if first is None else first
            report.line(stamp, previous, current)
            last = current
        previous = current
        at += step
    if first is not None:
        report.line(b"Average:", first, last)
    return 0


def _when(tool: Tool, option: str) -> bytes | None:
    text = tool.options.last(option)
    if text is not None and (len(text) != 8 or text[2:3] != b":" or text[5:6] != b":"):
        raise Failure(USAGE.strip().encode())
    return text


async def _live(tool: Tool, report: "_Report", interval: int, count: int | None) -> int:
    sys = tool.sys

    async def look() -> Record:
        return parse((await read_file(sys, HISTORY, 1 << 18)).splitlines()[-1])

    first = previous = await look()
    report.head(first.at)
    done = 0
    while count is None or done < count:
        await tool.out.flush()
        await sys.nanosleep(interval * SECOND)
        current = await look()
        report.line(report.clock(current.at), previous, current)
        previous = current
        done += 1
    report.line(b"Average:", first, previous)
    return 0


class _Report:
    """The columns of one report."""

    def __init__(self, tool: Tool, cores: int) -> None:
        self.tool = tool
        self.cores = cores
        self.boot = 0
        kinds = [flag for flag, _ in tool.options.flags if flag in "bdruw"]
        self.kind = kinds[-1] if kinds else "u"

    def clock(self, at: int) -> bytes:
        return strftime(b"%H:%M:%S", self.boot + at * 1_000_000)

    def head(self, at: int) -> None:
        """The line over the columns."""
        names = {
            "u": b"     CPU     %user     %nice   %system   %iowait    %steal     %idle",
            "r": b" kbmemfree   kbavail kbmemused  %memused kbbuffers  kbcached  kbcommit   %commit"
            b"  kbactive   kbinact   kbdirty",
            "b": b"       tps      rtps      wtps      dtps   bread/s   bwrtn/s   bdscd/s",
            "d": b"       DEV       tps     rkB/s     wkB/s     dkB/s   areq-sz    aqu-sz     await"
            b"     %util",
            "w": b"    proc/s   cswch/s",
        }
        self.tool.out.put(b"\n%-11b" % self.clock(at), names[self.kind], b"\n")

    def line(self, stamp: bytes, old: Record, new: Record) -> None:
        """What happened between two records."""
        put = self.tool.out.put
        ms = max(new.at - old.at, 1)
        for values in self.values(old, new, ms):
            put(b"%-11b" % stamp, values, b"\n")

    def values(self, old: Record, new: Record, ms: int) -> list[bytes]:
        def rate(amount: int, per: int = 1) -> bytes:
            return fixed(amount * 1000, ms * per, 2, 10)

        match self.kind:
            case "u":
                total = ms * self.cores
                parts = [a - b for a, b in zip(new[1:5], old[1:5], strict=True)]
                shares = (*parts, 0, max(total - sum(parts), 0))
                return [b"     all" + b"".join(fixed(s * 100, total, 2, 10) for s in shares)]
            case "r":
                taken = new.total - new.free
                used = taken - new.cached
                return [
                    b" %9d %9d %9d" % (new.free, new.available, used)
                    + fixed(used * 100, new.total, 2, 10)
                    + b" %9d %9d %9d" % (0, new.cached, new.committed)
                    + fixed(new.committed * 100, new.total, 2, 10)
                    + b" %9d %9d %9d" % (taken, 0, new.dirty)
                ]
            case "w":
                return [rate(new.forks - old.forks) + rate(new.switches - old.switches)]
        changes = {
            name: [a - b for a, b in zip(figures, old.disks.get(name, (0,) * 6), strict=True)]
            for name, figures in new.disks.items()
        }
        if self.kind == "b":
            sums = [sum(change[at] for change in changes.values()) for at in range(4)]
            reads, writes, sectors_read, sectors_written = sums
            figures = (reads + writes, reads, writes, 0, sectors_read, sectors_written, 0)
            return [b"".join(rate(figure) for figure in figures)]
        return [b"%10b" % name + _disk(change, ms) for name, change in changes.items()]


def _disk(change: list[int], ms: int) -> bytes:
    reads, writes, sectors_read, sectors_written, io, weighted = change
    count = reads + writes
    return (
        fixed(count * 1000, ms, 2, 10)
        + fixed(sectors_read * 500, ms, 2, 10)
        + fixed(sectors_written * 500, ms, 2, 10)
        + fixed(0, 1, 2, 10)
        + fixed(sectors_read + sectors_written, count * 2, 2, 10)
        + fixed(weighted, ms, 2, 10)
        + fixed(weighted, count, 2, 10)
        + fixed(io * 100, ms, 2, 10)
    )

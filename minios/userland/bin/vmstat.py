"""vmstat (procps-ng 4.0.2): processes, memory, swap, disks and CPU over time."""

from typing import NamedTuple

from minios.abi.sys import Sys
from minios.userland.bin.uptime import usage
from minios.userland.lib.calendar import strftime
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.proc import meminfo
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file
from minios.userland.lib.sysstat import DiskLine, disks

USAGE = """
Usage:
 vmstat [options] [delay [count]]

Options:
 -a, --active           active and inactive memory
 -f, --forks            how many processes were made since boot
 -n, --one-header       print the header only once
 -s, --stats            everything that is counted
 -d, --disk             what the disks did
 -D, --disk-sum         the sum of that
 -S, --unit <char>      units of memory: k, K, m or M
 -w, --wide             wider columns
 -t, --timestamp        the time in each line
 -y, --no-first         without the line of averages since boot

 -h, --help     show this and exit
 -V, --version  show the version and exit

For more details see vmstat(8).
"""

NS = 1_000_000_000
HZ = 100
PAGE_KIB = 4
_UNITS = {b"k": 1000, b"K": 1024, b"m": 1_000_000, b"M": 1 << 20}
_LINES = 22
"""Lines after which the header comes again, unless the terminal says otherwise."""

_LONG = (
    "active=a", "forks=f", "one-header=n", "stats=s", "disk=d", "disk-sum=D", "unit:=S", "wide=w",
    "timestamp=t", "no-first=y", "help=h", "version=V",
)  # fmt: skip


class Sample(NamedTuple):
    """Counters at one moment, in ticks, KiB and pages."""

    user: int
    system: int
    idle: int
    iowait: int
    steal: int
    switches: int
    interrupts: int
    running: int
    blocked: int
    forks: int
    btime: int
    nice: int
    irq: int
    softirq: int
    pgin: int
    pgout: int
    swapin: int
    swapout: int


async def _pairs(sys: Sys, path: bytes) -> dict[bytes, list[bytes]]:
    found = {}
    for line in (await read_file(sys, path, 1 << 18)).splitlines():
        words = line.split()
        if words:
            found[words[0]] = words[1:]
    return found


async def sample(sys: Sys) -> Sample:
    """What /proc/stat and /proc/vmstat say now."""
    stat = await _pairs(sys, b"/proc/stat")
    events = await _pairs(sys, b"/proc/vmstat")

    def one(table: dict[bytes, list[bytes]], name: bytes) -> int:
        words = table.get(name)
        return int(words[0]) if words else 0

    cpu = [int(word) for word in stat.get(b"cpu", [])] + [0] * 8
    user, nice, system, idle, iowait, irq, softirq, steal = cpu[:8]
    return Sample(
        user + nice, system + irq + softirq, idle, iowait, steal, one(stat, b"ctxt"),
        one(stat, b"intr"), max(one(stat, b"procs_running") - 1, 0), one(stat, b"procs_blocked"),
        one(stat, b"processes"), one(stat, b"btime"), nice, irq, softirq,
        one(events, b"pgpgin"), one(events, b"pgpgout"), one(events, b"pswpin"),
        one(events, b"pswpout"),
    )  # fmt: skip


class Report:
    """The table: what a line shows, and how wide."""

    def __init__(self, options: Parsed, unit: int, zone: bytes) -> None:
        self.active = "a" in options
        self.wide = "w" in options
        self.stamp = "t" in options
        self.unit = unit
        self.zone = zone

    def header(self) -> list[bytes]:
        """The two lines above the columns."""
        third, fourth = (b"inact", b"active") if self.active else (b"buff", b"cache")
        if self.wide:
            first = (
                b"--procs-- -----------------------memory---------------------- ---swap-- "
                b"-----io---- -system-- ----------cpu----------"
            )
            second = (
                b"   r    b         swpd         free %12b %12b   si   so    bi    bo   in   cs"
                b"  us  sy  id  wa  st  gu" % (third, fourth)
            )
        else:
            first = (
                b"procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----"
            )
            second = (
                b" r  b   swpd   free %6b %6b   si   so    bi    bo   in   cs us sy id wa st"
                % (third, fourth)
            )
        if self.stamp:
            first += b" -----timestamp-----"
            second += b" %19b" % self.zone
        return [first, second]

    def line(
        self, memory: dict[bytes, int], now: Sample, rates: tuple[int, ...], shares: tuple[int, ...]
    ) -> bytes:
        """A line of figures; ``rates`` are si so bi bo in cs, ``shares`` us sy id wa st."""

        def size(kib: int) -> int:
            return kib * 1024 // self.unit

        swapped = memory.get(b"SwapTotal", 0) - memory.get(b"SwapFree", 0)
        if self.active:
            third, fourth = memory.get(b"Inactive", 0), memory.get(b"Active", 0)
        else:
            third = memory.get(b"Buffers", 0)
            fourth = memory.get(b"Cached", 0) + memory.get(b"SReclaimable", 0)
        sizes = (size(swapped), size(memory.get(b"MemFree", 0)), size(third), size(fourth))
        rates = (size(rates[0]), size(rates[1]), *rates[2:])
        if self.wide:
            return (
                b"%4d %4d " % (now.running, now.blocked)
                + b"%12d %12d %12d %12d " % sizes
                + b"%4d %4d %5d %5d %4d %4d " % rates
                + b"%3d %3d %3d %3d %3d   0" % shares
            )
        return (
            b"%2d %2d " % (now.running, now.blocked)
            + b"%6d %6d %6d %6d " % sizes
            + b"%4d %4d %5d %5d %4d %4d " % rates
            + b"%2d %2d %2d %2d %2d" % shares
        )


def _shares(now: Sample, old: Sample | None) -> tuple[tuple[int, ...], int]:
    """Percent of user, system, idle, iowait and steal time, and the ticks they are of."""
    parts = list(now[:5])
    if old is not None:
        parts = [max(new - was, 0) for new, was in zip(parts, old[:5], strict=True)]
    total = sum(parts) or 1
    return tuple((100 * part + total // 2) // total for part in parts), total


def _rates(now: Sample, old: Sample | None, ticks: int, ns: int) -> tuple[int, ...]:
    counters = (
        now.swapin * PAGE_KIB, now.swapout * PAGE_KIB, now.pgin, now.pgout, now.interrupts,
        now.switches,
    )  # fmt: skip
    if old is None:
        return tuple((count * HZ + ticks // 2) // ticks for count in counters)
    before = (
        old.swapin * PAGE_KIB, old.swapout * PAGE_KIB, old.pgin, old.pgout, old.interrupts,
        old.switches,
    )  # fmt: skip
    return tuple(
        (max(count - was, 0) * NS + ns // 2) // ns
        for count, was in zip(counters, before, strict=True)
    )


@program(USAGE)
async def vmstat(tool: Tool) -> int:
    """vmstat(8)."""
    try:
        options = parse(tool.argv[1:], "afnsdDS:wtyhV", _LONG)
    except UsageError as err:
        return await usage(tool, USAGE, str(err))
    if "h" in options:
        await tool.line(b"\n" + USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"vmstat from procps-ng 4.0.2")
        return 0
    unit = 1024
    for name in options.every("S"):
        if name[:1] not in _UNITS:
            raise Failure(b"-S requires k, K, m or M (default is KiB)")
        unit = _UNITS[name[:1]]
    delay, count = _schedule(options)
    if "f" in options:
        await tool.line(b"%13d forks" % (await sample(tool.sys)).forks)
    elif "s" in options:
        await _everything(tool, unit)
    elif "d" in options:
        await _disks(tool, delay, count, "n" in options)
    elif "D" in options:
        await _disk_sum(tool)
    else:
        await _watch(tool, options, unit, delay, count)
    return 0


def _schedule(options: Parsed) -> tuple[int, int]:
    """Seconds between two lines, and how many; 0 is without end."""
    numbers = []
    for word in options.operands[:2]:
        if not word.isdigit() or len(word) > 9:
            raise Failure(b"failed to parse argument: '" + word + b"'")
        numbers.append(int(word))
    if len(options.operands) > 2:
        raise Failure(b"", hint=True)
    if not numbers:
        return 1, 1
    if not numbers[0]:
        raise Failure(b"delay must be positive integer")
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


async def _height(tool: Tool) -> int:
    try:
        rows = (await tool.sys.winsize(1)).rows
    except OSError:
        return _LINES
    return max(rows - 3, 5)


async def _watch(tool: Tool, options: Parsed, unit: int, delay: int, count: int) -> None:
    sys = tool.sys
    report = Report(options, unit, b"UTC")
    height = await _height(tool)
    old: Sample | None = None
    if "y" in options:
        old = await sample(sys)
        await sys.nanosleep(delay * NS)
    lines = 0
    while True:
        now = await sample(sys)
        if lines == 0 or (lines % height == 0 and "n" not in options):
            for head in report.header():
                await tool.line(head)
        shares, ticks = _shares(now, old)
        rates = _rates(now, old, ticks, delay * NS)
        text = report.line(await meminfo(sys), now, rates, shares)
        if report.stamp:
            text += b" " + strftime(b"%Y-%m-%d %H:%M:%S", await sys.clock_gettime())
        await tool.line(text)
        lines += 1
        old = now
        if count and lines >= count:
            return
        await tool.out.flush()
        await sys.nanosleep(delay * NS)


async def _everything(tool: Tool, unit: int) -> None:
    memory, now = await meminfo(tool.sys), await sample(tool.sys)

    def kib(name: bytes) -> int:
        return memory.get(name, 0) * 1024 // unit

    letter = next(name for name, size in _UNITS.items() if size == unit)
    swap, swap_free = kib(b"SwapTotal"), kib(b"SwapFree")
    available = kib(b"MemAvailable") or kib(b"MemFree")
    cache = kib(b"Cached") + kib(b"SReclaimable")
    rows: list[tuple[int, bytes]] = [
        (kib(b"MemTotal"), letter + b" total memory"),
        (kib(b"MemTotal") - available, letter + b" used memory"),
        (kib(b"Active"), letter + b" active memory"),
        (kib(b"Inactive"), letter + b" inactive memory"),
        (kib(b"MemFree"), letter + b" free memory"),
        (kib(b"Buffers"), letter + b" buffer memory"),
        (cache, letter + b" swap cache"),
        (swap, letter + b" total swap"),
        (swap - swap_free, letter + b" used swap"),
        (swap_free, letter + b" free swap"),
        (now.user - now.nice, b"non-nice user cpu ticks"),
        (now.nice, b"nice user cpu ticks"),
        (now.system - now.irq - now.softirq, b"system cpu ticks"),
        (now.idle, b"idle cpu ticks"),
        (now.iowait, b"IO-wait cpu ticks"),
        (now.irq, b"IRQ cpu ticks"),
        (now.softirq, b"softirq cpu ticks"),
        (now.steal, b"stolen cpu ticks"),
        (0, b"non-nice guest cpu ticks"),
        (0, b"nice guest cpu ticks"),
        (now.pgin, b"K paged in"),
        (now.pgout, b"K paged out"),
        (now.swapin, b"pages swapped in"),
        (now.swapout, b"pages swapped out"),
        (now.interrupts, b"interrupts"),
        (now.switches, b"CPU context switches"),
        (now.btime, b"boot time"),
        (now.forks, b"forks"),
    ]
    for value, name in rows:
        await tool.line(b"%13d %b" % (value, name))


async def _disks(tool: Tool, delay: int, count: int, once: bool) -> None:
    height = await _height(tool)
    lines = rounds = 0
    while True:
        for name, disk in (await disks(tool.sys)).items():
            if name[-1:].isdigit():
                continue
            if lines % height == 0 and (lines == 0 or not once):
                await tool.line(
                    b"disk- ------------reads------------ "
                    b"------------writes----------- -----IO------"
                )
                await tool.line(
                    b"       total merged sectors      ms  "
                    b"total merged sectors      ms    cur    sec"
                )
            await tool.line(
                b"%-5b %6d %6d %7d %7d %6d %6d %7d %7d %6d %6d"
                % (name, disk.reads, disk.reads_merged, disk.sectors_read, disk.read_ms,
                   disk.writes, disk.writes_merged, disk.sectors_written, disk.write_ms,
                   disk.in_flight // 1000, disk.io_ms // 1000)
            )  # fmt: skip
            lines += 1
        rounds += 1
        if count and rounds >= count:
            return
        await tool.out.flush()
        await tool.sys.nanosleep(delay * NS)


async def _disk_sum(tool: Tool) -> None:
    found = await disks(tool.sys)
    whole: list[DiskLine] = [disk for name, disk in found.items() if not name[-1:].isdigit()]
    rows = (
        (len(whole), b"disks"),
        (len(found) - len(whole), b"partitions"),
        (sum(disk.reads for disk in whole), b"total reads"),
        (sum(disk.reads_merged for disk in whole), b"merged reads"),
        (sum(disk.sectors_read for disk in whole), b"read sectors"),
        (sum(disk.read_ms for disk in whole), b"milli reading"),
        (sum(disk.writes for disk in whole), b"writes"),
        (sum(disk.writes_merged for disk in whole), b"merged writes"),
        (sum(disk.sectors_written for disk in whole), b"written sectors"),
        (sum(disk.write_ms for disk in whole), b"milli writing"),
        (sum(disk.in_flight for disk in whole), b"inprogress IO"),
        (sum(disk.io_ms for disk in whole) // 1000, b"milli spent IO"),
        (sum(disk.weighted_ms for disk in whole) // 1000, b"milli weighted IO"),
    )
    for value, name in rows:
        await tool.line(b"%13d %b" % (value, name))

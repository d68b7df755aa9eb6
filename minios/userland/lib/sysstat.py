"""What iostat and sar read, and the line they begin with (sysstat 12.6)."""

from typing import NamedTuple

from minios.abi.sys import Sys
from minios.userland.lib.calendar import strftime
from minios.userland.lib.stdio import read_file

SECOND = 1_000_000_000


class Cpu(NamedTuple):
    """A cpu line of /proc/stat, in ticks."""

    user: int
    nice: int
    system: int
    idle: int
    iowait: int
    irq: int = 0
    softirq: int = 0
    steal: int = 0

    @property
    def total(self) -> int:
        return sum(self)


class DiskLine(NamedTuple):
    """A line of /proc/diskstats; times in ms, sizes in sectors."""

    name: bytes
    reads: int
    reads_merged: int
    sectors_read: int
    read_ms: int
    writes: int
    writes_merged: int
    sectors_written: int
    write_ms: int
    in_flight: int
    io_ms: int
    weighted_ms: int
    discards: int = 0
    discards_merged: int = 0
    sectors_discarded: int = 0
    discard_ms: int = 0
    flushes: int = 0
    flush_ms: int = 0


async def cpus(sys: Sys) -> dict[bytes, Cpu]:
    """The lines of /proc/stat by name: ``cpu`` is all of them."""
    found = {}
    for line in (await read_file(sys, b"/proc/stat", 1 << 16)).splitlines():
        fields = line.split()
        if fields and fields[0].startswith(b"cpu"):
            found[fields[0]] = Cpu(*(int(field) for field in fields[1:9]))
    return found


async def disks(sys: Sys) -> dict[bytes, DiskLine]:
    """The lines of /proc/diskstats by name."""
    found = {}
    for line in (await read_file(sys, b"/proc/diskstats", 1 << 16)).splitlines():
        fields = line.split()
        name, *numbers = fields[2:20]
        found[name] = DiskLine(name, *(int(number) for number in numbers))
    return found


async def banner(sys: Sys) -> bytes:
    """``Linux 6.1.0 (host) \t11/22/26 \t_riscv32_\t(2 CPU)``."""
    names = await sys.uname()
    date = strftime(b"%m/%d/%y", await sys.clock_gettime())
    count = len(await cpus(sys)) - 1
    return b"%b %b (%b) \t%b \t_%b_\t(%d CPU)\n" % (
        names.sysname, names.release, names.nodename, date, names.machine, count,
    )  # fmt: skip


async def uptime(sys: Sys) -> int:
    """Milliseconds since boot."""
    text = (await read_file(sys, b"/proc/uptime")).split()[0]
    whole, _, part = text.partition(b".")
    return int(whole) * 1000 + int(part) * 10

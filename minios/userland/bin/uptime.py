"""uptime and free (procps-ng 4.0.2): how long, how busy, how much memory."""

from collections.abc import Callable

from minios.abi.sys import Sys
from minios.userland.lib import duration, utmp
from minios.userland.lib.calendar import strftime
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.proc import HZ, meminfo, uptime
from minios.userland.lib.procfiles import boot_time, read_optional
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain

NS = 1_000_000_000

UPTIME = """
Usage:
 uptime [options]

Options:
 -p, --pretty   only how long, in words
 -s, --since    since when
 -h, --help     show this and exit
 -V, --version  show the version and exit

For more details see uptime(1).
"""

FREE = """
Usage:
 free [options]

Options:
 -b, --bytes         in bytes
     --kilo, --mega, --giga, --tera, --peta
                     in powers of 1000
 -k, --kibi, -m, --mebi, -g, --gibi, --tebi, --pebi
                     in powers of 1024
 -h, --human         each number in the unit that suits it
     --si            powers of 1000 where it would be 1024
 -l, --lohi          low and high memory too
 -t, --total         a line for RAM and swap together
 -v, --committed     a line for the memory that was promised
 -s N, --seconds N   again every N seconds
 -c N, --count N     N times
 -w, --wide          buffers and cache apart

     --help     show this and exit
 -V, --version  show the version and exit

For more details see free(1).
"""


async def usage(tool: Tool, text: str, complaint: str = "") -> int:
    """procps' way to refuse: the complaint, if any, and the whole usage."""
    if complaint:
        await complain(tool.sys, tool.name + b": " + complaint.encode("latin-1"))
    await complain(tool.sys, b"\n" + text.strip().encode())
    return 1


async def summary(sys: Sys) -> bytes:
    """The line that uptime, w and top begin with, without the leading blank."""
    now = strftime(b"%H:%M:%S", await sys.clock_gettime())
    seconds = await uptime(sys) // HZ
    days, rest = divmod(seconds, 86_400)
    hours, minutes = divmod(rest // 60, 60)
    text = now + b" up "
    if days:
        text += b"%d day%s, " % (days, b"s" if days > 1 else b"")
    text += b"%2d:%02d, " % (hours, minutes) if hours else b"%d min, " % minutes
    count = len(await utmp.sessions(sys))
    text += b"%2d user%s, " % (count, b"s" if count > 1 else b"")
    loads = (await read_optional(sys, b"/proc/loadavg")).split()[:3]
    return text + b" load average: " + b", ".join(loads)


def pretty(seconds: int) -> str:
    """``1 week, 2 days, 3 hours, 4 minutes``."""
    parts = []
    minutes = seconds // 60
    for name, size in (
        ("decade", 5_256_000), ("year", 525_600), ("week", 10_080), ("day", 1440), ("hour", 60),
    ):  # fmt: skip
        count, minutes = divmod(minutes, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    if minutes or not parts:
        parts.append(f"{minutes} minute{'s' if minutes != 1 else ''}")
    return ", ".join(parts)


@program(UPTIME)
async def uptime_program(tool: Tool) -> int:
    """uptime(1)."""
    sys = tool.sys
    try:
        options = parse(tool.argv[1:], "pshV", ("pretty=p", "since=s", "help=h", "version=V"))
    except UsageError as err:
        return await usage(tool, UPTIME, str(err))
    if "h" in options:
        await tool.line(b"\n" + UPTIME.strip().encode())
    elif "V" in options:
        await tool.line(b"uptime from procps-ng 4.0.2")
    elif "p" in options:
        await tool.line(b"up " + pretty(await uptime(sys) // HZ).encode())
    elif "s" in options:
        since = await boot_time(sys)
        await tool.line(strftime(b"%Y-%m-%d %H:%M:%S", since * NS))
    elif options.operands:
        return await usage(tool, UPTIME)
    else:
        await tool.line(b" " + await summary(sys))
    return 0


_UNITS = {
    "b": 1, "kilo": 1000, "mega": 1000**2, "giga": 1000**3, "tera": 1000**4, "peta": 1000**5,
    "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "tebi": 1 << 40, "pebi": 1 << 50,
}  # fmt: skip

_FREE_LONG = (
    "bytes=b", "kilo", "mega", "giga", "tera", "peta", "kibi=k", "mebi=m", "gibi=g", "tebi",
    "pebi", "human=h", "si", "lohi=l", "total=t", "committed=v", "seconds:=s", "count:=c",
    "wide=w", "help", "version=V",
)  # fmt: skip


def human(size: int, *, si: bool = False) -> str:
    """Bytes in three digits and a unit: ``0B``, ``8.6Mi``, ``377Mi``."""
    suffix, base = ("", 1000) if si else ("i", 1024)
    if size < 1000:
        return f"{size}B"
    power = 1
    for letter in "KMGTP":
        power *= base
        tenths, rest = divmod(size * 10, power)
        if 2 * rest > power or (2 * rest == power and tenths & 1):
            tenths += 1
        text = f"{tenths // 10}.{tenths % 10}{letter}"
        if len(text) <= 4:
            return text + suffix
        text = f"{size // power}{letter}"
        if len(text) <= 4:
            return text + suffix
    return f"{size // power}P{suffix}"


@program(FREE)
async def free(tool: Tool) -> int:
    """free(1)."""
    try:
        options = parse(tool.argv[1:], "bkmghltvs:c:wV", _FREE_LONG)
    except UsageError as err:
        return await usage(tool, FREE, str(err))
    if "help" in options:
        await tool.line(b"\n" + FREE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"free from procps-ng 4.0.2")
        return 0
    if options.operands:
        return await usage(tool, FREE)
    delay, count = _repetition(options.last("s"), options.last("c"))
    unit = 1024
    for flag, _ in options.flags:
        unit = _UNITS.get(flag, unit)
        if flag == "k" and "si" in options:
            unit = 1000

    def show(kib: int) -> str:
        if "h" in options:
            return human(kib * 1024, si="si" in options)
        return str(kib * 1024 // unit)

    while True:
        for line in _table(await meminfo(tool.sys), show, options):
            await tool.line(line.encode())
        await tool.sys.compute(100)
        if count > 0:
            count -= 1
            if not count:
                return 0
        if not delay:
            return 0
        await tool.line(b"")
        await tool.out.flush()
        await tool.sys.nanosleep(delay)


def _repetition(seconds: bytes | None, times: bytes | None) -> tuple[int, int]:
    """Delay in ns and how often; 0 is no limit."""
    delay, count = 0, 0
    if times is not None:
        if not times.isdigit():
            raise Failure(b"failed to parse count argument: '" + times + b"'")
        count = int(times[:12])
        if count < 1 or count > 0x7FFFFFFF:
            tail = b"': Numerical result out of range"
            raise Failure(b"failed to parse count argument: '" + times + tail)
        delay = NS
    if seconds is not None:
        length = duration.parse(seconds) if not seconds[-1:].isalpha() else None
        if length is None:
            raise Failure(b"seconds argument failed: '" + seconds + b"': Invalid argument")
        if not length:
            raise Failure(b"seconds argument `" + seconds + b"' is not positive number")
        delay = length
    return delay, count


def _table(memory: dict[bytes, int], show: Callable[[int], str], options: Parsed) -> list[str]:
    """The lines of one report; ``show`` words a number of KiB."""

    def value(key: bytes) -> int:
        return memory.get(key, 0)

    def row(name: str, *sizes: int) -> str:
        return f"{name:<9}" + " ".join(f"{show(size):>11}" for size in sizes)

    total, unused = value(b"MemTotal"), value(b"MemFree")
    available = value(b"MemAvailable") or unused
    used = total - available
    cache = value(b"Cached") + value(b"SReclaimable")
    heads = ["total", "used", "free", "shared"]
    sizes = [total, used, unused, value(b"Shmem")]
    if "w" in options:
        heads += ["buffers", "cache"]
        sizes += [value(b"Buffers"), cache]
    else:
        heads.append("buff/cache")
        sizes.append(value(b"Buffers") + cache)
    lines = [" " * 9 + " ".join(f"{head:>11}" for head in [*heads, "available"])]
    lines.append(row("Mem:", *sizes, available))
    if "l" in options:
        lines += [row("Low:", total, total - unused, unused), row("High:", 0, 0, 0)]
    swap, swap_free = value(b"SwapTotal"), value(b"SwapFree")
    lines.append(row("Swap:", swap, swap - swap_free, swap_free))
    if "t" in options:
        both = (total + swap, used + swap - swap_free, unused + swap_free)
        lines.append(row("Total:", *both))
    if "v" in options:
        limit, promised = value(b"CommitLimit"), value(b"Committed_AS")
        lines.append(row("Comm:", limit, promised, limit - promised))
    return lines

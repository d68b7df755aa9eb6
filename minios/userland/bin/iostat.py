"""iostat(1) (sysstat 12.6)."""

from minios.userland.lib.calendar import strftime
from minios.userland.lib.fixed import fixed
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.sysstat import SECOND, Cpu, DiskLine, banner, cpus, disks, uptime

USAGE = """
Usage: iostat [ options ] [ <interval> [ <count> ] ]
Options are:
[ -c ] [ -d ] [ -k | -m ] [ -N ] [ -p [ <device> [,...] | ALL ] ] [ -t ] [ -x ] [ -y ] [ -z ]
[ <device> [...] | ALL ]
"""

_NOTHING = DiskLine(b"", *([0] * 11))


@program(USAGE, "cdhkmNp:syxtVzH", ("human=h",))
async def iostat(tool: Tool) -> int:
    """Report CPU and disk activity."""
    opts, sys = tool.options, tool.sys
    interval: int | None = None
    count: int | None = None
    wanted: list[bytes] = []
    for operand in tool.operands:
        if not operand.isdigit():
            wanted.append(operand.removeprefix(b"/dev/"))
        elif interval is None:
            interval = int(operand)
        elif count is None:
            count = int(operand)
    if interval == 0 or count == 0:
        raise Failure(USAGE.strip().encode())
    for name in opts.every("p"):
        wanted += name.split(b",")
    tool.out.put(await banner(sys), b"\n")
    old_cpu = Cpu(0, 0, 0, 0, 0)
    old: dict[bytes, DiskLine] = {}
    before = 0
    done = 0
    skip = "y" in opts and interval is not None
    while True:
        now, cpu, new = await uptime(sys), (await cpus(sys))[b"cpu"], await disks(sys)
        if not skip:
            await _report(tool, cpu, old_cpu, new, old, now - before, wanted)
            done += 1
        skip = False
        old_cpu, old, before = cpu, new, now
        if interval is None or (count is not None and done >= count):
            return 0
        await tool.out.flush()
        await sys.nanosleep(interval * SECOND)


async def _report(
    tool: Tool, cpu: Cpu, old_cpu: Cpu, new: dict[bytes, DiskLine], old: dict[bytes, DiskLine],
    elapsed: int, wanted: list[bytes],
) -> None:  # fmt: skip
    opts, out = tool.options, tool.out
    both = "c" in opts or "d" not in opts
    if "t" in opts:
        stamp = strftime(b"%m/%d/%y %H:%M:%S", await tool.sys.clock_gettime())
        out.put(stamp, b"\n")
    if both:
        spent = Cpu(*(a - b for a, b in zip(cpu, old_cpu, strict=True)))
        busy = spent.system + spent.irq + spent.softirq
        parts = (spent.user, spent.nice, busy, spent.iowait, spent.steal, spent.idle)
        out.put(b"avg-cpu:  %user   %nice %system %iowait  %steal   %idle\n         ")
        out.put(b"".join(b" " + fixed(part * 100, spent.total, 2, 7) for part in parts))
        out.put(b"\n\n")
    if "d" in opts or "c" not in opts:
        out.put(_heading(tool))
        for name, line in new.items():
            if wanted and b"ALL" not in wanted:
                if not any(name == w or (name.startswith(w) and "p" in opts) for w in wanted):
                    continue
            elif not wanted and name[-1:].isdigit():
                continue
            previous = old.get(name, _NOTHING)
            delta = [a - b for a, b in zip(line[1:], previous[1:], strict=True)]
            change = DiskLine(name, *delta)
            if "z" in opts and not any(delta):
                continue
            if "x" in opts:
                out.put(_extended(tool, change, elapsed))
            else:
                out.put(_plain(tool, change, elapsed))
        out.put(b"\n\n")


def _heading(tool: Tool) -> bytes:
    unit = b"MB" if "m" in tool.options else b"kB"
    if "x" not in tool.options:
        return (
            b"Device             tps    %b_read/s    %b_wrtn/s    %b_dscd/s"
            b"    %b_read    %b_wrtn    %b_dscd\n"
        ) % ((unit,) * 6)  # fmt: skip
    return (
        b"Device            r/s     r%b/s   rrqm/s  %%rrqm r_await rareq-sz"
        b"     w/s     w%b/s   wrqm/s  %%wrqm w_await wareq-sz"
        b"     d/s     d%b/s   drqm/s  %%drqm d_await dareq-sz"
        b"     f/s f_await  aqu-sz  %%util\n"
    ) % ((unit,) * 3)


def _plain(tool: Tool, line: DiskLine, ms: int) -> bytes:
    unit = 2048 if "m" in tool.options else 2
    sizes = (line.sectors_read, line.sectors_written, line.sectors_discarded)
    text = b"%-13b " % line.name + fixed((line.reads + line.writes) * 1000, ms, 2, 8)
    text += b"".join(b" " + fixed(size * 1000, ms * unit, 2, 12) for size in sizes)
    return text + b"".join(b" %10d" % (size // unit) for size in sizes) + b"\n"


def _extended(tool: Tool, line: DiskLine, ms: int) -> bytes:
    unit = 2048 if "m" in tool.options else 2
    text = b"%-13b" % line.name
    for count, merged, sectors, time in (
        (line.reads, line.reads_merged, line.sectors_read, line.read_ms),
        (line.writes, line.writes_merged, line.sectors_written, line.write_ms),
        (line.discards, line.discards_merged, line.sectors_discarded, line.discard_ms),
    ):
        text += b" " + fixed(count * 1000, ms, 2, 7)
        text += b" " + fixed(sectors * 1000, ms * unit, 2, 9)
        text += b" " + fixed(merged * 1000, ms, 2, 8)
        text += b" " + fixed(merged * 100, merged + count, 2, 6)
        text += b" " + fixed(time, count, 2, 7)
        text += b" " + fixed(sectors, count * 2, 2, 8)
    text += (
        b" "
        + fixed(line.flushes * 1000, ms, 2, 7)
        + b" "
        + fixed(line.flush_ms, line.flushes, 2, 7)
    )
    text += b" " + fixed(line.weighted_ms, ms, 2, 7)
    return text + b" " + fixed(line.io_ms * 100, ms, 2, 6) + b"\n"

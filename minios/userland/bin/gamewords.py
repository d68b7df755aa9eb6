"""The game's words at the prompt: goals, hint and restart ask /dev/game; status reads /proc."""

from minios.abi.flags import O_RDWR
from minios.abi.inet import ip_text
from minios.abi.sys import Sys
from minios.userland.lib import proc
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import write_all
from minios.userland.lib.users import passwd

DEVICE = b"/dev/game"

GOALS_USAGE = """
Usage: goals
Show what is to be reached here, and what has been: [x] done, [~] true but not yet
for long enough, [ ] open.
"""
HINT_USAGE = """
Usage: hint
Show the next hint.
"""
RESTART_USAGE = """
Usage: restart
Begin this level again.
"""
STATUS_USAGE = """
Usage: status [cpu|procs|mem|net]...
Show as text what the panes draw; everything without an argument.
"""

SAMPLE = 500_000_000
"""ns over which status measures CPU use."""


async def _ask(tool: Tool, word: bytes) -> int:
    """Put a word to the game and print what it says."""
    if tool.operands:
        raise Failure(b"extra operand '" + tool.operands[0] + b"'", hint=True)
    sys = tool.sys
    try:
        fd = await sys.open(DEVICE, O_RDWR)
        await write_all(sys, fd, word + b"\n")
        while data := await sys.read(fd, 4096):
            tool.out.put(data)
            await tool.out.drain()
        await sys.close(fd)
    except OSError:
        raise Failure(b"no level is being played here") from None
    return 0


@program(GOALS_USAGE, "")
async def goals(tool: Tool) -> int:
    """What is to be reached."""
    return await _ask(tool, b"goals")


@program(HINT_USAGE, "")
async def hint(tool: Tool) -> int:
    """The next hint."""
    return await _ask(tool, b"hint")


@program(RESTART_USAGE, "")
async def restart(tool: Tool) -> int:
    """Begin again."""
    return await _ask(tool, b"restart")


# -- status ------------------------------------------------------------------------------------


@program(STATUS_USAGE, "")
async def status(tool: Tool) -> int:
    """What the panes show, from /proc."""
    parts = tool.operands or [b"cpu", b"procs", b"mem", b"net"]
    for part in parts:
        if part not in (b"cpu", b"procs", b"mem", b"net"):
            raise Failure(b"no pane is called '" + part + b"'", hint=True)
    before = await _sample(tool.sys)
    if b"cpu" in parts or b"procs" in parts:
        await tool.sys.nanosleep(SAMPLE)
    after = await _sample(tool.sys)
    for at, part in enumerate(parts):
        if at:
            await tool.line(b"")
        if part == b"cpu":
            await _cpu(tool, before, after)
        elif part == b"procs":
            await _processes(tool, before, after)
        elif part == b"mem":
            await _memory(tool)
        else:
            await _network(tool)
    return 0


async def _network(tool: Tool) -> None:
    """This machine's interfaces and routes; then the map, where the level shows it."""
    from minios.userland.lib.net.rtnl import IFF_RUNNING, IFF_UP, rtnl

    sys = tool.sys
    try:
        netlink = await rtnl(sys)
        links, addresses = await netlink.links(), await netlink.addresses()
        routes = await netlink.routes()
        await netlink.close()
    except OSError:
        raise Failure(b"the kernel tells nothing of a network") from None
    cards = [link for link in links if link.name != b"lo"]
    if not cards:
        await tool.line(b"This machine has no network interface.")
        return
    names = {link.ifindex: link.name for link in links}
    for link in cards:
        own = [each for each in addresses if each.ifindex == link.ifindex]
        state = b"no cable" if link.flags & IFF_UP else b"down"
        if link.flags & IFF_RUNNING:
            state = b"up"
        text = b", ".join(b"%b/%d" % (ip_text(a.ip).encode(), a.length) for a in own) or b"-"
        await tool.line(b"%-8b %-8b %b" % (link.name, state, text))
    for route in routes:
        target = b"%b/%d" % (ip_text(route.destination).encode(), route.length)
        via = b" via " + ip_text(route.gateway).encode() if route.gateway else b""
        device = names.get(route.ifindex, b"?")
        await tool.line((target if route.length else b"default") + via + b" dev " + device)
    text = await _told(sys, b"network")
    if text.strip():
        await tool.line(b"")
        tool.out.put(text)
        await tool.out.drain()


async def _told(sys: Sys, word: bytes) -> bytes:
    """What the game answers to a word; nothing where no level is played."""
    answer = b""
    try:
        fd = await sys.open(DEVICE, O_RDWR)
        await write_all(sys, fd, word + b"\n")
        while data := await sys.read(fd, 4096):
            answer += data
        await sys.close(fd)
    except OSError:
        return b""
    return answer


class _Sample:
    """The cores' and the processes' CPU ticks at one moment."""

    __slots__ = ("cores", "ticks", "when")

    def __init__(self, when: int, cores: list[list[int]], ticks: dict[int, int]) -> None:
        self.when = when
        self.cores = cores
        self.ticks = ticks


async def _sample(sys: Sys) -> _Sample:
    cores = []
    for line in (await proc.read_optional(sys, b"/proc/stat")).split(b"\n"):
        name, _, rest = line.partition(b" ")
        if name.startswith(b"cpu") and name != b"cpu":
            cores.append([int(word) for word in rest.split()])
    await sys.brk(16384)
    running = await proc.processes(sys, status=False, argv=False)
    return _Sample(await sys.clock_gettime(1), cores, {each.pid: each.cpu for each in running})


def _percent(part: int, whole: int) -> bytes:
    tenths = part * 1000 // whole if whole > 0 else 0
    return b"%d.%d%%" % divmod(min(tenths, 1000), 10)


async def _cpu(tool: Tool, before: _Sample, after: _Sample) -> None:
    """A line a core, with a bar, and the load averages."""
    for number, (old, new) in enumerate(zip(before.cores, after.cores, strict=False)):
        spent = sum(new) - sum(old)
        idle = new[3] - old[3]
        busy = spent - idle
        filled = busy * 20 // spent if spent > 0 else 0
        bar = b"#" * filled + b"." * (20 - filled)
        await tool.line(b"cpu%d [%b] %6b" % (number, bar, _percent(busy, spent)))
    load = (await proc.read_optional(tool.sys, b"/proc/loadavg")).split()[:3]
    await tool.line(b"load averages: " + b" ".join(load))


async def _processes(tool: Tool, before: _Sample, after: _Sample) -> None:
    """The tree: state, CPU share, user and command of each process."""
    sys = tool.sys
    running = await proc.processes(sys)
    names = {entry.uid: entry.name for entry in await passwd(sys)}
    span = max((after.when - before.when) // (1_000_000_000 // proc.HZ), 1)
    children: dict[int, list[proc.Process]] = {}
    pids = {each.pid for each in running}
    for each in running:
        above = each.ppid if each.ppid in pids else 0
        children.setdefault(above, []).append(each)
    await tool.line(b"%5b S %6b %-8b COMMAND" % (b"PID", b"CPU", b"USER"))
    todo = [(0, each) for each in reversed(children.get(0, []))]
    while todo:
        depth, each = todo.pop()
        used = after.ticks.get(each.pid, 0) - before.ticks.get(each.pid, 0)
        user = names.get(each.euid, b"%d" % each.euid)
        command = b" ".join(each.argv) or b"[" + each.comm + b"]"
        row = (each.pid, each.state.encode(), _percent(used, span), user[:8])
        await tool.line(b"%5d %b %6b %-8b " % row + b"  " * min(depth, 20) + command[:200])
        todo += [(depth + 1, child) for child in reversed(children.get(each.pid, []))]


async def _memory(tool: Tool) -> None:
    try:
        info = await proc.meminfo(tool.sys)
    except (OSError, ValueError, IndexError):
        raise Failure(b"/proc/meminfo cannot be read") from None
    total, free = info.get(b"MemTotal", 0), info.get(b"MemFree", 0)
    await tool.line(b"memory: %d KiB of %d KiB used" % (total - free, total))

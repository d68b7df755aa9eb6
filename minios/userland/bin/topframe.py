"""One frame of top: what is sampled, and the lines it becomes (procps-ng 4.0.2)."""

from dataclasses import dataclass, field

from minios.abi.flags import CLOCK_MONOTONIC
from minios.userland.bin.uptime import summary
from minios.userland.lib.proc import HZ, Process, meminfo, pid_digits, processes
from minios.userland.lib.procfiles import read_optional
from minios.userland.lib.program import Tool
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.screen import BOLD, NORMAL, REVERSE
from minios.userland.lib.utf8 import cells, clip, encode

NS = 1_000_000_000
_SCALES = "kmgtpe"

FIELDS = {
    "PID": "pid", "USER": "user", "PR": "pr", "NI": "ni", "VIRT": "virt", "RES": "res",
    "SHR": "shr", "S": "s", "%CPU": "cpu", "%MEM": "mem", "TIME+": "time", "TIME": "time",
    "COMMAND": "command", "PPID": "ppid", "UID": "uid",
}  # fmt: skip
"""Names for -o, and what they order by."""


@dataclass(slots=True)
class Options:
    """What keys and the command line set."""

    sort: str = "cpu"
    reverse: bool = False
    tree: bool = False
    command_line: bool = False
    each_cpu: bool = False
    idle: bool = True
    uid: int | None = None
    any_uid: bool = False
    pids: tuple[int, ...] = ()
    limit: int = 0
    cumulative: bool = False
    show_load: bool = True
    show_cpu: bool = True
    show_memory: bool = True
    memory_scale: int = 1
    """For the summary: k, m, g … as an index."""
    task_scale: int = 0
    first: int = 0
    """How many tasks are scrolled off at the top."""


@dataclass(slots=True)
class Task:
    """A process, its share of the CPU since the last sample (in tenths of a percent of a core)
    and how deep it stands in the tree."""

    process: Process
    share: int = 0
    depth: int = 0


@dataclass(slots=True)
class Sample:
    """The machine at one moment."""

    when: int = 0
    tasks: list[Task] = field(default_factory=list)
    cpus: dict[str, list[int]] = field(default_factory=dict)
    ticks: dict[tuple[int, int], int] = field(default_factory=dict)
    """CPU ticks by (pid, start time)."""


async def take(tool: Tool, before: Sample) -> Sample:
    """Look at every process and CPU; shares are those since ``before``."""
    sys = tool.sys
    now = Sample(await sys.clock_gettime(CLOCK_MONOTONIC))
    elapsed = max(now.when - before.when, 1)
    for process in await processes(sys):
        key = (process.pid, process.starttime)
        now.ticks[key] = process.cpu
        used = process.cpu - before.ticks.get(key, 0 if before.when else process.cpu)
        now.tasks.append(Task(process, _rounded(max(used, 0) * (NS // HZ) * 1000, elapsed)))
    await sys.compute(30 * len(now.tasks))
    grown = len(now.tasks) - len(before.tasks)
    if grown > 0:
        await tool.retain(800 * grown)
    for line in (await read_optional(sys, b"/proc/stat")).split(b"\n"):
        if line.startswith(b"cpu"):
            words = line.split()
            now.cpus[words[0].decode()] = [int(word) for word in words[1:9]]
    return now


def _scaled(kib: int, room: int, scale: int) -> str:
    """A size in the smallest unit from ``scale`` on that fits into ``room`` cells."""
    if scale == 0 and len(str(kib)) <= room:
        return str(kib)
    for step in range(max(scale, 1), len(_SCALES)):
        tenths = _rounded(kib * 10, 1024**step)
        text = f"{tenths // 10}.{tenths % 10}{_SCALES[step]}"
        if len(text) <= room:
            return text
        text = f"{tenths // 10}{_SCALES[step]}"
        if len(text) <= room:
            return text
    return "?"


def _rounded(amount: int, unit: int) -> int:
    """A quotient to the nearest integer."""
    return (2 * amount + unit) // (2 * unit)


def _time(ticks: int) -> str:
    """``M:SS.hh``."""
    minutes, rest = divmod(ticks, 60 * HZ)
    return f"{minutes}:{rest // HZ:02}.{rest % HZ * 100 // HZ:02}"


def _percent(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"


@dataclass(slots=True)
class Frame:
    """Turns samples into lines."""

    options: Options
    users: dict[int, bytes]
    memory: dict[bytes, int] = field(default_factory=dict)
    digits: int = 5
    load: str = ""

    async def refresh(self, tool: Tool) -> None:
        """Read what is not about processes."""
        self.memory = await meminfo(tool.sys)
        self.digits = await pid_digits(tool.sys)
        self.load = (await summary(tool.sys)).decode("latin-1")

    # -- summary -------------------------------------------------------------------------------

    def summary(self, before: Sample, now: Sample, *, bold: bool) -> list[bytes]:
        """The lines above the tasks. Numbers are bold on a terminal."""
        lines: list[str] = []
        if self.options.show_load:
            lines.append("top - " + self.load)
        if self.options.show_cpu:
            lines.append(self._tasks(now))
            names = [name for name in now.cpus if (name != "cpu") == self.options.each_cpu]
            for name in names:
                label = "%Cpu(s)" if name == "cpu" else f"%Cpu{name[3:]:<3}"
                lines.append(self._cpu(label, before.cpus.get(name, [0] * 8), now.cpus[name]))
        if self.options.show_memory:
            lines += self._memory()
        return [_emphasize(line, bold and not line.startswith("top -")) for line in lines]

    @staticmethod
    def _tasks(now: Sample) -> str:
        states = [task.process.state for task in now.tasks]
        running, zombie = states.count("R"), states.count("Z")
        stopped = states.count("T") + states.count("t")
        sleeping = len(states) - running - zombie - stopped
        return (
            f"Tasks: {len(states):3} total, {running:3} running, {sleeping:3} sleeping, "
            f"{stopped:3} stopped, {zombie:3} zombie"
        )

    @staticmethod
    def _cpu(label: str, before: list[int], now: list[int]) -> str:
        spent = [max(b - a, 0) for a, b in zip(before, now, strict=False)]
        total = sum(spent)
        if not total:
            spent, total = [0, 0, 0, 1, 0, 0, 0, 0], 1
        user, nice, system, idle, wait, hard, soft, steal = (
            _rounded(n * 1000, total) for n in spent
        )
        values = zip(
            (user, system, nice, idle, wait, hard, soft, steal),
            ("us", "sy", "ni", "id", "wa", "hi", "si", "st"),
            strict=True,
        )
        return label + ":" + ",".join(f"{_percent(v):>5} {name}" for v, name in values) + " "

    def _memory(self) -> list[str]:
        m = self.memory
        total, free = m.get(b"MemTotal", 0), m.get(b"MemFree", 0)
        available = m.get(b"MemAvailable", free)
        cache = m.get(b"Buffers", 0) + m.get(b"Cached", 0) + m.get(b"SReclaimable", 0)
        swap, swap_free = m.get(b"SwapTotal", 0), m.get(b"SwapFree", 0)
        unit = "KMGTPE"[self.options.memory_scale] + "iB"

        def size(kib: int) -> str:
            if self.options.memory_scale == 0:
                return f"{kib:>8}"
            return f"{_percent(_rounded(kib * 10, 1024**self.options.memory_scale)):>8}"

        used, swapped = size(total - available), size(swap - swap_free)
        return [
            f"{unit} Mem : {size(total)} total, {size(free)} free, {used} used, "
            f"{size(cache)} buff/cache     ",
            f"{unit} Swap: {size(swap)} total, {size(swap_free)} free, {swapped} used. "
            f"{size(available)} avail Mem ",
        ]

    # -- tasks ---------------------------------------------------------------------------------

    def heading(self) -> str:
        return (
            f"{'PID':>{self.digits}} USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM"
            "     TIME+ COMMAND"
        )

    def chosen(self, now: Sample) -> list[Task]:
        """The tasks to show, in order."""
        o = self.options
        tasks = []
        for task in now.tasks:
            p = task.process
            if o.pids and p.pid not in o.pids:
                continue
            if o.uid is not None and o.uid not in (p.uids[:3] if o.any_uid else (p.euid,)):
                continue
            if not o.idle and not task.share and p.state != "R":
                continue
            tasks.append(task)
        if o.tree:
            return self._as_tree(tasks)
        tasks.sort(key=lambda task: task.process.pid, reverse=o.reverse)
        tasks.sort(key=lambda task: self._key(task, o.sort), reverse=not o.reverse)
        return tasks

    def _key(self, task: Task, name: str) -> int | bytes | str:
        p = task.process
        match name:
            case "pid":
                return p.pid
            case "ppid":
                return p.ppid
            case "uid":
                return p.euid
            case "user":
                return self.users.get(p.euid, b"")
            case "pr":
                return p.priority
            case "ni":
                return p.nice
            case "virt":
                return p.vsize
            case "res" | "mem":
                return p.resident
            case "shr":
                return _shared(p)
            case "s":
                return p.state
            case "time":
                return self._ticks(p)
            case "command":
                return p.comm
        return task.share

    def _ticks(self, p: Process) -> int:
        return p.cpu + (p.cutime + p.cstime if self.options.cumulative else 0)

    @staticmethod
    def _as_tree(tasks: list[Task]) -> list[Task]:
        known = {task.process.pid for task in tasks}
        children: dict[int, list[Task]] = {}
        roots = []
        for task in tasks:
            if task.process.ppid in known:
                children.setdefault(task.process.ppid, []).append(task)
            else:
                roots.append(task)
        ordered: list[Task] = []
        stack = [(task, 0) for task in reversed(roots)]
        while stack:
            task, task.depth = stack.pop()
            ordered.append(task)
            below = children.get(task.process.pid, [])
            stack += [(child, task.depth + 1) for child in reversed(below)]
        return ordered

    def row(self, task: Task, width: int) -> str:
        """A task's line, cut to ``width`` cells."""
        p = task.process
        name = clean(self.users.get(p.euid, b"%d" % p.euid))
        user = name if len(name) <= 8 else name[:7] + "+"
        priority = "rt" if p.priority <= -100 else str(p.priority)
        scale = self.options.task_scale
        memory = max(self.memory.get(b"MemTotal", 1), 1)
        line = (
            f"{p.pid:>{self.digits}} {user:<8} {priority:>3} {p.nice:>3} "
            f"{_scaled(p.vsize // 1024, 7, scale):>7} {_scaled(p.resident, 6, scale):>6} "
            f"{_scaled(_shared(p), 6, scale):>6} {p.state} {_percent(task.share):>5} "
            f"{_percent(_rounded(p.resident * 1000, memory)):>5} {_time(self._ticks(p)):>9} "
        )
        command = clean(p.comm)
        if self.options.command_line:
            command = clean(b" ".join(p.argv)) if p.argv else f"[{command}]"
        if self.options.tree and task.depth:
            command = "    " * (task.depth - 1) + " `- " + command
        room = max(width - len(line), 0)
        if cells(command) > room:
            command = clip(command, room - 1) + "+" if room else ""
        return clip(line + command, width)

    def rows(self, now: Sample, width: int, height: int | None, *, terminal: bool) -> list[bytes]:
        """The heading and as many tasks as there is room for."""
        tasks = self.chosen(now)
        self.options.first = max(min(self.options.first, len(tasks) - 1), 0)
        tasks = tasks[self.options.first :]
        if self.options.limit:
            tasks = tasks[: self.options.limit]
        if height is not None:
            tasks = tasks[: max(height - 1, 0)]
        heading = clip(self.heading(), width)
        if not terminal:
            return [encode(heading), *(encode(self.row(task, width)) for task in tasks)]
        lines = [REVERSE + encode(heading.ljust(width)) + NORMAL]
        for task in tasks:
            line = encode(self.row(task, width))
            lines.append(BOLD + line + NORMAL if task.process.state == "R" else line)
        return lines


def _shared(p: Process) -> int:
    return p.number(b"RssFile") + p.number(b"RssShmem")


def _emphasize(line: str, bold: bool) -> bytes:
    """Set the numbers of a summary line in bold."""
    if not bold:
        return line.encode("latin-1")
    label, colon, rest = line.partition(":")
    out = [label + colon]
    number = ""
    for char in rest:
        if char in " 0123456789.":
            number += char
            continue
        if number.strip(" ."):
            out.append(f"\033[1m{number}\033[m")
        else:
            out.append(number)
        number = ""
        out.append(char)
    return ("".join(out) + number).encode("latin-1")

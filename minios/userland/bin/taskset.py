"""taskset and chrt (util-linux 2.38.1; chrt -T as of 2.42), and MiniOS's own assign."""

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.records import SchedAttr
from minios.userland.lib.execvp import execvp
from minios.userland.lib.options import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import read_file, why, write_all

TASKSET = """
Usage: taskset [options] [mask | cpu-list] [pid|cmd [args...]]

Show or change the CPU affinity of a process.

Options:
 -a, --all-tasks         operate on all the tasks (threads) for a given pid
 -p, --pid               operate on existing given pid
 -c, --cpu-list          display and specify cpus in list format
 -h, --help              display this help
 -V, --version           display version

The default behavior is to run a new command:
    taskset 03 sort -n data
You can retrieve the mask of an existing task:
    taskset -p 700
Or set it:
    taskset -p 03 700
List format uses a comma-separated list instead of a mask:
    taskset -pc 0,3,7-11 700
Ranges in list format can take a stride argument:
    e.g. 0-31:2 is equivalent to mask 0x55555555
"""

CHRT = """
Show or change the real-time scheduling attributes of a process.

Set policy:
 chrt [options] <priority> <command> [<arg>...]
 chrt [options] --pid <priority> <pid>

Get policy:
 chrt [options] -p <pid>

Policy options:
 -b, --batch          set policy to SCHED_BATCH
 -f, --fifo           set policy to SCHED_FIFO
 -i, --idle           set policy to SCHED_IDLE
 -o, --other          set policy to SCHED_OTHER
 -r, --rr             set policy to SCHED_RR (default)

Scheduling options:
 -R, --reset-on-fork       set reset-on-fork flag
 -T, --sched-runtime <ns>  runtime parameter for OTHER and BATCH

Other options:
 -a, --all-tasks      operate on all the tasks (threads) for a given pid
 -m, --max            show min and max valid priorities
 -p, --pid            operate on existing given pid
 -v, --verbose        display status information

 -h, --help           display this help
 -V, --version        display version
"""

ASSIGN = """
Usage: assign [PID CORE]
       assign -d PID...
Under the scheduling policy "manual" a core computes for the process it was
assigned to. Without arguments show whose each core is.

  -d    take the processes' cores away
"""

_CORES = 1024
"""More than any machine has; masks beyond it are refused."""


# -- taskset -----------------------------------------------------------------------------------


def parse_mask(word: bytes) -> int | None:
    """A hexadecimal mask, with or without 0x; commas may group it (cpumask_parse)."""
    digits = (word[2:] if word[:2] in (b"0x", b"0X") else word).replace(b",", b"")
    if not digits or len(digits) > _CORES // 4 or digits.strip(b"0123456789abcdefABCDEF"):
        return None
    return int(digits, 16)


def parse_list(word: bytes) -> int | None:
    """``0,3,7-11`` and ``0-31:2`` as a mask (cpulist_parse)."""
    mask = 0
    for part in word.split(b","):
        span, colon, step = part.partition(b":")
        first, dash, last = span.partition(b"-")
        last = last if dash else first
        step = step if colon else b"1"
        if not (first.isdigit() and last.isdigit() and step.isdigit()):
            return None
        low, high, stride = int(first[:9]), int(last[:9]), int(step[:9])
        if low > high or not stride:
            return None
        for core in range(low, min(high, _CORES - 1) + 1, stride):
            mask |= 1 << core
    return mask


def show_list(mask: int) -> bytes:
    """As util-linux writes it: two in a row are ``0,1``, three are ``0-2``."""
    parts = []
    core = 0
    while mask >> core:
        if mask >> core & 1:
            first = core
            while mask >> core + 1 & 1:
                core += 1
            if core - first == 1:
                parts += [b"%d" % first, b"%d" % core]
            else:
                parts.append(b"%d" % first if core == first else b"%d-%d" % (first, core))
        core += 1
    return b",".join(parts)


def _pid(word: bytes) -> int:
    if not word.isdigit() or not int(word[:18]) < 1 << 31:
        raise Failure(b"invalid PID argument: '" + word + b"'")
    return int(word)


async def _describe(tool: Tool, text: str) -> bool:
    if "help" in tool.options:
        await tool.line(text.strip().encode())
    elif "version" in tool.options:
        await tool.line(tool.name + b" from util-linux 2.38.1")
    else:
        return False
    return True


async def _launch(tool: Tool, argv: list[bytes]) -> int:
    await tool.out.flush()
    try:
        await execvp(tool.sys, argv, tool.env)
    except OSError as err:
        await tool.warn(b"failed to execute " + argv[0], err)
        return 127 if err.errno == Errno.ENOENT else 126
    return 126


@program(TASKSET)
async def taskset(tool: Tool) -> int:
    """taskset(1)."""
    names = ("all-tasks=a", "pid=p", "cpu-list=c", "help", "version")
    tool.options = options = parse(tool.argv[1:], "apchV", names, permute=False)
    options.flags = [({"h": "help", "V": "version"}.get(f, f), v) for f, v in options.flags]
    if await _describe(tool, TASKSET):
        return 0
    words = options.operands
    pid = _pid(tool.argv[-1]) if "p" in options else None
    if (not 1 <= len(words) <= 2) if pid is not None else len(words) < 2:
        raise Failure(b"bad usage", hint=True)
    listed = "c" in options
    whose = pid if pid is not None else await tool.sys.getpid()
    if pid is not None:
        await _print_affinity(tool, pid, b"current", listed)
        if len(words) == 1:
            return 0
    mask = parse_list(words[0]) if listed else parse_mask(words[0])
    if mask is None:
        kind = b"list" if listed else b"mask"
        raise Failure(b"failed to parse CPU " + kind + b": " + words[0])
    try:
        await tool.sys.sched_setaffinity(whose, mask)
    except OSError as err:
        text = b"failed to set pid %d's affinity: " % whose
        raise Failure(text + why(err)) from None
    if pid is None:
        return await _launch(tool, words[1:])
    await _print_affinity(tool, pid, b"new", listed)
    return 0


async def _print_affinity(tool: Tool, pid: int, which: bytes, listed: bool) -> None:
    try:
        mask = await tool.sys.sched_getaffinity(pid)
    except OSError as err:
        if err.errno == Errno.ESRCH and "a" in tool.options:
            raise Failure(status=0) from None
        raise Failure(b"failed to get pid %d's affinity: " % pid + why(err)) from None
    kind, text = (b"list", show_list(mask)) if listed else (b"mask", b"%x" % mask)
    await tool.line(b"pid %d's %b affinity %b: %b" % (pid, which, kind, text))


# -- chrt --------------------------------------------------------------------------------------

_POLICIES = {
    flags.SCHED_OTHER: b"SCHED_OTHER",
    flags.SCHED_FIFO: b"SCHED_FIFO",
    flags.SCHED_RR: b"SCHED_RR",
    flags.SCHED_BATCH: b"SCHED_BATCH",
    flags.SCHED_IDLE: b"SCHED_IDLE",
    6: b"SCHED_DEADLINE",
}
_LETTERS = {
    "o": flags.SCHED_OTHER,
    "f": flags.SCHED_FIFO,
    "r": flags.SCHED_RR,
    "b": flags.SCHED_BATCH,
    "i": flags.SCHED_IDLE,
}
_LONG = (
    "all-tasks=a", "batch=b", "fifo=f", "idle=i", "other=o", "rr=r", "reset-on-fork=R",
    "sched-runtime:=T", "max=m", "pid=p", "verbose=v", "help", "version",
)  # fmt: skip


@program(CHRT)
async def chrt(tool: Tool) -> int:
    """chrt(1). SCHED_DEADLINE is not there."""
    tool.options = options = parse(tool.argv[1:], "abfioprvmRT:hV", _LONG, permute=False)
    options.flags = [({"h": "help", "V": "version"}.get(f, f), v) for f, v in options.flags]
    if await _describe(tool, CHRT):
        return 0
    if "m" in options:
        return await _show_bounds(tool)
    words = options.operands
    pid = _pid(tool.argv[-1]) if "p" in options else None
    if len(words) < (2 if pid is None else 1):
        raise Failure(b"bad usage", hint=True)
    if pid is not None and ("v" in options or len(words) == 1):
        await _show(tool, pid, b"current")
        if len(words) == 1:
            return 0
    policy = flags.SCHED_RR
    for letter, _ in options.flags:
        policy = _LETTERS.get(letter, policy)
    await _set_policy(tool, pid or 0, policy, words[0])
    if pid is None:
        return await _launch(tool, words[1:])
    if "v" in options:
        await _show(tool, pid, b"new")
    return 0


async def _set_policy(tool: Tool, pid: int, policy: int, word: bytes) -> None:
    if not word.lstrip(b"+-").isdigit() or len(word) > 9:
        raise Failure(b"invalid priority argument: '" + word + b"'")
    priority = int(word)
    runtime = tool.options.last("T") or b"0"
    if not runtime.isdigit() or len(runtime) > 18:
        raise Failure(b"invalid runtime argument: '" + runtime + b"'")
    fair = policy in (flags.SCHED_OTHER, flags.SCHED_BATCH)
    if int(runtime) and not fair:
        text = b"--sched-runtime option is supported for SCHED_OTHER and SCHED_BATCH only"
        raise Failure(text)
    low = await tool.sys.sched_get_priority_min(policy)
    high = await tool.sys.sched_get_priority_max(policy)
    if not low <= priority <= high:
        text = b"unsupported priority value for the policy: %d: see --max for valid range"
        raise Failure(text % priority)
    reset = "R" in tool.options
    try:
        if int(runtime):
            nice = (await tool.sys.sched_getattr(pid)).nice
            attr = SchedAttr(policy, int(reset), nice, 0, int(runtime))
            await tool.sys.sched_setattr(pid, attr)
        else:
            policy |= flags.SCHED_RESET_ON_FORK if reset else 0
            await tool.sys.sched_setscheduler(pid, policy, priority)
    except OSError as err:
        raise Failure(b"failed to set pid %d's policy: " % pid + why(err)) from None


async def _show(tool: Tool, pid: int, which: bytes) -> None:
    try:
        attr = await tool.sys.sched_getattr(pid)
    except OSError as err:
        raise Failure(b"failed to get pid %d's policy: " % pid + why(err)) from None
    name = _POLICIES[attr.policy]
    if attr.flags & flags.SCHED_FLAG_RESET_ON_FORK:
        name += b"|SCHED_RESET_ON_FORK"
    await tool.line(b"pid %d's %b scheduling policy: %b" % (pid, which, name))
    await tool.line(b"pid %d's %b scheduling priority: %d" % (pid, which, attr.priority))
    if attr.runtime:
        await tool.line(b"pid %d's %b runtime parameter: %d" % (pid, which, attr.runtime))


async def _show_bounds(tool: Tool) -> int:
    for policy, name in _POLICIES.items():
        try:
            high = await tool.sys.sched_get_priority_max(policy)
            low = await tool.sys.sched_get_priority_min(policy)
        except OSError:
            await tool.line(name + b" not supported?")
        else:
            await tool.line(name + b" min/max priority\t: %d/%d" % (low, high))
    return 0


# -- assign ------------------------------------------------------------------------------------


@program(ASSIGN, "d")
async def assign(tool: Tool) -> int:
    """What the CPU pane does under the manual policy, through /proc/PID/sched_core."""
    words = tool.operands
    if "d" in tool.options:
        if not words:
            raise Failure(b"no process given", hint=True)
        for word in words:
            await _give(tool, word, b"-1")
        return tool.status
    if not words:
        return await _show_cores(tool)
    if len(words) != 2:
        raise Failure(b"a process and a core are needed", hint=True)
    await _give(tool, words[0], words[1])
    return tool.status


async def _give(tool: Tool, pid: bytes, core: bytes) -> None:
    if not pid.isdigit():
        raise Failure(b"invalid process: " + quote(pid))
    try:
        fd = await tool.sys.open(b"/proc/" + pid + b"/sched_core", flags.O_WRONLY)
        await write_all(tool.sys, fd, core + b"\n")
        await tool.sys.close(fd)
    except OSError as err:
        if err.errno == Errno.ENOENT:
            await tool.warn(pid + b": No such process")
        elif err.errno == Errno.EINVAL:
            await tool.warn(await _refusal(tool, pid, core))
        else:
            await tool.warn(pid, err)


async def _refusal(tool: Tool, pid: bytes, core: bytes) -> bytes:
    policy = (await read_file(tool.sys, b"/proc/sys/kernel/sched_policy")).strip()
    if policy != b"manual":
        return b"the scheduling policy is " + policy + b", not manual"
    return b"process " + pid + b" cannot run on core " + quote(core)


async def _show_cores(tool: Tool) -> int:
    stat = await read_file(tool.sys, b"/proc/stat")
    count = sum(line[:3] == b"cpu" and line[3:4].isdigit() for line in stat.split(b"\n"))
    owners: dict[int, bytes] = {}
    for entry in await _pids(tool):
        try:
            core = int(await read_file(tool.sys, b"/proc/%d/sched_core" % entry))
            if core >= 0:
                comm = (await read_file(tool.sys, b"/proc/%d/comm" % entry)).strip()
                owners[core] = b"%d %b" % (entry, comm)
        except OSError:
            continue
    for core in range(count):
        await tool.line(b"cpu%d  %b" % (core, owners.get(core, b"-")))
    return 0


async def _pids(tool: Tool) -> list[int]:
    fd = await tool.sys.open(b"/proc", flags.O_RDONLY | flags.O_DIRECTORY)
    found = []
    while entries := await tool.sys.getdents(fd):
        found += [int(entry.name) for entry in entries if entry.name.isdigit()]
    await tool.sys.close(fd)
    return sorted(found)

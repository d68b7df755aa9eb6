"""prlimit (util-linux 2.38.1)."""

from dataclasses import dataclass

from minios.abi import flags
from minios.abi.errno import Errno
from minios.userland.lib.execvp import execvp
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import why

PRLIMIT = """
Usage:
 prlimit [options] [--<resource>=<limit>] [-p PID]
 prlimit [options] [--<resource>=<limit>] COMMAND

Show or change the resource limits of a process.

Options:
 -p, --pid <pid>        process id
 -o, --output <list>    define which output columns to use
     --noheadings       don't print headings
     --raw              use the raw output format
     --verbose          verbose output
 -h, --help             display this help
 -V, --version          display version

Resources:
 -c, --core             maximum size of core files created
 -d, --data             maximum size of a process's data segment
 -e, --nice             maximum nice priority allowed to raise
 -f, --fsize            maximum size of files written by the process
 -i, --sigpending       maximum number of pending signals
 -l, --memlock          maximum size a process may lock into memory
 -m, --rss              maximum resident set size
 -n, --nofile           maximum number of open files
 -q, --msgqueue         maximum bytes in POSIX message queues
 -r, --rtprio           maximum real-time scheduling priority
 -s, --stack            maximum stack size
 -t, --cpu              maximum amount of CPU time in seconds
 -u, --nproc            maximum number of user processes
 -v, --as               size of virtual memory
 -x, --locks            maximum number of file locks
 -y, --rttime           CPU time in microseconds a process scheduled
                        under real-time scheduling

Arguments:
 <limit> is defined as a range soft:hard, soft:, :hard or a value to
         define both limits (e.g. -e=0:10 -r=:10).

Available output columns:
 DESCRIPTION  resource description
    RESOURCE  resource name
        SOFT  soft limit
        HARD  hard limit (ceiling)
       UNITS  units

For more details see prlimit(1).
"""


@dataclass(frozen=True, slots=True)
class Resource:
    name: str
    letter: str
    number: int
    help: str
    units: str


RESOURCES = (
    Resource("AS", "v", flags.RLIMIT_AS, "address space limit", "bytes"),
    Resource("CORE", "c", flags.RLIMIT_CORE, "max core file size", "bytes"),
    Resource("CPU", "t", flags.RLIMIT_CPU, "CPU time", "seconds"),
    Resource("DATA", "d", flags.RLIMIT_DATA, "max data size", "bytes"),
    Resource("FSIZE", "f", flags.RLIMIT_FSIZE, "max file size", "bytes"),
    Resource("LOCKS", "x", flags.RLIMIT_LOCKS, "max number of file locks held", "locks"),
    Resource("MEMLOCK", "l", flags.RLIMIT_MEMLOCK, "max locked-in-memory address space", "bytes"),
    Resource("MSGQUEUE", "q", flags.RLIMIT_MSGQUEUE, "max bytes in POSIX mqueues", "bytes"),
    Resource("NICE", "e", flags.RLIMIT_NICE, "max nice prio allowed to raise", ""),
    Resource("NOFILE", "n", flags.RLIMIT_NOFILE, "max number of open files", "files"),
    Resource("NPROC", "u", flags.RLIMIT_NPROC, "max number of processes", "processes"),
    Resource("RSS", "m", flags.RLIMIT_RSS, "max resident set size", "bytes"),
    Resource("RTPRIO", "r", flags.RLIMIT_RTPRIO, "max real-time priority", ""),
    Resource("RTTIME", "y", flags.RLIMIT_RTTIME, "timeout for real-time tasks", "microsecs"),
    Resource(
        "SIGPENDING", "i", flags.RLIMIT_SIGPENDING, "max number of pending signals", "signals"
    ),
    Resource("STACK", "s", flags.RLIMIT_STACK, "max stack size", "bytes"),
)  # fmt: skip

_COLUMNS = ("RESOURCE", "DESCRIPTION", "SOFT", "HARD", "UNITS")
_RIGHT = ("SOFT", "HARD")


def show(value: int) -> str:
    return "unlimited" if value >= flags.RLIM_INFINITY else str(value)


def _value(text: str) -> int:
    """A limit. ValueError."""
    if text == "unlimited":
        return flags.RLIM_INFINITY
    if not text.isdecimal() or len(text) > 20:
        raise ValueError(text)
    return int(text)


def _range(text: str, old: tuple[int, int]) -> tuple[int, int]:
    """``soft:hard``, ``soft:``, ``:hard`` or both at once. ValueError."""
    soft, colon, hard = text.partition(":")
    if not colon:
        return _value(soft), _value(soft)
    if not soft and not hard:
        raise ValueError(text)
    return (_value(soft) if soft else old[0]), (_value(hard) if hard else old[1])


@program(PRLIMIT)
async def prlimit(tool: Tool) -> int:
    """prlimit(1)."""
    sys = tool.sys
    short = "p:o:hV" + "".join(f"{each.letter}::" for each in RESOURCES)
    long = tuple(f"{each.name.lower()}::={each.letter}" for each in RESOURCES)
    long += ("pid:=p", "output:=o", "noheadings", "raw", "verbose", "help=h", "version=V")
    try:
        options = tool.options = parse(tool.argv[1:], short, long, permute=False)
    except UsageError as err:
        raise Failure(str(err).encode("latin-1"), hint=True) from None
    if "h" in options:
        await tool.line(PRLIMIT.strip("\n").encode())
        return 0
    if "V" in options:
        await tool.line(b"prlimit from util-linux 2.38.1")
        return 0
    pid = 0
    if (text := options.last("p")) is not None:
        if tool.operands:
            raise Failure(b"option --pid and COMMAND are mutually exclusive")
        if not text.isdigit() or len(text) > 9:
            raise Failure(b"invalid PID argument: '" + text + b"'")
        pid = int(text)
    shown = await _change(tool, pid)
    if tool.operands:
        await tool.out.flush()
        try:
            await execvp(sys, tool.operands, tool.env)
        except OSError as err:
            text = b"failed to execute " + tool.operands[0] + b": " + why(err)
            raise Failure(text, 127 if err.errno == Errno.ENOENT else 126) from None
    if shown is not None:
        await _show(tool, pid, shown)
    return 0


async def _change(tool: Tool, pid: int) -> list[Resource] | None:
    """Set what is to be set; the resources to show, None if there is nothing to show."""
    asked: list[Resource] = []
    changed = False
    for flag, value in tool.options.flags:
        resource = next((each for each in RESOURCES if each.letter == flag), None)
        if resource is None:
            continue
        text = (value or b"").decode("latin-1").removeprefix("=")
        if not text:
            asked.append(resource)
            continue
        old = await _get(tool, pid, resource)
        name = resource.name.encode()
        try:
            soft, hard = _range(text, old)
        except ValueError:
            raise Failure(b"failed to parse " + name + b" limit") from None
        if soft > hard:
            text_ = b"the soft limit " + name + b" cannot exceed the hard limit"
            raise Failure(text_)
        try:
            await tool.sys.prlimit(pid, resource.number, (soft, hard))
        except OSError as err:
            text_ = b"failed to set the " + name + b" resource limit: " + why(err)
            raise Failure(text_) from None
        changed = True
        if "verbose" in tool.options:
            line = f"New {resource.name} limit for pid {pid}: <{show(soft)}:{show(hard)}>"
            await tool.line(line.encode())
    if asked:
        return asked
    return None if changed or tool.operands else list(RESOURCES)


async def _get(tool: Tool, pid: int, resource: Resource) -> tuple[int, int]:
    try:
        return await tool.sys.prlimit(pid, resource.number)
    except OSError as err:
        name = resource.name.encode()
        raise Failure(b"failed to get the " + name + b" resource limit: " + why(err)) from None


async def _show(tool: Tool, pid: int, resources: list[Resource]) -> None:
    options = tool.options
    columns = list(_COLUMNS)
    if (text := options.last("o")) is not None:
        columns = text.decode("latin-1").upper().split(",")
        for name in columns:
            if name not in _COLUMNS:
                raise Failure(b"unknown column: " + name.encode("latin-1"))
    rows = [] if "noheadings" in options else [columns]
    for resource in resources:
        soft, hard = await _get(tool, pid, resource)
        cells = {"RESOURCE": resource.name, "DESCRIPTION": resource.help, "SOFT": show(soft),
                 "HARD": show(hard), "UNITS": resource.units}  # fmt: skip
        rows.append([cells[name] for name in columns])
    if "raw" in options:
        for row in rows:
            await tool.line(" ".join(cell.replace(" ", "\\x20") for cell in row).encode())
        return
    widths = [max(len(row[n]) for row in rows) for n in range(len(columns))]
    for row in rows:
        cells_ = []
        for index, (name, cell) in enumerate(zip(columns, row, strict=True)):
            if name in _RIGHT:
                cells_.append(cell.rjust(widths[index]))
            else:
                cells_.append(cell if index == len(columns) - 1 else cell.ljust(widths[index]))
        await tool.line(" ".join(cells_).encode())

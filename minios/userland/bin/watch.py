"""watch: run a command again and again and show what it prints (procps-ng 4.0.2)."""

from dataclasses import dataclass

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, shell_status
from minios.abi.signals import SIG_DFL, Sig
from minios.abi.sys import Sys
from minios.userland.lib import duration
from minios.userland.lib.calendar import strftime
from minios.userland.lib.execvp import execvp
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.screen import (
    END,
    INTERRUPT,
    NORMAL,
    RESIZE,
    RESUMED,
    REVERSE,
    TIMEOUT,
    Screen,
)
from minios.userland.lib.stdio import complain, why
from minios.userland.lib.utf8 import cells, clip, decode, encode, width

USAGE = """
Usage:
 watch [options] command

Options:
  -b, --beep             beep if command fails
  -c, --color            let colours through
  -d, --differences[=<permanent>]
                         highlight what changed
  -e, --errexit          exit if command fails
  -g, --chgexit          exit when the output changes
  -q, --equexit <cycles>
                         exit when the output has not changed so often
  -n, --interval <secs>  seconds between two runs
  -p, --precise          begin the runs at even intervals
  -t, --no-title         without the title
  -w, --no-wrap          cut long lines
  -x, --exec             run command itself and not "sh -c"

 -h, --help     show this and exit
 -v, --version  show the version and exit

For more details see watch(1).
"""

NS = 1_000_000_000
LEAST = NS // 10
_LONG = (
    "beep=b", "color=c", "differences::=d", "errexit=e", "chgexit=g", "equexit:=q", "interval:=n",
    "precise=p", "no-title=t", "no-wrap=w", "exec=x", "help=h", "version=v",
)  # fmt: skip


class _Quit(Exception):
    """Leave; ``args[0]`` is the exit status."""


@dataclass(slots=True)
class Cell:
    """A character on the screen, the colour it has and whether it is marked as changed."""

    text: str
    colour: str = ""
    changed: bool = False


Grid = list[list[Cell]]


def fill(text: str, columns: int, rows: int, *, wrap: bool, colour: bool) -> Grid:
    """Lay the output of a command out on a screen."""
    grid: Grid = [[]]
    used = 0
    style = ""
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\n":
            if len(grid) == rows:
                return grid
            grid.append([])
            used = 0
            continue
        if char == "\033" and colour and text[at : at + 1] == "[":
            end = at + 1
            while end < len(text) and text[end] in "0123456789;:":
                end += 1
            if text[end : end + 1] == "m":
                code = text[at - 1 : end + 1]
                style = "" if code in ("\033[m", "\033[0m") else (style + code)[-64:]
                at = end + 1
                continue
        if char == "\t":
            shown = [" "] * (8 - used % 8)
        elif char == "\r":
            continue
        elif width(char) < 0:
            shown = ["^", chr(ord(char) ^ 64)] if ord(char) < 128 else ["?"]
        else:
            shown = [char]
        for piece in shown:
            size = max(width(piece), 0)
            if used + size > columns:
                if not wrap:
                    continue
                if len(grid) == rows:
                    return grid
                grid.append([])
                used = 0
            grid[-1].append(Cell(piece, style))
            used += size
    return grid


def mark_changes(new: Grid, old: Grid, *, forever: bool) -> None:
    """Mark the characters that differ from what stood in their place."""
    for row, cells_of_row in enumerate(new):
        before = old[row] if row < len(old) else []
        for column, cell in enumerate(cells_of_row):
            was = before[column] if column < len(before) else Cell(" ")
            cell.changed = cell.text != was.text or (forever and was.changed)


def paint(row: list[Cell]) -> bytes:
    """A row with its colours and marks."""
    out: list[str] = []
    state = ("", False)
    for cell in row:
        if (cell.colour, cell.changed) != state:
            if state != ("", False):
                out.append(NORMAL.decode())
            state = (cell.colour, cell.changed)
            out.append(cell.colour + (REVERSE.decode() if cell.changed else ""))
        out.append(cell.text)
    if state != ("", False):
        out.append(NORMAL.decode())
    return encode("".join(out))


def title(interval: int, command: str, right: str, columns: int) -> str:
    """The first line: interval and command on the left, machine and time on the right."""
    left = f"Every {interval // NS}.{interval % NS // (NS // 10)}s: "
    room = columns - len(right)
    if room < 0:
        return ""
    if room <= len(left):
        return right.rjust(columns)
    space = room - len(left) - 1
    if cells(command) > space:
        command = clip(command, max(space - 3, 0)) + "..."[:space]
    line = left + command
    return line + " " * (columns - cells(line) - len(right)) + right


async def _command(sys: Sys, write: int, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    for sig in (Sig.SIGINT, Sig.SIGTERM, Sig.SIGHUP, Sig.SIGQUIT, Sig.SIGTSTP, Sig.SIGWINCH):
        await sys.sigaction(sig, SIG_DFL)
    await sys.dup2(write, 1)
    await sys.dup2(write, 2)
    await sys.close(write)
    try:
        await execvp(sys, argv, env)
    except OSError as err:
        await complain(sys, b"watch: unable to execute '" + argv[0] + b"': " + why(err))
        return 127 if err.errno == Errno.ENOENT else 126
    return 126


class Watch:
    """The command, its last output and what to do with the next."""

    def __init__(self, tool: Tool, screen: Screen, interval: int) -> None:
        self.tool = tool
        self.screen = screen
        self.interval = interval
        self.options = tool.options
        self.command = decode(b" ".join(tool.operands))
        self.old: Grid | None = None
        self.same = 0

    def _argv(self) -> list[bytes]:
        if "x" in self.options:
            return self.tool.operands
        return [b"sh", b"-c", b" ".join(self.tool.operands)]

    async def run(self) -> None:
        """Run and wait, until a reason to stop."""
        sys = self.tool.sys
        while True:
            begun = await sys.clock_gettime(CLOCK_MONOTONIC)
            output, status = await self._run_once()
            await self._show(output, status)
            wait = self.interval
            if "p" in self.options:
                wait -= await sys.clock_gettime(CLOCK_MONOTONIC) - begun
            key = await self.screen.key(max(wait, 0))
            while key not in (TIMEOUT, INTERRUPT, END, RESIZE, RESUMED, "^C"):
                left = begun + self.interval - await sys.clock_gettime(CLOCK_MONOTONIC)
                key = await self.screen.key(max(left, 0))
            if key in (INTERRUPT, END, "^C"):
                raise _Quit(0)

    async def _run_once(self) -> tuple[str, int]:
        """What the command prints, as much as the screen holds, and its exit status."""
        sys = self.tool.sys
        read, write = await sys.pipe()
        try:
            pid = await sys.fork(_command, write, self._argv(), dict(self.tool.env))
        except OSError as err:
            raise Failure(b"unable to fork process: " + why(err)) from None
        await sys.close(write)
        limit = 4 * self.screen.rows * self.screen.cols + 4096
        pieces: list[bytes] = []
        size = 0
        while True:
            try:
                data = await sys.read(read, 4096)
            except OSError as err:
                if err.errno != Errno.EINTR:
                    break
                if self.screen.interrupted():
                    raise _Quit(0) from None
                continue
            if not data:
                break
            if size < limit:
                pieces.append(data)
                size += len(data)
            await sys.compute(1 + len(data) // 32)
        await sys.close(read)
        while True:
            try:
                status = (await sys.waitpid(pid)).status
                return decode(b"".join(pieces)), shell_status(status)
            except OSError as err:
                if err.errno != Errno.EINTR:
                    return decode(b"".join(pieces)), 0
                if self.screen.interrupted():
                    raise _Quit(0) from None

    async def _show(self, output: str, status: int) -> None:
        screen, options = self.screen, self.options
        head = 0 if "t" in options else 2
        rows = max(screen.rows - head, 1)
        wrap, colour = "w" not in options, "c" in options
        grid = fill(output, screen.cols, rows, wrap=wrap, colour=colour)
        changed = self.old is not None and _texts(grid) != _texts(self.old)
        if "d" in options and self.old is not None:
            mark_changes(grid, self.old, forever=options.last("d") is not None)
        first, self.old = self.old is None, grid
        lines = [paint(row) for row in grid]
        await self.tool.sys.compute(20 + sum(map(len, lines)) // 16)
        if head:
            lines = [await self._title(), b"", *lines]
        failed = status != 0
        if failed and "b" in options:
            await screen.write(b"\a")
        if failed and "e" in options:
            text = b"command exit with a non-zero status, press a key to exit"
            lines = lines[: screen.rows - 1] + [b""] * (screen.rows - 1 - len(lines)) + [text]
        await screen.show(lines + [b""] * (screen.rows - len(lines)))
        if failed and "e" in options:
            await screen.key()
            raise _Quit(8)
        if "g" in options and changed:
            raise _Quit(0)
        if (limit := options.last("q")) is not None and not first:
            self.same = 0 if changed else self.same + 1
            if self.same >= int(limit[:9]):
                raise _Quit(0)

    async def _title(self) -> bytes:
        sys = self.tool.sys
        host = decode((await sys.uname()).nodename)
        now = strftime(b"%a %b %e %H:%M:%S %Y", await sys.clock_gettime()).decode()
        return encode(title(self.interval, self.command, f"{host}: {now}", self.screen.cols))


def _texts(grid: Grid) -> list[str]:
    return ["".join(cell.text for cell in row) for row in grid]


@program(USAGE)
async def watch(tool: Tool) -> int:
    """watch(1)."""
    sys = tool.sys
    try:
        options = tool.options = parse(tool.argv[1:], "bcd::egq:n:ptwxhv", _LONG, permute=False)
    except UsageError as err:
        return await _usage(tool, str(err))
    if "h" in options:
        await tool.line(b"\n" + USAGE.strip().encode())
        return 0
    if "v" in options:
        await tool.line(b"watch from procps-ng 4.0.2")
        return 0
    if not options.operands:
        return await _usage(tool)
    text = options.last("n") or tool.env.get(b"WATCH_INTERVAL") or b"2"
    interval = duration.parse(text.replace(b",", b".")) if not text[-1:].isalpha() else None
    if interval is None:
        raise Failure(b"failed to parse argument: '" + text + b"': Invalid argument")
    cycles = options.last("q")
    if cycles is not None and not cycles.isdigit():
        raise Failure(b"failed to parse argument: '" + cycles + b"'")
    screen = Screen(sys, 0 if await sys.isatty(0) else 1)
    try:
        await screen.start()
    except OSError:
        raise Failure(b"standard output is not a terminal") from None
    status = 0
    try:
        await Watch(tool, screen, max(interval, LEAST)).run()
    except _Quit as reason:
        status = reason.args[0]
    except Failure:
        await screen.stop()
        raise
    await screen.stop()
    return status


async def _usage(tool: Tool, complaint: str = "") -> int:
    if complaint:
        await complain(tool.sys, tool.name + b": " + complaint.encode("latin-1"))
    await complain(tool.sys, b"\n" + USAGE.strip().encode())
    return 1

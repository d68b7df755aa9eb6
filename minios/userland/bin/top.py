"""top: watch the processes (procps-ng 4.0.2)."""

from contextlib import suppress

from minios.abi.flags import O_RDWR, PRIO_PROCESS
from minios.abi.signals import number_of
from minios.userland.bin.topframe import FIELDS, Frame, Options, Sample, take
from minios.userland.lib import duration, users
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.screen import (
    BOLD,
    CLEAR_LINE,
    END,
    INTERRUPT,
    NORMAL,
    RESIZE,
    RESUMED,
    REVERSE,
    TIMEOUT,
    Screen,
    move,
)
from minios.userland.lib.stdio import why
from minios.userland.lib.utf8 import clip, decode, encode

USAGE = """
Usage:
 top [options]

Options:
 -b, --batch-mode                print frames, do not read keys
 -c, --cmdline-toggle            command lines in place of names
 -d, --delay =SECS [.TENTHS]     seconds between frames
 -E, --scale-summary-mem =SCALE  unit of the summary: k,m,g,t,p,e
 -e, --scale-task-mem =SCALE     unit of the tasks: k,m,g,t,p
 -i, --idle-toggle               without idle tasks
 -n, --iterations =NUMBER        so many frames
 -O, --list-fields               list the names of the fields
 -o, --sort-override =FIELD      order by this field
 -p, --pid =PIDLIST              only these processes
 -S, --accum-time-toggle         with the time of ended children
 -s, --secure-mode               no k, r, d
 -U, --filter-any-user =USER     only tasks of USER, by any of their ids
 -u, --filter-only-euser =USER   only tasks of USER
 -w, --width [=COLUMNS]          width of what is printed
 -1, --single-cpu-toggle         every CPU by itself

 -h, --help                      show this
 -V, --version                   show the version

For more details see top(1).
"""

NS = 1_000_000_000
FIRST_LOOK = 150_000_000
"""Between the sample before the first frame and the first frame, in ns."""

HELP = """\
Help for Interactive Commands - top
Cumulative mode {S}.  Delay {delay} secs; secure mode {secure}.

  l,t,m     Show or hide the load, task and CPU, and memory lines
  1         One line for all CPUs, or one for each
  E,e       Unit of memory in the summary, in the tasks

  P,M,T,N   Order by CPU, memory, time, pid; R turns the order around
  <,>       Order by the field on the left, on the right
  V         As a tree
  c,S,i     Command lines; time of children; idle tasks
  u         Only the tasks of one user
  n or #    Only so many tasks
  Up,Down   Scroll; PgUp, PgDn, Home, End too

  k,r       Send a signal to a task; change its nice value
  d or s    Seconds between frames
  Space     The next frame now
  q         Quit

Press any key to go on """

_LONG = (
    "batch-mode=b", "cmdline-toggle=c", "delay:=d", "scale-summary-mem:=E", "scale-task-mem:=e",
    "threads-show=H", "idle-toggle=i", "iterations:=n", "list-fields=O", "sort-override:=o",
    "pid:=p", "accum-time-toggle=S", "secure-mode=s", "filter-any-user:=U",
    "filter-only-euser:=u", "width::=w", "single-cpu-toggle=1", "help=h", "version=V",
)  # fmt: skip
_ORDER = ("pid", "user", "pr", "ni", "virt", "res", "shr", "s", "cpu", "mem", "time", "command")


class _Quit(Exception):
    """Leave top."""


class Top:
    """The running display."""

    def __init__(self, tool: Tool, frame: Frame, delay: int) -> None:
        self.tool = tool
        self.frame = frame
        self.options = frame.options
        self.delay = delay
        self.secure = False
        self.before = Sample()
        self.now = Sample()
        self.message = ""
        self.screen: Screen | None = None
        self.names: dict[bytes, int] = {}

    async def sample(self) -> None:
        self.before, self.now = self.now, await take(self.tool, self.now)
        await self.frame.refresh(self.tool)

    async def batch(self, iterations: int, width: int) -> None:
        """Print frame after frame."""
        count = 0
        while True:
            if count:
                await self.tool.line(b"")
            lines = self.frame.summary(self.before, self.now, bold=False)
            lines = [encode(clip(decode(line), width)) for line in lines]
            lines += [b"", *self.frame.rows(self.now, width - 1, None, terminal=False)]
            for line in lines:
                await self.tool.line(line)
            await self.tool.out.flush()
            await self.tool.sys.compute(20 * len(lines))
            count += 1
            if iterations and count >= iterations:
                return
            await self.tool.sys.nanosleep(self.delay)
            await self.sample()

    # -- on a terminal -------------------------------------------------------------------------

    async def paint(self, screen: Screen) -> None:
        """Show the frame."""
        head = self.frame.summary(self.before, self.now, bold=True)[: screen.rows - 1]
        message = REVERSE + encode(self.message) + NORMAL if self.message else b""
        height = screen.rows - len(head) - 1
        rows = self.frame.rows(self.now, screen.cols, height, terminal=True)
        await self.tool.sys.compute(20 * (len(head) + len(rows)))
        lines = [self._cut(line, screen.cols) for line in head] + [message, *rows]
        await screen.show(lines + [b""] * (screen.rows - len(lines)))

    @staticmethod
    def _cut(line: bytes, width: int) -> bytes:
        """Cut a line that has escape sequences."""
        out: list[bytes] = []
        room = width
        for at, part in enumerate(line.split(b"\033[")):
            if at:
                sequence, _, part = part.partition(b"m")
                out.append(b"\033[" + sequence + b"m")
            out.append(part[:room])
            room -= min(len(part), room)
        return b"".join(out)

    def _message_row(self) -> int:
        return len(self.frame.summary(self.before, self.now, bold=False))

    async def interact(self, screen: Screen, iterations: int) -> None:
        """Paint, and obey keys between the frames."""
        self.screen = screen
        count = 0
        while True:
            await self.paint(screen)
            self.message = ""
            count += 1
            if iterations and count >= iterations:
                return
            key = await screen.key(self.delay)
            if key not in (TIMEOUT, RESIZE, RESUMED):
                again = await self.press(key)
                while not again:
                    await self.paint(screen)
                    self.message = ""
                    key = await screen.key(self.delay)
                    again = True
                    if key not in (TIMEOUT, RESIZE, RESUMED):
                        again = await self.press(key)
            if key in (RESIZE, RESUMED):
                screen.forget()
            await self.sample()

    async def press(self, key: str) -> bool:
        """Obey a key; whether a new sample is wanted. False leaves the message standing."""
        o = self.options
        sorts = {"P": "cpu", "M": "mem", "T": "time", "N": "pid"}
        if key in ("q", "^C", INTERRUPT, END):
            raise _Quit
        if key in sorts:
            o.sort, o.tree = sorts[key], False
        elif key == "R":
            o.reverse = not o.reverse
        elif key in "<>" and len(key) == 1:
            at = _ORDER.index(o.sort) + (1 if key == ">" else -1)
            o.sort = _ORDER[max(min(at, len(_ORDER) - 1), 0)]
        elif key in "VcSi1ltm" and len(key) == 1:
            self._toggle(key)
        elif key in "Ee" and len(key) == 1:
            if key == "E":
                o.memory_scale = (o.memory_scale + 1) % 6
            else:
                o.task_scale = (o.task_scale + 1) % 5
        elif key in ("UP", "DOWN", "PGUP", "PGDN", "HOME", "END"):
            self._scroll(key)
        elif key in ("h", "?"):
            await self._help()
        elif key in (" ", "ENTER", "^J", "^L"):
            pass
        elif key in "krdsun#" and len(key) == 1:
            return await self._ask_for(key)
        else:
            self.message = " Unknown command - try 'h' for help "
            return False
        return True

    def _toggle(self, key: str) -> None:
        o = self.options
        match key:
            case "V":
                o.tree = not o.tree
            case "c":
                o.command_line = not o.command_line
            case "S":
                o.cumulative = not o.cumulative
                self.message = f" Cumulative time {'On' if o.cumulative else 'Off'} "
            case "i":
                o.idle = not o.idle
            case "1":
                o.each_cpu = not o.each_cpu
            case "l":
                o.show_load = not o.show_load
            case "t":
                o.show_cpu = not o.show_cpu
            case "m":
                o.show_memory = not o.show_memory

    def _scroll(self, key: str) -> None:
        page = max((self.screen.rows if self.screen else 24) - 8, 1)
        last = max(len(self.frame.chosen(self.now)) - 1, 0)
        step = {"UP": -1, "DOWN": 1, "PGUP": -page, "PGDN": page, "HOME": -last, "END": last}[key]
        self.options.first = max(min(self.options.first + step, last), 0)

    async def _line(self, prompt: str) -> str:
        """A line of text, asked for below the summary."""
        screen = self.screen
        assert screen is not None
        text = ""
        while True:
            line = BOLD + encode(clip(prompt, screen.cols)) + NORMAL + b" " + encode(text)
            await screen.write(move(self._message_row(), 0) + CLEAR_LINE + line + b"\033[?25h")
            key = await screen.key()
            if key in ("ENTER", "^J", END):
                break
            if key in (INTERRUPT, "ESC"):
                text = "\033"
                break
            if key in ("BACKSPACE", "^H"):
                text = text[:-1]
            elif len(key) == 1 and len(text) < 100:
                text += key
        screen.forget()
        return text

    async def _ask_for(self, key: str) -> bool:
        if self.secure and key in "krds":
            self.message = " Unavailable in secure mode "
            return False
        if key == "k":
            await self._kill()
        elif key == "r":
            await self._renice()
        elif key in "ds":
            await self._change_delay()
        elif key == "u":
            await self._filter_user()
        else:
            text = await self._line(
                f"Maximum tasks = {self.options.limit}, change to (0 is unlimited)"
            )
            if text.isdigit():
                self.options.limit = int(text[:6])
            elif text.strip("\033"):
                self.message = " Unacceptable integer "
        return not self.message

    def _first_pid(self) -> int:
        tasks = self.frame.chosen(self.now)[self.options.first :]
        return tasks[0].process.pid if tasks else 0

    async def _pid(self, what: str) -> int | None:
        default = self._first_pid()
        text = (await self._line(f"PID to {what} [default pid = {default}]")).strip()
        if text == "\033":
            return None
        if not text:
            return default
        if not text.isdigit():
            self.message = " Unacceptable integer "
            return None
        return int(text[:9])

    async def _kill(self) -> None:
        pid = await self._pid("signal/kill")
        if not pid:
            return
        text = (await self._line(f"Send pid {pid} signal [15/sigterm]")).strip()
        if text == "\033":
            return
        signal = number_of(text) if text else 15
        if signal is None:
            self.message = f" Invalid signal: {text} "
            return
        try:
            await self.tool.sys.kill(pid, signal)
        except OSError as err:
            reason = why(err).decode()
            self.message = f" Failed signal pid '{pid}' with '{signal}': {reason} "

    async def _renice(self) -> None:
        pid = await self._pid("renice")
        if not pid:
            return
        text = (await self._line(f"Renice PID {pid} to value")).strip()
        if text in ("", "\033"):
            return
        if not text.removeprefix("-").removeprefix("+").isdigit() or len(text) > 6:
            self.message = " Unacceptable integer "
            return
        try:
            nice = max(min(int(text), 19), -20)
            await self.tool.sys.setpriority(PRIO_PROCESS, pid, nice)
        except OSError as err:
            self.message = f" Failed renice of PID {pid} to {text}: {why(err).decode()} "

    async def _change_delay(self) -> None:
        text = (await self._line(f"Change delay from {_seconds(self.delay)} to")).strip()
        if text in ("", "\033"):
            return
        value = duration.parse(text.encode("latin-1", "replace"))
        if value is None or text[-1:].isalpha():
            self.message = " Unacceptable floating point "
            return
        self.delay = value

    async def _filter_user(self) -> None:
        text = (await self._line("Which user (blank for all)")).strip()
        if text == "\033":
            return
        if not text:
            self.options.uid = None
            return
        uid = self.names.get(encode(text))
        if uid is None and text.isdigit():
            uid = int(text[:9])
        if uid is None:
            self.message = " Invalid user "
            return
        self.options.uid, self.options.any_uid = uid, False

    async def _help(self) -> None:
        screen = self.screen
        assert screen is not None
        text = HELP.format(
            S="On" if self.options.cumulative else "Off",
            delay=_seconds(self.delay),
            secure="On" if self.secure else "Off",
        )
        lines = [encode(clip(line, screen.cols)) for line in text.split("\n")]
        await screen.show(lines + [b""] * (screen.rows - len(lines)))
        await screen.key()
        screen.forget()


def _seconds(ns: int) -> str:
    return f"{ns // NS}.{ns % NS // (NS // 10)}"


def _apply(top: Top, options: Parsed) -> None:
    o = top.options
    for flag, value in options.flags:
        text = value or b""
        match flag:
            case "c" | "i" | "S" | "1":
                top._toggle(flag)
                top.message = ""
            case "s":
                top.secure = True
            case "d":
                length = duration.parse(text.removeprefix(b"="))
                if length is None or text[-1:].isalpha():
                    raise Failure(b"bad delay interval '" + text + b"'")
                top.delay = length
            case "E" | "e":
                at = "kmgtpe".find(text.decode("latin-1").lower())
                if at < 0 or len(text) != 1:
                    raise Failure(b"bad memory scaling arg '" + text + b"'")
                if flag == "E":
                    o.memory_scale = at
                else:
                    o.task_scale = min(at, 4)
            case "o":
                name = text.decode("latin-1").lstrip("+-")
                if name not in FIELDS:
                    raise Failure(b"unrecognized field name '" + text + b"'")
                o.sort = FIELDS[name]
                o.reverse = text.startswith(b"-")
            case "p":
                for word in text.split(b","):
                    if not word.isdigit():
                        raise Failure(b"bad pid '" + word + b"'")
                    o.pids = (*o.pids, int(word[:9]))
                if len(o.pids) > 20:
                    raise Failure(b"pid limit (20) exceeded")
            case "u" | "U":
                uid = top.names.get(text)
                if uid is None and text.isdigit():
                    uid = int(text[:9])
                if uid is None:
                    raise Failure(b"Invalid user")
                o.uid, o.any_uid = uid, flag == "U"


@program(USAGE)
async def top(tool: Tool) -> int:
    """top(1)."""
    sys = tool.sys
    try:
        options = tool.options = parse(tool.argv[1:], "bcd:E:e:Hin:Oo:p:SsU:u:w::1hV", _LONG)
    except UsageError as err:
        raise Failure(str(err).encode("latin-1")) from None
    if "h" in options:
        await tool.line(b"\n" + USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"top from procps-ng 4.0.2")
        return 0
    if "O" in options:
        for name in FIELDS:
            await tool.line(name.encode())
        return 0
    accounts = await users.passwd(sys)
    frame = Frame(Options(), {a.uid: a.name for a in reversed(accounts)})
    running = Top(tool, frame, 3 * NS)
    running.names = {a.name: a.uid for a in accounts}
    _apply(running, options)
    count = options.last("n")
    iterations = 0
    if count is not None:
        if not count.isdigit() or not int(count[:9]):
            raise Failure(b"bad iterations argument '" + count + b"'")
        iterations = int(count[:9])
    batch = "b" in options
    if not batch and not (await sys.isatty(1) and await sys.isatty(0)):
        raise Failure(b"failed tty get")
    await running.sample()
    await sys.nanosleep(FIRST_LOOK)
    await running.sample()
    if batch:
        await running.batch(iterations, _width(tool))
        return 0
    # What is shown stays; the prompt goes below it (row 999 is the last one).
    screen = Screen(sys, 0, alternate=False, off=move(998, 0) + b"\n" + CLEAR_LINE)
    try:
        await sys.close(await sys.open(b"/dev/tty", O_RDWR))
        await screen.start()
    except OSError as err:
        raise Failure(b"failed tty set: " + why(err)) from None
    try:
        with suppress(_Quit):
            await running.interact(screen, iterations)
    except Failure:
        await screen.stop()
        raise
    await screen.stop()
    return 0


def _width(tool: Tool) -> int:
    """Columns of what -b prints."""
    given = tool.options.last("w")
    if given is not None and given.isdigit():
        return max(min(int(given[:5]), 512), 3)
    columns = tool.env.get(b"COLUMNS", b"")
    if columns.isdigit() and int(columns[:5]):
        return min(int(columns[:5]), 512)
    return 512 if "w" in tool.options else 80

"""ltrace (0.7.3): watch a process's library calls."""

from dataclasses import dataclass, field

from minios.abi import flags, ptrace
from minios.abi.ptrace import Probe, SyscallInfo
from minios.abi.records import Waited
from minios.abi.signals import strsignal
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import complain, why
from minios.userland.lib.strace import decode
from minios.userland.lib.strace.lines import Log, Stamp
from minios.userland.lib.strace.text import Style, quoted, signal_name
from minios.userland.lib.tracer import FORKS, SYSGOOD, Kind, Tracer, find_program

USAGE = """
Usage: ltrace [option ...] [command [arg ...]]
Trace library calls of a given program.

  -a, --align=COLUMN  align return values in a specific column (50).
  -b, --no-signals    don't print signals.
  -c                  count time and calls, and report a summary on exit.
  -e FILTER           which calls to trace: NAME+NAME, -NAME, with * in names.
  -f                  trace children (fork() and clone()).
  -h, --help          display this help and exit.
  -L                  do NOT display library calls.
  -n, --indent=NR     indent output by NR spaces for each call level nesting.
  -o, --output=FILENAME write the trace output to file with given name.
  -p PID              attach to the process with the process ID pid.
  -r                  print relative timestamps.
  -s STRSIZE          specify the maximum string size to print.
  -S                  trace system calls as well as library calls.
  -t, -tt, -ttt       print absolute timestamps.
  -T                  show the time spent inside each call.
"""

COLUMN = 50
CYCLES = 60
"""Decoding a call, of ltrace's own time."""

POINTERS = frozenset((
    b"malloc", b"calloc", b"realloc", b"fopen", b"getenv", b"getpwnam", b"getpwuid", b"opendir",
))  # fmt: skip
"""What returns a pointer: NULL is ``nil``."""


@dataclass(slots=True)
class Call:
    """A call that has not returned."""

    name: str
    began: int
    shown: bool


@dataclass(slots=True)
class Process:
    """A traced process and the calls it is in, the innermost last."""

    pid: int
    name: str
    stack: list[Call] = field(default_factory=list)


@dataclass(slots=True)
class Count:
    """One function's figures for the summary."""

    calls: int = 0
    time: int = 0


class Ltrace:
    """One run of ltrace."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.style = Style()
        self.column = COLUMN
        self.indent = 0
        self.stamp = Stamp()
        self.follow = self.counting = self.system = self.took = False
        self.library = self.signals = True
        self.filter: list[tuple[bool, str]] = []
        self.output: bytes | None = None
        self.attach: list[int] = []
        self.counts: dict[str, Count] = {}
        self.processes: dict[int, Process] = {}
        self.log = Log(2)
        self.main = 0
        self.status = 0
        self.started = False
        self.tracer = Tracer(self.sys, tool.name, SYSGOOD | ptrace.PTRACE_O_TRACEEXEC)

    def read(self) -> None:
        """Take the options. Failure."""
        for flag, value in self.tool.options.flags:
            word = value or b""
            if flag in ("a", "n", "s"):
                self._number(flag, word)
            elif flag == "t":
                self.stamp.absolute += 1
            elif flag == "r":
                self.stamp.relative = True
            elif flag == "e":
                self._expression(word.decode("latin-1"))
            elif flag == "o":
                self.output = word
            elif flag == "p":
                if not word.isdigit() or len(word) > 9:
                    raise Failure(b"Invalid process id: " + quote(word))
                self.attach.append(int(word))
            elif flag == "f":
                self.follow = True
            elif flag == "c":
                self.counting = True
            elif flag == "S":
                self.system = True
            elif flag == "T":
                self.took = True
            elif flag == "L":
                self.library = False
            else:
                self.signals = False

    def _number(self, flag: str, word: bytes) -> None:
        if not word.isdigit() or len(word) > 6:
            raise Failure(b"Invalid argument to -" + flag.encode() + b": " + quote(word))
        if flag == "a":
            self.column = int(word)
        elif flag == "n":
            self.indent = int(word)
        else:
            self.style.limit = int(word)

    def _expression(self, text: str) -> None:
        """``malloc+free``, ``*-free``: names are added and taken away from left to right."""
        sign, word = "+", ""
        for char in [*text, "+"]:
            if char not in "+-":
                word += char
                continue
            if word:
                if sign == "-" and not self.filter:
                    self.filter.append((True, "*"))
                self.filter.append((sign == "+", word.partition("@")[0]))
            sign, word = char, ""

    def _wanted(self, name: str) -> bool:
        if not self.filter:
            return True
        chosen = False
        for add, pattern in self.filter:
            if _glob(pattern, name):
                chosen = add
        return chosen

    # -- the run -------------------------------------------------------------------------------

    async def run(self) -> int:
        tool, tracer, sys = self.tool, self.tracer, self.sys
        if not tool.operands and not self.attach:
            raise Failure(b"too few arguments", hint=True)
        if self.follow:
            tracer.options |= FORKS
        if self.output is not None:
            oflag = flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC | flags.O_CLOEXEC
            try:
                self.log.fd = await sys.open(self.output, oflag)
            except OSError as err:
                text = b"can't open " + self.output + b" for writing: " + why(err)
                raise Failure(text) from None
        if tool.operands:
            await self._start(tool.operands)
        await tracer.listen(ignore=False)
        for pid in self.attach:
            await self._attach(pid)
        if not tracer.pids:
            return 1
        while (waited := await tracer.wait()) is not None:
            await self._event(waited)
        for pid in list(tracer.pids):
            await tracer.detach(pid)
        if self.counting:
            self._summary()
        await self.log.flush(sys)
        if tracer.interrupted:
            return await tracer.end(tracer.interrupted)
        return flags.wexitstatus(self.status) if flags.wifexited(self.status) else 1

    async def _start(self, operands: list[bytes]) -> None:
        try:
            path = await find_program(self.sys, operands[0], self.tool.env)
        except OSError as err:
            await complain(self.sys, b"Can't execute `" + operands[0] + b"': " + why(err))
            raise Failure(b"", 1) from None
        self.main = await self.tracer.spawn(path, operands, self.tool.env)
        self._know(self.main, operands[0])
        await self.sys.ptrace(ptrace.PTRACE_PROBES, self.main, 0, 1)
        await self._go(self.main)

    async def _attach(self, pid: int) -> None:
        try:
            await self.tracer.attach(pid)
        except OSError as err:
            await complain(self.sys, b"Cannot attach to pid %d: " % pid + why(err))
            return
        self._know(pid, b"")
        self.started = True

    def _know(self, pid: int, name: bytes) -> Process:
        known = Process(pid, name.rpartition(b"/")[2].decode("latin-1"))
        return self.processes.setdefault(pid, known)

    async def _go(self, pid: int, sig: int = 0) -> None:
        mode = ptrace.PTRACE_SYSCALL if self.system else ptrace.PTRACE_CONT
        await self.tracer.go(pid, mode, sig)

    async def _event(self, waited: Waited) -> None:
        pid, kind = waited.pid, self.tracer.kind(waited)
        main = self.processes.get(self.main)
        process = self._know(pid, main.name.encode() if main is not None else b"")
        sig = 0
        if kind in (Kind.EXITED, Kind.KILLED):
            await self._ended(process, waited)
            return
        if kind is Kind.STOPPED and self.started:
            await self.tracer.go(pid, ptrace.PTRACE_LISTEN)
            return
        if kind is Kind.SYSCALL:
            await self._system(process)
        elif kind is Kind.SIGNAL:
            sig = await self._signal(process, flags.wstopsig(waited.status))
        elif kind is Kind.NEW:
            await self.sys.ptrace(ptrace.PTRACE_PROBES, pid, 0, 1)
        elif kind is Kind.EVENT:
            if waited.status >> 16 == ptrace.PTRACE_EVENT_EXEC:
                self.started = True
                process.stack.clear()
            elif pid in self.attach:
                await self.sys.ptrace(ptrace.PTRACE_PROBES, pid, 0, 1)
        await self._go(pid, sig)

    async def _signal(self, process: Process, sig: int) -> int:
        """A signal, or the SIGTRAP of a probe; the signal that goes on to the process."""
        info = await self.sys.ptrace(ptrace.PTRACE_GETSIGINFO, process.pid)
        if info.code == ptrace.TRAP_BRKPT and sig == info.signo:
            told = await self.sys.ptrace(ptrace.PTRACE_GETEVENTMSG, process.pid)
            if isinstance(told, Probe) and self.started:
                await self._probe(process, told)
            return 0
        if self.started and self.signals and not self.counting:
            name = signal_name(sig)
            await self._line(process, f"--- {name} ({strsignal(sig)}) ---")
        return sig

    # -- calls ---------------------------------------------------------------------------------

    async def _probe(self, process: Process, told: Probe) -> None:
        if not self.library:
            return
        name = told.name.decode("latin-1")
        await self.sys.compute(CYCLES)
        if told.args is not None:
            shown = self._wanted(name)
            args = ", ".join(self._value(arg) for arg in told.args)
            await self._enter(process, name, args, shown=shown)
            return
        while process.stack and process.stack[-1].name != name:
            process.stack.pop()  # left by an exception, or begun before we came
        if not process.stack:
            return
        out = ", ".join(self._value(arg) for arg in told.out)
        await self._leave(process, out, self._result(told))

    async def _system(self, process: Process) -> None:
        info: SyscallInfo = await self.sys.ptrace(ptrace.PTRACE_GET_SYSCALL_INFO, process.pid)
        name = "SYS_" + decode.name(info)
        await self.sys.compute(CYCLES)
        if info.op == ptrace.SYSCALL_INFO_ENTRY:
            if self.started:
                await self._enter(process, name, decode.entry(info, self.style), shown=True)
        elif process.stack and process.stack[-1].name == name:
            text = str(-info.rval) if info.is_error else decode.returned(info, self.style)
            await self._leave(process, decode.rest(info, self.style), text)

    async def _enter(self, process: Process, name: str, args: str, *, shown: bool) -> None:
        now = await self._clock()
        process.stack.append(Call(name, now, shown))
        if not shown or self.counting:
            return
        indent = " " * (self.indent * (len(process.stack) - 1))
        self._leader(process, now)
        prefix = f"{process.name}->" if self.filter else ""
        self.log.put(f"{indent}{prefix}{name}({args}")
        await self._flush()

    async def _leave(self, process: Process, out: str, value: str) -> None:
        call = process.stack.pop()
        now = await self._clock()
        count = self.counts.setdefault(call.name, Count()) if call.shown else Count()
        count.calls += 1
        count.time += now - call.began
        if not call.shown or self.counting:
            return
        log = self.log
        if log.printing != process.pid:
            indent = " " * (self.indent * len(process.stack))
            self._leader(process, now)
            log.put(f"{indent}<... {call.name} resumed> {out})")
        else:
            more = out and not log.last.endswith(("(", ", "))
            log.put((", " if more else "") + out + ")")
        if log.column < self.column - 1:
            log.put(" " * (self.column - 1 - log.column))
        log.put(" = " + value)
        if self.took:
            micros = (now - call.began) // 1000
            log.put(f" <{micros // 1_000_000}.{micros % 1_000_000:06d}>")
        log.put("\n")
        log.printing = 0
        await self._flush()

    def _value(self, value: object) -> str:
        if value is None:
            return "nil"
        if isinstance(value, bytes):
            return quoted(value, self.style, self.style.limit)
        if isinstance(value, int):
            return f"{value:#x}" if value >= 0x10000 else str(int(value))
        if isinstance(value, (list, tuple)):
            return "[ " + ", ".join(self._value(item) for item in value) + " ]"
        return str(value)

    def _result(self, told: Probe) -> str:
        if told.value is None:
            return "<void>"
        if told.name in POINTERS and told.value in (0, -1):
            return "nil"
        return self._value(told.value)

    # -- lines and the end ---------------------------------------------------------------------

    async def _ended(self, process: Process, waited: Waited) -> None:
        status = waited.status
        if flags.wifexited(status):
            text = f"+++ exited (status {flags.wexitstatus(status)}) +++"
        else:
            text = f"+++ killed by {signal_name(flags.wtermsig(status))} +++"
        if process.pid == self.main:
            self.status = status
        log = self.log
        if log.printing == process.pid:
            log.put(" <no return ...>\n")
            log.printing = 0
        if not self.counting:
            await self._line(process, text)
        self.tracer.pids.pop(process.pid, None)
        self.processes.pop(process.pid, None)

    def _leader(self, process: Process, now: int) -> None:
        log = self.log
        if log.printing:
            log.put(" <unfinished ...>\n")
        log.printing = process.pid
        if self.output is not None and self.follow:
            log.put(f"{process.pid} ")
        elif self.output is None and self.follow:
            log.put(f"[pid {process.pid}] ")
        if self.stamp:
            log.put(self.stamp.text(now))

    async def _line(self, process: Process, text: str) -> None:
        self._leader(process, await self._clock())
        self.log.put(text + "\n")
        self.log.printing = 0
        await self._flush()

    async def _flush(self) -> None:
        await self.log.flush(self.sys, 1 if self.log.fd == 2 else 4096)

    async def _clock(self) -> int:
        if not (self.stamp or self.took or self.counting):
            return 0
        return await self.sys.clock_gettime()

    def _summary(self) -> None:
        rows = sorted(self.counts.items(), key=lambda item: -item[1].time)
        total = Count(sum(c.calls for _, c in rows), sum(c.time for _, c in rows))
        rule = "------ ----------- ----------- --------- --------------------\n"
        self.log.put("% time     seconds  usecs/call     calls      function\n" + rule)
        for name, count in rows:
            share = count.time * 10_000 // max(total.time, 1)
            micros = count.time // 1000
            average = micros // count.calls
            self.log.put(
                f"{share // 100:3}.{share % 100:02d} {_seconds(micros):>11} {average:>11} "
                f"{count.calls:>9} {name}\n"
            )
        self.log.put(rule)
        micros = total.time // 1000
        self.log.put(f"100.00 {_seconds(micros):>11} {'':>11} {total.calls:>9} total\n")


def _seconds(micros: int) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _glob(pattern: str, name: str) -> bool:
    """Whether ``name`` matches a pattern whose ``*`` stands for anything."""
    first, *rest = pattern.split("*")
    if not name.startswith(first):
        return False
    if not rest:
        return name == first
    at = len(first)
    for part in rest[:-1]:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) - len(rest[-1]) >= at and name.endswith(rest[-1])


@program(
    USAGE,
    "a:bce:fhLn:o:p:rs:StT",
    ("align:=a", "no-signals=b", "indent:=n", "output:=o"),
    permute=False,
)
async def ltrace(tool: Tool) -> int:
    """ltrace(1)."""
    if "h" in tool.options:
        tool.out.put(USAGE.strip().encode() + b"\n")
        return 0
    run = Ltrace(tool)
    run.read()
    return await run.run()

"""strace (6.1): watch a process's system calls."""

from dataclasses import dataclass

from minios.abi import flags, ptrace
from minios.abi.ptrace import SyscallInfo
from minios.abi.records import Waited
from minios.abi.syscalls import NR
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import complain, why
from minios.userland.lib.strace import decode
from minios.userland.lib.strace.lines import Log
from minios.userland.lib.strace.settings import Options
from minios.userland.lib.strace.siginfo import siginfo
from minios.userland.lib.strace.summary import Summary
from minios.userland.lib.strace.text import Style, signal_name
from minios.userland.lib.tracer import FORKS, SYSGOOD, Kind, Tracer, find_program

USAGE = """
Usage: strace [OPTION]... PROG [ARG]...
       strace [OPTION]... -p PID...
Run PROG, or watch the processes PID, and print each system call and signal.

  -p, --attach=PID      watch a running process; may be repeated
  -f, --follow-forks    watch children too
  -ff                   each process into a file of its own, FILE.PID, with -o
      --seccomp-bpf     stop only at the calls that -e trace asks for (needs -f)
  -e EXPR               trace=[!]SET, signal=[!]SET, status=SET, quiet=SET,
                        inject=SET:error=E or :retval=N[:when=FIRST[..LAST][+STEP]];
                        SET names calls, or %file %process %signal %desc
                        %memory %network, /REGEX, all or none
  -P, --trace-path=PATH only calls that touch PATH
  -z, -Z                only calls that succeed, that fail
  -c, --summary-only    count calls, errors and time, and print a table
  -C, --summary         both
  -S, --summary-sort-by=KEY
                        time, calls, errors, name, avg_time or nothing
  -w, --summary-wall-clock
                        count the time between entry and return, not CPU time
  -o, --output=FILE     print into FILE; |COMMAND is not supported
  -A                    append to FILE
  -t, -tt, -ttt         say when: seconds, microseconds, seconds of the epoch
  -r, --relative-timestamps
                        how long after the last call began
  -T, --syscall-times   how long each took
  -n                    the number of each call
  -y, --decode-fds      what descriptors are
  -v, --no-abbrev       whole structures
  -x, -xx               strings in hexadecimal: unprintable ones, all
  -s, --string-limit=N  print N bytes of a string (32)
  -a, --columns=N       print results in this column (40)
  -q, -qq, -qqq         no messages about attaching, exits, anything
"""

ENTRY_CYCLES = 60
"""Decoding a call, of strace's own time."""
EXIT_CYCLES = 40


@dataclass(slots=True)
class Process:
    """A traced process: the call it is in, and what has been printed of it."""

    pid: int
    call: SyscallInfo | None = None
    shown: bool = False
    """Whether the call's entry was printed."""
    began: int = 0
    stime: int = 0
    injected: bool = False
    """Whether the call's result is ours."""
    resumed: str = ""
    """The call that a signal interrupted, for restart_syscall."""


class Strace(Options):
    """One run of strace: what it was asked to do, and what it knows of each process."""

    def __init__(self, tool: Tool) -> None:
        super().__init__(tool)
        self.summary = Summary()
        self.processes: dict[int, Process] = {}
        self.logs: dict[int, Log] = {}
        self.main = 0
        self.started = False
        self.status = 0
        self.tracer = Tracer(self.sys, tool.name, SYSGOOD)

    # -- the run -------------------------------------------------------------------------------

    async def run(self) -> int:
        tool, tracer = self.tool, self.tracer
        operands = tool.operands
        if not operands and not self.attach:
            raise Failure(b"must have PROG [ARGS] or -p PID", hint=True)
        if self.paths:
            await self._resolve_paths()
        if self.follow:
            tracer.options |= FORKS
        calls = await self._filter()
        await self._open()
        to_file = self.output is not None
        if to_file and operands:
            self.quiet.add("attach")
        if operands:
            await self._start(operands, calls)
        await tracer.listen(ignore=to_file and bool(operands))
        for pid in self.attach:
            await self._attach(pid)
        if not tracer.pids:
            return 1
        while (waited := await tracer.wait()) is not None:
            await self._event(waited)
        await self._detach_all()
        if self.count:
            await self._table()
        for log in self.logs.values():
            await log.flush(self.sys)
        if tracer.interrupted:
            return await tracer.end(tracer.interrupted)
        return await tracer.end(self.status)

    async def _filter(self) -> frozenset[int] | None:
        """The calls that a seccomp filter asks about; None for no filter."""
        if not self.seccomp:
            return None
        warn = self.tool.name + b": "
        if self.attach:
            text = b"--seccomp-bpf is not enabled for processes attached with -p"
            await complain(self.sys, warn + text)
        if not self.follow:
            text = b"--seccomp-bpf cannot be used without -f/--follow-forks, disabling"
            await complain(self.sys, warn + text)
            return None
        if not self.tool.operands or self.calls.all:
            return None
        self.tracer.options |= ptrace.PTRACE_O_TRACESECCOMP
        return self.calls.numbers() | {NR.execve}

    async def _start(self, operands: list[bytes], calls: frozenset[int] | None) -> None:
        try:
            path = await find_program(self.sys, operands[0], self.tool.env)
        except OSError as err:
            raise Failure(b"Can't stat " + quote(operands[0]) + b": " + why(err)) from None
        self.main = await self.tracer.spawn(path, operands, self.tool.env, calls)
        self.processes[self.main] = Process(self.main)
        await self._go(self.main, calls is None)

    async def _attach(self, pid: int) -> None:
        try:
            await self.tracer.attach(pid)
        except OSError as err:
            text = b": attach: ptrace(PTRACE_SEIZE, %d): " % pid + why(err)
            await complain(self.sys, self.tool.name + text)
            return
        self.processes[pid] = Process(pid)
        self.started = True
        await self._tell(b"Process %d attached" % pid)

    async def _tell(self, text: bytes) -> None:
        if not self.quiet & {"attach", "all"}:
            for log in self.logs.values():
                if log.fd == 2:
                    await log.flush(self.sys)
            await complain(self.sys, self.tool.name + b": " + text)

    async def _mode(self, pid: int, table: str) -> None:
        """A process has executed a program that another table of system calls serves."""
        if not self.quiet & {"attach", "personality", "all"}:
            for log in self.logs.values():
                if log.fd == 2:
                    await log.flush(self.sys)
            text = b": [ Process PID=%d runs in %b mode. ]" % (pid, table.encode())
            await complain(self.sys, self.tool.name + text)

    async def _go(self, pid: int, stops: bool, sig: int = 0) -> None:
        mode = ptrace.PTRACE_SYSCALL if stops else ptrace.PTRACE_CONT
        await self.tracer.go(pid, mode, sig)

    @property
    def _filtered(self) -> bool:
        return bool(self.tracer.options & ptrace.PTRACE_O_TRACESECCOMP)

    async def _event(self, waited: Waited) -> None:
        """One thing that happened, printed; and the process goes on."""
        pid, kind = waited.pid, self.tracer.kind(waited)
        process = self.processes.get(pid)
        if process is None:
            process = self.processes[pid] = Process(pid)
        sig, stops, listen = 0, not self._filtered, False
        if kind is Kind.NEW:
            await self._tell(b"Process %d attached" % pid)
        elif kind in (Kind.EXITED, Kind.KILLED):
            await self._ended(process, waited)
            return
        elif kind in (Kind.SYSCALL, Kind.SECCOMP):
            stops = await self._call(process, waited) or stops
        elif kind is Kind.SIGNAL:
            sig = flags.wstopsig(waited.status)
            await self._signal(process, sig)
            stops = stops or process.call is not None
        elif kind is Kind.STOPPED:
            listen = self.started
            if listen:
                name = signal_name(flags.wstopsig(waited.status))
                await self._line(process, f"--- stopped by {name} ---")
        if listen:
            await self.tracer.go(pid, ptrace.PTRACE_LISTEN)
        else:
            await self._go(pid, stops, sig)

    # -- calls ---------------------------------------------------------------------------------

    async def _call(self, process: Process, waited: Waited) -> bool:
        """A stop at a call's beginning or end; whether it must stop at the end too."""
        info: SyscallInfo = await self.sys.ptrace(ptrace.PTRACE_GET_SYSCALL_INFO, process.pid)
        if info.op == ptrace.SYSCALL_INFO_EXIT:
            await self._leave(process, info, waited)
            return False
        if info.op not in (ptrace.SYSCALL_INFO_ENTRY, ptrace.SYSCALL_INFO_SECCOMP):
            return False
        name = decode.name(info)
        if not self.started:
            if name not in ("execve", "exec"):
                return False
            self.started = True
        process.call = info
        process.began = await self._clock()
        process.stime = waited.rusage.stime
        process.shown = process.injected = False
        for injection in self.injections:
            result = injection.take(process.pid, info, name)
            if result is not None:
                process.injected = True
                await self.sys.ptrace(ptrace.PTRACE_SET_SYSCALL_INFO, process.pid, 0, result)
                break
        await self.sys.compute(ENTRY_CYCLES)
        if name not in self.calls or not await self._touches(process.pid, info):
            process.call = info if self._filtered else None
            return self._filtered
        if self.count != "c" and not self.only:
            await self._enter(process, info)
        return True

    async def _enter(self, process: Process, info: SyscallInfo) -> None:
        log = await self._leader(process)
        process.shown = True
        style = await self._styled(process.pid, info)
        number = f"[{info.nr:4d}] " if self.numbers else ""
        log.put(f"{number}{decode.name(info)}({self._begun(process, info, style)}")
        if decode.row(info).returns == "none":
            log.put(")")
            self._tab(log)
            log.put(" = ?\n")
            log.printing = 0
        await self._flush(log)

    def _begun(self, process: Process, info: SyscallInfo, style: Style) -> str:
        if decode.name(info) == "restart_syscall":
            what = process.resumed or "system call"
            process.resumed = "restart_syscall"
            return f"<... resuming interrupted {what} ...>"
        return decode.entry(info, style)

    async def _leave(self, process: Process, info: SyscallInfo, waited: Waited) -> None:
        begun = process.call
        process.call = None
        if begun is None:
            return
        name = decode.name(begun)
        if name not in self.calls:
            return
        if info.arch != begun.arch:
            await self._mode(process.pid, info.arch)
            info = info._replace(arch=begun.arch)
        if info.is_error and info.rval == ptrace.ERESTART_RESTARTBLOCK:
            process.resumed = name
        await self.sys.compute(EXIT_CYCLES)
        now = await self._clock()
        if self.count and (process.shown or self.count == "c" or self.only):
            time = now - process.began if self.wall else waited.rusage.stime - process.stime
            self.summary.add(name, begun.nr, time, info.rval if info.is_error else None)
        if self.count == "c":
            return
        if self.only and (self.only == "Z") != info.is_error:
            return
        if self.only:
            await self._enter(process, begun)
        if not process.shown:
            return
        process.shown = False
        log = self._log(process.pid)
        if log.printing != process.pid:
            log = await self._leader(process)
            log.put(f"<... {name} resumed>")
        style = await self._styled(process.pid, info)
        end = "" if name == "restart_syscall" else decode.rest(info, style)
        log.put(end + ")")
        self._tab(log)
        log.put(" = " + decode.returned(info._replace(nr=begun.nr), style))
        if process.injected:
            log.put(" (INJECTED)")
        if self.took:
            took = (now - process.began) // 1000
            log.put(f" <{took // 1_000_000}.{took % 1_000_000:06d}>")
        log.put("\n")
        log.printing = 0
        await self._flush(log)

    def _tab(self, log: Log) -> None:
        if log.column < self.columns - 1:
            log.put(" " * (self.columns - 1 - log.column))

    async def _styled(self, pid: int, info: SyscallInfo) -> Style:
        if not self.fds:
            return self.style
        found: dict[int, bytes] = {}
        for fd in _descriptors(info):
            try:
                found[fd] = await self.sys.readlink(b"/proc/%d/fd/%d" % (pid, fd))
            except OSError:
                continue
        self.style.paths = found
        return self.style

    async def _touches(self, pid: int, info: SyscallInfo) -> bool:
        """Whether a call touches one of the paths of -P."""
        if not self.paths:
            return True
        if any(arg in self.paths for arg in info.args if isinstance(arg, bytes)):
            return True
        for fd in _descriptors(info):
            try:
                if await self.sys.readlink(b"/proc/%d/fd/%d" % (pid, fd)) in self.paths:
                    return True
            except OSError:
                continue
        return False

    async def _resolve_paths(self) -> None:
        here = await self.sys.getcwd()
        for path in list(self.paths):
            if not path.startswith(b"/"):
                whole = here.rstrip(b"/") + b"/" + path
                self.paths.append(whole)
                if not self.quiet & {"path-resolution", "all"}:
                    text = b': Requested path "%b" resolved into "%b"' % (path, whole)
                    await complain(self.sys, self.tool.name + text)

    # -- signals and ends ----------------------------------------------------------------------

    async def _signal(self, process: Process, sig: int) -> None:
        if not self.started or sig not in self.signals or self.count == "c":
            return
        info = await self.sys.ptrace(ptrace.PTRACE_GETSIGINFO, process.pid)
        await self._line(process, f"--- {signal_name(sig)} {siginfo(info)} ---")

    async def _ended(self, process: Process, waited: Waited) -> None:
        pid, status = process.pid, waited.status
        if flags.wifexited(status):
            text = f"+++ exited with {flags.wexitstatus(status)} +++"
        else:
            core = " (core dumped)" if flags.wcoredump(status) else ""
            text = f"+++ killed by {signal_name(flags.wtermsig(status))}{core} +++"
        if pid == self.main:
            self.status = status
        quiet = self.quiet & {"exit", "all"} and flags.wifexited(status)
        if not quiet and self.count != "c":
            await self._line(process, text)
        self.tracer.pids.pop(pid, None)
        self.processes.pop(pid, None)
        if self.follow > 1 and self.output is not None:
            log = self.logs.pop(pid, None)
            if log is not None:
                await log.flush(self.sys)
                await self.sys.close(log.fd)

    async def _detach_all(self) -> None:
        for pid in list(self.tracer.pids):
            process = self.processes[pid]
            log = self._log(pid)
            if await self.tracer.detach(pid):
                await self._tell(b"Process %d detached" % pid)
            if process.shown and log.printing == pid:
                log.put(" <detached ...>\n")
                log.printing = 0
                await self._flush(log)

    async def _table(self) -> None:
        log = self._log(self.main or next(iter(self.logs), 0))
        for line in self.summary.lines(self.sort.decode("latin-1")):
            log.put(line + "\n")
        await log.flush(self.sys)

    # -- lines ---------------------------------------------------------------------------------

    async def _open(self) -> None:
        if self.output is None:
            self.logs[0] = Log(2)
        elif self.follow < 2:
            self.logs[0] = Log(await self._create(self.output))

    async def _create(self, path: bytes) -> int:
        mode = flags.O_APPEND if self.append else flags.O_TRUNC
        oflag = flags.O_WRONLY | flags.O_CREAT | flags.O_CLOEXEC | mode
        try:
            return await self.sys.open(path, oflag)
        except OSError as err:
            raise Failure(b"Can't fopen " + quote(path) + b": " + why(err)) from None

    def _log(self, pid: int) -> Log:
        return self.logs.get(0) or self.logs.setdefault(pid, Log(-1))

    async def _leader(self, process: Process) -> Log:
        """Begin a line: end another's that is unfinished, say whose and when."""
        log = self._log(process.pid)
        if log.fd < 0:
            assert self.output is not None
            log.fd = await self._create(self.output + b".%d" % process.pid)
        if log.printing:
            log.put(" <unfinished ...>\n")
        log.printing = process.pid
        if self.output is not None and self.follow == 1:
            log.put(f"{process.pid:<5} ")
        elif self.output is None and len(self.tracer.pids) > 1:
            log.put(f"[pid {process.pid:5}] ")
        if self.stamp:
            log.put(self.stamp.text(await self._clock()))
        return log

    async def _clock(self) -> int:
        if not (self.stamp or self.took or self.wall):
            return 0
        return await self.sys.clock_gettime()

    async def _line(self, process: Process, text: str) -> None:
        log = await self._leader(process)
        log.put(text + "\n")
        log.printing = 0
        await self._flush(log)

    async def _flush(self, log: Log) -> None:
        """What is on standard error is seen at once; a file gets whole blocks."""
        await log.flush(self.sys, 1 if log.fd == 2 else 4096)


def _descriptors(info: SyscallInfo) -> list[int]:
    """The descriptors that a call is given or gives."""
    words = [word for word in decode.row(info).arguments.split() if word[0] not in "=>"]
    found = [
        value
        for word, value in zip(words, info.args, strict=False)
        if word == "fd" and isinstance(value, int) and value >= 0
    ]
    if info.op == ptrace.SYSCALL_INFO_EXIT and not info.is_error:
        if decode.row(info).returns == "fd" and isinstance(info.rval, int):
            found.append(info.rval)
        elif isinstance(info.rval, tuple) and decode.name(info) == "pipe2":
            found += info.rval
    return found


LONG = (
    "attach:=p", "follow-forks=f", "trace:", "signal:", "signals:=signal", "trace-path:=P",
    "successful-only=z", "failed-only=Z", "summary-only=c", "summary=C", "summary-sort-by:=S",
    "summary-wall-clock=w", "output:=o", "output-append-mode=A", "relative-timestamps=r",
    "syscall-times=T", "syscall-number=n", "decode-fds=y", "no-abbrev=v", "string-limit:=s",
    "columns:=a", "seccomp-bpf",
)  # fmt: skip


@program(USAGE, "Ace:fno:p:P:qrs:S:tTvwxyzZCa:", LONG, permute=False)
async def strace(tool: Tool) -> int:
    """strace(1)."""
    run = Strace(tool)
    run.read()
    return await run.run()

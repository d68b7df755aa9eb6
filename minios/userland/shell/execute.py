"""Running the syntax tree (XCU 2.9), with dash's rules where POSIX leaves them open."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from minios.abi.errno import Errno
from minios.abi.records import Termios
from minios.abi.sys import Sys
from minios.userland.lib.stdio import why, write_all
from minios.userland.lib.steps import STRIDE, Steps
from minios.userland.shell import launch, redirect
from minios.userland.shell.builtins import BUILTINS, Builtin
from minios.userland.shell.compound import RUN
from minios.userland.shell.errors import Interrupted, ShellError, ShellExit
from minios.userland.shell.expansion import Expander
from minios.userland.shell.flow import EXIT, RETURN, TESTED
from minios.userland.shell.jobs import Job, JobTable
from minios.userland.shell.lexer import ShellSyntaxError
from minios.userland.shell.parser import EndOfInput, parse_quoted
from minios.userland.shell.reader import CommandReader, StringSource
from minios.userland.shell.search import find_program, search_miss
from minios.userland.shell.state import DEFAULT_PATH, State
from minios.userland.shell.syntax import (
    Background,
    Function,
    Node,
    Pipeline,
    Simple,
    Subshell,
    Word,
)
from minios.userland.shell.trampoline import call
from minios.userland.shell.traps import Traps

if TYPE_CHECKING:
    from minios.userland.shell.history import History
    from minios.userland.shell.prompt import Identity

T = TypeVar("T")

NODE_CYCLES = 100
FLUSH_CYCLES = 1000
"""CPU is paid for in portions of this many cycles, and before every other trap."""

MAX_FUNCTION_DEPTH = 1000
TOO_DEEP = b"Maximum function recursion depth (%d) reached" % MAX_FUNCTION_DEPTH
"""Says dash of functions; it holds for eval, ``.`` and traps within each other as well."""


FREE_BYTES = 8192
"""What a shell may retain before it asks the kernel for more: part of its image."""
BRK_STEP = 16384


class Shell(State):
    """A shell process: its state, and the evaluator."""

    def __init__(self, sys: Sys) -> None:
        super().__init__()
        self.sys = sys
        self.cycles = 0
        self.expand = Expander(self)
        self.jobs = JobTable(self)
        self.traps = Traps(self)
        self.builtins = BUILTINS
        self.out: list[bytes] = []
        self.command_name = b""
        self.skip = 0
        self.skip_count = 0
        self.evaluations = 0
        """How many texts are being run within each other."""
        self.loop_depth = 0
        self.substitution_status = 0
        self.level = 0
        """How many forks this shell is away from the one that was started."""
        self.job_control = False
        self.terminal = -1
        self.granted = FREE_BYTES
        self.temporary = 0
        self.interactive = False
        self.started = False
        """Set when the command line has been read and commands are run."""
        self.warned = 0
        """Counts down, a command at a time, from the warning that jobs are stopped."""
        # What an interactive shell has besides: see minios.userland.shell.interactive.
        self.history: History | None = None
        self.identity: Identity | None = None
        self.modes: Termios | None = None
        self.first_group = 0

    def forked(self) -> "Shell":
        """The shell that a child process goes on with."""
        child = Shell(self.sys)
        self.copy_to(child)
        child.level = self.level + 1
        child.granted = self.granted
        child.temporary = self.temporary
        child.terminal = self.terminal
        child.command_name = self.command_name
        child.loop_depth = self.loop_depth
        child.interactive = False
        child.builtins = self.builtins
        self.traps.copy_to(child.traps)
        return child

    # -- output --------------------------------------------------------------------------------

    def put(self, *data: bytes) -> None:
        """Buffer what a built-in prints; it is written when the built-in ends."""
        self.out.extend(data)

    async def flush(self) -> None:
        """Write what :meth:`put` gathered. Raises OSError."""
        data = b"".join(self.out)
        self.out.clear()
        if data:
            await self.write(1, data)

    async def write(self, fd: int, data: bytes) -> None:
        """Write all of ``data``, going on after signals."""
        while data:
            try:
                taken = await self.sys.write(fd, data[:65536])
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise
                taken = 0
            data = data[taken:]
            if self.traps.pending:
                await self.traps.obey()

    async def say_error(self, text: bytes) -> None:
        """Write to stderr; a closed stderr is nobody's problem."""
        with contextlib.suppress(OSError):
            await write_all(self.sys, 2, text)

    def located(self, text: bytes) -> bytes:
        """``sh: 1: cd: text``: where an error message begins."""
        where = b"%s: %d: " % (self.name, self.line)
        if self.command_name:
            where += self.command_name + b": "
        return where + text + b"\n"

    async def warn(self, text: bytes) -> None:
        await self.say_error(self.located(text))

    async def report(self, err: ShellError) -> None:
        """Print an error once: while the redirections it happened under are in force."""
        if err.text:
            text, err.text = err.text, b""
            await self.say_error(self.located(text))
        self.status = err.status

    # -- memory --------------------------------------------------------------------------------

    async def reserve(self, size: int) -> None:
        """Have the kernel grant room for ``size`` more bytes. ShellError ``Out of space``."""
        wanted = self.retained + self.temporary + size - self.granted
        if wanted > 0:
            step = -(-wanted // BRK_STEP) * BRK_STEP
            try:
                await self.sys.brk(step)
            except OSError:
                raise ShellError(b"Out of space") from None
            self.granted += step

    async def scratch(self, size: int) -> None:
        """Account for bytes that the current command holds while it is expanded and run."""
        if self.retained + self.temporary + size > self.granted:
            await self.reserve(size)
        self.temporary += size

    # -- time ----------------------------------------------------------------------------------

    async def pay(self) -> None:
        """In the middle of long work: spend the CPU time it took, and obey ctrl+c."""
        cycles, self.cycles = self.cycles, 0
        await self.sys.compute(cycles)
        await self.traps.obey()

    async def slowly(self, steps: Steps[T]) -> T:
        """The result of work that a long text may make long, paid for as it is done."""
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]
            self.cycles += STRIDE
            await self.pay()

    async def release(self) -> None:
        """The command is over: its scratch memory is free again."""
        self.temporary = 0
        idle = self.granted - self.retained - 4 * BRK_STEP
        if idle > 16 * BRK_STEP:
            idle -= idle % BRK_STEP
            try:
                await self.sys.brk(-idle)
            except OSError:
                return
            self.granted -= idle

    async def assign(self, name: bytes, value: bytes) -> None:
        """Set a variable, paying for its memory first."""
        if self.retained + len(value) + 128 > self.granted:
            await self.reserve(len(value) + 128)
        self.set(name, value)

    # -- the evaluator -------------------------------------------------------------------------

    async def run(self, node: Node, flags: int) -> int:
        """Run a command and return its status (also in ``status``)."""
        if self.options.noexec and not self.interactive:
            return 0
        self.cycles += NODE_CYCLES
        if self.cycles >= FLUSH_CYCLES:
            cycles, self.cycles = self.cycles, 0
            await self.sys.compute(cycles)
        kind = type(node)
        if kind is Simple:
            self.status = status = await self.simple(node, flags)  # type: ignore[arg-type]
            checked = True
        elif kind is Pipeline or kind is Subshell or kind is Background:
            self.status = status = await call(RUN[kind](self, node, flags))
            checked = True
        else:
            self.status = status = await call(RUN[kind](self, node, flags))
            checked = False
        if self.traps.pending:
            await self.traps.run()
            status = self.status
        if status and checked and self.options.errexit and not flags & TESTED:
            raise ShellExit(status)
        if flags & EXIT:
            raise ShellExit(status)
        return status

    # -- text to be run ------------------------------------------------------------------------

    async def evaluate(self, text: bytes, flags: int = 0) -> int:
        """Parse and run ``text`` line by line, as ``eval`` and traps do."""
        return await call(self._evaluate(text, flags))

    async def _evaluate(self, text: bytes, flags: int) -> int:
        if self.evaluations >= MAX_FUNCTION_DEPTH:
            raise ShellError(TOO_DEEP)
        reader = CommandReader(self, StringSource(text))
        status = 0
        self.evaluations += 1
        try:
            while True:
                node = await reader.next()
                if isinstance(node, EndOfInput):
                    return status
                if node is not None:
                    status = await self.run(node, flags if reader.at_end else flags & TESTED)
                if self.skip:
                    return status
        finally:
            self.evaluations -= 1
            reader.release()

    async def run_script(self, text: bytes) -> int:
        """Run a file that ``.`` read; ``return`` ends it."""
        status = await self.evaluate(text)
        if self.skip == RETURN:
            self.skip = 0
        return status

    async def expand_prompt(self, text: bytes) -> bytes:
        """Expand a prompt as if between double quotes; a faulty one stays as it is."""
        if not (b"$" in text or b"`" in text or b"\\" in text):
            return text
        try:
            word = parse_quoted(text)
        except ShellSyntaxError:
            return text
        status, trace = self.status, self.options.xtrace
        self.options.xtrace = False
        with contextlib.suppress(ShellError):
            text = await self.expand.string(word)
        self.status, self.options.xtrace = status, trace
        return text

    def exit_status(self) -> int:
        """What ``exit`` without an operand exits with: in a trap, the status from before it."""
        return self.traps.status if self.traps.status is not None else self.status

    # -- job control ---------------------------------------------------------------------------

    async def options_changed(self) -> None:
        """After ``set``: signals and job control depend on the options."""
        self.interactive = self.options.interactive and self.level == 0
        await self.traps.setup()
        if self.options.monitor != self.job_control and self.level == 0 and self.started:
            from minios.userland.shell.interactive import start_job_control, stop_job_control

            if self.options.monitor:
                await start_job_control(self)
            else:
                await stop_job_control(self)

    async def warned_of_stopped_jobs(self) -> bool:
        """``exit`` with stopped jobs: say so once. True if the shell should stay."""
        if not self.job_control or self.warned or not self.jobs.stopped():
            return False
        self.warned = 2
        await self.say_error(b"You have stopped jobs.\n")
        return True

    async def terminal_back(self, job: Job) -> None:
        """A foreground job ended or stopped: the terminal is the shell's again."""
        from minios.userland.shell.interactive import take_terminal

        await take_terminal(self, job)

    async def give_up_job_control(self) -> None:
        """Before ``exec``: the program gets the terminal and signals as the shell found them."""
        if self.job_control:
            self.job_control = False
            self.options.interactive = self.interactive = False
            await self.traps.setup()

    # -- processes -----------------------------------------------------------------------------

    async def substitute(self, body: Node | None) -> bytes:
        """The output of ``$(…)``."""
        return await launch.substitute(self, body)

    async def fork_writer(self, text: bytes, reader: int, writer: int) -> None:
        """Have a child feed a long here-document to its pipe."""
        await launch.fork_writer(self, text, reader, writer)

    # -- simple commands -----------------------------------------------------------------------

    async def fields(self, words: Sequence[Word]) -> list[bytes]:
        fields: list[bytes] = []
        for word in words:
            if word.literal is not None:
                fields.append(word.literal)
            else:
                await self.expand.fields(word, fields)
        return fields

    async def simple(self, node: Simple, flags: int) -> int:
        """A simple command (XCU 2.9.1)."""
        self.line = node.line
        self.substitution_status = 0
        words = node.words
        argv: list[bytes] = []
        used = 0
        while used < len(words) and not argv:
            word = words[used]
            used += 1
            if word.literal is not None:
                argv.append(word.literal)
            else:
                await self.expand.fields(word, argv)

        function: Function | None = None
        builtin: Builtin | None = None
        special = False
        path: bytes | None = None
        if argv:
            name = argv[0]
            function = self.functions.get(name)
            if function is None:
                builtin = self.builtins.get(name)
                if builtin is not None:
                    special = builtin.special
                    if name == b"command":
                        used, builtin, path = await self._after_command(argv, words, used)
            declares = builtin is not None and builtin.declares
            for word in words[used:] if used < len(words) else ():
                if declares and word.assign is not None:
                    value = await self.expand.value(word.assign)
                    argv.append(word.assign.name + b"=" + value)
                elif word.literal is not None:
                    argv.append(word.literal)
                else:
                    await self.expand.fields(word, argv)
            if not (node.assigns or node.redirs or self.options.xtrace):
                if builtin is not None:
                    status = await self._run_builtin(builtin, argv, special, flags)
                elif function is not None:
                    status = await call(self.call_function(function, argv, flags))
                else:
                    status = await self._external(node, argv, path, flags)
                if self.temporary:
                    await self.release()
                return status
        elif not node.redirs and not self.options.xtrace:
            for assign in node.assigns:
                word = assign.value
                if word.literal is not None:
                    value = word.literal
                elif word.tilde:
                    value = await self.expand.value(assign)
                else:
                    value = await self.expand.string(word)
                if self.retained + len(value) + 128 > self.granted:
                    await self.reserve(len(value) + 128)
                self.set(assign.name, value)
            if self.temporary:
                await self.release()
            return self.substitution_status
        return await self._dressed(node, argv, function, builtin, special, path, flags)

    async def _after_command(
        self, argv: list[bytes], words: Sequence[Word], used: int
    ) -> tuple[int, Builtin | None, bytes | None]:
        """``command [-p] name``: drop what precedes the name; functions are not looked at."""
        path: bytes | None = None
        at = 1
        while True:
            while at >= len(argv) and used < len(words):
                await self.expand.fields(words[used], argv)
                used += 1
            if at >= len(argv):
                return used, BUILTINS[b"command"], None
            arg = argv[at]
            if arg == b"--":
                at += 1
                while at >= len(argv) and used < len(words):
                    await self.expand.fields(words[used], argv)
                    used += 1
                if at >= len(argv):
                    return used, BUILTINS[b"command"], None
                break
            if arg[:1] != b"-" or len(arg) == 1:
                break
            if arg.strip(b"p") != b"-":
                return used, BUILTINS[b"command"], None
            path = DEFAULT_PATH
            at += 1
        del argv[:at]
        builtin = self.builtins.get(argv[0])
        if builtin is not None and argv[0] == b"command":
            return await self._after_command(argv, words, used)
        return used, builtin, path

    async def _dressed(
        self,
        node: Simple,
        argv: list[bytes],
        function: Function | None,
        builtin: Builtin | None,
        special: bool,
        path: bytes | None,
        flags: int,
    ) -> int:
        """A command with assignments or redirections around it, or without a name."""
        temporary = bool(argv) and not special
        undo: redirect.Undo = []
        keeps = builtin is not None and argv[0] == b"exec"
        targets = await redirect.expand_targets(self, node.redirs)
        pushed = False
        try:
            try:
                await redirect.apply(self, node.redirs, targets, undo)
            except ShellError as err:
                await self.report(err)
                await redirect.put_back(self.sys, undo)
                if special:
                    raise
                return err.status
            if node.assigns:
                if temporary:
                    self.locals.append({})
                    pushed = True
                await self._assign_all(node, argv, temporary, keeps)
            elif self.options.xtrace and argv:
                await self._trace([], argv, undo)
            if not argv:
                status = self.substitution_status
            elif builtin is not None:
                status = await self._run_builtin(builtin, argv, special, flags)
            elif function is not None:
                status = await call(self.call_function(function, argv, flags))
            else:
                status = await self._external(node, argv, path, flags)
        except (ShellError, ShellExit, Interrupted) as err:
            if isinstance(err, ShellError):
                await self.report(err)
            if pushed:
                self.pop_locals()
            await redirect.put_back(self.sys, undo)
            raise
        if keeps:
            await redirect.forget(self.sys, undo)
        else:
            await redirect.put_back(self.sys, undo)
        if pushed:
            self.pop_locals()
        if self.temporary:
            await self.release()
        return status

    async def _assign_all(
        self, node: Simple, argv: list[bytes], temporary: bool, keeps: bool
    ) -> None:
        traced: list[bytes] = []
        for assign in node.assigns:
            value = await self.expand.value(assign)
            if temporary:
                self.make_local(assign.name)
            await self.assign(assign.name, value)
            if temporary or (keeps and len(argv) > 1):
                self.exported.add(assign.name)
            traced.append(assign.name + b"=" + value)
        if self.options.xtrace:
            await self._trace(traced, argv, [])

    async def _trace(self, assigns: list[bytes], argv: list[bytes], undo: redirect.Undo) -> None:
        """``set -x``; goes to the stderr from before the command's own redirections."""
        prefix = await self.expand_prompt(self.get(b"PS4") or b"")
        fd = next((saved for fd, saved in undo if fd == 2 and saved >= 0), 2)
        with contextlib.suppress(OSError):
            await self.write(fd, prefix + b" ".join([*assigns, *argv]) + b"\n")

    async def _run_builtin(
        self, builtin: Builtin, argv: list[bytes], special: bool, flags: int
    ) -> int:
        before = self.command_name
        self.command_name = argv[0]
        try:
            if builtin.quick is not None:
                status = builtin.quick(self, argv)
            else:
                status = None
            if status is None:
                assert builtin.slow is not None
                status = await call(builtin.slow(self, argv, flags))
            if self.out:
                try:
                    await self.flush()
                except OSError:
                    await self.warn(argv[0] + b": I/O error")
                    status |= 1
        except ShellError as err:
            self.out.clear()
            await self.report(err)
            if special:
                self.command_name = before
                raise
            status = err.status
        except OSError as err:
            self.out.clear()
            await self.warn(why(err))
            status = 1
        except (ShellExit, Interrupted):
            self.command_name = before
            self.out.clear()
            raise
        self.command_name = before
        return status

    async def call_function(self, function: Function, argv: list[bytes], flags: int) -> int:
        """Call a function with its own positional parameters and locals (XCU 2.9.5)."""
        if self.function_depth >= MAX_FUNCTION_DEPTH:
            raise ShellError(b"Maximum function recursion depth (%d) reached" % MAX_FUNCTION_DEPTH)
        size = sum(map(len, argv)) + 1024
        await self.reserve(size)
        self.retained += size
        saved = (
            self.parameters,
            self.parameter_bytes,
            self.getopts_index,
            self.getopts_offset,
            self.loop_depth,
        )
        self.parameter_bytes = 0
        self.set_parameters(argv[1:])
        self.loop_depth = 0
        self.function_depth += 1
        self.locals.append({})
        try:
            status = await self.run(function.body, flags & TESTED)
        except (ShellError, ShellExit, Interrupted) as err:
            if isinstance(err, ShellError):
                await self.report(err)
            self._leave_function(saved, size)
            raise
        self._leave_function(saved, size)
        if self.skip == RETURN:
            self.skip = 0
        return status

    def _leave_function(self, saved: tuple[list[bytes], int, int, int, int], size: int) -> None:
        self.pop_locals()
        self.function_depth -= 1
        self.retained -= size + self.parameter_bytes
        (
            self.parameters,
            self.parameter_bytes,
            self.getopts_index,
            self.getopts_offset,
            self.loop_depth,
        ) = saved

    async def _external(
        self, node: Simple, argv: list[bytes], path: bytes | None, flags: int
    ) -> int:
        name = argv[0]
        if b"/" not in name:
            found = await find_program(self, name, path)
            if found is None:
                await self.warn(await search_miss(self, name, path))
                return 127
        if flags & EXIT and not self.traps.any_caught():
            await launch.exec_program(self, argv, path)
        return await launch.external(self, argv, path, node)

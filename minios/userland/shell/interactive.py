"""An interactive shell: its prompts and loop, and job control on its terminal (XCU 2.11)."""

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import Sig
from minios.userland.lib.stdio import why
from minios.userland.shell import prompt
from minios.userland.shell.builtins.past import HISTORY
from minios.userland.shell.editor import LineEditor
from minios.userland.shell.errors import Interrupted, ShellError, ShellExit
from minios.userland.shell.history import History
from minios.userland.shell.jobs import DONE, STOPPED, Job
from minios.userland.shell.parser import EndOfInput
from minios.userland.shell.reader import CommandReader, FileSource, Source
from minios.userland.shell.redirect import SAVED_FD_MIN

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

HISTORY_FILE = b"/.sh_history"


async def start(sh: "Shell") -> None:
    """Before the first prompt: the terminal, job control, the history."""
    sh.builtins = {**sh.builtins, b"history": HISTORY}
    sh.history = History()
    sh.identity = await prompt.identify(sh)
    if sh.get(b"PS1") in (b"$ ", b"# ") and b"PS1" not in sh.exported:
        sh.set(b"PS1", prompt.DEFAULT)
    sh.terminal = await _terminal(sh)
    if sh.terminal < 0:
        return
    sh.options.monitor = True
    await start_job_control(sh)
    path = _history_path(sh)
    if path is not None:
        await sh.history.load(sh, path)


async def _terminal(sh: "Shell") -> int:
    """A descriptor of the terminal that no redirection touches; -1 without one."""
    for fd in (2, 1, 0):
        if await sh.sys.isatty(fd):
            return await sh.sys.fcntl(fd, flags.F_DUPFD_CLOEXEC, SAVED_FD_MIN)
    return -1


async def start_job_control(sh: "Shell") -> None:
    """``set -m``: get into the foreground, in a group of one's own."""
    sys = sh.sys
    if sh.terminal < 0:
        sh.terminal = await _terminal(sh)
    try:
        sh.modes = await sys.tcgetattr(sh.terminal)
        group = await sys.getpgid()
        while (foreground := await sys.tcgetpgrp(sh.terminal)) != group:
            if foreground <= 0:
                raise OSError(int(Errno.ENOTTY), "")
            await sys.kill(0, Sig.SIGTTIN)
        sh.first_group = group
        sh.job_control = True
        await sh.traps.setup()
        if group != sh.pid:
            await sys.setpgid(0, sh.pid)
        await sys.tcsetpgrp(sh.terminal, sh.pid)
    except OSError:
        sh.job_control = False
        sh.options.monitor = False
        await sh.warn(b"can't access tty; job control turned off")


async def stop_job_control(sh: "Shell") -> None:
    """``set +m``, or the end: leave the terminal as it was found."""
    if not sh.job_control:
        return
    sh.job_control = False
    try:
        await sh.sys.tcsetpgrp(sh.terminal, sh.first_group)
        await sh.sys.setpgid(0, sh.first_group)
    except OSError:
        pass
    await sh.traps.setup()


async def take_terminal(sh: "Shell", job: Job) -> None:
    """A foreground job ended or stopped: the terminal is the shell's again.

    A stopped job's modes are kept for ``fg``. The shell's own come back after a stop and after a
    death by signal; a job that ended by itself may have changed them on purpose (``stty``).
    """
    sys = sh.sys
    try:
        await sys.tcsetpgrp(sh.terminal, sh.pid)
        if job.state == STOPPED:
            job.termios = await sys.tcgetattr(sh.terminal)
        killed = any(p.status is not None and flags.wifsignaled(p.status) for p in job.processes)
        if (job.state == STOPPED or killed) and sh.modes is not None:
            await sys.tcsetattr(sh.terminal, sh.modes)
        elif job.state == DONE:
            sh.modes = await sys.tcgetattr(sh.terminal)
    except OSError:
        pass
    if job.state == STOPPED and sh.interactive:
        await sh.say_error(b"\n")
    if job.interrupted and sh.interactive:
        raise Interrupted


class EditedSource:
    """Lines from the editor. A paste of several lines is handed on one by one."""

    def __init__(self, shell: "Shell") -> None:
        self.sh = shell
        assert shell.history is not None
        self.editor = LineEditor(shell, shell.history)
        self.waiting: list[bytes] = []

    async def line(self, continued: bool) -> bytes:
        if not self.waiting:
            name = b"PS2" if continued else b"PS1"
            sh = self.sh
            assert sh.identity is not None
            text = await prompt.render(sh, sh.get(name) or b"", sh.identity)
            try:
                entered = await self.editor.read(text)
            except OSError:
                return b""  # the terminal is gone
            if entered is None:
                return b""
            self.waiting = entered.split(b"\n")
        return self.waiting.pop(0) + b"\n"

    def drop(self) -> None:
        self.waiting.clear()


class PromptedSource(FileSource):
    """Lines of a shell that is interactive without a terminal (``sh -i < file``)."""

    async def line(self, continued: bool) -> bytes:
        name = b"PS2" if continued else b"PS1"
        sh = self.sh
        assert sh.identity is not None
        text = await prompt.render(sh, sh.get(name) or b"", sh.identity)
        await sh.say_error(text)
        return await super().line(continued)


class AuditedReader(CommandReader):
    """Reports every entered line: with its commands when it completed one, else with none."""

    audited = 0

    async def audit(self, commands: int) -> None:
        """Report the lines that were not yet; the last one carries the ``commands``."""
        lines = self.lines[self.audited :]
        self.audited = len(self.lines)
        for index, line in enumerate(lines):
            count = commands if index == len(lines) - 1 else 0
            await self.sh.sys.audit_line(line.rstrip(b"\n"), count)


class _Audited:
    """A source that has each line reported before the next is asked for."""

    def __init__(self, source: EditedSource) -> None:
        self.source = source
        self.reader: AuditedReader | None = None

    async def line(self, continued: bool) -> bytes:
        assert self.reader is not None
        if continued:
            await self.reader.audit(0)
        return await self.source.line(continued)


async def session(sh: "Shell") -> int:
    """The loop of an interactive shell; its exit status."""
    edited = EditedSource(sh) if sh.terminal >= 0 and await sh.sys.isatty(0) else None
    source: Source = PromptedSource(sh, 0)
    reader = CommandReader(sh, source)
    if edited is not None:
        audited = _Audited(edited)
        reader = audited.reader = AuditedReader(sh, audited)
    try:
        await _loop(sh, reader, edited)
    except ShellExit:
        await _end(sh)
        raise
    await _end(sh)
    return sh.status


async def _loop(sh: "Shell", reader: CommandReader, edited: EditedSource | None) -> None:
    while True:
        try:
            if sh.job_control:
                await sh.jobs.report_changes()
            if sh.traps.pending:
                await sh.traps.run()
            if not await _one(sh, reader):
                return
        except ShellError as err:
            await sh.report(err)
            await _syntax_audit(reader)
            _forget(sh, reader, edited)
        except Interrupted:
            if not reader.lines:
                pass  # the editor has ended its line
            else:
                await sh.say_error(b"\n")
            sh.status = 130
            await _syntax_audit(reader)
            _forget(sh, reader, edited)
        except OSError as err:
            await sh.warn(why(err))
            _forget(sh, reader, edited)


async def _syntax_audit(reader: CommandReader) -> None:
    if isinstance(reader, AuditedReader):
        await reader.audit(0)


def _forget(sh: "Shell", reader: CommandReader, edited: EditedSource | None) -> None:
    """A command was given up: what it was in the middle of is over."""
    sh.skip = sh.loop_depth = 0
    sh.command_name = b""
    sh.out.clear()
    sh.temporary = 0
    if edited is not None:
        edited.drop()
    reader.restart()


async def _one(sh: "Shell", reader: CommandReader) -> bool:
    """Read and run one command. False when the shell is to end."""
    sh.line = 1
    if isinstance(reader, AuditedReader):
        reader.audited = 0
    try:
        node = await reader.next()
    finally:
        if sh.history is not None and reader.lines:
            sh.history.add(b"".join(reader.lines).rstrip(b"\n"))
    if isinstance(node, EndOfInput):
        if sh.options.ignoreeof and isinstance(reader, AuditedReader):
            await sh.say_error(b'Use "exit" to leave shell.\n')
        elif not await sh.warned_of_stopped_jobs():
            return False
        reader.restart()
        return True
    if isinstance(reader, AuditedReader):
        await reader.audit(reader.parser.commands)
    sh.warned = max(sh.warned - 1, 0)
    if node is not None:
        await sh.run(node, 0)
    if sh.skip:
        sh.skip = 0
    await sh.release()
    return True


async def _end(sh: "Shell") -> None:
    path = _history_path(sh)
    if sh.history is not None and path is not None:
        await sh.history.save(sh, path)
    await stop_job_control(sh)


def _history_path(sh: "Shell") -> bytes | None:
    home = sh.get(b"HOME")
    return home + HISTORY_FILE if home and sh.terminal >= 0 else None

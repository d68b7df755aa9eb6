"""Where commands come from: strings, files and terminals, a line at a time."""

from typing import TYPE_CHECKING, Any, Protocol

from minios.abi.errno import Errno
from minios.userland.shell.errors import ShellError
from minios.userland.shell.lexer import END, PAUSE_EVERY, UNIT_BYTES, ShellSyntaxError, Step
from minios.userland.shell.parser import EndOfInput, Parser
from minios.userland.shell.syntax import Node

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

BUFSIZ = 8192
"""What a shell reads of its script at once; a command of the script cannot read that back."""

LINE_MAX = 1 << 20

PAUSE_CYCLES = 1000
"""What parsing costs on top each time a long command makes the parser pause."""


class Source(Protocol):
    """Gives lines with their newline; empty at the end."""

    async def line(self, continued: bool) -> bytes:
        """``continued``: a command has begun and is not complete."""


class StringSource:
    """The lines of a string."""

    __slots__ = ("at", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.at = 0

    async def line(self, continued: bool) -> bytes:
        end = self.text.find(b"\n", self.at) + 1 or len(self.text)
        line = self.text[self.at : end]
        self.at = end
        return line


class FileSource:
    """A script on a descriptor, read in blocks as it is needed."""

    def __init__(self, shell: "Shell", fd: int) -> None:
        self.sh = shell
        self.fd = fd
        self.buffer = b""
        self.ended = False

    async def line(self, continued: bool) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            end = self.buffer.find(b"\n") + 1
            if end:
                pieces.append(self.buffer[:end])
                self.buffer = self.buffer[end:]
                break
            pieces.append(self.buffer)
            size += len(self.buffer)
            if size > LINE_MAX:
                raise ShellError(b"Out of space")
            await self.sh.scratch(len(self.buffer))
            self.buffer = await self._block()
            if not self.buffer:
                break
        line = b"".join(pieces)
        if line and self.sh.options.verbose:
            await self.sh.say_error(line)
        return line

    async def _block(self) -> bytes:
        while not self.ended:
            try:
                data = await self.sh.sys.read(self.fd, BUFSIZ)
            except OSError as err:
                if err.errno == Errno.EINTR:
                    self.sh.traps.check_interrupt()
                    if self.sh.traps.pending:
                        await self.sh.traps.run()
                    continue
                self.ended = True
                return b""
            if not data:
                self.ended = True
            return data.replace(b"\0", b"") if b"\0" in data else data
        return b""


class CommandReader:
    """Parses complete commands from a source, reading no further than each needs."""

    def __init__(self, shell: "Shell", source: Source) -> None:
        self.sh = shell
        self.source = source
        self.parser = Parser()
        self.parser.aliases = shell.aliases
        self.lines: list[bytes] = []
        """The lines of the command that was read last."""
        self._held = 0

    def restart(self) -> None:
        """After an error: begin a new command with the next line."""
        self.release()
        line = self.parser.line
        self.parser = Parser(line)
        self.parser.aliases = self.sh.aliases
        self.lines.clear()

    def release(self) -> None:
        """The command that was read last is not needed any more."""
        self.sh.retained -= self._held
        self._held = 0

    async def _pay(self, units: int) -> None:
        """A long command: retain its syntax tree as far as it has grown, and let others run."""
        sh = self.sh
        size = units * UNIT_BYTES - self._held
        await sh.reserve(size)
        sh.retained += size
        self._held += size
        await sh.sys.compute(PAUSE_CYCLES)
        await sh.traps.obey()

    @property
    def at_end(self) -> bool:
        """Whether the last command was ended by the end of the input."""
        return self.parser.token is END and self.parser.pushed_back

    async def next(self) -> Node | EndOfInput | None:
        """The next complete command; None for an empty line. ShellError for a syntax error."""
        sh, parser = self.sh, self.parser
        self.release()
        self.lines.clear()
        parser.commands = parser.units = 0
        parser.pause_at = PAUSE_EVERY
        stack: list[Step[Any]] = [parser.command()]
        value: Any = None
        while True:
            try:
                wanted = stack[-1].send(value)
            except StopIteration as stop:
                stack.pop()
                value = stop.value
                if not stack:
                    sh.cycles += 20 * sum(map(len, self.lines)) >> 3
                    return value  # type: ignore[no-any-return]
            except ShellSyntaxError as err:
                sh.line = err.line
                raise ShellError(b"Syntax error: " + str(err).encode("latin-1")) from None
            else:
                if type(wanted) is int:
                    await self._pay(wanted)
                    value = None
                    continue
                if wanted is not None:
                    stack.append(wanted)
                    value = None
                    continue
                value = await self.source.line(bool(self.lines))
                if value:
                    self.lines.append(value)
                    if len(self.lines) > 1:
                        await sh.scratch(len(value))

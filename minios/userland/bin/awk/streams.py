"""awk's files and pipes: records in, text out, each known by its name."""

from minios.abi.errno import Errno
from minios.abi.flags import O_APPEND, O_CLOEXEC, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY
from minios.abi.records import Waited
from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.patterns import Patterns
from minios.userland.lib import regex
from minios.userland.lib.program import RETAIN_STEP, Tool
from minios.userland.lib.spawn import start_shell
from minios.userland.lib.stdio import BUFSIZ, Writer, why

_BLOCK = 16384
_BLOCK_MAX = 1 << 20


class Separator:
    """RS: a byte, nothing (paragraphs) or a regular expression."""

    __slots__ = ("byte", "pattern", "patterns")

    def __init__(self, text: bytes, patterns: Patterns) -> None:
        self.byte = text if len(text) == 1 else b""
        self.patterns = patterns
        self.pattern: regex.Regex | None = None
        if len(text) > 1:
            self.pattern = patterns.compile(text)
            if self.pattern.literal and len(self.pattern.literal) == 1:
                self.byte = self.pattern.literal


class Source:
    """An input: a descriptor read ahead, cut into records."""

    __slots__ = (
        "_at",
        "_buffer",
        "_looked",
        "_owned",
        "_separator",
        "_tool",
        "at_end",
        "fd",
        "pid",
    )

    def __init__(self, tool: Tool, fd: int, pid: int = 0) -> None:
        self._tool = tool
        self._buffer = b""
        self._at = 0
        self._looked = 0  # no single-byte separator before this
        self._owned = 0
        self._separator: Separator | None = None
        self.at_end = False
        self.fd = fd
        self.pid = pid

    def take(self, separator: Separator) -> bytes | None:
        """The next record; None if more must be read first, or nothing is left at the end."""
        if separator is not self._separator:
            self._separator = separator
            self._looked = 0
        if separator.byte:
            end = self._buffer.find(separator.byte, max(self._at, self._looked))
            if end >= 0:
                record = self._buffer[self._at : end]
                self._at = end + 1
                return record
            self._looked = len(self._buffer)
            return self._rest(b"")
        if separator.pattern is not None:
            return self._by_pattern(separator.pattern, separator.patterns)
        return self._paragraph()

    def _rest(self, trailing: bytes) -> bytes | None:
        """At the end of the file, what is left."""
        if not self.at_end or self._at >= len(self._buffer):
            return None
        record = self._buffer[self._at :]
        self._at = len(self._buffer)
        return record[: -len(trailing)] if trailing and record.endswith(trailing) else record

    def _by_pattern(self, pattern: regex.Regex, patterns: Patterns) -> bytes | None:
        at = self._at
        while at < len(self._buffer):
            match = pattern.search(self._buffer, at)
            if match is None:
                break
            if match.end == match.start:
                at += 1
                continue
            if match.end == len(self._buffer) and not self.at_end:
                break  # it might go on
            record = self._buffer[self._at : match.start]
            self._at = match.end
            patterns.spent += pattern.spent()
            return record
        patterns.spent += pattern.spent()
        return self._rest(b"")

    def _paragraph(self) -> bytes | None:
        buffer = self._buffer
        while buffer[self._at : self._at + 1] == b"\n":
            self._at += 1
        end = buffer.find(b"\n\n", self._at)
        if end < 0:
            return self._rest(b"\n")
        record = buffer[self._at : end]
        self._at = end + 2
        return record

    async def fill(self) -> None:
        """Read on. Raises OSError; AwkError when a record does not fit into memory."""
        rest = self._buffer[self._at :]
        self._looked = max(self._looked - self._at, 0)
        if len(rest) > self._owned:
            step = max(RETAIN_STEP, len(rest))
            try:
                await self._tool.sys.brk(step)
            except OSError:
                raise AwkError("out of memory") from None
            self._owned += step
        data = await self._tool.sys.read(self.fd, min(max(_BLOCK, len(rest)), _BLOCK_MAX))
        await self._tool.sys.compute(1 + (len(data) + len(rest)) // 64)
        self.at_end = not data
        self._buffer = rest + data
        self._at = 0


class Sink:
    """An output: a file, or a pipe to the shell ``pid``."""

    __slots__ = ("at_once", "name", "pending", "pid", "writer")

    def __init__(self, name: bytes, writer: Writer, pid: int = 0, *, at_once: bool = False) -> None:
        self.name = name
        self.writer = writer
        self.pid = pid
        self.at_once = at_once
        self.pending = 0

    def put(self, text: bytes) -> bool:
        """Add to the buffer; whether it is time to flush it."""
        self.writer.put(text)
        self.pending += len(text)
        return self.at_once or self.pending >= BUFSIZ


def exit_code(waited: Waited) -> int:
    """What system and close give: an exit status, or 256 and a signal's number."""
    signal = waited.status & 0x7F
    return 256 + signal if signal else waited.status >> 8 & 0xFF


class Streams:
    """All open files and pipes by name."""

    def __init__(self, tool: Tool, patterns: Patterns) -> None:
        self.tool = tool
        self.sinks: dict[bytes, Sink] = {}
        self.pipes: dict[bytes, Sink] = {}
        self.files: dict[bytes, Source] = {}
        self.commands: dict[bytes, Source] = {}
        self.standard = Sink(b"/dev/stdout", tool.out)
        self.separator = Separator(b"\n", patterns)

    def separate(self, text: bytes, patterns: Patterns) -> None:
        """RS was set."""
        self.separator = Separator(text, patterns)

    # -- output --------------------------------------------------------------------------------

    def sink(self, name: bytes, mode: str) -> Sink | None:
        """The open output of that name."""
        return (self.pipes if mode == "|" else self.sinks).get(name)

    async def open_sink(self, name: bytes, mode: str) -> None:
        """Open a file or start a command. AwkError."""
        sys = self.tool.sys
        if mode == "|":
            await self.flush()
            try:
                read_end, write_end = await sys.pipe(O_CLOEXEC)
                pid = await start_shell(self.tool, name, {0: read_end})
                await sys.close(read_end)
            except OSError as err:
                raise AwkError(f"cannot create pipe ({why(err).decode()})") from None
            self.pipes[name] = Sink(name, Writer(sys, write_end), pid)
            return
        if name in (b"-", b"/dev/stdout"):
            self.sinks[name] = self.standard
            return
        if name == b"/dev/stderr":
            self.sinks[name] = Sink(name, Writer(sys, 2), at_once=True)
            return
        oflag = O_WRONLY | O_CREAT | O_CLOEXEC | (O_APPEND if mode == ">>" else O_TRUNC)
        try:
            fd = await sys.open(name, oflag)
        except OSError as err:
            shown = name.decode("latin-1")
            raise AwkError(f'cannot open "{shown}" for output ({why(err).decode()})') from None
        self.sinks[name] = Sink(name, Writer(sys, fd))

    async def flush_sink(self, sink: Sink) -> None:
        if not sink.pending:
            return
        sink.pending = 0
        try:
            await sink.writer.flush()
        except OSError as err:
            shown = sink.name.decode("latin-1")
            raise AwkError(f'write failure ({why(err).decode()}) on "{shown}"') from None

    async def flush(self) -> None:
        """Write out everything, as before a child is started."""
        await self.flush_sink(self.standard)
        for sink in [*self.sinks.values(), *self.pipes.values()]:
            await self.flush_sink(sink)

    # -- input ---------------------------------------------------------------------------------

    async def file(self, name: bytes) -> Source:
        """The input file of that name, opened if need be. OSError."""
        found = self.files.get(name)
        if found is None:
            sys = self.tool.sys
            standard = name in (b"-", b"/dev/stdin")
            fd = 0 if standard else await sys.open(name, O_RDONLY | O_CLOEXEC)
            found = self.files[name] = Source(self.tool, fd)
        return found

    async def command(self, text: bytes) -> Source:
        """The output of a command, started if need be. OSError."""
        found = self.commands.get(text)
        if found is None:
            await self.flush()
            sys = self.tool.sys
            read_end, write_end = await sys.pipe(O_CLOEXEC)
            pid = await start_shell(self.tool, text, {1: write_end})
            await sys.close(write_end)
            found = self.commands[text] = Source(self.tool, read_end, pid)
        return found

    async def record(self, source: Source) -> bytes | None:
        """The next record; None at the end. OSError."""
        while True:
            record = source.take(self.separator)
            if record is not None or source.at_end:
                return record
            await source.fill()

    # -- closing and running -------------------------------------------------------------------

    async def close(self, name: bytes) -> int:
        """The status of a command, 0 for a file, -1 if there is none of that name."""
        sys = self.tool.sys
        result = -1
        sink = self.sinks.pop(name, None)
        if sink is not None:
            await self.flush_sink(sink)
            if sink.writer.fd > 2:
                await sys.close(sink.writer.fd)
            result = 0
        pipe = self.pipes.pop(name, None)
        if pipe is not None:
            await self.flush_sink(pipe)
            await sys.close(pipe.writer.fd)
            result = await self.wait(pipe.pid)
        for sources in (self.files, self.commands):
            source = sources.pop(name, None)
            if source is not None:
                if source.fd > 0:
                    await sys.close(source.fd)
                result = await self.wait(source.pid) if source.pid else 0
        return result

    async def wait(self, pid: int) -> int:
        while True:
            try:
                return exit_code(await self.tool.sys.waitpid(pid))
            except OSError as err:
                if err.errno != Errno.EINTR:
                    return -1

    async def system(self, command: bytes) -> int:
        await self.flush()
        try:
            pid = await start_shell(self.tool, command)
        except OSError as err:
            raise AwkError(f"cannot fork ({why(err).decode()})") from None
        return await self.wait(pid)

    async def finish(self) -> None:
        """At the end: write out, close the pipes and wait for their commands."""
        await self.flush()
        for name in list(self.pipes):
            await self.close(name)

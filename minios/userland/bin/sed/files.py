"""sed's input files, one stream or one by one, and the files it writes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from minios.abi.errno import Errno
from minios.abi.flags import O_CREAT, O_EXCL, O_TRUNC, O_WRONLY, S_IFMT, S_IFREG
from minios.abi.records import Stat
from minios.userland.bin.sed.script import Script, Sink
from minios.userland.lib.lines import BLOCK, Lines, open_input
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import Writer, why


class Out:
    """An output file. A line that lacked its newline gets it when more follows."""

    __slots__ = ("_lacking", "end", "line_buffered", "writer")

    def __init__(self, writer: Writer, end: bytes, line_buffered: bool = False) -> None:
        self.writer = writer
        self.end = end
        self.line_buffered = line_buffered
        self._lacking = False

    async def put(self, text: bytes, end: bytes | None = None) -> None:
        """``text``; as a line with ``end``, of which an empty one is remembered as lacking."""
        if self._lacking:
            self.writer.put(self.end)
        self.writer.put(text, end or b"")
        self._lacking = end == b""
        if self.line_buffered:
            await self.writer.flush()
        else:
            await self.writer.drain()


class _Reader:
    """A file's lines, one by one, with a look ahead."""

    __slots__ = ("_at", "_batch", "lines")

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self._batch: list[bytes] = []
        self._at = 0

    async def more(self) -> bool:
        """Whether there is another line."""
        if self._at >= len(self._batch):
            self._batch = await self.lines.batch()
            self._at = 0
        return self._at < len(self._batch)

    async def line(self) -> tuple[bytes, bool] | None:
        """The next line, and whether it had its end; None at the end of the file."""
        if not await self.more():
            return None
        self._at += 1
        last = self._at == len(self._batch)
        return self._batch[self._at - 1], not (last and self.lines.cut)

    async def unread(self) -> None:
        await self.lines.unread(self._batch[self._at :])


class Files:
    """All input and output of a run."""

    def __init__(
        self,
        tool: Tool,
        names: Sequence[bytes],
        *,
        end: bytes,
        separate: bool,
        in_place: bytes | None,
        unbuffered: bool,
        utf8: bool,
    ) -> None:
        self.tool = tool
        self.end = end
        self.separate = separate
        self.in_place = in_place
        self.unbuffered = unbuffered
        self.utf8 = utf8
        self.number = 0
        self.name = b"-"
        self.fresh = False  # a new file has begun
        self.standard = Out(tool.out, end, unbuffered)
        self.out = self.standard
        self._names = list(reversed(names))
        self._reader: _Reader | None = None
        self._sinks: dict[Sink, Out] = {}
        self._queued: dict[bytes, _Reader | None] = {}
        self._temporary = b""
        self._edited: Stat | None = None

    async def open_sinks(self, script: Script) -> None:
        """Create the files that ``w`` writes to."""
        for sink in script.sinks.values():
            if sink.name == b"/dev/stdout":
                self._sinks[sink] = Out(self.tool.out, self.end, self.unbuffered)
                continue
            try:
                fd = 2
                if sink.name != b"/dev/stderr":
                    fd = await self.tool.sys.open(sink.name, O_WRONLY | O_CREAT | O_TRUNC)
            except OSError as err:
                raise Failure(b"couldn't open file " + sink.name + b": " + why(err), 4) from None
            self._sinks[sink] = Out(Writer(self.tool.sys, fd), self.end, line_buffered=True)

    def sink(self, sink: Sink) -> Out:
        return self._sinks[sink]

    # -- input ---------------------------------------------------------------------------------

    async def line(self) -> tuple[bytes, bool] | None:
        """The next line of input, and whether it had its end."""
        while True:
            if self._reader is None and not await self._open():
                return None
            assert self._reader is not None
            try:
                line = await self._reader.line()
            except OSError as err:
                text = b"read error on " + self.name + b": " + why(err)
                raise Failure(text, 4) from None
            if line is not None:
                self.number += 1
                return line
            await self._close()

    async def at_end(self) -> bool:
        """Whether the current line is the last one (``$``)."""
        while True:
            try:
                if self._reader is not None and await self._reader.more():
                    return False
            except OSError:
                return False
            if self._reader is not None and (self.separate or not self._names):
                return True
            if self._reader is not None:
                name = self.name
                await self._close()
                if not await self._open():
                    self.name = name
                    return True
            elif not await self._open():
                return True

    async def _open(self) -> bool:
        """Go to the next file that can be read; False if there is none."""
        while self._names:
            name = self._names.pop()
            try:
                if self.in_place is not None:
                    await self._edit(name)
                fd = await open_input(self.tool.sys, name)
            except OSError as err:
                await self.tool.warn(b"can't read " + name, err, 2)
                continue
            self._reader = _Reader(Lines(self.tool.sys, fd, self.end))
            self.name = name
            if self.separate:
                self.number = 0
                self.fresh = True
            return True
        return False

    async def _close(self) -> None:
        assert self._reader is not None
        fd = self._reader.lines.fd
        if fd:
            await self.tool.sys.close(fd)
        self._reader = None
        if self._temporary:
            await self._replace()

    async def unread(self) -> None:
        """After ``q``: a seekable standard input is left behind the last line used."""
        if self._reader is not None and self._reader.lines.fd == 0:
            await self._reader.unread()

    async def finish(self) -> None:
        if self._reader is not None:
            await self._close()
        for out in self._sinks.values():
            if out.writer is not self.tool.out:
                await out.writer.flush()

    async def contents(self, name: bytes) -> AsyncIterator[bytes]:
        """The blocks of a file for ``r``; nothing if it cannot be read."""
        sys = self.tool.sys
        try:
            fd = 0 if name == b"/dev/stdin" else await sys.open(name)
        except OSError:
            return
        try:
            while data := await sys.read(fd, BLOCK):
                yield data
        except OSError:
            pass
        if fd:
            await sys.close(fd)

    async def queued_line(self, name: bytes) -> bytes | None:
        """The next line of a file for ``R``."""
        if name not in self._queued:
            try:
                fd = 0 if name == b"/dev/stdin" else await self.tool.sys.open(name)
                self._queued[name] = _Reader(Lines(self.tool.sys, fd, self.end))
            except OSError:
                self._queued[name] = None
        reader = self._queued[name]
        try:
            line = await reader.line() if reader is not None else None
        except OSError:
            line = None
        return None if line is None else line[0]

    # -- editing in place ----------------------------------------------------------------------

    async def _edit(self, name: bytes) -> None:
        """Send the output to a temporary file beside ``name``."""
        sys = self.tool.sys
        stat = await sys.stat(name)
        if stat.mode & S_IFMT != S_IFREG:
            raise Failure(b"couldn't edit " + name + b": not a regular file", 4)
        folder = name[: name.rfind(b"/") + 1]
        for _ in range(16):
            letters = bytes(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[byte & 31] for byte in await sys.getrandom(6)
            )
            path = folder + b"sed" + letters
            try:
                fd = await sys.open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
            except OSError as err:
                if err.errno == Errno.EEXIST:
                    continue
                text = b"couldn't open temporary file " + (folder or b"./") + b"sed" + letters
                raise Failure(text + b": " + why(err), 4) from None
            break
        self._temporary, self._edited = path, stat
        self.out = Out(Writer(sys, fd), self.end)

    async def _replace(self) -> None:
        """Put the temporary file in the place of the edited one, keeping a backup if asked."""
        sys = self.tool.sys
        await self.out.writer.flush()
        await sys.close(self.out.writer.fd)
        stat, path = self._edited, self._temporary
        self.out, self._temporary = self.standard, b""
        assert stat is not None
        with suppress(OSError):  # only root may give files away
            await sys.chown(path, stat.uid, stat.gid)
        await sys.chmod(path, stat.mode & 0o7777)
        try:
            if self.in_place:
                await sys.rename(self.name, _backup(self.name, self.in_place))
            await sys.rename(path, self.name)
        except OSError as err:
            text = b"cannot rename " + path + b": " + why(err)
            raise Failure(text, 4) from None


def _backup(name: bytes, suffix: bytes) -> bytes:
    """The backup's name: ``*`` in the suffix is the file's name, else the suffix is appended."""
    folder, base = name[: name.rfind(b"/") + 1], name[name.rfind(b"/") + 1 :]
    new = suffix.replace(b"*", base) if b"*" in suffix else base + suffix
    return new if b"/" in new else folder + new

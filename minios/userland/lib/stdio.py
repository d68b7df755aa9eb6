"""Buffered streams over read and write, as stdio(3) gives them.

A program puts into a :class:`Writer` without trapping and drains it once a line or record, so that
the number of traps is libc's and not the program's. What a stream may hold is bounded.
"""

from minios.abi.errno import Errno, strerror
from minios.abi.sys import Sys
from minios.userland.lib.probes import probed, stream

BUFSIZ = 4096
LINE_MAX = 1 << 20
"""A longer line is handed on in pieces, so that a file without newlines cannot fill the host."""


class Writer:
    """A buffered output stream. ``drain`` after each record, ``flush`` at the end."""

    __slots__ = ("_parts", "_size", "_sys", "_tty", "fd")

    def __init__(self, sys: Sys, fd: int) -> None:
        self._sys = sys
        self.fd = fd
        self._parts: list[bytes] = []
        self._size = 0
        self._tty: bool | None = None

    def put(self, *data: bytes) -> None:
        """Add to the buffer. Call :meth:`drain` before it has grown by much more than BUFSIZ."""
        for part in data:
            self._parts.append(part)
            self._size += len(part)

    async def drain(self) -> None:
        """Write what is due: a full block, or each line when the descriptor is a terminal."""
        if self._size >= BUFSIZ:
            await self.flush()
        elif self._size:
            if self._tty is None:
                self._tty = await self._sys.isatty(self.fd)
            if self._tty and self._parts[-1].endswith(b"\n"):
                await self.flush()

    @probed(b"fflush", lambda self: self._sys, lambda self: (stream(self.fd),), lambda _: 0)
    async def flush(self) -> None:
        """Write everything. Raises OSError, with the buffer dropped."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        while data:
            taken = await self._sys.write(self.fd, data[:65536])
            data = data[taken:]


class Reader:
    """A buffered input stream of lines or blocks."""

    __slots__ = ("_buffer", "_eof", "_sys", "fd")

    def __init__(self, sys: Sys, fd: int) -> None:
        self._sys = sys
        self.fd = fd
        self._buffer = b""
        self._eof = False

    @probed(
        b"fread_unlocked",
        lambda self: self._sys,
        value=len,
        out=lambda data: (data, 1, BUFSIZ),
    )
    async def block(self) -> bytes:
        """What is there next, at most BUFSIZ bytes or what was buffered; empty at the end."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        if self._eof:
            return b""
        data = await self._sys.read(self.fd, BUFSIZ)
        self._eof = not data
        return data

    @probed(
        b"getline",
        lambda self, end=b"\n": self._sys,
        value=lambda line: len(line) or -1,
        out=lambda line: (line,),
    )
    async def line(self, end: bytes = b"\n") -> bytes:
        """The next line with its end (the last may lack one); empty at end of file."""
        pieces: list[bytes] = []
        size = 0
        while True:
            at = self._buffer.find(end)
            if at >= 0:
                pieces.append(self._buffer[: at + 1])
                self._buffer = self._buffer[at + 1 :]
                return b"".join(pieces)
            pieces.append(self._buffer)
            size += len(self._buffer)
            self._buffer = b""
            if self._eof or size >= LINE_MAX:
                return b"".join(pieces)
            self._buffer = await self._sys.read(self.fd, BUFSIZ)
            self._eof = not self._buffer


async def write_all(sys: Sys, fd: int, data: bytes) -> None:
    """Write every byte, however many calls that takes."""
    while data:
        taken = await sys.write(fd, data[:65536])
        data = data[taken:]


async def complain(sys: Sys, text: bytes) -> None:
    """One line on stderr; a closed stderr is nobody's problem."""
    try:
        await write_all(sys, 2, text + b"\n")
    except OSError as err:
        if err.errno == Errno.EINTR:
            raise


def why(err: OSError) -> bytes:
    """The errno's text, as perror(3) appends it."""
    return strerror(err.errno).encode()


@probed(
    b"fopen",
    lambda sys, path, limit=0: sys,
    lambda sys, path, limit=0: (path, b"r"),
    lambda _: stream(3),
)
async def read_file(sys: Sys, path: bytes, limit: int = 1 << 20) -> bytes:
    """A whole small file (configuration, /proc), at most ``limit`` bytes of it."""
    fd = await sys.open(path)
    try:
        parts: list[bytes] = []
        size = 0
        while size < limit:
            data = await sys.read(fd, min(16384, limit - size))
            if not data:
                break
            parts.append(data)
            size += len(data)
    except OSError:
        await sys.close(fd)
        raise
    await sys.close(fd)
    return b"".join(parts)


@probed(b"scandir", lambda sys, path: sys, lambda sys, path: (path,), len)
async def list_dir(sys: Sys, path: bytes) -> list[bytes]:
    """The names in a directory without ``.`` and ``..``, sorted by byte."""
    fd = await sys.open(path, 0o200000)
    names: list[bytes] = []
    while entries := await sys.getdents(fd):
        names.extend(entry.name for entry in entries)
    await sys.close(fd)
    return sorted(name for name in names if name not in (b".", b".."))

"""Sockets with deadlines: connecting, and reading lines and blocks that must come in time."""

from __future__ import annotations

from minios.abi.errno import Errno, error
from minios.abi.flags import CLOCK_MONOTONIC, F_GETFL, F_SETFL, O_NONBLOCK, POLLIN, POLLOUT
from minios.abi.sockets import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_NOSIGNAL,
    SO_ERROR,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from minios.userland.lib.net import tasks

BLOCK = 16384
LINE_MAX = 65536


async def connect(
    sys: Sys,
    address: tuple[int, int],
    timeout: int | None = None,
    *,
    source: tuple[int, int] | None = None,
    task: bool = False,
) -> int:
    """The descriptor of a TCP connection to ``address``, made within ``timeout`` ns.

    ``source`` is bound first; in a ``task`` others go on meanwhile. OSError: ETIMEDOUT when time is
    up, ECONNREFUSED EHOSTUNREACH ENETUNREACH … The descriptor blocks.
    """
    fd = await sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
    try:
        if source is not None:
            await sys.bind(fd, source)
        try:
            await sys.connect(fd, address)
        except OSError as err:
            if err.errno != Errno.EINPROGRESS:
                raise
            if not await wait(sys, fd, POLLOUT, timeout, task):
                raise error(Errno.ETIMEDOUT) from None
            code = await sys.getsockopt(fd, SOL_SOCKET, SO_ERROR)
            if code:
                raise error(Errno(code)) from None
        await sys.fcntl(fd, F_SETFL, await sys.fcntl(fd, F_GETFL) & ~O_NONBLOCK)
    except OSError:
        await sys.close(fd)
        raise
    return fd


async def wait(sys: Sys, fd: int, events: int, timeout: int | None, task: bool) -> bool:
    """Whether something of ``events`` came to ``fd`` within ``timeout`` ns."""
    if not task:
        return bool(await sys.poll([(fd, events)], timeout))
    deadline = None
    if timeout is not None:
        deadline = await sys.clock_gettime(CLOCK_MONOTONIC) + timeout
    return bool(await tasks.ready(fd, events, deadline))


class Stream:
    """A connected socket with a buffer.

    ``timeout`` is how many ns the other side may say nothing, or take nothing, before a call
    raises OSError ETIMEDOUT; ``deadline`` is a time of CLOCK_MONOTONIC by which everything has to
    be over. None for no end. In a ``task`` others go on while this one waits.
    """

    __slots__ = ("_buffer", "_eof", "_sys", "_task", "deadline", "fd", "received", "timeout")

    def __init__(
        self, sys: Sys, fd: int, timeout: int | None = None, *, task: bool = False
    ) -> None:
        self._sys = sys
        self._task = task
        self.fd = fd
        self.timeout = timeout
        self.deadline: int | None = None
        self.received = 0
        """Bytes that came so far."""
        self._buffer = b""
        self._eof = False

    async def _wait(self, events: int) -> None:
        patience = self.timeout
        if self.deadline is not None:
            left = max(self.deadline - await self._sys.clock_gettime(CLOCK_MONOTONIC), 0)
            patience = left if patience is None else min(patience, left)
        if (patience is not None or self._task) and not await wait(
            self._sys, self.fd, events, patience, self._task
        ):
            raise error(Errno.ETIMEDOUT)

    async def _fill(self) -> bool:
        """Read once more; False at the end."""
        if self._eof:
            return False
        await self._wait(POLLIN)
        data = await self._sys.recv(self.fd, BLOCK)
        self._eof = not data
        self._buffer += data
        self.received += len(data)
        return bool(data)

    @property
    def buffered(self) -> int:
        """Bytes that have come and nobody has asked for."""
        return len(self._buffer)

    async def line(self, limit: int = LINE_MAX) -> bytes:
        """The next line with its newline; what there is at the end, b"" for nothing.

        A line longer than ``limit`` raises OSError EMSGSIZE.
        """
        while (at := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > limit:
                raise error(Errno.EMSGSIZE)
            if not await self._fill():
                at = len(self._buffer) - 1
                break
        line, self._buffer = self._buffer[: at + 1], self._buffer[at + 1 :]
        return line

    async def peek_line(self) -> bytes:
        """The next line, which is not taken; what there is of it at the end."""
        while b"\n" not in self._buffer and len(self._buffer) < LINE_MAX:
            if not await self._fill():
                break
        return self._buffer.partition(b"\n")[0]

    async def read(self, count: int = BLOCK) -> bytes:
        """At least a byte and at most ``count``; b"" at the end."""
        if not self._buffer:
            await self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    async def exactly(self, count: int) -> bytes:
        """``count`` bytes. EOFError if it ends before."""
        while len(self._buffer) < count:
            if not await self._fill():
                raise EOFError
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    async def write(self, data: bytes) -> None:
        """Send everything. EPIPE (never SIGPIPE), ECONNRESET, ETIMEDOUT."""
        while data:
            try:
                taken = await self._sys.send(self.fd, data[:65536], MSG_NOSIGNAL | MSG_DONTWAIT)
            except OSError as err:
                if err.errno != Errno.EAGAIN:
                    raise
                if self.timeout is None and self.deadline is None and not self._task:
                    await self._sys.poll([(self.fd, POLLOUT)])
                else:
                    await self._wait(POLLOUT)
                continue
            data = data[taken:]

"""What servers share: their log, going to the background, and listening."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from minios.abi.flags import O_RDWR
from minios.abi.sockets import (
    AF_INET,
    SO_REUSEADDR,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from minios.userland.lib import journal
from minios.userland.lib.calendar import strftime
from minios.userland.lib.stdio import complain

DAEMON = 3
"""The facility LOG_DAEMON of syslog(3)."""
ERR, WARNING, NOTICE, INFO, DEBUG = 3, 4, 5, 6, 7


class Log:
    """Messages of a server: to the journal through /dev/log, or to standard error."""

    __slots__ = ("_pid", "_stamp", "_sys", "facility", "name", "stderr")

    def __init__(
        self, sys: Sys, name: bytes, *, stderr: bool = False, facility: int = DAEMON,
        stamp: bytes = b"",
    ) -> None:  # fmt: skip
        self._sys = sys
        self._pid = 0
        self._stamp = stamp
        self.name = name
        self.stderr = stderr
        self.facility = facility

    async def say(self, text: str | bytes, level: int = INFO) -> None:
        """One line. ``stamp`` (a strftime format) goes before it on standard error."""
        line = text.encode("latin-1", "replace") if isinstance(text, str) else text
        if self.stderr:
            if self._stamp:
                line = strftime(self._stamp, await self._sys.clock_gettime()) + line
            await complain(self._sys, line)
            return
        if not self._pid:
            self._pid = await self._sys.getpid()
        await journal.send(self._sys, self.facility << 3 | level, self.name, line, self._pid)

    def forked(self) -> None:
        """Another process goes on: its pid is asked for anew."""
        self._pid = 0


async def background(sys: Sys, entry: Callable[..., Awaitable[int]], *state: object) -> int:
    """daemon(3): go on in ``entry(sys, *state)``, a child without terminal. The child's pid."""
    return await sys.fork(_detached, entry, *state)


async def _detached(sys: Sys, entry: Callable[..., Awaitable[int]], *state: object) -> int:
    await sys.setsid()
    await sys.chdir(b"/")
    null = await sys.open(b"/dev/null", O_RDWR)
    for fd in (0, 1, 2):
        await sys.dup2(null, fd)
    if null > 2:
        await sys.close(null)
    return await entry(sys, *state)


async def udp(sys: Sys, address: tuple[int, int], *, reuse: bool = False) -> int:
    """A datagram socket bound to ``address``, not blocking. EACCES EADDRINUSE EADDRNOTAVAIL."""
    fd = await sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
    return await _bound(sys, fd, address, reuse)


async def tcp(sys: Sys, address: tuple[int, int], backlog: int = 128) -> int:
    """A listening socket, not blocking. EACCES EADDRINUSE EADDRNOTAVAIL."""
    fd = await sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
    fd = await _bound(sys, fd, address, True)
    await sys.listen(fd, backlog)
    return fd


async def _bound(sys: Sys, fd: int, address: tuple[int, int], reuse: bool) -> int:
    try:
        if reuse:
            await sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
        await sys.bind(fd, address)
    except OSError:
        await sys.close(fd)
        raise
    return fd

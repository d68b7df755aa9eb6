"""What the three programs share: addresses on the command line, sockets."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC
from minios.abi.sockets import AF_INET, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM
from minios.abi.sys import Sys
from minios.userland.lib.net.gai import GaiError, resolve
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.punching.messages import Endpoint

MILLISECOND = 1_000_000
DATAGRAM = 2048

_LOST = frozenset(
    {Errno.ECONNREFUSED, Errno.ENETUNREACH, Errno.EHOSTUNREACH, Errno.EPERM, Errno.EAGAIN,
     Errno.ENOBUFS, Errno.EINVAL}
)  # fmt: skip
"""Errors of sending that are as good as a loss: the algorithm tries again."""


async def endpoint(tool: Tool, text: bytes, default_port: int = 0) -> Endpoint:
    """``host[:port]``. Failure."""
    host, colon, port = text.rpartition(b":")
    if not colon:
        host, port = text, b"%d" % default_port
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Failure(b"bad port: '%b'" % port, 2)
    try:
        return await resolve(tool.sys, host), int(port)
    except GaiError as err:
        raise Failure(b"%b: %b" % (host, err.text), 2) from None


def number(tool: Tool, option: str, default: int, least: int, most: int) -> int:
    """The value of an option that is a whole number. Failure."""
    text = tool.options.last(option)
    if text is None:
        return default
    if not text.isdigit() or not least <= int(text) <= most:
        raise Failure(b"bad value: '%b' (%d to %d)" % (text, least, most), 2)
    return int(text)


async def now(sys: Sys) -> int:
    """CLOCK_MONOTONIC, ns."""
    return await sys.clock_gettime(CLOCK_MONOTONIC)


async def udp_socket(tool: Tool, address: Endpoint) -> int:
    """A datagram socket bound to an address. Failure."""
    from minios.userland.lib.stdio import why

    fd = await tool.sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        await tool.sys.bind(fd, address)
    except OSError as err:
        raise Failure(b"cannot bind to port %d: %b" % (address[1], why(err)), 1) from None
    return fd


async def send(sys: Sys, fd: int, data: bytes, goal: Endpoint) -> None:
    """Send a datagram; what cannot be sent now is lost."""
    try:
        await sys.sendto(fd, data, goal)
    except OSError as err:
        if err.errno not in _LOST:
            raise


async def receive(sys: Sys, fd: int) -> tuple[bytes, Endpoint] | None:
    """A datagram that is there; None if there is none after all, or an error instead."""
    try:
        data, source = await sys.recvfrom(fd, DATAGRAM, MSG_DONTWAIT)
    except OSError as err:
        if err.errno == Errno.EINTR:
            raise
        return None
    return data, source


async def local_address(sys: Sys, goal: Endpoint) -> int:
    """Which address of this host packets to ``goal`` have. OSError."""
    fd = await sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        await sys.connect(fd, goal)
    except OSError:
        await sys.close(fd)
        raise
    address: int = (await sys.getsockname(fd))[0]
    await sys.close(fd)
    return address

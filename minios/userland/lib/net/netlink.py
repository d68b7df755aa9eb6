"""A netlink socket for programs that show and configure everything (libnetlink of iproute2)."""

from __future__ import annotations

from minios.abi.errno import strerror
from minios.abi.netlink import (
    NETLINK_EXT_ACK,
    NETLINK_ROUTE,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    SOL_NETLINK,
    NetlinkAddress,
    Nlmsg,
    messages,
    parse_error,
)
from minios.abi.sockets import AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW
from minios.abi.sys import Sys

BLOCK = 1 << 20


class NetlinkError(OSError):
    """The kernel says no; ``words`` is what it says besides the errno."""

    def __init__(self, number: int, words: str = "") -> None:
        super().__init__(number, strerror(number))
        self.words = words


class Netlink:
    """One socket; make it with :func:`connect`."""

    __slots__ = ("_seq", "_sys", "fd")

    def __init__(self, sys: Sys, fd: int) -> None:
        self._sys = sys
        self._seq = 0
        self.fd = fd

    async def _send(self, kind: int, flags: int, body: bytes) -> int:
        self._seq += 1
        message = Nlmsg(kind, flags | NLM_F_REQUEST, self._seq, 0, body)
        await self._sys.sendto(self.fd, message.pack(), NetlinkAddress())
        return self._seq

    async def receive(self) -> list[Nlmsg]:
        """The messages of the next datagram."""
        data, _ = await self._sys.recvfrom(self.fd, BLOCK)
        return list(messages(data))

    async def dump(self, kind: int, body: bytes) -> list[Nlmsg]:
        """All objects of a kind. NetlinkError."""
        seq = await self._send(kind, NLM_F_DUMP, body)
        found: list[Nlmsg] = []
        while True:
            for message in await self.receive():
                if message.seq != seq:
                    continue
                if message.type == NLMSG_DONE:
                    return found
                if message.type == NLMSG_ERROR:
                    raise NetlinkError(*parse_error(message))
                found.append(message)

    async def ask(self, kind: int, body: bytes, flags: int = 0) -> Nlmsg:
        """One object. NetlinkError."""
        seq = await self._send(kind, flags, body)
        while True:
            for message in await self.receive():
                if message.seq != seq:
                    continue
                if message.type == NLMSG_ERROR:
                    raise NetlinkError(*parse_error(message))
                return message

    async def talk(self, kind: int, flags: int, body: bytes) -> None:
        """Have something done. NetlinkError."""
        seq = await self._send(kind, flags | NLM_F_ACK, body)
        while True:
            for message in await self.receive():
                if message.seq == seq and message.type == NLMSG_ERROR:
                    number, words = parse_error(message)
                    if number:
                        raise NetlinkError(number, words)
                    return


async def connect(sys: Sys, protocol: int = NETLINK_ROUTE, groups: int = 0) -> Netlink:
    """Open a socket, in some multicast groups. EAFNOSUPPORT EPROTONOSUPPORT."""
    fd = await sys.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)
    await sys.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1)
    await sys.bind(fd, NetlinkAddress(0, groups))
    return Netlink(sys, fd)

"""Configuring interfaces and routes over netlink (rtnetlink(7)), as far as daemons need it."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from minios.abi.errno import Errno, error
from minios.abi.sockets import SOCK_CLOEXEC, SOCK_RAW
from minios.abi.sys import Sys

AF_INET, AF_NETLINK, NETLINK_ROUTE = 2, 16, 0

RTM_NEWLINK, RTM_GETLINK = 16, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU = 1, 3, 4
IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_CACHEINFO = 1, 2, 3, 4, 6
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY = 1, 4, 5, 6
RT_TABLE_MAIN = 254
RTPROT_BOOT, RTPROT_DHCP, RTPROT_RIP = 3, 16, 189
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_NOWHERE = 0, 253, 255
RTN_UNICAST = 1
IFF_UP, IFF_LOOPBACK, IFF_MULTICAST, IFF_RUNNING = 0x1, 0x8, 0x1000, 0x40

_HEADER = Struct("<IHHII")
_ATTR = Struct("<HH")
_IFINFO = Struct("<BxHiII")
_IFADDR = Struct("<BBBBI")
_ROUTE = Struct("<BBBBBBBBI")
_ERROR = Struct("<i")
BLOCK = 65536


class Link(NamedTuple):
    """A network interface; ``mac`` is 0 for one without a hardware address."""

    ifindex: int
    name: bytes
    flags: int
    mac: int
    mtu: int


class Address(NamedTuple):
    """An address of an interface."""

    ifindex: int
    ip: int
    length: int
    label: bytes


class Route(NamedTuple):
    """A route of table main. ``gateway`` 0 is a directly connected network."""

    destination: int
    length: int
    gateway: int
    ifindex: int
    metric: int
    protocol: int


def attribute(kind: int, data: bytes) -> bytes:
    """A rtattr, padded."""
    return _ATTR.pack(len(data) + 4, kind) + data + bytes(-len(data) % 4)


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes by type; what breaks off is left out."""
    found: dict[int, bytes] = {}
    while len(data) >= 4:
        size, kind = _ATTR.unpack_from(data)
        if size < 4 or size > len(data):
            break
        found[kind & 0x3FFF] = data[4:size]
        data = data[(size + 3) & ~3 :]
    return found


class Rtnl:
    """A netlink socket. Close it with :meth:`close`."""

    __slots__ = ("_seq", "_sys", "fd")

    def __init__(self, sys: Sys, fd: int) -> None:
        self._sys = sys
        self.fd = fd
        self._seq = 0

    async def close(self) -> None:
        await self._sys.close(self.fd)

    async def _send(self, kind: int, flags: int, body: bytes) -> None:
        self._seq += 1
        head = _HEADER.pack(16 + len(body), kind, flags | NLM_F_REQUEST, self._seq, 0)
        await self._sys.sendto(self.fd, head + body, (0, 0))

    async def _messages(self) -> list[tuple[int, bytes]]:
        """(type, body) of the messages of one datagram that answer the last request."""
        data = await self._sys.recv(self.fd, BLOCK)
        found: list[tuple[int, bytes]] = []
        while len(data) >= 16:
            size, kind, _, seq, _ = _HEADER.unpack_from(data)
            if size < 16 or size > len(data):
                break
            if seq == self._seq:
                found.append((kind, data[16:size]))
            data = data[(size + 3) & ~3 :]
        return found

    async def request(self, kind: int, flags: int, body: bytes) -> None:
        """Have something done. OSError with the errno that the kernel answers."""
        await self._send(kind, flags | NLM_F_ACK, body)
        while True:
            for answer, data in await self._messages():
                if answer == NLMSG_ERROR:
                    (code,) = _ERROR.unpack_from(data)
                    if code:
                        raise error(Errno(-code))
                    return

    async def dump(self, kind: int, body: bytes) -> list[bytes]:
        """The bodies of all objects of a kind."""
        await self._send(kind, NLM_F_DUMP, body)
        found: list[bytes] = []
        while True:
            for answer, data in await self._messages():
                if answer == NLMSG_DONE:
                    return found
                if answer == NLMSG_ERROR:
                    (code,) = _ERROR.unpack_from(data)
                    raise error(Errno(-code or Errno.EIO))
                found.append(data)

    async def links(self) -> list[Link]:
        found: list[Link] = []
        for data in await self.dump(RTM_GETLINK, _IFINFO.pack(0, 0, 0, 0, 0)):
            _, _, index, flags, _ = _IFINFO.unpack_from(data)
            values = attributes(data[_IFINFO.size :])
            found.append(
                Link(
                    index,
                    values.get(IFLA_IFNAME, b"").rstrip(b"\0"),
                    flags,
                    int.from_bytes(values.get(IFLA_ADDRESS, b"")),
                    int.from_bytes(values.get(IFLA_MTU, b""), "little"),
                )
            )
        return found

    async def addresses(self) -> list[Address]:
        found: list[Address] = []
        for data in await self.dump(RTM_GETADDR, _IFADDR.pack(AF_INET, 0, 0, 0, 0)):
            _, length, _, _, index = _IFADDR.unpack_from(data)
            values = attributes(data[_IFADDR.size :])
            ip = values.get(IFA_LOCAL, values.get(IFA_ADDRESS, b"\0\0\0\0"))
            label = values.get(IFA_LABEL, b"").rstrip(b"\0")
            found.append(Address(index, int.from_bytes(ip), length, label))
        return found

    async def routes(self) -> list[Route]:
        """Unicast routes of table main."""
        found: list[Route] = []
        body = _ROUTE.pack(AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
        for data in await self.dump(RTM_GETROUTE, body):
            family, length, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(data)
            if family != AF_INET or table != RT_TABLE_MAIN or kind != RTN_UNICAST:
                continue
            values = attributes(data[_ROUTE.size :])
            found.append(
                Route(
                    int.from_bytes(values.get(RTA_DST, b"")),
                    length,
                    int.from_bytes(values.get(RTA_GATEWAY, b"")),
                    int.from_bytes(values.get(RTA_OIF, b""), "little"),
                    int.from_bytes(values.get(RTA_PRIORITY, b""), "little"),
                    protocol,
                )
            )
        return found

    async def set_up(self, index: int, up: bool) -> None:
        """ifconfig up or down."""
        body = _IFINFO.pack(0, 0, index, IFF_UP if up else 0, IFF_UP)
        await self.request(RTM_NEWLINK, 0, body)

    async def add_address(
        self, index: int, ip: int, length: int, broadcast: int = 0, label: bytes = b"",
        lifetime: int = 0,
    ) -> None:  # fmt: skip
        """Give an interface an address; one that is there is renewed. ``lifetime`` in seconds."""
        body = _IFADDR.pack(AF_INET, length, 0, RT_SCOPE_UNIVERSE, index)
        body += attribute(IFA_LOCAL, ip.to_bytes(4)) + attribute(IFA_ADDRESS, ip.to_bytes(4))
        if broadcast:
            body += attribute(IFA_BROADCAST, broadcast.to_bytes(4))
        if label:
            body += attribute(IFA_LABEL, label + b"\0")
        if lifetime:
            times = lifetime.to_bytes(4, "little") * 2 + bytes(8)
            body += attribute(IFA_CACHEINFO, times)
        await self.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body)

    async def del_address(self, index: int, ip: int, length: int) -> None:
        body = _IFADDR.pack(AF_INET, length, 0, 0, index) + attribute(IFA_LOCAL, ip.to_bytes(4))
        await self.request(RTM_DELADDR, 0, body)

    def _route(self, route: Route) -> bytes:
        scope = RT_SCOPE_UNIVERSE if route.gateway else RT_SCOPE_LINK
        if not route.gateway and not route.ifindex:
            scope = RT_SCOPE_NOWHERE  # whichever it is
        body = _ROUTE.pack(
            AF_INET, route.length, 0, 0, RT_TABLE_MAIN, route.protocol, scope, RTN_UNICAST, 0
        )
        if route.length:
            body += attribute(RTA_DST, route.destination.to_bytes(4))
        if route.gateway:
            body += attribute(RTA_GATEWAY, route.gateway.to_bytes(4))
        if route.ifindex:
            body += attribute(RTA_OIF, route.ifindex.to_bytes(4, "little"))
        if route.metric:
            body += attribute(RTA_PRIORITY, route.metric.to_bytes(4, "little"))
        return body

    async def add_route(self, route: Route, *, replace: bool = False) -> None:
        """EEXIST ENETUNREACH (the gateway is not on a connected network) …"""
        flags = NLM_F_CREATE | (NLM_F_REPLACE if replace else NLM_F_EXCL)
        await self.request(RTM_NEWROUTE, flags, self._route(route))

    async def del_route(self, route: Route) -> None:
        """ESRCH if there is none."""
        await self.request(RTM_DELROUTE, 0, self._route(route))


async def rtnl(sys: Sys) -> Rtnl:
    """Open a netlink socket. EAFNOSUPPORT."""
    return Rtnl(sys, await sys.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))

"""Where packets come from: interfaces, and files."""

from __future__ import annotations

import struct
from typing import NamedTuple

from minios.abi.sockets import (
    AF_PACKET,
    PACKET_ADD_MEMBERSHIP,
    PACKET_MR_PROMISC,
    PACKET_OUTGOING,
    PACKET_STATISTICS,
    SO_TIMESTAMPNS,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_RAW,
    SOL_PACKET,
    SOL_SOCKET,
    PacketAddress,
)
from minios.abi.sys import Sys
from minios.net.wire.malformed import Malformed
from minios.net.wire.pcap import (
    HEADER,
    LINKTYPE_ETHERNET,
    LINKTYPE_LINUX_SLL2,
    LINKTYPES,
    RECORD,
    FileHeader,
)
from minios.userland.lib.net.rtnl import IFF_LOOPBACK, IFF_RUNNING, IFF_UP, Link, rtnl
from minios.userland.lib.program import Failure
from minios.userland.lib.stdio import why

ETH_P_ALL = 3
BLOCK = 65536
_SLL2 = struct.Struct("!HHIHBB8s")


class Packet(NamedTuple):
    """``data`` is what was captured of ``length`` bytes at ``time`` (ns since 1970)."""

    time: int
    data: bytes
    length: int
    outgoing: bool = False


async def interfaces(sys: Sys) -> list[Link]:
    """The interfaces as tcpdump lists them: those that can receive something first, lo last."""
    netlink = await rtnl(sys)
    try:
        links = await netlink.links()
    finally:
        await netlink.close()
    return sorted(links, key=_rank)


def _rank(link: Link) -> tuple[bool, bool, bool, int]:
    flags = link.flags
    up = bool(flags & IFF_UP)
    return (not (up and flags & IFF_RUNNING), not up, bool(flags & IFF_LOOPBACK), link.ifindex)


def description(link: Link) -> str:
    """What ``-D`` says in brackets."""
    flags = link.flags
    words = ["Up"] if flags & IFF_UP else []
    if flags & IFF_UP and flags & IFF_RUNNING:
        words.append("Running")
    if flags & IFF_LOOPBACK:
        words.append("Loopback")
    if not words:
        words.append("none")
    if not flags & IFF_LOOPBACK:
        words.append("Connected" if flags & IFF_RUNNING and flags & IFF_UP else "Disconnected")
    return ", ".join(words)


class Live:
    """A packet socket on an interface, or on all of them."""

    def __init__(self, sys: Sys, fd: int, device: str, linktype: int, snaplen: int) -> None:
        self.sys = sys
        self.fd = fd
        self.device = device
        self.linktype = linktype
        self.snaplen = snaplen
        self.loopback = 0
        self.direction = "inout"
        self.names: dict[int, str] = {}

    @classmethod
    async def open(cls, sys: Sys, device: str, snaplen: int, *, promiscuous: bool) -> Live:
        """Begin to listen; Failure."""
        everything = device == "any"
        try:
            fd = await sys.socket(
                AF_PACKET, (SOCK_DGRAM if everything else SOCK_RAW) | SOCK_CLOEXEC, 0
            )
        except OSError as err:
            name = device.encode("latin-1")
            raise Failure(
                name + b": You don't have permission to perform this capture on that device\n"
                b"(socket: " + why(err) + b")"
            ) from None
        linktype = LINKTYPE_LINUX_SLL2 if everything else LINKTYPE_ETHERNET
        live = cls(sys, fd, device, linktype, snaplen)
        links = await interfaces(sys)
        index = 0
        for link in links:
            live.names[link.ifindex] = link.name.decode("latin-1")
            if link.flags & IFF_LOOPBACK:
                live.loopback = link.ifindex
            if link.name.decode("latin-1") == device:
                index = link.ifindex
                if not link.flags & IFF_UP:
                    raise Failure(link.name + b": That device is not up")
        if not everything and not index:
            raise Failure(
                device.encode("latin-1") + b": No such device exists\n(No such device exists)"
            )
        await sys.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if promiscuous and not everything and index != live.loopback:
            await sys.setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, (index, PACKET_MR_PROMISC))
        await sys.bind(fd, PacketAddress(index, ETH_P_ALL))
        return live

    async def next(self) -> Packet | None:
        """The next packet that is not the other copy of one on the loopback. OSError: EINTR."""
        while True:
            message = await self.sys.recvmsg(self.fd, 1 << 20)
            address = PacketAddress(*message.address)
            outgoing = address.pkttype == PACKET_OUTGOING
            if outgoing and address.ifindex == self.loopback:
                continue
            if self.direction != "inout" and outgoing != (self.direction == "out"):
                continue
            data = message.data
            if self.linktype == LINKTYPE_LINUX_SLL2:
                data = _cooked(address) + data
            time = next((value for level, _, value in message.control if level == SOL_SOCKET), 0)
            return Packet(time, data[: self.snaplen], len(data), outgoing)

    async def statistics(self) -> tuple[int, int]:
        """(packets seen, packets dropped)."""
        try:
            seen, dropped = await self.sys.getsockopt(self.fd, SOL_PACKET, PACKET_STATISTICS)
        except OSError:
            return 0, 0
        return seen, dropped


def _cooked(address: PacketAddress) -> bytes:
    """The header of LINKTYPE_LINUX_SLL2."""
    return _SLL2.pack(
        address.ethertype, 0, address.ifindex, address.hatype, address.pkttype, 6,
        address.mac.to_bytes(6, "big") + bytes(2),
    )  # fmt: skip


class Saved:
    """A capture file."""

    def __init__(self, sys: Sys, fd: int, header: FileHeader) -> None:
        self.sys = sys
        self.fd = fd
        self.header = header
        self.linktype = header.linktype
        self.snaplen = header.snaplen
        self.buffer = b""

    @classmethod
    async def open(cls, sys: Sys, path: bytes) -> Saved:
        """Read the head of a file, or of standard input for ``-``; Failure."""
        fd = 0
        if path != b"-":
            try:
                fd = await sys.open(path)
            except OSError as err:
                raise Failure(path + b": " + why(err)) from None
        saved = cls(sys, fd, FileHeader())
        head = await saved._take(HEADER)
        if len(head) < HEADER:
            if len(head) >= 4 and head[:4] not in _MAGICS:
                raise Failure(b"unknown file format")
            read = max(0, len(head) - 4)
            raise Failure(
                b"truncated dump file; tried to read 24 file header bytes, only got %d" % read
            )
        try:
            saved.header = FileHeader.parse(head)
        except Malformed as err:
            raise Failure(str(err).encode()) from None
        saved.linktype = saved.header.linktype
        saved.snaplen = saved.header.snaplen
        if saved.linktype not in LINKTYPES:
            raise Failure(b"packet printing is not supported for link type %d" % saved.linktype)
        return saved

    async def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            block = await self.sys.read(self.fd, BLOCK)
            if not block:
                break
            self.buffer += block
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    async def next(self) -> Packet | None:
        """The next packet; None at the end. Failure if the file is damaged."""
        head = await self._take(RECORD)
        if not head:
            return None
        if len(head) < RECORD:
            raise _truncated(RECORD, b"header", len(head))
        try:
            time, size, length = self.header.parse_record(head)
        except Malformed as err:
            raise Failure(b"pcap_loop: " + str(err).encode()) from None
        data = await self._take(size)
        if len(data) < size:
            raise _truncated(size, b"captured", len(data))
        return Packet(time, data, length)


_MAGICS = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")


def _truncated(wanted: int, what: bytes, got: int) -> Failure:
    return Failure(
        b"pcap_loop: truncated dump file; tried to read %d %s bytes, only got %d"
        % (wanted, what, got)
    )


def link_text(linktype: int) -> str:
    """``EN10MB (Ethernet)``."""
    name, text = LINKTYPES[linktype]
    return f"{name} ({text})"

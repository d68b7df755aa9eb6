"""UDP through a packet socket, for who has no address yet (packet(7), LPF of ISC's programs)."""

from __future__ import annotations

from minios.abi.inet import INADDR_BROADCAST, IPPROTO_UDP, MAC_BROADCAST
from minios.abi.sockets import SOCK_CLOEXEC, SOCK_RAW
from minios.abi.sys import Sys
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import ARP_TYPE, IPV4, Ethernet
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed
from minios.net.wire.udp import UDP

AF_PACKET = 17
FRAME_MAX = 65536
MINIMUM_TTL = 128


class RawUdp:
    """Datagrams to and from an interface, with their Ethernet, IP and UDP headers made here."""

    __slots__ = ("_sys", "fd", "mac")

    def __init__(self, sys: Sys, fd: int, mac: int) -> None:
        self._sys = sys
        self.fd = fd
        self.mac = mac

    async def send(
        self,
        data: bytes,
        sport: int,
        dport: int,
        source: int = 0,
        target: int = INADDR_BROADCAST,
        mac: int = MAC_BROADCAST,
    ) -> None:
        """OSError: ENETDOWN …"""
        packet = IPv4(source, target, IPPROTO_UDP, UDP(sport, dport, data), ttl=MINIMUM_TTL)
        await self._sys.send(self.fd, Ethernet(mac, self.mac, IPV4, packet).pack())

    async def receive(self, port: int) -> tuple[bytes, int, int] | None:
        """(data, source address, source MAC) of a datagram to ``port``; None for what is none."""
        raw = await self._sys.recv(self.fd, FRAME_MAX)
        try:
            frame = Ethernet.parse(raw)
        except Malformed:
            return None
        packet = frame.payload
        if not isinstance(packet, IPv4) or not isinstance(packet.payload, UDP):
            return None
        datagram = packet.payload
        if datagram.dport != port or frame.src == self.mac:
            return None
        return datagram.payload, packet.src, frame.src


async def packet_socket(sys: Sys, ifindex: int, ethertype: int) -> int:
    """A packet socket that hears one ethertype on one interface. EPERM ENODEV."""
    fd = await sys.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)
    await sys.bind(fd, (ifindex, ethertype, 0, 0, 0))
    return fd


async def raw_udp(sys: Sys, ifindex: int, mac: int) -> RawUdp:
    return RawUdp(sys, await packet_socket(sys, ifindex, IPV4), mac)


async def in_use(sys: Sys, ifindex: int, mac: int, ip: int, wait: int) -> int:
    """Ask by ARP for an address as who does not have it yet; the MAC that has it, 0 for nobody.

    ``wait`` in ns (RFC 2131 §4.4.1, RFC 5227 §2.1.1).
    """
    fd = await packet_socket(sys, ifindex, ARP_TYPE)
    probe = Ethernet(MAC_BROADCAST, mac, ARP_TYPE, ARP(1, mac, 0, 0, ip))
    await sys.send(fd, probe.pack())
    end = await sys.clock_gettime(1) + wait
    found = 0
    while not found:
        left = end - await sys.clock_gettime(1)
        if left <= 0 or not await sys.poll([(fd, 1)], left):
            break
        try:
            frame = Ethernet.parse(await sys.recv(fd, FRAME_MAX))
        except Malformed:
            continue
        said = frame.payload
        if isinstance(said, ARP) and said.spa == ip and said.sha != mac:
            found = said.sha
    await sys.close(fd)
    return found

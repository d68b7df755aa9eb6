"""UDP in a host: endpoints, and which of them a datagram is for (RFC 768, RFC 1122 4.1, udp(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.inet import IPPROTO_UDP, ip_text
from minios.net.drop import Drop
from minios.net.host.address import multicast
from minios.net.transport.endpoint import Datagram, Endpoint
from minios.net.transport.portspace import Bind
from minios.net.wire.icmp import PORT_UNREACHABLE, UNREACHABLE
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.udp import UDP

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack

LONGEST = 65507
"""Bytes of data in the longest datagram."""


class Udp:
    """The protocol's part of a stack: endpoints by local port, the newest first."""

    __slots__ = ("ports", "stack")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.ports: dict[int, list[UdpEndpoint]] = {}
        stack.handlers[IPPROTO_UDP] = self.input
        stack.icmp_errors[IPPROTO_UDP] = self.icmp_error
        stack.parts["udp"] = self.state

    def input(self, packet: IPv4, dev: NetDevice) -> None:
        """A datagram for this host."""
        stack = self.stack
        counters = stack.counters
        udp = packet.payload
        if udp.__class__ is not UDP:
            counters["UdpInErrors"] += 1
            stack.drop(Drop.MALFORMED, packet, dev, "no UDP datagram")
            return
        if udp.checksum and udp.checksum != udp.right(packet.src, packet.dst):
            counters["UdpInErrors"] += 1
            counters["UdpInCsumErrors"] += 1
            stack.drop(Drop.CHECKSUM, packet, dev, "of the UDP datagram")
            return
        dst = packet.dst
        here = self.ports.get(udp.dport, ())
        if multicast(dst) or stack.is_broadcast(dst):
            found = [e for e in here if e.score(packet.src, udp.sport, dst, dev) >= 0]
            for endpoint in found:
                self._deliver(endpoint, packet, udp, dev)
            if not found:
                stack.drop(
                    Drop.PORT_CLOSED, packet, dev, f"UDP port {udp.dport}", layer="transport"
                )
            return
        endpoint_ = self.find(packet.src, udp.sport, dst, udp.dport, dev)
        if endpoint_ is None:
            counters["UdpNoPorts"] += 1
            stack.drop(Drop.PORT_CLOSED, packet, dev, f"UDP port {udp.dport}")
            stack.icmp_error(packet, UNREACHABLE, PORT_UNREACHABLE)
            return
        self._deliver(endpoint_, packet, udp, dev)

    def find(
        self, src: int, sport: int, dst: int, dport: int, dev: NetDevice
    ) -> UdpEndpoint | None:
        """Who has most in common with a datagram; of several with SO_REUSEPORT one by its ends."""
        best: list[UdpEndpoint] = []
        most = -1
        for endpoint in self.ports.get(dport, ()):
            score = endpoint.score(src, sport, dst, dev)
            if score > most:
                most = score
                best = [endpoint]
            elif score == most >= 0 and endpoint.reuseport and best[0].reuseport:
                best.append(endpoint)
        if len(best) > 1:
            return best[(src * 31 + sport * 17 + dst) * 2_654_435_761 % (1 << 32) % len(best)]
        return best[0] if best else None

    def _deliver(self, endpoint: UdpEndpoint, packet: IPv4, udp: UDP, dev: NetDevice) -> None:
        stack = self.stack
        dst = packet.dst
        spec = dst if stack.is_local(dst) else stack.select_source(dev, packet.src)
        datagram = Datagram(
            udp.payload, (packet.src, udp.sport), dst, dev.ifindex, packet.ttl, packet.tos,
            stack.world.now, spec,
        )  # fmt: skip
        if endpoint.take(datagram):
            stack.counters["UdpInDatagrams"] += 1
            if stack.trail is not None:
                here = f"{ip_text(endpoint.local_ip)}:{udp.dport}"
                stack.trail.add(
                    stack.world.now, stack.name, "transport", "deliver", f"the UDP socket {here}"
                )
            return
        stack.counters["UdpInErrors"] += 1
        stack.counters["UdpRcvbufErrors"] += 1
        stack.drop(Drop.RCVBUF_FULL, packet, dev, f"UDP port {udp.dport}")

    def icmp_error(
        self, type: int, code: int, info: int, quoted: IPv4, offender: int, dev: NetDevice
    ) -> None:
        """ICMP says something of a datagram of ours; ``quoted`` is its beginning."""
        head = quoted.payload
        sport, dport = head[0] << 8 | head[1], head[2] << 8 | head[3]
        endpoint = self.find(quoted.dst, dport, quoted.src, sport, dev)
        if endpoint is None:
            self.stack.counters["IcmpInErrors"] += 1
            return
        endpoint.icmp_error(
            type, code, info, bytes(head[8:]), (quoted.dst, dport), offender,
            connected=endpoint.remote_ip != 0,
        )  # fmt: skip

    def endpoints(self) -> list[UdpEndpoint]:
        """All that have a port, by port."""
        return [e for _, row in sorted(self.ports.items()) for e in row]

    def state(self) -> Any:
        """Plain data for the digest."""
        return [e.state() for e in self.endpoints()]


def of(stack: Stack) -> Udp:
    """The UDP of a stack, made when it is first needed."""
    if stack.udp is None:
        stack.udp = Udp(stack)
    made: Udp = stack.udp
    return made


class UdpEndpoint(Endpoint):
    """One end. ``remote_ip`` 0 says that it is not connected.

    ``port_chosen`` says that the port was asked for, and not just any.
    """

    __slots__ = (
        "bound", "corked", "local_port", "port_chosen", "remote_port", "reuseaddr", "reuseport",
        "udp",
    )  # fmt: skip

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, IPPROTO_UDP)
        self.udp = of(stack)
        self.local_port = self.remote_port = 0
        self.port_chosen = False
        self.reuseaddr = self.reuseport = False
        self.bound: Bind | None = None
        self.corked: tuple[bytes, tuple[int, int] | None] | None = None
        """What MSG_MORE has gathered, and where it is to go."""

    # -- addresses -----------------------------------------------------------------------------

    @property
    def local(self) -> tuple[int, int]:
        return (self.local_ip, self.local_port)

    @property
    def remote(self) -> tuple[int, int]:
        return (self.remote_ip, self.remote_port)

    def bind(self, ip: int, port: int) -> None:
        """bind(2); any free port for 0. EADDRINUSE EADDRNOTAVAIL EINVAL (bound already)."""
        if self.bound is not None:
            raise error(Errno.EINVAL)
        self.check_local(ip)
        self._take_port(ip, port)
        self.port_chosen = port != 0
        self.local_ip = ip
        self.address_chosen = ip != 0

    def _take_port(self, ip: int, port: int) -> None:
        self.bound = self.stack.portspace.bind(
            IPPROTO_UDP, ip, port, reuse=self.reuseaddr, reuseport=self.reuseport, uid=self.uid,
            device=self.device,
        )  # fmt: skip
        self.local_port = self.bound.port
        self.udp.ports.setdefault(self.local_port, []).insert(0, self)

    def autobind(self) -> None:
        """A port for who sends without having asked for one. EAGAIN when there is none."""
        if self.bound is None:
            try:
                self._take_port(self.local_ip, 0)
            except OSError:
                raise error(Errno.EAGAIN) from None

    def connect(self, ip: int, port: int) -> None:
        """Send there, and hear nobody else. EACCES EAGAIN ENETUNREACH EHOSTUNREACH."""
        self.autobind()
        to = self.route(ip)
        ip = ip or to.nexthop
        if not self.local_ip:
            self.local_ip = to.src
            if self.bound is not None:
                self.bound.ip = to.src
        self.remote_ip, self.remote_port = ip, port

    def disconnect(self) -> None:
        """connect(2) to an address of AF_UNSPEC: what connecting has chosen is given up."""
        self.remote_ip = self.remote_port = 0
        if not self.address_chosen:
            self.local_ip = 0
            if self.bound is not None:
                self.bound.ip = 0
        if not self.port_chosen:
            self._give_port()

    def _give_port(self) -> None:
        if self.bound is None:
            return
        row = self.udp.ports[self.local_port]
        row.remove(self)
        if not row:
            del self.udp.ports[self.local_port]
        self.stack.portspace.release(self.bound)
        self.bound = None
        self.local_port = 0

    def score(self, src: int, sport: int, dst: int, dev: NetDevice) -> int:
        """How much a datagram has in common with this end; -1 if it is not for it."""
        score = 0
        if self.local_ip:
            if self.local_ip != dst:
                return -1
            score = 4
        if self.remote_ip:
            if self.remote_ip != src:
                return -1
            score += 4
        if self.remote_port:
            if self.remote_port != sport:
                return -1
            score += 4
        if self.device:
            score += 4
        return score if self.hears(dst, dev) else -1

    # -- sending -------------------------------------------------------------------------------

    def send(
        self, data: bytes, dest: tuple[int, int] | None = None, *, more: bool = False,
        src: int = 0, oif: str = "", ttl: int = 0, tos: int = -1,
    ) -> int:  # fmt: skip
        """Send a datagram; ``dest`` None is the one connected to. With ``more`` it is only begun
        (MSG_MORE). The other options are for this one only (IP_PKTINFO, IP_TTL, IP_TOS).

        EACCES EAGAIN EDESTADDRREQ EHOSTUNREACH EINVAL EMSGSIZE ENETUNREACH EPERM.
        """
        self.autobind()
        taken = len(data)
        if taken > LONGEST:
            raise error(Errno.EMSGSIZE)
        if self.corked is None and dest is not None and dest[1] == 0:
            raise error(Errno.EINVAL)
        if self.corked is not None:
            data, dest = self.corked[0] + data, self.corked[1]
            if len(data) > LONGEST:
                raise error(Errno.EMSGSIZE)
        if dest is None:
            if not self.remote_ip:
                raise error(Errno.EDESTADDRREQ)
            ip, port = self.remote_ip, self.remote_port
        else:
            ip, port = dest
        to = self.route(ip, src, oif)
        ip = ip or to.nexthop
        self.may_send()
        if more:
            self.corked = (data, dest)
            return taken
        self.corked = None
        df = self.fits(to, len(data) + 28, (ip, self.remote_port))
        udp = UDP(self.local_port, port, data)
        packet = self.packet(to, ip, src or self.source_ip, udp, df=df, ttl=ttl, tos=tos)
        self.stack.counters["UdpOutDatagrams"] += 1
        self.stack.ip_output(packet, route=self.way(to), loop=self.multicast_loop)
        return taken

    def close(self) -> None:
        self._give_port()
        super().close()

    def state(self) -> Any:
        return (
            self.local_port, self.remote_port, self.reuseaddr, self.reuseport, self.port_chosen,
            self.corked, super().state(),
        )  # fmt: skip

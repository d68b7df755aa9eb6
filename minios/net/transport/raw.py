"""Raw sockets, and those of ICMP for everybody (raw(7), icmp(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.inet import IPPROTO_ICMP, IPPROTO_RAW
from minios.net.drop import Drop
from minios.net.transport.endpoint import Datagram, Endpoint
from minios.net.wire.icmp import ECHO, ICMP
from minios.net.wire.ipv4 import IPv4, parse_payload
from minios.net.wire.malformed import Malformed

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack

LONGEST = 65515


class Raw:
    """The raw sockets of a stack, in the order of their making."""

    __slots__ = ("endpoints", "stack")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.endpoints: list[RawEndpoint] = []
        stack.raw = self
        stack.icmp_errors[-1] = self.icmp_error
        stack.parts["raw"] = self.state

    def input(self, packet: IPv4, dev: NetDevice) -> bool:
        """Give a copy of a packet to all who want it; whether somebody was of its protocol."""
        found = False
        packed = b""
        for endpoint in list(self.endpoints):
            if endpoint.proto != packet.proto or not endpoint.wants(packet, dev):
                continue
            found = True
            packed = packed or packet.pack()
            datagram = Datagram(
                packed, (packet.src, 0), packet.dst, dev.ifindex, packet.ttl, packet.tos,
                self.stack.world.now,
                packet.dst if self.stack.is_local(packet.dst) else 0,
            )  # fmt: skip
            if not endpoint.take(datagram):
                self.stack.drop(Drop.RCVBUF_FULL, packet, dev, "a raw socket")
        return found

    def icmp_error(
        self, type: int, code: int, info: int, quoted: IPv4, offender: int, dev: NetDevice
    ) -> None:
        """ICMP says something of a packet that one of them may have sent."""
        for endpoint in list(self.endpoints):
            if (
                endpoint.proto == quoted.proto
                and endpoint.remote_ip in (0, quoted.dst)
                and endpoint.local_ip in (0, quoted.src)
            ):
                data = quoted.header() + quoted.payload if endpoint.hdrincl else quoted.payload
                endpoint.icmp_error(
                    type, code, info, data, (quoted.dst, 0), offender,
                    connected=endpoint.remote_ip != 0,
                )  # fmt: skip

    def state(self) -> Any:
        """Plain data for the digest."""
        return [e.state() for e in self.endpoints]


class RawEndpoint(Endpoint):
    """One raw socket. ``icmp_filter`` is a mask of ICMP types that it does not want; ``hdrincl``
    says that what it sends begins with the IP header."""

    __slots__ = ("hdrincl", "icmp_filter", "raw")

    def __init__(self, stack: Stack, proto: int) -> None:
        super().__init__(stack, proto)
        self.hdrincl = proto == IPPROTO_RAW
        self.icmp_filter = 0
        self.raw: Raw = stack.raw if stack.raw is not None else Raw(stack)
        self.raw.endpoints.append(self)

    @property
    def local(self) -> tuple[int, int]:
        return (self.local_ip, self.proto)

    @property
    def remote(self) -> tuple[int, int]:
        return (self.remote_ip, 0)

    def bind(self, ip: int, port: int) -> None:
        """The address that packets must be for, and that those sent get. EADDRNOTAVAIL."""
        self.check_local(ip)
        self.local_ip = ip
        self.address_chosen = ip != 0

    def connect(self, ip: int, port: int) -> None:
        """Send there, and hear nobody else."""
        to = self.route(ip)
        if not self.local_ip:
            self.local_ip = to.src
        self.remote_ip = ip or to.nexthop

    def disconnect(self) -> None:
        """connect(2) to an address of AF_UNSPEC."""
        self.remote_ip = 0
        if not self.address_chosen:
            self.local_ip = 0

    def wants(self, packet: IPv4, dev: NetDevice) -> bool:
        """Whether a packet of its protocol is for it."""
        if self.local_ip and self.local_ip != packet.dst:
            return False
        if self.remote_ip and self.remote_ip != packet.src:
            return False
        if packet.proto == IPPROTO_ICMP and self.icmp_filter:
            message = packet.payload
            kind = message.type if message.__class__ is ICMP else 255
            if kind < 32 and self.icmp_filter >> kind & 1:
                return False
        return self.hears(packet.dst, dev)

    def send(
        self, data: bytes, dest: tuple[int, int] | None = None, *, more: bool = False,
        src: int = 0, oif: str = "", ttl: int = 0, tos: int = -1,
    ) -> int:  # fmt: skip
        """Send a packet. EACCES EDESTADDRREQ EINVAL EMSGSIZE ENETUNREACH EHOSTUNREACH EPERM."""
        if len(data) > 0xFFFF:
            raise error(Errno.EMSGSIZE)
        if dest is None:
            if not self.remote_ip:
                raise error(Errno.EDESTADDRREQ)
            ip = self.remote_ip
        else:
            ip = dest[0]
        to = self.route(ip, src, oif)
        ip = ip or to.nexthop
        self.may_send()
        if self.hdrincl:
            packet = self._given(data, to.mtu, ip)
            if not packet.src:
                packet.src = to.src
        else:
            if len(data) > LONGEST:
                raise error(Errno.EMSGSIZE)
            df = self.fits(to, len(data) + 20, (ip, 0))
            source = src or self.source_ip or to.src
            body: Any = data
            try:
                body = parse_payload(self.proto, data, source, ip)
            except Malformed:
                body = data
            packet = self.packet(to, ip, source, body, df=df, ttl=ttl, tos=tos)
        self.stack.ip_output(packet, route=self.way(to), loop=self.multicast_loop)
        return len(data)

    def _given(self, data: bytes, mtu: int, ip: int) -> IPv4:
        """A packet whose header the sender has written; the kernel puts in checksum and length, and
        a source and an identification that are 0 (IP_HDRINCL of raw(7))."""
        if len(data) > mtu:
            raise error(Errno.EMSGSIZE)
        if len(data) < 20 or data[0] & 15 < 5 or 4 * (data[0] & 15) > len(data):
            raise error(Errno.EINVAL)
        filled = data[:2] + len(data).to_bytes(2, "big") + data[4:]
        try:
            packet = IPv4.parse(filled, strict=False)
        except Malformed:
            raise error(Errno.EINVAL) from None
        packet.checksum = None
        return packet

    def close(self) -> None:
        if self in self.raw.endpoints:
            self.raw.endpoints.remove(self)
        super().close()

    def state(self) -> Any:
        return (self.hdrincl, self.icmp_filter, super().state())


class Ping:
    """The ICMP datagram sockets of a stack, by identifier."""

    __slots__ = ("idents", "rng", "stack")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.idents: dict[int, list[PingEndpoint]] = {}
        self.rng = stack.world.stream(f"ping {stack.name}")
        stack.ping = self
        stack.icmp_errors[IPPROTO_ICMP] = self.icmp_error
        stack.parts["ping"] = self.state

    def input(self, packet: IPv4, dev: NetDevice) -> None:
        """An echo reply came in."""
        message = packet.payload
        endpoint = self.find(message.ident, packet.src, packet.dst, dev)
        if endpoint is None:
            return
        datagram = Datagram(
            message.pack(), (packet.src, 0), packet.dst, dev.ifindex, packet.ttl, packet.tos,
            self.stack.world.now, packet.dst,
        )  # fmt: skip
        if not endpoint.take(datagram):
            self.stack.drop(Drop.RCVBUF_FULL, packet, dev, "a ping socket")

    def find(self, ident: int, src: int, dst: int, dev: NetDevice) -> PingEndpoint | None:
        """Whose echo it was."""
        for endpoint in self.idents.get(ident, ()):
            if endpoint.local_ip in (0, dst) and endpoint.hears(dst, dev):
                return endpoint
        return None

    def icmp_error(
        self, type: int, code: int, info: int, quoted: IPv4, offender: int, dev: NetDevice
    ) -> None:
        """ICMP says something of an echo request of ours."""
        head = quoted.payload
        if head[0] != ECHO:
            return
        endpoint = self.find(head[4] << 8 | head[5], quoted.dst, quoted.src, dev)
        if endpoint is not None:
            endpoint.icmp_error(
                type, code, info, bytes(head), (quoted.dst, 0), offender,
                connected=endpoint.remote_ip != 0,
            )  # fmt: skip

    def endpoints(self) -> list[PingEndpoint]:
        return [e for _, row in sorted(self.idents.items()) for e in row]

    def state(self) -> Any:
        """Plain data for the digest."""
        return [e.state() for e in self.endpoints()]


class PingEndpoint(Endpoint):
    """One: it sends echo requests, and hears the replies to them. Its port is the identifier."""

    __slots__ = ("ident", "ident_chosen", "ping")

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, IPPROTO_ICMP)
        self.ping: Ping = stack.ping if stack.ping is not None else Ping(stack)
        self.ident = 0
        self.ident_chosen = False

    @property
    def local(self) -> tuple[int, int]:
        return (self.local_ip, self.ident)

    @property
    def remote(self) -> tuple[int, int]:
        return (self.remote_ip, 0)

    def bind(self, ip: int, port: int) -> None:
        """EADDRINUSE EADDRNOTAVAIL EINVAL."""
        if self.ident:
            raise error(Errno.EINVAL)
        self.check_local(ip)
        self._take(port)
        self.ident_chosen = port != 0
        self.local_ip = ip
        self.address_chosen = ip != 0

    def _take(self, ident: int) -> None:
        taken = self.ping.idents
        if ident:
            if ident in taken:
                raise error(Errno.EADDRINUSE)
        else:
            start = self.ping.rng.below(0xFFFF)
            ident = next(
                (n for step in range(0xFFFF) if (n := (start + step) % 0xFFFF + 1) not in taken), 0
            )
            if not ident:
                raise error(Errno.EAGAIN)
        self.ident = ident
        taken.setdefault(ident, []).append(self)

    def connect(self, ip: int, port: int) -> None:
        """Send there."""
        if not self.ident:
            self._take(0)
        to = self.route(ip)
        if not self.local_ip:
            self.local_ip = to.src
        self.remote_ip = ip or to.nexthop

    def disconnect(self) -> None:
        """connect(2) to an address of AF_UNSPEC."""
        self.remote_ip = 0
        if not self.address_chosen:
            self.local_ip = 0
        if not self.ident_chosen:
            self._give()

    def _give(self) -> None:
        if self.ident:
            row = self.ping.idents[self.ident]
            row.remove(self)
            if not row:
                del self.ping.idents[self.ident]
            self.ident = 0

    def send(
        self, data: bytes, dest: tuple[int, int] | None = None, *, more: bool = False,
        src: int = 0, oif: str = "", ttl: int = 0, tos: int = -1,
    ) -> int:  # fmt: skip
        """Send an echo request: its header, whose identifier and checksum are put in, and data.

        EACCES EDESTADDRREQ EINVAL (another type, or no whole header) EMSGSIZE ENETUNREACH …
        """
        if not self.ident:
            self._take(0)
        if len(data) > 0xFFFF:
            raise error(Errno.EMSGSIZE)
        if len(data) < 8 or data[0] != ECHO or data[1] != 0:
            raise error(Errno.EINVAL)
        if dest is None:
            if not self.remote_ip:
                raise error(Errno.EDESTADDRREQ)
            ip = self.remote_ip
        else:
            ip = dest[0]
        to = self.route(ip, src, oif)
        ip = ip or to.nexthop
        self.may_send()
        if len(data) > LONGEST:
            raise error(Errno.EMSGSIZE)
        df = self.fits(to, len(data) + 20, (ip, 0))
        message = ICMP(ECHO, 0, self.ident << 16 | data[6] << 8 | data[7], data[8:])
        packet = self.packet(to, ip, src or self.source_ip, message, df=df, ttl=ttl, tos=tos)
        counters = self.stack.counters
        counters["IcmpOutMsgs"] += 1
        counters["IcmpOutEchos"] += 1
        counters["IcmpMsgOutType8"] += 1
        self.stack.ip_output(packet, route=self.way(to), loop=self.multicast_loop)
        return len(data)

    def close(self) -> None:
        self._give()
        super().close()

    def state(self) -> Any:
        return (self.ident, self.ident_chosen, super().state())

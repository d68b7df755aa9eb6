"""IP on a host: packets that come in, go on, and go out (RFC 791, RFC 1122 3.2, RFC 1812 5).

The order of things is Linux's: header checks, PREROUTING, routing; then INPUT and the protocol, or
TTL, MTU, FORWARD; at the end POSTROUTING, fragmentation, and the neighbour's hardware address.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.inet import ip_text
from minios.net.drop import Drop
from minios.net.host import fib
from minios.net.host.counters import Counters
from minios.net.host.fragment import Reassembly, fragments
from minios.net.host.icmp import Icmp
from minios.net.host.neigh import Neighbour
from minios.net.host.netdev import GROUP, NetDevice
from minios.net.host.route import Dst, Routing
from minios.net.host.settings import Settings
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import (
    FRAGMENTATION_NEEDED,
    HOST_UNREACHABLE,
    PORT_UNREACHABLE,
    PROTOCOL_UNREACHABLE,
    TIME_EXCEEDED,
    UNREACHABLE,
)
from minios.net.wire.ipv4 import IPv4, parse_payload
from minios.net.wire.malformed import Malformed

if TYPE_CHECKING:
    from minios.sim.world import World

ETH_P_IP = 0x0800

PacketHandler = Callable[[IPv4, NetDevice], None]
"""Takes a packet for this host. ``dev`` is the device it came in by."""


class IpLayer:
    """The part of a stack that packets pass; what it works with is the :class:`Stack`'s."""

    name: str
    world: World
    closed: bool
    sysctl: Settings
    counters: Counters
    routes: Routing
    reassembly: Reassembly
    icmp: Icmp
    netfilter: Any
    raw: Any
    handlers: dict[int, PacketHandler]
    trail: Any
    receiving: Ethernet | None
    input_device: NetDevice | None
    warn: Callable[..., None]
    drop: Callable[..., None]
    not_ours: Callable[[Ethernet, NetDevice], None]
    icmp_error: Callable[..., None]
    _ident: int

    # -- the way in ----------------------------------------------------------------------------

    def ip_input(self, frame: Ethernet, dev: NetDevice) -> None:
        """An IP packet came in by ``dev``."""
        packet = frame.payload
        counters = self.counters
        counters["IpInReceives"] += 1
        if packet.__class__ is not IPv4:
            counters["IpInHdrErrors"] += 1
            self.drop(Drop.MALFORMED, frame, dev, "no IP packet")
            return
        if packet.checksum is not None and packet.checksum != packet.right():
            counters["IpInHdrErrors"] += 1
            counters["IpExtInCsumErrors"] += 1
            self.drop(Drop.CHECKSUM, packet, dev, "of the IP header")
            return
        self.input_device = dev
        nf = self.netfilter
        if nf is not None:
            if packet.mf or packet.offset:
                packet = self.reassembly.add(packet, dev)
                if packet is None:
                    return
                frame.payload = packet
                frame.resize()
            if not nf.prerouting(packet, dev):
                return
        dst = dev.inputs.get((packet.src, packet.dst))
        if dst is None:
            dst = self.routes.input(packet.src, packet.dst, dev)
        if dst.local:
            self._deliver(packet, dev)
            return
        if dst.reason is not None:
            self._refused(packet, dev, dst, frame)
            return
        # -- forwarding
        if frame.dst & GROUP:
            self.drop(Drop.BROADCAST, packet, dev, "a packet for one host, sent to all stations")
            return
        ttl = packet.ttl
        if ttl <= 1:
            counters["IpInHdrErrors"] += 1
            self.drop(Drop.TTL, packet, dev)
            self.icmp_error(packet, TIME_EXCEEDED, 0)
            return
        out = dst.dev
        if packet.length > dst.mtu and packet.df:
            counters["IpFragFails"] += 1
            self.drop(
                Drop.MTU_DF,
                packet,
                dev,
                f"{packet.length} bytes, the MTU of {out.name} is {dst.mtu}",
            )
            self.icmp_error(packet, UNREACHABLE, FRAGMENTATION_NEEDED, dst.mtu)
            return
        packet.checksum = None
        packet.ttl = ttl - 1
        if dst.redirect:
            self.icmp.redirect(packet, dst)
        if nf is not None and not (nf.forward(packet, dev, out) and nf.postrouting(packet, out)):
            return
        counters["IpForwDatagrams"] += 1
        if self.trail is not None:
            self.trail.add(
                self.world.now, self.name, "network", "forward",
                dst.told(),
            )  # fmt: skip
        if packet.length > dst.mtu:
            self._fragmented(packet, dst, frame.trail)
            return
        neigh = dst.neigh
        if frame.vlan is not None:
            frame.vlan = None
            frame.resize()
        frame.src = out.mac
        if neigh is not None and neigh.fresh > self.world.now:
            neigh.used = self.world.now
            frame.dst = neigh.mac
            out.xmit(frame)
        else:
            self._to_neighbour(frame, dst)

    def _refused(self, packet: IPv4, dev: NetDevice, dst: Dst, frame: Ethernet) -> None:
        """Routing says no to a packet that came in."""
        reason = dst.reason
        assert reason is not None
        counters = self.counters
        if reason is Drop.NOT_FOR_US:
            self.not_ours(frame, dev)
            return
        if reason in (Drop.NO_ROUTE, Drop.UNREACHABLE, Drop.PROHIBIT):
            counters["IpExtInNoRoutes"] += 1
        else:
            counters["IpInAddrErrors"] += 1
        if reason is Drop.RPF:
            counters["TcpExtIPReversePathFilter"] += 1
        if reason in (Drop.MARTIAN, Drop.RPF) and self.sysctl.either(dev.name, "log_martians"):
            self.warn(
                f"IPv4: martian source {ip_text(packet.dst)} from {ip_text(packet.src)}, "
                f"on dev {dev.name}",
                f"ll header: 00000000: {frame.header().hex(' ')}",
            )
        self.drop(reason, packet, dev, dst.detail)
        if dst.icmp is not None:
            self.icmp.route_error(packet, *dst.icmp)

    def _deliver(self, packet: IPv4, dev: NetDevice) -> None:
        """A packet for this host: to raw sockets, and to its protocol."""
        counters = self.counters
        if packet.mf or packet.offset:
            whole = self.reassembly.add(packet, dev)
            if whole is None:
                return
            packet = whole
        nf = self.netfilter
        if nf is not None and not nf.input(packet, dev):
            return
        if packet.payload.__class__ is bytes and packet.proto in self.handlers:
            try:
                packet.payload = parse_payload(packet.proto, packet.payload, packet.src, packet.dst)
            except Malformed as err:
                counters["IpInHdrErrors"] += 1
                self.drop(Drop.MALFORMED, packet, dev, str(err))
                return
        if self.trail is not None:
            self.trail.add(self.world.now, self.name, "network", "deliver", ip_text(packet.dst))
        raw = self.raw
        taken = raw is not None and raw.endpoints and raw.input(packet, dev)
        handler = self.handlers.get(packet.proto)
        if handler is not None:
            counters["IpInDelivers"] += 1
            handler(packet, dev)
        elif taken:
            counters["IpInDelivers"] += 1
        else:
            counters["IpInUnknownProtos"] += 1
            closed = packet.proto in (6, 17)
            self.drop(
                Drop.PORT_CLOSED if closed else Drop.UNKNOWN_PROTOCOL, packet, dev,
                f"protocol {packet.proto}",
            )  # fmt: skip
            self.icmp_error(
                packet, UNREACHABLE, PORT_UNREACHABLE if closed else PROTOCOL_UNREACHABLE
            )

    # -- the way out ---------------------------------------------------------------------------

    def ip_output(
        self,
        packet: IPv4,
        *,
        dev: str = "",
        route: Dst | None = None,
        trail: Any = None,
        loop: bool = True,
    ) -> None:
        """Send a packet that was made here.

        ``dev`` is the device it must leave by, ``route`` a decision the caller has kept (it is
        asked anew if it is void). A source of 0 becomes the route's. With ``loop`` False no copy of
        a multicast is for this host. EACCES EHOSTUNREACH EINVAL EMSGSIZE (DF, and longer than the
        path's MTU) ENETUNREACH ENOBUFS EPERM (netfilter).
        """
        counters = self.counters
        routes = self.routes
        dst = route
        if dst is None or dst.generation != routes.generation:
            try:
                dst = routes.output(packet.dst, packet.src, dev, packet.tos)
            except OSError:
                counters["IpOutNoRoutes"] += 1
                self._no_output(packet, trail)
                raise
        if not packet.src:
            packet.src = dst.src
        counters["IpOutRequests"] += 1
        if not packet.ident and not packet.df:
            self._ident = self._ident + 1 & 0xFFFF or 1
            packet.ident = self._ident
        nf = self.netfilter
        if nf is not None:
            goal = packet.dst
            before, self.trail = self.trail, trail
            try:
                if not nf.output(packet, dst.dev):
                    raise error(Errno.EPERM)
                if packet.dst != goal:
                    dst = routes.output(packet.dst, packet.src, dev, packet.tos)
                if packet.length > dst.mtu and packet.df:
                    self._too_long(packet, dst)
                if not nf.postrouting(packet, dst.dev):
                    raise error(Errno.EPERM)
            finally:
                self.trail = before
        elif packet.length > dst.mtu and packet.df:
            self._too_long(packet, dst)
        out = dst.dev
        if trail is not None:
            trail.add(
                self.world.now, self.name, "network", "send",
                dst.told(),
            )  # fmt: skip
        if dst.local and not out.loopback and (loop or dst.kind == fib.BROADCAST):
            self.world.at(self.world.now, self._loop_back, packet.copy(), out)
        if packet.length > dst.mtu:
            self._fragmented(packet, dst, trail)
            return
        frame = Ethernet(0, out.mac, ETH_P_IP, packet)
        frame.trail = trail
        neigh = dst.neigh
        if neigh is not None and neigh.fresh > self.world.now:
            neigh.used = self.world.now
            frame.dst = neigh.mac
            out.xmit(frame)
        else:
            self._to_neighbour(frame, dst)

    def send_quietly(self, packet: IPv4, trail: Any = None) -> None:
        """Send a packet of the stack's own; that it cannot be sent is only recorded."""
        with suppress(OSError):
            self.ip_output(packet, trail=trail)

    def _no_output(self, packet: IPv4, trail: Any) -> None:
        before, self.trail = self.trail, trail
        route = self.routes.matching(packet.dst)
        reason = Drop.NO_ROUTE
        if route is not None and route.dev is None:
            reason = {
                fib.BLACKHOLE: Drop.BLACKHOLE,
                fib.UNREACHABLE: Drop.UNREACHABLE,
                fib.PROHIBIT: Drop.PROHIBIT,
            }.get(route.type, Drop.NO_ROUTE)
        self.drop(reason, packet, None, f"to {ip_text(packet.dst)}")
        self.trail = before

    def _too_long(self, packet: IPv4, dst: Dst) -> None:
        """A packet of our own that may not be cut does not fit. EMSGSIZE."""
        self.counters["IpFragFails"] += 1
        self.drop(Drop.MTU_DF, packet, dst.dev, f"{packet.length} bytes, the MTU is {dst.mtu}")
        raise error(Errno.EMSGSIZE)

    def _fragmented(self, packet: IPv4, dst: Dst, trail: Any) -> None:
        counters = self.counters
        if dst.mtu < 28:
            counters["IpFragFails"] += 1
            self.drop(Drop.MTU, packet, dst.dev, f"no fragment fits into {dst.mtu} bytes")
            return
        if not packet.ident:
            self._ident = self._ident + 1 & 0xFFFF or 1
            packet.ident = self._ident
        pieces = fragments(packet, dst.mtu)
        counters["IpFragOKs"] += 1
        counters["IpFragCreates"] += len(pieces)
        if trail is not None:
            trail.add(
                self.world.now, self.name, "network", "fragment",
                f"{packet.length} bytes in {len(pieces)} pieces for an MTU of {dst.mtu}",
            )  # fmt: skip
        for piece in pieces:
            frame = Ethernet(0, dst.dev.mac, ETH_P_IP, piece)
            frame.trail = trail
            self._to_neighbour(frame, dst)

    def _to_neighbour(self, frame: Ethernet, dst: Dst) -> None:
        """Send a frame on when it is not known whether the neighbour's address still holds."""
        neigh = self.routes.neighbour(dst)
        if neigh is None:
            self.drop(Drop.TABLE_FULL, frame, dst.dev, "the neighbour table")
            return
        if neigh.fresh > self.world.now:
            neigh.used = self.world.now
            frame.dst = neigh.mac
            dst.dev.xmit(frame)
        else:
            neigh.send(frame)

    def _loop_back(self, packet: IPv4, dev: NetDevice) -> None:
        """A broadcast or multicast of our own is for this host too."""
        if not self.closed:
            before, self.receiving = self.receiving, None
            self._deliver(packet, dev)
            self.receiving = before

    def unreachable(self, frame: Ethernet, neighbour: Neighbour) -> None:
        """A packet has waited in vain for a hardware address (arp_error_report)."""
        before, self.trail = self.trail, frame.trail
        self.drop(
            Drop.ARP_TIMEOUT, frame, neighbour.dev, f"{ip_text(neighbour.ip)} does not answer"
        )
        packet = frame.payload
        if packet.__class__ is IPv4:
            # If the packet is one of this host's the error comes in by its loopback.
            self.icmp_error(packet, UNREACHABLE, HOST_UNREACHABLE)
        self.trail = before

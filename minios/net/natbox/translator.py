"""The hooks of a NAT device: out through a mapping, in through a mapping and its filter."""

from __future__ import annotations

from typing import Any

from minios.abi.inet import ip_text
from minios.net.drop import Drop
from minios.net.natbox import errors
from minios.net.natbox.mapping import (
    FIN_IN,
    FIN_OUT,
    RESET,
    SYN_IN,
    SYN_OUT,
    Mapping,
    Session,
)
from minios.net.natbox.spec import ADF, EIF, SECOND, NatSpec
from minios.net.natbox.table import PEERS, Table
from minios.net.netfilter.flow import ERRORS, ICMP, REQUESTS, TCP, UDP
from minios.net.netfilter.rewrite import set_outer, set_source, set_target

FIN, SYN, RST, ACK = 1, 2, 4, 16

SYN_HOLD = 6 * SECOND
"""RFC 5382 REQ-4: how long an unsolicited SYN is left without an answer."""
HELD = 64
"""Unsolicited SYNs that wait for their answer."""


class Hairpin:
    """What a packet from the inside to an outside address of the NAT has for ``ct`` in between."""

    __slots__ = ("ip", "port")

    def __init__(self, ip: int, port: int) -> None:
        self.ip = ip
        self.port = port


ADMITTED = object()
"""``ct`` of a packet that came in through a mapping."""


class Translator:
    """The NAT of a box. ``inside`` and ``outside`` are the names of its stack's devices."""

    __slots__ = (
        "addresses",
        "first",
        "held",
        "inside",
        "outside",
        "spec",
        "stack",
        "table",
        "world",
    )

    def __init__(
        self, stack: Any, spec: NatSpec, inside: str, outside: str, pool: tuple[int, ...]
    ) -> None:
        self.stack = stack
        self.world = stack.world
        self.spec = spec
        self.inside = inside
        self.outside = outside
        self.addresses = frozenset(pool)
        self.first = pool[0]
        rng = stack.world.stream(f"nat {stack.name} ports")
        self.table = Table(stack.world, spec, pool, rng)
        self.held: dict[tuple[int, int, int, int], Any] = {}
        """Timers of unsolicited SYNs, by their ends."""

    # -- hooks ---------------------------------------------------------------------------------

    def prerouting(self, packet: Any, dev: Any) -> bool:
        """From the outside to a mapping; from the inside to an outside address: a hairpin."""
        if dev.name == self.outside:
            if packet.dst in self.addresses:
                return self._in(packet, dev)
            if self.stack.is_broadcast(packet.dst):
                return True
            self.stack.drop(
                Drop.NAT_NO_MAPPING, packet, dev, f"{ip_text(packet.dst)} is not on the outside"
            )
            return False
        if packet.dst in self.addresses:
            return self._hairpin(packet, dev)
        return True

    def input(self, packet: Any, dev: Any) -> bool:
        """The box serves nothing but ping."""
        return True

    def forward(self, packet: Any, dev: Any, out: Any) -> bool:
        """Only what was translated comes in; packets go out by a mapping, made in postrouting."""
        if dev.name == self.outside and packet.ct is None:
            self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "from the outside, to no mapping")
            return False
        return True

    def output(self, packet: Any, out: Any) -> bool:
        """The box's own packets are as they are."""
        return True

    def postrouting(self, packet: Any, out: Any) -> bool:
        """Out by the outside interface: as an outside address."""
        ct = packet.ct
        packet.ct = None
        if ct.__class__ is Hairpin:
            if packet.proto == ICMP:
                set_outer(packet, src=ct.ip)
                return True
            set_source(packet, ct.ip, ct.port)
            return True
        if out.name != self.outside or self.stack.is_local(packet.src):
            return True
        return self._out(packet, out)

    # -- out -----------------------------------------------------------------------------------

    def _out(self, packet: Any, out: Any) -> bool:
        proto = packet.proto
        payload = packet.payload
        if proto == ICMP and payload.__class__ is not bytes and payload.type in ERRORS:
            return errors.outbound(self, packet, out)
        mapping = self._outbound(packet, out)
        if mapping is None:
            return False
        if self.stack.trail is not None:
            self._note(f"as {ip_text(mapping.ip)}:{mapping.port}")
        set_source(packet, mapping.ip, mapping.port)
        return True

    def _outbound(self, packet: Any, dev: Any) -> Mapping | None:
        """The mapping by which a packet leaves, refreshed by it; None if it was dropped."""
        ends = _ends(packet)
        if ends is None:
            self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, f"protocol {packet.proto}")
            return None
        sport, dport = ends
        proto, src, dst = packet.proto, packet.src, packet.dst
        if proto == ICMP and packet.payload.type not in REQUESTS:
            return self._answer(packet, sport, dev)
        mapping = self.table.from_inside(proto, src, sport, dst, dport)
        if mapping is None:
            mapping = self._served(packet, sport, dport)
        if mapping is None:
            if proto == TCP and packet.payload.flags & (SYN | RST | ACK) != SYN:
                self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "of no connection")
                return None
            mapping = self.table.make(proto, src, sport, dst, dport)
            if mapping is None:
                self.stack.drop(
                    Drop.NAT_PORTS, packet, dev, f"{len(self.table.inside)} mappings are there"
                )
                self.stack.icmp_error(packet, 3, 13)
                return None
        self._refresh(mapping, packet, dst, dport, outward=True)
        return mapping

    def _served(self, packet: Any, sport: int, dport: int) -> Mapping | None:
        """The static mapping that a server behind a forwarded port answers by."""
        for proto, port, ip, own in self.spec.forwards:
            if (proto, ip, own) == (packet.proto, packet.src, sport):
                mapping = self.table.outside[proto, self.first, port]
                if (packet.dst, dport) in mapping.sessions:
                    return mapping
        return None

    def _answer(self, packet: Any, ident: int, dev: Any) -> Mapping | None:
        """An answer to a query from outside leaves by the mapping the query came in by."""
        mapping = self.table.from_inside(ICMP, packet.src, ident, packet.dst, 0)
        if mapping is None:
            self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "an answer to no question")
        return mapping

    # -- in ------------------------------------------------------------------------------------

    def _in(self, packet: Any, dev: Any) -> bool:
        proto = packet.proto
        payload = packet.payload
        if proto == ICMP and payload.__class__ is not bytes:
            if payload.type in ERRORS:
                return errors.inbound(self, packet, dev)
            if payload.type in REQUESTS:
                return True  # the box itself answers
        ends = _ends(packet)
        if ends is None:
            self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, f"protocol {proto}")
            return False
        sport, dport = ends
        port = sport if proto == ICMP else dport
        mapping = self.table.from_outside(proto, packet.dst, port)
        if mapping is None:
            return self._unsolicited(packet, dev, Drop.NAT_NO_MAPPING, f"port {port}")
        if not self._lets_in(mapping, packet.src, 0 if proto == ICMP else sport):
            return self._unsolicited(packet, dev, Drop.NAT_FILTERED, self.describe(mapping))
        if proto == TCP and not self._known(mapping, packet):
            self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "of no connection")
            return False
        self._refresh(mapping, packet, packet.src, sport, outward=False)
        endpoint = mapping.endpoint
        if self.stack.trail is not None:
            self._note(f"to {ip_text(endpoint.ip)}:{endpoint.port}")
        set_target(packet, endpoint.ip, endpoint.port)
        packet.ct = ADMITTED
        return True

    def _lets_in(self, mapping: Mapping, ip: int, port: int) -> bool:
        """RFC 4787 5: by whether the inside end has sent to whom the packet is from."""
        filtering = self.spec.filtering
        if filtering == EIF or mapping.static:
            return True
        endpoint = mapping.endpoint
        if filtering == ADF:
            return bool(endpoint.hosts.get(ip, 0) > self.world.now)
        return bool(endpoint.peers.get((ip, port), 0) > self.world.now)

    def _known(self, mapping: Mapping, packet: Any) -> bool:
        """A segment that does not begin a connection must belong to one."""
        if packet.payload.flags & (SYN | RST | ACK) == SYN:
            return True
        session = mapping.sessions.get((packet.src, packet.payload.sport))
        return session is not None and session.expires > self.world.now

    def _unsolicited(self, packet: Any, dev: Any, reason: Drop, detail: str) -> bool:
        self.stack.drop(reason, packet, dev, detail)
        if packet.proto == TCP and packet.payload.flags & (SYN | ACK | RST) == SYN:
            key = (packet.src, packet.payload.sport, packet.dst, packet.payload.dport)
            if len(self.held) < HELD and key not in self.held:
                self.held[key] = self.world.timer(
                    self.world.now + SYN_HOLD, self._refuse, key, packet
                )
        elif packet.proto == UDP and self.spec.unsolicited == "reject":
            self.stack.icmp_error(packet, 3, 3)
        return False

    def _refuse(self, key: tuple[int, int, int, int], packet: Any) -> None:
        """Six seconds have passed and nobody inside has called the other way (RFC 5382 REQ-4)."""
        del self.held[key]
        if not self.stack.closed:
            self.stack.icmp_error(packet, 3, 3)

    # -- hairpin -------------------------------------------------------------------------------

    def _hairpin(self, packet: Any, dev: Any) -> bool:
        """RFC 4787 REQ-9: an inside host reaches another by its outside address, and is seen there
        by its own outside address and port."""
        proto = packet.proto
        payload = packet.payload
        if proto == ICMP and payload.__class__ is not bytes:
            if payload.type in ERRORS:
                return errors.hairpinned(self, packet, dev)
            if payload.type in REQUESTS:
                return True
        ends = _ends(packet)
        if ends is None or proto == ICMP:
            self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "to the outside address")
            return False
        dport = ends[1]
        if not self.spec.hairpin:
            self.stack.drop(Drop.NAT_FILTERED, packet, dev, "no hairpinning")
            return False
        source = self._outbound(packet, dev)
        if source is None:
            return False
        target = self.table.from_outside(proto, packet.dst, dport)
        if target is None:
            self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, f"hairpin to port {dport}")
            return False
        if not self._lets_in(target, source.ip, source.port):
            self.stack.drop(Drop.NAT_FILTERED, packet, dev, self.describe(target))
            return False
        if proto == TCP:
            session = target.sessions.get((source.ip, source.port))
            begins = payload.flags & (SYN | RST | ACK) == SYN
            if not begins and (session is None or session.expires <= self.world.now):
                self.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "of no connection")
                return False
        self._refresh(target, packet, source.ip, source.port, outward=False)
        endpoint = target.endpoint
        if self.stack.trail is not None:
            self._note(
                f"hairpin: as {ip_text(source.ip)}:{source.port} to "
                f"{ip_text(endpoint.ip)}:{endpoint.port}",
            )
        set_target(packet, endpoint.ip, endpoint.port)
        packet.ct = Hairpin(source.ip, source.port)
        return True

    # -- lifetimes -----------------------------------------------------------------------------

    def _refresh(self, mapping: Mapping, packet: Any, ip: int, port: int, *, outward: bool) -> None:
        """A packet passes: RFC 4787 REQ-5 and REQ-6, RFC 5382 REQ-5, RFC 5508 REQ-2."""
        now = self.world.now
        spec = self.spec
        proto = packet.proto
        if proto == TCP:
            self._segment(mapping, packet.payload.flags, ip, port, outward=outward)
            return
        if proto == ICMP:
            port = 0
            until = now + spec.icmp_timeout
        else:
            until = now + spec.udp_timeout
        if outward:
            mapping.expires = until
            mapping.endpoint.sent(ip, port, until, now, PEERS)
            if mapping.static:
                mapping.sessions.setdefault((ip, port), Session()).expires = until
        else:
            if mapping.static:
                self._remember(mapping, ip, port).expires = until
            if spec.refresh_inbound and proto != ICMP:
                mapping.expires = until
                peers = mapping.endpoint.peers
                if (ip, port) in peers:
                    mapping.endpoint.sent(ip, port, until, now, PEERS)

    def _remember(self, mapping: Mapping, ip: int, port: int) -> Session:
        """The session of a mapping with somebody; a new one pushes out those that are over, and
        then the oldest."""
        sessions = mapping.sessions
        session = sessions.get((ip, port))
        if session is None:
            if len(sessions) >= PEERS:
                now = self.world.now
                for peer in [peer for peer, one in sessions.items() if one.expires <= now]:
                    del sessions[peer]
                if len(sessions) >= PEERS:
                    del sessions[next(iter(sessions))]
            session = sessions[ip, port] = Session()
        return session

    def _segment(self, mapping: Mapping, flags: int, ip: int, port: int, *, outward: bool) -> None:
        now = self.world.now
        session = self._remember(mapping, ip, port)
        if flags & (SYN | ACK | RST) == SYN and session.seen & (FIN_OUT | FIN_IN | RESET):
            session.seen = 0  # the same ends begin again
        if flags & SYN:
            session.seen |= SYN_OUT if outward else SYN_IN
        if flags & FIN:
            session.seen |= FIN_OUT if outward else FIN_IN
        if flags & RST:
            session.seen |= RESET
        spec = self.spec
        life = spec.tcp_established if session.established else spec.tcp_transitory
        session.expires = now + life
        if outward:
            mapping.endpoint.sent(ip, port, session.expires, now, PEERS)
            held = self.held.pop((ip, port, mapping.ip, mapping.port), None)
            if held is not None:
                held.cancel()
        mapping.expires = max(one.expires for one in mapping.sessions.values())

    # -- words ---------------------------------------------------------------------------------

    def describe(self, mapping: Mapping) -> str:
        """A mapping in a few words."""
        endpoint = mapping.endpoint
        return (
            f"{self.spec.filtering.upper()}: {ip_text(endpoint.ip)}:{endpoint.port} is "
            f"{ip_text(mapping.ip)}:{mapping.port} and has not sent there"
        )

    def _note(self, detail: str) -> None:
        self.stack.trail.add(self.world.now, self.stack.name, "filter", "nat", detail)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (tuple(self.spec), self.table.state(), sorted(self.held))


def _ends(packet: Any) -> tuple[int, int] | None:
    """The ports of a packet; of ICMP queries the identifier and 0."""
    payload = packet.payload
    if payload.__class__ is bytes:
        return None
    if packet.proto in (UDP, TCP):
        return payload.sport, payload.dport
    if packet.proto == ICMP and payload.type not in ERRORS:
        return payload.rest >> 16, 0
    return None

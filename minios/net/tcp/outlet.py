"""The way of segments out of a host: routes, IP headers, and answers that no connection gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno
from minios.abi.inet import IPPROTO_TCP, ip_text
from minios.net.drop import Drop
from minios.net.host.address import multicast
from minios.net.tcp import output
from minios.net.tcp.request import Request
from minios.net.tcp.sequence import MASK
from minios.net.tcp.state import TcpState
from minios.net.tcp.tcb import Tcb
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.tcp import ACK, RST, TCP, flags_text
from minios.net.wire.tcpoptions import TcpOptions
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.host.stack import Stack


class Outlet:
    """The part of :class:`minios.net.tcp.protocol.Tcp` that sends."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.world = stack.world

    def setting(self, name: str) -> int:
        """One of net.ipv4.tcp_*."""
        return self.stack.sysctl[name]

    def count(self, name: str, by: int = 1) -> None:
        self.stack.counters[name] += by

    def find_route(self, tcb: Tcb) -> Any:
        """The way to the other end, and what it says of sizes. None if there is none now."""
        stack = self.stack
        route = tcb.route
        if (
            route is None
            or route.generation != stack.routes.generation
            or (route.expires and route.expires <= self.world.now)
        ):
            try:
                route = stack.route(tcb.remote_ip, tcb.local_ip, tcb.device, tcb.tos)
            except OSError as err:
                tcb.soft_error = err.errno or 0
                tcb.route = None
                return None
            tcb.route = route
            if tcb.state in (TcpState.CLOSED, TcpState.LISTEN):
                mss = max(min(route.mtu, 65535) - output.HEADERS, 88)
                tcb.adv_mss = min(mss, tcb.user_mss) if tcb.user_mss else mss
        if route.mtu != tcb.pmtu:
            tcb.pmtu = route.mtu
            output.sync_mss(tcb)
        return route

    def send(self, tcb: Tcb, segment: TCP, *, again: bool = False) -> None:
        """Send a connection's segment. If it cannot be sent it is lost, as on the wire."""
        stack = self.stack
        route = self.find_route(tcb)
        tcb.ident = tcb.ident + 1 & 0xFFFF
        packet = IPv4(
            tcb.local_ip, tcb.remote_ip, IPPROTO_TCP, segment,
            tcb.ttl or stack.sysctl["ip_default_ttl"], tcb.ident, tcb.tos, tcb.mtu_discover != 0,
        )  # fmt: skip
        if not again:
            stack.counters["TcpOutSegs"] += 1
        if segment.flags & RST:
            stack.counters["TcpOutRsts"] += 1
        trail = tcb.trail
        if trail is None and stack.trail is not None:
            trail = self._answering(segment)
        if route is None:
            stack.counters["IpOutNoRoutes"] += 1
            stack.drop(Drop.NO_ROUTE, packet, None, f"to {ip_text(tcb.remote_ip)}")
            return
        try:
            stack.ip_output(packet, dev=tcb.device, route=route, trail=trail)
        except OSError as err:
            if err.errno not in (Errno.EPERM, Errno.EMSGSIZE, Errno.ENOBUFS):
                tcb.soft_error = err.errno or 0

    def _answering(self, segment: TCP) -> Any:
        """The trail of a segment that answers the one somebody follows here."""
        trail = self.stack.trail.back()
        text = flags_text(segment.flags)
        trail.add(self.world.now, self.stack.name, "transport", "answer", f"Flags [{text}]")
        return trail

    def send_for(
        self, src: int, dst: int, segment: TCP, *, tos: int = 0, ttl: int = 0, trail: Any = None
    ) -> None:
        """Send a segment that no connection stands behind."""
        stack = self.stack
        stack.counters["TcpOutSegs"] += 1
        packet = IPv4(
            src, dst, IPPROTO_TCP, segment, ttl or stack.sysctl["ip_default_ttl"], 0, tos, True
        )
        if trail is None and stack.trail is not None:
            trail = self._answering(segment)
        stack.send_quietly(packet, trail)

    def reset_for(self, tcb: Tcb | None, segment: TCP, packet: IPv4 | None = None) -> None:
        """Answer a segment that has no business here by a reset (RFC 9293 3.5.2). Never a reset,
        and never what was sent to many."""
        if segment.flags & RST:
            return
        if tcb is not None:
            here, there = tcb.local_ip, tcb.remote_ip
        else:
            if packet is None:
                frame = self.stack.receiving
                if frame is None:
                    return
                packet = frame.payload
            here, there = packet.dst, packet.src
        if multicast(here) or self.stack.is_broadcast(here) or not self.stack.is_local(here):
            return
        if segment.flags & ACK:
            answer = TCP(segment.dport, segment.sport, segment.ack, 0, RST, 0)
        else:
            number = (segment.seq + segment.span) & MASK
            answer = TCP(segment.dport, segment.sport, 0, number, RST | ACK, 0)
        self.count("TcpOutRsts")
        self.send_for(here, there, answer)

    def acknowledge(self, tcb: Tcb) -> None:
        output.send_ack(tcb)

    def acknowledge_for(self, request: Request) -> None:
        """Tell who is half open where we are (a challenge, RFC 5961)."""
        local, port, remote, other = request.key
        options: TcpOptions | tuple[()] = ()
        if request.offer and request.offer.timestamps is not None:
            value = self.world.now // MILLISECOND + request.ts_offset & MASK
            options = TcpOptions(timestamps=(value, request.ts_recent))
        segment = TCP(
            port, other, request.iss + 1 & MASK, request.irs + 1 & MASK, ACK,
            min(request.rcv_wnd >> request.rcv_wscale, 65535), b"", options,
        )  # fmt: skip
        self.count("TcpExtTCPChallengeACK")
        self.send_for(local, remote, segment)

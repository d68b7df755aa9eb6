"""REJECT: drop a packet and say so to its sender (nf_reject_ipv4.c)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from minios.net.drop import Drop
from minios.net.netfilter.chain import STOLEN
from minios.net.netfilter.flow import TCP
from minios.net.netfilter.tcp import ACK, FIN, RST, SYN

_BROADCAST_OR_NONE = (0, 0xFFFFFFFF)


class Reject:
    """The target. ``kind`` is an ICMP type, or -1 for a RST."""

    __slots__ = ("code", "kind", "stack")

    def __init__(self, stack: Any, kind: int, code: int) -> None:
        self.stack = stack
        self.kind = kind
        self.code = code

    def __call__(self, packet: Any, inside: Any, outside: Any, chain: Any, rule: Any) -> int:
        stack = self.stack
        stack.drop(Drop.FILTER_DROP, packet, inside or outside, "rejected", chain.place(rule))
        if self.kind < 0:
            self._reset(packet)
        elif not packet.offset and _answerable(packet):
            stack.icmp_error(packet, self.kind, self.code)
        return STOLEN

    def _reset(self, packet: Any) -> None:
        """A RST as RFC 9293 3.5.2 has it: never in answer to one."""
        segment = packet.payload
        if packet.proto != TCP or packet.offset or segment.__class__ is bytes:
            return
        flags = segment.flags
        if flags & RST or self.stack.is_broadcast(packet.dst) or packet.dst >> 28 == 0xE:
            return
        if flags & ACK:
            seq, ack, out = segment.ack, 0, RST
        else:
            size = len(segment.payload) + (flags & SYN != 0) + (flags & FIN != 0)
            seq, ack, out = 0, (segment.seq + size) & 0xFFFFFFFF, RST | ACK
        from minios.net.wire.ipv4 import IPv4
        from minios.net.wire.tcp import TCP as Segment

        answer = Segment(segment.dport, segment.sport, seq, ack, out, 0)
        reply = IPv4(packet.dst, packet.src, TCP, answer, df=True)
        trail = self.stack.trail
        with suppress(OSError):
            # Its source is the other end, which need not be an address of this host.
            route = self.stack.route(packet.src)
            self.stack.ip_output(reply, route=route, trail=None if trail is None else trail.back())


def _answerable(packet: Any) -> bool:
    return packet.src not in _BROADCAST_OR_NONE

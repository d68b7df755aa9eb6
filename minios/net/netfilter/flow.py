"""How a packet says which flow it belongs to: conntrack's tuples.

A key is ``(source, destination, protocol, source port, destination port)``. ICMP has the query's
identifier in place of the source port and ``type << 8 | code`` in place of the destination port, as
Linux's tuples do; other protocols have zeroes.
"""

from __future__ import annotations

from typing import Any

ICMP, TCP, UDP = 1, 6, 17
PORTED = frozenset({TCP, UDP})
"""Protocols whose header begins with two ports."""

Key = tuple[int, int, int, int, int]

QUERIES = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17}
"""ICMP queries and their replies, both ways (RFC 792, RFC 950)."""
REQUESTS = frozenset({8, 13, 15, 17})
"""Those that begin something."""
ERRORS = frozenset({3, 4, 5, 11, 12})
"""Those that are about another packet."""


def key_of(packet: Any) -> Key | None:
    """The key of an IPv4 packet; None if its payload has none (a fragment, no whole header)."""
    proto = packet.proto
    payload = packet.payload
    if packet.offset or packet.mf:
        return None
    try:
        if proto in PORTED:
            return (packet.src, packet.dst, proto, payload.sport, payload.dport)
        if proto == ICMP:
            kind = payload.type
            ident = payload.rest >> 16 if kind in QUERIES else 0
            return (packet.src, packet.dst, ICMP, ident, kind << 8 | payload.code)
    except AttributeError:
        return None
    return (packet.src, packet.dst, proto, 0, 0)


def inverse(key: Key) -> Key | None:
    """The key of what answers; None if nothing can."""
    src, dst, proto, sport, dport = key
    if proto == ICMP:
        kind = QUERIES.get(dport >> 8)
        if kind is None:
            return None
        return (dst, src, ICMP, sport, kind << 8 | dport & 0xFF)
    return (dst, src, proto, dport, sport)


def quoted_key(data: bytes) -> Key | None:
    """The key of the packet that an ICMP error quotes; None if too little of it is there.

    RFC 792: the header and at least eight bytes.
    """
    if len(data) < 28 or data[0] >> 4 != 4:
        return None
    header = (data[0] & 0xF) * 4
    if header < 20 or len(data) < header + 8 or (data[6] & 0x1F or data[7]):
        return None
    proto = data[9]
    src = int.from_bytes(data[12:16], "big")
    dst = int.from_bytes(data[16:20], "big")
    if proto in PORTED:
        sport = int.from_bytes(data[header : header + 2], "big")
        return (src, dst, proto, sport, int.from_bytes(data[header + 2 : header + 4], "big"))
    if proto == ICMP:
        kind = data[header]
        if kind not in QUERIES:
            return None
        ident = int.from_bytes(data[header + 4 : header + 6], "big")
        return (src, dst, ICMP, ident, kind << 8 | data[header + 1])
    return (src, dst, proto, 0, 0)

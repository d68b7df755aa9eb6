"""Messages about tracked connections: nfnetlink and its CTA_ attributes (linux/netfilter/
nfnetlink_conntrack.h). Numbers in attributes are in network byte order."""

from __future__ import annotations

from typing import NamedTuple

from minios.abi.netlink import attribute, attributes

SUBSYS = 1
"""NFNL_SUBSYS_CTNETLINK, the upper half of a message's type."""
CT_NEW, CT_GET, CT_DELETE = SUBSYS << 8, SUBSYS << 8 | 1, SUBSYS << 8 | 2
CT_GET_STATS_CPU, CT_GET_STATS = SUBSYS << 8 | 4, SUBSYS << 8 | 5

GROUP_NEW, GROUP_UPDATE, GROUP_DESTROY = 1, 2, 3
"""Multicast groups (NFNLGRP_CONNTRACK_*)."""

NFGENMSG = bytes((2, 0, 0, 0))
"""struct nfgenmsg of AF_INET."""

NESTED = 0x8000

TUPLE_ORIG, TUPLE_REPLY, STATUS, PROTOINFO = 1, 2, 3, 4
TIMEOUT, MARK, COUNTERS_ORIG, COUNTERS_REPLY, USE, ID = 7, 8, 9, 10, 11, 12
TUPLE_IP, TUPLE_PROTO = 1, 2
IP_V4_SRC, IP_V4_DST = 1, 2
PROTO_NUM, PROTO_SRC_PORT, PROTO_DST_PORT = 1, 2, 3
PROTO_ICMP_ID, PROTO_ICMP_TYPE, PROTO_ICMP_CODE = 4, 5, 6
PROTOINFO_TCP, PROTOINFO_TCP_STATE = 1, 1
COUNTERS_PACKETS, COUNTERS_BYTES = 1, 2
STATS_GLOBAL_ENTRIES, STATS_GLOBAL_MAX = 1, 2

STATS = (
    "searched", "found", "new", "invalid", "ignore", "delete", "delete_list", "insert",
    "insert_failed", "drop", "early_drop", "error", "search_restart", "clash_resolve",
    "chaintoolong",
)  # fmt: skip
"""CTA_STATS_*, from 1 on."""

TCP_STATES = (
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
    "TIME_WAIT", "CLOSE", "SYN_SENT2",
)  # fmt: skip

ICMP, TCP, UDP = 1, 6, 17

Key = tuple[int, int, int, int, int]
"""Source, destination, protocol, and ports; of ICMP the identifier and ``type << 8 | code``."""


class Flow(NamedTuple):
    """A connection as messages have it; None for what is not said. ``timeout`` is in seconds,
    ``counters`` are (packets, bytes) of both directions."""

    original: Key
    reply: Key | None = None
    status: int | None = None
    timeout: int | None = None
    tcp_state: int | None = None
    mark: int | None = None
    use: int | None = None
    ident: int | None = None
    counters: tuple[tuple[int, int], tuple[int, int]] | None = None

    def pack(self) -> bytes:
        """The body of a message."""
        body = NFGENMSG + _tuple(TUPLE_ORIG, self.original)
        if self.reply is not None:
            body += _tuple(TUPLE_REPLY, self.reply)
        for kind, number in ((STATUS, self.status), (TIMEOUT, self.timeout)):
            if number is not None:
                body += attribute(kind, number.to_bytes(4, "big"))
        if self.counters is not None:
            for kind, (packets, size) in zip(
                (COUNTERS_ORIG, COUNTERS_REPLY), self.counters, strict=True
            ):
                inner = attribute(COUNTERS_PACKETS, packets.to_bytes(8, "big"))
                inner += attribute(COUNTERS_BYTES, size.to_bytes(8, "big"))
                body += attribute(kind | NESTED, inner)
        if self.tcp_state is not None:
            state = attribute(PROTOINFO_TCP_STATE, bytes((self.tcp_state,)))
            body += attribute(PROTOINFO | NESTED, attribute(PROTOINFO_TCP | NESTED, state))
        for kind, number in ((MARK, self.mark), (ID, self.ident), (USE, self.use)):
            if number is not None:
                body += attribute(kind, (number & 0xFFFFFFFF).to_bytes(4, "big"))
        return body


def parse(body: bytes) -> Flow | None:
    """A flow out of a message's body; None without an original tuple."""
    found = attributes(body[4:])
    original = _parse_tuple(found.get(TUPLE_ORIG))
    reply = _parse_tuple(found.get(TUPLE_REPLY))
    if original is None and reply is None:
        return None
    counters = None
    if COUNTERS_ORIG in found and COUNTERS_REPLY in found:
        counters = _parse_counters(found[COUNTERS_ORIG]), _parse_counters(found[COUNTERS_REPLY])
    state = None
    if PROTOINFO in found:
        tcp = attributes(attributes(found[PROTOINFO]).get(PROTOINFO_TCP, b""))
        if PROTOINFO_TCP_STATE in tcp:
            state = _number(tcp[PROTOINFO_TCP_STATE])
    return Flow(
        original if original is not None else (0, 0, 0, 0, 0),
        reply,
        _optional(found.get(STATUS)),
        _optional(found.get(TIMEOUT)),
        state,
        _optional(found.get(MARK)),
        _optional(found.get(USE)),
        _optional(found.get(ID)),
        counters,
    )


def _tuple(kind: int, key: Key) -> bytes:
    src, dst, proto, sport, dport = key
    ip = attribute(IP_V4_SRC, src.to_bytes(4, "big")) + attribute(IP_V4_DST, dst.to_bytes(4, "big"))
    inner = attribute(PROTO_NUM, bytes((proto,)))
    if proto == ICMP:
        inner += attribute(PROTO_ICMP_ID, sport.to_bytes(2, "big"))
        inner += attribute(PROTO_ICMP_TYPE, bytes((dport >> 8,)))
        inner += attribute(PROTO_ICMP_CODE, bytes((dport & 0xFF,)))
    else:
        inner += attribute(PROTO_SRC_PORT, sport.to_bytes(2, "big"))
        inner += attribute(PROTO_DST_PORT, dport.to_bytes(2, "big"))
    nested = attribute(TUPLE_IP | NESTED, ip) + attribute(TUPLE_PROTO | NESTED, inner)
    return attribute(kind | NESTED, nested)


def _parse_tuple(data: bytes | None) -> Key | None:
    if data is None:
        return None
    found = attributes(data)
    ip = attributes(found.get(TUPLE_IP, b""))
    inner = attributes(found.get(TUPLE_PROTO, b""))
    proto = _number(inner.get(PROTO_NUM, b""))
    if proto == ICMP:
        sport = _number(inner.get(PROTO_ICMP_ID, b""))
        kind = _number(inner.get(PROTO_ICMP_TYPE, b""))
        dport = kind << 8 | _number(inner.get(PROTO_ICMP_CODE, b""))
    else:
        sport = _number(inner.get(PROTO_SRC_PORT, b""))
        dport = _number(inner.get(PROTO_DST_PORT, b""))
    return _number(ip.get(IP_V4_SRC, b"")), _number(ip.get(IP_V4_DST, b"")), proto, sport, dport


def _parse_counters(data: bytes) -> tuple[int, int]:
    found = attributes(data)
    return _number(found.get(COUNTERS_PACKETS, b"")), _number(found.get(COUNTERS_BYTES, b""))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _optional(data: bytes | None) -> int | None:
    return None if data is None else _number(data)

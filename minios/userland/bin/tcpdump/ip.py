"""IPv4, and the way to what is in it."""

from __future__ import annotations

from minios.net.wire.checksum import checksum
from minios.userland.bin.tcpdump import icmp, tcp, udp
from minios.userland.bin.tcpdump.dump import Dump, bits_text, need, u1, u2, u4

PROTOCOLS = {
    0: "Options", 1: "ICMP", 2: "IGMP", 4: "IPIP", 6: "TCP", 8: "EGP", 9: "IGRP", 17: "UDP",
    33: "DCCP", 41: "IPv6", 46: "RSVP", 47: "GRE", 50: "ESP", 51: "AH", 55: "Mobile IP",
    58: "ICMPv6", 60: "Options", 88: "EIGRP", 89: "OSPF", 103: "PIM", 108: "Compressed IP",
    112: "VRRP", 113: "PGM", 132: "SCTP",
}  # fmt: skip
_FRAGMENT = {0x2000: "+", 0x4000: "DF", 0x8000: "rsvd"}
_ECN = ("", ",ECT(1)", ",ECT(0)", ",CE")
_OPTIONS = {
    0: "EOL",
    1: "NOP",
    7: "RR",
    68: "timestamp",
    130: "security",
    131: "LSRR",
    137: "SSRR",
    148: "RA",
    206: "?",
}


NESTED_MAX = 20
"""Packets in packets that are printed."""


def packet(d: Dump, p: bytes, length: int) -> None:
    """A packet."""
    d.protocol = "ip"
    d.packets += 1
    if d.packets > NESTED_MAX:
        d.put("...")
        return
    if length < 20:
        d.put("IP " * (not d.settings.ether), f"truncated-ip {length}")
        return
    version = u1(p, 0) >> 4
    if version != 4:
        if version == 6:
            d.put("IP6, wrong link-layer encapsulation (invalid)")
        else:
            d.put("IP " * (not d.settings.ether), f"wrong link-layer encapsulation {version}")
        return
    if not d.settings.ether:
        d.put("IP ")
    inside(d, p, length)


def inside(d: Dump, p: bytes, length: int) -> None:
    """A packet whose version is known to be 4."""
    size = u2(p, 2)
    p = p[: size or None]
    if length < size:
        d.put(f"truncated-ip - {size - length} bytes missing! ")
        size = length
    hlen = (u1(p, 0) & 15) * 4
    if hlen < 20:
        d.put(f"bad-hlen {hlen}")
        return
    if size < hlen:
        d.put(f"bad-len {size}")
        return
    need(p, 0, 20)
    body = size - hlen
    part = u2(p, 6)
    proto = u1(p, 9)
    if d.settings.v:
        _verbose(d, p, hlen, part, proto, length)
    if part & 0x1FFF:
        if d.settings.q > 1:
            return
        d.put(f"{d.host(u4(p, 12))} > {d.host(u4(p, 16))}:")
        name = None if d.settings.numeric else d.names.protocols.get(proto)
        d.put(f" {name}" if name else f" ip-proto-{proto}")
        return
    if proto not in (6, 17, 132, 33):
        d.put(f"{d.host(u4(p, 12))} > {d.host(u4(p, 16))}: ")
    carried(d, p[hlen:], body, proto, p, bool(part & 0x2000))


def carried(d: Dump, p: bytes, length: int, proto: int, header: bytes, fragmented: bool) -> None:
    """What a packet carries; ``header`` is the packet."""
    if proto == 6:
        tcp.segment(d, p, length, header, fragmented)
    elif proto == 17:
        udp.datagram(d, p, length, header, fragmented)
    elif proto == 1:
        icmp.message(d, p, length, header, fragmented)
    elif proto == 2:
        _igmp(d, p, length)
    elif proto == 4:
        packet_in_packet(d, p, length)
    else:
        name = None if d.settings.numeric else d.names.protocols.get(proto)
        d.put(f" {name}" if name else f" ip-proto-{proto}")
        d.put(f" {length}")


def packet_in_packet(d: Dump, p: bytes, length: int) -> None:
    """A packet as another's payload (RFC 2003)."""
    packet(d, p, length)


def _verbose(d: Dump, p: bytes, hlen: int, part: int, proto: int, length: int) -> None:
    tos, ttl, size = u1(p, 1), u1(p, 8), u2(p, 2)
    d.put(f"(tos 0x{tos:x}{_ECN[tos & 3]}")
    if ttl:
        d.put(f", ttl {ttl}")
    d.put(
        f", id {u2(p, 4)}, offset {(part & 0x1FFF) * 8}, flags "
        f"[{bits_text(_FRAGMENT, part, 'none')}], proto {PROTOCOLS.get(proto, 'unknown')} ({proto})"
    )
    d.put(f", length {size}" if size else f", length {length} [was 0, presumed TSO]")
    if hlen > 20:
        d.put(", options (")
        _options(d, p[20:hlen])
        d.put(")")
    if not d.settings.no_checksums and len(p) >= hlen:
        given = u2(p, 10)
        if checksum(p[:hlen]):
            right = checksum(p[:10] + b"\0\0" + p[12:hlen])
            d.put(f", bad cksum {given:x} (->{right:x})!")
    d.put(")\n    ")


def _options(d: Dump, p: bytes) -> None:
    at = 0
    sep = ""
    while at < len(p):
        d.put(sep)
        sep = ","
        kind = p[at]
        name = _OPTIONS.get(kind)
        d.put(name if name is not None else f"unknown {kind}")
        if kind <= 1:
            if kind == 0:
                return
            at += 1
            continue
        size = p[at + 1] if at + 1 < len(p) else 0
        if size < 2 or at + size > len(p):
            d.put(f" [bad length {size}]")
            return
        body = p[at : at + size]
        if kind in (7, 131, 137):
            _route(d, body)
        elif kind == 148:
            value = u2(body, 2) if size == 4 else 0
            if size != 4 or value:
                d.put(f" value {value}" if size == 4 else f" [bad length {size}]")
        at += size


def _route(d: Dump, p: bytes) -> None:
    pointer = p[2] if len(p) > 2 else 0
    if len(p) < 3 or (len(p) + 1) & 3:
        d.put(f" [bad length {len(p)}]")
    if pointer < 4 or pointer & 3:
        d.put(f" [bad ptr {pointer}]")
    sep = " "
    for at in range(3, len(p) - 3, 4):
        d.put(f"{sep}{d.host(u4(p, at))}")
        if pointer > len(p):
            pass
        sep = ", "
    if len(p) > 3 and pointer - 1 < len(p):
        d.put("")


_RECORDS = {1: "is_in", 2: "is_ex", 3: "to_in", 4: "to_ex", 5: "allow", 6: "block"}


def _igmp3(d: Dump, p: bytes, count: int) -> None:
    at = 8
    for _ in range(count):
        sources = u2(p, at + 2)
        name = _RECORDS.get(u1(p, at), " [v3-report-#{}]")
        d.put(f" [gaddr {d.host(u4(p, at + 4))} {name}")
        if d.settings.v > 1:
            d.put(" {", *(f" {d.host(u4(p, at + 8 + 4 * i))}" for i in range(sources)), " }")
        else:
            d.put(f", {sources} source(s)")
        d.put("]")
        at += 8 + 4 * sources


_IGMP = {
    0x11: "igmp query v",
    0x12: "igmp v1 report ",
    0x16: "igmp v2 report ",
    0x17: "igmp leave ",
    0x22: "igmp v3 report",
}


def _igmp(d: Dump, p: bytes, length: int) -> None:
    d.protocol = "igmp"
    if d.settings.q:
        d.put("igmp")
        return
    kind = u1(p, 0)
    if kind == 0x11:
        d.put("igmp query ")
        resp, group = u1(p, 1), u4(p, 4)
        if length >= 12:
            d.put("v3")
        else:
            d.put("v2" if resp else "v1")
        if resp and resp != 100 and length < 12:
            d.put(
                f" [max resp time {resp // 10}.{resp % 10}]"
                if resp % 10
                else f" [max resp time {resp // 10}]"
            )
        if group:
            d.put(f" [gaddr {d.host(group)}]")
    elif kind == 0x22:
        count = u2(p, 6)
        d.put(f"igmp v3 report, {count} group record(s)")
        if d.settings.v:
            _igmp3(d, p, count)
    elif kind in _IGMP:
        d.put(_IGMP[kind] + d.host(u4(p, 4)))
        if length != 8:
            d.put(f" [len {length}]")
    else:
        d.put(f"igmp-{kind}")
    if d.settings.v and len(p) >= length and checksum(p[:length]):
        d.put(f" bad igmp cksum {u2(p, 2):x}!")

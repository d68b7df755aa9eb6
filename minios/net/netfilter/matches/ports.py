"""What a transport header says: -p tcp, -p udp, -p icmp and -m multiport."""

from __future__ import annotations

from typing import Any

from minios.abi.netfilter import Option, Part
from minios.net.netfilter.flow import ICMP, TCP, UDP
from minios.net.netfilter.matches import Match, together, unknown


def port_range(name: str, option: Option) -> Match:
    """One of a packet's ports, within a range or not."""
    low, high = option.value
    inverted = option.inverted
    if name == "sport":
        return lambda packet, _in, _out: (low <= packet.payload.sport <= high) != inverted
    if low == high and not inverted:
        return lambda packet, _in, _out: packet.payload.dport == low
    return lambda packet, _in, _out: (low <= packet.payload.dport <= high) != inverted


def _has_header(proto: int) -> Match:
    """A later fragment has no transport header, and no rule that needs one matches it."""

    def whole(packet: Any, _in: Any, _out: Any) -> bool:
        return packet.proto == proto and packet.payload.__class__ is not bytes

    return whole


def tcp(netfilter: Any, part: Part) -> Match:
    """-m tcp: ports, flags, an option's number."""
    tests = [_has_header(TCP)]
    for option in part.options:
        if option.name in ("sport", "dport"):
            tests.append(port_range(option.name, option))
        elif option.name == "tcp-flags":
            mask, wanted = option.value
            tests.append(_flags(mask, wanted, option.inverted))
        elif option.name == "tcp-option":
            tests.append(_tcp_option(option.value, option.inverted))
        else:
            raise unknown(option)
    return together(tests)


def _flags(mask: int, wanted: int, inverted: bool) -> Match:
    return lambda packet, _in, _out: (packet.payload.flags & mask == wanted) != inverted


def _tcp_option(number: int, inverted: bool) -> Match:
    def has(packet: Any, _in: Any, _out: Any) -> bool:
        options = packet.payload.options
        data = options.pack() if options else b""
        at = 0
        while at < len(data):
            kind = data[at]
            if kind == number:
                return not inverted
            at += 1 if kind < 2 else max(data[at + 1] if at + 1 < len(data) else 1, 1)
        return inverted

    return has


def udp(netfilter: Any, part: Part) -> Match:
    """-m udp: ports."""
    tests = [_has_header(UDP)]
    for option in part.options:
        if option.name not in ("sport", "dport"):
            raise unknown(option)
        tests.append(port_range(option.name, option))
    return together(tests)


def icmp(netfilter: Any, part: Part) -> Match:
    """-m icmp: a type and a range of codes; type 255 is any."""
    tests = [_has_header(ICMP)]
    for option in part.options:
        if option.name != "icmp-type":
            raise unknown(option)
        kind, low, high = option.value
        tests.append(_icmp_type(kind, low, high, option.inverted))
    return together(tests)


def _icmp_type(kind: int, low: int, high: int, inverted: bool) -> Match:
    def typed(packet: Any, _in: Any, _out: Any) -> bool:
        message = packet.payload
        found = kind == 255 or (message.type == kind and low <= message.code <= high)
        return found != inverted

    return typed


def multiport(netfilter: Any, part: Part) -> Match:
    """-m multiport: one of up to fifteen ports or ranges."""
    (option,) = part.options
    which, inverted = option.name, option.inverted
    ranges = tuple(option.value)
    if which not in ("sports", "dports", "ports"):
        raise unknown(option)

    def listed(packet: Any, _in: Any, _out: Any) -> bool:
        payload = packet.payload
        if packet.proto not in (TCP, UDP) or payload.__class__ is bytes:
            return False
        found = False
        if which != "dports":
            port = payload.sport
            found = any(low <= port <= high for low, high in ranges)
        if which != "sports" and not found:
            port = payload.dport
            found = any(low <= port <= high for low, high in ranges)
        return found != inverted

    return listed

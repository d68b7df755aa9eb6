"""Targets that translate: SNAT, DNAT, MASQUERADE, REDIRECT.

They see the first packet of a connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi.errno import Errno, error
from minios.abi.inet import ip_text
from minios.abi.netfilter import Part
from minios.net.drop import Drop
from minios.net.netfilter import nat
from minios.net.netfilter.chain import ACCEPT, STOLEN
from minios.net.netfilter.conn import Way
from minios.net.netfilter.flow import ICMP

Target = Callable[[Any, Any, Any, Any, Any], int | None]

LOOPBACK = 0x7F000001
_SCOPE_HOST = 254


def _ranges(part: Part, name: str) -> nat.Range:
    """``(first, last, ports or None[, base])`` of an option, with the flags beside it. EINVAL."""
    value = part.get(name)
    if value is None:
        raise error(Errno.EINVAL)
    first, last, ports, *base = value
    return nat.Range(
        first, last, ports,
        part.get("random", False), part.get("random-fully", False), part.get("persistent", False),
        base[0] if base else 0,
    )  # fmt: skip


def _place(netfilter: Any, packet: Any, kind: int, choice: nat.Range) -> int:
    way = packet.ct
    if way.__class__ is Way and not way.reply:
        if not choice.first:  # only ports were given
            now = way.conn.reply.key[1 if kind == nat.SOURCE else 0]
            choice = choice._replace(first=now, last=now)
        nat.place(netfilter.conntrack, way.conn, kind, choice, netfilter.rng)
    return ACCEPT


def snat(netfilter: Any, part: Part, spec: Any) -> Target:
    """``--to-source``: in POSTROUTING and INPUT."""
    choice = _ranges(part, "to-source")
    return lambda packet, inside, outside, chain, rule: _place(
        netfilter, packet, nat.SOURCE, choice
    )


def dnat(netfilter: Any, part: Part, spec: Any) -> Target:
    """``--to-destination``: in PREROUTING and OUTPUT."""
    choice = _ranges(part, "to-destination")
    return lambda packet, inside, outside, chain, rule: _place(
        netfilter, packet, nat.TARGET, choice
    )


def masquerade(netfilter: Any, part: Part, spec: Any) -> Target:
    """The address of the interface that a packet leaves by, whatever it is at that time."""
    ports = part.get("to-ports")
    random, fully = part.get("random", False), part.get("random-fully", False)
    stack = netfilter.stack

    def borrow(packet: Any, inside: Any, outside: Any, chain: Any, rule: Any) -> int | None:
        way = packet.ct
        if way.__class__ is not Way or way.reply or not packet.src:
            return ACCEPT
        address = primary(outside, next_hop(stack, packet.dst))
        if address is None:
            stack.drop(Drop.SOURCE_ADDRESS, packet, outside, "MASQUERADE", chain.place(rule))
            return STOLEN
        way.conn.masqueraded = outside.ifindex
        choice = nat.Range(address, address, ports, random, fully)
        return _place(netfilter, packet, nat.SOURCE, choice)

    return borrow


def redirect(netfilter: Any, part: Part, spec: Any) -> Target:
    """To this host: the address of the interface a packet came in by, or loopback for our own."""
    ports = part.get("to-ports")
    random = part.get("random", False)
    stack = netfilter.stack

    def here(packet: Any, inside: Any, outside: Any, chain: Any, rule: Any) -> int | None:
        address: int | None = LOOPBACK
        if chain.name == "PREROUTING":
            address = primary(inside, None)
        if address is None:
            stack.drop(Drop.SOURCE_ADDRESS, packet, inside, "REDIRECT", chain.place(rule))
            return STOLEN
        choice = nat.Range(address, address, ports, random)
        return _place(netfilter, packet, nat.TARGET, choice)

    return here


def primary(device: Any, near: int | None) -> int | None:
    """The address of a device to use: the first one that shares a network with ``near``, else the
    first of all (inet_select_addr)."""
    found = None
    for address in device.addresses:
        if address.scope >= _SCOPE_HOST:
            continue
        if near is not None and address.covers(near):
            return int(address.ip)
        if found is None:
            found = int(address.ip)
    return found


def next_hop(stack: Any, dst: int) -> int:
    """The gateway to an address, or the address itself."""
    try:
        route = stack.route(dst)
    except OSError:
        return dst
    return route.gateway or dst


def described(way: Way) -> str:
    """What a translation makes of a packet in a few words, for a trail."""
    src, dst, proto, sport, dport = way.key
    source, target = way.source or (src, sport), way.target or (dst, dport)
    if proto == ICMP:
        return (
            f"{ip_text(src)} → {ip_text(dst)} becomes {ip_text(source[0])} → {ip_text(target[0])}"
        )
    before = f"{ip_text(src)}:{sport} → {ip_text(dst)}:{dport}"
    return f"{before} becomes {ip_text(source[0])}:{source[1]} → {ip_text(target[0])}:{target[1]}"

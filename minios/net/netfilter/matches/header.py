"""What a packet's headers say besides its ports: addresses by kind or range, length, TTL, MAC."""

from __future__ import annotations

from typing import Any

from minios.abi.netfilter import Option, Part
from minios.net.netfilter.matches import Match, together, unknown

_UNICAST, _LOCAL, _BROADCAST, _MULTICAST, _UNREACHABLE = 1, 2, 3, 5, 7


def iprange(netfilter: Any, part: Part) -> Match:
    """-m iprange: addresses from one to another."""
    tests: list[Match] = []
    for option in part.options:
        if option.name not in ("src-range", "dst-range"):
            raise unknown(option)
        tests.append(_between(option))
    return together(tests)


def _between(option: Option) -> Match:
    low, high = option.value
    inverted = option.inverted
    if option.name == "src-range":
        return lambda packet, _in, _out: (low <= packet.src <= high) != inverted
    return lambda packet, _in, _out: (low <= packet.dst <= high) != inverted


def length(netfilter: Any, part: Part) -> Match:
    """-m length: of the whole packet."""
    (option,) = part.options
    low, high = option.value
    inverted = option.inverted
    return lambda packet, _in, _out: (low <= packet.length <= high) != inverted


def ttl(netfilter: Any, part: Part) -> Match:
    """-m ttl: equal, less or greater."""
    (option,) = part.options
    value = option.value
    if option.name == "ttl-eq":
        inverted = option.inverted
        return lambda packet, _in, _out: (packet.ttl == value) != inverted
    if option.name == "ttl-lt":
        return lambda packet, _in, _out: packet.ttl < value
    if option.name == "ttl-gt":
        return lambda packet, _in, _out: packet.ttl > value
    raise unknown(option)


def mac(netfilter: Any, part: Part) -> Match:
    """-m mac: the source address of the frame that a packet came in."""
    (option,) = part.options
    value, inverted = option.value, option.inverted
    stack = netfilter.stack

    def sender(packet: Any, inside: Any, outside: Any) -> bool:
        frame = stack.receiving
        return frame is not None and inside is not None and (frame.src == value) != inverted

    return sender


def addrtype(netfilter: Any, part: Part) -> Match:
    """-m addrtype: what kind an address is to this host (rtnetlink(7))."""
    stack = netfilter.stack
    tests: list[Match] = []
    for option in part.options:
        if option.name in ("src-type", "dst-type"):
            tests.append(_typed(stack, option))
        elif option.name not in ("limit-iface-in", "limit-iface-out"):
            raise unknown(option)
    return together(tests) if tests else lambda packet, _in, _out: True


def _typed(stack: Any, option: Option) -> Match:
    bits, inverted = option.value, option.inverted
    source = option.name == "src-type"

    def is_one(packet: Any, inside: Any, outside: Any) -> bool:
        address = packet.src if source else packet.dst
        return bool(bits >> kind_of(stack, address) & 1) != inverted

    return is_one


def kind_of(stack: Any, address: int) -> int:
    """The RTN_ kind of an address."""
    if address >> 28 == 0xE:
        return _MULTICAST
    if stack.is_broadcast(address):
        return _BROADCAST
    if stack.is_local(address):
        return _LOCAL
    try:
        stack.route(address)
    except OSError:
        return _UNREACHABLE
    return _UNICAST

"""What primitives of a filter test: functions of a packet's bytes.

A test that reads beyond what was captured ends the whole filter with a no, as a load out of bounds
ends a BPF program; :class:`Beyond` carries that out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minios.net.wire.pcap import LINKTYPE_LINUX_SLL2, LINKTYPE_RAW


class Beyond(Exception):
    """A byte that is not there."""


class Meta(NamedTuple):
    """What is known of a packet besides its bytes."""

    length: int
    outgoing: bool = False


Test = Callable[[bytes, Meta], bool]
Value = Callable[[bytes, Meta], int]

IP, ARP, RARP, IP6 = 0x0800, 0x0806, 0x8035, 0x86DD
VLANS = (0x8100, 0x88A8, 0x9100)


def load(p: bytes, at: int, size: int) -> int:
    """The number of ``size`` bytes there."""
    if at < 0 or at + size > len(p):
        raise Beyond
    return int.from_bytes(p[at : at + size], "big")


class Layout:
    """Where the headers of packets of a link type are; :meth:`tagged` is the same behind a tag."""

    def __init__(self, linktype: int, shift: int = 0) -> None:
        self.linktype = linktype
        self.shift = shift
        self.ethernet = linktype not in (LINKTYPE_RAW, LINKTYPE_LINUX_SLL2)
        if linktype == LINKTYPE_LINUX_SLL2:
            self.type_at, self.network = 0, 20
        else:
            self.type_at, self.network = (12, 14) if self.ethernet else (-1, 0)
        self.network += shift
        if shift:
            self.type_at = self.network - 2

    def tagged(self) -> Layout:
        """The layout behind an 802.1Q tag."""
        return Layout(self.linktype, self.shift + 4)

    def type_is(self, kind: int) -> Test:
        """A packet of this ethertype."""
        if self.type_at < 0:
            return (lambda p, m: load(p, 0, 1) >> 4 == 4) if kind == IP else never
        at = self.type_at
        return lambda p, m: load(p, at, 2) == kind

    def carries(self, proto: int) -> Test:
        """An IPv4 packet with this protocol."""
        ip, at = self.type_is(IP), self.network + 9
        return lambda p, m: ip(p, m) and load(p, at, 1) == proto

    def first(self) -> Test:
        """No fragment, or the first."""
        at = self.network + 6
        return lambda p, m: not load(p, at, 2) & 0x1FFF

    def transport(self, p: bytes) -> int:
        """Where the header behind that of IP begins."""
        return self.network + 4 * (load(p, self.network, 1) & 15)


def never(p: bytes, m: Meta) -> bool:
    """No packet."""
    return False


def both(one: Test, other: Test) -> Test:
    """And."""
    return lambda p, m: one(p, m) and other(p, m)


def either(one: Test, other: Test) -> Test:
    """Or."""
    return lambda p, m: one(p, m) or other(p, m)


def negated(one: Test) -> Test:
    """Not."""
    return lambda p, m: not one(p, m)


def any_of(tests: list[Test]) -> Test:
    """One of several."""
    found = tests[0]
    for test in tests[1:]:
        found = either(found, test)
    return found


def directed(way: str, source: Test, target: Test) -> Test:
    """A test of the sender and one of the receiver, joined as ``src``, ``dst`` or both say."""
    if way == "src":
        return source
    if way == "dst":
        return target
    return both(source, target) if way == "and" else either(source, target)


def field(at: int, size: int, mask: int, value: int) -> Test:
    """A field of the packet has this value under this mask."""
    return lambda p, m: load(p, at, size) & mask == value


def at_least(at: int, value: int) -> Test:
    """A byte of the packet is this or more."""
    return lambda p, m: load(p, at, 1) >= value


def address(layout: Layout, way: str, kind: int, value: int, mask: int) -> Test:
    """The sender's or receiver's address in packets of one ethertype."""
    source, target = (12, 16) if kind == IP else (14, 24)
    base = layout.network
    return both(
        layout.type_is(kind),
        directed(
            way,
            field(base + source, 4, mask, value),
            field(base + target, 4, mask, value),
        ),
    )


def ports(layout: Layout, way: str, protos: tuple[int, ...], low: int, high: int) -> Test:
    """Ports of TCP, UDP or SCTP in a range, where a packet has them."""
    ip, first, at = layout.type_is(IP), layout.first(), layout.network + 9

    def source(p: bytes, m: Meta) -> bool:
        return low <= load(p, layout.transport(p), 2) <= high

    def target(p: bytes, m: Meta) -> bool:
        return low <= load(p, layout.transport(p) + 2, 2) <= high

    which = directed(way, source, target)
    return lambda p, m: ip(p, m) and load(p, at, 1) in protos and first(p, m) and which(p, m)

"""Fragments: RFC 791, RFC 815, RFC 5722, and Linux's bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.abi.inet import parse_ip
from minios.net.drop import Drop
from minios.net.host.fragment import fragments
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from tests.net.checker import eth, icmp, ipv4
from tests.net.host.helpers import ask, echo, frame
from tests.net.rig import Rig, S

A = 0x02_0000_0000_0A


def host() -> tuple[Rig, Any, Any]:
    """A host and a station that it knows."""
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24")
    station = rig.station("a", A)
    rig.link("pc.eth0", "a.0")
    station.send(ask(A, "10.1.0.9", "10.1.0.2"))
    rig.run(1)
    station.got.clear()
    return rig, pc, station


def pieces(size: int, mtu: int, ident: int = 5) -> list[IPv4]:
    data = bytes(number * 7 & 255 for number in range(size))
    return fragments(echo("10.1.0.9", "10.1.0.2", data=data, ident=ident), mtu)


@given(st.integers(0, 65507 - 20), st.integers(28, 9000))
def test_fragments_fit_and_make_up_the_whole(size: int, mtu: int) -> None:
    """RFC 791 2.3."""
    packet = echo("10.1.0.9", "10.1.0.2", data=bytes(size), ident=5)
    whole = packet.payload.pack()
    parts = fragments(packet, mtu)
    assert all(part.length <= mtu for part in parts)
    assert all(len(part.payload) % 8 == 0 for part in parts[:-1])
    assert [part.mf for part in parts] == [True] * (len(parts) - 1) + [False]
    assert b"".join(part.payload for part in parts) == whole
    at = 0
    for part in parts:
        assert part.offset == at
        at += len(part.payload)


@given(st.integers(100, 3000), st.integers(60, 600), st.integers(60, 600))
def test_fragments_of_fragments_make_up_the_whole(size: int, first: int, second: int) -> None:
    packet = echo("10.1.0.9", "10.1.0.2", data=bytes(size), ident=5)
    parts = [small for part in fragments(packet, first) for small in fragments(part, second)]
    parts.sort(key=lambda part: part.offset)
    assert b"".join(part.payload for part in parts) == packet.payload.pack()
    assert [part.mf for part in parts] == [True] * (len(parts) - 1) + [False]


@settings(max_examples=50)
@given(st.permutations(range(6)))
def test_fragments_in_any_order_are_put_together(order: list[int]) -> None:
    """RFC 815."""
    rig, pc, station = host()
    parts = pieces(1100, 220)
    assert len(parts) == 6
    for index in order:
        station.send(frame(pc.devices["eth0"].mac, A, parts[index]))
    rig.run(2)
    reply = station.expect(None, eth(ipv4(icmp(type=0))))
    assert reply.payload.payload.payload == pieces(1100, 9000)[0].payload[8:]
    assert pc.reassembly.size == 0
    assert pc.counters["IpReasmOKs"] == 1


def test_fragments_of_different_packets_are_not_mixed() -> None:
    """RFC 791: source, destination, protocol and identification."""
    rig, pc, station = host()
    one, other = pieces(400, 220, 5), pieces(400, 220, 6)
    mac = pc.devices["eth0"].mac
    for part in (one[0], other[1], one[1], other[0], *one[2:]):
        station.send(frame(mac, A, part))
    rig.run(2)
    assert len(station.frames) == 1
    assert len(pc.reassembly.partials) == 1


def test_what_is_missing_after_thirty_seconds_is_told() -> None:
    """RFC 1122 3.3.2: time exceeded, code 1; ipfrag_time."""
    rig, pc, station = host()
    station.send(frame(pc.devices["eth0"].mac, A, pieces(400, 220)[0]))
    rig.run(29 * S)
    station.nothing()
    rig.run(31 * S)
    assert station.times == [30 * S + 1]
    station.expect(None, eth(ipv4(icmp(type=11, code=1), dst="10.1.0.9")))
    assert rig.reasons == [Drop.REASSEMBLY_TIMEOUT]
    assert pc.reassembly.partials == {}


def test_nothing_is_told_when_the_first_fragment_is_missing() -> None:
    """RFC 792."""
    rig, pc, station = host()
    station.send(frame(pc.devices["eth0"].mac, A, pieces(400, 220)[1]))
    rig.run(31 * S)
    station.nothing()
    assert rig.reasons == [Drop.REASSEMBLY_TIMEOUT]


def test_overlapping_fragments_end_the_packet() -> None:
    """RFC 5722 3, which Linux applies to IPv4 too."""
    rig, pc, station = host()
    parts = pieces(400, 220)
    wrong = IPv4(
        parts[0].src, parts[0].dst, 1, b"\xff" * 16, ident=5, mf=True, offset=parts[1].offset - 8
    )
    for part in (parts[0], wrong, *parts[1:]):
        station.send(frame(pc.devices["eth0"].mac, A, part))
    rig.run(2)
    station.nothing()
    assert rig.reasons == [Drop.REASSEMBLY]


def test_the_same_fragment_twice_does_no_harm() -> None:
    rig, pc, station = host()
    parts = pieces(400, 220)
    for part in (parts[0], parts[0].copy(), *parts[1:]):
        station.send(frame(pc.devices["eth0"].mac, A, part))
    rig.run(2)
    assert len(station.frames) == 1
    assert rig.reasons == [Drop.REASSEMBLY]


@pytest.mark.parametrize("size", [0, 7, 12])
def test_a_fragment_of_an_odd_length_is_malformed(size: int) -> None:
    rig, pc, station = host()
    bad = IPv4(parse_ip("10.1.0.9"), parse_ip("10.1.0.2"), 17, bytes(size), mf=True)
    station.send(frame(pc.devices["eth0"].mac, A, bad))
    rig.run(2)
    assert rig.reasons == [Drop.MALFORMED]
    assert pc.reassembly.partials == {}


def test_incomplete_packets_are_bounded() -> None:
    """ipfrag_high_thresh: an attacker's fragments are dropped, and nothing grows."""
    rig, pc, station = host()
    pc.set_sysctl("ipfrag_high_thresh", 100_000)
    for number in range(1000):
        first = pieces(400, 220, ident=number + 1)[0]
        station.send(frame(pc.devices["eth0"].mac, A, first))
    rig.run(2)
    assert pc.reassembly.size <= 100_000
    assert rig.reasons.count(Drop.TABLE_FULL) == 1000 - len(pc.reassembly.partials)
    rig.run(40 * S)
    assert pc.reassembly.size == 0


def test_a_ping_of_death_is_refused() -> None:
    """Fragments that would make more than 64 KiB."""
    rig, pc, station = host()
    src, dst = parse_ip("10.1.0.9"), parse_ip("10.1.0.2")
    for at in range(0, 65520, 1480):
        last = at + 1480 >= 65520
        part = IPv4(src, dst, 1, bytes(1480), ident=5, mf=not last, offset=at)
        station.send(frame(pc.devices["eth0"].mac, A, part))
    rig.run(2)
    station.nothing()
    assert rig.reasons == [Drop.MALFORMED]
    assert pc.reassembly.size == 0


def test_a_long_datagram_crosses_a_short_link_and_comes_back() -> None:
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24", gateway="10.1.0.1")
    router = rig.host("r", eth0="10.1.0.1/24", eth1="10.2.0.1/24", forwarding=True)
    far = rig.host("far", eth0="10.2.0.2/24", gateway="10.2.0.1", mtu=600)
    rig.link("pc.eth0", "r.eth0")
    rig.link("r.eth1", "far.eth0")
    router.devices["eth1"].mtu = 600
    router.routes.changed()
    got: list[bytes] = []

    class Ping:
        def input(self, packet: IPv4, dev: Any) -> None:
            message = packet.payload
            assert isinstance(message, ICMP)
            got.append(message.payload)

    pc.ping = Ping()
    data = bytes(number % 251 for number in range(5000))
    pc.ip_output(echo("0.0.0.0", "10.2.0.2", data=data))
    rig.run(1 * S)
    assert got == [data]
    assert (far.counters["IpReasmOKs"], pc.counters["IpReasmOKs"]) == (1, 1)

"""Random bytes, truncated and mutated frames: each parser, and a running host."""

import importlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minios.abi.inet import parse_ip
from minios.net.wire import pcap, stp, stun, tcpoptions
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.layers import layers
from minios.net.wire.malformed import Malformed
from minios.net.wire.tcp import TCP
from minios.net.wire.udp import UDP
from tests.net.rig import Rig, S
from tests.userland.tcpdumping.corpus import FRAMES

ADDRESSES = (parse_ip("10.0.0.1"), parse_ip("10.0.0.2"))


def _message(name: str) -> Any:
    return importlib.import_module(f"minios.net.wire.{name}").Message.parse


PARSERS = {
    "Ethernet": Ethernet.parse,
    "Ethernet, lenient": lambda data: Ethernet.parse(data, strict=False),
    "ARP": ARP.parse,
    "IPv4": IPv4.parse,
    "ICMP": ICMP.parse,
    "UDP": lambda data: UDP.parse(data, *ADDRESSES),
    "TCP": lambda data: TCP.parse(data, *ADDRESSES),
    "TCP options": tcpoptions.TcpOptions.parse,
    "STUN": stun.Stun.parse,
    "BPDU": stp.BPDU.parse,
    "pcap": pcap.FileHeader.parse,
    **{name: _message(name) for name in ("dns", "dhcp", "rip", "http")},
}

frames = st.sampled_from(FRAMES)


@st.composite
def mutated(draw: Any) -> bytes:
    """A frame with some bytes changed, cut off, inserted or repeated."""
    data = bytearray(draw(frames))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        how = draw(st.integers(0, 4))
        if how == 0 and data:
            data[at] = draw(st.integers(0, 255))
        elif how == 1:
            del data[at:]
        elif how == 2:
            data[at:at] = draw(st.binary(max_size=6))
        elif how == 3 and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        else:
            data += data[at:][:64]
    return bytes(data)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=120), mutated(), mutated().map(lambda d: d[42:])))
def test_a_parser_reads_anything_or_says_malformed(name, data):
    try:
        found = PARSERS[name](data)
    except Malformed:
        return
    if hasattr(found, "summary"):
        assert isinstance(found.summary(), str)


@settings(max_examples=150, deadline=None)
@given(data=mutated())
def test_what_is_parsed_packs_to_what_was_read(data):
    """So damage that the FCS does not see reaches the receiver as it is."""
    frame = Ethernet.parse(data.ljust(60, b"\0"), strict=False)
    packed = frame.pack()
    again = Ethernet.parse(packed, strict=False)
    assert again == frame
    assert again.pack() == packed
    assert frame.size == len(packed)
    for layer in layers(frame):
        assert layer.fields


def _size(stack: Any) -> int:
    """How much a host remembers."""
    return (
        sum(len(device.neigh) for device in stack.devices.values())
        + sum(len(device.inputs) for device in stack.devices.values())
        + len(stack.drops)
        + len(repr([state() for state in stack.parts.values()]))
    )


def _host(rig: Rig) -> Any:
    host = rig.host("pc", eth0="192.168.7.2/24", gateway="192.168.7.1", forwarding=True)
    host.devices["eth0"].mac = 0x0200_0000_0002
    return host


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(mutated(), max_size=30))
def test_a_running_host_takes_any_frame(frames):
    rig = Rig()
    host = _host(rig)
    station = rig.station("evil")
    rig.link("pc.eth0", "evil.0")
    for number, data in enumerate(frames):
        try:
            frame = Ethernet.parse(data, strict=False)
        except Malformed:
            continue
        frame.dst = 0x0200_0000_0002 if number % 3 else frame.dst
        rig.at(1 + number, station.send, frame)
    rig.run(1 * S)
    assert host.devices["eth0"].up


def test_a_host_that_is_sent_everything_again_and_again_does_not_grow():
    rig = Rig()
    host = _host(rig)
    station = rig.station("evil")
    rig.link("pc.eth0", "evil.0")
    sizes = []
    for turn in range(6):
        for number, data in enumerate(FRAMES):
            frame = Ethernet.parse(data, strict=False)
            frame.dst = 0x0200_0000_0002
            packet = frame.payload
            if type(packet) is IPv4:
                packet.checksum = None
                packet.src = (packet.src & 0xFFFF0000) | (turn * 1000 + number) & 0xFFFF
            rig.at(turn * S + 1 + number, station.send, frame)
        rig.run((turn + 1) * S - 1)
        station.got.clear()
        sizes.append(_size(host))
    assert max(sizes) < 200_000
    rig.run(2000 * S)
    assert rig.idle()

"""Whatever comes, a NAT device and a masquerading router take it: no exception, no growth."""

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minios.abi.inet import parse_ip
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed
from tests.net.natbox.street import A, B, S, Street, T, W
from tests.net.netfilter.gate import Gate, tcp, udp

ADDRESSES = st.sampled_from([parse_ip(ip) for ip in (A, B, S, T, W, "10.0.0.1", "255.255.255.255",
                                                     "0.0.0.0", "224.0.0.1")])  # fmt: skip
PORTS = st.sampled_from([0, 1, 53, 4000, 65535])


@st.composite
def packets(draw: Any) -> IPv4:
    """Headers of hosts that are there, and anything behind them."""
    src, dst = draw(ADDRESSES), draw(ADDRESSES)
    kind = draw(st.integers(0, 4))
    if kind == 0:
        packet = udp(f"{A}:{draw(PORTS)}", f"{S}:{draw(PORTS)}", draw(st.binary(max_size=40)))
    elif kind == 1:
        packet = tcp(f"{A}:{draw(PORTS)}", f"{S}:{draw(PORTS)}", "S")
        packet.payload.flags = draw(st.integers(0, 255))
        packet.payload.seq = draw(st.integers(0, 0xFFFFFFFF))
        packet.payload.ack = draw(st.integers(0, 0xFFFFFFFF))
        packet.payload.window = draw(st.integers(0, 65535))
    elif kind == 2:
        inner = IPv4(draw(ADDRESSES), draw(ADDRESSES), 17, draw(st.binary(max_size=30))).pack()
        quoted = draw(st.sampled_from([inner, inner[:20], draw(st.binary(max_size=60))]))
        message = ICMP(draw(st.integers(0, 20)), draw(st.integers(0, 15)), 7 << 16, quoted)
        packet = IPv4(src, dst, 1, message)
    else:
        packet = IPv4(src, dst, draw(st.integers(0, 255)), draw(st.binary(max_size=60)))
        packet.mf = draw(st.booleans())
        packet.offset = draw(st.sampled_from([0, 8, 1480, 65528]))
    packet.src, packet.dst = src, dst
    packet.ttl = draw(st.integers(0, 255))
    if draw(st.booleans()):
        with suppress(Malformed):
            packet = IPv4.parse(packet.pack(), strict=False)
    return packet


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), packets()), max_size=30))
def test_a_nat_device_takes_anything(rain: list[tuple[bool, IPv4]]) -> None:
    street = Street(filtering="eif", table=16)
    box = street.box
    for inside, packet in rain:
        device = box.stack.devices["inside" if inside else "outside"]
        port = box.ports["inside" if inside else "outside"]
        assert port.receive is not None
        port.receive(Ethernet(device.mac, 0x02_00_00_00_00_77, 0x800, packet))
        street.wait(0.01)
    assert len(box.nat.table.inside) <= 16
    assert len(box.nat.held) <= 64
    street.wait(400)
    assert len(box.stack.state()) > 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), packets()), max_size=30))
def test_netfilter_takes_anything(rain: list[tuple[bool, IPv4]]) -> None:
    gate = Gate()
    gate.masquerade()
    gate.nf.conntrack.settings["nf_conntrack_max"] = 8
    for back, packet in rain:
        gate.through(packet, back=back)
        packet.ct = None
        gate.wait(1)
    table = gate.nf.conntrack
    assert len(table.conns) <= 8
    keys = {key for conn in table.conns.values() for key in (conn.forward.key, conn.reply.key)}
    assert set(table.table) == keys
    assert sum(len(row) for row in table.by_source.values()) == len(table.conns)
    assert set(table.tentative) <= set(table.conns)

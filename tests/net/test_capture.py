"""Captures: what is in them, and that tshark finds nothing wrong with them."""

from typing import Any

from minios.abi.inet import parse_ip
from minios.net.capture import HostCapture, LinkCapture
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ECHO, ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.pcap import FileHeader
from minios.net.wire.udp import UDP
from tests.net.rig import MS, Rig, S
from tests.net.tshark import clean, lines, needs_tshark

EPOCH = 1_767_603_600 * S


def _records(data: bytes) -> list[tuple[int, Ethernet]]:
    header = FileHeader.parse(data)
    found, at = [], 24
    while at < len(data):
        time, size, full = header.parse_record(data[at : at + 16])
        assert size == full
        found.append((time, Ethernet.parse(data[at + 16 : at + 16 + size])))
        at += 16 + size
    return found


def _pair(file: bytearray, **link: int) -> tuple[Rig, Any, Any]:
    rig = Rig()
    rig.world.instruments.add(HostCapture("pc", file.extend, EPOCH))
    pc = rig.host("pc", eth0="10.0.0.1/24")
    other = rig.host("srv", eth0="10.0.0.2/24")
    cable = rig.link("pc.eth0", "srv.eth0", name="lan", **{"latency": MS, **link})
    del cable
    return rig, pc, other


def _ping(host: Any, seq: int, size: int = 56) -> None:
    data = bytes(i & 255 for i in range(size))
    packet = IPv4(parse_ip("10.0.0.1"), parse_ip("10.0.0.2"), 1, ICMP(ECHO, 0, 7 << 16 | seq, data))
    host.ip_output(packet)


def test_a_host_capture_has_what_left_and_what_came_when_it_did():
    file = bytearray()
    rig, pc, _ = _pair(file)
    rig.at(5 * MS, _ping, pc, 1)
    rig.run(1 * S)
    got = [(time - EPOCH, frame.summary()) for time, frame in _records(bytes(file))]
    assert got == [
        (5 * MS, "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28"),
        (7 * MS, f"ARP, Reply 10.0.0.2 is-at {_mac(rig, 'srv')}, length 28"),
        (7 * MS, "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 64"),
        (9 * MS, "IP 10.0.0.2 > 10.0.0.1: ICMP echo reply, id 7, seq 1, length 64"),
    ]


def _mac(rig: Rig, name: str) -> str:
    from minios.abi.inet import mac_text

    return mac_text(rig.hosts[name].devices["eth0"].mac)


def test_the_loopback_passes_a_packet_once():
    file = bytearray()
    rig, pc, _ = _pair(file)
    loop = parse_ip("127.0.0.1")
    rig.at(0, pc.ip_output, IPv4(loop, loop, 17, UDP(9, 9, b"x")))
    rig.run(1 * S)
    kinds = [type(frame.payload.payload) for _, frame in _records(bytes(file))]
    assert kinds == [UDP, ICMP]


def test_a_capture_changes_nothing():
    def digest(file: bytearray | None) -> tuple[Any, ...]:
        rig = Rig()
        if file is not None:
            rig.world.instruments.add(HostCapture("pc", file.extend))
        pc = rig.host("pc", eth0="10.0.0.1/24")
        rig.host("srv", eth0="10.0.0.2/24")
        rig.link("pc.eth0", "srv.eth0")
        rig.at(5, _ping, pc, 1)
        rig.run(1 * S)
        return rig.world.digest(), pc.state()

    assert digest(bytearray()) == digest(None)


def test_a_cable_capture_sees_what_is_lost_on_the_way():
    rig = Rig()
    pc, srv = rig.station("pc"), rig.station("srv")
    cable = rig.link("pc.0", "srv.0", loss=1_000_000)
    file = bytearray()
    rig.world.instruments.add(LinkCapture(cable, file.extend))
    rig.at(3, pc.send, Ethernet(2, 1, 0x0800, IPv4(1, 2, 17, UDP(1, 2, b"gone"))))
    rig.run(1 * S)
    srv.nothing()
    assert [time for time, _ in _records(bytes(file))] == [3]


@needs_tshark
def test_tshark_finds_nothing_wrong(tmp_path):
    file = bytearray()
    rig, pc, srv = _pair(file, duplicate=100_000, reorder=100_000)
    for seq in range(40):
        rig.at(seq * 50 * MS, _ping, pc, seq, seq * 120)
        udp = UDP(1000 + seq, 2000, b"x" * (seq * 90))
        packet = IPv4(parse_ip("10.0.0.2"), parse_ip("10.0.0.1"), 17, udp)
        rig.at(seq * 50 * MS, srv.ip_output, packet)
    rig.run(100 * S)
    path = tmp_path / "x.pcap"
    path.write_bytes(file)
    assert clean(path) > 150
    assert lines(path, "ip.flags.mf == 1") != []

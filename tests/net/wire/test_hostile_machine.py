"""A machine with its daemons, sent what it was sent before, mutated: it answers as before."""

from __future__ import annotations

import random

import pytest

from minios.abi.inet import parse_ip
from minios.net.capture import HostCapture
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed
from minios.net.wire.pcap import FileHeader
from tests.userland.netservices.lan import Lan

SRV, STRANGER = parse_ip("10.0.0.3"), parse_ip("10.0.0.9")
SUBNET = "authoritative; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.120; }"
ZONE = "$TTL 60\n@ IN SOA ns root 1 60 60 60 60\n@ IN NS ns\nns IN A 10.0.0.3\nweb IN A 10.0.0.3\n"
TRAFFIC = """
    dig @10.0.0.3 web.lan; dig +tcp @10.0.0.3 lan axfr; curl -s http://10.0.0.3/
    ping -c 1 -s 3000 10.0.0.3; echo x | nc -u -w 1 10.0.0.3 9; nc -z 10.0.0.3 99
    ssh -o StrictHostKeyChecking=no -o BatchMode=yes root@10.0.0.3
    dhclient -1 -sf /bin/true eth0
"""


@pytest.fixture(scope="module")
def frames() -> tuple[Lan, list[bytes]]:
    """The machines, and what passed the server while all its daemons were asked."""
    lan = Lan({"pc": {"eth0": "lan 10.0.0.2/24"}, "srv": {"eth0": "lan 10.0.0.3/24"}})
    file = bytearray()
    HostCapture("srv", file.extend).listen(lan.machines["srv"].kernel.net)
    lan.write("srv", "/etc/bind/named.conf", 'zone "lan" { type master; file "/etc/bind/lan"; };\n')
    lan.write("srv", "/etc/bind/lan", ZONE)
    lan.write("srv", "/var/www/html/index.html", "hello " * 500)
    lan.write("srv", "/etc/dhcp/dhcpd.conf", SUBNET)
    lan.run("srv", "systemctl start ssh httpd named isc-dhcp-server; sleep 2")
    lan.run("pc", TRAFFIC)
    header, seen, at = FileHeader.parse(bytes(file)), [], 24
    while at < len(file):
        size = header.parse_record(bytes(file[at : at + 16]))[1]
        seen.append(bytes(file[at + 16 : at + 16 + size]))
        at += 16 + size
    assert len(seen) > 50
    return lan, seen


def mutated(rng: random.Random, frame: bytes) -> bytes:
    data = bytearray(frame)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        if not data:
            break
        at = rng.randrange(len(data))
        how = rng.randrange(4)
        if how == 0:
            data[at] = rng.randint(0, 255)
        elif how == 1:
            data[at] ^= 1 << rng.randint(0, 7)
        elif how == 2:
            data[at:at] = rng.randbytes(rng.randint(0, 6))
        elif rng.random() < 0.3:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("seed", range(2))
def test_it_takes_anything_and_goes_on(frames: tuple[Lan, list[bytes]], seed: int) -> None:
    lan, seen = frames
    rng = random.Random(seed)
    port = lan.machines["srv"].nics["eth0"]
    for number in range(3000):
        try:
            frame = Ethernet.parse(mutated(rng, rng.choice(seen)), strict=False)
        except Malformed:
            continue
        if frame.dst != 0xFFFF_FFFF_FFFF:
            frame.dst = port.mac
        packet = frame.payload
        if type(packet) is IPv4:
            packet.checksum = None
            if packet.src == SRV:
                packet.src, packet.dst = STRANGER, SRV
            if hasattr(packet.payload, "checksum") and rng.random() < 0.9:
                packet.payload.checksum = None
        port.receive(frame)
        if not number % 3:
            lan.world.run_until(lan.world.now + rng.choice((1, 10**5, 10**7, 10**9)))
    lan.wait(3000)
    stack = lan.machines["srv"].kernel.net
    assert len(repr([state() for state in stack.parts.values()])) < 100_000
    assert len(lan.machines["srv"].kernel.processes) < 10
    lan.run("pc", "ip addr replace 10.0.0.2/24 dev eth0")
    said = lan.out("pc", "curl -s http://10.0.0.3/ | head -c 5; dig +short @10.0.0.3 web.lan")
    assert said == "hello10.0.0.3\n"
    assert lan.run("pc", "ping -c 1 10.0.0.3 && nc -z 10.0.0.3 22").status == 0

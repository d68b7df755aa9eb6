"""What strangers send ends in a refusal or in silence: no daemon stops or forgets its work."""

from __future__ import annotations

from minios.abi.inet import IPPROTO_UDP
from minios.abi.sockets import AF_INET, SOCK_DGRAM, SOCK_STREAM
from minios.abi.sys import Program, Sys
from minios.net.wire import dhcp, rip
from minios.net.wire.dns import RD, A, Message, Question, parse_name
from minios.sim.random import Rng
from minios.userland import table
from tests.userland.netservices.lan import Lan

ROUNDS = 300


def mutations(stream: Rng, seeds: list[bytes]) -> list[bytes]:
    """Noise, and messages with bytes changed, cut off or added."""
    found: list[bytes] = []
    for number in range(ROUNDS):
        data = bytearray(seeds[number % len(seeds)])
        kind = stream.below(5)
        if kind == 0:
            data = bytearray(stream.below(256) for _ in range(stream.below(80)))
        elif kind == 1:
            del data[stream.below(len(data)) :]
        else:
            for _ in range(1 + stream.below(8)):
                data[stream.below(len(data))] = stream.below(256)
        if kind == 4:
            data += bytes(stream.below(256) for _ in range(stream.below(40)))
        found.append(bytes(data))
    return found


def thrower(packets: list[bytes], port: int, kind: int, source: int = 0) -> Program:
    """A program that sends each packet to 10.0.0.1, over TCP each in a connection of its own."""

    async def throw(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        fd = -1
        for packet in packets:
            if kind == SOCK_STREAM or fd < 0:
                fd = await sys.socket(AF_INET, kind, IPPROTO_UDP if kind == SOCK_DGRAM else 0)
                if source:
                    await sys.bind(fd, (0, source))
            if kind == SOCK_STREAM:
                await sys.connect(fd, (0x0A000001, port))
                await sys.send(fd, packet)
                await sys.close(fd)
            else:
                await sys.sendto(fd, packet, (0x0A000001, port))
            await sys.nanosleep(1_000_000)
        return 0

    return throw


def attacked(unit: str, files: dict[str, str], throw: Program) -> Lan:
    """A server after ``throw`` ran on another machine."""

    def load(name: str) -> Program:
        return throw if name == "throw" else table.load(name)

    lan = Lan({"srv": {"eth0": "lan 10.0.0.1/24"}, "pc": {"eth0": "lan 10.0.0.2/24"}}, load=load)
    for path, text in files.items():
        lan.write("srv", path, text)
    lan.out("srv", f"systemctl start {unit}; sleep 1")
    pid = lan.out("srv", f"systemctl show -p MainPID {unit}")
    lan.machines["pc"].install(b"/usr/bin/throw", "throw")
    assert lan.run("pc", "throw", 120).status == 0
    lan.wait(5)
    assert lan.out("srv", f"systemctl show -p MainPID {unit}") == pid
    return lan


def test_named_survives_datagrams():
    query = Message(7, RD, [Question(parse_name("pc.x."), A)]).pack()
    packets = mutations(Rng(1, "noise"), [query])
    files = {
        "/etc/bind/named.conf": 'zone "x" { type master; file "/etc/bind/db"; };\n',
        "/etc/bind/db": "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS o.\npc A 10.0.0.2\n",
    }
    lan = attacked("named", files, thrower(packets, 53, SOCK_DGRAM))
    assert lan.out("pc", "dig +short @10.0.0.1 pc.x") == "10.0.0.2\n"


def test_named_survives_connections():
    query = Message(7, RD, [Question(parse_name("pc.x."), A)]).pack()
    packets = mutations(Rng(2, "noise"), [len(query).to_bytes(2) + query])
    files = {
        "/etc/bind/named.conf": 'zone "x" { type master; file "/etc/bind/db"; };\n',
        "/etc/bind/db": "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS o.\npc A 10.0.0.2\n",
    }
    lan = attacked("named", files, thrower(packets, 53, SOCK_STREAM))
    assert lan.out("pc", "dig +short +tcp @10.0.0.1 pc.x") == "10.0.0.2\n"


def test_httpd_survives_requests():
    seeds = [
        b"GET /a?b HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ]
    packets = mutations(Rng(3, "noise"), seeds)
    files = {"/var/www/html/index.html": "fine\n"}
    lan = attacked("httpd", files, thrower(packets, 80, SOCK_STREAM))
    assert lan.out("pc", "curl -s 10.0.0.1") == "fine\n"


def test_dhcpd_survives_messages():
    discover = dhcp.Message(
        dhcp.BOOTREQUEST, 7, 0x020000000099,
        {dhcp.MESSAGE_TYPE: bytes((dhcp.DISCOVER,)), dhcp.HOST_NAME: b"x"},
    ).pack()  # fmt: skip
    request = dhcp.Message(
        dhcp.BOOTREQUEST, 8, 0x020000000098,
        {dhcp.MESSAGE_TYPE: bytes((dhcp.REQUEST,)), dhcp.REQUESTED_IP: b"\x0a\0\0\x64"},
    ).pack()  # fmt: skip
    packets = mutations(Rng(4, "noise"), [discover, request])
    files = {
        "/etc/dhcp/dhcpd.conf": "subnet 10.0.0.0 netmask 255.255.255.0 "
        "{ range 10.0.0.100 10.0.0.150; }\n"
    }
    lan = attacked("isc-dhcp-server", files, thrower(packets, 67, SOCK_DGRAM, 68))
    leases = lan.out("srv", "grep -c '^lease' /var/lib/dhcp/dhcpd.leases || true")
    assert int(leases) <= 51
    lan.out("pc", "ip addr flush dev eth0")
    assert b"bound to 10.0.0.1" in lan.run("pc", "dhclient -1 -v eth0").stderr


def test_ripd_survives_messages():
    response = rip.Message(rip.RESPONSE, [rip.Entry(0x0A090000, 0xFFFF0000, 1)]).pack()
    packets = mutations(Rng(5, "noise"), [response, rip.Message.whole_table().pack()])
    files = {"/etc/ripd.conf": "router rip\n network eth0\n"}
    lan = attacked("ripd", files, thrower(packets, 520, SOCK_DGRAM, 520))
    assert len(lan.out("srv", "ip route").split("\n")) < ROUNDS


def test_whoisd_and_rsyslogd_survive_lines():
    packets = mutations(Rng(6, "noise"), [b"-r -T inetnum 10.0.0.1\r\n"])
    files = {"/etc/whois/a.db": "inetnum: 10.0.0.0/8\nnetname: X\n"}
    lan = attacked("whoisd", files, thrower(packets, 43, SOCK_STREAM))
    assert "netname:        X" in lan.out("pc", "whois -h 10.0.0.1 10.0.0.1")
    packets = mutations(
        Rng(7, "noise"),
        [b"<13>Jan  5 09:00:00 pc app: hi", b"<13>1 2026-01-05T09:00:00Z pc app 1 - - hi"],
    )
    config = 'input(type="imudp" port="514")\n$template E,"/var/log/net/%HOSTNAME%"\n*.* ?E\n'
    lan = attacked("rsyslog", {"/etc/rsyslog.conf": config}, thrower(packets, 514, SOCK_DGRAM))
    assert lan.out("srv", "find /var/log/net -type d") == "/var/log/net\n"

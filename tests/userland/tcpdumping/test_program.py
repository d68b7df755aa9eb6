"""tcpdump on a machine of the network: what it sees, what it says, what it saves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.net.tshark import clean, needs_tshark
from tests.userland.netservices.lan import Lan

LISTENING = b"link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"


@pytest.fixture
def lan() -> Lan:
    return Lan({
        "pc": {"eth0": "lan 10.0.0.2/24"},
        "srv": {"eth0": "lan 10.0.0.3/24"},
        "spy": {"eth0": "lan 10.0.0.4/24"},
    })  # fmt: skip


def lines(text: bytes) -> list[str]:
    """Without times and identifiers."""
    rows = text.decode("latin-1").splitlines()
    return [re.sub(r"^\S+ |id \d+, |win \d+, ", "", row) for row in rows]


def watch(lan: Lan, options: str, act: str) -> tuple[list[str], str]:
    """What tcpdump on pc prints, and says on standard error, while something is done there."""
    command = f"tcpdump {options} 2>/tmp/err & sleep 1; {act} >/dev/null 2>&1; sleep 1; "
    done = lan.run("pc", command + "kill -INT $!; wait; cat /tmp/err >&2")
    return lines(done.stdout), done.stderr.decode()


def test_a_ping_and_its_arp(lan: Lan) -> None:
    shown, said = watch(lan, "-n -i eth0", "ping -c 1 10.0.0.3")
    mac = lan.out("srv", "cat /sys/class/net/eth0/address").strip()
    assert shown == [
        "ARP, Request who-has 10.0.0.3 tell 10.0.0.2, length 28",
        f"ARP, Reply 10.0.0.3 is-at {mac}, length 46",
        "IP 10.0.0.2 > 10.0.0.3: ICMP echo request, seq 1, length 64",
        "IP 10.0.0.3 > 10.0.0.2: ICMP echo reply, seq 1, length 64",
        "",
    ]
    assert said == (
        "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n"
        "listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"
        "4 packets captured\n4 packets received by filter\n0 packets dropped by kernel\n"
    )


def test_a_filter_and_a_count(lan: Lan) -> None:
    command = "tcpdump -n -i eth0 -c 1 'icmp[icmptype] = icmp-echoreply' 2>/dev/null & sleep 1; "
    done = lan.run("pc", command + "ping -c 3 10.0.0.3 >/dev/null; wait")
    assert lines(done.stdout) == ["IP 10.0.0.3 > 10.0.0.2: ICMP echo reply, seq 1, length 64"]


def test_names_from_hosts_and_services(lan: Lan) -> None:
    lan.run("pc", "echo '10.0.0.3 srv.lan srv' >> /etc/hosts; echo '10.0.0.2 pc' >> /etc/hosts")
    shown, _ = watch(lan, "-q -i eth0 tcp", "nc -z -w 1 10.0.0.3 80")
    assert [re.sub(r"pc\.\d+", "pc.port", row) for row in shown] == [
        "IP pc.port > srv.lan.http: tcp 0",
        "IP srv.lan.http > pc.port: tcp 0",
        "",
    ]


def test_the_interface_any_says_which_and_which_way(lan: Lan) -> None:
    shown, said = watch(lan, "-n -i any icmp", "{ ping -c 1 10.0.0.3; ping -c 1 127.0.0.1; }")
    assert [row[:10] for row in shown] == [
        "eth0  Out ", "eth0  In  ", "lo    In  ", "lo    In  ", "",
    ]  # fmt: skip
    assert said.startswith("tcpdump: data link type LINUX_SLL2\n")


def test_a_switch_keeps_other_peoples_talk_from_a_listener(lan: Lan) -> None:
    lan.run("pc", "ping -c 1 10.0.0.3")
    done = lan.run("pc", "true")
    command = "tcpdump -n -i eth0 2>/dev/null > /tmp/seen & echo $! > /tmp/pid"
    lan.run("spy", f"sh -c '{command}'; sleep 1")
    lan.run("pc", "ping -c 2 10.0.0.3")
    done = lan.run("spy", "kill -INT $(cat /tmp/pid); sleep 1; cat /tmp/seen")
    assert done.stdout.strip() == b""


@needs_tshark
def test_what_it_saves_is_what_it_reads_and_tshark_likes(lan: Lan, tmp_path: Path) -> None:
    watch(lan, "-i eth0 -w /tmp/x.pcap", "ping -c 2 -s 2000 10.0.0.3; nc -z -w 1 10.0.0.3 80")
    path = tmp_path / "x.pcap"
    path.write_bytes(lan.run("pc", "cat /tmp/x.pcap").stdout)
    count = clean(path)
    assert lan.run("pc", "tcpdump -r /tmp/x.pcap --count").stdout == b"%d packets\n" % count
    done = lan.run("pc", "head -c 30 /tmp/x.pcap | tcpdump -r -")
    assert done.status == 1
    assert done.stderr.endswith(
        b"pcap_loop: truncated dump file; tried to read 16 header bytes, only got 6\n"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-i nope", b"nope: No such device exists\n(No such device exists)\n"),
        ("-c 0", b"invalid packet count 0\n"),
        ("-s -5", b"invalid snaplen -5 (must be >= 0 and <= 262144)\n"),
        ("-Q up", b"unknown capture direction `up'\n"),
        ("-r /none", b"/none: No such file or directory\n"),
        ("-i eth0 port nonsense", b"unknown port 'nonsense'\n"),
        ("-i eth0 'tcp and'", b"can't parse filter expression: syntax error\n"),
    ],
)
def test_complaints(lan: Lan, options: str, said: bytes) -> None:
    done = lan.run("pc", f"tcpdump {options}")
    assert (done.status, done.stderr) == (1, b"tcpdump: " + said)


def test_it_takes_a_capability(lan: Lan) -> None:
    done = lan.run("pc", "tcpdump -i eth0", user="player")
    assert done.stderr == (
        b"tcpdump: eth0: You don't have permission to perform this capture on that device\n"
        b"(socket: Operation not permitted)\n"
    )
    listed = lan.run("pc", "tcpdump -D", user="player").stdout
    assert listed == (
        b"1.eth0 [Up, Running, Connected]\n"
        b"2.any (Pseudo-device that captures on all interfaces) [Up, Running]\n"
        b"3.lo [Up, Running, Loopback]\n"
    )

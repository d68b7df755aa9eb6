"""ping, traceroute, tracepath, nc, nmap, arping, inetd and lsof on three machines: a - r - b.

What is expected is what the real programs printed in network namespaces cabled alike, but for times
and hardware addresses.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from minios.abi.inet import parse_ip
from minios.game import sandbox
from minios.sim.world import SECOND
from tests.differential.network.minios_side import Machines
from tests.differential.network.topology import Topology

TOPOLOGY = Topology(cables=(("a.eth0", "r.eth0"), ("r.eth1", "b.eth0")), script="")
ADDRESSES = (("a", "eth0", "10.0.0.2"), ("r", "eth0", "10.0.0.1"), ("r", "eth1", "10.1.0.1"),
             ("b", "eth0", "10.1.0.2"))  # fmt: skip
SERVICES = "echo discard chargen daytime time"


class Lab:
    """Three machines with addresses and routes; r's second link takes 1400 bytes."""

    def __init__(self) -> None:
        self.built = Machines(TOPOLOGY)
        for name, nic, ip in ADDRESSES:
            stack = self.stack(name)
            stack.add_address(nic, parse_ip(ip), 24)
            stack.set_up(nic)
        self.stack("a").add_route(0, 0, parse_ip("10.0.0.1"))
        self.stack("b").add_route(0, 0, parse_ip("10.1.0.1"))
        self.stack("r").set_sysctl("ip_forward", 1)
        self.stack("r").set_sysctl("icmp_ratelimit", 0)
        lines = [f"{s} {k} root internal" for s in SERVICES.split()
                 for k in ("stream tcp nowait", "dgram udp wait")]  # fmt: skip
        text = "\\n".join(lines)
        self.run("b", f"printf '{text}\\n' > /etc/inetd.conf; inetd; sleep 0.1")

    def stack(self, name: str):  # type: ignore[no-untyped-def]
        kernel = self.built.machines[name].kernel
        assert kernel is not None
        return kernel.net

    def run(self, name: str, command: str, user: str = "root") -> str:
        """What a command prints, errors last, and its status."""
        world = self.built.world
        got = sandbox.run_command(
            world, self.built.machines, sandbox.sh(command.encode()), machine=name, user=user,
            until=world.now + 120 * SECOND,
        )  # fmt: skip
        kernel = self.built.machines[name].kernel
        assert kernel is not None and kernel.faults == []
        return masked(got.stdout.decode() + got.stderr.decode()) + f"[{got.status}]"


def masked(text: str) -> str:
    text = re.sub(r"\d+\.\d+/[\d./]+ ms", "T", text)
    text = re.sub(r"time \d+ms", "time T", text)
    text = re.sub(r"\d+\.\d+ ?ms|[\d.]+s latency|[\d.]+ seconds", "T", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", text)
    return re.sub(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", "MAC", text)


@cache
def lab() -> Lab:
    return Lab()


CASES = {
    "ping -c 2 -i 0.2 10.1.0.2": """\
PING 10.1.0.2 (10.1.0.2) 56(84) bytes of data.
64 bytes from 10.1.0.2: icmp_seq=1 ttl=63 time=T
64 bytes from 10.1.0.2: icmp_seq=2 ttl=63 time=T

--- 10.1.0.2 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time T
rtt min/avg/max/mdev = T
[0]""",
    "ping -c 3 10.0.0.79": """\
PING 10.0.0.79 (10.0.0.79) 56(84) bytes of data.
From 10.0.0.2 icmp_seq=1 Destination Host Unreachable
From 10.0.0.2 icmp_seq=2 Destination Host Unreachable
From 10.0.0.2 icmp_seq=3 Destination Host Unreachable

--- 10.0.0.79 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time T
pipe 3
[1]""",
    "ping -q -c1 -t1 10.1.0.2": """\
PING 10.1.0.2 (10.1.0.2) 56(84) bytes of data.

--- 10.1.0.2 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time T

[1]""",
    "ping -O -c2 -W1 -i1 10.0.0.78": """\
PING 10.0.0.78 (10.0.0.78) 56(84) bytes of data.
no answer yet for icmp_seq=1

--- 10.0.0.78 ping statistics ---
2 packets transmitted, 0 received, 100% packet loss, time T

[1]""",
    "ping -c 1 -s 1473 -M do 10.1.0.2": """\
PING 10.1.0.2 (10.1.0.2) 1473(1501) bytes of data.

--- 10.1.0.2 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time T

ping: local error: message too long, mtu=1500
[1]""",
    "ping -c1 10.0.0.255": """\
ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules
[2]""",
    "ping -c 0 127.0.0.1": """\
ping: invalid argument: '0': out of range: 1 <= value <= 9223372036854775807
[1]""",
    "ping": "ping: usage error: Destination address required\n[1]",
    "traceroute 10.1.0.2": """\
traceroute to 10.1.0.2 (10.1.0.2), 30 hops max, 60 byte packets
 1  10.0.0.1 (10.0.0.1)  T  T  T
 2  10.1.0.2 (10.1.0.2)  T  T  T
[0]""",
    "traceroute -n -I 10.1.0.2 100": """\
traceroute to 10.1.0.2 (10.1.0.2), 30 hops max, 100 byte packets
 1  10.0.0.1  T  T  T
 2  10.1.0.2  T  T  T
[0]""",
    "traceroute -n -T -q 1 10.1.0.2": """\
traceroute to 10.1.0.2 (10.1.0.2), 30 hops max, 60 byte packets
 1  10.0.0.1  T
 2  10.1.0.2  T
[0]""",
    "traceroute -m 0 10.0.0.1": "first hop out of range\n[2]",
    "tracepath -n 10.1.0.2": """\
 1?: [LOCALHOST]                      pmtu 1500
 1:  10.0.0.1                                              T 
 1:  10.0.0.1                                              T 
 2:  10.1.0.2                                              T reached
     Resume: pmtu 1500 hops 2 back 2 
[0]""",
    "nc -vz 10.1.0.2 79-81": """\
nc: connect to 10.1.0.2 port 79 (tcp) failed: Connection refused
nc: connect to 10.1.0.2 port 80 (tcp) failed: Connection refused
nc: connect to 10.1.0.2 port 81 (tcp) failed: Connection refused
[1]""",
    "nc -w 1 -v 10.0.0.66 80": """\
nc: connect to 10.0.0.66 port 80 (tcp) timed out: Operation now in progress
[1]""",
    "nc -vuz 10.1.0.2 7": "Connection to 10.1.0.2 7 port [udp/echo] succeeded!\n[0]",
    "nc -vuz 10.1.0.2 7002": "[1]",
    "nc -s 9.9.9.9 -v 10.1.0.2 80": "nc: bind failed: Cannot assign requested address\n[1]",
    "nc 10.1.0.2 70000": "nc: port number too large: 70000\n[1]",
    "nc -l -z 80": "nc: cannot use -z and -l\n[1]",
    "echo hello | nc -N 10.1.0.2 7": "hello\n[0]",
    "nc 10.1.0.2 13 </dev/null | tail -c 2 | od -An -c": r"  \r  \n" + "\n[0]",
    "nc 10.1.0.2 19 </dev/null | head -c 148 | tail -c 74 | head -c 3": '!"#[0]',
    "echo x | nc -u -w1 10.1.0.2 7": "x\n[0]",
    "nmap -n -p 7-9 10.1.0.2": """\
Starting Nmap 7.93 ( https://nmap.org ) at DATE UTC
Nmap scan report for 10.1.0.2
Host is up (T).

PORT  STATE  SERVICE
7/tcp open   echo
8/tcp closed unknown
9/tcp open   discard

Nmap done: 1 IP address (1 host up) scanned in T
[0]""",
    "nmap -n -sn 10.0.0.0/29": """\
Starting Nmap 7.93 ( https://nmap.org ) at DATE UTC
Nmap scan report for 10.0.0.1
Host is up (T).
MAC Address: MAC (Unknown)
Nmap scan report for 10.0.0.2
Host is up.
Nmap done: 8 IP addresses (2 hosts up) scanned in T
[0]""",
    "nmap -n -sU -p 7,54 10.1.0.2 | grep /udp": "7/udp  open   echo\n54/udp closed unknown\n[0]",
    "nmap -n 10.0.0.66 | tail -n +2": """\
Note: Host seems down. If it is really up, but blocking our ping probes, try -Pn
Nmap done: 1 IP address (0 hosts up) scanned in T
[0]""",
    "arping -c 2 10.0.0.1": """\
ARPING 10.0.0.1 from 10.0.0.2 eth0
Unicast reply from 10.0.0.1 [MAC]  T
Unicast reply from 10.0.0.1 [MAC]  T
Sent 2 probes (1 broadcast(s))
Received 2 response(s)
[0]""",
    "arping -D -c 1 -I eth0 10.0.0.1": """\
ARPING 10.0.0.1 from 0.0.0.0 eth0
Unicast reply from 10.0.0.1 [MAC]  T
Sent 1 probes (1 broadcast(s))
Received 1 response(s)
[1]""",
    "hostname -I": "10.0.0.2 \n[0]",
    "nc -l 80 & sleep 0.1; lsof -nPi :80 | awk '{print $1, $5, $8, $9, $10}'; fuser 80/tcp >/dev/null; kill $!": """\
COMMAND TYPE NODE NAME 
nc IPv4 TCP *:80 (LISTEN)
80/tcp:             
[0]""",  # noqa: E501
}


@pytest.mark.parametrize("command", CASES)
def test_a_command_prints_what_the_real_one_does(command: str) -> None:
    assert lab().run("a", command) == CASES[command]


def test_a_smaller_mtu_on_the_way_is_found() -> None:
    here = Lab()
    here.stack("r").devices["eth1"].mtu = 1400
    here.stack("r").routes.changed()
    assert here.run("a", "tracepath -n 10.1.0.2") == (
        " 1?: [LOCALHOST]                      pmtu 1500\n"
        " 1:  10.0.0.1                                              T \n"
        " 1:  10.0.0.1                                              T \n"
        " 2:  10.0.0.1                                              T pmtu 1400\n"
        " 2:  10.1.0.2                                              T reached\n"
        "     Resume: pmtu 1400 hops 2 back 2 \n[0]"
    )
    assert here.run("a", "ping -c1 -M do -s 1400 10.1.0.2").splitlines()[-1] == "[1]"


def test_ports_below_1024_and_raw_sockets_are_roots() -> None:
    assert lab().run("a", "nc -l 80", user="player") == "nc: Permission denied\n[1]"
    assert lab().run("a", "nmap -sS 10.1.0.2", user="player").endswith("[1]")
    assert "socket: Operation not permitted" in lab().run("a", "arping 10.0.0.1", user="player")
    assert lab().run("a", "ping -c 1 -q 10.1.0.2", user="player").endswith("[0]")

"""Corners of routing and neighbours, and a bridge, in real network namespaces and in MiniOS."""

from __future__ import annotations

import pytest

from tests.differential.network import minios_side, namespaces
from tests.differential.network.topology import Topology

REASON = namespaces.missing()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON or "never")

CORNERS = Topology(
    cables=(("a.eth0", "r.eth0"), ("r.eth1", "b.eth0"), ("c.eth0", "r.eth2")),
    script=r"""
a# ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up
a# ip route add default via 10.0.0.1
r# ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; ip addr add 10.1.0.1/24 dev eth1
r# ip link set eth1 up; ip addr add 10.2.0.1/24 dev eth2; ip link set eth2 up
r# sysctl -qw net.ipv4.ip_forward=1
b# ip addr add 10.1.0.2/24 dev eth0; ip link set eth0 up
b# ip route add default via 10.1.0.1
c# ip addr add 10.2.0.2/24 dev eth0; ip link set eth0 up
a# ping -n -c 1 -W 1 10.2.0.2
a# ping -n -c 1 -b -W 1 10.0.0.255
a# ping -n -c 1 -W 1 10.1.0.255
a# ping -n -c 1 -W 1 224.0.0.1
a# ping -n -c 1 127.3.4.5
a# ping -n -c 1 10.0.0.2
a# ping -n -c 1 0.0.0.0
a# ping -n -c 6 -i 0.3 -W 1 10.77.0.1
a# sleep 6
r# ip route add prohibit 10.9.0.0/16; ip route add unreachable 10.8.0.0/16
r# ip route add blackhole 10.7.0.0/16; ip route add throw 10.6.0.0/16
a# ping -n -c 1 -W 1 10.9.0.1
a# ping -n -c 1 -W 1 10.8.0.1
a# ping -n -c 1 -W 1 10.7.0.1
a# ping -n -c 1 -W 1 10.6.0.1
r# ip route add 10.5.0.0/16 via 10.0.0.9
a# ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0
r# ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0
a# sleep 0.2; ip route get 10.5.0.1 | sed 's/expires [0-9]*sec/expires T/'
a# ip -s neigh show 10.0.0.9 | sed 's/used.*probes [0-9]*/U/'
r# sysctl -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth2.rp_filter=1
c# ip route add default via 10.2.0.1; ip addr add 10.1.0.9/32 dev lo
c# ping -n -c 1 -W 1 -I 10.1.0.9 10.0.0.2
r# netstat -s | grep -i "filter\|reverse"
r# ip link set eth1 down; ip route
a# ping -n -c 1 -W 1 10.1.0.2
r# ip link set eth1 up; ip route
a# sleep 1.2; ping -n -c 1 -W 1 10.1.0.2
b# ip addr add 10.1.0.1/24 dev eth0
b# ip addr add 10.1.0.3/24 dev eth0; ip addr show eth0
b# ping -n -c 1 -W 1 10.1.0.1
b# arp -an
r# arp -n | sort
b# ip link set eth0 down; ip neigh; ip route; ip addr show eth0
r# ping -n -c 1 -W 1 10.1.0.2
a# ping -n -c 1 -W 2 10.1.0.2
a# ip addr del 10.0.0.2/24 dev eth0; ip route; ip neigh
a# ping -n -c 1 10.0.0.1
a# ip addr add 10.0.0.2/31 dev eth0; ip route; ip route show table local
a# ip addr add 10.0.0.7/32 dev eth0; ip route get 10.0.0.7
a# ip addr add 169.254.1.1/16 scope link dev eth0; ip route; ip route get 169.254.9.9
a# ip route add default dev eth0 scope link; ip route get 8.8.8.8
""",
)

BRIDGE = Topology(
    cables=(("a.eth0", "br.eth0"), ("b.eth0", "br.eth1"), ("c.eth0", "br.eth2")),
    script=r"""
a# ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up
b# ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up
c# ip addr add 10.0.0.3/24 dev eth0; ip link set eth0 up
br# ip link add br0 type bridge
br# ip link set eth0 master br0; ip link set eth0 up
br# ip link set eth1 master br0; ip link set eth1 up
br# ip link set eth2 master br0; ip link set eth2 up
br# ip link set br0 up; sleep 1
br# ip link show eth0
a# ping -n -c 2 -i 0.2 10.0.0.2
br# bridge fdb show br br0 | grep -v permanent | grep -v '^33' | wc -l
br# ip addr add 10.0.0.254/24 dev br0; ip route; ping -n -c 1 10.0.0.3
a# ping -n -c 1 10.0.0.254
a# ip neigh | sort
br# ip link set eth1 down
a# ping -n -c 1 -W 1 10.0.0.2
br# ip link set eth1 up; sleep 1
a# ping -n -c 1 -W 1 10.0.0.2
br# ip link set eth1 nomaster
a# ip neigh flush all; ping -n -c 1 -W 1 10.0.0.2
br# ip link set eth1 master br0
a# sleep 1; ping -n -c 1 -W 1 10.0.0.2
a# ip addr add 10.0.0.9/32 dev lo; ip addr add 10.0.0.1/24 dev lo; ip route get 10.0.0.9
a# ip addr show lo
b# ping -n -c 1 -W 1 10.0.0.9
b# ip neigh show 10.0.0.9 | sed 's/lladdr.*/X/'
a# sysctl -w net.ipv4.conf.all.arp_ignore=1
b# ip neigh flush all; ping -n -c 1 -W 1 10.0.0.9
a# ip route add 10.0.0.3/32 via 10.0.0.2; ip route get 10.0.0.3
a# ip route add 8.8.8.0/24 via 10.0.0.3; ip route add 8.8.8.0/24 via 10.0.0.2 metric 3
a# ip route; ip route get 8.8.8.8
a# ip route del 8.8.8.0/24; ip route get 8.8.8.8; ip route del 8.8.8.0/24
a# ip route get 8.8.8.8
a# ip route add 8.8.8.0/24 via 10.0.0.2 table 77; ip rule add to 8.8.8.0/24 table 77
a# ip route get 8.8.8.8; ip rule del to 8.8.8.0/24; ip route get 8.8.8.8
a# ip route add 10.9.0.0/24 dev eth0 src 10.0.0.9; ip route get 10.9.0.1
a# ip addr del 10.0.0.9/32 dev lo; ip route
a# ifconfig eth0:1 10.0.5.1 netmask 255.255.255.0; ip addr show eth0; ifconfig eth0:1 down
a# ip -br addr show eth0
a# ip link set lo down; ping -n -c 1 -W 1 127.0.0.1; ping -n -c 1 -W 1 10.0.0.1
a# ip link set lo up
a# ip route flush table main; ip route; ip link set eth0 down; ip link set eth0 up
a# ip route
a# ip addr add 10.0.0.77/24 dev eth0; ip addr del 10.0.0.1/24 dev eth0
a# ip -br addr show eth0
a# sysctl -w net.ipv4.conf.all.promote_secondaries=1; ip addr add 10.0.0.1/24 dev eth0
a# ip addr add 10.0.0.77/24 dev eth0; ip addr del 10.0.0.1/24 dev eth0
a# ip -br addr show eth0; ip route
a# ip addr add 10.4.0.1/24 broadcast 10.4.0.255 dev eth0
a# ip route show table local type broadcast
a# ip addr change 10.4.0.1/24 broadcast 10.4.0.0 dev eth0; ip addr show eth0
a# sysctl net.ipv4.ip_forward net.ipv4.conf.all.forwarding
a# sysctl -w net.ipv4.conf.all.forwarding=1
a# sysctl net.ipv4.ip_forward net.ipv4.conf.eth0.forwarding; sysctl -w net.ipv4.bogus=1
""",
)


@pytest.mark.parametrize(("name", "topology"), [("corners", CORNERS), ("bridge", BRIDGE)])
def test_hosts_and_bridges_answer_the_same(name: str, topology: Topology) -> None:
    here = minios_side.answers(topology)
    there = namespaces.answers(f"host{name}", topology)
    told = [f"{step.node}# {step.command}" for step in topology.steps]
    assert list(zip(told, here, strict=True)) == list(zip(told, there, strict=True))

"""Bridges, VLAN devices, pairs and the loopback of a host."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi.errno import Errno
from minios.abi.inet import parse_ip
from minios.net.drop import Drop
from minios.net.host.bridge import BridgeDevice
from minios.net.host.loopback import Dummy
from minios.net.host.netdev import IFF_UP
from minios.net.host.veth import Veth
from minios.net.host.vlan import Vlan
from tests.net.checker import arp, eth, icmp, ipv4
from tests.net.host.helpers import Pings, ask, echo, frame, quiet
from tests.net.rig import Rig, S

A, B, C = 0x02_0000_0000_0A, 0x02_0000_0000_0B, 0x02_0000_0000_0C


def bridged(rig: Rig) -> tuple[Any, BridgeDevice, list[Any]]:
    """A host whose three cards are ports of br0, with a station at each."""
    host = rig.host("h", eth0="", eth1="", eth2="")
    bridge = BridgeDevice(host, "br0", host.next_ifindex(), 0x02_0000_0000_FF)
    host.add_device(bridge)
    stations = []
    for number, mac in enumerate((A, B, C)):
        bridge.enslave(host.devices[f"eth{number}"])
        station = rig.station("abc"[number], mac)
        rig.link(f"h.eth{number}", f"{'abc'[number]}.0")
        stations.append(station)
    host.set_up("br0")
    host.add_address("br0", parse_ip("10.0.0.1"), 24)
    return host, bridge, stations


def test_a_bridge_learns_and_forwards_like_a_switch() -> None:
    """IEEE 802.1D 7.7, 7.8."""
    rig = Rig()
    _, _, (a, b, c) = bridged(rig)
    a.send(frame(B, A, echo("10.0.0.2", "10.0.0.3")))
    b.send(frame(A, B, echo("10.0.0.3", "10.0.0.2")))
    rig.run(1)
    assert [len(station.frames) for station in (a, b, c)] == [1, 1, 1]
    assert c.frames[0].dst == B


def test_the_host_is_reached_by_the_bridge_s_address() -> None:
    rig = Rig()
    host, bridge, (a, b, _) = bridged(rig)
    a.send(ask(A, "10.0.0.2", "10.0.0.1"))
    rig.run(1)
    a.expect(0, eth(arp(op=2, spa="10.0.0.1", sha=bridge.mac), dst=A))
    b.expect(0, eth(arp(op=1)))
    a.send(frame(bridge.mac, A, echo("10.0.0.2", "10.0.0.1")))
    rig.run(2)
    a.expect(None, eth(ipv4(icmp(type=0), src="10.0.0.1")))
    b.nothing()
    assert host.devices["eth0"].neigh == {}
    assert list(bridge.neigh) == [parse_ip("10.0.0.2")]


def test_a_bridge_has_the_lowest_address_of_its_ports() -> None:
    rig = Rig()
    host, bridge, _ = bridged(rig)
    assert bridge.mac == min(host.devices[f"eth{n}"].mac for n in range(3))
    for number in range(3):
        bridge.release(host.devices[f"eth{number}"])
    assert bridge.mac == 0


@pytest.mark.parametrize(
    ("which", "number"), [("lo", Errno.EINVAL), ("br0", Errno.ELOOP), ("eth0", Errno.EBUSY)]
)
def test_what_cannot_be_a_port(which: str, number: Errno) -> None:
    rig = Rig()
    host, bridge, _ = bridged(rig)
    with pytest.raises(OSError) as err:
        bridge.enslave(host.devices[which])
    assert err.value.errno == number


def test_a_bridge_without_a_running_port_has_no_carrier() -> None:
    rig = Rig()
    host, bridge, _ = bridged(rig)
    assert bridge.operstate() == "UP"
    for number in range(3):
        rig.network.links[f"link{number + 1}"].unplug()
    assert bridge.operstate() == "DOWN"
    rig.network.links["link1"].plug()
    assert bridge.operstate() == "UP"
    host.set_up("eth0", False)
    assert bridge.operstate() == "DOWN"


def test_filtering_keeps_vlans_apart() -> None:
    """IEEE 802.1Q; vlan_filtering 1."""
    rig = Rig()
    _, bridge, (a, b, c) = bridged(rig)
    bridge.set_filtering(True)
    bridge.core.ports["eth0"].access(10)
    bridge.core.ports["eth1"].access(10)
    bridge.core.ports["eth2"].access(20)
    a.send(frame(C, A, echo("10.0.0.2", "10.0.0.4")))
    rig.run(1)
    assert [len(station.frames) for station in (a, b, c)] == [0, 1, 0]


def test_with_spanning_tree_ports_forward_after_thirty_seconds() -> None:
    """IEEE 802.1D 8.4: listening, learning, forwarding."""
    rig = Rig()
    _, bridge, (a, b, _) = bridged(rig)
    bridge.set_spanning_tree(True)
    rig.at(10 * S, a.send, frame(B, A, echo("10.0.0.2", "10.0.0.3")))
    rig.at(40 * S, a.send, frame(B, A, echo("10.0.0.2", "10.0.0.3", seq=2)))
    rig.run(50 * S)
    pings = [f.payload.payload.rest & 0xFFFF for f in b.frames if f.type == 0x0800]
    assert pings == [2]
    assert rig.reasons == [Drop.STP_BLOCKED]
    bridge.set_spanning_tree(False)
    a.send(frame(B, A, echo("10.0.0.2", "10.0.0.3", seq=3)))
    rig.run(51 * S)
    assert [f.payload.payload.rest & 0xFFFF for f in b.frames if f.type == 0x0800] == [2, 3]
    assert quiet(rig)


def vlan(rig: Rig, vid: int = 5) -> tuple[Any, Vlan, Any]:
    host = rig.host("h", eth0="10.9.0.1/24")
    device = Vlan(host, f"eth0.{vid}", host.next_ifindex(), host.devices["eth0"], vid)
    host.add_device(device)
    host.set_up(device.name)
    host.add_address(device.name, parse_ip("10.0.0.1"), 24)
    station = rig.station("a", A)
    rig.link("h.eth0", "a.0")
    return host, device, station


def test_a_vlan_device_tags_what_it_sends_and_takes_what_is_tagged() -> None:
    """IEEE 802.1Q 9.6."""
    rig = Rig()
    host, device, station = vlan(rig)
    pings = Pings(host)
    pings.send("10.0.0.2")
    rig.run(1)
    station.expect(0, eth(arp(op=1, tpa="10.0.0.2"), vlan=5, size=60))
    reply = ask(A, "10.0.0.2", "10.0.0.1", tha=device.mac, op=2, dst=device.mac)
    reply.vlan = 5
    station.send(reply)
    rig.run(2)
    station.expect(None, eth(ipv4(icmp(type=8), dst="10.0.0.2"), vlan=5, size=14 + 4 + 84))
    assert host.devices["eth0"].neigh == {}


def test_a_tag_nobody_has_is_dropped_and_priority_tags_are_not() -> None:
    """IEEE 802.1Q: VLAN 0 is only a priority."""
    rig = Rig()
    _, _, station = vlan(rig)
    other = ask(A, "10.9.0.2", "10.9.0.1")
    other.vlan = 7
    station.send(other)
    priority = ask(A, "10.9.0.2", "10.9.0.1")
    priority.vlan = 3 << 13
    station.send(priority)
    rig.run(1)
    assert rig.reasons == [Drop.VLAN]
    station.expect(0, eth(arp(op=2, spa="10.9.0.1"), vlan=None))


def test_a_vlan_device_goes_down_with_its_device() -> None:
    rig = Rig()
    host, device, _ = vlan(rig)
    host.set_up("eth0", False)
    assert not device.up
    with pytest.raises(OSError) as err:
        host.set_up(device.name)
    assert err.value.errno == Errno.ENETDOWN


def test_what_goes_into_one_end_of_a_pair_comes_out_of_the_other() -> None:
    rig = Rig()
    host = rig.host("h", eth0="")
    one = Veth(host, "veth0", 10, A)
    other = Veth(host, "veth1", 11, B)
    one.peer, other.peer = other, one
    host.add_device(one)
    host.add_device(other)
    host.set_up("veth0")
    assert one.operstate() == "LOWERLAYERDOWN"
    host.set_up("veth1")
    assert one.operstate() == other.operstate() == "UP"
    one.xmit(frame(B, A, echo("10.0.0.2", "10.0.0.3")))
    rig.run(1)
    assert (one.tx_packets, other.rx_packets) == (1, 1)


def test_a_dummy_swallows() -> None:
    rig = Rig()
    host = rig.host("h", eth0="")
    dummy = Dummy(host, "dummy0", host.next_ifindex(), A)
    host.add_device(dummy)
    host.set_up("dummy0")
    host.add_address("dummy0", parse_ip("10.0.0.1"), 24)
    Pings(host).send("10.0.0.2")
    rig.run(10 * S)
    assert dummy.tx_packets == 1
    assert rig.drops == []


def test_removing_a_device_removes_what_is_built_on_it() -> None:
    rig = Rig()
    host, device, _ = vlan(rig)
    host.inet.remove_device(host.devices["eth0"])
    assert list(host.devices) == ["lo"]
    assert not device.flags & IFF_UP
    assert [r for t in host.routes.tables.values() for r in t if r.dev is not host.lo] == []


def test_listeners_see_what_comes_and_goes_and_cost_nothing_when_gone() -> None:
    rig = Rig()
    host = rig.host("h", eth0="10.0.0.1/24")
    dev = host.devices["eth0"]
    station = rig.station("a", A)
    rig.link("h.eth0", "a.0")
    seen: list[tuple[str, bool]] = []

    def tap(frame: Any, device: Any, outgoing: bool) -> None:
        seen.append((device.name, outgoing))

    dev.taps.append(tap)
    dev.settle()
    station.send(ask(A, "10.0.0.2", "10.0.0.1"))
    rig.run(1)
    dev.taps.remove(tap)
    dev.settle()
    station.send(ask(A, "10.0.0.2", "10.0.0.1"))
    rig.run(2)
    assert seen == [("eth0", False), ("eth0", True)]
    assert dev.xmit == dev.transmit


def test_frames_for_others_are_only_heard_by_a_promiscuous_device() -> None:
    rig = Rig()
    host = rig.host("h", eth0="10.0.0.1/24")
    dev = host.devices["eth0"]
    station = rig.station("a", A)
    rig.link("h.eth0", "a.0")
    seen: list[int] = []
    dev.taps.append(lambda frame, device, outgoing: seen.append(frame.dst))
    dev.settle()
    station.send(frame(B, A, echo("10.0.0.2", "10.0.0.3")))
    rig.run(1)
    dev.promiscuous(1)
    station.send(frame(B, A, echo("10.0.0.2", "10.0.0.3")))
    rig.run(2)
    assert seen == [B]
    assert host.dropped[Drop.NOT_FOR_US] == 2
    assert rig.drops == []


def test_a_renamed_interface_still_notices_its_cable() -> None:
    rig = Rig()
    host = rig.host("h", eth0="10.0.0.1/24")
    rig.station("a", A)
    rig.link("h.eth0", "a.0")
    device = host.devices.pop("eth0")
    device.name = "wan0"
    host.devices["wan0"] = device
    rig.network.links["link1"].unplug()
    assert (device.operstate(), device.carrier_changes) == ("DOWN", 2)

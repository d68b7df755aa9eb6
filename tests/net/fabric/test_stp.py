"""The spanning tree protocol (IEEE 802.1D-1998 clause 8)."""

from itertools import pairwise
from typing import Any

import pytest

from minios.net.fabric.bridging import BLOCKING, FORWARDING, LEARNING, LISTENING
from minios.net.fabric.stp import cost_of
from minios.net.wire.ethernet import STP_MAC, Ethernet
from minios.net.wire.stp import BPDU
from tests.net.checker import eth, record
from tests.net.rig import Rig, S

ALL = 0xFFFF_FFFF_FFFF
WAIT = 31 * S
"""Twice the forward delay, and a little."""


def ring(count: int = 3, priorities: dict[int, int] | None = None, **link: int) -> Rig:
    """Switches 1 … n in a ring, a station on each; the MAC of switch n is n."""
    rig = Rig()
    for n in range(1, count + 1):
        rig.switch(
            f"sw{n}", ["left", "right", "pc"], stp=True, mac=n << 8,
            priority=(priorities or {}).get(n, 32768),
        )  # fmt: skip
    for n in range(1, count + 1):
        rig.link(f"sw{n}.right", f"sw{n % count + 1}.left", name=f"ring{n}", **link)
        rig.station(f"pc{n}", n)
        rig.link(f"pc{n}.0", f"sw{n}.pc", name=f"pc{n}")
    return rig


def bridge(rig: Rig, n: int) -> Any:
    node: Any = rig.network.nodes[f"sw{n}"]
    return node.bridge


def roles(rig: Rig, count: int = 3) -> list[tuple[str, str]]:
    return [
        tuple(bridge(rig, n).stp.role(bridge(rig, n).ports[port]) for port in ("left", "right"))
        for n in range(1, count + 1)
    ]  # type: ignore[misc]


def say(rig: Rig, n: int, dst: int = ALL) -> None:
    rig.stations[f"pc{n}"].send(Ethernet(dst, n, 0x88B5, b"hello"))


def heard(rig: Rig) -> dict[int, int]:
    """How often each station received something that is no BPDU; taken off."""
    counts = {}
    for name, station in rig.stations.items():
        count = sum(frame.type == 0x88B5 for frame in station.frames)
        station.got.clear()
        if count:
            counts[int(name[2:])] = count
    return counts


def test_the_lowest_identifier_becomes_root_and_one_port_of_a_ring_blocks():
    rig = ring()
    rig.run(WAIT)
    assert [bridge(rig, n).stp.is_root for n in (1, 2, 3)] == [True, False, False]
    assert roles(rig) == [
        ("designated", "designated"), ("root", "designated"), ("alternate", "root"),
    ]  # fmt: skip
    assert bridge(rig, 3).ports["left"].state == BLOCKING


def test_the_priority_comes_before_the_address():
    rig = ring(priorities={3: 4096})
    rig.run(WAIT)
    assert bridge(rig, 3).stp.is_root
    assert bridge(rig, 1).stp.root == 4096 << 48 | 3 << 8


def test_a_broadcast_in_a_ring_arrives_once():
    rig = ring(4)
    rig.run(WAIT)
    heard(rig)
    say(rig, 3)
    rig.run(WAIT + 5 * S)
    assert heard(rig) == {1: 1, 2: 1, 4: 1}


def test_without_the_protocol_the_ring_would_storm():
    rig = Rig()
    for n in (1, 2):
        rig.switch(f"sw{n}", 3)
    rig.link("sw1.1", "sw2.1", latency=1000)
    rig.link("sw1.2", "sw2.2", latency=1000)
    rig.station("pc1")
    rig.link("pc1.0", "sw1.3")
    say(rig, 1)
    rig.world.run_until(S, budget=1000)
    assert not rig.idle()


@pytest.mark.parametrize(("t", "state"), [(14, LISTENING), (29, LEARNING), (31, FORWARDING)])
def test_a_port_waits_two_forward_delays(t: int, state: int):
    # 802.1D-1998 8.4: 15 s listening, 15 s learning.
    rig = ring()
    rig.run(t * S)
    assert bridge(rig, 1).ports["pc"].state == state


def test_a_listening_port_learns_nothing_and_a_learning_one_does():
    rig = ring()
    rig.at(10 * S, say, rig, 2)
    rig.run(11 * S)
    assert bridge(rig, 2).table() == []
    rig.at(20 * S, say, rig, 2)
    rig.run(21 * S)
    assert [row.mac for row in bridge(rig, 2).table()] == [2]
    assert heard(rig) == {}


def test_a_pulled_cable_opens_the_blocked_port():
    rig = ring()
    rig.run(40 * S)
    heard(rig)
    rig.network.links["ring1"].unplug()
    rig.run(45 * S)
    say(rig, 2)
    rig.run(46 * S)
    assert heard(rig) == {}
    rig.run(100 * S)
    say(rig, 2)
    rig.run(101 * S)
    assert heard(rig) == {1: 1, 3: 1}
    assert roles(rig) == [("designated", "disabled"), ("disabled", "root"), ("designated", "root")]


def test_a_root_that_is_no_longer_heard_ages_out():
    # The cable of a mute root stays plugged: only max age (20 s) tells that it is gone.
    rig = ring()
    rig.run(40 * S)
    bridge(rig, 1).stp.bridge.stp = None
    for port in bridge(rig, 1).ports.values():
        port.send = lambda frame: None
        bridge(rig, 1).stp = _Mute()
    rig.run(57 * S)
    assert not bridge(rig, 2).stp.is_root
    rig.run(62 * S)
    assert bridge(rig, 2).stp.is_root
    assert bridge(rig, 3).stp.root == bridge(rig, 2).stp.ident


class _Mute:
    def receive(self, *_: object) -> None:
        pass


def test_a_topology_change_makes_old_entries_age_within_the_forward_delay():
    rig = ring()
    rig.run(100 * S)
    say(rig, 2)
    rig.run(101 * S)
    assert [(row.mac, row.port) for row in bridge(rig, 3).table()] == [(2, "right")]
    rig.network.links["ring1"].unplug()
    rig.run(115 * S)  # switch 3 believes the old root for up to 20 s, then 2 tells of its change
    assert [(row.mac, row.port) for row in bridge(rig, 3).table()] == [(2, "right")]
    rig.run(125 * S)
    assert bridge(rig, 3).table() == []


def test_the_change_is_told_to_the_root_and_acknowledged():
    rig = ring(4)
    rig.run(100 * S)
    assert not bridge(rig, 1).stp.changing
    rig.network.links["pc3"].unplug()
    rig.network.links["pc3"].plug()
    rig.run(135 * S)
    assert bridge(rig, 1).stp.changing
    assert not bridge(rig, 3).stp.detected
    rig.run(200 * S)
    assert not bridge(rig, 1).stp.changing


def test_the_root_says_hello_every_two_seconds():
    rig = ring()
    rig.run(60 * S)
    station = rig.stations["pc1"]
    times = station.times
    assert [b - a for a, b in pairwise(times)][-10:] == [2 * S] * 10
    station.got[:] = station.got[-1:]
    station.expect(
        None,
        eth(
            record("BPDU", None, root=32768 << 48 | 1 << 8, cost=0, message_age=0, hello_time=512),
            dst=STP_MAC,
        ),
    )


def test_a_message_gets_older_at_each_bridge():
    rig = ring()
    rig.run(60 * S)
    bpdu = rig.stations["pc2"].frames[-1].payload
    assert (bpdu.cost, bpdu.message_age) == (2, 256)


def test_a_faster_way_costs_less():
    assert [cost_of(rate) for rate in (10**7, 10**8, 10**9, 10**10, 0)] == [100, 19, 4, 2, 2]
    rig = ring(3, rate=10**8)
    rig.network.links["ring3"].unplug()
    rig.network.links["ring3"].set(rig.network.links["ring3"].wires[0].spec._replace(rate=10**7))
    rig.network.links["ring3"].plug()
    rig.run(WAIT)
    # The direct way of switch 3 to the root costs 100, the one through switch 2 costs 38.
    assert roles(rig)[2] == ("root", "alternate")
    assert bridge(rig, 3).stp.root_cost == 38


def test_a_switch_without_the_protocol_passes_bpdus_on():
    rig = Rig()
    rig.switch("sw", 2)
    for n in (1, 2):
        rig.station(f"s{n}", n)
        rig.link(f"s{n}.0", f"sw.{n}")
    bpdu = BPDU(0, 0, 1, 0, 1, 1)
    rig.stations["s1"].send(Ethernet(STP_MAC, 1, bpdu.length, bpdu))
    rig.run(S)
    rig.stations["s2"].expect(0, eth(dst=STP_MAC))


def test_nonsense_to_the_bridges_address_is_dropped():
    rig = ring()
    rig.stations["pc1"].send(Ethernet(STP_MAC, 1, 4, b"\x42\x42\x03?"))
    rig.run(S)
    assert [each.reason.name for each in rig.drops] == ["MALFORMED"]


def test_two_cables_between_two_switches_leave_one_open():
    rig = Rig()
    for n in (1, 2):
        rig.switch(f"sw{n}", 2, stp=True, mac=n << 8)
    rig.link("sw1.1", "sw2.1")
    rig.link("sw1.2", "sw2.2")
    rig.run(WAIT)
    states = [[port.state for port in bridge(rig, n).ports.values()] for n in (1, 2)]
    assert states == [[FORWARDING, FORWARDING], [FORWARDING, BLOCKING]]


def test_a_run_in_pieces_has_the_same_digest():
    whole, pieces = ring(), ring()
    whole.run(70 * S)
    while not pieces.world.run_until(70 * S, budget=7):
        pass
    assert whole.world.digest() == pieces.world.digest()

"""The ARP cache: RFC 826, and the states of Linux's neighbours (arp(7))."""

import pytest

from minios.abi.inet import parse_ip
from minios.net.drop import Drop
from minios.net.host import neigh
from minios.net.wire.ethernet import Ethernet
from tests.net.checker import arp, eth, icmp, ipv4
from tests.net.host.helpers import ALL, Pings, ask, echo, quiet
from tests.net.rig import MS, Rig, S

MAC = 0x02_0000_0000_99
PEER = "10.0.0.9"


def pair(rig: Rig, **options):  # type: ignore[no-untyped-def]
    """A host and a bare station on a cable."""
    host = rig.host("pc", eth0="10.0.0.1/24", **options)
    station = rig.station("peer", MAC)
    rig.link("pc.eth0", "peer.0")
    return host, station, host.devices["eth0"]


def state(dev, ip: str = PEER) -> str:  # type: ignore[no-untyped-def]
    entry = dev.neigh.get(parse_ip(ip))
    return neigh.STATES[entry.nud()] if entry else "none"


def answer(station, dev, dst: str = PEER):  # type: ignore[no-untyped-def]
    station.send(ask(MAC, dst, "10.0.0.1", tha=dev.mac, op=2, dst=dev.mac))


def test_a_question_goes_to_everybody_and_the_packet_waits_for_the_answer() -> None:
    """RFC 826."""
    rig = Rig()
    host, station, dev = pair(rig)
    Pings(host).send(PEER)
    rig.run(1 * MS)
    station.expect(
        0, eth(arp(op=1, sha=dev.mac, spa="10.0.0.1", tha=0, tpa=PEER), dst="ff:ff:ff:ff:ff:ff")
    )
    station.nothing()
    assert state(dev) == "INCOMPLETE"
    rig.at(5 * MS, answer, station, dev)
    rig.run(6 * MS)
    station.expect(5 * MS, eth(ipv4(icmp(type=8), dst=PEER), dst=MAC))
    assert state(dev) == "REACHABLE"
    assert quiet(rig)


def test_three_questions_a_second_apart_and_the_sender_hears_host_unreachable() -> None:
    """mcast_solicit is 3, retrans_time 1 s; RFC 1122 2.3.2.2, RFC 1812 5.2.7.1."""
    rig = Rig()
    host, station, dev = pair(rig)
    pings = Pings(host)
    pings.send(PEER)
    rig.run(10 * S)
    assert station.times == [0, 1 * S, 2 * S]
    assert state(dev) == "FAILED"
    assert pings.errors == [(3 * S, 3, 1, 0, parse_ip("10.0.0.1"))]
    assert rig.reasons == [Drop.ARP_TIMEOUT]
    assert quiet(rig)


def test_a_failed_neighbour_is_asked_for_again() -> None:
    rig = Rig()
    host, station, dev = pair(rig)
    pings = Pings(host)
    pings.send(PEER)
    rig.run(10 * S)
    station.got.clear()
    pings.send(PEER)
    rig.run(11 * S)
    assert station.times == [10 * S, 11 * S]
    assert state(dev) == "INCOMPLETE"


def test_a_reachable_neighbour_is_stale_after_thirty_seconds_without_any_event() -> None:
    rig = Rig()
    host, station, dev = pair(rig)
    Pings(host).send(PEER)
    rig.at(0, answer, station, dev)
    rig.run(30 * S - 1)
    assert state(dev) == "REACHABLE"
    rig.run(30 * S)
    assert state(dev) == "STALE"
    assert quiet(rig)


def test_a_stale_neighbour_is_used_and_probed_five_seconds_later() -> None:
    """DELAY, then PROBE: unicast questions (RFC 4861 7.3.3 has the same)."""
    rig = Rig()
    host, station, dev = pair(rig)
    pings = Pings(host)
    pings.send(PEER)
    rig.at(0, answer, station, dev)
    rig.run(40 * S)
    station.got.clear()
    pings.send(PEER)
    assert state(dev) == "DELAY"
    rig.run(41 * S)
    station.expect(40 * S, eth(ipv4(icmp(type=8)), dst=MAC))
    rig.run(45 * S)
    station.expect(45 * S, eth(arp(op=1, tpa=PEER), dst=MAC))
    assert state(dev) == "PROBE"
    answer(station, dev)
    rig.run(46 * S)
    assert state(dev) == "REACHABLE"
    assert quiet(rig)


def test_a_neighbour_that_does_not_answer_probes_has_failed_after_three() -> None:
    rig = Rig()
    host, station, dev = pair(rig)
    pings = Pings(host)
    pings.send(PEER)
    rig.at(0, answer, station, dev)
    rig.run(40 * S)
    station.got.clear()
    pings.send(PEER)
    rig.run(60 * S)
    assert station.times == [40 * S, 45 * S, 46 * S, 47 * S]
    assert state(dev) == "FAILED"


def test_progress_of_a_higher_protocol_confirms_a_neighbour() -> None:
    """RFC 1122 2.3.2.1 (4): advice from a higher layer."""
    rig = Rig()
    host, station, dev = pair(rig)
    pings = Pings(host)
    pings.send(PEER)
    rig.at(0, answer, station, dev)
    rig.run(40 * S)
    pings.send(PEER)
    rig.run(42 * S)
    dev.neigh[parse_ip(PEER)].confirm()
    rig.run(50 * S)
    assert state(dev) == "REACHABLE"
    assert len(station.got) == 3  # the question of the beginning, two pings, and no probe


def test_a_question_for_us_is_answered_and_teaches_the_asker_as_stale() -> None:
    """RFC 826, packet reception."""
    rig = Rig()
    _, station, dev = pair(rig)
    station.send(ask(MAC, PEER, "10.0.0.1"))
    rig.run(1 * MS)
    station.expect(0, eth(arp(op=2, sha=dev.mac, spa="10.0.0.1", tha=MAC, tpa=PEER), dst=MAC))
    assert state(dev) == "STALE"


def test_a_question_for_somebody_else_teaches_nothing() -> None:
    rig = Rig()
    _, station, dev = pair(rig)
    station.send(ask(MAC, PEER, "10.0.0.77"))
    rig.run(1 * MS)
    station.nothing()
    assert dev.neigh == {}


def test_an_answer_nobody_asked_for_is_ignored() -> None:
    rig = Rig()
    _, station, dev = pair(rig)
    answer(station, dev)
    rig.run(1 * MS)
    assert dev.neigh == {}


def test_a_gratuitous_arp_changes_what_is_known_and_makes_nothing_new() -> None:
    """RFC 5227 3; arp_accept is 0."""
    rig = Rig()
    host, station, dev = pair(rig)
    Pings(host).send(PEER)
    rig.at(0, answer, station, dev)
    rig.run(2 * S)
    other = MAC + 1
    station.send(ask(other, PEER, PEER))
    station.send(ask(other, "10.0.0.10", "10.0.0.10"))
    rig.run(3 * S)
    assert dev.neigh[parse_ip(PEER)].mac == other
    assert state(dev) == "STALE"
    assert list(dev.neigh) == [parse_ip(PEER)]


def test_with_arp_accept_a_gratuitous_arp_is_remembered() -> None:
    rig = Rig()
    _, station, dev = pair(rig, sysctl={"conf.eth0.arp_accept": 1})
    station.send(ask(MAC, PEER, PEER))
    rig.run(1 * MS)
    assert state(dev) == "STALE"


def test_a_probe_for_our_address_is_answered() -> None:
    """RFC 5227 2.1.1: a sender address of 0 asks whether the address is in use."""
    rig = Rig()
    _, station, dev = pair(rig)
    station.send(ask(MAC, "0.0.0.0", "10.0.0.1"))
    rig.run(1 * MS)
    station.expect(0, eth(arp(op=2, spa="10.0.0.1", tpa="0.0.0.0"), dst=MAC))
    assert dev.neigh == {}


def test_announcing_tells_everybody() -> None:
    rig = Rig()
    host, station, dev = pair(rig)
    host.arp.announce(dev, parse_ip("10.0.0.1"))
    rig.run(1 * MS)
    station.expect(0, eth(arp(op=1, spa="10.0.0.1", tpa="10.0.0.1"), dst="ff:ff:ff:ff:ff:ff"))


@pytest.mark.parametrize(
    ("level", "target", "answered"),
    [
        (0, "10.0.0.1", True), (0, "10.5.0.1", True), (1, "10.0.0.1", True),
        (1, "10.5.0.1", False), (2, "10.0.0.1", True), (8, "10.0.0.1", False),
    ],
)  # fmt: skip
def test_arp_ignore(level: int, target: str, answered: bool) -> None:
    """ip-sysctl.rst: for which addresses a device answers."""
    rig = Rig()
    rig.host("pc", eth0="10.0.0.1/24", eth1="10.5.0.1/24", sysctl={"conf.all.arp_ignore": level})
    station = rig.station("peer", MAC)
    rig.link("pc.eth0", "peer.0")
    station.send(ask(MAC, PEER, target))
    rig.run(1 * MS)
    assert [frame.payload.op for frame in station.frames] == [2] * answered


def test_a_router_answers_for_others_with_proxy_arp() -> None:
    """RFC 1027."""
    rig = Rig()
    rig.host(
        "gw", eth0="10.0.0.1/24", eth1="10.5.0.1/24", forwarding=True,
        sysctl={"conf.eth0.proxy_arp": 1},
    )  # fmt: skip
    station = rig.station("peer", MAC)
    rig.link("gw.eth0", "peer.0")
    station.send(ask(MAC, PEER, "10.5.0.7"))
    station.send(ask(MAC, PEER, "10.0.0.7"))
    rig.run(1 * MS)
    station.expect(0, eth(arp(op=2, spa="10.5.0.7"), dst=MAC))
    station.nothing()


def test_packets_that_wait_are_bounded_and_the_oldest_go() -> None:
    """unres_qlen: 101 packets wait for an address at most."""
    rig = Rig()
    host, station, dev = pair(rig)
    pings = Pings(host)
    for number in range(150):
        pings.send(PEER, seq=number)
    assert rig.reasons == [Drop.ARP_QUEUE] * 49
    rig.at(1 * MS, answer, station, dev)
    rig.run(2 * MS)
    sent = [frame.payload.payload.rest & 0xFFFF for frame in station.frames[1:]]
    assert sent == list(range(49, 150))


def test_an_arp_storm_fills_the_table_to_its_bound() -> None:
    """gc_thresh3: who asks from a thousand addresses is not remembered beyond that."""
    rig = Rig()
    host, station, dev = pair(rig)
    for number in range(1500):
        station.send(ask(MAC, f"10.0.0.{number % 200 + 2}", "10.0.0.1"))
    for number in range(3000):
        ip = f"172.{16 + number // 65536}.{number // 256 % 256}.{number % 256}"
        station.send(ask(MAC + number, ip, "10.0.0.1"))
    rig.run(1 * S)
    assert len(dev.neigh) == host.neigh.count == 1024
    assert host.neigh.overflows == 3200 - 1024
    assert host.dropped[Drop.TABLE_FULL] == 3200 - 1024
    rig.run(100 * S)
    assert quiet(rig)
    station.send(ask(MAC, "172.31.0.1", "10.0.0.1"))
    rig.run(101 * S)
    assert state(dev, "172.31.0.1") == "STALE"
    assert host.neigh.count < 1024


def test_permanent_entries_are_not_learnt_over() -> None:
    rig = Rig()
    host, station, dev = pair(rig)
    entry = host.neigh.find(dev, parse_ip(PEER))
    entry.learn(MAC, neigh.PERMANENT, admin=True)
    station.send(ask(MAC + 1, PEER, "10.0.0.1"))
    rig.run(1000 * S)
    assert (entry.mac, state(dev)) == (MAC, "PERMANENT")


def test_pulling_the_cable_forgets_neighbours_but_permanent_ones() -> None:
    rig = Rig()
    host, station, dev = pair(rig)
    host.neigh.find(dev, parse_ip("10.0.0.50")).learn(MAC, neigh.PERMANENT, admin=True)
    station.send(ask(MAC, PEER, "10.0.0.1"))
    rig.run(1 * MS)
    assert len(dev.neigh) == 2
    rig.network.links["link1"].unplug()
    assert list(dev.neigh) == [parse_ip("10.0.0.50")]
    host.set_up("eth0", False)
    assert dev.neigh == {}
    assert host.neigh.count == 0


def test_the_sender_of_a_question_is_the_packet_s_own_address() -> None:
    """arp_announce 0 and 2."""
    for level, sender in ((0, "10.5.0.1"), (2, "10.0.0.1")):
        rig = Rig()
        host = rig.host(
            "pc", eth0="10.0.0.1/24", eth1="10.5.0.1/24", sysctl={"conf.all.arp_announce": level}
        )
        station = rig.station("peer", MAC)
        rig.link("pc.eth0", "peer.0")
        host.ip_output(echo("10.5.0.1", PEER))
        rig.run(1 * MS)
        station.expect(0, eth(arp(op=1, spa=sender)))


def test_nothing_that_is_not_arp_for_ipv4_is_taken() -> None:
    rig = Rig()
    _, station, dev = pair(rig)
    station.send(Ethernet(ALL, MAC, 0x0806, b"\0" * 28))
    station.send(ask(MAC, PEER, "224.0.0.1"))
    station.send(ask(MAC, PEER, "10.0.0.1", op=9))
    rig.run(1 * MS)
    assert rig.reasons == [Drop.MALFORMED, Drop.MARTIAN, Drop.MALFORMED]
    assert dev.neigh == {}

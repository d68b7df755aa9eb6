"""Routers: RFC 1812, and the order and the reasons of Linux."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi.errno import Errno
from minios.abi.inet import parse_ip
from minios.net.drop import Drop
from minios.net.host import fib
from minios.net.host.fib import Route
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from tests.net.checker import eth, icmp, ipv4
from tests.net.host.helpers import ALL, Pings, ask, echo, frame, quiet
from tests.net.rig import MS, Rig, S

A, B = 0x02_0000_0000_0A, 0x02_0000_0000_0B


class Middle:
    """A router between two bare stations, which it knows."""

    def __init__(self, forwarding: bool = True, **sysctl: int) -> None:
        rig = self.rig = Rig()
        self.router = rig.host(
            "r", eth0="10.1.0.1/24", eth1="10.2.0.1/24", forwarding=forwarding, sysctl=sysctl
        )
        self.a, self.b = rig.station("a", A), rig.station("b", B)
        rig.link("r.eth0", "a.0")
        rig.link("r.eth1", "b.0")
        self.in_mac = self.router.devices["eth0"].mac
        self.out_mac = self.router.devices["eth1"].mac
        self.a.send(ask(A, "10.1.0.2", "10.1.0.1"))
        self.b.send(ask(B, "10.2.0.2", "10.2.0.1"))
        rig.run(1 * MS)
        self.a.got.clear()
        self.b.got.clear()

    def send(self, packet: Any, *, dst: int = 0) -> None:
        """From a to the router; a millisecond later all is over."""
        self.a.send(frame(dst or self.in_mac, A, packet))
        self.rig.run(self.rig.world.now + 1 * MS)


def test_a_packet_goes_on_with_its_ttl_one_less_and_new_hardware_addresses() -> None:
    """RFC 1812 5.3.1, 5.2.1."""
    net = Middle()
    net.send(echo("10.1.0.2", "10.2.0.2", ttl=9))
    net.b.expect(
        None, eth(ipv4(icmp(type=8), src="10.1.0.2", dst="10.2.0.2", ttl=8), src=net.out_mac, dst=B)
    )
    net.a.nothing()
    assert net.router.counters["IpForwDatagrams"] == 1


def test_a_host_does_not_forward() -> None:
    """RFC 1122 3.3.1.1."""
    net = Middle(forwarding=False)
    net.send(echo("10.1.0.2", "10.2.0.2"))
    net.b.nothing()
    net.a.nothing()
    assert net.rig.reasons == [Drop.NOT_FORWARDING]


def test_a_used_up_ttl_is_told() -> None:
    """RFC 1812 4.3.2.3, 5.3.1; the source is the address towards the sender."""
    net = Middle()
    net.send(echo("10.1.0.2", "10.2.0.2", ttl=1))
    net.a.expect(
        None, eth(ipv4(icmp(type=11, code=0), src="10.1.0.1", dst="10.1.0.2", ttl=64, tos=0xC0))
    )
    net.b.nothing()
    assert net.rig.reasons == [Drop.TTL]


def test_an_error_quotes_the_header_and_as_much_as_fits_into_576_bytes() -> None:
    """RFC 1812 4.3.2.3."""
    net = Middle()
    sent = echo("10.1.0.2", "10.2.0.2", ttl=1, data=bytes(1000), ident=77)
    net.send(sent)
    packet = net.a.frames[0].payload
    assert packet.length == 576
    assert packet.payload.payload == sent.pack()[:548]


def test_without_a_route_the_network_is_unreachable() -> None:
    """RFC 1812 5.2.7.1."""
    net = Middle()
    net.send(echo("10.1.0.2", "10.9.0.2"))
    net.a.expect(None, eth(ipv4(icmp(type=3, code=0), src="10.1.0.1")))
    assert net.rig.reasons == [Drop.NO_ROUTE]


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        (fib.UNREACHABLE, Drop.UNREACHABLE, 1),
        (fib.PROHIBIT, Drop.PROHIBIT, 13),
        (fib.BLACKHOLE, Drop.BLACKHOLE, None),
    ],
)
def test_routes_that_lead_nowhere(kind: int, reason: Drop, code: int | None) -> None:
    """ip-route(8): unreachable tells host unreachable, prohibit administratively prohibited."""
    net = Middle()
    net.router.routes.insert(Route(parse_ip("10.9.0.0"), 16, None, type=kind))
    net.send(echo("10.1.0.2", "10.9.0.2"))
    codes = [f.payload.payload.code for f in net.a.frames]
    assert codes == ([] if code is None else [code])
    assert net.rig.reasons == [reason]


def test_a_host_that_does_not_answer_is_unreachable() -> None:
    """RFC 1812 5.2.7.1: code 1, when ARP has given up."""
    net = Middle()
    start = net.rig.world.now
    net.send(echo("10.1.0.2", "10.2.0.77"))
    net.rig.run(start + 10 * S)
    assert net.a.times[0] == start + 3 * S
    net.a.expect(None, eth(ipv4(icmp(type=3, code=1), src="10.1.0.1")))
    assert net.rig.reasons == [Drop.ARP_TIMEOUT]


def test_too_long_and_not_to_be_fragmented() -> None:
    """RFC 1191 4: the error carries the next hop's MTU."""
    net = Middle()
    net.router.devices["eth1"].mtu = 1000
    net.router.routes.changed()
    net.send(echo("10.1.0.2", "10.2.0.2", data=bytes(1200), df=True))
    net.a.expect(None, eth(ipv4(icmp(type=3, code=4, rest=1000))))
    net.b.nothing()
    assert net.rig.reasons == [Drop.MTU_DF]


def test_too_long_is_fragmented() -> None:
    """RFC 791 2.3: every fragment's data but the last's is a multiple of 8 bytes."""
    net = Middle()
    net.router.devices["eth1"].mtu = 1000
    net.router.routes.changed()
    net.send(echo("10.1.0.2", "10.2.0.2", data=bytes(1992), ident=9, ttl=64))
    parts = [f.payload for f in net.b.frames]
    assert [(p.offset, len(p.payload), p.mf, p.ttl) for p in parts] == [
        (0, 976, True, 63), (976, 976, True, 63), (1952, 48, False, 63),
    ]  # fmt: skip
    assert {p.ident for p in parts} == {9}


@pytest.mark.parametrize("src", ["224.0.0.1", "255.255.255.255", "0.1.2.3", "127.0.0.1"])
def test_sources_that_cannot_be(src: str) -> None:
    """RFC 1812 5.3.7, martian addresses."""
    net = Middle()
    net.send(echo(src, "10.2.0.2"))
    net.b.nothing()
    net.a.nothing()
    assert net.rig.reasons == [Drop.MARTIAN]


@pytest.mark.parametrize("dst", ["127.0.0.1", "0.0.0.1"])
def test_destinations_that_cannot_be(dst: str) -> None:
    net = Middle()
    net.send(echo("10.1.0.2", dst))
    net.b.nothing()
    assert net.rig.reasons == [Drop.MARTIAN]


def test_martians_are_logged_if_wanted_and_not_too_often() -> None:
    """log_martians; the kernel's words."""
    net = Middle(**{"conf.all.log_martians": 1})
    said: list[tuple[int, str]] = []
    net.router.printk = lambda level, text: said.append((level, text))
    for _ in range(30):
        net.send(echo("127.0.0.1", "10.2.0.2"))
    assert said[:2] == [
        (4, "IPv4: martian source 10.2.0.2 from 127.0.0.1, on dev eth0"),
        (4, f"ll header: 00000000: {net.in_mac.to_bytes(6, 'big').hex(' ')} "
            "02 00 00 00 00 0a 08 00"),
    ]  # fmt: skip
    assert len(said) == 20
    net.rig.run(net.rig.world.now + 5 * S)
    net.send(echo("127.0.0.1", "10.2.0.2"))
    assert len(said) == 22


def test_our_own_address_as_a_source_is_a_martian() -> None:
    net = Middle()
    net.send(echo("10.2.0.1", "10.2.0.2"))
    assert net.rig.reasons == [Drop.MARTIAN]


@pytest.mark.parametrize(
    ("level", "src", "reasons"),
    [
        (0, "10.2.0.7", []), (1, "10.2.0.7", [Drop.RPF]), (2, "10.2.0.7", []),
        (1, "10.1.0.9", []), (2, "172.16.0.1", [Drop.RPF]),
    ],
)  # fmt: skip
def test_rp_filter(level: int, src: str, reasons: list[Drop]) -> None:
    """RFC 3704: 1 is strict, 2 loose."""
    net = Middle(**{"conf.all.rp_filter": level})
    net.send(echo(src, "10.2.0.2"))
    assert net.rig.reasons == reasons
    assert len(net.b.frames) == (not reasons)


@pytest.mark.parametrize(
    ("src", "passes"),
    [("10.1.0.2", False), ("192.168.3.4", False), ("100.64.0.1", False), ("169.254.1.1", False),
     ("172.32.0.1", True), ("8.8.8.8", True)],
)  # fmt: skip
def test_private_sources_on_the_public_side(src: str, passes: bool) -> None:
    """RFC 1918 3, RFC 6598: a provider's router drops them (bogon_filter)."""
    net = Middle(**{"conf.eth0.bogon_filter": 1})
    net.send(echo(src, "10.2.0.2"))
    assert net.rig.reasons == ([] if passes else [Drop.PRIVATE])


def test_a_better_way_is_told_and_the_packet_goes_it() -> None:
    """RFC 1812 5.2.7.2: redirects for the host."""
    net = Middle()
    net.router.add_route(parse_ip("10.9.0.0"), 16, parse_ip("10.1.0.9"))
    net.a.send(ask(A, "10.1.0.9", "10.1.0.1"))
    net.send(echo("10.1.0.2", "10.9.0.2"))
    net.a.got.pop(0)
    net.a.expect(None, eth(ipv4(icmp(type=5, code=1, rest=parse_ip("10.1.0.9")), dst="10.1.0.2")))
    net.a.expect(None, eth(ipv4(icmp(type=8), dst="10.9.0.2")))


def test_a_host_believes_a_redirect_of_its_gateway_only() -> None:
    """RFC 1122 3.2.2.2."""
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24", gateway="10.1.0.1")
    station = rig.station("gw", A)
    rig.link("pc.eth0", "gw.0")
    mac = pc.devices["eth0"].mac

    def redirect(by: str, to: str, goal: str) -> Ethernet:
        quoted = echo("10.1.0.2", goal).pack()[:28]
        message = ICMP(5, 1, parse_ip(to), quoted)
        return frame(mac, A, IPv4(parse_ip(by), parse_ip("10.1.0.2"), 1, message))

    def way(goal: str) -> int:
        return int(pc.route(parse_ip(goal)).nexthop)

    station.send(redirect("10.1.0.77", "10.1.0.9", "8.8.8.8"))
    station.send(redirect("10.1.0.1", "9.9.9.9", "8.8.4.4"))
    station.send(redirect("10.1.0.1", "10.1.0.9", "1.1.1.1"))
    rig.run(1 * MS)
    assert [way("8.8.8.8"), way("8.8.4.4")] == [parse_ip("10.1.0.1")] * 2
    assert way("1.1.1.1") == parse_ip("10.1.0.9")
    assert rig.reasons == [Drop.MARTIAN] * 2
    rig.run(301 * S)
    assert way("1.1.1.1") == parse_ip("10.1.0.1")


def test_a_unicast_packet_in_a_broadcast_frame_is_not_forwarded() -> None:
    """RFC 1812 5.3.4."""
    net = Middle()
    net.send(echo("10.1.0.2", "10.2.0.2"), dst=ALL)
    net.b.nothing()
    assert net.rig.reasons == [Drop.BROADCAST]


def test_directed_broadcasts_and_multicasts_stay_where_they_are() -> None:
    """RFC 2644."""
    net = Middle()
    net.send(echo("10.1.0.2", "10.2.0.255"))
    net.send(echo("10.1.0.2", "224.0.0.9"), dst=0x01_005E_0000_09)
    net.send(echo("10.1.0.2", "255.255.255.255"), dst=ALL)
    net.b.nothing()
    net.a.nothing()


def test_with_bc_forwarding_a_directed_broadcast_reaches_everybody_there() -> None:
    """What a smurf attack needs, and RFC 2644 made the exception."""
    net = Middle(**{"conf.all.bc_forwarding": 1, "conf.eth0.bc_forwarding": 1})
    net.send(echo("10.1.0.2", "10.2.0.255"))
    net.b.expect(None, eth(ipv4(icmp(type=8), dst="10.2.0.255"), dst="ff:ff:ff:ff:ff:ff"))


def test_routes_of_a_dead_link_count_unless_ignored() -> None:
    """ignore_routes_with_linkdown."""
    for ignored, counted in ((0, "10.2.0.9"), (1, "10.1.0.9")):
        net = Middle(**{"conf.eth1.ignore_routes_with_linkdown": ignored})
        net.router.add_route(parse_ip("10.9.0.0"), 16, parse_ip("10.2.0.9"))
        net.router.add_route(parse_ip("10.9.0.0"), 16, parse_ip("10.1.0.9"), metric=9)
        net.rig.network.links["link2"].unplug()
        assert net.router.route(parse_ip("10.9.0.1")).nexthop == parse_ip(counted)


def test_an_error_about_a_broadcast_is_bogus() -> None:
    """RFC 1122 3.2.2; icmp_ignore_bogus_error_responses."""
    net = Middle(icmp_ignore_bogus_error_responses=0)
    said: list[str] = []
    net.router.printk = lambda level, text: said.append(text)
    quoted = echo("10.1.0.1", "10.1.0.255").pack()[:28]
    net.send(IPv4(parse_ip("10.1.0.2"), parse_ip("10.1.0.1"), 1, ICMP(3, 1, 0, quoted)))
    assert net.rig.reasons == [Drop.INVALID]
    assert said == [
        "icmp: 10.1.0.2 sent an invalid ICMP type 3, code 1 error to a broadcast: "
        "10.1.0.255 on eth0"
    ]


def test_no_error_about_an_error_a_broadcast_or_a_later_fragment() -> None:
    """RFC 1122 3.2.2."""

    net = Middle()
    here, there = parse_ip("10.1.0.2"), parse_ip("10.9.0.2")
    error = ICMP(3, 1, 0, echo("1.1.1.1", "2.2.2.2").pack()[:28])
    net.send(IPv4(here, there, 1, error))
    net.send(IPv4(here, there, 17, b"\0" * 16, offset=64))
    net.send(IPv4(here, there, 17, b"\0" * 16), dst=ALL)
    net.a.nothing()


def test_errors_are_limited_per_destination() -> None:
    """icmp_ratelimit: one a second after six at once (icmp(7))."""
    net = Middle()
    for number in range(20):
        net.send(echo("10.1.0.2", "10.2.0.2", ttl=1, seq=number))
    assert len(net.a.frames) == 6
    net.rig.run(net.rig.world.now + 2 * S)
    for number in range(20):
        net.send(echo("10.1.0.2", "10.2.0.2", ttl=1, seq=number))
    assert len(net.a.frames) == 8
    assert net.router.counters["IcmpOutRateLimitHost"] == 40 - 8
    assert net.rig.reasons == [Drop.TTL] * 40


def test_that_there_is_no_way_is_told_two_times_at_once() -> None:
    """ip_error has a limit of its own before icmp_ratelimit, and both take from one bucket."""
    net = Middle()
    for number in range(10):
        net.send(echo("10.1.0.2", "10.9.0.2", seq=number))
    assert len(net.a.frames) == 2
    net.rig.run(net.rig.world.now + 2 * S)
    for number in range(10):
        net.send(echo("10.1.0.2", "10.9.0.2", seq=number))
    assert len(net.a.frames) == 3
    assert net.rig.reasons == [Drop.NO_ROUTE] * 20


def test_a_wrong_header_checksum_ends_a_packet() -> None:
    """RFC 1812 5.2.2."""
    net = Middle()
    net.send(echo("10.1.0.2", "10.2.0.2", checksum=0x1234))
    net.b.nothing()
    assert net.rig.reasons == [Drop.CHECKSUM]


def test_bytes_that_are_no_packet() -> None:
    net = Middle()
    net.a.send(Ethernet(net.in_mac, A, 0x0800, b"\x45" + bytes(30)))
    net.a.send(Ethernet(net.in_mac, A, 0x88CC, b"\x45" + bytes(30)))
    net.a.send(Ethernet(net.in_mac + 1, A, 0x0800, echo("10.1.0.2", "10.2.0.2")))
    net.rig.run(net.rig.world.now + 1)
    assert net.rig.reasons == [Drop.MALFORMED, Drop.UNKNOWN_PROTOCOL]
    assert net.router.dropped[Drop.NOT_FOR_US] == 1


def test_a_change_of_routes_takes_effect_at_once() -> None:
    net = Middle()
    net.send(echo("10.1.0.2", "10.2.0.2"))
    net.router.routes.insert(Route(parse_ip("10.2.0.2"), 32, None, type=fib.BLACKHOLE))
    net.send(echo("10.1.0.2", "10.2.0.2"))
    net.router.routes.flush(lambda route: route.type == fib.BLACKHOLE)
    net.send(echo("10.1.0.2", "10.2.0.2"))
    assert len(net.b.frames) == 2
    assert net.rig.reasons == [Drop.BLACKHOLE]


# -- what a host sends itself --------------------------------------------------------------------


def test_path_mtu_is_learnt_and_forgotten_after_ten_minutes() -> None:
    """RFC 1191 6.3; mtu_expires."""
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24", gateway="10.1.0.1")
    router = rig.host("r", eth0="10.1.0.1/24", eth1="10.2.0.1/24", forwarding=True)
    rig.host("far", eth0="10.2.0.2/24", gateway="10.2.0.1")
    rig.link("pc.eth0", "r.eth0")
    rig.link("r.eth1", "far.eth0")
    router.devices["eth1"].mtu = 900
    router.routes.changed()
    pings = Pings(pc)
    pings.send("10.2.0.2", data=bytes(1400), df=True)
    rig.run(1 * S)
    assert [error[1:4] for error in pings.errors] == [(3, 4, 900)]
    assert pc.route(parse_ip("10.2.0.2")).mtu == 900
    assert pc.route(parse_ip("10.2.0.3")).mtu == 1500
    with pytest.raises(OSError) as err:
        pings.send("10.2.0.2", data=bytes(1400), df=True)
    assert err.value.errno == Errno.EMSGSIZE
    pings.send("10.2.0.2", data=bytes(1400))
    rig.run(2 * S)
    assert len(pings.got) == 1
    rig.run(601 * S)
    assert pc.route(parse_ip("10.2.0.2")).mtu == 1500


def test_an_mtu_below_the_minimum_is_not_believed() -> None:
    """route/min_pmtu: nobody can make us send tiny fragments."""
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24", gateway="10.1.0.1")
    assert pc.routes.learn_mtu(parse_ip("8.8.8.8"), 68) == 552


def test_a_forged_error_about_a_packet_of_somebody_else_is_dropped() -> None:
    """RFC 5927 is why."""

    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24", gateway="10.1.0.1")
    station = rig.station("gw", A)
    rig.link("pc.eth0", "gw.0")
    forged = ICMP(3, 4, 600, echo("10.7.7.7", "8.8.8.8").pack()[:28])
    packet = IPv4(parse_ip("10.1.0.1"), parse_ip("10.1.0.2"), 1, forged)
    station.send(frame(pc.devices["eth0"].mac, A, packet))
    rig.run(1)
    assert rig.reasons == [Drop.INVALID]
    assert pc.routes.exceptions == {}


@pytest.mark.parametrize(
    ("dst", "number"),
    [("10.9.0.1", Errno.ENETUNREACH), ("10.3.0.1", Errno.EACCES), ("10.4.0.1", Errno.EHOSTUNREACH),
     ("10.5.0.1", Errno.EINVAL)],
)  # fmt: skip
def test_why_a_packet_of_ones_own_cannot_be_sent(dst: str, number: Errno) -> None:
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24")
    for net, kind in (("10.3.0.0", fib.PROHIBIT), ("10.4.0.0", fib.UNREACHABLE),
                      ("10.5.0.0", fib.BLACKHOLE)):  # fmt: skip
        pc.routes.insert(Route(parse_ip(net), 16, None, type=kind))
    with pytest.raises(OSError) as err:
        Pings(pc).send(dst)
    assert err.value.errno == number
    assert len(rig.drops) == 1


def test_loopback_and_own_addresses_do_not_leave_the_host() -> None:
    """RFC 1122 3.2.1.3 (g)."""
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24")
    station = rig.station("gw", A)
    rig.link("pc.eth0", "gw.0")
    pings = Pings(pc)
    pings.send("127.0.0.1", seq=1)
    pings.send("127.3.2.1", seq=2)
    pings.send("10.1.0.2", seq=3)
    rig.run(1 * S)
    assert [got[2] for got in pings.got] == [1, 2, 3]
    station.nothing()
    assert pc.devices["lo"].rx_packets == 6


def test_a_ping_of_everybody_is_not_answered_unless_allowed() -> None:
    """icmp_echo_ignore_broadcasts; RFC 1122 3.2.2.6."""
    for ignore in (1, 0):
        rig = Rig()
        rig.host("pc", eth0="10.1.0.2/24", sysctl={"icmp_echo_ignore_broadcasts": ignore})
        station = rig.station("gw", A)
        rig.link("pc.eth0", "gw.0")
        station.send(ask(A, "10.1.0.9", "10.1.0.2"))
        rig.run(1)
        station.got.clear()
        station.send(frame(ALL, A, echo("10.1.0.9", "10.1.0.255")))
        rig.run(2)
        assert len(station.frames) == 1 - ignore
        if not ignore:
            station.expect(None, eth(ipv4(icmp(type=0), src="10.1.0.2", dst="10.1.0.9")))


def test_a_protocol_nobody_knows_is_told() -> None:
    """RFC 1122 3.2.2.1: protocol unreachable."""

    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24")
    station = rig.station("gw", A)
    rig.link("pc.eth0", "gw.0")
    station.send(ask(A, "10.1.0.9", "10.1.0.2"))
    mac = pc.devices["eth0"].mac
    station.send(frame(mac, A, IPv4(parse_ip("10.1.0.9"), parse_ip("10.1.0.2"), 99, b"x" * 8)))
    rig.run(1)
    station.expect(None, eth())
    station.expect(None, eth(ipv4(icmp(type=3, code=2))))
    assert rig.reasons == [Drop.UNKNOWN_PROTOCOL]


def test_a_device_that_is_down_takes_and_sends_nothing() -> None:
    net = Middle()
    net.router.set_up("eth0", False)
    net.send(echo("10.1.0.2", "10.2.0.2"))
    net.b.nothing()
    assert net.rig.reasons == [Drop.NIC_DOWN]


def test_a_closed_stack_has_no_timers_left() -> None:
    rig = Rig()
    pc = rig.host("pc", eth0="10.1.0.2/24")
    rig.station("gw", A)
    rig.link("pc.eth0", "gw.0")
    Pings(pc).send("10.1.0.77")
    assert not quiet(rig)
    pc.close()
    assert quiet(rig) or rig.world.run_until(1)
    assert quiet(rig)

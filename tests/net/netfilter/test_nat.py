"""Translation as Linux does it (nf_nat_core.c, iptables-extensions(8))."""

from minios.abi.netfilter import CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_RELATED, Option
from minios.net.drop import Drop
from minios.net.netfilter.flow import quoted_key
from tests.net.netfilter.gate import (
    Gate,
    echo,
    ends,
    ip,
    match,
    rule,
    tcp,
    udp,
    unreachable,
)  # fmt: skip

A, B, S = "10.0.0.2", "10.0.0.3", "198.51.100.7"
W = "203.0.113.1"


def masquerading(*options: Option) -> Gate:
    gate = Gate()
    gate.masquerade(*options)
    return gate


def test_masquerade_keeps_the_port_and_undoes_it_in_the_reply() -> None:
    gate = masquerading()
    assert ends(gate.through(udp(f"{A}:4000", f"{S}:53"))) == f"{W}:4000 > {S}:53"
    assert ends(gate.through(udp(f"{S}:53", f"{W}:4000"), back=True)) == f"{S}:53 > {A}:4000"
    assert ends(gate.through(udp(f"{A}:4000", f"{S}:53"))) == f"{W}:4000 > {S}:53"


def test_two_inside_hosts_on_one_source_port_get_distinct_outside_ports() -> None:
    gate = masquerading()
    first = gate.through(udp(f"{A}:4000", f"{S}:53")).payload.sport
    second = gate.through(udp(f"{B}:4000", f"{S}:53")).payload.sport
    assert first == 4000 and second != 4000 and second >= 1024
    back = gate.through(udp(f"{S}:53", f"{W}:{second}"), back=True)
    assert ends(back) == f"{S}:53 > {B}:4000"


def test_masquerade_maps_endpoint_independently_even_where_the_port_had_to_change() -> None:
    gate = masquerading()
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    mapped = gate.through(udp(f"{B}:4000", f"{S}:53")).payload.sport
    assert gate.through(udp(f"{B}:4000", "198.51.100.8:99")).payload.sport == mapped


def test_masquerade_filters_by_address_and_port() -> None:
    gate = masquerading()
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    stranger = gate.through(udp(f"{S}:54", f"{W}:4000"), back=True)
    assert stranger.dst == ip(W)  # not translated: it is for the router itself


def test_random_and_random_fully_map_by_destination() -> None:
    for option in ("random", "random-fully"):
        gate = masquerading(Option(option, True))
        ports = {gate.through(udp(f"{A}:4000", f"{S}:{n}")).payload.sport for n in range(50, 60)}
        assert len(ports) == 10 and 4000 not in ports


def test_privileged_ports_stay_among_their_like() -> None:
    gate = masquerading()
    for host in range(2, 20):
        port = gate.through(udp(f"10.0.0.{host}:100", f"{S}:53")).payload.sport
        assert 1 <= port <= 511
    for host in range(2, 20):
        port = gate.through(udp(f"10.0.0.{host}:700", f"{S}:53")).payload.sport
        assert 600 <= port <= 1023


def test_to_ports_bounds_the_choice_and_its_exhaustion_drops() -> None:
    gate = masquerading(Option("to-ports", (5000, 5002)))
    got = [gate.through(udp(f"10.0.0.{n}:4000", f"{S}:53")) for n in range(2, 6)]
    assert {packet.payload.sport for packet in got[:3]} == {5000, 5001, 5002}
    assert got[3] is None
    assert gate.drops == [(Drop.NAT_PORTS, "no free port or a clash")]


def test_ping_ids_are_mapped_like_ports() -> None:
    gate = masquerading()
    assert ends(gate.through(echo(A, S))) == f"{W} > {S} id 7"
    other = gate.through(echo(B, S)).payload.rest >> 16
    assert other != 7
    assert ends(gate.through(echo(S, W, 7, 0), back=True)) == f"{S} > {A} id 7"
    assert ends(gate.through(echo(S, W, other, 0), back=True)) == f"{S} > {B} id 7"


def test_an_icmp_error_finds_its_way_in_and_quotes_what_was_sent() -> None:
    gate = masquerading()
    sent = gate.through(udp(f"{A}:4000", f"{S}:53"))
    error = gate.through(unreachable("198.51.100.1", sent), back=True)
    assert error.dst == ip(A) and error.src == ip("198.51.100.1")
    assert quoted_key(error.payload.payload) == (ip(A), ip(S), 17, 4000, 53)
    quoted = udp(f"{A}:4000", f"{S}:53")
    assert error.payload.payload == quoted.pack()[:28]


def test_dnat_leads_in_and_the_reply_comes_from_the_outside_address() -> None:
    gate = Gate()
    gate.rules("nat", PREROUTING=[rule(
        "DNAT", Option("to-destination", (ip(A), ip(A), (80, 80))), inside="eth1", protocol=6,
        matches=(match("tcp", Option("dport", (8080, 8080))),),
    )])  # fmt: skip
    assert ends(gate.through(tcp(f"{S}:999", f"{W}:8080"), back=True)) == f"{S}:999 > {A}:80"
    reply = gate.through(tcp(f"{A}:80", f"{S}:999", "SA", 1, 1001))
    assert ends(reply) == f"{W}:8080 > {S}:999"
    error = gate.through(unreachable(A, tcp(f"{S}:999", f"{A}:80"), S))
    assert error.src == ip(W)
    assert quoted_key(error.payload.payload) == (ip(S), ip(W), 6, 999, 8080)


def test_snat_over_a_range_keeps_one_address_a_client() -> None:
    low, high = ip("203.0.113.10"), ip("203.0.113.13")
    gate = Gate()
    gate.rules("nat", POSTROUTING=[
        rule("SNAT", Option("to-source", (low, high, None)), Option("persistent", True))
    ])  # fmt: skip
    seen = {}
    for host in range(2, 12):
        for port in range(50, 60):
            packet = gate.through(udp(f"10.0.0.{host}:4000", f"198.51.100.{port}:53"))
            assert low <= packet.src <= high
            seen.setdefault(host, set()).add(packet.src)
    assert all(len(addresses) == 1 for addresses in seen.values())
    assert len(set.union(*seen.values())) > 1


def test_redirect_takes_what_comes_in_to_the_router_itself() -> None:
    gate = Gate()
    gate.rules("nat", PREROUTING=[rule("REDIRECT", Option("to-ports", (3128, 3128)), protocol=6)])
    assert ends(gate.through(tcp(f"{A}:999", f"{S}:80"))) == f"{A}:999 > 10.0.0.1:3128"


def test_an_early_bird_makes_the_mapping_move() -> None:
    """The peer's packet comes in first, INPUT accepts it, and the way out gets another port."""
    gate = masquerading()
    peer = "198.51.100.9:6000"
    gate.through(udp(peer, f"{W}:4000"), back=True)
    assert gate.through(udp(f"{A}:4000", peer)).payload.sport != 4000


def test_an_early_bird_that_is_dropped_leaves_the_mapping_alone() -> None:
    gate = masquerading()
    new = match("conntrack", Option("ctstate", CT_NEW | CT_INVALID))
    gate.rules("filter", INPUT=[rule("DROP", inside="eth1", matches=(new,))])
    peer = "198.51.100.9:6000"
    assert gate.through(udp(peer, f"{W}:4000"), back=True) is None
    assert gate.drops == [(Drop.FILTER_DROP, "filter INPUT rule 1")]
    assert gate.through(udp(f"{A}:4000", peer)).payload.sport == 4000


def test_hairpin_with_dnat_alone_leaves_the_inside_address_as_source() -> None:
    gate = Gate()
    to = Option("to-destination", (ip(B), ip(B), (80, 80)))
    gate.rules(
        "nat", PREROUTING=[rule("DNAT", to, protocol=6, destination=(ip(W), 0xFFFFFFFF, False))]
    )
    packet = gate.through(tcp(f"{A}:999", f"{W}:8080"))
    assert ends(packet) == f"{A}:999 > {B}:80"  # so B answers A directly, and A does not know B


def test_hairpin_with_masquerade_goes_through_the_router_both_ways() -> None:
    gate = Gate()
    to = Option("to-destination", (ip(B), ip(B), (80, 80)))
    gate.rules(
        "nat",
        PREROUTING=[rule("DNAT", to, protocol=6, destination=(ip(W), 0xFFFFFFFF, False))],
        POSTROUTING=[
            rule("MASQUERADE", outside="eth0", source=(ip("10.0.0.0"), 0xFFFFFF00, False))
        ],
    )
    packet = gate.through(tcp(f"{A}:999", f"{W}:8080"))
    assert ends(packet) == f"10.0.0.1:999 > {B}:80"
    reply = gate.through(tcp(f"{B}:80", "10.0.0.1:999", "SA", 5, 1001))
    assert ends(reply) == f"{W}:8080 > {A}:999"


def test_explicit_checksums_stay_as_right_or_wrong_as_they_were() -> None:
    """RFC 1624; RFC 4787 REQ-14 asks nothing of it, a wrong checksum must not become right."""
    gate = masquerading()
    packet = udp(f"{A}:4000", f"{S}:53")
    packet.payload.checksum = packet.payload.right(packet.src, packet.dst)
    packet.checksum = packet.right()
    out = gate.through(packet)
    assert out.payload.checksum == out.payload.right(out.src, out.dst)
    assert out.checksum == out.right()


def test_states_are_told_apart() -> None:
    gate = Gate()
    rules = [
        rule("", matches=(match("conntrack", Option("ctstate", state)),))
        for state in (CT_NEW, CT_ESTABLISHED, CT_RELATED, CT_INVALID)
    ]
    gate.rules("filter", FORWARD=rules)
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    gate.through(udp(f"{S}:53", f"{A}:4000"), back=True)
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    gate.through(unreachable(S, udp(f"{A}:4000", f"{S}:53")), back=True)
    gate.through(echo(S, A, 9, 0), back=True)
    chain = gate.nf.table("filter").chains[1]
    assert [one.packets for one in chain.rules] == [2, 2, 1, 1]

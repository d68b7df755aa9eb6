"""The requirements of RFC 4787, Network Address Translation (NAT) Behavioral Requirements for
Unicast UDP, each by its number."""

import pytest

from minios.abi.inet import parse_ip
from minios.net.natbox import NatBox, NatSpec
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.udp import UDP
from tests.net.natbox.street import A, B, S, Street, T, W, error, udp
from tests.net.rig import Rig


def test_req_1_a_mapping_is_endpoint_independent() -> None:
    """REQ-1: A NAT MUST have an "Endpoint-Independent Mapping" behavior."""
    street = Street()
    first = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    assert street.outside_port(udp(f"{A}:4000", f"{S}:99")) == first
    assert street.outside_port(udp(f"{A}:4000", f"{T}:53"), "t") == first
    assert NatSpec().mapping == "eim"


def test_req_1_the_other_two_mappings_are_what_section_4_1_calls_them() -> None:
    adm = Street(mapping="adm")
    first = adm.outside_port(udp(f"{A}:4000", f"{S}:53"))
    assert adm.outside_port(udp(f"{A}:4000", f"{S}:99")) == first
    assert adm.outside_port(udp(f"{A}:4000", f"{T}:53"), "t") != first
    apdm = Street(mapping="apdm")
    first = apdm.outside_port(udp(f"{A}:4000", f"{S}:53"))
    assert apdm.outside_port(udp(f"{A}:4000", f"{S}:99")) != first
    assert apdm.outside_port(udp(f"{A}:4000", f"{T}:53"), "t") != first
    assert apdm.outside_port(udp(f"{A}:4000", f"{S}:53")) == first


def test_req_2_pooling_is_paired() -> None:
    """REQ-2: "IP address pooling" behavior of "Paired" is RECOMMENDED."""
    street = Street(pool=4)
    for ip in (A, B):
        seen = set()
        for port in range(4000, 4012):
            street.send(udp(f"{ip}:{port}", f"{S}:53"))
            seen.add(street.take("s").src)
        assert len(seen) == 1
    loose = Street(pool=4, pooling="arbitrary")
    seen = set()
    for port in range(4000, 4012):
        loose.send(udp(f"{A}:{port}", f"{S}:53"))
        seen.add(loose.take("s").src)
    assert len(seen) > 1


@pytest.mark.parametrize("mapping", ["eim", "adm", "apdm"])
def test_req_3_no_port_is_overloaded(mapping: str) -> None:
    """REQ-3: A NAT MUST NOT have a "Port assignment" behavior of "Port overloading"."""
    street = Street(mapping=mapping, preserve=True)
    ports = [street.outside_port(udp(f"{ip}:4000", f"{S}:53")) for ip in (A, B)]
    assert ports[0] == 4000 and ports[1] != 4000


def test_req_3_a_well_known_ports_stay_among_themselves() -> None:
    """REQ-3a: a source port of 0-1023 SHOULD get one of that range, and a higher one a higher."""
    street = Street()
    for port in (1, 500, 1023):
        assert street.outside_port(udp(f"{A}:{port}", f"{S}:53")) < 1024
    for port in (1024, 40000):
        assert street.outside_port(udp(f"{A}:{port}", f"{S}:53")) >= 1024


def test_req_4_parity_is_preserved() -> None:
    """REQ-4: "Port parity preservation" behavior of "Yes" is RECOMMENDED."""
    street = Street()
    for port in range(4000, 4010):
        assert street.outside_port(udp(f"{A}:{port}", f"{S}:53")) % 2 == port % 2


def test_req_5_a_mapping_lives_two_minutes_at_least() -> None:
    """REQ-5: A NAT UDP mapping timer MUST NOT expire in less than two minutes."""
    street = Street(udp_timeout=120 * 10**9)
    port = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    street.wait(119.9)
    assert street.passes(udp(f"{S}:53", f"{W}:{port}"), "a") == f"{S}:53 > {A}:4000"


def test_req_5_the_timer_can_be_set_and_is_five_minutes_by_default() -> None:
    """REQ-5b: the value MAY be configurable. REQ-5c: five minutes or more is RECOMMENDED."""
    street = Street()
    port = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    street.wait(299.9)
    assert street.passes(udp(f"{S}:53", f"{W}:{port}"), "a")
    street.wait(0.2)
    assert not street.passes(udp(f"{S}:53", f"{W}:{port}"), "a")
    assert street.reasons == ["NAT_NO_MAPPING"] and street.mappings() == []


def test_req_6_packets_going_out_refresh_the_mapping() -> None:
    """REQ-6: the NAT mapping Refresh Direction MUST have a "NAT Outbound refresh behavior" of
    "True"."""
    street = Street(udp_timeout=120 * 10**9)
    port = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    for _ in range(3):
        street.wait(100)
        assert street.outside_port(udp(f"{A}:4000", f"{S}:53")) == port
    street.wait(110)
    assert street.passes(udp(f"{S}:53", f"{W}:{port}"), "a")


def test_req_6_a_packets_coming_in_refresh_it_only_if_configured() -> None:
    """REQ-6a: the NAT mapping MAY have a "NAT Inbound refresh behavior" of "True"."""
    for refreshes in (False, True):
        street = Street(udp_timeout=120 * 10**9, refresh_inbound=refreshes)
        port = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
        street.wait(100)
        assert street.passes(udp(f"{S}:53", f"{W}:{port}"), "a")
        street.wait(100)
        assert bool(street.passes(udp(f"{S}:53", f"{W}:{port}"), "a")) == refreshes


def test_req_7_networks_of_both_sides_do_not_overlap() -> None:
    """REQ-7: a NAT MUST either ensure that its internal network does not conflict with its external
    network, or translate in spite of it; this one refuses."""
    ip = parse_ip
    with pytest.raises(ValueError, match="overlap"):
        NatBox(Rig().network, "home", [(ip("10.0.0.1"), 24)], [(ip("10.0.0.77"), 8)])


@pytest.mark.parametrize(
    ("filtering", "same", "port", "host"),
    [("eif", True, True, True), ("adf", True, True, False), ("apdf", True, False, False)],
)
def test_req_8_filtering_is_what_it_is_called(
    filtering: str, same: bool, port: bool, host: bool
) -> None:
    """REQ-8: filtering of "Endpoint-Independent" or "Address-Dependent" is RECOMMENDED; section 5
    says what each lets in."""
    street = Street(filtering=filtering)
    outside = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    assert bool(street.passes(udp(f"{S}:53", f"{W}:{outside}"), "a")) == same
    assert bool(street.passes(udp(f"{S}:54", f"{W}:{outside}"), "a")) == port
    assert bool(street.passes(udp(f"{T}:53", f"{W}:{outside}"), "a")) == host
    assert set(street.reasons) <= {"NAT_FILTERED"}


def test_req_9_hairpinning_is_supported_with_the_outside_source() -> None:
    """REQ-9: A NAT MUST support "Hairpinning". REQ-9a: its behavior MUST be "External source IP
    address and port"."""
    street = Street(filtering="eif")
    of_b = street.outside_port(udp(f"{B}:5000", f"{S}:53"))
    of_a = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    assert street.passes(udp(f"{A}:4000", f"{W}:{of_b}"), "b") == f"{W}:{of_a} > {B}:5000"
    assert street.passes(udp(f"{B}:5000", f"{W}:{of_a}"), "a") == f"{W}:{of_b} > {A}:4000"


def test_req_9_without_hairpinning_the_packet_has_a_reason() -> None:
    street = Street(filtering="eif", hairpin=False)
    of_b = street.outside_port(udp(f"{B}:5000", f"{S}:53"))
    assert street.passes(udp(f"{A}:4000", f"{W}:{of_b}"), "b") == ""
    assert [drop.detail for drop in street.rig.drops] == ["no hairpinning"]


def test_req_9_a_hairpin_is_filtered_like_anything_from_outside() -> None:
    street = Street(filtering="apdf")
    of_b = street.outside_port(udp(f"{B}:5000", f"{S}:53"))
    assert street.passes(udp(f"{A}:4000", f"{W}:{of_b}"), "b") == ""
    assert street.reasons == ["NAT_FILTERED"]


def test_req_10_no_application_gateway_touches_the_data() -> None:
    """REQ-10: if a NAT includes ALGs, it is RECOMMENDED that they be off; this one has none."""
    street = Street()
    data = f"PORT 10,0,0,2,15,160 c=IN IP4 {A}".encode()
    street.send(udp(f"{A}:5060", f"{S}:5060", data))
    assert street.take("s").payload.payload == data


def test_req_11_behaviour_is_deterministic_under_conflict() -> None:
    """REQ-11: A NAT MUST have deterministic behavior, i.e., it MUST NOT change the NAT translation
    or the Filtering Behavior at any point in time, or under any particular conditions."""
    street = Street(preserve=True)
    street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    conflict = street.outside_port(udp(f"{B}:4000", f"{S}:53"))
    assert street.outside_port(udp(f"{B}:4000", f"{S}:54")) == conflict
    assert street.outside_port(udp(f"{B}:4000", f"{T}:53"), "t") == conflict
    assert street.passes(udp(f"{T}:54", f"{W}:{conflict}"), "b") == ""


def test_req_12_icmp_does_not_end_a_mapping() -> None:
    """REQ-12: Receipt of any sort of ICMP message MUST NOT terminate the NAT mapping."""
    street = Street()
    street.send(udp(f"{A}:4000", f"{S}:53"))
    sent = street.take("s")
    for kind, code in ((3, 3), (3, 1), (11, 0), (12, 0)):
        street.send(error(S, sent, kind, code))
        assert street.take("a").payload.type == kind
    port = sent.payload.sport
    assert street.passes(udp(f"{S}:53", f"{W}:{port}"), "a") == f"{S}:53 > {A}:4000"


def test_req_12_a_icmp_is_not_filtered_by_its_source() -> None:
    """REQ-12a: the default configuration SHOULD NOT filter ICMP messages based on their source IP
    address."""
    street = Street()
    street.send(udp(f"{A}:4000", f"{S}:53"))
    street.send(error(T, street.take("s"), 11, 0))
    assert street.take("a").payload.type == 11


def test_req_13_too_long_with_df_is_answered() -> None:
    """REQ-13: If the packet received on an internal IP address has DF=1, the NAT MUST send back an
    ICMP message "Fragmentation needed and DF set" to the host."""
    street = Street(mtu=1000)
    big = IPv4(parse_ip(A), parse_ip(S), 17, UDP(4000, 53, b"x" * 1200), df=True)
    street.send(big)
    message = street.take("a").payload
    assert (message.type, message.code, message.rest & 0xFFFF) == (3, 4, 1000)
    assert street.take("s") is None


def test_req_13_a_too_long_without_df_is_cut() -> None:
    """REQ-13a: If the packet has DF=0, the NAT MUST fragment the packet and SHOULD send the
    fragments in order."""
    street = Street(mtu=1000)
    street.send(IPv4(parse_ip(A), parse_ip(S), 17, UDP(4000, 53, bytes(range(256)) * 5)))
    arrived = street.take("s")
    assert arrived.payload.payload == bytes(range(256)) * 5
    assert street.rig.hosts["s"].counters["IpReasmReqds"] == 2


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_req_14_fragments_come_in_any_order(order: tuple[int, ...]) -> None:
    """REQ-14: A NAT MUST support receiving in-order and out-of-order fragments, so it MUST have
    "Received Fragment Out of Order" behavior."""
    from minios.net.host.fragment import fragments

    street = Street()
    port = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    whole = IPv4(parse_ip(S), parse_ip(W), 17, UDP(53, port, b"y" * 3000), ident=99)
    pieces = fragments(whole, 1500)
    for index in order:
        street.send(pieces[index])
    assert street.take("a").payload.payload == b"y" * 3000
    out = fragments(IPv4(parse_ip(A), parse_ip(S), 17, UDP(4000, 53, b"z" * 3000), ident=7), 1500)
    for index in order:
        street.send(out[index])
    assert street.take("s").payload.sport == port


def test_req_14_a_fragments_do_not_grow_without_bound() -> None:
    """REQ-14a: A NAT's out-of-order fragment processing mechanism MUST be designed so that
    fragmentation-based DoS attacks do not compromise it."""
    street = Street()
    street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    for ident in range(1, 6000):
        street.rig.hosts["s"].ip_output(
            IPv4(parse_ip(S), parse_ip(W), 17, b"q" * 1480, ident=ident, mf=True)
        )
    street.wait(40)
    street.got["s"].clear()  # the errors about what was never whole
    assert street.passes(udp(f"{A}:4000", f"{S}:53"), "s")


def test_a_full_table_refuses_and_says_so() -> None:
    """RFC 5508 REQ-8: unable to establish a session, a NAT SHOULD send code 13."""
    street = Street(table=2)
    for port in (1, 2):
        street.outside_port(udp(f"{A}:{4000 + port}", f"{S}:53"))
    street.send(udp(f"{A}:4003", f"{S}:53"))
    message = street.take("a").payload
    assert (message.type, message.code) == (3, 13)
    assert street.reasons == ["NAT_PORTS"]
    street.wait(301)
    assert street.passes(udp(f"{A}:4003", f"{S}:53"), "s")


def test_a_private_destination_on_the_outside_leads_nowhere() -> None:
    street = Street()
    street.rig.hosts["s"].add_route(parse_ip("10.0.0.0"), 24, parse_ip(W))
    street.send(udp(f"{S}:53", f"{A}:4000"))
    assert street.take("a") is None and street.reasons == ["NAT_NO_MAPPING"]


def test_a_forwarded_port_leads_in_and_its_answers_out() -> None:
    ip = parse_ip
    street = Street(forwards=((17, 5353, ip(B), 53),))
    assert street.passes(udp(f"{S}:999", f"{W}:5353"), "b") == f"{S}:999 > {B}:53"
    assert street.passes(udp(f"{B}:53", f"{S}:999"), "s") == f"{W}:5353 > {S}:999"
    assert [view.left for view in street.mappings()] == [None]


def test_nothing_wakes_for_a_mapping() -> None:
    """Mappings end without a timer: an idle device has no events."""
    street = Street()
    street.send(udp(f"{A}:4000", f"{S}:53"))
    street.wait(1)
    assert len(street.mappings()) == 1 and street.rig.idle()
    street.wait(300)
    assert street.mappings() == []

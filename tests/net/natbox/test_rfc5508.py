"""The requirements of RFC 5508, NAT Behavioral Requirements for ICMP, each by its number."""

import pytest

from minios.abi.inet import parse_ip
from minios.net.netfilter.flow import quoted_key
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from tests.net.natbox.street import A, B, S, Street, T, W, echo, error, tcp, udp

ip = parse_ip


@pytest.mark.parametrize(("query", "answer"), [(8, 0), (13, 14)])
def test_req_1_queries_go_out_and_their_answers_come_in(query: int, answer: int) -> None:
    """REQ-1: a NAT device MUST permit ICMP Queries and their associated responses, when the Query
    is initiated from a private host to the external hosts. (Also REQ-10a and c: Echo, Timestamp.)
    """
    street = Street()
    street.send(echo(A, S, 7, query))
    arrived = street.take("s")
    ident = arrived.payload.rest >> 16
    assert arrived.src == ip(W)
    street.send(echo(S, W, ident, answer))
    back = street.take("a")
    assert (back.dst, back.payload.type, back.payload.rest >> 16) == (ip(A), answer, 7)


def test_req_1_a_the_identifier_does_not_depend_on_the_outside_host() -> None:
    """REQ-1a: NAT mapping of ICMP Query Identifiers SHOULD be external host independent."""
    street = Street(mapping="apdm")
    street.send(echo(A, S, 7))
    street.send(echo(A, T, 7))
    assert street.take("s").payload.rest >> 16 == street.take("t").payload.rest >> 16


def test_req_2_a_query_is_kept_sixty_seconds() -> None:
    """REQ-2: An ICMP Query session timer MUST NOT expire in less than 60 seconds."""
    street = Street()
    street.send(echo(A, S, 7))
    ident = street.take("s").payload.rest >> 16
    street.wait(59.5)
    street.send(echo(S, W, ident, 0))
    assert street.take("a").payload.type == 0
    street.wait(1)
    street.send(echo(S, W, ident, 0))
    assert street.take("a") is None and street.mappings() == []


def test_req_2_a_the_timer_can_be_set() -> None:
    """REQ-2a: It is RECOMMENDED that the ICMP Query session timer be made configurable."""
    street = Street(icmp_timeout=90 * 10**9)
    street.send(echo(A, S, 7))
    ident = street.take("s").payload.rest >> 16
    street.wait(89)
    street.send(echo(S, W, ident, 0))
    assert street.take("a") is not None


def test_req_3_an_error_with_a_wrong_checksum_is_dropped() -> None:
    """REQ-3: the NAT device MUST validate the ICMP checksum, and SHOULD silently drop the packet if
    it fails; a: the same of the embedded IP header's."""
    street = Street()
    street.send(udp(f"{A}:4000", f"{S}:53"))
    sent = street.take("s")
    wrong = error(S, sent)
    wrong.payload.checksum = wrong.payload.right() ^ 0x55
    street.send(wrong)
    bent = error(S, sent)
    quoted = bytearray(bent.payload.payload)
    quoted[8] ^= 3
    bent.payload.payload = bytes(quoted)
    street.send(bent)
    assert street.take("a") is None
    assert street.reasons == ["CHECKSUM", "CHECKSUM"]


def test_req_3_b_options_of_the_quoted_packet_are_passed_over() -> None:
    """REQ-3b: If the embedded packet includes IP options, the NAT device MUST traverse past the IP
    options to locate the start of the transport header."""
    from minios.net.wire.checksum import checksum

    street = Street()
    street.send(udp(f"{A}:4000", f"{S}:53"))
    sent = street.take("s").pack()
    quoted = bytearray(b"\x46" + sent[1:20] + b"\x01\x01\x01\x00" + sent[20:28])
    quoted[10:12] = b"\0\0"
    quoted[10:12] = checksum(bytes(quoted[:24])).to_bytes(2, "big")
    street.send(IPv4(ip(S), ip(W), 1, ICMP(3, 3, 0, bytes(quoted))))
    got = street.take("a").payload.payload
    assert quoted_key(got) == (ip(A), ip(S), 17, 4000, 53)
    assert checksum(got[:24]) == 0


def test_req_3_c_the_quoted_transport_checksum_is_not_looked_at() -> None:
    """REQ-3c: The NAT device MUST NOT validate the transport checksum of the embedded packet."""
    street = Street()
    street.send(udp(f"{A}:4000", f"{S}:53"))
    bent = error(S, street.take("s"))
    bent.payload.payload = bent.payload.payload[:26] + b"\x12\x34"
    street.send(bent)
    assert street.take("a") is not None


@pytest.mark.parametrize(("kind", "code"), [(3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (11, 0)])
def test_req_4_an_error_from_outside_is_taken_to_whom_it_concerns(kind: int, code: int) -> None:
    """REQ-4: if the NAT has an active mapping for the embedded payload, it MUST a) revert the IP
    and transport headers of the embedded IP packet to their original form, b) leave the ICMP type
    and code unchanged, c) modify the destination IP address of the outer IP header."""
    street = Street()
    for packet, key in (
        (udp(f"{A}:4000", f"{S}:53"), (ip(A), ip(S), 17, 4000, 53)),
        (tcp(f"{A}:4000", f"{S}:80"), (ip(A), ip(S), 6, 4000, 80)),
        (echo(A, S, 7), (ip(A), ip(S), 1, 7, 8 << 8)),
    ):
        street.send(packet)
        street.send(error(T, street.take("s"), kind, code))
        got = street.take("a")
        assert (got.src, got.dst) == (ip(T), ip(A))
        assert (got.payload.type, got.payload.code) == (kind, code)
        assert quoted_key(got.payload.payload) == key


def test_req_4_an_error_about_no_mapping_is_dropped() -> None:
    """REQ-4: if the NAT has no active mapping for the embedded payload, it SHOULD silently drop."""
    street = Street()
    street.send(error(S, udp(f"{W}:4000", f"{S}:53")))
    assert street.take("a") is None and street.reasons == ["NAT_NO_MAPPING"]


def test_req_5_an_error_from_inside_leaves_as_the_nat() -> None:
    """REQ-5: with a mapping the NAT MUST a) revert the IP and transport headers of the embedded IP
    packet, b) leave type and code, c) translate the source IP address with its own public one."""
    street = Street()
    port = street.outside_port(udp(f"{A}:4000", f"{S}:53"))
    street.send(udp(f"{S}:53", f"{W}:{port}"))
    street.send(error(A, street.take("a")))
    got = street.take("s")
    assert (got.src, got.dst) == (ip(W), ip(S))
    assert (got.payload.type, got.payload.code) == (3, 3)
    assert quoted_key(got.payload.payload) == (ip(S), ip(W), 17, 53, port)


def test_req_5_an_error_from_inside_about_no_mapping_is_dropped() -> None:
    """REQ-5: without a mapping the NAT device SHOULD silently drop the ICMP Error packet."""
    street = Street()
    street.send(error(A, udp(f"{S}:53", f"{A}:4000")))
    assert street.take("s") is None and street.reasons == ["NAT_NO_MAPPING"]


def test_req_6_an_error_neither_refreshes_nor_ends_a_session() -> None:
    """REQ-6: While processing an ICMP Error packet pertaining to an ICMP Query or Query response
    message, a NAT device MUST NOT refresh or delete the NAT Session."""
    street = Street()
    street.send(echo(A, S, 7))
    sent = street.take("s")
    before = street.box.nat.table.state()
    street.wait(50)
    street.send(error(S, sent, 11, 0))
    assert street.take("a") is not None
    assert street.box.nat.table.state() == before
    street.wait(11)
    assert street.mappings() == []


def test_req_7_a_hairpinned_error_finds_its_way() -> None:
    """REQ-7: All NAT devices MUST support the traversal of hairpinned ICMP Error messages; a) the
    outer destination MUST become the source of the embedded packet after translation."""
    street = Street(filtering="eif")
    of_b = street.outside_port(udp(f"{B}:5000", f"{S}:53"))
    street.send(udp(f"{A}:4000", f"{W}:{of_b}"))
    street.send(error(B, street.take("b")))
    got = street.take("a")
    assert (got.src, got.dst) == (ip(W), ip(A))
    assert quoted_key(got.payload.payload) == (ip(A), ip(W), 17, 4000, of_b)


def test_req_10_b_redirects_and_source_quenches_are_not_passed_on() -> None:
    """REQ-10b: a NAT device MUST NOT support Redirect and Source Quench messages."""
    street = Street()
    street.send(udp(f"{A}:4000", f"{S}:53"))
    sent = street.take("s")
    for kind in (4, 5):
        street.send(error(S, sent, kind, 0))
    assert street.take("a") is None and street.reasons == ["NAT_FILTERED", "NAT_FILTERED"]


def test_req_10_a_the_nat_says_so_when_a_packet_has_lived_too_long() -> None:
    """REQ-10a: Time Exceeded MUST be supported; a traceroute sees the NAT as a hop."""
    street = Street()
    packet = udp(f"{A}:4000", f"{S}:33434")
    packet.ttl = 1
    street.send(packet)
    got = street.take("a")
    assert (got.src, got.payload.type) == (ip("10.0.0.1"), 11)


def test_the_nat_answers_a_ping_of_its_own_addresses() -> None:
    street = Street()
    street.send(echo(S, W, 3))
    assert street.take("s").payload.type == 0
    street.send(echo(A, "10.0.0.1", 3))
    assert street.take("a").payload.type == 0
    street.send(echo(A, W, 3))
    assert street.take("a").payload.type == 0

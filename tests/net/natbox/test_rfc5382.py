"""The requirements of RFC 5382, NAT Behavioral Requirements for TCP, each by its number."""

import pytest

from minios.net.natbox import NatSpec
from tests.net.natbox.street import A, B, S, Street, T, W, error, tcp

HOUR = 3600


def connect(street: Street, src: str = f"{A}:4000", dst: str = f"{S}:80", name: str = "s") -> int:
    """Three segments; the outside port."""
    port = street.outside_port(tcp(src, dst, "S"), name)
    inside = "a" if src.startswith(A) else "b"
    assert street.passes(tcp(dst, f"{W}:{port}", "SA", 1, 1001), inside) == f"{dst} > {src}"
    assert street.outside_port(tcp(src, dst, "A", 1001, 2), name) == port
    return port


def test_req_1_a_mapping_is_endpoint_independent() -> None:
    """REQ-1: A NAT MUST have an "Endpoint-Independent Mapping" behavior for TCP."""
    street = Street()
    port = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    assert street.outside_port(tcp(f"{A}:4000", f"{S}:81")) == port
    assert street.outside_port(tcp(f"{A}:4000", f"{T}:80"), "t") == port


def test_req_2_a_connection_is_opened_used_and_closed() -> None:
    """REQ-2: A NAT MUST support all valid sequences of TCP packets (defined in RFC 793) for
    connections initiated both internally as well as externally when the connection is permitted by
    the NAT."""
    street = Street()
    port = connect(street)
    w, a = f"{W}:{port}", f"{A}:4000"
    there = ((w, "PA"), (w, "FA"))
    for _, flags in there:
        assert street.passes(tcp(f"{S}:80", w, flags, 2, 1001, b"x"), "a")
        assert street.outside_port(tcp(a, f"{S}:80", "A", 1001, 3)) == port
    assert street.outside_port(tcp(a, f"{S}:80", "FA", 1001, 4)) == port
    assert street.passes(tcp(f"{S}:80", w, "A", 4, 1002), "a")


def test_req_2_a_connection_is_opened_from_outside_where_permitted() -> None:
    street = Street(filtering="eif")
    port = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    assert street.passes(tcp(f"{T}:999", f"{W}:{port}", "S"), "a") == f"{T}:999 > {A}:4000"
    assert street.passes(tcp(f"{A}:4000", f"{T}:999", "SA", 7, 1001), "t") == (
        f"{W}:{port} > {T}:999"
    )
    assert street.passes(tcp(f"{T}:999", f"{W}:{port}", "A", 1001, 8), "a")


def test_req_2_a_simultaneous_open_passes() -> None:
    """REQ-2a: the NAT MUST handle the TCP simultaneous-open mode of connection initiation."""
    street = Street()
    port = street.outside_port(tcp(f"{A}:4000", f"{S}:80", "S"))
    assert street.passes(tcp(f"{S}:80", f"{W}:{port}", "S", 500), "a") == f"{S}:80 > {A}:4000"
    assert street.outside_port(tcp(f"{A}:4000", f"{S}:80", "SA", 1000, 501)) == port
    assert street.passes(tcp(f"{S}:80", f"{W}:{port}", "SA", 500, 1001), "a")


@pytest.mark.parametrize(
    ("filtering", "port", "host"),
    [("eif", True, True), ("adf", True, False), ("apdf", False, False)],
)
def test_req_3_filtering_is_what_it_is_called(filtering: str, port: bool, host: bool) -> None:
    """REQ-3: "Endpoint-Independent Filtering" is RECOMMENDED for transparency,
    "Address-Dependent" where filtering must be stricter."""
    street = Street(filtering=filtering)
    outside = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    assert bool(street.passes(tcp(f"{S}:81", f"{W}:{outside}"), "a")) == port
    assert bool(street.passes(tcp(f"{T}:80", f"{W}:{outside}"), "a")) == host


def test_req_4_an_unsolicited_syn_waits_six_seconds_for_its_answer() -> None:
    """REQ-4: A NAT MUST NOT respond to an unsolicited inbound SYN packet for at least 6 seconds
    after the packet is received; otherwise, it SHOULD send an ICMP Port Unreachable error."""
    street = Street()
    port = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    street.send(tcp(f"{T}:999", f"{W}:{port}", "S"))
    street.wait(5.9)
    assert street.take("t") is None
    street.wait(0.1)
    message = street.take("t").payload
    assert (message.type, message.code) == (3, 3)


def test_req_4_a_syn_the_other_way_makes_it_silent() -> None:
    """REQ-4: If during this interval the NAT receives and translates an outbound SYN for the
    connection the NAT MUST silently drop the original unsolicited inbound SYN packet."""
    street = Street()
    port = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    street.send(tcp(f"{T}:999", f"{W}:{port}", "S"))
    street.wait(3)
    assert street.outside_port(tcp(f"{A}:4000", f"{T}:999", "S"), "t") == port
    street.wait(10)
    assert street.take("t") is None
    assert street.passes(tcp(f"{T}:999", f"{W}:{port}", "S"), "a")


def test_req_5_an_established_connection_is_kept_two_hours_and_four_minutes() -> None:
    """REQ-5: the value of the "established connection idle-timeout" MUST NOT be less than 2 hours 4
    minutes."""
    street = Street()
    port = connect(street)
    street.wait(2 * HOUR + 4 * 60 - 1)
    assert street.passes(tcp(f"{S}:80", f"{W}:{port}", "A", 2, 1001), "a")
    assert NatSpec().tcp_established == (2 * HOUR + 240) * 10**9
    street.wait(2 * HOUR + 4 * 60 + 1)
    assert not street.passes(tcp(f"{S}:80", f"{W}:{port}", "A", 2, 1001), "a")


@pytest.mark.parametrize("closing", ["open", "FA", "R"])
def test_req_5_a_transitory_connection_is_kept_four_minutes(closing: str) -> None:
    """REQ-5: the value of the "transitory connection idle-timeout" MUST NOT be less than 4
    minutes."""
    street = Street()
    if closing == "open":
        port = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    else:
        port = connect(street)
        street.outside_port(tcp(f"{A}:4000", f"{S}:80", closing, 1001, 2))
    street.wait(239)
    assert street.passes(tcp(f"{S}:80", f"{W}:{port}", "A", 2, 1001), "a")
    street.wait(241)
    assert street.mappings() == []


def test_req_7_no_port_is_overloaded() -> None:
    """REQ-7: A NAT MUST NOT have a "Port assignment" behavior of "Port overloading" for TCP."""
    street = Street(preserve=True)
    first = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    assert street.outside_port(tcp(f"{B}:4000", f"{S}:80")) != first


def test_req_8_hairpinning_is_supported_with_the_outside_source() -> None:
    """REQ-8: A NAT MUST support "hairpinning" for TCP. REQ-8a: its behavior MUST be of type
    "External source IP address and port"."""
    street = Street(filtering="eif")
    of_b = street.outside_port(tcp(f"{B}:80", f"{S}:1"))
    of_a = street.outside_port(tcp(f"{A}:4000", f"{S}:1"))
    assert street.passes(tcp(f"{A}:4000", f"{W}:{of_b}"), "b") == f"{W}:{of_a} > {B}:80"
    back = tcp(f"{B}:80", f"{W}:{of_a}", "SA", 7, 1001)
    assert street.passes(back, "a") == f"{W}:{of_b} > {A}:4000"


def test_req_9_icmp_unreachable_is_translated() -> None:
    """REQ-9: If a NAT translates TCP, it SHOULD translate ICMP Destination Unreachable (Type 3)
    messages."""
    street = Street()
    street.send(tcp(f"{A}:4000", f"{S}:80"))
    street.send(error(S, street.take("s"), 3, 1))
    message = street.take("a").payload
    assert (message.type, message.code) == (3, 1)
    assert message.payload[12:16] == bytes([10, 0, 0, 2])
    assert int.from_bytes(message.payload[20:22], "big") == 4000


def test_req_10_icmp_does_not_end_a_connection() -> None:
    """REQ-10: Receipt of any sort of ICMP message MUST NOT terminate the NAT mapping or TCP
    connection for which the ICMP was generated."""
    street = Street()
    port = connect(street)
    street.send(tcp(f"{A}:4000", f"{S}:80", "A", 1001, 2))
    sent = street.take("s")
    for code in (0, 1, 2, 3, 13):
        street.send(error(S, sent, 3, code))
        assert street.take("a").payload.code == code
    assert street.passes(tcp(f"{S}:80", f"{W}:{port}", "A", 2, 1001), "a")


def test_a_segment_of_no_connection_goes_nowhere() -> None:
    street = Street(filtering="eif")
    street.send(tcp(f"{A}:4000", f"{S}:80", "A", 1, 1))
    assert street.take("s") is None and street.reasons == ["NAT_NO_MAPPING"]
    port = street.outside_port(tcp(f"{A}:4000", f"{S}:80"))
    assert not street.passes(tcp(f"{T}:80", f"{W}:{port}", "A", 1, 1), "a")


def test_a_flood_of_unsolicited_syns_is_bounded() -> None:
    street = Street()
    for n in range(200):
        street.rig.hosts["t"].ip_output(tcp(f"{T}:{1000 + n}", f"{W}:99", "S"))
    street.wait(1)
    assert len(street.box.nat.held) == 64
    street.wait(10)
    assert street.rig.idle() or len(street.box.nat.held) == 0

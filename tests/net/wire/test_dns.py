"""DNS messages (RFC 1035, RFC 2181, RFC 6891)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.net.wire.dns import (
    AA,
    CAA,
    CNAME,
    MX,
    NS,
    NXDOMAIN,
    OPT,
    QR,
    RA,
    RD,
    SOA,
    SRV,
    TC,
    TXT,
    A,
    Message,
    Question,
    Record,
    parse_name,
)
from minios.net.wire.dnstext import ip6_text, name_text, parse_ip6, rdata_text, reverse_name
from minios.net.wire.malformed import Malformed

WWW = parse_name("www.example.com.")
EXAMPLE = parse_name("example.com.")


def reply() -> Message:
    message = Message(0x1234, QR | AA | RD, [Question(WWW, A)])
    message.answers = [
        Record(WWW, CNAME, 300, parse_name("web.example.com.")),
        Record(parse_name("web.example.com."), A, 60, 0xC0000201),
    ]
    message.authorities = [Record(EXAMPLE, NS, 3600, parse_name("ns1.example.com."))]
    message.additionals = [
        Record(parse_name("ns1.example.com."), A, 3600, 0xC0000235),
        Record((), OPT, 0, b"", 1232),
    ]
    return message


def test_a_query_has_the_bytes_of_rfc_1035_section_4():
    query = Message(0xABCD, RD, [Question(WWW, A)])
    assert query.pack().hex() == (
        "abcd01000001000000000000" "03777777076578616d706c6503636f6d00" "00010001"
    )  # fmt: skip


def test_names_are_compressed_by_pointers_to_earlier_ones_rfc_1035_4_1_4():
    packed = reply().pack()
    assert packed.count(b"example") == 1
    assert packed[33:35] == b"\xc0\x0c"
    assert Message.parse(packed) == reply()


@pytest.mark.parametrize(
    ("type", "data"),
    [
        (SOA, (parse_name("ns."), parse_name("root."), 1, 2, 3, 4, 5)),
        (MX, (10, parse_name("mail.example.com."))),
        (SRV, (1, 2, 5060, parse_name("sip.example.com."))),
        (CAA, (0, b"issue", b"ca.example")),
        (TXT, (b"a", b"", b"x" * 255)),
        (28, 0x20010DB8 << 96 | 1),
        (999, b"\1\2\3"),
    ],
)
def test_every_kind_of_data_survives(type: int, data: object):
    message = Message(1, QR, [Question(WWW, type)], [Record(WWW, type, 7, data)])
    assert Message.parse(message.pack()) == message


def test_what_does_not_fit_is_left_out_and_tc_is_set_rfc_2181_section_9():
    message = Message(1, QR, [Question(WWW, A)])
    message.answers = [Record(WWW, A, 60, number) for number in range(100)]
    message.additionals = [Record((), OPT, 0, b"", 1232)]
    packed = message.pack(512)
    assert len(packed) <= 512
    cut = Message.parse(packed)
    assert cut.flags & TC
    assert len(cut.answers) == (512 - 12 - 21 - 11) // 16
    assert cut.opt is not None


def test_missing_additional_records_do_not_set_tc():
    message = Message(1, QR, [Question(WWW, A)])
    message.additionals = [Record(WWW, A, 60, number) for number in range(100)]
    assert not Message.parse(message.pack(512)).flags & TC


def test_an_extended_rcode_is_put_together_from_the_opt_record_rfc_6891_6_1_3():
    message = Message(1, QR, [Question(WWW, A)], rcode=16)
    message.additionals = [Record((), OPT, 1 << 24, b"", 1232)]
    assert Message.parse(message.pack()).rcode == 16


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 11,
        bytes.fromhex("000100000001000000000000c00c00010001"),
        bytes.fromhex("000100000001000000000000c00d00010001"),
        bytes.fromhex("00010000000100000000000080000100010001"),
        bytes.fromhex("00010000000100000000000003777700010001"),
        reply().pack()[:-1],
    ],
)
def test_a_loop_a_forward_pointer_or_a_break_is_malformed(data: bytes):
    with pytest.raises(Malformed):
        Message.parse(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 200), st.integers(0, 255))
def test_random_and_mutated_bytes_never_raise_anything_else(tail: bytes, at: int, byte: int):
    mutated = bytearray(reply().pack())
    mutated[at % len(mutated)] = byte
    for data in (tail, bytes(mutated), bytes(mutated[: at % len(mutated)]) + tail):
        try:
            message = Message.parse(data)
        except Malformed:
            continue
        message.summary()
        message.fields()


def test_names_in_text_have_escapes_rfc_1035_5_1():
    assert parse_name(r"a\.b.\065c.") == (b"a.b", b"Ac")
    assert name_text((b"a.b", b"\x00;")) == r"a\.b.\000\;."
    assert name_text(()) == "."
    assert parse_name("www", EXAMPLE) == WWW
    for bad in ("a..b", "x" * 64, ".".join(["x" * 63] * 5), "\\", ""):
        with pytest.raises(ValueError):
            parse_name(bad)


def test_an_address_is_turned_round_for_its_name():
    assert name_text(reverse_name(0xC0000201)) == "1.2.0.192.in-addr.arpa."


def test_ipv6_addresses_are_short_rfc_5952():
    for text in ("::", "::1", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "1:0:0:2::3"):
        assert ip6_text(parse_ip6(text)) == text


def test_strings_are_quoted_as_dig_does():
    assert rdata_text(TXT, (b'a "b"', b"\x01;")) == r'"a \"b\"" "\001;"'


def test_summaries_are_in_tcpdumps_words():
    query = Message(5, RD, [Question(WWW, A)])
    assert query.summary() == "5+ A? www.example.com. (33)"
    query.additionals = [Record((), OPT, 0, b"", 1232)]
    assert query.summary() == "5+ [1au] A? www.example.com. (44)"
    assert Message(5, QR | RD | RA, [Question(WWW, A)], rcode=NXDOMAIN).summary() == (
        "5 NXDomain 0/0/0 (33)"
    )
    answer = reply()
    answer.authorities, answer.additionals = [], []
    assert answer.summary() == (
        f"4660*- 2/0/0 CNAME web.example.com., A 192.0.2.1 ({answer.length})"
    )

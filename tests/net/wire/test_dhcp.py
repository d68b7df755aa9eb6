"""DHCP messages (RFC 2131, RFC 2132, RFC 3396)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.net.wire.dhcp import (
    BOOTREPLY,
    BOOTREQUEST,
    DISCOVER,
    DNS_SERVERS,
    LEASE_TIME,
    MESSAGE_TYPE,
    OFFER,
    Message,
    option_bytes,
    option_text,
)
from minios.net.wire.malformed import Malformed


def offer() -> Message:
    options = {
        MESSAGE_TYPE: bytes((OFFER,)),
        LEASE_TIME: (600).to_bytes(4),
        DNS_SERVERS: bytes((10, 0, 0, 1, 10, 0, 0, 2)),
    }
    return Message(BOOTREPLY, 0x1234, 0x020000000001, options, yiaddr=0x0A000064, siaddr=0x0A000001)


def test_a_message_is_at_least_300_octets_and_begins_with_the_cookie_rfc_1542_2_1():
    packed = offer().pack()
    assert len(packed) == 300
    assert packed[236:240] == bytes((99, 130, 83, 99))
    assert packed[240:243] == bytes((53, 1, OFFER))


def test_it_survives():
    message = offer()
    again = Message.parse(message.pack())
    assert again == message
    assert (again.kind, again.number(LEASE_TIME)) == (OFFER, 600)
    assert again.addresses(DNS_SERVERS) == [0x0A000001, 0x0A000002]


def test_a_long_option_is_sent_in_parts_rfc_3396():
    message = Message(BOOTREQUEST, 1, 2, {MESSAGE_TYPE: bytes((DISCOVER,)), 119: b"x" * 400})
    assert Message.parse(message.pack()) == message


def test_options_may_stand_in_file_and_sname_rfc_2131_4_1():
    message = Message(BOOTREQUEST, 1, 2, {52: b"\3", MESSAGE_TYPE: bytes((DISCOVER,))})
    message.boot_file = bytes((12, 2)) + b"pc\xff"
    message.server_name = bytes((15, 3)) + b"lan\xff"
    again = Message.parse(message.pack())
    assert (again.options[12], again.options[15]) == (b"pc", b"lan")


@pytest.mark.parametrize("change", ["short", "cookie", "hardware", "op", "option"])
def test_what_is_no_message_is_malformed(change: str):
    data = bytearray(offer().pack())
    if change == "short":
        data = data[:239]
    elif change == "cookie":
        data[236] = 0
    elif change == "hardware":
        data[1] = 6
    elif change == "op":
        data[0] = 3
    else:
        data = data[:240] + bytes((53, 9, 1))
    with pytest.raises(Malformed):
        Message.parse(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 299), st.integers(0, 255))
def test_random_and_mutated_bytes_never_raise_anything_else(noise: bytes, at: int, byte: int):
    mutated = bytearray(offer().pack())
    mutated[at] = byte
    for data in (noise, bytes(mutated), offer().pack()[:240] + noise):
        try:
            message = Message.parse(data)
        except Malformed:
            continue
        message.summary()
        message.fields()


def test_options_in_text_are_those_of_a_lease_file():
    assert option_text(6, bytes((10, 0, 0, 1, 10, 0, 0, 2))) == "10.0.0.1,10.0.0.2"
    assert option_text(15, b'a"b') == '"a\\042b"'
    assert option_text(51, (600).to_bytes(4)) == "600"
    assert option_text(61, b"\1\2\xff") == "1:2:ff"
    assert option_bytes(3, ["10.0.0.1"]) == bytes((10, 0, 0, 1))
    assert option_bytes(119, ["a.b"]) == b"\1a\1b\0"


def test_summaries_are_in_tcpdumps_words():
    assert offer().summary() == "BOOTP/DHCP, Reply, length 300"
    request = Message(BOOTREQUEST, 1, 0x020000000001)
    assert request.summary() == "BOOTP/DHCP, Request from 02:00:00:00:00:01, length 300"

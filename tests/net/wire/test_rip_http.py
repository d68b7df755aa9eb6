"""RIP (RFC 2453) and HTTP (RFC 9112) messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.net.wire import http, rip
from minios.net.wire.malformed import Malformed


def test_a_rip_response_has_the_format_of_rfc_2453_section_4():
    message = rip.Message(rip.RESPONSE, [rip.Entry(0x0A010000, 0xFFFF0000, 2, 0x0A000001, 7)])
    assert message.pack().hex() == ("02020000" "00020007" "0a010000" "ffff0000" "0a000001"
                                    "00000002")  # fmt: skip
    assert rip.Message.parse(message.pack()) == message
    assert message.length == 24


def test_the_request_for_everything_is_one_entry_of_family_0_and_metric_16_rfc_2453_3_9_1():
    assert rip.Message.whole_table().pack().hex() == "01020000" + "00" * 19 + "10"


@pytest.mark.parametrize("data", [b"", b"\3\2\0\0", b"\2\0\0\0", b"\2\2\0\0" + b"x" * 19,
                                  b"\2\2\0\0" + b"\0" * 20 * 26])  # fmt: skip
def test_what_is_no_rip_message_is_malformed(data: bytes):
    with pytest.raises(Malformed):
        rip.Message.parse(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_random_bytes_never_raise_anything_else(data: bytes):
    for parse in (rip.Message.parse, http.Message.parse):
        try:
            message = parse(data)
        except Malformed:
            continue
        message.summary()
        message.fields()


def test_an_http_request_and_a_response_survive():
    request = b"GET /x?y HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\nbody"
    message = http.Message.parse(request)
    assert (message.method, message.target, message.get(b"host")) == (b"GET", b"/x?y", b"a")
    assert message.pack() == request
    response = http.Message.parse(b"HTTP/1.0 404 Not Found\nContent-Length: 3\n\nabc")
    assert (response.status, response.reason, response.content_length) == (404, b"Not Found", 3)


def test_two_lengths_that_differ_are_refused_rfc_9112_6_3():
    message = http.Message([(b"Content-Length", b"3"), (b"content-length", b"4")])
    with pytest.raises(Malformed):
        _ = message.content_length
    message = http.Message([(b"Content-Length", b"3"), (b"Content-Length", b"3")])
    assert message.content_length == 3


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [("HTTP/1.1", "", True), ("HTTP/1.1", "close", False), ("HTTP/1.0", "", False),
     ("HTTP/1.0", "Keep-Alive", True), ("HTTP/1.1", "x, Close", False)],
)  # fmt: skip
def test_whether_a_connection_stays_rfc_9112_9_3(version: str, connection: str, kept: bool):
    headers = [(b"Connection", connection.encode())] if connection else []
    message = http.Message(headers, status=200, version=version.encode())
    assert message.keeps_alive() == kept


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", b"GET /\r\n\r\n",
                                  b"G@T / HTTP/1.1\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n",
                                  b"GET / HTTP/1.1\r\n: x\r\n\r\n",
                                  b"GET / HTTP/1.1\r\n"])  # fmt: skip
def test_what_is_no_head_is_malformed(head: bytes):
    with pytest.raises(Malformed):
        http.Message.parse(head)


def test_chunk_sizes_are_hexadecimal_and_may_have_extensions_rfc_9112_7_1():
    assert http.chunk_size(b"1A;x=y\r\n") == 26
    for bad in (b"\r\n", b"-1\r\n", b"0x10\r\n", b"f" * 20):
        with pytest.raises(Malformed):
            http.chunk_size(bad)

"""The physical layer: preamble, frame check sequence and line codes (IEEE 802.3)."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minios.net.wire import linecode
from minios.net.wire.linecode import CODES, decode, encode, off_the_wire, on_the_wire
from minios.net.wire.malformed import Malformed


def test_seven_bytes_of_preamble_then_the_sfd():
    assert on_the_wire(b"frame")[:8].hex() == "55555555555555d5"


def test_the_bits_of_the_preamble_alternate_and_the_sfd_ends_in_two_ones():
    row = linecode.bits(on_the_wire(b"")[:8])
    assert row == [1, 0] * 31 + [1, 1]


def test_manchester_has_an_edge_in_each_bit_up_for_one():
    assert encode(b"\x01") == [0, 1] + [1, 0] * 7


def test_4b5b_begins_with_j_k_and_nrzi_changes_for_each_one():
    levels = encode(b"\x55\x0e", "4b5b")
    row = [after ^ before for before, after in zip([0, *levels], levels, strict=False)]
    text = "".join(map(str, row))
    assert text == "110001000111100111100110100111"


def test_mlt3_goes_through_zero():
    levels = encode(on_the_wire(b"x" * 60), "mlt3")
    assert {abs(a - b) for a, b in itertools.pairwise(levels)} == {0, 1}


@given(st.binary(max_size=80), st.sampled_from(CODES))
def test_what_is_sent_is_received(frame, code):
    assert off_the_wire(decode(encode(on_the_wire(frame), code), code)) == frame


@given(st.binary(min_size=1, max_size=60), st.integers(0, 1 << 20))
def test_the_fcs_notices_any_single_bit_error(frame, where):
    data = bytearray(on_the_wire(frame))
    bit = 64 + where % (8 * len(data) - 64)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Malformed):
        off_the_wire(bytes(data))


@given(st.lists(st.integers(-1, 1), max_size=60), st.sampled_from(CODES))
def test_any_levels_are_bytes_or_malformed(levels, code):
    with contextlib.suppress(Malformed):
        assert encode(decode(levels, code), code) == levels

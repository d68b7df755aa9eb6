"""The logic of printf and echo (XCU printf, echo; dash and GNU)."""

import pytest

from minios.userland.lib.printf import (
    EXCESS,
    EXPECTED,
    INCOMPLETE,
    INVALID,
    MISSING,
    PIECE,
    RANGE,
    Complaint,
    echo_text,
    render,
)


def printed(template: bytes, *args: bytes, gnu: bool = False) -> bytes:
    return b"".join(p for p in render(template, args, gnu=gnu) if isinstance(p, bytes))


def complaints(template: bytes, *args: bytes, gnu: bool = False) -> list[tuple[str, bytes]]:
    found = [p for p in render(template, args, gnu=gnu) if isinstance(p, Complaint)]
    return [(complaint.kind, complaint.word) for complaint in found]


@pytest.mark.parametrize(
    ("template", "args", "output"),
    [
        (b"%s-%d|", [b"a", b"1", b"b"], b"a-1|b-0|"),
        (b"hi\n", [b"x"], b"hi\n"),
        (b"%5s|%-5s|%.2s|%05d|%+d|% d|", [b"a", b"b", b"abc", b"5", b"5", b"5"],
         b"    a|b    |ab|00005|+5| 5|"),
        (b"%x %X %#o %u", [b"255", b"255", b"8", b"-1"], b"ff FF 010 18446744073709551615"),
        (b"%*d|%-*d|%.*s", [b"3", b"1", b"3", b"2", b"1", b"abc"], b"  1|2  |a"),
        (b"%d%d%d", [b"0x1f", b"010", b"'a"], b"31897"),
        (b"%.2f %e %g", [b"2.345", b"1.5", b"0.00001"], b"2.35 1.500000e+00 1e-05"),
        (b"%b|%s", [b"a\\tb\\0101", b"a\\tb"], b"a\tbA|a\\tb"),
        (b"[%b]", [b"a\\cb", b"c"], b"[a"),
        (b"%c%%\\101\\\\", [b"xyz"], b"x%A\\"),
        (b"%08.3f|%-8.3d|", [b"2.5", b"7"], b"0002.500|007     |"),
    ],
)  # fmt: skip
def test_conversions(template: bytes, args: list[bytes], output: bytes) -> None:
    assert printed(template, *args) == output


def test_bad_numbers_are_told_of_and_used_as_far_as_they_go() -> None:
    args = (b"abc", b"12x", b"99999999999999999999")
    assert printed(b"%d ", *args) == b"0 12 9223372036854775807 "
    assert complaints(b"%d ", *args) == [
        (EXPECTED, b"abc"), (INCOMPLETE, b"12x"), (RANGE, b"99999999999999999999"),
    ]  # fmt: skip


def test_a_bad_directive_ends_the_output() -> None:
    assert (printed(b"a%z b"), complaints(b"a%z b")) == (b"a", [(INVALID, b"%z")])
    assert complaints(b"100%") == [(MISSING, b"")]


def test_gnu_warns_of_arguments_without_a_use() -> None:
    assert complaints(b"x", b"a", gnu=True) == [(EXCESS, b"a")]
    assert complaints(b"x", b"a") == []


def test_gnu_knows_hexadecimal_escapes() -> None:
    assert printed(rb"\x41\u00e9", gnu=True) == "Aé".encode()
    assert printed(rb"\x41") == rb"\x41"


def test_enormous_widths_come_in_pieces() -> None:
    pieces = iter(render(b"%1000000000d", [b"1"]))
    assert next(pieces) == b" " * PIECE


def test_echo_carries_out_escapes_and_stops_at_c() -> None:
    assert echo_text([b"a\\n", b"\\0101", b"b\\cc", b"d"]) == (b"a\n A b", True)
    assert echo_text([b"\\q\\"]) == (b"\\q\\", False)

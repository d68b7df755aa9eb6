"""Quoting of names, sizes for people, and the order of versions: what listings are made of."""

from functools import cmp_to_key

import pytest

from minios.userland.lib.quoting import quote, quoteaf, quotef, style
from minios.userland.lib.sizes import BlockSize, SizeError, block_size, human, parse_size
from minios.userland.lib.versions import compare


@pytest.mark.parametrize(
    ("name", "shell", "c"),
    [
        (b"plain", b"plain", b'"plain"'),
        (b"two words", b"'two words'", b'"two words"'),
        (b"it's", b'"it\'s"', b'"it\'s"'),
        (b"it's $5", b"'it'\\''s $5'", b'"it\'s $5"'),
        (b"a\nb", b"'a'$'\\n''b'", b'"a\\nb"'),
        (b"\xc3\xa9", b"''$'\\303\\251'", b'"\\303\\251"'),
        (b"a*b", b"'a*b'", b'"a*b"'),
        (b"", b"''", b'""'),
        (b"~x", b"'~x'", b'"~x"'),
        (b"x~", b"x~", b'"x~"'),
        (b'say "hi"', b"'say \"hi\"'", b'"say \\"hi\\""'),
    ],
)
def test_a_name_is_quoted_as_gnu_quotes_it(name: bytes, shell: bytes, c: bytes) -> None:
    assert style(name, b"shell-escape") == shell
    assert style(name, b"c") == c


def test_messages_quote_names_always_or_where_needed() -> None:
    assert quoteaf(b"x") == b"'x'"
    assert quotef(b"x") == b"x"
    assert quotef(b"a:b") == b"'a:b'"
    assert quote(b"it's\n") == b"'it\\'s\\n'"


@pytest.mark.parametrize(
    ("amount", "base", "text"),
    [
        (0, 1024, b"0"),
        (1023, 1024, b"1023"),
        (1024, 1024, b"1.0K"),
        (1025, 1024, b"1.1K"),
        (10 * 1024, 1024, b"10K"),
        (10 * 1024 + 1, 1024, b"11K"),
        (1023 * 1024 + 1, 1024, b"1.0M"),
        (5 << 30, 1024, b"5.0G"),
        (999, 1000, b"999"),
        (1000, 1000, b"1.0k"),
        (1_500_000, 1000, b"1.5M"),
    ],
)
def test_sizes_for_people_are_rounded_up(amount: int, base: int, text: bytes) -> None:
    assert human(amount, base) == text


def test_numbers_take_suffixes() -> None:
    assert parse_size(b"10") == 10
    assert parse_size(b"2K") == 2048
    assert parse_size(b"2kB", b"kK0") == 2000
    assert parse_size(b"1MiB") == 1 << 20
    assert parse_size(b"3b", b"b") == 1536
    for text, kind in ((b"x", "invalid"), (b"1x", "suffix"), (b"9" * 30, "overflow")):
        with pytest.raises(SizeError) as caught:
            parse_size(text)
        assert caught.value.kind == kind


def test_a_block_size_without_a_number_prints_its_unit() -> None:
    assert block_size(b"K") == BlockSize(1024, b"K")
    assert block_size(b"1K") == BlockSize(1024)
    assert block_size(b"MB").show(1_500_001) == b"2MB"
    assert block_size(b"human-readable").show(2048) == b"2.0K"


def test_versions_are_ordered_by_the_numbers_in_them() -> None:
    names = [b"a10", b"a9", b"a1.0", b"a1~", b"a1", b"b", b".x", b"a01", b"a1.tar.gz", b"a1.10"]
    assert sorted(names, key=cmp_to_key(compare)) == [
        b".x", b"a1~", b"a1", b"a01", b"a1.tar.gz", b"a1.0", b"a1.10", b"a9", b"a10", b"b",
    ]  # fmt: skip

"""Times, sizes and foreign text."""

import pytest
from rich.cells import cell_len

from minios.tui.text import clip, clock, count, delta, pad, plain, size, spark, wrap

MS = 1_000_000


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "00:00.000"),
        (12_480 * MS, "00:12.480"),
        (3_723_004 * MS, "1:02:03.004"),
        (-1_500 * MS, "-00:01.500"),
    ],
)
def test_clock(ns, text):
    assert clock(ns) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [(-3_100 * MS, "−3.1"), (400 * MS, "+0.4"), (10 * MS, "±0.0"), (61_000 * MS, "+61.0")],
)
def test_delta(ns, text):
    assert delta(ns) == text


def test_size_is_as_ls_has_it():
    assert [size(n) for n in (512, 4096, 300 << 10, 16 << 20)] == ["512", "4.0K", "300K", "16M"]


def test_spark_tells_a_little_from_nothing():
    assert spark((0, 1, 500, 1000, 5000)) == "·▁▅██"


def test_plain_leaves_nothing_a_terminal_could_obey():
    evil = "a\x1b]52;c;x\x07b\x9bc\u202ed\u200be\x7ff\r\n\tg"
    assert plain(evil) == "a]52;c;xbcdef     g"
    assert plain("two\nlines", lines=True) == "two\nlines"


def test_clip_counts_cells_and_says_that_it_cut():
    assert clip("漢字漢字", 8) == "漢字漢字"
    assert clip("漢字漢字", 7) == "漢字漢…"
    assert clip("hello", 0) == ""
    assert pad("ab", 4) == "ab  "


def test_wrap_breaks_at_blanks_and_longer_words_anywhere():
    assert wrap("one two  three\nfour", 8) == ["one two", "three", "four"]
    assert all(cell_len(line) <= 5 for line in wrap("x" * 23 + " 漢字漢字 y", 5))
    assert wrap("", 5) == [""]


def test_counts_agree_with_their_noun():
    assert [count(n, "key") for n in (0, 1, 2)] == ["0 keys", "1 key", "2 keys"]
    assert count(2, "process", "processes") == "2 processes"

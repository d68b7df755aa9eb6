"""Shell patterns (XCU 2.13)."""

import pytest

from minios.userland.lib.pattern import Pattern, compiled, escape, has_meta, unescape


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (b"a*c", [b"ac", b"abc", b"abcc"], [b"ab", b"abcd"]),
        (b"?[!a]", [b"ab", b"xy"], [b"aa", b"a"]),
        (b"[]a]", [b"]", b"a"], [b"b"]),
        (b"[a-c-]", [b"b", b"-"], [b"d"]),
        (b"[[:digit:]x]*", [b"1", b"x9"], [b"d"]),
        (b"[a", [b"[a"], [b"a"]),
        (b"\\*\\[", [b"*["], [b"x["]),
        (b"[^a]", [b"^", b"a"], [b"b"]),
    ],
)
def test_matching_takes_the_whole_subject(
    pattern: bytes, matching: list[bytes], other: list[bytes]
) -> None:
    found = [subject for subject in matching + other if compiled(pattern).matches(subject)]
    assert found == matching


def test_a_caret_inverts_only_for_those_who_ask() -> None:
    assert [Pattern(b"[^a]", caret=True).matches(c) for c in (b"a", b"b")] == [False, True]


@pytest.mark.parametrize(
    ("pattern", "lengths"),
    [
        (b"*/", (1, 5, None, None)),
        (b"/*", (1, 9, 5, 9)),
        (b"?[!x]*/", (5, 5, None, None)),
        (b"[/t]*[!/]?", (3, 9, 4, 9)),
    ],
)
def test_the_shortest_and_the_longest_trim(pattern: bytes, lengths: tuple[int | None, ...]) -> None:
    subject, found = b"/usr/t.gz", Pattern(pattern)
    assert lengths == (
        found.prefix_length(subject, False),
        found.prefix_length(subject, True),
        found.suffix_length(subject, False),
        found.suffix_length(subject, True),
    )


def test_a_pattern_of_many_stars_is_no_trouble() -> None:
    pattern = compiled(b"*a" * 200 + b"b")
    assert not pattern.matches(b"a" * 2000)
    assert pattern.suffix_length(b"a" * 2000, True) is None


def test_escaping_makes_text_match_itself_alone() -> None:
    text = b"*?[a]\\-!"
    assert compiled(escape(text)).matches(text)
    assert not has_meta(escape(text))
    assert unescape(escape(text)) == text

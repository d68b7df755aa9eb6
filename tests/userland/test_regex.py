"""The regular expression matcher: POSIX rules, glibc's submatches, errors and bounds."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.userland.lib import regex
from minios.userland.lib.regex import RegexError


def spans(pattern: str, text: str, **how: object) -> list[tuple[int, int]] | None:
    how.setdefault("extended", True)
    compiled = regex.compile(pattern.encode(), **how)  # type: ignore[arg-type]
    found = compiled.search(text.encode())
    if found is None:
        return None
    return [found.span(group) for group in range(compiled.groups + 1)]


def matched(pattern: str, text: str, **how: object) -> str | None:
    found = spans(pattern, text, **how)
    return None if found is None else text[slice(*found[0])]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a|ab", "xab", "ab"),  # the longest of the leftmost (XBD 9.1)
        ("(a|ab)(c|bcd)", "abcd", "abcd"),
        ("x*", "abc", ""),
        ("[0-9]+", "port 8080/tcp", "8080"),
        ("^b", "ab", None),
        ("a$b", "a$b", None),
        ("a{2,3}", "aaaa", "aaa"),
        ("a{,2}b", "aaab", "aab"),
        ("[]a]+", "x]a]", "]a]"),
        ("[^]a]", "]ab", "b"),
        ("[a-]+", "z-a-", "-a-"),
        ("[[:digit:][:upper:]]+", "abC3d", "C3"),
        ("[[.-.]]", "a-b", "-"),
        (r"\bfoo\b", "foobar foo", "foo"),
        (r"\w+$", "one two", "two"),
        (r"\Bo", "oo", "o"),
        ("a||c", "b", ""),
        ("()", "x", ""),
        (r"\.", "a.b", "."),
    ],
)
def test_an_extended_expression_matches_the_leftmost_longest(
    pattern: str, text: str, expected: str | None
) -> None:
    assert matched(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"\(a*\)b", "aab", [(0, 3), (0, 2)]),
        ("a*b|c", "aab|c", [(0, 5)]),
        ("a+", "aa+", [(1, 3)]),
        (r"a\+", "aa+", [(0, 2)]),
        (r"a\|b", "xb", [(1, 2)]),
        ("*a", "x*a", [(1, 3)]),
        ("^*", "*", [(0, 1)]),
        (r"a\{2\}", "aaa", [(0, 2)]),
        ("a^b$c", "a^b$c", [(0, 5)]),
        (r"\(.\)\1", "hello", [(2, 4), (2, 3)]),
        (r"\(a*\)\1$", "aaaa", [(0, 4), (0, 2)]),
    ],
)
def test_a_basic_expression_reads_operators_behind_backslashes(
    pattern: str, text: str, expected: list[tuple[int, int]]
) -> None:
    assert spans(pattern, text, extended=False) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("(a|ab)(c|bcd)(d*)", "abcd", [(0, 4), (0, 1), (1, 4), (4, 4)]),
        ("(a*)(ab)*(b*)", "abb", [(0, 3), (0, 1), (-1, -1), (1, 3)]),
        ("((a)|(b))*", "ab", [(0, 2), (1, 2), (0, 1), (1, 2)]),
        ("(a*)*", "b", [(0, 0), (0, 0)]),
        ("(a*)+", "aa", [(0, 2), (0, 2)]),
        ("(.*)-(.*)", "a-b-c", [(0, 5), (0, 3), (4, 5)]),
        ("(x)?y", "y", [(0, 1), (-1, -1)]),
    ],
)
def test_groups_report_what_glibc_reports(
    pattern: str, text: str, expected: list[tuple[int, int]]
) -> None:
    assert spans(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "extended", "text"),
    [
        ("[a", False, "Unmatched [, [^, [:, [., or [="),
        ("[[:foo:]]", False, "Invalid character class name"),
        ("[[.ab.]]", False, "Invalid collation character"),
        ("[b-a]", True, "Invalid range end"),
        (r"\(a", False, r"Unmatched ( or \("),
        (r"a\)", False, r"Unmatched ) or \)"),
        (r"a\{1", False, r"Unmatched \{"),
        ("a{3,1}", True, r"Invalid content of \{\}"),
        ("a{99999}", True, "Regular expression too big"),
        ("((a{200}){200}){200}", True, "Regular expression too big"),
        ("*a", True, "Invalid preceding regular expression"),
        (r"\1", False, "Invalid back reference"),
        ("a\\", True, "Trailing backslash"),
    ],
)
def test_a_bad_pattern_is_refused_in_glibcs_words(pattern: str, extended: bool, text: str) -> None:
    with pytest.raises(RegexError) as caught:
        regex.compile(pattern.encode(), extended=extended)
    assert str(caught.value) == text


def test_case_is_ignored_in_texts_sets_and_references() -> None:
    assert matched("straSSe[a-c]", "STRASSEB", icase=True) == "STRASSEB"
    assert matched(r"\(a\)\1", "xaA", extended=False, icase=True) == "aA"


def test_with_newline_anchors_match_at_lines_and_a_dot_stays_on_its_own() -> None:
    assert spans("^b.*$", "a\nbc\nd", newline=True) == [(2, 4)]
    assert spans("a[^x]", "a\nab", newline=True) == [(2, 4)]
    assert spans(r"\`b", "a\nb", newline=True) is None


def test_ends_that_are_no_lines_do_not_satisfy_anchors() -> None:
    compiled = regex.compile(b"^a|b$", extended=True)
    assert compiled.search(b"ab", notbol=True, noteol=True) is None
    assert compiled.search(b"ab", notbol=True).span() == (1, 2)  # type: ignore[union-attr]


def test_a_search_from_the_middle_sees_what_stands_before_it() -> None:
    compiled = regex.compile(b"\\<b", extended=True)
    assert compiled.search(b"ab b", 1).span() == (3, 4)  # type: ignore[union-attr]


def test_utf8_makes_a_character_of_its_bytes() -> None:
    text = "aéß€😀"
    assert matched("^.{5}$", text, utf8=True) == text
    assert regex.compile("[é-ö]+".encode(), extended=True, utf8=True).search(
        "xîï".encode()
    ).span() == (1, 5)  # type: ignore[union-attr]
    assert not regex.compile(b".", extended=True, utf8=True).test(b"\xff")


def test_nesting_costs_no_host_stack() -> None:
    compiled = regex.compile(b"(" * 10000 + b"a" + b")" * 10000, extended=True)
    assert compiled.search(b"ba").span(10000) == (1, 2)  # type: ignore[union-attr]


def test_what_makes_backtracking_explode_is_linear_here() -> None:
    compiled = regex.compile(b"(a+)+$", extended=True)
    assert not compiled.test(b"a" * 200_000 + b"b")
    assert 200_000 // 8 <= compiled.spent() <= 250_000 // 8


def test_back_references_give_up_within_their_budget() -> None:
    compiled = regex.compile(rb"\(a*\)*\(a*\)*\(a*\)*\1\2\3b$", extended=False)
    with pytest.raises(RegexError, match="Memory exhausted"):
        compiled.test(b"a" * 3000 + b"ab" * 2)


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(ab|)", "(a*b)"])
PATTERNS = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "{0,2}"])).map("".join),
    min_size=1,
    max_size=5,
).map("".join)
TEXTS = st.text(alphabet="abc", max_size=12)


@settings(max_examples=200, deadline=None)
@given(PATTERNS, TEXTS)
def test_it_agrees_with_pythons_re_on_what_matches_and_where(pattern: str, text: str) -> None:
    ours = spans(pattern, text)
    theirs = re.search(pattern, text)
    assert (ours is None) == (theirs is None)
    assert (matched(f"^({pattern})$", text) is None) == (re.fullmatch(pattern, text) is None)
    if ours is not None and theirs is not None:
        start, end = ours[0]
        assert start == theirs.start()
        assert re.fullmatch(pattern, text[start:end])
        assert not any(re.fullmatch(pattern, text[start:at]) for at in range(end + 1, len(text)))

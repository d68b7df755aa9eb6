"""Level text: Markdown for the eye, and nothing that acts."""

import pytest

from minios.tui.markdown import render
from minios.tui.theme import TRUE


def lines(text: str, width: int = 40) -> list[str]:
    return ["".join(part for part, _ in row) for row in render(text, width, TRUE)]


def styles(text: str) -> dict[str, object]:
    return {part: style for row in render(text, 60, TRUE) for part, style in row}


def test_paragraphs_lists_and_code():
    text = "# Title\n\nSome *words* to\nread.\n\n1. first\n2. second\n\n- dot\n\n"
    text += "```\nps aux\n```\n> said\n"
    assert lines(text) == [
        "Title",
        "",
        "Some words to read.",
        "",
        "1. first",
        "2. second",
        "",
        "• dot",
        "",
        "   ps aux ",
        "",
        "▎ said",
    ]


def test_emphasis_has_its_look():
    found = styles("plain **strong** `code`")
    assert found["strong"].bold
    assert found["code"] == TRUE.code


def test_rows_keep_to_the_width():
    text = "word " * 40 + "x" * 100 + "\n\n- " + "item " * 30
    assert all(len(line) <= 30 for line in lines(text, 30))


def test_list_items_hang():
    assert lines("- one two three four five", 14) == ["• one two", "  three four", "  five"]


@pytest.mark.parametrize(
    "text",
    [
        "[@click=app.quit]press[/]",
        "[bold red]not markup[/]",
        "[link=http://x]x[/link]",
        "<script>alert(1)</script>",
        "\\[escaped]",
    ],
)
def test_markup_is_text(text):
    shown = " ".join(lines(text, 60))
    assert shown == text.replace("\\", "")


def test_links_are_shown_and_not_followed():
    text = "See [the manual](http://man.example/7) and <http://x.example>."
    assert lines(text, 80) == ["See the manual <http://man.example/7> and http://x.example."]
    for row in render(text, 80, TRUE):
        assert all(style.link is None and not style.meta for _, style in row)


def test_control_characters_do_not_survive():
    shown = "".join(lines("a\x1b]0;title\x07b\x9b31mc `\x1b[2J` \u202ed", 80))
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    "text", ["*" * 5000, "> " * 500 + "x", "- " * 300 + "x", "[" * 3000, "`" * 999]
)
def test_nonsense_ends_soon_and_raises_nothing(text):
    assert isinstance(lines(text, 30), list)

"""What bytes look like. pyte is the referee where both claim to be a VT220."""

import random

import pytest

from minios.tui.terminal.cells import PLAIN, Look
from minios.tui.terminal.emulator import FLOOD, Emulator
from minios.tui.terminal.screen import Screen


def screen(data: bytes | str, columns: int = 20, rows: int = 5) -> Screen:
    emulator = Emulator(columns, rows)
    emulator.feed(data.encode() if isinstance(data, str) else data)
    return emulator.screen


def lines(s: Screen) -> list[str]:
    return [row.text() for row in s.grid]


def history(s: Screen) -> list[str]:
    return [row.text() for row in s.history]


# Writing and moving


def test_text_wraps_only_when_the_next_character_comes():
    s = screen("x" * 20)
    assert (s.x, s.y, lines(s)[1]) == (19, 0, "")
    s = screen("x" * 20 + "y")
    assert (s.x, s.y, lines(s)[:2]) == (1, 1, ["x" * 20, "y"])


def test_a_return_after_a_full_line_stays_on_that_line():
    assert lines(screen("x" * 20 + "\rab"))[:2] == ["ab" + "x" * 18, ""]


def test_without_autowrap_the_last_column_is_overwritten():
    assert lines(screen("\x1b[?7l" + "a" * 19 + "bcd"))[:2] == ["a" * 19 + "d", ""]


def test_cursor_addressing_is_one_based_and_bounded():
    s = screen("\x1b[2;3HX\x1b[99;99HY\x1b[HZ")
    assert lines(s) == ["Z", "  X", "", "", " " * 19 + "Y"]


def test_relative_motion_stops_at_the_margins():
    s = screen("\x1b[2;4r\x1b[3;1H\x1b[9A^\x1b[9B_")
    assert lines(s) == ["", "^", "", " _", ""]


def test_tabs_stop_every_eight_and_can_be_set_and_cleared():
    assert lines(screen("a\tb\tc\td"))[0] == "a       b       c  d"
    assert lines(screen("\x1b[3g\x1b[1;4H\x1bH\ra\tb"))[0] == "a  b"
    assert lines(screen("\x1b[17Gx\x1b[Zy"))[0] == " " * 16 + "y"


def test_insert_and_delete_move_the_rest_of_the_line():
    assert lines(screen("abcdef\x1b[3G\x1b[2@"))[0] == "ab  cdef"
    assert lines(screen("abcdef\x1b[3G\x1b[2P"))[0] == "abef"
    assert lines(screen("abcdef\x1b[3G\x1b[2X"))[0] == "ab  ef"
    assert lines(screen("abc\x1b[1G\x1b[4hxy\x1b[4l"))[0] == "xyabc"


def test_insert_and_delete_line_stay_within_the_margins():
    page = "1\r\n2\r\n3\r\n4\r\n5"
    assert lines(screen(page + "\x1b[2;4r\x1b[2H\x1b[L")) == ["1", "", "2", "3", "5"]
    assert lines(screen(page + "\x1b[2;4r\x1b[2H\x1b[M")) == ["1", "3", "4", "", "5"]
    assert lines(screen(page + "\x1b[2;4r\x1b[5H\x1b[M")) == ["1", "2", "3", "4", "5"]


def test_reverse_index_at_the_top_scrolls_down():
    assert lines(screen("1\r\n2\x1b[H\x1bM0")) == ["0", "1", "2", "", ""]


@pytest.mark.parametrize(
    ("how", "left"),
    [("0", ["aaa", "b", "", "", ""]), ("1", ["", "  b", "ccc", "", ""]), ("2", [""] * 5)],
)
def test_erase_in_display(how, left):
    assert lines(screen(f"aaa\r\nbbb\r\nccc\x1b[2;2H\x1b[{how}J")) == left


def test_erased_cells_keep_the_background_and_nothing_else():
    s = screen("\x1b[1;4;31;44mabc\x1b[2G\x1b[K")
    assert s.grid[0].looks[1] == Look(bg="blue")
    assert s.grid[0].looks[0] == Look(fg="red", bg="blue", bold=True, underline=True)


def test_repeat_prints_the_last_character_again():
    assert lines(screen("ab\x1b[3b"))[0] == "abbbb"


def test_line_drawing_characters_of_g0():
    assert lines(screen("\x1b(0lqk\x1b(Blqk"))[0] == "┌─┐lqk"


# Looks


@pytest.mark.parametrize(
    ("sgr", "look"),
    [
        ("", PLAIN),
        ("1;2;3;4;7;8;9", Look("default", "default", *[True] * 7)),
        ("1;22", PLAIN),
        ("31;42", Look("red", "green")),
        ("93;104", Look("brightbrown", "brightblue")),
        ("38;5;9", Look("brightred")),
        ("38;5;208;1", Look("#ff8700", bold=True)),
        ("48;5;255", Look(bg="#eeeeee")),
        ("38;2;1;2;300", Look("#0102ff")),
        ("38:2::1:2:3", Look("#010203")),
        ("4:3", Look(underline=True)),
        ("4:0", PLAIN),
        ("31;0", PLAIN),
        ("38;5", PLAIN),
        ("38", PLAIN),
        ("38;7;1", Look(bold=True)),
        ("999;;31", Look("red")),
    ],
)
def test_select_graphic_rendition(sgr, look):
    assert screen(f"\x1b[{sgr}m").look == look


# The alternate screen


def test_alternate_screen_comes_empty_and_gives_back_what_was_there():
    emulator = Emulator(20, 3)
    emulator.feed(b"one\r\ntwo\x1b[?1049h")
    s = emulator.screen
    assert (s.alternate, lines(s)) == (True, ["", "", ""])
    emulator.feed(b"\x1b[2J\x1b[H" + b"app\r\n" * 9)
    assert history(s) == []
    emulator.feed(b"\x1b[?1049l!")
    assert (s.alternate, lines(s)) == (False, ["one", "two!", ""])


@pytest.mark.parametrize("mode", [47, 1047])
def test_the_older_modes_switch_too(mode):
    assert lines(screen(f"one\x1b[?{mode}hX\x1b[?{mode}l"))[0] == "one"


def test_leaving_twice_or_without_entering_does_nothing():
    assert lines(screen("one\x1b[?1049l\x1b[?1049l"))[0] == "one"


# History


def test_what_scrolls_off_goes_into_history():
    s = screen("".join(f"{n}\r\n" for n in range(8)))
    assert (history(s), lines(s)) == (["0", "1", "2", "3"], ["4", "5", "6", "7", ""])
    assert s.line(0).text() == "0"
    assert s.line(s.scrolled).text() == "4"


def test_history_is_bounded_and_lines_keep_their_numbers():
    s = Screen(10, 2, history=3)
    for n in range(9):
        s.text(str(n))
        s.control("\r")
        s.control("\n")
    assert (history(s), s.line(4), s.line(5).text()) == (["5", "6", "7"], None, "5")


def test_a_scrolling_region_at_the_bottom_keeps_its_lines_to_itself():
    assert history(screen("\x1b[2;5r\x1b[5H" + "x\r\n" * 9)) == []


def test_clear_with_3_forgets_history():
    assert history(screen("x\r\n" * 9 + "\x1b[H\x1b[2J\x1b[3J")) == []


# Size


def test_growing_takes_lines_back_that_shrinking_pushed_out():
    s = screen("1\r\n2\r\n3\r\n4\r\n$ ")
    s.resize(20, 2)
    assert (lines(s), history(s), s.y) == (["4", "$"], ["1", "2", "3"], 1)
    s.resize(20, 5)
    assert (lines(s), history(s), s.y) == (["1", "2", "3", "4", "$"], [], 4)


def test_shrinking_drops_the_blank_lines_below_the_cursor_first():
    s = screen("1\r\n2\r\n")
    s.resize(20, 3)
    assert (lines(s), history(s)) == (["1", "2", ""], [])


def test_resizing_below_the_alternate_screen_keeps_the_cursor_of_the_main_one():
    emulator = Emulator(20, 4)
    emulator.feed(b"1\r\n2\r\n3\r\n$ \x1b[?1049hfull")
    emulator.screen.resize(10, 2)
    emulator.feed(b"\x1b[?1049l!")
    assert lines(emulator.screen) == ["3", "$ !"]


def test_any_size_will_do():
    s = screen("wide 漢字 text\r\n" * 9)
    for columns, rows in [(1, 1), (200, 60), (2, 50), (0, 0), (7, 3)]:
        s.resize(columns, rows)
        assert all(len(row.chars) == s.columns == len(row.looks) for row in s.grid)
        s.text("漢x")
        s.control("\n")


# Characters


def test_wide_characters_take_two_cells_and_wrap_whole():
    s = screen("漢" * 11, columns=21)
    assert lines(s)[:2] == ["漢" * 10, "漢"]
    assert s.x == 2


def test_half_a_wide_character_is_never_left():
    assert lines(screen("漢字\x1b[2Gx"))[0] == " x字"
    assert lines(screen("漢字\x1b[1Gx"))[0] == "x 字"
    assert lines(screen("漢字\x1b[2G\x1b[P"))[0] == " 字"
    assert lines(screen("漢字\x1b[2G\x1b[K"))[0] == ""


def test_combining_marks_join_and_are_limited():
    assert lines(screen("e\u0301!"))[0] == "e\u0301!"
    assert len(lines(screen("e" + "\u0301" * 1000))[0]) < 10


def test_characters_that_would_disturb_the_players_terminal_are_not_shown():
    s = screen("a\u202eb\u200bc\u2066d\x9be\u00adf\x85g")
    assert lines(s)[0] == "abcdefg"


def test_utf8_cut_anywhere_is_put_together():
    data = "añ漢😀z".encode()
    for cut in range(len(data) + 1):
        emulator = Emulator(20, 2)
        emulator.feed(data[:cut])
        emulator.feed(data[cut:])
        assert lines(emulator.screen)[0] == "añ漢😀z"


def test_bytes_that_are_no_utf8_show_as_replacements():
    assert lines(screen(b"a\xff\xc3(b"))[0] == "a\ufffd\ufffd(b"


# What must not get through


@pytest.mark.parametrize(
    "string",
    [
        "\x1b]0;title\x07",
        "\x1b]52;c;aGVsbG8=\x1b\\",
        "\x1b]8;;http://x.example/\x1b\\",
        "\x1bP+q544e\x1b\\",
        "\x1b_apc\x1b\\",
        "\x1b^pm\x1b\\",
        "\x1bXsos\x1b\\",
    ],
)
def test_strings_are_swallowed_whole(string):
    s = screen(f"a{string}b")
    assert (lines(s)[0], s.bells) == ("ab", 0)


def test_an_endless_string_costs_nothing_and_ends_with_cancel():
    emulator = Emulator(20, 2)
    emulator.feed(b"a\x1b]0;")
    for _ in range(100):
        emulator.feed(b"x" * 8000)
    emulator.feed(b"\x18b")
    assert lines(emulator.screen)[0] == "ab"


@pytest.mark.parametrize("query", ["\x1b[c", "\x1b[>c", "\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x05"])
def test_questions_are_not_answered_and_not_shown(query):
    assert lines(screen(f"a{query}b"))[0] == "ab"


def test_a_sequence_may_be_cut_anywhere():
    data = b"\x1b[2;3H\x1b[38;5;196mred\x1b]0;no\x1b\\\x1b[0m\x1b(B!"
    whole = screen(data)
    for cut in range(len(data)):
        emulator = Emulator(20, 5)
        emulator.feed(data[:cut])
        emulator.feed(data[cut:])
        assert lines(emulator.screen) == lines(whole)
        assert emulator.screen.grid[1].looks == whole.grid[1].looks


def test_nonsense_neither_raises_nor_grows():
    noise = random.Random(7)
    alphabet = [b"\x1b", b"[", b"?", b";", b":", b"9", b"0", b"m", b"h", b"l", b"r", b"H", b"J"]
    alphabet += [b"\x9b", b"\xc2", b"x", b"\n", b"\r", b"\t", b"\xe6\xbc\xa2", b"@", b"P", b"L"]
    alphabet += [b"M", b"S", b"T", b"b", b"(", b"#", b"8", b"7", b"c", b" ", b"q", b"!", b"p"]
    emulator = Emulator(9, 4, history=50)
    for step in range(400):
        emulator.feed(b"".join(noise.choices(alphabet, k=60)))
        if step % 7 == 0:
            emulator.screen.resize(noise.randint(1, 12), noise.randint(1, 6))
        s = emulator.screen
        assert 0 <= s.x < s.columns
        assert 0 <= s.y < s.rows
        assert len(s.grid) == s.rows
        assert all(len(row.chars) == s.columns == len(row.looks) for row in s.grid)
    assert len(emulator.screen.history) <= 50


def test_parameters_of_absurd_length_are_ignored():
    assert lines(screen("a\x1b[" + "9" * 5000 + "Cb\x1b[" + "1;" * 5000 + "mc"))[0] == "abc"


# Modes that others read


def test_modes_the_keyboard_and_the_clipboard_ask_about():
    s = screen("\x1b[?1h\x1b[?2004h\x1b[?25l\x1b[4 q\x07")
    assert (s.application_cursor, s.bracketed_paste, s.cursor_visible) == (True, True, False)
    assert (s.cursor_shape, s.bells) == (4, 1)
    s = screen("\x1b[?1;2004h\x1b[?25l\x1bc")
    assert (s.application_cursor, s.bracketed_paste, s.cursor_visible) == (False, False, True)


# Floods


def test_a_flood_ends_as_if_all_of_it_had_been_drawn():
    data = "".join(f"line {n}\r\n" for n in range(20_000)).encode() + b"$ "
    assert len(data) > FLOOD
    emulator = Emulator(20, 5)
    emulator.feed(b"before\r\n")
    emulator.feed(data)
    s = emulator.screen
    assert lines(s) == ["line 19996", "line 19997", "line 19998", "line 19999", "$"]
    assert history(s)[-1] == "line 19995"
    assert history(s)[0] == f"line {19996 - 5000}"


def test_a_flood_that_fits_history_keeps_every_line():
    data = "".join(f"{n}\r\n" for n in range(4_000)).encode()
    emulator = Emulator(20, 5)
    emulator.feed(b"before\r\nhalf ")
    emulator.feed(data)
    kept = history(emulator.screen) + lines(emulator.screen)
    assert kept == ["before", "half 0", *map(str, range(1, 4_000)), ""]


def test_a_flood_without_a_newline_is_still_bounded():
    emulator = Emulator(20, 5)
    emulator.feed(b"y" * 1_000_000)
    assert lines(emulator.screen) == ["y" * 20] * 5


def test_modes_and_looks_set_within_a_flood_hold_after_it():
    emulator = Emulator(20, 5)
    emulator.feed(b"\x1b[31m\x1b[?2004h" + b"red\r\n" * 9_000)
    assert emulator.screen.look == Look("red")
    assert emulator.screen.bracketed_paste


def test_the_alternate_screen_is_drawn_whole_in_a_flood():
    frame = b"\x1b[H" + b"".join(b"row %d\x1b[K\r\n" % n for n in range(4))
    emulator = Emulator(20, 5)
    emulator.feed(b"x\r\n" * 6_000 + b"\x1b[?1049h" + frame * 600 + b"\x1b[1;1Hnew")
    assert lines(emulator.screen) == ["new 0", "row 1", "row 2", "row 3", ""]


# Copying


def test_copying_joins_wrapped_lines_and_drops_blanks_at_the_end():
    s = screen("a" * 25 + "   \r\nnext")
    assert s.copy((0, 18), (2, 1)) == "aaaaaaa\nne"
    assert s.copy((2, 1), (0, 18)) == "aaaaaaa\nne"


# The referee


def test_agrees_with_pyte_on_what_both_know():
    pyte = pytest.importorskip("pyte")
    draw = random.Random(11)

    def at() -> str:
        return f"\x1b[{draw.randint(0, 9)};{draw.randint(0, 19)}H"

    # IL and DL apart (pyte forgets that lines never written are blank), and not in the state
    # after the last column (where pyte is one further right than a VT220)
    pieces = [
        lambda: at() + draw.choice(["abc", "hello world", "x" * 13, "漢字", "é"]),
        lambda: draw.choice(["\r", "\n", "\r\n", "\b", "\t"]),
        lambda: at() + f"\x1b[{draw.randint(0, 4)}{draw.choice('ABCDEFGd')}",
        lambda: at() + f"\x1b[{draw.randint(0, 2)}{draw.choice('JK')}",
        lambda: at() + f"\x1b[{draw.randint(1, 3)}{draw.choice('@PX')}",
        lambda: at() + "\x1bM",
        lambda: "\x1b[2;6r" + draw.choice(["\x1b[6H\n\nx", "\x1b[2H\x1bM\x1bMy"]) + "\x1b[r\x1b[H",
    ]
    for _ in range(300):
        data = "".join(draw.choice(pieces)() for _ in range(25))
        if "漢" in data and any(f in data for f in "@PXKJ\b"):
            data = data.replace("漢字", "hi")  # pyte leaves halves of wide characters behind
        theirs = pyte.Screen(20, 8)
        pyte.Stream(theirs).feed(data)
        ours = screen(data, 20, 8)
        assert lines(ours) == [line.rstrip() for line in theirs.display], repr(data)

"""The line editor at a terminal, as a player sees it."""

import pyte
import pytest

from minios.testing import Box

PROMPT = "player@minios:~$ "


class Terminal:
    """A logged-in player's screen. ``line`` is what stands at the prompt, with ``|`` the cursor."""

    def __init__(self, rows: int = 24, columns: int = 80) -> None:
        self.box = Box(tty=True)
        self.rows, self.columns = rows, columns
        kernel = self.box.machine.kernel
        assert kernel is not None
        self.tty = kernel.ttys[b"tty1"]
        if (rows, columns) != (24, 80):
            self.tty.resize(rows, columns)
            self.box.settle()

    def type(self, *keys: str) -> "Terminal":
        for key in keys:
            self.box.type(key.encode("utf-8", "surrogateescape"))
        return self

    def screen(self) -> pyte.Screen:
        screen = pyte.Screen(self.columns, self.rows)
        pyte.ByteStream(screen).feed(self.box.output)
        return screen

    def lines(self) -> list[str]:
        """The rows from the last but one prompt on that are not blank."""
        return [line.rstrip() for line in self.screen().display if line.strip()]

    @property
    def line(self) -> str:
        screen = self.screen()
        row = screen.buffer[screen.cursor.y]
        cells = [row[column].data for column in range(self.columns)]
        before, behind = cells[: screen.cursor.x], cells[screen.cursor.x :]
        return ("".join(before) + "|" + "".join(behind).rstrip()).removeprefix(PROMPT)


UP, DOWN, RIGHT, LEFT, HOME, END = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F"
DELETE, CTRL_LEFT, CTRL_RIGHT = "\x1b[3~", "\x1b[1;5D", "\x1b[1;5C"


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["ac", LEFT, "b"], "ab|c"),
        (["bc", HOME, "a", END, "d"], "abcd|"),
        (["abc", "\x01", DELETE, "\x05", "\x7f"], "b|"),
        (["one two", "\x02\x02", "\x0b"], "one t|"),
        (["one two", "\x17", "x"], "one x|"),
        (["one two", "\x15", "x"], "x|"),
        (["one two", "\x17", "\x19", "\x19"], "one twotwo|"),
        (["one two", "\x17\x17", "\x19"], "one two|"),
        (["one two", "\x1bb", "\x1bb", "x", "\x1bf", "y"], "xoney| two"),
        (["one two", CTRL_LEFT, "x", CTRL_RIGHT, "y"], "one xtwoy|"),
        (["one two", HOME, "\x1bd", "x"], "x| two"),
        (["ab", "\x14"], "ba|"),
        (["abc", LEFT, LEFT, "\x06", "x"], "abx|c"),
        (["wide", HOME, "漢字"], "漢字|wide"),
        (["e\u0301x", LEFT, "\x7f"], "|x"),
        (["a\x16\tb"], "a^Ib|"),
        (["\x1b[99~x\x1b[1;9Qy"], "xy|"),
    ],
)
def test_keys_edit_as_in_readline(keys: list[str], line: str) -> None:
    assert Terminal().type(*keys).line == line


def test_a_character_at_the_end_is_sent_alone() -> None:
    terminal = Terminal().type("echo hell")
    assert terminal.box.type(b"o") == b"o"


def test_the_middle_of_a_long_line_is_redrawn_from_the_change_on() -> None:
    terminal = Terminal().type("x" * 20, LEFT * 3)
    assert terminal.box.type(b"y") == b"yxxx\b\b\b"


def test_a_wrapped_line_can_be_edited_in_any_row() -> None:
    terminal = Terminal(columns=30).type("a" * 20, "b" * 30, HOME, "c")
    assert terminal.lines()[-3:] == [PROMPT + "c" + "a" * 12, "a" * 8 + "b" * 22, "b" * 8]
    assert terminal.line == "c|" + "a" * 12
    assert terminal.type(END, "\x15").line == "|"


def test_the_cursor_goes_on_to_the_next_row_when_one_is_full() -> None:
    terminal = Terminal(columns=20).type("abc")
    assert terminal.line == "|"
    assert terminal.type("d", "\x7f\x7f").line == "ab|"


def test_history_keeps_what_was_being_typed() -> None:
    terminal = Terminal().type("echo one\r", "echo two\r", "draft")
    assert [terminal.type(key).line for key in (UP, UP, UP, DOWN, DOWN)] == [
        "echo two|", "echo one|", "echo one|", "echo two|", "draft|",
    ]  # fmt: skip


def test_an_edited_history_entry_is_run_as_edited() -> None:
    terminal = Terminal().type("echo one\r", UP, "\x7f\x7f\x7ftwo\r")
    assert terminal.lines()[-2:] == ["two", PROMPT.rstrip()]


def test_search_finds_older_entries_and_keys_go_on_from_there() -> None:
    terminal = Terminal().type("echo apple\r", "echo banana\r", "echo apricot\r", "\x12ap")
    assert terminal.line == "(reverse-i-search)`ap': echo apricot|"
    assert terminal.type("\x12").line == "(reverse-i-search)`ap': echo apple|"
    assert terminal.type("\x05").line == "echo apple|"
    assert terminal.type("\x15", "dr", "\x12zzz", "\x07").line == "dr|"


def test_alt_dot_inserts_last_arguments() -> None:
    terminal = Terminal().type("echo a b\r", "echo c d\r", "x \x1b.")
    assert terminal.line == "x d|"
    assert terminal.type("\x1b.").line == "x b|"


def test_tab_completes_commands_paths_and_variables() -> None:
    terminal = Terminal()
    terminal.box.write("a file", b"")
    terminal.box.write("dir/x", b"")
    assert terminal.type("ec\t").line == "echo |"
    assert terminal.type("\x15cat a\t").line == "cat a\\ file |"
    assert terminal.type("\x15cat 'a\t").line == "cat 'a file' |"
    assert terminal.type("\x15cat di\t").line == "cat dir/|"
    assert terminal.type("\x15echo $PA\t").line == "echo $PATH |"
    assert terminal.type("\x15echo ${HO\t").line == "echo ${HOME}|"
    assert terminal.type("\x15ls ~/d\t").line == "ls ~/dir/|"
    assert terminal.type("\x15ls > ~/dir/\t").line == "ls > ~/dir/x |"


def test_a_second_tab_lists_what_is_possible() -> None:
    terminal = Terminal()
    for name in ("file1", "file2", "fizz"):
        terminal.box.write(name, b"")
    terminal.type("cat f\t", "\t")
    assert terminal.lines()[-3:] == [PROMPT + "cat fi", "file1  file2  fizz", PROMPT + "cat fi"]
    assert terminal.type("l\t").line == "cat file|"


def test_a_command_goes_on_over_lines_with_the_second_prompt() -> None:
    terminal = Terminal().type("for i in 1 2\r", "do echo n$i\r", "done\r")
    assert terminal.lines()[-6:] == [
        PROMPT + "for i in 1 2", "> do echo n$i", "> done", "n1", "n2", PROMPT.rstrip(),
    ]  # fmt: skip


def test_a_paste_is_not_run_before_it_is_entered() -> None:
    terminal = Terminal().type("\x1b[200~echo a\necho b\x1b[201~")
    assert terminal.lines()[-2:] == [PROMPT + "echo a", "echo b"]
    assert terminal.type("\r").lines()[-3:] == ["a", "b", PROMPT.rstrip()]


def test_an_interrupt_gives_the_line_up() -> None:
    terminal = Terminal().type("echo no\x03", "echo $?\r")
    assert terminal.lines()[-4:] == [
        PROMPT + "echo no^C",
        PROMPT + "echo $?",
        "130",
        PROMPT.rstrip(),
    ]


def test_a_syntax_error_is_told_and_the_next_line_works() -> None:
    terminal = Terminal().type("if; then\r", "echo ok\r")
    assert terminal.lines()[-4:] == [
        '-sh: 1: Syntax error: ";" unexpected', PROMPT + "echo ok", "ok", PROMPT.rstrip(),
    ]  # fmt: skip


def test_a_new_window_size_is_drawn_anew() -> None:
    terminal = Terminal().type("echo " + "x" * 60)
    terminal.tty.resize(24, 40)
    terminal.box.settle()
    terminal.columns = 40
    assert terminal.lines()[-3:] == [PROMPT + "echo " + "x" * 18, "x" * 40, "xx"]
    assert terminal.line == "xx|"


def test_programs_find_the_terminal_as_it_was() -> None:
    terminal = Terminal().type("stty -echo\r", "stty -a | grep -o -- '-\\?echo '\r")
    assert terminal.lines()[-2:] == ["-echo", PROMPT.rstrip()]


def test_the_prompt_shows_user_host_directory_and_expands() -> None:
    terminal = Terminal().type("PS1='[\\u@\\h \\W $x]\\$ '; x=1; cd /usr/bin\r")
    assert (
        terminal.screen().display[terminal.screen().cursor.y].rstrip() == "[player@minios bin 1]$"
    )


def test_lines_are_reported_with_their_commands() -> None:
    heard: list[tuple[bytes, int]] = []

    class Listener:
        def on_line(self, pcb: object, line: bytes, commands: int) -> None:
            heard.append((line, commands))

    terminal = Terminal()
    terminal.box.world.instruments.add(Listener())
    terminal.type("echo a | cat; x=$(echo b)\r", "if true\r", "then echo c; fi\r", ")\r", "\r")
    assert heard == [
        (b"echo a | cat; x=$(echo b)", 4), (b"if true", 0), (b"then echo c; fi", 2), (b")", 0),
        (b"", 0),
    ]  # fmt: skip


def test_history_outlives_the_session() -> None:
    terminal = Terminal().type("echo remembered\r", "exit\r", UP, UP)
    assert terminal.line == "echo remembered|"

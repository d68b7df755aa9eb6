"""less, nano, top and watch at a terminal, drawn into an emulator and driven by keys."""

import pyte
import pytest

from minios import testing
from minios.userland.lib.editbuffer import Buffer
from minios.userland.lib.screen import split_key

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class Terminal:
    """tty1 of a machine, with an emulator behind it."""

    def __init__(self, rows: int = 12, cols: int = 60) -> None:
        self.box = testing.Box(tty=True)
        kernel = self.box.machine.kernel
        assert kernel is not None
        self.tty = kernel.ttys[b"tty1"]
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.tty.resize(rows, cols)

    def key(self, *keys: str | bytes, wait: int = 50 * MILLISECOND) -> "Terminal":
        """Press keys, each as one input; afterwards let ``wait`` ns pass."""
        for key in keys:
            before = len(self.box.output)
            self.tty.input(key.encode() if isinstance(key, str) else key)
            self.box.wait(wait)
            self.stream.feed(self.box.output[before:])
        return self

    def type(self, text: str, wait: int = 200 * MILLISECOND) -> "Terminal":
        for char in text:
            self.key(char)
        return self.key(b"", wait=wait)

    def resize(self, rows: int, cols: int) -> None:
        self.screen.resize(rows, cols)
        self.tty.resize(rows, cols)
        self.key(b"", wait=300 * MILLISECOND)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def modes(self) -> str:
        """What ``stty`` says afterwards."""
        self.type("clear; stty -a | tail -n 2\r")
        return " ".join(self.lines)


def number_file(terminal: Terminal, last: int = 200) -> None:
    text = "".join(f"line {n} of the file\n" for n in range(1, last + 1))
    terminal.box.write("f", text.encode())


@pytest.mark.parametrize(
    ("data", "key", "size"),
    [
        (b"a", "a", 1), (b"\xc3\xa9x", "é", 2), (b"\x1b", "ESC", 1), (b"\x1b[A", "UP", 3),
        (b"\x1bOA", "UP", 3), (b"\x1b[5~z", "PGUP", 4), (b"\x03", "^C", 1), (b"\r", "ENTER", 1),
        (b"\x7f", "BACKSPACE", 1), (b"\x1bw", "M-w", 2), (b"\x1b[1;5C", "C-RIGHT", 6),
        (b"\x1b[99;99x", "?", 8), (b"\xff", "\udcff", 1), (b"\xe4\xb8", "\udce4", 1),
    ],
)  # fmt: skip
def test_keys_are_taken_apart(data: bytes, key: str, size: int) -> None:
    assert split_key(data) == (key, size)


def test_less_moves_through_a_text() -> None:
    t = Terminal()
    number_file(t)
    t.type("less f\r")
    assert t.lines[0] == "line 1 of the file"
    assert t.lines[11] == "f"
    t.key(" ")
    assert (t.lines[0], t.lines[11]) == ("line 12 of the file", ":")
    assert t.key("j", "j", "k").lines[0] == "line 13 of the file"
    assert t.key("d").lines[0] == "line 19 of the file"
    assert t.key("b").lines[0] == "line 8 of the file"
    t.key("G")
    assert (t.lines[10], t.lines[11]) == ("line 200 of the file", "(END)")
    t.type("50g")
    assert t.lines[0] == "line 50 of the file"
    assert t.key(b"\x1b[6~", b"\x1b[H").lines[0] == "line 1 of the file"
    t.key("=")
    assert t.lines[11] == "f lines 1-11/200 byte 211/4092 5%  (press RETURN)"


def test_less_searches_both_ways() -> None:
    t = Terminal()
    number_file(t)
    t.type("less f\r").type("/50\r")
    assert t.lines[0] == "line 50 of the file"
    assert t.key("n").lines[0] == "line 150 of the file"
    assert t.key("n").lines[11] == "Pattern not found  (press RETURN)"
    assert t.key("N").lines[0] == "line 50 of the file"
    assert t.type("?line 1.\r").lines[0] == "line 19 of the file"
    assert t.type("&7.*e\r").type("g").lines[:2] == ["line 7 of the file", "line 17 of the file"]


def test_less_shows_what_is_no_text() -> None:
    t = Terminal()
    t.box.write("f", b"\x01 \xff \x1b[31mred\x1b[m b\bb\n" + b"x" * 70 + b"\nlast\n")
    t.type("less f\r")
    assert t.lines[:4] == ["^A <FF> ESC[31mredESC[m b", "x" * 60, "x" * 10, "last"]
    t.key("-", "S", "\r")
    assert t.lines[1:3] == ["x" * 59 + ">", "last"]
    t.key("-", "N", "\r")
    assert t.lines[2] == "      3 last"
    t.key("-", "R", "\r")
    assert t.lines[0] == "      1 ^A <FF> red b"


def test_less_reads_a_pipe_and_its_keys_from_the_terminal() -> None:
    t = Terminal()
    t.type("seq 1 40 | less\r")
    assert (t.lines[0], t.lines[11]) == ("1", ":")
    assert t.key("G").lines[10] == "40"
    assert t.key("q").lines[11] == "player@minios:~$"


def test_less_follows_a_growing_file() -> None:
    t = Terminal()
    t.type("(sleep 3; echo more >> f) & echo first > f; less +F f\r")
    assert "Waiting for data... (interrupt to abort)" in t.lines
    t.key(b"", wait=5 * SECOND)
    assert t.lines[:2] == ["first", "more"]
    t.key(b"\x03")
    assert "(END)" in "\n".join(t.lines)


def test_less_is_stopped_and_continued() -> None:
    """^Z gives the terminal back; fg takes it again and repaints."""
    t = Terminal()
    number_file(t)
    t.type("less f\r").key(b"\x1a", wait=300 * MILLISECOND)
    assert any("Stopped" in line for line in t.lines)
    assert "icanon iexten echo echoe" in t.modes()
    t.type("fg\r")
    assert t.lines[0] == "line 1 of the file"
    assert t.key("G").lines[10] == "line 200 of the file"
    t.key("q")
    assert "icanon iexten echo echoe" in t.modes()


def test_less_fits_itself_to_a_new_size() -> None:
    t = Terminal()
    number_file(t)
    t.type("less f\r")
    t.resize(6, 30)
    assert t.lines == [*(f"line {n} of the file" for n in range(1, 6)), ":"]


def test_less_without_a_terminal_copies() -> None:
    result = testing.run("seq 3 | less; less nosuch; less /tmp; echo $?")
    assert result.stdout == b"1\n2\n3\n1\n"
    assert result.stderr == b"nosuch: No such file or directory\n/tmp is a directory\n"


def test_more_quits_at_the_end() -> None:
    t = Terminal()
    t.type("seq 1 20 > f; more f\r")
    assert t.lines[11].startswith("--More--(")
    t.key(" ", wait=300 * MILLISECOND)
    assert t.lines[10:] == ["20", "player@minios:~$"]


def test_nano_edits_and_writes_a_new_file() -> None:
    t = Terminal()
    t.type("nano new\r")
    assert "[ New File ]" in t.lines[9]
    assert t.lines[10].startswith("^G Help")
    t.type("hello\rwörld")
    assert t.lines[1:3] == ["hello", "wörld"]
    assert t.lines[0].endswith("new *")
    t.key(b"\x03")
    assert t.lines[9].strip() == "[ line  2/3 (66%), col  6/ 6 (100%), char 11/12 (91%) ]"
    t.key(b"\x0f")
    assert t.lines[9] == "File Name to Write: new"
    t.key("\r")
    assert t.lines[9].strip() == "[ Wrote 2 lines ]"
    t.key(b"\x18")
    assert "icanon iexten echo echoe" in t.modes()
    assert t.box.run("cat new").stdout.decode() == "hello\nwörld\n"


def test_nano_asks_before_it_throws_changes_away() -> None:
    t = Terminal()
    t.box.write("f", b"one\ntwo\n")
    t.type("nano f\r").type("x").key(b"\x18")
    assert t.lines[9:] == ["Save modified buffer?", " Y Yes", " N No               ^C Cancel"]
    t.key(b"\x03")
    assert t.lines[9].strip() == "[ Cancelled ]"
    t.key(b"\x18", "n")
    assert t.box.run("cat f").stdout == b"one\ntwo\n"


def test_nano_cuts_pastes_searches_and_goes_to_lines() -> None:
    t = Terminal()
    number_file(t, 100)
    t.type("nano f\r").key(b"\x0b", b"\x0b", b"\x1b[B", b"\x15")
    assert t.lines[1:4] == ["line 3 of the file", "line 1 of the file", "line 2 of the file"]
    t.key(b"\x17").type("line 50\r")
    assert "line 50 of the file" in t.lines[5]
    t.key(b"\x1f").type("77\r").key(b"\x03")
    assert "line  77/101" in t.lines[9]
    t.key(b"\x1c").type("of\r").type("OF\r").key("a")
    assert "[ Replaced 24 occurrences ]" in t.lines[9]


def test_nano_says_why_it_cannot_write() -> None:
    t = Terminal()
    t.type("nano /etc/passwd\r")
    assert "[ File '/etc/passwd' is unwritable ]" in t.lines[9]
    t.type("x").key(b"\x0f", "\r")
    assert t.lines[9].strip() == "[ Error writing /etc/passwd: Permission denied ]"


def test_a_buffer_undoes_and_redoes() -> None:
    """Letters typed in a row are one change."""
    buffer = Buffer.of(b"one\ntwo\n")
    buffer.insert("a")
    buffer.insert("b")
    buffer.insert("\n")
    assert buffer.data() == b"ab\none\ntwo\n"
    assert buffer.undo()
    assert buffer.data() == b"abone\ntwo\n"
    assert buffer.undo()
    assert (buffer.data(), buffer.modified) == (b"one\ntwo\n", False)
    assert buffer.redo()
    assert (buffer.data(), buffer.modified) == (b"abone\ntwo\n", True)
    assert not Buffer().undo()


def test_a_buffer_keeps_bytes_that_are_no_text() -> None:
    assert Buffer.of(b"\xff\xfe\nx").data() == b"\xff\xfe\nx\n"


def test_top_shows_who_uses_the_cpu_and_kills() -> None:
    t = Terminal(14, 80)
    t.type("spin & sleep 100 &\r").type("top -d 1\r", wait=3 * SECOND)
    assert t.lines[0].startswith("top - 09:00:")
    assert t.lines[1] == ("Tasks:   5 total,   2 running,   3 sleeping,   0 stopped,   0 zombie")
    assert t.lines[6] == (
        "  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND"
    )
    assert t.lines[7].split()[1:4] == ["player", "20", "0"]
    assert t.lines[7].split()[-1] == "spin"
    t.key("k")
    assert t.lines[5] == "PID to signal/kill [default pid = 4]"
    t.key("\r")
    assert t.lines[5] == "Send pid 4 signal [15/sigterm]"
    t.key("\r", wait=2 * SECOND)
    assert not any(line.endswith("spin") for line in t.lines)
    t.key("X")
    assert t.lines[5] == " Unknown command - try 'h' for help"
    t.key("q", wait=300 * MILLISECOND)
    assert "icanon iexten echo echoe" in t.modes()


def test_top_repaints_at_once_when_the_window_changes() -> None:
    t = Terminal(14, 80)
    t.type("top -d 50\r", wait=SECOND)
    t.resize(9, 40)
    assert t.lines[6] == "  PID USER      PR  NI    VIRT    RES   "[:40].rstrip()


def test_top_in_batch_mode_prints_frames() -> None:
    shown = testing.run("spin & top -b -n 2 -d 1; kill $!").stdout.decode().splitlines()
    heads = [n for n, line in enumerate(shown) if line.startswith("top - ")]
    assert len(heads) == 2
    assert shown[heads[1] - 1] == ""
    assert shown[heads[1] + 2].startswith(("%Cpu(s): 9", "%Cpu(s):100.0 us"))
    assert shown[heads[1] + 7].split()[-1] == "spin"
    assert float(shown[heads[1] + 7].split()[8]) > 90


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("-n x", "top: bad iterations argument 'x'"),
        ("-d x", "top: bad delay interval 'x'"),
        ("-u nosuch", "top: Invalid user"),
        ("-p x", "top: bad pid 'x'"),
        ("-o foo", "top: unrecognized field name 'foo'"),
        ("", "top: failed tty get"),
    ],
)
def test_top_complains_as_procps_does(options: str, complaint: str) -> None:
    result = testing.run(f"top {options}")
    assert (result.status, result.stderr.decode()) == (1, complaint + "\n")


def test_watch_shows_a_command_again_and_again() -> None:
    t = Terminal(8, 60)
    t.type("watch -n 2 'date +%S; echo same'\r", wait=SECOND)
    first = t.lines
    assert first[0].startswith("Every 2.0s: date +%S;")
    assert first[3] == "same"
    t.key(b"", wait=4 * SECOND)
    assert int(t.lines[2]) == int(first[2]) + 4
    t.key(b"\x03", wait=300 * MILLISECOND)
    assert "icanon iexten echo echoe" in t.modes()


def test_watch_ends_on_change_or_error_when_told_to() -> None:
    t = Terminal(8, 60)
    t.type("watch -g -t date; s=$?; clear; echo done $s\r", wait=8 * SECOND)
    assert "done 0" in t.lines
    t.type("watch -e -t false; s=$?; clear; echo done $s\r", wait=SECOND)
    assert t.lines[7] == "command exit with a non-zero status, press a key to exit"
    t.key("x", wait=SECOND)
    assert "done 8" in t.lines


def test_stty_shows_and_sets_modes() -> None:
    t = Terminal(14, 80)
    t.type("stty\r")
    assert "speed 38400 baud; line = 0;" in t.lines
    assert "-brkint -imaxbel iutf8" in t.lines
    t.type("clear; stty intr ^X rows 10 cols 50; stty size; stty | head -2\r")
    assert t.lines[:3] == ["10 50", "speed 38400 baud; line = 0;", "intr = ^X;"]


def test_tput_and_clear_speak_xterm() -> None:
    result = testing.run(
        "export TERM=xterm; tput cup 3 4; tput setaf 1; tput bold; clear; tput cols"
    )
    assert result.stdout == b"\x1b[4;5H\x1b[31m\x1b[1m\x1b[H\x1b[2J\x1b[3J80\n"

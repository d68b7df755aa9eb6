"""The line discipline, byte for byte as Linux's n_tty (termios(3)).

The tables of keys were replayed on a Linux pseudo-terminal, with the same result.
"""

from __future__ import annotations

import pytest

from minios.abi import flags
from minios.abi.signals import Sig
from minios.kernel.dev.ldisc import DEFAULT_TERMIOS, LINE_LIMIT, LineDiscipline


class Screen:
    """A terminal that keeps what it is asked."""

    def __init__(self) -> None:
        self.shown = b""
        self.asked: list[object] = []

    def echo(self, data: bytes) -> None:
        self.shown += data

    def interrupt(self, sig: int) -> None:
        self.asked.append(sig)

    def flush_output(self) -> None:
        self.asked.append("flush")

    def stop(self) -> None:
        self.asked.append("stop")

    def start(self) -> None:
        self.asked.append("start")


def discipline(
    *, on: int = 0, off: int = 0, iflag: int | None = None, oflag: int | None = None
) -> tuple[LineDiscipline, Screen]:
    """One with the default modes but for the local ones given."""
    screen = Screen()
    made = LineDiscipline(screen)
    modes = DEFAULT_TERMIOS._replace(lflag=DEFAULT_TERMIOS.lflag & ~off | on)
    if iflag is not None:
        modes = modes._replace(iflag=iflag)
    if oflag is not None:
        modes = modes._replace(oflag=oflag)
    made.configure(modes)
    return made, screen


def typed(data: bytes, **modes: int) -> tuple[list[bytes], bytes]:
    """(the lines a reader would get, what the screen was sent)."""
    line, screen = discipline(**modes)
    line.receive(data)
    return list(line.ready), screen.shown


def test_a_line_is_echoed_and_readable_once_it_is_complete() -> None:
    line, screen = discipline()
    line.receive(b"ls -l")
    assert (list(line.ready), screen.shown) == ([], b"ls -l")
    line.receive(b"\r")
    assert (list(line.ready), screen.shown) == ([b"ls -l\n"], b"ls -l\r\n")


def test_a_read_takes_one_line_and_leaves_what_does_not_fit() -> None:
    line, _ = discipline()
    line.receive(b"one\ntwo\n")
    assert [line.take(2), line.take(100), line.take(100)] == [b"on", b"e\n", b"two\n"]
    assert line.available == 0


@pytest.mark.parametrize(
    ("keys", "lines", "shown"),
    [
        (b"ab\x7fc\n", [b"ac\n"], b"ab\b \bc\r\n"),
        (b"\x7f\n", [b"\n"], b"\r\n"),
        ("aé\x7f\n".encode(), [b"a\n"], "aé\b \b\r\n".encode()),
        ("日本\x7f\n".encode(), ["日\n".encode()], "日本\b \b\r\n".encode()),
        (b"\x80\x7f\n", [b"\x80\n"], b"\x80\r\n"),
        (b"a\x01\x7f\n", [b"a\n"], b"a^A\b \b\b \b\r\n"),
        (b"ab\t\x7f\n", [b"ab\n"], b"ab\t\b\b\b\b\b\b\r\n"),
        (b"abc\x15\n", [b"\n"], b"abc\b \b\b \b\b \b\r\n"),
        (b"\x15\n", [b"\n"], b"\r\n"),
        (b"one two  \x17\n", [b"one \n"], b"one two  " + b"\b \b" * 5 + b"\r\n"),
        (b"a/b.c\x17\n", [b"a/b.\n"], b"a/b.c\b \b\r\n"),
        (b"\x16\x03\n", [b"\x03\n"], b"^\b^C\r\n"),
        (b"\x16\n\n", [b"\n\n"], b"^\b^J\r\n"),
        (b"ab\x12\n", [b"ab\n"], b"ab^R\r\nab\r\n"),
        (b"\x04", [b""], b""),
        (b"ab\x04", [b"ab"], b"ab"),
        (b"\x1b[A\n", [b"\x1b[A\n"], b"^[[A\r\n"),
    ],
)
def test_editing_a_line(keys: bytes, lines: list[bytes], shown: bytes) -> None:
    assert typed(keys) == (lines, shown)


@pytest.mark.parametrize(
    ("off", "keys", "lines", "shown"),
    [
        (flags.ECHO, b"ab\x7fc\n", [b"ac\n"], b""),
        (flags.ECHOE, b"ab\x7f\n", [b"a\n"], b"ab^?\r\n"),
        (flags.ECHOKE, b"ab\x15x\n", [b"x\n"], b"ab^U\r\nx\r\n"),
        (flags.ECHOK, b"ab\x15x\n", [b"x\n"], b"ab^Ux\r\n"),
        (flags.ECHOCTL, b"a\x01\n", [b"a\x01\n"], b"a\x01\r\n"),
        (flags.IEXTEN, b"a\x16\x17\n", [b"a\x16\x17\n"], b"a^V^W\r\n"),
        (flags.ISIG, b"\x03\n", [b"\x03\n"], b"^C\r\n"),
    ],
)
def test_modes_that_are_off(off: int, keys: bytes, lines: list[bytes], shown: bytes) -> None:
    assert typed(keys, off=off) == (lines, shown)


def test_echonl_shows_the_newline_alone() -> None:
    assert typed(b"secret\n", off=flags.ECHO, on=flags.ECHONL) == ([b"secret\n"], b"\r\n")


@pytest.mark.parametrize(
    ("iflag", "keys", "lines"),
    [
        (flags.ICRNL, b"a\rb\n", [b"a\n", b"b\n"]),
        (0, b"a\rb\n", [b"a\rb\n"]),
        (flags.IGNCR, b"a\rb\n", [b"ab\n"]),
        (flags.INLCR, b"a\nb", []),
    ],
)
def test_carriage_returns_and_newlines(iflag: int, keys: bytes, lines: list[bytes]) -> None:
    assert typed(keys, iflag=iflag)[0] == lines


@pytest.mark.parametrize(
    ("key", "sig", "shown"),
    [
        (b"\x03", Sig.SIGINT, b"ab^C"),
        (b"\x1c", Sig.SIGQUIT, b"ab^\\"),
        (b"\x1a", Sig.SIGTSTP, b"ab^Z"),
    ],
)
def test_a_signal_character_flushes_and_is_shown(key: bytes, sig: int, shown: bytes) -> None:
    line, screen = discipline(iflag=flags.ICRNL)
    line.receive(b"done\nab" + key)
    assert (list(line.ready), bytes(line.line)) == ([], b"")
    assert screen.asked == [sig, "flush"]
    assert screen.shown == b"done\r\n" + shown


def test_noflsh_keeps_what_was_typed() -> None:
    line, screen = discipline(on=flags.NOFLSH, iflag=flags.ICRNL)
    line.receive(b"ab\x03c\n")
    assert (list(line.ready), screen.asked) == ([b"abc\n"], [Sig.SIGINT])


def test_control_s_and_control_q_hold_the_output() -> None:
    line, screen = discipline()
    line.receive(b"\x13\x11\x13\x03")
    assert screen.asked == ["stop", "start", "stop", Sig.SIGINT, "flush", "start"]


def test_without_ixon_they_are_characters() -> None:
    assert typed(b"\x13\x11\n", iflag=flags.ICRNL) == ([b"\x13\x11\n"], b"^S^Q\r\n")


def test_raw_bytes_are_readable_as_they_come() -> None:
    off = flags.ICANON | flags.ECHO | flags.ISIG | flags.IEXTEN
    line, screen = discipline(off=off, iflag=0)
    line.receive(b"a\x03\x7f\r\x1b[A")
    assert line.available == 7
    assert line.take(3) == b"a\x03\x7f"
    line.receive(b"z")
    assert line.take(100) == b"\r\x1b[Az"
    assert (screen.shown, screen.asked) == (b"", [])


def test_changing_the_mode_hands_over_what_waits() -> None:
    line, _ = discipline()
    line.receive(b"one\ntw")
    raw = DEFAULT_TERMIOS._replace(lflag=DEFAULT_TERMIOS.lflag & ~flags.ICANON)
    line.configure(raw)
    assert line.take(100) == b"one\ntw"
    line.receive(b"o\nx")
    line.configure(DEFAULT_TERMIOS)
    assert list(line.ready) == [b"o\nx"]


def test_what_does_not_fit_is_dropped_with_a_bell() -> None:
    line, screen = discipline()
    line.receive(b"x" * LINE_LIMIT)
    screen.shown = b""
    line.receive(b"yz")
    assert screen.shown == b"\a\a"
    line.receive(b"\n")
    assert line.take(10_000) == b"x" * LINE_LIMIT + b"\n"


def test_unread_input_is_bounded_and_signals_still_work() -> None:
    line, screen = discipline()
    line.receive(b"line\n" * 10_000 + b"\x04" * 10_000)
    assert line.available + len(line.line) <= LINE_LIMIT + 1
    line.receive(b"\x03")
    assert screen.asked == [Sig.SIGINT, "flush", "start"]
    assert line.available == 0


def test_the_tab_before_the_cursor_is_as_wide_as_it_was_shown() -> None:
    line, screen = discipline()
    line.process(b"prompt$ ")
    line.receive(b"ab\t\tc\x7f")
    screen.shown = b""
    line.receive(b"\x7f")
    assert screen.shown == b"\b" * 8
    screen.shown = b""
    line.receive(b"\x7f")
    assert screen.shown == b"\b" * 6


def test_output_gets_its_carriage_returns_unless_opost_or_onlcr_is_off() -> None:
    assert discipline()[0].process(b"a\nb\n") == b"a\r\nb\r\n"
    assert discipline(oflag=flags.OPOST)[0].process(b"a\n") == b"a\n"
    assert discipline(oflag=flags.ONLCR)[0].process(b"a\n") == b"a\n"

"""Which bytes a key is."""

import pytest

from minios.tui.terminal.keys import encode


@pytest.mark.parametrize(
    ("key", "character", "data"),
    [
        ("a", "a", b"a"),
        ("A", "A", b"A"),
        ("space", " ", b" "),
        ("at", "@", b"@"),
        ("circumflex_accent", "^", b"^"),
        ("latin_small_letter_u_with_diaeresis", "ü", "ü".encode()),
        ("enter", "\r", b"\r"),
        ("tab", "\t", b"\t"),
        ("shift+tab", None, b"\x1b[Z"),
        ("escape", "\x1b", b"\x1b"),
        ("backspace", "\x7f", b"\x7f"),
        ("delete", None, b"\x1b[3~"),
        ("insert", None, b"\x1b[2~"),
        ("pageup", None, b"\x1b[5~"),
        ("pagedown", None, b"\x1b[6~"),
        ("home", None, b"\x1b[H"),
        ("end", None, b"\x1b[F"),
        ("up", None, b"\x1b[A"),
        ("ctrl+left", None, b"\x1b[1;5D"),
        ("shift+right", None, b"\x1b[1;2C"),
        ("ctrl+shift+up", None, b"\x1b[1;6A"),
        ("ctrl+delete", None, b"\x1b[3;5~"),
        ("alt+f", None, b"\x1bf"),
        ("alt+shift+f", None, b"\x1bF"),
        ("alt+full_stop", ".", b"\x1b."),
        ("alt+backspace", None, b"\x1b\x7f"),
        ("alt+enter", None, b"\x1b\r"),
        ("shift+enter", None, b"\r"),
        ("ctrl+backspace", None, b"\x08"),
    ],
)
def test_keys_send_what_xterm_sends(key, character, data):
    assert encode(key, character) == data


@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyz")
def test_every_ctrl_letter_reaches_the_tty(letter):
    expected = bytes([ord(letter) - 96])
    assert encode(f"ctrl+{letter}", expected.decode()) == expected
    assert encode(f"ctrl+shift+{letter}", None) == expected


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("ctrl+at", b"\x00"),
        ("ctrl+space", b"\x00"),
        ("ctrl+left_square_bracket", b"\x1b"),
        ("ctrl+backslash", b"\x1c"),
        ("ctrl+right_square_bracket", b"\x1d"),
        ("ctrl+circumflex_accent", b"\x1e"),
        ("ctrl+underscore", b"\x1f"),
        ("ctrl+slash", b"\x1f"),
        ("ctrl+alt+h", b"\x1b\x08"),
    ],
)
def test_the_other_control_characters(key, data):
    assert encode(key, None) == data


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("up", b"\x1bOA"),
        ("down", b"\x1bOB"),
        ("home", b"\x1bOH"),
        ("end", b"\x1bOF"),
        ("shift+up", b"\x1b[1;2A"),
        ("delete", b"\x1b[3~"),
    ],
)
def test_application_cursor_keys(key, data):
    assert encode(key, None, application_cursor=True) == data


@pytest.mark.parametrize("key", ["f1", "f5", "f12", "shift+f3", "caps_lock", "super+a", "<ignore>"])
def test_function_keys_are_the_games_and_others_nobodys(key):
    assert encode(key, None) is None

"""Symbolic and octal modes (XCU chmod)."""

import pytest

from minios.userland.lib.modes import adjust, compile_mode, render


def changed(mode: int, text: bytes, umask: int = 0o022, *, directory: bool = False) -> str:
    changes = compile_mode(text)
    assert changes is not None
    return f"{adjust(mode, changes, umask=umask, directory=directory):04o}"


@pytest.mark.parametrize(
    ("mode", "text", "result"),
    [
        (0o644, b"755", "0755"),
        (0o644, b"u+x", "0744"),
        (0o644, b"a+x", "0755"),
        (0o644, b"+x", "0755"),
        (0o666, b"-w", "0466"),
        (0o644, b"u=rwx,go=", "0700"),
        (0o750, b"o=g", "0755"),
        (0o640, b"g=u-w", "0640"),
        (0o644, b"u+r-w", "0444"),
        (0o644, b"a+X", "0644"),
        (0o744, b"a+X", "0755"),
        (0o755, b"u+s", "4755"),
        (0o755, b"g+s,+t", "3755"),
        (0o4755, b"u-s", "0755"),
        (0o644, b"=", "0000"),
        (0o644, b"+7", "0647"),
        (0o7777, b"0", "0000"),
    ],
)
def test_a_mode_changes_the_bits_it_names(mode: int, text: bytes, result: str) -> None:
    assert changed(mode, text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [(b"755", "2755"), (b"00755", "0755"), (b"g-s", "0770"), (b"u=rwx", "2770"), (b"a+X", "2771")],
)
def test_a_directory_keeps_setgid_unless_it_is_named(text: bytes, result: str) -> None:
    assert changed(0o2770, text, directory=True) == result


def test_who_is_left_out_obeys_the_umask() -> None:
    assert changed(0o600, b"+rwx", umask=0o077) == "0700"
    assert changed(0o600, b"a+rwx", umask=0o077) == "0777"


@pytest.mark.parametrize(
    "text", [b"", b"8", b"77777", b"u", b"u+q", b"u+x,", b",u+x", b"u=7", b"u=gr", b"x", b"-9"]
)
def test_nonsense_is_no_mode(text: bytes) -> None:
    assert compile_mode(text) is None


@pytest.mark.parametrize(
    ("mode", "letters"),
    [
        (0o100644, b"-rw-r--r--"),
        (0o040755, b"drwxr-xr-x"),
        (0o041777, b"drwxrwxrwt"),
        (0o041776, b"drwxrwxrwT"),
        (0o104755, b"-rwsr-xr-x"),
        (0o106644, b"-rwSr-Sr--"),
        (0o120777, b"lrwxrwxrwx"),
        (0o010600, b"prw-------"),
        (0o020666, b"crw-rw-rw-"),
        (0o060660, b"brw-rw----"),
        (0o140700, b"srwx------"),
    ],
)
def test_a_mode_is_shown_in_ten_letters(mode: int, letters: bytes) -> None:
    assert render(mode) == letters

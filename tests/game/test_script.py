"""The language of solutions."""

import pytest

from minios.game.script import Act, Enter, Press, ScriptError, Until, Wait, parse


def test_lines_are_typed_and_directions_followed() -> None:
    text = "ls -l\n\n@wait 3s\n@until saved\n@key ctrl+z up x\n@type a b\n@@home\n"
    assert parse(text) == [
        Enter(1, "ls -l"),
        Wait(3, 3_000_000_000),
        Until(4, "saved"),
        Press(5, (b"\x1a", b"\x1b[A", b"x")),
        Press(6, (b"a", b" ", b"b")),
        Enter(7, "@home"),
    ]


def test_pane_actions_name_a_process_and_what_to_do() -> None:
    assert parse("@act signal hog STOP\n@act renice 12 5\n@act assign hog -1") == [
        Act(1, "signal", "hog", 19),
        Act(2, "renice", "12", 5),
        Act(3, "assign", "hog", -1),
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("ls\n@wiat 3s", 2, "@wiat is no direction"),
        ("@wait", 1, "@wait needs something after it"),
        ("@wait soon", 1, "must be a duration"),
        ("@key hyper+x", 1, "no key is called 'hyper+x'"),
        ("@act kill 3 9", 1, "@act is signal PROCESS SIGNAL"),
        ("@act signal 3 NOPE", 1, "no signal is called 'NOPE'"),
    ],
)
def test_a_direction_that_means_nothing_is_refused(text: str, line: int, said: str) -> None:
    with pytest.raises(ScriptError, match=said.replace("+", "\\+")) as caught:
        parse(text)
    assert caught.value.line == line

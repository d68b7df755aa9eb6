"""What the coach says to what beginners type, and that it is silent otherwise."""

import pytest

from minios.game.coach import SHELL_WORDS, advise

COMMANDS = SHELL_WORDS | {
    "ps",
    "ls",
    "pkill",
    "killall",
    "grep",
    "cat",
    "clear",
    "cp",
    "nano",
    "rm",
}


PROSE = "The shell knows commands, not sentences. Type goals for what to do, hint for a hint."


def coached(line: str) -> str:
    return advise(line, COMMANDS.__contains__)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("PS", "Commands are case-sensitive and nearly always lower case. Try: ps"),
        ("Ps aux", "Commands are case-sensitive and nearly always lower case. Try: ps"),
        ("cd..", "A space is missing between the command and the rest. Try: cd .."),
        ("ls-la", "A space is missing between the command and the rest. Try: ls -la"),
        ("cat/etc", "A space is missing between the command and the rest. Try: cat /etc"),
        ("ls - la", "An option is written without a space after its dash. Try: ls -la"),
        ("please show files", PROSE),
        ("what is running?", PROSE),
        ("kill all", "There is no 'kill all': give kill the pid that ps shows, as in: kill 42"),
        ("kill drone", "kill takes a number: the pid that ps shows in drone's line."),
        ("exit()", "A command takes no parentheses (ctrl+c if you see >). Try: exit"),
        ("echo “hi”", 'The “ in that line is a typographic mark; the shell wants a plain "'),
        ("cls", "Here that is: clear"),
        ("dir", "Here that is: ls"),
        ("copy a b", "Here that is: cp"),
        ("sudo reboot", "There is no sudo on this machine: you have the rights you have."),
        ("$ ls", "Leave out the $: it stands for the prompt. Type just: ls"),
        ("gerp x", "Here that is: grep"),
        ("pss", "There is no pss. Did you mean ps?"),
    ],
)  # fmt: skip
def test_a_slip_gets_a_friendly_line(line: str, said: str) -> None:
    assert coached(line) == said


@pytest.mark.parametrize(
    "line",
    [
        "", "   ", "ls -la", "ps aux | grep x", "kill 42", "kill -9 42", "for i in 1 2; do :; done",
        "x=1", "./run", "while true; do ls; done", "killall drone", "cd ..", "a.b.c", "(",
        "\x00\xff",
    ],
)  # fmt: skip
def test_what_can_be_meant_is_left_alone(line: str) -> None:
    assert coached(line) == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wake", "The shell looks for commands elsewhere; a script that lies here is ./wake"),
        ("cat note", "Capitals count in names, too. Try: cat NOTE"),
        ("cat NOTE", ""),
        ("./wake", ""),
        ("echo note", ""),
        ("ls", ""),
    ],
)
def test_files_that_lie_here_are_known(line: str, said: str) -> None:
    assert advise(line, COMMANDS.__contains__, {"NOTE", "wake"}.__contains__) == said


def test_a_long_line_is_answered_shortly() -> None:
    assert len(coached("PLEASE " * 10_000)) <= 160

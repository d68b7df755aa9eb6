"""Which commands a shell line uses, found by the shell's own parser and without running it."""

from minios.game.coach import SHELL_WORDS
from minios.userland.shell.lexer import ShellSyntaxError
from minios.userland.shell.parser import parse_text
from minios.userland.shell.text import command_names

OBVIOUS = frozenset({"cd", "exit", "echo", "true", "false", ":", "[", "test", "fg", "bg", "jobs"})


def commands(text: str) -> list[str]:
    """The names of the simple commands in ``text``, each once, in order.

    Names that only an expansion gives are left out. A text that does not parse has no commands.
    """
    try:
        names = command_names(parse_text(text.encode()))
    except ShellSyntaxError:
        return []
    found = dict.fromkeys(name.rpartition(b"/")[2].decode("utf-8", "replace") for name in names)
    return [name for name in found if name]


def mentioned(name: str, text: str) -> bool:
    """Whether ``text`` holds ``name`` as a word of its own."""
    at = text.find(name)
    while at >= 0:
        before = text[at - 1] if at else " "
        after = text[at + len(name)] if at + len(name) < len(text) else " "
        if not (before.isalnum() or before in "-_") and not (after.isalnum() or after in "-_"):
            return True
        at = text.find(name, at + 1)
    return False


def needs_teaching(name: str) -> bool:
    """Whether a player has to be told that there is a command of that name."""
    return name not in OBVIOUS and (name not in SHELL_WORDS or name in ("kill", "wait", "trap"))

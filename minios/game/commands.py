"""Which commands a shell line uses, found by the shell's own parser and without running it."""

from collections.abc import Iterator
from typing import Any

from minios.game.coach import SHELL_WORDS
from minios.userland.shell.lexer import ShellSyntaxError
from minios.userland.shell.parser import EndOfInput, Parser
from minios.userland.shell.syntax import Function, Simple

_PREFIXES = frozenset({b"sudo", b"exec", b"command", b"nohup", b"time", b"xargs", b"nice", b"env"})
"""Commands whose operand is a command."""

OBVIOUS = frozenset({"cd", "exit", "echo", "true", "false", ":", "[", "test", "fg", "bg", "jobs"})


def commands(text: str) -> list[str]:
    """The names of the simple commands in ``text``, each once, in order.

    Names that only an expansion gives, functions the text defines, and reserved words are left out.
    A text that does not parse has no commands.
    """
    found: dict[str, None] = {}
    defined: set[str] = set()
    try:
        for tree in _trees(text.encode()):
            for name in _names(tree, defined):
                found[name] = None
    except ShellSyntaxError:
        pass
    return [name for name in found if name not in defined]


def _trees(text: bytes) -> Iterator[Any]:
    parser = Parser()
    parser.buffer = text + b"\n"
    parser.ended = True
    while True:
        steps: list[Any] = [parser.command()]
        value: Any = None
        while steps:
            try:
                asked = steps[-1].send(value)
            except StopIteration as stop:
                steps.pop()
                value = stop.value
                continue
            if asked is None:
                return  # wants a line that is not there
            steps.append(asked)
            value = None
        if isinstance(value, EndOfInput):
            return
        yield value


def _names(node: Any, defined: set[str]) -> Iterator[str]:
    """Walk a tree of named tuples."""
    if isinstance(node, Function):
        defined.add(node.name.decode("latin-1"))
    if isinstance(node, Simple):
        prefixed = True
        for word in node.words:
            if not prefixed or word.literal is None:
                break
            if word.literal.startswith(b"-"):
                continue
            yield word.literal.rpartition(b"/")[2].decode("utf-8", "replace")
            prefixed = word.literal in _PREFIXES
    if isinstance(node, tuple):
        for part in node:
            yield from _names(part, defined)


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

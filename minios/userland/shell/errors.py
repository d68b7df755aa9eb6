"""How a command is left other than by its end."""


class ShellError(Exception):
    """A command failed; a non-interactive shell exits, an interactive one asks for the next line.

    ``text`` goes behind ``name: line: `` on stderr, unless it is empty (said already).
    """

    def __init__(self, text: bytes = b"", status: int = 2) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class ShellExit(Exception):
    """The shell (or subshell) ends with this status, after its EXIT trap."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Interrupted(Exception):
    """SIGINT in an interactive shell: the line is given up (dash's EXINT)."""

"""What the user is told instead of a traceback."""


class Failure(Exception):
    """The command cannot be done. ``str`` is the one line for stderr, ``status`` the exit code."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def suggestion(name: str, known: list[str]) -> str:
    """``; did you mean 'hydra'?`` when something known is close to ``name``, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""

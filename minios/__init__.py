"""MiniOS: a small operating system and a small internet, simulated deterministically and played."""

TYPE_CHECKING = False  # importing typing takes longer than all of `minios --version`
if TYPE_CHECKING:
    from minios.game.api import play as play

__version__ = "0.1.0"

RULESET = 3
"""Changes whenever the same inputs no longer give the same bytes; runs of another are refused."""


def __getattr__(name: str) -> object:
    """``minios.play`` is there without being paid for by those who do not use it."""
    if name == "play":
        from minios.game.api import play

        return play
    raise AttributeError(f"module 'minios' has no attribute {name!r}")

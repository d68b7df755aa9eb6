"""Finding and loading the level that a command names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.cli.errors import Failure

if TYPE_CHECKING:
    from minios.game.spec import Level


def load_level(name: str) -> Level:
    """The level with that id or in that file. Raises :class:`Failure`."""
    from minios.game.catalog import UnknownLevel, find
    from minios.game.loader import LevelError, load

    try:
        return load(find(name))
    except UnknownLevel as err:
        raise Failure(str(err)) from None
    except LevelError as err:
        first = err.problems[0].show(err.file)
        more = len(err.problems) - 1
        others = f" (and {more} more: minios level check {err.file})" if more else ""
        raise Failure(first + others) from None
    except OSError as err:
        raise Failure(f"{err.filename or name}: {err.strerror}") from None


def level_ids() -> list[str]:
    """The ids of the levels that ship with the game."""
    from minios.game.catalog import cards

    return [card.id for card in cards()]


def duration(text: str) -> int:
    """``30s``, ``500ms``, ``2m``; nanoseconds. Raises :class:`Failure`."""
    from minios.game.values import duration as read

    try:
        return read(text)
    except ValueError as err:
        raise Failure(f"{text!r} is no duration: {err}", 2) from None

"""``minios play`` and the bare ``minios``: the game's screen."""

import sys
from typing import Any

import click

from minios.cli.errors import Failure
from minios.cli.levels import load_level


class Seed(click.ParamType[int | None]):
    """A number, or ``random``."""

    name = "seed"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if value == "random":
            import secrets

            return secrets.randbelow(1 << 32)
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor 'random'", param, ctx)


@click.command(short_help="Play a level by its id or file.")
@click.argument("level")
@click.option("--seed", type=Seed(), metavar="N", help="Another seed, or 'random'.")
@click.option("--pace", type=click.Choice(["turn", "live"]), help="When time flows.")
@click.option(
    "--speed", type=click.FloatRange(0.1, 16), default=1.0, show_default=True, metavar="X"
)
@click.option(
    "--category", metavar="NAME", help="Times are compared within it; the pace if not given."
)
@click.pass_context
def cli(
    ctx: click.Context,
    level: str,
    seed: int | None,
    pace: str | None,
    speed: float,
    category: str | None,
) -> None:
    """Play LEVEL, an id of `minios level list` or a level file, locked or not."""
    if category is not None and not _is_category(category):
        raise Failure("a category is up to 24 letters, digits, '-' and '%'", 2)
    spec = load_level(level)
    _need_terminal()
    from minios.tui.app import run_level

    ctx.exit(run_level(spec, seed=seed, pace=pace, speed=speed, category=category) or 0)


def menu() -> int:
    """The level select screen; the very first time, the first level."""
    _need_terminal()
    from minios.tui.app import run_menu

    return run_menu() or 0


def _is_category(text: str) -> bool:
    return 0 < len(text) <= 24 and all(c.isascii() and (c.isalnum() or c in "-%") for c in text)


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure("the game needs a terminal (a script may use 'minios sh LEVEL -c CMD')")

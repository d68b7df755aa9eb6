"""Re-simulating a run: the same inputs at the same times into a fresh world."""

from __future__ import annotations

from collections.abc import Iterator

from minios import RULESET
from minios.game.bridge import Bridge
from minios.game.play import Play, Refused
from minios.game.spec import Level, world_hash
from minios.runs.runfile import Input, RunError, RunFile

SLICE = 4096
"""Events between two times that the caller is asked whether to go on."""


class Diverged(Exception):
    """The world did not take an input as the file says. ``str`` is one line."""


def refuse_other(run: RunFile, level: Level) -> None:
    """RunError unless ``run`` was played under this ruleset and on this very world."""
    header = run.header
    if header.ruleset != RULESET:
        raise RunError(f"played under ruleset {header.ruleset}; this game has {RULESET}")
    if header.level != level.id:
        raise RunError(f"a run of {header.level!r}, not of {level.id!r}")
    if header.world != world_hash(level):
        raise RunError(f"played on another world: {level.id!r} has changed since")


class Replay:
    """One run in re-simulation. ``play`` is where it has got to."""

    def __init__(self, run: RunFile, level: Level) -> None:
        """RunError when the run is not one of this level."""
        refuse_other(run, level)
        self.run = run
        self.play = Play(level, run.header.seed)
        self._headless = run.header.bridge
        if self._headless:
            Bridge(self.play.world, self.play.machines)
        self._next = 0

    def advance(self, t: int) -> Iterator[None]:
        """Go to ``t``, handing in what is due on the way. Yields now and then; Diverged."""
        inputs = self.run.inputs
        while self._next < len(inputs) and inputs[self._next].t <= t:
            entry = inputs[self._next]
            yield from self._pass_time(entry.t)
            self._hand_in(entry)
            self._next += 1
        yield from self._pass_time(t)

    def _pass_time(self, t: int) -> Iterator[None]:
        play = self.play
        # A shell without the game's screen goes on after the level was won or lost.
        run_until = play.world.run_until if self._headless else play.run_until
        while not run_until(t, SLICE):
            yield

    def _hand_in(self, entry: Input) -> None:
        play = self.play
        try:
            took = play.apply(entry.op, entry.data)
        except Refused as err:
            raise Diverged(f"input {entry.n} is not taken: {err}") from None
        if took != (entry.t, entry.n):
            raise Diverged(
                f"input {entry.n} is taken at {took[0]} ns and not at {entry.t} as recorded"
            )

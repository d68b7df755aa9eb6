"""Verification: re-simulate a run and hold every claim of its file against what happens.

This module and what it imports need nothing but the standard library when they are handed a
compiled level, so that anybody with a Python can check a run.
"""

from __future__ import annotations

from dataclasses import dataclass

from minios.game.spec import Level
from minios.runs.metrics import clock
from minios.runs.replay import Diverged, Replay
from minios.runs.runfile import Checkpoint, Result, RunFile


@dataclass(frozen=True, slots=True)
class Verdict:
    """``ok`` only for a finished run of which every claim holds. ``text`` is one line.

    ``diverged`` is the virtual time of the first checkpoint that does not hold.
    """

    ok: bool
    text: str
    checkpoints: int = 0
    diverged: int | None = None


class _Refuted(Exception):
    def __init__(self, text: str, t: int | None = None) -> None:
        super().__init__(text)
        self.t = t


def verify(run: RunFile, level: Level) -> Verdict:
    """Re-simulate ``run`` on ``level``. RunError when it is not a run of this very level."""
    replay = Replay(run, level)
    checker = _Checker(run, replay)
    try:
        checker.check()
    except _Refuted as err:
        return Verdict(False, f"refuted: {err}", checker.agreed, err.t)
    except Diverged as err:
        t = checker.next_claim()
        where = f"; the first checkpoint lost is the one at T+{clock(t)}" if t is not None else ""
        return Verdict(False, f"refuted: {err}{where}", checker.agreed, t)
    finally:
        replay.play.close()
    count = f"{checker.agreed} checkpoint{'' if checker.agreed == 1 else 's'}"
    result = run.result
    if result is None and run.header.bridge and checker.agreed:
        return Verdict(True, f"verified: {run.header.level} headless, {count}", checker.agreed)
    if result is None:
        return Verdict(False, f"unfinished: {count} up to T+{clock(run.end)} agree", checker.agreed)
    won = "won" if result.won else "lost"
    return Verdict(
        True,
        f"verified: {run.header.level} {won} in {clock(result.time)}"
        f" with {result.keys} keys, {count}",
        checker.agreed,
    )


class _Checker:
    def __init__(self, run: RunFile, replay: Replay) -> None:
        self.run = run
        self.replay = replay
        self.agreed = 0

    def next_claim(self) -> int | None:
        """The time of the first checkpoint (or the result) not yet confirmed."""
        if self.agreed < len(self.run.checkpoints):
            return self.run.checkpoints[self.agreed].t
        return self.run.result.t if self.run.result is not None else None

    def check(self) -> None:
        run = self.run
        times = [entry.t for entry in run.inputs]
        times += [entry.t for entry in run.checkpoints]
        for t in sorted(set(times)):
            for _ in self.replay.advance(t):
                if not run.header.bridge:
                    self._compare()
            self._compare()
        if run.result is not None:
            for _ in self.replay.advance(run.result.t):
                self._compare()
            self._compare()
            self._compare_result(run.result)
        missing = self.next_claim()
        if self.agreed < len(run.checkpoints):
            raise _Refuted(f"no checkpoint is taken at T+{clock(missing or 0)}", missing)

    def _compare(self) -> None:
        """Hold the checkpoints the play has taken against those of the file, in order."""
        claimed = self.run.checkpoints
        if self.run.header.bridge:
            self._compare_now()
            return
        taken = self.replay.play.checkpoints
        while self.agreed < min(len(taken), len(claimed)):
            t, digest = taken[self.agreed]
            claim: Checkpoint = claimed[self.agreed]
            if t != claim.t or digest != claim.digest:
                raise _Refuted(
                    f"diverges at the checkpoint of T+{clock(claim.t)} ({claim.t} ns)", claim.t
                )
            self.agreed += 1

    def _compare_now(self) -> None:
        """A headless run has one checkpoint, taken when its command was done."""
        world = self.replay.play.world
        claimed = self.run.checkpoints
        while self.agreed < len(claimed) and claimed[self.agreed].t == world.now:
            if world.digest() != claimed[self.agreed].digest:
                raise _Refuted(f"diverges at the checkpoint of {world.now} ns", world.now)
            self.agreed += 1

    def _compare_result(self, claim: Result) -> None:
        play = self.replay.play
        result = play.result()
        if result is None:
            raise _Refuted(f"the play is not over at T+{clock(claim.t)}", claim.t)
        if play.world.now != claim.t:
            raise _Refuted(
                f"it ends at T+{clock(play.world.now)} and not at T+{clock(claim.t)}", claim.t
            )
        for name, found, said in (
            ("outcome", "win" if result.won else "lose", "win" if claim.won else "lose"),
            ("time", result.time, claim.time),
            ("keys", result.keys, claim.keys),
            ("commands", result.commands, claim.commands),
            ("collateral", result.collateral, claim.collateral),
            ("splits", dict(result.splits), dict(claim.splits)),
            ("digest", play.world.digest(), claim.digest),
        ):
            if found != said:
                raise _Refuted(f"{name} is {found}, the file says {said}", claim.t)

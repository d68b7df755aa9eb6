"""Plays that are remembered: a session wired to its run file and to the player's records."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minios import RULESET, __version__
from minios.game.session import Applied, Best, Resume, Session
from minios.game.spec import Level, world_hash
from minios.runs import recording
from minios.runs.metrics import Metrics
from minios.runs.records import Course, Records, open_records
from minios.runs.replay import refuse_other
from minios.runs.runfile import Header, Result, RunFile

if TYPE_CHECKING:
    from minios.game.play import Play
    from minios.game.view import ResultView


def result_of(play: Play, result: ResultView) -> Result:
    """The last line of the run file of a play that is over."""
    return Result(
        play.world.now,
        result.won,
        result.time,
        result.keys,
        result.commands,
        result.collateral,
        result.splits,
        play.world.digest(),
    )


class Career:
    """The :class:`minios.game.session.Log` that keeps everything."""

    def __init__(
        self,
        level: Level,
        *,
        records: Records,
        category: str,
        seed_mode: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.level = level
        self.records = records
        self.seed_mode = seed_mode
        self.category = category
        self.world = world_hash(level)
        self.recorder: recording.Recorder | None = None
        self.notice = records.notice
        self._clock = clock
        self._fresh = True

    @property
    def course(self) -> Course:
        """What times are compared on; seeds that are not the level's own are kept apart."""
        category = self.category if self.seed_mode == "set" else f"{self.category}+seed"
        return Course(self.level.id, self.world, RULESET, category)

    def best(self) -> Best:
        time, keys = self.records.best(self.course)
        return Best(time, keys, self.records.best_splits(self.course))

    def begin(self, play: Play, inputs: Sequence[Applied], parent: dict[str, Any] | None) -> None:
        if parent is not None and self.recorder is not None:
            parent = {"run": self.recorder.path.name, **parent}
        self.seed_mode = "set" if play.seed == self.level.seeds.play else "chosen"
        self._let_go(play.world.now)
        header = Header(
            self.level.id,
            self.world,
            play.seed,
            __version__,
            RULESET,
            self.seed_mode,
            self.category,
            parent=parent,
            date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )
        self.records.attempt(self.level.id)
        self.notice = self.records.notice
        try:
            if self._fresh:
                recording.supersede(self.level.id)
                self._fresh = False
            self.recorder = recording.start(header, clock=self._clock)
        except OSError as err:
            self.recorder = None
            self.notice = f"this play is not recorded: {err.strerror or err}"
            return
        checkpoints = list(play.checkpoints)
        for entry in inputs:
            while checkpoints and checkpoints[0][0] < entry.t:
                self.recorder.checkpoint(*checkpoints.pop(0))
            self.recorder.input(*entry)
        for t, digest in checkpoints:
            self.recorder.checkpoint(t, digest)

    def input(self, t: int, n: int, op: str, data: dict[str, Any]) -> None:
        if self.recorder is not None:
            self.recorder.input(t, n, op, data)
            self.notice = self.recorder.error

    def checkpoint(self, t: int, digest: str) -> None:
        if self.recorder is not None:
            self.recorder.checkpoint(t, digest)

    def note(self, t: int, note: str, **data: Any) -> None:
        if self.recorder is not None:
            self.recorder.note(t, note, **data)

    def goal(self, goal: str) -> None:
        self.records.goal(self.level.id, goal)

    def end(self, play: Play, result: ResultView, *, record: bool) -> None:
        metrics = Metrics(result.time, result.keys, result.commands, result.collateral)
        file = ""
        if self.recorder is not None:
            self.recorder.result(result_of(play, result))
            file = str(self.recorder.path)
            self.notice = self.recorder.error
        if result.won:
            self.records.win(
                self.course,
                metrics,
                result.splits,
                seed=play.seed,
                stars=result.stars,
                unaided=result.unaided,
                file=file,
                record=record,
            )
            self.notice = self.records.notice or self.notice

    def abandon(self, t: int) -> None:
        self._let_go(t)

    def _let_go(self, t: int) -> None:
        if self.recorder is not None:
            self.recorder.abandon(t)
            self.recorder = None

    def close(self) -> None:
        if self.recorder is not None:
            self.recorder.close()


def open_session(
    level: Level,
    *,
    seed: int | None = None,
    pace: str | None = None,
    speed: float = 1.0,
    category: str | None = None,
    records: Records | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Session:
    """A session that is recorded and whose progress is kept.

    ``category`` is what its times are compared within, by default the pace.
    """
    career = Career(
        level,
        records=records if records is not None else open_records(),
        category=category or pace or level.pace,
        seed_mode="set" if seed is None or seed == level.seeds.play else "chosen",
        clock=clock,
    )
    return Session(level, seed=seed, pace=pace, speed=speed, log=career, clock=clock)


def resume_session(
    run: RunFile,
    level: Level,
    *,
    records: Records | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Session:
    """Go on with a run that was cut short, in the same file.

    RunError when it cannot be: another ruleset or world. OSError when its file cannot be written.
    """
    refuse_other(run, level)
    header = run.header
    career = Career(
        level,
        records=records if records is not None else open_records(),
        category=header.category,
        seed_mode=header.seed_mode,
        clock=clock,
    )
    career.recorder = recording.Recorder.resume(run, clock=clock)
    inputs = tuple(Applied(entry.t, entry.n, entry.op, entry.data) for entry in run.inputs)
    until = max([entry[-1].t for entry in (run.inputs, run.checkpoints) if entry], default=0)
    pace = next((n.data["pace"] for n in reversed(run.notes) if n.note == "pace"), None)
    return Session(
        level,
        seed=header.seed,
        pace=str(pace) if pace else None,
        log=career,
        resume=Resume(inputs, until, run.hints),
        clock=clock,
    )

"""A play that a headless command uses, written to a run file if asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minios import RULESET, __version__
from minios.cli.errors import Failure
from minios.game import sandbox
from minios.game.build import BuildError
from minios.game.play import Play
from minios.game.session import Applied, Best
from minios.game.spec import Level, world_hash
from minios.game.view import ResultView
from minios.runs.career import result_of
from minios.runs.recording import Recorder
from minios.runs.runfile import Header


def _header(
    level: Level, seed: int, category: str, parent: dict[str, Any] | None, *, bridge: bool = False
) -> Header:
    return Header(
        level.id,
        world_hash(level),
        seed,
        __version__,
        RULESET,
        "set" if seed == level.seeds.play else "chosen",
        category,
        bridge=bridge,
        parent=parent,
        date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


Apply = Callable[[str, dict[str, Any]], tuple[int, int]]


@contextmanager
def open_play(
    level: Level | None,
    seed: int | None,
    record: str | None,
    instruments: Sequence[object] = (),
) -> Iterator[tuple[Play, Apply]]:
    """The play of ``level`` (the sandbox when None), and its door, which keeps the record."""
    level = level if level is not None else sandbox.level()
    chosen = level.seeds.play if seed is None else seed
    try:
        play = Play(level, chosen, instruments=instruments)
    except BuildError as err:
        raise Failure(str(err)) from None
    if record is None:
        try:
            yield play, play.apply
        finally:
            play.close()
        return
    header = _header(level, chosen, "headless", None, bridge=True)
    try:
        recorder = Recorder(header, Path(record), fresh=False)
    except OSError as err:
        raise Failure(f"{record}: {err.strerror}") from None

    def apply(op: str, data: dict[str, Any]) -> tuple[int, int]:
        t, n = play.apply(op, data)
        recorder.input(t, n, op, data)
        return t, n

    try:
        yield play, apply
    finally:
        while not play.world.run_until(play.world.now):
            pass
        recorder.checkpoint(play.world.now, play.world.digest())
        recorder.close()
        play.close()
        if recorder.error:
            raise Failure(f"{record}: {recorder.error}")


class FileLog:
    """The :class:`minios.game.session.Log` of a session whose run goes to one named file."""

    def __init__(self, level: Level, path: str) -> None:
        self.level = level
        self.path = path
        self.notice = ""
        self._recorder: Recorder | None = None

    def best(self) -> Best:
        return Best()

    def begin(self, play: Play, inputs: Sequence[Applied], parent: dict[str, Any] | None) -> None:
        """A restart begins the file anew."""
        self.close()
        try:
            self._recorder = Recorder(
                _header(self.level, play.seed, "interactive", parent), Path(self.path), fresh=False
            )
        except OSError as err:
            raise Failure(f"{self.path}: {err.strerror}") from None
        for entry in inputs:
            self._recorder.input(*entry)

    def input(self, t: int, n: int, op: str, data: dict[str, Any]) -> None:
        if self._recorder is not None:
            self._recorder.input(t, n, op, data)
            self.notice = self._recorder.error

    def checkpoint(self, t: int, digest: str) -> None:
        if self._recorder is not None:
            self._recorder.checkpoint(t, digest)

    def note(self, t: int, note: str, **data: Any) -> None:
        if self._recorder is not None:
            self._recorder.note(t, note, **data)

    def goal(self, goal: str) -> None:
        pass

    def end(self, play: Play, result: ResultView, *, record: bool) -> None:
        if self._recorder is not None:
            self._recorder.result(result_of(play, result))

    def abandon(self, t: int) -> None:
        self.close()

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()

"""A small level for tests of what is around a play, and a clock that goes when it is told to."""

from typing import Any

from minios.game.session import Best, Session
from minios.game.spec import FileCheck, Goal, Level, Lose, MachineSpec, Player, Seeds, UserSpec
from minios.sim.world import SECOND

LEVEL = Level(
    "small",
    Player("pc", "player"),
    (MachineSpec("pc", users=(UserSpec("player", 1000, 1000),)),),
    title="Small",
    hints=("Look around.", "There is a command that makes directories."),
    goals=(
        Goal("first", FileCheck("pc", "/home/player/one", kind="directory"), text="one"),
        Goal(
            "second", FileCheck("pc", "/home/player/two", kind="directory"), text="two", hold=SECOND
        ),
    ),
    lose=(
        Lose("wrong", check=FileCheck("pc", "/home/player/wrong"), text="That was wrong."),
        Lose("late", at=60 * SECOND, text="Too late."),
    ),
    seeds=Seeds(play=7),
)
"""Won by ``mkdir one`` and ``mkdir two``, lost by ``mkdir wrong`` or after 60 s."""


class Clock:
    """Wall time for a session: it passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Journal:
    """A log that keeps what it is told in lists."""

    def __init__(self) -> None:
        self.notice = ""
        self.inputs: list[tuple[int, int, str, dict[str, Any]]] = []
        self.checkpoints: list[tuple[int, str]] = []
        self.notes: list[tuple[int, str, dict[str, Any]]] = []
        self.goals: list[str] = []
        self.begun: list[tuple[int, dict[str, Any] | None]] = []
        self.ends: list[tuple[bool, bool]] = []
        self.abandoned = 0
        self.closed = 0

    def best(self) -> Best:
        return Best()

    def begin(self, play: Any, inputs: Any, parent: dict[str, Any] | None) -> None:
        self.begun.append((len(inputs), parent))
        self.inputs = list(inputs)

    def input(self, t: int, n: int, op: str, data: dict[str, Any]) -> None:
        self.inputs.append((t, n, op, data))

    def checkpoint(self, t: int, digest: str) -> None:
        self.checkpoints.append((t, digest))

    def note(self, t: int, note: str, **data: Any) -> None:
        self.notes.append((t, note, data))

    def goal(self, goal: str) -> None:
        self.goals.append(goal)

    def end(self, play: Any, result: Any, *, record: bool) -> None:
        self.ends.append((result.won, record))

    def abandon(self, t: int) -> None:
        self.abandoned += 1

    def close(self) -> None:
        self.closed += 1


class Desk:
    """A session, the clock it goes by and its log, driven by hand."""

    def __init__(self, level: Level = LEVEL, **options: Any) -> None:
        self.clock = Clock()
        self.log = options.pop("log", None) or Journal()
        self.session = Session(level, log=self.log, clock=self.clock, **options)

    def rest(self, frames: int = 100_000) -> None:
        """Step, a frame of wall time each, until the session waits for the player."""
        for _ in range(frames):
            delay = self.session.step()
            if delay is None:
                return
            self.clock.now += delay
        raise AssertionError("the session never comes to rest")

    def pass_time(self, seconds: float) -> None:
        """Step through so much wall time, whatever the session waits for."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            delay = self.session.step()
            self.clock.now = min(end, self.clock.now + (0.016 if delay is None else delay))
            if delay == 0:
                self.clock.now += 0.0001

    def type(self, text: str) -> None:
        """Press the keys of ``text``."""
        for char in text:
            self.session.key(char.encode())

    def enter(self, line: str) -> None:
        """Type a line, Enter, and wait until the session waits."""
        self.type(line + "\r")
        self.rest()

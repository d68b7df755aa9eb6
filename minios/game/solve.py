"""Playing a script headless: the solutions and wrong answers of a level, or nothing at all.

The player types at 20 keys a second, waits for the prompt before each line, and otherwise does
what the script says. What came of it is an :class:`Attempt`: a script that fails raises nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minios.game.play import Play, Refused
from minios.game.script import (
    Act,
    Enter,
    Press,
    Pull,
    ScriptError,
    Step,
    Until,
    Wait,
    keys_of,
    parse,
)
from minios.game.spec import SECOND, Level
from minios.game.view import ResultView

_ARGUMENTS = {"signal": "sig", "renice": "nice", "assign": "core"}
"""What the value of an ``@act`` is called at the door."""

PROMPT_LIMIT = 300 * SECOND
"""How long a line waits for its prompt."""

SLICE = 200_000
"""Events between two looks whether the script can go on."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a script on a seed.

    ``outcome`` is ``win``, ``lose`` or None (undecided when the limit was reached); ``cause`` is
    the id of the loss or of the goal whose time ran out. ``problem`` says why the script could not
    be played to its end. ``first_held`` lists goals that held at t = 0; ``faults`` what could not
    start or broke, and ``probe_trouble`` probes that are no commands, with their exit status.
    """

    seed: int
    outcome: str | None
    cause: str
    ended_at: int
    time: int
    keys: int
    commands: int
    signals: int
    stars: int
    harmed: tuple[str, ...]
    done: tuple[str, ...]
    first_held: tuple[str, ...]
    recognised: tuple[str, ...]
    lines: tuple[str, ...]
    faults: tuple[str, ...]
    probe_trouble: tuple[tuple[str, int], ...]
    problem: str
    result: ResultView | None

    @property
    def won(self) -> bool:
        return self.outcome == "win"


class _Stuck(Exception):
    """The script cannot go on. ``str`` is why."""


class Typist:
    """Plays steps on a play that has just begun."""

    def __init__(self, play: Play, limit: int) -> None:
        self.play = play
        self.limit = limit

    def run(self, steps: list[Step]) -> str:
        """Play them, then let time pass to the end or the limit; why not, if that failed."""
        try:
            for step in steps:
                if self.play.frozen:
                    break
                self._step(step)
        except _Stuck as stuck:
            return str(stuck)
        except Refused as refused:
            return f"line {step.line}: {refused}"
        self._pass(self.limit)
        return ""

    def _step(self, step: Step) -> None:
        if isinstance(step, Enter):
            limit = self.play.world.now + PROMPT_LIMIT
            if not self._wait(self.play.held, limit):
                raise _Stuck(f"line {step.line}: no prompt to type {step.text!r} at")
            self._press([*keys_of(self._with_pids(step)), b"\r"])
        elif isinstance(step, Press):
            self._press(list(step.keys))
        elif isinstance(step, Wait):
            self._pass(self.play.world.now + step.duration)
        elif isinstance(step, Until):
            if not self._wait(lambda: self._reached(step.name), self.limit):
                raise _Stuck(f"line {step.line}: waited for {step.name} in vain")
        elif isinstance(step, Act):
            self._act(step)
        elif isinstance(step, Pull) and not self._is_over():
            self._apply(step, "cable", {"link": step.link, "plugged": step.plugged})

    def _press(self, keys: list[bytes]) -> None:
        for key in keys:
            if self._is_over():
                return
            self.play.apply("key", {"data": key.decode("latin-1")})

    def _is_over(self) -> bool:
        """Whether the play has ended, or ends before the next input is let in."""
        self._pass(self.play.free_at)
        return self.play.frozen

    def _pid(self, step: Step, identity: str) -> int:
        """The pid of a process, as somebody would read it in the listing of ps."""
        kernel = self.play.machines[self.play.level.player.machine].kernel
        for pcb in kernel.processes.values() if kernel is not None else ():
            if pcb.identity == identity:
                return pcb.pid
        raise _Stuck(f"line {step.line}: there is no process {identity}")

    def _with_pids(self, step: Enter) -> str:
        """The line with each ``@{PROCESS}`` replaced by its pid."""
        head, *rest = step.text.split("@{")
        parts = [head]
        for piece in rest:
            name, brace, after = piece.partition("}")
            parts.append(f"{self._pid(step, name)}{after}" if brace else "@{" + piece)
        return "".join(parts)

    def _act(self, step: Act) -> None:
        if self._is_over():
            return
        pid = int(step.process) if step.process.isdigit() else self._pid(step, step.process)
        data = {"machine": self.play.level.player.machine, "pid": pid}
        data[_ARGUMENTS[step.op]] = step.value
        self._apply(step, step.op, data)

    def _apply(self, step: Step, op: str, data: dict[str, Any]) -> None:
        """Act on a pane; a script that fails there cannot go on."""
        self.play.apply(op, data)
        if self.play.failed:
            raise _Stuck(f"line {step.line}: {self.play.failed}")

    def _reached(self, name: str) -> bool:
        referee = self.play.referee
        for state in referee.goals:
            if state.goal.id == name:
                return state.done
        return name in referee.happened

    def _pass(self, until: int) -> None:
        """Let time pass."""
        while not self.play.run_until(min(until, self.limit)):
            pass

    def _wait(self, ready: Callable[[], bool], until: int) -> bool:
        """Let time pass until ``ready``; False at ``until`` (or the limit), or at the end."""
        play = self.play
        world = play.world
        until = min(until, self.limit)
        while not play.frozen:
            if world.now >= play.free_at and ready():
                return True
            if world.now >= until:
                return False
            due = world.next_event()
            step = until if due is None else min(max(due, world.now), until)
            if play.free_at > world.now:
                step = min(step, play.free_at)
            play.run_until(step, SLICE)
        return ready()


def attempt(level: Level, seed: int, script: str = "", limit: int | None = None) -> Attempt:
    """Play ``script`` on ``seed`` up to virtual time ``limit`` (the level's own if not given)."""
    play = Play(level, seed)
    first_held = tuple(
        state.goal.id for state in play.referee.goals if state.tree.holds and state.tree.enabled
    )
    text = script if script == "" else _resolved(play, level, script)
    try:
        steps = parse(text)
    except ScriptError as err:
        problem = f"line {err.line}: {err}"
    else:
        problem = Typist(play, level.limit if limit is None else limit).run(steps)
    report = _report(play, first_held, problem)
    play.close()
    return report


def _resolved(play: Play, level: Level, script: str) -> str:
    """The script with the seed's values in it."""
    from minios.game.vary import draw, substitute

    return substitute(script, draw(level.vary, play.seed) | {"player": level.player.user})


def _report(play: Play, first_held: tuple[str, ...], problem: str) -> Attempt:
    referee = play.referee
    faults = list(play.built.failures)
    for machine in play.machines.values():
        if machine.kernel is not None:
            faults += machine.kernel.faults
    return Attempt(
        seed=play.seed,
        outcome=play.outcome,
        cause=referee.cause,
        ended_at=play.world.now,
        time=play.time,
        keys=play.keys,
        commands=play.commands,
        signals=play.signals,
        stars=play.stars(),
        harmed=tuple(play.wardens.harmed),
        done=tuple(state.goal.id for state in referee.goals if state.done),
        first_held=first_held,
        recognised=play.recognised,
        lines=tuple(line.text for line in play.lines),
        faults=tuple(faults),
        probe_trouble=tuple(dict.fromkeys(referee.probe_trouble())),
        problem=problem,
        result=play.result(),
    )


def clock(ns: int) -> str:
    """A time as people read it: ``1:02.350`` or ``3.500 s``."""
    minutes, rest = divmod(ns // 1_000_000, 60_000)
    seconds, millis = divmod(rest, 1000)
    if minutes:
        return f"{minutes}:{seconds:02}.{millis:03}"
    return f"{seconds}.{millis:03} s"

"""The linter: a level plays as its author says, and every part of it is needed.

It plays the level headless, many times: idling, with each solution on every seed, with each wrong
answer, and with each check left out. What it finds are :class:`Finding` records, in the order of
the rules below; an empty list is a level that can be shipped.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from minios.game import spec
from minios.game.build import BuildError
from minios.game.commands import commands, mentioned, needs_teaching
from minios.game.script import Enter, ScriptError, parse
from minios.game.solve import Attempt, attempt, clock
from minios.game.spec import Goal, Level, Wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """``rule`` is the rule's name, ``where`` the part of the level, as a path."""

    rule: str
    where: str
    text: str

    def show(self) -> str:
        return f"{self.where}: {self.text} [{self.rule}]"


RULES = {
    "builds": "the world can be built, and its processes start",
    "sound": "nothing the level runs breaks: no probe, no program",
    "begins-open": "no goal holds at t = 0",
    "idle-loses": "doing nothing does not win",
    "solutions-win": "there is a solution, and each wins on every seed",
    "par": "a solution earns all stars on the seed of the first try",
    "wrong-fails": "there is a wrong answer, and each fails for its stated reason",
    "wrong-answered": "each wrong answer has something said to it, and is recognised when given",
    "words": "there are hints, a briefing and a debrief",
    "taught": "the briefing or an earlier level names every command a solution uses",
    "needed": "leaving out any check lets a wrong answer or idling win",
    "shown": "some wrong answer or idling meets each way to lose, and harms each protected thing",
}
"""What is checked, by the name a finding carries."""


def lint(
    level: Level,
    *,
    earlier: Iterable[Level] = (),
    progress: Callable[[str], None] = lambda what: None,
) -> list[Finding]:
    """Everything wrong with a level. ``earlier`` are those that a player has played before it."""
    linter = _Linter(level, tuple(earlier), progress)
    try:
        return list(linter.findings())
    except BuildError as err:
        return [Finding("builds", "world", str(err))]


def _ways(lines: Iterable[str]) -> str:
    return ", ".join(lines) or "none"


class _Linter:
    def __init__(
        self, level: Level, earlier: tuple[Level, ...], progress: Callable[[str], None]
    ) -> None:
        self.level = level
        self.earlier = earlier
        self.progress = progress
        self.seeds = tuple(dict.fromkeys((level.seeds.play, *level.seeds.check)))
        self.idle: Attempt | None = None
        self.wrongs: dict[str, Attempt] = {}

    def findings(self) -> Iterator[Finding]:
        yield from self._words()
        yield from self._taught()
        yield from self._idling()
        yield from self._solutions()
        yield from self._wrongs()
        yield from self._needed()
        yield from self._shown()

    def _play(self, what: str, seed: int, script: str = "", level: Level | None = None) -> Attempt:
        self.progress(what)
        return attempt(level or self.level, seed, script)

    # -- what needs no playing -----------------------------------------------------------------

    def _words(self) -> Iterator[Finding]:
        level = self.level
        if not level.hints:
            yield Finding("words", "hints", "there are none")
        for at, hint in enumerate(level.hints):
            if not hint:
                yield Finding("words", f"hints[{at}]", "is empty")
        if not level.briefing:
            yield Finding("words", "briefing", "is empty")
        if not level.debrief:
            yield Finding("words", "debrief", "is missing: what carries over to a real machine?")

    def _taught(self) -> Iterator[Finding]:
        known = [self.level.briefing, *self.level.teaches]
        for other in self.earlier:
            known += [other.briefing, *other.teaches]
        text = "\n".join(known)
        for solution in self.level.solutions:
            lines = _lines(solution.script)
            names = [name for line in lines for name in commands(line) if needs_teaching(name)]
            local = _local_names(self.level)
            for name in dict.fromkeys(names):
                if name not in local and not mentioned(name, text):
                    said = f"uses {name}, which neither the briefing nor an earlier level names"
                    yield Finding("taught", f"solutions.{solution.id}", said)

    # -- playing -------------------------------------------------------------------------------

    def _idling(self) -> Iterator[Finding]:
        idle = self.idle = self._play("idling", self.seeds[0])
        for failure in idle.faults:
            yield Finding("builds", "world", failure)
        for goal in idle.first_held:
            yield Finding("begins-open", f"goals.{goal}", "holds before anything is done")
        for seed in self.seeds:
            result = idle if seed == self.seeds[0] else self._play(f"idling on {seed}", seed)
            if result.won:
                text = f"idling wins on seed {seed} after {clock(result.ended_at)}"
                yield Finding("idle-loses", "goals", text)
        yield from self._broken_probes(idle)

    def _broken_probes(self, idle: Attempt) -> Iterator[Finding]:
        for run, status in idle.probe_trouble:
            text = f"exits with {status}: the judge cannot run it ({run.strip()[:60]!r})"
            yield Finding("sound", "probe", text)

    def _solutions(self) -> Iterator[Finding]:
        if not self.level.solutions:
            yield Finding("solutions-win", "solutions", "there are none")
            return
        best = 0
        for solution in self.level.solutions:
            where = f"solutions.{solution.id}"
            for seed in self.seeds:
                result = self._play(f"{where} on {seed}", seed, solution.script)
                if not result.won:
                    yield Finding("solutions-win", where, f"on seed {seed}, {_why_not(result)}")
                for fault in result.faults:
                    yield Finding("sound", where, f"on seed {seed}, {fault}")
                if seed == self.level.seeds.play:
                    best = max(best, result.stars)
        if best < 3 and self.level.solutions:
            yield Finding("par", "par", f"the best solution earns {best} of 3 stars")

    def _wrongs(self) -> Iterator[Finding]:
        if not self.level.wrong:
            yield Finding("wrong-fails", "wrong", "there are none: which way looks right?")
        for wrong in self.level.wrong:
            where = f"wrong.{wrong.id}"
            result = self._play(where, self.seeds[0], wrong.script)
            self.wrongs[wrong.id] = result
            if result.problem and result.outcome is None:
                yield Finding("wrong-fails", where, f"cannot be played: {result.problem}")
            text = _not_blocked(wrong, result, self.level)
            if text:
                yield Finding("wrong-fails", where, text)
            if not wrong.say:
                yield Finding("wrong-answered", where, "say is missing: what is wrong with it?")
            if not wrong.typed and wrong.when is None:
                yield Finding("wrong-answered", where, "give typed or when, to recognise it by")
            elif wrong.id not in result.recognised:
                yield Finding("wrong-answered", where, "is not recognised when it is played")

    def _needed(self) -> Iterator[Finding]:
        """Leave out each check in turn; somebody who should fail must win then.

        Losses are put aside for this: they end a play early that a goal would not let win anyway.
        What wins without the check must not win with it.
        """
        patient = replace(self.level, lose=())
        for name, lesser in _without_each_check(patient):
            if not self._makes_a_difference(name, patient, lesser):
                text = "without it no wrong answer wins, nor does idling: it proves nothing"
                yield Finding("needed", name, text)

    def _makes_a_difference(self, name: str, patient: Level, lesser: Level) -> bool:
        goal = name.split(".")[1]
        likely = sorted(self.level.wrong, key=lambda wrong: goal not in wrong.blocked_by)
        for script, said in [*((wrong.script, wrong.id) for wrong in likely), ("", "idling")]:
            if not self._play(f"{said} without {name}", self.seeds[0], script, lesser).won:
                continue
            if not self._play(f"{said} with {name}", self.seeds[0], script, patient).won:
                return True
        return False

    def _shown(self) -> Iterator[Finding]:
        played = [*self.wrongs.values(), *([self.idle] if self.idle is not None else [])]
        met = {each.cause for each in played}
        harmed = {name for each in played for name in each.harmed}
        for lose in self.level.lose:
            if lose.id not in met:
                yield Finding("shown", f"lose.{lose.id}", "no wrong answer loses by it")
        for entry in self.level.protect:
            if entry.id not in harmed:
                yield Finding("shown", f"protect.{entry.id}", "no wrong answer harms it")


def _lines(script: str) -> list[str]:
    try:
        return [step.text for step in parse(script) if isinstance(step, Enter)]
    except ScriptError:
        return []


def _local_names(level: Level) -> set[str]:
    """Programs that the level itself puts on its machines: their names need no teaching."""
    return {file.path.rpartition("/")[2] for machine in level.machines for file in machine.files}


def _why_not(result: Attempt) -> str:
    if result.outcome == "lose":
        text = result.result.cause if result.result is not None else ""
        return f"it loses after {clock(result.ended_at)} by {result.cause}: {text}"
    if result.problem:
        return f"it cannot be played to its end: {result.problem}"
    return f"it has not won after {clock(result.ended_at)}; done: {_ways(result.done)}"


def _not_blocked(wrong: Wrong, result: Attempt, level: Level) -> str:
    """Why the answer did not fail for the reason it names; empty if it did.

    A goal blocks it that is not done when it ends, a loss that ended it, a protected thing it
    harmed, or ``par`` if it won beyond it.
    """
    goals = {goal.id for goal in level.goals}
    losses = {lose.id for lose in level.lose}
    stops = [name for name in wrong.blocked_by if name in goals or name in losses]
    if result.won and stops:
        return f"wins after {clock(result.ended_at)}, though it should fail by {_ways(stops)}"
    for name in wrong.blocked_by:
        if name in goals:
            if name in result.done:
                return f"does reach {name}, and fails by {result.cause or 'something else'}"
        elif name in losses:
            if result.cause != name:
                how = f"loses by {result.cause}" if result.cause else "does not lose at all"
                return f"should lose by {name}, but {how}"
        elif name == "par":
            if not result.won or result.stars == 3:
                return "should win beyond par"
        elif name not in result.harmed:
            return f"does not harm {name}"
    return ""


# -- levels that ask for less --------------------------------------------------------------------


def _without_each_check(level: Level) -> Iterator[tuple[str, Level]]:
    """Each check's path, and the level without it: whole goals, and the parts of every ``all``."""
    for at, goal in enumerate(level.goals):
        for path, check in _reduced(goal.check, f"goals.{goal.id}"):
            lesser = replace(goal, check=check)
            if check == spec.All(()):
                lesser = Goal(goal.id, check, goal.text)
            goals = (*level.goals[:at], lesser, *level.goals[at + 1 :])
            yield path, replace(level, goals=goals)


def _reduced(check: spec.Check, path: str) -> Iterator[tuple[str, spec.Check]]:
    """``check`` with one part of it left out, for every part; always true without the last."""
    if isinstance(check, spec.Held):
        for name, part in _reduced(check.of, path):
            yield name, replace(check, of=part)
    elif isinstance(check, spec.All) and len(check.of) > 1:
        for at, each in enumerate(check.of):
            for name, part in _reduced(each, f"{path}.all[{at}]"):
                rest = (*check.of[:at], part, *check.of[at + 1 :])
                yield name, replace(check, of=tuple(c for c in rest if c != spec.All(())))
    else:
        yield path, spec.All(())

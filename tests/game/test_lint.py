"""The linter finds what is wrong with a level, by playing it."""

from dataclasses import replace
from pathlib import Path

import pytest

from minios.game import loader, spec
from minios.game.lint import RULES, Finding, lint
from minios.game.solve import attempt
from minios.game.spec import SECOND

LEVEL = loader.load(Path(__file__).parent / "level.yaml")
STARTER = Path(loader.__file__).parent / "starter.yaml"


def rules(level: spec.Level) -> list[tuple[str, str]]:
    """(rule, where) of everything the linter finds."""
    return [(each.rule, each.where) for each in lint(level)]


def changed(**parts: object) -> spec.Level:
    return replace(LEVEL, **parts)  # type: ignore[arg-type]


def test_a_good_level_has_no_findings() -> None:
    assert lint(LEVEL) == []


def test_the_starter_is_a_good_level() -> None:
    text = STARTER.read_text("utf-8").replace("id: ID", "id: starter").replace("TITLE", "Starter")
    assert lint(loader.loads(text.encode())) == []


def wrong(**parts: object) -> spec.Wrong:
    return replace(LEVEL.wrong[0], **parts)  # type: ignore[arg-type]


GOAL = LEVEL.goals[0]
ABSENT = spec.FileCheck("pc", "/srv/absent", exists=False)


@pytest.mark.parametrize(
    ("level", "finding"),
    [
        (changed(hints=()), ("words", "hints")),
        (changed(debrief=""), ("words", "debrief")),
        (changed(briefing="Do it.", teaches=()), ("taught", "solutions.author")),
        (changed(goals=(replace(GOAL, check=ABSENT),)), ("begins-open", "goals.made")),
        (changed(goals=(replace(GOAL, check=ABSENT),)), ("idle-loses", "goals")),
        (changed(solutions=()), ("solutions-win", "solutions")),
        (changed(solutions=(spec.Solution("x", "true"),)), ("solutions-win", "solutions.x")),
        (changed(par=spec.Par(keys=1)), ("par", "par")),
        (changed(wrong=()), ("wrong-fails", "wrong")),
        (changed(wrong=(wrong(script=LEVEL.solutions[0].script),)),
         ("wrong-fails", "wrong.literal")),
        (changed(wrong=(wrong(blocked_by=("idle",)), *LEVEL.wrong[1:])),
         ("wrong-fails", "wrong.literal")),
        (changed(wrong=(wrong(say=""), *LEVEL.wrong[1:])), ("wrong-answered", "wrong.literal")),
        (changed(wrong=(wrong(typed=("no",)), *LEVEL.wrong[1:])),
         ("wrong-answered", "wrong.literal")),
        (changed(goals=(GOAL, replace(GOAL, id="again"))), ("needed", "goals.made")),
        (changed(lose=(*LEVEL.lose, spec.Lose("late", "Late.", at=900 * SECOND))),
         ("shown", "lose.late")),
        (changed(protect=(*LEVEL.protect, spec.Protect("init", "pc", file="/etc/passwd"))),
         ("shown", "protect.init")),
        (changed(goals=(replace(GOAL, check=spec.ProbeCheck("pc", "no-such-command")),)),
         ("sound", "probe")),
        (changed(machines=(replace(LEVEL.machines[0], processes=(
            spec.ProcessSpec("idle", ("no-such-command",)),)),)), ("builds", "world")),
        (changed(machines=(replace(LEVEL.machines[0], disk=2 << 20, files=(
            spec.FileSpec("/srv/big", text="x" * (2 << 20)),)),)), ("builds", "world")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(level: spec.Level, finding: tuple[str, str]) -> None:
    assert finding in rules(level)
    assert finding[0] in RULES


def test_a_finding_reads_as_a_line() -> None:
    assert Finding("words", "hints", "there are none").show() == "hints: there are none [words]"


def test_an_attempt_says_what_a_script_costs() -> None:
    result = attempt(LEVEL, 2, LEVEL.solutions[0].script)
    assert (result.won, result.done, result.harmed, result.problem) == (True, ("made",), (), "")
    assert result.lines == (f"touch {result.lines[0].split()[1]}",)
    assert (result.keys, result.commands) == (len(result.lines[0]) + 1, 1)
    assert attempt(LEVEL, 2, LEVEL.solutions[0].script) == result


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sleep 1000\ntrue", "line 2: no prompt to type 'true' at"),
        ("@until made", "line 1: waited for made in vain"),
        ("kill @{nobody}", "line 1: there is no process nobody"),
        ("@act signal 1 KILL", "line 1: 1: Operation not permitted"),
        ("@wait soon", "line 1: must be a duration such as 30s, 500ms or 2m, not 'soon'"),
    ],
)  # fmt: skip
def test_a_script_that_cannot_be_played_says_where(script: str, said: str) -> None:
    result = attempt(changed(limit=400 * SECOND), 1, script)
    assert (result.outcome, result.problem) == (None, said)

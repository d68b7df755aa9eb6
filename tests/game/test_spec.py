"""A compiled level has one canonical form, and a hash that follows the world and not the words."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from minios.game import loader, spec

LEVEL = loader.load(Path(__file__).parent / "level.yaml")


def test_json_goes_both_ways() -> None:
    assert spec.from_json(spec.to_json(LEVEL)) == LEVEL


def test_a_mended_text_keeps_the_hash() -> None:
    mended = replace(
        LEVEL,
        title="Wake Up!",
        briefing="…",
        hints=("x",),
        par=spec.Par(1),
        solutions=(),
        goals=(replace(LEVEL.goals[0], text="There it is"),),
    )
    assert spec.world_hash(mended) == spec.world_hash(LEVEL)


@pytest.mark.parametrize(
    "other",
    [
        replace(LEVEL, goals=(replace(LEVEL.goals[0], hold=0),)),
        replace(LEVEL, seeds=spec.Seeds(1, (2,))),
        replace(LEVEL, vary=()),
        replace(LEVEL, lose=()),
        replace(LEVEL, events=(spec.Event("off", (spec.Power("pc", False),), at=1),)),
        replace(LEVEL, machines=(replace(LEVEL.machines[0], cores=2),)),
        replace(LEVEL, protect=()),
    ],
    ids=["goal", "seeds", "vary", "lose", "events", "machine", "protect"],
)
def test_a_changed_rule_changes_the_hash(other: spec.Level) -> None:
    assert spec.world_hash(other) != spec.world_hash(LEVEL)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "3", "{}", '{"is": "Goal"}', '{"is": "Level"}', '{"is": "Nothing"}', "[" * 10000,
        '{"is":"Level","id":1,"player":{"is":"Player","machine":"a","user":"b"},"machines":[]}',
    ],
)  # fmt: skip
def test_json_that_is_no_level_is_one_error(text: str) -> None:
    with pytest.raises(spec.SpecError):
        spec.from_json(text)


def test_neither_pydantic_nor_ruamel_is_needed_to_play() -> None:
    """Verification runs where only the core is installed."""
    code = (
        "import sys, minios.game.play, minios.game.solve\n"
        "heavy = {'pydantic', 'ruamel', 'textual', 'rich', 'asyncio', 'click', 're'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() in ("[]", "['re']")

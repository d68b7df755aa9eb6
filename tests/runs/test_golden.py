"""The same inputs give the bytes they gave when this ruleset was fixed."""

import json

import pytest

from minios import RULESET
from minios.game.spec import world_hash
from tests.runs import golden

LEVELS = golden.levels()

if not golden.FILE.exists():
    pytest.skip("python -m tests.runs.golden fixes them", allow_module_level=True)
COMMITTED = json.loads(golden.FILE.read_text())


def test_the_digests_are_those_of_this_ruleset() -> None:
    assert COMMITTED["ruleset"] == RULESET
    assert sorted(COMMITTED["levels"]) == sorted(LEVELS)


@pytest.mark.parametrize("name", sorted(LEVELS))
def test_a_solution_leads_to_the_very_same_world(name: str) -> None:
    """A changed world needs a new entry, changed machinery a new ruleset: see golden.py."""
    level = LEVELS[name]
    assert COMMITTED["levels"][name] == {
        "world": world_hash(level),
        "digest": golden.digest(level),
    }

"""Every level that ships: the linter, which plays it on every seed, has nothing to say."""

from pathlib import Path

import pytest

from minios.game.catalog import Card, cards
from minios.game.lint import lint
from minios.game.loader import load

CARDS = cards()


def test_the_campaign_begins_with_boot_camp_and_every_level_has_its_place() -> None:
    ids = [card.id for card in CARDS]
    assert ids[:8] == [
        "first-light", "two-drones", "courier", "impostor", "hydra", "polite-first",
        "zombie-night", "crossfire",
    ]  # fmt: skip
    files = Path(CARDS[0].path).parent.glob("[0-9]*.yaml")
    assert sorted(load(str(path)).id for path in files) == sorted(ids)


@pytest.mark.parametrize("at", range(len(CARDS)), ids=[card.id for card in CARDS])
def test_a_level_passes_the_linter_on_every_seed(at: int) -> None:
    earlier = [load(card.path) for card in CARDS[:at]]
    findings = lint(load(CARDS[at].path), earlier=earlier)
    assert [finding.show() for finding in findings] == []


@pytest.mark.parametrize("card", CARDS, ids=[card.id for card in CARDS])
def test_a_level_has_hints_several_seeds_and_a_debrief(card: Card) -> None:
    level = load(card.path)
    assert len(level.hints) >= 3
    assert len({level.seeds.play, *level.seeds.check}) >= 3
    assert "real machine" in level.debrief

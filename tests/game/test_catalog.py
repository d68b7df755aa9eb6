"""The list of levels is read without the parser, and agrees with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from minios.game import catalog, loader
from minios.game.yamlfile import read


def test_the_cards_say_what_the_levels_say() -> None:
    """The quick reading of a file's top level against the real one, for every level that ships."""
    for card in catalog.cards():
        level = loader.load(card.path)
        assert (card.id, card.title, card.difficulty) == (level.id, level.title, level.difficulty)
        assert card.teaches == level.teaches
        assert (card.par_time, card.par_keys) == (level.par.time, level.par.keys)
        assert card.goals == len(level.goals)
        assert card.blurb


def test_the_campaign_is_what_its_file_says() -> None:
    raw = (catalog.directory() / catalog.CAMPAIGN).read_bytes()
    data = read(raw).data
    campaign = catalog.campaign()
    assert [(c.id, c.title, list(c.levels)) for c in campaign.chapters] == [
        (c["id"], c["title"], c["levels"]) for c in data["chapters"]
    ]
    assert campaign.ahead == int(data["ahead"])


def test_every_level_file_is_in_the_campaign_once() -> None:
    order = catalog.campaign().order
    files = sorted(catalog.directory().glob("*.yaml"))
    shipped = [loader.load(path).id for path in files if path.name != catalog.CAMPAIGN]
    assert sorted(order) == sorted(shipped)
    assert [card.number for card in catalog.cards()] == list(range(1, len(order) + 1))


def test_so_many_levels_are_open_at_a_time() -> None:
    order = catalog.campaign().order
    ahead = catalog.campaign().ahead
    assert list(catalog.locks(())) == list(order[ahead:])
    assert list(catalog.locks(order[:1])) == list(order[ahead + 1 :])
    assert catalog.locks(order) == {}
    titles = {card.id: card.title for card in catalog.cards()}
    first, second = titles[order[0]], titles[order[1]]
    assert set(catalog.locks(()).values()) == {f"Win {first} or {second} first."}


def test_a_level_is_found_by_id_or_path(tmp_path: Path) -> None:
    assert catalog.find("two-drones").name == "02-two-drones.yaml"
    other = tmp_path / "x.yaml"
    other.write_text("id: x\n")
    assert catalog.find(str(other)) == other


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two-drone", "no level 'two-drone' (did you mean 'two-drones'?)"),
        ("xyzzy-17", "no level 'xyzzy-17'"),
        ("./no.yaml", "no level file './no.yaml'"),
    ],
)
def test_a_name_that_misses_is_explained(name: str, said: str) -> None:
    with pytest.raises(catalog.UnknownLevel) as caught:
        catalog.find(name)
    assert str(caught.value) == said


def test_the_menu_needs_no_parser() -> None:
    code = (
        "import sys\nfrom minios.game import catalog\ncatalog.cards(); catalog.locks(())\n"
        "print(sorted({'ruamel', 'pydantic', 'textual', 'asyncio'} & sys.modules.keys()))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"

"""Golden digests: what the first solution of each shipped level leads to, to the last bit.

``python -m tests.runs.golden`` writes them anew. Do that only together with a new RULESET of
:mod:`minios`, once a release was made under the present one: runs of players are at stake.
"""

import json
from pathlib import Path
from typing import Any

from minios import RULESET
from minios.game.catalog import cards
from minios.game.loader import load
from minios.game.play import Play
from minios.game.script import parse
from minios.game.solve import Typist
from minios.game.spec import Level, world_hash
from minios.game.vary import draw, substitute

FILE = Path(__file__).with_name("golden.json")


def digest(level: Level) -> str:
    """The world's digest after the level's first solution was played on its own seed."""
    play = Play(level, level.seeds.play)
    values = draw(level.vary, play.seed) | {"player": level.player.user}
    Typist(play, level.limit).run(parse(substitute(level.solutions[0].script, values)))
    return play.world.digest()


def levels() -> dict[str, Level]:
    """The shipped levels by id."""
    return {card.id: load(card.path) for card in cards()}


def present() -> dict[str, Any]:
    """What the file should hold now."""
    found = {
        name: {"world": world_hash(level), "digest": digest(level)}
        for name, level in levels().items()
    }
    return {"ruleset": RULESET, "levels": found}


if __name__ == "__main__":
    FILE.write_text(json.dumps(present(), indent=2) + "\n")

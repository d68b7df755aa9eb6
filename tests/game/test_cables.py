"""Cables pulled on the map: through the door, on the record, refused where not allowed."""

import pytest

from minios.game.door import Refused, check
from minios.game.loader import loads
from minios.game.play import PANE_NS, Play
from minios.game.script import Pull, parse
from minios.game.solve import attempt
from minios.game.spec import Level
from minios.runs.runfile import OPS

LEVEL = """
format: 1
id: two
title: Two
author: t
chapter: c
difficulty: 1
pace: live
teaches: []
briefing: b
hints: [h]
seeds: {play: 1, check: [2]}
%s
world:
  player: {machine: pc, user: me}
  machines:
    pc: {users: {me: {uid: 1000}}, nics: {eth0: {address: 10.0.0.1/24}}}
    web: {nics: {eth0: {address: 10.0.0.2/24}}}
  links:
    lan: {between: [pc.eth0, web.eth0]}
goals: {never: {text: n, file: {on: pc, path: /never}}}
solutions: {author: touch /never}
"""


def level(panes: str = "panes: {network: act}") -> Level:
    return loads((LEVEL % panes).encode(), "two.yaml")


def test_a_cable_is_pulled_and_plugged_in_300_ms_each_and_counts_as_a_command() -> None:
    play = Play(level(), 1)
    assert play.built.network is not None
    link = play.built.network.links["lan"]
    play.apply("cable", {"link": "lan", "plugged": False})
    assert (link.up, play.failed, play.commands) == (False, "", 1)
    assert play.free_at == play.world.now + PANE_NS == 300_000_000
    play.apply("cable", {"link": "lan", "plugged": False})
    assert play.failed == "lan is pulled out already."
    play.apply("cable", {"link": "lan", "plugged": True})
    assert (link.up, play.failed, play.commands) == (True, "", 3)


def test_what_is_no_cable_is_refused_in_words() -> None:
    play = Play(level(), 1)
    play.apply("cable", {"link": "wan", "plugged": False})
    assert play.failed == "There is no cable 'wan'."


def test_where_the_pane_only_looks_no_cable_is_pulled() -> None:
    play = Play(level(""), 1)
    assert dict(play.level.panes)["network"] == "look"
    play.apply("cable", {"link": "lan", "plugged": False})
    assert play.failed == "On this level the network pane only looks."
    assert play.built.network is not None
    assert play.built.network.links["lan"].up


@pytest.mark.parametrize(
    "data",
    [{}, {"link": "lan"}, {"link": "", "plugged": True}, {"link": "lan", "plugged": 1},
     {"link": "lan", "plugged": True, "x": 1}, {"link": 3, "plugged": True}],
)  # fmt: skip
def test_nonsense_does_not_pass_the_door(data: dict[str, object]) -> None:
    with pytest.raises(Refused):
        check("cable", data)


def test_a_run_file_has_every_pane_action() -> None:
    assert OPS["cable"] == {"link": str, "plugged": bool}
    assert {"signal", "renice", "assign", "cable"} <= OPS.keys()


def test_a_solution_can_pull_a_cable() -> None:
    assert parse("@act unplug lan\n@act plug lan") == [Pull(1, "lan", False), Pull(2, "lan", True)]
    made = attempt(level(), 1, "@act unplug lan\n@act unplug lan", 10**9)
    assert made.problem == "line 2: lan is pulled out already."

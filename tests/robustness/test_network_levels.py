"""Whatever stands in the network part of a level, it is read, or what is wrong with it is said."""

from copy import deepcopy
from io import StringIO
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML

from minios.game.build import BuildError, build
from minios.game.loader import LevelError, loads
from tests.game.networks import changed

TEXT = changed(
    ("sw: {kind: switch, ports: 4}",
     "sw: {kind: switch, ports: 4, vlans: {1: 1}, trunks: {4: {vlans: [1, 2], native: 0}}}\n"
     "    n: {kind: nat, inside: 10.9.0.1/24, outside: 10.8.0.1/24, gateway: 10.8.0.2,"
     " range: [1000, 2000], forward: [tcp 80 10.9.0.2:80]}"),
    ("forwarding: true",
     "forwarding: true\n      routes: [10.7.0.0/16 via 10.0.0.9, blackhole 10.6.0.0/16]\n"
     '      dns: [10.0.0.1]\n      hosts: {a: 10.0.0.4}\n      iptables: "*nat\\nCOMMIT\\n"'),
    ("goals:", "events:\n  - {at: 1s, unplug: wan}\n"
     "  - {at: 2s, link: {name: wan, loss: 3%, back: {rate: 1Mbit}}}\ngoals:"),
)  # fmt: skip

JUNK: list[Any] = [
    None, True, -1, 0, 99999, 1.5, "", [], {}, [1], ["a"], {"a": 1}, {"kind": "switch"}, "x", "☃",
    "a" * 300, "1.2.3.4", "1.2.3.4/99", "::1", "10.0.0.0/0", "255.255.255.255/32", "0.0.0.0/0",
    "{{x}}", "a.b", "sw", "sw.1", "pc.eth0", "100%", "-1s", "1e9", "blackhole", "default",
    "default via", "via", "1/2/3", "4095",
]  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            found += paths(item, (*path, key))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_no_level_crashes_the_loader_or_the_builder(seed: int) -> None:
    yaml = YAML(typ="safe", pure=True)
    base = yaml.load(TEXT)
    places = [path for path in paths(base) if path[:1] in (("world",), ("events",), ("goals",))]
    rng = Random(seed)
    for _ in range(100):
        level = deepcopy(base)
        *above, last = rng.choice(places)
        at = level
        for key in above:
            at = at[key]
        if rng.random() < 0.8:
            at[last] = rng.choice(JUNK)
        else:
            del at[last]
        text = StringIO()
        yaml.dump(level, text)
        try:
            build(loads(text.getvalue().encode()), 1)
        except (LevelError, BuildError) as err:
            assert str(err)

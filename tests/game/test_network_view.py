"""What the network pane is told of a real network, and that looking changes nothing."""

from __future__ import annotations

import pytest

from minios.game.inspect import Sight
from minios.game.loader import loads
from minios.game.play import Play
from minios.game.view import InspectView
from minios.sim.world import SECOND

LEVEL = """
format: 1
id: home
title: Home
author: t
chapter: c
difficulty: 1
pace: live
teaches: []
briefing: b
hints: [h]
seeds: {play: 1, check: [2]}
panes: {network: %s}
world:
  player: {machine: pc, user: me}
  map: {pc: [0, 0], sw: [1, 0], gw: [2, 0], web: [3, 1]}
  machines:
    pc:
      users: {me: {uid: 1000}}
      nics: {eth0: {address: 10.0.0.2/24, gateway: 10.0.0.1}}
    gw:
      forwarding: true
      nics: {eth0: {address: 10.0.0.1/24}, eth1: {address: 192.0.2.1/24}}
    web: {nics: {eth0: {address: 192.0.2.9/24, gateway: 192.0.2.1}}}
  devices:
    sw: {kind: switch, ports: 3}
  links:
    lan: {between: [pc.eth0, sw.1]}
    up: {between: [sw.2, gw.eth0]}
    wan: {between: [gw.eth1, web.eth0], latency: 5ms, loss: 10%%}
goals: {never: {text: n, file: {on: pc, path: /never}}}
solutions: {author: touch /never}
"""


def home(pane: str = "look") -> Play:
    return Play(loads((LEVEL % pane).encode(), "home.yaml"), 1)


def enter(play: Play, line: str, seconds: int = 1) -> str:
    before = len(play.shown("pc", "tty1"))
    for char in line + "\r":
        play.apply("key", {"data": char})
    play.run_until(play.world.now + seconds * SECOND)
    return play.shown("pc", "tty1")[before:].decode().replace("\r", "")


@pytest.fixture
def play() -> Play:
    return home()


@pytest.fixture
def sight(play: Play) -> Sight:
    return Sight(play, lambda: play.who)


def test_nodes_have_their_kind_address_and_place(play: Play, sight: Sight) -> None:
    look = sight.network()
    assert look is not None
    nodes = {node.name: (node.kind, node.caption, node.at, node.up) for node in look[0].nodes}
    assert nodes == {
        "pc": ("host", "10.0.0.2", (0, 0), True),
        "gw": ("router", "10.0.0.1", (2, 0), True),
        "web": ("host", "192.0.2.9", (3, 1), True),
        "sw": ("switch", "", (1, 0), True),
    }
    play.machines["web"].power_off()
    assert [node.up for node in sight.network()[0].nodes if node.name == "web"] == [False]  # type: ignore[index]


def test_cables_say_what_they_are_like_and_what_went_over_them(play: Play, sight: Sight) -> None:
    enter(play, "ping -c1 10.0.0.1")
    net = sight.network()[0]  # type: ignore[index]
    links = {link.name: link for link in net.links}
    wan = links["wan"]
    assert (wan.a, wan.b, wan.up) == (("gw", "eth1"), ("web", "eth0"), True)
    assert (wan.wires[0].latency, wan.wires[0].shares) == (5_000_000, (("loss", 100_000),))
    assert (links["lan"].wires[0].frames, links["lan"].wires[1].frames) == (2, 2)


def test_frames_are_noted_from_the_first_look_on(play: Play, sight: Sight) -> None:
    sight.network()
    enter(play, "ping -c1 10.0.0.1")
    flights = sight.network()[0].flights  # type: ignore[index]
    assert [(f.link, f.side, f.letter) for f in flights] == [
        ("lan", 0, "A"), ("up", 0, "A"), ("up", 1, "A"), ("lan", 1, "A"),
        ("lan", 0, "I"), ("up", 0, "I"), ("up", 1, "I"), ("lan", 1, "I"),
    ]  # fmt: skip
    assert all(f.sent < f.arrives for f in flights)
    assert flights[4].progress(flights[4].sent) == 0
    assert flights[4].progress(flights[4].arrives) == 1000


def test_a_lost_frame_says_why_and_so_does_the_drop(play: Play, sight: Sight) -> None:
    sight.network()
    enter(play, "ping -c40 -i 0.2 192.0.2.9", 12)
    net = sight.network()[0]  # type: ignore[index]
    assert {f.lost for f in net.flights} == {"", "LINK_LOSS"}
    lost = [drop for drop in net.drops if drop.reason == "LINK_LOSS"]
    assert lost
    assert lost[0].place == "wan"
    assert lost[0].on_link
    assert lost[0].text == "The cable wan lost it, as it loses a part of all frames."


def test_the_lens_explains_every_bit_of_a_frame(play: Play, sight: Sight) -> None:
    sight.network()
    enter(play, "ping -c1 10.0.0.1")
    for flight in sight.network()[0].flights:  # type: ignore[index]
        lens = sight.network("", flight.id)[2]  # type: ignore[index]
        assert lens is not None
        bits = sorted((f.bit, f.bits) for layer in lens.layers for f in layer.fields)
        at = 0
        for bit, length in bits:
            assert bit == at
            at += length
        assert at == 8 * len(lens.data)
    assert sight.network("", 10_000)[2] is None  # type: ignore[index]


def test_the_frame_under_the_lens_is_as_it_was_on_that_cable(play: Play, sight: Sight) -> None:
    sight.network()
    enter(play, "ping -c4 -i 0.2 192.0.2.9", 3)
    ttls = {}
    for flight in sight.network()[0].flights:  # type: ignore[index]
        if "echo request" in flight.summary:
            lens = sight.network("", flight.id)[2]  # type: ignore[index]
            fields = {f.name: f.value for layer in lens.layers for f in layer.fields}  # type: ignore[union-attr]
            ttls[flight.link] = fields["time to live"]
    assert ttls == {"lan": "64", "up": "64", "wan": "63"}


def test_tables_of_machines_devices_and_cables(play: Play, sight: Sight) -> None:
    enter(play, "ping -c1 10.0.0.1")
    detail = sight.network("node pc")[1]  # type: ignore[index]
    assert detail is not None
    tables = {table.name: table for table in detail.tables}
    assert list(tables) == ["interfaces", "routes", "ARP", "sockets", "drops"]
    assert tables["interfaces"].rows[1][:3] == ("eth0", "UP", "10.0.0.2/24")
    assert tables["routes"].rows[0][:3] == ("default", "10.0.0.1", "eth0")
    assert [row[0] for row in tables["ARP"].rows] == ["10.0.0.1"]
    switch = sight.network("node sw")[1]  # type: ignore[index]
    assert [table.name for table in switch.tables] == ["ports", "MAC table", "drops"]  # type: ignore[union-attr]
    assert sorted(row[2] for row in switch.tables[1].rows) == ["1", "2"]  # type: ignore[union-attr]
    cable = sight.network("link wan")[1]  # type: ignore[index]
    assert cable.tables[1].rows[0][1:] == ("lost", "10 %")  # type: ignore[union-attr]
    assert sight.network("node nobody")[1] is None  # type: ignore[index]


GATE = """
      iptables: |
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A POSTROUTING -o eth1 -j MASQUERADE
        COMMIT
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -p icmp -j ACCEPT
        COMMIT"""


def test_rules_and_connections_of_a_gateway() -> None:
    text = (LEVEL % "look").replace("      forwarding: true", "      forwarding: true" + GATE)
    play = Play(loads(text.replace(", loss: 10%", "").encode(), "home.yaml"), 1)
    sight = Sight(play, lambda: play.who)
    enter(play, "ping -c1 192.0.2.9")
    detail = sight.network("node gw")[1]  # type: ignore[index]
    tables = {table.name: table.rows for table in detail.tables}  # type: ignore[union-attr]
    assert tables["firewall"] == (
        ("nat", "POSTROUTING", "1", "1", "-o eth1 -j MASQUERADE"),
        ("nat", "POSTROUTING", "-", "0", "policy ACCEPT"),
        ("filter", "FORWARD", "1", "2", "-p icmp -j ACCEPT"),
        ("filter", "FORWARD", "-", "0", "policy DROP"),
    )
    ((proto, state, came, answers, left),) = tables["NAT/conntrack"]
    assert (proto, state) == ("icmp", "replied")
    assert came.startswith("10.0.0.2 ▸ 192.0.2.9 id ")
    assert answers.startswith("192.0.2.9 ▸ 192.0.2.1 id ")
    assert left.endswith(" s")


def test_the_mappings_of_a_nat_box_and_its_class() -> None:
    text = (LEVEL % "look").replace("    gw:\n      forwarding: true\n", "    DROP: ")
    text = text.replace(
        "DROP:       nics: {eth0: {address: 10.0.0.1/24}, eth1: {address: 192.0.2.1/24}}\n", ""
    ).replace("    web:", "web:", 1)
    text = text.replace(
        "    sw: {kind: switch, ports: 3}",
        "    sw: {kind: switch, ports: 3}\n"
        "    gw: {kind: nat, inside: 10.0.0.1/24, outside: 192.0.2.1/24}",
    )
    text = text.replace("gw.eth0", "gw.inside").replace("gw.eth1", "gw.outside")
    play = Play(loads(text.replace(", loss: 10%", "").encode(), "home.yaml"), 1)
    sight = Sight(play, lambda: play.who)
    enter(play, "ping -c1 192.0.2.9")
    look = sight.network("node gw")
    assert look is not None
    assert look[1] is not None
    assert {(n.kind, n.caption) for n in look[0].nodes if n.name == "gw"} == {("nat", "192.0.2.1")}
    table = look[1].tables[1]
    assert table.note == "Mapping and filtering (RFC 4787): eim/apdf."
    ((proto, inside, outside, made_for, _),) = table.rows
    assert proto == "icmp"
    assert inside.startswith("10.0.0.2:")
    assert outside.startswith("192.0.2.1:")
    assert made_for == "anybody"


def test_nothing_is_noted_once_nobody_looks(play: Play, sight: Sight) -> None:
    sight.network()
    assert play.world.instruments.on_frame
    sight.network_away()
    assert play.world.instruments.on_frame == ()
    assert play.world.instruments.on_drop == ()
    sight.network_away()


def test_frames_keep_their_numbers_when_one_looks_again(play: Play, sight: Sight) -> None:
    sight.network()
    enter(play, "ping -c1 10.0.0.1")
    last = sight.network()[0].flights[-1].id  # type: ignore[index]
    sight.network_away()
    enter(play, "ping -c1 10.0.0.1")
    assert sight.network()[0].flights == ()  # type: ignore[index]
    enter(play, "ping -c1 10.0.0.1")
    assert sight.network()[0].flights[0].id == last + 1  # type: ignore[index]


def test_looking_changes_nothing() -> None:
    digests = []
    for watched in (False, True):
        play = home()
        sight = Sight(play, lambda play=play: play.who)  # type: ignore[misc]
        if watched:
            play.world.instruments.add(sight)
        for line in ("ping -c3 -i 0.3 192.0.2.9", "why ping 192.0.2.9", "why tcp 192.0.2.9:80"):
            if watched:
                sight.network("node gw", 3)
            enter(play, line, 6)
            if watched:
                sight.network("link wan", 5)
        digests.append(play.world.digest())
    assert digests[0] == digests[1]


def test_the_words_at_the_prompt_say_what_the_pane_shows(play: Play) -> None:
    enter(play, "ping -c1 -W1 10.0.0.77", 5)
    lines = enter(play, "status net").replace("\x1b[?2004l", "").split("\n")
    assert "eth0     up       10.0.0.2/24" in lines
    assert "default via 10.0.0.1 dev eth0" in lines
    assert "  gw           router  10.0.0.1" in lines
    assert any(line.startswith("  lan: pc.eth0 - sw.1, 100,000 kbit/s, 100 us, ") for line in lines)
    assert any("ARP_TIMEOUT, nobody on the link answered pc's ARP questions" in x for x in lines)


def test_what_a_level_hides_the_words_do_not_tell() -> None:
    text = enter(home("hidden"), "status net")
    assert "eth0     up       10.0.0.2/24" in text
    assert "gw" not in text


def test_other_views_are_as_they_were(sight: Sight) -> None:
    assert isinstance(sight.inspect(1), InspectView)

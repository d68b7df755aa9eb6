"""The network pane: map, packets, drops, tables, lens, cables."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from minios.tui.panes.network import DETAIL, LENS, MAP, PACKETS
from tests.tui import fake_net
from tests.tui.fake import MS, FakeSession, Stage, stage

PANES = (("cpu", "look"), ("memory", "look"), ("processes", "act"), ("network", "act"))


@asynccontextmanager
async def network(size=(140, 45), mode="act", **fields):
    session = FakeSession(panes=(*PANES[:3], ("network", mode)))
    session.sight.net = fake_net.net(**fields)
    async with stage(size, session=session) as s:
        await s.press("f11")
        yield s


def pane(s: Stage):
    return s.game.network


def body(s: Stage) -> list[str]:
    place = s.game.plan.places["network"]
    return [line[place.x : place.right].rstrip() for line in s.lines[place.y : place.bottom]]


MAP_140 = """\

 [pc]───────────{sw}─┬─────(gw)──────▅────«isp»─────────┤ ├─[web]
 10.0.0.2            │     10.0.0.1       203.0.113.5       93.184.216.34
                     │
                     └─────░tv░
                           10.0.0.7

 ✕ 00:12.300 gw: FILTER_DROP Rule 3 of filter FORWARD drops it.
 pc: host, 10.0.0.2"""


async def test_the_map_is_drawn_with_every_sign():
    async with network() as s:
        assert "\n".join(body(s)) == MAP_140


async def test_it_works_in_eighty_columns_as_a_tab():
    async with network((80, 24)) as s:
        lines = body(s)
        assert lines[0].strip().startswith("[pc]──")
        assert lines[0].rstrip().endswith("[web]")
        assert lines[-1] == " pc: host, 10.0.0.2"


async def test_a_level_that_hides_it_has_no_such_pane_and_asks_for_nothing():
    async with network(mode="hidden") as s:
        assert "network" not in s.game.plan.places
        assert s.session.sight.net_asked == []
        assert "This level hides that pane." in s.text
        assert "NETWORK" not in s.text


async def test_it_asks_only_while_it_is_shown():
    async with network((80, 24)) as s:
        assert s.session.sight.net_asked[-1] == ("", 0)
        await s.press("f7")
        assert not pane(s).display
        assert s.session.sight.net_asked == []


async def test_arrows_go_along_the_cables_and_enter_opens_tables():
    async with network() as s:
        await s.press("right")
        assert pane(s).chosen == "link lan1"
        assert "lan1: pc.eth0 – sw.1, 100 Mbit/s, 100 µs, ▸ 12 ◂ 9 frames" in s.text
        assert "━━" in body(s)[1]
        await s.press("right", "right", "right")
        assert pane(s).chosen == "node gw"
        await s.press("enter")
        assert pane(s).mode == DETAIL
        assert s.session.sight.net_asked[-1] == ("node gw", 0)
        lines = body(s)
        assert lines[0] == " gw ‹interfaces 2› routes 1  ARP"
        assert lines[1].split() == ["name", "state", "address", "mac"]
        assert lines[3].split() == ["eth0", "UP", "10.0.0.1/24", "02:00:00:00:00:01"]
        await s.press("right")
        assert body(s)[2].split() == ["default", "203.0.113.1", "eth1"]
        await s.press("right")
        assert body(s)[1] == " nothing"
        await s.press("enter")
        assert pane(s).mode == MAP


async def test_u_pulls_the_chosen_cable_and_plugs_it_again():
    async with network() as s:
        await s.press("right", "u")
        assert ("act", "cable", {"link": "lan1", "plugged": False}) in s.session.asked
        assert "lan1 is to be pulled out." in s.text
        pane(s).chosen = "node web"
        await s.press("u")
        assert s.session.asked[-1] == ("act", "cable", {"link": "far", "plugged": True})


async def test_where_one_may_only_look_no_cable_is_pulled():
    async with network(mode="look") as s:
        await s.press("right", "u")
        assert not any(call[0] == "act" for call in s.session.asked)
        assert "This level lets you look at the network here, not pull its cables." in s.text


async def test_packets_move_with_letter_and_arrow():
    async with network() as s:
        s.session.sight.net = fake_net.net(
            flights=(
                fake_net.flight(1, "lan1", 0, 0, arrives=100_000 * MS),
                fake_net.flight(2, "up", 1, 0, arrives=100_000 * MS, letter="A"),
            ),
            time=50_000 * MS,
        )
        s.session.change(time=50_000 * MS)
        await s.settle()
        line = body(s)[1]
        assert "─I▸─" in line
        assert "┬◂A─" in line


async def test_several_packets_on_a_cell_are_counted():
    async with network() as s:
        s.session.sight.net = fake_net.net(
            flights=tuple(
                fake_net.flight(n, "lan1", 0, 0, arrives=100_000 * MS) for n in range(1, 4)
            ),
            time=50_000 * MS,
        )
        s.session.change(time=50_000 * MS)
        await s.settle()
        assert "─3▸─" in body(s)[1]


async def test_a_cross_stands_for_a_while_where_a_packet_ended():
    async with network() as s:
        assert "(gw)" in body(s)[1]
        drops = fake_net.net().drops
        s.session.sight.net = fake_net.net(drops=drops * 2, dropped=2)
        s.session.change(time=13_000 * MS)
        await s.settle()
        assert "(gw✕" in body(s)[1]
        pane(s)._marks["gw"] = 0
        pane(s)._motion()
        await s.settle()
        assert "(gw)" in body(s)[1]


async def test_the_list_of_packets_leads_to_the_lens():
    flights = tuple(fake_net.flight(n, "lan1", n % 2, n * MS) for n in range(1, 4))
    async with network(flights=flights) as s:
        await s.press("p")
        assert pane(s).mode == PACKETS
        assert body(s)[2].startswith("▸00:00.003 I sw ▸ pc")
        await s.press("up", "enter")
        assert pane(s).mode == LENS
        assert s.session.sight.net_asked[-1] == ("", 2)
        assert "ICMP echo request" in body(s)[0]
        await s.press("p", "p")
        assert pane(s).mode == MAP


async def test_a_packet_under_the_lens_stays_though_it_is_forgotten():
    async with network(flights=(fake_net.flight(1, "lan1", 0, MS),)) as s:
        await s.press("p", "enter")
        seen = body(s)
        pane(s).tell(fake_net.net(), None, None)
        assert body(s) == seen


async def test_the_lens_shows_layers_bytes_and_the_levels_of_the_cable():
    flights = (fake_net.flight(1, "lan1", 0, MS),)
    async with network((140, 45), flights=flights) as s:
        await s.press("p", "enter", "z")
        text = "\n".join(body(s))
        for word in (
            "Ethernet",
            "IPv4",
            "ICMP",
            "time to live       64",
            "0000 [02 00 00 00 00 01]",
        ):
            assert word in text
        assert "Manchester, 10 Mbit/s: the bytes of destination on the cable" in text
        assert " 0 1 0 0 0 0 0 0 " in text, "the lowest bit of a byte goes first"
        await s.press("right", "c")
        text = "\n".join(body(s))
        assert "▸ version" in text
        assert "4B5B + NRZI: the byte of version on the cable" in text
        assert "[45]" in text


@pytest.mark.parametrize("size", [(40, 10), (57, 15), (80, 24), (110, 32), (160, 48), (250, 80)])
@pytest.mark.parametrize("keys", [(), ("enter",), ("p",), ("p", "enter"), ("p", "enter", "z")])
async def test_every_view_fits_every_window(size, keys):
    flights = tuple(fake_net.flight(n, "lan1", n % 2, n * MS) for n in range(1, 40))
    async with network(size, flights=flights) as s:
        for key in (*keys, "down", "left", "pageup", "u", "right", "up", "pagedown"):
            await s.press(key)
        assert all(len(line) <= size[0] for line in s.lines)


async def test_f2_says_why_packets_ended():
    async with network() as s:
        await s.press("f2")
        assert "Packets that ended lately" in s.text
        assert "00:12.300 gw: Rule 3 of filter FORWARD drops it." in s.text


async def test_clicks_choose_and_open():
    async with network() as s:
        place = s.game.plan.places["network"]
        line = body(s)[1]
        x, y = place.x + line.index("(gw)") + 1, place.y + 1
        await s.click(x, y)
        assert pane(s).chosen == "node gw"
        await s.click(x, y, times=2)
        assert pane(s).mode == DETAIL


async def test_names_from_a_level_cannot_paint_or_click():
    from dataclasses import replace

    net = fake_net.net()
    evil = replace(net.nodes[0], name="[@click=x]\x1b]0;y\x07")
    async with network(nodes=(evil, *net.nodes[1:]), links=()) as s:
        assert "\x1b" not in s.text
        assert "[@click" in s.text

"""Make the pictures in this directory anew: the real game, played for a few seconds.

Needs rsvg-convert (Debian: librsvg2-bin) and the DejaVu fonts. ``python assets/screenshots.py``
"""

import asyncio
import html
import os
import re
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from textual.app import App
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

HERE = Path(__file__).parent
SIZE = (132, 40)


def picture(app: App[None], name: str) -> None:
    """What ``app`` shows, as a PNG."""
    svg = app.export_screenshot(title="MiniOS")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono")
    svg = svg.replace("font-size: 20px", "font-size: 20.265px")  # as wide as the cells are
    # rsvg drops blanks at the ends of a text, so each is moved to where its first letter is
    svg = re.sub(
        r'(<text[^>]* x=")([\d.]+)("[^>]* textLength=")([\d.]+)("[^>]*>)([^<]*)<', _trim, svg
    )
    with tempfile.NamedTemporaryFile("w", suffix=".svg", encoding="utf-8") as file:
        file.write(svg)
        file.flush()
        target = HERE / f"{name}.png"
        subprocess.run(["rsvg-convert", "-z", "0.8", "-o", target, file.name], check=True)
    print(target.name)


def _trim(match: re.Match[str]) -> str:
    head, x, middle, length, tail, body = match.groups()
    text = html.unescape(body)
    core = text.strip("\u00a0 ")
    cell = float(length) / max(len(text), 1)
    x = float(x) + (len(text) - len(text.lstrip("\u00a0 "))) * cell
    core = html.escape(core).replace(" ", "&#160;")
    return f"{head}{x:.1f}{middle}{len(html.unescape(core)) * cell:.1f}{tail}{core}<"


async def enter(pilot: Pilot[None], line: str) -> None:
    for char in line:
        pilot.app.post_message(Key(_character_to_key(char), char))
    await pilot.press("enter")
    await pilot.pause(0.6)


async def game() -> None:
    from minios.game import catalog
    from minios.game.loader import load
    from minios.runs.career import open_session
    from minios.tui.app import MiniOSApp

    level = next(card for card in catalog.cards() if card.id == "thrash")
    opener = partial(open_session, load(level.path), pace="live")
    app = MiniOSApp(session=opener(), number=level.number)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        await pilot.press("enter")
        await enter(pilot, "ps aux")
        await pilot.pause(1)
        await enter(pilot, "free")
        await pilot.pause(1.5)
        await enter(pilot, "why $(pidof wool)")
        await pilot.pause(2.5)
        await pilot.press("f7", "down", "down")
        await pilot.pause(0.3)
        picture(app, "game")


HOME = """\
format: 1
id: home
title: Home
author: MiniOS
chapter: network
difficulty: 1
pace: live
teaches: []
briefing: ""
hints: [Look at the rules of gw.]
seeds: {play: 1, check: [2]}
panes: {network: act}
world:
  player: {machine: pc, user: player}
  machines:
    pc:
      users: {player: {uid: 1000}}
      nics: {eth0: {address: 10.0.0.2/24, gateway: 10.0.0.1}}
    tv: {nics: {eth0: {address: 10.0.0.7/24, gateway: 10.0.0.1}}}
    gw:
      forwarding: true
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
        :FORWARD ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -p tcp --dport 22 -j DROP
        COMMIT
      nics:
        eth0: {address: 10.0.0.1/24}
        eth1: {address: 203.0.113.5/24, gateway: 203.0.113.1}
    isp:
      forwarding: true
      nics: {eth0: {address: 203.0.113.1/24}, eth1: {address: 198.51.100.1/24}}
    web: {nics: {eth0: {address: 198.51.100.80/24, gateway: 198.51.100.1}}}
  devices: {sw: {kind: switch, ports: 3}}
  links:
    lan: {between: [pc.eth0, sw.1]}
    sofa: {between: [tv.eth0, sw.2]}
    up: {between: [sw.3, gw.eth0]}
    wan: {between: [gw.eth1, isp.eth0], latency: 5ms}
    far: {between: [isp.eth1, web.eth0], latency: 5ms}
goals:
  seen: {text: See where the packet ends, file: {on: pc, path: /tmp/seen}}
solutions: {author: touch /tmp/seen}
"""


async def network() -> None:
    from minios.game.loader import loads
    from minios.runs.career import open_session
    from minios.tui.app import MiniOSApp

    opener = partial(open_session, loads(HOME.encode(), "home.yaml"))
    app = MiniOSApp(session=opener(), number=42)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        await pilot.press("f11")
        await pilot.press("f12")
        await enter(pilot, "ping -c3 -i 0.4 198.51.100.80")
        await pilot.pause(2)
        await enter(pilot, "why tcp 198.51.100.80:22")
        await pilot.pause(6)
        await enter(pilot, "ping -c5 -i 0.3 198.51.100.80")
        await pilot.pause(0.6)
        await pilot.press("f11")
        await pilot.pause(0.3)
        picture(app, "network")


async def menu() -> None:
    from minios.game import catalog
    from minios.runs.metrics import Metrics
    from minios.runs.records import Course, open_records
    from minios.tui.app import MiniOSApp

    records = open_records()
    records.launched()
    for card, seconds, keys, stars in zip(
        catalog.cards(), (4, 9, 6, 31), (38, 17, 13, 60), (3, 3, 2, 1), strict=False
    ):
        metrics = Metrics(seconds * 1_000_000_000 + 480_000_000, keys, 3, 0)
        course = Course(card.id, "", 1, "turn")
        records.attempt(card.id)
        records.win(course, metrics, (), seed=1, stars=stars, unaided=True)
    app = MiniOSApp(records=records)
    async with app.run_test(size=(SIZE[0], 32)) as pilot:
        await pilot.press("up", "up")
        await pilot.pause(0.2)
        picture(app, "menu")


def main() -> None:
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with tempfile.TemporaryDirectory() as data:
        os.environ["MINIOS_DATA_DIR"] = data
        asyncio.run(game())
        asyncio.run(menu())
        asyncio.run(network())


if __name__ == "__main__":
    main()

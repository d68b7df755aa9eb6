"""The network pane: the map with its packets, and a closer look at what is on it."""

from __future__ import annotations

import time

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.timer import Timer

from minios.game.net.view import (
    HOST,
    LensView,
    LinkView,
    NetDetailView,
    NetView,
    NodeView,
    PacketDropView,
)
from minios.tui.canvas import Row
from minios.tui.mapdrawing import Drawing, Shape, middle, subjects
from minios.tui.netmap import Cell, Plan, plan_map
from minios.tui.panes.base import Pane, Tags
from minios.tui.panes.lens import Lens
from minios.tui.panes.nettables import Tables, link_line, packet_rows
from minios.tui.parade import Parade
from minios.tui.text import clip, clock, count, plain
from minios.tui.theme import Palette

MAP, DETAIL, PACKETS, LENS = "map", "detail", "packets", "lens"

MOTION = 1 / 12
"""Seconds between two pictures while a packet moves."""
LISTED = 12
"""Packets listed below a map that leaves room for them."""
MARKED = 4.0
"""Seconds that a cross stays where a packet ended."""

_KINDS = {HOST: "host", "router": "router", "switch": "switch", "hub": "hub", "nat": "NAT box"}
_STEPS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
LEGEND = (
    "[host] (router) {switch} <hub> «NAT» ░off░ ┤ ├ pulled ✕ ended · "
    "A ARP I ICMP U UDP T TCP D DNS H DHCP R RIP S STP"
)


class NetworkPane(Pane):
    """Arrows choose a node or a cable, Enter opens it, p lists packets, u pulls or plugs a cable.

    Esc leads back to the terminal; Enter or Backspace from a closer look to the map.
    """

    NAME = "network"
    TITLE = "NETWORK"

    class Wanted(Message):
        """Something else is shown now, and wants to be told of."""

    class Cable(Message):
        """The player wants to pull a cable, or plug it in."""

        def __init__(self, link: LinkView) -> None:
            super().__init__()
            self.link = link

    net: NetView | None = None
    detail: NetDetailView | None = None
    lens: LensView | None = None
    mode = MAP
    chosen = ""
    """``node NAME`` or ``link NAME``."""
    packet = 0
    """The flight that is chosen in the list or under the lens; 0 is the newest."""
    may_act = False

    def __init__(self, tags: Tags) -> None:
        super().__init__(tags)
        self.parade = Parade()
        self.tables = Tables()
        self.looking = Lens()
        self._timer: Timer | None = None
        self._marks: dict[str, float] = {}
        self._dropped = 0
        self._plan: tuple[object, Plan] | None = None
        self._shape: Shape | None = None
        self._drawing: tuple[object, Drawing] | None = None
        self._corner: Cell = (0, 0)
        self._origin: Cell = (0, 0)
        self._over: dict[Cell, tuple[str, object, int]] = {}

    def on_mount(self) -> None:
        self._timer = self.set_interval(MOTION, self._motion, pause=True)
        super().on_mount()

    # -- what it is told -----------------------------------------------------------------------

    def tell(
        self, net: NetView | None, detail: NetDetailView | None, lens: LensView | None
    ) -> None:
        """What there is to draw now."""
        wall = time.monotonic()
        self.detail = detail
        if lens is not None or self.lens is None or self.lens.id != self.looked_at:
            self.lens = lens  # else it is looked at, though it is not remembered any more
        if net is not None and net is not self.net:
            if self.net is not None and (net.time < self.net.time or net.dropped < self._dropped):
                self.forget()
            speed = self.view.speed if self.view is not None else 1.0
            ends = {link.name: (link.a[0], link.b[0]) for link in net.links}
            self.parade.feed(net.flights, ends, wall, speed)
            new = min(net.dropped - self._dropped, len(net.drops))
            if self.net is not None:
                for drop in net.drops[len(net.drops) - new :]:
                    self._marks[drop.place] = wall + MARKED
            self._dropped = net.dropped
        self.net = net
        if not self.chosen and net is not None and net.player:
            self.chosen = f"node {net.player}"
        self._stir()
        self.redraw()

    def forget(self) -> None:
        """Another play begins."""
        self.parade.clear()
        self._marks.clear()
        self._dropped = 0
        self.packet = 0
        if self.mode in (LENS, PACKETS):
            self.mode = MAP

    def _stir(self) -> None:
        if self._timer is not None and (self.parade.moving or self._marks):
            self._timer.resume()

    def _motion(self) -> None:
        """The next picture, as long as something moves and can be seen."""
        wall = time.monotonic()
        self._marks = {place: until for place, until in self._marks.items() if until > wall}
        if self.display and self.mode == MAP:
            self.redraw()
        elif self.parade.moving and self.net is not None:
            self.parade.at(wall, self.net.time)
        if not (self.parade.moving or self._marks) and self._timer is not None:
            self._timer.pause()

    # -- what is chosen ------------------------------------------------------------------------

    @property
    def subject(self) -> str:
        """What the closer look wants to be told of: ``node NAME``, ``link NAME``, or nothing."""
        return self.chosen if self.mode == DETAIL else ""

    @property
    def looked_at(self) -> int:
        """The flight under the lens; 0 for none."""
        return self.packet if self.mode == LENS else 0

    def link(self) -> LinkView | None:
        """The chosen cable; of a chosen machine with but one cable, that."""
        if self.net is None:
            return None
        kind, _, name = self.chosen.partition(" ")
        if kind == "link":
            return next((link for link in self.net.links if link.name == name), None)
        mine = [link for link in self.net.links if name in (link.a[0], link.b[0])]
        return mine[0] if len(mine) == 1 else None

    def node(self) -> NodeView | None:
        """The chosen node."""
        kind, _, name = self.chosen.partition(" ")
        nodes = self.net.nodes if self.net is not None else ()
        return next((node for node in nodes if kind == "node" and node.name == name), None)

    # -- drawing -------------------------------------------------------------------------------

    def note(self) -> str:
        net = self.net
        if net is None:
            return ""
        if self.mode == LENS:
            return "↑↓ fields ◂▸ layers c code, Enter back" if self.has_focus else "packet"
        if self.mode == PACKETS:
            return "↑↓ Enter opens, p back" if self.has_focus else "packets"
        if self.mode == DETAIL:
            return "◂▸ tables ↑↓, Enter back" if self.has_focus else self.chosen
        if not self.has_focus:
            return f"{count(net.dropped, 'drop')}" if net.dropped else ""
        return "arrows Enter p packets" + (" u cable" if self.may_act else "")

    def rows(self, width: int, height: int) -> list[Row]:
        net, ink = self.net, self.ink
        if net is None:
            return [((" There is nothing to see of the network.", ink.dim),)]
        if self.mode == LENS:
            if self.lens is None:
                return [((" This packet is not remembered any more.", ink.dim),)]
            return self.looking.rows(self.lens, ink, width, height)
        if self.mode == PACKETS:
            return packet_rows(net, self.packet, ink, width, height, focused=self.has_focus)
        if self.mode == DETAIL:
            if self.detail is None:
                return [((" You cannot look into this from here.", ink.dim),)]
            return self.tables.rows(self.detail, ink, width, height)
        return self._map(net, width, height)

    def _map(self, net: NetView, width: int, height: int) -> list[Row]:
        ink = self.ink
        tail = self._tail(net, width, height)
        room = (width - 2, height - len(tail))
        plan = self._planned(net, room)
        spare = room[1] - plan.height - 3
        if spare >= 5 and net.flights:
            listed = packet_rows(
                net, 0, ink, width, min(spare, LISTED), focused=False, marked=False
            )
            room = (width - 2, room[1] - len(listed) - 1)
            tail = [((" the last packets, p to look into them", ink.faint),), *listed, *tail]
        drawing = self._drawn(net)
        shown = self.parade.at(time.monotonic(), net.time)
        over = drawing.flying(shown)
        self._over = dict(over)
        left, top = self._scroll(plan, room)
        self._origin = (left - 1, top)
        rows = drawing.rows(over, (left, top, *room), 1)
        return [*rows, *tail]

    def _planned(self, net: NetView, room: tuple[int, int]) -> Plan:
        nodes, links = subjects(net)
        key = (nodes, links, net.player, room)
        if self._plan is None or self._plan[0] != key:
            self._plan = (key, plan_map(nodes, links, net.player, room))
            self._shape = Shape(self._plan[1], net)
            self._drawing = None
        return self._plan[1]

    def _drawn(self, net: NetView) -> Drawing:
        assert self._shape is not None
        ended = set(self._marks)
        looks = [(link.up, link.wires[0].waiting, link.wires[1].waiting) for link in net.links]
        faces = [(node.up, node.kind, node.caption) for node in net.nodes]
        key = (looks, faces, self.chosen, ended, self.has_focus)
        if self._drawing is None or self._drawing[0] != key:
            self._drawing = (
                key,
                Drawing(self._shape, net, self.ink, self.chosen, ended, focused=self.has_focus),
            )
        return self._drawing[1]

    def _scroll(self, plan: Plan, room: tuple[int, int]) -> Cell:
        """The corner of the part of the map that is shown: what is chosen is in it."""
        x, y = self._corner
        at = self._where(self.chosen, plan)
        if at is not None:
            margin = min(12, room[0] // 3)
            x = min(max(x, at[0] + margin - room[0] + 1), max(at[0] - margin, 0))
            y = min(max(y, at[1] - room[1] + 2), max(at[1] - 1, 0))
        x = max(min(x, plan.width - room[0]), 0)
        y = max(min(y, plan.height - room[1]), 0)
        self._corner = (x, y)
        left = x - max(room[0] - plan.width, 0) // 2 if plan.width < room[0] else x
        top = y - max(room[1] - plan.height, 0) // 2 if plan.height < room[1] else y
        return left, top

    def _where(self, chosen: str, plan: Plan) -> Cell | None:
        kind, _, name = chosen.partition(" ")
        if kind == "node" and name in plan.spots:
            return middle(plan.spots[name])
        own = plan.own.get(name, ()) if kind == "link" else ()
        return own[len(own) // 2] if own else None

    def _tail(self, net: NetView, width: int, height: int) -> list[Row]:
        """Below the map: what is chosen, and the last drops; with much room, the signs."""
        ink = self.ink
        if height < 4:
            return []
        rows: list[Row] = []
        most = 1 if height < 8 else 3 if height < 20 else 5
        drops = net.drops[len(net.drops) - most :]
        if height < 8 and self.has_focus and self.chosen:
            drops = ()
        rows += [_drop_row(drop, ink, width) for drop in drops]
        if height >= 8 or not drops:
            rows.append(self._about(net, width))
        if height >= 16:
            rows.append(((f" {clip(LEGEND, width - 1)}", ink.faint),))
        return rows

    def _about(self, net: NetView, width: int) -> Row:
        """What is chosen, in a line."""
        ink = self.ink
        node = self.node()
        link = self.link() if self.chosen.startswith("link ") else None
        if link is not None:
            text = link_line(link)
        elif node is not None:
            text = f"{node.name}: {_KINDS.get(node.kind, node.kind)}"
            text += f", {node.caption}" if node.caption else ""
            text += "" if node.up else ", switched off"
            text += f", ✕ {count(node.drops, 'drop')}" if node.drops else ""
        else:
            text = f"{count(len(net.nodes), 'node')}, {count(len(net.links), 'cable')}"
        if self._plan is not None and self._plan[1].undrawn:
            text += f" ({len(self._plan[1].undrawn)} cables not drawn)"
        return ((f" {clip(plain(text), width - 1)}", ink.dim),)

    # -- keys and mouse ------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        keys = {MAP: self._map_key, DETAIL: self._detail_key, PACKETS: self._packets_key,
                LENS: self._lens_key}  # fmt: skip
        if keys[self.mode](event.key):
            event.stop()
            self.redraw()

    def _map_key(self, key: str) -> bool:
        if key in _STEPS:
            self._go(_STEPS[key])
        elif key in ("enter", "i"):
            self._open(DETAIL)
        elif key == "p":
            self._open(PACKETS)
        elif key == "u":
            self._pull()
        else:
            return False
        return True

    def _detail_key(self, key: str) -> bool:
        page = max(self.size.height - 3, 1)
        scroll = {"up": -1, "down": 1, "pageup": -page, "pagedown": page}
        if key in ("left", "right") and self.detail is not None:
            self.tables.turn(self.detail, 1 if key == "right" else -1)
        elif key in scroll:
            self.tables.scroll(scroll[key])
        elif key in ("enter", "i", "backspace"):
            self._open(MAP)
        elif key == "p":
            self._open(PACKETS)
        elif key == "u":
            self._pull()
        else:
            return False
        return True

    def _packets_key(self, key: str) -> bool:
        flights = self.net.flights if self.net is not None else ()
        ids = [flight.id for flight in flights]
        page = max(self.size.height - 1, 1)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page}
        if key in steps and ids:
            at = ids.index(self.packet) if self.packet in ids else len(ids) - 1
            self.packet = ids[min(max(at + steps[key], 0), len(ids) - 1)]
        elif key in ("enter", "i") and ids:
            self.packet = self.packet if self.packet in ids else ids[-1]
            self._open(LENS)
        elif key in ("p", "backspace"):
            self._open(MAP)
        else:
            return False
        return True

    def _lens_key(self, key: str) -> bool:
        page = max(self.size.height // 2, 1)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page}
        if key in ("enter", "i", "backspace", "p"):
            self._open(PACKETS)
        elif self.lens is None:
            return False
        elif key in steps:
            self.looking.move(self.lens, steps[key])
        elif key in ("left", "right"):
            self.looking.turn(self.lens, 1 if key == "right" else -1)
        elif key == "c":
            self.looking.next_code()
        else:
            return False
        return True

    def _open(self, mode: str) -> None:
        self.mode = mode
        self.tables.top = 0
        self.post_message(self.Wanted())

    def _pull(self) -> None:
        link = self.link()
        if link is not None:
            self.post_message(self.Cable(link))

    def _go(self, step: Cell) -> None:
        """To the nearest node or cable in a direction."""
        if self.net is None or self._plan is None:
            return
        plan = self._plan[1]
        here = self._where(self.chosen, plan)
        names = [f"node {node.name}" for node in self.net.nodes]
        names += [f"link {link.name}" for link in self.net.links]
        best: tuple[int, str] | None = None
        for name in names:
            at = self._where(name, plan)
            if at is None or name == self.chosen:
                continue
            if here is None:
                best = (0, name)
                break
            dx, dy = at[0] - here[0], (at[1] - here[1]) * 2
            along = dx * step[0] + dy * step[1]
            aside = abs(dx * step[1]) + abs(dy * step[0])
            if along > 0 and aside <= 3 * along:
                cost = along + 3 * aside
                if best is None or cost < best[0]:
                    best = (cost, name)
        if best is not None:
            self.chosen = best[1]

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if self.mode == MAP:
            cell = (event.x + self._origin[0], event.y + self._origin[1])
            flying = self._over.get(cell)
            found = self._shape.at.get(cell) if self._shape is not None else None
            if flying is not None:
                self.packet = flying[2]
                self._open(LENS)
            elif found is not None and found == self.chosen and event.chain > 1:
                self._open(DETAIL)
            elif found is not None:
                self.chosen = found
        elif self.mode == DETAIL and self.detail is not None:
            self.tables.turn(self.detail, 1)
        self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._wheel("up")

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel("down")

    def _wheel(self, key: str) -> None:
        if self.mode == MAP:
            self._go(_STEPS[key])
        elif self.mode == DETAIL:
            self._detail_key(key)
        elif self.mode == PACKETS:
            self._packets_key(key)
        else:
            self._lens_key(key)
        self.redraw()


def _drop_row(drop: PacketDropView, ink: Palette, width: int) -> Row:
    head = f" ✕ {clock(drop.time)} "
    place = f"{plain(drop.place)}: "
    rest = width - len(head) - len(place)
    words = f"{drop.reason} {plain(drop.text)}"
    if drop.facts and cell_len(words) > rest:
        words = f"{drop.reason} {plain(drop.facts)}"
    more = rest - len(words) - 3
    row: Row = ((head, ink.bad), (place, ink.bold), (clip(words, rest), ink.text))
    if more > 12 and drop.summary:
        row += ((f" · {clip(plain(drop.summary), more)}", ink.faint),)
    return row

"""The network map as styled cells: boxes, cables, packets, queues, and where packets ended.

Everything is told by characters as well as by colour. ``[host]``, ``(router)``, ``{switch}``,
``<hub>``, ``«NAT»``; ``░off░``. A cable that is pulled has a hole (``┤ ├``), a bar at one of its
ends is what waits for it, ``✕`` is where a packet ended; a packet is its protocol's letter with an
arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from rich.style import Style

from minios.game.net.view import HOST, HUB, NAT, ROUTER, SWITCH, LinkView, NetView, NodeView
from minios.tui.canvas import Row
from minios.tui.netmap import Cell, Link, Node, Plan, Spot
from minios.tui.parade import Shown
from minios.tui.text import clip, plain
from minios.tui.theme import Palette

LONGEST = 14
"""Cells of a name in its box."""

_BRACKETS = {
    HOST: ("[", "]"), ROUTER: ("(", ")"), SWITCH: ("{", "}"), HUB: ("<", ">"), NAT: ("«", "»"),
}  # fmt: skip

N, E, S, W = 1, 2, 4, 8
_THIN = {
    N: "│", S: "│", E: "─", W: "─", E | W: "─", N | S: "│", E | S: "┌", S | W: "┐", N | E: "└",
    N | W: "┘", N | E | S: "├", N | S | W: "┤", E | S | W: "┬", N | E | W: "┴", 15: "┼",
}  # fmt: skip
_THICK = {
    N: "┃", S: "┃", E: "━", W: "━", E | W: "━", N | S: "┃", E | S: "┏", S | W: "┓", N | E: "┗",
    N | W: "┛", N | E | S: "┣", N | S | W: "┫", E | S | W: "┳", N | E | W: "┻", 15: "╋",
}  # fmt: skip
_TO = {(1, 0): E, (-1, 0): W, (0, 1): S, (0, -1): N}
_ARROWS = {(1, 0): "▸", (-1, 0): "◂", (0, 1): "▾", (0, -1): "▴"}
_BARS = "▁▂▃▄▅▆▇█"

Glyph = tuple[str, Style]


def box(node: NodeView, *, ended: bool = False) -> str:
    """The node as it stands on the map."""
    left, right = _BRACKETS.get(node.kind, _BRACKETS[HOST]) if node.up else ("░", "░")
    return f"{left}{clip(plain(node.name), LONGEST)}{'✕' if ended else right}"


def subjects(view: NetView) -> tuple[list[Node], list[Link]]:
    """What the map is planned of."""
    nodes = [Node(node.name, len(box(node)), len(node.caption), node.at) for node in view.nodes]
    links = [Link(link.name, link.a[0], link.b[0]) for link in view.links]
    return nodes, links


class Shape:
    """What of a map stays: which way its cables go in each cell, and whose each cell is."""

    def __init__(self, plan: Plan, view: NetView) -> None:
        self.plan = plan
        self.bits: dict[Cell, int] = {}
        self.at: dict[Cell, str] = {}
        """``node NAME`` or ``link NAME``."""
        for link in view.links:
            for cell, bits in self._bits(link).items():
                self.bits[cell] = self.bits.get(cell, 0) | bits
                self.at.setdefault(cell, f"link {link.name}")
        for link in view.links:
            for cell in plan.own.get(link.name, ()):
                self.at[cell] = f"link {link.name}"
        for node in view.nodes:
            spot = plan.spots[node.name]
            for i in range(spot.width):
                self.at[spot.x + i, spot.y] = f"node {node.name}"
            for i in range(len(node.caption) if plan.captions else 0):
                self.at[spot.x + i, spot.y + 1] = f"node {node.name}"

    def _bits(self, link: LinkView) -> dict[Cell, int]:
        """The directions a cable leaves each of its cells in; its ends lead into the boxes."""
        path = self.plan.paths.get(link.name, ())
        found: dict[Cell, int] = dict.fromkeys(path, 0)
        for (x, y), (u, v) in pairwise(path):
            found[x, y] |= _TO[u - x, v - y]
            found[u, v] |= _TO[x - u, y - v]
        if path:
            found[path[0]] |= _into(path[0], self.plan.spots[link.a[0]])
            found[path[-1]] |= _into(path[-1], self.plan.spots[link.b[0]])
        return found


class Drawing:
    """The cells of a map as they are now; what moves is laid over them."""

    def __init__(
        self,
        shape: Shape,
        view: NetView,
        ink: Palette,
        chosen: str,
        ended: set[str],
        *,
        focused: bool = True,
    ) -> None:
        """``chosen`` is ``node NAME`` or ``link NAME``; ``ended`` names where packets ended."""
        self._chosen_style = ink.chosen if focused else ink.chosen_idle
        self.shape = shape
        self.plan = shape.plan
        self.ink = ink
        self.base: dict[Cell, Glyph] = {
            cell: (_THIN.get(bits, "─"), ink.dim) for cell, bits in shape.bits.items()
        }
        for link in view.links:
            if not link.up:
                self._again(self.plan.own.get(link.name, ()), _THIN, ink.faint)
            if chosen == f"link {link.name}":
                path = self.plan.paths.get(link.name, ())
                self._again(path, _THICK, ink.accent + ink.bold)
        for link in view.links:
            self._marks(link, ended)
        for node in view.nodes:
            self._node(node, chosen == f"node {node.name}", node.name == view.player, ended)

    def _again(self, cells: Iterable[Cell], table: Mapping[int, str], style: Style) -> None:
        """Draw cells of cables in another way."""
        for cell in cells:
            self.base[cell] = (table.get(self.shape.bits[cell], "─"), style)

    def _marks(self, link: LinkView, ended: set[str]) -> None:
        own = self.plan.own.get(link.name, ())
        if not own:
            return
        ink = self.ink
        half = len(own) // 2
        if not link.up:
            for at, pair in ((half - 1, "┤┴"), (half, "  "), (half + 1, "├┬")):
                if 0 <= at < len(own):
                    upright = own[at][1] != own[half][1]
                    self.base[own[at]] = (self._facing(pair, own, at, half)[upright], ink.warn)
        elif link.name in ended:
            self.base[own[half]] = ("✕", ink.bad)
        for wire, at in ((link.wires[0], 0), (link.wires[1], -1)):
            if wire.waiting > 0 and wire.queue and len(own) > 2:
                fill = min(wire.waiting * len(_BARS) // wire.queue, len(_BARS) - 1)
                self.base[own[at]] = (_BARS[fill], ink.warn)

    @staticmethod
    def _facing(pair: str, own: tuple[Cell, ...], at: int, half: int) -> str:
        """The end of a pulled cable, which looks the other way where the cable runs backwards."""
        backwards = own[at] < own[half] if at > half else own[at] > own[half]
        return {"┤┴": "├┬", "├┬": "┤┴"}.get(pair, pair) if backwards else pair

    def _node(self, node: NodeView, chosen: bool, mine: bool, ended: set[str]) -> None:
        ink = self.ink
        spot = self.plan.spots[node.name]
        dropped = node.name in ended
        style = ink.text if node.up else ink.faint
        if mine:
            style = ink.bold
        if chosen:
            style = self._chosen_style
        for i, char in enumerate(box(node, ended=dropped)):
            cell = (spot.x + i, spot.y)
            bad = dropped and i == spot.width - 1 and not chosen
            self.base[cell] = (char, ink.bad if bad else style)
        if self.plan.captions:
            for i, char in enumerate(node.caption):
                cell = (spot.x + i, spot.y + 1)
                self.base[cell] = (char, ink.faint if not chosen else ink.dim)

    # -- what moves ----------------------------------------------------------------------------

    def flying(self, shown: Iterable[Shown]) -> dict[Cell, tuple[str, Style, int]]:
        """Packets as characters over the cables, with the number of the flight."""
        ink = self.ink
        found: dict[Cell, tuple[str, Style, int]] = {}
        count: dict[Cell, int] = {}
        for flight, progress in shown:
            path = self.plan.paths.get(flight.link, ())
            if not path:
                continue
            if flight.side:
                path = path[::-1]
            at = min(progress * len(path) // 1000, len(path) - 1)
            cell = path[at]
            number = count[cell] = count.get(cell, 0) + 1
            letter = flight.letter if number == 1 else str(number) if number < 10 else "+"
            style = ink.bad if flight.lost else letter_style(flight.letter, ink)
            found[cell] = (letter, style, flight.id)
            if at + 1 < len(path):
                ahead = path[at + 1]
                arrow = _ARROWS.get((ahead[0] - cell[0], ahead[1] - cell[1]), "")
                if arrow and ahead not in count:
                    found[ahead] = (arrow, style, flight.id)
        return found

    def rows(
        self,
        over: Mapping[Cell, tuple[str, Style, int]],
        window: tuple[int, int, int, int],
        indent: int = 0,
    ) -> list[Row]:
        """The cells of a window (x, y, width, height) as rows."""
        left, top, width, height = window
        blank = self.ink.text
        rows: list[Row] = []
        for y in range(top, top + height):
            spans: list[tuple[str, Style]] = [(" " * indent, blank)] if indent else []
            text, style = "", blank
            for x in range(left, left + width):
                flying = over.get((x, y))
                char, mine = flying[:2] if flying else self.base.get((x, y), (" ", blank))
                if mine is not style and text:
                    spans.append((text, style))
                    text = ""
                style = mine
                text += char
            spans.append((text.rstrip() if style is blank else text, style))
            rows.append(tuple(span for span in spans if span[0]))
        return rows


def letter_style(letter: str, ink: Palette) -> Style:
    """The colour of a protocol, beside its letter."""
    return ink.blocks["AIUTDNS".find(letter) % len(ink.blocks)]


def _into(cell: Cell, spot: Spot) -> int:
    """The direction in which a box lies beside a cell."""
    x, y = cell
    if y == spot.y:
        return E if x < spot.x else W
    return S if y < spot.y else N


def middle(spot: Spot) -> Cell:
    """The cell in the middle of a box."""
    return (spot.x + spot.width // 2, spot.y)

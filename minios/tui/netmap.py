"""Where the machines of a network go on a map of character cells, and how its cables run.

A pure function of names, widths and links. A tree is laid out from left to right, each node in the
row of its deepest branch and the others below it, so that no two cables cross. Cables that close a
ring are led around what is there, with as few bends and crossings as can be had. Where the level
gives positions, these are the columns and rows, and all cables are led that way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minios.tui.netways import blocked_cells, lead

GAP, WIDEST = 5, 13
"""Cells between two nodes: at least, and where there is room for more."""


class Node(NamedTuple):
    """What is drawn of a node: cells of its box and of the caption below it (0: none).

    ``at`` is the position the level gives it, as column and row, or None.
    """

    name: str
    width: int
    caption: int = 0
    at: tuple[int, int] | None = None


class Link(NamedTuple):
    """A cable between two nodes."""

    name: str
    a: str
    b: str


class Spot(NamedTuple):
    """Where a box is: its leftmost cell, its row, its cells."""

    x: int
    y: int
    width: int


Cell = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """``spots`` by node; ``paths`` by link: the cells from the box of ``a`` to that of ``b``.

    ``own`` are those cells of a path that it shares with no other link of its tree: where several
    branch off one line, marks belong there. ``captions`` is whether there is room for a line below
    each box. ``undrawn`` are links for which there was no way.
    """

    width: int
    height: int
    spots: Mapping[str, Spot]
    paths: Mapping[str, tuple[Cell, ...]]
    own: Mapping[str, tuple[Cell, ...]]
    captions: bool = False
    undrawn: tuple[str, ...] = ()


def plan_map(
    nodes: Sequence[Node], links: Sequence[Link], root: str, room: tuple[int, int]
) -> Plan:
    """The map for a place of ``room`` columns and rows, which it may exceed.

    ``root`` is the node at the left, usually the player's; if that makes the map too wide, it is
    the one in the middle of everything.
    """
    if not nodes:
        return Plan(0, 0, {}, {}, {})
    names = {node.name for node in nodes}
    links = [link for link in links if {link.a, link.b} <= names and link.a != link.b]
    if any(node.at is not None for node in nodes):
        return _given(nodes, links, room)
    root = root if root in names else nodes[0].name
    forest = _Forest(nodes, links, root)
    if forest.least() > room[0]:
        other = _Forest(nodes, links, forest.middle())
        if other.least() < forest.least():
            forest = other
    return forest.plan(room)


# -- trees -----------------------------------------------------------------------------------------


class _Forest:
    """The spanning trees of a network, breadth first from ``root``, then from whoever is left."""

    def __init__(self, nodes: Sequence[Node], links: Sequence[Link], root: str) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.links = links
        beside: dict[str, list[tuple[str, Link]]] = {node.name: [] for node in nodes}
        for link in links:
            beside[link.a].append((link.b, link))
            beside[link.b].append((link.a, link))
        self.parent: dict[str, tuple[str, Link]] = {}
        self.children: dict[str, list[str]] = {node.name: [] for node in nodes}
        self.roots: list[str] = []
        self.order: list[str] = []
        seen: set[str] = set()
        for start in (root, *self.nodes):
            if start in seen:
                continue
            self.roots.append(start)
            seen.add(start)
            queue = [start]
            for name in queue:
                for other, link in beside[name]:
                    if other not in seen:
                        seen.add(other)
                        self.parent[other] = (name, link)
                        self.children[name].append(other)
                        queue.append(other)
            self.order += queue
        used = {link.name for _, link in self.parent.values()}
        self.extra = [link for link in links if link.name not in used]
        self.depth: dict[str, int] = {}
        for name in reversed(self.order):
            below = [self.depth[child] + 1 for child in self.children[name]]
            self.depth[name] = max(below, default=0)
        for children in self.children.values():
            children.sort(key=lambda child: -self.depth[child])  # stable: else as the level has it

    def _space(self, name: str, captions: bool) -> int:
        node = self.nodes[name]
        return max(node.width, node.caption) if captions else node.width

    def _longest(self, captions: bool) -> tuple[int, int]:
        """Columns of boxes, and gaps, on the way that needs most room at the least gap."""
        found: dict[str, tuple[int, int]] = {}
        for name in self.order:
            cells, gaps = 0, 0
            if name in self.parent:
                cells, gaps = found[self.parent[name][0]]
                gaps += 1
            found[name] = (cells + self._space(name, captions), gaps)
        return max(found.values(), key=lambda pair: pair[0] + GAP * pair[1])

    def least(self) -> int:
        """Columns that the map needs at least."""
        cells, gaps = self._longest(False)
        return cells + GAP * gaps

    def middle(self) -> str:
        """The node from which the farthest other one of its tree is nearest."""
        tree = [name for name in self.order if self._root_of(name) == self.roots[0]]
        far = self._farthest(self._farthest(self.roots[0])[-1])
        return far[len(far) // 2] if len(tree) > 1 else self.roots[0]

    def _root_of(self, name: str) -> str:
        while name in self.parent:
            name = self.parent[name][0]
        return name

    def _farthest(self, start: str) -> list[str]:
        """The way along the tree to the node that is the most boxes away."""
        before: dict[str, str] = {start: ""}
        queue = [start]
        for name in queue:
            around = list(self.children[name])
            if name in self.parent:
                around.append(self.parent[name][0])
            for other in around:
                if other not in before:
                    before[other] = name
                    queue.append(other)
        way = [queue[-1]]
        while before[way[-1]]:
            way.append(before[way[-1]])
        return way[::-1]

    def _rows(self) -> dict[str, int]:
        """Each node shares the row of its first child; the next children come below."""
        rows: dict[str, int] = {}
        free = 0
        for root in self.roots:
            todo = [root]
            while todo:
                name = todo.pop()
                above = self.parent.get(name)
                first = above is not None and self.children[above[0]][0] == name
                if first and above is not None:
                    rows[name] = rows[above[0]]
                else:
                    rows[name] = free
                    free += 1
                todo.extend(reversed(self.children[name]))
        return rows

    def plan(self, room: tuple[int, int]) -> Plan:
        rows = self._rows()
        count = max(rows.values()) + 1
        ring = bool(self.extra)
        cells, gaps = self._longest(True)
        has = any(node.caption for node in self.nodes.values())
        captions = has and count * 2 <= room[1] and cells + GAP * gaps <= room[0]
        pitch = 2 if captions or ring or count * 2 - 1 <= room[1] else 1
        if count * 3 <= room[1] and (captions or not has):
            pitch = 3
        cells, gaps = self._longest(captions)
        spare = room[0] - cells - (4 if ring else 0)
        gap = min(max(spare // gaps, GAP), WIDEST) if gaps else GAP
        spots: dict[str, Spot] = {}
        ends: dict[str, int] = {}
        for name in self.order:
            x = ends[self.parent[name][0]] + gap if name in self.parent else 0
            spots[name] = Spot(x, rows[name] * pitch, self.nodes[name].width)
            ends[name] = x + self._space(name, captions)
        paths: dict[str, tuple[Cell, ...]] = {}
        own: dict[str, tuple[Cell, ...]] = {}
        for name, (above, link) in self.parent.items():
            cells_ = _branch(spots[above], ends[above] + 1, spots[name])
            mine = tuple(c for c in cells_ if c[1] == spots[name].y and c[0] > ends[above] + 1)
            if link.a == name:
                cells_, mine = cells_[::-1], mine[::-1]
            paths[link.name] = cells_
            own[link.name] = mine
        shown = self.nodes if captions else {}
        undrawn = lead(self.extra, spots, blocked_cells(spots, shown), paths, own)
        return _settled(spots, paths, own, undrawn, shown)


def _branch(above: Spot, channel: int, below: Spot) -> tuple[Cell, ...]:
    """From the right end of a box along its row, down a channel, along the row of its child."""
    start, end = above.x + above.width, below.x
    if above.y == below.y:
        return tuple((x, above.y) for x in range(start, end))
    cells = [(x, above.y) for x in range(start, channel + 1)]
    cells += [(channel, y) for y in range(above.y + 1, below.y + 1)]
    cells += [(x, below.y) for x in range(channel + 1, end)]
    return tuple(cells)


# -- given positions -------------------------------------------------------------------------------


def _given(nodes: Sequence[Node], links: Sequence[Link], room: tuple[int, int]) -> Plan:
    """Columns and rows as the level says; who has none comes below, and so does who is too many."""
    at: dict[str, Cell] = {}
    taken: set[Cell] = set()
    below = max((node.at[1] for node in nodes if node.at is not None), default=0) + 1
    left = min((node.at[0] for node in nodes if node.at is not None), default=0)
    late = 0
    for node in sorted(nodes, key=lambda node: node.at is None):  # stable
        place = node.at
        if place is None or place in taken:
            place = (left + late % 6, below + late // 6)
            while place in taken:
                late += 1
                place = (left + late % 6, below + late // 6)
            late += 1
        at[node.name] = place
        taken.add(place)
    columns = sorted({x for x, _ in at.values()})
    lines = sorted({y for _, y in at.values()})
    captions = any(node.caption for node in nodes) and len(lines) * 3 <= room[1]
    widths = {
        column: max(
            max(node.width, node.caption if captions else 0)
            for node in nodes
            if at[node.name][0] == column
        )
        for column in columns
    }
    gaps = max(len(columns) - 1, 1)
    gap = min(max((room[0] - 4 - sum(widths.values())) // gaps, GAP), WIDEST)
    pitch = min(max((room[1] - 2) // max(len(lines), 1), 2), 4 if captions else 3)
    lefts: dict[int, int] = {}
    x = 0
    for column in columns:
        lefts[column] = x
        x += widths[column] + gap
    spots = {
        node.name: Spot(lefts[at[node.name][0]], lines.index(at[node.name][1]) * pitch, node.width)
        for node in nodes
    }
    shown = {node.name: node for node in nodes} if captions else {}
    paths: dict[str, tuple[Cell, ...]] = {}
    own: dict[str, tuple[Cell, ...]] = {}
    undrawn = lead(links, spots, blocked_cells(spots, shown), paths, own)
    return _settled(spots, paths, own, undrawn, shown)


def _settled(
    spots: Mapping[str, Spot],
    paths: Mapping[str, tuple[Cell, ...]],
    own: Mapping[str, tuple[Cell, ...]],
    undrawn: tuple[str, ...],
    captions: Mapping[str, Node],
) -> Plan:
    """The plan moved so that its leftmost and topmost cells are 0."""
    xs = [spot.x for spot in spots.values()] + [x for path in paths.values() for x, _ in path]
    ys = [spot.y for spot in spots.values()] + [y for path in paths.values() for _, y in path]
    left, top = min(xs), min(ys)
    ends = [spot.x + spot.width for spot in spots.values()]
    ends += [spots[name].x + node.caption for name, node in captions.items()]
    right = max(ends + [x + 1 for x in xs])

    def moved(path: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple((x - left, y - top) for x, y in path)

    return Plan(
        right - left,
        max(ys) - top + 1 + bool(captions),
        {name: Spot(s.x - left, s.y - top, s.width) for name, s in spots.items()},
        {name: moved(path) for name, path in paths.items()},
        {name: moved(path) for name, path in own.items()},
        bool(captions),
        undrawn,
    )

"""Where the machines of a network go on a map of character cells, and how its cables run.

A pure function of names, widths and links. A tree is laid out from left to right, each node in the
row of its deepest branch and the others below it, so that no two cables cross. Cables that close a
ring are led around what is there, with as few bends and crossings as can be had. Where the level
gives positions, these are the columns and rows, and all cables are led that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

GAP, WIDEST = 5, 13
"""Cells between two nodes: at least, and where there is room for more."""

ROUTED = 48
"""Cables that are led around others; more of them than that are not drawn."""

_BEND, _CROSS, _SHARE = 3, 8, 40
"""What a bend, a crossing and a cell along another cable cost a way, beside 1 a cell."""


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
        undrawn = _lead(self.extra, spots, _blocked(spots, shown), paths, own)
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
    undrawn = _lead(links, spots, _blocked(spots, shown), paths, own)
    return _settled(spots, paths, own, undrawn, shown)


# -- ways around -----------------------------------------------------------------------------------

_STEPS: tuple[Cell, ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))

_THERE = 4
"""In place of a direction: the box is reached."""


def _blocked(spots: Mapping[str, Spot], captions: Mapping[str, Node]) -> set[Cell]:
    """Cells of boxes and captions."""
    cells = {(spot.x + i, spot.y) for spot in spots.values() for i in range(spot.width)}
    for name, node in captions.items():
        spot = spots[name]
        cells |= {(spot.x + i, spot.y + 1) for i in range(node.caption)}
    return cells


def _lead(
    links: Iterable[Link],
    spots: Mapping[str, Spot],
    blocked: set[Cell],
    paths: dict[str, tuple[Cell, ...]],
    own: dict[str, tuple[Cell, ...]],
) -> tuple[str, ...]:
    """Find ways for links, short ones first; the names of those for which there is none."""

    def length(link: Link) -> int:
        a, b = spots[link.a], spots[link.b]
        return abs(a.x - b.x) + 2 * abs(a.y - b.y)

    undrawn = []
    used: dict[Cell, int] = {}
    for path in paths.values():
        _use(used, path)
    for number, link in enumerate(sorted(links, key=length)):
        way = _way(spots[link.a], spots[link.b], blocked, used) if number < ROUTED else ()
        if not way:
            undrawn.append(link.name)
            continue
        paths[link.name] = own[link.name] = way
        _use(used, way)
    return tuple(undrawn)


def _use(used: dict[Cell, int], path: Sequence[Cell]) -> None:
    """Note which cells a cable takes, and in which directions: 1 across, 2 up and down, 3 both."""
    for at, cell in enumerate(path):
        bits = 0
        for other in path[max(at - 1, 0) : at + 2]:
            bits |= 1 if other[1] == cell[1] and other != cell else 0
            bits |= 2 if other[0] == cell[0] and other != cell else 0
        used[cell] = used.get(cell, 0) | (bits or 3)


def _ports(spot: Spot) -> list[tuple[Cell, int, int]]:
    """Cells from which a cable may leave a box, the direction it leaves in, and what that costs:
    the nearer to the middle of a side the better."""
    middle = spot.x + spot.width // 2
    ports = [((spot.x + spot.width, spot.y), 0, 0), ((spot.x - 1, spot.y), 2, 0)]
    for x in range(spot.x, spot.x + spot.width):
        ports.append(((x, spot.y + 1), 1, abs(x - middle)))
        ports.append(((x, spot.y - 1), 3, abs(x - middle)))
    return ports


def _way(a: Spot, b: Spot, blocked: set[Cell], used: Mapping[Cell, int]) -> tuple[Cell, ...]:
    """The cheapest way from one box to another (A*), empty if there is none."""
    everything = [*blocked, *used]
    low = (min(x for x, _ in everything) - 3, min(y for _, y in everything) - 2)
    high = (max(x for x, _ in everything) + 3, max(y for _, y in everything) + 2)
    goals = {(cell, (way + 2) % 4): fee for cell, way, fee in _ports(b) if cell not in blocked}

    def ahead(cell: Cell) -> int:
        """At least so many cells are left."""
        across = max(b.x - 1 - cell[0], cell[0] - b.x - b.width, 0)
        return across + max(abs(cell[1] - b.y) - 1, 0)

    costs: dict[tuple[Cell, int], int] = {}
    before: dict[tuple[Cell, int], tuple[Cell, int]] = {}
    heap: list[tuple[int, int, Cell, int]] = []
    ends: dict[Cell, int] = {}
    for cell, way, fee in _ports(a):
        if cell not in blocked:
            cost = 1 + fee + _toll(used.get(cell, 0), way)
            if cost < costs.get((cell, way), 1 << 30):
                costs[cell, way] = cost
                heappush(heap, (cost + ahead(cell), cost, cell, way))
    while heap:
        _, cost, cell, way = heappop(heap)
        if way == _THERE:
            way = ends[cell]
            found = [cell]
            at = (cell, way)
            while at in before:
                at = before[at]
                found.append(at[0])
            return tuple(found[::-1])
        if cost > costs[cell, way]:
            continue
        if (cell, way) in goals and costs.get((cell, _THERE), 1 << 30) > cost + goals[cell, way]:
            cost_there = costs[cell, _THERE] = cost + goals[cell, way]
            ends[cell] = way
            heappush(heap, (cost_there, cost_there, cell, _THERE))
        for turn, (dx, dy) in enumerate(_STEPS):
            if turn == (way + 2) % 4:
                continue
            to = (cell[0] + dx, cell[1] + dy)
            if to in blocked or not (low[0] <= to[0] <= high[0] and low[1] <= to[1] <= high[1]):
                continue
            toll = _BEND if turn != way else 0
            if turn != way and used.get(cell):
                toll += _SHARE  # a bend on another cable looks like a joint
            price = cost + 1 + toll + _toll(used.get(to, 0), turn)
            if price < costs.get((to, turn), 1 << 30):
                costs[to, turn] = price
                before[to, turn] = (cell, way)
                heappush(heap, (price + ahead(to), price, to, turn))
    return ()


def _toll(there: int, way: int) -> int:
    """What it costs to enter a cell that other cables use."""
    if not there:
        return 0
    mine = 1 if way in (0, 2) else 2
    return _SHARE if there & mine else _CROSS


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

"""Ways for cables around what is on a map: short, with few bends, crossings where need be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.tui.netmap import Cell, Link, Node, Spot

ROUTED = 48
"""Cables that are led around others; more of them than that are not drawn."""

_BEND, _CROSS, _SHARE = 3, 8, 40
"""What a bend, a crossing and a cell along another cable cost a way, beside 1 a cell."""

_STEPS: tuple[tuple[int, int], ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))

_THERE = 4
"""In place of a direction: the box is reached."""


def blocked_cells(spots: Mapping[str, Spot], captions: Mapping[str, Node]) -> set[Cell]:
    """Cells of boxes and captions."""
    cells = {(spot.x + i, spot.y) for spot in spots.values() for i in range(spot.width)}
    for name, node in captions.items():
        spot = spots[name]
        cells |= {(spot.x + i, spot.y + 1) for i in range(node.caption)}
    return cells


def lead(
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

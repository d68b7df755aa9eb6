"""Where nodes go on the network map, and how cables run between them."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from minios.tui.netmap import GAP, Link, Node, Plan, plan_map


def draw(plan: Plan, nodes: list[Node]) -> list[str]:
    """A sketch: boxes of letters, cables of dots."""
    cells = {cell: "." for path in plan.paths.values() for cell in path}
    for node in nodes:
        spot = plan.spots[node.name]
        for i in range(spot.width):
            cells[spot.x + i, spot.y] = node.name[0]
    return [
        "".join(cells.get((x, y), " ") for x in range(plan.width)).rstrip()
        for y in range(plan.height)
    ]


def crossings(plan: Plan) -> int:
    """Cells that one cable runs through from side to side and another up and down."""
    across: dict[tuple[int, int], set[str]] = {}
    along: dict[tuple[int, int], set[str]] = {}
    for name, path in plan.paths.items():
        for before, cell, after in zip(path, path[1:], path[2:], strict=False):
            if before[1] == cell[1] == after[1]:
                across.setdefault(cell, set()).add(name)
            if before[0] == cell[0] == after[0]:
                along.setdefault(cell, set()).add(name)
    shared = across.keys() & along.keys()
    return sum(bool(across[cell] - along[cell] and along[cell] - across[cell]) for cell in shared)


def connected(plan: Plan, link: Link) -> bool:
    """Whether a path begins beside the one box, ends beside the other, and has no gap."""
    path = plan.paths[link.name]
    steps = all(abs(x - u) + abs(y - v) == 1 for (x, y), (u, v) in pairwise(path))
    return steps and beside(plan, link.a, path[0]) and beside(plan, link.b, path[-1])


def beside(plan: Plan, name: str, cell: tuple[int, int]) -> bool:
    spot = plan.spots[name]
    x, y = cell
    if y == spot.y:
        return x in (spot.x - 1, spot.x + spot.width)
    return abs(y - spot.y) == 1 and spot.x <= x < spot.x + spot.width


def boxes_apart(plan: Plan) -> bool:
    cells = Counter((spot.x + i, spot.y) for spot in plan.spots.values() for i in range(spot.width))
    return max(cells.values(), default=1) == 1


def clear(plan: Plan) -> bool:
    """No cable runs through a box."""
    cells = {(spot.x + i, spot.y) for spot in plan.spots.values() for i in range(spot.width)}
    return not any(cell in cells for path in plan.paths.values() for cell in path)


def inside(plan: Plan) -> bool:
    cells = [cell for path in plan.paths.values() for cell in path]
    cells += [(s.x, s.y) for s in plan.spots.values()]
    cells += [(s.x + s.width - 1, s.y) for s in plan.spots.values()]
    return all(0 <= x < plan.width and 0 <= y < plan.height for x, y in cells)


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[Node], list[Link]]:
    count = draw(st.integers(1, 24))
    nodes = [
        Node(f"n{i}", draw(st.integers(3, 10)), draw(st.integers(0, 14))) for i in range(count)
    ]
    links = []
    for i in range(1, count):
        ends = [f"n{draw(st.integers(0, i - 1))}", f"n{i}"]
        if draw(st.booleans()):
            ends.reverse()
        links.append(Link(f"l{i}", *ends))
    return nodes, draw(st.permutations(links))


ROOMS = st.tuples(st.integers(10, 200), st.integers(1, 60))


@given(trees(), ROOMS)
@settings(max_examples=150, deadline=None)
def test_a_tree_is_drawn_without_crossings(tree, room):
    nodes, links = tree
    plan = plan_map(nodes, links, "n0", room)
    assert set(plan.paths) == {link.name for link in links}
    assert plan.undrawn == ()
    assert crossings(plan) == 0
    assert boxes_apart(plan)
    assert clear(plan)
    assert inside(plan)
    assert all(connected(plan, link) for link in links)
    owned = Counter(cell for cells in plan.own.values() for cell in cells)
    assert all(count == 1 for count in owned.values())
    assert all(len(cells) >= GAP - 2 for cells in plan.own.values())


@given(trees(), st.data(), ROOMS)
@settings(max_examples=60, deadline=None)
def test_rings_are_led_around_the_boxes(tree, data, room):
    nodes, links = tree
    names = [node.name for node in nodes]
    for i in range(data.draw(st.integers(0, 4))):
        a, b = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
        links = [*links, Link(f"x{i}", a, b)]
    plan = plan_map(nodes, links, "n0", room)
    real = [link for link in links if link.a != link.b]
    assert set(plan.paths) | set(plan.undrawn) == {link.name for link in real}
    assert boxes_apart(plan)
    assert clear(plan)
    assert inside(plan)
    assert all(connected(plan, link) for link in real if link.name in plan.paths)


@given(trees(), st.data(), ROOMS)
@settings(max_examples=60, deadline=None)
def test_positions_of_the_level_are_kept_in_their_order(tree, data, room):
    nodes, links = tree
    places = st.none() | st.tuples(st.integers(-3, 8), st.integers(-3, 8))
    nodes = [node._replace(at=data.draw(places)) for node in nodes]
    plan = plan_map(nodes, links, "n0", room)
    assert boxes_apart(plan)
    assert clear(plan)
    assert inside(plan)
    assert all(connected(plan, link) for link in links if link.name in plan.paths)
    placed: dict[tuple[int, int], Node] = {}
    for node in nodes:
        if node.at is not None:
            placed.setdefault(node.at, node)
    for (x, y), a in placed.items():
        for (u, v), b in placed.items():
            left, right = plan.spots[a.name], plan.spots[b.name]
            if any(node.at is not None for node in nodes):
                assert x >= u or left.x < right.x
                assert y >= v or left.y < right.y


@given(trees(), ROOMS)
@settings(max_examples=30, deadline=None)
def test_the_same_network_gives_the_same_map(tree, room):
    nodes, links = tree
    assert plan_map(nodes, links, "n0", room) == plan_map(nodes, links, "n0", room)


PC, SW, GW, ISP, WEB, P2 = (
    Node("pc", 4), Node("sw", 4), Node("gw", 4), Node("isp", 5), Node("web", 5), Node("P2", 4),
)  # fmt: skip
HOME = [Link("a", "pc", "sw"), Link("b", "P2", "sw"), Link("c", "sw", "gw"), Link("d", "gw", "isp")]


def test_the_way_out_is_a_straight_line_and_the_others_branch_off():
    nodes = [PC, SW, GW, ISP, P2]
    assert draw(plan_map(nodes, HOME, "pc", (40, 3)), nodes) == [
        "pppp.......ssss.......gggg.......iiiii",
        "                .",
        "                ......PPPP",
    ]


def test_a_row_each_where_there_is_no_room_for_more():
    nodes = [PC, SW, GW, ISP, P2]
    assert draw(plan_map(nodes, HOME, "pc", (33, 2)), nodes) == [
        "pppp.....ssss.....gggg.....iiiii",
        "              ....PPPP",
    ]


def test_what_is_too_wide_starts_from_its_middle():
    names = "abcdefg"
    nodes = [Node(name, 3) for name in names]
    links = [Link(a + b, a, b) for a, b in pairwise(names)]
    assert draw(plan_map(nodes, links, "a", (40, 5)), nodes) == [
        "ddd.........ccc.........bbb.........aaa",
        "    .",
        "    ........eee.........fff.........ggg",
    ]


def test_two_cables_between_the_same_boxes_are_two_lines():
    nodes = [PC, SW]
    links = [Link("one", "pc", "sw"), Link("two", "sw", "pc")]
    plan = plan_map(nodes, links, "pc", (40, 9))
    assert set(plan.paths["one"]).isdisjoint(plan.paths["two"])


def test_a_ring_of_three_crosses_nothing():
    nodes = [PC, GW, ISP, WEB]
    links = [
        Link("a", "pc", "gw"), Link("b", "gw", "isp"), Link("c", "gw", "web"),
        Link("d", "isp", "web"),
    ]  # fmt: skip
    plan = plan_map(nodes, links, "pc", (60, 9))
    assert draw(plan, nodes) == [
        "pppp.............gggg.............iiiii",
        "                      .             .",
        "                      .             .",
        "                      ............wwwww",
    ]


def test_machines_without_a_cable_stand_below():
    plan = plan_map([PC, WEB], [], "pc", (40, 5))
    assert plan.spots["web"].y > plan.spots["pc"].y


def test_a_thousand_hosts_on_a_switch_are_placed_at_once():
    nodes = [SW, *(Node(f"h{i}", 6) for i in range(1000))]
    links = [Link(f"l{i}", "sw", f"h{i}") for i in range(1000)]
    plan = plan_map(nodes, links, "h0", (80, 20))
    assert len(plan.paths) == 1000
    assert boxes_apart(plan)

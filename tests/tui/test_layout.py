"""Where things are, at any size."""

import pytest
from textual.geometry import Region

from minios.tui.layout import PANES, arrange

SIZES = [(40, 10), (57, 15), (80, 24), (80, 50), (110, 32), (120, 40), (140, 45), (250, 80)]


def overlapping(regions):
    regions = list(regions)
    return [(a, b) for i, a in enumerate(regions) for b in regions[i + 1 :] if a.overlaps(b)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tab", ["", *PANES])
@pytest.mark.parametrize("zoom", ["", "terminal", *PANES])
def test_nothing_overlaps_or_leaves_the_window(size, tab, zoom):
    plan = arrange(*size, tab=tab, zoom=zoom)
    places = [*plan.places.values(), plan.coach, plan.header, plan.footer]
    assert overlapping(places) == []
    assert all(Region(0, 0, *size).contains_region(place) for place in places)
    assert all(place.width > 0 and place.height > 0 for place in places)


def test_a_wide_window_shows_all_panes_and_eighty_columns_of_terminal():
    plan = arrange(120, 40)
    assert set(plan.places) == {"terminal", *PANES}
    assert plan.places["terminal"].width >= 80
    assert plan.tabs == ()


def test_80x24_gives_the_terminal_every_column_and_one_pane_a_tab():
    plan = arrange(80, 24, tab="cpu")
    assert set(plan.places) == {"terminal", "cpu"}
    assert plan.places["terminal"].size == (80, 13)
    assert plan.tabs == PANES


def test_hidden_panes_leave_no_hole():
    assert arrange(140, 45, ("goals",)).places["terminal"].height > 35
    assert arrange(140, 45, ("cpu", "goals")).places["cpu"].width == 138
    assert set(arrange(140, 45, ()).places) == {"terminal"}


def test_a_low_window_shows_the_cpu_or_the_memory():
    assert {"cpu", "memory"} & set(arrange(120, 33).places) == {"cpu"}
    assert {"cpu", "memory"} & set(arrange(120, 33, tab="memory").places) == {"memory"}


def test_the_map_of_the_network_gets_more_room_while_it_is_the_one_looked_at():
    assert arrange(140, 45).places["network"].height == 6
    assert arrange(140, 45, tab="network").places["network"].height == 9


def test_without_a_network_the_processes_have_the_column():
    without = tuple(name for name in PANES if name != "network")
    plan = arrange(120, 40, without)
    assert plan.places["processes"].height == 14
    assert plan.joint(plan.places["cpu"].right, plan.places["cpu"].bottom) == "┤"


def test_lines_meet_in_the_right_joints():
    plan = arrange(120, 40)
    cpu, memory = plan.places["cpu"], plan.places["memory"]
    middle, split = cpu.right, memory.bottom
    edge = plan.places["goals"].x - 1
    joints = [plan.joint(x, y) for x, y in [(0, 0), (119, 0), (0, 39), (119, 39)]]
    assert joints == ["┌", "┐", "└", "┘"]
    assert plan.joint(0, 1) == "├"
    assert plan.joint(middle, 1) == "┬"
    assert plan.joint(0, cpu.bottom) == "├"
    assert plan.joint(middle, cpu.bottom) == "┼"
    assert plan.joint(middle, split) == "┴"
    assert plan.joint(edge, split) == "┬"
    assert plan.joint(119, split) == "┤"


def test_below_the_smallest_size_nothing_is_placed():
    assert arrange(39, 24).too_small
    assert arrange(80, 9).too_small
    assert not arrange(40, 10).too_small

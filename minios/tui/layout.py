"""Where everything is on the game screen, for any size: rectangles and the lines between them."""

from dataclasses import dataclass, field

from textual.geometry import Region

PANES = ("cpu", "memory", "processes", "network", "goals")
"""The panes beside the terminal, in the order of their keys."""

_STACKED = 13
"""Rows from which on two panes share a column of the upper band, one above the other."""

WIDE = (110, 32)
"""From this size on everything is on one screen; below it the panes are tabs."""

SMALLEST = (40, 10)
"""Below this there is nothing but a request for more room."""

_UPPER = (("cpu", "memory"), ("processes", "network"))
"""The columns above the terminal on a large screen."""

_TERMINAL = 80
"""Columns the terminal gets before the goals beside it grow."""

N, E, S, W = 1, 2, 4, 8
_JOINTS = {
    E | W: "─",
    N | S: "│",
    E | S: "┌",
    W | S: "┐",
    N | E: "└",
    N | W: "┘",
    N | S | E: "├",
    N | S | W: "┤",
    E | W | S: "┬",
    E | W | N: "┴",
    N | E | S | W: "┼",
    E: "─",
    W: "─",
    N: "│",
    S: "│",
}


@dataclass
class Layout:
    """``places``: where each visible pane is. ``titles``: the row and span of its title."""

    width: int
    height: int
    places: dict[str, Region] = field(default_factory=dict)
    titles: dict[str, Region] = field(default_factory=dict)
    tabs: tuple[str, ...] = ()
    zoomed: str = ""
    header: Region = field(default_factory=Region)
    footer: Region = field(default_factory=Region)
    coach: Region = field(default_factory=Region)
    _lines: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def too_small(self) -> bool:
        return not self.places

    def horizontal(self, left: int, right: int, y: int) -> None:
        """A line from column ``left`` to ``right``, both included."""
        for x in range(left, right + 1):
            self._add(x, y, (E if x < right else 0) | (W if x > left else 0))

    def vertical(self, x: int, top: int, bottom: int) -> None:
        for y in range(top, bottom + 1):
            self._add(x, y, (S if y < bottom else 0) | (N if y > top else 0))

    def _add(self, x: int, y: int, bits: int) -> None:
        self._lines[x, y] = self._lines.get((x, y), 0) | bits

    def joint(self, x: int, y: int) -> str:
        """The line character at a cell, or a blank."""
        return _JOINTS.get(self._lines.get((x, y), 0), " ")


def arrange(
    width: int, height: int, panes: tuple[str, ...] = PANES, *, tab: str = "", zoom: str = ""
) -> Layout:
    """The layout for a screen of this size.

    ``panes`` are those the level does not hide; ``tab`` is the one shown where only one fits
    (empty: the terminal has it all); ``zoom`` fills the screen with one of them or the terminal.
    """
    layout = Layout(width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return layout
    layout.header = Region(0, 0, width, 1)
    layout.footer = Region(0, height - 1, width, 1)
    if zoom and (zoom == "terminal" or zoom in panes):
        _zoomed(layout, zoom)
    elif width >= WIDE[0] and height >= WIDE[1]:
        _wide(layout, panes, tab)
    else:
        _tabbed(layout, panes, tab)
    return layout


def _zoomed(layout: Layout, name: str) -> None:
    width, height = layout.width, layout.height
    layout.zoomed = name
    layout.horizontal(0, width - 1, 1)
    layout.titles[name] = Region(0, 1, width, 1)
    bottom = height - 2
    layout.coach = Region(0, bottom, width, 1)
    layout.places[name] = Region(0, 2, width, bottom - 2)


def _tabbed(layout: Layout, panes: tuple[str, ...], tab: str) -> None:
    """Tabs on a rule, the chosen pane, a rule, the terminal with every column of the screen."""
    width, height = layout.width, layout.height
    layout.tabs = panes
    layout.coach = Region(0, height - 2, width, 1)
    top = 1
    if panes and tab in panes and height >= 16:
        share = max(min((height - 6) // 3, 16), 4)
        layout.horizontal(0, width - 1, 1)
        layout.places[tab] = Region(0, 2, width, share)
        top = 2 + share
    layout.horizontal(0, width - 1, top)
    layout.titles["terminal"] = Region(0, top, width, 1)
    layout.places["terminal"] = Region(0, top + 1, width, height - 2 - (top + 1))


def _columns(panes: tuple[str, ...], tab: str) -> list[list[str]]:
    """What stands side by side above the terminal: what is one above the other, ``tab`` first."""
    columns = [[name for name in column if name in panes] for column in _UPPER]
    return [sorted(column, key=lambda name: name != tab) for column in columns if column]


def _stack(layout: Layout, names: list[str], left: int, end: int, band: int) -> None:
    """Two panes one above the other in their usual order; where only one fits, the first.

    The map of the network gets more room while it is the first.
    """
    if len(names) == 1 or band < _STACKED:
        shown = {names[0]: (1, band)}
    else:
        lower = band * (3 if names[0] == "network" else 2) // 5
        upper, below = sorted(names, key=PANES.index)
        shown = {upper: (1, band - lower - 1), below: (1 + band - lower, lower)}
        layout.horizontal(left, end, 1 + band - lower)
    for name, (top, height) in shown.items():
        layout.titles[name] = Region(left, top, end - left + 1, 1)
        layout.places[name] = Region(left + 1, top + 1, end - left - 1, height)


def _wide(layout: Layout, panes: tuple[str, ...], tab: str) -> None:
    """Machine panes above, the terminal and the goals below, lines shared between them."""
    width, height = layout.width, layout.height
    right, bottom = width - 1, height - 1
    columns = _columns(panes, tab)
    layout.horizontal(0, right, 0)
    layout.horizontal(0, right, bottom)
    layout.vertical(0, 0, bottom)
    layout.vertical(right, 0, bottom)
    split = 0
    if columns:
        band = max(10, (height - 4) * 2 // 5)
        split = band + 2
        layout.horizontal(0, right, 1)
        edges = [0, right] if len(columns) == 1 else [0, (width * 45) // 100, right]
        for column, left, end in zip(columns, edges, edges[1:], strict=False):
            _stack(layout, column, left, end, band)
            if end != right:
                layout.vertical(end, 1, split)
    else:
        split = 1
    layout.horizontal(0, right, split)
    edge = right
    if "goals" in panes:
        edge = min(max(_TERMINAL + 1, (width * 7) // 10), width - 30)
        layout.titles["goals"] = Region(edge, split, right - edge + 1, 1)
        layout.places["goals"] = Region(edge + 1, split + 1, right - edge - 1, bottom - split - 1)
        layout.vertical(edge, split, bottom)
    layout.titles["terminal"] = Region(0, split, edge + 1, 1)
    layout.coach = Region(1, bottom - 1, edge - 1, 1)
    layout.places["terminal"] = Region(1, split + 1, edge - 1, bottom - split - 2)
    layout.header = Region(1, 0, width - 2, 1)
    layout.footer = Region(1, bottom, width - 2, 1)

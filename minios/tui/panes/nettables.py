"""A closer look at a node or a cable: its tables, a tab each; and the list of packets."""

from __future__ import annotations

from minios.game.net.view import FlightView, LinkView, NetDetailView, NetView, TableView
from minios.tui.canvas import Row, cells, on
from minios.tui.text import clip, clock, pad, plain, size, wrap
from minios.tui.theme import Palette


class Tables:
    """Draws a :class:`NetDetailView`. ``tab`` is the table, ``top`` its first row shown."""

    def __init__(self) -> None:
        self.tab = 0
        self.top = 0

    def turn(self, view: NetDetailView, step: int) -> None:
        self.tab = (self.tab + step) % max(len(view.tables), 1)
        self.top = 0

    def scroll(self, step: int) -> None:
        self.top = max(self.top + step, 0)

    def rows(self, view: NetDetailView, ink: Palette, width: int, height: int) -> list[Row]:
        if not view.tables:
            return [((f" {plain(view.title)}", ink.dim),)]
        self.tab = min(self.tab, len(view.tables) - 1)
        table = view.tables[self.tab]
        rows = [_tabs(view, self.tab, ink, width)]
        room = height - 1
        if table.note:
            for line in wrap(plain(table.note), width - 2)[: max(room - 1, 1)]:
                rows.append(((f" {line}", ink.dim),))
        if not table.rows:
            return rows if table.note else [*rows, ((" nothing", ink.dim),)]
        widths = _widths(table, width - 1)
        rows.append(((f" {_line(table.columns, widths)}", ink.faint),))
        room = height - len(rows)
        self.top = max(min(self.top, len(table.rows) - room), 0)
        for each in table.rows[self.top : self.top + room]:
            rows.append(((f" {clip(_line(each, widths), width - 1)}", ink.text),))
        return rows


def _tabs(view: NetDetailView, tab: int, ink: Palette, width: int) -> Row:
    row: list[tuple[str, object]] = [(f" {clip(plain(view.name), 16)} ", ink.bold)]
    for index, table in enumerate(view.tables):
        count = f" {len(table.rows)}" if table.rows else ""
        here = index == tab
        text = f"‹{table.name}{count}›" if here else f" {table.name}{count} "
        row.append((text, ink.chosen_idle if here else ink.dim))
    shown = tuple(row)
    return shown if cells(shown) <= width else (shown[0], shown[1 + tab])  # type: ignore[arg-type,return-value]


def _widths(table: TableView, room: int) -> list[int]:
    """Cells a column: what it needs, the last one what is left."""
    widths = [
        max(len(name), max((len(row[i]) for row in table.rows), default=0))
        for i, name in enumerate(table.columns)
    ]
    if sum(widths) + 2 * (len(widths) - 1) > room and widths:
        widths = [
            min(w, max(room // len(widths), len(n)))
            for w, n in zip(widths, table.columns, strict=True)
        ]
    return widths


def _line(parts: tuple[str, ...], widths: list[int]) -> str:
    padded = [pad(plain(part), width) for part, width in zip(parts, widths, strict=False)]
    return "  ".join(padded).rstrip()


def packet_rows(
    view: NetView,
    chosen: int,
    ink: Palette,
    width: int,
    height: int,
    *,
    focused: bool,
    marked: bool = True,
) -> list[Row]:
    """The latest packets, a row a cable each of them went over, the newest at the bottom.

    Unless ``marked`` is False, one is chosen: the newest if there is no such number.
    """
    flights = view.flights
    if not flights:
        return [((" No packet has been seen since this pane was opened.", ink.dim),)]
    ends = {link.name: (link.a[0], link.b[0]) for link in view.links}
    at = next((i for i, flight in enumerate(flights) if flight.id == chosen), len(flights) - 1)
    top = max(min(at - height // 2, len(flights) - height), 0)
    mark = flights[at].id if marked else 0
    return [
        _packet(flight, ends, mark, ink, width, focused=focused)
        for flight in flights[top : top + height]
    ]


def _packet(
    flight: FlightView,
    ends: dict[str, tuple[str, str]],
    chosen: int,
    ink: Palette,
    width: int,
    *,
    focused: bool,
) -> Row:
    pair = ends.get(flight.link, ("?", "?"))
    there = f"{plain(pair[flight.side])} ▸ {plain(pair[1 - flight.side])}"
    here = flight.id == chosen
    lost = f" ✕ {flight.lost}" if flight.lost else ""
    row: Row = (
        (f"{'▸' if here else ' '}{clock(flight.sent)} ", ink.faint),
        (f"{flight.letter} ", ink.bold),
        (f"{pad(there, 22)} ", ink.dim),
        (clip(plain(flight.summary), max(width - 40 - len(lost), 8)), ink.text),
        (lost, ink.bad),
    )
    return on(row, ink.chosen if focused else ink.chosen_idle, width) if here else row


def link_line(link: LinkView) -> str:
    """A cable in one line."""
    there, back = link.wires
    parts = [f"{link.name}: {link.a[0]}.{link.a[1]} – {link.b[0]}.{link.b[1]}"]
    if not link.up:
        parts.append("UNPLUGGED")
    parts.append(rate_text(there.rate))
    parts.append(latency_text(there.latency))
    parts += [f"{name} {share_text(share)}" for name, share in there.shares]
    parts.append(f"▸ {there.frames:,} ◂ {back.frames:,} frames")
    if there.waiting or back.waiting:
        parts.append(f"queue {size(there.waiting + back.waiting)} of {size(there.queue)}")
    if link.drops:
        parts.append(f"✕ {link.drops:,} lost")
    return ", ".join(parts)


def rate_text(rate: int) -> str:
    """``100 Mbit/s``."""
    if not rate:
        return "no limit"
    for unit, name in ((1_000_000_000, "Gbit/s"), (1_000_000, "Mbit/s"), (1_000, "kbit/s")):
        if rate >= unit:
            return f"{rate / unit:g} {name}"
    return f"{rate} bit/s"


def latency_text(ns: int) -> str:
    """``100 µs``."""
    for unit, name in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if ns >= unit:
            return f"{ns / unit:g} {name}"
    return f"{ns} ns"


def share_text(ppm: int) -> str:
    """``2 %`` of parts per million."""
    return f"{ppm / 10_000:g} %"

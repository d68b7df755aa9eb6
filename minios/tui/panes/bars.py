"""The lines around the panes: header, footer, the coach's line, and the frame with its titles."""

import time

from textual import events
from textual.geometry import Region
from textual.message import Message

from minios.game.view import PlayView
from minios.tui.canvas import Canvas, Row, Span, cells, spread
from minios.tui.layout import Layout
from minios.tui.text import clip, clock, delta, plain, wrap
from minios.tui.theme import Palette

PAGE = 3.5
"""Seconds a piece of a long line stays."""


class Pressed(Message):
    """A key's name or a pane's was clicked: do what ``name`` says."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def held_words(view: PlayView) -> tuple[str, str]:
    """Why time stands still and how to let it run, at length and in short."""
    return {
        "prompt": ("❚❚ held at the prompt: a command lets time run", "❚❚ held: run a command"),
        "pause": ("❚❚ paused: F4 lets time run", "❚❚ paused: F4"),
        "overlay": ("❚❚ held while you read", "❚❚ held"),
        "over": ("■ it is over", "■ over"),
    }.get(view.held, ("❚❚ held: F4 lets time run", "❚❚ held: F4"))


class Header(Canvas):
    """Level, pace, clock against the best, keys, goals; what does not fit goes from the left."""

    view: PlayView | None = None
    number = 0
    _now = 0

    def show(self, view: PlayView) -> None:
        self.view, self._now = view, view.time
        self.redraw()

    def tick(self, now: int) -> None:
        """The clock alone, between two views."""
        if self.view is not None and not self.view.held and now != self._now:
            self._now = now
            self.redraw()

    def rows(self, width: int, height: int) -> list[Row]:
        view, ink = self.view, self.ink
        if view is None:
            return [(("─" * width, ink.rule),)]
        title = f"{self.number:02} {view.title}" if self.number else view.title
        title = plain(title)
        name: Row = ((f" {clip(title, max(width // 4, 12))} ", ink.bold),)
        brand: Row = ((" MiniOS ▸", ink.dim), *name)
        long, short = self._pace(view, ink)
        time, best, count = self._score(view, ink)
        for left, right in (
            (brand, (*long, *time, *best, *count)),
            (name, (*long, *time, *best, *count)),
            (name, (*short, *time, *best, *count)),
            (name, (*short, *time, *count)),
            (name, (*short, *time)),
            (name, short),
        ):
            gap = width - cells(left) - cells(right)
            if gap >= 1:
                break
        return [(*left, ("─" * max(gap, 0), ink.rule), *right)]

    def _pace(self, view: PlayView, ink: Palette) -> tuple[Row, Row]:
        if view.held:
            long, short = held_words(view)
            return ((f" {long} ", ink.warn),), ((f" {short} ", ink.warn),)
        text = f"▶ {plain(view.pace)} {view.speed:g}×"
        if view.behind:
            return ((f" {text} ", ink.good), ("host too slow ", ink.warn)), (
                (f" {text} slow ", ink.warn),
            )
        return ((f" {text} ", ink.good),), ((f" {text} ", ink.good),)

    def _score(self, view: PlayView, ink: Palette) -> tuple[Row, Row, Row]:
        """The clock, the best, and what is counted."""
        time: Row = ((" T+", ink.dim), (clock(self._now), ink.bold))
        best: Row = ()
        if view.best_time is not None:
            best = (("  PB ", ink.dim), (clock(view.best_time), ink.text))
            ahead = _ahead(view)
            if ahead is not None:
                best += ((f" ({delta(ahead)})", ink.good if ahead <= 0 else ink.bad),)
        keys: Row = (("  keys ", ink.dim), (str(view.keys), ink.text))
        if view.best_keys is not None:
            keys += ((f"/{view.best_keys}", ink.dim),)
        goals: Row = ()
        if view.goals:
            done = sum(goal.done for goal in view.goals)
            style = ink.good if done == len(view.goals) else ink.text
            goals = (("  goals ", ink.dim), (f"{done}/{len(view.goals)}", style))
        return time, best, (*keys, *goals, (" ", ink.rule))


def _ahead(view: PlayView) -> int | None:
    """How the last split compares with the same one of the best run; negative is faster."""
    best: dict[str, int] = dict(view.best_splits)
    splits = [
        (goal.split, best[goal.id])
        for goal in view.goals
        if goal.split is not None and goal.id in best
    ]
    if not splits:
        return None
    last = max(splits)
    return last[0] - last[1]


_LAST = ("F2", "F9", "F4", "F3", "F5", "F1", "F10")
"""The keys from the one that is missed least, for windows that have no room for all."""


def _length(keys: list[tuple[str, str]], gap: int) -> int:
    return sum(len(key) + len(label) + 1 + gap for key, label in keys)


class Footer(Canvas):
    """The function keys, as buttons too."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: tuple[tuple[str, str], ...] = ()
        self._spans: list[tuple[int, int, str]] = []

    def offer(self, keys: tuple[tuple[str, str], ...]) -> None:
        """Show these: key and what it does."""
        if keys != self.keys:
            self.keys = keys
            self.redraw()

    def rows(self, width: int, height: int) -> list[Row]:
        ink = self.ink
        keys = list(self.keys)
        gap = 2
        while keys and _length(keys, gap) > width:
            if gap == 2:
                gap = 1
            else:  # leave out what can wait
                keys.remove(min(keys, key=lambda key: _LAST.index(key[0])))
        row: list[Span] = []
        self._spans = []
        at = 0
        for key, label in keys:
            end = at + len(key) + len(label) + 1 + gap
            row += [(f" {key}", ink.accent), (f" {label}" + " " * (gap - 1), ink.dim)]
            self._spans.append((at, end, key.lower()))
            at = end
        row.append(("─" * (width - at), ink.rule))
        return [tuple(row)]

    def on_click(self, event: events.Click) -> None:
        event.stop()
        for start, end, name in self._spans:
            if start <= event.x < end:
                self.post_message(Pressed(name))


class Coach(Canvas):
    """One line under the terminal: what happened, or what to type. A long one is turned over."""

    _text = ""
    _kind = ""
    _since = 0.0
    _page = 0

    def say(self, text: str, kind: str = "coach") -> None:
        """``kind``: ``coach`` or ``notice``. Saying the same again turns its pages."""
        text = plain(text)
        now = time.monotonic()
        if (text, kind) != (self._text, self._kind):
            self._text, self._kind, self._since, self._page = text, kind, now, 0
            self.redraw()
        elif int((now - self._since) / PAGE) != self._page:
            self._page = int((now - self._since) / PAGE)
            self.redraw()

    def pages(self, text: str) -> list[str]:
        """``text`` in pieces that fit."""
        room = max(self.size.width - 4, 8)
        pages = wrap(plain(text), room)
        return pages if len(pages) < 2 else wrap(plain(text), room - 4)

    def rows(self, width: int, height: int) -> list[Row]:
        if not self._text:
            return []
        ink = self.ink
        mark, style = ("»", ink.warn) if self._kind == "coach" else ("·", ink.info)
        pages = self.pages(self._text)
        at = self._page % len(pages)
        row: Row = ((f" {mark} ", style), (pages[at], ink.text))
        if len(pages) > 1:
            row = spread(row, ((f"{at + 1}/{len(pages)} ", ink.dim),), width, ink.text)
        return [row]


class Frame(Canvas):
    """The lines between the panes, and their titles; clicking a title is pressing its key."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = Layout(0, 0)
        self.focused = ""
        self.titles: dict[str, tuple[str, str, str]] = {}
        self._base: list[str] = []
        self._spots: list[tuple[Region, str]] = []

    def draw(self, layout: Layout) -> None:
        """Draw the lines of ``layout``."""
        self._lines = layout
        self._base = [
            "".join(layout.joint(x, y) for x in range(layout.width)) for y in range(layout.height)
        ]
        self.redraw()

    def entitle(self, titles: dict[str, tuple[str, str, str]], focused: str) -> None:
        """``titles``: pane → its key, its title and a note; ``focused``: the pane with focus."""
        if (titles, focused) != (self.titles, self.focused):
            self.titles, self.focused = titles, focused
            self.redraw()

    def rows(self, width: int, height: int) -> list[Row]:
        layout = self._lines
        if layout.too_small:
            return self._apology(width, height)
        rows: list[Row] = [((line, self.ink.rule),) for line in self._base]
        self._spots = []
        labels: dict[int, list[tuple[int, int, Row, str]]] = {}
        if layout.tabs:
            self._tabs(layout, labels)
        for name, region in layout.titles.items():
            label = self._label(name)
            note = self._note(name, region.width - cells(label) - 4)
            left = region.x + 1
            labels.setdefault(region.y, []).append((left, left + cells(label), label, name))
            if note and not (layout.tabs and region.y == 1):
                end = region.right - 1
                labels[region.y].append((end - cells(note), end, note, name))
        for y, parts in labels.items():
            rows[y] = self._overlay(y, sorted(parts, key=lambda part: part[0]))
        return rows

    def _overlay(self, y: int, parts: list[tuple[int, int, Row, str]]) -> Row:
        line, ink = self._base[y], self.ink
        out: list[Span] = []
        at = 0
        for start, end, label, name in parts:
            if start < at:
                continue
            out.append((line[at:start], ink.rule))
            out += label
            self._spots.append((Region(start, y, end - start, 1), name))
            at = end
        out.append((line[at:], ink.rule))
        return tuple(out)

    def _label(self, name: str) -> Row:
        key, title, _ = self.titles.get(name, ("", name.upper(), ""))
        ink = self.ink
        if name == self.focused:
            return ((f"▸{title} ", ink.title_focus),)
        return ((f" {title} ", ink.title), (f"{key} ", ink.accent))

    def _note(self, name: str, room: int) -> Row:
        note = self.titles.get(name, ("", "", ""))[2]
        return ((f" {note} ", self.ink.dim),) if note and len(note) + 2 <= room else ()

    def _tabs(self, layout: Layout, labels: dict[int, list[tuple[int, int, Row, str]]]) -> None:
        """The panes on the first rule, short where they would not all fit."""
        alone = layout.titles["terminal"].y == 1
        start = cells(self._label("terminal")) + 2 if alone else 1
        for short in (False, True):
            at = start
            tabs = []
            for name in layout.tabs:
                label = self._tab(name, name in layout.places, short)
                tabs.append((at, at + cells(label), label, name))
                at += cells(label) + (not short)
            if at <= layout.width:
                break
        labels[1] = tabs
        if not alone:
            shown = next(name for name in layout.tabs if name in layout.places)
            note = self._note(shown, layout.width - at - 2)
            if note and shown != "goals":
                end = layout.width - 1
                labels[1].append((end - cells(note), end, note, shown))

    def _tab(self, name: str, shown: bool, short: bool) -> Row:
        key, title, note = self.titles.get(name, ("", name.upper(), ""))
        ink = self.ink
        if name == self.focused:
            label = self._label(name)
        else:
            title = title[:4] if short and len(title) > 6 else title
            left, right = ("[", "]") if shown else (" ", " ")
            label = (
                (left, ink.accent),
                (f"{title} ", ink.title if shown else ink.dim),
                (key, ink.accent),
                (right, ink.accent),
            )
        return (*label, (f"{note} ", ink.dim)) if name == "goals" and note and not short else label

    def _apology(self, width: int, height: int) -> list[Row]:
        ink = self.ink
        lines = [
            (line, style)
            for text, style in (
                ("MiniOS needs a little more room.", ink.bold),
                (f"This is {width}×{height}. 40×10 will do, 80×24 is good.", ink.text),
                ("The game holds until then.", ink.dim),
            )
            for line in wrap(text, width)
        ]
        rows: list[Row] = [() for _ in range(max((height - len(lines)) // 2, 0))]
        for line, style in lines[:height]:
            rows.append(((" " * ((width - len(line)) // 2), ink.text), (line, style)))
        return rows

    def on_click(self, event: events.Click) -> None:
        event.stop()
        for region, name in self._spots:
            if region.contains(event.x, event.y):
                self.post_message(Pressed(name))
                return

"""The lines around the panes: header, footer, the coach's line, and the frame with its titles."""

from textual import events
from textual.geometry import Region
from textual.message import Message

from minios.game.view import PlayView
from minios.tui.canvas import Canvas, Row, Span, cells
from minios.tui.layout import Layout
from minios.tui.text import clip, clock, delta, plain
from minios.tui.theme import Palette


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

    def show(self, view: PlayView) -> None:
        self.view = view
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
        time: Row = ((" T+", ink.dim), (clock(view.time), ink.bold))
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
        row: list[Span] = []
        self._spans = []
        at = 0
        full = sum(len(key) + len(label) + 3 for key, label in self.keys) <= width
        for key, label in self.keys:
            text = f" {key}", f" {label} " if full else f" {label.split()[0]}"
            size = sum(map(len, text))
            if at + size > width:
                break
            row += [(text[0], ink.accent), (text[1], ink.dim)]
            self._spans.append((at, at + size, key.lower()))
            at += size
        row.append(("─" * (width - at - 0), ink.rule))
        return [tuple(row)]

    def on_click(self, event: events.Click) -> None:
        event.stop()
        for start, end, name in self._spans:
            if start <= event.x < end:
                self.post_message(Pressed(name))


class Coach(Canvas):
    """One line under the terminal: what happened, or what to type."""

    _text = ""
    _kind = ""

    def say(self, text: str, kind: str = "coach") -> None:
        """``kind``: ``coach`` or ``notice``."""
        text = plain(text)
        if (text, kind) != (self._text, self._kind):
            self._text, self._kind = text, kind
            self.redraw()

    @property
    def text(self) -> str:
        return self._text

    def rows(self, width: int, height: int) -> list[Row]:
        if not self._text:
            return []
        ink = self.ink
        mark, style = ("»", ink.warn) if self._kind == "coach" else ("·", ink.info)
        return [((f" {mark} ", style), (clip(self._text, width - 4), ink.text))]


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

    def _label(self, name: str, shown: bool = True) -> Row:
        key, title, _ = self.titles.get(name, ("", name.upper(), ""))
        ink = self.ink
        if name == self.focused:
            return ((f"▸{title} ", ink.title_focus),)
        return ((f" {title} ", ink.title if shown else ink.dim), (f"{key} ", ink.accent))

    def _note(self, name: str, room: int) -> Row:
        note = self.titles.get(name, ("", "", ""))[2]
        return ((f" {note} ", self.ink.dim),) if note and len(note) + 2 <= room else ()

    def _tabs(self, layout: Layout, labels: dict[int, list[tuple[int, int, Row, str]]]) -> None:
        alone = layout.titles["terminal"].y == 1
        at = cells(self._label("terminal")) + 3 if alone else 1
        for name in layout.tabs:
            label = self._label(name, name in layout.places)
            note = self.titles.get(name, ("", "", ""))[2]
            if name == "goals" and note:
                label = (*label, (f"{note} ", self.ink.dim))
            elif name in layout.places and name != self.focused:
                label = (
                    ("[", self.ink.accent),
                    *label[:-1],
                    (f"{label[-1][0].strip()}] ", label[-1][1]),
                )
            labels.setdefault(1, []).append((at, at + cells(label), label, name))
            at += cells(label) + 1
        if not alone:
            shown = next(name for name in layout.tabs if name in layout.places)
            note_row = self._note(shown, layout.width - at - 2) if shown != "goals" else ()
            if note_row:
                end = layout.width - 1
                labels[1].append((end - cells(note_row), end, note_row, shown))

    def _apology(self, width: int, height: int) -> list[Row]:
        ink = self.ink
        lines = [
            ("MiniOS needs a little more room.", ink.bold),
            (f"This window is {width}×{height}; 40×10 will do, 80×24 is good.", ink.text),
            ("The game holds until then.", ink.dim),
        ]
        top = max((height - len(lines)) // 2, 0)
        rows: list[Row] = [() for _ in range(top)]
        for text, style in lines[:height]:
            text = clip(text, width)
            rows.append(((" " * ((width - len(text)) // 2), ink.text), (text, style)))
        return rows

    def on_click(self, event: events.Click) -> None:
        event.stop()
        for region, name in self._spots:
            if region.contains(event.x, event.y):
                self.post_message(Pressed(name))
                return

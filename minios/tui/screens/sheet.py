"""A box over whatever is below: rows that scroll, choices, and keys that answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import ModalScreen

from minios.tui.canvas import Canvas, Row, Span, cells, on
from minios.tui.text import clip, pad
from minios.tui.theme import Palette

Body = Callable[[Palette, int], list[Row]]


@dataclass(frozen=True)
class Answer:
    """A way to leave the sheet: the first key is the one that is shown."""

    keys: tuple[str, ...]
    label: str
    result: str


@dataclass(frozen=True)
class Choice:
    """A line to choose: by arrows and Enter, by mouse, or by its own key."""

    key: str
    label: str
    hint: str
    result: str


_SHOWN = {"escape": "Esc", "enter": "Enter", "space": "Space", "backspace": "⌫"}


class Page(Canvas, can_focus=True):
    """The box itself."""

    def __init__(
        self,
        title: str,
        body: Body,
        answers: Sequence[Answer],
        choices: Sequence[Choice],
        tone: str,
        filters: bool,
    ) -> None:
        super().__init__()
        self._title = title
        self._body = body
        self._answers = answers
        self._choices = choices
        self._tone = tone
        self._filters = filters
        self._typed = ""
        self._at = 0
        self._top = 0
        self._room = 0
        self._left = False
        self._content: list[Row] = []
        self._spots: list[tuple[Region, str]] = []
        self._choice_rows: dict[int, int] = {}

    # Measuring

    def fit(self, width: int, height: int, most: int) -> tuple[int, int]:
        """The size the page wants on a screen of this size."""
        wide = max(min(most, width - (4 if width > 60 else 0)), 20)
        rows = len(self._compose_rows(wide - 4))
        tall = min(rows + 4, max(height - (2 if height > 16 else 0), 5))
        return wide, tall

    def _compose_rows(self, width: int) -> list[Row]:
        rows = list(self._body(self.ink, width))
        self._choice_rows = {}
        if self._filters:
            rows.insert(
                0, (("› ", self.ink.accent), (self._typed, self.ink.bold), ("▏", self.ink.accent))
            )
            rows.insert(1, ())
        if not self._choices:
            return rows
        if rows and rows[-1]:
            rows.append(())
        shown = self._matching()
        label = max((len(choice.label) for choice in self._choices), default=0)
        self._at = min(self._at, max(len(shown) - 1, 0))
        for index, choice in enumerate(shown):
            self._choice_rows[len(rows)] = index
            rows.append(self._choice(choice, index == self._at, label, width))
        if not shown:
            rows.append((("nothing is called that", self.ink.dim),))
        return rows

    def _choice(self, choice: Choice, chosen: bool, label: int, width: int) -> Row:
        ink = self.ink
        key = f"{choice.key:>3} " if choice.key else "    "
        row: Row = (
            ("▸" if chosen else " ", ink.accent),
            (key, ink.accent),
            (pad(choice.label, min(label, width - 8)) + "  ", ink.text),
        )
        row += ((clip(choice.hint, max(width - cells(row), 0)), ink.dim),)
        return on(row, ink.chosen, width) if chosen else row

    def _matching(self) -> list[Choice]:
        words = self._typed.lower().split()
        return [
            choice
            for choice in self._choices
            if all(word in f"{choice.label} {choice.hint}".lower() for word in words)
        ]

    # Drawing

    def rows(self, width: int, height: int) -> list[Row]:
        ink = self.ink
        edge = {"good": ink.good, "bad": ink.bad, "warn": ink.warn}.get(self._tone, ink.rule_focus)
        inner = width - 4
        self._content = self._compose_rows(inner)
        self._room = max(height - 4, 1)
        self._keep_in_sight()
        self._top = max(min(self._top, len(self._content) - self._room), 0)
        title = clip(self._title, width - 6)
        rows: list[Row] = [
            (
                ("╭─", edge),
                (f" {title} ", edge + Style(bold=True)),
                ("─" * (width - len(title) - 5) + "╮", edge),
            )
        ]
        rows.append(self._side((), inner, edge))
        shown = self._content[self._top : self._top + self._room]
        for index in range(self._room):
            rows.append(self._side(shown[index] if index < len(shown) else (), inner, edge, index))
        rows.append(self._bottom(width, edge, height - 1))
        rows.insert(-1, self._side((), inner, edge)) if len(rows) < height else None
        return rows

    def _side(self, row: Row, inner: int, edge: Style, index: int = -1) -> Row:
        bar = "│"
        hidden = len(self._content) - self._room
        if hidden > 0 and index >= 0:  # where in the text this is, on the right edge
            thumb = max(self._room * self._room // len(self._content), 1)
            start = (self._room - thumb) * self._top // hidden
            bar = "┃" if start <= index < start + thumb else "│"
        used = cells(row)
        if used > inner:
            row, used = _cut(row, inner), inner
        return (("│ ", edge), *row, (" " * (inner - used) + " ", self.ink.text), (bar, edge))

    def _bottom(self, width: int, edge: Style, y: int) -> Row:
        ink = self.ink
        self._spots = []
        spans: list[Span] = [("╰─", edge)]
        at = 2
        answers = [(_SHOWN.get(a.keys[0], a.keys[0]), a.label, a.result) for a in self._answers]
        if self._choices:
            answers.insert(0, ("Enter", "choose", "\n"))
        if len(self._content) > self._room and not self._choices:
            answers.insert(1, ("↑↓", "scroll", ""))
        for key, label, result in answers:
            size = len(key) + len(label) + 4
            if at + size > width - 2:
                break
            spans += [(f" {key}", ink.accent), (f" {label} ", ink.dim), ("─", edge)]
            if result:
                self._spots.append((Region(at, y, size - 1, 1), result))
            at += size
        spans.append(("─" * (width - at - 1) + "╯", edge))
        return tuple(spans)

    def _keep_in_sight(self) -> None:
        for row, index in self._choice_rows.items():
            if index == self._at:
                self._top = min(max(self._top, row - self._room + 1), row)

    # Answering

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        key = event.key
        if self._filters and self._typing(event):
            return
        for answer in self._answers:
            if key in answer.keys:
                self._leave(answer.result)
                return
        for choice in [] if self._filters else self._choices:
            if event.character and event.character == choice.key:
                self._leave(choice.result)
                return
        page = max(self._room - 1, 1)
        far = len(self._content) + len(self._choices)
        step = {
            "up": -1, "down": 1, "pageup": -page, "pagedown": page, "home": -far, "end": far,
            "space": page, "k": -1, "j": 1, "tab": 1, "shift+tab": -1,
        }.get(key)  # fmt: skip
        if key == "enter" and self._choices:
            self._choose()
        elif step and self._choices:
            last = len(self._matching()) - 1
            self._at = max(min(self._at + step, last), 0)
            self.redraw()
        elif step:
            self._scroll(step)

    def _typing(self, event: events.Key) -> bool:
        if event.key == "backspace":
            self._typed = self._typed[:-1]
        elif event.is_printable and event.character and len(self._typed) < 30:
            self._typed += event.character
            self._at = 0
        else:
            return False
        self.redraw()
        return True

    def _choose(self) -> None:
        shown = self._matching()
        if shown:
            self._leave(shown[self._at].result)

    def _scroll(self, step: int) -> None:
        self._top += step
        self.redraw()

    def _leave(self, result: str) -> None:
        """Answer once: a key that was already on its way must not close what lies below."""
        if not self._left:
            self._left = True
            self.screen.dismiss(result)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        for region, result in self._spots:
            if region.contains(event.x, event.y):
                self._choose() if result == "\n" else self._leave(result)
                return
        index = self._choice_rows.get(event.y - 2 + self._top)
        if index is not None and 2 <= event.y < self.size.height - 2:
            self._at = index
            self._choose()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-2)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(2)


class Sheet(ModalScreen[str], inherit_bindings=False):
    """Ends with the result of an answer or a choice; Escape's is whatever lists ``escape``."""

    CSS = """
    Sheet { align: center middle; background: $background 65%; }
    Sheet Page { background: $panel; }
    """

    def __init__(
        self,
        title: str,
        body: Body,
        answers: Sequence[Answer] = (Answer(("escape",), "back", ""),),
        choices: Sequence[Choice] = (),
        *,
        tone: str = "",
        most: int = 78,
        filters: bool = False,
    ) -> None:
        super().__init__()
        self._page = Page(title, body, answers, choices, tone, filters)
        self._most = most

    def compose(self) -> ComposeResult:
        yield self._page

    def on_mount(self) -> None:
        self._fit()
        self._page.focus()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        width, height = self._page.fit(*self.app.size, self._most)
        self._page.styles.width, self._page.styles.height = width, height


def _cut(row: Row, width: int) -> Row:
    out: list[Span] = []
    left = width
    for text, style in row:
        text = clip(text, left)
        out.append((text, style))
        left -= cells([(text, style)])
        if left <= 0:
            break
    return tuple(out)

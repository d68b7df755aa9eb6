"""Level select: chapters and levels at the left, what is known of the chosen one at the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from minios.game.catalog import Card, Chapter
from minios.runs.records import LevelProgress
from minios.tui.canvas import BLANK, Canvas, Row, Span, cells, on
from minios.tui.layout import SMALLEST
from minios.tui.text import clip, clock, count, pad, plain, wrap

_LOGO = (
    "█▀▄▀█ █ █▄ █ █ █▀█ █▀",
    "█ ▀ █ █ █ ▀█ █ █▄█ ▄█",
)
_TAGLINE = ("A small operating system and its troubles.", "Learn the machine by fixing it.")

_WIDEST = 112
_NEW = LevelProgress()


@dataclass
class Shelf:
    """What the menu shows."""

    cards: Sequence[Card] = ()
    chapters: Sequence[Chapter] = ()
    progress: Mapping[str, LevelProgress] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    def of(self, card: Card) -> LevelProgress:
        return self.progress.get(card.id, _NEW)

    def first(self) -> int:
        """The level to offer: the first that is open and not won."""
        for index, card in enumerate(self.cards):
            if not self.of(card).won and card.id not in self.locks:
                return index
        return 0


@dataclass(frozen=True)
class Unfinished:
    """A run that a crash cut short."""

    title: str
    time: int
    keys: int


class MenuPage(Canvas, can_focus=True):
    """The whole window."""

    class Play(Message):
        def __init__(self, card: Card) -> None:
            super().__init__()
            self.card = card

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf = shelf
        self.at = shelf.first()
        self.unfinished: Unfinished | None = None
        self.busy = ""
        self._top = 0
        self._at_row: dict[int, int] = {}

    @property
    def card(self) -> Card | None:
        cards = self.shelf.cards
        return cards[self.at] if self.at < len(cards) else None

    def show(self, shelf: Shelf) -> None:
        """Another state of the records; the choice stays."""
        self.shelf = shelf
        self.redraw()

    # Drawing

    def rows(self, width: int, height: int) -> list[Row]:
        ink = self.ink
        self._at_row = {}
        if width < SMALLEST[0] or height < SMALLEST[1]:
            return [((clip(f"MiniOS needs 40×10; this is {width}×{height}.", width), ink.text),)]
        wide = min(width, _WIDEST)
        margin = (width - wide) // 2
        head = self._head(wide, height)
        notice = self._notice(wide)
        body = max(height - len(head) - len(notice) - 1, 1)
        side_by_side = wide >= 72
        listed = min(wide * 45 // 100, 50) if side_by_side else wide
        detail_rows = 0 if side_by_side or body < 14 else 7
        left = self._list(listed - 2, body - detail_rows)
        if side_by_side:
            right = self._detail(wide - listed - 4)[:body]
            used = max(len(left), len(right))
            rows = [self._pair(left, right, index, listed) for index in range(used)]
        else:
            below = self._detail(listed - 4)[:detail_rows]
            rows = [*left, *([BLANK] * (body - len(left) - len(below)))]
            rows += [(("  ", ink.text), *row) for row in below]
        above = (body - len(rows)) // 3
        rows += [BLANK] * (body - len(rows) - above)
        page = [*([BLANK] * above), *head, *rows, *notice, self._foot(wide)]
        self._at_row = {
            y + len(head) + above: index for y, index in self._at_row.items() if y < len(left)
        }
        pad_left: Span = (" " * margin, ink.text)
        return [(pad_left, *row) if margin and row else row for row in page]

    def _pair(self, left: list[Row], right: list[Row], index: int, listed: int) -> Row:
        ink = self.ink
        row = left[index] if index < len(left) else BLANK
        rest = right[index] if index < len(right) else BLANK
        return (*row, (" " * (listed - cells(row)), ink.text), ("│  ", ink.rule), *rest)

    def _head(self, width: int, height: int) -> list[Row]:
        ink = self.ink
        if height < 18:
            return [((" MiniOS ", ink.accent), (clip(_TAGLINE[1], width - 9), ink.dim))]
        rows: list[Row] = [BLANK]
        for line, words in zip(_LOGO, _TAGLINE, strict=True):
            said = words if len(words) + len(line) + 7 <= width else ""
            rows.append(((f"  {line}", ink.accent), (f"     {said}", ink.dim)))
        rows.append(BLANK)
        if self.unfinished is not None:
            run = self.unfinished
            text = (
                f"{plain(run.title)} was cut off at {clock(run.time)}, {count(run.keys, 'key')} in."
            )
            rows.append(
                (
                    ("  ! ", ink.warn),
                    (clip(text, width - 30), ink.text),
                    ("  c", ink.accent),
                    (" resume", ink.dim),
                    ("  d", ink.accent),
                    (" forget", ink.dim),
                )
            )
            rows.append(BLANK)
        return rows

    def _list(self, width: int, height: int) -> list[Row]:
        """Chapters and levels, scrolled so that the chosen one is in sight."""
        ink = self.ink
        rows: list[Row] = []
        owner: dict[int, int] = {}
        at = {card.id: index for index, card in enumerate(self.shelf.cards)}
        chosen = 0
        for chapter in self.shelf.chapters:
            cards = [self.shelf.cards[at[level]] for level in chapter.levels if level in at]
            if not cards:
                continue
            if rows:
                rows.append(BLANK)
            stars = sum(self.shelf.of(card).stars for card in cards)
            title = f"  {plain(chapter.title).upper()}"
            score = f"{stars}/{3 * len(cards)} ★"
            gap = " " * max(width - cells([(title, ink.title)]) - len(score), 1)
            rows.append(((title, ink.title), (gap, ink.text), (score, ink.dim)))
            for card in cards:
                index = at[card.id]
                chosen = len(rows) if index == self.at else chosen
                owner[len(rows)] = index
                rows.append(self._entry(card, index == self.at, width))
        if not rows:
            rows = [(("  No levels were found.", ink.warn),)]
        self._top = min(max(self._top, chosen - height + 1), chosen if chosen > 1 else 0)
        self._top = max(min(self._top, len(rows) - height), 0)
        self._at_row = {row - self._top: index for row, index in owner.items() if row >= self._top}
        return rows[self._top : self._top + height]

    def _entry(self, card: Card, chosen: bool, width: int) -> Row:
        ink = self.ink
        done = self.shelf.of(card)
        locked = card.id in self.shelf.locks
        if locked:
            right: Row = (("locked", ink.dim),)
        elif done.won:
            stars = "★" * done.stars + "☆" * (3 - done.stars)
            best = clock(done.best_time) if done.best_time is not None else "solved"
            right = ((stars, ink.warn), (f"  {best:>9}", ink.text))
        else:
            right = (("tried" if done.attempts else "new", ink.info),)
        left: Row = (
            (" ▸ " if chosen else "   ", ink.accent),
            (f"{card.number:02} ", ink.dim),
            (plain(card.title), ink.bold if chosen else ink.dim if locked else ink.text),
        )
        room = width - cells(right) - 1
        name = clip(left[2][0], room - 6)
        row: Row = (
            *left[:2], (pad(name, room - 6), left[2][1]), *right, (" ", ink.text),
        )  # fmt: skip
        return on(row, ink.chosen, width) if chosen else row

    def _detail(self, width: int) -> list[Row]:
        ink, card = self.ink, self.card
        if card is None:
            return []
        done = self.shelf.of(card)
        rows: list[Row] = [((f"{card.number:02} {plain(card.title)}", ink.bold),)]
        hard = "●" * card.difficulty + "○" * (5 - card.difficulty)
        rows.append(
            (("difficulty ", ink.dim), (hard, ink.text), (f" {card.difficulty}/5", ink.dim))
        )
        if card.id in self.shelf.locks:
            rows += [BLANK, (("Locked", ink.warn),)]
            rows += [((line, ink.text),) for line in wrap(plain(self.shelf.locks[card.id]), width)]
            rows += [
                ((line, ink.dim),)
                for line in wrap(f"`minios play {card.id}` plays it anyway.", width)
            ]
            return rows
        rows.append(BLANK)
        rows += [((line, ink.text),) for line in wrap(plain(card.blurb), width)]
        rows.append(BLANK)
        facts: list[tuple[str, str]] = []
        if card.goals:
            facts.append(("goals", str(card.goals)))
        par = [clock(card.par_time)] if card.par_time is not None else []
        par += [count(card.par_keys, "key")] if card.par_keys is not None else []
        if par:
            facts.append(("par", ", ".join(par)))
        if card.teaches:
            facts.append(("about", ", ".join(card.teaches)))
        if done.attempts:
            facts.append(("tries", str(done.attempts)))
        if done.best_time is not None:
            best = clock(done.best_time)
            if done.best_keys is not None:
                best += f", {count(done.best_keys, 'key')}"
            facts.append(("best", best))
        for label, value in facts:
            for index, line in enumerate(wrap(plain(value), width - 9)):
                rows.append(((pad("" if index else label, 9), ink.dim), (line, ink.text)))
        if done.won:
            rows.append(BLANK)
            names = ("solved", "nothing harmed", "within par")
            for index, name in enumerate(names):
                mark = "★" if index < done.stars else "☆"
                rows.append(((f"{mark} ", ink.warn), (name, ink.text if mark == "★" else ink.dim)))
            if done.unaided:
                rows.append((("✓ ", ink.good), ("unaided: without any hint", ink.text)))
        return rows

    def _notice(self, width: int) -> list[Row]:
        """What goes on or went wrong, in as many rows as it takes."""
        text = plain(self.busy or self.shelf.notice)
        return [((f"  {line}", self.ink.warn),) for line in wrap(text, width - 4)[:4]]

    def _foot(self, width: int) -> Row:
        ink = self.ink
        keys = [("↑↓", "choose"), ("Enter", "play"), ("F1", "help"), ("F10", "quit")]
        row: list[Span] = [(" ", ink.text)]
        for key, label in keys:
            row += [(f" {key}", ink.accent), (f" {label}  ", ink.dim)]
        return tuple(row)

    # Choosing

    def on_key(self, event: events.Key) -> None:
        step = {
            "up": -1, "k": -1, "down": 1, "j": 1, "tab": 1, "shift+tab": -1,
            "pageup": -5, "pagedown": 5, "home": -999, "end": 999,
        }.get(event.key)  # fmt: skip
        if step:
            event.stop()
            self.at = min(max(self.at + step, 0), max(len(self.shelf.cards) - 1, 0))
            self.shelf.notice = ""
            self.redraw()
        elif event.key in ("enter", "space"):
            event.stop()
            self._play()

    def _play(self) -> None:
        card = self.card
        if card is None or self.busy:
            return
        if card.id in self.shelf.locks:
            self.shelf.notice = f"{card.title} is locked. {self.shelf.locks[card.id]}"
            self.redraw()
            return
        self.post_message(self.Play(card))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        index = self._at_row.get(event.y)
        if index is None:
            return
        again = index == self.at
        self.at = index
        self.redraw()
        if again:
            self._play()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.at = max(self.at - 1, 0)
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.at = min(self.at + 1, max(len(self.shelf.cards) - 1, 0))
        self.redraw()


class MenuScreen(Screen[None], inherit_bindings=False):
    """Says what the player wants by messages; the app does it."""

    CSS = """
    MenuScreen { background: $background; overflow: hidden; }
    MenuScreen > MenuPage { width: 100%; height: 100%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f10,q,escape,ctrl+c,ctrl+q", "app.quit", "quit"),
        Binding("f1,question_mark", "app.about", "help"),
        Binding("c", "app.resume_run", "resume"),
        Binding("d", "app.forget_run", "forget"),
    ]

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.page = MenuPage(shelf)

    def compose(self) -> ComposeResult:
        yield self.page

    def on_mount(self) -> None:
        self.page.focus()

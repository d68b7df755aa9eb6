"""The terminal pane: a screen painted row by row, and the player's keys, mouse and clipboard."""

import re
from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from minios.tui import theme
from minios.tui.ports import Session
from minios.tui.terminal.cells import Look, Row
from minios.tui.terminal.emulator import Emulator
from minios.tui.terminal.keys import encode

_CURSOR = Look(fg="cursor")
_CURSOR_AWAY = Look(fg="cursor", underline=True)
_SELECTED = Look(fg="selected")

_SETTLE = 0.12
"""Seconds a size must stand before the tty hears of it: a dragged window sends dozens."""

_WHEEL = 3
"""Lines a notch of the wheel moves."""

_UNPASTED = re.compile("[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f-\x9f]+")

_SCROLL_KEYS = {"shift+pageup", "shift+pagedown", "shift+home", "shift+end"}


@lru_cache(2048)
def _style(look: Look, ink: theme.Palette) -> Style:
    """How a look is drawn in a palette."""
    if look is _SELECTED:
        return ink.select
    if look is _CURSOR:
        return ink.cursor
    if look is _CURSOR_AWAY:
        return ink.cursor_away

    def colour(name: str) -> Color | None:
        if name == "default":
            return None
        return ink.colours.get(name) or Color.parse(name)

    return ink.text + Style(
        color=colour(look.fg),
        bgcolor=colour(look.bg),
        bold=look.bold or None,
        dim=look.dim or None,
        italic=look.italic or None,
        underline=look.underline or None,
        reverse=look.reverse or None,
        strike=look.strike or None,
    )


class TerminalPane(Widget, can_focus=True):
    """One tty. While it has focus every key is the tty's, but for function keys and shift+PgUp."""

    DEFAULT_CSS = "TerminalPane { background: transparent; }"

    class Copied(Message):
        """The player selected ``text`` and it is on the clipboard now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Scrolled(Message):
        """The view moved: ``back`` lines above the newest."""

        def __init__(self, back: int) -> None:
            super().__init__()
            self.back = back

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._generation = session.generation
        self.emulator = Emulator(80, 24)
        self.back = 0
        self._anchor: tuple[int, int] | None = None
        self._selection: tuple[tuple[int, int], tuple[int, int]] | None = None
        self._cursor_row = 0
        self._settling: Timer | None = None
        self._backdrop: Style | None = None
        self._ink: theme.Palette | None = None

    @property
    def ink(self) -> theme.Palette:
        if self._ink is None:
            self._ink = theme.ANSI if self.app.native_ansi_color else theme.TRUE
        return self._ink

    @property
    def backdrop(self) -> Style:
        """The style below every cell: the widget's background."""
        if self._backdrop is None:
            self._backdrop = Style(bgcolor=self.background_colors[1].rich_color)
        return self._backdrop

    # Output

    def pull(self) -> None:
        """Draw what the tty wrote since the last call."""
        if self._session.generation != self._generation:
            self._generation = self._session.generation
            self.emulator.reset()
            self._selection = self._anchor = None
            self._look_back(0)
            self.refresh()
        data = self._session.take_output()
        if not data:
            return
        screen = self.emulator.screen
        before = screen.scrolled
        self.emulator.feed(data)
        if self.back:  # keep showing the same lines while others arrive below
            self.back = min(self.back + screen.scrolled - before, len(screen.history))
        self._paint()

    def _paint(self) -> None:
        screen = self.emulator.screen
        dirty, screen.dirty = screen.dirty, set()
        if self.back:
            self.refresh()
            return
        dirty |= {self._cursor_row, screen.y}
        self._cursor_row = screen.y
        width = self.size.width
        self.refresh(*(Region(0, y, width, 1) for y in dirty if y < screen.rows))

    def render_line(self, y: int) -> Strip:
        screen, width = self.emulator.screen, self.size.width
        number = screen.scrolled - self.back + y
        row = screen.line(number)
        base = self.backdrop
        if row is None or y >= screen.rows:
            return Strip.blank(width, base)
        ink = self.ink
        segments = []
        for text, look in self._marked(row, number, y).runs(width):
            if screen.reversed and look.fg not in ("cursor", "selected"):
                look = look._replace(reverse=not look.reverse)
            if look.conceal:
                text = " " * len(text)
            segments.append(Segment(text, base + _style(look, ink)))
        return Strip(segments, width)

    def _marked(self, row: Row, number: int, y: int) -> Row:
        """``row`` with the cursor and the selection on it."""
        screen = self.emulator.screen
        cursor = screen.cursor_visible and not self.back and y == screen.y
        span = self._selected(number)
        if not cursor and span is None:
            return row
        marked = Row(0)
        marked.chars, marked.looks, marked.wide = row.chars[:], row.looks[:], row.wide
        marked.resize(screen.columns)
        if span is not None:
            start, end = span
            end = min(end, screen.columns)
            marked.looks[start:end] = [_SELECTED] * max(end - start, 0)
        if cursor:
            wide = marked.chars[screen.x + 1 : screen.x + 2] == [""]
            for x in range(screen.x, screen.x + 1 + wide):
                marked.looks[x] = _CURSOR if self.has_focus else _CURSOR_AWAY
        return marked

    def on_focus(self) -> None:
        self._paint()

    def on_blur(self) -> None:
        self._paint()

    # Size

    def on_resize(self, event: events.Resize) -> None:
        width, height = self.size
        if not width or not height:
            return
        self.emulator.screen.resize(width, height)
        self.emulator.screen.dirty.clear()
        self.back = min(self.back, len(self.emulator.screen.history))
        self.refresh()
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLE, self._settled)

    def _settled(self) -> None:
        self._settling = None
        screen = self.emulator.screen
        self._session.resize(screen.rows, screen.columns)

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        if event.key in _SCROLL_KEYS:
            event.stop()
            page = max(self.size.height - 1, 1)
            to = {
                "shift+pageup": self.back + page,
                "shift+pagedown": self.back - page,
                "shift+home": len(self.emulator.screen.history),
                "shift+end": 0,
            }[event.key]
            self._look_back(to)
            return
        if event.key in ("ctrl+shift+c", "super+c"):
            event.stop()
            self.copy()
            return
        if event.key in ("ctrl+shift+v", "shift+insert"):
            event.stop()
            self._paste(self.app.clipboard)
            return
        data = encode(event.key, event.character, self.emulator.screen.application_cursor)
        if data is None:
            return
        event.stop()
        event.prevent_default()
        self._select(None)
        self._look_back(0)
        self._session.key(data)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._paste(event.text)

    def _paste(self, text: str) -> None:
        """As xterm pastes: a newline is the Enter key, and no control character comes along."""
        text = _UNPASTED.sub("", text.replace("\r\n", "\r").replace("\n", "\r"))
        if text:
            self._look_back(0)
            bracketed = self.emulator.screen.bracketed_paste
            self._session.paste(text.encode("utf-8", "replace"), bracketed)

    # Looking back, selecting

    def _look_back(self, lines: int) -> None:
        screen = self.emulator.screen
        lines = 0 if screen.alternate else min(max(lines, 0), len(screen.history))
        if lines != self.back:
            self.back = lines
            self.refresh()
            self.post_message(self.Scrolled(lines))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def _wheel(self, event: events.MouseEvent, way: int) -> None:
        """The wheel looks back; in a full-screen program it is arrow keys, as in xterm."""
        event.stop()
        screen = self.emulator.screen
        if screen.alternate:
            key = encode("up" if way < 0 else "down", None, screen.application_cursor)
            for _ in range(_WHEEL):
                self._session.key(key or b"")
        else:
            self._look_back(self.back - way * _WHEEL)

    def _at(self, offset: Offset) -> tuple[int, int]:
        """The line and cell under the mouse."""
        screen = self.emulator.screen
        y = min(max(offset.y, 0), screen.rows - 1)
        x = min(max(offset.x, 0), screen.columns - 1)
        return screen.scrolled - self.back + y, x

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        if event.button == 1:
            self._select(None)
            self._anchor = self._at(event.offset)
            self.capture_mouse()
        elif event.button == 2:
            self._paste(self.app.clipboard)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._anchor is None:
            return
        event.stop()
        if event.y < 0:
            self._look_back(self.back + 1)
        elif event.y >= self.size.height:
            self._look_back(self.back - 1)
        here = self._at(event.offset)
        if here != self._anchor or self._selection is not None:
            self._select((self._anchor, here))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        if self._anchor is None:
            return
        self._anchor = None
        self.release_mouse()
        self.copy()

    def on_click(self, event: events.Click) -> None:
        """Twice takes the word, three times the line."""
        event.stop()
        if event.chain < 2:
            return
        line, x = self._at(event.offset)
        row = self.emulator.screen.line(line)
        if row is None:
            return
        start, end = 0, len(row.chars) - 1
        if event.chain == 2:
            start, end = _word(row.chars, x)
        self._select(((line, start), (line, end)))
        self.copy()

    def _select(self, selection: tuple[tuple[int, int], tuple[int, int]] | None) -> None:
        if selection != self._selection:
            self._selection = selection
            self.refresh()

    def _selected(self, number: int) -> tuple[int, int] | None:
        """The selected cells of a line, end exclusive."""
        if self._selection is None:
            return None
        (first, from_x), (last, to_x) = sorted(self._selection)
        if not first <= number <= last:
            return None
        start = from_x if number == first else 0
        return start, to_x + 1 if number == last else self.emulator.screen.columns

    def copy(self) -> None:
        """Put the selected text on the clipboard, as plain text."""
        if self._selection is None:
            return
        text = self.emulator.screen.copy(*self._selection)
        if text:
            self.app.copy_to_clipboard(text)
            self.post_message(self.Copied(text))


def _word(chars: list[str], x: int) -> tuple[int, int]:
    """The first and last cell of the word (a path counts as one) around cell ``x``."""

    def inside(char: str) -> bool:
        return char == "" or char.isalnum() or char in "_-./~+:@%"

    if x >= len(chars) or not inside(chars[x]):
        return x, x
    start = end = x
    while start and inside(chars[start - 1]):
        start -= 1
    while end + 1 < len(chars) and inside(chars[end + 1]):
        end += 1
    return start, end

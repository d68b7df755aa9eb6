"""The screen of a VT220 with xterm's usual extensions, as a grid of cells.

It answers nothing (no DA, no DSR): what a player's emulator says must not depend on the emulator,
or a recorded run would not replay. Coordinates inside are 0-based; sequences are 1-based.

Sources: ECMA-48; VT220 and VT510 manuals; ctlseqs (xterm); console_codes(4).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from minios.tui.terminal.cells import PLAIN, Look, Row, width
from minios.tui.terminal.colours import rendition

HISTORY = 5000
"""Lines kept of what scrolled off."""

_MARKS_PER_CELL = 4

_LINE_DRAWING = str.maketrans("`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")


@dataclass(slots=True)
class _Saved:
    """What DECSC keeps."""

    x: int = 0
    y: int = 0
    look: Look = PLAIN
    charsets: tuple[bool, bool] = (False, False)
    shifted: int = 0
    origin: bool = False


class Screen:
    """A `parser.Sink`. ``dirty`` holds the rows to paint anew; whoever paints clears it."""

    def __init__(self, columns: int, rows: int, history: int = HISTORY) -> None:
        self.columns = max(columns, 1)
        self.rows = max(rows, 1)
        self.history: deque[Row] = deque(maxlen=history)
        self.scrolled = 0
        """Rows that ever went into history: row y of the screen is line ``scrolled + y``."""
        self.dirty: set[int] = set()
        self.bells = 0
        self.reset()

    def reset(self) -> None:
        """RIS: as when switched on. History stays."""
        self.grid = self._blank_grid()
        self._other = self._blank_grid()
        self.alternate = False
        self.x = self.y = 0
        self.look = PLAIN
        self.top, self.bottom = 0, self.rows - 1
        self.cursor_visible = True
        self.cursor_shape = 0
        self.application_cursor = False
        self.application_keypad = False
        self.bracketed_paste = False
        self.reversed = False
        self._wrap_next = False
        self._autowrap = True
        self._insert = False
        self._newline = False
        self._origin = False
        self._charsets = (False, False)  # G0, G1: line drawing?
        self._shifted = 0
        self._saved = _Saved()
        self._saved_other = _Saved()
        self._tabs = set(range(8, self.columns, 8))
        self._last = ""
        self.all_dirty()

    def all_dirty(self) -> None:
        self.dirty.update(range(self.rows))

    # What the parser calls

    def text(self, data: str) -> None:
        self._last = data[-1]
        if self._charsets[self._shifted]:
            data = data.translate(_LINE_DRAWING)
        if data.isascii() and not self._insert:
            self._put_ascii(data)
        else:
            for char in data:
                self._put(char)

    def control(self, char: str) -> None:
        if char == "\n" or char in "\x0b\x0c":
            self.line_feed()
            if self._newline:
                self.x = 0
        elif char == "\r":
            self.x = 0
            self._wrap_next = False
        elif char == "\b":
            self._move(self.x - 1, self.y)
        elif char == "\t":
            self._tab(1)
        elif char == "\x07":
            self.bells += 1
        elif char == "\x0e":
            self._shifted = 1
        elif char == "\x0f":
            self._shifted = 0

    def escape(self, intermediates: str, final: str) -> None:
        if intermediates in ("(", ")"):
            drawing = final == "0"
            g0, g1 = self._charsets
            self._charsets = (drawing, g1) if intermediates == "(" else (g0, drawing)
        elif intermediates == "#" and final == "8":
            self._alignment()
        elif not intermediates:
            handler = _ESCAPES.get(final)
            if handler:
                handler(self)

    def csi(self, params: str, intermediates: str, final: str) -> None:
        marker = params[:1] if params[:1] in tuple("<=>?") else ""
        body = params[len(marker) :]
        if not set(body) <= set("0123456789:;"):
            return
        if final == "m" and not marker and not intermediates:
            self.look = rendition(body, self.look)
            return
        numbers = [min(int(part.partition(":")[0] or 0), 9999) for part in body.split(";") if body]
        if final in "hl" and not intermediates and marker in ("", "?"):
            for number in numbers:
                self._mode(marker, number, final == "h")
        elif intermediates == " " and final == "q":
            self.cursor_shape = numbers[0] if numbers else 0
            self.dirty.add(self.y)
        elif intermediates == "!" and final == "p":
            self._soft_reset()
        elif not marker and not intermediates:
            handler = _SEQUENCES.get(final)
            if handler:
                handler(self, numbers)

    # Writing

    def _put_ascii(self, data: str) -> None:
        at, length = 0, len(data)
        while at < length:
            if self._wrap_next:
                self._wrap()
            room = self.columns - self.x
            count = min(room, length - at)
            row = self.grid[self.y]
            end = self.x + count
            row.cut(self.x)
            row.cut(end)
            row.chars[self.x : end] = data[at : at + count]
            row.looks[self.x : end] = [self.look] * count
            self.dirty.add(self.y)
            at += count
            if end < self.columns:
                self.x = end
            else:
                self.x = self.columns - 1
                self._wrap_next = self._autowrap
                if not self._autowrap and at < length:
                    at = length - 1  # only the last of the rest stays visible

    def _put(self, char: str) -> None:
        cells = width(char)
        if cells < 0 or cells > self.columns:
            return
        if cells == 0:
            self._combine(char)
            return
        if self._wrap_next:
            self._wrap()
        if self.x + cells > self.columns:  # a wide character does not fit the last cell
            if self._autowrap:
                self.grid[self.y].fill(self.x, self.columns, self._blank)
                self._wrap()
            else:
                self.x = self.columns - cells
        row = self.grid[self.y]
        if self._insert:
            self._insert_chars(cells)
        end = self.x + cells
        row.cut(self.x)
        row.cut(end)
        row.chars[self.x] = char
        row.looks[self.x] = self.look
        if cells == 2:
            row.chars[self.x + 1] = ""
            row.looks[self.x + 1] = self.look
            row.wide = True
        self.dirty.add(self.y)
        if end < self.columns:
            self.x = end
        else:
            self.x = self.columns - 1
            self._wrap_next = self._autowrap

    def _combine(self, mark: str) -> None:
        """Put a combining mark on the character before the cursor."""
        row = self.grid[self.y]
        at = self.x if self._wrap_next else self.x - 1
        if at > 0 and row.chars[at] == "":
            at -= 1
        if at >= 0 and len(row.chars[at]) <= _MARKS_PER_CELL:
            row.chars[at] += mark
            self.dirty.add(self.y)

    def _wrap(self) -> None:
        self.grid[self.y].wrapped = True
        self.x = 0
        self.line_feed()

    @property
    def _blank(self) -> Look:
        """The look of erased cells: the background and nothing else (xterm's bce)."""
        return PLAIN if self.look.bg == "default" else Look(bg=self.look.bg)

    def _blank_grid(self) -> list[Row]:
        return [Row(self.columns) for _ in range(self.rows)]

    # Moving

    def _move(self, x: int, y: int) -> None:
        self._wrap_next = False
        self.x = min(max(x, 0), self.columns - 1)
        self.y = min(max(y, 0), self.rows - 1)

    def _vertical(self, rows: int) -> None:
        """CUU and CUD: the margins stop the cursor when it starts between them."""
        low = self.top if self.y >= self.top else 0
        high = self.bottom if self.y <= self.bottom else self.rows - 1
        self._move(self.x, min(max(self.y + rows, low), high))

    def _line(self, rows: int) -> None:
        """CNL and CPL."""
        self._vertical(rows)
        self._move(0, self.y)

    def _position(self, row: int, column: int) -> None:
        if self._origin:
            self._move(column - 1, min(self.top + max(row, 1) - 1, self.bottom))
        else:
            self._move(column - 1, row - 1)

    def _tab(self, count: int) -> None:
        x = self.x
        stops = sorted(self._tabs)
        for _ in range(min(abs(count), self.columns)):
            if count > 0:
                x = next((stop for stop in stops if stop > x), self.columns - 1)
            else:
                x = next((stop for stop in reversed(stops) if stop < x), 0)
        self._move(x, self.y)

    def line_feed(self) -> None:
        """IND: one down, and scroll at the bottom margin."""
        self._wrap_next = False
        if self.y == self.bottom:
            self._scroll_up(1)
        elif self.y < self.rows - 1:
            self.y += 1

    def _reverse_line_feed(self) -> None:
        self._wrap_next = False
        if self.y == self.top:
            self._scroll_down(self.top, 1)
        elif self.y > 0:
            self.y -= 1

    def _next_line(self) -> None:
        self.x = 0
        self.line_feed()

    def _scroll_up(self, count: int, top: int | None = None) -> None:
        keep = top is None and self.top == 0 and not self.alternate
        top = self.top if top is None else top
        for _ in range(min(count, self.bottom - top + 1)):
            row = self.grid.pop(top)
            if keep:
                self.remember(row)
            self.grid.insert(self.bottom, Row(self.columns, self._blank))
        self.dirty.update(range(top, self.bottom + 1))

    def _scroll_down(self, top: int, count: int) -> None:
        for _ in range(min(count, self.bottom - top + 1)):
            del self.grid[self.bottom]
            self.grid.insert(top, Row(self.columns, self._blank))
        self.dirty.update(range(top, self.bottom + 1))

    def remember(self, row: Row) -> None:
        """A row goes into history."""
        self.history.append(row.trimmed())
        self.scrolled += 1

    # Editing

    def _erase_display(self, how: int) -> None:
        if how == 0:
            self._erase_line(0)
            rows = range(self.y + 1, self.rows)
        elif how == 1:
            self._erase_line(1)
            rows = range(self.y)
        elif how in (2, 3):
            rows = range(self.rows) if how == 2 else range(0)
            if how == 3:
                self.history.clear()
                self.all_dirty()
        else:
            return
        for y in rows:
            self.grid[y] = Row(self.columns, self._blank)
        self.dirty.update(rows)

    def _erase_line(self, how: int) -> None:
        start, end = {0: (self.x, self.columns), 1: (0, self.x + 1), 2: (0, self.columns)}.get(
            how, (0, 0)
        )
        row = self.grid[self.y]
        row.fill(start, end, self._blank)
        if end == self.columns:
            row.wrapped = False
        self._wrap_next = False
        self.dirty.add(self.y)

    def _erase_chars(self, count: int) -> None:
        self.grid[self.y].fill(self.x, self.x + count, self._blank)
        self._wrap_next = False
        self.dirty.add(self.y)

    def _insert_chars(self, count: int) -> None:
        row = self.grid[self.y]
        count = min(count, self.columns - self.x)
        row.cut(self.x)
        row.chars[self.x : self.x] = [" "] * count
        row.looks[self.x : self.x] = [self._blank] * count
        row.resize(self.columns)
        self._wrap_next = False
        self.dirty.add(self.y)

    def _delete_chars(self, count: int) -> None:
        row = self.grid[self.y]
        count = min(count, self.columns - self.x)
        row.cut(self.x)
        row.cut(self.x + count)
        del row.chars[self.x : self.x + count], row.looks[self.x : self.x + count]
        row.chars += [" "] * count
        row.looks += [self._blank] * count
        self._wrap_next = False
        self.dirty.add(self.y)

    def _insert_lines(self, count: int) -> None:
        if self.top <= self.y <= self.bottom:
            self._scroll_down(self.y, count)
            self._move(0, self.y)

    def _delete_lines(self, count: int) -> None:
        if self.top <= self.y <= self.bottom:
            self._scroll_up(count, self.y)
            self._move(0, self.y)

    def _repeat(self, count: int) -> None:
        if self._last:
            self.text(self._last * min(count, self.columns * self.rows))

    def _alignment(self) -> None:
        self.top, self.bottom = 0, self.rows - 1
        for row in self.grid:
            row.chars[:] = ["E"] * self.columns
            row.looks[:] = [PLAIN] * self.columns
            row.wide = False
        self._move(0, 0)
        self.all_dirty()

    # Modes

    def _margins(self, numbers: list[int]) -> None:
        top = max(_first(numbers, 1), 1)
        bottom = min(_first(numbers[1:], self.rows), self.rows)
        if top < bottom:
            self.top, self.bottom = top - 1, bottom - 1
            self._position(1, 1)

    def _mode(self, marker: str, number: int, on: bool) -> None:
        if marker == "":
            if number == 4:
                self._insert = on
            elif number == 20:
                self._newline = on
        elif number == 1:
            self.application_cursor = on
        elif number == 5:
            self.reversed = on
            self.all_dirty()
        elif number == 6:
            self._origin = on
            self._position(1, 1)
        elif number == 7:
            self._autowrap = on
        elif number == 25:
            self.cursor_visible = on
            self.dirty.add(self.y)
        elif number == 2004:
            self.bracketed_paste = on
        elif number == 1048:
            self._save() if on else self._restore()
        elif number in (47, 1047, 1049):
            self._switch(number, on)

    def _switch(self, number: int, on: bool) -> None:
        """To the alternate screen and back; 1049 saves the cursor and clears, 1047 clears."""
        if on == self.alternate:
            return
        if number == 1049 and on:
            self._save()
        self.grid, self._other = self._other, self.grid
        self._saved, self._saved_other = self._saved_other, self._saved
        self.alternate = on
        if on and number != 47:
            self.grid = self._blank_grid()
        if number == 1049 and not on:
            self._restore()
        self.all_dirty()

    def _save(self) -> None:
        self._saved = _Saved(self.x, self.y, self.look, self._charsets, self._shifted, self._origin)

    def _restore(self) -> None:
        saved = self._saved
        self.look, self._charsets, self._shifted = saved.look, saved.charsets, saved.shifted
        self._origin = saved.origin
        self._move(saved.x, saved.y)

    def _soft_reset(self) -> None:
        """DECSTR."""
        self.cursor_visible, self._autowrap = True, True
        self._insert = self._origin = self.application_cursor = self.application_keypad = False
        self.top, self.bottom = 0, self.rows - 1
        self.look, self._charsets, self._shifted = PLAIN, (False, False), 0
        self._saved = _Saved()
        self.dirty.add(self.y)

    def _keypad(self, on: bool) -> None:
        self.application_keypad = on

    def _tab_stop(self, number: int) -> None:
        if number == 0:
            self._tabs.discard(self.x)
        elif number == 3:
            self._tabs.clear()

    # Size

    def resize(self, columns: int, rows: int) -> None:
        """A new size, as xterm does it: rows leave through the top into history and return.

        Lines are cut, not wrapped anew: the shell redraws its own line on SIGWINCH.
        """
        columns, rows = max(columns, 1), max(rows, 1)
        if (columns, rows) == (self.columns, self.rows):
            return
        main = self._other if self.alternate else self.grid
        other = self.grid if self.alternate else self._other
        cursor = self._saved_other if self.alternate else self
        moved = self._fit(main, columns, rows, cursor.y)
        cursor.y += moved
        if not self.alternate:
            self._saved.y += moved
        for row in other:
            row.resize(columns)
        del other[rows:]
        other += [Row(columns) for _ in range(rows - len(other))]
        self._tabs |= set(range(-(-self.columns // 8) * 8, columns, 8))
        self.columns, self.rows = columns, rows
        self.top, self.bottom = 0, rows - 1
        self._move(self.x, self.y)
        self.dirty = set(range(rows))

    def _fit(self, grid: list[Row], columns: int, rows: int, cursor: int) -> int:
        """Give the main grid its size; how far the cursor's row moved down."""
        while len(grid) > rows and len(grid) - 1 > cursor and not grid[-1].text():
            grid.pop()
        moved = 0
        while len(grid) > rows:
            self.remember(grid.pop(0))
            moved -= 1
        while len(grid) < rows and self.history:
            grid.insert(0, self.history.pop())
            self.scrolled -= 1
            moved += 1
        grid += [Row(columns) for _ in range(rows - len(grid))]
        for row in grid:
            row.resize(columns)
        return moved

    # Reading

    def line(self, number: int) -> Row | None:
        """Line ``number`` counted from the first ever; None when it is gone or not yet."""
        y = number - self.scrolled
        if 0 <= y < self.rows:
            return self.grid[y]
        if -len(self.history) <= y < 0:
            return self.history[y]
        return None

    def copy(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        """The text from ``(line, x)`` up to and including ``(line, x)``."""
        (first, from_x), (last, to_x) = sorted((start, end))
        parts: list[str] = []
        for number in range(first, last + 1):
            row = self.line(number)
            if row is None:
                continue
            left = from_x if number == first else 0
            right = to_x + 1 if number == last else None
            parts.append(row.text(left, right))
            if number != last and not row.wrapped:
                parts.append("\n")
        return "".join(parts)


def _first(numbers: list[int], default: int) -> int:
    """The first parameter; absent and 0 both mean ``default``."""
    return (numbers[0] if numbers else 0) or default


def _how(numbers: list[int]) -> int:
    return numbers[0] if numbers else 0


_ESCAPES: dict[str, Callable[[Screen], object]] = {
    "7": Screen._save,
    "8": Screen._restore,
    "D": Screen.line_feed,
    "E": Screen._next_line,
    "H": lambda s: s._tabs.add(s.x),
    "M": Screen._reverse_line_feed,
    "c": Screen.reset,
    "=": lambda s: s._keypad(True),
    ">": lambda s: s._keypad(False),
}

_SEQUENCES: dict[str, Callable[[Screen, list[int]], object]] = {
    "@": lambda s, n: s._insert_chars(_first(n, 1)),
    "A": lambda s, n: s._vertical(-_first(n, 1)),
    "B": lambda s, n: s._vertical(_first(n, 1)),
    "C": lambda s, n: s._move(s.x + _first(n, 1), s.y),
    "D": lambda s, n: s._move(s.x - _first(n, 1), s.y),
    "E": lambda s, n: s._line(_first(n, 1)),
    "F": lambda s, n: s._line(-_first(n, 1)),
    "G": lambda s, n: s._move(_first(n, 1) - 1, s.y),
    "H": lambda s, n: s._position(_first(n, 1), _first(n[1:], 1)),
    "I": lambda s, n: s._tab(_first(n, 1)),
    "J": lambda s, n: s._erase_display(_how(n)),
    "K": lambda s, n: s._erase_line(_how(n)),
    "L": lambda s, n: s._insert_lines(_first(n, 1)),
    "M": lambda s, n: s._delete_lines(_first(n, 1)),
    "P": lambda s, n: s._delete_chars(_first(n, 1)),
    "S": lambda s, n: s._scroll_up(_first(n, 1)),
    "T": lambda s, n: s._scroll_down(s.top, _first(n, 1)),
    "X": lambda s, n: s._erase_chars(_first(n, 1)),
    "Z": lambda s, n: s._tab(-_first(n, 1)),
    "`": lambda s, n: s._move(_first(n, 1) - 1, s.y),
    "a": lambda s, n: s._move(s.x + _first(n, 1), s.y),
    "b": lambda s, n: s._repeat(_first(n, 1)),
    "d": lambda s, n: s._position(_first(n, 1), s.x + 1),
    "e": lambda s, n: s._vertical(_first(n, 1)),
    "f": lambda s, n: s._position(_first(n, 1), _first(n[1:], 1)),
    "g": lambda s, n: s._tab_stop(_how(n)),
    "r": lambda s, n: s._margins(n),
    "s": lambda s, n: s._save(),
    "u": lambda s, n: s._restore(),
}

"""Drawing an edited line on a terminal with as few bytes as it takes.

Positions are *cells* counted from the start of the prompt's last line, row after row: cell ``c`` is
in row ``c // columns``. A cursor is never left in the last column behind a character, where
terminals differ; after a full row it goes on to the next one.
"""

from minios.userland.lib.utf8 import encode, stray, width


def shown(char: str) -> str:
    """How a character of the line is drawn; a newline breaks the row."""
    code = ord(char)
    if code < 0x20 and char != "\n":
        return "^" + chr(code + 0x40)
    if code == 0x7F:
        return "^?"
    if stray(char) or 0x80 <= code < 0xA0:
        return "?"
    return char


def escape_free_width(text: str) -> int:
    """Cells that a prompt line takes: escape sequences and ``\\x01 … \\x02`` take none."""
    cells = 0
    at = 0
    hidden = False
    while at < len(text):
        char = text[at]
        if char == "\x01":
            hidden = True
        elif char == "\x02":
            hidden = False
        elif char == "\x1b" and text[at + 1 : at + 2] == "[":
            at += 2
            while at < len(text) and not "@" <= text[at] <= "~":
                at += 1
        elif char == "\x1b" and text[at + 1 : at + 2] == "]":
            end = text.find("\x07", at)
            at = len(text) if end < 0 else end
        elif not hidden:
            cells += max(width(char), 0)
        at += 1
    return cells


class Display:
    """What is on the screen of one line that is edited. ``take`` gives the bytes to send."""

    def __init__(self, columns: int) -> None:
        self.columns = max(columns, 2)
        self._out: list[str] = []
        self._start = 0
        self._cells: list[int] = [0]
        self._cursor = 0
        self._drawn = 0

    def take(self) -> bytes:
        """The bytes that bring the screen up to date."""
        text = "".join(self._out)
        self._out.clear()
        return encode(text)

    def prompt(self, text: str) -> None:
        """Write a prompt at the cursor, which is in the first column; the line begins behind it."""
        head, newline, last = text.rpartition("\n")
        visible = (head + newline + last).replace("\x01", "").replace("\x02", "")
        self._out.append(visible)
        self._start = escape_free_width(last)
        self._cells = [self._start]
        self._cursor = self._drawn = self._start
        if self._start and self._start % self.columns == 0:
            self._out.append("\n")

    def _advance(self, cell: int, char: str) -> int:
        """The cell behind ``char`` when it is drawn at or after ``cell``."""
        if char == "\n":
            return (cell // self.columns + 1) * self.columns
        picture = shown(char)
        wide = sum(max(width(c), 0) for c in picture)
        if wide == 2 and len(picture) == 1 and cell % self.columns == self.columns - 1:
            cell += 1
        return cell + wide

    def draw(self, text: list[str], first: int, point: int) -> None:
        """Show ``text``, which is new from index ``first`` on, with the cursor at ``point``."""
        cells = self._cells
        first = min(first, len(cells) - 1)
        del cells[first + 1 :]
        if first < len(text) or self._drawn > cells[first]:
            self._move(cells[first])
            self._write(text, first)
        self._move(cells[point])

    def _write(self, text: list[str], first: int) -> None:
        out, cells, columns = self._out, self._cells, self.columns
        cell = cells[first]
        for char in text[first:]:
            after = self._advance(cell, char)
            if char == "\n":
                out.append("\x1b[K\n")
            else:
                picture = shown(char)
                if len(picture) == 1 and after - cell == 3:
                    out.append(" ")  # a wide character does not fit into the last column
                out.append(picture)
            cell = after
            cells.append(cell)
        self._cursor = cell
        if cell and cell % columns == 0 and first < len(text) and text[-1] != "\n":
            out.append("\n")
        if self._drawn > cell:
            out.append("\x1b[J")
        self._drawn = cell

    def _move(self, cell: int) -> None:
        old_row, old_column = divmod(self._cursor, self.columns)
        row, column = divmod(cell, self.columns)
        out = self._out
        if row < old_row:
            out.append(f"\x1b[{old_row - row}A")
        elif row > old_row:
            out.append(f"\x1b[{row - old_row}B")
        distance = column - old_column
        if not column and distance:
            out.append("\r")
        elif -4 < distance < 0:
            out.append("\b" * -distance)
        elif distance < 0:
            out.append(f"\x1b[{-distance}D")
        elif distance > 0:
            out.append(f"\x1b[{distance}C")
        self._cursor = cell

    def finish(self) -> None:
        """Leave the cursor in the first column of the row below the line."""
        self._move(self._cells[-1])
        if self._cells[-1] % self.columns or self._cells[-1] == 0:
            self._out.append("\n")
        elif self._cells[-1] == self._start:
            pass

    def erase(self) -> None:
        """Forget the drawing: the cursor at the prompt's row, everything below cleared."""
        self._move(0)
        self._out.append("\x1b[J")

    def clear_screen(self) -> None:
        self._out.append("\x1b[H\x1b[2J")

    def bell(self) -> None:
        self._out.append("\a")

    def text(self, text: str) -> None:
        """Raw text; only between :meth:`finish` and the next :meth:`prompt`."""
        self._out.append(text)

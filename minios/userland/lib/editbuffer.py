"""The text an editor holds: lines, a cursor, undo, searching.

A place is (line, column) with both counted from 0 and columns in characters. The last line is
empty and stands for the newline at the end of the file, as in nano.
"""

from dataclasses import dataclass, field

from minios.userland.lib.utf8 import decode, encode, stray, width

Place = tuple[int, int]
TAB = 8
UNDO_MAX = 1000
UNDO_SIZE = 2 << 20
"""How many changes can be undone, and the characters they may keep."""


@dataclass(slots=True)
class Change:
    """Lines that were replaced from ``line`` on, and where the cursor was before and after."""

    line: int
    old: list[str]
    new: list[str]
    before: Place
    after: Place
    kind: str = ""

    @property
    def size(self) -> int:
        """Characters it keeps."""
        return sum(map(len, self.old)) + sum(map(len, self.new))


@dataclass(slots=True)
class Buffer:
    """A text being edited."""

    lines: list[str] = field(default_factory=lambda: [""])
    line: int = 0
    column: int = 0
    wanted: int = 0
    """The cell that moving up and down tries to keep."""
    modified: bool = False
    done: list[Change] = field(default_factory=list)
    undone: list[Change] = field(default_factory=list)
    kept: int = 0
    """Characters that all of ``done`` keep."""
    saved_at: int = 0
    """How many changes were done when the text was last written."""

    @classmethod
    def of(cls, data: bytes) -> "Buffer":
        text = decode(data)
        lines = text.split("\n")
        if lines[-1]:
            lines.append("")
        return cls(lines)

    def data(self) -> bytes:
        """The text as it goes to the file; its last line has a newline."""
        return encode("\n".join(self.lines))

    @property
    def count(self) -> int:
        """How many lines the file has."""
        return len(self.lines) - 1

    @property
    def current(self) -> str:
        return self.lines[self.line]

    # -- cells ---------------------------------------------------------------------------------

    def cell(self, line: int, column: int) -> int:
        """The cell where a character of a line begins."""
        at = 0
        for char in self.lines[line][:column]:
            at += char_width(char, at)
        return at

    def column_at(self, line: int, cell: int) -> int:
        """The character that stands at a cell, or the end of the line."""
        at = 0
        for column, char in enumerate(self.lines[line]):
            at += char_width(char, at)
            if at > cell:
                return column
        return len(self.lines[line])

    # -- moving --------------------------------------------------------------------------------

    def go(self, line: int, column: int) -> None:
        """Put the cursor somewhere, at the nearest place that exists."""
        self.line = max(min(line, len(self.lines) - 1), 0)
        self.column = max(min(column, len(self.current)), 0)
        self.wanted = self.cell(self.line, self.column)

    def vertically(self, step: int) -> None:
        """Up or down by lines, in the same cell where that can be."""
        wanted = self.wanted
        self.line = max(min(self.line + step, len(self.lines) - 1), 0)
        self.column = self.column_at(self.line, wanted)
        self.wanted = wanted

    def left(self) -> None:
        if self.column:
            column = self.column - 1
            while column and not width(self.current[column]):
                column -= 1
            self.go(self.line, column)
        elif self.line:
            self.go(self.line - 1, len(self.lines[self.line - 1]))

    def right(self) -> None:
        if self.column < len(self.current):
            column = self.column + 1
            while column < len(self.current) and not width(self.current[column]):
                column += 1
            self.go(self.line, column)
        elif self.line < len(self.lines) - 1:
            self.go(self.line + 1, 0)

    def word_right(self) -> None:
        """To the beginning of the next word."""
        line, column = self.line, self.column
        text = self.lines[line]
        while column < len(text) and _in_word(text[column]):
            column += 1
        while True:
            while column < len(text) and not _in_word(text[column]):
                column += 1
            if column < len(text) or line == len(self.lines) - 1:
                break
            line, column = line + 1, 0
            text = self.lines[line]
        self.go(line, column)

    def word_left(self) -> None:
        """To the beginning of this or the previous word."""
        line, column = self.line, self.column
        text = self.lines[line]
        while True:
            while column and not _in_word(text[column - 1]):
                column -= 1
            if column or not line:
                break
            line -= 1
            text = self.lines[line]
            column = len(text)
        while column and _in_word(text[column - 1]):
            column -= 1
        self.go(line, column)

    # -- changing ------------------------------------------------------------------------------

    def replace(self, line: int, count: int, new: list[str], after: Place, kind: str = "") -> None:
        """Put ``new`` in the place of ``count`` lines; the cursor goes to ``after``."""
        old = self.lines[line : line + count]
        change = Change(line, old, list(new), (self.line, self.column), after, kind)
        self.lines[line : line + count] = new
        if self.lines[-1]:
            self.lines.append("")
            change.new = [*change.new, ""]
        last = self.done[-1] if self.done else None
        joined = (
            kind
            and last is not None
            and last.kind == kind
            and last.after == change.before
            and last.line == line
            and len(last.new) == len(old) == 1
            and len(self.done) != self.saved_at
        )
        if joined and last is not None:
            self.kept -= last.size
            last.new, last.after = change.new, after
            self.kept += last.size
        else:
            self.done.append(change)
            self.kept += change.size
            while len(self.done) > UNDO_MAX or (self.kept > UNDO_SIZE and len(self.done) > 1):
                self.kept -= self.done.pop(0).size
                self.saved_at -= 1
        self.undone.clear()
        self.modified = True
        self.go(*after)

    def insert(self, text: str) -> None:
        """Put text, which may have newlines, in at the cursor."""
        line, column = self.line, self.column
        head, tail = self.current[:column], self.current[column:]
        parts = text.split("\n")
        new = list(parts)
        new[0] = head + new[0]
        end = len(new[-1])
        new[-1] += tail
        kind = "insert" if len(parts) == 1 and not text.isspace() else ""
        self.replace(line, 1, new, (line + len(parts) - 1, end), kind)

    def backspace(self) -> None:
        """Remove what stands before the cursor."""
        if self.line or self.column:
            self.left()
            self.delete("backspace")

    def delete(self, kind: str = "delete") -> None:
        """Remove what stands under the cursor."""
        line, column = self.line, self.column
        if column < len(self.current):
            end = column + 1
            while end < len(self.current) and not width(self.current[end]):
                end += 1
            new = self.current[:column] + self.current[end:]
            self.replace(line, 1, [new], (line, column), kind)
        elif line < len(self.lines) - 1 and not (line == len(self.lines) - 2 and self.current):
            self.replace(line, 2, [self.current + self.lines[line + 1]], (line, column))

    def cut_line(self) -> str | None:
        """Take the whole line out; None at the end of the text."""
        if self.line == len(self.lines) - 1 and not self.current:
            return None
        text = self.current + "\n"
        self.replace(self.line, 1, [], (self.line, 0))
        return text

    def undo(self) -> bool:
        """Take the last change back. False if there is none."""
        if not self.done:
            return False
        change = self.done.pop()
        self.kept -= change.size
        self.undone.append(change)
        self.lines[change.line : change.line + len(change.new)] = change.old
        self._after_undo(change.before)
        return True

    def redo(self) -> bool:
        if not self.undone:
            return False
        change = self.undone.pop()
        self.done.append(change)
        self.kept += change.size
        self.lines[change.line : change.line + len(change.old)] = change.new
        self._after_undo(change.after)
        return True

    def _after_undo(self, place: Place) -> None:
        if not self.lines or self.lines[-1]:
            self.lines.append("")
        self.modified = len(self.done) != self.saved_at
        self.go(*place)

    def written(self) -> None:
        """The text is on the disk as it is now."""
        self.modified = False
        self.saved_at = len(self.done)


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def char_width(char: str, at: int) -> int:
    """Cells that a character takes when it begins at cell ``at``."""
    if char == "\t":
        return TAB - at % TAB
    if stray(char):
        return 1
    size = width(char)
    return 2 if size < 0 else size


def shown(char: str, at: int) -> str:
    """A character as it is put on the screen."""
    if char == "\t":
        return " " * char_width(char, at)
    if stray(char):
        return "\ufffd"
    if width(char) < 0:
        code = ord(char)
        return "^" + chr(code ^ 64) if code < 128 else "^?"
    return char

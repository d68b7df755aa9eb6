"""What a screen is made of: cells with a look, in rows."""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from rich.cells import get_character_cell_size


class Look(NamedTuple):
    """The look of a cell. Colours: ``default``, one of the sixteen names, or ``#rrggbb``."""

    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    conceal: bool = False
    strike: bool = False


PLAIN = Look()


@lru_cache(4096)
def width(char: str) -> int:
    """Cells a character takes: 2, 1, 0 for a combining mark, -1 for what must not be shown.

    The last are controls and format characters (direction overrides, joiners, zero-width spaces):
    they would move the text of the player's own terminal about.
    """
    category = unicodedata.category(char)
    if category in ("Mn", "Me"):
        return 0
    if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return -1
    return max(1, get_character_cell_size(char))


class Row:
    """One line. The cell after a wide character holds the empty string.

    ``wrapped``: the text goes on in the next row (no newline when it is copied).
    """

    __slots__ = ("chars", "looks", "wide", "wrapped")

    def __init__(self, columns: int, look: Look = PLAIN) -> None:
        self.chars = [" "] * columns
        self.looks = [look] * columns
        self.wide = False
        self.wrapped = False

    @classmethod
    def of(cls, text: str) -> "Row":
        """A row holding ``text``, which has no wide characters cut at its end."""
        row = cls(0)
        for char in text:
            cells = width(char)
            if cells > 0:
                row.chars.append(char)
                row.looks.append(PLAIN)
            if cells == 2:
                row.chars.append("")
                row.looks.append(PLAIN)
                row.wide = True
        return row

    def fill(self, start: int, end: int, look: Look) -> None:
        """Blank the cells from ``start`` up to ``end``, and the other half of any cut character."""
        end = min(end, len(self.chars))
        if start >= end:
            return
        self.cut(start)
        self.cut(end)
        count = end - start
        self.chars[start:end] = [" "] * count
        self.looks[start:end] = [look] * count

    def cut(self, at: int) -> None:
        """Make sure no wide character straddles the border before cell ``at``."""
        if self.wide and 0 < at < len(self.chars) and self.chars[at] == "":
            self.chars[at - 1] = self.chars[at] = " "

    def resize(self, columns: int) -> None:
        """Cut or lengthen to ``columns``."""
        have = len(self.chars)
        if have > columns:
            self.cut(columns)
            del self.chars[columns:], self.looks[columns:]
        elif have < columns:
            self.chars += [" "] * (columns - have)
            self.looks += [PLAIN] * (columns - have)

    def trimmed(self) -> "Row":
        """Without the plain blanks at the end, which history need not keep."""
        end = len(self.chars)
        while end and self.chars[end - 1] == " " and self.looks[end - 1] is PLAIN:
            end -= 1
        del self.chars[end:], self.looks[end:]
        return self

    def text(self, start: int = 0, end: int | None = None) -> str:
        """What is written from cell ``start`` up to ``end``, without blanks at the end."""
        return "".join(self.chars[start:end]).rstrip(" ")

    def runs(self, columns: int) -> list[tuple[str, Look]]:
        """The row as stretches of one look, exactly ``columns`` cells."""
        chars, looks = self.chars, self.looks
        found: list[tuple[str, Look]] = []
        end = min(columns, len(chars))
        start = 0
        while start < end:
            look = looks[start]
            stop = start + 1
            while stop < end and looks[stop] is look:
                stop += 1
            found.append(("".join(chars[start:stop]), look))
            start = stop
        if self.wide and end and end < len(chars) and chars[end] == "":
            text, look = found[-1]
            found[-1] = (text[:-1] + " ", look)  # the last character would stick out
        if end < columns:
            found.append((" " * (columns - end), PLAIN))
        return found

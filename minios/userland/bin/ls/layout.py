"""Columns: how many fit, how wide each is, and the white space between them."""

from collections.abc import Sequence

MIN_WIDTH = 3
"""The narrowest column: a character of name and two of space."""


def fit(widths: Sequence[int], line: int, *, down: bool) -> list[int]:
    """The widths of the columns in which entries of ``widths`` fit a line, ``down`` or across.

    Every column but the last includes two characters of space. A ``line`` of 0 has no end.
    """
    count = len(widths)
    most = min(-(-line // MIN_WIDTH) if line else count, count)
    rows = -(-sum(widths) // line) if line else 1
    if rows > 1:  # fewer rows could not hold all names even without space between them
        most = min(most, (count - 1) // (rows - 1))
    for columns in range(most, 1, -1):
        found = _columns(widths, columns, line, down)
        if found is not None:
            return found
    return [max(MIN_WIDTH, *widths, 0)]


def _columns(widths: Sequence[int], columns: int, line: int, down: bool) -> list[int] | None:
    rows = -(-len(widths) // columns)
    found: list[int] = []
    total = 0
    for column in range(columns):
        if down:
            part = widths[column * rows : (column + 1) * rows]
        else:
            part = widths[column::columns]
        widest = max(part, default=0)
        if part and column < columns - 1:
            widest += 2
        widest = max(widest, MIN_WIDTH)
        found.append(widest)
        total += widest
        if line and total >= line:
            return None
    return found


def gap(start: int, end: int, tab: int) -> bytes:
    """White space from one column of the screen to another, with tabs where they save bytes."""
    if not tab:
        return b" " * (end - start)
    out = bytearray()
    while start < end:
        if end // tab > (start + 1) // tab:
            out += b"\t"
            start += tab - start % tab
        else:
            out += b" "
            start += 1
    return bytes(out)

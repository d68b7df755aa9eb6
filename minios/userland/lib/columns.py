"""Tables with a column each for what was asked, as libsmartcols prints them; a tree if wanted."""

from collections.abc import Sequence
from typing import NamedTuple


class Column(NamedTuple):
    """A heading; ``right`` aligns to the right."""

    name: bytes
    right: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[bytes]], *, headings: bool = True
) -> bytes:
    """The lines of a table. A cell of several lines makes the row as high; the last column is not
    padded.
    """
    lines: list[list[bytes]] = [[column.name for column in columns]] if headings else []
    for row in rows:
        cells = [cell.split(b"\n") for cell in row]
        for at in range(max(map(len, cells), default=0)):
            lines.append([cell[at] if at < len(cell) else b"" for cell in cells])
    widths = [
        max((len(line[at].decode()) for line in lines), default=0) for at in range(len(columns))
    ]
    out = []
    for line in lines:
        parts = []
        for at, (cell, column) in enumerate(zip(line, columns, strict=True)):
            room = widths[at] - len(cell.decode())
            if column.right:
                parts.append(b" " * room + cell)
            elif at == len(columns) - 1:
                parts.append(cell)
            else:
                parts.append(cell + b" " * room)
        out.append(b" ".join(parts) + b"\n")
    return b"".join(out)


def branch(depth_last: Sequence[bool], *, ascii_only: bool = False) -> bytes:
    """The lines before a name in a tree: for each level below the root, whether it is the last."""
    if not depth_last:
        return b""
    down, fork, end = ("| ", "|-", "`-") if ascii_only else ("│ ", "├─", "└─")
    text = "".join("  " if last else down for last in depth_last[:-1])
    return (text + (end if depth_last[-1] else fork)).encode()

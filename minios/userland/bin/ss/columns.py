"""The table of ss: columns as wide as what is in them, spread over the width of a terminal."""

from __future__ import annotations

NETID, STATE, RECVQ, SENDQ, ADDR, SERV, RADDR, RSERV, PROCESS = range(9)

_HEADERS = (
    b"Netid", b"State", b"Recv-Q", b"Send-Q", b"Local Address:", b"Port", b"Peer Address:", b"Port",
    b"Process",
)  # fmt: skip
_BEFORE = (b"", b" ", b" ", b" ", b" ", b"", b" ", b"", b"")
_RIGHT = frozenset({ADDR, RADDR})

Row = list[bytes]


class Table:
    """Rows of nine cells. ``hidden`` columns are not shown."""

    def __init__(self, hidden: frozenset[int], *, header: bool) -> None:
        self.hidden = hidden
        self.rows: list[Row] = [list(_HEADERS)] if header else []

    def add(self, row: Row) -> None:
        self.rows.append(row)

    def _widths(self) -> list[int]:
        """What is in each column at most, with the blank before it unless it is the first."""
        widths = [0] * len(_HEADERS)
        first = True
        for at in range(len(_HEADERS)):
            if at in self.hidden:
                continue
            most = max((len(row[at]) for row in self.rows), default=0)
            widths[at] = most if first or not most else most + len(_BEFORE[at])
            if most:
                first = False
        return widths

    def text(self, screen: int | None) -> bytes:
        """All of it; ``screen`` is the width of the terminal, None for none."""
        widths = self._widths()
        if screen is not None:
            widths = spread([min(width, screen) for width in widths], screen)
        return b"".join(self._line(row, widths) for row in self.rows)

    def _line(self, row: Row, widths: list[int]) -> bytes:
        out = []
        first = True
        for at, cell in enumerate(row):
            width = widths[at]
            if not width:
                continue
            before = b"" if first else _BEFORE[at]
            room = width - len(before)
            out.append(before + (cell.rjust(room) if at in _RIGHT else cell.ljust(room)))
            first = False
        return b"".join(out) + b"\n"


def spread(widths: list[int], screen: int) -> list[int]:
    """Give the columns of each line of the terminal what is left of it (render_calc_width)."""
    widths = list(widths)
    shown = [at for at, width in enumerate(widths) if width]
    line: list[int] = []
    at = 0
    while at < len(shown):
        line.append(shown[at])
        length = sum(widths[column] for column in line)
        last = at == len(shown) - 1
        if not last and length < screen:
            at += 1
            continue
        if length > screen and len(line) > 1:
            line.pop()
            at -= 1
            length = sum(widths[column] for column in line)
        if length < screen:
            spacing, rest = divmod(screen - length, len(line))
            for column in reversed(line):
                widths[column] += spacing
                if rest:
                    widths[column] += 1
                    rest -= 1
        line = []
        at += 1
    return widths

"""wget's progress: dots, a row every 50K, or a bar on a terminal; and its numbers."""

from __future__ import annotations

DOT = 1024
CLUSTER, CLUSTERS = 10, 5
ROW = DOT * CLUSTER * CLUSTERS
SECOND = 1_000_000_000
NAME_WIDTH = 19
WIDTH = 80


def rate(count: int, ns: int) -> tuple[int, int]:
    """(thousandths, 1024s divided out) of the bytes a second."""
    value = count * 1000 * SECOND // max(ns, 1_000)
    units = 0
    while value >= 1024 * 1000 and units < 4:
        value //= 1024
        units += 1
    return value, units


def digits(thousandths: int) -> str:
    """Three digits that count, as wget has them."""
    if thousandths >= 99_950:
        return str((thousandths + 500) // 1000)
    if thousandths >= 9_995:
        tenths = (thousandths + 50) // 100
        return f"{tenths // 10}.{tenths % 10}"
    hundredths = (thousandths + 5) // 10
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def speed(count: int, ns: int) -> str:
    """``295 KB/s``."""
    value, units = rate(count, ns)
    return f"{digits(value)} {('B/s', 'KB/s', 'MB/s', 'GB/s', 'TB/s')[units]}"


def seconds(ns: int) -> str:
    """A short time: ``0``, ``0.04``, ``1.3``, ``12``."""
    ms = ns // 1_000_000
    if ms >= 9950:
        return str((ms + 500) // 1000)
    if ms >= 950:
        tenths = (ms + 50) // 100
        return f"{tenths // 10}.{tenths % 10}"
    for step in (100, 10, 1):
        if ms >= step:
            rounded = (ms + step // 2) // step * step
            return f"0.{rounded:03d}".rstrip("0") if rounded < 1000 else "1"
    return "0.001" if ns >= 500_000 else "0"


def short(total: int) -> str:
    """An estimate: ``0s``, ``1m10s``, ``2h3m``."""
    if total < 100:
        return f"{total}s"
    if total < 100 * 60:
        return f"{total // 60}m{total % 60}s"
    if total < 48 * 3600:
        return f"{total // 3600}h{total // 60 % 60}m"
    return f"{total // 86400}d{total // 3600 % 24}h"


def human(size: int) -> str:
    """``195K``, ``1.2M``."""
    if size < 1024:
        return str(size)
    unit = 0
    while size >> 10 * (unit + 1) >= 1024 and unit < 5:
        unit += 1
    tenths = (size * 10 + (1 << 10 * (unit + 1) - 1)) >> 10 * (unit + 1)
    letter = "KMGTPE"[unit]
    return (
        f"{tenths // 10}.{tenths % 10}{letter}" if tenths < 100 else f"{(tenths + 5) // 10}{letter}"
    )


class Dots:
    """Rows of dots. ``put`` returns what is to be printed."""

    __slots__ = ("_accumulated", "_column", "_row_start", "_rows", "start", "total")

    def __init__(self, total: int | None, skipped: int, now: int) -> None:
        self.total = total
        self.start = now
        self._row_start = now
        self._rows = 0
        self._column = 0
        self._accumulated = 0
        self._skip(skipped)

    def _skip(self, skipped: int) -> None:
        self._rows = skipped // ROW
        rest = skipped % ROW
        self._column = -(rest // DOT) if rest else 0
        self._accumulated = rest % DOT

    def begin(self) -> str:
        """What stands before the first dot."""
        text = ""
        if self._rows:
            text += f"\n        [ skipping {self._rows * 50}K ]"
        text += "\n" + f"{self._rows * 50:6d}K"
        commas, self._column = -self._column, 0
        for _ in range(commas):
            text += self._dot(",")
        return text

    def _dot(self, mark: str) -> str:
        text = " " if self._column % CLUSTER == 0 else ""
        self._column += 1
        return text + mark

    def put(self, count: int, now: int) -> str:
        """``count`` more bytes."""
        text = ""
        self._accumulated += count
        while self._accumulated >= DOT:
            self._accumulated -= DOT
            text += self._dot(".")
            if self._column == CLUSTER * CLUSTERS:
                text += self._stats(ROW, now, False)
                self._rows += 1
                self._column = 0
                self._row_start = now
                text += f"\n{self._rows * 50:6d}K"
        return text

    def _stats(self, count: int, now: int, last: bool) -> str:
        text = ""
        if self.total:
            done = self._rows * ROW + count
            text += f"{100 * done // self.total:3d}%"
        value, units = rate(
            count if not last else self._column * DOT + self._accumulated, now - self._row_start
        )
        text += f" {digits(value):>4}{' KMGT'[units]}"
        if last:
            spent = now - self.start
            if spent >= 10 * SECOND:
                return text + f"={short((spent + SECOND // 2) // SECOND)}"
            return text + f"={seconds(spent)}s"
        if self.total:
            done = self._rows * ROW + count
            left = max(self.total - done, 0) * (now - self.start) // max(done, 1)
            text += f" {short((left + SECOND // 2) // SECOND)}"
        return text

    def end(self, now: int) -> str:
        """The rest of the last row."""
        text = ""
        partial = self._column * DOT + self._accumulated
        for column in range(self._column, CLUSTER * CLUSTERS):
            if column % CLUSTER == 0:
                text += " "
            text += " "
        return text + self._stats(partial, now, True) + "\n\n"

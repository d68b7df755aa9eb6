"""curl's progress meter: two lines of titles and one that is written over."""

from __future__ import annotations

from minios.abi.sys import Sys
from minios.userland.lib.stdio import write_all

TITLES = (
    b"  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
    b"                                 Dload  Upload   Total   Spent    Left  Speed\n"
)
SECOND = 1_000_000_000


def amount(count: int) -> str:
    """A number of bytes in five columns."""
    if count < 100_000:
        return f"{count:5d}"
    if count < 10_000 << 10:
        return f"{count >> 10:4d}k"
    if count < 100 << 20:
        return f"{count >> 20:2d}.{(count & 0xFFFFF) // 104857:1d}M"
    if count < 10_000 << 20:
        return f"{count >> 20:4d}M"
    return f"{count >> 30:2d}.{(count & 0x3FFFFFFF) // 107374182:1d}G"


def clock(seconds: int) -> str:
    """A time in eight columns; nothing known is dashes."""
    if seconds <= 0:
        return "--:--:--"
    hours = seconds // 3600
    if hours <= 99:
        return f"{hours:2d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{hours // 24:3d}d {hours % 24:02d}h"


class Meter:
    """What has come and gone. ``total`` None: nobody has said how much it will be."""

    __slots__ = ("_shown", "_sys", "received", "sent", "start", "total", "upload")

    def __init__(self, sys: Sys, start: int) -> None:
        self._sys = sys
        self._shown = False
        self.start = start
        self.total: int | None = None
        self.upload = 0
        self.received = 0
        self.sent = 0

    def line(self, now: int) -> str:
        """The line as it stands at ``now`` (ns)."""
        spent = max(now - self.start, 1)
        down = self.received * SECOND // spent
        up = self.sent * SECOND // spent
        total = (self.total or 0) + self.upload
        moved = self.received + self.sent
        estimate = 0
        if self.total and down:
            estimate = self.total // down
        whole = spent // SECOND
        current = moved * SECOND // max(min(spent, 5 * SECOND), SECOND) if whole else 0
        if not whole:
            # In its first second curl divides by the ms that passed.
            current = moved * 1000 // max(spent // 1_000_000, 1)
        left = estimate - whole if estimate > whole else 0
        got = 100 if self.received else 0
        if self.total:
            got = self.received * 100 // self.total
        return (
            f"\r{moved * 100 // total if total else got:3d} "
            f"{amount((self.total or self.received) + self.upload)}  "
            f"{got:3d} {amount(self.received)}  "
            f"{self.sent * 100 // self.upload if self.upload else 0:3d} {amount(self.sent)}  "
            f"{amount(down)}  {amount(up)} {clock(estimate)} {clock(whole)} {clock(left)} "
            f"{amount(current)}"
        )

    async def begin(self) -> None:
        """The titles, and a line of zeros."""
        if not self._shown:
            await write_all(self._sys, 2, TITLES)
            self._shown = True
        await write_all(self._sys, 2, Meter(self._sys, self.start).line(self.start).encode())

    async def end(self, now: int) -> None:
        await write_all(self._sys, 2, self.line(now).encode() + b"\n")

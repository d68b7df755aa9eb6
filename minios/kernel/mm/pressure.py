"""Pressure stall information (PSI): how much of the time somebody waits for memory.

``some``: at least one process waits for a page that swap took, or for a frame. ``full``: and nobody
else runs. Totals are exact; the averages decay as the load average does (Documentation/accounting/
psi.rst).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

PERIOD = 2_000_000_000
"""ns between two updates of the averages."""
_ONE = 1 << 16
_DECAY = (53656, 63388, 65100)
"""exp(-2 s / window), in 1/65536, for windows of 10 s, 60 s and 300 s."""


class Pressure:
    """The figures of /proc/pressure/memory. Times are ns."""

    __slots__ = ("_averages", "_kernel", "_since", "_spent", "_stalled", "_updated", "total")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._stalled: dict[PCB, None] = {}
        self._since = 0
        self.total = 0
        self._spent = 0
        """``total`` when the averages were brought up to date last."""
        self._updated = kernel.world.now
        self._averages = [0, 0, 0]

    def begin(self, pcb: PCB) -> None:
        """A process begins to wait for memory."""
        if pcb not in self._stalled:
            if not self._stalled:
                self._roll()
                self._since = self._kernel.world.now
            self._stalled[pcb] = None

    def end(self, pcb: PCB) -> None:
        """It waits no more."""
        if pcb in self._stalled:
            del self._stalled[pcb]
            if not self._stalled:
                self.total += self._kernel.world.now - self._since
                self._roll()

    def _now(self) -> int:
        """The total up to this instant."""
        extra = self._kernel.world.now - self._since if self._stalled else 0
        return self.total + extra

    def _roll(self) -> None:
        self._averages, self._updated, self._spent = self._rolled()

    def _rolled(self) -> tuple[list[int], int, int]:
        """The averages, when they were true, and the total then; changes nothing."""
        now = self._kernel.world.now
        periods = (now - self._updated) // PERIOD
        if not periods:
            return self._averages, self._updated, self._spent
        stalled = self._now() - self._spent
        averages = list(self._averages)
        share = min(stalled * _ONE // (periods * PERIOD), _ONE)
        for index, decay in enumerate(_DECAY):
            kept = _ONE
            for _ in range(min(periods, 2000)):
                kept = kept * decay >> 16
            averages[index] = (averages[index] * kept + share * (_ONE - kept)) >> 16
        return averages, self._updated + periods * PERIOD, self._now()

    def text(self) -> bytes:
        """The file: percentages with two digits, the total in µs."""
        averages, _, _ = self._rolled()
        shown = [(a * 10000 + _ONE // 2) >> 16 for a in averages]
        some = b"avg10=%d.%02d avg60=%d.%02d avg300=%d.%02d" % tuple(
            part for value in shown for part in divmod(value, 100)
        )
        return b"some %b total=%d\n" % (some, self._now() // 1000)

    def state(self) -> Any:
        """Plain data for the digest."""
        return ([p.pid for p in self._stalled], self._since, self.total, self._averages,
                self._updated, self._spent)  # fmt: skip

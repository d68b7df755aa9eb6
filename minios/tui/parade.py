"""Packets slow enough to be seen: most are on a cable for less than a frame of the screen.

What takes long by itself moves with the clock of the world. What does not is shown for a moment
each, one after the other where one followed the other, and together where they went together. What
would have to wait too long for its turn is not shown moving.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minios.game.netview import FlightView

MOMENT = 0.3
"""Seconds a packet takes over a cable on the screen, at least."""

PATIENCE = 2.4
"""Seconds it may come later than it was."""

_MEMORY = 64
"""Flights that later ones may have to wait for."""


class Shown(NamedTuple):
    """A packet on the map: how far it is on its cable, in thousandths."""

    flight: FlightView
    progress: int


class _Slot(NamedTuple):
    flight: FlightView
    start: float
    real: bool


class Parade:
    """Which packets are where on the screen. Wall times are seconds of any clock."""

    def __init__(self) -> None:
        self._last = 0
        self._slots: list[_Slot] = []
        self._ends: list[tuple[int, float]] = []
        self.skipped = 0
        """Packets that were not shown, of the last that came."""

    def clear(self) -> None:
        """Forget everything: another play is on."""
        self._last = 0
        self._slots.clear()
        self._ends.clear()
        self.skipped = 0

    def feed(self, flights: Iterable[FlightView], wall: float, speed: float) -> None:
        """Take in what is new among ``flights``; ``speed`` is virtual seconds a real one."""
        skipped, new = 0, False
        for flight in flights:
            if flight.id <= self._last:
                continue
            self._last = flight.id
            new = True
            span = (flight.arrives - flight.sent) / 1e9 / speed
            if span >= MOMENT:
                self._slots.append(_Slot(flight, wall, True))
                continue
            start = max(
                [end for arrives, end in self._ends if arrives <= flight.sent], default=wall
            )
            start = max(start, wall)
            if start > wall + PATIENCE:
                skipped += 1
                continue
            self._slots.append(_Slot(flight, start, False))
            self._ends.append((flight.arrives, start + MOMENT))
        if new:
            self.skipped = skipped
            del self._ends[:-_MEMORY]

    def at(self, wall: float, now: int) -> list[Shown]:
        """What is on the map at this moment; ``now`` is virtual time."""
        shown: list[Shown] = []
        kept: list[_Slot] = []
        for slot in self._slots:
            flight = slot.flight
            if slot.real:
                progress = flight.progress(now)
            else:
                progress = int((wall - slot.start) / MOMENT * 1000)
            if progress >= 1000:
                continue
            kept.append(slot)
            if progress >= 0:
                if flight.lost:
                    progress //= 2  # it does not get there
                shown.append(Shown(flight, progress))
        self._slots = kept
        return shown

    @property
    def moving(self) -> bool:
        """Whether something is on the map, or will be."""
        return bool(self._slots)

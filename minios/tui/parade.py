"""Packets slow enough to be seen: most are on a cable for less than a frame of the screen.

What takes long by itself moves with the clock of the world. What does not is shown for a moment
each: after what had just come to the node that it leaves, and beside everything else. What would
have to wait too long for its turn is not shown moving.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from minios.game.net.view import FlightView

MOMENT = 0.3
"""Seconds a packet takes over a cable on the screen, at least."""

PATIENCE = 2.0
"""Seconds it may come later than it was."""

CAUSE = 20_000_000
"""Virtual ns within which what leaves a node was caused by what came to it."""

_MEMORY = 64
"""Arrivals at a node that are remembered."""


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
        self._ends: dict[str, list[tuple[int, float]]] = {}
        """By node: when something came there (virtual time), and when that is seen."""
        self.skipped = 0
        """Packets that were not shown, of the last that came."""

    def clear(self) -> None:
        """Forget everything: another play is on."""
        self._last = 0
        self._slots.clear()
        self._ends.clear()
        self.skipped = 0

    def feed(
        self,
        flights: Iterable[FlightView],
        ends: Mapping[str, tuple[str, str]],
        wall: float,
        speed: float,
    ) -> None:
        """Take in what is new among ``flights``; ``ends`` are the two nodes of each link, ``speed``
        is virtual seconds a real one."""
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
            pair = ends.get(flight.link, ("", ""))
            source, target = pair[flight.side], pair[1 - flight.side]
            start = wall
            for arrives, end in self._ends.get(source, ()):
                if flight.sent - CAUSE <= arrives <= flight.sent:
                    start = max(start, end)
            if start > wall + PATIENCE:
                skipped += 1
                continue
            self._slots.append(_Slot(flight, start, False))
            arrivals = self._ends.setdefault(target, [])
            arrivals.append((flight.arrives, start + MOMENT))
            del arrivals[:-_MEMORY]
        if new:
            self.skipped = skipped

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

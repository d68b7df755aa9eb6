"""A connection's timer: set again and again, and on the event heap at most once."""

from __future__ import annotations

from collections.abc import Callable

from minios.sim.world import Timer, World


class Alarm:
    """Calls ``ring()`` at its ``deadline`` (ns); None says that it is not set.

    Putting it off, which every acknowledgement does, costs nothing: the event that is there finds
    out when it comes.
    """

    __slots__ = ("_event", "_event_at", "_ring", "_world", "deadline")

    def __init__(self, world: World, ring: Callable[[], None]) -> None:
        self._world = world
        self._ring = ring
        self._event: Timer | None = None
        self._event_at = 0
        self.deadline: int | None = None

    def set(self, deadline: int) -> None:
        """Ring then, and not when it was to ring before."""
        self.deadline = deadline
        event = self._event
        if event is not None:
            if self._event_at <= deadline:
                return
            event.cancel()
        self._event_at = deadline
        self._event = self._world.timer(deadline, self._fire)

    def clear(self) -> None:
        """Do not ring."""
        self.deadline = None
        if self._event is not None:
            self._event.cancel()
            self._event = None

    def _fire(self) -> None:
        self._event = None
        deadline = self.deadline
        if deadline is None:
            return
        if deadline > self._world.now:
            self._event_at = deadline
            self._event = self._world.timer(deadline, self._fire)
            return
        self.deadline = None
        self._ring()

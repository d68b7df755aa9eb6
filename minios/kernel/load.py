"""The load averages: how many wanted to run, damped over 1, 5 and 15 minutes (proc(5), loadavg).

Linux samples every five seconds. Here the number of runnable processes is known exactly at every
instant, so the samples are computed when somebody asks or the number changes, and idle time needs
no timer.
"""

from collections.abc import Callable

from minios.sim.world import SECOND

SAMPLE = 5 * SECOND
FIXED = 1 << 16
_DECAY = (60_299, 64_453, 65_173)
"""exp(-5 s / 1, 5 and 15 min) in 1/65536."""
_LONG = 2_000
"""After so many samples of one number the averages have become that number."""


class LoadAverage:
    """Three exponentially damped averages in units of 1/65536."""

    __slots__ = ("_active", "_due", "_next", "averages", "observer")

    def __init__(self, now: int) -> None:
        self.averages = [0, 0, 0]
        self._active = 0
        self._next = now + SAMPLE
        self._due = now + SAMPLE
        """When the next change is the first since a sample was due; only changes move it."""
        self.observer: Callable[[int, int], None] | None = None
        """Told of (time, how many were runnable) before such a change."""

    def roll(self, now: int) -> None:
        """Take the samples due up to ``now``."""
        if now < self._next:
            return
        samples = (now - self._next) // SAMPLE + 1
        self._next += samples * SAMPLE
        active = self._active * FIXED
        if samples > _LONG:
            self.averages = [active] * 3
            return
        for index, decay in enumerate(_DECAY):
            load = self.averages[index]
            for _ in range(samples):
                load = (load * decay + active * (FIXED - decay)) // FIXED
            self.averages[index] = load

    @property
    def active(self) -> int:
        """How many run, want to, or wait for a disk now."""
        return self._active

    def changed(self, now: int, by: int) -> None:
        """``by`` more processes want to run than before."""
        if now >= self._due:
            self.roll(now)
            self._due = self._next
            if self.observer is not None:
                self.observer(now, self._active)
        self._active += by

"""iowait: while a core had nothing to do, somebody waited for a disk (proc_stat(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


class IoWait:
    """Told when uninterruptible sleeps begin and end; nothing happens in between.

    A core's iowait is what it was idle while at least one process slept so.
    """

    __slots__ = ("_at", "_kernel", "_total", "blocked")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.blocked = 0
        """Processes that wait for a disk now."""
        self._at: list[int] = []
        """The idle time of each core when the first of them began."""
        self._total: list[int] = []

    def _idle(self) -> list[int]:
        now = self._kernel.world.now
        up = now - self._kernel.boot_time
        return [up - core.busy(now) for core in self._kernel.cores]

    def begin(self) -> None:
        """A process begins to wait for a disk."""
        if not self.blocked:
            self._at = self._idle()
        self.blocked += 1

    def end(self) -> None:
        """It waits no more, or is dead."""
        self.blocked -= 1
        if not self.blocked:
            self._total = self._sum()

    def times(self) -> list[int]:
        """ns of iowait by core, up to now."""
        if self.blocked:
            return self._sum()
        return self._total or [0] * len(self._kernel.cores)

    def _sum(self) -> list[int]:
        idle = self._idle()
        total = self._total or [0] * len(idle)
        return [t + now - then for t, now, then in zip(total, idle, self._at, strict=True)]

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.blocked, self._at, self._total)

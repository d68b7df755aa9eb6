"""How busy a machine's cores were over a window, sampled every 100 ms of virtual time."""

from collections import deque

from minios.game.checks.bound import Bound, Scene, kernel_of
from minios.game.spec import LoadCheck
from minios.kernel.kernel import Kernel
from minios.sim.world import MARK_POWER

SAMPLE = 100_000_000


class BoundLoad(Bound):
    """Holds only when the machine has been up, and watched, for the whole window."""

    __slots__ = ("_busy", "_kernel", "_length", "_samples", "_scene", "_where")

    def __init__(self, check: LoadCheck, scene: Scene) -> None:
        self.marks = MARK_POWER
        self.due = None
        self._scene = scene
        self._where = check.on
        self._busy = check.busy
        self._length = max(check.window // SAMPLE, 1)
        self._kernel: Kernel | None = None
        self._samples: deque[int] = deque(maxlen=self._length + 1)

    def enable(self, on: bool) -> None:
        self._kernel = None

    def busy(self) -> int | None:
        """The share in thousandths as of the last sample; None before there are enough."""
        if self._kernel is None or len(self._samples) <= self._length:
            return None
        busy = self._samples[-1] - self._samples[0]
        return busy * 1000 // (self._length * SAMPLE * len(self._kernel.cores))

    def holds(self, now: int) -> bool:
        kernel = kernel_of(self._scene, self._where)
        if kernel is not self._kernel:
            self._kernel = kernel
            self._samples.clear()
            self.due = now
        if kernel is None:
            self.due = None
            return False
        if self.due is None or now >= self.due:
            self._samples.append(sum(core.busy(now) for core in kernel.cores))
            self.due = now + SAMPLE
        busy = self.busy()
        return busy is not None and self._busy.holds(busy)

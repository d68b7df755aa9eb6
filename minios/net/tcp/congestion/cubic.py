"""CUBIC (RFC 9438): the window is a cubic function of the time since the last loss.

All numbers are integers: windows in thousandths of a segment ("milli"), times in ms. With these,
C = 0.4 segments/s³ makes ``C·t³ = t³ · 2 / 5_000_000``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.tcp.congestion.reno import slow_start
from minios.sim.world import MILLISECOND

if TYPE_CHECKING:
    from minios.net.tcp.congestion import Window

_C_NUM, _C_DEN = 2, 5_000_000
_BETA = 700
"""What is left of the window after a loss, in thousandths (section 4.6)."""
_ALPHA_NUM, _ALPHA_DEN = 9, 17
"""3·(1-β)/(1+β), the slope of the Reno-friendly estimate (section 4.3)."""


def cube_root(n: int) -> int:
    """The greatest integer whose cube is at most ``n``."""
    if n <= 0:
        return 0
    x = 1 << (n.bit_length() + 2) // 3
    while True:
        y = (2 * x + n // (x * x)) // 3
        if y >= x:
            return x
        x = y


class Cubic:
    """``w_max`` is the window before the last loss, ``k`` the ms after which it is reached again,
    ``w_est`` the window that Reno would have by now."""

    __slots__ = ("_credit", "epoch", "k", "origin", "w_est", "w_max")

    name = "cubic"

    def __init__(self) -> None:
        self.epoch: int | None = None
        self.w_max = 0
        self.k = 0
        self.origin = 0
        self.w_est = 0
        self._credit = 0
        """Thousandths of a segment by which the window should have grown."""

    def acked(self, window: Window, count: int) -> None:
        if window.cwnd < window.ssthresh:
            count = slow_start(window, count)
            if not count:
                return
        cwnd = window.cwnd * 1000
        now = window.now // MILLISECOND
        if self.epoch is None:
            self._begin(now, cwnd)
        assert self.epoch is not None
        gain = count * 1_000_000 // cwnd
        self.w_est += gain * _ALPHA_NUM // _ALPHA_DEN if self.w_est < self.w_max else gain
        off = now + window.srtt // MILLISECOND - self.epoch - self.k
        target = self.origin + (off**3 * _C_NUM) // _C_DEN
        target = min(max(target, cwnd), cwnd * 3 // 2)
        self._credit += (target - cwnd) * count * 1000 // cwnd
        if self.w_est > cwnd + self._credit:
            self._credit = self.w_est - cwnd
        grown = self._credit // 1000
        if grown:
            self._credit -= grown * 1000
            window.cwnd += min(grown, max(count, 1))

    def _begin(self, now: int, cwnd: int) -> None:
        self.epoch = now
        self.w_est = cwnd
        self._credit = 0
        if cwnd < self.w_max:
            self.k = cube_root((self.w_max - cwnd) * _C_DEN // _C_NUM)
            self.origin = self.w_max
        else:
            self.k = 0
            self.origin = cwnd

    def reduced(self, window: Window) -> int:
        cwnd = window.cwnd * 1000
        # Fast convergence (section 4.7): who has less than last time makes room for newcomers.
        self.w_max = cwnd * (1000 + _BETA) // 2000 if cwnd < self.w_max else cwnd
        self.epoch = None
        return max(window.cwnd * _BETA // 1000, 2)

    def timed_out(self, window: Window) -> None:
        self.epoch = None
        self._credit = 0

    def idle(self, window: Window, pause: int) -> None:
        """Time without sending does not count (section 5.8)."""
        if self.epoch is not None:
            self.epoch += pause // MILLISECOND

    def state(self) -> Any:
        return (
            self.name, self.epoch, self.w_max, self.k, self.origin, self.w_est, self._credit
        )  # fmt: skip

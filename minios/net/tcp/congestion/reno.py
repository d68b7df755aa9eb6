"""NewReno's window: slow start and congestion avoidance (RFC 5681 section 3.1, RFC 6582).

What to retransmit is recovery's business (net/tcp/recovery.py), the same for every algorithm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minios.net.tcp.congestion import Window


def slow_start(window: Window, count: int) -> int:
    """Grow by what was acknowledged, up to the threshold; how many segments are left over."""
    grown = min(window.cwnd + count, window.ssthresh)
    left = count - (grown - window.cwnd)
    window.cwnd = grown
    return left


class Reno:
    """Half as much after a loss, one segment more in each round trip without."""

    __slots__ = ("_credit",)

    name = "reno"

    def __init__(self) -> None:
        self._credit = 0
        """Segments acknowledged since the window grew last."""

    def acked(self, window: Window, count: int) -> None:
        if window.cwnd < window.ssthresh:
            count = slow_start(window, count)
            if not count:
                return
        self._credit += count
        if self._credit >= window.cwnd:
            grown = self._credit // window.cwnd
            self._credit -= grown * window.cwnd
            window.cwnd += grown

    def reduced(self, window: Window) -> int:
        self._credit = 0
        return max(window.cwnd >> 1, 2)

    def timed_out(self, window: Window) -> None:
        self._credit = 0

    def idle(self, window: Window, pause: int) -> None:
        pass

    def state(self) -> Any:
        return (self.name, self._credit)

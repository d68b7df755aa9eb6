"""Congestion control: how much may be in the network. One algorithm a file, found in ALGORITHMS."""

from __future__ import annotations

from typing import Any, Protocol

from minios.net.tcp.congestion.cubic import Cubic
from minios.net.tcp.congestion.reno import Reno


class Window(Protocol):
    """What an algorithm sees of a connection: the congestion window and the slow-start threshold
    in segments, the time and the path's delay in ns."""

    cwnd: int
    ssthresh: int

    @property
    def now(self) -> int: ...

    @property
    def srtt(self) -> int: ...


class Congestion(Protocol):
    """An algorithm, with what it remembers of one connection."""

    name: str

    def acked(self, window: Window, count: int) -> None:
        """``count`` segments were acknowledged while the window was in full use."""

    def reduced(self, window: Window) -> int:
        """Something was lost: the new slow-start threshold. The window is the caller's."""

    def timed_out(self, window: Window) -> None:
        """A retransmission timeout: start anew."""

    def idle(self, window: Window, pause: int) -> None:
        """Nothing was sent for ``pause`` ns."""

    def state(self) -> Any:
        """Plain data for the digest."""


ALGORITHMS: dict[str, type[Congestion]] = {"reno": Reno, "cubic": Cubic}
"""By the name that TCP_CONGESTION and net.ipv4.tcp_congestion_control take."""

DEFAULT = "cubic"

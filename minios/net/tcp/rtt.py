"""The round-trip time and the retransmission timeout (RFC 6298), in integers.

Smoothed values are kept scaled as Jacobson did: ``srtt8`` is eight times SRTT, ``rttvar4`` four
times RTTVAR. All times are ns.
"""

from __future__ import annotations

from typing import Any

from minios.sim.world import MICROSECOND, MILLISECOND, SECOND

RTO_MIN = 200 * MILLISECOND
RTO_MAX = 120 * SECOND
RTO_INITIAL = 1 * SECOND
RTO_FALLBACK = 3 * SECOND
"""When the first SYN was lost and nothing was measured (RFC 6298 5.7)."""


class RoundTrip:
    """What is known of a path's delay. ``backoff`` is how often the timeout was doubled since the
    last new acknowledgement."""

    __slots__ = ("backoff", "latest", "minimum", "rto", "rttvar4", "samples", "srtt8")

    def __init__(self) -> None:
        self.srtt8 = 0
        self.rttvar4 = 0
        self.rto = RTO_INITIAL
        self.backoff = 0
        self.minimum = 0
        self.latest = 0
        self.samples = 0

    @property
    def srtt(self) -> int:
        return self.srtt8 >> 3

    @property
    def rttvar(self) -> int:
        return self.rttvar4 >> 2

    def sample(self, rtt: int) -> None:
        """A measurement R of something that was sent once (Karn's rule is the caller's)."""
        rtt = max(rtt, MICROSECOND)
        self.latest = rtt
        self.samples += 1
        if not self.minimum or rtt < self.minimum:
            self.minimum = rtt
        if not self.srtt8:
            self.srtt8 = rtt << 3
            self.rttvar4 = rtt << 1
        else:
            off = rtt - (self.srtt8 >> 3)
            self.rttvar4 += abs(off) - (self.rttvar4 >> 2)
            self.srtt8 += off
        self.compute()

    def compute(self) -> None:
        """RTO = SRTT + max(G, 4·RTTVAR), the second part at least 200 ms, in whole ms."""
        if self.srtt8:
            rto = (self.srtt8 >> 3) + max(self.rttvar4, RTO_MIN) + MILLISECOND // 2
            self.rto = min(rto - rto % MILLISECOND, RTO_MAX)
        self.backoff = 0

    def back_off(self) -> None:
        """The timer ran out: double it (RFC 6298 5.5)."""
        self.backoff += 1
        self.rto = min(self.rto << 1, RTO_MAX)

    def state(self) -> Any:
        return (self.srtt8, self.rttvar4, self.rto, self.backoff, self.minimum, self.latest)

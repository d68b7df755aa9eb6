"""Secrets: initial sequence numbers (RFC 6528), timestamp offsets (RFC 7323 7.1) and SYN cookies
(RFC 4987 section 3.6).

Each is a keyed hash of the two ends, so that who does not see the segments cannot guess it. A SYN
cookie is the initial number of a SYN/ACK that nobody remembers: it holds the minute and the MSS,
and the timestamp beside it the other options.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct

from minios.net.tcp.sequence import MASK
from minios.sim.world import SECOND, World

MINUTE = 60 * SECOND
COOKIE_AGE = 2
"""Minutes for which a cookie is good."""

MSS_TABLE = (536, 1300, 1440, 1460)
"""The sizes that two bits of a cookie can say."""

_LOW24 = 0xFF_FFFF
_ENDS = Struct("!IHIHQB")

Ends = tuple[int, int, int, int]


class Secrets:
    """The keyed hash of a host."""

    __slots__ = ("_key", "_world")

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._key = world.stream(f"tcp secret {name}").bytes(16)

    def _hash(self, ends: Ends, count: int, purpose: int) -> int:
        data = _ENDS.pack(*ends, count, purpose)
        return int.from_bytes(blake2b(data, key=self._key, digest_size=4).digest(), "big")

    def isn(self, ends: Ends) -> int:
        """The initial sequence number: a clock of 4 µs, from a start of each pair's own."""
        return (self._world.now // 4000 + self._hash(ends, 0, 1)) & MASK

    def ts_offset(self, ends: Ends) -> int:
        """Where a pair of hosts' timestamp clock starts."""
        return self._hash((ends[0], 0, ends[2], 0), 0, 2)

    def spread(self, ends: Ends) -> int:
        """An even spread over listeners that share a port."""
        return self._hash(ends, 0, 3)

    def cookie(self, ends: Ends, irs: int, mss: int) -> int:
        """The initial sequence number of a SYN/ACK for a SYN of number ``irs``."""
        index = 0
        while index + 1 < len(MSS_TABLE) and MSS_TABLE[index + 1] <= mss:
            index += 1
        minute = self._world.now // MINUTE
        low = (self._hash(ends, minute, 4) + index) & _LOW24
        return (self._hash(ends, 0, 5) + irs + (minute << 24) + low) & MASK

    def cookie_mss(self, ends: Ends, irs: int, cookie: int) -> int | None:
        """The MSS that a cookie was made for; None if it was not made here, or long ago."""
        rest = (cookie - self._hash(ends, 0, 5) - irs) & MASK
        minute = self._world.now // MINUTE
        age = (minute - (rest >> 24)) & 0xFF
        if age >= COOKIE_AGE or age > minute:
            return None
        index = (rest - self._hash(ends, minute - age, 4)) & _LOW24
        return MSS_TABLE[index] if index < len(MSS_TABLE) else None

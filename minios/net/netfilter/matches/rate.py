"""Matches with a memory: -m limit and -m statistic."""

from __future__ import annotations

from typing import Any

from minios.abi.errno import Errno, error
from minios.abi.netfilter import Part
from minios.net.netfilter.matches import Match


class Limit:
    """-m limit: a token bucket. ``average`` is the time of one packet in 1/10000 s."""

    __slots__ = ("cap", "cost", "credit", "last", "world")

    def __init__(self, world: Any, average: int, burst: int) -> None:
        self.world = world
        self.cost = average * 100_000
        self.cap = self.credit = self.cost * burst
        self.last = world.now

    def __call__(self, packet: Any, inside: Any, outside: Any) -> bool:
        now = self.world.now
        self.credit = min(self.cap, self.credit + now - self.last)
        self.last = now
        if self.credit < self.cost:
            return False
        self.credit -= self.cost
        return True

    def state(self) -> Any:
        return (self.credit, self.last)


def limit(netfilter: Any, part: Part) -> Match:
    """EINVAL: no average, or one that never lets anything through."""
    average, burst = part.get("limit", 0), part.get("limit-burst", 5)
    if average < 1 or burst < 1:
        raise error(Errno.EINVAL)
    return Limit(netfilter.stack.world, average, burst)


class Nth:
    """-m statistic --mode nth: one packet of every so many."""

    __slots__ = ("count", "every", "inverted")

    def __init__(self, every: int, packet: int, inverted: bool) -> None:
        self.every = every
        self.count = every - 1 - packet
        self.inverted = inverted

    def __call__(self, packet: Any, inside: Any, outside: Any) -> bool:
        self.count = (self.count + 1) % self.every
        return (self.count == 0) != self.inverted

    def state(self) -> Any:
        return self.count


def statistic(netfilter: Any, part: Part) -> Match:
    """-m statistic: by chance (in parts of 2**31), or every so many. EINVAL."""
    for option in part.options:
        if option.name == "probability":
            return _chance(netfilter, option.value, option.inverted)
        if option.name == "every":
            every, packet = option.value, part.get("packet", 0)
            if every < 1 or not 0 <= packet < every:
                raise error(Errno.EINVAL)
            return Nth(every, packet, option.inverted)
    raise error(Errno.EINVAL)


def _chance(netfilter: Any, share: int, inverted: bool) -> Match:
    rng = netfilter.stack.world.stream(f"netfilter {netfilter.stack.name} statistic")

    def happens(packet: Any, inside: Any, outside: Any) -> bool:
        drawn: int = rng.next64() & 0x7FFFFFFF
        return (drawn < share) != inverted

    return happens

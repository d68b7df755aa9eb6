"""Page-replacement policies, one a file, made by name with :func:`make`."""

from __future__ import annotations

from collections.abc import Sequence

from minios.memory.replacement.clock import Clock
from minios.memory.replacement.fifo import Fifo
from minios.memory.replacement.lru import Lru
from minios.memory.replacement.mru import Mru
from minios.memory.replacement.nru import Nru
from minios.memory.replacement.opt import Opt
from minios.memory.replacement.policy import Bits, BitTable, Draw, Hears, Replacement
from minios.memory.replacement.random import Random
from minios.memory.replacement.unopt import Unopt

ONLINE = ("fifo", "lru", "mru", "clock", "nru", "random")
"""The policies that a kernel can have: they know the past only."""

NAMES = (*ONLINE, "opt", "unopt")


def make(
    name: str,
    *,
    draw: Draw | None = None,
    bits: Bits | None = None,
    clockbits: int = 1,
    future: Sequence[int] | None = None,
) -> Replacement:
    """A policy with no page resident.

    ``draw`` is the randomness of nru and random, ``bits`` where clock and nru find the bits of
    pages (None: they keep their own, set by ``touch``; clock then counts up to ``clockbits``
    references), ``future`` the reference string that opt and unopt look into. Raises ``ValueError``
    for an unknown name, or if the policy needs what is not given.
    """
    if name == "fifo":
        return Fifo()
    if name in ("lru", "mru"):
        return Lru() if name == "lru" else Mru()
    if name == "clock":
        return Clock(bits, clockbits)
    if name in ("opt", "unopt"):
        if future is None:
            raise ValueError(f"{name} needs to know the future")
        return Opt(future) if name == "opt" else Unopt(future)
    if name not in NAMES:
        raise ValueError(f"there is no replacement policy '{name}'")
    if draw is None:
        raise ValueError(f"{name} needs a random stream")
    return Nru(draw, bits) if name == "nru" else Random(draw)


__all__ = ["NAMES", "ONLINE", "BitTable", "Bits", "Draw", "Hears", "Replacement", "make"]

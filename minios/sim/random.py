"""Seeded integer random streams, one for each subsystem.

The generator is SplitMix64 (Steele, Lea, Flood 2014): tiny, well distributed, and the same on every
Python. A stream's start is derived from the world's seed and the stream's name, so that one draw
more in one stream moves nothing in another.
"""

from collections.abc import MutableSequence, Sequence
from hashlib import blake2b, shake_128
from typing import TypeVar

_MASK = (1 << 64) - 1
_FEW_BYTES = 64

T = TypeVar("T")


class Rng:
    """A stream of integers. ``state`` is all there is of it."""

    __slots__ = ("state",)

    def __init__(self, seed: int, name: str) -> None:
        start = blake2b(f"{seed}\x00{name}".encode(), digest_size=8).digest()
        self.state = int.from_bytes(start, "little")

    def next64(self) -> int:
        """The next 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """An integer of 0 … n-1, each equally likely (rejection sampling)."""
        if n <= 0:
            raise ValueError("below() needs a positive bound")
        bits = n.bit_length()
        words = (bits + 63) // 64
        while True:
            value = 0
            for _ in range(words):
                value = value << 64 | self.next64()
            value >>= words * 64 - bits
            if value < n:
                return value

    def between(self, low: int, high: int) -> int:
        """An integer of low … high, both included."""
        return low + self.below(high - low + 1)

    def bytes(self, n: int) -> bytes:
        """``n`` random bytes; many of them are one draw, stretched."""
        if n > _FEW_BYTES:
            return shake_128(self.next64().to_bytes(8, "little")).digest(n)
        words = b"".join(self.next64().to_bytes(8, "little") for _ in range((n + 7) // 8))
        return words[:n]

    def choice(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Fisher-Yates, in place."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]

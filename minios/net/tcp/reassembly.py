"""Segments that came before others: kept until the gap closes (RFC 9293 3.10.7.4, RFC 2018)."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

OVERHEAD = 512
"""Bytes of the receive buffer that a piece takes beside its data: many small ones do not pay."""

BLOCKS = 4
"""SACK blocks that are remembered, the newest first; three fit beside timestamps."""


class Reassembly:
    """Disjoint pieces of data, ordered and never adjacent, and the blocks to report of them."""

    __slots__ = ("_pieces", "_starts", "blocks", "size")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._pieces: list[bytearray] = []
        self.size = 0
        """Bytes of data held."""
        self.blocks: list[tuple[int, int]] = []
        """What to say in SACK options: (start, end), the newest first (RFC 2018 section 4)."""

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def cost(self) -> int:
        """Bytes of buffer that all this takes."""
        return self.size + OVERHEAD * len(self._starts)

    @property
    def end(self) -> int:
        """The number after the last byte held."""
        return self._starts[-1] + len(self._pieces[-1])

    def add(self, seq: int, data: bytes) -> tuple[int, int] | None:
        """Keep ``data``. What of it is there already is the result: the duplicate part."""
        end = seq + len(data)
        starts, pieces = self._starts, self._pieces
        first = bisect_left(starts, seq)
        if first and starts[first - 1] + len(pieces[first - 1]) >= seq:
            first -= 1
        last = first
        start, merged = seq, bytearray(data)
        duplicate: tuple[int, int] | None = None
        while last < len(starts) and starts[last] <= end:
            low, piece = starts[last], pieces[last]
            high = low + len(piece)
            if duplicate is None and max(low, seq) < min(high, end):
                duplicate = (max(low, seq), min(high, end))
            self.size -= len(piece)
            if low < start:
                merged[:0] = piece[: start - low]
                start = low
            if high > start + len(merged):
                merged += piece[start + len(merged) - low :]
            last += 1
        starts[first:last] = [start]
        pieces[first:last] = [merged]
        self.size += len(merged)
        block = (start, start + len(merged))
        self.blocks = [
            block, *(b for b in self.blocks if b[1] < block[0] or b[0] > block[1])
        ][:BLOCKS]  # fmt: skip
        return duplicate

    def take(self, seq: int) -> bytearray | None:
        """The piece that goes on at ``seq``, if there is one now; older ones are gone."""
        starts, pieces = self._starts, self._pieces
        found: bytearray | None = None
        while starts and starts[0] <= seq:
            start, piece = starts.pop(0), pieces.pop(0)
            self.size -= len(piece)
            if start + len(piece) > seq:
                found = piece[seq - start :]
                break
        if found is not None or not starts:
            edge = seq + len(found or b"")
            self.blocks = [b for b in self.blocks if b[0] > edge]
        else:
            self.blocks = [b for b in self.blocks if b[1] > seq]
        return found

    def prune(self, most: int) -> int:
        """Forget the highest pieces until what is left costs at most ``most``; how many bytes."""
        gone = 0
        while self._starts and self.cost > most:
            start = self._starts.pop()
            piece = self._pieces.pop()
            self.size -= len(piece)
            gone += len(piece)
            self.blocks = [b for b in self.blocks if b[0] != start]
        return gone

    def clear(self) -> None:
        self._starts.clear()
        self._pieces.clear()
        self.blocks.clear()
        self.size = 0

    def state(self) -> Any:
        return (
            [(s, bytes(p)) for s, p in zip(self._starts, self._pieces, strict=True)], self.blocks
        )  # fmt: skip

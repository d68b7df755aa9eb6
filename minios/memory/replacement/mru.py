"""Most recently used (OSTEP ch. 22 homework): right for a loop that is larger than memory."""

from __future__ import annotations

from typing import ClassVar

from minios.memory.replacement.lru import Lru


class Mru(Lru):
    """The same order as LRU, and the other end of it goes."""

    name: ClassVar[str] = "mru"

    __slots__ = ()

    def victim(self) -> int:
        if not self._used:
            raise IndexError("no page is resident")
        return self._used.popitem(last=True)[0]

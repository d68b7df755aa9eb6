"""The working set (Denning 1968; OSTEP ch. 22): the pages used in the last so many references.

When the working sets of all who run do not fit into memory, the machine thrashes: everybody waits
for pages, whatever the policy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class WorkingSet:
    """The distinct pages among the last ``window`` references."""

    __slots__ = ("_counts", "_recent", "window")

    def __init__(self, window: int) -> None:
        if window < 1:
            raise ValueError("a window holds at least one reference")
        self.window = window
        self._recent: deque[int] = deque()
        self._counts: dict[int, int] = {}

    def touch(self, page: int) -> int:
        """A reference; the size of the working set after it."""
        counts = self._counts
        self._recent.append(page)
        counts[page] = counts.get(page, 0) + 1
        if len(self._recent) > self.window:
            old = self._recent.popleft()
            if counts[old] == 1:
                del counts[old]
            else:
                counts[old] -= 1
        return len(counts)

    def __len__(self) -> int:
        return len(self._counts)


def sizes(references: Iterable[int], window: int) -> list[int]:
    """The size of the working set after each reference."""
    working = WorkingSet(window)
    return [working.touch(page) for page in references]

"""UNOPT (OSTEP ch. 22 homework): the worst that can be done on purpose."""

from __future__ import annotations

from typing import ClassVar

from minios.memory.replacement.opt import Opt


class Unopt(Opt):
    """The page that is needed soonest goes; of pages never needed again, the one that came first.

    The far end of the scale whose near end is OPT.
    """

    name: ClassVar[str] = "unopt"

    __slots__ = ()

    def _choose(self) -> int:
        return min(self._pages, key=self.needed)

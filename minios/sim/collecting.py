"""Python's cyclic garbage collector, kept out of where it finds nothing.

While machines are built and boot, all that is made stays. The collector would walk it again and
again as it grows, which for many machines costs more than the machines.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

USUAL = (700, 10, 10)
"""Python's thresholds up to 3.12."""
SELDOM = (700, 10, 100)


def seldom() -> None:
    """Look through everything ten times less often than Python would, unless somebody has chosen
    how often: a world is large, long-lived, and has few cycles that end.
    """
    if gc.get_threshold() == USUAL:
        gc.set_threshold(*SELDOM)


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection in here; afterwards it is as it was before."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()

"""Python's cyclic garbage collector, kept out of where it finds nothing.

While machines are built and boot, all that is made stays. The collector would walk it again and
again as it grows, which for many machines costs more than the machines.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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

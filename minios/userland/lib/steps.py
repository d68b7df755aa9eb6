"""Long work in steps: a generator that yields now and then, so that its driver can trap meanwhile.

A program does a bounded amount of the host's work between two traps; what a long text may make long
is therefore not one function call. The yields carry nothing, the generator's return is the result.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]

STRIDE = 4096
"""Simple steps, of about a byte each, between two yields."""


class Refused(ValueError):
    """Work that makes no sense, or would be too much of it. ``str`` is what a program says."""


def at_once(steps: Steps[T]) -> T:
    """The result, all steps done here and now."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

"""Observers that only look (after Trio's instruments).

An instrument is any object with some of the methods named in :data:`EVENTS`. They are kept in one
tuple an event, so that an event nobody observes costs one truth test where it happens:
``if hooks.on_switch: …``.
"""

from collections.abc import Callable
from typing import Any

EVENTS = (
    "on_switch",  # (now, core, previous pcb or None, next pcb or None)
    "on_trap",  # (pcb, nr, args)
    "on_return",  # (pcb, nr, result or OSError)
    "on_signal",  # (pcb, sig, sender pcb or None)
    "on_fork",  # (parent, child)
    "on_exec",  # (pcb)
    "on_exit",  # (pcb)
    "on_fault",  # (pcb, address, kind): a page fault, minor major cow or denied
    "on_output",  # (tty, data)
    "on_wait",  # (tty): a reader goes to sleep
    "on_line",  # (pcb, line, commands)
    "on_power",  # (machine, on)
    "on_stack",  # (stack): a machine's network stack was made
    "on_frame",  # (link, side, frame, sent at, arrives at): one was put on a cable
    "on_drop",  # (dropped): a packet ended; see minios.net.drop.Dropped
)


class Instruments:
    """The observers of a world."""

    __slots__ = EVENTS

    on_switch: tuple[Callable[..., None], ...]
    on_trap: tuple[Callable[..., None], ...]
    on_return: tuple[Callable[..., None], ...]
    on_signal: tuple[Callable[..., None], ...]
    on_fork: tuple[Callable[..., None], ...]
    on_exec: tuple[Callable[..., None], ...]
    on_exit: tuple[Callable[..., None], ...]
    on_fault: tuple[Callable[..., None], ...]
    on_output: tuple[Callable[..., None], ...]
    on_wait: tuple[Callable[..., None], ...]
    on_line: tuple[Callable[..., None], ...]
    on_power: tuple[Callable[..., None], ...]
    on_stack: tuple[Callable[..., None], ...]
    on_frame: tuple[Callable[..., None], ...]
    on_drop: tuple[Callable[..., None], ...]

    def __init__(self) -> None:
        for event in EVENTS:
            setattr(self, event, ())

    def add(self, instrument: object) -> None:
        """Let ``instrument`` see, from now on, every event it has a method for."""
        for event in EVENTS:
            method = getattr(instrument, event, None)
            if method is not None:
                setattr(self, event, (*getattr(self, event), method))

    def remove(self, instrument: object) -> None:
        """Undo :meth:`add`; an instrument that was never added is no error."""
        for event in EVENTS:
            method = getattr(instrument, event, None)
            hooks: tuple[Callable[..., Any], ...] = getattr(self, event)
            setattr(self, event, tuple(hook for hook in hooks if hook != method))

"""Who is served next: one elevator a file, loaded when a disk uses it."""

from importlib import import_module

from minios.fs.disk.elevator.base import Elevator

__all__ = ["ELEVATORS", "Elevator", "elevator"]

ELEVATORS = {"noop": "Noop", "deadline": "Deadline", "sstf": "Sstf", "scan": "Scan"}
"""The names that queue/scheduler shows, and the class in the module of that name."""


def elevator(name: str) -> type[Elevator]:
    """The elevator called ``name``. KeyError."""
    made: type[Elevator] = getattr(import_module(f"{__name__}.{name}"), ELEVATORS[name])
    return made

"""Who is served next: one elevator a file, found by the name that queue/scheduler shows."""

from minios.fs.disk.elevator.base import Elevator
from minios.fs.disk.elevator.deadline import Deadline
from minios.fs.disk.elevator.noop import Noop
from minios.fs.disk.elevator.scan import Scan
from minios.fs.disk.elevator.sstf import Sstf

__all__ = ["ELEVATORS", "Elevator"]

ELEVATORS: dict[str, type[Elevator]] = {
    "noop": Noop,
    "deadline": Deadline,
    "sstf": Sstf,
    "scan": Scan,
}

"""Scheduling policies, one a file, found by name in :data:`POLICIES`."""

from minios.kernel.sched.cfs import CfsQueue
from minios.kernel.sched.policy import MakeQueue, RunQueue
from minios.kernel.sched.rr import RoundRobinQueue

POLICIES: dict[str, MakeQueue] = {
    "rr": RoundRobinQueue,
    "cfs": CfsQueue,
}

__all__ = ["POLICIES", "MakeQueue", "RunQueue"]

"""Scheduling policies, one a file, found by name in :data:`POLICIES`.

They are loaded when somebody asks for them: a machine needs one.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from minios.kernel.sched.policy import MakeQueue, Params, RunQueue

_PLACES = {
    "fifo": ("fifo", "FifoQueue"),
    "sjf": ("sjf", "SjfQueue"),
    "stcf": ("stcf", "StcfQueue"),
    "rr": ("rr", "RoundRobinQueue"),
    "priority": ("priority", "PriorityQueue"),
    "mlfq": ("mlfq", "MlfqQueue"),
    "lottery": ("lottery", "LotteryQueue"),
    "stride": ("stride", "StrideQueue"),
    "cfs": ("cfs", "CfsQueue"),
    "eevdf": ("eevdf", "EevdfQueue"),
    "manual": ("manual", "ManualQueue"),
}


class _Policies(Mapping[str, MakeQueue]):
    def __getitem__(self, name: str) -> MakeQueue:
        module, cls = _PLACES[name]
        make: MakeQueue = getattr(import_module(f"minios.kernel.sched.{module}"), cls)
        return make

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


POLICIES: Mapping[str, MakeQueue] = _Policies()

__all__ = ["POLICIES", "MakeQueue", "Params", "RunQueue"]

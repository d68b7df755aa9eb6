"""The kernel parameters of scheduling, below /proc/sys/kernel.

``sched_policy`` names the policy in force, ``sched_available_policies`` those there are. The others
are parameters of policies; writing one of those starts the policy afresh with it. Names are Linux's
where it has, or had, the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.kernel import scheduling
from minios.kernel.knob import Knob, integer
from minios.kernel.sched import POLICIES
from minios.kernel.sched.policy import RR_SLICE, RT_PERIOD, RT_RUNTIME

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.sched import Params

SECOND = 1_000_000_000
_MOST = 1000 * SECOND
SHORTEST = 100_000
"""No slice is shorter than this many ns (Linux's min_sched_granularity_ns); who sets a shorter one
would have the machine do nothing but switch."""
_QUEUES = 16
"""As many queues as mlfq can have."""


def _policy() -> Knob:
    def write(kernel: Kernel, text: bytes, who: PCB) -> None:
        name = text.decode("latin-1")
        if name not in POLICIES:
            raise error(Errno.EINVAL)
        scheduling.set_policy(kernel, name)

    return Knob(lambda kernel: kernel.dispatcher.policy.encode(), write)


def _number(
    name: str,
    low: int = 0,
    high: int = _MOST,
    shown: Callable[[Params], int] | None = None,
    *,
    off: bool = False,
) -> Knob:
    """A number of :class:`Params`; ``shown`` is what 0 stands for, ``off`` that 0 is never."""

    def read(kernel: Kernel) -> bytes:
        params = kernel.dispatcher.params
        number = int(getattr(params, name))
        return b"%d" % (number or shown(params) if shown is not None else number)

    def write(kernel: Kernel, text: bytes, who: PCB) -> None:
        number: Any = integer(text, 0 if off or shown is not None else low, high)
        if 0 < number < low:
            raise error(Errno.EINVAL)
        if isinstance(getattr(kernel.dispatcher.params, name), bool):
            number = bool(number)
        scheduling.set_policy(kernel, kernel.dispatcher.policy, **{name: number})

    return Knob(read, write)


def _list(
    name: str, other: str, shown: Callable[[Params], tuple[int, ...]], low: int, high: int
) -> Knob:
    """A list with a number for each queue of mlfq. If its length changes, the other list goes."""

    def read(kernel: Kernel) -> bytes:
        params = kernel.dispatcher.params
        return b" ".join(b"%d" % number for number in getattr(params, name) or shown(params))

    def write(kernel: Kernel, text: bytes, who: PCB) -> None:
        numbers = tuple(integer(word, low, high) for word in text.split())
        if not 1 <= len(numbers) <= _QUEUES:
            raise error(Errno.EINVAL)
        changes: dict[str, Any] = {name: numbers}
        if len(numbers) != len(queue_quanta(kernel.dispatcher.params)):
            if name == "allotments":
                raise error(Errno.EINVAL)
            changes[other] = ()
        scheduling.set_policy(kernel, kernel.dispatcher.policy, **changes)

    return Knob(read, write)


def queue_quanta(params: Params) -> tuple[int, ...]:
    """The quanta of mlfq's queues, top first."""
    quantum = params.quantum
    return params.quanta or (quantum, 2 * quantum, 4 * quantum)


def _rt(name: str, default: int, unit: int, low: int) -> Knob:
    """A setting of the real-time class, kept in ns and shown in ``unit`` ns; below 0 as it is."""

    def read(kernel: Kernel) -> bytes:
        rt = kernel.dispatcher.rt
        number = int(getattr(rt, name)) if rt is not None else default
        return b"%d" % (number // unit if number >= 0 else -1)

    def write(kernel: Kernel, text: bytes, who: PCB) -> None:
        number = integer(text, low, _MOST // unit)
        setattr(scheduling.rt_params(kernel), name, number * unit if number >= 0 else -1)

    return Knob(read, write)


def _migration_cost() -> Knob:
    def write(kernel: Kernel, text: bytes, who: PCB) -> None:
        kernel.dispatcher.migration_ns = integer(text, 0, SECOND)

    return Knob(lambda kernel: b"%d" % kernel.dispatcher.migration_ns, write)


KNOBS: dict[str, Knob] = {
    "kernel.sched_available_policies": Knob(lambda kernel: " ".join(POLICIES).encode()),
    "kernel.sched_base_slice_ns": _number("base_slice", SHORTEST, shown=lambda p: p.quantum),
    "kernel.sched_latency_ns": _number("latency", SHORTEST, shown=lambda p: 2 * p.quantum),
    "kernel.sched_manual_errand_ns": _number("errand", SHORTEST),
    "kernel.sched_migration_cost_ns": _migration_cost(),
    "kernel.sched_min_granularity_ns": _number(
        "granularity", SHORTEST, shown=lambda p: p.quantum // 4
    ),
    "kernel.sched_mlfq_allotments": _list(
        "allotments", "quanta", lambda p: (1,) * len(queue_quanta(p)), 1, 1000
    ),
    "kernel.sched_mlfq_boost_ns": _number("boost", 10 * SHORTEST, off=True),
    "kernel.sched_mlfq_iobump": _number("iobump", 0, 1),
    "kernel.sched_mlfq_quanta_ns": _list("quanta", "allotments", queue_quanta, SHORTEST, _MOST),
    "kernel.sched_mlfq_stay": _number("stay", 0, 1),
    "kernel.sched_policy": _policy(),
    "kernel.sched_priority_aging_ns": _number("aging"),
    "kernel.sched_quantum_ns": _number("quantum", SHORTEST),
    "kernel.sched_rr_timeslice_ms": _rt("rr_slice", RR_SLICE, SECOND // 1000, 1),
    "kernel.sched_rt_period_us": _rt("period", RT_PERIOD, 1000, 1000),
    "kernel.sched_rt_runtime_us": _rt("runtime", RT_RUNTIME, 1000, -1),
    "kernel.sched_sjf_alpha_percent": _number("alpha", 0, 100),
    "kernel.sched_sjf_first_burst_ns": _number("first_burst", 1),
    "kernel.sched_wakeup_granularity_ns": _number("wakeup", shown=lambda p: p.quantum // 8),
}

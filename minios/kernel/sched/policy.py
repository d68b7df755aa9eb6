"""What the dispatcher asks of a scheduling policy: one run queue a core.

A policy is a class with :class:`RunQueue`'s methods, made from :class:`Params` and a
:class:`Clock`; it works on every :class:`Entity`. The kernel drives it with processes, the lab with
jobs:

======================== ==========================================================================
arrives                  ``put(e, woken=False)``; ``e.runqueue`` is None the first time
gets the core            ``pick()``
ran                      ``charge(e, ns)``; a policy knows by that when a quantum is used up
preempted                ``charge``, then ``put(e, woken=False)``: at the head if quantum is left
slice over               ``rotate(e, ns)``, which is ``charge``, ``put`` and ``pick`` in one
blocks, sleeps, ends     ``leave(e, ns)``, which charges, too
wakes, I/O is done       ``put(e, woken=True)``; then ``preempts`` says if the running one must go
======================== ==========================================================================

No policy needs a periodic event: what depends on time (a boost, aging) is found out from the clock
when the queue is used, and :meth:`RunQueue.slice` never reaches beyond the moment it would matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from minios.abi.flags import SCHED_IDLE, SCHED_OTHER

if TYPE_CHECKING:
    from minios.sim.random import Rng

NEVER = 1 << 62
"""The slice of who may keep a core, in ns."""

MILLISECOND = 1_000_000

RR_SLICE = 100 * MILLISECOND
"""The slice under SCHED_RR at first (``sched_rr_timeslice_ms``)."""

RT_PERIOD = 1000 * MILLISECOND
RT_RUNTIME = 950 * MILLISECOND
"""Of each period so much at most is real-time processes' while others wait, so that a runaway
cannot lock the machine (``sched_rt_period_us`` and ``sched_rt_runtime_us``)."""

NICE_0 = 1024

WEIGHTS = (
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
    9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
    1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
    110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
)  # fmt: skip
"""Linux's ``sched_prio_to_weight``: nice -20 to 19, each step some 10 % of CPU."""

WEIGHT_IDLE = 3
"""What SCHED_IDLE weighs at any nice value (sched(7), Linux's WEIGHT_IDLEPRIO)."""


class Params(NamedTuple):
    """What can be set of a policy; times in ns. Each policy uses what it knows of."""

    quantum: int = 10 * MILLISECOND
    """rr, lottery, stride, priority: how long one runs while others wait; cfs: its scale."""
    latency: int = 0
    """cfs: within it everybody runs once; 0 is twice the quantum."""
    granularity: int = 0
    """cfs: the shortest slice; 0 is a quarter of the quantum."""
    wakeup: int = 0
    """cfs: how far behind who wakes up must be to preempt; 0 is an eighth of the quantum."""
    base_slice: int = 0
    """eevdf: the request of a process that asked for no slice of its own; 0 is the quantum."""
    aging: int = 100 * MILLISECOND
    """priority: waiting so long is worth one nice value; 0 is no aging."""
    first_burst: int = 10 * MILLISECOND
    """sjf, stcf: the guess for a process of which nothing is known."""
    alpha: int = 50
    """sjf, stcf: per cent that the last burst counts in the average of the past ones."""
    quanta: tuple[int, ...] = ()
    """mlfq: the quantum of each queue, top first; none given: three, of 1, 2 and 4 quanta."""
    allotments: tuple[int, ...] = ()
    """mlfq: how many quanta in each queue before going down; none given: one each."""
    boost: int = 1000 * MILLISECOND
    """mlfq: everybody goes to the top at multiples of it; 0 is never."""
    stay: bool = False
    """mlfq: I/O refills quantum and allotment (the rule that can be gamed, OSTEP ch. 8.5)."""
    iobump: bool = False
    """mlfq: who comes back from I/O goes to the front of its queue, not to the end."""
    errand: int = 100 * MILLISECOND
    """manual: who ran less than this since it last slept needs nobody to assign it a core."""


class Clock(Protocol):
    """What a policy may know of the world, which is one: the time, and random draws."""

    now: int

    def stream(self, name: str) -> Rng:
        """The random stream of that name."""


class Entity:
    """What can be scheduled: a process, or a job of the lab."""

    __slots__ = (
        "affinity", "allowed", "assigned", "entry", "nice", "pid", "policy", "rt_priority",
        "runqueue", "runtime", "sched", "vruntime", "weight",
    )  # fmt: skip

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.nice = 0
        self.weight = NICE_0
        """Its share among others: tickets, to a lottery. Set by :func:`weigh`."""
        self.policy = SCHED_OTHER
        """SCHED_OTHER, SCHED_FIFO, … of sched(7)."""
        self.rt_priority = 0
        """1 to 99 for SCHED_FIFO and SCHED_RR, else 0."""
        self.affinity = -1
        """Bit mask of the cores it may run on; -1 is all (sched_setaffinity(2))."""
        self.allowed = -1
        """The same with the core it was assigned in it: what the dispatcher goes by."""
        self.runtime = 0
        """ns its next burst takes, if it said so; for eevdf the slice it asks for. 0: unknown."""
        self.assigned = -1
        """The core a player gave it under the manual policy, or -1."""
        self.vruntime = 0
        self.entry = 0
        """Nonzero while it is in a queue."""
        self.runqueue: Any = None
        """The queue it is in, or was in last."""
        self.sched: Any = None
        """What the policy in force remembers of it."""


def weigh(entity: Entity) -> None:
    """Set the weight that policy and nice value give."""
    idle = entity.policy == SCHED_IDLE
    entity.weight = WEIGHT_IDLE if idle else WEIGHTS[entity.nice + 20]


class RunQueue(Protocol):
    """Who could run on a core but does not. The running one is not in it."""

    count: int
    """How many there are, and ``extra``. Nobody's slice ends while it is 0."""
    extra: int
    """By how much ``count`` is more than could be picked."""
    weighs: bool
    """Whether the place in it depends on nice values."""
    eager: bool
    """Whether one that arrives may preempt as one that wakes up does."""

    def put(self, pcb: Any, *, woken: bool) -> None:
        """Queue one that arrived, was preempted, was moved here, or (``woken``) slept before."""

    def pick(self) -> Any:
        """Take out who should run next, or None; it runs on this core from now on."""

    def rotate(self, pcb: Any, ran: int = 0) -> Any:
        """``pcb`` ran here, for ``ran`` ns since it was last charged, and its slice is over: charge
        and queue it, and take out who runs next."""

    def adopt(self, pcb: Any) -> None:
        """``pcb`` runs on this core already, though this queue did not pick it."""

    def remove(self, pcb: Any) -> None:
        """Take out this one, which is queued here."""

    def steal(self, core: int) -> Any:
        """Take out one that may run on that core, or None."""

    def slice(self, pcb: Any) -> int:
        """How long ``pcb`` may run while others wait, in ns; at least 1."""

    def charge(self, pcb: Any, ran: int) -> None:
        """``pcb`` has run for ``ran`` ns on this core since it was last charged."""

    def leave(self, pcb: Any, ran: int) -> None:
        """Charge ``pcb``, which ran here and now sleeps, stopped or ended."""

    def yields(self, pcb: Any) -> None:
        """``pcb``, which runs here, lets others go first (sched_yield(2)); it is rotated next."""

    def preempts(self, woken: Any, current: Any) -> bool:
        """Whether one that woke up should take the core at once; ``current`` has been charged."""

    def depth(self) -> int:
        """How many wait for a core."""

    def order(self) -> list[int]:
        """The pids queued, in a canonical order, for the digest and the panes."""

    def facts(self, pcb: Any) -> tuple[Any, ...]:
        """What the policy remembers of one, as plain values for the digest."""


MakeQueue = Callable[[Params, Clock], RunQueue]
"""Makes a core's run queue."""


class BaseQueue:
    """What most policies have in common. A subclass adds put, pick, remove, slice and waiting."""

    __slots__ = ("clock", "count", "params")

    extra = 0
    weighs = False
    eager = False

    def __init__(self, params: Params, clock: Clock) -> None:
        self.params = params
        self.clock = clock
        self.count = 0

    def put(self, pcb: Any, *, woken: bool) -> None:
        raise NotImplementedError

    def pick(self) -> Any:
        raise NotImplementedError

    def remove(self, pcb: Any) -> None:
        raise NotImplementedError

    def waiting(self) -> list[Any]:
        """Who is queued, in the order in which they would run."""
        raise NotImplementedError

    def rotate(self, pcb: Any, ran: int = 0) -> Any:
        self.charge(pcb, ran)
        self.put(pcb, woken=False)
        return self.pick()

    def adopt(self, pcb: Any) -> None:
        pcb.runqueue = self

    def steal(self, core: int) -> Any:
        for pcb in self.waiting():
            if pcb.allowed >> core & 1:
                self.remove(pcb)
                return pcb
        return None

    def slice(self, pcb: Any) -> int:
        return NEVER

    def charge(self, pcb: Any, ran: int) -> None:
        pass

    def leave(self, pcb: Any, ran: int) -> None:
        self.charge(pcb, ran)

    def yields(self, pcb: Any) -> None:
        pass

    def preempts(self, woken: Any, current: Any) -> bool:
        return False

    def depth(self) -> int:
        return self.count

    def order(self) -> list[int]:
        return [pcb.pid for pcb in self.waiting()]

    def facts(self, pcb: Any) -> tuple[Any, ...]:
        return ()

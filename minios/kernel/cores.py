"""The dispatcher: who runs on which core, until when (OSTEP ch. 6 to 10).

A core runs a process until its trap takes effect or its slice is over, whichever is first, and
that moment is one event. While nothing else is due before it, no event is made at all: the loop in
:meth:`Dispatcher._event` goes on inline. A process alone on its core has no slice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.kernel.sched import POLICIES
from minios.kernel.sched.policy import weigh

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.sched import Params, RunQueue
    from minios.kernel.sched.rt import RtParams

_NEVER = -(1 << 100)
BALANCE_EVERY = 15
"""Switches of a core between two looks at how long the other queues are. An odd number, so that
with two in turn it is not always the same one that waits then."""
BALANCE_MOST = 8
"""Processes moved in one such look."""
SWITCH_CYCLES = 50
"""What a context switch costs: saving one set of registers and loading another."""
MIGRATION_CYCLES = 100
"""What it costs besides to go on on another core than before: its caches are cold."""


def _waiting(core: Core) -> int:
    return core.queue.count


class Core:
    """One CPU. ``since`` is when ``current`` began to run, or will, once the switch is paid for."""

    __slots__ = (
        "_busy", "busy_since", "current", "due", "handle", "index", "ipis", "last", "looks",
        "queue", "resched", "since", "slice_end", "switches", "ticks",
    )  # fmt: skip

    def __init__(self, index: int, queue: RunQueue) -> None:
        self.index = index
        self.handle = (self,)
        """The arguments of this core's events."""
        self.queue = queue
        self.current: PCB | None = None
        self.last: PCB | None = None
        self.since = 0
        self.slice_end: int | None = None
        self.due = _NEVER
        """When this core's event is due; one that fires at another time is stale."""
        self.resched = False
        self.switches = 0
        self.looks = BALANCE_EVERY
        """At how many switches it compares the other queues with its own."""
        self.ticks = 0
        """Interrupts of its timer: slices that were over, and sleeps of who ran here last."""
        self.ipis = 0
        """How often another core told it to look at its queue."""
        self._busy = 0
        self.busy_since: int | None = None

    def busy(self, now: int) -> int:
        """Nanoseconds this core has not been idle since boot."""
        return self._busy + (now - self.busy_since if self.busy_since is not None else 0)

    def went_idle(self, now: int) -> None:
        if self.busy_since is not None:
            self._busy += now - self.busy_since
            self.busy_since = None


class Dispatcher:
    """All cores of a machine. What can be set is in :mod:`minios.kernel.scheduling`."""

    __slots__ = (
        "active", "cores", "kernel", "migration_ns", "params", "policy", "rt", "switch_ns", "world",
    )  # fmt: skip

    def __init__(self, kernel: Kernel, count: int, policy: str, params: Params) -> None:
        self.kernel = kernel
        self.world = kernel.world
        self.switch_ns = SWITCH_CYCLES * kernel.cycle_ns
        self.migration_ns = MIGRATION_CYCLES * kernel.cycle_ns
        self.policy = policy
        self.params = params
        self.rt: RtParams | None = None
        """The settings of the real-time class, once somebody has used it."""
        self.cores = [Core(index, POLICIES[policy](params, self.world)) for index in range(count)]
        self.active: Core | None = None
        """The core on which a trap is taking effect now."""

    def running(self, pcb: PCB) -> bool:
        """Whether ``pcb`` is on a core now."""
        return pcb.core is not None

    # -- runnable or not -----------------------------------------------------------------------

    def enqueue(self, pcb: PCB, *, woken: bool) -> None:
        """``pcb`` wants a core: an idle one, or a place in the least loaded queue."""
        pcb.off += self.world.now - pcb.off_since
        core = self._place(pcb)
        queue = core.queue
        current = core.current
        if current is None:
            queue.put(pcb, woken=woken)
            if core is not self.active:
                following = queue.pick()
                if following is not None:
                    core.ipis += self.active is not None
                    self.begin(core, following)
                    self.arm(core)
            return
        # Where a newcomer stands depends on what the running one has had.
        if core is not self.active:
            self.account_core(core)
        self._settle(core, current)
        queue.put(pcb, woken=woken)
        preempts = (woken or queue.eager) and queue.preempts(pcb, current)
        if core is self.active:
            # The loop of _event arms this core again, or switches if asked to.
            if preempts:
                core.resched = True
        elif preempts:
            core.ipis += self.active is not None
            self.put_back(core)
            self.fill(core)
        elif core.slice_end is None:
            core.slice_end = max(self.world.now, core.since) + queue.slice(current)
            if core.slice_end < core.due:
                self.arm(core)

    def dequeue(self, pcb: PCB) -> None:
        """``pcb`` can no longer run: it sleeps, was stopped or is gone."""
        core = pcb.core
        if core is None:
            if pcb.entry:
                pcb.runqueue.remove(pcb)
                pcb.off_since = self.world.now
            return
        pcb.off_since = self.world.now
        if core is self.active:  # its figures are up to date, and its loop finds somebody else
            core.queue.leave(pcb, pcb.ran)
            pcb.ran = 0
            core.current = None
            pcb.core = None
        else:
            self.take_off(core, pcb)
            self.fill(core)

    def take_off(self, core: Core, pcb: PCB) -> None:
        """``pcb`` leaves the core it runs on, which has nobody then."""
        self.account_core(core)
        core.queue.leave(pcb, pcb.ran)
        pcb.ran = 0
        core.current = None
        pcb.core = None

    def reweigh(self, pcb: PCB, nice: int) -> None:
        """Change a nice value; who is queued by weight is queued anew."""
        queue = pcb.runqueue
        moved = pcb.core is None and pcb.entry and queue.weighs
        if moved:
            queue.remove(pcb)
        elif pcb.core is not None:
            self.account_core(pcb.core)
            self._settle(pcb.core, pcb)
        pcb.nice = nice
        weigh(pcb)
        if moved:
            queue.put(pcb, woken=False)

    def soon(self, act: Callable[..., None], *args: Any) -> None:
        """Do something to cores and queues as soon as no trap is taking effect on one."""
        if self.active is None:
            act(*args)
        else:
            self.world.at(self.world.now, act, *args)

    def shorten(self, pcb: PCB, burst: int) -> None:
        """Give ``pcb`` another remaining burst: a handler begins, a computation is cut."""
        core = pcb.core
        if core is None or core is self.active:
            pcb.burst = burst
            return
        self.account_core(core)
        pcb.burst = burst
        self.arm(core)

    def account(self, pcb: PCB) -> None:
        """Bring ``pcb``'s figures up to this instant, if it runs."""
        if pcb.core is not None:
            self.account_core(pcb.core)

    def cpu_time(self, pcb: PCB) -> tuple[int, int]:
        """(user, system) ns up to now, computed without changing anything."""
        core = pcb.core
        if core is None or core.since >= self.world.now:
            return pcb.utime, pcb.stime
        ran = self.world.now - core.since
        if pcb.request[0] < 0:
            return pcb.utime + ran, pcb.stime
        return pcb.utime, pcb.stime + ran

    def halt(self) -> None:
        """Stop every core for good."""
        for core in self.cores:
            core.due = _NEVER
            core.went_idle(self.world.now)
            if core.current is not None:
                core.current.core = None
                core.current = None

    # -- inside --------------------------------------------------------------------------------

    def _place(self, pcb: PCB) -> Core:
        cores = self.cores
        if len(cores) == 1:
            return cores[0]
        last = pcb.last_core
        home = best = cores[last if last >= 0 else ~last]
        if pcb.allowed != -1 or pcb.rt_priority:
            return self._place_choosy(pcb, home)
        least = home.queue.count + (home.current is not None)
        for core in cores:
            if least == 0:
                break
            load = core.queue.count + (core.current is not None)
            if load < least:
                best, least = core, load
        return best

    def _place_choosy(self, pcb: PCB, home: Core) -> Core:
        """The same for one that may not go everywhere, or goes before most of those who run."""

        def load(core: Core) -> tuple[int, int, bool]:
            current = core.current
            above = current is not None and current.rt_priority >= pcb.rt_priority > 0
            return above, core.queue.count + (current is not None), core is not home

        return min((core for core in self.cores if pcb.allowed >> core.index & 1), key=load)

    def account_core(self, core: Core) -> None:
        """Charge the running process for the time up to now."""
        pcb = core.current
        now = self.world.now
        ran = now - core.since
        if pcb is None or ran <= 0:
            return
        core.since = now
        pcb.burst -= ran
        pcb.ran += ran
        if pcb.request[0] < 0:
            pcb.utime += ran
        else:
            pcb.stime += ran

    def _settle(self, core: Core, pcb: PCB) -> None:
        """Tell the policy what a process ran."""
        core.queue.charge(pcb, pcb.ran)
        pcb.ran = 0

    def put_back(self, core: Core) -> None:
        """Take the running process off the core, though it could go on."""
        pcb = core.current
        assert pcb is not None
        self._settle(core, pcb)
        core.current = None
        pcb.core = None
        pcb.nivcsw += 1
        core.queue.put(pcb, woken=False)

    def _pull(self, core: Core, lead: int) -> bool:
        """Take a process that may run here from the longest queue at least ``lead`` longer."""
        least = longest = core.queue.count + lead - 1
        busiest = None
        for other in self.cores:
            if other.queue.count > longest:
                busiest, longest = other, other.queue.count
        if busiest is None:
            return False
        pcb = busiest.queue.steal(core.index)
        if pcb is None:  # none of those may come here; perhaps others may
            for other in self.cores:
                if other.queue.count > least:
                    pcb = pcb or other.queue.steal(core.index)
            if pcb is None:
                return False
        core.queue.put(pcb, woken=False)
        return True

    def _push(self, core: Core) -> None:
        """Give of those who wait here to the core where least do.

        A process alone on its core has no slice and makes no events, so that core never looks. One
        too many for all to be even goes round, so that nobody has a core alone while others share.
        """
        after = core.index + 1
        other = min((*self.cores[after:], *self.cores[:after]), key=_waiting)
        moved = min((core.queue.count - other.queue.count + 1) // 2, BALANCE_MOST)
        if moved <= 0:
            return
        current = other.current
        if current is not None:
            self.account_core(other)
            self._settle(other, current)
        for _ in range(moved):
            pcb = core.queue.steal(other.index)
            if pcb is None:
                break
            other.queue.put(pcb, woken=False)
        if not other.queue.count:
            return
        if current is None:
            self.fill(other)
        elif other.slice_end is None:
            other.slice_end = max(self.world.now, other.since) + other.queue.slice(current)
            if other.slice_end < other.due:
                self.arm(other)

    def begin(self, core: Core, pcb: PCB) -> None:
        """Put ``pcb``, which is in no queue, on ``core``: the context switch."""
        now = self.world.now
        core.current = pcb
        pcb.core = core
        if core.busy_since is None:
            core.busy_since = now
        previous = core.last
        if previous is not pcb:
            core.since = now + self.switch_ns
            core.switches += 1
            core.last = pcb
        else:
            core.since = now
        if pcb.last_core != core.index:
            self._moved(core, pcb)
        hooks = self.world.instruments.on_switch
        if hooks:
            for hook in hooks:
                hook(now, core, previous, pcb)
        queue = core.queue
        core.slice_end = core.since + queue.slice(pcb) if queue.count else None

    def _moved(self, core: Core, pcb: PCB) -> None:
        """``pcb`` runs here and did not before."""
        if pcb.last_core >= 0:
            core.since += self.migration_ns
            pcb.migrations += 1
        else:
            pcb.first_run = core.since
        pcb.last_core = core.index

    def _end(self, core: Core) -> int:
        """When something happens on ``core`` if nothing else does."""
        pcb = core.current
        assert pcb is not None
        end = core.since + pcb.burst
        if core.slice_end is not None and core.slice_end < end:
            return core.slice_end
        return end

    def arm(self, core: Core) -> None:
        core.due = self._end(core)
        self.world.at(core.due, self._event, core)

    def fill(self, core: Core) -> None:
        """Find something for an empty core to do."""
        pcb = core.queue.pick()
        if pcb is None and len(self.cores) > 1 and self._pull(core, 1):
            pcb = core.queue.pick()
        if pcb is None:
            self._idle(core)
            return
        self.begin(core, pcb)
        self.arm(core)

    def _idle(self, core: Core) -> None:
        core.went_idle(self.world.now)
        core.slice_end = None
        core.due = _NEVER
        hooks = self.world.instruments.on_switch
        if hooks:
            for hook in hooks:
                hook(self.world.now, core, core.last, None)

    def _event(self, core: Core) -> None:
        """A burst or a slice is over on ``core``; go on until something else is due first."""
        world = self.world
        now = world.now
        if core.due != now:
            return
        kernel = self.kernel
        queue = core.queue
        many = len(self.cores) > 1
        while True:
            # What account_core does, without a call: this is the busiest line of the simulator.
            pcb = core.current
            assert pcb is not None
            ran = now - core.since
            core.since = now
            pcb.burst -= ran
            pcb.ran += ran
            if pcb.request[0] < 0:
                pcb.utime += ran
            else:
                pcb.stime += ran
            if pcb.burst <= 0:
                self.active = core
                core.resched = False
                kernel.effect(pcb)
                self.active = None
                if core.due != now:  # the machine lost its power meanwhile
                    return
                following = core.current
                expired = core.resched
            else:
                following = pcb
                expired = True
            if following is None:
                following = queue.pick()
                if following is None and many and self._pull(core, 1):
                    following = queue.pick()
                if following is None:
                    self._idle(core)
                    return
                self.begin(core, following)
            elif queue.count:
                slice_end = core.slice_end
                if slice_end is None:
                    self._settle(core, pcb)
                    core.slice_end = now + queue.slice(pcb)
                    expired = core.resched
                elif now >= slice_end:
                    core.ticks += 1
                    expired = True
                if expired:
                    self._rotate(core, pcb, many)
            else:
                core.slice_end = None  # nobody waits any more
            # What _end does.
            pcb = core.current
            if pcb is None:
                return
            end = core.since + pcb.burst
            if core.slice_end is not None and core.slice_end < end:
                end = core.slice_end
            core.due = end
            if not world.follow(end, self._event, core.handle):
                return
            now = end

    def _rotate(self, core: Core, pcb: PCB, many: bool) -> None:
        """The slice of ``pcb`` is over and others wait: switch, or give it another one."""
        queue = core.queue
        if many and core.switches >= core.looks:
            core.looks = core.switches + BALANCE_EVERY
            self._settle(core, pcb)
            if not self._pull(core, 2):
                self._push(core)
        following = queue.rotate(pcb, pcb.ran)
        pcb.ran = 0
        if following is not pcb:
            pcb.core = None
            pcb.nivcsw += 1
            if following is None:  # nobody may run here, not even the one who did
                core.current = None
                self._idle(core)
            else:
                self.begin(core, following)
        else:
            core.slice_end = core.since + queue.slice(pcb)

"""Why a process is in the state it is in, or how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.signals import SIG_IGN, Sig, strsignal
from minios.kernel.process import WORK_PAGES
from minios.kernel.why.reason import Reason, clean, moment
from minios.kernel.why.users import user
from minios.kernel.why.waits import Wait, title, wait_of

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.kernel.cores import Core
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.kernel.why.log import Obituary

MAX_CHAIN = 16
"""How deep A waits for B waits for C is told."""
MAX_BRANCHES = 4
"""How many of several who could wake a process are told of."""

POLICY_WORDS = {
    "fifo": "who came first runs until it sleeps",
    "sjf": "the shortest expected burst runs first",
    "stcf": "the least remaining burst runs first",
    "rr": "everybody gets a quantum in turn",
    "priority": "the best nice value runs first, and waiting improves it",
    "mlfq": "the highest queue runs first",
    "lottery": "each quantum is drawn by lot, with weights as tickets",
    "stride": "the least pass runs first",
    "cfs": "who had the least CPU time for its weight runs first",
    "eevdf": "of those who are owed time the earliest deadline runs first",
    "manual": "you say who computes on which core",
}


def why_process(kernel: Kernel, who: Credentials, pid: int) -> Reason:
    """Why process ``pid`` does not run, runs, or is no more."""
    pcb = kernel.processes.get(pid)
    if pcb is None:
        last = kernel.causes.obituary(pid)
        if last is None:
            text = f"There is no process {pid}, and none has ended that is remembered."
            return Reason("unknown", text, pid)
        return ended(kernel, last, f"{pid} ({clean(last.comm)}) is gone: it ")
    reason = Chain(kernel, who).tell(pcb)
    if pcb.zombie:
        return reason
    return reason._replace(because=(*reason.because, *deafness(pcb)))


class Chain:
    """One answer: who waits for whom, each process told once."""

    def __init__(self, kernel: Kernel, who: Credentials) -> None:
        self.kernel = kernel
        self.who = who
        self._told: dict[PCB, None] = {}
        self._waits: dict[PCB, Wait] = {}

    def tell(self, pcb: PCB, depth: int = 0) -> Reason:
        """Why ``pcb`` is in its state."""
        self._told[pcb] = None
        name = title(pcb)
        if pcb.zombie:
            return self._zombie(pcb, depth)
        if pcb.stopped:
            return self._stopped(pcb, name)
        if pcb.runnable:
            return self._runnable(pcb, name)
        return self._sleeping(pcb, name, depth)

    # -- asleep ------------------------------------------------------------------------------------

    def wait(self, pcb: PCB) -> Wait:
        wait = self._waits.get(pcb)
        if wait is None:
            wait = self._waits[pcb] = wait_of(self.kernel, self.who, pcb)
        return wait

    def _sleeping(self, pcb: PCB, name: str, depth: int) -> Reason:
        wait = self.wait(pcb)
        because: list[Reason] = []
        cycle = self.cycle(pcb) if not depth else []
        if cycle:
            because.append(_deadlock(cycle))
        elif wait.wakers:
            because += self._wakers(pcb, wait, depth)
        if wait.outside:
            text = f"It can be woken by {wait.outside}."
            because.append(Reason("wake.outside", text, pcb.pid))
        elif not wait.wakers and wait.kind in ("sleep.pipe", "sleep.poll"):
            because.append(Reason("wake.nobody", "Nobody can wake it but by a signal.", pcb.pid))
        if pcb.uninterruptible:
            text = "Signals wait until then, all but SIGKILL (state D)."
            because.append(Reason("sleep.deaf", text, pcb.pid))
        text = f"{name} sleeps {wait.text}."
        return Reason(wait.kind, text, pcb.pid, wait.path, tuple(because))

    def _wakers(self, pcb: PCB, wait: Wait, depth: int) -> list[Reason]:
        """Those who could wake it, and why they do not."""
        reasons: list[Reason] = []
        others = [waker for waker in wait.wakers if waker is not pcb]
        if not others and wait.outside:
            return []
        if not others:
            text = "Only it itself has the other end open: nobody will ever wake it but a signal."
            return [Reason("wake.self", text, pcb.pid)]
        if wait.kind not in ("sleep.child", "sleep.fifo"):
            shown = ", ".join(title(waker) for waker in others[:8])
            more = f" and {len(others) - 8} more" if len(others) > 8 else ""
            held = "It is held by" if wait.kind == "sleep.lock" else "The other end is open in"
            text = f"{held} {shown}{more}."
            reasons.append(Reason("wake.holders", text, others[0].pid))
        for waker in others[:MAX_BRANCHES]:
            if waker in self._told:
                text = f"{title(waker)}: see above."
                reasons.append(Reason("again", text, waker.pid))
            elif depth < MAX_CHAIN:
                reasons.append(self.tell(waker, depth + 1))
        return reasons

    def cycle(self, start: PCB) -> list[PCB]:
        """A ring of processes that wait for each other, if ``start`` can never be woken.

        It cannot if everybody it waits for, and everybody they wait for, sleeps on processes alone.
        """
        reached: dict[PCB, None] = {start: None}
        todo = [start]
        while todo:
            pcb = todo.pop()
            if pcb.runnable or pcb.stopped or pcb.zombie:
                return []
            wait = self.wait(pcb)
            if wait.outside or not wait.wakers:
                return []
            for waker in wait.wakers:
                if waker not in reached:
                    reached[waker] = None
                    todo.append(waker)
        return self._ring(start)

    def _ring(self, start: PCB) -> list[PCB]:
        """From ``start`` always to the first one it waits for, until one comes again."""
        path: dict[PCB, None] = {}
        pcb = start
        while pcb not in path:
            path[pcb] = None
            wakers = self.wait(pcb).wakers
            pcb = next((waker for waker in wakers if waker is not pcb), wakers[0])
        ring = list(path)
        return ring[ring.index(pcb) :]

    # -- runnable ----------------------------------------------------------------------------------

    def _runnable(self, pcb: PCB, name: str) -> Reason:
        kernel = self.kernel
        if pcb.core is not None:
            text = f"{name} runs on cpu{pcb.core.index}."
            return Reason("runs", text, pcb.pid)
        if pcb.work & WORK_PAGES:
            text = f"{name} could run, but pages of it must come back from the swap first."
            return Reason("ready.pages", text, pcb.pid)
        queue = pcb.runqueue
        here = (c for c in kernel.cores if queue in (c.queue, getattr(c.queue, "normal", None)))
        core = next(here, kernel.cores[0])
        order = core.queue.order()
        policy = kernel.dispatcher.policy
        because = []
        if pcb.pid in order:
            at = order.index(pcb.pid)
            place = "is next" if not at else f"has {at} before it"
            text = f"It {place} in the queue of cpu{core.index} ({len(order)} wait)."
            because.append(Reason("ready.queue", text, pcb.pid))
        if core.current is not None:
            text = f"cpu{core.index} is taken by {title(core.current)}."
            because.append(Reason("ready.taken", text, core.current.pid))
        rule = POLICY_WORDS.get(policy, policy)
        text = f"The policy is {policy}: {rule}; its nice value is {pcb.nice}."
        because.append(Reason("ready.policy", text, pcb.pid))
        because += _standing(pcb, core, policy, kernel)
        if policy == "manual" and pcb.assigned < 0:
            text = "Nobody has assigned it to a core."
            because.insert(0, Reason("ready.unassigned", text, pcb.pid))
        every = (1 << len(kernel.cores)) - 1
        if pcb.allowed & every != every:
            cores = [f"cpu{c.index}" for c in kernel.cores if pcb.allowed >> c.index & 1]
            text = f"Its affinity lets it run on {', '.join(cores)} only."
            because.append(Reason("ready.affinity", text, pcb.pid))
        text = f"{name} could run, but has no core."
        return Reason("ready", text, pcb.pid, because=tuple(because))

    # -- stopped and dead --------------------------------------------------------------------------

    def _stopped(self, pcb: PCB, name: str) -> Reason:
        because: list[Reason] = []
        if pcb.tracer is not None:
            text = f"It is traced by {title(pcb.tracer.by)}, which decides when it goes on."
            because.append(Reason("stopped.traced", text, pcb.tracer.by.pid))
        sig, sender, comm, uid = pcb.stopped_by or (0, 0, b"", 0)
        if sig:
            text = f"It was {_by(self.kernel, sig, sender, comm, uid, 'stopped')}."
            because.append(Reason("stopped.by", text, sender))
        due = [Sig(n).name for n in range(1, 32) if pcb.pending >> (n - 1) & 1]
        if due:
            text = f"Waiting until it goes on: {', '.join(due)}."
            because.append(Reason("stopped.pending", text, pcb.pid))
        because.append(
            Reason("wake.outside", "SIGCONT lets it go on (fg, bg, kill -CONT).", pcb.pid)
        )
        return Reason("stopped", f"{name} is stopped.", pcb.pid, because=tuple(because))

    def _zombie(self, pcb: PCB, depth: int) -> Reason:
        kernel = self.kernel
        because: list[Reason] = []
        last = kernel.causes.obituary(pcb.pid)
        if last is not None:
            because.append(ended(kernel, last, "It "))
        parent = kernel.processes.get(pcb.ppid)
        if parent is not None:
            text = f"Its parent {title(parent)} has not waited for it yet."
            told: tuple[Reason, ...] = ()
            if parent not in self._told and depth < MAX_CHAIN:
                told = (self.tell(parent, depth + 1),)
            because.append(Reason("zombie.parent", text, parent.pid, because=told))
            text = "Only that removes it: it is dead, so no signal can; if the parent ends, 1 does."
            because.append(Reason("zombie.end", text, parent.pid))
        text = f"{title(pcb)} is dead, a zombie: only its exit status is left."
        return Reason("zombie", text, pcb.pid, because=tuple(because))


def _standing(pcb: PCB, core: Core, policy: str, kernel: Kernel) -> list[Reason]:
    """What its policy goes by, in figures. Nothing here may change what the policy remembers."""
    if pcb.rt_priority:
        text = f"It is in the real-time class, with priority {pcb.rt_priority}: before all others."
        return [Reason("ready.realtime", text, pcb.pid)]
    level = getattr(pcb.sched, "level", None)
    if policy == "mlfq" and level is not None:
        text = f"It is in queue {level}, of which 0 is the top one."
        return [Reason("ready.level", text, pcb.pid)]
    if policy not in ("cfs", "eevdf", "lottery", "stride"):
        return []
    rivals = [p for pid in core.queue.order() if (p := kernel.processes.get(pid)) is not None]
    if core.current is not None:
        rivals.append(core.current)
    total = sum(rival.weight for rival in rivals)
    if not total:
        return []
    share = pcb.weight * 1000 // total
    text = f"By weight ({pcb.weight} of {total}) {share // 10}.{share % 10} % of that core is its."
    return [Reason("ready.share", text, pcb.pid)]


def _deadlock(ring: list[PCB]) -> Reason:
    if len(ring) == 1:
        text = f"{title(ring[0])} waits for itself: nobody else has the other end open."
        return Reason("deadlock", f"Deadlock: {text}", ring[0].pid)
    text = " waits for ".join(title(pcb) for pcb in [*ring, ring[0]])
    return Reason("deadlock", f"Deadlock: {text}.", ring[0].pid)


# -- ends ------------------------------------------------------------------------------------------


def ended(kernel: Kernel, last: Obituary, start: str = "") -> Reason:
    """How a process ended, from its obituary; ``start`` begins the sentence."""
    at = moment(last.time)
    start = start or f"{last.pid} ({clean(last.comm)}) "
    if not last.sig:
        code = flags.wexitstatus(last.status)
        text = f"{start}ended by itself with exit status {code}, at {at}."
        return Reason("ended", text, last.pid)
    by = _by(kernel, last.sig, last.sender, last.sender_comm, last.sender_uid, "killed", last.rule)
    because: list[Reason] = []
    rule = RULES.get(last.rule)
    if rule is not None:
        detail = f" ({last.detail})" if last.detail else ""
        because.append(Reason(f"killed.{last.rule}", rule + detail, last.pid))
    text = f"{start}was {by}, at {at}."
    return Reason("killed", text, last.pid, because=tuple(because))


def _by(
    kernel: Kernel, sig: int, sender: int, comm: bytes, uid: int, what: str, rule: str = ""
) -> str:
    """``killed by SIGTERM (Terminated), sent by 30 (sh) of books``."""
    name = Sig(sig).name if sig in _NAMED else f"signal {sig}"
    if not sender:
        key = _KEYS.get(sig)
        origin = f"which came from {key}" if key and (not rule or rule[:3] == "key") else ""
        origin = origin or "which came from the kernel"
    else:
        origin = f"sent by {sender} ({clean(comm)}) of {user(kernel, uid)}"
    return f"{what} by {name} ({strsignal(sig)}), {origin}"


_NAMED = frozenset(int(sig) for sig in Sig)

_KEYS: dict[int, str] = {
    Sig.SIGINT: "its terminal: ctrl+c was typed",
    Sig.SIGQUIT: "its terminal: ctrl+\\ was typed",
    Sig.SIGTSTP: "its terminal: ctrl+z was typed",
    Sig.SIGTTIN: "its terminal: it read from the background",
    Sig.SIGTTOU: "its terminal: it wrote from the background",
}

RULES = {
    "oom": "Memory ran out, and of all processes this was the worst to keep (dmesg has the table).",
    "leader": "The leader of its session ended, and the foreground group is hung up with it.",
    "hangup": "Its terminal was hung up.",
    "orphaned": "It was stopped when its group was orphaned: nobody was left to let it go on.",
    "pipe": "It wrote to a pipe that nobody has open for reading any more.",
    "alarm": "Its own alarm went off, and it had no handler for it.",
    "fsize": "It wrote beyond the largest file it may make (ulimit -f).",
    "cpu": "It used more CPU time than it may (ulimit -t).",
    "memory": "It touched memory that is not its own, or not in that way.",
    "call": "Its filter of system calls forbids the call it made.",
    "abort": "It gave itself up (abort).",
}


def deafness(pcb: PCB) -> list[Reason]:
    """Which signals would do nothing, or wait, though one would expect them to end a process."""
    found: list[Reason] = []
    for sig in (Sig.SIGTERM, Sig.SIGINT, Sig.SIGHUP):
        bit = 1 << (sig - 1)
        if pcb.pid == 1 and not callable(pcb.handlers[sig]):
            text = "Process 1 gets no signal that it does not handle."
            return [Reason("deaf.init", text, pcb.pid)]
        if pcb.blocked & bit:
            waits = "; one waits already" if pcb.pending & bit else ""
            found.append(Reason("deaf.blocked", f"It blocks {sig.name}{waits}.", pcb.pid))
        elif pcb.handlers[sig] == SIG_IGN:
            found.append(Reason("deaf.ignored", f"It ignores {sig.name}.", pcb.pid))
        elif callable(pcb.handlers[sig]) and sig == Sig.SIGTERM:
            text = "It handles SIGTERM: what becomes of it is its own decision."
            found.append(Reason("deaf.handled", text, pcb.pid))
    return found

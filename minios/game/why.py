"""Why a goal does not hold: the part of its check that fails, and what it measures now.

An answer names nothing that the level has not told the player: a path, a user or a program comes in
only if the title, the briefing, a goal or a hint that was shown names it, and never what a file or
a terminal should say. Of what is measured it tells the number, and which number is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.fs.access import Identity
from minios.game import spec
from minios.game.checks.bound import inode_at, kernel_of, selector
from minios.game.checks.files import KINDS
from minios.game.checks.load import BoundLoad
from minios.game.checks.logic import BoundAll, BoundHeld, BoundNot
from minios.game.checks.probe import BoundProbe
from minios.game.checks.process import STATES
from minios.kernel.why.call import explain
from minios.kernel.why.reason import Reason, moment, seconds

if TYPE_CHECKING:
    from minios.fs.inode import Inode
    from minios.game.checks import Bound
    from minios.game.goals import GoalState
    from minios.game.play import Play
    from minios.kernel.kernel import Kernel


def why_goal(play: Play, goal: str) -> Reason:
    """Why a goal is done, or not. KeyError if the level shows none of that id or number."""
    shown = [state for state in play.referee.goals if state.done or not state.goal.hidden]
    for number, state in enumerate(shown, 1):
        if goal in (state.goal.id, str(number)):
            return _Teller(play).goal(state)
    raise KeyError(goal)


def ask(play: Play, kind: bytes, subject: bytes | int = b"") -> Reason:
    """What :func:`minios.kernel.why.call.explain` answers the player's own user, or root once a
    winner stays on. OSError as it says; ENODEV while the machine is off."""
    from minios.abi.errno import Errno, error

    machine = play.machines[play.level.player.machine]
    kernel = machine.kernel
    if kernel is None or kernel.halted:
        raise error(Errno.ENODEV)
    return explain(kernel, _player(play, kernel), kernel.vfs.root, kind, subject)


def _player(play: Play, kernel: Kernel) -> Identity:
    """The rights of the player: those of a process of theirs, if there is one."""
    uid = play.uid
    for pcb in kernel.processes.values():
        if pcb.euid == uid and pcb.uid == uid:
            return Identity(uid, pcb.egid, pcb.groups)
    return Identity(uid, uid)


class _Teller:
    """Answers about one play."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.now = play.world.now
        level = play.level
        hints = level.hints[: play.hints_asked]
        texts = [level.title, level.briefing, *(goal.text for goal in level.goals), *hints]
        self._told = "\n".join(texts)

    def told(self, name: str, other: str) -> str:
        """``name`` if the level has named it, else ``other``."""
        return name if name and name in self._told else other

    # -- the goal itself ---------------------------------------------------------------------------

    def goal(self, state: GoalState) -> Reason:
        goal = state.goal
        title = goal.text or goal.id
        if state.done:
            text = f"{title}: done, and it stays done." if goal.once else f"{title}: done."
            return Reason("goal.done", text)
        waits = self._preconditions(goal)
        if waits:
            return Reason("goal.waits", f"{title}: it does not count yet.", because=tuple(waits))
        parts: list[Reason] = []
        if state.since is not None:
            left = state.since + goal.hold - self.now
            text = f"It holds since {moment(state.since)} and must for {seconds(left)} s more."
            parts.append(Reason("goal.holds", text))
        else:
            parts.append(self.part(goal.check, state.tree.bound)[1])
        if state.deadline is not None:
            left = state.deadline - self.now
            text = f"{seconds(left)} s are left for it." if left > 0 else "Its time is over."
            parts.append(Reason("goal.deadline", text))
        return Reason("goal.open", f"{title}: not yet.", because=tuple(parts))

    def _preconditions(self, goal: spec.Goal) -> list[Reason]:
        referee = self.play.referee
        found: list[Reason] = []
        if goal.after and goal.after not in referee.happened:
            text = "Something has to happen first."
            for other in referee.goals:
                if other.goal.id == goal.after and not other.goal.hidden:
                    text = f"First comes: {other.goal.text or other.goal.id}"
            found.append(Reason("goal.after", text))
        for other in referee.goals:
            if other.goal.id in goal.requires and not other.done:
                name = other.goal.text or other.goal.id
                text = "A hidden goal comes first." if other.goal.hidden else f"First comes: {name}"
                found.append(Reason("goal.requires", text))
        return found

    # -- checks ------------------------------------------------------------------------------------

    def part(self, check: spec.Check, bound: Bound) -> tuple[bool, Reason]:
        """Whether a part of a check holds, and what can be said of it."""
        if isinstance(check, (spec.All, spec.Any_)) and isinstance(bound, BoundAll):
            return self._several(check, bound)
        if isinstance(check, spec.Not) and isinstance(bound, BoundNot):
            holds, reason = self.part(check.of, bound.of)
            text = "This is not so, as it should be:" if not holds else "This must not be so:"
            return not holds, Reason("check.not", text, because=(reason,))
        if isinstance(check, spec.Held) and isinstance(bound, BoundHeld):
            return self._held(check, bound)
        if isinstance(bound, BoundProbe):
            return self._probe(bound)
        holds = bound.holds(self.now)
        if isinstance(bound, BoundLoad):
            return holds, self._load(check, bound)
        return holds, _FAMILIES[type(check)](self, check)

    def _several(self, check: spec.All | spec.Any_, bound: BoundAll) -> tuple[bool, Reason]:
        parts = [self.part(c, b) for c, b in zip(check.of, bound.of, strict=True)]
        failing = tuple(reason for holds, reason in parts if not holds)
        if isinstance(check, spec.Any_):
            if len(failing) < len(parts):
                return True, Reason("check.any", "One of several things holds, which is enough.")
            return False, Reason("check.any", "One of these must come to hold:", because=failing)
        if not failing:
            return True, Reason("check.all", "Everything it asks for holds.")
        if len(failing) == 1:
            return False, failing[0]
        text = f"{len(failing)} of {len(parts)} parts do not hold:"
        return False, Reason("check.all", text, because=failing)

    def _held(self, check: spec.Held, bound: BoundHeld) -> tuple[bool, Reason]:
        holds, reason = self.part(check.of, bound.of)
        if not holds or bound.since is None:
            text = f"This must hold for {seconds(check.duration)} s without a break:"
            return False, Reason("check.held", text, because=(reason,))
        left = bound.since + check.duration - self.now
        if left <= 0:
            return True, Reason("check.held", "It has held for long enough.", because=(reason,))
        text = f"It must go on holding for {seconds(left)} s:"
        return False, Reason("check.held", text, because=(reason,))

    def _probe(self, bound: BoundProbe) -> tuple[bool, Reason]:
        if bound.status < 0:
            return False, Reason("check.probe", "A trial of it has not been made yet.")
        if bound.verdict:
            return True, Reason("check.probe", "A trial of it succeeds.")
        text = f"A trial of it fails, with exit status {bound.status}."
        return False, Reason("check.probe", text)

    def _load(self, check: Any, bound: BoundLoad) -> Reason:
        busy = bound.busy()
        asked = _asked(check.busy, lambda value: f"{value // 10} %")
        if busy is None:
            text = (
                f"The CPUs must be watched for {seconds(check.window)} s first; asked is {asked}."
            )
        else:
            over = f"Over {seconds(check.window)} s the CPUs were busy {busy // 10} %"
            text = f"{over}; asked is {asked}."
        return Reason("check.load", text)

    # -- the families ------------------------------------------------------------------------------

    def _process(self, check: spec.ProcessCheck) -> Reason:
        kernel = kernel_of(self.play, check.on)
        asked = _asked(check.count)
        if kernel is None:
            text = f"{check.on} is off, so no process lives there; asked is {asked}."
            return Reason("check.process", text)
        matches = selector(check.who, self.play.hosts[check.on])
        state = STATES[check.state]
        pids = [pcb for pcb in kernel.processes.values() if state(pcb) and matches(pcb)]
        what = self.told(check.who.name, "") or self.told(check.who.user, "")
        named = f" ({what})" if what else ""
        are = "process that counts is" if len(pids) == 1 else "processes that count are"
        text = f"{len(pids)} {are} {check.state}{named}; {_must(check.count)}."
        return Reason("check.process", text)

    def _memory(self, check: spec.MemoryCheck) -> Reason:
        kernel = kernel_of(self.play, check.on)
        used = 0
        if kernel is not None and check.who is None:
            used = kernel.ram_used
        elif kernel is not None and check.who is not None:
            test = selector(check.who, self.play.hosts[check.on])
            used = sum(pcb.rss for pcb in kernel.processes.values() if test(pcb))
        asked = _asked(check.size, lambda value: f"{value >> 10} KiB")
        whose = "They use" if check.who is not None else f"{check.on} uses"
        return Reason("check.memory", f"{whose} {used >> 10} KiB; asked is {asked}.")

    def _file(self, check: spec.FileCheck) -> Reason:
        path = self.told(check.path, "the file")
        follow = check.kind != "link" and check.target is None
        inode = inode_at(self.play, check.on, check.path.encode(), follow=follow)
        if inode is None:
            text = f"{_capital(path)} is not there."
        elif not check.exists:
            text = f"{_capital(path)} is still there."
        else:
            text = f"{_capital(path)} {self._differs(check, inode)}."
        return Reason("check.file", text, path=path if path == check.path else "")

    def _differs(self, check: spec.FileCheck, inode: Inode) -> str:
        """The first thing about a file that is not as it is asked for."""
        if check.kind and inode.mode & flags.S_IFMT != KINDS[check.kind]:
            return f"is no {check.kind}"
        if check.mode is not None and inode.mode & 0o7777 != check.mode:
            return f"has the mode {inode.mode & 0o7777:04o}, and another is asked for"
        host = self.play.hosts[check.on]
        owner = host.users.get(check.owner)
        if check.owner and (owner is None or inode.uid != owner.uid):
            return "belongs to somebody else"
        if check.group and inode.gid != host.groups.get(check.group, -1):
            return "belongs to another group"
        if check.target is not None and getattr(inode, "target", b"") != check.target.encode():
            return "leads somewhere else"
        if check.size is not None and not check.size.holds(inode.size):
            return f"has {inode.size} bytes; asked is {_asked(check.size)}"
        if check.fresh is not None:
            machine = host.machine
            age = self.now - (min(inode.mtime, inode.ctime) - machine.epoch)
            if age > check.fresh:
                return (
                    f"was written {seconds(age)} s ago, at most {seconds(check.fresh)} s is asked"
                )
        if check.lines is not None and inode.is_regular:
            count = inode.read(0, 1 << 20).count(b"\n")  # type: ignore[attr-defined]
            if not check.lines.holds(count):
                return f"has {count} lines; asked is {_asked(check.lines)}"
        says = check.equals is not None or check.contains or check.lacks or check.matches
        return "does not say what is asked" if says else "is as asked"

    def _directory(self, check: spec.DirectoryCheck) -> Reason:
        path = self.told(check.path, "the directory")
        inode = inode_at(self.play, check.on, check.path.encode())
        entries = getattr(inode, "entries", None)
        if entries is None:
            text = f"{_capital(path)} is not there."
        elif check.count is not None and not check.count.holds(len(entries)):
            text = f"{_capital(path)} has {len(entries)} entries; asked is {_asked(check.count)}."
        else:
            text = f"{_capital(path)} has {len(entries)} entries, not just those asked for."
        return Reason("check.directory", text)

    def _output(self, check: spec.OutputCheck) -> Reason:
        return Reason("check.output", f"{check.tty} has not shown what is asked for.")

    def _metric(self, check: spec.MetricCheck) -> Reason:
        value = self.play.figure(check.name)
        show = seconds if check.name == "time" else str
        text = f"{_capital(check.name)} is {show(value)}; asked is {_asked(check.value, show)}."
        return Reason("check.metric", text)

    def _pids(self, check: spec.PidsFreeCheck) -> Reason:
        kernel = kernel_of(self.play, check.on)
        free = 0
        if kernel is not None:
            free = kernel.machine.pid_max - 1 - len(kernel.processes)
        text = f"{free} pids are free on {check.on}; asked is {_asked(check.count)}."
        return Reason("check.pids", text)

    def _power(self, check: spec.PowerCheck) -> Reason:
        up = kernel_of(self.play, check.on) is not None
        return Reason("check.power", f"{check.on} is {'on' if up else 'off'}.")


def _asked(compare: spec.Compare, show: Callable[[int], str] = str) -> str:
    """``at most 3``, ``none``, ``2 to 5``."""
    low, high = compare.at_least, compare.at_most
    if high == 0:
        return "none"
    if low is not None and low == high:
        return f"exactly {show(low)}"
    if low is not None and high is not None:
        return f"{show(low)} to {show(high)}"
    if low is not None:
        return f"at least {show(low)}"
    return f"at most {show(high)}" if high is not None else "anything"


def _must(compare: spec.Compare) -> str:
    """``none may be``, ``at least 2 must be``."""
    if compare.at_most == 0:
        return "none may be"
    if compare.at_least is None:
        return f"{_asked(compare)} may be"
    return f"{_asked(compare)} must be"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_FAMILIES: dict[type[spec.Check], Callable[[_Teller, Any], Reason]] = {
    spec.ProcessCheck: _Teller._process,
    spec.MemoryCheck: _Teller._memory,
    spec.FileCheck: _Teller._file,
    spec.DirectoryCheck: _Teller._directory,
    spec.OutputCheck: _Teller._output,
    spec.MetricCheck: _Teller._metric,
    spec.PidsFreeCheck: _Teller._pids,
    spec.PowerCheck: _Teller._power,
}

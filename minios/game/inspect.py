"""What the memory pane and the process inspector ask of a machine, as plain data.

A :class:`Sight` only looks. It sees what /proc would show the player: of somebody else's process
neither files nor environment nor memory. Faults and system calls are noted while it is attached,
the calls of one process only, and only while somebody wants them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.ptrace import SYSCALL_INFO_ENTRY, SYSCALL_INFO_EXIT, SyscallInfo
from minios.abi.signals import NSIG, SIG_IGN, name_of
from minios.game.memory import areas, heap_view, memory_view, walk_view
from minios.game.view import CallView, FaultView, HeapView, InspectView, MemoryView, WalkView
from minios.game.why import why_goal
from minios.kernel.credentials import may_access
from minios.kernel.trace.plain import plain
from minios.kernel.why.processes import why_process
from minios.kernel.why.reason import lines
from minios.userland.lib.strace import decode
from minios.userland.lib.strace.text import Style

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.game.net.view import LensView, NetDetailView, NetView
    from minios.game.net.watch import Watch
    from minios.game.play import Play
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

CALLS = 200
"""System calls that are kept of the process being followed."""
FAULTS = 32
"""Page faults that are kept."""

_DENIED = "Permission denied: this process is not yours (ptrace(2), access mode checking)."
_STATES = {
    "R": "running or runnable", "S": "sleeping", "D": "waiting for a disk", "T": "stopped",
    "t": "stopped by its tracer", "Z": "a zombie",
}  # fmt: skip


class Sight:
    """An instrument on the player's machine, and what one may ask. ``who`` is the player."""

    def __init__(self, play: Play, who: Callable[[], Credentials]) -> None:
        self.play = play
        self.machine = play.machines[play.level.player.machine]
        self._who = who
        self._followed: int | None = None
        self._made: tuple[int, int, tuple[Any, ...]] | None = None
        self._calls: deque[CallView] = deque(maxlen=CALLS)
        self._faults: deque[FaultView] = deque(maxlen=FAULTS)
        self._watch: Watch | None = None

    # -- what it notes -------------------------------------------------------------------------

    def follow(self, pid: int | None) -> None:
        """Note the system calls of this process from now on; None of nobody."""
        if pid != self._followed:
            self._followed = pid
            self._made = None
            self._calls.clear()

    def on_trap(self, pcb: PCB, nr: int, args: tuple[Any, ...]) -> None:
        if pcb.pid == self._followed and nr >= 0 and not pcb.judge:
            self._made = (self.machine.world.now, nr, args)

    def on_return(self, pcb: PCB, nr: int, result: Any) -> None:
        if pcb.pid == self._followed and not pcb.judge and self._made is not None:
            at, number, args = self._made
            self._made = None
            if number == nr:
                self._calls.append(CallView(at, _call(pcb, nr, args, result)))

    def on_fault(self, pcb: PCB, address: int, kind: str) -> None:
        if self._mine(pcb):
            comm = pcb.comm.decode("utf-8", "replace")
            self._faults.append(FaultView(self.machine.world.now, pcb.pid, comm, address, kind))

    def _mine(self, pcb: PCB) -> bool:
        kernel = self.machine.kernel
        return kernel is not None and kernel.processes.get(pcb.pid) is pcb

    def _known_calls(self, pcb: PCB) -> tuple[CallView, ...]:
        """The calls noted so far, and the one it sleeps in."""
        nr, args = pcb.request
        if pcb.runnable or pcb.zombie or nr < 0:
            return tuple(self._calls)
        seen = tuple(map(plain, args))
        begun = SyscallInfo(SYSCALL_INFO_ENTRY, pcb.personality, nr, seen)
        at = self._made[0] if self._made is not None else self.machine.world.now
        text = f"{decode.name(begun)}({decode.entry(begun, Style())}…"
        return (*self._calls, CallView(at, text))

    # -- why -----------------------------------------------------------------------------------

    def why(self, pid: int | None = None) -> tuple[tuple[int, str], ...]:
        """Why a process is as it is, or why each goal does not hold: (depth, sentence)."""
        kernel = self.machine.kernel
        if pid is not None and kernel is not None:
            return tuple(lines(why_process(kernel, self._who(), pid)))
        told: list[tuple[int, str]] = []
        for goal in self.play.goals():
            if not goal.done:
                told += lines(why_goal(self.play, goal.id))
        return tuple(told)

    # -- memory --------------------------------------------------------------------------------

    def memory(self) -> MemoryView | None:
        """Physical memory as it is now; None while the machine is off."""
        kernel = self.machine.kernel
        return memory_view(kernel, self._faults) if kernel is not None else None

    def walk(self, pid: int, page: int) -> WalkView | None:
        """How a page of a process is translated. None for a process that is not the player's."""
        kernel, pcb = self.machine.kernel, self._theirs(pid)
        return walk_view(kernel, pcb, page) if kernel is not None and pcb is not None else None

    def heap(self, pid: int) -> HeapView | None:
        """The heap of a process, under the same condition."""
        pcb = self._theirs(pid)
        return heap_view(pcb) if pcb is not None else None

    def _theirs(self, pid: int) -> PCB | None:
        """A process the player may look into."""
        kernel = self.machine.kernel
        pcb = kernel.processes.get(pid) if kernel is not None else None
        return pcb if pcb is not None and may_access(self._who(), pcb) else None

    # -- the network ---------------------------------------------------------------------------

    def network(
        self, subject: str = "", packet: int = 0
    ) -> tuple[NetView, NetDetailView | None, LensView | None] | None:
        """The network as it is now, with a closer look at ``node NAME`` or ``link NAME`` and at a
        packet by its number. None where there is none. Frames are noted from the first call on.
        """
        if self._watch is None:
            from minios.game.net.watch import Watch

            self._watch = Watch(self.play)
        return self._watch.look(subject, packet)

    def network_away(self) -> None:
        """Nobody looks at the network any more: note nothing."""
        if self._watch is not None:
            self._watch.close()

    # -- one process ---------------------------------------------------------------------------

    def inspect(self, pid: int) -> InspectView | None:
        """All that may be seen of a process; None when there is no such process."""
        kernel = self.machine.kernel
        pcb = kernel.processes.get(pid) if kernel is not None else None
        if kernel is None or pcb is None:
            return None
        allowed = may_access(self._who(), pcb)
        private = ("files", "map", "environment", "calls")
        calls = self._known_calls(pcb) if allowed and self._followed == pid else ()
        return InspectView(
            pid=pid,
            comm=pcb.comm.decode("utf-8", "replace"),
            state=pcb.state,
            why=self.why(pid),
            facts=_facts(kernel, pcb),
            files=_files(pcb) if allowed else (),
            areas=areas(pcb) if allowed else (),
            environ=tuple(e.decode("utf-8", "replace") for e in pcb.environ) if allowed else (),
            signals=_signals(pcb),
            calls=calls,
            denied=() if allowed else tuple((name, _DENIED) for name in private),
        )


def _facts(kernel: Kernel, pcb: PCB) -> tuple[tuple[str, str], ...]:
    utime, stime = kernel.cpu_time(pcb)
    command = b" ".join(pcb.argv).decode("utf-8", "replace") or f"[{pcb.comm.decode()}]"
    age = kernel.world.now - pcb.start_time
    rows = [
        ("command", command),
        ("program", pcb.exe.decode("utf-8", "replace")),
        ("state", _STATES.get(pcb.state, pcb.state) + (f" in {pcb.wchan}" if pcb.wchan else "")),
        ("ids", f"parent {pcb.ppid}, group {pcb.pgid}, session {pcb.sid}"),
        ("user", f"uid {pcb.uid}, effective {pcb.euid}, saved {pcb.suid}"),
        ("CPU", f"{_seconds(utime)} user, {_seconds(stime)} system of {_seconds(age)} alive"),
        ("switches", f"{pcb.nvcsw} by itself, {pcb.nivcsw} forced"),
        ("nice", str(pcb.nice)),
    ]
    if not pcb.zombie:
        rows.append(("directory", pcb.cwd.path().decode("utf-8", "replace")))
    return tuple(rows)


def _seconds(ns: int) -> str:
    return f"{ns // 1_000_000_000}.{ns // 1_000_000 % 1000:03} s"


_MODES = {flags.O_RDONLY: "r", flags.O_WRONLY: "w", flags.O_RDWR: "rw"}


def _files(pcb: PCB) -> tuple[tuple[int, str, str], ...]:
    if pcb.zombie:
        return ()
    return tuple(
        (fd, _MODES[file.flags & flags.O_ACCMODE], file.dentry.path().decode("utf-8", "replace"))
        for fd, file in pcb.fds.items()
    )


def _signals(pcb: PCB) -> tuple[tuple[str, str, bool], ...]:
    """Those that are not simply left at their default."""
    rows = []
    for sig in range(1, NSIG + 1):
        bit = 1 << (sig - 1)
        disposition = pcb.handlers[sig]
        outcome = [
            word
            for word, holds in (
                ("caught", callable(disposition)),
                ("ignored", disposition == SIG_IGN),
                ("blocked", bool(pcb.blocked & bit)),
            )
            if holds
        ]
        pending = bool(pcb.pending & bit)
        if outcome or pending:
            rows.append((f"SIG{name_of(sig)}", ", ".join(outcome) or "default", pending))
    return tuple(rows)


def _call(pcb: PCB, nr: int, args: tuple[Any, ...], result: Any) -> str:
    """As strace writes it."""
    failed = isinstance(result, OSError)
    value = result.errno if failed else plain(result)
    seen = tuple(map(plain, args))
    return decode.line(SyscallInfo(SYSCALL_INFO_EXIT, pcb.personality, nr, seen, value, failed))

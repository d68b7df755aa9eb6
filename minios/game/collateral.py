"""Harm to what the level protects: each entry counts once, however often it is harmed.

A process is *killed* when it dies of a signal that the player's side sent, *stopped* when it is
stopped by one, and has *ended* when it is gone for whatever reason. The player's side is everything
that is not one of the level's own processes: the shell and what was started from it, the keyboard
(ctrl+c) and the panes. A file is *deleted* when its path leads nowhere and *changed* when its
content is another than at the start.
"""

from collections.abc import Callable
from hashlib import blake2b

from minios.abi.flags import wifsignaled, wtermsig
from minios.abi.signals import Sig
from minios.game.checks.bound import Scene, inode_at, lineage
from minios.game.checks.files import content
from minios.game.spec import Protect
from minios.kernel.process import PCB
from minios.sim.world import MARK_FILE, MARK_PROCESS

_STOPS = frozenset({Sig.SIGSTOP, Sig.SIGTSTP, Sig.SIGTTIN, Sig.SIGTTOU})


class Wardens:
    """Watches every protected thing. ``harmed`` lists the entries that came to harm, in order.

    ``signals`` counts those that the player's side sent to the level's processes. ``acting`` is set
    while an input is let in: a signal that comes from nobody then comes from the player.
    """

    def __init__(
        self, protect: tuple[Protect, ...], scene: Scene, moved: Callable[[], None]
    ) -> None:
        self.scene = scene
        self.harmed: list[str] = []
        self.signals = 0
        self.acting = False
        self._moved = moved
        self._processes = [entry for entry in protect if not entry.file]
        self._files = [entry for entry in protect if entry.file]
        self._before: dict[str, bytes | None] = {}
        self._blamed: dict[PCB, set[int]] = {}
        self._stopping: list[tuple[PCB, Protect]] = []
        self._versions: dict[str, tuple[int, int, int]] = {}

    def start(self) -> None:
        """Take stock of the files; from now on everything counts."""
        for entry in self._files:
            self._before[entry.id] = self._fingerprint(entry)
        world = self.scene.world
        world.instruments.add(self)
        if self._files:
            world.watch(MARK_FILE, self._look_at_files)
        if any("stopped" in entry.harm for entry in self._processes):
            world.watch(MARK_PROCESS, self._look_at_stopped)

    def _harm(self, entry: Protect) -> None:
        if entry.id not in self.harmed:
            self.harmed.append(entry.id)
            self._moved()

    # -- processes -----------------------------------------------------------------------------

    def _entries(self, pcb: PCB) -> list[Protect]:
        if pcb.lineage is None:
            return []
        ancestry = lineage(pcb)
        return [
            entry
            for entry in self._processes
            if (entry.process == pcb.identity or entry.lineage in ancestry)
            and self._runs_on(pcb, entry.on)
        ]

    def _runs_on(self, pcb: PCB, machine: str) -> bool:
        kernel = self.scene.hosts[machine].machine.kernel
        return kernel is not None and kernel.processes.get(pcb.pid) is pcb

    def _by_player(self, pcb: PCB, sig: int, sender: PCB | None) -> bool:
        if sender is None:
            return self.acting
        if sender.lineage is not None or sender.pid == 1:
            return False
        return not (sig == Sig.SIGCHLD and sender.ppid == pcb.pid)

    def on_signal(self, pcb: PCB, sig: int, sender: PCB | None) -> None:
        if pcb.lineage is None or pcb.judge or not self._by_player(pcb, sig, sender):
            return
        self.signals += 1
        self._moved()
        entries = self._entries(pcb)
        if not entries:
            return
        self._blamed.setdefault(pcb, set()).add(sig)
        if sig in _STOPS:
            self._stopping += [(pcb, entry) for entry in entries if "stopped" in entry.harm]

    def on_exit(self, pcb: PCB) -> None:
        if pcb.judge:
            return
        blamed = self._blamed.pop(pcb, set())
        for entry in self._entries(pcb):
            killed = wifsignaled(pcb.exit_status) and wtermsig(pcb.exit_status) in blamed
            if (killed and "killed" in entry.harm) or "ended" in entry.harm:
                self._harm(entry)

    def _look_at_stopped(self, changed: int) -> None:
        stopping, self._stopping = self._stopping, []
        for pcb, entry in stopping:
            if pcb.stopped:
                self._harm(entry)

    # -- files ---------------------------------------------------------------------------------

    def _fingerprint(self, entry: Protect) -> bytes | None:
        inode = inode_at(self.scene, entry.on, entry.file.encode())
        if inode is None:
            return None
        self._versions[entry.id] = (inode.ino, inode.ctime, inode.size)
        return blake2b(content(inode), digest_size=16).digest()

    def _look_at_files(self, changed: int) -> None:
        for entry in self._files:
            if entry.id in self.harmed:
                continue
            inode = inode_at(self.scene, entry.on, entry.file.encode())
            if inode is None:
                if "deleted" in entry.harm and self._before[entry.id] is not None:
                    self._harm(entry)
            elif (
                "changed" in entry.harm
                and self._versions.get(entry.id) != (inode.ino, inode.ctime, inode.size)
                and self._fingerprint(entry) != self._before[entry.id]
            ):
                self._harm(entry)

"""An instrument that keeps the recent past of one machine's cores and processes for the panes.

It is attached by the session and by nobody else; a headless run has none.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from minios.fs.access import ROOT
from minios.fs.inode import Regular
from minios.game.view import CoreView, ProcessView, Segment

if TYPE_CHECKING:
    from minios.kernel.cores import Core
    from minios.kernel.kernel import Kernel
    from minios.kernel.machine import Machine
    from minios.kernel.process import PCB

SLOT = 100_000_000
"""CPU time is added up in slots of this many ns."""

SECOND_SLOTS = 10
SPARKS = 8
SPARK_SLOTS = 5
KEPT_SLOTS = SPARKS * SPARK_SLOTS + 1

SEGMENTS = 1024
"""Stretches kept for each core."""

IDLE, SWITCH = 0, -1

_TEXT_LIMIT = 256


class Gantt:
    """Who ran where, and how much of the last seconds everybody got."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._open: dict[Core, tuple[int, int, str]] = {}
        self._past: dict[int, deque[Segment]] = {}
        self._slots: dict[int, dict[int, int]] = {}
        self._kernel: Kernel | None = None
        self._users: dict[int, str] = {}
        self._users_at: object = None
        self._views: dict[int, tuple[Any, ProcessView]] = {}
        self._attach()

    def _attach(self) -> None:
        kernel = self.machine.kernel
        self._kernel = kernel
        self._open = {}
        self._views = {}
        self._slots = {}
        if kernel is None:
            return
        now = kernel.world.now
        for core in kernel.cores:
            self._past[core.index] = deque(maxlen=SEGMENTS)
            running = core.current
            self._open[core] = (now, running.pid, _text(running.comm)) if running else _idle(now)

    # -- what the kernel tells -----------------------------------------------------------------

    def on_power(self, machine: Machine, on: bool) -> None:
        if machine is self.machine:
            self._attach()

    def on_switch(self, now: int, core: Core, previous: PCB | None, after: PCB | None) -> None:
        opened = self._open.get(core)
        if opened is None:
            return
        start, pid, comm = opened
        if start < now:
            self._past[core.index].append(Segment(start, now, pid, comm))
            self._count(start, now, pid, core.index)
        if after is None:
            self._open[core] = _idle(now)
            return
        begin = core.since
        if begin > now:
            self._past[core.index].append(Segment(now, begin, SWITCH, ""))
            self._count(now, begin, SWITCH, core.index)
        self._open[core] = (begin, after.pid, _text(after.comm))

    def _count(self, start: int, end: int, pid: int, core: int) -> None:
        """Add a stretch to the slots it touches, for the process and (as ``~core``) the core."""
        if pid == IDLE:
            return
        slots = self._slots
        busy = -2 - core
        first, last = start // SLOT, (end - 1) // SLOT
        if first < last - KEPT_SLOTS:
            first = last - KEPT_SLOTS
            start = first * SLOT
        for index in range(first, last + 1):
            slot = slots.get(index)
            if slot is None:
                slot = slots[index] = {}
                for old in [k for k in slots if k < index - KEPT_SLOTS]:
                    del slots[old]
            until = min(end, (index + 1) * SLOT)
            slot[pid] = slot.get(pid, 0) + until - start
            slot[busy] = slot.get(busy, 0) + until - start
            start = until

    # -- what the panes pull -------------------------------------------------------------------

    def cores(self) -> tuple[CoreView, ...]:
        """Every core now, with its recent past."""
        kernel = self._kernel
        if kernel is None or self.machine.kernel is not kernel:
            return ()
        shares = self._shares()
        now = kernel.world.now
        views = []
        for core, (start, pid, comm) in self._open.items():
            past = self._past[core.index]
            segments = (*past, Segment(start, now, pid, comm)) if start < now else tuple(past)
            views.append(
                CoreView(
                    core.index,
                    pid,
                    comm,
                    shares.get(-2 - core.index, 0),
                    core.queue.depth(),
                    core.switches,
                    segments,
                )
            )
        return tuple(views)

    def processes(self) -> tuple[ProcessView, ...]:
        """Every process the machine's kernel knows, by pid. Unchanged ones are the same objects."""
        kernel = self._kernel
        if kernel is None or self.machine.kernel is not kernel:
            return ()
        self._read_users()
        shares = self._shares()
        sparks = self._sparks()
        known = self._views
        fresh: dict[int, tuple[Any, ProcessView]] = {}
        nothing = (0,) * SPARKS
        for pid in sorted(kernel.processes):
            pcb = kernel.processes[pid]
            utime, stime = kernel.cpu_time(pcb)
            key = (
                utime + stime, pcb.state, pcb.ppid, pcb.pgid, pcb.sid, pcb.euid, pcb.nice,
                pcb.rss, pcb.wchan, pcb.comm, pcb.argv, shares.get(pid, 0),
                sparks.get(pid, nothing), pcb.processor if pcb.core is not None else -1,
                pcb.assigned,
            )  # fmt: skip
            old = known.get(pid)
            if old is not None and old[0] == key:
                fresh[pid] = old
            else:
                fresh[pid] = (key, self._process(pcb, key))
        self._views = fresh
        return tuple(view for _, view in fresh.values())

    def _process(self, pcb: PCB, key: tuple[Any, ...]) -> ProcessView:
        comm = _text(pcb.comm)
        words = b" ".join(pcb.argv)[:_TEXT_LIMIT]
        return ProcessView(
            pid=pcb.pid,
            ppid=pcb.ppid,
            pgid=pcb.pgid,
            sid=pcb.sid,
            uid=pcb.euid,
            user=self._users.get(pcb.euid) or str(pcb.euid),
            comm=comm,
            cmdline=f"[{comm}] <defunct>" if pcb.zombie else _text(words),
            state=key[1],
            nice=pcb.nice,
            cpu=key[11],
            cpu_ns=key[0],
            core=pcb.processor,
            rss=key[7],
            tty=_text(pcb.tty.name) if pcb.tty is not None else "",
            spark=key[12],
            wchan=pcb.wchan,
            assigned=pcb.assigned,
        )

    def _open_slots(self) -> list[tuple[int, int, int, int]]:
        """What is still running, as (start, end, pid, core) stretches that no slot has yet."""
        kernel = self._kernel
        assert kernel is not None
        now = kernel.world.now
        return [
            (start, now, pid, core.index)
            for core, (start, pid, _) in self._open.items()
            if pid != IDLE and start < now
        ]

    def _shares(self) -> dict[int, int]:
        """By pid (and core): thousandths of one core over the last second."""
        kernel = self._kernel
        assert kernel is not None
        now = kernel.world.now
        oldest = now - SECOND_SLOTS * SLOT
        total: dict[int, int] = {}
        present = now // SLOT
        for pid, taken in self._slots.get(present - SECOND_SLOTS, _NONE).items():
            total[pid] = taken * (SLOT - now % SLOT) // SLOT  # its part of the second is not over
        for index in range(present - SECOND_SLOTS + 1, present + 1):
            for pid, taken in self._slots.get(index, _NONE).items():
                total[pid] = total.get(pid, 0) + taken
        for start, end, pid, core in self._open_slots():
            taken = end - max(start, oldest)
            total[pid] = total.get(pid, 0) + taken
            total[-2 - core] = total.get(-2 - core, 0) + taken
        return {
            pid: min(1000, taken // (SECOND_SLOTS * SLOT // 1000)) for pid, taken in total.items()
        }

    def _sparks(self) -> dict[int, tuple[int, ...]]:
        """By pid: the share in each of the last whole half-seconds, oldest first."""
        kernel = self._kernel
        assert kernel is not None
        width = SPARK_SLOTS * SLOT
        last = kernel.world.now // width
        total: dict[int, list[int]] = {}
        for index, slot in self._slots.items():
            at = index // SPARK_SLOTS - (last - SPARKS)
            if 0 <= at < SPARKS:
                for pid, taken in slot.items():
                    total.setdefault(pid, [0] * SPARKS)[at] += taken
        for start, end, pid, _ in self._open_slots():
            row = total.setdefault(pid, [0] * SPARKS)
            for at in range(SPARKS):
                begin = (last - SPARKS + at) * width
                row[at] += max(0, min(end, begin + width) - max(start, begin))
        return {
            pid: tuple(min(1000, taken // (width // 1000)) for taken in row)
            for pid, row in total.items()
            if pid > 0
        }

    def _read_users(self) -> None:
        """The names in /etc/passwd, read again when that file was written."""
        try:
            vfs = self.machine.vfs
            inode = vfs.walk(ROOT, vfs.root, b"/etc/passwd").inode
        except OSError:
            return
        written = (inode.ino, inode.mtime, inode.size)
        if written == self._users_at or not isinstance(inode, Regular):
            return
        self._users_at = written
        self._users = {}
        for line in inode.read(0, 1 << 16).split(b"\n"):
            row = line.split(b":")
            if len(row) > 2 and row[2].isdigit():
                self._users.setdefault(int(row[2]), _text(row[0]))


_NONE: dict[int, int] = {}


def _idle(now: int) -> tuple[int, int, str]:
    return (now, IDLE, "")


def _text(data: bytes) -> str:
    """Bytes of the world for a pane: control characters are the emulator's alone."""
    text = data.decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)

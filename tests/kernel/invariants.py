"""What must be true of a kernel between any two events, whatever its processes do."""

from __future__ import annotations

from collections import Counter
from typing import Any

from minios.abi.flags import wifexited, wifsignaled
from minios.abi.records import Siginfo, Waited
from minios.abi.signals import SA_NOCLDWAIT, SIG_IGN, Sig
from minios.abi.syscalls import NR
from minios.kernel.death import reaper
from minios.kernel.files.file import File
from minios.kernel.files.pipe import Pipe, PipeFile
from minios.kernel.kernel import Kernel
from minios.kernel.mm import check as memory
from minios.kernel.process import PCB

SIGNAL_ONLY = ("sigsuspend", "do_sigtimedwait")
"""Wait channels of those who sleep until a signal comes, and have neither a queue nor a timer."""

Ids = tuple[int, int, int]


class Auditor:
    """An instrument that keeps books, and compares them with the kernel when asked.

    ``setuid`` are the programs whose file gives the rights of uid 0.
    """

    def __init__(self, kernel: Kernel, setuid: frozenset[str] = frozenset()) -> None:
        self.kernel = kernel
        self.setuid = setuid
        self.births = 0
        self.deaths = 0
        self.waited = 0
        self.unwanted = 0
        """Zombies that vanish at once: their parent ignores SIGCHLD, or there is none."""
        self.ids: dict[PCB, tuple[Ids, Ids, int]] = {}
        self.put: dict[Pipe, bytearray] = {}
        self.got: dict[Pipe, bytearray] = {}
        self.segments: list[int] = []
        """Ids of System V segments that were made."""
        self._reading: dict[PCB, Pipe] = {}
        self._at_start = len(kernel.processes)
        for pcb in kernel.processes.values():
            self.ids[pcb] = _ids(pcb)
        kernel.world.instruments.add(self)

    def know(self, pcb: PCB) -> None:
        """A process that was started from outside: its rights are what they are."""
        self.ids[pcb] = _ids(pcb)

    # -- what happens ------------------------------------------------------------------------------

    def on_fork(self, parent: PCB, child: PCB) -> None:
        self.births += 1
        assert _ids(child) == _ids(parent), "a child has other rights than its parent"
        self.ids[child] = _ids(child)

    def on_exec(self, pcb: PCB) -> None:
        before = self.ids[pcb]
        if pcb.program in self.setuid:
            now = _ids(pcb)
            assert now[0][0] == before[0][0], "exec changed the real uid"
            self.ids[pcb] = now
        else:
            self._no_gain(pcb)

    def on_exit(self, pcb: PCB) -> None:
        self.deaths += 1
        self.unwanted += _ignores(self.kernel.processes.get(pcb.ppid))
        if any(child.zombie for child in pcb.children.values()):
            # Who adopts its zombies may not want them either.
            adopts = not _ignores(reaper(self.kernel, pcb))
            self.unwanted += sum(c.zombie and not adopts for c in pcb.children.values())

    def on_trap(self, pcb: PCB, nr: int, args: tuple[Any, ...]) -> None:
        if nr == NR.read:
            file = _open_file(pcb, args[0])
            if isinstance(file, PipeFile):
                self._reading[pcb] = file.pipe
            else:
                self._reading.pop(pcb, None)

    def on_return(self, pcb: PCB, nr: int, result: Any) -> None:
        if nr == NR.waitid and isinstance(result, Waited) and result.pid:
            ended = wifexited(result.status) or wifsignaled(result.status)
            self.waited += ended and result.pid not in self.kernel.processes
        elif nr == NR.waitid and isinstance(result, Siginfo):
            raise AssertionError("waitid of the C library is not used here")
        elif nr == NR.shmget and isinstance(result, int):
            self.segments.append(result)
        elif nr == NR.read and isinstance(result, bytes):
            pipe = self._reading.get(pcb)
            if pipe is not None:
                self.got.setdefault(pipe, bytearray()).extend(result)

    def note_put(self, pipe: Pipe, data: bytes) -> None:
        """Bytes have gone into a pipe."""
        self.put.setdefault(pipe, bytearray()).extend(data)

    # -- what must be true -------------------------------------------------------------------------

    def check(self) -> None:
        """AssertionError says what is wrong."""
        kernel = self.kernel
        assert not kernel.faults, kernel.faults
        self._family()
        self._queues()
        self._sleepers()
        self._files()
        self._pipes()
        for pcb in kernel.processes.values():
            if not pcb.zombie:
                self._no_gain(pcb)

    def check_memory(self) -> None:
        """The same of frames, page tables and swap, which takes longer."""
        memory.check(self.kernel.mm)

    def _family(self) -> None:
        kernel = self.kernel
        zombies = 0
        users: Counter[int] = Counter()
        for pid, pcb in kernel.processes.items():
            assert pcb.pid == pid
            zombies += pcb.zombie
            if not pcb.zombie:
                users[pcb.uid] += 1
            for child_pid, child in pcb.children.items():
                assert kernel.processes.get(child_pid) is child, f"{pid} has a child that is gone"
                assert child.ppid == pid, f"{child_pid} does not know its parent {pid}"
            assert not (pcb.zombie and pcb.children), f"zombie {pid} has children"
            if pid != 1:
                parent = kernel.processes.get(pcb.ppid)
                assert parent is not None, f"{pid} has no parent"
                assert parent.children.get(pid) is pcb, f"{pid} is not among its parent's children"
        reaped = self.deaths - zombies
        assert reaped == self.waited + self.unwanted, (
            f"{self.deaths} ended, {zombies} are zombies, {self.waited} were waited for,"
            f" {self.unwanted} were not wanted"
        )
        for uid, count in users.items():
            assert kernel.count_of(uid) == count, f"uid {uid} has {count} processes"

    def _queues(self) -> None:
        kernel = self.kernel
        places: Counter[int] = Counter()
        for core in kernel.cores:
            if core.current is not None:
                places[core.current.pid] += 1
                assert core.current.core is core
                assert core.current.allowed >> core.index & 1, "it runs where it may not"
            for pid in core.queue.order():
                places[pid] += 1
                assert kernel.processes[pid].core is None
        active = 0
        for pid, pcb in kernel.processes.items():
            ready = pcb.runnable and not pcb.stopped and not pcb.zombie
            active += pcb.runnable or pcb.uninterruptible
            assert places.get(pid, 0) == ready, (
                f"{pid} is in {places.get(pid, 0)} places, state {pcb.state}"
            )
        assert kernel.load.active == active, f"load {kernel.load.active}, runnable {active}"

    def _sleepers(self) -> None:
        for pcb in self.kernel.processes.values():
            if pcb.runnable or pcb.zombie:
                assert not pcb.wait_queues, f"{pcb.pid} is in a wait queue and awake"
                continue
            for queue in pcb.wait_queues:
                assert pcb in queue.sleepers
                for sleeper in queue.sleepers:
                    assert queue in sleeper.wait_queues
            assert pcb.wait_queues or pcb.wakeup is not None or pcb.wchan in SIGNAL_ONLY, (
                f"{pcb.pid} sleeps in {pcb.wchan} and nothing will wake it"
            )

    def _open(self) -> Counter[File]:
        """Every open description with the number of those who hold it."""
        held: Counter[File] = Counter()
        for pcb in self.kernel.processes.values():
            for _, file in pcb.fds.items():
                held[file] += 1
            opening = getattr(pcb.progress, "file", None)
            if isinstance(opening, File):
                held[opening] += 0
        for sock in self.kernel.sockets.unix.values():
            for packet in sock.queue:
                for file in packet.files:
                    held[file] += 1
        return held

    def _files(self) -> None:
        held = self._open()
        for file, count in held.items():
            assert file.refs == count, f"{file.dentry.path()!r} has {file.refs} refs, {count} held"
        assert self.kernel.open_files == len(held), (
            f"{self.kernel.open_files} files are open, {len(held)} are held"
        )
        inodes: Counter[Any] = Counter(file.inode for file in held)
        for inode, count in inodes.items():
            assert inode.opens >= count, f"inode {inode.ino} is open {inode.opens} times"

    def _pipes(self) -> None:
        ends: dict[Pipe, list[int]] = {}
        for file in self._open():
            if isinstance(file, PipeFile):
                both = ends.setdefault(file.pipe, [0, 0])
                both[0] += file.readable
                both[1] += file.writable
        for pipe, (readers, writers) in ends.items():
            assert (pipe.readers, pipe.writers) == (readers, writers), "ends are miscounted"
        total = sum(len(pipe.buffer) for pipe in ends)
        for sock in self.kernel.sockets.unix.values():
            total += sum(len(packet.data) for packet in sock.queue)
        assert self.kernel.pipe_bytes == total, f"{self.kernel.pipe_bytes} bytes in pipes, {total}"
        for pipe, put in self.put.items():
            got = self.got.get(pipe, b"")
            assert put[: len(got)] == got, "bytes came out of a pipe that did not go in so"
            if pipe in ends:
                assert put[len(got) :] == pipe.buffer, "a pipe lost or doubled bytes"

    def _no_gain(self, pcb: PCB) -> None:
        """No id is new unless CAP_SETUID let it be, and no capability appears."""
        ids, gids, caps = self.ids[pcb]
        now_ids, now_gids, now_caps = _ids(pcb)
        if (now_ids, now_gids, now_caps) == (ids, gids, caps):
            return
        root = ids[1] == 0 or caps
        if not root:
            assert set(now_ids) <= set(ids), f"{pcb.pid} became {now_ids} from {ids}"
            assert set(now_gids) <= set(gids), f"{pcb.pid} became group {now_gids} from {gids}"
            if 0 not in ids:
                assert not now_caps & ~caps, f"{pcb.pid} gained capabilities"
        self.ids[pcb] = (now_ids, now_gids, now_caps)


def _ignores(parent: PCB | None) -> bool:
    """Whether a parent leaves no zombies (wait(2), sigaction(2) SA_NOCLDWAIT)."""
    return (
        parent is None
        or parent.zombie
        or parent.handlers[Sig.SIGCHLD] == SIG_IGN
        or parent.handler_flags.get(Sig.SIGCHLD, 0) & SA_NOCLDWAIT != 0
    )


def _ids(pcb: PCB) -> tuple[Ids, Ids, int]:
    return (
        (pcb.uid, pcb.euid, pcb.suid),
        (pcb.gid, pcb.egid, pcb.sgid),
        pcb.caps.effective,
    )


def _open_file(pcb: PCB, fd: Any) -> File | None:
    try:
        found: File = pcb.fds.get(fd)
    except OSError:
        return None
    return found

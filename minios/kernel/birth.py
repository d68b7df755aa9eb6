"""Birth: fork(2), execve(2), and processes that are started from outside.

A coroutine cannot be copied, so a native fork names where the child goes on; everything else of the
PCB is copied as fork(2) says. What may fail comes first, and leaves nothing behind when it does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.abi.flags import RLIMIT_CPU, RLIMIT_NPROC
from minios.abi.signals import SIG_DFL, SIG_IGN
from minios.abi.sys import Entry
from minios.abi.syscalls import COMPUTE
from minios.kernel.credentials import FORK_KEEPS, FORKED
from minios.kernel.death import close_frames
from minios.kernel.exec import Image, load
from minios.kernel.files import fscalls
from minios.kernel.limits import may_fork, watch_cpu
from minios.kernel.mm.space import EXEC_FRAMES, NEW_FRAMES, AddressSpace
from minios.kernel.process import DEFAULT_LIMITS, PCB, Frame
from minios.kernel.sched.policy import weigh
from minios.kernel.scheduling import inherit
from minios.kernel.wait import Blocked, WaitQueue
from minios.memory.frames import OutOfFrames
from minios.sim.world import MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

START_CYCLES = 200
"""The first steps of a new process image."""


def fork(kernel: Kernel, parent: PCB, entry: Entry, state: Sequence[Any]) -> PCB:
    """A child that goes on in ``entry(sys, *state)``. EAGAIN (limits), ENOMEM."""
    if not may_fork(kernel, parent):
        raise error(Errno.EAGAIN)
    pid = kernel.new_pid()
    space = _copy_memory(kernel, parent, pid)
    child = PCB(pid, parent.pid, kernel.world.now)
    child.pgid, child.sid, child.tty = parent.pgid, parent.sid, parent.tty
    child.comm, child.exe, child.program = parent.comm, parent.exe, parent.program
    child.argv, child.environ = parent.argv, parent.environ
    child.lineage = parent.lineage
    child.uid, child.euid, child.suid = parent.uid, parent.euid, parent.suid
    child.gid, child.egid, child.sgid = parent.gid, parent.egid, parent.sgid
    child.groups, child.judge = parent.groups, parent.judge
    child.cgroup = parent.cgroup
    child.caps, child.attributes = parent.caps, parent.attributes & FORK_KEEPS | FORKED
    child.cwd, child.umask = parent.cwd, parent.umask
    child.fds = parent.fds.copy()
    child.rlimits = dict(parent.rlimits)
    child.mm = space
    child.oom_score_adj = parent.oom_score_adj
    child.blocked = parent.blocked
    child.handlers = list(parent.handlers)
    child.handler_flags = dict(parent.handler_flags)
    child.handler_masks = dict(parent.handler_masks)
    inherit(parent, child)
    child.trace = parent.trace
    child.brand, child.calls, child.costs = parent.brand, parent.calls, parent.costs
    child.seccomp = parent.seccomp
    if parent.tracer is not None:
        parent.tracer.forked(kernel, child)
    child.personality = parent.personality
    _enter(kernel, child, lambda: child.bound(entry(child.sys, *state)), START_CYCLES // 4)
    parent.children[pid] = child
    if RLIMIT_CPU in child.rlimits:
        watch_cpu(kernel, child)
    hooks = kernel.world.instruments.on_fork
    if hooks:
        for hook in hooks:
            hook(parent, child)
    return child


def _copy_memory(kernel: Kernel, parent: PCB, pid: int) -> AddressSpace:
    """The child's address space; who has to wait for frames makes the call again. ENOMEM."""
    memory = kernel.mm
    if not memory.may_commit(parent.mm.committed):
        raise error(Errno.ENOMEM)
    while True:
        try:
            space: AddressSpace = parent.mm.fork(pid)
            return space
        except OutOfFrames:
            wait_for_room(kernel, NEW_FRAMES + parent.mm.table.tables())


def wait_for_room(kernel: Kernel, frames: int) -> None:
    """Make frames free, or sleep until they are (Blocked). ENOMEM if they cannot be."""
    try:
        queue = kernel.mm.room(frames)
    except OutOfFrames:
        raise error(Errno.ENOMEM) from None
    if queue is not None:
        if kernel.acting is None:
            raise error(Errno.ENOMEM)
        raise Blocked(queue)


def _enter(
    kernel: Kernel, pcb: PCB, make: Callable[[], Coroutine[Any, Any, Any]], cycles: int
) -> None:
    """The process is complete: it wants a core from now on."""
    pcb.child_wait = WaitQueue(kernel, "do_wait")
    pcb.frames = [Frame(make, 0, 0)]
    pcb.request = (COMPUTE, (cycles,))
    pcb.burst = cycles * kernel.cycle_ns
    kernel.processes[pcb.pid] = pcb
    kernel.forks += 1
    kernel.count_user(pcb.uid, 1)
    pcb.runnable = True
    kernel.load.changed(kernel.world.now, 1)
    kernel.dispatcher.enqueue(pcb, woken=False)
    kernel.world.mark(MARK_PROCESS)


def start(
    kernel: Kernel,
    argv: Sequence[bytes],
    *,
    uid: int = 0,
    gid: int = 0,
    groups: Sequence[int] = (),
    env: Mapping[bytes, bytes] | None = None,
    cwd: bytes = b"/",
    identity: str | None = None,
    fds: Mapping[int, Any] | None = None,
    nice: int = 0,
    path: bytes | None = None,
) -> PCB:
    """Start a program from outside, as a child of pid 1 in a session of its own.

    ``fds`` gives open files (each is taken over); without it 0 to 2 are /dev/null. OSError as
    execve(2) and fork(2) raise it, with nothing left behind.
    """
    pid = kernel.new_pid()
    pcb = PCB(pid, 1 if pid != 1 else 0, kernel.world.now)
    pcb.uid = pcb.euid = pcb.suid = uid
    pcb.gid = pcb.egid = pcb.sgid = gid
    pcb.groups = tuple(groups)
    pcb.judge = kernel.hidden
    pcb.identity = pcb.lineage = identity
    pcb.nice = nice
    weigh(pcb)
    pcb.calls = kernel.calls
    pcb.rlimits = dict(DEFAULT_LIMITS)
    pcb.rlimits[RLIMIT_NPROC] = (kernel.machine.nproc, kernel.machine.nproc)
    environ = tuple(k + b"=" + v for k, v in (env or {}).items())
    try:
        fscalls.prepare(kernel, pcb, cwd, fds)
        image = load(kernel, pcb, path if path is not None else argv[0], list(argv), environ)
        pcb.mm = _new_memory(kernel, pid)
        _load_memory(kernel, pcb, image)
    except OSError:
        if pcb.mm is not None:
            pcb.mm.free()
        if pcb.fds is not None:
            pcb.fds.close_all()
        raise
    image.apply(pcb)
    if image.brand != pcb.brand or kernel.personality != pcb.personality:
        _assume(kernel, pcb, image.brand)
    _enter(kernel, pcb, lambda: image.start(pcb), START_CYCLES)
    parent = kernel.processes.get(pcb.ppid)
    if parent is not None:
        parent.children[pid] = pcb
    return pcb


def _new_memory(kernel: Kernel, pid: int) -> AddressSpace:
    while True:
        try:
            return AddressSpace(kernel.mm, pid)
        except OutOfFrames:
            wait_for_room(kernel, NEW_FRAMES)


def _load_memory(kernel: Kernel, pcb: PCB, image: Image) -> None:
    """Make the process's memory that of a fresh program. ENOMEM, with the old one as it was."""
    while True:
        try:
            pcb.mm.load(image.inode, image.exe, image.arguments)
            return
        except OutOfFrames:
            wait_for_room(kernel, EXEC_FRAMES + (image.arguments >> 12) + 3)


def replace(
    kernel: Kernel, pcb: PCB, path: bytes, argv: list[bytes], environ: tuple[bytes, ...]
) -> None:
    """Replace the program of ``pcb`` (execve(2)); everything that may fail comes first."""
    image = load(kernel, pcb, path, argv, environ)
    pcb.maxrss = pcb.peak
    _load_memory(kernel, pcb, image)
    frames, pcb.frames = pcb.frames, []
    close_frames(frames)
    image.apply(pcb)
    pcb.fds.close_on_exec()
    for sig, disposition in enumerate(pcb.handlers):
        if disposition != SIG_IGN:
            pcb.handlers[sig] = SIG_DFL
    pcb.handler_flags.clear()
    pcb.handler_masks.clear()
    pcb.saved_mask = None
    if image.brand != pcb.brand or image.brand != pcb.personality:
        _assume(kernel, pcb, image.brand)
    pcb.frames = [Frame(lambda: image.start(pcb), 0, 0)]
    if pcb.tracer is not None:
        pcb.tracer.execed(kernel)
    hooks = kernel.world.instruments.on_exec
    if hooks:
        for hook in hooks:
            hook(pcb)
    kernel.world.mark(MARK_PROCESS)


def _assume(kernel: Kernel, pcb: PCB, brand: str) -> None:
    """A program of another brand is to be served; what that takes is loaded when it is needed."""
    from minios.kernel.personality import assume

    assume(kernel, pcb, brand)

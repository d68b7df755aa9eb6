"""Random programs of system calls: after every event of theirs the kernel is in order.

A program is a list of steps. The steps after a fork or an exec belong, as many as it says, to the
child or the new program. Every process carries an alarm, so that whatever blocks for ever ends.
More examples than the few of a normal run:
``MINIOS_EXAMPLES=20000 pytest tests/kernel/test_syscall_machine.py``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from minios.abi import flags
from minios.abi.inotify import IN_CREATE, IN_MODIFY
from minios.abi.ptrace import (
    PTRACE_ATTACH,
    PTRACE_CONT,
    PTRACE_DETACH,
    PTRACE_INTERRUPT,
    PTRACE_SEIZE,
    PTRACE_SYSCALL,
)
from minios.abi.records import Flock
from minios.abi.signals import SA_NOCLDWAIT, SA_RESTART, SIG_DFL, SIG_IGN, Sig, mask_of
from minios.abi.sockets import AF_UNIX, SOCK_DGRAM, SOCK_STREAM
from minios.abi.sys import Sys
from minios.fs.access import ROOT, Identity
from minios.kernel import birth, scheduling
from minios.kernel.files.pipe import Pipe
from minios.kernel.kernel import Kernel
from minios.kernel.process import PCB
from minios.kernel.sched import POLICIES
from minios.kernel.socket.unix import collect
from minios.kernel.why.call import explain
from minios.kernel.why.reason import lines
from minios.memory.frames import Kind
from minios.sim.world import MILLISECOND, SECOND
from tests.kernel.invariants import Auditor
from tests.kernel.memory_rig import MemoryRig

EXAMPLES = int(os.environ.get("MINIOS_EXAMPLES", "60"))
MAX_EVENTS = 4000
LIFE = 2 * SECOND
STEPS = 40
SHARED, FIFO = b"/tmp/shared", b"/tmp/fifo"

SIGNALS = (
    Sig.SIGHUP, Sig.SIGINT, Sig.SIGKILL, Sig.SIGUSR1, Sig.SIGPIPE, Sig.SIGTERM, Sig.SIGCHLD,
    Sig.SIGCONT, Sig.SIGSTOP, Sig.SIGTSTP, Sig.SIGURG, 35,
)  # fmt: skip
WHOM = ("self", "parent", "child", "group", "other")
HOW = ("ignore", "default", "note", "restart", "nowait")
UIDS = (-1, 0, 1000, 1001)
SIZES = (1, 100, 4096, 5000, 70_000)
REQUESTS = (
    PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_CONT, PTRACE_SYSCALL, PTRACE_DETACH,
)  # fmt: skip
WAIT_OPTIONS = (0, 1, 2, 3, 8, 11)

Op = tuple[Any, ...]
Decode = Callable[[int, int, int], tuple[Any, ...]]


def pick(table: Sequence[Any]) -> Callable[[int], Any]:
    """An entry of ``table`` by a number of any size."""
    return lambda number: table[number % len(table)]


signal, uid, size = pick(SIGNALS), pick(UIDS), pick(SIZES)

OPS: list[tuple[str, int, Decode]] = [
    # name, how often, the arguments out of three bytes; first what zeros mean
    ("yield", 1, lambda a, b, c: ()),
    ("fork", 5, lambda a, b, c: (a % 8,)),
    ("exec", 1, lambda a, b, c: (a % 2 == 0, b % 8)),
    ("exit", 1, lambda a, b, c: (a,)),
    ("compute", 2, lambda a, b, c: (1 + a * 100,)),
    ("sleep", 2, lambda a, b, c: (a % 40,)),
    ("wait", 4, lambda a, b, c: (-(a % 2), pick(WAIT_OPTIONS)(b))),
    ("kill", 4, lambda a, b, c: (pick(WHOM)(a), signal(b))),
    ("handle", 3, lambda a, b, c: (signal(a), pick(HOW)(b))),
    ("mask", 1, lambda a, b, c: (a % 3, signal(b))),
    ("pause", 1, lambda a, b, c: (signal(a),)),
    ("pipe", 5, lambda a, b, c: (pick((0, flags.O_NONBLOCK, flags.O_CLOEXEC))(a),)),
    ("fifo", 1, lambda a, b, c: (a % 3, flags.O_NONBLOCK if b % 2 else 0)),
    ("read", 7, lambda a, b, c: (a, size(b))),
    ("write", 8, lambda a, b, c: (a, size(b))),
    ("open", 2, lambda a, b, c: (a % 8,)),
    ("close", 4, lambda a, b, c: (a,)),
    ("dup", 2, lambda a, b, c: (a,)),
    ("dup2", 2, lambda a, b, c: (a, b)),
    ("seek", 1, lambda a, b, c: (a, b % 8)),
    ("poll", 1, lambda a, b, c: (a, b, c % 20)),
    ("flock", 2, lambda a, b, c: (a, pick((1, 2, 8, 6))(b))),
    ("socketpair", 2, lambda a, b, c: (pick((SOCK_STREAM, SOCK_DGRAM))(a),)),
    ("pass", 2, lambda a, b, c: (a, b)),
    ("listen", 1, lambda a, b, c: (a % 3, b % 2)),
    ("connect", 1, lambda a, b, c: (a % 3,)),
    ("accept", 1, lambda a, b, c: (a,)),
    ("watch", 1, lambda a, b, c: ()),
    ("fill", 1, lambda a, b, c: (a % 12,)),
    ("setuid", 1, lambda a, b, c: (uid(a),)),
    ("setreuid", 1, lambda a, b, c: (uid(a), uid(b))),
    ("setresuid", 1, lambda a, b, c: (uid(a), uid(b), uid(c))),
    ("setgid", 1, lambda a, b, c: (uid(a),)),
    ("setpgid", 1, lambda a, b, c: (a % 2,)),
    ("setsid", 1, lambda a, b, c: ()),
    ("subreaper", 1, lambda a, b, c: ()),
    ("nice", 1, lambda a, b, c: (a % 40 - 20,)),
    ("affinity", 1, lambda a, b, c: (1 + a % 7,)),
    ("brk", 1, lambda a, b, c: (pick((4096, 16384, -4096, -100_000))(a),)),
    ("mmap", 2, lambda a, b, c: (1 + a % 5, b % 2 == 0)),
    ("munmap", 1, lambda a, b, c: (a % 8, 1 + b % 3)),
    ("store", 3, lambda a, b, c: (a % 8, b * 80)),
    ("load", 1, lambda a, b, c: (a % 8, b * 80)),
    ("nofile", 1, lambda a, b, c: (3 + a % 10,)),
    ("nproc", 1, lambda a, b, c: (1 + a % 6,)),
    ("shm", 1, lambda a, b, c: (1 + a % 3, b % 2 == 0)),
    ("class", 1, lambda a, b, c: (a % 4, b % 4)),
    ("policy", 1, lambda a, b, c: (a,)),
    ("lock", 1, lambda a, b, c: (a, b % 3, c)),
    ("trace", 2, lambda a, b, c: (pick(REQUESTS)(a),)),
    ("alarm", 1, lambda a, b, c: (1 + a % 50,)),
]
TABLE = [(name, decode) for name, weight, decode in OPS for _ in range(weight)]


def decode(data: bytes) -> list[Op]:
    """The steps that bytes stand for, four bytes a step; any bytes are a program."""
    steps = []
    for at in range(0, len(data) - 3, 4):
        name, arguments = TABLE[data[at] % len(TABLE)]
        steps.append((name, *arguments(*data[at + 1 : at + 4])))
    return steps


async def _swap_on(sys: Sys) -> int:
    await sys.swapon(b"/dev/sda2")
    return 0


class Machine:
    """A rig whose programs play scripts, and its auditor."""

    def __init__(self, policy: str, cores: int, ram: int, swap: int) -> None:
        self.rig = MemoryRig(ram, swap, cores=cores, scheduler=policy)
        if swap:
            self.rig.start(_swap_on, "swapon")
            self.rig.run(1)
        self.kernel = self.rig.kernel
        self.queue: list[list[Op]] = []
        """Scripts of programs that were executed and have not begun yet, by index."""
        self.stamp = 0
        for name in ("play", "play-suid"):
            path = self.rig.install(name, self._main)
            self.rig.programs[name] = self._program
        root = self.rig.machine.vfs
        inode = root.walk(ROOT, root.root, path).inode
        inode.mode |= flags.S_ISUID
        self.auditor = Auditor(self.kernel, frozenset({"play-suid"}))
        self.base = _held(self.kernel)
        self.rig.machine.write_file(SHARED, b"x" * 5000, 1000, 1000, 0o666)

    async def _main(self, sys: Sys) -> int:
        return 0

    async def _program(self, sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        return await self._play(sys, self.queue[int(argv[1])])

    def start(self, script: list[Op], uid: int) -> PCB:
        self.queue.append(script)
        argv = [b"/bin/play", b"%d" % (len(self.queue) - 1)]
        pcb = birth.start(self.kernel, argv, uid=uid, gid=uid)
        self.auditor.know(pcb)
        return pcb

    # -- a process ---------------------------------------------------------------------------------

    async def _play(self, sys: Sys, steps: list[Op]) -> int:
        await sys.setitimer(LIFE)
        await sys.sigaction(Sig.SIGALRM, SIG_DFL)
        at = 0
        while at < len(steps):
            name, *args = steps[at]
            at += 1
            if name in ("fork", "exec"):
                count = args.pop()
                args.append(steps[at : at + count])
                at += count
            with contextlib.suppress(OSError):
                await getattr(self, "do_" + name)(sys, *args)
        return 0

    async def _fd(self, sys: Sys, number: int) -> int:
        """One of the open descriptors, or now and then one that is not."""
        if number % 16 == 0:
            return number // 16
        pcb = self.kernel.processes[await sys.getpid()]
        fds: list[int] = [fd for fd, _ in pcb.fds.items() if fd > 2] or [0]
        return fds[number % len(fds)]

    async def do_compute(self, sys: Sys, cycles: int) -> None:
        await sys.compute(cycles)

    async def do_sleep(self, sys: Sys, ms: int) -> None:
        await sys.nanosleep(ms * MILLISECOND)

    async def do_yield(self, sys: Sys) -> None:
        await sys.sched_yield()

    async def do_wait(self, sys: Sys, pid: int, options: int) -> None:
        await sys.waitpid(pid, options)

    async def do_kill(self, sys: Sys, whom: str, sig: int) -> None:
        me = await sys.getpid()
        children = sorted(self.kernel.processes[me].children)
        pid = {
            "self": me,
            "parent": await sys.getppid(),
            "child": children[0] if children else me,
            "group": 0,
            "other": max(self.kernel.processes),
        }[whom]
        if pid != 1:
            await sys.kill(pid, sig)

    async def do_handle(self, sys: Sys, sig: int, how: str) -> None:
        async def noted(sys: Sys, sig: int) -> None:
            await sys.compute(10)

        if how == "ignore":
            await sys.sigaction(sig, SIG_IGN)
        elif how == "default":
            await sys.sigaction(sig, SIG_DFL)
        elif how == "nowait":
            await sys.sigaction(Sig.SIGCHLD, SIG_DFL, SA_NOCLDWAIT)
        else:
            await sys.sigaction(sig, noted, SA_RESTART if how == "restart" else 0)

    async def do_mask(self, sys: Sys, how: int, sig: int) -> None:
        await sys.sigprocmask(how, mask_of(sig))

    async def do_pause(self, sys: Sys, sig: int) -> None:
        await sys.sigsuspend(mask_of(sig))

    async def do_pipe(self, sys: Sys, oflag: int) -> None:
        await sys.pipe(oflag)

    async def do_fifo(self, sys: Sys, accmode: int, oflag: int) -> None:
        with contextlib.suppress(OSError):
            await sys.mkfifo(FIFO, 0o666)
        await sys.open(FIFO, accmode | oflag)

    async def do_read(self, sys: Sys, fd: int, count: int) -> None:
        await sys.read(await self._fd(sys, fd), count)

    async def do_write(self, sys: Sys, fd: int, count: int) -> None:
        self.stamp += 1
        data = (b"%06d." % self.stamp) * (count // 7 + 1)
        await sys.write(await self._fd(sys, fd), data[:count])

    async def do_open(self, sys: Sys, which: int) -> None:
        oflag = (0, 1, 2, flags.O_APPEND | 1)[which % 4]
        await sys.open(SHARED if which < 4 else b"/dev/null", oflag)

    async def do_close(self, sys: Sys, fd: int) -> None:
        await sys.close(await self._fd(sys, fd))

    async def do_dup(self, sys: Sys, fd: int) -> None:
        await sys.dup(await self._fd(sys, fd))

    async def do_dup2(self, sys: Sys, old: int, new: int) -> None:
        await sys.dup2(await self._fd(sys, old), new % 12)

    async def do_seek(self, sys: Sys, fd: int, where: int) -> None:
        await sys.lseek(await self._fd(sys, fd), where * 1000, where % 3)

    async def do_poll(self, sys: Sys, one: int, two: int, ms: int) -> None:
        wanted = [
            (await self._fd(sys, one), flags.POLLIN),
            (await self._fd(sys, two), flags.POLLOUT),
        ]
        await sys.poll(wanted, ms * MILLISECOND)

    async def do_flock(self, sys: Sys, fd: int, how: int) -> None:
        await sys.flock(await self._fd(sys, fd), how)

    async def do_socketpair(self, sys: Sys, kind: int) -> None:
        await sys.socketpair(AF_UNIX, kind)

    async def do_pass(self, sys: Sys, over: int, fd: int) -> None:
        handed = await self._fd(sys, fd)
        await sys.sendmsg(await self._fd(sys, over), b"take it", (handed,))

    async def do_listen(self, sys: Sys, name: int, backlog: int) -> None:
        fd = await sys.socket(AF_UNIX, SOCK_STREAM)
        await sys.bind(fd, b"\0name%d" % name)
        await sys.listen(fd, backlog)

    async def do_connect(self, sys: Sys, name: int) -> None:
        await sys.connect(await sys.socket(AF_UNIX, SOCK_STREAM), b"\0name%d" % name)

    async def do_accept(self, sys: Sys, fd: int) -> None:
        await sys.accept(await self._fd(sys, fd))

    async def do_watch(self, sys: Sys) -> None:
        await sys.inotify_add_watch(await sys.inotify_init(), b"/tmp", IN_CREATE | IN_MODIFY)

    async def do_fill(self, sys: Sys, pages: int) -> None:
        """Make the shared file larger or smaller; /tmp is in memory."""
        await sys.truncate(SHARED, pages * 4096)

    async def do_setuid(self, sys: Sys, uid: int) -> None:
        await sys.setuid(uid)

    async def do_setreuid(self, sys: Sys, ruid: int, euid: int) -> None:
        await sys.setreuid(ruid, euid)

    async def do_setresuid(self, sys: Sys, ruid: int, euid: int, suid: int) -> None:
        await sys.setresuid(ruid, euid, suid)

    async def do_setgid(self, sys: Sys, gid: int) -> None:
        await sys.setgid(gid)

    async def do_setpgid(self, sys: Sys, own: int) -> None:
        await sys.setpgid(0, 0 if own else await sys.getpgid(await sys.getppid()))

    async def do_setsid(self, sys: Sys) -> None:
        await sys.setsid()

    async def do_subreaper(self, sys: Sys) -> None:
        await sys.prctl(flags.PR_SET_CHILD_SUBREAPER, 1)

    async def do_nice(self, sys: Sys, nice: int) -> None:
        await sys.setpriority(flags.PRIO_PROCESS, 0, nice)

    async def do_affinity(self, sys: Sys, mask: int) -> None:
        await sys.sched_setaffinity(0, mask)

    async def do_brk(self, sys: Sys, increment: int) -> None:
        await sys.brk(increment)

    async def do_mmap(self, sys: Sys, pages: int, shared: bool) -> None:
        how = flags.MAP_ANONYMOUS | (flags.MAP_SHARED if shared else flags.MAP_PRIVATE)
        await sys.mmap(pages * 4096, flags.PROT_READ | flags.PROT_WRITE, how)

    async def _place(self, sys: Sys, which: int) -> int:
        """An address in one of the caller's mappings, or where none is."""
        space = self.kernel.processes[await sys.getpid()].mm
        starts = [area.start for area in space.areas]
        return starts[which % len(starts)] if which < 7 and starts else 0x1000

    async def do_munmap(self, sys: Sys, which: int, pages: int) -> None:
        if which < 2:
            return  # the image itself
        await sys.munmap(await self._place(sys, which), pages * 4096)

    async def do_store(self, sys: Sys, which: int, offset: int) -> None:
        await sys.store(await self._place(sys, which) + offset, b"stored")

    async def do_load(self, sys: Sys, which: int, offset: int) -> None:
        await sys.load(await self._place(sys, which) + offset, 8)

    async def do_nofile(self, sys: Sys, most: int) -> None:
        await sys.setrlimit(flags.RLIMIT_NOFILE, most, most)

    async def do_nproc(self, sys: Sys, most: int) -> None:
        await sys.setrlimit(flags.RLIMIT_NPROC, most, most)

    async def do_shm(self, sys: Sys, pages: int, remove: bool) -> None:
        shmid = await sys.shmget(flags.IPC_PRIVATE, pages * 4096, 0o600 | flags.IPC_CREAT)
        await sys.shmat(shmid)
        if remove:
            await sys.shmctl(shmid, flags.IPC_RMID)

    async def do_class(self, sys: Sys, policy: int, priority: int) -> None:
        await sys.sched_setscheduler(0, policy, priority)

    async def do_policy(self, sys: Sys, which: int) -> None:
        await sys.compute(1)
        names = sorted(POLICIES)
        self.rig.world.at(
            self.rig.world.now, scheduling.set_policy, self.kernel, names[which % len(names)]
        )

    async def do_lock(self, sys: Sys, fd: int, kind: int, start: int) -> None:
        request = Flock(kind, flags.SEEK_SET, start, 10)
        await sys.lock(await self._fd(sys, fd), flags.F_SETLKW, request)

    async def do_trace(self, sys: Sys, request: int) -> None:
        children = sorted(self.kernel.processes[await sys.getpid()].children)
        await sys.ptrace(request, children[0] if children else 0)

    async def do_alarm(self, sys: Sys, ms: int) -> None:
        await sys.setitimer(ms * MILLISECOND)

    async def do_exit(self, sys: Sys, code: int) -> None:
        await sys.exit(code)

    async def do_fork(self, sys: Sys, steps: list[Op]) -> None:
        await sys.fork(self._play, steps)

    async def do_exec(self, sys: Sys, setuid: bool, steps: list[Op]) -> None:
        self.queue.append(steps)
        path = b"/bin/play-suid" if setuid else b"/bin/play"
        await sys.execve(path, [path, b"%d" % (len(self.queue) - 1)], {})

    # -- the run -----------------------------------------------------------------------------------

    def run(self) -> None:
        """Event by event until all is done, and then there is nothing left of it."""
        world, auditor = self.rig.world, self.auditor
        end = world.now + 3 * LIFE
        for count in range(MAX_EVENTS):
            if world.run_until(end, 1):
                break
            auditor.check()
            if count % 32 == 0:
                auditor.check_memory()
            if count % 64 == 0:
                self._ask_why()
        auditor.check()
        auditor.check_memory()
        for pcb in list(self.kernel.processes.values()):
            if pcb.pid != 1:
                self.kernel.send_signal(pcb.pid, Sig.SIGKILL, None)
                auditor.check()
        world.run_until(world.now + SECOND)
        auditor.check()
        auditor.check_memory()
        assert list(self.kernel.processes) == [1]
        self.rig.run(0)
        self._remove_segments()
        collect(self.kernel)  # what the next close of a socket would do
        for path in (SHARED, FIFO):
            with contextlib.suppress(FileNotFoundError):
                self.kernel.vfs.unlink(ROOT, self.kernel.vfs.root, path)
        assert _held(self.kernel) == self.base

    def _ask_why(self) -> None:
        """There is an answer about everybody, whoever asks, and asking changes nothing."""
        before = self.kernel.digest()
        for who in (ROOT, Identity(1000, 1000)):
            for pid in [*self.kernel.processes, 9999]:
                assert lines(explain(self.kernel, who, self.kernel.vfs.root, b"process", pid))
            for path in (SHARED, FIFO, b"/bin/play"):
                assert lines(explain(self.kernel, who, self.kernel.vfs.root, b"file", path))
            assert lines(explain(self.kernel, who, self.kernel.vfs.root, b"recent", b""))
        assert self.kernel.digest() == before

    def _remove_segments(self) -> None:
        """Segments outlive those who made them."""

        async def main(sys: Sys) -> int:
            for shmid in self.auditor.segments:
                with contextlib.suppress(OSError):
                    await sys.shmctl(shmid, flags.IPC_RMID)
            return 0

        self.auditor.know(self.rig.start(main, "remover"))
        self.rig.run(1)


def _held(kernel: Kernel) -> dict[str, int]:
    """What a kernel without processes has given out. (The page cache may keep what it likes.)"""
    frames = kernel.mm.frames
    return {
        "open files": kernel.open_files,
        "bytes in pipes": kernel.pipe_bytes,
        "frames": frames.used - frames.by_kind[Kind.CACHE],
        "pages promised": kernel.mm.committed,
        "locked files": len(kernel.locks.files),
        "sockets": len(kernel.sockets.unix),
        "load": kernel.load.active,
    }


@pytest.fixture(autouse=True)
def pipes_are_watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever audits the kernel of a pipe hears of what goes into it."""
    original = Pipe._put

    def put(self: Pipe, data: bytes) -> None:
        for auditor in _AUDITORS:
            if auditor.kernel is self.kernel:
                auditor.note_put(self, data)
        original(self, data)

    monkeypatch.setattr(Pipe, "_put", put)
    yield


_AUDITORS: list[Auditor] = []


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.binary(min_size=4 * STEPS, max_size=4 * STEPS), min_size=1, max_size=3),
    st.sampled_from((0, 1000)),
    st.sampled_from(sorted(POLICIES)),
    st.integers(1, 3),
    st.sampled_from(((1 << 20, 0), (4 << 20, 0), (256 << 10, 1 << 20))),
)
def test_the_kernel_is_in_order_after_every_event(
    programs: list[bytes], uid: int, policy: str, cores: int, memory: tuple[int, int]
) -> None:
    machine = Machine(policy, cores, *memory)
    _AUDITORS[:] = [machine.auditor]
    for program in programs:
        steps = decode(program)
        note(f"uid {uid}: {steps}")
        machine.start(steps, uid)
    machine.run()

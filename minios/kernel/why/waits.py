"""What a sleeping process waits for, and who could wake it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.signals import NSIG, Sig
from minios.abi.sockets import AF_INET
from minios.abi.syscalls import NR, ROWS
from minios.kernel.dev.tty import Tty, TtyFile
from minios.kernel.files.locks import END, FLOCK, POSIX, Waiting
from minios.kernel.files.pipe import Pipe, PipeFile
from minios.kernel.why.reason import clean, moment, seconds
from minios.kernel.why.steps import visible

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.fs.inode import Dentry
    from minios.kernel.files.file import File
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


class Wait:
    """``text`` completes "It sleeps …". ``wakers`` are the processes any of which could wake it by
    going on; ``outside`` says who or what else could, and is empty if nobody can."""

    __slots__ = ("kind", "outside", "path", "text", "wakers")

    def __init__(
        self,
        kind: str,
        text: str,
        wakers: list[PCB] | None = None,
        outside: str = "",
        path: str = "",
    ) -> None:
        self.kind = kind
        self.text = text
        self.wakers = wakers or []
        self.outside = outside
        self.path = path


def wait_of(kernel: Kernel, who: Credentials, pcb: PCB) -> Wait:
    """Why ``pcb``, which sleeps, sleeps. A time limit of the call is told as outside help."""
    wait = _explained(kernel, who, pcb)
    if pcb.deadline is not None and wait.kind != "sleep.timer":
        limit = f"its own time limit in {seconds(pcb.deadline - kernel.world.now)} s"
        wait.outside = f"{wait.outside}, or {limit}" if wait.outside else limit
    return wait


def _explained(kernel: Kernel, who: Credentials, pcb: PCB) -> Wait:
    """The most precise there is: what the call shows, what the queue tells, what its name means."""
    nr, args = pcb.request
    wait: Wait | None = None
    if not pcb.uninterruptible and nr in _CALLS:
        wait = _CALLS[nr](kernel, who, pcb, args)
    wait = wait or _on_the_network(kernel, pcb, args) or _from_queues(kernel, pcb)
    if wait is not None:
        return wait
    channel = _CHANNELS.get(pcb.wchan)
    if channel is not None:
        return Wait(channel[0], channel[1], outside=channel[2])
    if pcb.uninterruptible:
        return Wait("sleep.disk", "until the disk has answered", outside="the disk")
    row = ROWS.get(nr)
    if row is not None and args and row[0][:2] == "fd":
        wait = _any_file(kernel, who, _file(pcb, args))
    return wait or Wait("sleep.other", f"in {pcb.wchan or 'the kernel'}", outside="the kernel")


def _from_queues(kernel: Kernel, pcb: PCB) -> Wait | None:
    """What the queue itself can tell (:class:`minios.kernel.wait.WaitQueue`, ``about``)."""
    for queue in pcb.wait_queues:
        if queue.about is not None:
            about = queue.about()
            wakers = [p for pid in about.wakers if (p := kernel.processes.get(pid)) is not None]
            return Wait(f"sleep.{about.kind}", about.text, wakers, about.outside)
    return None


_CHANNELS = {
    "lp_write": ("sleep.printer", "until the printer has room for more", "the printer"),
    "host_read": ("sleep.host", "until there is more input from outside", "whoever feeds it"),
    "devkmsg_read": ("sleep.log", "until the kernel logs something", "the kernel"),
    "inotify_read": ("sleep.watch", "until something it watches changes", "who changes it"),
    "balance_dirty_pages": (
        "sleep.disk", "until more of what was written is on the disk", "the disk",
    ),
    "jbd2_log_wait_commit": ("sleep.disk", "until the journal is on the disk", "the disk"),
    "folio_wait_bit_common": ("sleep.disk", "until a page has come from the disk", "the disk"),
    "folio_wait_bit": ("sleep.swap", "until a page has come back from the swap", "the disk"),
    "shrink_folio_list": ("sleep.swap", "until there is a free page of memory", "the disk"),
    "ptrace_stop": ("sleep.traced", "until its tracer lets it go on", "its tracer"),
}  # fmt: skip
"""What wait channels that stand for themselves mean: kind, text, who ends it."""


# -- files -----------------------------------------------------------------------------------------


def name_of(kernel: Kernel, who: Credentials, dentry: Dentry) -> str:
    """The path of an open file, if the asker may know it."""
    if dentry.inode.fs is kernel.pipefs:
        return clean(dentry.path())
    return clean(dentry.path()) if visible(kernel.vfs, who, dentry) else "a file you may not see"


def holders(kernel: Kernel, test: Callable[[File], bool]) -> list[PCB]:
    """The processes with an open file that passes, by pid."""
    return [
        pcb
        for _, pcb in sorted(kernel.processes.items())
        if not pcb.zombie and any(test(file) for _, file in pcb.fds.items())
    ]


def _file(pcb: PCB, args: tuple[Any, ...]) -> File | None:
    try:
        return pcb.fds.get(args[0])  # type: ignore[no-any-return]
    except (OSError, IndexError):
        return None


def _read(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait | None:
    file = _file(pcb, args)
    if isinstance(file, PipeFile):
        return _pipe(kernel, who, pcb, file, reading=True)
    if isinstance(file, TtyFile):
        return _terminal(pcb, file.tty)
    return None


def _write(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait | None:
    file = _file(pcb, args)
    if isinstance(file, PipeFile):
        return _pipe(kernel, who, pcb, file, reading=False)
    if isinstance(file, TtyFile):
        return _terminal(pcb, file.tty)
    return None


def _any_file(kernel: Kernel, who: Credentials, file: File | None) -> Wait | None:
    if file is None:
        return None
    sock = getattr(file, "sock", None)
    if sock is not None:
        return _socket(kernel, sock)
    name = name_of(kernel, who, file.dentry)
    return Wait("sleep.file", f"until {name} is ready", outside="its other side")


def _on_the_network(kernel: Kernel, pcb: PCB, args: tuple[Any, ...]) -> Wait | None:
    """A call on a socket of the Internet family."""
    if not args or not isinstance(args[0], int):
        return None
    sock = getattr(_file(pcb, args), "sock", None)
    return _inet(kernel, pcb, sock) if sock is not None and sock.family == AF_INET else None


def _label(kernel: Kernel, who: Credentials, file: File) -> str:
    """What an open file is called among others that are polled."""
    sock = getattr(file, "sock", None)
    if sock is None or sock.family != AF_INET:
        return name_of(kernel, who, file.dentry)
    from minios.kernel.why.netwaits import label

    return label(sock)


def _inet(kernel: Kernel, pcb: PCB, sock: Any) -> Wait:
    from minios.kernel.why.netwaits import about

    return Wait(*about(kernel, pcb, sock))


def _socket(kernel: Kernel, sock: Any) -> Wait:
    """An endpoint of a connection waits for who has the other one open."""
    if sock.listening:
        return Wait("sleep.socket", "until somebody connects to it", outside="whoever connects")
    peer = getattr(sock, "peer", None)
    if peer is None:
        return Wait("sleep.socket", "until something is sent to it", outside="whoever sends")
    wakers = holders(kernel, lambda file: getattr(file, "sock", None) is peer)
    text = "until its peer on a socket does something"
    return Wait("sleep.socket", text, wakers, "" if wakers else "the other machine")


def _pipe(kernel: Kernel, who: Credentials, pcb: PCB, file: PipeFile, *, reading: bool) -> Wait:
    pipe = file.pipe
    name = name_of(kernel, who, file.dentry)
    wakers = _ends(kernel, pipe, writers=reading)
    known = _openings(kernel, pipe, writers=reading)
    total = pipe.writers if reading else pipe.readers
    outside = "somebody outside who has it open" if total > known else ""
    if not outside and wakers == [pcb] and file.inode.fs is not kernel.pipefs:
        outside = f"whoever opens it for {'writing' if reading else 'reading'}"
    if reading:
        text = f"until there is something in {name}, which is empty"
    else:
        text = f"until there is room in {name}, which holds {len(pipe.buffer)} bytes"
    return Wait("sleep.pipe", text, wakers, outside, name)


def _is_end(file: object, pipe: Pipe, *, writers: bool) -> bool:
    """Whether an open file is the writing (or reading) end of a pipe."""
    if not isinstance(file, PipeFile) or file.pipe is not pipe:
        return False
    return file.writable if writers else file.readable


def _ends(kernel: Kernel, pipe: Pipe, *, writers: bool) -> list[PCB]:
    """Who has that end open."""
    return holders(kernel, lambda file: _is_end(file, pipe, writers=writers))


def _openings(kernel: Kernel, pipe: Pipe, *, writers: bool) -> int:
    """How many openings of that end belong to processes, those under way included."""
    found: dict[object, None] = {}
    for pcb in kernel.processes.values():
        files = [file for _, file in pcb.fds.items()] if not pcb.zombie else []
        for file in (*files, getattr(pcb.progress, "file", None)):
            if _is_end(file, pipe, writers=writers):
                found[file] = None
    return len(found)


def _terminal(pcb: PCB, tty: Tty) -> Wait:
    name = clean(tty.name)
    if tty.background in pcb.wait_queues:
        text = f"because it is in the background of {name}"
        return Wait("sleep.background", text, outside="its shell, by fg", path=f"/dev/{name}")
    if tty.can_read in pcb.wait_queues:
        text = f"until something is typed at {name}"
        return Wait("sleep.tty", text, outside=f"whoever types at {name}", path=f"/dev/{name}")
    text = f"until {name} has shown what was written to it"
    return Wait("sleep.tty", text, outside=f"{name}'s line, or ctrl+q", path=f"/dev/{name}")


def _ioctl(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait | None:
    file = _file(pcb, args)
    return _terminal(pcb, file.tty) if isinstance(file, TtyFile) else None


def _open(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait | None:
    file = getattr(pcb.progress, "file", None)
    if not isinstance(file, PipeFile):
        return None
    name = name_of(kernel, who, file.dentry)
    other = "writing" if file.readable else "reading"
    wakers = [p for p in _ends(kernel, file.pipe, writers=file.readable) if p is not pcb]
    text = f"until somebody opens {name} for {other}"
    return Wait("sleep.fifo", text, wakers, f"whoever opens it for {other}", name)


def _poll(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait:
    wakers: dict[PCB, None] = {}
    names: list[str] = []
    outside: list[str] = []
    for fd, events in args[0]:
        call = _read if events & flags.POLLIN else _write
        file = _file(pcb, (fd,))
        part = call(kernel, who, pcb, (fd,))
        part = part or _on_the_network(kernel, pcb, (fd,)) or _any_file(kernel, who, file)
        if part is None:
            continue
        names.append(_label(kernel, who, file) if file is not None else str(fd))
        wakers.update(dict.fromkeys(part.wakers))
        if part.outside and part.outside not in outside:
            outside.append(part.outside)
    if not names:
        return Wait("sleep.poll", "in poll, watching nothing")
    text = "until something happens on " + ", ".join(names[:6])
    return Wait("sleep.poll", text, list(wakers), " or ".join(outside))


def _select(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait:
    reading, writing = (value if isinstance(value, int) else 0 for value in args[1:3])
    wanted = [(fd, flags.POLLIN) for fd in range(args[0]) if reading >> fd & 1]
    wanted += [(fd, flags.POLLOUT) for fd in range(args[0]) if writing >> fd & 1]
    return _poll(kernel, who, pcb, (wanted,))


def _epoll(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait:
    entries = getattr(_file(pcb, args), "entries", {})
    return _poll(kernel, who, pcb, ([(e.fd, e.events) for e in entries.values()],))


# -- processes and time ----------------------------------------------------------------------------


def _children(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait:
    from minios.kernel.death import candidates

    children = [child for child in candidates(pcb, args[0], args[1]) if not child.zombie]
    if len(children) == 1:
        text = f"until its child {title(children[0])} ends"
    else:
        text = f"until one of its {len(children)} children ends"
    return Wait("sleep.child", text, children)


def _timer(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait | None:
    if pcb.deadline is None:
        return None
    left = pcb.deadline - kernel.world.now
    text = f"until {moment(pcb.deadline)}, for {seconds(left)} s yet"
    return Wait("sleep.timer", text, outside="the clock")


def _signal(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait:
    waits = [
        Sig(sig).name
        for sig in range(1, min(NSIG, 31) + 1)
        if pcb.awaited >> (sig - 1) & 1
        or (not pcb.awaited and not pcb.blocked >> (sig - 1) & 1 and callable(pcb.handlers[sig]))
    ]
    text = "until a signal comes" + (f" ({', '.join(waits[:8])})" if waits else "")
    outside = "anybody who sends it one"
    children = [child for child in pcb.children.values() if not child.zombie]
    if "SIGCHLD" in waits and children:
        outside += ", or a child that ends"
    elif pcb.timer is not None and "SIGALRM" in waits:
        outside += f", or its alarm at {moment(pcb.timer)}"
    return Wait("sleep.signal", text, outside=outside)


def title(pcb: PCB) -> str:
    """A process in a sentence: ``41 (hydra)``."""
    return f"{pcb.pid} ({clean(pcb.comm)})"


def _lock(kernel: Kernel, who: Credentials, pcb: PCB, args: tuple[Any, ...]) -> Wait | None:
    waiting = pcb.progress
    if not isinstance(waiting, Waiting):
        return None
    file = _file(pcb, args)
    name = name_of(kernel, who, file.dentry) if file is not None else "a file"
    wanted, held = waiting.lock, waiting.where.blocker(waiting.lock)
    how = "write" if wanted.write else "read"
    if held is None:
        return Wait("sleep.lock", f"for a {how} lock on {name}, which is free now", path=name)
    owners = [p for p in (kernel.processes.get(held.pid),) if p is not None]
    if held.kind != POSIX:
        owners = holders(kernel, lambda file: file is held.owner)
    mode = "a write lock" if held.write else "a read lock"
    span = "" if held.kind == FLOCK or (not held.start and held.end == END) else " on bytes of it"
    text = f"for a {how} lock on {name}, on which there is {mode}{span}"
    return Wait("sleep.lock", text, owners, path=name)


Explain = Callable[["Kernel", "Credentials", "PCB", tuple[Any, ...]], Wait | None]

_CALLS: dict[int, Explain] = {
    NR.read: _read,
    NR.write: _write,
    NR.openat: _open,
    NR.ioctl: _ioctl,
    NR.flock: _lock,
    NR.fcntl64: _lock,
    NR.ppoll_time64: _poll,
    NR.pselect6_time64: _select,
    NR.epoll_pwait: _epoll,
    NR.waitid: _children,
    NR.clock_nanosleep_time64: _timer,
    NR.rt_sigsuspend: _signal,
    NR.rt_sigtimedwait_time64: _signal,
}

"""Terminals: a line discipline, a slow line to the screen, and job control (termios(3), tty(4)).

Output leaves at 64 KiB a second through a queue of 4 KiB. As long as no more than ten milliseconds
of it are under way it leaves at once; beyond that an event each ten milliseconds moves a lump.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_ADMIN
from minios.abi.errno import Errno, error
from minios.abi.records import Termios, Winsize
from minios.abi.signals import Sig
from minios.fs.access import capable
from minios.kernel import signals
from minios.kernel.dev.ldisc import DEFAULT_TERMIOS, LineDiscipline
from minios.kernel.files.file import File
from minios.kernel.wait import Sleep, WaitQueue
from minios.sim.world import MARK_TTY, MILLISECOND, SECOND

if TYPE_CHECKING:
    from minios.fs.inode import Dentry
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

QUEUE = 4096
"""Bytes of output that may wait; a writer sleeps when there is no room."""
LOW_WATER = QUEUE // 2
"""Sleeping writers go on when no more than this waits."""
ECHO_ROOM = 4096
"""Echo may wait beyond the queue, as it cannot sleep; what is more than this is lost."""

RATE = 64 << 10
"""Bytes a second."""
BYTE_NS = SECOND // RATE
LUMP_NS = 10 * MILLISECOND


class Tty:
    """One terminal. ``session`` and ``foreground`` are the ids of those who have it, or None.

    ``sink`` is the screen: it gets every byte when it leaves the line.
    """

    def __init__(self, kernel: Kernel, name: bytes, rdev: int) -> None:
        self.kernel = kernel
        self.name = name
        self.rdev = rdev
        self.size = Winsize(24, 80)
        self.session: int | None = None
        self.foreground: int | None = None
        self.sink: Callable[[bytes], None] | None = None
        self.reading_since = 0
        """When a foreground process last began to wait for input."""
        self.discipline = LineDiscipline(self)
        self.files: dict[TtyFile, None] = {}
        self.can_read = WaitQueue(kernel, "n_tty_read")
        self.can_write = WaitQueue(kernel, "n_tty_write")
        self.drained = WaitQueue(kernel, "tty_wait_until_sent")
        self.background = WaitQueue(kernel, "job_control")
        self._out = bytearray()
        self._line_free = kernel.world.now
        self._ticking = False
        self._stopped = False

    # -- from outside --------------------------------------------------------------------------

    def input(self, data: bytes) -> None:
        """Bytes typed by the player."""
        if self.kernel.halted:
            return
        self.kernel.interrupts.count("tty")
        self.discipline.receive(data)
        self.kernel.world.mark(MARK_TTY)
        if self.discipline.ready:
            self.can_read.wake()

    def resize(self, rows: int, cols: int) -> None:
        """Another window size; the foreground group gets SIGWINCH if it is one."""
        size = Winsize(rows, cols)
        if size != self.size:
            self.size = size
            self.interrupt(Sig.SIGWINCH)

    def at_prompt(self) -> bool:
        """Whether the foreground job waits for typing, with no timeout and everything shown.

        Nobody else of the foreground group may be runnable.
        """
        if self._out or self.foreground is None:
            return False
        group = self.foreground
        if not any(p.pgid == group and p.deadline is None for p in self.can_read.sleepers):
            return False
        return not any(
            p.runnable and p.pgid == group and not p.stopped for p in self.kernel.processes.values()
        )

    def report_wait(self) -> None:
        """Tell who looks that somebody waits for typing, or that what they printed is out now."""
        for hook in self.kernel.world.instruments.on_wait:
            hook(self)

    def message(self, data: bytes) -> None:
        """Text of the kernel itself: at once, after what was queued."""
        queued, self._out = bytes(self._out), bytearray()
        self._emit(queued + data)

    # -- what the line discipline asks ---------------------------------------------------------

    def echo(self, data: bytes) -> None:
        if len(self._out) + len(data) <= QUEUE + ECHO_ROOM:
            self._out += data
            self._transmit()

    def interrupt(self, sig: int) -> None:
        """Send ``sig`` to the foreground process group."""
        if self.foreground is not None:
            self.kernel.signal_group(self.foreground, sig)

    def flush_output(self) -> None:
        self._out.clear()
        self.can_write.wake()
        self.drained.wake()

    def stop(self) -> None:
        """^S: hold the output."""
        self._stopped = True

    def start(self) -> None:
        """^Q, or a signal character: let it go on."""
        self._stopped = False
        self._transmit()

    # -- output --------------------------------------------------------------------------------

    def put(self, data: bytes, start: int) -> int:
        """Queue what fits of ``data`` from ``start``, processed for output; how much that was."""
        done = start
        total = len(data)
        while done < total:
            room = QUEUE - len(self._out)
            if room < 2:
                break
            piece = data[done : done + room]
            grown = piece.count(b"\n")
            if grown and len(piece) + grown > room:
                piece = piece[: max(room - grown, room // 2)]
            self._out += self.discipline.process(piece)
            done += len(piece)
            self._transmit()
        return done - start

    def _transmit(self) -> None:
        """Send what the line has room for; come back when it has more."""
        if self._ticking or self._stopped or not self._out:
            return
        world = self.kernel.world
        now = world.now
        if self._line_free < now:
            self._line_free = now
        allowed = (LUMP_NS - (self._line_free - now)) // BYTE_NS
        if allowed > 0:
            data = bytes(self._out[:allowed])
            del self._out[:allowed]
            self._line_free += len(data) * BYTE_NS
            self._emit(data)
        if self._out:
            self._ticking = True
            world.at(max(self._line_free, now + 1), self._tick)
        elif self.drained.sleepers:
            self.drained.wake()
        if len(self._out) <= LOW_WATER:
            self.can_write.wake()

    def _tick(self) -> None:
        self._ticking = False
        if self.kernel.halted:
            return
        self._transmit()
        if not self._out and self.can_read.sleepers:
            self.report_wait()

    def _emit(self, data: bytes) -> None:
        world = self.kernel.world
        world.mark(MARK_TTY)
        for hook in world.instruments.on_output:
            hook(self, data)
        if self.sink is not None:
            self.sink(data)

    def was_read(self) -> None:
        """Typed bytes were taken by a reader."""

    def closed(self) -> None:
        """A file of this terminal is closed."""

    @property
    def unsent(self) -> int:
        """Bytes of output that wait."""
        return len(self._out)

    # -- sessions and job control --------------------------------------------------------------

    def check_job(self, pcb: PCB, sig: int) -> WaitQueue | None:
        """Job control for a background process: SIGTTIN or SIGTTOU to its group (termios(3)).

        None lets it through; a queue is where to sleep until the signal has acted. EIO for a reader
        that ignores SIGTTIN and for members of an orphaned group.
        """
        terminal: Tty | None = pcb.tty
        if terminal is not self or self.foreground in (None, pcb.pgid):
            return None
        if pcb.blocked >> (sig - 1) & 1 or signals.ignored(pcb, sig):
            if sig == Sig.SIGTTIN:
                raise error(Errno.EIO)
            return None
        if self.kernel.orphaned(pcb.pgid):
            raise error(Errno.EIO)
        self.kernel.signal_group(pcb.pgid, sig)
        return self.background

    def acquire(self, pcb: PCB) -> None:
        """Become the controlling terminal of the caller's session (TIOCSCTTY)."""
        self.session = pcb.sid
        self.foreground = pcb.pgid
        pcb.tty = self

    def leader_died(self, pcb: PCB) -> None:
        """The session leader is gone: the terminal is hung up."""
        if self.session == pcb.sid:
            self.hang_up()

    def hang_up(self) -> None:
        """SIGHUP and SIGCONT to the foreground group; open files of it are dead from now on."""
        session, self.session = self.session, None
        foreground, self.foreground = self.foreground, None
        for file in self.files:
            file.hung = True
        self.files.clear()
        self.discipline.flush_input()
        self.discipline.configure(DEFAULT_TERMIOS)
        self._stopped = False
        self._transmit()
        for process in self.kernel.processes.values():
            if process.tty is self and process.sid == session:
                process.tty = None
        for queue in (self.can_read, self.can_write, self.drained, self.background):
            queue.wake()
        if foreground is not None:
            self.kernel.signal_group(foreground, Sig.SIGHUP)
            self.kernel.signal_group(foreground, Sig.SIGCONT)

    def _disown(self, pcb: PCB) -> None:
        """TIOCNOTTY: the caller, or with its leader the whole session, gives the terminal up."""
        if pcb.tty is not self:
            raise error(Errno.ENOTTY)
        if pcb.sid != pcb.pid:
            pcb.tty = None
            return
        foreground, self.foreground, self.session = self.foreground, None, None
        for process in self.kernel.processes.values():
            if process.sid == pcb.sid and process.tty is self:
                process.tty = None
        if foreground is not None:
            self.kernel.signal_group(foreground, Sig.SIGHUP)
            self.kernel.signal_group(foreground, Sig.SIGCONT)

    # -- ioctl_tty(2) --------------------------------------------------------------------------

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        """EINVAL EIO ENOTTY EPERM ESRCH; a queue to sleep on for TCSETSW and for job control."""
        if request == flags.TCGETS:
            return self.discipline.termios
        if request == flags.TIOCGWINSZ:
            return self.size
        if request == flags.FIONREAD:
            return self.discipline.available
        if request == flags.TIOCSWINSZ:
            self.resize(*_winsize(argument))
            return None
        if request == flags.TIOCSCTTY:
            self._claim(pcb, argument)
            return None
        if request == flags.TIOCNOTTY:
            self._disown(pcb)
            return None
        if request in (flags.TCSETS, flags.TCSETSW, flags.TCSETSF):
            return self._configure(pcb, request, _termios(argument))
        if request not in (flags.TIOCGPGRP, flags.TIOCSPGRP, flags.TIOCGSID):
            raise error(Errno.ENOTTY)
        if pcb.tty is not self:
            raise error(Errno.ENOTTY)
        if request == flags.TIOCGPGRP:
            return self.foreground or 0
        if request == flags.TIOCGSID:
            return self.session or 0
        return self._set_foreground(pcb, argument)

    def _configure(self, pcb: PCB, request: int, termios: Termios) -> WaitQueue | None:
        wait = self.check_job(pcb, Sig.SIGTTOU)
        if wait is not None:
            return wait
        if request != flags.TCSETS and self._out:
            return self.drained
        if request == flags.TCSETSF:
            self.discipline.flush_input()
        self.discipline.configure(termios)
        if not termios.iflag & flags.IXON and self._stopped:
            self.start()
        self.kernel.world.mark(MARK_TTY)
        self.can_read.wake()
        return None

    def _claim(self, pcb: PCB, steal: Any) -> None:
        if pcb.sid == pcb.pid and self.session == pcb.sid and pcb.tty is self:
            return
        if pcb.sid != pcb.pid or pcb.tty is not None:
            raise error(Errno.EPERM)
        if self.session is not None:
            if steal != 1 or not capable(pcb, CAP_SYS_ADMIN):
                raise error(Errno.EPERM)
            for process in self.kernel.processes.values():
                if process.tty is self:
                    process.tty = None
        self.acquire(pcb)

    def _set_foreground(self, pcb: PCB, pgid: Any) -> WaitQueue | None:
        if type(pgid) is not int:
            raise error(Errno.EFAULT)
        wait = self.check_job(pcb, Sig.SIGTTOU)
        if wait is not None:
            return wait
        if pgid < 0:
            raise error(Errno.EINVAL)
        members = [p for p in self.kernel.processes.values() if p.pgid == pgid]
        if not members:
            raise error(Errno.ESRCH)
        if all(p.sid != pcb.sid for p in members):
            raise error(Errno.EPERM)
        self.foreground = pgid
        self.kernel.world.mark(MARK_TTY)
        self.background.wake()
        self.can_read.wake()
        return None

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.session,
            self.foreground,
            tuple(self.size),
            bytes(self._out),
            self._line_free,
            self._stopped,
            self.discipline.state(),
        )


def _winsize(value: Any) -> Winsize:
    if not isinstance(value, tuple) or len(value) != 2:
        raise error(Errno.EFAULT)
    if not all(type(n) is int and 0 <= n < 1 << 16 for n in value):
        raise error(Errno.EINVAL)
    return Winsize(*value)


def _termios(value: Any) -> Termios:
    if not isinstance(value, tuple) or len(value) != 5:
        raise error(Errno.EFAULT)
    *modes, cc = value
    if not all(type(mode) is int for mode in modes) or not isinstance(cc, bytes):
        raise error(Errno.EFAULT)
    if len(cc) != flags.NCCS:
        raise error(Errno.EINVAL)
    return Termios(*value)


class _Typed:
    """How much there was to read when a reader began to wait for the next byte."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count

    def cancel(self) -> None:
        """Nothing is lost: it is still there to read."""


class TtyFile(File):
    """An open terminal. ``hung`` is true once it was hung up: it reads EOF and writes EIO."""

    __slots__ = ("hung", "tty")

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int, tty: Tty) -> None:
        super().__init__(kernel, dentry, oflag)
        self.tty = tty
        self.hung = False
        tty.files[self] = None

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue | Sleep:
        tty = self.tty
        if self.hung:
            return b""
        wait = tty.check_job(pcb, Sig.SIGTTIN)
        if wait is not None:
            return wait
        discipline = tty.discipline
        if not count:
            return b""
        if discipline.canonical:
            if discipline.ready:
                return self._take(count)
        else:
            cc = discipline.termios.cc
            least, timeout = cc[flags.VMIN], cc[flags.VTIME]
            have = discipline.available
            if have and have >= min(least, count):
                return self._take(count)
            if pcb.expired(self.kernel.world.now) or (not least and not timeout):
                return self._take(count)
            if timeout and (have or not least) and not self.nonblock:
                if have and not (isinstance(pcb.progress, _Typed) and pcb.progress.count == have):
                    pcb.progress = _Typed(have)
                    pcb.deadline = None  # with VMIN the timer is one between bytes (termios(3))
                wait_for = timeout * 100 * MILLISECOND
                return Sleep((tty.can_read,), wait_for, restart=True)
        if self.nonblock:
            raise error(Errno.EAGAIN)
        self.begin_wait()
        return tty.can_read

    def _take(self, count: int) -> bytes:
        data = self.tty.discipline.take(count)
        self.tty.was_read()
        return data

    def begin_wait(self) -> None:
        self.tty.reading_since = self.kernel.world.now
        self.tty.report_wait()

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue:
        tty = self.tty
        if self.hung:
            raise error(Errno.EIO)
        if tty.discipline.termios.lflag & flags.TOSTOP:
            wait = tty.check_job(pcb, Sig.SIGTTOU)
            if wait is not None:
                return wait
        if pcb.pending & ~pcb.blocked:
            return tty.can_write  # n_tty_write looks for signals first: ^C has emptied the queue
        done: int = pcb.progress or 0
        done += tty.put(data, done)
        if done == len(data):
            return done
        if self.nonblock:
            if done:
                return done
            raise error(Errno.EAGAIN)
        if done:
            pcb.progress = done
        return tty.can_write

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        if self.hung:
            raise error(Errno.EIO)
        return self.tty.ioctl(pcb, request, argument)

    def poll(self) -> int:
        if self.hung:
            return flags.POLLIN | flags.POLLOUT | flags.POLLERR | flags.POLLHUP
        tty = self.tty
        events = 0
        discipline = tty.discipline
        if discipline.canonical:
            readable = bool(discipline.ready)
        else:
            cc = discipline.termios.cc
            least = cc[flags.VMIN] if not cc[flags.VTIME] else 1
            readable = discipline.available >= max(least, 1)
        if readable and self.readable:
            events |= flags.POLLIN
        if tty.unsent <= LOW_WATER and self.writable:
            events |= flags.POLLOUT
        return events

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.tty.can_read, self.tty.can_write)

    def close(self) -> None:
        self.tty.files.pop(self, None)
        self.tty.closed()
        super().close()

    def state(self) -> Any:
        return (super().state(), self.hung)


def open_tty(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int, tty: Tty) -> TtyFile:
    """Open a terminal; a session leader without one gets it as controlling terminal (tty(4))."""
    file = TtyFile(kernel, dentry, oflag, tty)
    if (
        not oflag & flags.O_NOCTTY
        and pcb.sid == pcb.pid
        and pcb.tty is None
        and tty.session is None
    ):
        tty.acquire(pcb)
    return file

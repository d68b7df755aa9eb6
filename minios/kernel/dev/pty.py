"""Pseudoterminals: a terminal whose other end is a file (pty(7), ptmx(4), tty_ioctl(4)).

Opening /dev/ptmx makes a pair. The slave, /dev/pts/N, is a terminal as any other, with the same
line discipline, sessions and job control; what is written to it is read from the master, and what
the master writes has been typed. It needs no line and no event: its output waits for the master.

Beyond Linux, poll(2) of a master has POLLPRI while the slave's foreground job waits for typing, so
that ssh can tell the game's pace when it is the player's turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Termios
from minios.abi.signals import Sig
from minios.kernel.dev.ldisc import LINE_LIMIT
from minios.kernel.dev.tty import LOW_WATER, QUEUE, Tty, TtyFile, open_tty
from minios.kernel.files.file import File
from minios.kernel.wait import About, WaitQueue

if TYPE_CHECKING:
    from minios.fs.inode import Dentry
    from minios.kernel.dev.devfs import Devices
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

SLAVE_MAJOR = 136
PTY_MAX = 256
"""Pairs at a time (/proc/sys/kernel/pty/max is 4096 on Linux)."""


class Pts(Tty):
    """The slave. ``master`` is None once the other end was closed."""

    def __init__(self, kernel: Kernel, number: int, uid: int) -> None:
        super().__init__(kernel, b"pts/%d" % number, (SLAVE_MAJOR << 8) + number)
        self.number = number
        self.uid = uid
        self.master: Ptm | None = None
        self.locked = True
        self.opened = False

    # -- the line ------------------------------------------------------------------------------

    def input(self, data: bytes) -> None:
        """What the master wrote was typed."""
        self.discipline.receive(data)
        if self.discipline.ready:
            self.can_read.wake()

    def _transmit(self) -> None:
        """Output waits in the queue until the master reads it."""
        master = self.master
        if master is None:
            self._out.clear()
        elif self._out and not self._stopped:
            master.can_read.wake()
        if self.drained.sleepers:
            self.drained.wake()

    def message(self, data: bytes) -> None:
        """The kernel's own words go to the console's terminals."""

    def fetch(self, count: int) -> bytes:
        """Output, for the master; writers go on when there is room again."""
        if self._stopped:
            return b""
        data = bytes(self._out[:count])
        del self._out[:count]
        if len(self._out) <= LOW_WATER:
            self.can_write.wake()
        return data

    @property
    def pending(self) -> bool:
        """There is something for the master to read."""
        return bool(self._out) and not self._stopped

    @property
    def room(self) -> int:
        """Bytes that may be typed now; a line that is edited takes any, and complains itself."""
        discipline = self.discipline
        if discipline.canonical:
            return QUEUE
        return LINE_LIMIT - discipline.held - len(discipline.line)

    def report_wait(self) -> None:
        """Somebody waits for typing: the master can learn of it (POLLPRI)."""
        if self.master is not None:
            self.master.can_read.wake()

    def was_read(self) -> None:
        """Typed bytes were taken: the master may write again."""
        if self.master is not None:
            self.master.can_write.wake()

    def _configure(self, pcb: PCB, request: int, termios: Termios) -> WaitQueue | None:
        """As of another terminal, but nothing has to drain: the master has it already."""
        wait = super()._configure(pcb, flags.TCSETS, termios)
        if wait is None and request == flags.TCSETSF:
            self.discipline.flush_input()
        if wait is None and self.master is not None:
            self.master.can_write.wake()
            self.master.can_read.wake()
        return wait

    def open(self, kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> TtyFile:
        """Open /dev/pts/N. EIO while it is locked or once its master is gone."""
        if self.locked or self.master is None:
            raise error(Errno.EIO)
        self.opened = True
        return open_tty(kernel, pcb, dentry, oflag, self)

    # -- coming and going ----------------------------------------------------------------------

    def closed(self) -> None:
        """A file of the slave is closed; after the last the master reads EIO."""
        if not self.files and self.master is not None:
            self.master.can_read.wake()

    def leader_died(self, pcb: PCB) -> None:
        """The session's leader is gone: the foreground group gets SIGHUP; what is open stays
        usable, as of Linux' ptys (disassociate_ctty).
        """
        if self.session != pcb.sid:
            return
        foreground, self.foreground, self.session = self.foreground, None, None
        for process in self.kernel.processes.values():
            if process.tty is self and process.sid == pcb.sid:
                process.tty = None
        self.background.wake()
        if foreground is not None:
            self.kernel.signal_group(foreground, Sig.SIGHUP)

    def hang_up(self) -> None:
        """The master was closed: SIGHUP to the session's leader too, then as on any line."""
        leader = self.kernel.processes.get(self.session) if self.session is not None else None
        super().hang_up()
        if leader is not None and not leader.zombie and leader.pid == leader.sid:
            self.kernel.signal(leader, Sig.SIGHUP)
            self.kernel.signal(leader, Sig.SIGCONT)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (super().state(), self.number, self.uid, self.locked, self.opened)


class Ptm(File):
    """The master, as /dev/ptmx gives it."""

    __slots__ = ("can_read", "can_write", "devices", "node", "slave")

    def __init__(
        self, kernel: Kernel, dentry: Dentry, oflag: int, slave: Pts, devices: Devices
    ) -> None:
        super().__init__(kernel, dentry, oflag)
        self.slave = slave
        self.devices = devices
        self.can_read = WaitQueue(kernel, "n_tty_read")
        self.can_write = WaitQueue(kernel, "n_tty_write")
        name = slave.name.decode()
        for queue, what in (
            (self.can_read, "something is shown"),
            (self.can_write, "there is room"),
        ):
            queue.about = _about(name, what)
        slave.master = self

    @property
    def _left(self) -> bool:
        """Whether nobody has the slave open any more."""
        return self.slave.opened and not self.slave.files

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        slave = self.slave
        if slave.pending and count:
            return slave.fetch(count)
        if self._left:
            raise error(Errno.EIO)
        if not count:
            return b""
        if self.nonblock:
            raise error(Errno.EAGAIN)
        return self.can_read

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue:
        slave = self.slave
        done: int = pcb.progress or 0
        while done < len(data):
            room = slave.room
            if room <= 0:
                break
            piece = data[done : done + min(room, 256)]
            slave.input(piece)
            done += len(piece)
        if done == len(data) or (done and self.nonblock):
            return done
        if self.nonblock:
            raise error(Errno.EAGAIN)
        pcb.progress = done
        return self.can_write

    def poll(self) -> int:
        slave = self.slave
        events = 0
        if slave.pending:
            events |= flags.POLLIN
        if slave.room > 0:
            events |= flags.POLLOUT
        if self._left:
            events |= flags.POLLHUP
        elif slave.at_prompt():
            events |= flags.POLLPRI
        return events

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.can_read, self.can_write)

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        """TIOCGPTN, TIOCSPTLCK, TIOCGPTLCK, and what is the same at both ends. EINVAL ENOTTY."""
        slave = self.slave
        if request == flags.TIOCGPTN:
            return slave.number
        if request == flags.TIOCGPTLCK:
            return int(slave.locked)
        if request == flags.TIOCSPTLCK:
            if type(argument) is not int:
                raise error(Errno.EFAULT)
            slave.locked = bool(argument)
            return None
        if request == flags.FIONREAD:
            return slave.unsent
        if request == flags.TIOCGPGRP:
            return slave.foreground or 0
        if request == flags.TIOCGSID:
            if slave.session is None:
                raise error(Errno.ENOTTY)
            return slave.session
        if request in _SHARED:
            return slave.ioctl(pcb, request, argument)
        raise error(Errno.ENOTTY)

    def close(self) -> None:
        self.slave.master = None
        self.slave.hang_up()
        self.devices.remove_pty(self.slave)
        super().close()

    def state(self) -> Any:
        return (super().state(), self.slave.number)


_SHARED = frozenset({
    flags.TCGETS, flags.TCSETS, flags.TCSETSW, flags.TCSETSF, flags.TIOCGWINSZ, flags.TIOCSWINSZ,
})  # fmt: skip


def _about(name: str, what: str) -> Any:
    return lambda: About("terminal", f"until {what} on {name}", (), "whoever has that terminal")


def open_ptmx(devices: Devices, kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
    """Open /dev/ptmx: a new pair, its slave locked and the caller's. ENOSPC beyond PTY_MAX."""
    number = next((n for n in range(PTY_MAX) if b"pts/%d" % n not in kernel.ttys), None)
    if number is None:
        raise error(Errno.ENOSPC)
    slave = Pts(kernel, number, pcb.uid)
    devices.add_pty(slave)
    return Ptm(kernel, dentry, oflag | flags.O_NOCTTY, slave, devices)

"""Pipes and FIFOs: a bounded buffer between writers and readers (pipe(7), fifo(7))."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_RESOURCE
from minios.abi.errno import Errno, error
from minios.abi.flags import PIPE_BUF, PIPE_SIZE
from minios.abi.signals import Sig
from minios.fs.access import capable
from minios.kernel.files.file import File, anonymous
from minios.kernel.wait import WaitQueue

if TYPE_CHECKING:
    from minios.fs.inode import Dentry
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


SOFT_LIMIT = 4 << 20
"""Bytes in all pipes together beyond which each holds only :data:`PIPE_BUF` (pipe(7),
pipe-user-pages-soft)."""


class Pipe:
    """The buffer and who holds its ends. ``reads`` and ``writes`` count openings of each end."""

    __slots__ = (
        "buffer",
        "can_read",
        "can_write",
        "kernel",
        "opening",
        "readers",
        "reads",
        "size",
        "writers",
        "writes",
    )

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.buffer = bytearray()
        self.size = PIPE_SIZE
        """Bytes it may hold (F_SETPIPE_SZ)."""
        self.readers = 0
        self.writers = 0
        self.reads = 0
        self.writes = 0
        self.can_read = WaitQueue(kernel, "pipe_read")
        self.can_write = WaitQueue(kernel, "pipe_write")
        self.opening = WaitQueue(kernel, "wait_for_partner")

    def read(self, count: int, nonblock: bool) -> bytes | WaitQueue:
        """What is there, up to ``count``; empty when it is empty and nobody can write. EAGAIN."""
        buffer = self.buffer
        if not buffer:
            if not self.writers or not count:
                return b""
            if nonblock:
                raise error(Errno.EAGAIN)
            return self.can_read
        data = bytes(buffer[:count])
        del buffer[:count]
        self.kernel.pipe_bytes -= len(data)
        if len(buffer) <= self.size - PIPE_BUF:
            self.can_write.wake()
        return data

    def room(self) -> int:
        """Bytes that may be put in now."""
        size = self.size if self.kernel.pipe_bytes < SOFT_LIMIT else PIPE_BUF
        return size - len(self.buffer)

    def resize(self, pcb: PCB, size: int) -> int:
        """F_SETPIPE_SZ (fcntl(2)): the next power of two that holds ``size`` and a page.

        EBUSY for less than it holds now, EINVAL, EPERM beyond fs.pipe-max-size.
        """
        if not 0 < size <= 1 << 31:
            raise error(Errno.EINVAL)
        from minios.kernel import sysctl  # which knows of everything, pipes too

        size = max(PIPE_BUF, 1 << (size - 1).bit_length())
        most = sysctl.value(self.kernel, "fs.pipe-max-size")
        if size > most and not (capable(pcb, CAP_SYS_RESOURCE) and size <= SOFT_LIMIT):
            raise error(Errno.EPERM)
        if size < len(self.buffer):
            raise error(Errno.EBUSY)
        self.size = size
        self.can_write.wake()
        return size

    def _put(self, data: bytes) -> None:
        self.buffer += data
        self.kernel.pipe_bytes += len(data)
        self.can_read.wake()

    def write(self, pcb: PCB, data: bytes, nonblock: bool) -> int | WaitQueue:
        """Put ``data`` in: at most PIPE_BUF bytes all at once, more in parts as room appears.

        What went in before a wake-up is kept in ``pcb.progress``. EAGAIN; EPIPE with SIGPIPE.
        """
        done: int = pcb.progress or 0
        if not self.readers:
            self.kernel.signal(pcb, Sig.SIGPIPE)
            if done:
                return done
            raise error(Errno.EPIPE)
        total = len(data)
        room = self.room()
        if total <= PIPE_BUF:
            if room >= total:
                self._put(data)
                return total
        elif room > 0:
            self._put(data[done : done + room])
            done = min(total, done + room)
            if done == total:
                return total
        if nonblock:
            if done:
                return done
            raise error(Errno.EAGAIN)
        if done:
            pcb.progress = done
        return self.can_write


class PipeFile(File):
    """One end of a pipe, or both (a FIFO opened O_RDWR)."""

    __slots__ = ("pipe",)

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int, pipe: Pipe) -> None:
        super().__init__(kernel, dentry, oflag)
        self.pipe = pipe
        if self.readable:
            pipe.readers += 1
            pipe.reads += 1
        if self.writable:
            pipe.writers += 1
            pipe.writes += 1

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        return self.pipe.read(count, self.flags & flags.O_NONBLOCK != 0)

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue:
        if not data:
            return 0
        return self.pipe.write(pcb, data, self.flags & flags.O_NONBLOCK != 0)

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        if request == flags.FIONREAD:
            return len(self.pipe.buffer)
        raise error(Errno.ENOTTY)

    def poll(self) -> int:
        pipe = self.pipe
        events = 0
        if self.readable:
            if pipe.buffer:
                events |= flags.POLLIN
            if not pipe.writers and pipe.writes:
                events |= flags.POLLHUP
        if self.writable:
            if pipe.room() >= PIPE_BUF:
                events |= flags.POLLOUT
            if not pipe.readers:
                events |= flags.POLLERR
        return events

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.pipe.can_read, self.pipe.can_write)

    def close(self) -> None:
        pipe = self.pipe
        if self.readable:
            pipe.readers -= 1
            if not pipe.readers:
                pipe.can_write.wake()
        if self.writable:
            pipe.writers -= 1
            if not pipe.writers:
                pipe.can_read.wake()
        if not pipe.readers and not pipe.writers:
            self.kernel.pipe_bytes -= len(pipe.buffer)
            pipe.buffer.clear()
            if self.inode.driver is pipe:
                self.inode.driver = None
        super().close()

    def state(self) -> Any:
        pipe = self.pipe
        held = blake2b(pipe.buffer, digest_size=16).digest() if pipe.buffer else b""
        return (super().state(), pipe.readers, pipe.writers, pipe.size, held)


def make_pipe(kernel: Kernel, pcb: PCB, oflag: int) -> tuple[PipeFile, PipeFile]:
    """Both ends of a new pipe, (read, write); ``oflag`` may have O_NONBLOCK (pipe2(2))."""
    pipe = Pipe(kernel)
    dentry = anonymous(kernel, flags.S_IFIFO | 0o600, pcb.euid, pcb.egid, b"pipe:[%d]")
    dentry.inode.driver = pipe
    mode = oflag & flags.O_NONBLOCK
    return (
        PipeFile(kernel, dentry, flags.O_RDONLY | mode, pipe),
        PipeFile(kernel, dentry, flags.O_WRONLY | mode, pipe),
    )


class _Opening:
    """A FIFO end that is held while its opener waits for the other one."""

    __slots__ = ("file", "seen")

    def __init__(self, file: PipeFile, seen: int) -> None:
        self.file = file
        self.seen = seen

    def cancel(self) -> None:
        self.file.close()


def open_fifo(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> PipeFile | WaitQueue:
    """Open one end of a FIFO; blocks until somebody opens the other one (fifo(7)).

    O_RDWR never blocks. With O_NONBLOCK reading opens at once, writing is ENXIO without a reader.
    Nor does a pipe without a name, opened again through /proc/self/fd, wait for anybody.
    """
    inode = dentry.inode
    pipe: Pipe | None = inode.driver
    if pipe is None:
        pipe = inode.driver = Pipe(kernel)
    opening = pcb.progress
    if isinstance(opening, _Opening):
        partners = pipe.writes if opening.file.readable else pipe.reads
        if partners == opening.seen:
            return pipe.opening
        pcb.progress = None
        return opening.file
    accmode = oflag & flags.O_ACCMODE
    nonblock = oflag & flags.O_NONBLOCK
    if accmode == flags.O_WRONLY and nonblock and not pipe.readers:
        raise error(Errno.ENXIO)
    file = PipeFile(kernel, dentry, oflag, pipe)
    pipe.opening.wake()
    if inode.fs is kernel.pipefs:
        return file
    if accmode == flags.O_RDONLY and not nonblock and not pipe.writers:
        pcb.progress = _Opening(file, pipe.writes)
        return pipe.opening
    if accmode == flags.O_WRONLY and not pipe.readers:
        pcb.progress = _Opening(file, pipe.reads)
        return pipe.opening
    return file

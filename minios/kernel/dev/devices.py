"""Character devices: those of null(4) and random(4), and the host's ends of streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.fs.inode import Dentry
from minios.kernel.files.file import File, anonymous
from minios.kernel.wait import WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


class NullFile(File):
    """/dev/null: end of file for ever, and swallows everything. Seeking is no error."""

    __slots__ = ()

    def read(self, pcb: PCB, count: int) -> bytes:
        return b""

    def write(self, pcb: PCB, data: bytes) -> int:
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        return 0


class ZeroFile(NullFile):
    """/dev/zero."""

    __slots__ = ()

    def read(self, pcb: PCB, count: int) -> bytes:
        return bytes(count)


class FullFile(ZeroFile):
    """/dev/full: reads as /dev/zero, and is always full."""

    __slots__ = ()

    def write(self, pcb: PCB, data: bytes) -> int:
        raise error(Errno.ENOSPC)


RANDOM_READ = 4096
"""Bytes that one read of a random device gives at most."""


class RandomFile(NullFile):
    """/dev/random and /dev/urandom: the world's own stream, the same in every replay."""

    __slots__ = ()

    def read(self, pcb: PCB, count: int) -> bytes:
        return self.kernel.world.stream("random").bytes(min(count, RANDOM_READ))


class Asked(Protocol):
    """What stands behind an extra device: each write is a question, the reads after it its answer.

    A read without a question before it asks ``b""``.
    """

    def ask(self, pcb: PCB, data: bytes) -> bytes: ...


class AskFile(File):
    """An open description of an extra device, with the rest of the last answer."""

    __slots__ = ("_answer", "_device")

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int, device: Asked) -> None:
        super().__init__(kernel, dentry, oflag)
        self._device = device
        self._answer: bytes | None = None

    def read(self, pcb: PCB, count: int) -> bytes:
        if self._answer is None:
            self._answer = self._device.ask(pcb, b"")
        data, self._answer = self._answer[:count], self._answer[count:]
        return data

    def write(self, pcb: PCB, data: bytes) -> int:
        self._answer = self._device.ask(pcb, data)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        if offset == 0 and whence == flags.SEEK_SET:
            self._answer = None
            return 0
        raise error(Errno.ESPIPE)

    def state(self) -> Any:
        return (super().state(), self._answer)


Opener = Callable[["Kernel", "PCB", Dentry, int], "File | WaitQueue"]
"""Opens a device node: (kernel, caller, the node, open flags). ENXIO, EROFS …"""


def _plain(make: type[File]) -> Opener:
    def opener(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
        return make(kernel, dentry, oflag)

    return opener


def makedev(major: int, minor: int) -> int:
    """st_rdev of a device node (makedev(3), small numbers)."""
    return major << 8 | minor


MEMORY_DEVICES: dict[bytes, tuple[int, Opener]] = {
    b"null": (makedev(1, 3), _plain(NullFile)),
    b"zero": (makedev(1, 5), _plain(ZeroFile)),
    b"full": (makedev(1, 7), _plain(FullFile)),
    b"random": (makedev(1, 8), _plain(RandomFile)),
    b"urandom": (makedev(1, 9), _plain(RandomFile)),
}
"""Name in /dev: device number and driver."""

JUDGES_MAY_OPEN = frozenset(number for number, _ in MEMORY_DEVICES.values())
"""Devices that keep no state, so that a probe's redirections work and disturb nothing."""


def null(kernel: Kernel) -> File:
    """An open /dev/null that needs no /dev."""
    dentry = anonymous(kernel, flags.S_IFCHR | 0o666, 0, 0, b"/dev/null")
    dentry.inode.rdev = makedev(1, 3)
    return NullFile(kernel, dentry, flags.O_RDWR)


# -- the host's ends ---------------------------------------------------------------------------


class HostStream:
    """What a host end is a device of: opening it again gives the same stream."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Dentry, int], File]) -> None:
        self.make = make


class HostOut(File):
    """Bytes written here are handed to the host at once. No terminal, never blocks."""

    __slots__ = ("_write",)

    def __init__(
        self, kernel: Kernel, write: Callable[[bytes], None], dentry: Dentry | None = None
    ) -> None:
        if dentry is None:
            dentry = anonymous(kernel, flags.S_IFCHR | 0o666, 0, 0, b"host:[%d]")
            dentry.inode.driver = HostStream(lambda node, oflag: HostOut(kernel, write, node))
        super().__init__(kernel, dentry, flags.O_WRONLY)
        self._write = write

    def write(self, pcb: PCB, data: bytes) -> int:
        self._write(data)
        return len(data)

    def poll(self) -> int:
        return flags.POLLOUT


class HostInput:
    """What the host has fed so far and the program has not read."""

    __slots__ = ("buffer", "ended", "queue")

    def __init__(self, kernel: Kernel) -> None:
        self.buffer = bytearray()
        self.ended = False
        self.queue = WaitQueue(kernel, "host_read")


class HostIn(File):
    """The host's standard input: reads block until it is fed or ended."""

    __slots__ = ("input",)

    def __init__(
        self, kernel: Kernel, dentry: Dentry | None = None, input: HostInput | None = None
    ) -> None:
        held = input if input is not None else HostInput(kernel)
        if dentry is None:
            dentry = anonymous(kernel, flags.S_IFCHR | 0o666, 0, 0, b"host:[%d]")
            dentry.inode.driver = HostStream(lambda node, oflag: HostIn(kernel, node, held))
        super().__init__(kernel, dentry, flags.O_RDONLY)
        self.input = held

    @property
    def waiting(self) -> bool:
        """Whether somebody sleeps until more is fed."""
        return bool(self.input.queue.sleepers)

    @property
    def pending(self) -> int:
        """Bytes fed and not yet read."""
        return len(self.input.buffer)

    def feed(self, data: bytes) -> None:
        """Bytes from the host."""
        self.input.buffer += data
        self.input.queue.wake()

    def end(self) -> None:
        """The host's end of file."""
        self.input.ended = True
        self.input.queue.wake()

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        held = self.input
        if held.buffer:
            data = bytes(held.buffer[:count])
            del held.buffer[:count]
            return data
        if held.ended or not count:
            return b""
        if self.nonblock:
            raise error(Errno.EAGAIN)
        return held.queue

    def poll(self) -> int:
        if self.input.buffer:
            return flags.POLLIN
        return flags.POLLHUP if self.input.ended else 0

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.input.queue,)

    def state(self) -> Any:
        return (super().state(), bytes(self.input.buffer), self.input.ended)

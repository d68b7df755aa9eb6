"""The kernel's log: a ring of records, ``/dev/kmsg`` and syslog(2).

Each record has a number, a priority (facility * 8 + level, syslog(3)) and the time since boot. What
no longer fits falls out at the old end; who reads /dev/kmsg too slowly is told so by EPIPE.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi import flags
from minios.abi.caps import CAP_SYSLOG
from minios.abi.errno import Errno, error
from minios.fs.access import capable
from minios.fs.inode import Dentry
from minios.kernel.files.file import File
from minios.kernel.wait import WaitQueue

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG = range(8)
LOG_USER = 1
"""The facility of what programs write to /dev/kmsg."""

RING_BYTES = 64 << 10
"""Text kept, with :data:`OVERHEAD` counted for each record."""
OVERHEAD = 32
RECORD_MAX = 1024 - 32
"""Bytes of one record (kernel/printk, LOG_LINE_MAX)."""


class Record(NamedTuple):
    """One message. ``time`` is ns since boot."""

    seq: int
    priority: int
    time: int
    text: bytes


class KernelLog:
    """The ring of one boot."""

    __slots__ = ("_bytes", "_cleared", "_next", "_records", "_world", "boot_time", "readers")

    def __init__(self, kernel: Kernel) -> None:
        self._world = kernel.world
        self.boot_time = kernel.boot_time
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._next = 0
        self._cleared = 0
        self.readers = WaitQueue(kernel, "devkmsg_read")

    def put(self, text: bytes | str, level: int = LOG_INFO, facility: int = 0) -> None:
        """Add a message (printk); of several lines each is a record of its own."""
        data = text.encode() if isinstance(text, str) else text
        time = self._world.now - self.boot_time
        for line in data.rstrip(b"\n").split(b"\n"):
            record = Record(self._next, facility << 3 | level, time, line[:RECORD_MAX])
            self._next += 1
            self._records.append(record)
            self._bytes += len(record.text) + OVERHEAD
        while self._bytes > RING_BYTES:
            self._bytes -= len(self._records.popleft().text) + OVERHEAD
        self.readers.wake()

    @property
    def first(self) -> int:
        """The number of the oldest record that is still there."""
        return self._records[0].seq if self._records else self._next

    @property
    def end(self) -> int:
        """The number that the next record will get."""
        return self._next

    @property
    def cleared(self) -> int:
        """Where SYSLOG_ACTION_CLEAR was made last; /dev/kmsg's SEEK_DATA goes there."""
        return max(self._cleared, self.first)

    def clear(self) -> None:
        self._cleared = self._next

    def since(self, seq: int) -> list[Record]:
        """The records from number ``seq`` on that are still there."""
        skip = max(seq - self.first, 0)
        return [record for index, record in enumerate(self._records) if index >= skip]

    def at(self, seq: int) -> Record | None:
        """The record of that number; None if there is none (any more or yet)."""
        index = seq - self.first
        return self._records[index] if 0 <= index < len(self._records) else None

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self._next, self._cleared, [tuple(record) for record in self._records])


def line_of(record: Record) -> bytes:
    """A record as /dev/kmsg gives it: ``priority,number,microseconds,flags;text``."""
    prefix = b"%d,%d,%d,-;" % (record.priority, record.seq, record.time // 1000)
    return prefix + escape(record.text) + b"\n"


def escape(text: bytes) -> bytes:
    """Bytes that are not printable ASCII as ``\\xNN``, as /dev/kmsg shows them."""
    if text.isascii() and text.decode("ascii").isprintable() and b"\\" not in text:
        return text
    return b"".join(
        b"%c" % byte if (32 <= byte < 127 or byte >= 128) and byte != 92 else b"\\x%02x" % byte
        for byte in text
    )


class KmsgFile(File):
    """An open /dev/kmsg: each read is one record, each write adds one."""

    __slots__ = ("_next",)

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int) -> None:
        super().__init__(kernel, dentry, oflag)
        self._next = kernel.log.first

    def read(self, pcb: PCB, count: int) -> bytes | WaitQueue:
        """The next record. EAGAIN, EINVAL (too small a buffer), EPIPE (records were lost)."""
        log = self.kernel.log
        if self._next < log.first:
            self._next = log.first
            raise error(Errno.EPIPE)
        record = log.at(self._next)
        if record is None:
            if self.nonblock:
                raise error(Errno.EAGAIN)
            return log.readers
        line = line_of(record)
        if len(line) > count:
            raise error(Errno.EINVAL)
        self._next += 1
        return line

    def write(self, pcb: PCB, data: bytes) -> int:
        """``<priority>text``; without a priority it is user.warning. EINVAL for too long a text."""
        if len(data) > RECORD_MAX:
            raise error(Errno.EINVAL)
        priority, text = split_priority(data, LOG_USER << 3 | LOG_WARNING)
        facility = priority >> 3 or LOG_USER
        self.kernel.log.put(text, priority & 7, facility)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        """To the first (SEEK_SET), the first since the last clear (SEEK_DATA) or after the last."""
        log = self.kernel.log
        if offset:
            raise error(Errno.ESPIPE)
        if whence == flags.SEEK_SET:
            self._next = log.first
        elif whence == flags.SEEK_DATA:
            self._next = log.cleared
        elif whence == flags.SEEK_END:
            self._next = log.end
        else:
            raise error(Errno.EINVAL)
        return 0

    def poll(self) -> int:
        if self._next < self.kernel.log.end:
            lost = self._next < self.kernel.log.first
            return flags.POLLIN | (flags.POLLERR if lost else 0)
        return 0

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.kernel.log.readers,)

    def state(self) -> Any:
        return (super().state(), self._next)


def split_priority(data: bytes, default: int) -> tuple[int, bytes]:
    """(priority, text) of what begins with ``<NUMBER>`` (syslog(3)), or has no such beginning."""
    if data[:1] == b"<":
        number, close, text = data[1:].partition(b">")
        if close and number.isdigit() and len(number) < 6:
            return int(number), text
    return default, data


def announce(kernel: Kernel) -> None:
    """What a kernel says of itself before it looks at its disks."""
    from minios.kernel.calls import utsname

    log = kernel.log
    cores, total = len(kernel.cores), kernel.machine.ram >> 10
    plural = "" if cores == 1 else "s"
    name = utsname(kernel)
    banner = (name.sysname, name.release, name.version)
    log.put(b"%b version %b (minios@minios) %b" % banner, LOG_NOTICE)
    log.put("Kernel command line: root=/dev/sda1 console=tty1", LOG_NOTICE)
    log.put(f"Memory: {total}K/{total}K available")
    log.put(f"smp: Brought up 1 node, {cores} CPU{plural}")


# -- syslog(2) ---------------------------------------------------------------------------------

_READ_ALL, _READ_CLEAR, _CLEAR = 3, 4, 5
_SIZE_UNREAD, _SIZE_BUFFER = 9, 10


def syslog(kernel: Kernel, pcb: PCB, action: int, size: int) -> bytes | int:
    """syslog(2): the last ``size`` bytes of the log as text, clearing it, its size. EINVAL EPERM.

    Everybody may read everything (``dmesg_restrict`` is 0); clearing needs CAP_SYSLOG.
    """
    log = kernel.log
    if action in (_READ_CLEAR, _CLEAR) and not capable(pcb, CAP_SYSLOG):
        raise error(Errno.EPERM)
    if action == _CLEAR:
        log.clear()
        return 0
    if action == _SIZE_BUFFER:
        return RING_BYTES
    if action == _SIZE_UNREAD:
        return sum(map(len, _texts(log)))
    if action not in (_READ_ALL, _READ_CLEAR) or type(size) is not int or size < 0:
        raise error(Errno.EINVAL)
    lines = _texts(log)
    while lines and sum(map(len, lines)) > size:
        lines.pop(0)
    if action == _READ_CLEAR:
        log.clear()
    return b"".join(lines)


def _texts(log: KernelLog) -> list[bytes]:
    return [
        b"<%d>[%5d.%06d] %b\n" % (r.priority, *divmod(r.time // 1000, 1_000_000), r.text)
        for r in log.since(log.cleared)
    ]

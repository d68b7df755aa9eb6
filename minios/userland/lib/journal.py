"""The journal: one line an entry in a file that init appends to (systemd-journald.service(8)).

``/var/log/journal/system.journal`` is kept over a restart; without that directory it is
``/run/log/journal/system.journal``. A line has ten fields with tabs between them: microseconds of
CLOCK_REALTIME and since boot, boot id, priority, pid, uid, how it came, unit, identifier and the
message, in which ``\\``, newline and other control characters are escaped. When the file has grown
past :data:`ROTATE` bytes it becomes ``system@1.journal``, whose old content goes.
"""

from typing import NamedTuple

from minios.abi.sockets import AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM
from minios.abi.sys import Sys
from minios.userland.lib.stdio import read_file

PERSISTENT = b"/var/log/journal"
VOLATILE = b"/run/log/journal"
NAME = b"system.journal"
OLD_NAME = b"system@1.journal"
ROTATE = 512 << 10
READERS_GID = 4
"""Group adm reads it."""

DEV_LOG = b"/run/systemd/journal/dev-log"
"""The socket that /dev/log leads to: each datagram is ``<priority>tag: text`` (syslog(3))."""

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "security", "console", "solaris-cron", "local0", "local1", "local2", "local3",
    "local4", "local5", "local6", "local7",
)  # fmt: skip
PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")


class Entry(NamedTuple):
    """One message. Times are µs; ``priority`` is 0 to 7, ``facility`` as in syslog(3)."""

    realtime: int
    monotonic: int
    boot: bytes
    priority: int
    facility: int
    pid: int
    uid: int
    transport: bytes
    unit: bytes
    identifier: bytes
    message: bytes

    def pack(self) -> bytes:
        return b"%d\t%d\t%b\t%d\t%d\t%d\t%b\t%b\t%b\t%b\n" % (
            self.realtime, self.monotonic, self.boot, self.facility << 3 | self.priority,
            self.pid, self.uid, self.transport, _plain(self.unit), _plain(self.identifier),
            _escape(self.message),
        )  # fmt: skip


def _plain(text: bytes) -> bytes:
    return text.replace(b"\t", b" ").replace(b"\n", b" ")


def _escape(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def _unescape(text: bytes) -> bytes:
    if b"\\" not in text:
        return text
    return text.replace(b"\\\\", b"\0").replace(b"\\n", b"\n").replace(b"\0", b"\\")


def unpack(line: bytes) -> Entry | None:
    """The entry of a line; None for what is none."""
    fields = line.split(b"\t", 9)
    if len(fields) != 10:
        return None
    realtime, monotonic, boot, priority, pid, uid, transport, unit, identifier, message = fields
    if not all(
        field.isdigit() and len(field) < 20 for field in (realtime, monotonic, priority, pid, uid)
    ):
        return None
    number = int(priority)
    return Entry(
        int(realtime), int(monotonic), boot, number & 7, number >> 3, int(pid), int(uid), transport,
        unit, identifier, _unescape(message),
    )  # fmt: skip


async def boot_id(sys: Sys) -> bytes:
    """The name of this boot, 32 hexadecimal digits."""
    try:
        text = await read_file(sys, b"/proc/sys/kernel/random/boot_id")
    except OSError:
        return b"0" * 32
    return text.strip().replace(b"-", b"")


def priority_of(text: bytes) -> int | None:
    """The number of a priority's name or number; None if it is none."""
    name = {b"error": b"err", b"warn": b"warning", b"panic": b"emerg"}.get(text, text).decode(
        "latin-1"
    )
    if name in PRIORITIES:
        return PRIORITIES.index(name)
    return int(name) if name in ("0", "1", "2", "3", "4", "5", "6", "7") else None


async def send(sys: Sys, priority: int, identifier: bytes, message: bytes, pid: int = 0) -> bool:
    """syslog(3): hand a message to the journal; False if nobody listens."""
    tag = identifier + (b"[%d]" % pid if pid else b"")
    fd = await sys.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        text = b"<%d>%b: %b" % (priority, tag, message.replace(b"\n", b" ")[:2048])
        await sys.sendto(fd, text, b"/dev/log")
    except OSError:
        await sys.close(fd)
        return False
    await sys.close(fd)
    return True

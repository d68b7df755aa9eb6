"""Writing the journal: what services print, what programs log, and what init itself has to say."""

from contextlib import suppress

from minios.abi.flags import CLOCK_MONOTONIC, O_APPEND, O_CLOEXEC, O_CREAT, O_WRONLY
from minios.abi.sockets import (
    AF_UNIX,
    SO_PASSCRED,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from minios.userland.lib import journal
from minios.userland.lib.journal import Entry
from minios.userland.lib.stdio import read_file, write_all

LINE_MAX = 4096
"""A longer line of a service becomes several entries."""
BURST = 10_000
INTERVAL = 30_000_000
"""µs in which one service may log that many entries (journald.conf(5), RateLimitBurst=)."""

DAEMON = 3
CRIT, ERR, WARNING, NOTICE, INFO = 2, 3, 4, 5, 6


class Stream:
    """What one process prints: the pipe's end, and a line that is not complete yet."""

    __slots__ = ("identifier", "pid", "rest", "uid", "unit")

    def __init__(self, unit: bytes, identifier: bytes, pid: int, uid: int) -> None:
        self.unit = unit
        self.identifier = identifier
        self.pid = pid
        self.uid = uid
        self.rest = b""


class Rate:
    """How much a service has logged in the interval that began at ``since``."""

    __slots__ = ("count", "dropped", "since")

    def __init__(self, since: int = 0) -> None:
        self.since = since
        self.count = 0
        self.dropped = 0


class Journal:
    """The open journal of this boot."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.streams: dict[int, Stream] = {}
        """By descriptor."""
        self.log_fd = -1
        self._fd = -1
        self._size = 0
        self._folder = b""
        self._boot = b""
        self._rates: dict[bytes, Rate] = {}

    async def listen(self) -> None:
        """Make /dev/log."""
        sys = self.sys
        try:
            for folder in (b"/run/systemd", b"/run/systemd/journal"):
                await sys.mkdir(folder, 0o755)
            fd = await sys.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
            await sys.setsockopt(fd, SOL_SOCKET, SO_PASSCRED, 1)
            await sys.bind(fd, journal.DEV_LOG)
            await sys.chmod(journal.DEV_LOG, 0o666)
            await sys.symlink(journal.DEV_LOG, b"/dev/log")
        except OSError:
            return
        self.log_fd = fd

    # -- writing -------------------------------------------------------------------------------

    async def _open(self) -> None:
        sys = self.sys
        self._boot = self._boot or await journal.boot_id(sys)
        self._folder = journal.PERSISTENT
        try:
            await sys.stat(journal.PERSISTENT)
        except OSError:
            self._folder = journal.VOLATILE
            for folder in (b"/run/log", journal.VOLATILE):
                try:
                    await sys.mkdir(folder, 0o755)
                except OSError:
                    continue
        path = self._folder + b"/" + journal.NAME
        self._fd = await sys.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        stat = await sys.fstat(self._fd)
        self._size = stat.size
        if not stat.size:
            await sys.chown(path, 0, journal.READERS_GID)

    async def _rotate(self) -> None:
        await self.sys.close(self._fd)
        self._fd = -1
        path = self._folder + b"/"
        await self.sys.rename(path + journal.NAME, path + journal.OLD_NAME)
        await self._open()

    async def put(
        self,
        priority: int,
        message: bytes,
        *,
        unit: bytes = b"init.scope",
        identifier: bytes = b"systemd",
        pid: int = 1,
        uid: int = 0,
        transport: bytes = b"journal",
        facility: int = DAEMON,
    ) -> None:
        """Add an entry. What cannot be written is lost, as there is nobody to tell."""
        sys = self.sys
        now = await sys.clock_gettime() // 1000
        since_boot = await sys.clock_gettime(CLOCK_MONOTONIC) // 1000
        try:
            if self._fd < 0:
                await self._open()
            if self._size > journal.ROTATE:
                await self._rotate()
            line = Entry(
                now, since_boot, self._boot, priority, facility, pid, uid, transport, unit,
                identifier, message,
            ).pack()  # fmt: skip
            self._size += len(line)
            await write_all(sys, self._fd, line)
            if priority <= CRIT:
                await sys.fsync(self._fd)
        except OSError:
            return

    async def sync(self) -> None:
        """Have everything said so far on the disk; else that is left to write-back."""
        if self._fd >= 0:
            with suppress(OSError):
                await self.sys.fsync(self._fd)

    async def say(self, text: str, unit: str = "", priority: int = INFO) -> None:
        """An entry of init's own, about a unit."""
        await self.put(
            priority,
            text.encode("latin-1", "replace"),
            unit=unit.encode("latin-1") or b"init.scope",
        )

    # -- what others say -----------------------------------------------------------------------

    def follow(self, fd: int, unit: str, identifier: str, pid: int, uid: int) -> None:
        """Write down, from now on, what comes out of the pipe ``fd``."""
        self.streams[fd] = Stream(unit.encode("latin-1"), identifier.encode("latin-1"), pid, uid)

    async def read(self, fd: int) -> None:
        """Take what there is in a descriptor that is ready."""
        if fd == self.log_fd:
            await self._read_log()
            return
        stream = self.streams[fd]
        try:
            data = await self.sys.read(fd, LINE_MAX)
        except OSError:
            return
        if not data:
            await self.sys.close(fd)
            del self.streams[fd]
            if stream.rest:
                await self._line(stream, stream.rest)
            return
        lines = (stream.rest + data).split(b"\n")
        stream.rest = lines.pop()
        while len(stream.rest) >= LINE_MAX:
            lines.append(stream.rest[:LINE_MAX])
            stream.rest = stream.rest[LINE_MAX:]
        for line in lines:
            await self._line(stream, line)

    async def drain(self) -> None:
        """Take what services have printed so far, so that it stands before what is said of them."""
        while self.streams:
            ready = await self.sys.poll([(fd, 1) for fd in self.streams], 0)
            if not ready:
                return
            for fd, _ in ready:
                await self.read(fd)

    async def _line(self, stream: Stream, line: bytes) -> None:
        if not line or not await self._within(stream.unit):
            return
        priority, text = _priority(line, DAEMON << 3 | INFO)
        await self.put(
            priority & 7, text, unit=stream.unit, identifier=stream.identifier, pid=stream.pid,
            uid=stream.uid, transport=b"stdout",
        )  # fmt: skip

    async def _read_log(self) -> None:
        """A datagram of syslog(3): ``<priority>tag[pid]: text``, and whose it is."""
        try:
            datagram = await self.sys.recvmsg(self.log_fd, LINE_MAX)
        except OSError:
            return
        line = datagram.data.rstrip(b"\n\0")
        pid, uid = (datagram.cred.pid, datagram.cred.uid) if datagram.cred else (0, 0)
        unit = await self._unit_of(pid) if pid else b""
        if not line or not await self._within(unit):
            return
        priority, text = _priority(line, 1 << 3 | NOTICE)
        tag, colon, message = text.partition(b": ")
        name = tag.partition(b"[")[0]
        if not colon or b" " in tag:
            name, message = b"unknown", text
        await self.put(
            priority & 7, message, unit=unit, identifier=name, pid=pid, uid=uid,
            transport=b"syslog", facility=priority >> 3,
        )  # fmt: skip

    async def _unit_of(self, pid: int) -> bytes:
        """The service that a process belongs to; b"" for none."""
        try:
            group = (await read_file(self.sys, b"/proc/%d/cgroup" % pid)).strip()
        except OSError:
            return b""
        return group.rpartition(b"/")[2] if group.startswith(b"0::/system.slice/") else b""

    async def _within(self, unit: bytes) -> bool:
        """Whether a unit may log one entry more now."""
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC) // 1000
        rate = self._rates.setdefault(unit, Rate(now))
        if now - rate.since > INTERVAL:
            dropped = rate.dropped
            self._rates[unit] = rate = Rate(now)
            if dropped:
                text = b"Suppressed %d messages from %b" % (dropped, unit or b"/dev/log")
                await self.put(WARNING, text, identifier=b"systemd-journald")
        rate.count += 1
        if rate.count > BURST:
            rate.dropped += 1
            return False
        return True


def _priority(line: bytes, default: int) -> tuple[int, bytes]:
    """(priority, text) of ``<N>text`` (sd-daemon(3))."""
    if line[:1] == b"<":
        number, close, text = line[1:].partition(b">")
        if close and number.isdigit() and len(number) < 4:
            return int(number), text
    return default, line

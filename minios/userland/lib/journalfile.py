"""Reading the journal, and the forms in which journalctl shows an entry."""

from minios.abi.errno import Errno
from minios.abi.flags import O_NONBLOCK, O_RDONLY
from minios.abi.sys import Sys
from minios.userland.lib import journal
from minios.userland.lib.calendar import strftime
from minios.userland.lib.journal import Entry, unpack
from minios.userland.lib.procfiles import boot_time

US = 1_000_000


class Reader:
    """The files of the journal, from the oldest entry on; each :meth:`more` gives what is new."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.refused = False
        """Whether there is a journal that the caller may not read."""
        self._fds: list[int] = []
        self._rest = b""

    async def open(self) -> bool:
        """Whether there is anything to read."""
        for folder in (journal.PERSISTENT, journal.VOLATILE):
            for name in (journal.OLD_NAME, journal.NAME):
                try:
                    self._fds.append(await self.sys.open(folder + b"/" + name, O_RDONLY))
                except OSError as err:
                    self.refused |= err.errno == Errno.EACCES
        return bool(self._fds)

    async def _take(self, fd: int) -> list[Entry]:
        found = []
        while data := await self.sys.read(fd, 65536):
            lines = (self._rest + data).split(b"\n")
            self._rest = lines.pop()
            for line in lines:
                entry = unpack(line)
                if entry is not None:
                    found.append(entry)
            await self.sys.compute(40 * len(lines) + 1)
        return found

    async def entries(self) -> list[Entry]:
        """Everything there is so far."""
        found = []
        for fd in self._fds:
            self._rest = b""
            found += await self._take(fd)
        return found

    async def more(self) -> list[Entry]:
        """What has come since; a journal that was rotated meanwhile is opened anew."""
        found = await self._take(self._fds[-1]) if self._fds else []
        if not found:
            try:
                folder = journal.PERSISTENT
                stat = await self.sys.stat(folder + b"/" + journal.NAME)
                if self._fds and (await self.sys.fstat(self._fds[-1])).ino != stat.ino:
                    fd = await self.sys.open(folder + b"/" + journal.NAME, O_RDONLY)
                    await self.sys.close(self._fds.pop())
                    self._fds.append(fd)
                    self._rest = b""
                    found = await self._take(fd)
            except OSError:
                return found
        return found


async def kernel_entries(sys: Sys) -> list[Entry]:
    """The kernel's log of this boot as entries."""
    boot = await journal.boot_id(sys)
    start = await boot_time(sys) * US
    try:
        fd = await sys.open(b"/dev/kmsg", O_RDONLY | O_NONBLOCK)
    except OSError:
        return []
    found = []
    while True:
        try:
            line = await sys.read(fd, 8192)
        except OSError as err:
            if err.errno == Errno.EPIPE:
                continue
            break
        head, _, text = line.partition(b";")
        priority, _, at, *_ = (int(f) if f.isdigit() else 0 for f in head.split(b","))
        if priority >> 3:
            continue
        found.append(
            Entry(
                start + at, at, boot, priority & 7, 0, 0, 0, b"kernel", b"", b"kernel",
                text.partition(b"\n")[0],
            )
        )  # fmt: skip
    await sys.close(fd)
    return found


def short(entry: Entry, host: bytes, form: str = "short") -> bytes:
    """An entry as journalctl prints it in one of the ``short`` forms, or ``with-unit``."""
    if form == "short-monotonic":
        when = b"[%5d.%06d]" % divmod(entry.monotonic, US)
    elif form == "short-unix":
        when = b"%d.%06d" % divmod(entry.realtime, US)
    elif form == "short-full":
        when = strftime(b"%a %Y-%m-%d %H:%M:%S UTC", entry.realtime * 1000)
    elif form == "short-iso":
        when = strftime(b"%Y-%m-%dT%H:%M:%S+0000", entry.realtime * 1000)
    elif form in ("short-precise", "short-iso-precise"):
        pattern = b"%b %d %H:%M:%S" if form == "short-precise" else b"%Y-%m-%dT%H:%M:%S"
        when = strftime(pattern, entry.realtime * 1000) + b".%06d" % (entry.realtime % US)
        when += b"+0000" if form == "short-iso-precise" else b""
    else:
        when = strftime(b"%b %d %H:%M:%S", entry.realtime * 1000)
    pid = b"[%d]" % entry.pid if entry.pid else b""
    who = entry.identifier
    if form == "with-unit" and entry.unit:
        who = entry.unit + b"/" + who
    head = b"%b %b %b%b: " % (when, host, who, pid)
    return head + entry.message.replace(b"\n", b"\n" + b" " * len(head))


def fields(entry: Entry, host: bytes) -> list[tuple[str, bytes]]:
    """The fields of an entry (systemd.journal-fields(7))."""
    found = [
        ("__REALTIME_TIMESTAMP", b"%d" % entry.realtime),
        ("__MONOTONIC_TIMESTAMP", b"%d" % entry.monotonic),
        ("_BOOT_ID", entry.boot),
        ("_HOSTNAME", host),
        ("PRIORITY", b"%d" % entry.priority),
        ("SYSLOG_FACILITY", b"%d" % entry.facility),
        ("SYSLOG_IDENTIFIER", entry.identifier),
        ("_TRANSPORT", entry.transport),
        ("MESSAGE", entry.message),
    ]
    if entry.pid:
        found += [("_PID", b"%d" % entry.pid), ("_UID", b"%d" % entry.uid)]
    if entry.unit:
        own = entry.identifier == b"systemd"
        found.append(("UNIT" if own else "_SYSTEMD_UNIT", entry.unit))
    return found

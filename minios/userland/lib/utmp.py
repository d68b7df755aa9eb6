"""utmp(5): who is logged in where. Records are those of glibc, 384 bytes in /run/utmp."""

from struct import Struct
from typing import NamedTuple

from minios.abi.flags import O_CREAT, O_RDONLY, O_WRONLY
from minios.abi.sys import Sys
from minios.userland.lib.stdio import read_file, write_all

PATH = b"/run/utmp"

BOOT_TIME = 2
INIT_PROCESS = 5
LOGIN_PROCESS = 6
USER_PROCESS = 7
DEAD_PROCESS = 8

_RECORD = Struct("<hxxi32s4s32s256shhiii16s20s")


class Entry(NamedTuple):
    """One record. ``time`` is in seconds since the epoch."""

    type: int
    pid: int
    line: bytes
    id: bytes
    user: bytes
    time: int
    host: bytes = b""

    def pack(self) -> bytes:
        return _RECORD.pack(
            self.type, self.pid, self.line, self.id, self.user, self.host,
            0, 0, self.pid, self.time, 0, b"", b"",
        )  # fmt: skip


def unpack(data: bytes) -> list[Entry]:
    """The records of a file; a piece of one at the end is left out."""
    found = []
    for at in range(0, len(data) - _RECORD.size + 1, _RECORD.size):
        kind, pid, line, name, user, host, _, _, _, time, _, _, _ = _RECORD.unpack_from(data, at)
        found.append(
            Entry(
                kind,
                pid,
                line.rstrip(b"\0"),
                name.rstrip(b"\0"),
                user.rstrip(b"\0"),
                time,
                host.rstrip(b"\0"),
            )
        )
    return found


async def read(sys: Sys) -> list[Entry]:
    """Every record; none if there is no file."""
    try:
        return unpack(await read_file(sys, PATH))
    except OSError:
        return []


async def create(sys: Sys, boot: int) -> None:
    """Start the file anew at boot, with the time of the boot (in seconds)."""
    fd = await sys.open(PATH, O_CREAT | O_WRONLY | 0o1000, 0o644)
    entry = Entry(BOOT_TIME, 0, b"~", b"~~", b"reboot", boot)
    await write_all(sys, fd, entry.pack())
    await sys.close(fd)


async def put(sys: Sys, entry: Entry) -> None:
    """Write a record over the one with the same id, or at the end (pututline(3))."""
    records = await read(sys)
    at = next((n for n, old in enumerate(records) if _same(old, entry)), len(records))
    fd = await sys.open(PATH, O_CREAT | O_WRONLY, 0o644)
    await sys.lseek(fd, at * _RECORD.size)
    await write_all(sys, fd, entry.pack())
    await sys.close(fd)


def _same(old: Entry, new: Entry) -> bool:
    return old.type >= INIT_PROCESS and old.id == new.id


async def bury(sys: Sys, pids: set[int], now: int) -> None:
    """Mark the sessions of processes that have ended."""
    for old in await read(sys):
        if old.pid in pids and old.type in (INIT_PROCESS, LOGIN_PROCESS, USER_PROCESS):
            await put(sys, old._replace(type=DEAD_PROCESS, user=b"", time=now))


async def sessions(sys: Sys) -> list[Entry]:
    """Who is logged in: the records of user processes that still exist."""
    found = []
    for entry in await read(sys):
        if entry.type == USER_PROCESS and entry.user:
            try:
                await sys.close(await sys.open(b"/proc/%d/stat" % entry.pid, O_RDONLY))
            except OSError:
                continue
            found.append(entry)
    return found

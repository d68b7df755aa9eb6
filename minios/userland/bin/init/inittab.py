"""/etc/inittab, as sysvinit has it (inittab(5)): the terminals, and what runs once at boot.

Lines are ``id:runlevels:action:process``; empty ones and those that begin with ``#`` are skipped.
``id`` is up to four characters, ``runlevels`` is read and ignored, ``process`` is a command line,
split at blanks; with any of the shell's special characters in it, it is run by ``sh -c``. Actions:

- ``sysinit``, ``boot``, ``wait``: run in this order at boot, each waited for before the next
- ``once``: started at boot and not waited for
- ``respawn``: started at boot, and again whenever it ends; after less than a second of life it
  starts again only when that second is over
- ``ctrlaltdel``: run when init gets SIGINT
- ``off``: not run

SIGHUP reads the file again: new entries start, running ones of vanished or changed lines get
SIGTERM.
"""

from minios.abi.flags import CLOCK_MONOTONIC, O_RDWR
from minios.abi.signals import SIG_DFL, SIG_SETMASK, Sig
from minios.abi.sys import Sys
from minios.userland.lib.execvp import execvp
from minios.userland.lib.stdio import read_file, write_all

INITTAB = b"/etc/inittab"
SECOND = 1_000_000_000
RESPAWN_AFTER = SECOND
"""The least time between two starts of one entry."""

PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HANDLED = (Sig.SIGCHLD, Sig.SIGHUP, Sig.SIGINT)
"""What init has handlers for, and its children have not."""

_ACTIONS = frozenset({b"sysinit", b"boot", b"wait", b"once", b"respawn", b"ctrlaltdel", b"off"})
_SPECIAL = b"~`!$^&*()=|\\{}[];\"'<>?"


class Entry:
    """A line of inittab, and the process that runs for it."""

    __slots__ = ("action", "id", "pid", "process", "started")

    def __init__(self, id: bytes, action: bytes, process: bytes) -> None:
        self.id = id
        self.action = action
        self.process = process
        self.pid = 0
        self.started = 0


def parse(text: bytes) -> list[Entry]:
    """The entries of an inittab; lines that make no sense are left out."""
    entries: list[Entry] = []
    for line in text.split(b"\n"):
        parts = line.strip().split(b":", 3)
        if line.startswith(b"#") or len(parts) < 4:
            continue
        name, _, action, process = parts
        if name and action in _ACTIONS and process.strip():
            entries.append(Entry(name[:4], action, process.strip()))
    return entries


def argv_of(process: bytes) -> list[bytes]:
    """The command line of an entry, ready for exec."""
    if any(byte in _SPECIAL for byte in process):
        return [b"/bin/sh", b"-c", b"exec " + process]
    return process.split()


async def _child(sys: Sys, argv: list[bytes]) -> int:
    """A fresh session on the console, and the entry's program in it."""
    for sig in HANDLED:
        await sys.sigaction(sig, SIG_DFL)
    await sys.sigprocmask(SIG_SETMASK, 0)
    await sys.setsid()
    env = {b"PATH": PATH, b"TERM": b"linux", b"HOME": b"/"}
    try:
        await execvp(sys, argv, env)
    except OSError:
        await console(sys, b'INIT: cannot execute "' + argv[0] + b'"')
    return 1


async def console(sys: Sys, text: bytes) -> None:
    """A line on the console."""
    try:
        fd = await sys.open(b"/dev/console", O_RDWR | 0o400)
        await write_all(sys, fd, text + b"\r\n")
        await sys.close(fd)
    except OSError:
        return


class Inittab:
    """The entries and their processes."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.entries: list[Entry] = []

    async def read(self) -> list[Entry]:
        try:
            return parse(await read_file(self.sys, INITTAB))
        except OSError:
            return []

    async def start(self, entry: Entry) -> bool:
        """Start an entry's process; whether that worked."""
        entry.started = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        try:
            entry.pid = await self.sys.fork(_child, argv_of(entry.process))
        except OSError:
            entry.pid = 0
        return entry.pid != 0

    def ended(self, pid: int) -> None:
        """A child is gone; perhaps it was an entry's."""
        for entry in self.entries:
            if entry.pid == pid:
                entry.pid = 0

    async def reread(self) -> None:
        wanted = await self.read()
        for old in self.entries:
            new = next((e for e in wanted if e.id == old.id and e.action == old.action), None)
            if new is not None:
                # The new process of an entry starts when the old one has ended.
                new.pid, new.started = old.pid, old.started
            if (new is None or new.process != old.process) and old.pid and old.action == b"respawn":
                await self.sys.kill(old.pid, Sig.SIGTERM)
        self.entries = wanted

    async def respawn(self) -> int | None:
        """Start what should run and does not; when to look again, in ns of CLOCK_MONOTONIC."""
        soonest: int | None = None
        for entry in self.entries:
            if entry.action != b"respawn" or entry.pid:
                continue
            now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
            due = entry.started + RESPAWN_AFTER if entry.started else now
            if due <= now:
                if await self.start(entry):
                    continue
                due = now + RESPAWN_AFTER
            soonest = due if soonest is None else min(soonest, due)
        return soonest

    async def keys(self) -> None:
        """ctrl-alt-del was pressed."""
        for entry in self.entries:
            if entry.action == b"ctrlaltdel" and not entry.pid:
                await self.start(entry)

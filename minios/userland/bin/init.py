"""init: process 1. Starts what /etc/inittab lists, adopts orphans and buries the dead.

``/etc/inittab`` is that of sysvinit (inittab(5)): lines ``id:runlevels:action:process``; empty ones
and those that begin with ``#`` are skipped. ``id`` is up to four characters, ``runlevels`` is read
and ignored, ``process`` is a command line, split at blanks; with any of the shell's special
characters in it, it is run by ``sh -c``. Actions:

- ``sysinit``, ``boot``, ``wait``: run in this order at boot, each waited for before the next
- ``once``: started at boot and not waited for
- ``respawn``: started at boot, and again whenever it ends; after less than a second of life it
  starts again only when that second is over
- ``ctrlaltdel``: run when init gets SIGINT
- ``off``: not run

SIGHUP reads the file again: new entries start, running ones of vanished or changed lines get
SIGTERM.
"""

from dataclasses import dataclass, field

from minios.abi.flags import (
    CLOCK_MONOTONIC,
    O_RDWR,
    WNOHANG,
)
from minios.abi.signals import SIG_BLOCK, SIG_DFL, SIG_SETMASK, Sig, mask_of
from minios.abi.sys import Sys
from minios.userland.lib import utmp
from minios.userland.lib.execvp import execvp
from minios.userland.lib.proc import boot_time
from minios.userland.lib.stdio import complain, read_file, write_all

INITTAB = b"/etc/inittab"
SECOND = 1_000_000_000
RESPAWN_AFTER = SECOND
"""The least time between two starts of one entry."""

PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ACTIONS = frozenset({b"sysinit", b"boot", b"wait", b"once", b"respawn", b"ctrlaltdel", b"off"})
_SPECIAL = b"~`!$^&*()=|\\{}[];\"'<>?"
_HANDLED = (Sig.SIGCHLD, Sig.SIGHUP, Sig.SIGINT, Sig.SIGALRM)


@dataclass(slots=True)
class Entry:
    """A line of inittab, and the process that runs for it."""

    id: bytes
    action: bytes
    process: bytes
    pid: int = 0
    started: int = 0


@dataclass(slots=True)
class State:
    """What init knows. The handlers set the two flags."""

    entries: list[Entry] = field(default_factory=list)
    reread: bool = False
    keys: bool = False


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
    for sig in _HANDLED:
        await sys.sigaction(sig, SIG_DFL)
    await sys.sigprocmask(SIG_SETMASK, 0)
    await sys.setsid()
    env = {b"PATH": PATH, b"TERM": b"linux", b"HOME": b"/"}
    try:
        await execvp(sys, argv, env)
    except OSError:
        await _console(sys, b'INIT: cannot execute "' + argv[0] + b'"')
    return 1


async def _console(sys: Sys, text: bytes) -> None:
    try:
        fd = await sys.open(b"/dev/console", O_RDWR | 0o400)
        await write_all(sys, fd, text + b"\r\n")
        await sys.close(fd)
    except OSError:
        return


async def _start(sys: Sys, entry: Entry) -> None:
    entry.started = await sys.clock_gettime(CLOCK_MONOTONIC)
    try:
        entry.pid = await sys.fork(_child, argv_of(entry.process))
    except OSError:
        entry.pid = 0


async def _read_inittab(sys: Sys) -> list[Entry]:
    try:
        return parse(await read_file(sys, INITTAB))
    except OSError:
        return []


async def _run_and_wait(sys: Sys, state: State, entry: Entry) -> None:
    await _start(sys, entry)
    while entry.pid:
        await _bury(sys, state, block=True)


async def _bury(sys: Sys, state: State, *, block: bool = False) -> None:
    """Collect children that have ended; with ``block`` at least one."""
    dead: set[int] = set()
    while True:
        try:
            waited = await sys.waitpid(-1, 0 if block and not dead else WNOHANG)
        except OSError:
            break
        if not waited.pid:
            break
        dead.add(waited.pid)
        for entry in state.entries:
            if entry.pid == waited.pid:
                entry.pid = 0
    if dead:
        try:
            await utmp.bury(sys, dead, await sys.clock_gettime() // SECOND)
        except OSError:
            return


async def _reread(sys: Sys, state: State) -> None:
    state.reread = False
    wanted = await _read_inittab(sys)
    for old in state.entries:
        new = next((e for e in wanted if e.id == old.id and e.action == old.action), None)
        if new is not None:
            # The new process of an entry starts when the old one has ended.
            new.pid, new.started = old.pid, old.started
        if (new is None or new.process != old.process) and old.pid and old.action == b"respawn":
            await sys.kill(old.pid, Sig.SIGTERM)
    state.entries = wanted


async def _respawn(sys: Sys, state: State) -> None:
    """Start what should run and does not; set the alarm for what has to wait."""
    now = await sys.clock_gettime(CLOCK_MONOTONIC)
    soonest = 0
    for entry in state.entries:
        if entry.action != b"respawn" or entry.pid:
            continue
        wait = entry.started + RESPAWN_AFTER - now if entry.started else 0
        if wait <= 0:
            await _start(sys, entry)
            wait = 0 if entry.pid else RESPAWN_AFTER
        if wait and (not soonest or wait < soonest):
            soonest = wait
    await sys.setitimer(soonest)


async def init(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    """Process 1; never returns."""
    if await sys.getpid() != 1:
        await complain(sys, b"init: must be run as PID 1")
        return 1
    state = State()

    async def on_signal(_: Sys, sig: int) -> None:
        state.reread |= sig == Sig.SIGHUP
        state.keys |= sig == Sig.SIGINT

    # Between looking and sleeping no signal may be lost, so they come only in sigsuspend.
    await sys.sigprocmask(SIG_BLOCK, mask_of(*_HANDLED))
    for sig in _HANDLED:
        await sys.sigaction(sig, on_signal)
    try:
        await utmp.create(sys, await boot_time(sys))
    except OSError:
        await _console(sys, b"INIT: cannot write /run/utmp")
    state.entries = await _read_inittab(sys)
    for action in (b"sysinit", b"boot", b"wait"):
        for entry in state.entries:
            if entry.action == action:
                await _run_and_wait(sys, state, entry)
    for entry in state.entries:
        if entry.action == b"once":
            await _start(sys, entry)

    while True:
        await _bury(sys, state)
        if state.reread:
            await _reread(sys, state)
        if state.keys:
            state.keys = False
            for entry in state.entries:
                if entry.action == b"ctrlaltdel" and not entry.pid:
                    await _start(sys, entry)
        await _respawn(sys, state)
        try:
            await sys.sigsuspend(0)
        except OSError:
            continue

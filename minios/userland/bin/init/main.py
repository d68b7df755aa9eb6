"""Process 1: boots the machine, buries the dead, and sleeps until somebody needs something."""

from minios.abi.flags import CLOCK_MONOTONIC, POLLIN, WNOHANG
from minios.abi.signals import SIG_BLOCK, Sig, mask_of
from minios.abi.sys import Sys
from minios.userland.bin.init.control import Control
from minios.userland.bin.init.inittab import HANDLED, SECOND, Entry, Inittab, console
from minios.userland.bin.init.manager import Manager
from minios.userland.lib import utmp
from minios.userland.lib.procfiles import boot_time
from minios.userland.lib.stdio import complain, read_file


class Flags:
    """What the signal handlers have seen."""

    __slots__ = ("keys", "reread")

    def __init__(self) -> None:
        self.reread = False
        self.keys = False


async def _fstab(sys: Sys) -> list[tuple[bytes, bytes]]:
    """Where fstab(5) mounts what types."""
    try:
        text = await read_file(sys, b"/etc/fstab")
    except OSError:
        return []
    rows = [line.split() for line in text.splitlines() if not line.startswith(b"#")]
    return [(row[1], row[2]) for row in rows if len(row) > 2]


class Init:
    """Everything pid 1 has."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.flags = Flags()
        self.inittab = Inittab(sys)
        self.manager = Manager(sys)
        self.journal = self.manager.journal
        self.control = Control(sys, self.manager)

    async def boot(self) -> None:
        sys = self.sys
        flags = self.flags

        async def on_signal(_: Sys, sig: int) -> None:
            flags.reread |= sig == Sig.SIGHUP
            flags.keys |= sig == Sig.SIGINT

        # Between looking and sleeping no signal may be lost, so they come only in ppoll.
        await sys.sigprocmask(SIG_BLOCK, mask_of(*HANDLED))
        for sig in HANDLED:
            await sys.sigaction(sig, on_signal)
        try:
            await utmp.create(sys, await boot_time(sys))
        except OSError:
            await console(sys, b"INIT: cannot write /run/utmp")
        await self.journal.listen()
        await self.control.listen()
        table = await _fstab(sys)
        for wanted, command in (
            (any(at != b"/" and kind != b"swap" for at, kind in table), b"/bin/mount -a"),
            (any(kind == b"swap" for _, kind in table), b"/sbin/swapon -a"),
        ):
            if wanted:
                self.inittab.entries = [Entry(b"fs", b"sysinit", command)]
                await self._run_and_wait(self.inittab.entries[0])
        self.inittab.entries = await self.inittab.read()
        for action in (b"sysinit", b"boot", b"wait"):
            for entry in self.inittab.entries:
                if entry.action == action:
                    await self._run_and_wait(entry)
        await self.manager.boot()
        await self.journal.sync()
        for entry in self.inittab.entries:
            if entry.action == b"once":
                await self.inittab.start(entry)

    async def _run_and_wait(self, entry: Entry) -> None:
        await self.inittab.start(entry)
        while entry.pid:
            await self.bury(block=True)

    async def bury(self, *, block: bool = False) -> None:
        """Collect children that have ended; with ``block`` at least one."""
        sys = self.sys
        dead: dict[int, int] = {}
        while True:
            try:
                waited = await sys.waitpid(-1, 0 if block and not dead else WNOHANG)
            except OSError:
                break
            if not waited.pid:
                break
            dead[waited.pid] = waited.status
            self.inittab.ended(waited.pid)
        if not dead:
            return
        try:
            await utmp.bury(sys, set(dead), await sys.clock_gettime() // SECOND)
        except OSError:
            await console(sys, b"INIT: cannot write /run/utmp")
        if self.manager.status_pipes:
            await self._drain_status()
        if self.journal.streams:
            await self.journal.drain()
        for pid, status in dead.items():
            await self.manager.exited(pid, status)

    async def _drain_status(self) -> None:
        """Hear what children have to say that failed before their exec."""
        wanted = [(fd, POLLIN) for fd in self.manager.status_pipes]
        for fd, _ in await self.sys.poll(wanted, 0):
            await self._status(fd)

    async def _status(self, fd: int) -> None:
        service = self.manager.status_pipes.pop(fd)
        text = await self.sys.read(fd, 1024)
        await self.sys.close(fd)
        await service.exec_done(text)

    async def turn(self) -> None:
        """One round: do what is due, then sleep until something happens."""
        sys = self.sys
        manager = self.manager
        await self.bury()
        if self.flags.reread:
            self.flags.reread = False
            await self.inittab.reread()
        if self.flags.keys:
            self.flags.keys = False
            await self.inittab.keys()
        due = await self.inittab.respawn()
        await manager.run_due()
        if manager.finished:
            await self.control.answer()
        control = self.control.fds
        wanted = [(fd, POLLIN) for fd in (self.journal.log_fd, *control)]
        wanted += [(fd, POLLIN) for fd in self.journal.streams]
        wanted += [(fd, POLLIN) for fd in manager.status_pipes]
        soonest = manager.next_deadline()
        if soonest is not None and (due is None or soonest < due):
            due = soonest
        timeout = None
        if due is not None:
            timeout = max(due - await sys.clock_gettime(CLOCK_MONOTONIC), 0)
        try:
            ready = await sys.poll(wanted, timeout, 0)
        except OSError:
            return
        for fd, _ in ready:
            if fd in control:
                await self.control.read(fd)
            elif fd in manager.status_pipes:
                await self._status(fd)
            else:
                await self.journal.read(fd)


async def init(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    """Process 1; never returns."""
    if await sys.getpid() != 1:
        await complain(sys, b"init: must be run as PID 1")
        return 1
    process = Init(sys)
    await process.boot()
    while True:
        await process.turn()

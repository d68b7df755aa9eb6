"""A machine: cores, RAM and a disk, and the kernel that runs on them while the power is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.sys import Program
from minios.fs.access import ROOT
from minios.fs.filesystem import FileSystem
from minios.fs.inode import Regular
from minios.fs.vfs import Vfs
from minios.kernel import birth
from minios.kernel.exec import native
from minios.kernel.judge import JudgeKernel
from minios.kernel.kernel import Kernel
from minios.kernel.log import announce
from minios.kernel.mounts import mount_all, unmount_all
from minios.kernel.process import PCB
from minios.sim.canonical import encode
from minios.sim.world import MARK_FILE, MARK_POWER, MILLISECOND, World
from minios.kernel.sched import Params

if TYPE_CHECKING:
    from minios.fs.inode import Dentry

INIT = b"/sbin/init"


class Machine:
    """Hardware and its settings. The disk outlives power cycles, the kernel does not.

    ``hz`` is cycles a second, ``ram`` and ``disk`` are bytes, ``epoch`` is CLOCK_REALTIME in ns
    when the world's clock shows 0. ``quantum`` (ns) makes the parameters of the scheduling policy,
    unless ``sched`` gives them all. ``nproc`` is RLIMIT_NPROC for everybody.
    """

    def __init__(
        self,
        world: World,
        name: str,
        *,
        programs: Callable[[str], Program],
        cores: int = 1,
        hz: int = 1_000_000,
        ram: int = 64 << 20,
        disk: int = 16 << 20,
        scheduler: str = "cfs",
        quantum: int = 10 * MILLISECOND,
        pid_max: int = 4096,
        nproc: int = 256,
        epoch: int = 0,
        hostname: bytes | None = None,
        sched: Params | None = None,
    ) -> None:
        self.world = world
        self.name = name
        self.programs = programs
        self.cores = cores
        self.hz = hz
        self.ram = ram
        self.scheduler = scheduler
        self.sched = sched or Params(quantum=quantum)
        self.pid_max = pid_max
        self.nproc = nproc
        self.epoch = epoch
        self.hostname = hostname if hostname is not None else name.encode()
        self.kernel: Kernel | None = None
        self.on_line: list[Callable[[PCB, bytes, int], None]] = []
        """Parts of the world that are told of the lines entered at its terminals."""
        self.on_boot: list[Callable[[Kernel], None]] = []
        """Parts of the world that attach to each new kernel before pid 1 starts."""
        self._judge: JudgeKernel | None = None
        self._file_system = FileSystem(
            b"ext4", 8 << 8 | 1, self.clock, self._files_changed, source=b"/dev/sda1", size=disk
        )
        self.vfs = Vfs(self._file_system)
        for path in (b"/proc", b"/dev", b"/tmp", b"/run"):
            self.make_dir(path)
        world.digested(f"machine {name}", self.digest)

    def clock(self) -> int:
        """CLOCK_REALTIME in ns."""
        return self.epoch + self.world.now

    def _files_changed(self) -> None:
        self.world.mark(MARK_FILE)

    # -- power ---------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Boot: a fresh kernel, its pseudo file systems and pid 1. OSError if there is no init."""
        if self.kernel is not None:
            return
        kernel = self.kernel = Kernel(self)
        mount_all(kernel)
        announce(kernel)
        for attach in self.on_boot:
            attach(kernel)
        try:
            birth.start(kernel, [INIT])
        except OSError:
            kernel.halt("Kernel panic - not syncing: No working init found.")
        self._power_changed(True)

    def power_off(self) -> None:
        """Cut the power. What was in memory is gone; what was on the disk is there."""
        kernel = self.kernel
        if kernel is None:
            return
        if self._judge is not None:
            self._judge.shut_down()
            self._judge = None
        kernel.shut_down()
        unmount_all(kernel)
        self.kernel = None
        self._power_changed(False)

    def _power_changed(self, on: bool) -> None:
        self.world.mark(MARK_POWER)
        for hook in self.world.instruments.on_power:
            hook(self, on)

    def power_soon(self, *, restart: bool) -> None:
        """Power off, and on again 100 ms later if ``restart``, once the current event is over."""
        self.world.at(self.world.now, self.power_off)
        if restart:
            self.world.at(self.world.now + 100 * MILLISECOND, self.power_on)

    # -- the judge -----------------------------------------------------------------------------

    def judge(self, argv: list[bytes], done: Callable[[int, bytes], None], *, limit: int) -> None:
        """Run a probe that nobody on the machine can see or fool; see :mod:`minios.kernel.judge`.

        ``done(wait status, output)`` is called when it ends, at the latest ``limit`` ns from now
        (killed then). On a machine without power it is called at once with status 1 << 8.
        """
        if self.kernel is None or self.kernel.halted:
            done(1 << 8, b"")
            return
        if self._judge is None:
            self._judge = JudgeKernel(self)
        self._judge.probe(argv, done, limit)

    def judges(self) -> int:
        """How many processes of probes exist now."""
        return len(self._judge.processes) if self._judge is not None else 0

    # -- the builder's access to the disk ------------------------------------------------------

    def make_dir(self, path: bytes, uid: int = 0, gid: int = 0, mode: int = 0o755) -> Dentry:
        """A directory and its missing parents (which are root's, 0755)."""
        at = self.vfs.root
        for name in path.strip(b"/").split(b"/"):
            if not name:
                continue
            child = at.inode.lookup(ROOT, at, name)
            if child is None:
                child = at.inode.fs.make(at, name, flags.S_IFDIR | 0o755, 0, 0)
            elif child.inode.is_link:
                child = self.vfs.walk(ROOT, at, name)
            at = child
        inode = at.inode
        inode.uid, inode.gid = uid, gid
        inode.mode = flags.S_IFDIR | mode
        inode.changed()
        return at

    def _parent(self, path: bytes) -> tuple[Dentry, bytes]:
        head, _, name = path.rpartition(b"/")
        try:
            return self.vfs.walk(ROOT, self.vfs.root, head or b"/"), name
        except OSError:
            return self.make_dir(head), name

    def write_file(
        self, path: bytes, data: bytes, uid: int = 0, gid: int = 0, mode: int = 0o644
    ) -> Dentry:
        """Write a file as its builder, making missing directories. OSError as open(2), write(2)."""
        at, name = self._parent(path)
        dentry, _ = self.vfs.open(
            ROOT, at, name, flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC, 0o644
        )
        inode = dentry.inode
        if data:
            inode.write(0, data)  # type: ignore[attr-defined]
        inode.uid, inode.gid = uid, gid
        inode.mode = flags.S_IFREG | mode
        inode.changed()
        return dentry

    def write_later(self, path: bytes, source: Callable[[], bytes]) -> None:
        """A file whose content is asked for when somebody first looks; always the same bytes."""
        inode = self.write_file(path, b"").inode
        assert isinstance(inode, Regular)
        inode.fill_later(path, source)

    def install(self, path: bytes, program: str, mode: int = 0o755) -> None:
        """Put a native program's file on the disk."""
        self.write_file(path, native(program), mode=mode)

    def symlink(self, target: bytes, path: bytes) -> None:
        at, name = self._parent(path)
        self.vfs.symlink(ROOT, at, target, name)

    # -- digest --------------------------------------------------------------------------------

    def digest(self) -> bytes:
        kernel = self.kernel.digest() if self.kernel is not None else b"off"
        judge = self._judge.digest() if self._judge is not None else b""
        return encode((self.vfs.digest(), kernel, judge))

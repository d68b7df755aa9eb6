"""A machine: cores, RAM and a disk, and the kernel that runs on them while the power is on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.sys import Program
from minios.fs.access import ROOT
from minios.fs.disk import Disk, DriveSpec
from minios.fs.disk.device import FIRST_SECTOR, Device, uuid
from minios.fs.ext4 import Ext4, Layout
from minios.fs.ext4.file import DiskFile
from minios.fs.ext4.template import Template, fingerprint, fits
from minios.fs.inode import BLOCK, Regular
from minios.fs.vfs import Vfs
from minios.kernel import birth
from minios.kernel.dev.printer import Printer
from minios.kernel.exec import native
from minios.kernel.files.mounts import mount_all, unmount_all
from minios.kernel.judge import JudgeKernel
from minios.kernel.kernel import Kernel
from minios.kernel.log import announce
from minios.kernel.process import PCB
from minios.kernel.sched import Params
from minios.sim.canonical import encode
from minios.sim.world import MARK_FILE, MARK_POWER, MILLISECOND, World

if TYPE_CHECKING:
    from minios.fs.inode import Dentry
    from minios.net.fabric.network import Network
    from minios.net.fabric.port import Port

INIT = b"/sbin/init"

LATER = 96 << 10
"""Bytes of the disk that are kept for a file whose content is fetched later."""

MAX_TEMPLATES = 16
_TEMPLATES: dict[object, Template | None] = {}
"""Base systems by what they are made of and where (:meth:`Machine.lay`), None for one that was
built once. They decide nothing: with or without one a disk ends up the same."""


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
        drive: DriveSpec | None = None,
        swap: int = 0,
        swap_policy: str = "clock",
        tlb: int = 32,
        scheduler: str = "cfs",
        quantum: int = 10 * MILLISECOND,
        sched: Params | None = None,
        pid_max: int = 4096,
        nproc: int = 256,
        epoch: int = 0,
        hostname: bytes | None = None,
        personality: str = "linux",
    ) -> None:
        self.world = world
        self.name = name
        self.programs = programs
        self.cores = cores
        self.hz = hz
        self.ram = ram
        self.swap_policy = swap_policy
        self.tlb = tlb
        self.scheduler = scheduler
        self.sched = sched or Params(quantum=quantum)
        self.pid_max = pid_max
        self.nproc = nproc
        self.epoch = epoch
        self.personality = personality
        self.hostname = hostname if hostname is not None else name.encode()
        self.kernel: Kernel | None = None
        self.sees_network = True
        """Whether its users may be told what packets meet on other machines (``why ping``)."""
        self.rule_text: Callable[[Any], str] | None = None
        """How iptables writes a rule (abi.netfilter.Rule), for ``why``; None: not at all."""
        self.on_line: list[Callable[[PCB, bytes, int], None]] = []
        """Parts of the world that are told of the lines entered at its terminals."""
        self.on_boot: list[Callable[[Kernel], None]] = []
        """Parts of the world that attach to each new kernel before pid 1 starts."""
        self._judge: JudgeKernel | None = None
        self.printer: Printer | None = Printer(world)
        self.nics: dict[str, Port] = {}
        """Its network interfaces, by the names that its kernel gives them."""
        self.devices: dict[bytes, Device] = {}
        """Its disks and their partitions, by their names in /dev."""
        self._file_system = self._first_disk(disk, drive or DriveSpec(), swap)
        self.vfs = Vfs(self._file_system)
        for path in (b"/proc", b"/sys", b"/dev", b"/tmp", b"/run"):
            self.make_dir(path)
        world.digested(f"machine {name}", self.digest)

    # -- disks ---------------------------------------------------------------------------------

    def _first_disk(self, size: int, drive: DriveSpec, swap: int) -> Ext4:
        """sda: a partition whose file system holds ``size`` bytes, and one to swap to."""
        blocks = Layout(size // BLOCK).blocks
        swapped = swap // BLOCK
        whole = self.add_disk(b"sda", FIRST_SECTOR + (blocks + swapped) * 8, drive)
        root = self._partition(whole, 1, FIRST_SECTOR, blocks * 8)
        if swapped:
            self._partition(whole, 2, FIRST_SECTOR + blocks * 8, swapped * 8)
        return Ext4(root, self.clock, self._files_changed, data=size // BLOCK, uuid=uuid(root))

    def add_disk(self, name: bytes, sectors: int, drive: DriveSpec) -> Device:
        """Another disk, empty; ``name`` is ``sda``, ``sdb`` …"""
        disk = Disk(
            self.world, name.decode(), sectors, drive.make(sectors), elevator=drive.elevator
        )
        device = Device(disk, name, 8 << 8 | (name[2] - 97) * 16)
        self.devices[name] = device
        return device

    def _partition(self, whole: Device, number: int, start: int, sectors: int) -> Device:
        name = whole.name + b"%d" % number
        device = Device(whole.disk, name, whole.rdev + number, start, sectors)
        self.devices[name] = device
        return device

    def make_file_system(self, device: Device, label: bytes = b"") -> Ext4:
        """An ext4 file system that fills an empty device, as its builder (mkfs.ext4)."""
        layout = Layout.fitting(device.sectors // 8)
        if layout is None:
            raise error(Errno.ENOSPC)
        return Ext4(
            device, self.clock, self._files_changed, data=layout.data, label=label,
            uuid=uuid(device),
        )  # fmt: skip

    def set_quotas(self, limits: Mapping[int, tuple[int, int, int, int]]) -> None:
        """Keep users' quotas on the first disk; the limits are soft and hard bytes, soft and hard
        inodes, by uid.
        """
        fs = self._file_system
        quota = fs.keep_quota()
        fs.options = b"usrquota"
        for uid, (soft, hard, inode_soft, inode_hard) in limits.items():
            dquot = quota.of(uid)
            dquot.block_soft, dquot.block_hard = -(-soft // BLOCK), -(-hard // BLOCK)
            dquot.inode_soft, dquot.inode_hard = inode_soft, inode_hard
            quota.judge(dquot, self.clock())

    def block_device(self, rdev: int) -> Device | None:
        """The disk or partition of a device number."""
        for device in self.devices.values():
            if device.rdev == rdev:
                return device
        return None

    @property
    def disks(self) -> list[Disk]:
        return [device.disk for device in self.devices.values() if device.whole]

    def clock(self) -> int:
        """CLOCK_REALTIME in ns."""
        return self.epoch + self.world.now

    def _files_changed(self) -> None:
        self.world.mark(MARK_FILE)

    # -- network interfaces --------------------------------------------------------------------

    def add_nic(self, name: str, mac: int = 0, network: Network | None = None) -> Port:
        """Another network interface card; without ``mac``, with an address of its own.

        That one is locally administered and follows from the names of machine and interface.
        """
        from minios.net.fabric.port import Port

        if not mac:
            mine = blake2b(f"{self.name}\x00{name}".encode(), digest_size=5).digest()
            mac = 0x02 << 40 | int.from_bytes(mine, "big")
        port = self.nics[name] = Port(self, name, mac, network)
        if self.kernel is not None and self.kernel.networked:
            self.kernel.net.add_port(port)
        return port

    def carrier(self, port: Port, up: bool) -> None:
        """The cable of an interface was plugged in or pulled out."""
        if self.kernel is not None and self.kernel.networked:
            self.kernel.net.carrier(port.name, up)

    # -- power ---------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Boot: a fresh kernel, its pseudo file systems and pid 1. OSError if there is no init."""
        if self.kernel is not None:
            return
        kernel = self.kernel = Kernel(self)
        announce(kernel)
        mount_all(kernel)
        if self.nics:
            _ = kernel.net  # finds its interfaces
        kernel.log.put("Run /sbin/init as init process")
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
        for port in self.nics.values():
            port.receive = port.nobody
        for device in self.devices.values():
            device.power_off()
        for disk in self.disks:
            disk.power_off()
        for fs in list(kernel.cache.file_systems):
            fs.crash()
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

    @contextmanager
    def _durably(self) -> Iterator[None]:
        """What the builder does is on the disk at once, and so is all that was done before it."""
        file_systems: list[Ext4] = []
        if self.kernel is not None and self.kernel.cache is not None:
            file_systems = [fs for fs in self.kernel.cache.file_systems if fs.online]
        for fs in file_systems:
            fs.settle()
            fs.online = False
        try:
            yield
        finally:
            for fs in file_systems:
                fs.online = True

    def make_dir(self, path: bytes, uid: int = 0, gid: int = 0, mode: int = 0o755) -> Dentry:
        """A directory and its missing parents (which are root's, 0755)."""
        if self.kernel is None:
            return self._make_dir(path, uid, gid, mode)
        with self._durably():
            return self._make_dir(path, uid, gid, mode)

    def _make_dir(self, path: bytes, uid: int, gid: int, mode: int) -> Dentry:
        at = self.vfs.root
        for name in path.strip(b"/").split(b"/"):
            if not name:
                continue
            child = at.inode.lookup(ROOT, at, name)
            if child is None:
                child = at.inode.fs.make(at, name, flags.S_IFDIR | 0o755, 0, 0)
            elif child.inode.is_link:
                child = self.vfs.walk(ROOT, at, name)
            while child.mounted is not None:
                child = child.mounted
            at = child
        inode = at.inode
        inode.fs.give(inode, uid, builder=True)
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
        if self.kernel is None:
            return self._write_file(path, data, uid, gid, mode)
        with self._durably():
            return self._write_file(path, data, uid, gid, mode)

    def _write_file(self, path: bytes, data: bytes, uid: int, gid: int, mode: int) -> Dentry:
        at, name = self._parent(path)
        dentry, _ = self.vfs.open(
            ROOT, at, name, flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC, 0o644
        )
        inode = dentry.inode
        if data:
            inode.write(0, data)  # type: ignore[attr-defined]
        inode.fs.give(inode, uid, builder=True)
        inode.uid, inode.gid = uid, gid
        inode.mode = flags.S_IFREG | mode
        inode.changed()
        return dentry

    def write_later(self, path: bytes, source: Callable[[], bytes]) -> None:
        """A file whose content is asked for when somebody first looks; always the same bytes."""
        inode = self.write_file(path, b"").inode
        assert isinstance(inode, Regular)
        if isinstance(inode, DiskFile):
            inode.reserve(LATER)
        inode.fill_later(path, source)

    def install(
        self,
        path: bytes,
        program: str,
        mode: int = 0o755,
        *,
        brand: str | None = None,
        runpath: str | None = None,
    ) -> Dentry:
        """Put a native program's file on the disk, built for this machine unless ``brand`` says.

        With ``runpath`` it is linked with a C library only when it starts (ld.so(8)).

        There is no init, no shell and no login in 21 calls: what is installed on an xv6 machine is
        built for Linux, whose table its kernel serves too (``abi.linux``).
        """
        own = "linux" if self.personality == "xv6" else self.personality
        return self.write_file(path, native(program, brand or own, runpath), mode=mode)

    def lay(self, key: object, build: Callable[[], None]) -> None:
        """Have ``build`` lay down what is the same on every disk; from the third disk like this on
        it comes from a template. ``key`` stands for what ``build`` does, besides for what machine.
        """
        fs = self._file_system
        before = fingerprint(fs) if self.kernel is None else None
        if before is None:
            build()
            return
        wanted = (key, self.personality, before)
        template = _TEMPLATES.get(wanted)
        if template is not None:
            template.put(fs)
            return
        build()
        # Many a world has one machine and is never built again: a template costs as much.
        again = wanted in _TEMPLATES
        if not again and len(_TEMPLATES) >= MAX_TEMPLATES:
            del _TEMPLATES[next(iter(_TEMPLATES))]
        _TEMPLATES[wanted] = Template(fs) if again and fits(fs) else None

    def symlink(self, target: bytes, path: bytes) -> None:
        with self._durably():
            at, name = self._parent(path)
            self.vfs.symlink(ROOT, at, target, name)

    # -- digest --------------------------------------------------------------------------------

    def digest(self) -> bytes:
        kernel = self.kernel.digest() if self.kernel is not None else b"off"
        judge = self._judge.digest() if self._judge is not None else b""
        disks = [disk.state() for disk in self.disks]
        devices = [device.state() for device in self.devices.values()]
        apart = [
            device.content.digest()
            for device in self.devices.values()
            if device.content is not None and not device.content.mounts
        ]
        printer = self.printer.state() if self.printer is not None else ()
        return encode((self.vfs.digest(), kernel, judge, printer, disks, devices, apart))

"""From a level and a seed to a world: machines, accounts, files, and the processes that run there.

Building is cheap (a restart has to be), and nothing of it is random but what the seed decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.sys import Program
from minios.fs.access import ROOT
from minios.fs.disk import DriveSpec
from minios.fs.mount import Mount
from minios.game import base
from minios.game.net import build as netbuild
from minios.game.spec import NEVER, DriveModelSpec, FileSpec, Level, MachineSpec, ProcessSpec
from minios.game.vary import resolve, substitute
from minios.kernel import birth, scheduling
from minios.kernel.dev.printer import Printer
from minios.kernel.files.fscalls import open_dentry
from minios.kernel.machine import Machine
from minios.kernel.mm.swap import header as swap_header
from minios.kernel.process import PCB
from minios.kernel.sched import Params
from minios.kernel.sysctl import KNOBS
from minios.kernel.wait import WaitQueue
from minios.sim.collecting import uncollected
from minios.sim.world import SECOND, World
from minios.userland.table import SBIN, load

if TYPE_CHECKING:
    from minios.kernel.files.file import File
    from minios.kernel.kernel import Kernel
    from minios.net.fabric.network import Network

BOOT = 10 * SECOND
"""Virtual time from power-on to t = 0."""

VOLATILE = ("/tmp/", "/run/")
"""Mounted anew at each boot, over whatever the disk has there."""

_SEARCH = base.ROOT_PATH.split(b":")


class BuildError(Exception):
    """A level whose files cannot be laid out. ``str`` is one line."""


def _drive(spec: DriveModelSpec) -> DriveSpec:
    return DriveSpec(**{field.name: getattr(spec, field.name) for field in fields(spec)})


class Host:
    """A machine of the level, with what its spec says of accounts and processes."""

    def __init__(self, world: World, spec: MachineSpec, clock: int, programs: _Programs) -> None:
        self.spec = spec
        self.machine = Machine(
            world,
            spec.name,
            programs=programs,
            cores=spec.cores,
            hz=spec.hz,
            ram=spec.ram,
            swap=spec.swap,
            swap_policy=spec.swap_policy,
            tlb=spec.tlb,
            disk=spec.disk,
            drive=_drive(spec.drive),
            personality=spec.personality,
            scheduler=spec.scheduler,
            sched=Params(quantum=spec.quantum, **dict(spec.sched)),
            pid_max=spec.pid_max,
            nproc=spec.nproc,
            epoch=clock,
            hostname=(spec.hostname or spec.name).encode(),
        )
        self.machine.printer = Printer(world, *spec.printer) if spec.printer else None
        self.users = {user.name: user for user in (base.ROOT, *base.SYSTEM_USERS)}
        for user in spec.users:
            self.users[user.name] = base.User(
                user.name,
                user.uid,
                user.gid,
                user.groups,
                user.password,
                user.home,
                user.shell,
                user.gecos,
                user.sudo,
            )
        self.groups = dict(base.SYSTEM_GROUPS) | dict(spec.groups)
        for user in spec.users:
            if user.gid not in self.groups.values():
                self.groups[user.name] = user.gid
        self.failures: list[str] = []
        """Processes that could not be started, for the linter."""
        self._boots = 0

    # -- the disk ------------------------------------------------------------------------------

    def lay(self, ttys: dict[str, str | None]) -> None:
        """Install the base system and put the level's files on top."""
        spec, machine = self.spec, self.machine
        base.install(
            machine,
            hostname=spec.hostname or spec.name,
            users=[self.users[user.name] for user in spec.users],
            groups=dict(spec.groups),
            ttys=ttys,
        )
        for name in spec.remove:
            directory = "/usr/sbin/" if name in SBIN else "/usr/bin/"
            machine.vfs.unlink(ROOT, machine.vfs.root, (directory + name).encode())
        mounts = self._disks()
        try:
            if spec.nics:
                netbuild.lay(machine, spec)
            netbuild.name_files(machine, spec)
        except ValueError as err:
            raise BuildError(f"{spec.name}: {err}") from None
        for file in spec.files:
            if not file.path.startswith(VOLATILE):
                self._file(file)
        for mount in reversed(mounts):
            machine.vfs.unmount(mount)
        if spec.quotas:
            self._quotas()

    def _disks(self) -> list[Mount]:
        """Put the other disks in, and mount those that fstab has, so that files can be laid."""
        machine = self.machine
        mounts = []
        rows = []
        for disk in self.spec.disks:
            device = machine.add_disk(disk.name.encode(), disk.size // 512, _drive(disk.drive))
            if disk.fs == "none":
                continue
            fs = machine.make_file_system(device, disk.label.encode())
            if disk.mount:
                machine.make_dir(disk.mount.encode())
                mounts.append(machine.vfs.mount(fs, disk.mount.encode()))
                rows.append((f"/dev/{disk.name}", disk.mount, "ext4", disk.options))
        if self.spec.swap:
            machine.devices[b"sda2"].raw[0] = swap_header(self.spec.swap >> 12)
            rows.append(("/dev/sda2", "none", "swap", "sw"))
        if rows or self.spec.quotas:
            root = "defaults,usrquota" if self.spec.quotas else "defaults"
            machine.write_file(b"/etc/fstab", base.fstab(rows, root))
        return mounts

    def _quotas(self) -> None:
        """Limits on the first disk."""
        limits = {
            self.users[quota.user].uid: (quota.soft, quota.hard, quota.inode_soft, quota.inode_hard)
            for quota in self.spec.quotas
        }
        self.machine.set_quotas(limits)

    def _file(self, spec: FileSpec) -> None:
        for n in range(1, spec.copies + 1) if spec.copies else (0,):
            values = {"n": str(n).zfill(spec.width)} if n else {}
            path, text = substitute(spec.path, values), substitute(spec.text, values)
            try:
                self._one_file(spec, path, text)
            except OSError as err:
                raise BuildError(f"{self.spec.name}:{path}: {err.strerror}") from None

    def _one_file(self, spec: FileSpec, path: str, text: str) -> None:
        machine = self.machine
        owner = self.users[spec.owner]
        gid = self.groups[spec.group] if spec.group else owner.group
        where = path.encode()
        if spec.kind == "link":
            machine.symlink(spec.target.encode(), where)
        elif spec.kind == "directory":
            machine.make_dir(where, owner.uid, gid, 0o755 if spec.mode is None else spec.mode)
        elif spec.kind == "fifo":
            mode = flags.S_IFIFO | (0o666 if spec.mode is None else spec.mode)
            inode = machine.vfs.mknod(ROOT, machine.vfs.root, where, mode, 0).inode
            inode.uid, inode.gid = owner.uid, gid
        elif spec.kind == "program":
            mode = 0o755 if spec.mode is None else spec.mode
            made = machine.install(where, spec.program, mode, brand=spec.abi, runpath=spec.runpath)
            made.inode.uid, made.inode.gid = owner.uid, gid
        else:
            data = self._content(spec, text)
            usual = 0o755 if data.startswith(b"#!") else 0o644
            made = machine.write_file(
                where, data, owner.uid, gid, usual if spec.mode is None else spec.mode
            )
            if made.inode.size < len(data):
                raise error(Errno.ENOSPC)

    def _content(self, spec: FileSpec, text: str) -> bytes:
        if spec.random:
            return self.machine.world.stream(f"file {spec.path}").bytes(spec.random)
        if spec.repeat:
            lines = range(1, spec.repeat + 1)
            text = "".join(substitute(text, {"n": str(n).zfill(spec.width)}) for n in lines)
        return text.encode()

    # -- processes -----------------------------------------------------------------------------

    def booted(self, kernel: Kernel) -> None:
        """Arrange for the processes of this boot; called before pid 1 starts."""
        world = kernel.world
        first = self._boots == 0
        self._boots += 1
        for name, value in self.spec.sysctl:
            write = KNOBS[name].write
            assert write is not None
            try:
                write(kernel, value.encode(), PCB(0, 0, world.now))
            except OSError as err:
                self.failures.append(f"sysctl {name}: {err.strerror}")
        if first:
            for file in self.spec.files:
                if file.path.startswith(VOLATILE):
                    self._file(file)
        due = [
            process
            for process in self.spec.processes
            if process.argv and process.at != NEVER and (first or process.boot == "every")
        ]
        if self.spec.order == "seeded":
            world.stream(f"order {self.spec.name}").shuffle(due)
        for process in due:
            at = process.at if first else world.now + max(process.at, 0)
            world.at(at, self._start_in, kernel, process)

    def _start_in(self, kernel: Kernel, process: ProcessSpec) -> None:
        """Start it if that very boot is still up; one that cannot start is noted."""
        if self.machine.kernel is kernel and not kernel.halted:
            self.start(process)

    def process(self, identity: str) -> ProcessSpec:
        return next(each for each in self.spec.processes if each.identity == identity)

    def start(self, process: ProcessSpec) -> PCB | None:
        """Start a process as init would; None, and a line in ``failures``, if that fails."""
        kernel = self.machine.kernel
        if kernel is None or kernel.halted:
            return None
        try:
            return self._start(kernel, process)
        except OSError as err:
            self.failures.append(f"{process.identity}: {err.strerror}")
            return None

    def _start(self, kernel: Kernel, process: ProcessSpec) -> PCB:
        user = self.users[process.user]
        argv = [word.encode() for word in process.argv]
        path = self._find(argv[0])
        name = process.name.encode()
        env = base.environment(user)
        env |= {key.encode(): value.encode() for key, value in process.env}
        pcb = birth.start(
            kernel,
            [name, *argv[1:]] if name else argv,
            path=path,
            uid=user.uid,
            gid=user.group,
            groups=base.group_ids(user, self.groups),
            env=env,
            cwd=process.cwd.encode(),
            identity=process.identity,
            fds=self._streams(kernel, process, user),
            nice=process.nice,
        )
        if name:
            pcb.comm = name[:15]
        pcb.runtime = process.burst
        if process.affinity:
            scheduling.set_affinity(kernel, pcb, sum(1 << core for core in process.affinity))
        return pcb

    def _find(self, command: bytes) -> bytes:
        """Where PATH has it. ENOENT."""
        if b"/" in command:
            return command
        vfs = self.machine.vfs
        for directory in _SEARCH:
            path = directory + b"/" + command
            try:
                vfs.walk(ROOT, vfs.root, path)
            except OSError:
                continue
            return path
        raise error(Errno.ENOENT)

    def _streams(
        self, kernel: Kernel, process: ProcessSpec, user: base.User
    ) -> dict[int, File] | None:
        if process.tty:
            tty = self._open(kernel, f"/dev/{process.tty}", flags.O_RDWR, user)
            return {0: tty, 1: tty, 2: tty}
        streams: dict[int, File] = {}
        append = flags.O_WRONLY | flags.O_CREAT | flags.O_APPEND
        opened: dict[str, File] = {}
        for fd, path in enumerate((process.stdin, process.stdout, process.stderr)):
            if not path:
                continue
            if path not in opened:
                opened[path] = self._open(kernel, path, append if fd else flags.O_RDONLY, user)
            streams[fd] = opened[path]
        return streams or None

    def _open(self, kernel: Kernel, path: str, oflag: int, user: base.User) -> File:
        """Open as init would; a file that is made for it belongs to ``user``."""
        vfs = self.machine.vfs
        dentry, made = vfs.open(ROOT, vfs.root, path.encode(), oflag, 0o644)
        if made:
            dentry.inode.fs.give(dentry.inode, user.uid, builder=True)
            dentry.inode.uid, dentry.inode.gid = user.uid, user.group
        if dentry.inode.mode & flags.S_IFMT == flags.S_IFIFO:
            oflag = flags.O_RDWR  # does not wait for the other end (fifo(7))
        nobody = PCB(0, 0, kernel.world.now)
        file = open_dentry(kernel, nobody, dentry, oflag | flags.O_NOCTTY)
        if isinstance(file, WaitQueue):
            raise error(Errno.EAGAIN)
        return file


_Programs = Callable[[str], Program]


class Adopter:
    """Gives the identity of an ``exec`` process to whoever executes its file.

    A file is known by its inode: another name for it is the same program, a copy is not.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.awaited = [process for process in host.spec.processes if process.exec]

    def on_exec(self, pcb: PCB) -> None:
        vfs = self.host.machine.vfs
        kernel = self.host.machine.kernel
        if kernel is None or kernel.processes.get(pcb.pid) is not pcb:
            return
        names = [pcb.exe, *pcb.argv[1:3]]
        for process in self.awaited:
            try:
                wanted = vfs.walk(ROOT, vfs.root, process.exec.encode()).inode
            except OSError:
                continue
            for name in names:
                try:
                    found = vfs.walk(ROOT, pcb.cwd, name).inode
                except OSError:
                    continue
                if found is wanted and pcb.comm == self._comm(pcb, name):
                    above = f"{pcb.lineage}/" if pcb.lineage is not None else ""
                    pcb.identity = process.identity
                    pcb.lineage = above + process.identity
                    return

    @staticmethod
    def _comm(pcb: PCB, name: bytes) -> bytes:
        """What comm would be if ``name`` was executed, and not just an argument."""
        return name.rpartition(b"/")[2][:15]


class Built:
    """A world before its machines are switched on. ``level`` has the seed's values filled in."""

    def __init__(self, level: Level, seed: int, programs: _Programs) -> None:
        self.level = resolve(level, seed)
        self.world = World(seed, now=-BOOT)
        self.hosts = {
            spec.name: Host(self.world, spec, level.clock, programs) for spec in self.level.machines
        }
        self.network: Network | None = None
        if netbuild.networked(self.level):
            try:
                self.network = netbuild.build(self.world, self.level, self.machines)
            except ValueError as err:
                raise BuildError(str(err)) from None
        player = level.player
        for name, host in self.hosts.items():
            own = name == player.machine
            host.lay({player.tty: player.user} if own else {"tty1": None})
            host.machine.on_boot.append(host.booted)
            if any(process.exec for process in host.spec.processes):
                self.world.instruments.add(Adopter(host))

    @property
    def machines(self) -> dict[str, Machine]:
        return {name: host.machine for name, host in self.hosts.items()}

    @property
    def failures(self) -> list[str]:
        """Processes that could not be started so far."""
        return [line for host in self.hosts.values() for line in host.failures]

    def switch_on(self) -> None:
        """Power the machines that are on at the start; time is 10 s before the play begins."""
        for host in self.hosts.values():
            if host.spec.powered:
                host.machine.power_on()


def build(level: Level, seed: int, *, programs: _Programs = load) -> Built:
    """The world of ``level`` for ``seed``, powered off. Raises :class:`BuildError`."""
    with uncollected():
        return Built(level, seed, programs)

"""/dev: an ordinary file system in memory, filled with device nodes at boot (as devtmpfs is)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.fs.access import refused
from minios.fs.filesystem import FileSystem
from minios.fs.inode import Dentry, Directory
from minios.kernel.dev.blockdev import open_block
from minios.kernel.dev.devices import (
    JUDGES_MAY_OPEN,
    MEMORY_DEVICES,
    Asked,
    AskFile,
    HostStream,
    Opener,
    makedev,
)
from minios.kernel.dev.printer import open_printer
from minios.kernel.dev.tty import Tty, open_tty
from minios.kernel.files.file import File
from minios.kernel.log import KmsgFile
from minios.kernel.wait import WaitQueue

if TYPE_CHECKING:
    from minios.kernel.dev.pty import Pts
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

TERMINALS = 6
TTY_MAJOR = 4
TTY_GID = 5
DISK_GID = 6
_KMSG = makedev(1, 11)
LP_GID = 7
_LP0 = makedev(6, 0)
_CTTY = makedev(5, 0)
_CONSOLE = makedev(5, 1)
_PTMX = makedev(5, 2)
PTS_MODE = 0o620
_EXTRA_MAJOR = 240
"""The first of the device numbers for local use."""


class Devices:
    """The machine's drivers by device number, and the /dev that names them."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.fs = FileSystem(
            b"devtmpfs",
            6,
            kernel.clock,
            kernel.vfs.mounts[0].fs.changed,
            source=b"udev",
            size=1 << 20,
            inodes=1024,
            options=b"size=1024k,nr_inodes=1024,mode=755",
        )
        self._drivers: dict[int, Opener] = {_CTTY: _open_ctty, _CONSOLE: _open_console}
        self._extra = 0
        for name, (number, driver) in MEMORY_DEVICES.items():
            self._node(name, number, driver)
        self._node(b"kmsg", _KMSG, _open_kmsg, mode=0o644)
        if kernel.machine.printer is not None:
            kernel.machine.printer.attach(kernel)
            self._node(b"lp0", _LP0, open_printer, mode=0o660, gid=LP_GID)
        self._node(b"tty", _CTTY, _open_ctty, gid=TTY_GID)
        self._node(b"ptmx", _PTMX, partial(_open_ptmx, self), gid=TTY_GID)
        self._pts = self.fs.make(self.fs.root, b"pts", flags.S_IFDIR | 0o755, 0, 0)
        self._node(b"console", _CONSOLE, _open_console, mode=0o600)
        for number in range(1, TERMINALS + 1):
            self._terminal(number)
        for device in kernel.machine.devices.values():
            mode = flags.S_IFBLK | 0o660
            self.fs.make(self.fs.root, device.name, mode, 0, DISK_GID, rdev=device.rdev)
        for target, name in _LINKS:
            self.fs.make(self.fs.root, name, flags.S_IFLNK | 0o777, 0, 0, target=target)

    def _node(
        self, name: bytes, number: int, driver: Opener, *, mode: int = 0o666, gid: int = 0
    ) -> None:
        self._drivers[number] = driver
        self.fs.make(self.fs.root, name, flags.S_IFCHR | mode, 0, gid, rdev=number)

    def _terminal(self, number: int) -> None:
        name = b"tty%d" % number
        rdev = makedev(TTY_MAJOR, number)
        tty = self.kernel.ttys[name] = Tty(self.kernel, name, rdev)

        def opener(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
            return open_tty(kernel, pcb, dentry, oflag, tty)

        self._node(name, rdev, opener, mode=0o620, gid=TTY_GID)

    def add_pty(self, slave: Pts) -> None:
        """A pseudoterminal was made: /dev/pts/N, its maker's (grantpt(3))."""
        self.kernel.ttys[slave.name] = slave
        mode = flags.S_IFCHR | PTS_MODE
        name = b"%d" % slave.number
        self.fs.make(self._pts, name, mode, slave.uid, TTY_GID, rdev=slave.rdev)

        self._drivers[slave.rdev] = slave.open

    def remove_pty(self, slave: Pts) -> None:
        """Its master was closed: the name goes, and the number is free again."""
        del self.kernel.ttys[slave.name]
        del self._drivers[slave.rdev]
        directory = self._pts.inode
        assert isinstance(directory, Directory)
        node = directory.entries.get(b"%d" % slave.number)
        if node is not None:
            self.fs.unlink(node)

    def add(self, name: bytes, device: Asked, mode: int = 0o666) -> None:
        """An extra device /dev/``name`` with ``device`` behind it, for this boot."""
        number = makedev(_EXTRA_MAJOR, self._extra)
        self._extra += 1

        def opener(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
            return AskFile(kernel, dentry, oflag, device)

        self._node(name, number, opener, mode=mode)

    def open(self, kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File | WaitQueue:
        """Open a character device. ENXIO without a driver; a judge is refused what keeps state."""
        inode = dentry.inode
        if isinstance(inode.driver, HostStream):
            return inode.driver.make(dentry, oflag)
        if kernel.vfs.mount_of(dentry).flags & flags.MS_NODEV and not pcb.judge:
            raise refused(Errno.EACCES, "nodev", inode, 0, dentry)
        if inode.mode & flags.S_IFMT == flags.S_IFBLK:
            return open_block(kernel, pcb, dentry, oflag)
        driver = self._drivers.get(inode.rdev)
        if driver is None or inode.mode & flags.S_IFMT != flags.S_IFCHR:
            raise error(Errno.ENXIO)
        if pcb.judge and inode.rdev not in JUDGES_MAY_OPEN:
            raise error(Errno.EROFS)
        return driver(kernel, pcb, dentry, oflag)


_LINKS = (
    (b"/proc/self/fd", b"fd"),
    (b"/proc/self/fd/0", b"stdin"),
    (b"/proc/self/fd/1", b"stdout"),
    (b"/proc/self/fd/2", b"stderr"),
)


def _open_ptmx(devices: Devices, kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
    from minios.kernel.dev.pty import open_ptmx  # most machines never have one

    return open_ptmx(devices, kernel, pcb, dentry, oflag)


def _open_kmsg(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
    return KmsgFile(kernel, dentry, oflag)


def _open_ctty(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
    """/dev/tty: the caller's controlling terminal; ENXIO without one."""
    if pcb.tty is None:
        raise error(Errno.ENXIO)
    return open_tty(kernel, pcb, dentry, oflag, pcb.tty)


def _open_console(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
    """/dev/console: the first terminal, and never a controlling one by being opened (tty(4))."""
    return open_tty(kernel, pcb, dentry, oflag | flags.O_NOCTTY, kernel.ttys[b"tty1"])

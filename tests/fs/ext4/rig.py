"""A file system on a disk with a page cache, and nothing of a kernel."""

from __future__ import annotations

from minios.abi import flags
from minios.fs.access import ROOT
from minios.fs.cache import PageCache
from minios.fs.disk import Disk, DriveSpec
from minios.fs.disk.device import Device
from minios.fs.ext4 import Ext4, Layout
from minios.fs.ext4.file import DiskFile
from minios.fs.vfs import Vfs
from minios.sim.world import SECOND, World


class Rig:
    """``crash()`` cuts the power and switches on again."""

    def __init__(self, data: int = 256, drive: DriveSpec | None = None) -> None:
        self.world = World()
        spec = drive or DriveSpec()
        sectors = Layout(data).blocks * 8
        self.disk = Disk(self.world, "sda", sectors, spec.make(sectors), spec.elevator)
        self.fs = Ext4(Device(self.disk, b"sda", 8 << 8), self.clock, lambda: None, data=data)
        self.vfs = Vfs(self.fs)
        self.mount()

    def clock(self) -> int:
        return self.world.now

    def mount(self) -> None:
        self.cache = PageCache(self.clock, lambda file: None)
        self.fs.go_online(self.cache)

    def crash(self) -> None:
        self.disk.power_off()
        self.fs.crash()
        self.check()
        self.mount()

    def check(self) -> None:
        self.fs.check()
        if self.fs.online:
            self.cache.check()
        self.disk.check()

    def wait(self, seconds: float) -> None:
        self.world.run_until(self.world.now + int(seconds * SECOND))
        self.check()

    def file(self, path: bytes) -> DiskFile:
        """The file at a path; made if there is none."""
        root = self.vfs.root
        dentry, _ = self.vfs.open(ROOT, root, path, flags.O_CREAT | flags.O_RDWR, 0o644)
        assert isinstance(dentry.inode, DiskFile)
        return dentry.inode

    def write(self, path: bytes, data: bytes, offset: int = 0) -> DiskFile:
        file = self.file(path)
        file.write(offset, data)
        return file

    def text(self, path: bytes) -> bytes | None:
        """What a file says; None if there is none."""
        try:
            inode = self.vfs.walk(ROOT, self.vfs.root, path).inode
        except OSError:
            return None
        assert isinstance(inode, DiskFile)
        return inode.read(0, 1 << 24)

    def sync(self) -> None:
        done: list[bool] = []
        self.fs.sync(lambda: done.append(True))
        for _ in range(1000):
            if done:
                break
            self.wait(0.01)
        assert done == [True]

    def fsync(self, path: bytes, *, data_only: bool = False) -> None:
        done: list[bool] = []
        inode = self.vfs.walk(ROOT, self.vfs.root, path).inode
        self.fs.fsync(inode, lambda: done.append(True), data_only=data_only)
        for _ in range(1000):
            if done:
                break
            self.wait(0.01)
        assert done == [True]

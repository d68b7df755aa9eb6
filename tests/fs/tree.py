"""A file system under test, with a clock that only the test moves."""

from __future__ import annotations

from minios.fs.access import ROOT, Credentials, Identity
from minios.fs.filesystem import FileSystem
from minios.fs.inode import Dentry, Regular
from minios.fs.vfs import Vfs

ALICE = Identity(1000, 1000, (2000,))
BOB = Identity(1001, 1001, (2000,))
JUDGE = Identity(1234, 1234, judge=True)


class Tree:
    """``now`` is the clock, ``changes`` counts the calls of the changed callback."""

    def __init__(self, *, size: int = 1 << 20, inodes: int = 100) -> None:
        self.now = 1000
        self.changes = 0
        self.fs = self.make_fs(size=size, inodes=inodes)
        self.vfs = Vfs(self.fs)
        self.root = self.vfs.root

    def make_fs(self, *, size: int = 1 << 20, inodes: int = 100) -> FileSystem:
        return FileSystem(b"ext4", 1, lambda: self.now, self._changed, size=size, inodes=inodes)

    def _changed(self) -> None:
        self.changes += 1

    def walk(self, path: bytes, who: Credentials = ROOT, *, follow: bool = True) -> Dentry:
        return self.vfs.walk(who, self.root, path, follow=follow)

    def mkdir(self, path: bytes, mode: int = 0o755, who: Credentials = ROOT) -> Dentry:
        return self.vfs.mkdir(who, self.root, path, mode)

    def file(
        self, path: bytes, data: bytes = b"", mode: int = 0o644, who: Credentials = ROOT
    ) -> Regular:
        inode = self.vfs.mknod(who, self.root, path, mode).inode
        assert isinstance(inode, Regular)
        if data:
            inode.write(0, data)
        return inode

"""File systems whose files are made when somebody looks, as /proc is.

A directory is a subclass of :class:`SyntheticDirectory` that answers ``lookup`` and ``list``; its
files and links are :class:`SyntheticFile` and :class:`SyntheticLink`. Inodes exist only while held.
"""

from collections.abc import Callable

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import StatFs
from minios.fs.access import Credentials
from minios.fs.filesystem import FileSystem
from minios.fs.inode import BLOCK, Dentry, Inode


class SyntheticFileSystem(FileSystem):
    """Nothing can be made, moved or removed in it, and it takes no space."""

    synthetic = True

    def __init__(
        self,
        type: bytes,
        dev: int,
        clock: Callable[[], int],
        root: "Callable[[SyntheticFileSystem], SyntheticDirectory]",
        *,
        options: bytes = b"",
    ) -> None:
        super().__init__(
            type, dev, clock, _unwatched, source=type, size=BLOCK, inodes=1, options=options
        )
        self.inodes.clear()
        self.total_blocks = self.used_blocks = self.total_inodes = 0
        self.root = Dentry(b"", None, root(self))

    def statfs(self) -> StatFs:
        return StatFs(self.type, BLOCK, 0, 0, 0, 0)

    def make(
        self,
        at: Dentry,
        name: bytes,
        mode: int,
        uid: int,
        gid: int,
        *,
        rdev: int = 0,
        target: bytes = b"",
    ) -> Dentry:
        raise error(Errno.ENOENT)

    def link(self, inode: Inode, at: Dentry, name: bytes) -> Dentry:
        raise error(Errno.EPERM)

    def unlink(self, dentry: Dentry) -> None:
        raise error(Errno.EPERM)

    def rename(self, dentry: Dentry, at: Dentry, name: bytes) -> None:
        raise error(Errno.EPERM)

    def digest(self) -> bytes:
        """Nothing: what it shows is part of somebody else's state."""
        return b""


def _unwatched() -> None:
    pass


class SyntheticInode(Inode):
    """An inode made on demand. ``chmod`` and the like are refused: it would not last."""

    __slots__ = ()

    def __init__(self, fs: FileSystem, ino: int, mode: int, uid: int = 0, gid: int = 0) -> None:
        super().__init__(fs, ino, mode, uid, gid)
        self.nlink = 1

    def accessed(self, *, strictly: bool = False) -> None:
        pass

    def release(self) -> None:
        self.opens -= 1


class SyntheticDirectory(SyntheticInode):
    """Subclasses answer ``lookup`` (with :meth:`entry`) and ``list``."""

    __slots__ = ()

    def __init__(
        self, fs: FileSystem, ino: int, mode: int = 0o555, uid: int = 0, gid: int = 0
    ) -> None:
        super().__init__(fs, ino, flags.S_IFDIR | mode, uid, gid)
        self.nlink = 2

    def entry(self, at: Dentry, name: bytes, inode: Inode) -> Dentry:
        return Dentry(name, at, inode)


class SyntheticFile(SyntheticInode):
    """A file whose text ``make`` returns when it is read from its start; st_size is 0.

    Both functions are told who asks. ``take`` gets what is written; without it writing is EINVAL.
    """

    __slots__ = ("_make", "_take")

    def __init__(
        self,
        fs: FileSystem,
        ino: int,
        make: Callable[[Credentials], bytes],
        mode: int = 0o444,
        uid: int = 0,
        gid: int = 0,
        *,
        take: Callable[[Credentials, bytes], None] | None = None,
    ) -> None:
        super().__init__(fs, ino, flags.S_IFREG | mode, uid, gid)
        self._make = make
        self._take = take

    def content(self, who: Credentials) -> bytes:
        return self._make(who)

    def store(self, who: Credentials, data: bytes) -> None:
        if self._take is None:
            raise error(Errno.EINVAL)
        self._take(who, data)


class SyntheticLink(SyntheticInode):
    """A link whose text is made when read; ``follow`` may lead to what no path names."""

    __slots__ = ("_follow", "_size", "_text")

    def __init__(
        self,
        fs: FileSystem,
        ino: int,
        text: Callable[[Credentials], bytes],
        follow: Callable[[Credentials], Dentry | None] | None = None,
        mode: int = 0o777,
        uid: int = 0,
        gid: int = 0,
        size: int = 0,
    ) -> None:
        super().__init__(fs, ino, flags.S_IFLNK | mode, uid, gid)
        self._text = text
        self._follow = follow
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def readlink(self, who: Credentials) -> bytes:
        return self._text(who)

    def follow(self, who: Credentials) -> Dentry | None:
        return self._follow(who) if self._follow is not None else None

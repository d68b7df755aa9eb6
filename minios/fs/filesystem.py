"""A file system in memory: its inodes, its space, and changes that keep both consistent.

Nothing here asks for permission; that is the VFS's part.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import StatFs
from minios.fs.inode import (
    BLOCK,
    LINK_MAX,
    Dentry,
    Directory,
    Inode,
    Regular,
    Special,
    Symlink,
)
from minios.fs.watch import tell_deleted

if TYPE_CHECKING:
    from minios.fs.cache import PageCache

ROOT_INO = 2


class FileSystem:
    """``type`` and ``source`` are what ``mount`` shows, ``dev`` is st_dev.

    ``clock`` gives CLOCK_REALTIME in ns; ``changed`` is called at every modification. ``options``
    are those of the file system that /proc/mounts shows. ``size`` is bytes; without ``inodes``
    there is one for each block, as mke2fs(8) gives a small disk.
    """

    regular: type[Regular] = Regular
    """What its regular files are."""
    txn = 0
    """The number of the running transaction of its journal; 0 for ever without one."""
    cache: "PageCache | None" = None
    """Where pages of its files are kept, if they come from a disk."""
    online = False
    """Whether there is a journal and it is kept."""
    full = Errno.ENOSPC
    """Why the last request for a block was refused: ENOSPC or EDQUOT."""
    synthetic = False
    """Whether inodes exist only while somebody looks, so that nothing about them can be changed."""

    def __init__(
        self,
        type: bytes,
        dev: int,
        clock: Callable[[], int],
        changed: Callable[[], None],
        *,
        source: bytes = b"tmpfs",
        size: int = 16 << 20,
        inodes: int | None = None,
        mode: int = 0o755,
        options: bytes = b"",
    ) -> None:
        self.type = type
        self.dev = dev
        self.clock = clock
        self.changed = changed
        self.source = source
        self.options = options
        self.total_blocks = size // BLOCK
        self.used_blocks = 0
        self.total_inodes = size // BLOCK if inodes is None else inodes
        self.inodes: dict[int, Inode] = {}
        self.mounts = 0
        """How many mounts show it."""
        self.readonly = False
        """Whether nobody may change it, whichever mount he comes by."""
        self.synchronous = False
        """Whether every write waits for the disk (mount -o sync)."""
        self._next_ino = ROOT_INO
        root = Directory(self, self._take_ino(), flags.S_IFDIR | mode, 0, 0)
        root.nlink = 2
        self.inodes[root.ino] = root
        self.used_blocks += root.blocks
        self.root = root.dentry = Dentry(b"", None, root)

    @property
    def free_blocks(self) -> int:
        return self.total_blocks - self.used_blocks

    def statfs(self) -> StatFs:
        return StatFs(
            self.type,
            BLOCK,
            self.total_blocks,
            self.free_blocks,
            self.total_inodes,
            self.total_inodes - len(self.inodes),
        )

    def save(self, inode: Inode) -> None:
        """``inode`` is about to be changed, for the first time in this transaction."""

    def created(self, inode: Inode, parent: Directory) -> None:
        """``inode`` is new in ``parent``."""

    def fit(self, inode: Inode) -> None:
        """A directory may occupy more or fewer blocks than before."""

    def give_inode(self, uid: int) -> None:
        """Somebody is about to get an inode. EDQUOT."""

    def give(self, inode: Inode, uid: int, *, builder: bool = False) -> None:
        """``inode`` is about to belong to ``uid``. EDQUOT, unless the machine's builder does it."""

    def _take_ino(self) -> int:
        ino = self._next_ino
        self._next_ino = ino + 1
        return ino

    def _charge(self, blocks: int) -> None:
        if blocks > self.total_blocks - self.used_blocks:
            raise error(Errno.ENOSPC)
        self.used_blocks += blocks

    # -- names ---------------------------------------------------------------------------------

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
        """A new inode of the kind that ``mode`` says, under ``name`` in the directory ``at``.

        ENOENT in a removed directory, EMLINK, ENOSPC without an inode or a block left.
        """
        parent = _directory(at)
        if (parent.dentry or at).gone:
            raise error(Errno.ENOENT)
        if len(self.inodes) >= self.total_inodes:
            raise error(Errno.ENOSPC)
        self.give_inode(uid)
        parent.alter()
        kind = mode & flags.S_IFMT
        inode: Inode
        if kind == flags.S_IFREG:
            inode = self.regular(self, self._next_ino, mode, uid, gid)
        elif kind == flags.S_IFDIR:
            if parent.nlink >= LINK_MAX:
                raise error(Errno.EMLINK)
            inode = Directory(self, self._next_ino, mode, uid, gid)
        elif kind == flags.S_IFLNK:
            inode = Symlink(self, self._next_ino, uid, gid, target)
        else:
            inode = Special(self, self._next_ino, mode, uid, gid, rdev)
        self._charge(inode.blocks)
        try:
            dentry = self._enter(at, name, inode)
        except OSError:
            self.used_blocks -= inode.blocks
            raise
        self._take_ino()
        self.inodes[inode.ino] = inode
        inode.nlink = 1
        if isinstance(inode, Directory):
            inode.nlink = 2
            inode.dentry = dentry
            parent.nlink += 1
        self.created(inode, parent)
        self.fit(parent)
        parent.modified()
        return dentry

    def link(self, inode: Inode, at: Dentry, name: bytes) -> Dentry:
        """Another name for a file. EMLINK ENOENT ENOSPC."""
        if (_directory(at).dentry or at).gone or not inode.nlink:
            raise error(Errno.ENOENT)
        if inode.nlink >= LINK_MAX:
            raise error(Errno.EMLINK)
        inode.alter()
        at.inode.alter()
        dentry = self._enter(at, name, inode)
        inode.nlink += 1
        inode.changed()
        self.fit(at.inode)
        at.inode.modified()
        return dentry

    def unlink(self, dentry: Dentry) -> None:
        """Remove a name, of a directory too, which must be empty. The inode goes with its last."""
        assert dentry.parent is not None
        parent = _directory(dentry.parent)
        inode = dentry.inode
        parent.alter()
        inode.alter()
        self._leave(dentry)
        dentry.gone = True
        if inode.is_dir:
            parent.nlink -= 1
            inode.nlink = 0
        else:
            inode.nlink -= 1
        inode.changed()
        self.fit(parent)
        parent.modified()
        if not inode.nlink and not inode.opens:
            self.free(inode)

    def rename(self, dentry: Dentry, at: Dentry, name: bytes) -> None:
        """Move a name; whatever ``name`` in ``at`` led to is unlinked. All checks are done."""
        assert dentry.parent is not None
        source, target = _directory(dentry.parent), _directory(at)
        if (target.dentry or at).gone:
            raise error(Errno.ENOENT)
        old = target.entries.get(name)
        moves_dir = dentry.inode.is_dir and source is not target
        if moves_dir and old is None and target.nlink >= LINK_MAX:
            raise error(Errno.EMLINK)
        for inode in (source, target, dentry.inode):
            inode.alter()
        if old is not None:
            self.unlink(old)
        self._leave(dentry)
        try:
            self._room(target, name)
        except OSError:
            self._reenter(dentry, source)
            raise
        dentry.parent = target.dentry or at
        dentry.name = name
        target.entries[name] = dentry
        if moves_dir:
            source.nlink -= 1
            target.nlink += 1
        dentry.inode.changed()
        self.fit(source)
        source.modified()
        if target is not source:
            self.fit(target)
            target.modified()

    def _enter(self, at: Dentry, name: bytes, inode: Inode) -> Dentry:
        parent = _directory(at)
        self._room(parent, name)
        # A bind mount shows the directory elsewhere; its entries belong to where it really is.
        dentry = parent.entries[name] = Dentry(name, parent.dentry or at, inode)
        return dentry

    def _room(self, parent: Directory, name: bytes) -> None:
        """Make room for an entry: 8 bytes and the name, in fours, as on ext4. ENOSPC."""
        before = parent.blocks
        parent.room += _entry_size(name)
        try:
            self._charge(parent.blocks - before)
        except OSError:
            parent.room -= _entry_size(name)
            raise

    def _leave(self, dentry: Dentry) -> None:
        assert dentry.parent is not None
        parent = _directory(dentry.parent)
        before = parent.blocks
        del parent.entries[dentry.name]
        parent.room -= _entry_size(dentry.name)
        self.used_blocks -= before - parent.blocks

    def _reenter(self, dentry: Dentry, parent: Directory) -> None:
        before = parent.blocks
        parent.entries[dentry.name] = dentry
        parent.room += _entry_size(dentry.name)
        self.used_blocks += parent.blocks - before

    def free(self, inode: Inode) -> None:
        """Give back an inode that has neither a name nor an open description."""
        if inode.watches is not None:
            tell_deleted(inode)
        if self.inodes.pop(inode.ino, None) is not None:
            self.used_blocks -= inode.blocks
            self.changed()

    def anonymous(self, mode: int, uid: int, gid: int, name: bytes) -> Dentry:
        """An inode outside the tree, as pipes have; ``name`` may have one ``%d`` for its number."""
        inode = Special(self, self._take_ino(), mode, uid, gid)
        inode.nlink = 1
        return Dentry(name.replace(b"%d", b"%d" % inode.ino), None, inode)

    def digest(self) -> bytes:
        """32 bytes over every inode; only the changed ones are hashed again."""
        whole = blake2b(digest_size=32)
        whole.update(b"%d:" % self._next_ino)
        for digest in self.digests():
            whole.update(digest)
        return whole.digest()

    def digests(self) -> Iterator[bytes]:
        """Of each inode, in the order in which they were made."""
        return (inode.digest() for inode in self.inodes.values())


def _directory(dentry: Dentry) -> Directory:
    inode = dentry.inode
    assert isinstance(inode, Directory)
    return inode


def _entry_size(name: bytes) -> int:
    return 8 + (len(name) + 3 & ~3)

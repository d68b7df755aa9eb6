"""What is the same on many disks, laid down once and shared from then on.

Building a base system file by file costs milliseconds, and it ends the same on every machine of a
kind: the same inodes with the same numbers in the same blocks. A template is that end, taken from
the first disk it was reached on. A disk that gets it has directories and links of its own at once;
its files are rows of the template until somebody looks one up, and become inodes then. Nobody can
tell: a file that sleeps has the numbers, times and digest that it will have when it is awake.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.fs.ext4.file import DiskFile
from minios.fs.inode import META, Dentry, Directory, Inode, Symlink

if TYPE_CHECKING:
    from minios.fs.ext4.filesystem import Ext4


def fingerprint(fs: Ext4) -> tuple[Any, ...] | None:
    """What a disk has on it, if that is little enough to be a starting point: directories only,
    all as new, nothing mounted. None for any other.
    """
    if fs.online or fs.quota is not None or fs.shadow or fs.stale or len(fs.inodes) > 16:
        return None
    now = fs.clock()
    found: list[Any] = [fs.total_blocks, fs.total_inodes, fs._next_ino, fs._spread, fs.used_blocks]
    for inode in fs.inodes.values():
        if not isinstance(inode, Directory) or inode.xattrs or inode.watches or inode.opens:
            return None
        if not now == inode.atime == inode.mtime == inode.ctime:
            return None
        names = tuple((name, each.inode.ino) for name, each in inode.entries.items())
        found.append((inode.ino, inode.mode, inode.uid, inode.gid, inode.nlink, names))
    return tuple(found)


def fits(fs: Ext4) -> bool:
    """Whether a file system has only what a template can hold."""
    return not fs.online and all(
        type(inode) in (DiskFile, Directory, Symlink)
        and not inode.xattrs
        and (inode.nlink == 1 or isinstance(inode, Directory))
        for inode in fs.inodes.values()
    )


class Row:
    """A file of a template; ``parent`` is the inode number of the directory that has ``name``."""

    __slots__ = (
        "_digest", "chunks", "content", "gid", "group", "hashed", "held", "ino", "lazy", "map",
        "mode", "name", "parent", "size", "source", "uid",
    )  # fmt: skip

    def __init__(self, file: DiskFile, parent: int, name: bytes) -> None:
        self.ino, self.mode, self.uid, self.gid = file.ino, file.mode, file.uid, file.gid
        self.group, self.held, self.size = file.group, file.held, file._size
        self.chunks = {index: bytes(chunk) for index, chunk in file._chunks.items()}
        self.map = {index: tuple(blocks) for index, blocks in file.map.items()}
        self.content = file.content_digest()
        self.hashed = file._content_digest
        self.lazy, self.source = file._lazy, file._source
        self.parent = parent
        self.name = name
        self._digest: tuple[int, bytes] = (-1, b"")

    def digest(self, made: int) -> bytes:
        """What :meth:`Inode.digest` would say of the file, made at that time."""
        if self._digest[0] != made:
            meta = META.pack(self.ino, self.mode, 1, self.uid, self.gid, made, made, made, 0)
            self._digest = (made, blake2b(meta + self.content, digest_size=32).digest())
        return self._digest[1]

    def inode(self, fs: Ext4, made: int) -> DiskFile:
        """The file itself, on a disk that got it at that time."""
        file = DiskFile(fs, self.ino, self.mode, self.uid, self.gid)
        file.atime = file.mtime = file.ctime = made
        file.nlink = 1
        file.group, file.held, file._size = self.group, self.held, self.size
        file._chunks = {index: bytearray(data) for index, data in self.chunks.items()}
        file.map = {index: list(blocks) for index, blocks in self.map.items()}
        file._content_digest = self.hashed
        file._lazy, file._source = self.lazy, self.source
        return file


class Inodes(dict[int, Any]):
    """The inodes of a disk by number, some of them still rows. Who goes through all wakes all."""

    __slots__ = ("fs", "made")

    def __init__(self, fs: Ext4, inodes: dict[int, Any], made: int) -> None:
        super().__init__(inodes)
        self.fs = fs
        self.made = made

    def wake(self, row: Row) -> DiskFile:
        """A row becomes a file, under its name."""
        file = row.inode(self.fs, self.made)
        self[row.ino] = file
        directory = self[row.parent]
        directory.entries[row.name] = Dentry(row.name, directory.dentry, file)
        return file

    def wake_all(self) -> None:
        """After that the disk is like any other."""
        for each in list(dict.values(self)):
            if each.__class__ is Row:
                self.wake(each)
            elif isinstance(each, Directory):
                each.entries = dict(each.entries)
        self.fs.inodes = dict(self)

    def awake(self) -> list[Inode]:
        """The inodes that somebody has looked at."""
        return [each for each in dict.values(self) if each.__class__ is not Row]

    def __getitem__(self, ino: int) -> Any:
        found = dict.__getitem__(self, ino)
        return self.wake(found) if found.__class__ is Row else found

    def get(self, ino: int, default: Any = None) -> Any:
        found = dict.get(self, ino, default)
        return self.wake(found) if found.__class__ is Row else found

    def pop(self, ino: int, *default: Any) -> Any:
        self.get(ino)
        return dict.pop(self, ino, *default)

    def values(self) -> Any:
        self.wake_all()
        return dict.values(self)

    def items(self) -> Any:
        self.wake_all()
        return dict.items(self)

    def digests(self) -> Iterator[bytes]:
        """Of each, in order."""
        made = self.made
        for each in dict.values(self):
            yield each.digest(made) if each.__class__ is Row else each.digest()


class Entries(dict[bytes, Any]):
    """The names of a directory some of whose files sleep."""

    __slots__ = ("inodes",)

    def __init__(self, inodes: Inodes, entries: dict[bytes, Any]) -> None:
        super().__init__(entries)
        self.inodes = inodes

    def __getitem__(self, name: bytes) -> Any:
        found = dict.__getitem__(self, name)
        if found.__class__ is Row:
            self.inodes.wake(found)
            return dict.__getitem__(self, name)
        return found

    def get(self, name: bytes, default: Any = None) -> Any:
        found = dict.get(self, name, default)
        return self[name] if found.__class__ is Row else found

    def number(self, name: bytes) -> int:
        """The inode number of an entry, asleep or not."""
        found = dict.__getitem__(self, name)
        number: int = found.ino if found.__class__ is Row else found.inode.ino
        return number

    def values(self) -> Any:
        self._wake_all()
        return dict.values(self)

    def items(self) -> Any:
        self._wake_all()
        return dict.items(self)

    def _wake_all(self) -> None:
        for found in list(dict.values(self)):
            if found.__class__ is Row:
                self.inodes.wake(found)


def awake(fs: Ext4) -> list[Inode]:
    """The inodes of a disk but for those that nobody has looked at since it was made."""
    inodes = fs.inodes
    return inodes.awake() if isinstance(inodes, Inodes) else list(inodes.values())


class Sleepy(Directory):
    """A directory some of whose files sleep."""

    __slots__ = ()

    def number(self, name: bytes) -> int:
        entries = self.entries
        return entries.number(name) if isinstance(entries, Entries) else super().number(name)


class Template:
    """The state of a file system that nothing was ever changed on but by its builder."""

    __slots__ = ("_directories", "_groups", "_inodes", "_next_ino", "_places", "_spread", "_used",
                 "_used_blocks")  # fmt: skip

    def __init__(self, fs: Ext4) -> None:
        self._used = bytes(fs.bitmap.used)
        self._used_blocks = fs.used_blocks
        self._next_ino = fs._next_ino
        self._spread = fs._spread
        self._groups = dict(fs.groups)
        self._places = {ino: tuple(blocks) for ino, blocks in fs.places.items()}
        self._inodes: dict[int, Any] = {}
        self._directories: list[tuple[int, int, dict[bytes, Any]]] = []
        names: dict[int, tuple[int, bytes]] = {}
        for inode in fs.inodes.values():
            if isinstance(inode, Directory):
                for name, entry in inode.entries.items():
                    names[entry.inode.ino] = (inode.ino, name)
        for ino, inode in fs.inodes.items():
            if isinstance(inode, DiskFile):
                self._inodes[ino] = Row(inode, *names[ino])
            else:
                target = inode.target if isinstance(inode, Symlink) else b""
                self._inodes[ino] = (inode.mode, inode.uid, inode.gid, inode.nlink, target)
        for inode in fs.inodes.values():
            if isinstance(inode, Directory):
                rows = {
                    name: self._inodes[entry.inode.ino]
                    if isinstance(entry.inode, DiskFile)
                    else entry.inode.ino
                    for name, entry in inode.entries.items()
                }
                self._directories.append((inode.ino, inode.room, rows))

    def put(self, fs: Ext4) -> None:
        """Bring a file system that had the template's :func:`fingerprint` to its state."""
        now = fs.clock()
        old = fs.inodes
        inodes = fs.inodes = Inodes(fs, self._inodes, now)
        for ino, row in self._inodes.items():
            if row.__class__ is Row:
                continue
            mode, uid, gid, nlink, target = row
            inode: Inode | None = old.get(ino)
            if inode is None and target:
                inode = Symlink(fs, ino, uid, gid, target)
            elif inode is None:
                inode = Sleepy(fs, ino, mode, uid, gid)
            inode.mode, inode.uid, inode.gid, inode.nlink = mode, uid, gid, nlink
            inode.mtime = inode.ctime = now
            inode._digest = None
            inodes[ino] = inode
        for ino, room, rows in self._directories:
            directory = inodes[ino]
            directory.room = room
            at, before = directory.dentry, directory.entries
            entries: dict[bytes, Any] = dict(rows)
            asleep = False
            for name, row in rows.items():
                if row.__class__ is Row:
                    asleep = True
                    continue
                known = before.get(name)
                if known is None:
                    child = inodes[row]
                    known = Dentry(name, at, child)
                    if isinstance(child, Directory):
                        child.dentry = known
                entries[name] = known
            directory.entries = Entries(inodes, entries) if asleep else entries
        fs.bitmap.used[:] = self._used
        fs.used_blocks = self._used_blocks
        fs._next_ino = self._next_ino
        fs._spread = self._spread
        fs.groups = dict(self._groups)
        fs.places = {ino: list(blocks) for ino, blocks in self._places.items()}
        fs.changed()

"""What is the same on many disks, laid down once and copied from then on.

Building a base system file by file costs milliseconds, and it ends the same on every machine of a
kind: the same inodes with the same numbers in the same blocks. A template is that end, taken from
the first disk it was reached on; putting it on another makes inodes of its own there, so that the
result is the very state that building would have led to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.fs.ext4.file import DiskFile
from minios.fs.inode import Dentry, Directory, Inode, Symlink

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


class Template:
    """The state of a file system that nothing was ever changed on but by its builder."""

    __slots__ = ("_directories", "_groups", "_links", "_next_ino", "_places", "_rows", "_spread",
                 "_used", "_used_blocks")  # fmt: skip

    def __init__(self, fs: Ext4) -> None:
        self._used = bytes(fs.bitmap.used)
        self._used_blocks = fs.used_blocks
        self._next_ino = fs._next_ino
        self._spread = fs._spread
        self._groups = dict(fs.groups)
        self._places = {ino: tuple(blocks) for ino, blocks in fs.places.items()}
        self._rows: list[tuple[Any, ...]] = []
        self._directories: list[tuple[int, int, list[tuple[bytes, int]]]] = []
        for inode in fs.inodes.values():
            self._rows.append(_row(inode))
            if isinstance(inode, Directory):
                names = [(name, each.inode.ino) for name, each in inode.entries.items()]
                self._directories.append((inode.ino, inode.room, names))

    def put(self, fs: Ext4) -> None:
        """Bring a file system that had the template's :func:`fingerprint` to its state."""
        inodes = fs.inodes
        now = fs.clock()
        for kind, ino, mode, uid, gid, nlink, more in self._rows:
            inode: Inode | None = inodes.get(ino)
            if inode is not None:
                inode.mode, inode.uid, inode.gid, inode.nlink = mode, uid, gid, nlink
                inode.mtime = inode.ctime = now
                inode._digest = None
                continue
            if kind is DiskFile:
                file = DiskFile(fs, ino, mode, uid, gid)
                file.group, file.held, size, chunks, places, content, lazy, source = more
                file._size = size
                file._chunks = {index: bytearray(data) for index, data in chunks}
                file.map = {index: list(blocks) for index, blocks in places}
                file._content_digest = content
                file._lazy, file._source = lazy, source
                inode = file
            elif kind is Directory:
                inode = Directory(fs, ino, mode, uid, gid)
            else:
                inode = Symlink(fs, ino, uid, gid, more)
                inode.mode = mode
            inode.nlink = nlink
            inodes[ino] = inode
        for ino, room, names in self._directories:
            directory = inodes[ino]
            assert isinstance(directory, Directory)
            directory.room = room
            at = directory.dentry
            assert at is not None
            entries = directory.entries
            for name, number in names:
                if name not in entries:
                    child = inodes[number]
                    dentry = entries[name] = Dentry(name, at, child)
                    if isinstance(child, Directory):
                        child.dentry = dentry
        fs.bitmap.used[:] = self._used
        fs.used_blocks = self._used_blocks
        fs._next_ino = self._next_ino
        fs._spread = self._spread
        fs.groups = dict(self._groups)
        fs.places = {ino: list(blocks) for ino, blocks in self._places.items()}
        fs.changed()


def fits(fs: Ext4) -> bool:
    """Whether a file system has only what a template can hold."""
    return not fs.online and all(
        type(inode) in (DiskFile, Directory, Symlink) and not inode.xattrs
        for inode in fs.inodes.values()
    )


def _row(inode: Inode) -> tuple[Any, ...]:
    more: Any = None
    if isinstance(inode, DiskFile):
        if inode._lazy is None and inode._source is None:
            inode.content_digest()
        more = (
            inode.group, inode.held, inode._size,
            tuple((index, bytes(chunk)) for index, chunk in inode._chunks.items()),
            tuple((index, tuple(blocks)) for index, blocks in inode.map.items()),
            inode._content_digest, inode._lazy, inode._source,
        )  # fmt: skip
    elif isinstance(inode, Symlink):
        more = inode.target
    return (type(inode), inode.ino, inode.mode, inode.uid, inode.gid, inode.nlink, more)

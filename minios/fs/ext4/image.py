"""What the disk knows of an inode that says something else in memory."""

from __future__ import annotations

from typing import Any

from minios.fs.ext4.file import DiskFile
from minios.fs.inode import Directory, Inode


class Image:
    """An inode as the disk has it. ``exists`` is False for one that was made since."""

    __slots__ = ("entries", "exists", "inode", "map", "meta", "places", "room", "size")

    def __init__(self, inode: Inode, places: list[int] | None, *, exists: bool = True) -> None:
        self.inode = inode
        self.exists = exists
        self.meta = (
            inode.mode, inode.uid, inode.gid, inode.nlink, inode.rdev, inode.mtime, inode.ctime,
            dict(inode.xattrs) if inode.xattrs else None,
        )  # fmt: skip
        self.map: dict[int, list[int]] = {}
        self.entries: dict[bytes, Inode] = {}
        self.size = self.room = 0
        self.places = list(places) if places else None
        if isinstance(inode, DiskFile):
            if inode._lazy is not None:
                inode._load()
            self.size = durable_size(inode)
            self.map = durable_map(inode)
        elif isinstance(inode, Directory):
            self.room = inode.room
            self.entries = {name: entry.inode for name, entry in inode.entries.items()}

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.exists, self.meta, self.size, self.room, sorted(self.map.items()), self.places,
            [(name, self.entries[name].ino) for name in sorted(self.entries)],
        )  # fmt: skip


def durable_size(file: DiskFile) -> int:
    """How far the file reaches on the disk."""
    if file.unwritten or file.flight:
        return min(file.disk_size, file._size)
    return file._size


def durable_map(file: DiskFile) -> dict[int, list[int]]:
    """Its blocks that the disk knows: all but the fresh ones, which are a chunk's last."""
    if not file.fresh:
        return {index: list(places) for index, places in file.map.items()}
    known: dict[int, list[int]] = {}
    for index, places in file.map.items():
        fresh = file.fresh >> index * 16 & 0xFFFF
        # A block that is not fresh after a fresh one stays: the hole before it is zeros.
        kept = len(places)
        while kept and fresh >> kept - 1 & 1:
            kept -= 1
        if kept:
            known[index] = places[:kept]
    return known

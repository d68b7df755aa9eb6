"""Where things lie on a partition, and which blocks are free.

As on ext4 (Documentation/filesystems/ext4): block 0 is the superblock, then comes the journal, then
block groups, each with its two bitmaps and its part of the inode table before its data. A file's
data goes into the group of its directory, so that what belongs together is near each other.
"""

from __future__ import annotations

from minios.fs.inode import BLOCK

SECTORS = BLOCK // 512
"""Sectors of a block."""

GROUP = 1024
"""Data blocks of a group: 4 MiB. (ext4 has 128 MiB; our disks are that much smaller too.)"""

INODE = 256
"""Bytes of an inode in the table."""
_PER_BLOCK = BLOCK // INODE


class Layout:
    """The places of a file system with ``data`` blocks for files. Every number is a block's."""

    def __init__(self, data: int) -> None:
        self.data = data
        self.groups = max(1, -(-data // GROUP))
        self.journal = 1
        """Where the journal begins."""
        self.journal_size = 64 if data <= 2 * GROUP else 256
        self.per_group = -(-min(data, GROUP) // _PER_BLOCK) * _PER_BLOCK
        """Inodes of a group: one for each data block."""
        self.meta = 2 + self.per_group // _PER_BLOCK
        """Blocks of a group before its data."""
        self.first = self.journal + self.journal_size
        self.blocks = self.first + self.groups * self.meta + data
        """Blocks of the partition."""

    @classmethod
    def fitting(cls, blocks: int) -> Layout | None:
        """The layout that fills a partition of so many blocks best; None if it is too small."""
        data = blocks - cls(blocks).first
        while data > 0:
            layout = cls(data)
            if layout.blocks <= blocks:
                return layout
            data -= layout.blocks - blocks
        return None

    def group_start(self, group: int) -> int:
        """The first block of a group: its block bitmap."""
        return self.first + group * (self.meta + GROUP)

    def data_start(self, group: int) -> int:
        """The first block of a group's data."""
        return self.group_start(group) + self.meta

    def group_of(self, block: int) -> int:
        return min((block - self.first) // (self.meta + GROUP), self.groups - 1)

    def inode_block(self, ino: int) -> int:
        """The block of the inode table that has inode ``ino``."""
        group, index = divmod((ino - 1) % (self.groups * self.per_group), self.per_group)
        return self.group_start(group) + 2 + index // _PER_BLOCK

    def bitmap_block(self, block: int) -> int:
        """The bitmap that says whether ``block`` is free."""
        return self.group_start(self.group_of(block))


class Bitmap:
    """Which blocks are taken. Metadata always is."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        used = self.used = bytearray(layout.blocks)
        used[: layout.first] = b"\1" * layout.first
        for group in range(layout.groups):
            start = layout.group_start(group)
            used[start : start + layout.meta] = b"\1" * layout.meta

    def take(self, count: int, goal: int) -> list[int]:
        """Up to ``count`` free blocks, the nearest from ``goal`` upwards, then from the start."""
        used = self.used
        got: list[int] = []
        at = goal
        again = False
        while count:
            start = used.find(0, at)
            if start < 0:
                if again:
                    break
                again = True
                at = 0
                continue
            stop = used.find(1, start, start + count)
            if stop < 0:
                stop = min(start + count, len(used))
            used[start:stop] = b"\1" * (stop - start)
            got.extend(range(start, stop))
            count -= stop - start
            at = stop
        return got

    def free(self, block: int) -> None:
        self.used[block] = 0

"""The invariants of a file system's space, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.fs.ext4.file import DiskFile

if TYPE_CHECKING:
    from minios.fs.ext4.filesystem import Ext4


def check(fs: Ext4) -> None:
    """The invariants; AssertionError says which is broken (for tests)."""
    owner: dict[int, int] = {}
    total = 0
    for inode in fs.inodes.values():
        if isinstance(inode, DiskFile):
            blocks = [block for places in inode.map.values() for block in places]
            assert inode.held == len(blocks)
        else:
            blocks = list(fs.places.get(inode.ino, ()))
            assert inode.blocks == len(blocks), f"inode {inode.ino} and its blocks"
        total += len(blocks)
        for block in blocks:
            assert block not in owner, f"block {block} has two owners"
            owner[block] = inode.ino
            assert fs.bitmap.used[block], f"block {block} is free and used"
    assert total == fs.used_blocks, (total, fs.used_blocks)
    freed = [
        b for t in (fs.journal.running, fs.journal.committing) if t is not None for b in t.freed
    ]
    assert not owner.keys() & set(freed), "a block is freed and used"
    meta = fs.layout.first + fs.layout.groups * fs.layout.meta
    assert sum(fs.bitmap.used) == meta + total + len(freed)

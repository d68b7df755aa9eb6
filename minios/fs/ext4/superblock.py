"""The ext4 superblock as bytes: what mkfs(8) writes, and what mount(2) and blkid(8) look for.

The fields are those of Documentation/filesystems/ext4/super.rst; what we have no use for is zero.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

OFFSET = 1024
SIZE = 1024
MAGIC = 0xEF53
_HEAD = Struct("<13I6H4I")  # up to s_creator_os
_TAIL = Struct("<HHIHHIII16s16s64s")  # from s_def_resuid to s_last_mounted
HAS_JOURNAL = 0x4
EXTENTS = 0x40 | 0x2


class Superblock(NamedTuple):
    """``blocks`` of 4 KiB in all. ``mounts`` counts how often it was mounted."""

    blocks: int
    inodes: int
    free_blocks: int
    free_inodes: int
    uuid: bytes
    label: bytes
    mounts: int
    made: int
    """When, in seconds since 1970."""
    last_mounted: bytes = b""
    group: int = 1024

    def pack(self) -> bytes:
        """The 1024 bytes at offset 1024 of the device."""
        head = _HEAD.pack(
            self.inodes, self.blocks, 0, self.free_blocks, self.free_inodes, 0, 2, 2, self.group,
            self.group, self.group, self.made & 0xFFFFFFFF, self.made & 0xFFFFFFFF, self.mounts,
            0xFFFF, MAGIC, 1, 1, 0, self.made & 0xFFFFFFFF, 0, 0, 1,
        )  # fmt: skip
        tail = _TAIL.pack(
            0, 0, 11, 256, 0, HAS_JOURNAL, EXTENTS, 0, self.uuid, self.label[:16],
            self.last_mounted[:64],
        )  # fmt: skip
        data = bytearray(SIZE)
        data[: len(head)] = head
        data[0x50 : 0x50 + len(tail)] = tail
        return bytes(data)


def parse(data: bytes) -> Superblock | None:
    """The superblock in the first 4 KiB of a device; None if there is none."""
    data = data[OFFSET : OFFSET + SIZE]
    if len(data) < SIZE:
        return None
    head = _HEAD.unpack_from(data)
    if head[15] != MAGIC:
        return None
    tail = _TAIL.unpack_from(data, 0x50)
    return Superblock(
        head[1], head[0], head[3], head[4], tail[8], tail[9].rstrip(b"\0"), head[13], head[19],
        tail[10].rstrip(b"\0"), head[8],
    )  # fmt: skip

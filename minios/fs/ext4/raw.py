"""A block device as bytes: what ``dd if=/dev/sda1`` reads, and what writing there does.

The superblock, the bitmaps, the directories and every block of a file's data are what they should
be, as far as they have reached the disk; so deleted data can be found until its block is used
again. The inode tables and the journal read as zeros.

A write to a file's block changes the file. One to the superblock destroys the file system: the data
blocks keep what they had. One to other metadata damages it, and it cannot be mounted any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack, pack_into

from minios.abi import flags
from minios.fs.disk.device import Device
from minios.fs.ext4.file import DiskFile
from minios.fs.ext4.filesystem import Ext4
from minios.fs.ext4.superblock import OFFSET, SIZE, Superblock
from minios.fs.inode import BLOCK, Directory

_KINDS = {
    flags.S_IFREG: 1, flags.S_IFDIR: 2, flags.S_IFCHR: 3, flags.S_IFBLK: 4, flags.S_IFIFO: 5,
    flags.S_IFSOCK: 6, flags.S_IFLNK: 7,
}  # fmt: skip


def read(device: Device, partitions: Iterable[Device], block: int, count: int) -> bytes:
    """``count`` blocks of 4 KiB from ``block`` on; what lies beyond the end is missing."""
    limit = device.sectors // 8
    count = max(0, min(count, limit - block))
    if not device.whole:
        return _part(device, block, count)
    data = bytearray(
        b"".join(device.raw.get(at, bytes(BLOCK)) for at in range(block, block + count))
    )
    partitions = list(partitions)
    if block == 0 and data and partitions:
        _partition_table(partitions, data)
    if device.content is not None:
        data = bytearray(_part(device, block, count))
    for part in partitions:
        start = part.start // 8
        low, high = max(block, start), min(block + count, start + part.sectors // 8)
        if low < high:
            data[(low - block) * BLOCK : (high - block) * BLOCK] = _part(
                part, low - start, high - low
            )
    return bytes(data)


def _partition_table(partitions: list[Device], data: bytearray) -> None:
    """An MBR with the partitions as type 83 (Linux)."""
    for index, part in enumerate(partitions[:4]):
        pack_into(
            "<B3sB3sII", data, 446 + 16 * index, 0, b"\0\2\0", 0x83, b"\0\0\0", part.start,
            part.sectors,
        )  # fmt: skip
    data[510:512] = b"\x55\xaa"


def _part(device: Device, block: int, count: int) -> bytes:
    fs = device.content
    if fs is None:
        return b"".join(device.raw.get(at, bytes(BLOCK)) for at in range(block, block + count))
    owners = _owners(fs)
    return b"".join(_block(fs, owners, at) for at in range(block, block + count))


def _owners(fs: Ext4) -> dict[int, tuple[DiskFile, int] | Directory]:
    owners: dict[int, tuple[DiskFile, int] | Directory] = {}
    for inode in fs.inodes.values():
        if isinstance(inode, DiskFile):
            for index, places in inode.map.items():
                for at, block in enumerate(places):
                    owners[block] = (inode, index * 16 + at)
        elif isinstance(inode, Directory):
            for block in fs.places.get(inode.ino, ())[:1]:
                owners[block] = inode
    return owners


def _block(fs: Ext4, owners: dict[int, tuple[DiskFile, int] | Directory], block: int) -> bytes:
    if block == 0:
        return bytes(OFFSET) + superblock(fs).pack() + bytes(BLOCK - OFFSET - SIZE)
    shadow = fs.shadow.get(block)
    if shadow is not None:
        return shadow
    owner = owners.get(block)
    if isinstance(owner, Directory):
        return _directory(owner)
    if owner is not None:
        file, page = owner
        if not file.fresh >> page & 1:
            if file._lazy is not None:
                file._load()
            return file.page_bytes(page)
    layout = fs.layout
    if block >= layout.first and block == layout.bitmap_block(block):
        return _bitmap(fs, block)
    return fs.stale.get(block) or fs.device.raw.get(block) or bytes(BLOCK)


def _bitmap(fs: Ext4, block: int) -> bytes:
    used = fs.bitmap.used[block : block + fs.layout.meta + 1024]
    bits = int("".join("1" if b else "0" for b in reversed(used)) or "0", 2)
    return bits.to_bytes(BLOCK, "little")


def _directory(directory: Directory) -> bytes:
    """ext2's linear directory format, as far as one block has room."""
    parent = directory.dentry.parent if directory.dentry is not None else None
    above = parent.inode.ino if parent is not None else directory.ino
    entries = [(b".", directory.ino, 2), (b"..", above, 2)]
    for name, dentry in directory.entries.items():
        inode = dentry.inode
        entries.append((name, inode.ino, _KINDS.get(inode.mode & flags.S_IFMT, 0)))
    data = b""
    last = 0
    for name, ino, kind in entries:
        size = 8 + (len(name) + 3 & ~3)
        if len(data) + size > BLOCK:
            break
        last = len(data)
        data += pack("<IHBB", ino, size, len(name), kind) + name.ljust(size - 8, b"\0")
    rest = bytearray(data.ljust(BLOCK, b"\0"))
    pack_into("<H", rest, last + 4, BLOCK - last)
    return bytes(rest)


def superblock(fs: Ext4) -> Superblock:
    """The superblock of a file system."""
    return Superblock(
        fs.layout.blocks, fs.total_inodes, fs.free_blocks, fs.total_inodes - len(fs.inodes),
        fs.uuid, fs.label, max(fs.mounted, 1), fs.made // 1_000_000_000, fs.last_mounted,
    )  # fmt: skip


# -- writing -----------------------------------------------------------------------------------


def write(device: Device, partitions: Iterable[Device], offset: int, data: bytes) -> None:
    """Put bytes on a device whose file systems are not mounted."""
    done = 0
    while done < len(data):
        at = offset + done
        block, start = divmod(at, BLOCK)
        piece = data[done : done + BLOCK - start]
        target, index = device, block
        if device.whole:
            for part in partitions:
                if part.start <= block * 8 < part.start + part.sectors:
                    target, index = part, block - part.start // 8
        _write_block(target, index, start, piece)
        done += len(piece)


def _write_block(device: Device, block: int, start: int, piece: bytes) -> None:
    fs = device.content
    old = _part(device, block, 1)
    new = old[:start] + piece + old[start + len(piece) :]
    if new == old:
        return
    if fs is None:
        device.raw[block] = new
        return
    if block == 0:
        if new[OFFSET : OFFSET + SIZE] != old[OFFSET : OFFSET + SIZE]:
            dissolve(device)
        device.raw[0] = new
        return
    owner = _owners(fs).get(block)
    if isinstance(owner, tuple):
        file, page = owner
        size = max(0, min(BLOCK, file.size - page * BLOCK))
        file._write_chunk(page >> 4, (page & 15) * BLOCK, new[:size])
        file._content_digest = None
        file.dirty()
    elif fs.bitmap.used[block]:
        fs.damaged = True
    else:
        fs.leave(block, new)


def dissolve(device: Device) -> None:
    """The file system is none any more; what its blocks say stays."""
    fs = device.content
    if fs is None:
        return
    owners = _owners(fs)
    zeros = bytes(BLOCK)
    blocks = [0, *sorted(owners.keys() | fs.stale.keys())]
    raw = {block: data for block in blocks if (data := _block(fs, owners, block)) != zeros}
    device.raw.update(raw)
    device.content = None

"""After a power cut: the inodes become what the disk says of them, its journal replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.fs.ext4.file import DiskFile
from minios.fs.ext4.image import Image
from minios.fs.ext4.layout import Bitmap
from minios.fs.ext4.template import awake
from minios.fs.inode import BLOCK, Dentry, Directory

if TYPE_CHECKING:
    from minios.fs.ext4.filesystem import Ext4


def recover(fs: Ext4, images: dict[int, Image]) -> None:
    """Give every inode of ``images`` back what the disk knows of it, and forget all pages."""
    for file in _files(fs):
        if (file.unwritten or file.flight) and file.ino not in images:
            images[file.ino] = Image(file, None)
    _recover(fs, images)
    for ino in [inode.ino for inode in awake(fs) if not inode.nlink]:
        images.setdefault(ino, Image(fs.inodes[ino], None))
        del fs.inodes[ino]  # it was deleted while it was open
        fs.places.pop(ino, None)
    for inode in awake(fs):
        inode.opens = 0
    for file in _files(fs):
        file.cached = file.recent = file.unwritten = file.flight = file.fresh = 0
        file.reading = 0
        file.replaced = False
        file.waiting = None
        file.flying.clear()
        file.frames.clear()
    fs.shadow.clear()
    if images:
        _recount(fs)
        fs.changed()


def _files(fs: Ext4) -> list[DiskFile]:
    return [inode for inode in awake(fs) if isinstance(inode, DiskFile)]


def _recover(fs: Ext4, images: dict[int, Image]) -> None:
    """Give every inode back what the disk knows of it."""
    for ino, image in images.items():
        inode = image.inode
        if not image.exists:
            fs.inodes.pop(ino, None)
            fs.places.pop(ino, None)
            continue
        fs.inodes[ino] = inode
        (inode.mode, inode.uid, inode.gid, inode.nlink, inode.rdev, inode.mtime, inode.ctime,
         inode.xattrs) = image.meta  # fmt: skip
        if image.places:
            fs.places[ino] = image.places
        if isinstance(inode, DiskFile):
            _recover_file(fs, inode, image)
        inode._digest = None
    for image in images.values():
        if image.exists and isinstance(image.inode, Directory):
            _recover_directory(image.inode, image)
    fs.inodes = dict(sorted(fs.inodes.items()))


def _recover_file(fs: Ext4, file: DiskFile, image: Image) -> None:
    if file._lazy is not None:
        return
    chunks: dict[int, bytearray] = {}
    for index, places in image.map.items():
        chunk = bytearray()
        for at, block in enumerate(places):
            page = index * 16 + at
            content = fs.shadow.get(block)
            if content is None:
                mine = file.block(page) == block and not file.fresh >> page & 1
                content = file.page_bytes(page) if mine else bytes(BLOCK)
            chunk += content
        del chunk[max(0, image.size - index * 65536) :]
        if chunk:
            chunks[index] = chunk
    file._chunks = chunks
    file._size = image.size
    file.map = image.map
    file._content_digest = None


def _recover_directory(directory: Directory, image: Image) -> None:
    directory.room = image.room
    entries: dict[bytes, Dentry] = {}
    for name, inode in image.entries.items():
        dentry = inode.dentry if isinstance(inode, Directory) else None
        if dentry is None:
            dentry = Dentry(name, directory.dentry, inode)
        dentry.name, dentry.parent, dentry.gone = name, directory.dentry, False
        entries[name] = dentry
    directory.entries = entries


def _recount(fs: Ext4) -> None:
    """Find out anew which blocks are taken."""
    fs.bitmap = Bitmap(fs.layout)
    used = fs.bitmap.used
    count = 0
    for inode in fs.inodes.values():
        if isinstance(inode, DiskFile):
            inode.held = 0
            for places in inode.map.values():
                inode.held += len(places)
                for block in places:
                    used[block] = 1
            count += inode.held
        else:
            for block in fs.places.get(inode.ino, ()):
                used[block] = 1
            count += inode.blocks
    fs.used_blocks = count
    if fs.quota is not None:
        fs.quota.count(fs.inodes.values())

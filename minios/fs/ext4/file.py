"""A regular file on a disk: its blocks, its pages in memory, and which of them the disk has yet.

Sets of pages are bit masks, page 0 being bit 0. A page is *cached* when it is in memory, *dirty*
when the disk does not have what it says, *in flight* while it is being written, and *fresh* as
long as its block was never written: the journal does not speak of fresh blocks, so a crash before
they are written leaves the file as short as it was (delayed allocation, ext4's default).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.fs.inode import BLOCK, CHUNK, CHUNK_BITS, MAX_FILE_SIZE, Regular

if TYPE_CHECKING:
    from minios.fs.ext4.filesystem import Ext4
    from minios.fs.filesystem import FileSystem

PAGE_BITS = 12
PER_CHUNK = CHUNK // BLOCK
"""Pages of a chunk."""


def pages(first: int, last: int) -> int:
    """The set of the pages ``first`` … ``last``."""
    return (2 << last - first) - 1 << first


def members(mask: int) -> list[int]:
    """The pages of a set, in order."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


class DiskFile(Regular):
    """See the module. ``fs`` is an :class:`~minios.fs.ext4.filesystem.Ext4`."""

    __slots__ = (
        "cached", "disk_size", "flight", "flying", "frames", "fresh", "group", "held", "map",
        "reading", "recent", "replaced", "since", "unwritten", "waiting",
    )  # fmt: skip

    fs: Ext4

    def __init__(self, fs: FileSystem, ino: int, mode: int, uid: int, gid: int) -> None:
        super().__init__(fs, ino, mode, uid, gid)
        self.map: dict[int, list[int]] = {}
        """The block numbers of each chunk's pages."""
        self.held = 0
        """How many blocks it has."""
        self.group = 0
        """The block group that its data should be in."""
        self.cached = 0
        self.recent = 0
        """Pages that were used since the cache last looked for some to drop."""
        self.unwritten = 0
        """The dirty pages."""
        self.since = 0
        """When the first of them became dirty."""
        self.flight = 0
        self.fresh = 0
        self.flying: dict[int, bytes] = {}
        """What is being written of pages that were changed again meanwhile."""
        self.reading = 0
        """Pages that have been asked of the disk."""
        self.disk_size = 0
        """While pages are unwritten: how far the file reaches on the disk."""
        self.replaced = False
        """It was cut to nothing and is being written anew: close(2) will start writing."""
        self.waiting: Any = None
        """Who sleeps until its pages arrive or are written; the kernel's."""
        self.frames: dict[int, int] = {}
        """The page frames of its cached pages."""

    @property
    def blocks(self) -> int:
        return self.held

    def block(self, page: int) -> int | None:
        """The block of a page; None in a hole and beyond what was written."""
        places = self.map.get(page >> 4)
        index = page & PER_CHUNK - 1
        return places[index] if places is not None and index < len(places) else None

    def goal(self, chunk: int) -> int:
        """Where the next block of ``chunk`` had best be: after the last one before it."""
        for at in (chunk, chunk - 1):
            places = self.map.get(at)
            if places:
                return places[-1] + 1
        return self.fs.layout.data_start(self.group)

    def page_bytes(self, page: int) -> bytes:
        """A page's bytes in memory, padded with zeros."""
        chunk = self._chunks.get(page >> 4)
        if chunk is None:
            return bytes(BLOCK)
        start = (page & PER_CHUNK - 1) << PAGE_BITS
        data = bytes(chunk[start : start + BLOCK])
        return data if len(data) == BLOCK else data + bytes(BLOCK - len(data))

    def reserve(self, size: int) -> None:
        """Give the file blocks for ``size`` bytes before anybody asks for its content."""
        last = (size - 1) >> CHUNK_BITS
        for chunk in range(last + 1):
            wanted = PER_CHUNK if chunk < last else -(-(size - (chunk << CHUNK_BITS)) // BLOCK)
            self._extend(chunk, wanted - len(self.map.get(chunk, ())))

    def _load(self) -> None:
        source, self._lazy = self._lazy, None
        assert source is not None
        data = source()
        self._size = len(data)
        for at in range(0, len(data), CHUNK):
            # No block is taken now: nothing may depend on whether somebody looked.
            self._chunks[at >> CHUNK_BITS] = bytearray(data[at : at + CHUNK])

    def _extend(self, index: int, more: int) -> int:
        """Up to ``more`` blocks for a chunk; how many there were."""
        got = self.fs.take_blocks(self, more, self.goal(index))
        if got:
            self.held += len(got)
            places = self.map.get(index)
            if places is None:
                self.map[index] = got
            else:
                places.extend(got)
        return len(got)

    # -- changes -------------------------------------------------------------------------------

    def _write_chunk(self, index: int, start: int, data: bytes) -> int:
        chunk = self._chunks.get(index)
        have = len(chunk) if chunk is not None else 0
        end = start + len(data)
        places = self.map.get(index)
        held = len(places) if places is not None else 0
        need = end + BLOCK - 1 >> PAGE_BITS
        first = start >> PAGE_BITS
        if need > held:
            got = self._extend(index, need - held)
            if got < need - held:
                data = data[: max(0, (held + got) * BLOCK - start)]
                if not data:
                    self._cut(index, held)
                    return 0
                need = held + got
            # What lies between the old blocks and these is new too, and zeros.
            first = min(first, held)
            if self.fs.online:
                self.fresh |= pages(index * PER_CHUNK + held, index * PER_CHUNK + need - 1)
        if self.fs.online:
            self.fs.writeback.soil(
                self, pages(index * PER_CHUNK + first, index * PER_CHUNK + need - 1)
            )
        if chunk is None:
            chunk = self._chunks[index] = bytearray()
        if start > have:
            chunk.extend(bytes(start - have))
        chunk[start : start + len(data)] = data
        return len(data)

    def _cut(self, index: int, keep: int) -> None:
        """Give back the blocks of a chunk but for the first ``keep``."""
        places = self.map.get(index)
        if places is None:
            return
        self.held -= max(0, len(places) - keep)
        self.fs.drop_blocks(self, index * PER_CHUNK + keep, places[keep:])
        if keep:
            del places[keep:]
        else:
            del self.map[index]

    def truncate(self, size: int) -> None:
        if size > MAX_FILE_SIZE:
            raise error(Errno.EFBIG)
        if self._lazy is not None:
            self._load()
        self.alter()
        before = self._size
        if size < before:
            last, keep = size >> CHUNK_BITS, size & CHUNK - 1
            for index in [i for i in self.map if i > last or (i == last and not keep)]:
                self._cut(index, 0)
                self._chunks.pop(index, None)
            if last in self.map:
                if keep & BLOCK - 1 and self.fs.online and self.block(size >> PAGE_BITS):
                    self.fs.writeback.soil(
                        self, 1 << (size >> PAGE_BITS)
                    )  # its end is zeros from now on
                self._cut(last, keep + BLOCK - 1 >> PAGE_BITS)
                if last in self._chunks:
                    del self._chunks[last][keep:]
            if not size and self.fs.online:
                self.replaced = True
        self._size = size
        self.disk_size = min(size, self.disk_size) if size < before else size
        self._content_digest = self._source = None
        self.modified()
        if self.mapping is not None:
            self.mapping.truncated(size)

    def release(self) -> None:
        if self.replaced and self.opens == 1:
            self.replaced = False
            self.fs.writeback.write(self)
        super().release()

    def placement(self) -> bytes:
        """Its blocks, for the digest."""
        return b"".join(b"%d:%b;" % (at, repr(self.map[at]).encode()) for at in sorted(self.map))

    def content_digest(self) -> bytes:
        return super().content_digest() + self.placement()


def existing(file: DiskFile) -> int:
    """The pages up to the end of the file."""
    return (1 << (file.size + 4095 >> 12)) - 1


def runs(file: DiskFile, mask: int, most: int = 32) -> list[tuple[int, int, int]]:
    """``mask`` in stretches that lie in one piece on the disk: (page, block, how many pages)."""
    found: list[tuple[int, int, int]] = []
    first = start = count = 0
    for page in members(mask):
        block = file.block(page)
        if block is None:
            continue
        if count and page == first + count and block == start + count and count < most:
            count += 1
            continue
        if count:
            found.append((first, start, count))
        first, start, count = page, block, 1
    if count:
        found.append((first, start, count))
    return found

"""A file system whose inodes and pages reach a disk later, or never if the power goes first.

``online`` is True while it is mounted on a running machine. Then every change belongs to the
running transaction of the journal, data waits in the page cache until it is old enough or somebody
syncs, and :meth:`Ext4.crash` leaves exactly what the disk has. The machine's builder works while it
is not: what he writes is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

from minios.abi.errno import Errno, error
from minios.fs.disk import Request
from minios.fs.disk.device import Device
from minios.fs.ext4.file import DiskFile
from minios.fs.ext4.image import Image, durable_map, durable_size
from minios.fs.ext4.journal import Journal
from minios.fs.ext4.layout import SECTORS, Bitmap, Layout
from minios.fs.ext4.template import Inodes, awake
from minios.fs.ext4.writeback import Writeback
from minios.fs.filesystem import FileSystem
from minios.fs.inode import BLOCK, Dentry, Directory, Inode
from minios.fs.watch import tell_deleted
from minios.sim.canonical import encode

if TYPE_CHECKING:
    from minios.fs.cache import PageCache
    from minios.fs.ext4.quota import Quota

Done = Callable[[], None]


class Ext4(FileSystem):
    """``data`` blocks for files on ``device``. Sizes are in blocks of 4 KiB."""

    regular = DiskFile

    def __init__(
        self,
        device: Device,
        clock: Callable[[], int],
        changed: Callable[[], None],
        *,
        data: int,
        inodes: int | None = None,
        label: bytes = b"",
        uuid: bytes = bytes(16),
    ) -> None:
        self.layout = Layout(data)
        self.bitmap = Bitmap(self.layout)
        self.places: dict[int, list[int]] = {}
        """The blocks of what is no regular file: directories, long symbolic links."""
        self.groups: dict[int, int] = {}
        """The block group of each directory."""
        self.device = device
        self.label = label
        self.uuid = uuid
        self.made = clock()
        self.mounted = 0
        """How often it was mounted."""
        self.last_mounted = b""
        self.crashed = False
        """The power went while it was mounted."""
        self.damaged = False
        """Its metadata were overwritten past it."""
        self.shadow: dict[int, bytes] = {}
        """What the disk has in blocks whose page says something else, or is gone."""
        self.stale: dict[int, bytes] = {}
        """What is left in blocks that nobody owns; :meth:`leave` changes it."""
        self._stale_sum = 0
        """All of it in one number, for the digest."""
        self.journal = Journal(self)
        self.writeback = Writeback(self)
        self.quota: Quota | None = None
        self._spread = 0
        self.txn = 1
        super().__init__(
            b"ext4", device.rdev, clock, changed, source=b"/dev/" + device.name,
            size=data * BLOCK, inodes=inodes,
        )  # fmt: skip
        self.groups[self.root.inode.ino] = 0
        self.fit(self.root.inode)
        device.content = self

    # -- space ---------------------------------------------------------------------------------

    def take_blocks(self, file: DiskFile, count: int, goal: int) -> list[int]:
        """Up to ``count`` blocks for a file; :attr:`full` says why they are fewer."""
        free = self.total_blocks - self.used_blocks
        if count > free:
            self.full = Errno.ENOSPC
            count = free
        quota = self.quota
        if quota is not None:
            room = quota.room(file.uid, count, self.clock())
            if room < count:
                self.full = Errno.EDQUOT
                count = room
        if count <= 0:
            return []
        got = self._allocate(count, goal)
        self.used_blocks += len(got)
        if quota is not None:
            quota.use(file.uid, len(got), 0, self.clock())
        return got

    def _allocate(self, count: int, goal: int) -> list[int]:
        got = self.bitmap.take(count, goal)
        if len(got) < count and self.online:
            # What is left was given back by changes that are not on the disk yet.
            self.journal.force()
            got += self.bitmap.take(count - len(got), goal)
        if self.journal.running is not None and got:
            self.journal.running.blocks[self.layout.bitmap_block(got[0])] = None
        return got

    def drop_blocks(self, file: DiskFile, first: int, blocks: list[int]) -> None:
        """The pages of ``file`` from ``first`` on give back their ``blocks``."""
        if not blocks:
            return
        self.used_blocks -= len(blocks)
        if self.quota is not None:
            self.quota.use(file.uid, -len(blocks), 0, self.clock())
        mask = (1 << len(blocks)) - 1 << first
        if not self.online:
            for block in blocks:
                self.bitmap.free(block)
            if self.cache is not None:
                self.cache.forget(file, mask)
            return
        txn = self.journal.transaction()
        fresh = file.fresh
        for page, block in enumerate(blocks, first):
            if fresh >> page & 1:
                self.bitmap.free(block)
                continue
            if block not in self.shadow:
                self.shadow[block] = file.page_bytes(page)
            txn.freed.append(block)
        txn.blocks[self.layout.bitmap_block(blocks[0])] = None
        assert self.cache is not None
        self.cache.forget(file, mask)
        self.writeback.written(file, mask)

    def fit(self, inode: Inode) -> None:
        if isinstance(inode, DiskFile):
            return
        wanted = inode.blocks
        places = self.places.get(inode.ino)
        held = len(places) if places is not None else 0
        if wanted > held:
            if places is None:
                places = self.places[inode.ino] = []
            goal = places[-1] + 1 if places else self.layout.data_start(self._group_of(inode))
            places.extend(self._allocate(wanted - held, goal))
        elif wanted < held:
            assert places is not None
            self._give_back(places[wanted:])
            del places[wanted:]
            if not places:
                del self.places[inode.ino]

    def _give_back(self, blocks: list[int]) -> None:
        """Blocks of directories and links are free; the journal still needs them."""
        if self.online:
            self.journal.transaction().freed.extend(blocks)
        else:
            for block in blocks:
                self.bitmap.free(block)

    def _group_of(self, inode: Inode) -> int:
        return self.groups.get(inode.ino, 0)

    def created(self, inode: Inode, parent: Directory) -> None:
        group = self.groups.get(parent.ino, 0)
        if isinstance(inode, Directory):
            if parent.ino == self.root.inode.ino:  # spread what has little to do with each other
                self._spread += 1
                group = self._spread % self.layout.groups
            self.groups[inode.ino] = group
        elif isinstance(inode, DiskFile):
            inode.group = group
        if self.quota is not None:
            self.quota.use(inode.uid, inode.blocks, 1, self.clock())
        if self.online:
            txn = self.journal.transaction()
            txn.images[inode.ino] = Image(inode, None, exists=False)
            inode._txn = self.txn
            txn.blocks[self.layout.inode_block(inode.ino)] = None
        if inode.blocks:
            self.fit(inode)

    def digests(self) -> Iterator[bytes]:
        inodes = self.inodes
        return inodes.digests() if isinstance(inodes, Inodes) else super().digests()

    def give_inode(self, uid: int) -> None:
        if self.quota is not None and not self.quota.may_have_inode(uid, self.clock()):
            raise error(Errno.EDQUOT)

    def give(self, inode: Inode, uid: int, *, builder: bool = False) -> None:
        quota = self.quota
        if quota is not None:
            now = self.clock()
            blocks = inode.blocks
            room = quota.room(uid, blocks, now) >= blocks and quota.may_have_inode(uid, now)
            if not room and not builder:
                raise error(Errno.EDQUOT)
            quota.move(inode, uid, now)

    def keep_quota(self) -> Quota:
        """Count what everybody has from now on."""
        if self.quota is None:
            from minios.fs.ext4.quota import Quota

            self.quota = Quota()
            self.quota.count(self.inodes.values())
        return self.quota

    def free(self, inode: Inode) -> None:
        if inode.ino not in self.inodes:
            return
        if inode.watches is not None:
            tell_deleted(inode)
        if self.online:
            inode.alter()
        if isinstance(inode, DiskFile):
            for index in sorted(inode.map):
                inode._cut(index, 0)
            self.writeback.files.pop(inode.ino, None)
            blocks = 0
        else:
            blocks = inode.blocks
            places = self.places.pop(inode.ino, None)
            if places:
                self._give_back(places)
            self.used_blocks -= blocks
            self.groups.pop(inode.ino, None)
        if self.quota is not None:
            self.quota.use(inode.uid, -blocks, -1, self.clock())
        del self.inodes[inode.ino]
        self.changed()

    def rename(self, dentry: Dentry, at: Dentry, name: bytes) -> None:
        """A file that replaces another begins to be written (auto_da_alloc in ext4(5)), so that a
        crash finds the old content or the new one.
        """
        replaces = isinstance(at.inode, Directory) and name in at.inode.entries
        super().rename(dentry, at, name)
        if replaces and self.online and isinstance(dentry.inode, DiskFile):
            self.writeback.write(dentry.inode)

    def save(self, inode: Inode) -> None:
        if self.online:
            self.journal.save(inode)

    # -- blocks --------------------------------------------------------------------------------

    def leave(self, block: int, content: bytes | None) -> None:
        """What lies in a block that nobody owns; None: nothing, or zeros."""
        old = self.stale.pop(block, None)
        if old is not None:
            self._stale_sum ^= _mark(block, old)
        if content is not None and content.strip(b"\0"):
            self.stale[block] = content
            self._stale_sum ^= _mark(block, content)

    def submit(
        self,
        block: int,
        count: int,
        *,
        write: bool,
        done: Callable[[Request], None] | None,
        about: tuple[Any, ...],
    ) -> None:
        """Ask the disk for ``count`` blocks."""
        device = self.device
        device.submit(Request(device.start + block * SECTORS, count * SECTORS, write, done, about))

    # -- making things durable -----------------------------------------------------------------

    def fsync(self, inode: Inode, done: Done, *, data_only: bool = False) -> None:
        """fsync(2), or fdatasync(2): the content, then the journal if it has to know."""
        if not self.online:
            done()
        elif isinstance(inode, DiskFile):
            self.writeback.push(inode, partial(self._sync_inode, inode, done, data_only))
        else:
            self._sync_inode(inode, done, data_only)

    def _sync_inode(self, inode: Inode, done: Done, data_only: bool) -> None:
        image = self.journal.image_of(inode)
        if image is None:
            done()
            return
        if data_only and image.exists and isinstance(inode, DiskFile):
            same = image.size == durable_size(inode) and image.map == durable_map(inode)
            if same:
                done()
                return
        self.journal.commit(done)

    def sync(self, done: Done) -> None:
        """Bring all that was changed so far to the disk, then call ``done`` (sync(2))."""
        left = 1

        def one() -> None:
            nonlocal left
            left -= 1
            if not left:
                self.journal.commit(done)

        if not self.online:
            done()
            return
        writeback = self.writeback
        files = {file.ino: file for file in writeback.files.values()}
        for file in writeback.flying():
            files.setdefault(file.ino, file)
        for file in files.values():
            left += 1
            writeback.push(file, one)
        one()

    # -- power and mounts ----------------------------------------------------------------------

    def go_online(self, cache: PageCache) -> None:
        """The file system is mounted on a running machine."""
        self.cache = cache
        self.online = True
        self.crashed = False
        cache.file_systems.append(self)

    def go_offline(self) -> None:
        """It is unmounted, and all is on the disk."""
        self.settle()
        self.writeback.write_places(list(self.journal.checkpoint))
        cache = self.cache
        if cache is not None:
            for inode in awake(self):
                if isinstance(inode, DiskFile) and inode.cached:
                    cache.remove(inode, inode.cached)
            cache.file_systems.remove(self)
        self.journal.stop()
        self.writeback.stop()
        self.cache = None
        self.online = False

    def settle(self) -> None:
        """Everything is on the disk at once, as if it always had been."""
        if self.online:
            self.writeback.settle()
            self.journal.force()
            self.shadow.clear()
            self.writeback.release()

    def crash(self) -> None:
        """The power is gone: the inodes are what the disk says, its journal replayed."""
        if not self.online:
            return
        from minios.fs.ext4.recovery import recover

        self.online = False
        self.cache = None
        self.crashed = True
        images = self.journal.lost()
        self.writeback.lost()
        recover(self, images)

    # -- digest and checks ---------------------------------------------------------------------

    def digest(self) -> bytes:
        shadow = sorted(self.shadow.items())
        own = (
            self._spread, self.online, shadow, self._stale_sum, len(self.stale),
            sorted(self.places.items()), self.journal.state(), self.writeback.state(),
            self.quota.state() if self.quota is not None else None,
        )  # fmt: skip
        return super().digest() + encode(own)

    def check(self) -> None:
        """The invariants; AssertionError says which is broken (for tests)."""
        from minios.fs.ext4.check import check

        check(self)


def _mark(block: int, content: bytes) -> int:
    return (block << 32 | crc32(content)) * 0x9E3779B97F4A7C15 & (1 << 64) - 1

"""A file system whose inodes and pages reach a disk later, or never if the power goes first.

``online`` is True while it is mounted on a running machine. Then every change belongs to the
running transaction of the journal, data waits in the page cache until it is old enough or somebody
syncs, and :meth:`Ext4.crash` leaves exactly what the disk has. The machine's builder works while it
is not: what he writes is on the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

from minios.abi.errno import Errno, error
from minios.fs.disk import Request
from minios.fs.disk.device import Device
from minios.fs.ext4.file import DiskFile, members, runs
from minios.fs.ext4.journal import COMMIT, Image, Transaction, durable_map, durable_size
from minios.fs.ext4.layout import SECTORS, Bitmap, Layout
from minios.fs.filesystem import FileSystem
from minios.fs.inode import BLOCK, Dentry, Directory, Inode
from minios.sim.canonical import encode
from minios.sim.world import Timer

if TYPE_CHECKING:
    from minios.fs.cache import PageCache
    from minios.fs.ext4.quota import Quota

Done = Callable[[], None]


class _Watch:
    """Somebody waits until some pages of a file are written: ``flight`` now, ``todo`` after it."""

    __slots__ = ("done", "flight", "todo")

    def __init__(self, todo: int, flight: int, done: Done) -> None:
        self.todo = todo
        self.flight = flight
        self.done = done


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
        self.running: Transaction | None = None
        self.committing: Transaction | None = None
        self.dirty_files: dict[int, DiskFile] = {}
        self.checkpoint: dict[int, int] = {}
        """Metadata blocks that are in the journal but not in their place, and since when."""
        self.quota: Quota | None = None
        self._watches: dict[int, list[_Watch]] = {}
        self._flusher: Timer | None = None
        self._commit_timer: Timer | None = None
        self._journal_head = 0
        self._spread = 0
        self._numbers = 0
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
            self._force()
            got += self.bitmap.take(count - len(got), goal)
        if self.running is not None and got:
            self.running.blocks[self.layout.bitmap_block(got[0])] = None
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
        txn = self._transaction()
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
        self._written(file, mask)

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
            self._transaction().freed.extend(blocks)
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
            txn = self._transaction()
            txn.images[inode.ino] = Image(inode, None, exists=False)
            inode._txn = self.txn
            txn.blocks[self.layout.inode_block(inode.ino)] = None
        if inode.blocks:
            self.fit(inode)

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
        if self.online:
            inode.alter()
        if isinstance(inode, DiskFile):
            for index in sorted(inode.map):
                inode._cut(index, 0)
            self.dirty_files.pop(inode.ino, None)
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
            self.write_back(dentry.inode)

    # -- transactions --------------------------------------------------------------------------

    def _transaction(self) -> Transaction:
        txn = self.running
        if txn is None:
            self._numbers += 1
            now = self.device.disk.world.now
            txn = self.running = Transaction(self._numbers, now)
            self._commit_timer = self.device.disk.world.timer(now + COMMIT, self._commit_due)
        return txn

    def save(self, inode: Inode) -> None:
        if not self.online:
            return
        txn = self._transaction()
        if inode.ino not in txn.images:
            txn.images[inode.ino] = Image(inode, self.places.get(inode.ino))
            txn.blocks[self.layout.inode_block(inode.ino)] = None
            places = self.places.get(inode.ino)
            if places:
                txn.blocks[places[-1]] = None
        inode._txn = self.txn

    def _commit_due(self) -> None:
        self._commit_timer = None
        if self.running is not None and self.committing is None:
            self._start_commit()

    def commit(self, done: Done) -> None:
        """Bring everything that was changed so far to the journal, then call ``done``."""
        if self.running is not None:
            self.running.waiters.append(done)
            if self.committing is None:
                self._start_commit()
        elif self.committing is not None:
            self.committing.waiters.append(done)
        else:
            done()

    def _start_commit(self) -> None:
        txn = self.committing = self.running
        assert txn is not None
        self.running = None
        self.txn += 1
        if self._commit_timer is not None:
            self._commit_timer.cancel()
            self._commit_timer = None
        # A descriptor and the changed blocks, and when they are there the record that counts.
        record = partial(self._write_journal, 1, lambda request: self._committed(txn))
        self._write_journal(1 + len(txn.blocks), lambda request: record())

    def _write_journal(self, count: int, done: Callable[[Request], None]) -> None:
        size = self.layout.journal_size
        count = min(count, size)
        if self._journal_head + count > size:
            self._journal_head = 0
        at = self.layout.journal + self._journal_head
        self._journal_head += count
        self.submit(at, count, write=True, done=done, about=("journal",))

    def _committed(self, txn: Transaction) -> None:
        if self.committing is not txn:
            return
        self.committing = None
        self._retire(txn)
        now = self.device.disk.world.now
        for block in txn.blocks:
            self.checkpoint.setdefault(block, now)
        self._arm()
        if self.running is not None:
            if self.running.waiters:
                self._start_commit()
            elif self._commit_timer is None:
                due = max(now, self.running.started + COMMIT)
                self._commit_timer = self.device.disk.world.timer(due, self._commit_due)
        for done in txn.waiters:
            done()

    def _retire(self, txn: Transaction) -> None:
        """``txn`` is on the disk: what it freed is free."""
        for block in txn.freed:
            self.bitmap.free(block)
            content = self.shadow.pop(block, None)
            if content is not None:
                self.leave(block, content)

    def leave(self, block: int, content: bytes | None) -> None:
        """What lies in a block that nobody owns; None: nothing, or zeros."""
        old = self.stale.pop(block, None)
        if old is not None:
            self._stale_sum ^= _mark(block, old)
        if content is not None and content.strip(b"\0"):
            self.stale[block] = content
            self._stale_sum ^= _mark(block, content)

    def _force(self) -> None:
        """Act as if both transactions were on the disk: the last free blocks are needed now."""
        waiters: list[Done] = []
        for txn in (self.committing, self.running):
            if txn is not None:
                self._retire(txn)
                waiters += txn.waiters
        self.committing = self.running = None
        self.txn += 1
        if self._commit_timer is not None:
            self._commit_timer.cancel()
            self._commit_timer = None
        for done in waiters:
            done()

    # -- pages ---------------------------------------------------------------------------------

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
        device.submit(
            Request(device.start + block * SECTORS, count * SECTORS, write, done, about)
        )

    def soil(self, file: DiskFile, mask: int) -> None:
        """Pages are about to be changed: what the disk has in their blocks is kept."""
        cache = self.cache
        assert cache is not None
        new = mask & ~file.unwritten
        if not new:
            return
        if not file.unwritten:
            if not file.flight:
                file.disk_size = file._size
            file.since = self.device.disk.world.now
            self.dirty_files[file.ino] = file
        for page in members(new & file.flight):
            file.flying[page] = file.page_bytes(page)
        for page in members(new & ~file.flight & ~file.fresh):
            block = file.block(page)
            if block is not None and block not in self.shadow:
                self.shadow[block] = file.page_bytes(page)
        file.unwritten |= new
        cache.dirty += new.bit_count()
        cache.insert(file, new)
        file.recent |= new
        self._arm()

    def write_back(self, file: DiskFile, mask: int = -1) -> None:
        """Send the dirty pages of ``mask`` to the disk, but for those that are on their way."""
        todo = file.unwritten & mask & ~file.flight
        if not todo:
            return
        cache = self.cache
        assert cache is not None
        file.unwritten &= ~todo
        file.flight |= todo
        cache.dirty -= todo.bit_count()
        cache.writing += todo.bit_count()
        if not file.unwritten:
            self.dirty_files.pop(file.ino, None)
        for first, block, count in runs(file, todo):
            run = (1 << count) - 1 << first
            done = partial(self._page_written, file, run, cache)
            self.submit(block, count, write=True, done=done, about=("writeback", file.ino))

    def _page_written(self, file: DiskFile, run: int, cache: PageCache, request: Request) -> None:
        run &= file.flight
        if self.cache is not cache or not run:
            return
        last = run.bit_length()
        reach = min(file._size, last * BLOCK)
        if run & file.fresh or reach > file.disk_size:
            self.save(file)
        file.fresh &= ~run
        file.disk_size = max(file.disk_size, reach)
        for page in members(run):
            block = file.block(page)
            assert block is not None
            if self.stale:
                self.leave(block, None)
            written = file.flying.pop(page, None)
            if written is not None:
                self.shadow[block] = written
            else:
                self.shadow.pop(block, None)
        file.flight &= ~run
        cache.writing -= run.bit_count()
        self._written(file, run)
        cache.wake(file)

    def write_all_back(self) -> None:
        """Send every dirty page to the disk."""
        for file in list(self.dirty_files.values()):
            self.write_back(file)

    def _written(self, file: DiskFile, mask: int) -> None:
        """Tell whoever waits for pages that these are written, or gone."""
        watches = self._watches.get(file.ino)
        if not watches:
            return
        ended = []
        for watch in watches:
            watch.flight &= ~mask
            again = watch.todo & ~file.flight
            if again:
                watch.todo &= ~again
                again &= file.unwritten
                watch.flight |= again
                self.write_back(file, again)
            if not watch.todo and not watch.flight:
                ended.append(watch)
        left = [watch for watch in watches if watch not in ended]
        if left:
            self._watches[file.ino] = left
        else:
            self._watches.pop(file.ino, None)
        for watch in ended:
            watch.done()

    def push(self, file: DiskFile, done: Done, mask: int = -1) -> None:
        """Write what is dirty of a file now; ``done`` is called when the disk has it."""
        busy = file.flight & mask
        todo = file.unwritten & busy
        start = file.unwritten & mask & ~busy
        if not busy and not start:
            done()
            return
        self._watches.setdefault(file.ino, []).append(_Watch(todo, busy | start, done))
        self.write_back(file, start)

    # -- making things durable -----------------------------------------------------------------

    def fsync(self, inode: Inode, done: Done, *, data_only: bool = False) -> None:
        """fsync(2), or fdatasync(2): the content, then the journal if it has to know."""
        if not self.online:
            done()
        elif isinstance(inode, DiskFile):
            self.push(inode, partial(self._sync_inode, inode, done, data_only))
        else:
            self._sync_inode(inode, done, data_only)

    def _sync_inode(self, inode: Inode, done: Done, data_only: bool) -> None:
        image = self._image(inode)
        if image is None:
            done()
            return
        if data_only and image.exists and isinstance(inode, DiskFile):
            same = image.size == durable_size(inode) and image.map == durable_map(inode)
            if same:
                done()
                return
        self.commit(done)

    def _image(self, inode: Inode) -> Image | None:
        """What the disk knows of an inode that was changed; None if that is all there is."""
        for txn in (self.committing, self.running):
            if txn is not None and inode.ino in txn.images:
                return txn.images[inode.ino]
        return None

    def sync(self, done: Done) -> None:
        """Bring all that was changed so far to the disk, then call ``done`` (sync(2))."""
        left = 1

        def one() -> None:
            nonlocal left
            left -= 1
            if not left:
                self.commit(done)

        if not self.online:
            done()
            return
        files = {file.ino: file for file in self.dirty_files.values()}
        for file in self._flying():
            files.setdefault(file.ino, file)
        for file in files.values():
            left += 1
            self.push(file, one)
        one()

    def _flying(self) -> list[DiskFile]:
        cache = self.cache
        if cache is None or not cache.writing:
            return []
        return [f for f in self.inodes.values() if isinstance(f, DiskFile) and f.flight]

    def _arm(self) -> None:
        """See that the flusher looks in a while, as long as there is something to look at."""
        if self._flusher is not None or not (self.dirty_files or self.checkpoint):
            return
        if self.cache is None or not self.online:
            return
        interval = self.cache.knobs.interval
        if interval:
            world = self.device.disk.world
            self._flusher = world.timer(world.now + interval, self._flush)

    def _flush(self) -> None:
        """Write what has been dirty for too long."""
        self._flusher = None
        cache = self.cache
        if cache is None:
            return
        born = self.device.disk.world.now - cache.knobs.expire
        for file in list(self.dirty_files.values()):
            if file.since <= born or cache.dirty > cache.knobs.background:
                self.write_back(file)
        due = [block for block, since in self.checkpoint.items() if since <= born]
        self._write_places(due)
        self._arm()

    def _write_places(self, blocks: list[int]) -> None:
        """Write metadata to its place."""
        for block in blocks:
            del self.checkpoint[block]
            self.submit(block, 1, write=True, done=None, about=("metadata",))

    def knobs_changed(self) -> None:
        """The intervals are others: look at them now."""
        if self._flusher is not None:
            self._flusher.cancel()
            self._flusher = None
        self._arm()

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
        self._write_places(list(self.checkpoint))
        cache = self.cache
        if cache is not None:
            for inode in self.inodes.values():
                if isinstance(inode, DiskFile) and inode.cached:
                    cache.remove(inode, inode.cached)
            cache.file_systems.remove(self)
        self._stop_timers()
        self.cache = None
        self.online = False

    def _stop_timers(self) -> None:
        for timer in (self._flusher, self._commit_timer):
            if timer is not None:
                timer.cancel()
        self._flusher = self._commit_timer = None

    def settle(self) -> None:
        """Everything is on the disk at once, as if it always had been."""
        if not self.online:
            return
        cache = self.cache
        assert cache is not None
        for file in [*self.dirty_files.values(), *self._flying()]:
            cache.dirty -= file.unwritten.bit_count()
            cache.writing -= file.flight.bit_count()
            file.unwritten = file.flight = file.fresh = 0
            file.flying.clear()
        self.dirty_files.clear()
        self._force()
        self.shadow.clear()
        watches, self._watches = self._watches, {}
        for waiting in watches.values():
            for watch in waiting:
                watch.done()

    def crash(self) -> None:
        """The power is gone: the inodes are what the disk says, its journal replayed."""
        if not self.online:
            return
        self.online = False
        self.cache = None
        self.crashed = True
        self._stop_timers()
        images: dict[int, Image] = {}
        for txn in (self.running, self.committing):
            if txn is not None:
                images.update(txn.images)
        files = [inode for inode in self.inodes.values() if isinstance(inode, DiskFile)]
        for file in files:
            if (file.unwritten or file.flight) and file.ino not in images:
                images[file.ino] = Image(file, None)
        self._recover(images)
        for ino in [ino for ino, inode in self.inodes.items() if not inode.nlink]:
            images.setdefault(ino, Image(self.inodes[ino], None))
            del self.inodes[ino]  # it was deleted while it was open
            self.places.pop(ino, None)
        for inode in self.inodes.values():
            inode.opens = 0
        if images:
            files = [inode for inode in self.inodes.values() if isinstance(inode, DiskFile)]
        for file in files:
            file.cached = file.recent = file.unwritten = file.flight = file.fresh = 0
            file.reading = 0
            file.replaced = False
            file.waiting = None
            file.flying.clear()
            file.frames.clear()
        self.running = self.committing = None
        self.txn += 1
        self.dirty_files.clear()
        self.checkpoint.clear()
        self._watches.clear()
        self.shadow.clear()
        if images:
            self._recount()
            self.changed()

    def _recover(self, images: dict[int, Image]) -> None:
        """Give every inode back what the disk knows of it."""
        for ino, image in images.items():
            inode = image.inode
            if not image.exists:
                self.inodes.pop(ino, None)
                self.places.pop(ino, None)
                continue
            self.inodes[ino] = inode
            (inode.mode, inode.uid, inode.gid, inode.nlink, inode.rdev, inode.mtime, inode.ctime,
             inode.xattrs) = image.meta  # fmt: skip
            if image.places:
                self.places[ino] = image.places
            if isinstance(inode, DiskFile):
                self._recover_file(inode, image)
            inode._digest = None
        for image in images.values():
            if image.exists and isinstance(image.inode, Directory):
                _recover_directory(image.inode, image)
        self.inodes = dict(sorted(self.inodes.items()))

    def _recover_file(self, file: DiskFile, image: Image) -> None:
        if file._lazy is not None:
            return
        chunks: dict[int, bytearray] = {}
        for index, places in image.map.items():
            chunk = bytearray()
            for at, block in enumerate(places):
                page = index * 16 + at
                content = self.shadow.get(block)
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

    def _recount(self) -> None:
        """Find out anew which blocks are taken."""
        self.bitmap = Bitmap(self.layout)
        used = self.bitmap.used
        count = 0
        for inode in self.inodes.values():
            if isinstance(inode, DiskFile):
                inode.held = 0
                for places in inode.map.values():
                    inode.held += len(places)
                    for block in places:
                        used[block] = 1
                count += inode.held
            else:
                for block in self.places.get(inode.ino, ()):
                    used[block] = 1
                count += inode.blocks
        self.used_blocks = count
        if self.quota is not None:
            self.quota.count(self.inodes.values())

    # -- digest and checks ---------------------------------------------------------------------

    def digest(self) -> bytes:
        shadow = sorted(self.shadow.items())
        own = (
            self.txn, self._numbers, self._journal_head, self._spread, self.online, shadow,
            self._stale_sum, len(self.stale), list(self.checkpoint.items()), list(self.dirty_files),
            sorted(self.places.items()),
            self.running.state() if self.running is not None else None,
            self.committing.state() if self.committing is not None else None,
            self.quota.state() if self.quota is not None else None,
        )  # fmt: skip
        return super().digest() + encode(own)

    def check(self) -> None:
        """The invariants; AssertionError says which is broken (for tests)."""
        owner: dict[int, int] = {}
        total = 0
        for inode in self.inodes.values():
            if isinstance(inode, DiskFile):
                blocks = [block for places in inode.map.values() for block in places]
                assert inode.held == len(blocks)
            else:
                blocks = list(self.places.get(inode.ino, ()))
                assert inode.blocks == len(blocks), f"inode {inode.ino} and its blocks"
            total += len(blocks)
            for block in blocks:
                assert block not in owner, f"block {block} has two owners"
                owner[block] = inode.ino
                assert self.bitmap.used[block], f"block {block} is free and used"
        assert total == self.used_blocks, (total, self.used_blocks)
        freed = [b for t in (self.running, self.committing) if t is not None for b in t.freed]
        assert not owner.keys() & set(freed), "a block is freed and used"
        meta = self.layout.first + self.layout.groups * self.layout.meta
        assert sum(self.bitmap.used) == meta + total + len(freed)


def _mark(block: int, content: bytes) -> int:
    return (block << 32 | crc32(content)) * 0x9E3779B97F4A7C15 & (1 << 64) - 1


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

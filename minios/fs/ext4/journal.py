"""The journal: changes that reach the disk together or not at all (ordered mode, as jbd2 has it).

The inodes in memory are what programs see. Before one is changed for the first time in a
transaction, an :class:`~minios.fs.ext4.image.Image` of it is kept: what the disk would say of it
after a crash now. When the transaction's record has reached the journal its images are thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from minios.fs.disk import Request
from minios.fs.ext4.image import Image
from minios.fs.inode import Inode
from minios.sim.world import Timer

if TYPE_CHECKING:
    from minios.fs.ext4.filesystem import Ext4

Done = Callable[[], None]

COMMIT = 5_000_000_000
"""ns after which a transaction is committed at the latest (ext4(5), commit=5)."""


class Transaction:
    """Changes that reach the disk together or not at all."""

    __slots__ = ("blocks", "freed", "images", "number", "started", "waiters")

    def __init__(self, number: int, started: int) -> None:
        self.number = number
        self.started = started
        self.images: dict[int, Image] = {}
        self.freed: list[int] = []
        """Blocks that are free once it is on the disk."""
        self.blocks: dict[int, None] = {}
        """The metadata blocks that it changes."""
        self.waiters: list[Callable[[], None]] = []

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.number, self.started, self.freed, list(self.blocks),
            [(ino, image.state()) for ino, image in sorted(self.images.items())],
        )  # fmt: skip


class Journal:
    """The transaction that changes belong to now, and the one on its way to the disk."""

    def __init__(self, fs: Ext4) -> None:
        self.fs = fs
        self.running: Transaction | None = None
        self.committing: Transaction | None = None
        self.checkpoint: dict[int, int] = {}
        """Metadata blocks that are in the journal but not in their place, and since when."""
        self._timer: Timer | None = None
        self._head = 0
        self._numbers = 0

    def transaction(self) -> Transaction:
        """The running transaction; one begins, and its time, when there is none."""
        txn = self.running
        if txn is None:
            self._numbers += 1
            now = self.fs.device.disk.world.now
            txn = self.running = Transaction(self._numbers, now)
            self._timer = self.fs.device.disk.world.timer(now + COMMIT, self._due)
        return txn

    def save(self, inode: Inode) -> None:
        """Keep what the disk knows of an inode that is about to be changed."""
        txn = self.transaction()
        if inode.ino not in txn.images:
            txn.images[inode.ino] = Image(inode, self.fs.places.get(inode.ino))
            txn.blocks[self.fs.layout.inode_block(inode.ino)] = None
            places = self.fs.places.get(inode.ino)
            if places:
                txn.blocks[places[-1]] = None
        inode._txn = self.fs.txn

    def commit(self, done: Done) -> None:
        """Bring everything that was changed so far to the journal, then call ``done``."""
        if self.running is not None:
            self.running.waiters.append(done)
            if self.committing is None:
                self._start()
        elif self.committing is not None:
            self.committing.waiters.append(done)
        else:
            done()

    def image_of(self, inode: Inode) -> Image | None:
        """What the disk knows of an inode that was changed; None if that is all there is."""
        for txn in (self.committing, self.running):
            if txn is not None and inode.ino in txn.images:
                return txn.images[inode.ino]
        return None

    def force(self) -> None:
        """Act as if both transactions were on the disk: the last free blocks are needed now."""
        waiters: list[Done] = []
        for txn in (self.committing, self.running):
            if txn is not None:
                self._retire(txn)
                waiters += txn.waiters
        self.committing = self.running = None
        self.fs.txn += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for done in waiters:
            done()

    def _due(self) -> None:
        self._timer = None
        if self.running is not None and self.committing is None:
            self._start()

    def _start(self) -> None:
        txn = self.committing = self.running
        assert txn is not None
        self.running = None
        self.fs.txn += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # A descriptor and the changed blocks, and when they are there the record that counts.
        record = partial(self._write, 1, lambda request: self._committed(txn))
        self._write(1 + len(txn.blocks), lambda request: record())

    def _write(self, count: int, done: Callable[[Request], None]) -> None:
        size = self.fs.layout.journal_size
        count = min(count, size)
        if self._head + count > size:
            self._head = 0
        at = self.fs.layout.journal + self._head
        self._head += count
        self.fs.submit(at, count, write=True, done=done, about=("journal",))

    def _committed(self, txn: Transaction) -> None:
        if self.committing is not txn:
            return
        self.committing = None
        self._retire(txn)
        now = self.fs.device.disk.world.now
        for block in txn.blocks:
            self.checkpoint.setdefault(block, now)
        self.fs.writeback.arm()
        if self.running is not None:
            if self.running.waiters:
                self._start()
            elif self._timer is None:
                due = max(now, self.running.started + COMMIT)
                self._timer = self.fs.device.disk.world.timer(due, self._due)
        for done in txn.waiters:
            done()

    def _retire(self, txn: Transaction) -> None:
        """``txn`` is on the disk: what it freed is free."""
        for block in txn.freed:
            self.fs.bitmap.free(block)
            content = self.fs.shadow.pop(block, None)
            if content is not None:
                self.fs.leave(block, content)

    def stop(self) -> None:
        """No timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def lost(self) -> dict[int, Image]:
        """The power is gone: what the disk knows of every inode that was changed."""
        images: dict[int, Image] = {}
        for txn in (self.running, self.committing):
            if txn is not None:
                images.update(txn.images)
        self.running = self.committing = None
        self.fs.txn += 1
        self.checkpoint.clear()
        self.stop()
        return images

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.fs.txn, self._numbers, self._head, list(self.checkpoint.items()),
            self.running.state() if self.running is not None else None,
            self.committing.state() if self.committing is not None else None,
        )  # fmt: skip

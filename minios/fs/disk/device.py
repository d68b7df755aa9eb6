"""Block devices: a whole disk, or a partition of one."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.fs.disk.disk import Disk, DiskStats
from minios.fs.disk.request import SECTOR, Request

if TYPE_CHECKING:
    from minios.fs.ext4.filesystem import Ext4


FIRST_SECTOR = 2048
"""Where the first partition begins: after 1 MiB, as fdisk(8) has it."""


class Device:
    """``sectors`` sectors of ``disk`` from ``start`` on. ``name`` is the one in /dev, ``rdev`` its
    number.

    ``content`` is the file system that lies on it; ``holder`` says what it is in use for:
    ``mount``, ``swap`` or nothing.
    """

    __slots__ = (
        "_busy", "_counts", "_outstanding", "_since", "_weighted", "content", "disk", "holder",
        "name", "raw", "rdev", "sectors", "start",
    )  # fmt: skip

    def __init__(
        self, disk: Disk, name: bytes, rdev: int, start: int = 0, sectors: int | None = None
    ) -> None:
        self.disk = disk
        self.name = name
        self.rdev = rdev
        self.start = start
        self.sectors = sectors if sectors is not None else disk.sectors - start
        self.content: Ext4 | None = None
        self.holder = b""
        self.raw: dict[int, bytes] = {}
        """What was written to it directly, by block of 4 KiB; the rest is zeros."""
        self._counts = [0] * 8
        self._outstanding = self._since = self._busy = self._weighted = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self.sectors * SECTOR

    @property
    def whole(self) -> bool:
        """Whether it is no partition."""
        return self.name == self.disk.name.encode()

    # -- its share of the disk's work ----------------------------------------------------------

    def submit(self, request: Request) -> None:
        """Queue a request, whose addresses are the disk's, and count it as the partition's."""
        if not self.whole:
            request.device = self
            self._account()
            self._outstanding += 1
        self.disk.submit(request)

    def merged(self, request: Request) -> None:
        """A request became part of one that waits."""
        self._counts[5 if request.write else 1] += 1

    def finished(self, request: Request, now: int) -> None:
        """A request is over."""
        self._account()
        self._outstanding -= 1
        base = 4 if request.write else 0
        self._counts[base] += 1
        self._counts[base + 2] += request.count - sum(each.count for each in request.merged)
        self._counts[base + 3] += now - request.submitted

    def power_off(self) -> None:
        """What was queued is lost."""
        self._account()
        self._outstanding = 0

    def _account(self) -> None:
        now = self.disk.world.now
        if self._outstanding:
            self._busy += now - self._since
            self._weighted += (now - self._since) * self._outstanding
        self._since = now

    def stats(self) -> DiskStats:
        """The counters up to now; a disk's are those of all its partitions and more."""
        if self.whole:
            return self.disk.stats()
        passed = self.disk.world.now - self._since if self._outstanding else 0
        reads, merged_reads, *rest = self._counts
        writes, merged_writes = rest[2:4]
        return DiskStats(
            reads - merged_reads, merged_reads, rest[0], rest[1], writes - merged_writes,
            merged_writes, rest[4], rest[5], self._outstanding, self._busy + passed,
            self._weighted + passed * self._outstanding,
        )  # fmt: skip

    def state(self) -> Any:
        """Plain data for the digest."""
        stats = () if self.whole else tuple(self.stats())
        return (self.name, self.start, self.sectors, self.holder, sorted(self.raw.items()), stats)


def uuid(device: Device, generation: int = 0) -> bytes:
    """The 16 bytes that mkfs(8) would draw at random: the same in every replay (RFC 9562, v8)."""
    seed = b"%b %d %d" % (device.name, device.sectors, generation)
    made = bytearray(blake2b(seed, digest_size=16).digest())
    made[6] = made[6] & 0x0F | 0x80
    made[8] = made[8] & 0x3F | 0x80
    return bytes(made)


def uuid_text(value: bytes) -> bytes:
    """8-4-4-4-12 hexadecimal digits."""
    digits = value.hex().encode()
    return b"-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

"""Block devices: a whole disk, or a partition of one."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.fs.disk.disk import Disk
from minios.fs.disk.request import SECTOR

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

    __slots__ = ("content", "disk", "holder", "name", "raw", "rdev", "sectors", "start", "uuid")

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
        self.uuid = b""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.sectors * SECTOR

    @property
    def whole(self) -> bool:
        """Whether it is no partition."""
        return self.name == self.disk.name.encode()

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.name, self.start, self.sectors, self.holder, sorted(self.raw.items()))


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

"""How long a drive takes: a spinning disk by its geometry, a solid-state one by its latency.

A spinning disk (OSTEP ch. 37) seeks to the cylinder, waits until the sector comes round, and then
reads at the speed of rotation. Where the platter stands follows from the time alone.
"""

from __future__ import annotations

from typing import Protocol

MINUTE = 60_000_000_000
MILLISECOND = 1_000_000


class Drive(Protocol):
    """The mechanics of a disk. ``kind`` is ``hdd`` or ``ssd``."""

    @property
    def kind(self) -> str: ...

    def track(self, lba: int) -> int:
        """Where the arm has to be for a sector: what elevators compare."""

    def service(self, now: int, at: int, lba: int, count: int, write: bool) -> tuple[int, int, int]:
        """(seek, rotational delay, transfer) in ns, begun at ``now`` with the arm over ``at``."""


class Hdd:
    """A spinning disk. Times are ns; ``min_seek`` is to the next cylinder, ``max_seek`` across all.

    A seek of ``d`` cylinders takes ``a + b * sqrt(d)``, the arm speeding up and slowing down
    (Ruemmler and Wilkes, "An introduction to disk drive modeling", 1994). Tracks are skewed so
    that going on to the next head or cylinder misses no sector.
    """

    __slots__ = ("cylinders", "heads", "max_seek", "min_seek", "rpm", "sectors")

    kind = "hdd"

    def __init__(
        self,
        cylinders: int = 256,
        heads: int = 2,
        sectors: int = 64,
        rpm: int = 7200,
        min_seek: int = 1 * MILLISECOND,
        max_seek: int = 15 * MILLISECOND,
    ) -> None:
        self.cylinders = cylinders
        self.heads = heads
        self.sectors = sectors
        self.rpm = rpm
        self.min_seek = min_seek
        self.max_seek = max_seek

    @property
    def revolution(self) -> int:
        """ns of a turn."""
        return MINUTE // self.rpm

    @property
    def capacity(self) -> int:
        """Sectors in all."""
        return self.cylinders * self.heads * self.sectors

    def track(self, lba: int) -> int:
        """The cylinder."""
        return lba // (self.heads * self.sectors)

    def seek(self, distance: int) -> int:
        """ns to move the arm by so many cylinders."""
        from math import isqrt  # loaded with the first spinning disk

        distance = abs(distance)
        if not distance:
            return 0
        far = max(self.cylinders - 2, 1)
        part = isqrt((distance - 1 << 32) // far)  # sqrt of the fraction, in 1/65536
        return self.min_seek + ((self.max_seek - self.min_seek) * part >> 16)

    def service(self, now: int, at: int, lba: int, count: int, write: bool) -> tuple[int, int, int]:
        seek = self.seek(self.track(lba) - self.track(at))
        turn = self.revolution
        wanted = lba % self.sectors * turn // self.sectors
        rotation = (wanted - (now + seek)) % turn
        return seek, rotation, count * turn // self.sectors


class Ssd:
    """A solid-state disk: the same latency wherever the sector is, then a steady rate.

    ``latency`` is ns to the first byte of a read or write, ``sector`` is ns for each sector.
    """

    __slots__ = ("latency", "sector")

    kind = "ssd"

    def __init__(self, latency: int = 100_000, sector: int = 1_000) -> None:
        self.latency = latency
        self.sector = sector

    def track(self, lba: int) -> int:
        return lba

    def service(self, now: int, at: int, lba: int, count: int, write: bool) -> tuple[int, int, int]:
        return 0, 0, self.latency + count * self.sector


class DriveSpec:
    """What kind of drive a machine gets, whatever its size. Times are ns, ``rate`` bytes a second.

    ``latency`` and ``rate`` are a solid-state disk's; the rest, but ``elevator``, a spinning one's.
    """

    __slots__ = (
        "elevator", "heads", "kind", "latency", "max_seek", "min_seek", "rate", "rpm", "sectors",
    )  # fmt: skip

    def __init__(
        self,
        kind: str = "ssd",
        elevator: str = "deadline",
        latency: int = 100_000,
        rate: int = 512_000_000,
        rpm: int = 7200,
        heads: int = 2,
        sectors: int = 64,
        min_seek: int = 1 * MILLISECOND,
        max_seek: int = 15 * MILLISECOND,
    ) -> None:
        self.kind = kind
        self.elevator = elevator
        self.latency = latency
        self.rate = rate
        self.rpm = rpm
        self.heads = heads
        self.sectors = sectors
        self.min_seek = min_seek
        self.max_seek = max_seek

    def make(self, size: int) -> Drive:
        """Such a drive that holds at least ``size`` sectors."""
        if self.kind == "ssd":
            return Ssd(self.latency, 512 * 1_000_000_000 // self.rate)
        return hdd(
            size, rpm=self.rpm, heads=self.heads, sectors=self.sectors, min_seek=self.min_seek,
            max_seek=self.max_seek,
        )  # fmt: skip


def hdd(
    size: int,
    *,
    rpm: int = 7200,
    heads: int = 2,
    sectors: int = 64,
    min_seek: int = 1 * MILLISECOND,
    max_seek: int = 15 * MILLISECOND,
) -> Hdd:
    """A spinning disk that holds at least ``size`` sectors."""
    cylinders = max(1, -(-size // (heads * sectors)))
    return Hdd(cylinders, heads, sectors, rpm, min_seek, max_seek)

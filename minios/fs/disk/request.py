"""A request to a disk: some sectors in a row, to be read or written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minios.fs.disk.device import Device

SECTOR = 512
"""Bytes of a sector, the unit of every address and count here (as in Linux's block layer)."""

MAX_SECTORS = 256
"""Sectors that merging makes of one request at most (queue/max_sectors_kb: 128)."""


class Request:
    """``count`` sectors from ``lba`` on; ``done(request)`` is called when they have been moved.

    A disk moves no bytes: it says when. What was to be read is there, and what was to be written
    is durable, once ``done`` is called; a power cut drops requests without calling it. ``about`` is
    plain data that says for whom and for what, e.g. ``("read", pid, ino)``.
    """

    __slots__ = (
        "about", "count", "device", "done", "expires", "lba", "merged", "seq", "submitted", "write",
    )  # fmt: skip

    def __init__(
        self,
        lba: int,
        count: int,
        write: bool,
        done: Callable[[Request], None] | None = None,
        about: tuple[Any, ...] = (),
    ) -> None:
        self.lba = lba
        self.count = count
        self.write = write
        self.done = done
        self.about = about
        self.device: Device | None = None
        """The partition that it was submitted through, which counts it too."""
        self.seq = 0
        """Its place in the order of submission; the disk gives it."""
        self.submitted = 0
        self.expires = 0
        """When the deadline elevator finds that it has waited too long."""
        self.merged: list[Request] = []
        """Requests that were submitted later and are served with this one."""

    @property
    def end(self) -> int:
        """The sector after its last."""
        return self.lba + self.count

    def parts(self) -> list[Request]:
        """Everything that was submitted and became this request, in the order of submission."""
        return [self, *self.merged]

    def absorb(self, other: Request) -> None:
        """Take an adjacent request in."""
        self.lba = min(self.lba, other.lba)
        self.count += other.count
        self.merged.append(other)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.seq, self.lba, self.count, self.write, self.submitted, self.expires,
                self.about, [(each.seq, each.about) for each in self.merged])  # fmt: skip

"""Physical memory: RAM as numbered page frames of 4 KiB, each with an owner and a reference count.

Nothing here knows processes. A frame says what it is used for (:class:`Kind`), whose it is
(``owner``, any object) and which page of that owner it holds (``index``), so that whoever needs
room can find every page-table entry that points to a frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from hashlib import blake2b
from typing import Any

PAGE = 4096
PAGE_BITS = 12


class Kind(IntEnum):
    """What a frame is used for."""

    FREE = 0
    KERNEL = 1
    """Kernel stacks and the like: never moved, never swapped."""
    TABLE = 2
    """A page table."""
    ANON = 3
    """Memory of programs without a file behind it."""
    CACHE = 4
    """A page of a file."""
    SHMEM = 5
    """A page of shared memory: of tmpfs, shmget(2) or a shared anonymous mapping."""


class Table(dict[int, int]):
    """The content of a page-table frame: the entries that are not 0, by their index 0 … 1023."""

    __slots__ = ()

    def dump(self) -> bytes:
        """The 4096 bytes that the hardware sees."""
        words = bytearray(PAGE)
        for index, entry in self.items():
            words[4 * index : 4 * index + 4] = entry.to_bytes(4, "little")
        return bytes(words)


class OutOfFrames(Exception):
    """No frame is free; whoever wanted one has to make room or do without."""


class Frames:
    """All frames of a machine. ``count`` of them exist; bookkeeping begins with the first use.

    ``refs``, ``kind``, ``owner`` and ``index`` are lists by frame number. A frame with 0 references
    is free. What was never written reads as zeros and takes no room on the host.
    """

    __slots__ = ("_data", "_free", "by_kind", "count", "index", "kind", "owner", "refs", "used")

    def __init__(self, count: int) -> None:
        self.count = count
        self.used = 0
        self.refs: list[int] = []
        self.kind: list[int] = []
        self.owner: list[Any] = []
        self.index: list[int] = []
        self._data: dict[int, bytearray | Table] = {}
        self._free: list[int] = []
        self.by_kind = [0] * len(Kind)
        """How many frames are used for what; FREE is not kept."""

    @property
    def free(self) -> int:
        """Frames that nobody has."""
        return self.count - self.used

    def alloc(self, kind: int, owner: Any, index: int = 0) -> int:
        """A frame with one reference, full of zeros. OutOfFrames."""
        if self.used >= self.count:
            raise OutOfFrames
        self.used += 1
        self.by_kind[kind] += 1
        if self._free:
            frame = self._free.pop()
            self.refs[frame] = 1
            self.kind[frame] = kind
            self.owner[frame] = owner
            self.index[frame] = index
            return frame
        self.refs.append(1)
        self.kind.append(kind)
        self.owner.append(owner)
        self.index.append(index)
        return len(self.refs) - 1

    def take(self, kind: int, owner: Any, indexes: Iterable[int]) -> list[int]:
        """A frame for each index. OutOfFrames unless there is one for each of them."""
        wanted = list(indexes)
        if self.used + len(wanted) > self.count:
            raise OutOfFrames
        free = self._free
        if len(free) < len(wanted):
            alloc = self.alloc
            return [alloc(kind, owner, index) for index in wanted]
        # What alloc does, without a call for each: every exec is here.
        self.used += len(wanted)
        self.by_kind[kind] += len(wanted)
        refs, kinds, owners, places = self.refs, self.kind, self.owner, self.index
        taken = []
        for index in wanted:
            frame = free.pop()
            refs[frame] = 1
            kinds[frame] = kind
            owners[frame] = owner
            places[frame] = index
            taken.append(frame)
        return taken

    def share(self, frame: int) -> None:
        """One more reference."""
        self.refs[frame] += 1

    def drop(self, frame: int) -> bool:
        """One reference less; whether the frame is free now."""
        left = self.refs[frame] = self.refs[frame] - 1
        if left:
            return False
        self.used -= 1
        self.by_kind[self.kind[frame]] -= 1
        self.kind[frame] = 0
        self.owner[frame] = None
        self._data.pop(frame, None)
        self._free.append(frame)
        return True

    def drop_all(self, frames: Iterable[int]) -> int:
        """One reference less of each; how many are free now."""
        refs, kinds, owners = self.refs, self.kind, self.owner
        by_kind, data, free = self.by_kind, self._data, self._free
        before = len(free)
        for frame in frames:
            left = refs[frame] = refs[frame] - 1
            if not left:
                by_kind[kinds[frame]] -= 1
                kinds[frame] = 0
                owners[frame] = None
                if frame in data:
                    del data[frame]
                free.append(frame)
        freed = len(free) - before
        self.used -= freed
        return freed

    # -- content -------------------------------------------------------------------------------

    def page(self, frame: int) -> bytearray:
        """The bytes of a frame, to be changed in place. The object is the frame's until it is freed
        or :meth:`put`; nobody changes its length.
        """
        data = self._data.get(frame)
        if data is None:
            data = self._data[frame] = bytearray(PAGE)
        assert type(data) is bytearray
        return data

    def read(self, frame: int, start: int, count: int) -> bytes:
        """Bytes of a frame that is no page table."""
        data = self._data.get(frame)
        if data is None:
            return bytes(count)
        return bytes(data[start : start + count])  # type: ignore[index]

    def filled(self, frame: int) -> bool:
        """Whether the frame was given a content; else it reads as zeros."""
        return frame in self._data

    def put(self, frame: int, data: bytes) -> None:
        """Give a frame a new content, at most a page; the rest is zeros."""
        page = bytearray(data)
        if len(page) < PAGE:
            page.extend(bytes(PAGE - len(page)))
        self._data[frame] = page

    def clear(self, frame: int) -> None:
        """Fill a frame with zeros; its old bytes object is nobody's."""
        self._data.pop(frame, None)

    def copy(self, source: int, target: int) -> None:
        """Give ``target`` the bytes of ``source``."""
        data = self._data.get(source)
        if data is not None:
            self._data[target] = bytearray(data)

    def content(self, frame: int) -> bytes | None:
        """A copy of the bytes; None if it is all zeros because nobody wrote to it."""
        data = self._data.get(frame)
        if data is None:
            return None
        return data.dump() if type(data) is Table else bytes(data)

    def fingerprint(self, frame: int) -> bytes:
        """What a digest says of the bytes of a frame that is no page table."""
        data = self._data.get(frame)
        if type(data) is not bytearray:
            return b""
        return blake2b(data, digest_size=16).digest()

    def table(self, frame: int) -> Table:
        """The page table in a frame; an empty one is made at the first look."""
        data = self._data.get(frame)
        if data is None:
            data = self._data[frame] = Table()
        assert type(data) is Table
        return data

    def set_table(self, frame: int, table: Table) -> None:
        """Make ``table`` the content of a frame."""
        self._data[frame] = table

    def in_use(self) -> list[int]:
        """The frames that are not free, in order."""
        return [frame for frame, refs in enumerate(self.refs) if refs]

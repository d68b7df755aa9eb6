"""inotify(7): event bits and the record that read(2) returns."""

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

IN_ACCESS = 0x1
IN_MODIFY = 0x2
IN_ATTRIB = 0x4
IN_CLOSE_WRITE = 0x8
IN_CLOSE_NOWRITE = 0x10
IN_OPEN = 0x20
IN_MOVED_FROM = 0x40
IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_DELETE = 0x200
IN_DELETE_SELF = 0x400
IN_MOVE_SELF = 0x800
IN_CLOSE = IN_CLOSE_WRITE | IN_CLOSE_NOWRITE
IN_MOVE = IN_MOVED_FROM | IN_MOVED_TO
IN_ALL_EVENTS = 0xFFF

# what the kernel adds
IN_UNMOUNT = 0x2000
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_ISDIR = 0x4000_0000

# what inotify_add_watch(2) may be asked besides events
IN_ONLYDIR = 0x0100_0000
IN_DONT_FOLLOW = 0x0200_0000
IN_EXCL_UNLINK = 0x0400_0000
IN_MASK_CREATE = 0x1000_0000
IN_MASK_ADD = 0x2000_0000
IN_ONESHOT = 0x8000_0000

# inotify_init1(2)
IN_CLOEXEC = 0o2000000
IN_NONBLOCK = 0o4000

_HEAD = Struct("<iIII")
HEAD_BYTES = _HEAD.size


class Event(NamedTuple):
    """struct inotify_event. ``name`` is empty for what happens to the watched thing itself."""

    wd: int
    mask: int
    cookie: int
    name: bytes

    @property
    def size(self) -> int:
        """Bytes of the record: the name with a NUL is padded to a multiple of 16."""
        return HEAD_BYTES + ((len(self.name) // HEAD_BYTES + 1) * HEAD_BYTES if self.name else 0)

    def pack(self) -> bytes:
        room = self.size - HEAD_BYTES
        return _HEAD.pack(self.wd, self.mask, self.cookie, room) + self.name.ljust(room, b"\0")


def unpack(data: bytes) -> Iterable[Event]:
    """The events in what read(2) returned."""
    at = 0
    while at < len(data):
        wd, mask, cookie, room = _HEAD.unpack_from(data, at)
        at += HEAD_BYTES
        yield Event(wd, mask, cookie, data[at : at + room].rstrip(b"\0"))
        at += room

"""Walking a directory tree without recursion (fts(3)): memory for one listing a level, no more."""

from enum import Enum

from minios.abi.errno import Errno
from minios.abi.flags import O_DIRECTORY, O_NOFOLLOW, S_IFDIR, S_IFLNK, S_IFMT
from minios.abi.records import Dirent, Stat
from minios.abi.sys import Sys
from minios.userland.lib.program import Tool

DIRENT_SIZE = 32
"""Bytes a kept directory entry is charged with, besides its name."""


class Event(Enum):
    """What a :class:`Visit` is."""

    FILE = "file"  # anything but a directory
    ENTER = "enter"  # a directory, before what is in it
    LEAVE = "leave"  # the same directory, after it
    UNREADABLE = "unreadable"  # the same directory, instead of its contents and LEAVE
    FAILED = "failed"  # its inode could not be read
    CYCLE = "cycle"  # a directory that is its own ancestor


class Visit:
    """A stop on the walk. ``path`` is for people and for system calls, ``depth`` 0 is the root."""

    __slots__ = ("_stat", "depth", "error", "event", "follow", "name", "path", "type")

    def __init__(
        self, event: Event, path: bytes, name: bytes, depth: int, kind: int, follow: bool
    ) -> None:
        self.event = event
        self.path = path
        self.name = name
        self.depth = depth
        self.type = kind
        """The ``S_IFMT`` part of the mode, as followed; 0 when unknown."""
        self.follow = follow
        self.error: OSError | None = None
        self._stat: Stat | None = None

    async def stat(self, sys: Sys) -> Stat:
        """The inode's data, read once; of a link that leads nowhere it is the link's own."""
        if self._stat is None:
            self._stat = await stat_of(sys, self.path, follow=self.follow)
        return self._stat


async def stat_of(sys: Sys, path: bytes, *, follow: bool) -> Stat:
    """stat(2), and lstat(2) for a dangling link, as fts does when it follows."""
    if follow:
        try:
            return await sys.stat(path)
        except OSError as err:
            if err.errno != Errno.ENOENT:
                raise
    return await sys.lstat(path)


async def entries(tool: Tool, path: bytes, *, nofollow: bool = False) -> list[Dirent]:
    """What is in a directory but ``.`` and ``..``, in its own order; retained from ``tool``."""
    sys = tool.sys
    fd = await sys.open(path, O_DIRECTORY | (O_NOFOLLOW if nofollow else 0))
    found: list[Dirent] = []
    try:
        while batch := await sys.getdents(fd):
            batch = [entry for entry in batch if entry.name not in (b".", b"..")]
            await tool.retain(room(batch))
            found += batch
    except OSError:
        await sys.close(fd)
        tool.release(room(found))
        raise
    await sys.close(fd)
    return found


def room(listing: list[Dirent]) -> int:
    """Bytes that a kept listing is charged with."""
    return sum(DIRENT_SIZE + len(entry.name) for entry in listing)


def join(directory: bytes, name: bytes) -> bytes:
    """The path of ``name`` in ``directory``."""
    return directory + name if directory.endswith(b"/") else directory + b"/" + name


class _Level:
    __slots__ = ("entries", "inode", "room", "visit")

    def __init__(self, visit: Visit, listing: list[Dirent], inode: tuple[int, int]) -> None:
        self.visit = visit
        self.entries = listing
        self.inode = inode
        self.room = room(listing)
        listing.reverse()


class Walk:
    """The visits below (and of) ``root``, one at a time from :meth:`next`.

    ``follow_root`` follows a symbolic link given as the root (``-H``), ``follow`` all of them
    (``-L``). Call :meth:`skip` after an ENTER to leave out the contents and the LEAVE.
    """

    __slots__ = ("_entered", "_levels", "_root", "follow", "follow_root", "tool")

    def __init__(
        self, tool: Tool, root: bytes, *, follow_root: bool = False, follow: bool = False
    ) -> None:
        self.tool = tool
        self.follow = follow
        self.follow_root = follow_root or follow
        self._root: bytes | None = root
        self._levels: list[_Level] = []
        self._entered: Visit | None = None

    def skip(self) -> None:
        """Do not go into the directory that was just entered."""
        self._entered = None

    async def next(self) -> Visit | None:
        """The next stop; None at the end."""
        if self._root is not None:
            root, self._root = self._root, None
            return await self._arrive(root, root, 0, 0, self.follow_root)
        if self._entered is not None:
            visit, self._entered = self._entered, None
            error = await self._descend(visit)
            if error is not None:
                return self._again(visit, Event.UNREADABLE, error)
        if not self._levels:
            return None
        level = self._levels[-1]
        if level.entries:
            entry = level.entries.pop()
            path = join(level.visit.path, entry.name)
            depth = level.visit.depth + 1
            return await self._arrive(path, entry.name, depth, entry.type, self.follow)
        self._levels.pop()
        self.tool.release(level.room)
        return self._again(level.visit, Event.LEAVE)

    async def _arrive(self, path: bytes, name: bytes, depth: int, kind: int, follow: bool) -> Visit:
        visit = Visit(Event.FILE, path, name, depth, kind, follow)
        if kind == 0 or (kind == S_IFLNK and follow):
            try:
                visit.type = (await visit.stat(self.tool.sys)).mode & S_IFMT
            except OSError as err:
                visit.event = Event.FAILED
                visit.error = err
                return visit
        if visit.type == S_IFDIR:
            visit.event = Event.ENTER
            if await self.ancestor_of(visit):
                visit.event = Event.CYCLE
            else:
                self._entered = visit
        return visit

    async def ancestor_of(self, visit: Visit) -> bytes:
        """The path by which the directory of a CYCLE was entered before; empty for none."""
        if not self.follow:
            return b""
        try:
            st = await visit.stat(self.tool.sys)
        except OSError:
            return b""
        inode = (st.dev, st.ino)
        return next((lv.visit.path for lv in self._levels if lv.inode == inode), b"")

    async def _descend(self, visit: Visit) -> OSError | None:
        try:
            listing = await entries(self.tool, visit.path, nofollow=not visit.follow)
            inode = (0, 0)
            if self.follow:
                st = await visit.stat(self.tool.sys)
                inode = (st.dev, st.ino)
        except OSError as err:
            return err
        self._levels.append(_Level(visit, listing, inode))
        return None

    def _again(self, visit: Visit, event: Event, error: OSError | None = None) -> Visit:
        again = Visit(event, visit.path, visit.name, visit.depth, visit.type, visit.follow)
        again._stat = visit._stat
        again.error = error
        return again

"""The state of a file, and the names in a directory."""

from minios.abi import flags
from minios.fs.inode import Inode, Regular
from minios.game.checks.bound import Bound, Scene, any_line, inode_at
from minios.game.spec import DirectoryCheck, FileCheck
from minios.sim.world import MARK_FILE, MARK_POWER
from minios.userland.lib.pattern import Pattern
from minios.userland.lib.regex import compile as compile_regex

CONTENT_LIMIT = 1 << 20
"""Bytes of a file that are looked at."""

KINDS = {
    "file": flags.S_IFREG,
    "directory": flags.S_IFDIR,
    "link": flags.S_IFLNK,
    "fifo": flags.S_IFIFO,
}


def content(inode: Inode) -> bytes:
    """What is in a regular file; empty for anything else."""
    return inode.read(0, CONTENT_LIMIT) if isinstance(inode, Regular) else b""


class BoundFile(Bound):
    """Everything that the check gives must be so; of an absent file only its absence is."""

    __slots__ = ("_check", "_contains", "_equals", "_gid", "_lacks", "_matches", "_scene", "_seen",
                 "_uid")  # fmt: skip

    def __init__(self, check: FileCheck, scene: Scene) -> None:
        self.marks = MARK_FILE | MARK_POWER
        self.due = None
        self._check = check
        self._scene = scene
        self._equals = check.equals.encode() if check.equals is not None else None
        self._contains = [text.encode() for text in check.contains]
        self._lacks = [text.encode() for text in check.lacks]
        self._matches = (
            compile_regex(check.matches.encode(), extended=True, newline=True)
            if check.matches is not None
            else None
        )
        host = scene.hosts[check.on]
        owner = host.users.get(check.owner)
        self._uid = owner.uid if owner is not None else -1
        self._gid = host.groups.get(check.group, -1)
        self._seen: tuple[tuple[int, int, int], bool] | None = None
        """The last version of the content that was looked at, and what came of it."""

    def holds(self, now: int) -> bool:
        check = self._check
        self.due = None
        follow = check.kind != "link" and check.target is None
        inode = inode_at(self._scene, check.on, check.path.encode(), follow=follow)
        if inode is None or not check.exists:
            return (inode is None) is not check.exists
        return self._meta(inode) and self._is_fresh(inode, now) and self._content(inode)

    def _meta(self, inode: Inode) -> bool:
        check = self._check
        if check.kind and inode.mode & flags.S_IFMT != KINDS[check.kind]:
            return False
        if check.mode is not None and inode.mode & 0o7777 != check.mode:
            return False
        if (check.owner and inode.uid != self._uid) or (check.group and inode.gid != self._gid):
            return False
        if check.target is not None:
            link = inode.mode & flags.S_IFMT == flags.S_IFLNK
            return link and getattr(inode, "target", b"") == check.target.encode()
        return check.size is None or check.size.holds(inode.size)

    def _is_fresh(self, inode: Inode, now: int) -> bool:
        """Whether the last write is recent enough. ``touch -d`` sets mtime, but never ctime."""
        fresh = self._check.fresh
        if fresh is None:
            return True
        machine = self._scene.hosts[self._check.on].machine
        written = min(inode.mtime, inode.ctime) - machine.epoch
        if now - written > fresh:
            return False
        self.due = written + fresh + 1
        return True

    def _content(self, inode: Inode) -> bool:
        check = self._check
        if (
            self._equals is None
            and not self._contains
            and not self._lacks
            and self._matches is None
            and check.lines is None
        ):
            return True
        version = (inode.ino, inode.ctime, inode.size)
        if self._seen is None or self._seen[0] != version:
            self._seen = version, self._look(content(inode))
        return self._seen[1]

    def _look(self, data: bytes) -> bool:
        if self._equals is not None and data != self._equals:
            return False
        if any(text not in data for text in self._contains):
            return False
        if any(text in data for text in self._lacks):
            return False
        lines = self._check.lines
        if lines is not None and not lines.holds(data.count(b"\n")):
            return False
        return self._matches is None or any_line(self._matches, data)


class BoundDirectory(Bound):
    """The names in a directory; hidden ones (``.x``) count."""

    __slots__ = ("_check", "_entries", "_only", "_scene")

    def __init__(self, check: DirectoryCheck, scene: Scene) -> None:
        self.marks = MARK_FILE | MARK_POWER
        self.due = None
        self._check = check
        self._scene = scene
        self._only = Pattern(check.only.encode()) if check.only else None
        self._entries = (
            frozenset(name.encode() for name in check.entries)
            if check.entries is not None
            else None
        )

    def holds(self, now: int) -> bool:
        check = self._check
        inode = inode_at(self._scene, check.on, check.path.encode())
        entries = getattr(inode, "entries", None)
        if inode is None or entries is None:
            return False
        if self._entries is not None and self._entries != entries.keys():
            return False
        if self._only is not None and not all(self._only.matches(name) for name in entries):
            return False
        return check.count is None or check.count.holds(len(entries))

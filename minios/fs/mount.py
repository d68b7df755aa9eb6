"""Mounts: which file system, or which part of one, is seen where (mount(2), mount_namespaces(7)).

A file system's own root and names belong to its first mount. Where a part of it is seen a second
time (a bind mount, or the same device mounted again) the names on the way are :class:`Bound`: other
entries for the same inodes, so that ``..`` and getcwd(2) lead along the path that was walked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.flags import (
    MS_NOATIME,
    MS_NODEV,
    MS_NODIRATIME,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_RELATIME,
    MS_STRICTATIME,
    MS_SYNCHRONOUS,
)
from minios.fs.inode import Dentry, Directory, Inode

if TYPE_CHECKING:
    from minios.fs.filesystem import FileSystem

_WORDS = (
    (MS_NOSUID, b"nosuid"), (MS_NODEV, b"nodev"), (MS_NOEXEC, b"noexec"),
    (MS_NOATIME, b"noatime"), (MS_NODIRATIME, b"nodiratime"),
)  # fmt: skip
"""In the order in which /proc/mounts has them."""

PER_MOUNT = (
    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME
    | MS_STRICTATIME
)  # fmt: skip


class Mount:
    """``root`` is seen at ``covers`` (None for the root of everything).

    ``flags`` are those of mount(2) that each mount has for itself; ``source`` is what ``mount``
    shows first. ``over`` is what is mounted below it on entries that are :class:`Bound`.
    """

    __slots__ = ("covers", "flags", "fs", "id", "over", "root", "source")

    def __init__(
        self, number: int, fs: FileSystem, root: Dentry, covers: Dentry | None, flags: int,
        source: bytes,
    ) -> None:  # fmt: skip
        self.id = number
        self.fs = fs
        self.root = root
        self.covers = covers
        self.flags = flags
        self.source = source
        self.over: dict[Inode, Dentry] = {}
        root.mount = self

    @property
    def readonly(self) -> bool:
        return self.flags & MS_RDONLY != 0 or self.fs.readonly

    @property
    def path(self) -> bytes:
        """Where it is."""
        return self.covers.path() if self.covers is not None else b"/"

    @property
    def subpath(self) -> bytes:
        """Which directory of its file system its root is."""
        if isinstance(self.root, Bound):
            names = []
            at: Dentry | None = self.root.origin
            while at is not None and at.parent is not None:
                names.append(at.name)
                at = at.parent
            return b"/" + b"/".join(reversed(names))
        return b"/"

    def words(self) -> bytes:
        """Its own options: ``rw,nosuid,relatime``."""
        words = [b"ro" if self.flags & MS_RDONLY else b"rw"]
        words += [word for bit, word in _WORDS if self.flags & bit]
        if not self.flags & (MS_NOATIME | MS_STRICTATIME):
            words.append(b"relatime")
        return b",".join(words)

    def super_words(self) -> bytes:
        """The options of the file system: ``rw,sync,size=1024k``."""
        words = [b"ro" if self.fs.readonly else b"rw"]
        if self.fs.synchronous:
            words.append(b"sync")
        if self.fs.options:
            words.append(self.fs.options)
        return b",".join(words)

    def options(self) -> bytes:
        """Both, as /proc/mounts has them."""
        own = self.words().split(b",")
        own[0] = b"ro" if self.readonly else b"rw"
        if self.fs.synchronous:
            own.insert(1, b"sync")
        return b",".join([*own, self.fs.options] if self.fs.options else own)


class Bound(Dentry):
    """A name in a mount that shows what lies elsewhere too. ``origin`` is its real name."""

    __slots__ = ("origin",)

    def __init__(self, name: bytes, parent: Dentry | None, origin: Dentry) -> None:
        super().__init__(name, parent, origin.inode)
        self.origin: Dentry = origin.origin if isinstance(origin, Bound) else origin

    def under(self, child: Dentry) -> Dentry:
        """The entry ``child`` of this directory, as it is seen from here."""
        return Bound(child.name, self, child)


def is_gone(dentry: Dentry) -> bool:
    """Whether the name was removed, here or where it really is."""
    return dentry.origin.gone if isinstance(dentry, Bound) else dentry.gone


def real(dentry: Dentry) -> Dentry:
    """A directory's entry in its own file system, however it was reached."""
    inode = dentry.inode
    if isinstance(inode, Directory) and inode.dentry is not None:
        return inode.dentry
    return dentry.origin if isinstance(dentry, Bound) else dentry


def words_flags(words: bytes) -> int:
    """The per-mount flags among comma-separated options."""
    given = words.split(b",")
    flags = MS_RELATIME
    for bit, word in _WORDS:
        if word in given:
            flags |= bit
    return flags | (MS_RDONLY if b"ro" in given else 0)


__all__ = ["MS_SYNCHRONOUS", "PER_MOUNT", "Bound", "Mount", "is_gone", "real", "words_flags"]

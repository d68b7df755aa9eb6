"""A path walked one step at a time, to say where it ends and why (path_resolution(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.fs.access import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minios.fs.access import Credentials
    from minios.fs.inode import Dentry
    from minios.fs.vfs import Vfs

MAX_STEPS = 512
"""Names looked at in one walk; longer walks end unsaid."""


def steps(
    vfs: Vfs, base: Dentry, path: bytes, who: Credentials = ROOT, *, follow: bool = True
) -> Iterator[Dentry]:
    """Everything ``path`` leads over: the directories searched, links on the way, the end itself.

    It stops before a name that is not there, at what is no directory though a name follows, where
    a link cannot be read, and where too many follow each other. Nobody's rights are asked: who
    looks at the steps does.
    """
    try:
        yield from _steps(vfs, base, path, who, follow)
    except OSError:
        return  # what is made up by the kernel may be gone, or nobody's


def _steps(vfs: Vfs, base: Dentry, path: bytes, who: Credentials, follow: bool) -> Iterator[Dentry]:
    if not path or b"\0" in path:
        return
    at = vfs.root if path[:1] == b"/" else base
    todo = [name for name in reversed(path.split(b"/")) if name]
    links = 0
    for _ in range(MAX_STEPS):
        yield at
        if not todo or at.inode.mode & flags.S_IFMT != flags.S_IFDIR:
            return
        name = todo.pop()
        if name == b".":
            continue
        if name == b"..":
            at = vfs.up(at)
            continue
        child = at.inode.lookup(who, at, name) if len(name) <= flags.NAME_MAX else None
        if child is None:
            return
        while child.mounted is not None:
            child = child.mounted
        if child.inode.is_link and (follow or todo):
            yield child
            links += 1
            jump = child.inode.follow(who)
            if jump is not None:
                at = jump
                continue
            target = child.inode.readlink(who)
            if links > 40 or not target:
                return
            if target[:1] == b"/":
                at = vfs.root
            todo.extend(name for name in reversed(target.split(b"/")) if name)
            continue
        at = child


def visible(vfs: Vfs, who: Credentials, dentry: Dentry) -> bool:
    """Whether ``who`` may search every directory above, and so may know of it."""
    from minios.fs.access import MAY_EXEC, permitted

    at = dentry
    for _ in range(MAX_STEPS):
        above = vfs.up(at)
        if above is at:
            return True
        if not permitted(who, above.inode, MAY_EXEC):
            return False
        at = above
    return False

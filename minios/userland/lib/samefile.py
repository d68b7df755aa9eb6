"""Whether two names are one file, and whether a copy between them would destroy it."""

from typing import Protocol

from minios.abi.flags import S_IFLNK, S_IFMT
from minios.abi.records import Stat
from minios.abi.sys import Sys
from minios.userland.lib.backups import Backups
from minios.userland.lib.canonical import canonicalize


class Wishes(Protocol):
    """What of cp's options decides here."""

    follow: str
    move: bool
    hard_link: bool
    symbolic_link: bool
    remove_destination: bool
    backups: Backups | None


def same(a: Stat, b: Stat) -> bool:
    """Whether both are of one inode."""
    return (a.dev, a.ino) == (b.dev, b.ino)


async def same_entry(sys: Sys, a: bytes, b: bytes) -> bool:
    """Whether both name the same directory entry."""
    names = {path.rstrip(b"/").rpartition(b"/")[2] for path in (a, b)}
    if len(names) > 1:
        return False
    try:
        parents = [await sys.stat(await _parent(sys, path)) for path in (a, b)]
    except OSError:
        return False
    return same(*parents)


async def _parent(sys: Sys, path: bytes) -> bytes:
    directory, slash, _ = path.rstrip(b"/").rpartition(b"/")
    return directory or (b"/" if slash else b".")


def _is_link(st: Stat) -> bool:
    return st.mode & S_IFMT == S_IFLNK


async def same_file_ok(
    sys: Sys, src: bytes, st: Stat, dst: bytes, old: Stat, opts: Wishes
) -> tuple[bool, bool]:
    """(whether to go on, whether there is nothing left to do)."""
    one = same(st, old)
    if one and opts.hard_link:
        return True, True
    if opts.follow == "never":
        one_link = one
        st_link, old_link = st, old
        if _is_link(st) and _is_link(old):
            if await same_entry(sys, src, dst):
                return False, False
            if opts.backups is not None:
                return True, False
            return (not opts.move, True) if one_link else (True, False)
    else:
        if not one:
            return True, False
        try:
            old_link = await sys.lstat(dst)
            st_link = await sys.lstat(src)
        except OSError:
            return True, False
        one_link = same(st_link, old_link)
        if _is_link(st_link) and _is_link(old_link) and opts.remove_destination:
            return True, False
    if opts.backups is not None:
        if not one_link:
            through = not opts.move and opts.follow != "never"
            return not (through and _is_link(st_link) and not _is_link(old_link)), False
        return not await same_entry(sys, src, dst), False
    if opts.move or opts.remove_destination:
        if _is_link(old_link):
            return True, False
        if one_link and old_link.nlink > 1 and not await same_entry(sys, src, dst):
            return not opts.move, False
    if not _is_link(st_link) and not _is_link(old_link):
        if not same(st_link, old_link):
            return True, False
        if opts.hard_link:
            return True, True
    if opts.move and _is_link(st) and old_link.nlink > 1:
        try:
            return not await same_entry(sys, await canonicalize(sys, src), dst), False
        except OSError:
            pass
    if opts.symbolic_link and _is_link(old_link):
        return True, False
    if opts.follow == "never":
        try:
            behind = await sys.stat(src) if _is_link(st_link) else st_link
            old_behind = await sys.stat(dst) if _is_link(old_link) else old_link
        except OSError:
            return True, False
        if not same(behind, old_behind):
            return True, False
        if opts.hard_link:
            return True, not _is_link(old_link)
    return False, False

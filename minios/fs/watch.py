"""Telling who watches what happens to a file: the file system's end of inotify(7).

Nobody calls these functions unless ``vfs.watching`` says that there is a watch somewhere, so that
what nobody watches costs one test. The order of the events is Linux's.
"""

from typing import Protocol

from minios.abi import inotify
from minios.fs.inode import Dentry, Inode


class Sink(Protocol):
    """Where the events of a watch go."""

    def happened(self, watch: "Watch", mask: int, name: bytes, cookie: int) -> None: ...


class Watch:
    """What ``sink`` wants to know of ``inode``: the event bits in ``mask``."""

    __slots__ = ("inode", "mask", "sink", "wd")

    def __init__(self, sink: Sink, inode: Inode, wd: int, mask: int) -> None:
        self.sink = sink
        self.inode = inode
        self.wd = wd
        self.mask = mask


def tell(inode: Inode, event: int, name: bytes = b"", cookie: int = 0) -> None:
    """Something happened to ``inode``; ``name`` says to which of its entries, if it was to one."""
    if inode.watches is not None:
        for watch in list(inode.watches):
            if event & watch.mask:
                watch.sink.happened(watch, event, name, cookie)


def tell_place(dentry: Dentry, event: int, *, always: bool = False) -> None:
    """Something happened to a file: those who watch its directory are told, and its own watchers.

    IN_EXCL_UNLINK spares a watch what happens under a name that is no longer there, unless it is
    told ``always``: of a change that Linux knows no path of.
    """
    mask = event | inotify.IN_ISDIR if dentry.inode.is_dir else event
    parent = dentry.parent
    if parent is not None and parent.inode.watches is not None:
        for watch in list(parent.inode.watches):
            if _wants(watch, event, dentry, always):
                watch.sink.happened(watch, mask, dentry.name, 0)
    if dentry.inode.watches is not None:
        tell_itself(dentry, mask, always=always)


def tell_itself(dentry: Dentry, mask: int, *, always: bool = False) -> None:
    """The same, for the file's own watchers alone: what happens to FIFOs and devices."""
    for watch in list(dentry.inode.watches or ()):
        if _wants(watch, mask, dentry, always):
            watch.sink.happened(watch, mask, b"", 0)


def _wants(watch: Watch, event: int, dentry: Dentry, always: bool) -> bool:
    if not event & watch.mask:
        return False
    return always or not (dentry.gone and watch.mask & inotify.IN_EXCL_UNLINK)


def tell_entry(at: Dentry, event: int, name: bytes, inode: Inode, cookie: int = 0) -> None:
    """An entry of a directory came or went."""
    tell(at.inode, event | inotify.IN_ISDIR if inode.is_dir else event, name, cookie)


def tell_deleted(inode: Inode) -> None:
    """The inode itself is gone, and its watches with it."""
    tell(inode, inotify.IN_DELETE_SELF)
    forget(inode)


def tell_unmounted(inode: Inode) -> None:
    """The file system below a watch is gone."""
    for watch in list(inode.watches or ()):
        watch.sink.happened(watch, inotify.IN_UNMOUNT, b"", 0)
    forget(inode)


def forget(inode: Inode) -> None:
    """Every watch of the inode ends with IN_IGNORED."""
    for watch in list(inode.watches or ()):
        watch.sink.happened(watch, inotify.IN_IGNORED, b"", 0)

"""Rules that keep strangers' files in shared directories harmless (proc_sys_fs(5), protected_*).

All are about sticky directories that everybody may write to, as /tmp is: links and files that
somebody else put there must not mislead a program. Root is bound by them too.
"""

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.caps import CAP_FOWNER
from minios.abi.errno import Errno
from minios.fs.access import MAY_READ, MAY_WRITE, Credentials, capable, permitted, refused

if TYPE_CHECKING:
    from minios.fs.inode import Inode

_SHARED = flags.S_ISVTX | 0o002


class Protection:
    """The four knobs, as a Linux distribution sets them."""

    __slots__ = ("fifos", "hardlinks", "regular", "symlinks")

    def __init__(self) -> None:
        self.hardlinks = 1
        self.symlinks = 1
        self.fifos = 1
        self.regular = 2

    def follow(self, who: Credentials, directory: "Inode", link: "Inode") -> None:
        """EACCES for the last symbolic link of a path, if it lies in a shared directory and is
        neither the follower's nor the directory owner's."""
        if (
            self.symlinks
            and directory.mode & _SHARED == _SHARED
            and link.uid not in (who.euid, directory.uid)
            and not who.judge
        ):
            raise refused(Errno.EACCES, "protected.symlink", link)

    def link(self, who: Credentials, inode: "Inode") -> None:
        """EPERM for a hard link to somebody else's file, unless it is a plain one that the linker
        may read and write."""
        if not self.hardlinks or who.euid == inode.uid or capable(who, CAP_FOWNER):
            return
        setgid = flags.S_ISGID | 0o010
        plain = inode.is_regular and not inode.mode & flags.S_ISUID
        if plain and inode.mode & setgid != setgid and permitted(who, inode, MAY_READ | MAY_WRITE):
            return
        raise refused(Errno.EPERM, "protected.hardlink", inode)

    def create(self, who: Credentials, directory: "Inode", inode: "Inode") -> None:
        """EACCES for O_CREAT on an existing FIFO or file that is neither the opener's nor the
        directory owner's, in a sticky directory that others may write to."""
        kind = inode.mode & flags.S_IFMT
        level = self.fifos if kind == flags.S_IFIFO else self.regular if inode.is_regular else 0
        if not level or not directory.mode & flags.S_ISVTX:
            return
        if inode.uid in (who.euid, directory.uid) or who.judge:
            return
        if directory.mode & 0o002 or (level >= 2 and directory.mode & 0o020):
            raise refused(Errno.EACCES, "protected.create", inode)

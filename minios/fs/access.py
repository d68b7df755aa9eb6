"""Who may do what to an inode (path_resolution(7), inode(7), capabilities(7) for uid 0)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from minios.abi import flags
from minios.abi.errno import Errno, error

if TYPE_CHECKING:
    from minios.fs.inode import Inode

MAY_EXEC = 1
MAY_WRITE = 2
MAY_READ = 4


class Credentials(Protocol):
    """Who asks. A PCB is one; ``judge`` may read everything as root does and change nothing."""

    @property
    def euid(self) -> int: ...
    @property
    def egid(self) -> int: ...
    @property
    def groups(self) -> Sequence[int]: ...
    @property
    def pid(self) -> int: ...
    @property
    def judge(self) -> bool: ...


class Identity:
    """Credentials without a process."""

    __slots__ = ("egid", "euid", "groups", "judge", "pid")

    def __init__(
        self,
        euid: int,
        egid: int,
        groups: Sequence[int] = (),
        *,
        pid: int = 0,
        judge: bool = False,
    ) -> None:
        self.euid = euid
        self.egid = egid
        self.groups = groups
        self.pid = pid
        self.judge = judge


ROOT = Identity(0, 0)


def in_group(who: Credentials, gid: int) -> bool:
    return who.egid == gid or gid in who.groups


def permitted(who: Credentials, inode: "Inode", want: int) -> bool:
    """Whether the mode bits allow all of ``want`` (MAY_READ, MAY_WRITE, MAY_EXEC).

    Uid 0 reads and writes everything, searches every directory, and executes a file that anybody
    may execute (CAP_DAC_OVERRIDE).
    """
    mode = inode.mode
    if who.euid == 0 or who.judge:
        return not want & MAY_EXEC or mode & 0o111 != 0 or mode & flags.S_IFMT == flags.S_IFDIR
    if who.euid == inode.uid:
        mode >>= 6
    elif in_group(who, inode.gid):
        mode >>= 3
    return want & ~mode & 7 == 0


def require(who: Credentials, inode: "Inode", want: int) -> None:
    """EACCES unless :func:`permitted`."""
    if not permitted(who, inode, want):
        raise error(Errno.EACCES)


def require_change(who: Credentials) -> None:
    """EROFS for a judge, to whom every file system is mounted read-only."""
    if who.judge:
        raise error(Errno.EROFS)


def require_owner(who: Credentials, inode: "Inode") -> None:
    """EPERM unless the caller owns the inode or is root (CAP_FOWNER)."""
    if who.euid not in (0, inode.uid):
        raise error(Errno.EPERM)


def may_remove(who: Credentials, directory: "Inode", inode: "Inode") -> None:
    """EACCES without write access to the directory, EPERM for the sticky bit's rule (inode(7))."""
    require(who, directory, MAY_WRITE | MAY_EXEC)
    if directory.mode & flags.S_ISVTX and who.euid not in (0, directory.uid, inode.uid):
        raise error(Errno.EPERM)

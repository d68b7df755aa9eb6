"""Who may do what to an inode (path_resolution(7), inode(7), capabilities(7))."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from minios.abi import flags
from minios.abi.caps import (
    CAP_DAC_OVERRIDE,
    CAP_DAC_READ_SEARCH,
    CAP_FOWNER,
    NONE,
    Caps,
)
from minios.abi.caps import ROOT as ROOT_CAPS
from minios.abi.errno import Errno, error

if TYPE_CHECKING:
    from minios.fs.inode import Dentry, Inode

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
    def caps(self) -> Caps: ...
    @property
    def pid(self) -> int: ...
    @property
    def judge(self) -> bool: ...


class Identity:
    """Credentials without a process."""

    __slots__ = ("caps", "egid", "euid", "groups", "judge", "pid")

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
        self.caps = ROOT_CAPS if euid == 0 else NONE
        self.pid = pid
        self.judge = judge


ROOT = Identity(0, 0)


_OVERRIDE = 1 << CAP_DAC_OVERRIDE
_SEARCH = 1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH
"""Either of these searches and lists every directory."""


def refused(
    number: Errno,
    rule: str,
    inode: "Inode | None" = None,
    want: int = 0,
    at: "Dentry | None" = None,
) -> OSError:
    """The exception of a refusal, with its cause for those who ask why (minios.kernel.why).

    ``rule`` is a key of ``minios.kernel.why.rules.RULES``; ``inode`` is what it was about and
    ``want`` the rights asked of it, ``at`` where it was met if the raiser knows.
    """
    err = error(number)
    err.cause = (rule, inode, want, at)  # type: ignore[attr-defined]
    return err


def capable(who: Credentials, cap: int) -> bool:
    """Whether ``who`` has a capability in effect: the one test behind everything root may do."""
    return who.caps.effective >> cap & 1 != 0


def may_search_all(who: Credentials) -> bool:
    """Whether no directory keeps ``who`` from walking through it."""
    return who.caps.effective & _SEARCH != 0 or who.judge


def in_group(who: Credentials, gid: int) -> bool:
    return who.egid == gid or gid in who.groups


def permitted(who: Credentials, inode: "Inode", want: int) -> bool:
    """Whether the mode bits allow all of ``want`` (MAY_READ, MAY_WRITE, MAY_EXEC).

    CAP_DAC_OVERRIDE reads and writes everything, searches every directory, and executes a file that
    anybody may execute; CAP_DAC_READ_SEARCH reads everything and searches every directory.
    """
    mode = inode.mode
    if who.caps.effective & _OVERRIDE or who.judge:
        return not want & MAY_EXEC or mode & 0o111 != 0 or mode & flags.S_IFMT == flags.S_IFDIR
    if who.euid == inode.uid:
        mode >>= 6
    elif in_group(who, inode.gid):
        mode >>= 3
    if want & ~mode & 7 == 0:
        return True
    if not who.caps.effective & _SEARCH:
        return False
    if inode.mode & flags.S_IFMT == flags.S_IFDIR:
        return not want & MAY_WRITE
    return want == MAY_READ


def require(who: Credentials, inode: "Inode", want: int) -> None:
    """EACCES unless :func:`permitted`."""
    if not permitted(who, inode, want):
        raise refused(Errno.EACCES, "mode", inode, want)


def require_change(who: Credentials) -> None:
    """EROFS for a judge, to whom every file system is mounted read-only."""
    if who.judge:
        raise refused(Errno.EROFS, "judge")


def require_owner(who: Credentials, inode: "Inode") -> None:
    """EPERM unless the caller owns the inode or has CAP_FOWNER."""
    if who.euid != inode.uid and not capable(who, CAP_FOWNER):
        raise refused(Errno.EPERM, "owner", inode)


def may_remove(who: Credentials, directory: "Inode", inode: "Inode") -> None:
    """EACCES without write access to the directory, EPERM for the sticky bit's rule (inode(7))."""
    require(who, directory, MAY_WRITE | MAY_EXEC)
    if (
        directory.mode & flags.S_ISVTX
        and who.euid not in (directory.uid, inode.uid)
        and not capable(who, CAP_FOWNER)
    ):
        raise refused(Errno.EPERM, "sticky", directory)

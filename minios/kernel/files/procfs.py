"""/proc: the directories and links of proc(5). What the files say is in :mod:`.proc`.

Everything is made when somebody looks. The processes are the machine's; a judge is none of them and
sees them as root does.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Dirent
from minios.fs.inode import Dentry
from minios.fs.synthetic import (
    SyntheticDirectory,
    SyntheticFile,
    SyntheticFileSystem,
    SyntheticInode,
    SyntheticLink,
)
from minios.kernel.credentials import UNDUMPABLE, may_access
from minios.kernel.knob import Knob
from minios.kernel.net import netknobs
from minios.kernel.proc import files
from minios.kernel.proc.table import PID_FILES, ROOT_FILES, PidFile, RootFile
from minios.kernel.sysctl import KNOBS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minios.fs.access import Credentials
    from minios.fs.filesystem import FileSystem
    from minios.kernel.files.file import FdTable, File
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

PROC_DEV = 5
_PID_INO = 1 << 20
"""Inode numbers of a process's directory: this and its pid times :data:`_PER_PID` and on."""
_PER_PID = 1 << 18
_LINK_INO = 1 << 9
_FD_INO = 1 << 10
_FDINFO_INO = _PER_PID >> 1

_DIR, _REG, _LNK = flags.S_IFDIR, flags.S_IFREG, flags.S_IFLNK


class _Node:
    """A place in a fixed tree: a number and either what is there or the names below."""

    __slots__ = ("below", "ino", "what")

    def __init__(self, ino: int) -> None:
        self.ino = ino
        self.what: Any = None
        self.below: dict[bytes, _Node] = {}


def tree(rows: Iterable[tuple[bytes, Any]], ino: int) -> _Node:
    """The tree that slashes in the names make; its nodes are numbered from ``ino``."""
    root = _Node(ino)
    for path, what in rows:
        at = root
        for name in path.split(b"/"):
            if name not in at.below:
                ino += 1
                at.below[name] = _Node(ino)
            at = at.below[name]
        at.what = what
    return root


class Branch(NamedTuple):
    """A directory whose content is made when somebody looks: one for each network device."""

    kind: str


_ROOT = tree(
    [
        *ROOT_FILES.items(),
        *(
            (b"sys/" + name.replace(".", "/").encode(), knob)
            for name, knob in KNOBS.items()
            if not name.startswith(netknobs.BRANCHES)
        ),
        (b"sys/net/ipv4/conf", Branch("conf")),
        (b"sys/net/ipv4/neigh", Branch("neigh")),
    ],
    16,
)
_PID = tree(PID_FILES.items(), 0)


def proc_file_system(kernel: Kernel) -> SyntheticFileSystem:
    """The /proc of a kernel."""
    return SyntheticFileSystem(b"proc", PROC_DEV, kernel.clock, lambda fs: _Root(fs, kernel))


def _alive(kernel: Kernel, pcb: PCB) -> None:
    """ESRCH once the process was waited for."""
    if kernel.processes.get(pcb.pid) is not pcb:
        raise error(Errno.ESRCH)


class Folder(SyntheticDirectory):
    """A directory of a fixed tree, whose numbers begin at ``base``.

    ``make`` gives the file of a leaf, by its inode number and what the tree has there.
    """

    __slots__ = ("_base", "_make", "_node")

    def __init__(
        self,
        fs: FileSystem,
        node: _Node,
        make: Callable[[int, Any], SyntheticInode],
        base: int = 0,
        uid: int = 0,
        gid: int = 0,
    ) -> None:
        super().__init__(fs, base + node.ino, 0o555, uid, gid)
        self._node = node
        self._make = make
        self._base = base

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        node = self._node.below.get(name)
        if node is None:
            return None
        inode: SyntheticInode
        if node.below:
            inode = Folder(self.fs, node, self._make, self._base, self.uid, self.gid)
        else:
            inode = self._make(self._base + node.ino, node.what)
        return self.entry(at, name, inode)

    def list(self, who: Credentials) -> list[Dirent]:
        return [
            Dirent(
                name,
                self._base + node.ino,
                _DIR if node.below or isinstance(node.what, Branch) else _REG,
            )
            for name, node in self._node.below.items()
        ]


def _root_file(kernel: Kernel, fs: FileSystem, ino: int, what: Any) -> SyntheticInode:
    """A file of /proc itself, or a knob of /proc/sys, or a directory of those."""
    if isinstance(what, Branch):
        from minios.kernel.files.netconf import Directory

        return Directory(fs, ino, kernel, what.kind, partial(_knob, kernel, fs))
    if isinstance(what, Knob):
        return _knob(kernel, fs, ino, what)
    assert isinstance(what, RootFile)

    def take(who: Any, data: bytes) -> None:
        if what.write is None:
            raise error(Errno.EINVAL)
        what.write(kernel, data, who)

    return SyntheticFile(fs, ino, lambda who: what.read(kernel), what.mode, take=take)


def _knob(kernel: Kernel, fs: FileSystem, ino: int, knob: Knob) -> SyntheticFile:
    def take(who: Any, data: bytes) -> None:
        if knob.write is None:
            raise error(Errno.EINVAL)
        text = data.partition(b"\0")[0].strip()
        if text:
            knob.write(kernel, text, who)

    return SyntheticFile(fs, ino, lambda who: knob.read(kernel) + b"\n", knob.mode, take=take)


class _Root(Folder):
    """/proc itself."""

    __slots__ = ("kernel",)

    def __init__(self, fs: FileSystem, kernel: Kernel) -> None:
        super().__init__(fs, _ROOT, partial(_root_file, kernel, fs))
        self.ino = 1
        self.kernel = kernel

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        kernel = self.kernel
        if name.isdigit():
            if len(name) > 10 or (name[0] == 48 and len(name) > 1):
                return None
            pcb = kernel.processes.get(int(name))
            return self.entry(at, name, _Process(self.fs, kernel, pcb)) if pcb else None
        if name == b"self":
            return self.entry(at, name, SyntheticLink(self.fs, 2, self._self))
        return super().lookup(who, at, name)

    def _self(self, who: Credentials) -> bytes:
        """The caller's own pid. ENOENT for a judge, who has none here."""
        if who.judge or who.pid not in self.kernel.processes:
            raise error(Errno.ENOENT)
        return b"%d" % who.pid

    def list(self, who: Credentials) -> list[Dirent]:
        return [
            *super().list(who),
            Dirent(b"self", 2, _LNK),
            *(Dirent(b"%d" % pid, _ino(pid), _DIR) for pid in sorted(self.kernel.processes)),
        ]


def _ino(pid: int) -> int:
    return _PID_INO + pid * _PER_PID


class _Process(Folder):
    """/proc/PID. Its files are the process's user's, or root's if it changed its ids (proc(5))."""

    __slots__ = ("kernel", "pcb")

    def __init__(self, fs: FileSystem, kernel: Kernel, pcb: PCB) -> None:
        uid, gid = (0, 0) if pcb.attributes & UNDUMPABLE else (pcb.euid, pcb.egid)
        super().__init__(fs, _PID, self._file, _ino(pcb.pid), uid, gid)
        self.kernel = kernel
        self.pcb = pcb
        self.atime = self.mtime = self.ctime = kernel.machine.epoch + pcb.start_time

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        kernel, pcb, fs = self.kernel, self.pcb, self.fs
        if kernel.processes.get(pcb.pid) is not pcb:
            return None
        inode: SyntheticInode
        if name == b"fd":
            inode = _Descriptors(fs, kernel, pcb, self.uid, self.gid)
        elif name == b"fdinfo":
            inode = _DescriptorTexts(fs, kernel, pcb, self.uid, self.gid)
        elif name in _LINKS:
            ino = self.ino + _LINK_INO + _LINKS.index(name)
            target = partial(_target, kernel, pcb, name)
            inode = SyntheticLink(
                fs, ino, lambda who: target(who)[0], lambda who: target(who)[1],
                0o777, self.uid, self.gid,
            )  # fmt: skip
        else:
            return super().lookup(who, at, name)
        return self.entry(at, name, inode)

    def _file(self, ino: int, what: Any) -> SyntheticFile:
        assert isinstance(what, PidFile)
        kernel, pcb = self.kernel, self.pcb

        def make(who: Credentials) -> bytes:
            _alive(kernel, pcb)
            if what.private:
                _may_look(who, pcb)
            return what.read(kernel, pcb)

        def take(who: Any, data: bytes) -> None:
            if what.write is None:
                raise error(Errno.EINVAL)
            _alive(kernel, pcb)
            what.write(kernel, pcb, data, who)

        return SyntheticFile(self.fs, ino, make, what.mode, self.uid, self.gid, take=take)

    def list(self, who: Credentials) -> list[Dirent]:
        _alive(self.kernel, self.pcb)
        return [
            *super().list(who),
            *(Dirent(name, self.ino + _LINK_INO + i, _LNK) for i, name in enumerate(_LINKS)),
            Dirent(b"fd", self.ino + _FD_INO, _DIR),
            Dirent(b"fdinfo", self.ino + _FDINFO_INO, _DIR),
        ]


_LINKS = (b"cwd", b"exe", b"root")


def _may_look(who: Credentials, pcb: PCB) -> None:
    """EACCES unless root, a judge, or the process's own user (ptrace(2), access mode checking)."""
    if not may_access(who, pcb):
        raise error(Errno.EACCES)


def _target(kernel: Kernel, pcb: PCB, name: bytes, who: Credentials) -> tuple[bytes, Dentry | None]:
    """Where cwd, exe or root leads: its text and the place itself. ENOENT for a zombie."""
    _alive(kernel, pcb)
    _may_look(who, pcb)
    if pcb.zombie:
        raise error(Errno.ENOENT)
    if name == b"exe":
        return pcb.exe, None
    dentry: Dentry = pcb.cwd if name == b"cwd" else kernel.vfs.root
    return dentry.path(), dentry


class _Descriptors(SyntheticDirectory):
    """/proc/PID/fd: a link for each open descriptor."""

    __slots__ = ("kernel", "pcb")

    first, rights, kind = _FD_INO, 0o500, _LNK

    def __init__(self, fs: FileSystem, kernel: Kernel, pcb: PCB, uid: int, gid: int) -> None:
        super().__init__(fs, _ino(pcb.pid) + self.first, self.rights, uid, gid)
        self.kernel = kernel
        self.pcb = pcb

    def _table(self, who: Credentials) -> FdTable:
        _alive(self.kernel, self.pcb)
        _may_look(who, self.pcb)
        table: FdTable = self.pcb.fds
        return table

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        if not name.isdigit() or len(name) > 6:
            return None
        try:
            file = self._table(who).get(int(name))
        except OSError as err:
            if err.errno == Errno.EBADF:
                return None
            raise
        return self.entry(at, name, self._inode(int(name), file))

    def _inode(self, fd: int, file: File) -> SyntheticInode:
        mode = 0o100 | (0o400 if file.readable else 0) | (0o200 if file.writable else 0)
        return SyntheticLink(
            self.fs,
            self.ino + 1 + fd,
            lambda who: file.dentry.path(),
            lambda who: file.dentry,
            mode,
            self.uid,
            self.gid,
            size=64,
        )

    def list(self, who: Credentials) -> list[Dirent]:
        table = self._table(who)
        return [Dirent(b"%d" % fd, self.ino + 1 + fd, self.kind) for fd, _ in table.items()]


class _DescriptorTexts(_Descriptors):
    """/proc/PID/fdinfo: a text for each."""

    __slots__ = ()

    first, rights, kind = _FDINFO_INO, 0o555, _REG

    def _inode(self, fd: int, file: File) -> SyntheticInode:
        def text(who: Credentials) -> bytes:
            self._table(who)
            return files.fdinfo(self.kernel, self.pcb, fd)

        return SyntheticFile(self.fs, self.ino + 1 + fd, text, 0o444, self.uid, self.gid)

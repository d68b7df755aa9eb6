"""/proc: the directories and links of proc(5). What the files say is in :mod:`.proctext`.

Everything is made when somebody looks. The processes are the machine's; a judge is none of them and
sees them as root does.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Dirent
from minios.fs.inode import Dentry, Inode
from minios.fs.synthetic import (
    SyntheticDirectory,
    SyntheticFile,
    SyntheticFileSystem,
    SyntheticLink,
)
from minios.kernel.proctext import KERNEL_FILES, PID_FILES, ROOT_FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from minios.fs.access import Credentials
    from minios.fs.filesystem import FileSystem
    from minios.kernel.file import FdTable, File
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

PROC_DEV = 5
_PID_INO = 1 << 20
"""Inode numbers of a process's directory: this and its pid times :data:`_PER_PID` and on."""
_PER_PID = 1 << 13
_FD_INO = 64

_DIR, _REG, _LNK = flags.S_IFDIR, flags.S_IFREG, flags.S_IFLNK


def proc_file_system(kernel: Kernel) -> SyntheticFileSystem:
    """The /proc of a kernel."""
    return SyntheticFileSystem(b"proc", PROC_DEV, kernel.clock, lambda fs: _Root(fs, kernel))


def _alive(kernel: Kernel, pcb: PCB) -> None:
    """ESRCH once the process was waited for."""
    if kernel.processes.get(pcb.pid) is not pcb:
        raise error(Errno.ESRCH)


class _Root(SyntheticDirectory):
    """/proc itself."""

    __slots__ = ("kernel",)

    def __init__(self, fs: FileSystem, kernel: Kernel) -> None:
        super().__init__(fs, 1)
        self.kernel = kernel

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        kernel = self.kernel
        if name.isdigit():
            if len(name) > 10 or (name[0] == 48 and len(name) > 1):
                return None
            pcb = kernel.processes.get(int(name))
            return self.entry(at, name, _Process(self.fs, kernel, pcb)) if pcb else None
        inode: Inode
        if name == b"self":
            inode = SyntheticLink(self.fs, 2, self._self)
        elif name == b"sys":
            inode = _Table(self.fs, 3, {b"kernel": lambda: _sys_kernel(self.fs, kernel)})
        else:
            for index, (known, text) in enumerate(ROOT_FILES):
                if known == name:
                    inode = SyntheticFile(self.fs, 16 + index, partial(text, kernel))
                    break
            else:
                return None
        return self.entry(at, name, inode)

    def _self(self, who: Credentials) -> bytes:
        """The caller's own pid. ENOENT for a judge, who has none here."""
        if who.judge or who.pid not in self.kernel.processes:
            raise error(Errno.ENOENT)
        return b"%d" % who.pid

    def list(self, who: Credentials) -> list[Dirent]:
        fixed = [Dirent(name, 16 + index, _REG) for index, (name, _) in enumerate(ROOT_FILES)]
        return [
            *fixed,
            Dirent(b"self", 2, _LNK),
            Dirent(b"sys", 3, _DIR),
            *(Dirent(b"%d" % pid, _ino(pid), _DIR) for pid in sorted(self.kernel.processes)),
        ]


class _Table(SyntheticDirectory):
    """A directory of a few fixed entries."""

    __slots__ = ("_entries",)

    def __init__(self, fs: FileSystem, ino: int, entries: dict[bytes, Callable[[], Inode]]) -> None:
        super().__init__(fs, ino)
        self._entries = entries

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        make = self._entries.get(name)
        return self.entry(at, name, make()) if make is not None else None

    def list(self, who: Credentials) -> list[Dirent]:
        made = [(name, make()) for name, make in self._entries.items()]
        return [Dirent(name, inode.ino, inode.mode & flags.S_IFMT) for name, inode in made]


def _sys_kernel(fs: FileSystem, kernel: Kernel) -> SyntheticDirectory:
    def set_hostname(data: bytes) -> None:
        kernel.hostname = data.partition(b"\n")[0][:64]

    entries: dict[bytes, Callable[[], Inode]] = {}
    for index, (name, text) in enumerate(KERNEL_FILES):
        entries[name] = partial(SyntheticFile, fs, 33 + index, partial(text, kernel))
    ino = 33 + [name for name, _ in KERNEL_FILES].index(b"hostname")
    text = dict(KERNEL_FILES)[b"hostname"]
    entries[b"hostname"] = lambda: SyntheticFile(
        fs, ino, partial(text, kernel), 0o644, take=set_hostname
    )
    return _Table(fs, 32, entries)


def _ino(pid: int) -> int:
    return _PID_INO + pid * _PER_PID


class _Process(SyntheticDirectory):
    """/proc/PID, owned by the process's effective ids."""

    __slots__ = ("kernel", "pcb")

    def __init__(self, fs: FileSystem, kernel: Kernel, pcb: PCB) -> None:
        super().__init__(fs, _ino(pcb.pid), 0o555, pcb.euid, pcb.egid)
        self.kernel = kernel
        self.pcb = pcb
        self.atime = self.mtime = self.ctime = kernel.machine.epoch + pcb.start_time

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        kernel, pcb, fs = self.kernel, self.pcb, self.fs
        if kernel.processes.get(pcb.pid) is not pcb:
            return None
        for index, (known, mode, text) in enumerate(PID_FILES):
            if known == name:
                ino = self.ino + 1 + index
                make = partial(_text, text, kernel, pcb)
                return self.entry(at, name, SyntheticFile(fs, ino, make, mode, self.uid, self.gid))
        inode: Inode
        if name == b"fd":
            inode = _Descriptors(fs, kernel, pcb)
        elif name in _LINKS:
            ino = self.ino + 32 + _LINKS.index(name)
            target = partial(_target, kernel, pcb, name)
            inode = SyntheticLink(
                fs, ino, lambda who: target(who)[0], lambda who: target(who)[1],
                0o777, self.uid, self.gid,
            )  # fmt: skip
        else:
            return None
        return self.entry(at, name, inode)

    def list(self, who: Credentials) -> list[Dirent]:
        _alive(self.kernel, self.pcb)
        ino = self.ino
        return [
            *(Dirent(name, ino + 1 + i, _REG) for i, (name, _, _) in enumerate(PID_FILES)),
            *(Dirent(name, ino + 32 + i, _LNK) for i, name in enumerate(_LINKS)),
            Dirent(b"fd", ino + _FD_INO, _DIR),
        ]


def _text(text: Callable[[Kernel, PCB], bytes], kernel: Kernel, pcb: PCB) -> bytes:
    _alive(kernel, pcb)
    return text(kernel, pcb)


_LINKS = (b"cwd", b"exe", b"root")


def _may_look(who: Credentials, pcb: PCB) -> None:
    """EACCES unless root, a judge, or the process's own user (ptrace(2), access mode checking)."""
    if who.judge or who.euid == 0:
        return
    if not (who.euid == pcb.uid == pcb.euid == pcb.suid):
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

    def __init__(self, fs: FileSystem, kernel: Kernel, pcb: PCB) -> None:
        super().__init__(fs, _ino(pcb.pid) + _FD_INO, 0o500, pcb.euid, pcb.egid)
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
        return self.entry(at, name, self._link(int(name), file))

    def _link(self, fd: int, file: File) -> SyntheticLink:
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
        return [Dirent(b"%d" % fd, self.ino + 1 + fd, _LNK) for fd, _ in self._table(who).items()]

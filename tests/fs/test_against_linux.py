"""Random histories of file calls, here and on the Linux below: every outcome must be the same.

As root the calls are made by four users; otherwise by the one there is.
"""

from __future__ import annotations

import os
import random
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.fs.access import ROOT, Identity
from minios.fs.inode import Inode, Regular
from tests.fs.tree import Tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux is the referee")

HISTORIES = 60
LENGTH = 120
NAMES = [b"a", b"b", b"c", b"d", b"e"]
TARGETS = [b"a", b"b", b"c", b"a/b", b"c/d", b"b/", b"./a", b"d/e/a"]
MODES = [0o777, 0o755, 0o700, 0o644, 0o666, 0o1777, 0o2775, 0o4755, 0o6755, 0o500, 0o300, 0o070,
         0o007, 0o2674]  # fmt: skip
OPEN_FLAGS = {
    os.O_CREAT: flags.O_CREAT,
    os.O_EXCL: flags.O_EXCL,
    os.O_TRUNC: flags.O_TRUNC,
    os.O_DIRECTORY: flags.O_DIRECTORY,
    os.O_NOFOLLOW: flags.O_NOFOLLOW,
}

OPS = (
    ["mkdir", "rename", "chmod", "stat"] * 2
    + ["open"] * 4
    + ["mkfifo", "unlink", "rmdir", "link", "symlink", "readlink", "chown", "truncate"]
    + ["access", "list", "utime"]
)

Call = tuple[Any, ...]


def users() -> list[tuple[int, int, tuple[int, ...]]]:
    if os.geteuid() != 0:
        return [(os.geteuid(), os.getegid(), tuple(os.getgroups()))]
    return [(0, 0, ()), (1000, 1000, (2000,)), (1001, 1001, (2000,)), (1002, 1000, ())]


def outcome(call: Any, *args: Any) -> Any:
    try:
        return call(*args)
    except OSError as err:
        return Errno(err.errno or 0)


class Linux:
    def __init__(self, base: bytes) -> None:
        self.base = base

    def __call__(self, user: int, op: str, *args: Any) -> Any:
        root = os.geteuid() == 0
        uid, gid, groups = users()[user]
        if root:
            os.setgroups(groups)
            os.setegid(gid)
            os.seteuid(uid)
        umask = os.umask(0)
        try:
            return outcome(getattr(self, op), *args)
        finally:
            os.umask(umask)
            if root:
                os.seteuid(0)
                os.setegid(0)
                os.setgroups([])

    def path(self, path: bytes) -> bytes:
        return self.base + b"/" + path if path else b""

    def mkdir(self, path: bytes, mode: int) -> None:
        os.mkdir(self.path(path), mode)

    def mkfifo(self, path: bytes, mode: int) -> None:
        os.mkfifo(self.path(path), mode)

    def unlink(self, path: bytes) -> None:
        os.unlink(self.path(path))

    def rmdir(self, path: bytes) -> None:
        os.rmdir(self.path(path))

    def rename(self, old: bytes, new: bytes) -> None:
        os.rename(self.path(old), self.path(new))

    def link(self, old: bytes, new: bytes) -> None:
        os.link(self.path(old), self.path(new), follow_symlinks=False)

    def symlink(self, target: bytes, path: bytes) -> None:
        os.symlink(target, self.path(path))

    def readlink(self, path: bytes) -> bytes:
        return os.readlink(self.path(path))

    def chmod(self, path: bytes, mode: int) -> None:
        os.chmod(self.path(path), mode)

    def chown(self, path: bytes, uid: int, gid: int, follow: bool) -> None:
        os.chown(self.path(path), uid, gid, follow_symlinks=follow)

    def truncate(self, path: bytes, size: int) -> None:
        os.truncate(self.path(path), size)

    def access(self, path: bytes, mode: int) -> bool:
        return os.access(self.path(path), mode, effective_ids=True)

    def utime(self, path: bytes, now: bool) -> None:
        if now:
            os.utime(self.path(path))
        else:
            os.utime(self.path(path), ns=(5, 7))

    def list(self, path: bytes) -> list[bytes]:
        return sorted(os.listdir(self.path(path)))

    def stat(self, path: bytes, follow: bool) -> tuple[int, ...]:
        st = os.stat(self.path(path), follow_symlinks=follow)
        size = 0 if stat.S_ISDIR(st.st_mode) else st.st_size
        return (st.st_mode, st.st_uid, st.st_gid, st.st_nlink, size)

    def open(self, path: bytes, oflag: int, mode: int, data: bytes, at: int) -> list[Any]:
        fd = os.open(self.path(path), oflag | os.O_NONBLOCK, mode)
        try:
            done: list[Any] = []
            if stat.S_ISREG(os.fstat(fd).st_mode):
                if oflag & os.O_ACCMODE != os.O_RDONLY:
                    done.append(os.pwrite(fd, data, at))
                if oflag & os.O_ACCMODE != os.O_WRONLY:
                    done.append(os.pread(fd, 100, at // 2))
            return done
        finally:
            os.close(fd)


class Mine:
    def __init__(self, mode: int, uid: int, gid: int) -> None:
        self.vfs = Tree(size=16 << 20, inodes=1000).vfs
        for rule in self.vfs.protect.__slots__:  # as this host has them
            setattr(self.vfs.protect, rule, int(Path(f"/proc/sys/fs/protected_{rule}").read_text()))
        self.base = self.vfs.mkdir(ROOT, self.vfs.root, b"base", 0)
        self.base.inode.mode = mode
        self.base.inode.uid, self.base.inode.gid = uid, gid

    def __call__(self, user: int, op: str, *args: Any) -> Any:
        uid, gid, groups = users()[user]
        self.who = Identity(uid, gid, groups)
        return outcome(getattr(self, op), *args)

    def path(self, path: bytes) -> bytes:
        return b"/base/" + path if path else b""

    def inode(self, path: bytes, follow: bool = True) -> Inode:
        return self.vfs.walk(self.who, self.base, self.path(path), follow=follow).inode

    def mkdir(self, path: bytes, mode: int) -> None:
        self.vfs.mkdir(self.who, self.base, self.path(path), mode)

    def mkfifo(self, path: bytes, mode: int) -> None:
        self.vfs.mknod(self.who, self.base, self.path(path), flags.S_IFIFO | mode)

    def unlink(self, path: bytes) -> None:
        self.vfs.unlink(self.who, self.base, self.path(path))

    def rmdir(self, path: bytes) -> None:
        self.vfs.rmdir(self.who, self.base, self.path(path))

    def rename(self, old: bytes, new: bytes) -> None:
        self.vfs.rename(self.who, self.base, self.path(old), self.path(new))

    def link(self, old: bytes, new: bytes) -> None:
        self.vfs.link(self.who, self.base, self.path(old), self.path(new))

    def symlink(self, target: bytes, path: bytes) -> None:
        self.vfs.symlink(self.who, self.base, target, self.path(path))

    def readlink(self, path: bytes) -> bytes:
        return self.vfs.readlink(self.who, self.base, self.path(path))

    def chmod(self, path: bytes, mode: int) -> None:
        self.vfs.chmod(self.who, self.inode(path), mode)

    def chown(self, path: bytes, uid: int, gid: int, follow: bool) -> None:
        self.vfs.chown(self.who, self.inode(path, follow), uid, gid)

    def truncate(self, path: bytes, size: int) -> None:
        self.vfs.truncate(self.who, self.base, self.path(path), size)

    def access(self, path: bytes, mode: int) -> bool:
        try:
            self.vfs.access(self.who, self.base, self.path(path), mode)
        except OSError:
            return False
        return True

    def utime(self, path: bytes, now: bool) -> None:
        times = (-1, -1) if now else (5, 7)
        self.vfs.utime(self.who, self.inode(path), *times)

    def list(self, path: bytes) -> list[bytes]:
        dentry, _ = self.vfs.open(self.who, self.base, self.path(path), flags.O_DIRECTORY, 0)
        return sorted(entry.name for entry in dentry.inode.list(self.who))

    def stat(self, path: bytes, follow: bool) -> tuple[int, ...]:
        st = self.inode(path, follow).stat()
        size = 0 if stat.S_ISDIR(st.mode) else st.size
        return (st.mode, st.uid, st.gid, st.nlink, size)

    def open(self, path: bytes, oflag: int, mode: int, data: bytes, at: int) -> list[Any]:
        mine = oflag & flags.O_ACCMODE
        for theirs, ours in OPEN_FLAGS.items():
            mine |= ours if oflag & theirs else 0
        dentry, _ = self.vfs.open(self.who, self.base, self.path(path), mine, mode)
        inode = dentry.inode
        access = mine & flags.O_ACCMODE
        done: list[Any] = []
        if isinstance(inode, Regular):
            if access != flags.O_RDONLY:
                if data:
                    inode.drop_privileges(self.who)
                done.append(inode.write(at, data) if data else 0)
            if access != flags.O_WRONLY:
                done.append(inode.read(at // 2, 100))
        elif access == flags.O_WRONLY:
            raise error(Errno.ENXIO)  # a FIFO, and nobody reads it
        return done


def some_path(rng: random.Random) -> bytes:
    """A short path that stays below the base directory."""
    parts: list[bytes] = []
    depth = 0
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        part = rng.choice([*NAMES, b".", b".."]) if rng.random() < 0.3 else rng.choice(NAMES)
        if part == b"..":
            if depth == 0:
                continue
            depth -= 1
        elif part != b".":
            depth += 1
        parts.append(part)
    roll = rng.random()
    if roll < 0.01:
        return b""
    if roll < 0.02:
        return b"x" * 256
    return (b"/".join(parts) or b"a") + (b"/" if roll > 0.92 else b"")


def calls(seed: int) -> Iterator[Call]:
    rng = random.Random(seed)
    count = len(users())
    for _ in range(LENGTH):
        user = rng.randrange(count)
        op = rng.choice(OPS)
        path, mode = some_path(rng), rng.choice(MODES)
        if op in ("mkdir", "mkfifo"):
            yield user, op, path, mode
        elif op == "chmod":
            # The base stays as it is: Linux protects links in sticky directories (proc(5)).
            yield user, op, path if path.strip(b"./") else b"a", mode
        elif op in ("unlink", "rmdir", "readlink", "list"):
            yield user, op, path
        elif op == "rename":
            yield user, op, path, some_path(rng)
        elif op == "link":
            # By user 0: Linux protects hard links, which this tree does not model (proc(5)).
            yield 0, op, path, some_path(rng)
        elif op == "symlink":
            yield user, op, rng.choice(TARGETS), path
        elif op == "chown":
            ids = rng.choice([-1, 0, 1000, 1001]), rng.choice([-1, 0, 1000, 2000])
            yield user, op, path, *ids, rng.random() < 0.7
        elif op == "truncate":
            yield user, op, path, rng.choice([0, 3, 10, 5000])
        elif op == "access":
            yield user, op, path, rng.randrange(8)
        elif op in ("utime", "stat"):
            yield user, op, path, rng.random() < 0.5
        else:
            oflag = rng.choice([os.O_RDONLY, os.O_WRONLY, os.O_RDWR])
            for flag, chance in zip(OPEN_FLAGS, (0.6, 0.2, 0.2, 0.1, 0.15), strict=True):
                oflag |= flag if rng.random() < chance else 0
            if oflag & os.O_CREAT:
                oflag &= ~os.O_DIRECTORY
            data = rng.choice([b"hello", b"", b"x" * 40])
            yield user, op, path, oflag, mode & 0o6777, data, rng.choice([0, 0, 3, 100])


@pytest.mark.parametrize("start", range(0, HISTORIES, 10))
def test_every_call_ends_as_it_does_on_linux(start: int) -> None:
    for seed in range(start, start + 10):
        with TemporaryDirectory(prefix="minios-") as directory:
            base = Path(directory)
            base.chmod(0o777)
            own = base.stat()
            linux, mine = Linux(os.fsencode(base)), Mine(own.st_mode, own.st_uid, own.st_gid)
            for number, call in enumerate(calls(seed)):
                assert (number, call, mine(*call)) == (number, call, linux(*call))

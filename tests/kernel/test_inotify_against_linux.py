"""Random histories of file calls under watches, here and on this host's Linux: the events must be
the same, in the same order."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import sys as host
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from minios.abi import flags, inotify
from minios.abi.sys import Sys
from tests.kernel.rig import Rig

pytestmark = pytest.mark.skipif(
    host.platform != "linux" or os.geteuid() != 0, reason="compares with Linux, as root"
)

Call = tuple[Any, ...]
NAMES = ("a", "b", "d", "d/x", "d/y", "e")
OPS = (
    *("write", "write", "append", "read", "read", "trunc", "mkdir", "rmdir", "unlink", "unlink"),
    *("rename", "rename", "rename", "link", "symlink", "chmod", "utime", "list", "fifo"),
    *("open", "open", "close", "put", "get", "cut", "watch", "unwatch"),
)


def calls(seed: int) -> Iterator[Call]:
    rng = random.Random(seed)
    for _ in range(70):
        op = rng.choice(OPS)
        yield op, rng.choice(NAMES), rng.choice(NAMES), rng.randrange(3)


MODES = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_RDWR)
FLAGS = (flags.O_RDONLY, flags.O_WRONLY | flags.O_CREAT, flags.O_RDWR)


class Linux:
    """The host. ``at`` holds three open files."""

    def __init__(self, base: str) -> None:
        self.base = base + "/t"
        os.mkdir(self.base)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK)
        self.at: dict[int, int] = {}
        self.wds: list[int] = []

    def path(self, name: str) -> str:
        return f"{self.base}/{name}".rstrip("/")

    def call(self, op: str, *args: Any) -> Any:
        try:
            result = getattr(self, op)(*args)
        except KeyError:
            result = "none"
        except OSError as err:
            result = errno.errorcode[err.errno or 0]
        return result, self.events()

    def events(self) -> list[tuple[int, int, int, bytes]]:
        try:
            return [tuple(event) for event in inotify.unpack(os.read(self.fd, 65536))]
        except BlockingIOError:
            return []

    def _file(self, name: str, mode: int, data: bytes | None) -> None:
        fd = os.open(self.path(name), mode, 0o644)
        if data is None:
            os.read(fd, 100)
        else:
            os.write(fd, data)
        os.close(fd)

    def write(self, a: str, b: str, n: int) -> None:
        self._file(a, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, b"data")

    def append(self, a: str, b: str, n: int) -> None:
        self._file(a, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK, b"more")

    def read(self, a: str, b: str, n: int) -> None:
        self._file(a, os.O_RDONLY | os.O_NONBLOCK, None)

    def trunc(self, a: str, b: str, n: int) -> None:
        os.truncate(self.path(a), n)

    def mkdir(self, a: str, b: str, n: int) -> None:
        os.mkdir(self.path(a))

    def rmdir(self, a: str, b: str, n: int) -> None:
        os.rmdir(self.path(a))

    def unlink(self, a: str, b: str, n: int) -> None:
        os.unlink(self.path(a))

    def rename(self, a: str, b: str, n: int) -> None:
        os.rename(self.path(a), self.path(b))

    def link(self, a: str, b: str, n: int) -> None:
        os.link(self.path(a), self.path(b), follow_symlinks=False)

    def symlink(self, a: str, b: str, n: int) -> None:
        os.symlink(b, self.path(a))

    def chmod(self, a: str, b: str, n: int) -> None:
        os.chmod(self.path(a), 0o700 + n)

    def utime(self, a: str, b: str, n: int) -> None:
        os.utime(self.path(a), (n, n))

    def list(self, a: str, b: str, n: int) -> int:
        return len(os.listdir(self.path("d" if n else "")))

    def fifo(self, a: str, b: str, n: int) -> None:
        os.mkfifo(self.path(a))

    def open(self, a: str, b: str, n: int) -> None:
        fd = os.open(self.path(a), MODES[n] | os.O_NONBLOCK, 0o644)
        if n in self.at:
            os.close(self.at[n])
        self.at[n] = fd

    def close(self, a: str, b: str, n: int) -> None:
        os.close(self.at.pop(n))

    def put(self, a: str, b: str, n: int) -> None:
        os.write(self.at[n], b"put")

    def get(self, a: str, b: str, n: int) -> None:
        os.read(self.at[n], 10)

    def cut(self, a: str, b: str, n: int) -> None:
        os.ftruncate(self.at[n], 1)

    def watch(self, a: str, b: str, n: int) -> int:
        mask = (0xFFF, 0xFFF | inotify.IN_EXCL_UNLINK, inotify.IN_OPEN | inotify.IN_ONESHOT)[n]
        place = self.path(a if n else "").encode()
        wd = self.libc.inotify_add_watch(self.fd, place, ctypes.c_uint32(mask))
        if wd < 0:
            raise OSError(ctypes.get_errno(), "")
        self.wds.append(wd)
        return wd

    def unwatch(self, a: str, b: str, n: int) -> None:
        if self.libc.inotify_rm_watch(self.fd, self.wds[-1] if self.wds else 99) < 0:
            raise OSError(ctypes.get_errno(), "")


class Ours:
    """A simulated process that makes the same calls."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.fd = -1
        self.at: dict[int, int] = {}
        self.wds: list[int] = []

    def path(self, name: str) -> bytes:
        return f"/t/{name}".rstrip("/").encode()

    async def call(self, op: str, *args: Any) -> Any:
        if self.fd < 0:
            await self.sys.mkdir(b"/t")
            self.fd = await self.sys.inotify_init(inotify.IN_NONBLOCK)
        try:
            result = await getattr(self, op)(*args)
        except KeyError:
            result = "none"
        except OSError as err:
            result = errno.errorcode[err.errno or 0]
        try:
            data = await self.sys.read(self.fd, 65536)
        except OSError:
            data = b""
        return result, [tuple(event) for event in inotify.unpack(data)]

    async def _file(self, name: str, mode: int, data: bytes | None) -> None:
        fd = await self.sys.open(self.path(name), mode | flags.O_NONBLOCK, 0o644)
        try:
            if data is None:
                await self.sys.read(fd, 100)
            else:
                await self.sys.write(fd, data)
        except OSError:
            leaked.append(fd)
            raise
        await self.sys.close(fd)

    async def write(self, a: str, b: str, n: int) -> None:
        await self._file(a, flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC, b"data")

    async def append(self, a: str, b: str, n: int) -> None:
        await self._file(a, flags.O_WRONLY | flags.O_APPEND, b"more")

    async def read(self, a: str, b: str, n: int) -> None:
        await self._file(a, flags.O_RDONLY, None)

    async def trunc(self, a: str, b: str, n: int) -> None:
        await self.sys.truncate(self.path(a), n)

    async def mkdir(self, a: str, b: str, n: int) -> None:
        await self.sys.mkdir(self.path(a))

    async def rmdir(self, a: str, b: str, n: int) -> None:
        await self.sys.rmdir(self.path(a))

    async def unlink(self, a: str, b: str, n: int) -> None:
        await self.sys.unlink(self.path(a))

    async def rename(self, a: str, b: str, n: int) -> None:
        await self.sys.rename(self.path(a), self.path(b))

    async def link(self, a: str, b: str, n: int) -> None:
        await self.sys.link(self.path(a), self.path(b))

    async def symlink(self, a: str, b: str, n: int) -> None:
        await self.sys.symlink(b.encode(), self.path(a))

    async def chmod(self, a: str, b: str, n: int) -> None:
        await self.sys.chmod(self.path(a), 0o700 + n)

    async def utime(self, a: str, b: str, n: int) -> None:
        await self.sys.utimens(self.path(a), n * 10**9, n * 10**9)

    async def list(self, a: str, b: str, n: int) -> int:
        fd = await self.sys.open(self.path("d" if n else ""), flags.O_DIRECTORY)
        count = 0
        while entries := await self.sys.getdents(fd):
            count += len(entries)
        await self.sys.close(fd)
        return count - 2

    async def fifo(self, a: str, b: str, n: int) -> None:
        await self.sys.mkfifo(self.path(a))

    async def open(self, a: str, b: str, n: int) -> None:
        fd = await self.sys.open(self.path(a), FLAGS[n] | flags.O_NONBLOCK, 0o644)
        if n in self.at:
            await self.sys.close(self.at[n])
        self.at[n] = fd

    async def close(self, a: str, b: str, n: int) -> None:
        await self.sys.close(self.at.pop(n))

    async def put(self, a: str, b: str, n: int) -> None:
        await self.sys.write(self.at[n], b"put")

    async def get(self, a: str, b: str, n: int) -> None:
        await self.sys.read(self.at[n], 10)

    async def cut(self, a: str, b: str, n: int) -> None:
        await self.sys.ftruncate(self.at[n], 1)

    async def watch(self, a: str, b: str, n: int) -> int:
        mask = (0xFFF, 0xFFF | inotify.IN_EXCL_UNLINK, inotify.IN_OPEN | inotify.IN_ONESHOT)[n]
        wd = await self.sys.inotify_add_watch(self.fd, self.path(a if n else ""), mask)
        self.wds.append(wd)
        return wd

    async def unwatch(self, a: str, b: str, n: int) -> None:
        await self.sys.inotify_rm_watch(self.fd, self.wds[-1] if self.wds else 99)


leaked: list[int] = []


def plain(results: list[Any]) -> list[Any]:
    """Cookies as the numbers 1, 2 … in the order of their coming."""
    seen: dict[int, int] = {0: 0}
    return [
        (result, [(wd, mask, seen.setdefault(cookie, len(seen)), name)
                  for wd, mask, cookie, name in events])
        for result, events in results
    ]  # fmt: skip


def ours(history: list[Call]) -> list[Any]:
    results: list[Any] = []

    async def main(sys: Sys) -> None:
        mine = Ours(sys)
        for call in history:
            results.append(await mine.call(*call))

    rig = Rig()
    rig.start(main)
    rig.run(5)
    return results


@pytest.mark.parametrize("start", range(0, 40, 10))
def test_the_events_are_linux_s(start: int) -> None:
    for seed in range(start, start + 10):
        history = list(calls(seed))
        with TemporaryDirectory(prefix="minios-") as base:
            linux = Linux(base)
            theirs = plain([linux.call(*call) for call in history])
            os.close(linux.fd)
            for fd in linux.at.values():
                os.close(fd)
        mine = plain(ours(history))
        for number, call in enumerate(history):
            assert (number, call, mine[number]) == (number, call, theirs[number]), history[:number]

"""Random programs on files, then a power cut: what must still be there, and what must not.

Every file is written with a byte of its own, so that what comes from somewhere else is seen. After
a crash, a file that was synced and not touched since is whole and under its name; any other has
bytes of its own, or zeros, or is gone (fsync(2), ext4(5) data=ordered).
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.sys import Sys
from minios.fs.access import ROOT
from minios.fs.disk import DriveSpec
from minios.sim.world import MILLISECOND
from tests.kernel.rig import Rig
from tests.kernel.test_storage import check

NAMES = [b"/f%d" % number for number in range(5)]
DRIVES = [
    DriveSpec(),
    DriveSpec(latency=20 * MILLISECOND),
    DriveSpec(latency=200 * MILLISECOND),
    DriveSpec(kind="hdd", elevator="scan"),
    DriveSpec(kind="hdd", elevator="deadline"),
]
STEPS = [
    "create", "write", "write", "append", "truncate", "rename", "replace", "unlink", "link",
    "fsync", "fdatasync", "sync", "sleep", "sleep", "drop",
]  # fmt: skip


SPARE = 240
"""From here on are the marks of files that have none of their own yet."""


class File:
    """What a file holds, and whether content and name have been synced as they are."""

    def __init__(self, mark: int, data: bytes = b"") -> None:
        self.mark = mark
        self.data = data
        self.kept = self.named = False

    def put(self, offset: int, count: int) -> None:
        self.data = self.data.ljust(offset, b"\0")
        self.data = self.data[:offset] + bytes([self.mark]) * count + self.data[offset + count :]
        self.kept = False


class Program:
    """One process's life between two power cuts."""

    def __init__(self, rig: Rig, random: Random, names: dict[bytes, File]) -> None:
        self.rig = rig
        self.random = random
        self.names = names
        marks = [file.mark for file in names.values() if file.mark < SPARE]
        self.marks = max(marks, default=0)
        self.ended = False

    def fresh(self) -> File:
        self.marks += 1
        return File(self.marks)

    async def main(self, sys: Sys) -> None:
        for _ in range(self.random.randint(1, 25)):
            path = self.random.choice(NAMES)
            try:
                await self.step(sys, self.random.choice(STEPS), path, self.names.get(path))
            except OSError as err:
                assert err.errno == Errno.ENOSPC
            check(self.rig)
        self.ended = True

    async def step(self, sys: Sys, what: str, path: bytes, file: File | None) -> None:
        random, names = self.random, self.names
        if what == "sync":
            await sys.sync()
            for each in names.values():
                each.kept = each.named = True
        elif what == "sleep":
            await sys.nanosleep(random.choice([1, 100, 3000, 20000, 45000]) * MILLISECOND)
        elif what == "drop":
            self.rig.kernel.cache.drop_all()
        elif what == "create":
            if file is None:
                await sys.close(await sys.open(path, flags.O_WRONLY | flags.O_CREAT))
                names[path] = self.fresh()
        elif file is None:
            return
        elif what in ("write", "append"):
            start = random.choice([0, random.randrange(200_000)])
            await self.write(sys, path, file, len(file.data) if what == "append" else start)
        elif what == "truncate":
            size = random.choice([0, random.randrange(len(file.data) + 9000)])
            await sys.truncate(path, size)
            file.data = file.data[:size].ljust(size, b"\0")
            file.kept = False
        elif what in ("fsync", "fdatasync"):
            fd = await sys.open(path, flags.O_RDWR)
            await getattr(sys, what)(fd)
            await sys.close(fd)
            file.kept = True
            file.named = file.named or what == "fsync"
        else:
            await self.move(sys, what, path, file)

    async def write(self, sys: Sys, path: bytes, file: File, offset: int) -> None:
        count = self.random.choice([1, 4096, self.random.randrange(1, 30_000)])
        fd = await sys.open(path, flags.O_RDWR)
        await sys.lseek(fd, offset)
        file.put(offset, await sys.write(fd, bytes([file.mark]) * count))
        await sys.close(fd)

    async def move(self, sys: Sys, what: str, path: bytes, file: File) -> None:
        names, other = self.names, self.random.choice(NAMES)
        if what == "unlink":
            await sys.unlink(path)
            del names[path]
        elif what == "link" and other not in names:
            await sys.link(path, other)
            names[other] = file
        elif what == "rename" and names.get(other) is not file:
            await sys.rename(path, other)
            if other in names:
                names[other].named = False
            names[other] = names.pop(path)
        elif what == "replace":
            new = self.fresh()
            fd = await sys.open(b"/new", flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC)
            new.put(0, await sys.write(fd, bytes([new.mark]) * self.random.randrange(1, 20_000)))
            await sys.close(fd)
            await sys.rename(b"/new", path)
            names[path] = new
        else:
            return
        file.named = False


def on_disk(rig: Rig) -> dict[bytes, tuple[int, bytes]]:
    """The inode number and the content of every file that is there."""
    vfs = rig.machine.vfs
    found = {}
    for path in NAMES:
        try:
            inode: Any = vfs.walk(ROOT, vfs.root, path).inode
        except OSError:
            continue
        found[path] = (inode.ino, inode.read(0, 1 << 22))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_a_power_cut_takes_only_what_was_not_synced(seed: int) -> None:
    random = Random(seed)
    ram, disk = random.choice([1 << 20, 4 << 20]), random.choice([256 << 10, 1 << 20, 4 << 20])
    rig = Rig(ram=ram, disk=disk, drive=random.choice(DRIVES))
    names: dict[bytes, File] = {}
    for _ in range(3):
        program = Program(rig, random, names)
        rig.start(program.main)
        for _ in range(3000):
            rig.run(random.choice([0.05, 0.5, 2]))
            if program.ended:
                break
        assert program.ended, "it never came to its end"
        rig.run(random.choice([0, 0.001, 0.01, 0.1, 1, 6, 40]))
        rig.machine.power_off()
        rig.machine.power_on()
        rig.run()
        check(rig)
        found = on_disk(rig)
        for path, file in names.items():
            if file.kept and file.named:
                assert path in found, f"{path!r} is lost"
                assert found[path][1] == file.data, f"{path!r} is not what was synced"
        inodes: dict[int, File] = {}
        names = {}
        for path, (ino, data) in found.items():
            marks = set(data) - {0}
            assert len(marks) <= 1, f"{path!r} has bytes of other files"
            if ino not in inodes:
                inodes[ino] = File(marks.pop() if marks else SPARE + len(inodes), data)
                inodes[ino].kept = inodes[ino].named = True
            names[path] = inodes[ino]

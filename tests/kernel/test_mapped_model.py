"""Random programs that read, write, cut and map files, against a model of bytes.

A shared mapping and read(2) see one file; a private one sees the file until it writes to a page.
There is so little RAM that the page cache and the mappings lose their pages all the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from minios.abi import flags
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.sim.world import MILLISECOND
from tests.kernel.memory_rig import PAGE, MemoryRig
from tests.kernel.test_storage import check

RW = flags.PROT_READ | flags.PROT_WRITE
STEPS = [
    "write", "write", "truncate", "map", "map", "store", "store", "load", "load", "load", "unmap",
    "msync", "fork", "press", "drop", "sync", "read", "away", "sleep",
]  # fmt: skip


@dataclass
class Mapping:
    """``pages`` pages of a file from page ``offset`` on; ``own`` are private copies by page, None
    for one of which only the file's part is known."""

    address: int
    pages: int
    path: bytes
    offset: int
    shared: bool
    own: dict[int, bytes] = field(default_factory=dict)


class Player:
    def __init__(self, rig: MemoryRig, random: Random, place: bytes) -> None:
        self.rig = rig
        self.random = random
        self.names = [place + b"m%d" % number for number in range(3)]
        self.files = {name: bytearray() for name in self.names}
        self.maps: list[Mapping] = []
        self.ended = False

    async def main(self, sys: Sys) -> None:
        for name in self.names:
            await sys.close(await sys.open(name, flags.O_RDWR | flags.O_CREAT))
        for _ in range(40):
            await self.step(sys, self.random.choice(STEPS), self.random.choice(self.names))
            self.rig.memory.check()
            check(self.rig)
        self.ended = True

    async def step(self, sys: Sys, what: str, path: bytes) -> None:
        random = self.random
        if what == "write":
            await self.write(sys, path)
        elif what == "truncate":
            await self.truncate(sys, path, random.choice([0, random.randrange(8 * PAGE)]))
        elif what == "map":
            await self.map(sys, path)
        elif what == "read":
            fd = await sys.open(path)
            seen = b""
            while piece := await sys.read(fd, 30_000):
                seen += piece
            await sys.close(fd)
            assert seen == bytes(self.files[path])
        elif what == "press":
            count = random.randrange(20, 140) if self.rig.memory.swap.size else 30
            at = await sys.mmap(count * PAGE)
            for page in range(count):
                await sys.store(at + page * PAGE, b"press")
            await sys.munmap(at, count * PAGE)
        elif what == "drop":
            self.rig.kernel.cache.drop_all()
        elif what == "sync":
            await sys.sync()
        elif what == "sleep":
            await sys.nanosleep(random.choice([1, 3000, 40_000]) * MILLISECOND)
        elif self.maps:
            await self.use(sys, what, random.choice(self.maps))

    async def write(self, sys: Sys, path: bytes) -> None:
        random, file = self.random, self.files[path]
        offset = random.randrange(7 * PAGE)
        data = bytes([random.randrange(1, 255)]) * random.choice([1, 50, PAGE, 2 * PAGE - 1])
        fd = await sys.open(path, flags.O_RDWR)
        await sys.lseek(fd, offset)
        assert await sys.write(fd, data) == len(data)
        await sys.close(fd)
        file.extend(bytes(max(0, offset - len(file))))
        file[offset : offset + len(data)] = data

    async def truncate(self, sys: Sys, path: bytes, size: int) -> None:
        file = self.files[path]
        await sys.truncate(path, size)
        del file[size:]
        file.extend(bytes(size - len(file)))
        for mapping in self.maps:
            if mapping.path == path:
                end = size - mapping.offset * PAGE
                mapping.own = {page: own for page, own in mapping.own.items() if page * PAGE < end}

    async def map(self, sys: Sys, path: bytes) -> None:
        random = self.random
        pages, offset, shared = random.randrange(1, 7), random.randrange(3), random.random() < 0.5
        fd = await sys.open(path, flags.O_RDWR)
        kind = flags.MAP_SHARED if shared else flags.MAP_PRIVATE
        at = await sys.mmap(pages * PAGE, RW, kind, fd, offset * PAGE)
        await sys.close(fd)
        self.maps.append(Mapping(at, pages, path, offset, shared))

    async def use(self, sys: Sys, what: str, mapping: Mapping) -> None:
        page = self.random.randrange(mapping.pages)
        size = mapping.pages * PAGE
        if what == "unmap":
            self.maps.remove(mapping)
            await sys.munmap(mapping.address, size)
        elif what == "msync":
            await sys.msync(mapping.address, size)
        elif what == "away":
            await sys.madvise(mapping.address, size, flags.MADV_PAGEOUT)
        else:
            await self.touch(sys, what, mapping, page)

    async def touch(self, sys: Sys, what: str, mapping: Mapping, page: int) -> None:
        file = self.files[mapping.path]
        at, address = (page + mapping.offset) * PAGE, mapping.address + page * PAGE
        within = self.random.randrange(PAGE - 4)
        if at >= len(file):
            assert await self.child(sys, address) == Sig.SIGBUS
        elif what == "fork":
            if at + 4 <= len(file):
                assert await self.child(sys, address) == 0
                if mapping.shared:
                    file[at : at + 4] = b"CHLD"
        elif what == "load":
            seen = await sys.load(address, PAGE)
            known = mapping.own.get(page, bytes(file[at : at + PAGE]))
            end = min(len(known), len(file) - at)
            assert seen[:end] == known[:end]
        elif mapping.shared:
            # What is written beyond the end of the file is nobody's.
            if at + within + 4 <= len(file):
                await sys.store(address + within, b"SHRD")
                file[at + within : at + within + 4] = b"SHRD"
        else:
            await sys.store(address + within, b"PRIV")
            own = bytearray(mapping.own.get(page, bytes(file[at : at + PAGE]).ljust(PAGE, b"\0")))
            own[within : within + 4] = b"PRIV"
            mapping.own[page] = bytes(own)

    async def child(self, sys: Sys, address: int) -> int:
        """The signal that writing there costs a child."""

        async def attempt(sys: Sys) -> int:
            await sys.store(address, b"CHLD")
            return 0

        return (await sys.waitpid(await sys.fork(attempt))).status & 0x7F


@pytest.mark.parametrize("seed", range(50))
def test_files_and_mappings_are_what_the_model_says(seed: int) -> None:
    random = Random(seed)
    swap = random.choice([0, 2 << 20])
    rig = MemoryRig(ram=random.choice([160, 200, 400]) * PAGE, swap=swap)
    if swap:
        rig.use_swap()
    player = Player(rig, random, random.choice([b"/", b"/", b"/tmp/"]))
    rig.start(player.main)
    for _ in range(3000):
        rig.run(0.5)
        if player.ended:
            break
    assert player.ended
    rig.run()
    rig.memory.check()
    check(rig)

"""Files as memory while they are written, cut, extended and forgotten by the cache."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import flags
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.memory_rig import PAGE, MemoryRig
from tests.kernel.test_storage import check, text

RW = flags.PROT_READ | flags.PROT_WRITE


def play(main: Any, path: bytes = b"/m") -> list[Any]:
    """What ``main(sys, fd, log)`` logs about a file that it may read and write."""
    rig = MemoryRig(ram=2 << 20)
    log: list[Any] = []

    async def run(sys: Sys) -> None:
        fd = await sys.open(path, flags.O_RDWR | flags.O_CREAT)
        await main(sys, fd, log)

    rig.do(run)
    check(rig)
    return log


async def put(sys: Sys, fd: int, offset: int, data: bytes) -> None:
    await sys.lseek(fd, offset)
    await sys.write(fd, data)


async def death(sys: Sys, address: int) -> int:
    """The signal that reading there costs a child."""

    async def look(sys: Sys) -> int:
        await sys.load(address, 1)
        return 0

    return (await sys.waitpid(await sys.fork(look))).status & 0x7F


PLACES = pytest.mark.parametrize("path", [b"/m", b"/tmp/m"])


@PLACES
@pytest.mark.parametrize("shared", [True, False])
def test_a_hole_of_a_file_is_zeros(path: bytes, shared: bool) -> None:
    async def main(sys: Sys, fd: int, log: list[Any]) -> None:
        await sys.ftruncate(fd, 20 * PAGE)
        kind = flags.MAP_SHARED if shared else flags.MAP_PRIVATE
        at = await sys.mmap(20 * PAGE, RW, kind, fd)
        log.append(await sys.load(at + 5 * PAGE, 3))
        await sys.store(at + 5 * PAGE, b"new")
        await sys.lseek(fd, 5 * PAGE)
        log.append(await sys.read(fd, 4))

    assert play(main, path) == [b"\0\0\0", b"new\0" if shared else b"\0\0\0\0"]


@PLACES
@pytest.mark.parametrize("shared", [True, False])
def test_what_is_written_while_nobody_maps_the_file_is_there_when_somebody_does_again(
    path: bytes, shared: bool
) -> None:
    async def main(sys: Sys, fd: int, log: list[Any]) -> None:
        await put(sys, fd, 0, b"old" * PAGE)
        kind = flags.MAP_SHARED if shared else flags.MAP_PRIVATE
        for following in (b"NEW", b"..."):
            at = await sys.mmap(3 * PAGE, RW, kind, fd)
            log.append(await sys.load(at + PAGE + 2, 3))
            await sys.munmap(at, 3 * PAGE)
            await put(sys, fd, PAGE + 2, following)

    assert play(main, path) == [b"old", b"NEW"]


@PLACES
def test_what_is_cut_off_while_nobody_maps_the_file_is_zeros_when_it_grows_again(
    path: bytes,
) -> None:
    async def main(sys: Sys, fd: int, log: list[Any]) -> None:
        await put(sys, fd, 0, b"x" * PAGE)
        at = await sys.mmap(PAGE, RW, flags.MAP_SHARED, fd)
        log.append(await sys.load(at + 200, 2))
        await sys.munmap(at, PAGE)
        await sys.ftruncate(fd, 201)
        await sys.ftruncate(fd, PAGE)
        at = await sys.mmap(PAGE, RW, flags.MAP_SHARED, fd)
        log.append(await sys.load(at + 200, 2))

    assert play(main, path) == [b"xx", b"x\0"]


@PLACES
@pytest.mark.parametrize("shared", [True, False])
def test_pages_beyond_the_end_of_a_file_that_was_cut_are_sigbus_copies_of_them_too(
    path: bytes, shared: bool
) -> None:
    """truncate(2); a private mapping loses even the pages it has written (compared with Linux)."""

    async def main(sys: Sys, fd: int, log: list[Any]) -> None:
        await put(sys, fd, 0, b"x" * 2 * PAGE)
        kind = flags.MAP_SHARED if shared else flags.MAP_PRIVATE
        at = await sys.mmap(2 * PAGE, RW, kind, fd)
        await sys.store(at, b"mine")
        await sys.store(at + PAGE, b"mine")
        await sys.ftruncate(fd, 100)
        log.append(await death(sys, at))
        log.append(await death(sys, at + PAGE))
        await sys.ftruncate(fd, 0)
        log.append(await death(sys, at))

    assert play(main, path) == [0, Sig.SIGBUS, Sig.SIGBUS]


async def stay(sys: Sys, how: str) -> None:
    """Write into a file by a shared mapping, make that durable, and go on living."""
    fd = await sys.open(b"/m", flags.O_RDWR | flags.O_CREAT)
    await sys.write(fd, b"o" * 3 * PAGE)
    await sys.fsync(fd)
    at = await sys.mmap(3 * PAGE, RW, flags.MAP_SHARED, fd)
    for round_ in (b"1st", b"2nd"):
        await sys.store(at + PAGE, round_)
        if how == "msync":
            await sys.msync(at, 3 * PAGE)
        elif how == "sync":
            await sys.sync()
        elif how:
            await getattr(sys, how)(fd)
    await sys.nanosleep(1000 * SECOND)


@pytest.mark.parametrize("how", ["msync", "fsync", "fdatasync", "syncfs", "sync"])
def test_what_a_shared_mapping_wrote_survives_a_power_cut_once_it_was_synced(how: str) -> None:
    """fsync(2), msync(2) with MS_SYNC, sync(2); also what is written into the page after that."""
    rig = MemoryRig(ram=2 << 20)
    rig.start(lambda sys: stay(sys, how))
    rig.run(0.5)
    rig.memory.check()
    check(rig)
    rig.machine.power_off()
    rig.machine.power_on()
    rig.run()
    assert text(rig, b"/m")[PAGE : PAGE + 4] == b"2ndo"


def test_what_a_shared_mapping_wrote_is_written_back_in_time_and_then_all_is_quiet() -> None:
    rig = MemoryRig(ram=2 << 20)
    pcb = rig.start(lambda sys: stay(sys, ""))
    rig.run(60)
    rig.memory.check()
    due = rig.world.next_event()
    assert due is None or due > rig.world.now + 900 * SECOND, "only the sleep of the process"
    assert not pcb.zombie
    rig.machine.power_off()
    rig.machine.power_on()
    rig.run()
    assert text(rig, b"/m")[PAGE : PAGE + 4] == b"2ndo"

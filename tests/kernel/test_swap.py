"""Swap, reclaim, putting programs away, and what happens when memory runs out."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.kernel.process import PCB
from minios.memory.replacement import ONLINE
from minios.sim.world import SECOND
from tests.kernel.memory_rig import PAGE, MemoryRig

Log = list[Any]
RW = flags.PROT_READ | flags.PROT_WRITE
SHARED = flags.MAP_SHARED | flags.MAP_ANONYMOUS


async def caught(call: Any) -> Any:
    try:
        return await call
    except OSError as err:
        return Errno(err.errno)


async def fill(sys: Sys, at: int, pages: int) -> None:
    """Write a number of its own into every page."""
    for page in range(pages):
        await sys.store(at + page * PAGE, page.to_bytes(4, "little"))


async def wrong(sys: Sys, at: int, pages: int) -> int:
    """How many pages do not hold their number."""
    bad = 0
    for page in range(pages):
        bad += int.from_bytes(await sys.load(at + page * PAGE, 4), "little") != page
    return bad


@pytest.mark.parametrize("policy", ONLINE)
def test_more_memory_than_ram_is_had_from_swap(policy: str) -> None:
    log: Log = []
    rig = MemoryRig(ram=1 << 20, swap=2 << 20)
    rig.memory.set_policy(policy)
    rig.use_swap()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(400 * PAGE)
        await fill(sys, at, 400)
        log.append(await wrong(sys, at, 400))

    pcb = rig.do(main)
    assert pcb.exit_status == 0
    assert log == [0]
    assert pcb.majflt >= 400 - 256
    assert rig.memory.counts["pswpin"] == pcb.majflt
    # All that is left there is the idle init's image, and its memory.
    assert rig.memory.swap.size - rig.memory.swap.free <= 7
    assert rig.memory.policy is not None
    assert rig.memory.policy.name == policy


def test_what_waits_for_swap_is_in_uninterruptible_sleep() -> None:
    rig = MemoryRig(ram=1 << 20, swap=2 << 20)
    rig.use_swap()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(300 * PAGE)
        await fill(sys, at, 300)
        await wrong(sys, at, 300)

    pcb = rig.start(main)
    states: dict[tuple[str, str], int] = {}
    while not pcb.zombie:
        rig.world.run_until(rig.world.now + 10_000)
        states[pcb.state, pcb.wchan] = 1
    assert ("D", "folio_wait_bit") in states
    assert rig.memory.pressure.total > 0


def test_a_page_that_was_not_written_again_goes_for_nothing() -> None:
    """The swap cache: a clean page keeps its slot."""
    rig = MemoryRig(ram=1 << 20, swap=4 << 20)
    rig.use_swap()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(300 * PAGE)
        await fill(sys, at, 300)
        for _ in range(4):
            await wrong(sys, at, 300)

    rig.do(main)
    counts = rig.memory.counts
    assert counts["pswpout"] < 400 < counts["pswpin"]


def test_forked_pages_are_swapped_once_and_come_back_shared() -> None:
    log: Log = []
    rig = MemoryRig(ram=1 << 20, swap=4 << 20)
    rig.use_swap()

    async def child(sys: Sys, at: int) -> int:
        log.append(await wrong(sys, at, 150))
        await sys.store(at, b"mine")
        return 0

    async def main(sys: Sys) -> None:
        at = await sys.mmap(400 * PAGE)
        await fill(sys, at, 150)
        pid = await sys.fork(child, at)
        await fill(sys, at + 150 * PAGE, 250)
        await sys.waitpid(pid)
        log.append(await wrong(sys, at, 150))
        log.append(await wrong(sys, at + 150 * PAGE, 250))

    rig.do(main, 30)
    assert log == [0, 0, 0]


def test_shared_memory_is_swapped_too() -> None:
    log: Log = []
    rig = MemoryRig(ram=1 << 20, swap=4 << 20)
    rig.use_swap()

    async def child(sys: Sys, at: int) -> int:
        log.append(await wrong(sys, at, 200))
        await sys.store(at, b"seen")
        return 0

    async def main(sys: Sys) -> None:
        shared = await sys.mmap(200 * PAGE, RW, SHARED)
        await fill(sys, shared, 200)
        own = await sys.mmap(200 * PAGE)
        await fill(sys, own, 200)
        await sys.waitpid(await sys.fork(child, shared))
        log.append(await sys.load(shared, 4))
        log.append(await wrong(sys, own, 200))

    rig.do(main, 30)
    assert log == [0, b"seen", 0]


def test_locked_pages_stay() -> None:
    log: Log = []
    rig = MemoryRig(ram=1 << 20, swap=4 << 20)
    rig.use_swap()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(50 * PAGE)
        await sys.mlock(at, 50 * PAGE)
        other = await sys.mmap(300 * PAGE)
        await fill(sys, other, 300)
        log.append(await sys.mincore(at, 50 * PAGE))

    rig.do(main)
    assert log == [b"\1" * 50]


def test_swapoff_brings_everything_back() -> None:
    log: Log = []
    rig = MemoryRig(ram=2 << 20, swap=4 << 20)
    rig.use_swap()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(300 * PAGE)
        await fill(sys, at, 300)
        await sys.madvise(at, 300 * PAGE, flags.MADV_PAGEOUT)
        await sys.nanosleep(SECOND)
        log.append(rig.memory.swap.size - rig.memory.swap.free >= 300)
        await sys.swapoff(b"/dev/sda2")
        log.append(rig.memory.swap.size)
        log.append(await wrong(sys, at, 300))

    assert rig.do(main).exit_status == 0
    assert log == [True, 0, 0]


def test_swapoff_is_refused_when_there_is_no_room() -> None:
    log: Log = []
    rig = MemoryRig(ram=1 << 20, swap=4 << 20)
    rig.use_swap()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(400 * PAGE)
        await fill(sys, at, 400)
        log.append(await caught(sys.swapoff(b"/dev/sda2")))
        log.append(await wrong(sys, at, 400))

    rig.do(main)
    assert log == [Errno.ENOMEM, 0]


def test_swapon_wants_a_signature_and_root() -> None:
    log: Log = []
    rig = MemoryRig(swap=1 << 20)

    async def main(sys: Sys) -> None:
        log.append(await caught(sys.swapon(b"/dev/sda1")))
        log.append(await caught(sys.swapon(b"/bin")))
        await sys.swapon(b"/dev/sda2")
        log.append(await caught(sys.swapon(b"/dev/sda2")))
        await sys.setuid(1000)
        log.append(await caught(sys.swapoff(b"/dev/sda2")))

    rig.do(main)
    assert log == [Errno.EBUSY, Errno.EINVAL, Errno.EBUSY, Errno.EPERM]


# -- putting away ------------------------------------------------------------------------------


async def put(sys: Sys, pid: int, what: bytes) -> None:
    fd = await sys.open(b"/proc/%d/reclaim" % pid, flags.O_WRONLY)
    await sys.write(fd, what)


def test_a_program_is_put_away_whole_and_comes_back() -> None:
    log: Log = []
    rig = MemoryRig(swap=4 << 20)
    rig.use_swap()
    victim: list[PCB] = []

    async def sleeper(sys: Sys) -> None:
        at = await sys.mmap(100 * PAGE)
        await fill(sys, at, 100)
        await sys.nanosleep(2 * SECOND)
        log.append(victim[0].mm.swapped)
        log.append(await wrong(sys, at, 100))

    async def away(sys: Sys) -> None:
        await sys.nanosleep(SECOND)
        log.append(victim[0].mm.rss >= 107)
        await put(sys, victim[0].pid, b"all")
        log.append((victim[0].mm.rss, victim[0].mm.swapped))

    victim.append(rig.start(sleeper))
    rig.do(away)
    rig.until(lambda: victim[0].zombie)
    # Its image came back before it went on; the rest, page by page, when it was touched.
    assert log == [True, (0, 107), 100, 0]
    assert victim[0].majflt == 107


def test_a_stopped_program_stays_away() -> None:
    rig = MemoryRig(swap=4 << 20)
    rig.use_swap()

    async def busy(sys: Sys) -> None:
        while True:
            await sys.compute(1000)

    async def away(sys: Sys) -> None:
        await sys.kill(pcb.pid, Sig.SIGSTOP)
        await put(sys, pcb.pid, b"all")
        await sys.nanosleep(SECOND)
        assert pcb.mm.rss == 0
        await sys.kill(pcb.pid, Sig.SIGCONT)
        await sys.nanosleep(SECOND)
        assert pcb.mm.anon == 7

    pcb = rig.start(busy)
    rig.do(away)
    assert pcb.majflt == 7


# -- out of memory -----------------------------------------------------------------------------


async def _grow(sys: Sys) -> None:
    at = await sys.mmap(8 << 20)
    await fill(sys, at, 2048)


def test_who_takes_most_is_killed_when_memory_runs_out() -> None:
    rig = MemoryRig(ram=2 << 20)

    async def small(sys: Sys) -> None:
        at = await sys.mmap(50 * PAGE)
        await fill(sys, at, 50)
        while True:
            await sys.nanosleep(SECOND)

    bystander = rig.start(small)
    # 8 MiB could not be promised at once by the heuristic.
    rig.kernel.sysctl["vm.overcommit_memory"] = 1
    pcb = rig.do(_grow)
    assert pcb.exit_status & 0x7F == Sig.SIGKILL
    assert pcb.oom_killed
    assert not bystander.zombie
    texts = [record.text for record in rig.kernel.log.since(0)]
    assert texts[-1].startswith(
        b"Out of memory: Killed process %d (%b) total-vm:" % (pcb.pid, pcb.comm)
    )
    assert rig.memory.counts["oom_kill"] == 1


def test_an_adjustment_chooses_another_victim() -> None:
    """proc_pid_oom_score_adj(5)."""
    rig = MemoryRig(ram=2 << 20)
    rig.kernel.sysctl["vm.overcommit_memory"] = 1

    async def small(sys: Sys) -> None:
        fd = await sys.open(b"/proc/self/oom_score_adj", flags.O_WRONLY)
        await sys.write(fd, b"1000")
        while True:
            await sys.nanosleep(SECOND)

    async def protected(sys: Sys) -> None:
        fd = await sys.open(b"/proc/self/oom_score_adj", flags.O_WRONLY)
        await sys.write(fd, b"-1000")
        await _grow(sys)

    bystander = rig.start(small)
    rig.run()
    pcb = rig.do(protected)
    assert bystander.oom_killed
    # When only protected ones are left who wants the memory has to go.
    assert pcb.exit_status & 0x7F == Sig.SIGKILL


def test_lowering_the_score_is_for_root() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/proc/self/oom_score_adj", flags.O_WRONLY)
        await sys.write(fd, b"10")
        log.append(await caught(sys.write(fd, b"-1")))
        log.append(await caught(sys.write(fd, b"2000")))

    rig = MemoryRig()
    pcb = rig.start(main, uid=1000)
    rig.until(lambda: pcb.zombie)
    assert log == [Errno.EACCES, Errno.EINVAL]


def test_a_segment_that_is_mapped_twice_is_put_away_once() -> None:
    log: Log = []
    rig = MemoryRig(swap=4 << 20)
    rig.use_swap()

    async def main(sys: Sys) -> None:
        shmid = await sys.shmget(1, 2 * PAGE, flags.IPC_CREAT | 0o600)
        first, second = await sys.shmat(shmid), await sys.shmat(shmid)
        await sys.store(first, b"twice")
        log.append(await sys.load(second, 5))
        await put(sys, await sys.getpid(), b"all")
        log.append(await sys.load(second, 5))
        await sys.store(second, b"again")
        log.append(await sys.load(first, 5))

    rig.do(main)
    assert log == [b"twice", b"twice", b"again"]


def test_nobody_dies_while_dirty_pages_are_on_their_way_to_the_disk() -> None:
    log: Log = []
    rig = MemoryRig(ram=2 << 20)
    rig.kernel.sysctl["vm.dirty_ratio"] = rig.kernel.sysctl["vm.dirty_background_ratio"] = 100
    rig.kernel.cache.tune()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(400 * PAGE)
        fd = await sys.open(b"/big", flags.O_RDWR | flags.O_CREAT)
        for piece in range(30):
            await sys.write(fd, bytes([piece]) * 65536)
        await fill(sys, at, 400)
        log.append(await wrong(sys, at, 400))

    assert rig.do(main, 30).exit_status == 0
    assert log == [0]
    assert rig.memory.counts["oom_kill"] == 0

"""Address spaces as programs meet them: mmap(2), brk(2), faults, fork, files, shared memory."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.records import Siginfo
from minios.abi.signals import SA_SIGINFO, Sig
from minios.abi.sys import Sys
from minios.memory.frames import Kind
from tests.kernel.memory_rig import PAGE, MemoryRig

Log = list[Any]
ANON = flags.MAP_ANONYMOUS
SHARED = flags.MAP_SHARED | flags.MAP_ANONYMOUS
RW = flags.PROT_READ | flags.PROT_WRITE


async def caught(call: Any) -> Any:
    try:
        return await call
    except OSError as err:
        return Errno(err.errno)


# -- demand paging -----------------------------------------------------------------------------


def test_a_mapping_takes_frames_only_where_it_is_touched() -> None:
    """mmap(2): anonymous memory reads as zeros."""
    log: Log = []
    rig = MemoryRig()

    async def main(sys: Sys) -> None:
        before = rig.memory.frames.used
        at = await sys.mmap(64 * PAGE)
        log.append(rig.memory.frames.used - before)
        log.append(await sys.load(at + 5 * PAGE, 4))
        await sys.store(at + 9 * PAGE, b"x")
        log.append(await sys.mincore(at, 12 * PAGE))
        # Two pages, and the table of the second level that they are the first to need.
        log.append(rig.memory.frames.used - before)

    pcb = rig.do(main)
    assert log == [0, bytes(4), bytes([0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]), 3]
    assert (pcb.minflt, pcb.majflt) == (2, 0)


def test_an_access_may_span_pages() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        at = await sys.mmap(3 * PAGE)
        data = bytes(range(256)) * 20
        await sys.store(at + 100, data)
        log.append(await sys.load(at + 100, len(data)) == data)
        log.append(await sys.load(at + 98, 3))

    MemoryRig().do(main)
    assert log == [True, b"\0\0\0"]


def test_memory_costs_a_cycle_a_word_a_walk_and_the_fault() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        at = await sys.mmap(PAGE)
        for count in (4, 4, 400):
            before = await sys.clock_gettime(flags.CLOCK_PROCESS_CPUTIME_ID)
            await sys.load(at, count)
            now = await sys.clock_gettime(flags.CLOCK_PROCESS_CPUTIME_ID)
            log.append((now - before) // 1000 - 20)  # the second question is 20 cycles

    MemoryRig().do(main)
    # 50 into the kernel and back, 64 of zeros, two walks of 4; then nothing; then 99 more words,
    # and what any call pays for 400 bytes that it gets.
    assert log == [1 + 50 + 64 + 8, 1, 100 + 400 // 16]


def test_dontneed_gives_pages_back_and_they_read_as_zeros() -> None:
    """madvise(2), MADV_DONTNEED."""
    log: Log = []
    rig = MemoryRig()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(4 * PAGE)
        await sys.store(at, b"data")
        used = rig.memory.frames.used
        await sys.madvise(at, 4 * PAGE, flags.MADV_DONTNEED)
        log.append(used - rig.memory.frames.used)
        log.append(await sys.load(at, 4))

    rig.do(main)
    assert log == [1, bytes(4)]


def test_munmap_in_the_middle_leaves_two_areas() -> None:
    log: Log = []
    rig = MemoryRig()

    async def main(sys: Sys) -> None:
        at = await sys.mmap(5 * PAGE)
        await sys.store(at + 4 * PAGE, b"end")
        await sys.munmap(at + PAGE, 2 * PAGE)
        mine = [
            area for area in rig.kernel.processes[await sys.getpid()].mm.areas if area.start >= at
        ]
        log.extend((area.start - at, area.end - at) for area in mine[:2])
        log.append(await sys.load(at + 4 * PAGE, 3))
        log.append(await sys.mmap(2 * PAGE) == at + PAGE)
        await sys.load(at, 5 * PAGE)

    assert rig.do(main).exit_status == 0
    assert log == [(0, PAGE), (3 * PAGE, 5 * PAGE), b"end", True]


@pytest.mark.parametrize(
    ("arguments", "errno"),
    [
        ({"length": 0}, Errno.EINVAL),
        ({"length": PAGE, "prot": 8}, Errno.EINVAL),
        ({"length": PAGE, "mflags": ANON}, Errno.EINVAL),
        ({"length": PAGE, "offset": 1}, Errno.EINVAL),
        ({"length": 1 << 40}, Errno.ENOMEM),
        ({"length": PAGE, "mflags": flags.MAP_PRIVATE, "fd": 9}, Errno.EBADF),
        ({"length": PAGE, "mflags": flags.MAP_PRIVATE | ANON | flags.MAP_FIXED, "addr": 100},
         Errno.EINVAL),
    ],
)  # fmt: skip
def test_mmap_refuses_what_makes_no_sense(arguments: dict[str, int], errno: Errno) -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        log.append(await caught(sys.mmap(**arguments)))

    MemoryRig().do(main)
    assert log == [errno]


# -- faults ------------------------------------------------------------------------------------


async def _null(sys: Sys) -> None:
    await sys.load(0, 4)


async def _read_only(sys: Sys) -> None:
    at = await sys.mmap(PAGE, flags.PROT_READ)
    await sys.store(at, b"x")


async def _text(sys: Sys) -> None:
    await sys.store(0x10000, b"x")


async def _taken_away(sys: Sys) -> None:
    at = await sys.mmap(PAGE)
    await sys.store(at, b"x")
    await sys.mprotect(at, PAGE, flags.PROT_NONE)
    await sys.load(at, 1)


@pytest.mark.parametrize(
    ("main", "code", "why"),
    [
        (_null, flags.SEGV_MAPERR, "read where nothing is mapped"),
        (_read_only, flags.SEGV_ACCERR, "write where the mapping does not allow it"),
        (_text, flags.SEGV_ACCERR, "write where the mapping does not allow it"),
        (_taken_away, flags.SEGV_ACCERR, "read where the mapping does not allow it"),
    ],
)
def test_a_forbidden_access_kills_and_the_cause_is_kept(main: Any, code: int, why: str) -> None:
    rig = MemoryRig()
    pcb = rig.do(main)
    assert pcb.exit_status & 0x7F == Sig.SIGSEGV
    assert pcb.fault is not None
    assert (pcb.fault[1], pcb.fault[3]) == (code, why)
    text = rig.kernel.log.since(0)[-1].text
    assert text.endswith(b"unhandled signal 11 code 0x%x at 0x%08x" % (code, pcb.fault[2]))


def test_a_handler_gets_the_address_and_the_access_is_made_again() -> None:
    """sigaction(2): si_addr; after the handler the instruction runs again."""
    log: Log = []

    async def main(sys: Sys) -> None:
        at = await sys.mmap(PAGE, flags.PROT_READ)

        async def mend(sys: Sys, sig: int, info: Siginfo) -> None:
            log.append((sig, info.code, info.addr == at + 8))
            await sys.mprotect(at, PAGE, RW)

        await sys.sigaction(Sig.SIGSEGV, mend, SA_SIGINFO)  # type: ignore[arg-type]
        await sys.store(at + 8, b"now")
        log.append(await sys.load(at + 8, 3))

    MemoryRig().do(main)
    assert log == [(Sig.SIGSEGV, flags.SEGV_ACCERR, True), b"now"]


def test_an_ignored_segv_kills_all_the_same() -> None:
    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGSEGV, "SIG_IGN")
        await sys.load(0, 1)

    assert MemoryRig().do(main).exit_status & 0x7F == Sig.SIGSEGV


def test_the_stack_grows_down_to_its_limit() -> None:
    """getrlimit(2), RLIMIT_STACK: 8 MiB."""
    log: Log = []
    top = 0x7FFFF000

    async def main(sys: Sys) -> None:
        await sys.setrlimit(flags.RLIMIT_STACK, 1 << 20, 1 << 20)
        await sys.store(top - (1 << 20), b"deep")
        log.append(await sys.load(top - (1 << 20), 4))
        await sys.store(top - (1 << 20) - PAGE, b"too deep")

    assert MemoryRig().do(main).exit_status & 0x7F == Sig.SIGSEGV
    assert log == [b"deep"]


def test_a_stack_keeps_its_distance_from_what_lies_below() -> None:
    """stack_guard_gap: 256 pages."""
    top = 0x7FFFF000

    async def main(sys: Sys) -> None:
        below = top - (2 << 20)
        fixed = flags.MAP_PRIVATE | ANON | flags.MAP_FIXED
        await sys.mmap(PAGE, RW, fixed, addr=below)
        await sys.store(below + 257 * PAGE, b"far enough")
        await sys.store(below + 255 * PAGE, b"too near")

    pcb = MemoryRig().do(main)
    assert pcb.fault is not None
    assert pcb.fault[2] == top - (2 << 20) + 255 * PAGE


# -- fork --------------------------------------------------------------------------------------


def test_fork_copies_a_page_when_somebody_writes_it() -> None:
    log: Log = []
    rig = MemoryRig()

    async def child(sys: Sys, at: int) -> int:
        used = rig.memory.frames.used
        log.append(await sys.load(at, 6))
        await sys.store(at, b"child!")
        log.append(rig.memory.frames.used - used)
        log.append(await sys.load(at, 6))
        return 0

    async def main(sys: Sys) -> None:
        at = await sys.mmap(8 * PAGE)
        for page in range(8):
            await sys.store(at + page * PAGE, b"parent")
        await sys.waitpid(await sys.fork(child, at))
        log.append(await sys.load(at, 6))
        used = rig.memory.frames.used
        await sys.store(at + PAGE, b"again!")
        log.append(rig.memory.frames.used - used)

    rig.do(main)
    assert log == [b"parent", 1, b"child!", b"parent", 0]
    assert rig.memory.counts["pgcow"] == 1


def test_a_shared_mapping_stays_one_after_fork() -> None:
    log: Log = []

    async def child(sys: Sys, at: int) -> int:
        await sys.store(at, b"from the child")
        return 0

    async def main(sys: Sys) -> None:
        at = await sys.mmap(PAGE, RW, SHARED)
        await sys.waitpid(await sys.fork(child, at))
        log.append(await sys.load(at, 14))

    MemoryRig().do(main)
    assert log == [b"from the child"]


def test_everything_is_given_back_at_exit() -> None:
    rig = MemoryRig()
    before = dict(enumerate(rig.memory.frames.by_kind))

    async def child(sys: Sys, at: int) -> int:
        await sys.store(at, b"x" * 3 * PAGE)
        await sys.exit(0)
        return 0

    async def main(sys: Sys) -> None:
        at = await sys.mmap(16 * PAGE)
        await sys.store(at, b"y" * 9 * PAGE)
        await sys.mmap(PAGE, RW, SHARED)
        await sys.brk(50_000)
        await sys.fork(child, at)
        await sys.waitpid()

    rig.do(main)
    after = dict(enumerate(rig.memory.frames.by_kind))
    assert {k: n for k, n in after.items() if k != Kind.CACHE} == {
        k: n for k, n in before.items() if k != Kind.CACHE
    }


# -- brk ---------------------------------------------------------------------------------------


def test_brk_moves_the_end_of_the_heap() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        start = await sys.brk(0)
        log.append(await sys.brk(10_000, populate=False) - start)
        await sys.store(start, b"heap")
        log.append(await sys.load(start, 4))
        log.append(await sys.brk(-10_000) == start)
        await sys.load(start, 1)

    assert MemoryRig().do(main).exit_status & 0x7F == Sig.SIGSEGV
    assert log == [10_000, b"heap", True]


def test_brk_is_refused_beyond_what_there_is() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        log.append(await caught(sys.brk(5 << 20)))
        await sys.setrlimit(flags.RLIMIT_DATA, 1 << 20, 1 << 20)
        log.append(await caught(sys.brk(1 << 20)))
        await sys.setrlimit(flags.RLIMIT_AS, 1 << 20, 1 << 20)
        log.append(await caught(sys.mmap(1 << 20, flags.PROT_READ)))

    MemoryRig().do(main)
    assert log == [Errno.ENOMEM] * 3


def test_strict_overcommit_promises_no_more_than_it_has() -> None:
    """proc_sys_vm(5), overcommit_memory 2: CommitLimit is swap and half of RAM."""
    log: Log = []
    rig = MemoryRig()

    async def main(sys: Sys) -> None:
        log.append(type(await sys.mmap(3 << 20)))
        fd = await sys.open(b"/proc/sys/vm/overcommit_memory", flags.O_WRONLY)
        await sys.write(fd, b"2")
        log.append(await caught(sys.mmap(1 << 20)))
        await sys.write(fd, b"1")
        log.append(type(await sys.mmap(100 << 20)))

    rig.do(main)
    assert log == [int, Errno.ENOMEM, int]


# -- files -------------------------------------------------------------------------------------


async def _file(sys: Sys, data: bytes) -> int:
    fd = await sys.open(b"/file", flags.O_RDWR | flags.O_CREAT)
    await sys.write(fd, data)
    return fd


def test_a_shared_mapping_and_the_file_are_one() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        fd = await _file(sys, b"a" * 5000)
        at = await sys.mmap(2 * PAGE, RW, flags.MAP_SHARED, fd)
        await sys.store(at + 4998, b"zz")
        await sys.lseek(fd, 4996)
        log.append(await sys.read(fd, 10))
        await sys.lseek(fd, 0)
        await sys.write(fd, b"written")
        log.append(await sys.load(at, 8))
        await sys.munmap(at, 2 * PAGE)
        await sys.lseek(fd, 0)
        log.append(await sys.read(fd, 4))

    MemoryRig().do(main)
    assert log == [b"aazz", b"writtena", b"writ"]


def test_a_private_mapping_keeps_its_writes_to_itself() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        fd = await _file(sys, b"original")
        at = await sys.mmap(PAGE, RW, flags.MAP_PRIVATE, fd)
        await sys.store(at, b"CHANGED!")
        log.append(await sys.load(at, 10))
        await sys.lseek(fd, 0)
        log.append(await sys.read(fd, 8))

    MemoryRig().do(main)
    assert log == [b"CHANGED!\0\0", b"original"]


def test_beyond_the_end_of_a_file_is_a_bus_error() -> None:
    """mmap(2): SIGBUS beyond the last page of the file; the rest of that page is zeros."""

    async def main(sys: Sys) -> None:
        fd = await _file(sys, b"short")
        at = await sys.mmap(2 * PAGE, flags.PROT_READ, flags.MAP_SHARED, fd)
        assert await sys.load(at + 4, 4) == b"t\0\0\0"
        await sys.load(at + PAGE, 1)

    pcb = MemoryRig().do(main)
    assert pcb.exit_status & 0x7F == Sig.SIGBUS
    assert pcb.fault is not None
    assert pcb.fault[1] == flags.BUS_ADRERR


def test_cutting_a_file_takes_its_pages_from_those_who_map_it() -> None:
    async def main(sys: Sys) -> None:
        fd = await _file(sys, b"x" * 3 * PAGE)
        at = await sys.mmap(3 * PAGE, flags.PROT_READ, flags.MAP_SHARED, fd)
        assert await sys.load(at + 2 * PAGE, 1) == b"x"
        await sys.ftruncate(fd, 10)
        assert await sys.load(at, 12) == b"x" * 10 + bytes(2)
        await sys.load(at + 2 * PAGE, 1)

    assert MemoryRig().do(main).exit_status & 0x7F == Sig.SIGBUS


def test_writing_needs_a_descriptor_open_for_writing() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        await _file(sys, b"x")
        fd = await sys.open(b"/file")
        log.append(await caught(sys.mmap(PAGE, RW, flags.MAP_SHARED, fd)))
        at = await sys.mmap(PAGE, flags.PROT_READ, flags.MAP_PRIVATE, fd)
        await sys.mprotect(at, PAGE, RW)
        await sys.store(at, b"mine")

    assert MemoryRig().do(main).exit_status == 0
    assert log == [Errno.EACCES]


# -- locks -------------------------------------------------------------------------------------


def test_locked_pages_count_against_the_limit() -> None:
    """mlock(2), RLIMIT_MEMLOCK."""
    log: Log = []

    async def main(sys: Sys) -> None:
        at = await sys.mmap(8 * PAGE)
        await sys.setrlimit(flags.RLIMIT_MEMLOCK, 4 * PAGE, 4 * PAGE)
        await sys.setuid(1000)
        await sys.mlock(at, 4 * PAGE)
        log.append(await sys.mincore(at, 5 * PAGE))
        log.append(await caught(sys.mlock(at + 4 * PAGE, PAGE)))
        log.append(await caught(sys.madvise(at, PAGE, flags.MADV_DONTNEED)))
        await sys.munlock(at, 4 * PAGE)
        await sys.mlock(at + 4 * PAGE, PAGE)

    assert MemoryRig().do(main).exit_status == 0
    assert log == [b"\1\1\1\1\0", Errno.ENOMEM, Errno.EINVAL]


# -- System V shared memory --------------------------------------------------------------------


def test_a_segment_is_shared_by_whoever_attaches_it() -> None:
    log: Log = []

    async def other(sys: Sys, shmid: int) -> int:
        at = await sys.shmat(shmid)
        log.append(await sys.load(at, 5))
        await sys.store(at, b"reply")
        await sys.shmdt(at)
        return 0

    async def main(sys: Sys) -> None:
        shmid = await sys.shmget(42, 5000, flags.IPC_CREAT | 0o600)
        log.append(await sys.shmget(42, 0, 0) == shmid)
        at = await sys.shmat(shmid)
        await sys.store(at, b"first")
        await sys.waitpid(await sys.fork(other, shmid))
        log.append(await sys.load(at, 5))
        record = await sys.shmctl(shmid, flags.IPC_STAT)
        log.append((record.size, record.nattch, oct(record.mode)))
        await sys.shmctl(shmid, flags.IPC_RMID)
        log.append(await caught(sys.shmget(42, 0, 0)))
        log.append(await sys.load(at, 5))  # it lives while it is attached

    rig = MemoryRig()
    rig.do(main)
    assert log == [
        True, b"first", b"reply", (5000, 1, "0o600"), Errno.ENOENT, b"reply",
    ]  # fmt: skip
    assert not rig.memory.segments


def test_a_segment_outlives_its_makers_and_its_permissions_count() -> None:
    log: Log = []

    async def main(sys: Sys) -> None:
        await sys.shmget(7, PAGE, flags.IPC_CREAT | 0o640)

    async def stranger(sys: Sys) -> None:
        log.append(await caught(sys.shmget(7, 0, 0o600)))
        shmid = await sys.shmget(7, 0, 0)
        log.append(await caught(sys.shmat(shmid)))
        log.append(await caught(sys.shmctl(shmid, flags.IPC_RMID)))
        log.append(await caught(sys.shmget(7, 0, flags.IPC_CREAT | flags.IPC_EXCL)))

    rig = MemoryRig()
    rig.do(main)
    pcb = rig.start(stranger, uid=1000, gid=1000)
    rig.until(lambda: pcb.zombie)
    assert log == [Errno.EACCES, Errno.EACCES, Errno.EPERM, Errno.EEXIST]
    assert len(rig.memory.segments) == 1


def test_files_in_memory_take_frames() -> None:
    """tmpfs(5), shm_overview(7)."""
    log: Log = []
    rig = MemoryRig()

    async def main(sys: Sys) -> None:
        before = rig.memory.frames.by_kind[Kind.SHMEM]
        fd = await sys.open(b"/dev/shm/big", flags.O_RDWR | flags.O_CREAT)
        await sys.write(fd, bytes(10 * PAGE))
        log.append(rig.memory.frames.by_kind[Kind.SHMEM] - before)
        at = await sys.mmap(PAGE, RW, flags.MAP_SHARED, fd)
        await sys.store(at, b"posix")
        await sys.lseek(fd, 0)
        log.append(await sys.read(fd, 5))
        await sys.munmap(at, PAGE)
        await sys.close(fd)
        await sys.unlink(b"/dev/shm/big")
        log.append(rig.memory.frames.by_kind[Kind.SHMEM] - before)
        fd = await sys.open(b"/tmp/flood", flags.O_WRONLY | flags.O_CREAT)
        while True:
            result = await caught(sys.write(fd, bytes(64 << 10)))
            if result == Errno.ENOSPC:
                break
        log.append(rig.memory.frames.free < 64)

    rig.do(main)
    assert log == [10, b"posix", 0, True]


def test_mapping_a_file_in_memory_takes_no_second_frame() -> None:
    log: Log = []
    rig = MemoryRig()

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/dev/shm/atlas", flags.O_RDWR | flags.O_CREAT)
        await sys.write(fd, b"map" * PAGE)
        used = rig.memory.frames.used
        at = await sys.mmap(3 * PAGE, RW, flags.MAP_SHARED, fd)
        log.append(await sys.load(at + 2 * PAGE, 3))
        await sys.store(at, b"MAP")
        log.append(rig.memory.frames.used - used)  # one, for a page table
        await sys.munmap(at, 3 * PAGE)
        log.append(rig.memory.frames.used - used)
        await sys.lseek(fd, 0)
        log.append(await sys.read(fd, 4))
        at = await sys.mmap(3 * PAGE, RW, flags.MAP_SHARED, fd)
        log.append(await sys.load(at, 4))
        await sys.ftruncate(fd, 0)
        await sys.unlink(b"/dev/shm/atlas")

    rig.do(main)
    assert log == [b"pma", 1, 0, b"MAPm", b"MAPm"]


def test_a_page_that_three_map_counts_a_third_each() -> None:
    """proc_pid_smaps(5), Pss."""
    log: Log = []
    rig = MemoryRig()

    async def other(sys: Sys) -> int:
        await sys.nanosleep(10_000_000)
        return 0

    async def main(sys: Sys) -> None:
        at = await sys.mmap(30 * PAGE, RW, SHARED)
        for page in range(30):
            await sys.store(at + page * PAGE, b"x")
        await sys.fork(other)
        await sys.fork(other)
        fd = await sys.open(b"/proc/self/smaps_rollup")
        text = (await sys.read(fd, 4096)).splitlines()
        rows = {line.split()[0]: line.split()[1] for line in text[1:]}
        log.append((rows[b"Pss_Shmem:"], rows[b"Referenced:"]))

    rig.do(main)
    # 30 thirds of a page, rounded down; they and the seven of the image were touched.
    assert log == [(b"39", b"148")]

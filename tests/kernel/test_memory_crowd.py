"""Crowds of random programs in too little memory: nothing is asked of them but that memory stays
consistent, whoever dies of it, and that nobody waits for ever.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minios.abi import flags
from minios.abi.sys import Sys
from minios.memory.replacement import ONLINE
from tests.kernel.memory_rig import PAGE, MemoryRig

RW = flags.PROT_READ | flags.PROT_WRITE
BASE = 0x2000_0000
Step = tuple[Any, ...]

pages = st.integers(0, 200)
some = st.integers(1, 60)
step = st.one_of(
    st.tuples(st.just("store"), pages, st.integers(1, 30)),
    st.tuples(st.just("load"), pages, st.integers(1, 30)),
    st.tuples(st.just("map"), pages, some, st.booleans()),
    st.tuples(st.just("unmap"), pages, some),
    st.tuples(st.just("brk"), st.integers(-40, 40), st.booleans()),
    st.tuples(
        st.just("advise"), pages, some, st.sampled_from([flags.MADV_DONTNEED, flags.MADV_PAGEOUT])
    ),
    st.tuples(st.just("lock"), pages, st.integers(1, 10), st.booleans()),
    st.tuples(st.just("sleep"), st.integers(1, 50)),
    st.tuples(st.just("exec")),
    st.tuples(st.just("away"), st.sampled_from([b"all", b"anon", b"file", b"in"])),
    st.tuples(st.just("shm"), st.integers(1, 5), st.integers(1, 40)),
    st.tuples(st.just("file"), pages, st.integers(1, 40), st.booleans()),
    st.tuples(st.just("policy"), st.sampled_from([name.encode() for name in ONLINE])),
)
programs = st.recursive(
    st.lists(step, max_size=10).map(tuple),
    lambda inner: st.lists(st.one_of(step, st.tuples(st.just("fork"), inner)), max_size=10).map(
        tuple
    ),
    max_leaves=4,
)


async def play(sys: Sys, program: tuple[Step, ...]) -> int:
    for number, (what, *arguments) in enumerate(program):
        try:
            await one(sys, what, arguments, number)
        except OSError:
            continue
    return 0


async def one(sys: Sys, what: str, arguments: list[Any], number: int) -> None:
    if what in ("store", "load", "map", "unmap", "advise", "lock", "file"):
        at = BASE + arguments[0] * PAGE
        count = arguments[1]
    if what == "store":
        await sys.store(at, b"x" * (count * 100))
    elif what == "load":
        await sys.load(at, count * 100)
    elif what == "map":
        kind = flags.MAP_SHARED if arguments[2] else flags.MAP_PRIVATE
        mflags = kind | flags.MAP_ANONYMOUS | flags.MAP_FIXED
        await sys.mmap(count * PAGE, RW, mflags, addr=at)
    elif what == "unmap":
        await sys.munmap(at, count * PAGE)
    elif what == "brk":
        await sys.brk(arguments[0] * PAGE, populate=arguments[1])
    elif what == "advise":
        await sys.madvise(at, count * PAGE, arguments[2])
    elif what == "lock":
        await (sys.mlock if arguments[2] else sys.munlock)(at, count * PAGE)
    elif what == "sleep":
        await sys.nanosleep(arguments[0] * 1_000_000)
    elif what == "exec":
        await sys.execve(b"/bin/nap", [b"nap"], {})
    elif what == "away":
        await write(sys, b"/proc/self/reclaim", arguments[0])
    elif what == "policy":
        await write(sys, b"/proc/sys/vm/swap_policy", arguments[0])
    elif what == "shm":
        key, size = arguments
        shmid = await sys.shmget(key, size * PAGE, flags.IPC_CREAT | 0o600)
        at = await sys.shmat(shmid)
        await sys.store(at, b"shm" * 1000)
        if size & 1:
            await sys.shmdt(at)
        if size & 2:
            await sys.shmctl(shmid, flags.IPC_RMID)
    elif what == "file":
        fd = await sys.open(b"/f%d" % (arguments[0] % 3), flags.O_RDWR | flags.O_CREAT)
        await sys.write(fd, b"data" * count * 100)
        kind = flags.MAP_SHARED if arguments[2] else flags.MAP_PRIVATE
        at = await sys.mmap(count * PAGE, RW, kind, fd, addr=at)
        await sys.close(fd)
        await sys.store(at, b"zz")
    elif what == "fork":
        await sys.fork(play, arguments[0])


async def write(sys: Sys, path: bytes, data: bytes) -> None:
    fd = await sys.open(path, flags.O_WRONLY)
    await sys.write(fd, data)
    await sys.close(fd)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.lists(programs, min_size=1, max_size=4),
    st.sampled_from(ONLINE),
    st.sampled_from([0, 1 << 20]),
    st.integers(1, 3),
    st.booleans(),
)
def test_memory_stays_consistent_whatever_happens(
    crowd: list[tuple[Step, ...]], policy: str, swap: int, cores: int, over: bool
) -> None:
    rig = MemoryRig(ram=160 * PAGE, swap=swap, cores=cores, disk=1 << 20)
    if swap:
        rig.memory.set_policy(policy)
        rig.use_swap()
    if over:
        rig.kernel.sysctl["vm.overcommit_memory"] = 1

    async def nap(sys: Sys) -> None:
        await sys.nanosleep(10_000_000)

    rig.install("nap", nap)
    for program in crowd:

        async def main(sys: Sys, program: tuple[Step, ...] = program) -> None:
            await play(sys, program)

        rig.start(main)
    rig.until(lambda: len(rig.kernel.processes) == 1, 60)
    rig.memory.check()
    assert list(rig.kernel.processes) == [1]

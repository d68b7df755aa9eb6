"""Random programs of mappings, accesses, forks and exits, against a model of plain dicts.

The model knows only what POSIX promises: what is mapped, and which bytes are there. The machine has
so little RAM that most of it happens with pages in swap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minios.abi import flags
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.memory.replacement import ONLINE
from tests.kernel.memory_rig import PAGE, MemoryRig

RW = flags.PROT_READ | flags.PROT_WRITE
BASE = 0x1000_0000
PAGES = 24
"""Programs play on this many pages from BASE on."""

Step = tuple[Any, ...]


@dataclass
class Model:
    """What a process should see: by page, its protection and whether shared, and its bytes."""

    prot: dict[int, int] = field(default_factory=dict)
    private: dict[int, bytes] = field(default_factory=dict)
    shared: dict[int, tuple[dict[int, bytes], int]] = field(default_factory=dict)
    """For pages of shared mappings: the mapping's bytes, and which page of it."""

    def copy(self) -> Model:
        return Model(dict(self.prot), dict(self.private), dict(self.shared))

    def unmap(self, page: int) -> None:
        self.prot.pop(page, None)
        self.private.pop(page, None)
        self.shared.pop(page, None)

    def get(self, page: int) -> bytes:
        if page in self.shared:
            memory, index = self.shared[page]
            return memory.get(index, bytes(4))
        return self.private.get(page, bytes(4))

    def put(self, page: int, data: bytes) -> None:
        if page in self.shared:
            memory, index = self.shared[page]
            memory[index] = data
        else:
            self.private[page] = data


pages = st.integers(0, PAGES - 1)
lengths = st.integers(1, 8)
prots = st.sampled_from([RW, RW, RW, flags.PROT_READ, flags.PROT_NONE])
step = st.one_of(
    st.tuples(st.just("map"), pages, lengths, prots, st.booleans()),
    st.tuples(st.just("unmap"), pages, lengths),
    st.tuples(st.just("protect"), pages, lengths, prots),
    st.tuples(st.just("forget"), pages, lengths),
    st.tuples(st.just("away"), pages, lengths),
    st.tuples(st.just("store"), pages, st.integers(0, 255)),
    st.tuples(st.just("store"), pages, st.integers(0, 255)),
    st.tuples(st.just("load"), pages),
    st.tuples(st.just("load"), pages),
    st.tuples(st.just("press"), st.integers(20, 120)),
)
programs = st.recursive(
    st.lists(step, max_size=12).map(tuple),
    lambda inner: st.lists(st.one_of(step, st.tuples(st.just("fork"), inner)), max_size=14).map(
        tuple
    ),
    max_leaves=4,
)


async def play(sys: Sys, program: tuple[Step, ...], model: Model, wrong: list[Any]) -> int:
    """Do the steps, and note where the machine and the model differ."""

    def clip(page: int, count: int) -> range:
        return range(page, min(page + count, PAGES))

    for number, (what, *arguments) in enumerate(program):
        where = (number, what, *arguments[:1])
        if what == "map":
            page, count, prot, shared = arguments
            some = clip(page, count)
            kind = flags.MAP_SHARED if shared else flags.MAP_PRIVATE
            mflags = kind | flags.MAP_ANONYMOUS | flags.MAP_FIXED
            await sys.mmap(len(some) * PAGE, prot, mflags, addr=BASE + page * PAGE)
            memory: dict[int, bytes] = {}
            for index, at in enumerate(some):
                model.unmap(at)
                model.prot[at] = prot
                if shared:
                    model.shared[at] = (memory, index)
        elif what == "unmap":
            some = clip(*arguments)
            await sys.munmap(BASE + some.start * PAGE, len(some) * PAGE)
            for at in some:
                model.unmap(at)
        elif what in ("protect", "forget", "away"):
            some = clip(*arguments[:2])
            start, size = BASE + some.start * PAGE, len(some) * PAGE
            mapped = all(at in model.prot for at in some)
            try:
                if what == "protect":
                    await sys.mprotect(start, size, arguments[2])
                elif what == "forget":
                    await sys.madvise(start, size, flags.MADV_DONTNEED)
                else:
                    await sys.madvise(start, size, flags.MADV_PAGEOUT)
            except OSError:
                if mapped:
                    wrong.append((where, "refused"))
                continue
            if not mapped:
                wrong.append((where, "allowed"))
            for at in some:
                if what == "protect":
                    model.prot[at] = arguments[2]
                elif what == "forget":
                    model.private.pop(at, None)
        elif what == "store":
            page, value = arguments
            data = bytes([value, page, number & 255, 7])
            if model.prot.get(page, 0) & flags.PROT_WRITE:
                await sys.store(BASE + page * PAGE + 4 * (value & 1), data)
                if value & 1 == 0:
                    model.put(page, data)
            elif await probe(sys, page, True) != Sig.SIGSEGV:
                wrong.append((where, "could be written"))
        elif what == "load":
            (page,) = arguments
            if model.prot.get(page, 0):
                found = await sys.load(BASE + page * PAGE, 4)
                if found != model.get(page):
                    wrong.append((where, found, model.get(page)))
            elif await probe(sys, page, False) != Sig.SIGSEGV:
                wrong.append((where, "could be read"))
        elif what == "press":
            (count,) = arguments
            at = await sys.mmap(count * PAGE)
            for page in range(count):
                await sys.store(at + page * PAGE, b"press")
            await sys.munmap(at, count * PAGE)
        elif what == "fork":
            (inner,) = arguments
            pid = await sys.fork(play, inner, model.copy(), wrong)
            if (await sys.waitpid(pid)).status:
                wrong.append((where, "the child died"))
    return 0


async def probe(sys: Sys, page: int, write: bool) -> int:
    """The signal that an access costs a child of its own."""

    async def attempt(sys: Sys) -> int:
        if write:
            await sys.store(BASE + page * PAGE, b"x")
        else:
            await sys.load(BASE + page * PAGE, 1)
        return 0

    status = (await sys.waitpid(await sys.fork(attempt))).status
    return status & 0x7F


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(programs, st.sampled_from(ONLINE))
def test_memory_is_what_the_model_says(program: tuple[Step, ...], policy: str) -> None:
    rig = MemoryRig(ram=130 * PAGE, swap=2 << 20)
    rig.memory.set_policy(policy)
    rig.use_swap()
    wrong: list[Any] = []

    async def main(sys: Sys) -> int:
        return await play(sys, program, Model(), wrong)

    pcb = rig.do(main, 120)
    assert wrong == []
    assert pcb.exit_status == 0
    assert not rig.memory.segments
    rig.memory.check()

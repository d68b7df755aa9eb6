"""The paging experiment: a reference string, some frames, a replacement policy (OSTEP ch. 22)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minios.game.lab.values import MOST, LabError, bounded, number
from minios.memory.replacement import NAMES, make
from minios.memory.replacement.workingset import sizes
from minios.sim.random import Rng

PAGES = 1 << 20
"""How many pages there can be: those of a 32-bit address space."""


@dataclass(frozen=True, slots=True)
class References:
    """A reference string: pages, and which of the references write."""

    pages: tuple[int, ...]
    writes: frozenset[int] = frozenset()
    """Indices into ``pages``."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A memory and how it is managed."""

    policy: str = "fifo"
    frames: int = 3
    clockbits: int = 1
    """clock: how many references a page can collect."""
    tick: int = 8
    """nru: after so many references the reference bits are cleared; 0 is never."""
    seed: int = 0

    def check(self) -> None:
        """Raise LabError for a memory that cannot be."""
        if self.policy not in NAMES:
            raise LabError(f"no replacement policy '{self.policy}'")
        bounded(self.frames, "frames", least=1, most=PAGES)
        bounded(self.clockbits, "clock bits", least=1, most=255)
        bounded(self.tick, "references between ticks", least=0)


@dataclass(frozen=True, slots=True)
class Access:
    """What one reference did."""

    page: int
    write: bool
    hit: bool
    victim: int | None
    """The page that had to go."""
    dirty: bool
    """Whether the victim had to be written back."""
    frames: tuple[int, ...]
    """The resident pages after it, in the policy's own order."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run of the reference string."""

    setup: Setup
    accesses: tuple[Access, ...]
    hits: int
    write_backs: int

    @property
    def misses(self) -> int:
        return len(self.accesses) - self.hits

    @property
    def hit_percent(self) -> float:
        return 100 * self.hits / len(self.accesses)


def parse(text: str) -> References:
    """``0,1,2w,0``: pages to read, those with a ``w`` to write."""
    pages: list[int] = []
    writes: list[int] = []
    for part in text.replace("\n", ",").split(","):
        word = part.strip().lower()
        if not word:
            continue
        if word.endswith("w"):
            word = word[:-1]
            writes.append(len(pages))
        pages.append(number(word, "page", least=0, most=PAGES - 1))
    if not pages:
        raise LabError("references: the list is empty")
    if len(pages) > MOST:
        raise LabError(f"references: more than {MOST}")
    return References(tuple(pages), frozenset(writes))


WORKLOADS = ("random", "80-20", "loop")
"""Those of OSTEP ch. 22.6: no locality; 80 % of references to 20 % of the pages; in a circle."""


def draw(workload: str, count: int, pages: int, writes: int, rng: Rng) -> References:
    """``count`` references to the pages 0 … ``pages`` - 1, ``writes`` per cent of them writes."""
    bounded(count, "number of references", least=1, most=MOST)
    bounded(pages, "number of pages", least=1, most=PAGES)
    bounded(writes, "per cent of writes", least=0, most=100)
    hot = max(1, pages // 5)
    drawn: list[int] = []
    for index in range(count):
        if workload == "loop":
            drawn.append(index % pages)
        elif workload == "80-20" and hot < pages:
            drawn.append(rng.below(hot) if rng.below(100) < 80 else rng.between(hot, pages - 1))
        else:
            drawn.append(rng.below(pages))
    written = (index for index in range(count) if writes and rng.below(100) < writes)
    return References(tuple(drawn), frozenset(written))


def run(setup: Setup, references: References, *, trace: bool = True) -> Result:
    """Play the references against an empty memory; ``trace`` keeps what is resident after each."""
    setup.check()
    policy = make(
        setup.policy,
        draw=Rng(setup.seed, "lab/paging/" + setup.policy).below,
        clockbits=setup.clockbits,
        future=references.pages,
    )
    resident: set[int] = set()
    dirty: set[int] = set()
    accesses: list[Access] = []
    hits = write_backs = 0
    for index, page in enumerate(references.pages):
        if setup.tick and index and index % setup.tick == 0:
            policy.tick()
        write = index in references.writes
        victim, flush = None, False
        hit = page in resident
        if hit:
            hits += 1
        else:
            if len(resident) == setup.frames:
                victim = policy.victim()
                resident.remove(victim)
                flush = victim in dirty
                dirty.discard(victim)
                write_backs += flush
            policy.insert(page)
            resident.add(page)
        policy.touch(page, write)
        if write:
            dirty.add(page)
        frames = tuple(policy.order()) if trace else ()
        accesses.append(Access(page, write, hit, victim, flush, frames))
    return Result(setup, tuple(accesses), hits, write_backs)


def working_set(references: References, window: int) -> list[int]:
    """The size of the working set after each reference (Denning 1968)."""
    bounded(window, "window", least=1, most=MOST)
    return sizes(references.pages, window)


def facts(result: Result, *, trace: bool = True) -> dict[str, Any]:
    """The result as JSON has it."""
    setup = result.setup
    shown: dict[str, Any] = {
        "policy": setup.policy,
        "frames": setup.frames,
        "hits": result.hits,
        "misses": result.misses,
        "hit_percent": round(result.hit_percent, 2),
        "write_backs": result.write_backs,
    }
    if setup.policy == "clock":
        shown["clockbits"] = setup.clockbits
    if setup.policy == "nru":
        shown["tick"] = setup.tick
    if trace:
        shown["accesses"] = [
            {
                "page": access.page,
                "write": access.write,
                "hit": access.hit,
                "victim": access.victim,
                "written_back": access.dirty,
                "frames": list(access.frames),
            }
            for access in result.accesses
        ]
    return shown

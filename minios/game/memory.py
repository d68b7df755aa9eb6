"""What the memory pane shows, as plain data: frames by owner, a page walk, the blocks of a heap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minios.game.view import (
    CACHE,
    FREE,
    KERNEL,
    SHARED,
    TABLES,
    BlockView,
    FaultView,
    HeapView,
    MemoryView,
    PageView,
    SpaceView,
    WalkView,
)
from minios.kernel.mm.reclaim import mappers
from minios.memory.frames import PAGE, PAGE_BITS, Kind
from minios.memory.pagetable import PPN_SHIFT, V, describe, walk
from minios.memory.tlb import ASID_SHIFT
from minios.userland.lib.heap import layout

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.mm.memory import Memory
    from minios.kernel.mm.space import AddressSpace
    from minios.kernel.process import PCB

_NOBODYS = {
    Kind.FREE: FREE, Kind.KERNEL: KERNEL, Kind.TABLE: TABLES, Kind.CACHE: CACHE,
    Kind.SHMEM: SHARED,
}  # fmt: skip


def memory_view(kernel: Kernel, faults: Iterable[FaultView]) -> MemoryView:
    """Physical memory now."""
    mm = kernel.mm
    frames = mm.frames
    by_kind = frames.by_kind
    swap = mm.swap.size
    spaces = [pcb for pcb in kernel.processes.values() if pcb.mm is not None]
    spaces.sort(key=lambda pcb: (-pcb.rss, pcb.pid))
    return MemoryView(
        page=PAGE,
        frames=frames.count,
        runs=_runs(kernel),
        free=frames.free * PAGE,
        cache=by_kind[Kind.CACHE] * PAGE,
        swap=swap * PAGE,
        swap_used=(swap - mm.swap.free) * PAGE,
        policy=mm.policy_name,
        minor=mm.counts["pgfault"] - mm.counts["pgmajfault"],
        major=mm.counts["pgmajfault"],
        tlb_hits=sum(mmu.tlb.hits for mmu in mm.mmus),
        tlb_misses=sum(mmu.tlb.misses for mmu in mm.mmus),
        faults=tuple(faults),
        spaces=tuple(
            SpaceView(
                pcb.pid, pcb.comm.decode("utf-8", "replace"), pcb.vsize, pcb.rss,
                pcb.mm.swapped * PAGE,
            )
            for pcb in spaces
        ),
    )  # fmt: skip


def _runs(kernel: Kernel) -> tuple[tuple[int, int], ...]:
    """All frames in order, as (how many, whose)."""
    frames = kernel.mm.frames
    runs: list[tuple[int, int]] = []
    count, last = 0, FREE
    for frame, kind in enumerate(frames.kind):
        owner = _anonymous(kernel.mm, frame) if kind == Kind.ANON else _NOBODYS[Kind(kind)]
        if owner != last:
            if count:
                runs.append((count, last))
            count, last = 0, owner
        count += 1
    rest = frames.count - len(frames.kind)
    if last == FREE:
        count, rest = count + rest, 0
    if count:
        runs.append((count, last))
    if rest:
        runs.append((rest, FREE))
    return tuple(runs)


def _anonymous(mm: Memory, frame: int) -> int:
    """The pid that maps an anonymous page; SHARED if several do, as after fork."""
    if mm.frames.owner[frame] is None:
        return CACHE  # read back from swap, not mapped yet
    found = mappers(mm, frame)
    return found[0][0].pid if len(found) == 1 else SHARED


def walk_view(kernel: Kernel, pcb: PCB, page: int) -> WalkView | None:
    """The translation of a page of a process; page 0 stands for its first one."""
    space: AddressSpace | None = pcb.mm
    if space is None:
        return None
    frames = kernel.mm.frames
    entries = dict(space.table.entries())
    pages = tuple(_page(space, vpn, entry) for vpn, entry in sorted(entries.items()))
    if page == 0 and pages:
        page = pages[0].page
    address = page << PAGE_BITS
    root = space.space.root
    first, second = walk(frames, root, address)
    tables = [(1, root, address >> 22, first, describe(first))]
    if first & V:
        tables.append((0, first >> PPN_SHIFT, page & 1023, second, describe(second)))
    physical = second >> PPN_SHIFT << PAGE_BITS if second & V else None
    key = space.space.asid << ASID_SHIFT | page
    cached = bool(space.space.asid) and any(key in mmu.tlb.entries for mmu in kernel.mm.mmus)
    fault = "" if physical is not None else _missing(space, address, second)
    return WalkView(pcb.pid, address, tuple(tables), physical, fault, cached, pages)


def _page(space: AddressSpace, vpn: int, entry: int) -> PageView:
    area = space.find(vpn << PAGE_BITS)
    name = _name(space, area) if area is not None else ""
    where = f"frame {entry >> PPN_SHIFT}" if entry & V else f"swap slot {entry >> PPN_SHIFT}"
    return PageView(vpn, entry, describe(entry & 0xFF), where, name)


def _missing(space: AddressSpace, address: int, entry: int) -> str:
    if entry:
        return f"the page lies in swap, slot {entry >> PPN_SHIFT}"
    if space.find(address) is None:
        return "nothing is mapped there"
    return "nobody has touched the page yet"


def _name(space: AddressSpace, area: Any) -> str:
    """As proc_pid_maps(5) names it."""
    if area.name:
        return str(area.name.decode("utf-8", "replace"))
    return "[heap]" if space.brk_start <= area.start < space.brk else ""


def areas(pcb: PCB) -> tuple[tuple[str, str, int, str], ...]:
    """The mappings: addresses, permissions, resident kilobytes, name."""
    space: AddressSpace | None = pcb.mm
    if space is None:
        return ()
    rows = []
    for area in space.areas:
        pages = space.table.entries(area.start >> PAGE_BITS, area.end >> PAGE_BITS)
        resident = sum(1 for _, entry in pages if entry & V) * PAGE >> 10
        perms = area.perms().decode()
        rows.append((f"{area.start:08x}-{area.end:08x}", perms, resident, _name(space, area)))
    return tuple(rows)


def heap_view(pcb: PCB) -> HeapView | None:
    """The blocks of the C library's heap; None for a program that keeps none."""
    space: AddressSpace | None = pcb.mm
    if space is None:
        return None
    start = layout.find(space.peek, space.brk_start, space.brk)
    if start < 0:
        return None
    found = layout.walk(space.peek, start, space.brk)
    blocks = tuple(BlockView(c.address, c.size, c.used) for c in found.chunks)
    return HeapView(pcb.pid, found.start, found.end, blocks, found.broken)

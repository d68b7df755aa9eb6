"""/proc: memory, of the machine and of each process (proc_meminfo(5), proc_pid_maps(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.caps import CAP_SYS_RESOURCE
from minios.abi.errno import Errno, error
from minios.fs.access import capable
from minios.kernel.mm import oom, reclaim
from minios.kernel.mm.area import LOCKED, STACK_TOP, Area
from minios.kernel.mm.backing import FileMapping
from minios.kernel.mm.space import AddressSpace
from minios.kernel.process import PCB
from minios.memory.frames import Kind
from minios.memory.pagetable import COW, PPN_SHIFT, A, D, V, describe

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


def statm(kernel: Kernel, pcb: PCB) -> bytes:
    if pcb.zombie:
        return b"0 0 0 0 0 0 0\n"
    space: AddressSpace = pcb.mm
    text = sum(area.pages for area in space.areas if area.prot & 4)
    data = sum(area.pages for area in space.areas if area.accountable)
    return b"%d %d %d %d 0 %d 0\n" % (
        space.total, space.rss, space.file + space.shmem, text, data,
    )  # fmt: skip


def _line(area: Area) -> bytes:
    device, inode = b"00:00", 0
    if isinstance(area.backing, FileMapping):
        dev = area.backing.inode.fs.dev
        device, inode = b"%02x:%02x" % (dev >> 8, dev & 255), area.backing.inode.ino
    elif area.backing is not None:
        device, inode = b"00:01", area.backing.number
    line = b"%08x-%08x %b %08x %b %d" % (
        area.start, area.end, area.perms(), area.offset << 12, device, inode,
    )  # fmt: skip
    return (line.ljust(49) + area.name if area.name else line + b" ") + b"\n"


def maps(kernel: Kernel, pcb: PCB) -> bytes:
    """The areas of the address space, lowest first."""
    return b"" if pcb.zombie else b"".join(_line(area) for area in pcb.mm.areas)


class _Usage:
    """What smaps says of some pages, in pages."""

    def __init__(self) -> None:
        self.rss = self.pss = self.anon_pss = self.file_pss = self.shmem_pss = 0
        self.shared_clean = self.shared_dirty = self.private_clean = self.private_dirty = 0
        self.referenced = self.anonymous = self.swap = self.swap_pss = self.locked = self.size = 0

    def add(self, kernel: Kernel, space: AddressSpace, area: Area) -> None:
        """Count the pages of an area."""
        frames, swap = kernel.mm.frames, kernel.mm.swap
        self.size += area.pages
        for _, entry in space.table.entries(area.start >> 12, area.end >> 12):
            if not entry & V:
                slot = entry >> PPN_SHIFT
                self.swap += 1
                self.swap_pss += 4096 // max(swap.area(slot).refs[slot], 1)
                continue
            frame = entry >> PPN_SHIFT
            kind = frames.kind[frame]
            if kind == Kind.ANON:
                users = max(frames.refs[frame] - (frame in swap.slots), 1)
            else:
                users = max(len(reclaim.mappers(kernel.mm, frame)), 1)
            self.rss += 1
            share = 4096 // users
            self.pss += share
            if kind == Kind.ANON:
                self.anon_pss += share
                self.anonymous += 1
            elif kind == Kind.CACHE:
                self.file_pss += share
            else:
                self.shmem_pss += share
            self.referenced += entry & A != 0
            self.locked += share if area.flags & LOCKED else 0
            dirty = entry & D != 0
            if users > 1:
                self.shared_dirty += dirty
                self.shared_clean += not dirty
            else:
                self.private_dirty += dirty
                self.private_clean += not dirty

    def rows(self, *, rollup: bool) -> bytes:
        """The lines after the head."""
        pages = [(b"Rss", self.rss << 2), (b"Pss", self.pss >> 10),
                 (b"Pss_Dirty", min(self.private_dirty << 2, self.pss >> 10))]  # fmt: skip
        if rollup:
            pages += [(b"Pss_Anon", self.anon_pss >> 10), (b"Pss_File", self.file_pss >> 10),
                      (b"Pss_Shmem", self.shmem_pss >> 10)]  # fmt: skip
        pages += [
            (b"Shared_Clean", self.shared_clean << 2), (b"Shared_Dirty", self.shared_dirty << 2),
            (b"Private_Clean", self.private_clean << 2),
            (b"Private_Dirty", self.private_dirty << 2),
            (b"Referenced", self.referenced << 2), (b"Anonymous", self.anonymous << 2),
            (b"Swap", self.swap << 2), (b"SwapPss", self.swap_pss >> 10),
            (b"Locked", self.locked >> 10),
        ]  # fmt: skip
        if not rollup:
            pages = [(b"Size", self.size << 2), (b"KernelPageSize", 4), (b"MMUPageSize", 4),
                     *pages]  # fmt: skip
        return b"".join(b"%-16b%8d kB\n" % (name + b":", size) for name, size in pages)


def smaps(kernel: Kernel, pcb: PCB) -> bytes:
    """proc_pid_smaps(5): the use that is made of each area."""
    if pcb.zombie:
        return b""
    parts = []
    for area in pcb.mm.areas:
        usage = _Usage()
        usage.add(kernel, pcb.mm, area)
        parts += [_line(area), usage.rows(rollup=False), b"VmFlags: %b\n" % _vm_flags(area)]
    return b"".join(parts)


def _vm_flags(area: Area) -> bytes:
    letters = [(area.prot & 1, b"rd"), (area.prot & 2, b"wr"), (area.prot & 4, b"ex"),
               (area.shared, b"sh"), (True, b"mr"), (True, b"mw"), (True, b"me"),
               (area.shared, b"ms"), (area.is_stack, b"gd"), (area.flags & LOCKED, b"lo"),
               (area.accountable, b"ac")]  # fmt: skip
    return b"".join(name + b" " for on, name in letters if on)


def smaps_rollup(kernel: Kernel, pcb: PCB) -> bytes:
    """The same for all areas together. ESRCH for a process without memory."""
    if pcb.zombie or not pcb.mm.areas:
        raise error(Errno.ESRCH)
    usage = _Usage()
    areas = pcb.mm.areas
    for area in areas:
        usage.add(kernel, pcb.mm, area)
    head = b"%08x-%08x ---p 00000000 00:00 0" % (areas[0].start, areas[-1].end)
    return head.ljust(49) + b"[rollup]\n" + usage.rows(rollup=True)


def clear_refs(kernel: Kernel, pcb: PCB, data: bytes, writer: PCB) -> None:
    """Take the accessed bits of all (1), anonymous (2) or file pages (3) away, so that Referenced
    of smaps counts from now on (proc_pid_clear_refs(5)). EINVAL.
    """
    what = data.strip()
    if what not in (b"1", b"2", b"3"):
        raise error(Errno.EINVAL)
    if pcb.zombie:
        return
    space: AddressSpace = pcb.mm
    kinds = kernel.mm.frames.kind
    for vpn, entry in list(space.table.entries()):
        if entry & V and entry & A:
            of_file = kinds[entry >> PPN_SHIFT] == Kind.CACHE
            if what == b"1" or of_file == (what == b"3"):
                space.table.set(vpn, entry & ~A)
    kernel.mm.fence(space)


def set_reclaim(kernel: Kernel, pcb: PCB, data: bytes, writer: PCB) -> None:
    """Put a process away: ``anon`` pages to swap, ``file`` pages let go of, or ``all``; ``in``
    brings it back. EINVAL.
    """
    what = data.strip()
    if what not in (b"anon", b"file", b"all", b"in"):
        raise error(Errno.EINVAL)
    if pcb.zombie:
        return
    if what == b"in":
        reclaim.fetch(kernel.mm, pcb.mm)
    else:
        reclaim.put_away(
            kernel.mm, pcb.mm, anon=what in (b"anon", b"all"), file=what in (b"file", b"all")
        )


def page_table(kernel: Kernel, pcb: PCB) -> bytes:
    """The entries of the page table, one a line: what pagemap has in binary, and more.

    Address, frame or swap slot, the hardware's flags, and what software remembers.
    """
    if pcb.zombie:
        return b""
    lines = []
    for vpn, entry in pcb.mm.table.entries():
        number = entry >> PPN_SHIFT
        if entry & V:
            note = b" cow" if entry & COW else b""
            text = describe(entry).encode()
            lines.append(b"%08x frame %d %b%b\n" % (vpn << 12, number, text, note))
        else:
            lines.append(b"%08x swap %d\n" % (vpn << 12, number))
    return b"".join(lines)


def oom_score(kernel: Kernel, pcb: PCB) -> bytes:
    return b"%d\n" % oom.score(kernel, pcb)


def oom_score_adj(kernel: Kernel, pcb: PCB) -> bytes:
    return b"%d\n" % pcb.oom_score_adj


def set_oom_score_adj(kernel: Kernel, pcb: PCB, data: bytes, writer: PCB) -> None:
    """-1000 to 1000; only root lowers it (proc_pid_oom_score_adj(5)). EACCES EINVAL."""
    try:
        value = int(data.strip())
    except ValueError:
        raise error(Errno.EINVAL) from None
    if not -1000 <= value <= 1000:
        raise error(Errno.EINVAL)
    if value < pcb.oom_score_adj and not capable(writer, CAP_SYS_RESOURCE):
        raise error(Errno.EACCES)
    pcb.oom_score_adj = value


def vm_rows(kernel: Kernel, pcb: PCB) -> tuple[tuple[bytes, int], ...]:
    """The Vm lines of /proc/PID/status, in bytes."""
    space: AddressSpace = pcb.mm
    areas = space.areas
    stack = sum(area.size for area in areas if area.is_stack)
    text = sum(area.size for area in areas if area.prot & 4)
    data = sum(area.size for area in areas if area.accountable and not area.is_stack)
    return (
        (b"VmPeak", space.most << 12),
        (b"VmSize", space.total << 12),
        (b"VmLck", space.locked << 12),
        (b"VmPin", 0),
        (b"VmHWM", pcb.peak),
        (b"VmRSS", pcb.rss),
        (b"RssAnon", space.anon << 12),
        (b"RssFile", space.file << 12),
        (b"RssShmem", space.shmem << 12),
        (b"VmData", data),
        (b"VmStk", stack),
        (b"VmExe", text),
        (b"VmLib", 0),
        (b"VmPTE", space.table.tables() << 12),
        (b"VmSwap", space.swapped << 12),
    )


def addresses(pcb: PCB) -> tuple[int, int, int, int]:
    """(start of text, end of text, end of the stack, start of the heap) for /proc/PID/stat."""
    if pcb.zombie or pcb.mm is None or not pcb.mm.areas:
        return (0, 0, 0, 0)
    space: AddressSpace = pcb.mm
    text = next((area for area in space.areas if area.prot & 4), space.areas[0])
    return text.start, text.end, STACK_TOP, space.brk_start


def meminfo(kernel: Kernel) -> bytes:
    memory = kernel.mm
    frames, swap = memory.frames, memory.swap
    kinds = frames.by_kind
    cache = kernel.cache
    dirty = cache.dirty if cache is not None else 0
    writing = cache.writing if cache is not None else 0
    files, shmem, anon = kinds[Kind.CACHE], kinds[Kind.SHMEM], kinds[Kind.ANON]
    spaces = [p.mm for p in kernel.processes.values() if p.mm is not None]
    locked = sum(space.locked for space in spaces)
    mapped = sum(space.file for space in spaces)
    free = frames.free
    rows = (
        (b"MemTotal", frames.count),
        (b"MemFree", free),
        (b"MemAvailable", free + max(files - dirty - writing - mapped, 0)),
        (b"Buffers", 0),
        (b"Cached", files + shmem),
        (b"SwapCached", len(swap.frames)),
        (b"Active", anon + files),
        (b"Inactive", shmem),
        (b"Active(anon)", anon),
        (b"Inactive(anon)", shmem),
        (b"Active(file)", files),
        (b"Inactive(file)", 0),
        (b"Unevictable", locked),
        (b"Mlocked", locked),
        (b"SwapTotal", swap.size),
        (b"SwapFree", swap.free),
        (b"Dirty", dirty),
        (b"Writeback", writing + swap.in_flight),
        (b"AnonPages", anon),
        (b"Mapped", mapped),
        (b"Shmem", shmem),
        (b"KReclaimable", 0),
        (b"Slab", 0),
        (b"SReclaimable", 0),
        (b"SUnreclaim", 0),
        (b"KernelStack", kinds[Kind.KERNEL]),
        (b"PageTables", kinds[Kind.TABLE]),
        (b"CommitLimit", memory.commit_limit()),
        (b"Committed_AS", memory.committed),
    )
    return b"".join(b"%-15b %8d kB\n" % (name + b":", size << 2) for name, size in rows)


def vmstat(kernel: Kernel) -> bytes:
    """proc_vmstat(5): gauges in pages, then events since boot."""
    memory = kernel.mm
    kinds = memory.frames.by_kind
    cache = kernel.cache
    rows = {
        "pgpgin": sum(disk.stats().sectors_read for disk in kernel.machine.disks) >> 1,
        "pgpgout": sum(disk.stats().sectors_written for disk in kernel.machine.disks) >> 1,
        "nr_free_pages": memory.frames.free,
        "nr_anon_pages": kinds[Kind.ANON],
        "nr_mapped": sum(p.mm.file for p in kernel.processes.values() if p.mm is not None),
        "nr_file_pages": kinds[Kind.CACHE] + kinds[Kind.SHMEM],
        "nr_dirty": cache.dirty if cache is not None else 0,
        "nr_writeback": cache.writing if cache is not None else 0,
        "nr_shmem": kinds[Kind.SHMEM],
        "nr_page_table_pages": kinds[Kind.TABLE],
        "nr_kernel_stack": kinds[Kind.KERNEL] << 2,
        "nr_swapcached": len(memory.swap.frames),
        **{name: memory.counts[name] for name in sorted(memory.counts)},
        "nr_tlb_remote_flush": sum(mmu.tlb.flushes for mmu in memory.mmus),
    }
    return b"".join(b"%b %d\n" % (name.encode(), value) for name, value in rows.items())


def tlb(kernel: Kernel) -> bytes:
    """The translation buffer of each core: its size, what it holds, and how it was used."""
    return b"".join(
        b"cpu%d entries %d used %d hits %d misses %d walks %d flushes %d\n"
        % (index, mmu.tlb.size, len(mmu.tlb.entries), mmu.tlb.hits, mmu.tlb.misses, mmu.walks,
           mmu.tlb.flushes)
        for index, mmu in enumerate(kernel.mm.mmus)
    )  # fmt: skip


def swaps(kernel: Kernel) -> bytes:
    """proc_swaps(5); sizes in KiB."""
    lines = [b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"]
    for area in kernel.mm.swap.areas:
        name = area.name.ljust(40) if len(area.name) < 40 else area.name + b" "
        kind = area.kind + (b"\t" if area.kind == b"partition" else b"\t\t")
        size = b"%d\t%b" % (area.size << 2, b"\t" if area.size << 2 < 10_000_000 else b"")
        used = b"%d\t%b" % (area.used << 2, b"\t" if area.used << 2 < 10_000_000 else b"")
        lines.append(name + kind + size + used + b"%d\n" % area.priority)
    return b"".join(lines)


def pressure(kernel: Kernel) -> bytes:
    return kernel.mm.pressure.text()

"""/proc: memory, of the machine and of each process (proc_meminfo(5), proc_pid_maps(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.proc.text import PAGE, pages
from minios.kernel.process import PCB

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


TEXT_START = 0x10000
HEAP_START = 0x100000
STACK_END = 0x7FFFF000
_STACK_SIZE = 1 << 20


def statm(kernel: Kernel, pcb: PCB) -> bytes:
    if pcb.zombie:
        return b"0 0 0 0 0 0 0\n"
    text = pages(pcb.image_bytes)
    data = pages(pcb.brk) + pages(_STACK_SIZE)
    return b"%d %d %d %d 0 %d 0\n" % (text + data, pages(pcb.rss), text, text, data)


def maps(kernel: Kernel, pcb: PCB) -> bytes:
    """What is modelled: the program's image, its heap and its stack."""
    if pcb.zombie:
        return b""
    areas = [(TEXT_START, pcb.image_bytes, b"r-xp", b"08:01", pcb.exe)]
    if pcb.brk:
        areas.append((HEAP_START, pcb.brk, b"rw-p", b"00:00", b"[heap]"))
    areas.append((STACK_END - _STACK_SIZE, _STACK_SIZE, b"rw-p", b"00:00", b"[stack]"))
    lines = []
    for start, size, mode, device, name in areas:
        end = start + pages(size) * PAGE
        line = b"%08x-%08x %b 00000000 %b 0" % (start, end, mode, device)
        lines.append(line.ljust(49) + name + b"\n")
    return b"".join(lines)


def vm_rows(kernel: Kernel, pcb: PCB) -> tuple[tuple[bytes, int], ...]:
    """The Vm lines of /proc/PID/status, in bytes."""
    return (
        (b"VmPeak", max(pcb.maxrss + _STACK_SIZE, pcb.vsize)),
        (b"VmSize", pcb.vsize),
        (b"VmLck", 0),
        (b"VmPin", 0),
        (b"VmHWM", pcb.maxrss),
        (b"VmRSS", pcb.rss),
        (b"RssAnon", pcb.brk),
        (b"RssFile", pcb.image_bytes),
        (b"RssShmem", 0),
        (b"VmData", pcb.brk),
        (b"VmStk", _STACK_SIZE),
        (b"VmExe", pcb.image_bytes),
        (b"VmLib", 0),
        (b"VmPTE", PAGE),
        (b"VmSwap", 0),
    )


def meminfo(kernel: Kernel) -> bytes:
    total = kernel.machine.ram >> 10
    free = (kernel.machine.ram - kernel.ram_used) >> 10
    rows = (
        (b"MemTotal", total), (b"MemFree", free), (b"MemAvailable", free), (b"Buffers", 0),
        (b"Cached", 0), (b"SwapCached", 0), (b"Active", total - free), (b"Inactive", 0),
        (b"SwapTotal", 0), (b"SwapFree", 0), (b"Dirty", 0), (b"Writeback", 0),
        (b"AnonPages", total - free), (b"Mapped", 0), (b"Shmem", 0), (b"Slab", 0),
        (b"SReclaimable", 0), (b"SUnreclaim", 0),
    )  # fmt: skip
    return b"".join(b"%-15b %8d kB\n" % (name + b":", size) for name, size in rows)


def swaps(kernel: Kernel) -> bytes:
    return b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

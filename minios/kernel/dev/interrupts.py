"""Interrupts, counted where they happen: /proc/interrupts and the intr line of /proc/stat.

Devices interrupt the first core, as Linux has it unless told otherwise; a core's own timer and what
cores send each other are counted by the dispatcher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

TIMER = 5
"""The number of the core's timer, and of RISC-V's supervisor timer interrupt."""

_LINES: dict[str, tuple[int, str]] = {
    "sda": (8, "sda"),
    "sdb": (9, "sdb"),
    "tty": (10, "console"),
    "lp0": (11, "lp0"),
    "eth0": (12, "eth0"),
}
"""Device: number at the interrupt controller, and its name there."""


class Interrupts:
    """How often each device has interrupted since boot."""

    __slots__ = ("counts", "kernel")

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.counts: dict[str, int] = {}

    def count(self, device: str) -> None:
        """An interrupt of ``device``."""
        self.counts[device] = self.counts.get(device, 0) + 1

    def all(self) -> dict[str, int]:
        """By device; a disk interrupts once for each request it has finished."""
        counts = dict(self.counts)
        for disk in self.kernel.machine.disks:
            counts[disk.name] = disk.finished
        return counts

    def state(self) -> list[object]:
        """Plain data for the digest."""
        return [sorted(self.all().items()), [(core.ticks, core.ipis) for core in self.kernel.cores]]


def _rows(kernel: Kernel) -> list[tuple[int, list[int], str]]:
    """(number, how often on each core, who) of every line that has one."""
    cores = kernel.cores
    rows = [(TIMER, [core.ticks for core in cores], "RISC-V INTC   5 Edge      riscv-timer")]
    found = kernel.interrupts.all()
    for device in sorted(_LINES, key=lambda name: _LINES[name][0]):
        number, name = _LINES[device]
        if device in found:
            counts = [found[device], *[0] * (len(cores) - 1)]
            rows.append((number, counts, f"SiFive PLIC {number:3} Edge      {name}"))
    return rows


def listing(kernel: Kernel) -> bytes:
    """/proc/interrupts (proc_interrupts(5))."""
    cores = kernel.cores
    lines = ["           " + "".join(f"CPU{core.index:<8}" for core in cores).rstrip(" ") + " " * 7]
    for number, counts, who in _rows(kernel):
        cells = "".join(f"{count:10} " for count in counts)
        lines.append(f"{number:3}: {cells} {who}")
    ipis = "".join(f"{core.ipis:10} " for core in cores)
    lines.append(f"IPI0: {ipis} Rescheduling interrupts")
    return "".join(line + "\n" for line in lines).encode()


def total(kernel: Kernel) -> list[int]:
    """The intr line of /proc/stat: all of them, and then each number's."""
    rows = {number: sum(counts) for number, counts, _ in _rows(kernel)}
    return [sum(rows.values()), *(rows.get(number, 0) for number in range(max(rows) + 1))]

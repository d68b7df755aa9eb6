"""/proc: what the cores do and did (proc_stat(5), proc_loadavg(5), proc_uptime(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.dev import interrupts
from minios.kernel.proc.text import TICK, seconds

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


def loadavg(kernel: Kernel) -> bytes:
    loads = []
    for load in kernel.load_averages():
        rounded = load + 65536 // 200
        loads.append(b"%d.%02d" % (rounded >> 16, (rounded & 0xFFFF) * 100 >> 16))
    return b"%b %d/%d %d\n" % (
        b" ".join(loads),
        kernel.runnable_count(),
        len(kernel.processes),
        kernel.last_pid,
    )


def uptime(kernel: Kernel) -> bytes:
    now = kernel.world.now
    up = now - kernel.boot_time
    idle = sum(up - core.busy(now) for core in kernel.cores)
    return b"%b %b\n" % (seconds(up), seconds(idle))


def stat(kernel: Kernel) -> bytes:
    """proc_stat(5). What the cores were busy with is split into user, nice and system time in the
    proportion in which the processes, dead ones included, used it.
    """
    now = kernel.world.now
    user = nice = 0
    for pcb in kernel.processes.values():
        own, _ = kernel.cpu_time(pcb)
        user += pcb.cutime
        if pcb.nice > 0:
            nice += own
        else:
            user += own
    up = now - kernel.boot_time
    busy = [core.busy(now) for core in kernel.cores]
    total = sum(busy)
    rows = []
    for used, waited in zip(busy, kernel.iowait.times(), strict=True):
        mine = user * used // total if total else 0
        niced = nice * used // total if total else 0
        rows.append((mine, niced, max(used - mine - niced, 0), up - used - waited, waited))
    lines = [_cpu_row(b"cpu ", tuple(map(sum, zip(*rows, strict=True))))]
    lines += [_cpu_row(b"cpu%d" % index, row) for index, row in enumerate(rows)]
    lines += [
        b"intr " + b" ".join(b"%d" % count for count in interrupts.total(kernel)),
        b"ctxt %d" % sum(core.switches for core in kernel.cores),
        b"btime %d" % ((kernel.machine.epoch + kernel.boot_time) // 1_000_000_000),
        b"processes %d" % kernel.forks,
        b"procs_running %d" % kernel.runnable_count(),
        b"procs_blocked %d" % kernel.iowait.blocked,
    ]
    return b"\n".join(lines) + b"\n"


def _cpu_row(name: bytes, times: tuple[int, ...]) -> bytes:
    return name + b" %d %d %d %d %d 0 0 0 0 0" % tuple(ns // TICK for ns in times)


def cpuinfo(kernel: Kernel) -> bytes:
    hz = kernel.machine.hz
    return b"".join(
        b"processor\t: %d\nhart\t\t: %d\nisa\t\t: rv32im\nmmu\t\t: sv32\nuarch\t\t: minios\n"
        b"cpu MHz\t\t: %d.%03d\n\n" % (core.index, core.index, hz // 1_000_000, hz // 1000 % 1000)
        for core in kernel.cores
    )

"""The texts of /proc, in the formats of proc(5) that procps parses; USER_HZ is 100."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.signals import NSIG, SIG_IGN, Sig
from minios.kernel import calls
from minios.kernel.process import PCB

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

TICK = 10_000_000
"""Nanoseconds of a USER_HZ tick."""
PAGE = 4096

_STATES = {
    "R": b"R (running)",
    "S": b"S (sleeping)",
    "D": b"D (disk sleep)",
    "T": b"T (stopped)",
    "Z": b"Z (zombie)",
}
_CAPABILITIES = 0x1FFFFFFFFFF
_TEXT_START = 0x10000
_HEAP_START = 0x100000
_STACK_END = 0x7FFFF000
_STACK_SIZE = 1 << 20


def _pages(size: int) -> int:
    return (size + PAGE - 1) // PAGE


def _comm(pcb: PCB) -> bytes:
    return pcb.comm.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def _handled(pcb: PCB) -> tuple[int, int]:
    """(ignored, caught) signals, as sets."""
    ignored = caught = 0
    for sig in range(1, NSIG + 1):
        disposition = pcb.handlers[sig]
        if disposition == SIG_IGN:
            ignored |= 1 << (sig - 1)
        elif callable(disposition):
            caught |= 1 << (sig - 1)
    return ignored, caught


# -- /proc/PID ---------------------------------------------------------------------------------


def pid_stat(kernel: Kernel, pcb: PCB) -> bytes:
    """The 52 fields of proc_pid_stat(5). Addresses that say nothing here are 0."""
    utime, stime = kernel.cpu_time(pcb)
    ignored, caught = _handled(pcb)
    low = 0x7FFFFFFF
    tty = pcb.tty
    fields = (
        pcb.ppid,
        pcb.pgid,
        pcb.sid,
        tty.rdev if tty is not None else 0,
        (tty.foreground or -1) if tty is not None else -1,
        0x400000,  # flags: PF_RANDOMIZE, as any user process has
        0, 0, 0, 0,  # page faults
        utime // TICK,
        stime // TICK,
        pcb.cutime // TICK,
        pcb.cstime // TICK,
        20 + pcb.nice,
        pcb.nice,
        1,  # threads
        0,
        (pcb.start_time - kernel.boot_time) // TICK,
        0 if pcb.zombie else _pages(pcb.vsize) * PAGE,
        _pages(pcb.rss),
        flags.RLIM_INFINITY,
        _TEXT_START, _TEXT_START + pcb.image_bytes, _STACK_END, 0, 0,
        pcb.pending & low,
        pcb.blocked & low,
        ignored & low,
        caught & low,
        int(bool(pcb.wchan)),
        0, 0,
        int(Sig.SIGCHLD),
        pcb.last_core,
        0, 0, 0, 0, 0,  # real-time priority, policy, block I/O delay, guest times
        _HEAP_START, _HEAP_START, _HEAP_START,
        0, 0, 0, 0,  # argument and environment addresses
        pcb.exit_status,
    )  # fmt: skip
    head = b"%d (%b) %b " % (pcb.pid, _comm(pcb), pcb.state.encode())
    return head + b" ".join(b"%d" % field for field in fields) + b"\n"


def pid_statm(kernel: Kernel, pcb: PCB) -> bytes:
    if pcb.zombie:
        return b"0 0 0 0 0 0 0\n"
    text = _pages(pcb.image_bytes)
    data = _pages(pcb.brk) + _pages(_STACK_SIZE)
    return b"%d %d %d %d 0 %d 0\n" % (text + data, _pages(pcb.rss), text, text, data)


def pid_status(kernel: Kernel, pcb: PCB) -> bytes:
    ignored, caught = _handled(pcb)
    cores = len(kernel.cores)
    capabilities = _CAPABILITIES if pcb.euid == 0 else 0
    lines = [
        b"Name:\t%b" % _comm(pcb),
        b"Umask:\t%04o" % pcb.umask,
        b"State:\t%b" % _STATES[pcb.state],
        b"Tgid:\t%d" % pcb.pid,
        b"Ngid:\t0",
        b"Pid:\t%d" % pcb.pid,
        b"PPid:\t%d" % pcb.ppid,
        b"TracerPid:\t0",
        b"Uid:\t%d\t%d\t%d\t%d" % (pcb.uid, pcb.euid, pcb.suid, pcb.euid),
        b"Gid:\t%d\t%d\t%d\t%d" % (pcb.gid, pcb.egid, pcb.sgid, pcb.egid),
        b"FDSize:\t%d" % (0 if pcb.zombie else 256),
        b"Groups:\t%b " % b" ".join(b"%d" % gid for gid in pcb.groups),
        b"NStgid:\t%d" % pcb.pid,
        b"NSpid:\t%d" % pcb.pid,
        b"NSpgid:\t%d" % pcb.pgid,
        b"NSsid:\t%d" % pcb.sid,
    ]
    if not pcb.zombie:
        lines += [
            b"%b:\t%8d kB" % (name, size >> 10)
            for name, size in (
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
        ]
    lines += [
        b"Threads:\t1",
        b"SigQ:\t0/%d" % kernel.machine.nproc,
        b"SigPnd:\t%016x" % 0,
        b"ShdPnd:\t%016x" % pcb.pending,
        b"SigBlk:\t%016x" % pcb.blocked,
        b"SigIgn:\t%016x" % ignored,
        b"SigCgt:\t%016x" % caught,
        b"CapInh:\t%016x" % 0,
        b"CapPrm:\t%016x" % capabilities,
        b"CapEff:\t%016x" % capabilities,
        b"CapBnd:\t%016x" % _CAPABILITIES,
        b"CapAmb:\t%016x" % 0,
        b"NoNewPrivs:\t0",
        b"Seccomp:\t0",
        b"Cpus_allowed:\t%x" % ((1 << cores) - 1),
        b"Cpus_allowed_list:\t%b" % (b"0" if cores == 1 else b"0-%d" % (cores - 1)),
        b"voluntary_ctxt_switches:\t%d" % pcb.nvcsw,
        b"nonvoluntary_ctxt_switches:\t%d" % pcb.nivcsw,
    ]
    return b"\n".join(lines) + b"\n"


def pid_cmdline(kernel: Kernel, pcb: PCB) -> bytes:
    """The arguments, a NUL after each; empty for a zombie."""
    return b"" if pcb.zombie else b"".join(argument + b"\0" for argument in pcb.argv)


def pid_environ(kernel: Kernel, pcb: PCB) -> bytes:
    return b"" if pcb.zombie else b"".join(entry + b"\0" for entry in pcb.environ)


def pid_comm(kernel: Kernel, pcb: PCB) -> bytes:
    return pcb.comm + b"\n"


def pid_wchan(kernel: Kernel, pcb: PCB) -> bytes:
    return pcb.wchan.encode() if pcb.wchan else b"0"


def pid_maps(kernel: Kernel, pcb: PCB) -> bytes:
    """What is modelled: the program's image, its heap and its stack."""
    if pcb.zombie:
        return b""
    areas = [(_TEXT_START, pcb.image_bytes, b"r-xp", b"08:01", pcb.exe)]
    if pcb.brk:
        areas.append((_HEAP_START, pcb.brk, b"rw-p", b"00:00", b"[heap]"))
    areas.append((_STACK_END - _STACK_SIZE, _STACK_SIZE, b"rw-p", b"00:00", b"[stack]"))
    lines = []
    for start, size, mode, device, name in areas:
        end = start + _pages(size) * PAGE
        line = b"%08x-%08x %b 00000000 %b 0" % (start, end, mode, device)
        lines.append(line.ljust(49) + name + b"\n")
    return b"".join(lines)


_LIMITS = (
    (flags.RLIMIT_CPU, b"Max cpu time", b"seconds"),
    (flags.RLIMIT_FSIZE, b"Max file size", b"bytes"),
    (flags.RLIMIT_DATA, b"Max data size", b"bytes"),
    (flags.RLIMIT_STACK, b"Max stack size", b"bytes"),
    (flags.RLIMIT_CORE, b"Max core file size", b"bytes"),
    (flags.RLIMIT_RSS, b"Max resident set", b"bytes"),
    (flags.RLIMIT_NPROC, b"Max processes", b"processes"),
    (flags.RLIMIT_NOFILE, b"Max open files", b"files"),
    (flags.RLIMIT_MEMLOCK, b"Max locked memory", b"bytes"),
    (flags.RLIMIT_AS, b"Max address space", b"bytes"),
)


def pid_limits(kernel: Kernel, pcb: PCB) -> bytes:
    row = b"%-25b %-20b %-20b %-10b\n"
    lines = [row % (b"Limit", b"Soft Limit", b"Hard Limit", b"Units")]
    unlimited = (flags.RLIM_INFINITY, flags.RLIM_INFINITY)
    for resource, name, unit in _LIMITS:
        soft, hard = pcb.rlimits.get(resource, unlimited)
        lines.append(row % (name, _limit(soft), _limit(hard), unit))
    return b"".join(lines)


def _limit(value: int) -> bytes:
    return b"unlimited" if value >= flags.RLIM_INFINITY else b"%d" % value


PID_FILES: tuple[tuple[bytes, int, Callable[[Kernel, PCB], bytes]], ...] = (
    (b"cmdline", 0o444, pid_cmdline),
    (b"comm", 0o444, pid_comm),
    (b"environ", 0o400, pid_environ),
    (b"limits", 0o444, pid_limits),
    (b"maps", 0o444, pid_maps),
    (b"mounts", 0o444, lambda kernel, pcb: mounts(kernel)),
    (b"stat", 0o444, pid_stat),
    (b"statm", 0o444, pid_statm),
    (b"status", 0o444, pid_status),
    (b"wchan", 0o444, pid_wchan),
)


# -- /proc -------------------------------------------------------------------------------------


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
    return b"%b %b\n" % (_seconds(up), _seconds(idle))


def _seconds(ns: int) -> bytes:
    return b"%d.%02d" % (ns // 1_000_000_000, ns // 10_000_000 % 100)


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
    for used in busy:
        mine = user * used // total if total else 0
        niced = nice * used // total if total else 0
        rows.append((mine, niced, max(used - mine - niced, 0), up - used))
    lines = [_cpu_row(b"cpu ", tuple(map(sum, zip(*rows, strict=True))))]
    lines += [_cpu_row(b"cpu%d" % index, row) for index, row in enumerate(rows)]
    lines += [
        b"intr 0",
        b"ctxt %d" % sum(core.switches for core in kernel.cores),
        b"btime %d" % ((kernel.machine.epoch + kernel.boot_time) // 1_000_000_000),
        b"processes %d" % kernel.forks,
        b"procs_running %d" % kernel.runnable_count(),
        b"procs_blocked 0",
    ]
    return b"\n".join(lines) + b"\n"


def _cpu_row(name: bytes, times: tuple[int, ...]) -> bytes:
    return name + b" %d %d %d %d 0 0 0 0 0 0" % tuple(ns // TICK for ns in times)


def version(kernel: Kernel) -> bytes:
    name = calls.utsname(kernel)
    return b"%b version %b (minios@minios) %b\n" % (name.sysname, name.release, name.version)


def cpuinfo(kernel: Kernel) -> bytes:
    hz = kernel.machine.hz
    return b"".join(
        b"processor\t: %d\nhart\t\t: %d\nisa\t\t: rv32im\nmmu\t\t: sv32\nuarch\t\t: minios\n"
        b"cpu MHz\t\t: %d.%03d\n\n" % (core.index, core.index, hz // 1_000_000, hz // 1000 % 1000)
        for core in kernel.cores
    )


def mounts(kernel: Kernel) -> bytes:
    lines = []
    for fs in kernel.vfs.mounts:
        where = fs.covers.path() if fs.covers is not None else b"/"
        lines.append(b"%b %b %b %b 0 0\n" % (fs.source, where, fs.type, fs.options))
    return b"".join(lines)


def filesystems(kernel: Kernel) -> bytes:
    return b"nodev\tproc\nnodev\ttmpfs\nnodev\tdevtmpfs\nnodev\tpipefs\n\text4\n"


def swaps(kernel: Kernel) -> bytes:
    return b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def cmdline(kernel: Kernel) -> bytes:
    return b"root=/dev/sda1 console=tty1\n"


ROOT_FILES: tuple[tuple[bytes, Callable[[Kernel], bytes]], ...] = (
    (b"cmdline", cmdline),
    (b"cpuinfo", cpuinfo),
    (b"filesystems", filesystems),
    (b"loadavg", loadavg),
    (b"meminfo", meminfo),
    (b"mounts", mounts),
    (b"stat", stat),
    (b"swaps", swaps),
    (b"uptime", uptime),
    (b"version", version),
)


def hostname(kernel: Kernel) -> bytes:
    return kernel.hostname + b"\n"


def pid_max(kernel: Kernel) -> bytes:
    return b"%d\n" % kernel.machine.pid_max


KERNEL_FILES: tuple[tuple[bytes, Callable[[Kernel], bytes]], ...] = (
    (b"hostname", hostname),
    (b"osrelease", lambda kernel: calls.utsname(kernel).release + b"\n"),
    (b"ostype", lambda kernel: calls.utsname(kernel).sysname + b"\n"),
    (b"pid_max", pid_max),
    (b"threads-max", pid_max),
    (b"version", lambda kernel: calls.utsname(kernel).version + b"\n"),
)
"""Below /proc/sys/kernel."""

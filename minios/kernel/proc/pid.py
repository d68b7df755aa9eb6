"""/proc/PID: what the kernel knows of one process (proc_pid(5)); USER_HZ is 100."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.signals import NSIG, SIG_IGN, Sig
from minios.abi.syscalls import NAMES
from minios.kernel.credentials import NO_NEW_PRIVS
from minios.kernel.mm.area import STACK_TOP, TEXT_START
from minios.kernel.proc.memory import addresses, vm_rows
from minios.kernel.proc.sched import core_list, priority
from minios.kernel.proc.text import PAGE, TICK, pages, spelled
from minios.kernel.process import PCB, limit
from minios.sim.world import MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


_STATES = {
    "R": b"R (running)",
    "S": b"S (sleeping)",
    "D": b"D (disk sleep)",
    "T": b"T (stopped)",
    "t": b"t (tracing stop)",
    "Z": b"Z (zombie)",
}


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


def stat(kernel: Kernel, pcb: PCB) -> bytes:
    """The 52 fields of proc_pid_stat(5). Addresses that say nothing here are 0."""
    utime, stime = kernel.cpu_time(pcb)
    ignored, caught = _handled(pcb)
    low = 0x7FFFFFFF
    text, end, stack, heap = addresses(pcb)
    tty = pcb.tty
    fields = (
        pcb.ppid,
        pcb.pgid,
        pcb.sid,
        tty.rdev if tty is not None else 0,
        (tty.foreground or -1) if tty is not None else -1,
        0x400000,  # flags: PF_RANDOMIZE, as any user process has
        pcb.minflt, pcb.cminflt, pcb.majflt, pcb.cmajflt,
        utime // TICK,
        stime // TICK,
        pcb.cutime // TICK,
        pcb.cstime // TICK,
        priority(pcb) - 100,
        pcb.nice,
        1,  # threads
        0,
        (pcb.start_time - kernel.boot_time) // TICK,
        0 if pcb.zombie else pages(pcb.vsize) * PAGE,
        pages(pcb.rss),
        flags.RLIM_INFINITY,
        text, end, stack, 0, 0,
        pcb.pending & low,
        pcb.blocked & low,
        ignored & low,
        caught & low,
        int(bool(pcb.wchan)),
        0, 0,
        int(Sig.SIGCHLD),
        pcb.processor,
        pcb.rt_priority, pcb.policy,
        0, 0, 0,  # block I/O delay, guest times
        heap, heap, heap,
        0, 0, 0, 0,  # argument and environment addresses
        pcb.exit_status,
    )  # fmt: skip
    head = b"%d (%b) %b " % (pcb.pid, spelled(pcb), pcb.state.encode())
    return head + b" ".join(b"%d" % field for field in fields) + b"\n"


def status(kernel: Kernel, pcb: PCB) -> bytes:
    ignored, caught = _handled(pcb)
    allowed = pcb.affinity & ((1 << len(kernel.cores)) - 1)
    lines = [
        b"Name:\t%b" % spelled(pcb),
        b"Umask:\t%04o" % pcb.umask,
        b"State:\t%b" % _STATES[pcb.state],
        b"Tgid:\t%d" % pcb.pid,
        b"Ngid:\t0",
        b"Pid:\t%d" % pcb.pid,
        b"PPid:\t%d" % pcb.ppid,
        b"TracerPid:\t%d" % (pcb.tracer.by.pid if pcb.tracer is not None else 0),
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
        lines += [b"%b:\t%8d kB" % (name, size >> 10) for name, size in vm_rows(kernel, pcb)]
    lines += [
        b"Threads:\t1",
        b"SigQ:\t%d/%d" % (len(pcb.queued or ()), limit(pcb, flags.RLIMIT_SIGPENDING)),
        b"SigPnd:\t%016x" % 0,
        b"ShdPnd:\t%016x" % pcb.pending,
        b"SigBlk:\t%016x" % pcb.blocked,
        b"SigIgn:\t%016x" % ignored,
        b"SigCgt:\t%016x" % caught,
        b"CapInh:\t%016x" % pcb.caps.inheritable,
        b"CapPrm:\t%016x" % pcb.caps.permitted,
        b"CapEff:\t%016x" % pcb.caps.effective,
        b"CapBnd:\t%016x" % pcb.caps.bounding,
        b"CapAmb:\t%016x" % pcb.caps.ambient,
        b"NoNewPrivs:\t%d" % (pcb.attributes & NO_NEW_PRIVS),
        b"Seccomp:\t%d" % (2 if pcb.seccomp is not None else 0),
        b"Cpus_allowed:\t%x" % allowed,
        b"Cpus_allowed_list:\t%b" % core_list(allowed),
        b"voluntary_ctxt_switches:\t%d" % pcb.nvcsw,
        b"nonvoluntary_ctxt_switches:\t%d" % pcb.nivcsw,
    ]
    return b"\n".join(lines) + b"\n"


def cmdline(kernel: Kernel, pcb: PCB) -> bytes:
    """The arguments, a NUL after each; empty for a zombie."""
    return b"" if pcb.zombie else b"".join(argument + b"\0" for argument in pcb.argv)


def environ(kernel: Kernel, pcb: PCB) -> bytes:
    return b"" if pcb.zombie else b"".join(entry + b"\0" for entry in pcb.environ)


def comm(kernel: Kernel, pcb: PCB) -> bytes:
    return pcb.comm + b"\n"


def set_comm(kernel: Kernel, pcb: PCB, data: bytes, writer: PCB) -> None:
    """Another name, at most 15 bytes (proc_pid_comm(5))."""
    pcb.comm = data.partition(b"\n")[0][:15]
    kernel.world.mark(MARK_PROCESS)


def syscall(kernel: Kernel, pcb: PCB) -> bytes:
    """The call a process sleeps in: its number, six arguments, sp and pc (proc_pid_syscall(5))."""
    if pcb.zombie or (pcb.runnable and not pcb.stopped):
        return b"running\n"
    from minios.kernel.trace.plain import word  # for this file alone

    nr, args = pcb.request
    registers = b"0x%x 0x%x" % (STACK_TOP - 0x1C0, TEXT_START + 0x40)
    if nr < 0:
        return b"-1 " + registers + b"\n"
    words = [word(argument) for argument in args][:6]
    words += [0] * (6 - len(words))
    return b"%d %b %b\n" % (nr, b" ".join(b"0x%x" % word for word in words), registers)


def io(kernel: Kernel, pcb: PCB) -> bytes:
    """proc_pid_io(5): what it read and wrote, and what of that went to or came from a disk."""
    rows = (
        (b"rchar", pcb.rchar), (b"wchar", pcb.wchar), (b"syscr", pcb.syscr),
        (b"syscw", pcb.syscw), (b"read_bytes", pcb.read_bytes),
        (b"write_bytes", pcb.write_bytes), (b"cancelled_write_bytes", 0),
    )  # fmt: skip
    return b"".join(b"%b: %d\n" % row for row in rows)


def stack(kernel: Kernel, pcb: PCB) -> bytes:
    """proc_pid_stack(5): where in the kernel it sleeps, and by which call it came there."""
    if not pcb.wchan:
        return b""
    call = NAMES.get(pcb.request[0], "")
    return f"[<0>] {pcb.wchan}\n[<0>] __do_sys_{call}\n".encode()


def wchan(kernel: Kernel, pcb: PCB) -> bytes:
    return pcb.wchan.encode() if pcb.wchan else b"0"


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
    (flags.RLIMIT_LOCKS, b"Max file locks", b"locks"),
    (flags.RLIMIT_SIGPENDING, b"Max pending signals", b"signals"),
    (flags.RLIMIT_MSGQUEUE, b"Max msgqueue size", b"bytes"),
    (flags.RLIMIT_NICE, b"Max nice priority", b""),
    (flags.RLIMIT_RTPRIO, b"Max realtime priority", b""),
    (flags.RLIMIT_RTTIME, b"Max realtime timeout", b"us"),
)


def limits(kernel: Kernel, pcb: PCB) -> bytes:
    row = b"%-25b %-20b %-20b %b\n"
    lines = [row % (b"Limit", b"Soft Limit", b"Hard Limit", b"Units     ")]
    unlimited = (flags.RLIM_INFINITY, flags.RLIM_INFINITY)
    for resource, name, unit in _LIMITS:
        soft, hard = pcb.rlimits.get(resource, unlimited)
        lines.append(row % (name, _limit(soft), _limit(hard), unit.ljust(10) if unit else b""))
    return b"".join(lines)


def _limit(value: int) -> bytes:
    return b"unlimited" if value >= flags.RLIM_INFINITY else b"%d" % value

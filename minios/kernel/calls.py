"""System calls about processes, credentials, signals and time: section 2, one function each.

Every function takes the kernel, the caller and the arguments, checks what a program may get wrong
(EFAULT for what is not even the right kind of value) and returns the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_ADMIN, CAP_SYS_BOOT
from minios.abi.errno import Errno, error
from minios.abi.records import Rusage, Sysinfo, Times, Utsname
from minios.abi.signals import (
    NSIG,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_SETMASK,
    SIG_UNBLOCK,
    UNBLOCKABLE,
    Sig,
)
from minios.abi.sys import Disposition, Entry
from minios.abi.syscalls import NR
from minios.fs.access import capable
from minios.kernel import (
    birth,
    credentials,
    death,
    limits,
    log,
    rtsignals,
    schedcalls,
    signals,
    xattr,
)
from minios.kernel.arguments import find, integer
from minios.kernel.process import PCB
from minios.kernel.wait import Sleep
from minios.kernel.why import log as why
from minios.sim.world import MARK_LINE, MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

_MAX_NS = 1 << 62


# -- life --------------------------------------------------------------------------------------


def clone(kernel: Kernel, pcb: PCB, entry: Entry, state: tuple[Any, ...]) -> int:
    if not callable(entry):
        raise error(Errno.EFAULT)
    return birth.fork(kernel, pcb, entry, state).pid


def execve(
    kernel: Kernel, pcb: PCB, path: bytes, argv: list[bytes], environ: tuple[bytes, ...]
) -> None:
    if not isinstance(path, bytes) or not all(type(s) is bytes for s in (*argv, *environ)):
        raise error(Errno.EFAULT)
    if not path:
        raise error(Errno.ENOENT)
    birth.replace(kernel, pcb, path, argv, environ)


def exit_group(kernel: Kernel, pcb: PCB, code: int) -> None:
    kernel.exit(pcb, flags.exit_status(integer(code)))


def getpid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.pid


def getppid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.ppid


def getpgid(kernel: Kernel, pcb: PCB, pid: int) -> int:
    return find(kernel, pcb, pid).pgid


def getsid(kernel: Kernel, pcb: PCB, pid: int) -> int:
    return find(kernel, pcb, pid).sid


def setpgid(kernel: Kernel, pcb: PCB, pid: int, pgid: int) -> None:
    """setpgid(2): oneself or a child, within the session.

    EACCES for a child that has executed another program, EINVAL EPERM ESRCH.
    """
    if integer(pgid) < 0:
        raise error(Errno.EINVAL)
    target = find(kernel, pcb, pid)
    if target is not pcb and target.ppid != pcb.pid:
        raise error(Errno.ESRCH)
    if target.sid != pcb.sid or target.sid == target.pid:
        raise error(Errno.EPERM)
    if target is not pcb and not target.attributes & credentials.FORKED:
        raise error(Errno.EACCES)
    pgid = pgid or target.pid
    if pgid != target.pid and not any(
        p.pgid == pgid and p.sid == pcb.sid for p in kernel.processes.values()
    ):
        raise error(Errno.EPERM)
    target.pgid = pgid
    kernel.world.mark(MARK_PROCESS)


def setsid(kernel: Kernel, pcb: PCB) -> int:
    """setsid(2): a new session without a terminal. EPERM for a group leader."""
    if any(p.pgid == pcb.pid for p in kernel.processes.values()):
        raise error(Errno.EPERM)
    pcb.sid = pcb.pgid = pcb.pid
    pcb.tty = None
    return pcb.sid


# -- memory and use of resources ---------------------------------------------------------------


def getrusage(kernel: Kernel, pcb: PCB, who: int) -> Rusage:
    if who == -1:
        return Rusage(pcb.cutime, pcb.cstime, 0, 0, 0, pcb.cminflt, pcb.cmajflt)
    if who != 0:
        raise error(Errno.EINVAL)
    return pcb.rusage()


def times(kernel: Kernel, pcb: PCB) -> Times:
    return Times(pcb.utime, pcb.stime, pcb.cutime, pcb.cstime, kernel.world.now - kernel.boot_time)


# -- signals -----------------------------------------------------------------------------------


def kill(kernel: Kernel, pcb: PCB, pid: int, sig: int) -> None:
    signals.kill(kernel, pcb, integer(pid), integer(sig))


def _signal(sig: Any) -> int:
    if not 1 <= integer(sig) <= NSIG:
        raise error(Errno.EINVAL)
    return int(sig)


def rt_sigaction(
    kernel: Kernel, pcb: PCB, sig: int, handler: Disposition | None, sa_flags: int, mask: int
) -> Disposition:
    """sigaction(2). Ignoring a signal discards it if it is pending."""
    sig = _signal(sig)
    old = pcb.handlers[sig]
    if handler is None:
        return old
    if sig in (Sig.SIGKILL, Sig.SIGSTOP):
        raise error(Errno.EINVAL)
    if not callable(handler) and handler not in (SIG_DFL, SIG_IGN):
        raise error(Errno.EFAULT)
    pcb.handlers[sig] = handler
    pcb.handler_flags[sig] = integer(sa_flags)
    pcb.handler_masks[sig] = integer(mask)
    if signals.ignored(pcb, sig):
        signals.discard(pcb, sig)
    return old


def rt_sigprocmask(kernel: Kernel, pcb: PCB, how: int, mask: int) -> int:
    old = pcb.blocked
    mask = integer(mask) & ~UNBLOCKABLE
    if how == SIG_BLOCK:
        pcb.blocked |= mask
    elif how == SIG_UNBLOCK:
        pcb.blocked &= ~mask
    elif how == SIG_SETMASK:
        pcb.blocked = mask
    else:
        raise error(Errno.EINVAL)
    return old


def rt_sigpending(kernel: Kernel, pcb: PCB) -> int:
    return pcb.pending & pcb.blocked


def rt_sigsuspend(kernel: Kernel, pcb: PCB, mask: int) -> Sleep:
    """Sleep under another mask; the handler that ends it restores the one from before."""
    if pcb.saved_mask is None:
        pcb.saved_mask = pcb.blocked
        pcb.blocked = integer(mask) & ~UNBLOCKABLE
    return Sleep((), name="sigsuspend")


def _now(kernel: Kernel) -> int:
    return kernel.world.now


def setitimer(kernel: Kernel, pcb: PCB, value: int, interval: int) -> tuple[int, int]:
    """ITIMER_REAL: SIGALRM after ``value`` ns, 0 disarms; the old (left, interval)."""
    if not 0 <= integer(value) < _MAX_NS or not 0 <= integer(interval) < _MAX_NS:
        raise error(Errno.EINVAL)
    old = getitimer(kernel, pcb)
    if pcb.alarm is not None:
        pcb.alarm.cancel()
    pcb.timer_interval = interval
    pcb.timer = _now(kernel) + value if value else None
    if pcb.timer is not None:
        pcb.alarm = kernel.world.timer(pcb.timer, _alarm, kernel, pcb)
    return old


def getitimer(kernel: Kernel, pcb: PCB) -> tuple[int, int]:
    left = max(pcb.timer - _now(kernel), 0) if pcb.timer is not None else 0
    return left, pcb.timer_interval


def _alarm(kernel: Kernel, pcb: PCB) -> None:
    assert pcb.timer is not None
    if pcb.timer_interval:
        pcb.timer += max(pcb.timer_interval, 1_000_000)
        pcb.alarm = kernel.world.timer(pcb.timer, _alarm, kernel, pcb)
    else:
        pcb.timer = None
    signals.post(kernel, pcb, Sig.SIGALRM)


# -- time and the machine ----------------------------------------------------------------------


def clock_nanosleep(kernel: Kernel, pcb: PCB, ns: int) -> Sleep | None:
    if not 0 <= integer(ns) < _MAX_NS:
        raise error(Errno.EINVAL)
    if pcb.expired(kernel.world.now):
        return None
    return Sleep((), ns, name="hrtimer_nanosleep")


def clock_gettime(kernel: Kernel, pcb: PCB, clock: int) -> int:
    if clock == flags.CLOCK_REALTIME:
        return kernel.clock()
    if clock == flags.CLOCK_MONOTONIC:
        return kernel.world.now - kernel.boot_time
    if clock == flags.CLOCK_PROCESS_CPUTIME_ID:
        return pcb.utime + pcb.stime
    raise error(Errno.EINVAL)


def clock_settime(kernel: Kernel, pcb: PCB, clock: int, time: int) -> None:
    """clock_settime(2). EPERM for everybody: the clock of the world is nobody's to set."""
    if clock != flags.CLOCK_REALTIME:
        raise error(Errno.EINVAL)
    raise error(Errno.EPERM)


def utsname(kernel: Kernel) -> Utsname:
    """What uname(2) and /proc call this system."""
    return Utsname(b"MiniOS", kernel.hostname, b"1.0.0", b"#1 MiniOS", b"riscv32")


def uname(kernel: Kernel, pcb: PCB) -> Utsname:
    return utsname(kernel)


def sethostname(kernel: Kernel, pcb: PCB, name: bytes) -> None:
    if not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    if not isinstance(name, bytes) or len(name) > 64:
        raise error(Errno.EINVAL)
    kernel.hostname = name


def sysinfo(kernel: Kernel, pcb: PCB) -> Sysinfo:
    ram = kernel.machine.ram
    return Sysinfo(
        kernel.world.now - kernel.boot_time, kernel.load_averages(), ram, ram - kernel.ram_used,
        len(kernel.processes),
    )  # fmt: skip


def getrandom(kernel: Kernel, pcb: PCB, count: int) -> bytes:
    if not 0 <= integer(count) <= 1 << 20:
        raise error(Errno.EINVAL)
    return kernel.world.stream("random").bytes(count)


def reboot(kernel: Kernel, pcb: PCB, command: int) -> None:
    """reboot(2): takes effect at the end of this instant. EPERM, EINVAL."""
    if not capable(pcb, CAP_SYS_BOOT):
        raise error(Errno.EPERM)
    if command not in (flags.REBOOT_RESTART, flags.REBOOT_POWER_OFF):
        raise error(Errno.EINVAL)
    kernel.machine.power_soon(restart=command == flags.REBOOT_RESTART)


def cgroup_enter(kernel: Kernel, pcb: PCB, path: bytes) -> None:
    """Move the caller to a control group, which exists as long as somebody is in it."""
    if not isinstance(path, bytes):
        raise error(Errno.EFAULT)
    if not path.startswith(b"/") or len(path) > 255 or b"\n" in path:
        raise error(Errno.EINVAL)
    if not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    pcb.cgroup = path


def audit_line(kernel: Kernel, pcb: PCB, line: bytes, commands: int) -> None:
    """An interactive shell on a terminal has parsed a line of so many simple commands."""
    if not isinstance(line, bytes) or pcb.tty is None:
        raise error(Errno.EPERM)
    kernel.world.mark(MARK_LINE)
    for listener in kernel.machine.on_line:
        listener(pcb, line, integer(commands))
    hooks = kernel.world.instruments.on_line
    for hook in hooks:
        hook(pcb, line, commands)


CALLS: dict[int, Callable[..., Any]] = {
    **credentials.CALLS,
    **limits.CALLS,
    **rtsignals.CALLS,
    **schedcalls.CALLS,
    **xattr.CALLS,
    **why.CALLS,
    NR.syslog: log.syslog,
    NR.clone: clone,
    NR.execve: execve,
    NR.exit_group: exit_group,
    NR.waitid: death.waitid,
    NR.getpid: getpid,
    NR.getppid: getppid,
    NR.getpgid: getpgid,
    NR.getsid: getsid,
    NR.setpgid: setpgid,
    NR.setsid: setsid,
    NR.getrusage: getrusage,
    NR.times: times,
    NR.kill: kill,
    NR.rt_sigaction: rt_sigaction,
    NR.rt_sigprocmask: rt_sigprocmask,
    NR.rt_sigpending: rt_sigpending,
    NR.rt_sigsuspend: rt_sigsuspend,
    NR.setitimer: setitimer,
    NR.getitimer: getitimer,
    NR.clock_nanosleep_time64: clock_nanosleep,
    NR.clock_gettime64: clock_gettime,
    NR.clock_settime64: clock_settime,
    NR.uname: uname,
    NR.sethostname: sethostname,
    NR.sysinfo: sysinfo,
    NR.getrandom: getrandom,
    NR.reboot: reboot,
    NR.cgroup_enter: cgroup_enter,
    NR.audit_line: audit_line,
}

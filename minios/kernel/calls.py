"""System calls about processes, credentials, signals and time: section 2, one function each.

Every function takes the kernel, the caller and the arguments, checks what a program may get wrong
(EFAULT for what is not even the right kind of value) and returns the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.records import Rusage, Sysinfo, Times, Utsname, Waited
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
from minios.kernel import birth, death, signals
from minios.kernel.process import PCB, limit
from minios.kernel.wait import Sleep, WaitQueue
from minios.sim.world import MARK_LINE, MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

_MAX_NS = 1 << 62


def _int(value: Any) -> int:
    if not isinstance(value, int):
        raise error(Errno.EFAULT)
    return value


def _find(kernel: Kernel, pcb: PCB, pid: int) -> PCB:
    found = kernel.processes.get(_int(pid)) if pid else pcb
    if found is None:
        raise error(Errno.ESRCH)
    return found


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
    kernel.exit(pcb, flags.exit_status(_int(code)))


def waitid(kernel: Kernel, pcb: PCB, pid: int, options: int) -> Waited | WaitQueue:
    """waitpid(2): a zombie first, then, if asked for, a child that stopped or went on."""
    _int(pid)
    known = False
    for child in pcb.children.values():
        if pid > 0 and child.pid != pid:
            continue
        if pid == 0 and child.pgid != pcb.pgid:
            continue
        if pid < -1 and child.pgid != -pid:
            continue
        known = True
        if child.zombie:
            usage = Rusage(
                child.utime + child.cutime, child.stime + child.cstime, child.maxrss,
                child.nvcsw, child.nivcsw,
            )  # fmt: skip
            death.reap(kernel, child)
            return Waited(child.pid, child.exit_status, usage)
        report = child.report
        if report is not None and options & (
            flags.WCONTINUED if flags.wifcontinued(report) else flags.WUNTRACED
        ):
            child.report = None
            return Waited(child.pid, report, child.rusage())
    if not known:
        raise error(Errno.ECHILD)
    if options & flags.WNOHANG:
        return Waited(0, 0, Rusage(0, 0, 0, 0, 0))
    assert pcb.child_wait is not None
    return pcb.child_wait


def getpid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.pid


def getppid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.ppid


def getpgid(kernel: Kernel, pcb: PCB, pid: int) -> int:
    return _find(kernel, pcb, pid).pgid


def getsid(kernel: Kernel, pcb: PCB, pid: int) -> int:
    return _find(kernel, pcb, pid).sid


def setpgid(kernel: Kernel, pcb: PCB, pid: int, pgid: int) -> None:
    """setpgid(2): oneself or a child, within the session. EINVAL EPERM ESRCH."""
    if _int(pgid) < 0:
        raise error(Errno.EINVAL)
    target = _find(kernel, pcb, pid)
    if target is not pcb and target.ppid != pcb.pid:
        raise error(Errno.ESRCH)
    if target.sid != pcb.sid or target.sid == target.pid:
        raise error(Errno.EPERM)
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


def sched_yield(kernel: Kernel, pcb: PCB) -> None:
    if pcb.core is not None:
        pcb.core.resched = True


# -- credentials (credentials(7)) --------------------------------------------------------------


def getuid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.uid


def geteuid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.euid


def getgid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.gid


def getegid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.egid


def _id(value: Any) -> int:
    if not 0 <= _int(value) < 1 << 32:
        raise error(Errno.EINVAL)
    return int(value)


def setuid(kernel: Kernel, pcb: PCB, uid: int) -> None:
    """setuid(2): root sets all three, others only the effective one, to one they have. EPERM."""
    _id(uid)
    if pcb.euid == 0:
        kernel.change_uid(pcb, uid)
        pcb.euid = pcb.suid = uid
    elif uid in (pcb.uid, pcb.suid):
        pcb.euid = uid
    else:
        raise error(Errno.EPERM)


def setgid(kernel: Kernel, pcb: PCB, gid: int) -> None:
    _id(gid)
    if pcb.euid == 0:
        pcb.gid = pcb.egid = pcb.sgid = gid
    elif gid in (pcb.gid, pcb.sgid):
        pcb.egid = gid
    else:
        raise error(Errno.EPERM)


def setreuid(kernel: Kernel, pcb: PCB, ruid: int, euid: int) -> None:
    """setreuid(2); -1 leaves an id. The saved id follows what changes for good."""
    free = pcb.euid == 0
    if ruid != -1 and not free and _id(ruid) not in (pcb.uid, pcb.euid):
        raise error(Errno.EPERM)
    if euid != -1 and not free and _id(euid) not in (pcb.uid, pcb.euid, pcb.suid):
        raise error(Errno.EPERM)
    saved = ruid != -1 or (euid != -1 and euid != pcb.uid)
    if ruid != -1:
        kernel.change_uid(pcb, _id(ruid))
    if euid != -1:
        pcb.euid = _id(euid)
    if saved:
        pcb.suid = pcb.euid


def setregid(kernel: Kernel, pcb: PCB, rgid: int, egid: int) -> None:
    free = pcb.euid == 0
    if rgid != -1 and not free and _id(rgid) not in (pcb.gid, pcb.egid):
        raise error(Errno.EPERM)
    if egid != -1 and not free and _id(egid) not in (pcb.gid, pcb.egid, pcb.sgid):
        raise error(Errno.EPERM)
    saved = rgid != -1 or (egid != -1 and egid != pcb.gid)
    if rgid != -1:
        pcb.gid = _id(rgid)
    if egid != -1:
        pcb.egid = _id(egid)
    if saved:
        pcb.sgid = pcb.egid


def getgroups(kernel: Kernel, pcb: PCB) -> tuple[int, ...]:
    return pcb.groups


def setgroups(kernel: Kernel, pcb: PCB, groups: tuple[int, ...]) -> None:
    if pcb.euid != 0:
        raise error(Errno.EPERM)
    if len(groups) > 32:
        raise error(Errno.EINVAL)
    pcb.groups = tuple(_id(gid) for gid in groups)


# -- priorities and limits ---------------------------------------------------------------------


def _those(kernel: Kernel, pcb: PCB, which: int, who: int) -> list[PCB]:
    everybody: Iterable[PCB] = kernel.processes.values()
    if which == flags.PRIO_PROCESS:
        return [_find(kernel, pcb, who)]
    if which == flags.PRIO_PGRP:
        found = [p for p in everybody if p.pgid == (who or pcb.pgid)]
    elif which == flags.PRIO_USER:
        found = [p for p in everybody if p.uid == (who or pcb.uid)]
    else:
        raise error(Errno.EINVAL)
    if not found:
        raise error(Errno.ESRCH)
    return found


def getpriority(kernel: Kernel, pcb: PCB, which: int, who: int) -> int:
    return min(p.nice for p in _those(kernel, pcb, which, who))


def setpriority(kernel: Kernel, pcb: PCB, which: int, who: int, nice: int) -> None:
    """setpriority(2). EPERM for somebody else's process, EACCES for a lower value; not for root."""
    nice = max(-20, min(19, _int(nice)))
    for target in _those(kernel, pcb, which, who):
        if pcb.euid != 0:
            if pcb.euid not in (target.uid, target.euid):
                raise error(Errno.EPERM)
            if nice < target.nice:
                raise error(Errno.EACCES)
        kernel.dispatcher.reweigh(target, nice)


def prlimit64(
    kernel: Kernel, pcb: PCB, pid: int, resource: int, new: tuple[int, int] | None
) -> tuple[int, int]:
    """getrlimit(2), setrlimit(2): the old pair. EINVAL, EPERM for raising a hard limit."""
    target = _find(kernel, pcb, pid)
    if not 0 <= _int(resource) <= flags.RLIMIT_AS:
        raise error(Errno.EINVAL)
    old = target.rlimits.get(resource, (flags.RLIM_INFINITY, flags.RLIM_INFINITY))
    if new is not None:
        soft, hard = _int(new[0]), _int(new[1])
        if soft > hard:
            raise error(Errno.EINVAL)
        if hard > old[1] and pcb.euid != 0:
            raise error(Errno.EPERM)
        target.rlimits[resource] = (soft, hard)
    return old


def brk(kernel: Kernel, pcb: PCB, increment: int) -> int:
    """Grow or shrink the data segment. ENOMEM past RLIMIT_AS, RLIMIT_DATA or the machine's RAM."""
    _int(increment)
    if increment < 0:
        increment = -min(-increment, pcb.brk)
    elif (
        pcb.vsize + increment > limit(pcb, flags.RLIMIT_AS)
        or pcb.brk + increment > limit(pcb, flags.RLIMIT_DATA)
    ):  # fmt: skip
        raise error(Errno.ENOMEM)
    kernel.claim(increment)
    pcb.brk += increment
    pcb.maxrss = max(pcb.maxrss, pcb.rss)
    return pcb.brk


def getrusage(kernel: Kernel, pcb: PCB, who: int) -> Rusage:
    if who == -1:
        return Rusage(pcb.cutime, pcb.cstime, 0, 0, 0)
    if who != 0:
        raise error(Errno.EINVAL)
    return pcb.rusage()


def times(kernel: Kernel, pcb: PCB) -> Times:
    return Times(pcb.utime, pcb.stime, pcb.cutime, pcb.cstime, kernel.world.now - kernel.boot_time)


def prctl(kernel: Kernel, pcb: PCB, option: int, argument: Any) -> Any:
    if option == flags.PR_SET_NAME:
        if not isinstance(argument, bytes):
            raise error(Errno.EFAULT)
        pcb.comm = argument[:15]
        kernel.world.mark(MARK_PROCESS)
        return None
    if option == flags.PR_GET_NAME:
        return pcb.comm
    raise error(Errno.EINVAL)


# -- signals -----------------------------------------------------------------------------------


def kill(kernel: Kernel, pcb: PCB, pid: int, sig: int) -> None:
    signals.kill(kernel, pcb, _int(pid), _int(sig))


def _signal(sig: Any) -> int:
    if not 1 <= _int(sig) <= NSIG:
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
    pcb.handler_flags[sig] = _int(sa_flags)
    pcb.handler_masks[sig] = _int(mask)
    if signals.ignored(pcb, sig):
        pcb.pending &= ~(1 << (sig - 1))
    return old


def rt_sigprocmask(kernel: Kernel, pcb: PCB, how: int, mask: int) -> int:
    old = pcb.blocked
    mask = _int(mask) & ~UNBLOCKABLE
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
        pcb.blocked = _int(mask) & ~UNBLOCKABLE
    return Sleep((), name="sigsuspend")


def _now(kernel: Kernel) -> int:
    return kernel.world.now


def setitimer(kernel: Kernel, pcb: PCB, value: int, interval: int) -> tuple[int, int]:
    """ITIMER_REAL: SIGALRM after ``value`` ns, 0 disarms; the old (left, interval)."""
    if not 0 <= _int(value) < _MAX_NS or not 0 <= _int(interval) < _MAX_NS:
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
    if not 0 <= _int(ns) < _MAX_NS:
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


def utsname(kernel: Kernel) -> Utsname:
    """What uname(2) and /proc call this system."""
    return Utsname(b"MiniOS", kernel.hostname, b"1.0.0", b"#1 MiniOS", b"riscv32")


def uname(kernel: Kernel, pcb: PCB) -> Utsname:
    return utsname(kernel)


def sethostname(kernel: Kernel, pcb: PCB, name: bytes) -> None:
    if pcb.euid != 0:
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
    if not 0 <= _int(count) <= 1 << 20:
        raise error(Errno.EINVAL)
    return kernel.world.stream("random").bytes(count)


def reboot(kernel: Kernel, pcb: PCB, command: int) -> None:
    """reboot(2): takes effect at the end of this instant. EPERM, EINVAL."""
    if pcb.euid != 0:
        raise error(Errno.EPERM)
    if command not in (flags.REBOOT_RESTART, flags.REBOOT_POWER_OFF):
        raise error(Errno.EINVAL)
    kernel.machine.power_soon(restart=command == flags.REBOOT_RESTART)


def audit_line(kernel: Kernel, pcb: PCB, line: bytes, commands: int) -> None:
    """An interactive shell on a terminal has parsed a line of so many simple commands."""
    if not isinstance(line, bytes) or pcb.tty is None:
        raise error(Errno.EPERM)
    kernel.world.mark(MARK_LINE)
    for listener in kernel.machine.on_line:
        listener(pcb, line, _int(commands))
    hooks = kernel.world.instruments.on_line
    for hook in hooks:
        hook(pcb, line, commands)


CALLS: dict[int, Callable[..., Any]] = {
    NR.clone: clone,
    NR.execve: execve,
    NR.exit_group: exit_group,
    NR.waitid: waitid,
    NR.getpid: getpid,
    NR.getppid: getppid,
    NR.getpgid: getpgid,
    NR.getsid: getsid,
    NR.setpgid: setpgid,
    NR.setsid: setsid,
    NR.sched_yield: sched_yield,
    NR.getuid: getuid,
    NR.geteuid: geteuid,
    NR.getgid: getgid,
    NR.getegid: getegid,
    NR.setuid: setuid,
    NR.setgid: setgid,
    NR.setreuid: setreuid,
    NR.setregid: setregid,
    NR.getgroups: getgroups,
    NR.setgroups: setgroups,
    NR.getpriority: getpriority,
    NR.setpriority: setpriority,
    NR.prlimit64: prlimit64,
    NR.brk: brk,
    NR.getrusage: getrusage,
    NR.times: times,
    NR.prctl: prctl,
    NR.kill: kill,
    NR.rt_sigaction: rt_sigaction,
    NR.rt_sigprocmask: rt_sigprocmask,
    NR.rt_sigpending: rt_sigpending,
    NR.rt_sigsuspend: rt_sigsuspend,
    NR.setitimer: setitimer,
    NR.getitimer: getitimer,
    NR.clock_nanosleep_time64: clock_nanosleep,
    NR.clock_gettime64: clock_gettime,
    NR.uname: uname,
    NR.sethostname: sethostname,
    NR.sysinfo: sysinfo,
    NR.getrandom: getrandom,
    NR.reboot: reboot,
    NR.audit_line: audit_line,
}

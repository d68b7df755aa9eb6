"""What calls leave behind, as strace prints it: the kinds of ``>word`` in the table of calls."""

from collections.abc import Callable
from typing import Any

from minios.abi import flags
from minios.abi.netlink import NetlinkAddress
from minios.abi.records import (
    Rusage,
    Siginfo,
    Stat,
    StatFs,
    Sysinfo,
    Times,
    Utsname,
    Waited,
)
from minios.userland.lib.strace import nlmsg, sched, sockets, tables, waits
from minios.userland.lib.strace.pieces import (
    BUFFER,
    Cursor,
    Kind,
    anything,
    descriptor,
    disposition,
    file_mode,
    interval_text,
    limits_text,
    makedev,
    text_of,
)
from minios.userland.lib.strace.siginfo import siginfo
from minios.userland.lib.strace.text import (
    Style,
    date,
    pointer,
    quoted,
    signal_set,
    timespec,
    timeval,
)


def _sock_out(show: Callable[[Any, Style], str]) -> Kind:
    return lambda c: show(c.result, c.style)


def _recvmsg(c: Cursor) -> str:
    got, room = c.result, c.take()
    return sockets.header(
        got.data, got.address, got.fds, c.style, room=room, told=got.flags, others=got.control
    )


def _received(c: Cursor) -> str:
    data = c.result[0] if isinstance(c.result, tuple) else c.result
    if isinstance(c.result, tuple) and isinstance(c.result[1], NetlinkAddress):
        return nlmsg.text(data, c.style)
    return quoted(data, c.style, c.style.limit)


def _sender(c: Cursor) -> str:
    c.take()
    if isinstance(c.result, tuple):
        return sockets.address_got(c.result[1], c.style)
    return "NULL, NULL"


def _oldaction(c: Cursor) -> str:
    return f"{{sa_handler={disposition(c.result)}, sa_mask=[], sa_flags=0}}"


def _waited(c: Cursor) -> str:
    value = c.result
    if not isinstance(value, Waited) or not value.pid:
        return "{}"
    code, state = flags.child_code(value.status)
    return siginfo(Siginfo(17, code, value.pid, value.uid, state))


def _timespec_out(c: Cursor) -> str:
    return timespec(c.result) if isinstance(c.result, int) else "NULL"


def _itimer_out(c: Cursor) -> str:
    value, interval = c.result
    return interval_text(value, interval)


def _rusage(c: Cursor) -> str:
    usage = c.result
    if not isinstance(usage, Rusage):
        return anything(usage, c.style)
    head = f"ru_utime={timeval(usage.utime)}, ru_stime={timeval(usage.stime)}"
    if not c.style.verbose:
        return f"{{{head}, ...}}"
    return (
        f"{{{head}, ru_maxrss={usage.maxrss >> 10}, ru_ixrss=0, ru_idrss=0, ru_isrss=0, "
        f"ru_minflt=0, ru_majflt=0, ru_nswap=0, ru_inblock=0, ru_oublock=0, ru_msgsnd=0, "
        f"ru_msgrcv=0, ru_nsignals=0, ru_nvcsw={usage.nvcsw}, ru_nivcsw={usage.nivcsw}}}"
    )


def _tms(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Times)
    parts = []
    for name, ns in zip(("utime", "stime", "cutime", "cstime"), value, strict=False):
        ticks = ns // 10_000_000
        parts.append(f"tms_{name}={ticks} /* {ticks // 100}.{ticks % 100:02d} s */")
    return "{" + ", ".join(parts) + "}"


def _uts(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Utsname)
    shown = value._fields if c.style.verbose else value._fields[:2]
    parts = [f"{name}={quoted(getattr(value, name), c.style)}" for name in shown]
    return "{" + ", ".join(parts) + ("}" if c.style.verbose else ", ...}")


def _sysinfo(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Sysinfo)
    loads = ", ".join(str(load) for load in value.loads)
    return (
        f"{{uptime={value.uptime // 1_000_000_000}, loads=[{loads}], totalram={value.totalram}, "
        f"freeram={value.freeram}, sharedram=0, bufferram=0, totalswap=0, freeswap=0, "
        f"procs={value.procs}, totalhigh=0, freehigh=0, mem_unit=1}}"
    )


def _stat(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Stat)
    special = value.mode & flags.S_IFMT in (flags.S_IFCHR, flags.S_IFBLK)
    size = f"st_rdev={makedev(value.rdev)}" if special else f"st_size={value.size}"
    if not c.style.verbose:
        return f"{{st_mode={file_mode(value.mode)}, {size}, ...}}"
    times = ", ".join(
        f"st_{name}={ns // 1_000_000_000}{date(ns)}, st_{name}_nsec={ns % 1_000_000_000}"
        for name, ns in (("atime", value.atime), ("mtime", value.mtime), ("ctime", value.ctime))
    )
    return (
        f"{{st_dev={makedev(value.dev)}, st_ino={value.ino}, st_mode={file_mode(value.mode)}, "
        f"st_nlink={value.nlink}, st_uid={value.uid}, st_gid={value.gid}, "
        f"st_blksize={value.blksize}, st_blocks={value.blocks}, {size}, {times}}}"
    )


def _statx(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, Stat)
    head = "stx_mask=STATX_BASIC_STATS, "
    mode = f"stx_mode={file_mode(value.mode)}"
    if not c.style.verbose:
        return f"{{{head}stx_attributes=0, {mode}, stx_size={value.size}, ...}}"
    times = ", ".join(
        f"stx_{name}={timespec(ns)}{date(ns)}"
        for name, ns in (("atime", value.atime), ("ctime", value.ctime), ("mtime", value.mtime))
    )
    return (
        f"{{{head}stx_blksize={value.blksize}, stx_attributes=0, stx_nlink={value.nlink}, "
        f"stx_uid={value.uid}, stx_gid={value.gid}, {mode}, stx_ino={value.ino}, "
        f"stx_size={value.size}, stx_blocks={value.blocks}, stx_attributes_mask=0, {times}, "
        f"stx_rdev_major={value.rdev >> 8}, stx_rdev_minor={value.rdev & 0xFF}, "
        f"stx_dev_major={value.dev >> 8}, stx_dev_minor={value.dev & 0xFF}}}"
    )


def _statfs(c: Cursor) -> str:
    value = c.result
    assert isinstance(value, StatFs)
    kind = tables.FILE_SYSTEMS.get(value.type, "0")
    return (
        f"{{f_type={kind}, f_bsize={value.bsize}, f_blocks={value.blocks}, f_bfree={value.bfree}, "
        f"f_bavail={value.bfree}, f_files={value.files}, f_ffree={value.ffree}, "
        f"f_fsid={{val=[0, 0]}}, f_namelen=255, f_frsize={value.bsize}, "
        f"f_flags=ST_VALID|ST_RELATIME}}"
    )


def _dirents(c: Cursor) -> str:
    return f"{pointer(BUFFER)} /* {len(c.result)} entries */"


def _offset(c: Cursor) -> str:
    return f"[{c.result}]"


def _fds(c: Cursor) -> str:
    return "[" + ", ".join(descriptor(fd, c.style) for fd in c.result) + "]"


def _bytes_out(c: Cursor) -> str:
    return text_of(c.result, c.style, c.style.limit)


def _path_out(c: Cursor) -> str:
    return text_of(c.result, c.style)


def _set_out(c: Cursor) -> str:
    return signal_set(c.result) if isinstance(c.result, int) else "NULL"


def _list_out(c: Cursor) -> str:
    return "[" + ", ".join(str(item) for item in c.result) + "]"


def _ids_out(c: Cursor) -> str:
    return ", ".join(f"[{item}]" for item in c.result)


def _names_out(c: Cursor) -> str:
    joined = b"".join(name + b"\0" for name in c.result)
    return quoted(joined, c.style, c.style.limit)


def _any_out(c: Cursor) -> str:
    return anything(c.result, c.style)


OUT: dict[str, Kind] = {
    "any": _any_out, "cpus": lambda c: sched.cores(c.result),
    "schedattr": lambda c: sched.attributes(c.result), "schedparam": lambda c: f"[{c.result}]",
    "code": lambda c: f"[{c.result[1]}]", "data": _bytes_out,
    "dirents": _dirents, "fds": _fds, "groups": _list_out,
    "ids": _ids_out, "itimer": _itimer_out, "names": _names_out, "offset": _offset,
    "oldaction": _oldaction, "path": _path_out, "rlim": lambda c: limits_text(c.result),
    "rusage": _rusage, "sigset": _set_out, "stat": _stat, "statfs": _statfs, "statx": _statx,
    "sysinfo": _sysinfo, "timespec": _timespec_out, "tms": _tms, "utsname": _uts,
    "waited": _waited,
    "epollevents": _sock_out(waits.events),
    "accepted": lambda c: sockets.address_got(c.result[1], c.style), "received": _received,
    "recvmsg": _recvmsg, "sender": _sender, "sockaddr": _sock_out(sockets.address_got),
    "sockval": lambda c: sockets.option_value(c.result, c.style, stored=True),
}  # fmt: skip
"""What a call leaves behind."""

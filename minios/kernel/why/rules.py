"""Refusals in words: which rule, whose class, which bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno, strerror
from minios.abi.flags import S_IFDIR, S_IFMT
from minios.abi.syscalls import NAMES, NR
from minios.fs.access import MAY_EXEC, MAY_READ, MAY_WRITE
from minios.kernel.why.reason import Reason, clean, moment
from minios.kernel.why.users import group, user

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.kernel.kernel import Kernel
    from minios.kernel.why.log import Refusal

RULES = {
    "search": "It may not search {place}, a directory on the way.",
    "mode": "It may not {want} {place}.",
    "owner": "Only the owner of {place}, {owner}, may do that, or CAP_FOWNER.",
    "chown": "Only CAP_CHOWN gives files away.",
    "chgrp": "The owner of a file may only give it to a group they are in themselves.",
    "sticky": "{place} has the sticky bit: there, only the owner of a file or of the directory"
    " ({owner}) removes or renames it.",
    "judge": "Whoever judges a level may only look.",
    "readonly": "The file system of {place} is mounted read-only.",
    "noexec": "The file system of {place} is mounted noexec: no program of it may be run.",
    "nodev": "The file system of {place} is mounted nodev: no device of it may be opened.",
    "held": "{place} is mounted or swapped to: nobody may write to it past that.",
    "kind": "{place} is no regular file, and only those can be run.",
    "mounted": "Something is mounted there.",
    "dots": "The names . and .. cannot be renamed.",
    "mknod": "Only CAP_MKNOD (root) makes device nodes.",
    "link.directory": "A directory has one place in the tree: it cannot be linked again.",
    "protected.symlink": "In a directory that everybody writes to (sticky, as /tmp), only its own"
    " and the directory owner's symbolic links are followed (fs.protected_symlinks).",
    "protected.hardlink": "Somebody else's file can be linked only if it is a plain one that one"
    " may read and write (fs.protected_hardlinks).",
    "protected.create": "In a sticky directory O_CREAT does not open what a stranger put there"
    " (fs.protected_regular, fs.protected_fifos).",
    "synthetic": "{place} is made up by the kernel; nobody can change it there.",
}
"""What each rule of :func:`minios.fs.access.refused` means."""

CALLS = {
    (NR.kill, Errno.EPERM): "A process may signal only those of its own user"
    " (real or saved uid), or with CAP_KILL; SIGCONT goes to the whole session.",
    (NR.clone, Errno.EAGAIN): "There are as many processes as there may be: its user's limit"
    " (ulimit -u), or all pids.",
    (NR.clone, Errno.ENOMEM): "There is no memory left for another process.",
    (NR.setpriority, Errno.EACCES): "A nice value goes up only: down needs CAP_SYS_NICE.",
    (NR.setpriority, Errno.EPERM): "Only its own user, or CAP_SYS_NICE, changes a nice value.",
    (NR.prlimit64, Errno.EPERM): "A hard limit goes down only: up needs CAP_SYS_RESOURCE.",
    (NR.setuid, Errno.EPERM): "Only CAP_SETUID (root) becomes somebody else; others may go back to"
    " their real or saved uid.",
    (NR.setreuid, Errno.EPERM): "Only CAP_SETUID (root) becomes somebody else.",
    (NR.setresuid, Errno.EPERM): "Only CAP_SETUID (root) becomes somebody else.",
    (NR.setgid, Errno.EPERM): "Only CAP_SETGID (root) changes to any group.",
    (NR.setregid, Errno.EPERM): "Only CAP_SETGID (root) changes to any group.",
    (NR.setresgid, Errno.EPERM): "Only CAP_SETGID (root) changes to any group.",
    (NR.setgroups, Errno.EPERM): "Only CAP_SETGID (root) chooses supplementary groups.",
    (NR.setpgid, Errno.EPERM): "The group must be of its own session, and a session leader's group"
    " stays.",
    (NR.setpgid, Errno.EACCES): "The child has run another program since: too late.",
    (NR.setsid, Errno.EPERM): "A process that leads a group cannot begin a session.",
    (NR.sethostname, Errno.EPERM): "Only CAP_SYS_ADMIN (root) names the machine.",
    (NR.reboot, Errno.EPERM): "Only CAP_SYS_BOOT (root) stops the machine.",
    (NR.mount, Errno.EPERM): "Only CAP_SYS_ADMIN (root) mounts.",
    (NR.umount2, Errno.EPERM): "Only CAP_SYS_ADMIN (root) unmounts.",
    (NR.umount2, Errno.EBUSY): "Something on it is in use: an open file, or a working directory.",
    (NR.ptrace, Errno.EPERM): "Only the same user may trace, and each process has one tracer.",
    (NR.ioctl, Errno.EPERM): "That terminal is not its session's to rule.",
    (NR.openat, Errno.EMFILE): "It has as many files open as it may (ulimit -n).",
    (NR.pipe2, Errno.EMFILE): "It has as many files open as it may (ulimit -n).",
    (NR.dup, Errno.EMFILE): "It has as many files open as it may (ulimit -n).",
    (NR.mount, Errno.EBUSY): "It is mounted there already, or files of it are open for writing.",
    (NR.quotactl, Errno.EPERM): "Everybody may ask for their own quota; the rest is CAP_SYS_ADMIN's"
    " (root).",
    (NR.capset, Errno.EPERM): "A process may give capabilities up, and take up only what it is"
    " permitted.",
    (NR.prctl, Errno.EPERM): "That needs CAP_SETPCAP, or is locked.",
    (NR.syslog, Errno.EPERM): "Only CAP_SYSLOG (root) clears the kernel's log.",
    (NR.sched_setaffinity, Errno.EPERM): "Only its own user, or CAP_SYS_NICE, moves a process.",
    (NR.sched_setscheduler, Errno.EPERM): "Real-time classes need CAP_SYS_NICE, or a limit for"
    " them (ulimit -r).",
    (NR.rt_sigqueueinfo, Errno.EPERM): "A process may signal only those of its own user.",
    (NR.shmctl, Errno.EPERM): "Only its owner or maker, or CAP_SYS_ADMIN, changes a segment.",
    (NR.shmat, Errno.EACCES): "The permissions of the segment do not allow that.",
    (NR.shmget, Errno.EACCES): "The permissions of the segment do not allow that.",
    (NR.swapon, Errno.EPERM): "Only CAP_SYS_ADMIN (root) manages the swap.",
    (NR.swapon, Errno.EBUSY): "It is in use already, as swap or mounted.",
    (NR.swapoff, Errno.EPERM): "Only CAP_SYS_ADMIN (root) manages the swap.",
    (NR.mmap2, Errno.EACCES): "The file was not opened for what the mapping is to allow.",
    (NR.mprotect, Errno.EACCES): "The file was not opened for what the mapping is to allow.",
    (NR.msync, Errno.EBUSY): "Some of those pages are locked in memory.",
    (NR.seccomp, Errno.EACCES): "A filter needs CAP_SYS_ADMIN, or no_new_privs to be set first.",
    (NR.inotify_init1, Errno.EROFS): "Whoever judges a level may only look.",
    (NR.clock_settime64, Errno.EPERM): "Only CAP_SYS_TIME (root) sets the clock.",
    (NR.audit_line, Errno.EPERM): "Only a shell on a terminal reports lines.",
    (NR.cgroup_enter, Errno.EPERM): "Only root moves processes between control groups.",
    (NR.openat, Errno.EBUSY): "The device lets one process at a time open it.",
    (NR.openat, Errno.EACCES): "What it names lets nobody open it that way.",
    (NR.execve, Errno.EACCES): "Only a regular file with an x bit can be run.",
    (NR.execve, Errno.ENOEXEC): "It is neither a program nor begins with #!.",
    (NR.fcntl64, Errno.EPERM): "A pipe grows beyond fs.pipe-max-size only with CAP_SYS_RESOURCE.",
    (NR.fcntl64, Errno.EBUSY): "The pipe holds more than that now.",
    (NR.connect, Errno.EPERM): "That datagram socket hears only its own peer.",
    (NR.sendto, Errno.EPERM): "That datagram socket hears only its own peer.",
    (NR.brk, Errno.ENOMEM): "There is no memory left, or it has what it may have (ulimit -v, -d).",
    (NR.mmap2, Errno.ENOMEM): "There is no memory left, or it has what it may have (ulimit -v).",
}
"""Refusals that a call makes by itself, about no file."""

GENERAL = {
    Errno.ENOSPC: "The disk is full, of bytes or of inodes (df, df -i).",
    Errno.EDQUOT: "Its user's quota on that disk is used up (quota).",
    Errno.EMFILE: "It has as many files open as it may (ulimit -n).",
    Errno.ENFILE: "The whole system has as many files open as it can.",
    Errno.EFBIG: "The file would be larger than it may make it (ulimit -f).",
    Errno.ENOMEM: "There is no memory left.",
    Errno.EXDEV: "Both names are on different file systems; only a copy gets there.",
    Errno.ELOOP: "Symbolic links lead in a circle, or over too many others.",
    Errno.EMLINK: "The file has as many names as it can have.",
    Errno.EBUSY: "It is in use.",
    Errno.ETXTBSY: "It is being run, or being written while somebody wants to run it.",
    Errno.EROFS: "What it would change is read-only.",
    Errno.EPERM: "Only root, or who has the capability for it, may do that.",
    Errno.EACCES: "Its rights do not reach that far.",
    Errno.EAGAIN: "What it asked for has run out for now.",
    Errno.ENOEXEC: "It is neither a program nor begins with #!.",
}
"""The last word on an error."""

_DOES = {
    NR.openat: "open", NR.execve: "run", NR.unlinkat: "remove", NR.mkdirat: "make",
    NR.renameat2: "rename", NR.linkat: "link", NR.symlinkat: "make", NR.mknodat: "make",
    NR.fchmodat: "change the mode of", NR.fchownat: "change the owner of", NR.chdir: "enter",
    NR.truncate64: "truncate", NR.statx: "look at", NR.readlinkat: "read the link",
    NR.faccessat: "test", NR.utimensat_time64: "set the times of",
}  # fmt: skip


def rights(want: int) -> str:
    """``read and write`` for the bits of a MAY_ mask."""
    words = [
        word
        for bit, word in ((MAY_READ, "read"), (MAY_WRITE, "write"), (MAY_EXEC, "execute"))
        if want & bit
    ]
    return " and ".join(words)


def directory_rights(want: int) -> str:
    """The same where it is a directory."""
    if want & MAY_WRITE:
        return "make, remove or rename things in"
    return "list" if want & MAY_READ else "search"


def mode_text(mode: int) -> str:
    """``drwxr-x---`` without the kinds that no bit refuses."""
    letters = "".join(
        letter if mode >> (8 - at) & 1 else "-" for at, letter in enumerate("rwxrwxrwx")
    )
    return ("d" if mode & S_IFMT == S_IFDIR else "-") + letters


def class_reason(
    kernel: Kernel, who: Credentials, mode: int, owner: int, gid: int, want: int
) -> Reason:
    """Which three of the nine bits count for ``who``, and which of them is missing."""
    if who.euid == owner:
        name, shift = "its owner", 6
    elif who.egid == gid or gid in who.groups:
        name, shift = f"in its group, {group(kernel, gid)}", 3
    else:
        name, shift = "neither its owner nor in its group", 0
    bits = mode >> shift & 7
    shown = "".join(letter if bits >> (2 - at) & 1 else "-" for at, letter in enumerate("rwx"))
    missing = "".join(
        letter for bit, letter in ((4, "r"), (2, "w"), (1, "x")) if want & bit and not bits & bit
    )
    asker = user(kernel, who.euid)
    text = (
        f"Its mode is {mode_text(mode)}, of {user(kernel, owner)} and {group(kernel, gid)};"
        f" {asker} is {name}, so {shown} counts: {missing or 'nothing'} is missing."
    )
    return Reason("class", text)


def why_refused(kernel: Kernel, who: Credentials, last: Refusal) -> Reason:
    """A refusal of the log as an answer to ``who``, who must be the one refused, or root."""
    shown = clean(last.path)
    does = _DOES.get(last.call)
    call = NAMES.get(last.call, str(last.call))
    what = f"could not {does} {shown}" if does and shown else f"was refused {call}"
    if shown and not does:
        what += f" of {shown}"
    text = (
        f"{last.pid} ({clean(last.comm)}) {what} at {moment(last.time)}:"
        f" {strerror(last.errno)} ({Errno(last.errno).name})."
    )
    return Reason("refused", text, last.pid, shown, tuple(_rule(kernel, who, last)))


def _rule(kernel: Kernel, who: Credentials, last: Refusal) -> list[Reason]:
    template = RULES.get(last.rule)
    if template is None:
        sentence = CALLS.get((last.call, Errno(last.errno))) or GENERAL[Errno(last.errno)]
        return [Reason("rule", sentence, last.pid)]
    place = clean(last.place) or clean(last.path) or "it"
    is_dir = last.mode & S_IFMT == S_IFDIR
    want = directory_rights(last.want) if is_dir else rights(last.want)
    text = template.format(place=place, owner=user(kernel, last.owner), want=want)
    because: tuple[Reason, ...] = ()
    if last.want:
        asked = _Asker(last.uid, who)
        because = (class_reason(kernel, asked, last.mode, last.owner, last.group, last.want),)
    return [Reason(f"rule.{last.rule}", text, last.pid, place, because)]


class _Asker:
    """Who was refused, as far as it is known later: its effective uid, and the asker's groups if
    they are the same user."""

    __slots__ = ("caps", "egid", "euid", "groups", "judge", "pid")

    def __init__(self, euid: int, who: Credentials) -> None:
        self.euid = euid
        same = who.euid == euid
        self.egid = who.egid if same else -1
        self.groups = who.groups if same else ()
        self.caps = who.caps
        self.pid = who.pid
        self.judge = False

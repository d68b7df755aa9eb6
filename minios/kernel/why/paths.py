"""Why a file is out of reach, for whom, and who is in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.caps import CAP_FOWNER, CAP_SYS_PTRACE
from minios.fs.access import MAY_EXEC, MAY_READ, MAY_WRITE, capable, permitted
from minios.kernel.why.reason import Reason, clean
from minios.kernel.why.rules import class_reason, directory_rights, rights, why_refused
from minios.kernel.why.steps import steps
from minios.kernel.why.users import user
from minios.kernel.why.waits import holders, title

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.fs.inode import Dentry
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

MAX_HOLDERS = 12
"""Processes that are named as holding a file."""


def why_file(kernel: Kernel, who: Credentials, base: Dentry, path: bytes) -> Reason:
    """What ``who`` may do with ``path``, and which component and bit forbids the rest."""
    shown = clean(path)
    try:
        found = kernel.vfs.walk(who, base, path)
    except OSError:
        at = base
        for at in steps(kernel.vfs, base, path, who):
            if at.inode.is_dir and not permitted(who, at.inode, MAY_EXEC):
                break
        return _unreached(kernel, who, path, at)
    return _reached(kernel, who, found, shown, path)


def _unreached(kernel: Kernel, who: Credentials, path: bytes, at: Dentry) -> Reason:
    """The walk ended early: in a directory that may not be searched, or where nothing follows."""
    shown, place = clean(path), clean(at.path())
    inode = at.inode
    if inode.is_dir and not permitted(who, inode, MAY_EXEC):
        above = class_reason(kernel, who, inode.mode, inode.uid, inode.gid, MAY_EXEC)
        text = f"{shown} is out of reach: {user(kernel, who.euid)} may not search {place}."
        return Reason("file.search", text, path=place, because=(above,))
    if inode.is_link:
        target = clean(inode.readlink(who))
        text = f"{shown} leads to the symbolic link {place}, which leads on to {target}: nowhere."
        return Reason("file.link", text, path=place)
    if not inode.is_dir:
        text = f"{shown} is not there: {place} is no directory, so nothing can be in it."
        return Reason("file.notdir", text, path=place)
    text = f"{shown} is not there: the way ends in {place}, which has no such name."
    return Reason("file.absent", text, path=place)


def _reached(kernel: Kernel, who: Credentials, at: Dentry, shown: str, path: bytes) -> Reason:
    """It is there: what may be done with it, and what not and why."""
    inode = at.inode
    parts: list[Reason] = []
    allowed: list[str] = []
    readonly = kernel.vfs.mount_of(at).readonly
    asked = (MAY_READ, MAY_WRITE | MAY_EXEC, MAY_EXEC) if inode.is_dir else (
        MAY_READ, MAY_WRITE, MAY_EXEC,
    )  # fmt: skip
    for want in asked:
        words = directory_rights(want) if inode.is_dir else rights(want)
        if want & MAY_WRITE and readonly and (inode.is_dir or inode.is_regular):
            text = "Its file system is mounted read-only, so nothing of it can be changed."
            parts.append(Reason("rule.readonly", text, path=shown))
        elif not permitted(who, inode, want):
            bits = class_reason(kernel, who, inode.mode, inode.uid, inode.gid, want)
            text = f"{user(kernel, who.euid)} may not {words} it."
            parts.append(Reason("rule.mode", text, path=shown, because=(bits,)))
        elif want == MAY_EXEC and inode.is_regular:
            noexec = kernel.vfs.mount_of(at).flags & flags.MS_NOEXEC
            if noexec:
                text = "Its file system is mounted noexec: no program of it may be run."
                parts.append(Reason("rule.noexec", text, path=shown))
            else:
                allowed.append(words)
        elif want != MAY_EXEC or inode.is_dir:
            allowed.append(words)
    parts += _removal(kernel, who, at, shown)
    parts += _use(kernel, who, at, shown)
    last = next(
        (
            each
            for each in reversed(kernel.causes.refusals)
            if (each.uid == who.euid or who.euid == 0) and path in (each.path, each.place)
        ),
        None,
    )
    if last is not None:
        parts.append(why_refused(kernel, who, last))
    may = f"{user(kernel, who.euid)} may {', '.join(allowed)} it" if allowed else ""
    text = f"{shown}: {may or user(kernel, who.euid) + ' may do nothing with it'}."
    return Reason("file", text, path=shown, because=tuple(parts))


def _removal(kernel: Kernel, who: Credentials, at: Dentry, shown: str) -> list[Reason]:
    """Why it cannot be removed or renamed; that is its directory's affair."""
    above = at.parent
    if at.inode.fs.synthetic:
        return []
    if above is None:
        if at is kernel.vfs.root:
            return []
        return [
            Reason("rule.mounted", f"{shown} is a mount point: nothing removes it.", path=shown)
        ]
    directory = above.inode
    place = clean(above.path())
    need = MAY_WRITE | MAY_EXEC
    if not permitted(who, directory, need):
        bits = class_reason(kernel, who, directory.mode, directory.uid, directory.gid, need)
        text = f"{user(kernel, who.euid)} may not remove or rename it: that is up to {place}."
        return [Reason("rule.mode", text, path=place, because=(bits,))]
    if (
        directory.mode & flags.S_ISVTX
        and who.euid not in (directory.uid, at.inode.uid)
        and not capable(who, CAP_FOWNER)
    ):
        text = (
            f"{place} has the sticky bit: only {user(kernel, at.inode.uid)} or"
            f" {user(kernel, directory.uid)} may remove or rename it."
        )
        return [Reason("rule.sticky", text, path=place)]
    return []


def _use(kernel: Kernel, who: Credentials, at: Dentry, shown: str) -> list[Reason]:
    """Who has it open or locked, or keeps its file system from being unmounted.

    Whose descriptors one may look into is as in /proc/PID/fd: one's own, and root everybody's.
    """
    inode = at.inode
    parts: list[Reason] = []
    every = capable(who, CAP_SYS_PTRACE)
    mine = [pcb for pcb in kernel.processes.values() if every or pcb.uid == who.euid]
    opened = [pcb for pcb in holders(kernel, lambda file: file.inode is inode) if pcb in mine]
    if opened:
        text = f"It is open in {_names(opened)}."
        parts.append(Reason("file.open", text, opened[0].pid, shown))
    running = [p for p in mine if not p.zombie and p.exe == at.path()]
    if running:
        text = f"It is being run by {_names(running)}."
        parts.append(Reason("file.running", text, running[0].pid, shown))
    if inode.locks is not None:
        for held in [*inode.locks.flocks, *inode.locks.records]:
            owner = kernel.processes.get(held.pid)
            name = title(owner) if owner is not None else "an open file"
            how = "write" if held.write else "read"
            text = f"{name} has a {how} lock ({clean(held.kind)}) on it."
            parts.append(Reason("file.locked", text, max(held.pid, 0), shown))
        waiting = len(inode.locks.blocked)
        if waiting:
            who_waits = "1 process waits" if waiting == 1 else f"{waiting} processes wait"
            text = f"{who_waits} for a lock on it."
            parts.append(Reason("file.wanted", text, path=shown))
    if at.parent is None and at is not kernel.vfs.root:
        parts += _mount_in_use(kernel, at, shown, mine)
    return parts


def _mount_in_use(kernel: Kernel, at: Dentry, shown: str, mine: list[PCB]) -> list[Reason]:
    """What keeps a file system from being unmounted (umount(2), EBUSY)."""
    fs = at.inode.fs
    parts: list[Reason] = []
    inside = [p for p in mine if not p.zombie and p.cwd is not None and p.cwd.inode.fs is fs]
    if inside:
        text = f"It cannot be unmounted while {_names(inside)} has its working directory there."
        parts.append(Reason("mount.cwd", text, inside[0].pid, shown))
    opened = [pcb for pcb in holders(kernel, lambda file: file.inode.fs is fs) if pcb in mine]
    if opened:
        text = f"It cannot be unmounted while {_names(opened)} has files of it open."
        parts.append(Reason("mount.open", text, opened[0].pid, shown))
    return parts


def _names(found: list[PCB]) -> str:
    named = ", ".join(title(pcb) for pcb in found[:MAX_HOLDERS])
    more = len(found) - MAX_HOLDERS
    return f"{named} and {more} more" if more > 0 else named

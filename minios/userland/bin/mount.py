"""mount(8) and umount(8) (util-linux 2.38)."""

from minios.abi.errno import Errno
from minios.abi.flags import (
    MNT_DETACH,
    MNT_FORCE,
    MS_BIND,
    MS_MOVE,
    MS_NOATIME,
    MS_NODEV,
    MS_NODIRATIME,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_RELATIME,
    MS_REMOUNT,
    MS_STRICTATIME,
    MS_SYNCHRONOUS,
    S_IFBLK,
    S_IFMT,
)
from minios.userland.lib import mounts
from minios.userland.lib.canonical import canonicalize
from minios.userland.lib.mounts import Entry, Mounted
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, why

USAGE = """
Usage:
 mount [-lhV]
 mount -a [options]
 mount [options] [--source] <source> | [--target] <directory>
 mount [options] <source> <directory>
 mount <operation> <mountpoint> [<target>]

Mount a filesystem.

Options:
 -a, --all               mount all filesystems mentioned in fstab
 -o, --options <list>    comma-separated list of mount options
 -r, --read-only         mount the filesystem read-only (same as -o ro)
 -w, --rw                mount the filesystem read-write (default)
 -t, --types <list>      limit the set of filesystem types
 -v, --verbose           say what is being done
 -L, --label <label>     synonym for LABEL=<label>
 -U, --uuid <uuid>       synonym for UUID=<uuid>
 -l                      show labels too

Operations:
 -B, --bind              mount a subtree somewhere else (same as -o bind)
 -M, --move              move a subtree to some other place
 -R, --rbind             mount a subtree and all submounts somewhere else
"""

UMOUNT_USAGE = """
Usage:
 umount [-hV]
 umount -a [options]
 umount [options] <source> | <directory>

Unmount filesystems.

Options:
 -a, --all               unmount all filesystems
 -f, --force             force unmount (in case of an unreachable NFS system)
 -l, --lazy              detach the filesystem now, clean up things later
 -R, --recursive         recursively unmount a target with all its children
 -r, --read-only         in case unmounting fails, try to remount read-only
 -t, --types <list>      limit the set of filesystem types
 -v, --verbose           say what is being done
"""

_FLAGS = {
    b"ro": (MS_RDONLY, 0), b"rw": (0, MS_RDONLY), b"nosuid": (MS_NOSUID, 0),
    b"suid": (0, MS_NOSUID), b"nodev": (MS_NODEV, 0), b"dev": (0, MS_NODEV),
    b"noexec": (MS_NOEXEC, 0), b"exec": (0, MS_NOEXEC), b"sync": (MS_SYNCHRONOUS, 0),
    b"async": (0, MS_SYNCHRONOUS), b"noatime": (MS_NOATIME, 0), b"atime": (0, MS_NOATIME),
    b"nodiratime": (MS_NODIRATIME, 0), b"diratime": (0, MS_NODIRATIME),
    b"relatime": (MS_RELATIME, 0), b"norelatime": (0, MS_RELATIME),
    b"strictatime": (MS_STRICTATIME, 0), b"nostrictatime": (0, MS_STRICTATIME),
    b"remount": (MS_REMOUNT, 0), b"bind": (MS_BIND, 0), b"rbind": (MS_BIND | MS_REC, 0),
    b"move": (MS_MOVE, 0), b"defaults": (0, 0), b"auto": (0, 0), b"noauto": (0, 0),
    b"nofail": (0, 0), b"user": (MS_NOEXEC | MS_NOSUID | MS_NODEV, 0), b"nouser": (0, 0),
    b"users": (MS_NOEXEC | MS_NOSUID | MS_NODEV, 0), b"owner": (MS_NOSUID | MS_NODEV, 0),
    b"errors=remount-ro": (0, 0), b"data=ordered": (0, 0), b"_netdev": (0, 0),
}  # fmt: skip
"""What a word of -o sets, and what it clears."""

_HINT = b"       dmesg(1) may have more information after failed mount system call."
_FAIL = 32


def mount_flags(options: bytes) -> tuple[int, bytes]:
    """The flags of mount(2) in ``options``, and the words that are the file system's."""
    flags = 0
    rest = []
    for word in options.split(b","):
        found = _FLAGS.get(word)
        if found is not None:
            flags = (flags & ~found[1]) | found[0]
        elif word and not word.startswith((b"x-", b"comment=")):
            rest.append(word)
    return flags, b",".join(rest)


@program(
    USAGE,
    "aBFfhlL:Mno:O:rRst:T:U:vVw",
    ("all=a", "bind=B", "fork=F", "fake=f", "label:=L", "move=M", "no-mtab=n", "options:=o",
     "read-only=r", "rbind=R", "types:=t", "uuid:=U", "verbose=v", "rw=w", "read-write=w",
     "source:", "target:"),
)  # fmt: skip
async def mount(tool: Tool) -> int:
    """Mount a file system, or list what is mounted."""
    opts = tool.options
    operands = list(tool.operands)
    for name in opts.every("L"):
        operands.insert(0, b"LABEL=" + name)
    for name in opts.every("U"):
        operands.insert(0, b"UUID=" + name)
    operands[:0] = opts.every("source")
    operands += opts.every("target")
    if len(operands) > 2:
        await _bad_usage(tool)
        return 1
    if "a" in opts:
        return await _mount_all(tool)
    if not operands:
        if any(flag not in ("t", "v", "l", "n") for flag, _ in opts.flags):
            await _bad_usage(tool)
            return 1
        return await _list(tool)
    options = b",".join(opts.every("o"))
    for flag, word in (("r", b"ro"), ("w", b"rw"), ("B", b"bind"), ("R", b"rbind"), ("M", b"move")):
        if flag in opts:
            options = options + b"," + word if options else word
    kind = opts.last("t") or b""
    flags, _ = mount_flags(options)
    if len(operands) == 1:
        entry = await _from_tables(tool, operands[0], remount=flags & MS_REMOUNT != 0)
        if entry is None:
            return 1
        merged = entry.options + (b"," + options if options else b"")
        return await _mount(tool, entry.source, entry.target, kind or entry.kind, merged)
    return await _mount(tool, operands[0], operands[1], kind, options)


async def _bad_usage(tool: Tool) -> None:
    await complain(tool.sys, tool.name + b": bad usage")
    await complain(tool.sys, b"Try '" + tool.name + b" --help' for more information.")


async def _list(tool: Tool) -> int:
    kinds = (tool.options.last("t") or b"").split(b",")
    for row in await mounts.mounted(tool.sys):
        if kinds != [b""] and row.kind not in kinds:
            continue
        line = b"%b on %b type %b (%b)" % (row.source, row.target, row.kind, row.all_options)
        if "l" in tool.options and row.source.startswith(b"/dev/"):
            try:
                found = await mounts.probe(tool.sys, row.source)
            except OSError:
                found = None
            if found is not None and found.label:
                line += b" [" + found.label + b"]"
        await tool.line(line)
    return 0


async def _from_tables(tool: Tool, name: bytes, *, remount: bool) -> Entry | None:
    """What ``mount NAME`` means: a mount there is, for a remount, or a line of fstab."""
    source = await mounts.resolve(tool.sys, name)
    path = await _canonical(tool, name)
    if remount:
        for row in reversed(await mounts.mounted(tool.sys)):
            if path == row.target or name == row.source:
                return Entry(row.source, row.target, row.kind, _own(row))
    for entry in await mounts.fstab(tool.sys):
        device = await mounts.resolve(tool.sys, entry.source)
        if entry.target in (name, path) or source in (entry.source, device):
            return entry
    await complain(tool.sys, b"mount: " + name + b": can't find in /etc/fstab.")
    return None


def _own(row: Mounted) -> bytes:
    return row.options


async def _canonical(tool: Tool, name: bytes) -> bytes:
    try:
        return await canonicalize(tool.sys, name)
    except OSError:
        return name


async def _mount_all(tool: Tool) -> int:
    status = 0
    present = {row.target for row in await mounts.mounted(tool.sys)}
    kinds = (tool.options.last("t") or b"").split(b",")
    for entry in await mounts.fstab(tool.sys):
        words = entry.options.split(b",")
        if b"noauto" in words or entry.kind == b"swap" or entry.target in (b"none", b"/"):
            continue
        if entry.target in present or (kinds != [b""] and entry.kind not in kinds):
            continue
        one = await _mount(tool, entry.source, entry.target, entry.kind, entry.options)
        if one and b"nofail" not in words:
            status = _FAIL
    return status


async def _mount(tool: Tool, source: bytes, target: bytes, kind: bytes, options: bytes) -> int:
    sys = tool.sys
    flags, data = mount_flags(options)
    device = await mounts.resolve(sys, source)
    place = await _canonical(tool, target)
    special = flags & (MS_BIND | MS_MOVE | MS_REMOUNT)
    if not special and kind in (b"", b"auto"):
        kind = b"ext4"
        if await mounts.is_block(sys, device):
            try:
                found = await mounts.probe(sys, device)
            except OSError:
                found = None
            kind = found.kind if found is not None else b"ext4"
    bits = flags
    try:
        if flags & MS_BIND and not flags & MS_REMOUNT:
            bits = flags & (MS_BIND | MS_REC)
        await sys.mount(device, target, kind, bits, data)
        own = flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)
        if bits != flags and own:
            await sys.mount(b"none", target, b"", MS_REMOUNT | MS_BIND | own, b"")
    except OSError as err:
        text = await _reason(tool, err, source, device, target, kind, special)
        await complain(sys, b"mount: " + place + b": " + text)
        await complain(sys, _HINT)
        return _FAIL
    if "v" in tool.options:
        await tool.line(b"mount: " + source + b" mounted on " + place + b".")
    return 0


async def _reason(
    tool: Tool, err: OSError, source: bytes, device: bytes, target: bytes, kind: bytes, special: int
) -> bytes:
    """What libmount says of a failed mount(2)."""
    sys = tool.sys
    number = err.errno
    if number == Errno.EPERM:
        return b"must be superuser to use mount."
    try:
        await sys.stat(target)
    except OSError:
        return b"mount point does not exist."
    if number == Errno.ENOTDIR:
        return b"mount point is not a directory."
    if number == Errno.EINVAL and special & MS_REMOUNT:
        return b"mount point not mounted or bad option."
    if number == Errno.ENODEV:
        return b"unknown filesystem type '" + kind + b"'."
    try:
        mode = (await sys.stat(device)).mode
    except OSError:
        if number in (Errno.ENOENT, Errno.ENOTBLK):
            if device != source or source.partition(b"=")[0] in (b"UUID", b"LABEL"):
                return b"can't find " + source + b"."
            return b"special device " + source + b" does not exist."
        mode = 0
    if number == Errno.ENOTBLK and mode & S_IFMT != S_IFBLK:
        return device + b" is not a block device."
    if number == Errno.ENXIO:
        return device + b" is not a valid block device."
    if number == Errno.EBUSY:
        if special & MS_REMOUNT:
            return b"mount point is busy."
        for row in await mounts.mounted(sys):
            if row.source == device:
                return device + b" already mounted on " + row.target + b"."
        return device + b" already mounted or mount point busy."
    if number == Errno.EINVAL:
        return (
            b"wrong fs type, bad option, bad superblock on " + device
            + b", missing codepage or helper program, or other error."
        )  # fmt: skip
    return b"mount(2) system call failed: " + why(err) + b"."


@program(
    UMOUNT_USAGE,
    "acdfhlnqRrO:t:vV",
    ("all=a", "force=f", "lazy=l", "no-mtab=n", "quiet=q", "recursive=R", "read-only=r",
     "types:=t", "verbose=v"),
)  # fmt: skip
async def umount(tool: Tool) -> int:
    """Unmount file systems."""
    opts = tool.options
    rows = await mounts.mounted(tool.sys)
    kinds = (opts.last("t") or b"").split(b",")
    targets: list[bytes] = []
    if "a" in opts:
        wanted = kinds != [b""]
        for row in reversed(rows):
            kept = row.kind in (b"proc", b"devtmpfs", b"sysfs") and not wanted
            if not kept and row.target != b"/" and (not wanted or row.kind in kinds):
                targets.append(row.target)
    elif not tool.operands:
        await _bad_usage(tool)
        return 1
    status = 0
    for name in tool.operands:
        path = await _canonical(tool, name)
        found = [row for row in rows if row.target == path] or [
            row for row in rows if row.source == path
        ]
        if not found:
            try:
                await tool.sys.stat(name)
                text = b": not mounted."
            except OSError:
                text = b": no mount point specified."
            await complain(tool.sys, b"umount: " + name + text)
            status = _FAIL
            continue
        if "R" in opts:
            above = found[-1].target.rstrip(b"/") + b"/"
            targets += [row.target for row in reversed(rows) if row.target.startswith(above)]
        targets.append(found[-1].target)
    for target in targets:
        status = await _umount(tool, target) or status
    return status


async def _umount(tool: Tool, target: bytes) -> int:
    opts = tool.options
    bits = (MNT_DETACH if "l" in opts else 0) | (MNT_FORCE if "f" in opts else 0)
    try:
        await tool.sys.umount(target, bits)
    except OSError as err:
        if err.errno == Errno.EPERM:
            text = b"must be superuser to unmount."
        elif err.errno == Errno.EBUSY:
            text = b"target is busy."
            if "r" in opts:
                try:
                    await tool.sys.mount(b"none", target, b"", MS_REMOUNT | MS_RDONLY)
                    return 0
                except OSError:
                    pass
        elif err.errno == Errno.EINVAL:
            text = b"not mounted."
        else:
            text = b"umount failed: " + why(err) + b"."
        await complain(tool.sys, b"umount: " + target + b": " + text)
        return _FAIL
    if "v" in opts:
        await tool.line(b"umount: " + target + b" unmounted")
    return 0

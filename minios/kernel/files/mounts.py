"""Mounting: what every boot mounts beside the disk, and mount(2) and umount(2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_SYS_ADMIN
from minios.abi.errno import Errno, error
from minios.fs.access import capable, require_change
from minios.fs.disk.device import Device, uuid_text
from minios.fs.ext4 import Ext4, Layout
from minios.fs.filesystem import FileSystem
from minios.fs.inode import BLOCK, Dentry
from minios.fs.mount import PER_MOUNT, Mount
from minios.fs.protect import Protection
from minios.kernel.dev.devfs import Devices
from minios.kernel.files.pagecache import Flush, KernelCache, sync_fs
from minios.kernel.files.procfs import proc_file_system
from minios.kernel.files.sysfs import sys_file_system
from minios.kernel.history import History
from minios.kernel.mm.tmpfs import Tmpfs

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

TMP_SIZE = 8 << 20
RUN_SIZE = 1 << 20

_QUIET = flags.MS_NOSUID | flags.MS_NODEV | flags.MS_RELATIME
_FIRST_TMPFS = 40
"""st_dev of the first tmpfs that somebody mounts."""


def mount_all(kernel: Kernel) -> None:
    """Mount the pseudo file systems of a new kernel and give it its devices and terminals."""
    vfs = kernel.vfs
    kernel.cache = KernelCache(kernel)
    kernel.history = History(kernel)
    vfs.protect = Protection()
    root = vfs.mounts[0].fs
    assert isinstance(root, Ext4)
    changed = root.changed
    _bring_online(kernel, root, b"/")
    kernel.devices = Devices(kernel)
    no_exec = _QUIET | flags.MS_NOEXEC
    vfs.mount(sys_file_system(kernel), b"/sys", no_exec)
    vfs.mount(proc_file_system(kernel), b"/proc", no_exec)
    vfs.mount(kernel.devices.fs, b"/dev", flags.MS_NOSUID | flags.MS_RELATIME)
    run = Tmpfs(
        kernel, 26, changed, size=RUN_SIZE,
        options=b"size=%dk,mode=755" % (RUN_SIZE >> 10),
    )  # fmt: skip
    vfs.mount(run, b"/run", _QUIET)
    tmp = Tmpfs(
        kernel, 34, changed, size=TMP_SIZE, mode=0o1777,
        options=b"size=%dk" % (TMP_SIZE >> 10),
    )  # fmt: skip
    vfs.mount(tmp, b"/tmp", _QUIET)
    devices = kernel.devices.fs
    devices.make(devices.root, b"shm", flags.S_IFDIR | 0o1777, 0, 0)
    shm_size = kernel.machine.ram // 2
    shm = Tmpfs(
        kernel, 27, changed, size=shm_size, mode=0o1777, options=b"size=%dk" % (shm_size >> 10)
    )
    vfs.mount(shm, b"/dev/shm", flags.MS_NOSUID | flags.MS_NODEV)


def unmount_all(kernel: Kernel) -> None:
    """Forget them; only the disk's own file system stays mounted."""
    vfs = kernel.vfs
    for mount in reversed(vfs.mounts[1:]):
        vfs.unmount(mount)
    root = vfs.mounts[0]
    root.flags = flags.MS_RELATIME
    for device in kernel.machine.devices.values():
        device.holder = b""
        if device.content is not None:
            device.content.readonly = device.content.synchronous = False
    vfs.count_restricted()


def _bring_online(kernel: Kernel, fs: Ext4, path: bytes) -> None:
    name = fs.device.name.decode()
    if fs.crashed:
        kernel.log.put(f"EXT4-fs ({name}): recovery complete")
    fs.go_online(kernel.cache)
    fs.mounted += 1
    fs.last_mounted = path
    fs.device.holder = b"mount"
    how = "ro" if fs.readonly else "r/w"
    kernel.log.put(
        f"EXT4-fs ({name}): mounted filesystem {uuid_text(fs.uuid).decode()} {how} "
        f"with ordered data mode. Quota mode: {'journalled' if fs.quota is not None else 'none'}."
    )


# -- mount(2) ----------------------------------------------------------------------------------


def mount(
    kernel: Kernel, pcb: PCB, source: bytes, target: bytes, kind: bytes, mflags: int, data: bytes
) -> Any:
    """mount(2). EBUSY EINVAL ELOOP ENODEV ENOENT ENOTBLK ENOTDIR ENXIO EPERM EUCLEAN."""
    require_change(pcb)
    if not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    texts = all(type(text) is bytes for text in (source, target, kind, data))
    if not texts or type(mflags) is not int:
        raise error(Errno.EFAULT)
    vfs = kernel.vfs
    at = vfs.walk(pcb, pcb.cwd, target)
    if mflags & flags.MS_REMOUNT:
        return _remount(kernel, pcb, at, mflags, data)
    own = mflags & PER_MOUNT
    if not own & (flags.MS_NOATIME | flags.MS_STRICTATIME):
        own |= flags.MS_RELATIME
    if mflags & flags.MS_BIND:
        _bind(kernel, pcb, source, at, recursive=mflags & flags.MS_REC != 0)
        return None
    if mflags & flags.MS_MOVE:
        _move(kernel, pcb, source, at)
        return None
    if not at.inode.is_dir:
        raise error(Errno.ENOTDIR)
    make = _TYPES.get(kind)
    if make is None:
        raise error(Errno.ENODEV)
    fs = make(kernel, pcb, source, mflags, data)
    covered = at.mount
    if covered is not None and covered.fs is fs and covered.root is at:
        raise error(Errno.EBUSY)
    if isinstance(fs, Ext4) and not fs.online:
        fs.readonly = mflags & flags.MS_RDONLY != 0
        fs.synchronous = mflags & flags.MS_SYNCHRONOUS != 0
        _bring_online(kernel, fs, at.path())
    vfs.attach(fs, at, own, source=source or b"none")
    kernel.files_changed()
    return None


def _bind(kernel: Kernel, pcb: PCB, source: bytes, at: Dentry, *, recursive: bool) -> None:
    vfs = kernel.vfs
    part = vfs.walk(pcb, pcb.cwd, source)
    if part.inode.is_dir != at.inode.is_dir:
        raise error(Errno.ENOTDIR)
    old = vfs.mount_of(part)
    below = [each for each in vfs.mounts if recursive and _inside(vfs, each, part)]
    vfs.attach(part.inode.fs, at, old.flags, part=part, source=old.source)
    for each in below:
        assert each.covers is not None
        path = each.covers.path()[len(part.path().rstrip(b"/")) :]
        place = vfs.walk(pcb, vfs.root, at.path().rstrip(b"/") + path)
        vfs.attach(each.fs, place, each.flags, part=each.root, source=each.source)
    kernel.files_changed()


def _inside(vfs: Any, mount: Mount, part: Dentry) -> bool:
    """Whether a mount is below the directory ``part``."""
    at = mount.covers
    while at is not None:
        if at is part:
            return True
        above = vfs.up(at)
        at = above if above is not at else None
    return False


def _move(kernel: Kernel, pcb: PCB, source: bytes, at: Dentry) -> None:
    vfs = kernel.vfs
    root = vfs.walk(pcb, pcb.cwd, source)
    moved = root.mount
    if moved is None or moved.covers is None:
        raise error(Errno.EINVAL)
    if _inside(vfs, vfs.mount_of(at), root) or vfs.mount_of(at) is moved:
        raise error(Errno.ELOOP)
    if root.inode.is_dir != at.inode.is_dir:
        raise error(Errno.ENOTDIR)
    vfs.cover(moved.covers, None)
    moved.covers = at
    vfs.cover(at, root)
    kernel.files_changed()


def _remount(kernel: Kernel, pcb: PCB, at: Dentry, mflags: int, data: bytes) -> Any:
    found = at.mount
    if found is None:
        raise error(Errno.EINVAL)
    own = mflags & PER_MOUNT
    if not own & (flags.MS_NOATIME | flags.MS_STRICTATIME):
        own |= flags.MS_RELATIME
    readonly = mflags & flags.MS_RDONLY != 0
    if not mflags & flags.MS_BIND:
        fs = found.fs
        if readonly and not fs.readonly:
            if _written(kernel, fs):
                raise error(Errno.EBUSY)
            waiting = sync_fs(kernel, pcb, fs)
            if waiting is not None:
                return waiting
        fs.readonly = readonly
        fs.synchronous = mflags & flags.MS_SYNCHRONOUS != 0
        if isinstance(fs, Ext4):
            if b"usrquota" in data.split(b","):
                fs.keep_quota()
                fs.options = b"usrquota"
            kernel.log.put(
                f"EXT4-fs ({fs.device.name.decode()}): re-mounted {uuid_text(fs.uuid).decode()} "
                f"{'ro' if readonly else 'r/w'}."
            )
        elif fs.type == b"tmpfs" and data:
            _tmpfs_options(fs, data)
    found.flags = own
    kernel.vfs.count_restricted()
    kernel.files_changed()
    return None


def _written(kernel: Kernel, fs: FileSystem) -> bool:
    """Whether somebody has a file of ``fs`` open for writing."""
    for pcb in kernel.processes.values():
        if pcb.zombie or pcb.fds is None:
            continue
        for _, file in pcb.fds.items():
            if file.inode.fs is fs and file.writable and file.inode.is_regular:
                return True
    return False


# -- the types ---------------------------------------------------------------------------------


def _ext4(kernel: Kernel, pcb: PCB, source: bytes, mflags: int, data: bytes) -> FileSystem:
    if not source:
        raise error(Errno.EINVAL)
    inode = kernel.vfs.walk(pcb, pcb.cwd, source).inode
    if inode.mode & flags.S_IFMT != flags.S_IFBLK:
        raise error(Errno.ENOTBLK)
    device = kernel.machine.block_device(inode.rdev)
    if device is None:
        raise error(Errno.ENXIO)
    fs = device.content
    if fs is not None and fs.online:
        if fs.readonly != (mflags & flags.MS_RDONLY != 0):
            raise error(Errno.EBUSY)
        return fs
    if device.holder:
        raise error(Errno.EBUSY)
    if fs is None:
        fs = adopt(kernel, device)
    if fs is None:
        name = device.name.decode()
        kernel.log.put(f"EXT4-fs ({name}): VFS: Can't find ext4 filesystem")
        raise error(Errno.EINVAL)
    if fs.damaged:
        raise error(Errno.EUCLEAN)
    for word in data.split(b",") if data else ():
        if word in (b"usrquota", b"quota"):
            fs.keep_quota()
            fs.options = b"usrquota"
        elif word != b"noquota":
            raise error(Errno.EINVAL)
    return fs


def adopt(kernel: Kernel, device: Device) -> Ext4 | None:
    """The file system that a superblock on ``device`` says was just made there; None without one.

    EUCLEAN if it was in use already: then it is a copy, and there is nothing behind it.
    """
    from minios.fs.ext4.superblock import parse

    found = parse(device.raw.get(0, b""))
    if found is None:
        return None
    layout = Layout.fitting(min(found.blocks, device.sectors // 8))
    if layout is None or found.mounts:
        raise error(Errno.EUCLEAN)
    root = kernel.vfs.mounts[0].fs
    return Ext4(
        device, kernel.machine.clock, root.changed, data=layout.data, inodes=found.inodes,
        label=found.label, uuid=found.uuid,
    )  # fmt: skip


def _tmpfs(kernel: Kernel, pcb: PCB, source: bytes, mflags: int, data: bytes) -> FileSystem:
    used = {mount.fs.dev for mount in kernel.vfs.mounts}
    dev = next(number for number in range(_FIRST_TMPFS, 1 << 20) if number not in used)
    changed = kernel.vfs.mounts[0].fs.changed
    fs = Tmpfs(kernel, dev, changed, size=kernel.machine.ram // 2, mode=0o1777)
    _tmpfs_options(fs, data)
    return fs


def _tmpfs_options(fs: FileSystem, data: bytes) -> None:
    """tmpfs(5): ``size=1M,mode=755,nr_inodes=100,uid=1000,gid=1000``. EINVAL."""
    root = fs.root.inode
    words = []
    for word in data.split(b",") if data else ():
        name, _, text = word.partition(b"=")
        try:
            if name == b"size":
                size = _size(text, fs)
                if size // BLOCK < fs.used_blocks:
                    raise error(Errno.EINVAL)
                fs.total_blocks = -(-size // BLOCK)
                words.append(b"size=%dk" % (fs.total_blocks * 4))
            elif name == b"nr_inodes":
                fs.total_inodes = int(text)
                words.append(b"nr_inodes=%d" % fs.total_inodes)
            elif name == b"mode":
                root.mode = flags.S_IFDIR | int(text, 8) & 0o7777
                words.append(b"mode=%o" % (root.mode & 0o7777))
            elif name == b"uid":
                root.uid = int(text)
                words.append(b"uid=%d" % root.uid)
            elif name == b"gid":
                root.gid = int(text)
                words.append(b"gid=%d" % root.gid)
            elif word:
                raise error(Errno.EINVAL)
        except ValueError:
            raise error(Errno.EINVAL) from None
    fs.options = b",".join(words)
    root.changed()


def _size(text: bytes, fs: FileSystem) -> int:
    units = {b"k": 10, b"m": 20, b"g": 30}
    unit = text[-1:].lower()
    if unit in units:
        return int(text[:-1]) << units[unit]
    return int(text)


def _proc(kernel: Kernel, pcb: PCB, source: bytes, mflags: int, data: bytes) -> FileSystem:
    return _mounted(kernel, b"proc") or proc_file_system(kernel)


def _sysfs(kernel: Kernel, pcb: PCB, source: bytes, mflags: int, data: bytes) -> FileSystem:
    return _mounted(kernel, b"sysfs") or sys_file_system(kernel)


def _devtmpfs(kernel: Kernel, pcb: PCB, source: bytes, mflags: int, data: bytes) -> FileSystem:
    found: FileSystem = kernel.devices.fs
    return found


def _mounted(kernel: Kernel, kind: bytes) -> FileSystem | None:
    for each in kernel.vfs.mounts:
        if each.fs.type == kind:
            return each.fs
    return None


_TYPES = {
    b"ext4": _ext4, b"ext3": _ext4, b"ext2": _ext4, b"tmpfs": _tmpfs, b"proc": _proc,
    b"sysfs": _sysfs, b"devtmpfs": _devtmpfs,
}  # fmt: skip


# -- umount(2) ---------------------------------------------------------------------------------


def umount2(kernel: Kernel, pcb: PCB, target: bytes, mflags: int) -> Any:
    """umount2(2). EBUSY EINVAL EPERM; MNT_DETACH takes it out of sight at once, busy or not."""
    require_change(pcb)
    if not capable(pcb, CAP_SYS_ADMIN):
        raise error(Errno.EPERM)
    if type(target) is not bytes or type(mflags) is not int:
        raise error(Errno.EFAULT)
    vfs = kernel.vfs
    at = vfs.walk(pcb, pcb.cwd, target)
    found = at.mount
    if found is None:
        raise error(Errno.EINVAL)
    busy = _busy(kernel, found)
    if found.covers is None or (busy and not mflags & flags.MNT_DETACH):
        raise error(Errno.EBUSY)
    fs = found.fs
    last = fs.mounts == 1 and not busy
    if isinstance(fs, Ext4) and last:
        progress = pcb.progress
        if type(progress) is not Flush or progress.left:
            waiting = sync_fs(kernel, pcb, fs)
            if waiting is not None:
                return waiting
        fs.go_offline()
        fs.device.holder = b""
        kernel.log.put(
            f"EXT4-fs ({fs.device.name.decode()}): unmounting filesystem "
            f"{uuid_text(fs.uuid).decode()}."
        )
    vfs.unmount(found)
    if isinstance(fs, Tmpfs) and not any(mount.fs is fs for mount in vfs.mounts):
        fs.unmounted()
    kernel.files_changed()
    return None


def _busy(kernel: Kernel, found: Mount) -> bool:
    """Whether anybody is in it, has something of it open or mapped, or mounted something there."""
    vfs = kernel.vfs
    for other in vfs.mounts:
        if other.covers is not None and vfs.mount_of(other.covers) is found:
            return True
    if found.covers is None:
        return True
    fs = found.fs
    if fs.mounts == 1 and any(each.inode.fs is fs for each in kernel.mm.mappings()):
        return True
    for pcb in kernel.processes.values():
        if pcb.zombie:
            continue
        if pcb.cwd is not None and vfs.mount_of(pcb.cwd) is found:
            return True
        if pcb.fds is not None:
            for _, file in pcb.fds.items():
                if vfs.mount_of(file.dentry) is found:
                    return True
    return False

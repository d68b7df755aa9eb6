"""What every boot mounts beside the disk: /dev, /proc, and /tmp and /run in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.fs.ext4 import Ext4
from minios.fs.filesystem import FileSystem
from minios.kernel.devfs import Devices
from minios.kernel.pagecache import KernelCache
from minios.kernel.procfs import proc_file_system

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

TMP_SIZE = 8 << 20
RUN_SIZE = 1 << 20


def mount_all(kernel: Kernel) -> None:
    """Mount the pseudo file systems of a new kernel and give it its devices and terminals."""
    vfs = kernel.vfs
    kernel.cache = KernelCache(kernel)
    root = vfs.mounts[0]
    assert isinstance(root, Ext4)
    root.go_online(kernel.cache)
    changed = vfs.mounts[0].changed
    kernel.devices = Devices(kernel)
    vfs.mount(proc_file_system(kernel), b"/proc")
    vfs.mount(kernel.devices.fs, b"/dev")
    options = b"rw,nosuid,nodev,relatime,size=%dk"
    vfs.mount(
        FileSystem(
            b"tmpfs", 26, kernel.clock, changed, size=RUN_SIZE,
            options=options % (RUN_SIZE >> 10),
        ),
        b"/run",
    )  # fmt: skip
    vfs.mount(
        FileSystem(
            b"tmpfs", 34, kernel.clock, changed, size=TMP_SIZE, mode=0o1777,
            options=options % (TMP_SIZE >> 10),
        ),
        b"/tmp",
    )  # fmt: skip


def unmount_all(kernel: Kernel) -> None:
    """Forget them; only the disk's own file system stays mounted."""
    vfs = kernel.vfs
    for fs in reversed(vfs.mounts[1:]):
        vfs.unmount(fs)

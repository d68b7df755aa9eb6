"""fsck(8) and e2fsck(8) (e2fsprogs 1.47): there is never anything to repair, and this says so.

A journalled file system is consistent after every power cut. What could damage one is a write to
its device past it, and then only mkfs(8) helps.
"""

from struct import unpack_from

from minios.abi.errno import Errno
from minios.abi.flags import O_RDONLY
from minios.userland.lib import mounts
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, why

USAGE = """
Usage: fsck [-fnpy] [-t fstype] [device...]
"""


@program(USAGE, "afnpyvVAMNPRTt:CE:", ())
async def fsck(tool: Tool) -> int:
    """Check file systems."""
    names = list(tool.operands)
    if not names:
        rows = await mounts.fstab(tool.sys)
        names = [row.source for row in rows if row.order and row.kind == b"ext4"]
    if tool.name.rpartition(b"/")[2] == b"fsck":
        await tool.line(b"fsck from util-linux 2.38.1")
    status = 0
    for name in names:
        status |= await _check(tool, await mounts.resolve(tool.sys, name))
    return status


async def _check(tool: Tool, device: bytes) -> int:
    sys = tool.sys
    await tool.out.flush()
    await complain(sys, b"e2fsck 1.47.0 (5-Feb-2023)")
    for row in await mounts.mounted(sys):
        if row.source == device:
            await tool.line(device + b" is mounted.")
            await tool.out.flush()
            await complain(sys, b"e2fsck: Cannot continue, aborting.\n\n")
            return 8
    try:
        fd = await sys.open(device, O_RDONLY)
        head = await sys.read(fd, 4096)
        await sys.close(fd)
    except OSError as err:
        await complain(sys, b"fsck.ext4: " + why(err) + b" while trying to open " + device)
        if err.errno == Errno.ENOENT:
            await tool.line(b"Possibly non-existent device?")
        return 8
    if mounts.recognise(head) is None:
        await complain(
            sys, b"ext2fs_open2: Bad magic number in super-block\n"
            b"fsck.ext4: Superblock invalid, trying backup blocks...\n"
            b"fsck.ext4: Bad magic number in super-block while trying to open " + device
        )  # fmt: skip
        return 8
    inodes, blocks, _, free_blocks, free_inodes = unpack_from("<5I", head, 1024)
    label = head[1024 + 0x78 : 1024 + 0x88].rstrip(b"\0") or device
    used = (label, inodes - free_inodes, inodes, blocks - free_blocks, blocks)
    await tool.line(b"%b: clean, %d/%d files, %d/%d blocks" % used)
    return 0

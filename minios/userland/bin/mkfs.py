"""mkfs(8) and mke2fs(8) (e2fsprogs 1.47): an ext4 file system for a device."""

from struct import pack_into

from minios.abi.errno import Errno
from minios.abi.flags import BLKGETSIZE64, O_RDONLY, O_RDWR, S_IFBLK, S_IFMT
from minios.userland.lib import mounts
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, write_all

MKFS_USAGE = """
Usage:
 mkfs [options] [-t <type>] [fs-options] <device>

Make a Linux filesystem.

Options:
 -t, --type=<type>  filesystem type; when unspecified, ext2 is used
     fs-options     parameters for the real filesystem builder
     <device>       path to the device to be used
"""

USAGE = """
Usage: mke2fs [-F] [-n] [-q] [-L volume-label] [-N number-of-inodes] [-U UUID] [-t fs-type]
\t[-b block-size] [-m percent] device
"""

BLOCK = 4096
GROUP = 1024
_SMALLEST = 128
"""Blocks of a partition on which a file system makes sense."""


@program(MKFS_USAGE, None)
async def mkfs(tool: Tool) -> int:
    """Make a file system of some type."""
    args = list(tool.argv[1:])
    kind = b"ext2"
    rest = []
    while args:
        arg = args.pop(0)
        if arg in (b"--help", b"-h"):
            tool.out.put(MKFS_USAGE.strip().encode() + b"\n")
            return 0
        if arg in (b"-t", b"--type") and args:
            kind = args.pop(0)
        elif arg.startswith(b"--type="):
            kind = arg[7:]
        else:
            rest.append(arg)
    if not rest:
        await complain(tool.sys, b"mkfs: no device specified")
        await complain(tool.sys, b"Try 'mkfs --help' for more information.")
        return 1
    name = b"mkfs." + (b"ext4" if kind in (b"ext2", b"ext3") else kind)
    for directory in (b"/usr/sbin/", b"/sbin/", b"/usr/bin/"):
        try:
            await tool.sys.execve(directory + name, [name, *rest], tool.env)
        except OSError:
            continue
    await complain(tool.sys, b"mkfs: failed to execute " + name + b": No such file or directory")
    return 1


@program(USAGE, "b:cC:E:FI:i:jL:m:N:nO:qt:T:U:vV", ())
async def mke2fs(tool: Tool) -> int:
    """Make an ext4 file system."""
    opts, sys = tool.options, tool.sys
    if not tool.operands:
        await complain(sys, USAGE.strip().encode())
        return 1
    quiet = "q" in opts
    device = tool.operands[0]
    await complain(sys, b"mke2fs 1.47.0 (5-Feb-2023)") if not quiet else None
    size = await _size(tool, device)
    blocks = size // BLOCK
    if len(tool.operands) > 1:
        blocks = min(blocks, _number(tool.operands[1]))
    if blocks < _SMALLEST:
        raise Failure(b"Filesystem too small for a journal")
    for row in await mounts.mounted(sys):
        if row.source == device:
            await complain(sys, device + b" is mounted; will not make a filesystem here!")
            return 1
    if not await _may_overwrite(tool, device):
        return 1
    inodes = _number(opts.last("N") or b"0") or blocks
    uuid = await _uuid(tool)
    if not quiet:
        await tool.line(b"Creating filesystem with %d 4k blocks and %d inodes" % (blocks, inodes))
        await tool.line(b"Filesystem UUID: " + mounts.uuid_text(uuid))
        await tool.line(b"")
    if "n" in opts:
        return 0
    groups = -(-blocks // (2 * GROUP))
    try:
        fd = await sys.open(device, O_RDWR)
    except OSError as err:
        if err.errno == Errno.EBUSY:
            text = b" is apparently in use by the system; will not make a filesystem here!"
            await complain(sys, device + text)
            return 1
        raise Failure(b"Permission denied while trying to determine filesystem size") from None
    await _progress(tool, b"Allocating group tables: ", groups)
    now = await sys.clock_gettime() // 1_000_000_000
    data = _superblock(blocks, inodes, uuid, opts.last("L") or b"", now)
    await write_all(sys, fd, data)
    await _progress(tool, b"Writing inode tables: ", groups)
    journal = 64 if blocks <= 2 * GROUP else 256
    await write_all(sys, fd, bytes(journal * BLOCK))
    if not quiet:
        await tool.line(b"Creating journal (%d blocks): done" % journal)
    await _progress(tool, b"Writing superblocks and filesystem accounting information: ", groups)
    await sys.fsync(fd)
    await sys.close(fd)
    if not quiet:
        await tool.line(b"")
    return 0


async def _size(tool: Tool, device: bytes) -> int:
    try:
        st = await tool.sys.stat(device)
    except OSError:
        text = b"The file " + device + b" does not exist and no size was specified."
        await complain(tool.sys, text)
        raise Failure from None
    if st.mode & S_IFMT != S_IFBLK:
        await complain(tool.sys, device + b" is not a block special device.")
        raise Failure
    try:
        fd = await tool.sys.open(device, O_RDONLY)
    except OSError:
        raise Failure(b"Permission denied while trying to determine filesystem size") from None
    size: int = await tool.sys.ioctl(fd, BLKGETSIZE64, None)
    await tool.sys.close(fd)
    return size


def _number(text: bytes) -> int:
    if not text.isdigit():
        raise Failure(b"invalid number - " + text)
    return int(text)


async def _may_overwrite(tool: Tool, device: bytes) -> bool:
    """Ask before a file system is overwritten, if there is somebody to ask."""
    try:
        found = await mounts.probe(tool.sys, device)
    except OSError:
        return True
    if found is None or "F" in tool.options:
        return True
    label = b" labelled '" + found.label + b"'" if found.label else b""
    await tool.line(device + b" contains a " + found.kind + b" file system" + label)
    if not (await tool.sys.isatty(0) and await tool.sys.isatty(1)):
        return True
    answer = await tool.ask(b"Proceed anyway? (y,N) ")
    return answer


async def _uuid(tool: Tool) -> bytes:
    given = tool.options.last("U")
    if given is not None and given != b"random":
        digits = given.replace(b"-", b"")
        try:
            value = bytes.fromhex(digits.decode())
        except ValueError:
            value = b""
        if len(value) != 16:
            raise Failure(b"invalid UUID: " + given)
        return value
    made = bytearray(await tool.sys.getrandom(16))
    made[6] = made[6] & 0x0F | 0x40
    made[8] = made[8] & 0x3F | 0x80
    return bytes(made)


async def _progress(tool: Tool, what: bytes, groups: int) -> None:
    if "q" in tool.options:
        return
    count = b"%d" % groups
    text = b"0".rjust(len(count)) + b"/" + count
    back = b"\b" * len(text)
    done = b"done" + b" " * 28 if not what.startswith(b"Writing super") else b"done"
    await tool.line(what + text + back + b" " * len(text) + back + done)


def _superblock(blocks: int, inodes: int, uuid: bytes, label: bytes, now: int) -> bytes:
    """The first block: what the kernel makes a file system of when it is mounted first."""
    data = bytearray(BLOCK)
    free = blocks - blocks // 16 - 70
    pack_into(
        "<13I6H4I", data, 1024, inodes, blocks, 0, free, inodes - 1, 0, 2, 2,
        GROUP, GROUP, GROUP, 0, now, 0, 0xFFFF, 0xEF53, 1, 1, 0, now, 0, 0, 1,
    )  # fmt: skip
    pack_into(
        "<HHIHHIII16s16s", data, 1024 + 0x50, 0, 0, 11, 256, 0, 0x4, 0x42, 0, uuid, label[:16]
    )
    return bytes(data)

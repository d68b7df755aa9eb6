"""What is mounted, what could be, and what lies on a device: mountinfo, fstab, superblocks."""

from struct import unpack_from
from typing import NamedTuple

from minios.abi.flags import O_RDONLY, S_IFBLK, S_IFMT
from minios.abi.sys import Sys
from minios.userland.lib.stdio import list_dir, read_file

FSTAB = b"/etc/fstab"


class Mounted(NamedTuple):
    """A line of proc_pid_mountinfo(5)."""

    id: int
    parent: int
    device: bytes
    root: bytes
    target: bytes
    options: bytes
    kind: bytes
    source: bytes
    super_options: bytes

    @property
    def all_options(self) -> bytes:
        """The mount's own options and those of the file system, each once, as findmnt shows."""
        words = self.options.split(b",")
        for word in self.super_options.split(b","):
            if word == b"ro":
                words[0] = b"ro"
            elif word not in words and word != b"rw":
                words.append(word)
        return b",".join(words)


class Entry(NamedTuple):
    """A line of fstab(5)."""

    source: bytes
    target: bytes
    kind: bytes
    options: bytes
    dump: int = 0
    order: int = 0


class Content(NamedTuple):
    """What blkid(8) finds on a device."""

    kind: bytes
    uuid: bytes
    label: bytes
    version: bytes = b"1.0"


def unescape(text: bytes) -> bytes:
    r"""``\040`` for a blank, as in fstab(5)."""
    if b"\\" not in text:
        return text
    for code, char in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        text = text.replace(code, char)
    return text


async def mounted(sys: Sys) -> list[Mounted]:
    """The mounts there are, in order. OSError."""
    rows = []
    for line in (await read_file(sys, b"/proc/self/mountinfo", 1 << 16)).splitlines():
        left, _, right = line.partition(b" - ")
        a, b = left.split(b" "), right.split(b" ")
        if len(a) < 6 or len(b) < 3:
            continue
        rows.append(
            Mounted(
                int(a[0]), int(a[1]), a[2], unescape(a[3]), unescape(a[4]), a[5], b[0],
                unescape(b[1]), b[2],
            )
        )  # fmt: skip
    return rows


async def fstab(sys: Sys) -> list[Entry]:
    """The lines of /etc/fstab; none if there is no such file."""
    try:
        text = await read_file(sys, FSTAB)
    except OSError:
        return []
    entries = []
    for line in text.splitlines():
        fields = [unescape(field) for field in line.partition(b"#")[0].split()]
        if len(fields) >= 3:
            options = fields[3] if len(fields) > 3 else b"defaults"
            numbers = [int(f) if f.isdigit() else 0 for f in (*fields[4:6], b"0", b"0")]
            source, target, kind = fields[:3]
            entries.append(Entry(source, target, kind, options, numbers[0], numbers[1]))
    return entries


async def probe(sys: Sys, path: bytes) -> Content | None:
    """What lies on a device; None if that is nothing known. OSError."""
    fd = await sys.open(path, O_RDONLY)
    head = b""
    trouble: OSError | None = None
    try:
        while len(head) < 4096:
            data = await sys.read(fd, 4096 - len(head))
            if not data:
                break
            head += data
    except OSError as err:
        trouble = err
    await sys.close(fd)
    if trouble is not None:
        raise trouble
    return recognise(head)


def recognise(head: bytes) -> Content | None:
    """The same of the first 4 KiB."""
    if len(head) >= 2048 and unpack_from("<H", head, 1024 + 0x38)[0] == 0xEF53:
        uuid, label = unpack_from("16s16s", head, 1024 + 0x68)
        return Content(b"ext4", uuid_text(uuid), label.rstrip(b"\0"))
    if head[4086:4096] == b"SWAPSPACE2":
        uuid, label = unpack_from("16s16s", head, 1024 + 12)
        return Content(b"swap", uuid_text(uuid), label.rstrip(b"\0"), b"1")
    return None


def uuid_text(value: bytes) -> bytes:
    digits = value.hex().encode()
    return b"-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


async def block_devices(sys: Sys) -> list[bytes]:
    """The names of disks and partitions in /sys/block, each disk before its partitions."""
    names = []
    for disk in sorted(await list_dir(sys, b"/sys/block")):
        names.append(disk)
        below = await list_dir(sys, b"/sys/block/" + disk)
        names += sorted(name for name in below if name.startswith(disk))
    return names


async def resolve(sys: Sys, source: bytes) -> bytes:
    """The device that ``UUID=`` or ``LABEL=`` names; anything else stands for itself."""
    tag, equals, value = source.partition(b"=")
    if not equals or tag not in (b"UUID", b"LABEL"):
        return source
    value = value.strip(b'"')
    for name in await block_devices(sys):
        try:
            found = await probe(sys, b"/dev/" + name)
        except OSError:
            continue
        if found is not None and value == (found.uuid if tag == b"UUID" else found.label):
            return b"/dev/" + name
    return source


async def is_block(sys: Sys, path: bytes) -> bool:
    """Whether a path names a block device."""
    try:
        return (await sys.stat(path)).mode & S_IFMT == S_IFBLK
    except OSError:
        return False

"""lsblk(8) and blkid(8) (util-linux 2.38)."""

from minios.abi.errno import Errno
from minios.userland.bin.findmnt import size_text
from minios.userland.lib import mounts
from minios.userland.lib.columns import Column, branch, table
from minios.userland.lib.mounts import Content, Mounted
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, read_file

USAGE = """
Usage:
 lsblk [options] [<device> ...]

List information about block devices.

Options:
 -a, --all            print all devices
 -b, --bytes          print SIZE in bytes rather than in human readable format
 -d, --nodeps         don't print slave devices or holders
 -f, --fs             output info about filesystems
 -i, --ascii          use ascii characters only
 -l, --list           use list format output
 -n, --noheadings     don't print headings
 -o, --output <list>  output columns
 -p, --paths          print complete device path
 -r, --raw            use raw output format
"""

BLKID_USAGE = """
Usage:
 blkid [-o <format>] [-s <tag>] [<dev> ...]
 blkid [-L <label> | -U <uuid>]

Locate and print block device attributes.

Options:
 -s, --match-tag <tag>      show specified tag(s)
 -o, --output <format>      output format: full, value, device, export
 -L, --label <label>        convert LABEL to device name
 -U, --uuid <uuid>          convert UUID to device name
 -p, --probe                low-level superblocks probing
"""

_DEFAULT = b"NAME,MAJ:MIN,RM,SIZE,RO,TYPE,MOUNTPOINTS"
_FS = b"NAME,FSTYPE,FSVER,LABEL,UUID,FSAVAIL,FSUSE%,MOUNTPOINTS"
_RIGHT = frozenset((b"RM", b"SIZE", b"RO", b"FSAVAIL", b"FSUSE%", b"FSSIZE", b"FSUSED"))
_KNOWN = frozenset(
    b"NAME KNAME PATH MAJ:MIN RM SIZE RO TYPE MOUNTPOINT MOUNTPOINTS FSTYPE FSVER LABEL UUID "
    b"FSAVAIL FSUSE% FSSIZE FSUSED ROTA SCHED PKNAME START".split()
)


class _Device:
    """A row of /sys/block."""

    def __init__(self, name: bytes, disk: bytes, last: tuple[bool, ...]) -> None:
        self.name = name
        self.disk = disk
        self.last = last
        self.content: Content | None = None
        self.mounts: list[Mounted] = []
        self.swap = False

    @property
    def where(self) -> bytes:
        own = b"" if self.name == self.disk else b"/" + self.name
        return b"/sys/block/" + self.disk + own


@program(
    USAGE,
    "abde:fI:ilnmo:prst",
    ("all=a", "bytes=b", "nodeps=d", "fs=f", "ascii=i", "list=l", "noheadings=n", "output:=o",
     "paths=p", "raw=r"),
)  # fmt: skip
async def lsblk(tool: Tool) -> int:
    """List block devices."""
    opts = tool.options
    names = (opts.last("o") or (_FS if "f" in opts else _DEFAULT)).upper().split(b",")
    for name in names:
        if name not in _KNOWN:
            raise Failure(b"unknown column: " + name.lower())
    devices = await _devices(tool)
    status = 0
    if tool.operands:
        chosen = []
        for operand in tool.operands:
            base = operand.rpartition(b"/")[2]
            found = [d for d in devices if d.name == base or d.disk == base]
            if not found:
                await complain(tool.sys, b"lsblk: " + operand + b": not a block device")
                status = 32
            chosen += found if found[:1] and found[0].name == base else found[:1]
        devices = chosen
    if "d" in opts:
        devices = [d for d in devices if d.name == d.disk]
    if {b"FSTYPE", b"FSVER", b"LABEL", b"UUID"} & set(names):
        for device in devices:
            try:
                device.content = await mounts.probe(tool.sys, b"/dev/" + device.name)
            except OSError:
                continue
    cells = [[await _cell(tool, name, device) for name in names] for device in devices]
    if not cells:
        return status or 1
    headings = "n" not in opts
    if "r" in opts:
        for line in [names, *cells] if headings else cells:
            await tool.line(b" ".join(cell.replace(b"\n", b"\\x0a") for cell in line))
        return status
    columns = [Column(name, name in _RIGHT) for name in names]
    tool.out.put(table(columns, cells, headings=headings))
    return status


async def _devices(tool: Tool) -> list[_Device]:
    sys = tool.sys
    rows = await mounts.mounted(sys)
    try:
        swaps = {line.split()[0] for line in (await read_file(sys, b"/proc/swaps")).splitlines()}
    except OSError:
        swaps = set()
    names = await mounts.block_devices(sys)
    found = []
    disk = b""
    for at, name in enumerate(names):
        if not (disk and name.startswith(disk)):
            disk = name
        following = names[at + 1] if at + 1 < len(names) else b""
        last = () if name == disk else (not following.startswith(disk),)
        device = _Device(name, disk, last)
        device.mounts = [row for row in rows if row.source == b"/dev/" + name]
        device.swap = b"/dev/" + name in swaps
        found.append(device)
    return found


async def _attribute(tool: Tool, path: bytes) -> bytes:
    try:
        return (await read_file(tool.sys, path)).strip()
    except OSError:
        return b""


async def _cell(tool: Tool, name: bytes, device: _Device) -> bytes:
    opts = tool.options
    shown = b"/dev/" + device.name if "p" in opts else device.name
    content = device.content
    match name:
        case b"NAME":
            flat = "l" in opts or "r" in opts or "d" in opts
            return shown if flat else branch(device.last, ascii_only="i" in opts) + shown
        case b"KNAME":
            return shown
        case b"PATH":
            return b"/dev/" + device.name
        case b"PKNAME":
            return b"" if device.name == device.disk else device.disk
        case b"MAJ:MIN":
            major, _, minor = (await _attribute(tool, device.where + b"/dev")).partition(b":")
            return major if "r" in opts else b"%3b:%-3b" % (major, minor)
        case b"SIZE":
            size = int(await _attribute(tool, device.where + b"/size") or b"0") * 512
            return b"%d" % size if "b" in opts else size_text(size)
        case b"TYPE":
            return b"disk" if device.name == device.disk else b"part"
        case b"RM":
            return await _attribute(tool, b"/sys/block/" + device.disk + b"/removable")
        case b"RO":
            return await _attribute(tool, device.where + b"/ro")
        case b"START":
            return await _attribute(tool, device.where + b"/start")
        case b"ROTA":
            return await _attribute(tool, b"/sys/block/" + device.disk + b"/queue/rotational")
        case b"SCHED":
            text = await _attribute(tool, b"/sys/block/" + device.disk + b"/queue/scheduler")
            return text.partition(b"[")[2].partition(b"]")[0]
        case b"MOUNTPOINTS":
            places = [row.target for row in device.mounts]
            return b"\n".join([*places, b"[SWAP]"] if device.swap else places)
        case b"MOUNTPOINT":
            if device.swap:
                return b"[SWAP]"
            return device.mounts[-1].target if device.mounts else b""
        case b"FSTYPE":
            return content.kind if content is not None else b""
        case b"FSVER":
            return content.version if content is not None else b""
        case b"LABEL":
            return content.label if content is not None else b""
        case b"UUID":
            return content.uuid if content is not None else b""
    if not device.mounts:
        return b""
    fs = await tool.sys.statfs(device.mounts[0].target)
    used = fs.blocks - fs.bfree
    if name == b"FSUSE%":
        return b"%d%%" % (used * 100 // fs.blocks) if fs.blocks else b""
    amount = {b"FSAVAIL": fs.bfree, b"FSSIZE": fs.blocks, b"FSUSED": used}[name]
    return size_text(amount * fs.bsize)


@program(
    BLKID_USAGE,
    "c:dgiklL:n:o:O:ps:S:t:uU:w:",
    ("match-tag:=s", "output:=o", "label:=L", "uuid:=U", "probe=p", "match-token:=t"),
)
async def blkid(tool: Tool) -> int:
    """Print what lies on block devices."""
    opts = tool.options
    names = [b"/dev/" + name for name in await mounts.block_devices(tool.sys)]
    wanted = opts.every("s")
    tokens = [token.partition(b"=") for token in opts.every("t")]
    tokens += [(b"LABEL", b"=", value) for value in opts.every("L")]
    tokens += [(b"UUID", b"=", value) for value in opts.every("U")]
    only_name = "L" in opts or "U" in opts
    form = opts.last("o") or b"full"
    shown = 0
    for path in tool.operands or names:
        try:
            content = await mounts.probe(tool.sys, path)
        except OSError as err:
            if tool.operands and err.errno != Errno.ENOENT:
                await complain(tool.sys, b"blkid: error: " + path + b": Permission denied")
            continue
        if content is None:
            continue
        tags = _tags(content)
        if any(tags.get(tag) != value.strip(b'"') for tag, _, value in tokens):
            continue
        shown += 1
        if only_name or form == b"device":
            await tool.line(path)
            continue
        kept = {tag: value for tag, value in tags.items() if not wanted or tag in wanted}
        if form == b"value":
            for value in kept.values():
                await tool.line(value)
        elif form == b"export":
            await tool.line(b"DEVNAME=" + path)
            for tag, value in kept.items():
                await tool.line(tag + b"=" + value)
        else:
            pairs = b" ".join(b'%b="%b"' % pair for pair in kept.items())
            await tool.line(path + b": " + pairs)
    return 0 if shown else 2


def _tags(content: Content) -> dict[bytes, bytes]:
    tags = {}
    if content.label:
        tags[b"LABEL"] = content.label
    tags[b"UUID"] = content.uuid
    if content.kind == b"ext4":
        tags[b"BLOCK_SIZE"] = b"4096"
    tags[b"TYPE"] = content.kind
    return tags

"""findmnt(8) (util-linux 2.38)."""

from minios.userland.lib import mounts
from minios.userland.lib.canonical import canonicalize
from minios.userland.lib.columns import Column, branch, table
from minios.userland.lib.mounts import Mounted
from minios.userland.lib.program import Failure, Tool, program

USAGE = """
Usage:
 findmnt [options]
 findmnt [options] <device> | <mountpoint>
 findmnt [options] <device> <mountpoint>
 findmnt [options] [--source <device>] [--target <path> | --mountpoint <mountpoint>]

Find a (mounted) filesystem.

Options:
 -s, --fstab            search in static table of filesystems
 -a, --ascii            use ASCII chars for tree formatting
 -f, --first-only       print the first found filesystem only
 -l, --list             use list format output
 -n, --noheadings       don't print column headings
 -o, --output <list>    the output columns to be shown
 -O, --options <list>   limit the set of filesystems by mount options
 -r, --raw              use raw output format
 -S, --source <string>  the device to mount
 -T, --target <path>    the path to the filesystem to use
 -M, --mountpoint <dir> the mountpoint directory
 -t, --types <list>     limit the set of filesystems by FS types
"""

_DEFAULT = (b"TARGET", b"SOURCE", b"FSTYPE", b"OPTIONS")
_KNOWN = frozenset(
    (*_DEFAULT, b"ID", b"PARENT", b"MAJ:MIN", b"VFS-OPTIONS", b"FS-OPTIONS", b"FSROOT",
     b"UUID", b"LABEL", b"SIZE", b"USED", b"AVAIL", b"USE%")
)  # fmt: skip
_RIGHT = frozenset((b"SIZE", b"USED", b"AVAIL", b"USE%", b"ID", b"PARENT"))


@program(
    USAGE,
    "acdDfFilmnN:o:O:pPrRsS:t:T:M:uv",
    ("ascii=a", "fstab=s", "first-only=f", "list=l", "noheadings=n", "output:=o", "options:=O",
     "raw=r", "source:=S", "target:=T", "mountpoint:=M", "types:=t", "notruncate=u"),
)  # fmt: skip
async def findmnt(tool: Tool) -> int:
    """Find and list mounts."""
    opts = tool.options
    names = [name.upper() for name in (opts.last("o") or b",".join(_DEFAULT)).split(b",")]
    for name in names:
        if name not in _KNOWN:
            raise Failure(b"unknown column: " + name.lower())
    rows = await mounts.mounted(tool.sys)
    if "s" in opts:
        rows = [
            Mounted(at, 0, b"", b"/", e.target, e.options, e.kind, e.source, b"rw")
            for at, e in enumerate(await mounts.fstab(tool.sys))
        ]
    chosen = await _chosen(tool, rows)
    if not chosen:
        return 1
    if "f" in opts:
        chosen = chosen[:1]
    flat = "l" in opts or "r" in opts or "s" in opts or len(chosen) < len(rows)
    order = [(row, ()) for row in chosen] if flat else _tree(chosen)
    cells = [
        [await _cell(tool, name, row, branch(last, ascii_only="a" in opts)) for name in names]
        for row, last in order
    ]
    headings = "n" not in opts
    if "r" in opts:
        lines = [names, *cells] if headings else cells
        for line in lines:
            await tool.line(b" ".join(cell.replace(b" ", b"\\x20") for cell in line))
        return 0
    columns = [Column(name, name in _RIGHT) for name in names]
    tool.out.put(table(columns, cells, headings=headings))
    return 0


async def _chosen(tool: Tool, rows: list[Mounted]) -> list[Mounted]:
    opts = tool.options
    kinds = (opts.last("t") or b"").split(b",")
    wanted = (opts.last("O") or b"").split(b",")
    source, target = opts.last("S"), opts.last("M")
    below = opts.last("T")
    free: list[bytes] = list(tool.operands)
    if len(free) == 2:
        source, target = free
        free = []
    if below is not None:
        below = await _canonical(tool, below)
    found = []
    for row in rows:
        if kinds != [b""] and row.kind not in kinds:
            continue
        if wanted != [b""] and not all(w in row.all_options.split(b",") for w in wanted):
            continue
        if source is not None and row.source != await mounts.resolve(tool.sys, source):
            continue
        if target is not None and row.target != await _canonical(tool, target):
            continue
        if free:
            path = await _canonical(tool, free[0])
            device = await mounts.resolve(tool.sys, free[0])
            if row.target != path and row.source not in (free[0], device):
                continue
        found.append(row)
    if below is not None:
        over = [r for r in found if (below + b"/").startswith(r.target.rstrip(b"/") + b"/")]
        longest = max((len(r.target) for r in over), default=0)
        found = [r for r in over if len(r.target) == longest][-1:]
    return found


async def _canonical(tool: Tool, name: bytes) -> bytes:
    try:
        return await canonicalize(tool.sys, name)
    except OSError:
        return name


def _tree(rows: list[Mounted]) -> list[tuple[Mounted, tuple[bool, ...]]]:
    """Every mount under the one it is mounted in."""
    known = {row.id for row in rows}
    order: list[tuple[Mounted, tuple[bool, ...]]] = []

    def add(row: Mounted, last: tuple[bool, ...]) -> None:
        order.append((row, last))
        below = [each for each in rows if each.parent == row.id]
        for at, each in enumerate(below):
            add(each, (*last, at == len(below) - 1))

    for row in rows:
        if row.parent not in known:
            add(row, ())
    return order


async def _cell(tool: Tool, name: bytes, row: Mounted, lines: bytes) -> bytes:
    match name:
        case b"TARGET":
            return lines + row.target
        case b"SOURCE":
            return row.source + (b"[" + row.root + b"]" if row.root != b"/" else b"")
        case b"FSTYPE":
            return row.kind
        case b"OPTIONS":
            return row.all_options
        case b"VFS-OPTIONS":
            return row.options
        case b"FS-OPTIONS":
            return row.super_options
        case b"FSROOT":
            return row.root
        case b"MAJ:MIN":
            return row.device
        case b"ID":
            return b"%d" % row.id
        case b"PARENT":
            return b"%d" % row.parent
        case b"UUID" | b"LABEL":
            if not await mounts.is_block(tool.sys, row.source):
                return b""
            try:
                found = await mounts.probe(tool.sys, row.source)
            except OSError:
                found = None
            if found is None:
                return b""
            return found.uuid if name == b"UUID" else found.label
    return await _space(tool, name, row.target)


async def _space(tool: Tool, name: bytes, path: bytes) -> bytes:
    try:
        fs = await tool.sys.statfs(path)
    except OSError:
        return b""
    used = fs.blocks - fs.bfree
    if name == b"USE%":
        return b"%d%%" % (-(-used * 100 // fs.blocks)) if fs.blocks else b"-"
    blocks = {b"SIZE": fs.blocks, b"USED": used, b"AVAIL": fs.bfree}[name]
    return size_text(blocks * fs.bsize)


def size_text(size: int) -> bytes:
    """``17.6M``, ``256G``, ``0B``: one digit after the point if it is not 0 (util-linux)."""
    power = 0
    while power < 6 and size >= 1024 << 10 * power:
        power += 1
    unit = 1 << 10 * power
    tenths = (size * 10 + unit // 2) // unit
    if tenths >= 10240 and power < 6:
        power, tenths = power + 1, 10
    whole, rest = divmod(tenths, 10)
    return (b"%d.%d" % (whole, rest) if rest else b"%d" % whole) + b"BKMGTPE"[power : power + 1]

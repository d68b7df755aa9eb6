"""du(1) and df(1)."""

from minios.abi.flags import S_IFDIR, S_IFLNK, S_IFMT, S_IFREG
from minios.abi.records import Stat, StatFs
from minios.userland.lib.calendar import strftime
from minios.userland.lib.canonical import canonicalize
from minios.userland.lib.pattern import Pattern
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf, quotef
from minios.userland.lib.sizes import BlockSize, SizeError, block_size, parse_size
from minios.userland.lib.stdio import read_file
from minios.userland.lib.walk import Event, Visit, Walk

DU_USAGE = """
Usage: du [OPTION]... [FILE]...
Print how much disk space files and directories take, in KiB.
  -a, -s, -d N    all files; only the arguments; N levels
  -h, -k, -m, -b, -B SIZE    for people; in KiB, MiB, bytes, SIZE
  -c              a total
  -l              count hard links again
  -S              without subdirectories
  -L, -D          follow symbolic links: all, those of the arguments
  -x              stay on one file system
  -t SIZE         only what has SIZE at least (at most if negative)
  --apparent-size, --inodes, --time, --exclude=PATTERN
"""

_SIZES = b"EgGkKmMPtTYZ0"
_SEEN = 64
"""Bytes that a remembered inode is charged with."""


def unit_of(tool: Tool) -> BlockSize | None:
    """The block size that the options (b h k m B si block-size) ask for; the last one counts."""
    unit: BlockSize | None = None
    for flag, value in tool.options.flags:
        match flag:
            case "b":
                unit = BlockSize(1)
            case "h":
                unit = BlockSize(human=1024)
            case "si" | "H":
                unit = BlockSize(human=1000)
            case "k":
                unit = BlockSize(1024)
            case "m":
                unit = BlockSize(1 << 20)
            case "B":
                unit = _block_size(b"-B", value or b"")
            case "block-size":
                unit = _block_size(b"--block-size", value or b"")
    return unit


def _block_size(name: bytes, text: bytes) -> BlockSize:
    try:
        return block_size(text)
    except SizeError as err:
        if err.kind == "suffix":
            raise Failure(b"invalid suffix in " + name + b" argument " + quote(text)) from None
        if err.kind == "overflow":
            raise Failure(name + b" argument " + quote(text) + b" too large") from None
        raise Failure(b"invalid " + name + b" argument " + quote(text)) from None


class _Sum:
    """What has been counted: bytes, inodes and the latest modification."""

    __slots__ = ("inodes", "latest", "size")

    def __init__(self, size: int = 0, inodes: int = 0, latest: int = 0) -> None:
        self.size = size
        self.inodes = inodes
        self.latest = latest

    def add(self, other: "_Sum") -> None:
        self.size += other.size
        self.inodes += other.inodes
        self.latest = max(self.latest, other.latest)


@program(
    DU_USAGE,
    "0abd:chHklmst:xB:DLPSX:",
    ("all=a", "apparent-size", "block-size:", "bytes=b", "count-links=l", "dereference=L",
     "dereference-args=D", "exclude:", "exclude-from:=X", "human-readable=h", "inodes", "si",
     "max-depth:=d", "null=0", "no-dereference=P", "one-file-system=x", "separate-dirs=S",
     "summarize=s", "total=c", "threshold:=t", "time::"),
)  # fmt: skip
async def du(tool: Tool) -> int:
    """Estimate disk usage."""
    opts = tool.options
    if "a" in opts and "s" in opts:
        raise Failure(b"cannot both summarize and show all entries", hint=True)
    depth: int | None = None
    for value in opts.every("d"):
        if not value.isdigit():
            raise Failure(b"invalid maximum depth " + quote(value), hint=True)
        depth = int(value[:9])
    if "s" in opts:
        if depth:
            text = b"warning: summarizing conflicts with --max-depth=%d" % depth
            raise Failure(text, hint=True)
        if depth == 0:
            text = b"warning: summarizing is the same as using --max-depth=0"
            await tool.warn(text, status=0)
        depth = 0
    run = _Du(tool, depth)
    for value in opts.every("t"):
        run.threshold = _threshold(value)
    if run.inodes and run.apparent:
        text = b"warning: options --apparent-size and -b are ineffective with --inodes"
        await tool.warn(text, status=0)
    total = _Sum()
    for operand in tool.operands or [b"."]:
        if not operand:
            await tool.warn(b"invalid zero-length file name")
            continue
        counted = await run.tree(operand)
        if counted is not None:
            total.add(counted)
    if "c" in opts:
        await run.line(total, b"total")
    return tool.status


def _threshold(text: bytes) -> int:
    negative = text[:1] == b"-"
    try:
        size = parse_size(text[negative:], b"kKmMGTPEZY0")
    except SizeError:
        raise Failure(b"invalid --threshold argument " + quote(text)) from None
    if negative and size == 0:
        raise Failure(b"invalid --threshold argument '-0'")
    return -size if negative else size


class _Du:
    def __init__(self, tool: Tool, depth: int | None) -> None:
        opts = tool.options
        self.tool = tool
        self.depth = depth
        self.unit = unit_of(tool) or BlockSize(1024)
        self.inodes = "inodes" in opts
        self.apparent = "apparent-size" in opts or "b" in opts
        self.threshold: int | None = None
        self.seen: set[tuple[int, int]] = set()
        self.separate = _Sum()
        """With -S: subdirectories, which count for the grand total only."""
        self.excluded: list[Pattern] = [Pattern(text, caret=True) for text in opts.every("exclude")]
        self.follow = self.follow_root = False
        for flag, _ in opts.flags:
            if flag in ("L", "P", "D", "H"):
                self.follow = flag == "L"
                self.follow_root = flag in ("L", "D", "H")

    async def tree(self, root: bytes) -> _Sum | None:
        """Count (and print) a tree; None if there is nothing to count."""
        tool, opts = self.tool, self.tool.options
        walk = Walk(tool, root, follow_root=self.follow_root, follow=self.follow)
        sums: list[_Sum] = []  # of the directories on the way down: with, then without, subtrees
        device: int | None = None
        while (visit := await walk.next()) is not None:
            await tool.sys.compute(15)
            if visit.event is Event.FAILED:
                await tool.warn(b"cannot access " + quoteaf(visit.path), visit.error)
                continue
            if visit.event is Event.CYCLE:
                continue
            if visit.follow and visit.type == S_IFLNK:
                await tool.warn(b"cannot access " + quoteaf(visit.path))
                continue
            if visit.event in (Event.FILE, Event.ENTER) and self.is_excluded(visit):
                walk.skip()
                if visit.depth == 0:
                    return None
                continue
            try:
                st = await visit.stat(tool.sys)
            except OSError as err:
                await tool.warn(b"cannot access " + quoteaf(visit.path), err)
                if visit.event is Event.ENTER:
                    walk.skip()
                continue
            if visit.event is Event.ENTER:
                elsewhere = "x" in opts and device is not None and st.dev != device
                if elsewhere or await self.was_seen(visit, st):
                    walk.skip()
                    if visit.depth == 0:
                        return None
                    continue
                device = st.dev if device is None else device
                sums.append(_Sum())
                continue
            if visit.event is Event.UNREADABLE:
                await tool.warn(b"cannot read directory " + quoteaf(visit.path), visit.error)
            own = self.of_file(st)
            directory = visit.event is not Event.FILE
            if not directory:
                if await self.was_seen(visit, st):
                    continue
            else:
                below = sums.pop()
                below.add(own)
                own = below
            if self.is_shown(visit, directory=directory):
                await self.line(own, visit.path)
            if sums and not ("S" in opts and directory):
                sums[-1].add(own)
            elif sums:
                self.separate.add(own)
            if visit.depth == 0:
                own.add(self.separate)
                self.separate = _Sum()
                return own
        return None

    def is_excluded(self, visit: Visit) -> bool:
        name = visit.path.rstrip(b"/").rpartition(b"/")[2]
        return any(p.matches(name) or p.matches(visit.path) for p in self.excluded)

    async def was_seen(self, visit: Visit, st: Stat) -> bool:
        """Whether the inode was counted before; remember what could come again."""
        if "l" in self.tool.options and st.mode & S_IFMT != S_IFDIR:
            return False
        many = len(self.tool.operands) > 1 or self.follow
        if st.nlink < 2 and not many and st.mode & S_IFMT != S_IFDIR:
            return False
        if st.mode & S_IFMT == S_IFDIR and not many:
            return False
        inode = (st.dev, st.ino)
        if inode in self.seen:
            return True
        await self.tool.retain(_SEEN)
        self.seen.add(inode)
        return False

    def of_file(self, st: Stat) -> _Sum:
        kind = st.mode & S_IFMT
        size = st.blocks * 512
        if self.apparent:
            size = st.size if kind in (S_IFREG, S_IFLNK, S_IFDIR) else 0
        return _Sum(size, 1, st.mtime)

    def is_shown(self, visit: Visit, *, directory: bool) -> bool:
        if self.depth is not None and visit.depth > self.depth:
            return False
        return directory or visit.depth == 0 or "a" in self.tool.options

    async def line(self, what: _Sum, name: bytes) -> None:
        amount = what.inodes if self.inodes else what.size
        limit = self.threshold
        if limit is not None and (amount < limit if limit >= 0 else amount > -limit):
            return
        opts = self.tool.options
        text = BlockSize(human=self.unit.human).show(amount) if self.inodes else None
        fields = [text if text is not None else self.unit.show(amount)]
        if "time" in opts:
            fields.append(strftime(b"%Y-%m-%d %H:%M", what.latest))
        fields.append(name)
        self.tool.out.put(b"\t".join(fields), b"\0" if "0" in opts else b"\n")
        await self.tool.out.drain()


DF_USAGE = """
Usage: df [OPTION]... [FILE]...
Print the free space of file systems, or of those that FILEs are on.
  -h, -H, -k, -m, -B SIZE    for people; powers of 1000; in KiB, MiB, SIZE
  -T    types      -i    inodes instead of blocks      -a    also those without blocks
  -t TYPE, -x TYPE    only, or not, of this type
  -P    the format of POSIX
  --total, --output[=FIELDS]
"""

_FIELDS = {
    "source": (b"Filesystem", 14, True), "fstype": (b"Type", 4, True),
    "itotal": (b"Inodes", 5, False), "iused": (b"IUsed", 5, False),
    "iavail": (b"IFree", 5, False), "ipcent": (b"IUse%", 4, False),
    "size": (b"", 5, False), "used": (b"Used", 5, False), "avail": (b"Avail", 5, False),
    "pcent": (b"Use%", 4, False), "file": (b"File", 0, True), "target": (b"Mounted on", 0, True),
}  # fmt: skip
_DUMMY = frozenset(
    b"autofs proc subfs debugfs devpts fusectl fuse.portal mqueue rpc_pipefs sysfs devfs kernfs "
    b"ignore none".split()
)


class _Mount:
    """A line of /proc/mounts, and its numbers."""

    __slots__ = ("dev", "file", "fs", "kind", "source", "target")

    def __init__(self, source: bytes, target: bytes, kind: bytes) -> None:
        self.source = source
        self.target = target
        self.kind = kind
        self.dev = 0
        self.file = b"-"
        self.fs: StatFs | None = None


def _unescape(text: bytes) -> bytes:
    r"""``\040`` for a space in /proc/mounts."""
    if b"\\" not in text:
        return text
    for code, char in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        text = text.replace(code, char)
    return text


async def _mounts(tool: Tool) -> list[_Mount]:
    try:
        data = await read_file(tool.sys, b"/proc/mounts", 65536)
    except OSError as err:
        await tool.warn(b"cannot read table of mounted file systems", err)
        raise Failure from None
    found = []
    for line in data.split(b"\n"):
        fields = [_unescape(field) for field in line.split(b" ")]
        if len(fields) > 2:
            found.append(_Mount(fields[0], fields[1], fields[2]))
    return found


@program(
    DF_USAGE,
    "aB:ihHklmPTt:vx:",
    ("all=a", "block-size:", "inodes=i", "human-readable=h", "si=H", "local=l", "output::",
     "portability=P", "print-type=T", "sync", "no-sync", "total", "type:=t", "exclude-type:=x"),
)  # fmt: skip
async def df(tool: Tool) -> int:
    """Report the free space of file systems."""
    opts = tool.options
    columns = _columns(tool)
    unit = unit_of(tool) or BlockSize(1024)
    mounts = await _mounts(tool)
    if tool.operands:
        chosen = [m for name in tool.operands if (m := await _mount_of(tool, name, mounts))]
    else:
        chosen = await _listed(tool, mounts)
    shown = [m for m in chosen if await _measure(tool, m)]
    wanted, barred = opts.every("t"), opts.every("x")
    if wanted:
        shown = [m for m in shown if m.kind in wanted]
    shown = [m for m in shown if m.kind not in barred]
    if not shown:
        if tool.status == 0:
            raise Failure(b"no file systems processed")
        return tool.status
    if "total" in opts:
        shown.append(_total(shown))
    rows = [[_heading(tool, column, unit) for column in columns]]
    rows += [[_cell(mount, column, unit) for column in columns] for mount in shown]
    widths = [
        max(_FIELDS[column][1], *(len(row[at]) for row in rows))
        for at, column in enumerate(columns)
    ]
    for row in rows:
        cells = [
            cell.ljust(width) if _FIELDS[column][2] else cell.rjust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        if _FIELDS[columns[-1]][2]:
            cells[-1] = row[-1]
        await tool.line(b" ".join(cells))
    return tool.status


def _columns(tool: Tool) -> list[str]:
    opts = tool.options
    if "output" in opts:
        for other in ("i", "P", "T"):
            if other in opts:
                text = b"options -" + other.encode() + b" and --output are mutually exclusive"
                raise Failure(text, hint=True)
        given = opts.last("output")
        if given is None:
            return list(_FIELDS)
        names: list[str] = []
        for word in given.split(b","):
            name = word.decode("latin-1")
            if name not in _FIELDS:
                raise Failure(b"option --output: field " + quote(word) + b" unknown", hint=True)
            if name in names:
                text = b"option --output: field " + quote(word) + b" used more than once"
                raise Failure(text, hint=True)
            names.append(name)
        return names
    kind = ["fstype"] if "T" in opts else []
    if "i" in opts:
        return ["source", *kind, "itotal", "iused", "iavail", "ipcent", "target"]
    return ["source", *kind, "size", "used", "avail", "pcent", "target"]


async def _listed(tool: Tool, mounts: list[_Mount]) -> list[_Mount]:
    """The file systems that are worth a line: one a device, and none without blocks."""
    if "a" in tool.options:
        return mounts
    by_device: dict[int, _Mount] = {}
    for mount in mounts:
        if mount.kind in _DUMMY:
            continue
        try:
            mount.dev = (await tool.sys.stat(mount.target)).dev
        except OSError:
            continue
        known = by_device.get(mount.dev)
        if known is None or len(known.target) > len(mount.target):
            by_device[mount.dev] = mount
    kept = []
    for mount in mounts:
        if by_device.get(mount.dev) is mount and await _measure(tool, mount):
            assert mount.fs is not None
            if mount.fs.blocks:
                kept.append(mount)
    return kept


async def _mount_of(tool: Tool, name: bytes, mounts: list[_Mount]) -> _Mount | None:
    """The file system a file is on."""
    try:
        await tool.sys.stat(name)
        path = await canonicalize(tool.sys, name)
    except OSError as err:
        await tool.warn(quotef(name), err)
        return None
    best: _Mount | None = None
    for mount in mounts:
        inside = path == mount.target or path.startswith(mount.target.rstrip(b"/") + b"/")
        if inside and (best is None or len(mount.target) >= len(best.target)):
            best = mount
    if best is None:
        return None
    found = _Mount(best.source, best.target, best.kind)
    found.file = name
    return found


async def _measure(tool: Tool, mount: _Mount) -> bool:
    if mount.fs is None:
        try:
            mount.fs = await tool.sys.statfs(mount.target)
        except OSError as err:
            await tool.warn(quotef(mount.target), err)
            return False
    return True


def _total(mounts: list[_Mount]) -> _Mount:
    total = _Mount(b"total", b"-", b"-")
    sums = [0, 0, 0, 0]
    for mount in mounts:
        fs = mount.fs
        assert fs is not None
        sums[0] += fs.blocks * fs.bsize
        sums[1] += fs.bfree * fs.bsize
        sums[2] += fs.files
        sums[3] += fs.ffree
    total.fs = StatFs(b"", 1, sums[0], sums[1], sums[2], sums[3])
    return total


def _heading(tool: Tool, column: str, unit: BlockSize) -> bytes:
    text = _FIELDS[column][0]
    posix = "P" in tool.options
    if column == "size":
        if unit.human:
            return b"Size"
        if posix:
            return b"%d-blocks" % unit.unit
        return _unit_name(unit.unit) + b"-blocks"
    if column == "avail" and not unit.human:
        return b"Available"
    if column == "pcent" and posix:
        return b"Capacity"
    return text


def _unit_name(size: int) -> bytes:
    """``1K``, ``1M``, ``512B``, ``1MB``: how df heads a column of blocks."""
    for base, end in ((1024, b""), (1000, b"B")):
        power = 0
        rest = size
        while rest % base == 0 and rest >= base:
            rest //= base
            power += 1
        if power:
            letter = b"KMGTPEZY"[power - 1 : power]
            if base == 1000 and power == 1:
                letter = b"k"
            return b"%d" % rest + letter + end
    return b"%dB" % size


def _cell(mount: _Mount, column: str, unit: BlockSize) -> bytes:
    fs = mount.fs
    assert fs is not None
    match column:
        case "source":
            return mount.source
        case "target":
            return mount.target
        case "fstype":
            return mount.kind
        case "file":
            return mount.file
        case "size":
            return unit.show(fs.blocks * fs.bsize)
        case "used":
            return unit.show((fs.blocks - fs.bfree) * fs.bsize)
        case "avail":
            return unit.show(fs.bfree * fs.bsize)
        case "pcent":
            return _percent(fs.blocks - fs.bfree, fs.bfree)
        case "ipcent":
            return _percent(fs.files - fs.ffree, fs.ffree)
    count = {"itotal": fs.files, "iused": fs.files - fs.ffree, "iavail": fs.ffree}[column]
    return BlockSize(human=unit.human).show(count)


def _percent(used: int, free: int) -> bytes:
    """Rounded up; a dash where there is nothing to use."""
    total = used + free
    return b"%d%%" % -(-used * 100 // total) if total > 0 else b"-"

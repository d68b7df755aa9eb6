"""ls(1): list directories."""

from minios.abi.errno import Errno
from minios.abi.flags import S_IFDIR, S_IFLNK, S_IFMT, S_IFREG
from minios.abi.records import Stat
from minios.abi.sys import Program
from minios.userland.bin.ls.entry import ENTRY_SIZE, Entry, dress
from minios.userland.bin.ls.output import Listing, Names
from minios.userland.bin.ls.settings import LONG, SHORT, Settings, settings_of
from minios.userland.lib.colours import Colours, UnknownPrefix, from_environment
from minios.userland.lib.pattern import Pattern
from minios.userland.lib.probes import report
from minios.userland.lib.program import Tool, program
from minios.userland.lib.quoting import quote, quoteaf
from minios.userland.lib.versions import version_key
from minios.userland.lib.walk import join

USAGE = """
Usage: ls [OPTION]... [FILE]...
List files, the current directory if none is named, in alphabetical order.
  -a, -A            also what begins with a dot; -A without . and ..
  -l, -g, -o, -n    long format; without owner; without group; with numbers
  -1, -C, -x, -m    one a line; in columns; across; separated by commas
  -d, -R            directories themselves; with all below them
  -t, -S, -X, -v    sort by time, size, extension, version; -r reverses, -U does not sort
  -c, -u            use the time of change of status, of access
  -h, -s, -i        sizes for people; blocks; inode numbers
  -F, -p            mark kinds of files with */=@|; directories with /
  -H, -L            follow symbolic links on the command line; all of them
  --color[=WHEN]    colour names: always, auto, never
  --full-time, --time-style=STYLE
"""


def _program(default_format: str) -> Program:
    return program(USAGE, SHORT, LONG, trouble=2)(lambda tool: _main(tool, default_format))


ls = _program("")
dir_ = _program("vertical")
vdir = _program("long")


async def _main(tool: Tool, default_format: str) -> int:
    opts = await settings_of(tool, default_format)
    colours = None
    if opts.colour:
        try:
            colours = from_environment(tool.env)
        except UnknownPrefix as err:
            await tool.warn(b"unrecognized prefix: " + quote(err.key), status=0)
            await tool.warn(b"unparsable value for LS_COLORS environment variable", status=0)
        except ValueError:
            await tool.warn(b"unparsable value for LS_COLORS environment variable", status=0)
        if colours is None:
            opts.tab = 8
    listing = Listing(tool, opts, colours, Names(tool, numeric=opts.numeric))
    return await _Ls(tool, opts, colours, listing).run()


class _Ls:
    """A run: what is on the command line first, then directories from a stack."""

    def __init__(
        self, tool: Tool, opts: Settings, colours: Colours | None, listing: Listing
    ) -> None:
        self.tool = tool
        self.opts = opts
        self.colours = colours
        self.listing = listing
        self.pending: list[tuple[bytes, tuple[tuple[int, int], ...], bool]] = []
        self.ignored: list[Pattern] = []
        self.hidden: list[Pattern] = []

    async def run(self) -> int:
        opts = self.opts
        self.ignored = [Pattern(pattern, caret=True) for pattern in opts.ignored]
        self.hidden = [Pattern(pattern, caret=True) for pattern in opts.hide]
        operands = self.tool.operands or [b"."]
        found: list[Entry] = []
        for name in operands:
            entry = await self.operand(name)
            if entry is not None:
                found.append(entry)
                await self.tool.retain(ENTRY_SIZE + len(name))
        await self.sort(found)
        files = [e for e in found if opts.directory or not e.is_dir]
        directories = [e for e in found if not opts.directory and e.is_dir]
        if files:
            dress(found, opts)
            await self.listing.show(files, beside=directories)
        headed = opts.recursive or len(operands) > 1
        self.pending = [(entry.name, (), True) for entry in reversed(directories)]
        first = not files
        while self.pending:
            path, above, named = self.pending.pop()
            first = not await self.directory(path, above, named, headed, first) and first
        return self.tool.status

    async def operand(self, name: bytes) -> Entry | None:
        """The entry of a command-line argument; None after a complaint."""
        sys, follow = self.tool.sys, self.opts.follow
        entry = Entry(name, name)
        if not name:
            await self.tool.warn(b"cannot access ''", OSError(int(Errno.ENOENT), ""), 2)
            return None
        try:
            if follow == "never":
                entry.stat = await sys.lstat(name)
            else:
                entry.stat = await self.followed(name)
        except OSError as err:
            await self.tool.warn(b"cannot access " + quoteaf(name), err, 2)
            return None
        entry.ino = entry.stat.ino
        await self.read_link(entry, 2)
        return entry

    async def followed(self, name: bytes) -> Stat:
        """An argument's inode where links are followed: always, or only to directories."""
        sys = self.tool.sys
        try:
            st = await sys.stat(name)
        except OSError as err:
            if self.opts.follow != "directories" or err.errno != Errno.ENOENT:
                raise
        else:
            if self.opts.follow != "directories" or st.mode & S_IFMT == S_IFDIR:
                return st
        return await sys.lstat(name)

    async def target_mode(self, path: bytes) -> int | None:
        try:
            return (await self.tool.sys.stat(path)).mode
        except OSError:
            return None

    async def read_link(self, entry: Entry, status: int) -> None:
        """What a symbolic link says and where it leads, as far as the listing wants to know."""
        if entry.mode & S_IFMT != S_IFLNK:
            return
        asked = self.wants_target
        if self.opts.format != "long" and not asked:
            entry.link_ok = True
            return
        try:
            entry.link = await self.tool.sys.readlink(entry.path)
        except OSError as err:
            text = b"cannot read symbolic link " + quoteaf(entry.path)
            await self.tool.warn(text, err, status)
            return
        if asked or self.opts.indicator in ("file-type", "classify"):
            mode = await self.target_mode(entry.path)
            entry.link_ok = mode is not None
            entry.link_mode = mode or 0

    # -- a directory ---------------------------------------------------------------------------

    async def directory(
        self,
        path: bytes,
        above: tuple[tuple[int, int], ...],
        named: bool,
        headed: bool,
        first: bool,
    ) -> bool:
        """List one directory; whether anything was printed."""
        tool, opts = self.tool, self.opts
        trouble = 2 if named else 1
        if opts.recursive and opts.follow == "always":
            try:
                st = await tool.sys.stat(path)
            except OSError as err:
                await tool.warn(b"cannot access " + quoteaf(path), err, trouble)
                return False
            if (st.dev, st.ino) in above:
                await tool.warn(path + b": not listing already-listed directory", status=2)
                return False
            above = (*above, (st.dev, st.ino))
        try:
            fd = await tool.sys.open(path, 0o200000)
        except OSError as err:
            await tool.warn(b"cannot open directory " + quoteaf(path), err, trouble)
            return False
        if headed:
            self.listing.header(path, first=first)
        found = await self.read(fd, path, trouble)
        await self.sort(found)
        dress(found, opts)
        await self.listing.show(found, total=True)
        if opts.recursive:
            below = [e for e in found if e.is_dir and e.name not in (b".", b"..")]
            for entry in reversed(below):
                self.pending.append((join(path, entry.name), above, False))
        kept = sum(ENTRY_SIZE + len(entry.name) for entry in found)
        tool.release(kept)
        return True

    async def read(self, fd: int, path: bytes, trouble: int) -> list[Entry]:
        """The entries of an open directory that are to be listed; closes it."""
        tool, opts = self.tool, self.opts
        found: list[Entry] = []
        while True:
            try:
                batch = await tool.sys.getdents(fd)
            except OSError as err:
                await tool.warn(b"reading directory " + quoteaf(path), err, trouble)
                break
            if not batch:
                break
            size = 0
            for dirent in batch:
                if self.is_hidden(dirent.name):
                    continue
                where = dirent.name if path == b"." else join(path, dirent.name)
                entry = Entry(dirent.name, where, dirent.type, dirent.ino)
                size += ENTRY_SIZE + len(entry.name)
                found.append(entry)
                if opts.needs_stat or self.wants_mode(entry):
                    await self.look(entry)
            await tool.retain(size)
            await tool.sys.compute(8 * len(batch))
        await tool.sys.close(fd)
        return found

    def is_hidden(self, name: bytes) -> bool:
        if name.startswith(b"."):
            if self.opts.hidden == "no":
                return True
            if self.opts.hidden == "almost" and name in (b".", b".."):
                return True
        if self.opts.hidden == "no" and any(_hides(glob, name) for glob in self.hidden):
            return True
        return any(_hides(glob, name) for glob in self.ignored)

    @property
    def wants_target(self) -> bool:
        """Whether the listing depends on where a symbolic link leads."""
        colours = self.colours
        return self.opts.directories_first or (
            colours is not None
            and (colours.follows_links or (self.opts.format == "long" and colours.has("mi")))
        )

    def wants_mode(self, entry: Entry) -> bool:
        """Whether the listing shows more of a file than the type that its directory tells."""
        opts = self.opts
        typed = (
            opts.recursive
            or opts.directories_first
            or opts.indicator != "none"
            or self.colours is not None
        )
        if entry.type == S_IFDIR:
            return self.colours is not None
        if entry.type == S_IFREG:
            return self.colours is not None or opts.indicator == "classify"
        if entry.type == S_IFLNK:
            follows = opts.follow == "always" or self.wants_target
            return (typed or opts.inode) and follows
        return entry.type == 0 and (typed or opts.inode)

    async def look(self, entry: Entry) -> None:
        sys = self.tool.sys
        try:
            if self.opts.follow == "always":
                entry.stat = await sys.stat(entry.path)
                entry.type = entry.stat.mode & S_IFMT
                entry.ino = entry.stat.ino
                return
            entry.stat = await sys.lstat(entry.path)
        except OSError as err:
            entry.failed = True
            await self.tool.warn(b"cannot access " + quoteaf(entry.path), err)
            return
        await self.read_link(entry, 1)

    # -- order ---------------------------------------------------------------------------------

    async def sort(self, found: list[Entry]) -> None:
        """Order entries as asked; what is equal goes by name, and -r turns all of it round."""
        opts = self.opts
        if opts.sort == "none" or len(found) < 2:
            return
        await self.tool.sys.compute(2 * len(found) * len(found).bit_length())
        if self.tool.sys.probes:
            await report(self.tool.sys, b"qsort", (len(found),))
        found.sort(key=lambda e: e.name, reverse=opts.reverse)
        sign = 1 if opts.reverse else -1
        match opts.sort:
            case "time":
                field = {"mtime": 11, "atime": 10, "ctime": 12, "birth": 11}[opts.time]
                found.sort(key=lambda e: sign * (e.stat[field] if e.stat else 0))
            case "size":
                found.sort(key=lambda e: sign * (e.stat.size if e.stat else 0))
            case "extension":
                found.sort(key=lambda e: _extension(e.name), reverse=opts.reverse)
            case "version":
                found.sort(key=lambda e: version_key(e.name), reverse=opts.reverse)
            case "width":
                dress(found, opts)
                found.sort(key=lambda e: e.width, reverse=opts.reverse)
        if opts.directories_first:
            found.sort(key=lambda e: not _leads_to_directory(e))


def _leads_to_directory(entry: Entry) -> bool:
    return entry.is_dir or (entry.mode & S_IFMT == S_IFLNK and entry.link_mode & S_IFMT == S_IFDIR)


def _extension(name: bytes) -> bytes:
    at = name.rfind(b".")
    return name[at:] if at >= 0 else b""


def _hides(glob: Pattern, name: bytes) -> bool:
    """fnmatch with FNM_PERIOD: a leading dot is matched only by a dot."""
    if name.startswith(b".") and glob.tokens[:1] != (1 << 0x2E,):
        return False
    return glob.matches(name)

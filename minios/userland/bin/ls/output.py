"""Printing a listing: long lines, columns, commas."""

from collections.abc import Sequence

from minios.abi.flags import S_IFBLK, S_IFCHR, S_IFLNK, S_IFMT
from minios.abi.records import Stat
from minios.userland.bin.ls.entry import Entry, colour_of, indicator, shown
from minios.userland.bin.ls.layout import fit, gap
from minios.userland.bin.ls.settings import Settings
from minios.userland.lib import quoting, users
from minios.userland.lib.calendar import strftime
from minios.userland.lib.colours import Colours
from minios.userland.lib.devices import major, minor
from minios.userland.lib.modes import render, type_letter
from minios.userland.lib.program import Tool
from minios.userland.lib.times import is_recent


class Names:
    """Names of owners and groups, read from /etc when first wanted."""

    __slots__ = ("_groups", "_tool", "_users", "numeric")

    def __init__(self, tool: Tool, *, numeric: bool = False) -> None:
        self._tool = tool
        self.numeric = numeric
        self._users: dict[int, bytes] | None = None
        self._groups: dict[int, bytes] | None = None

    async def user(self, uid: int) -> bytes | None:
        """None for a number without a name."""
        if self._users is None:
            self._users = {}
            for account in await users.passwd(self._tool.sys):
                self._users.setdefault(account.uid, account.name)
        return self._users.get(uid)

    async def group(self, gid: int) -> bytes | None:
        if self._groups is None:
            self._groups = {}
            for group in await users.groups(self._tool.sys):
                self._groups.setdefault(group.gid, group.name)
        return self._groups.get(gid)

    async def user_text(self, uid: int) -> bytes:
        name = None if self.numeric else await self.user(uid)
        return b"%d" % uid if name is None else name

    async def group_text(self, gid: int) -> bytes:
        name = None if self.numeric else await self.group(gid)
        return b"%d" % gid if name is None else name


class Listing:
    """Prints sorted entries in the format that the options chose."""

    def __init__(self, tool: Tool, opts: Settings, colours: Colours | None, names: Names) -> None:
        self.tool = tool
        self.opts = opts
        self.colours = colours
        self.names = names

    def header(self, path: bytes, *, first: bool) -> None:
        """``dir:`` above a directory, set off from what came before."""
        text = quoting.style(path, self.opts.style, b":")
        self.tool.out.put(b"" if first else b"\n", text, b":\n")

    async def show(
        self, entries: list[Entry], *, total: bool = False, beside: Sequence[Entry] = ()
    ) -> None:
        """Print a listing. Fields are as wide as those of ``beside`` need them, too."""
        opts, out = self.opts, self.tool.out
        if total and (opts.format == "long" or opts.blocks):
            size = sum(e.stat.blocks * 512 for e in entries if e.stat)
            out.put(b"total ", opts.block_unit.show(size), opts.end)
        if not entries:
            await out.drain()
            return
        measured = [*entries, *beside]
        frills = self.frills(measured)
        match opts.format:
            case "long":
                await self.long(entries, measured, frills)
            case "single":
                for entry in entries:
                    out.put(self.cell(entry, frills), opts.end)
                    await self.tick()
            case "commas":
                await self.commas(entries)
            case _:
                if opts.width == 0:
                    await self.separated(entries, frills)
                else:
                    await self.columns(entries, frills)
        await out.drain()

    async def tick(self) -> None:
        await self.tool.sys.compute(12)
        await self.tool.out.drain()

    # -- a name and what stands around it --------------------------------------------------------

    def name(self, entry: Entry, start: int = 0) -> bytes:
        """The name in its colour, with the padding before it."""
        if self.colours is None:
            return entry.pad + entry.text
        text = self.colours.paint(entry.text, colour_of(entry, self.colours))
        if self.crosses_line(start, entry.width) and text != entry.text:
            text += self.colours.get("cl")
        return entry.pad + text

    def crosses_line(self, start: int, width: int) -> bool:
        line = self.opts.width
        return bool(line and width) and start // line != (start + width - 1) // line

    def frills(self, entries: list[Entry]) -> tuple[int, int]:
        """The widths of inode numbers and of block counts; 0 when not shown."""
        inode = blocks = 0
        if self.opts.inode:
            inode = max(len(_inode(e)) for e in entries)
        if self.opts.blocks:
            blocks = max(len(self.block_text(e)) for e in entries)
        return inode, blocks

    def block_text(self, entry: Entry) -> bytes:
        return self.opts.block_unit.show(entry.stat.blocks * 512) if entry.stat else b"?"

    def prefix(self, entry: Entry, widths: tuple[int, int]) -> bytes:
        out = b""
        if self.opts.inode:
            out += _inode(entry).rjust(widths[0]) + b" "
        if self.opts.blocks:
            out += self.block_text(entry).rjust(widths[1]) + b" "
        if self.opts.context and self.opts.format != "long":
            out += b"? "
        return out

    def cell(self, entry: Entry, widths: tuple[int, int], start: int = 0) -> bytes:
        before = self.prefix(entry, widths)
        mark = indicator(entry.mode, self.opts, known=entry.stat is not None)
        return before + self.name(entry, start) + mark

    def cell_width(self, entry: Entry, widths: tuple[int, int]) -> int:
        mark = indicator(entry.mode, self.opts, known=entry.stat is not None)
        return len(self.prefix(entry, widths)) + entry.width + len(mark)

    # -- formats -------------------------------------------------------------------------------

    async def columns(self, entries: list[Entry], frills: tuple[int, int]) -> None:
        opts, out = self.opts, self.tool.out
        widths = [self.cell_width(entry, frills) for entry in entries]
        await self.tool.sys.compute(20 * len(entries))
        down = opts.format == "vertical"
        columns = fit(widths, opts.width, down=down)
        count = len(entries)
        rows = -(-count // len(columns))
        step = rows if down else 1
        for row in range(rows):
            at = row if down else row * len(columns)
            last = count if down else min(count, at + len(columns))
            position = 0
            for column in columns:
                out.put(self.cell(entries[at], frills, position))
                if at + step >= last:
                    break
                out.put(gap(position + widths[at], position + column, opts.tab))
                position += column
                at += step
            out.put(opts.end)
            await self.tick()

    async def commas(self, entries: list[Entry]) -> None:
        line, position = self.opts.width, 0
        for number, entry in enumerate(entries):
            width = self.cell_width(entry, (0, 0))
            if number:
                if not line or position + width + 2 < line:
                    position += 2
                    self.tool.out.put(b", ")
                else:
                    position = 0
                    self.tool.out.put(b",", self.opts.end)
            self.tool.out.put(self.cell(entry, (0, 0), position))
            position += width
            await self.tick()
        self.tool.out.put(self.opts.end)

    async def separated(self, entries: list[Entry], frills: tuple[int, int]) -> None:
        """All on one line that has no end."""
        for number, entry in enumerate(entries):
            self.tool.out.put(b"  " if number else b"", self.cell(entry, frills))
            await self.tick()
        self.tool.out.put(self.opts.end)

    async def long(
        self, entries: list[Entry], measured: list[Entry], frills: tuple[int, int]
    ) -> None:
        opts = self.opts
        now = await self.tool.sys.clock_gettime()
        owner_width = group_width = links_width = major_width = minor_width = size_width = 0
        for entry in measured:
            st = entry.stat
            if st is None:
                continue
            links_width = max(links_width, len(b"%d" % st.nlink))
            if opts.owner or opts.author:
                owner_width = max(owner_width, len(await self.names.user_text(st.uid)))
            if opts.group:
                group_width = max(group_width, len(await self.names.group_text(st.gid)))
            if _is_device(st):
                major_width = max(major_width, len(b"%d" % major(st.rdev)))
                minor_width = max(minor_width, len(b"%d" % minor(st.rdev)))
                size_width = max(size_width, major_width + 2 + minor_width)
            else:
                size_width = max(size_width, len(opts.size_unit.show(st.size)))
        if any(entry.stat is None for entry in measured):
            links_width, size_width = max(links_width, 1), max(size_width, 1)
            owner_width, group_width = max(owner_width, 1), max(group_width, 1)
        time_width = len(strftime(opts.recent_format, 0))
        for entry in entries:
            st = entry.stat
            fields = [self.prefix(entry, frills)]
            if st is None:
                letters = type_letter(entry.type) if entry.type else "?"
                fields.append(letters.encode() + b"????????? ")
            else:
                fields.append(render(st.mode) + b" ")
            fields.append((b"%d" % st.nlink if st else b"?").rjust(links_width) + b" ")
            owner = await self.names.user_text(st.uid) if st else b"?"
            if opts.owner:
                fields.append(_name_field(owner, owner_width))
            if opts.group:
                group = await self.names.group_text(st.gid) if st else b"?"
                fields.append(_name_field(group, group_width))
            if opts.author:
                fields.append(_name_field(owner, owner_width))
            if opts.context:
                fields.append(b"? ")
            if st is not None and _is_device(st):
                room = size_width - major_width - 2 - minor_width
                fields.append((b"%d" % major(st.rdev)).rjust(major_width + max(room, 0)))
                fields.append(b", " + (b"%d" % minor(st.rdev)).rjust(minor_width) + b" ")
            else:
                size = opts.size_unit.show(st.size) if st else b"?"
                fields.append(size.rjust(size_width) + b" ")
            fields.append(self.time_text(st, now, time_width) + b" ")
            before = b"".join(fields)
            self.tool.out.put(before, self.name(entry, len(before)))
            self.tool.out.put(self.tail(entry), opts.end)
            await self.tool.sys.compute(20)
            await self.tick()

    def time_text(self, st: Stat | None, now: int, width: int) -> bytes:
        opts = self.opts
        if st is None or opts.time == "birth":
            return b"?".rjust(width)
        ns = {"mtime": st.mtime, "atime": st.atime, "ctime": st.ctime}[opts.time]
        return strftime(opts.recent_format if is_recent(ns, now) else opts.old_format, ns)

    def tail(self, entry: Entry) -> bytes:
        """What follows the name in long format: the link's target, the indicator."""
        opts = self.opts
        if entry.mode & S_IFMT != S_IFLNK:
            return indicator(entry.mode, opts, known=entry.stat is not None)
        if entry.link is None:
            return b""
        text, _ = shown(entry.link, opts)
        if self.colours is not None:
            colour = self.colours.of_target(entry.link_ok, entry.link_mode, entry.link)
            text = self.colours.paint(text, colour)
        return b" -> " + text + indicator(entry.link_mode, opts)


def _inode(entry: Entry) -> bytes:
    return b"%d" % entry.ino if entry.ino and not entry.failed else b"?"


def _is_device(st: Stat) -> bool:
    return st.mode & S_IFMT in (S_IFCHR, S_IFBLK)


def _name_field(text: bytes, width: int) -> bytes:
    """Names are on the left of their column, numbers on the right."""
    return (text.rjust(width) if text.isdigit() else text.ljust(width)) + b" "

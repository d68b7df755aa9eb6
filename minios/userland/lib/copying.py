"""Copying and moving files and trees: what cp, mv and install share (copy.c of coreutils).

Trees are copied without recursion; what is remembered (hard links, files just made) is charged to
the process.
"""

from minios.abi.errno import Errno
from minios.abi.flags import S_IFMT, S_IFREG, W_OK
from minios.abi.records import Dirent, Stat
from minios.userland.lib.copyfile import CopyOptions, FileCopier, is_dir, is_link
from minios.userland.lib.modes import render
from minios.userland.lib.program import Tool
from minios.userland.lib.quoting import quoteaf
from minios.userland.lib.samefile import same_entry, same_file_ok
from minios.userland.lib.walk import entries, join, room

SEEN_SIZE = 96
"""Bytes that a remembered file is charged with, besides its name."""

Inode = tuple[int, int]


class _Level:
    """A directory whose contents are being copied."""

    __slots__ = ("dst", "entries", "fresh", "ok", "omitted", "restore", "room", "src", "st")

    def __init__(
        self, src: bytes, dst: bytes, st: Stat, listing: list[Dirent], *, fresh: bool
    ) -> None:
        self.src = src
        self.dst = dst
        self.st = st
        self.room = room(listing)
        self.entries = sorted(listing, key=lambda entry: entry.ino, reverse=True)
        self.fresh = fresh
        self.omitted = 0
        self.restore: int | None = None
        self.ok = True


class Copier(FileCopier):
    """One run of cp, mv or install."""

    def __init__(self, tool: Tool, opts: CopyOptions, umask: int) -> None:
        super().__init__(tool, opts, umask)
        self.many = False
        """More than one source: then nothing just made is overwritten, nor copied twice."""
        self.into_self = False
        self.renamed = False
        self._copied: dict[Inode, bytes] = {}
        self._made: set[tuple[bytes, Inode]] = set()
        self._sources: dict[Inode, bytes] = {}
        self._top = (b"", b"")
        self._made_top = False

    async def copy(self, src: bytes, dst: bytes, *, fresh: bool = False) -> bool:
        """Copy (or move) one operand to ``dst``; ``fresh`` when that is known not to exist.

        Afterwards ``renamed`` tells whether a move is complete, ``into_self`` whether a directory
        would have gone into itself.
        """
        self.into_self = self.renamed = False
        self._top = (src, dst)
        self._made_top = False
        found = await self._file(src, dst, fresh, None)
        if isinstance(found, bool):
            return found
        levels = [found]
        while True:
            level = levels[-1]
            await self.sys.compute(10)
            if level.entries:
                name = level.entries.pop().name
                below = await self._file(
                    join(level.src, name), join(level.dst, name), level.fresh, levels
                )
                if isinstance(below, _Level):
                    levels.append(below)
                else:
                    level.ok &= below
                if self.into_self:
                    for level in levels:
                        level.entries.clear()
                continue
            self.tool.release(level.room)
            levels.pop()
            ok = await self._finish_directory(level) and level.ok
            if not levels:
                return ok
            levels[-1].ok &= ok

    # -- one file ------------------------------------------------------------------------------

    async def _file(
        self, src: bytes, dst: bytes, fresh: bool, levels: list[_Level] | None
    ) -> bool | _Level:
        """Copy one file, or make a directory and return it with what is to be copied into it."""
        opts, sys = self.opts, self.sys
        top = levels is None
        renaming: OSError | None = None
        moved = False
        if opts.move:
            moved, renaming = await self._rename_to_new(src, dst)
            if moved:
                fresh = True
        try:
            name = dst if moved else src
            st = await (sys.stat(name) if opts.follow == "always" else self._source_stat(name, top))
        except OSError as err:
            return await self.warn(b"cannot stat " + quoteaf(src), err)
        mode = st.mode
        if is_dir(mode) and not opts.recursive:
            text = b"omitting directory "
            if opts.set_mode is None:
                text = b"-r not specified; " + text
            return await self.warn(text + quoteaf(src))
        once = top and self.many and not is_dir(mode) and opts.backups is None
        if once and await self._is_given_twice(src, (st.dev, st.ino)):
            text = b"source file " + quoteaf(src) + b" specified more than once"
            await self.tool.warn(b"warning: " + text, status=0)
            return True
        old: Stat | None = None
        backup: bytes | None = None
        if not (fresh and (moved or not top or self._written_through(mode))):
            try:
                old = await self._destination_stat(dst, mode)
            except OSError as err:
                if not (err.errno == Errno.ELOOP and opts.force):
                    return await self.warn(b"cannot stat " + quoteaf(dst), err)
            if old is not None:
                verdict = await self._may_replace(src, st, dst, old, top=top)
                if verdict is not None:
                    return verdict
                if opts.backups is not None and _wants_backup(src, old, opts):
                    try:
                        backup = await opts.backups.move_aside(self.tool, dst)
                    except OSError as err:
                        return await self.warn(b"cannot backup " + quoteaf(dst), err)
                    old = None
                elif await self._removes_first(st, old):
                    try:
                        await sys.unlink(dst)
                    except OSError as err:
                        if err.errno != Errno.ENOENT:
                            return await self.warn(b"cannot remove " + quoteaf(dst), err)
                    old = None
                    if opts.verbose:
                        await self.tool.line(b"removed " + quoteaf(dst))
        into_new = top and self.many and not opts.move and opts.backups is None
        if into_new and await self._is_new_link(dst):
            text = b"will not copy " + quoteaf(src) + b" through just-created symlink "
            return await self.warn(text + quoteaf(dst))
        if opts.verbose and not opts.move and not is_dir(mode):
            await self._announce(b"", src, dst, backup)
        if not moved:
            done = await self._link_to_earlier(src, st, dst, top=top)
            if done is not None:
                return done
        if opts.move:
            if renaming is not None:
                renaming = await self._rename(src, dst)
            if renaming is None:
                if opts.verbose:
                    await self._announce(b"renamed ", src, dst, backup)
                self.renamed = True
                if top and self.many:
                    await self._remember(self._made, (dst, (st.dev, st.ino)))
                return True
            trouble = await self._crosses_file_systems(src, st, dst, renaming)
            if trouble is not None:
                return trouble
            if opts.verbose and not is_dir(mode):
                await self._announce(b"copied ", src, dst, backup)
            old = None
        if is_dir(mode):
            return await self._directory(src, st, dst, old, levels)
        ok = await self._contents(src, st, dst, old, top=top)
        if not ok and backup is not None:
            await self._undo(dst, backup)
        if ok and top and self.many:
            await self._record(dst)
        return ok

    async def _source_stat(self, src: bytes, top: bool) -> Stat:
        if self.opts.follow == "command-line" and top:
            return await self.sys.stat(src)
        return await self.sys.lstat(src)

    async def _destination_stat(self, dst: bytes, mode: int) -> Stat | None:
        """The existing destination; what is written through a link is looked at through it."""
        try:
            if self._written_through(mode):
                return await self.sys.stat(dst)
            return await self.sys.lstat(dst)
        except OSError as err:
            if err.errno == Errno.ENOENT:
                return None
            raise

    def _written_through(self, mode: int) -> bool:
        """Whether a source of this mode is copied into a file that a link leads to."""
        opts = self.opts
        regular = mode & S_IFMT == S_IFREG
        plain = regular or (opts.copy_contents and not is_dir(mode) and not is_link(mode))
        return plain and not (
            opts.move
            or opts.symbolic_link
            or opts.hard_link
            or opts.backups is not None
            or opts.remove_destination
        )

    async def _may_replace(
        self, src: bytes, st: Stat, dst: bytes, old: Stat, *, top: bool
    ) -> bool | None:
        """None to go on; the result when there is nothing (more) to do."""
        opts = self.opts
        done = False
        if opts.interactive != "no":
            ok, done = await same_file_ok(self.sys, src, st, dst, old, opts)
            if not ok:
                text = quoteaf(src) + b" and " + quoteaf(dst) + b" are the same file"
                return await self.warn(text)
        if opts.update and not is_dir(st.mode) and old.mtime >= st.mtime:
            self.renamed = True
            return True
        if opts.move:
            if await self._declines_move(dst, old):
                self.renamed = True
                return True
        elif not is_dir(st.mode) and (
            opts.interactive == "no"
            or (opts.interactive == "ask" and not await self._agrees(dst, old))
        ):
            return True
        if done:
            return True
        backed_up = opts.move and opts.backups is not None
        if not is_dir(old.mode):
            if is_dir(st.mode) and not backed_up:
                text = b"cannot overwrite non-directory " + quoteaf(dst) + b" with directory "
                return await self.warn(text + quoteaf(src))
            numbered = opts.backups is not None and opts.backups.how == "numbered"
            if top and not numbered and (dst, (old.dev, old.ino)) in self._made:
                text = b"will not overwrite just-created " + quoteaf(dst) + b" with "
                return await self.warn(text + quoteaf(src))
        elif not is_dir(st.mode) and not backed_up:
            text = b"cannot overwrite directory " + quoteaf(dst) + b" with non-directory"
            return await self.warn(text)
        return None

    async def _removes_first(self, st: Stat, old: Stat) -> bool:
        opts = self.opts
        if is_dir(old.mode) or opts.move:
            return False
        if opts.remove_destination:
            return True
        shared = opts.preserve_links and old.nlink > 1
        special = opts.follow == "never" and st.mode & S_IFMT != S_IFREG
        return not opts.attributes_only and (shared or special)

    async def _declines_move(self, dst: bytes, old: Stat) -> bool:
        opts = self.opts
        if opts.interactive == "no":
            return True
        asks = opts.interactive == "ask" or (
            opts.interactive == "" and opts.at_terminal and not await self._is_writable(dst, old)
        )
        return asks and not await self._agrees(dst, old)

    async def _is_writable(self, dst: bytes, old: Stat) -> bool:
        if is_link(old.mode):
            return True
        try:
            await self.sys.eaccess(dst, W_OK)
        except OSError:
            return False
        return True

    async def _agrees(self, dst: bytes, old: Stat) -> bool:
        """Ask whether ``dst`` may be overwritten."""
        opts = self.opts
        if await self._is_writable(dst, old):
            return await self.tool.confirm(b"overwrite " + quoteaf(dst) + b"? ")
        mode, letters = old.mode & 0o7777, render(old.mode)[1:]
        if opts.move or opts.remove_destination or opts.force:
            text = b"replace %s, overriding mode %04o (%s)? "
        else:
            text = b"unwritable %s (mode %04o, %s); try anyway? "
        return await self.tool.confirm(text % (quoteaf(dst), mode, letters))

    async def _announce(
        self, what: bytes, src: bytes, dst: bytes, backup: bytes | None = None
    ) -> None:
        text = what + quoteaf(src) + b" -> " + quoteaf(dst)
        if backup is not None:
            text += b" (backup: " + quoteaf(backup) + b")"
        await self.tool.line(text)

    async def _undo(self, dst: bytes, backup: bytes) -> None:
        try:
            await self.sys.rename(backup, dst)
        except OSError as err:
            await self.warn(b"cannot un-backup " + quoteaf(dst), err)
            return
        if self.opts.verbose:
            await self.tool.line(quoteaf(backup) + b" -> " + quoteaf(dst) + b" (unbackup)")

    # -- what was copied before ----------------------------------------------------------------

    async def _remember(self, where: set[tuple[bytes, Inode]], key: tuple[bytes, Inode]) -> None:
        if key not in where:
            await self.tool.retain(SEEN_SIZE + len(key[0]))
            where.add(key)

    async def _is_given_twice(self, src: bytes, inode: Inode) -> bool:
        earlier = self._sources.get(inode)
        if earlier is not None and await same_entry(self.sys, earlier, src):
            return True
        await self.tool.retain(SEEN_SIZE + len(src))
        self._sources[inode] = src
        return False

    async def _record(self, dst: bytes) -> None:
        try:
            st = await self.sys.lstat(dst)
        except OSError:
            return
        await self._remember(self._made, (dst, (st.dev, st.ino)))

    async def _is_new_link(self, dst: bytes) -> bool:
        if not self._made:
            return False
        try:
            st = await self.sys.lstat(dst)
        except OSError:
            return False
        return is_link(st.mode) and (dst, (st.dev, st.ino)) in self._made

    async def _copied_to(self, key: Inode, dst: bytes, *, look: bool = False) -> bytes | None:
        """Where the inode went before; if nowhere, remember that it goes to ``dst``."""
        earlier = self._copied.get(key)
        if earlier is None and not look:
            await self.tool.retain(SEEN_SIZE + len(dst))
            self._copied[key] = dst
        return earlier

    async def _link_to_earlier(self, src: bytes, st: Stat, dst: bytes, *, top: bool) -> bool | None:
        """Link to an earlier copy of the same inode; None if there is none."""
        opts = self.opts
        key = (st.dev, st.ino)
        followed = opts.follow == "always" or (top and opts.follow == "command-line")
        if opts.recursive and is_dir(st.mode):
            earlier = await self._copied_to(key, dst, look=not top)
        elif opts.move and st.nlink == 1:
            earlier = self._copied.get(key)
        elif opts.preserve_links and not opts.hard_link and (st.nlink > 1 or followed):
            earlier = await self._copied_to(key, dst)
        else:
            return None
        if earlier is None:
            return None
        if not is_dir(st.mode):
            return await self._hard_link(earlier, dst, replace=True, verbose=opts.verbose)
        if await same_entry(self.sys, src, earlier):
            top_src, top_dst = self._top
            text = b"cannot copy a directory, " + quoteaf(top_src) + b", into itself, "
            self.into_self = True
            return await self.warn(text + quoteaf(top_dst))
        if await same_entry(self.sys, dst, earlier):
            text = b"warning: source directory " + quoteaf(self._top[0])
            await self.tool.warn(text + b" specified more than once", status=0)
            return True
        if followed:
            return None
        text = b"will not create hard link " + quoteaf(dst) + b" to directory " + quoteaf(earlier)
        return await self.warn(text)

    # -- moving --------------------------------------------------------------------------------

    async def _rename_to_new(self, src: bytes, dst: bytes) -> tuple[bool, OSError | None]:
        """Rename to a name that is free; else why not (EEXIST when it is taken)."""
        try:
            await self.sys.lstat(dst)
        except OSError as err:
            if err.errno != Errno.ENOENT:
                return False, err
        else:
            return False, OSError(int(Errno.EEXIST), "")
        failure = await self._rename(src, dst)
        return failure is None, failure

    async def _rename(self, src: bytes, dst: bytes) -> OSError | None:
        try:
            await self.sys.rename(src, dst)
        except OSError as err:
            return err
        return None

    async def _crosses_file_systems(
        self, src: bytes, st: Stat, dst: bytes, err: OSError
    ) -> bool | None:
        """After a failed rename: None when copying can do it, else the result."""
        top_src, top_dst = self._top
        if err.errno == Errno.EINVAL:
            text = b"cannot move " + quoteaf(top_src) + b" to a subdirectory of itself, "
            await self.warn(text + quoteaf(top_dst))
            self.into_self = True
            return True
        if err.errno != Errno.EXDEV:
            return await self.warn(b"cannot move " + quoteaf(src) + b" to " + quoteaf(dst), err)
        try:
            if is_dir(st.mode):
                await self.sys.rmdir(dst)
            else:
                await self.sys.unlink(dst)
        except OSError as gone:
            if gone.errno != Errno.ENOENT:
                text = b"inter-device move failed: " + quoteaf(src) + b" to " + quoteaf(dst)
                return await self.warn(text + b"; unable to remove target", gone)
        return None

    # -- directories ---------------------------------------------------------------------------

    async def _directory(
        self, src: bytes, st: Stat, dst: bytes, old: Stat | None, levels: list[_Level] | None
    ) -> bool | _Level:
        opts, sys = self.opts, self.sys
        above = levels or []
        if any((level.st.dev, level.st.ino) == (st.dev, st.ino) for level in above):
            return await self.warn(b"cannot copy cyclic symbolic link " + quoteaf(src))
        wanted = (st.mode if opts.set_mode is None else opts.set_mode) & 0o7777
        omitted = wanted & (0o077 if opts.preserve_ownership else 0o022)
        restore: int | None = None
        fresh = old is None or not is_dir(old.mode)
        if fresh:
            try:
                await sys.mkdir(dst, wanted & ~omitted)
                made = await sys.lstat(dst)
            except OSError as err:
                return await self.warn(b"cannot create directory " + quoteaf(dst), err)
            if made.mode & 0o700 != 0o700:
                restore = made.mode & 0o7777
                try:
                    await sys.chmod(dst, made.mode & 0o7777 | 0o700)
                except OSError as err:
                    return await self.warn(b"setting permissions for " + quoteaf(dst), err)
            if not self._made_top:
                self._made_top = True
                await self._copied_to((made.dev, made.ino), dst)
            if opts.verbose:
                if opts.move:
                    await self.tool.line(b"created directory " + quoteaf(dst))
                else:
                    await self._announce(b"", src, dst)
        else:
            omitted = 0
        listing: list[Dirent] = []
        ok = True
        if not (opts.one_file_system and above and above[0].st.dev != st.dev):
            try:
                listing = await entries(self.tool, src)
            except OSError as err:
                ok = await self.warn(b"cannot access " + quoteaf(src), err)
        level = _Level(src, dst, st, listing, fresh=fresh)
        level.omitted, level.restore, level.ok = omitted, restore, ok
        return level

    async def _finish_directory(self, level: _Level) -> bool:
        """Attributes come last: making files in it changed the times and wanted permissions."""
        fresh = None if level.fresh else level.st
        if len(self._made) or self.many:
            await self._record(level.dst)
        return await self._attributes(
            level.st, level.dst, fresh, omitted=level.omitted, restore=level.restore
        )


def _wants_backup(src: bytes, old: Stat, opts: CopyOptions) -> bool:
    base = src.rstrip(b"/").rpartition(b"/")[2]
    return base not in (b".", b"..") and (opts.move or not is_dir(old.mode))

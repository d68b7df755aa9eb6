"""Copying what is in one file, and its attributes; :mod:`copying` decides whether and where."""

from contextlib import suppress
from dataclasses import dataclass

from minios.abi.errno import Errno
from minios.abi.flags import (
    O_CREAT,
    O_EXCL,
    O_NOFOLLOW,
    O_RDONLY,
    O_TRUNC,
    O_WRONLY,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    SEEK_CUR,
)
from minios.abi.records import Stat
from minios.userland.lib.backups import Backups
from minios.userland.lib.canonical import canonicalize
from minios.userland.lib.program import Tool
from minios.userland.lib.quoting import quoteaf, quotef

BLOCK = 16384


def is_dir(mode: int) -> bool:
    return mode & S_IFMT == S_IFDIR


def is_link(mode: int) -> bool:
    return mode & S_IFMT == S_IFLNK


@dataclass(slots=True)
class CopyOptions:
    """What to do, in the words of cp's manual."""

    follow: str = "always"
    """Symbolic links in the source: ``always``, ``command-line`` or ``never``."""
    recursive: bool = False
    move: bool = False
    hard_link: bool = False
    symbolic_link: bool = False
    force: bool = False
    """Remove a destination that cannot be opened."""
    remove_destination: bool = False
    interactive: str = ""
    """``yes`` (-f of mv), ``no`` (-n), ``ask`` (-i), or mv's default: ask at a terminal."""
    at_terminal: bool = False
    update: bool = False
    verbose: bool = False
    backups: Backups | None = None
    preserve_mode: bool = False
    preserve_ownership: bool = False
    preserve_times: bool = False
    preserve_links: bool = False
    default_mode: bool = False
    """--no-preserve=mode: new files get what the umask leaves."""
    require: bool = False
    """Attributes that cannot be preserved are a failure (-p)."""
    attributes_only: bool = False
    one_file_system: bool = False
    set_mode: int | None = None
    copy_contents: bool = False
    sparse: str = "auto"
    privileged: bool = False


class FileCopier:
    """Copies everything but directories, as the options say."""

    def __init__(self, tool: Tool, opts: CopyOptions, umask: int) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.opts = opts
        self.umask = umask

    async def warn(self, text: bytes, err: OSError | None = None) -> bool:
        """Complain; False, for returning it."""
        await self.tool.warn(text, err)
        return False

    async def _hard_link(self, old: bytes, dst: bytes, *, replace: bool, verbose: bool) -> bool:
        try:
            try:
                await self.sys.link(old, dst)
            except OSError as err:
                if not replace or err.errno != Errno.EEXIST:
                    raise
                await self.sys.unlink(dst)
                if verbose:
                    await self.tool.line(b"removed " + quoteaf(dst))
                await self.sys.link(old, dst)
        except OSError as err:
            text = b"cannot create hard link " + quoteaf(dst) + b" to " + quoteaf(old)
            return await self.warn(text, err)
        return True

    # -- contents ------------------------------------------------------------------------------

    async def _contents(
        self, src: bytes, st: Stat, dst: bytes, old: Stat | None, *, top: bool
    ) -> bool:
        """Everything but a directory."""
        opts, sys = self.opts, self.sys
        kind = st.mode & S_IFMT
        if opts.symbolic_link:
            return await self._symbolic_link_to_source(src, dst)
        if opts.hard_link:
            replace = opts.force or opts.interactive == "ask"
            source = src
            if is_link(st.mode) is False and opts.follow != "never":
                source = await self._resolved(src)
            return await self._hard_link(source, dst, replace=replace, verbose=False)
        if kind == S_IFREG or (opts.copy_contents and kind != S_IFLNK):
            return await self._regular(src, st, dst, old, top=top)
        if kind == S_IFIFO:
            wanted = (st.mode if opts.set_mode is None else opts.set_mode) & 0o777
            omitted = wanted & 0o077 if opts.preserve_ownership else 0
            try:
                await sys.mkfifo(dst, wanted & ~omitted)
            except OSError as err:
                return await self.warn(b"cannot create fifo " + quoteaf(dst), err)
            return await self._attributes(st, dst, old, omitted=omitted)
        if kind == S_IFLNK:
            return await self._copy_link(src, st, dst)
        denied = OSError(int(Errno.EPERM), "")
        return await self.warn(b"cannot create special file " + quoteaf(dst), denied)

    async def _resolved(self, src: bytes) -> bytes:
        """What a hard link to a followed symbolic link is made to."""
        try:
            if is_link((await self.sys.lstat(src)).mode):
                return await canonicalize(self.sys, src)
        except OSError:
            pass
        return src

    async def _symbolic_link_to_source(self, src: bytes, dst: bytes) -> bool:
        if not src.startswith(b"/") and not await self._is_here(dst):
            text = b": can make relative symbolic links only in current directory"
            return await self.warn(quotef(dst) + text)
        failure = await self._force_symlink(src, dst)
        if failure is not None:
            text = b"cannot create symbolic link " + quoteaf(dst) + b" to " + quoteaf(src)
            return await self.warn(text, failure)
        return True

    async def _is_here(self, dst: bytes) -> bool:
        """Whether ``dst`` is a name in the current directory."""
        directory, slash, _ = dst.rstrip(b"/").rpartition(b"/")
        if not slash or directory == b".":
            return True
        try:
            here = await self.sys.stat(b".")
            there = await self.sys.stat(directory or b"/")
        except OSError:
            return True
        return (here.dev, here.ino) == (there.dev, there.ino)

    async def _force_symlink(self, target: bytes, dst: bytes) -> OSError | None:
        try:
            await self.sys.symlink(target, dst)
        except OSError as err:
            if err.errno != Errno.EEXIST or not self.opts.force:
                return err
            try:
                await self.sys.unlink(dst)
                await self.sys.symlink(target, dst)
            except OSError as again:
                return again
        return None

    async def _copy_link(self, src: bytes, st: Stat, dst: bytes) -> bool:
        opts, sys = self.opts, self.sys
        try:
            target = await sys.readlink(src)
        except OSError as err:
            return await self.warn(b"cannot read symbolic link " + quoteaf(src), err)
        failure = await self._force_symlink(target, dst)
        if failure is not None:
            return await self.warn(b"cannot create symbolic link " + quoteaf(dst), failure)
        if opts.preserve_ownership:
            try:
                await sys.lchown(dst, st.uid, st.gid)
            except OSError as err:
                if opts.privileged or err.errno not in (Errno.EPERM, Errno.EINVAL):
                    text = b"failed to preserve ownership for " + quoteaf(dst)
                    await self.warn(text, err)
                    if opts.require:
                        return False
        if opts.preserve_times:
            try:
                await sys.utimens(dst, st.atime, st.mtime, follow=False)
            except OSError as err:
                await self.warn(b"preserving times for " + quoteaf(dst), err)
                return not opts.require
        return True

    async def _regular(
        self, src: bytes, st: Stat, dst: bytes, old: Stat | None, *, top: bool
    ) -> bool:
        opts, sys = self.opts, self.sys
        nofollow = O_NOFOLLOW if opts.follow == "never" else 0
        try:
            source = await sys.open(src, O_RDONLY | nofollow)
        except OSError as err:
            return await self.warn(b"cannot open " + quoteaf(src) + b" for reading", err)
        wanted = (st.mode if opts.set_mode is None else opts.set_mode) & 0o777
        omitted = wanted & 0o077 if opts.preserve_ownership else 0
        target = -1
        failure: OSError | None = None
        if old is not None:
            truncate = 0 if opts.attributes_only else O_TRUNC
            try:
                target = await sys.open(dst, O_WRONLY | truncate)
            except OSError as err:
                failure = err
                if err.errno != Errno.ENOENT and opts.force:
                    try:
                        await sys.unlink(dst)
                    except OSError as gone:
                        if gone.errno != Errno.ENOENT:
                            await self.warn(b"cannot remove " + quoteaf(dst), gone)
                            await sys.close(source)
                            return False
                    else:
                        if opts.verbose:
                            await self.tool.line(b"removed " + quoteaf(dst))
                    old = None
                elif err.errno == Errno.ENOENT:
                    old = None
        if old is None:
            failure = None
            try:
                target = await sys.open(dst, O_WRONLY | O_CREAT | O_EXCL, wanted & ~omitted)
            except OSError as err:
                failure = err
                if err.errno == Errno.EEXIST and not opts.move and await self._dangles(dst):
                    await self.warn(b"not writing through dangling symlink " + quoteaf(dst))
                    await sys.close(source)
                    return False
                if err.errno == Errno.EISDIR and dst.endswith(b"/"):
                    failure = OSError(int(Errno.ENOTDIR), "")
        else:
            omitted = 0
        if failure is not None:
            await sys.close(source)
            return await self.warn(b"cannot create regular file " + quoteaf(dst), failure)
        ok = True
        if not opts.attributes_only:
            ok = await self._data(src, st, dst, source, target)
        await sys.close(target)
        await sys.close(source)
        if not ok:
            return False
        return await self._attributes(st, dst, old, omitted=omitted, regular=True)

    async def _dangles(self, dst: bytes) -> bool:
        try:
            return is_link((await self.sys.lstat(dst)).mode)
        except OSError:
            return False

    async def _data(self, src: bytes, st: Stat, dst: bytes, source: int, target: int) -> bool:
        """Copy the bytes; a file with holes keeps them."""
        sys = self.sys
        regular = st.mode & S_IFMT == S_IFREG
        holes = self.opts.sparse == "always" or (
            self.opts.sparse == "auto" and regular and st.blocks * 512 < st.size
        )
        at_hole = False
        size = 0
        while True:
            try:
                data = await sys.read(source, BLOCK)
            except OSError as err:
                return await self.warn(b"error reading " + quoteaf(src), err)
            if not data:
                break
            size += len(data)
            try:
                at_hole = holes and not data.strip(b"\0")
                if at_hole:
                    await sys.lseek(target, len(data), SEEK_CUR)
                    continue
                while data:
                    data = data[await sys.write(target, data) :]
            except OSError as err:
                return await self.warn(b"error writing " + quoteaf(dst), err)
        if at_hole:
            try:
                await sys.ftruncate(target, size)
            except OSError as err:
                return await self.warn(b"failed to extend " + quoteaf(dst), err)
        return True

    # -- attributes ----------------------------------------------------------------------------

    async def _attributes(
        self,
        st: Stat,
        dst: bytes,
        old: Stat | None,
        *,
        omitted: int,
        restore: int | None = None,
        regular: bool = False,
    ) -> bool:
        """Owner, permissions and times as asked for; ``old`` is None if ``dst`` is new."""
        opts, sys = self.opts, self.sys
        mode = st.mode & 0o7777
        if opts.preserve_ownership and (old is None or (old.uid, old.gid) != (st.uid, st.gid)):
            kept = await self._owner(st, dst)
            if kept is None:
                return False
            if not kept:
                mode &= 0o777
        failure: OSError | None = None
        try:
            if opts.preserve_mode or opts.move:
                await sys.chmod(dst, mode)
            elif opts.set_mode is not None:
                await sys.chmod(dst, opts.set_mode)
            elif opts.default_mode and old is None:
                default = 0o777 if is_dir(st.mode) else 0o666
                await sys.chmod(dst, default & ~self.umask)
            else:
                missing = omitted & ~self.umask
                if missing and restore is None:
                    now = (await sys.lstat(dst)).mode & 0o7777
                    restore = now if missing & ~now else None
                if restore is not None:
                    await sys.chmod(dst, restore | missing)
        except OSError as err:
            failure = err
        if failure is not None:
            await self.warn(b"preserving permissions for " + quoteaf(dst), failure)
            if opts.require:
                return False
        if opts.preserve_times:
            try:
                await sys.utimens(dst, st.atime, st.mtime)
            except OSError as err:
                await self.warn(b"preserving times for " + quoteaf(dst), err)
                return not opts.require
        return True

    async def _owner(self, st: Stat, dst: bytes) -> bool | None:
        """True when owner and group are the source's, False when they need not be, else None."""
        sys = self.sys
        try:
            await sys.chown(dst, st.uid, st.gid)
            return True
        except OSError as err:
            failure = err
        if failure.errno in (Errno.EPERM, Errno.EINVAL) and not self.opts.privileged:
            with suppress(OSError):
                await sys.chown(dst, -1, st.gid)
            return False
        await self.warn(b"failed to preserve ownership for " + quoteaf(dst), failure)
        return None if self.opts.require else False

"""rm(1), rmdir(1) and unlink(1)."""

from minios.abi.errno import Errno
from minios.abi.flags import S_IFDIR, S_IFLNK, S_IFMT, W_OK
from minios.abi.records import Stat
from minios.userland.lib.arguments import choose
from minios.userland.lib.filetype import file_type
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import needs_quotes, quote, quoteaf, quotef
from minios.userland.lib.stdio import complain
from minios.userland.lib.walk import Event, Visit, Walk, entries, room

RM_USAGE = """
Usage: rm [OPTION]... [FILE]...
Remove files; directories only when asked to.
  -r, -R    remove directories and all in them
  -d        remove empty directories
  -f        no questions, and no complaint about what does not exist
  -i        ask before each removal
  -I        ask once before removing more than three files, or recursively
  -v        say what is done
"""

_WHEN = ((b"never", b"no", b"none"), (b"once",), (b"always", b"yes"))
_NOT_ANY_MORE = frozenset((Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.ENAMETOOLONG))
_EMPTINESS = frozenset((Errno.ENOTEMPTY, Errno.EISDIR, Errno.ENOTDIR, Errno.EEXIST))


async def _advise(tool: Tool) -> None:
    """How to name a file that looks like an option."""
    for arg in tool.argv[1:]:
        if arg[:1] == b"-" and len(arg) > 1:
            try:
                await tool.sys.lstat(arg)
            except OSError:
                continue
            text = b"Try '%s ./%s' to remove the file %s."
            shown = quotef(arg) if needs_quotes(arg) else arg
            await complain(tool.sys, text % (tool.name, shown, quoteaf(arg)))
            return


@program(
    RM_USAGE,
    "dfirvIR",
    ("force=f", "interactive::", "one-file-system", "no-preserve-root", "preserve-root::",
     "presume-input-tty", "recursive=r", "dir=d", "verbose=v"),
    advise=_advise,
)  # fmt: skip
async def rm(tool: Tool) -> int:
    """Remove directory entries."""
    removal = Removal(tool)
    once = False
    for flag, value in tool.options.flags:
        match flag:
            case "f":
                removal.force, removal.ask, once = True, "never", False
            case "i":
                removal.force, removal.ask, once = False, "always", False
            case "I":
                removal.force, removal.ask, once = False, "protected", True
            case "interactive":
                when = "always"
                if value is not None:
                    when = await choose(tool, "--interactive", value, _WHEN)
                removal.ask = "protected" if when == "once" else when
                once = when == "once"
                if when != "never":
                    removal.force = False
            case "r" | "R":
                removal.recursive = True
            case "d":
                removal.directories = True
            case "v":
                removal.verbose = True
            case "no-preserve-root":
                removal.preserve_root = False
    if not tool.operands:
        if removal.force:
            return 0
        raise Failure(b"missing operand", hint=True)
    removal.at_terminal = await tool.sys.isatty(0)
    if once and (removal.recursive or len(tool.operands) > 3):
        count = len(tool.operands)
        question = b"remove %d argument%s%s? " % (
            count,
            b"s" if count != 1 else b"",
            b" recursively" if removal.recursive else b"",
        )
        if not await tool.confirm(question):
            return 0
    for operand in tool.operands:
        await removal.remove(operand)
    return tool.status


class Removal:
    """What rm was told, and how it goes about a tree. mv removes what it copied with it, too."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.ask = "protected"
        """``never``, ``protected`` (what may not be written, at a terminal) or ``always``."""
        self.force = False
        self.recursive = False
        self.directories = False
        self.verbose = False
        self.preserve_root = True
        self.at_terminal = False
        self._kept: set[int] = set()
        """Depths at which something stays, so that the directories above it stay as well."""

    async def remove(self, operand: bytes) -> bool:
        """Remove a file or a tree; whether all of it could be, or was declined."""
        walk = Walk(self.tool, operand)
        self._kept.clear()
        ok = True
        while (visit := await walk.next()) is not None:
            await self.tool.sys.compute(10)
            match visit.event:
                case Event.ENTER:
                    done = await self._enter(visit, walk)
                case Event.CYCLE:
                    continue
                case _:
                    done = await self._finish(visit)
            if done is False:
                ok = False
            if done is False or (done is None and visit.event is Event.ENTER):
                self._keep(visit)
        return ok

    def _keep(self, visit: Visit) -> None:
        self._kept.update(range(visit.depth))

    async def _complain(self, visit: Visit, err: OSError) -> bool:
        await self.tool.warn(b"cannot remove " + quoteaf(visit.path), err)
        return False

    async def _enter(self, visit: Visit, walk: Walk) -> bool | None:
        """Go into a directory (True), leave it as told (None) or as it must be (False)."""
        self._kept.discard(visit.depth)
        is_empty = await self._is_empty(visit)
        if not self.recursive and not (self.directories and is_empty):
            walk.skip()
            number = Errno.ENOTEMPTY if self.directories else Errno.EISDIR
            return await self._complain(visit, OSError(int(number), ""))
        if visit.depth == 0 and not await self._is_allowed(visit):
            walk.skip()
            return False
        answer = await self._prompt(visit, directory=True, descend=not is_empty)
        if not answer:
            walk.skip()
            return None if answer is None else False
        if self._asked and is_empty:
            walk.skip()
            return await self._unlink(visit, directory=True)
        return True

    async def _is_allowed(self, visit: Visit) -> bool:
        name = visit.path.rstrip(b"/").rpartition(b"/")[2]
        if name in (b".", b".."):
            text = b"refusing to remove '.' or '..' directory: skipping " + quoteaf(visit.path)
            await self.tool.warn(text)
            return False
        if self.preserve_root and self.recursive:
            root = await self.tool.sys.lstat(b"/")
            st = await visit.stat(self.tool.sys)
            if (st.dev, st.ino) == (root.dev, root.ino):
                await warn_about_root(self.tool, visit.path, b"use")
                return False
        return True

    async def _finish(self, visit: Visit) -> bool | None:
        directory = visit.event in (Event.LEAVE, Event.UNREADABLE)
        if directory and visit.depth in self._kept:
            return None
        answer = await self._prompt(visit, directory=directory, descend=False)
        if not answer:
            return answer if answer is None else False
        return await self._unlink(visit, directory=directory)

    async def _unlink(self, visit: Visit, *, directory: bool) -> bool:
        sys = self.tool.sys
        try:
            if directory:
                await sys.rmdir(visit.path)
            else:
                await sys.unlink(visit.path)
        except OSError as err:
            if self.force and err.errno in _NOT_ANY_MORE:
                return True
            if visit.error is not None and directory and err.errno in _EMPTINESS:
                err = visit.error
            return await self._complain(visit, err)
        if self.verbose:
            kind = b"removed directory " if directory else b"removed "
            await self.tool.line(kind + quoteaf(visit.path))
        return True

    _asked = False

    async def _prompt(self, visit: Visit, *, directory: bool, descend: bool) -> bool | None:
        """Ask where that is due: True to go on, None when declined, False after a complaint."""
        self._asked = False
        if self.ask == "never":
            return True
        sys = self.tool.sys
        always = self.ask == "always"
        protected = False
        if not self.force and (always or self.at_terminal) and visit.type != S_IFLNK:
            try:
                await sys.eaccess(visit.path, W_OK)
            except OSError as err:
                if err.errno != Errno.EACCES:
                    return await self._complain(visit, err)
                protected = True
        if not protected and not always:
            return True
        if visit.type == S_IFLNK and not always:
            return True
        guard = b"write-protected " if protected else b""
        name = quoteaf(visit.path)
        if directory and descend:
            question = b"descend into " + guard + b"directory " + name + b"? "
        else:
            try:
                st = await visit.stat(sys)
            except OSError as err:
                return await self._complain(visit, err)
            question = b"remove " + guard + file_type(st) + b" " + name + b"? "
        self._asked = True
        return True if await self.tool.confirm(question) else None

    async def _is_empty(self, visit: Visit) -> bool:
        """Whether a directory is known to have nothing in it."""
        if self.recursive and self.ask == "never":
            return False
        try:
            listing = await entries(self.tool, visit.path, nofollow=True)
        except OSError:
            return False
        self.tool.release(room(listing))
        return not listing


async def warn_about_root(tool: Tool, path: bytes, use: bytes) -> None:
    """What chmod, chown and rm say before they would go through all of ``/``."""
    if path == b"/":
        await tool.warn(b"it is dangerous to operate recursively on '/'")
    else:
        text = b"it is dangerous to operate recursively on " + quoteaf(path) + b" (same as '/')"
        await tool.warn(text)
    await tool.warn(use + b" --no-preserve-root to override this failsafe")


RMDIR_USAGE = """
Usage: rmdir [OPTION]... DIRECTORY...
Remove empty directories.
  -p        and their parents: rmdir -p a/b is like rmdir a/b a
  -v        say what is done
  --ignore-fail-on-non-empty
"""


@program(
    RMDIR_USAGE,
    "pv",
    ("ignore-fail-on-non-empty", "path=p", "parents=p", "verbose=v"),
)
async def rmdir(tool: Tool) -> int:
    """Remove empty directories."""
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    lenient = "ignore-fail-on-non-empty" in tool.options
    for operand in tool.operands:
        path, failed = operand, b"failed to remove "
        while True:
            if "v" in tool.options:
                await tool.line(tool.name + b": removing directory, " + quoteaf(path))
            try:
                await tool.sys.rmdir(path)
            except OSError as err:
                if lenient and await _is_populated(tool, path, err):
                    break
                if path is not operand and err.errno != Errno.ENOTDIR:
                    failed = b"failed to remove directory "
                if path is operand and await _is_link_to_directory(tool, path, err):
                    await tool.warn(failed + quoteaf(path) + b": Symbolic link not followed")
                else:
                    await tool.warn(failed + quoteaf(path), err)
                break
            parent, slash, _ = path.rstrip(b"/").rpartition(b"/")
            if "p" not in tool.options or not slash:
                break
            path = parent.rstrip(b"/") or b"/"
    return tool.status


async def _is_populated(tool: Tool, path: bytes, err: OSError) -> bool:
    if err.errno in (Errno.ENOTEMPTY, Errno.EEXIST):
        return True
    if err.errno not in (Errno.EACCES, Errno.EPERM, Errno.EROFS, Errno.EBUSY):
        return False
    try:
        listing = await entries(tool, path)
    except OSError:
        return False
    tool.release(room(listing))
    return bool(listing)


async def _is_link_to_directory(tool: Tool, path: bytes, err: OSError) -> bool:
    """Whether ``link/`` is why rmdir says ENOTDIR."""
    if err.errno != Errno.ENOTDIR or not path.endswith(b"/"):
        return False
    try:
        st: Stat | None = await tool.sys.stat(path)
    except OSError as other:
        if other.errno == Errno.ENOTDIR:
            return False
        st = None
    if st is not None and st.mode & S_IFMT != S_IFDIR:
        return False
    try:
        return (await tool.sys.lstat(path.rstrip(b"/"))).mode & S_IFMT == S_IFLNK
    except OSError:
        return False


@program("Usage: unlink FILE\nRemove one directory entry, with unlink(2).", "")
async def unlink(tool: Tool) -> int:
    """Remove one file."""
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    if len(tool.operands) > 1:
        raise Failure(b"extra operand " + quote(tool.operands[1]), hint=True)
    path = tool.operands[0]
    try:
        await tool.sys.unlink(path)
    except OSError as err:
        await tool.warn(b"cannot unlink " + quoteaf(path), err)
    return tool.status

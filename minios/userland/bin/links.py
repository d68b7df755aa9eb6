"""ln(1)."""

from minios.abi.errno import Errno
from minios.abi.flags import S_IFDIR, S_IFMT
from minios.abi.records import Stat
from minios.userland.lib.backups import Backups, backups_of
from minios.userland.lib.canonical import canonicalize, relative_to
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quoteaf, quotef
from minios.userland.lib.samefile import same, same_entry
from minios.userland.lib.stdio import why
from minios.userland.lib.targets import directory_trouble, name_in

LN_USAGE = """
Usage: ln [OPTION]... TARGET [LINK_NAME], or ln [OPTION]... TARGET... DIRECTORY
Make links: hard ones, or with -s symbolic ones.
  -s        symbolic links; -r relative to where they are
  -f, -i    remove what has the name; ask before
  -n        LINK_NAME is a file even if it is a link to a directory
  -L, -P    follow a symbolic TARGET; link to the link itself
  -t DIR, -T    into DIR; LINK_NAME is no directory to put links into
  -b, -S SUFFIX    keep a backup of what is replaced
  -v        say what is done
"""

_SHORT_TEXT = frozenset((Errno.EEXIST, Errno.ENOSPC, Errno.EROFS))


class _Linker:
    def __init__(self, tool: Tool, backups: Backups | None) -> None:
        opts = tool.options
        self.tool = tool
        self.backups = backups
        self.symbolic = "s" in opts
        self.relative = "r" in opts
        self.verbose = "v" in opts
        self.follow = False
        self.force = False
        self.ask = False
        for flag, _ in opts.flags:
            if flag == "f":
                self.force, self.ask = True, False
            elif flag == "i":
                self.force, self.ask = False, True
            elif flag in ("L", "P"):
                self.follow = flag == "L"
        self.many = False
        self.made: set[tuple[bytes, int, int]] = set()

    async def attempt(self, source: bytes, name: bytes) -> OSError | None:
        """Just make the link; why it failed."""
        sys = self.tool.sys
        try:
            if self.symbolic:
                await sys.symlink(source, name)
            else:
                await sys.link(await self.resolved(source), name)
        except OSError as err:
            return err
        return None

    async def resolved(self, source: bytes) -> bytes:
        return await canonicalize(self.tool.sys, source) if self.follow else source

    async def link(self, source: bytes, name: bytes, failed: OSError | None) -> None:
        """Make the link with all that was asked for; ``failed`` is how an attempt ended."""
        tool, sys = self.tool, self.tool.sys
        st: Stat | None = None
        if not self.symbolic and (failed is not None or self.many):
            try:
                st = await (sys.stat(source) if self.follow else sys.lstat(source))
            except OSError as err:
                await tool.warn(b"failed to access " + quoteaf(source), err)
                return
        backup: bytes | None = None
        if failed is not None:
            if st is not None and st.mode & S_IFMT == S_IFDIR:
                await tool.warn(quotef(source) + b": hard link not allowed for directory")
                return
            if self.relative:
                source = await self.relative_source(source, name)
            forced = False
            if self.force or self.ask or self.backups is not None:
                answer, backup = await self.make_room(source, st, name)
                if answer is None:
                    return
                forced = answer
            failed = await self.attempt(source, name)
            if failed is not None and failed.errno == Errno.EEXIST and forced:
                try:
                    await sys.unlink(name)
                    failed = await self.attempt(source, name)
                except OSError as err:
                    failed = err
        if failed is not None:
            await self.complain(source, name, failed)
            return
        if st is not None and self.many:
            await tool.retain(64 + len(name))
            self.made.add((name, st.dev, st.ino))
        if self.verbose:
            aside = quoteaf(backup) + b" ~ " if backup is not None else b""
            arrow = b" -> " if self.symbolic else b" => "
            await tool.line(aside + quoteaf(name) + arrow + quoteaf(source))

    async def make_room(
        self, source: bytes, st: Stat | None, name: bytes
    ) -> tuple[bool | None, bytes | None]:
        """Whether something is to be replaced (None: leave it alone), and its backup."""
        tool, sys = self.tool, self.tool.sys
        try:
            old = await sys.lstat(name)
        except OSError as err:
            if err.errno == Errno.ENOENT:
                return False, None
            await tool.warn(b"failed to access " + quoteaf(name), err)
            return None, None
        if old.mode & S_IFMT == S_IFDIR:
            await tool.warn(quotef(name) + b": cannot overwrite directory")
            return None, None
        if (name, old.dev, old.ino) in self.made:
            text = b"will not overwrite just-created " + quoteaf(name) + b" with "
            await tool.warn(text + quoteaf(source))
            return None, None
        if self.symbolic:
            try:
                st = await sys.stat(source)
            except OSError:
                st = None
        aside = self.symbolic and self.backups is not None
        if (
            st is not None
            and not aside
            and same(st, old)
            and (st.nlink == 1 or await same_entry(sys, source, name))
        ):
            text = quoteaf(source) + b" and " + quoteaf(name) + b" are the same file"
            await tool.warn(text)
            return None, None
        if self.ask and not await tool.confirm(b"replace " + quoteaf(name) + b"? "):
            return None, None
        if self.backups is None:
            return True, None
        try:
            return False, await self.backups.move_aside(tool, name)
        except OSError as err:
            await tool.warn(b"cannot backup " + quoteaf(name), err)
            return None, None

    async def relative_source(self, source: bytes, name: bytes) -> bytes:
        directory, slash, _ = name.rstrip(b"/").rpartition(b"/")
        sys = self.tool.sys
        try:
            there = await canonicalize(sys, directory or (b"/" if slash else b"."), "all")
            here = await canonicalize(sys, source, "all")
        except OSError:
            return source
        return relative_to(here, there)

    async def complain(self, source: bytes, name: bytes, err: OSError) -> None:
        kind = b"symbolic" if self.symbolic else b"hard"
        text = b"failed to create " + kind + b" link " + quoteaf(name)
        if self.symbolic:
            if err.errno == Errno.ENAMETOOLONG or not source:
                text += b" -> " + quoteaf(source)
        elif err.errno == Errno.EMLINK:
            text = b"failed to create hard link to " + quoteaf(source)
        elif err.errno not in _SHORT_TEXT:
            text += b" => " + quoteaf(source)
        await self.tool.warn(text, err)


@program(
    LN_USAGE,
    "bdfinrst:vFLPS:T",
    ("backup::", "directory=d", "no-dereference=n", "no-target-directory=T", "force=f",
     "interactive=i", "suffix:=S", "target-directory:=t", "logical=L", "physical=P", "relative=r",
     "symbolic=s", "verbose=v"),
)  # fmt: skip
async def ln(tool: Tool) -> int:
    """Make links."""
    opts, operands = tool.options, tool.operands
    directory = opts.last("t")
    if len(opts.every("t")) > 1:
        raise Failure(b"multiple target directories specified")
    if directory is not None:
        trouble = await directory_trouble(tool, directory)
        if trouble is not None:
            if trouble.errno == Errno.ENOTDIR:
                raise Failure(b"target " + quoteaf(directory) + b" is not a directory")
            raise Failure(b"failed to access " + quoteaf(directory) + b": " + why(trouble))
    if not operands:
        raise Failure(b"missing file operand", hint=True)
    if "r" in opts and "s" not in opts:
        raise Failure(b"cannot do --relative without --symbolic")
    linker = _Linker(tool, await backups_of(tool))
    sources = list(operands)
    failed: OSError | None = OSError(int(Errno.EEXIST), "")
    name = b""
    if "T" in opts:
        if directory is not None:
            raise Failure(b"cannot combine --target-directory and --no-target-directory")
        if len(operands) != 2:
            if len(operands) < 2:
                text = b"missing destination file operand after " + quoteaf(operands[0])
            else:
                text = b"extra operand " + quoteaf(operands[2])
            raise Failure(text, hint=True)
        name = sources.pop()
    elif directory is None:
        if len(operands) == 1:
            directory = b"."
        else:
            name = sources.pop()
            if len(sources) == 1 and not linker.relative:
                failed = await linker.attempt(sources[0], name)
            follow = "n" not in opts
            if failed is not None and failed.errno in (
                Errno.EEXIST,
                Errno.ENOTDIR,
                Errno.EINVAL,
            ):
                trouble = await directory_trouble(tool, name, follow=follow)
                if trouble is None:
                    directory = name
            if directory is None and len(sources) > 1:
                trouble = await directory_trouble(tool, name, follow=follow)
                assert trouble is not None
                raise Failure(b"target " + quoteaf(name) + b": " + why(trouble))
    if directory is None:
        await linker.link(sources[0], name, failed)
        return tool.status
    linker.many = len(sources) > 1 and linker.force and not linker.symbolic
    for source in sources:
        inside = name_in(directory, source)
        first = None if linker.relative else await linker.attempt(source, inside)
        if linker.relative:
            first = OSError(int(Errno.EEXIST), "")
        await linker.link(source, inside, first)
    return tool.status

"""cp(1) and mv(1)."""

from minios.abi.flags import S_IFDIR, S_IFMT
from minios.userland.bin.make import ancestors, umask_of
from minios.userland.bin.remove import Removal
from minios.userland.lib.arguments import choose
from minios.userland.lib.backups import Backups, backups_of
from minios.userland.lib.copyfile import CopyOptions
from minios.userland.lib.copying import Copier
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quoteaf
from minios.userland.lib.targets import Targets, name_in, targets_of
from minios.userland.lib.walk import join

CP_USAGE = """
Usage: cp [OPTION]... SOURCE DEST, or cp [OPTION]... SOURCE... DIRECTORY
Copy files.
  -r, -R    copy directories and all in them
  -a        like -dR --preserve=all
  -p        keep permissions, owner and times; -d links and what they are
  -i, -f, -n, -u    ask first; force; never overwrite; only what is older
  -l, -s    make hard links, symbolic links
  -L, -P, -H    follow symbolic links: all, none, those on the command line
  -t DIR, -T    into DIR; DEST is not a directory to copy into
  -b, -S SUFFIX    keep a backup of what is overwritten
  -v        say what is done
"""

MV_USAGE = """
Usage: mv [OPTION]... SOURCE DEST, or mv [OPTION]... SOURCE... DIRECTORY
Rename or move files.
  -i, -f, -n, -u    ask first; never ask; never overwrite; only what is older
  -t DIR, -T    into DIR; DEST is not a directory to move into
  -b, -S SUFFIX    keep a backup of what is overwritten
  -v        say what is done
"""

_COMMON = (
    "backup::", "force=f", "interactive=i", "no-clobber=n", "no-target-directory=T",
    "strip-trailing-slashes", "suffix:=S", "target-directory:=t", "update=u", "verbose=v",
    "context::=Z",
)  # fmt: skip
_ATTRIBUTES = (
    (b"mode",), (b"timestamps",), (b"ownership",), (b"links",), (b"context",), (b"xattr",),
    (b"all",),
)  # fmt: skip
_SPARSE = ((b"never",), (b"auto",), (b"always",))


@program(
    CP_USAGE,
    "abdfHilLnprst:uvxPRS:TZ",
    (*_COMMON, "archive=a", "attributes-only", "copy-contents", "dereference=L", "link=l",
     "no-dereference=P", "no-preserve:", "one-file-system=x", "parents", "preserve::",
     "recursive=R", "remove-destination", "sparse:", "reflink::", "symbolic-link=s"),
)  # fmt: skip
async def cp(tool: Tool) -> int:
    """Copy files and directories."""
    opts = await _cp_options(tool)
    targets = await targets_of(tool)
    if targets.directory is not None:
        _strip_slashes(tool, targets)
    if "parents" in tool.options and targets.directory is None:
        raise Failure(b"with --parents, the destination must be a directory", hint=True)
    copier = Copier(tool, opts, await umask_of(tool))
    ok = True
    if targets.directory is None:
        source, destination = targets.sources[0], targets.destination
        if opts.force and opts.backups is not None and source == destination:
            ok = await _copy_to_backup(copier, source)
        else:
            ok = await copier.copy(source, destination, fresh=targets.fresh)
        return 0 if ok and not tool.status else 1
    copier.many = len(targets.sources) > 1
    for source in targets.sources:
        if "parents" in tool.options:
            ok &= await _copy_below(copier, source, targets.directory)
        else:
            ok &= await copier.copy(source, name_in(targets.directory, source))
    return 0 if ok and not tool.status else 1


async def _cp_options(tool: Tool) -> CopyOptions:
    opts = CopyOptions(follow="")
    for flag, value in tool.options.flags:
        match flag:
            case "a":
                opts.recursive, opts.follow = True, "never"
                _preserve(opts, ["all"], on=True)
                opts.require = False
            case "attributes-only":
                opts.attributes_only = True
            case "copy-contents":
                opts.copy_contents = True
            case "d":
                opts.preserve_links, opts.follow = True, "never"
            case "f":
                opts.force = True
            case "H":
                opts.follow = "command-line"
            case "L":
                opts.follow = "always"
            case "P":
                opts.follow = "never"
            case "l":
                opts.hard_link = True
            case "s":
                opts.symbolic_link = True
            case "r" | "R":
                opts.recursive = True
            case "i":
                opts.interactive = "ask"
            case "n":
                opts.interactive = "no"
            case "p":
                _preserve(opts, ["mode", "ownership", "timestamps"], on=True)
                opts.require = True
            case "preserve" if value is None:
                _preserve(opts, ["mode", "ownership", "timestamps"], on=True)
                opts.require = True
            case "preserve" | "no-preserve":
                words = [
                    await choose(tool, f"--{flag}", word, _ATTRIBUTES)
                    for word in (value or b"").split(b",")
                ]
                _preserve(opts, words, on=flag == "preserve")
                opts.require = True
            case "remove-destination":
                opts.remove_destination = True
            case "sparse":
                opts.sparse = await choose(tool, "--sparse", value, _SPARSE)
            case "u":
                opts.update = True
            case "v":
                opts.verbose = True
            case "x":
                opts.one_file_system = True
    if opts.hard_link and opts.symbolic_link:
        raise Failure(b"cannot make both hard and symbolic links", hint=True)
    opts.backups = await backups_without_clash(tool, opts)
    if not opts.follow:
        opts.follow = "never" if opts.recursive and not opts.hard_link else "always"
    if opts.force and (opts.hard_link or opts.symbolic_link):
        opts.remove_destination = True
    if opts.interactive == "no":
        opts.update = False
    if not opts.recursive:
        opts.copy_contents = True
    opts.privileged = await tool.sys.geteuid() == 0
    return opts


async def backups_without_clash(tool: Tool, opts: CopyOptions) -> Backups | None:
    backups = await backups_of(tool)
    if backups is not None and opts.interactive == "no":
        text = b"options --backup and --no-clobber are mutually exclusive"
        raise Failure(text, hint=True)
    return backups


def _preserve(opts: CopyOptions, words: list[str], *, on: bool) -> None:
    for word in words:
        everything = word == "all"
        if word == "mode" or everything:
            opts.preserve_mode = on
            opts.default_mode = not on
        if word == "timestamps" or everything:
            opts.preserve_times = on
        if word == "ownership" or everything:
            opts.preserve_ownership = on
        if word == "links" or everything:
            opts.preserve_links = on


def _strip_slashes(tool: Tool, targets: Targets) -> None:
    if "strip-trailing-slashes" in tool.options:
        targets.sources = [s.rstrip(b"/") or b"/" for s in targets.sources]


async def _copy_to_backup(copier: Copier, source: bytes) -> bool:
    """``cp -fb x x``: the copy is the backup."""
    backups = copier.opts.backups
    assert backups is not None
    copier.opts.backups = None
    return await copier.copy(source, source + backups.suffix)


async def _copy_below(copier: Copier, source: bytes, directory: bytes) -> bool:
    """--parents: copy ``a/b/c`` to ``directory/a/b/c``, making the directories between."""
    tool, sys = copier.tool, copier.sys
    relative = source.rstrip(b"/").lstrip(b"/")
    lead = source[: len(source) - len(source.lstrip(b"/"))]
    for above in ancestors(relative):
        made = join(directory, above)
        try:
            st = await sys.stat(lead + above)
        except OSError as err:
            await tool.warn(b"failed to get attributes of " + quoteaf(lead + above), err)
            return False
        try:
            if (await sys.stat(made)).mode & S_IFMT != S_IFDIR:
                await tool.warn(quoteaf(made) + b" exists but is not a directory")
                return False
            continue
        except OSError:
            pass
        try:
            await sys.mkdir(made, st.mode & 0o7777 | 0o700)
        except OSError as err:
            await tool.warn(b"cannot make directory " + quoteaf(made), err)
            return False
        if copier.opts.verbose:
            await tool.line(lead + above + b" -> " + made)
    return await copier.copy(source, join(directory, relative))


@program(MV_USAGE, "bfint:uvS:TZ", _COMMON)
async def mv(tool: Tool) -> int:
    """Move files and directories."""
    opts = CopyOptions(
        follow="never",
        recursive=True,
        move=True,
        preserve_mode=True,
        preserve_ownership=True,
        preserve_times=True,
        preserve_links=True,
    )
    for flag, _ in tool.options.flags:
        match flag:
            case "f":
                opts.interactive = "yes"
            case "i":
                opts.interactive = "ask"
            case "n":
                opts.interactive = "no"
            case "u":
                opts.update = True
            case "v":
                opts.verbose = True
    if opts.interactive == "no":
        opts.update = False
    targets = await targets_of(tool)
    _strip_slashes(tool, targets)
    opts.backups = await backups_without_clash(tool, opts)
    opts.at_terminal = await tool.sys.isatty(0)
    opts.privileged = await tool.sys.geteuid() == 0
    copier = Copier(tool, opts, await umask_of(tool))
    if targets.directory is None:
        return 0 if await _move(copier, targets.sources[0], targets.destination) else 1
    copier.many = len(targets.sources) > 1
    ok = True
    for source in targets.sources:
        ok &= await _move(copier, source, name_in(targets.directory, source))
    return 0 if ok else 1


async def _move(copier: Copier, source: bytes, destination: bytes) -> bool:
    if not await copier.copy(source, destination):
        return False
    if copier.into_self:
        return False
    if copier.renamed:
        return True
    removal = Removal(copier.tool)
    removal.recursive, removal.ask = True, "never"
    removal.verbose = copier.opts.verbose
    return await removal.remove(source)

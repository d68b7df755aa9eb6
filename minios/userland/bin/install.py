"""install(1)."""

from minios.userland.bin.attributes import id_number
from minios.userland.bin.copy import backups_without_clash
from minios.userland.bin.make import DirectoryMaker, umask_of
from minios.userland.lib import users
from minios.userland.lib.copyfile import CopyOptions
from minios.userland.lib.copying import Copier
from minios.userland.lib.modes import Changes, adjust, compile_mode
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf
from minios.userland.lib.targets import Targets, name_in, targets_of

USAGE = """
Usage: install [OPTION]... SOURCE DEST, install [OPTION]... SOURCE... DIRECTORY,
       or install -d [OPTION]... DIRECTORY...
Copy files and set their attributes, or make directories.
  -m MODE       permissions (0755 if not given)
  -o, -g        owner, group
  -d            make directories
  -D            make the directories that DEST needs
  -p            keep times
  -C            leave alone what is the same already
  -t DIR, -T    into DIR; DEST is not a directory
  -b, -S SUFFIX    keep a backup of what is replaced
  -v            say what is done
"""


@program(
    USAGE,
    "bcCsDdg:m:o:pt:TvS:Z",
    ("backup::", "compare=C", "directory=d", "group:=g", "mode:=m", "no-target-directory=T",
     "owner:=o", "preserve-timestamps=p", "strip=s", "suffix:=S", "target-directory:=t",
     "verbose=v"),
)  # fmt: skip
async def install(tool: Tool) -> int:
    """Copy files and set attributes."""
    opts = tool.options
    if "C" in opts and "p" in opts:
        message = b"options --compare (-C) and --preserve-timestamps are mutually exclusive"
        raise Failure(message, hint=True)
    text = opts.last("m")
    changes: Changes | None = compile_mode(text) if text is not None else compile_mode(b"755")
    if changes is None:
        raise Failure(b"invalid mode " + quote(text or b""))
    run = _Install(tool, await umask_of(tool), changes)
    await run.read_owner()
    if "d" in opts:
        if not tool.operands:
            raise Failure(b"missing file operand", hint=True)
        for path in tool.operands:
            await run.directory(path)
        return tool.status
    if "D" in opts:
        await run.make_way(opts.last("t"))
    targets = await targets_of(tool)
    copier = await run.copier()
    copier.many = len(targets.sources) > 1
    for source in targets.sources:
        await run.file(copier, source, _destination(targets, source))
    return tool.status


def _destination(targets: Targets, source: bytes) -> bytes:
    if targets.directory is None:
        return targets.destination
    return name_in(targets.directory, source)


class _Install:
    def __init__(self, tool: Tool, umask: int, changes: Changes) -> None:
        self.tool = tool
        self.umask = umask
        self.changes = changes
        self.mode = adjust(0, changes, umask=0)
        self.uid = self.gid = -1

    async def read_owner(self) -> None:
        owner, group = self.tool.options.last("o"), self.tool.options.last("g")
        if owner is not None:
            account = await users.by_name(self.tool.sys, owner)
            number = account.uid if account is not None else id_number(owner)
            if number is None:
                raise Failure(b"invalid user " + quote(owner))
            self.uid = number
        if group is not None:
            found = (g.gid for g in await users.groups(self.tool.sys) if g.name == group)
            number = next(found, None)
            number = id_number(group) if number is None else number
            if number is None:
                raise Failure(b"invalid group " + quote(group))
            self.gid = number

    async def directory(self, path: bytes) -> None:
        """-d: make a directory and those above it; permissions are the last one's only."""
        maker = _LoudMaker(self.tool, 0o022)
        maker.parents = True
        maker.verbose = "v" in self.tool.options
        if await maker.make(path):
            await self.attributes(path, adjust(0o777, self.changes, umask=0, directory=True))

    async def make_way(self, directory: bytes | None) -> None:
        """-D: make the directories above the destination, or the target directory."""
        operands = self.tool.operands
        maker = _LoudMaker(self.tool, 0o022)
        maker.parents = True
        maker.verbose = "v" in self.tool.options
        if directory is not None:
            await maker.make(directory)
        elif len(operands) == 2:
            above = operands[1].rstrip(b"/").rpartition(b"/")[0]
            if above:
                await maker.make(above)

    async def copier(self) -> Copier:
        opts = CopyOptions(
            follow="always",
            remove_destination=True,
            copy_contents=True,
            set_mode=0o600,
            preserve_times="p" in self.tool.options,
            verbose="v" in self.tool.options,
        )
        opts.backups = await backups_without_clash(self.tool, opts)
        return Copier(self.tool, opts, self.umask)

    async def file(self, copier: Copier, source: bytes, destination: bytes) -> None:
        if "C" in self.tool.options and await self.is_same(source, destination):
            return
        if not await copier.copy(source, destination):
            self.tool.status = 1
            return
        await self.attributes(destination, self.mode)

    async def attributes(self, path: bytes, mode: int) -> None:
        sys = self.tool.sys
        if self.uid != -1 or self.gid != -1:
            try:
                await sys.lchown(path, self.uid, self.gid)
            except OSError as err:
                await self.tool.warn(b"cannot change ownership of " + quoteaf(path), err)
                return
        try:
            await sys.chmod(path, mode)
        except OSError as err:
            await self.tool.warn(b"cannot change permissions of " + quoteaf(path), err)

    async def is_same(self, source: bytes, destination: bytes) -> bool:
        """-C: whether contents, mode and owner are as they should become."""
        sys = self.tool.sys
        try:
            st, old = await sys.stat(source), await sys.lstat(destination)
            if st.size != old.size or old.mode & 0o7777 != self.mode:
                return False
            if self.uid not in (-1, old.uid) or self.gid not in (-1, old.gid):
                return False
            one, two = await sys.open(source), await sys.open(destination)
            same = True
            while same:
                data = await sys.read(one, 16384)
                same = data == await sys.read(two, 16384)
                if not data:
                    break
            await sys.close(one)
            await sys.close(two)
        except OSError:
            return False
        return same


class _LoudMaker(DirectoryMaker):
    """Says ``creating directory``, as install does."""

    async def _announce(self, path: bytes) -> None:
        if self.verbose:
            await self.tool.line(self.tool.name + b": creating directory " + quoteaf(path))

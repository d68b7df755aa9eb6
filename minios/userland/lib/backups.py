"""Backups of files about to be replaced: ``-b``, ``--backup=numbered``, ``-S .bak``."""

from minios.abi.errno import Errno
from minios.abi.flags import O_DIRECTORY
from minios.userland.lib.arguments import choose
from minios.userland.lib.program import Tool

_HOW = (
    (b"none", b"off"), (b"simple", b"never"), (b"existing", b"nil"), (b"numbered", b"t"),
)  # fmt: skip


class Backups:
    """How to name a backup: ``simple``, ``numbered``, or ``existing`` (whatever there is)."""

    __slots__ = ("how", "suffix")

    def __init__(self, how: str, suffix: bytes) -> None:
        self.how = how
        self.suffix = suffix

    async def move_aside(self, tool: Tool, path: bytes) -> bytes | None:
        """Rename ``path`` to its backup and return that; None if there is no such file."""
        name = path.rstrip(b"/")
        backup = name + self.suffix
        if self.how != "simple":
            highest = await _highest(tool, name)
            if highest or self.how == "numbered":
                backup = name + b".~%d~" % (highest + 1)
        try:
            await tool.sys.rename(path, backup)
        except OSError as err:
            if err.errno == Errno.ENOENT:
                return None
            raise
        return backup


async def _highest(tool: Tool, name: bytes) -> int:
    """The number of the last numbered backup; 0 if there is none."""
    directory, slash, base = name.rpartition(b"/")
    found = 0
    prefix = base + b".~"
    try:
        fd = await tool.sys.open(directory + slash or b".", O_DIRECTORY)
    except OSError:
        return 0
    while entries := await tool.sys.getdents(fd):
        for entry in entries:
            middle = entry.name[len(prefix) : -1]
            if entry.name == prefix + middle + b"~" and middle.isdigit() and len(middle) < 10:
                found = max(found, int(middle))
    await tool.sys.close(fd)
    return found


async def backups_of(tool: Tool) -> Backups | None:
    """What the options b, backup and S of a program ask for."""
    opts = tool.options
    asked = "b" in opts or "backup" in opts or "S" in opts
    if not asked:
        return None
    option, given = "backup type", opts.last("backup")
    if given is None:
        option, given = "$VERSION_CONTROL", tool.env.get(b"VERSION_CONTROL") or b"existing"
    how = await choose(tool, option, given, _HOW)
    if how == "none":
        return None
    suffix = opts.last("S") or tool.env.get(b"SIMPLE_BACKUP_SUFFIX") or b"~"
    return Backups(how, b"~" if b"/" in suffix else suffix)

"""What the parts of an expression share while find walks."""

from collections.abc import Awaitable, Callable

from minios.abi.errno import Errno
from minios.abi.flags import S_IFLNK, S_IFMT
from minios.abi.records import Stat
from minios.userland.bin.ls.output import Names
from minios.userland.lib.program import Tool
from minios.userland.lib.quoting import quote
from minios.userland.lib.walk import Visit

Test = Callable[["Run", Visit], Awaitable[bool]]
"""A test or an action on a file."""


class Run:
    """Options of the whole search, and what the expression wants done next."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.names = Names(tool)
        self.depth_first = False
        self.max_depth: int | None = None
        self.min_depth = 0
        self.one_file_system = False
        self.follow = False
        self.follow_root = False
        self.warns = False
        self.now = 0
        """When find started; ``day`` is where -mtime counts from (options.cur_day_start)."""
        self.day = 0
        self.root = b""
        self.prune = False
        self.quit = False
        self.at_end: list[Callable[[], Awaitable[None]]] = []
        """What is left to do when all is walked: the last batches of ``-exec +``."""

    async def stat(self, visit: Visit) -> Stat | None:
        """The file's inode; None after a complaint."""
        try:
            return await visit.stat(self.sys)
        except OSError as err:
            await self.complain(visit.path, err)
            return None

    async def link_target_type(self, visit: Visit) -> int | None:
        """What ``-xtype`` looks at: a link's target, or with -L the link itself.

        A link that leads nowhere is a link; None after a complaint.
        """
        try:
            if self.follow:
                return (await self.sys.lstat(visit.path)).mode & S_IFMT
            if visit.type != S_IFLNK:
                return visit.type
            return (await self.sys.stat(visit.path)).mode & S_IFMT
        except OSError as err:
            if err.errno == Errno.ENOENT:
                return S_IFLNK
            await self.complain(visit.path, err)
            return None

    async def complain(self, name: bytes, err: OSError | None = None) -> None:
        await self.tool.warn(quote(name), err)


def base_name(visit: Visit) -> bytes:
    """What -name looks at: the last component, without the slashes behind a root."""
    if visit.depth:
        return visit.name
    return visit.path.rstrip(b"/").rpartition(b"/")[2] or b"/"

"""Where cp, mv, ln and install put things: the last operand, -t DIR or -T."""

from minios.abi.errno import Errno
from minios.abi.flags import S_IFDIR, S_IFLNK, S_IFMT
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.quoting import quoteaf
from minios.userland.lib.stdio import why
from minios.userland.lib.walk import join


class Targets:
    """The sources, and the directory they go into; else ``destination`` is the one file's new name.

    ``fresh`` says that the destination does not exist.
    """

    __slots__ = ("destination", "directory", "fresh", "sources")

    def __init__(self, sources: list[bytes]) -> None:
        self.sources = sources
        self.directory: bytes | None = None
        self.destination = b""
        self.fresh = False


async def targets_of(tool: Tool, *, follow: bool = True) -> Targets:
    """Read options t and T and the operands, and look at the last one."""
    operands, opts = tool.operands, tool.options
    directory = _one_directory(tool)
    no_directory = "T" in opts
    if len(operands) < (1 if directory is not None else 2):
        if not operands:
            raise Failure(b"missing file operand", hint=True)
        text = b"missing destination file operand after " + quoteaf(operands[0])
        raise Failure(text, hint=True)
    if no_directory:
        if directory is not None:
            raise Failure(b"cannot combine --target-directory (-t) and --no-target-directory (-T)")
        if len(operands) > 2:
            raise Failure(b"extra operand " + quoteaf(operands[2]), hint=True)
    targets = Targets(list(operands))
    if directory is not None:
        trouble = await directory_trouble(tool, directory)
        if trouble is not None:
            raise Failure(b"target directory " + quoteaf(directory) + b": " + why(trouble))
        targets.directory = directory
        return targets
    last = targets.sources.pop()
    if not no_directory:
        trouble = await directory_trouble(tool, last, follow=follow)
        if trouble is None:
            targets.directory = last
            return targets
        targets.fresh = trouble.errno == Errno.ENOENT
        if len(targets.sources) > 1:
            raise Failure(b"target " + quoteaf(last) + b": " + why(trouble))
    targets.destination = last
    return targets


def _one_directory(tool: Tool) -> bytes | None:
    given = tool.options.every("t")
    if len(given) > 1:
        raise Failure(b"multiple target directories specified")
    return given[0] if given else None


async def directory_trouble(tool: Tool, path: bytes, *, follow: bool = True) -> OSError | None:
    """Why ``path`` is no directory to put things into; None if it is one."""
    try:
        st = await tool.sys.stat(path)
        if not follow and (await tool.sys.lstat(path)).mode & S_IFMT == S_IFLNK:
            return OSError(int(Errno.ENOTDIR), "")
    except OSError as err:
        return err
    return None if st.mode & S_IFMT == S_IFDIR else OSError(int(Errno.ENOTDIR), "")


def name_in(directory: bytes, source: bytes) -> bytes:
    """What ``source`` is called in ``directory``: its last component, and nothing for ``..``."""
    base = source.rstrip(b"/").rpartition(b"/")[2]
    if base == b"..":
        base = b""
    return join(directory, base)

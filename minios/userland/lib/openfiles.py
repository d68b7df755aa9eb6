"""What files processes hold, out of /proc/PID: descriptors, directories and programs."""

from dataclasses import dataclass

from minios.abi.errno import Errno
from minios.abi.flags import O_ACCMODE, O_RDWR, O_WRONLY
from minios.abi.records import Stat
from minios.userland.lib.program import Tool
from minios.userland.lib.stdio import list_dir, read_file


@dataclass(slots=True)
class Holding:
    """One file of a process. ``fd`` is ``cwd``, ``rtd``, ``txt`` or a number.

    ``mode`` is r, w or u, ``lock`` r or w (of a part) or R or W (of the whole file); ``trouble``
    says why the rest is not known.
    """

    fd: bytes
    path: bytes = b""
    stat: Stat | None = None
    mode: bytes = b""
    lock: bytes = b""
    offset: int = 0
    trouble: bytes = b""

    @property
    def number(self) -> int:
        """The descriptor; -1 for what is none."""
        return int(self.fd) if self.fd.isdigit() else -1


_PLACES = ((b"cwd", b"cwd"), (b"rtd", b"root"), (b"txt", b"exe"))


async def holdings(tool: Tool, pid: int) -> list[Holding]:
    """Everything a process holds; empty once it is gone."""
    sys = tool.sys
    base = b"/proc/%d/" % pid
    found: list[Holding] = []
    for fd, name in _PLACES:
        try:
            path = await sys.readlink(base + name)
        except OSError as err:
            if err.errno == Errno.EACCES:
                trouble = b"(readlink: Permission denied)"
                found.append(Holding(fd, base + name, trouble=trouble))
            continue
        held = Holding(fd, path)
        try:
            held.stat = await sys.stat(base + name)
        except OSError:
            held.trouble = b"(stat: No such file or directory)"
        found.append(held)
    try:
        names = await list_dir(sys, base + b"fd")
    except OSError as err:
        if err.errno == Errno.EACCES:
            trouble = b"(opendir: Permission denied)"
            found.append(Holding(b"NOFD", base + b"fd", trouble=trouble))
        return found
    for number in sorted(int(name) for name in names):
        one = await _descriptor(tool, base, number)
        if one is not None:
            found.append(one)
    await tool.retain(256 * len(found))
    tool.release(256 * len(found))
    return found


async def _descriptor(tool: Tool, base: bytes, number: int) -> Holding | None:
    name = b"%d" % number
    try:
        path = await tool.sys.readlink(base + b"fd/" + name)
        stat = await tool.sys.stat(base + b"fd/" + name)
        info = await read_file(tool.sys, base + b"fdinfo/" + name)
    except OSError:
        return None
    held = Holding(name, path, stat)
    for line in info.splitlines():
        words = line.split()
        if words[0] == b"pos:":
            held.offset = int(words[1])
        elif words[0] == b"flags:":
            accmode = int(words[1], 8) & O_ACCMODE
            held.mode = {O_WRONLY: b"w", O_RDWR: b"u"}.get(accmode, b"r")
        elif words[0] == b"lock:":
            letter = b"w" if words[4] == b"WRITE" else b"r"
            held.lock = letter.upper() if words[7:9] == [b"0", b"EOF"] else letter
    return held

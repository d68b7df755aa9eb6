"""lslocks: list the file locks (util-linux 2.38.1)."""

from minios.abi.sys import Sys
from minios.userland.lib import proc
from minios.userland.lib.columns import Column, table
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.sizes import human
from minios.userland.lib.stdio import list_dir, read_file

USAGE = """
Usage:
 lslocks [options]

List local system locks.

Options:
 -b, --bytes            print SIZE in bytes rather than in human readable format
 -n, --noheadings       don't print headings
 -o, --output <list>    define which output columns to use
 -p, --pid <pid>        display only locks held by this process
 -r, --raw              use the raw output format
 -u, --notruncate       don't truncate text in columns

 -h, --help             display this help
 -V, --version          display version

Available output columns:
     COMMAND  command of the process holding the lock
         PID  PID of the process holding the lock
        TYPE  kind of lock
        SIZE  size of the lock
       INODE  inode number
     MAJ:MIN  major:minor device number
        MODE  lock access mode
           M  mandatory state of the lock: 0 (none), 1 (set)
       START  relative byte offset of the lock
         END  ending offset of the lock
        PATH  path of the locked file
     BLOCKER  PID of the process blocking the lock
"""

_COLUMNS = (
    "COMMAND", "PID", "TYPE", "SIZE", "INODE", "MAJ:MIN", "MODE", "M", "START", "END", "PATH",
    "BLOCKER",
)  # fmt: skip
_RIGHT = ("PID", "TYPE", "SIZE", "INODE", "START", "END", "BLOCKER")
_DEFAULT = ("COMMAND", "PID", "TYPE", "SIZE", "MODE", "M", "START", "END", "PATH")


def _chosen(text: bytes | None) -> list[str]:
    if text is None:
        return list(_DEFAULT)
    more = text.startswith(b"+")
    chosen = list(_DEFAULT) if more else []
    for word in text.lstrip(b"+").decode("latin-1").upper().split(","):
        if word not in _COLUMNS:
            raise Failure(f"unknown column: {word}".encode())
        chosen.append(word)
    return chosen


@program(
    USAGE,
    "bno:p:ruhV",
    ("bytes=b", "noheadings=n", "output:=o", "pid:=p", "raw=r", "notruncate=u"),
)
async def lslocks(tool: Tool) -> int:
    """lslocks(8): the newest lock last in /proc/locks comes first here, as there."""
    options = tool.options
    if "h" in options:
        await tool.line(USAGE.rstrip().encode())
        return 0
    if "V" in options:
        await tool.line(b"lslocks from util-linux 2.38.1")
        return 0
    columns = _chosen(options.last("o"))
    only = options.last("p")
    if only is not None and not only.isdigit():
        raise Failure(b"invalid PID argument: " + quote(only))
    rows = await _rows(tool, "b" in options)
    if only is not None:
        rows = [row for row in rows if row["PID"] == only]
    rows.reverse()
    lines = [[row[column] for column in columns] for row in rows]
    if "r" in options:
        if "n" not in options:
            lines.insert(0, [column.encode() for column in columns])
        for line in lines:
            await tool.line(b" ".join(line))
        return 0
    if lines:
        headings = [Column(column.encode(), column in _RIGHT) for column in columns]
        tool.out.put(table(headings, lines, headings="n" not in options))
    return 0


async def _rows(tool: Tool, exact: bool) -> list[dict[str, bytes]]:
    """The lines of /proc/locks with what the process's descriptors tell of the file."""
    found: list[dict[str, bytes]] = []
    holder = b""
    for line in (await read_file(tool.sys, b"/proc/locks")).splitlines():
        await tool.retain(len(line) + 200)
        words = line.split()
        waits = words[1] == b"->"
        if waits:
            del words[1]
        else:
            holder = words[4]
        kind, mode, pid, place, start, end = words[1], words[3], words[4], *words[5:8]
        major, minor, inode = place.split(b":")
        process = await proc.read_process(tool.sys, int(pid), status=False, argv=False)
        path, size = await _file(tool.sys, int(pid), int(inode))
        found.append(
            {
                "COMMAND": process.comm if process is not None else b"(unknown)",
                "PID": pid,
                "TYPE": kind,
                "SIZE": (b"%d" % size if exact else human(size)) if size else b"",
                "INODE": inode,
                "MAJ:MIN": b"%d:%d" % (int(major, 16), int(minor, 16)),
                "MODE": mode + (b"*" if waits else b""),
                "M": b"0",
                "START": start,
                "END": b"0" if end == b"EOF" else end,
                "PATH": path,
                "BLOCKER": holder if waits else b"",
            }
        )
    return found


async def _file(sys: Sys, pid: int, inode: int) -> tuple[bytes, int]:
    """Path and size of the open file with this number; the mount point's guess is left out."""
    folder = b"/proc/%d/fd" % pid
    try:
        names = await list_dir(sys, folder)
    except OSError:
        return b"", 0
    for name in names:
        try:
            stat = await sys.stat(folder + b"/" + name)
            if stat.ino == inode:
                return await sys.readlink(folder + b"/" + name), stat.size
        except OSError:
            continue
    return b"", 0

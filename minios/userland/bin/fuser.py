"""fuser: who uses files, and perhaps their end (psmisc 23.6)."""

from collections.abc import Callable

from minios.abi.flags import S_IFBLK, S_IFMT, S_IFSOCK
from minios.abi.records import Stat
from minios.abi.signals import Sig, number_of
from minios.userland.bin.kill import LAST, signal_name
from minios.userland.lib import proc
from minios.userland.lib.net import services
from minios.userland.lib.net.gai import GaiError, resolve
from minios.userland.lib.openfiles import Holding, holdings
from minios.userland.lib.procnet import sockets
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.users import passwd

USAGE = """
Usage: fuser [-fIMuvw] [-a|-s] [-4|-6] [-c|-m|-n SPACE]
             [-k [-i] [-SIGNAL]] NAME...
       fuser -l
       fuser -V
Show which processes use the named files, sockets, or filesystems.

  -a,--all              display unused files too
  -i,--interactive      ask before killing (ignored without -k)
  -I,--inode            use always inodes to compare files
  -k,--kill             kill processes accessing the named file
  -l,--list-signals     list available signal names
  -m,--mount            show all processes using the named filesystems or
                        block device
  -n,--namespace SPACE  search in this name space (file, udp, or tcp)
  -M,--ismountpoint     fulfill request only if NAME is a mount point
  -s,--silent           silent operation
  -SIGNAL               send this signal instead of SIGKILL
  -u,--user             display user IDs
  -v,--verbose          verbose output
  -w,--writeonly        kill only processes with write access
  -V,--version          display version information

  udp/tcp names: [local_port][,[rmt_host][,[rmt_port]]]
"""

_LONG = {
    b"--all": "a", b"--interactive": "i", b"--inode": "I", b"--kill": "k",
    b"--list-signals": "l", b"--mount": "m", b"--ismountpoint": "M", b"--silent": "s",
    b"--user": "u", b"--verbose": "v", b"--writeonly": "w", b"--version": "V", b"--help": "h",
}  # fmt: skip
_HEADER = b"                     USER        PID ACCESS COMMAND\n"


async def _inodes(tool: Tool, name: bytes, space: bytes) -> set[int] | None:
    """The sockets of ``LOCAL[,REMOTE HOST[,REMOTE PORT]]`` in a name space; None for bad ones."""
    parts = [*name.split(b","), b"", b""]
    found: set[int] = set()
    numbers: list[int] = []
    for text in (parts[0], parts[2]):
        if text and not text.isdigit():
            port = await services.port(tool.sys, text, space)
            if port is None:
                return None
            numbers.append(port)
        else:
            numbers.append(int(text or b"0"))
    host = 0
    if parts[1]:
        try:
            host = await resolve(tool.sys, parts[1])
        except GaiError:
            return None
    for socket in await sockets(tool.sys, (space,)):
        if (
            (not numbers[0] or socket.local[1] == numbers[0])
            and (not host or socket.remote[0] == host)
            and (not numbers[1] or socket.remote[1] == numbers[1])
            and socket.inode
        ):
            found.add(socket.inode)
    return found


class User:
    """A process that uses a file: the letters of ACCESS."""

    def __init__(self, process: proc.Process) -> None:
        self.process = process
        self.ways: set[str] = set()

    def letters(self) -> bytes:
        file = "F" if "F" in self.ways else "f" if "f" in self.ways else "."
        rest = "".join(way if way in self.ways else "." for way in "rce")
        return f"{file}{rest}.".encode()

    def brief(self) -> bytes:
        """What follows the pid without -v."""
        return "".join(way for way in "cer" if way in self.ways).encode()


async def _fail(tool: Tool, text: bytes) -> int:
    await complain(tool.sys, text)
    await complain(tool.sys, USAGE.strip().encode())
    return 1


@program(USAGE)
async def fuser(tool: Tool) -> int:
    """fuser(1): names and headings go to standard error, pids to standard output."""
    given: set[str] = set()
    names: list[bytes] = []
    signal = int(Sig.SIGKILL)
    space = b"file"
    spaces: list[bytes] = []
    args = tool.argv[1:]
    while args:
        arg = args.pop(0)
        if arg == b"--":
            names += args
            spaces += [space] * len(args)
            break
        if arg in (b"-n", b"--namespace") or (arg[:2] == b"-n" and len(arg) > 2):
            space = arg[2:] if arg[:2] == b"-n" and len(arg) > 2 else args.pop(0) if args else b""
            if space not in (b"file", b"tcp", b"udp"):
                return await _fail(tool, b"fuser: Invalid namespace name")
            continue
        if arg.startswith(b"--"):
            if arg not in _LONG:
                return await _fail(tool, b"fuser: Invalid option " + arg)
            given.add(_LONG[arg])
        elif arg.startswith(b"-") and len(arg) > 1:
            if arg[1:2].isdigit() or (arg[1:2].isupper() and arg not in (b"-I", b"-M", b"-V")):
                number = number_of(arg[1:].decode("latin-1"))
                if not number:
                    return await _fail(tool, b"fuser: " + arg[1:] + b": unknown signal")
                signal = number
                continue
            for letter in arg[1:].decode("latin-1"):
                if letter not in "aciIklmMsuvwVhf46":
                    return await _fail(tool, f"fuser: Invalid option {letter}".encode())
                given.add(letter)
        else:
            names.append(arg)
            spaces.append(space)
    if "h" in given:
        await complain(tool.sys, USAGE.strip().encode())
        return 0
    if "V" in given:
        await complain(tool.sys, b"fuser (PSmisc) 23.6")
        return 0
    if "l" in given:
        return await _list_signals(tool)
    if not names:
        return await _fail(tool, b"No process specification given")
    pairs = list(zip(names, spaces, strict=True))
    return await _search(tool, pairs, given, signal)


async def _list_signals(tool: Tool) -> int:
    lines = [""]
    for number in range(1, LAST + 1):
        name = signal_name(number)
        if len(lines[-1]) + len(name) + 1 > 78:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + name
    for line in lines:
        await tool.line(line.encode())
    return 0


def _named_space(name: bytes, space: bytes) -> tuple[bytes, bytes]:
    """``80/tcp`` names its own space."""
    head, slash, tail = name.rpartition(b"/")
    if space == b"file" and slash and tail in (b"tcp", b"udp") and head and b"/" not in head:
        return head, tail
    return name, space


async def _search(
    tool: Tool, names: list[tuple[bytes, bytes]], given: set[str], signal: int
) -> int:
    rows = [line.split() for line in (await read_file(tool.sys, b"/proc/mounts")).splitlines()]
    points = {row[1] for row in rows}
    everybody = [
        (process, await holdings(tool, process.pid))
        for process in await proc.processes(tool.sys, argv=False)
    ]
    await tool.retain(1024 * len(everybody))
    me = await tool.sys.getpid()
    users = {entry.uid: entry.name for entry in await passwd(tool.sys)}
    found_any = False
    headed = False
    for name, given_space in names:
        name, space = _named_space(name, given_space)
        if space != b"file":
            inodes = await _inodes(tool, name, space)
            if inodes is None:
                await complain(tool.sys, name + b": unknown")
                continue
            same = _holds(inodes)
            name += b"/" + space
        else:
            try:
                stat = await tool.sys.stat(name)
            except OSError as err:
                text = b"Specified filename " + name + b" does not exist."
                if err.errno != 2:
                    text = b"Cannot stat " + name + b": " + why(err)
                await complain(tool.sys, text)
                continue
            same = _matcher(stat, bool(given & {"m", "c"}))
        place = name.rstrip(b"/") or b"/"
        if "M" in given and place not in points:
            continue
        found = [
            user for process, files in everybody if process.pid != me
            if (user := _uses(process, files, same)).ways
        ]  # fmt: skip
        mounted = bool(given & {"m", "c"}) and place in points
        if not found and not (mounted and "v" in given) and "a" not in given:
            continue
        found_any = found_any or bool(found)
        if "s" not in given:
            if "v" in given and not headed:
                await write_all(tool.sys, 2, _HEADER)
                headed = True
            await _show(tool, name, found, given, users, mounted)
        if "k" in given:
            await _kill(tool, found, signal, given)
    return 0 if found_any else 1


def _holds(inodes: set[int]) -> Callable[[Stat], bool]:
    """Whether a file is one of these sockets."""
    return lambda other: other.mode & S_IFMT == S_IFSOCK and other.ino in inodes


def _matcher(stat: Stat, mount: bool) -> Callable[[Stat], bool]:
    """Whether a file is the one named, or with -m lies on its file system."""
    device = stat.rdev if stat.mode & S_IFMT == S_IFBLK else stat.dev
    if mount:
        return lambda other: other.dev == device
    return lambda other: (other.dev, other.ino) == (stat.dev, stat.ino)


def _uses(process: proc.Process, files: list[Holding], same: Callable[[Stat], bool]) -> User:
    user = User(process)
    for held in files:
        if held.stat is None or not same(held.stat):
            continue
        way = {b"cwd": "c", b"rtd": "r", b"txt": "e"}.get(held.fd)
        user.ways.add(way if way is not None else "f" if held.mode == b"r" else "F")
    return user


async def _show(
    tool: Tool, name: bytes, found: list[User], given: set[str], users: dict[int, bytes],
    mounted: bool,
) -> None:  # fmt: skip
    sys = tool.sys
    await write_all(sys, 2, (name + b":").ljust(20))
    verbose = "v" in given
    if verbose and mounted:
        await write_all(sys, 2, b" root     kernel mount " + (name.rstrip(b"/") or b"/") + b"\n")
        if found:
            await write_all(sys, 2, b" " * 20)
    for at, user in enumerate(found):
        owner = users.get(user.process.uids[0], b"%d" % user.process.uids[0])
        if verbose:
            await write_all(sys, 2, (b" " * 20 if at else b"") + b" " + owner.ljust(8) + b" ")
        await write_all(sys, 1, b" %5d" % user.process.pid)
        if verbose:
            text = b" " + user.letters() + b" " + user.process.comm + b"\n"
            await write_all(sys, 2, text)
        else:
            text = user.brief()
            if "u" in given:
                text += b"(" + owner + b")"
            if text:
                await write_all(sys, 2, text)
    if not verbose or not (found or mounted):
        await write_all(sys, 2, b"\n")


async def _kill(tool: Tool, found: list[User], signal: int, given: set[str]) -> None:
    for user in found:
        if "w" in given and "F" not in user.ways:
            continue
        pid = user.process.pid
        if "i" in given and not await tool.ask(b"Kill process %d ? (y/N) " % pid):
            continue
        try:
            await tool.sys.kill(pid, signal)
        except OSError as err:
            await complain(tool.sys, b"Could not kill process %d: " % pid + why(err))

"""lsof: list open files (lsof 4.95.0)."""

from dataclasses import dataclass, field

from minios.abi.flags import S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK
from minios.abi.inet import ip_text
from minios.userland.lib import proc
from minios.userland.lib.devices import major, minor
from minios.userland.lib.net import services
from minios.userland.lib.net.gai import GaiError, name_of, resolve
from minios.userland.lib.openfiles import Holding, holdings
from minios.userland.lib.procnet import STATES, Socket
from minios.userland.lib.procnet import sockets as inet_sockets
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.regex import Regex, RegexError, compile
from minios.userland.lib.stdio import complain, read_file, why
from minios.userland.lib.users import passwd

USAGE = """
lsof 4.95.0
 usage: [-ahlntUw] [-c c] [-d s] [-p s] [-u s] [+d s] [+D D] [-i] [--] [names]
  -a            AND selections (default: OR)
  -c c          commands that begin with c, or match /c/
  -d s          descriptors: 1,3-5,cwd,txt; ^ before one leaves it out
  +d s          what is open in the directory s
  +D D          what is open in the directory D and below
  -h            this help
  -i[4][tcp|udp][@host][:ports]
                network files
  -l            user ids, not names
  -n -P         no names of hosts and ports
  -p s          process ids; ^ before one leaves it out
  -s tcp:states only sockets in these states
  -t            only process ids
  -u s          users; ^ before one leaves it out
  -U            UNIX domain sockets
  -w            no warnings
  -v            the version
names: files, or mount points for all that is open on them
"""

_TYPES = {
    S_IFREG: b"REG", S_IFDIR: b"DIR", S_IFCHR: b"CHR", S_IFBLK: b"BLK", S_IFIFO: b"FIFO",
    S_IFSOCK: b"unix",
}  # fmt: skip
_SOCKETS = {b"0001": b"STREAM", b"0002": b"DGRAM", b"0005": b"SEQPACKET"}


@dataclass(slots=True)
class Net:
    """One -i: what a socket must have. Empty is anything."""

    protocol: bytes = b""
    host: int | None = None
    ports: tuple[tuple[int, int], ...] = ()

    def matches(self, socket: Socket) -> bool:
        if self.protocol and socket.protocol != self.protocol:
            return False
        ends = (socket.local, socket.remote)
        if self.host is not None and not any(ip == self.host for ip, _ in ends):
            return False
        return not self.ports or any(
            low <= port <= high for _, port in ends for low, high in self.ports
        )


@dataclass(slots=True)
class Choice:
    """What was asked for. An empty set does not select; ``without`` always leaves out."""

    pids: set[int] = field(default_factory=set)
    without_pids: set[int] = field(default_factory=set)
    users: set[int] = field(default_factory=set)
    without_users: set[int] = field(default_factory=set)
    commands: list[bytes | Regex] = field(default_factory=list)
    fds: list[tuple[bytes, bytes]] = field(default_factory=list)
    without_fds: list[tuple[bytes, bytes]] = field(default_factory=list)
    files: dict[tuple[int, int], bytes] = field(default_factory=dict)
    devices: set[int] = field(default_factory=set)
    trees: list[bytes] = field(default_factory=list)
    folders: list[bytes] = field(default_factory=list)
    sockets: bool = False
    network: list[Net] = field(default_factory=list)
    states: dict[bytes, set[bytes]] = field(default_factory=dict)
    numeric_hosts: bool = False
    numeric_ports: bool = False
    both: bool = False

    @property
    def of_process(self) -> bool:
        return bool(self.pids or self.users or self.commands)

    @property
    def of_file(self) -> bool:
        named = self.files or self.devices or self.trees or self.folders
        return bool(self.fds or named or self.sockets or self.network)


def _value(args: list[bytes], arg: bytes) -> bytes:
    """An option's argument: the rest of its word, or the next one."""
    if len(arg) > 2:
        return arg[2:]
    if not args:
        raise Failure(arg + b" not followed by an argument", 1)
    return args.pop(0)


def _parts(text: bytes) -> list[tuple[bool, bytes]]:
    """A comma list: (left out with ^, item)."""
    return [(item[:1] == b"^", item.lstrip(b"^")) for item in text.split(b",") if item]


@program(USAGE)
async def lsof(tool: Tool) -> int:
    """lsof(8)."""
    choice = Choice()
    args = tool.argv[1:]
    terse = numeric = False
    names: list[bytes] = []
    while args:
        arg = args.pop(0)
        if arg == b"--":
            names += args
            break
        letter = arg[1:2]
        if arg[:1] not in b"-+" or not letter:
            names.append(arg)
        elif arg in (b"-h", b"--help", b"-?"):
            await tool.line(USAGE.strip().encode())
            return 0
        elif arg == b"-v":
            await complain(tool.sys, b"lsof version information:\n    revision: 4.95.0")
            return 0
        elif arg[:1] == b"+" and letter in b"dD":
            folder = _value(args, arg)
            (choice.trees if letter == b"D" else choice.folders).append(folder)
        elif letter == b"p":
            for out, item in _parts(_value(args, arg)):
                if not item.isdigit():
                    raise Failure(b"illegal process ID: " + item, 1)
                (choice.without_pids if out else choice.pids).add(int(item))
        elif letter == b"u":
            for out, item in _parts(_value(args, arg)):
                (choice.without_users if out else choice.users).add(await _uid(tool, item))
        elif letter == b"c":
            choice.commands.append(_command(_value(args, arg)))
        elif letter == b"d":
            for out, item in _parts(_value(args, arg)):
                low, dash, high = item.partition(b"-")
                (choice.without_fds if out else choice.fds).append((low, high if dash else low))
        elif letter == b"i":
            word = arg[2:]
            if not word and args and _like_net(args[0]):
                word = args.pop(0)
            choice.network.append(await _net(tool, word))
        elif letter == b"s" and b":" in arg:
            protocol, _, states = arg[2:].partition(b":")
            wanted = choice.states.setdefault(protocol.lower(), set())
            wanted |= {state.upper() for state in states.split(b",")}
        elif all(char in b"alntUwPV" for char in arg[1:].removesuffix(b"i")):
            choice.both = choice.both or b"a" in arg
            choice.sockets = choice.sockets or b"U" in arg
            terse = terse or b"t" in arg
            numeric = numeric or b"l" in arg
            choice.numeric_hosts = choice.numeric_hosts or b"n" in arg
            choice.numeric_ports = choice.numeric_ports or b"P" in arg
            if arg.endswith(b"i"):
                args.insert(0, b"-i")
        else:
            await complain(tool.sys, tool.name + b": illegal option character: " + letter)
            await complain(tool.sys, USAGE.strip().encode())
            return 1
    missing = await _add_names(tool, choice, names)
    if missing and not (choice.of_process or choice.of_file):
        return 1
    status = await _list(tool, choice, terse, numeric)
    return max(status, int(missing))


def _like_net(word: bytes) -> bool:
    """Whether a word that follows -i belongs to it."""
    return word[:1] in b"@:46" or word.lower().startswith((b"tcp", b"udp"))


async def _net(tool: Tool, word: bytes) -> Net:
    """``[4][tcp|udp][@host][:ports]``."""
    made = Net()
    rest = word.removeprefix(b"4")
    for protocol in (b"tcp", b"udp"):
        if rest.lower().startswith(protocol):
            made.protocol = protocol
            rest = rest[3:]
    if rest[:1] == b"@":
        host, colon, ports = rest[1:].partition(b":")
        try:
            made.host = await resolve(tool.sys, host)
        except GaiError:
            raise Failure(b"unacceptable Internet address in: -i " + word, 1) from None
        rest = colon + ports
    if rest[:1] == b":":
        made.ports = await _net_ports(tool, rest[1:], made.protocol or b"tcp", word)
        rest = b""
    if rest:
        raise Failure(b"unknown protocol name (" + rest + b") in: -i " + word, 1)
    return made


async def _net_ports(
    tool: Tool, text: bytes, protocol: bytes, word: bytes
) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for item in text.split(b","):
        low, _, high = item.partition(b"-")
        if low.isdigit() and (high or low).isdigit():
            found.append((int(low), int(high or low)))
            continue
        port = await services.port(tool.sys, item, protocol)
        if port is None:
            raise Failure(b"unknown service " + item + b" in: -i " + word, 1)
        found.append((port, port))
    return tuple(found)


async def _uid(tool: Tool, word: bytes) -> int:
    if word.isdigit():
        return int(word)
    for entry in await passwd(tool.sys):
        if entry.name == word:
            return entry.uid
    raise Failure(b"can't get UID for " + word, 1)


def _command(word: bytes) -> bytes | Regex:
    if word[:1] == b"/" and word.rfind(b"/") > 0:
        pattern, _, letters = word[1:].rpartition(b"/")
        try:
            return compile(pattern, extended=b"b" not in letters, icase=b"i" in letters)
        except RegexError as err:
            raise Failure(b"regular expression: " + str(err).encode("latin-1"), 1) from None
    return word


async def _add_names(tool: Tool, choice: Choice, names: list[bytes]) -> bool:
    """Files to look for; a mount point or a disk stands for everything on it."""
    missing = False
    points = {line.split()[1] for line in (await read_file(tool.sys, b"/proc/mounts")).splitlines()}
    for name in names:
        try:
            stat = await tool.sys.stat(name)
        except OSError as err:
            await tool.warn(b"status error on " + name, err)
            missing = True
            continue
        if stat.mode & S_IFMT == S_IFBLK:
            choice.devices.add(stat.rdev)
        elif stat.mode & S_IFMT == S_IFDIR and (name.rstrip(b"/") or b"/") in points:
            choice.devices.add(stat.dev)
        else:
            choice.files[(stat.dev, stat.ino)] = name
    for folder in [*choice.trees, *choice.folders]:
        try:
            await tool.sys.stat(folder)
        except OSError as err:
            raise Failure(b"WARNING: can't stat(" + folder + b"): " + why(err), 1) from None
    return missing


# -- choosing ----------------------------------------------------------------------------------


def _process_chosen(choice: Choice, process: proc.Process) -> bool:
    if process.pid in choice.pids or (process.euid in choice.users and not choice.both):
        return not choice.both or _all_chosen(choice, process)
    if choice.both:
        return _all_chosen(choice, process)
    return any(_named(command, process.comm) for command in choice.commands)


def _all_chosen(choice: Choice, process: proc.Process) -> bool:
    return (
        (not choice.pids or process.pid in choice.pids)
        and (not choice.users or process.euid in choice.users)
        and (not choice.commands or any(_named(c, process.comm) for c in choice.commands))
    )


def _named(command: bytes | Regex, comm: bytes) -> bool:
    return comm.startswith(command) if isinstance(command, bytes) else command.test(comm)


def _in_ranges(held: Holding, ranges: list[tuple[bytes, bytes]]) -> bool:
    for low, high in ranges:
        if low.isdigit() and high.isdigit():
            if int(low) <= held.number <= int(high):
                return True
        elif held.fd == low:
            return True
    return False


def _socket_chosen(choice: Choice, socket: Socket | None) -> bool:
    if socket is None or not any(net.matches(socket) for net in choice.network):
        return False
    wanted = choice.states.get(socket.protocol)
    return wanted is None or STATES.get(socket.state, b"") in wanted


def _file_chosen(choice: Choice, held: Holding, socket: Socket | None) -> bool:
    """Whether a file is one of those asked for; with -a every kind of wish must agree."""
    answers: list[bool] = []
    if choice.fds:
        answers.append(_in_ranges(held, choice.fds))
    if choice.sockets:
        unix = held.stat is not None and held.stat.mode & S_IFMT == S_IFSOCK
        answers.append(unix and socket is None)
    if choice.network:
        answers.append(_socket_chosen(choice, socket))
    if choice.files or choice.devices or choice.trees or choice.folders:
        answers.append(_place_chosen(choice, held))
    return all(answers) if choice.both else any(answers)


def _place_chosen(choice: Choice, held: Holding) -> bool:
    if held.stat is None:
        return False
    if (held.stat.dev, held.stat.ino) in choice.files or held.stat.dev in choice.devices:
        return True
    path = held.path.partition(b" type=")[0]
    for tree in choice.trees:
        top = tree.rstrip(b"/")
        if path == (top or b"/") or path.startswith(top + b"/"):
            return True
    return any(
        path == (folder.rstrip(b"/") or b"/") or path.rpartition(b"/")[0] == folder.rstrip(b"/")
        for folder in choice.folders
    )


# -- showing -----------------------------------------------------------------------------------


async def _list(tool: Tool, choice: Choice, terse: bool, numeric: bool) -> int:
    names = {} if numeric else {entry.uid: entry.name for entry in await passwd(tool.sys)}
    sockets = await _unix_sockets(tool)
    internet = {socket.inode: socket for socket in await inet_sockets(tool.sys)}
    await tool.retain(100 * len(internet))
    rows: list[tuple[bytes, ...]] = []
    pids: list[int] = []
    for pid in await proc.pids(tool.sys):
        process = await proc.read_process(tool.sys, pid, argv=False)
        if process is None or pid in choice.without_pids or process.euid in choice.without_users:
            continue
        mine = _process_chosen(choice, process) if choice.of_process else not choice.of_file
        if choice.both and choice.of_process and not mine:
            continue
        for held in await holdings(tool, pid):
            if held.path in sockets:
                held.path = sockets[held.path][1]
            is_socket = held.stat is not None and held.stat.mode & S_IFMT == S_IFSOCK
            socket = internet.get(held.stat.ino) if held.stat is not None and is_socket else None
            if _in_ranges(held, choice.without_fds):
                continue
            if choice.of_file:
                wanted = _file_chosen(choice, held, socket)
                if not (wanted and (mine or not choice.both or not choice.of_process)) and not (
                    mine and not choice.both and choice.of_process
                ):
                    continue
            elif not mine:
                continue
            user = names.get(process.euid, b"%d" % process.euid)
            if socket is not None:
                cells = await _internet_row(tool, choice, held, socket)
            else:
                cells = _row(held, sockets)
            rows.append((process.comm[:9], b"%d" % pid, user, *cells))
            await tool.retain(200)
            if pid not in pids:
                pids.append(pid)
    if not rows:
        return 1
    if terse:
        for pid in pids:
            await tool.line(b"%d" % pid)
        return 0
    await _print(tool, rows)
    found = {int(row[1]) for row in rows}
    return int(bool(choice.pids - found))


async def _unix_sockets(tool: Tool) -> dict[bytes, tuple[bytes, bytes]]:
    """By what the descriptor's link says: the socket's number, and its name and state."""
    found: dict[bytes, tuple[bytes, bytes]] = {}
    for line in (await proc.read_optional(tool.sys, b"/proc/net/unix")).splitlines()[1:]:
        words = line.split(None, 7)
        kind = b" type=" + _SOCKETS.get(words[4], b"RAW")
        if int(words[3], 16) & 0x10000:
            state = b" (LISTEN)"
        else:
            state = b" (CONNECTED)" if words[5] == b"03" else b" (UNCONNECTED)"
        name = words[7] if len(words) > 7 else b""
        found[b"socket:[" + words[6] + b"]"] = (words[0][:-1], (name + kind + state).lstrip())
        await tool.retain(len(line))
    return found


def _row(held: Holding, sockets: dict[bytes, tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    """FD with mode and lock, TYPE, DEVICE, SIZE/OFF, NODE, NAME."""
    fd = held.fd.rjust(4) + (held.mode + held.lock).ljust(2)
    stat = held.stat
    if stat is None:
        kind = b"" if held.fd == b"NOFD" else b"unknown"
        return (fd, kind, b"", b"", b"", (held.path + b" " + held.trouble).strip())
    kind = _TYPES.get(stat.mode & S_IFMT, b"a_inode")
    device = stat.rdev if kind in (b"CHR", b"BLK") else stat.dev
    place = b"%d,%d" % (major(device), minor(device))
    size = b"0t%d" % held.offset
    path = held.path
    if kind in (b"REG", b"DIR"):
        size = b"%d" % stat.size
    elif kind == b"a_inode":
        size, path = b"0", path.removeprefix(b"anon_inode:")
    elif kind == b"FIFO" and path.startswith(b"pipe:["):
        path = b"pipe"
    elif kind == b"unix":
        by_ino = sockets.get(b"socket:[%d]" % stat.ino)
        place = b"0x" + (by_ino[0] if by_ino is not None else b"0")
    return (fd, kind, place, size, b"%d" % stat.ino, path)


async def _internet_row(
    tool: Tool, choice: Choice, held: Holding, socket: Socket
) -> tuple[bytes, ...]:
    fd = held.fd.rjust(4) + (held.mode + held.lock).ljust(2)
    name = await _end(tool, choice, socket.local, socket.protocol)
    if socket.remote[0]:
        name += b"->" + await _end(tool, choice, socket.remote, socket.protocol)
    if socket.protocol == b"tcp":
        name += b" (" + STATES.get(socket.state, b"UNKNOWN") + b")"
    node = socket.protocol.upper()
    kind = b"IPv4" if socket.protocol in (b"tcp", b"udp") else b"raw"
    return (fd, kind, b"%d" % socket.inode, b"0t0", node, name)


async def _end(tool: Tool, choice: Choice, address: tuple[int, int], protocol: bytes) -> bytes:
    """An address and a port, by name unless -n and -P."""
    ip, number = address
    host = b"*"
    if ip:
        host = ip_text(ip).encode()
        if not choice.numeric_hosts:
            host = await name_of(tool.sys, ip) or host
    port = b"%d" % number if number else b"*"
    if number and not choice.numeric_ports:
        port = await services.name(tool.sys, number, protocol) or port
    return host + b":" + port


async def _print(tool: Tool, rows: list[tuple[bytes, ...]]) -> None:
    head = (b"COMMAND", b"PID", b"USER", b"  FD  ", b"TYPE", b"DEVICE", b"SIZE/OFF", b"NODE")
    widths = [max(len(head[at]), *(len(row[at]) for row in rows)) for at in range(len(head))]
    for row in ((*head, b"NAME"), *rows):
        cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]
        cells += [row[at].rjust(widths[at]) for at in range(4, len(head))]
        await tool.line((b" ".join(cells) + b" " + row[8]).rstrip())

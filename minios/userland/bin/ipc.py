"""ipcs, ipcrm and ipcmk (util-linux 2.38): System V shared memory; there are no queues here."""

from typing import NamedTuple

from minios.abi.errno import Errno
from minios.abi.flags import IPC_CREAT, IPC_EXCL, IPC_RMID, IPC_STAT, SHM_DEST, SHM_LOCKED
from minios.abi.records import Shmid
from minios.abi.sys import Sys
from minios.userland.bin.swap import size_text
from minios.userland.lib import users
from minios.userland.lib.calendar import strftime
from minios.userland.lib.procfiles import read_optional
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.sizes import SizeError, parse_size
from minios.userland.lib.stdio import complain, why

IPCS = """
Usage:
 ipcs [resource-option...] [output-option]
 ipcs -m|-q|-s -i <id>

Show information on IPC facilities.

Options:
 -i, --id <id>  print details on resource identified by <id>
 -h, --help     display this help
 -V, --version  display version

Resource options:
 -m, --shmems      shared memory segments
 -q, --queues      message queues
 -s, --semaphores  semaphores
 -a, --all         all (default)

Output options:
 -t, --time        show attach, detach and change times
 -p, --pid         show PIDs of creator and last operator
 -c, --creator     show creator and owner
 -l, --limits      show resource limits
 -u, --summary     show status summary
     --human       show sizes in human-readable format
 -b, --bytes       show sizes in bytes

For more details see ipcs(1).
"""

IPCRM = """
Usage:
 ipcrm [options]
 ipcrm shm|msg|sem <id>...

Remove certain IPC resources.

Options:
 -m, --shmem-id <id>        remove shared memory segment by id
 -M, --shmem-key <key>      remove shared memory segment by key
 -q, --queue-id <id>        remove message queue by id
 -Q, --queue-key <key>      remove message queue by key
 -s, --semaphore-id <id>    remove semaphore by id
 -S, --semaphore-key <key>  remove semaphore by key
 -a, --all[=shm|msg|sem]    remove all (in the specified category)
 -v, --verbose              explain what is being done

 -h, --help                 display this help
 -V, --version              display version

For more details see ipcrm(1).
"""

IPCMK = """
Usage:
 ipcmk [options]

Create shared memory.

Options:
 -M, --shmem <size>       create shared memory segment of size <size>
 -p, --mode <mode>        permission for the resource (default is 0644)

 -h, --help               display this help
 -V, --version            display version

For more details see ipcmk(1).
"""

NS = 1_000_000_000
PAGE = 4096


class Segment(NamedTuple):
    """A line of /proc/sysvipc/shm."""

    id: int
    data: Shmid
    rss: int
    swap: int


async def segments(sys: Sys) -> list[Segment]:
    """All segments, by id."""
    found = []
    for line in (await read_optional(sys, b"/proc/sysvipc/shm")).splitlines()[1:]:
        words = line.split()
        key, ident = int(words[0]), int(words[1])
        mode = int(words[2], 8)
        size, cpid, lpid, nattch, uid, gid, cuid, cgid, atime, dtime, ctime = (
            int(word) for word in words[3:14]
        )
        data = Shmid(
            key & 0xFFFFFFFF, uid, gid, cuid, cgid, mode, size, atime, dtime, ctime, cpid, lpid,
            nattch,
        )  # fmt: skip
        found.append(Segment(ident, data, int(words[14]), int(words[15])))
    return found


async def _version(tool: Tool, text: str) -> bool:
    if "h" in tool.options:
        await tool.line(b"\n" + text.strip().encode())
    elif "V" in tool.options:
        await tool.line(tool.name.rpartition(b"/")[2] + b" from util-linux 2.38.1")
    else:
        return False
    return True


# -- ipcs --------------------------------------------------------------------------------------


@program(
    IPCS, "i:mqsatpclubhV",
    ("id:=i", "shmems=m", "queues=q", "semaphores=s", "all=a", "time=t", "pid=p", "creator=c",
     "limits=l", "summary=u", "human", "bytes=b", "help=h", "version=V"),
)  # fmt: skip
async def ipcs(tool: Tool) -> int:
    """ipcs(1)."""
    options = tool.options
    if await _version(tool, IPCS):
        return 0
    kinds = [kind for kind in "qms" if kind in options]
    ident = options.last("i")
    if ident is not None:
        if not ident.isdigit():
            raise Failure(b"failed to parse id argument: '" + ident + b"'")
        if len(kinds) != 1:
            raise Failure(b"when using an ID, a single resource must be specified")
        return await _details(tool, kinds[0], int(ident[:10]))
    if "a" in options or not kinds:
        kinds = ["q", "m", "s"]
    how = next((letter for letter in "lutpc" if letter in options), "")
    if "".join(kinds) == "qms":
        await tool.line(b"")
    for kind in kinds:
        if len(kinds) < 3:
            await tool.line(b"")
        if kind == "m":
            await _shared_memory(tool, how)
        else:
            await _nothing(tool, kind, how)
        await tool.line(b"")
    return 0


_EMPTY = {
    ("q", ""): (
        b"Message Queues",
        b"key        msqid      owner      perms      used-bytes   messages    ",
    ),
    ("s", ""): (
        b"Semaphore Arrays",
        b"key        semid      owner      perms      nsems     ",
    ),
    ("q", "t"): (
        b"Message Queues Send/Recv/Change Times",
        b"msqid    owner      send                 recv                 change              ",
    ),
    ("s", "t"): (
        b"Semaphore Operation/Change Times",
        b"semid    owner      last-op                    last-changed              ",
    ),
    ("q", "p"): (
        b"Message Queues PIDs",
        b"msqid      owner      lspid      lrpid     ",
    ),
    ("q", "c"): (
        b"Message Queues Creators/Owners",
        b"msqid      perms      cuid       cgid       uid        gid       ",
    ),
    ("s", "c"): (
        b"Semaphore Arrays Creators/Owners",
        b"semid      perms      cuid       cgid       uid        gid       ",
    ),
}


async def _nothing(tool: Tool, kind: str, how: str) -> None:
    """Queues and semaphores, of which there are none."""
    if how == "l":
        title = b"Messages Limits" if kind == "q" else b"Semaphore Limits"
        await tool.line(b"------ " + title + b" --------")
        for text in (
            (b"max queues system wide = 0", b"max size of message (bytes) = 0",
             b"default max size of queue (bytes) = 0")
            if kind == "q"
            else (b"max number of arrays = 0", b"max semaphores per array = 0",
                  b"max semaphores system wide = 0", b"max ops per semop call = 0",
                  b"semaphore max value = 0")
        ):  # fmt: skip
            await tool.line(text)
        return
    if how == "u":
        title = b"Messages Status" if kind == "q" else b"Semaphore Status"
        await tool.line(b"------ " + title + b" --------")
        rows = (
            (b"allocated queues = 0", b"used headers = 0", b"used space = 0 bytes")
            if kind == "q"
            else (b"used arrays = 0", b"allocated semaphores = 0")
        )
        for text in rows:
            await tool.line(text)
        return
    title, head = _EMPTY.get((kind, how), _EMPTY[kind, ""])
    await tool.line(b"------ " + title + b" --------")
    await tool.line(head)


def _cells(*cells: bytes) -> bytes:
    return b" ".join(cell.ljust(10) for cell in cells)


def _when(seconds: int) -> bytes:
    text = strftime(b"%b %e %H:%M:%S", seconds * NS) if seconds else b"Not set"
    return text.ljust(20)


async def _shared_memory(tool: Tool, how: str) -> None:
    found = await segments(tool.sys)
    names = {entry.uid: entry.name for entry in await users.passwd(tool.sys)}
    groups = {entry.gid: entry.name for entry in await users.groups(tool.sys)}

    def user(uid: int) -> bytes:
        return names.get(uid, b"%d" % uid)[:10]

    def group(gid: int) -> bytes:
        return groups.get(gid, b"%d" % gid)[:10]

    async def title(text: bytes, head: bytes = b"") -> None:
        await tool.line(b"------ " + text + b" --------")
        if head:
            await tool.line(head)

    if how == "l":
        await title(b"Shared Memory Limits")
        await tool.line(b"max number of segments = 4096")
        await tool.line(b"max seg size (kbytes) = 1966080")
        await tool.line(b"max total shared memory (kbytes) = 4194303")
        await tool.line(b"min seg size (bytes) = 1")
    elif how == "u":
        await title(b"Shared Memory Status")
        await tool.line(b"segments allocated %d" % len(found))
        pages = sum(-(-segment.data.size // PAGE) for segment in found)
        await tool.line(b"pages allocated %d" % pages)
        await tool.line(b"pages resident  %d" % (sum(s.rss for s in found) // PAGE))
        await tool.line(b"pages swapped   %d" % (sum(s.swap for s in found) // PAGE))
        await tool.line(b"Swap performance: 0 attempts\t 0 successes")
    elif how == "t":
        await title(
            b"Shared Memory Attach/Detach/Change Times",
            _cells(b"shmid", b"owner") + b" " + b" ".join(
                name.ljust(20) for name in (b"attached", b"detached", b"changed")
            ),
        )  # fmt: skip
        for ident, data, _, _ in found:
            times = b" ".join(map(_when, (data.atime, data.dtime, data.ctime)))
            await tool.line(_cells(b"%d" % ident, user(data.uid)) + b" " + times)
    elif how == "p":
        await title(
            b"Shared Memory Creator/Last-op PIDs", _cells(b"shmid", b"owner", b"cpid", b"lpid")
        )
        for ident, data, _, _ in found:
            cells = (b"%d" % ident, user(data.uid), b"%d" % data.cpid, b"%d" % data.lpid)
            await tool.line(_cells(*cells))
    elif how == "c":
        await title(
            b"Shared Memory Segment Creators/Owners",
            _cells(b"shmid", b"perms", b"cuid", b"cgid", b"uid", b"gid"),
        )
        for ident, data, _, _ in found:
            row = (
                b"%d" % ident, b"%-3o" % (data.mode & 0o777), user(data.cuid), group(data.cgid),
                user(data.uid), group(data.gid),
            )  # fmt: skip
            await tool.line(_cells(*row))
    else:
        human = "human" in tool.options
        size_head = b"size" if human else b"bytes"
        await title(
            b"Shared Memory Segments",
            _cells(b"key", b"shmid", b"owner", b"perms", size_head, b"nattch", b"status") + b"  ",
        )
        for ident, data, _, _ in found:
            size = size_text(data.size).rjust(6).ljust(10) if human else b"%-10d" % data.size
            status = (b"dest" if data.mode & SHM_DEST else b" ").ljust(6) + b" "
            status += (b"locked" if data.mode & SHM_LOCKED else b" ").ljust(6)
            head = _cells(
                b"0x%08x" % data.key, b"%d" % ident, user(data.uid),
                b"%-3o" % (data.mode & 0o777),
            )  # fmt: skip
            await tool.line(
                head + b" " + size + b" %-10d " % data.nattch + status.rstrip().ljust(13)
            )


async def _details(tool: Tool, kind: str, ident: int) -> int:
    if kind != "m":
        raise Failure(b"id %d not found" % ident)
    for found, data, _, _ in await segments(tool.sys):
        if found != ident:
            continue
        await tool.line(b"")
        await tool.line(b"Shared memory Segment shmid=%d" % ident)
        await tool.line(
            b"uid=%d\tgid=%d\tcuid=%d\tcgid=%d" % (data.uid, data.gid, data.cuid, data.cgid)
        )
        await tool.line(b"mode=%04o\taccess_perms=%04o" % (data.mode, data.mode & 0o777))
        await tool.line(
            b"bytes=%d\tlpid=%d\tcpid=%d\tnattch=%d"
            % (data.size, data.lpid, data.cpid, data.nattch)
        )
        for name, seconds in ((b"att", data.atime), (b"det", data.dtime), (b"change", data.ctime)):
            text = strftime(b"%a %b %e %H:%M:%S %Y", seconds * NS) if seconds else b"Not set"
            await tool.line(name + b"_time=" + text.ljust(26))
        await tool.line(b"")
        return 0
    raise Failure(b"id %d not found" % ident)


# -- ipcrm and ipcmk ---------------------------------------------------------------------------


@program(
    IPCRM, "m:M:q:Q:s:S:a::vhV",
    ("shmem-id:=m", "shmem-key:=M", "queue-id:=q", "queue-key:=Q", "semaphore-id:=s",
     "semaphore-key:=S", "all::=a", "verbose=v", "help=h", "version=V"),
)  # fmt: skip
async def ipcrm(tool: Tool) -> int:
    """ipcrm(1)."""
    options = tool.options
    if await _version(tool, IPCRM):
        return 0
    status = 0
    operands = list(tool.operands)
    if operands and operands[0] in (b"shm", b"msg", b"sem"):
        kind = operands.pop(0)
        if not operands:
            raise Failure(b"not enough arguments", hint=True)
        for word in operands:
            status |= await _remove(tool, "m" if kind == b"shm" else "q", word)
        return status
    if operands:
        raise Failure(b"unknown argument: " + operands[0], hint=True)
    for flag, value in options.flags:
        if flag in "mMqQsS":
            status |= await _remove(tool, flag, value or b"")
        elif flag == "a" and value in (None, b"shm", b"all"):
            for segment in await segments(tool.sys):
                status |= await _remove(tool, "m", b"%d" % segment.id)
    return status


async def _remove(tool: Tool, flag: str, word: bytes) -> int:
    sys = tool.sys
    by_key = flag.isupper()
    try:
        number = int(word, 0)
    except ValueError:
        raise Failure(b"failed to parse argument: '" + word + b"'") from None
    name = b"key" if by_key else b"id"
    failed = tool.name + b": invalid " + name + b" (" + word + b")"
    if flag.lower() != "m":
        await complain(sys, failed)
        return 1
    if "v" in tool.options:
        await tool.line(b"removing shared memory segment " + name + b" `" + word + b"'")
    try:
        ident = await sys.shmget(number, 0, 0) if by_key else number
        if by_key and not number:
            raise Failure(b"illegal key (" + word + b")")
        await sys.shmctl(ident, IPC_RMID)
    except OSError as err:
        if err.errno in (Errno.EACCES, Errno.EPERM):
            failed = tool.name + b": permission denied for " + name + b" (" + word + b")"
        await complain(sys, failed)
        return 1
    return 0


@program(
    IPCMK, "M:S:Qp:hV",
    ("shmem:=M", "semaphore:=S", "queue=Q", "mode:=p", "help=h", "version=V"),
)  # fmt: skip
async def ipcmk(tool: Tool) -> int:
    """ipcmk(1)."""
    options = tool.options
    if await _version(tool, IPCMK):
        return 0
    word = options.last("M")
    if word is None:
        raise Failure(b"bad usage", hint=True)
    try:
        size = parse_size(word)
    except SizeError:
        raise Failure(b"failed to parse size: '" + word + b"': Invalid argument") from None
    mode = options.last("p") or b"0644"
    if not mode.isdigit() or not set(mode) <= set(b"01234567"):
        raise Failure(b"failed to parse mode: '" + mode + b"'")
    key = int.from_bytes(await tool.sys.getrandom(4), "little") & 0x7FFFFFFF or 1
    try:
        flag = IPC_CREAT | IPC_EXCL | int(mode, 8) & 0o777
        ident = await tool.sys.shmget(key, size, flag)
        await tool.sys.shmctl(ident, IPC_STAT)
    except OSError as err:
        raise Failure(b"create share memory failed: " + why(err)) from None
    await tool.line(b"Shared memory id: %d" % ident)
    return 0

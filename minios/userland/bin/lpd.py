"""lpd: the print spooler: it keeps the queue and is the one who writes to the printer.

Jobs come over a local socket. One at a time is printed by a child; while somebody else holds the
printer it tries again every few seconds.
"""

from contextlib import suppress

from minios.abi.errno import Errno
from minios.abi.flags import (
    O_CREAT,
    O_RDONLY,
    O_TRUNC,
    O_WRONLY,
    POLLIN,
    WNOHANG,
    wexitstatus,
    wifexited,
)
from minios.abi.signals import SIG_BLOCK, SIG_DFL, SIG_SETMASK, Sig, mask_of
from minios.abi.sockets import (
    AF_UNIX,
    SO_PEERCRED,
    SO_RCVTIMEO,
    SOCK_CLOEXEC,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from minios.userland.lib import spool
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.spool import Job
from minios.userland.lib.stdio import list_dir, read_file, why, write_all
from minios.userland.lib.users import by_uid

USAGE = """
Usage: lpd [-t SECONDS]
The print spooler. It prints what lp and lpr send, one job after the other, on
/dev/lp0, and serves lpq, lprm and cancel.

  -t SECONDS    how long to wait before trying a busy printer again (5)
"""

NS = 1_000_000_000
TEMPFAIL = 75
"""EX_TEMPFAIL of sysexits.h: somebody else has the printer."""
BLOCK = 1024


class Spooler:
    """The queue. ``child`` prints its first job; ``retry`` is when to try again."""

    def __init__(self, tool: Tool, pause: int) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.pause = pause
        self.jobs: list[Job] = []
        self.last = 0
        self.child = 0
        self.retry: int | None = None

    async def load(self) -> None:
        """Take up what was not printed when the spooler ended last."""
        for name in await list_dir(self.sys, spool.FOLDER):
            if name.startswith(b"cfA") and name[3:].isdigit():
                text = await read_file(self.sys, spool.FOLDER + b"/" + name)
                job = spool.read_control(int(name[3:]), text)
                if job is not None:
                    self.jobs.append(job)
                    await self.tool.retain(256)
        self.last = max((job.number for job in self.jobs), default=0)

    def path(self, kind: bytes, job: Job) -> bytes:
        return spool.FOLDER + b"/" + kind + b"fA%03d" % job.number

    async def begin(self) -> None:
        """Print the first job, unless that is being done or has to wait."""
        if self.child or not self.jobs:
            return
        if self.retry is not None and await self.sys.clock_gettime(1) < self.retry:
            return
        self.retry = None
        self.child = await self.sys.fork(_print, self.jobs[0].copies, self.path(b"d", self.jobs[0]))

    async def reap(self) -> None:
        """The child has ended: the job is done, or is to be tried again."""
        try:
            waited = await self.sys.waitpid(-1, WNOHANG)
        except OSError:
            return
        if not waited.pid or waited.pid != self.child:
            return
        self.child = 0
        if wifexited(waited.status) and wexitstatus(waited.status) == TEMPFAIL:
            self.retry = await self.sys.clock_gettime(1) + self.pause
        elif self.jobs:
            await self.drop(self.jobs[0])

    async def drop(self, job: Job) -> None:
        """Forget a job and its files."""
        self.jobs.remove(job)
        self.tool.release(256)
        for kind in (b"c", b"d"):
            try:
                await self.sys.unlink(self.path(kind, job))
            except OSError:
                continue

    # -- requests ------------------------------------------------------------------------------

    async def serve(self, fd: int) -> None:
        """One request of a client."""
        sys = self.sys
        cred = await sys.getsockopt(fd, SOL_SOCKET, SO_PEERCRED)
        await sys.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, 10 * NS)
        entry = await by_uid(sys, cred.uid)
        owner = entry.name if entry is not None else b"%d" % cred.uid
        head = b""
        while b"\n" not in head:
            part = await sys.recv(fd, BLOCK)
            if not part or len(head) > 4096:
                return
            head += part
        request, _, data = head.partition(b"\n")
        words = request[1:].split(b"\t")
        if request[:1] == spool.RECEIVE and len(words) == 3 and words[1].isdigit():
            answer = await self.receive(fd, owner, words, data)
        elif request[:1] == spool.LIST:
            answer = self.listing()
        elif request[:1] == spool.REMOVE:
            answer = await self.remove(owner, cred.uid == 0, words[1:])
        else:
            answer = b"bad request\n"
        await write_all(sys, fd, answer)

    async def receive(self, fd: int, owner: bytes, words: list[bytes], data: bytes) -> bytes:
        """A new job: its number. The data comes until the client says it is over."""
        while part := await self.sys.recv(fd, 4096):
            await self.tool.retain(len(part))
            data += part
            if len(data) > spool.JOB_MAX:
                return b"job too large\n"
        self.last = self.last % 999 + 1
        job = Job(self.last, owner, words[2], int(words[1][:3]) or 1, len(data))
        for kind, text in ((b"d", data), (b"c", job.control())):
            out = await self.sys.open(self.path(kind, job), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            await write_all(self.sys, out, text)
            await self.sys.close(out)
        self.tool.release(len(data))
        self.jobs.append(job)
        await self.tool.retain(256)
        return b"%d\n" % job.number

    def listing(self) -> bytes:
        """What lpq(1) prints, as CUPS words it."""
        if not self.jobs:
            return b"lp is ready\nno entries\n"
        lines = [b"lp is ready and printing"]
        if self.retry is not None:
            lines = [b"lp is ready", b"waiting for lp0 to become ready (in use)"]
        head = (b"Rank", b"Owner", b"Job", b"File(s)", b"Total Size")
        lines.append(b"%-7b %-7b %-7b %-31b %b" % head)
        waits = self.retry is not None
        for place, job in enumerate(self.jobs, int(waits)):
            row = (spool.rank(place), job.owner[:7], job.number, job.title[:31], job.size)
            lines.append(b"%-7b %-7b %-7d %-31b %d bytes" % row)
        return b"\n".join(lines) + b"\n"

    async def remove(self, owner: bytes, root: bool, numbers: list[bytes]) -> bytes:
        """Jobs by number, ``-`` for all of the caller's, nothing for the first one."""
        if not numbers:
            wanted = self.jobs[:1]
        elif numbers == [b"-"]:
            wanted = [job for job in self.jobs if root or job.owner == owner]
        else:
            wanted = [job for job in self.jobs if b"%d" % job.number in numbers]
            for number in numbers:
                if not any(b"%d" % job.number == number for job in wanted):
                    return b"Job #" + number + b" does not exist.\n"
        for job in wanted:
            if not root and job.owner != owner:
                return b"Not authorized to cancel job %d.\n" % job.number
        for job in wanted:
            if job is self.jobs[0] and self.child:
                await self.sys.kill(self.child, Sig.SIGTERM)
                await self.sys.waitpid(self.child)
                self.child = 0
            await self.drop(job)
        return b""


async def _print(sys: Sys, copies: int, path: bytes) -> int:
    """The child: copy the job to the printer, each copy on pages of its own."""
    await sys.sigaction(Sig.SIGCHLD, SIG_DFL)
    await sys.sigaction(Sig.SIGTERM, SIG_DFL)
    await sys.sigprocmask(SIG_SETMASK, 0)
    try:
        printer = await sys.open(spool.DEVICE, O_WRONLY)
    except OSError as err:
        return TEMPFAIL if err.errno in (Errno.EBUSY, Errno.ENXIO) else 1
    for _ in range(copies):
        fd = await sys.open(path, O_RDONLY)
        last = b""
        while data := await sys.read(fd, BLOCK):
            await write_all(sys, printer, data)
            last = data[-1:]
        await sys.close(fd)
        if last and last != b"\f":
            await write_all(sys, printer, b"\f")
    return 0


@program(USAGE, "t:")
async def lpd(tool: Tool) -> int:
    """lpd(8)."""
    sys = tool.sys
    pause = tool.options.last("t") or b"5"
    if not pause.isdigit() or not int(pause):
        raise Failure(b"bad number of seconds: " + pause)
    fd = await sys.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
    try:
        await sys.bind(fd, spool.SOCKET)
    except OSError as err:
        if err.errno != Errno.EADDRINUSE or await _answers(sys):
            raise Failure(spool.SOCKET + b": " + why(err)) from None
        await sys.unlink(spool.SOCKET)
        await sys.bind(fd, spool.SOCKET)
    await sys.chmod(spool.SOCKET, 0o666)
    await sys.listen(fd, 8)
    try:
        await sys.mkdir(spool.FOLDER, 0o700)
    except OSError as err:
        if err.errno != Errno.EEXIST:
            raise Failure(spool.FOLDER + b": " + why(err)) from None
    spooler = Spooler(tool, int(pause) * NS)
    await spooler.load()

    async def noted(_: Sys, sig: int) -> None:
        """Only to end the poll."""

    await sys.sigaction(Sig.SIGCHLD, noted)
    before = await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGCHLD))  # it comes in poll, or waits
    while True:
        await spooler.reap()
        await spooler.begin()
        timeout = None
        if spooler.retry is not None:
            timeout = max(spooler.retry - await sys.clock_gettime(1), 0)
        try:
            ready = await sys.poll([(fd, POLLIN)], timeout, before)
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise
            continue
        if ready:
            end, _ = await sys.accept(fd, SOCK_CLOEXEC)
            with suppress(OSError):  # whoever asked may have gone
                await spooler.serve(end)
            await sys.close(end)


async def _answers(sys: Sys) -> bool:
    """Whether another spooler listens already."""
    fd = await sys.socket(AF_UNIX, SOCK_STREAM)
    try:
        await sys.connect(fd, spool.SOCKET)
    except OSError:
        return False
    await sys.close(fd)
    return True

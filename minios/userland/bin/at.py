"""at, batch, atq, atrm and their daemon (at 3.2.5).

A job is a script in ``/var/spool/cron/atjobs`` with the environment, the directory and the umask of
the moment it was made; its name says queue, number and minute.
"""

from dataclasses import dataclass

from minios.abi.flags import O_CLOEXEC, O_CREAT, O_EXCL, O_WRONLY, POLLIN, WNOHANG
from minios.abi.inotify import IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_MOVED_TO
from minios.abi.signals import SIG_BLOCK, SIG_DFL, SIG_SETMASK, Sig, mask_of
from minios.abi.sys import Sys
from minios.userland.bin.systemctl.client import Denied, ask
from minios.userland.lib import attime, users
from minios.userland.lib.calendar import strftime
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Reader, complain, read_file, why, write_all
from minios.userland.lib.units.find import listing

SPOOL = b"/var/spool/cron/atjobs"
SEQUENCE = SPOOL + b"/.SEQ"
NS = 1_000_000_000
LOAD = 98304
"""The load average, in 1/65536, below which a batch job may begin: 1.5."""
_NOT_KEPT = (b"TERM", b"DISPLAY", b"_", b"SHELLOPTS", b"BASH_VERSINFO", b"EUID", b"GROUPS", b"PPID",
             b"UID")  # fmt: skip

_SPECIAL = b" \t`$\\\"'*?[]{}()<>|&;~#!"

AT = """\
Usage: at [-V] [-q x] [-f file] [-mMlbv] timespec ...
       at [-V] [-q x] [-f file] [-mMkv] -t time
       at -c job ...
       at [-V] -l [-o timeformat] [job ...]
       atq [-V] [-q x] [-o timeformat] [job ...]
       at [ -rd ] job ...
       atrm [-V] job ...
       batch"""


@dataclass(frozen=True, slots=True)
class Job:
    """What a file's name says of it. ``due`` is in seconds since the epoch."""

    queue: str
    number: int
    due: int
    name: bytes
    uid: int
    running: bool = False

    @property
    def path(self) -> bytes:
        return SPOOL + b"/" + self.name


async def jobs(sys: Sys) -> list[Job]:
    """Every job in the spool; the caller has to be able to read that (the programs are setuid)."""
    found = []
    for name in await listing(sys, SPOOL):
        text = name.decode("latin-1")
        if len(text) != 14:
            continue
        try:
            number, minute = int(text[1:6], 16), int(text[6:], 16)
            stat = await sys.stat(SPOOL + b"/" + name)
        except (ValueError, OSError):
            continue
        found.append(Job(text[0], number, minute * 60, name, stat.uid, text[0] == "="))
    return found


def shell_word(text: bytes) -> bytes:
    """``text`` as the shell reads it back: special characters behind a backslash."""
    pieces = []
    for byte in text:
        char = bytes((byte,))
        pieces.append(b'"\n"' if char == b"\n" else b"\\" + char if char in _SPECIAL else char)
    return b"".join(pieces)


async def _number(sys: Sys) -> int:
    """The next job number."""
    try:
        last = int(await read_file(sys, SEQUENCE), 16)
    except (OSError, ValueError):
        last = 0
    number = last % 0xFFFFF + 1
    fd = await sys.open(SEQUENCE, O_WRONLY | O_CREAT | 0o1000, 0o600)
    await write_all(sys, fd, b"%05x\n" % number)
    await sys.close(fd)
    return number


async def _script(tool: Tool, commands: bytes) -> bytes:
    """The job's file."""
    sys = tool.sys
    uid, gid = await sys.getuid(), await sys.getgid()
    account = await users.by_uid(sys, uid)
    mask = await sys.umask(0o77)
    await sys.umask(mask)
    lines = [
        b"#!/bin/sh",
        b"# atrun uid=%d gid=%d" % (uid, gid),
        b"# mail %b 0" % (account.name if account is not None else b"root"),
        b"umask %o" % mask,
    ]
    for name, value in tool.env.items():
        if name not in _NOT_KEPT and name.replace(b"_", b"a").isalnum():
            lines.append(name + b"=" + shell_word(value) + b"; export " + name)
    lines += [
        b"cd " + shell_word(await sys.getcwd()) + b" || {",
        b"\t echo 'Execution directory inaccessible' >&2",
        b"\t exit 1",
        b"}",
    ]
    return b"\n".join(lines) + b"\n" + commands + b"\n"


@program(AT)
async def at(tool: Tool) -> int:
    """at(1), batch(1), atq(1) and atrm(1), whichever name it is called by."""
    name = tool.name.rpartition(b"/")[2]
    parsed = _options(tool)
    if parsed is None:
        await complain(tool.sys, AT.encode())
        return 1
    flags, values, operands = parsed
    if "V" in flags:
        await complain(tool.sys, b"at version 3.2.5")
        return 0
    if name == b"atq" or "l" in flags:
        return await _list(tool, values.get("q"), operands)
    if name == b"atrm" or flags & {"r", "d"}:
        return await _remove(tool, operands)
    if "c" in flags:
        return await _cat(tool, operands)
    batch = name == b"batch" or "b" in flags
    if not operands and not batch:
        await complain(tool.sys, b"Garbled time")
        return 1
    return await _submit(tool, flags, values, operands, batch=batch)


def _options(tool: Tool) -> tuple[set[str], dict[str, bytes], list[bytes]] | None:
    flags: set[str] = set()
    values: dict[str, bytes] = {}
    args = tool.argv[1:]
    at_ = 0
    while at_ < len(args) and args[at_].startswith(b"-") and len(args[at_]) > 1:
        word = args[at_][1:]
        at_ += 1
        for index, byte in enumerate(word):
            letter = chr(byte)
            if letter in "qfto":
                values[letter] = word[index + 1 :]
                if not values[letter]:
                    if at_ >= len(args):
                        return None
                    values[letter] = args[at_]
                    at_ += 1
                break
            if letter not in "VmMlbvrdck":
                return None
            flags.add(letter)
    return flags, values, args[at_:]


async def _submit(
    tool: Tool, flags: set[str], values: dict[str, bytes], operands: list[bytes], *, batch: bool
) -> int:
    sys = tool.sys
    caller = await sys.getuid()
    account = await users.by_uid(sys, caller)
    if account is None or not await _allowed(sys, account.name, caller):
        await complain(sys, b"You do not have permission to use at.")
        return 1
    now = await sys.clock_gettime() // NS
    due = now // 60 * 60
    if operands:
        try:
            due = attime.parse(b" ".join(operands).decode("latin-1"), now)
        except attime.Garbled as err:
            text = str(err).encode("latin-1")
            if text:
                await complain(sys, b"syntax error. Last token seen: " + text)
            await complain(sys, b"Garbled time")
            return 1
    if due < now // 60 * 60:
        await complain(sys, b"at: refusing to create job destined in the past")
        return 1
    await complain(sys, b"warning: commands will be executed using /bin/sh")
    commands = await _commands(tool, values.get("f"), due, caller)
    script = await _script(tool, commands)
    queue = (values.get("q") or (b"b" if batch else b"a"))[:1]
    try:
        number = await _number(sys)
        path = SPOOL + b"/%b%05x%08x" % (queue, number, due // 60)
        fd = await sys.open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        await write_all(sys, fd, script)
        await sys.close(fd)
        await sys.chown(path, caller, await sys.getgid())
        await sys.chmod(path, 0o700)
    except OSError as err:
        raise Failure(b"Cannot create atjob file: " + why(err)) from None
    stamp = strftime(b"%a %b %e %H:%M:%S %Y", due * NS)
    await complain(sys, b"job %d at %b" % (number, stamp))
    try:
        await ask(tool, "start", ["atd.service"])
    except (Denied, Failure):
        await complain(sys, b"Can't open /run/atd.pid to signal atd. No atd running?")
    return 0


async def _commands(tool: Tool, path: bytes | None, due: int, caller: int) -> bytes:
    """What the job is to do: a file, or standard input, with a prompt on a terminal."""
    sys = tool.sys
    if path is not None:
        await sys.setresuid(-1, caller, -1)
        try:
            text = await read_file(sys, path)
        except OSError as err:
            await complain(sys, b"Cannot open input file " + path + b": " + why(err))
            raise Failure(b"", 1) from None
        await sys.setresuid(-1, 0, -1)
        return text
    terminal = await sys.isatty(0)
    if terminal:
        await complain(sys, b"at " + strftime(b"%a %b %e %H:%M:%S %Y", due * NS))
        await write_all(sys, 2, b"at> ")
    reader = Reader(sys, 0)
    pieces = []
    while line := await reader.line():
        await tool.retain(len(line))
        pieces.append(line)
        if terminal:
            await write_all(sys, 2, b"at> ")
    if terminal:
        await write_all(sys, 2, b"<EOT>\n")
    return b"".join(pieces)


async def _allowed(sys: Sys, name: bytes, caller: int) -> bool:
    if caller == 0:
        return True
    for path, verdict in ((b"/etc/at.allow", True), (b"/etc/at.deny", False)):
        try:
            return (name in (await read_file(sys, path)).split(b"\n")) == verdict
        except OSError:
            continue
    return True


async def _list(tool: Tool, queue: bytes | None, operands: list[bytes]) -> int:
    caller = await tool.sys.getuid()
    names = {user.uid: user.name for user in await users.passwd(tool.sys)}
    for job in sorted(await jobs(tool.sys), key=lambda each: each.number, reverse=True):
        if caller not in (0, job.uid) or (operands and b"%d" % job.number not in operands):
            continue
        if queue is not None and job.queue.encode() != queue[:1]:
            continue
        stamp = strftime(b"%a %b %e %H:%M:%S %Y", job.due * NS)
        owner = names.get(job.uid, b"%d" % job.uid)
        await tool.line(b"%d\t%b %b %b" % (job.number, stamp, job.queue.encode(), owner))
    return 0


async def _find(tool: Tool, operand: bytes) -> Job | None:
    """The caller's job of that number, or a complaint."""
    caller = await tool.sys.getuid()
    for job in await jobs(tool.sys):
        if operand == b"%d" % job.number:
            if caller in (0, job.uid):
                return job
            await complain(tool.sys, operand + b": Not owner")
            return None
    await complain(tool.sys, b"Cannot find jobid " + operand)
    return None


async def _remove(tool: Tool, operands: list[bytes]) -> int:
    if not operands:
        await complain(tool.sys, AT.encode())
        return 1
    code = 0
    for operand in operands:
        job = await _find(tool, operand)
        if job is None:
            code = 1
            continue
        if job.running:
            await complain(tool.sys, b"Warning: deleting running job")
        await tool.sys.unlink(job.path)
    return code


async def _cat(tool: Tool, operands: list[bytes]) -> int:
    code = 0
    for operand in operands:
        job = await _find(tool, operand)
        if job is None:
            code = 1
            continue
        tool.out.put(await read_file(tool.sys, job.path))
        await tool.out.drain()
    return code


# -- the daemon --------------------------------------------------------------------------------


async def _child(sys: Sys, job: Job, script: bytes, account: users.Passwd) -> int:
    await sys.sigaction(Sig.SIGCHLD, SIG_DFL)
    await sys.sigprocmask(SIG_SETMASK, 0)
    await sys.setsid()
    reader, writer = await sys.pipe()
    await sys.fork(_feed, script, writer, reader)
    await sys.close(writer)
    await sys.dup2(reader, 0)
    await sys.close(reader)
    groups = await users.group_ids(sys, account.name, account.gid)
    await sys.setgroups(groups)
    await sys.setgid(account.gid)
    await sys.setuid(account.uid)
    await sys.chdir(b"/")
    await sys.execve(b"/bin/sh", [b"sh"], {})
    return 1


async def _feed(sys: Sys, script: bytes, writer: int, reader: int) -> int:
    await sys.close(reader)
    try:
        await write_all(sys, writer, script)
    except OSError:
        return 1
    return 0


async def _start(sys: Sys, job: Job, running: dict[int, bytes]) -> None:
    """Run a job; its file has ``=`` for a queue meanwhile."""
    account = await users.by_uid(sys, job.uid)
    try:
        script = await read_file(sys, job.path)
        name = SPOOL + b"/=" + job.name[1:]
        await sys.rename(job.path, name)
    except OSError:
        return
    if account is None:
        await sys.unlink(name)
        return
    try:
        running[await sys.fork(_child, job, script, account)] = name
    except OSError:
        await sys.rename(name, job.path)


@program("Usage: atd [-f]\nRuns the jobs of at and batch when they are due.", "fl:b:ds")
async def atd(tool: Tool) -> int:
    """atd(8)."""
    sys = tool.sys
    if await sys.geteuid() != 0:
        raise Failure(b"Cannot change to " + SPOOL + b": Permission denied")

    async def woken(_: Sys, sig: int) -> None:
        return

    await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGCHLD))
    await sys.sigaction(Sig.SIGCHLD, woken)
    watch = await sys.inotify_init(O_CLOEXEC)
    await sys.inotify_add_watch(watch, SPOOL, IN_CREATE | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_TO)
    running: dict[int, bytes] = {}
    while True:
        timeout = await _turn(sys, running)
        try:
            for fd, _ in await sys.poll([(watch, POLLIN)], timeout, 0):
                await sys.read(fd, 4096)
        except OSError:
            pass
        while running:
            waited = await sys.waitpid(-1, WNOHANG)
            if not waited.pid:
                break
            name = running.pop(waited.pid, b"")
            if name:
                try:
                    await sys.unlink(name)
                except OSError:
                    continue


async def _turn(sys: Sys, running: dict[int, bytes]) -> int | None:
    """Start what is due; how long to sleep, None for until something new comes."""
    now = await sys.clock_gettime()
    waits: list[int] = []
    batch = sorted(
        (job for job in await jobs(sys) if not job.running),
        key=lambda each: (each.due, each.number),
    )
    for job in batch:
        if job.due * NS > now:
            waits.append(job.due * NS - now)
        elif job.queue < "b" or (await sys.sysinfo()).loads[0] < LOAD:
            await _start(sys, job, running)
        else:
            waits.append(60 * NS)
    return min(waits) if waits else None

"""cron and crontab (Debian cron 3.0pl1).

The daemon sleeps until the next minute in which something is due, or until inotify tells it that a
table has changed: a machine without crontabs costs nothing.
"""

from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import (
    O_CLOEXEC,
    O_CREAT,
    O_RDONLY,
    O_TRUNC,
    O_WRONLY,
    POLLIN,
    WNOHANG,
)
from minios.abi.inotify import IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO
from minios.abi.signals import SIG_BLOCK, SIG_DFL, SIG_SETMASK, Sig, mask_of
from minios.abi.sys import Sys
from minios.userland.bin.systemctl.client import Denied, ask
from minios.userland.lib import journal, users
from minios.userland.lib.crontab import SPOOL, Bad, Job, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Reader, complain, read_file, why, write_all
from minios.userland.lib.units.find import listing

SECOND = 1_000_000_000
CRON, INFO = 9, 6
CHANGES = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
SYSTEM = b"/etc/crontab"
SYSTEM_FOLDER = b"/etc/cron.d"
REBOOTED = b"/run/crond.reboot"
"""Made when the ``@reboot`` jobs of this boot have run."""

_CRONTAB_USAGE = """\
usage:	crontab [-u user] [-n] file
	crontab [ -u user ] [ -i ] { -e | -l | -r }

	-h	(displays this help message)

	file	(default operation is replace, per 1003.2)
	-n	(dry run: checks the syntax, then bails out)
	-u user	(choose the user whose crontab is touched)

	-e	(edit user's crontab)
	-l	(list user's crontab)
	-r	(delete user's crontab)

	-i	(prompt before deleting user's crontab)"""


async def log(sys: Sys, text: bytes, pid: int, name: bytes = b"CRON") -> None:
    """A line in the journal."""
    await journal.send(sys, CRON << 3 | INFO, name, text, pid)


# -- the daemon --------------------------------------------------------------------------------


@dataclass(slots=True)
class Running:
    """A command under way: whose it is, and the pipe with what it prints."""

    user: bytes
    fd: int
    talked: bool = False


@dataclass(slots=True)
class Daemon:
    """What cron knows."""

    sys: Sys
    jobs: list[Job] = field(default_factory=list)
    running: dict[int, Running] = field(default_factory=dict)

    async def load(self) -> None:
        """Read every table; one that is broken is left out, with a line in the journal."""
        self.jobs = []
        sys = self.sys
        for name in await listing(sys, SPOOL):
            account = await users.by_name(sys, name)
            if account is None:
                await log(sys, b"(*) ORPHAN (no passwd entry)", 0, b"cron")
                continue
            await self._read(SPOOL + b"/" + name, name)
        await self._read(SYSTEM, b"")
        for name in await listing(sys, SYSTEM_FOLDER):
            if name.replace(b"-", b"").replace(b"_", b"").isalnum():
                await self._read(SYSTEM_FOLDER + b"/" + name, b"")

    async def _read(self, path: bytes, user: bytes) -> None:
        try:
            table = parse(await read_file(self.sys, path), system=not user)
        except OSError:
            return
        except Bad as err:
            text = b"(%b) Error: %b" % (user or b"*system*", err.what.encode())
            await log(self.sys, text, 0, b"cron")
            return
        for job in table.jobs:
            job.user = job.user or user
            self.jobs.append(job)

    def due(self, after: int) -> int | None:
        """The next minute in which a job is due."""
        times = [job.next(after) for job in self.jobs]
        known = [time for time in times if time is not None]
        return min(known) if known else None

    async def start(self, job: Job) -> None:
        sys = self.sys
        account = await users.by_name(sys, job.user)
        if account is None:
            return
        reader, writer = await sys.pipe(O_CLOEXEC)
        try:
            pid = await sys.fork(_child, job, account, writer)
        except OSError:
            await log(sys, b"(CRON) error (can't fork)", 0)
            await sys.close(reader)
        else:
            self.running[pid] = Running(job.user, reader)
        await sys.close(writer)

    async def heard(self, fd: int) -> None:
        """Take what a command prints; there is nobody to mail it to."""
        data = await self.sys.read(fd, 4096)
        for running in self.running.values():
            if running.fd == fd:
                running.talked |= bool(data)
                if not data:
                    await self.sys.close(fd)
                    running.fd = -1

    async def bury(self) -> None:
        while self.running:
            waited = await self.sys.waitpid(-1, WNOHANG)
            if not waited.pid:
                return
            running = self.running.pop(waited.pid, None)
            if running is None:
                continue
            if running.fd >= 0:
                if await self.sys.poll([(running.fd, POLLIN)], 0):
                    running.talked |= bool(await self.sys.read(running.fd, 1))
                await self.sys.close(running.fd)
            if running.talked:
                text = b"(CRON) info (No MTA installed, discarding output)"
                await log(self.sys, text, waited.pid)


async def _child(sys: Sys, job: Job, account: users.Passwd, output: int) -> int:
    await sys.sigaction(Sig.SIGCHLD, SIG_DFL)
    await sys.sigprocmask(SIG_SETMASK, 0)
    await sys.setsid()
    await log(sys, b"(%b) CMD (%b)" % (job.user, job.command), await sys.getpid())
    command, percent, rest = _percent(job.command)
    reader, writer = await sys.pipe()
    if percent:
        await write_all(sys, writer, rest[:4096])
    await sys.close(writer)
    await sys.dup2(reader, 0)
    await sys.dup2(output, 1)
    await sys.dup2(output, 2)
    await sys.close(reader)
    groups = await users.group_ids(sys, account.name, account.gid)
    await sys.setgroups(groups)
    await sys.setgid(account.gid)
    await sys.setuid(account.uid)
    env = {
        b"HOME": account.home, b"LOGNAME": account.name, b"PATH": b"/usr/bin:/bin",
        b"SHELL": b"/bin/sh", **job.env,
    }  # fmt: skip
    env[b"LOGNAME"] = account.name
    try:
        await sys.chdir(env[b"HOME"])
    except OSError:
        await sys.chdir(b"/")
    shell = env[b"SHELL"]
    await sys.execve(shell, [shell, b"-c", command], env)
    return 1


def _percent(command: bytes) -> tuple[bytes, bool, bytes]:
    """The command, whether it is given input, and that: what follows the first ``%``."""
    marked = command.replace(b"\\%", b"\0")
    head, percent, rest = marked.partition(b"%")
    back = rest.replace(b"%", b"\n").replace(b"\0", b"%")
    return head.replace(b"\0", b"%"), bool(percent), back + b"\n" if percent else b""


@program("Usage: cron [-f] [-l] [-L loglevel]\nRuns commands at the times crontabs say.", "flL:")
async def cron(tool: Tool) -> int:
    """cron(8)."""
    sys = tool.sys
    if await sys.geteuid() != 0:
        raise Failure(b"can't open or create /var/run/crond.pid: Permission denied")
    daemon = Daemon(sys)

    async def woken(_: Sys, sig: int) -> None:
        return

    await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGCHLD))
    await sys.sigaction(Sig.SIGCHLD, woken)
    await log(sys, b"(CRON) INFO (pidfile fd = 3)", await sys.getpid(), b"cron")
    watch = await sys.inotify_init(O_CLOEXEC)
    for path in (SPOOL, SYSTEM_FOLDER, b"/etc"):
        try:
            await sys.inotify_add_watch(watch, path, CHANGES)
        except OSError:
            continue
    await daemon.load()
    await _reboot_jobs(daemon)
    now = await sys.clock_gettime() // SECOND
    while True:
        due = daemon.due(now)
        timeout = None
        if due is not None:
            timeout = max(due * SECOND - await sys.clock_gettime(), 0)
        wanted = [(watch, POLLIN)]
        wanted += [(each.fd, POLLIN) for each in daemon.running.values() if each.fd >= 0]
        try:
            ready = await sys.poll(wanted, timeout, 0)
        except OSError:
            ready = []
        for fd, _ in ready:
            if fd == watch:
                await sys.read(watch, 4096)
                await daemon.load()
            else:
                await daemon.heard(fd)
        await daemon.bury()
        current = await sys.clock_gettime() // SECOND
        if due is not None and current >= due:
            for job in list(daemon.jobs):
                if job.next(due - 1) == due:
                    await daemon.start(job)
            now = due
        elif due is None:
            now = current


async def _reboot_jobs(daemon: Daemon) -> None:
    sys = daemon.sys
    try:
        await sys.close(await sys.open(REBOOTED, O_CREAT | O_WRONLY | 0o200, 0o600))
    except OSError as err:
        if err.errno == Errno.EEXIST:
            await log(sys, b"(CRON) INFO (Skipping @reboot jobs -- not system startup)",
                      await sys.getpid(), b"cron")  # fmt: skip
        return
    await log(sys, b"(CRON) INFO (Running @reboot jobs)", await sys.getpid(), b"cron")
    for job in daemon.jobs:
        if job.reboot:
            await daemon.start(job)


# -- crontab -----------------------------------------------------------------------------------


async def _usage(tool: Tool, text: bytes) -> int:
    await complain(tool.sys, b"crontab: usage error: " + text + b"\n" + _CRONTAB_USAGE.encode())
    return 1


def _options(args: list[bytes]) -> tuple[set[str], bytes | None, list[bytes]] | bytes:
    """(flags, the argument of -u, operands); the letter that makes no sense."""
    flags: set[str] = set()
    user: bytes | None = None
    at = 0
    while at < len(args) and args[at].startswith(b"-") and len(args[at]) > 1:
        letters = args[at][1:]
        at += 1
        for index, byte in enumerate(letters):
            letter = chr(byte)
            if letter == "u":
                user = letters[index + 1 :]
                if not user:
                    user = args[at] if at < len(args) else b""
                    at += 1
                break
            if letter not in "elrinh":
                return letter.encode("latin-1")
            flags.add(letter)
    return flags, user, args[at:]


@program(_CRONTAB_USAGE)
async def crontab(tool: Tool) -> int:
    """crontab(1)."""
    sys = tool.sys
    found = _options(tool.argv[1:])
    if isinstance(found, bytes):
        await complain(sys, b"crontab: invalid option -- '" + found + b"'")
        return await _usage(tool, b"unrecognized option")
    flags, user, operands = found
    if "h" in flags:
        await complain(sys, _CRONTAB_USAGE.encode())
        return 0
    caller = await sys.getuid()
    own = await users.by_uid(sys, caller)
    if own is None:
        raise Failure(b"your UID isn't in the passwd file; bailing out.")
    account = own
    if user is not None:
        if caller != 0:
            await complain(sys, b"must be privileged to use -u")
            return 1
        chosen = await users.by_name(sys, user)
        if chosen is None:
            await complain(sys, b"crontab:  user `" + user + b"' unknown")
            return 1
        account = chosen
    actions = flags & {"e", "l", "r"}
    if len(actions) > 1 or (actions and operands):
        return await _usage(tool, b"only one operation permitted" if len(actions) > 1
                            else b"no arguments permitted after this option")  # fmt: skip
    if not actions and not operands:
        return await _usage(tool, b"file name must be specified for replace")
    if not await _allowed(sys, own.name, caller):
        await complain(
            sys, b"You (" + own.name + b") are not allowed to use this program (crontab)"
        )
        await complain(sys, b"See crontab(1) for more information")
        return 1
    path = SPOOL + b"/" + account.name
    if "l" in flags:
        return await _list(tool, path, account.name)
    if "r" in flags:
        return await _remove(tool, path, account.name, ask_first="i" in flags)
    if "e" in flags:
        return await _edit(tool, path, account.name)
    return await _replace(tool, operands[0], path, check="n" in flags, caller=caller)


async def _allowed(sys: Sys, name: bytes, caller: int) -> bool:
    """/etc/cron.allow lists who may, /etc/cron.deny who may not."""
    if caller == 0:
        return True
    for path, verdict in ((b"/etc/cron.allow", True), (b"/etc/cron.deny", False)):
        try:
            listed = name in (await read_file(sys, path)).split(b"\n")
        except OSError:
            continue
        return listed == verdict
    return True


async def _list(tool: Tool, path: bytes, name: bytes) -> int:
    try:
        text = await read_file(tool.sys, path)
    except OSError:
        await complain(tool.sys, b"no crontab for " + name)
        return 1
    tool.out.put(text)
    return 0


async def _remove(tool: Tool, path: bytes, name: bytes, *, ask_first: bool) -> int:
    question = b"crontab: really delete " + name + b"'s crontab? (y/n) "
    if ask_first and not await tool.ask(question):
        return 0
    try:
        await tool.sys.unlink(path)
    except OSError:
        await complain(tool.sys, b"no crontab for " + name)
        return 1
    return 0


async def _read_new(tool: Tool, file: bytes, caller: int) -> bytes:
    """The new table, read with the caller's own rights."""
    sys = tool.sys
    if file == b"-":
        reader = Reader(sys, 0)
        pieces = []
        while piece := await reader.block():
            await tool.retain(len(piece))
            pieces.append(piece)
        return b"".join(pieces)
    await sys.setresuid(-1, caller, -1)
    try:
        text = await read_file(sys, file)
    except OSError as err:
        await complain(sys, file + b": " + why(err))
        raise Failure(b"", 1) from None
    await sys.setresuid(-1, 0, -1)
    return text


async def _replace(tool: Tool, file: bytes, path: bytes, *, check: bool, caller: int) -> int:
    text = await _read_new(tool, file, caller)
    if not await _good(tool, file, text):
        await complain(tool.sys, b"errors in crontab file, can't install.")
        return 1
    if check:
        await complain(tool.sys, b"The syntax of the crontab file was successfully checked.")
        return 0
    if text and not text.endswith(b"\n"):
        await complain(tool.sys, b"new crontab file is missing newline before EOF, can't install.")
        return 1
    await _store(tool, path, text, caller)
    return 0


async def _good(tool: Tool, shown: bytes, text: bytes) -> bool:
    try:
        parse(text)
    except Bad as err:
        await complain(tool.sys, b'"%b":%d: %b' % (shown, err.line, err.what.encode()))
        return False
    return True


async def _store(tool: Tool, path: bytes, text: bytes, caller: int) -> None:
    """Put the table into the spool, whole or not at all, and have the daemon running."""
    sys = tool.sys
    temporary = SPOOL + b"/tmp.%d" % await sys.getpid()
    try:
        fd = await sys.open(temporary, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        await write_all(sys, fd, text)
        await sys.close(fd)
        account = await users.by_name(sys, path.rpartition(b"/")[2])
        if account is not None:
            await sys.chown(temporary, account.uid, account.gid)
        await sys.rename(temporary, path)
    except OSError as err:
        raise Failure(path + b": " + why(err)) from None
    try:
        await ask(tool, "start", ["cron.service"])
    except (Denied, Failure):
        return


async def _edit(tool: Tool, path: bytes, name: bytes) -> int:
    """Edit a copy with $VISUAL or $EDITOR, as the caller; install it if it was changed."""
    sys = tool.sys
    caller, group = await sys.getuid(), await sys.getgid()
    try:
        old = await read_file(sys, path)
    except OSError:
        await complain(sys, b"no crontab for " + name + b" - using an empty one")
        old = (
            b"# m h  dom mon dow   command\n"
        )  # fmt: skip
    copy = b"/tmp/crontab.%d" % await sys.getpid()
    fd = await sys.open(copy, O_CREAT | O_WRONLY | 0o200, 0o600)
    await write_all(sys, fd, old)
    await sys.close(fd)
    await sys.chown(copy, caller, group)
    editor = tool.env.get(b"VISUAL") or tool.env.get(b"EDITOR") or b"/usr/bin/nano"
    pid = await sys.fork(_editor, editor, copy, dict(tool.env), caller)
    await sys.waitpid(pid)
    fd = await sys.open(copy, O_RDONLY)
    text = b""
    while piece := await sys.read(fd, 4096):
        text += piece
    await sys.close(fd)
    await sys.unlink(copy)
    if text == old:
        await complain(sys, b"No modification made")
        return 0
    await complain(sys, b"crontab: installing new crontab")
    if not await _good(tool, copy, text):
        await complain(sys, b"errors in crontab file, can't install.")
        return 1
    await _store(tool, path, text, caller)
    return 0


async def _editor(sys: Sys, editor: bytes, copy: bytes, env: dict[bytes, bytes], uid: int) -> int:
    await sys.setuid(uid)
    await sys.execve(b"/bin/sh", [b"sh", b"-c", editor + b" " + copy], env)
    return 127

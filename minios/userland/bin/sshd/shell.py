"""From a session's wish to the user's shell: what the child of sshd does."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.flags import O_NOCTTY, O_RDWR, TCSETS, TIOCSCTTY
from minios.abi.inet import ip_text
from minios.abi.records import Winsize
from minios.abi.signals import SIG_DFL, SIG_UNBLOCK, Sig, mask_of
from minios.abi.sys import Sys
from minios.userland.lib import users, utmp
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.terminal import SANE, reset_signals

PATH_USER = b"/usr/local/bin:/usr/bin:/bin:/usr/games"
PATH_ROOT = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECOND = 1_000_000_000


@dataclass(slots=True)
class Wish:
    """What the client asks for before it starts something."""

    tty: bool = False
    term: bytes = b""
    size: Winsize = Winsize(24, 80)  # noqa: RUF009 - it is immutable
    env: dict[bytes, bytes] = field(default_factory=dict)
    command: bytes | None = None


class Starter:
    """All that the child needs to become the user's shell."""

    __slots__ = ("account", "line", "local", "motd", "peer", "wish")

    def __init__(
        self,
        account: users.Passwd,
        wish: Wish,
        line: bytes,
        peer: tuple[int, int],
        local: tuple[int, int],
        motd: bool,
    ) -> None:
        self.account = account
        self.wish = wish
        self.line = line
        self.peer = peer
        self.local = local
        self.motd = motd

    def environment(self, home: bytes) -> dict[bytes, bytes]:
        """What the shell finds."""
        account = self.account
        ends = (ip_text(self.peer[0]), self.peer[1], ip_text(self.local[0]), self.local[1])
        env = {
            b"USER": account.name, b"LOGNAME": account.name, b"HOME": home,
            b"PATH": PATH_ROOT if account.uid == 0 else PATH_USER,
            b"SHELL": account.shell or b"/bin/sh",
            **self.wish.env,
            b"SSH_CLIENT": f"{ends[0]} {ends[1]} {ends[3]}".encode(),
            b"SSH_CONNECTION": " ".join(map(str, ends)).encode(),
        }  # fmt: skip
        if self.line:
            env[b"SSH_TTY"] = b"/dev/" + self.line
            env[b"TERM"] = self.wish.term or b"dumb"
        return env


async def become(sys: Sys, starter: Starter, master: int, pipes: tuple[int, ...]) -> int:
    """Become the user, with the terminal or the pipes, and run the shell."""
    account = starter.account
    await sys.sigaction(Sig.SIGCHLD, SIG_DFL)
    await sys.sigprocmask(SIG_UNBLOCK, mask_of(Sig.SIGCHLD))
    await sys.setsid()
    if starter.line:
        await sys.close(master)
        slave = await sys.open(b"/dev/" + starter.line, O_RDWR | O_NOCTTY)
        await sys.ioctl(slave, TIOCSCTTY, 0)
        await sys.tcsetattr(slave, SANE, TCSETS)
        for fd in range(3):
            await sys.dup2(slave, fd)
        if slave > 2:
            await sys.close(slave)
        await _record(sys, starter)
    else:
        for source, target in ((pipes[0], 0), (pipes[3], 1), (pipes[5], 2)):
            await sys.dup2(source, target)
        for fd in pipes:
            if fd > 2:
                await sys.close(fd)
    try:
        await sys.setgroups(await users.group_ids(sys, account.name, account.gid))
        await sys.setgid(account.gid)
        await sys.setuid(account.uid)
    except OSError as err:
        await complain(sys, b"cannot change to " + account.name + b": " + why(err))
        return 1
    home = account.home or b"/"
    try:
        await sys.chdir(home)
    except OSError as err:
        await complain(sys, b"Could not chdir to home directory " + home + b": " + why(err))
        home = b"/"
        await sys.chdir(home)
    if starter.line and starter.wish.command is None and starter.motd:
        await _motd(sys, home)
    await reset_signals(sys)
    shell = account.shell or b"/bin/sh"
    name = shell.rpartition(b"/")[2]
    argv = [b"-" + name]
    if starter.wish.command is not None:
        argv = [name, b"-c", starter.wish.command]
    try:
        await sys.execve(shell, argv, starter.environment(home))
    except OSError as err:
        await complain(sys, shell + b": " + why(err))
    return 1


async def _record(sys: Sys, starter: Starter) -> None:
    now = await sys.clock_gettime() // SECOND
    line = starter.line
    entry = utmp.Entry(
        utmp.USER_PROCESS, await sys.getpid(), line, line[-4:], starter.account.name, now,
        ip_text(starter.peer[0]).encode(),
    )  # fmt: skip
    try:
        await utmp.put(sys, entry)
    except OSError:
        return


async def _motd(sys: Sys, home: bytes) -> None:
    try:
        await sys.access(home + b"/.hushlogin", 0)
        return
    except OSError:
        pass
    try:
        await write_all(sys, 1, await read_file(sys, b"/etc/motd", 65536))
    except OSError:
        return

"""getty and login: from an idle terminal to a shell (agetty of util-linux, login of shadow)."""

from minios.abi.flags import (
    O_NOCTTY,
    O_RDWR,
    TCSETS,
    TIOCSCTTY,
)
from minios.abi.sys import Sys
from minios.userland.lib import users, utmp
from minios.userland.lib.calendar import strftime
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.proc import read_process
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.terminal import SANE, ask_secret, read_line, reset_signals

SECOND = 1_000_000_000
PATH_USER = b"/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
PATH_ROOT = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

TRIES = 3
"""Wrong passwords before login gives up."""
TIMEOUT = 60
"""Seconds in which one must have logged in."""
FAIL_DELAY = 3
TTY_GID = 5
TTY_MODE = 0o620

GETTY = """
Usage: getty [options] PORT [TERM]

Open a terminal and have somebody log in on it.

 -a, --autologin <user>     log this user in at once
 -l, --login-program <file> what to run, instead of /sbin/login
 -i, --noissue              do not show /etc/issue
 -J, --noclear              do not clear the screen first
 -n, --skip-login           do not ask for a name
 -h, --help                 show this
"""

LOGIN = """
Usage: login [-p] [name]
       login [-p] -f name

Begin a session. -f trusts the caller (root only), -p keeps the environment.
"""


def issue(text: bytes, values: dict[str, bytes]) -> bytes:
    """/etc/issue with its ``\\n``, ``\\l`` … filled in (agetty(8))."""
    out: list[bytes] = []
    rest = text
    while rest:
        before, backslash, rest = rest.partition(b"\\")
        out.append(before)
        if backslash and rest:
            out.append(values.get(chr(rest[0]), b""))
            rest = rest[1:]
    return b"".join(out)


async def _open_terminal(sys: Sys, path: bytes) -> None:
    """Make the terminal the controlling one and descriptors 0 to 2."""
    if await sys.getsid() != await sys.getpid():
        await sys.setsid()
    fd = await sys.open(path, O_RDWR | O_NOCTTY)
    await sys.ioctl(fd, TIOCSCTTY, 1)
    for target in range(3):
        if fd != target:
            await sys.dup2(fd, target)
    if fd > 2:
        await sys.close(fd)
    await sys.tcsetattr(0, SANE, TCSETS)
    await sys.tcsetpgrp(0, await sys.getpgid())


async def _record(sys: Sys, kind: int, line: bytes, user: bytes) -> None:
    now = await sys.clock_gettime() // SECOND
    entry = utmp.Entry(kind, await sys.getpid(), line, line.removeprefix(b"tty")[-4:], user, now)
    try:
        await utmp.put(sys, entry)
    except OSError:
        return


@program(
    GETTY,
    "a:l:iJnh",
    ("autologin:=a", "login-program:=l", "noissue=i", "noclear=J", "skip-login=n"),
)
async def getty(tool: Tool) -> int:
    """agetty(8), for terminals that have no line speed."""
    sys, options = tool.sys, tool.options
    if "h" in options:
        await tool.line(GETTY.strip().encode())
        return 0
    if not tool.operands:
        raise Failure(b"not enough arguments", hint=True)
    line = tool.operands[0].removeprefix(b"/dev/")
    term = tool.operands[-1] if len(tool.operands) > 1 else tool.env.get(b"TERM", b"linux")
    try:
        await _open_terminal(sys, b"/dev/" + line)
    except OSError as err:
        raise Failure(b"/dev/" + line + b": cannot open as standard input: " + why(err)) from None
    await _record(sys, utmp.LOGIN_PROCESS, line, b"LOGIN")
    if "J" not in options:
        await write_all(sys, 1, b"\033[H\033[J")
    host = (await sys.uname()).nodename
    if "i" not in options:
        await _show_issue(sys, line)

    arguments: list[bytes] = [b"-p"]
    auto = options.last("a")
    if auto is not None:
        await write_all(sys, 1, host + b" login: " + auto + b" (automatic login)\n\n")
        arguments += [b"-f", auto]
    elif "n" not in options:
        name = await _ask_name(sys, host)
        if name is None:
            return 0
        arguments += [b"--", name]
    program_path = options.last("l") or b"/sbin/login"
    try:
        await sys.execve(program_path, [b"login", *arguments], {b"TERM": term})
    except OSError as err:
        await write_all(sys, 2, b"getty: can't exec " + program_path + b": " + why(err) + b"\n")
        await sys.nanosleep(5 * SECOND)
    return 1


async def _show_issue(sys: Sys, line: bytes) -> None:
    try:
        text = await read_file(sys, b"/etc/issue", 4096)
    except OSError:
        return
    names = await sys.uname()
    now = await sys.clock_gettime()
    logged_in = len(await utmp.sessions(sys))
    values = {
        "l": line,
        "n": names.nodename,
        "s": names.sysname,
        "r": names.release,
        "v": names.version,
        "m": names.machine,
        "d": strftime(b"%a %b %e %Y", now),
        "t": strftime(b"%H:%M:%S", now),
        "u": b"%d" % logged_in,
        "U": b"%d user%s" % (logged_in, b"" if logged_in == 1 else b"s"),
        "\\": b"\\",
    }
    await write_all(sys, 1, issue(text, values))


async def _ask_name(sys: Sys, host: bytes) -> bytes | None:
    """Ask until somebody types a name; None at end of file."""
    while True:
        await write_all(sys, 1, host + b" login: ")
        answer = await read_line(sys, 0)
        if answer is None:
            return None
        name = answer.strip()
        if name and not name.startswith(b"-"):
            return name


@program(LOGIN)
async def login(tool: Tool) -> int:
    """login(1)."""
    sys = tool.sys
    try:
        options = parse(tool.argv[1:], "pf:h:r:H", permute=False)
    except UsageError:
        options = None
    if options is None or "--help" in (arg.decode("latin-1") for arg in tool.argv[1:2]):
        await complain(sys, LOGIN.strip().encode())
        return 1
    trusted = options.last("f")
    if await sys.geteuid() != 0:
        raise Failure(b"Cannot possibly work without effective root")
    if trusted is not None and await sys.getuid() != 0:
        raise Failure(b"Permission denied.")
    terminal = await sys.isatty(0)

    async def expire(_: Sys, __: int) -> None:
        await complain(sys, b"\n\nLogin timed out after %d seconds.\n" % TIMEOUT)
        await sys.exit(0)

    name = trusted or (options.operands[0] if options.operands else None)
    account = await users.by_name(sys, name) if name is not None else None
    if trusted is None:
        if terminal:
            await sys.sigaction(14, expire)
            await sys.setitimer(TIMEOUT * SECOND)
        account = await _authenticate(tool, name)
        await sys.setitimer(0)
        await sys.sigaction(14, "SIG_DFL")
    if account is None:
        if trusted is not None:
            await complain(sys, b"Login incorrect")
        return 1
    return await _session(tool, account, keep="p" in options)


async def _authenticate(tool: Tool, name: bytes | None) -> users.Passwd | None:
    """Ask for name and password, three times at most."""
    sys = tool.sys
    host = (await sys.uname()).nodename
    for _ in range(TRIES):
        if name is None:
            name = await _ask_name(sys, host)
            if name is None:
                return None
        secret = await ask_secret(sys, b"Password: ", 0, 1)
        if secret is None:
            return None
        account = await users.by_name(sys, name)
        if account is not None and await users.password_matches(sys, name, secret):
            return account
        await sys.nanosleep(FAIL_DELAY * SECOND)
        await write_all(sys, 1, b"\nLogin incorrect\n")
        name = None
    await complain(sys, b"Maximum number of tries exceeded (%d)" % TRIES)
    return None


async def _session(tool: Tool, account: users.Passwd, *, keep: bool) -> int:
    """Become the user and run the shell."""
    sys = tool.sys
    shell = account.shell or b"/bin/sh"
    line = await _own_terminal(sys, account.uid)
    if line:
        await _record(sys, utmp.USER_PROCESS, line, account.name)
    try:
        await sys.setgroups(await users.group_ids(sys, account.name, account.gid))
        await sys.setgid(account.gid)
        await sys.setuid(account.uid)
    except OSError as err:
        raise Failure(b"cannot change to " + account.name + b": " + why(err)) from None
    home = account.home or b"/"
    try:
        await sys.chdir(home)
    except OSError:
        home = b"/"
        await sys.chdir(home)
        await write_all(sys, 1, b"No directory, logging in with HOME=/\n")
    env = dict(tool.env) if keep else {}
    term = tool.env.get(b"TERM")
    env.update({b"HOME": home, b"SHELL": shell, b"USER": account.name, b"LOGNAME": account.name})
    env[b"PATH"] = PATH_ROOT if account.uid == 0 else PATH_USER
    if term is not None:
        env[b"TERM"] = term
    await _motd(sys, home)
    await reset_signals(sys)
    try:
        await sys.execve(shell, [b"-" + shell.rpartition(b"/")[2]], env)
    except OSError as err:
        await complain(sys, b"Cannot execute " + shell + b": " + why(err))
    return 1


async def _own_terminal(sys: Sys, uid: int) -> bytes:
    """Give the terminal to the user; its name below /dev, empty if there is none."""
    me = await read_process(sys, await sys.getpid(), status=False, argv=False)
    if me is None or not me.tty_nr:
        return b""
    try:
        await sys.chown(b"/dev/" + me.tty, uid, TTY_GID)
        await sys.chmod(b"/dev/" + me.tty, TTY_MODE)
    except OSError:
        return me.tty
    return me.tty


async def _motd(sys: Sys, home: bytes) -> None:
    """The message of the day, unless the user has a ~/.hushlogin."""
    try:
        await sys.stat(home.rstrip(b"/") + b"/.hushlogin")
        return
    except OSError:
        pass
    try:
        text = await read_file(sys, b"/etc/motd", 16384)
    except OSError:
        return
    await write_all(sys, 1, text)

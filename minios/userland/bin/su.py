"""su (util-linux 2.38.1) and passwd (shadow 4.13 with PAM)."""

from minios.abi.errno import Errno
from minios.abi.flags import O_CREAT, O_RDWR, O_TRUNC, O_WRONLY
from minios.abi.sys import Sys
from minios.userland.bin.login import PATH_ROOT, PATH_USER
from minios.userland.lib import journal, users
from minios.userland.lib.calendar import DAY, strftime
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.proc import read_process
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.terminal import ask_secret

NS = 1_000_000_000
AUTHPRIV, NOTICE = 10, 5
FAIL_DELAY = 2
"""Seconds that a wrong password costs."""

SU = """
Usage:
 su [options] [-] [<user> [<argument>...]]

Become another user; root if none is named. - is -l.

Options:
 -m, -p, --preserve-environment  keep the environment
 -w, --whitelist-environment <list>
                                 keep these variables
 -g, --group <group>             primary group
 -G, --supp-group <group>        further group
 -, -l, --login                  a login shell
 -c, --command <command>         hand this command to the shell
 -f, --fast                      hand -f to the shell
 -s, --shell <shell>             run this shell, if /etc/shells allows it

 -h, --help                      show this
 -V, --version                   show the version

For more details see su(1).
"""

PASSWD = """
Usage: passwd [options] [LOGIN]

Change a password.

  -d, --delete   no password any more
  -l, --lock     no password fits any more
  -q, --quiet    say less
  -S, --status   show the state of the account
  -u, --unlock   undo -l
  -a, --all      with -S: every account
  -h, --help     show this
"""

_SU_LONG = (
    "preserve-environment=p", "whitelist-environment:=w", "group:=g", "supp-group:=G", "login=l",
    "command:=c", "session-command:=c", "fast=f", "shell:=s", "pty=P", "help=h", "version=V",
)  # fmt: skip


async def controlling_terminal(sys: Sys) -> int | None:
    """A descriptor of /dev/tty; None without a terminal."""
    try:
        return await sys.open(b"/dev/tty", O_RDWR)
    except OSError:
        return None


@program(SU)
async def su(tool: Tool) -> int:
    """su(1)."""
    sys = tool.sys
    try:
        options = parse(tool.argv[1:], "mpw:g:G:lc:fs:PhV", _SU_LONG)
    except UsageError as err:
        raise Failure(str(err).encode("latin-1"), hint=True) from None
    if "h" in options:
        await tool.line(b"\n" + SU.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"su from util-linux 2.38.1")
        return 0
    operands = options.operands
    login = "l" in options
    if operands[:1] == [b"-"]:
        login = True
        operands = operands[1:]
    name = operands[0] if operands else b"root"
    account = await users.by_name(sys, name)
    if account is None or not account.name:
        reason = b" does not exist or the user entry does not contain all the required fields"
        raise Failure(b"user " + name + reason)
    caller = await sys.getuid()
    keep = ("m" in options or "p" in options) and not login
    if caller != 0:
        await _authenticate(tool, account)
    await _log(tool, caller, account.name, b"")
    shell = options.last("s") or (tool.env.get(b"SHELL") if keep else None) or account.shell
    shell = shell or b"/bin/sh"
    if caller != 0 and shell != account.shell and not await _allowed_shell(sys, account.shell):
        await complain(sys, b"su: using restricted shell " + account.shell)
        shell = account.shell
    groups = await users.group_ids(sys, account.name, account.gid)
    gid = account.gid
    for flag in ("g", "G"):
        for wanted in options.every(flag):
            if caller != 0:
                raise Failure(b"only root can specify alternative groups")
            group = next((g for g in await users.groups(sys) if g.name == wanted), None)
            if group is None:
                raise Failure(b"group " + wanted + b" does not exist")
            groups = (*groups, group.gid)
            gid = group.gid if flag == "g" else gid
    try:
        await sys.setgroups(groups)
        await sys.setgid(gid)
        await sys.setuid(account.uid)
    except OSError as err:
        raise Failure(b"cannot set groups: " + why(err)) from None
    kept = (options.last("w") or b"").split(b",")
    env = environment(tool.env, account, shell, login=login, keep=keep, names=kept)
    if login:
        try:
            await sys.chdir(account.home)
        except OSError as err:
            text = b"su: warning: cannot change directory to " + account.home + b": " + why(err)
            await complain(sys, text)
    base = shell.rpartition(b"/")[2]
    argv = [b"-" + base if login else base]
    if "f" in options:
        argv.append(b"-f")
    if (command := options.last("c")) is not None:
        argv += [b"-c", command]
    argv += operands[1:]
    try:
        await sys.execve(shell, argv, env)
    except OSError as err:
        await complain(sys, b"su: failed to execute " + shell + b": " + why(err))
        return 127 if err.errno == Errno.ENOENT else 126
    return 126


async def _authenticate(tool: Tool, account: users.Passwd) -> None:
    sys = tool.sys
    fd = await controlling_terminal(sys)
    if fd is None or not await sys.isatty(0):
        secret = await ask_secret(sys, b"Password: ", 0, 2)
    else:
        secret = await ask_secret(sys, b"Password: ", fd, fd)
        await sys.close(fd)
    if secret is not None and await users.password_matches(sys, account.name, secret):
        return
    await _log(tool, await sys.getuid(), account.name, b"FAILED SU ")
    await sys.nanosleep(FAIL_DELAY * NS)
    raise Failure(b"Authentication failure")


async def _log(tool: Tool, caller: int, name: bytes, result: bytes) -> None:
    """A line in the journal: who became whom, and where."""
    sys = tool.sys
    own = await users.by_uid(sys, caller)
    me = await read_process(sys, await sys.getpid(), status=False, argv=False)
    tty = me.tty if me is not None and me.tty_nr else b"none"
    who = own.name if own is not None else b"%d" % caller
    text = result + b"(to %b) %b on %b" % (name, who, tty)
    await journal.send(sys, AUTHPRIV << 3 | NOTICE, b"su", text)


async def _allowed_shell(sys: Sys, shell: bytes) -> bool:
    try:
        return (shell or b"/bin/sh") in (await read_file(sys, b"/etc/shells")).split(b"\n")
    except OSError:
        return True


def environment(
    env: dict[bytes, bytes],
    account: users.Passwd,
    shell: bytes,
    *,
    login: bool,
    keep: bool,
    names: list[bytes],
) -> dict[bytes, bytes]:
    """What the shell finds: fresh for a login, else the caller's with HOME, SHELL and the user."""
    if keep:
        return dict(env)
    new = dict(env)
    if login:
        new = {key: env[key] for key in (b"TERM", *names) if key in env}
        new[b"PATH"] = PATH_USER if account.uid else PATH_ROOT
    new[b"HOME"] = account.home
    new[b"SHELL"] = shell
    if login or account.uid:
        new[b"USER"] = new[b"LOGNAME"] = account.name
    return new


TOKEN = b"Authentication token manipulation error"
_CHANGE_TRIES = 3
_LEAST = 6
"""Characters that a password must have; root may choose a shorter one."""


@program(PASSWD)
async def passwd(tool: Tool) -> int:
    """passwd(1)."""
    sys = tool.sys
    long = ("all=a", "delete=d", "lock=l", "quiet=q", "status=S", "unlock=u", "expire=e", "help=h")
    try:
        options = parse(tool.argv[1:], "adlqSuehk", long)
    except UsageError as err:
        await complain(sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(sys, PASSWD.strip().encode())
        return 6
    if "h" in options:
        await tool.line(PASSWD.strip().encode())
        return 0
    caller = await sys.getuid()
    own = await users.by_uid(sys, caller)
    if "a" in options and "S" in options and caller == 0:
        for account in await users.passwd(sys):
            await _status(tool, account.name)
        return 0
    name = options.operands[0] if options.operands else own.name if own else b""
    target = await users.by_name(sys, name)
    if target is None:
        raise Failure(b"user '" + name + b"' does not exist")
    admin = any(flag in options for flag in "dlue")
    if caller != 0 and admin:
        raise Failure(b"Permission denied.")
    if caller not in (0, target.uid):
        text = b"You may not view or modify password information for "
        raise Failure(text + target.name + b".")
    if "S" in options:
        return await _status(tool, target.name)
    if admin:
        row = await _row(sys, target.name)
        secret = row[1].lstrip(b"!") if row else b""
        if "d" in options:
            secret = b""
        elif "l" in options:
            secret = b"!" + secret
        await _store(tool, target.name, secret)
        await tool.line(b"passwd: password changed.")
        return 0
    return await _change(tool, target, trusted=caller == 0)


async def _change(tool: Tool, target: users.Passwd, *, trusted: bool) -> int:
    """Ask for the new password, twice, and store it."""
    sys = tool.sys
    row = await _row(sys, target.name)
    old = b""
    if not trusted:
        await tool.line(b"Changing password for " + target.name + b".")
        await tool.out.flush()
        if row and row[1]:
            given = await ask_secret(sys, b"Current password: ", 0, 2)
            if given is None or not await users.password_matches(sys, target.name, given):
                await sys.nanosleep(FAIL_DELAY * NS)
                return await _unchanged(tool)
            old = given
    for _ in range(_CHANGE_TRIES):
        new = await ask_secret(sys, b"New password: ", 0, 2)
        if new is None:
            await complain(sys, b"Password change has been aborted.")
            return await _unchanged(tool)
        again = await ask_secret(sys, b"Retype new password: ", 0, 2)
        if new != again:
            await complain(sys, b"Sorry, passwords do not match.")
            return await _unchanged(tool)
        refusal = _refusal(old, new, trusted=trusted)
        if refusal:
            await complain(sys, refusal)
            continue
        salt = (await sys.getrandom(6)).hex().encode()
        await _store(tool, target.name, users.crypt(new, salt))
        await complain(sys, b"passwd: password updated successfully")
        return 0
    return await _unchanged(tool)


def _refusal(old: bytes, new: bytes, *, trusted: bool) -> bytes:
    if not new:
        return b"No password has been supplied."
    if new == old and not trusted:
        return b"The password has not been changed."
    if len(new) < _LEAST and not trusted:
        return b"You must choose a longer password."
    return b""


async def _unchanged(tool: Tool) -> int:
    await complain(tool.sys, b"passwd: " + TOKEN + b"\npasswd: password unchanged")
    return 10


async def _row(sys: Sys, name: bytes) -> list[bytes] | None:
    """The fields of the account in /etc/shadow."""
    try:
        text = await read_file(sys, b"/etc/shadow")
    except OSError:
        return None
    rows = [line.split(b":") for line in text.split(b"\n")]
    return next((row for row in rows if row[0] == name and len(row) > 2), None)


async def _store(tool: Tool, name: bytes, secret: bytes) -> None:
    """Write /etc/shadow anew, beside it first, so that it is never half written."""
    sys = tool.sys
    try:
        text = await read_file(sys, b"/etc/shadow")
        old = await sys.stat(b"/etc/shadow")
        today = await sys.clock_gettime() // NS // DAY
        lines = text.split(b"\n")
        for at, line in enumerate(lines):
            row = line.split(b":")
            if row[0] == name and len(row) > 2:
                row[1], row[2] = secret, b"%d" % today
                lines[at] = b":".join(row)
        fd = await sys.open(b"/etc/nshadow", O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        await write_all(sys, fd, b"\n".join(lines))
        await sys.close(fd)
        await sys.chown(b"/etc/nshadow", old.uid, old.gid)
        await sys.chmod(b"/etc/nshadow", old.mode & 0o7777)
        await sys.rename(b"/etc/nshadow", b"/etc/shadow")
    except OSError as err:
        raise Failure(TOKEN + b"\npasswd: password unchanged", 10) from err


async def _status(tool: Tool, name: bytes) -> int:
    row = await _row(tool.sys, name)
    if row is None:
        raise Failure(b"Permission denied.")
    secret = row[1]
    state = b"NP" if not secret else b"L" if secret[:1] in (b"!", b"*") else b"P"
    days = int(row[2]) if row[2].isdigit() else 0
    when = strftime(b"%Y-%m-%d", days * DAY * NS)
    limits = [field or b"-1" for field in (row + [b""] * 7)[3:7]]
    await tool.line(b" ".join([name, state, when, *limits]))
    return 0

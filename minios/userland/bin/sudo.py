"""sudo (1.9.13): run a command as another user, as far as /etc/sudoers allows it.

The command replaces sudo. That a password was given is remembered for a terminal session in
/run/sudo/ts/USER, for fifteen virtual minutes unless sudoers says otherwise.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, O_CREAT, O_TRUNC, O_WRONLY, S_IFMT, S_IFREG, X_OK
from minios.abi.sys import Sys
from minios.userland.bin.su import controlling_terminal
from minios.userland.lib import journal, users
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.proc import Process, read_process
from minios.userland.lib.procfiles import read_optional
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.sudoers import Caller, Command, Sudoers, decide, rules_of
from minios.userland.lib.sudoers import parse as parse_sudoers
from minios.userland.lib.terminal import ask_secret

NS = 1_000_000_000
MINUTE = 60 * NS
FAIL_DELAY = 2
STAMPS = b"/run/sudo/ts"

USAGE = """\
usage: sudo -h | -K | -k | -V
usage: sudo -v [-BkNnS] [-g group] [-p prompt] [-u user]
usage: sudo -l [-BkNnS] [-g group] [-p prompt] [-U user] [-u user] [command
            [arg ...]]
usage: sudo [-BbEHkNnPS] [-D directory] [-g group] [-p prompt] [-u user]
            [VAR=value] [-i | -s] [command [arg ...]]"""

HELP = f"""\
sudo - execute a command as another user

{USAGE}

Options:
  -b, --background         do not wait for the command
  -D, --chdir=directory    run it in this directory
  -E, --preserve-env       keep the environment
  -g, --group=group        with this primary group
  -H, --set-home           HOME is the target user's
  -i, --login              a login shell, or the command in one
  -K, --remove-timestamp   forget every password that was given
  -k, --reset-timestamp    forget the one of this terminal
  -l, --list               list what is allowed
  -n, --non-interactive    never ask
  -P, --preserve-groups    keep the groups
  -p, --prompt=prompt      ask with these words
  -S, --stdin              read the password from standard input
  -s, --shell              a shell, or the command in one
  -U, --other-user=user    with -l: for that user
  -u, --user=user          as this user, not root
  -V, --version            show the version
  -v, --validate           only ask for the password
  --                       no more options"""

_LONG = (
    "background=b", "bell=B", "chdir:=D", "preserve-env=E", "group:=g", "set-home=H", "help=h",
    "login=i", "remove-timestamp=K", "reset-timestamp=k", "list=l", "no-update=N",
    "non-interactive=n", "preserve-groups=P", "prompt:=p", "stdin=S", "shell=s",
    "other-user:=U", "user:=u", "version=V", "validate=v",
)  # fmt: skip

AUTHPRIV, ALERT, NOTICE = 10, 1, 5
"""The facility of its lines in the journal, and their priorities."""

_KEPT = (b"TERM", b"LANG", b"LC_ALL", b"COLORTERM", b"DISPLAY", b"COLUMNS", b"LINES", b"TZ")
"""Variables that survive env_reset."""


@dataclass(slots=True)
class Job:
    """One call of sudo."""

    tool: Tool
    options: Parsed
    sudoers: Sudoers
    caller: Caller
    gid: int
    target: users.Passwd
    group: users.Group | None
    assignments: list[bytes] = field(default_factory=list)
    argv: list[bytes] = field(default_factory=list)
    path: bytes = b""


async def _usage(tool: Tool, complaint: str = "") -> int:
    if complaint:
        await complain(tool.sys, tool.name + b": " + complaint.encode("latin-1"))
    await complain(tool.sys, USAGE.encode())
    return 1


@program(HELP)
async def sudo(tool: Tool) -> int:
    """sudo(8)."""
    sys = tool.sys
    try:
        options = parse(tool.argv[1:], "bBD:Eg:HhiKklNnPp:SsU:u:Vv", _LONG, permute=False)
    except UsageError as err:
        return await _usage(tool, str(err))
    chosen = {flag for flag, _ in options.flags}
    if "h" in chosen:
        await tool.line(HELP.encode())
        return 0
    if "V" in chosen:
        await tool.line(b"Sudo version 1.9.13p3")
        return 0
    words = list(options.operands)
    assignments = []
    while words and b"=" in words[0] and not words[0].startswith((b"=", b"/")):
        assignments.append(words.pop(0))
    bare = not words and not chosen & set("islvkK")
    if bare or ("i" in chosen and "s" in chosen) or ("v" in chosen and words):
        return await _usage(tool)
    if await sys.geteuid() != 0:
        raise Failure(b"/usr/bin/sudo must be owned by uid 0 and have the setuid bit set")
    uid = await sys.getuid()
    account = await users.by_uid(sys, uid)
    if account is None:
        raise Failure(b"you do not exist in the passwd database")
    if "K" in chosen or ("k" in chosen and not words and not chosen & set("isvl")):
        await _forget(tool, account.name, everything="K" in chosen)
        return 0
    job = await _job(tool, options, account)
    job.assignments, job.argv = assignments, words
    if "l" in chosen and not words:
        return await _list(job)
    return await _run(job)


async def _job(tool: Tool, options: Parsed, account: users.Passwd) -> Job:
    """Look up everybody and read sudoers."""
    sys = tool.sys
    wanted = options.last("u") or b"root"
    target = await users.by_name(sys, wanted)
    if target is None and wanted.startswith(b"#") and wanted[1:].isdigit():
        uid = int(wanted[1:11])
        target = await users.by_uid(sys, uid)
        target = target or users.Passwd(wanted, uid, uid, b"", b"/", b"/bin/sh")
    if target is None:
        text = b"unknown user " + wanted + b"\nsudo: error initializing audit plugin sudoers_audit"
        raise Failure(text)
    groups = await users.groups(sys)
    group: users.Group | None = None
    if (name := options.last("g")) is not None:
        group = next((g for g in groups if g.name == name), None)
        if group is None:
            text = b"unknown group " + name
            raise Failure(text + b"\nsudo: error initializing audit plugin sudoers_audit")
        if "u" not in options:
            target = account
    mine = set(await sys.getgroups()) | {await sys.getgid()}
    names = tuple(g.name for g in groups if g.gid in mine or account.name in g.members)
    host = (await sys.uname()).nodename
    try:
        sudoers = parse_sudoers(await read_file(sys, b"/etc/sudoers"))
    except OSError as err:
        text = b"unable to open /etc/sudoers: " + why(err)
        raise Failure(text + b"\nsudo: no valid sudoers sources found, quitting") from None
    await sys.compute(50 + 10 * len(sudoers.rules))
    caller = Caller(account.name, account.uid, names, host)
    return Job(tool, options, sudoers, caller, account.gid, target, group)


def _decide(job: Job) -> Command | None:
    if job.caller.uid == 0:
        return Command(b"ALL", (b"ALL",), (b"ALL",), password=False, setenv=True)
    target = (job.target.name, job.target.uid)
    name = job.group.name if job.group else None
    return decide(job.sudoers, job.caller, target, name, job.path, job.argv[1:])


async def _find(job: Job, name: bytes) -> bytes | None:
    """The path of a command; None if there is no such program."""
    sys = job.tool.sys
    path = job.sudoers.secure_path or job.tool.env.get(b"PATH", b"")
    tries = [name] if b"/" in name else [d + b"/" + name for d in path.split(b":") if d]
    for candidate in tries:
        try:
            found = await sys.stat(candidate)
            await sys.eaccess(candidate, X_OK)
        except OSError:
            continue
        if found.mode & S_IFMT == S_IFREG and found.mode & 0o111:
            return candidate
    return None


def _quoted(words: list[bytes]) -> bytes:
    """A command line for the shell's -c: everything but letters, digits, ``_-$`` escaped."""
    out = bytearray()
    for at, word in enumerate(words):
        if at:
            out += b" "
        for byte in word:
            if not (chr(byte).isascii() and chr(byte).isalnum()) and byte not in b"_-$":
                out += b"\\"
            out.append(byte)
    return bytes(out)


async def _run(job: Job) -> int:
    sys, options = job.tool.sys, job.options
    login, shell = "i" in options, "s" in options
    command = job.argv
    if login or shell:
        program_path = job.target.shell or b"/bin/sh"
        if shell:
            own = await users.by_uid(sys, job.caller.uid)
            program_path = job.tool.env.get(b"SHELL") or (own.shell if own else b"/bin/sh")
        job.argv = [program_path] + ([b"-c", _quoted(command)] if command else [])
    found: bytes | None = b""
    if job.argv:
        found = await _find(job, job.argv[0])
        job.path = found or job.argv[0]
    validate = "v" in options
    verdict = _decide(job) if not validate else _validation(job)
    if verdict is None and not rules_of(job.sudoers, job.caller):
        await _authenticate(job)
        return await _refuse(job, known=False)
    if verdict is None or verdict.password:
        await _authenticate(job)
    if validate:
        return 0
    if verdict is None:
        return await _refuse(job, known=True)
    if found is None:
        raise Failure(job.argv[0] + b": command not found")
    if "l" in options:
        await job.tool.line(b" ".join([job.path, *job.argv[1:]]))
        return 0
    return await _exec(job, verdict, login=login)


def _validation(job: Job) -> Command | None:
    """For -v the password is needed if any entry of the caller's needs one."""
    if job.caller.uid == 0:
        return Command(b"ALL", (b"ALL",), (), password=False)
    rules = rules_of(job.sudoers, job.caller)
    return next((rule for rule in rules if rule.password), rules[0] if rules else None)


async def _log(job: Job, priority: int, reason: bytes = b"") -> None:
    """A line in the journal: who ran what as whom, or why not (sudo(8), LOG FORMAT)."""
    sys = job.tool.sys
    me = await read_process(sys, await sys.getpid(), status=False, argv=False)
    tty = b"TTY=" + me.tty if me is not None and me.tty_nr else b"TTY=unknown"
    try:
        folder = await sys.getcwd()
    except OSError:
        folder = b"unknown"
    parts = [reason] if reason else []
    parts += [tty, b"PWD=" + folder, b"USER=" + job.target.name]
    if job.group:
        parts.append(b"GROUP=" + job.group.name)
    if job.argv:
        parts.append(b"COMMAND=" + b" ".join([job.path or job.argv[0], *job.argv[1:]]))
    text = job.caller.name.rjust(8) + b" : " + b" ; ".join(parts)
    await journal.send(sys, AUTHPRIV << 3 | priority, b"sudo", text)


async def _refuse(job: Job, *, known: bool) -> int:
    sys = job.tool.sys
    await _log(job, ALERT, b"command not allowed" if known else b"user NOT in sudoers")
    name, host = job.caller.name, job.caller.host
    if not known:
        await complain(sys, name + b" is not in the sudoers file.")
    elif "l" not in job.options:
        line = b" ".join([job.path, *job.argv[1:]])
        runas = job.target.name + (b":" + job.group.name if job.group else b"")
        text = b"Sorry, user " + name + b" is not allowed to execute '" + line
        await complain(sys, text + b"' as " + runas + b" on " + host + b".")
    return 1


async def _exec(job: Job, verdict: Command, *, login: bool) -> int:
    sys, options, target = job.tool.sys, job.options, job.target
    keep = "E" in options and (verdict.setenv or verdict.spec == b"ALL")
    if "E" in options and not keep:
        raise Failure(b"sorry, you are not allowed to preserve the environment")
    if job.assignments and not (verdict.setenv or verdict.spec == b"ALL"):
        names = b", ".join(word.partition(b"=")[0] for word in job.assignments)
        text = b"sorry, you are not allowed to set the following environment variables: "
        raise Failure(text + names)
    await _log(job, NOTICE)
    env = _environment(job, keep=keep, login=login)
    gid = job.group.gid if job.group else target.gid
    try:
        if "P" not in options:
            await sys.setgroups(await users.group_ids(sys, target.name, target.gid))
        await sys.setgid(gid)
        await sys.setuid(target.uid)
    except OSError as err:
        raise Failure(b"unable to change to runas uid: " + why(err)) from None
    folder = options.last("D") or (target.home if login else None)
    if folder is not None:
        try:
            await sys.chdir(folder)
        except OSError as err:
            text = b"sudo: unable to change directory to " + folder + b": " + why(err)
            await complain(sys, text)
            if options.last("D") is not None:
                return 1
    argv = list(job.argv)
    if login:
        argv[0] = b"-" + job.path.rpartition(b"/")[2]
    elif "s" in options:
        argv[0] = job.path
    if "b" in options and await sys.fork(_background, job.path, argv, env):
        return 0
    return await _become(sys, job.path, argv, env)


async def _background(sys: Sys, path: bytes, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    with suppress(OSError):
        await sys.setpgid(0, 0)
    return await _become(sys, path, argv, env)


async def _become(sys: Sys, path: bytes, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    try:
        await sys.execve(path, argv, env)
    except OSError as err:
        if err.errno == Errno.ENOEXEC:
            try:
                await sys.execve(b"/bin/sh", [b"sh", path, *argv[1:]], env)
            except OSError as again:
                err = again
        await complain(sys, b"sudo: unable to execute " + path + b": " + why(err))
    return 1


def _environment(job: Job, *, keep: bool, login: bool) -> dict[bytes, bytes]:
    old, target = job.tool.env, job.target
    env = dict(old) if keep else {key: old[key] for key in _KEPT if key in old}
    if not keep or "H" in job.options or login:
        env[b"HOME"] = target.home
    env[b"PATH"] = job.sudoers.secure_path or old.get(b"PATH", b"/usr/bin:/bin")
    env[b"USER"] = env[b"LOGNAME"] = target.name
    if not keep or login:
        env[b"SHELL"] = target.shell or b"/bin/sh"
    env[b"SUDO_COMMAND"] = b" ".join([job.path, *job.argv[1:]])[:4096]
    env[b"SUDO_USER"] = job.caller.name
    env[b"SUDO_UID"] = b"%d" % job.caller.uid
    env[b"SUDO_GID"] = b"%d" % job.gid
    for word in job.assignments:
        key, _, value = word.partition(b"=")
        env[key] = value
    return env


# -- passwords ---------------------------------------------------------------------------------


async def _authenticate(job: Job) -> None:
    """Ask for the caller's password unless it was given lately. Ends sudo if it is wrong."""
    sys, options = job.tool.sys, job.options
    if job.caller.uid == 0 or ("k" not in options and await _remembered(job)):
        return
    if "n" in options:
        raise Failure(b"a password is required")
    secret_fd = out = 2
    opened: int | None = None
    if "S" in options:
        secret_fd = 0
    else:
        opened = await controlling_terminal(sys)
        if opened is None:
            raise Failure(
                b"a terminal is required to read the password; either use the -S option to read "
                b"from standard input or configure an askpass helper\n"
                b"sudo: a password is required"
            )
        secret_fd = out = opened
    await _ask(job, secret_fd, out)
    if opened is not None:
        await sys.close(opened)
    if "N" not in options:
        await _remember(job)


async def _ask(job: Job, fd: int, out: int) -> None:
    sys, options = job.tool.sys, job.options
    prompt = options.last("p")
    prompt = b"[sudo] password for %p: " if prompt is None else prompt
    for escape, value in (
        (b"%p", job.caller.name), (b"%u", job.caller.name), (b"%U", job.target.name),
        (b"%h", job.caller.host), (b"%H", job.caller.host), (b"%%", b"%"),
    ):  # fmt: skip
        prompt = prompt.replace(escape, value)
    for attempt in range(1, job.sudoers.tries + 1):
        secret = await ask_secret(sys, prompt, fd, out)
        if secret is None:
            raise Failure(b"no password was provided\nsudo: a password is required")
        if await users.password_matches(sys, job.caller.name, secret):
            return
        await sys.nanosleep(FAIL_DELAY * NS)
        if attempt < job.sudoers.tries:
            await complain(sys, b"Sorry, try again.")
    tries = job.sudoers.tries
    plural = b"s" if tries != 1 else b""
    reason = b"%d incorrect password attempt" % tries + plural
    await _log(job, ALERT, reason)
    raise Failure(reason)


async def _session(sys: Sys) -> bytes:
    """What a remembered password is good for: this terminal in this session, or this parent."""
    me = await read_process(sys, await sys.getpid(), status=False, argv=False)
    if me is None:
        return b"none"
    leader: Process | None = await read_process(
        sys, me.session if me.tty_nr else me.ppid, status=False, argv=False
    )
    start = leader.starttime if leader else 0
    if me.tty_nr:
        return b"tty %d %d %d" % (me.tty_nr, me.session, start)
    return b"ppid %d %d" % (me.ppid, start)


async def _stamps(sys: Sys, name: bytes) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for line in (await read_optional(sys, STAMPS + b"/" + name)).split(b"\n"):
        key, _, when = line.rpartition(b" ")
        if key and when.isdigit():
            found[key] = int(when)
    return found


async def _remembered(job: Job) -> bool:
    sys = job.tool.sys
    when = (await _stamps(sys, job.caller.name)).get(await _session(sys))
    if when is None:
        return False
    if job.sudoers.timeout < 0:
        return True
    now = await sys.clock_gettime(CLOCK_MONOTONIC)
    if now - when >= job.sudoers.timeout * MINUTE:
        return False
    await _remember(job)
    return True


async def _remember(job: Job) -> None:
    sys = job.tool.sys
    stamps = await _stamps(sys, job.caller.name)
    stamps[await _session(sys)] = await sys.clock_gettime(CLOCK_MONOTONIC)
    await _write_stamps(sys, job.caller.name, stamps)


async def _forget(tool: Tool, name: bytes, *, everything: bool) -> None:
    stamps = {} if everything else await _stamps(tool.sys, name)
    stamps.pop(await _session(tool.sys), None)
    await _write_stamps(tool.sys, name, stamps)


async def _write_stamps(sys: Sys, name: bytes, stamps: dict[bytes, int]) -> None:
    for folder in (b"/run/sudo", STAMPS):
        try:
            await sys.mkdir(folder, 0o700)
            await sys.chown(folder, 0, 0)
        except OSError as err:
            if err.errno != Errno.EEXIST:
                return
    text = b"".join(key + b" %d\n" % when for key, when in stamps.items())
    try:
        fd = await sys.open(STAMPS + b"/" + name, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        await write_all(sys, fd, text)
        await sys.close(fd)
        await sys.chown(STAMPS + b"/" + name, 0, -1)
    except OSError:
        return


# -- listing -----------------------------------------------------------------------------------


async def _list(job: Job) -> int:
    tool, caller = job.tool, job.caller
    other = job.options.last("U")
    if other is not None and caller.uid == 0:
        account = await users.by_name(tool.sys, other)
        if account is None:
            raise Failure(b"unknown user " + other)
        groups = await users.groups(tool.sys)
        names = tuple(g.name for g in groups if g.gid == account.gid or account.name in g.members)
        caller = Caller(account.name, account.uid, names, caller.host)
    else:
        rules = rules_of(job.sudoers, caller)
        if all(rule.password for rule in rules):
            await _authenticate(job)
    rules = rules_of(job.sudoers, caller)
    if not rules:
        text = b"Sorry, user " + caller.name + b" may not run sudo on " + caller.host + b"."
        await complain(tool.sys, text)
        return 1
    if job.sudoers.secure_path:
        escaped = job.sudoers.secure_path.replace(b":", b"\\:")
        place = caller.name + b" on " + caller.host
        await tool.line(b"Matching Defaults entries for " + place + b":")
        await tool.line(b"    env_reset, secure_path=" + escaped + b"\n")
    text = b"User " + caller.name + b" may run the following commands on "
    await tool.line(text + caller.host + b":")
    for rule in rules:
        runas = b", ".join(rule.runas)
        if rule.groups:
            runas += b" : " + b", ".join(rule.groups)
        tags = (b"" if rule.password else b"NOPASSWD: ") + (b"SETENV: " if rule.setenv else b"")
        await tool.line(b"    (" + runas + b") " + tags + rule.spec)
    return 0

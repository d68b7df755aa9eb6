"""Starting the processes of a service: everything systemd.exec(5) says comes before the exec."""

from minios.abi import caps, flags
from minios.abi.signals import SIG_DFL, SIG_SETMASK
from minios.abi.sys import Sys
from minios.userland.bin.init.inittab import HANDLED
from minios.userland.lib import users
from minios.userland.lib.stdio import read_file, why, write_all
from minios.userland.lib.units import exitcodes
from minios.userland.lib.units.spec import Command, ServiceSpec
from minios.userland.lib.units.syntax import expand, split

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


class Plan:
    """What a child needs to know. ``output`` and ``status`` are descriptors of init's."""

    __slots__ = ("cgroup", "command", "env", "output", "spec", "status", "unit")

    def __init__(
        self,
        unit: str,
        cgroup: str,
        command: Command,
        spec: ServiceSpec,
        output: int,
        status: int,
        env: dict[str, str] | None = None,
    ) -> None:
        self.unit = unit
        self.cgroup = cgroup
        self.command = command
        self.spec = spec
        self.output = output
        self.status = status
        self.env = env if env is not None else {}


class _Failed(Exception):
    """A step that failed: the exit status that names it, and the words for the journal."""

    def __init__(self, status: int, text: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.text = text


async def child(sys: Sys, plan: Plan) -> int:
    """The whole life of the child up to its exec. Errors go into ``plan.status``."""
    try:
        await _become(sys, plan)
    except _Failed as err:
        step = exitcodes.STEPS.get(err.status, "EXEC").encode()
        program = plan.command.words[0].encode("latin-1")
        text = b"Failed at step %b spawning %b: %b" % (step, program, err.text)
        await write_all(sys, plan.status, text)
        return err.status
    return exitcodes.EXEC


async def _become(sys: Sys, plan: Plan) -> None:
    spec = plan.spec
    name = plan.command.words[0].rpartition("/")[2][-8:]
    await sys.prctl(flags.PR_SET_NAME, f"({name})".encode("latin-1"))
    for sig in HANDLED:
        await sys.sigaction(sig, SIG_DFL)
    await sys.sigprocmask(SIG_SETMASK, 0)
    await sys.setsid()
    account, groups, gid = await _account(sys, spec)
    try:
        await sys.cgroup_enter(plan.cgroup.encode("latin-1"))
        await _streams(sys, plan)
    except OSError as err:
        raise _Failed(exitcodes.STDOUT, why(err)) from None
    await _limits(sys, spec)
    env = await _environment(sys, plan, account)
    if not plan.command.privileged:
        await _drop(sys, spec, account, groups, gid)
    await _chdir(sys, spec, account)
    words = plan.command.words if plan.command.literal else expand(plan.command.words, env)
    path = await _program(sys, words[0])
    argv = [word.encode("latin-1") for word in words]
    if plan.command.argv0:
        argv[0] = plan.command.argv0.encode("latin-1")
    encoded = {k.encode("latin-1"): v.encode("latin-1") for k, v in env.items()}
    try:
        await sys.execve(path, argv, encoded)
    except OSError as err:
        raise _Failed(exitcodes.EXEC, why(err)) from None


async def _account(sys: Sys, spec: ServiceSpec) -> tuple[users.Passwd | None, tuple[int, ...], int]:
    """(account, groups, gid) by User= and Group=."""
    account: users.Passwd | None = None
    gid = 0
    groups: tuple[int, ...] = ()
    if spec.user:
        name = spec.user.encode("latin-1")
        known = await users.passwd(sys)
        account = next(
            (u for u in known if u.name == name or (name.isdigit() and u.uid == int(name))), None
        )
        if account is None:
            raise _Failed(exitcodes.USER, b"No such process")
        gid = account.gid
        groups = await users.group_ids(sys, account.name, gid)
    wanted = [spec.group] if spec.group else []
    for text in [*wanted, *spec.extra_groups]:
        name = text.encode("latin-1")
        every = await users.groups(sys)
        found = next(
            (g for g in every if g.name == name or (name.isdigit() and g.gid == int(name))), None
        )
        if found is None:
            raise _Failed(exitcodes.GROUP, b"No such process")
        groups = (*groups, found.gid)
        if text == spec.group:
            gid = found.gid
    return account, tuple(dict.fromkeys(groups)), gid


async def _target(sys: Sys, plan: Plan, setting: str, own: int) -> int:
    """A descriptor for StandardOutput= or StandardError=."""
    kind, _, path = setting.partition(":")
    if kind in ("file", "append", "truncate") and path:
        oflag = flags.O_WRONLY | flags.O_CREAT
        oflag |= {"append": flags.O_APPEND, "truncate": flags.O_TRUNC}.get(kind, 0)
        return await sys.open(path.encode("latin-1"), oflag, 0o644)
    if kind == "null":
        return await sys.open(b"/dev/null", flags.O_WRONLY)
    if kind == "tty":
        return await sys.open(b"/dev/console", flags.O_WRONLY | flags.O_NOCTTY)
    if kind == "kmsg":
        return await sys.open(b"/dev/kmsg", flags.O_WRONLY)
    return own


async def _streams(sys: Sys, plan: Plan) -> None:
    """Descriptors 0, 1 and 2. The ones that init gave are far above them."""
    spec = plan.spec
    source = spec.input.removeprefix("file:") if spec.input.startswith("file:") else "/dev/null"
    fd = await sys.open(source.encode("latin-1"), flags.O_RDONLY | flags.O_NOCTTY)
    if fd != 0:
        await sys.dup2(fd, 0)
        await sys.close(fd)
    out = await _target(sys, plan, spec.output, plan.output)
    err = out if spec.error == "inherit" else await _target(sys, plan, spec.error, plan.output)
    high = await sys.fcntl(err, flags.F_DUPFD_CLOEXEC, 20)
    await sys.dup2(out, 1)
    await sys.dup2(high, 2)
    for extra in dict.fromkeys((out, err, high)):
        if extra > 2 and extra != plan.status:
            await sys.close(extra)


async def _limits(sys: Sys, spec: ServiceSpec) -> None:
    await sys.umask(0o022 if spec.umask is None else spec.umask)
    try:
        if spec.nice is not None:
            await sys.setpriority(flags.PRIO_PROCESS, 0, spec.nice)
    except OSError as err:
        raise _Failed(exitcodes.NICE, why(err)) from None
    try:
        for resource, (soft, hard) in spec.limits.items():
            await sys.setrlimit(resource, soft, hard)
    except OSError as err:
        raise _Failed(exitcodes.LIMITS, why(err)) from None
    if spec.affinity:
        try:
            await sys.sched_setaffinity(0, sum(1 << cpu for cpu in dict.fromkeys(spec.affinity)))
        except OSError as err:
            raise _Failed(exitcodes.CPUAFFINITY, why(err)) from None
    if spec.oom_score_adj is not None:
        try:
            fd = await sys.open(b"/proc/self/oom_score_adj", flags.O_WRONLY)
            await sys.write(fd, b"%d" % spec.oom_score_adj)
            await sys.close(fd)
        except OSError:
            return


async def _environment(sys: Sys, plan: Plan, account: users.Passwd | None) -> dict[str, str]:
    """The variables: init's own, those of the account, Environment=, then EnvironmentFile=."""
    env = {"PATH": PATH}
    if account is not None:
        env["HOME"] = account.home.decode("latin-1")
        env["LOGNAME"] = env["USER"] = account.name.decode("latin-1")
        env["SHELL"] = (account.shell or b"/bin/sh").decode("latin-1")
    env |= plan.env
    for assignment in plan.spec.environment:
        name, _, value = assignment.partition("=")
        env[name] = value
    for entry in plan.spec.environment_files:
        try:
            text = await read_file(sys, entry.removeprefix("-").encode("latin-1"))
        except OSError as err:
            if entry.startswith("-"):
                continue
            raise _Failed(
                exitcodes.EXEC, b"Failed to load environment files: " + why(err)
            ) from None
        for line in text.decode("latin-1").split("\n"):
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith(("#", ";")):
                words = split(value)
                env[name.strip()] = " ".join(words) if words is not None else value
    return env


async def _drop(
    sys: Sys,
    spec: ServiceSpec,
    account: users.Passwd | None,
    groups: tuple[int, ...],
    gid: int,
) -> None:
    """Give up what the service is not to have."""
    try:
        if account is not None or spec.group or spec.extra_groups:
            await sys.setgroups(groups)
            await sys.setgid(gid)
    except OSError as err:
        raise _Failed(exitcodes.GROUP, why(err)) from None
    try:
        for cap in caps.members(caps.ALL & ~spec.bounding):
            await sys.prctl(flags.PR_CAPBSET_DROP, cap)
        if spec.ambient:
            await sys.prctl(flags.PR_SET_KEEPCAPS, 1)
        if account is not None:
            await sys.setuid(account.uid)
        if spec.ambient:
            await sys.capset(spec.ambient, spec.ambient, spec.ambient)
            for cap in caps.members(spec.ambient):
                await sys.prctl(flags.PR_CAP_AMBIENT, (flags.PR_CAP_AMBIENT_RAISE, cap))
    except OSError as err:
        raise _Failed(exitcodes.CAPABILITIES, why(err)) from None
    if spec.no_new_privileges:
        await sys.prctl(flags.PR_SET_NO_NEW_PRIVS, 1)


async def _chdir(sys: Sys, spec: ServiceSpec, account: users.Passwd | None) -> None:
    directory = spec.directory.removeprefix("-") or "/"
    if directory == "~":
        directory = account.home.decode("latin-1") if account is not None else "/root"
    try:
        await sys.chdir(directory.encode("latin-1"))
    except OSError as err:
        if not spec.directory.startswith("-"):
            raise _Failed(exitcodes.CHDIR, why(err)) from None


async def _program(sys: Sys, name: str) -> bytes:
    """The program's path; a bare name is looked for in PATH."""
    if name.startswith("/"):
        return name.encode("latin-1")
    for folder in PATH.split(":") if "/" not in name else ():
        path = f"{folder}/{name}".encode("latin-1")
        try:
            await sys.access(path, flags.X_OK)
        except OSError:
            continue
        return path
    raise _Failed(exitcodes.EXEC, b"No such file or directory")

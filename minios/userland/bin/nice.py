"""nice and nohup (coreutils 9.1), renice (util-linux 2.38.1)."""

from minios.abi.errno import Errno
from minios.abi.flags import (
    F_DUPFD_CLOEXEC,
    O_APPEND,
    O_CREAT,
    O_WRONLY,
    PRIO_PGRP,
    PRIO_PROCESS,
    PRIO_USER,
)
from minios.abi.signals import SIG_IGN, Sig
from minios.userland.lib import users
from minios.userland.lib.execvp import execvp
from minios.userland.lib.options import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf
from minios.userland.lib.stdio import complain, why, write_all

NICE = """
Usage: nice [OPTION] [COMMAND [ARG]...]
Run COMMAND with another niceness, which is how much it steps back for others:
from -20 (least) to 19 (most). Without COMMAND print the current one.

  -n, --adjustment=N   add N to the niceness (10 if not given)
"""

RENICE = """
Usage: renice [-n] PRIORITY [-p|-g|-u] ID...
Change the niceness of running processes.

  -n, --priority <num>  the new niceness
  -p, --pid             IDs are processes (the default)
  -g, --pgrp            IDs are process groups
  -u, --user            IDs are user names or uids
  -h, --help            show this
  -V, --version         show the version
"""

NOHUP = """
Usage: nohup COMMAND [ARG]...
Run COMMAND so that it does not end when the terminal goes away. Output to a
terminal goes to the file nohup.out instead, in this or the home directory.
"""

CANNOT_INVOKE = 126
NOT_FOUND = 127


def _adjustment(word: bytes) -> int | None:
    digits = word.strip().lstrip(b"+-")
    if not digits.isdigit() or len(word.strip()) - len(digits) > 1:
        return None
    value = int(digits[:6])
    return -value if word.strip().startswith(b"-") else value


@program(NICE, trouble=125)
async def nice(tool: Tool) -> int:
    """nice(1). ``-5`` and ``--5`` are accepted as the old forms of ``-n 5`` and ``-n -5``."""
    sys = tool.sys
    args = tool.argv[1:]
    given: bytes | None = None
    while args:
        if _is_old(args[0]):
            given = args.pop(0)[1:]
            continue
        # One option at a time, as an old form may follow.
        size = 2 if args[0] in (b"-n", b"--adjustment") else 1
        options = parse(args[:size], "n:", ("adjustment:=n", "help", "version"), permute=False)
        tool.options = options
        if await tool.describe(NICE):
            return 0
        if not options.flags:
            args = args[1:] if args[0] == b"--" else args
            break
        given = options.last("n")
        args = args[size:]
    delta = 10
    if given is not None:
        number = _adjustment(given)
        if number is None:
            raise Failure(b"invalid adjustment " + quote(given))
        delta = max(min(number, 39), -39)
    current = await sys.getpriority(PRIO_PROCESS, 0)
    if not args:
        if given is not None:
            raise Failure(b"a command must be given with an adjustment", hint=True)
        await tool.line(b"%d" % current)
        return 0
    try:
        await sys.setpriority(PRIO_PROCESS, 0, max(min(current + delta, 19), -20))
    except OSError as err:
        await tool.warn(b"cannot set niceness: " + why(err))
    try:
        await execvp(sys, args, tool.env)
    except OSError as err:
        await complain(sys, tool.name + b": " + quoteaf(args[0]) + b": " + why(err))
        return NOT_FOUND if err.errno == Errno.ENOENT else CANNOT_INVOKE
    return CANNOT_INVOKE


def _is_old(word: bytes) -> bool:
    sign = word[1:2] in (b"-", b"+")
    return word.startswith(b"-") and word[1 + sign : 2 + sign].isdigit()


_KINDS = {
    PRIO_PROCESS: b"process ID",
    PRIO_PGRP: b"process group ID",
    PRIO_USER: b"user ID",
}


@program(RENICE)
async def renice(tool: Tool) -> int:
    """renice(1)."""
    args = tool.argv[1:]
    if args[:1] in ([b"-h"], [b"--help"]):
        await tool.line(b"\n" + RENICE.strip().encode())
        return 0
    if args[:1] in ([b"-V"], [b"--version"]):
        await tool.line(b"renice from util-linux 2.38.1")
        return 0
    if args[:1] in ([b"-n"], [b"--priority"]):
        args.pop(0)
    if len(args) < 2:
        raise Failure(b"not enough arguments", hint=True)
    word = args.pop(0)
    wanted = _adjustment(word)
    if wanted is None:
        raise Failure(b"invalid priority " + quote(word), hint=True)
    which = PRIO_PROCESS
    for word in args:
        if word in (b"-g", b"--pgrp"):
            which = PRIO_PGRP
        elif word in (b"-u", b"--user"):
            which = PRIO_USER
        elif word in (b"-p", b"--pid"):
            which = PRIO_PROCESS
        else:
            await _renice(tool, which, word, wanted)
    return tool.status


async def _renice(tool: Tool, which: int, word: bytes, wanted: int) -> None:
    sys = tool.sys
    account = await users.by_name(sys, word) if which == PRIO_USER else None
    if account is not None:
        who = account.uid
    elif word.isdigit():
        who = int(word[:10])
    elif which == PRIO_USER:
        await tool.warn(b"unknown user " + word)
        return
    else:
        await tool.warn(b"bad " + _KINDS[which] + b" value: " + word)
        return
    target = b"%d (%b)" % (who, _KINDS[which])
    try:
        old = await sys.getpriority(which, who)
    except OSError as err:
        await tool.warn(b"failed to get priority for " + target, err)
        return
    try:
        await sys.setpriority(which, who, max(min(wanted, 19), -20))
    except OSError as err:
        await tool.warn(b"failed to set priority for " + target, err)
        return
    new = await sys.getpriority(which, who)
    await tool.line(target + b" old priority %d, new priority %d" % (old, new))


@program(NOHUP, "", trouble=125, permute=False)
async def nohup(tool: Tool) -> int:
    """nohup(1)."""
    sys, argv = tool.sys, tool.operands
    if not argv:
        raise Failure(b"missing operand", hint=True)
    from_tty, to_tty, err_tty = [await sys.isatty(fd) for fd in range(3)]
    if from_tty:
        fd = await sys.open(b"/dev/null", O_WRONLY)
        await sys.dup2(fd, 0)
        await sys.close(fd)
        if not to_tty and not err_tty:
            await tool.warn(b"ignoring input", status=0)
    if to_tty:
        name = await _output(tool)
        text = b"appending output to " + quoteaf(name)
        await tool.warn(b"ignoring input and " + text if from_tty else text, status=0)
    complaints = 2
    if err_tty:
        complaints = await sys.fcntl(2, F_DUPFD_CLOEXEC, 3)
        if not to_tty:
            text = b"redirecting stderr to stdout"
            await tool.warn(b"ignoring input and " + text if from_tty else text, status=0)
        await sys.dup2(1, 2)
    await sys.sigaction(Sig.SIGHUP, SIG_IGN)
    try:
        await execvp(sys, argv, tool.env)
    except OSError as err:
        text = tool.name + b": failed to run command " + quoteaf(argv[0]) + b": " + why(err)
        await write_all(sys, complaints, text + b"\n")
        return NOT_FOUND if err.errno == Errno.ENOENT else CANNOT_INVOKE
    return CANNOT_INVOKE


async def _output(tool: Tool) -> bytes:
    """Make nohup.out the standard output; its name."""
    sys = tool.sys
    names = [b"nohup.out"]
    if home := tool.env.get(b"HOME"):
        names.append(home.rstrip(b"/") + b"/nohup.out")
    for name in names:
        try:
            fd = await sys.open(name, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        except OSError as err:
            await tool.warn(b"failed to open " + quoteaf(name), err, status=0)
            continue
        await sys.dup2(fd, 1)
        await sys.close(fd)
        return name
    raise Failure(status=125)

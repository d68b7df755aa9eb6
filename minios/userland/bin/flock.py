"""flock: hold a lock while a command runs (util-linux 2.38.1)."""

from minios.abi.errno import Errno, error
from minios.abi.flags import (
    LOCK_EX,
    LOCK_NB,
    LOCK_SH,
    LOCK_UN,
    O_CREAT,
    O_NOCTTY,
    O_RDONLY,
    shell_status,
)
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.userland.lib.duration import parse as parse_duration
from minios.userland.lib.execvp import execvp
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import complain, why

USAGE = """
Usage:
 flock [options] <file>|<directory> <command> [<argument>...]
 flock [options] <file>|<directory> -c <command>
 flock [options] <file descriptor number>

Manage file locks from shell scripts.

Options:
 -s, --shared             get a shared lock
 -x, --exclusive          get an exclusive lock (default)
 -u, --unlock             remove a lock
 -n, --nonblock           fail rather than wait
 -w, --timeout <secs>     wait for a limited amount of time
 -E, --conflict-exit-code <number>  exit code after conflict or timeout
 -o, --close              close file descriptor before running command
 -c, --command <command>  run a single command string through the shell
 -F, --no-fork            execute command without forking
     --verbose            increase verbosity

 -h, --help               display this help
 -V, --version            display version
"""

# sysexits.h
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_CANTCREAT = 64, 65, 66, 69, 73


@program(
    USAGE,
    "sexnoFuw:E:hVc:",
    (
        "shared=s", "exclusive=x", "unlock=u", "nonblocking=n", "nb=n", "timeout:=w", "wait:=w",
        "conflict-exit-code:=E", "close=o", "no-fork=F", "verbose=v",
    ),
    trouble=EX_USAGE,
    permute=False,
)  # fmt: skip
async def flock(tool: Tool) -> int:
    """flock(1)."""
    sys, options = tool.sys, tool.options
    if "h" in options:
        await tool.line(USAGE.rstrip().encode())
        return 0
    if "V" in options:
        await tool.line(b"flock from util-linux 2.38.1")
        return 0
    how = LOCK_EX
    for flag, _ in options.flags:
        how = {"s": LOCK_SH, "x": LOCK_EX, "e": LOCK_EX, "u": LOCK_UN}.get(flag, how)
    block = 0 if "n" not in options else LOCK_NB
    conflict = _exit_code(options.last("E"))
    timeout: int | None = None
    if (text := options.last("w")) is not None:
        timeout = parse_duration(text)
        if timeout is None:
            raise Failure(b"invalid timeout value: " + quote(text), EX_USAGE)
        if timeout == 0:
            block = LOCK_NB
    if not tool.operands:
        raise Failure(b"not enough arguments", EX_USAGE, hint=True)
    command = _command(tool)
    if command:
        fd = await _open(tool, tool.operands[0])
    else:
        word = tool.operands[0]
        if not word.isdigit() or len(word) > 9:
            raise Failure(b"bad file descriptor: " + quote(word), EX_USAGE)
        fd = int(word)
    verbose = "v" in options
    if not await _lock(tool, fd, how | block, timeout, verbose):
        return conflict
    if not command:
        return 0
    if verbose:
        await tool.line(b"flock: executing " + command[0])
    await tool.out.flush()
    closing = fd if "o" in options else -1
    if "F" in options:
        return await _run(sys, tool, command, closing)
    pid = await sys.fork(_run, tool, command, closing)
    while True:
        try:
            return shell_status((await sys.waitpid(pid)).status)
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise


def _exit_code(text: bytes | None) -> int:
    if text is None:
        return 1
    if not text.isdigit() or len(text) > 9:
        raise Failure(b"invalid exit code: " + quote(text), EX_USAGE)
    if int(text) > 255:
        raise Failure(b"exit code out of range (expected 0 to 255)", EX_USAGE)
    return int(text)


def _command(tool: Tool) -> list[bytes]:
    """What to run with the lock held; empty if only a descriptor was given."""
    words = tool.operands[1:]
    if not words and (text := tool.options.last("c")) is None:
        return []
    if words and words[0] in (b"-c", b"--command"):
        if len(words) != 2:
            raise Failure(words[0] + b" requires exactly one command argument", EX_USAGE)
        text = words[1]
    elif words:
        return words
    assert text is not None
    return [tool.env.get(b"SHELL") or b"/bin/sh", b"-c", text]


async def _open(tool: Tool, path: bytes) -> int:
    try:
        return await tool.sys.open(path, O_RDONLY | O_NOCTTY | O_CREAT, 0o666)
    except OSError as err:
        failed = err
    if failed.errno in (Errno.EISDIR, Errno.EACCES, Errno.EROFS):
        try:
            return await tool.sys.open(path, O_RDONLY | O_NOCTTY)
        except OSError as err:
            failed = err
    status = EX_CANTCREAT if failed.errno in (Errno.ENOSPC, Errno.EROFS) else EX_NOINPUT
    raise Failure(b"cannot open lock file " + path + b": " + why(failed), status)


async def _lock(tool: Tool, fd: int, operation: int, timeout: int | None, verbose: bool) -> bool:
    """Get the lock; False if somebody else has it."""
    sys = tool.sys
    expired: list[int] = []

    async def alarm(_: Sys, sig: int) -> None:
        expired.append(sig)

    if timeout and not operation & LOCK_NB:
        await sys.sigaction(Sig.SIGALRM, alarm)
        await sys.setitimer(timeout)
    before = await sys.clock_gettime(1)
    while True:
        try:
            await sys.flock(fd, operation)
            break
        except OSError as err:
            if err.errno == Errno.EAGAIN:
                if verbose:
                    await complain(sys, b"flock: failed to get lock")
                return False
            if err.errno != Errno.EINTR:
                status = 71 if err.errno in (Errno.ENOLCK, Errno.ENOMEM) else EX_DATAERR
                raise Failure(b"%d: " % fd + why(err), status) from None
            if expired:
                if verbose:
                    await complain(sys, b"flock: timeout while waiting to get lock")
                return False
    if timeout:
        await sys.setitimer(0)
    if verbose:
        took = await sys.clock_gettime(1) - before
        seconds, rest = divmod(took // 1000, 1_000_000)
        await tool.line(b"flock: getting lock took %d.%06d seconds" % (seconds, rest))
    return True


async def _run(sys: Sys, tool: Tool, command: list[bytes], closing: int) -> int:
    if closing >= 0:
        await sys.close(closing)
    try:
        await execvp(sys, command, tool.env)
    except OSError as err:
        await complain(sys, b"flock: failed to execute " + command[0] + b": " + why(err))
        return EX_UNAVAILABLE if err.errno != Errno.ENOMEM else 71
    raise error(Errno.ENOEXEC)

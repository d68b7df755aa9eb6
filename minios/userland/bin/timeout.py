"""sleep and timeout (coreutils 9.1)."""

from contextlib import suppress

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import SA_RESTART, SIG_DFL, SIG_IGN, Sig, name_of, number_of
from minios.abi.sys import Sys
from minios.userland.lib import duration
from minios.userland.lib.execvp import execvp
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import complain, why

SLEEP = """
Usage: sleep NUMBER[SUFFIX]...
Wait for NUMBER seconds, or the sum of several. SUFFIX is s for seconds (the
default), m for minutes, h for hours or d for days; NUMBER may have a fraction.
"""

TIMEOUT = """
Usage: timeout [OPTION] DURATION COMMAND [ARG]...
Run COMMAND, and kill it if it still runs after DURATION.

      --preserve-status  exit as COMMAND does, even if it timed out
      --foreground       let COMMAND read the terminal; its children are not timed
  -k, --kill-after=DURATION
                         send KILL too if it still runs that long after the signal
  -s, --signal=SIGNAL    send this signal, by name or number
  -v, --verbose          say what is sent

DURATION is a number with suffix s (the default), m, h or d; 0 is no limit.
The exit status is that of COMMAND; 124 if it timed out, 125 if timeout fails,
126 if COMMAND cannot be run, 127 if it is not found, 137 after KILL.
"""

TIMED_OUT = 124
FAILED = 125


@program(SLEEP, "")
async def sleep(tool: Tool) -> int:
    """sleep(1)."""
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    total = 0
    for word in tool.operands:
        length = duration.parse(word)
        if length is None:
            await tool.warn(b"invalid time interval " + quote(word))
        else:
            total = min(total + length, duration.FOREVER)
    if tool.status:
        await complain(tool.sys, b"Try '" + tool.name + b" --help' for more information.")
        return 1
    if total >= duration.FOREVER:
        while True:
            await tool.sys.poll([], None)
    await tool.sys.nanosleep(total)
    return 0


class _Watch:
    """A running command and what happens to it when the time is up."""

    def __init__(self, sys: Sys, tool: Tool) -> None:
        self.sys = sys
        self.name = tool.name
        self.pid = 0
        self.signal = int(Sig.SIGTERM)
        self.kill_after = 0
        self.foreground = False
        self.verbose = False
        self.timed_out = False
        self.command = b""

    async def on_signal(self, sys: Sys, sig: int) -> None:
        """Pass a signal on to the command; the alarm becomes the signal that ends it."""
        if sig == Sig.SIGALRM:
            self.timed_out = True
            sig = self.signal
        if not self.pid:
            await sys.exit(128 + sig)
        if self.kill_after:
            self.signal = int(Sig.SIGKILL)
            await sys.setitimer(self.kill_after)
            self.kill_after = 0
        if self.verbose:
            name = name_of(sig) if sig else "EXIT"
            text = f": sending signal {name} to command ".encode()
            await complain(sys, self.name + text + quote(self.command))
        await self._send(self.pid, sig)
        if not self.foreground:
            await self._send(0, sig)
            if sig not in (Sig.SIGKILL, Sig.SIGCONT):
                await self._send(self.pid, Sig.SIGCONT)
                await self._send(0, Sig.SIGCONT)

    async def _send(self, pid: int, sig: int) -> None:
        if not pid and sig and sig not in (Sig.SIGKILL, Sig.SIGSTOP):
            await self.sys.sigaction(sig, SIG_IGN)
        try:
            await self.sys.kill(pid, sig)
        except OSError:
            return


def _interval(word: bytes) -> int:
    length = duration.parse(word)
    if length is None:
        raise Failure(b"invalid time interval " + quote(word), hint=True)
    return length


async def _command(sys: Sys, name: bytes, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    for sig in (Sig.SIGTTIN, Sig.SIGTTOU):
        await sys.sigaction(sig, SIG_DFL)
    try:
        await execvp(sys, argv, env)
    except OSError as err:
        text = b": failed to run command " + quote(argv[0]) + b": " + why(err)
        await complain(sys, name + text)
        return 127 if err.errno == Errno.ENOENT else 126
    return 126


@program(
    TIMEOUT,
    "k:s:v",
    ("kill-after:=k", "signal:=s", "verbose=v", "foreground", "preserve-status"),
    trouble=FAILED,
    permute=False,
)
async def timeout(tool: Tool) -> int:
    """timeout(1)."""
    sys, options = tool.sys, tool.options
    watch = _Watch(sys, tool)
    for flag, value in options.flags:
        if flag == "k":
            watch.kill_after = _interval(value or b"")
        elif flag == "s":
            number = number_of((value or b"").decode("latin-1"))
            if number is None:
                raise Failure(quote(value or b"") + b": invalid signal", hint=True)
            watch.signal = number
    watch.foreground = "foreground" in options
    watch.verbose = "v" in options
    preserve = "preserve-status" in options
    if len(tool.operands) < 2:
        raise Failure(hint=True)
    length = _interval(tool.operands[0])
    argv = tool.operands[1:]
    watch.command = argv[0]
    if not watch.foreground:
        # A session leader has a group of its own already (EPERM).
        with suppress(OSError):
            await sys.setpgid(0, 0)
    handled = {Sig.SIGALRM, Sig.SIGINT, Sig.SIGQUIT, Sig.SIGHUP, Sig.SIGTERM, watch.signal}
    for sig in sorted(handled - {0, Sig.SIGKILL, Sig.SIGSTOP}):
        await sys.sigaction(sig, watch.on_signal, SA_RESTART)
    await sys.sigaction(Sig.SIGTTIN, SIG_IGN)
    await sys.sigaction(Sig.SIGTTOU, SIG_IGN)
    await sys.sigaction(Sig.SIGCHLD, SIG_DFL)
    try:
        watch.pid = await sys.fork(_command, tool.name, argv, dict(tool.env))
    except OSError as err:
        raise Failure(b"fork system call failed: " + why(err)) from None
    if length:
        await sys.setitimer(length)
    while True:
        try:
            status = (await sys.waitpid(watch.pid)).status
            break
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise Failure(b"error waiting for command: " + why(err)) from None
    await sys.setitimer(0)
    code = flags.shell_status(status)
    if flags.wifsignaled(status):
        sig = flags.wtermsig(status)
        if flags.wcoredump(status):
            await tool.warn(b"the monitored command dumped core")
        if not watch.timed_out:
            if sig != Sig.SIGKILL:
                await sys.sigaction(sig, SIG_DFL)
            await sys.kill(await sys.getpid(), sig)
        elif sig == Sig.SIGKILL:
            preserve = True
    return TIMED_OUT if watch.timed_out and not preserve else code

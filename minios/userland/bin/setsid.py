"""setsid: run a program in a session of its own (util-linux 2.38.1)."""

from minios.abi.errno import Errno
from minios.abi.flags import TIOCSCTTY, shell_status
from minios.abi.sys import Sys
from minios.userland.lib.execvp import execvp
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why

USAGE = """
Usage: setsid [-cfw] PROGRAM [ARG]...
Run PROGRAM in a new session, away from this terminal and its signals.

  -c, --ctty   the terminal that is standard input becomes the session's
  -f, --fork   always fork first, even where that is not needed
  -w, --wait   if it forks, wait and end with PROGRAM's status
"""


@program(USAGE, "cfw", ("ctty=c", "fork=f", "wait=w"), permute=False)
async def setsid(tool: Tool) -> int:
    """setsid(1). A process that leads a group cannot begin a session, so its child does."""
    sys = tool.sys
    argv = tool.operands
    if not argv:
        raise Failure(b"no command specified", hint=True)
    ctty = "c" in tool.options
    if "f" in tool.options or await sys.getpgid() == await sys.getpid():
        pid = await sys.fork(_run, tool.name, list(argv), dict(tool.env), ctty)
        if "w" not in tool.options:
            return 0
        return shell_status((await sys.waitpid(pid)).status)
    return await _run(sys, tool.name, argv, tool.env, ctty)


async def _run(
    sys: Sys, name: bytes, argv: list[bytes], env: dict[bytes, bytes], ctty: bool
) -> int:
    try:
        await sys.setsid()
        if ctty:
            await sys.ioctl(0, TIOCSCTTY, 1)
    except OSError as err:
        what = b"failed to set the controlling terminal: " if ctty else b"setsid failed: "
        await complain(sys, name + b": " + what + why(err))
        return 1
    try:
        await execvp(sys, argv, env)
    except OSError as err:
        await complain(sys, name + b": failed to execute " + argv[0] + b": " + why(err))
        return 127 if err.errno == Errno.ENOENT else 126
    return 126

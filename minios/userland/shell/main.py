"""The program ``sh``: its arguments, start-up files, and the loop that reads commands."""

import contextlib

from minios.abi import flags as abi
from minios.abi.sys import Sys
from minios.userland.shell import launch
from minios.userland.shell.builtins.directories import starting_directory
from minios.userland.shell.builtins.variables import parse_options
from minios.userland.shell.errors import Interrupted, ShellError
from minios.userland.shell.execute import Shell
from minios.userland.shell.flow import EXIT, RETURN
from minios.userland.shell.parser import EndOfInput
from minios.userland.shell.reader import CommandReader, FileSource, Source
from minios.userland.shell.redirect import SAVED_FD_MIN, reason
from minios.userland.shell.trampoline import drive


async def main(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    """``sh [-c command] [-ils] [options] [script] [argument …]``."""
    shell = Shell(sys)
    return await drive(shell, launch.finish(shell, _run(shell, argv, env)))


class _Invocation:
    """What the command line asked for."""

    def __init__(self) -> None:
        self.command: bytes | None = None
        self.script: bytes | None = None
        self.login = False


async def _run(sh: Shell, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    sys = sh.sys
    sh.line = 0
    sh.name = argv[0] if argv else b"sh"
    sh.pid = await sys.getpid()
    sh.ppid = await sys.getppid()
    superuser = await sys.geteuid() == 0
    sh.values.update({b"PS1": b"# " if superuser else b"$ ", b"PS2": b"> ", b"PS4": b"+ "})
    sh.import_environment(env)
    sh.values[b"PPID"] = b"%d" % sh.ppid
    sh.directory = await starting_directory(sh)
    sh.set(b"PWD", sh.directory)
    sh.exported.add(b"PWD")
    asked = await _arguments(sh, argv)
    sh.started = True
    await sh.traps.setup()
    if sh.interactive:
        from minios.userland.shell.interactive import start

        await start(sh)
    if asked.login:
        await _profile(sh, b"/etc/profile")
        home = sh.get(b"HOME")
        if home is not None:
            await _profile(sh, home + b"/.profile")
    if sh.interactive and (extra := sh.get(b"ENV")):
        await _profile(sh, await sh.expand_prompt(extra))
    if asked.command is not None:
        sh.line = 1
        status = await sh.evaluate(asked.command, 0 if sh.options.stdin else EXIT)
        if not sh.options.stdin or sh.skip:
            return sh.status if sh.skip else status
    fd = 0
    if asked.script is not None:
        fd = await _open_script(sh, asked.script)
        sh.name = asked.script
    sh.line = 1
    if sh.interactive:
        from minios.userland.shell.interactive import session

        return await session(sh)
    return await command_loop(sh, FileSource(sh, fd))


async def _arguments(sh: Shell, argv: list[bytes]) -> _Invocation:
    """Read the options; what is left names the script and the positional parameters."""
    asked = _Invocation()
    asked.login = sh.name.startswith(b"-")
    args: list[bytes] = []
    rest = argv[1:]
    command = False
    # -c and -l are none of the options of "set", whose parser does all others.
    while rest and rest[0][:1] in (b"-", b"+") and rest[0] not in (b"-", b"--", b"+"):
        arg = rest.pop(0)
        letters = arg[1:]
        if arg[:1] == b"-":
            command |= b"c" in letters
            asked.login |= b"l" in letters
            letters = letters.replace(b"c", b"").replace(b"l", b"")
        if letters:
            args.append(arg[:1] + letters)
        if b"o" in letters and rest:
            args.append(rest.pop(0))
    if rest and rest[0] in (b"-", b"--"):
        rest.pop(0)
    await parse_options(sh, args)
    if command:
        if not rest:
            raise ShellError(b"-c requires an argument")
        asked.command = rest.pop(0)
        if rest:
            sh.name = rest.pop(0)
    elif not sh.options.stdin:
        if rest:
            asked.script = rest.pop(0)
        else:
            sh.options.stdin = True
    sh.parameters = rest
    sh.retained += sum(map(len, rest))
    if (
        not sh.options.interactive
        and sh.options.stdin
        and asked.command is None
        and await sh.sys.isatty(0)
        and await sh.sys.isatty(2)
    ):
        sh.options.interactive = True
    sh.interactive = sh.options.interactive
    return asked


async def _open_script(sh: Shell, path: bytes) -> int:
    try:
        fd = await sh.sys.open(path)
        return await _out_of_the_way(sh.sys, fd)
    except OSError as err:
        why = reason(err.errno, b"No such file")
        raise ShellError(b"cannot open %s: %s" % (path, why)) from None


async def _out_of_the_way(sys: Sys, fd: int) -> int:
    """Move a descriptor to where no script redirects."""
    moved = await sys.fcntl(fd, abi.F_DUPFD_CLOEXEC, SAVED_FD_MIN)
    await sys.close(fd)
    return moved


async def _profile(sh: Shell, path: bytes) -> None:
    """Run a start-up file, if there is one; what goes wrong in it ends only that file."""
    try:
        fd = await _out_of_the_way(sh.sys, await sh.sys.open(path))
    except OSError:
        return
    try:
        await command_loop(sh, FileSource(sh, fd))
    except ShellError as err:
        await sh.report(err)
    except Interrupted:
        pass
    with contextlib.suppress(OSError):
        await sh.sys.close(fd)


async def command_loop(sh: Shell, source: Source) -> int:
    """Read and run commands until the input ends; ``return`` ends it, too."""
    reader = CommandReader(sh, source)
    status = 0
    while True:
        node = await reader.next()
        if isinstance(node, EndOfInput):
            return status
        if node is not None:
            status = await sh.run(node, 0)
        if sh.skip:
            if sh.skip == RETURN:
                sh.skip = 0
            return status

"""Built-ins that change what is run next: break, continue, return, exit, eval, exec, ``.``, …"""

from typing import TYPE_CHECKING

from minios.abi.errno import Errno
from minios.userland.lib.stdio import read_file, why
from minios.userland.shell import launch
from minios.userland.shell.builtins.base import illegal_number, quick, slow, whole_number
from minios.userland.shell.errors import ShellError, ShellExit
from minios.userland.shell.flow import BREAK, CONTINUE, RETURN, TESTED
from minios.userland.shell.search import directories, join

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


MAX_SCRIPT = 1 << 20
"""Bytes of a script that ``.`` reads."""


@quick(":", special=True)
def colon(sh: "Shell", argv: list[bytes]) -> int:
    return 0


@quick("true")
def true(sh: "Shell", argv: list[bytes]) -> int:
    return 0


@quick("false")
def false(sh: "Shell", argv: list[bytes]) -> int:
    return 1


@quick("break", "continue", special=True)
def leave_loop(sh: "Shell", argv: list[bytes]) -> int:
    count = whole_number(argv[1]) if len(argv) > 1 else 1
    if count <= 0:
        raise illegal_number(argv[1])
    count = min(count, sh.loop_depth)
    if count > 0:
        sh.skip = CONTINUE if argv[0] == b"continue" else BREAK
        sh.skip_count = count
    return 0


@quick("return", special=True)
def leave_function(sh: "Shell", argv: list[bytes]) -> int:
    status = whole_number(argv[1]) if len(argv) > 1 else sh.status
    sh.skip = RETURN
    return status


@slow("exit", special=True)
async def leave_shell(sh: "Shell", argv: list[bytes], flags: int) -> int:
    if await sh.warned_of_stopped_jobs():
        return 0
    raise ShellExit(whole_number(argv[1]) if len(argv) > 1 else sh.exit_status())


@quick("shift", special=True)
def shift(sh: "Shell", argv: list[bytes]) -> int:
    count = whole_number(argv[1]) if len(argv) > 1 else 1
    if count > len(sh.parameters):
        raise ShellError(b"can't shift that many")
    sh.set_parameters(sh.parameters[count:])
    return 0


@slow("eval", special=True)
async def evaluate(sh: "Shell", argv: list[bytes], flags: int) -> int:
    if len(argv) < 2:
        return 0
    text = argv[1] if len(argv) == 2 else b" ".join(argv[1:])
    await sh.scratch(len(text))
    return await sh.evaluate(text, flags & TESTED)


@slow("exec", special=True)
async def replace(sh: "Shell", argv: list[bytes], flags: int) -> int:
    args = argv[1:]
    if args[:1] == [b"--"]:
        args = args[1:]
    if not args:
        return 0
    raise await launch.exec_failure(sh, args)


@slow(".", special=True)
async def dot(sh: "Shell", argv: list[bytes], flags: int) -> int:
    args = argv[1:]
    if args[:1] == [b"--"]:
        args = args[1:]
    if not args:
        return 0
    name = args[0]
    candidates = [name]
    if b"/" not in name:
        candidates = [join(d, name) for d in directories(sh.get(b"PATH") or b"")]
    failure: OSError | None = None
    for candidate in candidates:
        try:
            text = await read_file(sh.sys, candidate, MAX_SCRIPT)
        except OSError as err:
            if err.errno == Errno.EISDIR:
                return 0  # it opens, and reading it gives nothing
            failure = err
            if err.errno not in (Errno.ENOENT, Errno.ENOTDIR) and b"/" in name:
                break
            continue
        await sh.scratch(len(text))
        return await sh.run_script(text)
    if b"/" in name and failure is not None:
        text = b"No such file" if failure.errno in (Errno.ENOENT, Errno.ENOTDIR) else why(failure)
        raise ShellError(b"cannot open " + name + b": " + text)
    raise ShellError(name + b": not found")

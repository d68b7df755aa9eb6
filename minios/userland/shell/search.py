"""Where commands are found (XCU 2.9.1.4)."""

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno
from minios.userland.shell.errors import ShellError
from minios.userland.shell.redirect import reason

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


def hash_miss(name: bytes) -> bytes:
    return name + b": not found"


async def search_miss(sh: "Shell", name: bytes, path: bytes | None) -> bytes:
    """What to say when :func:`find_program` found nothing that may be run."""
    where = path if path is not None else sh.get(b"PATH")
    for directory in directories(where) if where is not None else [b""]:
        try:
            stat = await sh.sys.stat(join(directory, name))
        except OSError:
            continue
        if stat.mode & flags.S_IFMT == flags.S_IFREG:
            return name + b": Permission denied"
    return hash_miss(name)


def directories(path: bytes) -> list[bytes]:
    """The directories of a PATH; an empty entry is the current one."""
    return path.split(b":")


def join(directory: bytes, name: bytes) -> bytes:
    return directory + b"/" + name if directory else name


async def _may_run(sh: "Shell", path: bytes) -> bool:
    """Whether the permissions let it be executed: PATH goes on where they do not."""
    try:
        await sh.sys.eaccess(path, flags.X_OK)
    except OSError:
        return False
    return True


async def find_program(sh: "Shell", name: bytes, path: bytes | None = None) -> bytes | None:
    """The file that ``name`` means along PATH (or ``path``), remembered for the next time."""
    if path is None:
        known = sh.hashed.get(name)
        if known is not None:
            return known
    where = path if path is not None else sh.get(b"PATH")
    for directory in directories(where) if where is not None else [b""]:
        candidate = join(directory, name)
        try:
            stat = await sh.sys.stat(candidate)
        except OSError:
            continue
        if stat.mode & flags.S_IFMT != flags.S_IFREG or not await _may_run(sh, candidate):
            continue
        if path is None:
            await sh.reserve(len(candidate) + 128)
            sh.hashed[name] = candidate
        return candidate
    return None


async def _is_binary(sh: "Shell", path: bytes) -> bool:
    """Whether there is a NUL in the first line: then it is no script (XCU 2.9.1.4)."""
    try:
        fd = await sh.sys.open(path)
    except OSError:
        return False  # the shell that reads it will say so
    try:
        return b"\0" in (await sh.sys.read(fd, 128)).partition(b"\n")[0]
    except OSError:
        return False
    finally:
        await sh.sys.close(fd)


async def exec_along_path(
    sh: "Shell", argv: list[bytes], path: bytes | None, env: dict[bytes, bytes]
) -> ShellError:
    """Try to exec; returns why it failed, with the exit status to use (126 or 127)."""
    name = argv[0]
    number = int(Errno.ENOENT)
    if b"/" in name:
        candidates = [name]
    else:
        where = path if path is not None else sh.get(b"PATH") or b""
        candidates = [join(directory, name) for directory in directories(where)]
    for candidate in candidates:
        sh.cycles += 4 * len(env)
        try:
            await sh.sys.execve(candidate, argv, env)
        except OSError as err:
            failed = err.errno
            if failed == Errno.ENOEXEC and not await _is_binary(sh, candidate):
                try:
                    await sh.sys.execve(b"/bin/sh", [b"/bin/sh", candidate, *argv[1:]], env)
                except OSError as second:
                    failed = second.errno
            if failed is not None and failed not in (Errno.ENOENT, Errno.ENOTDIR):
                number = failed
    status = 127 if number in (Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP) else 126
    return ShellError(name + b": " + reason(number, b"not found"), status)

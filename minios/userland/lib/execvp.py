"""Running another program by its name, as execvp(3) finds it."""

from collections.abc import Mapping, Sequence

from minios.abi.errno import Errno, error
from minios.abi.sys import Sys
from minios.userland.lib.probes import probed

DEFAULT_PATH = b"/usr/local/bin:/usr/bin:/bin"


@probed(
    b"execvp",
    lambda sys, argv, env: sys,
    lambda sys, argv, env: (argv[0], list(argv)),
    lambda _: -1,
)
async def execvp(sys: Sys, argv: Sequence[bytes], env: Mapping[bytes, bytes]) -> None:
    """Replace the program by ``argv[0]``, searched in PATH. Returns only by raising OSError.

    A file that no loader knows is handed to /bin/sh. EACCES if a file was found that may not be
    executed and no other; ENOENT if there is none.
    """
    name = argv[0]
    if b"/" in name:
        await _exec(sys, name, argv, env)
    denied = False
    for folder in env.get(b"PATH", DEFAULT_PATH).split(b":") if name else ():
        path = folder + b"/" + name if folder else name
        try:
            await _exec(sys, path, argv, env)
        except OSError as err:
            if err.errno == Errno.EACCES:
                denied = True
            elif err.errno not in (Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP):
                raise
    raise error(Errno.EACCES if denied else Errno.ENOENT)


async def _exec(sys: Sys, path: bytes, argv: Sequence[bytes], env: Mapping[bytes, bytes]) -> None:
    try:
        await sys.execve(path, argv, env)
    except OSError as err:
        if err.errno != Errno.ENOEXEC:
            raise
    await sys.execve(b"/bin/sh", [b"sh", path, *argv[1:]], env)

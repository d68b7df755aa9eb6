"""Redirections (XCU 2.7): opening, and putting back what a command had redirected."""

import contextlib
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno, strerror
from minios.abi.sys import Sys
from minios.userland.shell.errors import ShellError
from minios.userland.shell.syntax import Redir

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

SAVED_FD_MIN = 10
"""Copies of redirected descriptors live here and above."""

_ATOMIC_PIPE = 4096
"""A here-document no longer than this is written into its pipe at once; a child writes others."""

Undo = list[tuple[int, int]]
"""(descriptor, its saved copy or -1 for closed), in the order they were redirected."""


def reason(number: int | None, missing: bytes) -> bytes:
    """The text of an open error; ``missing`` is what ENOENT and ENOTDIR are called."""
    if number in (Errno.ENOENT, Errno.ENOTDIR):
        return missing
    return strerror(number).encode()


Target = bytes | int
"""What a redirection's word expanded to: a path, or a descriptor (-1 closes)."""


async def expand_targets(sh: "Shell", redirs: tuple[Redir, ...]) -> list[Target]:
    """Expand file names and descriptors. An error here ends more than the command."""
    targets: list[Target] = []
    for redir in redirs:
        if redir.op == "<<":
            targets.append(b"")
        elif redir.dup is not None:
            targets.append(redir.dup)
        else:
            assert redir.target is not None
            text = await sh.expand.string(redir.target)
            if redir.op not in ("<&", ">&"):
                targets.append(text)
            elif text == b"-":
                targets.append(-1)
            elif len(text) == 1 and text.isdigit():
                targets.append(int(text))
            else:
                raise ShellError(b"Syntax error: Bad fd number")
    return targets


async def apply(
    sh: "Shell", redirs: tuple[Redir, ...], targets: list[Target], undo: Undo | None
) -> None:
    """Perform redirections left to right. With ``undo``, note there how to put them back.

    Raises ShellError; what was redirected by then is in ``undo``.
    """
    sys = sh.sys
    for redir, target in zip(redirs, targets, strict=True):
        fd = redir.fd
        new, owned = await _open(sh, redir, target)
        if new == fd and not owned:
            continue
        if undo is not None and all(entry[0] != fd for entry in undo):
            if new == fd:
                undo.append((fd, -1))
            else:
                undo.append((fd, await _save(sys, fd)))
        if new < 0:
            with contextlib.suppress(OSError):
                await sys.close(fd)
        elif new != fd:
            try:
                await sys.dup2(new, fd)
            except OSError as err:
                raise ShellError(b"%d: %s" % (new, strerror(err.errno).encode())) from None
            if owned:
                await sys.close(new)


async def put_back(sys: Sys, undo: Undo) -> None:
    """Undo what :func:`apply` did."""
    for fd, saved in reversed(undo):
        if saved < 0:
            with contextlib.suppress(OSError):
                await sys.close(fd)
        else:
            await sys.dup2(saved, fd)
            await sys.close(saved)
    undo.clear()


async def forget(sys: Sys, undo: Undo) -> None:
    """Make the redirections last (``exec``): drop the saved copies."""
    for _, saved in undo:
        if saved >= 0:
            await sys.close(saved)
    undo.clear()


async def _save(sys: Sys, fd: int) -> int:
    try:
        return await sys.fcntl(fd, flags.F_DUPFD_CLOEXEC, SAVED_FD_MIN)
    except OSError as err:
        if err.errno == Errno.EBADF:
            return -1
        raise ShellError(b"%d: %s" % (fd, strerror(err.errno).encode())) from None


async def _open(sh: "Shell", redir: Redir, target: Target) -> tuple[int, bool]:
    """(descriptor, whether it was opened for this); -1 to close."""
    op = redir.op
    sys = sh.sys
    if op == "<<":
        return await _here_document(sh, redir), True
    if isinstance(target, int):
        if target >= 0:
            try:
                await sys.fcntl(target, flags.F_GETFD)
            except OSError as err:
                raise ShellError(b"%d: %s" % (target, strerror(err.errno).encode())) from None
        return target, False
    path = target
    try:
        if op == "<":
            return await sys.open(path, flags.O_RDONLY), True
        if op == "<>":
            return await sys.open(path, flags.O_RDWR | flags.O_CREAT), True
        if op == ">>":
            return await sys.open(path, flags.O_WRONLY | flags.O_CREAT | flags.O_APPEND), True
        if op == ">" and sh.options.noclobber:
            return await _open_new(sys, path), True
        return await sys.open(path, flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC), True
    except OSError as err:
        verb, missing = (
            (b"open", b"No such file") if op == "<" else (b"create", b"Directory nonexistent")
        )
        why = reason(err.errno, missing)
        raise ShellError(b"cannot %s %s: %s" % (verb, path, why)) from None


async def _open_new(sys: Sys, path: bytes) -> int:
    """``>`` under ``set -C``: a file must be new, but a device or pipe need not be."""
    try:
        stat = await sys.stat(path)
    except OSError:
        oflag = flags.O_WRONLY | flags.O_CREAT | flags.O_EXCL
        return await sys.open(path, oflag)
    if stat.mode & flags.S_IFMT == flags.S_IFREG:
        raise OSError(int(Errno.EEXIST), "")
    return await sys.open(path, flags.O_WRONLY)


async def _here_document(sh: "Shell", redir: Redir) -> int:
    here = redir.here
    assert here is not None
    text = await sh.expand.string(here.body) if here.body is not None else b""
    reader, writer = await sh.sys.pipe()
    if len(text) <= _ATOMIC_PIPE:
        if text:
            await sh.sys.write(writer, text)
    else:
        await sh.fork_writer(text, reader, writer)
    await sh.sys.close(writer)
    return reader

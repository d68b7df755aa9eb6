"""Terminal modes that several programs set, and questions asked on a terminal."""

from minios.abi.flags import (
    ECHO,
    ECHOCTL,
    ECHOE,
    ECHOK,
    ECHOKE,
    ICANON,
    ICRNL,
    IEXTEN,
    ISIG,
    IXON,
    ONLCR,
    OPOST,
    S_IFCHR,
    S_IFMT,
    TCSETS,
    TCSETSF,
)
from minios.abi.records import Termios
from minios.abi.signals import SIG_DFL, Sig
from minios.abi.sys import Disposition, Sys
from minios.userland.lib.stdio import list_dir, write_all

IUTF8 = 0o40000
SANE = Termios(
    ICRNL | IXON | IUTF8,
    OPOST | ONLCR,
    0o2277,
    ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    b"\x03\x1c\x7f\x15\x04\x00\x01\x00\x11\x13\x1a\x00\x12\x0f\x17\x16\x00\x00\x00",
)
"""What a login finds: lines, echo, signals from the keyboard, the usual keys."""

SECRET_MAX = 512
_DEADLY = (Sig.SIGINT, Sig.SIGQUIT, Sig.SIGTERM, Sig.SIGHUP)


async def read_line(sys: Sys, fd: int) -> bytes | None:
    """A line without its end, of a terminal or a file; None at end of file."""
    line = b""
    while not line.endswith(b"\n") and len(line) < SECRET_MAX:
        # Byte by byte: what follows the line belongs to somebody else.
        byte = await sys.read(fd, 1)
        if not byte:
            break
        line += byte
    if not line:
        return None
    return line.removesuffix(b"\n")


async def ask_secret(sys: Sys, prompt: bytes, fd: int, out: int) -> bytes | None:
    """Ask for a password with the echo off; None at end of file.

    A signal that ends the process first gets the terminal its echo back.
    """
    try:
        modes = await sys.tcgetattr(fd)
    except OSError:
        await write_all(sys, out, prompt)
        return await read_line(sys, fd)
    caught: list[int] = []

    async def remember(_: Sys, sig: int) -> None:
        caught.append(sig)

    old: dict[int, Disposition] = {}
    for sig in _DEADLY:
        old[sig] = await sys.sigaction(sig, remember)
    await sys.tcsetattr(fd, modes._replace(lflag=modes.lflag & ~ECHO), TCSETSF)
    await write_all(sys, out, prompt)
    try:
        answer = await read_line(sys, fd)
    except OSError:
        answer = None
    await sys.tcsetattr(fd, modes, TCSETS)
    await write_all(sys, out, b"\n")
    for number, disposition in old.items():
        await sys.sigaction(number, disposition)
    for number in caught:
        await sys.kill(await sys.getpid(), number)
    return answer


async def ttyname(sys: Sys, fd: int) -> bytes | None:
    """The path of the terminal that a descriptor is open on; None if it is none (ttyname(3))."""
    if not await sys.isatty(fd):
        return None
    number = (await sys.fstat(fd)).rdev
    for folder in (b"/dev", b"/dev/pts"):
        try:
            names = await list_dir(sys, folder)
        except OSError:
            continue
        for name in names:
            path = folder + b"/" + name
            if path in (b"/dev/tty", b"/dev/stdin", b"/dev/stdout", b"/dev/stderr"):
                continue
            try:
                found = await sys.lstat(path)
            except OSError:
                continue
            if found.mode & S_IFMT == S_IFCHR and found.rdev == number:
                return path
    return None


async def reset_signals(sys: Sys) -> None:
    """Default dispositions for what terminals send, as a new session has them."""
    for sig in (Sig.SIGINT, Sig.SIGQUIT, Sig.SIGTSTP, Sig.SIGTTIN, Sig.SIGTTOU, Sig.SIGHUP):
        await sys.sigaction(sig, SIG_DFL)

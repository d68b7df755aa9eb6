"""Talking to init: requests through its socket, and the answers (see bin/init/control.py)."""

from minios.abi.sockets import AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM
from minios.userland.bin.init.control import PATH
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import complain, read_file, write_all

LSB_NOPERMISSION = 4
NOT_BOOTED = (
    b"System has not been booted with systemd as init system (PID 1). Can't operate.\n"
    b"Failed to connect to bus: Host is down"
)


class Denied(Exception):
    """The caller may not give orders."""


async def ask(
    tool: Tool, verb: str, names: list[str], *, wait: bool = True
) -> list[tuple[str, str, str]]:
    """Have init do something and wait until it is done.

    The answers are ``("!", exit status, text)`` for a refusal and ``(unit, result, "")``.
    """
    sys = tool.sys
    fd = await sys.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
    try:
        await sys.connect(fd, PATH)
        words = [verb, "" if wait else "no-block", *names]
        await write_all(sys, fd, "\0".join(words).encode("latin-1") + b"\n")
        text = b""
        while piece := await sys.read(fd, 4096):
            text += piece
    except OSError:
        await complain(sys, NOT_BOOTED)
        raise Failure(b"", 1) from None
    await sys.close(fd)
    found = []
    for line in text.decode("latin-1").split("\n"):
        fields = line.rstrip("\0").split("\0")
        if line:
            fields += ["", ""]
            found.append((fields[0], fields[1], fields[2].replace("\x01", "\n")))
    if found and found[0][2] == "Access denied":
        raise Denied
    return found


async def unit_of(tool: Tool, pid: str) -> str:
    """The unit that a process belongs to; "" for none."""
    try:
        text = await read_file(tool.sys, b"/proc/%b/cgroup" % pid.encode("latin-1"))
    except OSError:
        return ""
    group = text.decode("latin-1").strip().removeprefix("0::")
    return group.rpartition("/")[2] if group.startswith("/system.slice/") else ""

"""Talking to init: requests through its FIFO, and the answers (see bin/init/control.py)."""

from minios.abi.errno import Errno
from minios.abi.flags import O_CLOEXEC, O_RDWR, O_WRONLY
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
    try:
        fd = await sys.open(PATH, O_WRONLY | O_CLOEXEC)
    except OSError as err:
        if err.errno == Errno.EACCES:
            raise Denied from None
        await complain(sys, NOT_BOOTED)
        raise Failure(b"", 1) from None
    reply = b"/run/systemd/reply.%d" % await sys.getpid()
    await sys.mkfifo(reply, 0o600)
    try:
        answers = await sys.open(reply, O_RDWR | O_CLOEXEC)
        words = [reply.decode(), verb, "" if wait else "no-block", *names]
        await write_all(sys, fd, "\0".join(words).encode("latin-1") + b"\n")
        text = b""
        while not (text == b"\n" or text.endswith(b"\n\n")):
            text += await sys.read(answers, 4096)
    finally:
        pass
    await sys.unlink(reply)
    found = []
    for line in text.decode("latin-1").split("\n"):
        fields = line.rstrip("\0").split("\0")
        if line:
            fields += ["", ""]
            found.append((fields[0], fields[1], fields[2].replace("\x01", "\n")))
    return found


async def unit_of(tool: Tool, pid: str) -> str:
    """The unit that a process belongs to; "" for none."""
    try:
        text = await read_file(tool.sys, b"/proc/%b/cgroup" % pid.encode("latin-1"))
    except OSError:
        return ""
    group = text.decode("latin-1").strip().removeprefix("0::")
    return group.rpartition("/")[2] if group.startswith("/system.slice/") else ""

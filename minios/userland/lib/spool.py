"""What the print spooler and those who send to it have in common: its socket and its queue."""

from dataclasses import dataclass

from minios.abi.sockets import AF_UNIX, SHUT_WR, SOCK_STREAM
from minios.abi.sys import Sys

SOCKET = b"/run/printer"
FOLDER = b"/var/spool/lpd"
PRINTER = b"lp"
DEVICE = b"/dev/lp0"
JOB_MAX = 1 << 20
"""Bytes of the largest job."""

# Requests are a line of RFC 1179: its code, the printer, and words; one a connection.
RECEIVE, LIST, REMOVE = b"\2", b"\3", b"\5"


@dataclass(slots=True)
class Job:
    """A job of the queue: a control file cfANNN and its data dfANNN in :data:`FOLDER`."""

    number: int
    owner: bytes
    title: bytes
    copies: int
    size: int

    def control(self) -> bytes:
        """The control file, in the manner of RFC 1179."""
        lines = (b"P" + self.owner, b"J" + self.title, b"c%d" % self.copies, b"s%d" % self.size)
        return b"\n".join(lines) + b"\n"


def read_control(number: int, text: bytes) -> Job | None:
    """The job that a control file describes; None if it is none."""
    fields = {line[:1]: line[1:] for line in text.splitlines() if line}
    try:
        return Job(number, fields[b"P"], fields[b"J"], int(fields[b"c"]), int(fields[b"s"]))
    except (KeyError, ValueError):
        return None


def rank(place: int) -> bytes:
    """``active``, ``1st``, ``2nd`` … of lpq(1)."""
    if not place:
        return b"active"
    ending = {1: b"st", 2: b"nd", 3: b"rd"}.get(place % 10, b"th")
    return b"%d" % place + (b"th" if 10 < place % 100 < 20 else ending)


async def ask(sys: Sys, request: bytes, data: bytes = b"") -> bytes:
    """What the spooler answers to a request. OSError if it does not run."""
    fd = await sys.socket(AF_UNIX, SOCK_STREAM)
    try:
        await sys.connect(fd, SOCKET)
        rest = request + b"\n" + data
        while rest:
            rest = rest[await sys.send(fd, rest) :]
        await sys.shutdown(fd, SHUT_WR)
        answer = b""
        while (part := await sys.recv(fd, 4096)) and len(answer) < 65536:
            answer += part
    except OSError:
        await sys.close(fd)
        raise
    await sys.close(fd)
    return answer

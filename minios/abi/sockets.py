"""Sockets: families, types, options and the records of their calls (socket(7), unix(7))."""

from typing import Any, NamedTuple

AF_UNSPEC = 0
AF_UNIX = 1
AF_INET = 2

SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
SOCK_SEQPACKET = 5
SOCK_NONBLOCK = 0o4000
SOCK_CLOEXEC = 0o2000000

SHUT_RD = 0
SHUT_WR = 1
SHUT_RDWR = 2

MSG_PEEK = 0x2
MSG_CTRUNC = 0x8
MSG_TRUNC = 0x20
MSG_DONTWAIT = 0x40
MSG_EOR = 0x80
MSG_WAITALL = 0x100
MSG_NOSIGNAL = 0x4000
MSG_CMSG_CLOEXEC = 0x4000_0000

SOL_SOCKET = 1
SO_REUSEADDR = 2
SO_TYPE = 3
SO_ERROR = 4
SO_BROADCAST = 6
SO_SNDBUF = 7
SO_RCVBUF = 8
SO_KEEPALIVE = 9
SO_PASSCRED = 16
SO_PEERCRED = 17
SO_RCVTIMEO = 20
SO_SNDTIMEO = 21
SO_ACCEPTCONN = 30
SO_PROTOCOL = 38
SO_DOMAIN = 39

SOMAXCONN = 4096
UNIX_PATH_MAX = 108
"""Bytes of sun_path; a path needs one of them for its NUL."""

Address = Any
"""Of AF_UNIX: a path, ``b"\\0name"`` for an abstract name, ``b""`` for none, all bytes."""


class Ucred(NamedTuple):
    """struct ucred: whose message, or who made the socket at the other end (unix(7))."""

    pid: int
    uid: int
    gid: int


class Message(NamedTuple):
    """What recvmsg(2) brings. ``fds`` are new descriptors (SCM_RIGHTS); ``flags`` has MSG_TRUNC if
    the datagram was longer and MSG_CTRUNC if a descriptor could not be had; ``cred`` is there with
    SO_PASSCRED.
    """

    data: bytes
    address: Address = b""
    fds: tuple[int, ...] = ()
    flags: int = 0
    cred: Ucred | None = None

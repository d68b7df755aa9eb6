"""Sockets: families, types, options and the records of their calls (socket(7), unix(7), ip(7)).

Options of the Internet protocols are in :mod:`minios.abi.inet`.
"""

from typing import Any, NamedTuple

AF_UNSPEC = 0
AF_UNIX = 1
AF_INET = 2
AF_INET6 = 10
AF_NETLINK = 16
AF_PACKET = 17

SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
SOCK_SEQPACKET = 5
SOCK_NONBLOCK = 0o4000
SOCK_CLOEXEC = 0o2000000

SHUT_RD = 0
SHUT_WR = 1
SHUT_RDWR = 2

MSG_OOB = 0x1
MSG_PEEK = 0x2
MSG_DONTROUTE = 0x4
MSG_CTRUNC = 0x8
MSG_TRUNC = 0x20
MSG_DONTWAIT = 0x40
MSG_EOR = 0x80
MSG_WAITALL = 0x100
MSG_CONFIRM = 0x800
MSG_ERRQUEUE = 0x2000
MSG_NOSIGNAL = 0x4000
MSG_MORE = 0x8000
MSG_CMSG_CLOEXEC = 0x4000_0000

SOL_SOCKET = 1
SO_DEBUG = 1
SO_REUSEADDR = 2
SO_TYPE = 3
SO_ERROR = 4
SO_DONTROUTE = 5
SO_BROADCAST = 6
SO_SNDBUF = 7
SO_RCVBUF = 8
SO_KEEPALIVE = 9
SO_OOBINLINE = 10
SO_PRIORITY = 12
SO_LINGER = 13
SO_REUSEPORT = 15
SO_PASSCRED = 16
SO_PEERCRED = 17
SO_RCVLOWAT = 18
SO_RCVTIMEO = 20
SO_SNDTIMEO = 21
SO_BINDTODEVICE = 25
SO_TIMESTAMP = 29
SO_ACCEPTCONN = 30
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SO_MARK = 36
SO_PROTOCOL = 38
SO_DOMAIN = 39

SOL_IP = 0
SOL_TCP = 6
SOL_UDP = 17
SOL_RAW = 255
SOL_PACKET = 263

ICMP_FILTER = 1
"""Of SOL_RAW: a bit mask of ICMP types that are not wanted (raw(7))."""
PACKET_ADD_MEMBERSHIP = 1
PACKET_DROP_MEMBERSHIP = 2
PACKET_STATISTICS = 6
PACKET_MR_PROMISC = 1
PACKET_HOST = 0
PACKET_BROADCAST = 1
PACKET_MULTICAST = 2
PACKET_OTHERHOST = 3
PACKET_OUTGOING = 4
"""What a frame is to who sees it (packet(7))."""

SO_EE_ORIGIN_LOCAL = 1
SO_EE_ORIGIN_ICMP = 2

SOMAXCONN = 4096
UNIX_PATH_MAX = 108
"""Bytes of sun_path; a path needs one of them for its NUL."""

Address = Any
"""Of AF_UNIX: a path, ``b"\\0name"`` for an abstract name, ``b""`` for none, all bytes. Of AF_INET
(address, port), two integers; of AF_PACKET :class:`PacketAddress` or a tuple like it. ``()`` is an
address of AF_UNSPEC, to which a connect takes the old one away."""


class Ucred(NamedTuple):
    """struct ucred: whose message, or who made the socket at the other end (unix(7))."""

    pid: int
    uid: int
    gid: int


class PacketAddress(NamedTuple):
    """struct sockaddr_ll: ``ethertype`` is what PF_PACKET calls the protocol, ``pkttype`` one of
    PACKET_, ``hatype`` the kind of device (ARPHRD_), ``mac`` the sender's (packet(7))."""

    ifindex: int
    ethertype: int = 0
    pkttype: int = 0
    hatype: int = 0
    mac: int = 0


class PacketInfo(NamedTuple):
    """struct in_pktinfo: the device, the local address, and where the datagram was sent (ip(7))."""

    ifindex: int
    spec_dst: int
    addr: int = 0


class ExtendedError(NamedTuple):
    """struct sock_extended_err with the address of who sent the ICMP message, 0 if nobody did
    (ip(7), IP_RECVERR). ``info`` is the MTU for EMSGSIZE."""

    errno: int
    origin: int
    type: int
    code: int
    info: int = 0
    offender: int = 0


Control = tuple[tuple[int, int, Any], ...]
"""Ancillary messages: level, type and content (cmsg(3))."""


class Message(NamedTuple):
    """What recvmsg(2) brings. ``fds`` are new descriptors (SCM_RIGHTS); ``flags`` has MSG_TRUNC if
    the datagram was longer and MSG_CTRUNC if a descriptor could not be had; ``cred`` is there with
    SO_PASSCRED; ``control`` has the other ancillary messages.
    """

    data: bytes
    address: Address = b""
    fds: tuple[int, ...] = ()
    flags: int = 0
    cred: Ucred | None = None
    control: Control = ()

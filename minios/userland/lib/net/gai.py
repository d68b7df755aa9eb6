"""getaddrinfo(3) and getnameinfo(3), in the order of /etc/nsswitch.conf.

Addresses are ints and socket addresses ``(ip, port)``, as everywhere. Only IPv4 is there.
"""

from __future__ import annotations

from typing import NamedTuple

from minios.abi.inet import ip_text
from minios.abi.sockets import AF_INET, SOCK_DGRAM, SOCK_STREAM
from minios.abi.sys import Sys
from minios.userland.lib.net import services

EAI_BADFLAGS = -1
EAI_NONAME = -2
EAI_AGAIN = -3
EAI_FAIL = -4
EAI_NODATA = -5
EAI_FAMILY = -6
EAI_SOCKTYPE = -7
EAI_SERVICE = -8
EAI_SYSTEM = -11

_TEXTS = {
    EAI_BADFLAGS: "Bad value for ai_flags",
    EAI_NONAME: "Name or service not known",
    EAI_AGAIN: "Temporary failure in name resolution",
    EAI_FAIL: "Non-recoverable failure in name resolution",
    EAI_NODATA: "No address associated with hostname",
    EAI_FAMILY: "ai_family not supported",
    EAI_SOCKTYPE: "ai_socktype not supported",
    EAI_SERVICE: "Servname not supported for ai_socktype",
    EAI_SYSTEM: "System error",
}


def gai_strerror(code: int) -> str:
    """The text of an EAI error, as glibc words it."""
    return _TEXTS.get(code, "Unknown error")


class GaiError(Exception):
    """A name or service that could not be found; ``text`` is what programs print of it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    @property
    def text(self) -> bytes:
        return gai_strerror(self.code).encode()


class AddrInfo(NamedTuple):
    """One way to reach a host's service. ``canonname`` is the name that the address belongs to."""

    socktype: int
    address: tuple[int, int]
    canonname: bytes


def inet_aton(text: bytes) -> int | None:
    """The address of ``1.2.3.4``, ``1.2.772``, ``0x7f.1`` or ``16909060`` (inet_aton(3))."""
    parts = text.split(b".")
    if not 1 <= len(parts) <= 4:
        return None
    numbers: list[int] = []
    for part in parts:
        try:
            if part[:2].lower() == b"0x":
                digits, base = part[2:], 16
            elif part[:1] == b"0" and len(part) > 1:
                digits, base = part[1:], 8
            else:
                digits, base = part, 10
            if not digits.isalnum():
                return None
            numbers.append(int(digits, base))
        except ValueError:
            return None
    *heads, last = numbers
    if any(number > 255 for number in heads) or last >= 1 << 8 * (4 - len(heads)):
        return None
    value = last
    for at, number in enumerate(heads):
        value |= number << (24 - 8 * at)
    return value


async def resolve(sys: Sys, host: bytes) -> int:
    """The first address of ``host``, a name or a number. GaiError."""
    return (await getaddrinfo(sys, host))[0].address[0]


async def getaddrinfo(
    sys: Sys,
    host: bytes | None,
    service: bytes = b"",
    socktype: int = SOCK_STREAM,
    *,
    passive: bool = False,
    numeric: bool = False,
    numeric_service: bool = False,
) -> list[AddrInfo]:
    """Every address of ``host`` with the port of ``service`` (a name or a number).

    Without a host it is the wildcard for a ``passive`` socket and loopback else. ``numeric`` is
    AI_NUMERICHOST: no name is looked up. Raises GaiError.
    """
    port = await _port(sys, service, socktype, numeric_service)
    if host is None:
        return [AddrInfo(socktype, (0 if passive else 0x7F000001, port), b"")]
    number = inet_aton(host)
    if number is not None:
        return [AddrInfo(socktype, (number, port), host)]
    if numeric or not host or b":" in host:
        raise GaiError(EAI_NONAME)
    from minios.userland.lib.net.lookup import addresses

    canonical, found = await addresses(sys, host)
    return [AddrInfo(socktype, (ip, port), canonical) for ip in found]


async def _port(sys: Sys, service: bytes, socktype: int, numeric: bool) -> int:
    if not service:
        return 0
    if service.isdigit():
        if int(service) > 65535:
            raise GaiError(EAI_SERVICE)
        return int(service)
    if numeric:
        raise GaiError(EAI_NONAME)
    port = await services.port(sys, service, b"udp" if socktype == SOCK_DGRAM else b"tcp")
    if port is None:
        raise GaiError(EAI_SERVICE)
    return port


async def getnameinfo(
    sys: Sys,
    address: tuple[int, int],
    *,
    numeric_host: bool = False,
    numeric_service: bool = False,
    datagram: bool = False,
    required: bool = False,
) -> tuple[bytes, bytes]:
    """The names of a host and its service; numbers for what has none.

    ``required`` is NI_NAMEREQD: GaiError for a host without a name.
    """
    ip, port = address
    host: bytes | None = None
    if not numeric_host:
        host = await name_of(sys, ip)
        if host is None and required:
            raise GaiError(EAI_NONAME)
    name: bytes | None = None
    if not numeric_service:
        name = await services.name(sys, port, b"udp" if datagram else b"tcp")
    return (
        host if host is not None else ip_text(ip).encode(),
        name if name is not None else b"%d" % port,
    )


async def name_of(sys: Sys, ip: int) -> bytes | None:
    """gethostbyaddr(3): the name of an address; None if it has none."""
    from minios.userland.lib.net.lookup import host_name

    return await host_name(sys, ip)


__all__ = [
    "AF_INET",
    "AddrInfo",
    "GaiError",
    "gai_strerror",
    "getaddrinfo",
    "getnameinfo",
    "inet_aton",
    "name_of",
    "resolve",
]

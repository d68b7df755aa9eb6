"""Mappings: which outside address and port stands for which inside one, and for how long."""

from __future__ import annotations

from typing import Any, NamedTuple

SYN_OUT, SYN_IN, FIN_OUT, FIN_IN, RESET = 1, 2, 4, 8, 16
"""What a NAT has seen of a TCP connection, from the inside (out) and from the outside (in)."""


class Endpoint:
    """An inside address and port, and whom it has sent to: what filtering goes by.

    ``peers`` and ``hosts`` have the time at which each is forgotten.
    """

    __slots__ = ("hosts", "ip", "mappings", "peers", "port", "proto")

    def __init__(self, proto: int, ip: int, port: int) -> None:
        self.proto = proto
        self.ip = ip
        self.port = port
        self.mappings = 0
        self.peers: dict[tuple[int, int], int] = {}
        self.hosts: dict[int, int] = {}

    def sent(self, ip: int, port: int, until: int, now: int, most: int) -> None:
        """It has sent there, which is remembered."""
        peers = self.peers
        if (ip, port) not in peers and len(peers) >= most:
            for peer in [peer for peer, end in peers.items() if end <= now]:
                del peers[peer]
            for host in [host for host, end in self.hosts.items() if end <= now]:
                del self.hosts[host]
            while len(peers) >= most:
                del peers[next(iter(peers))]
            while len(self.hosts) >= most:
                del self.hosts[next(iter(self.hosts))]
        peers[ip, port] = until
        self.hosts[ip] = max(until, self.hosts.get(ip, 0))


class Session:
    """A TCP connection through a mapping: what was seen of it, and when it is forgotten."""

    __slots__ = ("expires", "seen")

    def __init__(self) -> None:
        self.seen = 0
        self.expires = 0

    @property
    def established(self) -> bool:
        """Both ends have sent a SYN, and neither FIN nor RST."""
        return self.seen & 0x1F == SYN_OUT | SYN_IN


class Mapping:
    """One mapping. ``key`` is under what packets from the inside find it; ``static`` ones were
    configured and stay."""

    __slots__ = ("endpoint", "expires", "ip", "key", "port", "sessions", "static")

    def __init__(self, endpoint: Endpoint, key: Any, ip: int, port: int) -> None:
        self.endpoint = endpoint
        self.key = key
        self.ip = ip
        self.port = port
        self.expires = 0
        self.sessions: dict[tuple[int, int], Session] = {}
        self.static = False

    def state(self) -> Any:
        """Plain data for the digest."""
        end = self.endpoint
        return (
            end.proto, end.ip, end.port, self.ip, self.port, self.key, self.expires, self.static,
            sorted((peer, one.seen, one.expires) for peer, one in self.sessions.items()),
            sorted(end.peers.items()),
        )  # fmt: skip


class MappingView(NamedTuple):
    """A mapping for a reader. ``peer`` is the only outside (address, port) it serves, with port 0
    for any port and address 0 for anybody; ``left`` is in ns, None for ever."""

    proto: int
    inside: tuple[int, int]
    outside: tuple[int, int]
    peer: tuple[int, int]
    left: int | None

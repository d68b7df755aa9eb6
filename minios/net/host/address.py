"""Addresses of a device, and what kind of address an address is (RFC 791, RFC 1122, RFC 6890)."""

from __future__ import annotations

from typing import Any

from minios.abi.inet import ip_text, mask

SCOPE_UNIVERSE = 0
SCOPE_SITE = 200
SCOPE_LINK = 253
SCOPE_HOST = 254
SCOPE_NOWHERE = 255
"""How far an address or a destination reaches (rtnetlink(7)): the greater, the nearer."""

IFA_F_SECONDARY = 0x01
IFA_F_PERMANENT = 0x80

FOREVER = 0xFFFF_FFFF
"""A lifetime without end."""

BROADCAST = 0xFFFF_FFFF
"""255.255.255.255, the limited broadcast."""


def multicast(ip: int) -> bool:
    """224.0.0.0/4 (RFC 5771)."""
    return ip >> 28 == 0xE


def loopback(ip: int) -> bool:
    """127.0.0.0/8."""
    return ip >> 24 == 127


def zeronet(ip: int) -> bool:
    """0.0.0.0/8, "this network"."""
    return ip >> 24 == 0


def private(ip: int) -> bool:
    """An address that no network of the public side may carry: RFC 1918, shared (RFC 6598),
    link-local (RFC 3927), loopback and this network.
    """
    return (
        ip >> 24 in (10, 127, 0)
        or ip >> 20 == 0xAC1
        or ip >> 16 in (0xC0A8, 0xA9FE)
        or ip >> 22 == 0x6440 >> 6
    )


class Address:
    """One IPv4 address of a device (struct in_ifaddr).

    ``peer`` is the other end's address of a point-to-point device and ``ip`` otherwise; ``valid``
    and ``preferred`` are lifetimes in seconds counted from ``since`` (ns), or :data:`FOREVER`.
    """

    __slots__ = (
        "broadcast", "flags", "ip", "label", "metric", "peer", "preferred", "prefixlen", "protocol",
        "scope", "since", "valid",
    )  # fmt: skip

    def __init__(
        self,
        ip: int,
        prefixlen: int,
        scope: int = SCOPE_UNIVERSE,
        label: str = "",
        broadcast: int = 0,
        *,
        peer: int | None = None,
        valid: int = FOREVER,
        preferred: int = FOREVER,
        since: int = 0,
        metric: int = 0,
    ) -> None:
        self.ip = ip
        self.prefixlen = prefixlen
        self.scope = scope
        self.label = label
        self.broadcast = broadcast
        self.peer = ip if peer is None else peer
        self.valid = valid
        self.preferred = preferred
        self.since = since
        self.metric = metric
        self.protocol = 0
        self.flags = IFA_F_PERMANENT if valid == FOREVER else 0

    @property
    def secondary(self) -> bool:
        """Whether another address of the same network was there before."""
        return bool(self.flags & IFA_F_SECONDARY)

    @property
    def network(self) -> int:
        """The prefix that the address is in."""
        return self.peer & mask(self.prefixlen)

    def covers(self, ip: int) -> bool:
        """Whether ``ip`` is in the address's network."""
        return (ip ^ self.peer) & mask(self.prefixlen) == 0

    def left(self, lifetime: int, now: int) -> int:
        """Seconds left of a lifetime; :data:`FOREVER` stays that."""
        if lifetime == FOREVER:
            return FOREVER
        return max(0, lifetime - (now - self.since) // 1_000_000_000)

    def state(self) -> tuple[Any, ...]:
        return (
            self.ip, self.prefixlen, self.scope, self.label, self.broadcast, self.peer, self.valid,
            self.preferred, self.since, self.flags, self.metric,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{ip_text(self.ip)}/{self.prefixlen}"

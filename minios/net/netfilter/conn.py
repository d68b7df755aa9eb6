"""One tracked connection: its two directions, its status and when it will be forgotten."""

from __future__ import annotations

from typing import Any

from minios.abi.netfilter import (
    CT_ESTABLISHED,
    CT_INVALID,
    CT_NEW,
    CT_RELATED,
    CT_UNTRACKED,
    IPS_SEEN_REPLY,
)
from minios.net.netfilter.flow import ICMP, Key


class Way:
    """One direction of a connection: packets with ``key``, and what becomes of their header.

    ``source`` and ``target`` are the address and port to put in at POSTROUTING and PREROUTING, None
    while nothing changes. A packet's ``ct`` is its way while it passes a host.
    """

    __slots__ = ("bytes", "conn", "key", "packets", "reply", "source", "target")

    def __init__(self, conn: Conn, key: Key, reply: bool) -> None:
        self.conn = conn
        self.key = key
        self.reply = reply
        self.source: tuple[int, int] | None = None
        self.target: tuple[int, int] | None = None
        self.packets = 0
        self.bytes = 0

    @property
    def state(self) -> int:
        """What ``--ctstate`` sees, one of the CT_ bits."""
        if self.reply or self.conn.status & IPS_SEEN_REPLY:
            return CT_ESTABLISHED
        return CT_NEW


class Error:
    """What an ICMP error about a connection has for ``ct``: the way its reader is in."""

    __slots__ = ("way",)

    state = CT_RELATED

    def __init__(self, way: Way) -> None:
        self.way = way

    @property
    def reply(self) -> bool:
        return self.way.reply


class Untracked:
    """A packet of no connection: conntrack refused it, or was told not to look."""

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        self.state = state


INVALID = Untracked(CT_INVALID)
UNTRACKED = Untracked(CT_UNTRACKED)


class Conn:
    """A connection. ``expires`` is the time in ns after which it is no longer there; ``tcp`` is its
    TCP state, None for other protocols; ``stream`` is when a UDP flow counts as a stream."""

    __slots__ = (
        "born", "expires", "forward", "ident", "mark", "masqueraded", "reply", "status", "stream",
        "tcp",
    )  # fmt: skip

    def __init__(self, ident: int, key: Key, answer: Key, now: int) -> None:
        self.ident = ident
        self.forward = Way(self, key, False)
        self.reply = Way(self, answer, True)
        self.status = 0
        self.born = now
        self.expires = now
        self.stream = now + 2_000_000_000
        self.mark = 0
        self.tcp: Any = None
        self.masqueraded = 0
        """The index of the interface whose address it borrows, if it does."""

    @property
    def protocol(self) -> int:
        return self.forward.key[2]

    def translate(self) -> None:
        """Work out what becomes of headers, from the two keys."""
        there, back = self.forward, self.reply
        for way, other in ((there, back), (back, there)):
            src, dst, proto, sport, dport = way.key
            # a packet leaves looking like the opposite of what the other direction receives
            if proto == ICMP:
                ident = other.key[3]
                moved = ident != sport
                source, target = (other.key[1], ident), (other.key[0], ident)
                way.source = source if source[0] != src or (moved and not way.reply) else None
                way.target = target if target[0] != dst or (moved and way.reply) else None
            else:
                source, target = (other.key[1], other.key[4]), (other.key[0], other.key[3])
                way.source = source if source != (src, sport) else None
                way.target = target if target != (dst, dport) else None

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (
            self.ident, self.forward.key, self.reply.key, self.status, self.expires, self.mark,
            self.forward.packets, self.forward.bytes, self.reply.packets, self.reply.bytes,
            None if self.tcp is None else self.tcp.state_tuple(),
        )  # fmt: skip

"""Connection tracking: which packets belong together (nf_conntrack_core.c).

One dictionary, by key, of ways; looking a packet up is one access. Nothing here has a timer: an
entry whose time is over is no longer there for whoever looks, and is thrown away by whoever meets
it. A connection is entered when its first packet has passed all hooks, so a dropped one leaves
nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minios.abi.netfilter import (
    IPS_ASSURED,
    IPS_CONFIRMED,
    IPS_DST_NAT,
    IPS_SEEN_REPLY,
    IPS_SRC_NAT,
)
from minios.net.drop import Drop
from minios.net.netfilter import tcp as tcptrack
from minios.net.netfilter.conn import INVALID, Conn, Error, Untracked, Way
from minios.net.netfilter.flow import (
    ERRORS,
    ICMP,
    REQUESTS,
    TCP,
    UDP,
    Key,
    inverse,
    key_of,
    quoted_key,
)
from minios.net.netfilter.settings import DEFAULTS

SECOND = 1_000_000_000

NEW, UPDATE, DESTROY = 1, 2, 4
"""What listeners are told of (NF_NETLINK_CONNTRACK_*)."""

EARLY_DROP = 16
"""How many entries are looked at to make room for one (8 buckets, two ends each)."""

Listener = Callable[[int, Conn, int], None]
"""Event, connection, and the port of who did it by netlink (0: nobody)."""


class Conntrack:
    """The table of a host."""

    __slots__ = (
        "_next", "_swept", "_warned", "assured", "by_source", "conns", "listeners", "settings",
        "stack", "statistics", "table", "tentative", "world",
    )  # fmt: skip

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.world = stack.world
        self.settings = dict(DEFAULTS)
        self.table: dict[Key, Way] = {}
        self.conns: dict[int, Conn] = {}
        """By number, oldest first."""
        self.tentative: dict[int, Conn] = {}
        """Those that are not assured, oldest first: what is dropped early."""
        self.by_source: dict[tuple[int, int, int], dict[int, Conn]] = {}
        """By protocol, address and port of who began: where NAT looks for a mapping to share."""
        self.listeners: list[Listener] = []
        self.statistics = dict.fromkeys(
            ("found", "invalid", "insert", "insert_failed", "drop", "early_drop", "error",
             "search_restart", "clash_resolve", "chaintoolong"), 0,
        )  # fmt: skip
        self._next = 1
        self._swept = 0
        self._warned = -5 * SECOND

    # -- packets -------------------------------------------------------------------------------

    def enter(self, packet: Any) -> Way | Error | Untracked | None:
        """What a packet belongs to, with its connection's state moved on by it.

        None if there is no room for a new one; the packet is dropped then.
        """
        key = key_of(packet)
        if key is None:
            return self._invalid()
        proto = key[2]
        if proto == ICMP:
            kind = packet.payload.type
            if kind in ERRORS:
                return self._about(packet)
            if self.settings["nf_conntrack_checksum"] and not _sound(packet):
                return self._invalid()
        now = self.world.now
        way = self.table.get(key)
        if way is not None:
            conn = way.conn
            if conn.expires <= now:
                self.remove(conn)
                way = None
        if way is None:
            made = self._new(packet, key, now)
            if not isinstance(made, Way):
                return made
            way, conn = made, made.conn
        settings = self.settings
        status = conn.status
        changed = False
        if proto == UDP:
            if packet.payload.checksum and not _sound(packet):
                return self._invalid()
            if conn.status & IPS_SEEN_REPLY:
                if now > conn.stream:
                    conn.expires = now + settings["nf_conntrack_udp_timeout_stream"] * SECOND
                    conn.status |= IPS_ASSURED
                else:
                    conn.expires = now + settings["nf_conntrack_udp_timeout"] * SECOND
            else:
                conn.expires = now + settings["nf_conntrack_udp_timeout"] * SECOND
        elif proto == TCP:
            if packet.payload.checksum is not None and not _sound(packet):
                return self._invalid()
            before = None if conn.tcp is None else conn.tcp.state
            verdict = tcptrack.segment_seen(conn, way, packet.payload, now, settings)
            if verdict == tcptrack.REFUSE:
                return self._invalid()
            if verdict == tcptrack.REPEAT:
                self.remove(conn)
                return self.enter(packet)
            if verdict == tcptrack.FORGET:
                self.remove(conn)
                return way
            changed = before != conn.tcp.state
        elif proto == ICMP:
            conn.expires = now + settings["nf_conntrack_icmp_timeout"] * SECOND
        else:
            conn.expires = now + settings["nf_conntrack_generic_timeout"] * SECOND
            if way.reply:
                conn.status |= IPS_ASSURED
        if way.reply:
            conn.status |= IPS_SEEN_REPLY
        if conn.status != status:
            if (conn.status ^ status) & IPS_ASSURED:
                self.tentative.pop(conn.ident, None)
            changed = True
        if changed and self.listeners and status & IPS_CONFIRMED:
            self.tell(UPDATE, conn)
        if settings["nf_conntrack_acct"]:
            way.packets += 1
            way.bytes += packet.length
        return way

    def _invalid(self) -> Untracked:
        self.statistics["invalid"] += 1
        return INVALID

    def _new(self, packet: Any, key: Key, now: int) -> Way | Untracked | None:
        proto = key[2]
        if proto == ICMP and key[4] >> 8 not in REQUESTS:
            return self._invalid()
        answer = inverse(key)
        if answer is None:
            return self._invalid()
        if len(self.conns) >= self.settings["nf_conntrack_max"] and not self._make_room(now):
            self.statistics["drop"] += 1
            if now - self._warned >= 5 * SECOND:
                self._warned = now
                self.stack.printk(4, "nf_conntrack: nf_conntrack: table full, dropping packet")
            self.stack.drop(
                Drop.TABLE_FULL, packet, None,
                f"conntrack: {len(self.conns)} of {self.settings['nf_conntrack_max']}",
            )  # fmt: skip
            return None
        conn = Conn(self._next, key, answer, now)
        self._next += 1
        return conn.forward

    def _about(self, packet: Any) -> Error | Untracked:
        """An ICMP error is RELATED to the connection of the packet it quotes (RFC 5508 REQ-3)."""
        message = packet.payload
        if self.settings["nf_conntrack_checksum"] and not _sound(packet):
            return self._invalid()
        quoted = quoted_key(message.payload)
        answer = None if quoted is None else inverse(quoted)
        way = None if answer is None else self.table.get(answer)
        if way is None or way.conn.expires <= self.world.now or packet.dst != way.key[1]:
            self.statistics["error"] += 1
            return self._invalid()
        return Error(way)

    # -- the table -----------------------------------------------------------------------------

    def confirm(self, conn: Conn) -> bool:
        """Enter a connection whose first packet has passed; False if another took its place."""
        there, back = conn.forward.key, conn.reply.key
        if self.taken(there, conn) or self.taken(back, conn):
            self.statistics["insert_failed"] += 1
            return False
        conn.status |= IPS_CONFIRMED
        self.table[back] = conn.reply
        self.table[there] = conn.forward  # last: a socket may talk to itself
        self.conns[conn.ident] = conn
        if not conn.status & IPS_ASSURED:
            self.tentative[conn.ident] = conn
        source = (there[2], there[0], there[3])
        self.by_source.setdefault(source, {})[conn.ident] = conn
        if self.listeners:
            self.tell(NEW, conn)
        return True

    def taken(self, key: Key, by_other_than: Conn | None = None) -> bool:
        """Whether a key belongs to a connection that is still there."""
        way = self.table.get(key)
        if way is None or way.conn is by_other_than:
            return False
        if way.conn.expires <= self.world.now:
            self.remove(way.conn)
            return False
        return True

    def remove(self, conn: Conn, by: int = 0) -> None:
        """Forget a connection, if it was ever entered; ``by`` is who asked for it by netlink."""
        if self.conns.pop(conn.ident, None) is None:
            return
        self.tentative.pop(conn.ident, None)
        del self.table[conn.forward.key]
        self.table.pop(conn.reply.key, None)
        key = conn.forward.key
        source = (key[2], key[0], key[3])
        same = self.by_source[source]
        del same[conn.ident]
        if not same:
            del self.by_source[source]
        conn.status &= ~IPS_CONFIRMED
        if self.listeners:
            self.tell(DESTROY, conn, by)

    def find(self, key: Key) -> Way | None:
        """The way of a key, if its connection is still there."""
        way = self.table.get(key)
        return None if way is None or way.conn.expires <= self.world.now else way

    def live(self) -> Iterator[Conn]:
        """The connections that are still there, oldest first."""
        now = self.world.now
        return (conn for conn in list(self.conns.values()) if conn.expires > now)

    def flush(self, by: int = 0) -> None:
        """Forget all."""
        for conn in list(self.conns.values()):
            self.remove(conn, by)

    def sweep(self) -> int | None:
        """Throw away what is over; when the next will be, or None."""
        now = self.world.now
        for conn in [conn for conn in self.conns.values() if conn.expires <= now]:
            self.remove(conn)
        return min((conn.expires for conn in self.conns.values()), default=None)

    def _make_room(self, now: int) -> bool:
        """Throw away what is over, at most once a second, or one connection that is not assured."""
        if now >= self._swept:
            self._swept = now + SECOND
            self.sweep()
            if len(self.conns) < self.settings["nf_conntrack_max"]:
                return True
        for conn in self.tentative.values():
            self.statistics["early_drop"] += 1
            self.remove(conn)
            return True
        return False

    def tell(self, event: int, conn: Conn, by: int = 0) -> None:
        """Let the listeners know."""
        for listener in tuple(self.listeners):
            listener(event, conn, by)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self._next, self._swept, self._warned, sorted(self.settings.items()),
            [conn.state() for conn in self.conns.values()], list(self.tentative),
            sorted(self.statistics.items()),
        )  # fmt: skip


def _sound(packet: Any) -> bool:
    """Whether the checksum of the payload is right."""
    payload = packet.payload
    if payload.checksum is None:
        return True
    return payload.checksum == payload.right(packet.src, packet.dst)  # type: ignore[no-any-return]


__all__ = ["DESTROY", "IPS_DST_NAT", "IPS_SRC_NAT", "NEW", "UPDATE", "Conntrack"]

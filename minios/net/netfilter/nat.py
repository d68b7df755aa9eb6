"""Which address and port a connection gets: the NAT core of Linux (nf_nat_core.c).

The first packet of a connection passes the nat table, whose target says from which :class:`Range`
to choose; every later one only has its header changed to what was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi.netfilter import IPS_DST_NAT, IPS_SRC_NAT
from minios.net.netfilter.conn import Conn
from minios.net.netfilter.flow import ICMP, TCP, UDP, Key, inverse

if TYPE_CHECKING:
    from minios.net.netfilter.conntrack import Conntrack

SOURCE, TARGET = 0, 1
"""What is changed."""

MOST_ATTEMPTS = 128
"""How many ports are tried before the number is halved (NF_NAT_MAX_ATTEMPTS)."""


class Range(NamedTuple):
    """Addresses and ports to choose from. ``ports`` None leaves the port, if it can; with ``base``
    ports are shifted by how far they are from it."""

    first: int
    last: int
    ports: tuple[int, int] | None = None
    random: bool = False
    fully: bool = False
    persistent: bool = False
    base: int = 0

    def has(self, address: int, port: int) -> bool:
        """Whether it contains an address and port."""
        if not self.first <= address <= self.last:
            return False
        return self.ports is None or self.ports[0] <= port <= self.ports[1]


def place(table: Conntrack, conn: Conn, kind: int, choice: Range, rng: Any) -> None:
    """Give an unconfirmed connection its source or target out of ``choice``."""
    # what the packet looks like now is the opposite of the reply that is expected
    now = inverse(conn.reply.key)
    assert now is not None
    new = _unique(table, conn, now, kind, choice, rng)
    if new == now:
        return
    answer = inverse(new)
    assert answer is not None
    conn.reply.key = answer
    conn.status |= IPS_SRC_NAT if kind == SOURCE else IPS_DST_NAT
    conn.translate()


def _used(table: Conntrack, conn: Conn, key: Key) -> bool:
    answer = inverse(key)
    return answer is None or table.taken(answer, conn)


def _unique(table: Conntrack, conn: Conn, key: Key, kind: int, choice: Range, rng: Any) -> Key:
    """The key out of ``choice`` that no other connection has (get_unique_tuple)."""
    shuffled = choice.random or choice.fully
    proto = key[2]
    if kind == SOURCE and not shuffled:
        port = key[3]
        if choice.has(key[0], port):
            if not _used(table, conn, key):
                return key
        else:
            # somebody's mapping from the very same source is shared: endpoint-independent
            for other in table.by_source.get((proto, key[0], port), {}).values():
                if other.expires <= table.world.now:
                    continue
                answer = other.reply.key
                address = answer[1]
                mapped = answer[3] if proto == ICMP else answer[4]
                if choice.has(address, mapped):
                    shared = (address, key[1], proto, mapped, key[4])
                    if not _used(table, conn, shared):
                        return shared
                    break
    address = _address(key, kind, choice)
    if kind == SOURCE:
        key = (address, key[1], proto, key[3], key[4])
    else:
        key = (key[0], address, proto, key[3], key[4])
    if proto not in (ICMP, TCP, UDP):
        return key
    if not shuffled:
        if choice.ports is not None:
            low, high = choice.ports
            own = key[3] if kind == SOURCE or proto == ICMP else key[4]
            if (
                not choice.base
                and low <= own <= high
                and (low == high or not _used(table, conn, key))
            ):
                return key
        elif not _used(table, conn, key):
            return key
    return _search(table, conn, key, kind, choice, rng)


def _address(key: Key, kind: int, choice: Range) -> int:
    """One client keeps one address of the range, by a hash of it (find_best_ips_proto)."""
    size = choice.last - choice.first + 1
    if size <= 1:
        return choice.first
    mixed = key[0] * 0x9E3779B1 & 0xFFFFFFFF
    if not choice.persistent:
        mixed ^= key[1] * 0x85EBCA6B & 0xFFFFFFFF
    mixed ^= mixed >> 15
    mixed = mixed * 0xC2B2AE35 & 0xFFFFFFFF
    return choice.first + (mixed * size >> 32)


def _search(table: Conntrack, conn: Conn, key: Key, kind: int, choice: Range, rng: Any) -> Key:
    """Try ports until one is free (nf_nat_l4proto_unique_tuple)."""
    src, dst, proto, sport, dport = key
    if choice.ports is not None:
        low, high = choice.ports
    elif proto == ICMP:
        low, high = 0, 65535
    elif kind == TARGET:
        return key
    elif sport < 512:
        low, high = 1, 511
    elif sport < 1024:
        low, high = 600, 1023
    else:
        low, high = 1024, 65535
    size = high - low + 1
    if choice.base:
        offset = (dport if kind == TARGET and proto != ICMP else sport) - choice.base
    elif kind == TARGET and not (choice.random or choice.fully):
        offset = 0
    else:
        offset = rng.below(65536)
    attempts = min(size, MOST_ATTEMPTS)
    while True:
        for step in range(attempts):
            port = low + (offset + step) % size
            if kind == SOURCE or proto == ICMP:
                trial = (src, dst, proto, port, dport)
            else:
                trial = (src, dst, proto, sport, port)
            if not _used(table, conn, trial):
                return trial
        if attempts >= size or attempts < 16:
            return trial
        attempts //= 2
        offset = rng.below(65536)

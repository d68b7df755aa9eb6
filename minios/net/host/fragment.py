"""Cutting packets into fragments and putting them together again (RFC 791, RFC 815, RFC 5722).

What waits for its missing pieces is bounded in bytes; it has one timer, because whoever sent it is
told when they did not come (ICMP time exceeded, code 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop
from minios.net.wire.icmp import TIME_EXCEEDED
from minios.net.wire.ipv4 import IPv4, parse_payload
from minios.net.wire.malformed import Malformed
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack
    from minios.sim.world import Timer

OVERHEAD = 256
"""What a waiting fragment counts besides its data (struct sk_buff)."""

WHOLE = 65535


def fragments(packet: IPv4, mtu: int) -> list[IPv4]:
    """The packet in pieces of at most ``mtu`` bytes, whose data but the last are multiples of 8."""
    payload = packet.payload
    data: bytes = payload if type(payload) is bytes else payload.pack(packet.src, packet.dst)
    step = (mtu - 20) & ~7
    pieces: list[IPv4] = []
    for at in range(0, len(data), step):
        piece = data[at : at + step]
        more = packet.mf or at + step < len(data)
        pieces.append(
            IPv4(
                packet.src, packet.dst, packet.proto, piece, packet.ttl, packet.ident, packet.tos,
                packet.df, more, packet.offset + at,
            )
        )  # fmt: skip
    return pieces


class Partial:
    """A packet of which not all pieces are there (struct ipq)."""

    __slots__ = ("dev", "first", "key", "last", "pieces", "size", "timer", "total")

    def __init__(self, key: tuple[int, int, int, int], dev: NetDevice) -> None:
        self.key = key
        self.dev = dev
        self.pieces: dict[int, bytes] = {}
        self.first: IPv4 | None = None
        self.last = 0
        """Where the data seen so far ends."""
        self.total: int | None = None
        """How long it is in all, once the last fragment was seen."""
        self.size = 0
        self.timer: Timer | None = None


class Reassembly:
    """The incomplete packets of a host."""

    __slots__ = ("partials", "size", "stack")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.partials: dict[tuple[int, int, int, int], Partial] = {}
        self.size = 0

    def add(self, packet: IPv4, dev: NetDevice) -> IPv4 | None:
        """Take a fragment; the whole packet if it was the last that was missing."""
        stack = self.stack
        counters = stack.counters
        counters["IpReasmReqds"] += 1
        data: bytes = packet.payload if type(packet.payload) is bytes else packet.payload.pack()
        if (packet.mf and len(data) & 7) or not data:
            counters["IpReasmFails"] += 1
            stack.drop(Drop.MALFORMED, packet, dev, "a fragment's length is a multiple of 8")
            return None
        cost = len(data) + OVERHEAD
        key = (packet.src, packet.dst, packet.proto, packet.ident)
        partial = self.partials.get(key)
        if self.size + cost > stack.sysctl["ipfrag_high_thresh"]:
            counters["IpReasmFails"] += 1
            stack.drop(Drop.TABLE_FULL, packet, dev, "no room for more fragments")
            return None
        if partial is None:
            partial = self.partials[key] = Partial(key, dev)
            world = stack.world
            partial.timer = world.timer(
                world.now + stack.sysctl["ipfrag_time"] * SECOND, self._expire, partial
            )
        start, end = packet.offset, packet.offset + len(data)
        if partial.pieces.get(start) == data and (packet.mf or partial.total == end):
            stack.drop(Drop.REASSEMBLY, packet, dev, "this fragment is there already")
            return None
        wrong = (not packet.mf and partial.total not in (None, end)) or (
            partial.total is not None and end > partial.total
        )
        if not packet.mf:
            wrong = wrong or partial.last > end
        if wrong or any(
            at < end and start < at + len(piece) for at, piece in partial.pieces.items()
        ):
            counters["IpReasmFails"] += 1
            counters["IpExtReasmOverlaps"] += 1
            self._forget(partial)
            stack.drop(Drop.REASSEMBLY, packet, dev, "fragments overlap")
            return None
        partial.pieces[start] = data
        partial.size += cost
        self.size += cost
        partial.last = max(partial.last, end)
        partial.dev = dev
        if not packet.mf:
            partial.total = end
        if start == 0:
            partial.first = packet
        if partial.total is None or sum(map(len, partial.pieces.values())) != partial.total:
            return None
        return self._whole(partial, dev)

    def _whole(self, partial: Partial, dev: NetDevice) -> IPv4 | None:
        self._forget(partial)
        first = partial.first
        assert first is not None
        stack = self.stack
        data = b"".join(partial.pieces[at] for at in sorted(partial.pieces))
        if len(data) + 20 > WHOLE:
            stack.counters["IpReasmFails"] += 1
            stack.drop(Drop.MALFORMED, first, dev, "longer than 64 KiB")
            return None
        payload: Any = data
        try:
            payload = parse_payload(first.proto, data, first.src, first.dst)
        except Malformed:
            payload = data
        stack.counters["IpReasmOKs"] += 1
        return IPv4(first.src, first.dst, first.proto, payload, first.ttl, first.ident, first.tos)

    def _forget(self, partial: Partial) -> None:
        if partial.timer is not None:
            partial.timer.cancel()
            partial.timer = None
        self.size -= partial.size
        del self.partials[partial.key]

    def _expire(self, partial: Partial) -> None:
        """The missing pieces have not come in time."""
        partial.timer = None
        self._forget(partial)
        stack = self.stack
        stack.counters["IpReasmFails"] += 1
        stack.counters["IpReasmTimeout"] += 1
        first = partial.first
        if first is None:
            src, dst, proto, ident = partial.key
            at = min(partial.pieces, default=0)
            piece = partial.pieces.get(at, b"")
            first = IPv4(src, dst, proto, piece, ident=ident, mf=True, offset=at)
            stack.drop(Drop.REASSEMBLY_TIMEOUT, first, partial.dev)
            return
        stack.drop(Drop.REASSEMBLY_TIMEOUT, first, partial.dev)
        if stack.is_local(first.dst):
            stack.icmp_error(first, TIME_EXCEEDED, 1)

    def close(self) -> None:
        for partial in list(self.partials.values()):
            self._forget(partial)

    def state(self) -> Any:
        return [
            (key, sorted(partial.pieces.items()), partial.total)
            for key, partial in self.partials.items()
        ]

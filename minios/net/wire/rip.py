"""RIP version 2 (RFC 2453), and version 1 as far as it must be known."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from minios.abi.inet import ip_text, prefix_length
from minios.net.wire.malformed import Malformed

PORT = 520
GROUP = 0xE0000009
"""224.0.0.9: all RIP-2 routers."""
REQUEST, RESPONSE = 1, 2
AF_INET = 2
INFINITY = 16
ENTRIES = 25
"""Routes in one message."""
AUTHENTICATION = 0xFFFF

_ENTRY = Struct("!HHIIII")


class Entry:
    """A route: destination, mask, next hop (0: whoever says it) and metric, 1 to 16."""

    __slots__ = ("destination", "family", "mask", "metric", "next_hop", "tag")

    def __init__(
        self, destination: int, mask: int, metric: int, next_hop: int = 0, tag: int = 0,
        family: int = AF_INET,
    ) -> None:  # fmt: skip
        self.destination = destination
        self.mask = mask
        self.metric = metric
        self.next_hop = next_hop
        self.tag = tag
        self.family = family

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and all(
            getattr(self, slot) == getattr(other, slot) for slot in Entry.__slots__
        )

    def __repr__(self) -> str:
        return f"Entry({ip_text(self.destination)}, {ip_text(self.mask)}, {self.metric})"

    def copy(self) -> Entry:
        return Entry(self.destination, self.mask, self.metric, self.next_hop, self.tag, self.family)


class Message:
    """A request or a response with up to 25 routes."""

    __slots__ = ("command", "entries", "version")

    def __init__(self, command: int, entries: Sequence[Entry] = (), version: int = 2) -> None:
        self.command = command
        self.entries = list(entries)
        self.version = version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (
            (self.command, self.version, self.entries)
            == (other.command, other.version, other.entries)
        )

    def __repr__(self) -> str:
        return f"Message({self.summary()!r})"

    def copy(self) -> Message:
        return Message(self.command, [entry.copy() for entry in self.entries], self.version)

    @property
    def length(self) -> int:
        return 4 + _ENTRY.size * len(self.entries)

    @classmethod
    def whole_table(cls) -> Message:
        """A request for everything: one entry of family 0 and metric 16 (RFC 2453 §3.9.1)."""
        return cls(REQUEST, [Entry(0, 0, INFINITY, family=0)])

    def pack(self) -> bytes:
        out = bytes((self.command, self.version, 0, 0))
        for e in self.entries:
            out += _ENTRY.pack(e.family, e.tag, e.destination, e.mask, e.next_hop, e.metric)
        return out

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Read a message. Malformed for another command, version 0 or a wrong length."""
        if len(data) < 4:
            raise Malformed("header breaks off")
        if data[0] not in (REQUEST, RESPONSE):
            raise Malformed("command")
        if data[1] == 0:
            raise Malformed("version 0")
        if (len(data) - 4) % _ENTRY.size:
            raise Malformed("an entry breaks off")
        if len(data) > 4 + ENTRIES * _ENTRY.size:
            raise Malformed("too many entries")
        message = cls(data[0], version=data[1])
        for family, tag, destination, mask, next_hop, metric in _ENTRY.iter_unpack(data[4:]):
            message.entries.append(Entry(destination, mask, metric, next_hop, tag, family))
        return message

    def summary(self) -> str:
        """In tcpdump's words."""
        kind = "Request" if self.command == REQUEST else "Response"
        return f"RIPv{self.version}, {kind}, length: {self.length}"

    def fields(self) -> list[tuple[str, str, int, int]]:
        """(name, value, bit offset, bit length), for the packet lens."""
        found = [
            ("command", "request" if self.command == REQUEST else "response", 0, 8),
            ("version", str(self.version), 8, 8),
        ]
        for number, entry in enumerate(self.entries):
            try:
                length = str(prefix_length(entry.mask))
            except ValueError:
                length = ip_text(entry.mask)
            text = f"{ip_text(entry.destination)}/{length} metric {entry.metric}"
            if entry.next_hop:
                text += f" via {ip_text(entry.next_hop)}"
            found.append(("route", text, 32 + 160 * number, 160))
        return found

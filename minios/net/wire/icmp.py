"""ICMP (RFC 792, RFC 1191 for the MTU, RFC 1812 for the codes of routers)."""

from __future__ import annotations

import struct

from minios.net.wire.checksum import checksum
from minios.net.wire.field import Field, data_field, fields_in_a_row, same, shown
from minios.net.wire.malformed import Malformed

PROTO = 1
HEADER = 8

ECHO_REPLY = 0
UNREACHABLE = 3
SOURCE_QUENCH = 4
REDIRECT = 5
ECHO = 8
ADVERTISEMENT = 9
SOLICITATION = 10
TIME_EXCEEDED = 11
PARAMETER_PROBLEM = 12
TIMESTAMP = 13
TIMESTAMP_REPLY = 14
ADDRESS_MASK = 17
ADDRESS_MASK_REPLY = 18

# codes of UNREACHABLE
NET_UNREACHABLE = 0
HOST_UNREACHABLE = 1
PROTOCOL_UNREACHABLE = 2
PORT_UNREACHABLE = 3
FRAGMENTATION_NEEDED = 4
SOURCE_ROUTE_FAILED = 5
NET_UNKNOWN = 6
HOST_UNKNOWN = 7
HOST_ISOLATED = 8
NET_PROHIBITED = 9
HOST_PROHIBITED = 10
NET_TOS = 11
HOST_TOS = 12
ADMIN_PROHIBITED = 13
HOST_PRECEDENCE = 14
PRECEDENCE_CUTOFF = 15

# codes of TIME_EXCEEDED
TTL_EXCEEDED = 0
REASSEMBLY_EXCEEDED = 1

ERRORS = frozenset({UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM})
"""Types that report about another packet and quote it; nobody answers them with an error."""

TYPES = {
    ECHO_REPLY: "echo reply", UNREACHABLE: "destination unreachable",
    SOURCE_QUENCH: "source quench", REDIRECT: "redirect", ECHO: "echo request",
    ADVERTISEMENT: "router advertisement", SOLICITATION: "router solicitation",
    TIME_EXCEEDED: "time exceeded", PARAMETER_PROBLEM: "parameter problem",
    TIMESTAMP: "time stamp query", TIMESTAMP_REPLY: "time stamp reply",
    ADDRESS_MASK: "address mask request", ADDRESS_MASK_REPLY: "address mask reply",
}  # fmt: skip

UNREACHABLE_CODES = (
    "network unreachable", "host unreachable", "protocol unreachable", "port unreachable",
    "fragmentation needed", "source route failed", "network unknown", "host unknown",
    "host isolated", "network prohibited", "host prohibited", "network unreachable for this TOS",
    "host unreachable for this TOS", "admin prohibited filter", "host precedence violation",
    "precedence cutoff",
)  # fmt: skip

_HEAD = struct.Struct("!BBHI")
_SLOTS = ("type", "code", "rest", "payload", "checksum")


class ICMP:
    """A message. ``rest`` is the second word of the header: identifier and sequence number of an
    echo (``id << 16 | seq``), the next hop's MTU, a redirect's gateway.

    An error's payload is the beginning of the packet it is about, its IP header included.
    """

    __slots__ = ("checksum", "code", "length", "payload", "rest", "type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        type: int,
        code: int,
        rest: int = 0,
        payload: bytes = b"",
        checksum: int | None = None,
    ) -> None:
        self.type = type
        self.code = code
        self.rest = rest
        self.payload = payload
        self.checksum = checksum
        self.length = 8 + len(payload)

    def pack(self, src: int = 0, dst: int = 0) -> bytes:
        """The bytes on the wire; the addresses are not part of the checksum."""
        code = self.checksum
        if code is None:
            code = self.right()
        return _HEAD.pack(self.type, self.code, code, self.rest) + self.payload

    def right(self) -> int:
        """The checksum it should have."""
        rest = self.rest
        return checksum(self.payload, (self.type << 8) + self.code + (rest >> 16) + (rest & 0xFFFF))

    @classmethod
    def parse(cls, data: bytes, src: int = 0, dst: int = 0) -> ICMP:
        """Read a message; Malformed if it has no whole header."""
        if len(data) < 8:
            raise Malformed(f"ICMP of {len(data)} bytes")
        kind, code, given, rest = _HEAD.unpack_from(data)
        icmp = cls(kind, code, rest, bytes(data[8:]), given)
        if given == icmp.right():
            icmp.checksum = None
        return icmp

    def copy(self) -> ICMP:
        """A message of its own that shares the data."""
        return ICMP(self.type, self.code, self.rest, self.payload, self.checksum)

    @property
    def ident(self) -> int:
        """The identifier of an echo."""
        return self.rest >> 16

    @property
    def seq(self) -> int:
        """The sequence number of an echo."""
        return self.rest & 0xFFFF

    def summary(self) -> str:
        """What tcpdump says of it behind the addresses, without the quoted packet."""
        kind = self.type
        if kind in (ECHO, ECHO_REPLY):
            text = f"{TYPES[kind]}, id {self.ident}, seq {self.seq}"
        elif kind == UNREACHABLE and self.code < len(UNREACHABLE_CODES):
            text = UNREACHABLE_CODES[self.code]
            if self.code == FRAGMENTATION_NEEDED and self.rest & 0xFFFF:
                text += f" (mtu {self.rest & 0xFFFF})"
        elif kind == TIME_EXCEEDED and self.code < 2:
            text = ("time exceeded in-transit", "ip reassembly time exceeded")[self.code]
        else:
            text = TYPES.get(kind, f"type-#{kind}")
        return f"ICMP {text}, length {self.length}"

    def fields(self, src: int = 0, dst: int = 0) -> list[Field]:
        """Its bits."""
        kind, right = self.type, self.right()
        given = right if self.checksum is None else self.checksum
        verdict = "correct" if given == right else f"wrong, should be 0x{right:04x}"
        if kind in (ECHO, ECHO_REPLY):
            rest = [("identifier", str(self.ident), 16), ("sequence number", str(self.seq), 16)]
        elif kind == REDIRECT:
            octets = self.rest.to_bytes(4, "big")
            rest = [("gateway", ".".join(map(str, octets)), 32)]
        elif kind == UNREACHABLE and self.code == FRAGMENTATION_NEEDED:
            rest = [
                ("unused", str(self.rest >> 16), 16),
                ("next-hop MTU", str(self.rest & 0xFFFF), 16),
            ]
        else:
            rest = [("rest of header", f"0x{self.rest:08x}", 32)]
        return [
            *fields_in_a_row(
                ("type", f"{kind} ({TYPES.get(kind, 'unknown')})", 8),
                ("code", self._code_text(), 8),
                ("checksum", f"0x{given:04x} ({verdict})", 16),
                *rest,
            ),
            *data_field(self.payload, 64),
        ]

    def _code_text(self) -> str:
        if self.type == UNREACHABLE and self.code < len(UNREACHABLE_CODES):
            return f"{self.code} ({UNREACHABLE_CODES[self.code]})"
        return str(self.code)

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)

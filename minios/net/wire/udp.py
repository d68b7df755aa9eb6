"""UDP (RFC 768)."""

from __future__ import annotations

import struct

from minios.net.wire.checksum import checksum, pseudo
from minios.net.wire.field import Field, data_field, fields_in_a_row, same, shown
from minios.net.wire.malformed import Malformed

PROTO = 17
HEADER = 8

_HEAD = struct.Struct("!HHHH")
_SLOTS = ("sport", "dport", "payload", "checksum")


class UDP:
    """A datagram. ``checksum`` is None when it is right, 0 when the sender left it out, else the
    value that was received.
    """

    __slots__ = ("checksum", "dport", "length", "payload", "sport")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, sport: int, dport: int, payload: bytes = b"", checksum: int | None = None
    ) -> None:
        self.sport = sport
        self.dport = dport
        self.payload = payload
        self.checksum = checksum
        self.length = 8 + len(payload)

    def pack(self, src: int, dst: int) -> bytes:
        """The bytes on the wire of a datagram from address ``src`` to ``dst``."""
        code = self.checksum
        if code is None:
            code = self.right(src, dst)
        return _HEAD.pack(self.sport, self.dport, self.length, code) + self.payload

    def right(self, src: int, dst: int) -> int:
        """The checksum it should have; one of 0 is sent as 0xffff."""
        head = self.sport + self.dport + self.length + pseudo(src, dst, PROTO, self.length)
        return checksum(self.payload, head) or 0xFFFF

    @classmethod
    def parse(cls, data: bytes, src: int, dst: int) -> UDP:
        """Read a datagram that came from ``src`` to ``dst``; Malformed if its length is impossible.

        What is beyond its own length is dropped; a wrong checksum is kept for whoever verifies.
        """
        if len(data) < 8:
            raise Malformed(f"UDP of {len(data)} bytes")
        sport, dport, length, code = _HEAD.unpack_from(data)
        if not 8 <= length <= len(data):
            raise Malformed(f"UDP length {length} in {len(data)} bytes")
        udp = cls(sport, dport, bytes(data[8:length]), code)
        if code and code == udp.right(src, dst):
            udp.checksum = None
        return udp

    def copy(self) -> UDP:
        """A datagram of its own that shares the data."""
        return UDP(self.sport, self.dport, self.payload, self.checksum)

    def summary(self) -> str:
        """What tcpdump says of it behind the addresses."""
        return f"UDP, length {len(self.payload)}"

    def fields(self, src: int = 0, dst: int = 0) -> list[Field]:
        """Its bits; the addresses are for the checksum."""
        return [
            *fields_in_a_row(
                ("source port", str(self.sport), 16),
                ("destination port", str(self.dport), 16),
                ("length", str(self.length), 16),
                ("checksum", checksum_text(self.checksum, self.right(src, dst)), 16),
            ),
            *data_field(self.payload, 64),
        ]

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)


def checksum_text(given: int | None, right: int) -> str:
    """A UDP checksum for a reader."""
    if given == 0:
        return "0x0000 (none)"
    if given is None or given == right:
        return f"0x{right:04x} (correct)"
    return f"0x{given:04x} (wrong, should be 0x{right:04x})"

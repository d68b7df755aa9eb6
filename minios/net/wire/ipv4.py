"""IPv4 (RFC 791), with a header without options."""

from __future__ import annotations

import struct
from typing import Any

from minios.abi.inet import ip_text, protocol_name
from minios.net.wire.checksum import checksum
from minios.net.wire.field import Field, data_field, fields_in_a_row, same, shown
from minios.net.wire.icmp import ICMP
from minios.net.wire.malformed import Malformed
from minios.net.wire.tcp import TCP
from minios.net.wire.udp import UDP

HEADER = 20
LENGTH_MAX = 65535

_HEAD = struct.Struct("!BBHHHBBHII")
_SLOTS = (
    "src", "dst", "proto", "payload", "ttl", "ident", "tos", "df", "mf", "offset", "checksum",
)  # fmt: skip

TRANSPORTS: dict[int, Any] = {1: ICMP, 6: TCP, 17: UDP}
"""The classes of payloads that are kept as records."""


class IPv4:
    """A packet. ``payload`` is a record of :data:`TRANSPORTS`, or bytes: of another protocol or of
    a fragment. ``offset`` is the fragment's, in bytes.

    ``checksum`` is None when it is right, else the value that was received. ``length`` is that of
    the whole packet; who changes the payload's length keeps it right. ``ct`` is what connection
    tracking knows of it while it passes one host, and no part of the packet.
    """

    __slots__ = (
        "checksum", "ct", "df", "dst", "ident", "length", "mf", "offset", "payload", "proto",
        "src", "tos", "ttl",
    )  # fmt: skip
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        src: int,
        dst: int,
        proto: int,
        payload: Any,
        ttl: int = 64,
        ident: int = 0,
        tos: int = 0,
        df: bool = False,
        mf: bool = False,
        offset: int = 0,
        checksum: int | None = None,
    ) -> None:
        self.src = src
        self.dst = dst
        self.proto = proto
        self.payload = payload
        self.ttl = ttl
        self.ident = ident
        self.tos = tos
        self.df = df
        self.mf = mf
        self.offset = offset
        self.checksum = checksum
        self.ct: Any = None
        self.length = 20 + (len(payload) if payload.__class__ is bytes else payload.length)

    def header(self) -> bytes:
        """The 20 bytes of the header on the wire."""
        code = self.checksum
        return self._header(self.right() if code is None else code)

    def _header(self, code: int) -> bytes:
        return _HEAD.pack(
            0x45, self.tos, self.length, self.ident,
            self.df << 14 | self.mf << 13 | self.offset >> 3,
            self.ttl, self.proto, code, self.src, self.dst,
        )  # fmt: skip

    def pack(self) -> bytes:
        """The bytes on the wire."""
        payload = self.payload
        if payload.__class__ is not bytes:
            payload = payload.pack(self.src, self.dst)
        packed: bytes = self.header() + payload
        return packed

    def right(self) -> int:
        """The checksum its header should have."""
        return checksum(self._header(0))

    @classmethod
    def parse(cls, data: bytes, strict: bool = True) -> IPv4:
        """Read a packet and what it carries; bytes behind its length are padding.

        Malformed where Linux' ip_rcv drops it for its header, and, unless ``strict`` is False, if
        what it carries is malformed; then its payload stays bytes. Options are not taken.
        """
        if len(data) < 20:
            raise Malformed(f"IP of {len(data)} bytes")
        first, tos, length, ident, part, ttl, proto, code, src, dst = _HEAD.unpack_from(data)
        if first >> 4 != 4:
            raise Malformed(f"IP version {first >> 4}")
        if first != 0x45:
            words = first & 15
            raise Malformed("IP options" if words > 5 else f"IP header of {4 * words} bytes")
        if not 20 <= length <= len(data):
            raise Malformed(f"IP length {length} in {len(data)} bytes")
        body = bytes(data[20:length])
        offset, mf = (part & 0x1FFF) << 3, part >> 13 & 1 == 1
        if offset + len(body) > LENGTH_MAX:
            raise Malformed("IP fragment beyond 64 KiB")
        if part & 0x8000:
            raise Malformed("IP reserved flag")
        payload: Any = body
        if not offset and not mf:
            try:
                payload = parse_payload(proto, body, src, dst)
            except Malformed:
                if strict:
                    raise
        packet = cls(
            src, dst, proto, payload, ttl, ident, tos, part >> 14 & 1 == 1, mf, offset, code
        )
        if code == packet.right():
            packet.checksum = None
        return packet

    def copy(self) -> IPv4:
        """A packet of its own, headers and all, that shares the data."""
        payload = self.payload
        if payload.__class__ is not bytes:
            payload = payload.copy()
        return IPv4(
            self.src, self.dst, self.proto, payload, self.ttl, self.ident, self.tos, self.df,
            self.mf, self.offset, self.checksum,
        )  # fmt: skip

    def summary(self) -> str:
        """One line, in tcpdump's words."""
        src, dst, payload = ip_text(self.src), ip_text(self.dst), self.payload
        if payload.__class__ is bytes:
            name = protocol_name(self.proto)
            if self.offset or self.mf:
                return (
                    f"IP {src} > {dst}: {name} fragment, offset {self.offset}, "
                    f"length {len(payload)}"
                )
            return f"IP {src} > {dst}: {name}, length {len(payload)}"
        if self.proto == 1:
            return f"IP {src} > {dst}: {payload.summary()}"
        return f"IP {src}.{payload.sport} > {dst}.{payload.dport}: {payload.summary()}"

    def fields(self) -> list[Field]:
        """The bits of its header, and of a payload that is only bytes."""
        right = self.right()
        given = right if self.checksum is None else self.checksum
        verdict = "correct" if given == right else f"wrong, should be 0x{right:04x}"
        row = fields_in_a_row(
            ("version", "4", 4),
            ("header length", "5 (20 bytes)", 4),
            ("DSCP", str(self.tos >> 2), 6),
            ("ECN", str(self.tos & 3), 2),
            ("total length", str(self.length), 16),
            ("identification", str(self.ident), 16),
            ("reserved", "0", 1),
            ("don't fragment", str(int(self.df)), 1),
            ("more fragments", str(int(self.mf)), 1),
            ("fragment offset", f"{self.offset >> 3} ({self.offset} bytes)", 13),
            ("time to live", str(self.ttl), 8),
            ("protocol", f"{self.proto} ({protocol_name(self.proto)})", 8),
            ("header checksum", f"0x{given:04x} ({verdict})", 16),
            ("source address", ip_text(self.src), 32),
            ("destination address", ip_text(self.dst), 32),
        )
        if self.payload.__class__ is bytes:
            row += data_field(self.payload, 160)
        return row

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)


def parse_payload(proto: int, data: bytes, src: int, dst: int) -> Any:
    """What a whole packet carries: a record if the protocol is known, else the bytes; Malformed."""
    transport = TRANSPORTS.get(proto)
    return data if transport is None else transport.parse(data, src, dst)

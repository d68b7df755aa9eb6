"""STUN: what address and port does the other side see of me? (RFC 8489, and RFC 5780 for NATs)

The Binding method with the attributes of address discovery; no credentials, and none of the methods
of TURN. An unknown attribute is kept as it is.
"""

from __future__ import annotations

import struct

from minios.abi.inet import ip_text
from minios.net.wire.checksum import fcs
from minios.net.wire.field import Field, fields_in_a_row, same, shown
from minios.net.wire.malformed import Malformed

PORT = 3478
HEADER = 20
MAGIC = 0x2112A442
"""The magic cookie; it tells STUN from what else comes to a port (RFC 8489 §5)."""

BINDING = 0x001
REQUEST, INDICATION, SUCCESS, ERROR = 0, 1, 2, 3

MAPPED_ADDRESS = 0x0001
CHANGE_REQUEST = 0x0003
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
PADDING = 0x0026
RESPONSE_PORT = 0x0027
SOFTWARE = 0x8022
ALTERNATE_SERVER = 0x8023
FINGERPRINT = 0x8028
RESPONSE_ORIGIN = 0x802B
OTHER_ADDRESS = 0x802C

CHANGE_IP = 0x4
CHANGE_PORT = 0x2

ATTRIBUTES = {
    MAPPED_ADDRESS: "MAPPED-ADDRESS", CHANGE_REQUEST: "CHANGE-REQUEST", ERROR_CODE: "ERROR-CODE",
    UNKNOWN_ATTRIBUTES: "UNKNOWN-ATTRIBUTES", XOR_MAPPED_ADDRESS: "XOR-MAPPED-ADDRESS",
    PADDING: "PADDING", RESPONSE_PORT: "RESPONSE-PORT", SOFTWARE: "SOFTWARE",
    ALTERNATE_SERVER: "ALTERNATE-SERVER", FINGERPRINT: "FINGERPRINT",
    RESPONSE_ORIGIN: "RESPONSE-ORIGIN", OTHER_ADDRESS: "OTHER-ADDRESS",
}  # fmt: skip
REASONS = {
    300: "Try Alternate", 400: "Bad Request", 401: "Unauthenticated", 420: "Unknown Attribute",
    438: "Stale Nonce", 500: "Server Error",
}  # fmt: skip

_ADDRESSES = frozenset(
    {MAPPED_ADDRESS, XOR_MAPPED_ADDRESS, ALTERNATE_SERVER, RESPONSE_ORIGIN, OTHER_ADDRESS}
)
_ATTRIBUTES_MAX = 32
_HEAD = struct.Struct("!HHI12s")
_SLOTS = ("cls", "method", "tid", "attributes")


class Stun:
    """A message: class (REQUEST to ERROR), method, transaction id (12 bytes), attributes.

    ``attributes`` are (type, value) in order. A value is (address, port) where the type says so
    (the XOR of XOR-MAPPED-ADDRESS is undone), an int for CHANGE-REQUEST and RESPONSE-PORT, (code,
    reason) for ERROR-CODE, else bytes.
    """

    __slots__ = _SLOTS
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        cls: int,
        tid: bytes,
        attributes: tuple[tuple[int, object], ...] = (),
        method: int = BINDING,
    ) -> None:
        self.cls = cls
        self.method = method
        self.tid = tid
        self.attributes = attributes

    @property
    def length(self) -> int:
        """Bytes of the message."""
        return len(self.pack())

    def get(self, kind: int) -> object:
        """The value of the first attribute of a type, None if there is none."""
        for each, value in self.attributes:
            if each == kind:
                return value
        return None

    def address(self) -> tuple[int, int] | None:
        """Where the request came from, as a response tells: XOR-MAPPED-ADDRESS or the older one."""
        found = self.get(XOR_MAPPED_ADDRESS) or self.get(MAPPED_ADDRESS)
        return found if isinstance(found, tuple) else None

    def unknown(self) -> list[int]:
        """Types that must be understood (below 0x8000) and are not: they make error 420."""
        return [kind for kind, _ in self.attributes if kind < 0x8000 and kind not in ATTRIBUTES]

    def pack(self) -> bytes:
        """The bytes of the message; a FINGERPRINT of b"" is computed, and has to be the last."""
        body = b""
        for kind, value in self.attributes:
            if kind == FINGERPRINT and value == b"":
                head = self._header(len(body) + 8)
                value = (fcs(head + body) ^ 0x5354554E).to_bytes(4, "big")
            packed = _pack_value(kind, value)
            body += struct.pack("!HH", kind, len(packed)) + packed + bytes(-len(packed) % 4)
        return self._header(len(body)) + body

    def _header(self, length: int) -> bytes:
        method, cls = self.method, self.cls
        kind = (method & 0xF80) << 2 | (method & 0x70) << 1 | method & 0xF
        kind |= (cls & 2) << 7 | (cls & 1) << 4
        return _HEAD.pack(kind, length, MAGIC, self.tid)

    @classmethod
    def parse(cls, data: bytes) -> Stun:
        """Read a message (RFC 8489 §6.3). Malformed if it is none, or its FINGERPRINT is wrong."""
        if len(data) < HEADER:
            raise Malformed(f"STUN of {len(data)} bytes")
        kind, length, magic, tid = _HEAD.unpack_from(data)
        if kind & 0xC000 or magic != MAGIC:
            raise Malformed("not STUN")
        if length % 4 or length != len(data) - HEADER:
            raise Malformed(f"STUN length {length} in {len(data)} bytes")
        attributes: list[tuple[int, object]] = []
        at = HEADER
        while at < len(data):
            if at + 4 > len(data) or len(attributes) == _ATTRIBUTES_MAX:
                raise Malformed("STUN attributes")
            attribute, size = struct.unpack_from("!HH", data, at)
            body = bytes(data[at + 4 : at + 4 + size])
            if len(body) < size:
                raise Malformed(f"STUN attribute 0x{attribute:04x} of {size} bytes")
            if attribute == FINGERPRINT:
                right = fcs(data[:at]) ^ 0x5354554E
                if size != 4 or int.from_bytes(body, "big") != right or at + 8 != len(data):
                    raise Malformed("STUN fingerprint")
            attributes.append((attribute, _parse_value(attribute, body)))
            at += 4 + size + -size % 4
        return cls(
            kind >> 7 & 2 | kind >> 4 & 1,
            tid,
            tuple(attributes),
            kind >> 2 & 0xF80 | kind >> 1 & 0x70 | kind & 0xF,
        )

    def copy(self) -> Stun:
        """The same message again."""
        return Stun(self.cls, self.tid, self.attributes, self.method)

    def summary(self) -> str:
        """One line."""
        name = "Binding" if self.method == BINDING else f"method 0x{self.method:03x}"
        what = ("Request", "Indication", "Success Response", "Error Response")[self.cls]
        values = [
            f" {ATTRIBUTES.get(kind, f'0x{kind:04x}')}: {_value_text(value)}"
            for kind, value in self.attributes
        ]
        return f"STUN {name} {what}" + ",".join(values)

    def fields(self) -> list[Field]:
        """Its bits."""
        packed = self.pack()
        row = fields_in_a_row(
            ("unused", "0", 2),
            ("message type", self.summary().split(" ", 1)[1].split(" ", 2)[1], 14),
            ("length", str(len(packed) - HEADER), 16),
            ("magic cookie", f"0x{MAGIC:08x}", 32),
            ("transaction", self.tid.hex(), 96),
        )
        at = 8 * HEADER
        for kind, value in self.attributes:
            name = ATTRIBUTES.get(kind, f"0x{kind:04x}")
            size = int.from_bytes(packed[at // 8 + 2 : at // 8 + 4], "big")
            row += fields_in_a_row(
                ("attribute", name, 16),
                ("attribute length", str(size), 16),
                (name, _value_text(value), 8 * size),
                ("padding", "", 8 * (-size % 4)),
                start=at,
            )
            at = row[-1].offset + row[-1].length
        return row

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)


def _pack_value(kind: int, value: object) -> bytes:
    if kind in _ADDRESSES and isinstance(value, tuple):
        ip, port = value
        if kind == XOR_MAPPED_ADDRESS:
            ip, port = ip ^ MAGIC, port ^ MAGIC >> 16
        return struct.pack("!BBHI", 0, 1, port, ip)
    if kind == ERROR_CODE and isinstance(value, tuple):
        code, reason = value
        text: bytes = reason.encode()
        return bytes((0, 0, code // 100, code % 100)) + text
    if kind == CHANGE_REQUEST and isinstance(value, int):
        return value.to_bytes(4, "big")
    if kind == RESPONSE_PORT and isinstance(value, int):
        return value.to_bytes(2, "big") + bytes(2)
    assert isinstance(value, bytes)
    return value


def _parse_value(kind: int, body: bytes) -> object:
    size = len(body)
    if kind in _ADDRESSES:
        if size == 8 and body[1] == 1:
            port, ip = struct.unpack("!HI", body[2:])
            return (ip ^ MAGIC, port ^ MAGIC >> 16) if kind == XOR_MAPPED_ADDRESS else (ip, port)
        if size == 20 and body[1] == 2:
            return body  # of IPv6
        raise Malformed(f"STUN {ATTRIBUTES[kind]} of {size} bytes")
    if kind == ERROR_CODE:
        if size < 4 or not 3 <= body[2] & 7 <= 6 or body[3] > 99:
            raise Malformed("STUN ERROR-CODE")
        return ((body[2] & 7) * 100 + body[3], body[4:].decode("utf-8", "replace"))
    if kind == CHANGE_REQUEST:
        if size != 4:
            raise Malformed(f"STUN CHANGE-REQUEST of {size} bytes")
        return int.from_bytes(body, "big")
    if kind == RESPONSE_PORT:
        if size not in (2, 4):
            raise Malformed(f"STUN RESPONSE-PORT of {size} bytes")
        return body[0] << 8 | body[1]
    return body


def _value_text(value: object) -> str:
    if isinstance(value, tuple):
        first, second = value
        return f"{first} {second}" if isinstance(second, str) else f"{ip_text(first)}:{second}"
    if isinstance(value, bytes):
        text = value.decode("latin-1")
        return text if text.isascii() and text.isprintable() else value.hex()
    return str(value)

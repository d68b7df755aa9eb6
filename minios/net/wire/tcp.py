"""TCP segments (RFC 9293 §3.1). The protocol itself is in ``net/tcp``."""

from __future__ import annotations

import struct

from minios.net.wire.checksum import checksum, pseudo
from minios.net.wire.field import Field, data_field, fields_in_a_row, same, shown
from minios.net.wire.malformed import Malformed
from minios.net.wire.tcpoptions import TcpOptions, option_text, split

__all__ = ["TCP", "TcpOptions"]

PROTO = 6
HEADER = 20

FIN = 0x01
SYN = 0x02
RST = 0x04
PSH = 0x08
ACK = 0x10
URG = 0x20
ECE = 0x40
CWR = 0x80

_LETTERS = tuple(zip((FIN, SYN, RST, PSH, ACK, URG, ECE, CWR), "FSRP.UEW", strict=True))
_NAMES = ("CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN")
_HEAD = struct.Struct("!HHIIHHHH")
_SLOTS = (
    "sport", "dport", "seq", "ack", "flags", "window", "payload", "options", "urgent", "checksum",
)  # fmt: skip


class TCP:
    """A segment. ``flags`` is a sum of FIN to CWR; ``options`` is () or a :class:`TcpOptions`.

    ``checksum`` is None when it is right, else the value that was received.
    """

    __slots__ = (
        "ack", "checksum", "dport", "flags", "length", "options", "payload", "seq", "sport",
        "urgent", "window",
    )  # fmt: skip
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        sport: int,
        dport: int,
        seq: int,
        ack: int,
        flags: int,
        window: int,
        payload: bytes = b"",
        options: TcpOptions | tuple[()] = (),
        urgent: int = 0,
        checksum: int | None = None,
    ) -> None:
        self.sport = sport
        self.dport = dport
        self.seq = seq
        self.ack = ack
        self.flags = flags
        self.window = window
        self.payload = payload
        self.options = options
        self.urgent = urgent
        self.checksum = checksum
        self.length = 20 + len(payload) + (options.length if options else 0)

    def _head(self, code: int) -> bytes:
        options = self.options.pack() if self.options else b""
        bits = 5 + len(options) // 4 << 12 | self.flags
        seq, ack, window = self.seq, self.ack, self.window
        head = _HEAD.pack(self.sport, self.dport, seq, ack, bits, window, code, self.urgent)
        return head + options

    def pack(self, src: int, dst: int) -> bytes:
        """The bytes on the wire of a segment from address ``src`` to ``dst``."""
        code = self.checksum
        if code is None:
            code = self.right(src, dst)
        return self._head(code) + self.payload

    def right(self, src: int, dst: int) -> int:
        """The checksum it should have."""
        return checksum(self._head(0) + self.payload, pseudo(src, dst, PROTO, self.length))

    @classmethod
    def parse(cls, data: bytes, src: int, dst: int) -> TCP:
        """Read a segment that came from ``src`` to ``dst``; Malformed if the header does not fit.

        A wrong checksum is kept for whoever verifies.
        """
        if len(data) < 20:
            raise Malformed(f"TCP of {len(data)} bytes")
        sport, dport, seq, ack, bits, window, given, urgent = _HEAD.unpack_from(data)
        end = bits >> 12 << 2
        if not 20 <= end <= len(data):
            raise Malformed(f"TCP header of {end} bytes in {len(data)}")
        options = TcpOptions.parse(bytes(data[20:end])) if end > 20 else ()
        # The three reserved bits and AE are kept, so that a damaged segment keeps its damage.
        tcp = cls(
            sport, dport, seq, ack, bits & 0xFFF, window, bytes(data[end:]), options, urgent, given
        )
        if given == tcp.right(src, dst):
            tcp.checksum = None
        return tcp

    def copy(self) -> TCP:
        """A segment of its own that shares data and options."""
        return TCP(
            self.sport, self.dport, self.seq, self.ack, self.flags, self.window, self.payload,
            self.options, self.urgent, self.checksum,
        )  # fmt: skip

    @property
    def span(self) -> int:
        """SEG.LEN: how many sequence numbers it takes, SYN and FIN counted."""
        flags = self.flags
        return len(self.payload) + (flags & FIN) + (flags >> 1 & 1)

    def summary(self) -> str:
        """What tcpdump -S says of it behind the addresses."""
        parts = [f"Flags [{flags_text(self.flags)}]"]
        size = len(self.payload)
        if size or self.flags & (SYN | FIN | RST):
            parts.append(f"seq {self.seq}" + (f":{self.seq + size & 0xFFFFFFFF}" if size else ""))
        if self.flags & ACK:
            parts.append(f"ack {self.ack}")
        parts.append(f"win {self.window}")
        if self.flags & URG:
            parts.append(f"urg {self.urgent}")
        if self.options:
            parts.append(f"options [{self.options.summary()}]")
        parts.append(f"length {size}")
        return ", ".join(parts)

    def fields(self, src: int = 0, dst: int = 0) -> list[Field]:
        """Its bits; the addresses are for the checksum."""
        right = self.right(src, dst)
        given = right if self.checksum is None else self.checksum
        verdict = "correct" if given == right else f"wrong, should be 0x{right:04x}"
        header = self.length - len(self.payload)
        row = fields_in_a_row(
            ("source port", str(self.sport), 16),
            ("destination port", str(self.dport), 16),
            ("sequence number", str(self.seq), 32),
            ("acknowledgment number", str(self.ack), 32),
            ("data offset", f"{header // 4} ({header} bytes)", 4),
            ("reserved", str(self.flags >> 8), 4),
            *((name, str(self.flags >> 7 - i & 1), 1) for i, name in enumerate(_NAMES)),
            ("window", str(self.window), 16),
            ("checksum", f"0x{given:04x} ({verdict})", 16),
            ("urgent pointer", str(self.urgent), 16),
        )
        if self.options:
            row += _option_fields(self.options.pack())
        return row + data_field(self.payload, 8 * header)

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)


def flags_text(flags: int) -> str:
    """The flags as tcpdump writes them: ``S``, ``P.``, ``none``."""
    return "".join([letter for bit, letter in _LETTERS if flags & bit]) or "none"


def _option_fields(data: bytes) -> list[Field]:
    try:
        options = split(data)
    except Malformed:
        return [Field("options", "malformed", 160, 8 * len(data))]
    row = []
    at = 160
    for kind, body in options:
        size = 8 if kind < 2 else 16 + 8 * len(body)
        row.append(Field("option", option_text(kind, body), at, size))
        at += size
    left = 160 + 8 * len(data) - at
    return row + fields_in_a_row(("padding", f"{left // 8} bytes", left), start=at)

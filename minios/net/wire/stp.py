"""BPDUs of the spanning tree protocol (IEEE 802.1D-1998 §9), with the LLC header they come in."""

from __future__ import annotations

import struct

from minios.abi.inet import mac_text
from minios.net.wire.field import Field, fields_in_a_row, same, shown
from minios.net.wire.malformed import Malformed

LLC = b"\x42\x42\x03"
"""Destination and source service access point of bridges, unnumbered information (IEEE 802.2)."""

CONFIG = 0x00
TCN = 0x80
TOPOLOGY_CHANGE = 0x01
TOPOLOGY_CHANGE_ACK = 0x80

_BODY = struct.Struct("!HBBBQIQHHHHH")
_SLOTS = (
    "type", "flags", "root", "cost", "bridge", "port", "message_age", "max_age", "hello_time",
    "forward_delay",
)  # fmt: skip


class BPDU:
    """A configuration BPDU, or a topology change notification, which has nothing but its type.

    ``root`` and ``bridge`` are identifiers (priority << 48 | MAC), ``port`` one of a port (priority
    << 8 | number), times are in units of 1/256 s, as on the wire.
    """

    __slots__ = _SLOTS
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        type: int = CONFIG,
        flags: int = 0,
        root: int = 0,
        cost: int = 0,
        bridge: int = 0,
        port: int = 0,
        message_age: int = 0,
        max_age: int = 20 << 8,
        hello_time: int = 2 << 8,
        forward_delay: int = 15 << 8,
    ) -> None:
        self.type = type
        self.flags = flags
        self.root = root
        self.cost = cost
        self.bridge = bridge
        self.port = port
        self.message_age = message_age
        self.max_age = max_age
        self.hello_time = hello_time
        self.forward_delay = forward_delay

    @property
    def length(self) -> int:
        """Bytes with the LLC header: what the frame's length field says."""
        return 7 if self.type == TCN else 38

    def pack(self) -> bytes:
        """The bytes on the wire from the LLC header on."""
        if self.type == TCN:
            return LLC + bytes((0, 0, 0, TCN))
        return LLC + _BODY.pack(
            0, 0, self.type, self.flags, self.root, self.cost, self.bridge, self.port,
            self.message_age, self.max_age, self.hello_time, self.forward_delay,
        )  # fmt: skip

    @classmethod
    def parse(cls, data: bytes) -> BPDU:
        """Read a frame's payload. Malformed if it is no BPDU of the classic protocol, or one that a
        bridge does not take (IEEE 802.1D §9.3.4).
        """
        if data[:3] != LLC:
            raise Malformed("no LLC header of a bridge")
        if len(data) < 7 or data[3] or data[4]:
            raise Malformed("not a BPDU")
        if data[6] == TCN:
            return cls(TCN, 0, max_age=0, hello_time=0, forward_delay=0)
        if data[6] != CONFIG or len(data) < 38:
            raise Malformed(f"BPDU of type 0x{data[6]:02x} and {len(data) - 3} bytes")
        found = cls(*_BODY.unpack_from(data, 3)[2:])
        if found.message_age >= found.max_age:
            raise Malformed("BPDU too old")
        return found

    def copy(self) -> BPDU:
        """The same message again."""
        return BPDU(*(getattr(self, slot) for slot in _SLOTS))

    def summary(self) -> str:
        """One line, in tcpdump's words."""
        if self.type == TCN:
            return f"STP 802.1d, Topology Change, length {self.length - 3}"
        flags = [
            name
            for bit, name in ((1, "Topology change"), (128, "Topology change ACK"))
            if self.flags & bit
        ]
        return (
            f"STP 802.1d, Config, Flags [{', '.join(flags) or 'none'}], bridge-id "
            f"{bridge_text(self.bridge)}.{self.port:04x}, length {self.length - 3}"
        )

    def fields(self) -> list[Field]:
        """Its bits."""
        kind = "topology change notification" if self.type == TCN else "configuration"
        head = fields_in_a_row(
            ("DSAP", "0x42 (spanning tree)", 8),
            ("SSAP", "0x42 (spanning tree)", 8),
            ("control", "0x03 (unnumbered information)", 8),
            ("protocol", "0 (spanning tree)", 16),
            ("version", "0", 8),
            ("type", f"0x{self.type:02x} ({kind})", 8),
        )
        if self.type == TCN:
            return head
        return head + fields_in_a_row(
            ("topology change acknowledgment", str(self.flags >> 7), 1),
            ("flags", str(self.flags >> 1 & 63), 6),
            ("topology change", str(self.flags & 1), 1),
            ("root", bridge_text(self.root), 64),
            ("cost to the root", str(self.cost), 32),
            ("bridge", bridge_text(self.bridge), 64),
            ("port", f"{self.port:04x}", 16),
            ("message age", seconds_text(self.message_age), 16),
            ("max age", seconds_text(self.max_age), 16),
            ("hello time", seconds_text(self.hello_time), 16),
            ("forward delay", seconds_text(self.forward_delay), 16),
            start=56,
        )

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)


def bridge_text(ident: int) -> str:
    """``8000.02:00:00:00:00:01``: priority and address of a bridge."""
    return f"{ident >> 48:04x}.{mac_text(ident & 0xFFFF_FFFF_FFFF)}"


def seconds_text(time: int) -> str:
    """A time of 1/256 s as tcpdump writes it: ``2.00s``."""
    return f"{time >> 8}.{(time & 255) * 100 >> 8:02d}s"

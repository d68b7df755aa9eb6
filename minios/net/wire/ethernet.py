"""Ethernet II frames, with an 802.1Q tag or without (IEEE 802.3, 802.1Q)."""

from __future__ import annotations

from typing import Any

from minios.abi.inet import MAC_BROADCAST, mac_text
from minios.net.wire.arp import ARP
from minios.net.wire.field import Field, data_field, fields_in_a_row, same, shown
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed
from minios.net.wire.stp import BPDU, LLC

HEADER = 14
MINIMUM = 60
"""Bytes of the shortest frame without its FCS; what is shorter is padded."""
OVERHEAD = 24
"""Bytes that a frame takes on the wire besides: preamble, SFD, FCS and the gap between frames."""

IPV4 = 0x0800
ARP_TYPE = 0x0806
VLAN = 0x8100
IPV6 = 0x86DD
LOOP = 0x9000
LENGTH_MAX = 0x05DC
"""Up to here the field is a length, and an LLC header follows (IEEE 802.3 §3.2.6)."""

TYPES = {IPV4: "IPv4", ARP_TYPE: "ARP", VLAN: "802.1Q", IPV6: "IPv6", LOOP: "Loopback"}
STP_MAC = 0x0180_C200_0000
"""The address of all bridges (IEEE 802.1D §7.12.3)."""

_SLOTS = ("dst", "src", "type", "payload", "vlan")


class Ethernet:
    """A frame. ``type`` is the ethertype of the payload, or its length for LLC; ``vlan`` is None or
    the tag (pcp << 13 | dei << 12 | vid); ``payload`` is a record (:class:`ARP`, :class:`IPv4`,
    :class:`BPDU`) or bytes.

    ``size`` is its bytes on the wire without the FCS, padding included; who changes the payload's
    length keeps it right (:meth:`resize`). ``trail`` is None or collects what happens to it.
    """

    __slots__ = ("dst", "payload", "size", "src", "trail", "type", "vlan")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, dst: int, src: int, type: int, payload: Any, vlan: int | None = None
    ) -> None:
        self.dst = dst
        self.src = src
        self.type = type
        self.payload = payload
        self.vlan = vlan
        self.trail: Any = None
        size = 14 + (len(payload) if payload.__class__ is bytes else payload.length)
        if vlan is not None:
            size += 4
        self.size = size if size > 60 else 60

    @property
    def length(self) -> int:
        """Bytes on the wire without the FCS: :attr:`size`."""
        return self.size

    def resize(self) -> None:
        """Make ``size`` right again after the payload or the tag changed."""
        payload = self.payload
        size = 14 + (len(payload) if payload.__class__ is bytes else payload.length)
        self.size = max(60, size + 4 if self.vlan is not None else size)

    def header(self) -> bytes:
        """Addresses, tag and type on the wire."""
        head = (self.dst << 48 | self.src).to_bytes(12, "big")
        if self.vlan is not None:
            head += (VLAN << 16 | self.vlan).to_bytes(4, "big")
        return head + self.type.to_bytes(2, "big")

    def pack(self) -> bytes:
        """The bytes on the wire, padded, without the FCS."""
        return self.unpadded().ljust(self.size, b"\0")

    def unpadded(self) -> bytes:
        """The same before the card pads it: what a listener at the sender's sees."""
        payload = self.payload
        if payload.__class__ is not bytes:
            payload = payload.pack()
        packed: bytes = self.header() + payload
        return packed

    @classmethod
    def parse(cls, data: bytes, strict: bool = True) -> Ethernet:
        """Read a frame without its FCS, and what it carries down to the transport.

        Malformed if it is shorter than its header, and, unless ``strict`` is False, if what it
        carries is; then that stays bytes, as the next host finds it. Padding is dropped.
        """
        if len(data) < 14:
            raise Malformed(f"frame of {len(data)} bytes")
        dst = int.from_bytes(data[:6], "big")
        src = int.from_bytes(data[6:12], "big")
        kind = data[12] << 8 | data[13]
        at = 14
        vlan = None
        if kind == VLAN:
            if len(data) < 18:
                raise Malformed(f"tagged frame of {len(data)} bytes")
            vlan = data[14] << 8 | data[15]
            kind = data[16] << 8 | data[17]
            at = 18
        payload: Any = bytes(data[at:])
        try:
            if kind == IPV4:
                payload = IPv4.parse(payload, strict)
            elif kind == ARP_TYPE:
                payload = ARP.parse(payload)
            elif kind <= LENGTH_MAX:
                if kind > len(payload):
                    raise Malformed(f"LLC length {kind} in {len(payload)} bytes")
                payload = payload[:kind]
                if payload[:3] == LLC:
                    payload = BPDU.parse(payload)
        except Malformed:
            if strict:
                raise
        frame = cls(dst, src, kind, payload, vlan)
        if len(data) > frame.size:
            frame.size = len(data)
        return frame

    def copy(self) -> Ethernet:
        """A frame of its own, headers and all, that shares the data and the trail."""
        payload = self.payload
        if payload.__class__ is not bytes:
            payload = payload.copy()
        frame = Ethernet(self.dst, self.src, self.type, payload, self.vlan)
        frame.size = self.size
        frame.trail = self.trail
        return frame

    @property
    def vid(self) -> int:
        """The number of its VLAN, 0 without a tag."""
        return 0 if self.vlan is None else self.vlan & 0xFFF

    def summary(self) -> str:
        """One line, in tcpdump's words."""
        payload = self.payload
        if payload.__class__ is not bytes:
            text: str = payload.summary()
        elif self.type <= LENGTH_MAX:
            text = f"802.3, length {self.type}"
        else:
            text = f"ethertype {type_text(self.type)}, length {self.size}"
        if self.vlan is not None:
            text = f"vlan {self.vid}, p {self.vlan >> 13}, {text}"
        return text

    def fields(self) -> list[Field]:
        """The bits of its header, and of a payload that is only bytes."""
        tag: list[tuple[str, str, int]] = []
        if self.vlan is not None:
            tag = [
                ("tag protocol", "0x8100 (802.1Q)", 16),
                ("priority", str(self.vlan >> 13), 3),
                ("drop eligible", str(self.vlan >> 12 & 1), 1),
                ("VLAN", str(self.vid), 12),
            ]
        long = self.type <= LENGTH_MAX
        everybody = " (everybody)" if self.dst == MAC_BROADCAST else ""
        row = fields_in_a_row(
            ("destination", mac_text(self.dst) + everybody, 48),
            ("source", mac_text(self.src), 48),
            *tag,
            ("length", str(self.type), 16) if long else ("type", type_text(self.type), 16),
        )
        if self.payload.__class__ is bytes:
            row += data_field(self.payload, row[-1].offset + 16)
        return row

    def __eq__(self, other: object) -> bool:
        return same(self, other, _SLOTS)

    def __repr__(self) -> str:
        return shown(self, _SLOTS)


def type_text(ethertype: int) -> str:
    """``0x0800 (IPv4)``."""
    return f"0x{ethertype:04x} ({TYPES.get(ethertype, 'unknown')})"

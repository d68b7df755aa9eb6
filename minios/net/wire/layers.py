"""A frame layer by layer, each of its bits explained: what a packet lens shows."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from minios.net.wire.ethernet import Ethernet
from minios.net.wire.field import Field
from minios.net.wire.icmp import ERRORS, ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed
from minios.net.wire.stun import MAGIC, Stun
from minios.net.wire.tcp import TCP
from minios.net.wire.udp import UDP

_UDP = {53: "DNS", 67: "DHCP", 68: "DHCP", 520: "RIP"}
_TCP = {80: "HTTP", 8080: "HTTP"}
_STUN_COOKIE = MAGIC.to_bytes(4, "big")


class Layer(NamedTuple):
    """One protocol's part of a frame.

    ``start`` and ``length`` are in bits of the frame's bytes; the fields' offsets count from
    ``start``. ``summary`` is one line.
    """

    name: str
    start: int
    length: int
    summary: str
    fields: list[Field]


def layers(frame: Ethernet) -> list[Layer]:
    """The layers of a frame, outermost first; together they have each bit of ``frame.pack()``."""
    found: list[Layer] = []
    payload = frame.payload
    start = _add(found, "Ethernet", 0, frame.fields(), frame.summary())
    if payload.__class__ is IPv4:
        start = _add(found, "IPv4", start, payload.fields(), payload.summary())
        start = _transport(found, payload, start)
    elif payload.__class__ is not bytes:
        name = payload.__class__.__name__
        start = _add(found, name, start, payload.fields(), payload.summary())
    left = 8 * frame.size - start
    if left > 0:
        row = [Field("padding", f"{left // 8} bytes", 0, left)]
        _add(found, "padding", start, row, f"{left // 8} bytes")
    return found


def _add(found: list[Layer], name: str, start: int, given: list[Any], summary: str) -> int:
    fields = [Field(*field) for field in given]
    length = fields[-1].offset + fields[-1].length if fields else 0
    if length:
        found.append(Layer(name, start, length, summary, fields))
    return start + length


def _transport(found: list[Layer], packet: IPv4, start: int) -> int:
    payload: Any = packet.payload
    if payload.__class__ is bytes:
        return start
    fields = payload.fields(packet.src, packet.dst)
    _add(found, payload.__class__.__name__, start, fields, payload.summary())
    body = payload.payload
    inner = start + 8 * (payload.length - len(body))
    if payload.__class__ is ICMP:
        if payload.type in ERRORS:
            _quoted(found, body, inner)
    elif payload.__class__ in (UDP, TCP):
        message = _application(payload)
        if message is not None:
            _message(found, *message, body, inner, len(body))
    length: int = payload.length
    return start + 8 * length


def _application(segment: Any) -> tuple[str, Any] | None:
    """Name and class of the message that these ports, or its own cookie, promise."""
    if segment.payload[4:8] == _STUN_COOKIE and segment.__class__ is UDP:
        return "STUN", Stun
    known = _TCP if segment.__class__ is TCP else _UDP
    name = known.get(segment.dport) or known.get(segment.sport)
    if name is None or not segment.payload:
        return None
    return name, import_module(f"minios.net.wire.{name.lower()}").Message


def _message(found: list[Layer], name: str, parser: Any, data: bytes, start: int, size: int) -> int:
    """A message inside the data; it takes its bits over from the layer outside."""
    try:
        message = parser.parse(data)
        fields, summary = message.fields(), message.summary()
    except Malformed:
        return start
    outside = found[-1]
    if outside.fields and outside.fields[-1].name == "data":
        outside.fields.pop()
        length = outside.length - 8 * size
        found[-1] = outside._replace(length=length)
    return _add(found, name, start, _whole(fields, 8 * size), summary)


def _whole(fields: list[Any], length: int) -> list[Any]:
    """The fields of a message, with those that it does not name in between and behind."""
    row: list[Any] = []
    at = 0
    for name, value, offset, size in fields:
        if offset > at:
            row.append(("unused", "", at, offset - at))
        row.append((name, value, offset, size))
        at = offset + size
    if at < length:
        row.append(("rest", f"{(length - at) // 8} bytes", at, length - at))
    return row


def _quoted(found: list[Layer], data: bytes, start: int) -> None:
    """The packet that an ICMP error is about, as far as it is quoted."""
    if len(data) < 20 or data[0] != 0x45:
        return
    head = bytearray(data[:20])
    head[2:4] = len(data).to_bytes(2, "big")
    try:
        packet = IPv4.parse(bytes(head) + data[20:], strict=False)
    except Malformed:
        return
    given = int.from_bytes(data[2:4], "big")
    packet.checksum = int.from_bytes(data[10:12], "big")
    packet.length = given
    packet.payload = data[20:]
    outside = found[-1]
    outside.fields.pop()
    found[-1] = outside._replace(length=outside.length - 8 * len(data))
    _add(found, "IPv4 (quoted)", start, packet.fields(), packet.summary())

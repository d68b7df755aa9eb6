"""Change addresses and ports of a packet in place; checksums that came explicit stay as right or
wrong as they were (RFC 1624)."""

from __future__ import annotations

from typing import Any

from minios.net.netfilter.flow import ICMP, PORTED, TCP, UDP
from minios.net.wire.checksum import update, update32


def set_source(packet: Any, address: int, port: int) -> None:
    """Let the packet come from there; for ICMP queries the port is the identifier."""
    payload = packet.payload
    proto = packet.proto
    if proto in PORTED:
        if payload.checksum is not None and (payload.checksum or proto == TCP):
            checksum = update(payload.checksum, payload.sport, port)
            payload.checksum = update32(checksum, packet.src, address)
        payload.sport = port
    elif proto == ICMP:
        _set_ident(payload, port)
    if packet.checksum is not None:
        packet.checksum = update32(packet.checksum, packet.src, address)
    packet.src = address


def set_target(packet: Any, address: int, port: int) -> None:
    """Let the packet go there."""
    payload = packet.payload
    proto = packet.proto
    if proto in PORTED:
        if payload.checksum is not None and (payload.checksum or proto == TCP):
            checksum = update(payload.checksum, payload.dport, port)
            payload.checksum = update32(checksum, packet.dst, address)
        payload.dport = port
    elif proto == ICMP:
        _set_ident(payload, port)
    if packet.checksum is not None:
        packet.checksum = update32(packet.checksum, packet.dst, address)
    packet.dst = address


def _set_ident(message: Any, ident: int) -> None:
    old = message.rest >> 16
    if old != ident:
        if message.checksum is not None:
            message.checksum = update(message.checksum, old, ident)
        message.rest = ident << 16 | message.rest & 0xFFFF


def set_outer(packet: Any, *, src: int | None = None, dst: int | None = None) -> None:
    """Change an address of a packet whose payload does not depend on it (an ICMP error)."""
    if src is not None:
        if packet.checksum is not None:
            packet.checksum = update32(packet.checksum, packet.src, src)
        packet.src = src
    if dst is not None:
        if packet.checksum is not None:
            packet.checksum = update32(packet.checksum, packet.dst, dst)
        packet.dst = dst


def rewrite_quoted(data: bytes, address: int, port: int, *, source: bool) -> bytes:
    """The packet that an ICMP error quotes, with its source or destination changed.

    Its checksums are changed by what changed, as far as they are quoted, so that a sender finds
    the very packet it has sent.
    """
    quoted = bytearray(data)
    header = (quoted[0] & 0xF) * 4
    at = 12 if source else 16
    old = int.from_bytes(quoted[at : at + 4], "big")
    _fold_at(quoted, 10, ((old >> 16, address >> 16), (old & 0xFFFF, address & 0xFFFF)))
    quoted[at : at + 4] = address.to_bytes(4, "big")
    proto = quoted[9]
    if proto == ICMP:
        place = header + 4
        was = int.from_bytes(quoted[place : place + 2], "big")
        _fold_at(quoted, header + 2, ((was, port),))
        quoted[place : place + 2] = port.to_bytes(2, "big")
    elif proto in PORTED:
        place = header + (0 if source else 2)
        was = int.from_bytes(quoted[place : place + 2], "big")
        check = header + (6 if proto == UDP else 16)
        none = proto == UDP and quoted[check : check + 2] == b"\0\0"
        if len(quoted) >= check + 2 and not none:
            _fold_at(
                quoted,
                check,
                ((old >> 16, address >> 16), (old & 0xFFFF, address & 0xFFFF), (was, port)),
            )
        quoted[place : place + 2] = port.to_bytes(2, "big")
    return bytes(quoted)


def _fold_at(data: bytearray, at: int, changes: tuple[tuple[int, int], ...]) -> None:
    checksum = int.from_bytes(data[at : at + 2], "big")
    for old, new in changes:
        checksum = update(checksum, old, new)
    data[at : at + 2] = checksum.to_bytes(2, "big")

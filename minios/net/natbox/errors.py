"""ICMP errors through a NAT (RFC 5508 4): the quoted packet says whom they are for.

No error refreshes or ends a mapping (RFC 4787 REQ-12, RFC 5382 REQ-10, RFC 5508 REQ-6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop
from minios.net.natbox.mapping import Mapping
from minios.net.netfilter.flow import ICMP, Key, quoted_key
from minios.net.netfilter.rewrite import rewrite_quoted, set_outer

if TYPE_CHECKING:
    from minios.net.natbox.translator import Translator

PASSED = frozenset({3, 11, 12})
"""Destination Unreachable, Time Exceeded, Parameter Problem (RFC 5508 REQ-10a); Redirect and Source
Quench are not passed on (REQ-10b)."""


def inbound(nat: Translator, packet: Any, dev: Any) -> bool:
    """From the outside, about a packet that went out by a mapping (REQ-4)."""
    quoted = _checked(nat, packet, dev)
    if quoted is None:
        return False
    src, _, proto, sport, _ = quoted
    mapping = nat.table.from_outside(proto, src, sport)
    if mapping is None:
        nat.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "about a packet of no mapping")
        return False
    from minios.net.natbox.translator import ADMITTED

    endpoint = mapping.endpoint
    _requote(packet, endpoint.ip, endpoint.port, source=True)
    set_outer(packet, dst=endpoint.ip)
    packet.ct = ADMITTED
    return True


def outbound(nat: Translator, packet: Any, out: Any) -> bool:
    """From the inside, about a packet that came in by a mapping (REQ-5)."""
    mapping = _of_target(nat, packet, out)
    if mapping is None:
        return False
    _requote(packet, mapping.ip, mapping.port, source=False)
    set_outer(packet, src=mapping.ip)
    return True


def hairpinned(nat: Translator, packet: Any, dev: Any) -> bool:
    """From the inside, about a packet that another inside host sent by a hairpin (REQ-7)."""
    mapping = _of_target(nat, packet, dev)
    if mapping is None:
        return False
    quoted = quoted_key(packet.payload.payload)
    assert quoted is not None
    sender = nat.table.from_outside(quoted[2], quoted[0], quoted[3])
    if sender is None:
        nat.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "about a packet of no mapping")
        return False
    from minios.net.natbox.translator import Hairpin

    _requote(packet, mapping.ip, mapping.port, source=False)
    _requote(packet, sender.endpoint.ip, sender.endpoint.port, source=True)
    set_outer(packet, dst=sender.endpoint.ip)
    packet.ct = Hairpin(mapping.ip, mapping.port)
    return True


def _of_target(nat: Translator, packet: Any, dev: Any) -> Mapping | None:
    """The mapping by which the quoted packet had come in to whom it was for."""
    quoted = _checked(nat, packet, dev)
    if quoted is None:
        return None
    src, dst, proto, sport, dport = quoted
    if proto == ICMP:
        mapping = nat.table.from_inside(proto, dst, sport, src, 0)
    else:
        mapping = nat.table.from_inside(proto, dst, dport, src, sport)
        if mapping is None:
            mapping = _came_by(nat, proto, dst, dport, src, sport)
    if mapping is None:
        nat.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "about a packet of no mapping")
    return mapping


def _came_by(
    nat: Translator, proto: int, ip: int, port: int, peer: int, peer_port: int
) -> Mapping | None:
    """A mapping of an inside end that an outside end used without being called (EIF, forwards)."""
    found = None
    for mapping in nat.table.live():
        endpoint = mapping.endpoint
        if (endpoint.proto, endpoint.ip, endpoint.port) == (proto, ip, port):
            if (peer, peer_port) in mapping.sessions:
                return mapping
            found = found or mapping
    return found


def _checked(nat: Translator, packet: Any, dev: Any) -> Key | None:
    """The key of the quoted packet, if the error is sound (REQ-3) and of a kind that passes."""
    message = packet.payload
    if message.type not in PASSED:
        nat.stack.drop(Drop.NAT_FILTERED, packet, dev, f"ICMP type {message.type}")
        return None
    if message.checksum is not None and message.checksum != message.right():
        nat.stack.drop(Drop.CHECKSUM, packet, dev, "of the ICMP error")
        return None
    if not _header_sound(message.payload):
        nat.stack.drop(Drop.CHECKSUM, packet, dev, "of the quoted header")
        return None
    quoted = quoted_key(message.payload)
    if quoted is None:
        nat.stack.drop(Drop.NAT_NO_MAPPING, packet, dev, "it quotes no packet")
    return quoted


def _header_sound(data: bytes) -> bool:
    """RFC 5508 REQ-3a: the checksum of the quoted IP header, options and all."""
    size = (data[0] & 0xF) * 4 if data else 0
    if size < 20 or len(data) < size:
        return False
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, size, 2))
    return total % 0xFFFF == 0


def _requote(packet: Any, ip: int, port: int, *, source: bool) -> None:
    message = packet.payload
    message.payload = rewrite_quoted(message.payload, ip, port, source=source)
    message.checksum = None

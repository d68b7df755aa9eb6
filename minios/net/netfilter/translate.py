"""Put a connection's translation into a packet: PREROUTING and OUTPUT change where it goes,
POSTROUTING and INPUT where it comes from (nf_nat_packet, nf_nat_icmp_reply_translation)."""

from __future__ import annotations

from typing import Any

from minios.net.netfilter.conn import Error, Way
from minios.net.netfilter.rewrite import rewrite_quoted, set_outer, set_source, set_target


def to_target(packet: Any, way: Way) -> None:
    """Change where a packet of ``way`` goes."""
    if way.target is not None:
        set_target(packet, *way.target)


def from_source(packet: Any, way: Way) -> None:
    """Change where a packet of ``way`` seems to come from."""
    if way.source is not None:
        set_source(packet, *way.source)


def error_to_target(packet: Any, error: Error) -> None:
    """An ICMP error is taken to the end that is meant: so is the packet it quotes, which had come
    from there."""
    target = error.way.target
    if target is not None:
        _quote(packet, *target, source=True)
        set_outer(packet, dst=target[0])


def error_from_source(packet: Any, error: Error) -> None:
    """An ICMP error leaves the inside as the address that the outside knows."""
    source = error.way.source
    if source is not None:
        _quote(packet, *source, source=False)
        set_outer(packet, src=source[0])


def _quote(packet: Any, address: int, port: int, *, source: bool) -> None:
    message = packet.payload
    message.payload = rewrite_quoted(message.payload, address, port, source=source)
    message.checksum = None

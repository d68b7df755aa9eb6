"""Why a packet went no further: a closed list of reasons, and the record of one drop.

Every place that lets go of a packet names one of these, so that nothing disappears without a reason
that can be counted, shown and asked for (``why ping``, the network map, ``/proc/net/snmp``).
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple


class Drop(Enum):
    """A reason; the value says it in a few words.

    The layer at which a reason belongs is what :data:`LAYERS` says, unless who drops knows better.
    """

    # the wire
    UNPLUGGED = "the cable is unplugged"
    LINK_LOSS = "lost on the wire"
    FCS = "frame check sequence wrong"
    QUEUE_FULL = "the queue is full"
    # stations and switches
    NIC_DOWN = "the interface is down"
    HOST_DOWN = "the machine is off"
    NOT_FOR_US = "addressed to another station"
    MALFORMED = "not a valid packet"
    UNKNOWN_PROTOCOL = "no such protocol here"
    VLAN = "not a member of this VLAN"
    STP_BLOCKED = "the port is blocked by the spanning tree"
    SAME_PORT = "the destination is behind the port it came from"
    MTU = "larger than the interface's MTU"
    # neighbours
    ARP_TIMEOUT = "nobody answers for the address"
    ARP_QUEUE = "too many packets wait for the address"
    ARP_IGNORED = "this interface does not answer for the address"
    # IP
    NO_ROUTE = "no route to the destination"
    BLACKHOLE = "a blackhole route"
    UNREACHABLE = "an unreachable route"
    PROHIBIT = "a prohibit route"
    TTL = "time to live used up"
    MTU_DF = "larger than the next link's MTU and not to be fragmented"
    NOT_FORWARDING = "forwarding is off"
    MARTIAN = "an address that cannot be where it is"
    PRIVATE = "a private address on the public side"
    RPF = "it would not be answered through the interface it came in by"
    CHECKSUM = "checksum wrong"
    REASSEMBLY_TIMEOUT = "not all fragments came in time"
    REASSEMBLY = "fragments that do not fit together"
    TABLE_FULL = "the table is full"
    RATE_LIMIT = "too many of them in a short time"
    BROADCAST = "broadcasts are not wanted here"
    SOURCE_ADDRESS = "no source address"
    # filters and translation
    FILTER_DROP = "dropped by a rule"
    INVALID = "belongs to no connection"
    NAT_NO_MAPPING = "no mapping for the port"
    NAT_FILTERED = "the mapping does not let this sender in"
    NAT_PORTS = "no port left to map to"
    # transport and sockets
    PORT_CLOSED = "nobody listens on the port"
    TCP_STATE = "does not fit the state of the connection"
    TCP_SEQUENCE = "outside the receive window"
    BACKLOG_FULL = "too many connections wait to be accepted"
    RCVBUF_FULL = "the receive buffer is full"


LAYERS: dict[Drop, str] = {
    **dict.fromkeys((Drop.UNPLUGGED, Drop.LINK_LOSS, Drop.FCS, Drop.QUEUE_FULL), "physical"),
    **dict.fromkeys(
        (
            Drop.NIC_DOWN, Drop.HOST_DOWN, Drop.NOT_FOR_US, Drop.VLAN, Drop.STP_BLOCKED,
            Drop.SAME_PORT, Drop.MTU, Drop.ARP_TIMEOUT, Drop.ARP_QUEUE, Drop.ARP_IGNORED,
            Drop.UNKNOWN_PROTOCOL,
        ),
        "link",
    ),
    **dict.fromkeys(
        (
            Drop.NO_ROUTE, Drop.BLACKHOLE, Drop.UNREACHABLE, Drop.PROHIBIT, Drop.TTL, Drop.MTU_DF,
            Drop.NOT_FORWARDING, Drop.MARTIAN, Drop.PRIVATE, Drop.RPF, Drop.REASSEMBLY_TIMEOUT,
            Drop.REASSEMBLY, Drop.MALFORMED, Drop.TABLE_FULL, Drop.RATE_LIMIT, Drop.BROADCAST,
            Drop.SOURCE_ADDRESS, Drop.CHECKSUM,
        ),
        "network",
    ),
    **dict.fromkeys(
        (
            Drop.FILTER_DROP, Drop.INVALID, Drop.NAT_NO_MAPPING, Drop.NAT_FILTERED,
            Drop.NAT_PORTS,
        ),
        "filter",
    ),
    **dict.fromkeys(
        (
            Drop.PORT_CLOSED, Drop.TCP_STATE, Drop.TCP_SEQUENCE, Drop.BACKLOG_FULL,
            Drop.RCVBUF_FULL,
        ),
        "transport",
    ),
}  # fmt: skip
"""Where each reason belongs."""


class Dropped(NamedTuple):
    """One packet that ended. ``time`` is in ns; ``rule`` names the rule that did it, if one did."""

    time: int
    node: str
    layer: str
    reason: Drop
    detail: str = ""
    summary: str = ""
    rule: str = ""

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (
            self.time, self.node, self.layer, self.reason.name, self.detail, self.summary,
            self.rule,
        )  # fmt: skip


RING = 256
"""Drops that a network or a stack remembers, the newest ones."""

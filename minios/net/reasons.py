"""What each reason of :class:`minios.net.drop.Drop` means, as a sentence with the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.drop import Drop

if TYPE_CHECKING:
    from minios.net.drop import Dropped

_SENTENCES: dict[Drop, str] = {
    Drop.UNPLUGGED: "the cable is pulled out ({detail})",
    Drop.LINK_LOSS: "the cable {node} lost it, as it loses a part of all frames",
    Drop.FCS: "it came to {node} with a wrong frame check sequence: bits were damaged on the way",
    Drop.QUEUE_FULL: "the queue before the cable {node} is full ({detail})",
    Drop.NIC_DOWN: "an interface of {node} is down ({detail})",
    Drop.HOST_DOWN: "{node} is switched off",
    Drop.NOT_FOR_US: "it is addressed to another station than {node} ({detail})",
    Drop.MALFORMED: "{node} can make no sense of it: {detail}",
    Drop.UNKNOWN_PROTOCOL: "nothing on {node} takes this protocol ({detail})",
    Drop.VLAN: "the port of {node} is not a member of its VLAN ({detail})",
    Drop.STP_BLOCKED: "the spanning tree keeps the port of {node} closed against rings ({detail})",
    Drop.SAME_PORT: "its destination is behind the very port of {node} it came from",
    Drop.MTU: "it is larger than the MTU of the interface ({detail})",
    Drop.ARP_TIMEOUT: "nobody on the link answered {node}'s ARP questions: {detail}",
    Drop.ARP_QUEUE: "too many packets of {node} wait for one hardware address: {detail}",
    Drop.ARP_IGNORED: "{node} does not answer ARP on this interface ({detail})",
    Drop.NO_ROUTE: "no route of {node} leads there ({detail})",
    Drop.BLACKHOLE: "a route of {node} of the type blackhole swallows it ({detail})",
    Drop.UNREACHABLE: "a route of {node} says that this is unreachable ({detail})",
    Drop.PROHIBIT: "a route of {node} prohibits it ({detail})",
    Drop.TTL: "its time to live ended at {node}: it has passed as many routers as it may",
    Drop.MTU_DF: "it is too large for the next link after {node} and must not be cut: {detail}",
    Drop.NOT_FORWARDING: "{node} is no router (net.ipv4.ip_forward is 0): {detail}",
    Drop.MARTIAN: "{node} takes no packet with such an address: {detail}",
    Drop.PRIVATE: "{node} lets no private address in from the public side: {detail}",
    Drop.RPF: "{node} checks the way back (rp_filter): {detail}",
    Drop.CHECKSUM: "the checksum {detail} is wrong",
    Drop.REASSEMBLY_TIMEOUT: "{node} did not get all its fragments in time (ipfrag_time)",
    Drop.REASSEMBLY: "{node} cannot put its fragments together: {detail}",
    Drop.TABLE_FULL: "a table of {node} is full: {detail}",
    Drop.RATE_LIMIT: "{node} sends or takes only so many of them a second ({detail})",
    Drop.BROADCAST: "{node} wants no such broadcast: {detail}",
    Drop.SOURCE_ADDRESS: "{node} has no address to send it from ({detail})",
    Drop.FILTER_DROP: "the firewall of {node} {verb} it: {rule}",
    Drop.INVALID: "it belongs to no connection that {node} knows ({detail})",
    Drop.NAT_NO_MAPPING: "nobody behind the NAT of {node} has a mapping for it ({detail})",
    Drop.NAT_FILTERED: (
        "the NAT of {node} has a mapping for it, which does not let this sender in ({detail})"
    ),
    Drop.NAT_PORTS: "{node} has no port left to translate it to ({detail})",
    Drop.PORT_CLOSED: "nobody on {node} listens on that port ({detail})",
    Drop.TCP_STATE: "it does not fit the state of the connection at {node} ({detail})",
    Drop.TCP_SEQUENCE: "its sequence number is outside the receive window at {node} ({detail})",
    Drop.BACKLOG_FULL: "the queue of connections that wait for accept at {node} is full ({detail})",
    Drop.RCVBUF_FULL: (
        "the receive buffer of its socket at {node} is full: the program does not read ({detail})"
    ),
}
"""What follows ``because``. Without a detail its brackets, or what comes behind the colon, go."""

_EMPTY = (" ({detail})", ": {detail}", " {detail}")


def sentence(record: Dropped) -> str:
    """Why a packet ended, without capital and full stop: ``the firewall of gw drops it: filter
    FORWARD rule 3``."""
    text = _SENTENCES[record.reason]
    if not record.detail:
        for empty in _EMPTY:
            text = text.replace(empty, "")
    found = text.format(
        node=record.node,
        detail=record.detail,
        rule=_rule(record),
        verb="rejects" if record.detail == "rejected" else "drops",
    )
    if record.rule and record.reason is not Drop.FILTER_DROP:
        found += f", by {record.rule}"
    return found


def _rule(record: Dropped) -> str:
    """What decided: a rule by its place, or the policy of a chain no rule of which did."""
    chain = record.rule.removesuffix(" policy")
    if chain != record.rule:
        return f"no rule of {chain} takes it, and that is the policy"
    return record.rule or record.detail or "its policy"

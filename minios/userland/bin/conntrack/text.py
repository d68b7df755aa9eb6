"""Connections as conntrack prints them (nfct_snprintf of libnetfilter_conntrack)."""

from __future__ import annotations

from minios.abi.ctnetlink import ICMP, TCP, TCP_STATES, UDP, Flow, Key
from minios.abi.inet import PROTOCOLS, ip_text
from minios.abi.netfilter import IPS_ASSURED, IPS_SEEN_REPLY

EVENTS = {"NEW": "    [NEW] ", "UPDATE": " [UPDATE] ", "DESTROY": "[DESTROY] "}


def line(flow: Flow, *, extended: bool = False, ident: bool = False) -> str:
    """A connection in a line."""
    proto = flow.original[2]
    text = "ipv4     2 " if extended else ""
    text += f"{_name(proto):<8} {proto} "
    if flow.timeout is not None:
        text += f"{flow.timeout} "
    if flow.tcp_state is not None:
        text += f"{TCP_STATES[flow.tcp_state]} "
    text += _ends(flow.original, None if flow.counters is None else flow.counters[0])
    status = flow.status or 0
    if not status & IPS_SEEN_REPLY:
        text += "[UNREPLIED] "
    if flow.reply is not None:
        text += _ends(flow.reply, None if flow.counters is None else flow.counters[1])
    if status & IPS_ASSURED:
        text += "[ASSURED] "
    if flow.mark is not None:
        text += f"mark={flow.mark} "
    if flow.use is not None:
        text += f"use={flow.use} "
    if ident and flow.ident is not None:
        text += f"id={flow.ident} "
    return text.rstrip()


def _name(proto: int) -> str:
    return PROTOCOLS[proto] if proto in (ICMP, TCP, UDP) else "unknown"


def _ends(key: Key, counters: tuple[int, int] | None) -> str:
    src, dst, proto, sport, dport = key
    text = f"src={ip_text(src)} dst={ip_text(dst)} "
    if proto in (TCP, UDP):
        text += f"sport={sport} dport={dport} "
    elif proto == ICMP:
        text += f"type={dport >> 8} code={dport & 0xFF} id={sport} "
    if counters is not None:
        text += f"packets={counters[0]} bytes={counters[1]} "
    return text


XML_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>'
XML_TAIL = "</conntrack>"


def xml(flow: Flow, event: str = "") -> str:
    """The same for ``-o xml``."""
    kind = f' type="{event.lower()}"' if event else ""
    text = f"<flow{kind}>" + _xml_ends("original", flow.original)
    if flow.reply is not None:
        text += _xml_ends("reply", flow.reply)
    text += '<meta direction="independent">'
    if flow.tcp_state is not None:
        text += f"<state>{TCP_STATES[flow.tcp_state]}</state>"
    for name, value in (
        ("timeout", flow.timeout), ("mark", flow.mark), ("use", flow.use), ("id", flow.ident)
    ):  # fmt: skip
        if value is not None:
            text += f"<{name}>{value}</{name}>"
    status = flow.status or 0
    if status & IPS_ASSURED:
        text += "<assured/>"
    if not status & IPS_SEEN_REPLY:
        text += "<unreplied/>"
    return text + "</meta></flow>"


def _xml_ends(direction: str, key: Key) -> str:
    src, dst, proto, sport, dport = key
    text = (
        f'<meta direction="{direction}"><layer3 protonum="2" protoname="ipv4">'
        f"<src>{ip_text(src)}</src><dst>{ip_text(dst)}</dst></layer3>"
        f'<layer4 protonum="{proto}" protoname="{_name(proto)}">'
    )
    if proto in (TCP, UDP):
        text += f"<sport>{sport}</sport><dport>{dport}</dport>"
    return text + "</layer4></meta>"

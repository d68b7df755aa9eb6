"""LOG: a line in the kernel's log for each packet (nf_log_syslog.c)."""

from __future__ import annotations

from typing import Any

from minios.abi.inet import ip_text, mac_text
from minios.abi.netfilter import LOG_IPOPT, LOG_TCPOPT, LOG_TCPSEQ, Part
from minios.net.netfilter.flow import ERRORS, ICMP, TCP, UDP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed

WARNING = 4
_FLAGS = {"log-tcp-sequence": LOG_TCPSEQ, "log-tcp-options": LOG_TCPOPT,
          "log-ip-options": LOG_IPOPT}  # fmt: skip
_TCP_FLAGS = ((0x80, "CWR"), (0x40, "ECE"), (0x20, "URG"), (0x10, "ACK"), (0x08, "PSH"),
              (0x04, "RST"), (0x02, "SYN"), (0x01, "FIN"))  # fmt: skip


class Log:
    """The target."""

    __slots__ = ("flags", "level", "prefix", "stack")

    def __init__(self, stack: Any, part: Part) -> None:
        self.stack = stack
        self.level = part.get("log-level", WARNING)
        self.prefix = part.get("log-prefix", "")
        self.flags = 0
        for option in part.options:
            self.flags |= _FLAGS.get(option.name, 0)

    def __call__(self, packet: Any, inside: Any, outside: Any, chain: Any, rule: Any) -> None:
        frame = self.stack.receiving if inside is not None else None
        line = self.prefix + line_of(packet, inside, outside, frame, self.flags)
        self.stack.printk(self.level, line)


def line_of(packet: Any, inside: Any, outside: Any, frame: Any, flags: int = 0) -> str:
    """A packet as the log has it, without the prefix."""
    text = f"IN={inside.name if inside is not None else ''} "
    text += f"OUT={outside.name if outside is not None else ''} "
    if inside is not None:
        text += "MAC="
        if inside.loopback:
            text += "00:00:00:00:00:00:00:00:00:00:00:00:08:00"
        elif frame is not None:
            text += f"{mac_text(frame.dst)}:{mac_text(frame.src)}:08:00"
        text += " "
    return text + packet_text(packet, flags)


def packet_text(packet: Any, flags: int = 0, depth: int = 0) -> str:
    """The headers: dump_ipv4_packet."""
    text = (
        f"SRC={ip_text(packet.src)} DST={ip_text(packet.dst)} LEN={packet.length} "
        f"TOS=0x{packet.tos & 0x1E:02X} PREC=0x{packet.tos & 0xE0:02X} TTL={packet.ttl} "
        f"ID={packet.ident} "
    )
    if packet.df:
        text += "DF "
    if packet.mf:
        text += "MF "
    if packet.offset:
        text += f"FRAG:{packet.offset >> 3} "
    payload = packet.payload
    proto = packet.proto
    raw = payload.__class__ is bytes
    if proto == TCP:
        text += "PROTO=TCP "
        if packet.offset:
            return text
        if raw:
            return text + f"INCOMPLETE [{len(payload)} bytes] "
        return text + _tcp(payload, flags)
    if proto == UDP:
        text += "PROTO=UDP "
        if packet.offset:
            return text
        if raw:
            return text + f"INCOMPLETE [{len(payload)} bytes] "
        return text + f"SPT={payload.sport} DPT={payload.dport} LEN={payload.length} "
    if proto == ICMP:
        text += "PROTO=ICMP "
        if packet.offset:
            return text
        if raw:
            return text + f"INCOMPLETE [{len(payload)} bytes] "
        return text + _icmp(payload, flags, depth)
    return text + f"PROTO={proto} "


def _tcp(segment: Any, flags: int) -> str:
    text = f"SPT={segment.sport} DPT={segment.dport} "
    if flags & LOG_TCPSEQ:
        text += f"SEQ={segment.seq} ACK={segment.ack} "
    text += f"WINDOW={segment.window} RES=0x00 "
    text += "".join(f"{name} " for bit, name in _TCP_FLAGS if segment.flags & bit)
    text += f"URGP={segment.urgent} "
    if flags & LOG_TCPOPT and segment.options:
        text += f"OPT ({segment.options.pack().hex().upper()}) "
    return text


def _icmp(message: Any, flags: int, depth: int) -> str:
    kind = message.type
    text = f"TYPE={kind} CODE={message.code} "
    if kind in (0, 8, 13, 14):
        return text + f"ID={message.rest >> 16} SEQ={message.rest & 0xFFFF} "
    if kind == 12:
        text += f"PARAMETER={message.rest >> 24} "
    elif kind == 5:
        text += f"GATEWAY={ip_text(message.rest)} "
    if kind in ERRORS and not depth:
        try:
            inner = IPv4.parse(message.payload)
        except Malformed:
            inner = None
        if inner is not None:
            text += f"[{packet_text(inner, flags, 1)}] "
        if kind == 3 and message.code == 4:
            text += f"MTU={message.rest & 0xFFFF} "
    return text

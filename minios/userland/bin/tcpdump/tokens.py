"""The words of a filter expression (pcap-filter(7))."""

from __future__ import annotations

from typing import NamedTuple


class BadFilter(Exception):
    """The expression cannot be compiled; the text is libpcap's."""


class UnknownName(Exception):
    """A name that has to be looked up first: of a ``host`` or a ``port``."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(name)
        self.kind = kind
        self.name = name


SYNTAX = "can't parse filter expression: syntax error"

KEYWORDS = frozenset({
    "dst", "src", "host", "net", "mask", "port", "portrange", "less", "greater", "proto",
    "protochain", "gateway", "broadcast", "multicast", "ether", "link", "ip", "arp", "rarp", "tcp",
    "udp", "icmp", "igmp", "sctp", "ip6", "icmp6", "stp", "ppp", "fddi", "tr", "wlan", "vlan",
    "mpls", "len", "length", "inbound", "outbound", "ifname", "ifindex", "and", "or", "not", "ah",
    "esp", "pim", "igrp", "vrrp",
})  # fmt: skip
_SYNONYMS = {
    "link": "ether",
    "ppp": "ether",
    "fddi": "ether",
    "tr": "ether",
    "wlan": "ether",
    "length": "len",
}

CONSTANTS = {
    "icmptype": 0, "icmpcode": 1, "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4,
    "icmp-redirect": 5, "icmp-echo": 8, "icmp-routeradvert": 9, "icmp-routersolicit": 10,
    "icmp-timxceed": 11, "icmp-paramprob": 12, "icmp-tstamp": 13, "icmp-tstampreply": 14,
    "icmp-ireq": 15, "icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,
    "tcpflags": 13, "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16,
    "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
}  # fmt: skip

_DOUBLE = ("<<", ">>", "!=", "==", "<=", ">=", "&&", "||")
_MEANING = {"&&": "and", "||": "or", "!": "not", "==": "="}
_LENGTH_MAX = 4096


class Token(NamedTuple):
    """``kind`` is ``word`` (a keyword), ``number``, ``dotted`` (``value`` has the octets), ``mac``,
    ``name``, ``op`` or ``end``.
    """

    kind: str
    text: str
    value: int = 0


def tokens(text: str) -> list[Token]:
    """All tokens of an expression; BadFilter."""
    if len(text) > _LENGTH_MAX:
        raise BadFilter("expression too long")
    found: list[Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif text[at : at + 2] in _DOUBLE:
            two = text[at : at + 2]
            found.append(_operator(two))
            at += 2
        elif char in "()[]:<>=+-*/%&|^!":
            found.append(_operator(char))
            at += 1
        elif char == "\\":
            end = _word_end(text, at + 1)
            if end == at + 1:
                raise BadFilter(SYNTAX)
            found.append(Token("name", text[at + 1 : end]))
            at = end
        elif char.isascii() and char.isalnum():
            end = _mac_end(text, at) or _word_end(text, at)
            found.append(_word(text[at:end]))
            at = end
        else:
            raise BadFilter(SYNTAX)
    found.append(Token("end", ""))
    return found


def _operator(text: str) -> Token:
    meaning = _MEANING.get(text, text)
    return Token("word" if meaning in ("and", "or", "not") else "op", meaning)


def _word_end(text: str, at: int) -> int:
    """Names have dashes and dots inside; what begins with a digit and is a number has no dash."""
    end = at
    while end < len(text) and text[end].isascii() and (text[end].isalnum() or text[end] in "._-"):
        end += 1
    while end > at and text[end - 1] == "-":
        end -= 1
    if text[at : at + 1].isdigit():
        dash = text.find("-", at, end)
        if dash > 0 and _number(text[at:dash]) is not None:
            end = dash
    return end


def _mac_end(text: str, at: int) -> int:
    """Where a hardware address of six pairs ends that begins here; 0 if there is none."""
    for sep in ":-.":
        end = at
        for i in range(6):
            start = end
            while end < len(text) and text[end] in "0123456789abcdefABCDEF" and end < start + 2:
                end += 1
            if end == start:
                break
            if i < 5:
                if text[end : end + 1] != sep:
                    break
                end += 1
        else:
            if not (end < len(text) and (text[end].isalnum() or text[end] in ":.")):
                return end
    return 0


def _number(text: str) -> int | None:
    lower = text.lower()
    try:
        if lower.startswith("0x"):
            value = int(lower, 16)
        elif lower.startswith("0") and lower != "0":
            value = int(lower, 8)
        else:
            value = int(lower) if lower.isdigit() else -1
    except ValueError:
        return None
    return value if 0 <= value < 1 << 32 else None


def _word(text: str) -> Token:
    if len(text) >= 11 and (text.count(":") == 5 or text.count("-") == 5 or text.count(".") == 5):
        parts = text.replace("-", ":").replace(".", ":").split(":")
        return Token("mac", text, int("".join(part.zfill(2) for part in parts), 16))
    number = _number(text)
    if number is not None:
        return Token("number", text, number)
    parts = text.split(".")
    if 2 <= len(parts) <= 4 and all(part.isdigit() for part in parts):
        if any(int(part) > 255 for part in parts if len(part) < 9) or any(
            len(part) > 8 for part in parts
        ):
            raise BadFilter(f"invalid IPv4 address '{text}'")
        value = 0
        for part in parts:
            value = value << 8 | int(part)
        return Token("dotted", text, value)
    if text in KEYWORDS:
        return Token("word", _SYNONYMS.get(text, text))
    if text in CONSTANTS:
        return Token("number", text, CONSTANTS[text])
    return Token("name", text)

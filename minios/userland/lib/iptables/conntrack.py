"""Matches of what conntrack knows: conntrack and state."""

from __future__ import annotations

from typing import Any, ClassVar

from minios.abi.inet import ip_text
from minios.abi.netfilter import (
    CT_DNAT,
    CT_ESTABLISHED,
    CT_INVALID,
    CT_NEW,
    CT_RELATED,
    CT_SNAT,
    CT_UNTRACKED,
    IPS_ASSURED,
    IPS_CONFIRMED,
    IPS_EXPECTED,
    IPS_SEEN_REPLY,
    Part,
)
from minios.userland.lib.iptables.extension import Extension, Problem, bang, span, strtoul
from minios.userland.lib.iptables.names import Names, address_mask, mask_text, protocol_number

_STATES = (
    ("INVALID", CT_INVALID), ("NEW", CT_NEW), ("RELATED", CT_RELATED),
    ("ESTABLISHED", CT_ESTABLISHED), ("UNTRACKED", CT_UNTRACKED), ("SNAT", CT_SNAT),
    ("DNAT", CT_DNAT),
)  # fmt: skip
_STATUSES = (
    ("EXPECTED", IPS_EXPECTED), ("SEEN_REPLY", IPS_SEEN_REPLY), ("ASSURED", IPS_ASSURED),
    ("CONFIRMED", IPS_CONFIRMED),
)  # fmt: skip


def _words(text: str, table: tuple[tuple[str, int], ...], what: str) -> int:
    bits = 0
    known = dict(table)
    for word in text.split(","):
        if word.upper() not in known:
            raise Problem(f'Bad {what} "{word}"')
        bits |= known[word.upper()]
    return bits


def _named(bits: int, table: tuple[tuple[str, int], ...]) -> str:
    return ",".join(name for name, bit in table if bits & bit)


class Conntrack(Extension):
    name = "conntrack"
    takes: ClassVar[dict[str, int]] = {
        "ctstate": 1, "ctproto": 1, "ctorigsrc": 1, "ctorigdst": 1, "ctreplsrc": 1,
        "ctrepldst": 1, "ctorigsrcport": 1, "ctorigdstport": 1, "ctreplsrcport": 1,
        "ctrepldstport": 1, "ctstatus": 1, "ctexpire": 1, "ctdir": 1,
    }  # fmt: skip
    invertible = frozenset(takes) - {"ctdir"}

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        text = values[0]
        if name == "ctstate":
            return _words(text, _STATES, "ctstate")
        if name == "ctstatus":
            return 0 if text.upper() == "NONE" else _words(text, _STATUSES, "ctstatus")
        if name == "ctproto":
            return protocol_number(text)
        if name == "ctdir":
            if text.upper() not in ("ORIGINAL", "REPLY"):
                raise Problem(f'conntrack: bad ctdir "{text}"')
            return int(text.upper() == "REPLY")
        if name == "ctexpire" or name.endswith("port"):
            low, colon, high = text.partition(":")
            first = strtoul(low)
            last = strtoul(high) if colon else first
            most = 0xFFFFFFFF if name == "ctexpire" else 65535
            if first is None or last is None or not first <= last <= most:
                raise Problem(f'conntrack: bad value for option "--{name}" near "{text}".\n')
            return first, last
        return address_mask(text, {})

    def check(self) -> None:
        if not self.given:
            raise Problem("conntrack: At least one option is required")

    @classmethod
    def _text(cls, part: Part, dash: str) -> str:
        text = ""
        for option in part.options:
            name, value = option.name, option.value
            if name == "ctstate":
                word = _named(value, _STATES)
            elif name == "ctstatus":
                word = _named(value, _STATUSES) or "NONE"
            elif name == "ctdir":
                word = "REPLY" if value else "ORIGINAL"
            elif name == "ctproto":
                word = str(value)
            elif name == "ctexpire" or name.endswith("port"):
                word = span(value)
            else:
                word = ip_text(value[0]) + ("" if value[1] == 0xFFFFFFFF else mask_text(value[1]))
            text += f" {bang(option.inverted)}{dash}{name} {word}"
        return text

    @classmethod
    def save(cls, part: Part) -> str:
        return cls._text(part, "--")

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return cls._text(part, "")


class State(Extension):
    name = "state"
    takes: ClassVar[dict[str, int]] = {"state": 1}
    invertible = frozenset(takes)
    required = ("state",)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        return _words(values[0], _STATES[:5], "state")

    @classmethod
    def _text(cls, part: Part, dash: str) -> str:
        (option,) = part.options
        return f" {bang(option.inverted)}{dash}state {_named(option.value, _STATES)}"

    @classmethod
    def save(cls, part: Part) -> str:
        return cls._text(part, "--")

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return cls._text(part, "")

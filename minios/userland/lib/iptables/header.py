"""Matches of headers: addrtype, comment, iprange, length, mac, ttl."""

from __future__ import annotations

from typing import Any, ClassVar

from minios.abi.inet import ip_text, mac_text, parse_ip, parse_mac
from minios.abi.netfilter import ADDRTYPES, COMMENT_MAX, Part
from minios.userland.lib.iptables.extension import (
    Extension,
    Problem,
    bang,
    quoted,
    span,
    strtoul,
)
from minios.userland.lib.iptables.names import Names


class Addrtype(Extension):
    name = "addrtype"
    takes: ClassVar[dict[str, int]] = {
        "src-type": 1,
        "dst-type": 1,
        "limit-iface-in": 0,
        "limit-iface-out": 0,
    }
    invertible = frozenset({"src-type", "dst-type"})

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if not values:
            return True
        bits = 0
        for word in values[0].split(","):
            if word.upper() not in ADDRTYPES:
                raise Problem(f'addrtype: bad type "{word}"')
            bits |= 1 << ADDRTYPES.index(word.upper())
        return bits

    def check(self) -> None:
        if "src-type" not in self.given and "dst-type" not in self.given:
            raise Problem("addrtype: you must specify --src-type or --dst-type")
        if "limit-iface-in" in self.given and "limit-iface-out" in self.given:
            raise Problem("addrtype: you can't specify both --limit-iface-in and --limit-iface-out")

    @classmethod
    def save(cls, part: Part) -> str:
        text = ""
        for option in part.options:
            text += f" {bang(option.inverted)}--{option.name}"
            if option.value is not True:
                text += " " + _types(option.value)
        return text

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        text = " ADDRTYPE match"
        for option in part.options:
            if option.value is True:
                text += " limit-in" if option.name == "limit-iface-in" else " limit-out"
            else:
                mark = "!" if option.inverted else ""
                text += f" {option.name} {mark}{_types(option.value)}"
        return text


def _types(bits: int) -> str:
    return ",".join(name for index, name in enumerate(ADDRTYPES) if bits >> index & 1)


class Comment(Extension):
    name = "comment"
    takes: ClassVar[dict[str, int]] = {"comment": 1}
    required = ("comment",)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if len(values[0]) >= COMMENT_MAX:
            raise Problem(
                f'comment: bad value for option "--comment", or too long (max {COMMENT_MAX - 1}).'
            )
        return values[0]

    @classmethod
    def save(cls, part: Part) -> str:
        return f" --comment {quoted(part.get('comment'))}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return f" /* {part.get('comment')} */"


class Iprange(Extension):
    name = "iprange"
    takes: ClassVar[dict[str, int]] = {"src-range": 1, "dst-range": 1}
    invertible = frozenset(takes)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        first, dash, last = values[0].partition("-")
        ends = []
        for text in (first, last if dash else first):
            try:
                ends.append(parse_ip(text))
            except ValueError:
                raise Problem(f'iprange: Bad value for "--{name}" option: "{values[0]}"') from None
        if ends[0] > ends[1]:
            self.names.warnings.append(
                f"xt_iprange: range {first}-{last} is reversed and will never match"
            )
        return ends[0], ends[1]

    def check(self) -> None:
        if not self.given:
            raise Problem("iprange match: You must specify `--src-range' or `--dst-range'")

    @classmethod
    def save(cls, part: Part) -> str:
        return "".join(
            f" {bang(option.inverted)}--{option.name} "
            f"{ip_text(option.value[0])}-{ip_text(option.value[1])}"
            for option in part.options
        )

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        words = {"src-range": "source IP range", "dst-range": "destination IP range"}
        return "".join(
            f" {words[option.name]} {bang(option.inverted)}"
            f"{ip_text(option.value[0])}-{ip_text(option.value[1])}"
            for option in part.options
        )


class Length(Extension):
    name = "length"
    takes: ClassVar[dict[str, int]] = {"length": 1}
    invertible = frozenset(takes)
    required = ("length",)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        low, colon, high = values[0].partition(":")
        first = strtoul(low) if low or not colon else 0
        last = (strtoul(high) if high else 65535) if colon else first
        if first is None or last is None or first > 65535 or last > 65535:
            raise Problem(f'length: bad value for option "--length" near "{values[0]}".\n')
        return first, last

    @classmethod
    def save(cls, part: Part) -> str:
        (option,) = part.options
        return f" {bang(option.inverted)}--length {span(option.value)}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        (option,) = part.options
        return f" length {'!' if option.inverted else ''}{span(option.value)}"


class Mac(Extension):
    name = "mac"
    takes: ClassVar[dict[str, int]] = {"mac-source": 1}
    invertible = frozenset(takes)
    required = ("mac-source",)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        try:
            return parse_mac(values[0])
        except ValueError:
            raise Problem("Invalid MAC address specified.") from None

    @classmethod
    def save(cls, part: Part) -> str:
        (option,) = part.options
        return f" {bang(option.inverted)}--mac-source {mac_text(option.value)}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        (option,) = part.options
        return f" MAC {bang(option.inverted)}{mac_text(option.value)}"


class Ttl(Extension):
    name = "ttl"
    takes: ClassVar[dict[str, int]] = {"ttl-eq": 1, "ttl-lt": 1, "ttl-gt": 1}
    aliases: ClassVar[dict[str, str]] = {"ttl": "ttl-eq"}
    invertible = frozenset({"ttl-eq"})

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        return self.integer(name, values[0], 0, 255)

    def check(self) -> None:
        if not self.given:
            raise Problem("TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt")

    @classmethod
    def save(cls, part: Part) -> str:
        (option,) = part.options
        return f" {bang(option.inverted)}--{option.name} {option.value}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        (option,) = part.options
        signs = {"ttl-eq": "!=" if option.inverted else "==", "ttl-lt": "<", "ttl-gt": ">"}
        return f" TTL match TTL {signs[option.name]} {option.value}"

"""Matches of transport headers: tcp, udp, icmp, multiport."""

from __future__ import annotations

from typing import Any, ClassVar

from minios.abi.netfilter import MULTIPORT_MAX, Option, Part
from minios.userland.lib.iptables.extension import Extension, Problem, bang, span, strtoul
from minios.userland.lib.iptables.names import Names

_FLAGS = (("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32))
_GROUPS = {**dict(_FLAGS), "ALL": 0x3F, "NONE": 0}
_PORTED = (6, 17, 136, 132, 33)


def _range(names: Names, text: str, protocol: int) -> tuple[int, int]:
    low, colon, high = text.partition(":")
    if not colon:
        port = names.port(text, protocol)
        return port, port
    first = names.port(low, protocol) if low else 0
    last = names.port(high, protocol) if high else 65535
    if first > last:
        raise Problem("invalid portrange (min > max)")
    return first, last


def _show_ports(word: str, option: Option, names: Names | None, protocol: int) -> str:
    low, high = option.value
    ends = [str(port) if names is None else names.service(port, protocol) for port in (low, high)]
    mark = "!" if option.inverted else ""
    if low == high:
        return f" {word}:{mark}{ends[0]}"
    return f" {word}s:{mark}{ends[0]}:{ends[1]}"


class _Ports(Extension):
    aliases: ClassVar[dict[str, str]] = {"source-port": "sport", "destination-port": "dport"}
    number = 0

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        return _range(self.names, values[0], self.number)

    def part(self) -> Part:
        # every port without a "!" is no condition
        for name in ("sport", "dport"):
            option = self.given.get(name)
            if option is not None and option.value == (0, 65535) and not option.inverted:
                del self.given[name]
        return super().part()


class Tcp(_Ports):
    name = "tcp"
    number = 6
    takes: ClassVar[dict[str, int]] = {
        "sport": 1,
        "dport": 1,
        "tcp-option": 1,
        "tcp-flags": 2,
        "syn": 0,
    }
    invertible = frozenset(takes)

    def take(self, name: str, values: list[str], inverted: bool) -> None:
        if name == "syn":
            name, values = "tcp-flags", ["SYN,RST,ACK,FIN", "SYN"]
        if name in self.given:
            if name == "tcp-flags":
                raise Problem("Only one of `--syn' or `--tcp-flags'  allowed")
            text = {"sport": "source-port", "dport": "destination-port"}.get(name, name)
            raise Problem(f"Only one `--{text}' allowed")
        super().take(name, values, inverted)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if name == "tcp-option":
            number = strtoul(values[0])
            if number is None or not 0 < number < 256:
                raise Problem(f"Bad TCP option `{values[0]}'")
            return number
        if name == "tcp-flags":
            return _flags(values[0]), _flags(values[1])
        return super().value(name, values, inverted)

    @classmethod
    def save(cls, part: Part) -> str:
        text = ""
        for option in part.options:
            value = option.value
            if option.name in ("sport", "dport"):
                word = span(value)
            elif option.name == "tcp-flags":
                word = f"{_flag_names(value[0])} {_flag_names(value[1])}"
            else:
                word = str(value)
            text += f" {bang(option.inverted)}--{option.name} {word}"
        return text

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        text = " tcp"
        for option in part.options:
            mark = "!" if option.inverted else ""
            if option.name == "sport":
                text += _show_ports("spt", option, names, 6)
            elif option.name == "dport":
                text += _show_ports("dpt", option, names, 6)
            elif option.name == "tcp-option":
                text += f" option={mark}{option.value}"
            else:
                mask, wanted = option.value
                if names is None:
                    text += f" flags:{mark}0x{mask:02X}/0x{wanted:02X}"
                else:
                    text += f" flags:{mark}{_flag_names(mask)}/{_flag_names(wanted)}"
        return text


def _flags(text: str) -> int:
    bits = 0
    for word in text.split(","):
        if word.upper() not in _GROUPS:
            raise Problem(f"Unknown TCP flag `{word}'")
        bits |= _GROUPS[word.upper()]
    return bits


def _flag_names(bits: int) -> str:
    return ",".join(name for name, bit in _FLAGS if bits & bit) or "NONE"


class Udp(_Ports):
    name = "udp"
    number = 17
    takes: ClassVar[dict[str, int]] = {"sport": 1, "dport": 1}
    invertible = frozenset(takes)

    @classmethod
    def save(cls, part: Part) -> str:
        return "".join(
            f" {bang(option.inverted)}--{option.name} {span(option.value)}"
            for option in part.options
        )

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        words = {"sport": "spt", "dport": "dpt"}
        return " udp" + "".join(
            _show_ports(words[option.name], option, names, 17) for option in part.options
        )


ICMP_TYPES: tuple[tuple[str, int, int, int], ...] = (
    ("any", 255, 0, 255),
    ("echo-reply", 0, 0, 255), ("pong", 0, 0, 255),
    ("destination-unreachable", 3, 0, 255),
    ("network-unreachable", 3, 0, 0), ("host-unreachable", 3, 1, 1),
    ("protocol-unreachable", 3, 2, 2), ("port-unreachable", 3, 3, 3),
    ("fragmentation-needed", 3, 4, 4), ("source-route-failed", 3, 5, 5),
    ("network-unknown", 3, 6, 6), ("host-unknown", 3, 7, 7),
    ("network-prohibited", 3, 9, 9), ("host-prohibited", 3, 10, 10),
    ("TOS-network-unreachable", 3, 11, 11), ("TOS-host-unreachable", 3, 12, 12),
    ("communication-prohibited", 3, 13, 13), ("host-precedence-violation", 3, 14, 14),
    ("precedence-cutoff", 3, 15, 15),
    ("source-quench", 4, 0, 255),
    ("redirect", 5, 0, 255), ("network-redirect", 5, 0, 0), ("host-redirect", 5, 1, 1),
    ("TOS-network-redirect", 5, 2, 2), ("TOS-host-redirect", 5, 3, 3),
    ("echo-request", 8, 0, 255), ("ping", 8, 0, 255),
    ("router-advertisement", 9, 0, 255), ("router-solicitation", 10, 0, 255),
    ("time-exceeded", 11, 0, 255), ("ttl-exceeded", 11, 0, 255),
    ("ttl-zero-during-transit", 11, 0, 0), ("ttl-zero-during-reassembly", 11, 1, 1),
    ("parameter-problem", 12, 0, 255), ("ip-header-bad", 12, 0, 0),
    ("required-option-missing", 12, 1, 1),
    ("timestamp-request", 13, 0, 255), ("timestamp-reply", 14, 0, 255),
    ("address-mask-request", 17, 0, 255), ("address-mask-reply", 18, 0, 255),
)  # fmt: skip
"""Names of ICMP types and codes (libxt_icmp.h)."""


class Icmp(Extension):
    name = "icmp"
    takes: ClassVar[dict[str, int]] = {"icmp-type": 1}
    invertible = frozenset(takes)
    required = ("icmp-type",)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        text = values[0].lower()
        found = [row for row in ICMP_TYPES if row[0].lower().startswith(text)]
        exact = [row for row in found if row[0].lower() == text]
        if exact:
            return exact[0][1:]
        if len(found) > 1:
            raise Problem(f"Ambiguous ICMP type `{values[0]}': `{found[0][0]}' or `{found[1][0]}'?")
        if found:
            return found[0][1:]
        kind, slash, code = text.partition("/")
        number = strtoul(kind)
        if number is None or number > 255:
            raise Problem(f"Unknown ICMP type `{values[0]}'")
        if not slash:
            return number, 0, 255
        sub = strtoul(code)
        if sub is None or sub > 255:
            raise Problem(f"Unknown ICMP type `{values[0]}'")
        return number, sub, sub

    @classmethod
    def save(cls, part: Part) -> str:
        (option,) = part.options
        kind, low, high = option.value
        text = f" {bang(option.inverted)}--icmp-type "
        if kind == 255:
            return text + "any"
        return text + (f"{kind}" if (low, high) == (0, 255) else f"{kind}/{low}")

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        (option,) = part.options
        kind, low, high = option.value
        mark = "!" if option.inverted else ""
        if names is not None:
            for name, *row in ICMP_TYPES:
                if tuple(row) == (kind, low, high):
                    return f" icmp {mark}{name}"
        text = f" icmp {mark}type {kind}" if mark else f" icmptype {kind}"
        if low == high:
            text += f" code {low}"
        elif (low, high) != (0, 255):
            text += f" codes {low}-{high}"
        return text


class Multiport(Extension):
    name = "multiport"
    takes: ClassVar[dict[str, int]] = {"sports": 1, "dports": 1, "ports": 1}
    aliases: ClassVar[dict[str, str]] = {"source-ports": "sports", "destination-ports": "dports"}
    invertible = frozenset(takes)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if self.protocol not in _PORTED:
            raise Problem(
                "multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'"
            )
        ranges: list[tuple[int, int]] = []
        room = MULTIPORT_MAX
        for word in values[0].split(","):
            low, colon, high = word.partition(":")
            room -= 2 if colon else 1
            if room < 0:
                raise Problem("too many ports specified")
            first = self.names.port(low, self.protocol)
            last = self.names.port(high, self.protocol) if colon else first
            if first > last or (colon and first == last):
                raise Problem("invalid portrange specified")
            ranges.append((first, last))
        return tuple(ranges)

    def check(self) -> None:
        if not self.given:
            raise Problem("multiport expection an option")

    @classmethod
    def save(cls, part: Part) -> str:
        (option,) = part.options
        ports = ",".join(span(each) for each in option.value)
        return f" {bang(option.inverted)}--{option.name} {ports}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        (option,) = part.options

        def word(port: int) -> str:
            return str(port) if names is None else names.service(port, protocol)

        ports = ",".join(
            word(low) if low == high else f"{word(low)}:{word(high)}" for low, high in option.value
        )
        mark = " !" if option.inverted else ""
        return f" multiport {option.name} {mark}{ports}"

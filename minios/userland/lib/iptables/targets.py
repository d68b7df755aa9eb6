"""Targets that do something besides deciding: REJECT, LOG, TTL, TCPMSS, CT, NOTRACK."""

from __future__ import annotations

from typing import Any, ClassVar

from minios.abi.netfilter import REJECTS, Part
from minios.userland.lib.iptables.extension import Extension, Problem, quoted, strtoul
from minios.userland.lib.iptables.names import Names

_REJECT_ALIASES = {
    "net-unreach": "icmp-net-unreachable", "host-unreach": "icmp-host-unreachable",
    "proto-unreach": "icmp-proto-unreachable", "port-unreach": "icmp-port-unreachable",
    "net-prohib": "icmp-net-prohibited", "host-prohib": "icmp-host-prohibited",
    "tcp-rst": "tcp-reset", "admin-prohib": "icmp-admin-prohibited",
}  # fmt: skip
_LEVELS = ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")
_SHORT_LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")
_LOG_PREFIX = 29
"""Bytes of a prefix (struct ipt_log_info, less its NUL)."""


class Reject(Extension):
    name = "REJECT"
    takes: ClassVar[dict[str, int]] = {"reject-with": 1}

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        text = values[0].lower()
        for kind in (*REJECTS, *_REJECT_ALIASES):
            if kind == text:
                return _REJECT_ALIASES.get(kind, kind)
        for kind in (*REJECTS, *_REJECT_ALIASES):
            if kind.startswith(text):
                return _REJECT_ALIASES.get(kind, kind)
        raise Problem(f'unknown reject type "{values[0]}"')

    def part(self) -> Part:
        if not self.given:
            self.take("reject-with", ["icmp-port-unreachable"], False)
        return super().part()

    @classmethod
    def save(cls, part: Part) -> str:
        return f" --reject-with {part.get('reject-with')}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return f" reject-with {part.get('reject-with')}"


class Log(Extension):
    name = "LOG"
    takes: ClassVar[dict[str, int]] = {
        "log-prefix": 1, "log-level": 1, "log-tcp-sequence": 0, "log-tcp-options": 0,
        "log-ip-options": 0, "log-uid": 0, "log-macdecode": 0,
    }  # fmt: skip

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if name == "log-level":
            number = strtoul(values[0])
            if number is not None and number <= 7:
                return number
            text = values[0].lower()
            names = {**dict(zip(_LEVELS, range(8), strict=True)), "panic": 0, "err": 3, "warn": 4}
            for word, level in names.items():
                if text and word.startswith(text):
                    return level
            raise Problem(f'log level "{values[0]}" unknown\n')
        if name == "log-prefix":
            if "\n" in values[0]:
                raise Problem('Newlines not allowed in "--log-prefix"')
            return values[0][:_LOG_PREFIX]
        return True

    def part(self) -> Part:
        level = self.given.get("log-level")
        if level is not None and level.value == 4:
            del self.given["log-level"]
        return super().part()

    @classmethod
    def save(cls, part: Part) -> str:
        text = ""
        for option in part.options:
            text += f" --{option.name}"
            if option.name == "log-prefix":
                text += " " + quoted(option.value)
            elif option.name == "log-level":
                text += f" {option.value}"
        return text

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        level = part.get("log-level", 4)
        flags = {"log-tcp-sequence": 1, "log-tcp-options": 2, "log-ip-options": 4, "log-uid": 8,
                 "log-macdecode": 32}  # fmt: skip
        given = [option.name for option in part.options if option.name in flags]
        if names is None:
            text = f" LOG flags {sum(flags[name] for name in given)} level {level}"
        else:
            text = f" LOG level {_SHORT_LEVELS[level]}"
            text += "".join(" " + name.removeprefix("log-") for name in given)
        prefix = part.get("log-prefix")
        return text if prefix is None else f'{text} prefix "{prefix}"'


class Ttl(Extension):
    name = "TTL"
    takes: ClassVar[dict[str, int]] = {"ttl-set": 1, "ttl-dec": 1, "ttl-inc": 1}

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if self.given:
            raise Problem("TTL: You must specify an action")
        return self.integer(name, values[0], 0 if name == "ttl-set" else 1, 255)

    def check(self) -> None:
        if not self.given:
            raise Problem("TTL: You must specify an action")

    @classmethod
    def save(cls, part: Part) -> str:
        (option,) = part.options
        return f" --{option.name} {option.value}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        (option,) = part.options
        words = {"ttl-set": "set to", "ttl-dec": "decrement by", "ttl-inc": "increment by"}
        return f" TTL {words[option.name]} {option.value}"


class Tcpmss(Extension):
    name = "TCPMSS"
    takes: ClassVar[dict[str, int]] = {"set-mss": 1, "clamp-mss-to-pmtu": 0}

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        return self.integer(name, values[0], 0, 65495) if values else True

    def check(self) -> None:
        if len(self.given) != 1:
            raise Problem("TCPMSS target: At least one parameter is required")

    @classmethod
    def save(cls, part: Part) -> str:
        (option,) = part.options
        return f" --{option.name}" + ("" if option.value is True else f" {option.value}")

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        (option,) = part.options
        return " TCPMSS " + ("clamp to PMTU" if option.value is True else f"set {option.value}")


class Ct(Extension):
    name = "CT"
    takes: ClassVar[dict[str, int]] = {"notrack": 0}

    @classmethod
    def save(cls, part: Part) -> str:
        return " --notrack" if part.options else ""

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return " CT notrack" if part.options else " CT"


class Notrack(Extension):
    name = "NOTRACK"

    @classmethod
    def save(cls, part: Part) -> str:
        return ""

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return " NOTRACK"

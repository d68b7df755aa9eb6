"""Targets that translate: SNAT, DNAT, MASQUERADE, REDIRECT."""

from __future__ import annotations

from typing import Any, ClassVar

from minios.abi.inet import ip_text, parse_ip
from minios.abi.netfilter import Part
from minios.userland.lib.iptables.extension import Extension, Problem, strtoul
from minios.userland.lib.iptables.names import Names

_PORTED = (6, 17, 132, 33, 1)
_FLAGS = {"random": 0, "random-fully": 0, "persistent": 0}


def _port(text: str) -> int:
    number = strtoul(text)
    if number is None or not 0 < number < 65536:
        raise Problem(f"Port `{text}' not valid")
    return number


def _ports(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    first = _port(low)
    last = _port(high) if dash else first
    if first > last:
        raise Problem(f"Port range `{high}' funky")
    return first, last


class _Nat(Extension):
    """Addresses and ports: ``address[-address][:port[-port][/base]]``."""

    where = ""
    bases = False

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if name != self.where:
            return True
        addresses, colon, ports = values[0].partition(":")
        found: tuple[int, int] | None = None
        base = 0
        if colon:
            if self.protocol not in _PORTED:
                raise Problem("Need TCP, UDP, SCTP or DCCP with port specification")
            if self.bases:
                ports, slash, base_text = ports.partition("/")
                base = _port(base_text) if slash else 0
            found = _ports(ports)
        if not addresses:
            first = last = 0
        else:
            low, dash, high = addresses.partition("-")
            first = self._address(low)
            last = self._address(high) if dash else first
        return (first, last, found, base) if base else (first, last, found)

    def _address(self, text: str) -> int:
        try:
            return parse_ip(text)
        except ValueError:
            raise Problem(f'Bad IP address "{text}"\n') from None

    def check(self) -> None:
        if self.where not in self.given:
            raise Problem(f'{self.name}: option "--{self.where}" must be specified\n')

    @classmethod
    def _target(cls, part: Part) -> str:
        first, last, ports, *base = part.get(cls.where)
        text = ip_text(first) if first else ""
        if last != first:
            text += "-" + ip_text(last)
        if ports is not None:
            text += f":{ports[0]}" + ("" if ports[0] == ports[1] else f"-{ports[1]}")
        return text + (f"/{base[0]}" if base else "")

    @classmethod
    def save(cls, part: Part) -> str:
        flags = "".join(f" --{name}" for name in _FLAGS if part.get(name))
        return f" --{cls.where} {cls._target(part)}{flags}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        flags = "".join(f" {name}" for name in _FLAGS if part.get(name))
        return f" to:{cls._target(part)}{flags}"


class Snat(_Nat):
    name = "SNAT"
    where = "to-source"
    takes: ClassVar[dict[str, int]] = {"to-source": 1, **_FLAGS}


class Dnat(_Nat):
    name = "DNAT"
    where = "to-destination"
    bases = True
    takes: ClassVar[dict[str, int]] = {"to-destination": 1, "random": 0, "persistent": 0}


class _OnlyPorts(Extension):
    word = ""

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if name != "to-ports":
            return True
        if self.protocol not in _PORTED:
            raise Problem("Need TCP, UDP, SCTP or DCCP with port specification")
        return _ports(values[0])

    @classmethod
    def _text(cls, part: Part) -> str:
        low, high = part.get("to-ports")
        return str(low) if low == high else f"{low}-{high}"

    @classmethod
    def save(cls, part: Part) -> str:
        text = f" --to-ports {cls._text(part)}" if part.get("to-ports") else ""
        return text + "".join(f" --{name}" for name in _FLAGS if part.get(name))

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        text = f" {cls.word} ports: {cls._text(part)}" if part.get("to-ports") else ""
        if cls.word == "redir":
            text = text.replace("ports:", "ports")
        return text + "".join(f" {name}" for name in _FLAGS if part.get(name))


class Masquerade(_OnlyPorts):
    name = "MASQUERADE"
    word = "masq"
    takes: ClassVar[dict[str, int]] = {"to-ports": 1, "random": 0, "random-fully": 0}


class Redirect(_OnlyPorts):
    name = "REDIRECT"
    word = "redir"
    takes: ClassVar[dict[str, int]] = {"to-ports": 1, "random": 0}

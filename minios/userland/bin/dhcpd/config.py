"""/etc/dhcp/dhcpd.conf (dhcpd.conf(5)): scopes, subnets, pools and reserved addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minios.abi.inet import mask, parse_ip, parse_mac, prefix_length
from minios.net.wire.dhcp import CODES, SUBNET_MASK, option_bytes

RANGE_MAX = 65536
"""Addresses of one range."""


class BadConfig(Exception):
    """``str`` is ``file line N: what``."""


@dataclass(slots=True)
class Scope:
    """What holds in a block and those within it; None is what the outer one says. Seconds."""

    parent: Scope | None = None
    options: dict[int, bytes] = field(default_factory=dict)
    authoritative: bool | None = None
    default_lease: int | None = None
    max_lease: int | None = None
    min_lease: int | None = None
    unknown_clients: bool | None = None
    ping_check: bool | None = None
    ping_timeout: int | None = None
    next_server: int | None = None
    filename: bytes | None = None

    def get(self, name: str, usual: Any = None) -> Any:
        """The innermost value of an attribute."""
        scope: Scope | None = self
        while scope is not None:
            value = getattr(scope, name)
            if value is not None:
                return value
            scope = scope.parent
        return usual

    def all_options(self) -> dict[int, bytes]:
        """The options that hold here, the inner ones over the outer."""
        outer = self.parent.all_options() if self.parent is not None else {}
        return outer | self.options


@dataclass(slots=True)
class Subnet:
    """A ``subnet``; ``ranges`` are first and last address, each with the scope of its pool."""

    network: int
    length: int
    scope: Scope
    ranges: list[tuple[int, int, Scope]] = field(default_factory=list)

    def contains(self, ip: int) -> bool:
        return ip & mask(self.length) == self.network

    def scope_of(self, ip: int) -> Scope | None:
        """The scope of the range that an address is in."""
        for first, last, scope in self.ranges:
            if first <= ip <= last:
                return scope
        return None


@dataclass(slots=True)
class Reserved:
    """A ``host``: a client that is known, perhaps with an address of its own."""

    name: str
    mac: int
    scope: Scope
    addresses: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Config:
    """The whole file."""

    scope: Scope = field(default_factory=Scope)
    subnets: list[Subnet] = field(default_factory=list)
    hosts: list[Reserved] = field(default_factory=list)

    def subnet_of(self, ip: int) -> Subnet | None:
        """The smallest subnet an address is in."""
        found = [subnet for subnet in self.subnets if subnet.contains(ip)]
        return max(found, key=lambda subnet: subnet.length, default=None)


def parse(text: str, path: str) -> Config:
    """Read a configuration. BadConfig."""
    config = Config()
    _Parser(_words(text), path, config).block(config.scope, None, False)
    return config


def _words(text: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    line, at = 1, 0
    while at < len(text):
        char = text[at]
        if char == "\n":
            line += 1
            at += 1
        elif char.isspace():
            at += 1
        elif char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif char in "{};,=":
            found.append((char, line))
            at += 1
        elif char == '"':
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            found.append(('"' + text[at + 1 : end], line))
            at = end + 1
        else:
            end = at
            while end < len(text) and not text[end].isspace() and text[end] not in '{};,="#':
                end += 1
            found.append((text[at:end], line))
            at = end
    return found


class _Parser:
    def __init__(self, words: list[tuple[str, int]], path: str, config: Config) -> None:
        self.words = words
        self.path = path
        self.config = config
        self.line = 1

    def fail(self, what: str) -> BadConfig:
        return BadConfig(f"{self.path} line {self.line}: {what}")

    def block(self, scope: Scope, subnet: Subnet | None, nested: bool) -> None:
        """The statements up to the closing brace, or the end."""
        while self.words:
            word, self.line = self.words.pop(0)
            if word == "}":
                if not nested:
                    raise self.fail("unexpected right brace.")
                return
            if word == ";":
                continue
            rest: list[str] = []
            end = ""
            while self.words:
                part, self.line = self.words.pop(0)
                if part in ("{", ";"):
                    end = part
                    break
                if part not in (",", "="):
                    rest.append(part.removeprefix('"'))
            if not end:
                raise self.fail("semicolon expected.")
            try:
                if end == "{":
                    self.open(word, rest, scope, subnet)
                else:
                    self.statement(word, rest, scope, subnet)
            except (ValueError, IndexError, KeyError):
                raise self.fail(f"bad value in {word} declaration.") from None
        if nested:
            raise self.fail("unexpected end of file")

    def open(self, word: str, rest: list[str], scope: Scope, subnet: Subnet | None) -> None:
        inner = Scope(scope)
        if word == "subnet":
            if rest[1] != "netmask":
                raise self.fail("expecting netmask")
            length = prefix_length(parse_ip(rest[2]))
            network = parse_ip(rest[0])
            if network & mask(length) != network:
                raise self.fail("subnet number/mask mismatch.")
            inner.options[SUBNET_MASK] = mask(length).to_bytes(4)
            made = Subnet(network, length, inner)
            self.config.subnets.append(made)
            self.block(inner, made, True)
        elif word == "pool":
            self.block(inner, subnet, True)
        elif word == "host":
            host = Reserved(rest[0], 0, inner)
            self.config.hosts.append(host)
            self.host = host
            self.block(inner, None, True)
        elif word in ("group", "shared-network"):
            self.block(inner, subnet, True)
        else:
            raise self.fail(f"unknown declaration {word}.")

    host: Reserved | None = None

    def statement(self, word: str, rest: list[str], scope: Scope, subnet: Subnet | None) -> None:
        times = {
            "default-lease-time": "default_lease", "max-lease-time": "max_lease",
            "min-lease-time": "min_lease", "ping-timeout": "ping_timeout",
        }  # fmt: skip
        if word in times:
            setattr(scope, times[word], int(rest[0]))
        elif word == "authoritative":
            scope.authoritative = True
        elif word == "not" and rest[0] == "authoritative":
            scope.authoritative = False
        elif word == "option":
            if len(rest) > 2 and rest[1] == "code":
                return
            code = CODES.get(rest[0])
            if code is None:
                raise self.fail(f"unknown option dhcp.{rest[0]}")
            scope.options[code] = option_bytes(code, rest[1:])
        elif word == "range":
            addresses = [parse_ip(part) for part in rest if part != "dynamic-bootp"]
            self.range(addresses[0], addresses[-1], scope, subnet)
        elif word in ("allow", "deny", "ignore"):
            if rest[0] == "unknown-clients" or rest[:2] == ["unknown", "clients"]:
                scope.unknown_clients = word == "allow"
        elif word == "ping-check":
            scope.ping_check = rest[0] in ("true", "on")
        elif word == "next-server":
            scope.next_server = parse_ip(rest[0])
        elif word == "filename":
            scope.filename = rest[0].encode("latin-1")
        elif word == "hardware" and self.host is not None:
            self.host.mac = parse_mac(rest[1])
        elif word == "fixed-address" and self.host is not None:
            self.host.addresses = [parse_ip(part) for part in rest]
        elif word not in (
            "ddns-update-style", "ddns-updates", "log-facility", "one-lease-per-client",
            "use-host-decl-names", "server-identifier", "server-name", "get-lease-hostnames",
            "lease-file-name", "pid-file-name", "local-port", "update-static-leases",
        ):  # fmt: skip
            raise self.fail(f"semicolon expected: unknown statement {word}.")

    def range(self, first: int, last: int, scope: Scope, subnet: Subnet | None) -> None:
        if subnet is None:
            raise self.fail("range declaration not allowed here.")
        if last < first:
            first, last = last, first
        if not subnet.contains(first) or not subnet.contains(last):
            raise self.fail("Address range not on net.")
        if last - first >= RANGE_MAX:
            raise self.fail("Address range too large.")
        subnet.ranges.append((first, last, scope))

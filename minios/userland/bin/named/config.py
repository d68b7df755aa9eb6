"""/etc/bind/named.conf: statements in BIND's syntax (the ones that matter here)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from minios.abi.inet import mask, parse_ip, parse_prefix
from minios.net.wire.dns import Name
from minios.net.wire.dnstext import parse_name
from minios.userland.bin.named.masterfile import parse_ttl

PATH = b"/etc/bind/named.conf"
INCLUDES = 16

Read = Callable[[bytes], Awaitable[bytes]]
Value = list[Any]
"""A statement: words, and lists of statements for what stood in braces."""


class BadConfig(Exception):
    """``str`` is ``file:line: what``."""


@dataclass(slots=True)
class Acl:
    """Whom something is allowed to: (address, prefix length, yes or no), the first match counts.

    ``localnets`` and ``localhost`` are filled in by the server, which knows its interfaces.
    """

    entries: list[tuple[int, int, bool]] = field(default_factory=list)
    localnets: bool = False
    localhost: bool = False

    def allows(self, ip: int, nets: list[tuple[int, int]]) -> bool:
        for network, length, yes in self.entries:
            if ip & mask(length) == network & mask(length):
                return yes
        if self.localhost and ip >> 24 == 127:
            return True
        return self.localnets and any(
            ip & mask(length) == net & mask(length) for net, length in nets
        )


def everybody() -> Acl:
    return Acl([(0, 0, True)])


def neighbours() -> Acl:
    """localnets and localhost, who may use the cache unless somebody says otherwise."""
    return Acl(localnets=True, localhost=True)


@dataclass(slots=True)
class ZoneConfig:
    """A ``zone`` statement. ``kind`` is primary, hint, forward or secondary."""

    name: Name
    kind: str
    file: str = ""
    forwarders: list[tuple[int, int]] = field(default_factory=list)
    allow_query: Acl | None = None
    allow_transfer: Acl | None = None
    primaries: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Config:
    """The whole file. Times are seconds."""

    directory: str = "/var/cache/bind"
    port: int = 53
    listen: list[int] | None = None
    recursion: bool = True
    forwarders: list[tuple[int, int]] = field(default_factory=list)
    forward_only: bool = False
    allow_query: Acl = field(default_factory=everybody)
    allow_recursion: Acl = field(default_factory=neighbours)
    allow_transfer: Acl = field(default_factory=everybody)
    max_cache_ttl: int = 604800
    max_ncache_ttl: int = 10800
    minimal: bool | None = None
    querylog: bool = False
    version: str = "9.18.49-1~deb12u3-Debian"
    zones: list[ZoneConfig] = field(default_factory=list)


def tokens(text: bytes, path: str) -> list[tuple[str, int]]:
    """(word, line); braces and semicolons are words. BadConfig for what is not closed."""
    found: list[tuple[str, int]] = []
    source, at, line = text.decode("latin-1"), 0, 1
    while at < len(source):
        char = source[at]
        if char == "\n":
            line += 1
            at += 1
        elif char.isspace():
            at += 1
        elif char == "#" or source.startswith("//", at):
            at = source.find("\n", at) if "\n" in source[at:] else len(source)
        elif source.startswith("/*", at):
            end = source.find("*/", at)
            if end < 0:
                raise BadConfig(f"{path}:{line}: unterminated comment")
            line += source.count("\n", at, end)
            at = end + 2
        elif char in "{};":
            found.append((char, line))
            at += 1
        elif char == '"':
            end = source.find('"', at + 1)
            if end < 0:
                raise BadConfig(f"{path}:{line}: unbalanced quotes")
            found.append(('"' + source[at + 1 : end], line))
            at = end + 1
        else:
            end = at
            while end < len(source) and not source[end].isspace() and source[end] not in '{};"':
                end += 1
            found.append((source[at:end], line))
            at = end
    return found


def statements(words: list[tuple[str, int]], path: str, nested: bool = False) -> list[Value]:
    """The statements of a list of words, which is used up. BadConfig."""
    found: list[Value] = []
    current: Value = []
    while words:
        word, line = words.pop(0)
        if word == "{":
            current.append(statements(words, path, True))
        elif word == "}":
            if not nested:
                raise BadConfig(f"{path}:{line}: unexpected token near '}}'")
            if current:
                raise BadConfig(f"{path}:{line}: missing ';' before '}}'")
            return found
        elif word == ";":
            if current:
                found.append([line, *current])
            current = []
        else:
            current.append(word.removeprefix('"'))
    if nested or current:
        raise BadConfig(f"{path}: unexpected end of input")
    return found


async def load(path: bytes, read: Read) -> Config:
    """Read the configuration. BadConfig; OSError for the first file."""
    return await _Reader(read).load(path)


class _Reader:
    def __init__(self, read: Read) -> None:
        self.read = read
        self.config = Config()
        self.acls: dict[str, list[Value]] = {}
        self.files = 0
        self.path = ""

    async def load(self, path: bytes) -> Config:
        self.files += 1
        if self.files > INCLUDES:
            raise BadConfig(f"{path.decode('latin-1')}: too many includes")
        self.path = path.decode("latin-1")
        text = await self.read(path)
        for line, word, *rest in statements(tokens(text, self.path), self.path):
            here = self.path
            self.line = line
            try:
                if word == "include":
                    await self.load(rest[0].encode("latin-1"))
                    self.path = here
                elif word == "options":
                    self.options(rest[0])
                elif word == "acl":
                    self.acls[rest[0]] = rest[1]
                elif word == "zone":
                    self.zone(rest)
                elif word not in (
                    "logging", "controls", "key", "view", "server", "statistics-channels",
                    "trusted-keys", "managed-keys", "trust-anchors", "dnssec-policy",
                ):  # fmt: skip
                    raise BadConfig(f"{here}:{line}: unknown option '{word}'")
            except OSError:
                raise BadConfig(f"{here}:{line}: open: {rest[0]}: file not found") from None
            except (IndexError, ValueError, TypeError, AttributeError):
                raise BadConfig(f"{here}:{line}: {word}: syntax error") from None
        return self.config

    def options(self, body: list[Value]) -> None:
        config = self.config
        for line, word, *rest in body:
            self.line = line
            if word == "directory":
                config.directory = rest[0]
            elif word in ("listen-on", "listen-on-v6"):
                if word == "listen-on":
                    if rest[0] == "port":
                        config.port = int(rest[1])
                    config.listen = self.listen(rest[-1])
            elif word == "recursion":
                config.recursion = self.yes(rest[0])
            elif word == "forwarders":
                config.forwarders = self.servers(rest[0])
            elif word == "forward":
                config.forward_only = rest[0] == "only"
            elif word in ("allow-query", "allow-recursion", "allow-transfer"):
                setattr(config, word.replace("-", "_"), self.acl(rest[0]))
                if word == "allow-recursion":
                    config.recursion = True
            elif word in ("max-cache-ttl", "max-ncache-ttl"):
                setattr(config, word.replace("-", "_"), parse_ttl(rest[0]) or 0)
            elif word == "minimal-responses":
                config.minimal = None if rest[0].startswith("no-auth") else self.yes(rest[0])
            elif word == "querylog":
                config.querylog = self.yes(rest[0])
            elif word == "version":
                config.version = rest[0]
            elif not word.replace("-", "").isalnum():
                raise BadConfig(f"{self.path}:{line}: unknown option '{word}'")

    def zone(self, rest: list[Any]) -> None:
        text = rest[0]
        name = parse_name(text if text.endswith(".") else text + ".")
        zone = ZoneConfig(name, "")
        for line, word, *values in rest[-1]:
            self.line = line
            if word == "type":
                zone.kind = {"master": "primary", "slave": "secondary"}.get(values[0], values[0])
            elif word == "file":
                zone.file = values[0]
            elif word == "forwarders":
                zone.forwarders = self.servers(values[0])
            elif word in ("allow-query", "allow-transfer"):
                setattr(zone, word.replace("-", "_"), self.acl(values[0]))
            elif word in ("masters", "primaries"):
                zone.primaries = [ip for ip, _ in self.servers(values[0])]
        if zone.kind not in ("primary", "secondary", "hint", "forward"):
            what = f"'{zone.kind}' unexpected" if zone.kind else f"zone '{text}': type not present"
            raise BadConfig(f"{self.path}:{rest[-1][0][0] if rest[-1] else self.line}: {what}")
        if zone.kind in ("primary", "hint") and not zone.file:
            where = f"{self.path}:{self.line}"
            raise BadConfig(f"{where}: zone '{text}': missing 'file' entry")
        self.config.zones.append(zone)

    @staticmethod
    def yes(word: str) -> bool:
        if word.lower() not in ("yes", "no", "true", "false", "1", "0"):
            raise ValueError(word)
        return word.lower() in ("yes", "true", "1")

    @staticmethod
    def listen(body: list[Value]) -> list[int] | None:
        words = [value[1] for value in body]
        if "any" in words:
            return None
        return [parse_ip(word) for word in words if word != "none"]

    @staticmethod
    def servers(body: list[Value]) -> list[tuple[int, int]]:
        return [
            (parse_ip(value[1]), int(value[3]) if value[2:3] == ["port"] else 53) for value in body
        ]

    def acl(self, body: list[Value], depth: int = 0) -> Acl:
        """Whom a list of addresses, prefixes and names of acls means."""
        if depth > 8:
            raise ValueError
        found = Acl()
        for value in body:
            word = value[1]
            if isinstance(word, list):
                found.entries += self.acl(word, depth + 1).entries
                continue
            yes = not word.startswith("!")
            word = word.lstrip("!")
            if word == "any":
                found.entries.append((0, 0, yes))
            elif word == "none":
                found.entries.append((0, 0, not yes))
            elif word == "localhost":
                found.localhost = yes
            elif word == "localnets":
                found.localnets = yes
            elif word in self.acls:
                inner = self.acl(self.acls[word], depth + 1)
                found.entries += [(ip, length, is_in == yes) for ip, length, is_in in inner.entries]
                found.localnets |= inner.localnets
                found.localhost |= inner.localhost
            elif ":" not in word:
                found.entries.append((*parse_prefix(word if "/" in word else word + "/32"), yes))
        return found

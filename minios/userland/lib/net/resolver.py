"""The stub resolver: resolv.conf(5), the search list, and queries to the name servers named there.

As glibc's: a name with at least ``ndots`` dots is asked as it stands first, others with each domain
of the search list; a server that does not answer within ``timeout`` seconds hands over to the next,
and all are asked ``attempts`` times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minios.abi.sys import Sys
from minios.net.wire.dns import CNAME, NOERROR, NXDOMAIN, PTR, A, Message, Name, fold, parse_name
from minios.net.wire.dnstext import label_text, reverse_name
from minios.userland.lib.net.dnsclient import Unanswered, ask
from minios.userland.lib.net.gai import inet_aton
from minios.userland.lib.stdio import read_file

RESOLV_CONF = b"/etc/resolv.conf"
SECOND = 1_000_000_000
MAXNS = 3
MAXDNSRCH = 6
LOOPBACK = 0x7F000001
CHAIN = 16
"""CNAMEs that are followed within an answer."""


class Failed(Exception):
    """No answer. ``what`` is ``again``, ``nodata``, ``noname`` or ``fail``."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(slots=True)
class Config:
    """What /etc/resolv.conf says. ``timeout`` in seconds."""

    servers: list[int] = field(default_factory=list)
    search: list[bytes] = field(default_factory=list)
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    tcp: bool = False


def read_config(text: bytes) -> Config:
    """Parse the text of a resolv.conf; lines that mean nothing are passed over."""
    config = Config()
    for line in text.split(b"\n"):
        if line[:1] in (b"#", b";"):
            continue
        words = line.split()
        if len(words) < 2:
            continue
        key, values = words[0], words[1:]
        if key == b"nameserver":
            number = inet_aton(values[0])
            if number is not None and len(config.servers) < MAXNS:
                config.servers.append(number)
        elif key == b"domain":
            config.search = values[:1]
        elif key == b"search":
            config.search = values[:MAXDNSRCH]
        elif key == b"options":
            _options(config, values)
    if not config.servers:
        config.servers = [LOOPBACK]
    return config


def _options(config: Config, values: list[bytes]) -> None:
    for value in values:
        name, colon, text = value.partition(b":")
        number = int(text) if text.isdigit() and len(text) < 4 else 0
        if name == b"ndots" and colon:
            config.ndots = min(number, 15)
        elif name == b"timeout" and colon:
            config.timeout = max(min(number, 30), 1)
        elif name == b"attempts" and colon:
            config.attempts = max(min(number, 5), 1)
        elif name == b"use-vc":
            config.tcp = True


async def config(sys: Sys) -> Config:
    try:
        text = await read_file(sys, RESOLV_CONF)
    except OSError:
        text = b""
    return read_config(text)


def candidates(host: bytes, settings: Config) -> list[Name]:
    """The names to ask for, in order. Failed for what can be no name."""
    try:
        name = parse_name(host)
        searched = [parse_name(host, parse_name(domain)) for domain in settings.search]
    except ValueError:
        raise Failed("noname") from None
    if host.endswith(b"."):
        return [name]
    if host.count(b".") >= settings.ndots:
        return [name, *searched]
    return [*searched, name]


async def query(sys: Sys, name: Name, type: int, settings: Config) -> Message:
    """The answer of the first server that gives a useful one. Failed("again") without any."""
    servers = settings.servers
    for attempt in range(settings.attempts):
        wait = settings.timeout << attempt
        if attempt:
            wait = max(wait // len(servers), 1)
        for server in servers:
            try:
                answer = await ask(
                    sys, (server, 53), name, type, timeout=wait * SECOND, tcp=settings.tcp
                )
            except (OSError, Unanswered):
                continue
            if answer.rcode in (NOERROR, NXDOMAIN):
                return answer
    raise Failed("again")


async def addresses(sys: Sys, host: bytes) -> tuple[bytes, list[int]]:
    """(canonical name, addresses) of a host. Failed."""
    settings = await config(sys)
    what = "noname"
    for name in candidates(host, settings):
        answer = await query(sys, name, A, settings)
        if answer.rcode == NXDOMAIN:
            continue
        owner, found = follow(answer, name, A)
        if found:
            return text(owner), found
        what = "nodata"
    raise Failed(what)


async def host_name(sys: Sys, ip: int) -> bytes:
    """The name that an address has in DNS. Failed."""
    name = reverse_name(ip)
    answer = await query(sys, name, PTR, await config(sys))
    _, found = follow(answer, name, PTR)
    if not found:
        raise Failed("noname")
    return text(found[0])


def follow(answer: Message, name: Name, type: int) -> tuple[Name, list[Any]]:
    """The owner at the end of an answer's chain of CNAMEs, and its data of a type."""
    for _ in range(CHAIN):
        wanted = fold(name)
        data = [r.data for r in answer.answers if r.type == type and fold(r.name) == wanted]
        if data:
            return name, data
        alias = next(
            (r.data for r in answer.answers if r.type == CNAME and fold(r.name) == wanted), None
        )
        if alias is None:
            break
        name = alias
    return name, []


def text(name: Name) -> bytes:
    """A name as hosts are called, without the final dot."""
    return ".".join(map(label_text, name)).encode() or b"."

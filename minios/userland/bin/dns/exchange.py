"""Asking the servers of a lookup, one after the other, and saying what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC
from minios.abi.inet import ip_text
from minios.abi.sys import Sys
from minios.net.wire.dns import SERVFAIL, TC, Message
from minios.userland.lib.net.dnsclient import Unanswered, exchange, exchange_tcp

SECOND = 1_000_000_000

REASONS: dict[int, str] = {
    Errno.ECONNREFUSED: "connection refused", Errno.ENETUNREACH: "network unreachable",
    Errno.EHOSTUNREACH: "host unreachable", Errno.ETIMEDOUT: "timed out",
    Errno.ECONNRESET: "connection reset", Errno.EPERM: "permission denied",
    Errno.EACCES: "permission denied", Errno.EADDRNOTAVAIL: "address not available",
}  # fmt: skip


@dataclass(slots=True)
class Server:
    """A name server, and what the user called it."""

    ip: int
    port: int
    name: str

    @property
    def text(self) -> str:
        return f"{ip_text(self.ip)}#{self.port}"


@dataclass(slots=True)
class Reply:
    """An answer, its octets, where it came from and in how many ns."""

    message: Message
    size: int
    server: Server
    took: int
    tcp: bool


class Unreached(Exception):
    """No server answered; why is among the notes."""


@dataclass(slots=True)
class Asker:
    """How servers are asked. ``timeout`` in seconds; ``notes`` are lines printed on the way."""

    sys: Sys
    servers: list[Server]
    timeout: int = 5
    tries: int = 3
    tcp: bool = False
    ignore: bool = False
    source: tuple[int, int] | None = None
    notes: list[str] = field(default_factory=list)
    told: bool = False
    """Whether the notes say already that no server could be reached."""

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.told = text == ";; no servers could be reached"

    async def ask(self, query: Message, name: str) -> Reply:
        """The first answer; after SERVFAIL the next server is asked too. Unreached.

        The first server is asked ``tries`` times, each other once, as dig does it.
        """
        failed: Reply | None = None
        for at, server in enumerate(self.servers):
            for _ in range(self.tries if at == 0 else 1):
                reply = await self._try(server, query, name, self.tcp)
                if reply is not None:
                    break
            if reply is not None:
                failed = reply
                if reply.message.rcode != SERVFAIL:
                    return reply
        if failed is not None:
            return failed
        raise Unreached

    async def _try(self, server: Server, query: Message, name: str, tcp: bool) -> Reply | None:
        start = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        call = exchange_tcp if tcp else exchange
        timeout = self.timeout * SECOND
        try:
            answer, size = await call(
                self.sys, (server.ip, server.port), query, timeout, self.source
            )
        except Unanswered:
            self.note(f";; communications error to {server.text}: timed out")
            return None
        except OSError as err:
            reason = REASONS.get(err.errno or 0, "unexpected error")
            where = f"{server.text}({server.name}) for {name}"
            if tcp:
                self.note(f";; Connection to {where} failed: {reason}.")
                self.note(";; no servers could be reached")
            elif err.errno in (Errno.ENETUNREACH, Errno.EADDRNOTAVAIL, Errno.EACCES):
                self.note(f";; UDP setup with {where} failed: {reason}.")
                self.note(";; no servers could be reached")
            else:
                self.note(f";; communications error to {server.text}: {reason}")
            return None
        took = await self.sys.clock_gettime(CLOCK_MONOTONIC) - start
        if answer.flags & TC and not tcp and not self.ignore:
            self.note(";; Truncated, retrying in TCP mode.")
            return await self._try(server, query, name, True)
        return Reply(answer, size, server, took, tcp)

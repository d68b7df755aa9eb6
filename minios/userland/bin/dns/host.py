"""host: what DNS knows of a name, a sentence a record (BIND 9.18)."""

from __future__ import annotations

from minios.abi.inet import parse_ip
from minios.net.wire.dns import (
    AAAA,
    ANY,
    AXFR,
    CNAME,
    IN,
    MX,
    NS,
    NXDOMAIN,
    PTR,
    RD,
    A,
    Message,
    Name,
    Question,
    Record,
)
from minios.net.wire.dnstext import (
    name_text,
    parse_class,
    parse_type,
    rcode_text,
    rdata_text,
    reverse_name,
    type_text,
)
from minios.userland.bin.dns.exchange import SECOND, Asker, Reply, Server, Unreached
from minios.userland.bin.dns.render import header_lines, question_line, record_line, without_opt
from minios.userland.lib.net import resolver
from minios.userland.lib.net.dnsclient import Unanswered, new_id, transfer
from minios.userland.lib.net.gai import GaiError, resolve
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain

USAGE = """
Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]
       -a is equivalent to -v -t ANY
       -A is like -a but omits RRSIG, NSEC, NSEC3
       -c specifies query class for non-IN data
       -d is equivalent to -v
       -l lists all hosts in a domain, using AXFR
       -N changes the number of dots allowed before root lookup is done
       -p specifies the port on the server to query
       -r disables recursive processing
       -R specifies number of retries for UDP packets
       -s a SERVFAIL response should stop query
       -t specifies the query type
       -T enables TCP/IP mode
       -U enables UDP mode
       -v enables verbose output
       -V print version number and exit
       -w specifies to wait forever for a reply
       -W specifies how long to wait for a reply
       -4 use IPv4 query transport only
       -6 use IPv6 query transport only
"""

_PHRASES = {
    "A": "has address", "AAAA": "has IPv6 address", "CNAME": "is an alias for", "MX":
    "mail is handled by", "NS": "name server", "PTR": "domain name pointer",
    "TXT": "descriptive text", "HINFO": "host information", "SOA": "has SOA record",
    "SRV": "has SRV record",
}  # fmt: skip
FOREVER = 1 << 20


def sentence(record: Record) -> str:
    """A record as host says it."""
    kind = type_text(record.type)
    phrase = _PHRASES.get(kind, f"has {kind} record")
    name = name_text(record.name).rstrip(".") or "."
    return f"{name} {phrase} {rdata_text(record.type, record.data)}"


@program(USAGE, "aACc:dilm:N:p:rR:st:TUvVwW:46")
async def host(tool: Tool) -> int:
    """host(1)."""
    options = tool.options
    if "V" in options:
        await complain(tool.sys, b"host 9.18.49-1~deb12u3-Debian")
        return 0
    if not 1 <= len(tool.operands) <= 2:
        await complain(tool.sys, USAGE.strip().encode())
        return 1
    return await Host(tool).run()


class Host:
    """One run of host."""

    __slots__ = ("asker", "chosen", "cls", "header", "ndots", "recurse", "tool", "type", "verbose")

    def __init__(self, tool: Tool) -> None:
        options = tool.options
        self.tool = tool
        self.verbose = any(flag in options for flag in ("a", "A", "d", "v"))
        self.type: int | None = ANY if "a" in options or "A" in options else None
        self.chosen = self.type is not None
        self.cls = IN
        self.recurse = "r" not in options
        self.header: list[str] = []
        self.ndots: int | None = None
        self.asker = Asker(tool.sys, [])

    async def put(self, *lines: str) -> None:
        for line in lines:
            await self.tool.line(line.encode("latin-1"))

    def _number(self, flag: str, usual: int) -> int:
        text = self.tool.options.last(flag) or b""
        return int(text) if text.isdigit() and len(text) < 9 else usual

    async def run(self) -> int:
        options, operands = self.tool.options, self.tool.operands
        if (text := options.last("t")) is not None:
            self.type = parse_type(text.decode("latin-1").partition("=")[0])
            if self.type is None:
                await complain(self.tool.sys, b"host: invalid type: " + text + b"\n")
                return 1
            self.chosen = True
        if (text := options.last("c")) is not None:
            cls = parse_class(text.decode("latin-1"))
            if cls is None:
                await complain(self.tool.sys, b"host: invalid class: " + text + b"\n")
                return 1
            self.cls = cls
        asker = self.asker
        asker.timeout = FOREVER if "w" in options else self._number("W", 5)
        asker.tries = self._number("R", 1) + 1
        asker.tcp = "T" in options
        self.ndots = self._number("N", 1) if "N" in options else None
        port = self._number("p", 53)
        if len(operands) == 2:
            server = operands[1].decode("latin-1")
            try:
                ip = await resolve(self.tool.sys, operands[1])
            except GaiError:
                text = f"host: couldn't get address for '{server}': not found".encode("latin-1")
                await complain(self.tool.sys, text)
                return 1
            asker.servers = [Server(ip, port, server)]
            self.header = [
                "Using domain server:", f"Name: {server}",
                f"Address: {asker.servers[0].text}", "Aliases: ", "",
            ]  # fmt: skip
        else:
            settings = await resolver.config(self.tool.sys)
            asker.servers = [Server(ip, port, "") for ip in settings.servers]
        return await self._named(operands[0].decode("latin-1"))

    async def _named(self, text: str) -> int:
        try:
            ip = parse_ip(text)
        except ValueError:
            pass
        else:
            if not self.chosen:
                self.type, self.chosen = PTR, True
            name = reverse_name(ip)
            return await self._ask([name], self.type or PTR, name_text(name))
        try:
            settings = await resolver.config(self.tool.sys)
            if self.ndots is not None:
                settings.ndots = self.ndots
            names = resolver.candidates(text.encode("latin-1"), settings)
        except resolver.Failed:
            await complain(self.tool.sys, f"host: '{text}' is not a legal name".encode("latin-1"))
            return 1
        if "l" in self.tool.options:
            return await self._list(names[0])
        if self.type is not None:
            return await self._ask(names, self.type, text)
        return await self._ask(names, A, text)

    async def _ask(self, names: list[Name], type: int, text: str) -> int:
        """Ask for each name until one is there; without -t go on to other types."""
        for number, name in enumerate(names):
            reply = await self._one(name, type)
            if reply is None:
                return 1
            if reply.message.rcode == NXDOMAIN and number + 1 < len(names):
                continue
            break
        assert reply is not None
        await self._header()
        message = reply.message
        if message.rcode:
            shown = text
            if message.rcode != NXDOMAIN:
                shown = name_text(name).rstrip(".") or "."
            code = f"{message.rcode}({rcode_text(message.rcode)})"
            await self.put(f"Host {shown} not found: {code}")
            return 1
        await self._answer(reply, name, type, self.chosen)
        if self.chosen:
            return 0
        for record in message.answers:
            if record.type == CNAME:
                name = record.data
        for other in (AAAA, MX):
            again = await self._one(name, other)
            if again is None:
                return 1
            if not again.message.rcode:
                await self._answer(again, name, other, False)
        return 0

    async def _header(self) -> None:
        await self.put(*self.header)
        self.header = []

    async def _one(self, name: Name, type: int) -> Reply | None:
        shown = name_text(name).rstrip(".") or "."
        if self.verbose:
            await self.put(f'Trying "{shown}"')
        query = Message(
            await new_id(self.tool.sys), RD if self.recurse else 0, [Question(name, type, self.cls)]
        )
        self.asker.notes.clear()
        self.asker.told = False
        try:
            reply = await self.asker.ask(query, shown)
        except Unreached:
            await self.put(*self.asker.notes)
            if not self.asker.told:
                await self.put(";; no servers could be reached")
            return None
        await self.put(*self.asker.notes)
        return reply

    async def _answer(self, reply: Reply, name: Name, type: int, explicit: bool) -> None:
        message = reply.message
        if self.verbose:
            await self._whole(reply)
            return
        shown = name_text(name).rstrip(".") or "."
        wanted = [r for r in message.answers if type in (r.type, ANY) or r.type == CNAME]
        for record in wanted:
            await self.put(sentence(record))
        if explicit and not any(type in (r.type, ANY) for r in wanted):
            await self.put(f"{shown} has no {type_text(type)} record")

    async def _whole(self, reply: Reply) -> None:
        message = reply.message
        await self.put(*header_lines(message), "")
        if message.questions:
            await self.put(";; QUESTION SECTION:")
            await self.put(*(question_line(question) for question in message.questions), "")
        for title, records in (
            ("ANSWER", message.answers),
            ("AUTHORITY", message.authorities),
            ("ADDITIONAL", without_opt(message.additionals)),
        ):
            if records:
                await self.put(f";; {title} SECTION:")
                await self.put(*(record_line(record) for record in records), "")
        took = reply.took // 1_000_000
        await self.put(f"Received {reply.size} bytes from {reply.server.text} in {took} ms")

    async def _list(self, name: Name) -> int:
        """The hosts of a zone: its addresses, name servers and pointers."""
        await self._header()
        query = Message(await new_id(self.tool.sys), 0, [Question(name, AXFR)])
        server = self.asker.servers[0]
        shown = name_text(name).rstrip(".") or "."
        try:
            messages, _ = await transfer(
                self.tool.sys, (server.ip, server.port), query, self.asker.timeout * SECOND
            )
        except (OSError, Unanswered):
            text = f";; Connection to {server.text}({server.name}) for {shown} failed: "
            await self.put(text + "connection refused.", ";; no servers could be reached")
            return 1
        if any(message.rcode for message in messages):
            code = next(message.rcode for message in messages if message.rcode)
            await self.put(f"Host {shown} not found: {code}({rcode_text(code)})")
            await self.put("; Transfer failed.")
            return 1
        kinds = (A, AAAA, NS, PTR) if self.type is None else (self.type,)
        for message in messages:
            for record in message.answers:
                if record.type in kinds or ANY in kinds:
                    await self.put(sentence(record))
        return 0

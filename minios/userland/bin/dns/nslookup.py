"""nslookup: names and addresses, on the command line or in a conversation (BIND 9.18)."""

from __future__ import annotations

from minios.abi.inet import parse_ip
from minios.net.wire.dns import (
    AA,
    AAAA,
    CNAME,
    MX,
    NS,
    PTR,
    RD,
    SOA,
    SRV,
    TXT,
    A,
    Message,
    Name,
    Question,
    Record,
)
from minios.net.wire.dnstext import (
    class_text,
    ip6_text,
    name_text,
    parse_type,
    rcode_text,
    rdata_text,
    reverse_name,
    type_text,
)
from minios.userland.bin.dns.exchange import Asker, Reply, Server, Unreached
from minios.userland.lib.net import resolver
from minios.userland.lib.net.dnsclient import new_id
from minios.userland.lib.net.gai import GaiError, resolve
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import Reader, complain

USAGE = """
usage: nslookup [-type=TYPE] [-port=N] [-timeout=S] [-retry=N] [-debug] [NAME [SERVER]]
Without a name it reads from standard input: a name, "server NAME",
"set type=TYPE" or "exit".
"""


class Stop(Exception):
    """``str`` is said on standard error; the exit status is 1."""


@program(USAGE, None)
async def nslookup(tool: Tool) -> int:
    """nslookup(1)."""
    settings = await resolver.config(tool.sys)
    session = Session(tool, [Server(ip, 53, _ip(ip)) for ip in settings.servers])
    operands: list[str] = []
    try:
        for arg in (arg.decode("latin-1") for arg in tool.argv[1:]):
            if arg == "--help":
                await tool.line(USAGE.strip().encode())
                return 0
            if arg.startswith("-") and len(arg) > 1:
                await session.set(arg[1:])
            elif arg != "-":
                operands.append(arg)
        if len(operands) > 1 or (operands and "-" in [a.decode() for a in tool.argv[1:2]]):
            await session.use(operands[-1])
        if not operands or tool.argv[1:2] == [b"-"]:
            return await session.converse()
        await session.lookup(operands[0])
        await session.put("")
    except Stop as stop:
        await complain(tool.sys, str(stop).encode("latin-1"))
        return 1
    return session.status


def _ip(ip: int) -> str:
    return Server(ip, 0, "").text.partition("#")[0]


class Session:
    """Settings, and what has been said."""

    __slots__ = ("asker", "debug", "recurse", "search", "status", "tool", "type")

    def __init__(self, tool: Tool, servers: list[Server]) -> None:
        self.tool = tool
        self.asker = Asker(tool.sys, servers)
        self.type = A
        self.debug = False
        self.recurse = True
        self.search = True
        self.status = 0

    async def put(self, *lines: str) -> None:
        for line in lines:
            await self.tool.line(line.encode("latin-1"))

    async def use(self, name: str) -> None:
        """Ask this server from now on."""
        try:
            ip = await resolve(self.tool.sys, name.encode("latin-1"))
        except GaiError:
            raise Stop(f"nslookup: couldn't get address for '{name}': not found") from None
        self.asker.servers = [Server(ip, self.asker.servers[0].port, name)]

    async def set(self, text: str) -> None:
        """``type=MX``, ``port=53``, ``nodebug`` …"""
        word, _, value = text.partition("=")
        word = word.lower()
        if word in ("type", "ty", "querytype", "query", "qu", "q"):
            type = parse_type(value)
            if type is None:
                await self.put(f"unknown query type: {value}")
            else:
                self.type = type
        elif word in ("port", "po") and value.isdigit():
            for server in self.asker.servers:
                server.port = int(value) & 0xFFFF
        elif word in ("timeout", "ti") and value.isdigit():
            self.asker.timeout = max(int(value), 1)
        elif word in ("retry", "ret") and value.isdigit():
            self.asker.tries = max(int(value), 1)
        elif word in ("debug", "deb", "nodebug", "nodeb"):
            self.debug = not word.startswith("no")
        elif word in ("recurse", "norecurse"):
            self.recurse = not word.startswith("no")
        elif word in ("vc", "novc"):
            self.asker.tcp = not word.startswith("no")
        elif word in ("search", "nosearch"):
            self.search = not word.startswith("no")
        elif word not in ("all", "class", "cl", "domain", "ndots", "d2", "nod2", "fail", "nofail"):
            await self.put(f"*** Invalid option: {text}")

    async def converse(self) -> int:
        reader = Reader(self.tool.sys, 0)
        typing = await self.tool.sys.isatty(0)
        while True:
            if typing:
                self.tool.out.put(b"> ")
                await self.tool.out.flush()
            line = await reader.line()
            if not line:
                return self.status
            words = line.decode("latin-1").split()
            if not words:
                continue
            if words[0] == "exit":
                return self.status
            try:
                if words[0] == "set" and len(words) > 1:
                    for word in words[1:]:
                        await self.set(word)
                elif words[0] in ("server", "lserver") and len(words) > 1:
                    await self.use(words[1])
                    server = self.asker.servers[0]
                    await self.put(f"Default server: {server.name}", f"Address: {server.text}")
                else:
                    if len(words) > 1:
                        await self.use(words[1])
                    await self.lookup(words[0])
            except Stop as stop:
                await complain(self.tool.sys, str(stop).encode("latin-1"))
            await self.tool.out.flush()

    # -- a lookup --------------------------------------------------------------------------------

    async def lookup(self, text: str) -> None:
        try:
            names, types = [reverse_name(parse_ip(text))], [PTR]
        except ValueError:
            settings = await resolver.config(self.tool.sys)
            if not self.search:
                settings.search = []
            try:
                names = resolver.candidates(text.encode("latin-1"), settings)
            except resolver.Failed:
                raise Stop(f"nslookup: '{text}' is not a legal name") from None
            types = [A, AAAA] if self.type == A else [self.type]
        told = False
        for type in types:
            reply, name = await self._ask(names, type)
            if reply is None:
                self.status = 1
                return
            names = [name]
            told = await self._tell(reply, name, type, type == types[0], told)
            if reply.message.rcode:
                return

    async def _ask(self, names: list[Name], type: int) -> tuple[Reply | None, Name]:
        reply: Reply | None = None
        for name in names:
            shown = name_text(name).rstrip(".") or "."
            query = Message(
                await new_id(self.tool.sys), RD if self.recurse else 0, [Question(name, type)]
            )
            self.asker.notes.clear()
            self.asker.told = False
            try:
                reply = await self.asker.ask(query, shown)
            except Unreached:
                await self.put(*self.asker.notes)
                if not self.asker.told:
                    await self.put(";; no servers could be reached")
                return None, name
            await self.put(*self.asker.notes)
            if reply.message.rcode != 3:
                break
        return reply, name

    async def _tell(self, reply: Reply, name: Name, type: int, first: bool, told: bool) -> bool:
        """Print an answer; whether addresses have been shown."""
        message = reply.message
        shown = name_text(name).rstrip(".") or "."
        if first and type != PTR:
            server = reply.server
            await self.put(f"Server:\t\t{server.name}", f"Address:\t{server.text}", "")
        if self.debug:
            await self._debug(message)
        if message.rcode:
            await self.put(f"** server can't find {shown}: {rcode_text(message.rcode)}")
            self.status = 1
            return told
        addresses = type in (A, AAAA)
        if addresses and not first and not message.answers:
            return told
        if first and not message.flags & AA and type != PTR:
            await self.put("Non-authoritative answer:")
        if not message.answers:
            await self.put(f"*** Can't find {shown}: No answer")
        for record in message.answers:
            if not first and record.type == CNAME:
                continue
            await self.put(*_lines(record))
        if not addresses and not message.flags & AA:
            await self.put("", "Authoritative answers can be found from:")
            for record in message.authorities:
                await self.put(*_lines(record))
            for record in message.additionals:
                if record.type in (A, AAAA):
                    shown = name_text(record.name).rstrip(".")
                    await self.put(f"{shown}{_details(record)[0]}")
        return True

    async def _debug(self, message: Message) -> None:
        await self.put("------------", "    QUESTIONS:")
        for question in message.questions:
            shown = name_text(question.name).rstrip(".") or "."
            kind, cls = type_text(question.type), class_text(question.cls)
            await self.put(f"\t{shown}, type = {kind}, class = {cls}")
        for title, records in (
            ("ANSWERS", message.answers),
            ("AUTHORITY RECORDS", message.authorities),
            ("ADDITIONAL RECORDS", message.additionals),
        ):
            await self.put(f"    {title}:")
            for record in records:
                await self.put(f"    ->  {name_text(record.name).rstrip('.') or '.'}")
                await self.put(*_details(record), f"\tttl = {record.ttl}")
        await self.put("------------")


def _value(record: Record) -> str:
    names = {
        CNAME: "canonical name", NS: "nameserver", PTR: "name", MX: "mail exchanger", TXT: "text",
        SRV: "service",
    }  # fmt: skip
    text = rdata_text(record.type, record.data)
    kind = names.get(record.type)
    if kind is None:
        named = type_text(record.type)
        kind = f"rdata_{record.type}" if named.startswith("TYPE") else named.lower()
    return f"{kind} = {text}"


def _soa(data: tuple[object, ...]) -> list[str]:
    origin, mail = (name_text(part).rstrip(".") for part in data[:2])  # type: ignore[arg-type]
    titles = ("serial", "refresh", "retry", "expire", "minimum")
    return [
        f"\torigin = {origin}",
        f"\tmail addr = {mail}",
        *(f"\t{title} = {value}" for title, value in zip(titles, data[2:], strict=True)),
    ]


def _lines(record: Record) -> list[str]:
    shown = name_text(record.name).rstrip(".") or "."
    if record.type == A:
        return [f"Name:\t{shown}", f"Address: {rdata_text(A, record.data)}"]
    if record.type == AAAA:
        return [f"Name:\t{shown}", f"Address: {ip6_text(record.data)}"]
    if record.type == SOA:
        return [shown, *_soa(record.data)]
    return [f"{shown}\t{_value(record)}"]


def _details(record: Record) -> list[str]:
    if record.type == A:
        return [f"\tinternet address = {rdata_text(A, record.data)}"]
    if record.type == AAAA:
        return [f"\thas AAAA address {ip6_text(record.data)}"]
    if record.type == SOA:
        return _soa(record.data)
    return [f"\t{_value(record)}"]

"""dig: ask name servers and print what they answer, whole (BIND 9.18)."""

from __future__ import annotations

from minios.abi.flags import CLOCK_MONOTONIC, CLOCK_REALTIME
from minios.abi.sys import Sys
from minios.net.wire.dns import (
    AA,
    AD,
    AXFR,
    CD,
    DO,
    NS,
    OPT,
    RA,
    RD,
    Message,
    Name,
    Question,
    Record,
    parse_name,
)
from minios.net.wire.dnstext import rdata_text
from minios.userland.bin.dns.digoptions import (
    HELP,
    MORE,
    USAGE,
    BadUsage,
    Command,
    Fatal,
    Lookup,
    Warned,
    read,
)
from minios.userland.bin.dns.exchange import REASONS, SECOND, Asker, Reply, Server, Unreached
from minios.userland.bin.dns.render import (
    COOKIE,
    FULL,
    MULTILINE,
    SHORTER,
    header_lines,
    opt_lines,
    question_line,
    record_line,
    without_opt,
)
from minios.userland.lib.calendar import strftime
from minios.userland.lib.net import resolver
from minios.userland.lib.net.dnsclient import Unanswered, new_id, transfer
from minios.userland.lib.net.gai import GaiError, resolve
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why

VERSION = "9.18.49-1~deb12u3-Debian"
NO_SERVER, FAILED = 9, 10
"""Exit statuses (dig(1))."""
TRACE_LIMIT = 20
"""Referrals that +trace follows."""


@program(HELP, None)
async def dig(tool: Tool) -> int:
    """dig(1)."""
    args = [arg.decode("latin-1") for arg in tool.argv[1:]]
    try:
        command = await _command(tool, args)
        if command.answer == "help":
            tool.out.put(HELP.encode())
            return 0
        if command.answer == "version":
            await complain(tool.sys, b"DiG " + VERSION.encode())
            return 0
        return await Dig(tool, command, args).run()
    except BadUsage as err:
        await tool.out.flush()
        await complain(tool.sys, f"{err}\n{USAGE}\n{MORE}".rstrip("\n").encode("latin-1"))
        return 1
    except Fatal as err:
        await tool.out.flush()
        await complain(tool.sys, f"dig: {err}".encode("latin-1"))
        return err.status


async def _command(tool: Tool, args: list[str]) -> Command:
    """Read the arguments, and the file of -f, a line of which is a command line."""
    while True:
        try:
            command = read(args)
            break
        except Warned as warning:
            await tool.line(str(warning).encode("latin-1"))
            bad = str(warning).rpartition(" ")[2]
            at = next(i for i, arg in enumerate(args) if arg.endswith(bad))
            del args[at - (args[at] == bad) : at + 1]
    if command.batch is not None:
        try:
            text = await read_file(tool.sys, command.batch.encode("latin-1"))
        except OSError as err:
            raise Fatal(f"{command.batch}: {why(err).decode().lower()}") from None
        others = [arg for arg in args if arg.startswith(("@", "+"))]
        for line in text.decode("latin-1").splitlines():
            if line.strip() and not line.startswith((";", "#")):
                command.lookups += read([*others, *line.split()]).lookups
    return command


class Dig:
    """One run of dig."""

    __slots__ = ("args", "command", "cookie", "sys", "tool")

    def __init__(self, tool: Tool, command: Command, args: list[str]) -> None:
        self.tool = tool
        self.sys: Sys = tool.sys
        self.command = command
        self.args = args
        self.cookie = b""

    async def put(self, *lines: str) -> None:
        for line in lines:
            await self.tool.line(line.encode("latin-1"))

    async def run(self) -> int:
        status = 0
        for number, lookup in enumerate(self.command.lookups):
            status = max(status, await self._lookup(lookup, number == 0))
        return status

    # -- one lookup ------------------------------------------------------------------------------

    async def _lookup(self, lookup: Lookup, first: bool) -> int:
        servers = await self._servers(lookup)
        greeting = self._greeting(lookup) if first else []
        if lookup.trace:
            return await self._trace(lookup, servers, greeting)
        if lookup.asked == AXFR:
            return await self._transfer(lookup, servers[0], greeting)
        asker = Asker(
            self.sys, servers, lookup.timeout, lookup.tries, lookup.over_tcp, lookup.ignore,
            lookup.source,
        )  # fmt: skip
        names = await self._names(lookup)
        for number, name in enumerate(names):
            query = await self._query(lookup, name)
            if lookup.qr:
                await self.put(*greeting)
                greeting = []
                await self._sending(lookup, query)
            try:
                reply = await asker.ask(query, str(lookup.name))
            except Unreached:
                await self.put(*asker.notes)
                if not asker.told:
                    await self.put(*greeting, ";; no servers could be reached")
                return NO_SERVER
            await self.put(*asker.notes)
            if reply.message.rcode == 3 and number + 1 < len(names):
                continue
            break
        await self.put(*greeting)
        await self._print(lookup, reply)
        return 0

    def _greeting(self, lookup: Lookup) -> list[str]:
        if not self.command.greet:
            return []
        words = " ".join(self.args)
        lines = ["", f"; <<>> DiG {VERSION} <<>> {words}"]
        if lookup.servers:
            lines.append("; (1 server found)")
        return [*lines, ";; global options: +cmd"]

    async def _servers(self, lookup: Lookup) -> list[Server]:
        """Those of @server, else of /etc/resolv.conf. Fatal for a name without address."""
        found: list[Server] = []
        for name in lookup.servers:
            try:
                ip = await resolve(self.sys, name.encode("latin-1"))
            except GaiError as err:
                reason = {-3: "try again", -2: "not found", -5: "not found"}.get(
                    err.code, "failure"
                )
                raise Fatal(f"couldn't get address for '{name}': {reason}", 1) from None
            found.append(Server(ip, lookup.port, name))
        if not found:
            settings = await resolver.config(self.sys)
            for ip in settings.servers:
                server = Server(ip, lookup.port, "")
                server.name = server.text.partition("#")[0]
                found.append(server)
        return found

    async def _names(self, lookup: Lookup) -> list[Name]:
        text = str(lookup.name)
        try:
            name = parse_name(text)
            if not lookup.search or text.endswith("."):
                return [name]
            settings = await resolver.config(self.sys)
            if lookup.domain is not None:
                settings.search = [lookup.domain.encode("latin-1")]
            if lookup.ndots is not None:
                settings.ndots = lookup.ndots
            return resolver.candidates(text.encode("latin-1"), settings)
        except ValueError as err:
            raise Fatal(f"'{text}' is not a legal name ({err})") from None
        except resolver.Failed:
            raise Fatal(f"'{text}' is not a legal name (bad name)") from None

    async def _query(self, lookup: Lookup, name: Name) -> Message:
        flags = (
            (RD if lookup.recurse else 0) | (AD if lookup.ad else 0)
            | (CD if lookup.cd else 0) | (AA if lookup.aa else 0)
        )  # fmt: skip
        query = Message(await new_id(self.sys), flags, [Question(name, lookup.asked, lookup.cls)])
        if lookup.edns:
            data = b""
            if lookup.cookie:
                if not self.cookie:
                    self.cookie = await self.sys.getrandom(8)
                data = COOKIE.to_bytes(2) + (8).to_bytes(2) + self.cookie
            ttl = DO if lookup.dnssec else 0
            query.additionals.append(Record((), OPT, ttl, data, lookup.bufsize))
        return query

    # -- what is printed -------------------------------------------------------------------------

    async def _sending(self, lookup: Lookup, query: Message) -> None:
        if lookup.comments:
            await self.put(";; Sending:")
        await self._message(lookup, query, True)
        if lookup.comments:
            await self.put(f";; QUERY SIZE: {query.length}", "")

    async def _print(self, lookup: Lookup, reply: Reply) -> None:
        message, took = reply.message, self._time(lookup, reply)
        if lookup.short:
            for record in message.answers:
                text = rdata_text(record.type, record.data)
                if lookup.identify:
                    text += f" from server {reply.server.text.partition('#')[0]} in {took[1]}."
                await self.put(text)
            return
        if lookup.comments:
            await self.put(";; Got answer:")
        await self._message(lookup, message)
        where = f"{reply.server.text}({reply.server.name})"
        if lookup.stats:
            await self._stats(lookup, reply, f"MSG SIZE  rcvd: {reply.size}")
        elif lookup.identify:
            await self.put(f";; Received {reply.size} bytes from {where} in {took[1]}", "")

    async def _stats(self, lookup: Lookup, reply: Reply, size: str) -> None:
        when = strftime(
            b"%a %b %d %H:%M:%S %Z %Y", await self.sys.clock_gettime(CLOCK_REALTIME)
        ).decode()
        await self.put(
            f";; Query time: {self._time(lookup, reply)[0]}",
            f";; SERVER: {reply.server.text}({reply.server.name}) "
            f"({'TCP' if reply.tcp else 'UDP'})",
            f";; WHEN: {when}",
            f";; {size}",
            "",
        )

    async def _transfer(self, lookup: Lookup, server: Server, greeting: list[str]) -> int:
        """A whole zone."""
        query = Message(
            await new_id(self.sys), 0, [Question((await self._names(lookup))[0], AXFR, lookup.cls)]
        )
        start = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        address = server.ip, server.port
        try:
            messages, size = await transfer(self.sys, address, query, lookup.timeout * SECOND)
        except Unanswered:
            await self.put(f";; communications error to {server.text}: timed out")
            return NO_SERVER
        except OSError as err:
            reason = REASONS.get(err.errno or 0, "unexpected error")
            where = f"{server.text}({server.name}) for {lookup.name}"
            await self.put(f";; Connection to {where} failed: {reason}.")
            await self.put(";; no servers could be reached")
            return NO_SERVER
        took = await self.sys.clock_gettime(CLOCK_MONOTONIC) - start
        await self.put(*greeting)
        if any(message.rcode for message in messages) or not messages[0].answers:
            await self.put("; Transfer failed.")
            return 0
        records = [record for message in messages for record in message.answers]
        await self.put(*(record_line(record) for record in records))
        if lookup.stats:
            reply = Reply(messages[0], size, server, took, True)
            count = f"(messages {len(messages)}, bytes {size})"
            await self._stats(lookup, reply, f"XFR size: {len(records)} records {count}")
        return 0

    def _time(self, lookup: Lookup, reply: Reply) -> tuple[str, str]:
        if lookup.usec:
            return f"{reply.took // 1000} usec", f"{reply.took // 1000} us"
        return f"{reply.took // 1_000_000} msec", f"{reply.took // 1_000_000} ms"

    async def _message(self, lookup: Lookup, message: Message, sending: bool = False) -> None:
        columns = FULL
        if lookup.multiline:
            columns = MULTILINE
        elif not lookup.ttl or not lookup.cls_shown:
            columns = SHORTER
        if lookup.comments:
            await self.put(*header_lines(message))
            if not sending and message.flags & RD and not message.flags & RA:
                await self.put(";; WARNING: recursion requested but not available")
            await self.put("")
            if (opt := message.opt) is not None:
                await self.put(*opt_lines(opt, b"" if sending else self.cookie))
        if lookup.question and message.questions:
            if lookup.comments:
                await self.put(";; QUESTION SECTION:")
            await self.put(*(question_line(question, columns) for question in message.questions))
            if lookup.comments:
                await self.put("")
        for name, shown, records in (
            ("ANSWER", lookup.answer, message.answers),
            ("AUTHORITY", lookup.authority, message.authorities),
            ("ADDITIONAL", lookup.additional, without_opt(message.additionals)),
        ):
            if not shown or not records:
                continue
            if lookup.comments:
                await self.put(f";; {name} SECTION:")
            for record in records:
                line = record_line(
                    record, columns, ttl=lookup.ttl, cls=lookup.cls_shown, units=lookup.units,
                    multiline=lookup.multiline,
                )  # fmt: skip
                await self.put(line)
            if lookup.comments:
                await self.put("")

    # -- +trace ----------------------------------------------------------------------------------

    async def _trace(self, lookup: Lookup, servers: list[Server], greeting: list[str]) -> int:
        """Follow the delegations from the root, printing what each server says."""
        step = lookup.clone()
        step.type, step.recurse, step.ad = NS, True, True
        name: Name = ()
        wanted = (await self._names(lookup))[0]
        for _ in range(TRACE_LIMIT):
            asker = Asker(
                self.sys, servers, lookup.timeout, lookup.tries, lookup.over_tcp, lookup.ignore,
                lookup.source,
            )  # fmt: skip
            query = await self._query(step, name)
            try:
                reply = await asker.ask(query, str(lookup.name))
            except Unreached:
                await self.put(*asker.notes)
                if not asker.told:
                    await self.put(*greeting, ";; no servers could be reached")
                return NO_SERVER
            await self.put(*asker.notes, *greeting)
            greeting = []
            await self._message(lookup, reply.message)
            where = f"{reply.server.text}({reply.server.name})"
            await self.put(
                f";; Received {reply.size} bytes from {where} in {self._time(lookup, reply)[1]}", ""
            )
            message = reply.message
            records = message.answers if name == () and step.type == NS else message.authorities
            referral = [record.data for record in records if record.type == NS]
            first = step.recurse
            if not referral or (not first and (message.answers or message.flags & AA)):
                return 0
            servers = []
            for host in referral:
                text = resolver.text(host) + b"."
                try:
                    ip = await resolve(self.sys, text.rstrip(b"."))
                except GaiError:
                    reason = f"couldn't get address for '{text.decode()}': not found"
                    await complain(self.sys, f"dig: {reason}".encode())
                    continue
                servers.append(Server(ip, lookup.port, text.decode().rstrip(".")))
            if not servers:
                raise Fatal("couldn't get address for any name server")
            name, step.type, step.recurse = wanted, lookup.type, False
        return 0

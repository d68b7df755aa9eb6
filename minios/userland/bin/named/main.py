"""named: its sockets, its zones, its log, and what signals do."""

from __future__ import annotations

from contextlib import suppress

from minios.abi.errno import Errno
from minios.abi.flags import O_CLOEXEC, POLLIN
from minios.abi.inet import IP_PKTINFO, IPPROTO_IP, ip_text
from minios.abi.signals import Sig
from minios.abi.sockets import Message as Received
from minios.abi.sockets import PacketInfo
from minios.abi.sys import Sys
from minios.net.wire.dns import AXFR, FORMERR, NS, QR, RD, A, Message, fold
from minios.net.wire.dnstext import class_text, name_text, type_text
from minios.net.wire.malformed import Malformed
from minios.userland.bin.named.answer import UDP_SIZE, Answerer
from minios.userland.bin.named.cache import Cache
from minios.userland.bin.named.config import PATH, BadConfig, Config, ZoneConfig, load
from minios.userland.bin.named.masterfile import BadFile
from minios.userland.bin.named.recursor import Recursor
from minios.userland.bin.named.roots import ROOTS
from minios.userland.bin.named.transfer import batches, fetch
from minios.userland.bin.named.zone import BadZone, Zone
from minios.userland.bin.named.zonefile import load_zone
from minios.userland.lib.net.daemon import ERR, INFO, NOTICE, WARNING, Log, background, tcp, udp
from minios.userland.lib.net.interfaces import networks
from minios.userland.lib.net.stream import Stream
from minios.userland.lib.net.tasks import Loop, ready
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file, why

USAGE = """
usage: named [-4fgv] [-c conffile] [-p port]
The name server: authoritative for the zones of named.conf, resolving the rest
for those who may ask for it.

  -c FILE   the configuration (/etc/bind/named.conf)
  -f        stay in the foreground
  -g        the same, and log to standard error
  -p PORT   another port than 53, also where other servers are asked
  -v        print the version
"""

VERSION = b"BIND 9.18.49-1~deb12u3-Debian (Extended Support Version) <id:minios>"
SECOND = 1_000_000_000
TCP_CLIENTS = 150
TCP_IDLE = 30 * SECOND
RECURSIVE_CLIENTS = 1000
QUERY_CYCLES = 400
"""CPU that a query takes, beside its system calls."""
BLOCK = 65535
SET_BYTES = 300
"""Memory asked for per set in the cache."""
ZONE_BYTES = 2
"""Memory asked for per byte of a master file."""


@program(USAGE, "46c:fgp:u:vd:n:t:")
async def named(tool: Tool) -> int:
    """named(8)."""
    options = tool.options
    if "v" in options:
        await tool.line(VERSION)
        return 0
    foreground = "f" in options or "g" in options
    port = options.last("p")
    if port is not None and (not port.isdigit() or int(port) > 65535):
        raise Failure(b"port '" + port + b"' out of range", 1)
    path = options.last("c") or PATH
    if tool.operands:
        raise Failure(b"extra command line arguments", 1)
    number = int(port) if port else None
    if foreground:
        return await Server(tool.sys, tool, path, number, "g" in options).run()
    reader, writer = await tool.sys.pipe(O_CLOEXEC)
    await background(tool.sys, _child, path, number, writer)
    await tool.sys.close(writer)
    # The child says when it serves; if it cannot, it ends without a word.
    return 0 if await tool.sys.read(reader, 1) else 1


async def _child(sys: Sys, path: bytes, port: int | None, started: int) -> int:
    tool = Tool(sys, [b"named"], {})
    return await Server(sys, tool, path, port, False).run(started)


class Server:
    """The process."""

    def __init__(self, sys: Sys, tool: Tool, path: bytes, port: int | None, stderr: bool) -> None:
        self.sys = sys
        self.tool = tool
        self.path = path
        self.port = port
        self.log = Log(sys, b"named", stderr=stderr, stamp=b"%d-%b-%Y %H:%M:%S.%3N ")
        self.loop = Loop(sys)
        self.config = Config()
        self.recursor = Recursor(sys, self.loop, Cache())
        self.answerer = Answerer(sys, self.config, self.recursor, b"")
        self.connections = 0
        self.recursing = 0
        self.retained = 0
        self.cached = 0

    async def read(self, path: bytes) -> bytes:
        if not path.startswith(b"/"):
            path = self.config.directory.encode("latin-1") + b"/" + path
        return await read_file(self.sys, path, 4 << 20)

    # -- start, reload, stop ---------------------------------------------------------------------

    async def run(self, started: int = -1) -> int:
        """Serve; ``started`` is a pipe to say so."""
        sys, log = self.sys, self.log
        await log.say("starting " + VERSION.decode(), NOTICE)
        if not await self.configure():
            return 1
        self.answerer.secret = await sys.getrandom(16)
        addresses = self.config.listen if self.config.listen is not None else [0]
        port = self.config.port
        for ip in addresses:
            try:
                datagrams = await udp(sys, (ip, port))
                listener = await tcp(sys, (ip, port), 10)
            except OSError as err:
                where = f"{ip_text(ip)}#{port}"
                text = f"could not listen on UDP socket: {where}: {why(err).decode().lower()}"
                await log.say(text, ERR)
                continue
            with suppress(OSError):
                await sys.setsockopt(datagrams, IPPROTO_IP, IP_PKTINFO, 1)
            self.loop.start(self.serve_udp, datagrams)
            self.loop.start(self.serve_tcp, listener)
        if not len(self.loop) and addresses:
            await log.say("exiting (due to fatal error)", ERR)
            return 1
        await self.loop.on_signal(Sig.SIGHUP, self.hangup)
        await self.loop.on_signal(Sig.SIGTERM, self.terminate)
        await self.loop.on_signal(Sig.SIGINT, self.terminate)
        await log.say("all zones loaded", NOTICE)
        await log.say("running", NOTICE)
        if started >= 0:
            await sys.write(started, b"1")
            await sys.close(started)
        await self.loop.run()
        await log.say("exiting", NOTICE)
        return 0

    async def terminate(self) -> None:
        await self.log.say("shutting down")
        self.loop.stop()

    async def hangup(self) -> None:
        await self.log.say("received SIGHUP signal to reload zones")
        if await self.configure(again=True):
            await self.log.say("reloading zones succeeded")
            await self.log.say("all zones loaded", NOTICE)
        else:
            await self.log.say("reloading configuration failed", ERR)

    async def configure(self, again: bool = False) -> bool:
        """Read the configuration and the zones; with an error the old ones stay."""
        log = self.log
        shown = self.path.decode("latin-1")
        await log.say(f"loading configuration from '{shown}'")
        try:
            config = await load(self.path, self.read)
        except BadConfig as err:
            await log.say(str(err), ERR)
            await log.say("loading configuration: failure", ERR)
            return False
        except OSError as err:
            await log.say(f"open: {shown}: {why(err).decode().lower()}", ERR)
            await log.say(f"loading configuration: {why(err).decode().lower()}", ERR)
            return False
        if self.port is not None:
            config.port = self.port
        self.config = config
        old, self.answerer = (
            self.answerer,
            Answerer(self.sys, config, self.recursor, (await self.sys.uname()).nodename),
        )
        self.answerer.secret = old.secret
        self.answerer.nets = await networks(self.sys)
        recursor = self.recursor
        recursor.cache.max_ttl, recursor.cache.max_ncache = (
            config.max_cache_ttl, config.max_ncache_ttl,
        )  # fmt: skip
        recursor.forwarders = {}
        recursor.local, recursor.local_hosts = {}, {}
        if config.forwarders:
            recursor.forwarders[()] = config.forwarders
        recursor.forward_only = config.forward_only
        recursor.port = self.port or 53
        recursor.hints = list(ROOTS)
        for zone in config.zones:
            await self._zone(zone, old)
        return True

    async def _zone(self, zone: ZoneConfig, old: Answerer) -> None:
        name = fold(zone.name)
        if zone.kind == "forward":
            self.recursor.forwarders[name] = zone.forwarders
            return
        if zone.kind == "secondary":
            self.answerer.acls[name] = zone.allow_query, zone.allow_transfer
            loaded = await self._fetch(zone)
        else:
            loaded = await self._load(zone)
        if loaded is None:
            if name in old.zones:
                self.answerer.zones[name] = old.zones[name]
            return
        if zone.kind == "hint":
            found = [
                (record.data, glue.data)
                for record in loaded.get((), NS)
                for glue in loaded.get(record.data, A)
            ]
            self.recursor.hints = found or self.recursor.hints
            return
        self.answerer.zones[name] = loaded
        self.answerer.acls[name] = zone.allow_query, zone.allow_transfer
        shown = name_text(zone.name).rstrip(".") or "."
        await self.log.say(f"zone {shown}/IN: loaded serial {loaded.serial}")

    async def _load(self, zone: ZoneConfig) -> Zone | None:
        """A zone from its file; None, and why in the log, if it cannot be served."""
        shown = name_text(zone.name).rstrip(".") or "."
        try:
            loaded, size = await load_zone(zone.name, zone.file, self.read, self.log)
            if zone.kind == "primary":
                loaded.check()
        except BadFile as err:
            await self.log.say(f"dns_master_load: {err}", ERR)
            reason = str(err).rpartition(": ")[2]
        except BadZone as err:
            await self.log.say(f"zone {shown}/IN: {err}", ERR)
            await self.log.say(f"zone {shown}/IN: not loaded due to errors.", ERR)
            return None
        except OSError as err:
            reason = "file not found" if err.errno == Errno.ENOENT else why(err).decode().lower()
        else:
            grown = max(size * ZONE_BYTES - self.retained, 0)
            if grown:
                await self.tool.retain(grown)
                self.retained += grown
            return loaded
        text = f"zone {shown}/IN: loading from master file {zone.file} failed: {reason}"
        await self.log.say(text, ERR)
        await self.log.say(f"zone {shown}/IN: not loaded due to errors.", ERR)
        return None

    async def _fetch(self, zone: ZoneConfig) -> Zone | None:
        """A secondary's zone, by transfer from the first primary that gives it (RFC 5936)."""
        shown = name_text(zone.name).rstrip(".") or "."
        for ip in zone.primaries:
            where = f"{ip_text(ip)}#{self.recursor.port}"
            loaded = await fetch(self.sys, (ip, self.recursor.port), zone.name)
            if loaded is not None:
                text = f"transfer of '{shown}/IN' from {where}: Transfer status: success"
                await self.log.say(text)
                return loaded
            await self.log.say(f"transfer of '{shown}/IN' from {where}: failed", ERR)
        return None

    # -- clients ---------------------------------------------------------------------------------

    async def serve_udp(self, fd: int) -> None:
        """Every datagram is a question."""
        while True:
            await ready(fd, POLLIN)
            try:
                received = await self.sys.recvmsg(fd, BLOCK)
            except OSError:
                continue
            address = received.address
            asked = _asked(received)
            query = _parse(received.data)
            if query is None:
                continue
            if isinstance(query, bytes):
                await self._send(fd, query, address, asked)
            elif query.flags & RD and self.answerer.may_recurse(address[0]):
                # What takes others' answers goes on beside everything else.
                if self.recursing < RECURSIVE_CLIENTS:
                    self.recursing += 1
                    self.loop.start(self._reply_udp, fd, query, address, asked, True)
            else:
                await self._reply_udp(fd, query, address, asked, False)

    async def _reply_udp(
        self, fd: int, query: Message, address: tuple[int, int], asked: int, counted: bool
    ) -> None:
        reply = await self._answer(query, address, False)
        opt = query.opt
        limit = max(min(opt.cls, UDP_SIZE), 512) if opt is not None else 512
        await self._send(fd, reply.pack(limit), address, asked)
        if counted:
            self.recursing -= 1
        await self._account()

    async def _account(self) -> None:
        """Take memory for what the cache has grown by."""
        grown = len(self.recursor.cache) * SET_BYTES - self.cached
        if grown > 0:
            await self.tool.retain(grown)
            self.cached += grown

    async def _send(self, fd: int, data: bytes, address: tuple[int, int], asked: int) -> None:
        """Answer from the address that was asked: of several, no other would be believed."""
        try:
            if asked:
                control = ((IPPROTO_IP, IP_PKTINFO, PacketInfo(0, asked, 0)),)
                await self.sys.sendmsg(fd, data, address=address, control=control)
            else:
                await self.sys.sendto(fd, data, address)
        except OSError as err:
            where = f"{ip_text(address[0])}#{address[1]}"
            await self.log.say(f"client {where}: error sending response: {why(err).decode()}", INFO)

    async def serve_tcp(self, fd: int) -> None:
        while True:
            await ready(fd, POLLIN)
            try:
                connection, address = await self.sys.accept(fd)
            except OSError:
                continue
            if self.connections >= TCP_CLIENTS:
                await self.sys.close(connection)
                await self.log.say("TCP client quota reached: quota reached", WARNING)
                continue
            self.connections += 1
            self.loop.start(self._converse, connection, address)

    async def _converse(self, fd: int, address: tuple[int, int]) -> None:
        """Questions over a connection, each with its length in front."""
        stream = Stream(self.sys, fd, TCP_IDLE, task=True)
        try:
            while True:
                size = int.from_bytes(await stream.exactly(2))
                query = _parse(await stream.exactly(size))
                if not isinstance(query, Message):
                    break
                reply = await self._answer(query, address, True)
                for part in batches(reply):
                    data = part.pack()
                    await stream.write(len(data).to_bytes(2) + data)
        except (OSError, EOFError):
            pass
        self.connections -= 1
        await self.sys.close(fd)

    async def _answer(self, query: Message, address: tuple[int, int], over_tcp: bool) -> Message:
        await self.sys.compute(QUERY_CYCLES)
        if self.config.querylog and query.questions:
            await self._log_query(query, address, over_tcp)
        kinds = [question.type for question in query.questions]
        if over_tcp and kinds == [AXFR] and not query.opcode:
            return self.answerer.transfer(query, address[0])
        return await self.answerer.answer(query, address[0])

    async def _log_query(self, query: Message, address: tuple[int, int], over_tcp: bool) -> None:
        question = query.questions[0]
        name = name_text(question.name).rstrip(".") or "."
        marks = "+" if query.flags & RD else "-"
        marks += "E(0)" if query.opt is not None else ""
        marks += "T" if over_tcp else ""
        await self.log.say(
            f"client {ip_text(address[0])}#{address[1]} ({name}): query: {name} "
            f"{class_text(question.cls)} {type_text(question.type)} {marks}"
        )


def _asked(received: Received) -> int:
    """The address of this machine that a datagram was sent to; 0 if nobody says."""
    for level, kind, value in received.control:
        if (level, kind) == (IPPROTO_IP, IP_PKTINFO) and isinstance(value, PacketInfo):
            return value.spec_dst
    return 0


def _parse(data: bytes) -> Message | bytes | None:
    """A query; the answer to what is none, or nothing for what deserves none."""
    try:
        query = Message.parse(data)
    except Malformed:
        if len(data) < 12 or data[2] & 0x80:
            return None
        return Message(int.from_bytes(data[:2]), QR, rcode=FORMERR).pack()
    return None if query.flags & QR else query

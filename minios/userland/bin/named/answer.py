"""What a client is told: from zones, from the cache, or by asking others."""

from __future__ import annotations

from hashlib import blake2b

from minios.abi.flags import CLOCK_MONOTONIC
from minios.abi.sys import Sys
from minios.net.wire.dns import (
    AA,
    ANY,
    AXFR,
    BADVERS,
    CD,
    CHAOS,
    CNAME,
    DO,
    FORMERR,
    IN,
    IXFR,
    MX,
    NOERROR,
    NOTIMP,
    NS,
    NXDOMAIN,
    OPT,
    QR,
    QUERY,
    RA,
    RD,
    REFUSED,
    SRV,
    TXT,
    A,
    Message,
    Name,
    Question,
    Record,
    fold,
)
from minios.userland.bin.named.cache import GLUE, Cache
from minios.userland.bin.named.config import Acl, Config
from minios.userland.bin.named.recursor import Outcome, Recursor
from minios.userland.bin.named.zone import CHAIN, Zone

UDP_SIZE = 1232
"""What is told to clients, and the most that is sent over UDP (max-udp-size)."""
COOKIE = 10
"""EDNS option (RFC 7873)."""


class Answerer:
    """Everything an answer is made of."""

    def __init__(self, sys: Sys, config: Config, recursor: Recursor, hostname: bytes) -> None:
        self.sys = sys
        self.config = config
        self.recursor = recursor
        self.cache: Cache = recursor.cache
        self.hostname = hostname
        self.zones: dict[Name, Zone] = {}
        self.acls: dict[Name, tuple[Acl | None, Acl | None]] = {}
        """Of a zone: who may ask and who may have it all."""
        self.nets: list[tuple[int, int]] = []
        self.secret = b""

    def zone_of(self, name: Name) -> Zone | None:
        """The deepest zone here that a name is in."""
        lower = fold(name)
        for at in range(len(lower) + 1):
            zone = self.zones.get(lower[at:])
            if zone is not None:
                return zone
        return None

    def may_recurse(self, ip: int) -> bool:
        config = self.config
        return (
            config.recursion
            and config.allow_recursion.allows(ip, self.nets)
            and config.allow_query.allows(ip, self.nets)
        )

    async def answer(self, query: Message, client: int) -> Message:
        """The response to a query of ``client``'s address, without regard to its size."""
        recurse = self.may_recurse(client)
        flags = QR | query.flags & (RD | CD) | (RA if recurse else 0)
        reply = Message(query.id, flags, query.questions, opcode=query.opcode)
        opt = query.opt
        if opt is not None:
            reply.additionals.append(self._opt(opt, client))
            if opt.ttl >> 16 & 255:
                reply.rcode = BADVERS
                reply.additionals[0].ttl = (BADVERS >> 4) << 24
                return reply
        if query.opcode != QUERY:
            reply.rcode = NOTIMP
            return reply
        if len(query.questions) != 1:
            reply.rcode = FORMERR
            return reply
        question = query.questions[0]
        if question.cls == CHAOS:
            self._chaos(reply, question)
        elif question.cls not in (IN, ANY):
            reply.rcode = REFUSED
        elif question.type in (AXFR, IXFR):
            # Transfers are the server's business, over TCP only.
            reply.rcode = FORMERR if question.type == AXFR else NOTIMP
        else:
            await self._question(reply, question, client, bool(query.flags & RD) and recurse)
        return reply

    def _opt(self, opt: Record, client: int) -> Record:
        data = b""
        sent = opt.data if isinstance(opt.data, bytes) else b""
        while len(sent) >= 4:
            code, size = int.from_bytes(sent[:2]), int.from_bytes(sent[2:4])
            if code == COOKIE and 8 <= size <= 40 and len(sent) >= 4 + size:
                mine = (
                    sent[4:12]
                    + blake2b(
                        sent[4:12] + client.to_bytes(4), key=self.secret, digest_size=16
                    ).digest()
                )
                data = COOKIE.to_bytes(2) + len(mine).to_bytes(2) + mine
            sent = sent[4 + size :]
        return Record((), OPT, opt.ttl & DO, data, UDP_SIZE)

    def _chaos(self, reply: Message, question: Question) -> None:
        name = fold(question.name)
        texts = {
            (b"version", b"bind"): self.config.version.encode("latin-1"),
            (b"hostname", b"bind"): self.hostname,
            (b"id", b"server"): self.hostname,
        }
        if name not in texts or question.type not in (TXT, ANY):
            reply.rcode = REFUSED
            return
        reply.flags |= AA
        reply.answers.append(Record(question.name, TXT, 0, (texts[name][:255],), CHAOS))

    async def _question(
        self, reply: Message, question: Question, client: int, recurse: bool
    ) -> None:
        zone = self.zone_of(question.name)
        acl = self.config.allow_query
        if zone is not None:
            acl = self.acls.get(fold(zone.name), (None, None))[0] or acl
        if not acl.allows(client, self.nets):
            reply.rcode = REFUSED
        elif zone is not None:
            await self._local(reply, zone, question, recurse)
        elif recurse:
            self._outcome(reply, await self.recursor.resolve(question.name, question.type))
            await self._additional(reply, None)
        elif reply.flags & RA:
            await self._from_cache(reply, question)
        else:
            reply.rcode = REFUSED

    def _outcome(self, reply: Message, outcome: Outcome) -> None:
        reply.rcode = outcome.rcode
        reply.answers += outcome.answers
        reply.authorities += outcome.authorities

    async def _local(self, reply: Message, zone: Zone, question: Question, recurse: bool) -> None:
        """From zones, following aliases into others of ours."""
        name = question.name
        current: Zone | None = zone
        for step in range(CHAIN):
            if current is None:
                break
            found = current.find(name, question.type)
            if found.kind == "referral" and recurse:
                # Somebody else's names, below ours: ask them.
                self._seed(current, found.records)
                self._outcome(reply, await self.recursor.resolve(name, question.type))
                await self._additional(reply, current)
                return
            if step == 0 and found.kind != "referral":
                reply.flags |= AA
            if found.kind == "cname":
                reply.answers += found.records
                name = found.records[0].data
                current = self.zone_of(name)
                continue
            if found.kind == "referral":
                reply.authorities += found.records
                self._glue(reply, current, found.records)
            elif found.kind == "answer":
                reply.answers += found.records
                minimal = self.config.minimal
                if minimal is False or (minimal is None and not recurse):
                    self._authority(reply, current, question)
                if minimal is not True:
                    await self._additional(reply, current)
            else:
                if found.kind == "nxdomain":
                    reply.rcode = NXDOMAIN
                reply.authorities.append(current.negative_soa())
            return
        if recurse:
            self._outcome(reply, await self.recursor.resolve(name, question.type))

    def _authority(self, reply: Message, zone: Zone, question: Question) -> None:
        if question.type in (NS, ANY) and fold(question.name) == fold(zone.name):
            return
        reply.authorities += zone.get(zone.name, NS)

    def _seed(self, zone: Zone, cut: list[Record]) -> None:
        """Let the recursor know a delegation in a zone of ours."""
        self.recursor.hint(cut, [r for ns in cut for r in zone.get(ns.data, A)])

    async def _additional(self, reply: Message, zone: Zone | None) -> None:
        """Addresses of the hosts that the answer names, as far as they are known."""
        hosts: dict[Name, Name] = {}
        for record in (*reply.answers, *reply.authorities):
            if record.type in (NS, MX, SRV) and not isinstance(record.data, bytes):
                host = record.data if record.type == NS else record.data[-1]
                hosts[fold(host)] = host
        if not hosts:
            return
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        answered = {fold(r.name): True for r in reply.answers if r.type == A}
        opts = reply.additionals
        for lower, host in hosts.items():
            if lower in answered:
                continue
            local = self.zone_of(host)
            if local is not None:
                opts += local.get(host, A)
            elif zone is None:
                entry = self.cache.get(host, A, now)
                if entry is not None and not entry.negative:
                    opts += self.cache.aged(entry, now)

    def _glue(self, reply: Message, zone: Zone, cut: list[Record]) -> None:
        for record in cut:
            reply.additionals += zone.get(record.data, A)

    async def _from_cache(self, reply: Message, question: Question) -> None:
        """For who may recurse and does not want to: what is known, else the way there."""
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        for kind in (question.type, CNAME):
            entry = self.cache.get(question.name, kind, now)
            if entry is None or (kind != question.type and entry.negative):
                continue
            records = self.cache.aged(entry, now)
            if entry.negative:
                reply.rcode = NXDOMAIN if entry.negative == "nxdomain" else NOERROR
                reply.authorities += records
            else:
                reply.answers += records
            return
        name = fold(question.name)
        for at in range(len(name) + 1):
            entry = self.cache.get(name[at:], NS, now, GLUE)
            if entry is not None and not entry.negative:
                reply.authorities += self.cache.aged(entry, now)
                break
        else:
            reply.authorities += [Record((), NS, 518400, host) for host, _ in self.recursor.hints]
        for record in reply.authorities:
            glue = self.cache.get(record.data, A, now, GLUE)
            if glue is not None and not glue.negative:
                reply.additionals += self.cache.aged(glue, now)

    def transfer(self, query: Message, client: int) -> Message:
        """The whole of a zone (RFC 5936), or why not."""
        question = query.questions[0]
        reply = Message(query.id, QR | AA, query.questions)
        zone = self.zones.get(fold(question.name))
        if zone is None:
            reply.flags &= ~AA
            reply.rcode = 9
            return reply
        acl = self.acls.get(fold(zone.name), (None, None))[1] or self.config.allow_transfer
        if not acl.allows(client, self.nets):
            reply.flags &= ~AA
            reply.rcode = REFUSED
            return reply
        records = zone.records()
        reply.answers = [*records, records[0]]
        return reply

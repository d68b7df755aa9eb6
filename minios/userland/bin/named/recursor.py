"""Resolution on a client's behalf: from the root down, or through forwarders (RFC 1034 §5.3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.flags import CLOCK_MONOTONIC
from minios.abi.sys import Sys
from minios.net.wire.dns import (
    AA,
    ANY,
    CNAME,
    FORMERR,
    IN,
    NOERROR,
    NS,
    NXDOMAIN,
    OPT,
    RD,
    SERVFAIL,
    SOA,
    TC,
    A,
    Message,
    Name,
    Question,
    Record,
    fold,
)
from minios.userland.bin.named.cache import ANSWER, AUTHORITY, GLUE, SECOND, Cache
from minios.userland.lib.net.dnsclient import Unanswered, exchange, exchange_tcp, new_id
from minios.userland.lib.net.tasks import Loop, Promise

MILLISECOND = 1_000_000
FIRST_TIMEOUT = 800 * MILLISECOND
TOTAL = 10 * SECOND
"""How long a question may take (resolver-query-timeout)."""
QUERIES = 50
"""Queries sent for one question (max-recursion-queries)."""
DEPTH = 7
"""Name servers' names that are looked up on the way to another's (max-recursion-depth)."""
CHAIN = 16
REFERRALS = 30
ROUNDS = 3
EDNS_SIZE = 1232
KNOWN_SERVERS = 1024
SERVFAIL_TTL = SECOND


@dataclass(slots=True)
class Outcome:
    """What became of a question: the chain of aliases with the answer, or an SOA that denies it."""

    rcode: int
    answers: list[Record] = field(default_factory=list)
    authorities: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Work:
    """What is left for a question: time and queries."""

    deadline: int
    queries: int = QUERIES


def within(name: Name, zone: Name) -> bool:
    """Whether ``name`` is ``zone`` or below it; both folded."""
    return name[len(name) - len(zone) :] == zone if len(name) >= len(zone) else False


class Recursor:
    """Finds answers and remembers them. ``hints`` are the root's servers, (name, address)."""

    def __init__(self, sys: Sys, loop: Loop, cache: Cache) -> None:
        self.sys = sys
        self.loop = loop
        self.cache = cache
        self.hints: list[tuple[Name, int]] = []
        self.forwarders: dict[Name, list[tuple[int, int]]] = {}
        self.forward_only = False
        self.local: dict[Name, list[Name]] = {}
        self.local_hosts: dict[Name, dict[int, bool]] = {}
        self.port = 53
        self._rtt: dict[tuple[int, int], int] = {}
        self._pending: dict[tuple[Name, int], Promise] = {}
        self._failed: dict[tuple[Name, int], int] = {}
        self.sent = 0
        """Queries sent so far."""

    async def resolve(self, name: Name, type: int) -> Outcome:
        """The answer to a question; several who ask the same wait for one answer."""
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        key = fold(name), type
        if self._failed.get(key, 0) > now:
            return Outcome(SERVFAIL)
        pending = self._pending.get(key)
        if pending is not None:
            outcome: Outcome = await pending.wait()
            return outcome
        promise = self._pending[key] = Promise()
        outcome = await self._chain(name, type, Work(now + TOTAL), 0)
        del self._pending[key]
        if outcome.rcode == SERVFAIL:
            if len(self._failed) >= KNOWN_SERVERS:
                self._failed.clear()
            self._failed[key] = await self.sys.clock_gettime(CLOCK_MONOTONIC) + SERVFAIL_TTL
        self.loop.keep(promise, outcome)
        return outcome

    async def _chain(self, name: Name, type: int, work: Work, depth: int) -> Outcome:
        """Follow aliases to the end."""
        answers: list[Record] = []
        for _ in range(CHAIN):
            outcome = await self._one(name, type, work, depth)
            answers += outcome.answers
            last = outcome.answers[-1] if outcome.answers else None
            if last is None or last.type != CNAME or type in (CNAME, ANY):
                return Outcome(outcome.rcode, answers, outcome.authorities)
            name = last.data
        return Outcome(SERVFAIL)

    async def _one(self, name: Name, type: int, work: Work, depth: int) -> Outcome:
        known = await self._cached(name, type)
        if known is not None:
            return known
        zone, servers = self._forwarded(name)
        if servers:
            outcome = await self._forward(zone, servers, name, type, work)
            if outcome is not None or self.forward_only:
                return outcome or Outcome(SERVFAIL)
        return await self._iterate(name, type, work, depth)

    async def _cached(self, name: Name, type: int) -> Outcome | None:
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        for kind in (type, CNAME):
            entry = self.cache.get(name, kind, now)
            if entry is None or (kind != type and entry.negative):
                continue
            records = self.cache.aged(entry, now)
            if entry.negative:
                rcode = NXDOMAIN if entry.negative == "nxdomain" else NOERROR
                return Outcome(rcode, [], records)
            return Outcome(NOERROR, records)
        return None

    def hint(self, cut: list[Record], glue: list[Record]) -> None:
        """A delegation that stands in a zone of the server's own."""
        self.local[fold(cut[0].name)] = [record.data for record in cut]
        for record in glue:
            self.local_hosts.setdefault(fold(record.name), {})[record.data] = True

    # -- forwarders ------------------------------------------------------------------------------

    def _forwarded(self, name: Name) -> tuple[Name, list[tuple[int, int]]]:
        lower = fold(name)
        for at in range(len(lower) + 1):
            servers = self.forwarders.get(lower[at:])
            if servers is not None:
                return lower[at:], servers
        return (), []

    async def _forward(
        self, zone: Name, servers: list[tuple[int, int]], name: Name, type: int, work: Work
    ) -> Outcome | None:
        reply = await self._ask(servers, name, type, RD, work)
        if reply is None or reply.rcode not in (NOERROR, NXDOMAIN):
            return None
        kind, outcome = await self._take(reply, zone, name, type)
        return outcome if kind != "referral" else None

    # -- from the root down ----------------------------------------------------------------------

    async def _iterate(self, name: Name, type: int, work: Work, depth: int) -> Outcome:
        zone, servers = await self._closest(name)
        for _ in range(REFERRALS):
            addresses = await self._addresses(servers, work, depth)
            if not addresses:
                return Outcome(SERVFAIL)
            reply = await self._ask(addresses, name, type, 0, work, zone)
            if reply is None:
                return Outcome(SERVFAIL)
            kind, outcome = await self._take(reply, zone, name, type)
            if kind != "referral":
                return outcome
            zone = fold(outcome.authorities[0].name)
            servers = [record.data for record in outcome.authorities]
        return Outcome(SERVFAIL)

    async def _closest(self, name: Name) -> tuple[Name, list[Name]]:
        """The nearest zone above a name whose servers are known."""
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        lower = fold(name)
        for at in range(len(lower) + 1):
            entry = self.cache.get(lower[at:], NS, now, GLUE)
            if entry is not None and not entry.negative:
                return lower[at:], [record.data for record in entry.records]
            if lower[at:] in self.local:
                return lower[at:], self.local[lower[at:]]
        return (), [host for host, _ in self.hints]

    async def _addresses(
        self, servers: list[Name], work: Work, depth: int
    ) -> list[tuple[int, int]]:
        """Addresses of name servers: those that are known, else the first that can be found."""
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        found: list[tuple[int, int]] = []
        missing: list[Name] = []
        for host in servers[:16]:
            entry = self.cache.get(host, A, now, GLUE)
            if entry is not None:
                found += [(r.data, self.port) for r in entry.records if r.type == A]
                continue
            hinted = [(ip, self.port) for other, ip in self.hints if fold(other) == fold(host)]
            hinted += [(ip, self.port) for ip in self.local_hosts.get(fold(host), ())]
            found += hinted
            if not hinted:
                missing.append(host)
        if not found and depth < DEPTH:
            for host in missing:
                outcome = await self._chain(host, A, work, depth + 1)
                found += [(r.data, self.port) for r in outcome.answers if r.type == A]
                if found or work.queries <= 0:
                    break
        return list(dict.fromkeys(found))

    async def _ask(
        self,
        servers: list[tuple[int, int]],
        name: Name,
        type: int,
        flags: int,
        work: Work,
        zone: Name | None = None,
    ) -> Message | None:
        """The first useful answer; the server that has been quickest is asked first.

        With ``zone`` given, an answer that neither has authority nor leads further down is lame.
        """
        timeout = FIRST_TIMEOUT
        lame: dict[tuple[int, int], bool] = {}
        for _ in range(ROUNDS):
            for server in sorted(servers, key=lambda s: self._rtt.get(s, 0)):
                now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
                left = work.deadline - now
                if server in lame:
                    continue
                if left <= 0 or work.queries <= 0:
                    return None
                work.queries -= 1
                reply = await self._send(server, name, type, flags, min(timeout, left))
                if reply is None:
                    self._remember(server, max(self._rtt.get(server, 0) * 2, timeout))
                    continue
                took = await self.sys.clock_gettime(CLOCK_MONOTONIC) - now
                old = self._rtt.get(server, took)
                self._remember(server, (old * 7 + took * 3) // 10)
                if reply.rcode not in (NOERROR, NXDOMAIN) or (
                    zone is not None and _lame(reply, zone, name)
                ):
                    lame[server] = True
                    continue
                return reply
            if len(lame) == len(servers):
                return None
            timeout *= 2
        return None

    def _remember(self, server: tuple[int, int], rtt: int) -> None:
        if len(self._rtt) >= KNOWN_SERVERS:
            del self._rtt[next(iter(self._rtt))]
        self._rtt[server] = min(rtt, TOTAL)

    async def _send(
        self, server: tuple[int, int], name: Name, type: int, flags: int, timeout: int
    ) -> Message | None:
        query = Message(await new_id(self.sys), flags, [Question(name, type)])
        query.additionals.append(Record((), OPT, 0, b"", EDNS_SIZE))
        self.sent += 1
        try:
            reply, _ = await exchange(self.sys, server, query, timeout, task=True)
            if reply.rcode == FORMERR and reply.opt is None:
                # A server that does not know EDNS is asked without (RFC 6891 §7).
                query.additionals.clear()
                reply, _ = await exchange(self.sys, server, query, timeout, task=True)
            if reply.flags & TC:
                reply, _ = await exchange_tcp(self.sys, server, query, timeout, task=True)
        except (OSError, Unanswered):
            return None
        return reply

    # -- reading answers -------------------------------------------------------------------------

    async def _take(self, reply: Message, zone: Name, name: Name, type: int) -> tuple[str, Outcome]:
        """Remember what an answer says and sort it: ``done``, or ``referral``.

        Only what the asked server may speak of counts: names below its zone (RFC 5452 §6).
        """
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        cache = self.cache
        chain: list[Record] = []
        current = name
        for _ in range(CHAIN):
            wanted = fold(current)
            if not within(wanted, zone):
                break
            records = [r for r in reply.answers if fold(r.name) == wanted and r.cls == IN]
            answer = [r for r in records if type in (r.type, ANY)]
            if answer:
                self._store(answer, ANSWER, now)
                return "done", Outcome(NOERROR, chain + answer)
            alias = next((r for r in records if r.type == CNAME), None)
            if alias is None:
                break
            cache.put([alias], ANSWER, now)
            chain.append(alias)
            current = alias.data
        if chain:
            return "done", Outcome(NOERROR, chain)
        soa = next(
            (r for r in reply.authorities if r.type == SOA and within(fold(r.name), zone)), None
        )
        if reply.rcode == NXDOMAIN:
            cache.deny(name, type, soa, True, now)
            return "done", Outcome(NXDOMAIN, [], [soa] if soa else [])
        cut = _delegation(reply, zone, name)
        if soa is None and cut:
            self._store(cut, AUTHORITY, now)
            hosts = {fold(record.data): True for record in cut}
            for record in reply.additionals:
                owner = fold(record.name)
                if record.type == A and owner in hosts and within(owner, zone):
                    same = [r for r in reply.additionals if r.type == A and fold(r.name) == owner]
                    cache.put(same, GLUE, now)
            return "referral", Outcome(NOERROR, [], cut)
        cache.deny(name, type, soa, False, now)
        return "done", Outcome(NOERROR, [], [soa] if soa else [])

    def _store(self, records: list[Record], rank: int, now: int) -> None:
        """Remember records of one name, set by set."""
        sets: dict[int, list[Record]] = {}
        for record in records:
            sets.setdefault(record.type, []).append(record)
        for same in sets.values():
            self.cache.put(same, rank, now)


def _delegation(reply: Message, zone: Name, name: Name) -> list[Record]:
    """The NS records of a zone below ``zone`` and above ``name``."""
    lower = fold(name)
    for record in reply.authorities:
        owner = fold(record.name)
        if (
            record.type == NS
            and len(owner) > len(zone)
            and within(owner, zone)
            and within(lower, owner)
        ):
            return [r for r in reply.authorities if r.type == NS and fold(r.name) == owner]
    return []


def _lame(reply: Message, zone: Name, name: Name) -> bool:
    """Whether an answer neither has authority nor leads on."""
    if reply.flags & AA or reply.rcode == NXDOMAIN:
        return False
    return not _delegation(reply, zone, name)

"""ICMP in a host: errors that are sent, within limits, and messages that come in (RFC 792, RFC 1122
3.2.2, RFC 1812 4.3, icmp(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.inet import ip_text
from minios.net.drop import Drop
from minios.net.host.address import BROADCAST, multicast, zeronet
from minios.net.host.fib import TABLE_MAIN
from minios.net.host.netdev import GROUP
from minios.net.wire.icmp import (
    ECHO,
    ECHO_REPLY,
    FRAGMENTATION_NEEDED,
    ICMP,
    PARAMETER_PROBLEM,
    REDIRECT,
    SOURCE_QUENCH,
    TIME_EXCEEDED,
    TIMESTAMP,
    TIMESTAMP_REPLY,
    UNREACHABLE,
)
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed
from minios.sim.world import MILLISECOND, SECOND

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.route import Dst
    from minios.net.host.stack import Stack

ERRORS = (UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM)
"""Messages about another packet. No error is ever sent about one of these."""

ERROR_SIZE = 576
"""An error quotes as much as fits into this many bytes (RFC 1812 4.3.2.3)."""

PEERS = 1024
"""Destinations whose rate of errors is remembered."""

BURST = 6
"""How many errors a destination may be sent at once (XRLIM_BURST_FACTOR)."""

ROUTE_BURST = 5 * SECOND
"""net.ipv4.route.error_burst."""

REDIRECTS = 9
"""Redirects that a host may ignore before it gets no more for a while (redirect_number)."""
REDIRECT_LOAD = 20 * MILLISECOND
REDIRECT_SILENCE = 20480 * MILLISECOND

_OUT = {
    ECHO_REPLY: "IcmpOutEchoReps", UNREACHABLE: "IcmpOutDestUnreachs",
    SOURCE_QUENCH: "IcmpOutSrcQuenchs", REDIRECT: "IcmpOutRedirects", ECHO: "IcmpOutEchos",
    TIME_EXCEEDED: "IcmpOutTimeExcds", PARAMETER_PROBLEM: "IcmpOutParmProbs",
    TIMESTAMP: "IcmpOutTimestamps", TIMESTAMP_REPLY: "IcmpOutTimestampReps",
}  # fmt: skip
_IN = {number: name.replace("Out", "In", 1) for number, name in _OUT.items()}


class Icmp:
    """The protocol's part of a stack."""

    __slots__ = ("_global", "_peers", "_redirected", "stack")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._peers: dict[int, tuple[int, int]] = {}
        """Tokens (ns) left to a destination, and when they were counted."""
        self._global: tuple[int, int] | None = None
        self._redirected: dict[int, tuple[int, int]] = {}

    # -- errors that are sent --------------------------------------------------------------------

    def error(self, packet: IPv4, type: int, code: int, info: int = 0) -> None:
        """Tell the sender of ``packet`` what went wrong (RFC 1122 3.2.2 says about what not).

        ``info`` is the second word: the MTU or the gateway.
        """
        stack = self.stack
        src = packet.src
        if (
            packet.offset
            or zeronet(src)
            or multicast(src)
            or src == BROADCAST
            or multicast(packet.dst)
            or packet.dst == BROADCAST
        ):
            return
        frame = stack.receiving
        if frame is not None and frame.dst & GROUP:
            return
        if stack.is_broadcast(packet.dst) or stack.is_broadcast(src):
            return
        quoted = packet.payload
        if packet.proto == 1:
            kind = quoted.type if quoted.__class__ is ICMP else quoted[0] if quoted else 255
            if kind in ERRORS or kind > 18:
                return
        try:
            to = stack.routes.output(src, packet.dst if stack.is_local(packet.dst) else 0)
        except OSError:
            return
        if not self._allowed(type, code, to, src):
            return
        source = packet.dst if stack.is_local(packet.dst) else to.src
        if stack.sysctl["icmp_errors_use_inbound_ifaddr"] and not stack.is_local(packet.dst):
            dev = stack.input_device
            if dev is not None:
                source = stack.select_source(dev, src, 253) or source
        room = min(to.mtu, ERROR_SIZE) - 28
        message = ICMP(type, code, info, packet.pack()[:room])
        self._send(IPv4(source, src, 1, message, tos=packet.tos & 0x1E | 0xC0))

    def _allowed(self, type: int, code: int, to: Dst, peer: int) -> bool:
        """The token buckets of icmp_ratelimit, by destination, and icmp_msgs_per_sec, in all."""
        sysctl = self.stack.sysctl
        if type == UNREACHABLE and code == FRAGMENTATION_NEEDED:
            return True
        if not sysctl["icmp_ratemask"] >> type & 1 or to.dev.loopback:
            return True
        now = self.stack.world.now
        return self._of_all(now) and self._of_peer(now, peer)

    def _of_all(self, now: int) -> bool:
        sysctl = self.stack.sysctl
        burst = sysctl["icmp_msgs_burst"]
        tokens, since = self._global or (burst * SECOND, now)
        tokens = min(burst * SECOND, tokens + (now - since) * sysctl["icmp_msgs_per_sec"])
        ok = tokens >= SECOND
        self._global = (tokens - SECOND if ok else tokens, now)
        if not ok:
            self.stack.counters["IcmpOutRateLimitGlobal"] += 1
        return ok

    def _of_peer(self, now: int, peer: int) -> bool:
        limit = self.stack.sysctl["icmp_ratelimit"] * MILLISECOND
        if not limit:
            return True
        ok = self._take(now, peer, limit, BURST * limit)
        if not ok:
            self.stack.counters["IcmpOutRateLimitHost"] += 1
        return ok

    def _take(self, now: int, peer: int, cost: int, most: int) -> bool:
        """Whether a destination's bucket, of ``most`` ns, had ``cost`` ns left."""
        tokens, since = self._peers.pop(peer, (most, now))
        tokens = min(most, tokens + now - since)
        ok = tokens >= cost
        if len(self._peers) >= PEERS:
            del self._peers[next(iter(self._peers))]
        self._peers[peer] = (tokens - cost if ok else tokens, now)
        return ok

    def route_error(self, packet: IPv4, type: int, code: int) -> None:
        """Tell that there is no way on. These have a limit of their own before that of all errors,
        with the same bucket (ip_error: error_cost, error_burst)."""
        if self._take(self.stack.world.now, packet.src, SECOND, ROUTE_BURST):
            self.error(packet, type, code)

    def redirect(self, packet: IPv4, dst: Dst) -> None:
        """Tell a host of this link that it should ask another router (RFC 1812 4.3.3.2)."""
        now = self.stack.world.now
        src = packet.src
        count, last = self._redirected.pop(src, (0, -REDIRECT_SILENCE))
        if now - last > REDIRECT_SILENCE:
            count, last = 0, now - REDIRECT_SILENCE
        if count < REDIRECTS and (count == 0 or now - last > REDIRECT_LOAD << count):
            if len(self._redirected) >= PEERS:
                del self._redirected[next(iter(self._redirected))]
            self._redirected[src] = (count + 1, now)
            self.error(packet, REDIRECT, 1, dst.nexthop)
        else:
            self._redirected[src] = (count, now if count >= REDIRECTS else last)

    def _send(self, packet: IPv4) -> None:
        stack = self.stack
        packet.ttl = stack.sysctl["ip_default_ttl"]
        stack.counters["IcmpOutMsgs"] += 1
        name = _OUT.get(packet.payload.type)
        if name is not None:
            stack.counters[name] += 1
        stack.counters[f"IcmpMsgOutType{packet.payload.type}"] += 1
        trail = stack.trail
        if trail is not None:
            trail = trail.back()
            what = "error" if packet.payload.type in ERRORS else "answer"
            text = packet.payload.summary()
            trail.add(stack.world.now, stack.name, "network", what, text)
        stack.send_quietly(packet, trail)

    # -- messages that come in -------------------------------------------------------------------

    def receive(self, packet: IPv4, dev: NetDevice) -> None:
        """A message for this host."""
        stack = self.stack
        counters = stack.counters
        counters["IcmpInMsgs"] += 1
        message = packet.payload
        if message.__class__ is not ICMP:
            counters["IcmpInErrors"] += 1
            stack.drop(Drop.MALFORMED, packet, dev, "no ICMP message")
            return
        if message.checksum is not None and message.checksum != message.right():
            counters["IcmpInErrors"] += 1
            counters["IcmpInCsumErrors"] += 1
            stack.drop(Drop.CHECKSUM, packet, dev, "of the ICMP message")
            return
        kind = message.type
        counters[f"IcmpMsgInType{kind}"] += 1
        name = _IN.get(kind)
        if name is not None:
            counters[name] += 1
        if kind == ECHO:
            self._echo(packet, message, dev)
        elif kind == ECHO_REPLY:
            if stack.ping is not None:
                stack.ping.input(packet, dev)
        elif kind in ERRORS:
            self._error(packet, message, dev)
        elif kind == TIMESTAMP:
            self._timestamp(packet, message, dev)
        elif kind > 18:
            counters["IcmpInErrors"] += 1
            stack.drop(Drop.UNKNOWN_PROTOCOL, packet, dev, f"ICMP type {kind}")

    def _wide(self, packet: IPv4, dev: NetDevice) -> bool:
        """Whether it was sent to everybody, and is not to be answered then."""
        stack = self.stack
        if (multicast(packet.dst) or stack.is_broadcast(packet.dst)) and stack.sysctl[
            "icmp_echo_ignore_broadcasts"
        ]:
            stack.drop(Drop.BROADCAST, packet, dev, "icmp_echo_ignore_broadcasts is 1")
            return True
        return False

    def _echo(self, packet: IPv4, message: ICMP, dev: NetDevice) -> None:
        stack = self.stack
        if stack.sysctl["icmp_echo_ignore_all"]:
            stack.drop(Drop.FILTER_DROP, packet, dev, "icmp_echo_ignore_all is 1")
            return
        if self._wide(packet, dev):
            return
        self._answer(packet, ICMP(ECHO_REPLY, 0, message.rest, message.payload), dev)

    def _timestamp(self, packet: IPv4, message: ICMP, dev: NetDevice) -> None:
        """Milliseconds since midnight, three times (RFC 792)."""
        if self._wide(packet, dev):
            return
        if len(message.payload) < 12:
            self.stack.counters["IcmpInErrors"] += 1
            self.stack.drop(Drop.MALFORMED, packet, dev, "a timestamp request of too few bytes")
            return
        now = (self.stack.clock() // MILLISECOND % 86_400_000).to_bytes(4, "big")
        answer = ICMP(TIMESTAMP_REPLY, 0, message.rest, message.payload[:4] + now + now)
        self._answer(packet, answer, dev)

    def _answer(self, packet: IPv4, message: ICMP, dev: NetDevice) -> None:
        stack = self.stack
        source = packet.dst
        if not stack.is_local(source):
            source = stack.select_source(dev, packet.src, 253)
        self._send(IPv4(source, packet.src, 1, message, tos=packet.tos))

    def _error(self, packet: IPv4, message: ICMP, dev: NetDevice) -> None:
        """Something went wrong with a packet of ours: its protocol hears of it."""
        stack = self.stack
        try:
            quoted = quote(message.payload)
        except Malformed as err:
            stack.counters["IcmpInErrors"] += 1
            stack.drop(Drop.MALFORMED, packet, dev, str(err))
            return
        if not stack.is_local(quoted.src):
            # A forged one: we cannot have sent that packet.
            stack.drop(Drop.INVALID, packet, dev, f"about a packet of {ip_text(quoted.src)}")
            return
        info = message.rest
        kind, code = message.type, message.code
        if stack.is_broadcast(quoted.dst):
            # RFC 1122 3.2.2: nobody may send an error about a broadcast.
            if not stack.sysctl["icmp_ignore_bogus_error_responses"]:
                stack.warn(
                    f"icmp: {ip_text(packet.src)} sent an invalid ICMP type {kind}, code {code} "
                    f"error to a broadcast: {ip_text(quoted.dst)} on {dev.name}"
                )
            stack.drop(Drop.INVALID, packet, dev, "an error about a broadcast")
            return
        if kind == UNREACHABLE and code == FRAGMENTATION_NEEDED:
            if stack.sysctl["ip_no_pmtu_disc"]:
                return
            mtu = info & 0xFFFF or plateau(quoted.length)
            info = stack.routes.learn_mtu(quoted.dst, mtu)
        elif kind == REDIRECT:
            self._redirected_to(packet, quoted, info, dev)
            return
        handler = stack.icmp_errors.get(quoted.proto)
        if stack.raw is not None:
            raw = stack.icmp_errors.get(-1)
            if raw is not None:
                raw(kind, code, info, quoted, packet.src, dev)
        if handler is not None:
            handler(kind, code, info, quoted, packet.src, dev)

    def _redirected_to(self, packet: IPv4, quoted: IPv4, gateway: int, dev: NetDevice) -> None:
        """Whether to believe a redirect: RFC 1122 3.2.2.2, accept_redirects, secure_redirects."""
        stack = self.stack
        name = dev.name
        accepts = (
            stack.sysctl.both(name, "accept_redirects")
            if stack.forwards(dev)
            else stack.sysctl.either(name, "accept_redirects")
        )
        wrong = ""
        if not accepts:
            wrong = "accept_redirects is 0"
        elif gateway == packet.src or multicast(gateway) or zeronet(gateway):
            wrong = f"no gateway: {ip_text(gateway)}"
        elif not any(a.covers(gateway) for a in dev.addresses) or stack.is_local(gateway):
            wrong = f"{ip_text(gateway)} is not on the link"
        elif (
            not stack.sysctl.either(name, "shared_media")
            and stack.sysctl.both(name, "secure_redirects")
            and not any(
                route.gateway == gateway and route.dev is dev
                for route in stack.routes.table(TABLE_MAIN).prefix(0, 0)
            )
        ):
            wrong = f"{ip_text(gateway)} is no default gateway"
        else:
            try:
                now = stack.routes.output(quoted.dst)
            except OSError:
                wrong = "there is no route"
            else:
                if now.dev is not dev or now.nexthop != packet.src:
                    wrong = f"{ip_text(packet.src)} is not the gateway"
        if wrong:
            stack.drop(Drop.MARTIAN, packet, dev, wrong)
            return
        stack.routes.learn_gateway(quoted.dst, gateway)

    def state(self) -> Any:
        return (self._global, list(self._peers.items()), list(self._redirected.items()))


def plateau(length: int) -> int:
    """The next smaller usual MTU, for routers that do not tell theirs (RFC 1191 7.1)."""
    for size in (32000, 17914, 8166, 4352, 2002, 1492, 576, 296, 216, 128):
        if size < length:
            return size
    return 68


def quote(data: bytes) -> IPv4:
    """The header that an error quotes; its payload is what is there of the transport's, as bytes.

    ``length`` is that of the original packet. Malformed if less than 8 bytes of payload are there.
    """
    if len(data) < 28 or data[0] >> 4 != 4:
        raise Malformed(f"an error that quotes {len(data)} bytes")
    header = 4 * (data[0] & 15)
    if header < 20 or len(data) < header + 8:
        raise Malformed("an error that quotes too little")
    part = data[6] << 8 | data[7]
    packet = IPv4(
        int.from_bytes(data[12:16], "big"),
        int.from_bytes(data[16:20], "big"),
        data[9],
        bytes(data[header:]),
        data[8],
        data[4] << 8 | data[5],
        data[1],
        bool(part & 0x4000),
        bool(part & 0x2000),
        (part & 0x1FFF) << 3,
    )
    packet.length = data[2] << 8 | data[3]
    return packet

"""Primitives of a filter expression: addresses, networks, ports, protocols (pcap-filter(7))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minios.abi.inet import mask
from minios.net.wire.pcap import LINKTYPE_LINUX_SLL2
from minios.userland.bin.tcpdump import match
from minios.userland.bin.tcpdump.match import (
    ARP,
    IP,
    IP6,
    RARP,
    VLANS,
    Layout,
    Meta,
    Test,
    any_of,
    both,
    load,
)
from minios.userland.bin.tcpdump.tokens import SYNTAX, BadFilter, Token, UnknownName, tokens

PROTOCOLS = {
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "pim": 103, "vrrp": 112,
    "sctp": 132, "igrp": 9,
}  # fmt: skip
ETHERTYPES = {"ip": IP, "arp": ARP, "rarp": RARP, "ip6": IP6}
QUALIFIERS = frozenset({*ETHERTYPES, *PROTOCOLS, "ether"})
_ETHER_NAMES = {**ETHERTYPES, "loopback": 0x9000, "ipx": 0x8137, "aarp": 0x80F3, "atalk": 0x809B}
_PORTED = {"tcp": (6,), "udp": (17,), "sctp": (132,), "": (6, 17, 132)}
_WORD = 0xFFFF_FFFF
_DEPTH_MAX = 50
_PARTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Known:
    """Names that were looked up: addresses of hosts, and ports; None is a name nobody knows."""

    hosts: Mapping[str, list[int] | None]
    ports: Mapping[str, list[tuple[int, int]] | None]


@dataclass(frozen=True, slots=True)
class Head:
    """The qualifiers of an id."""

    proto: str = ""
    way: str = "or"
    type: str = ""


class Primitives:
    """A cursor over the tokens, and the tests that ids and names are."""

    def __init__(self, text: str, linktype: int, known: Known, netmask: int, live: bool) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.layout = Layout(linktype)
        self.known = known
        self.netmask = netmask
        self.live = live
        self.depth = 0
        self.parts = 0

    # -- reading -------------------------------------------------------------------------------

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def took(self, *texts: str) -> str:
        """The word or operator that is here, if it is one of these; else nothing is taken."""
        token = self.here
        if token.kind in ("word", "op") and token.text in texts:
            self.at += 1
            return token.text
        return ""

    def expect(self, text: str) -> None:
        if not self.took(text):
            raise BadFilter(SYNTAX)

    def more(self) -> None:
        """Count a part of the expression: the test it becomes is as deep as it has parts."""
        self.parts += 1
        if self.parts > _PARTS_MAX:
            raise BadFilter("expression too complex")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise BadFilter("expression nested too deeply")

    # -- words that are a test ---------------------------------------------------------------

    def _special_less(self) -> Test:
        size = self._a_number()
        return lambda p, m: m.length <= size

    def _special_greater(self) -> Test:
        size = self._a_number()
        return lambda p, m: m.length >= size

    def _a_number(self) -> int:
        token = self.next()
        if token.kind != "number":
            raise BadFilter(SYNTAX)
        return token.value

    def _special_broadcast(self) -> Test:
        return self.named("ether broadcast")

    def _special_multicast(self) -> Test:
        return self.named("ether multicast")

    def _special_inbound(self) -> Test:
        return self._way(False)

    def _special_outbound(self) -> Test:
        return self._way(True)

    def _way(self, outgoing: bool) -> Test:
        if self.layout.linktype == LINKTYPE_LINUX_SLL2:
            return lambda p, m: (load(p, 10, 1) == 4) == outgoing
        if not self.live:
            raise BadFilter("inbound/outbound not supported on Ethernet when reading savefiles")
        return lambda p, m: m.outgoing == outgoing

    def _special_ifindex(self) -> Test:
        index = self._a_number()
        if self.layout.linktype != LINKTYPE_LINUX_SLL2:
            raise BadFilter("ifindex not supported on Ethernet")
        return lambda p, m: load(p, 4, 4) == index

    def _special_ifname(self) -> Test:
        raise BadFilter("ifname supported only on PF linktype")

    def _special_gateway(self) -> Test:
        raise BadFilter("'gateway' not supported in this configuration")

    def _special_mpls(self) -> Test:
        return self.layout.type_is(0x8847)

    def _special_icmp6(self) -> Test:
        return match.never

    def _special_stp(self) -> Test:
        return self._stp()

    def _special_vlan(self) -> Test:
        vid = None
        if self.here.kind == "number":
            vid = self.next().value
            if vid > 4095:
                raise BadFilter(f"VLAN tag {vid} greater than maximum 4095")
        at = self.layout.type_at
        below = self.layout.network
        self.layout = self.layout.tagged()

        def test(p: bytes, m: Meta) -> bool:
            return load(p, at, 2) in VLANS and (vid is None or load(p, below, 2) & 0xFFF == vid)

        return test

    def _stp(self) -> Test:
        at, body = self.layout.type_at, self.layout.network
        return lambda p, m: load(p, at, 2) <= 1500 and load(p, body, 1) == 0x42

    def named(self, name: str) -> Test:
        """A protocol alone, or a kind of address of it."""
        layout = self.layout
        if name == "ether broadcast":
            return match.field(0, 6, (1 << 48) - 1, (1 << 48) - 1)
        if name == "ether multicast":
            return match.field(0, 1, 1, 1)
        if name == "ip multicast":
            multicast = match.at_least(layout.network + 16, 0xE0)
            return both(layout.type_is(IP), multicast)
        if name == "ip broadcast":
            host = ~self.netmask & _WORD
            at = layout.network + 16
            return both(
                layout.type_is(IP),
                lambda p, m: load(p, at, 4) & host in (0, host),
            )
        if name in ETHERTYPES:
            return layout.type_is(ETHERTYPES[name])
        if name in PROTOCOLS:
            return layout.carries(PROTOCOLS[name])
        raise BadFilter("link layer applied in wrong context" if name == "ether" else SYNTAX)

    def identifier(self, head: Head) -> Test:
        """An id with its qualifiers."""
        self.more()
        token = self.next()
        if token.kind not in ("number", "dotted", "mac", "name"):
            raise BadFilter(SYNTAX)
        if head.type in ("port", "portrange"):
            return self.port(head, token)
        if head.type == "proto":
            return self.proto(head, token)
        if head.type == "gateway":
            raise BadFilter("'gateway' not supported in this configuration")
        if head.proto == "ether" or token.kind == "mac":
            return self.ether(head, token)
        if head.type == "net":
            return self.net(head, token)
        return self.host(head, token)

    def ether(self, head: Head, token: Token) -> Test:
        if head.proto != "ether":
            raise BadFilter("ethernet address used in non-ether expression")
        if token.kind == "name":
            raise BadFilter(f"unknown ether host '{token.text}'")
        if token.kind != "mac":
            raise BadFilter("illegal link layer address")
        everything = (1 << 48) - 1
        return match.directed(
            head.way,
            match.field(6, 6, everything, token.value),
            match.field(0, 6, everything, token.value),
        )

    def addresses(self, head: Head, ip: int, netmask: int) -> Test:
        """An address or a network in the packets that the protocol qualifier leaves."""
        if head.proto in PROTOCOLS:
            what = "net" if head.type == "net" else "host"
            raise BadFilter(f"'{head.proto}' modifier applied to {what}")
        kinds = (ETHERTYPES[head.proto],) if head.proto else (IP, ARP, RARP)
        if kinds == (IP6,):
            raise BadFilter("'ip6' modifier applied to ip host")
        return any_of([match.address(self.layout, head.way, kind, ip, netmask) for kind in kinds])

    def host(self, head: Head, token: Token) -> Test:
        if token.kind == "name":
            if token.text not in self.known.hosts:
                raise UnknownName("host", token.text)
            found = self.known.hosts[token.text]
            if not found:
                raise BadFilter(f"unknown host '{token.text}'")
            return any_of([self.addresses(head, ip, _WORD) for ip in found])
        return self._prefixed(head, token, whole=True)

    def net(self, head: Head, token: Token) -> Test:
        if token.kind == "name":
            raise BadFilter(f"unknown network '{token.text}'")
        return self._prefixed(head, token, whole=False)

    def _prefixed(self, head: Head, token: Token, *, whole: bool) -> Test:
        """An address with ``/length`` or ``mask``; fewer than four octets are a network."""
        octets = token.text.count(".") + 1 if token.kind == "dotted" else 0
        ip = token.value
        text = token.text
        bits = 32
        if token.kind == "dotted":
            ip <<= 32 - 8 * octets
            bits = 8 * octets
        elif not whole:
            octets = max(1, (ip.bit_length() + 7) // 8)
            ip <<= 32 - 8 * octets
            bits = 8 * octets
        netmask = mask(bits)
        if self.took("/"):
            length = self._a_number()
            if length > 32:
                raise BadFilter("mask length must be <= 32")
            netmask = mask(length)
            text += f"/{length}"
        elif self.took("mask"):
            other = self.next()
            if other.kind != "dotted":
                raise BadFilter(SYNTAX)
            netmask = other.value << 32 - 8 * (other.text.count(".") + 1)
            text += f" mask {other.text}"
        if ip & ~netmask:
            raise BadFilter(f'non-network bits set in "{text}"')
        return self.addresses(head, ip, netmask)

    def port(self, head: Head, token: Token) -> Test:
        protos = _PORTED.get(head.proto)
        if protos is None and head.proto != "ip":
            raise BadFilter(f"illegal qualifier of '{head.type}'")
        protos = protos or _PORTED[""]
        if token.kind in ("dotted", "mac"):
            raise BadFilter(f"'{head.type}' modifier applied to ip host")
        ranges: list[tuple[int, int, tuple[int, ...]]]
        if token.kind == "number":
            low = high = self._checked(token.value)
            if head.type == "portrange" and self.took("-"):
                high = self._checked(self._a_number())
            low, high = min(low, high), max(low, high)
            ranges = [(low, high, protos)]
        else:
            found = self._service(token.text)
            ranges = [(port, port, (proto,)) for port, proto in found if proto in protos]
            if not ranges:
                raise BadFilter(f"port '{token.text}' is {_only(found)}")
        return any_of([match.ports(self.layout, head.way, which, a, b) for a, b, which in ranges])

    def _checked(self, port: int) -> int:
        if port > 65535:
            raise BadFilter(f"illegal port number {port} > 65535")
        return port

    def _service(self, name: str) -> list[tuple[int, int]]:
        found = self.known.ports.get(name)
        if name not in self.known.ports:
            raise UnknownName("port", name)
        if not found:
            raise BadFilter(f"unknown port '{name}'")
        return found

    def proto(self, head: Head, token: Token) -> Test:
        layout = self.layout
        if head.way != "or":
            raise BadFilter(SYNTAX)
        if head.proto == "ether":
            if token.kind == "name" and token.text == "stp":
                return self._stp()
            kind = _ETHER_NAMES.get(token.text) if token.kind == "name" else token.value
            if kind is None:
                raise BadFilter(f"unknown ether proto '{token.text}'")
            return layout.type_is(kind)
        if head.proto in PROTOCOLS:
            raise BadFilter(f"'{head.proto} proto' is bogus")
        number = PROTOCOLS.get(token.text) if token.kind == "name" else token.value
        if number is None:
            raise BadFilter(f"unknown {head.proto or 'ip'} proto '{token.text}'")
        if head.proto in ("arp", "rarp", "ip6"):
            return match.never
        return layout.carries(number)


def _only(found: list[tuple[int, int]]) -> str:
    return "tcp" if all(proto == 6 for _, proto in found) else "udp"

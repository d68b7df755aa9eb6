"""The NAT experiment: can two peers behind NATs of given classes punch a hole (RFC 5128 3.3)?

The game's own NAT devices, and the algorithm of its ``punch`` program, on a small internet::

    a 10.1.0.2 ── A 203.0.113.1 ──┐
    b 10.2.0.2 ── B 203.0.113.2 ──┼── server 203.0.113.10
                                  │
    (or both behind one more NAT, C)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minios.abi.inet import parse_ip
from minios.game.lab.values import LabError
from minios.net.fabric.link import Link, LinkSpec
from minios.net.fabric.network import Network
from minios.net.fabric.port import Port
from minios.net.fabric.switch import Switch
from minios.net.host.stack import Stack
from minios.net.natbox import NatBox, NatSpec
from minios.net.natbox.spec import FILTERINGS, MAPPINGS, parse_class
from minios.net.trail import Trail
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.udp import UDP
from minios.sim.world import World
from minios.userland.lib.punching.messages import PORT, Endpoint, endpoint_text, parse
from minios.userland.lib.punching.rendezvous import Rendezvous
from minios.userland.lib.punching.session import Session, State, Timing

MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
LATENCY = 10 * MILLISECOND
"""Of each cable."""
LIMIT = 20 * SECOND

CLASSES = tuple(f"{mapping}/{filtering}" for mapping in MAPPINGS for filtering in FILTERINGS)
"""The nine."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Who is behind what. ``behind`` is the class of one more NAT in front of both, or empty."""

    a: str = "eim/apdf"
    b: str = "eim/apdf"
    hairpin: bool = False
    behind: str = ""
    preserve: bool = False
    delay_a: int = 0
    delay_b: int = 0
    """How long each waits between hearing of the other and its first probe, ns."""
    seed: int = 0

    def check(self) -> None:
        """Raise LabError for what is no class."""
        for text in (self.a, self.b, self.behind or self.a):
            try:
                parse_class(text)
            except ValueError as err:
                raise LabError(str(err)) from None
        for delay in (self.delay_a, self.delay_b):
            if not 0 <= delay <= 10 * SECOND:
                raise LabError("a delay is 0 to 10 seconds")


@dataclass(slots=True)
class Datagram:
    """One that was sent: when (ns), by whom, from and to where as the sender has it, what; when and
    from where it arrived, or where and why it ended."""

    time: int
    sender: str
    source: Endpoint
    goal: Endpoint
    what: str
    trail: Trail
    arrived: int | None = None
    receiver: str = ""
    seen_from: Endpoint | None = None

    @property
    def fate(self) -> str:
        """``arrived``, or ``NAT_FILTERED at B``."""
        if self.arrived is not None:
            return "arrived"
        drops = self.trail.log.drops
        if drops:
            record = drops[0][1]
            return f"{record.reason.name} at {record.node}"
        return "lost"


@dataclass(slots=True)
class Result:
    """How it went."""

    setup: Setup
    punched: bool
    states: dict[str, str]
    took: int | None
    """From the introduction to both being connected, ns."""
    public: dict[str, str]
    """Where the server saw each."""
    remote: dict[str, str]
    """Where each found the other."""
    exchange: list[Datagram]
    progress: list[tuple[str, str]] = field(default_factory=list)

    def reached(self, sender: str) -> str:
        """What became of a peer's probes: the best fate of those that went to where the other is
        seen, ``arrived`` first."""
        fates = [
            one.fate for one in self.exchange
            if one.sender == sender and one.what == "PROBE" and not private(one.goal)
        ]  # fmt: skip
        return "arrived" if "arrived" in fates else fates[-1] if fates else "none sent"

    def why(self) -> str:
        """The outcome in a sentence or two."""
        if self.punched:
            if self.setup.a.startswith("eim") and self.setup.b.startswith("eim"):
                return (
                    "Both NATs use one outside port for all destinations, so the port that the "
                    "server saw is the one to send to; each side's own probes open its filter."
                )
            return (
                "One side's packets come from a port that the server never saw, but the other "
                "side's filter lets them in, and answers go to where they came from."
            )
        parts = []
        for sender, receiver in (("a", "b"), ("b", "a")):
            fate = self.reached(sender)
            if fate == "arrived":
                parts.append(f"probes of {sender} reach {receiver}")
            elif any(
                record.detail == "no hairpinning"
                for one in self.exchange
                if one.sender == sender
                for _, record in one.trail.log.drops
            ):
                parts.append(f"the NAT in front does not lead the probes of {sender} back in")
            elif fate.startswith("NAT_FILTERED"):
                node = fate.rpartition(" ")[2]
                parts.append(
                    f"{node} does not let the probes of {sender} in: they come from or go to "
                    f"another port than {receiver} has sent by"
                )
            else:
                parts.append(f"probes of {sender} end: {fate}")
        return "; ".join(parts) + "."

    def to_json(self) -> dict[str, Any]:
        """Plain data; times in seconds."""
        setup = self.setup
        return {
            "a": setup.a,
            "b": setup.b,
            "hairpin": setup.hairpin,
            "behind": setup.behind or None,
            "punched": self.punched,
            "seconds": None if self.took is None else self.took / SECOND,
            "why": self.why(),
            "state": self.states,
            "public": self.public,
            "remote": self.remote,
            "exchange": [
                {
                    "t": one.time / SECOND,
                    "by": one.sender,
                    "what": one.what,
                    "from": endpoint_text(one.source),
                    "to": endpoint_text(one.goal),
                    "seen_from": None if one.seen_from is None else endpoint_text(one.seen_from),
                    "arrived": None if one.arrived is None else one.arrived / SECOND,
                    "fate": one.fate,
                }
                for one in self.exchange
            ],
        }


def private(endpoint: Endpoint) -> bool:
    """Whether it is an address of one of the two homes."""
    return endpoint[0] >> 24 == 10


class _Station:
    """A host with one UDP port and no kernel."""

    def __init__(self, lab: _Lab, name: str, address: str, port: int, gateway: str = "") -> None:
        self.lab = lab
        self.name = name
        self.ip = parse_ip(address)
        self.port = port
        self.cable = Port(self, "eth0", _mac(len(lab.stations) + 1), lab.network)
        lab.network.add(self)
        self.stack = Stack(lab.world, name, [self.cable])
        self.stack.add_address("eth0", self.ip, 24)
        self.stack.set_up("eth0")
        if gateway:
            self.stack.add_route(0, 0, parse_ip(gateway))
        self.stack.handlers[17] = self._input
        lab.stations[name] = self

    def carrier(self, port: Port, up: bool) -> None:
        self.stack.carrier(port.name, up)

    def send(self, data: bytes, goal: Endpoint) -> None:
        trail = Trail()
        message = parse(data)
        what = message[0] if message is not None else "?"
        datagram = Datagram(self.lab.world.now, self.name, (self.ip, self.port), goal, what, trail)
        self.lab.exchange.append(datagram)
        self.lab.in_flight[id(trail.log)] = datagram
        packet = IPv4(self.ip, goal[0], 17, UDP(self.port, goal[1], data))
        self.stack.send_quietly(packet, trail)

    def _input(self, packet: Any, dev: Any) -> None:
        datagram = packet.payload
        source = (packet.src, datagram.sport)
        trail = self.stack.trail
        sent = self.lab.in_flight.get(id(trail.log)) if trail is not None else None
        if sent is not None and sent.arrived is None:
            sent.arrived = self.lab.world.now
            sent.receiver, sent.seen_from = self.name, source
        if datagram.dport == self.port:
            self.take(datagram.payload, source)

    def take(self, data: bytes, source: Endpoint) -> None:
        raise NotImplementedError


class _Server(_Station):
    def __init__(self, lab: _Lab, address: str) -> None:
        super().__init__(lab, "server", address, PORT)
        self.logic = Rendezvous(relaying=False)

    def take(self, data: bytes, source: Endpoint) -> None:
        for answer, goal in self.logic.receive(self.lab.world.now, data, source):
            self.send(answer, goal)


class _Peer(_Station):
    def __init__(
        self, lab: _Lab, name: str, address: str, gateway: str, peer: str, server: Endpoint,
        delay: int,
    ) -> None:  # fmt: skip
        super().__init__(lab, name, address, 4000, gateway)
        timing = Timing(delay=delay, relay=False)
        self.session = Session(name, peer, server, (self.ip, self.port), timing)
        self.connected: int | None = None

    def begin(self) -> None:
        self.session.start(self.lab.world.now)
        self._flush()

    def take(self, data: bytes, source: Endpoint) -> None:
        self.session.receive(self.lab.world.now, data, source)
        self._flush()

    def _tick(self) -> None:
        session = self.session
        now = self.lab.world.now
        if session.deadline is not None and now >= session.deadline:
            session.tick(now)
            self._flush()

    def _flush(self) -> None:
        session = self.session
        world = self.lab.world
        for data, goal in session.take():
            self.send(data, goal)
        if self.connected is None and session.state is State.CONNECTED:
            self.connected = world.now
        if session.deadline is not None and not session.over:
            world.at(session.deadline, self._tick)


class _Lab:
    """The small internet."""

    def __init__(self, setup: Setup) -> None:
        self.world = World(setup.seed)
        self.network = Network(self.world)
        self.stations: dict[str, _Station] = {}
        self.exchange: list[Datagram] = []
        self.in_flight: dict[int, Datagram] = {}
        Switch(self.network, "internet", ["1", "2", "3"])
        outside = ("203.0.113.1", "203.0.113.2")
        server = ("203.0.113.10", PORT)
        self.server = _Server(self, server[0])
        self._cable("server.eth0", "internet.3")
        street, gateway = "internet", ""
        if setup.behind:
            street, gateway = "street", "100.64.0.254"
            outside = ("100.64.0.1", "100.64.0.2")
            Switch(self.network, "street", ["1", "2", "3"])
            self._box("C", setup.behind, setup, gateway, "203.0.113.1", "")
            self._cable("C.inside", "street.3")
            self._cable("C.outside", "internet.1")
        self.peers: list[_Peer] = []
        goal = (parse_ip(server[0]), PORT)
        for number, (name, kind) in enumerate((("a", setup.a), ("b", setup.b)), 1):
            home = f"10.{number}.0"
            box = name.upper()
            self._box(box, kind, setup, f"{home}.1", outside[number - 1], gateway)
            other = "b" if name == "a" else ""
            delay = setup.delay_a if name == "a" else setup.delay_b
            self.peers.append(_Peer(self, name, f"{home}.2", f"{home}.1", other, goal, delay))
            self._cable(f"{name}.eth0", f"{box}.inside")
            self._cable(f"{box}.outside", f"{street}.{number}")

    def _box(
        self, name: str, kind: str, setup: Setup, inside: str, outside: str, gateway: str
    ) -> None:
        mapping, filtering = parse_class(kind)
        spec = NatSpec(mapping, filtering, setup.hairpin, setup.preserve)
        NatBox(
            self.network, name, [(parse_ip(inside), 24)], [(parse_ip(outside), 24)],
            parse_ip(gateway) if gateway else 0, spec,
        )  # fmt: skip

    def _cable(self, a: str, b: str) -> None:
        Link(self.network, a, self._port(a), self._port(b), LinkSpec(latency=LATENCY, rate=0))

    def _port(self, end: str) -> Port:
        name, _, port = end.partition(".")
        node: Any = self.network.nodes[name]
        return node.cable if isinstance(node, _Station) else node.ports[port]


def _mac(number: int) -> int:
    return 0x02_00_5E_00_00_00 | number


def run(setup: Setup) -> Result:
    """One experiment. LabError."""
    setup.check()
    lab = _Lab(setup)
    # b is there first and waits; a calls it
    calling, waiting = lab.peers
    lab.world.at(0, waiting.begin)
    lab.world.at(SECOND, calling.begin)
    while lab.world.now < LIMIT and not all(peer.session.over for peer in lab.peers):
        lab.world.run_until(lab.world.now + SECOND)
    lab.world.run_until(lab.world.now + SECOND)
    introduced = [one.arrived for one in lab.exchange if one.what == "PEER" and one.arrived]
    ends = [peer.connected for peer in lab.peers]
    punched = all(end is not None for end in ends)
    took = None
    if punched and introduced:
        took = max(end for end in ends if end is not None) - min(introduced)
    return Result(
        setup,
        punched,
        {peer.name: peer.session.state.value for peer in lab.peers},
        took,
        {
            peer.name: endpoint_text(peer.session.public)
            for peer in lab.peers if peer.session.public is not None
        },
        {
            peer.name: endpoint_text(peer.session.remote)
            for peer in lab.peers if peer.session.remote is not None
        },
        lab.exchange,
        [(peer.name, line) for peer in lab.peers for line in peer.session.progress],
    )  # fmt: skip


def matrix(setup: Setup) -> list[list[Result]]:
    """All 81: a row for each class of a, a column for each of b."""
    from dataclasses import replace

    return [[run(replace(setup, a=a, b=b)) for b in CLASSES] for a in CLASSES]

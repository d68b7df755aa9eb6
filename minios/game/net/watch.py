"""What the network pane shows, as plain data: a :class:`Watch` is attached while it is shown.

It only looks. It keeps copies of the last frames that went over a cable, for the packet lens, and
the last drops; everything else is asked of the network when a frame of the screen is drawn.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from minios.abi.inet import ip_text
from minios.game.net import tables as nettables
from minios.game.net.view import (
    HOST,
    HUB,
    NAT,
    ROUTER,
    SWITCH,
    FieldView,
    FlightView,
    LayerView,
    LensView,
    LinkView,
    NetDetailView,
    NetView,
    NodeView,
    PacketDropView,
    WireView,
)
from minios.kernel.machine import Machine
from minios.net.drop import Drop, Dropped
from minios.net.fabric.hub import Hub
from minios.net.fabric.switch import Switch
from minios.net.reasons import sentence
from minios.net.wire.arp import ARP
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.layers import layers
from minios.net.wire.stp import BPDU
from minios.net.wire.tcp import TCP
from minios.net.wire.udp import UDP

if TYPE_CHECKING:
    from minios.game.play import Play
    from minios.net.fabric.link import Link, Wire
    from minios.net.fabric.network import Network
    from minios.net.host.stack import Stack
    from minios.net.wire.ethernet import Ethernet

FLIGHTS = 200
"""Frames that are remembered."""
DROPS = 32
"""Drops that are."""

_PORTS = {53: ("D", "DNS"), 67: ("H", "DHCP"), 68: ("H", "DHCP"), 520: ("R", "RIP")}


class _Seen:
    """A frame that went over a cable. Its view is made when somebody looks."""

    __slots__ = ("arrives", "frame", "id", "link", "lost", "sent", "side", "view")

    def __init__(
        self, number: int, link: str, side: int, frame: Ethernet, sent: int, arrives: int
    ) -> None:
        self.id = number
        self.link = link
        self.side = side
        self.frame = frame
        self.sent = sent
        self.arrives = arrives
        self.lost = ""
        self.view: FlightView | None = None

    def shown(self) -> FlightView:
        if self.view is None:
            letter, protocol = protocol_of(self.frame)
            self.view = FlightView(
                self.id, self.link, self.side, self.sent, self.arrives, letter, protocol,
                self.frame.summary(), self.lost,
            )  # fmt: skip
        return self.view


class Watch:
    """An instrument on one play's network; frames are numbered from 1 over its whole life."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.network: Network | None = play.built.network
        self._flights: deque[_Seen] = deque(maxlen=FLIGHTS)
        self._number = 0
        self._drops: deque[Dropped] = deque(maxlen=DROPS)
        self._dropped = 0
        self._of_node: dict[str, int] = {}
        self._places = {place.node: (place.x, place.y) for place in play.level.map}
        self._open = False

    def open(self) -> None:
        """Look from now on. What was dropped meanwhile is on record."""
        if self._open or self.network is None:
            return
        self._open = True
        self._flights.clear()
        self._drops.clear()
        self._of_node.clear()
        before, self._dropped = self._dropped, 0
        for record in self._before():
            self._keep(record)
        self._dropped = max(self._dropped, before)
        self.play.world.instruments.add(self)

    def close(self) -> None:
        """Look no longer."""
        if self._open:
            self._open = False
            self.play.world.instruments.remove(self)

    def _before(self) -> list[Dropped]:
        """What was dropped while nobody looked, oldest first, as far as it is remembered."""
        assert self.network is not None
        found = list(self.network.drops)
        for machine in self.play.machines.values():
            stack = stack_of(machine)
            if stack is not None:
                found += stack.drops
        return sorted(found, key=lambda record: record.time)

    # -- what it notes -------------------------------------------------------------------------

    def on_frame(self, link: Link, side: int, frame: Ethernet, sent: int, arrives: int) -> None:
        self._number += 1
        self._flights.append(_Seen(self._number, link.name, side, frame.copy(), sent, arrives))

    def on_drop(self, record: Dropped) -> None:
        self._keep(record)
        assert self.network is not None
        if record.node in self.network.links:
            for seen in reversed(self._flights):
                here = seen.link == record.node and not seen.lost
                if here and seen.arrives >= record.time and seen.frame.summary() == record.summary:
                    seen.lost = record.reason.name
                    seen.view = None
                    break

    def _keep(self, record: Dropped) -> None:
        if record.reason is not Drop.NOT_FOR_US:
            self._drops.append(record)
            self._dropped += 1
            self._of_node[record.node] = self._of_node.get(record.node, 0) + 1

    # -- what it tells -------------------------------------------------------------------------

    def look(
        self, subject: str, packet: int
    ) -> tuple[NetView, NetDetailView | None, LensView | None] | None:
        """The network, a closer look at ``node NAME`` or ``link NAME``, and one at a packet."""
        if self.network is None:
            return None
        self.open()
        return self.view(), self.detail(subject), self.lens(packet)

    def view(self) -> NetView:
        network = self.network
        assert network is not None
        return NetView(
            time=self.play.world.now,
            player=self.play.level.player.machine,
            nodes=tuple(self._node(name, node) for name, node in network.nodes.items()),
            links=tuple(self._link(link) for link in network.links.values()),
            flights=tuple(seen.shown() for seen in self._flights),
            drops=tuple(self._drop(record) for record in self._drops),
            dropped=self._dropped,
        )

    def _node(self, name: str, node: Any) -> NodeView:
        return NodeView(
            name,
            kind_of(node),
            caption_of(node),
            up=has_power(node),
            drops=self._of_node.get(name, 0),
            at=self._places.get(name),
        )

    def _link(self, link: Link) -> LinkView:
        there, back = link.wires
        return LinkView(
            link.name,
            (link.a.owner.name, link.a.name),
            (link.b.owner.name, link.b.name),
            link.up,
            (_wire(there), _wire(back)),
            self._of_node.get(link.name, 0),
        )

    def _drop(self, record: Dropped) -> PacketDropView:
        assert self.network is not None
        text = sentence(record)
        return PacketDropView(
            record.time,
            record.node,
            record.reason.name,
            text[:1].upper() + text[1:] + ".",
            record.summary,
            record.node in self.network.links,
            ", ".join(part for part in (record.rule, record.detail) if part),
        )

    # -- a closer look -------------------------------------------------------------------------

    def detail(self, subject: str) -> NetDetailView | None:
        """The tables of a node, or what a cable is like; None for what is not there."""
        kind, _, name = subject.partition(" ")
        network = self.network
        assert network is not None
        if kind == "link" and name in network.links:
            link = network.links[name]
            return NetDetailView(name, f"the cable {name}", nettables.cable(link))
        if kind != "node" or name not in network.nodes:
            return None
        node: Any = network.nodes[name]
        drops = [record for record in self._drops if record.node == name]
        tables = nettables.device(node)
        if isinstance(node, Machine):
            tables = nettables.machine(node)
        return NetDetailView(name, name, (*tables, *nettables.drops(drops)))

    def lens(self, packet: int) -> LensView | None:
        """A remembered frame, layer by layer."""
        seen = next((seen for seen in self._flights if seen.id == packet), None)
        if seen is None:
            return None
        found = tuple(
            LayerView(
                layer.name,
                layer.summary,
                tuple(
                    FieldView(each.name, each.value, layer.start + each.offset, each.length)
                    for each in layer.fields
                ),
            )
            for layer in layers(seen.frame)
        )
        return LensView(seen.id, seen.frame.summary(), seen.sent, found, seen.frame.pack())


def stack_of(machine: Machine) -> Stack | None:
    """The stack of a machine that is on and has one."""
    kernel = machine.kernel
    return kernel.net if kernel is not None and machine.nics else None


def has_power(node: Any) -> bool:
    """Whether it runs. Devices always do."""
    return not isinstance(node, Machine) or (node.kernel is not None and not node.kernel.halted)


def kind_of(node: Any) -> str:
    """What a node is on the map."""
    if isinstance(node, Switch):
        return SWITCH
    if isinstance(node, Hub):
        return HUB
    if not isinstance(node, Machine):
        return NAT
    stack = stack_of(node)
    return ROUTER if stack is not None and stack.sysctl["ip_forward"] else HOST


def caption_of(node: Any) -> str:
    """The first address of a machine, the outer one of a NAT box."""
    if isinstance(node, Machine):
        stack = stack_of(node)
        for device in stack.devices.values() if stack is not None else ():
            if device.addresses and not device.loopback:
                return ip_text(device.addresses[0].ip)
        return ""
    return nettables.outside(node)


def protocol_of(frame: Ethernet) -> tuple[str, str]:
    """A letter and a name for what a frame carries."""
    payload = frame.payload
    if payload.__class__ is ARP:
        return "A", "ARP"
    if payload.__class__ is BPDU:
        return "S", "STP"
    if payload.__class__ is not IPv4:
        return "?", "unknown"
    inner = payload.payload
    if inner.__class__ is ICMP:
        return "I", "ICMP"
    if inner.__class__ is TCP:
        return "T", "TCP"
    if inner.__class__ is UDP:
        return _PORTS.get(inner.dport) or _PORTS.get(inner.sport) or ("U", "UDP")
    return "F", "a fragment, or another protocol"


def _wire(wire: Wire) -> WireView:
    spec = wire.spec
    shares = tuple(
        (name, share)
        for name, share in (
            ("loss", spec.loss),
            ("duplicated", spec.duplicate),
            ("reordered", spec.reorder),
            ("corrupt", spec.corrupt),
            ("damaged", spec.damage),
        )
        if share
    )
    return WireView(
        spec.rate, spec.latency, spec.queue, wire.waiting(), wire.frames, wire.octets, shares
    )

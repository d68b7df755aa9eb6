"""The network of a world: its devices, its cables, and what was dropped on them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from minios.net.drop import LAYERS, RING, Drop, Dropped
from minios.sim.canonical import encode

if TYPE_CHECKING:
    from minios.net.fabric.link import Link, Wire
    from minios.net.fabric.port import Port
    from minios.net.wire.ethernet import Ethernet
    from minios.sim.world import World


class Node(Protocol):
    """Something with ports: a machine, a switch, a hub, a NAT box."""

    name: str

    def carrier(self, port: Port, up: bool) -> None:
        """The cable in one of its ports was plugged in or pulled out."""


class Device(Node, Protocol):
    """A node that is no machine, whose state is the network's to digest."""

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""


class Network:
    """Nodes and links by name, in the order they were made.

    ``drops`` are the newest drops on cables and in devices, ``dropped`` how many there were of
    each reason. What hosts drop is counted by their own stacks.
    """

    __slots__ = ("_devices", "dropped", "drops", "links", "nodes", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.nodes: dict[str, Node] = {}
        self.links: dict[str, Link] = {}
        self.drops: deque[Dropped] = deque(maxlen=RING)
        self.dropped: dict[Drop, int] = {}
        self._devices: dict[str, Device] = {}
        world.digested("network", self.digest)

    def add(self, node: Node) -> None:
        """A machine: it is digested by itself."""
        if node.name in self.nodes:
            raise ValueError(f"there is a {node.name} already")
        self.nodes[node.name] = node

    def add_device(self, device: Device) -> None:
        """A switch, a hub, a NAT box."""
        self.add(device)
        self._devices[device.name] = device

    def add_link(self, link: Link) -> None:
        """A cable, which has just been made."""
        if link.name in self.links:
            raise ValueError(f"there is a link {link.name} already")
        self.links[link.name] = link

    def drop(
        self,
        reason: Drop,
        node: str,
        frame: Ethernet,
        detail: str = "",
        *,
        layer: str = "",
        rule: str = "",
    ) -> None:
        """A frame ends at ``node`` (a device, a link, or a machine without power)."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        world = self.world
        record = Dropped(
            world.now, node, layer or LAYERS[reason], reason, detail, frame.summary(), rule
        )
        self.drops.append(record)
        if frame.trail is not None:
            frame.trail.dropped(record)
        hooks = world.instruments.on_drop
        if hooks:
            for hook in hooks:
                hook(record)

    def in_flight(self) -> list[tuple[int, Wire, Ethernet]]:
        """Frames on cables: when each arrives, on which wire; in the order they will."""
        from minios.net.wire.ethernet import Ethernet

        wires: dict[Any, Wire] = {}
        for link in self.links.values():
            for wire in link.wires:
                wires[wire.deliver] = wires[wire.cut] = wire
                if wire.impairments is not None:
                    wires[wire.impairments.bad_fcs] = wire
        return [
            (t, wires[fn], frame) for t, fn, frame in self.world.pending(Ethernet) if fn in wires
        ]

    def digest(self) -> bytes:
        """Cables, what is on them, devices, and what was dropped."""
        flights = [
            (t, wire.link.name, wire.side, frame.pack()) for t, wire, frame in self.in_flight()
        ]
        return encode((
            [link.state() for link in self.links.values()],
            flights,
            [(name, device.state()) for name, device in self._devices.items()],
            [record.state() for record in self.drops],
            {reason.name: count for reason, count in self.dropped.items()},
        ))  # fmt: skip

"""A learning switch, as an appliance of its own."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop
from minios.net.fabric.bridging import AGING, TABLE, Bridge, BridgePort
from minios.net.fabric.port import Port
from minios.net.fabric.stp import Stp, cost_of

if TYPE_CHECKING:
    from minios.net.fabric.network import Network
    from minios.net.wire.ethernet import Ethernet


class Switch:
    """A switch with named ports, all in one VLAN until told otherwise.

    ``aging`` (ns) and ``table`` (stations) are its MAC table's. ``stp`` makes it speak the spanning
    tree protocol, with ``priority`` (802.1D-1998: 0 … 65535, the lowest becomes the root) and
    ``mac`` as its identity.
    """

    def __init__(
        self,
        network: Network,
        name: str,
        ports: Iterable[str],
        *,
        aging: int = AGING,
        table: int = TABLE,
        stp: bool = False,
        priority: int = 32768,
        mac: int = 0,
    ) -> None:
        self.name = name
        self.network = network
        self.mac = mac or _mac(name)
        self.ports: dict[str, Port] = {}
        self.bridge = Bridge(network.world, name, self._drop, aging=aging, limit=table)
        for each in ports:
            port = self.ports[each] = Port(self, each, network=network)
            inner = self.bridge.add_port(each, port.send)
            port.receive = inner.receive
        if stp:
            Stp(self.bridge, self.mac, priority)
        network.add_device(self)

    def port(self, name: str) -> BridgePort:
        """What the switch keeps of a port. KeyError."""
        return self.bridge.ports[name]

    def access(self, name: str, vid: int) -> None:
        """Make a port an access port of a VLAN."""
        self.bridge.ports[name].access(vid)

    def trunk(self, name: str, vids: Iterable[int] | None = None, native: int = 1) -> None:
        """Make a port a trunk; see :meth:`minios.net.fabric.bridging.BridgePort.trunk`."""
        self.bridge.ports[name].trunk(vids, native)

    def carrier(self, port: Port, up: bool) -> None:
        """The cable in a port was plugged in or pulled out."""
        inner = self.bridge.ports[port.name]
        inner.send = port.send
        if self.bridge.stp is not None and port.wire is not None and up:
            self.bridge.stp.set_cost(inner, cost_of(port.wire.spec.rate))
        self.bridge.carrier(inner, up)

    def _drop(self, reason: Drop, frame: Ethernet, port: str, detail: str) -> None:
        self.network.drop(
            reason, self.name, frame, f"port {port}: {detail}" if detail else f"port {port}"
        )

    def state(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return ("switch", self.bridge.state())


def _mac(name: str) -> int:
    """A locally administered address that follows from the name; the last byte counts ports."""
    return 0x02 << 40 | int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") << 8

"""Worlds of a few stacks and bare stations on cables, without kernels.

::

    rig = Rig()
    pc = rig.host("pc", eth0="10.0.0.2/24", gateway="10.0.0.1")
    gw = rig.station("gw", mac="02:00:00:00:00:01")
    rig.link("pc.eth0", "gw.0", latency=1_000_000)
    rig.at(5 * MS, gw.send, frame)          # send this at t
    rig.run(1 * S)
    gw.expect(5 * MS, eth(arp(op=1)))       # expect that at t

Times are ns of virtual time from 0. A station is a network card with nobody behind it: it keeps
what arrives and sends what it is told.
"""

from collections.abc import Callable, Iterable
from typing import Any

from minios.abi.inet import parse_ip, parse_mac
from minios.net.drop import Drop, Dropped
from minios.net.fabric.hub import Hub
from minios.net.fabric.link import Link, LinkSpec
from minios.net.fabric.network import Network
from minios.net.fabric.port import Port
from minios.net.fabric.switch import Switch
from minios.sim.world import MICROSECOND, MILLISECOND, SECOND, World
from tests.net.checker import Check, must

US, MS, S = MICROSECOND, MILLISECOND, SECOND


class Station:
    """A network card that records."""

    def __init__(self, rig: "Rig", name: str, mac: int) -> None:
        self.rig = rig
        self.name = name
        self.mac = mac
        self.ports: dict[str, Port] = {}
        self.got: list[tuple[int, Any]] = []
        self.carriers: list[tuple[int, str, bool]] = []
        self.answer: Callable[[Any], Any] | None = None
        """What makes a frame to send back at once, if set."""

    def port(self, name: str) -> Port:
        if name not in self.ports:
            port = self.ports[name] = Port(self, name, self.mac, self.rig.network)
            port.receive = self.receive
        return self.ports[name]

    def carrier(self, port: Port, up: bool) -> None:
        self.carriers.append((self.rig.world.now, port.name, up))

    def receive(self, frame: Any) -> None:
        self.got.append((self.rig.world.now, frame))
        if self.answer is not None:
            back = self.answer(frame)
            if back is not None:
                self.send(back)

    def send(self, frame: Any) -> None:
        next(iter(self.ports.values())).send(frame)

    @property
    def frames(self) -> list[Any]:
        return [frame for _, frame in self.got]

    @property
    def times(self) -> list[int]:
        return [t for t, _ in self.got]

    def expect(self, t: int | None, check: Check) -> Any:
        """The next frame that arrived, taken off; it must satisfy ``check`` and be of time ``t``
        (None: of any).
        """
        assert self.got, f"{self.name} received nothing (more)"
        at, frame = self.got.pop(0)
        must(frame, check)
        assert t is None or at == t, f"{frame.summary()} arrived at {at}, not {t}"
        return frame

    def nothing(self) -> None:
        """Nothing (more) has arrived."""
        assert not self.got, [(t, frame.summary()) for t, frame in self.got]


class Rig:
    """A world with a network."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(seed)
        self.network = Network(self.world)
        self.stations: dict[str, Station] = {}
        self.hosts: dict[str, Any] = {}
        self._nics: dict[str, Port] = {}
        self.drops: list[Dropped] = []
        """Every drop, on cables, in devices and on hosts."""
        self.world.instruments.add(self)

    def on_drop(self, record: Dropped) -> None:
        self.drops.append(record)

    @property
    def reasons(self) -> list[Drop]:
        return [record.reason for record in self.drops]

    # -- building ------------------------------------------------------------------------------

    def station(self, name: str, mac: str | int = 0) -> Station:
        number = mac if isinstance(mac, int) else parse_mac(mac)
        number = number or 0x0200_0000_0000 | len(self.stations) + 1
        station = self.stations[name] = Station(self, name, number)
        self.network.add(station)
        return station

    def switch(self, name: str, ports: int | Iterable[str] = 8, **options: Any) -> Switch:
        return Switch(self.network, name, _names(ports), **options)

    def hub(self, name: str, ports: int | Iterable[str] = 8) -> Hub:
        return Hub(self.network, name, _names(ports))

    def host(
        self, name: str, *, gateway: str = "", forwarding: bool = False, mtu: int = 0,
        sysctl: dict[str, int] | None = None, **nics: str,
    ) -> Any:  # fmt: skip
        """A stack of its own; a keyword is an interface, its value addresses ("10.0.0.2/24")."""
        from minios.net.host.host import make_host

        owner = _Owner(name)
        ports = []
        for number, nic in enumerate(nics):
            count = len(self._nics) + 1
            port = Port(owner, nic, 0x0200_0001_0000 | count << 4 | number, self.network)
            self._nics[f"{name}.{nic}"] = port
            ports.append(port)
        self.network.add(owner)
        stack = make_host(self.world, name, ports)
        owner.stack = stack
        for nic, addresses in nics.items():
            if mtu:
                stack.devices[nic].mtu = mtu
            for each in addresses.split():
                text, _, prefixlen = each.partition("/")
                stack.add_address(nic, parse_ip(text), int(prefixlen or 32))
            stack.set_up(nic)
        if forwarding:
            stack.set_sysctl("ip_forward", 1)
        for key, value in (sysctl or {}).items():
            stack.set_sysctl(key, value)
        if gateway:
            stack.add_route(0, 0, parse_ip(gateway))
        self.hosts[name] = stack
        return stack

    def port(self, end: str) -> Port:
        """``machine.port``; a station's port is made when it is first named."""
        name, _, port = end.partition(".")
        if end in self._nics:
            return self._nics[end]
        if name in self.stations:
            return self.stations[name].port(port or "0")
        node: Any = self.network.nodes[name]
        return node.ports[port]  # type: ignore[no-any-return]

    def link(self, a: str, b: str, *, name: str = "", **spec: int) -> Link:
        """A cable; keywords are those of :class:`LinkSpec`. Clean, and without latency or rate
        unless they say, so that times in tests are round.
        """
        there = LinkSpec(**{"latency": 0, "rate": 0, **spec})
        name = name or f"link{len(self.network.links) + 1}"
        return Link(self.network, name, self.port(a), self.port(b), there)

    # -- running -------------------------------------------------------------------------------

    def at(self, t: int, fn: Callable[..., Any], *args: Any) -> None:
        """Do something at a time."""
        self.world.at(t, fn, *args)

    def run(self, t: int) -> None:
        """Let time pass until ``t``."""
        assert self.world.run_until(t)

    def idle(self) -> bool:
        """Whether nothing will ever happen by itself."""
        return self.world.next_event() is None


class _Owner:
    """The machine around a stack, as far as its ports know it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stack: Any = None

    def carrier(self, port: Port, up: bool) -> None:
        if self.stack is not None:
            self.stack.carrier(port.name, up)


def _names(ports: int | Iterable[str]) -> list[str]:
    return [str(n) for n in range(1, ports + 1)] if isinstance(ports, int) else list(ports)

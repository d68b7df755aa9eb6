"""What the network parts of a level file say about each other: ends of cables, addresses, VLANs.

Like :mod:`minios.game.refs` this walks the plain data, and skips what is not of the expected type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi.inet import mask, parse_ip, parse_mac, parse_prefix
from minios.game.net.spec import NAT, parse_end, parse_forward
from minios.game.problems import meant
from minios.game.vary import references
from minios.game.yamlfile import Path

Say = Callable[[Path, str], None]

_SWITCH = ("vlans", "trunks", "aging", "table", "stp", "priority")
_NAT = ("inside", "outside", "gateway", "forward", *NAT)
_KEYS = {"switch": {"kind", "ports", "mac", *_SWITCH}, "hub": {"kind", "ports"},
         "nat": {"kind", "mac", *_NAT}}  # fmt: skip
_NETWORK_CHECKS = ("reachable", "port", "nat")


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def is_card(name: str, nic: Any) -> bool:
    """Whether an interface is hardware: not a VLAN of one, and not a bridge."""
    return "." not in name and _map(nic).get("bridge") is None


def port_names(device: dict[str, Any]) -> list[str]:
    """The ports of a device."""
    if device.get("kind") == "nat":
        return ["inside", "outside"]
    ports = device.get("ports")
    if isinstance(ports, list):
        return [port for port in ports if isinstance(port, str)]
    if isinstance(ports, str) and ports.isdecimal() and int(ports[:3]) <= 64:
        return [str(n) for n in range(1, int(ports) + 1)]
    return [str(n) for n in range(1, 9)]


class Ends:
    """The ends that cables may have. ``pc`` alone is the machine's only card, ``sw1`` alone the
    switch's next free port.
    """

    def __init__(self, world: dict[str, Any]) -> None:
        self.cards = {
            name: [nic for nic, what in _map(_map(machine).get("nics")).items()
                   if is_card(nic, what)]
            for name, machine in _map(world.get("machines")).items()
        }  # fmt: skip
        self.devices = {
            name: port_names(_map(device)) for name, device in _map(world.get("devices")).items()
        }
        self.kinds = {
            name: _map(device).get("kind") for name, device in _map(world.get("devices")).items()
        }
        self.taken: list[str] = []
        self.named = {
            end
            for link in _map(world.get("links")).values()
            for end in _words(_map(link).get("between"))
        }

    def of(self, node: str) -> list[str]:
        """The names of the ports of a machine or device."""
        return self.cards.get(node) or self.devices.get(node) or []

    @property
    def nodes(self) -> list[str]:
        return [*self.cards, *self.devices]

    def take(self, end: str) -> str:
        """The full name of an end, which is taken then. ValueError says what is wrong."""
        node, dot, port = end.partition(".")
        if node not in self.cards and node not in self.devices:
            raise ValueError(f"no machine or device {node[:40]!r}{meant(node, self.nodes)}")
        ports = self.of(node)
        if not dot:
            port = self._free(node, ports)
        elif port not in ports:
            what = "interface" if node in self.cards else "port"
            known = ", ".join(ports[:8]) or "none"
            hint = meant(port, ports) or f" (it has {known})"
            raise ValueError(f"{node} has no {what} {port[:40]!r}{hint}")
        full = f"{node}.{port}"
        if full in self.taken:
            raise ValueError(f"{full} has a cable already")
        self.taken.append(full)
        return full

    def _free(self, node: str, ports: list[str]) -> str:
        if node in self.cards:
            if len(ports) != 1:
                have = f"has {len(ports)} cards" if ports else "has no nics"
                raise ValueError(f"{node} {have}: name the interface, as {node}.eth0")
            return ports[0]
        if self.kinds.get(node) == "nat":
            raise ValueError(f"name the side: {node}.inside or {node}.outside")
        for port in ports:
            if f"{node}.{port}" not in self.taken and f"{node}.{port}" not in self.named:
                return port
        raise ValueError(f"{node} has no free port")


class NetRefs:
    """One pass over the network parts of a level; ``say(path, text)`` takes the mistakes."""

    def __init__(self, world: dict[str, Any], say: Say) -> None:
        self.world = world
        self.say = say
        self.machines = {name: _map(m) for name, m in _map(world.get("machines")).items()}
        self.devices = {name: _map(d) for name, d in _map(world.get("devices")).items()}
        self.links = _map(world.get("links"))
        self.ends: dict[str, str] = {}
        """Each cabled end and its link."""

    def check(self) -> None:
        """Look at the world's network."""
        macs: dict[int, str] = {}
        for name, machine in self.machines.items():
            self._machine(("world", "machines", name), machine, name, macs)
        for name, device in self.devices.items():
            self._device(("world", "devices", name), device, name)
        self._links()
        for name in _map(self.world.get("map")):
            known = [*self.machines, *self.devices]
            if name not in known:
                text = f"no machine or device {name[:40]!r}{meant(name, known)}"
                self.say(("world", "map", name), text)

    def link(self, path: Path, name: Any) -> None:
        """An event's cable: a link's name, or one of its ends."""
        if not isinstance(name, str) or references(name):
            return
        if name not in self.links and name not in self.ends:
            self.say(path, f"no link {name[:40]!r}{meant(name, [*self.links, *self.ends])}")

    # -- machines ------------------------------------------------------------------------------

    def _machine(
        self, path: Path, machine: dict[str, Any], name: str, macs: dict[int, str]
    ) -> None:
        nics = _map(machine.get("nics"))
        mine: dict[int, str] = {}
        networks: list[tuple[int, int]] = []
        dynamic = False
        for nic, given in nics.items():
            data = {"address": given} if isinstance(given, (str, list)) else _map(given)
            below = (*path, "nics", nic)
            self._nic(below, nic, data, nics)
            dynamic = dynamic or data.get("dhcp") == "true"
            for text in _words(data.get("address")):
                found = self._prefix((*below, "address"), text)
                if found is None:
                    continue
                ip, length = found
                if ip in mine:
                    self.say((*below, "address"), f"{text} is {mine[ip]}'s already")
                mine[ip] = nic
                networks.append((ip & mask(length), length))
            self._gateway((*below, "gateway"), data)
            self._mac((*below, "mac"), data.get("mac"), f"{name}.{nic}", macs)
        if not nics:
            for key in ("routes", "iptables", "forwarding"):
                if machine.get(key):
                    self.say((*path, key), "needs nics")
        rules = machine.get("iptables")
        if isinstance(rules, str) and not references(rules):
            from minios.userland.lib.iptables.loading import problems

            for line, text in problems(rules):
                self.say((*path, "iptables"), f"line {line}: {text}")
        for at, route in enumerate(_words(machine.get("routes"))):
            self._route((*path, "routes", at), route, networks, dynamic)

    def _nic(self, path: Path, nic: str, data: dict[str, Any], nics: dict[str, Any]) -> None:
        if data.get("dhcp") == "true" and (data.get("address") or data.get("gateway")):
            self.say(path, "has either dhcp or an address and gateway")
        if not is_card(nic, data) and data.get("mac"):
            self.say((*path, "mac"), "is for a card")
        base, dot, vid = nic.rpartition(".")
        if dot:
            if base not in nics:
                self.say(path, f"is a VLAN of {base[:40]!r}, which is not there"
                         + meant(base, [each for each in nics if each != nic]))  # fmt: skip
            if not vid.isdecimal() or not 1 <= int(vid[:6]) <= 4094:
                self.say(path, f"must end in a VLAN's number from 1 to 4094, not {vid[:20]!r}")
        ports = data.get("bridge")
        if ports is not None:
            for port in _words(ports):
                if port == nic or port not in nics:
                    known = [each for each in nics if each != nic]
                    self.say((*path, "bridge"), f"no interface {port[:40]!r}{meant(port, known)}")
        elif data.get("stp") == "true":
            self.say((*path, "stp"), "is for a bridge")

    def _prefix(self, path: Path, text: str) -> tuple[int, int] | None:
        """An address that a host may have in its network."""
        if references(text):
            return None
        try:
            ip, length = parse_prefix(text)
        except ValueError:
            return None
        if length < 31 and ip & ~mask(length) & 0xFFFFFFFF in (0, ~mask(length) & 0xFFFFFFFF):
            what = (
                "the network's own address" if not ip & ~mask(length) else "the broadcast address"
            )
            self.say(path, f"{text} is {what}, and nobody's")
        return ip, length

    def _gateway(self, path: Path, data: dict[str, Any]) -> None:
        gateway = data.get("gateway")
        if not isinstance(gateway, str) or references(gateway):
            return
        try:
            ip = parse_ip(gateway)
        except ValueError:
            return
        own = []
        for text in _words(data.get("address")):
            if references(text):
                return
            try:
                own.append(parse_prefix(text))
            except ValueError:
                return
        if not any((ip ^ mine) & mask(length) == 0 for mine, length in own):
            nets = ", ".join(_words(data.get("address"))) or "no address"
            self.say(path, f"{gateway} is not in the network of the interface ({nets})")
        elif any(ip == mine for mine, _ in own):
            self.say(path, f"{gateway} is the interface's own address")

    def _mac(self, path: Path, mac: Any, whose: str, macs: dict[int, str]) -> None:
        if not isinstance(mac, str) or references(mac):
            return
        try:
            number = parse_mac(mac)
        except ValueError:
            return
        if number >> 40 & 1 or not number:
            self.say(path, f"{mac} is a group's address, not a card's")
        macs.setdefault(number, whose)

    def _route(
        self, path: Path, route: str, networks: list[tuple[int, int]], dynamic: bool
    ) -> None:
        """As much of ``ip route add`` as can be seen to be wrong."""
        words = route.split()
        if references(route) or not words:
            return
        kind = words[0] if words[0] in ("blackhole", "unreachable", "prohibit", "unicast") else ""
        rest = words[1:] if kind else words
        target = rest[0] if rest else ""
        if target != "default":
            try:
                ip, length = parse_prefix(target)
            except ValueError:
                wanted = "as ip route add takes it, such as 10.1.0.0/16 via 10.0.0.1"
                self.say(path, f"must be {wanted}, not {route[:40]!r}")
                return
            if ip & ~mask(length) & 0xFFFFFFFF:
                self.say(path, f"{target} has bits beyond its prefix length")
        pairs = dict(zip(rest[1::2], rest[2::2], strict=False))
        for key in rest[1::2]:
            known = ("via", "dev", "metric", "src", "mtu", "scope", "table", "proto")
            if key not in (*known, "onlink"):
                self.say(path, f"ip route knows no {key[:20]!r}{meant(key, known)}")
        if "via" in pairs and not dynamic and "onlink" not in rest:
            try:
                via = parse_ip(pairs["via"])
            except ValueError:
                self.say(path, f"must go via an address, not {pairs['via'][:40]!r}")
                return
            if not any((via ^ net) & mask(length) == 0 for net, length in networks):
                self.say(path, f"{pairs['via']} is in no network of the machine's interfaces")
        elif not kind and not {"via", "dev"} & pairs.keys():
            self.say(path, "needs via or dev")

    # -- devices and links ---------------------------------------------------------------------

    def _device(self, path: Path, device: dict[str, Any], name: str) -> None:
        if name in self.machines:
            self.say(path, "has the name of a machine")
        kind = device.get("kind")
        known = _KEYS.get(kind) if isinstance(kind, str) else None
        if known is None:
            return
        for key in device:
            if key not in known and any(key in keys for keys in _KEYS.values()):
                self.say((*path, key), f"is not for a {kind}")
        if kind == "nat":
            self._translator(path, device)
            return
        ports = port_names(device)
        for key in ("vlans", "trunks"):
            for port in _map(device.get(key)):
                if port not in ports:
                    self.say((*path, key, port), f"no port {port[:40]!r}{meant(port, ports)}")
        for port in _map(device.get("trunks")):
            if port in _map(device.get("vlans")):
                self.say((*path, "trunks", port), "is an access port already")
        if len(set(ports)) != len(ports):
            self.say((*path, "ports"), "has a name twice")

    def _translator(self, path: Path, device: dict[str, Any]) -> None:
        """Two sides that are apart, and forwards that can be read (RFC 4787 REQ-7)."""
        sides: dict[str, list[tuple[int, int]]] = {"inside": [], "outside": []}
        for key, found in sides.items():
            if key not in device:
                self.say(path, f"needs {key}: its address on that side")
            for text in _words(device.get(key)):
                prefix = self._prefix((*path, key), text)
                if prefix is not None:
                    found.append(prefix)
        for ip, length in sides["inside"]:
            for other, wide in sides["outside"]:
                if (ip ^ other) & mask(min(length, wide)) == 0:
                    self.say((*path, "inside"), "overlaps with the network outside")
        outside = {"gateway": device.get("gateway"), "address": device.get("outside")}
        self._gateway((*path, "gateway"), outside)
        bounds = _words(device.get("range"))
        if (
            len(bounds) == 2
            and all(b.isdecimal() for b in bounds)
            and int(bounds[0]) > int(bounds[1])
        ):
            self.say((*path, "range"), "goes from high to low")
        for at, text in enumerate(_words(device.get("forward"))):
            try:
                parse_forward(text)
            except ValueError:
                if not references(text):
                    wanted = "as in tcp 8080 192.168.1.2:80"
                    self.say((*path, "forward", at), f"must be {wanted}, not {text[:40]!r}")

    def _links(self) -> None:
        ends = Ends(self.world)
        for name, link in self.links.items():
            path: Path = ("world", "links", name, "between")
            for at, end in enumerate(_words(_map(link).get("between"))):
                try:
                    full = ends.take(end)
                except ValueError as err:
                    self.say((*path, at), str(err))
                else:
                    self.ends[full] = self.ends[end] = name

    # -- checks --------------------------------------------------------------------------------

    def reachable(self, path: Path, data: dict[str, Any]) -> None:
        """Its target is an address or a machine with one."""
        to = data.get("to")
        if isinstance(to, str) and not references(to):
            try:
                parse_ip(to)
            except ValueError:
                if to not in self.machines:
                    text = f"must be an address or a machine, not {to[:40]!r}"
                    self.say((*path, "to"), text + meant(to, list(self.machines)))
                elif not _map(self.machines[to].get("nics")):
                    self.say((*path, "to"), f"{to} has no nics")
        proto = data.get("proto")
        if proto in ("tcp", "udp") and "port" not in data:
            self.say(path, f"needs port: {proto} goes to one")
        if "port" in data and proto not in ("tcp", "udp"):
            self.say((*path, "port"), "goes with proto: tcp or udp")

    def nat(self, path: Path, data: dict[str, Any]) -> None:
        """It is about a machine or a NAT box, and its ends can be read."""
        known = [*self.machines, *(n for n, d in self.devices.items() if d.get("kind") == "nat")]
        on = data.get("on")
        if isinstance(on, str) and on not in known:
            self.say((*path, "on"), f"no machine or NAT box {on[:40]!r}{meant(on, known)}")
        if "on" not in data and len(known) > 1:
            self.say(path, "needs on: there are several machines")
        for key in ("inside", "outside", "remote"):
            text = data.get(key)
            if isinstance(text, str) and not references(text):
                try:
                    parse_end(text)
                except ValueError:
                    wanted = "an address, an address:port or a :port"
                    self.say((*path, key), f"must be {wanted}, not {text[:40]!r}")

"""The network of a level, built: cards, devices and cables, and the files a machine boots from.

What a level says of a machine's addresses becomes what Debian has: /etc/network/interfaces,
/etc/resolv.conf, /etc/sysctl.d, /etc/iptables/rules.v4. The boot applies those, so that a machine
comes up from a power cycle as it was configured, and a player who edits them changes the next boot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.inet import (
    IPPROTO_TCP,
    IPPROTO_UDP,
    mask,
    parse_ip,
    parse_mac,
    parse_prefix,
)  # fmt: skip
from minios.game.net.spec import parse_forward
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minios.game.net.spec import DeviceSpec, LineSpec, NicSpec
    from minios.game.net.spec import NatSpec as TranslatorSpec
    from minios.game.spec import Level, MachineSpec
    from minios.kernel.machine import Machine
    from minios.net.fabric.link import LinkSpec
    from minios.net.fabric.network import Network
    from minios.net.fabric.port import Port
    from minios.sim.world import World

_WANTS = b"/etc/systemd/system/multi-user.target.wants/"

_NETWORKING = b"""\
[Unit]
Description=Raise network interfaces
Documentation=man:interfaces(5)
After=systemd-sysctl.service netfilter-persistent.service
Before=network.target network-online.target

[Service]
Type=oneshot
ExecStart=/usr/sbin/ifup -a
ExecStop=/usr/sbin/ifdown -a
RemainAfterExit=yes

[Install]
WantedBy=multi-user.target
"""
_SYSCTL = b"""\
[Unit]
Description=Apply Kernel Variables
Documentation=man:sysctl(8)
ConditionDirectoryNotEmpty=/etc/sysctl.d
Before=network.target

[Service]
Type=oneshot
ExecStart=/usr/sbin/sysctl --system
RemainAfterExit=yes

[Install]
WantedBy=multi-user.target
"""
_NETFILTER = b"""\
[Unit]
Description=netfilter persistent configuration
Documentation=man:iptables-restore(8)
ConditionPathExists=/etc/iptables/rules.v4
Before=network.target

[Service]
Type=oneshot
ExecStart=/usr/sbin/iptables-restore /etc/iptables/rules.v4
RemainAfterExit=yes

[Install]
WantedBy=multi-user.target
"""
_UNITS = {
    b"networking.service": _NETWORKING,
    b"systemd-sysctl.service": _SYSCTL,
    b"netfilter-persistent.service": _NETFILTER,
}

_HEAD = """\
# This file describes the network interfaces available on your system
# and how to activate them. For more information, see interfaces(5).

# The loopback network interface
auto lo
iface lo inet loopback
"""


def interfaces(spec: MachineSpec) -> str:
    """/etc/network/interfaces of a machine."""
    routes = _routes(spec)
    return _HEAD + "".join(
        "\n" + "\n".join(_stanzas(nic, routes.get(nic.name, []))) + "\n" for nic in spec.nics
    )


def _stanzas(nic: NicSpec, routes: list[str]) -> Iterator[str]:
    enslaved = not nic.addresses and not nic.dhcp and nic.bridge is None
    if nic.auto:
        yield f"auto {nic.name}"
    method = "dhcp" if nic.dhcp else "manual" if not nic.addresses else "static"
    yield f"iface {nic.name} inet {method}"
    if enslaved:
        yield "    up ip link set $IFACE up"
    for number, address in enumerate(nic.addresses):
        if number:
            yield f"iface {nic.name} inet static"
        yield f"    address {address}"
        if not number and nic.gateway:
            yield f"    gateway {nic.gateway}"
    if nic.bridge is not None:
        yield f"    bridge_ports {' '.join(nic.bridge) or 'none'}"
        yield f"    bridge_stp {'on' if nic.stp else 'off'}"
    if nic.mtu:
        yield f"    mtu {nic.mtu}"
    for route in routes:
        yield f"    up ip route add {route}"
    for line in nic.up:
        yield f"    up {line}"


def _routes(spec: MachineSpec) -> dict[str, list[str]]:
    """Each route with the interface at whose rise it is made: the one its gateway is behind."""
    found: dict[str, list[str]] = {}
    for route in spec.routes:
        words = route.split()
        name = spec.nics[-1].name
        if "dev" in words[:-1]:
            name = words[words.index("dev") + 1]
        elif "via" in words[:-1]:
            via = parse_ip(words[words.index("via") + 1])
            for nic in spec.nics:
                for ip, length in map(parse_prefix, nic.addresses):
                    if not (ip ^ via) & mask(length):
                        name = nic.name
        found.setdefault(name, []).append(route)
    return found


def lay(machine: Machine, spec: MachineSpec) -> None:
    """The files that the boot of a machine with interfaces reads."""
    enabled = {
        b"networking.service": True,
        b"systemd-sysctl.service": spec.forwarding,
        b"netfilter-persistent.service": bool(spec.iptables),
    }
    for unit, content in _UNITS.items():
        path = b"/lib/systemd/system/" + unit
        machine.write_file(path, content)
        if enabled[unit]:
            machine.symlink(path, _WANTS + unit)
    machine.write_file(b"/etc/network/interfaces", interfaces(spec).encode())
    for directory in (b"if-up.d", b"if-down.d", b"if-pre-up.d", b"if-post-down.d"):
        machine.make_dir(b"/etc/network/" + directory)
    machine.make_dir(b"/etc/sysctl.d")
    if spec.forwarding:
        machine.write_file(b"/etc/sysctl.d/10-forwarding.conf", b"net.ipv4.ip_forward = 1\n")
    if spec.iptables:
        text = spec.iptables if spec.iptables.endswith("\n") else spec.iptables + "\n"
        machine.write_file(b"/etc/iptables/rules.v4", text.encode())


def name_files(machine: Machine, spec: MachineSpec) -> None:
    """/etc/resolv.conf, and what a level adds to /etc/hosts."""
    if spec.dns or spec.search:
        lines = [f"search {spec.search}\n"] if spec.search else []
        lines += [f"nameserver {server}\n" for server in spec.dns]
        machine.write_file(b"/etc/resolv.conf", "".join(lines).encode())
    if spec.names:
        host = spec.hostname or spec.name
        lines = ["127.0.0.1\tlocalhost\n", f"127.0.1.1\t{host}\n"]
        lines += [f"{address}\t{name}\n" for name, address in spec.names]
        machine.write_file(b"/etc/hosts", "".join(lines).encode())


def line(spec: LineSpec) -> LinkSpec:
    """A direction of a cable."""
    from minios.net.fabric.link import LinkSpec

    return LinkSpec(
        spec.latency, spec.rate, spec.queue, spec.loss, spec.duplicate, spec.reorder, spec.delay,
        spec.corrupt, spec.damage,
    )  # fmt: skip


def networked(level: Level) -> bool:
    """Whether there is anything of a network in a level."""
    return bool(level.links or level.devices or any(machine.nics for machine in level.machines))


def build(world: World, level: Level, machines: dict[str, Machine]) -> Network:
    """Put cards into the machines, make the devices, and plug the cables."""
    from minios.net.fabric.link import Link
    from minios.net.fabric.network import Network

    network = Network(world)
    ports: dict[str, Port] = {}
    for spec in level.machines:
        machine = machines[spec.name]
        network.add(machine)
        for nic in spec.nics:
            if nic.card:
                mac = parse_mac(nic.mac) if nic.mac else 0
                ports[f"{spec.name}.{nic.name}"] = machine.add_nic(nic.name, mac, network)
    for device in level.devices:
        for name, port in _device(network, device).items():
            ports[f"{device.name}.{name}"] = port
    for cable in level.links:
        back = line(cable.back) if cable.back is not None else None
        link = Link(network, cable.name, ports[cable.a], ports[cable.b], line(cable.there), back)
        if not cable.plugged:
            link.unplug()
    return network


def _device(network: Network, spec: DeviceSpec) -> dict[str, Port]:
    mac = parse_mac(spec.mac) if spec.mac else 0
    if spec.kind == "hub":
        from minios.net.fabric.hub import Hub

        return Hub(network, spec.name, spec.ports).ports
    if spec.kind == "switch":
        from minios.net.fabric.stp import FORWARD_DELAY, HELLO, MAX_AGE
        from minios.net.fabric.switch import Switch

        switch = Switch(
            network, spec.name, spec.ports, aging=spec.aging, table=spec.table, stp=spec.stp,
            priority=spec.priority, mac=mac,
        )  # fmt: skip
        if switch.bridge.stp is not None:
            # The switches have been on for long: they find their tree while the machines boot.
            switch.bridge.stp.set_times(SECOND, 6 * SECOND, 2 * SECOND)
            network.world.at(-SECOND, switch.bridge.stp.set_times, HELLO, MAX_AGE, FORWARD_DELAY)
        if spec.access or spec.trunks:
            switch.bridge.aware = True
        for port, vid in spec.access:
            switch.access(port, vid)
        for trunk in spec.trunks:
            switch.trunk(trunk.port, trunk.vlans, trunk.native)
        return switch.ports
    assert spec.nat is not None
    return _translator(network, spec.name, spec.nat, mac)


def _translator(network: Network, name: str, spec: TranslatorSpec, mac: int) -> dict[str, Port]:
    from minios.net.natbox import NatBox, NatSpec

    forwards = []
    for text in spec.forward:
        proto, outside, ip, inside = parse_forward(text)
        forwards.append((IPPROTO_TCP if proto == "tcp" else IPPROTO_UDP, outside, ip, inside))
    return NatBox(
        network,
        name,
        inside=[parse_prefix(each) for each in spec.inside],
        outside=[parse_prefix(each) for each in spec.outside],
        gateway=parse_ip(spec.gateway) if spec.gateway else 0,
        spec=NatSpec(**dict(spec.options), forwards=tuple(forwards)),
        mac=mac,
    ).ports

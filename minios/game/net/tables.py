"""The tables of machines, devices and cables that the network pane shows, as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from minios.abi.inet import IPPROTO_ICMP, ip_text, mac_text
from minios.abi.netfilter import IPS_SEEN_REPLY
from minios.game.net.view import TableView
from minios.kernel.why.reason import moment
from minios.net.fabric.bridging import STATE_NAMES
from minios.net.fabric.hub import Hub
from minios.net.fabric.switch import Switch
from minios.net.host import fib
from minios.net.host.neigh import STATES as NUD
from minios.net.host.neigh import VALID
from minios.net.natbox import NatBox
from minios.net.reasons import sentence

if TYPE_CHECKING:
    from minios.kernel.machine import Machine
    from minios.net.drop import Dropped
    from minios.net.fabric.link import Link
    from minios.net.host.stack import Stack

ROWS = 256
"""Rows of a table at most; what is more is only counted."""

Row = tuple[str, ...]

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp"}


def _table(name: str, columns: Sequence[str], rows: Iterable[Row], note: str = "") -> TableView:
    found = list(rows)
    if len(found) > ROWS:
        note = f"{note} {len(found) - ROWS} more are not shown.".strip()
    return TableView(name, tuple(columns), tuple(found[:ROWS]), note)


# -- machines --------------------------------------------------------------------------------------


def machine(host: Machine) -> tuple[TableView, ...]:
    """All tables of a machine's stack; why there are none while it is off."""
    kernel = host.kernel
    if kernel is None:
        return (TableView("interfaces", (), (), "It is switched off."),)
    stack = kernel.net
    tables = [interfaces(stack), routes(stack), neighbours(stack)]
    if stack.netfilter is not None:
        tables += [rules(stack), connections(stack)]
    tables.append(sockets(stack))
    bridges = [device for device in stack.devices.values() if device.kind == "bridge"]
    for each in bridges:
        tables.append(_stations(f"fdb {each.name}", each.core))  # type: ignore[attr-defined]
    return tuple(tables)


def interfaces(stack: Stack) -> TableView:
    """``ip addr`` and ``ip -s link`` in one."""
    rows = []
    for device in stack.devices.values():
        addresses = ", ".join(str(address) for address in device.addresses)
        state = "UNKNOWN" if device.loopback else device.operstate()
        if device.up and not device.carrier:
            state = "NO-CARRIER"
        rows.append(
            (
                device.name,
                state,
                addresses or "-",
                "" if device.loopback else mac_text(device.mac),
                str(device.mtu),
                f"{device.rx_packets:,}",
                f"{device.tx_packets:,}",
                str(device.rx_dropped + device.tx_dropped),
            )
        )
    columns = ("name", "state", "address", "hardware address", "mtu", "in", "out", "dropped")
    return _table("interfaces", columns, rows)


def routes(stack: Stack) -> TableView:
    """The main table as ``ip route`` orders it."""
    rows = []
    for route in stack.routes.tables.get(fib.TABLE_MAIN, ()):
        target = f"{ip_text(route.dst)}/{route.plen}" if route.plen else "default"
        if route.type != fib.UNICAST:
            target = f"{fib.TYPES.get(route.type, route.type)} {target}"
        rows.append(
            (
                target,
                ip_text(route.gateway) if route.gateway else "on the link",
                route.dev.name if route.dev is not None else "-",
                str(route.priority),
                ip_text(route.src) if route.src else "",
            )
        )
    return _table("routes", ("destination", "via", "dev", "metric", "source"), rows)


def neighbours(stack: Stack) -> TableView:
    """``ip neigh``."""
    now = stack.world.now
    rows = []
    for each in stack.neigh.all():
        state = each.nud()
        rows.append(
            (
                ip_text(each.ip),
                mac_text(each.mac) if state & VALID else "-",
                each.dev.name,
                NUD.get(state, str(state)),
                f"{max(now - each.confirmed, 0) // 1_000_000_000} s ago",
                str(len(each.queue)) if each.queue else "",
            )
        )
    columns = ("address", "hardware address", "dev", "state", "confirmed", "waiting")
    return _table("ARP", columns, rows)


def rules(stack: Stack) -> TableView:
    """The chains that have rules or another policy than ACCEPT, with counters."""
    from minios.userland.lib.iptables.save import rule_text

    rows = []
    for name, table in stack.netfilter.tables.items():
        for chain in table.snapshot().chains:
            if not chain.rules and chain.policy in ("", "ACCEPT"):
                continue
            for number, rule in enumerate(chain.rules, 1):
                text = rule_text(rule)
                rows.append((name, chain.name, str(number), f"{rule.packets:,}", text))
            if chain.policy:
                rows.append((name, chain.name, "-", f"{chain.packets:,}", f"policy {chain.policy}"))
    return _table("firewall", ("table", "chain", "rule", "packets", "what"), rows)


def connections(stack: Stack) -> TableView:
    """Conntrack: what is known of each connection, and what NAT made of it."""
    now = stack.world.now
    tracker = stack.netfilter.conntrack
    rows = []
    for conn in tracker.live():
        there, back = conn.forward.key, conn.reply.key
        state = conn.tcp.state.name if conn.tcp is not None else ""
        rows.append(
            (
                _PROTOCOLS.get(conn.protocol, str(conn.protocol)),
                state or ("replied" if conn.status & IPS_SEEN_REPLY else "UNREPLIED"),
                _tuple(there),
                _tuple(back),
                f"{(conn.expires - now) // 1_000_000_000} s",
            )
        )
    columns = ("proto", "state", "as it came", "its answers come as", "left")
    return _table("NAT/conntrack", columns, rows)


def _tuple(key: tuple[int, int, int, int, int]) -> str:
    """One direction of a connection: source and destination, or both and the identifier."""
    src, dst, proto, sport, dport = key
    if proto == IPPROTO_ICMP:
        return f"{ip_text(src)} ▸ {ip_text(dst)} id {sport or dport}"
    return f"{_end(src, sport)} ▸ {_end(dst, dport)}"


def sockets(stack: Stack) -> TableView:
    """``ss -tuan``, without processes."""
    rows: list[Row] = []
    if stack.tcp is not None:
        for same in stack.tcp.listeners.values():
            rows += [("tcp", "LISTEN", _end(*each.local), "*") for each in same]
        for key, known in stack.tcp.connections.items():
            state = getattr(known, "state", None)
            name = state.name if state is not None else "SYN_RECV"
            rows.append(("tcp", name, _end(key[0], key[1]), _end(key[2], key[3])))
    if stack.udp is not None:
        for end in stack.udp.endpoints():
            there = _end(end.remote_ip, end.remote_port) if end.remote_port else "*"
            state_ = "ESTAB" if end.remote_port else "UNCONN"
            rows.append(("udp", state_, _end(end.local_ip, end.local_port), there))
    return _table("sockets", ("proto", "state", "here", "there"), rows)


def _end(ip: int, port: int) -> str:
    return f"{ip_text(ip)}:{port}"


# -- devices and cables ----------------------------------------------------------------------------


def device(node: Any) -> tuple[TableView, ...]:
    """What a switch, a hub or a NAT box knows."""
    if isinstance(node, Switch):
        return (_ports(node), _stations("MAC table", node.bridge))
    if isinstance(node, Hub):
        rows = [(name, _plugged(port)) for name, port in node.ports.items()]
        return (_table("ports", ("port", "cable"), rows, "A hub repeats each frame everywhere."),)
    if isinstance(node, NatBox):
        stack = node.stack
        return (interfaces(stack), _mappings(node), routes(stack), neighbours(stack))
    return ()


def outside(node: Any) -> str:
    """The public address of a NAT box; empty for what has none."""
    return ip_text(node.stack.devices["outside"].addresses[0].ip) if _translates(node) else ""


def _translates(node: Any) -> bool:
    return isinstance(node, NatBox) and bool(node.stack.devices["outside"].addresses)


def _mappings(box: NatBox) -> TableView:
    """Who inside has which address and port outside (RFC 4787 4)."""
    rows = []
    for each in box.mappings():
        rows.append(
            (
                _PROTOCOLS.get(each.proto, str(each.proto)),
                _end(*each.inside),
                _end(*each.outside),
                "anybody"
                if each.peer == (0, 0)
                else f"{ip_text(each.peer[0])}:{each.peer[1] or '*'}",
                "for ever" if each.left is None else f"{each.left // 1_000_000_000} s",
            )
        )
    note = f"Mapping and filtering (RFC 4787): {box.kind}."
    return _table("NAT", ("proto", "inside", "outside", "made for", "left"), rows, note)


def _plugged(port: Any) -> str:
    peer = port.peer
    if peer is None:
        return "none"
    return peer.label if port.up else f"{peer.label}, pulled"


def _ports(switch: Switch) -> TableView:
    rows = []
    for name, port in switch.ports.items():
        inner = switch.bridge.ports[name]
        vlans = ""
        if switch.bridge.aware:
            tagged = sorted(set(inner.vlans) - set(inner.untagged))
            vlans = f"{inner.pvid or '-'}" + (f" + {_ranges(tagged)} tagged" if tagged else "")
        rows.append(
            (
                name,
                STATE_NAMES[inner.state],
                _plugged(port),
                vlans,
                f"{inner.rx:,}",
                f"{inner.tx:,}",
            )
        )
    return _table("ports", ("port", "state", "cable to", "VLAN", "in", "out"), rows)


def _ranges(numbers: Sequence[int]) -> str:
    """``2-5,9``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def _stations(name: str, bridge: Any) -> TableView:
    rows = [
        (
            mac_text(each.mac),
            str(each.vid) if each.vid else "",
            each.port or "itself",
            "static" if each.static else f"{each.age // 1_000_000_000} s ago",
        )
        for each in bridge.table()
    ]
    return _table(name, ("station", "VLAN", "port", "heard"), rows)


def cable(link: Link) -> tuple[TableView, ...]:
    """Both directions of a cable."""
    rows = []
    for wire in link.wires:
        spec = wire.spec
        rows.append(
            (
                f"{wire.source.label} ▸ {wire.target.label}",
                f"{spec.rate:,} bit/s" if spec.rate else "no limit",
                f"{spec.latency // 1000:,} µs",
                f"{wire.waiting():,} of {spec.queue:,}",
                f"{wire.frames:,}",
                f"{wire.octets:,}",
            )
        )
    columns = ("direction", "rate", "latency", "bytes waiting", "frames", "bytes")
    luck = []
    for wire in link.wires:
        spec = wire.spec
        for name, share in (
            ("lost", spec.loss),
            ("duplicated", spec.duplicate),
            (f"late by {spec.delay // 1000:,} µs", spec.reorder),
            ("corrupt (the receiver notices)", spec.corrupt),
            ("damaged (only checksums tell)", spec.damage),
        ):
            if share:
                luck.append((wire.source.label, name, f"{share / 10_000:g} %"))
    note = "" if link.up else "The cable is pulled."
    tables = [_table("directions", columns, rows, note)]
    if luck:
        tables.append(_table("what goes wrong", ("from", "frames are", "share"), luck))
    return tuple(tables)


def drops(records: Sequence[Dropped]) -> tuple[TableView, ...]:
    """The last drops of a node, the newest first."""
    rows = [
        (moment(record.time), record.reason.name, sentence(record), record.summary)
        for record in reversed(records)
    ]
    return (_table("drops", ("when", "reason", "because", "packet"), rows),)

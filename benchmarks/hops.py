"""Packet·hops a second through switch → router → NAT → switch, against raw SimPy stores.

Both sides carry the same packets: UDP from several hosts to several servers, through a learning
switch, a router (longest prefix match, ARP), a masquerading router (connection tracking, port
mappings) and another switch. A hop is one traversal of a cable with a rate and a latency. Here a
traversal is one event; in SimPy every element is a process, every port a Store, and every cable a
process with a timeout.

The SimPy side does the least that the elements have to do: no checksums, no queues that overflow,
no timeouts of mappings, no counters, no neighbour states.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import simpy

from minios.abi.inet import parse_ip
from minios.abi.netfilter import Part, Rule, empty
from minios.net.fabric.link import Link, LinkSpec
from minios.net.fabric.network import Network
from minios.net.fabric.port import Port
from minios.net.fabric.switch import Switch
from minios.net.host.host import make_host
from minios.net.netfilter.netfilter import Netfilter
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.udp import UDP
from minios.sim.world import MICROSECOND, SECOND, World

CLIENTS, SERVERS, PACKETS = 8, 4, 20_000
HOPS = 5
GAP = 20 * MICROSECOND
"""Between two packets: all cables stay below their rate of 1 Gbit/s."""
DATA = bytes(100)
RATE, LATENCY = 1_000_000_000, 50 * MICROSECOND
PREFIXES = ["10.0.0.0/24", "10.1.0.0/16", "10.2.0.0/16", "172.16.0.0/12", "0.0.0.0/0"]


class Station:
    """A host without a stack: it answers ARP and counts what it gets."""

    def __init__(self, network: Network, name: str, ip: str, mac: int) -> None:
        self.name = name
        self.ip = parse_ip(ip)
        self.got = 0
        self.port = Port(self, "eth0", mac, network)
        self.port.receive = self.receive

    def carrier(self, port: Port, up: bool) -> None:
        pass

    def receive(self, frame: Ethernet) -> None:
        if frame.type == 0x0806:
            ask = frame.payload
            if ask.op == 1 and ask.tpa == self.ip:
                answer = ARP(2, self.port.mac, self.ip, ask.sha, ask.spa)
                self.port.send(Ethernet(ask.sha, self.port.mac, 0x0806, answer))
        else:
            self.got += 1


class Owner:
    def __init__(self, name: str) -> None:
        self.name = name
        self.stack: Any = None

    def carrier(self, port: Port, up: bool) -> None:
        if self.stack is not None:
            self.stack.carrier(port.name, up)


class Topology:
    """clients — sw1 — router — nat — sw2 — servers"""

    def __init__(self) -> None:
        world = self.world = World(1)
        network = self.network = Network(world)
        spec = LinkSpec(latency=LATENCY, rate=RATE, queue=1 << 20)
        sw1 = Switch(network, "sw1", [str(n) for n in range(CLIENTS + 1)])
        sw2 = Switch(network, "sw2", [str(n) for n in range(SERVERS + 1)])
        self.clients = [
            Station(network, f"c{n}", f"10.0.0.{n + 10}", 0x020000000100 + n)
            for n in range(CLIENTS)
        ]
        self.servers = [
            Station(network, f"s{n}", f"203.0.113.{n + 10}", 0x020000000200 + n)
            for n in range(SERVERS)
        ]
        self.router = self.host("router", eth0="10.0.0.1/24", eth1="10.1.0.1/24")
        self.nat = self.host("nat", eth0="10.1.0.2/24", eth1="203.0.113.1/24")
        for prefix in PREFIXES[2:]:
            base, _, length = prefix.partition("/")
            self.router.add_route(parse_ip(base), int(length), parse_ip("10.1.0.2"))
        self.nat.add_route(parse_ip("10.0.0.0"), 24, parse_ip("10.1.0.1"))
        nf = self.nat.netfilter = Netfilter(self.nat)
        table = empty("nat")
        rule = Rule(target=Part("MASQUERADE", ()), outside=("eth1", False))
        chains = tuple(
            chain._replace(rules=(rule,)) if chain.name == "POSTROUTING" else chain
            for chain in table.chains
        )
        nf.replace(table._replace(chains=chains))
        for n, client in enumerate(self.clients):
            Link(network, f"c{n}", client.port, sw1.ports[str(n)], spec)
        Link(network, "a", sw1.ports[str(CLIENTS)], self.ports["router.eth0"], spec)
        Link(network, "b", self.ports["router.eth1"], self.ports["nat.eth0"], spec)
        Link(network, "c", self.ports["nat.eth1"], sw2.ports[str(SERVERS)], spec)
        for n, server in enumerate(self.servers):
            Link(network, f"s{n}", sw2.ports[str(n)], server.port, spec)

    ports: dict[str, Port]

    def host(self, name: str, **nics: str) -> Any:
        owner = Owner(name)
        self.ports = getattr(self, "ports", {})
        mine = [
            Port(owner, nic, 0x020000000300 + 16 * len(self.ports) + n, self.network)
            for n, nic in enumerate(nics)
        ]
        stack = owner.stack = make_host(self.world, name, mine)
        for port, (nic, text) in zip(mine, nics.items(), strict=True):
            self.ports[f"{name}.{nic}"] = port
            base, _, length = text.partition("/")
            stack.add_address(nic, parse_ip(base), int(length))
            stack.set_up(nic)
        stack.set_sysctl("ip_forward", 1)
        return stack

    def send(self, n: int) -> None:
        client = self.clients[n % CLIENTS]
        server = self.servers[n // CLIENTS % SERVERS]
        packet = IPv4(client.ip, server.ip, 17, UDP(4000, 53, DATA))
        port = client.port
        port.send(Ethernet(self.gateway, port.mac, 0x0800, packet))
        if n + 1 < self.count:
            self.world.at(self.world.now + GAP, self.send, n + 1)

    def run(self, count: int) -> float:
        """Wall seconds in which that many packets go all the way."""
        self.count = count
        self.gateway = self.ports["router.eth0"].mac
        before = sum(server.got for server in self.servers)
        self.world.at(self.world.now, self.send, 0)
        start = time.perf_counter()
        self.world.run_until(self.world.now + count * GAP + SECOND)
        took = time.perf_counter() - start
        got = sum(server.got for server in self.servers) - before
        assert got == count, (got, self.router.dropped, self.nat.dropped, self.network.dropped)
        return took


def minios(count: int = PACKETS) -> float:
    """Wall seconds; who is where, and every mapping, is known before."""
    return settled().run(count)


def settled() -> Topology:
    """Everybody has asked for their gateway and every flow has been there once."""
    topology = Topology()
    for client in topology.clients:
        ask = ARP(1, client.port.mac, client.ip, 0, parse_ip("10.0.0.1"))
        client.port.send(Ethernet((1 << 48) - 1, client.port.mac, 0x0806, ask))
    topology.run(CLIENTS * SERVERS * 4)
    return topology


# -- the same in SimPy -----------------------------------------------------------------------------


def simpy_stores(count: int = PACKETS) -> float:
    """Wall seconds for the same packets through processes, stores and timeouts."""
    env = simpy.Environment()
    done = 0

    def cable(a: simpy.Store, b: simpy.Store) -> Generator[Any, Any, None]:
        while True:
            frame = yield a.get()
            yield env.timeout((len(frame["data"]) + 66) * 8)
            yield b.put(frame)

    def joined() -> tuple[simpy.Store, simpy.Store]:
        a, b = simpy.Store(env), simpy.Store(env)
        env.process(cable(a, b))
        return a, b

    def switch(inbox: simpy.Store, outs: dict[int, simpy.Store]) -> Generator[Any, Any, None]:
        table: dict[int, int] = {mac: mac for mac in outs}
        while True:
            frame = yield inbox.get()
            table[frame["src_mac"]] = frame["src_mac"]
            yield outs[table[frame["dst_mac"]]].put(frame)

    prefixes = []
    for prefix in PREFIXES:
        base, _, length = prefix.partition("/")
        shift = 32 - int(length)
        prefixes.append((parse_ip(base) >> shift, shift))
    prefixes.sort(key=lambda entry: entry[1])

    def route(dst: int) -> int:
        for network, shift in prefixes:
            if dst >> shift == network:
                return network
        raise LookupError

    def router(inbox: simpy.Store, out: simpy.Store) -> Generator[Any, Any, None]:
        arp = {parse_ip("10.1.0.2"): 2}
        while True:
            frame = yield inbox.get()
            if frame["ttl"] <= 1:
                continue
            frame["ttl"] -= 1
            route(frame["dst"])
            frame["src_mac"], frame["dst_mac"] = 1, arp[parse_ip_nat]
            yield out.put(frame)

    def nat(inbox: simpy.Store, out: simpy.Store) -> Generator[Any, Any, None]:
        table: dict[tuple[int, int, int, int, int], tuple[int, int]] = {}
        arp = {parse_ip(f"203.0.113.{n + 10}"): 200 + n for n in range(SERVERS)}
        port = 40000
        while True:
            frame = yield inbox.get()
            if frame["ttl"] <= 1:
                continue
            frame["ttl"] -= 1
            route(frame["dst"])
            key = (17, frame["src"], frame["sport"], frame["dst"], frame["dport"])
            if key not in table:
                table[key] = (outside, port)
                port += 1
            frame["src"], frame["sport"] = table[key]
            frame["src_mac"], frame["dst_mac"] = 3, arp[frame["dst"]]
            yield out.put(frame)

    def sink(inbox: simpy.Store) -> Generator[Any, Any, None]:
        nonlocal done
        while True:
            yield inbox.get()
            done += 1

    parse_ip_nat, outside = parse_ip("10.1.0.2"), parse_ip("203.0.113.1")
    clients = [parse_ip(f"10.0.0.{n + 10}") for n in range(CLIENTS)]
    servers = [parse_ip(f"203.0.113.{n + 10}") for n in range(SERVERS)]
    sw1_in, sw2_in = simpy.Store(env), simpy.Store(env)
    sources = []
    for _ in clients:
        end = simpy.Store(env)
        env.process(cable(end, sw1_in))
        sources.append(end)
    to_router, router_in = joined()
    to_nat, nat_in = joined()
    to_sw2 = simpy.Store(env)
    env.process(cable(to_sw2, sw2_in))
    outs = {}
    for n in range(SERVERS):
        outs[200 + n], inbox = joined()
        env.process(sink(inbox))
    env.process(switch(sw1_in, {1: to_router}))
    env.process(router(router_in, to_nat))
    env.process(nat(nat_in, to_sw2))
    env.process(switch(sw2_in, outs))

    def source() -> Generator[Any, Any, None]:
        for n in range(count):
            yield sources[n % CLIENTS].put({
                "src_mac": 100 + n % CLIENTS, "dst_mac": 1, "src": clients[n % CLIENTS],
                "dst": servers[n // CLIENTS % SERVERS], "ttl": 64, "sport": 4000, "dport": 53,
                "data": DATA,
            })  # fmt: skip
            yield env.timeout(GAP)

    env.process(source())
    start = time.perf_counter()
    env.run(until=count * GAP + SECOND)
    took = time.perf_counter() - start
    assert done == count, done
    return took


def main() -> bool:
    """Print both rates and their ratio (the median of paired runs); whether it is at least 3."""
    pairs = [(minios(), simpy_stores()) for _ in range(5)]
    ratio = sorted(theirs / ours for ours, theirs in pairs)[len(pairs) // 2]
    ours = PACKETS * HOPS / min(ours for ours, _ in pairs)
    theirs = PACKETS * HOPS / min(theirs for _, theirs in pairs)
    print(f"MiniOS {ours / 1e3:.0f} k packet·hops/s, SimPy {theirs / 1e3:.0f} k")
    print(f"{ratio:.1f}× as many (budget 3×)")
    return ratio >= 3


if __name__ == "__main__":
    raise SystemExit(not main())

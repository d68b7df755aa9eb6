"""Two peers behind routers, and a server, all of them machines with kernels and programs.

::

    a 10.1.0.2 ── ra 203.0.113.1 ──┐
    b 10.2.0.2 ── rb 203.0.113.2 ──┼── server 203.0.113.10 and .11
"""

from typing import Any

from minios.abi.inet import parse_ip
from minios.game import sandbox
from minios.game.base import install
from minios.kernel.machine import Machine
from minios.net.fabric.link import Link, LinkSpec
from minios.net.fabric.network import Network
from minios.net.fabric.switch import Switch
from minios.net.natbox import NatBox, NatSpec
from minios.sim.world import MILLISECOND, SECOND, World
from minios.userland.table import load

LATENCY = 10 * MILLISECOND


class Internet:
    """``a`` and ``b`` are classes of NAT (``eim/apdf``), or shell scripts of a Linux router whose
    inside is eth0 and whose outside is eth1."""

    def __init__(self, a: str = "eim/apdf", b: str = "eim/apdf") -> None:
        self.world = World(0, now=-sandbox.BOOT)
        self.network = Network(self.world)
        self.machines: dict[str, Machine] = {}
        switch = Switch(self.network, "internet", ["1", "2", "3"])
        for name in ("a", "b", "server"):
            self._machine(name, "eth0")
        scripts: dict[str, str] = {}
        for number, (name, router) in enumerate((("a", a), ("b", b)), 1):
            inside, outside = f"10.{number}.0.1", f"203.0.113.{number}"
            peer = self.machines[name].nics["eth0"]
            if "/" in router and " " not in router:
                mapping, filtering = router.split("/")
                box = NatBox(
                    self.network, f"r{name}", [(parse_ip(inside), 24)], [(parse_ip(outside), 24)],
                    spec=NatSpec(mapping, filtering),
                )  # fmt: skip
                ends: tuple[Any, Any] = box.ports["inside"], box.ports["outside"]
            else:
                machine = self._machine(f"r{name}", "eth0", "eth1")
                ends = machine.nics["eth0"], machine.nics["eth1"]
                scripts[f"r{name}"] = (
                    f"ip addr add {inside}/24 dev eth0; ip addr add {outside}/24 dev eth1; "
                    "ip link set eth0 up; ip link set eth1 up; "
                    f"sysctl -q net.ipv4.ip_forward=1; {router}"
                )
            spec = LinkSpec(latency=LATENCY)
            Link(self.network, f"{name}-in", peer, ends[0], spec)
            Link(self.network, f"{name}-out", ends[1], switch.ports[str(number)], spec)
            scripts[name] = (
                f"ip addr add 10.{number}.0.2/24 dev eth0; ip link set eth0 up; "
                f"ip route add default via {inside}"
            )
        Link(self.network, "server", self.machines["server"].nics["eth0"], switch.ports["3"],
             LinkSpec(latency=LATENCY))  # fmt: skip
        scripts["server"] = (
            "ip addr add 203.0.113.10/24 dev eth0; ip addr add 203.0.113.11/24 dev eth0; "
            "ip link set eth0 up; rendezvousd -d; stund -d 203.0.113.10 203.0.113.11"
        )
        for machine in self.machines.values():
            machine.power_on()
        self.world.run_until(0)
        for name, script in scripts.items():
            done = self.run(name, script)
            assert done.status == 0, (name, done)

    def _machine(self, name: str, *nics: str) -> Machine:
        machine = Machine(self.world, name, programs=load, epoch=sandbox.CLOCK)
        install(machine, hostname=name, users=[sandbox.USER], ttys={})
        for nic in nics:
            machine.add_nic(nic, network=self.network)
        self.network.add(machine)
        self.machines[name] = machine
        return machine

    def run(self, name: str, command: str, seconds: int = 60) -> sandbox.Result:
        """What root gets for a command line."""
        done = sandbox.run_command(
            self.world, self.machines, sandbox.sh(command.encode()), machine=name, user="root",
            until=self.world.now + seconds * SECOND,
        )  # fmt: skip
        kernel = self.machines[name].kernel
        assert kernel is not None and not kernel.faults, kernel and kernel.faults
        return done

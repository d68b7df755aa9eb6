"""Machines on switches, for tests of programs that talk to one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from minios.abi.sys import Program
from minios.game import sandbox
from minios.game.base import install
from minios.game.sandbox import Result
from minios.kernel.machine import Machine
from minios.net.fabric.link import Link, LinkSpec
from minios.net.fabric.network import Network
from minios.net.fabric.switch import Switch
from minios.sim.world import SECOND, World
from minios.userland.table import load


class Lan:
    """Machines by name; ``hosts`` says which interface is on which switch with which address.

    >>> Lan({"pc": {"eth0": "lan 10.0.0.2/24"}, "gw": {"eth0": "lan 10.0.0.1/24"}})

    Without an address the interface is left down, for a DHCP client to bring it up.
    """

    def __init__(
        self,
        hosts: Mapping[str, Mapping[str, str]],
        seed: int = 0,
        load: Callable[[str], Program] = load,
        line: LinkSpec | None = None,
    ) -> None:
        self.world = World(seed, now=-sandbox.BOOT)
        self.network = Network(self.world)
        self.machines: dict[str, Machine] = {}
        self.links: dict[str, Link] = {}
        segments: dict[str, list[str]] = {}
        for host, nics in hosts.items():
            machine = Machine(self.world, host, programs=load, epoch=sandbox.CLOCK)
            install(machine, hostname=host, users=[sandbox.USER], ttys={})
            self.network.add(machine)
            self.machines[host] = machine
            for nic, where in nics.items():
                segments.setdefault(where.split()[0], []).append(f"{host}.{nic}")
        for segment, ends in segments.items():
            switch = Switch(self.network, segment, ends)
            for end in ends:
                host, _, nic = end.partition(".")
                port = self.machines[host].add_nic(nic, 0, self.network)
                self.links[end] = Link(
                    self.network, end, port, switch.ports[end], line or LinkSpec()
                )
        for machine in self.machines.values():
            machine.power_on()
        self.world.run_until(0)
        for host, nics in hosts.items():
            lines = []
            for nic, where in nics.items():
                if len(words := where.split()) > 1:
                    lines.append(f"ip addr add {words[1]} dev {nic}; ip link set {nic} up")
            if len(nics) > 1:
                lines.append("sysctl -q net.ipv4.ip_forward=1")
            if lines:
                assert self.run(host, "; ".join(lines)).status == 0

    def run(self, host: str, command: str, until: int = 60, user: str = "root") -> Result:
        """Run ``sh -c command`` on a machine, for at most ``until`` virtual seconds."""
        result = sandbox.run_command(
            self.world, self.machines, sandbox.sh(command.encode()), machine=host, user=user,
            until=self.world.now + until * SECOND,
        )  # fmt: skip
        self.check()
        return result

    def out(self, host: str, command: str, until: int = 60) -> str:
        """What a command prints on standard output; it must succeed and complain of nothing."""
        result = self.run(host, command, until)
        assert (result.status, result.stderr) == (0, b""), result
        return result.stdout.decode("latin-1")

    def write(self, host: str, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file of root's on a machine."""
        self.machines[host].write_file(path.encode(), text.encode(), 0, 0, mode)

    def wait(self, seconds: int) -> None:
        """Let virtual time pass."""
        self.world.run_until(self.world.now + seconds * SECOND)
        self.check()

    def check(self) -> None:
        """No program has raised what is not an OSError."""
        for machine in self.machines.values():
            if machine.kernel is not None:
                assert not machine.kernel.faults, machine.kernel.faults

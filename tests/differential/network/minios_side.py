"""The MiniOS side: machines without a configuration, on cables."""

from __future__ import annotations

from minios.game import sandbox
from minios.game.base import install
from minios.kernel.machine import Machine
from minios.net.fabric.link import Link
from minios.net.fabric.network import Network
from minios.net.fabric.port import Port
from minios.net.fabric.switch import Switch
from minios.sim.world import SECOND, World
from minios.userland.table import load
from tests.differential.network.topology import Answer, Topology, masked

LIMIT = 120 * SECOND
"""Virtual time that a step may take."""


class Machines:
    """The machines of a topology, booted."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.world = World(0, now=-sandbox.BOOT)
        network = Network(self.world)
        self.machines: dict[str, Machine] = {}
        ports: dict[str, Port] = {}
        for node, nics in topology.nics.items():
            machine = Machine(self.world, node, programs=load, epoch=sandbox.CLOCK)
            install(machine, hostname=node, users=[sandbox.USER], ttys={})
            network.add(machine)
            self.machines[node] = machine
            for nic in nics:
                ports[f"{node}.{nic}"] = machine.add_nic(nic)
        switches = {name: self._switch(network, name) for name in topology.switches}
        for number, ends in enumerate(topology.cables):
            one, other = (
                ports[end] if end in ports else switches[end].ports[f"p{number}"] for end in ends
            )
            Link(network, f"cable{number}", one, other)
        for machine in self.machines.values():
            machine.power_on()
        self.world.run_until(0)

    def _switch(self, network: Network, name: str) -> Switch:
        cables = self.topology.cables
        numbers = [number for number, ends in enumerate(cables) if name in ends]
        return Switch(network, name, [f"p{number}" for number in numbers])

    def run(self) -> list[Answer]:
        """Every step's answer, in order."""
        return [self.step(step.node, step.command) for step in self.topology.steps]

    def step(self, node: str, command: str) -> Answer:
        """What root gets for a command line on a machine."""
        world = self.world
        got = sandbox.run_command(
            world, self.machines, sandbox.sh(command.encode()), machine=node, user="root",
            until=world.now + LIMIT,
        )  # fmt: skip
        kernel = self.machines[node].kernel
        assert kernel is not None
        assert not kernel.faults, kernel.faults
        return Answer(got.status, masked(got.stdout.decode()), masked(got.stderr.decode()))


def answers(topology: Topology) -> list[Answer]:
    """Build, boot and run."""
    return Machines(topology).run()

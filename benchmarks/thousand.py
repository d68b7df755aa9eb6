"""A thousand machines on one world boot, bring their interface up and ping their gateway.

Each is a whole machine: a disk with the base system, a kernel, init, its services, an interface
that is configured at boot from /etc/network/interfaces. Fifty of them and a gateway are on a
switch, and the ping is a process of each.
"""

from __future__ import annotations

import time

from minios.abi.flags import shell_status
from minios.game import base
from minios.game.net import build as netbuild
from minios.game.spec import MachineSpec, NicSpec
from minios.kernel import birth
from minios.kernel.machine import Machine
from minios.kernel.process import PCB
from minios.net.fabric.link import Link
from minios.net.fabric.network import Network
from minios.net.fabric.switch import Switch
from minios.sim.collecting import uncollected
from minios.sim.world import SECOND, World
from minios.userland.table import load

MACHINES = 1000
HOSTS = 50
"""On one switch, with a gateway of their own."""
BUDGET = 10.0


class Pings:
    """The exit status of each ping, by the machine's name."""

    def __init__(self) -> None:
        self.status: dict[str, int] = {}

    def on_exit(self, pcb: PCB) -> None:
        if pcb.identity is not None:
            self.status[pcb.identity] = shell_status(pcb.exit_status)


def machine(world: World, network: Network, spec: MachineSpec) -> Machine:
    """A machine as the builder of levels makes it."""
    made = Machine(world, spec.name, programs=load)
    network.add(made)
    for nic in spec.nics:
        made.add_nic(nic.name, network=network)
    base.install(made, hostname=spec.name, users=[base.User("player", 1000)])
    netbuild.lay(made, spec)
    return made


def run(count: int = MACHINES) -> tuple[float, float, float]:
    """Wall seconds to build, to boot, and to ping; every ping must have been answered."""
    with uncollected():
        return _run(count)


def _run(count: int) -> tuple[float, float, float]:
    start = time.perf_counter()
    world = World(1, now=-10 * SECOND)
    network = Network(world)
    gateways, machines = [], []
    for n in range(count):
        lan, host = divmod(n, HOSTS)
        gateway = f"10.{lan >> 8}.{lan & 255}.1"
        if not host:
            switch = Switch(network, f"sw{lan}", [str(port) for port in range(HOSTS + 1)])
            spec = MachineSpec(f"gw{lan}", nics=(NicSpec("eth0", (gateway + "/24",)),))
            gateways.append(machine(world, network, spec))
            Link(network, f"gw{lan}", gateways[-1].nics["eth0"], switch.ports["0"])
        address = f"{gateway.rpartition('.')[0]}.{host + 2}/24"
        made = machine(world, network, MachineSpec(f"m{n}", nics=(
            NicSpec("eth0", (address,), gateway),
        )))  # fmt: skip
        Link(network, f"m{n}", made.nics["eth0"], switch.ports[str(host + 1)])
        machines.append(made)
    built = time.perf_counter()
    for each in (*gateways, *machines):
        each.power_on()
    world.run_until(0)
    booted = time.perf_counter()
    pings = Pings()
    world.instruments.add(pings)
    for n, each in enumerate(machines):
        assert each.kernel is not None
        lan = n // HOSTS
        argv = [b"/bin/ping", b"-c", b"1", b"10.%d.%d.1" % (lan >> 8, lan & 255)]
        birth.start(each.kernel, argv, identity=each.name)
    world.run_until(20 * SECOND)
    done = time.perf_counter()
    answered = sum(status == 0 for status in pings.status.values())
    assert answered == count, (answered, count)
    return built - start, booted - built, done - booted


def main() -> bool:
    """Print the three times; whether they are within the budget together."""
    build, boot, ping = run()
    total = build + boot + ping
    print(f"{MACHINES} machines: built {build:.1f} s, booted {boot:.1f} s, pinged {ping:.1f} s")
    print(f"{total:.1f} s together (budget {BUDGET:.0f} s)")
    return total < BUDGET


if __name__ == "__main__":
    raise SystemExit(not main())

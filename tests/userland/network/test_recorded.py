"""ip, ifconfig, route, arp and netstat print what Debian's print, byte for byte."""

from __future__ import annotations

import pytest

from minios.net.fabric.link import Link
from minios.net.fabric.network import Network
from minios.net.fabric.port import Port
from minios.net.host.host import make_host
from minios.testing import Box
from tests.userland.network.recorded import masked, read


class Other:
    """Who has the other end of the cable."""

    name = "other"

    def carrier(self, port: Port, up: bool) -> None:
        pass


def machine() -> Box:
    """A machine with eth0, down and without addresses, and a cable to somebody silent."""
    box = Box(user="root")
    network = Network(box.world)
    kernel = box.machine.kernel
    assert kernel is not None
    stack = kernel.net
    mine = box.machine.add_nic("eth0", 0x02_0000_0000_01, network)
    stack.add_port(mine)
    theirs = Port(Other(), "eth0", 0x02_0000_0000_02, network)
    make_host(box.world, "other", [theirs])
    Link(network, "cable", mine, theirs)
    return box


@pytest.mark.parametrize("name", ["address", "route", "neighbour", "link", "bridge", "nettools"])
def test_programs_answer_as_debian_s_do(name: str) -> None:
    box = machine()
    for case in read(name):
        got = box.run(case.command)
        told = (case.command, got.status, masked(got.stdout.decode()), masked(got.stderr.decode()))
        assert told == tuple(case)

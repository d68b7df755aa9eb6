"""A whole host: a stack with its transport protocols, as kernels have it and tests use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from minios.net.host.stack import Stack
from minios.net.tcp import Tcp
from minios.net.transport.portspace import PortSpace
from minios.net.transport.udp import Udp

if TYPE_CHECKING:
    from minios.net.fabric.port import Port
    from minios.sim.world import World


def make_host(world: World, name: str, ports: Iterable[Port] = ()) -> Stack:
    """A stack with everything that listens: ports, UDP, TCP, raw and ping sockets."""
    stack = Stack(world, name, ports)
    stack.portspace = PortSpace(world, name)
    stack.udp = Udp(stack)
    stack.tcp = Tcp(stack)
    return stack

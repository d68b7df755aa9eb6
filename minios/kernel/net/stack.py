"""The network stack of a kernel: made when it is first needed, gone with the power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.net.host.host import make_host

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.net.host.stack import Stack


def make_stack(kernel: Kernel) -> Stack:
    """The stack of a booting kernel, with the machine's network cards; the loopback is up."""
    machine = kernel.machine
    stack = make_host(kernel.world, machine.name, machine.nics.values())
    stack.printk = lambda level, text: kernel.log.put(text, level)
    stack.clock = kernel.clock
    kernel.parts["net"] = stack.state
    return stack

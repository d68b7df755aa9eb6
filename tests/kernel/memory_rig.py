"""A machine whose memory is checked after everything that happens to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from minios.abi.sys import Sys
from minios.kernel.mm.memory import Memory
from minios.kernel.mm.swap import header
from minios.kernel.process import PCB
from minios.sim.world import SECOND
from tests.kernel.rig import Rig

PAGE = 4096
Main = Callable[[Sys], Awaitable[Any]]


class MemoryRig(Rig):
    """``ram`` and ``swap`` are bytes; with swap, /dev/sda2 is ready for swapon."""

    def __init__(self, ram: int = 4 << 20, swap: int = 0, **settings: Any) -> None:
        super().__init__(ram=ram, swap=swap, **settings)
        if swap:
            device = self.machine.devices[b"sda2"]
            device.raw[0] = header(device.size // PAGE, b"0123456789abcdef", b"")

    @property
    def memory(self) -> Memory:
        return self.kernel.mm

    def do(self, main: Main, seconds: float = 10) -> PCB:
        """Run a process to its end, checking all of memory after each of its steps."""
        pcb = self.start(main)
        self.until(lambda: pcb.zombie, seconds)
        return pcb

    def until(self, done: Callable[[], bool], seconds: float = 10) -> None:
        """Let time pass until ``done``."""
        end = self.world.now + int(seconds * SECOND)
        while not done() and self.world.now < end:
            due = self.world.next_event()
            if due is None:
                break
            self.world.run_until(min(due, end), budget=20)
            self.memory.check()
        assert self.kernel.faults == [], self.kernel.faults

    def use_swap(self) -> None:
        async def on(sys: Sys) -> None:
            await sys.swapon(b"/dev/sda2")

        self.do(on)
        assert self.memory.swap.size

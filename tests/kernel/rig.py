"""A bare machine whose programs are the test's own coroutines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi.signals import SIG_BLOCK, Sig, mask_of
from minios.abi.sys import Program, Sys
from minios.kernel import birth
from minios.kernel.kernel import Kernel
from minios.kernel.machine import Machine
from minios.kernel.process import PCB
from minios.sim.world import SECOND, World

Main = Callable[[Sys], Any]


async def init(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    """Pid 1: reap whatever ends, for ever, and cost nothing meanwhile."""

    async def woken(sys: Sys, sig: int) -> None:
        pass

    await sys.sigaction(Sig.SIGCHLD, woken)
    await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGCHLD))
    while True:
        try:
            await sys.waitpid()
        except OSError:
            try:
                await sys.sigsuspend(0)
            except OSError:
                continue


def program(main: Main) -> Program:
    """A program out of a coroutine function that only wants its system calls."""

    async def run(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        code = await main(sys)
        return code if isinstance(code, int) else 0

    return run


class Rig:
    """A booted machine. ``start(f)`` runs ``f(sys)`` as a process; ``run()`` lets time pass."""

    def __init__(self, **settings: Any) -> None:
        self.world = World(now=-SECOND)
        self.programs: dict[str, Program] = {"init": init}
        self.machine = Machine(self.world, "rig", programs=self.programs.__getitem__, **settings)
        self.machine.install(b"/sbin/init", "init")
        self.machine.power_on()
        self.world.run_until(0)

    @property
    def kernel(self) -> Kernel:
        assert self.machine.kernel is not None
        return self.machine.kernel

    def install(self, name: str, main: Main) -> bytes:
        self.programs[name] = program(main)
        path = b"/bin/" + name.encode()
        self.machine.install(path, name)
        return path

    def start(self, main: Main, name: str = "", **settings: Any) -> PCB:
        path = self.install(name or f"p{len(self.programs)}", main)
        return birth.start(self.kernel, [path], **settings)

    def run(self, seconds: float = 1) -> None:
        assert self.world.run_until(self.world.now + int(seconds * SECOND))
        assert self.kernel.faults == [], self.kernel.faults

"""Which living processes match: kept up to date by what happens to each, not by looking at all.

A level with a fork bomb asks this a thousand times a virtual second.
"""

from collections.abc import Callable

from minios.game.checks.bound import Scene, kernel_of
from minios.kernel.kernel import Kernel
from minios.kernel.process import PCB


class Roster:
    """The living processes of a machine for which ``matches`` holds.

    It must depend on nothing but what fork and exec change. Births that are no forks (the level
    starts something) are noticed by the kernel's count of births.
    """

    def __init__(self, scene: Scene, where: str, matches: Callable[[PCB], bool]) -> None:
        self._scene = scene
        self._where = where
        self._matches = matches
        self._kernel: Kernel | None = None
        self._births = 0
        self._found: dict[PCB, None] = {}
        scene.world.instruments.add(self)

    def now(self) -> dict[PCB, None]:
        """Those that there are now; none while the machine is off."""
        kernel = kernel_of(self._scene, self._where)
        if kernel is None:
            self._kernel = None
            return {}
        if kernel is not self._kernel or kernel.forks != self._births:
            self._kernel = kernel
            self._births = kernel.forks
            self._found = {
                pcb: None
                for pcb in kernel.processes.values()
                if not pcb.zombie and self._matches(pcb)
            }
        return self._found

    def _is_mine(self, pcb: PCB) -> bool:
        kernel = self._kernel
        return kernel is not None and kernel.processes.get(pcb.pid) is pcb

    def on_fork(self, parent: PCB, child: PCB) -> None:
        if self._is_mine(child):
            self._births += 1
            if self._matches(child):
                self._found[child] = None

    def on_exec(self, pcb: PCB) -> None:
        if not self._is_mine(pcb):
            return
        if self._matches(pcb):
            self._found[pcb] = None
        else:
            self._found.pop(pcb, None)

    def on_exit(self, pcb: PCB) -> None:
        self._found.pop(pcb, None)

"""A command line as the judge, run by :mod:`minios.kernel.judge`."""

from minios.abi.flags import shell_status
from minios.game.checks.bound import Bound, Scene
from minios.game.spec import ProbeCheck
from minios.sim.world import MARK_FILE, MARK_POWER, MARK_PROCESS


class BoundProbe(Bound):
    """The verdict of the last run. It runs every so often while somebody wants to know.

    What a probe sees are files and processes, so it is left out as long as none has changed.
    """

    __slots__ = ("_argv", "_changed", "_enabled", "_next", "_running", "_scene", "_verdict",
                 "check", "status")  # fmt: skip

    def __init__(self, check: ProbeCheck, scene: Scene) -> None:
        self.marks = 0
        self.due = None
        self.check = check
        self._scene = scene
        self._argv = [b"sh", b"-c", check.run.encode()]
        self._enabled = False
        self._running = False
        self._changed = True
        self._next = 0
        self._verdict = False
        self.status = -1
        """The exit status of the last run."""
        scene.world.watch(MARK_FILE | MARK_PROCESS | MARK_POWER, self._note)

    @property
    def verdict(self) -> bool:
        """What the last run said."""
        return self._verdict

    def _note(self, changed: int) -> None:
        self._changed = True

    def enable(self, on: bool) -> None:
        if on and not self._enabled:
            self._changed = True
        if not on:
            self._verdict = False
        self._enabled = on

    def holds(self, now: int) -> bool:
        if not self._enabled:
            self.due = None
            return False
        if not self._running and now >= self._next:
            self._next = now - now % self.check.every + self.check.every
            if self._changed:
                self._start()
        self.due = None if self._running else self._next
        return self._verdict

    def _start(self) -> None:
        self._running = True
        self._changed = False
        machine = self._scene.hosts[self.check.on].machine
        machine.judge(self._argv, self._done, limit=self.check.timeout)

    def _done(self, status: int, output: bytes) -> None:
        self._running = False
        self.status = shell_status(status)
        self._verdict = self._enabled and self.status == self.check.status
        self._scene.wake(self)

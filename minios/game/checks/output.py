"""What a terminal has shown."""

from minios.game.checks.bound import Bound, Scene, any_line
from minios.game.spec import OutputCheck
from minios.sim.world import MARK_TTY
from minios.userland.lib.regex import compile as compile_regex


class BoundOutput(Bound):
    """Looks at the last 64 KiB since t = 0, as bytes: escape sequences are part of them."""

    __slots__ = ("_contains", "_matches", "_scene", "_tty", "_where")

    def __init__(self, check: OutputCheck, scene: Scene) -> None:
        self.marks = MARK_TTY
        self.due = None
        self._scene = scene
        self._where = check.on
        self._tty = check.tty
        self._contains = check.contains.encode() if check.contains is not None else None
        self._matches = (
            compile_regex(check.matches.encode(), extended=True, newline=True)
            if check.matches is not None
            else None
        )

    def holds(self, now: int) -> bool:
        shown = self._scene.shown(self._where, self._tty)
        if self._contains is not None and self._contains not in shown:
            return False
        return self._matches is None or any_line(self._matches, shown)

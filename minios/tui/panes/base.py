"""What the panes beside the terminal share: the view they draw, and who has which colour."""

from rich.style import Style

from minios.game.view import PlayView
from minios.tui.canvas import Canvas
from minios.tui.theme import Palette

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZabcdefghjkmnpqrtuvwxyz"


class Tags:
    """A letter and a colour for each process, the same in every pane, kept while it is shown.

    Freed ones are given out again oldest first, so that a new process seldom looks like the last.
    """

    def __init__(self) -> None:
        self._of: dict[int, int] = {}
        self._free = list(range(len(LETTERS)))

    def keep(self, pids: set[int]) -> None:
        """Forget everybody but ``pids``, and tag the new ones in order."""
        for pid in [pid for pid in self._of if pid not in pids]:
            self._free.append(self._of.pop(pid))
        for pid in sorted(pids - self._of.keys()):
            if not self._free:
                break
            self._of[pid] = self._free.pop(0)

    def letter(self, pid: int) -> str:
        index = self._of.get(pid)
        return "*" if index is None else LETTERS[index]

    def colour(self, pid: int, ink: Palette) -> Style:
        """The colour as text."""
        index = self._of.get(pid)
        return ink.dim if index is None else ink.people[index % len(ink.people)]

    def block(self, pid: int, ink: Palette) -> Style:
        """The colour as a block with letters on it."""
        index = self._of.get(pid)
        return ink.blocks[(index or 0) % len(ink.blocks)]


class Pane(Canvas, can_focus=True):
    """A pane. ``NAME`` is its place in the layout and what a level calls it."""

    NAME = ""
    TITLE = ""

    def __init__(self, tags: Tags) -> None:
        super().__init__(id=self.NAME)
        self.tags = tags
        self.view: PlayView | None = None

    def show(self, view: PlayView) -> None:
        """Draw what changed since the last view."""
        self.view = view
        if self.display:
            self.redraw()

    def note(self) -> str:
        """A word for the right end of the title."""
        return ""

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

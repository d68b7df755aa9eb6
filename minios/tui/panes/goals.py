"""The goals pane: the checklist with splits and progress, and the hints asked for."""

from minios.game.view import GoalView
from minios.tui.canvas import Row, cells
from minios.tui.panes.base import Pane
from minios.tui.text import clock, count, plain, wrap

_BAR = 10


class GoalsPane(Pane):
    NAME = "goals"
    TITLE = "GOALS"

    hints: tuple[str, ...] = ()
    _back = 0

    def note(self) -> str:
        view = self.view
        if view is None or not view.goals:
            return ""
        return f"{sum(goal.done for goal in view.goals)}/{len(view.goals)}"

    def rows(self, width: int, height: int) -> list[Row]:
        view, ink = self.view, self.ink
        if view is None:
            return []
        rows: list[Row] = []
        for goal in view.goals:
            rows += self._goal(goal, width)
        if not view.goals:
            rows.append(((" Nothing to do here but play.", ink.dim),))
        for number, hint in enumerate(self.hints, 1):
            rows.append(())
            rows.append(((f" Hint {number}", ink.warn),))
            rows += [((f" {line}", ink.text),) for line in wrap(_words(hint), width - 2)]
        left = view.hints_total - view.hints_shown
        if left > 0:
            rows.append(())
            rows.append(
                ((" F3 ", ink.accent), (f"gives {_hints(left, view.hints_shown)}", ink.dim))
            )
        self._back = max(min(self._back, len(rows) - height), 0)
        if len(rows) > height:
            start = len(rows) - height - self._back if self.hints else self._back
            rows = rows[max(start, 0) :][:height]
        return rows

    def _goal(self, goal: GoalView, width: int) -> list[Row]:
        ink = self.ink
        mark, style = ("☑", ink.good) if goal.done else ("☐", ink.text)
        lines = wrap(plain(goal.text), width - 4)
        rows: list[Row] = [
            ((f" {mark if not index else ' '} ", style), (line, ink.dim if goal.done else ink.text))
            for index, line in enumerate(lines)
        ]
        if goal.done and goal.split is not None:
            time = clock(goal.split)
            if cells(rows[-1]) + len(time) + 2 <= width:
                rows[-1] += ((" " * (width - cells(rows[-1]) - len(time) - 1) + time, ink.good),)
            else:
                rows.append(((" " * (width - len(time) - 1) + time, ink.good),))
        elif goal.holds and goal.progress:
            full = min(goal.progress, 1000) * _BAR // 1000
            bar = "▰" * full + "▱" * (_BAR - full)
            rows.append(((f"   {bar} ", ink.warn), (f"{goal.progress // 10}% held", ink.dim)))
        elif goal.holds:
            rows.append((("   true now", ink.warn),))
        return rows


def _hints(left: int, shown: int) -> str:
    if not shown:
        return f"a hint ({count(left, 'hint')})"
    return f"another hint ({left} left)"


def _words(markdown: str) -> str:
    """A hint without its code marks: the pane is too narrow for looks."""
    return plain(markdown.replace("`", "").replace("**", "").strip())

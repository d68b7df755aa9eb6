"""The process pane: the tree as `pstree` has it, with state and CPU, and a selection to act on."""

from textual import events
from textual.message import Message

from minios.game.view import InspectView, ProcessView
from minios.tui.canvas import Row, cells, on
from minios.tui.panes.base import Pane, Tags
from minios.tui.panes.inspector import Inspector
from minios.tui.text import clip, pad, percent, plain, spark

STATES = {
    "R": "running or runnable",
    "S": "sleeping",
    "D": "in uninterruptible sleep",
    "T": "stopped",
    "t": "stopped by its tracer",
    "Z": "a zombie",
}


class ProcessPane(Pane):
    """Arrows select, Enter acts, i inspects; a click selects, a second one acts."""

    NAME = "processes"
    TITLE = "PROCESSES"

    class Act(Message):
        """The player wants to do something with a process."""

        def __init__(self, process: ProcessView) -> None:
            super().__init__()
            self.process = process

    class Inspect(Message):
        """The player wants to see all of a process, or (None) no longer."""

        def __init__(self, pid: int | None) -> None:
            super().__init__()
            self.pid = pid

    inspected: InspectView | None = None
    inspecting: int | None = None
    """The pid that is shown in full, instead of the tree."""
    selected: int | None = None
    may_act = True
    _top = 0
    _shown: tuple[tuple[str, ProcessView], ...] = ()

    def __init__(self, tags: Tags) -> None:
        super().__init__(tags)
        self.inspector = Inspector()

    def note(self) -> str:
        view = self.view
        if view is None:
            return ""
        if self.inspecting is not None:
            name = clip(plain(self.inspected.comm), 15) if self.inspected is not None else ""
            who = f"{name} {self.inspecting}"
            return f"{who} · ◂▸ subjects, i back" if self.has_focus else who
        total = str(len(view.processes))
        if not self.has_focus:
            return total
        return f"{total} · ↑↓ Enter acts, i inspects" if self.may_act else f"{total} · i inspects"

    @property
    def process(self) -> ProcessView | None:
        """The selected process, while it lives."""
        return next((p for _, p in self._shown if p.pid == self.selected), None)

    def rows(self, width: int, height: int) -> list[Row]:
        view, ink = self.view, self.ink
        if view is None:
            return []
        self._shown = tuple(_tree(view.processes))
        if self.inspecting is not None:
            if self.inspected is None:
                return [((f" process {self.inspecting} is gone; i goes back", ink.dim),)]
            return self.inspector.rows(self.inspected, ink, width, height)
        if not self._shown:
            return [((" no processes: the machine is switched off", ink.dim),)]
        body = height - 1
        self._follow(body)
        shown = self._shown[self._top : self._top + body]
        rows = [self._row(tree, process, width) for tree, process in shown]
        return [self._head(width), *rows]

    def _follow(self, body: int) -> None:
        """Keep the selected row in sight."""
        index = self._index()
        if index is not None:
            self._top = min(max(self._top, index - body + 1), index)
        self._top = max(min(self._top, len(self._shown) - body), 0)

    def _index(self) -> int | None:
        return next((i for i, (_, p) in enumerate(self._shown) if p.pid == self.selected), None)

    def _columns(self, width: int) -> tuple[int, bool, bool, bool]:
        """Cells of the name, and whether user, nice and spark fit."""
        user, nice, sparks = width >= 58, width >= 50, width >= 42
        name = width - 18 - 9 * user - 4 * nice - 10 * sparks
        return max(name, 8), user, nice, sparks

    def _head(self, width: int) -> Row:
        name, user, nice, sparks = self._columns(width)
        text = f" {pad('  PROCESS', name)}{'PID':>6} S{'CPU':>7} "
        text += " LAST 4 s " if sparks else ""
        text += " NI " if nice else ""
        text += "USER" if user else ""
        return ((clip(text, width), self.ink.faint),)

    def _row(self, tree: str, process: ProcessView, width: int) -> Row:
        ink = self.ink
        name, user, nice, sparks = self._columns(width)
        active = process.cpu > 0 or any(process.spark)
        colour = self.tags.colour(process.pid, ink) if active else ink.dim
        comm = clip(plain(process.comm), max(name - len(tree) - 2, 1))
        state = {"R": ink.good, "Z": ink.bad, "T": ink.warn, "t": ink.warn, "D": ink.warn}.get(
            process.state, ink.dim
        )
        row: Row = (
            (f" {self.tags.letter(process.pid) if active else ' '} ", colour),
            (tree, ink.faint),
            (pad(comm, name - len(tree) - 2), colour if active else ink.text),
            (f"{process.pid:>6} ", ink.text),
            (process.state, state),
            (f"{percent(process.cpu):>7} ", ink.text if process.cpu else ink.dim),
        )
        if sparks:
            row += ((f" {pad(spark(process.spark), 8)} ", colour),)
        if nice:
            row += ((f"{process.nice:>3} ", ink.text if process.nice else ink.dim),)
        if user:
            row += ((clip(plain(process.user), width - cells(row)), ink.dim),)
        if process.pid == self.selected:
            row = on(row, ink.chosen if self.has_focus else ink.chosen_idle, width)
            row = (("▸", row[0][1]), (row[0][0][1:], row[0][1]), *row[1:])
        return row

    # Selecting

    def on_focus(self) -> None:
        if self.process is None and self._shown:
            self.selected = self._shown[0][1].pid
        super().on_focus()

    def on_key(self, event: events.Key) -> None:
        page = max(self.size.height - 2, 1)
        if event.key == "i" or (event.key == "backspace" and self.inspecting is not None):
            event.stop()
            self.inspect(self.selected if self.inspecting is None else None)
            return
        if self.inspecting is not None:
            self._leaf(event, page)
            return
        steps = {
            "up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page,
            "home": -len(self._shown), "end": len(self._shown),
        }  # fmt: skip
        if event.key in steps:
            event.stop()
            self._step(steps[event.key])
        elif event.key in ("enter", "space"):
            event.stop()
            self._act()

    def inspect(self, pid: int | None) -> None:
        """Show all of a process; None shows the tree again."""
        self.inspecting = pid
        self.inspected = None
        self.inspector.top = 0
        self.post_message(self.Inspect(pid))

    def _leaf(self, event: events.Key, page: int) -> None:
        turns = {"left": -1, "right": 1}
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        if event.key in turns:
            self.inspector.turn(turns[event.key])
        elif event.key in steps:
            self.inspector.scroll(steps[event.key])
        else:
            return
        event.stop()
        self.redraw()

    def _step(self, step: int) -> None:
        if self.inspecting is not None:
            self.inspector.scroll(step)
            self.redraw()
            return
        if not self._shown:
            return
        index = self._index()
        at = 0 if index is None else min(max(index + step, 0), len(self._shown) - 1)
        self.selected = self._shown[at][1].pid
        self.redraw()

    def _act(self) -> None:
        if self.process is not None:
            self.post_message(self.Act(self.process))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if self.inspecting is not None:
            self.inspector.turn(1)
            self.redraw()
            return
        index = self._top + event.y - 1
        if event.y < 1 or index >= len(self._shown):
            return
        pid = self._shown[index][1].pid
        again = pid == self.selected and (event.chain > 1 or event.button == 3 or self._clicked)
        self.selected, self._clicked = pid, True
        self.redraw()
        if again or event.button == 3:
            self._act()

    _clicked = False
    """Whether the selection was made with the mouse: then the second click acts."""

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._step(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._step(1)


def _tree(processes: tuple[ProcessView, ...]) -> list[tuple[str, ProcessView]]:
    """The processes depth first, each with the branches before its name.

    Whoever's parent is not in the view is a root. The walk keeps its own stack: a chain of
    processes may be longer than Python's.
    """
    known = {process.pid for process in processes}
    children: dict[int, list[ProcessView]] = {}
    for process in sorted(processes, key=lambda p: p.pid):
        parent = process.ppid if process.ppid in known and process.ppid != process.pid else 0
        children.setdefault(parent, []).append(process)
    rows: list[tuple[str, ProcessView]] = []
    roots = children.get(0, [])
    stack = [(process, "", "") for process in reversed(roots)]
    while stack:
        process, here, below = stack.pop()
        rows.append((here, process))
        below = below if len(below) <= 16 else below[:16]
        offspring = children.get(process.pid, [])
        for index, child in reversed(list(enumerate(offspring))):
            last = index == len(offspring) - 1
            stack.append(
                (child, below + ("└─" if last else "├─"), below + ("  " if last else "│ "))
            )
    return rows

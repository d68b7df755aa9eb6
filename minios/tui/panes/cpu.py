"""The CPU pane: who ran when on each core, how busy the cores are, and who used them.

Under the manual policy it is where the player schedules: a process is chosen with the arrows or a
click, and gets a core by its digit or a click on the core.
"""

from textual import events
from textual.message import Message

from minios.game.view import CoreView, PlayView, ProcessView
from minios.tui.canvas import Row, Span, cells, on, spread
from minios.tui.panes.base import Pane
from minios.tui.text import clip, pad, percent, plain, spark
from minios.tui.words import running_on

MS = 1_000_000
_CELLS = (1, 2, 5, 10, 20, 50, 100, 200)
"""Milliseconds of virtual time a cell of the Gantt may stand for."""

IDLE, SWITCH = 0, -1

_MUCH = 200
"""Thousandths of a core: who used so much lately stays in the list of those who could use one."""


class CpuPane(Pane):
    """Scale with + and -, or the wheel. Manual: arrows choose, a digit gives a core, x takes it."""

    NAME = "cpu"
    TITLE = "CPU"

    class Assign(Message):
        """The player gives a core to a process, or (-1) takes it away."""

        def __init__(self, process: ProcessView, core: int) -> None:
            super().__init__()
            self.process = process
            self.core = core

    scale = _CELLS.index(10)
    may_act = True
    selected: int | None = None
    _top = 0
    _places: tuple[tuple[str, int], ...] = ()
    """What each row is: a core by its index, a process by its pid, or nothing."""

    def on_key(self, event: events.Key) -> None:
        step = {"plus": -1, "equals_sign": -1, "minus": 1}.get(event.key)
        move = {"up": -1, "k": -1, "down": 1, "j": 1}.get(event.key)
        if step:
            self._zoom(step)
        elif not self.manual:
            return
        elif move:
            self._choose(move)
        elif event.key.isdigit() and self.view and int(event.key) < len(self.view.cores):
            self._give(int(event.key))
        elif event.key in ("x", "delete", "backspace"):
            self._give(-1)
        elif event.key in ("enter", "space"):
            self._give(self._free_core())
        else:
            return
        event.stop()

    # -- manual scheduling ---------------------------------------------------------------------

    @property
    def manual(self) -> bool:
        """Whether the player is the scheduler."""
        return self.view is not None and self.view.scheduler == "manual" and self.view.power

    def candidates(self) -> list[ProcessView]:
        """Who has a core or could use one, by pid, so that nobody's row jumps."""
        if self.view is None:
            return []
        found = [
            p
            for p in self.view.processes
            if p.assigned >= 0 or p.state == "R" or max(p.spark, default=0) >= _MUCH
        ]
        return sorted(found, key=lambda p: p.pid)

    def _chosen(self) -> ProcessView | None:
        return next((p for p in self.candidates() if p.pid == self.selected), None)

    def _choose(self, step: int) -> None:
        pids = [process.pid for process in self.candidates()]
        if not pids:
            return
        at = pids.index(self.selected) + step if self.selected in pids else 0
        self.selected = pids[min(max(at, 0), len(pids) - 1)]
        self.redraw()

    def _give(self, core: int) -> None:
        process = self._chosen()
        if process is not None and (core >= 0 or process.assigned >= 0):
            self.post_message(self.Assign(process, core))

    def _free_core(self) -> int:
        """The first core that is nobody's; else the first of all."""
        assert self.view is not None
        taken = {process.assigned for process in self.view.processes}
        return next((c.index for c in self.view.cores if c.index not in taken), 0)

    def on_focus(self) -> None:
        if self._chosen() is None:
            waiting = [p.pid for p in self.candidates() if p.assigned < 0]
            self.selected = waiting[0] if waiting else None
        super().on_focus()

    def on_click(self, event: events.Click) -> None:
        if not self.manual or not 0 <= event.y < len(self._places):
            return
        event.stop()
        kind, number = self._places[event.y]
        chosen = self._chosen()
        if kind == "process":
            self.selected = number
            self.redraw()
        elif kind == "core" and chosen is not None:
            self._give(-1 if chosen.assigned == number else number)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._zoom(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._zoom(1)

    def _zoom(self, step: int) -> None:
        self.scale = min(max(self.scale + step, 0), len(_CELLS) - 1)
        self.redraw()

    def note(self) -> str:
        scale = f"{_CELLS[self.scale]} ms a cell"
        if not self.has_focus:
            return f"manual · {scale}" if self.manual else scale
        if self.manual and self.may_act:
            last = len(self.view.cores) - 1 if self.view is not None else 0
            return f"↑↓ choose, {f'0-{last}' if last else '0'} gives the core, x takes it"
        return scale + " +/-"

    def rows(self, width: int, height: int) -> list[Row]:
        view, ink = self.view, self.ink
        if view is None:
            return []
        if not view.power:
            return [((" The machine is switched off.", ink.warn),)]
        rows = [self._core(core, view.time, width) for core in view.cores]
        self._places = tuple(("core", core.index) for core in view.cores)
        if self.manual:
            return self._manual(view, rows, width, height)
        if height >= len(rows) + 2:
            rows.append(self._axis(width))
        rows.append(self._load(view, width))
        room = height - len(rows)
        if room >= 3:
            rows.append(())
            rows += self._users(view, width, room - 1)
        return rows

    def _core(self, core: CoreView, now: int, width: int) -> Row:
        ink = self.ink
        name = f" cpu{core.index} "
        busy = f" {percent(core.busy):>6} "
        gantt = self._gantt(core, now, width - len(name) - len(busy))
        return ((name, ink.title), *gantt, (busy, ink.text))

    def _gantt(self, core: CoreView, now: int, width: int) -> list[Span]:
        """Blocks of who ran; each cell belongs to whoever had most of it."""
        owners = _owners(core, now, _CELLS[self.scale] * MS, width)
        comms = {segment.pid: segment.comm for segment in core.segments}
        spans: list[Span] = []
        at = 0
        while at < len(owners):
            pid, mostly = owners[at]
            end = at + 1
            while end < len(owners) and owners[end] == owners[at]:
                end += 1
            if mostly:
                spans.append(self._block(pid, comms.get(pid, ""), end - at))
            else:
                letter = self.tags.letter(pid)
                spans.append((letter * (end - at), self.tags.colour(pid, self.ink)))
            at = end
        return spans

    def _block(self, pid: int, comm: str, length: int) -> Span:
        """Who had most of these cells, with as much of the name as fits."""
        ink = self.ink
        if pid == IDLE:
            return "·" * length, ink.idle
        letter = self.tags.letter(pid)
        for label in (f"{letter} {comm} {pid}", f"{letter} {comm}", letter):
            if len(label) <= length:
                break
        return pad(label, length), self.tags.block(pid, ink)

    def _axis(self, width: int) -> Row:
        shown = (width - 14) * _CELLS[self.scale]
        past = f"−{shown / 1000:.1f} s" if shown >= 1000 else f"−{shown} ms"
        axis = spread(
            ((f"      {past} ", self.ink.faint),), ((" now" + " " * 8, self.ink.faint),), width,
            self.ink.faint,
        )  # fmt: skip
        return tuple((text, style) for text, style in axis)

    def _load(self, view: PlayView, width: int) -> Row:
        ink = self.ink
        loads = " ".join(f"{load / 65536:.2f}" for load in view.load)
        queued = sum(core.queued for core in view.cores)
        switches = sum(core.switches for core in view.cores)
        row: Row = (
            (" load ", ink.dim),
            (loads, ink.text),
            ("   waiting for a core ", ink.dim),
            (str(queued), ink.warn if queued else ink.text),
            ("   switches ", ink.dim),
            (f"{switches:,}", ink.text),
        )
        return row if cells(row) <= width else row[:4]

    def _manual(self, view: PlayView, rows: list[Row], width: int, height: int) -> list[Row]:
        """The cores, a line on the load, and everybody who has a core or could use one."""
        ink = self.ink
        if height >= len(rows) + 5:
            rows.append(self._axis(width))
        rows.append(self._load(view, width))
        candidates = self.candidates()
        pids = [process.pid for process in candidates]
        if self.selected is not None and self.selected not in pids and pids:
            # Whoever was chosen is gone: the next one is, then.
            self.selected = next((pid for pid in pids if pid > self.selected), pids[-1])
        room = max(height - len(rows), 1)
        index = pids.index(self.selected) if self.selected in pids else 0
        self._top = max(min(max(self._top, index - room + 1), index, len(candidates) - room), 0)
        shown = candidates[self._top : self._top + room]
        self._places += (("", 0),) * (len(rows) - len(self._places))
        self._places += tuple(("process", process.pid) for process in shown)
        if not candidates:
            rows.append(((" nobody wants to compute", ink.dim),))
        return rows + [self._candidate(process, view, width) for process in shown]

    def _candidate(self, process: ProcessView, view: PlayView, width: int) -> Row:
        ink = self.ink
        colour = self.tags.colour(process.pid, ink)
        core = running_on(process, view)
        if process.assigned >= 0:
            has = f"has cpu{process.assigned}"
            has += "" if core is not None else ", sleeps" if process.state == "S" else ", waits"
        elif core is not None:
            has = "on an errand"
        else:
            has = "WAITS" if process.state == "R" else "sleeps"
        mark = "▸" if process.pid == self.selected else " "
        row: Row = (
            (f"{mark}{self.tags.letter(process.pid)} ", colour + ink.bold),
            (pad(clip(plain(process.comm), 12), 12), ink.text),
            (f"{process.pid:>6}", ink.dim),
            (f"{percent(process.cpu):>8} ", ink.text),
            (pad(has, 17), ink.warn if has == "WAITS" else ink.dim),
        )
        if width >= cells(row) + 9:
            row += ((spark(process.spark), colour),)
        if process.pid == self.selected:
            row = on(row, ink.chosen if self.has_focus else ink.chosen_idle, width)
        return row

    def _users(self, view: PlayView, width: int, room: int) -> list[Row]:
        """Who used the cores in the last second, most first."""
        ink = self.ink
        busy = sorted(
            (p for p in view.processes if p.cpu > 0 or any(p.spark)),
            key=lambda p: (-p.cpu, p.pid),
        )
        if not busy:
            return [((" nobody is computing", ink.dim),)]
        if len(busy) > room:
            room -= 1
        rows = [self._user(process, view, width) for process in busy[:room]]
        if len(busy) > room:
            rows.append(((f" and {len(busy) - room} more", ink.dim),))
        return rows

    def _user(self, process: ProcessView, view: PlayView, width: int) -> Row:
        ink = self.ink
        colour = self.tags.colour(process.pid, ink)
        core = running_on(process, view)
        where = f"cpu{core}" if core is not None else "waits" if process.state == "R" else ""
        left: Row = (
            (f" {self.tags.letter(process.pid)} ", colour + ink.bold),
            (pad(clip(process.comm, 16), 16), ink.text),
            (f"{process.pid:>6}", ink.dim),
            (f"{percent(process.cpu):>8} ", ink.text),
            (spark(process.spark), colour),
        )
        if width < cells(left) + 6:
            return left
        return (*left, (f"  {where}", ink.dim))


def _owners(core: CoreView, now: int, cell: int, width: int) -> list[tuple[int, bool]]:
    """Whose each cell is, oldest first, the last one ending now, and whether most of it is.

    A cell mostly idle belongs to whoever ran at all: a short burst must not go unseen. Cells keep
    to multiples of their length, so that blocks move as a whole and do not flicker.
    """
    last = -(-now // cell)
    first = last - width
    shares: list[dict[int, int]] = [{} for _ in range(width)]
    for segment in core.segments:
        start, end = max(segment.start, first * cell), min(segment.end, now)
        while start < end:
            index = start // cell
            stop = min(end, (index + 1) * cell)
            share = shares[index - first]
            share[segment.pid] = share.get(segment.pid, 0) + stop - start
            start = stop
    return [_owner(share) for share in shares]


def _owner(share: dict[int, int]) -> tuple[int, bool]:
    """The same for one cell, of what everybody had of it."""
    idle = share.pop(IDLE, 0)
    share.pop(SWITCH, 0)
    if not share:
        return IDLE, True
    pid, most = max(share.items(), key=lambda item: (item[1], -item[0]))
    return (pid, True) if most >= idle else (pid, False)

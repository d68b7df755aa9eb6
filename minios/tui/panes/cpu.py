"""The CPU pane: who ran when on each core, how busy the cores are, and who used them."""

from textual import events

from minios.game.view import CoreView, PlayView, ProcessView
from minios.tui.canvas import Row, Span, cells, spread
from minios.tui.panes.base import Pane
from minios.tui.text import clip, pad, percent, spark
from minios.tui.words import running_on

MS = 1_000_000
_CELLS = (1, 2, 5, 10, 20, 50, 100, 200)
"""Milliseconds of virtual time a cell of the Gantt may stand for."""

IDLE, SWITCH = 0, -1


class CpuPane(Pane):
    """Scale with + and -, or the wheel."""

    NAME = "cpu"
    TITLE = "CPU"

    scale = _CELLS.index(10)

    def on_key(self, event: events.Key) -> None:
        step = {"plus": -1, "equals_sign": -1, "minus": 1}.get(event.key)
        if step:
            event.stop()
            self._zoom(step)

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
        return f"{_CELLS[self.scale]} ms a cell" + (" +/-" if self.has_focus else "")

    def rows(self, width: int, height: int) -> list[Row]:
        view, ink = self.view, self.ink
        if view is None:
            return []
        if not view.power:
            return [((" The machine is switched off.", ink.warn),)]
        rows = [self._core(core, view.time, width) for core in view.cores]
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

"""The memory pane: whose every frame is, how an address becomes a frame, what a heap looks like."""

from textual import events
from textual.message import Message

from minios.game.view import CACHE, FREE, KERNEL, SHARED, TABLES, HeapView, MemoryView, WalkView
from minios.tui.canvas import Row, Span, cells, spread
from minios.tui.panes.base import Pane
from minios.tui.text import clip, clock, pad, plain, size

MAP, WALK, HEAP = "map", "walk", "heap"
VIEWS = (MAP, WALK, HEAP)

LETTERED = 24
"""Processes that get letters because of their memory."""

_NOBODY = {FREE: "·", KERNEL: "k", TABLES: "t", CACHE: "c", SHARED: "s"}
_LEGEND = ((KERNEL, "kernel"), (TABLES, "page tables"), (CACHE, "files"), (SHARED, "shared"))

_KINDS = {
    "minor": "got a page",
    "major": "had a page read in",
    "cow": "got its own copy of a page",
    "denied": "must not do that",
}


class MemoryPane(Pane):
    """Left and right change the view; in the walk and the heap up and down move, ``[`` and ``]``
    choose the process."""

    NAME = "memory"
    TITLE = "MEMORY"

    class Wanted(Message):
        """The pane shows a process's pages or heap now, and wants to be told of them."""

    memory: MemoryView | None = None
    walk: WalkView | None = None
    heap: HeapView | None = None
    mode = MAP
    pid: int | None = None
    """Whose pages and heap are shown."""
    page = 0
    """The page in the walk."""
    _top = 0

    def note(self) -> str:
        if self.mode == MAP:
            view = self.memory
            free = f"{size(view.free)} free" if view is not None else ""
            return f"{free} ◂▸ views" if self.has_focus else free
        who = f"{self._comm()} {self.pid}" if self.pid is not None else ""
        return f"{self.mode} of {who} · ◂▸ views [ ] process" if self.has_focus else self.mode

    def _comm(self) -> str:
        spaces = self.memory.spaces if self.memory is not None else ()
        return next((clip(plain(s.comm), 12) for s in spaces if s.pid == self.pid), "pid")

    def owners(self) -> set[int]:
        """Who has so much that the map should letter it: the largest."""
        spaces = self.memory.spaces if self.memory is not None else ()
        return {space.pid for space in spaces[:LETTERED]}

    def tell(self, memory: MemoryView | None, walk: WalkView | None, heap: HeapView | None) -> None:
        """What there is to draw now."""
        self.memory, self.walk, self.heap = memory, walk, heap
        if memory is not None:
            known = [space.pid for space in memory.spaces]
            if self.pid not in known:
                self.pid = known[0] if known else None
        self.redraw()

    def rows(self, width: int, height: int) -> list[Row]:
        if self.view is not None and not self.view.power:
            return [((" The machine is switched off.", self.ink.warn),)]
        if self.memory is None:
            return []
        draw = {MAP: self._map, WALK: self._walk, HEAP: self._heap}[self.mode]
        return draw(width, height)

    # -- the map of frames ---------------------------------------------------------------------

    def _map(self, width: int, height: int) -> list[Row]:
        memory = self.memory
        assert memory is not None
        rows = [self._figures(memory, width)]
        if height >= 6:
            rows.append(self._more_figures(memory, width))
        tail = [self._legend(width)] if height >= 5 else []
        left = height - len(rows) - len(tail)
        faults = min(len(memory.faults), max((left - 4) // 2, 0))
        frames = max(left - faults, 1)
        rows += self._frames(memory, width, frames)
        rows += [
            self._fault(index, width)
            for index in range(len(memory.faults) - faults, len(memory.faults))
        ]
        return rows + tail

    def _figures(self, memory: MemoryView, width: int) -> Row:
        ink = self.ink
        total = memory.frames * memory.page
        used = total - memory.free - memory.cache
        row: Row = (
            (" used ", ink.dim), (size(used), ink.text), (f" of {size(total)}", ink.dim),
            ("  files ", ink.dim), (size(memory.cache), ink.text),
        )  # fmt: skip
        if memory.swap:
            full = memory.swap_used * 10 > memory.swap * 9
            row += (
                ("  swap ", ink.dim),
                (size(memory.swap_used), ink.warn if full else ink.text),
                (f" of {size(memory.swap)}", ink.dim),
            )
        policy: Row = ((f"{memory.policy} ", ink.dim),) if memory.swap else ()
        return spread(row, policy, width, ink.dim)

    def _more_figures(self, memory: MemoryView, width: int) -> Row:
        ink = self.ink
        asked = memory.tlb_hits + memory.tlb_misses
        rate = f"{memory.tlb_hits * 1000 // asked / 10:.1f}%" if asked else "-"
        row: Row = (
            (" faults ", ink.dim), (f"{memory.minor:,}", ink.text),
            (" from disk ", ink.dim),
            (f"{memory.major:,}", ink.warn if memory.major else ink.text),
            ("  TLB hits ", ink.dim), (rate, ink.text),
        )  # fmt: skip
        return row if cells(row) <= width else row[:4]

    def _frames(self, memory: MemoryView, width: int, height: int) -> list[Row]:
        """A cell for so many frames each that all fit; it belongs to whoever has most of them."""
        room = (width - 2) * height
        per = -(-memory.frames // room) if room > 0 else memory.frames
        owners = _owners(memory.runs, per)
        rows: list[Row] = []
        step = max(width - 2, 1)
        for start in range(0, len(owners), step):
            rows.append(((" ", self.ink.text), *self._cells(owners[start : start + step])))
        return rows[:height]

    def _cells(self, owners: list[int]) -> list[Span]:
        spans: list[Span] = []
        at = 0
        while at < len(owners):
            end = at + 1
            while end < len(owners) and owners[end] == owners[at]:
                end += 1
            spans.append(self._owned(owners[at], end - at))
            at = end
        return spans

    def _owned(self, owner: int, count: int) -> Span:
        ink = self.ink
        if owner > 0:
            return self.tags.letter(owner) * count, self.tags.block(owner, ink)
        if owner == FREE:
            return "·" * count, ink.idle
        style = {KERNEL: ink.dim, TABLES: ink.dim, CACHE: ink.info, SHARED: ink.good}[owner]
        return _NOBODY[owner] * count, style

    def _legend(self, width: int) -> Row:
        memory, ink = self.memory, self.ink
        assert memory is not None
        row: list[Span] = []
        used = 0
        for owner, name in _LEGEND:
            text = f" {_NOBODY[owner]} {name}"
            row.append((text, self._owned(owner, 1)[1]))
            used += len(text)
        for space in memory.spaces:
            text = f" {clip(plain(space.comm), 10)}"
            if used + len(text) + 3 > width:
                break
            row += [(" ", ink.text), (self.tags.letter(space.pid), self.tags.block(space.pid, ink))]
            row.append((text, self.tags.colour(space.pid, ink)))
            used += len(text) + 2
        return tuple(row)

    def _fault(self, index: int, width: int) -> Row:
        memory, ink = self.memory, self.ink
        assert memory is not None
        fault = memory.faults[index]
        style = {"denied": ink.bad, "major": ink.warn}.get(fault.kind, ink.dim)
        return (
            (f" {clock(fault.time)} ", ink.faint),
            (f"{self.tags.letter(fault.pid)} ", self.tags.colour(fault.pid, ink)),
            (f"{clip(plain(fault.comm), 12)} ", ink.text),
            (f"{_KINDS[fault.kind]} at {fault.address:#010x}", style),
        )

    # -- the walk ------------------------------------------------------------------------------

    def _walk(self, width: int, height: int) -> list[Row]:
        walk, ink = self.walk, self.ink
        if walk is None:
            return [
                ((" This process is not yours to look into; [ and ] choose another.", ink.dim),)
            ]
        steps: list[Row] = [self._address(walk)]
        for level, frame, index, entry, flags in walk.tables:
            steps.append(
                (
                    (f" {'root' if level else 'leaf'} table in frame {frame:<6}", ink.dim),
                    (f"[{index:4}] ", ink.text),
                    (f"{entry:#010x} ", ink.accent),
                    (flags, ink.text),
                )
            )
        steps.append(self._outcome(walk))
        room = height - len(steps) - 1
        if room < 1:
            return steps[:height]
        at = next((i for i, page in enumerate(walk.pages) if page.page == walk.address >> 12), 0)
        self._top = min(max(self._top, at - room + 1), at)
        self._top = max(min(self._top, len(walk.pages) - room), 0)
        head: Row = ((f" {'PAGE':10} {'FLAGS':8}  WHERE", ink.faint),)
        listing: list[Row] = []
        for page in walk.pages[self._top : self._top + room]:
            here = page.page == walk.address >> 12
            style = ink.chosen if here and self.has_focus else ink.chosen_idle if here else ink.text
            mark = "▸" if here else " "
            text = f"{mark}{page.page << 12:#010x} {page.flags}  {page.where:14} {plain(page.area)}"
            listing.append(((pad(text, width) if here else clip(text, width), style),))
        return [*steps, head, *listing]

    def _address(self, walk: WalkView) -> Row:
        ink, va = self.ink, walk.address
        return (
            (f" {va:#010x} ", ink.bold),
            ("= ", ink.dim),
            (f"{va >> 22:4} ", ink.accent),
            (f"{va >> 12 & 1023:4} ", ink.accent),
            (f"+ {va & 0xFFF:#05x}", ink.text),
            ("   the TLB knows it" if walk.cached else "   not in the TLB", ink.dim),
        )

    def _outcome(self, walk: WalkView) -> Row:
        ink = self.ink
        if walk.physical is None:
            return ((f" fault: {walk.fault}", ink.warn),)
        frame, offset = divmod(walk.physical, 4096)
        return (
            (" physical ", ink.dim),
            (f"{walk.physical:#010x}", ink.good),
            (f" = frame {frame} + {offset:#05x}", ink.dim),
        )

    # -- the heap ------------------------------------------------------------------------------

    def _heap(self, width: int, height: int) -> list[Row]:
        heap, ink = self.heap, self.ink
        if heap is None or not (heap.blocks or heap.broken):
            return [((" This process keeps no heap of blocks with malloc.", ink.dim),)]
        used = [block.size for block in heap.blocks if block.used]
        free = [block.size for block in heap.blocks if not block.used]
        head: Row = (
            (f" {heap.start:#x}-{heap.end:#x} ", ink.dim),
            (f" {len(used)} used, {size(sum(used))}", ink.text),
            (f"  {len(free)} free, {size(sum(free))}", ink.good),
            (f", largest {size(max(free, default=0))}", ink.dim),
        )
        rows = [head, *self._blocks(heap, width, max(height // 3, 1))]
        if heap.broken:
            rows.append(((f" {heap.broken}", ink.bad),))
        room = height - len(rows)
        self._top = max(min(self._top, len(heap.blocks) - room), 0)
        for block in heap.blocks[self._top : self._top + room]:
            state, style = ("used", ink.text) if block.used else ("free", ink.good)
            rows.append(((f" {block.address:#010x} {block.size:>8} {state}", style),))
        return rows

    def _blocks(self, heap: HeapView, width: int, height: int) -> list[Row]:
        """The heap to scale: used and free blocks with their borders."""
        room = (width - 2) * height
        span = max(heap.end - heap.start, 1)
        cells_: list[str] = ["·"] * room
        for block in heap.blocks:
            first = (block.address - heap.start) * room // span
            last = max((block.address + block.size - heap.start) * room // span, first + 1)
            mark = "█" if block.used else "░"
            for cell in range(max(first, 0), min(last, room)):
                cells_[cell] = mark
        text = "".join(cells_)
        step = max(width - 2, 1)
        return [((f" {text[at : at + step]}", self.ink.info),) for at in range(0, room, step)]

    # -- keys ----------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        if event.key in ("left", "right"):
            event.stop()
            self._turn(1 if event.key == "right" else -1)
        elif event.key in ("left_square_bracket", "right_square_bracket"):
            event.stop()
            self._other(1 if event.key == "right_square_bracket" else -1)
        elif event.key in ("up", "down", "pageup", "pagedown"):
            event.stop()
            page = max(self.size.height - 6, 1)
            self._move({"up": -1, "down": 1, "pageup": -page, "pagedown": page}[event.key])

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self._turn(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._move(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._move(1)

    def _turn(self, step: int) -> None:
        self.mode = VIEWS[(VIEWS.index(self.mode) + step) % len(VIEWS)]
        self._top = 0
        self.post_message(self.Wanted())
        self.redraw()

    def _other(self, step: int) -> None:
        pids = sorted(space.pid for space in self.memory.spaces) if self.memory is not None else []
        if pids:
            at = pids.index(self.pid) if self.pid in pids else 0
            self.pid = pids[(at + step) % len(pids)]
            self.page = self._top = 0
            self.post_message(self.Wanted())

    def _move(self, step: int) -> None:
        if self.mode == WALK and self.walk is not None and self.walk.pages:
            pages = [page.page for page in self.walk.pages]
            here = self.walk.address >> 12
            at = pages.index(here) if here in pages else 0
            self.page = pages[min(max(at + step, 0), len(pages) - 1)]
            self.post_message(self.Wanted())
        elif self.mode == HEAP:
            self._top = max(self._top + step, 0)
            self.redraw()


def _owners(runs: tuple[tuple[int, int], ...], per: int) -> list[int]:
    """Whose each group of ``per`` frames is: who has most of it; free only if all of it is."""
    owners: list[int] = []
    share: dict[int, int] = {}
    filled = 0
    for count, owner in runs:
        while count:
            part = min(count, per - filled)
            if owner != FREE:
                share[owner] = share.get(owner, 0) + part
            filled += part
            count -= part
            if filled == per:
                owners.append(_most(share))
                share, filled = {}, 0
            if not filled and count >= per:
                owners += [owner] * (count // per)
                count %= per
    if filled:
        owners.append(_most(share))
    return owners


def _most(share: dict[int, int]) -> int:
    return max(share.items(), key=lambda item: (item[1], -item[0]))[0] if share else FREE

"""The game screen: the terminal and the panes around it, and the keys that are the game's."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from minios.game.view import PlayView
from minios.tui import words
from minios.tui.canvas import Canvas
from minios.tui.layout import PANES, Layout, arrange
from minios.tui.panes.bars import Coach, Footer, Frame, Header, Pressed
from minios.tui.panes.base import Pane, Tags
from minios.tui.panes.cpu import CpuPane
from minios.tui.panes.goals import GoalsPane
from minios.tui.panes.memory import HEAP, WALK, MemoryPane
from minios.tui.panes.network import NetworkPane
from minios.tui.panes.processes import ProcessPane
from minios.tui.ports import Session
from minios.tui.screens import sheets
from minios.tui.screens.sheet import Sheet
from minios.tui.terminal.widget import TerminalPane
from minios.tui.text import clip, count, plain

FRAME = 0.1
"""Seconds between two looks at the play."""
CLOCK = 1 / 30
"""Seconds between two looks at the clock."""
PULL = 1 / 60
"""Seconds between two looks at the terminal's output at most."""
NOTICE = 4.0
"""Seconds a passing remark stays."""
MANY_KEYS = 20
"""From so many waiting keys on they are mentioned."""
INTRO = 3.0
"""Seconds the panes move by themselves on the very first launch."""

FIRST_WORDS = (
    "Type  ls  and press Enter: it lists what is here.",
    "cat FILE  prints a file. F1 tells what this is about, F3 gives a hint.",
)
"""What to type, for somebody who has never seen a prompt: before each of the first commands."""

TO_LAST = "A goal holds and has to last. Time stands at the prompt: F4 lets it run."

KEYS = {
    "cpu": "F6", "memory": "F6", "processes": "F7", "network": "F11", "goals": "F8",
    "terminal": "F12",
}  # fmt: skip

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class GameScreen(Screen[str], inherit_bindings=False):
    """One play. Dismissed with what comes next: ``menu``, ``quit``, ``next``, ``again``."""

    CSS = """
    GameScreen { layers: frame panes; background: $background; overflow: hidden; }
    GameScreen > * { position: absolute; }
    GameScreen > Frame { layer: frame; width: 100%; height: 100%; }
    GameScreen > Header, GameScreen > Footer, GameScreen > Coach, GameScreen > Pane,
    GameScreen > TerminalPane { layer: panes; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "help"),
        Binding("f2", "why", "why"),
        Binding("f3", "hint", "hint"),
        Binding("f4", "pace", "hold or flow"),
        Binding("f5", "restart", "restart"),
        Binding("f6", "machine", "CPU, memory, network"),
        Binding("f7", "pane('processes')", "processes"),
        Binding("f8", "pane('goals')", "goals"),
        Binding("f11", "pane('network')", "network"),
        Binding("f12", "pane('terminal')", "terminal"),
        Binding("f9", "palette", "more"),
        Binding("f10", "leave", "menu"),
        Binding("escape", "pane_back", "terminal"),
        Binding("z", "zoom", "zoom"),
        Binding("tab", "next_pane(1)", "next pane"),
        Binding("shift+tab", "next_pane(-1)", "previous pane"),
    ]

    def __init__(self, session: Session, *, number: int = 0, opening: str = "briefing") -> None:
        """``opening``: what comes first: the ``briefing``, the ``intro`` of the very first launch,
        or nothing (``resumed``)."""
        super().__init__()
        self.session = session
        self.opening = opening
        self.tags = Tags()
        self.header = Header()
        self.header.number = number
        self.footer = Footer()
        self.coach = Coach()
        self.lines = Frame()
        self.terminal = TerminalPane(session, id="terminal")
        self.cpu = CpuPane(self.tags)
        self.memory = MemoryPane(self.tags)
        self.processes = ProcessPane(self.tags)
        self.network = NetworkPane(self.tags)
        self.goals = GoalsPane(self.tags)
        self.panes: dict[str, Pane] = {
            "cpu": self.cpu,
            "memory": self.memory,
            "processes": self.processes,
            "network": self.network,
            "goals": self.goals,
        }
        self.view = session.view()
        self.tab = "processes"
        self.zoomed = ""
        self.plan = Layout(0, 0)
        self._notice = ("", 0.0)
        self._seen_notice = session.notice
        self._seen_messages = len(self.view.messages)
        self._generation = session.generation
        self._promised = ""
        self._sheets = 0
        self._covered = False
        self._shown_result = False
        self._root = False
        self._pulled = 0.0
        self._pulling = False
        self._ended = False

    def compose(self) -> ComposeResult:
        yield self.lines
        yield self.header
        yield self.terminal
        yield from self.panes.values()
        yield self.coach
        yield self.footer

    def on_mount(self) -> None:
        self._arrange()
        self.terminal.focus()
        self.session.on_output = self._output
        self._simulate()
        self.set_interval(FRAME, self._tick)
        self.set_interval(CLOCK, lambda: self.header.tick(self.session.now))
        self._tick()
        if self.opening == "intro":
            self._begin_intro()
        elif self.opening == "briefing" and self.session.level.briefing:
            self._brief(first=True)

    def on_unmount(self) -> None:
        self._close()

    # The play

    @work(exclusive=True, exit_on_error=False)
    async def _simulate(self) -> None:
        """Let the play run until the screen goes."""
        await self.session.run()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What stops the play before its time is told in one line."""
        if event.state in (WorkerState.ERROR, WorkerState.CANCELLED) and not self._ended:
            error = event.worker.error
            if error is None or event.state is WorkerState.CANCELLED:
                error = RuntimeError("it was stopped")
            self._close()
            self._open(sheets.broken(error), self._go)

    def _go(self, result: str | None) -> None:
        """Leave the game for ``result``."""
        self._close()
        self.dismiss(result or "menu")

    def _close(self) -> None:
        if self._ended:
            return
        self._ended = True
        self.session.on_output = None
        self.session.close()

    def _begin_intro(self) -> None:
        """The first launch: everything moves for a moment, then waits for the player."""
        self.session.set_pace("live")
        self.set_timer(INTRO, self._end_intro)

    def _end_intro(self) -> None:
        self.session.set_pace("turn")
        self.tab = "goals"  # what there is to do, where only one pane is seen
        self._arrange()

    def _output(self) -> None:
        """The terminal has something to show: fetch it, but not more often than can be seen."""
        if self._pulling:
            return
        self._pulling = True
        wait = self._pulled + PULL - time.monotonic()
        if wait > 0:
            self.set_timer(wait, self._pull)
        else:
            self.call_next(self._pull)

    def _pull(self) -> None:
        self._pulling = False
        self._pulled = time.monotonic()
        self.terminal.pull()

    def _tick(self) -> None:
        """Ten times a second: what changed is drawn, nothing else."""
        self.terminal.pull()
        view = self.session.view()
        self._remark(view)
        if view is not self.view or self.header.view is None:
            shown = {p.pid for p in view.processes if p.cpu > 0 or any(p.spark)}
            shown |= {s.pid for core in view.cores for s in core.segments[-256:] if s.pid > 0}
            if view.scheduler == "manual":
                shown |= {p.pid for p in view.processes if p.state == "R"}
            if self.memory.display:
                shown |= self.memory.owners()
            self.tags.keep(shown)
            self.view = view
            self.header.show(view)
            self.goals.hints = self.session.hints
            self._fetch()
            for pane in self.panes.values():
                pane.show(view)
            if self._modes() != self._arranged_modes:
                self._arrange()
        self._entitle()
        if view.result is None:
            self._shown_result = False
        elif not self._shown_result and not self._sheets:
            self._shown_result = True
            self._tell_result(view)

    def _fetch(self) -> None:
        """What only some panes show is asked for only while they show it."""
        sight, pane = self.session.sight, self.memory
        if pane.display:
            memory = sight.memory()
            if memory is not None:
                pane.tell(memory, pane.walk, pane.heap)
            pid = pane.pid
            pane.walk = sight.walk(pid, pane.page) if pid and pane.mode == WALK else None
            pane.heap = sight.heap(pid) if pid and pane.mode == HEAP else None
        if self.processes.inspecting is not None and self.processes.display:
            self.processes.inspected = sight.inspect(self.processes.inspecting)
        net = self.network
        if net.display:
            look = sight.network(net.subject, net.looked_at)
            net.tell(*look) if look is not None else net.tell(None, None, None)
        else:
            sight.network_away()

    def on_memory_pane_wanted(self, event: MemoryPane.Wanted) -> None:
        event.stop()
        self._fetch()
        self.memory.redraw()

    def on_network_pane_wanted(self, event: NetworkPane.Wanted) -> None:
        event.stop()
        self._fetch()
        self.network.redraw()
        self._entitle()

    def on_network_pane_cable(self, event: NetworkPane.Cable) -> None:
        event.stop()
        link = event.link
        if not self.network.may_act:
            self.say("This level lets you look at the network here, not pull its cables.")
            return
        self.session.notice = self._seen_notice = ""
        self.session.act("cable", link=link.name, plugged=not link.up)
        self.say(f"{plain(link.name)} is to be {'pulled out' if link.up else 'plugged in'}.")

    def on_process_pane_inspect(self, event: ProcessPane.Inspect) -> None:
        event.stop()
        self.session.sight.follow(event.pid)
        self._fetch()
        self.processes.redraw()
        self._entitle()

    def _remark(self, view: PlayView) -> None:
        """The coach's line: what just happened, else what to do."""
        if self.session.notice != self._seen_notice:
            self._seen_notice = self.session.notice
            if self._seen_notice:
                self.say(self._seen_notice)
        if self.session.generation != self._generation:
            self._generation = self.session.generation
            self.network.forget()
            if self._promised:
                self.say(self._promised)
                self._promised = ""
        if len(view.messages) < self._seen_messages:
            self._seen_messages = 0
        if len(view.messages) > self._seen_messages:
            self._seen_messages = len(view.messages)
            self.say(view.messages[-1][1])
        text, until = self._notice
        if text and time.monotonic() < until:
            self.coach.say(text, "notice")
        elif view.pending_keys > MANY_KEYS:
            waiting = f"{view.pending_keys:,} keys wait their turn, one each 50 ms"
            self.coach.say(f"{waiting}; ctrl+c drops them.", "notice")
        else:
            self.coach.say(view.coach or self._to_last(view) or self._first_words(view))

    def _to_last(self, view: PlayView) -> str:
        """What holds now and has to go on holding needs time, and time stands at the prompt."""
        lasting = any(goal.holds and not goal.done for goal in view.goals)
        return TO_LAST if lasting and view.held == "prompt" else ""

    def _first_words(self, view: PlayView) -> str:
        if self.opening != "intro" or view.commands >= len(FIRST_WORDS) or view.result:
            return ""
        return FIRST_WORDS[view.commands]

    def say(self, text: str) -> None:
        """A passing remark under the terminal."""
        self._notice = (text, time.monotonic() + NOTICE * len(self.coach.pages(text)))
        if text:
            self.coach.say(text, "notice")

    # Where things are

    _arranged_modes: dict[str, str] | None = None

    def _modes(self) -> dict[str, str]:
        return dict(self.view.panes)

    def _allowed(self) -> tuple[str, ...]:
        modes = self._modes()
        usual = {"network": "hidden"}
        return tuple(name for name in PANES if modes.get(name, usual.get(name, "act")) != "hidden")

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        size = self.app.size
        allowed = self._allowed()
        self._arranged_modes = self._modes()
        self.processes.may_act = self._root or self._modes().get("processes", "act") == "act"
        self.network.may_act = self._root or self._modes().get("network") == "act"
        self.cpu.may_act = self._root or self._modes().get("cpu", "act") == "act"
        if self.zoomed not in ("terminal", *allowed):
            self.zoomed = ""
        if self.tab not in allowed:
            self.tab = allowed[0] if allowed else ""
        plan = arrange(size.width, size.height, allowed, tab=self.tab, zoom=self.zoomed)
        self.plan = plan
        self._hold()
        _place(self.header, plan, plan.header)
        _place(self.footer, plan, plan.footer)
        _place(self.coach, plan, plan.coach)
        for name, widget in (*self.panes.items(), ("terminal", self.terminal)):
            place = plan.places.get(name)
            widget.display = place is not None
            if place is not None:
                widget.styles.offset = place.offset
                widget.styles.width, widget.styles.height = place.size
        self.lines.draw(plan)
        if self.header.view is not None:
            # A pane that comes into view while the world is held has nothing to tell it.
            self._fetch()
        for pane in self.panes.values():
            pane.show(self.view)
        self._entitle()

    def _entitle(self) -> None:
        focused = self.focused.id if self.focused is not None else None
        titles = {name: (KEYS[name], pane.TITLE, pane.note()) for name, pane in self.panes.items()}
        back = self.terminal.back
        note = f"↑ {count(back, 'line')} back · shift+End returns" if back else ""
        titles["terminal"] = (KEYS["terminal"], "TERMINAL", note)
        self.lines.entitle(titles, focused or "")
        flow = "flow" if self.view.pace == "turn" or self.view.held == "pause" else "hold"
        self.footer.offer(
            (
                ("F1", "help"),
                ("F2", "why"),
                ("F3", "hint"),
                ("F4", flow),
                ("F5", "restart"),
                ("F9", "more"),
                ("F10", "menu"),
            )
        )

    def on_descendant_focus(self) -> None:
        self._entitle()

    # Keys

    def on_pressed(self, event: Pressed) -> None:
        """A title or a key's name was clicked."""
        event.stop()
        if event.name in KEYS:
            self.action_pane(event.name)
        elif event.name in _BUTTONS:
            _BUTTONS[event.name](self)

    def action_machine(self) -> None:
        """To the CPU; again: to the memory, to the network; again: back to the terminal."""
        names = [name for name in ("cpu", "memory", "network") if name in self._allowed()]
        here = self.focused.id if self.focused is not None else ""
        if not names:
            self.say("This level hides these panes.")
        elif here == names[-1]:
            self.action_pane_back()
        else:
            self.zoomed = ""
            self.action_pane(names[names.index(here) + 1] if here in names else names[0])

    def action_pane(self, name: str) -> None:
        """To a pane; again: zoom it; again: back to the terminal."""
        if name != "terminal" and name not in self._allowed():
            self.say("This level hides that pane.")
            return
        widget = self.terminal if name == "terminal" else self.panes[name]
        here = self.focused is widget and name in self.plan.places
        if not here:
            self.zoomed = ""
            if name != "terminal":
                self.tab = name
        elif self.zoomed != name:
            self.zoomed = name
        else:
            self.zoomed = ""
            widget = self.terminal
        self._arrange()
        widget.focus()

    def action_pane_back(self) -> None:
        self.zoomed = ""
        self._arrange()
        self.terminal.focus()

    def action_zoom(self) -> None:
        focused = self.focused
        if focused is not None and focused.id:
            self.zoomed = "" if self.zoomed else focused.id
            self._arrange()

    def action_next_pane(self, step: int) -> None:
        names = ("terminal", *self._allowed())
        focused = self.focused.id if self.focused is not None else "terminal"
        at = names.index(focused) if focused in names else 0
        self.zoomed = ""
        self.action_pane(names[(at + step) % len(names)])

    def action_pace(self) -> None:
        if self.view.held == "pause":
            self.session.resume()
            self.say("Time runs again.")
        elif self.view.pace == "turn":
            self.session.set_pace("live")
            self.say("Time flows now, whether you type or not. F4 holds it at the prompt again.")
        else:
            self.session.set_pace("turn")
            self.say("Time is held at the prompt now, and runs while a command runs.")

    def action_restart(self) -> None:
        self._root = False
        self.session.restart()
        self._fresh()
        self.say("Restarted.")

    def _fresh(self) -> None:
        """A play begins anew: the terminal has the keyboard."""
        self._seen_messages = 0
        self.zoomed = ""
        self._arrange()
        self.terminal.focus()
        self._tick()

    def action_hint(self) -> None:
        hint = self.session.hint()
        given = self.session.hints
        if hint is None and not given:
            self.say("This level has no hints.")
            return
        self.goals.hints = given
        self._open(sheets.hints(given, self.view.hints_total))

    def action_help(self) -> None:
        self._brief(first=False)

    def _brief(self, *, first: bool) -> None:
        self._open(sheets.briefing(self.session.level, self.view, first=first), self._briefed)

    def _briefed(self, result: str | None) -> None:
        if result == "keys":
            self._open(sheets.keys())
        elif result in ("menu", "quit"):
            self._go(result)

    def action_why(self) -> None:
        net = self.network.net if self.network.display else None
        drops = net.drops if net is not None else ()
        self._open(sheets.why(self.view, self.processes.process, self.session.sight, drops))

    def action_leave(self) -> None:
        self._open(sheets.leave(plain(self.view.title)), self._left)

    def _left(self, result: str | None) -> None:
        if result == "restart":
            self.action_restart()
        elif result in ("menu", "quit"):
            self._go(result)

    def action_palette(self) -> None:
        self._open(sheets.palette(self.view, self._allowed()), self._picked)

    def _picked(self, result: str | None) -> None:
        name, _, argument = (result or "").partition(" ")
        actions: dict[str, Callable[[], object]] = {
            "help": self.action_help,
            "keys": lambda: self._open(sheets.keys()),
            "why": self.action_why,
            "hint": self.action_hint,
            "pace": self.action_pace,
            "pause": self._pause,
            "restart": self.action_restart,
            "pane": lambda: self.action_pane(argument),
            "zoom": lambda: self._zoom_to(argument),
            "speed": lambda: self._set_speed(float(argument)),
            "result": lambda: self._tell_result(self.view),
            "menu": lambda: self._go("menu"),
            "quit": lambda: self._go("quit"),
        }
        if name in actions:
            actions[name]()

    def _pause(self) -> None:
        self.session.pause()
        self.say("Paused. F4 lets time run again.")

    def _zoom_to(self, name: str) -> None:
        self.zoomed = name
        self._arrange()
        (self.terminal if name == "terminal" else self.panes[name]).focus()

    def _set_speed(self, speed: float) -> None:
        self.session.set_speed(speed)
        self.say(f"Time runs {speed:g} times as fast as your clock.")

    # Processes

    def on_process_pane_act(self, event: ProcessPane.Act) -> None:
        event.stop()
        process = event.process
        if not self.processes.may_act:
            self.say("This level lets you look at processes here, not act: use the shell.")
            self.action_why()
            return
        pid = process.pid

        def act(result: str | None) -> None:
            name, _, argument = (result or "").partition(" ")
            machine = self.view.machine
            if name in ("signal", "nice"):
                self.session.notice = self._seen_notice = ""  # what fails now is news
            if name == "signal":
                self.session.act("signal", machine=machine, pid=pid, sig=int(argument))
                signal = next(n for number, n, _ in words.SIGNALS if number == int(argument))
                self.say(f"{signal} is on its way to {clip(plain(process.comm), 20)} ({pid}).")
            elif name == "renice":
                self._open(sheets.renice(process), act)
            elif name == "nice":
                self.session.act("renice", machine=machine, pid=pid, nice=int(argument))
                self.say(f"{clip(plain(process.comm), 20)} ({pid}) is to get nice {argument}.")
            elif name == "why":
                self._open(sheets.why(self.view, process, self.session.sight))

        self._open(sheets.act(process), act)

    def on_cpu_pane_assign(self, event: CpuPane.Assign) -> None:
        event.stop()
        if not self.cpu.may_act:
            self.say("This level lets you look at the cores here, not act: use the shell.")
            return
        process, core = event.process, event.core
        self.session.notice = self._seen_notice = ""
        self.session.act("assign", machine=self.view.machine, pid=process.pid, core=core)
        name = f"{clip(plain(process.comm), 20)} ({process.pid})"
        self.say(f"cpu{core} goes to {name}." if core >= 0 else f"{name} gives up its core.")

    def on_terminal_pane_copied(self, event: TerminalPane.Copied) -> None:
        event.stop()
        self.say(f"Copied {count(len(event.text), 'character')}.")

    def on_terminal_pane_scrolled(self, event: TerminalPane.Scrolled) -> None:
        event.stop()
        self._entitle()

    # The end

    def _tell_result(self, view: PlayView) -> None:
        result = view.result
        if result is not None:
            self._open(sheets.result(self.session.level, view, result), self._after_result)

    def _after_result(self, choice: str | None) -> None:
        if choice == "again":
            self.action_restart()
        elif choice == "rewind":
            self.session.rewind()
            self._fresh()
            self._promised = "Back before that line: this counts for progress, not for records."
        elif choice == "root":
            self.session.stay_as_root()
            self._root = True
            self._fresh()
            self.say("You are root now. Look around; F10 leaves.")
        elif choice == "hint":
            self._shown_result = False
            self.action_hint()
        elif choice in ("next", "menu", "quit"):
            self._go(choice)
        else:
            self.say("It is over: F5 plays again, F10 leaves.")

    # Sheets

    def _hold(self) -> None:
        """Time stands while something covers the game, or nothing of it can be seen."""
        covered = bool(self._sheets) or self.plan.too_small
        if covered != self._covered and not self._ended:
            self._covered = covered
            self.session.overlay(covered)

    def _open(self, sheet: Sheet, then: Callable[[str | None], None] | None = None) -> None:
        """Show a sheet; time is held while any is open."""
        self._sheets += 1
        self._hold()

        def closed(result: str | None) -> None:
            self._sheets -= 1
            self._hold()
            if then is not None:
                then(result)

        self.app.push_screen(sheet, closed)


_BUTTONS: dict[str, Callable[[GameScreen], None]] = {
    "f1": GameScreen.action_help,
    "f2": GameScreen.action_why,
    "f3": GameScreen.action_hint,
    "f4": GameScreen.action_pace,
    "f5": GameScreen.action_restart,
    "f9": GameScreen.action_palette,
    "f10": GameScreen.action_leave,
}


def _place(widget: Canvas, plan: Layout, region: Region) -> None:
    widget.display = bool(region) and not plan.too_small
    widget.styles.offset = region.offset
    widget.styles.width, widget.styles.height = region.size

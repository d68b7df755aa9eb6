"""The bridge between a play and the real world: one asyncio task that lets virtual time pass.

The session decides *when* things happen, never *what*: everything that reaches the world passes
:meth:`Play.apply`, and whoever applies the same inputs at the same times gets the same world. The
task works in slices of a few milliseconds, so that the loop it lives in stays free for the screen;
work that does not fit slows virtual time down and says so.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from minios.fs.access import Identity
from minios.game.gantt import Gantt
from minios.game.inspect import Sight
from minios.game.keys import split_keys
from minios.game.play import Play, Refused
from minios.game.staged import Screen, Staged
from minios.game.view import PlayView, ResultView

if TYPE_CHECKING:
    from minios.game.spec import Level

SLICE = 0.012
"""Seconds of work before the loop gets its turn."""
FRAME = 0.016
"""Seconds between two looks at the clock while time flows."""
ECHO = 8_000_000
"""Virtual ns that may pass ahead of the clock after a key, so that its echo needs no frame more."""
BUDGET = 256
"""Events between two looks at how long the slice has lasted."""
BEHIND = 0.5
"""How long the header keeps saying that the host cannot keep the pace."""

SLOWEST, FASTEST = 0.1, 16.0
QUEUE = 4096
"""Keys that may wait for their turn, which comes every 50 ms of virtual time."""
PASTE_LOOK = 8 * QUEUE
"""Bytes of a paste that are looked at: more than enough to fill the queue."""

INTERRUPT = b"\x03"
_CONTINUATION = bytes(range(0x80, 0xC0))
PASTE_BEGIN, PASTE_END = b"\x1b[200~", b"\x1b[201~"


class Applied(NamedTuple):
    """An input and where it passed the door."""

    t: int
    n: int
    op: str
    data: dict[str, Any]


class Resume(NamedTuple):
    """Where to go on: after ``inputs``, at ``t``, with so many hints given."""

    inputs: tuple[Applied, ...]
    t: int
    hints: int = 0


class Best(NamedTuple):
    """What there is to beat; times in ns."""

    time: int | None = None
    keys: int | None = None
    splits: tuple[tuple[str, int], ...] = ()


class Log(Protocol):
    """What a play leaves behind: its run file and the player's records (minios.runs.career)."""

    notice: str

    def best(self) -> Best: ...

    def begin(self, play: Play, inputs: Sequence[Applied], parent: dict[str, Any] | None) -> None:
        """A new attempt; ``inputs`` are those a rewound one starts from, ``parent`` says where."""

    def input(self, t: int, n: int, op: str, data: dict[str, Any]) -> None: ...

    def checkpoint(self, t: int, digest: str) -> None: ...

    def note(self, t: int, note: str, **data: Any) -> None: ...

    def goal(self, goal: str) -> None: ...

    def end(self, play: Play, result: ResultView, *, record: bool) -> None: ...

    def abandon(self, t: int) -> None: ...

    def close(self) -> None: ...


class Session:
    """One player's way through one level, over restarts and rewinds.

    Everything but :meth:`run` returns at once and may be called at any time from the loop's thread.
    """

    def __init__(
        self,
        level: Level,
        *,
        seed: int | None = None,
        pace: str | None = None,
        speed: float = 1.0,
        log: Log | None = None,
        resume: Resume | None = None,
        clock: Callable[[], float] = time.monotonic,
        instruments: Sequence[object] = (),
    ) -> None:
        """``resume`` is a run cut short: it is re-simulated first. ``log`` None keeps nothing.

        ``instruments`` watch every play from its boot on.
        """
        self._source = level
        self.seed = level.seeds.play if seed is None else seed
        self.generation = 0
        self.notice = ""
        self.hints: tuple[str, ...] = ()
        self.on_output: Callable[[], None] | None = None
        """Called when :meth:`take_output` has something new."""
        self.on_step: Callable[[], None] | None = None
        """Called after every slice of work."""
        self._from_boot = instruments
        self._instruments: list[object] = []
        self._clock = clock
        self._log = log
        self._first_pace = pace or level.pace
        self._pace = self._first_pace
        self._speed = min(FASTEST, max(SLOWEST, speed))
        self._paused = False
        self._overlay = False
        self._closed = False
        self._size: tuple[int, int] | None = None
        self._wake: asyncio.Event | None = None
        self._best = log.best() if log is not None else Best()
        self._job: Iterator[None] | None = None
        self._steps = 0
        self._play: Play
        self._seen: tuple[Any, PlayView] | None = None
        self._take(self._new_play(self.seed))
        if resume is not None:
            self.notice = "Resuming …"
            self.hints = level.hints[: resume.hints]
            self._job = self._resimulate(resume.inputs, self.seed, resume.t, None)
        elif log is not None:
            log.begin(self._play, (), None)
            self.notice = log.notice

    @property
    def level(self) -> Level:
        """The level as it is for this seed."""
        return self._play.level

    @property
    def now(self) -> int:
        """Virtual time."""
        return self._play.world.now

    @property
    def over(self) -> bool:
        """Whether the play was won or lost and nobody stays on as root."""
        return self._play.frozen

    def instrument(self, instrument: object) -> None:
        """Attach an observer to this play and to every later one."""
        self._instruments.append(instrument)
        self._play.world.instruments.add(instrument)

    # -- one play after the other --------------------------------------------------------------

    def _new_play(self, seed: int) -> Staged:
        play = Play(self._source, seed, instruments=self._from_boot)
        machine = play.machines[play.level.player.machine]
        staged = Staged(play, Screen(play), Gantt(machine), Sight(play, self._player))
        for instrument in (*staged[1:], *self._instruments):
            play.world.instruments.add(instrument)
        return staged

    def _player(self) -> Identity:
        """Whose eyes the panes are."""
        return self._play.who

    def _take(
        self,
        made: Staged,
        inputs: Sequence[Applied] = (),
        *,
        old: bool = False,
    ) -> None:
        """Make a play the one on the screen."""
        if self.generation:
            self._play.close()
        self._play, self._screen, self._gantt, self.sight = made
        self.generation += 1
        self._inputs = list(inputs)
        self._queue: deque[tuple[str, dict[str, Any]]] = deque()
        self._anchor: tuple[float, int] | None = None
        self._behind_until = 0.0
        self._checkpoints = len(self._play.checkpoints)
        self._goals = {goal for goal, _ in self._play.splits}
        self._rewound = old
        self._root = False
        self._ended = False
        self._steps += 1
        self._fit()

    def restart(self, seed: int | None = None) -> None:
        """A new attempt, on another seed if given. The terminal begins anew."""
        if self._log is not None and not self._ended:
            self._log.abandon(self._play.world.now)
        if seed is not None:
            self.seed = seed
        self.notice = ""
        self._job = None
        self._paused = False
        self._pace = self._first_pace
        if self._log is not None:
            self._best = self._log.best()
        self._take(self._new_play(self.seed))
        if self._log is not None:
            self._log.begin(self._play, (), None)
            self.notice = self._log.notice
        self._stir()

    def rewind(self) -> None:
        """After a loss: back to just before the line that led to it (counts for progress only)."""
        if self._play.outcome != "lose":
            self.notice = "Only a lost play can be rewound."
            return
        line = self._play.lost_line()
        if line is None:
            self.restart()
            return
        kept = tuple(entry for entry in self._inputs if entry.n < line.n)
        parent = {"t": line.start, "n": line.n - 1}
        self.notice = "Rewinding …"
        self._job = self._resimulate(kept, self._play.seed, line.start, parent)
        self._stir()

    def _resimulate(
        self,
        inputs: tuple[Applied, ...],
        seed: int,
        until: int,
        parent: dict[str, Any] | None,
    ) -> Iterator[None]:
        """Bring a fresh play to ``until`` in small pieces, then take it. No ``parent``: resumed."""
        made = self._new_play(seed)
        play, screen = made.play, made.screen
        screen.stop_at_prompt = False
        for entry in inputs:
            yield from self._advance(play, entry.t)
            if play.frozen:
                break
            play.apply(entry.op, entry.data)
        yield from self._advance(play, until)
        screen.stop_at_prompt = True
        self.notice = ""
        self._take(made, inputs, old=parent is not None)
        self._paused = False
        if self._log is not None:
            if parent is not None:
                self._log.begin(play, inputs, parent)
            self.notice = self._log.notice

    @staticmethod
    def _advance(play: Play, t: int) -> Iterator[None]:
        while not play.run_until(t, BUDGET):
            yield

    def close(self) -> None:
        """Stop. What was played is on disk; an unfinished run can be resumed."""
        if not self._closed:
            self._closed = True
            if self._log is not None:
                self._log.close()
        self._stir()

    # -- what the player does ------------------------------------------------------------------

    def key(self, data: bytes) -> None:
        """One key: a character or an escape sequence. ctrl+c overtakes whatever is queued."""
        if self.over:
            return
        if data == INTERRUPT:
            others = [entry for entry in self._queue if entry[0] != "key"]
            key = (PASTE_END if self._half_pasted() else b"") + INTERRUPT
            self._queue = deque([("key", {"data": key.decode()}), *others])
        elif len(self._queue) >= QUEUE:
            self.notice = "Too many keys at once: the rest is dropped."
            return
        else:
            self._queue.append(("key", {"data": data.decode("latin-1")}))
        if self._paused:
            self.notice = "Time is held: F4 lets it run."
        self._stir()

    def _half_pasted(self) -> bool:
        """Whether the application has seen the beginning of a paste whose end is still queued."""
        for op, data in self._queue:
            if op == "key" and data["data"].startswith(PASTE_BEGIN.decode()):
                return False
            if op == "key" and data["data"].endswith(PASTE_END.decode()):
                return True
        return False

    def paste(self, data: bytes, bracketed: bool = False) -> None:
        """Several keys at once; ``bracketed`` when the application asked for that (mode 2004)."""
        if self.over:
            return
        keys = split_keys(data[:PASTE_LOOK])
        size = len(keys) + len(data[PASTE_LOOK:].translate(None, _CONTINUATION))
        room = max(QUEUE - len(self._queue), 0)
        if size > room:
            self.notice = f"Pasted text was cut after {min(room, len(keys))} of {size} characters."
            del keys[room:]
        if bracketed and keys:
            keys[0] = PASTE_BEGIN + keys[0]
            keys[-1] += PASTE_END
        self._queue.extend(("key", {"data": each.decode("latin-1")}) for each in keys)
        self._stir()

    def resize(self, rows: int, cols: int) -> None:
        """The terminal pane has another size."""
        self._size = (max(1, min(rows, 1000)), max(1, min(cols, 1000)))
        self._fit()

    def _fit(self) -> None:
        """See to it that the terminal gets the pane's size, unless it has it."""
        self._screen.booted = False
        if self._queue and self._queue[-1][0] == "resize":
            self._queue.pop()
        tty = self._play.tty
        if self._size is not None and tty is not None and self._size != tuple(tty.size):
            self._queue.append(("resize", {"rows": self._size[0], "cols": self._size[1]}))
            self._stir()

    def act(self, op: str, **data: Any) -> None:
        """A pane action: ``signal``, ``renice``, ``assign`` or ``cable``, as the player."""
        if not self.over:
            self._queue.append((op, data))
            self._stir()

    def hint(self) -> str | None:
        """Reveal the next hint; None when there is no more."""
        if len(self.hints) >= len(self.level.hints):
            return None
        text = self.level.hints[len(self.hints)]
        self._reveal(text)
        return text

    def _reveal(self, text: str) -> None:
        self.hints += (text,)
        if self._log is not None and not self._ended:
            self._log.note(self._play.world.now, "hint", number=len(self.hints))

    def stay_as_root(self) -> None:
        """After a win: the same world goes on, with a root shell on the player's terminal."""
        if self._play.outcome == "win" and not self._root:
            self._root = True
            self._anchor = None
            self._play.apply("root", {})
            self._steps += 1
            self._stir()

    # -- pace ----------------------------------------------------------------------------------

    def set_pace(self, pace: str) -> None:
        """``turn``: time is held at the prompt. ``live``: it flows."""
        if pace in ("turn", "live") and pace != self._pace:
            self._pace = pace
            self._pace_changed("pace", pace=pace)

    def set_speed(self, speed: float) -> None:
        """Virtual seconds per real second, 0.1 to 16."""
        speed = min(FASTEST, max(SLOWEST, speed))
        if speed != self._speed:
            self._speed = speed
            self._pace_changed("speed", speed=speed)

    def pause(self) -> None:
        """Hold time, whatever runs."""
        if not self._paused:
            self._paused = True
            self._pace_changed("pause")

    def resume(self) -> None:
        """Let time go on after :meth:`pause`."""
        if self._paused:
            self._paused = False
            self._pace_changed("resume")

    def overlay(self, open: bool) -> None:
        """Something covers the screen: time is held while it does."""
        self._overlay = open
        self._anchor = None
        self._stir()

    def _pace_changed(self, note: str, **data: Any) -> None:
        self._anchor = None
        if self._log is not None and not self._ended:
            self._log.note(self._play.world.now, note, **data)
        self._stir()

    def _stir(self) -> None:
        if self._wake is not None:
            self._wake.set()

    # -- the pump ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Let time pass until :meth:`close`."""
        loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        while not self._closed:
            self._wake.clear()
            delay = self.step()
            if self._screen.output and self.on_output is not None:
                self.on_output()
            if self.on_step is not None:
                self.on_step()
            if delay == 0:
                await asyncio.sleep(0.001)
                continue
            timer = loop.call_later(delay, self._wake.set) if delay is not None else None
            await self._wake.wait()
            if timer is not None:
                timer.cancel()

    def step(self) -> float | None:
        """One slice of work. Returns the seconds until the next is due; None waits for the player.

        Never takes much longer than :data:`SLICE` of the clock.
        """
        now = self._clock()
        deadline = now + SLICE
        if self._job is not None:
            return self._work_on(self._job, deadline)
        if self._play.outcome is not None and not self._ended:
            self._finish()
        if self._held():
            self._anchor = None
            return None
        play = self._play
        world = play.world
        if self._anchor is None:
            self._anchor = (now, world.now)
        began, start = self._anchor
        target = paced = start + int((now - began) * self._speed * 1e9)
        self._steps += 1
        while True:
            due = max(play.free_at, world.now) if self._queue else target
            deliver = bool(self._queue) and (due <= target or self._at_prompt())
            reached = self._run_to(due if deliver else target, deadline)
            if not reached or play.frozen or play.wanted is not None:
                break
            if deliver:
                self._deliver()
                target = max(target, world.now + ECHO)
            elif not self._queue or not self._at_prompt():
                break
            if self._clock() >= deadline:
                break
        self._after()
        if self._play is not play:
            return 0
        if world.now > paced + ECHO:
            self._anchor = (now, world.now)
        elif self._clock() >= deadline and world.now < target:
            self._anchor = (self._clock(), world.now)
            self._behind_until = now + BEHIND
            return 0
        if self._held():
            self._anchor = None
            return None if self._play.outcome is None or self._ended else 0
        return FRAME

    def _run_to(self, t: int, deadline: float) -> bool:
        """Run to ``t``; False when the slice or the play ends first, or a turn's prompt comes."""
        play = self._play
        turn = self._pace == "turn"
        self._screen.stop_at_prompt = turn
        while True:
            # The prompt of a turn can come back when the last key's time is over, and not before.
            goal = play.free_at if turn and play.world.now < play.free_at < t else t
            if play.run_until(goal, BUDGET) and goal == t:
                return True
            if play.frozen or play.wanted is not None:
                return False
            if self._at_rest():
                return False
            if self._clock() >= deadline:
                return False

    def _deliver(self) -> None:
        op, data = self._queue.popleft()
        try:
            t, n = self._play.apply(op, data)
        except Refused as err:
            self.notice = str(err)
            return
        if self._play.failed:
            self.notice = self._play.failed
        self._inputs.append(Applied(t, n, op, data))
        if self._log is not None and not self._ended:
            self._catch_up(t)
            self._log.input(t, n, op, data)

    def _after(self) -> None:
        """Pass on what happened: checkpoints, goals, hints, the end, a restart asked for."""
        play = self._play
        if self._screen.booted:
            self._fit()
        if not self._ended:
            self._catch_up(play.world.now)
            for goal, _ in play.splits:
                if goal not in self._goals:
                    self._goals.add(goal)
                    if self._log is not None:
                        self._log.goal(goal)
        while len(self.hints) < min(play.hints_asked, len(self.level.hints)):
            self._reveal(self.level.hints[len(self.hints)])
        if play.outcome is not None and not self._ended:
            self._finish()
        elif play.wanted == "restart":
            self.restart()

    def _catch_up(self, t: int) -> None:
        """Log the checkpoints taken up to ``t``."""
        taken = self._play.checkpoints
        while self._checkpoints < len(taken) and taken[self._checkpoints][0] <= t:
            if self._log is not None:
                self._log.checkpoint(*taken[self._checkpoints])
            self._checkpoints += 1

    def _finish(self) -> None:
        self._ended = True
        self._queue.clear()
        result = self._result()
        if self._log is not None and result is not None:
            self._log.end(self._play, result, record=not self._rewound)
            if self._log.notice:
                self.notice = self._log.notice

    def _work_on(self, job: Iterator[None], deadline: float) -> float:
        for _ in job:
            if self._clock() >= deadline:
                return 0
        if self._job is job:
            self._job = None
        return 0

    # -- held or not ---------------------------------------------------------------------------

    def _at_prompt(self) -> bool:
        """Whether typed-ahead keys may be delivered without waiting for the wall clock."""
        if self._pace != "turn":
            return False
        tty = self._play.tty
        return tty is not None and tty.at_prompt()

    def _held(self) -> str:
        if self.over:
            return "over"
        if self._overlay:
            return "overlay"
        if self._paused:
            return "pause"
        return "prompt" if self._at_rest() else ""

    def _at_rest(self) -> bool:
        """Whether it is the player's turn, and nothing but a move of theirs could lead on.

        When every goal that is left holds and only has to hold for longer, time goes on by itself.
        """
        if self._pace != "turn" or self._queue or not self._play.held():
            return False
        left = [state for state in self._play.referee.goals if not state.done]
        return not left or any(state.since is None for state in left)

    # -- what the screen pulls -----------------------------------------------------------------

    def take_output(self) -> bytes:
        """What the player's terminal has shown since the last call."""
        data = bytes(self._screen.output)
        self._screen.output.clear()
        return data

    def view(self) -> PlayView:
        """Everything the panes draw. The same object as long as nothing changed."""
        behind = self._clock() < self._behind_until
        held = self._held()
        key = (
            self.generation, self._steps, held, behind, len(self._queue), self._pace, self._speed,
            len(self.hints), self._ended, self._root,
        )  # fmt: skip
        if self._seen is not None and self._seen[0] == key:
            return self._seen[1]
        play = self._play
        level = self.level
        machine = play.machines[level.player.machine]
        kernel = machine.kernel
        view = PlayView(
            level=level.id,
            title=level.title,
            machine=machine.name,
            hostname=(kernel.hostname if kernel is not None else machine.hostname).decode(
                "utf-8", "replace"
            ),
            time=play.world.now,
            pace=self._pace,
            speed=self._speed,
            held=held,
            behind=behind,
            keys=play.keys,
            commands=play.commands,
            collateral=play.collateral,
            pending_keys=sum(op == "key" for op, _ in self._queue),
            best_time=self._best.time,
            best_keys=self._best.keys,
            load=kernel.load_averages() if kernel is not None else (0, 0, 0),
            ram=machine.ram,
            ram_used=kernel.ram_used if kernel is not None else 0,
            power=kernel is not None,
            goals=play.goals(),
            cores=self._gantt.cores(),
            processes=self._gantt.processes(),
            panes=level.panes,
            hints_shown=len(self.hints),
            hints_total=len(level.hints),
            coach=self._advice(),
            result=None if self._root else self._result(),
            best_splits=self._best.splits,
            messages=tuple(play.messages),
            scheduler=kernel.dispatcher.policy if kernel is not None else "",
        )
        self._seen = (key, view)
        return view

    def _advice(self) -> str:
        """The coach's line. Asking what was recognised lets it answer the wrong ways, too."""
        _ = self._play.recognised
        return self._play.coach

    def _result(self) -> ResultView | None:
        result = self._play.result()
        if result is None or not self.hints:
            return result
        return replace(result, unaided=False)

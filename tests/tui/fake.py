"""A play that needs no machine: views, a terminal that answers, and a record of what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from minios.game.net.view import NetView
from minios.game.spec import Level, MachineSpec, Par, Player
from minios.game.view import (
    CACHE,
    FREE,
    KERNEL,
    TABLES,
    BlockView,
    CallView,
    CoreView,
    FaultView,
    GoalView,
    HeapView,
    InspectView,
    MemoryView,
    PageView,
    PlayView,
    ProcessView,
    ResultView,
    Segment,
    SpaceView,
    WalkView,
)
from minios.tui.app import MiniOSApp
from minios.tui.ports import NetLook
from minios.tui.screens.game import GameScreen
from tests.tui import fake_net

MS = 1_000_000
SECOND = 1_000 * MS

PROMPT = b"\x1b[32mplayer@pc\x1b[0m:\x1b[34m~\x1b[0m$ "


def process(pid: int, ppid: int, comm: str, **fields: object) -> ProcessView:
    base: dict[str, object] = {
        "pgid": pid, "sid": pid, "uid": 1000, "user": "player", "cmdline": comm, "state": "S",
        "nice": 0, "cpu": 0, "cpu_ns": 0, "core": -1, "rss": 300 << 10, "tty": "tty1",
        "spark": (0,) * 8,
    }  # fmt: skip
    return ProcessView(pid=pid, ppid=ppid, comm=comm, **(base | fields))  # type: ignore[arg-type]


def processes() -> tuple[ProcessView, ...]:
    root = {"uid": 0, "user": "root", "tty": ""}
    busy = {"state": "R", "tty": ""}
    return (
        process(1, 0, "init", **root),
        process(12, 1, "sshd", **root),
        process(87, 12, "sh", cpu=1, spark=(0, 0, 0, 10, 0, 0, 0, 1)),
        process(200, 1, "cellar", cpu=482, **busy, spark=(100, 300, 700, 900, 999, 480, 480, 482)),
        process(213, 200, "hydra", cpu=250, core=0, **busy, spark=(0, 0, 0, 0, 250, 250, 250, 250)),
        process(214, 200, "hydra", cpu=251, core=1, **busy, spark=(0, 0, 0, 0, 250, 250, 250, 250)),
        process(215, 200, "hydra", state="T", nice=5),
        process(216, 200, "hydra", state="Z", rss=0),
    )


def cores(now: int, count: int = 2) -> tuple[CoreView, ...]:
    """Round robin of three, ten milliseconds each, with a rest now and then."""
    found = []
    for index in range(count):
        segments = []
        turn = max(now // (10 * MS) - 200, 0)
        for n in range(turn, now // (10 * MS)):
            pid = (213, 214, 200, 0)[(n // 3 + index) % 4] if n % 17 else 87
            comm = {213: "hydra", 214: "hydra", 200: "cellar", 87: "sh", 0: ""}[pid]
            segments.append(Segment(n * 10 * MS, (n + 1) * 10 * MS, pid, comm))
        found.append(
            CoreView(
                index, 213 + index, "hydra", 748 if index == 0 else 1000, 2, 1204, tuple(segments)
            )
        )
    return tuple(found)


def level(**fields: object) -> Level:
    base: dict[str, object] = {
        "id": "hydra",
        "player": Player("pc", "player"),
        "machines": (MachineSpec("pc"),),
        "par": Par(time=45 * SECOND, keys=40),
        "title": "Hydra",
        "chapter": "processes",
        "briefing": "Cut off a head and **two** grow.\n\n- `ps --forest`\n- `kill -STOP`\n",
        "debrief": "Freeze the supervisor first.",
        "hints": ("Who starts them?", "Look at `ps --forest`.", "`kill -STOP` the body."),
    }
    return Level(**(base | fields))  # type: ignore[arg-type]


def view(**fields: object) -> PlayView:
    now = int(fields.get("time", 12_480 * MS))  # type: ignore[call-overload]
    base: dict[str, object] = {
        "level": "hydra", "title": "Hydra", "machine": "pc", "hostname": "pc", "time": now,
        "pace": "live", "speed": 1.0, "held": "", "behind": False, "keys": 31, "commands": 4,
        "collateral": 0, "pending_keys": 0, "best_time": 41_200 * MS, "best_keys": 28,
        "load": (34_000, 20_000, 7_000), "ram": 4 << 20, "ram_used": 1 << 20, "power": True,
        "goals": (
            GoalView("parent", "find the parent", True, True, 1000, 8_100 * MS),
            GoalView("gone", "no hydra for 5 s", False, True, 360, None),
            GoalView("safe", "the backup completes", False, False, 0, None),
        ),
        "cores": cores(now), "processes": processes(),
        "panes": (("cpu", "look"), ("processes", "act")),
        "hints_shown": 0, "hints_total": 3, "coach": "", "result": None,
    }  # fmt: skip
    return PlayView(**(base | fields))  # type: ignore[arg-type]


def result(won: bool = True, **fields: object) -> ResultView:
    base: dict[str, object] = {
        "won": won, "time": 38_100 * MS, "keys": 31, "commands": 4, "collateral": 0,
        "stars": 3 if won else 0, "unaided": True,
        "cause": "" if won else "Forty processes: the machine is drowning",
        "line": "" if won else "killall -9 hydra",
        "say": "" if won else "Each dead head makes two.",
        "splits": (("parent", 8_100 * MS), ("gone", 38_100 * MS)) if won else (),
    }  # fmt: skip
    return ResultView(**(base | fields))  # type: ignore[arg-type]


class FakeSight:
    """Memory and one process, as the panes that look closer see them."""

    def __init__(self) -> None:
        self.followed: list[int | None] = []
        self.net: NetView | None = None
        self.net_asked: list[tuple[str, int]] = []

    def network(self, subject: str = "", packet: int = 0) -> NetLook | None:
        if self.net is None:
            return None
        self.net_asked.append((subject, packet))
        detail = fake_net.detail(subject) if subject else None
        return self.net, detail, fake_net.lens(packet) if packet else None

    def network_away(self) -> None:
        self.net_asked.clear()

    def memory(self) -> MemoryView:
        return MemoryView(
            page=4096, frames=1024,
            runs=((16, KERNEL), (40, 200), (8, TABLES), (100, CACHE), (60, 213), (800, FREE)),
            free=800 << 12, cache=100 << 12, swap=1 << 20, swap_used=1 << 18, policy="clock",
            minor=1234, major=5, tlb_hits=990, tlb_misses=10,
            faults=(
                FaultView(12_000 * MS, 213, "hydra", 0x20000, "major"),
                FaultView(12_100 * MS, 200, "cellar", 0x0, "denied"),
            ),
            spaces=(
                SpaceView(213, "hydra", 1 << 20, 60 << 12, 0),
                SpaceView(200, "cellar", 1 << 20, 40 << 12, 4 << 12),
            ),
        )  # fmt: skip

    def why(self, pid: int | None = None) -> tuple[tuple[int, str], ...]:
        if pid is None:
            return ((0, "no hydra for 5 s: not yet."), (1, "There are 3 of them."))
        return ((0, f"{pid} sleeps: it waits for a pipe."), (1, "87 sh holds its other end."))

    def walk(self, pid: int, page: int) -> WalkView:
        pages = tuple(
            PageView(16 + n, 0x2000DF, "DA-UXWRV", f"frame {n + 8}", "[heap]") for n in range(30)
        )
        page = page or 16
        return WalkView(
            pid, page << 12, ((1, 7, 0, 0x2401, "-------V"), (0, 9, page, 0x2000DF, "DA-UXWRV")),
            (page - 8) << 12, "", True, pages,
        )  # fmt: skip

    def heap(self, pid: int) -> HeapView:
        blocks = (BlockView(0x20000, 4000, True), BlockView(0x21000, 60_000, False))
        return HeapView(pid, 0x20000, 0x30000, blocks)

    def inspect(self, pid: int) -> InspectView | None:
        if pid != 213:
            return None
        return InspectView(
            213, "hydra", "R", ((0, "It runs on cpu0."),), (("command", "hydra -n 3"),),
            ((0, "r", "/dev/null"), (1, "w", "pipe:[12]")),
            (("00010000-00014000", "r-xp", 16, "/usr/bin/hydra"),), ("HOME=/root",),
            (("SIGCHLD", "caught", False), ("SIGUSR1", "default", True)),
            (CallView(12_000 * MS, 'write(1, "x", 1) = 1'),),
        )  # fmt: skip

    def follow(self, pid: int | None) -> None:
        self.followed.append(pid)


class FakeSession:
    """Echoes keys; Enter answers and gives the prompt again. ``asked`` is what was called."""

    def __init__(self, level_: Level | None = None, **fields: object) -> None:
        self.level = level_ or level()
        self.generation = 0
        self.sight = FakeSight()
        self.notice = ""
        self.hints: tuple[str, ...] = ()
        self.on_output: Callable[[], None] | None = None
        self.asked: list[tuple[object, ...]] = []
        self.keys: list[bytes] = []
        self.sizes: list[tuple[int, int]] = []
        self.fails: Exception | None = None
        self._fields = fields
        self._output = bytearray(PROMPT)
        self._closed = asyncio.Event()
        self._ticks = 0
        self.moving = False

    async def run(self) -> None:
        while not self._closed.is_set():
            if self.fails:
                raise self.fails
            await asyncio.sleep(0.02)
            self._ticks += self.moving

    def write(self, data: bytes) -> None:
        self._output += data
        if self.on_output:
            self.on_output()

    def change(self, **fields: object) -> None:
        self._fields |= fields

    def key(self, data: bytes) -> None:
        self.keys.append(data)
        if data == b"\r":
            self.write(b"\r\nok\r\n" + PROMPT)
        elif data.isascii() and data.decode().isprintable():
            self.write(data)

    def paste(self, data: bytes, bracketed: bool = False) -> None:
        self.asked.append(("paste", data, bracketed))

    def resize(self, rows: int, cols: int) -> None:
        self.sizes.append((rows, cols))

    def act(self, op: str, **data: object) -> None:
        self.asked.append(("act", op, data))

    def take_output(self) -> bytes:
        data, self._output = bytes(self._output), bytearray()
        return data

    def view(self) -> PlayView:
        fields = dict(self._fields)
        fields.setdefault("time", 12_480 * MS + self._ticks * 20 * MS)
        return replace(view(**fields), hints_shown=len(self.hints))

    @property
    def now(self) -> int:
        return self.view().time

    def set_pace(self, pace: str) -> None:
        self.asked.append(("pace", pace))
        self.change(pace=pace)

    def set_speed(self, speed: float) -> None:
        self.asked.append(("speed", speed))
        self.change(speed=speed)

    def pause(self) -> None:
        self.asked.append(("pause",))

    def resume(self) -> None:
        self.asked.append(("resume",))

    def overlay(self, open: bool) -> None:
        self.asked.append(("overlay", open))

    def restart(self, seed: int | None = None) -> None:
        self.asked.append(("restart",))
        self.change(result=None, held="")
        self.generation += 1
        self.write(PROMPT)

    def rewind(self) -> None:
        """As the real one: the way back is simulated first, and the loss stays until then."""
        self.asked.append(("rewind",))
        asyncio.get_running_loop().call_later(0.1, self._rewound)

    def _rewound(self) -> None:
        self.change(result=None, held="")
        self.generation += 1

    def hint(self) -> str | None:
        self.asked.append(("hint",))
        if len(self.hints) == len(self.level.hints):
            return None
        self.hints = self.level.hints[: len(self.hints) + 1]
        return self.hints[-1]

    def stay_as_root(self) -> None:
        self.asked.append(("root",))
        self.change(result=None, held="")

    def close(self) -> None:
        self.asked.append(("close",))
        self._closed.set()


class Stage:
    """A running application and its fake session, seen as a player does."""

    def __init__(self, app: MiniOSApp, pilot: object, session: FakeSession) -> None:
        self.app, self.pilot, self.session = app, pilot, session

    @property
    def lines(self) -> list[str]:
        """What the window shows."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def game(self) -> GameScreen:
        return next(s for s in self.app.screen_stack if isinstance(s, GameScreen))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)  # type: ignore[attr-defined]
        await self.settle()

    async def settle(self) -> None:
        """Let the game look at the play once."""
        await self.pilot.pause()  # type: ignore[attr-defined]
        self.game._tick()
        await self.pilot.pause()  # type: ignore[attr-defined]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Give what needs a moment as many as it needs."""
        for _ in range(500):
            if holds():
                return
            await self.pilot.pause(0.02)  # type: ignore[attr-defined]
        raise AssertionError(f"it did not come:\n{self.text}")

    async def type(self, text: str) -> None:
        for char in text:
            await self.pilot.press(char)  # type: ignore[attr-defined]

    async def click(self, x: int, y: int, times: int = 1) -> None:
        await self.pilot.click(offset=(x, y), times=times)  # type: ignore[attr-defined]
        await self.settle()

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)  # type: ignore[attr-defined]
        await self.settle()


@asynccontextmanager
async def stage(
    size: tuple[int, int] = (140, 45),
    *,
    briefed: bool = True,
    session: FakeSession | None = None,
    **fields: object,
) -> AsyncIterator[Stage]:
    """The game screen over a fake session; without its briefing unless told otherwise."""
    session = session or FakeSession(**fields)
    if briefed:
        session.level = replace(session.level, briefing="")
    app = MiniOSApp(session=session, opener=lambda: session, number=7)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(app, pilot, session)

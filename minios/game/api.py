"""The game for Python programs: ``async with minios.play("hydra") as game: …`` (docs/api.md).

Nothing is paced: virtual time passes as fast as the host can, and stands still between calls. The
event loop gets its turn every few milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from types import TracebackType, coroutine
from typing import TYPE_CHECKING

from minios.game.play import Play
from minios.game.spec import Level
from minios.game.view import GoalView, ResultView
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.kernel.dev.tty import Tty

SLICE = 0.005
BUDGET = 256
TIMEOUT = 60.0
"""Virtual seconds that one call may take unless it is told otherwise."""


class Timeout(Exception):
    """The virtual time given to a call was over before it was done."""


@coroutine
def _give_way() -> Generator[None, None, None]:
    """Let the event loop do something else; what ``asyncio.sleep(0)`` does."""
    yield


class Game:
    """One play of a level, at the player's terminal. Made by :func:`play`."""

    def __init__(self, level: Level, seed: int | None = None) -> None:
        self.seed = level.seeds.play if seed is None else seed
        self._play = Play(level, self.seed)
        self._shown = bytearray(self._play.boot_output)
        self._play.world.instruments.add(self)

    async def __aenter__(self) -> Game:
        await self._until_prompt(TIMEOUT)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._play.close()

    # -- what the player does ------------------------------------------------------------------

    async def run(self, line: str, timeout: float = TIMEOUT) -> str:
        """Type ``line`` and Enter at the prompt, wait for the next prompt, return the output.

        The echoed line and the prompt are no part of it. Raises :class:`Timeout` when no prompt
        came back within ``timeout`` virtual seconds (``type("\\x03")`` interrupts what runs).
        """
        prompt = self._last_line()
        self._shown.clear()
        await self.type(line)
        await self._settle()
        self._shown.clear()
        await self.type("\r")
        await self._until_prompt(timeout)
        return self._output(prompt)

    async def type(self, keys: str) -> None:
        """Press keys, 50 ms of virtual time each. ``\\r`` is Enter, ``\\x03`` ctrl+c."""
        play = self._play
        for key in keys:
            await self._advance(max(play.free_at, play.world.now))
            if play.outcome is not None:
                return
            play.apply("key", {"data": key.encode().decode("latin-1")})

    async def wait(self, seconds: float) -> None:
        """Let virtual time pass; less if the play ends."""
        await self._advance(self._play.world.now + int(seconds * SECOND))

    # -- what the player sees ------------------------------------------------------------------

    @property
    def time(self) -> float:
        """Virtual seconds since the play began."""
        return self._play.world.now / SECOND

    @property
    def outcome(self) -> str | None:
        """``win``, ``lose``, or None while it goes on."""
        return self._play.outcome

    @property
    def goals(self) -> tuple[GoalView, ...]:
        return self._play.goals()

    @property
    def result(self) -> ResultView | None:
        return self._play.result()

    @property
    def level(self) -> Level:
        """The level as it is for this seed."""
        return self._play.level

    # -- inside --------------------------------------------------------------------------------

    def on_output(self, tty: Tty, data: bytes) -> None:
        if tty is self._play.tty:
            self._shown += data

    async def _advance(self, t: int) -> None:
        play = self._play
        deadline = time.monotonic() + SLICE
        while not play.run_until(t, BUDGET):
            if play.outcome is not None:
                return
            if time.monotonic() >= deadline:
                await _give_way()
                deadline = time.monotonic() + SLICE
        await _give_way()

    async def _until_prompt(self, timeout: float) -> None:
        play = self._play
        end = play.world.now + int(timeout * SECOND)
        while not play.held() and play.outcome is None:
            if play.world.now >= end:
                raise Timeout(f"no prompt within {timeout:g} virtual seconds")
            due = play.world.next_event()
            soon = max(play.free_at, play.world.now + 1, due if due is not None else 0)
            await self._advance(min(soon, end))

    async def _settle(self) -> None:
        await self._advance(max(self._play.free_at, self._play.world.now))

    def _last_line(self) -> bytes:
        return self._plain().rpartition(b"\n")[2]

    def _plain(self) -> bytes:
        """What was shown, without the line editor's switches for bracketed paste."""
        return bytes(self._shown).replace(b"\x1b[?2004h", b"").replace(b"\x1b[?2004l", b"")

    def _output(self, prompt: bytes) -> str:
        """What was shown since Enter, without the line end it echoed and the next prompt."""
        shown = self._plain()
        self._shown = bytearray(shown.rpartition(b"\n")[2])
        shown = shown.partition(b"\n")[2]
        body, newline, last = shown.rpartition(b"\n")
        # A command whose last line has no end leaves it in front of the prompt.
        mark = prompt.partition(b":")[0]
        cut = last.find(mark) if mark else 0
        if cut > 0:
            body, newline = body + newline + last[:cut], b""
        return (body + newline).decode("utf-8", "replace").replace("\r\n", "\n")


def play(level: str | Level, seed: int | None = None) -> Game:
    """A play of a level, named by id or file, for ``async with``.

    LookupError for an unknown level, LevelError for a file that is none.
    """
    if isinstance(level, Level):
        return Game(level, seed)
    from minios.game.catalog import find
    from minios.game.loader import load

    return Game(load(find(level)), seed)

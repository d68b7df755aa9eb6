"""Levels won with the keyboard, in the application itself, and what is left of it on disk."""

from functools import partial
from pathlib import Path

import pytest
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from minios.game import catalog
from minios.game.loader import load
from minios.runs.career import open_session
from minios.runs.records import open_records
from minios.runs.runfile import read
from minios.runs.verify import verify
from minios.tui.app import MiniOSApp
from minios.tui.screens.game import GameScreen


class Player:
    """Somebody at the keyboard who reads the screen."""

    def __init__(self, app: MiniOSApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> str:
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def game(self) -> GameScreen:
        return next(each for each in self.app.screen_stack if isinstance(each, GameScreen))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def enter(self, line: str) -> None:
        """Type ``line`` and press Enter."""
        for char in line:
            self.app.post_message(Key(_character_to_key(char), char))
        await self.pilot.press("enter")

    async def sees(self, words: str, seconds: float = 20.0) -> None:
        """Wait until ``words`` are on the screen."""
        for _ in range(int(seconds / 0.02)):
            if words in self.screen:
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"{words!r} did not come:\n{self.screen}")


def playing(level: str, pace: str = "turn", speed: float = 16.0) -> MiniOSApp:
    records = open_records()
    opener = partial(
        open_session, load(catalog.find(level)), pace=pace, speed=speed, records=records
    )
    return MiniOSApp(session=opener(), opener=opener, records=records, number=1)


def verdict(tmp_path: Path, level: str) -> str:
    (file,) = (tmp_path / "data" / "runs").glob(f"{level}-*.jsonl")
    found = verify(read(file), load(catalog.find(level)))
    assert found.ok, found.text
    return found.text


async def test_first_light_is_won_by_reading_before_running(tmp_path):
    app = playing("first-light")
    async with app.run_test(size=(80, 24)) as pilot:
        player = Player(app, pilot)
        await player.sees("The station is cold.")
        await player.press("enter")
        await player.enter("cat wake wake.old")
        await player.sees("heater.amps")
        await player.enter("case $(cat wake) in *heater*) ./wake ;; *) ./wake.old ;; esac")
        await player.sees("First Light: solved")
        assert "★ ★" in player.screen
        progress = open_records().progress()["first-light"]
        assert progress.won
        await player.press("s")
        await player.sees("You are root now.")
        await player.enter("id -un")
        await player.sees("root")
    verdict(tmp_path, "first-light")


async def test_hydra_is_won_in_live_pace_and_the_run_verifies(tmp_path):
    app = playing("hydra", "live")
    async with app.run_test(size=(140, 45)) as pilot:
        player = Player(app, pilot)
        await player.sees("It has four heads")
        await player.press("enter")
        await player.enter("pkill -STOP cellar; pkill -9 'hydra|cellar'")
        await player.sees("Hydra: solved")
        assert "nothing harmed" in player.screen
    verdict(tmp_path, "hydra")


async def test_the_process_pane_can_win_a_level_too(tmp_path):
    app = playing("two-drones")
    async with app.run_test(size=(140, 45)) as pilot:
        player = Player(app, pilot)
        await player.sees("Two processes are called")
        await player.press("enter", "ctrl+c", "f4")
        await player.sees("$")
        for _ in range(200):
            drones = [p for p in player.game.view.processes if p.comm == "drone" and p.cpu > 200]
            if drones:
                break
            await pilot.pause(0.02)
        await player.press("f7", "home")
        for _ in range(20):
            if player.game.processes.selected == drones[0].pid:
                break
            await player.press("down")
        await player.press("enter", "1")
        await player.sees("Two Drones: solved")
    verdict(tmp_path, "two-drones")


async def test_a_loss_names_the_line_and_rewinding_wins_after_all(tmp_path):
    app = playing("first-light")
    async with app.run_test(size=(140, 45)) as pilot:
        player = Player(app, pilot)
        await player.press("enter")
        await player.enter("./wake_final")
        await player.sees("First Light: lost")
        assert "$ ./wake_final" in player.screen
        await player.press("b")
        await player.sees("Back before that line:")
        await player.enter("case $(cat wake) in *heater*) ./wake ;; *) ./wake.old ;; esac")
        await player.sees("First Light: solved")


@pytest.mark.parametrize(
    "line",
    [
        "while true; do :; done",
        "while true; do echo flood; done",
        "f() { f | f & }; f",
        "x=x; while :; do x=$x$x; done",
        "printf '\\303'; sleep 1; printf '\\050\\377\\n'; cat",
        "printf '\\033]52;c;eA==\\007\\033[?1049h\\033[99;99H'; cat",
    ],
)
async def test_ctrl_c_gives_the_prompt_back_and_nothing_freezes(line, tmp_path):
    app = playing("first-light", "live", 4.0)
    async with app.run_test(size=(80, 24)) as pilot:
        player = Player(app, pilot)
        await player.press("enter")
        await player.sees("$ ")
        await player.enter(line)
        await pilot.pause(0.4)
        for _ in range(20):  # what a fork bomb leaves behind scrolls an answer away at first;
            # built-ins only, for a shell that holds all memory cannot fork
            await player.press("ctrl+c")
            await pilot.pause(0.1)
            await player.enter("printf '\\033[?1049l\\033[H\\033[2J'; echo st''ill here")
            await pilot.pause(0.5)
            if "still here" in player.screen:
                break
        await player.sees("still here", 1)
        assert app.crash is None
        assert app.clipboard == ""

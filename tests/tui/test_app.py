"""Which screen comes when: the menu, the first launch, a run cut short, an error."""

import asyncio

import pytest
from fake import FakeSession, level
from textual.pilot import Pilot

from minios.game import catalog
from minios.game.catalog import Campaign, Card, Chapter
from minios.runs.records import LevelProgress, open_records
from minios.tui import app as app_module
from minios.tui.app import MiniOSApp
from minios.tui.screens.game import GameScreen
from minios.tui.screens.menu import MenuScreen, Shelf, Unfinished

SECOND = 1_000_000_000


def card(number: int, name: str, chapter: str = "one") -> Card:
    return Card(
        name, name.title(), chapter, 2, number, f"/{name}", ("ps",), 30 * SECOND, 40, 2, "Fix."
    )


CARDS = (card(1, "alpha"), card(2, "beta"), card(3, "gamma", "two"), card(4, "delta", "two"))


@pytest.fixture(autouse=True)
def _campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    chapters = (Chapter("one", "One", ("alpha", "beta")), Chapter("two", "Two", ("gamma", "delta")))
    monkeypatch.setattr(catalog, "cards", lambda: CARDS)
    monkeypatch.setattr(catalog, "campaign", lambda: Campaign(chapters, 1))
    monkeypatch.setattr(catalog, "locks", lambda won: {"delta": "Win Gamma first."})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The levels that were opened; each is a fake."""
    found: list[str] = []

    def open_(path: object, records: object) -> FakeSession:
        name = str(path).strip("/")
        if name == "beta":
            raise ValueError("beta.yaml:3:1: goals: nothing\nto do")
        found.append(name)
        return FakeSession(level(id=name, title=name.title(), briefing=""), title=name.title())

    monkeypatch.setattr(app_module, "_open", open_)
    return found


class Records:
    """Progress in memory."""

    notice = ""

    def __init__(self, first: bool = False, **progress: LevelProgress) -> None:
        self.first_launch = first
        self._progress = progress

    def launched(self) -> None:
        self.first_launch = False

    def progress(self) -> dict[str, LevelProgress]:
        return self._progress


def lines(app: MiniOSApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


def text(app: MiniOSApp) -> str:
    return "\n".join(lines(app))


async def until(pilot: Pilot[None], kind: type) -> None:
    for _ in range(500):
        await pilot.pause(0.02)
        if isinstance(pilot.app.screen, kind):
            return
    raise AssertionError(f"no {kind.__name__} came")


async def sees(pilot: Pilot[None], words: str) -> None:
    for _ in range(500):
        if words in text(pilot.app):
            return
        await pilot.pause(0.02)
    raise AssertionError(f"{words!r} did not come")


def row(app: MiniOSApp, word: str) -> str:
    return next(line for line in lines(app) if word in line)


async def test_the_menu_shows_stars_best_times_and_why_a_level_is_locked():
    won = LevelProgress(True, 2, False, 3, 12_480_000_000, 31)
    app = MiniOSApp(records=Records(alpha=won, beta=LevelProgress(attempts=1)))
    async with app.run_test(size=(100, 30)) as pilot:
        assert "★★☆  00:12.480" in row(app, "01 Alpha")
        assert "2/6 ★" in row(app, "ONE")
        assert "tried" in row(app, "▸ 02 Beta")
        assert "new" in row(app, "03 Gamma")
        assert "locked" in row(app, "04 Delta")
        await pilot.press("up")
        assert "00:12.480, 31 keys" in text(app)
        await pilot.press("end")
        assert "Win Gamma first." in text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "Delta is locked. Win Gamma first." in text(app)
        assert isinstance(app.screen, MenuScreen)


@pytest.mark.parametrize("size", [(40, 10), (60, 20), (80, 24), (140, 45), (20, 5), (1, 1)])
async def test_the_menu_fits_any_window(size):
    app = MiniOSApp(records=Records())
    async with app.run_test(size=size) as pilot:
        app._menu.page.unfinished = Unfinished("Alpha", SECOND, 3)
        await pilot.press("down", "down", "down", "up")
        assert [len(line) for line in lines(app)] == [size[0]] * size[1]


async def test_enter_plays_and_leaving_comes_back(opened):
    app = MiniOSApp(records=Records())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("enter")
        await until(pilot, GameScreen)
        assert opened == ["alpha"]
        await pilot.press("f10", "l")
        await until(pilot, MenuScreen)
        assert "▸ 01 Alpha" in text(app)


async def test_a_click_chooses_and_a_second_one_plays(opened):
    app = MiniOSApp(records=Records())
    async with app.run_test(size=(100, 30)) as pilot:
        y = next(y for y, line in enumerate(lines(app)) if "03 Gamma" in line)
        await pilot.click(offset=(8, y))
        assert "▸ 03 Gamma" in text(app)
        await pilot.click(offset=(8, y))
        await until(pilot, GameScreen)
        assert opened == ["gamma"]


async def test_the_next_level_follows_a_win(opened):
    from fake import result

    app = MiniOSApp(records=Records())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("down", "down", "enter")
        await until(pilot, GameScreen)
        app.screen.session.change(result=result(), held="over")
        app.screen._tick()
        await pilot.pause()
        await pilot.press("enter")
        for _ in range(500):
            await pilot.pause(0.02)
            if opened == ["gamma", "delta"]:
                break
        assert opened == ["gamma", "delta"]


async def test_a_level_that_cannot_be_read_is_one_line_in_the_menu(opened):
    app = MiniOSApp(records=Records())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("down", "enter")
        await sees(pilot, "It cannot be played: beta.yaml:3:1: goals: nothing to do")
        assert app.return_code is None


async def test_the_first_launch_goes_into_the_first_level_and_moves_for_a_moment(
    opened, monkeypatch
):
    monkeypatch.setattr("minios.tui.screens.game.INTRO", 0.1)
    records = Records(first=True)
    app = MiniOSApp(records=records)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, GameScreen)
        assert opened == ["alpha"]
        assert not records.first_launch
        assert app.screen.session.asked[0] == ("pace", "live")
        for _ in range(500):
            await pilot.pause(0.02)
            if app.screen.session.asked[-1] == ("pace", "turn"):
                break
        assert app.screen.session.asked[-1] == ("pace", "turn")


async def test_the_second_launch_opens_the_menu():
    open_records().launched()
    app = MiniOSApp()
    async with app.run_test(size=(80, 24)):
        assert isinstance(app.screen, MenuScreen)


async def test_a_run_cut_short_is_offered_and_resumed(opened, monkeypatch):
    class Run:
        end = 31 * SECOND
        inputs = ()

        class header:
            level = "gamma"

    resumed = []
    monkeypatch.setattr("minios.runs.recording.pending", lambda: None if resumed else Run())
    monkeypatch.setattr(
        app_module, "_resume", lambda run, records: resumed.append(run) or FakeSession()
    )
    app = MiniOSApp(records=Records())
    async with app.run_test(size=(100, 30)) as pilot:
        await sees(pilot, "Gamma was cut off at 00:31.000, 0 keys in.")
        await pilot.press("c")
        await until(pilot, GameScreen)
        assert len(resumed) == 1


async def test_quitting_from_the_menu(opened):
    app = MiniOSApp(records=Records())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f10")
    assert app.return_code == 0


async def test_ctrl_q_and_ctrl_c_do_not_leave_a_game(opened):
    app = MiniOSApp(records=Records())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(pilot, GameScreen)
        await pilot.press("ctrl+q", "ctrl+c", "ctrl+p")
        assert app.screen.session.keys == [b"\x11", b"\x03", b"\x10"]
        assert isinstance(app.screen, GameScreen)


def test_an_error_of_the_screen_ends_in_one_line(monkeypatch, capsys):
    app = MiniOSApp(records=Records())
    monkeypatch.setattr(Shelf, "first", lambda self: 1 // 0)
    monkeypatch.setattr(app, "run", lambda: asyncio.run(app.run_async(headless=True)))
    assert app_module._run(app) == 1
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert said.err.startswith("minios: the screen met an error of its own: ZeroDivisionError")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("environ", "few"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm", "COLORTERM": ""}, True),
        ({"TERM": "linux", "COLORTERM": ""}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True),
    ],
)
async def test_terminals_with_few_colours_get_their_own(environ, few, monkeypatch):
    monkeypatch.delenv("COLORTERM")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    app = MiniOSApp(records=Records())
    async with app.run_test(size=(80, 24)):
        assert app.native_ansi_color is few
        assert "01 Alpha" in text(app)

"""The application: which screen comes after which, and that nothing ends in a traceback."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App
from textual.binding import BindingType

from minios.tui import theme

Opener = Callable[[], "Session"]

if TYPE_CHECKING:
    from pathlib import Path

    from minios.game.catalog import Card
    from minios.game.spec import Level
    from minios.runs.records import Records
    from minios.runs.runfile import RunFile
    from minios.tui.ports import Session
    from minios.tui.screens.menu import MenuPage, MenuScreen, Shelf


class MiniOSApp(App[None], inherit_bindings=False):
    """Starts with the menu, or with ``session``, which ``opener`` opens again if it breaks."""

    TITLE = "MiniOS"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        *,
        session: Session | None = None,
        opener: Opener | None = None,
        number: int = 0,
        records: Records | None = None,
    ) -> None:
        super().__init__(ansi_color=_few_colours() or None)
        self.register_theme(theme.THEME)
        self.theme = "ansi-dark" if self.ansi_color else theme.THEME.name
        self.crash: Exception | None = None
        self._first = session
        self._opener = opener
        self._number = number
        self._records = records
        self._menu: MenuScreen | None = None
        self._run: RunFile | None = None
        self._playing = ""

    # Screens

    def on_mount(self) -> None:
        if self._first is not None:
            self._show_game(self._first, self._number)
            return
        records = self.records
        if records.first_launch:
            from minios.game import catalog

            records.launched()
            cards = catalog.cards()
            if cards:
                self._play_card(cards[0], "intro")
                return
        self._show_menu()

    @property
    def records(self) -> Records:
        if self._records is None:
            from minios.runs.records import open_records

            self._records = open_records()
        return self._records

    def _shelf(self, notice: str = "") -> Shelf:
        from minios.game import catalog
        from minios.tui.screens.menu import Shelf

        progress = self.records.progress()
        won = {level for level, done in progress.items() if done.won}
        return Shelf(
            catalog.cards(),
            catalog.campaign().chapters,
            progress,
            catalog.locks(won),
            notice or self.records.notice,
        )

    def _show_menu(self, notice: str = "") -> None:
        from minios.tui.screens.menu import MenuScreen

        shelf = self._shelf(notice)
        if self._menu is None:
            self._menu = MenuScreen(shelf)
            self.push_screen(self._menu)
        else:
            page = self._menu.page
            page.busy = ""
            if self._playing:
                ids = [card.id for card in shelf.cards]
                page.at = ids.index(self._playing) if self._playing in ids else page.at
            page.show(shelf)
        self.call_after_refresh(self._look_for_unfinished)

    def _look_for_unfinished(self) -> None:
        """A run that a crash cut short is offered, once the menu is on the screen."""
        from minios.game import catalog
        from minios.runs.recording import pending
        from minios.tui.screens.menu import Unfinished

        if self._menu is None:
            return
        self._run = pending()
        page = self._menu.page
        if self._run is None:
            page.unfinished = None
        else:
            run = self._run
            titles = {card.id: card.title for card in catalog.cards()}
            keys = sum(entry.op == "key" for entry in run.inputs)
            page.unfinished = Unfinished(
                titles.get(run.header.level, run.header.level), run.end, keys
            )
        page.redraw()

    # Playing

    def on_menu_page_play(self, event: MenuPage.Play) -> None:
        self._play_card(event.card)

    def _play_card(self, card: Card, opening: str = "briefing") -> None:
        self._opener = partial(_open, card.path, self.records)
        self._start(f"Opening {card.title} …", card.number, opening)

    @work(exclusive=True, group="open")
    async def _start(self, what: str, number: int, opening: str) -> None:
        """Open a play beside the loop, then show it; what is wrong with it is one line."""
        if self._opener is None:
            return
        if self._menu is not None:
            self._menu.page.unfinished = None
            self._menu.page.busy = what
            self._menu.page.redraw()
        try:
            session = await asyncio.to_thread(self._opener)
        except Exception as error:
            self._show_menu(f"It cannot be played: {_line(error)}")
            return
        self._show_game(session, number, opening)

    def _show_game(self, session: Session, number: int, opening: str = "briefing") -> None:
        from minios.tui.screens.game import GameScreen

        self._playing, self._number = session.level.id, number
        self.push_screen(GameScreen(session, number=number, opening=opening), self._game_left)

    def _game_left(self, result: str | None) -> None:
        if result == "quit":
            self.exit()
            return
        from minios.game import catalog

        cards = catalog.cards()
        at = next((i for i, card in enumerate(cards) if card.id == self._playing), -1)
        if result == "again":
            self._start("Opening it again …", self._number, "resumed")
        elif result == "next" and 0 <= at < len(cards) - 1:
            self._play_card(cards[at + 1])
        else:
            self._show_menu()

    def action_resume_run(self) -> None:
        if self._run is not None:
            run, self._run = self._run, None
            self._opener = partial(_resume, run, self.records)
            what = "Playing it again up to where it was cut off …"
            self._start(what, _number(run.header.level), "resumed")

    def action_forget_run(self) -> None:
        if self._run is not None:
            from minios.runs.recording import discard

            discard(self._run)
            self._look_for_unfinished()

    def action_about(self) -> None:
        from minios.tui.screens import sheets

        self.push_screen(sheets.keys())

    # The end

    def _handle_exception(self, error: Exception) -> None:
        """An error of the interface: leave the screen as it was found and say it in one line."""
        if os.environ.get("MINIOS_DEBUG"):
            super()._handle_exception(error)
            return
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self.crash = self.crash or error
        self._return_code = 1
        self._close_messages_no_wait()


def _few_colours() -> bool:
    """Whether the terminal has but its own sixteen colours, or the player wants none."""
    if os.environ.get("NO_COLOR"):
        return True
    from rich.console import Console

    system = Console(force_terminal=True).color_system
    return system not in ("256", "truecolor")


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _number(level: str) -> int:
    from minios.game import catalog

    return next((card.number for card in catalog.cards() if card.id == level), 0)


def _open(path: str | Path, records: Records) -> Session:
    from minios.game.loader import load
    from minios.runs.career import open_session

    return open_session(load(path), records=records)


def _resume(run: RunFile, records: Records) -> Session:
    from minios.game import catalog
    from minios.game.loader import load
    from minios.runs.career import resume_session

    try:
        return resume_session(run, load(catalog.find(run.header.level)), records=records)
    except Exception:
        from minios.runs.recording import discard

        discard(run)  # else it would be offered for ever
        raise


def _run(app: MiniOSApp) -> int:
    """Run the application; its exit status."""
    app.run()
    if app.crash is not None:
        print(
            f"minios: the screen met an error of its own: {type(app.crash).__name__}: "
            f"{_line(app.crash)} (progress is saved; MINIOS_DEBUG=1 tells more)",
            file=sys.stderr,
        )
        return 1
    return app.return_code or 0


def run_menu() -> int:
    """The game from its menu; the very first time, from its first level."""
    return _run(MiniOSApp())


def run_level(
    level: Level,
    *,
    seed: int | None = None,
    pace: str | None = None,
    speed: float = 1.0,
    category: str | None = None,
) -> int:
    """One level, and whatever the player goes on to."""
    from minios.runs.career import open_session
    from minios.runs.records import open_records

    records = open_records()
    opener = partial(
        open_session, level, seed=seed, pace=pace, speed=speed, category=category, records=records
    )
    app = MiniOSApp(session=opener(), opener=opener, number=_number(level.id), records=records)
    return _run(app)

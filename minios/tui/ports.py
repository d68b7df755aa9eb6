"""What the screens need of a play: the session of `minios.game.session`, or a test's own."""

from collections.abc import Callable
from typing import Any, Protocol

from minios.game.spec import Level
from minios.game.view import PlayView


class Session(Protocol):
    """The player's side of one play. Everything but `run` returns at once."""

    @property
    def level(self) -> Level:
        """The level, its words resolved for this play."""

    @property
    def now(self) -> int:
        """Virtual time, cheaper than a whole view."""

    generation: int
    """Grows when the terminal begins anew: restart, rewind."""
    notice: str
    """One line for the status bar, or empty."""
    hints: tuple[str, ...]
    """The hints already given."""
    on_output: Callable[[], None] | None
    """Called in the loop when `take_output` has something new."""

    async def run(self) -> None: ...

    def key(self, data: bytes) -> None: ...

    def paste(self, data: bytes, bracketed: bool = False) -> None: ...

    def resize(self, rows: int, cols: int) -> None: ...

    def act(self, op: str, **data: Any) -> None: ...

    def take_output(self) -> bytes: ...

    def view(self) -> PlayView: ...

    def set_pace(self, pace: str) -> None: ...

    def set_speed(self, speed: float) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def overlay(self, open: bool) -> None: ...

    def restart(self, seed: int | None = None) -> None: ...

    def rewind(self) -> None: ...

    def hint(self) -> str | None: ...

    def stay_as_root(self) -> None: ...

    def close(self) -> None: ...

"""What the screens need of a play: the session of `minios.game.session`, or a test's own."""

from collections.abc import Callable
from typing import Any, Protocol

from minios.game.net.view import LensView, NetDetailView, NetView
from minios.game.spec import Level
from minios.game.view import HeapView, InspectView, MemoryView, PlayView, WalkView

NetLook = tuple[NetView, NetDetailView | None, LensView | None]


class Sight(Protocol):
    """What some panes ask for only while they are shown (`minios.game.inspect`)."""

    def why(self, pid: int | None = None) -> tuple[tuple[int, str], ...]: ...

    def memory(self) -> MemoryView | None: ...

    def walk(self, pid: int, page: int) -> WalkView | None: ...

    def heap(self, pid: int) -> HeapView | None: ...

    def inspect(self, pid: int) -> InspectView | None: ...

    def follow(self, pid: int | None) -> None: ...

    def network(self, subject: str = "", packet: int = 0) -> NetLook | None: ...

    def network_away(self) -> None: ...


class Session(Protocol):
    """The player's side of one play. Everything but `run` returns at once."""

    @property
    def level(self) -> Level:
        """The level, its words resolved for this play."""

    @property
    def now(self) -> int:
        """Virtual time, cheaper than a whole view."""

    @property
    def sight(self) -> Sight:
        """A closer look at the player's machine; another one after a restart."""

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

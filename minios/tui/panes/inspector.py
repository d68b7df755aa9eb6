"""The process inspector: everything that may be seen of one process, a page a subject."""

from collections.abc import Callable

from minios.game.view import InspectView
from minios.tui.canvas import Row
from minios.tui.text import clip, clock, pad, plain, wrap
from minios.tui.theme import Palette

PAGES = ("why", "files", "map", "environment", "signals", "calls")
"""The subjects, in the order of the left and right keys."""


class Inspector:
    """Draws an :class:`InspectView`. ``page`` is the subject, ``top`` the first row shown."""

    def __init__(self) -> None:
        self.page = 0
        self.top = 0

    def turn(self, step: int) -> None:
        """The next subject, or the one before."""
        self.page = (self.page + step) % len(PAGES)
        self.top = 0

    def scroll(self, step: int) -> None:
        self.top = max(self.top + step, 0)

    def rows(self, view: InspectView, ink: Palette, width: int, height: int) -> list[Row]:
        body = self._body(view, ink, width)
        self.top = max(min(self.top, len(body) - (height - 1)), 0)
        if PAGES[self.page] == "calls" and self.top == 0:
            body = body[-(height - 1) :]  # the newest call is what one wants to see
        else:
            body = body[self.top :]
        return [self._tabs(ink), *body[: height - 1]]

    def _tabs(self, ink: Palette) -> Row:
        return tuple(
            (f" {name} ", ink.chosen_idle if index == self.page else ink.dim)
            for index, name in enumerate(PAGES)
        )

    def _body(self, view: InspectView, ink: Palette, width: int) -> list[Row]:
        name = PAGES[self.page]
        denied = dict(view.denied).get(name)
        if denied:
            return [((f" {plain(denied)}", ink.warn),)]
        draw: dict[str, Callable[[InspectView, Palette, int], list[Row]]] = {
            "why": _why, "files": _files, "map": _areas, "environment": _environ,
            "signals": _signals, "calls": _calls,
        }  # fmt: skip
        return draw[name](view, ink, width) or [((" nothing", ink.dim),)]


def indented(depth: int, reason: str, ink: Palette, width: int) -> list[Row]:
    """A sentence of an answer, below the one it explains."""
    lead = "  " * depth + ("└ " if depth else "")
    first, *more = wrap(plain(reason), width - 2 - len(lead)) or [""]
    rows: list[Row] = [((f" {lead}", ink.faint), (first, ink.text))]
    return rows + [((" " * (len(lead) + 1), ink.faint), (line, ink.text)) for line in more]


def _why(view: InspectView, ink: Palette, width: int) -> list[Row]:
    rows: list[Row] = []
    for depth, reason in view.why:
        rows += indented(depth, reason, ink, width)
    if rows:
        rows.append(())
    label = max((len(name) for name, _ in view.facts), default=0)
    rows += [
        ((f" {pad(name, label)}  ", ink.dim), (clip(plain(value), width - label - 4), ink.text))
        for name, value in view.facts
    ]
    return rows


def _files(view: InspectView, ink: Palette, width: int) -> list[Row]:
    return [
        ((f" {fd:>3} ", ink.accent), (pad(flags, 3), ink.dim), (plain(target), ink.text))
        for fd, flags, target in view.files
    ]


def _areas(view: InspectView, ink: Palette, width: int) -> list[Row]:
    return [
        (
            (f" {addresses} ", ink.dim), (f"{permissions} ", ink.accent),
            (f"{resident:>6} kB ", ink.text), (plain(name), ink.text),
        )
        for addresses, permissions, resident, name in view.areas
    ]  # fmt: skip


def _environ(view: InspectView, ink: Palette, width: int) -> list[Row]:
    rows: list[Row] = []
    for entry in view.environ:
        name, _, value = plain(entry).partition("=")
        rows.append(((f" {name}", ink.accent), ("=", ink.dim), (value, ink.text)))
    return rows


def _signals(view: InspectView, ink: Palette, width: int) -> list[Row]:
    return [
        (
            (f" {pad(name, 10)}", ink.accent), (pad(outcome, 10), ink.text),
            ("pending" if pending else "", ink.warn),
        )
        for name, outcome, pending in view.signals
    ]  # fmt: skip


def _calls(view: InspectView, ink: Palette, width: int) -> list[Row]:
    return [
        ((f" {clock(call.time)} ", ink.faint), (plain(call.text), ink.text)) for call in view.calls
    ]

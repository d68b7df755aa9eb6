"""The base of everything drawn here: rows of styled text, of which only the changed are painted.

Text becomes segments, never markup: there is no string in which ``[`` means anything.
"""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from minios.tui import theme
from minios.tui.text import clip

Span = tuple[str, Style]
Row = tuple[Span, ...]

BLANK: Row = ()


class Canvas(Widget):
    """A widget that says what its rows are (`rows`) and is told when they may differ (`redraw`)."""

    DEFAULT_CSS = """
    Canvas { height: auto; width: auto; background: transparent; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._drawn_size = Size(0, 0)
        self._backdrop: Style | None = None
        self._ink: theme.Palette | None = None

    @property
    def ink(self) -> theme.Palette:
        """The palette that fits the player's terminal."""
        if self._ink is None:
            self._ink = theme.ANSI if self.app.native_ansi_color else theme.TRUE
        return self._ink

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """The rows from the top; those missing are blank, those over are not shown."""
        raise NotImplementedError

    @property
    def backdrop(self) -> Style:
        """The style below every span: the widget's background."""
        if self._backdrop is None:
            self._backdrop = Style(bgcolor=self.background_colors[1].rich_color)
        return self._backdrop

    def redraw(self) -> None:
        """Ask `rows` again and repaint those that differ."""
        if not self.is_attached:
            return
        size = self.size
        rows = list(self.rows(size.width, size.height))[: size.height] if size else []
        rows += [BLANK] * (size.height - len(rows))
        old, self._rows = self._rows, rows
        if size != self._drawn_size or len(old) != len(rows):
            self._drawn_size = size
            self.refresh()
            return
        changed = [y for y, row in enumerate(rows) if row != old[y]]
        if changed:
            self.refresh(*(Region(0, y, size.width, 1) for y in changed))

    def on_resize(self) -> None:
        self.redraw()

    def on_mount(self) -> None:
        self.redraw()

    def render_line(self, y: int) -> Strip:
        if self.size != self._drawn_size:
            self.redraw()
        row = self._rows[y] if y < len(self._rows) else BLANK
        return strip(row, self.size.width, self.backdrop)


def strip(row: Row, width: int, base: Style) -> Strip:
    """``row`` on the style ``base``, in exactly ``width`` cells."""
    segments = []
    used = 0
    for text, style in row:
        cells = cell_len(text)
        if used + cells > width:
            text = clip(text, width - used)
            cells = cell_len(text)
        if text:
            segments.append(Segment(text, base + style))
        used += cells
        if used >= width:
            break
    if used < width:
        segments.append(Segment(" " * (width - used), base))
        used = width
    return Strip(segments, used)


def cells(row: Iterable[Span]) -> int:
    """How wide a row is."""
    return sum(cell_len(text) for text, _ in row)


def spread(left: Row, right: Row, width: int, fill: Style) -> Row:
    """``left`` at the left and ``right`` at the right end of ``width`` cells."""
    gap = width - cells(left) - cells(right)
    if gap < 1:
        return left
    return (*left, (" " * gap, fill), *right)


def on(row: Row, style: Style, width: int) -> Row:
    """``row`` on the background of ``style``, all ``width`` cells of it.

    Where the palette has no backgrounds, ``style`` takes the place of the row's own colours.
    """
    used = cells(row)
    rest = ((" " * (width - used), style),) if used < width else ()
    if style.bgcolor is None:
        return (*((text, style) for text, _ in row), *rest)
    return (*((text, own + Style(bgcolor=style.bgcolor)) for text, own in row), *rest)

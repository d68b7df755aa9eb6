"""Bytes in, screen out; a flood costs no more than its end."""

import codecs

from minios.tui.terminal.cells import Row
from minios.tui.terminal.parser import Parser
from minios.tui.terminal.screen import HISTORY, Screen

FLOOD = 16 * 1024
"""Characters a frame may bring before what would scroll by unseen is not drawn."""


class Emulator:
    """One tty's output as a `Screen`. Never writes anything back."""

    def __init__(self, columns: int, rows: int, history: int = HISTORY) -> None:
        self.screen = Screen(columns, rows, history)
        self._parser = Parser()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> None:
        """The output of one frame."""
        text = self._decoder.decode(data)
        seen = max(FLOOD // 2, 2 * self.screen.columns * self.screen.rows)
        if len(text) > max(FLOOD, 2 * seen) and not self.screen.alternate:
            cut = text.rfind("\n", 0, len(text) - seen) + 1 or len(text) - seen
            skim = _Skim(self.screen)
            self._parser.feed(text[:cut], skim)
            skim.close()
            text = text[cut:]
        self._parser.feed(text, self.screen)

    def reset(self) -> None:
        """A new tty: nothing of the old is left, history included."""
        self._parser = Parser()
        self._decoder.reset()
        self.screen.history.clear()
        self.screen.scrolled = 0
        self.screen.reset()


class _Skim:
    """A sink for what nobody would see: lines go to history, modes and looks to the screen.

    Only for the main screen: nothing an application draws on the alternate one can be left out.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        for row in screen.grid[: screen.y]:
            screen.remember(row)
        self._line = ["".join(screen.grid[screen.y].chars[: screen.x])]
        screen.grid[:] = [Row(screen.columns) for _ in range(screen.rows)]
        screen.x = screen.y = 0
        screen.all_dirty()

    def text(self, data: str) -> None:
        if self._screen.alternate:
            self._screen.text(data)
        else:
            self._line.append(data)

    def control(self, char: str) -> None:
        if self._screen.alternate:
            self._screen.control(char)
        elif char == "\n":
            self._flush()

    def escape(self, intermediates: str, final: str) -> None:
        self._screen.escape(intermediates, final)

    def csi(self, params: str, intermediates: str, final: str) -> None:
        if self._screen.alternate or final in "hlmr":
            self._screen.csi(params, intermediates, final)

    def _flush(self) -> None:
        text = "".join(self._line)
        self._line.clear()
        self._remember(text, len(text) or 1)

    def _remember(self, text: str, end: int) -> None:
        """``text`` up to ``end`` goes into history, a screen's width a row."""
        history, columns = self._screen.history, self._screen.columns
        start = max(0, end - (history.maxlen or HISTORY) * columns) // columns * columns
        for at in range(start, end, columns):
            row = Row.of(text[at : at + columns])
            row.wrapped = at + columns < len(text)
            self._screen.remember(row)

    def close(self) -> None:
        """What began a line is drawn, so that the rest can follow it."""
        text, columns = "".join(self._line), self._screen.columns
        if self._screen.alternate or not text:
            return
        cut = max(0, len(text) // columns - self._screen.rows) * columns
        self._remember(text, cut)
        self._screen.x = 0
        self._screen.text(text[cut:])

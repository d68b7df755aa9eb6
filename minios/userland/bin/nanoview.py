"""What nano shows, and the questions it asks on the line below the text."""

from minios.userland.bin.nanohelp import MENUS, Menu
from minios.userland.lib.editbuffer import Buffer, char_width, shown
from minios.userland.lib.program import Tool
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.screen import BOLD, END, NORMAL, REVERSE, Screen
from minios.userland.lib.utf8 import cells, clip, decode, encode

MESSAGE_KEYS = 20
"""How many keys a message stays for."""


class Cancelled(Exception):
    """The question was not answered."""


class View:
    """A file on the screen: its text, the line that talks and the two lines of keys."""

    def __init__(self, tool: Tool, screen: Screen, name: bytes) -> None:
        self.tool = tool
        self.screen = screen
        self.name = name
        self.buffer = Buffer()
        self.top = 0
        self.message = ""
        self.fading = 0
        self.menu: Menu = MENUS["main"]
        self.view_only = False
        self.indent = False
        self.numbers = False
        self.backup = False
        self.cut: list[str] = []
        self.cutting = False
        """Whether the last key cut a line, so that the next one adds to it."""
        self.sought = ""
        self.replacement = ""
        self.backwards = False
        self.pasting = False
        self.question: tuple[str, int] | None = None
        """What the status line asks, and where its cursor stands."""

    # -- painting ------------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """Rows for the text."""
        return max(self.screen.rows - 4, 1) if self.screen.rows > 4 else 1

    @property
    def margin(self) -> int:
        return len(str(len(self.buffer.lines))) + 1 if self.numbers else 0

    def _title(self) -> bytes:
        cols = self.screen.cols
        left = "  nano 7.2"
        middle = clean(self.name) if self.name else "New Buffer"
        if self.buffer.modified:
            middle += " *"
        elif self.view_only:
            middle += " (view)"
        room = cols - len(left) - 2
        while cells(middle) > room > 3:
            middle = "..." + middle[4:]
        pad = max((cols - cells(middle)) // 2 - len(left), 2)
        line = clip(left + " " * pad + middle, cols)
        return REVERSE + encode(line) + b" " * (cols - cells(line)) + NORMAL

    def _row(self, number: int) -> bytes:
        """A line of the text; the cursor's own is scrolled sideways so that it can be seen."""
        room = max(self.screen.cols - self.margin, 4)
        text = self.buffer.lines[number]
        start = 0
        if number == self.buffer.line:
            start = self._shift(self.buffer.cell(number, self.buffer.column), room)
        out: list[str] = []
        at = used = 0
        cut = False
        for char in text:
            size = char_width(char, at)
            if at >= start:
                if used + size > room:
                    cut = True
                    break
                out.append(shown(char, at))
                used += size
            elif at + size > start:
                out.append(" " * (at + size - start))
                used += at + size - start
            at += size
        line = encode("".join(out))
        if start and out:
            line = REVERSE + b"<" + NORMAL + encode("".join(out)[1:])
        if cut:
            line = encode(clip(decode(line) if not start else "".join(out), room - 1))
            if start:
                line = REVERSE + b"<" + NORMAL + line[1:]
            line += REVERSE + b">" + NORMAL
        if self.numbers:
            mark = f"{number + 1:>{self.margin - 1}} "
            if number == len(self.buffer.lines) - 1 and not text:
                mark = " " * self.margin
            line = BOLD + mark.encode() + NORMAL + line
        return line

    @staticmethod
    def _shift(cell: int, room: int) -> int:
        """The first cell shown of a line whose cursor stands at ``cell``."""
        if cell + 2 > room and room > 9:
            return cell - 6 - (cell - 6) % (room - 8)
        return 0

    def _help_lines(self) -> list[bytes]:
        """The two lines of keys, in as many columns as fit."""
        cols = self.screen.cols
        columns = len(self.menu.keys[0])
        size = max(cols // columns, 11) if columns * 11 <= cols else cols // max(cols // 11, 1)
        lines = []
        for row in self.menu.keys:
            line = b""
            used = 0
            for key, text in row:
                if used + size > cols:
                    break
                label = clip(f" {text}" if key else "", size - len(key))
                padding = b" " * (size - len(key) - cells(label))
                line += REVERSE + key.encode() + NORMAL + label.encode() + padding
                used += size
            lines.append(line)
        return lines

    def _status(self) -> bytes:
        cols = self.screen.cols
        if self.question is not None:
            text = clip(self.question[0], cols)
            return REVERSE + encode(text) + b" " * (cols - cells(text)) + NORMAL
        if not self.message:
            return b""
        text = f"[ {self.message} ]"
        text = text if cells(text) <= cols else clip(self.message, cols)
        return b" " * ((cols - cells(text)) // 2) + REVERSE + encode(text) + NORMAL

    async def paint(self) -> None:
        """Show everything, and the cursor where it is."""
        buffer = self.buffer
        self._keep_in_view()
        rows = [self._title()]
        for number in range(self.top, self.top + self.height):
            rows.append(self._row(number) if number < len(buffer.lines) else b"")
        rows.append(self._status())
        if self.screen.rows > 4:
            rows += self._help_lines()
        await self.tool.sys.compute(5 + self.height)
        if self.question is not None:
            cursor = (self.screen.rows - 3, min(self.question[1], self.screen.cols - 1))
        else:
            cell = buffer.cell(buffer.line, buffer.column)
            room = max(self.screen.cols - self.margin, 4)
            column = self.margin + cell - self._shift(cell, room)
            cursor = (buffer.line - self.top + 1, min(column, self.screen.cols - 1))
        await self.screen.show(rows, cursor)

    def _keep_in_view(self) -> None:
        line = self.buffer.line
        if line < self.top - 1 or line > self.top + self.height:
            self.top = max(line - self.height // 2, 0)
        elif line < self.top:
            self.top = line
        elif line >= self.top + self.height:
            self.top = line - self.height + 1

    def say(self, text: str) -> None:
        """A message for the status line."""
        self.message = text
        self.fading = MESSAGE_KEYS

    def _age_message(self) -> None:
        """A message goes away after some keys."""
        self.fading -= 1
        if self.fading <= 0:
            self.message = ""

    # -- questions -----------------------------------------------------------------------------

    async def ask(self, prompt: str, answer: str = "", menu: str = "ask") -> str:
        """A line of text; raises Cancelled. Keys of the menu come back as ``\\0KEY``."""
        old, self.menu = self.menu, MENUS[menu]
        at = len(answer)
        while True:
            lead = f"{prompt}: "
            room = max(self.screen.cols - cells(lead) - 2, 4)
            first = max(at - room, 0)
            self.question = (lead + answer[first:], cells(lead + answer[first:at]))
            await self.paint()
            key = await self.screen.key()
            if key in ("ENTER", "^J"):
                break
            if key in ("^C", "ESC", END):
                self._answered(old)
                raise Cancelled
            if key in self.menu.special:
                self._answered(old)
                return "\0" + key
            if key in ("BACKSPACE", "^H"):
                if at:
                    answer, at = answer[: at - 1] + answer[at:], at - 1
            elif key in ("DELETE", "^D"):
                answer = answer[:at] + answer[at + 1 :]
            elif key in ("LEFT", "^B"):
                at = max(at - 1, 0)
            elif key in ("RIGHT", "^F"):
                at = min(at + 1, len(answer))
            elif key in ("HOME", "^A"):
                at = 0
            elif key in ("END", "^E"):
                at = len(answer)
            elif key in ("^K", "^U"):
                answer, at = "", 0
            elif len(key) == 1 and len(answer) < 1024:
                answer, at = answer[:at] + key + answer[at:], at + 1
        self._answered(old)
        return answer

    def _answered(self, menu: Menu) -> None:
        self.question = None
        self.message = ""
        self.menu = menu

    async def confirm(self, prompt: str, menu: str = "yesno") -> str:
        """``y``, ``n`` or ``a``; raises Cancelled."""
        old, self.menu = self.menu, MENUS[menu]
        while True:
            self.question = (prompt, cells(prompt))
            await self.paint()
            key = (await self.screen.key()).lower()
            if key in ("^c", END.lower()):
                self._answered(old)
                raise Cancelled
            if key in ("y", "n", "^y", "^n") or (key == "a" and menu == "yesnoall"):
                self._answered(old)
                return key[-1]

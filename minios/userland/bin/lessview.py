"""What less shows: which rows of the text are on the screen, and the line below them."""

from dataclasses import dataclass, field

from minios.userland.lib.pager import Layout, Source
from minios.userland.lib.program import Tool
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.regex import Regex, RegexError
from minios.userland.lib.screen import (
    BOLD,
    CLEAR_LINE,
    END,
    INTERRUPT,
    NORMAL,
    RESIZE,
    RESUMED,
    REVERSE,
    Screen,
    move,
)
from minios.userland.lib.utf8 import clip, decode, encode

Position = tuple[int, int]
"""A row: the number of its line and which row of the line it is."""


@dataclass(slots=True)
class Settings:
    """Options that may change while the pager runs."""

    quit_at_end: int = 0
    """1 (-e): the second time, 2 (-E): the first."""
    quit_if_one_screen: bool = False
    ignore_case: int = 0
    prompt: str = "s"
    """s, m or M; with ``template`` what -P gave."""
    template: str = ""
    squeeze: bool = False
    tilde: bool = True
    highlight: bool = True
    no_init: bool = False
    window: int = 0
    force: bool = False


@dataclass(slots=True)
class File:
    """A file of the command line, and where one was in it."""

    name: bytes
    top: Position = (0, 0)
    marks: dict[str, Position] = field(default_factory=dict)


PORTION = 64
"""Cycles below which no time is spent yet."""


class View:
    """The text and the window onto it."""

    def __init__(self, tool: Tool, screen: Screen, files: list[File], *, more: bool) -> None:
        self.tool = tool
        self.screen = screen
        self.files = files
        self.more = more
        self.at_file = 0
        self.settings = Settings()
        self.layout = Layout(80)
        self.source: Source
        self.top: Position = (0, 0)
        self.old_top: Position = (0, 0)
        self.regex: Regex | None = None
        self.pattern = b""
        self.backwards = False
        self.inverted = False
        self.filter: Regex | None = None
        self.filter_inverted = False
        self.half = 0
        self.first_prompt = True
        self.end_seen = False
        self.message = b""
        self.history: list[str] = []
        self.pending: list[str] = []
        self.opened = False
        self.short = True
        """Whether the prompt stands somewhere above the last row of the screen."""
        self.dirty = False
        """Whether an option changed what the screen should show."""
        self._owed = 0

    # -- positions -----------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """Rows for text; the last row of the screen is the prompt's."""
        return max(self.screen.rows - 1, 1)

    async def owe(self, cycles: int) -> None:
        """Compute for a line's work; small sums are paid together."""
        self._owed += cycles
        if self._owed >= PORTION:
            owed, self._owed = self._owed, 0
            await self.tool.sys.compute(owed)

    async def _shown(self, line: int) -> bool:
        """Whether a line is shown: filters and squeezing hide some."""
        if self.filter is None and not self.settings.squeeze:
            return True
        text = await self.source.line(line)
        if text is None:
            return False
        if self.settings.squeeze and not text and line:
            before = await self.source.line(line - 1)
            if not before:
                return False
        if self.filter is None:
            return True
        found = self.filter.test(self.layout.cells(text)[1])
        await self.owe(5 + self.filter.spent())
        return found != self.filter_inverted

    async def _count(self, line: int) -> int:
        text = await self.source.line(line)
        if text is None:
            return 0
        await self.owe(2 + len(text) // 32)
        return self.layout.count(text)

    async def next_line(self, line: int) -> int | None:
        line += 1
        while await self.source.has(line):
            if await self._shown(line):
                return line
            line += 1
        return None

    async def previous_line(self, line: int) -> int | None:
        while line > 0:
            line -= 1
            if await self._shown(line):
                return line
        return None

    async def after(self, at: Position) -> Position | None:
        """The next row; None at the end."""
        line, row = at
        if row + 1 < await self._count(line):
            return line, row + 1
        following = await self.next_line(line)
        return None if following is None else (following, 0)

    async def before(self, at: Position) -> Position | None:
        line, row = at
        if row:
            return line, row - 1
        previous = await self.previous_line(line)
        return None if previous is None else (previous, max(await self._count(previous) - 1, 0))

    async def window(self) -> list[Position]:
        """The rows on the screen."""
        found: list[Position] = []
        at: Position | None = self.top
        if not await self.source.has(self.top[0]):
            return []
        if not await self._shown(self.top[0]):
            following = await self.next_line(self.top[0])
            at = None if following is None else (following, 0)
            self.top = at or self.top
        while at is not None and len(found) < self.height:
            found.append(at)
            at = await self.after(at)
        return found

    async def at_end(self) -> bool:
        """Whether the last row of the text is on the screen."""
        rows = await self.window()
        return not rows or await self.after(rows[-1]) is None

    async def last_top(self) -> Position:
        """The top that puts the end of the text at the bottom of the screen."""
        await self.source.load()
        last = self.source.known - 1
        if last < 0:
            return 0, 0
        if not await self._shown(last):
            last = await self.previous_line(last) or 0
        at: Position = (last, max(await self._count(last) - 1, 0))
        for _ in range(self.height - 1):
            previous = await self.before(at)
            if previous is None:
                break
            at = previous
        return at

    # -- painting ------------------------------------------------------------------------------

    async def _render(self, rows: list[Position]) -> list[bytes]:
        lines = []
        cache: tuple[int, list[bytes]] = (-1, [])
        for line, row in rows:
            if cache[0] != line:
                text = await self.source.line(line) or b""
                marks = await self._marks(text)
                cache = (line, self.layout.rows(text, marks, line))
                await self.tool.sys.compute(2 + len(text) // 16)
            lines.append(cache[1][row] if row < len(cache[1]) else b"")
        return lines

    async def _marks(self, text: bytes) -> list[tuple[int, int]]:
        """Where the search pattern stands in a line."""
        if self.regex is None or not self.settings.highlight or self.inverted:
            return []
        plain = self.layout.cells(text)[1]
        marks: list[tuple[int, int]] = []
        at = 0
        try:
            while at <= len(plain) and len(marks) < 512:
                match = self.regex.search(plain, at)
                if match is None:
                    break
                low, high = match.span()
                marks.append((low, high))
                at = max(high, low + 1)
        except RegexError:
            marks = []
        await self.tool.sys.compute(self.regex.spent())
        return marks

    async def paint(self) -> None:
        """The whole screen."""
        self.dirty = False
        self.screen.forget()
        self.layout.columns = self.screen.cols
        lines = await self._render(await self.window())
        missing = self.height - len(lines)
        if self.opened:
            if missing and self.settings.tilde:
                lines += [BOLD + b"~" + NORMAL] * missing
            await self.screen.show(lines + [b""] * (self.screen.rows - len(lines)))
            self.short = False
        else:
            # The first time the prompt follows the text, wherever that ends.
            self.short = bool(missing) or self.settings.no_init
            await self.screen.write(b"\r" + b"".join(line + b"\n" for line in lines))
        self.opened = True

    async def scroll(self, count: int) -> bool:
        """Go forward by rows; what is new appears at the bottom. False if at the end."""
        rows = await self.window()
        if len(rows) < self.height:
            return False
        fresh: list[Position] = []
        at = rows[-1]
        while len(fresh) < count:
            following = await self.after(at)
            if following is None:
                break
            fresh.append(following)
            at = following
        if not fresh:
            return False
        everything = (rows + fresh)[-self.height :]
        self.top = everything[0]
        if len(fresh) > self.height:
            await self.paint()
            return True
        lines = await self._render(fresh)
        body = b"".join(line + b"\n" for line in lines)
        await self.screen.write(self._bottom() + CLEAR_LINE + body)
        return True

    def _bottom(self) -> bytes:
        return b"\r" if self.short else move(self.screen.rows - 1, 0)

    async def back(self, count: int) -> bool:
        """Go back by rows. False if at the beginning."""
        moved = 0
        at = self.top
        while moved < count:
            previous = await self.before(at)
            if previous is None:
                break
            at = previous
            moved += 1
        if not moved:
            return False
        self.top = at
        await self.paint()
        return True

    async def jump(self, line: int, row: int = 0) -> None:
        self.old_top = self.top
        self.top = (line, row)
        await self.paint()

    # -- the last line -------------------------------------------------------------------------

    async def prompt(self) -> None:
        """Show where the text stands, or a message."""
        if self.message:
            if self.short and not self.settings.no_init:
                await self.paint()
            text = REVERSE + self.message + b"  (press RETURN)" + NORMAL
        else:
            words, reverse = await self._prompt_text()
            text = encode(clip(decode(words), self.screen.cols - 1))
            if reverse:
                text = REVERSE + text + NORMAL
        await self.screen.write(self._bottom() + CLEAR_LINE + text + b"\033[?25h")

    async def _prompt_text(self) -> tuple[bytes, bool]:
        end = await self.at_end() and self.source.eof
        if self.more:
            if end:
                return b"(END)", True
            percent = await self._percent()
            return b"--More--" + (b"(%d%%)" % percent if percent is not None else b""), True
        if self.settings.template:
            return await self._template(self.settings.template, end), True
        words = []
        named = self.source.name and self.source.name != b"-"
        if self.settings.prompt != "s":
            if named and (self.first_prompt or self.settings.prompt == "M"):
                words.append(clean(self.source.name).encode())
            if self.first_prompt and len(self.files) > 1:
                words.append(b"(file %d of %d)" % (self.at_file + 1, len(self.files)))
            if self.settings.prompt == "M":
                words.append(await self._lines_text())
            if end:
                words.append(b"(END)" + self._next_name())
            elif (percent := await self._percent()) is not None:
                words.append(b"%d%%" % percent)
            elif self.settings.prompt == "m":
                words.append(b"byte %d" % self._byte(await self.window()))
            return b" ".join(words), True
        if self.first_prompt and named:
            words.append(clean(self.source.name).encode())
            if len(self.files) > 1:
                words.append(b"(file %d of %d)" % (self.at_file + 1, len(self.files)))
        if end:
            words.append(b"(END)" + self._next_name())
        if not words:
            return b"& :" if self.filter is not None else b":", False
        return (b"& " if self.filter is not None else b"") + b" ".join(words), True

    def _next_name(self) -> bytes:
        if self.at_file + 1 < len(self.files):
            return b" - Next: " + clean(self.files[self.at_file + 1].name).encode()
        return b""

    async def _lines_text(self) -> bytes:
        rows = await self.window()
        first, last = (rows[0][0], rows[-1][0]) if rows else (0, 0)
        if self.source.seekable:
            await self.source.load()
        text = b"lines %d-%d" % (first + 1, last + 1)
        return text + (b"/%d" % self.source.known if self.source.eof else b"")

    def _byte(self, rows: list[Position]) -> int:
        """The offset behind the last line shown."""
        if not rows:
            return 0
        following = rows[-1][0] + 1
        if following < self.source.known:
            return self.source.start(following)
        return self.source.scanned

    async def _percent(self) -> int | None:
        size = await self.source.size()
        if not size:
            return None
        return min((self._byte(await self.window()) * 200 + size) // (2 * size), 100)

    async def _template(self, text: str, end: bool) -> bytes:
        """The argument of -P: ``%f %lt %lb %L %pB %bB``, ``?eTHEN:ELSE.`` and ``\\``."""
        rows = await self.window()
        percent = await self._percent()
        size = await self.source.size()
        values = {
            "f": clean(self.source.name),
            "lt": str(rows[0][0] + 1 if rows else 1),
            "lb": str(rows[-1][0] + 1 if rows else 1),
            "L": str(self.source.known) if self.source.eof else "",
            "pB": "" if percent is None else str(percent),
            "bB": str(self._byte(rows)),
            "s": "" if size is None else str(size),
            "e": "1" if end else "",
            "n": "1" if self.first_prompt else "",
        }
        return _fill(text, values).encode()

    async def ask(self, lead: str) -> str | None:
        """Read a line at the bottom; None if it was given up."""
        text = ""
        recall = len(self.history)
        while True:
            line = encode(clip(lead + text, self.screen.cols - 1))
            await self.screen.write(self._bottom() + CLEAR_LINE + line)
            key = self.pending.pop(0) if self.pending else await self.screen.key()
            if key in ("ENTER", "^J"):
                if text:
                    self.history = [*self.history[-63:], text]
                return text
            if key in ("BACKSPACE", "^H"):
                if not text:
                    return None
                text = text[:-1]
            elif key == "^U":
                text = ""
            elif key == "^W":
                text = text.rstrip().rpartition(" ")[0]
            elif key in ("ESC", INTERRUPT, "^C", "^G", END):
                return None
            elif key in ("UP", "DOWN"):
                recall = max(min(recall + (1 if key == "DOWN" else -1), len(self.history)), 0)
                text = self.history[recall] if recall < len(self.history) else ""
            elif key in (RESIZE, RESUMED):
                await self.paint()
            elif key == "TAB" or (len(key) == 1 and len(text) < 1024):
                text += "\t" if key == "TAB" else key


def _fill(text: str, values: dict[str, str]) -> str:
    """Fill in a prompt template."""
    out: list[str] = []
    keep = [True]
    at = 0
    names = sorted(values, key=len, reverse=True)
    while at < len(text):
        char = text[at]
        at += 1
        name = next((n for n in names if text.startswith(n, at)), "")
        if char == "\\":
            if keep[-1]:
                out.append(text[at : at + 1])
            at += 1
        elif char == "%" and name:
            if keep[-1]:
                out.append(values[name])
            at += len(name)
        elif char == "?" and name:
            keep.append(keep[-1] and bool(values[name]))
            at += len(name)
        elif char == ":" and len(keep) > 1:
            keep[-1] = keep[-2] and not keep[-1]
        elif char == "." and len(keep) > 1:
            keep.pop()
        elif keep[-1]:
            out.append(char)
    return "".join(out)
